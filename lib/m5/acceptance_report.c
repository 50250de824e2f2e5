/* SPDX-License-Identifier: MIT */
#include "m5/acceptance_report.h"

#include <math.h>
#include <string.h>

#include "format/figures.h"
#include "text/textbuf.h"

const struct umm_acceptance_line *umm_acceptance_find(const struct umm_acceptance *acceptance,
                                                      const char *key)
{
    for (size_t i = 0; acceptance && i < acceptance->n_lines; i++)
        if (strcmp(acceptance->lines[i].key, key) == 0)
            return &acceptance->lines[i];
    return NULL;
}

/* ---- for people ------------------------------------------------------------------- */

static void add_text_line(struct umm_textbuf *out, const struct umm_acceptance_report *report,
                          const struct umm_acceptance_line *line)
{
    const struct umm_acceptance_line *old =
        umm_acceptance_find(report->baseline_acceptance, line->key);
    umm_textbuf_add(out, "%s  %-17s %-20s %-24s", umm_acceptance_word(line->verdict), line->name,
                    line->figure_text, line->limit_text);
    if (report->baseline)
        umm_textbuf_add(out, " %-20s", old ? old->figure_text : "");
    if (line->note[0])
        umm_textbuf_add(out, " (%s)", line->note);
    while (out->len_bytes && out->text[out->len_bytes - 1] == ' ')
        out->len_bytes--;
    umm_textbuf_add(out, "\n");
}

enum umm_status umm_acceptance_report_text(const struct umm_acceptance_report *report, char **text,
                                           size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    const struct umm_acceptance *acceptance = report->acceptance;
    size_t n[UMM_ACCEPTANCE_VERDICTS] = {0};
    umm_textbuf_add(&out, "      %-17s %-20s %s\n", "line", "figure",
                    report->baseline ? "limit                    baseline" : "limit");
    for (size_t i = 0; i < acceptance->n_lines; i++) {
        add_text_line(&out, report, &acceptance->lines[i]);
        n[acceptance->lines[i].verdict]++;
    }
    umm_textbuf_add(&out, "%s: %zu passed, %zu failed, %zu skipped",
                    umm_acceptance_word(umm_acceptance_verdict(acceptance)), n[UMM_ACCEPTANCE_PASS],
                    n[UMM_ACCEPTANCE_FAIL], n[UMM_ACCEPTANCE_SKIP]);
    if (n[UMM_ACCEPTANCE_INCONCLUSIVE])
        umm_textbuf_add(&out, ", %zu inconclusive", n[UMM_ACCEPTANCE_INCONCLUSIVE]);
    umm_textbuf_add(&out, "\n");
    return umm_textbuf_take(&out, text, len_bytes, err);
}

/* ---- for programs ----------------------------------------------------------------- */

static void put_record(struct umm_json *root, const char *name, const struct umm_record *record)
{
    struct umm_json *object = umm_json_put_object(root, name);
    umm_figures_put(object, umm_record_table, record);
    umm_figures_put(object, umm_workload_table, &record->workload);
    umm_json_put_array(object, "samples_ms");
    umm_json_put_array(object, "samples_bytes");
    for (size_t i = 0; i < record->n_samples; i++) {
        umm_json_add_integer(object, "samples_ms", (int64_t)record->samples[i].at_ms);
        umm_json_add_integer(object, "samples_bytes", (int64_t)record->samples[i].bytes);
    }
}

enum umm_status umm_acceptance_report_json(const struct umm_acceptance_report *report, char **text,
                                           size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *root = umm_json_new();
    const struct umm_acceptance *acceptance = report->acceptance;
    umm_json_put_text(root, "title", report->title);
    umm_json_put_text(root, "verdict", umm_acceptance_word(umm_acceptance_verdict(acceptance)));
    umm_json_put_array(root, "lines");
    for (size_t i = 0; i < acceptance->n_lines; i++) {
        const struct umm_acceptance_line *line = &acceptance->lines[i];
        const struct umm_acceptance_line *old =
            umm_acceptance_find(report->baseline_acceptance, line->key);
        struct umm_json *object = umm_json_add_object(root, "lines");
        umm_json_put_text(object, "line", line->key);
        umm_json_put_text(object, "verdict", umm_acceptance_word(line->verdict));
        umm_json_put_real(object, "figure", line->value);
        umm_json_put_real(object, "limit", line->limit);
        if (old)
            umm_json_put_real(object, "baseline", old->value);
        if (line->note[0])
            umm_json_put_text(object, "note", line->note);
    }
    put_record(root, "run", report->record);
    if (report->baseline)
        put_record(root, "baseline", report->baseline);
    return umm_json_finish(root, false, text, len_bytes, err);
}

void umm_acceptance_report_metrics(const struct umm_acceptance_report *report,
                                   struct umm_prometheus *page)
{
    const struct umm_acceptance *acceptance = report->acceptance;
    const struct umm_record *record = report->record;
    umm_prometheus_begin(page, "umm-m5", "check", NULL);
    for (size_t i = 0; i < acceptance->n_lines; i++) {
        const struct umm_acceptance_line *line = &acceptance->lines[i];
        const char *const labels[] = {"line", line->key, NULL};
        double passed = line->verdict == UMM_ACCEPTANCE_PASS   ? 1
                        : line->verdict == UMM_ACCEPTANCE_FAIL ? 0
                                                               : NAN;
        umm_prometheus_add_labelled(page, UMM_METRIC_M5_PASSED, labels, passed);
        umm_prometheus_add_labelled(page, UMM_METRIC_M5_FIGURE, labels, line->value);
    }
    umm_prometheus_add(page, UMM_METRIC_DURATION, (double)record->duration_ms / 1e3);
    if (record->peak_rss_bytes != UMM_FIGURE_UNKNOWN)
        umm_prometheus_add(page, UMM_METRIC_RUN_PEAK_RSS, (double)record->peak_rss_bytes);
    if (umm_acceptance_verdict(acceptance) == UMM_ACCEPTANCE_PASS)
        umm_prometheus_success(page);
}
