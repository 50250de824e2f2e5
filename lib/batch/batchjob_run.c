/* SPDX-License-Identifier: MIT */
#include "batch/batchjob_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "base/list.h"
#include "child/child.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { CANNOT_RUN = 126, NOT_FOUND = 127 };

/* How long after being asked to end what runs is killed, and then waited for. */
static const uint64_t GRACE_NS = 2000000000, KILLED_NS = 20000000000;

enum umm_status umm_batch_push_again(struct umm_batchjob *job, const struct umm_batch_range *range,
                                     struct umm_error *err)
{
    struct umm_batch_range *again = umm_list_room(job->again, job->n_again, sizeof *again);
    if (!again)
        return umm_error_set_memory(err, (job->n_again + 1) * sizeof *again, "batches");
    job->again = again;
    again[job->n_again++] = *range;
    return UMM_OK;
}

/* In halves, the first one before the second. */
static enum umm_status halve(struct umm_batchjob *job, const struct umm_batch_range *range,
                             struct umm_error *err)
{
    const struct umm_batch_range first = {.first = range->first, .n = range->n / 2};
    const struct umm_batch_range second = {.first = range->first + first.n,
                                           .n = range->n - first.n};
    const enum umm_status status = umm_batch_push_again(job, &second, err);
    return status ? status : umm_batch_push_again(job, &first, err);
}

/* ---- begin ----------------------------------------------------------------------- */

static enum umm_status fill_arguments(struct umm_batchjob *job, const struct umm_batch_range *range,
                                      struct umm_error *err)
{
    const size_t n = job->n_words + (size_t)range->n + 1;
    if (n > job->n_argv_max) {
        char **argv = realloc((void *)job->argv, n * sizeof *argv);
        if (!argv)
            return umm_error_set_memory(err, n * sizeof *argv, "arguments");
        job->argv = argv;
        job->n_argv_max = n;
    }
    for (uint64_t i = 0; i < range->n; i++)
        job->argv[job->n_words + i] =
            job->options->items->bytes + job->options->items->at[range->first + i];
    job->argv[n - 1] = NULL;
    return UMM_OK;
}

/* A file without a name, so that the command need not read it. */
static enum umm_status fill_input(const struct umm_batchjob *job,
                                  const struct umm_batch_range *range, int *fd,
                                  struct umm_error *err)
{
    const struct umm_batchitems *items = job->options->items;
    const char *dir = job->store.scratch_dir;
    struct umm_textbuf text = {0};
    const char end = job->options->is_null ? '\0' : '\n';
    for (uint64_t i = 0; i < range->n; i++) {
        const char *item = umm_batchitems_get(items, range->first + i);
        umm_textbuf_add_bytes(&text, item, strlen(item));
        umm_textbuf_add_bytes(&text, &end, 1);
    }
    enum umm_status status = text.is_failed ? umm_error_set_memory(err, text.len_bytes, "a batch")
                                            : umm_file_scratch(dir, fd, err);
    if (!status)
        status = umm_file_write_all(*fd, dir, text.text, text.len_bytes, err);
    if (!status)
        status = umm_file_seek(*fd, dir, 0, err);
    umm_textbuf_free(&text);
    return status;
}

/* Both pipes, and the process; *sys_errno is that of a command that cannot be run. */
static enum umm_status start(struct umm_batchjob *job, struct umm_batch_slot *slot, int input_fd,
                             bool *is_command, struct umm_error *err)
{
    const struct umm_batchjob_options *options = job->options;
    int out_fd = -1, error_fd = -1;
    enum umm_status status = umm_children_pipe(&slot->out.fd, &out_fd, err);
    if (!status)
        status = umm_children_pipe(&slot->error.fd, &error_fd, err);
    const struct umm_children_command command = {.argv = job->argv,
                                                 .envp = job->envp,
                                                 .input_fd = input_fd,
                                                 .output_fd = out_fd,
                                                 .error_fd = error_fd,
                                                 .is_pipe_ignored = options->is_pipe_ignored,
                                                 .is_fsize_ignored = options->is_fsize_ignored};
    if (!status)
        status = umm_children_start(&job->children, &command, &slot->pid, is_command, err);
    umm_file_close(&out_fd);
    umm_file_close(&error_fd);
    return status;
}

/* Have the slot's pipes wake the loop. */
static enum umm_status watch(struct umm_batchjob *job, struct umm_batch_slot *slot,
                             struct umm_error *err)
{
    const uint64_t tag = 2 * (uint64_t)(slot - job->slots);
    enum umm_status status =
        umm_poll_add(&job->poll, slot->out.fd, UMM_POLL_IN | UMM_POLL_ONCE, tag, err);
    if (!status)
        status =
            umm_poll_add(&job->poll, slot->error.fd, UMM_POLL_IN | UMM_POLL_ONCE, tag + 1, err);
    slot->out.is_armed = slot->error.is_armed = true;
    return status;
}

static void free_slot(struct umm_batch_slot *slot)
{
    umm_file_close(&slot->out.fd);
    umm_file_close(&slot->error.fd);
    slot->phase = UMM_BATCH_FREE;
}

/*
 * What could not be begun: too many arguments are halved, as they are where the stack is small; for
 * want of processes the next that ends is waited for.
 */
static enum umm_status give_up_start(struct umm_batchjob *job, const struct umm_batch_range *range,
                                     bool is_command, const struct umm_error *own,
                                     struct umm_error *err)
{
    const bool is_scarce = own->sys_errno == EAGAIN || own->sys_errno == EMFILE ||
                           own->sys_errno == ENFILE || own->sys_errno == ENOMEM;
    if (is_command && own->sys_errno == E2BIG && range->n > 1) {
        umm_batchsize_halve(&job->size, range->n);
        return halve(job, range, err);
    }
    if (!is_command && own->status == UMM_ERR_SYSTEM && is_scarce && job->n_running > 0) {
        job->is_starved = true;
        return umm_batch_push_again(job, range, err);
    }
    if (is_command)
        job->result->exit_code = own->sys_errno == ENOENT ? NOT_FOUND : CANNOT_RUN;
    if (err)
        *err = *own;
    return own->status;
}

static void note_size(struct umm_batchjob_result *result, uint64_t n)
{
    result->n_batches++;
    if (result->smallest_batch == UINT64_MAX || n < result->smallest_batch)
        result->smallest_batch = n;
    if (result->largest_batch == UINT64_MAX || n > result->largest_batch)
        result->largest_batch = n;
}

enum umm_status umm_batch_begin(struct umm_batchjob *job, const struct umm_batch_range *range,
                                bool *is_begun, struct umm_error *err)
{
    struct umm_error own = {.status = UMM_OK};
    struct umm_batch_slot *slot = job->slots;
    bool is_command = false;
    int fd = -1;
    while (slot->phase != UMM_BATCH_FREE)
        slot++;
    *is_begun = false;
    slot->range = *range;
    slot->out.fd = slot->error.fd = -1;
    slot->last_bytes = 0;
    slot->is_told = slot->is_killed = false;
    slot->deadline_ns = UINT64_MAX;
    slot->own_peak_bytes = umm_children_own_peak_bytes();
    const uint64_t from_ticks = umm_clock_boot_ticks();
    enum umm_status status = job->options->is_by_input ? fill_input(job, range, &fd, &own)
                                                       : fill_arguments(job, range, &own);
    slot->begun_ns = umm_clock_monotonic_ns();
    if (!status)
        status = start(job, slot, job->options->is_by_input ? fd : job->null_fd, &is_command, &own);
    umm_file_close(&fd);
    if (status) {
        free_slot(slot);
        return give_up_start(job, range, is_command, &own, err);
    }
    slot->phase = UMM_BATCH_RUNNING;
    job->n_running++;
    *is_begun = true;
    note_size(job->result, range->n);
    umm_batchjournal_start(&job->journal,
                           &(struct umm_batch_flight){range->first, range->n, slot->pid, from_ticks,
                                                      umm_clock_boot_ticks()});
    return watch(job, slot, err);
}

/* ---- end ------------------------------------------------------------------------- */

static void note_took(struct umm_batchjob *job, const struct umm_batch_slot *slot)
{
    struct umm_batchjob_result *result = job->result;
    const bool is_bound = slot->end.peak_rss_bytes <= slot->own_peak_bytes;
    size_t i = 0;
    while (i + 1 < UMM_BATCHJOB_SIZES && slot->range.n >> (i + 1))
        i++;
    struct umm_batchjob_sizes *size = &result->sizes[i];
    size->n_batches++;
    size->n_items += slot->range.n;
    size->seconds += (double)slot->time_us / 1e6;
    result->user_seconds += (double)slot->end.user_us / 1e6;
    result->system_seconds += (double)slot->end.system_us / 1e6;
    if (is_bound)
        return;
    const uint64_t peak = slot->end.peak_rss_bytes;
    if (size->peak_rss_bytes == UINT64_MAX || peak > size->peak_rss_bytes)
        size->peak_rss_bytes = peak;
    if (result->peak_rss_bytes == UINT64_MAX || peak > result->peak_rss_bytes)
        result->peak_rss_bytes = peak;
}

/* "exit code 3: its last message", "killed by signal 9" */
static void describe(const struct umm_batch_slot *slot, char reason[UMM_BATCH_REASON_MAX])
{
    char shown[UMM_BATCH_REASON_MAX - 64];
    reason[0] = '\0';
    if (slot->end.signal)
        umm_line_add(reason, UMM_BATCH_REASON_MAX, "ended by signal %d", slot->end.signal);
    else
        umm_line_add(reason, UMM_BATCH_REASON_MAX, "exit code %d", slot->end.exit_code);
    if (slot->last_bytes > 0)
        umm_line_add(reason, UMM_BATCH_REASON_MAX, ": %s",
                     umm_escape(shown, sizeof shown, slot->last, slot->last_bytes));
}

static void check_halt(struct umm_batchjob *job)
{
    const struct umm_batch_halt_rule *rule = &job->options->halt;
    enum { LEAST = 3 };
    const uint64_t n_failed = job->result->n_failed_items;
    if (rule->when == UMM_BATCH_HALT_NEVER || job->stop != UMM_BATCH_HALT_NEVER)
        return;
    if (rule->n_failed > 0
            ? n_failed < rule->n_failed
            : n_failed < LEAST || (double)n_failed < rule->share * (double)job->n_settled)
        return;
    job->result->is_halted = true;
    job->stop = rule->when;
    if (rule->when == UMM_BATCH_HALT_NOW)
        umm_batch_end_all(job);
}

/* The batch was no success: halves, once more, or put aside. */
static enum umm_status take_failure(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                    struct umm_error *err)
{
    char reason[UMM_BATCH_REASON_MAX];
    struct umm_batch_range *range = &slot->range;
    const bool is_kill = slot->end.signal ? umm_child_is_kill(128 + slot->end.signal)
                                          : umm_child_is_kill(slot->end.exit_code);
    job->result->n_failed_batches++;
    job->result->n_killed_batches += is_kill;
    if (is_kill)
        umm_batchsize_halve(&job->size, range->n);
    if (range->n == 1 && ++range->n_tries > job->options->n_retries) {
        describe(slot, reason);
        job->result->n_failed_items++;
        const enum umm_status status = umm_batch_settle(job, slot, reason, err);
        check_halt(job);
        return status;
    }
    umm_batchjournal_again(&job->journal, range->first, range->n);
    enum umm_status status = umm_batch_drop(job, slot, err);
    if (!status && range->n == 1) {
        job->result->n_retries++;
        status = umm_batch_push_again(job, range, err);
    } else if (!status) {
        status = halve(job, range, err);
    }
    return status;
}

/* Nothing of it runs any more. */
static enum umm_status finish(struct umm_batchjob *job, struct umm_batch_slot *slot,
                              struct umm_error *err)
{
    enum umm_status status = umm_batch_read(job, slot, false, err);
    if (!status)
        status = umm_batch_read(job, slot, true, err);
    slot->time_us = (umm_clock_monotonic_ns() - slot->begun_ns) / 1000;
    job->n_running--;
    job->is_starved = false;
    note_took(job, slot);
    const bool is_good = slot->end.exit_code == 0 && slot->end.signal == 0;
    if (is_good)
        umm_batchsize_took(&job->size, slot->range.n, slot->end.peak_rss_bytes,
                           slot->end.peak_rss_bytes <= slot->own_peak_bytes);
    if (!status && is_good) {
        status = umm_batch_settle(job, slot, NULL, err);
    } else if (!status && slot->is_told) {
        umm_batchjournal_again(&job->journal, slot->range.first, slot->range.n);
        status = umm_batch_drop(job, slot, err);
    } else if (!status) {
        status = take_failure(job, slot, err);
    }
    umm_batchtext_clear(&job->store, &slot->text);
    umm_batchtext_clear(&job->store, &slot->line);
    free_slot(slot);
    return status;
}

/* The command has ended; what it left in its group is ended first. */
static enum umm_status take_end(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                struct umm_error *err)
{
    slot->phase = UMM_BATCH_LEAVING;
    if (!umm_children_has_group(slot->pid))
        return finish(job, slot, err);
    job->result->n_leftovers++;
    (void)umm_children_end_group(slot->pid, slot->is_killed);
    slot->deadline_ns = umm_clock_monotonic_ns() + (slot->is_killed ? KILLED_NS : GRACE_NS);
    return UMM_OK;
}

enum umm_status umm_batch_reap(struct umm_batchjob *job, struct umm_error *err)
{
    struct umm_children_end end;
    enum umm_status status = UMM_OK;
    while (!status && umm_children_reap(&end))
        for (unsigned i = 0; !status && i < job->n_slots; i++) {
            struct umm_batch_slot *slot = &job->slots[i];
            if (slot->phase == UMM_BATCH_RUNNING && slot->pid == end.pid) {
                slot->end = end;
                status = take_end(job, slot, err);
                break;
            }
        }
    return status;
}

static void end_slot(struct umm_batch_slot *slot, bool is_killing, uint64_t now_ns)
{
    (void)umm_children_end_group(slot->pid, is_killing);
    slot->is_killed = is_killing;
    slot->deadline_ns = now_ns + (is_killing ? KILLED_NS : GRACE_NS);
}

enum umm_status umm_batch_look(struct umm_batchjob *job, uint64_t now_ns, uint64_t *until_ns,
                               struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (unsigned i = 0; !status && i < job->n_slots; i++) {
        struct umm_batch_slot *slot = &job->slots[i];
        if (slot->phase == UMM_BATCH_LEAVING && !umm_children_has_group(slot->pid)) {
            status = finish(job, slot, err);
        } else if (slot->phase != UMM_BATCH_FREE && slot->deadline_ns <= now_ns) {
            if (slot->is_killed)
                return umm_error_set_path(err, UMM_ERR_BUSY, job->argv[0],
                                          "process group %lu was killed and does not end",
                                          (unsigned long)slot->pid);
            end_slot(slot, true, now_ns);
        }
        if (slot->phase != UMM_BATCH_FREE && slot->deadline_ns < *until_ns)
            *until_ns = slot->deadline_ns;
    }
    return status;
}

void umm_batch_end_all(struct umm_batchjob *job)
{
    const uint64_t now_ns = umm_clock_monotonic_ns();
    for (unsigned i = 0; i < job->n_slots; i++)
        if (job->slots[i].phase != UMM_BATCH_FREE && !job->slots[i].is_told) {
            job->slots[i].is_told = true;
            end_slot(&job->slots[i], false, now_ns);
        }
}
