/* SPDX-License-Identifier: MIT */
#include "slice/slice.h"

#include "format/figures.h"

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_slice_result, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("rows_in", n_rows_in, UMM_METRIC_NONE),
    FIGURE("rows", n_rows, UMM_METRIC_ROWS),
    FIGURE("bytes_out", n_output_bytes, UMM_METRIC_OUTPUT_BYTES),
    FIGURE("changed", is_changed, UMM_METRIC_NONE),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

enum umm_status umm_slice_report_json(const struct umm_slice_options *options,
                                      const struct umm_slice_result *result, char **text,
                                      size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-mmap-slice");
    umm_json_put_text(json, "input", options->input);
    umm_json_put_text(json, "output", options->output);
    umm_json_put_text(json, "format", umm_slice_format_name(options->format));
    umm_figures_put(json, figures, result);
    return umm_json_finish(json, false, text, len_bytes, err);
}

void umm_slice_report_metrics(const struct umm_slice_options *options,
                              const struct umm_slice_result *result, struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-mmap-slice", NULL, options->output);
    umm_figures_add(page, figures, result);
    umm_prometheus_success(page);
}
