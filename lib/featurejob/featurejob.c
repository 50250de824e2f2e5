/* SPDX-License-Identifier: MIT */
#include "featurejob/featurejob.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "featurejob/featurejob_work.h"
#include "format/reserved.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "sys/uptodate.h"

const char umm_featurejob_no_checkpoint[] =
    "no checkpoints with a file as output: it is there at the end, and they before";

/* ---- options --------------------------------------------------------------------- */

static enum umm_status check_options(const struct umm_featurejob_options *o, struct umm_error *err)
{
    const uint64_t holdback_max = 1000000;
    const char *problem = NULL;
    if (o->is_append && (!o->state || !o->output))
        problem = "to append needs an output and a state";
    else if (o->is_append && (o->format != UMM_RESULT_NPY || strcmp(o->output, "-") == 0 ||
                              umm_output_is_entry(o->output)))
        problem = "only an .npy file can be appended to";
    else if (o->is_verify && !o->state && !o->output)
        problem = "to verify needs an output or a state";
    else if (o->is_verify && o->output &&
             (o->format != UMM_RESULT_NPY || strcmp(o->output, "-") == 0))
        problem = "only an .npy file can be verified";
    else if (o->is_verify && o->is_rebuild)
        problem = "to verify and to rebuild exclude each other";
    else if (o->warmup == UMM_WARMUP_EMPTY && o->format != UMM_RESULT_CSV)
        problem = "only CSV has empty cells";
    else if ((o->gap != UMM_GAP_ALLOW || o->is_closed_only) && o->timeframe.name[0] == '\0')
        problem = "gaps and closed bars need the timeframe";
    else if (o->holdback > holdback_max)
        problem = "too many rows to hold back";
    else if (o->store && (o->output || !o->is_prompt || o->is_verify))
        problem = "a store takes rows as they come, and is the only output then";
    else if (o->store && !o->id)
        problem = "a store needs an id for the row";
    else if (o->is_prompt && o->output && o->format == UMM_RESULT_NPY)
        problem = "an .npy array cannot be followed: its header tells how long it is";
    return problem ? umm_error_set(err, UMM_ERR_ARGUMENT, "%s", problem) : UMM_OK;
}

/* ---- the sink -------------------------------------------------------------------- */

static enum umm_status open_output(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    const struct umm_result_intent intent = {o->is_append, o->is_verify, o->is_rebuild,
                                             work->state.has_checkpoint};
    struct umm_resultwriter_options *w = work->out.writer_options;
    enum umm_status status = UMM_OK;
    if (!o->output)
        return UMM_OK;
    if (o->format == UMM_RESULT_CSV)
        status = umm_resultrows_header(work->out.rows, o->features, "", &work->out.header, err);
    *w = (struct umm_resultwriter_options){.path = o->output,
                                           .format = o->format,
                                           .is_synced = o->is_synced || o->state,
                                           .is_swept = o->is_output_swept,
                                           .is_one_of_many = work->is_one_of_many,
                                           .pool_root = o->pool_root,
                                           .scratch_dir = o->scratch_dir,
                                           .npy = &work->out.rows->npy,
                                           .header = work->out.header,
                                           .line_max = umm_resultrows_line_max(work->out.rows)};
    if (!status)
        status = umm_resultwriter_find_way(w, &intent, err);
    if (status)
        return status;
    work->out.has_writer = true;
    status = umm_resultwriter_open(work->out.writer, w, work->run, err);
    if (!status && o->checkpoint_rows && !umm_resultwriter_is_stream(work->out.writer))
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "%s", umm_featurejob_no_checkpoint);
    if (status || w->way == UMM_RESULT_FRESH)
        return status;
    if (o->is_append && work->state.has_checkpoint && !o->is_verify)
        return umm_outtail_check(work->out.writer, work->state.checkpoint, o->state,
                                 work->history.has_before, &work->out.is_last_undone, err);
    if (o->is_verify && !work->state.has_checkpoint)
        work->in.limit = work->out.writer->n_old + work->out.drop;
    return umm_resultwriter_keep(work->out.writer, 0, err);
}

static uint64_t longest_lookback(const struct umm_features *features)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < umm_features_n_outputs(features); i++)
        if (umm_features_lookback(features, i) > longest)
            longest = umm_features_lookback(features, i);
    return longest;
}

/* What rows are, and room for them. */
static enum umm_status make_space(struct umm_featurework *work, const struct umm_npy *npy,
                                  struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    struct umm_featurespace *space = calloc(1, sizeof *space);
    if (!space)
        return umm_error_set_memory(err, sizeof *space, "rows");
    work->space = space;
    work->in.reader = &space->reader;
    work->out.rows = &space->rows;
    enum umm_status status =
        umm_barreader_bind(&space->reader, npy, umm_features_columns(o->features), err);
    if (status) {
        if (err && !err->path[0])
            umm_error_at(err, work->in.name, 0, 0, 0);
        return status;
    }
    work->in.row_bytes = space->reader.row_bytes;
    status = umm_barreader_describe(npy, &space->text, err);
    work->in.text = space->text;
    if (!status)
        status = umm_resultrows_init(&space->rows, o->features, &space->reader.time_type,
                                     o->is_plain, err);
    space->rows.is_nan_empty = o->warmup == UMM_WARMUP_EMPTY;
    return status ? status : umm_featurework_make_rows(work, err);
}

static void free_space(struct umm_featurework *work)
{
    umm_featurework_free_rows(work);
    if (!work->space || work->is_space_lent)
        return;
    umm_resultrows_free(&work->space->rows);
    free(work->space->text);
    free(work->space);
    work->space = NULL;
}

enum umm_status umm_featurework_begin(struct umm_featurework *work, const struct umm_npy *npy,
                                      struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    enum umm_status status = work->space ? UMM_OK : make_space(work, npy, err);
    if (!status)
        status = umm_history_open(&work->history, work->in.name, work->in.reader,
                                  work->in.row_bytes, err);
    if (status)
        return status;
    work->result->time_type = work->in.reader->time_type;
    work->out.drop = o->warmup == UMM_WARMUP_DROP ? longest_lookback(o->features) : 0;
    if (work->state.has_checkpoint && !o->is_verify)
        status = umm_featurework_resume(work, err);
    if (!status && work->state.has_checkpoint && !o->is_verify && work->in.is_random &&
        work->history.position > 0)
        status = umm_history_check_first(&work->history, o->input, &o->text, err);
    return status;
}

static enum umm_status begin(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct umm_featurework *work = user;
    enum umm_status status = umm_featurework_begin(work, npy, err);
    return status ? status : open_output(work, err);
}

enum umm_status umm_featurework_feed(struct umm_featurework *work, const char *rows, uint64_t n,
                                     struct umm_error *err)
{
    uint64_t n_old = 0;
    if (work->options->is_verify) {
        uint64_t left = work->in.limit - work->history.position;
        return umm_featurework_take(work, rows, n < left ? n : left, err);
    }
    enum umm_status status = umm_featurework_check_rows(work, rows, n, &n_old, err);
    if (status || n_old == n)
        return status;
    return umm_featurework_take(work, rows + n_old * work->in.row_bytes, n - n_old, err);
}

/* Rows of one read: after it, readers of a store see the last of them. */
static enum umm_status take(void *user, const char *rows, uint64_t n, struct umm_error *err)
{
    struct umm_featurework *work = user;
    enum umm_status status = umm_featurework_feed(work, rows, n, err);
    return status || !work->options->store ? status : umm_resultstore_flush(&work->out.store, err);
}

static enum umm_status note(void *user, const struct umm_featurework *work, size_t first, size_t n,
                            struct umm_error *err)
{
    struct umm_featureoutput *out = user;
    return umm_resultstore_note(&out->store, &out->place, &work->in.reader->time_type,
                                work->in.times, work->out.columns, first, n, work->in.name, err);
}

/* Before the first row is read, and after the state is locked. */
static enum umm_status open_store(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    struct umm_featureoutput *out = &work->out;
    if (!o->store)
        return UMM_OK;
    enum umm_status status = umm_resultstore_open(&out->store, o->store, o->reach, o->features,
                                                  o->lock_wait == UMM_LOCK_FAIL, work->run, err);
    if (!status)
        status = umm_resultplace_init(&out->place, &out->store, o->id, strlen(o->id), err);
    out->emit = note;
    out->emit_user = out;
    return status;
}

/* The last of the rows that the state has taken. */
static bool last_time(void *user, struct umm_time *time)
{
    const struct umm_featurework *work = user;
    return work->history.has_last &&
           umm_barreader_time(&work->in.reader->time_type, work->history.last_time, time);
}

/* ---- a run ----------------------------------------------------------------------- */

/* Whether results, or a state, are out of our hands before all rows have come. */
static bool is_early(const struct umm_featurejob_options *o)
{
    return o->is_prompt || (o->output && !o->is_verify && !umm_output_is_entry(o->output) &&
                            umm_outfile_goes_to_stream(o->output));
}

static enum umm_status read_rows(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    const struct umm_rowsource_sink sink = {
        .begin = begin, .take = take, .last = last_time, .user = work};
    struct umm_rowsource_options options = {.text = o->text};
    struct umm_rowsource_result result;
    options.text.reading.is_prompt = o->is_prompt;
    options.text.reading.unpack.is_checked_first = is_early(o);
    /* A quiet night brings nothing new; a first input without rows is a wrong one. */
    options.text.may_be_empty = work->state.has_checkpoint && !o->is_verify;
    if (work->in.is_random && work->state.has_checkpoint && !o->is_verify) {
        const uint64_t n = work->state.checkpoint->n_rows, ring = UMM_CHECKPOINT_RING_ROWS;
        options.first_row = work->history.position = n > ring ? n - ring : 0;
        work->history.is_placed = true;
    }
    enum umm_status status = umm_rowsource_run(o->input, &options, &sink, work->run, &result, err);
    if (status)
        return status;
    work->result->n_rejected = result.n_rejected;
    work->result->n_passed_over = result.n_passed_over;
    work->result->n_held_bytes = result.n_held_bytes;
    return UMM_OK;
}

/* All rows have come: all but what makes the results visible. */
static enum umm_status finish(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    enum umm_status status = umm_featurework_finish(work, err);
    if (!status && !o->is_verify)
        status =
            umm_history_check_end(&work->history, o->input, work->in.is_random, work->run, err);
    if (!status && o->is_verify && work->state.has_checkpoint && work->out.has_writer &&
        work->history.n_taken >= work->state.checkpoint->n_rows)
        status = umm_outtail_check_kept(work->out.writer, err);
    if (!status && work->is_one_of_many && work->out.has_writer)
        status = umm_resultwriter_prepare(work->out.writer, err);
    return status;
}

enum umm_status umm_featurerun_commit(struct umm_featurerun *job, struct umm_error *err)
{
    struct umm_featurework *work = &job->work;
    const struct umm_featurejob_options *o = work->options;
    bool is_changed = false;
    enum umm_status status = UMM_OK;
    if (work->out.has_writer)
        status = umm_resultwriter_commit(work->out.writer, &is_changed, err);
    if (!status && o->store)
        status = umm_resultstore_finish(&work->out.store, err);
    is_changed = is_changed || work->out.store.n_put > 0;
    if (!status && o->is_verify)
        return work->state.has_checkpoint ? umm_featurework_compare(work, err) : UMM_OK;
    const bool is_new =
        work->result->n_new > 0 || work->result->is_revised || !work->state.has_checkpoint;
    work->result->is_changed = is_changed || (o->state && is_new);
    const bool is_grown = is_changed && o->is_append; /* a state knows the end of such an output */
    job->is_state_due = !status && o->state && (is_new || is_grown);
    return job->is_state_due && work->is_one_of_many
               ? umm_featurework_write_state(work, &job->state_file, err)
               : status;
}

enum umm_status umm_featurerun_settle(struct umm_featurerun *job, struct umm_error *err)
{
    const struct umm_featurejob_options *o = job->work.options;
    enum umm_status status = UMM_OK;
    if (job->is_state_due)
        status = job->work.is_one_of_many ? umm_outfile_commit(&job->state_file, NULL, NULL, err)
                                          : umm_featurework_save(&job->work, err);
    if (!status && o->is_append && o->output && !o->is_verify)
        umm_uptodate_settle(&job->inputs, o->output);
    return status;
}

/* What a pipe brought before a signal came will not come again: results, then the state. */
static enum umm_status keep_taken(struct umm_featurework *work, struct umm_error *err)
{
    bool is_changed;
    enum umm_status status = UMM_OK;
    if (work->out.has_writer && !umm_resultwriter_is_stream(work->out.writer)) {
        work->out.writer->run = NULL;
        status = umm_resultwriter_commit(work->out.writer, &is_changed, err);
    }
    if (!status)
        status = umm_featurework_save(work, err);
    return status ? status : umm_error_set_cancelled(err);
}

void umm_featurework_count(const struct umm_resultstore *store,
                           struct umm_featurejob_result *result)
{
    result->n_out = result->n_written = result->n_put = store->n_put;
    result->n_put_over = store->n_passed_over;
    result->n_kept = store->n_kept;
}

void umm_featurerun_fill(struct umm_featurerun *job)
{
    const struct umm_featurework *work = &job->work;
    struct umm_featurejob_result *result = work->result;
    if (!work->options)
        return;
    result->seconds = (double)(umm_clock_run_ns(work->run) - job->began_ns) * 1e-9;
    result->n_out = work->out.has_writer ? work->out.writer->n_rows : 0;
    if (work->options->store)
        umm_featurework_count(&work->out.store, result);
    result->has_times = work->history.has_last;
    result->last_time = work->history.last_time;
}

void umm_featurework_forget(struct umm_featurework *work)
{
    if (work->state.checkpoint)
        umm_checkpoint_free(work->state.checkpoint);
    free(work->state.checkpoint);
    work->state.checkpoint = NULL;
}

enum umm_status umm_featurework_open(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_features *features = work->options->features;
    work->state.checkpoint = calloc(1, sizeof *work->state.checkpoint);
    if (!work->state.checkpoint)
        return umm_error_set_memory(err, sizeof *work->state.checkpoint, "a state");
    enum umm_status status = umm_features_state_open(features, &work->state.now, err);
    if (!status)
        status = umm_features_state_open(features, &work->state.before, err);
    if (!status)
        status = umm_featurework_load(work, err);
    work->in.limit = work->state.has_checkpoint ? work->state.checkpoint->n_rows : UINT64_MAX;
    return status;
}

void umm_featurework_close(struct umm_featurework *work)
{
    if (work->out.writer)
        umm_resultwriter_close(work->out.writer);
    free(work->out.header);
    umm_resultplace_free(&work->out.place);
    umm_resultstore_close(&work->out.store);
    umm_featurework_forget(work);
    umm_history_close(&work->history);
    umm_features_state_close(work->state.now);
    umm_features_state_close(work->state.before);
    free_space(work);
}

static enum umm_status run_job(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_featurejob_options *o = work->options;
    enum umm_status status = open_store(work, err);
    if (!status)
        status = umm_featurework_open(work, err);
    if (!status)
        status = read_rows(work, err);
    if (!status)
        status = finish(work, err);
    else if (status == UMM_ERR_CANCELLED && o->is_prompt && o->state && work->history.n_taken > 0 &&
             !work->out.is_torn)
        status = keep_taken(work, err);
    return status;
}

static enum umm_status take_locks(struct umm_featurerun *job, struct umm_error *err)
{
    const struct umm_featurejob_options *o = job->work.options;
    struct umm_run *run = job->work.run;
    const bool has_lock = o->is_locked || (o->state && !o->is_verify);
    enum umm_status status = UMM_OK;
    if (has_lock && o->state)
        status = umm_lock_take(&job->state_lock, o->state, o->lock_wait, run, err);
    if (!status && has_lock && o->output && (o->is_append || !o->state))
        status = umm_lock_take(&job->output_lock, o->output, o->lock_wait, run, err);
    return status;
}

enum umm_status umm_featurerun_begin(struct umm_featurerun *job,
                                     const struct umm_featurejob_options *options,
                                     bool is_one_of_many, struct umm_run *run,
                                     struct umm_featurejob_result *result, struct umm_error *err)
{
    const bool is_stdin = strcmp(options->input, "-") == 0;
    *job = (struct umm_featurerun){.work = {.options = options,
                                            .in.name = is_stdin ? "<stdin>" : options->input,
                                            .result = result,
                                            .run = run,
                                            .is_one_of_many = is_one_of_many},
                                   .writer = umm_resultwriter_none(),
                                   .began_ns = umm_clock_run_ns(run)};
    *result = (struct umm_featurejob_result){.n_before = 0};
    job->work.out.writer = &job->writer;
    job->work.out.writer_options = &job->writer_options;
    umm_uptodate_look(&job->inputs, options->input);
    enum umm_status status = check_options(options, err);
    if (!status && options->state && !options->is_verify) /* not when the output is there already */
        status = umm_reserved_check_path(options->state, err);
    if (!status)
        status = take_locks(job, err);
    if (!status)
        status = run_job(&job->work, err);
    if (is_one_of_many)
        umm_featurework_free_rows(&job->work);
    return status;
}

void umm_featurerun_release(struct umm_featurerun *job)
{
    umm_lock_release(&job->output_lock);
    umm_lock_release(&job->state_lock);
}

void umm_featurerun_end(struct umm_featurerun *job)
{
    if (!job->work.options)
        return;
    umm_outfile_abort(&job->state_file);
    umm_featurework_close(&job->work);
    umm_featurerun_release(job);
    job->work.options = NULL;
}

enum umm_status umm_featurejob_run(const struct umm_featurejob_options *options,
                                   struct umm_run *run, struct umm_featurejob_result *result,
                                   struct umm_error *err)
{
    struct umm_featurerun job;
    enum umm_status status = umm_featurerun_begin(&job, options, false, run, result, err);
    if (!status)
        status = umm_featurerun_commit(&job, err);
    if (!status)
        status = umm_featurerun_settle(&job, err);
    umm_featurerun_fill(&job);
    umm_featurerun_end(&job);
    return status;
}
