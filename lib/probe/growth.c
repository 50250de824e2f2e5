/* SPDX-License-Identifier: MIT */
#include "probe/growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A part has several samples, or memory that comes and goes would show in it. */
enum { PARTS = 16, PAIRS = PARTS * (PARTS - 1) / 2 };

struct line {
    double slope, slope_low;
    double at_zero;
};

/* The least samples of the parts that have any. */
struct envelope {
    struct umm_growth_point points[PARTS];
    size_t n;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* ---- the envelope ----------------------------------------------------------- */

static void find_envelope(const struct umm_growth_point *points, size_t n,
                          struct envelope *envelope)
{
    double start = points[0].seconds, span = points[n - 1].seconds - start;
    size_t i = 0;
    envelope->n = 0;
    for (int part = 1; part <= PARTS; part++) {
        const struct umm_growth_point *least = NULL;
        for (; i < n && (part == PARTS || points[i].seconds <= start + span * part / PARTS); i++)
            if (!least || points[i].bytes < least->bytes)
                least = &points[i];
        if (least)
            envelope->points[envelope->n++] = *least;
    }
}

static double median_of_3(double a, double b, double c)
{
    double values[] = {a, b, c};
    return median(values, 3);
}

/* Of the line through a and b. */
static double value_at(struct umm_growth_point a, struct umm_growth_point b, double seconds)
{
    double span = b.seconds - a.seconds;
    return span > 0 ? a.bytes + (b.bytes - a.bytes) * (seconds - a.seconds) / span : a.bytes;
}

/*
 * Medians of three. An end has one neighbour, and what the next two, continued, would give:
 * so that points on a line stay where they are.
 */
static void smooth(struct envelope *envelope)
{
    const struct envelope raw = *envelope;
    struct umm_growth_point *p = envelope->points;
    size_t n = envelope->n;
    if (n < 3)
        return;
    for (size_t i = 1; i + 1 < n; i++)
        p[i].bytes =
            median_of_3(raw.points[i - 1].bytes, raw.points[i].bytes, raw.points[i + 1].bytes);
    p[0].bytes = median_of_3(p[0].bytes, p[1].bytes, value_at(p[1], p[2], p[0].seconds));
    p[n - 1].bytes =
        median_of_3(p[n - 1].bytes, p[n - 2].bytes, value_at(p[n - 3], p[n - 2], p[n - 1].seconds));
}

static double find_swing(const struct envelope *envelope)
{
    double top = envelope->points[0].bytes, swing = 0;
    for (size_t i = 0; i < envelope->n; i++) {
        top = fmax(top, envelope->points[i].bytes);
        swing = fmax(swing, top - envelope->points[i].bytes);
    }
    return swing;
}

/* ---- lines ------------------------------------------------------------------ */

static struct line fit_line(const struct umm_growth_point *points, size_t n)
{
    const double z95 = 1.959964; /* of the normal distribution, both sides */
    double slopes[PAIRS], values[PARTS], count = (double)n;
    struct line line = {0};
    size_t n_slopes = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            double span = points[j].seconds - points[i].seconds;
            if (span > 0)
                slopes[n_slopes++] = (points[j].bytes - points[i].bytes) / span;
        }
    if (n_slopes) {
        double spread = z95 * sqrt(count * (count - 1) * (2 * count + 5) / 18);
        double rank = fmax(((double)n_slopes - spread) / 2 - 1, 0);
        line.slope = median(slopes, n_slopes);
        line.slope_low = slopes[(size_t)(rank + 0.5)];
    }
    for (size_t i = 0; i < n; i++)
        values[i] = points[i].bytes - line.slope * points[i].seconds;
    line.at_zero = n ? median(values, n) : 0;
    return line;
}

/* Of the line through n points at that time; *spread is how far the points lie from it at most. */
static double level(const struct umm_growth_point *points, size_t n, double seconds, double *spread)
{
    struct line line = fit_line(points, n);
    *spread = 0;
    for (size_t i = 0; i < n; i++)
        *spread =
            fmax(*spread, fabs(points[i].bytes - line.at_zero - line.slope * points[i].seconds));
    return line.at_zero + line.slope * seconds;
}

/*
 * Quarters of the time, not of the samples, which are rarer where one costs more. n_first
 * and n_last are how many samples these hold.
 */
static void count_quarters(const struct umm_growth_point *points, size_t n, double start,
                           double end, size_t *n_first, size_t *n_last)
{
    double quarter = (end - start) / 4;
    *n_first = *n_last = 0;
    while (*n_first < n && points[*n_first].seconds <= start + quarter)
        ++*n_first;
    while (*n_last < n && points[n - 1 - *n_last].seconds >= end - quarter)
        ++*n_last;
}

/* ---- growth ----------------------------------------------------------------- */

/*
 * How high the low points had been by the end of the first quarter, all_points from the
 * program's start on. Times before the judged ones are also cut as if they were parts.
 */
static double highest_before(const struct umm_growth_point *all_points, size_t n,
                             const struct envelope *envelope, size_t n_first, double part_seconds)
{
    double highest = envelope->points[0].bytes;
    for (size_t i = 0; i < n_first; i++)
        highest = fmax(highest, envelope->points[i].bytes);
    for (size_t i = 0; i < n;) {
        double end = all_points[i].seconds + part_seconds, least = all_points[i].bytes;
        for (; i < n && all_points[i].seconds < end; i++)
            least = fmin(least, all_points[i].bytes);
        highest = fmax(highest, least);
    }
    return highest;
}

/*
 * What will most likely stay: what the trend over all parts makes of the time, at the least; or,
 * of memory that had not been so high in the beginning, what the whole last quarter has.
 */
static double lasting_growth(const struct umm_growth_point *all_points, size_t n_warmup,
                             const struct envelope *envelope, size_t n_first, size_t n_last,
                             const struct umm_growth *growth)
{
    double seconds = growth->end_seconds - growth->start_seconds;
    double by_trend = fit_line(envelope->points, envelope->n).slope_low * seconds;
    double before = highest_before(all_points, n_warmup, envelope, n_first, seconds / PARTS);
    double least = growth->end_bytes;
    for (size_t i = envelope->n - n_last; i < envelope->n; i++)
        least = fmin(least, envelope->points[i].bytes);
    bool is_new = least - before >= (least - growth->start_bytes) / 2;
    return is_new ? fmax(by_trend, least - growth->start_bytes) : by_trend;
}

static void fit(const struct umm_growth_point *all_points, size_t first, size_t n,
                struct umm_growth *growth)
{
    enum { QUARTER_MIN = UMM_GROWTH_POINTS_MIN / 4 };
    const struct umm_growth_point *points = all_points + first;
    double start = points[0].seconds, end = points[n - 1].seconds, start_spread, end_spread;
    struct envelope envelope;
    size_t n_first, n_last;
    count_quarters(points, n, start, end, &n_first, &n_last);
    if (n_first < QUARTER_MIN || n_last < QUARTER_MIN)
        return;
    find_envelope(points, n, &envelope);
    smooth(&envelope);
    count_quarters(envelope.points, envelope.n, start, end, &n_first, &n_last);
    growth->is_known = true;
    growth->start_seconds = start;
    growth->end_seconds = end;
    growth->start_bytes = level(envelope.points, n_first, start, &start_spread);
    growth->end_bytes = level(envelope.points + envelope.n - n_last, n_last, end, &end_spread);
    growth->bytes = growth->end_bytes - growth->start_bytes;
    growth->swing_bytes = find_swing(&envelope);
    /* Lines so far from their points may be twice as far from the truth at the ends. */
    double doubt = growth->swing_bytes + 2 * (start_spread + end_spread);
    growth->low_bytes = fmin(growth->bytes - doubt,
                             lasting_growth(all_points, first, &envelope, n_first, n_last, growth));
    growth->high_bytes = growth->bytes + doubt;
}

static void estimate(const struct umm_growth_point *points, size_t n, struct umm_growth *growth)
{
    double least = points[0].bytes, most = least;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, points[i].bytes);
        most = fmax(most, points[i].bytes);
    }
    growth->bytes = points[n - 1].bytes - points[0].bytes;
    growth->low_bytes = fmin(growth->bytes, 0);
    growth->high_bytes = most - least;
}

void umm_growth_fit(const struct umm_growth_point *points, size_t n, double from_seconds,
                    struct umm_growth *growth)
{
    size_t first = 0;
    memset(growth, 0, sizeof *growth);
    while (first < n && points[first].seconds < from_seconds)
        first++;
    growth->n_points = n - first;
    if (growth->n_points >= UMM_GROWTH_POINTS_MIN)
        fit(points, first, growth->n_points, growth);
    if (!growth->is_known && growth->n_points >= 2)
        estimate(points + first, growth->n_points, growth);
}
