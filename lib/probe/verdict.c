/* SPDX-License-Identifier: MIT */
#include "probe/verdict.h"

#include <stdio.h>

#include "text/size.h"

const char *umm_verdict_name(enum umm_verdict_kind kind)
{
    static const char *const names[] = {[UMM_VERDICT_GROWTH] = "growth",
                                        [UMM_VERDICT_RSS] = "rss",
                                        [UMM_VERDICT_ALLOCS] = "allocs_per_second",
                                        [UMM_VERDICT_SECONDS] = "seconds",
                                        [UMM_VERDICT_TIMEOUT] = "timeout"};
    return names[kind];
}

/* The figure, and whether it is one: a short run has none for growth. */
static bool measure(const struct umm_trial *trial, enum umm_verdict_kind kind, double *out)
{
    double seconds = (double)trial->duration_ns / 1e9;
    switch (kind) {
    case UMM_VERDICT_GROWTH: *out = trial->growth.bytes; return trial->growth.is_known;
    case UMM_VERDICT_RSS: *out = (double)trial->peak_rss_bytes; return true;
    case UMM_VERDICT_ALLOCS:
        *out = seconds > 0 ? (double)trial->allocs.n_allocs / seconds : 0;
        return trial->alloc_state == UMM_TRIAL_COUNTED;
    case UMM_VERDICT_SECONDS:
    case UMM_VERDICT_TIMEOUT:
    case UMM_VERDICT_COUNT:
    default: *out = seconds; return true;
    }
}

static void format(char out[UMM_SIZE_TEXT_MAX], enum umm_verdict_kind kind, double value,
                   bool is_change)
{
    if (kind == UMM_VERDICT_ALLOCS)
        snprintf(out, UMM_SIZE_TEXT_MAX, "%.0f per second", value);
    else if (kind == UMM_VERDICT_SECONDS || kind == UMM_VERDICT_TIMEOUT)
        snprintf(out, UMM_SIZE_TEXT_MAX, "%.3f s", value);
    else if (is_change)
        umm_size_format_change(out, value);
    else
        umm_size_format(out, value);
}

static void judge(const struct umm_trial *trial, struct umm_verdict *v)
{
    static const char *const titles[] = {[UMM_VERDICT_GROWTH] = "growth",
                                         [UMM_VERDICT_RSS] = "peak RSS",
                                         [UMM_VERDICT_ALLOCS] = "allocations",
                                         [UMM_VERDICT_SECONDS] = "duration",
                                         [UMM_VERDICT_TIMEOUT] = "timeout"};
    static const char *const ends[] = {[UMM_TRIAL_BY_ITSELF] = "",
                                       [UMM_TRIAL_ASKED_TO_END] = " (ended by SIGTERM)",
                                       [UMM_TRIAL_KILLED] = " (ended by SIGKILL)"};
    char measured[UMM_SIZE_TEXT_MAX], at_most[UMM_SIZE_TEXT_MAX];
    const char *why = "";
    v->is_known = measure(trial, v->kind, &v->measured);
    v->is_kept = v->is_known && v->measured <= v->at_most;
    if (v->kind == UMM_VERDICT_TIMEOUT) {
        v->is_kept = trial->end == UMM_TRIAL_BY_ITSELF;
        why = ends[trial->end];
    }
    format(measured, v->kind, v->measured, v->kind == UMM_VERDICT_GROWTH);
    format(at_most, v->kind, v->at_most, false);
    if (!v->is_known) {
        snprintf(measured, sizeof measured, "unknown");
        why = v->kind == UMM_VERDICT_GROWTH ? " (too few samples: a longer run, less warm-up)"
              : trial->alloc_state == UMM_TRIAL_PARTLY_COUNTED ? " (not counted in all processes)"
                                                               : " (not counted)";
    }
    /* Nothing can have grown by more than there ever was. */
    if (v->kind == UMM_VERDICT_GROWTH && !v->is_known &&
        (double)trial->peak_rss_bytes <= v->at_most) {
        v->is_kept = true;
        why = " (too short to measure, but peak RSS is less)";
    }
    snprintf(v->text, sizeof v->text, "%s %s %s, at most %s%s", v->is_kept ? "PASS" : "FAIL",
             titles[v->kind], measured, at_most, why);
}

size_t umm_verdict_judge(const struct umm_trial *trial, const struct umm_verdict_limits *limits,
                         struct umm_verdict out[UMM_VERDICT_COUNT])
{
    size_t n = 0;
    for (int kind = 0; kind < UMM_VERDICT_COUNT; kind++) {
        if (limits->at_most[kind] < 0)
            continue;
        out[n] = (struct umm_verdict){.kind = (enum umm_verdict_kind)kind,
                                      .at_most = limits->at_most[kind]};
        judge(trial, &out[n++]);
    }
    return n;
}
