/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "format/json.h"
#include "m5/workload.h"
#include "sys/procfs.h"
#include "text/textbuf.h"

#define FIGURE(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct umm_workload_figures, name)                                         \
    }

static const struct {
    const char *name;
    size_t offset;
} table[] = {FIGURE(signals),
             FIGURE(steady_signals),
             FIGURE(duration_ns),
             FIGURE(steady_from_ns),
             FIGURE(steady_until_ns),
             FIGURE(steady_allocs),
             FIGURE(steady_alloc_bytes),
             FIGURE(live_bytes_first),
             FIGURE(live_bytes_last),
             FIGURE(live_bytes_most),
             FIGURE(descriptors_first),
             FIGURE(descriptors_last),
             FIGURE(descriptors_most),
             FIGURE(left_files),
             FIGURE(rows_appended),
             FIGURE(rows_archived),
             FIGURE(vectors_stored),
             FIGURE(buffers_taken),
             FIGURE(buffers_refused),
             FIGURE(cache_hits),
             FIGURE(cache_misses),
             FIGURE(cache_compulsory_misses),
             FIGURE(cache_expirations),
             FIGURE(cache_evictions),
             FIGURE(signal_p50_ns),
             FIGURE(signal_p99_ns),
             FIGURE(arrival_p50_ns),
             FIGURE(append_p50_ns),
             FIGURE(features_p50_ns),
             FIGURE(lookups_p50_ns),
             FIGURE(store_p50_ns),
             FIGURE(archive_p50_ns)};

enum { N_FIGURES = sizeof table / sizeof *table };

_Static_assert(sizeof(struct umm_workload_figures) == N_FIGURES * sizeof(uint64_t),
               "every figure is in the table");

const char *umm_workload_figure(const struct umm_workload_figures *figures, size_t i,
                                uint64_t *value)
{
    if (i >= N_FIGURES)
        return NULL;
    memcpy(value, (const char *)figures + table[i].offset, sizeof *value);
    return table[i].name;
}

enum umm_status umm_workload_figures_text(const struct umm_workload_figures *figures, char **text,
                                          size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    const char *name;
    uint64_t value;
    for (size_t i = 0; (name = umm_workload_figure(figures, i, &value)); i++) {
        if (value == UMM_FIGURE_UNKNOWN)
            umm_textbuf_add(&out, "%s: -\n", name);
        else
            umm_textbuf_add(&out, "%s: %llu\n", name, (unsigned long long)value);
    }
    return umm_textbuf_take(&out, text, len_bytes, err);
}

enum umm_status umm_workload_figures_json(const struct umm_workload_figures *figures, char **text,
                                          size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *object = umm_json_new();
    const char *name;
    uint64_t value;
    for (size_t i = 0; (name = umm_workload_figure(figures, i, &value)); i++) {
        if (value == UMM_FIGURE_UNKNOWN)
            umm_json_put_text(object, name, NULL);
        else
            umm_json_put_count(object, name, value);
    }
    return umm_json_finish(object, false, text, len_bytes, err);
}

void umm_workload_figures_parse(const char *text, struct umm_workload_figures *figures)
{
    for (size_t i = 0; i < N_FIGURES; i++) {
        char key[64];
        uint64_t value;
        snprintf(key, sizeof key, "%s:", table[i].name);
        if (!umm_procfs_field(text, key, &value))
            value = UMM_FIGURE_UNKNOWN;
        memcpy((char *)figures + table[i].offset, &value, sizeof value);
    }
}
