/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/arrayfile.h"
#include "array/overlap.h"
#include "base/error.h"
#include "db/dbjob_work.h"

/* A push under way. */
struct push {
    struct umm_dbwork work;
    struct umm_dbjob_result *result;
    const char *path, *input; /* and as messages have it */
    bool is_ready;            /* the table is bound to the input */
    uint64_t n_rows;          /* of the input, so far */
    uint64_t first_row;       /* of the input, that is read */
    union umm_db_value *block;
    bool has_previous;
    int64_t previous;         /* time of the input's last row */
    union umm_db_value *tail; /* the table's last rows, oldest first */
    size_t n_tail;
    bool is_whole; /* the tail is all that the table has */
    struct umm_overlap overlap;
    struct umm_instrument series;
    struct umm_convert_names names;
};

/* ---- what is there ----------------------------------------------------------------------- */

static enum umm_status read_old(void *user, uint64_t first, size_t n, char *out,
                                struct umm_error *err)
{
    const struct push *push = user;
    const size_t row_bytes = push->work.rows.n * sizeof(union umm_db_value);
    (void)err;
    memcpy(out, (const char *)push->tail + first * row_bytes, n * row_bytes);
    return UMM_OK;
}

static enum umm_status time_of(const void *user, const char *row, uint64_t index,
                               struct umm_time *out, struct umm_error *err)
{
    const struct push *push = user;
    int64_t count;
    (void)index;
    (void)err;
    memcpy(&count, row + push->work.rows.time * sizeof(union umm_db_value), sizeof count);
    *out = umm_dbrows_instant(&push->work.rows, count);
    return UMM_OK;
}

static const char *name_table(const void *user, uint64_t index)
{
    (void)user;
    (void)index;
    return "the table";
}

static int64_t tail_time(const struct push *push, size_t index)
{
    return push->tail[index * push->work.rows.n + push->work.rows.time].integer;
}

/* The rows came newest first. */
static void turn_round(struct push *push)
{
    const size_t n = push->work.rows.n;
    for (size_t a = 0, b = push->n_tail; a + 1 < b; a++) {
        b--;
        for (size_t i = 0; i < n; i++) {
            const union umm_db_value kept = push->tail[a * n + i];
            push->tail[a * n + i] = push->tail[b * n + i];
            push->tail[b * n + i] = kept;
        }
    }
}

static enum umm_status read_tail(struct push *push, struct umm_error *err)
{
    struct umm_dbwork *work = &push->work;
    const struct umm_db_query query = {.is_newest_first = true, .limit = UMM_DB_COMPARED_ROWS};
    size_t n = 1;
    enum umm_status status = umm_db_scan(work->db, &work->shape, &query, err);
    push->n_tail = 0;
    while (!status && n && push->n_tail < UMM_DB_COMPARED_ROWS) {
        status = umm_dbwork_next(work, push->tail + push->n_tail * work->rows.n,
                                 UMM_DB_COMPARED_ROWS - push->n_tail, &n, err);
        push->n_tail += status ? 0 : n;
    }
    const enum umm_status ended = umm_db_scan_end(work->db, status ? NULL : err);
    turn_round(push);
    push->is_whole = push->n_tail < UMM_DB_COMPARED_ROWS;
    return status ? status : ended;
}

static bool last_time(void *user, struct umm_time *time)
{
    const struct push *push = user;
    if (!push->n_tail)
        return false;
    *time = umm_dbrows_instant(&push->work.rows, tail_time(push, push->n_tail - 1));
    return true;
}

/* The table as it is before this input: it is made, or its last rows are read. */
static enum umm_status look_at_table(struct push *push, struct umm_error *err)
{
    struct umm_dbwork *work = &push->work;
    enum umm_status status = UMM_OK;
    if (!work->table.is_there) {
        status = umm_db_create(work->db, &work->shape, err);
        umm_db_table_free(&work->table);
        if (!status)
            status = umm_db_describe(work->db, work->options->table, &work->table, err);
        push->result->is_made = push->result->is_changed = !status;
        push->n_tail = 0;
        push->is_whole = true;
    } else {
        status = read_tail(push, err);
    }
    if (!status && last_time(push, &push->result->last))
        push->result->has_last = true;
    umm_overlap_close(&push->overlap);
    const struct umm_overlap_rows rows = {.what = "the table",
                                          .npy = &work->rows.values,
                                          .n_rows = push->n_tail,
                                          .read = read_old,
                                          .time = time_of,
                                          .input = name_table,
                                          .user = push};
    const enum umm_revision revision =
        work->options->revision == UMM_DB_REVISION_ERROR ? UMM_REVISION_ERROR : UMM_REVISION_KEEP;
    return status ? status : umm_overlap_open(&push->overlap, &rows, revision, err);
}

/* ---- rows -------------------------------------------------------------------------------- */

static enum umm_status at_row(const struct push *push, uint64_t row, enum umm_status status,
                              struct umm_error *err)
{
    char message[UMM_ERROR_MESSAGE_MAX];
    if (!err)
        return status;
    const enum umm_hint hint = (enum umm_hint)err->hint;
    memcpy(message, err->message, sizeof message);
    umm_error_set_path(err, status, push->input, "row %" PRIu64 ": %s", row, message);
    return umm_error_hint(err, status, hint);
}

static enum umm_status refuse_order(const struct push *push, uint64_t row, int64_t time,
                                    struct umm_error *err)
{
    char now[UMM_TIME_ISO_MAX], before[UMM_TIME_ISO_MAX];
    umm_time_format_iso(umm_dbrows_instant(&push->work.rows, time), now);
    umm_time_format_iso(umm_dbrows_instant(&push->work.rows, push->previous), before);
    if (time == push->previous)
        return umm_error_set_path(err, UMM_ERR_DATA, push->input,
                                  "row %" PRIu64 ": %s again: the time is the table's key", row,
                                  now);
    return umm_error_set_path(err, UMM_ERR_DATA, push->input,
                              "row %" PRIu64 ": %s after %s: out of order", row, now, before);
}

/* A row that is not newer than the table's last, and not older than what is compared. */
static enum umm_status compare(struct push *push, const union umm_db_value *row, uint64_t number,
                               struct umm_error *err)
{
    struct umm_dbwork *work = &push->work;
    const struct umm_time time =
        umm_dbrows_instant(&work->rows, umm_dbrows_count(&work->rows, row));
    const uint64_t n_revised = push->overlap.n_revised;
    struct umm_error why = {.status = UMM_OK};
    enum umm_status status = umm_overlap_compare(&push->overlap, (const char *)row, &time, &why);
    if (status) {
        if (err)
            *err = why;
        return why.path[0] ? status : at_row(push, number, status, err);
    }
    const bool is_revised = push->overlap.n_revised > n_revised;
    push->result->n_same += !is_revised;
    push->result->n_revised += is_revised;
    if (!is_revised || work->options->revision != UMM_DB_REVISION_REPLACE)
        return UMM_OK;
    push->result->is_changed = true;
    return umm_db_replace(work->db, &work->shape, row, err);
}

static enum umm_status put(struct push *push, size_t from, size_t to, struct umm_error *err)
{
    if (to > from) {
        push->result->has_last = true;
        push->result->last = umm_dbrows_instant(
            &push->work.rows,
            umm_dbrows_count(&push->work.rows, push->block + (to - 1) * push->work.rows.n));
    }
    push->result->n_written += to - from;
    push->result->is_changed |= to > from;
    return umm_db_put(push->work.db, &push->work.shape, push->block + from * push->work.rows.n,
                      to - from, err);
}

static bool is_in_range(const struct umm_db_query *range, int64_t time)
{
    return !(range->has_from && time < range->from) && !(range->has_to && time >= range->to);
}

/* New rows follow each other: they are put at once. */
static enum umm_status take_block(struct push *push, size_t n, struct umm_error *err)
{
    const struct umm_dbwork *work = &push->work;
    const struct umm_db_query range = umm_dbwork_query(work);
    const int64_t oldest = push->n_tail ? tail_time(push, 0) : INT64_MIN;
    const int64_t newest = push->n_tail ? tail_time(push, push->n_tail - 1) : INT64_MIN;
    size_t from = 0;
    enum umm_status status = UMM_OK;
    for (size_t r = 0; !status && r < n; r++) {
        const union umm_db_value *row = push->block + r * work->rows.n;
        const int64_t time = umm_dbrows_count(&work->rows, row);
        const uint64_t number = push->first_row + push->n_rows + r;
        if (push->has_previous && time <= push->previous)
            return refuse_order(push, number, time, err);
        push->has_previous = true;
        push->previous = time;
        const bool is_wanted = is_in_range(&range, time);
        if (is_wanted && (!push->n_tail || time > newest))
            continue;
        status = put(push, from, r, err);
        from = r + 1;
        if (is_wanted && !status && time < oldest && !push->is_whole)
            push->result->n_passed++;
        else if (is_wanted && !status)
            status = compare(push, row, number, err);
    }
    return status ? status : put(push, from, n, err);
}

static enum umm_status begin(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct push *push = user;
    if (push->is_ready)
        return UMM_OK;
    enum umm_status status = umm_dbwork_bind(&push->work, npy, err);
    const size_t row_bytes = push->work.rows.n * sizeof(union umm_db_value);
    if (status)
        return status;
    free(push->block);
    free(push->tail);
    push->block = malloc(UMM_DBROWS_BLOCK * row_bytes);
    push->tail = malloc(UMM_DB_COMPARED_ROWS * row_bytes);
    if (!push->block || !push->tail)
        return umm_error_set_memory(err, UMM_DBROWS_BLOCK * row_bytes, "rows");
    push->is_ready = true;
    return look_at_table(push, err);
}

static enum umm_status take(void *user, const char *rows, uint64_t n, struct umm_error *err)
{
    struct push *push = user;
    struct umm_dbrows *of = &push->work.rows;
    enum umm_status status = UMM_OK;
    while (!status && n) {
        const size_t n_now = n < UMM_DBROWS_BLOCK ? (size_t)n : UMM_DBROWS_BLOCK;
        status =
            umm_dbrows_to_values(of, rows, n_now, push->first_row + push->n_rows, push->block, err);
        if (status && err && !err->path[0])
            umm_error_at(err, push->input, 0, 0, 0);
        if (!status)
            status = take_block(push, n_now, err);
        push->n_rows += n_now;
        push->result->n_read += n_now;
        rows += n_now * of->row_bytes;
        n -= n_now;
    }
    return status;
}

/* ---- inputs ------------------------------------------------------------------------------ */

static void later(struct umm_time *at, const struct umm_time *than, bool *has)
{
    if (!*has || umm_arraycolumn_compare(than, at) > 0)
        *at = *than;
    *has = true;
}

/* Rows of a file that are before all that is compared need not be read. */
static enum umm_status skip(struct push *push, struct umm_error *err)
{
    const struct umm_timerange *range = &push->work.options->range;
    struct umm_arrayfile file;
    bool is_random = false, has_from = false;
    uint64_t n_rows = 0;
    struct umm_time from = {.sec = 0};
    enum umm_status status =
        umm_rowsource_count(push->path, push->work.run, &is_random, &n_rows, err);
    if (status || !is_random)
        return status;
    status = umm_arrayfile_open(&file, push->path, err);
    if (!status)
        status = begin(push, &file.npy, err);
    if (!status && push->n_tail && !push->is_whole) {
        const struct umm_time oldest = umm_dbrows_instant(&push->work.rows, tail_time(push, 0));
        later(&from, &oldest, &has_from);
    }
    if (!status && range->has_from)
        later(&from, &range->from, &has_from);
    if (!status && has_from) {
        status = umm_arrayfile_find_time(&file, &from, &push->first_row, err);
        push->result->n_passed += push->first_row;
    }
    umm_arrayfile_close(&file);
    return status;
}

static enum umm_status push_input(struct push *push, struct umm_error *err)
{
    const struct umm_rowsource_sink sink = {
        .begin = begin, .take = take, .last = last_time, .user = push};
    struct umm_rowsource_options source = push->work.options->source;
    struct umm_rowsource_result read;
    push->is_ready = push->has_previous = false;
    push->n_rows = push->first_row = 0;
    source.text.series = &push->series;
    source.text.names = &push->names;
    /* A quiet minute brings nothing new; a first input without rows is a wrong one. */
    source.text.may_be_empty = push->work.table.is_there;
    enum umm_status status = skip(push, err);
    source.first_row = push->first_row;
    if (!status)
        status = umm_rowsource_run(push->path, &source, &sink, push->work.run, &read, err);
    if (!status) {
        push->result->n_rejected += read.n_rejected;
        status = umm_db_flush(push->work.db, &push->work.shape, err);
    }
    return status;
}

enum umm_status umm_dbjob_push(const struct umm_dbjob_options *options, const char *const *inputs,
                               size_t n_inputs, struct umm_run *run,
                               struct umm_dbjob_result *result, struct umm_error *err)
{
    struct push push = {.result = result};
    const enum umm_db_mode mode = options->is_unmade ? UMM_DB_CHANGE : UMM_DB_MAKE;
    /* What is no input is found before a file is made for it. */
    bool is_random;
    uint64_t n_rows;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n_inputs; i++)
        status = umm_rowsource_count(inputs[i], run, &is_random, &n_rows, err);
    *result = (struct umm_dbjob_result){.is_made = false};
    if (status)
        return status;
    status = umm_dbwork_open(&push.work, options, mode, run, result, err);
    for (size_t i = 0; !status && i < n_inputs; i++) {
        push.path = inputs[i];
        push.input = strcmp(inputs[i], "-") == 0 ? "<stdin>" : inputs[i];
        status = push_input(&push, err);
    }
    /* What was only read is as good without an end. */
    if (!status && result->is_changed)
        status = umm_db_commit(push.work.db, err);
    umm_dbwork_close(&push.work, result);
    umm_overlap_close(&push.overlap);
    umm_instrument_free(&push.series);
    umm_convert_names_free(&push.names);
    free(push.block);
    free(push.tail);
    return status;
}
