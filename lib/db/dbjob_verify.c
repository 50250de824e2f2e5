/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "db/dbjob_work.h"

/* A comparison under way: rows of the input come, and those of the table are fetched for them. */
struct verify {
    struct umm_dbwork work;
    struct umm_dbjob_result *result;
    struct umm_dbjob_verdict *verdict;
    const char *input;
    uint64_t n_rows;
    union umm_db_value *given, *kept; /* blocks of the input's rows and of the table's */
    bool is_scanning, is_at_end;
    size_t n_kept, at; /* rows in the block, and the next one */
    bool has_previous;
    int64_t previous;
};

static enum umm_status begin(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct verify *verify = user;
    enum umm_status status = umm_dbwork_bind(&verify->work, npy, err);
    const size_t bytes = UMM_DBROWS_BLOCK * verify->work.rows.n * sizeof(union umm_db_value);
    if (status)
        return status;
    verify->given = malloc(bytes);
    verify->kept = malloc(bytes);
    return verify->given && verify->kept ? UMM_OK : umm_error_set_memory(err, bytes, "rows");
}

/* The table's next row, or NULL in *row at its end. */
static enum umm_status look(struct verify *verify, const union umm_db_value **row,
                            struct umm_error *err)
{
    *row = NULL;
    if (verify->at == verify->n_kept && !verify->is_at_end) {
        enum umm_status status =
            umm_dbwork_next(&verify->work, verify->kept, UMM_DBROWS_BLOCK, &verify->n_kept, err);
        if (status)
            return status;
        verify->at = 0;
        verify->is_at_end = verify->n_kept == 0;
    }
    if (!verify->is_at_end)
        *row = verify->kept + verify->at * verify->work.rows.n;
    return UMM_OK;
}

static void note(struct verify *verify, int64_t time, const char *word, size_t column)
{
    struct umm_dbjob_verdict *verdict = verify->verdict;
    if (verdict->has_first)
        return;
    verdict->has_first = true;
    verdict->first = umm_dbrows_instant(&verify->work.rows, time);
    snprintf(verdict->first_word, sizeof verdict->first_word, "%s", word);
    if (column < verify->work.rows.n)
        snprintf(verdict->first_column, sizeof verdict->first_column, "%s",
                 verify->work.rows.fields[column].column.name);
}

/* The first column in which two rows differ, n_fields if in none. */
static size_t find_difference(const struct umm_dbrows *rows, const union umm_db_value *a,
                              const union umm_db_value *b)
{
    for (size_t i = 0; i < rows->n; i++) {
        const bool is_real = rows->fields[i].kind == UMM_DB_KIND_REAL;
        if (a[i].integer != b[i].integer && !(is_real && isnan(a[i].real) && isnan(b[i].real)))
            return i;
    }
    return rows->n;
}

static enum umm_status compare(struct verify *verify, const union umm_db_value *row,
                               struct umm_error *err)
{
    const struct umm_dbrows *rows = &verify->work.rows;
    const int64_t time = umm_dbrows_count(rows, row);
    const union umm_db_value *kept;
    enum umm_status status = look(verify, &kept, err);
    while (!status && kept && umm_dbrows_count(rows, kept) < time) {
        note(verify, umm_dbrows_count(rows, kept), "is extra", rows->n);
        verify->verdict->n_extra++;
        verify->at++;
        status = look(verify, &kept, err);
    }
    if (status)
        return status;
    if (!kept || umm_dbrows_count(rows, kept) > time) {
        note(verify, time, "is missing", rows->n);
        verify->verdict->n_missing++;
        return UMM_OK;
    }
    const size_t column = find_difference(rows, row, kept);
    verify->at++;
    if (column == rows->n) {
        verify->verdict->n_same++;
        return UMM_OK;
    }
    note(verify, time, "differs", column);
    verify->verdict->n_differ++;
    return UMM_OK;
}

static enum umm_status take_row(struct verify *verify, const union umm_db_value *row,
                                uint64_t number, struct umm_error *err)
{
    const struct umm_dbrows *rows = &verify->work.rows;
    const struct umm_db_query range = umm_dbwork_query(&verify->work);
    const int64_t time = umm_dbrows_count(rows, row);
    enum umm_status status = UMM_OK;
    if (verify->has_previous && time <= verify->previous)
        return umm_error_set_path(err, UMM_ERR_DATA, verify->input,
                                  "row %" PRIu64 ": not newer than the row before: the time is the "
                                  "table's key",
                                  number);
    verify->has_previous = true;
    verify->previous = time;
    if ((range.has_from && time < range.from) || (range.has_to && time >= range.to))
        return UMM_OK;
    if (!verify->is_scanning) {
        const struct umm_db_query query = {.has_from = true, .from = time};
        verify->is_scanning = true;
        status = umm_db_scan(verify->work.db, &verify->work.shape, &query, err);
    }
    return status ? status : compare(verify, row, err);
}

static enum umm_status take(void *user, const char *bytes, uint64_t n, struct umm_error *err)
{
    struct verify *verify = user;
    struct umm_dbrows *rows = &verify->work.rows;
    enum umm_status status = UMM_OK;
    while (!status && n) {
        const size_t n_now = n < UMM_DBROWS_BLOCK ? (size_t)n : UMM_DBROWS_BLOCK;
        status = umm_dbrows_to_values(rows, bytes, n_now, verify->n_rows, verify->given, err);
        if (status && err && !err->path[0])
            umm_error_at(err, verify->input, 0, 0, 0);
        for (size_t r = 0; !status && r < n_now; r++)
            status = take_row(verify, verify->given + r * rows->n, verify->n_rows + r, err);
        verify->n_rows += n_now;
        bytes += n_now * rows->row_bytes;
        n -= n_now;
    }
    return status;
}

enum umm_status umm_dbjob_verify(const struct umm_dbjob_options *options, const char *input,
                                 struct umm_run *run, struct umm_dbjob_result *result,
                                 struct umm_dbjob_verdict *verdict, struct umm_error *err)
{
    struct verify verify = {
        .result = result, .verdict = verdict, .input = strcmp(input, "-") == 0 ? "<stdin>" : input};
    const struct umm_rowsource_sink sink = {.begin = begin, .take = take, .user = &verify};
    struct umm_rowsource_result read;
    *verdict = (struct umm_dbjob_verdict){.n_same = 0};
    enum umm_status status = umm_dbwork_open(&verify.work, options, UMM_DB_READ, run, result, err);
    if (!status)
        status = umm_rowsource_run(input, &options->source, &sink, run, &read, err);
    if (!status) {
        result->n_read = read.n_rows;
        result->n_rejected = read.n_rejected;
        result->n_same = verdict->n_same;
        result->n_revised = verdict->n_differ;
    }
    if (verify.is_scanning) {
        const enum umm_status ended = umm_db_scan_end(verify.work.db, status ? NULL : err);
        status = status ? status : ended;
    }
    free(verify.given);
    free(verify.kept);
    umm_dbwork_close(&verify.work, result);
    return status;
}
