/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - how often values came, in constant memory, and the percentiles of all of them.
 *
 *     value    0 1 2 ... 63 | 64-65 66-67 ... 126-127 | 128-131 ... | ...
 *     slot     one each     | 32 of equal width       | 32          | ...   to 2^64 - 1
 *
 * A slot is at most 1/32 of its values wide: what is read back is the slot's largest value, or the
 * largest value of all, and is too large by 3.2 % at most. One thread at a time.
 */
#ifndef UMM_MEM_HISTOGRAM_H
#define UMM_MEM_HISTOGRAM_H

#include "umm.h"

enum {
    UMM_HISTOGRAM_BITS = 5, /* of a value that tell slots of one octave apart */
    UMM_HISTOGRAM_SLOTS = (64 - UMM_HISTOGRAM_BITS + 1) << UMM_HISTOGRAM_BITS
};

/* All zero has no values. 15 KiB. */
struct umm_histogram {
    uint64_t n, max, slots[UMM_HISTOGRAM_SLOTS];
};

/* value came n times. */
void umm_histogram_add(struct umm_histogram *histogram, uint64_t value, uint64_t n);

/*
 * By nearest rank: the smallest value that at least per_mille of 1000 do not exceed, as a slot has
 * it; 0 of none. per_mille 1 to 1000.
 */
uint64_t umm_histogram_at(const struct umm_histogram *histogram, unsigned per_mille);

#endif
