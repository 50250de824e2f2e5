/* SPDX-License-Identifier: MIT */
/*
 * svg.h - a plot of sizes over time, as an SVG 1.1 document that browsers and image
 * viewers show; light, and dark where the viewer asks for it.
 */
#ifndef UMM_FORMAT_SVG_H
#define UMM_FORMAT_SVG_H

#include "umm.h"

enum { UMM_SVG_SERIES_MAX = 4, UMM_SVG_LIMITS_MAX = 4, UMM_SVG_NOTES_MAX = 8 };

/* n points in the order of time: seconds from 0, bytes. is_dashed: a line to compare with. */
struct umm_svg_series {
    const char *name;
    const double *seconds, *bytes;
    size_t n;
    bool is_dashed;
};

/* A horizontal line, and a line of text below the plot. All text is UTF-8, of any content. */
struct umm_svg_limit {
    const char *name;
    double bytes;
};

enum umm_svg_tone { UMM_SVG_PLAIN, UMM_SVG_GOOD, UMM_SVG_BAD };

struct umm_svg_note {
    enum umm_svg_tone tone;
    const char *text;
};

/* shaded_seconds: the beginning that is shown as not counting. seconds: the time axis. */
struct umm_svg_plot {
    const char *title, *subtitle;
    double seconds, shaded_seconds;
    struct umm_svg_series series[UMM_SVG_SERIES_MAX];
    size_t n_series;
    struct umm_svg_limit limits[UMM_SVG_LIMITS_MAX];
    size_t n_limits;
    struct umm_svg_note notes[UMM_SVG_NOTES_MAX];
    size_t n_notes;
};

/* The document as malloc'ed text. */
UMM_MUST_USE enum umm_status umm_svg_print(const struct umm_svg_plot *plot, char **text,
                                           size_t *len_bytes, struct umm_error *err);

#endif
