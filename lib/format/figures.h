/* SPDX-License-Identifier: MIT */
/*
 * figures.h - the figures of a result, each said once: its key in JSON, its metric, and the
 * member of the result's struct that holds it.
 *
 * A table of figures ends with UMM_FIGURES_END. Which kind of value a member is, the compiler
 * tells. Unknown are a count of UINT64_MAX, a real that is not finite and a text of NULL: they
 * are null in JSON and no series in Prometheus.
 */
#ifndef UMM_FORMAT_FIGURES_H
#define UMM_FORMAT_FIGURES_H

#include <stddef.h>

#include "format/json.h"
#include "format/prometheus.h"
#include "text/textbuf.h"

enum umm_figure_kind {
    UMM_FIGURE_COUNT, /* unsigned, of size_bytes */
    UMM_FIGURE_INTEGER,
    UMM_FIGURE_REAL,
    UMM_FIGURE_BOOL,
    UMM_FIGURE_TEXT /* in JSON alone */
};

/* key NULL: not in JSON. UMM_METRIC_NONE: not in Prometheus. */
struct umm_figure {
    const char *key;
    enum umm_metric metric;
    enum umm_figure_kind kind;
    size_t offset_bytes, size_bytes;
};

#define UMM_FIGURE_KIND(value)                                                                     \
    _Generic((value),                                                                              \
        bool: UMM_FIGURE_BOOL,                                                                     \
        unsigned: UMM_FIGURE_COUNT,                                                                \
        unsigned long: UMM_FIGURE_COUNT,                                                           \
        unsigned long long: UMM_FIGURE_COUNT,                                                      \
        int: UMM_FIGURE_INTEGER,                                                                   \
        double: UMM_FIGURE_REAL,                                                                   \
        char *: UMM_FIGURE_TEXT,                                                                   \
        const char *: UMM_FIGURE_TEXT)
#define UMM_FIGURE(key, type, member, metric)                                                      \
    {                                                                                              \
        key, metric, UMM_FIGURE_KIND(((type *)0)->member), offsetof(type, member),                 \
            sizeof(((type *)0)->member)                                                            \
    }
#define UMM_FIGURES_END                                                                            \
    {                                                                                              \
        NULL, UMM_METRIC_NONE, UMM_FIGURE_COUNT, 0, 0                                              \
    }

/* An object that begins with the tool's name and version; NULL as umm_json_new. */
struct umm_json *umm_figures_begin(const char *tool);

/* The figures with a key as members of the object, in the order of the table. */
void umm_figures_put(struct umm_json *json, const struct umm_figure *figures, const void *result);

/*
 * The figures with a key, all counts of uint64_t, as lines "key: value"; "-" is unknown. Reading
 * such lines, which end in a zero byte, makes those unknown that the text does not say.
 */
void umm_figures_print(struct umm_textbuf *out, const struct umm_figure *figures,
                       const void *result);
void umm_figures_parse(const char *text, const struct umm_figure *figures, void *result);

/* The figures with a metric as series of the page. */
void umm_figures_add(struct umm_prometheus *page, const struct umm_figure *figures,
                     const void *result);

#endif
