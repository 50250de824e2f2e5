/* SPDX-License-Identifier: MIT */
/*
 * dense.h - dense layers over blocks of rows: weights packed once for an engine, then run.
 *
 * Every engine gives the same bits. A float sum is a chain of fused multiply-adds over the inputs
 * in their order, beginning with the bias (0 without one); integer sums are exact.
 *
 * Rows of x and y have strides in numbers, at least the layer's widths. 64 bytes after the last
 * row of x can be read; their content, and that of the rest of a row, changes nothing.
 */
#ifndef UMM_MODEL_DENSE_H
#define UMM_MODEL_DENSE_H

#include "base/cpu.h"
#include "umm.h"

/*
 * What to pack. Float: weights_f32 (n_out x n_in), bias_f32 or NULL, limits of y.
 *
 * Integer: weights_i8 (n_out x n_in), w_zero_points (n_out, or NULL: 0), bias_i32 or NULL; x is I8,
 * or U8 if is_x_u8, with x_zero_point. acc[o] = sum (x - x_zero_point)(w - w_zero_point) + bias[o].
 * Then y = clamp(rint((float)acc * multipliers[o]) + y_zero_point), from y_low to y_high, as I8 or
 * U8; with is_y_f32 y = (float)acc * multipliers[o], limited by low and high.
 */
struct umm_dense_spec {
    uint32_t n_in, n_out;
    const float *weights_f32, *bias_f32;
    float low, high;
    const int8_t *weights_i8;
    const int32_t *w_zero_points, *bias_i32;
    bool is_x_u8, is_y_f32, is_y_u8;
    int32_t x_zero_point, y_zero_point, y_low, y_high;
    const float *multipliers; /* n_out */
};

struct umm_dense;

/* cpu: an engine that this machine has. */
UMM_MUST_USE enum umm_status umm_dense_new(const struct umm_dense_spec *spec, enum umm_cpu cpu,
                                           struct umm_dense **dense, struct umm_error *err);
void umm_dense_free(struct umm_dense *dense);

/* x and y are float, int8_t or uint8_t as the spec says, and do not overlap. */
void umm_dense_run(const struct umm_dense *dense, const void *x, size_t x_stride, size_t n_rows,
                   void *y, size_t y_stride);

/*
 * Dynamic layers: each row of floats is quantised by its own range, its sums are scaled back:
 * y = (float)acc * (row scale * multipliers[o]) + bias_f32[o], then low and high. scratch: n_in +
 * 64 bytes.
 */
void umm_dense_run_dynamic(const struct umm_dense *dense, const float *x, size_t x_stride,
                           size_t n_rows, bool is_asymmetric, bool is_row_u8, void *scratch,
                           float *y, size_t y_stride);

#endif
