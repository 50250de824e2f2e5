/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - does a trial keep its limits?
 *
 * Growth and PSS are known to within bounds: PASS if the upper one is within the limit, FAIL
 * if the lower one is not, and INCONCLUSIVE if the limit lies between them, or nothing is
 * known. Other figures are known or not; a limit on what is not is not kept.
 */
#ifndef UMM_PROBE_VERDICT_H
#define UMM_PROBE_VERDICT_H

#include "probe/trial.h"

enum umm_verdict_kind {
    UMM_VERDICT_GROWTH, /* bytes */
    UMM_VERDICT_RSS,    /* bytes */
    UMM_VERDICT_PSS,    /* bytes */
    UMM_VERDICT_ALLOCS, /* per second */
    UMM_VERDICT_SECONDS,
    UMM_VERDICT_TIMEOUT, /* seconds; not kept by a command that had to be ended */
    UMM_VERDICT_COUNT
};

enum umm_verdict_word { UMM_VERDICT_PASS, UMM_VERDICT_FAIL, UMM_VERDICT_INCONCLUSIVE };

/* Why it is INCONCLUSIVE, from which follows what would decide it. */
enum umm_verdict_doubt {
    UMM_VERDICT_NO_DOUBT,
    UMM_VERDICT_FEW_SAMPLES, /* a longer run */
    UMM_VERDICT_SWINGS,      /* a longer run, or more work in it */
    UMM_VERDICT_HIDDEN       /* to be allowed to look into the processes */
};

/* Negative: no such limit. */
struct umm_verdict_limits {
    double at_most[UMM_VERDICT_COUNT];
};

enum { UMM_VERDICT_TEXT_MAX = 160 };

/* text is a whole line: "PASS growth +1.0 MiB, at most 5.0 MiB". low <= measured <= high. */
struct umm_verdict {
    enum umm_verdict_kind kind;
    enum umm_verdict_word word;
    enum umm_verdict_doubt doubt;
    bool is_known;
    double measured, low, high, at_most;
    char text[UMM_VERDICT_TEXT_MAX];
};

/* "growth", "rss", "pss", "allocs_per_second", "seconds", "timeout". */
const char *umm_verdict_name(enum umm_verdict_kind kind);

/* "PASS", "FAIL", "INCONCLUSIVE". */
const char *umm_verdict_word(enum umm_verdict_word word);

/* A verdict for each limit, in the order of the kinds; returns their number. */
size_t umm_verdict_judge(const struct umm_trial *trial, const struct umm_verdict_limits *limits,
                         struct umm_verdict out[UMM_VERDICT_COUNT]);

/* FAIL if one is, else INCONCLUSIVE if one is, else PASS. */
enum umm_verdict_word umm_verdict_of_all(const struct umm_verdict *verdicts, size_t n);

/* Where a limit lies among the bounds of what is measured; umm-m5's lines go by the same rule. */
enum umm_verdict_word umm_verdict_between(double low, double high, double at_most);

#endif
