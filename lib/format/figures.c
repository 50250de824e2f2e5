/* SPDX-License-Identifier: MIT */
#include "format/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sys/procfs.h"

struct umm_json *umm_figures_begin(const char *tool)
{
    struct umm_json *json = umm_json_new();
    umm_json_put_text(json, "tool", tool);
    umm_json_put_text(json, "version", UMM_VERSION);
    return json;
}

/* UINT64_MAX: unknown. */
static uint64_t count_at(const struct umm_figure *figure, const char *at)
{
    uint64_t wide;
    uint32_t narrow;
    if (figure->size_bytes == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

static double number_at(const struct umm_figure *figure, const char *at)
{
    double real;
    int integer;
    bool truth;
    uint64_t count;
    switch (figure->kind) {
    case UMM_FIGURE_REAL: memcpy(&real, at, sizeof real); return real;
    case UMM_FIGURE_INTEGER: memcpy(&integer, at, sizeof integer); return integer;
    case UMM_FIGURE_BOOL: memcpy(&truth, at, sizeof truth); return truth;
    case UMM_FIGURE_COUNT:
        count = count_at(figure, at);
        return count == UINT64_MAX ? (double)NAN : (double)count;
    case UMM_FIGURE_TEXT:
    default: return (double)NAN;
    }
}

static void put(struct umm_json *json, const struct umm_figure *figure, const char *at)
{
    const char *text;
    switch (figure->kind) {
    case UMM_FIGURE_TEXT:
        memcpy(&text, at, sizeof text);
        umm_json_put_text(json, figure->key, text);
        break;
    case UMM_FIGURE_COUNT: umm_json_put_count(json, figure->key, count_at(figure, at)); break;
    case UMM_FIGURE_BOOL: umm_json_put_bool(json, figure->key, number_at(figure, at) != 0); break;
    case UMM_FIGURE_INTEGER:
        umm_json_put_integer(json, figure->key, (int64_t)number_at(figure, at));
        break;
    case UMM_FIGURE_REAL:
    default: umm_json_put_real(json, figure->key, number_at(figure, at)); break;
    }
}

static bool is_end(const struct umm_figure *figure)
{
    return !figure->key && figure->metric == UMM_METRIC_NONE;
}

void umm_figures_put(struct umm_json *json, const struct umm_figure *figures, const void *result)
{
    for (; !is_end(figures); figures++)
        if (figures->key)
            put(json, figures, (const char *)result + figures->offset_bytes);
}

void umm_figures_print(struct umm_textbuf *out, const struct umm_figure *figures,
                       const void *result)
{
    for (; !is_end(figures); figures++) {
        const uint64_t count = count_at(figures, (const char *)result + figures->offset_bytes);
        if (count == UINT64_MAX)
            umm_textbuf_add(out, "%s: -\n", figures->key);
        else
            umm_textbuf_add(out, "%s: %" PRIu64 "\n", figures->key, count);
    }
}

void umm_figures_parse(const char *text, const struct umm_figure *figures, void *result)
{
    for (; !is_end(figures); figures++) {
        char key[64];
        uint64_t count;
        snprintf(key, sizeof key, "%s:", figures->key);
        if (!umm_procfs_field(text, key, &count))
            count = UINT64_MAX;
        memcpy((char *)result + figures->offset_bytes, &count, sizeof count);
    }
}

void umm_figures_add(struct umm_prometheus *page, const struct umm_figure *figures,
                     const void *result)
{
    for (; !is_end(figures); figures++) {
        double number = number_at(figures, (const char *)result + figures->offset_bytes);
        if (figures->metric != UMM_METRIC_NONE && isfinite(number))
            umm_prometheus_add(page, figures->metric, number);
    }
}
