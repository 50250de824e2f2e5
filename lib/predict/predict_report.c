/* SPDX-License-Identifier: MIT */
#include "predict/predict_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "model/describe.h"
#include "rowjob/barreader.h"

static double rate(const struct umm_predict_result *result)
{
    return result->seconds > 0 ? (double)result->n_new / result->seconds : 0;
}

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_predict_result, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("changed", is_changed, UMM_METRIC_NONE),
    FIGURE("last_row_revised", is_revised, UMM_METRIC_NONE),
    FIGURE("rows_before", n_before, UMM_METRIC_NONE),
    FIGURE("rows_new", n_new, UMM_METRIC_ROWS_TAKEN),
    FIGURE("rows_not_finite", n_nan, UMM_METRIC_NONE),
    FIGURE("rows_rejected", n_rejected, UMM_METRIC_ROWS_REJECTED),
    FIGURE("rows_passed_over", n_passed_over, UMM_METRIC_NONE),
    FIGURE("held_back_bytes", n_held_bytes, UMM_METRIC_NONE),
    FIGURE("rows_output", n_out, UMM_METRIC_ROWS),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

enum umm_status umm_predict_report_json(const struct umm_predict_options *options,
                                        const struct umm_predict_result *result, char **text,
                                        size_t *len_bytes, struct umm_error *err)
{
    char time[UMM_TIME_ISO_MAX];
    struct umm_json *json = umm_figures_begin("umm-predict");
    umm_json_put_text(json, "model", options->model_path);
    umm_json_put_text(json, "input", options->input);
    umm_json_put_text(json, "output", options->output);
    umm_json_put_text(json, "state", options->state);
    if (options->is_verify)
        umm_json_put_text(json, "verdict", "PASS");
    umm_figures_put(json, figures, result);
    if (result->has_times) {
        umm_json_put_text(json, "first_time",
                          umm_barreader_time_text(&result->time_type, result->first_time, time));
        umm_json_put_text(json, "last_time",
                          umm_barreader_time_text(&result->time_type, result->last_time, time));
    }
    umm_json_put_real(json, "rows_per_second", rate(result));
    return umm_json_finish(json, false, text, len_bytes, err);
}

void umm_predict_report_metrics(const struct umm_predict_options *options,
                                const struct umm_predict_result *result,
                                struct umm_prometheus *page)
{
    struct umm_time time;
    umm_prometheus_begin(page, "umm-predict", NULL,
                         options->output ? options->output : options->state);
    umm_figures_add(page, figures, result);
    if (result->has_times && umm_barreader_time(&result->time_type, result->last_time, &time))
        umm_prometheus_add(page, UMM_METRIC_LAST_ROW_TIME,
                           (double)time.sec + (double)time.nsec * 1e-9);
    umm_prometheus_success(page);
}

void umm_predict_report_line(const struct umm_predict_options *options,
                             const struct umm_predict_result *result,
                             char line[UMM_PREDICT_LINE_MAX])
{
    const size_t cap = UMM_PREDICT_LINE_MAX;
    char path[UMM_EXCERPT_MAX * 4];
    umm_escape(path, sizeof path, options->input, strlen(options->input));
    snprintf(line, cap, "%s: ", path);
    if (options->is_verify) {
        umm_line_add(line, cap, "PASS, %" PRIu64 " row%s what plain C gives; %.3f s", result->n_new,
                     result->n_new == 1 ? " is" : "s are", result->seconds);
        return;
    }
    umm_line_add(line, cap, "%" PRIu64 " new row%s", result->n_new, umm_line_plural(result->n_new));
    if (result->n_before)
        umm_line_add(line, cap, " after %" PRIu64, result->n_before);
    if (result->is_revised)
        umm_line_add(line, cap, ", the last one again");
    if (result->n_nan)
        umm_line_add(line, cap, ", %" PRIu64 " with a number that is not finite", result->n_nan);
    if (result->n_rejected)
        umm_line_add(line, cap, ", %" PRIu64 " rejected", result->n_rejected);
    if (result->n_passed_over)
        umm_line_add(line, cap, ", %" PRIu64 " passed over", result->n_passed_over);
    if (result->n_held_bytes)
        umm_line_add(line, cap, ", %" PRIu64 " bytes of a cut line held back",
                     result->n_held_bytes);
    if (options->output) {
        umm_escape(path, sizeof path, options->output, strlen(options->output));
        umm_line_add(line, cap, "; %s: %" PRIu64 " row%s", path, result->n_out,
                     umm_line_plural(result->n_out));
    }
    if (!result->is_changed)
        umm_line_add(line, cap, ", unchanged");
    umm_line_add(line, cap, "; %.3f s, %.0f rows/s", result->seconds, rate(result));
}

enum umm_status umm_predict_describe(const struct umm_model *model, const char *path, bool is_json,
                                     char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    if (is_json) {
        struct umm_json *json = umm_figures_begin("umm-predict");
        umm_json_put_text(json, "model", path);
        umm_model_describe_json(model, json);
        return umm_json_finish(json, false, text, len_bytes, err);
    }
    umm_model_describe_text(model, &out);
    return umm_textbuf_take(&out, text, len_bytes, err);
}
