/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/grow.h"
#include "array/overlap.h"
#include "array/writer.h"
#include "base/error.h"
#include "db/dbjob_work.h"
#include "sys/file.h"
#include "sys/progress.h"

/* A pull under way: into a fresh array, or one that is there. */
struct pull {
    struct umm_dbwork work;
    struct umm_dbjob_result *result;
    struct umm_npy npy; /* of a fresh array */
    struct umm_writer writer;
    struct umm_grow grow;
    bool is_growing;
    union umm_db_value *values;
    char *bytes;
    uint64_t next_look_ns;
    uint64_t n_old, n_tail; /* rows of the array, and those of them that are compared */
    union umm_db_value *tail;
    struct umm_overlap overlap;
};

/* ---- rows that are there ------------------------------------------------------------------ */

static enum umm_status read_old(void *user, uint64_t first, size_t n, char *out,
                                struct umm_error *err)
{
    const struct pull *pull = user;
    const size_t row_bytes = pull->work.rows.n * sizeof(union umm_db_value);
    (void)err;
    memcpy(out, (const char *)pull->tail + first * row_bytes, n * row_bytes);
    return UMM_OK;
}

static enum umm_status time_of(const void *user, const char *row, uint64_t index,
                               struct umm_time *out, struct umm_error *err)
{
    const struct pull *pull = user;
    int64_t count;
    (void)index;
    (void)err;
    memcpy(&count, row + pull->work.rows.time * sizeof(union umm_db_value), sizeof count);
    *out = umm_dbrows_instant(&pull->work.rows, count);
    return UMM_OK;
}

static const char *name_array(const void *user, uint64_t index)
{
    (void)user;
    (void)index;
    return "the array";
}

static int64_t tail_time(const struct pull *pull, uint64_t index)
{
    return pull->tail[index * pull->work.rows.n + pull->work.rows.time].integer;
}

/* Which of the array's rows are compared: the last ones, as values. */
static enum umm_status read_tail(struct pull *pull, struct umm_error *err)
{
    struct umm_dbrows *rows = &pull->work.rows;
    const size_t row_bytes = rows->n * sizeof(union umm_db_value);
    enum umm_status status = UMM_OK;
    pull->n_old = pull->grow.n_old;
    pull->n_tail = pull->n_old < UMM_DB_COMPARED_ROWS ? pull->n_old : UMM_DB_COMPARED_ROWS;
    pull->tail = malloc(UMM_DB_COMPARED_ROWS * row_bytes);
    if (!pull->tail)
        return umm_error_set_memory(err, UMM_DB_COMPARED_ROWS * row_bytes, "rows");
    if (pull->n_tail) {
        const uint64_t first = pull->n_old - pull->n_tail;
        status = umm_rowfile_read(&pull->grow.rows, first, (size_t)pull->n_tail, pull->bytes, err);
        if (!status)
            status = umm_dbrows_to_values(rows, pull->bytes, (size_t)pull->n_tail, first,
                                          pull->tail, err);
    }
    for (uint64_t i = 1; !status && i < pull->n_tail; i++)
        if (tail_time(pull, i) <= tail_time(pull, i - 1))
            status = umm_error_set_path(err, UMM_ERR_CONFLICT, pull->work.options->output,
                                        "the array's last rows are not in order of time, or two "
                                        "have one time");
    const struct umm_overlap_rows old = {.what = "the array",
                                         .npy = &rows->values,
                                         .n_rows = pull->n_tail,
                                         .read = read_old,
                                         .time = time_of,
                                         .input = name_array,
                                         .user = pull};
    const enum umm_revision revision = pull->work.options->revision == UMM_DB_REVISION_KEEP
                                           ? UMM_REVISION_KEEP
                                           : UMM_REVISION_ERROR;
    return status ? status : umm_overlap_open(&pull->overlap, &old, revision, err);
}

/* ---- where rows go ------------------------------------------------------------------------ */

static enum umm_status begin_fresh(struct pull *pull, struct umm_error *err)
{
    const struct umm_dbjob_options *o = pull->work.options;
    const struct umm_writer_options options = {
        .path = o->output, .pool_root = o->pool_root, .scratch_dir = o->scratch_dir};
    enum umm_status status =
        umm_dbrows_design(&pull->work.rows, &pull->work.table, &o->rows, &pull->npy, err);
    umm_dbwork_shape(&pull->work);
    status = umm_dbwork_place(&pull->work, status, err);
    return status ? status
                  : umm_writer_open(&pull->writer, &options, &pull->npy, pull->work.run, err);
}

static enum umm_status begin_growing(struct pull *pull, struct umm_error *err)
{
    const struct umm_dbjob_options *o = pull->work.options;
    struct umm_file_info info;
    bool is_there = false;
    enum umm_status status = umm_file_find(o->output, &is_there, &info, err);
    if (!status && !is_there) {
        status = umm_dbrows_design(&pull->work.rows, &pull->work.table, &o->rows, &pull->npy, err);
        umm_dbwork_shape(&pull->work);
        status = umm_dbwork_place(&pull->work, status, err);
    }
    if (!status) {
        pull->is_growing = true;
        status = umm_grow_open_locked(&pull->grow, o->output, is_there ? NULL : &pull->npy, NULL,
                                      o->lock_wait, pull->work.run, err);
    }
    if (!status && is_there) {
        status = umm_dbwork_bind(&pull->work, &pull->grow.npy, err);
        if (!status)
            status = umm_dbrows_check_output(&pull->work.rows, err);
        if (status && err && !err->path[0])
            umm_error_at(err, o->output, 0, 0, 0);
    }
    return status;
}

static enum umm_status allocate(struct pull *pull, struct umm_error *err)
{
    const struct umm_dbrows *rows = &pull->work.rows;
    const size_t value_bytes = UMM_DBROWS_BLOCK * rows->n * sizeof *pull->values;
    pull->values = malloc(value_bytes);
    pull->bytes = malloc(UMM_DBROWS_BLOCK * rows->row_bytes);
    return pull->values && pull->bytes ? UMM_OK : umm_error_set_memory(err, value_bytes, "rows");
}

static enum umm_status write_rows(struct pull *pull, size_t from, size_t to, struct umm_error *err)
{
    const struct umm_dbrows *rows = &pull->work.rows;
    const size_t n = to - from;
    if (n == 0)
        return UMM_OK;
    enum umm_status status = umm_dbrows_from_values(rows, pull->values + from * rows->n, n,
                                                    pull->result->n_read + from, pull->bytes, err);
    status = umm_dbwork_place(&pull->work, status, err);
    if (!status)
        status = pull->is_growing ? umm_grow_push(&pull->grow, pull->bytes, n, err)
                                  : umm_rowfile_push_many(&pull->writer.rows, pull->bytes, n, err);
    pull->result->n_written += n;
    pull->result->last =
        umm_dbrows_instant(rows, umm_dbrows_count(rows, pull->values + (to - 1) * rows->n));
    pull->result->has_last = true;
    return status;
}

/* A row that is not newer than the array's last. */
static enum umm_status compare(struct pull *pull, const union umm_db_value *row,
                               struct umm_error *err)
{
    const struct umm_dbrows *rows = &pull->work.rows;
    const struct umm_time time = umm_dbrows_instant(rows, umm_dbrows_count(rows, row));
    enum umm_status status = umm_overlap_compare(&pull->overlap, (const char *)row, &time, err);
    pull->result->n_same = pull->overlap.n_same;
    pull->result->n_revised = pull->overlap.n_revised;
    return umm_dbwork_place(&pull->work, status, err);
}

static enum umm_status take(struct pull *pull, size_t n, struct umm_error *err)
{
    const struct umm_dbrows *rows = &pull->work.rows;
    const bool has_old = pull->n_tail > 0;
    const int64_t newest = has_old ? tail_time(pull, pull->n_tail - 1) : INT64_MIN;
    size_t from = 0;
    enum umm_status status = UMM_OK;
    while (!status && has_old && from < n &&
           umm_dbrows_count(rows, pull->values + from * rows->n) <= newest)
        status = compare(pull, pull->values + from++ * rows->n, err);
    if (!status)
        status = write_rows(pull, from, n, err);
    pull->result->n_read += n;
    return status;
}

static enum umm_status copy_rows(struct pull *pull, struct umm_error *err)
{
    struct umm_dbwork *work = &pull->work;
    struct umm_db_condition conditions[UMM_WHERE_MAX];
    struct umm_db_query query = umm_dbwork_query(work);
    const struct umm_instrument_options *where = &work->options->source.text.reading.instrument;
    size_t n = 1;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < where->n_where; i++)
        status = umm_dbrows_condition(&work->table, where->where[i], &conditions[i], err);
    if (status)
        return umm_dbwork_place(work, status, err);
    query.conditions = conditions;
    query.n_conditions = where->n_where;
    if (pull->n_tail && (!query.has_from || query.from < tail_time(pull, 0))) {
        query.has_from = true;
        query.from = tail_time(pull, 0);
    }
    status = umm_db_scan(work->db, &work->shape, &query, err);
    while (!status && n) {
        status = umm_progress_step(work->run, &pull->next_look_ns,
                                   pull->result->n_read * work->rows.row_bytes, 0, err);
        if (!status)
            status = umm_dbwork_next(work, pull->values, UMM_DBROWS_BLOCK, &n, err);
        if (!status)
            status = take(pull, n, err);
    }
    const enum umm_status ended = umm_db_scan_end(work->db, status ? NULL : err);
    return status ? status : ended;
}

static enum umm_status finish(struct pull *pull, struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = pull->work.options->is_synced};
    pull->result->is_changed = pull->result->n_written > 0;
    if (pull->is_growing)
        return umm_grow_commit(&pull->grow, NULL, err);
    enum umm_status status = umm_writer_finish(&pull->writer, false, err);
    return status ? status
                  : umm_writer_commit(&pull->writer, &options, &pull->result->is_changed, err);
}

enum umm_status umm_dbjob_pull(const struct umm_dbjob_options *options, struct umm_run *run,
                               struct umm_dbjob_result *result, struct umm_error *err)
{
    struct pull pull = {.result = result, .grow = {.fd = -1}};
    enum umm_status status = umm_dbwork_open(&pull.work, options, UMM_DB_READ, run, result, err);
    if (!status)
        status = umm_dbwork_check_series(&pull.work, err);
    if (!status)
        status = options->is_append ? begin_growing(&pull, err) : begin_fresh(&pull, err);
    if (!status)
        status = allocate(&pull, err);
    if (!status && pull.is_growing)
        status = read_tail(&pull, err);
    if (!status && pull.n_tail) {
        result->has_last = true;
        result->last = umm_dbrows_instant(&pull.work.rows, tail_time(&pull, pull.n_tail - 1));
    }
    if (!status)
        status = copy_rows(&pull, err);
    if (!status)
        status = finish(&pull, err);
    umm_writer_close(&pull.writer);
    umm_grow_close(&pull.grow);
    umm_overlap_close(&pull.overlap);
    umm_npy_free(&pull.npy);
    free(pull.values);
    free(pull.bytes);
    free(pull.tail);
    umm_dbwork_close(&pull.work, result);
    return status;
}
