/* SPDX-License-Identifier: MIT */
#include "watch/watchjob.h"

#include <string.h>

#include "sys/clock.h"
#include "watch/watch_work.h"

static enum umm_status open_state(struct umm_watch_work *work, struct umm_error *err)
{
    const struct umm_watch_options *options = work->options;
    const struct umm_watchstate_options state = {.path = options->state,
                                                 .lock_wait = options->lock_wait,
                                                 .is_synced = options->is_synced,
                                                 .is_input_clock = options->is_input_clock};
    if (!options->state)
        return UMM_OK;
    enum umm_status status =
        umm_watchstate_open(&state, work->list, work->run, &work->state, &work->found, err);
    if (status)
        return status;
    work->result->n_restored = work->found.n_positions;
    work->result->cut_bytes = work->found.cut_bytes;
    if (work->found.is_there)
        work->clock_ms = work->found.clock_ms;
    return umm_watch_save(work, err);
}

/* ---- the run --------------------------------------------------------------------- */

/*
 * Also after a bad event or a signal: what was taken is not lost. A snapshot would say that looks
 * were done; with the events alone they come once more.
 */
static enum umm_status keep_last(struct umm_watch_work *work, struct umm_error *err)
{
    if (!work->state)
        return UMM_OK;
    return work->is_torn ? umm_watchstate_flush(work->state, err) : umm_watch_keep(work, true, err);
}

static enum umm_status work_through(struct umm_watch_work *work, struct umm_error *err)
{
    struct umm_error saving;
    enum umm_status status = open_state(work, err);
    umm_watchlist_stats(work->list, &work->before);
    if (!status)
        status =
            work->options->is_input_clock ? umm_watch_replay(work, err) : umm_watch_live(work, err);
    umm_watch_tell_untold(work);
    const enum umm_status last = keep_last(work, &saving);
    if (!status && last && err)
        *err = saving;
    umm_watch_fill_result(work);
    umm_watchstate_close(work->state);
    return status ? status : last;
}

enum umm_status umm_watch_run(const struct umm_watch_options *options, struct umm_run *run,
                              struct umm_watch_result *result, struct umm_error *err)
{
    const uint64_t begin_ns = umm_clock_run_ns(run);
    struct umm_watchcommand command = {.batch = NULL};
    struct umm_watch_work work = {.options = options,
                                  .run = run,
                                  .result = result,
                                  .input_name = options->input && strcmp(options->input, "-") == 0
                                                    ? "<stdin>"
                                                    : options->input,
                                  .clock_ms = INT64_MIN,
                                  .levels = options->rules};
    *result = (struct umm_watch_result){.seconds = 0};
    if (work.levels.n_levels == 0)
        umm_watch_default_levels(&work.levels);
    enum umm_status status = umm_watchlist_open(&work.levels, &work.list, err);
    if (status)
        return status;
    if (options->command) {
        status = umm_watchcommand_open(&command, options->command, options->envp,
                                       options->scratch_dir, (size_t)options->batch_size, err);
        work.command = &command;
    }
    if (!status)
        status = work_through(&work, err);
    umm_watchcommand_close(&command);
    umm_watchlist_close(work.list);
    result->seconds = (double)(umm_clock_run_ns(run) - begin_ns) / 1e9;
    return status;
}
