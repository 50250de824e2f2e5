/* SPDX-License-Identifier: MIT */
#include "batch/batchreport.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "text/textbuf.h"

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_batchjob_result, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("items", n_items, UMM_METRIC_BATCH_ITEMS),
    FIGURE("done_before", n_before, UMM_METRIC_NONE),
    FIGURE("done", n_done, UMM_METRIC_BATCH_DONE),
    FIGURE("failed", n_failed, UMM_METRIC_BATCH_FAILED),
    FIGURE("is_halted", is_halted, UMM_METRIC_NONE),
    FIGURE("batches", n_batches, UMM_METRIC_BATCH_BATCHES),
    FIGURE("failed_batches", n_failed_batches, UMM_METRIC_BATCH_FAILED_BATCHES),
    FIGURE("killed_batches", n_killed_batches, UMM_METRIC_BATCH_KILLED_BATCHES),
    FIGURE("retries", n_retries, UMM_METRIC_NONE),
    FIGURE("orphans_ended", n_orphans, UMM_METRIC_NONE),
    FIGURE("batches_with_leftovers", n_leftovers, UMM_METRIC_NONE),
    FIGURE("smallest_batch", smallest_batch, UMM_METRIC_NONE),
    FIGURE("largest_batch", largest_batch, UMM_METRIC_NONE),
    FIGURE("sizes_lowered", n_lowered, UMM_METRIC_NONE),
    FIGURE("peak_rss_bytes", peak_rss_bytes, UMM_METRIC_BATCH_PEAK_RSS),
    FIGURE("rss_fixed_bytes", fixed_bytes, UMM_METRIC_NONE),
    FIGURE("rss_item_bytes", item_bytes, UMM_METRIC_NONE),
    FIGURE("memory_share", memory_share, UMM_METRIC_NONE),
    FIGURE("cpu_share", cpu_share, UMM_METRIC_NONE),
    FIGURE("spilled_bytes", spilled_bytes, UMM_METRIC_NONE),
    FIGURE("user_seconds", user_seconds, UMM_METRIC_BATCH_USER),
    FIGURE("system_seconds", system_seconds, UMM_METRIC_BATCH_SYSTEM),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

static void put_sizes(struct umm_json *json, const struct umm_batchjob_result *result)
{
    for (size_t i = 0; i < UMM_BATCHJOB_SIZES; i++) {
        const struct umm_batchjob_sizes *size = &result->sizes[i];
        if (size->n_batches == 0)
            continue;
        struct umm_json *object = umm_json_add_object(json, "sizes");
        umm_json_put_count(object, "from", (uint64_t)1 << i);
        umm_json_put_count(object, "batches", size->n_batches);
        umm_json_put_count(object, "items", size->n_items);
        umm_json_put_real(object, "batch_seconds", size->seconds / (double)size->n_batches);
        umm_json_put_real(object, "item_seconds", size->seconds / (double)size->n_items);
        umm_json_put_count(object, "peak_rss_bytes", size->peak_rss_bytes);
    }
}

enum umm_status umm_batch_report_json(const struct umm_batchjob_options *options,
                                      const struct umm_batchjob_result *result, char **text,
                                      size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-batch");
    umm_json_put_text(json, "journal", options->journal);
    umm_json_put_count(json, "base", options->size.base);
    umm_figures_put(json, figures, result);
    put_sizes(json, result);
    return umm_json_finish(json, false, text, len_bytes, err);
}

void umm_batch_report_metrics(const struct umm_batchjob_options *options,
                              const struct umm_batchjob_result *result, struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-batch", NULL, options->journal);
    umm_figures_add(page, figures, result);
    umm_prometheus_success(page);
}

void umm_batch_report_line(const struct umm_batchjob_result *result,
                           char line[UMM_BATCH_REPORT_LINE_MAX])
{
    const size_t cap = UMM_BATCH_REPORT_LINE_MAX;
    const uint64_t n = result->n_done - result->n_before;
    line[0] = '\0';
    umm_line_add(line, cap, "%" PRIu64 " of %" PRIu64 " item%s done", result->n_done,
                 result->n_items, umm_line_plural(result->n_items));
    if (result->n_before)
        umm_line_add(line, cap, ", %" PRIu64 " of them before", result->n_before);
    umm_line_add(line, cap, ", %" PRIu64 " failed; %" PRIu64 " batch%s", result->n_failed,
                 result->n_batches, result->n_batches == 1 ? "" : "es");
    if (result->n_batches)
        umm_line_add(line, cap, " of %" PRIu64 " to %" PRIu64 " item%s", result->smallest_batch,
                     result->largest_batch, umm_line_plural(result->largest_batch));
    if (result->n_killed_batches)
        umm_line_add(line, cap, ", %" PRIu64 " killed", result->n_killed_batches);
    if (result->seconds > 0)
        umm_line_add(line, cap, "; %.3f s, %.0f items/s", result->seconds,
                     (double)n / result->seconds);
}

static int by_item(const void *a, const void *b)
{
    const struct umm_batch_failure *x = a, *y = b;
    return x->item < y->item ? -1 : x->item > y->item;
}

enum umm_status umm_batch_report_failures(const struct umm_batchjob_options *options,
                                          const struct umm_batchjob_result *result, char **text,
                                          size_t *len_bytes, struct umm_error *err)
{
    const struct umm_batchitems *items = options->items;
    const char end = options->is_null ? '\0' : '\n';
    struct umm_textbuf out = {0};
    if (result->n_failures > 0)
        qsort(result->failures, result->n_failures, sizeof *result->failures, by_item);
    umm_textbuf_add(&out, "%s", "");
    for (size_t i = 0; i < result->n_failures; i++) {
        const struct umm_batch_failure *failure = &result->failures[i];
        const char *item = umm_batchitems_get(items, failure->item);
        umm_textbuf_add(&out, "%" PRIu64 "\t%" PRIu64 "\t%s\t",
                        umm_batchitems_number(items, failure->item), failure->n_tries,
                        failure->reason);
        umm_textbuf_add_bytes(&out, item, strlen(item));
        umm_textbuf_add_bytes(&out, &end, 1);
    }
    return umm_textbuf_take(&out, text, len_bytes, err);
}
