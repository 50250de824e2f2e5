/* SPDX-License-Identifier: MIT */
/*
 * rowops.h - what is computed number by number, or over one row, between dense layers. The same
 * bits on every engine.
 *
 * n is a number of numbers, in a row without gaps unless a stride is given. x and y may be the
 * same place where their types have one size.
 */
#ifndef UMM_MODEL_ROWOPS_H
#define UMM_MODEL_ROWOPS_H

#include "base/cpu.h"
#include "umm.h"

/* 1 / (1 + exp(-x)), tanh(x), exp(x): rounded from double, within 0.51 of a unit in the last place.
 */
void umm_rowop_sigmoid(enum umm_cpu cpu, const float *x, size_t n, float *y);
void umm_rowop_tanh(enum umm_cpu cpu, const float *x, size_t n, float *y);
void umm_rowop_exp(enum umm_cpu cpu, const float *x, size_t n, float *y);

/* exp(x - max) over their sum, for each of n_rows rows of width numbers. zero: 0 stays 0. */
void umm_rowop_softmax(enum umm_cpu cpu, const float *x, size_t x_stride, size_t n_rows,
                       size_t width, bool zero, float *y, size_t y_stride);

void umm_rowop_limit(enum umm_cpu cpu, const float *x, size_t n, float low, float high, float *y);
void umm_rowop_leaky(enum umm_cpu cpu, const float *x, size_t n, float alpha, float *y);

/* rint(x / scale) + zero_point, clamped to the type; NaN gives the zero point. */
void umm_rowop_quantize_i8(enum umm_cpu cpu, const float *x, size_t n, float scale,
                           int32_t zero_point, int8_t *y);
void umm_rowop_quantize_u8(enum umm_cpu cpu, const float *x, size_t n, float scale,
                           int32_t zero_point, uint8_t *y);
void umm_rowop_dequantize_i8(enum umm_cpu cpu, const int8_t *x, size_t n, float scale,
                             int32_t zero_point, float *y);
void umm_rowop_dequantize_u8(enum umm_cpu cpu, const uint8_t *x, size_t n, float scale,
                             int32_t zero_point, float *y);

/*
 * What a function of one int8 number is: table[(uint8_t)x] for each of the 256. Pointwise functions
 * of quantised values are such tables: dequantise, compute exactly, round half to even.
 */
void umm_rowop_table(enum umm_cpu cpu, const uint8_t table[256], const uint8_t *x, size_t n,
                     uint8_t *y);

#endif
