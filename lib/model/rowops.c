/* SPDX-License-Identifier: MIT */
#include "model/rowops.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/logarithm.h"
#include "model/rowops_engines.h"

enum { CHUNK = 256 }; /* numbers that are held on the stack */

static const struct umm_rowops *engine(enum umm_cpu cpu)
{
    switch (cpu) {
    case UMM_CPU_AVX512: return &umm_rowops_avx512;
    case UMM_CPU_AVX2: return &umm_rowops_avx2;
#if defined(__aarch64__)
    case UMM_CPU_NEON: return &umm_rowops_neon;
#else
    case UMM_CPU_NEON:
#endif
    case UMM_CPU_PORTABLE:
    case UMM_CPU_COUNT: break;
    }
    return &umm_rowops_portable;
}

static float tidied(float x)
{
    return x == x ? x : NAN;
}

static double tidied_f64(double x)
{
    return x == x ? x : (double)NAN;
}

/* ---- one number from one --------------------------------------------------------------- */

void umm_rowop_sigmoid(enum umm_cpu cpu, const float *x, size_t n, float *y)
{
    engine(cpu)->sigmoid(x, n, y);
}

void umm_rowop_tanh(enum umm_cpu cpu, const float *x, size_t n, float *y)
{
    engine(cpu)->tanh(x, n, y);
}

void umm_rowop_exp(enum umm_cpu cpu, const float *x, size_t n, float *y)
{
    engine(cpu)->exp(x, n, y);
}

void umm_rowop_limit(enum umm_cpu cpu, const float *x, size_t n, float low, float high, float *y)
{
    engine(cpu)->limit(x, n, low, high, y);
}

void umm_rowop_limit_f64(const double *x, size_t n, double low, double high, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tidied_f64(x[i] < low ? low : x[i] > high ? high : x[i]);
}

void umm_rowop_leaky(enum umm_cpu cpu, const float *x, size_t n, float alpha, float *y)
{
    engine(cpu)->leaky(x, n, alpha, y);
}

void umm_rowop_tidy(enum umm_cpu cpu, float *x, size_t n)
{
    engine(cpu)->tidy(x, n);
}

void umm_rowop_logistic_pair(enum umm_cpu cpu, const float *x, size_t n, float *y)
{
    float sides[2 * CHUNK];
    for (size_t at = 0, n_now; at < n; at += n_now) {
        n_now = n - at < CHUNK ? n - at : CHUNK;
        for (size_t i = 0; i < n_now; i++) {
            sides[i] = -x[at + i];
            sides[n_now + i] = x[at + i];
        }
        engine(cpu)->sigmoid(sides, 2 * n_now, sides);
        for (size_t i = 0; i < n_now; i++) {
            y[2 * (at + i)] = sides[i];
            y[2 * (at + i) + 1] = sides[n_now + i];
        }
    }
}

/*
 * sqrt(2) erfinv(2p - 1). Where p is near 1/2, the sum under the root loses most of its digits;
 * the order of operations is ONNX Runtime's, so that it loses the same.
 */
static float probit(float p)
{
    const float a = 0.147F, root_2 = 1.41421356F;
    const float x = 2 * p - 1;
    const float log = (float)umm_log_ratio((double)((1 - x) * (1 + x)), 1);
    const float v = 2 / (3.14159F * a) + 0.5F * log, v2 = 1 / a * log;
    const float result = sqrtf(-v + sqrtf(v * v - v2));
    return tidied(root_2 * (x < 0 ? -result : result));
}

void umm_rowop_probit(const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = probit(x[i]);
}

/* ---- casts ----------------------------------------------------------------------------- */

void umm_rowop_f32_to_f64(const float *x, size_t n, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tidied_f64(x[i]);
}

void umm_rowop_f64_to_f32(const double *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tidied((float)x[i]);
}

static const double two_63 = 9223372036854775808.0;

void umm_rowop_f64_to_i64(const double *x, size_t n, int64_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = fabs(x[i]) < two_63 ? (int64_t)x[i] : INT64_MIN;
}

void umm_rowop_f32_to_i64(const float *x, size_t n, int64_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = fabs((double)x[i]) < two_63 ? (int64_t)x[i] : INT64_MIN;
}

void umm_rowop_i64_to_f32(const int64_t *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (float)x[i];
}

void umm_rowop_i64_to_f64(const int64_t *x, size_t n, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (double)x[i];
}

/* ---- two operands ---------------------------------------------------------------------- */

void umm_rowop_binary_f32(enum umm_cpu cpu, enum umm_rowop_binary op,
                          const struct umm_rowop_operand *a, const struct umm_rowop_operand *b,
                          size_t n_rows, size_t width, float *y, size_t y_stride)
{
    engine(cpu)->binary(op, a, b, n_rows, width, y, y_stride);
}

static double operate(enum umm_rowop_binary op, double a, double b)
{
    switch (op) {
    case UMM_ROWOP_ADD: return a + b;
    case UMM_ROWOP_SUB: return a - b;
    case UMM_ROWOP_MUL: return a * b;
    case UMM_ROWOP_DIV: break;
    }
    return a / b;
}

void umm_rowop_binary_f64(enum umm_rowop_binary op, struct umm_rowop_operand a,
                          struct umm_rowop_operand b, size_t n_rows, size_t width, double *y,
                          size_t y_stride)
{
    const double *left = a.data, *right = b.data;
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t i = 0; i < width; i++)
            y[i] = tidied_f64(operate(op, left[a.is_one ? 0 : i], right[b.is_one ? 0 : i]));
        left += a.stride;
        right += b.stride;
        y += y_stride;
    }
}

/* ---- rows ------------------------------------------------------------------------------ */

/* What a row is divided by. */
static float norm_of(enum umm_rowop_norm norm, const float *x, size_t width)
{
    float max = -INFINITY, sum = 0;
    for (size_t i = 0; i < width; i++) {
        max = max < x[i] ? x[i] : max;
        sum += norm == UMM_ROWOP_L1 ? fabsf(x[i]) : x[i] * x[i];
    }
    return norm == UMM_ROWOP_MAX ? max : sum;
}

void umm_rowop_normalize(enum umm_rowop_norm norm, const float *x, size_t x_stride, size_t n_rows,
                         size_t width, float *y, size_t y_stride)
{
    for (size_t row = 0; row < n_rows; row++, x += x_stride, y += y_stride) {
        const float by = norm_of(norm, x, width);
        for (size_t i = 0; i < width; i++)
            if (by == 0)
                y[i] = x[i];
            else if (norm == UMM_ROWOP_L2)
                y[i] = tidied(copysignf(sqrtf(x[i] * x[i] / by), x[i]));
            else
                y[i] = tidied(x[i] / by);
    }
}

static float max_of(const float *x, size_t n)
{
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = max < x[i] ? x[i] : max;
    return max;
}

/* Four sums side by side: the same, whether a row is added in one piece or in CHUNKs. */
static void add_up(double sums[4], const double *e, size_t n)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        sums[0] += e[i];
        sums[1] += e[i + 1];
        sums[2] += e[i + 2];
        sums[3] += e[i + 3];
    }
    for (; i < n; i++)
        sums[i % 4] += e[i];
}

static double sum_of(const double sums[4])
{
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static bool is_about_zero(float x)
{
    return !(x > 1e-7F || x < -1e-7F);
}

/* exp(x - max) in double of n <= CHUNK numbers. */
static void exps_below(const struct umm_rowops *ops, const float *x, size_t n, float max, double *e)
{
    for (size_t i = 0; i < n; i++)
        e[i] = (double)x[i] - (double)max;
    ops->exp_f64(e, n);
}

/* Rows of more than CHUNK numbers: the exponentials are computed twice. */
static void softmax_wide(const struct umm_rowops *ops, const float *x, size_t width, float *y)
{
    const float max = max_of(x, width);
    double e[CHUNK], sums[4] = {0};
    for (size_t at = 0; at < width; at += CHUNK) {
        const size_t n = width - at < CHUNK ? width - at : CHUNK;
        exps_below(ops, x + at, n, max, e);
        add_up(sums, e, n);
    }
    const double factor = 1 / sum_of(sums);
    for (size_t at = 0; at < width; at += CHUNK) {
        const size_t n = width - at < CHUNK ? width - at : CHUNK;
        exps_below(ops, x + at, n, max, e);
        for (size_t i = 0; i < n; i++)
            y[at + i] = tidied((float)(e[i] * factor));
    }
}

/* As many narrow rows at once as CHUNK has room for: their exponentials fill whole vectors. */
static void softmax_narrow(const struct umm_rowops *ops, const float *x, size_t x_stride,
                           size_t n_rows, size_t width, float *y, size_t y_stride)
{
    double e[CHUNK];
    for (size_t row = 0; row < n_rows; row++) {
        const float *from = x + row * x_stride;
        const float max = max_of(from, width);
        for (size_t i = 0; i < width; i++)
            e[row * width + i] = (double)from[i] - (double)max;
    }
    ops->exp_f64(e, n_rows * width);
    for (size_t row = 0; row < n_rows; row++) {
        double sums[4] = {0};
        add_up(sums, e + row * width, width);
        const double factor = 1 / sum_of(sums);
        for (size_t i = 0; i < width; i++)
            y[row * y_stride + i] = tidied((float)(e[row * width + i] * factor));
    }
}

/* y / sum in a second pass, since a sum is known only after the first; x may be y. */
static void softmax_zero(const struct umm_rowops *ops, const float *x, size_t width, float *y)
{
    const float max = max_of(x, width);
    double at_zero = -(double)max, sums[4] = {0}, e;
    ops->exp_f64(&at_zero, 1);
    for (size_t i = 0; i < width; i++)
        if (!is_about_zero(x[i])) {
            e = (double)x[i] - (double)max;
            ops->exp_f64(&e, 1);
            sums[i % 4] += e;
        }
    const double factor = 1 / sum_of(sums);
    for (size_t i = 0; i < width; i++) {
        e = (double)x[i] - (double)max;
        ops->exp_f64(&e, 1);
        y[i] = tidied((float)((is_about_zero(x[i]) ? (double)x[i] * at_zero : e) * factor));
    }
}

void umm_rowop_softmax(enum umm_cpu cpu, const float *x, size_t x_stride, size_t n_rows,
                       size_t width, bool is_zero, float *y, size_t y_stride)
{
    const struct umm_rowops *ops = engine(cpu);
    const bool is_narrow = !is_zero && width <= CHUNK;
    const size_t block = is_narrow && width ? CHUNK / width : 1;
    for (size_t row = 0, n; row < n_rows; row += n, x += n * x_stride, y += n * y_stride) {
        n = n_rows - row < block ? n_rows - row : block;
        if (is_narrow)
            softmax_narrow(ops, x, x_stride, n, width, y, y_stride);
        else if (is_zero)
            softmax_zero(ops, x, width, y);
        else
            softmax_wide(ops, x, width, y);
    }
}

/* ---- int8 ------------------------------------------------------------------------------ */

/* Nothing overflows, or underflows that matters, where numbers of some 100 scales are multiplied.
 */
static bool is_usual(float scale)
{
    int exponent;
    const float significand = frexpf(scale, &exponent);
    return exponent > -60 && exponent < 60 && significand != 1 - FLT_EPSILON / 2;
}

static struct umm_rowop_rounding rounding_of(struct umm_rowop_quantum to)
{
    const int32_t least = to.is_u8 ? 0 : INT8_MIN, most = to.is_u8 ? UINT8_MAX : INT8_MAX;
    return (struct umm_rowop_rounding){.scale = to.scale,
                                       .reciprocal = 1 / to.scale,
                                       .low = (float)(least - to.zero_point),
                                       .high = (float)(most - to.zero_point),
                                       .zero_point = to.zero_point,
                                       .is_by_reciprocal = to.is_by_reciprocal,
                                       .is_usual = is_usual(to.scale)};
}

void umm_rowop_quantize(enum umm_cpu cpu, const float *x, size_t n, struct umm_rowop_quantum to,
                        uint8_t *y)
{
    const struct umm_rowop_rounding rounding = rounding_of(to);
    engine(cpu)->quantize(x, n, &rounding, y);
}

void umm_rowop_scale_quantize(enum umm_cpu cpu, const float *x, const float *factors, size_t n_rows,
                              size_t width, struct umm_rowop_quantum to, uint8_t *y)
{
    const struct umm_rowop_rounding rounding = rounding_of(to);
    engine(cpu)->scale_quantize(x, factors, n_rows, width, &rounding, y);
}

void umm_rowop_dequantize(enum umm_cpu cpu, const uint8_t *x, size_t n,
                          struct umm_rowop_quantum from, float *y)
{
    engine(cpu)->dequantize(x, n, from, y);
}

void umm_rowop_table(enum umm_cpu cpu, const uint8_t table[256], const uint8_t *x, size_t n,
                     uint8_t *y)
{
    engine(cpu)->table(table, x, n, y);
}
