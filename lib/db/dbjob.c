/* SPDX-License-Identifier: MIT */
#include "db/dbjob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "db/dbjob_work.h"
#include "sys/clock.h"

/* ---- what all have ----------------------------------------------------------------------- */

enum umm_status umm_dbwork_place(const struct umm_dbwork *work, enum umm_status status,
                                 struct umm_error *err)
{
    if (!status || !err || err->path[0])
        return status;
    /* The table's name is data: the whole is escaped where it is printed. */
    snprintf(err->path, sizeof err->path, "%s: %s", work->db ? umm_db_shown(work->db) : "database",
             work->options->table);
    return status;
}

enum umm_status umm_dbwork_check_series(const struct umm_dbwork *work, struct umm_error *err)
{
    const struct umm_db_series *series = &work->options->series;
    enum umm_status status = UMM_OK;
    if (work->table.has_series && !series->symbol)
        status = umm_error_hint(err,
                                umm_error_set(err, UMM_ERR_CONFLICT,
                                              "the table has rows of many symbols and timeframes"),
                                UMM_HINT_DB_SERIES);
    if (work->table.is_there && !work->table.has_series && series->symbol)
        status =
            umm_error_set(err, UMM_ERR_CONFLICT, "the table has no columns symbol and timeframe");
    return umm_dbwork_place(work, status, err);
}

enum umm_status umm_dbwork_open(struct umm_dbwork *work, const struct umm_dbjob_options *options,
                                enum umm_db_mode mode, struct umm_run *run,
                                struct umm_dbjob_result *result, struct umm_error *err)
{
    *work =
        (struct umm_dbwork){.options = options, .run = run, .start_ns = umm_clock_monotonic_ns()};
    *result = (struct umm_dbjob_result){.is_made = false};
    enum umm_status status = umm_db_open(options->place, mode, run, &work->db, err);
    if (status)
        return status;
    snprintf(result->place, sizeof result->place, "%s", umm_db_shown(work->db));
    snprintf(result->kind, sizeof result->kind, "%s", umm_db_kind_name(work->db));
    status = umm_db_begin(work->db, options->table, &options->series, options->lock_wait,
                          &work->table, err);
    if (!status && !work->table.is_there && mode != UMM_DB_MAKE) {
        status = umm_error_set(err, UMM_ERR_ABSENT, "there is no such table");
        if (mode == UMM_DB_CHANGE)
            status = umm_error_hint(err, status, UMM_HINT_DB_CREATE);
    }
    return umm_dbwork_place(work, status, err);
}

void umm_dbwork_close(struct umm_dbwork *work, struct umm_dbjob_result *result)
{
    umm_dbrows_close(&work->rows);
    umm_db_table_free(&work->table);
    umm_db_close(work->db);
    work->db = NULL;
    result->seconds = (double)(umm_clock_monotonic_ns() - work->start_ns) * 1e-9;
}

void umm_dbwork_shape(struct umm_dbwork *work)
{
    work->shape = (struct umm_db_shape){.table = work->options->table,
                                        .fields = work->rows.fields,
                                        .n_fields = work->rows.n,
                                        .time = work->rows.time,
                                        .series = work->options->series};
}

enum umm_status umm_dbwork_bind(struct umm_dbwork *work, const struct umm_npy *npy,
                                struct umm_error *err)
{
    enum umm_status status = umm_dbwork_check_series(work, err);
    umm_dbrows_close(&work->rows);
    if (!status)
        status =
            umm_dbrows_bind(&work->rows, npy, work->db, &work->table, &work->options->rows, err);
    umm_dbwork_shape(work);
    return umm_dbwork_place(work, status, err);
}

enum umm_status umm_dbwork_next(struct umm_dbwork *work, union umm_db_value *rows, size_t cap,
                                size_t *n, struct umm_error *err)
{
    const struct umm_dbrows *of = &work->rows;
    enum umm_status status = umm_db_scan_next(work->db, rows, cap, n, err);
    if (status)
        return status;
    return umm_dbwork_place(work, umm_dbrows_check_times(of->fields, of->n, rows, *n, err), err);
}

struct umm_db_query umm_dbwork_query(const struct umm_dbwork *work)
{
    const struct umm_timerange *range = &work->options->range;
    const struct umm_db_field *time = &work->rows.fields[work->rows.time];
    return (struct umm_db_query){.has_from = range->has_from,
                                 .has_to = range->has_to,
                                 .from = range->has_from ? umm_dbrows_bound(time, &range->from) : 0,
                                 .to = range->has_to ? umm_dbrows_bound(time, &range->to) : 0};
}

/* ---- what a table has -------------------------------------------------------------------- */

struct telling {
    enum umm_status (*tell)(void *user, const struct umm_dbjob_entry *entry, struct umm_error *err);
    void *user;
    const struct umm_db_field *time;
    struct umm_dbjob_result *result;
};

static enum umm_status tell_one(void *user, const struct umm_db_entry *entry, struct umm_error *err)
{
    struct telling *telling = user;
    struct umm_dbjob_result *result = telling->result;
    const enum umm_time_unit unit = umm_db_field_unit(telling->time);
    const union umm_db_value ends[] = {{.integer = entry->first}, {.integer = entry->last}};
    const struct umm_dbjob_entry told = {.symbol = entry->symbol,
                                         .timeframe = entry->timeframe,
                                         .n_rows = entry->n_rows,
                                         .first = umm_time_from_unit(entry->first, unit),
                                         .last = umm_time_from_unit(entry->last, unit)};
    if (entry->n_rows == 0)
        return UMM_OK;
    enum umm_status status = umm_dbrows_check_times(telling->time, 1, ends, 2, err);
    if (status)
        return status;
    result->n_read += entry->n_rows;
    if (!result->has_last || umm_arraycolumn_compare(&told.last, &result->last) > 0)
        result->last = told.last;
    result->has_last = true;
    return telling->tell(telling->user, &told, err);
}

enum umm_status umm_dbjob_stat(
    const struct umm_dbjob_options *options,
    enum umm_status (*tell)(void *user, const struct umm_dbjob_entry *entry, struct umm_error *err),
    void *user, struct umm_run *run, struct umm_dbjob_result *result, struct umm_error *err)
{
    struct umm_dbwork work;
    struct umm_db_field field;
    struct telling telling = {.tell = tell, .user = user, .result = result};
    enum umm_status status = umm_dbwork_open(&work, options, UMM_DB_READ, run, result, err);
    if (!status)
        status =
            umm_dbwork_place(&work, umm_dbrows_time(&work.table, &options->rows, &field, err), err);
    if (!status) {
        telling.time = &field;
        work.shape =
            (struct umm_db_shape){.table = options->table, .fields = &field, .n_fields = 1};
        if (work.table.has_series)
            work.shape.series = (struct umm_db_series){"", ""};
        status = umm_db_list(work.db, &work.shape, tell_one, &telling, err);
        status = umm_dbwork_place(&work, status, err);
    }
    umm_dbwork_close(&work, result);
    return status;
}
