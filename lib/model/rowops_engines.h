/* SPDX-License-Identifier: MIT */
/*
 * rowops_engines.h - the engines of rowops.h; empty on machines that lack them. Parameters are
 * those of the functions of rowops.h.
 */
#ifndef UMM_MODEL_ROWOPS_ENGINES_H
#define UMM_MODEL_ROWOPS_ENGINES_H

#include "model/rowops.h"

/*
 * What quantising is made of: rint(clamp(x / scale, low, high)) + zero_point. is_usual: neither
 * very large nor very small, and not the last float before a power of two, so that dividing by
 * multiplications is exact.
 */
struct umm_rowop_rounding {
    float scale, reciprocal, low, high;
    int32_t zero_point;
    bool is_by_reciprocal, is_usual;
};

struct umm_rowops {
    void (*sigmoid)(const float *x, size_t n, float *y);
    void (*tanh)(const float *x, size_t n, float *y);
    void (*exp)(const float *x, size_t n, float *y);
    void (*exp_f64)(double *x, size_t n); /* in place; as exp, not rounded to float */
    void (*limit)(const float *x, size_t n, float low, float high, float *y);
    void (*leaky)(const float *x, size_t n, float alpha, float *y);
    void (*tidy)(float *x, size_t n);
    void (*binary)(enum umm_rowop_binary op, const struct umm_rowop_operand *a,
                   const struct umm_rowop_operand *b, size_t n_rows, size_t width, float *y,
                   size_t y_stride);
    void (*quantize)(const float *x, size_t n, const struct umm_rowop_rounding *to, uint8_t *y);
    void (*scale_quantize)(const float *x, const float *factors, size_t n_rows, size_t width,
                           const struct umm_rowop_rounding *to, uint8_t *y);
    void (*dequantize)(const uint8_t *x, size_t n, struct umm_rowop_quantum from, float *y);
    void (*table)(const uint8_t table[256], const uint8_t *x, size_t n, uint8_t *y);
};

extern const struct umm_rowops umm_rowops_portable, umm_rowops_neon, umm_rowops_avx2,
    umm_rowops_avx512;

#endif
