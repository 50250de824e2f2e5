/* SPDX-License-Identifier: MIT */
/*
 * tflite_fixed.h - TensorFlow Lite's arithmetic of scales in integers, to know where it gives the
 * numbers that exact arithmetic gives.
 *
 * Source: MultiplyByQuantizedMultiplier in tensorflow/lite/kernels/internal/common.h, and gemmlowp,
 * with two roundings, as its builds have it.
 */
#ifndef UMM_MODELFILE_TFLITE_FIXED_H
#define UMM_MODELFILE_TFLITE_FIXED_H

#include "umm.h"

/*
 * Whether for each integer from `from` to `to` (at most 16 bits) ratio times it, rounded in
 * integers, is the exact product rounded, and no product is so close to a half that two ways to
 * round it could differ.
 */
bool umm_tflite_is_exact(double ratio, int from, int to);

#endif
