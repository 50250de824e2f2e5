/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "feature/feature.h"
#include "feature/recur.h"
#include "featurejob/featurejob_work.h"
#include "time/time_civil.h"

enum { RAW_BYTES_MAX = 16 * 1024 * 1024, PACKED_BYTES = 256 * 1024 };

/* ---- room ------------------------------------------------------------------------ */

/* len bytes of what is left at *room, and as much more as keeps the next ones aligned. */
static void *take_room(char **room, size_t len)
{
    enum { ALIGN = 64 };
    char *piece = *room;
    *room += (len + ALIGN - 1) / ALIGN * ALIGN;
    return piece;
}

/* Columns, results, times and raw bytes of n rows: one piece of memory for all. */
static bool make_columns(struct umm_featurework *work, size_t n, size_t n_out)
{
    enum { SLACK = 128 }; /* for each piece's alignment, and the whole's */
    const size_t n_pieces = UMM_BARREADER_COLUMNS + n_out + 2;
    char *room =
        malloc(n * work->in.row_bytes + (n_pieces - 1) * n * sizeof(double) + n_pieces * SLACK);
    work->space->room = room;
    if (!room)
        return false;
    room += (64 - (uintptr_t)room % 64) % 64;
    for (unsigned i = 0; i < UMM_BARREADER_COLUMNS; i++)
        if (work->in.reader->wanted & 1U << i)
            work->in.columns[i] = take_room(&room, n * sizeof(double));
    for (size_t i = 0; i < n_out; i++)
        work->out.columns[i] = take_room(&room, n * sizeof(double));
    work->in.times = take_room(&room, n * sizeof *work->in.times);
    work->in.raw = take_room(&room, n * work->in.row_bytes);
    return true;
}

/* As many rows at once as recurrences like, fewer where rows are large, or few come. */
enum umm_status umm_featurework_make_rows(struct umm_featurework *work, struct umm_error *err)
{
    const size_t n_out = umm_features_n_outputs(work->options->features), size = work->in.row_bytes;
    const size_t most = 2 * (size_t)UMM_RECUR_ROWS;
    const size_t least = (size_t)work->options->holdback + 2 * UMM_CHECKPOINT_RING_ROWS;
    size_t n = RAW_BYTES_MAX / size < most ? RAW_BYTES_MAX / size : most;
    if (work->out.emit || n < least)
        n = least;
    else if (work->options->is_prompt && n > least + UMM_FEATURE_BLOCK)
        n = least + UMM_FEATURE_BLOCK;
    if (work->in.is_counted && n > least && work->in.n_coming < n - least)
        n = least + (size_t)work->in.n_coming;
    work->in.cap_rows = n;
    work->out.columns = calloc(n_out, sizeof *work->out.columns);
    work->out.shifted = calloc(n_out, sizeof *work->out.shifted);
    bool is_made = work->out.columns && work->out.shifted && make_columns(work, n, n_out);
    return is_made ? UMM_OK : umm_error_set_memory(err, n * size, "rows");
}

void umm_featurework_free_rows(struct umm_featurework *work)
{
    free(work->out.packed);
    work->out.packed = NULL;
    if (!work->space || work->is_space_lent)
        return;
    free(work->out.columns);
    free(work->out.shifted);
    free(work->space->room);
    work->out.columns = work->out.shifted = NULL;
    work->space->room = NULL;
}

void umm_featurework_borrow(struct umm_featurework *work, const struct umm_featurework *model)
{
    work->space = model->space;
    work->is_space_lent = true;
    work->in.reader = model->in.reader;
    work->in.text = model->in.text;
    work->in.row_bytes = model->in.row_bytes;
    work->in.cap_rows = model->in.cap_rows;
    work->in.raw = model->in.raw;
    work->in.times = model->in.times;
    memcpy(work->in.columns, model->in.columns, sizeof work->in.columns);
    work->out.rows = model->out.rows;
    work->out.columns = model->out.columns;
    work->out.shifted = model->out.shifted;
}

/* ---- times ----------------------------------------------------------------------- */

/* Of a month's last day, another's last day: bars of months fall on the 31st, the 28th, ... */
static struct umm_time after(struct umm_time time, const struct umm_timeframe *frame)
{
    const int64_t day_seconds = 86400, months_per_year = 12;
    int64_t year;
    int month, day;
    if (frame->n_months == 0) {
        time.sec += frame->n_seconds;
        return time;
    }
    int64_t days = time.sec / day_seconds - (time.sec % day_seconds < 0);
    umm_time_civil_from_days(days, &year, &month, &day);
    const bool is_last = day == umm_time_days_in_month(year, month);
    int64_t months = month - 1 + frame->n_months;
    year += months / months_per_year;
    month = (int)(months % months_per_year) + 1;
    int last = umm_time_days_in_month(year, month);
    int64_t then = umm_time_days_from_civil(year, month, is_last || day > last ? last : day);
    time.sec += (then - days) * day_seconds;
    return time;
}

/* Whether the time `to` is later than a timeframe after the time `from`. */
static bool is_gap(const struct umm_featurework *work, int64_t from, int64_t to)
{
    struct umm_time a, b;
    if (!umm_barreader_time(&work->in.reader->time_type, from, &a) ||
        !umm_barreader_time(&work->in.reader->time_type, to, &b))
        return false;
    a = after(a, &work->options->timeframe);
    return umm_arraycolumn_compare(&b, &a) > 0;
}

static bool is_open(const struct umm_featurework *work, int64_t begin)
{
    struct umm_time time;
    if (!umm_barreader_time(&work->in.reader->time_type, begin, &time))
        return false;
    time = after(time, &work->options->timeframe);
    return umm_arraycolumn_compare(&time, &work->options->closed_at) > 0;
}

static enum umm_status refuse_time(const struct umm_featurework *work, uint64_t row, int64_t time,
                                   int64_t last, struct umm_error *err)
{
    char a[UMM_TIME_ISO_MAX], b[UMM_TIME_ISO_MAX];
    umm_barreader_time_text(&work->in.reader->time_type, time, a);
    if (time == last)
        return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                  "row %" PRIu64 ": the time %s is that of the row before", row, a);
    return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                              "row %" PRIu64 ": the time %s is before %s of the row before", row, a,
                              umm_barreader_time_text(&work->in.reader->time_type, last, b));
}

static enum umm_status note_gap(struct umm_featurework *work, uint64_t row, int64_t from,
                                int64_t to, struct umm_error *err)
{
    char a[UMM_TIME_ISO_MAX], b[UMM_TIME_ISO_MAX];
    if (work->options->gap == UMM_GAP_ERROR)
        return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                  "row %" PRIu64 ": a gap, from %s to %s", row,
                                  umm_barreader_time_text(&work->in.reader->time_type, from, a),
                                  umm_barreader_time_text(&work->in.reader->time_type, to, b));
    if (work->result->n_gaps++ == 0)
        work->result->gap_row = row;
    return UMM_OK;
}

/* The times of the next n rows go up; *n_closed of them are of bars that have ended. */
static enum umm_status check_times(struct umm_featurework *work, size_t n, size_t *n_closed,
                                   struct umm_error *err)
{
    const bool has_gaps = work->options->gap != UMM_GAP_ALLOW;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n; i++) {
        const int64_t time = work->in.times[i];
        const bool has_last = work->history.has_last || i > 0;
        const int64_t last = i > 0 ? work->in.times[i - 1] : work->history.last_time;
        if (has_last && time <= last)
            status = refuse_time(work, work->history.n_taken + i, time, last, err);
        else if (work->options->is_closed_only && is_open(work, time)) {
            *n_closed = i;
            return UMM_OK;
        } else if (has_gaps && has_last && is_gap(work, last, time))
            status = note_gap(work, work->history.n_taken + i, last, time, err);
    }
    *n_closed = n;
    return status;
}

/* ---- rows ------------------------------------------------------------------------ */

/* Rows first..first+n of what is in the columns, through the plan. */
static enum umm_status compute(struct umm_featurework *work, size_t first, size_t n,
                               struct umm_error *err)
{
    const double *in[UMM_BARREADER_COLUMNS];
    for (unsigned i = 0; i < UMM_BARREADER_COLUMNS; i++)
        in[i] = work->in.columns[i] ? work->in.columns[i] + first : NULL;
    for (size_t i = 0; i < work->out.rows->n_outputs; i++)
        work->out.shifted[i] = work->out.columns[i] + first;
    const struct umm_bars bars = {in[0], in[1], in[2], in[3], in[4], in[5]};
    enum umm_status status =
        umm_features_take(work->state.now, &bars, n, work->run, work->out.shifted, err);
    if (status == UMM_ERR_DATA && err)
        umm_error_at(err, work->in.name, 0, 0, 0);
    return status;
}

static enum umm_status put_lines(struct umm_featurework *work, size_t first, size_t n,
                                 struct umm_error *err)
{
    struct umm_resultwriter *writer = work->out.writer;
    enum umm_status status = UMM_OK;
    for (size_t i = first; !status && i < first + n; i++) {
        char *end = umm_resultrows_print(work->out.rows, work->in.times[i], work->out.columns, i,
                                         umm_resultwriter_line(writer));
        status = umm_resultwriter_end_line(writer, end, err);
    }
    return status;
}

/* The results of rows first..first+n to the writer, in strips that stay in the cache. */
static enum umm_status put_results(struct umm_featurework *work, size_t first, size_t n,
                                   struct umm_error *err)
{
    const size_t size = work->out.rows->row_bytes, end = first + n;
    const size_t step = size < PACKED_BYTES ? PACKED_BYTES / size : 1;
    enum umm_status status = UMM_OK;
    if (work->options->format == UMM_RESULT_CSV)
        return put_lines(work, first, n, err);
    if (!work->out.packed)
        work->out.packed = malloc(step * size);
    if (!work->out.packed)
        return umm_error_set_memory(err, step * size, "rows of results");
    for (; !status && first < end; first += step) {
        const size_t m = end - first < step ? end - first : step;
        status = umm_resultrows_pack(work->out.rows, work->in.times, work->out.columns, first, m,
                                     work->out.packed, err);
        if (!status)
            status = umm_resultwriter_put(work->out.writer, work->out.packed, m, err);
    }
    return status;
}

/* Take the first n rows of raw: all but the last one, then that. */
static enum umm_status take_rows(struct umm_featurework *work, size_t n, struct umm_error *err)
{
    enum umm_status status = n > 1 ? compute(work, 0, n - 1, err) : UMM_OK;
    work->out.is_torn = true;
    if (status)
        return status;
    umm_features_state_copy(work->state.before, work->state.now);
    status = compute(work, n - 1, 1, err);
    if (status)
        return status;
    const uint64_t n_before = work->history.n_taken;
    const uint64_t skip = n_before < work->out.drop ? work->out.drop - n_before : 0;
    umm_history_take(&work->history, work->in.raw, work->in.times, n);
    work->result->first_time = work->history.first_time;
    work->result->n_new += n;
    if (work->out.has_writer && skip < n) {
        work->result->n_written += n - skip;
        status = put_results(work, (size_t)skip, n - (size_t)skip, err);
    }
    if (work->out.emit && skip < n) {
        work->result->n_written += n - skip;
        status = work->out.emit(work->out.emit_user, work, (size_t)skip, n - (size_t)skip, err);
    }
    work->out.is_torn = status != UMM_OK;
    return status;
}

/* Take n of the rows in raw, as far as their bars have ended. */
static enum umm_status process(struct umm_featurework *work, size_t n, struct umm_error *err)
{
    size_t n_closed = 0;
    if (n == 0 || work->in.is_ended)
        return UMM_OK;
    enum umm_status status =
        umm_barreader_read(work->in.reader, work->in.raw, n, work->history.n_taken, work->in.times,
                           work->in.columns, err);
    if (status && err && !err->path[0])
        umm_error_at(err, work->in.name, 0, 0, 0);
    if (!status)
        status = check_times(work, n, &n_closed, err);
    if (!status && n_closed > 0)
        status = take_rows(work, n_closed, err);
    work->in.is_ended = n_closed < n;
    work->in.n_raw -= n_closed;
    memmove(work->in.raw, work->in.raw + n_closed * work->in.row_bytes,
            work->in.n_raw * work->in.row_bytes);
    return status;
}

/* After rows came from a pipe that is followed. */
static enum umm_status go_on(struct umm_featurework *work, struct umm_error *err)
{
    const uint64_t every = work->options->checkpoint_rows;
    enum umm_status status =
        work->out.has_writer ? umm_resultwriter_flush(work->out.writer, err) : UMM_OK;
    work->out.is_torn = work->out.is_torn || status;
    if (status || !every || work->history.n_taken - work->state.n_saved < every ||
        !work->options->state)
        return status;
    return umm_featurework_save(work, err);
}

enum umm_status umm_featurework_take(struct umm_featurework *work, const char *rows, uint64_t n,
                                     struct umm_error *err)
{
    const size_t holdback = (size_t)work->options->holdback, size = work->in.row_bytes;
    enum umm_status status = UMM_OK;
    while (!status && n > 0) {
        if (work->in.n_raw == work->in.cap_rows)
            status = process(work, work->in.n_raw - holdback, err);
        if (status || work->in.is_ended) {
            work->result->n_held += n;
            return status;
        }
        size_t m = work->in.cap_rows - work->in.n_raw;
        m = n < m ? (size_t)n : m;
        memcpy(work->in.raw + work->in.n_raw * size, rows, m * size);
        work->in.n_raw += m;
        work->history.position += m;
        rows += m * size;
        n -= m;
    }
    if (!status && work->options->is_prompt && work->in.n_raw > holdback)
        status = process(work, work->in.n_raw - holdback, err);
    return !status && work->options->is_prompt ? go_on(work, err) : status;
}

enum umm_status umm_featurework_finish(struct umm_featurework *work, struct umm_error *err)
{
    const size_t holdback = (size_t)work->options->holdback;
    enum umm_status status = UMM_OK;
    if (work->in.n_raw > holdback)
        status = process(work, work->in.n_raw - holdback, err);
    work->result->n_held += work->in.n_raw;
    return status;
}
