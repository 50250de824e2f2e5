/* SPDX-License-Identifier: MIT */
/*
 * dense.h - dense layers over blocks of rows: weights packed once for an engine, then run.
 *
 * Every engine gives the same bits. A float sum is a chain of fused multiply-adds over the inputs
 * in their order, beginning with the bias (0 without one); integer sums are exact. A row has the
 * same bits in any block.
 *
 * Limits leave NaN as it is, and -0 at 0, as ONNX Runtime's Relu does: y < low ? low : y, and
 * likewise above. A NaN that is computed is 0x7fc00000, whatever the one was that it came from.
 *
 * Rows of x and y have strides in numbers, at least the layer's widths. 64 bytes after the last
 * row of x can be read; their content, and that of the rest of a row, changes nothing. In y
 * nothing but the outputs is written.
 */
#ifndef UMM_MODEL_DENSE_H
#define UMM_MODEL_DENSE_H

#include "base/cpu.h"
#include "umm.h"

/*
 * What to pack.
 *
 * Float: weights_f32 (n_out x n_in), bias_f32 or NULL, limits of y.
 *
 * Integer: weights_i8 (n_out x n_in), w_zero_points (n_out, or NULL: 0), bias_i32 or NULL; x is I8,
 * or U8 if is_x_u8, with x_zero_point. acc[o] = sum (x - x_zero_point)(w - w_zero_point) + bias[o].
 * Then y = clamp(rint((float)acc * multipliers[o]) + y_zero_point), from y_low to y_high, as I8 or
 * U8; with is_y_f32 y = (float)acc * multipliers[o], limited by low and high.
 *
 * Dynamic (is_dynamic): weights_i8, w_zero_points or NULL, bias_f32 or NULL; x and y are float.
 * Each row of x becomes integers q with a scale and a zero point of its own:
 *
 *   is_x_u8        ONNX's DynamicQuantizeLinear of this row alone: scale = (max - min) / 255 of
 *                  the range with 0 in it, q = clamp(rint(x / scale) + zero point, 0, 255)
 *   otherwise      TensorFlow Lite's, in -127..127: scale = max |x| / 127,
 *                  q = round(x * (127 / max |x|)), halves away from 0
 *   is_asymmetric  TensorFlow Lite's with a zero point, in -128..127
 *
 * y = (float)acc * (scale * multipliers[o]) + bias_f32[o], limited by low and high. A row with a
 * number that is not finite has no range: all its outputs are NaN.
 */
struct umm_dense_spec {
    uint32_t n_in, n_out;
    const float *weights_f32, *bias_f32;
    float low, high;
    const int8_t *weights_i8;
    const int32_t *w_zero_points, *bias_i32;
    bool is_x_u8, is_y_f32, is_y_u8;
    bool is_dynamic, is_asymmetric;
    int32_t x_zero_point, y_zero_point, y_low, y_high;
    const float *multipliers; /* n_out */
};

struct umm_dense;

/*
 * cpu: an engine that this machine has. Nothing of spec is kept. UMM_ERR_UNSUPPORTED if a sum of
 * an integer layer could be beyond 32 bits; UMM_ERR_DATA for zero points that are none of their
 * type, and multipliers that are negative or not finite.
 */
UMM_MUST_USE enum umm_status umm_dense_new(const struct umm_dense_spec *spec, enum umm_cpu cpu,
                                           struct umm_dense **dense, struct umm_error *err);
void umm_dense_free(struct umm_dense *dense);

/* Memory that running takes, for each thread that runs it: 0 if none. */
size_t umm_dense_scratch_bytes(const struct umm_dense *dense);

/*
 * x and y are float, int8_t or uint8_t as the spec says, and do not overlap. scratch: that many
 * bytes, at a multiple of 64; what is in it does not matter before and after.
 */
void umm_dense_run(const struct umm_dense *dense, const void *x, size_t x_stride, size_t n_rows,
                   void *y, size_t y_stride, void *scratch);

#endif
