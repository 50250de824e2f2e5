/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "m5/acceptance_report.h"
#include "text/size.h"
#include "text/textbuf.h"

/*
 * Text stands in HTML and lines in SVG, which is stretched: so the letters keep their
 * size on a telephone.
 */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--rule:#d8dee4;"
    "--run:#0550ae;--base:#bc4c00;--pass:#116329;--fail:#a40e26;--skip:#6e4c00;--soft:#f3f5f7}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ec;--dim:#9aa4ae;"
    "--rule:#343a42;--run:#79b8ff;--base:#ffa657;--pass:#56d364;--fail:#ff8a80;--skip:#e3b341;"
    "--soft:#1e2329}}\n"
    "body{background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif;"
    "max-width:64rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.05rem;margin:2rem 0 .5rem}\n"
    "p,small{color:var(--dim);margin:.25rem 0}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th{text-align:left;font-weight:600;color:var(--dim)}\n"
    "th,td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--rule);"
    "vertical-align:top}\n"
    "td small{display:block;font-weight:400}\n"
    ".PASS{color:var(--pass)}.FAIL{color:var(--fail)}.SKIP,.INCONCLUSIVE{"
    "color:var(--skip)}\n"
    ".PASS,.FAIL,.SKIP,.INCONCLUSIVE{font-weight:700}\n"
    ".run{color:var(--run)}.base{color:var(--base)}.keys span{margin-right:1.25rem}\n"
    ".keys span::before{content:'';display:inline-block;width:1.2em;height:.25em;"
    "margin-right:.4em;vertical-align:middle;background:currentColor}\n"
    ".plot{display:grid;grid-template-columns:auto 1fr;gap:.25rem .5rem;color:var(--dim)}\n"
    ".plot svg{width:100%;height:14rem;background:var(--soft)}\n"
    ".y,.x{display:flex;justify-content:space-between;font-size:.85rem}\n"
    ".y{flex-direction:column;text-align:right}.x{grid-column:2}\n"
    "polyline,line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}\n"
    "polyline.run{stroke:var(--run)}polyline.base{stroke:var(--base)}\n"
    "line{stroke:var(--rule);stroke-width:1}\n"
    ".bars{display:grid;grid-template-columns:max-content 1fr max-content;gap:.15rem .75rem;"
    "align-items:center;font-variant-numeric:tabular-nums}\n"
    ".bars b{grid-column:1;font-weight:400}.bars i{display:block;height:.7rem;min-width:2px;"
    "background:currentColor}\n"
    ".bars div{grid-column:2}\n"
    "@media(max-width:40rem){thead{display:none}tr{display:block;padding:.5rem 0;"
    "border-bottom:1px solid var(--rule)}td{display:block;border:0;padding:0}"
    "td:first-child{float:right}"
    "td[data-is]::before{content:attr(data-is);color:var(--dim);display:inline-block;"
    "min-width:6em}td:empty{display:none}.name{font-weight:600}}\n";

static bool is_known(uint64_t figure)
{
    return figure != UMM_FIGURE_UNKNOWN;
}

/* ---- the table -------------------------------------------------------------------- */

static void add_cell(struct umm_textbuf *out, const char *what, const char *text)
{
    umm_textbuf_add(out, "<td data-is=\"%s\">", what);
    umm_textbuf_add_markup(out, text);
    umm_textbuf_add(out, "</td>");
}

static void add_table(struct umm_textbuf *out, const struct umm_acceptance_report *report)
{
    umm_textbuf_add(out,
                    "<table><thead><tr><th>Verdict<th>Line<th>This run<th>Limit%s</tr></thead>"
                    "<tbody>\n",
                    report->baseline ? "<th>Baseline" : "");
    for (size_t i = 0; i < report->acceptance->n_lines; i++) {
        const struct umm_acceptance_line *line = &report->acceptance->lines[i];
        const struct umm_acceptance_line *old =
            umm_acceptance_find(report->baseline_acceptance, line->key);
        const char *word = umm_acceptance_word(line->verdict);
        umm_textbuf_add(out, "<tr><td class=\"%s\">%s</td><td class=\"name\">", word, word);
        umm_textbuf_add_markup(out, line->name);
        if (line->note[0]) {
            umm_textbuf_add(out, "<small>");
            umm_textbuf_add_markup(out, line->note);
            umm_textbuf_add(out, "</small>");
        }
        umm_textbuf_add(out, "</td>");
        add_cell(out, "This run", line->figure_text);
        add_cell(out, "Limit", line->limit_text);
        if (report->baseline)
            add_cell(out, "Baseline", old ? old->figure_text : "-");
        umm_textbuf_add(out, "</tr>\n");
    }
    umm_textbuf_add(out, "</tbody></table>\n");
}

/* ---- memory over time ------------------------------------------------------------- */

enum { PLOT_WIDTH = 1000, PLOT_HEIGHT = 250 };

static double most_bytes(const struct umm_record *record, double most)
{
    for (size_t i = 0; record && i < record->n_samples; i++)
        most = fmax(most, (double)record->samples[i].bytes);
    return most;
}

/* Each run over the whole width, however long it took. */
static void add_line(struct umm_textbuf *out, const struct umm_record *record, const char *name,
                     double most)
{
    if (!record || record->n_samples < 2)
        return;
    double end = fmax(1, (double)record->samples[record->n_samples - 1].at_ms);
    umm_textbuf_add(out, "<polyline class=\"%s\" points=\"", name);
    for (size_t i = 0; i < record->n_samples; i++)
        umm_textbuf_add(out, "%.1f,%.1f ", (double)record->samples[i].at_ms / end * PLOT_WIDTH,
                        PLOT_HEIGHT - (double)record->samples[i].bytes / most * PLOT_HEIGHT);
    umm_textbuf_add(out, "\"/>\n");
}

static void add_keys(struct umm_textbuf *out, const struct umm_acceptance_report *report)
{
    umm_textbuf_add(out, "<p class=\"keys\"><span class=\"run\">this run, %.1f s</span>",
                    (double)report->record->duration_ms / 1e3);
    if (report->baseline)
        umm_textbuf_add(out, "<span class=\"base\">baseline, %.1f s</span>",
                        (double)report->baseline->duration_ms / 1e3);
    umm_textbuf_add(out, "</p>\n");
}

static void add_plot(struct umm_textbuf *out, const struct umm_acceptance_report *report)
{
    const double headroom = 1.1;
    char top[UMM_SIZE_TEXT_MAX], middle[UMM_SIZE_TEXT_MAX];
    double most = most_bytes(report->baseline, most_bytes(report->record, 1)) * headroom;
    umm_textbuf_add(out, "<h2>Anonymous memory</h2>\n");
    add_keys(out, report);
    umm_textbuf_add(out,
                    "<div class=\"plot\"><div class=\"y\"><span>%s</span><span>%s</span><span>0"
                    "</span></div>\n<svg role=\"img\" aria-label=\"Anonymous memory over time\" "
                    "viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n"
                    "<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n",
                    umm_size_format(top, most), umm_size_format(middle, most / 2), PLOT_WIDTH,
                    PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT / 2, PLOT_HEIGHT / 2);
    add_line(out, report->baseline, "base", most);
    add_line(out, report->record, "run", most);
    umm_textbuf_add(out, "</svg>\n<div class=\"x\"><span>start</span><span>half</span>"
                         "<span>end</span></div></div>\n");
}

/* ---- bars ------------------------------------------------------------------------- */

/* A figure of both runs; NAN for none. */
struct bar {
    const char *name;
    double run, base;
};

static void add_bar(struct umm_textbuf *out, const char *name, const char *class, double value,
                    double most, const char *unit)
{
    if (isnan(value))
        return;
    umm_textbuf_add(out,
                    "<b>%s</b><div class=\"%s\"><i style=\"width:%.2f%%\"></i></div>"
                    "<span>%.*f%s</span>\n",
                    name, class, most > 0 ? value / most * 100 : 0, value < 10 ? 3 : 0, value,
                    unit);
}

static void add_bars(struct umm_textbuf *out, const struct bar *bars, size_t n, const char *unit)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fmax(bars[i].run, bars[i].base)); /* fmax passes NAN over */
    umm_textbuf_add(out, "<div class=\"bars\">\n");
    for (size_t i = 0; i < n; i++) {
        add_bar(out, bars[i].name, "run", bars[i].run, most, unit);
        add_bar(out, isnan(bars[i].run) ? bars[i].name : "", "base", bars[i].base, most, unit);
    }
    umm_textbuf_add(out, "</div>\n");
}

static double number(uint64_t figure)
{
    return is_known(figure) ? (double)figure : NAN;
}

static double per_signal(const struct umm_record *record, uint64_t figure)
{
    return number(figure) / (double)record->signals_wanted;
}

static void add_allocations(struct umm_textbuf *out, const struct umm_acceptance_report *report)
{
    const struct umm_record *run = report->record, *base = report->baseline;
    const struct bar calls[] = {{"with the pool", per_signal(run, run->allocs),
                                 base ? per_signal(base, base->allocs) : NAN},
                                {"without", per_signal(run, run->unpooled_allocs),
                                 base ? per_signal(base, base->unpooled_allocs) : NAN}};
    umm_textbuf_add(out, "<h2>Calls of malloc per signal, over the whole run</h2>\n");
    add_bars(out, calls, run->is_command ? 1 : 2, "");
}

#define STEP(name)                                                                                 \
    {                                                                                              \
#name, number(run->workload.name##_p50_ns),                                                \
            base ? number(base->workload.name##_p50_ns) : NAN                                      \
    }

static void add_steps(struct umm_textbuf *out, const struct umm_acceptance_report *report)
{
    const struct umm_record *run = report->record, *base = report->baseline;
    const struct bar steps[] = {STEP(arrival), STEP(append), STEP(features),
                                STEP(lookups), STEP(store),  STEP(archive)};
    if (run->is_command)
        return;
    umm_textbuf_add(out, "<h2>Median time of each step, of the last signals</h2>\n");
    add_bars(out, steps, sizeof steps / sizeof *steps, " ns");
}

/* ---- the page --------------------------------------------------------------------- */

enum umm_status umm_acceptance_report_page(const struct umm_acceptance_report *report, char **text,
                                           size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    const char *verdict = umm_acceptance_word(umm_acceptance_verdict(report->acceptance));
    umm_textbuf_add(&out,
                    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                    "\n<title>umm-m5: %s</title>\n<style>\n%s</style></head><body>\n",
                    verdict, style);
    umm_textbuf_add(&out, "<h1><span class=\"%s\">%s</span> ", verdict, verdict);
    umm_textbuf_add_markup(&out, report->title);
    umm_textbuf_add(&out, "</h1>\n<p>%" PRIu64 " signals in %.1f s; umm %s</p>\n",
                    report->record->signals_wanted, (double)report->record->duration_ms / 1e3,
                    umm_version());
    add_table(&out, report);
    add_plot(&out, report);
    add_allocations(&out, report);
    add_steps(&out, report);
    umm_textbuf_add(&out, "</body></html>\n");
    return umm_textbuf_take(&out, text, len_bytes, err);
}
