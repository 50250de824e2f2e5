/* SPDX-License-Identifier: MIT */
#include "format/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/size.h"
#include "text/textbuf.h"

/*
 *        0     LEFT                                RIGHT  WIDTH
 *   0    +-------------------------------------------------+
 *        |  title                                          |
 *        |  subtitle                                       |
 *   TOP  |       +-----------------------------------+     |
 *        | ticks |               plot                |     |
 * BOTTOM |       +-----------------------------------+     |
 *        |          ticks                                  |
 *        |  names of the lines                             |
 *        |  notes                                          |
 */
enum { WIDTH = 860, LEFT = 92, RIGHT = 836, TOP = 84, BOTTOM = 384, NAMES_Y = 436, NOTE_STEP = 22 };

static const char style[] =
    "<style>\n"
    "svg{font:14px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    ".back{fill:#ffffff}.text{fill:#24292f}.dim{fill:#57606a}.shade{fill:#eaeef2}\n"
    ".grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#8c959f;stroke-width:1}\n"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round}.dash{stroke-dasharray:7 5}\n"
    ".s0{stroke:#0969da}.s1{stroke:#bc4c00}.s2{stroke:#6e7781}.s3{stroke:#8250df}\n"
    ".limit{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:3 4}\n"
    ".good{fill:#1a7f37}.bad{fill:#cf222e}\n"
    ".over{paint-order:stroke;stroke:#ffffff;stroke-width:5px;stroke-linejoin:round}\n"
    ".over.on{stroke:#eaeef2}\n"
    "@media (prefers-color-scheme:dark){\n"
    ".back{fill:#0d1117}.text{fill:#e6edf3}.dim{fill:#9198a1}.shade{fill:#1c2128}\n"
    ".grid{stroke:#30363d}.axis{stroke:#6e7681}.over{stroke:#0d1117}.over.on{stroke:#1c2128}\n"
    ".s0{stroke:#58a6ff}.s1{stroke:#f0883e}.s2{stroke:#8b949e}.s3{stroke:#bc8cff}\n"
    ".limit{stroke:#ff7b72}.good{fill:#3fb950}.bad{fill:#ff7b72}}\n"
    "</style>\n";

/* What is drawn, and the scales. */
struct drawing {
    const struct umm_svg_plot *plot;
    struct umm_textbuf out;
    double seconds, bytes; /* at the ends of the axes */
};

static double at_x(const struct drawing *d, double seconds)
{
    return LEFT + (RIGHT - LEFT) * seconds / d->seconds;
}

static double at_y(const struct drawing *d, double bytes)
{
    return BOTTOM - (BOTTOM - TOP) * bytes / d->bytes;
}

static void put_text(struct drawing *d, double x, double y, const char *attributes,
                     const char *text)
{
    umm_textbuf_add(&d->out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    umm_textbuf_add_markup(&d->out, text);
    umm_textbuf_add(&d->out, "</text>\n");
}

static void put_line(struct drawing *d, const char *class, double x1, double y1, double x2,
                     double y2)
{
    umm_textbuf_add(&d->out,
                    "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class,
                    x1, y1, x2, y2);
}

/* ---- axes ---------------------------------------------------------------- */

/* The least of 1, 2, 5, 10, ... (or powers of two) that needs at most n steps up to end. */
static double nice_step(double end, int n, bool is_binary)
{
    double step = is_binary ? 1 : 1e-3;
    for (int i = 0; step * n < end && i < 200; i++)
        step *= is_binary ? 2 : i % 3 == 1 ? 2.5 : 2;
    return step;
}

static double largest_value(const struct umm_svg_plot *plot)
{
    double most = 1;
    for (size_t i = 0; i < plot->n_series; i++)
        for (size_t j = 0; j < plot->series[i].n; j++)
            most = fmax(most, plot->series[i].bytes[j]);
    /* A limit far above everything would flatten what is to be seen. */
    double highest = most;
    for (size_t i = 0; i < plot->n_limits; i++)
        if (plot->limits[i].bytes < 2 * most)
            highest = fmax(highest, plot->limits[i].bytes);
    return highest;
}

static void draw_byte_axis(struct drawing *d)
{
    double step = nice_step(1.04 * largest_value(d->plot), 6, true);
    char size[UMM_SIZE_TEXT_MAX];
    int n_steps = (int)ceil(1.04 * largest_value(d->plot) / step);
    d->bytes = step * n_steps;
    for (int i = 0; i <= n_steps; i++) {
        double tick = step * i;
        put_line(d, tick > 0 ? "grid" : "axis", LEFT, at_y(d, tick), RIGHT, at_y(d, tick));
        put_text(d, LEFT - 10, at_y(d, tick) + 5, "class=\"dim\" text-anchor=\"end\"",
                 umm_size_format(size, tick));
    }
}

static void draw_time_axis(struct drawing *d)
{
    double step = nice_step(d->seconds, 8, false);
    int n_steps = (int)(d->seconds / step * 1.0001);
    for (int i = 0; i <= n_steps; i++) {
        double tick = step * i;
        char text[32];
        snprintf(text, sizeof text, "%.6g%s", tick, i == n_steps ? " s" : "");
        put_line(d, "axis", at_x(d, tick), BOTTOM, at_x(d, tick), BOTTOM + 5);
        put_text(d, at_x(d, tick), BOTTOM + 22, "class=\"dim\" text-anchor=\"middle\"", text);
    }
}

static void draw_shade(struct drawing *d)
{
    double end = fmin(d->plot->shaded_seconds, d->seconds);
    if (end <= 0)
        return;
    umm_textbuf_add(&d->out,
                    "<rect class=\"shade\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
                    LEFT, TOP, at_x(d, end) - LEFT, BOTTOM - TOP);
}

/* Over all lines, as they may cross it. */
static void draw_shade_name(struct drawing *d)
{
    if (at_x(d, fmin(d->plot->shaded_seconds, d->seconds)) - LEFT > 70)
        put_text(d, LEFT + 8, TOP + 18, "class=\"dim over on\"", "warm-up");
}

/* ---- lines --------------------------------------------------------------- */

static void draw_series(struct drawing *d, size_t index)
{
    const struct umm_svg_series *series = &d->plot->series[index];
    if (!series->n)
        return;
    umm_textbuf_add(&d->out, "<path class=\"line s%zu%s\" d=\"", index,
                    series->is_dashed ? " dash" : "");
    for (size_t i = 0; i < series->n; i++)
        umm_textbuf_add(&d->out, "%s%.1f %.1f", i ? " L" : "M", at_x(d, series->seconds[i]),
                        at_y(d, series->bytes[i]));
    umm_textbuf_add(&d->out, "\"/>\n");
}

static void draw_limits(struct drawing *d)
{
    for (size_t i = 0; i < d->plot->n_limits; i++) {
        const struct umm_svg_limit *limit = &d->plot->limits[i];
        if (limit->bytes > d->bytes)
            continue;
        double y = at_y(d, limit->bytes);
        put_line(d, "limit", LEFT, y, RIGHT, y);
        put_text(d, RIGHT - 4, y - 6, "class=\"bad over\" text-anchor=\"end\"", limit->name);
    }
}

/* Seven pixels are the width of a character, about. */
static void draw_names(struct drawing *d)
{
    double x = LEFT;
    for (size_t i = 0; i < d->plot->n_series; i++) {
        const struct umm_svg_series *series = &d->plot->series[i];
        char class[32];
        snprintf(class, sizeof class, "line s%zu%s", i, series->is_dashed ? " dash" : "");
        put_line(d, class, x, NAMES_Y - 5, x + 28, NAMES_Y - 5);
        put_text(d, x + 36, NAMES_Y, "class=\"text\"", series->name);
        x += 36 + 7.5 * (double)strlen(series->name) + 28;
    }
}

static void draw_notes(struct drawing *d)
{
    static const char *const attributes[] = {[UMM_SVG_PLAIN] = "class=\"text\"",
                                             [UMM_SVG_GOOD] = "class=\"good\" font-weight=\"600\"",
                                             [UMM_SVG_BAD] = "class=\"bad\" font-weight=\"600\""};
    for (size_t i = 0; i < d->plot->n_notes; i++)
        put_text(d, LEFT, NAMES_Y + NOTE_STEP * (double)(i + 1) + 6,
                 attributes[d->plot->notes[i].tone], d->plot->notes[i].text);
}

static void draw(struct drawing *d)
{
    int height = NAMES_Y + NOTE_STEP * (int)d->plot->n_notes + 28;
    umm_textbuf_add(&d->out,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                    "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>",
                    WIDTH, height, WIDTH, height);
    umm_textbuf_add_markup(&d->out, d->plot->title);
    umm_textbuf_add(&d->out, "</title>\n%s<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n",
                    style, WIDTH, height);
    put_text(d, 24, 34, "class=\"text\" font-size=\"18\" font-weight=\"600\"", d->plot->title);
    put_text(d, 24, 58, "class=\"dim\"", d->plot->subtitle);
    draw_shade(d);
    draw_byte_axis(d);
    draw_time_axis(d);
    for (size_t i = 0; i < d->plot->n_series; i++)
        draw_series(d, i);
    draw_limits(d);
    draw_shade_name(d);
    draw_names(d);
    draw_notes(d);
    umm_textbuf_add(&d->out, "</svg>\n");
}

enum umm_status umm_svg_print(const struct umm_svg_plot *plot, char **text, size_t *len_bytes,
                              struct umm_error *err)
{
    struct drawing d = {.plot = plot, .seconds = plot->seconds > 0 ? plot->seconds : 1, .bytes = 1};
    draw(&d);
    return umm_textbuf_take(&d.out, text, len_bytes, err);
}
