/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "feature/plan.h"
#include "featurejob/featurejob_work.h"
#include "sys/clock.h"

/* Say what can be done about a failure. */
static enum umm_status hint(const struct umm_featurework *work, enum umm_status status,
                            struct umm_error *err)
{
    const char *state = work->options->state;
    if (!status || status == UMM_ERR_SYSTEM ||
        (state && umm_checkpoint_check_replaced(state, NULL)))
        return status;
    return umm_error_hint(err, status, UMM_HINT_REBUILD);
}

static const struct umm_checkpoint_part *part_of(const struct umm_featurework *work,
                                                 enum umm_checkpoint_part_name name)
{
    return &work->state.checkpoint.parts[name];
}

/* ---- what decides the output ----------------------------------------------------- */

/* The next word of a list of features, or of the rules after it. */
static size_t word(const char **at)
{
    const char *ends = ", ";
    *at += strspn(*at, ends);
    return strcspn(*at, ends);
}

/* The first word that differs of two lists of words, cut for a message. */
static void first_difference(const char *a, const char *b, char out_a[UMM_EXCERPT_MAX],
                             char out_b[UMM_EXCERPT_MAX])
{
    size_t len_a = word(&a), len_b = word(&b);
    while (len_a && len_a == len_b && memcmp(a, b, len_a) == 0) {
        a += len_a;
        b += len_b;
        len_a = word(&a);
        len_b = word(&b);
    }
    umm_escape(out_a, UMM_EXCERPT_MAX, a, len_a);
    umm_escape(out_b, UMM_EXCERPT_MAX, b, len_b);
}

static enum umm_status check_plan(const struct umm_featurework *work, struct umm_error *err)
{
    const char *had = part_of(work, UMM_CHECKPOINT_PLAN)->bytes;
    char a[UMM_EXCERPT_MAX], b[UMM_EXCERPT_MAX];
    enum umm_status status = UMM_OK;
    char *text = umm_featurework_plan_text(work);
    if (!text)
        return umm_error_set_memory(err, strlen(had), "a plan");
    if (strcmp(text, had) != 0) {
        first_difference(had, text, a, b);
        status =
            umm_error_set_path(err, UMM_ERR_CONFLICT, work->options->state,
                               "the state is of other features or rules: \"%s\", not \"%s\"", a, b);
    }
    free(text);
    const unsigned numerics = work->options->features->numerics;
    if (!status && work->state.checkpoint.numerics != numerics)
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, work->options->state,
                                    "the state was made by arithmetic number %u, and this is "
                                    "number %u: the rows that follow would not fit those before",
                                    (unsigned)work->state.checkpoint.numerics, numerics);
    return status;
}

enum umm_status umm_featurework_count(struct umm_featurework *work, uint64_t n_wanted,
                                      uint64_t *n_rows, struct umm_error *err)
{
    const uint64_t step_ns = 20 * 1000 * 1000;
    enum { LOOKS_MAX = 50 };
    const char *input = work->options->input;
    for (int i = 0;; i++) {
        enum umm_status status =
            umm_rowsource_count(input, work->run, &work->in.is_random, n_rows, err);
        if (status || !work->in.is_random || *n_rows + 1 != n_wanted || i == LOOKS_MAX ||
            umm_run_is_cancelled(work->run))
            return status;
        umm_clock_sleep_until(umm_clock_monotonic_ns() + step_ns, work->run);
    }
}

enum umm_status umm_featurework_load(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    uint64_t n_rows = 0;
    enum umm_status status =
        umm_rowsource_count(o->input, work->run, &work->in.is_random, &n_rows, err);
    if (status || !o->state)
        return status;
    if (o->is_rebuild)
        return umm_checkpoint_check_replaced(o->state, err);
    status =
        umm_checkpoint_load(o->state, &work->state.checkpoint, &work->state.has_checkpoint, err);
    if (status || !work->state.has_checkpoint) {
        if (!status && o->is_verify)
            status =
                umm_error_set_path(err, UMM_ERR_CONFLICT, o->state, "there is no state to verify");
        return o->is_verify ? status : hint(work, status, err);
    }
    status = check_plan(work, err);
    /* No rows at all are not fewer than were taken, but nothing new, as of a pipe. */
    if (work->in.is_random && n_rows == 0 && !o->is_verify)
        work->in.is_random = false;
    if (!status && work->in.is_random && n_rows < work->state.checkpoint.n_rows)
        status = umm_featurework_count(work, work->state.checkpoint.n_rows, &n_rows, err);
    if (!status && work->in.is_random && n_rows < work->state.checkpoint.n_rows)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                    "has %" PRIu64 " rows, fewer than the %" PRIu64
                                    " that the state has taken",
                                    n_rows, work->state.checkpoint.n_rows);
    if (!status && work->in.is_random && !o->is_verify) {
        work->in.is_counted = true;
        work->in.n_coming = n_rows - work->state.checkpoint.n_rows;
    }
    return hint(work, status, err);
}

/* ---- taking up a state ----------------------------------------------------------- */

static enum umm_status load_words(struct umm_featurework *work, enum umm_checkpoint_part_name name,
                                  struct umm_features_state *state, uint64_t n_rows,
                                  struct umm_error *err)
{
    const struct umm_checkpoint_part *part = part_of(work, name);
    enum umm_status status = umm_features_state_load(state, part->bytes, part->len_bytes, err);
    if (!status && umm_features_state_rows(state) == n_rows)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, work->options->state,
                              "the state is damaged: it does not fit its features");
}

static enum umm_status check_parts(const struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = &work->state.checkpoint;
    const size_t size = work->in.row_bytes, ring = part_of(work, UMM_CHECKPOINT_RING)->len_bytes;
    const uint64_t n_ring = ring / size;
    const size_t last = part_of(work, UMM_CHECKPOINT_LAST_OUT)->len_bytes;
    if (strcmp(part_of(work, UMM_CHECKPOINT_INPUT)->bytes, work->in.text) != 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                  "its rows are %.160s; those that the state has taken were %.160s",
                                  work->in.text, part_of(work, UMM_CHECKPOINT_INPUT)->bytes);
    if (ring % size == 0 && n_ring <= UMM_CHECKPOINT_RING_ROWS && n_ring <= c->n_rows &&
        (n_ring > 0 || c->n_rows == 0) && part_of(work, UMM_CHECKPOINT_FIRST)->len_bytes == size &&
        c->n_out_rows == umm_featurework_results(work, c->n_rows) &&
        (last == 0 || last == work->out.rows.row_bytes) &&
        c->n_out_tail <= UMM_CHECKPOINT_TAIL_ROWS &&
        c->n_out_tail < (c->n_out_rows ? c->n_out_rows : 1))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, work->options->state,
                              "the state is damaged: it does not fit its rows");
}

enum umm_status umm_featurework_resume(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = &work->state.checkpoint;
    enum umm_status status = check_parts(work, err);
    if (!status)
        status = load_words(work, UMM_CHECKPOINT_STATE, work->state.now, c->n_rows, err);
    work->state.has_before = part_of(work, UMM_CHECKPOINT_BEFORE)->len_bytes > 0;
    if (!status && work->state.has_before)
        status = load_words(work, UMM_CHECKPOINT_BEFORE, work->state.before,
                            c->n_rows - (c->n_rows > 0), err);
    if (status)
        return hint(work, status, err);
    memcpy(work->state.first_row, part_of(work, UMM_CHECKPOINT_FIRST)->bytes, work->in.row_bytes);
    work->state.n_ring = part_of(work, UMM_CHECKPOINT_RING)->len_bytes / work->in.row_bytes;
    memcpy(work->state.ring, part_of(work, UMM_CHECKPOINT_RING)->bytes,
           work->state.n_ring * work->in.row_bytes);
    work->state.history = c->history;
    work->state.history_before = c->history_before;
    work->state.n_taken = work->state.n_saved = work->result->n_before = c->n_rows;
    work->state.last_time = c->last_time;
    work->state.has_last = c->n_rows > 0;
    work->result->first_time = c->first_time;
    return UMM_OK;
}

/* ---- the output that is there ---------------------------------------------------- */

enum umm_status umm_featurework_check_output(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = &work->state.checkpoint;
    const struct umm_checkpoint_part *last = part_of(work, UMM_CHECKPOINT_LAST_OUT);
    struct umm_resultwriter *writer = &work->out.writer;
    enum umm_status status = UMM_OK;
    if (c->n_out_rows == 0)
        return umm_resultwriter_keep(writer, 0, err);
    if (last->len_bytes == 0)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, work->options->state,
                                    "the state was saved by runs that did not append");
    else if (writer->n_old + 1 < c->n_out_rows)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, work->options->output,
                                    "has %" PRIu64 " rows, fewer than the %" PRIu64
                                    " that the state has written",
                                    writer->n_old, c->n_out_rows);
    if (status)
        return hint(work, status, err);
    /* The last row may be missing, or another: a run was killed while it changed it. */
    uint64_t n_sure = writer->n_old < c->n_out_rows ? c->n_out_rows - 1 : c->n_out_rows;
    status = umm_resultwriter_keep(writer, n_sure, err);
    if (status)
        return status;
    work->out.is_last_undone =
        n_sure < c->n_out_rows ||
        memcmp(writer->tail + (writer->n_tail - 1) * work->out.rows.row_bytes, last->bytes,
               last->len_bytes) != 0;
    size_t n_before = writer->n_tail - (n_sure == c->n_out_rows);
    const char *begin =
        writer->tail + (n_before - (n_before < c->n_out_tail ? n_before : c->n_out_tail)) *
                           work->out.rows.row_bytes;
    if (n_before < c->n_out_tail ||
        umm_hash64(begin, c->n_out_tail * work->out.rows.row_bytes, 0) != c->out_tail_hash ||
        (work->out.is_last_undone && !work->state.has_before))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, work->options->output,
                                    "its rows are not those that the state has written");
    return hint(work, status, err);
}

/* ---- rows that come again -------------------------------------------------------- */

static enum umm_status time_of(const struct umm_featurework *work, const char *row, uint64_t number,
                               int64_t *time, struct umm_error *err)
{
    const struct umm_barreader reader = {.columns = {work->in.reader.columns[0]},
                                         .row_bytes = work->in.row_bytes,
                                         .time_type = work->in.reader.time_type};
    double *none[UMM_BARREADER_COLUMNS] = {NULL};
    return umm_barreader_read(&reader, row, 1, number, time, none, err);
}

/* Forget the last row that was taken: it is taken again. */
static enum umm_status undo_last(struct umm_featurework *work, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    umm_features_state_copy(work->state.now, work->state.before);
    work->state.history = work->state.history_before;
    work->state.has_before = false;
    work->state.n_taken--;
    work->state.n_ring--;
    work->result->is_revised = true;
    work->state.has_last = work->state.n_ring > 0;
    if (work->state.has_last)
        status = time_of(work, work->state.ring + (work->state.n_ring - 1) * work->in.row_bytes,
                         work->state.n_taken - 1, &work->state.last_time, err);
    const uint64_t n_out = umm_featurework_results(work, work->state.n_taken);
    if (status || !work->out.has_writer || work->options->format != UMM_RESULT_NPY ||
        work->out.writer_options.way == UMM_RESULT_FRESH)
        return status;
    return umm_resultwriter_keep(&work->out.writer, n_out, err);
}

/* The last row that was taken does not come again, and the output lacks what it gives. */
static enum umm_status replay_last(struct umm_featurework *work, struct umm_error *err)
{
    const char *last = work->state.ring + (work->state.n_ring - 1) * work->in.row_bytes;
    char *row = malloc(work->in.row_bytes);
    if (!row)
        return umm_error_set_memory(err, work->in.row_bytes, "a row");
    memcpy(row, last, work->in.row_bytes);
    work->in.position--;
    enum umm_status status = undo_last(work, err);
    if (!status)
        status = umm_featurework_take(work, row, 1, err);
    free(row);
    return status;
}

/* Which row of the input the first one of a pipe or a text is. */
static enum umm_status place(struct umm_featurework *work, const char *row, struct umm_error *err)
{
    char a[UMM_TIME_ISO_MAX], b[UMM_TIME_ISO_MAX];
    const struct umm_checkpoint *c = &work->state.checkpoint;
    int64_t time, other;
    work->in.is_placed = true;
    work->in.position = 0;
    work->in.is_seen_whole = true;
    if (!work->state.has_checkpoint || work->state.n_taken == 0)
        return UMM_OK;
    enum umm_status status = time_of(work, row, 0, &time, err);
    if (status || time == c->first_time)
        return status;
    work->in.is_seen_whole = false;
    work->in.position = work->state.n_taken;
    if (time > c->last_time)
        return work->out.is_last_undone ? replay_last(work, err) : UMM_OK;
    for (size_t i = 0; i < work->state.n_ring; i++) {
        work->in.position = work->state.n_taken - work->state.n_ring + i;
        status = time_of(work, work->state.ring + i * work->in.row_bytes, work->in.position, &other,
                         err);
        if (status || time == other)
            return status;
    }
    status =
        umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                           "begins at %s, which is neither the state's first row nor after "
                           "its last, of %s",
                           umm_barreader_time_text(&work->in.reader.time_type, time, a),
                           umm_barreader_time_text(&work->in.reader.time_type, c->last_time, b));
    return hint(work, status, err);
}

static enum umm_status refuse_change(const struct umm_featurework *work, const char *row,
                                     struct umm_error *err)
{
    char text[UMM_TIME_ISO_MAX];
    int64_t time;
    enum umm_status status = time_of(work, row, work->in.position, &time, err);
    if (status)
        return status;
    umm_barreader_time_text(&work->in.reader.time_type, time, text);
    if (work->in.position + 1 == work->state.n_taken && time == work->state.checkpoint.last_time)
        return umm_error_hint(
            err,
            umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                               "the last row that the state has taken, of %s, is another now",
                               text),
            UMM_HINT_REVISE_LAST);
    return hint(work,
                umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                   "row %" PRIu64
                                   ", of %s, is not what it was when the state took it",
                                   work->in.position, text),
                err);
}

/* The row at position, which was taken before. *is_new: it is to be taken again. */
static enum umm_status check_row(struct umm_featurework *work, const char *row, bool *is_new,
                                 struct umm_error *err)
{
    const size_t size = work->in.row_bytes;
    const uint64_t ring_first = work->state.n_taken - work->state.n_ring;
    const bool is_last = work->in.position + 1 == work->state.n_taken;
    bool is_same = work->in.position > 0 || memcmp(row, work->state.first_row, size) == 0;
    enum umm_status status = UMM_OK;
    int64_t time;
    *is_new = false;
    if (is_last && work->in.is_seen_whole && work->state.has_before &&
        memcmp(&work->in.seen, &work->state.history_before, sizeof work->in.seen) != 0)
        return hint(work,
                    umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                       "the rows before row %" PRIu64
                                       " are not what they were when the state took them",
                                       work->in.position),
                    err);
    if (is_last || work->in.position >= ring_first)
        is_same =
            memcmp(row, work->state.ring + (work->in.position - ring_first) * size, size) == 0;
    if (is_last && work->state.has_before && !is_same && work->options->is_revise_last) {
        status = time_of(work, row, work->in.position, &time, err);
        *is_new = !status && time == work->state.checkpoint.last_time;
    }
    if (is_last && is_same && work->out.is_last_undone)
        *is_new = true;
    if (!status && !is_same && !*is_new)
        return refuse_change(work, row, err);
    if (!status && *is_new)
        return undo_last(work, err);
    if (work->in.is_seen_whole)
        umm_rowhash_add(&work->in.seen, row, 1, size);
    return status;
}

enum umm_status umm_featurework_check_rows(struct umm_featurework *work, const char *rows,
                                           uint64_t n, uint64_t *n_old, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    bool is_new = false;
    *n_old = 0;
    if (!work->in.is_placed && n > 0)
        status = place(work, rows, err);
    while (!status && *n_old < n && work->in.position < work->state.n_taken) {
        status = check_row(work, rows + *n_old * work->in.row_bytes, &is_new, err);
        if (status || is_new)
            break;
        ++*n_old;
        work->in.position++;
    }
    return status;
}
