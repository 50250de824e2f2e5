/* SPDX-License-Identifier: MIT */
#include "m5/check.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "child/child.h"
#include "probe/trial.h"
#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/procfs.h"
#include "sys/scratchdir.h"

/*
 * A word is a path and what is before it; a path may be as long as one below `parent` gets:
 * "/umm-m5.XXXXXX/unpooled/..." with the names of the workload and their temporary ones.
 */
enum { WORD_ROOM = PATH_MAX + 32, BELOW_PARENT = UMM_WORKLOAD_BELOW_DIR + 32 };
enum { FIGURES_BYTES_MAX = 65536 };

#define WARMUP_SHARE 0.2

static const uint64_t second_ns = 1000000000;
/*
 * What a paced run's process needs besides its signals, to start, to sync 40 arrays and to
 * close: one part in 5 of the time, within these bounds.
 */
enum { RESERVE_PART = 5 };
static const uint64_t reserve_least_ns = 500000000, reserve_most_ns = 10000000000;
/* How long new files in a shared /dev/shm may take to go: another program's may be there. */
static const uint64_t patience_ns = 3000000000;
static const char shm_path[] = "/dev/shm", scratch_prefix[] = "umm-m5";

struct names {
    char **list;
    size_t n;
};

struct check {
    const struct umm_check_options *options;
    struct umm_run *run;
    struct umm_record *record;
    struct umm_scratchdir scratch;
    uint64_t begin_ns;
    struct names shm_before;
};

/* ---- the environment -------------------------------------------------------------- */

static bool is_replaced(const char *entry)
{
    static const char *const names[] = {"TMPDIR=", "M5_SIGNALS=", "M5_SECONDS="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* envp with our own; one block, to be freed. */
static char **make_environment(const struct check *check, struct umm_error *err)
{
    enum { OWN = 3 };
    const struct umm_check_options *options = check->options;
    size_t n = 0, n_kept = 0;
    while (options->envp[n])
        n++;
    size_t list_bytes = (n + OWN + 1) * sizeof(char *);
    char **list = malloc(list_bytes + OWN * WORD_ROOM);
    if (!list) {
        umm_error_set_memory(err, list_bytes, "an environment");
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        if (!is_replaced(options->envp[i]))
            list[n_kept++] = options->envp[i];
    char *text = (char *)list + list_bytes;
    for (int i = 0; i < OWN; i++, text += WORD_ROOM) {
        list[n_kept++] = text;
        if (i == 0)
            snprintf(text, WORD_ROOM, "TMPDIR=%s/tmp", check->scratch.path);
        else if (i == 1)
            snprintf(text, WORD_ROOM, "M5_SIGNALS=%llu", (unsigned long long)options->n_signals);
        else
            snprintf(text, WORD_ROOM, "M5_SECONDS=%.3f", (double)options->duration_ns / 1e9);
    }
    list[n_kept] = NULL;
    return list;
}

/* ---- a trial ---------------------------------------------------------------------- */

/* When it hangs, for sure, and would not be judged before somebody looks. */
static uint64_t hung_ns(const struct umm_check_options *options)
{
    return options->duration_ns + 2 * options->duration_max_ns + 10 * second_ns;
}

static enum umm_status try_command(const struct check *check, char *const *argv,
                                   struct umm_trial *trial, struct umm_error *err)
{
    bool is_command;
    memset(trial, 0, sizeof *trial);
    char **envp = make_environment(check, err);
    if (!envp)
        return UMM_ERR_MEMORY;
    const uint64_t longest_ns = hung_ns(check->options);
    const struct umm_trial_options options = {.command = {.argv = argv, .envp = envp},
                                              .timeout_ns = longest_ns,
                                              .is_ending_too = true,
                                              .warmup_ns = UINT64_MAX,
                                              .warmup_share = WARMUP_SHARE,
                                              .alloc_library = check->options->alloc_library};
    enum umm_status status = umm_trial_run(&options, trial, &is_command, err);
    free((void *)envp);
    if (!status && trial->end != UMM_TRIAL_BY_ITSELF && !umm_run_is_cancelled(check->run))
        return umm_error_set_path(err, UMM_ERR_SYSTEM, argv[0],
                                  "had not ended after %.0f s, and was ended",
                                  (double)longest_ns / 1e9);
    if (!status && (trial->signal || umm_run_is_cancelled(check->run)))
        return umm_run_is_cancelled(check->run)
                   ? umm_error_set_cancelled(err)
                   : umm_error_set_path(
                         err, UMM_ERR_SYSTEM, argv[0], "was ended by signal %d%s", trial->signal,
                         umm_trial_is_oom(trial) ? ", as memory ran out in its control group" : "");
    return status;
}

static uint64_t known_count(const struct umm_trial *trial, uint64_t count)
{
    return trial->alloc_state == UMM_TRIAL_COUNTED ? count : UMM_FIGURE_UNKNOWN;
}

/* At most as many samples as a record has room for, evenly. */
static void keep_samples(const struct umm_trial *trial, struct umm_record *record)
{
    size_t step = trial->n_samples / UMM_RECORD_SAMPLES_MAX + 1;
    for (size_t i = 0; i < trial->n_samples; i += step)
        if (trial->samples[i].is_sound)
            record->samples[record->n_samples++] = (struct umm_record_sample){
                trial->samples[i].at_ns / (second_ns / 1000), trial->samples[i].growing_bytes};
}

static uint64_t not_negative(double bytes)
{
    return bytes > 0 ? (uint64_t)bytes : 0;
}

/* Of a run too short for lines, on a machine too busy to look often, all there is. */
static void keep_growth(const struct umm_growth *growth, struct umm_record *record)
{
    if (growth->n_points < 2)
        return;
    record->growth_bytes = not_negative(growth->bytes);
    record->growth_low_bytes = not_negative(growth->low_bytes);
    record->growth_high_bytes = not_negative(growth->high_bytes);
}

/*
 * When its memory was to stay as it was. The workload says so itself: a machine that gives
 * it no time before its first signal would make its start longer than any share. Of a command
 * only its time is known.
 */
static void steady_part(const struct umm_trial *trial, const struct umm_workload_figures *figures,
                        uint64_t *from_ns, uint64_t *until_ns)
{
    *from_ns = (uint64_t)(WARMUP_SHARE * (double)trial->duration_ns);
    *until_ns = UINT64_MAX;
    if (figures->steady_until_ns == UMM_FIGURE_UNKNOWN || figures->steady_from_ns < trial->begun_ns)
        return;
    *from_ns = figures->steady_from_ns - trial->begun_ns;
    *until_ns = figures->steady_until_ns - trial->begun_ns;
}

static enum umm_status keep_trial(struct umm_trial *trial, struct umm_record *record,
                                  struct umm_error *err)
{
    uint64_t from_ns, until_ns;
    steady_part(trial, &record->workload, &from_ns, &until_ns);
    enum umm_status status = umm_trial_fit(trial, from_ns, until_ns, err);
    record->exit_code = (uint64_t)trial->exit_code;
    keep_growth(&trial->growth, record);
    record->peak_rss_bytes = trial->peak_rss_bytes;
    record->peak_anonymous_bytes = trial->peak_anonymous_bytes;
    record->allocs = known_count(trial, trial->allocs.n_allocs);
    record->alloc_bytes = known_count(trial, trial->allocs.alloc_bytes);
    keep_samples(trial, record);
    return status;
}

/* ---- the workload ----------------------------------------------------------------- */

/* The words, and where they are written. */
struct umm_check_words {
    char room[UMM_CHECK_WORDS_MAX][WORD_ROOM];
    char *argv[UMM_CHECK_WORDS_MAX + 1];
    size_t n;
};

void umm_check_add_word(struct umm_check_words *words, const char *fmt, ...)
{
    va_list args;
    assert(words->n < UMM_CHECK_WORDS_MAX);
    va_start(args, fmt);
    vsnprintf(words->room[words->n], WORD_ROOM, fmt, args);
    va_end(args);
    words->argv[words->n] = words->room[words->n];
    words->n++;
}

static enum umm_status read_figures(const char *path, struct umm_workload_figures *figures,
                                    struct umm_error *err)
{
    void *text = NULL;
    size_t len;
    enum umm_status status = umm_file_read_whole(path, FIGURES_BYTES_MAX, &text, &len, err);
    if (!status)
        umm_figures_parse(text, umm_workload_table, figures);
    free(text);
    return status;
}

/* One run of the workload in a process of its own. */
static enum umm_status run_workload(const struct check *check, bool is_unpooled,
                                    uint64_t duration_ns, struct umm_trial *trial,
                                    struct umm_workload_figures *figures, struct umm_error *err)
{
    const struct umm_check_options *options = check->options;
    char data[WORD_ROOM], path[WORD_ROOM];
    struct umm_check_words *words = calloc(1, sizeof *words);
    memset(trial, 0, sizeof *trial);
    if (!words)
        return umm_error_set_memory(err, sizeof *words, "a command");
    snprintf(data, sizeof data, "%s/%s", check->scratch.path, is_unpooled ? "unpooled" : "data");
    snprintf(path, sizeof path, "%s/figures", check->scratch.path);
    const struct umm_check_workload run = {.directory = data,
                                           .figures = path,
                                           .n_signals = options->n_signals,
                                           .seed = options->seed,
                                           .duration_ns = duration_ns,
                                           .canary = is_unpooled ? NULL : options->canary,
                                           .is_unpooled = is_unpooled,
                                           .is_unsynced = is_unpooled || options->is_unsynced};
    options->workload(options->user, &run, words);
    enum umm_status status = umm_file_make_directory(data, err);
    if (!status)
        status = try_command(check, words->argv, trial, err);
    if (!status && trial->exit_code == 0)
        status = read_figures(path, figures, err);
    free(words);
    return status;
}

/* What is left of the time, if it is limited. */
static uint64_t time_left(const struct check *check)
{
    uint64_t duration = check->options->duration_ns, reserve = duration / RESERVE_PART;
    if (reserve < reserve_least_ns)
        reserve = reserve_least_ns;
    if (reserve > reserve_most_ns)
        reserve = reserve_most_ns;
    uint64_t gone = umm_clock_monotonic_ns() - check->begin_ns + reserve;
    if (!duration)
        return 0;
    return gone + second_ns / 1000 < duration ? duration - gone : second_ns / 1000;
}

static enum umm_status check_workload(struct check *check, struct umm_error *err)
{
    struct umm_workload_figures figures;
    struct umm_trial trial;
    enum umm_status status = run_workload(check, true, 0, &trial, &figures, err);
    if (!status) {
        check->record->unpooled_allocs = known_count(&trial, trial.allocs.n_allocs);
        check->record->unpooled_alloc_bytes = known_count(&trial, trial.allocs.alloc_bytes);
    }
    umm_trial_free(&trial);
    if (status)
        return status;
    status = run_workload(check, false, time_left(check), &trial, &check->record->workload, err);
    if (!status)
        status = keep_trial(&trial, check->record, err);
    umm_trial_free(&trial);
    return status;
}

static enum umm_status check_command(struct check *check, struct umm_error *err)
{
    struct umm_trial trial;
    enum umm_status status = try_command(check, check->options->command, &trial, err);
    if (!status)
        status = keep_trial(&trial, check->record, err);
    umm_trial_free(&trial);
    return status;
}

/* ---- what is left ----------------------------------------------------------------- */

static enum umm_status list_shm(struct names *names, struct umm_error *err)
{
    int fd = -1;
    enum umm_status status = umm_procfs_open(UMM_PROCFS_CWD, shm_path, &fd, err);
    if (!status)
        status = umm_directory_list(fd, shm_path, &names->list, &names->n, err);
    umm_file_close(&fd);
    return status;
}

static uint64_t count_new(const struct names *before)
{
    struct names now = {0};
    uint64_t n_new = 0;
    if (list_shm(&now, NULL) != UMM_OK)
        return UMM_FIGURE_UNKNOWN;
    for (size_t i = 0; i < now.n; i++)
        n_new += !before->n || !bsearch(&now.list[i], before->list, before->n, sizeof(char *),
                                        umm_list_compare_texts);
    free((void *)now.list);
    return n_new;
}

/* Others' files in a shared /dev/shm are given some time to go. */
static uint64_t count_left_in_shm(const struct check *check)
{
    uint64_t end = umm_clock_monotonic_ns() + patience_ns;
    uint64_t n = count_new(&check->shm_before);
    while (n && n != UMM_FIGURE_UNKNOWN && !check->options->is_shm_private &&
           umm_clock_monotonic_ns() < end && !umm_run_is_cancelled(check->run)) {
        umm_clock_sleep_until(umm_clock_monotonic_ns() + second_ns / 10, check->run);
        n = count_new(&check->shm_before);
    }
    return n;
}

static uint64_t count_left_in_tmp(const struct check *check)
{
    char path[WORD_ROOM];
    uint64_t n;
    snprintf(path, sizeof path, "%s/tmp", check->scratch.path);
    return umm_scratchdir_count(path, &n, NULL, 0, NULL) == UMM_OK ? n : UMM_FIGURE_UNKNOWN;
}

/* ---- all of it -------------------------------------------------------------------- */

static enum umm_status begin(struct check *check, struct umm_error *err)
{
    const struct umm_check_options *options = check->options;
    struct umm_record *record = check->record;
    char tmp[WORD_ROOM];
    if (strlen(options->parent) + BELOW_PARENT >= PATH_MAX)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, options->parent,
                                  "the path is too long for a scratch directory in it");
    umm_record_init(record);
    record->started_s = (uint64_t)umm_clock_realtime_ns() / second_ns;
    record->is_command = options->command != NULL;
    record->signals_wanted = options->n_signals;
    record->duration_wanted_ms = options->command ? 0 : options->duration_ns / (second_ns / 1000);
    record->duration_max_ms = options->duration_max_ns / (second_ns / 1000);
    record->allocs_max_thousandths = options->allocs_max_thousandths;
    record->is_shm_private = options->is_shm_private;
    enum umm_status status =
        umm_scratchdir_make(&check->scratch, options->parent, scratch_prefix, err);
    if (status)
        return status;
    snprintf(tmp, sizeof tmp, "%s/tmp", check->scratch.path);
    status = umm_file_make_directory(tmp, err);
    return status ? status : list_shm(&check->shm_before, err);
}

enum umm_status umm_check_run(const struct umm_check_options *options, struct umm_run *run,
                              struct umm_record *record, struct umm_error *err)
{
    struct check check = {.options = options, .run = run, .record = record};
    umm_scratchdir_sweep(options->parent, scratch_prefix);
    check.begin_ns = umm_clock_monotonic_ns();
    enum umm_status status = begin(&check, err);
    if (!status)
        status = options->command ? check_command(&check, err) : check_workload(&check, err);
    if (!status) {
        record->left_in_shm = count_left_in_shm(&check);
        record->left_in_tmp = count_left_in_tmp(&check);
    }
    umm_scratchdir_remove(&check.scratch);
    free((void *)check.shm_before.list);
    if (!status && options->duration_ns && !options->command)
        umm_clock_sleep_until(check.begin_ns + options->duration_ns, run);
    record->duration_ms = (umm_clock_monotonic_ns() - check.begin_ns) / (second_ns / 1000);
    return status;
}
