/* SPDX-License-Identifier: MIT */
#include "quantize/quantize_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "format/json.h"
#include "format/table.h"

enum { PERCENT = 100 };

static const struct umm_quantize_agreement *agreement_of(const struct umm_quantize_result *result)
{
    return &result->tries[result->chosen].agreement;
}

static double same_share(const struct umm_quantize_agreement *agreement)
{
    return (double)agreement->n_same / (double)agreement->n_rows;
}

/* How much smaller the file is: a share, below 0 where it is larger. */
static double saved_share(const struct umm_quantize_result *result)
{
    return 1 - (double)result->size_after_bytes / (double)result->size_before_bytes;
}

static const char *comparative_of(const struct umm_quantize_result *result)
{
    return saved_share(result) < 0 ? "larger" : "smaller";
}

static const char *verdict_of(const struct umm_quantize_result *result)
{
    return !result->is_verdict ? NULL : result->is_passed ? "PASS" : "FAIL";
}

static const char *weights_of(const struct umm_quantize_result *result)
{
    return result->is_per_channel ? "per channel" : "per tensor";
}

/* "argmax", "above 0.5". */
static const char *decision_of(const struct umm_quantize_result *result, char out[32])
{
    if (result->decision.kind == UMM_QUANTIZE_ARGMAX)
        return "argmax";
    snprintf(out, 32, "above %g", result->decision.threshold);
    return out;
}

/* ---- for people ------------------------------------------------------------------------- */

static void add_path(struct umm_textbuf *out, const char *path)
{
    char shown[4 * UMM_EXCERPT_MAX];
    umm_textbuf_add(out, "%s", umm_escape(shown, sizeof shown, path, strlen(path)));
}

static void add_summary(const struct umm_quantize_options *options,
                        const struct umm_quantize_result *result, struct umm_textbuf *out)
{
    char text[32];
    const struct umm_quantize_agreement *agreement = agreement_of(result);
    const struct umm_quantize_try *chosen = &result->tries[result->chosen];
    add_path(out, options->model);
    umm_textbuf_add(out, " -> ");
    add_path(out, options->output);
    umm_textbuf_add(out, "\nsize           %" PRIu64 " bytes, before %" PRIu64 ": %.1f %% %s\n",
                    result->size_after_bytes, result->size_before_bytes,
                    PERCENT * fabs(saved_share(result)), comparative_of(result));
    umm_textbuf_add(out,
                    "rows           %" PRIu64 ": %" PRIu64 " for calibration, %" PRIu64 " held out",
                    result->n_rows, result->n_calibration, result->n_held_out);
    if (result->n_skipped)
        umm_textbuf_add(out, ", %" PRIu64 " skipped", result->n_skipped);
    umm_textbuf_add(out, "\nmethod         %s, weights %s, %zu of %zu layers int8%s\n",
                    umm_quantize_method_name(chosen->method), weights_of(result), result->n_int8,
                    result->n_layers, chosen->is_first_float ? ", the first float" : "");
    umm_textbuf_add(
        out,
        "relative RMS   %.3f %% of the answers, %.3f %% of their spread; largest difference %.4g\n",
        PERCENT * agreement->relative_rms, PERCENT * agreement->spread_rms, agreement->largest);
    umm_textbuf_add(out, "same decision  %.3f %%: %" PRIu64 " of %" PRIu64 " rows, by %s\n",
                    PERCENT * same_share(agreement), agreement->n_same, agreement->n_rows,
                    decision_of(result, text));
    if (result->is_verdict)
        umm_textbuf_add(out, "verdict        %s%s\n", verdict_of(result),
                        result->is_passed ? "" : ": nothing is written");
}

static enum umm_status add_table(struct umm_table *table, struct umm_textbuf *out,
                                 struct umm_error *err)
{
    const bool is_failed = table->is_failed;
    if (!is_failed) {
        umm_textbuf_add(out, "\n");
        umm_table_print_text(table, out);
    }
    umm_table_clear(table);
    return is_failed ? umm_error_set_memory(err, sizeof *table, "a table") : UMM_OK;
}

static void set_real(struct umm_table *table, size_t column, double number, const char *otherwise)
{
    char text[32];
    snprintf(text, sizeof text, "%.5g", number);
    umm_table_set_text(table, column, isfinite(number) ? text : otherwise);
}

static enum umm_status add_tries(const struct umm_quantize_result *result, struct umm_textbuf *out,
                                 struct umm_error *err)
{
    static const struct umm_table_column columns[] = {
        {UMM_TABLE_TEXT, "method", "method", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "first_layer", "first layer", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "relative_rms", "relative RMS %", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "same_decision", "same decision %", UMM_METRIC_NONE},
        {UMM_TABLE_COUNT, "bytes", "bytes", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "chosen", "", UMM_METRIC_NONE}};
    struct umm_table table = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < result->n_tries; i++) {
        const struct umm_quantize_try *one = &result->tries[i];
        size_t k = 0;
        umm_table_add_row(&table);
        umm_table_set_text(&table, k++, umm_quantize_method_name(one->method));
        umm_table_set_text(&table, k++, one->is_first_float ? "float" : "as asked");
        set_real(&table, k++, PERCENT * one->agreement.relative_rms, "infinite");
        set_real(&table, k++, PERCENT * same_share(&one->agreement), "");
        umm_table_set_count(&table, k++, one->size_bytes);
        umm_table_set_text(&table, k, one->is_chosen ? "chosen" : "");
    }
    return add_table(&table, out, err);
}

static enum umm_status add_layers(const struct umm_quantize_result *result, struct umm_textbuf *out,
                                  struct umm_error *err)
{
    static const struct umm_table_column columns[] = {
        {UMM_TABLE_TEXT, "layer", "layer", UMM_METRIC_NONE},
        {UMM_TABLE_COUNT, "in", "in", UMM_METRIC_NONE},
        {UMM_TABLE_COUNT, "out", "out", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "type", "type", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "low", "input from", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "high", "to", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "scale", "scale", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "zero_point", "zero", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "weight_max", "weights to", UMM_METRIC_NONE},
        {UMM_TABLE_COUNT, "dead", "dead", UMM_METRIC_NONE},
        {UMM_TABLE_COUNT, "saturating", "saturating", UMM_METRIC_NONE}};
    struct umm_table table = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    char text[32];
    for (size_t i = 0; i < result->n_layers; i++) {
        const struct umm_quantize_layer *layer = &result->layers[i];
        size_t k = 0;
        umm_table_add_row(&table);
        umm_table_set_text(&table, k++, layer->name);
        umm_table_set_count(&table, k++, layer->n_in);
        umm_table_set_count(&table, k++, layer->n_out);
        umm_table_set_text(&table, k++,
                           !layer->is_int8       ? "f32"
                           : layer->is_equalized ? "int8, equalized"
                                                 : "int8");
        set_real(&table, k++, (double)layer->low, "-");
        set_real(&table, k++, (double)layer->high, "-");
        set_real(&table, k++, layer->is_int8 ? (double)layer->scale : NAN, "-");
        snprintf(text, sizeof text, "%" PRId32, layer->zero_point);
        umm_table_set_text(&table, k++, layer->is_int8 ? text : "-");
        set_real(&table, k++, (double)layer->weight_max, "-");
        umm_table_set_count(&table, k++, layer->n_dead);
        umm_table_set_count(&table, k, layer->n_saturating);
    }
    return add_table(&table, out, err);
}

static enum umm_status add_worst(const struct umm_quantize_result *result, struct umm_textbuf *out,
                                 struct umm_error *err)
{
    static const struct umm_table_column columns[] = {
        {UMM_TABLE_ID, "row", "worst rows", UMM_METRIC_NONE},
        {UMM_TABLE_COUNT, "output", "output", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "float", "float", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "int8", "int8", UMM_METRIC_NONE},
        {UMM_TABLE_TEXT, "decision", "decision", UMM_METRIC_NONE}};
    struct umm_table table = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < result->n_worst; i++) {
        const struct umm_quantize_worst *worst = &result->worst[i];
        size_t k = 0;
        umm_table_add_row(&table);
        umm_table_set_count(&table, k++, worst->row);
        umm_table_set_count(&table, k++, worst->output);
        set_real(&table, k++, (double)worst->float_answer, "-");
        set_real(&table, k++, (double)worst->answer, "-");
        umm_table_set_text(&table, k, worst->is_same_decision ? "same" : "other");
    }
    return add_table(&table, out, err);
}

enum umm_status umm_quantize_report_text(const struct umm_quantize_options *options,
                                         const struct umm_quantize_result *result, char **text,
                                         size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    add_summary(options, result, &out);
    enum umm_status status = result->n_tries > 1 ? add_tries(result, &out, err) : UMM_OK;
    if (!status)
        status = add_layers(result, &out, err);
    if (!status)
        status = add_worst(result, &out, err);
    if (!status)
        return umm_textbuf_take(&out, text, len_bytes, err);
    umm_textbuf_free(&out);
    return status;
}

void umm_quantize_report_line(const struct umm_quantize_options *options,
                              const struct umm_quantize_result *result,
                              char line[UMM_QUANTIZE_LINE_MAX])
{
    const size_t cap = UMM_QUANTIZE_LINE_MAX;
    const struct umm_quantize_agreement *agreement = agreement_of(result);
    char path[4 * UMM_EXCERPT_MAX];
    snprintf(line, cap, "%s: %" PRIu64 " bytes, %.1f %% %s",
             umm_escape(path, sizeof path, options->output, strlen(options->output)),
             result->size_after_bytes, PERCENT * fabs(saved_share(result)), comparative_of(result));
    umm_line_add(line, cap, "; %" PRIu64 " rows, %" PRIu64 " held out", result->n_rows,
                 result->n_held_out);
    umm_line_add(line, cap, "; relative RMS %.3f %%, same decision %.3f %%",
                 PERCENT * agreement->relative_rms, PERCENT * same_share(agreement));
    if (result->is_verdict)
        umm_line_add(line, cap, "; %s", verdict_of(result));
    umm_line_add(line, cap, "; %.3f s", result->seconds);
}

/* ---- for programs -------------------------------------------------------------------------- */

static void put_agreement(struct umm_json *json, const struct umm_quantize_agreement *agreement)
{
    umm_json_put_real(json, "relative_rms", agreement->relative_rms);
    umm_json_put_real(json, "spread_rms", agreement->spread_rms);
    umm_json_put_real(json, "largest_difference", agreement->largest);
    umm_json_put_count(json, "rows_same_decision", agreement->n_same);
    umm_json_put_real(json, "same_decision", same_share(agreement));
}

static void put_tries(struct umm_json *json, const struct umm_quantize_result *result)
{
    for (size_t i = 0; i < result->n_tries; i++) {
        const struct umm_quantize_try *one = &result->tries[i];
        struct umm_json *item = umm_json_add_object(json, "tried");
        umm_json_put_text(item, "method", umm_quantize_method_name(one->method));
        umm_json_put_bool(item, "first_layer_float", one->is_first_float);
        umm_json_put_bool(item, "chosen", one->is_chosen);
        umm_json_put_count(item, "output_bytes", one->size_bytes);
        put_agreement(item, &one->agreement);
    }
}

static void put_layers(struct umm_json *json, const struct umm_quantize_result *result)
{
    for (size_t i = 0; i < result->n_layers; i++) {
        const struct umm_quantize_layer *layer = &result->layers[i];
        struct umm_json *item = umm_json_add_object(json, "layers");
        umm_json_put_text(item, "name", layer->name);
        umm_json_put_count(item, "inputs", layer->n_in);
        umm_json_put_count(item, "outputs", layer->n_out);
        umm_json_put_text(item, "type", layer->is_int8 ? "int8" : "f32");
        umm_json_put_bool(item, "equalized", layer->is_equalized);
        umm_json_put_real(item, "input_low", (double)layer->low);
        umm_json_put_real(item, "input_high", (double)layer->high);
        if (layer->is_int8) {
            umm_json_put_real(item, "input_scale", (double)layer->scale);
            umm_json_put_integer(item, "input_zero_point", layer->zero_point);
            umm_json_put_real(item, "weight_scale_low", (double)layer->weight_scale_low);
            umm_json_put_real(item, "weight_scale_high", (double)layer->weight_scale_high);
        }
        umm_json_put_real(item, "weight_max", (double)layer->weight_max);
        umm_json_put_count(item, "dead_outputs", layer->n_dead);
        umm_json_put_count(item, "saturating_inputs", layer->n_saturating);
        umm_json_put_real(item, "outside_share", layer->clipped);
    }
}

static void put_worst(struct umm_json *json, const struct umm_quantize_result *result)
{
    for (size_t i = 0; i < result->n_worst; i++) {
        const struct umm_quantize_worst *worst = &result->worst[i];
        struct umm_json *item = umm_json_add_object(json, "worst_rows");
        umm_json_put_count(item, "row", worst->row);
        umm_json_put_count(item, "output", worst->output);
        umm_json_put_real(item, "float", (double)worst->float_answer);
        umm_json_put_real(item, "int8", (double)worst->answer);
        umm_json_put_bool(item, "same_decision", worst->is_same_decision);
    }
}

enum umm_status umm_quantize_report_json(const struct umm_quantize_options *options,
                                         const struct umm_quantize_result *result, char **text,
                                         size_t *len_bytes, struct umm_error *err)
{
    char decision[32];
    const struct umm_quantize_try *chosen = &result->tries[result->chosen];
    struct umm_json *json = umm_figures_begin("umm-quantize");
    umm_json_put_text(json, "model", options->model);
    umm_json_put_text(json, "data", options->data);
    umm_json_put_text(json, "output", options->output);
    umm_json_put_bool(json, "written", result->is_written);
    umm_json_put_text(json, "verdict", verdict_of(result));
    umm_json_put_count(json, "model_bytes", result->size_before_bytes);
    umm_json_put_count(json, "output_bytes", result->size_after_bytes);
    umm_json_put_real(json, "saved", saved_share(result));
    umm_json_put_count(json, "rows", result->n_rows);
    umm_json_put_count(json, "rows_skipped", result->n_skipped);
    umm_json_put_count(json, "rows_calibration", result->n_calibration);
    umm_json_put_count(json, "rows_held_out", result->n_held_out);
    umm_json_put_count(json, "rows_outside", result->n_outside);
    umm_json_put_text(json, "method", umm_quantize_method_name(chosen->method));
    umm_json_put_text(json, "weights", weights_of(result));
    umm_json_put_text(json, "decision", decision_of(result, decision));
    put_agreement(json, agreement_of(result));
    put_tries(json, result);
    put_layers(json, result);
    put_worst(json, result);
    umm_json_put_array(json, "warnings");
    for (size_t i = 0; i < result->n_warnings; i++)
        umm_json_put_text(umm_json_add_object(json, "warnings"), "text", result->warnings[i]);
    umm_json_put_real(json, "seconds", result->seconds);
    return umm_json_finish(json, false, text, len_bytes, err);
}

void umm_quantize_report_metrics(const struct umm_quantize_options *options,
                                 const struct umm_quantize_result *result,
                                 struct umm_prometheus *page)
{
    const struct umm_quantize_agreement *agreement = agreement_of(result);
    umm_prometheus_begin(page, "umm-quantize", NULL, options->output);
    umm_prometheus_add(page, UMM_METRIC_ROWS_TAKEN, (double)result->n_rows);
    umm_prometheus_add(page, UMM_METRIC_OUTPUT_BYTES, (double)result->size_after_bytes);
    umm_prometheus_add(page, UMM_METRIC_QUANTIZE_MODEL, (double)result->size_before_bytes);
    umm_prometheus_add(page, UMM_METRIC_QUANTIZE_RMS, agreement->relative_rms);
    umm_prometheus_add(page, UMM_METRIC_QUANTIZE_SAME, same_share(agreement));
    umm_prometheus_add(page, UMM_METRIC_QUANTIZE_OUTSIDE, (double)result->n_outside);
    umm_prometheus_add(page, UMM_METRIC_DURATION, result->seconds);
    if (!result->is_verdict || result->is_passed)
        umm_prometheus_success(page);
}
