/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - does a trial keep its limits? A limit that cannot be judged is not kept,
 * unless something else that is known bounds the figure.
 */
#ifndef UMM_PROBE_VERDICT_H
#define UMM_PROBE_VERDICT_H

#include "probe/trial.h"

enum umm_verdict_kind {
    UMM_VERDICT_GROWTH, /* bytes */
    UMM_VERDICT_RSS,    /* bytes */
    UMM_VERDICT_ALLOCS, /* per second */
    UMM_VERDICT_SECONDS,
    UMM_VERDICT_TIMEOUT, /* seconds; not kept by who had to be ended */
    UMM_VERDICT_COUNT
};

/* Negative: no such limit. */
struct umm_verdict_limits {
    double at_most[UMM_VERDICT_COUNT];
};

enum { UMM_VERDICT_TEXT_MAX = 160 };

/* text is a whole line: "PASS growth +1.0 MiB, at most 5.0 MiB". */
struct umm_verdict {
    enum umm_verdict_kind kind;
    bool is_kept;
    bool is_known;
    double measured, at_most;
    char text[UMM_VERDICT_TEXT_MAX];
};

/* "growth", "rss", "allocs_per_second", "seconds", "timeout". */
const char *umm_verdict_name(enum umm_verdict_kind kind);

/* A verdict for each limit, in the order of the kinds; returns their number. */
size_t umm_verdict_judge(const struct umm_trial *trial, const struct umm_verdict_limits *limits,
                         struct umm_verdict out[UMM_VERDICT_COUNT]);

#endif
