/* SPDX-License-Identifier: MIT */
#include "m5/acceptance.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/verdict.h"
#include "text/size.h"

#define LIVE_BYTES_MAX      16.0
#define ALLOCS_MAX          0.05
#define SAVING_MIN          0.20
#define HIT_RATIO_MIN       0.80
#define GROWTH_MAX          5e6
#define GROWTH_MAX_LEAST    1e6
#define GROWTH_TIMES_OVER   4.0
#define GROWTH_STEADY_SHARE 0.8    /* the rest is warm-up */
#define DURATION_SLACK_MS   1000.0 /* or so large a share: */
#define DURATION_SLACK      0.01

const char *umm_acceptance_word(enum umm_acceptance_verdict verdict)
{
    static const char *const words[] = {"PASS", "FAIL", "SKIP", "INCONCLUSIVE"};
    return words[verdict];
}

static bool is_known(uint64_t figure)
{
    return figure != UMM_FIGURE_UNKNOWN;
}

/* ---- lines ------------------------------------------------------------------------ */

static struct umm_acceptance_line *add(struct umm_acceptance *acceptance, const char *key,
                                       const char *name)
{
    struct umm_acceptance_line *line = &acceptance->lines[acceptance->n_lines++];
    *line = (struct umm_acceptance_line){
        .key = key, .name = name, .verdict = UMM_ACCEPTANCE_FAIL, .value = NAN, .limit = NAN};
    snprintf(line->figure_text, sizeof line->figure_text, "unknown");
    return line;
}

UMM_PRINTF(2, 3)
static void set_limit(struct umm_acceptance_line *line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(line->limit_text, sizeof line->limit_text, fmt, args);
    va_end(args);
}

UMM_PRINTF(3, 4)
static void set_figure(struct umm_acceptance_line *line, bool is_kept, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(line->figure_text, sizeof line->figure_text, fmt, args);
    va_end(args);
    line->verdict = is_kept ? UMM_ACCEPTANCE_PASS : UMM_ACCEPTANCE_FAIL;
}

UMM_PRINTF(2, 3)
static void set_note(struct umm_acceptance_line *line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(line->note, sizeof line->note, fmt, args);
    va_end(args);
}

/* ---- demands ---------------------------------------------------------------------- */

static void judge_exit(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    struct umm_acceptance_line *line = add(acceptance, "exit_code", "exit code");
    line->value = (double)record->exit_code;
    line->limit = 0;
    set_limit(line, "0");
    set_figure(line, record->exit_code == 0, "%" PRIu64, record->exit_code);
}

static void judge_signals(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    struct umm_acceptance_line *line = add(acceptance, "signals", "signals");
    uint64_t n = record->workload.signals;
    line->limit = (double)record->signals_wanted;
    set_limit(line, "%" PRIu64, record->signals_wanted);
    if (!is_known(n))
        return;
    line->value = (double)n;
    set_figure(line, n == record->signals_wanted, "%" PRIu64, n);
}

static void judge_duration(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    struct umm_acceptance_line *line = add(acceptance, "duration_seconds", "duration");
    double ms = (double)record->duration_ms, wanted = (double)record->duration_wanted_ms;
    bool is_paced = record->duration_wanted_ms > 0;
    line->value = ms / 1e3;
    line->limit = (is_paced ? wanted : (double)record->duration_max_ms) / 1e3;
    set_limit(line, is_paced ? "%g s" : "at most %g s", line->limit);
    set_figure(line,
               is_paced ? fabs(ms - wanted) <= fmax(DURATION_SLACK_MS, DURATION_SLACK * wanted)
                        : ms <= (double)record->duration_max_ms,
               "%.1f s", line->value);
}

static void judge_live(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    const struct umm_workload_figures *w = &record->workload;
    struct umm_acceptance_line *line = add(acceptance, "live_bytes_per_signal", "live bytes");
    line->limit = LIVE_BYTES_MAX;
    set_limit(line, "at most %.0f B a signal", LIVE_BYTES_MAX);
    if (!is_known(w->live_bytes_last) || !is_known(w->live_bytes_first) || w->steady_signals == 0)
        return;
    line->value =
        ((double)w->live_bytes_last - (double)w->live_bytes_first) / (double)w->steady_signals;
    set_figure(line, line->value <= LIVE_BYTES_MAX, "%+.3f B a signal", line->value);
    char size[UMM_SIZE_TEXT_MAX];
    set_note(line, "%s are in use", umm_size_format(size, (double)w->live_bytes_last));
}

double umm_acceptance_growth_limit(uint64_t n_signals)
{
    double leak = (double)n_signals * UMM_WORKLOAD_LEAK_BYTES * GROWTH_STEADY_SHARE;
    double limit = fmin(GROWTH_MAX, leak / GROWTH_TIMES_OVER);
    return limit < GROWTH_MAX_LEAST ? 0 : limit;
}

/* A figure without bounds, of an older baseline, is its own. */
static double bound(uint64_t bytes, const struct umm_record *record)
{
    return (double)(is_known(bytes) ? bytes : record->growth_bytes);
}

static enum umm_acceptance_verdict growth_verdict(double low, double high, double limit)
{
    switch (umm_verdict_between(low, high, limit)) {
    case UMM_VERDICT_PASS: return UMM_ACCEPTANCE_PASS;
    case UMM_VERDICT_FAIL: return UMM_ACCEPTANCE_FAIL;
    case UMM_VERDICT_INCONCLUSIVE:
    default: return UMM_ACCEPTANCE_INCONCLUSIVE;
    }
}

static void judge_growth(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    struct umm_acceptance_line *line = add(acceptance, "growth_bytes", "growth");
    double limit = umm_acceptance_growth_limit(record->signals_wanted), low = 0, high = 0;
    line->limit = limit > 0 ? limit : GROWTH_MAX;
    line->verdict = UMM_ACCEPTANCE_INCONCLUSIVE;
    set_limit(line, "at most %.1f MB", line->limit / 1e6);
    if (is_known(record->growth_bytes)) {
        low = bound(record->growth_low_bytes, record);
        high = bound(record->growth_high_bytes, record);
        line->value = (double)record->growth_bytes;
        set_figure(line, true, "%.2f MB", line->value / 1e6);
        line->verdict = growth_verdict(low, high, line->limit);
    }
    /* What exceeds the limit even so is no question of resolution. */
    if (limit <= 0 && low <= GROWTH_MAX) {
        line->verdict = UMM_ACCEPTANCE_SKIP;
        set_note(line, "%" PRIu64 " signals: a leak of %d B each would not show",
                 record->signals_wanted, UMM_WORKLOAD_LEAK_BYTES);
    } else if (line->verdict == UMM_ACCEPTANCE_INCONCLUSIVE && isnan(line->value)) {
        set_note(line, "too few samples: more signals would decide it");
    } else if (line->verdict == UMM_ACCEPTANCE_INCONCLUSIVE) {
        set_note(line, "between %.2f and %.2f MB: more signals would decide it", low / 1e6,
                 high / 1e6);
    }
}

static void judge_steady_allocs(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    const struct umm_workload_figures *w = &record->workload;
    struct umm_acceptance_line *line = add(acceptance, "allocations_per_signal", "allocations");
    line->limit = ALLOCS_MAX;
    set_limit(line, "at most %.2f a signal", ALLOCS_MAX);
    if (!is_known(w->steady_allocs) || w->steady_signals == 0)
        return;
    line->value = (double)w->steady_allocs / (double)w->steady_signals;
    set_figure(line, line->value <= ALLOCS_MAX, "%.4f a signal", line->value);
}

/*
 * of_signals: what the signals take without a pool. Where a short run's start takes more,
 * the figure says nothing about them.
 */
static void judge_saving(struct umm_acceptance *acceptance, const char *key, const char *name,
                         uint64_t with, uint64_t without, uint64_t of_signals)
{
    struct umm_acceptance_line *line = add(acceptance, key, name);
    line->limit = SAVING_MIN;
    set_limit(line, "at least %.0f %% fewer", SAVING_MIN * 100);
    if (!is_known(with) || !is_known(without) || without == 0)
        return;
    line->value = 1 - (double)with / (double)without;
    set_figure(line, (double)with <= (1 - SAVING_MIN) * (double)without, "%.1f %% fewer",
               line->value * 100);
    set_note(line, "%" PRIu64 ", without the pool %" PRIu64, with, without);
    if (of_signals >= without / 2)
        return;
    line->verdict = UMM_ACCEPTANCE_SKIP;
    set_note(line, "too few signals: most of it is the program's start");
}

/*
 * A first lookup of a key misses in any cache, and does not count; but there are only so
 * many keys, so that a key that is new each time is no excuse.
 */
static void judge_cache(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    const struct umm_workload_figures *w = &record->workload;
    struct umm_acceptance_line *line = add(acceptance, "cache_hit_ratio", "cache hits");
    line->limit = HIT_RATIO_MIN;
    set_limit(line, "at least %.0f %%", HIT_RATIO_MIN * 100);
    if (!is_known(w->cache_hits) || !is_known(w->cache_misses) ||
        !is_known(w->cache_compulsory_misses))
        return;
    uint64_t first = w->cache_compulsory_misses < UMM_WORKLOAD_KEYS ? w->cache_compulsory_misses
                                                                    : UMM_WORKLOAD_KEYS;
    double lookups = (double)w->cache_hits + (double)w->cache_misses - (double)first;
    line->value = lookups > 0 ? (double)w->cache_hits / lookups : 0;
    set_figure(line, line->value >= HIT_RATIO_MIN, "%.2f %%", line->value * 100);
    set_note(line, "%" PRIu64 " first lookups are not counted", first);
}

/* A position that is due, and of which the model says nothing, is one that nobody looked at. */
static void judge_answers(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    const struct umm_workload_figures *w = &record->workload;
    struct umm_acceptance_line *line = add(acceptance, "answers", "answers");
    set_limit(line, "one to each look");
    if (!is_known(w->looks) || !is_known(w->answers))
        return;
    line->value = (double)w->answers;
    line->limit = (double)w->looks;
    set_figure(line, w->answers == w->looks && w->looks > 0, "%" PRIu64 " to %" PRIu64, w->answers,
               w->looks);
    if (is_known(w->watch_p50_ns) && is_known(w->predict_p50_ns))
        set_note(line, "half of the looks within %.1f us, of the answers %.1f us",
                 (double)w->watch_p50_ns / 1e3, (double)w->predict_p50_ns / 1e3);
}

static void judge_descriptors(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    const struct umm_workload_figures *w = &record->workload;
    struct umm_acceptance_line *line = add(acceptance, "descriptors", "descriptors");
    line->limit = 0;
    set_limit(line, "none more");
    if (!is_known(w->descriptors_first) || !is_known(w->descriptors_most))
        return;
    line->value = (double)w->descriptors_most - (double)w->descriptors_first;
    set_figure(line, line->value <= 0, "%.0f more", line->value);
    set_note(line, "%" PRIu64 " are open", w->descriptors_last);
}

static void judge_left(struct umm_acceptance *acceptance, const char *key, const char *name,
                       uint64_t n, const char *note)
{
    struct umm_acceptance_line *line = add(acceptance, key, name);
    line->limit = 0;
    set_limit(line, "none");
    set_note(line, "%s", note);
    if (!is_known(n))
        return;
    line->value = (double)n;
    set_figure(line, n == 0, n ? "%" PRIu64 : "none", n);
}

/* A command's allocations, of its whole run; judged where the user gave a limit. */
static void judge_command_allocs(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    struct umm_acceptance_line *line = add(acceptance, "allocations_per_signal", "allocations");
    bool is_limited = is_known(record->allocs_max_thousandths);
    if (is_limited) {
        line->limit = (double)record->allocs_max_thousandths / 1e3;
        set_limit(line, "at most %g a signal", line->limit);
    }
    if (is_known(record->allocs)) {
        line->value = (double)record->allocs / (double)record->signals_wanted;
        set_figure(line, line->value <= line->limit, "%.4g a signal", line->value);
    }
    if (is_limited)
        return;
    line->verdict = UMM_ACCEPTANCE_SKIP;
    set_limit(line, "none given");
    set_note(line, "over the whole run");
}

void umm_acceptance_judge(const struct umm_record *record, struct umm_acceptance *acceptance)
{
    acceptance->n_lines = 0;
    judge_exit(record, acceptance);
    if (!record->is_command)
        judge_signals(record, acceptance);
    judge_duration(record, acceptance);
    if (!record->is_command)
        judge_live(record, acceptance);
    judge_growth(record, acceptance);
    if (record->is_command) {
        judge_command_allocs(record, acceptance);
    } else {
        judge_steady_allocs(record, acceptance);
        judge_saving(acceptance, "saved_calls_ratio", "malloc calls", record->allocs,
                     record->unpooled_allocs, record->signals_wanted * UMM_WORKLOAD_BUFFERS);
        judge_saving(acceptance, "saved_bytes_ratio", "malloc bytes", record->alloc_bytes,
                     record->unpooled_alloc_bytes,
                     record->signals_wanted * UMM_WORKLOAD_BUFFERS * UMM_WORKLOAD_BUFFER_BYTES);
        judge_cache(record, acceptance);
        judge_answers(record, acceptance);
        judge_descriptors(record, acceptance);
        judge_left(acceptance, "left_files", "left files", record->workload.left_files, "");
    }
    judge_left(acceptance, "left_in_shm", "left in /dev/shm", record->left_in_shm,
               record->is_shm_private == 1 ? "" : "shared with others: new and still there");
    judge_left(acceptance, "left_in_tmp", "left in TMPDIR", record->left_in_tmp, "");
}

enum umm_acceptance_verdict umm_acceptance_verdict(const struct umm_acceptance *acceptance)
{
    enum umm_acceptance_verdict worst = UMM_ACCEPTANCE_PASS;
    for (size_t i = 0; i < acceptance->n_lines; i++) {
        if (acceptance->lines[i].verdict == UMM_ACCEPTANCE_FAIL)
            return UMM_ACCEPTANCE_FAIL;
        if (acceptance->lines[i].verdict == UMM_ACCEPTANCE_INCONCLUSIVE)
            worst = UMM_ACCEPTANCE_INCONCLUSIVE;
    }
    return worst;
}
