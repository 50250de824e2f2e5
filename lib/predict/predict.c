/* SPDX-License-Identifier: MIT */
#include "predict/predict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "format/reserved.h"
#include "predict/predict_work.h"
#include "sys/clock.h"
#include "sys/outfile.h"
#include "sys/uptodate.h"

/* ---- options --------------------------------------------------------------------- */

static enum umm_status check_options(const struct umm_predict_options *o, struct umm_error *err)
{
    const char *problem = NULL;
    const bool is_stdout = o->output && strcmp(o->output, "-") == 0;
    if (o->is_append && (!o->state || !o->output))
        problem = "to append needs an output and a state";
    else if (o->is_append &&
             (o->format != UMM_RESULT_NPY || is_stdout || umm_output_is_entry(o->output)))
        problem = "only an .npy file can be appended to";
    else if (o->is_verify && o->output && (o->format != UMM_RESULT_NPY || is_stdout))
        problem = "only an .npy file can be verified";
    else if (o->is_verify && o->is_rebuild)
        problem = "to verify and to rebuild exclude each other";
    else if (o->is_prompt && o->output && o->format == UMM_RESULT_NPY)
        problem = "an .npy array cannot be followed: its header tells how long it is";
    else if (o->batch_rows > UINT32_MAX)
        problem = "too many rows at once";
    return problem ? umm_error_set(err, UMM_ERR_ARGUMENT, "%s", problem) : UMM_OK;
}

/* ---- the sink -------------------------------------------------------------------- */

static enum umm_status open_output(struct umm_predict_work *work, struct umm_error *err)
{
    const struct umm_predict_options *o = work->options;
    const struct umm_result_intent intent = {o->is_append, o->is_verify, o->is_rebuild,
                                             work->has_checkpoint};
    struct umm_resultwriter_options *w = &work->writer_options;
    *w = (struct umm_resultwriter_options){.path = o->output,
                                           .format = o->format,
                                           .is_synced = o->is_synced || o->state,
                                           .is_if_changed = o->is_if_changed,
                                           .pool_root = o->pool_root,
                                           .scratch_dir = o->scratch_dir,
                                           .npy = &work->rows.npy,
                                           .header = work->rows.header,
                                           .line_max = work->rows.line_max};
    enum umm_status status = umm_resultwriter_find_way(w, &intent, err);
    if (status)
        return status;
    work->has_writer = true;
    status = umm_resultwriter_open(&work->writer, w, work->run, err);
    if (status || w->way == UMM_RESULT_FRESH)
        return status;
    if (o->is_append && work->has_checkpoint && !o->is_verify)
        return umm_outtail_check(&work->writer, &work->checkpoint, o->state,
                                 work->history.has_before, &work->is_last_undone, err);
    return umm_resultwriter_keep(&work->writer, 0, err);
}

static enum umm_status begin(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct umm_predict_work *work = user;
    enum umm_status status = umm_predict_bind(work, npy, err);
    if (!status && work->has_checkpoint)
        status = umm_predict_resume(work, err);
    return !status && work->options->output ? open_output(work, err) : status;
}

/* With a state, only the rows that it has taken are verified. */
static enum umm_status take_verified(struct umm_predict_work *work, const char *rows, uint64_t n,
                                     struct umm_error *err)
{
    const uint64_t left =
        work->has_checkpoint ? work->checkpoint.n_rows - work->history.position : UINT64_MAX;
    return umm_predict_take(work, rows, n < left ? n : left, err);
}

static enum umm_status take(void *user, const char *rows, uint64_t n, struct umm_error *err)
{
    struct umm_predict_work *work = user;
    uint64_t n_old = 0;
    if (work->options->is_verify)
        return take_verified(work, rows, n, err);
    enum umm_status status = umm_predict_check_rows(work, rows, n, &n_old, err);
    if (status || n_old == n)
        return status;
    return umm_predict_take(work, rows + n_old * work->in.row_bytes, n - n_old, err);
}

/* ---- a run ----------------------------------------------------------------------- */

/* Whether answers, or a state, are out of our hands before all rows have come. */
static bool is_early(const struct umm_predict_options *o)
{
    return o->is_prompt || (o->output && !o->is_verify && !umm_output_is_entry(o->output) &&
                            umm_outfile_goes_to_stream(o->output));
}

static enum umm_status read_rows(struct umm_predict_work *work, struct umm_error *err)
{
    static const char no_cell[] = "\n"; /* no cell is that: one without a number has a place */
    const struct umm_predict_options *o = work->options;
    const struct umm_rowsource_sink sink = {.begin = begin, .take = take, .user = work};
    struct umm_rowsource_options options = {.text = o->text, .first_row = work->history.position};
    struct umm_reading_options *reading = &options.text.reading;
    struct umm_rowsource_result result;
    options.text.order = UMM_ORDER_KEEP;
    options.text.may_be_empty = work->has_checkpoint && !o->is_verify;
    reading->is_prompt = o->is_prompt;
    reading->unpack.is_checked_first = is_early(o);
    reading->schema.is_struct = true;
    reading->schema.choose = umm_modeltext_choose;
    reading->schema.choose_user = &work->in.chosen;
    if (!reading->instrument.one_series)
        reading->instrument.one_series = ""; /* rows of any series are answered alike */
    if (o->nan == UMM_PREDICT_NAN_ERROR)
        reading->na = no_cell;
    enum umm_status status = umm_rowsource_run(o->input, &options, &sink, work->run, &result, err);
    if (status && err && err->hint == UMM_HINT_MISSING)
        umm_error_hint(err, status, UMM_HINT_ANSWER_NAN);
    if (status)
        return status;
    work->result->n_rejected = result.n_rejected;
    work->result->n_passed_over = result.n_passed_over;
    work->result->n_held_bytes = result.n_held_bytes;
    return umm_predict_take_waiting(work, err);
}

/* All rows have come: the output, then the state. */
static enum umm_status finish(struct umm_predict_work *work, struct umm_error *err)
{
    const struct umm_predict_options *o = work->options;
    bool is_changed = false;
    enum umm_status status = UMM_OK;
    if (!o->is_verify)
        status =
            umm_history_check_end(&work->history, o->input, work->in.is_random, work->run, err);
    else if (work->has_checkpoint && work->has_writer &&
             work->history.n_taken >= work->checkpoint.n_rows)
        status = umm_outtail_check_kept(&work->writer, err);
    if (!status && work->has_writer)
        status = umm_resultwriter_commit(&work->writer, &is_changed, err);
    if (!status && o->is_verify)
        return work->has_checkpoint ? umm_predict_compare(work, err) : UMM_OK;
    const bool is_new =
        work->result->n_new > 0 || work->result->is_revised || !work->has_checkpoint;
    work->result->is_changed = is_changed || (o->state && is_new);
    const bool is_grown = is_changed && o->is_append; /* a state knows the end of such an output */
    return !status && o->state && (is_new || is_grown) ? umm_predict_save(work, err) : status;
}

/* What a pipe brought before a signal came will not come again: answers, then the state. */
static enum umm_status keep_taken(struct umm_predict_work *work, struct umm_error *err)
{
    bool is_changed;
    enum umm_status status = UMM_OK;
    if (work->has_writer && !umm_resultwriter_is_stream(&work->writer)) {
        work->writer.run = NULL;
        status = umm_resultwriter_commit(&work->writer, &is_changed, err);
    }
    if (!status)
        status = umm_predict_save(work, err);
    return status ? status : umm_error_set_cancelled(err);
}

static void fill_result(const struct umm_predict_work *work)
{
    struct umm_predict_result *result = work->result;
    result->n_out = work->has_writer ? work->writer.n_rows : 0;
    result->has_times = work->in.has_times && work->history.has_last;
    result->first_time = work->history.first_time;
    result->last_time = work->history.last_time;
}

static enum umm_status run_job(struct umm_predict_work *work, struct umm_error *err)
{
    const struct umm_predict_options *o = work->options;
    umm_model_info(o->model, &work->numbers.model);
    enum umm_status status = umm_predict_name_inputs(work, err);
    if (!status)
        status = umm_predict_load(work, err);
    if (!status)
        status = read_rows(work, err);
    if (!status)
        status = finish(work, err);
    else if (status == UMM_ERR_CANCELLED && o->is_prompt && o->state && !o->is_verify &&
             work->history.n_taken > 0 && !work->is_torn)
        status = keep_taken(work, err);
    fill_result(work);
    umm_resultwriter_close(&work->writer);
    umm_checkpoint_free(&work->checkpoint);
    umm_predict_free_rows(work);
    return status;
}

enum umm_status umm_predict_run(const struct umm_predict_options *options, struct umm_run *run,
                                struct umm_predict_result *result, struct umm_error *err)
{
    const uint64_t began_ns = umm_clock_run_ns(run);
    const bool is_stdin = strcmp(options->input, "-") == 0;
    struct umm_predict_work work = {.options = options,
                                    .in.name = is_stdin ? "<stdin>" : options->input,
                                    .result = result,
                                    .run = run};
    struct umm_lock state_lock = {.is_held = false}, output_lock = {.is_held = false};
    const bool has_lock = options->is_locked || (options->state && !options->is_verify);
    struct umm_uptodate inputs = {.newest_ns = 0};
    *result = (struct umm_predict_result){.n_before = 0};
    work.writer = umm_resultwriter_none();
    umm_uptodate_look(&inputs, options->input);
    enum umm_status status = check_options(options, err);
    if (!status && options->state && !options->is_verify) /* not when the output is there already */
        status = umm_reserved_check_path(options->state, err);
    if (!status && has_lock && options->state)
        status = umm_lock_take(&state_lock, options->state, options->lock_wait, run, err);
    if (!status && has_lock && options->output && (options->is_append || !options->state))
        status = umm_lock_take(&output_lock, options->output, options->lock_wait, run, err);
    if (!status)
        status = run_job(&work, err);
    if (!status && options->is_append && options->output && !options->is_verify)
        umm_uptodate_settle(&inputs, options->output);
    umm_lock_release(&output_lock);
    umm_lock_release(&state_lock);
    result->seconds = (double)(umm_clock_run_ns(run) - began_ns) * 1e-9;
    return status;
}
