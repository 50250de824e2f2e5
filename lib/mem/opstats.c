/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "thread/mutex.h"
#include "umm.h"
#include "umm/mem.h"

/* The last `cap` durations, in a circle. */
struct window {
    uint64_t n_total;
    uint64_t *durations;
    size_t cap;
};

struct umm_opstats {
    struct umm_mutex mutex;
    unsigned n_kinds;
    struct window all;
    struct window kinds[UMM_OPSTATS_KINDS_MAX];
    uint64_t durations[];
};

enum umm_status umm_opstats_open(unsigned n_kinds, bool is_locked, struct umm_opstats **out,
                                 struct umm_error *err)
{
    *out = NULL;
    if (n_kinds == 0 || n_kinds > UMM_OPSTATS_KINDS_MAX)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "there may be 1 to %d kinds of operations",
                             UMM_OPSTATS_KINDS_MAX);
    size_t n = UMM_OPSTATS_RECENT + (size_t)n_kinds * UMM_OPSTATS_RECENT_KIND;
    struct umm_opstats *stats = calloc(1, sizeof *stats + n * sizeof *stats->durations);
    if (!stats)
        return umm_error_set_memory(err, n * sizeof *stats->durations, "operation statistics");
    umm_mutex_init(&stats->mutex, is_locked);
    stats->n_kinds = n_kinds;
    stats->all = (struct window){.durations = stats->durations, .cap = UMM_OPSTATS_RECENT};
    for (unsigned kind = 0; kind < n_kinds; kind++)
        stats->kinds[kind] = (struct window){.durations = stats->durations + UMM_OPSTATS_RECENT +
                                                          kind * UMM_OPSTATS_RECENT_KIND,
                                             .cap = UMM_OPSTATS_RECENT_KIND};
    *out = stats;
    return UMM_OK;
}

void umm_opstats_close(struct umm_opstats *stats)
{
    if (stats)
        umm_mutex_free(&stats->mutex);
    free(stats);
}

static void record(struct window *window, uint64_t duration_ns)
{
    window->durations[window->n_total++ % window->cap] = duration_ns;
}

void umm_opstats_record(struct umm_opstats *stats, unsigned kind, uint64_t duration_ns)
{
    if (kind >= stats->n_kinds)
        return;
    umm_mutex_lock(&stats->mutex);
    record(&stats->all, duration_ns);
    record(&stats->kinds[kind], duration_ns);
    umm_mutex_unlock(&stats->mutex);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The smallest of n sorted values that at least percent of them do not exceed. */
static uint64_t percentile(const uint64_t *sorted, size_t n, size_t percent)
{
    return sorted[(n * percent + 99) / 100 - 1];
}

/* A copy under the lock, the work after it. */
static void summarize(struct umm_opstats *stats, const struct window *window,
                      struct umm_opstats_summary *summary)
{
    uint64_t sorted[UMM_OPSTATS_RECENT];
    umm_mutex_lock(&stats->mutex);
    uint64_t n_total = window->n_total;
    size_t n = n_total < window->cap ? (size_t)n_total : window->cap;
    memcpy(sorted, window->durations, n * sizeof *sorted);
    umm_mutex_unlock(&stats->mutex);
    *summary = (struct umm_opstats_summary){.n_total = n_total, .n_recent = n};
    if (n == 0)
        return;
    qsort(sorted, n, sizeof *sorted, compare);
    /* The sum of quotients and remainders: no overflow. */
    uint64_t mean = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        mean += sorted[i] / n;
        rest += sorted[i] % n;
    }
    summary->min_ns = sorted[0];
    summary->mean_ns = mean + rest / n;
    summary->max_ns = sorted[n - 1];
    summary->p50_ns = percentile(sorted, n, 50);
    summary->p90_ns = percentile(sorted, n, 90);
    summary->p99_ns = percentile(sorted, n, 99);
}

void umm_opstats_kind(struct umm_opstats *stats, unsigned kind, struct umm_opstats_summary *summary)
{
    *summary = (struct umm_opstats_summary){0};
    if (kind < stats->n_kinds)
        summarize(stats, &stats->kinds[kind], summary);
}

void umm_opstats_all(struct umm_opstats *stats, struct umm_opstats_summary *summary)
{
    summarize(stats, &stats->all, summary);
}
