/* SPDX-License-Identifier: MIT */
/*
 * trial.h - running a command and measuring it, with all that it starts.
 *
 * The command and its descendants, daemons too, are sampled: at first every 10 ms, less
 * often as the run gets long (the samples are then halved in number) or a sample gets
 * expensive. Reading the kernel's running counts is cheap; adding up a process's pages,
 * which gives PSS and is exact where those counts lag, is not, and is done less
 * often: both together take about 2 % of the time of one processor at most, in a short run
 * up to 11 % where what lies between exact samples is of no use. What the
 * kernel counts itself (faults, switches, transfers, the peak of the largest process) is
 * taken from there, and complete however short a process lived.
 */
#ifndef UMM_PROBE_TRIAL_H
#define UMM_PROBE_TRIAL_H

#include "child/child.h"
#include "probe/alloc_counts.h"
#include "probe/growth.h"
#include "probe/samples.h"

/*
 * warmup_ns is dropped from the beginning when growth is judged, or, when it is
 * UINT64_MAX, the part warmup_share of the whole time. alloc_library is the path of
 * libumm-alloc.so, NULL to count no allocations. When timeout_ns have passed (0: never)
 * the command and all its descendants are asked to end; a process that has not,
 * UMM_TRIAL_GRACE_SECONDS later, is killed.
 */
enum { UMM_TRIAL_GRACE_SECONDS = 5 };

struct umm_trial_options {
    struct umm_child_command command;
    uint64_t timeout_ns;
    bool is_waiting_for_all; /* until the last descendant has ended, or a signal asks to end */
    bool is_ending_too; /* a signal that asks it to end is also raised here, after it has ended */
    uint64_t warmup_ns;
    double warmup_share;
    const char *alloc_library;
};

/*
 * Of all processes, of none, or of some: the others did not load the library, as they are
 * static or have other privileges, or brought an allocator of their own. Who does not load
 * it is seen only if it lives for two samples.
 */
enum umm_trial_allocs {
    UMM_TRIAL_NOT_ASKED,
    UMM_TRIAL_COUNTED,
    UMM_TRIAL_NOT_COUNTED,
    UMM_TRIAL_PARTLY_COUNTED
};

enum umm_trial_end { UMM_TRIAL_BY_ITSELF, UMM_TRIAL_ASKED_TO_END, UMM_TRIAL_KILLED };

/*
 * The moment at which pss, of the samples that have one, was highest: all figures are of that
 * moment. Between two samples there may have been more.
 */
struct umm_trial_peak {
    bool is_known;
    uint64_t at_ns;
    uint64_t pss_bytes, growing_bytes;
    uint64_t hidden_bytes; /* of pss: the rss of n_hidden processes that may not be looked into */
    uint32_t n_processes, n_hidden;
};

/*
 * exit_code is that of the command, -1 if not even killing it was of use. peak_rss is the
 * kernel's where that is higher; each peak_* may be of another moment. oom_kills: processes of
 * our control group that the kernel killed during the run because memory ran out; UINT64_MAX
 * where it does not tell. memory_limit_bytes: how much the group may have, UINT64_MAX for none.
 */
struct umm_trial {
    int exit_code, signal;
    enum umm_trial_end end;         /* not by itself: timeout_ns had passed */
    uint64_t begun_ns, duration_ns; /* begun_ns: on the monotonic clock */
    struct umm_trial_sample *samples;
    size_t n_samples;
    uint64_t interval_ns; /* between samples at the end */
    uint64_t n_taken;     /* samples, before their number was halved */
    uint64_t sampling_ns; /* time of a processor that taking them took */
    uint64_t peak_rss_bytes, peak_anonymous_bytes;
    uint32_t peak_processes;
    struct umm_trial_peak peak;
    uint64_t oom_kills, memory_limit_bytes;
    bool is_left; /* some descendant still runs */
    struct umm_growth growth;
    struct umm_child_usage usage;
    enum umm_trial_allocs alloc_state;
    struct umm_alloc_counts allocs;
};

/*
 * Run it to its end. Failures: as umm_child_open, with *is_command; UMM_ERR_MEMORY.
 * umm_trial_free in any case.
 */
UMM_MUST_USE enum umm_status umm_trial_run(const struct umm_trial_options *options,
                                           struct umm_trial *trial, bool *is_command,
                                           struct umm_error *err);

/*
 * Judge growth again, by the samples between two moments since it began: for a caller that
 * knows from the command when it was warm. UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_trial_fit(struct umm_trial *trial, uint64_t from_ns,
                                           uint64_t until_ns, struct umm_error *err);

/* Whether the command was killed, and the kernel killed in its group as memory ran out. */
bool umm_trial_is_oom(const struct umm_trial *trial);

void umm_trial_free(struct umm_trial *trial);

#endif
