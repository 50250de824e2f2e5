/* SPDX-License-Identifier: MIT */
#include "rowjob/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/clock.h"

enum umm_status umm_history_open(struct umm_history *history, const char *name,
                                 const struct umm_barreader *times, size_t row_bytes,
                                 struct umm_error *err)
{
    history->name = name;
    history->times = times;
    history->row_bytes = row_bytes;
    history->first_row = calloc(1, row_bytes);
    history->ring = malloc((UMM_CHECKPOINT_RING_ROWS + 1) * row_bytes);
    if (history->first_row && history->ring)
        return UMM_OK;
    return umm_error_set_memory(err, UMM_CHECKPOINT_RING_ROWS * row_bytes, "rows");
}

void umm_history_close(struct umm_history *history)
{
    free(history->first_row);
    free(history->ring);
    *history = (struct umm_history){.name = NULL};
}

/* ---- in a checkpoint ------------------------------------------------------------- */

bool umm_history_fits(const struct umm_history *history, const struct umm_checkpoint *c)
{
    const size_t size = history->row_bytes, ring = c->parts[UMM_CHECKPOINT_RING].len_bytes;
    const uint64_t n_ring = ring / size;
    return ring % size == 0 && n_ring <= UMM_CHECKPOINT_RING_ROWS && n_ring <= c->n_rows &&
           (n_ring > 0 || c->n_rows == 0) && c->parts[UMM_CHECKPOINT_FIRST].len_bytes == size;
}

void umm_history_load(struct umm_history *history, const struct umm_checkpoint *c)
{
    const struct umm_checkpoint_part *ring = &c->parts[UMM_CHECKPOINT_RING];
    memcpy(history->first_row, c->parts[UMM_CHECKPOINT_FIRST].bytes, history->row_bytes);
    memcpy(history->ring, ring->bytes, ring->len_bytes);
    history->n_ring = ring->len_bytes / history->row_bytes;
    history->all = c->history;
    history->before = c->history_before;
    history->n_taken = c->n_rows;
    history->first_time = c->first_time;
    history->last_time = c->last_time;
    history->has_last = c->n_rows > 0;
}

enum umm_status umm_history_save(const struct umm_history *history, struct umm_checkpoint *c,
                                 struct umm_error *err)
{
    c->n_rows = history->n_taken;
    c->n_bytes = history->n_taken * history->row_bytes;
    c->first_time = history->first_time;
    c->last_time = history->last_time;
    c->history = history->all;
    c->history_before = history->before;
    enum umm_status status =
        umm_checkpoint_set(c, UMM_CHECKPOINT_FIRST, history->first_row, history->row_bytes, err);
    return status ? status
                  : umm_checkpoint_set(c, UMM_CHECKPOINT_RING, history->ring,
                                       history->n_ring * history->row_bytes, err);
}

/* ---- the input ------------------------------------------------------------------- */

enum umm_status umm_history_count(const char *input, uint64_t n_wanted, struct umm_run *run,
                                  bool *is_random, uint64_t *n_rows, struct umm_error *err)
{
    const uint64_t step_ns = 20 * 1000 * 1000;
    enum { LOOKS_MAX = 50 };
    for (int i = 0;; i++) {
        enum umm_status status = umm_rowsource_count(input, run, is_random, n_rows, err);
        if (status || !*is_random || *n_rows + 1 != n_wanted || i == LOOKS_MAX ||
            umm_run_is_cancelled(run))
            return status;
        umm_clock_sleep_until(umm_clock_monotonic_ns() + step_ns, run);
    }
}

/* Row 0 by itself: the sink ends the reading after it, and that is no failure. */
struct one_row {
    char *row;
    size_t row_bytes;
    bool is_there;
};

static enum umm_status begin_one(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct one_row *one = user;
    (void)err;
    one->row_bytes = (size_t)umm_npy_row_bytes(npy);
    one->row = malloc(one->row_bytes);
    return one->row ? UMM_OK : umm_error_set_memory(err, one->row_bytes, "a row");
}

static enum umm_status take_one(void *user, const char *rows, uint64_t n, struct umm_error *err)
{
    struct one_row *one = user;
    (void)n;
    (void)err;
    memcpy(one->row, rows, one->row_bytes);
    one->is_there = true;
    return UMM_ERR_CANCELLED;
}

enum umm_status umm_history_check_first(const struct umm_history *history, const char *input,
                                        const struct umm_convert_options *text,
                                        struct umm_error *err)
{
    struct one_row one = {.row = NULL};
    const struct umm_rowsource_sink sink = {.begin = begin_one, .take = take_one, .user = &one};
    const struct umm_rowsource_options from_start = {.text = *text};
    struct umm_rowsource_result result;
    enum umm_status status = umm_rowsource_run(input, &from_start, &sink, NULL, &result, err);
    if (one.is_there)
        status = UMM_OK;
    if (!status && one.row_bytes == history->row_bytes &&
        memcmp(one.row, history->first_row, one.row_bytes) != 0) {
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                                    "row 0 is not what it was when the state took it");
        umm_error_hint(err, status, UMM_HINT_REBUILD);
    }
    free(one.row);
    return status;
}

/* ---- rows that come again -------------------------------------------------------- */

static enum umm_status time_of(const struct umm_history *history, const char *row, uint64_t number,
                               int64_t *time, struct umm_error *err)
{
    const struct umm_barreader reader = {.columns = {history->times->columns[0]},
                                         .row_bytes = history->row_bytes,
                                         .time_type = history->times->time_type};
    double *none[UMM_BARREADER_COLUMNS] = {NULL};
    return umm_barreader_read(&reader, row, 1, number, time, none, err);
}

/* The stream begins at none of the rows that could be. */
static enum umm_status refuse_place(const struct umm_history *history, int64_t time,
                                    struct umm_error *err)
{
    char a[UMM_TIME_ISO_MAX], b[UMM_TIME_ISO_MAX];
    const struct umm_npy_type *type = &history->times->time_type;
    umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                       "begins at %s, which is neither the state's first row nor after "
                       "its last, of %s",
                       umm_barreader_time_text(type, time, a),
                       umm_barreader_time_text(type, history->last_time, b));
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REBUILD);
}

/* Which row of the input the first one of a pipe or a text is. */
static enum umm_status find_place(struct umm_history *history, const char *row,
                                  struct umm_error *err)
{
    int64_t time, other;
    history->is_placed = true;
    history->position = 0;
    history->is_seen_whole = true;
    if (history->n_taken == 0 || !history->times)
        return UMM_OK;
    enum umm_status status = time_of(history, row, 0, &time, err);
    if (status || time == history->first_time)
        return status;
    history->is_seen_whole = false;
    history->position = history->n_taken;
    if (time > history->last_time)
        return UMM_OK;
    for (size_t i = 0; i < history->n_ring; i++) {
        history->position = history->n_taken - history->n_ring + i;
        status = time_of(history, history->ring + i * history->row_bytes, history->position, &other,
                         err);
        if (status || time == other)
            return status;
    }
    return refuse_place(history, time, err);
}

/* The row at position is not what it was. */
static enum umm_status refuse_row(const struct umm_history *history, const char *row,
                                  struct umm_error *err)
{
    char text[UMM_TIME_ISO_MAX];
    int64_t time;
    if (!history->times) {
        umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                           "row %" PRIu64 " is not what it was when the state took it",
                           history->position);
        return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REBUILD);
    }
    enum umm_status status = time_of(history, row, history->position, &time, err);
    if (status)
        return status;
    umm_barreader_time_text(&history->times->time_type, time, text);
    if (history->position + 1 == history->n_taken && time == history->last_time) {
        umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                           "the last row that the state has taken, of %s, is another now", text);
        return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REVISE_LAST);
    }
    umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                       "row %" PRIu64 ", of %s, is not what it was when the state took it",
                       history->position, text);
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REBUILD);
}

/*
 * The row at position, below n_taken: it must be as it was. *is_other, and no failure: it is the
 * last one, of the same time, and another now.
 */
static enum umm_status compare_row(const struct umm_history *history, const char *row,
                                   bool *is_other, struct umm_error *err)
{
    const size_t size = history->row_bytes;
    const uint64_t ring_first = history->n_taken - history->n_ring;
    const bool is_last = history->position + 1 == history->n_taken;
    bool is_same = history->position > 0 || memcmp(row, history->first_row, size) == 0;
    enum umm_status status = UMM_OK;
    int64_t time;
    *is_other = false;
    if (is_last && history->is_seen_whole && history->has_before &&
        memcmp(&history->seen, &history->before, sizeof history->seen) != 0) {
        umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                           "the rows before row %" PRIu64
                           " are not what they were when the state took them",
                           history->position);
        return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REBUILD);
    }
    if (is_last || history->position >= ring_first)
        is_same = memcmp(row, history->ring + (history->position - ring_first) * size, size) == 0;
    if (is_same)
        return UMM_OK;
    if (is_last && history->times) {
        status = time_of(history, row, history->position, &time, err);
        *is_other = !status && time == history->last_time;
    }
    return status || *is_other ? status : refuse_row(history, row, err);
}

/* The last row that was taken does not come again, and the output lacks what it gives. */
static enum umm_status replay_last(struct umm_history *history, const struct umm_history_last *last,
                                   struct umm_error *err)
{
    const size_t size = history->row_bytes;
    char *row = malloc(size);
    if (!row)
        return umm_error_set_memory(err, size, "a row");
    memcpy(row, history->ring + (history->n_ring - 1) * size, size);
    history->position--;
    enum umm_status status = last->undo(last->user, err);
    if (!status)
        status = last->take(last->user, row, err);
    free(row);
    return status;
}

static enum umm_status place(struct umm_history *history, const struct umm_history_last *last,
                             const char *row, struct umm_error *err)
{
    enum umm_status status = find_place(history, row, err);
    const bool is_after = !history->is_seen_whole && history->position == history->n_taken;
    return !status && is_after && last->is_undone ? replay_last(history, last, err) : status;
}

/* The row at position, which was taken before. *is_new: it is to be taken again. */
static enum umm_status check_row(struct umm_history *history, const struct umm_history_last *last,
                                 const char *row, bool *is_new, struct umm_error *err)
{
    const bool is_last = history->position + 1 == history->n_taken;
    bool is_other;
    enum umm_status status = compare_row(history, row, &is_other, err);
    if (status)
        return status;
    if (is_other && !(history->has_before && last->may_change))
        return refuse_row(history, row, err);
    *is_new = is_other || (is_last && last->is_undone);
    if (*is_new)
        return last->undo(last->user, err);
    if (history->is_seen_whole)
        umm_rowhash_add(&history->seen, row, 1, history->row_bytes);
    history->position++;
    return UMM_OK;
}

enum umm_status umm_history_check_rows(struct umm_history *history,
                                       const struct umm_history_last *last, const char *rows,
                                       uint64_t n, uint64_t *n_old, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    bool is_new = false;
    *n_old = 0;
    if (!history->is_placed && n > 0)
        status = place(history, last, rows, err);
    while (!status && !is_new && *n_old < n && history->position < history->n_taken) {
        status = check_row(history, last, rows + *n_old * history->row_bytes, &is_new, err);
        *n_old += !status && !is_new;
    }
    return status;
}

enum umm_status umm_history_check_end(const struct umm_history *history, const char *input,
                                      bool is_random, struct umm_run *run, struct umm_error *err)
{
    uint64_t n_rows = history->position;
    enum umm_status status = UMM_OK;
    if (!history->is_placed || history->position >= history->n_taken)
        return UMM_OK;
    if (is_random && history->position + 1 == history->n_taken)
        status = umm_history_count(input, history->n_taken, run, &is_random, &n_rows, err);
    if (status || n_rows >= history->n_taken)
        return status;
    umm_error_set_path(err, UMM_ERR_CONFLICT, history->name,
                       "ends at row %" PRIu64 ", before the %" PRIu64
                       " rows that the state has taken",
                       history->position, history->n_taken);
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REBUILD);
}

/* ---- new rows -------------------------------------------------------------------- */

static void remember(struct umm_history *history, const char *rows, size_t n)
{
    const size_t size = history->row_bytes, cap = UMM_CHECKPOINT_RING_ROWS;
    size_t fresh = n < cap ? n : cap;
    size_t stay = history->n_ring + fresh > cap ? cap - fresh : history->n_ring;
    memmove(history->ring, history->ring + (history->n_ring - stay) * size, stay * size);
    memcpy(history->ring + stay * size, rows + (n - fresh) * size, fresh * size);
    history->n_ring = stay + fresh;
}

static void keep(struct umm_history *history, const char *rows, size_t n)
{
    const size_t size = history->row_bytes;
    umm_rowhash_add(&history->all, rows, n - 1, size);
    history->before = history->all;
    history->has_before = true;
    umm_rowhash_add(&history->all, rows + (n - 1) * size, 1, size);
    if (history->n_taken == 0)
        memcpy(history->first_row, rows, size);
    remember(history, rows, n);
}

void umm_history_take(struct umm_history *history, const char *rows, const int64_t *times, size_t n)
{
    if (history->n_taken == 0)
        history->first_time = times ? times[0] : 0;
    history->last_time = times ? times[n - 1] : 0;
    history->has_last = true;
    if (!history->is_unkept)
        keep(history, rows, n);
    history->n_taken += n;
}

enum umm_status umm_history_undo(struct umm_history *history, struct umm_error *err)
{
    history->all = history->before;
    history->has_before = false;
    history->n_taken--;
    history->n_ring--;
    history->has_last = history->n_ring > 0;
    if (!history->has_last || !history->times)
        return UMM_OK;
    return time_of(history, history->ring + (history->n_ring - 1) * history->row_bytes,
                   history->n_taken - 1, &history->last_time, err);
}
