/* SPDX-License-Identifier: MIT */
#include "convert/target.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- opening ----------------------------------------------------------------- */

static enum umm_status open_scratch(struct umm_target *target, bool may_reverse,
                                    struct umm_error *err)
{
    const struct umm_target_options *options = &target->options;
    target->is_waiting = may_reverse;
    return may_reverse
               ? umm_output_scratch(&target->scratch, options->path, false, options->scratch_dir,
                                    target->schema->row_bytes, target->run, err)
               : UMM_OK;
}

static enum umm_status open_append(struct umm_target *target, struct umm_error *err)
{
    target->kind = UMM_TARGET_APPEND;
    enum umm_status status = umm_append_open(&target->append, target->options.path, target->schema,
                                             target->options.revision, target->run, err);
    if (status || target->options.is_each_compared)
        return status;
    return open_scratch(target, target->options.may_reverse, err);
}

static enum umm_status open_sink(struct umm_target *target, struct umm_error *err)
{
    const struct umm_sink *sink = target->options.sink;
    target->kind = UMM_TARGET_SINK;
    enum umm_status status = sink->begin(sink->user, target->schema, err);
    return status ? status : open_scratch(target, target->options.may_reverse, err);
}

static enum umm_status open_fresh(struct umm_target *target, struct umm_error *err)
{
    const struct umm_target_options *o = &target->options;
    const struct umm_writer_options options = {.path = o->path,
                                               .pool_root = o->pool_root,
                                               .scratch_dir = o->scratch_dir,
                                               .align_bytes = o->align_bytes,
                                               .may_reverse =
                                                   o->may_reverse && !o->is_each_compared,
                                               .is_swept = o->is_swept,
                                               .has_rows = o->has_rows,
                                               .n_rows = o->n_rows};
    target->kind = UMM_TARGET_ROWS;
    enum umm_status status =
        umm_writer_open(&target->writer, &options, &target->npy, target->run, err);
    target->header_bytes = target->writer.header_bytes;
    return status;
}

enum umm_status umm_target_open(struct umm_target *target, const struct umm_target_options *options,
                                const struct umm_schema *schema, struct umm_run *run,
                                struct umm_error *err)
{
    *target = (struct umm_target){
        .options = *options, .schema = schema, .run = run, .append = {.grow = {.fd = -1}}};
    if (options->sink)
        return open_sink(target, err);
    if (options->path && options->is_append)
        return open_append(target, err);
    enum umm_status status = umm_schema_npy(schema, 0, &target->npy, err);
    if (status)
        return status;
    return options->path
               ? open_fresh(target, err)
               : umm_writer_measure(&target->npy, options->align_bytes, &target->header_bytes, err);
}

void umm_target_close(struct umm_target *target)
{
    if (target->kind == UMM_TARGET_APPEND)
        umm_append_close(&target->append);
    umm_earlier_close(&target->earlier);
    umm_writer_close(&target->writer);
    umm_rowfile_close(&target->scratch);
    umm_npy_free(&target->npy);
}

/* ---- rows -------------------------------------------------------------------- */

/* Of a fresh array, or of those that wait. */
static struct umm_rowfile *rows_of(struct umm_target *target)
{
    return target->kind == UMM_TARGET_ROWS && !target->is_waiting ? &target->writer.rows
                                                                  : &target->scratch;
}

bool umm_target_compares(const struct umm_target *target, int64_t time)
{
    if (target->kind == UMM_TARGET_APPEND)
        return umm_earlier_has(&target->append.earlier, time);
    return target->has_earlier && umm_earlier_has(&target->earlier, time);
}

bool umm_target_holds(const struct umm_target *target)
{
    return umm_earlier_holds(target->kind == UMM_TARGET_APPEND ? &target->append.earlier
                                                               : &target->earlier);
}

void umm_target_count_compared(const struct umm_target *target, uint64_t *n_same,
                               uint64_t *n_revised)
{
    const struct umm_overlap *overlap = target->kind == UMM_TARGET_APPEND
                                            ? &target->append.earlier.overlap
                                            : &target->earlier.overlap;
    *n_same = overlap->n_same;
    *n_revised = overlap->n_revised;
}

/* A row in its order, which may be one that is there. */
static enum umm_status push_in_order(struct umm_target *target, const char *row, int64_t time,
                                     struct umm_error *err)
{
    if (target->kind == UMM_TARGET_APPEND)
        return umm_append_push(&target->append, row, time, err);
    if (target->has_earlier)
        return umm_earlier_push(&target->earlier, row, time, err);
    memcpy(umm_rowfile_next(&target->writer.rows), row, target->schema->row_bytes);
    return umm_rowfile_push(&target->writer.rows, err);
}

static bool is_stream(const struct umm_target *target)
{
    return target->kind == UMM_TARGET_ROWS && target->writer.rows.is_stream;
}

enum umm_status umm_target_push(struct umm_target *target, const char *row, int64_t time,
                                struct umm_error *err)
{
    target->n_rows++;
    if (target->kind == UMM_TARGET_NONE)
        return UMM_OK;
    if (!target->is_waiting && (target->kind == UMM_TARGET_APPEND || target->has_earlier))
        return push_in_order(target, row, time, err);
    if (target->kind == UMM_TARGET_SINK && !target->is_waiting)
        return target->options.sink->take(target->options.sink->user, row, 1, err);
    if (is_stream(target) && target->n_rows > target->options.n_rows)
        return umm_error_set(err, UMM_ERR_DATA, "more rows than the %" PRIu64 " that were promised",
                             target->options.n_rows);
    memcpy(umm_rowfile_next(rows_of(target)), row, target->schema->row_bytes);
    return umm_rowfile_push(rows_of(target), err);
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
    bool is_append = target->kind == UMM_TARGET_APPEND && !target->is_waiting;
    bool is_single = n && times && !target->is_waiting &&
                     (umm_target_compares(target, times[0]) || umm_earlier_holds(&target->earlier));
    if (is_append || is_single || is_stream(target))
        return push_each(target, rows, times, n, n_taken, err);
    *n_taken = n;
    target->n_rows += n;
    if (target->kind == UMM_TARGET_NONE)
        return UMM_OK;
    if (target->kind == UMM_TARGET_SINK && !target->is_waiting)
        return target->options.sink->take(target->options.sink->user, rows, n, err);
    return umm_rowfile_push_many(rows_of(target), rows, n, err);
}

void umm_target_expect(struct umm_target *target, uint64_t n)
{
    if (target->kind == UMM_TARGET_ROWS && !target->is_waiting)
        umm_rowfile_expect(rows_of(target), n);
}

bool umm_target_can_sort(const struct umm_target *target)
{
    return target->kind == UMM_TARGET_ROWS && !target->writer.out.pool &&
           !umm_outfile_is_stream(&target->writer.out.file);
}

bool umm_target_can_defer(const struct umm_target *target)
{
    if (target->kind == UMM_TARGET_APPEND || target->kind == UMM_TARGET_SINK)
        return target->is_waiting;
    return target->kind != UMM_TARGET_NONE && !is_stream(target) &&
           (target->is_waiting || !umm_earlier_holds(&target->earlier));
}

enum umm_status umm_target_reserve(struct umm_target *target, char *rows, size_t n,
                                   struct umm_rowfile_piece *piece, struct umm_error *err)
{
    target->n_rows += n;
    return umm_rowfile_reserve(rows_of(target), rows, n, piece, err);
}

enum umm_status umm_target_write_piece(const struct umm_target *target,
                                       const struct umm_rowfile_piece *piece, struct umm_error *err)
{
    const bool is_fresh = target->kind == UMM_TARGET_ROWS && !target->is_waiting;
    return umm_rowfile_write_piece(is_fresh ? &target->writer.rows : &target->scratch, piece, err);
}

static enum umm_status append_each(struct umm_target *target, const char *rows, size_t n,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n; i++) {
        const char *row = rows + i * target->schema->row_bytes;
        status = push_in_order(target, row, umm_schema_time(target->schema, row), err);
    }
    return status;
}

/* The rows of the scratch file to where they go. */
static enum umm_status replay(struct umm_target *target, struct umm_error *err)
{
    struct umm_rowfile *rows = &target->scratch;
    enum umm_status status = umm_rowfile_flush(rows, err);
    for (uint64_t at = 0; !status && at < rows->n_rows;) {
        uint64_t left = rows->n_rows - at;
        size_t n = left < rows->cap_rows ? (size_t)left : rows->cap_rows;
        if (umm_run_is_cancelled(target->run))
            return umm_error_set_cancelled(err);
        status = umm_rowfile_read(rows, at, n, rows->buffer, err);
        if (!status)
            status =
                target->kind == UMM_TARGET_SINK
                    ? target->options.sink->take(target->options.sink->user, rows->buffer, n, err)
                    : append_each(target, rows->buffer, n, err);
        at += n;
    }
    return status;
}

/* What waited in a scratch file for its order. */
static enum umm_status hand_on(struct umm_target *target, bool is_reversed, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (!target->is_waiting)
        return UMM_OK;
    if (is_reversed)
        status = umm_rowfile_reverse(&target->scratch, err);
    return status ? status : replay(target, err);
}

/* ---- inputs that are compared ------------------------------------------------- */

static enum umm_status look_at_earlier(struct umm_target *target, const char *path,
                                       struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (!target->has_earlier) {
        target->has_earlier = true;
        status = umm_earlier_open(&target->earlier, &target->writer.rows, &target->npy,
                                  target->schema, target->options.revision, err);
    }
    return status ? status : umm_earlier_begin_input(&target->earlier, path, err);
}

enum umm_status umm_target_begin_input(struct umm_target *target, const char *path,
                                       bool may_reverse, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (!target->options.is_each_compared)
        return UMM_OK;
    if (target->kind == UMM_TARGET_APPEND)
        status = umm_append_begin_input(&target->append, path, err);
    else if (target->kind == UMM_TARGET_ROWS)
        status = look_at_earlier(target, path, err);
    else
        return UMM_OK;
    return status ? status : open_scratch(target, may_reverse, err);
}

enum umm_status umm_target_end_input(struct umm_target *target, bool is_reversed,
                                     struct umm_error *err)
{
    if (!target->options.is_each_compared || !target->is_waiting)
        return UMM_OK;
    enum umm_status status = hand_on(target, is_reversed, err);
    umm_rowfile_close(&target->scratch);
    target->is_waiting = false;
    return status;
}

/* ---- the end ------------------------------------------------------------------ */

static enum umm_status finish_append(struct umm_target *target, bool is_reversed,
                                     struct umm_error *err)
{
    enum umm_status status = hand_on(target, is_reversed, err);
    if (!status)
        status = umm_earlier_finish(&target->append.earlier, err);
    target->n_rows = umm_append_n_rows(&target->append);
    target->n_appended = target->n_rows - target->append.n_old;
    if (status || !target->options.is_one_of_many)
        return status;
    status = umm_append_prepare(&target->append, err);
    umm_rowfile_rest(&target->append.grow.rows);
    return status;
}

enum umm_status umm_target_finish(struct umm_target *target, bool is_reversed,
                                  struct umm_error *err)
{
    const struct umm_target_options *options = &target->options;
    if (target->has_earlier) {
        enum umm_status status = umm_earlier_finish(&target->earlier, err);
        target->n_rows = target->writer.rows.n_rows;
        if (status)
            return status;
    }
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
    enum umm_status status =
        umm_writer_finish(&target->writer, is_reversed && !options->is_each_compared, err);
    if (status || !options->is_one_of_many)
        return status;
    umm_rowfile_rest(&target->writer.rows);
    return umm_outfile_prepare(&target->writer.out.file, &options->file, err);
}

enum umm_status umm_target_commit(struct umm_target *target, struct umm_error *err)
{
    if (target->kind == UMM_TARGET_NONE || target->kind == UMM_TARGET_SINK)
        return UMM_OK;
    if (target->kind == UMM_TARGET_APPEND) {
        target->is_changed = umm_append_is_changed(&target->append);
        return target->options.is_one_of_many ? umm_append_count(&target->append, err)
                                              : umm_append_commit(&target->append, err);
    }
    return umm_writer_commit(&target->writer, &target->options.file, &target->is_changed, err);
}
