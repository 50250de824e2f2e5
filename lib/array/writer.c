/* SPDX-License-Identifier: MIT */
#include "array/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

/* ---- headers ----------------------------------------------------------------------- */

static enum umm_status make_header(const struct umm_npy *rows, uint32_t align_bytes,
                                   uint64_t n_rows, char **text, size_t *len, struct umm_error *err)
{
    struct umm_npy npy = *rows; /* shares the fields */
    npy.shape[0] = n_rows;
    enum umm_status status = umm_npy_check(&npy, err);
    return status ? status
                  : umm_npy_format(&npy, align_bytes ? align_bytes : UMM_NPY_ALIGN, text, len, err);
}

enum umm_status umm_writer_measure(const struct umm_npy *npy, uint32_t align_bytes,
                                   uint64_t *header_bytes, struct umm_error *err)
{
    char *text;
    size_t len;
    enum umm_status status = make_header(npy, align_bytes, 0, &text, &len, err);
    if (status)
        return status;
    free(text);
    *header_bytes = len;
    return UMM_OK;
}

static bool is_stream(const struct umm_writer *writer)
{
    return umm_outfile_is_stream(&writer->out.file);
}

static enum umm_status put_header(const struct umm_writer *writer, uint64_t n_rows,
                                  struct umm_error *err)
{
    char *text;
    size_t len;
    const int fd = umm_outfile_fd(&writer->out.file);
    const char *path = writer->options.path;
    enum umm_status status =
        make_header(writer->npy, writer->options.align_bytes, n_rows, &text, &len, err);
    if (status)
        return status;
    status = is_stream(writer) ? umm_file_write_stream(fd, path, writer->run, text, len, err)
                               : umm_file_pwrite_all(fd, path, text, len, 0, err);
    free(text);
    return status;
}

/* ---- opening ----------------------------------------------------------------------- */

/* What the output will be, 0 when that is not known yet. */
static uint64_t planned_bytes(const struct umm_writer *writer)
{
    uint64_t size;
    bool is_known =
        writer->options.has_rows &&
        !__builtin_mul_overflow(writer->options.n_rows, umm_npy_row_bytes(writer->npy), &size) &&
        !__builtin_add_overflow(size, writer->header_bytes, &size);
    return is_known ? size : 0;
}

static enum umm_status open_rows(struct umm_writer *writer, struct umm_error *err)
{
    const struct umm_writer_options *options = &writer->options;
    const size_t row_bytes = (size_t)umm_npy_row_bytes(writer->npy);
    const bool is_direct = options->has_rows && !options->may_reverse;
    enum umm_status status = UMM_OK;
    if (writer->npy->is_fortran || (is_stream(writer) && !is_direct))
        return umm_output_scratch(&writer->rows, options->path, is_stream(writer),
                                  options->scratch_dir, row_bytes, writer->run, err);
    if (is_stream(writer))
        status = put_header(writer, options->n_rows, err);
    if (status)
        return status;
    return umm_rowfile_open(&writer->rows, umm_outfile_fd(&writer->out.file), options->path,
                            is_stream(writer), writer->header_bytes, row_bytes, 0, writer->run,
                            err);
}

enum umm_status umm_writer_open(struct umm_writer *writer, const struct umm_writer_options *options,
                                const struct umm_npy *npy, struct umm_run *run,
                                struct umm_error *err)
{
    *writer = (struct umm_writer){.options = *options, .npy = npy, .run = run, .rows = {.fd = -1}};
    enum umm_status status =
        umm_writer_measure(npy, options->align_bytes, &writer->header_bytes, err);
    if (!status)
        status = umm_output_open(&writer->out, options->path, options->pool_root,
                                 planned_bytes(writer), options->is_swept, run, err);
    return status ? status : open_rows(writer, err);
}

void umm_writer_close(struct umm_writer *writer)
{
    if (!writer->npy)
        return;
    umm_rowfile_close(&writer->rows);
    umm_output_abort(&writer->out);
    writer->npy = NULL;
}

/* ---- the end ----------------------------------------------------------------------- */

/* From the scratch file to the output. */
static enum umm_status copy_rows(struct umm_writer *writer, struct umm_error *err)
{
    const int fd = umm_outfile_fd(&writer->out.file);
    const char *path = writer->options.path;
    const size_t item_bytes = writer->npy->type.size_bytes;
    if (!writer->npy->is_fortran)
        return umm_rowfile_copy(&writer->rows, fd, path, err);
    return umm_rowfile_transpose(&writer->rows, fd, path, is_stream(writer), writer->header_bytes,
                                 writer->rows.row_bytes / item_bytes, item_bytes, err);
}

enum umm_status umm_writer_finish(struct umm_writer *writer, bool is_reversed,
                                  struct umm_error *err)
{
    struct umm_rowfile *rows = &writer->rows;
    enum umm_status status =
        is_reversed ? umm_rowfile_reverse(rows, err) : umm_rowfile_flush(rows, err);
    if (!status)
        status = umm_rowfile_trim(rows, err);
    if (!status && !rows->is_stream)
        status = put_header(writer, rows->n_rows, err);
    return status || !rows->dir ? status : copy_rows(writer, err);
}

enum umm_status umm_writer_commit(struct umm_writer *writer,
                                  const struct umm_outfile_options *options, bool *is_changed,
                                  struct umm_error *err)
{
    return umm_output_commit(&writer->out, options, writer->run, is_changed, err);
}
