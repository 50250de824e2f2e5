/* SPDX-License-Identifier: MIT */
#include "convert/delivery_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"

enum { PATH_SHOWN = 4 * UMM_EXCERPT_MAX };

static const char *iso(int64_t time, enum umm_time_unit unit, char out[UMM_TIME_ISO_MAX])
{
    umm_time_format_iso(umm_time_from_unit(time, unit), out);
    return out;
}

/* Rows that were there before their file, and what the array has with them. */
static void add_compared(const struct umm_convert_result *result, char line[UMM_CONVERT_LINE_MAX])
{
    if (!result->is_append && !(result->n_same + result->n_revised))
        return;
    umm_line_add(line, UMM_CONVERT_LINE_MAX,
                 "; %" PRIu64 " %s, %" PRIu64 " the same, %" PRIu64 " revised, %" PRIu64
                 " in the array",
                 result->n_written, result->is_append ? "appended" : "written", result->n_same,
                 result->n_revised, result->n_rows);
}

void umm_delivery_report_line(const struct umm_delivery_dataset *dataset,
                              const struct umm_convert_result *result,
                              char line[UMM_CONVERT_LINE_MAX])
{
    char path[PATH_SHOWN], from[UMM_TIME_ISO_MAX], to[UMM_TIME_ISO_MAX];
    const struct umm_sequence *s = &result->sequence;
    uint64_t n_rows = 0;
    for (size_t i = 0; i < result->n_inputs; i++)
        n_rows += result->inputs[i].n_rows;
    umm_escape(path, sizeof path, dataset->path, strlen(dataset->path));
    snprintf(line, UMM_CONVERT_LINE_MAX, "%s: %zu file%s, %" PRIu64 " row%s", path,
             result->n_inputs, umm_line_plural(result->n_inputs), n_rows, umm_line_plural(n_rows));
    if (result->has_time && s->n_rows)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %s to %s, %" PRIu64 " gap%s",
                     iso(s->min, result->time_unit, from), iso(s->max, result->time_unit, to),
                     umm_sequence_gaps(s), umm_line_plural(umm_sequence_gaps(s)));
    if (result->n_rejected)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %" PRIu64 " rejected", result->n_rejected);
    if (dataset->n_reports)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", %" PRIu64 " report%s passed over",
                     dataset->n_reports, umm_line_plural(dataset->n_reports));
    add_compared(result, line);
    if (!result->is_changed)
        umm_line_add(line, UMM_CONVERT_LINE_MAX, ", unchanged");
}

bool umm_delivery_report_files(const struct umm_delivery_dataset *dataset, enum umm_time_unit unit,
                               size_t index, char line[UMM_CONVERT_LINE_MAX])
{
    char path[PATH_SHOWN], time[UMM_TIME_ISO_MAX];
    if (index > dataset->n_files)
        return false;
    const char *shown = index ? dataset->shown[index - 1] : dataset->path;
    umm_escape(path, sizeof path, shown, strlen(shown));
    if (index == 0) {
        snprintf(line, UMM_CONVERT_LINE_MAX, "%s: %zu file%s", path, dataset->n_files,
                 umm_line_plural(dataset->n_files));
        return true;
    }
    const struct umm_firstrow *first = &dataset->first[index - 1];
    const char *when = !dataset->is_ordered ? "not looked at"
                       : !first->has_row    ? "no row"
                                            : iso(first->time, unit, time);
    snprintf(line, UMM_CONVERT_LINE_MAX, "  %-20s %s", when, path);
    return true;
}

enum umm_status umm_delivery_report_json(const struct umm_delivery_dataset *dataset,
                                         enum umm_time_unit unit, char **text, size_t *len_bytes,
                                         struct umm_error *err)
{
    char time[UMM_TIME_ISO_MAX];
    struct umm_json *json = umm_figures_begin("umm-convert");
    umm_json_put_text(json, "output", dataset->path);
    for (size_t i = 0; i < dataset->n_files; i++) {
        struct umm_json *item = umm_json_add_object(json, "inputs");
        umm_json_put_text(item, "path", dataset->shown[i]);
        if (dataset->is_ordered && dataset->first[i].has_row)
            umm_json_put_text(item, "first_time", iso(dataset->first[i].time, unit, time));
    }
    return umm_json_finish(json, false, text, len_bytes, err);
}
