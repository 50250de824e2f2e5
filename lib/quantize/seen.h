/* SPDX-License-Identifier: MIT */
/*
 * seen.h - what the numbers of values were: their ranges, channel by channel, and percentiles.
 */
#ifndef UMM_QUANTIZE_SEEN_H
#define UMM_QUANTIZE_SEEN_H

#include "quantize/scale.h"

/*
 * What the numbers of a value were. low, high: of each channel. bins: how many numbers have which
 * upper 16 bits, in the order of numbers, so that a percentile is known within 1/128 of itself.
 */
struct umm_quantize_seen {
    uint32_t width; /* 0: not watched */
    float *low, *high;
    uint32_t *bins;
};

enum { UMM_QUANTIZE_BINS = 1 << 16 };

/* Of each value of a graph. All zero is none. */
struct umm_quantize_ranges {
    struct umm_quantize_seen *values;
    uint32_t n_values;
    bool has_bins;
};

/* n values, none of which is watched yet; *seen for width numbers, nothing being seen. */
UMM_MUST_USE enum umm_status umm_quantize_ranges_new(uint32_t n_values, bool has_bins,
                                                     struct umm_quantize_ranges *ranges,
                                                     struct umm_error *err);
UMM_MUST_USE enum umm_status umm_quantize_seen_new(struct umm_quantize_seen *seen, uint32_t width,
                                                   bool has_bins, struct umm_error *err);
void umm_quantize_ranges_free(struct umm_quantize_ranges *ranges);

/* Add a row of numbers; false where one is NaN or infinite. */
bool umm_quantize_see(struct umm_quantize_seen *seen, const float *numbers);

/* Without the outer `share` of numbers at either end. */
struct umm_quantize_range umm_quantize_percentile(const struct umm_quantize_seen *seen,
                                                  double share);

/* The bin of a number, and the numbers that it is between. */
uint32_t umm_quantize_bin(float number);
struct umm_quantize_range umm_quantize_bin_range(uint32_t bin);

#endif
