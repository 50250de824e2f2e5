/* SPDX-License-Identifier: MIT */
/*
 * rowops.h - what is computed number by number, or over one row, between dense layers. The same
 * bits on every engine: a NaN that is computed is 0x7fc00000, whatever the one was that it came
 * from.
 *
 * n is a number of numbers without gaps. Where there are strides, in numbers, a row has width
 * numbers and nothing beyond them is read or written. x and y may be the same place where their
 * types have one size and their strides are equal. cpu: an engine that this machine has.
 */
#ifndef UMM_MODEL_ROWOPS_H
#define UMM_MODEL_ROWOPS_H

#include "base/cpu.h"
#include "umm.h"

/* ---- floats -------------------------------------------------------------------------- */

/*
 * 1 / (1 + exp(-x)), tanh(x), exp(x): computed in double and rounded once, within 0.51 of a unit
 * in the last place.
 */
void umm_rowop_sigmoid(enum umm_cpu cpu, const float *x, size_t n, float *y);
void umm_rowop_tanh(enum umm_cpu cpu, const float *x, size_t n, float *y);
void umm_rowop_exp(enum umm_cpu cpu, const float *x, size_t n, float *y);

/*
 * exp(x - max) over their sum, of each row, likewise. A row with NaN or INFINITY, or of nothing
 * but -INFINITY, becomes NaN. is_zero: SOFTMAX_ZERO of ai.onnx.ml, in which a number within 1e-7
 * of 0 becomes exp(-max) times itself and is no part of the sum: 0 stays 0.
 */
void umm_rowop_softmax(enum umm_cpu cpu, const float *x, size_t x_stride, size_t n_rows,
                       size_t width, bool is_zero, float *y, size_t y_stride);

/* x < low ? low : x > high ? high : x; NaN stays. RELU: from 0 to infinity. */
void umm_rowop_limit(enum umm_cpu cpu, const float *x, size_t n, float low, float high, float *y);
void umm_rowop_limit_f64(const double *x, size_t n, double low, double high, double *y);
void umm_rowop_leaky(enum umm_cpu cpu, const float *x, size_t n, float alpha, float *y);

/* ai.onnx.ml's: 2 numbers for each of n, 1 - p and p = sigmoid(x), both rounded from double. */
void umm_rowop_logistic_pair(enum umm_cpu cpu, const float *x, size_t n, float *y);

/* ai.onnx.ml's PROBIT: ONNX Runtime's approximation (Winitzki's inverse of erf), in its floats. */
void umm_rowop_probit(const float *x, size_t n, float *y);

/* ai.onnx.ml's Normalizer: each row over its max, sum of magnitudes, or root of squares; or as is
 * where that is 0. Sums are in float and in order; L2 is the root of x * x over the sum. */
enum umm_rowop_norm { UMM_ROWOP_MAX, UMM_ROWOP_L1, UMM_ROWOP_L2 };
void umm_rowop_normalize(enum umm_rowop_norm norm, const float *x, size_t x_stride, size_t n_rows,
                         size_t width, float *y, size_t y_stride);

/*
 * An operand of rows: data is float or double; stride 0 is one row for all, is_one one number for
 * all of a row: {constant, 0, false}, {scalar, 0, true}, {values, stride, false}.
 */
struct umm_rowop_operand {
    const void *data;
    size_t stride;
    bool is_one;
};

enum umm_rowop_binary { UMM_ROWOP_ADD, UMM_ROWOP_SUB, UMM_ROWOP_MUL, UMM_ROWOP_DIV };

/* y = a OP b. y may be the place of an operand of its shape. */
void umm_rowop_binary_f32(enum umm_cpu cpu, enum umm_rowop_binary op,
                          const struct umm_rowop_operand *a, const struct umm_rowop_operand *b,
                          size_t n_rows, size_t width, float *y, size_t y_stride);
void umm_rowop_binary_f64(enum umm_rowop_binary op, struct umm_rowop_operand a,
                          struct umm_rowop_operand b, size_t n_rows, size_t width, double *y,
                          size_t y_stride);

/* Each n numbers; what is no int64_t, and NaN, becomes INT64_MIN. */
void umm_rowop_f32_to_f64(const float *x, size_t n, double *y);
void umm_rowop_f64_to_f32(const double *x, size_t n, float *y);
void umm_rowop_f32_to_i64(const float *x, size_t n, int64_t *y);
void umm_rowop_f64_to_i64(const double *x, size_t n, int64_t *y);
void umm_rowop_i64_to_f32(const int64_t *x, size_t n, float *y);
void umm_rowop_i64_to_f64(const int64_t *x, size_t n, double *y);

/* NaN becomes 0x7fc00000. */
void umm_rowop_tidy(enum umm_cpu cpu, float *x, size_t n);

/* ---- int8 ---------------------------------------------------------------------------- */

/*
 * What a quantised number means: (q - zero_point) * scale; is_u8: 0 to 255, else -128 to 127. The
 * zero point is one of these. is_by_reciprocal: quantised by x * (1 / scale) as XNNPACK does, not
 * x / scale as ONNX has it.
 */
struct umm_rowop_quantum {
    float scale;
    int32_t zero_point;
    bool is_u8, is_by_reciprocal;
};

/* rint(x / scale) + zero_point, clamped to the type; NaN gives the zero point. */
void umm_rowop_quantize(enum umm_cpu cpu, const float *x, size_t n, struct umm_rowop_quantum to,
                        uint8_t *y);

/*
 * The same of x * factors, rounded to float: of rows of width numbers without gaps, and as many
 * factors. 64 bytes after these can be read; their content changes nothing.
 */
void umm_rowop_scale_quantize(enum umm_cpu cpu, const float *x, const float *factors, size_t n_rows,
                              size_t width, struct umm_rowop_quantum to, uint8_t *y);
void umm_rowop_dequantize(enum umm_cpu cpu, const uint8_t *x, size_t n,
                          struct umm_rowop_quantum from, float *y);

/*
 * A function of one int8 number is table[(uint8_t)x] for each of the 256. Pointwise functions of
 * quantised values are such tables: dequantise, compute exactly, round half to even.
 */
void umm_rowop_table(enum umm_cpu cpu, const uint8_t table[256], const uint8_t *x, size_t n,
                     uint8_t *y);

/* LIMIT with infinite limits requantises; LEAKY is of alpha. */
enum umm_rowop_function { UMM_ROWOP_SIGMOID, UMM_ROWOP_TANH, UMM_ROWOP_LIMIT, UMM_ROWOP_LEAKY };

struct umm_rowop_pointwise {
    enum umm_rowop_function function;
    float low, high; /* LIMIT */
    float alpha;     /* LEAKY */
};

/* Make the table of a function from quantised to quantised numbers. */
void umm_rowop_make_table(const struct umm_rowop_pointwise *function, struct umm_rowop_quantum from,
                          struct umm_rowop_quantum to, uint8_t table[256]);

/*
 * Softmax of quantised rows, with the bits of TensorFlow Lite's kernel for x86: exp(-i *
 * from.scale) of i steps below the row's largest as floats, summed in order, times 1 / (sum *
 * to.scale), rounded with halves away from 0.
 */
struct umm_rowop_exps {
    float e[256];
};
void umm_rowop_make_exps(struct umm_rowop_quantum from, struct umm_rowop_exps *exps);
void umm_rowop_softmax_quantized(const struct umm_rowop_exps *exps, struct umm_rowop_quantum from,
                                 const uint8_t *x, size_t x_stride, size_t n_rows, size_t width,
                                 struct umm_rowop_quantum to, uint8_t *y, size_t y_stride);

#endif
