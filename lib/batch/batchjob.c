/* SPDX-License-Identifier: MIT */
#include "batch/batchjob.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "batch/batchjob_work.h"
#include "batch/orphans.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/progress.h"

/* Of events: those of slot i are 2 * i and 2 * i + 1. */
enum { SIGNAL_TAG = 2 * UMM_BATCH_JOBS_MAX, OUTPUT_TAG, ERROR_TAG };

/* The journal is synced once for all that a second brought. */
static const uint64_t SYNC_NS = 1000000000;

/* ---- what is set up -------------------------------------------------------------- */

void umm_batchjob_key(const struct umm_batchjob_options *options, struct umm_batchjournal_key *key)
{
    const struct umm_batchitems *items = options->items;
    uint64_t hash = options->is_by_input;
    for (char *const *word = options->command; *word; word++)
        hash = umm_hash64(*word, strlen(*word) + 1, hash);
    *key = (struct umm_batchjournal_key){.n_items = items->n,
                                         .n_all = items->n_all,
                                         .index = items->shard.index,
                                         .count = items->shard.count ? items->shard.count : 1,
                                         .list_hash = items->hash,
                                         .command_hash = hash};
}

/* What a word takes of the room for arguments: its bytes and its address. */
static uint64_t word_bytes(const char *word)
{
    return strlen(word) + 1 + sizeof word;
}

/*
 * The kernel allows 128 KiB for one argument, a quarter of the stack for all, and no more than
 * three quarters of the usual stack of 8 MiB.
 */
static enum umm_status check_arguments(struct umm_batchjob *job, struct umm_error *err)
{
    enum { ONE_MAX = 131072, SLACK = 8192, ALL_MAX = 6 << 20 };
    const struct umm_batchitems *items = job->options->items;
    const uint64_t most = umm_children_arguments_max_bytes();
    uint64_t used = SLACK;
    for (char *const *word = job->options->command; *word; word++)
        used += word_bytes(*word);
    for (char *const *word = job->envp; *word; word++)
        used += word_bytes(*word);
    job->arguments_bytes = most < ALL_MAX ? most : ALL_MAX;
    job->arguments_bytes -= used < job->arguments_bytes ? used : job->arguments_bytes;
    for (uint64_t i = 0; i < items->n; i++) {
        const uint64_t n = word_bytes(umm_batchitems_get(items, i));
        if (n - sizeof(char *) <= ONE_MAX && n <= job->arguments_bytes)
            continue;
        (void)umm_error_set(err, UMM_ERR_DATA,
                            "item %" PRIu64 " is longer than an argument may be: %" PRIu64 " bytes",
                            umm_batchitems_number(items, i), n - 1 - sizeof(char *));
        return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_ITEMS_INPUT);
    }
    return UMM_OK;
}

/* The environment with the run's mark in place of another's. */
static enum umm_status mark_environment(struct umm_batchjob *job, uint64_t mark,
                                        struct umm_error *err)
{
    const size_t n_name = strlen(UMM_BATCH_MARK_NAME "=");
    size_t n = 0, at = 0;
    while (job->options->envp[n])
        n++;
    char **envp = calloc(n + 2, sizeof *envp);
    char *text = malloc(UMM_BATCH_MARK_MAX);
    if (!envp || !text) {
        free((void *)envp);
        free(text);
        return umm_error_set_memory(err, (n + 2) * sizeof *envp, "an environment");
    }
    umm_orphans_mark(mark, text);
    envp[at++] = text;
    for (size_t i = 0; i < n; i++)
        if (strncmp(job->options->envp[i], UMM_BATCH_MARK_NAME "=", n_name) != 0)
            envp[at++] = job->options->envp[i];
    job->envp = envp;
    return UMM_OK;
}

static enum umm_status copy_command(struct umm_batchjob *job, struct umm_error *err)
{
    while (job->options->command[job->n_words])
        job->n_words++;
    job->n_argv_max = job->n_words + 1;
    job->argv = calloc(job->n_argv_max, sizeof *job->argv);
    if (!job->argv)
        return umm_error_set_memory(err, job->n_argv_max * sizeof *job->argv, "arguments");
    for (size_t i = 0; i < job->n_words; i++)
        job->argv[i] = job->options->command[i];
    return UMM_OK;
}

/* What earlier runs did, and what they left. */
static enum umm_status take_past(struct umm_batchjob *job, struct umm_batchjournal_past *past,
                                 const struct umm_batch_runner *runner, struct umm_error *err)
{
    struct umm_batchjob_result *result = job->result;
    enum umm_status status = umm_orphans_end(past, runner, job->run, &result->n_orphans, err);
    if (status || !past->is_there)
        return status;
    if (job->options->is_retrying)
        umm_batchjournal_past_retry(past, job->options->items->n);
    job->states = past->states;
    past->states = NULL;
    result->n_before = result->n_done = past->n_done;
    result->n_failed = past->n_failed;
    job->n_settled = past->n_done + past->n_failed;
    result->failures = past->failures;
    result->n_failures = past->n_failures;
    past->failures = NULL;
    past->n_failures = 0;
    return UMM_OK;
}

static enum umm_status open_journal(struct umm_batchjob *job, struct umm_error *err)
{
    const struct umm_batchjob_options *options = job->options;
    struct umm_batchjournal_past past = {.is_there = false};
    struct umm_batchjournal_key key;
    struct umm_batch_runner runner;
    umm_batchjob_key(options, &key);
    enum umm_status status = umm_orphans_runner(&runner, err);
    if (!status)
        status = umm_batchjournal_open(&job->journal, options->journal, &key, options->lock_wait,
                                       job->run, &past, err);
    if (!status)
        status = take_past(job, &past, &runner, err);
    if (!status)
        status = mark_environment(job, runner.mark, err);
    if (!status)
        status = umm_batchjournal_begin(&job->journal, &runner, options->is_retrying, err);
    umm_batchjournal_past_free(&past);
    return status;
}

static enum umm_status make_places(struct umm_batchjob *job, struct umm_error *err)
{
    const uint64_t n = job->options->items->n;
    job->n_slots = job->options->n_jobs ? job->options->n_jobs : 1;
    job->slots = calloc(job->n_slots, sizeof *job->slots);
    if (!job->states)
        job->states = calloc(n + 1, 1);
    return job->slots && job->states ? UMM_OK : umm_error_set_memory(err, n + 1, "the items");
}

static enum umm_status open_ends(struct umm_batchjob *job, struct umm_error *err)
{
    const struct umm_batchjob_options *options = job->options;
    enum umm_status status = umm_children_open(&job->children, err);
    if (!status)
        status = umm_poll_open(&job->poll, err);
    if (!status)
        status = umm_poll_add(&job->poll, job->children.signal_fd, UMM_POLL_IN, SIGNAL_TAG, err);
    if (!status)
        status = umm_batchsink_open(&job->output, options->output_fd, "standard output", OUTPUT_TAG,
                                    err);
    if (!status)
        status =
            umm_batchsink_open(&job->error, options->error_fd, "standard error", ERROR_TAG, err);
    if (!status)
        status = umm_file_open_read("/dev/null", &job->null_fd, NULL, err);
    return status;
}

/* ---- the loop -------------------------------------------------------------------- */

/* How many of the items from first on are pending and fit: at most n. */
static uint64_t fit(const struct umm_batchjob *job, uint64_t first, uint64_t n)
{
    const struct umm_batchitems *items = job->options->items;
    uint64_t used = 0, count = 0;
    while (count < n && first + count < items->n &&
           job->states[first + count] == UMM_BATCH_PENDING) {
        if (!job->options->is_by_input)
            used += word_bytes(umm_batchitems_get(items, first + count));
        if (used > job->arguments_bytes && count > 0)
            break;
        count++;
    }
    return count;
}

/* The next items to run; false if all have been. */
static bool next_range(struct umm_batchjob *job, struct umm_batch_range *range)
{
    const uint64_t n = job->options->items->n;
    if (job->n_again > 0) {
        *range = job->again[--job->n_again];
        return true;
    }
    while (job->cursor < n && job->states[job->cursor] != UMM_BATCH_PENDING)
        job->cursor++;
    if (job->cursor == n)
        return false;
    const uint64_t size = umm_batchsize_next(&job->size, umm_clock_monotonic_ns());
    *range = (struct umm_batch_range){.first = job->cursor, .n = fit(job, job->cursor, size)};
    job->cursor += range->n;
    return true;
}

static enum umm_status begin_batches(struct umm_batchjob *job, struct umm_error *err)
{
    struct umm_batch_range range;
    enum umm_status status = UMM_OK;
    bool is_begun;
    while (!status && !job->is_starved && job->stop == UMM_BATCH_HALT_NEVER &&
           job->n_running < job->n_slots && next_range(job, &range))
        status = umm_batch_begin(job, &range, &is_begun, err);
    return status;
}

static void heed_signals(struct umm_batchjob *job)
{
    umm_children_take_signals(&job->children);
    if (job->children.n_endings > 0 && job->stop == UMM_BATCH_HALT_NEVER)
        job->stop = UMM_BATCH_HALT_SOON;
    if (job->children.n_endings > 1 && job->stop != UMM_BATCH_HALT_NOW) {
        job->stop = UMM_BATCH_HALT_NOW;
        umm_batch_end_all(job);
    }
}

static enum umm_status take_event(struct umm_batchjob *job, const struct umm_poll_event *event,
                                  struct umm_error *err)
{
    if (event->tag == SIGNAL_TAG) {
        heed_signals(job);
        return umm_batch_reap(job, err);
    }
    if (event->tag == OUTPUT_TAG)
        return umm_batchsink_push(&job->output, &job->poll, err);
    if (event->tag == ERROR_TAG)
        return umm_batchsink_push(&job->error, &job->poll, err);
    struct umm_batch_slot *slot = &job->slots[event->tag / 2];
    return slot->phase == UMM_BATCH_FREE ? UMM_OK
                                         : umm_batch_read(job, slot, event->tag % 2 == 1, err);
}

/* A batch that takes the place of one whose events come later gets none of them: these are last. */
static enum umm_status wait_once(struct umm_batchjob *job, uint64_t until_ns, struct umm_error *err)
{
    struct umm_poll_wake wake;
    enum umm_status status = umm_poll_wait(&job->poll, until_ns, &wake, err);
    for (size_t i = 0; !status && i < wake.n_events; i++)
        if (wake.events[i].tag != SIGNAL_TAG)
            status = take_event(job, &wake.events[i], err);
    for (size_t i = 0; !status && i < wake.n_events; i++)
        if (wake.events[i].tag == SIGNAL_TAG)
            status = take_event(job, &wake.events[i], err);
    return status;
}

static enum umm_status sync_journal(struct umm_batchjob *job, uint64_t now_ns, uint64_t *until_ns,
                                    struct umm_error *err)
{
    enum umm_status status = umm_batchjournal_flush(&job->journal, err);
    if (status || !job->journal.is_unsynced)
        return status;
    if (now_ns >= job->synced_ns + SYNC_NS) {
        status = umm_batchjournal_sync(&job->journal, err);
        job->synced_ns = umm_clock_monotonic_ns();
    } else if (job->synced_ns + SYNC_NS < *until_ns) {
        *until_ns = job->synced_ns + SYNC_NS;
    }
    return status;
}

/* Nothing runs, and nothing more will. A second signal waits for no reader. */
static bool is_over(const struct umm_batchjob *job)
{
    return job->n_running == 0 && (job->children.n_endings > 1 ||
                                   (!job->settled && umm_batchsink_waiting(&job->output) == 0 &&
                                    umm_batchsink_waiting(&job->error) == 0));
}

static enum umm_status step(struct umm_batchjob *job, bool *is_done, struct umm_error *err)
{
    uint64_t until_ns = UINT64_MAX;
    const uint64_t now_ns = umm_clock_monotonic_ns();
    enum umm_status status = umm_batch_look(job, now_ns, &until_ns, err);
    if (!status)
        status = begin_batches(job, err);
    if (!status)
        status = umm_batch_hand_on(job, job->n_running == 0, err);
    if (!status)
        status = sync_journal(job, now_ns, &until_ns, err);
    *is_done = is_over(job);
    if (status || *is_done)
        return status;
    status = umm_batch_arm(job, err);
    if (!status)
        status = wait_once(job, until_ns, err);
    umm_progress_tell(job->run, &job->progress_ns, job->n_settled, job->options->items->n);
    return status;
}

/* After a failure: nothing may run when this returns. What it says is of no use any more. */
static void end_after_failure(struct umm_batchjob *job)
{
    umm_batch_free_settled(job);
    job->stop = UMM_BATCH_HALT_NOW;
    for (unsigned i = 0; i < job->n_slots; i++) {
        umm_file_close(&job->slots[i].out.fd);
        umm_file_close(&job->slots[i].error.fd);
    }
    umm_batch_end_all(job);
    while (job->n_running > 0) {
        uint64_t until_ns = UINT64_MAX;
        if (umm_batch_look(job, umm_clock_monotonic_ns(), &until_ns, NULL))
            return;
        const enum umm_status status = umm_batch_reap(job, NULL);
        umm_batch_free_settled(job);
        if (!status && job->n_running > 0)
            umm_clock_sleep_until(umm_clock_monotonic_ns() + 1000000, NULL);
    }
}

static enum umm_status run_all(struct umm_batchjob *job, struct umm_error *err)
{
    bool is_done = false;
    enum umm_status status = umm_run_is_cancelled(job->run) ? umm_error_set_cancelled(err) : UMM_OK;
    job->synced_ns = umm_clock_monotonic_ns();
    while (!status && !is_done)
        status = step(job, &is_done, err);
    if (status) {
        end_after_failure(job);
        return status;
    }
    umm_batchjournal_end(&job->journal);
    return umm_batchjournal_sync(&job->journal, err);
}

/* ---- all of it ------------------------------------------------------------------- */

static void conclude(struct umm_batchjob *job, uint64_t begun_ns)
{
    struct umm_batchjob_result *result = job->result;
    result->n_lowered = job->size.n_lowered;
    result->item_bytes = job->size.item_bytes;
    result->fixed_bytes = job->size.fixed_bytes;
    result->memory_share = job->size.memory_share;
    result->cpu_share = job->size.cpu_share;
    result->spilled_bytes = job->store.spilled_bytes;
    result->ending_signal = job->children.ending_signal;
    result->seconds = (double)(umm_clock_monotonic_ns() - begun_ns) / 1e9;
}

static void close_all(struct umm_batchjob *job)
{
    for (unsigned i = 0; job->slots && i < job->n_slots; i++) {
        umm_batchtext_clear(&job->store, &job->slots[i].text);
        umm_batchtext_clear(&job->store, &job->slots[i].line);
    }
    umm_batch_free_settled(job);
    umm_batchsink_close(&job->output);
    umm_batchsink_close(&job->error);
    umm_batchtext_store_close(&job->store);
    umm_batchjournal_close(&job->journal);
    umm_file_close(&job->null_fd);
    umm_poll_close(&job->poll);
    umm_children_close(&job->children);
    if (job->envp && job->envp != (char **)(uintptr_t)job->options->envp) {
        free(job->envp[0]);
        free((void *)job->envp);
    }
    free((void *)job->argv);
    free(job->states);
    free(job->again);
    free(job->slots);
}

enum umm_status umm_batchjob_run(const struct umm_batchjob_options *options, struct umm_run *run,
                                 struct umm_batchjob_result *result, struct umm_error *err)
{
    const uint64_t memory_max = (uint64_t)64 << 20, begun_ns = umm_clock_monotonic_ns();
    struct umm_batchjob job = {.options = options,
                               .result = result,
                               .run = run,
                               .null_fd = -1,
                               .envp = (char **)(uintptr_t)options->envp,
                               .poll = {.fd = -1, .timer_fd = -1, .hangup_fd = -1}};
    *result = (struct umm_batchjob_result){.n_items = options->items->n,
                                           .smallest_batch = UINT64_MAX,
                                           .largest_batch = UINT64_MAX,
                                           .peak_rss_bytes = UINT64_MAX};
    for (size_t i = 0; i < UMM_BATCHJOB_SIZES; i++)
        result->sizes[i].peak_rss_bytes = UINT64_MAX;
    umm_batchsize_open(&job.size, &options->size);
    umm_batchtext_store_open(&job.store, options->scratch_dir,
                             options->output_max_bytes ? options->output_max_bytes : memory_max);
    enum umm_status status = options->journal ? open_journal(&job, err) : UMM_OK;
    if (!status)
        status = make_places(&job, err);
    if (!status)
        status = copy_command(&job, err);
    if (!status && !options->is_by_input)
        status = check_arguments(&job, err);
    if (!status)
        status = open_ends(&job, err);
    if (!status)
        status = run_all(&job, err);
    if (!status && job.children.n_endings > 0)
        status = umm_error_set_cancelled(err);
    conclude(&job, begun_ns);
    close_all(&job);
    umm_children_raise_ending(&job.children);
    return status;
}

void umm_batchjob_result_free(struct umm_batchjob_result *result)
{
    for (size_t i = 0; i < result->n_failures; i++)
        free(result->failures[i].reason);
    free(result->failures);
    result->failures = NULL;
    result->n_failures = 0;
}
