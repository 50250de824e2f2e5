/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "convert/convert_job.h"

/* Find the line of a record that was reached by a seek; reading ends here anyway. */
void umm_convert_settle_line(struct umm_convert_job *job, struct umm_error *err)
{
    uint64_t line, byte = err->byte;
    if (err->line == 0 && err->column &&
        umm_records_count_lines(&job->reading.records, byte, &line, NULL) == UMM_OK)
        err->line = line;
}

/*
 * Whether the row of that time may be of the hour that clocks set back at night show twice: less
 * than an hour before the last of rows in order, of times that are local to a zone not given.
 */
static bool may_be_repeated_hour(const struct umm_convert_job *job, int64_t time, int64_t last)
{
    enum { HOUR_S = 3600, DAY_HOURS = 24, NIGHT_HOURS = 4 };
    const struct umm_reading *reading = &job->reading;
    const struct umm_time now = umm_time_from_unit(time, job->schema.time_unit);
    const struct umm_time before = umm_time_from_unit(last, job->schema.time_unit);
    const int64_t hour = (now.sec / HOUR_S % DAY_HOURS + DAY_HOURS) % DAY_HOURS;
    return !reading->tz && reading->times[job->schema.time_index].form != UMM_TIME_FORM_EPOCH &&
           job->order == UMM_ORDER_CHECK && job->result->sequence.n_rows > 1 &&
           before.sec - now.sec < HOUR_S && hour < NIGHT_HOURS;
}

/* now comes after before. No hint at what would be refused, nor at what does not help. */
static enum umm_status refuse_backward(const struct umm_convert_job *job, const char *now,
                                       const char *before, bool is_repeated, struct umm_error *err)
{
    if (job->options->reading.has_date)
        return umm_error_set(err, UMM_ERR_DATA,
                             "%s after %s: midnight has passed, and all times are of one date", now,
                             before);
    if (job->order == UMM_ORDER_ASC)
        umm_error_set(err, UMM_ERR_DATA, "%s after %s: neither oldest first nor newest first", now,
                      before);
    else
        umm_error_set(err, UMM_ERR_DATA, "%s after %s: out of order", now, before);
    if (job->options->is_tail)
        return UMM_ERR_DATA;
    return umm_error_hint(err, UMM_ERR_DATA,
                          job->order == UMM_ORDER_ASC ? UMM_HINT_SORT
                          : is_repeated               ? UMM_HINT_REPEATED_HOUR
                                                      : UMM_HINT_NEWEST_FIRST);
}

enum umm_status umm_convert_refuse_order(struct umm_convert_job *job,
                                         const struct umm_convert_origin *origin,
                                         enum umm_sequence_verdict verdict, int64_t last,
                                         struct umm_error *err)
{
    struct umm_placed_record found;
    const struct umm_placed_record *placed = origin->placed;
    if (!placed && origin->block) {
        umm_block_row_record(origin->block, origin->r, &found);
        placed = &found;
    }
    char now[UMM_TIME_ISO_MAX], before[UMM_TIME_ISO_MAX];
    enum umm_time_unit unit = job->schema.time_unit;
    umm_time_format_iso(umm_time_from_unit(job->row.time, unit), now);
    umm_time_format_iso(umm_time_from_unit(last, unit), before);
    if (verdict == UMM_SEQUENCE_DUPLICATE)
        umm_error_hint(err, umm_error_set(err, UMM_ERR_DATA, "a second row of %s", now),
                       UMM_HINT_DUPLICATES);
    else
        refuse_backward(job, now, before, may_be_repeated_hour(job, job->row.time, last), err);
    if (!placed)
        umm_error_at(err, job->path, 0, 0, 0);
    else
        umm_reading_place(&job->reading, placed,
                          (size_t)job->reading.found[job->schema.time_index].first, err);
    return UMM_ERR_DATA;
}

size_t umm_convert_run_of_rows(struct umm_convert_job *job, const int64_t *times, size_t n)
{
    if (job->options->dedup == UMM_DEDUP_LAST || umm_target_compares(job->target, times[0]))
        return 0;
    return umm_sequence_run(&job->result->sequence, times, n);
}

enum umm_status umm_convert_emit_held(struct umm_convert_job *job, struct umm_error *err)
{
    if (!job->has_held)
        return UMM_OK;
    job->has_held = false;
    enum umm_status status = umm_target_push(job->target, job->held, job->held_time, err);
    /* Where the target lets rows wait, another one may be what it refuses: it names the file. */
    const bool is_other = umm_target_holds(job->target) && err && err->path[0];
    if (status == UMM_ERR_CONFLICT && !is_other)
        umm_error_at(err, job->held_path, job->held_line, 0, 0);
    return status;
}

enum umm_sequence_verdict umm_convert_place_of(struct umm_convert_job *job, uint32_t group,
                                               int64_t time)
{
    struct umm_sequence_place *place = &job->split->symbols[group].place;
    if (job->options->dedup == UMM_DEDUP_ERROR && place->has_last && place->last == time &&
        job->order != UMM_ORDER_SORT)
        return UMM_SEQUENCE_DUPLICATE;
    if (!job->has_collected || time > job->max_time)
        job->max_time = time;
    job->has_collected = true;
    return job->order == UMM_ORDER_SORT || umm_sequence_goes_on(place, job->order, time)
               ? UMM_SEQUENCE_TAKE
               : UMM_SEQUENCE_BACKWARD;
}

static enum umm_status accept_split(struct umm_convert_job *job,
                                    const struct umm_convert_origin *origin, struct umm_error *err)
{
    enum umm_sequence_verdict verdict = UMM_SEQUENCE_TAKE;
    const struct umm_split_symbol *symbol = &job->split->symbols[job->group];
    if (job->schema.time_index >= 0)
        verdict = umm_convert_place_of(job, job->group, job->row.time);
    if (verdict != UMM_SEQUENCE_TAKE)
        return umm_convert_refuse_order(job, origin, verdict, symbol->place.last, err);
    return umm_rowsort_push(&job->split->sort, job->row.bytes, &job->row.time, &job->group, 1, NULL,
                            err);
}

/* The first row that is older than the one before. */
static enum umm_status begin_collecting(struct umm_convert_job *job, struct umm_error *err)
{
    enum umm_status status = umm_convert_emit_held(job, err);
    if (!status)
        status = umm_convert_collect_rest(job, err);
    return status ? status : umm_convert_collect(job, job->row.bytes, &job->row.time, 1, NULL, err);
}

enum umm_status umm_convert_accept(struct umm_convert_job *job,
                                   const struct umm_convert_origin *origin, struct umm_error *err)
{
    enum umm_sequence_verdict verdict = UMM_SEQUENCE_TAKE;
    if (job->split)
        return accept_split(job, origin, err);
    if (job->is_collecting)
        return umm_convert_collect(job, job->row.bytes, &job->row.time, 1, NULL, err);
    if (job->schema.time_index >= 0)
        verdict = umm_sequence_next(&job->result->sequence, job->row.time);
    switch (verdict) {
    case UMM_SEQUENCE_DROP: return UMM_OK;
    case UMM_SEQUENCE_BACKWARD:
        if (job->order == UMM_ORDER_SORT)
            return begin_collecting(job, err);
        return umm_convert_refuse_order(job, origin, verdict, job->result->sequence.last, err);
    case UMM_SEQUENCE_DUPLICATE:
        return umm_convert_refuse_order(job, origin, verdict, job->result->sequence.last, err);
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

bool umm_convert_is_skipped(struct umm_convert_job *job, int64_t time)
{
    const struct umm_append *append = &job->target->append;
    if (!job->options->is_tail || !job->result->is_append || job->has_tail || !append->n_old)
        return false;
    job->has_tail = time >= append->last;
    return !job->has_tail;
}

enum umm_status umm_convert_take_row(struct umm_convert_job *job,
                                     const struct umm_convert_origin *origin, struct umm_error *err)
{
    if (umm_convert_is_skipped(job, job->row.time))
        return UMM_OK;
    enum umm_status status = umm_convert_accept(job, origin, err);
    if (!status)
        job->result->inputs[job->result->n_inputs - 1].n_rows++;
    return status;
}
