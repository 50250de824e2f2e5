/* SPDX-License-Identifier: MIT */
#include "probe/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "text/size.h"

const char *umm_verdict_name(enum umm_verdict_kind kind)
{
    static const char *const names[] = {
        [UMM_VERDICT_GROWTH] = "growth",   [UMM_VERDICT_RSS] = "rss",
        [UMM_VERDICT_PSS] = "pss",         [UMM_VERDICT_ALLOCS] = "allocs_per_second",
        [UMM_VERDICT_SECONDS] = "seconds", [UMM_VERDICT_TIMEOUT] = "timeout"};
    return names[kind];
}

const char *umm_verdict_word(enum umm_verdict_word word)
{
    static const char *const words[] = {"PASS", "FAIL", "INCONCLUSIVE"};
    return words[word];
}

enum umm_verdict_word umm_verdict_between(double low, double high, double at_most)
{
    return high <= at_most ? UMM_VERDICT_PASS
           : low > at_most ? UMM_VERDICT_FAIL
                           : UMM_VERDICT_INCONCLUSIVE;
}

/* ---- figures ------------------------------------------------------------- */

static void set(struct umm_verdict *v, bool is_known, double low, double measured, double high)
{
    v->is_known = is_known;
    v->low = low;
    v->measured = measured;
    v->high = high;
}

/* Whether a figure is one: a short run has none for growth. */
static void measure(const struct umm_trial *trial, struct umm_verdict *v)
{
    double seconds = (double)trial->duration_ns / 1e9, rss = (double)trial->peak_rss_bytes;
    const struct umm_growth *growth = &trial->growth;
    double pss = (double)trial->peak.pss_bytes, hidden = (double)trial->peak.hidden_bytes;
    double allocs = seconds > 0 ? (double)trial->allocs.n_allocs / seconds : 0;
    switch (v->kind) {
    case UMM_VERDICT_GROWTH:
        set(v, growth->is_known, growth->low_bytes, growth->bytes, growth->high_bytes);
        break;
    case UMM_VERDICT_RSS: set(v, true, rss, rss, rss); break;
    case UMM_VERDICT_PSS: set(v, trial->peak.is_known, pss - hidden, pss, pss); break;
    case UMM_VERDICT_ALLOCS:
        set(v, trial->alloc_state == UMM_TRIAL_COUNTED, allocs, allocs, allocs);
        break;
    case UMM_VERDICT_SECONDS:
    case UMM_VERDICT_TIMEOUT:
    case UMM_VERDICT_COUNT:
    default: set(v, true, seconds, seconds, seconds); break;
    }
}

/* ---- words --------------------------------------------------------------- */

/* Memory may grow, and PSS be, by no more than there ever was. */
static bool is_within_rss(const struct umm_trial *trial, const struct umm_verdict *v)
{
    return (v->kind == UMM_VERDICT_GROWTH || v->kind == UMM_VERDICT_PSS) &&
           (double)trial->peak_rss_bytes <= v->at_most;
}

static void decide(const struct umm_trial *trial, struct umm_verdict *v)
{
    bool has_bounds = v->kind == UMM_VERDICT_GROWTH || v->kind == UMM_VERDICT_PSS;
    v->word = umm_verdict_between(v->low, v->high, v->at_most);
    if (!v->is_known)
        v->word = is_within_rss(trial, v) ? UMM_VERDICT_PASS
                  : has_bounds            ? UMM_VERDICT_INCONCLUSIVE
                                          : UMM_VERDICT_FAIL;
    if (v->kind == UMM_VERDICT_TIMEOUT)
        v->word = trial->end == UMM_TRIAL_BY_ITSELF ? UMM_VERDICT_PASS : UMM_VERDICT_FAIL;
    if (v->word == UMM_VERDICT_INCONCLUSIVE)
        v->doubt = !v->is_known                    ? UMM_VERDICT_FEW_SAMPLES
                   : v->kind == UMM_VERDICT_GROWTH ? UMM_VERDICT_SWINGS
                                                   : UMM_VERDICT_HIDDEN;
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

enum { WHY_MAX = 96 };

/* What one should know about the figure; empty for most. */
static void explain(const struct umm_trial *trial, const struct umm_verdict *v, char why[WHY_MAX])
{
    static const char *const ends[] = {[UMM_TRIAL_BY_ITSELF] = "",
                                       [UMM_TRIAL_ASKED_TO_END] = " (ended by SIGTERM)",
                                       [UMM_TRIAL_KILLED] = " (ended by SIGKILL)"};
    char size[UMM_SIZE_TEXT_MAX], low[UMM_SIZE_TEXT_MAX], high[UMM_SIZE_TEXT_MAX];
    why[0] = '\0';
    if (v->kind == UMM_VERDICT_TIMEOUT)
        snprintf(why, WHY_MAX, "%s", ends[trial->end]);
    else if (!v->is_known && v->kind == UMM_VERDICT_ALLOCS)
        snprintf(why, WHY_MAX, "%s",
                 trial->alloc_state == UMM_TRIAL_PARTLY_COUNTED ? " (not counted in all processes)"
                                                                : " (not counted)");
    else if (!v->is_known && v->word == UMM_VERDICT_PASS)
        snprintf(why, WHY_MAX, " (too short to measure, but peak RSS is less)");
    else if (!v->is_known)
        snprintf(why, WHY_MAX, " (too few samples)");
    else if (v->doubt == UMM_VERDICT_SWINGS)
        snprintf(why, WHY_MAX, " (between %s and %s)", umm_size_format_change(low, v->low),
                 umm_size_format_change(high, v->high));
    else if (v->kind == UMM_VERDICT_PSS && trial->peak.n_hidden)
        snprintf(why, WHY_MAX, " (%s of it is RSS of %u that cannot be looked into)",
                 umm_size_format(size, v->high - v->low), (unsigned)trial->peak.n_hidden);
    else if (v->kind == UMM_VERDICT_RSS && v->word == UMM_VERDICT_FAIL && trial->peak.is_known &&
             trial->peak_processes > 1)
        snprintf(why, WHY_MAX, " (shared pages count in each of %u processes; peak PSS %s)",
                 (unsigned)trial->peak_processes,
                 umm_size_format(size, (double)trial->peak.pss_bytes));
}

static void judge(const struct umm_trial *trial, struct umm_verdict *v)
{
    static const char *const titles[] = {
        [UMM_VERDICT_GROWTH] = "growth",    [UMM_VERDICT_RSS] = "peak RSS",
        [UMM_VERDICT_PSS] = "peak PSS",     [UMM_VERDICT_ALLOCS] = "allocations",
        [UMM_VERDICT_SECONDS] = "duration", [UMM_VERDICT_TIMEOUT] = "timeout"};
    char measured[UMM_SIZE_TEXT_MAX] = "unknown", at_most[UMM_SIZE_TEXT_MAX], why[WHY_MAX];
    measure(trial, v);
    decide(trial, v);
    explain(trial, v, why);
    if (v->is_known)
        format(measured, v->kind, v->measured, v->kind == UMM_VERDICT_GROWTH);
    format(at_most, v->kind, v->at_most, false);
    snprintf(v->text, sizeof v->text, "%s %s %s, at most %s%s", umm_verdict_word(v->word),
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

enum umm_verdict_word umm_verdict_of_all(const struct umm_verdict *verdicts, size_t n)
{
    enum umm_verdict_word worst = UMM_VERDICT_PASS;
    for (size_t i = 0; i < n; i++)
        if (verdicts[i].word == UMM_VERDICT_FAIL ||
            (verdicts[i].word == UMM_VERDICT_INCONCLUSIVE && worst == UMM_VERDICT_PASS))
            worst = verdicts[i].word;
    return worst;
}
