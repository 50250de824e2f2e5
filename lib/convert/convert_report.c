/* SPDX-License-Identifier: MIT */
#include "convert/convert_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"

static const double units_per_second[] = {1, 1e3, 1e6, 1e9};

/* A length in the result's time unit, in seconds. */
static double seconds_of(const struct umm_convert_result *result, uint64_t length)
{
    return (double)length / units_per_second[result->time_unit];
}

static const char *iso(const struct umm_convert_result *result, int64_t time,
                       char out[UMM_TIME_ISO_MAX])
{
    umm_time_format_iso(umm_time_from_unit(time, result->time_unit), out);
    return out;
}

static double rate(const struct umm_convert_result *result)
{
    return result->seconds > 0 ? (double)result->n_bytes * 1e-6 / result->seconds : 0;
}

static bool has_times(const struct umm_convert_result *result)
{
    return result->has_time && result->sequence.n_rows > 0;
}

/* ---- figures ------------------------------------------------------------------ */

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_convert_result, member, metric)

static const struct umm_figure rows[] = {
    FIGURE("array", type, UMM_METRIC_NONE),
    FIGURE("changed", is_changed, UMM_METRIC_NONE),
    FIGURE("appended", is_append, UMM_METRIC_NONE),
    FIGURE("reversed", is_reversed, UMM_METRIC_NONE),
    FIGURE("sorted", is_sorted, UMM_METRIC_NONE),
    FIGURE("rows", n_rows, UMM_METRIC_ROWS),
    FIGURE("rows_written", n_written, UMM_METRIC_ROWS_WRITTEN),
    FIGURE("rows_rejected", n_rejected, UMM_METRIC_ROWS_REJECTED),
    FIGURE("rows_same", n_same, UMM_METRIC_NONE),
    FIGURE("rows_revised", n_revised, UMM_METRIC_NONE),
    UMM_FIGURES_END};

static const struct umm_figure sizes[] = {
    FIGURE("bytes_in", n_bytes, UMM_METRIC_INPUT_BYTES),
    FIGURE("bytes_out", n_output_bytes, UMM_METRIC_OUTPUT_BYTES),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION), UMM_FIGURES_END};

#undef FIGURE
#define FIGURE(key, member) UMM_FIGURE(key, struct umm_convert_input, member, UMM_METRIC_NONE)

static const struct umm_figure reading[] = {
    FIGURE("header", has_header),     FIGURE("header_by", header_by),
    FIGURE("columns", columns),       FIGURE("numbers", numbers),
    FIGURE("numbers_by", numbers_by), FIGURE("time", time),
    FIGURE("time_by", time_by),       UMM_FIGURES_END};

static const struct umm_figure records[] = {FIGURE("zone", zone),
                                            FIGURE("zone_by", zone_by),
                                            FIGURE("bytes", n_bytes),
                                            FIGURE("rows", n_rows),
                                            FIGURE("rejected", n_rejected),
                                            FIGURE("blank_lines", n_blank),
                                            FIGURE("comments", n_comments),
                                            FIGURE("passed_over", n_passed_over),
                                            FIGURE("held_back_bytes", n_held_bytes),
                                            FIGURE("footer_lines", n_footer_lines),
                                            UMM_FIGURES_END};

/* ---- JSON -------------------------------------------------------------------- */

/* How many times of an input are epochs of which unit, where nobody gave it. */
static void put_epochs(struct umm_json *item, const struct umm_convert_input *input)
{
    struct umm_json *epochs = NULL;
    for (size_t i = 0; i < UMM_TIME_UNITS; i++) {
        if (input->n_epochs[i] == 0)
            continue;
        if (!epochs)
            epochs = umm_json_put_object(item, "epochs");
        umm_json_put_count(epochs, umm_time_unit_name((enum umm_time_unit)i), input->n_epochs[i]);
    }
}

static void put_inputs(struct umm_json *json, const struct umm_convert_result *result)
{
    for (size_t i = 0; i < result->n_inputs; i++) {
        const struct umm_convert_input *input = &result->inputs[i];
        struct umm_json *item = umm_json_add_object(json, "inputs");
        char delimiter[] = {input->delimiter, '\0'};
        umm_json_put_text(item, "path", input->path);
        umm_json_put_text(item, "layout", input->layout);
        umm_json_put_text(item, "layout_by", input->layout_by);
        umm_json_put_text(item, "delimiter", delimiter);
        umm_json_put_text(item, "delimiter_by", input->delimiter_by);
        umm_json_put_count(item, "header_records", input->n_header_records);
        umm_figures_put(item, reading, input);
        put_epochs(item, input);
        umm_figures_put(item, records, input);
    }
}

static void put_times(struct umm_json *json, const struct umm_convert_result *result)
{
    char text[UMM_TIME_ISO_MAX];
    const struct umm_sequence *s = &result->sequence;
    if (!has_times(result))
        return;
    umm_json_put_text(json, "time_unit", umm_time_unit_name(result->time_unit));
    umm_json_put_text(json, "first_time", iso(result, s->min, text));
    umm_json_put_text(json, "last_time", iso(result, s->max, text));
    umm_json_put_count(json, "duplicates", s->n_duplicates);
    umm_json_put_real(json, "step_seconds", seconds_of(result, umm_sequence_step(s)));
    umm_json_put_count(json, "gaps", umm_sequence_gaps(s));
    umm_json_put_real(json, "longest_step_seconds", seconds_of(result, s->longest));
    if (s->longest)
        umm_json_put_text(json, "longest_step_from", iso(result, s->longest_from, text));
}

enum umm_status umm_convert_report_json(const struct umm_convert_options *options,
                                        const struct umm_convert_result *result, char **text,
                                        size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-convert");
    umm_json_put_text(json, "output", options->output);
    umm_figures_put(json, rows, result);
    if (result->n_other_members)
        umm_json_put_count(json, "members_passed_over", result->n_other_members);
    put_times(json, result);
    umm_figures_put(json, sizes, result);
    umm_json_put_real(json, "mb_per_second", rate(result));
    put_inputs(json, result);
    return umm_json_finish(json, false, text, len_bytes, err);
}

/* ---- metrics ------------------------------------------------------------------ */

void umm_convert_report_metrics(const struct umm_convert_options *options,
                                const struct umm_convert_result *result,
                                struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-convert", NULL, options->output);
    umm_figures_add(page, rows, result);
    umm_figures_add(page, sizes, result);
    if (result->has_last_time)
        umm_prometheus_add(page, UMM_METRIC_LAST_ROW_TIME,
                           (double)result->last_time / units_per_second[result->time_unit]);
    umm_prometheus_success(page);
}

/* ---- lines ---------------------------------------------------------------------- */

static void add_reason(char line[UMM_CONVERT_LINE_MAX], const char *by)
{
    if (by)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, " (by %s)", by);
}

/* What was read and is not in the array. */
static void add_passed_over(const struct umm_convert_input *input, char line[UMM_CONVERT_LINE_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    if (input->header_text)
        umm_line_add(
            line, UMM_CONVERT_LINE_MAX, ", 1 record passed over as the header: \"%s\"",
            umm_escape(shown, sizeof shown, input->header_text, strlen(input->header_text)));
    if (input->n_passed_over)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %" PRIu64 " rows passed over by the filter",
                     input->n_passed_over);
    if (input->n_held_bytes)
        umm_line_add(line, UMM_CONVERT_LINE_MAX,
                     ", 1 line without its end held back (%" PRIu64 " bytes)", input->n_held_bytes);
    if (input->n_footer_lines)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %" PRIu64 " line%s passed over at its end",
                     input->n_footer_lines, umm_line_plural(input->n_footer_lines));
}

static void input_line(const struct umm_convert_input *input, char *line)
{
    char path[UMM_EXCERPT_MAX * 4], delimiter[8];
    umm_escape(path, sizeof path, input->path, strlen(input->path));
    umm_escape(delimiter, sizeof delimiter, &input->delimiter, 1);
    snprintf(line, UMM_CONVERT_LINE_MAX, "%s: %" PRIu64 " row%s; layout %s", path, input->n_rows,
             umm_line_plural(input->n_rows), input->layout ? input->layout : "none");
    add_reason(line, input->layout_by);
    umm_line_add(line, UMM_CONVERT_LINE_MAX, ", delimiter '%s'", delimiter);
    add_reason(line, input->delimiter_by);
    umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %s", input->has_header ? "header" : "no header");
    add_reason(line, input->header_by);
    add_passed_over(input, line);
    umm_line_add(line, UMM_CONVERT_LINE_MAX, "; %s", input->columns);
    if (input->numbers) {
        umm_line_add(line, UMM_CONVERT_LINE_MAX, "; numbers: %s", input->numbers);
        add_reason(line, input->numbers_by);
    }
    if (!input->time)
        return;
    umm_line_add(line, UMM_CONVERT_LINE_MAX, "; time: %s", input->time);
    add_reason(line, input->time_by);
    umm_line_add(line, UMM_CONVERT_LINE_MAX, ", zone %s", input->zone);
    add_reason(line, input->zone_by);
}

/* What became of an output. */
static void add_outcome(const struct umm_convert_options *options,
                        const struct umm_convert_result *result, char line[UMM_CONVERT_LINE_MAX])
{
    if (result->is_append)
        umm_line_add(line, UMM_CONVERT_LINE_MAX,
                     ", %" PRIu64 " appended, %" PRIu64 " the same, %" PRIu64 " revised",
                     result->n_written, result->n_same, result->n_revised);
    if (!result->is_changed && options->output)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", unchanged");
    if (result->is_reversed)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", reversed");
    if (result->is_sorted)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", sorted");
}

static void output_line(const struct umm_convert_options *options,
                        const struct umm_convert_result *result, char *line)
{
    char path[UMM_EXCERPT_MAX * 4];
    const char *output = options->output ? options->output : "nothing written";
    umm_escape(path, sizeof path, output, strlen(output));
    snprintf(line, UMM_CONVERT_LINE_MAX, "%s: %s", path, result->type);
    add_outcome(options, result, line);
    if (result->n_rejected)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %" PRIu64 " rejected", result->n_rejected);
    if (result->n_other_members)
        umm_line_add(line, UMM_CONVERT_LINE_MAX,
                     ", %" PRIu64 " member%s passed over that %s no text", result->n_other_members,
                     umm_line_plural(result->n_other_members),
                     result->n_other_members == 1 ? "is" : "are");
    umm_line_add(line, UMM_CONVERT_LINE_MAX, "; %.3f s, %.0f MB/s", result->seconds, rate(result));
}

/* What is wrong with the times of rows. */
static void add_irregular(const struct umm_sequence *s, char line[UMM_CONVERT_LINE_MAX])
{
    const uint64_t n_gaps = umm_sequence_gaps(s);
    umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %" PRIu64 " gap%s, %" PRIu64 " duplicate%s", n_gaps,
                 umm_line_plural(n_gaps), s->n_duplicates, umm_line_plural(s->n_duplicates));
}

static void times_line(const struct umm_convert_result *result, char *line)
{
    char first[UMM_TIME_ISO_MAX], last[UMM_TIME_ISO_MAX];
    const struct umm_sequence *s = &result->sequence;
    snprintf(line, UMM_CONVERT_LINE_MAX, "times: %s to %s, step %.15g s",
             iso(result, s->min, first), iso(result, s->max, last),
             seconds_of(result, umm_sequence_step(s)));
    add_irregular(s, line);
}

void umm_convert_report_dataset(const struct umm_convert_options *options, const char *path,
                                const struct umm_convert_result *result,
                                char line[UMM_CONVERT_LINE_MAX])
{
    char shown[UMM_EXCERPT_MAX * 8], first[UMM_TIME_ISO_MAX], last[UMM_TIME_ISO_MAX];
    const struct umm_sequence *s = &result->sequence;
    umm_escape(shown, sizeof shown, path, strlen(path));
    snprintf(line, UMM_CONVERT_LINE_MAX, "%s: %" PRIu64 " row%s", shown, s->n_rows,
             umm_line_plural(s->n_rows));
    if (has_times(result)) {
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %s to %s", iso(result, s->min, first),
                     iso(result, s->max, last));
        add_irregular(s, line);
    }
    add_outcome(options, result, line);
}

bool umm_convert_report_line(const struct umm_convert_options *options,
                             const struct umm_convert_result *result, size_t index,
                             char line[UMM_CONVERT_LINE_MAX])
{
    if (index < result->n_inputs)
        input_line(&result->inputs[index], line);
    else if (index == result->n_inputs)
        output_line(options, result, line);
    else if (index == result->n_inputs + 1 && has_times(result))
        times_line(result, line);
    else
        return false;
    return true;
}
