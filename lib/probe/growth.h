/* SPDX-License-Identifier: MIT */
/*
 * growth.h - whether a program's memory grows: an estimate from samples over time.
 *
 *   warm-up   the first part is dropped: a program that fills its caches is not leaking
 *   growth    the level at the end less the level at the beginning of what is left; each
 *             level is that of a line through the samples of the last, or first, quarter of
 *             the time, taken at its outer end. So a step between the quarters and steady growth
 *             are both measured whole, and one odd sample moves nothing.
 *   slope     bytes per second over all of it, with a 95 % interval
 *
 * Lines are those of Theil and Sen: the slope is the median of the slopes between all
 * pairs of samples, which up to 29 % of odd samples do not move. The interval is Sen's,
 * from the variance of Kendall's S. It takes samples for independent, so that memory
 * that moves slowly up and down may leave it too narrow.
 *
 * Sources: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau",
 * JASA 63 (1968); R. O. Gilbert, "Statistical methods for environmental pollution
 * monitoring" (1987), 16.5.
 */
#ifndef UMM_PROBE_GROWTH_H
#define UMM_PROBE_GROWTH_H

#include "umm.h"

struct umm_growth_point {
    double seconds, bytes;
};

/* Fewer samples than this after the warm-up, or than a quarter of it in a quarter, say nothing. */
enum { UMM_GROWTH_POINTS_MIN = 16 };

struct umm_growth {
    bool is_known;
    size_t n_points; /* after the warm-up */
    double start_seconds, end_seconds;
    double start_bytes, end_bytes; /* the levels */
    double bytes;                  /* end - start */
    double slope, slope_low, slope_high;
};

/*
 * Fit n points in the order of time; those before from_seconds are warm-up. With too few
 * points is_known is false, and the rest 0. UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_growth_fit(const struct umm_growth_point *points, size_t n,
                                            double from_seconds, struct umm_growth *growth,
                                            struct umm_error *err);

#endif
