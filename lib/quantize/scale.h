/* SPDX-License-Identifier: MIT */
/*
 * scale.h - the arithmetic of int8: scales and zero points of ranges, weights and biases in
 * integers.
 *
 *     real = (q - zero_point) * scale          q from -128 to 127; weights from -127, zero point 0
 *
 * Scales are floats, as files have them; what is rounded is rounded half to even.
 */
#ifndef UMM_QUANTIZE_SCALE_H
#define UMM_QUANTIZE_SCALE_H

#include "umm.h"

/* What values are between; empty: low > high. */
struct umm_quantize_range {
    float low, high;
};

/* How a range is held in int8. */
struct umm_quantize_scale {
    float scale;
    int32_t zero_point;
};

enum { UMM_QUANTIZE_LOW = -128, UMM_QUANTIZE_HIGH = 127, UMM_QUANTIZE_WEIGHT_MAX = 127 };

/*
 * The scale and zero point for a range, which is extended to hold 0: that is exact, and so are
 * padding and what a RELU cuts. All zero, or empty: scale 1, zero point 0. The ends of a range that
 * holds 0 inside move by less than half a step.
 */
struct umm_quantize_scale umm_quantize_scale_of(struct umm_quantize_range range);

/* What the smallest and the largest q mean. */
struct umm_quantize_range umm_quantize_limits_of(struct umm_quantize_scale scale);

/* Row `row` of the n_columns numbers of weights: the largest magnitude. */
float umm_quantize_magnitude(const float *numbers, size_t n);

/*
 * The scale of weights of that largest magnitude, with which the largest magnitude of the biases
 * is below 2^30 in steps of input_scale times it: sums of n_in products stay within 32 bits then,
 * too, for up to 2^15 inputs. 1 where both are 0.
 */
float umm_quantize_weight_scale(float weight_max, float bias_max, float input_scale);

/* round(number / scale), at most UMM_QUANTIZE_WEIGHT_MAX in magnitude. */
int8_t umm_quantize_weight(float number, float scale);

/* round(number / scale), within 32 bits. */
int32_t umm_quantize_bias(float number, float scale);

#endif
