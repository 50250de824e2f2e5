/* SPDX-License-Identifier: MIT */
#include "format/prometheus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "base/utf8.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "text/textbuf.h"

/* ---- labels ----------------------------------------------------------------- */

/*
 * A label's value, with the three characters that the format escapes, and U+FFFD for
 * each byte that is not UTF-8, which would have the collector drop the file; malloc'ed.
 * The format lets other control characters through: their bytes become \x1b and so on,
 * with the backslash escaped, as a terminal that shows the file would obey them.
 */
static char *quoted(const char *value)
{
    static const char mark[] = "\xef\xbf\xbd";
    size_t len = strlen(value);
    char *out = malloc(5 * len + 1), *at = out;
    for (size_t i = 0; out && i < len;) {
        uint32_t point;
        size_t n = umm_utf8_decode(value + i, len - i, &point);
        if (value[i] == '\\' || value[i] == '"' || value[i] == '\n') {
            *at++ = '\\';
            *at++ = value[i] == '\n' ? 'n' : value[i];
        } else if (n && (point < 0x20 || (point >= 0x7F && point <= 0x9F))) {
            for (size_t j = 0; j < n; j++)
                at += snprintf(at, 6, "\\\\x%02x", (unsigned)(unsigned char)value[i + j]);
        } else {
            memcpy(at, n ? value + i : mark, n ? n : 3);
            at += n ? n : 3;
        }
        i += n ? n : 1;
    }
    if (out)
        *at = '\0';
    return out;
}

/* "tool="umm-x",output="/data/a.npy"", malloc'ed. */
static char *page_labels(const char *tool, const char *command, const char *output)
{
    struct umm_textbuf out = {0};
    char *value = quoted(output), *text = NULL;
    size_t len;
    out.is_failed = !value;
    if (value) {
        umm_textbuf_add(&out, "tool=\"%s\"", tool);
        if (command)
            umm_textbuf_add(&out, ",command=\"%s\"", command);
        umm_textbuf_add(&out, ",output=\"%s\"", value);
    }
    free(value);
    return umm_textbuf_take(&out, &text, &len, NULL) == UMM_OK ? text : NULL;
}

/* before, and those of the list; malloc'ed. */
static char *more_labels(const char *before, const char *const *labels)
{
    struct umm_textbuf out = {0};
    char *text = NULL;
    size_t len;
    umm_textbuf_add(&out, "%s", before);
    for (; *labels; labels += 2) {
        char *value = quoted(labels[1]);
        if (value)
            umm_textbuf_add(&out, ",%s=\"%s\"", labels[0], value);
        out.is_failed |= !value;
        free(value);
    }
    return umm_textbuf_take(&out, &text, &len, NULL) == UMM_OK ? text : NULL;
}

/* An entry of a pool, and standard output, have no place among files. */
static char *place_of(const char *path)
{
    static const char pool[] = "pool:";
    bool is_file = strcmp(path, "-") != 0 && strncmp(path, pool, sizeof pool - 1) != 0;
    return is_file ? umm_file_absolute(path) : strdup(path);
}

void umm_prometheus_begin(struct umm_prometheus *page, const char *tool, const char *command,
                          const char *output)
{
    static const char *const version[] = {"version", UMM_VERSION, NULL};
    bool is_own = output && strcmp(output, "-") != 0;
    char *place = place_of(is_own ? output : page->file);
    free(page->labels);
    page->labels = place ? page_labels(tool, command, place) : NULL;
    page->is_failed |= !page->labels;
    free(place);
    umm_prometheus_add_labelled(page, UMM_METRIC_BUILD_INFO, version, 1);
}

/* ---- series ----------------------------------------------------------------- */

void umm_prometheus_add_labelled(struct umm_prometheus *page, enum umm_metric metric,
                                 const char *const *labels, double value)
{
    char *text = page->is_failed ? NULL : more_labels(page->labels, labels);
    struct umm_prometheus_series *series =
        umm_list_room(page->series, page->n_series, sizeof *series);
    if (series)
        page->series = series;
    if (!text || !series) {
        page->is_failed = true;
        free(text);
        return;
    }
    series[page->n_series++] =
        (struct umm_prometheus_series){.metric = metric, .labels = text, .value = value};
    series[page->n_series - 1].number = page->n_series;
}

void umm_prometheus_add(struct umm_prometheus *page, enum umm_metric metric, double value)
{
    static const char *const none[] = {NULL};
    umm_prometheus_add_labelled(page, metric, none, value);
}

void umm_prometheus_success(struct umm_prometheus *page)
{
    umm_prometheus_add(page, UMM_METRIC_LAST_SUCCESS, (double)umm_clock_realtime_ns() / 1e9);
}

void umm_prometheus_outputs(struct umm_prometheus *page, const char *tool, const char *directory,
                            uint64_t n, uint64_t n_failed)
{
    char *place = place_of(directory);
    const char *const labels[] = {"directory", place, NULL};
    umm_prometheus_begin(page, tool, NULL, NULL);
    page->is_failed |= !place;
    if (!page->is_failed) {
        umm_prometheus_add_labelled(page, UMM_METRIC_OUTPUTS, labels, (double)n);
        umm_prometheus_add_labelled(page, UMM_METRIC_FAILED_OUTPUTS, labels, (double)n_failed);
    }
    if (n_failed == 0)
        umm_prometheus_success(page);
    free(place);
}

/* ---- the text --------------------------------------------------------------- */

static void print_series(struct umm_textbuf *out, const struct umm_prometheus_series *series)
{
    umm_textbuf_add(out, "%s{%s} ", umm_metric_name(series->metric), series->labels);
    if (isfinite(series->value))
        umm_textbuf_add(out, "%.17g\n", series->value);
    else
        umm_textbuf_add(out, "%s\n",
                        isnan(series->value) ? "NaN"
                        : series->value > 0  ? "+Inf"
                                             : "-Inf");
}

/* By metric, then by labels; of what was added twice, the first comes first. */
static int compare(const void *a, const void *b)
{
    const struct umm_prometheus_series *x = a, *y = b;
    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    int order = strcmp(x->labels, y->labels);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void print_all(struct umm_textbuf *out, struct umm_prometheus *page)
{
    const struct umm_prometheus_series *before = NULL;
    if (page->n_series)
        qsort(page->series, page->n_series, sizeof *page->series, compare);
    for (size_t i = 0; i < page->n_series; i++) {
        const struct umm_prometheus_series *now = &page->series[i];
        const char *name = umm_metric_name(now->metric);
        bool is_head = !before || before->metric != now->metric;
        if (is_head)
            umm_textbuf_add(out, "# HELP %s %s\n# TYPE %s gauge\n", name,
                            umm_metric_help(now->metric), name);
        if (is_head || strcmp(before->labels, now->labels) != 0)
            print_series(out, now);
        before = now;
    }
}

void umm_prometheus_free(struct umm_prometheus *page)
{
    for (size_t i = 0; i < page->n_series; i++)
        free(page->series[i].labels);
    free(page->series);
    free(page->labels);
    *page = (struct umm_prometheus){.file = page->file};
}

enum umm_status umm_prometheus_take(struct umm_prometheus *page, char **text, size_t *len_bytes,
                                    struct umm_error *err)
{
    struct umm_textbuf out = {.is_failed = page->is_failed};
    if (!out.is_failed)
        print_all(&out, page);
    umm_prometheus_free(page);
    return umm_textbuf_take(&out, text, len_bytes, err);
}
