/* SPDX-License-Identifier: MIT */
/* The state of a job: loaded, taken up, compared, saved. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "predict/predict_work.h"
#include "text/textbuf.h"

/* Changes when the bits of an answer do. */
enum { NUMERICS = 1 };

/* What every plan of such a state begins with; one of features never does. */
static const char KIND[] = "model ";

/* Say what can be done about a failure. */
static enum umm_status hint(const struct umm_predict_work *work, enum umm_status status,
                            struct umm_error *err)
{
    if (!status || status == UMM_ERR_SYSTEM ||
        umm_checkpoint_check_replaced(work->options->state, NULL))
        return status;
    return umm_error_hint(err, status, UMM_HINT_REBUILD);
}

/* ---- what decides the output ----------------------------------------------------- */

/*
 * The model and the options that decide an answer, as text. The hash is of what was read: files
 * that change while rows are answered are another model's.
 */
static enum umm_status make_plan_text(const struct umm_predict_work *work, char **text,
                                      struct umm_error *err)
{
    static const char *const nan[] = {"error", "nan", "pass"};
    const struct umm_predict_options *o = work->options;
    struct umm_textbuf out = {0};
    size_t len;
    umm_textbuf_add(&out, "%s%016" PRIx64, KIND, umm_model_file(o->model)->hash);
    umm_textbuf_add(&out, ", output %s", o->model_output ? o->model_output : "-");
    umm_textbuf_add(&out, ", columns %s", o->columns ? o->columns : "-");
    umm_textbuf_add(&out, ", id %s", o->id ? o->id : "-");
    umm_textbuf_add(&out, ", nan %s, %s", nan[o->nan], o->is_plain ? "plain" : "named");
    return umm_textbuf_take(&out, text, &len, err);
}

static enum umm_status check_plan(const struct umm_predict_work *work, struct umm_error *err)
{
    const char *had = work->checkpoint.parts[UMM_CHECKPOINT_PLAN].bytes;
    const size_t model = sizeof KIND - 1 + 16; /* the kind, and the hash */
    const char *state = work->options->state;
    char *text = NULL;
    if (strncmp(had, KIND, sizeof KIND - 1) != 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, state,
                                  "the state is none of a model's answers");
    enum umm_status status = make_plan_text(work, &text, err);
    if (status)
        return status;
    const bool is_same = strcmp(had, text) == 0, is_same_model = strncmp(had, text, model) == 0;
    free(text);
    if (!is_same)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, state,
                                  is_same_model ? "the state is of other options for the model"
                                                : "the state is of another model");
    if (work->checkpoint.numerics == NUMERICS)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, state,
                              "the state was made by arithmetic number %u, and this is number %d: "
                              "the rows that follow would not fit those before",
                              (unsigned)work->checkpoint.numerics, NUMERICS);
}

/* ---- loading --------------------------------------------------------------------- */

/* A file of rows has at least those that were taken; it is read from the last of them on. */
static enum umm_status check_rows_there(struct umm_predict_work *work, uint64_t n_rows,
                                        struct umm_error *err)
{
    const uint64_t n_taken = work->checkpoint.n_rows, ring = UMM_CHECKPOINT_RING_ROWS;
    enum umm_status status = UMM_OK;
    /* No rows at all are not fewer than were taken, but nothing new, as of a pipe. */
    if (n_rows == 0)
        work->in.is_random = false;
    if (!work->in.is_random)
        return UMM_OK;
    if (n_rows < n_taken)
        status = umm_history_count(work->options->input, n_taken, work->run, &work->in.is_random,
                                   &n_rows, err);
    if (!status && n_rows < n_taken)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                    "has %" PRIu64 " rows, fewer than the %" PRIu64
                                    " that the state has taken",
                                    n_rows, n_taken);
    work->history.position = n_taken > ring ? n_taken - ring : 0;
    work->history.is_placed = true;
    return status;
}

enum umm_status umm_predict_load(struct umm_predict_work *work, struct umm_error *err)
{
    const struct umm_predict_options *o = work->options;
    uint64_t n_rows = 0;
    enum umm_status status =
        umm_rowsource_count(o->input, work->run, &work->in.is_random, &n_rows, err);
    if (status || !o->state)
        return status;
    if (o->is_rebuild)
        return umm_checkpoint_check_replaced(o->state, err);
    status = umm_checkpoint_load(o->state, &work->checkpoint, &work->has_checkpoint, err);
    if (!status && !work->has_checkpoint)
        return o->is_verify ? umm_error_set_path(err, UMM_ERR_CONFLICT, o->state,
                                                 "there is no state to verify")
                            : UMM_OK;
    if (!status)
        status = check_plan(work, err);
    if (!status && !o->is_verify)
        status = check_rows_there(work, n_rows, err);
    return o->is_verify ? status : hint(work, status, err);
}

/* ---- taking it up ---------------------------------------------------------------- */

static enum umm_status check_parts(const struct umm_predict_work *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = &work->checkpoint;
    const char *had = c->parts[UMM_CHECKPOINT_INPUT].bytes;
    if (strcmp(had, work->in.text) != 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, work->in.name,
                                  "its rows are %.160s; those that the state has taken were %.160s",
                                  work->in.text, had);
    if (umm_history_fits(&work->history, c) && umm_outtail_fits(c, work->rows.row_bytes) &&
        c->n_out_rows == c->n_rows)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, work->options->state,
                              "the state is damaged: it does not fit its rows");
}

enum umm_status umm_predict_resume(struct umm_predict_work *work, struct umm_error *err)
{
    enum umm_status status = check_parts(work, err);
    if (status || work->options->is_verify)
        return hint(work, status, err);
    umm_history_load(&work->history, &work->checkpoint);
    work->history.has_before = work->history.n_taken > 0;
    work->result->n_before = work->history.n_taken;
    if (!work->in.is_random || work->history.position == 0)
        return UMM_OK;
    return umm_history_check_first(&work->history, work->options->input, &work->options->text, err);
}

static enum umm_status undo_last(void *user, struct umm_error *err)
{
    struct umm_predict_work *work = user;
    work->result->is_revised = true;
    enum umm_status status = umm_history_undo(&work->history, err);
    if (status || !work->has_writer || work->writer_options.way == UMM_RESULT_FRESH)
        return status;
    return umm_resultwriter_keep(&work->writer, work->history.n_taken, err);
}

static enum umm_status take_again(void *user, const char *row, struct umm_error *err)
{
    return umm_predict_take(user, row, 1, err);
}

enum umm_status umm_predict_check_rows(struct umm_predict_work *work, const char *rows, uint64_t n,
                                       uint64_t *n_old, struct umm_error *err)
{
    const struct umm_history_last last = {.may_change = work->options->is_revise_last,
                                          .is_undone = work->is_last_undone,
                                          .undo = undo_last,
                                          .take = take_again,
                                          .user = work};
    return umm_history_check_rows(&work->history, &last, rows, n, n_old, err);
}

/* ---- the end --------------------------------------------------------------------- */

enum umm_status umm_predict_compare(const struct umm_predict_work *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = &work->checkpoint;
    if (work->history.n_taken < c->n_rows)
        return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                  "ends after %" PRIu64 " of the %" PRIu64
                                  " rows that the state has taken",
                                  work->history.n_taken, c->n_rows);
    if (memcmp(&work->history.all, &c->history, sizeof c->history) != 0)
        return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                  "its rows are not what they were when the state took them");
    return UMM_OK;
}

static enum umm_status make_checkpoint(const struct umm_predict_work *work,
                                       struct umm_checkpoint *c, struct umm_error *err)
{
    const bool is_growing = work->has_writer && work->options->is_append;
    char *plan = NULL;
    *c = (struct umm_checkpoint){.numerics = NUMERICS, .n_out_rows = work->history.n_taken};
    enum umm_status status = make_plan_text(work, &plan, err);
    if (!status)
        status = umm_checkpoint_set(c, UMM_CHECKPOINT_PLAN, plan, strlen(plan), err);
    free(plan);
    if (!status)
        status =
            umm_checkpoint_set(c, UMM_CHECKPOINT_INPUT, work->in.text, strlen(work->in.text), err);
    if (!status)
        status = umm_history_save(&work->history, c, err);
    if (!status)
        status = umm_outtail_save(is_growing ? &work->writer : NULL, c, err);
    if (!status)
        status = umm_checkpoint_set(c, UMM_CHECKPOINT_STATE, NULL, 0, err);
    return status ? status : umm_checkpoint_set(c, UMM_CHECKPOINT_BEFORE, NULL, 0, err);
}

enum umm_status umm_predict_save(struct umm_predict_work *work, struct umm_error *err)
{
    struct umm_checkpoint c = {.n_rows = 0};
    enum umm_status status = umm_resultwriter_sync(&work->writer, err);
    if (!status)
        status = make_checkpoint(work, &c, err);
    if (!status)
        status = umm_checkpoint_save(&c, work->options->state, err);
    umm_checkpoint_free(&c);
    return status;
}
