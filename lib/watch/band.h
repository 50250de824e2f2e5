/* SPDX-License-Identifier: MIT */
/*
 * band.h - the prices between which nothing happens to a position, so that a price is held against
 * many positions by two comparisons of each.
 */
#ifndef UMM_WATCH_BAND_H
#define UMM_WATCH_BAND_H

#include <stdbool.h>
#include <stddef.h>

#include "watch/watchlist.h"

/* A price from low to high, both included, certainly changes nothing; others may. */
struct umm_band {
    float low, high;
};

/*
 * Which barriers a price is at or beyond that are on their side of entry: none of them if it is
 * NaN, as with the entry itself.
 */
enum { UMM_REACHED_TP = 1, UMM_REACHED_SL = 2 };
unsigned umm_band_reached(const struct umm_watch_position *position, double price);

/*
 * The band of prices at which the risk does not exceed above (infinite: it may) and that reach no
 * barrier beyond those of reached, nor leave one of these.
 */
struct umm_band umm_band_of(const struct umm_watch_position *position, double above,
                            unsigned reached);

/* A price as the nearest floats that are not above and not below it. */
struct umm_band umm_band_around(double price);

/* The first n places of which the price is outside low[i] to high[i], from start on; n: none. */
size_t umm_band_find(const float *low, const float *high, size_t n, size_t start,
                     struct umm_band price);

#endif
