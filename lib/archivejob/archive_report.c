/* SPDX-License-Identifier: MIT */
#include "archivejob/archive_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"

static double ratio(uint64_t content, uint64_t packed)
{
    return packed ? (double)content / (double)packed : 0;
}

/* Of what frames hold, to the file; empty when they hold nothing. */
static const char *ratio_text(const char *before, uint64_t framed, uint64_t packed, char out[32])
{
    out[0] = '\0';
    if (framed)
        snprintf(out, 32, "%sratio %.2f", before, ratio(framed, packed));
    return out;
}

/* ---- figures ---------------------------------------------------------------------- */

#define FIGURE(key, member, metric)                                                                \
    UMM_FIGURE(key, struct umm_archive_append_result, member, metric)

static const struct umm_figure of_append[] = {
    FIGURE("rows", n_rows, UMM_METRIC_ROWS),
    FIGURE("rows_written", n_appended, UMM_METRIC_ROWS_WRITTEN),
    FIGURE("rows_same", n_same, UMM_METRIC_NONE),
    FIGURE("rows_revised", n_revised, UMM_METRIC_NONE),
    FIGURE("rows_rejected", n_rejected, UMM_METRIC_ROWS_REJECTED),
    FIGURE("rows_passed_over", n_passed_over, UMM_METRIC_NONE),
    FIGURE("held_back_bytes", n_held_bytes, UMM_METRIC_NONE),
    FIGURE("rows_in_journal", n_in_journal, UMM_METRIC_JOURNAL_ROWS),
    FIGURE("bytes", size_bytes, UMM_METRIC_OUTPUT_BYTES),
    FIGURE("content_bytes", content_bytes, UMM_METRIC_CONTENT_BYTES),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

#undef FIGURE
#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_archive_stat, member, metric)

static const struct umm_figure of_archive[] = {
    FIGURE("rows", n_rows, UMM_METRIC_ROWS),
    FIGURE("row_bytes", row_bytes, UMM_METRIC_NONE),
    FIGURE("frames", n_frames, UMM_METRIC_NONE),
    FIGURE("rows_per_frame", rows_per_frame, UMM_METRIC_NONE),
    FIGURE("rows_in_journal", n_in_journal, UMM_METRIC_JOURNAL_ROWS),
    FIGURE("bytes", size_bytes, UMM_METRIC_OUTPUT_BYTES),
    FIGURE("journal_bytes", journal_bytes, UMM_METRIC_NONE),
    FIGURE("content_bytes", content_bytes, UMM_METRIC_CONTENT_BYTES),
    UMM_FIGURES_END};

/* ---- appends ---------------------------------------------------------------------- */

void umm_archive_report_append_line(const char *path,
                                    const struct umm_archive_append_result *result,
                                    char line[UMM_ARCHIVE_LINE_MAX])
{
    char shown[UMM_ARCHIVE_LINE_MAX / 2], packed[32];
    umm_escape(shown, sizeof shown, path, strlen(path));
    snprintf(line, UMM_ARCHIVE_LINE_MAX,
             "%s: %" PRIu64 " rows, %" PRIu64 " of them new; %" PRIu64 " were there, %" PRIu64
             " in the journal%s; %.3f s",
             shown, result->n_rows, result->n_appended, result->n_same, result->n_in_journal,
             ratio_text("; ", result->framed_bytes, result->size_bytes, packed), result->seconds);
    if (result->n_rejected + result->n_revised)
        umm_line_add(line, UMM_ARCHIVE_LINE_MAX, "; %" PRIu64 " rejected, %" PRIu64 " differ",
                     result->n_rejected, result->n_revised);
    if (result->n_passed_over)
        umm_line_add(line, UMM_ARCHIVE_LINE_MAX, "; %" PRIu64 " passed over",
                     result->n_passed_over);
    if (result->n_held_bytes)
        umm_line_add(line, UMM_ARCHIVE_LINE_MAX, "; %" PRIu64 " bytes of a cut line held back",
                     result->n_held_bytes);
}

enum umm_status umm_archive_report_append_json(const char *path,
                                               const struct umm_archive_append_result *result,
                                               char **text, size_t *len_bytes,
                                               struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-archive");
    umm_json_put_text(json, "archive", path);
    umm_figures_put(json, of_append, result);
    return umm_json_finish(json, false, text, len_bytes, err);
}

void umm_archive_report_append_metrics(const char *path,
                                       const struct umm_archive_append_result *result,
                                       struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-archive", "append", path);
    umm_figures_add(page, of_append, result);
    umm_prometheus_success(page);
}

/* ---- what there is ---------------------------------------------------------------- */

bool umm_archive_report_line(const char *path, const struct umm_archive_stat *stat, size_t index,
                             char line[UMM_ARCHIVE_LINE_MAX])
{
    char shown[UMM_ARCHIVE_LINE_MAX / 2], first[UMM_TIME_ISO_MAX], last[UMM_TIME_ISO_MAX],
        packed[32];
    switch (index) {
    case 0:
        umm_escape(shown, sizeof shown, path, strlen(path));
        snprintf(line, UMM_ARCHIVE_LINE_MAX,
                 "%s: %" PRIu64 " rows of %" PRIu64 " bytes; %" PRIu64 " frames of %" PRIu64
                 " rows, %" PRIu64 " rows in the journal",
                 shown, stat->n_rows, stat->row_bytes, stat->n_frames, stat->rows_per_frame,
                 stat->n_in_journal);
        return true;
    case 1:
        snprintf(line, UMM_ARCHIVE_LINE_MAX, "size: %" PRIu64 " bytes, %" PRIu64 " unpacked%s%s",
                 stat->size_bytes, stat->content_bytes,
                 ratio_text(", ", stat->framed_bytes, stat->size_bytes, packed),
                 stat->is_table_sound ? "" : "; an append was not finished");
        return true;
    case 2:
        if (!stat->has_time)
            return false;
        umm_time_format_iso(stat->first, first);
        umm_time_format_iso(stat->last, last);
        snprintf(line, UMM_ARCHIVE_LINE_MAX, "times: %s to %s", first, last);
        return true;
    default: return false;
    }
}

enum umm_status umm_archive_report_json(const char *path, const struct umm_archive_stat *stat,
                                        char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-archive");
    char first[UMM_TIME_ISO_MAX], last[UMM_TIME_ISO_MAX];
    umm_json_put_text(json, "archive", path);
    umm_figures_put(json, of_archive, stat);
    umm_json_put_real(json, "ratio",
                      stat->framed_bytes ? ratio(stat->framed_bytes, stat->size_bytes)
                                         : (double)NAN);
    umm_json_put_bool(json, "complete", stat->is_table_sound);
    if (stat->has_time) {
        umm_time_format_iso(stat->first, first);
        umm_time_format_iso(stat->last, last);
    }
    umm_json_put_text(json, "first_time", stat->has_time ? first : NULL);
    umm_json_put_text(json, "last_time", stat->has_time ? last : NULL);
    return umm_json_finish(json, false, text, len_bytes, err);
}

void umm_archive_report_metrics(const char *command, const char *path,
                                const struct umm_archive_stat *stat, struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-archive", command, path);
    umm_figures_add(page, of_archive, stat);
    umm_prometheus_success(page);
}

void umm_archive_report_frame(const struct umm_archive_frame *frame, bool is_json,
                              char line[UMM_ARCHIVE_LINE_MAX])
{
    static const char for_people[] = "frame %" PRIu64 ": rows %" PRIu64 ":%" PRIu64 ", %" PRIu64
                                     " bytes at %" PRIu64 ", %" PRIu64 " unpacked, ratio %.2f";
    static const char as_json[] =
        "{\"frame\": %" PRIu64 ", \"first_row\": %" PRIu64 ", \"end_row\": %" PRIu64
        ", \"bytes\": %" PRIu64 ", \"offset\": %" PRIu64 ", \"content_bytes\": %" PRIu64
        ", \"ratio\": %.4f}";
    snprintf(line, UMM_ARCHIVE_LINE_MAX, is_json ? as_json : for_people, frame->index,
             frame->first_row, frame->first_row + frame->n_rows, frame->packed_bytes,
             frame->offset_bytes, frame->content_bytes,
             ratio(frame->content_bytes, frame->packed_bytes));
}
