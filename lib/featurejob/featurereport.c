/* SPDX-License-Identifier: MIT */
#include "featurejob/featurereport.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "feature/feature.h"
#include "format/figures.h"
#include "rowjob/barreader.h"

/* ---- a job ----------------------------------------------------------------------- */

static const char *time_text(const struct umm_featurejob_result *result, int64_t time,
                             char out[UMM_TIME_ISO_MAX])
{
    return umm_barreader_time_text(&result->time_type, time, out);
}

static double rate(const struct umm_featurejob_result *result)
{
    return result->seconds > 0 ? (double)result->n_new / result->seconds : 0;
}

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_featurejob_result, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("changed", is_changed, UMM_METRIC_NONE),
    FIGURE("last_row_revised", is_revised, UMM_METRIC_NONE),
    FIGURE("rows_before", n_before, UMM_METRIC_NONE),
    FIGURE("rows_new", n_new, UMM_METRIC_ROWS_TAKEN),
    FIGURE("rows_held_back", n_held, UMM_METRIC_NONE),
    FIGURE("rows_rejected", n_rejected, UMM_METRIC_ROWS_REJECTED),
    FIGURE("rows_passed_over", n_passed_over, UMM_METRIC_NONE),
    FIGURE("held_back_bytes", n_held_bytes, UMM_METRIC_NONE),
    FIGURE("rows_written", n_written, UMM_METRIC_ROWS_WRITTEN),
    FIGURE("rows_output", n_out, UMM_METRIC_ROWS),
    FIGURE("gaps", n_gaps, UMM_METRIC_NONE),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

/* Of a store. */
static const struct umm_figure store_figures[] = {
    FIGURE("vectors_put", n_put, UMM_METRIC_NONE),
    FIGURE("rows_put_over", n_put_over, UMM_METRIC_NONE),
    FIGURE("rows_kept_out", n_kept, UMM_METRIC_NONE), UMM_FIGURES_END};

enum umm_status umm_featurereport_json(const struct umm_featurejob_options *options,
                                       const struct umm_featurejob_result *result, bool is_compact,
                                       char **text, size_t *len_bytes, struct umm_error *err)
{
    char time[UMM_TIME_ISO_MAX];
    struct umm_json *json = umm_figures_begin("umm-features");
    umm_json_put_text(json, "input", options->input);
    umm_json_put_text(json, "output", options->output);
    if (options->store)
        umm_json_put_text(json, "store", options->store);
    umm_json_put_text(json, "state", options->state);
    umm_json_put_text(json, "features", umm_features_text(options->features));
    if (options->is_verify)
        umm_json_put_text(json, "verdict", "PASS");
    umm_figures_put(json, figures, result);
    if (options->store)
        umm_figures_put(json, store_figures, result);
    if (result->n_symbols)
        umm_json_put_count(json, "symbols", result->n_symbols);
    if (result->has_times) {
        umm_json_put_text(json, "first_time", time_text(result, result->first_time, time));
        umm_json_put_text(json, "last_time", time_text(result, result->last_time, time));
    }
    umm_json_put_real(json, "rows_per_second", rate(result));
    for (size_t i = 0; i < umm_features_n_outputs(options->features); i++) {
        struct umm_json *item = umm_json_add_object(json, "columns");
        umm_json_put_text(item, "name", umm_features_name(options->features, i));
        umm_json_put_count(item, "lookback", umm_features_lookback(options->features, i));
    }
    return umm_json_finish(json, is_compact, text, len_bytes, err);
}

void umm_featurereport_metrics(const struct umm_featurejob_options *options,
                               const struct umm_featurejob_result *result,
                               struct umm_prometheus *page)
{
    struct umm_time time;
    /* A dataset without an output still has its own state. */
    const char *output = options->store ? options->store : options->output;
    umm_prometheus_begin(page, "umm-features", NULL, output ? output : options->state);
    umm_figures_add(page, figures, result);
    if (result->has_times && umm_barreader_time(&result->time_type, result->last_time, &time))
        umm_prometheus_add(page, UMM_METRIC_LAST_ROW_TIME,
                           (double)time.sec + (double)time.nsec * 1e-9);
    umm_prometheus_success(page);
}

void umm_featurereport_line(const struct umm_featurejob_options *options,
                            const struct umm_featurejob_result *result,
                            char line[UMM_FEATUREREPORT_LINE_MAX])
{
    const size_t cap = UMM_FEATUREREPORT_LINE_MAX;
    char path[UMM_EXCERPT_MAX * 4];
    umm_escape(path, sizeof path, options->input, strlen(options->input));
    snprintf(line, cap, "%s: ", path);
    if (options->is_verify) {
        umm_line_add(line, cap, "PASS, %" PRIu64 " rows are what the input gives; %.3f s",
                     result->n_new, result->seconds);
        return;
    }
    umm_line_add(line, cap, "%" PRIu64 " new rows", result->n_new);
    if (result->n_before)
        umm_line_add(line, cap, " after %" PRIu64, result->n_before);
    if (result->is_revised)
        umm_line_add(line, cap, ", the last one again");
    if (result->n_held)
        umm_line_add(line, cap, ", %" PRIu64 " held back", result->n_held);
    if (result->n_rejected)
        umm_line_add(line, cap, ", %" PRIu64 " rejected", result->n_rejected);
    if (result->n_passed_over)
        umm_line_add(line, cap, ", %" PRIu64 " passed over", result->n_passed_over);
    if (result->n_held_bytes)
        umm_line_add(line, cap, ", %" PRIu64 " bytes of a cut line held back",
                     result->n_held_bytes);
    if (result->n_gaps)
        umm_line_add(line, cap, ", %" PRIu64 " gaps", result->n_gaps);
    if (options->output) {
        umm_escape(path, sizeof path, options->output, strlen(options->output));
        umm_line_add(line, cap, "; %s: %" PRIu64 " rows", path, result->n_out);
    }
    if (options->store) {
        umm_escape(path, sizeof path, options->store, strlen(options->store));
        umm_line_add(line, cap, "; %s: %" PRIu64 " vectors put", path, result->n_put);
    }
    if (options->store && result->n_kept)
        umm_line_add(line, cap, ", %" PRIu64 " rows that it has, or newer ones", result->n_kept);
    if (!result->is_changed)
        umm_line_add(line, cap, ", unchanged");
    umm_line_add(line, cap, "; %.3f s, %.0f rows/s", result->seconds, rate(result));
}

/* ---- the features that there are ------------------------------------------------- */

/* The plan of feature i as its usage has it; NULL past the last, or without memory. */
static struct umm_features *plan_of(size_t i, const char **name, const char **usage,
                                    const char **about, const char **origin)
{
    struct umm_features *plan = NULL;
    *name = umm_features_describe(i, usage, about, origin);
    if (!*name || umm_features_open(*name, NULL, &plan, NULL) != UMM_OK)
        return NULL;
    return plan;
}

/* The words of a parameter one by one, "day|all": the next one's length; 0 past the last. */
static size_t next_word(const char **words)
{
    *words += **words == '|';
    return strcspn(*words, "|");
}

/* "n from 2 to 100000, k from 0 to 1000", "anchor day or all"; nothing without parameters. */
static void add_params(const struct umm_feature_def *def, char *out, size_t cap)
{
    for (size_t i = 0; i < UMM_FEATURE_PARAMS && def->params[i].name; i++) {
        const struct umm_feature_param *param = &def->params[i];
        const char *word = param->words;
        umm_line_add(out, cap, "%s%s", i ? ", " : "    ", param->name);
        if (!word)
            umm_line_add(out, cap, " from %g to %.0f", param->min, param->max);
        for (size_t len; word && (len = next_word(&word)); word += len)
            umm_line_add(out, cap, "%s%.*s", word == param->words ? " " : " or ", (int)len, word);
    }
    if (def->params[0].name)
        umm_line_add(out, cap, "\n");
}

static void put_params(struct umm_json *item, const struct umm_feature_def *def)
{
    for (size_t i = 0; i < UMM_FEATURE_PARAMS && def->params[i].name; i++) {
        const struct umm_feature_param *param = &def->params[i];
        struct umm_json *json = umm_json_add_object(item, "parameters");
        umm_json_put_text(json, "name", param->name);
        if (param->words) {
            umm_json_put_text(json, "words", param->words);
            continue;
        }
        umm_json_put_real(json, "min", param->min);
        umm_json_put_real(json, "max", param->max);
        umm_json_put_real(json, "default", param->standard);
    }
}

bool umm_featurereport_feature(size_t i, char lines[UMM_FEATUREREPORT_LINE_MAX])
{
    const size_t cap = UMM_FEATUREREPORT_LINE_MAX;
    const char *name, *usage, *about, *origin;
    struct umm_features *plan = plan_of(i, &name, &usage, &about, &origin);
    if (!plan)
        return false;
    snprintf(lines, cap, "%s\n", usage);
    for (size_t len; *about; about += len + (about[len] == '\n')) {
        len = strcspn(about, "\n");
        umm_line_add(lines, cap, "    %.*s\n", (int)len, about);
    }
    add_params(umm_feature_at(i), lines, cap);
    umm_line_add(lines, cap, "    ");
    for (size_t k = 0; k < umm_features_n_outputs(plan); k++)
        umm_line_add(lines, cap, "%s%s from row %" PRIu64, k ? ", " : "",
                     umm_features_name(plan, k), umm_features_lookback(plan, k));
    umm_line_add(lines, cap, "\n    %s", origin);
    umm_features_close(plan);
    return true;
}

enum umm_status umm_featurereport_list_json(char **text, size_t *len_bytes, struct umm_error *err)
{
    const char *name, *usage, *about, *origin;
    struct umm_features *plan;
    struct umm_json *json = umm_json_new();
    for (size_t i = 0; (plan = plan_of(i, &name, &usage, &about, &origin)); i++) {
        struct umm_json *item = umm_json_add_object(json, "features");
        umm_json_put_text(item, "name", name);
        umm_json_put_text(item, "usage", usage);
        umm_json_put_text(item, "about", about);
        umm_json_put_text(item, "definition", origin);
        put_params(item, umm_feature_at(i));
        for (size_t k = 0; k < umm_features_n_outputs(plan); k++) {
            struct umm_json *output = umm_json_add_object(item, "outputs");
            umm_json_put_text(output, "name", umm_features_name(plan, k));
            umm_json_put_count(output, "lookback", umm_features_lookback(plan, k));
        }
        umm_features_close(plan);
    }
    return umm_json_finish(json, false, text, len_bytes, err);
}
