/* SPDX-License-Identifier: MIT */
#include "probe/growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* More points than this are taken together in bins first: pairs grow with the square. */
enum { POINTS_MAX = 400 };

struct scratch {
    struct umm_growth_point points[POINTS_MAX];
    double values[POINTS_MAX];
    double slopes[POINTS_MAX * (POINTS_MAX - 1) / 2];
};

struct line {
    double slope, low, high;
    double at_zero;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_median(const double *values, size_t n)
{
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return sorted_median(values, n);
}

/* Bins of nearly equal numbers: mean of the times, median of the sizes. */
static size_t thin(struct scratch *s, const struct umm_growth_point *points, size_t n)
{
    size_t n_bins = n < POINTS_MAX ? n : POINTS_MAX;
    for (size_t i = 0; i < n_bins; i++) {
        size_t first = i * n / n_bins, end = (i + 1) * n / n_bins;
        double sum = 0;
        /* A bin with more than there is room for: as many are enough for its median. */
        size_t m = end - first < POINTS_MAX ? end - first : POINTS_MAX;
        for (size_t j = 0; j < m; j++) {
            sum += points[first + j].seconds;
            s->values[j] = points[first + j].bytes;
        }
        s->points[i] =
            (struct umm_growth_point){.seconds = sum / (double)m, .bytes = median(s->values, m)};
    }
    return n_bins;
}

/* The rank at distance from the middle of n sorted slopes, kept within them. */
static double slope_at(const double *slopes, size_t n, double rank)
{
    double last = (double)(n - 1);
    double kept = rank < 0 ? 0 : rank > last ? last : rank;
    return slopes[(size_t)(kept + 0.5)];
}

static struct line fit_line(struct scratch *s, const struct umm_growth_point *points, size_t n)
{
    const double z95 = 1.959964; /* of the normal distribution, both sides */
    struct line line = {0};
    size_t n_slopes = 0;
    n = thin(s, points, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            double span = s->points[j].seconds - s->points[i].seconds;
            if (span > 0)
                s->slopes[n_slopes++] = (s->points[j].bytes - s->points[i].bytes) / span;
        }
    if (n_slopes) {
        double count = (double)n, pairs = (double)n_slopes;
        double spread = z95 * sqrt(count * (count - 1) * (2 * count + 5) / 18);
        line.slope = median(s->slopes, n_slopes);
        line.low = slope_at(s->slopes, n_slopes, (pairs - spread) / 2 - 1);
        line.high = slope_at(s->slopes, n_slopes, (pairs + spread) / 2);
    }
    for (size_t i = 0; i < n; i++)
        s->values[i] = s->points[i].bytes - line.slope * s->points[i].seconds;
    line.at_zero = median(s->values, n);
    return line;
}

static double level(struct scratch *s, const struct umm_growth_point *points, size_t n,
                    double seconds)
{
    struct line line = fit_line(s, points, n);
    return line.at_zero + line.slope * seconds;
}

/*
 * Quarters of the time, not of the samples, which are rarer where one costs more. n_first
 * and n_last are how many samples these hold.
 */
static void count_quarters(const struct umm_growth_point *points, size_t n, size_t *n_first,
                           size_t *n_last)
{
    double start = points[0].seconds, end = points[n - 1].seconds, quarter = (end - start) / 4;
    *n_first = *n_last = 0;
    while (*n_first < n && points[*n_first].seconds <= start + quarter)
        ++*n_first;
    while (*n_last < n && points[n - 1 - *n_last].seconds >= end - quarter)
        ++*n_last;
}

static void fit(struct scratch *s, const struct umm_growth_point *points, size_t n,
                struct umm_growth *growth)
{
    enum { QUARTER_MIN = UMM_GROWTH_POINTS_MIN / 4 };
    size_t n_first, n_last;
    count_quarters(points, n, &n_first, &n_last);
    if (n_first < QUARTER_MIN || n_last < QUARTER_MIN)
        return;
    growth->is_known = true;
    growth->start_seconds = points[0].seconds;
    growth->end_seconds = points[n - 1].seconds;
    growth->start_bytes = level(s, points, n_first, growth->start_seconds);
    growth->end_bytes = level(s, points + n - n_last, n_last, growth->end_seconds);
    growth->bytes = growth->end_bytes - growth->start_bytes;
    struct line line = fit_line(s, points, n);
    growth->slope = line.slope;
    growth->slope_low = line.low;
    growth->slope_high = line.high;
}

enum umm_status umm_growth_fit(const struct umm_growth_point *points, size_t n, double from_seconds,
                               struct umm_growth *growth, struct umm_error *err)
{
    size_t first = 0;
    memset(growth, 0, sizeof *growth);
    while (first < n && points[first].seconds < from_seconds)
        first++;
    growth->n_points = n - first;
    if (growth->n_points < UMM_GROWTH_POINTS_MIN)
        return UMM_OK;
    struct scratch *s = malloc(sizeof *s);
    if (!s)
        return umm_error_set_memory(err, sizeof *s, "growth over time");
    fit(s, points + first, growth->n_points, growth);
    free(s);
    return UMM_OK;
}
