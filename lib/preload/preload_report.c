/* SPDX-License-Identifier: MIT */
#include "preload/preload_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "format/figures.h"
#include "preload/preload_job.h"

static const char *const actions[] = {"preload", "status", "evict"};
static const char *const plans[] = {"-", "preload", "mmap", "memory"};

/* NaN where nothing was loaded, or it took no time that could be measured. */
static double mb_per_second(const struct umm_preload_file *file)
{
    return file->loaded_bytes && file->seconds > 0
               ? (double)file->loaded_bytes * 1e-6 / file->seconds
               : (double)NAN;
}

void umm_preload_report_begin(struct umm_preload_report *report, enum umm_preload_action action,
                              const struct umm_preload_result *result)
{
    *report = (struct umm_preload_report){.action = action, .result = result};
    for (size_t i = 0; i < result->n_files; i++) {
        const struct umm_preload_file *file = &result->files[i];
        report->n_counted += umm_preload_counts(file);
        report->n_planned[file->plan] += umm_preload_counts(file);
    }
}

/* ---- the table ---------------------------------------------------------------- */

/* Room for one cell's text. */
enum { CELL_MAX = 24 };

/* Cut, not rounded: all of it is 100.0 %, and nothing else is. */
static const char *percent(const struct umm_preload_file *file,
                           const struct umm_residency *residency, char cell[CELL_MAX])
{
    uint64_t of = umm_preload_data_bytes(file), n = residency->resident_bytes;
    if (!residency->is_known)
        return "unknown";
    if (of == 0)
        return "-";
    double tenths = n >= of ? 1000 : floor((double)n / (double)of * 1000);
    snprintf(cell, CELL_MAX, "%.1f%%", (n < of && tenths > 999 ? 999 : tenths) / 10);
    return cell;
}

static const char *count(bool is_known, uint64_t value, char cell[CELL_MAX])
{
    if (!is_known)
        return "unknown";
    snprintf(cell, CELL_MAX, "%" PRIu64, value);
    return cell;
}

static const char *rate(const struct umm_preload_file *file, char cell[CELL_MAX])
{
    double mb = mb_per_second(file);
    bool is_there = file->before.is_known && umm_preload_data_bytes(file) > 0 &&
                    file->before.resident_bytes >= umm_preload_data_bytes(file);
    if (!isfinite(mb))
        return is_there ? "cached" : "-";
    snprintf(cell, CELL_MAX, "%.0f", mb);
    return cell;
}

static int load_cells(const struct umm_preload_file *file, char *line)
{
    char before[CELL_MAX], after[CELL_MAX], device[CELL_MAX], mb[CELL_MAX];
    return snprintf(line, UMM_PRELOAD_LINE_MAX, "%14" PRIu64 " %8s %8s %14s %9.3f %8s %8s  ",
                    file->n_bytes, percent(file, &file->before, before),
                    percent(file, &file->after, after),
                    count(file->is_device_known, file->device_bytes, device), file->seconds,
                    rate(file, mb), plans[file->plan]);
}

static int status_cells(const struct umm_preload_file *file, char *line)
{
    const struct umm_residency *now = &file->before;
    bool is_told = now->is_known && now->has_details;
    char resident[CELL_MAX], dirty[CELL_MAX], evicted[CELL_MAX];
    return snprintf(line, UMM_PRELOAD_LINE_MAX, "%14" PRIu64 " %14" PRIu64 " %8s %14s %14s %8s  ",
                    file->n_bytes, file->hole_bytes, percent(file, now, resident),
                    count(is_told, now->dirty_bytes, dirty),
                    count(is_told, now->evicted_bytes, evicted), plans[file->plan]);
}

static int evict_cells(const struct umm_preload_file *file, char *line)
{
    bool is_told = file->after.is_known && file->after.has_details;
    char before[CELL_MAX], after[CELL_MAX], dirty[CELL_MAX];
    return snprintf(line, UMM_PRELOAD_LINE_MAX, "%14" PRIu64 " %8s %8s %14s  ", file->n_bytes,
                    percent(file, &file->before, before), percent(file, &file->after, after),
                    count(is_told, file->after.dirty_bytes, dirty));
}

static int cells(enum umm_preload_action action, const struct umm_preload_file *file, char *line)
{
    switch (action) {
    case UMM_PRELOAD_STATUS: return status_cells(file, line);
    case UMM_PRELOAD_EVICT: return evict_cells(file, line);
    case UMM_PRELOAD_LOAD:
    default: return load_cells(file, line);
    }
}

static void heading(enum umm_preload_action action, char *line)
{
    static const char *const headings[] = {
        "         bytes   before    after    from device   seconds     MB/s     plan  file",
        "         bytes          holes resident          dirty        evicted     plan  file",
        "         bytes   before    after          dirty  file"};
    snprintf(line, UMM_PRELOAD_LINE_MAX, "%s", headings[action]);
}

static void file_line(enum umm_preload_action action, const struct umm_preload_file *file,
                      char *line)
{
    size_t n = (size_t)cells(action, file, line);
    umm_escape(line + n, UMM_PRELOAD_LINE_MAX - n, file->path, strlen(file->path));
}

static void sums_line(const struct umm_preload_report *report, char *line)
{
    size_t n = (size_t)cells(report->action, &report->result->total, line);
    size_t room = UMM_PRELOAD_LINE_MAX - n;
    const char *files = report->n_counted == 1 ? "file" : "files";
    if (report->action == UMM_PRELOAD_EVICT)
        snprintf(line + n, room, "%zu %s", report->n_counted, files);
    else
        snprintf(line + n, room, "%zu %s: %zu preload, %zu mmap, %zu memory", report->n_counted,
                 files, report->n_planned[UMM_PRELOAD_PLAN_PRELOAD],
                 report->n_planned[UMM_PRELOAD_PLAN_MMAP],
                 report->n_planned[UMM_PRELOAD_PLAN_MEMORY]);
}

bool umm_preload_report_line(struct umm_preload_report *report, char line[UMM_PRELOAD_LINE_MAX])
{
    const struct umm_preload_result *result = report->result;
    if (!report->is_begun) {
        report->is_begun = true;
        heading(report->action, line);
        return report->n_counted > 0;
    }
    while (report->n_taken < result->n_files) {
        const struct umm_preload_file *file = &result->files[report->n_taken++];
        if (file->is_failed)
            continue;
        report->has_lines = true;
        file_line(report->action, file, line);
        return true;
    }
    if (report->is_ended || !report->has_lines || result->n_files < 2)
        return false;
    report->is_ended = true;
    sums_line(report, line);
    return true;
}

/* ---- JSON ---------------------------------------------------------------------- */

static void put_known(struct umm_json *json, const char *key, bool is_known, uint64_t value)
{
    umm_json_put_count(json, key, is_known ? value : UINT64_MAX);
}

static void put_file(struct umm_json *json, const struct umm_preload_file *file)
{
    const struct umm_residency *before = &file->before, *after = &file->after;
    bool is_told = after->is_known && after->has_details;
    umm_json_put_count(json, "bytes", file->n_bytes);
    umm_json_put_count(json, "hole_bytes", file->hole_bytes);
    put_known(json, "resident_before_bytes", before->is_known, before->resident_bytes);
    put_known(json, "resident_bytes", after->is_known, after->resident_bytes);
    put_known(json, "dirty_bytes", is_told, after->dirty_bytes);
    put_known(json, "evicted_bytes", is_told, after->evicted_bytes);
    put_known(json, "recently_evicted_bytes", is_told, after->recently_evicted_bytes);
    umm_json_put_count(json, "loaded_bytes", file->loaded_bytes);
    put_known(json, "device_bytes", file->is_device_known, file->device_bytes);
    umm_json_put_real(json, "seconds", file->seconds);
    umm_json_put_real(json, "mb_per_second", mb_per_second(file));
}

static struct umm_json *head_of(const struct umm_preload_report *report)
{
    const struct umm_preload_result *result = report->result;
    struct umm_json *json = umm_figures_begin("umm-preload");
    umm_json_put_text(json, "action", actions[report->action]);
    if (result->available_bytes)
        umm_json_put_count(json, "available_bytes", result->available_bytes);
    if (report->action != UMM_PRELOAD_EVICT)
        umm_json_put_count(json, "budget_bytes", result->budget_bytes);
    return json;
}

static struct umm_json *item_of(const struct umm_preload_result *result,
                                const struct umm_preload_file *file)
{
    struct umm_json *item = umm_json_new();
    umm_json_put_text(item, "path", file->path);
    umm_json_put_bool(item, "failed", file->is_failed);
    if (file->is_repeated)
        umm_json_put_text(item, "same_as", result->files[file->first].path);
    if (file->is_failed)
        return item;
    umm_json_put_text(item, "plan", file->plan ? plans[file->plan] : NULL);
    umm_json_put_bool(item, "in_memory", file->after.is_by_nature);
    put_file(item, file);
    return item;
}

static struct umm_json *tail_of(const struct umm_preload_result *result)
{
    struct umm_json *json = umm_json_new();
    put_file(umm_json_put_object(json, "total"), &result->total);
    umm_json_put_count(json, "failed", result->n_failed);
    return json;
}

enum umm_status umm_preload_report_json(struct umm_preload_report *report, char **text,
                                        size_t *len_bytes, struct umm_error *err)
{
    const struct umm_preload_result *result = report->result;
    const size_t i = report->n_taken;
    *text = NULL;
    *len_bytes = 0;
    if (!report->is_begun) {
        report->is_begun = true;
        return umm_json_finish_head(head_of(report), text, len_bytes, err);
    }
    if (i < result->n_files) {
        report->n_taken++;
        return umm_json_finish_item(item_of(result, &result->files[i]), "files", i == 0, text,
                                    len_bytes, err);
    }
    if (report->is_ended)
        return UMM_OK;
    report->is_ended = true;
    return umm_json_finish_tail(tail_of(result), result->n_files > 0, text, len_bytes, err);
}

/* ---- metrics -------------------------------------------------------------------- */

void umm_preload_report_metrics(const struct umm_preload_result *result, bool is_success,
                                struct umm_prometheus *page)
{
    const struct umm_preload_file *total = &result->total;
    struct umm_preload_report report;
    umm_preload_report_begin(&report, UMM_PRELOAD_LOAD, result);
    umm_prometheus_begin(page, "umm-preload", NULL, NULL);
    umm_prometheus_add(page, UMM_METRIC_PRELOAD_FILES,
                       (double)(report.n_counted + result->n_failed));
    umm_prometheus_add(page, UMM_METRIC_PRELOAD_FAILED_FILES, (double)result->n_failed);
    umm_prometheus_add(page, UMM_METRIC_PRELOAD_MMAP_FILES,
                       (double)report.n_planned[UMM_PRELOAD_PLAN_MMAP]);
    umm_prometheus_add(page, UMM_METRIC_PRELOAD_BUDGET, (double)result->budget_bytes);
    umm_prometheus_add(page, UMM_METRIC_PRELOAD_DATA, (double)umm_preload_data_bytes(total));
    if (total->after.is_known)
        umm_prometheus_add(page, UMM_METRIC_PRELOAD_RESIDENT, (double)total->after.resident_bytes);
    umm_prometheus_add(page, UMM_METRIC_PRELOAD_LOADED, (double)total->loaded_bytes);
    if (total->is_device_known)
        umm_prometheus_add(page, UMM_METRIC_PRELOAD_DEVICE, (double)total->device_bytes);
    umm_prometheus_add(page, UMM_METRIC_DURATION, total->seconds);
    if (is_success)
        umm_prometheus_success(page);
}
