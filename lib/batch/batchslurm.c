/* SPDX-License-Identifier: MIT */
#include "batch/batchslurm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "batch/batchslurm_work.h"
#include "batch/orphans.h"
#include "batch/slurm.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "text/textbuf.h"

static struct umm_slurm commands_of(const struct umm_batchslurm *slurm)
{
    return (struct umm_slurm){slurm->job->envp, slurm->job->scratch_dir, slurm->run};
}

/* ---- the run's journal --------------------------------------------------------------- */

static enum umm_status name_directory(struct umm_batchslurm *slurm, struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    char *journal = umm_file_absolute(slurm->job->journal);
    size_t len;
    if (!journal)
        return umm_error_set_memory(err, strlen(slurm->job->journal), "a path");
    umm_textbuf_add(&buf, "%s.d", journal);
    free(journal);
    return umm_textbuf_take(&buf, &slurm->directory, &len, err);
}

static enum umm_status open_journal(struct umm_batchslurm *slurm, struct umm_error *err)
{
    const struct umm_batchjob_options *job = slurm->job;
    struct umm_batchjournal_key key;
    struct umm_batch_runner runner;
    uint64_t n_orphans;
    umm_batchjob_key(job, &key);
    enum umm_status status = umm_orphans_runner(&runner, err);
    if (!status)
        status = umm_batchjournal_open(&slurm->journal, job->journal, &key, job->lock_wait,
                                       slurm->run, &slurm->past, err);
    if (!status)
        status = umm_orphans_end(&slurm->past, &runner, slurm->run, &n_orphans, err);
    if (!status && !slurm->past.states) {
        slurm->past.states = calloc(key.n_items + 1, 1);
        if (!slurm->past.states)
            status = umm_error_set_memory(err, key.n_items + 1, "what is done");
    }
    if (!status && job->is_retrying)
        umm_batchjournal_past_retry(&slurm->past, key.n_items);
    return status ? status
                  : umm_batchjournal_begin(&slurm->journal, &runner, job->is_retrying, err);
}

static void close_all(struct umm_batchslurm *slurm)
{
    umm_batchjournal_close(&slurm->journal);
    umm_batchjournal_past_free(&slurm->past);
    free(slurm->stretches);
    free(slurm->directory);
}

/* What was written so far ends here. */
static enum umm_status end_journal(struct umm_batchslurm *slurm, struct umm_error *err)
{
    umm_batchjournal_end(&slurm->journal);
    return umm_batchjournal_sync(&slurm->journal, err);
}

/* ---- the array ----------------------------------------------------------------------- */

static enum umm_status write_job(const struct umm_batchslurm *slurm, uint64_t job,
                                 struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    char *path = NULL, *text = NULL;
    size_t len = 0;
    umm_textbuf_add(&buf, "%" PRIu64 "\n", job);
    enum umm_status status = umm_textbuf_take(&buf, &text, &len, err);
    if (!status)
        status = umm_batchslurm_path(slurm, "job", &path, err);
    if (!status)
        status = umm_output_write_text(path, text, len, slurm->run, err);
    free(path);
    free(text);
    return status;
}

/* The number of the array that was submitted, 0 if there is none. */
static enum umm_status read_job(const struct umm_batchslurm *slurm, uint64_t *job,
                                struct umm_error *err)
{
    enum { JOB_BYTES_MAX = 64 };
    struct umm_file_info info;
    char *path = NULL;
    void *text = NULL;
    size_t len;
    bool is_there = false;
    *job = 0;
    enum umm_status status = umm_batchslurm_path(slurm, "job", &path, err);
    if (!status)
        status = umm_file_find(path, &is_there, &info, err);
    if (!status && is_there)
        status = umm_file_read_whole(path, JOB_BYTES_MAX, &text, &len, err);
    if (text)
        *job = strtoull(text, NULL, 10);
    if (!status && text && !*job)
        status = umm_error_set_path(err, UMM_ERR_DATA, path, "has no number of a job");
    free(path);
    free(text);
    return status;
}

/*
 * Until the array has ended. A question that is not answered is asked again, for five minutes: the
 * controller may be begun anew.
 */
static enum umm_status follow(const struct umm_batchslurm *slurm, uint64_t job,
                              struct umm_error *err)
{
    const uint64_t first_ns = 100000000, most_ns = 5000000000, patience_ns = 300000000000;
    const struct umm_slurm commands = commands_of(slurm);
    uint64_t answered_ns = umm_clock_monotonic_ns();
    for (uint64_t pause_ns = first_ns;;
         pause_ns = pause_ns < most_ns / 2 ? 2 * pause_ns : most_ns) {
        bool is_active;
        enum umm_status status = umm_slurm_is_active(&commands, job, &is_active, err);
        const uint64_t now_ns = umm_clock_monotonic_ns();
        if (!status && !is_active)
            return UMM_OK;
        if (!status)
            answered_ns = now_ns;
        else if (status != UMM_ERR_SYSTEM || now_ns - answered_ns > patience_ns)
            return status;
        umm_clock_sleep_until(now_ns + pause_ns, slurm->run);
        if (umm_run_is_cancelled(slurm->run))
            return umm_error_set_cancelled(err);
    }
}

/* What stands between single quotes of the shell. */
static void add_escaped(struct umm_textbuf *buf, const char *word)
{
    for (; *word; word++)
        if (*word == '\'')
            umm_textbuf_add(buf, "'\\''");
        else
            umm_textbuf_add_bytes(buf, word, 1);
}

static void add_words(struct umm_textbuf *buf, char *const *words)
{
    for (; *words; words++) {
        umm_textbuf_add(buf, " '");
        add_escaped(buf, *words);
        umm_textbuf_add(buf, "'");
    }
}

static enum umm_status write_script(const struct umm_batchslurm *slurm,
                                    const struct umm_batchslurm_options *options, const char *path,
                                    struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    char *text = NULL;
    size_t len = 0;
    umm_textbuf_add(&buf, "#!/bin/sh\nexec");
    add_words(&buf, options->words);
    umm_textbuf_add(&buf, " '");
    add_escaped(&buf, options->task_word);
    add_escaped(&buf, slurm->directory);
    umm_textbuf_add(&buf, "/'\"$SLURM_ARRAY_TASK_ID\" --");
    add_words(&buf, slurm->job->command);
    umm_textbuf_add(&buf, "\n");
    enum umm_status status = umm_textbuf_take(&buf, &text, &len, err);
    if (!status)
        status = umm_output_write_text(path, text, len, slurm->run, err);
    free(text);
    return status;
}

static uint64_t count_left(const struct umm_batchslurm *slurm)
{
    return slurm->job->items->n - slurm->past.n_done - slurm->past.n_failed;
}

/* One task for a batch, unless that is more than asked for, or than Slurm takes. */
static enum umm_status count_tasks(const struct umm_batchslurm *slurm,
                                   const struct umm_batchslurm_options *options, uint64_t *n_tasks,
                                   struct umm_error *err)
{
    const struct umm_slurm commands = commands_of(slurm);
    const uint64_t n_left = count_left(slurm);
    uint64_t most = 0;
    *n_tasks = options->n_tasks ? options->n_tasks : (n_left - 1) / options->job->size.base + 1;
    enum umm_status status = umm_slurm_most_tasks(&commands, &most, err);
    if (*n_tasks > most)
        *n_tasks = most;
    if (*n_tasks > n_left)
        *n_tasks = n_left;
    return status;
}

static enum umm_status submit(struct umm_batchslurm *slurm,
                              const struct umm_batchslurm_options *options,
                              struct umm_batchslurm_result *done, struct umm_error *err)
{
    const struct umm_slurm commands = commands_of(slurm);
    struct umm_slurm_array array = {.directory = slurm->directory, .options = options->options};
    char *script = NULL;
    enum umm_status status = count_tasks(slurm, options, &array.n_tasks, err);
    if (!status)
        status = umm_batchslurm_write(slurm, array.n_tasks, err);
    if (!status)
        status = umm_batchslurm_path(slurm, "script", &script, err);
    if (!status)
        status = write_script(slurm, options, script, err);
    array.script = script;
    if (!status)
        status = umm_slurm_submit(&commands, &array, &done->job, err);
    if (!status)
        status = write_job(slurm, done->job, err);
    done->n_tasks = array.n_tasks;
    free(script);
    return status;
}

/* ---- whole runs ----------------------------------------------------------------------- */

/* What an array before did, if there was one. */
static enum umm_status collect(struct umm_batchslurm *slurm, bool is_followed,
                               struct umm_error *err)
{
    const struct umm_slurm commands = commands_of(slurm);
    struct umm_file_info info;
    uint64_t job = 0;
    bool is_there = false, is_active = false;
    enum umm_status status = umm_file_find(slurm->directory, &is_there, &info, err);
    if (status || !is_there)
        return status;
    status = read_job(slurm, &job, err);
    if (!status && job && is_followed)
        status = follow(slurm, job, err);
    else if (!status && job)
        status = umm_slurm_is_active(&commands, job, &is_active, err);
    if (!status && is_active)
        status = umm_error_set_path(err, UMM_ERR_BUSY, slurm->job->journal,
                                    "job %" PRIu64 " of Slurm is at it", job);
    return status ? status : umm_batchslurm_merge(slurm, err);
}

static void tell(const struct umm_batchslurm *slurm, struct umm_batchjob_result *result,
                 struct umm_batchslurm_result *done, uint64_t n_before)
{
    struct umm_batchjournal_past *past = (struct umm_batchjournal_past *)(uintptr_t)&slurm->past;
    result->n_items = slurm->job->items->n;
    result->n_before = n_before;
    result->n_done = past->n_done;
    result->n_failed = past->n_failed;
    result->failures = past->failures;
    result->n_failures = past->n_failures;
    past->failures = NULL;
    past->n_failures = 0;
    done->n_left = count_left(slurm);
}

enum umm_status umm_batchslurm_run(const struct umm_batchslurm_options *options,
                                   struct umm_run *run, struct umm_batchjob_result *result,
                                   struct umm_batchslurm_result *done, struct umm_error *err)
{
    struct umm_batchslurm slurm = {.job = options->job, .run = run, .journal.fd = -1};
    uint64_t n_before = 0;
    *result = (struct umm_batchjob_result){.n_items = 0};
    *done = (struct umm_batchslurm_result){.job = 0};
    enum umm_status status = name_directory(&slurm, err);
    if (!status)
        status = open_journal(&slurm, err);
    if (!status) {
        n_before = slurm.past.n_done;
        status = collect(&slurm, options->is_followed, err);
    }
    if (!status && count_left(&slurm) > 0)
        status = submit(&slurm, options, done, err);
    if (!status && done->job && options->is_followed)
        status = follow(&slurm, done->job, err);
    if (!status && done->job && options->is_followed)
        status = umm_batchslurm_merge(&slurm, err);
    if (!status)
        status = end_journal(&slurm, err);
    if (!status)
        tell(&slurm, result, done, n_before);
    close_all(&slurm);
    return status;
}

enum umm_status umm_batchslurm_collect(const struct umm_batchjob_options *job, struct umm_run *run,
                                       struct umm_error *err)
{
    struct umm_batchslurm slurm = {.job = job, .run = run, .journal.fd = -1};
    struct umm_file_info info;
    bool is_there = false;
    enum umm_status status = name_directory(&slurm, err);
    if (!status)
        status = umm_file_find(slurm.directory, &is_there, &info, err);
    if (!status && is_there)
        status = open_journal(&slurm, err);
    if (!status && is_there)
        status = collect(&slurm, false, err);
    if (!status && is_there)
        status = end_journal(&slurm, err);
    close_all(&slurm);
    return status;
}
