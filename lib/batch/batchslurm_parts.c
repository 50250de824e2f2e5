/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/list.h"
#include "batch/batchslurm_work.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/trust.h"
#include "text/textbuf.h"

/* ---- names ------------------------------------------------------------------------- */

enum umm_status umm_batchslurm_path(const struct umm_batchslurm *slurm, const char *name,
                                    char **path, struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    size_t len;
    umm_textbuf_add(&buf, "%s/%s", slurm->directory, name);
    return umm_textbuf_take(&buf, path, &len, err);
}

enum umm_status umm_batchslurm_task_path(const struct umm_batchslurm *slurm, uint64_t task,
                                         const char *ending, char **path, struct umm_error *err)
{
    char name[48];
    snprintf(name, sizeof name, "%" PRIu64 "%s", task, ending);
    return umm_batchslurm_path(slurm, name, path, err);
}

bool umm_batchslurm_task_files(const char *place, char **list, char **journal)
{
    struct umm_textbuf buf = {.text = NULL}, other = {.text = NULL};
    size_t len;
    umm_textbuf_add(&buf, "%s.list", place);
    umm_textbuf_add(&other, "%s.journal", place);
    const bool is_made = umm_textbuf_take(&buf, list, &len, NULL) == UMM_OK;
    return umm_textbuf_take(&other, journal, &len, NULL) == UMM_OK && is_made;
}

/* ---- the plan ---------------------------------------------------------------------- */

static enum umm_status add_stretch(struct umm_batchslurm *slurm, uint64_t task, uint64_t item,
                                   struct umm_error *err)
{
    struct umm_batch_stretch *last =
        slurm->n_stretches ? &slurm->stretches[slurm->n_stretches - 1] : NULL;
    if (last && last->task == task && last->first + last->n == item) {
        last->n++;
        return UMM_OK;
    }
    struct umm_batch_stretch *list =
        umm_list_room(slurm->stretches, slurm->n_stretches, sizeof *list);
    if (!list)
        return umm_error_set_memory(err, sizeof *list, "the plan of an array");
    slurm->stretches = list;
    list[slurm->n_stretches++] = (struct umm_batch_stretch){task, item, 1};
    return UMM_OK;
}

/* Pending item k of n goes to task k * n_tasks / n, which is cut: tasks differ by one item. */
static enum umm_status make_plan(struct umm_batchslurm *slurm, uint64_t n_tasks,
                                 struct umm_error *err)
{
    const uint64_t n_items = slurm->job->items->n;
    const uint64_t n = n_items - slurm->past.n_done - slurm->past.n_failed;
    enum umm_status status = UMM_OK;
    uint64_t k = 0;
    slurm->n_stretches = 0;
    slurm->n_tasks = n_tasks;
    for (uint64_t i = 0; !status && i < n_items; i++)
        if (slurm->past.states[i] == UMM_BATCH_PENDING)
            status = add_stretch(slurm, k++ * n_tasks / n, i, err);
    return status;
}

static enum umm_status write_plan(const struct umm_batchslurm *slurm, struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    char *path = NULL, *text = NULL;
    size_t len = 0;
    for (size_t i = 0; i < slurm->n_stretches; i++) {
        const struct umm_batch_stretch *stretch = &slurm->stretches[i];
        umm_textbuf_add(&buf, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", stretch->task,
                        stretch->first, stretch->n);
    }
    enum umm_status status = umm_textbuf_take(&buf, &text, &len, err);
    if (!status)
        status = umm_batchslurm_path(slurm, "plan", &path, err);
    if (!status)
        status = umm_output_write_text(path, text, len, slurm->run, err);
    free(path);
    free(text);
    return status;
}

/* TASK FIRST N, tasks and items in order and within what there is. */
static bool take_stretch(struct umm_batchslurm *slurm, const char *line, struct umm_error *err,
                         enum umm_status *status)
{
    uint64_t v[3];
    char *end = (char *)(uintptr_t)line;
    for (size_t i = 0; i < 3; i++) {
        if (*end < '0' || *end > '9')
            return false;
        errno = 0;
        v[i] = strtoull(end, &end, 10);
        if (errno || *end != (i < 2 ? ' ' : '\n'))
            return false;
        end++;
    }
    const struct umm_batch_stretch *last =
        slurm->n_stretches ? &slurm->stretches[slurm->n_stretches - 1] : NULL;
    const uint64_t n_items = slurm->job->items->n;
    if (v[2] == 0 || v[1] >= n_items || v[2] > n_items - v[1] ||
        v[0] != (last ? last->task : 0) + (last && v[0] != last->task) ||
        (last && v[1] < last->first + last->n))
        return false;
    struct umm_batch_stretch *list =
        umm_list_room(slurm->stretches, slurm->n_stretches, sizeof *list);
    if (!list) {
        *status = umm_error_set_memory(err, sizeof *list, "the plan of an array");
        return true;
    }
    slurm->stretches = list;
    list[slurm->n_stretches++] = (struct umm_batch_stretch){v[0], v[1], v[2]};
    slurm->n_tasks = v[0] + 1;
    return true;
}

/* No plan, as of a run that was killed before it submitted anything, is an empty one. */
static enum umm_status read_plan(struct umm_batchslurm *slurm, struct umm_error *err)
{
    const size_t most = (size_t)1 << 36;
    struct umm_file_info info;
    char *path = NULL;
    void *text = NULL;
    size_t len = 0;
    bool is_there = false;
    slurm->n_stretches = 0;
    slurm->n_tasks = 0;
    enum umm_status status = umm_batchslurm_path(slurm, "plan", &path, err);
    if (!status)
        status = umm_file_find(path, &is_there, &info, err);
    if (!status && is_there)
        status = umm_file_read_whole(path, most, &text, &len, err);
    for (const char *line = text; !status && line && *line; line = strchr(line, '\n') + 1)
        if (!take_stretch(slurm, line, err, &status))
            status =
                umm_error_set_path(err, UMM_ERR_DATA, path, "is not the plan of this list's parts");
    free(path);
    free(text);
    return status;
}

/* ---- parts -------------------------------------------------------------------------- */

/* Stretches [first, end) are a task's. */
struct part {
    size_t first, end;
    uint64_t task, n;
};

static struct part part_at(const struct umm_batchslurm *slurm, size_t first)
{
    struct part part = {first, first, slurm->stretches[first].task, 0};
    for (; part.end < slurm->n_stretches && slurm->stretches[part.end].task == part.task;
         part.end++)
        part.n += slurm->stretches[part.end].n;
    return part;
}

/* Its items, each with its zero byte; malloc'ed. */
static enum umm_status join_items(const struct umm_batchslurm *slurm, const struct part *part,
                                  char **bytes, size_t *len_bytes, struct umm_error *err)
{
    const struct umm_batchitems *items = slurm->job->items;
    struct umm_textbuf buf = {.text = NULL};
    for (size_t i = part->first; i < part->end; i++)
        for (uint64_t k = 0; k < slurm->stretches[i].n; k++) {
            const char *item = umm_batchitems_get(items, slurm->stretches[i].first + k);
            umm_textbuf_add_bytes(&buf, item, strlen(item) + 1);
        }
    return umm_textbuf_take(&buf, bytes, len_bytes, err);
}

static enum umm_status write_list(const struct umm_batchslurm *slurm, const struct part *part,
                                  struct umm_error *err)
{
    char *path = NULL, *bytes = NULL;
    size_t len = 0;
    enum umm_status status = umm_batchslurm_task_path(slurm, part->task, ".list", &path, err);
    if (!status)
        status = join_items(slurm, part, &bytes, &len, err);
    if (!status)
        status = umm_output_write_text(path, bytes, len, slurm->run, err);
    free(path);
    free(bytes);
    return status;
}

enum umm_status umm_batchslurm_write(struct umm_batchslurm *slurm, uint64_t n_tasks,
                                     struct umm_error *err)
{
    enum umm_status status = umm_file_make_directory(slurm->directory, err);
    if (!status)
        status = umm_trust_check_directory(slurm->directory, err);
    if (!status)
        status = make_plan(slurm, n_tasks, err);
    for (size_t at = 0; !status && at < slurm->n_stretches;) {
        const struct part part = part_at(slurm, at);
        status = write_list(slurm, &part, err);
        at = part.end;
    }
    return status ? status : write_plan(slurm, err);
}

/* ---- what a task did ---------------------------------------------------------------- */

/*
 * Its journal, and what that has; not open if the task has none. UMM_ERR_BUSY with the task's
 * number: it runs.
 */
static enum umm_status open_part(const struct umm_batchslurm *slurm, const struct part *part,
                                 char **path, struct umm_batchjournal *journal,
                                 struct umm_batchjournal_past *past, struct umm_error *err)
{
    struct umm_batchjournal_key key;
    struct umm_file_info info;
    char *bytes = NULL;
    size_t len = 0;
    bool is_there = false;
    *journal = (struct umm_batchjournal){.is_open = false, .fd = -1};
    *past = (struct umm_batchjournal_past){.is_there = false};
    *path = NULL;
    enum umm_status status = umm_batchslurm_task_path(slurm, part->task, ".journal", path, err);
    if (!status)
        status = umm_file_find(*path, &is_there, &info, err);
    if (status || !is_there)
        return status;
    status = join_items(slurm, part, &bytes, &len, err);
    umm_batchjob_key(slurm->job, &key);
    key.n_items = key.n_all = part->n;
    key.index = 0;
    key.count = 1;
    if (!status) {
        key.list_hash = umm_hash64(bytes, len, 0);
        status = umm_batchjournal_open(journal, *path, &key, UMM_LOCK_FAIL, slurm->run, past, err);
    }
    free(bytes);
    return status;
}

static void close_part(char *path, struct umm_batchjournal *journal,
                       struct umm_batchjournal_past *past)
{
    umm_batchjournal_close(journal);
    umm_batchjournal_past_free(past);
    free(path);
}

static enum umm_status check_idle(const struct umm_batchslurm *slurm, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t at = 0; !status && at < slurm->n_stretches;) {
        const struct part part = part_at(slurm, at);
        struct umm_batchjournal journal;
        struct umm_batchjournal_past past;
        char *path;
        status = open_part(slurm, &part, &path, &journal, &past, err);
        close_part(path, &journal, &past);
        at = part.end;
    }
    return status;
}

/* A task that would still begin does not find its list. */
static enum umm_status remove_lists(const struct umm_batchslurm *slurm, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint64_t task = 0; !status && task < slurm->n_tasks; task++) {
        char *path = NULL;
        status = umm_batchslurm_task_path(slurm, task, ".list", &path, err);
        if (!status)
            umm_file_discard(path);
        free(path);
    }
    return status;
}

/* No process has that number: no orphan is looked for. */
static struct umm_batch_flight landed(uint64_t first, uint64_t n)
{
    return (struct umm_batch_flight){.first = first, .n = n, .pid = INT32_MAX};
}

static void note_done(struct umm_batchslurm *slurm, uint64_t first, uint64_t n)
{
    const struct umm_batch_flight flight = landed(first, n);
    if (n == 0)
        return;
    umm_batchjournal_start(&slurm->journal, &flight);
    umm_batchjournal_done(&slurm->journal, first, n, 0, 0);
    memset(slurm->past.states + first, UMM_BATCH_DONE, n);
    slurm->past.n_done += n;
}

/* Items of the part that are done there and not here, in runs. */
static void merge_done(struct umm_batchslurm *slurm, const struct part *part,
                       const struct umm_batchjournal_past *past)
{
    uint64_t k = 0;
    for (size_t i = part->first; i < part->end; i++) {
        const struct umm_batch_stretch *stretch = &slurm->stretches[i];
        uint64_t first = stretch->first, end = stretch->first + stretch->n;
        for (uint64_t item = stretch->first; item < end; item++, k++) {
            if (past->states[k] == UMM_BATCH_DONE && slurm->past.states[item] == UMM_BATCH_PENDING)
                continue;
            note_done(slurm, first, item - first);
            first = item + 1;
        }
        note_done(slurm, first, end - first);
    }
}

static uint64_t whole_number(const struct umm_batchslurm *slurm, const struct part *part,
                             uint64_t k)
{
    size_t i = part->first;
    for (; k >= slurm->stretches[i].n; i++)
        k -= slurm->stretches[i].n;
    return slurm->stretches[i].first + k;
}

/* The reasons become the run's. */
static enum umm_status merge_failed(struct umm_batchslurm *slurm, const struct part *part,
                                    struct umm_batchjournal_past *past, struct umm_error *err)
{
    for (size_t i = 0; i < past->n_failures; i++) {
        struct umm_batch_failure failure = past->failures[i];
        failure.item = whole_number(slurm, part, failure.item);
        if (slurm->past.states[failure.item] != UMM_BATCH_PENDING)
            continue;
        struct umm_batch_failure *list =
            umm_list_room(slurm->past.failures, slurm->past.n_failures, sizeof *list);
        if (!list)
            return umm_error_set_memory(err, sizeof *list, "what failed");
        slurm->past.failures = list;
        past->failures[i].reason = NULL;
        list[slurm->past.n_failures++] = failure;
        const struct umm_batch_flight flight = landed(failure.item, 1);
        umm_batchjournal_start(&slurm->journal, &flight);
        umm_batchjournal_fail(&slurm->journal, failure.item, failure.n_tries, failure.reason);
        slurm->past.states[failure.item] = UMM_BATCH_FAILED;
        slurm->past.n_failed++;
    }
    return UMM_OK;
}

/* What the task printed goes where the run's own would. */
static enum umm_status hand_on(const struct umm_batchslurm *slurm, uint64_t task,
                               const char *ending, int fd, struct umm_error *err)
{
    char bytes[1 << 14];
    struct umm_file_info info;
    char *path = NULL;
    size_t n = 1;
    int in_fd = -1;
    bool is_there = false;
    enum umm_status status = umm_batchslurm_task_path(slurm, task, ending, &path, err);
    if (!status)
        status = umm_file_find(path, &is_there, &info, err);
    if (!status && is_there)
        status = umm_file_open_read(path, &in_fd, NULL, err);
    while (!status && is_there && n > 0) {
        status = umm_file_read(in_fd, path, slurm->run, bytes, sizeof bytes, &n, err);
        if (!status && n > 0)
            status = umm_file_write_stream(fd, "what the tasks printed", slurm->run, bytes, n, err);
    }
    umm_file_close(&in_fd);
    free(path);
    return status;
}

static enum umm_status merge_part(struct umm_batchslurm *slurm, const struct part *part,
                                  struct umm_error *err)
{
    struct umm_batchjournal journal;
    struct umm_batchjournal_past past;
    char *path;
    enum umm_status status = open_part(slurm, part, &path, &journal, &past, err);
    if (!status)
        status = hand_on(slurm, part->task, ".out", slurm->job->output_fd, err);
    if (!status)
        status = hand_on(slurm, part->task, ".err", slurm->job->error_fd, err);
    if (!status && past.is_there) {
        merge_done(slurm, part, &past);
        status = merge_failed(slurm, part, &past, err);
    }
    close_part(path, &journal, &past);
    return status;
}

static enum umm_status remove_directory(const struct umm_batchslurm *slurm, struct umm_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int fd = umm_file_enter(-1, slurm->directory);
    if (fd < 0)
        return umm_error_set_errno(err, errno, slurm->directory, "cannot open");
    enum umm_status status = umm_directory_list(fd, slurm->directory, &names, &n, err);
    for (size_t i = 0; !status && i < n; i++)
        status = umm_directory_remove_file(fd, slurm->directory, names[i], err);
    if (!status)
        status = umm_directory_remove(fd, slurm->directory, err);
    free((void *)names);
    umm_file_close(&fd);
    return status;
}

enum umm_status umm_batchslurm_merge(struct umm_batchslurm *slurm, struct umm_error *err)
{
    enum umm_status status = umm_trust_check_directory(slurm->directory, err);
    if (!status)
        status = read_plan(slurm, err);
    if (!status)
        status = check_idle(slurm, err);
    if (!status)
        status = remove_lists(slurm, err);
    if (slurm->job->before_error)
        slurm->job->before_error(slurm->job->user);
    for (size_t at = 0; !status && at < slurm->n_stretches;) {
        const struct part part = part_at(slurm, at);
        status = merge_part(slurm, &part, err);
        at = part.end;
    }
    if (!status)
        status = umm_batchjournal_sync(&slurm->journal, err);
    return status ? status : remove_directory(slurm, err);
}
