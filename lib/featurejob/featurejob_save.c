/* SPDX-License-Identifier: MIT */
/* The state of a job, saved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "feature/plan.h"
#include "featurejob/featurejob_work.h"

char *umm_featurework_plan_text(const struct umm_featurework *work)
{
    const char *text = umm_features_text(work->options->features);
    const char *drop = work->options->warmup == UMM_WARMUP_DROP ? " warmup=drop" : " warmup=keep";
    size_t cap = strlen(text) + strlen(drop) + 1;
    char *out = malloc(cap);
    if (out)
        snprintf(out, cap, "%s%s", text, drop);
    return out;
}

static enum umm_status set_state(struct umm_checkpoint *c, enum umm_checkpoint_part_name name,
                                 const struct umm_features_state *state, struct umm_error *err)
{
    size_t len = umm_features_state_size(state);
    void *bytes = malloc(len);
    if (!bytes)
        return umm_error_set_memory(err, len, "a state");
    umm_features_state_save(state, bytes);
    enum umm_status status = umm_checkpoint_set(c, name, bytes, len, err);
    free(bytes);
    return status;
}

static enum umm_status set_texts(const struct umm_featurework *work, struct umm_checkpoint *c,
                                 struct umm_error *err)
{
    char *plan = umm_featurework_plan_text(work);
    if (!plan)
        return umm_error_set_memory(err, 0, "a plan");
    enum umm_status status = umm_checkpoint_set(c, UMM_CHECKPOINT_PLAN, plan, strlen(plan), err);
    free(plan);
    return status ? status
                  : umm_checkpoint_set(c, UMM_CHECKPOINT_INPUT, work->in.text,
                                       strlen(work->in.text), err);
}

static enum umm_status make_checkpoint(const struct umm_featurework *work, struct umm_checkpoint *c,
                                       struct umm_error *err)
{
    *c =
        (struct umm_checkpoint){.numerics = work->options->features->numerics,
                                .n_out_rows = umm_featurework_results(work, work->history.n_taken)};
    const bool is_growing = work->out.has_writer && work->options->is_append;
    enum umm_status status = set_texts(work, c, err);
    if (!status)
        status = umm_history_save(&work->history, c, err);
    if (!status)
        status = umm_outtail_save(is_growing ? work->out.writer : NULL, c, err);
    if (!status)
        status = set_state(c, UMM_CHECKPOINT_STATE, work->state.now, err);
    if (!status && work->history.has_before)
        status = set_state(c, UMM_CHECKPOINT_BEFORE, work->state.before, err);
    if (!status && !work->history.has_before)
        status = umm_checkpoint_set(c, UMM_CHECKPOINT_BEFORE, NULL, 0, err);
    return status;
}

enum umm_status umm_featurework_encode(const struct umm_featurework *work, char **bytes,
                                       size_t *len_bytes, struct umm_error *err)
{
    struct umm_checkpoint c;
    enum umm_status status = make_checkpoint(work, &c, err);
    if (!status)
        status = umm_checkpoint_encode(&c, bytes, len_bytes, err);
    umm_checkpoint_free(&c);
    return status;
}

enum umm_status umm_featurework_save(struct umm_featurework *work, struct umm_error *err)
{
    struct umm_checkpoint c = {.n_rows = 0};
    /* A stream that goes on, after the rows that it has; anything else is committed by now. */
    enum umm_status status = umm_resultwriter_sync(work->out.writer, err);
    if (!status && work->out.store.store)
        status = umm_resultstore_sync(&work->out.store, err);
    if (!status)
        status = make_checkpoint(work, &c, err);
    if (!status)
        status = umm_checkpoint_save(&c, work->options->state, err);
    umm_checkpoint_free(&c);
    work->state.n_saved = work->history.n_taken;
    return status;
}

enum umm_status umm_featurework_write_state(struct umm_featurework *work, struct umm_outfile *file,
                                            struct umm_error *err)
{
    struct umm_checkpoint c = {.n_rows = 0};
    enum umm_status status = make_checkpoint(work, &c, err);
    if (!status)
        status = umm_checkpoint_write(&c, work->options->state, work->options->is_state_swept, file,
                                      err);
    umm_checkpoint_free(&c);
    return status;
}
