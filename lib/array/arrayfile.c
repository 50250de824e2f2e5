/* SPDX-License-Identifier: MIT */
#include "array/arrayfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/error.h"

/* What is read at once where values must be picked out of, or spread over, rows. */
enum { STEP_BYTES = 32 * 1024 };

enum { ZSTD_FIRST_BYTE = 0x28 };

enum umm_status umm_arrayfile_is(const char *path, unsigned char first_byte, bool *is_array,
                                 struct umm_error *err)
{
    *is_array = first_byte == UMM_NPY_FIRST_BYTE;
    return *is_array ? UMM_OK : umm_archive_is(path, is_array, err);
}

/* The type of its rows becomes the file's own. */
static enum umm_status open_archive(struct umm_arrayfile *file, const char *path,
                                    struct umm_error *err)
{
    file->archive = calloc(1, sizeof *file->archive);
    if (!file->archive)
        return umm_error_set_memory(err, sizeof *file->archive, "an archive");
    enum umm_status status = umm_archive_open(file->archive, path, err);
    if (status)
        return status;
    file->npy = file->archive->npy;
    file->archive->npy = (struct umm_npy){.n_dims = 0};
    file->npy.shape[0] = file->archive->n_rows;
    return UMM_OK;
}

enum umm_status umm_arrayfile_open(struct umm_arrayfile *file, const char *path,
                                   struct umm_error *err)
{
    *file = (struct umm_arrayfile){.fd = -1, .path = path};
    unsigned char first = 0;
    enum umm_status status = umm_file_open_read(path, &file->fd, &file->info, err);
    if (!status && file->info.kind == UMM_FILE_REGULAR)
        status = umm_file_peek(file->fd, path, NULL, &first, err);
    bool is_archive = first == ZSTD_FIRST_BYTE;
    /* An archive whose first bytes are damaged is said to be that. */
    if (!status && !is_archive && first != UMM_NPY_FIRST_BYTE)
        status = umm_archive_is(path, &is_archive, err);
    if (!status && is_archive)
        status = open_archive(file, path, err);
    else if (!status)
        status = umm_npy_read(file->fd, path, &file->npy, err);
    if (!status && file->npy.n_dims == 0)
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, path,
                                    "is a single element: it has no rows");
    if (status) {
        umm_arrayfile_close(file);
        return status;
    }
    file->n_rows = file->npy.shape[0];
    file->row_bytes = umm_npy_row_bytes(&file->npy);
    return UMM_OK;
}

void umm_arrayfile_close(struct umm_arrayfile *file)
{
    if (file->archive)
        umm_archive_close(file->archive);
    free(file->archive);
    file->archive = NULL;
    umm_file_close(&file->fd);
    umm_npy_free(&file->npy);
    file->n_rows = 0;
    file->row_bytes = 0;
}

/* ---- rows ------------------------------------------------------------------------- */

static enum umm_status check_range(const struct umm_arrayfile *file, uint64_t first,
                                   uint64_t n_rows, struct umm_error *err)
{
    if (first <= file->n_rows && n_rows <= file->n_rows - first)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, file->path,
                              "%" PRIu64 " rows from row %" PRIu64
                              " on are not within its %" PRIu64,
                              n_rows, first, file->n_rows);
}

/* Whether the elements of a row lie apart. */
static bool is_spread(const struct umm_arrayfile *file)
{
    return file->npy.is_fortran && file->row_bytes != file->npy.type.size_bytes;
}

static enum umm_status read_at(const struct umm_arrayfile *file, uint64_t at, void *out,
                               uint64_t len_bytes, struct umm_error *err)
{
    if (file->archive)
        return umm_archive_read_bytes(file->archive, at, len_bytes, out, err);
    return umm_file_pread_all(file->fd, file->path, out, (size_t)len_bytes,
                              file->npy.data_offset_bytes + at, err);
}

/*
 * The place among the columns of a Fortran array of the element that is number
 * c_index in a row in C order. There the last axis runs first, in the file the second.
 */
static uint64_t fortran_index(const struct umm_npy *npy, uint64_t c_index)
{
    uint64_t index = 0, weight = 1;
    for (unsigned i = 1; i < npy->n_dims; i++)
        weight *= npy->shape[i];
    for (unsigned i = npy->n_dims - 1; i > 0; i--) {
        weight /= npy->shape[i];
        index += c_index % npy->shape[i] * weight;
        c_index /= npy->shape[i];
    }
    return index;
}

/* n values of value_bytes, from_bytes apart in the file, to out, to_bytes apart. */
static enum umm_status read_values(const struct umm_arrayfile *file, uint64_t at,
                                   uint64_t value_bytes, uint64_t from_bytes, uint64_t n, char *out,
                                   uint64_t to_bytes, struct umm_error *err)
{
    char block[STEP_BYTES];
    const bool is_dense = from_bytes == value_bytes && to_bytes == value_bytes;
    uint64_t step = value_bytes < STEP_BYTES ? (STEP_BYTES - value_bytes) / from_bytes + 1 : 1;
    step = is_dense ? n : step;
    enum umm_status status = UMM_OK;
    while (!status && n > 0) {
        uint64_t n_now = n < step ? n : step;
        bool is_direct = is_dense || n_now == 1;
        status =
            read_at(file, at, is_direct ? out : block, (n_now - 1) * from_bytes + value_bytes, err);
        for (uint64_t i = 0; !status && !is_direct && i < n_now; i++)
            memcpy(out + i * to_bytes, block + i * from_bytes, value_bytes);
        at += n_now * from_bytes;
        out += n_now * to_bytes;
        n -= n_now;
    }
    return status;
}

static enum umm_status gather(const struct umm_arrayfile *file, uint64_t first, uint64_t n_rows,
                              char *out, struct umm_error *err)
{
    uint64_t size = file->npy.type.size_bytes;
    uint64_t n_columns = size ? file->row_bytes / size : 0;
    enum umm_status status = UMM_OK;
    for (uint64_t i = 0; !status && i < n_columns; i++) {
        uint64_t at = (fortran_index(&file->npy, i) * file->n_rows + first) * size;
        status = read_values(file, at, size, size, n_rows, out + i * size, file->row_bytes, err);
    }
    return status;
}

enum umm_status umm_arrayfile_read(const struct umm_arrayfile *file, uint64_t first,
                                   uint64_t n_rows, void *out, struct umm_error *err)
{
    enum umm_status status = check_range(file, first, n_rows, err);
    if (status)
        return status;
    if (is_spread(file))
        return gather(file, first, n_rows, out, err);
    return read_at(file, first * file->row_bytes, out, n_rows * file->row_bytes, err);
}

enum umm_status umm_arrayfile_read_column(const struct umm_arrayfile *file,
                                          const struct umm_arraycolumn *column, uint64_t first,
                                          uint64_t n_rows, void *out, struct umm_error *err)
{
    uint64_t size = column->type.size_bytes;
    enum umm_status status = check_range(file, first, n_rows, err);
    if (status || size == 0)
        return status;
    if (is_spread(file)) {
        uint64_t index = fortran_index(&file->npy, column->offset_bytes / size);
        return read_at(file, (index * file->n_rows + first) * size, out, n_rows * size, err);
    }
    uint64_t at = first * file->row_bytes + column->offset_bytes;
    return read_values(file, at, size, file->row_bytes, n_rows, out, size, err);
}

/* ---- columns and times ------------------------------------------------------------ */

/* Errors about the header name its file. */
static enum umm_status about(const struct umm_arrayfile *file, enum umm_status status,
                             struct umm_error *err)
{
    if (status)
        umm_error_at(err, file->path, 0, 0, 0);
    return status;
}

uint64_t umm_arrayfile_column_count(const struct umm_arrayfile *file)
{
    return umm_arraycolumn_count(&file->npy);
}

void umm_arrayfile_column(const struct umm_arrayfile *file, uint64_t index,
                          struct umm_arraycolumn *column)
{
    umm_arraycolumn_get(&file->npy, index, column);
}

enum umm_status umm_arrayfile_find_column(const struct umm_arrayfile *file, const char *name,
                                          uint64_t *index, struct umm_error *err)
{
    return about(file, umm_arraycolumn_find(&file->npy, name, index, err), err);
}

enum umm_status umm_arrayfile_time_column(const struct umm_arrayfile *file, uint64_t *index,
                                          struct umm_error *err)
{
    return about(file, umm_arraycolumn_find_time(&file->npy, index, err), err);
}

struct probe {
    const struct umm_arrayfile *file;
    struct umm_arraycolumn column;
};

static enum umm_status probe_open(struct probe *probe, const struct umm_arrayfile *file,
                                  struct umm_error *err)
{
    uint64_t index;
    probe->file = file;
    enum umm_status status = umm_arrayfile_time_column(file, &index, err);
    if (!status)
        umm_arrayfile_column(file, index, &probe->column);
    return status;
}

static enum umm_status probe_row(void *user, uint64_t row, struct umm_time *out,
                                 struct umm_error *err)
{
    const struct probe *probe = user;
    char value[8];
    enum umm_status status =
        umm_arrayfile_read_column(probe->file, &probe->column, row, 1, value, err);
    return status ? status : umm_arraycolumn_time(&probe->column, value, row, out, err);
}

enum umm_status umm_arrayfile_time_at(const struct umm_arrayfile *file, uint64_t row,
                                      struct umm_time *out, struct umm_error *err)
{
    struct probe probe;
    enum umm_status status = probe_open(&probe, file, err);
    return status ? status : about(file, probe_row(&probe, row, out, err), err);
}

enum umm_status umm_arrayfile_find_time(const struct umm_arrayfile *file, const struct umm_time *at,
                                        uint64_t *row, struct umm_error *err)
{
    struct probe probe;
    enum umm_status status = probe_open(&probe, file, err);
    if (!status)
        status =
            about(file, umm_arraycolumn_search(probe_row, &probe, file->n_rows, at, row, err), err);
    return status;
}
