/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "convert/convert_job.h"
#include "sys/progress.h"

/* Between looks at the cancel flag and the clock. */
enum { ROWS_PER_LOOK = 2048 };

enum umm_status umm_convert_look_around(struct umm_convert_job *job, struct umm_error *err)
{
    return umm_progress_step(job->run, &job->next_look_ns,
                             job->done_bytes + job->reading.records.source.n_raw_bytes,
                             job->total_bytes, err);
}

/* Why a row that could be rejected ends the run. */
static void say_too_many(struct umm_error *err, uint64_t max_bad)
{
    size_t len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len,
             "; with it, more rows are rejected than the %" PRIu64 " allowed", max_bad);
}

/* A row that cannot be used: stop, or go on as the options say. */
static enum umm_status reject(struct umm_convert_job *job, const struct umm_placed_record *placed,
                              const struct umm_error *reason, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    if (job->result->n_rejected++ == 0)
        job->first_reason = *reason;
    job->result->inputs[job->result->n_inputs - 1].n_rejected++;
    bool is_too_many = o->has_max_bad && job->result->n_rejected > o->max_bad;
    if (o->bad_rows == UMM_BAD_ROWS_FAIL || is_too_many) {
        if (err)
            *err = *reason;
        if (err && o->bad_rows != UMM_BAD_ROWS_FAIL)
            say_too_many(err, o->max_bad);
        return reason->status;
    }
    if (o->bad_rows == UMM_BAD_ROWS_SKIP || !umm_convert_has_output(o))
        return UMM_OK;
    return umm_quarantine_add(&job->quarantine, reason, placed->record.text,
                              placed->record.len_bytes, err);
}

/* The series of the record that was read last. */
static enum umm_status find_series(struct umm_convert_job *job,
                                   const struct umm_placed_record *placed, struct umm_error *err)
{
    const int field = job->reading.instrument.by.field;
    enum umm_status status =
        umm_split_find(job->split, job->reading.fields[field], &job->group, err);
    if (status == UMM_ERR_DATA)
        umm_reading_place(&job->reading, placed, (size_t)field, err);
    return status;
}

/* Of a series, what says whose the row is must be as in the rows before. */
static enum umm_status check_series(struct umm_convert_job *job,
                                    const struct umm_placed_record *placed, struct umm_error *err)
{
    const struct umm_instrument *file = &job->reading.instrument;
    struct umm_instrument *series;
    size_t field = 0;
    if (!file->n_series_keys)
        return UMM_OK;
    enum umm_status status = umm_split_series(job->split, file, job->group, &series, err);
    if (!status)
        status = umm_instrument_take(series, job->reading.fields, &field, err);
    if (status == UMM_ERR_DATA)
        umm_reading_place(&job->reading, placed, field, err);
    return status;
}

/* The record as a row, if it is a good one. */
static enum umm_status read_row(struct umm_convert_job *job, const struct umm_placed_record *placed,
                                struct umm_error *err)
{
    size_t bad;
    enum umm_status status = umm_reading_row(&job->reading, placed, &job->row, err);
    const char *what = NULL;
    if (!status && job->row.is_passed_over)
        return UMM_OK;
    if (!status && job->split)
        status = find_series(job, placed, err);
    if (!status && job->options->is_ohlc_checked)
        what = umm_cells_check_ohlc(&job->schema, job->row.bytes, &bad);
    if (!status && !what && job->schema.time_index >= 0 && job->row.read.is_by_magnitude)
        job->result->inputs[job->result->n_inputs - 1].n_epochs[job->row.read.unit]++;
    if (!what)
        return status;
    status = umm_error_set(err, UMM_ERR_DATA, "%s", what);
    /* A value of all rows is in no field: the row's first stands for it. */
    const int field = job->reading.found[bad].first;
    umm_reading_place(&job->reading, placed, field < 0 ? 0 : (size_t)field, err);
    return status;
}

/*
 * A bad row that was reached by a seek: read it again with its line number, which
 * those after it then also have.
 */
static enum umm_status read_again(struct umm_convert_job *job, struct umm_placed_record *placed,
                                  struct umm_error *reason)
{
    struct umm_records *records = &job->reading.records;
    uint64_t byte = placed->byte, line;
    bool has_record = false;
    enum umm_status status = umm_records_count_lines(records, byte, &line, reason);
    if (!status)
        status = umm_records_seek(records, byte, line, reason);
    if (!status)
        status = umm_records_next(records, placed, &has_record, reason);
    if (!status && !has_record)
        status = umm_error_set_path(reason, UMM_ERR_CONFLICT, job->path,
                                    "became shorter while it was read");
    return status ? status : read_row(job, placed, reason);
}

/* The converted row, which is a good one, after those before. */
static enum umm_status take_good(struct umm_convert_job *job,
                                 const struct umm_placed_record *placed, struct umm_error *err)
{
    const struct umm_convert_origin origin = {.placed = placed, .line = placed->line};
    enum umm_status status = umm_reading_take(&job->reading, placed, err);
    if (!status && job->split)
        status = check_series(job, placed, err);
    if (!status && job->row.read.is_folded)
        return umm_convert_fold_take(job, placed, err);
    if (!status && job->row.takes_both && job->schema.time_index >= 0)
        status = umm_convert_fold_pass(job, job->row.time, err);
    return status ? status : umm_convert_take_row(job, &origin, err);
}

enum umm_status umm_convert_take_record(struct umm_convert_job *job,
                                        struct umm_placed_record *placed, struct umm_error *err)
{
    struct umm_error reason = {.status = UMM_OK};
    enum umm_status status = read_row(job, placed, &reason);
    if (status == UMM_ERR_DATA && placed->line == 0)
        status = read_again(job, placed, &reason);
    if (!status) {
        if (job->row.is_passed_over) {
            job->result->inputs[job->result->n_inputs - 1].n_passed_over++;
            return UMM_OK;
        }
        status = take_good(job, placed, &reason);
        if (!status)
            return UMM_OK;
    } else if (status == UMM_ERR_DATA) {
        return reject(job, placed, &reason, err);
    }
    umm_convert_settle_line(job, &reason);
    if (err)
        *err = reason;
    return status;
}

enum umm_status umm_convert_read_records(struct umm_convert_job *job, uint64_t until, bool *is_end,
                                         struct umm_error *err)
{
    struct umm_placed_record placed;
    bool has_record;
    uint64_t n = 0;
    *is_end = false;
    while (job->reading.records.byte < until) {
        enum umm_status status = UMM_OK;
        if (++n % ROWS_PER_LOOK == 0)
            status = umm_convert_look_around(job, err);
        if (!status)
            status = umm_records_next(&job->reading.records, &placed, &has_record, err);
        if (status && err)
            umm_convert_settle_line(job, err);
        *is_end = !status && !has_record;
        if (status || !has_record)
            return status;
        status = umm_convert_take_record(job, &placed, err);
        if (status)
            return status;
    }
    return UMM_OK;
}
