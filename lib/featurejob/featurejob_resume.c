/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "feature/plan.h"
#include "featurejob/featurejob_work.h"

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
    return &work->state.checkpoint->parts[name];
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
    if (!status && work->state.checkpoint->numerics != numerics)
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, work->options->state,
                                    "the state was made by arithmetic number %u, and this is "
                                    "number %u: the rows that follow would not fit those before",
                                    (unsigned)work->state.checkpoint->numerics, numerics);
    return status;
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
        umm_checkpoint_load(o->state, work->state.checkpoint, &work->state.has_checkpoint, err);
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
    if (!status && work->in.is_random && n_rows < work->state.checkpoint->n_rows)
        status = umm_history_count(o->input, work->state.checkpoint->n_rows, work->run,
                                   &work->in.is_random, &n_rows, err);
    if (!status && work->in.is_random && n_rows < work->state.checkpoint->n_rows)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                    "has %" PRIu64 " rows, fewer than the %" PRIu64
                                    " that the state has taken",
                                    n_rows, work->state.checkpoint->n_rows);
    if (!status && work->in.is_random && !o->is_verify) {
        work->in.is_counted = true;
        work->in.n_coming = n_rows - work->state.checkpoint->n_rows;
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
    const struct umm_checkpoint *c = work->state.checkpoint;
    if (strcmp(part_of(work, UMM_CHECKPOINT_INPUT)->bytes, work->in.text) != 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                  "its rows are %.160s; those that the state has taken were %.160s",
                                  work->in.text, part_of(work, UMM_CHECKPOINT_INPUT)->bytes);
    if (umm_history_fits(&work->history, c) && umm_outtail_fits(c, work->out.rows->row_bytes) &&
        c->n_out_rows == umm_featurework_results(work, c->n_rows))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, work->options->state,
                              "the state is damaged: it does not fit its rows");
}

enum umm_status umm_featurework_resume(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = work->state.checkpoint;
    enum umm_status status = check_parts(work, err);
    if (!status)
        status = load_words(work, UMM_CHECKPOINT_STATE, work->state.now, c->n_rows, err);
    work->history.has_before = part_of(work, UMM_CHECKPOINT_BEFORE)->len_bytes > 0;
    if (!status && work->history.has_before)
        status = load_words(work, UMM_CHECKPOINT_BEFORE, work->state.before,
                            c->n_rows - (c->n_rows > 0), err);
    if (status)
        return hint(work, status, err);
    umm_history_load(&work->history, c);
    work->state.n_saved = work->result->n_before = c->n_rows;
    work->result->first_time = c->first_time;
    return UMM_OK;
}

/* ---- rows that come again -------------------------------------------------------- */

/* Forget the last row that was taken: it is taken again. */
static enum umm_status undo_last(struct umm_featurework *work, struct umm_error *err)
{
    umm_features_state_copy(work->state.now, work->state.before);
    work->result->is_revised = true;
    enum umm_status status = umm_history_undo(&work->history, err);
    const uint64_t n_out = umm_featurework_results(work, work->history.n_taken);
    if (status || !work->out.has_writer || work->options->format != UMM_RESULT_NPY ||
        work->out.writer_options->way == UMM_RESULT_FRESH)
        return status;
    return umm_resultwriter_keep(work->out.writer, n_out, err);
}

static enum umm_status undo(void *user, struct umm_error *err)
{
    return undo_last(user, err);
}

static enum umm_status take_again(void *user, const char *row, struct umm_error *err)
{
    return umm_featurework_take(user, row, 1, err);
}

enum umm_status umm_featurework_check_rows(struct umm_featurework *work, const char *rows,
                                           uint64_t n, uint64_t *n_old, struct umm_error *err)
{
    const struct umm_history_last last = {.may_change = work->options->is_revise_last,
                                          .is_undone = work->out.is_last_undone,
                                          .undo = undo,
                                          .take = take_again,
                                          .user = work};
    return umm_history_check_rows(&work->history, &last, rows, n, n_old, err);
}
