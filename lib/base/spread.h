/* SPDX-License-Identifier: MIT */
/*
 * spread.h - how many values of each size there were, in memory of one size: percentiles of as
 * many values as come, by nearest rank, each at most 1/32 too high.
 *
 * Values below 64 have a bin each; above, each power of two has 32 bins of equal width.
 */
#ifndef UMM_BASE_SPREAD_H
#define UMM_BASE_SPREAD_H

#include <stdint.h>

enum { UMM_SPREAD_BITS = 5, UMM_SPREAD_BINS = (64 - UMM_SPREAD_BITS + 1) << UMM_SPREAD_BITS };

/* All zero is none. */
struct umm_spread {
    uint64_t n, max;
    uint64_t bins[UMM_SPREAD_BINS];
};

void umm_spread_add(struct umm_spread *spread, uint64_t value);

/* The least value that `share` (0 to 1) of all do not exceed; 0 if there are none. */
uint64_t umm_spread_at(const struct umm_spread *spread, double share);

#endif
