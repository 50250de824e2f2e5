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

/* Find the line of a record that was reached by a seek; reading ends here anyway. */
static void settle_line(struct umm_convert_job *job, struct umm_error *err)
{
    uint64_t line, byte = err->byte;
    if (err->line == 0 && err->column &&
        umm_records_count_lines(&job->reading.records, byte, &line, NULL) == UMM_OK)
        err->line = line;
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

/* now comes after before. No hint at what would be refused, nor at what does not help. */
static enum umm_status refuse_backward(const struct umm_convert_job *job, const char *now,
                                       const char *before, struct umm_error *err)
{
    if (job->order == UMM_ORDER_ASC)
        return umm_error_set(err, UMM_ERR_DATA,
                             "%s after %s: neither oldest first nor newest first; rows in no "
                             "order are not sorted",
                             now, before);
    if (job->options->is_tail)
        return umm_error_set(err, UMM_ERR_DATA, "%s after %s: out of order", now, before);
    umm_error_set(err, UMM_ERR_DATA, "%s after %s: out of order; rows in no order are not sorted",
                  now, before);
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_NEWEST_FIRST);
}

static enum umm_status refuse_order(struct umm_convert_job *job,
                                    const struct umm_convert_origin *origin,
                                    enum umm_sequence_verdict verdict, struct umm_error *err)
{
    struct umm_placed_record found;
    const struct umm_placed_record *placed = origin->placed;
    if (!placed) {
        umm_block_row_record(origin->block, origin->r, &found);
        placed = &found;
    }
    char now[UMM_TIME_ISO_MAX], before[UMM_TIME_ISO_MAX];
    enum umm_time_unit unit = job->schema.time_unit;
    umm_time_format_iso(umm_time_from_unit(job->row.time, unit), now);
    umm_time_format_iso(umm_time_from_unit(job->result->sequence.last, unit), before);
    if (verdict == UMM_SEQUENCE_DUPLICATE)
        umm_error_hint(err, umm_error_set(err, UMM_ERR_DATA, "a second row of %s", now),
                       UMM_HINT_DUPLICATES);
    else
        refuse_backward(job, now, before, err);
    umm_reading_place(&job->reading, placed,
                      (size_t)job->reading.found[job->schema.time_index].first, err);
    return UMM_ERR_DATA;
}

enum umm_status umm_convert_emit_held(struct umm_convert_job *job, struct umm_error *err)
{
    if (!job->has_held)
        return UMM_OK;
    job->has_held = false;
    enum umm_status status = umm_target_push(&job->target, job->held, job->held_time, err);
    if (status == UMM_ERR_CONFLICT)
        umm_error_at(err, job->held_path, job->held_line, 0, 0);
    return status;
}

enum umm_status umm_convert_accept(struct umm_convert_job *job,
                                   const struct umm_convert_origin *origin, struct umm_error *err)
{
    enum umm_sequence_verdict verdict = UMM_SEQUENCE_TAKE;
    if (job->schema.time_index >= 0)
        verdict = umm_sequence_next(&job->result->sequence, job->row.time);
    switch (verdict) {
    case UMM_SEQUENCE_DROP: return UMM_OK;
    case UMM_SEQUENCE_BACKWARD:
    case UMM_SEQUENCE_DUPLICATE: return refuse_order(job, origin, verdict, err);
    case UMM_SEQUENCE_REPLACE: job->has_held = false; break;
    case UMM_SEQUENCE_TAKE: break;
    }
    enum umm_status status = umm_convert_emit_held(job, err);
    char *bytes = job->held;
    job->held = job->row.bytes;
    job->row.bytes = bytes;
    job->has_held = true;
    job->held_time = job->row.time;
    job->held_line = origin->line;
    job->held_path = job->path;
    if (!status && job->options->dedup != UMM_DEDUP_LAST)
        status = umm_convert_emit_held(job, err);
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
    if (!status && job->options->is_ohlc_checked)
        what = umm_cells_check_ohlc(&job->schema, job->row.bytes, &bad);
    if (!status && !what && job->schema.time_index >= 0 && job->row.read.is_by_magnitude)
        job->result->inputs[job->result->n_inputs - 1].n_epochs[job->row.read.unit]++;
    if (!what)
        return status;
    status = umm_error_set(err, UMM_ERR_DATA, "%s", what);
    umm_reading_place(&job->reading, placed, (size_t)job->reading.found[bad].first, err);
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

bool umm_convert_is_skipped(struct umm_convert_job *job, int64_t time)
{
    const struct umm_append *append = &job->target.append;
    if (!job->options->is_tail || !job->result->is_append || job->has_tail || !append->n_old)
        return false;
    job->has_tail = time >= append->last;
    return !job->has_tail;
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
        status = umm_reading_take(&job->reading, placed, &reason);
        if (!status && umm_convert_is_skipped(job, job->row.time))
            return UMM_OK;
        const struct umm_convert_origin origin = {.placed = placed, .line = placed->line};
        if (!status)
            status = umm_convert_accept(job, &origin, &reason);
        if (!status) {
            job->result->inputs[job->result->n_inputs - 1].n_rows++;
            return UMM_OK;
        }
    } else if (status == UMM_ERR_DATA) {
        return reject(job, placed, &reason, err);
    }
    settle_line(job, &reason);
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
            settle_line(job, err);
        *is_end = !status && !has_record;
        if (status || !has_record)
            return status;
        status = umm_convert_take_record(job, &placed, err);
        if (status)
            return status;
    }
    return UMM_OK;
}
