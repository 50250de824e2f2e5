/* SPDX-License-Identifier: MIT */
/*
 * growth.h - whether a program's memory grows: an estimate from samples over time.
 *
 *   warm-up   the first part is dropped: a program that fills its caches is not leaking
 *   envelope  the rest is cut into 16 parts of equal time, and the least sample of each is
 *             kept: memory that is taken and given back within a part does not count. One
 *             part that stands out from both neighbours gets the median of the three.
 *   growth    the level at the end less the level at the beginning; each level is that of
 *             a line through the last, or first, quarter of the envelope, taken at its outer
 *             end. So a step between the quarters and steady growth are both measured whole.
 *   swing     the most by which the envelope falls from one part to a later one. Memory that
 *             goes up and down more slowly than a part lasts may be up at one end and down at
 *             the other: the growth is known to within a swing, and twice how far the
 *             envelope is from each of the two lines.
 *
 * Lines are those of Theil and Sen: the slope is the median of the slopes between all pairs
 * of points, which up to 29 % of odd points do not move.
 *
 * What is up at the end may go down again. The lower bound is therefore no more than what
 * the trend alone gives: the lower end of Sen's 95 % interval of the slope over all parts, from the
 * variance of Kendall's S, times the time. Or, if that is more, the least part of the last
 * quarter less the level at the beginning; but not of memory that had been about as high by the
 * end of the first quarter, warm-up included.
 *
 * Sources: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau",
 * JASA 63 (1968); R. O. Gilbert, "Statistical methods for environmental pollution
 * monitoring" (1987), 16.5; J. W. Tukey, "Exploratory data analysis" (1977), 7, for the
 * medians of three.
 */
#ifndef UMM_PROBE_GROWTH_H
#define UMM_PROBE_GROWTH_H

#include "umm.h"

struct umm_growth_point {
    double seconds, bytes;
};

/* Fewer samples than this after the warm-up, or than a quarter of it in a quarter, say nothing. */
enum { UMM_GROWTH_POINTS_MIN = 16 };

/* low_bytes <= bytes <= high_bytes; a verdict goes by the bounds. */
struct umm_growth {
    bool is_known;
    size_t n_points; /* after the warm-up */
    double start_seconds, end_seconds;
    double start_bytes, end_bytes; /* the levels */
    double bytes;                  /* end - start */
    double low_bytes, high_bytes;
    double swing_bytes;
};

/*
 * Fit n points in the order of time; those before from_seconds are warm-up. With too few
 * points is_known is false; of two or more, bytes is the last less the first then, and the
 * bounds say what they leave open: nothing, or all that lies between the least and the most.
 */
void umm_growth_fit(const struct umm_growth_point *points, size_t n, double from_seconds,
                    struct umm_growth *growth);

#endif
