/* SPDX-License-Identifier: MIT */
#include "convert/target.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

/* ---- headers ----------------------------------------------------------------- */

/* The header of n_rows rows; its length does not depend on n_rows. */
static enum umm_status make_header(const struct umm_target *target, uint64_t n_rows, char **text,
                                   size_t *len, struct umm_error *err)
{
    struct umm_npy npy;
    uint32_t align = target->options.align_bytes ? target->options.align_bytes : UMM_NPY_ALIGN;
    enum umm_status status = umm_schema_npy(target->schema, n_rows, &npy, err);
    if (status)
        return status;
    status = umm_npy_check(&npy, err);
    if (!status)
        status = umm_npy_format(&npy, align, text, len, err);
    umm_npy_free(&npy);
    return status;
}

static enum umm_status put_header(struct umm_target *target, uint64_t n_rows, struct umm_error *err)
{
    char *text;
    size_t len;
    int fd = umm_outfile_fd(&target->out.file);
    const char *path = target->options.path;
    enum umm_status status = make_header(target, n_rows, &text, &len, err);
    if (status)
        return status;
    status = umm_outfile_is_stream(&target->out.file)
                 ? umm_file_write_stream(fd, path, target->run, text, len, err)
                 : umm_file_pwrite_all(fd, path, text, len, 0, err);
    free(text);
    return status;
}

static enum umm_status measure_header(struct umm_target *target, struct umm_error *err)
{
    char *text;
    size_t len;
    enum umm_status status = make_header(target, 0, &text, &len, err);
    if (status)
        return status;
    free(text);
    target->header_len = len;
    return UMM_OK;
}

/* ---- opening ----------------------------------------------------------------- */

/* Where a scratch file goes: beside an output that is a file, else where the caller says. */
static char *scratch_directory(const struct umm_target *target)
{
    const char *path = target->options.path;
    bool is_stream = target->kind == UMM_TARGET_ROWS && umm_outfile_is_stream(&target->out.file);
    /* In a pool it would take memory that the budget does not see. */
    if (is_stream || !path || umm_output_is_entry(path))
        return strdup(target->options.scratch_dir ? target->options.scratch_dir : "/tmp");
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum umm_status open_scratch(struct umm_target *target, struct umm_error *err)
{
    char *dir = target->scratch_path = scratch_directory(target);
    if (!dir)
        return umm_error_set_memory(err, UMM_ERROR_PATH_MAX, "a path");
    enum umm_status status = umm_file_scratch(dir, &target->scratch_fd, err);
    if (status)
        return status;
    return umm_rowfile_open(&target->rows, target->scratch_fd, dir, false, 0,
                            target->schema->row_bytes, 0, target->run, err);
}

static enum umm_status open_append(struct umm_target *target, struct umm_error *err)
{
    target->kind = UMM_TARGET_APPEND;
    enum umm_status status = umm_append_open(&target->append, target->options.path, target->schema,
                                             target->options.revision, target->run, err);
    if (!status && target->options.may_reverse)
        status = open_scratch(target, err);
    return status;
}

static enum umm_status open_sink(struct umm_target *target, struct umm_error *err)
{
    const struct umm_sink *sink = target->options.sink;
    target->kind = UMM_TARGET_SINK;
    enum umm_status status = sink->begin(sink->user, target->schema, err);
    if (!status && target->options.may_reverse)
        status = open_scratch(target, err);
    return status;
}

/* What the output will be, 0 when that is not known yet. */
static uint64_t planned_bytes(const struct umm_target *target)
{
    uint64_t size;
    bool is_known =
        target->options.has_rows &&
        !__builtin_mul_overflow(target->options.n_rows, target->schema->row_bytes, &size) &&
        !__builtin_add_overflow(size, target->header_len, &size);
    return is_known ? size : 0;
}

static enum umm_status open_fresh(struct umm_target *target, struct umm_error *err)
{
    const struct umm_target_options *options = &target->options;
    target->kind = UMM_TARGET_ROWS;
    enum umm_status status = measure_header(target, err);
    if (!status)
        status = umm_output_open(&target->out, options->path, options->pool_root,
                                 planned_bytes(target), options->is_swept, target->run, err);
    if (status)
        return status;
    bool is_stream = umm_outfile_is_stream(&target->out.file);
    bool is_direct = options->has_rows && !options->may_reverse && !target->schema->is_fortran;
    if (target->schema->is_fortran || (is_stream && !is_direct))
        return open_scratch(target, err);
    if (is_stream)
        status = put_header(target, options->n_rows, err);
    if (status)
        return status;
    return umm_rowfile_open(&target->rows, umm_outfile_fd(&target->out.file), options->path,
                            is_stream, target->header_len, target->schema->row_bytes, 0,
                            target->run, err);
}

enum umm_status umm_target_open(struct umm_target *target, const struct umm_target_options *options,
                                const struct umm_schema *schema, struct umm_run *run,
                                struct umm_error *err)
{
    memset(target, 0, sizeof *target);
    target->scratch_fd = target->append.grow.fd = target->rows.fd = -1;
    target->options = *options;
    target->schema = schema;
    target->run = run;
    target->kind = UMM_TARGET_NONE;
    if (options->sink)
        return open_sink(target, err);
    if (!options->path)
        return measure_header(target, err);
    return options->is_append ? open_append(target, err) : open_fresh(target, err);
}

void umm_target_close(struct umm_target *target)
{
    if (target->kind == UMM_TARGET_APPEND)
        umm_append_close(&target->append);
    if (target->kind != UMM_TARGET_NONE)
        umm_rowfile_close(&target->rows);
    if (target->kind == UMM_TARGET_ROWS)
        umm_output_abort(&target->out);
    if (target->scratch_fd > 0)
        umm_file_close(&target->scratch_fd);
    free(target->scratch_path);
    target->scratch_path = NULL;
}

/* ---- rows -------------------------------------------------------------------- */

enum umm_status umm_target_push(struct umm_target *target, const char *row, int64_t time,
                                struct umm_error *err)
{
    target->n_rows++;
    if (target->kind == UMM_TARGET_NONE)
        return UMM_OK;
    if (target->kind == UMM_TARGET_APPEND && target->scratch_fd < 0)
        return umm_append_push(&target->append, row, time, err);
    if (target->kind == UMM_TARGET_SINK && target->scratch_fd < 0)
        return target->options.sink->take(target->options.sink->user, row, 1, err);
    if (target->rows.is_stream && target->n_rows > target->options.n_rows)
        return umm_error_set(err, UMM_ERR_DATA, "more rows than the %" PRIu64 " that were promised",
                             target->options.n_rows);
    memcpy(umm_rowfile_next(&target->rows), row, target->schema->row_bytes);
    return umm_rowfile_push(&target->rows, err);
}

/* Rows one by one, while the append still compares. */
static enum umm_status push_each(struct umm_target *target, const char *rows, const int64_t *times,
                                 size_t n, size_t *n_taken, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (*n_taken = 0; *n_taken < n; ++*n_taken) {
        status = umm_target_push(target, rows + *n_taken * target->schema->row_bytes,
                                 times ? times[*n_taken] : 0, err);
        if (status)
            return status;
    }
    return UMM_OK;
}

enum umm_status umm_target_push_many(struct umm_target *target, const char *rows,
                                     const int64_t *times, size_t n, size_t *n_taken,
                                     struct umm_error *err)
{
    bool is_append = target->kind == UMM_TARGET_APPEND && target->scratch_fd < 0;
    if (is_append || target->rows.is_stream)
        return push_each(target, rows, times, n, n_taken, err);
    *n_taken = n;
    target->n_rows += n;
    if (target->kind == UMM_TARGET_NONE)
        return UMM_OK;
    if (target->kind == UMM_TARGET_SINK && target->scratch_fd < 0)
        return target->options.sink->take(target->options.sink->user, rows, n, err);
    return umm_rowfile_push_many(&target->rows, rows, n, err);
}

void umm_target_expect(struct umm_target *target, uint64_t n)
{
    if (target->kind == UMM_TARGET_ROWS)
        umm_rowfile_expect(&target->rows, n);
}

bool umm_target_can_defer(const struct umm_target *target)
{
    if (target->kind == UMM_TARGET_APPEND || target->kind == UMM_TARGET_SINK)
        return target->scratch_fd >= 0;
    return target->kind != UMM_TARGET_NONE && !target->rows.is_stream;
}

enum umm_status umm_target_reserve(struct umm_target *target, char *rows, size_t n,
                                   struct umm_rowfile_piece *piece, struct umm_error *err)
{
    target->n_rows += n;
    return umm_rowfile_reserve(&target->rows, rows, n, piece, err);
}

enum umm_status umm_target_write_piece(const struct umm_target *target,
                                       const struct umm_rowfile_piece *piece, struct umm_error *err)
{
    return umm_rowfile_write_piece(&target->rows, piece, err);
}

static enum umm_status append_each(struct umm_target *target, const char *rows, size_t n,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n; i++) {
        const char *row = rows + i * target->schema->row_bytes;
        status = umm_append_push(&target->append, row, umm_schema_time(target->schema, row), err);
    }
    return status;
}

/* The rows of the scratch file to the append or the sink. */
static enum umm_status replay(struct umm_target *target, struct umm_error *err)
{
    struct umm_rowfile *rows = &target->rows;
    enum umm_status status = umm_rowfile_flush(rows, err);
    for (uint64_t at = 0; !status && at < rows->n_rows;) {
        uint64_t left = rows->n_rows - at;
        size_t n = left < rows->cap_rows ? (size_t)left : rows->cap_rows;
        if (umm_run_is_cancelled(target->run))
            return umm_error_set_cancelled(err);
        status = umm_rowfile_read(rows, at, n, rows->buffer, err);
        if (!status)
            status =
                target->kind == UMM_TARGET_APPEND
                    ? append_each(target, rows->buffer, n, err)
                    : target->options.sink->take(target->options.sink->user, rows->buffer, n, err);
        at += n;
    }
    return status;
}

/* What waited in a scratch file for its order. */
static enum umm_status hand_on(struct umm_target *target, bool is_reversed, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (target->scratch_fd < 0)
        return UMM_OK;
    if (is_reversed)
        status = umm_rowfile_reverse(&target->rows, err);
    return status ? status : replay(target, err);
}

static enum umm_status finish_append(struct umm_target *target, bool is_reversed,
                                     struct umm_error *err)
{
    enum umm_status status = hand_on(target, is_reversed, err);
    target->n_rows = umm_append_n_rows(&target->append);
    target->n_appended = target->n_rows - target->append.n_old;
    return status;
}

/* From the scratch file to the output. */
static enum umm_status finish_scratch(struct umm_target *target, struct umm_error *err)
{
    int fd = umm_outfile_fd(&target->out.file);
    const char *path = target->options.path;
    bool is_stream = umm_outfile_is_stream(&target->out.file);
    enum umm_status status = put_header(target, target->n_rows, err);
    if (status)
        return status;
    if (target->schema->is_fortran)
        return umm_rowfile_transpose(&target->rows, fd, path, is_stream, target->header_len,
                                     target->schema->n_fields,
                                     target->schema->fields[0].type.size_bytes, err);
    return umm_rowfile_copy(&target->rows, fd, path, err);
}

enum umm_status umm_target_finish(struct umm_target *target, bool is_reversed,
                                  struct umm_error *err)
{
    const struct umm_target_options *options = &target->options;
    if (options->has_rows && options->n_rows != target->n_rows)
        return umm_error_set(err, UMM_ERR_DATA, "%" PRIu64 " rows, but %" PRIu64 " were promised",
                             target->n_rows, options->n_rows);
    if (target->kind == UMM_TARGET_NONE)
        return UMM_OK;
    if (target->kind == UMM_TARGET_APPEND)
        return finish_append(target, is_reversed, err);
    target->n_appended = target->n_rows;
    if (target->kind == UMM_TARGET_SINK)
        return hand_on(target, is_reversed, err);
    enum umm_status status = is_reversed ? umm_rowfile_reverse(&target->rows, err)
                                         : umm_rowfile_flush(&target->rows, err);
    if (!status)
        status = umm_rowfile_trim(&target->rows, err);
    if (status)
        return status;
    if (target->scratch_fd >= 0)
        return finish_scratch(target, err);
    return target->rows.is_stream ? UMM_OK : put_header(target, target->n_rows, err);
}

enum umm_status umm_target_commit(struct umm_target *target, struct umm_error *err)
{
    if (target->kind == UMM_TARGET_NONE || target->kind == UMM_TARGET_SINK)
        return UMM_OK;
    if (target->kind == UMM_TARGET_APPEND) {
        target->is_changed = umm_append_is_changed(&target->append);
        return umm_append_commit(&target->append, err);
    }
    return umm_output_commit(&target->out, &target->options.file, target->run, &target->is_changed,
                             err);
}
