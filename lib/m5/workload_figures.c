/* SPDX-License-Identifier: MIT */
#include "format/figures.h"
#include "m5/workload.h"

#define FIGURE(name) UMM_FIGURE(#name, struct umm_workload_figures, name, UMM_METRIC_NONE)

const struct umm_figure umm_workload_table[] = {FIGURE(signals),
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
                                                FIGURE(looks),
                                                FIGURE(answers),
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
                                                FIGURE(archive_p50_ns),
                                                FIGURE(watch_p50_ns),
                                                FIGURE(predict_p50_ns),
                                                UMM_FIGURES_END};

_Static_assert(sizeof(struct umm_workload_figures) ==
                   (sizeof umm_workload_table / sizeof *umm_workload_table - 1) * sizeof(uint64_t),
               "every figure is in the table");

enum umm_status umm_workload_figures_text(const struct umm_workload_figures *figures, char **text,
                                          size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    umm_figures_print(&out, umm_workload_table, figures);
    return umm_textbuf_take(&out, text, len_bytes, err);
}

enum umm_status umm_workload_figures_json(const struct umm_workload_figures *figures, char **text,
                                          size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *object = umm_json_new();
    umm_figures_put(object, umm_workload_table, figures);
    return umm_json_finish(object, false, text, len_bytes, err);
}
