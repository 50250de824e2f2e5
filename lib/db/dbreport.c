/* SPDX-License-Identifier: MIT */
#include "db/dbreport.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "text/textbuf.h"

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_dbjob_result, member, metric)

static const struct umm_figure of_result[] = {
    FIGURE("rows_read", n_read, UMM_METRIC_ROWS_TAKEN),
    FIGURE("rows_written", n_written, UMM_METRIC_ROWS_WRITTEN),
    FIGURE("rows_same", n_same, UMM_METRIC_NONE),
    FIGURE("rows_revised", n_revised, UMM_METRIC_NONE),
    FIGURE("rows_not_compared", n_passed, UMM_METRIC_NONE),
    FIGURE("rows_rejected", n_rejected, UMM_METRIC_ROWS_REJECTED),
    FIGURE("changed", is_changed, UMM_METRIC_NONE),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

#undef FIGURE
#define FIGURE(key, member) UMM_FIGURE(key, struct umm_dbjob_verdict, member, UMM_METRIC_NONE)

static const struct umm_figure of_verdict[] = {FIGURE("rows_differ", n_differ),
                                               FIGURE("rows_missing", n_missing),
                                               FIGURE("rows_extra", n_extra), UMM_FIGURES_END};

/* "bars of bars.db", with the series if there is one. */
static void name_table(const struct umm_dbjob_options *options, const char *place, char *line)
{
    char table[4 * UMM_EXCERPT_MAX], shown[UMM_DBREPORT_LINE_MAX / 2];
    umm_line_add(line, UMM_DBREPORT_LINE_MAX, "%s: %s",
                 umm_escape(shown, sizeof shown, place, strlen(place)),
                 umm_escape(table, sizeof table, options->table, strlen(options->table)));
    if (options->series.symbol) {
        const char *symbol = options->series.symbol, *timeframe = options->series.timeframe;
        umm_line_add(line, UMM_DBREPORT_LINE_MAX, " %s %s",
                     umm_escape(table, sizeof table, symbol, strlen(symbol)),
                     umm_escape(shown, UMM_EXCERPT_MAX, timeframe, strlen(timeframe)));
    }
}

void umm_dbreport_line(const struct umm_dbjob_options *options,
                       const struct umm_dbjob_result *result, bool is_pull,
                       char line[UMM_DBREPORT_LINE_MAX])
{
    char last[UMM_TIME_ISO_MAX];
    line[0] = '\0';
    name_table(options, result->place, line);
    umm_line_add(line, UMM_DBREPORT_LINE_MAX,
                 ": %" PRIu64 " row%s read, %" PRIu64 " new%s; %" PRIu64 " were there",
                 result->n_read, umm_line_plural(result->n_read), result->n_written,
                 result->is_made ? " in a new table" : "", result->n_same);
    if (result->n_passed)
        umm_line_add(line, UMM_DBREPORT_LINE_MAX, ", %" PRIu64 " older ones were not compared",
                     result->n_passed);
    if (result->n_revised)
        umm_line_add(line, UMM_DBREPORT_LINE_MAX, ", %" PRIu64 " differ%s", result->n_revised,
                     !is_pull && options->revision == UMM_DB_REVISION_REPLACE
                         ? "ed and were replaced"
                         : " and were kept");
    if (result->n_rejected)
        umm_line_add(line, UMM_DBREPORT_LINE_MAX, ", %" PRIu64 " rejected", result->n_rejected);
    if (result->has_last) {
        umm_time_format_iso(result->last, last);
        umm_line_add(line, UMM_DBREPORT_LINE_MAX, "; last %s", last);
    }
    umm_line_add(line, UMM_DBREPORT_LINE_MAX, "; %.3f s", result->seconds);
}

static void put_series(struct umm_json *json, const char *symbol, const char *timeframe)
{
    if (!symbol)
        return;
    umm_json_put_text(json, "symbol", symbol);
    umm_json_put_text(json, "timeframe", timeframe);
}

enum umm_status umm_dbreport_json(const struct umm_dbjob_options *options,
                                  const struct umm_dbjob_result *result,
                                  const struct umm_dbjob_verdict *verdict, bool is_line,
                                  char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-db");
    char last[UMM_TIME_ISO_MAX];
    umm_json_put_text(json, "place", result->place);
    umm_json_put_text(json, "kind", result->kind);
    umm_json_put_text(json, "table", options->table);
    put_series(json, options->series.symbol, options->series.timeframe);
    umm_figures_put(json, of_result, result);
    if (result->has_last)
        umm_time_format_iso(result->last, last);
    umm_json_put_text(json, "last_time", result->has_last ? last : NULL);
    if (verdict) {
        umm_figures_put(json, of_verdict, verdict);
        umm_json_put_text(json, "verdict", umm_dbreport_is_pass(verdict) ? "PASS" : "FAIL");
    }
    return umm_json_finish(json, is_line, text, len_bytes, err);
}

void umm_dbreport_metrics(const char *command, const struct umm_dbjob_result *result, bool is_good,
                          struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-db", command, NULL);
    umm_figures_add(page, of_result, result);
    if (result->has_last)
        umm_prometheus_add(page, UMM_METRIC_LAST_ROW_TIME,
                           (double)result->last.sec + 1e-9 * result->last.nsec);
    if (is_good)
        umm_prometheus_success(page);
}

/* ---- verdicts ------------------------------------------------------------------------------ */

bool umm_dbreport_is_pass(const struct umm_dbjob_verdict *verdict)
{
    return verdict->n_differ + verdict->n_missing + verdict->n_extra == 0;
}

void umm_dbreport_verdict(const struct umm_dbjob_options *options,
                          const struct umm_dbjob_result *result,
                          const struct umm_dbjob_verdict *verdict, char line[UMM_DBREPORT_LINE_MAX])
{
    char time[UMM_TIME_ISO_MAX], column[UMM_EXCERPT_MAX];
    const char *name = verdict->first_column;
    line[0] = '\0';
    name_table(options, result->place, line);
    if (umm_dbreport_is_pass(verdict)) {
        umm_line_add(line, UMM_DBREPORT_LINE_MAX, ": PASS: %" PRIu64 " row%s the same",
                     verdict->n_same, umm_line_plural(verdict->n_same));
        return;
    }
    umm_line_add(line, UMM_DBREPORT_LINE_MAX,
                 ": FAIL: %" PRIu64 " row%s the same, %" PRIu64 " differ, %" PRIu64
                 " missing, %" PRIu64 " extra",
                 verdict->n_same, umm_line_plural(verdict->n_same), verdict->n_differ,
                 verdict->n_missing, verdict->n_extra);
    umm_time_format_iso(verdict->first, time);
    umm_line_add(line, UMM_DBREPORT_LINE_MAX, "; first: %s %s%s%s", time, verdict->first_word,
                 name[0] ? " in " : "", umm_escape(column, sizeof column, name, strlen(name)));
}

/* ---- what there is ------------------------------------------------------------------------- */

enum umm_status umm_dbreport_entry(const struct umm_dbjob_options *options,
                                   const struct umm_dbjob_entry *entry, bool is_json, char **text,
                                   struct umm_error *err)
{
    char first[UMM_TIME_ISO_MAX], last[UMM_TIME_ISO_MAX], symbol[4 * UMM_EXCERPT_MAX],
        timeframe[UMM_EXCERPT_MAX];
    size_t len;
    umm_time_format_iso(entry->first, first);
    umm_time_format_iso(entry->last, last);
    if (is_json) {
        struct umm_json *json = umm_json_new();
        umm_json_put_text(json, "table", options->table);
        put_series(json, entry->symbol, entry->timeframe);
        umm_json_put_count(json, "rows", entry->n_rows);
        umm_json_put_text(json, "first_time", first);
        umm_json_put_text(json, "last_time", last);
        return umm_json_finish(json, true, text, &len, err);
    }
    struct umm_textbuf buf = {.text = NULL};
    if (entry->symbol)
        umm_textbuf_add(
            &buf,
            "%s %s: ", umm_escape(symbol, sizeof symbol, entry->symbol, strlen(entry->symbol)),
            umm_escape(timeframe, sizeof timeframe, entry->timeframe, strlen(entry->timeframe)));
    umm_textbuf_add(&buf, "%" PRIu64 " row%s, %s to %s\n", entry->n_rows,
                    umm_line_plural(entry->n_rows), first, last);
    return umm_textbuf_take(&buf, text, &len, err);
}
