/* SPDX-License-Identifier: MIT */
#include "batch/batchjob_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"

enum { STEP_BYTES = 65536, WAITING_MAX = 1 << 20, LINE_MAX_BYTES = 65536 };

static bool is_full(const struct umm_batchjob *job)
{
    return umm_batchsink_waiting(&job->output) > WAITING_MAX ||
           umm_batchsink_waiting(&job->error) > WAITING_MAX;
}

/* ---- pipes ----------------------------------------------------------------------- */

/* All of a text goes to a sink, and is empty then. */
static enum umm_status pour(struct umm_batchjob *job, struct umm_batchtext *text,
                            struct umm_batchsink *sink, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    char bytes[4096];
    size_t n = 1;
    for (uint64_t at = 0; !status && n > 0; at += n) {
        status = umm_batchtext_read(&job->store, text, at, bytes, sizeof bytes, &n, err);
        if (!status)
            status = umm_batchsink_add(sink, bytes, n, err);
    }
    umm_batchtext_clear(&job->store, text);
    return status;
}

/* Whole lines go to the sink, after what `rest` has of the first; the rest stays there. */
static enum umm_status take_lines(struct umm_batchjob *job, struct umm_batchtext *rest,
                                  struct umm_batchsink *sink, const char *bytes, size_t n,
                                  struct umm_error *err)
{
    const char *newline = memrchr(bytes, '\n', n);
    const size_t n_whole = newline ? (size_t)(newline - bytes) + 1 : 0;
    enum umm_status status = UMM_OK;
    if (n_whole > 0) {
        status = pour(job, rest, sink, err);
        if (!status)
            status = umm_batchsink_add(sink, bytes, n_whole, err);
    }
    return status ? status
                  : umm_batchtext_add(&job->store, rest, bytes + n_whole, n - n_whole, err);
}

/* Keep the last line that is not empty, as far as there is room. */
static void note_last(struct umm_batch_slot *slot, const char *bytes, size_t n)
{
    while (n > 0 && bytes[n - 1] == '\n')
        n--;
    const char *newline = n > 0 ? memrchr(bytes, '\n', n) : NULL;
    const char *begin = newline ? newline + 1 : bytes;
    const size_t len = (size_t)(bytes + n - begin);
    if (len == 0)
        return;
    slot->last_bytes = len < sizeof slot->last ? len : sizeof slot->last;
    memcpy(slot->last, begin, slot->last_bytes);
}

static enum umm_status take_message(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                    const char *bytes, size_t n, struct umm_error *err)
{
    const struct umm_batchjob_options *options = job->options;
    note_last(slot, bytes, n);
    enum umm_status status = take_lines(job, &slot->line, &job->error, bytes, n, err);
    if (!status && slot->line.all_bytes > LINE_MAX_BYTES)
        status = pour(job, &slot->line, &job->error, err);
    if (!status && umm_batchsink_waiting(&job->error) > 0 && options->before_error)
        options->before_error(options->user);
    return status ? status : umm_batchsink_push(&job->error, &job->poll, err);
}

static enum umm_status take_output(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                   const char *bytes, size_t n, struct umm_error *err)
{
    if (!job->options->is_unordered)
        return umm_batchtext_add(&job->store, &slot->text, bytes, n, err);
    const enum umm_status status = take_lines(job, &slot->text, &job->output, bytes, n, err);
    return status ? status : umm_batchsink_push(&job->output, &job->poll, err);
}

enum umm_status umm_batch_read(struct umm_batchjob *job, struct umm_batch_slot *slot, bool is_error,
                               struct umm_error *err)
{
    struct umm_batch_pipe *pipe = is_error ? &slot->error : &slot->out;
    const struct umm_nowait end = {.fd = pipe->fd, .kind = UMM_NOWAIT_PIPE};
    char bytes[STEP_BYTES];
    enum umm_status status = UMM_OK;
    int code = 0;
    size_t n = 1;
    if (pipe->fd < 0)
        return UMM_OK;
    /* A command that has ended has no more than its pipes hold; another may go on for ever. */
    do {
        code = umm_nowait_read(&end, bytes, sizeof bytes, &n);
        if (!code && n > 0)
            status = (is_error ? take_message : take_output)(job, slot, bytes, n, err);
    } while (!status && !code && n > 0 && slot->phase != UMM_BATCH_RUNNING);
    pipe->is_armed = false;
    if (code == EAGAIN || status || n > 0)
        return status;
    umm_file_close(&pipe->fd);
    return code ? umm_error_set_errno(err, code, "the command's output", "cannot read") : UMM_OK;
}

static enum umm_status arm(struct umm_batchjob *job, struct umm_batch_pipe *pipe, uint64_t tag,
                           struct umm_error *err)
{
    if (pipe->fd < 0 || pipe->is_armed)
        return UMM_OK;
    pipe->is_armed = true;
    return umm_poll_change(&job->poll, pipe->fd, UMM_POLL_IN | UMM_POLL_ONCE, tag, err);
}

enum umm_status umm_batch_arm(struct umm_batchjob *job, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (is_full(job))
        return UMM_OK;
    for (unsigned i = 0; !status && i < job->n_slots; i++) {
        if (job->slots[i].phase == UMM_BATCH_FREE)
            continue;
        status = arm(job, &job->slots[i].out, 2 * (uint64_t)i, err);
        if (!status)
            status = arm(job, &job->slots[i].error, 2 * (uint64_t)i + 1, err);
    }
    return status;
}

/* ---- batches that have ended ----------------------------------------------------- */

static enum umm_status add_failure(struct umm_batchjob_result *result,
                                   const struct umm_batch_settled *batch, struct umm_error *err)
{
    struct umm_batch_failure *failures =
        umm_list_room(result->failures, result->n_failures, sizeof *failures);
    char *reason = failures ? strdup(batch->reason) : NULL;
    if (failures)
        result->failures = failures;
    if (!reason)
        return umm_error_set_memory(err, sizeof *failures, "what failed");
    failures[result->n_failures++] =
        (struct umm_batch_failure){batch->range.first, batch->range.n_tries, reason};
    return UMM_OK;
}

/* What it printed is out: it counts. */
static enum umm_status record(struct umm_batchjob *job, const struct umm_batch_settled *batch,
                              struct umm_error *err)
{
    const struct umm_batch_range *range = &batch->range;
    memset(job->states + range->first, batch->reason ? UMM_BATCH_FAILED : UMM_BATCH_DONE, range->n);
    if (batch->reason) {
        job->result->n_failed++;
        umm_batchjournal_fail(&job->journal, range->first, range->n_tries, batch->reason);
        return add_failure(job->result, batch, err);
    }
    job->result->n_done += range->n;
    umm_batchjournal_done(&job->journal, range->first, range->n, batch->time_us,
                          batch->peak_rss_bytes);
    return UMM_OK;
}

static void free_batch(struct umm_batchjob *job, struct umm_batch_settled *batch)
{
    umm_batchtext_clear(&job->store, &batch->text);
    free(batch->reason);
    free(batch);
}

/* After all that go out before it: most often that is the last place. */
static void insert(struct umm_batchjob *job, struct umm_batch_settled *batch)
{
    struct umm_batch_settled *before = job->last_settled;
    while (before && !job->options->is_unordered && before->range.first > batch->range.first)
        before = before->previous;
    batch->previous = before;
    batch->next = before ? before->next : job->settled;
    *(before ? &before->next : &job->settled) = batch;
    *(batch->next ? &batch->next->previous : &job->last_settled) = batch;
}

static void remove_first(struct umm_batchjob *job)
{
    struct umm_batch_settled *batch = job->settled;
    job->settled = batch->next;
    *(batch->next ? &batch->next->previous : &job->last_settled) = NULL;
    free_batch(job, batch);
}

/* What is left of an unordered batch's last line ends as a line does. */
static enum umm_status end_lines(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                 struct umm_error *err)
{
    const bool has_message = slot->line.all_bytes > 0;
    const bool has_output = job->options->is_unordered && slot->text.all_bytes > 0;
    enum umm_status status = UMM_OK;
    if (has_message)
        status = take_message(job, slot, "\n", 1, err);
    if (!status && has_output)
        status = take_output(job, slot, "\n", 1, err);
    return status;
}

/* Its output waits for its turn; what it holds is the list's then. */
static enum umm_status hold(struct umm_batchjob *job, const struct umm_batch_settled *here,
                            struct umm_error *err)
{
    struct umm_batch_settled *batch = malloc(sizeof *batch);
    if (!batch)
        return umm_error_set_memory(err, sizeof *batch, "a batch");
    *batch = *here;
    memset(job->states + batch->range.first, UMM_BATCH_HELD, batch->range.n);
    insert(job, batch);
    return UMM_OK;
}

enum umm_status umm_batch_settle(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                 const char *reason, struct umm_error *err)
{
    enum umm_status status = end_lines(job, slot, err);
    if (status)
        return status;
    struct umm_batch_settled here = {
        .range = slot->range,
        .text = slot->text,
        .until = job->output.queued_bytes,
        .time_us = slot->time_us,
        .peak_rss_bytes =
            slot->end.peak_rss_bytes > slot->own_peak_bytes ? slot->end.peak_rss_bytes : 0,
        .reason = reason ? strdup(reason) : NULL};
    if (reason && !here.reason)
        return umm_error_set_memory(err, strlen(reason) + 1, "what failed");
    slot->text = (struct umm_batchtext){.len_bytes = 0};
    job->n_settled += here.range.n;
    /* Nothing that could be lost: the order of the journal's lines is of no matter. */
    const bool is_out = job->options->is_unordered ? here.until <= job->output.written_bytes
                                                   : here.text.all_bytes == 0;
    status = is_out ? record(job, &here, err) : hold(job, &here, err);
    if (is_out || status) {
        umm_batchtext_clear(&job->store, &here.text);
        free(here.reason);
    }
    return status;
}

enum umm_status umm_batch_drop(struct umm_batchjob *job, struct umm_batch_slot *slot,
                               struct umm_error *err)
{
    const enum umm_status status = end_lines(job, slot, err);
    umm_batchtext_clear(&job->store, &slot->text);
    umm_batchtext_clear(&job->store, &slot->line);
    return status;
}

/* As much of the first one's output as there is room for. *is_out: all of it. */
static enum umm_status feed(struct umm_batchjob *job, struct umm_batch_settled *batch, bool *is_out,
                            struct umm_error *err)
{
    char bytes[STEP_BYTES];
    enum umm_status status = UMM_OK;
    size_t n = 1;
    while (!status && n > 0 && umm_batchsink_waiting(&job->output) == 0) {
        status = umm_batchtext_read(&job->store, &batch->text, batch->offset, bytes, sizeof bytes,
                                    &n, err);
        if (!status)
            status = umm_batchsink_add(&job->output, bytes, n, err);
        if (!status)
            status = umm_batchsink_push(&job->output, &job->poll, err);
        batch->offset += n;
    }
    *is_out = batch->offset == batch->text.all_bytes && umm_batchsink_waiting(&job->output) == 0;
    return status;
}

/* Whether it is the first one's turn. */
static bool is_next(struct umm_batchjob *job, const struct umm_batch_settled *batch)
{
    const uint64_t n = job->options->items->n;
    while (job->frontier < n && (job->states[job->frontier] == UMM_BATCH_DONE ||
                                 job->states[job->frontier] == UMM_BATCH_FAILED))
        job->frontier++;
    return batch->range.first == job->frontier;
}

enum umm_status umm_batch_hand_on(struct umm_batchjob *job, bool is_past_gaps,
                                  struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    bool is_out = true;
    while (!status && is_out && job->settled) {
        struct umm_batch_settled *batch = job->settled;
        if (job->options->is_unordered)
            is_out = batch->until <= job->output.written_bytes;
        else if (is_past_gaps || is_next(job, batch))
            status = feed(job, batch, &is_out, err);
        else
            is_out = false;
        if (!status && is_out) {
            status = record(job, batch, err);
            remove_first(job);
        }
    }
    return status;
}

void umm_batch_free_settled(struct umm_batchjob *job)
{
    while (job->settled)
        remove_first(job);
}
