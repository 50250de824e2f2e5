/* SPDX-License-Identifier: MIT */
/*
 * A local time that the zone has twice means the earlier instant before the clock was set
 * back, the later one after it. Where rows come in order their local times go back once in
 * between; then it is known, and rows that were held until then are taken. Where they do not
 * go back, both are possible, and the rows are refused.
 *
 *     00:30  01:00  01:30  01:00  01:30  02:00     local, oldest first
 *            held.......   goes back: held are the earlier, these the later
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hint.h"
#include "convert/convert_job.h"

/* ---- which way rows go ------------------------------------------------------------ */

/* 1 oldest first, -1 newest first, 0 not known yet. */
static int direction_of(const struct umm_convert_job *job, int64_t earlier, int64_t later)
{
    const struct umm_convert_fold *fold = &job->fold;
    const struct umm_sequence *sequence = &job->result->sequence;
    if (job->order == UMM_ORDER_CHECK)
        return 1;
    if (sequence->direction)
        return sequence->direction;
    if (!fold->has_before)
        return 0;
    return fold->before < earlier ? 1 : fold->before > later ? -1 : 0;
}

/* Whether two rows of one time cannot be: then the second is of the other instant. */
static bool is_strict(const struct umm_convert_job *job)
{
    return job->options->dedup == UMM_DEDUP_ERROR;
}

/* The last time of rows before this file's, which these follow. */
static bool find_start(const struct umm_convert_job *job, int64_t *start)
{
    const struct umm_convert_result *result = job->result;
    if (result->sequence.n_rows)
        *start = result->sequence.max;
    else if (result->is_append && job->target->append.n_old)
        *start = job->target->append.last;
    else
        return false;
    return true;
}

/* Whether the rows before already tell that the first row of such an hour is after the change. */
static bool begins_past(const struct umm_convert_job *job)
{
    const struct umm_convert_fold *fold = &job->fold;
    if (fold->direction < 0)
        return fold->has_before &&
               (fold->before < fold->later || (is_strict(job) && fold->before == fold->later));
    return fold->has_before &&
           (fold->before > fold->earlier || (is_strict(job) && fold->before == fold->earlier));
}

/*
 * Whether rows that the file's follow end within the second of the two hours: then so do these,
 * unless their own order tells otherwise, as it does for rows that an array has already.
 */
static bool begins_after(const struct umm_convert_job *job)
{
    const struct umm_convert_fold *fold = &job->fold;
    int64_t start;
    return fold->direction > 0 && !fold->has_before && find_start(job, &start) &&
           start > fold->earlier && start <= fold->later;
}

/* ---- rows that are held -------------------------------------------------------------- */

static enum umm_status hold(struct umm_convert_job *job, const struct umm_placed_record *placed,
                            struct umm_error *err)
{
    struct umm_convert_fold *fold = &job->fold;
    const size_t row_bytes = job->schema.row_bytes;
    if (fold->n_held == fold->cap_held) {
        const size_t cap = 2 * fold->cap_held + 64;
        struct umm_convert_folded *held = realloc(fold->held, cap * sizeof *held);
        if (held)
            fold->held = held;
        char *rows = held ? realloc(fold->held_rows, cap * row_bytes + 1) : NULL;
        if (!rows)
            return umm_error_set_memory(err, cap * row_bytes, "rows of an hour that occurs twice");
        fold->held_rows = rows;
        fold->cap_held = cap;
    }
    memcpy(fold->held_rows + fold->n_held * row_bytes, job->row.bytes, row_bytes);
    fold->held[fold->n_held++] = (struct umm_convert_folded){
        job->row.read.value, job->row.read.later, placed ? placed->line : 0};
    return UMM_OK;
}

/* What is said if nothing tells: the row's text is gone then. */
static void prepare_refusal(struct umm_convert_job *job, const struct umm_placed_record *placed)
{
    const struct umm_reading *reading = &job->reading;
    const size_t index = (size_t)job->schema.time_index;
    const struct umm_found *found = &reading->found[index];
    struct umm_csv_field text, second = {.text = NULL};
    char joined[UMM_CELLS_JOINED_MAX];
    if (found->second >= 0)
        second = reading->fields[found->second];
    if (!umm_cells_time_text(&reading->cells, index, reading->fields[found->first], second, joined,
                             &text))
        return;
    umm_cells_refuse_folded(&reading->cells, index, text, &job->fold.refusal);
    umm_reading_place(reading, placed, (size_t)found->first, &job->fold.refusal);
}

/* Whether a time comes twice among the rows that are held: it could be of both hours. */
static bool has_equal(const struct umm_convert_fold *fold)
{
    size_t i = 1;
    while (i < fold->n_held && fold->held[i].earlier != fold->held[i - 1].earlier)
        i++;
    return i < fold->n_held;
}

static enum umm_status refuse(struct umm_convert_job *job, struct umm_error *err)
{
    if (!err)
        return UMM_ERR_DATA;
    *err = job->fold.refusal;
    if (!is_strict(job) && has_equal(&job->fold))
        umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_TIME_FOLD_EQUAL);
    umm_convert_settle_line(job, err);
    return UMM_ERR_DATA;
}

/* Take job->row as one of its two instants. */
static enum umm_status take_as(struct umm_convert_job *job, bool is_later,
                               const struct umm_placed_record *placed, struct umm_error *err)
{
    const struct umm_convert_origin origin = {.placed = placed, .line = placed->line};
    enum umm_status status = UMM_OK;
    job->row.time = job->row.read.value;
    if (is_later)
        status = umm_cells_take_later(&job->reading.cells, &job->row, err);
    job->fold.has_before = true;
    job->fold.before = job->row.time;
    return status ? status : umm_convert_take_row(job, &origin, err);
}

static enum umm_status take_held_row(struct umm_convert_job *job, size_t i, bool is_later,
                                     struct umm_error *err)
{
    const struct umm_convert_folded *held = &job->fold.held[i];
    /* Its text is gone; nor can it be out of order. */
    const struct umm_placed_record placed = {.record = {.text = ""}, .line = held->line};
    memcpy(job->row.bytes, job->fold.held_rows + i * job->schema.row_bytes, job->schema.row_bytes);
    job->row.read.value = held->earlier;
    job->row.read.later = held->later;
    return take_as(job, is_later, &placed, err);
}

/* It is known of which of their two times the rows are that are held; job->row stays. */
static enum umm_status take_held(struct umm_convert_job *job, bool is_later, struct umm_error *err)
{
    struct umm_convert_fold *fold = &job->fold;
    const struct umm_cell_time read = job->row.read;
    const int64_t time = job->row.time;
    const size_t n = fold->n_held;
    enum umm_status status = hold(job, NULL, err); /* job->row itself, meanwhile */
    for (size_t i = 0; !status && i < n; i++)
        status = take_held_row(job, i, is_later, err);
    if (!status)
        memcpy(job->row.bytes, fold->held_rows + n * job->schema.row_bytes, job->schema.row_bytes);
    job->row.read = read;
    job->row.time = time;
    fold->n_held = 0;
    return status;
}

/* No more rows of the hour follow. */
static enum umm_status settle(struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_convert_fold *fold = &job->fold;
    if (fold->n_held == 0)
        return UMM_OK;
    return fold->is_after ? take_held(job, true, err) : refuse(job, err);
}

/* ---- rows, one after the other --------------------------------------------------------- */

/* The first row of such an hour. */
static enum umm_status begin(struct umm_convert_job *job, const struct umm_placed_record *placed,
                             struct umm_error *err)
{
    struct umm_convert_fold *fold = &job->fold;
    fold->is_on = true;
    fold->earlier = job->row.read.value;
    fold->later = job->row.read.later;
    fold->direction = direction_of(job, fold->earlier, fold->later);
    fold->is_past = begins_past(job);
    fold->is_after = begins_after(job);
    prepare_refusal(job, placed);
    return fold->direction ? UMM_OK : refuse(job, err);
}

/* Whether the row is of the hour that rows come of: what the two could mean overlaps. */
static bool is_of_it(const struct umm_convert_fold *fold, const struct umm_cell_time *read)
{
    return fold->is_on && read->value < fold->later && fold->earlier < read->later;
}

enum umm_status umm_convert_fold_take(struct umm_convert_job *job,
                                      const struct umm_placed_record *placed, struct umm_error *err)
{
    struct umm_convert_fold *fold = &job->fold;
    const int64_t now = job->row.read.value;
    enum umm_status status = UMM_OK;
    if (!is_of_it(fold, &job->row.read)) {
        status = settle(job, err);
        if (!status)
            status = begin(job, placed, err);
    } else if (!fold->is_past) {
        const bool is_back = fold->direction > 0 ? now < fold->last : now > fold->last;
        fold->is_past = is_back || (now == fold->last && is_strict(job));
        if (fold->is_past)
            status = take_held(job, fold->direction < 0, err);
    }
    fold->last = now;
    if (status)
        return status;
    return fold->is_past ? take_as(job, fold->direction > 0, placed, err) : hold(job, placed, err);
}

enum umm_status umm_convert_fold_pass(struct umm_convert_job *job, int64_t last,
                                      struct umm_error *err)
{
    struct umm_convert_fold *fold = &job->fold;
    enum umm_status status = settle(job, err);
    fold->is_on = false;
    fold->has_before = true;
    fold->before = last;
    return status;
}

enum umm_status umm_convert_fold_end(struct umm_convert_job *job, struct umm_error *err)
{
    struct umm_convert_fold *fold = &job->fold;
    enum umm_status status = settle(job, err);
    fold->is_on = fold->has_before = false;
    return status;
}

void umm_convert_fold_free(struct umm_convert_fold *fold)
{
    free(fold->held);
    free(fold->held_rows);
}
