/* SPDX-License-Identifier: MIT */
#include "probe/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "probe/family.h"
#include "probe/memory.h"
#include "probe/process.h"
#include "sys/clock.h"
#include "sys/procfs.h"
#include "sys/sharedmem.h"

enum {
    SAMPLES_MAX = 2048,
    COST_SHARE = 100, /* a sample may take one part of so many */
    /* Exact ones where the samples between are of no use: one part of so many, to have so many. */
    UNSTEADY_COST_SHARE = 10,
    UNSTEADY_SAMPLES = 32
};

/* Killing is repeated, for processes that were started meanwhile; but not for ever: some cannot be
 * killed. */
enum { KILL_TIMES_MAX = 50 };

#define MS_NS           ((uint64_t)1000000)
#define FIRST_NS        (2 * MS_NS)
#define INTERVAL_NS     (10 * MS_NS)
#define INTERVAL_MAX_NS (10000 * MS_NS)
#define GRACE_NS        (UMM_TRIAL_GRACE_SECONDS * 1000 * MS_NS)
#define KILL_AGAIN_NS   (100 * MS_NS)

/* What a run needs beside its results. */
struct run {
    const struct umm_trial_options *options;
    struct umm_trial *trial;
    struct umm_child child;
    struct umm_family family;
    struct umm_procfs_text text;
    struct umm_sharedmem counts;
    uint64_t start_ns;
    uint64_t cost_ns; /* of a sample that is not exact, on average */
    uint64_t next_exact_ns;
    uint64_t end_ns; /* when to ask all to end, or to kill them; UINT64_MAX: never */
    unsigned n_kills;
    uint64_t oom_kills; /* before the run */
    struct umm_trial_sample last_exact;
    bool is_unsteady;          /* what lies between the last two exact samples is of no use */
    bool is_uncounted;         /* a process was seen without the library, or the counts are lost */
    uint64_t base_interval_ns; /* doubled whenever the samples are halved */
};

/* ---- a sample ------------------------------------------------------------ */

/* The text of a file of the process in run->text; err may be NULL. */
static bool read_text(struct run *run, uint32_t pid, const char *name, struct umm_error *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%u/%s", (unsigned)pid, name);
    return umm_procfs_read(UMM_PROCFS_CWD, path, &run->text, err) == UMM_OK;
}

/*
 * Whether the process has the library mapped that counts. Once is not enough to say that
 * it has not: the loader may be about to map it.
 */
static void look_for_library(struct run *run, struct umm_family_process *member)
{
    const char *path = run->options->alloc_library, *slash = strrchr(path, '/');
    char maps[64];
    struct umm_error err = {0};
    snprintf(maps, sizeof maps, "/proc/%u/maps", (unsigned)member->pid);
    bool is_read = umm_procfs_read(UMM_PROCFS_CWD, maps, &run->text, &err) == UMM_OK;
    if (is_read ? !run->text.len_bytes : !umm_procfs_is_denied(&err))
        return; /* it ends */
    if (is_read && strstr(run->text.bytes, slash ? slash : path))
        member->n_without = 0;
    else if (++member->n_without == 2)
        run->is_uncounted = true;
}

static bool has_memory(struct run *run, const struct umm_family_process *member)
{
    struct umm_process now;
    umm_process_forget(&now);
    if (read_text(run, member->pid, "status", NULL))
        umm_process_parse_status(run->text.bytes, &now);
    return now.rss_bytes != UMM_UNKNOWN;
}

/*
 * The sums over its pages; false: it ends. Of a process that goes on, what cannot be read is
 * hidden, and stays unknown; one that runs another program at this moment is looked at again.
 */
static bool sum_pages(struct run *run, const struct umm_family_process *member,
                      struct umm_process *summed)
{
    struct umm_error err = {0};
    for (int i = 0; i < 2; i++) {
        if (read_text(run, member->pid, "smaps_rollup", &err)) {
            umm_process_parse_rollup(run->text.bytes, summed);
            return true;
        }
        if (umm_procfs_is_denied(&err))
            return true;
        if (!has_memory(run, member))
            return false;
    }
    return true;
}

static void sample_process(struct run *run, struct umm_trial_sample *sample,
                           struct umm_family_process *member)
{
    struct umm_process counted, summed;
    if (!member->is_apart && umm_child_shares_memory(member->pid, member->ppid))
        return; /* between vfork and exec */
    member->is_apart = true;
    if (!read_text(run, member->pid, "status", NULL))
        return; /* it has ended */
    umm_process_forget(&counted);
    umm_process_parse_status(run->text.bytes, &counted);
    if (counted.rss_bytes == UMM_UNKNOWN)
        return; /* it has given its memory up, and ends */
    summed = counted;
    if (sample->is_exact) {
        if (!sum_pages(run, member, &summed))
            return;
        if (run->counts.map.bytes)
            look_for_library(run, member);
    }
    umm_samples_add_process(sample, &counted, sample->is_exact ? &summed : NULL);
}

static void note_peak(struct umm_trial *trial, const struct umm_trial_sample *sample)
{
    if (trial->peak.is_known && sample->pss_bytes <= trial->peak.pss_bytes)
        return;
    trial->peak = (struct umm_trial_peak){.is_known = true,
                                          .at_ns = sample->at_ns,
                                          .pss_bytes = sample->pss_bytes,
                                          .growing_bytes = sample->growing_bytes,
                                          .hidden_bytes = sample->hidden_bytes,
                                          .n_processes = sample->n_processes,
                                          .n_hidden = sample->n_hidden};
}

static void note_peaks(struct umm_trial *trial, const struct umm_trial_sample *sample)
{
    if (sample->rss_bytes > trial->peak_rss_bytes)
        trial->peak_rss_bytes = sample->rss_bytes;
    if (sample->is_exact)
        note_peak(trial, sample);
    if (sample->anonymous_bytes > trial->peak_anonymous_bytes)
        trial->peak_anonymous_bytes = sample->anonymous_bytes;
    if (sample->n_processes > trial->peak_processes)
        trial->peak_processes = sample->n_processes;
}

/* Every second one stays. */
static void halve_samples(struct run *run)
{
    struct umm_trial *trial = run->trial;
    for (size_t i = 0; 2 * i < trial->n_samples; i++)
        trial->samples[i] = trial->samples[2 * i];
    trial->n_samples = (trial->n_samples + 1) / 2;
    run->base_interval_ns *= 2;
}

static enum umm_status keep_sample(struct run *run, const struct umm_trial_sample *sample,
                                   struct umm_error *err)
{
    struct umm_trial *trial = run->trial;
    if (trial->n_samples == SAMPLES_MAX)
        halve_samples(run);
    struct umm_trial_sample *samples =
        umm_list_room(trial->samples, trial->n_samples, sizeof *samples);
    if (!samples)
        return umm_error_set_memory(err, (trial->n_samples + 1) * sizeof *samples, "samples");
    trial->samples = samples;
    trial->samples[trial->n_samples++] = *sample;
    return UMM_OK;
}

static void count_allocs(struct run *run, struct umm_trial_sample *sample)
{
    struct umm_alloc_counts *allocs = &run->trial->allocs;
    const void *memory;
    if (!run->counts.map.bytes)
        return;
    if (umm_sharedmem_look(&run->counts, &memory, NULL))
        run->is_uncounted = true; /* the command cut them: what is known stays */
    else
        umm_alloc_counts_read(memory, allocs);
    sample->n_allocs = allocs->n_allocs;
    sample->alloc_bytes = allocs->alloc_bytes;
}

/*
 * How long until the next exact sample. Where only these are of use, a short run gets more of
 * them: enough for a line through a quarter of it.
 */
static uint64_t exact_interval(const struct run *run, uint64_t cost_ns)
{
    uint64_t usual = cost_ns * COST_SHARE, least = cost_ns * UNSTEADY_COST_SHARE;
    uint64_t part = (umm_clock_monotonic_ns() - run->start_ns) / UNSTEADY_SAMPLES;
    if (!run->is_unsteady || part > usual)
        return usual;
    return part > least ? part : least;
}

/* In time of a processor: on a busy machine a sample takes long, but costs no more. */
static void note_cost(struct run *run, uint64_t cost_ns, bool is_exact)
{
    run->trial->sampling_ns += cost_ns;
    if (is_exact)
        run->next_exact_ns = umm_clock_monotonic_ns() + exact_interval(run, cost_ns);
    else
        run->cost_ns = run->cost_ns ? (7 * run->cost_ns + cost_ns) / 8 : cost_ns;
}

static enum umm_status take_sample(struct run *run, struct umm_error *err)
{
    struct umm_trial *trial = run->trial;
    uint64_t begun_ns = umm_clock_monotonic_ns(), cost_before_ns = umm_clock_thread_ns();
    struct umm_trial_sample sample = {.at_ns = begun_ns - run->start_ns,
                                      .is_exact = begun_ns >= run->next_exact_ns};
    enum umm_status status = umm_family_update(&run->family, err);
    if (status)
        return status;
    for (size_t i = 0; i < run->family.n_all; i++)
        if (run->family.all[i].is_member)
            sample_process(run, &sample, &run->family.all[i]);
    count_allocs(run, &sample);
    /* Nobody there: it has ended, or is not more than a copy of us yet. */
    if (sample.n_processes) {
        note_peaks(trial, &sample);
        if (sample.is_exact) {
            run->is_unsteady = !umm_samples_are_alike(&run->last_exact, &sample);
            run->last_exact = sample;
        }
        status = keep_sample(run, &sample, err);
        trial->n_taken++;
    }
    note_cost(run, umm_clock_thread_ns() - cost_before_ns, sample.is_exact);
    return status;
}

/* ---- the timeout --------------------------------------------------------- */

static enum umm_status end_all(struct run *run, struct umm_error *err)
{
    bool is_killing = run->trial->end != UMM_TRIAL_BY_ITSELF;
    enum umm_status status = umm_family_update(&run->family, err);
    for (size_t i = 0; !status && i < run->family.n_all; i++)
        if (run->family.all[i].is_member)
            umm_child_end(run->family.all[i].pid, is_killing);
    run->trial->end = is_killing ? UMM_TRIAL_KILLED : UMM_TRIAL_ASKED_TO_END;
    run->n_kills += is_killing;
    run->end_ns = umm_clock_monotonic_ns() + (is_killing ? KILL_AGAIN_NS : GRACE_NS);
    return status;
}

/* ---- the run ------------------------------------------------------------- */

static uint64_t next_interval(const struct run *run)
{
    uint64_t by_cost = run->cost_ns * COST_SHARE;
    uint64_t interval = by_cost > run->base_interval_ns ? by_cost : run->base_interval_ns;
    return interval < INTERVAL_MAX_NS ? interval : INTERVAL_MAX_NS;
}

static bool is_over(const struct run *run)
{
    const struct umm_child *child = &run->child;
    bool is_for_all = run->options->is_waiting_for_all || run->trial->end != UMM_TRIAL_BY_ITSELF;
    return run->n_kills == KILL_TIMES_MAX ||
           (child->has_ended && (!is_for_all || !child->has_others || child->is_told_to_end));
}

static enum umm_status watch(struct run *run, struct umm_error *err)
{
    uint64_t next_ns = run->start_ns + FIRST_NS;
    enum umm_status status = UMM_OK;
    while (!status) {
        uint64_t now_ns = umm_clock_monotonic_ns();
        if (now_ns >= next_ns) {
            status = take_sample(run, err);
            next_ns = now_ns + next_interval(run);
            now_ns = umm_clock_monotonic_ns();
        }
        if (!status && now_ns >= run->end_ns)
            status = end_all(run, err);
        uint64_t wake_ns = next_ns < run->end_ns ? next_ns : run->end_ns;
        if (!status)
            status = umm_child_wait(&run->child, wake_ns > now_ns ? wake_ns - now_ns : 0, err);
        if (!status && is_over(run))
            break;
    }
    run->trial->duration_ns = umm_clock_monotonic_ns() - run->start_ns;
    run->trial->interval_ns = next_interval(run);
    return status;
}

enum umm_status umm_trial_fit(struct umm_trial *trial, uint64_t from_ns, uint64_t until_ns,
                              struct umm_error *err)
{
    struct umm_growth_point *points = calloc(trial->n_samples + 1, sizeof *points);
    size_t n = 0;
    if (!points)
        return umm_error_set_memory(err, (trial->n_samples + 1) * sizeof *points,
                                    "growth over time");
    for (size_t i = 0; i < trial->n_samples && trial->samples[i].at_ns <= until_ns; i++)
        if (trial->samples[i].is_sound)
            points[n++] =
                (struct umm_growth_point){.seconds = (double)trial->samples[i].at_ns / 1e9,
                                          .bytes = (double)trial->samples[i].growing_bytes};
    umm_growth_fit(points, n, (double)from_ns / 1e9, &trial->growth);
    free(points);
    return UMM_OK;
}

/* Samples between the exact ones may show a higher peak. */
static void complete_samples(struct umm_trial *trial)
{
    umm_samples_correct(trial->samples, trial->n_samples);
    for (size_t i = 0; i < trial->n_samples; i++)
        if (trial->samples[i].is_sound)
            note_peak(trial, &trial->samples[i]);
}

static enum umm_status fit_growth(const struct umm_trial_options *options, struct umm_trial *trial,
                                  struct umm_error *err)
{
    uint64_t from_ns = options->warmup_ns == UINT64_MAX
                           ? (uint64_t)(options->warmup_share * (double)trial->duration_ns)
                           : options->warmup_ns;
    return umm_trial_fit(trial, from_ns, UINT64_MAX, err);
}

static enum umm_trial_allocs alloc_state(const struct run *run)
{
    const struct umm_alloc_counts *allocs = &run->trial->allocs;
    if (allocs->n_blind >= allocs->n_processes) /* both 0, most often */
        return UMM_TRIAL_NOT_COUNTED;
    return allocs->n_blind || run->is_uncounted ? UMM_TRIAL_PARTLY_COUNTED : UMM_TRIAL_COUNTED;
}

/* A group that lives longer than the run counts from its own beginning. */
static void look_for_oom(const struct run *run)
{
    struct umm_memory memory;
    uint64_t now = umm_memory_oom_kills(NULL);
    bool is_known = now != UINT64_MAX && run->oom_kills != UINT64_MAX && now >= run->oom_kills;
    run->trial->oom_kills = is_known ? now - run->oom_kills : UINT64_MAX;
    run->trial->memory_limit_bytes = UINT64_MAX;
    if (umm_memory_read(NULL, &memory, NULL) == UMM_OK && memory.limiter != UMM_MEMORY_HOST)
        run->trial->memory_limit_bytes = memory.total_bytes;
}

static enum umm_status conclude(struct run *run, struct umm_error *err)
{
    struct umm_trial *trial = run->trial;
    struct umm_trial_sample last = {0};
    trial->exit_code = run->child.has_ended ? umm_child_exit_code(&run->child) : -1;
    trial->signal = umm_child_signal(&run->child);
    trial->is_left = run->child.has_others;
    umm_child_usage(&run->child, &trial->usage);
    look_for_oom(run);
    /* The kernel's peak of one process may be above every sample; but not told below ours. */
    if (trial->usage.peak_rss_bytes > trial->peak_rss_bytes &&
        (trial->usage.peak_rss_bytes > run->child.own_peak_bytes || !trial->n_samples))
        trial->peak_rss_bytes = trial->usage.peak_rss_bytes;
    count_allocs(run, &last);
    if (run->counts.map.bytes)
        trial->alloc_state = alloc_state(run);
    complete_samples(trial);
    return fit_growth(run->options, trial, err);
}

/* ---- a command whose allocations are counted ------------------------------- */

static enum umm_status start_counting(struct run *run, bool *is_command, struct umm_error *err)
{
    struct umm_child_command command = run->options->command;
    char **envp = NULL;
    enum umm_status status = umm_sharedmem_open(&run->counts, sizeof(struct umm_alloc_memory), err);
    if (!status)
        status = umm_alloc_counts_environment(command.envp, run->options->alloc_library,
                                              run->counts.path, &envp, err);
    if (!status) {
        struct umm_alloc_memory *memory = (void *)run->counts.map.bytes;
        memory->header.magic = UMM_ALLOC_MAGIC;
        memory->header.n_slots = UMM_ALLOC_SLOTS;
        command.envp = envp;
        status = umm_child_open(&run->child, &command, is_command, err);
    }
    free((void *)envp);
    return status;
}

enum umm_status umm_trial_run(const struct umm_trial_options *options, struct umm_trial *trial,
                              bool *is_command, struct umm_error *err)
{
    struct run run = {.options = options,
                      .trial = trial,
                      .family = {.self = umm_child_self()},
                      .base_interval_ns = INTERVAL_NS};
    memset(trial, 0, sizeof *trial);
    *is_command = false;
    enum umm_status status = umm_family_update(&run.family, err);
    umm_family_exclude(&run.family);
    run.oom_kills = umm_memory_oom_kills(NULL);
    run.start_ns = trial->begun_ns = umm_clock_monotonic_ns();
    run.end_ns = options->timeout_ns ? run.start_ns + options->timeout_ns : UINT64_MAX;
    if (!status && options->alloc_library)
        status = start_counting(&run, is_command, err);
    else if (!status)
        status = umm_child_open(&run.child, &options->command, is_command, err);
    if (!status)
        status = watch(&run, err);
    if (!status)
        status = conclude(&run, err);
    umm_child_close(&run.child);
    if (options->is_ending_too)
        umm_child_raise_ending(&run.child);
    umm_family_free(&run.family);
    umm_procfs_text_free(&run.text);
    umm_sharedmem_close(&run.counts);
    return status;
}

bool umm_trial_is_oom(const struct umm_trial *trial)
{
    return trial->end == UMM_TRIAL_BY_ITSELF && umm_child_is_kill(trial->exit_code) &&
           trial->oom_kills > 0 && trial->oom_kills != UINT64_MAX;
}

void umm_trial_free(struct umm_trial *trial)
{
    free(trial->samples);
    memset(trial, 0, sizeof *trial);
}
