/* SPDX-License-Identifier: MIT */
#include "slice/slice.h"

#include "format/json.h"

enum umm_status umm_slice_report_json(const struct umm_slice_options *options,
                                      const struct umm_slice_result *result, char **text,
                                      size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_json_new();
    umm_json_put_text(json, "tool", "umm-mmap-slice");
    umm_json_put_text(json, "version", UMM_VERSION);
    umm_json_put_text(json, "input", options->input);
    umm_json_put_text(json, "output", options->output);
    umm_json_put_text(json, "format", umm_slice_format_name(options->format));
    umm_json_put_count(json, "rows_in", result->n_rows_in);
    umm_json_put_count(json, "rows", result->n_rows);
    umm_json_put_count(json, "bytes_out", result->n_output_bytes);
    umm_json_put_bool(json, "changed", result->is_changed);
    umm_json_put_real(json, "seconds", result->seconds);
    enum umm_status status = umm_json_print(json, false, text, len_bytes, err);
    umm_json_free(json);
    return status;
}

void umm_slice_report_metrics(const struct umm_slice_options *options,
                              const struct umm_slice_result *result, struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-mmap-slice", NULL, options->output);
    umm_prometheus_add(page, UMM_METRIC_ROWS, (double)result->n_rows);
    umm_prometheus_add(page, UMM_METRIC_OUTPUT_BYTES, (double)result->n_output_bytes);
    umm_prometheus_add(page, UMM_METRIC_DURATION, result->seconds);
    umm_prometheus_success(page);
}
