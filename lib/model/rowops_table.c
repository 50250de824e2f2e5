/* SPDX-License-Identifier: MIT */
/* Functions of quantised numbers: each is computed as exactly as double can, for all 256. */
#include "model/rowops.h"

#include <math.h>

/*
 * x = k ln 2 + r with |r| <= 0.35; ln 2 is a number of 32 bits, whose multiples by k are exact, and
 * the rest. The series of exp(r) is below 2^-60 from r^15 / 15! on.
 */
static double exact_exp(double x)
{
    const double ln2_high = 0.69314718036912381649, ln2_low = 1.9082149292705877000e-10;
    x = x < -1000 ? -1000 : x > 1000 ? 1000 : x;
    const double k = rint(x * 1.4426950408889634074);
    const double r = (x - k * ln2_high) - k * ln2_low;
    double series = 1;
    for (int i = 15; i >= 1; i--)
        series = 1 + series * r / i;
    return ldexp(series, (int)k);
}

static double exact_sigmoid(double x)
{
    return 1 / (1 + exact_exp(-x));
}

static int32_t least_of(struct umm_rowop_quantum quantum)
{
    return quantum.is_u8 ? 0 : INT8_MIN;
}

static float meaning(int32_t q, struct umm_rowop_quantum quantum)
{
    return (float)(q - quantum.zero_point) * quantum.scale;
}

static uint8_t nearest(double x, struct umm_rowop_quantum to)
{
    const int32_t least = least_of(to), most = least + UINT8_MAX;
    const double q = rint(x / (double)to.scale) + to.zero_point;
    return (uint8_t)(q <= least ? least : q >= most ? most : (int32_t)q);
}

static double value_of(const struct umm_rowop_pointwise *function, double x)
{
    const double low = (double)function->low, high = (double)function->high;
    switch (function->function) {
    case UMM_ROWOP_SIGMOID: return exact_sigmoid(x);
    case UMM_ROWOP_TANH: return 2 * exact_sigmoid(2 * x) - 1;
    case UMM_ROWOP_LIMIT: return x < low ? low : x > high ? high : x;
    case UMM_ROWOP_LEAKY: break;
    }
    return x >= 0 ? x : x * (double)function->alpha;
}

void umm_rowop_make_table(const struct umm_rowop_pointwise *function, struct umm_rowop_quantum from,
                          struct umm_rowop_quantum to, uint8_t table[256])
{
    for (int32_t i = 0, q = least_of(from); i <= UINT8_MAX; i++, q++)
        table[(uint8_t)q] = nearest(value_of(function, (double)meaning(q, from)), to);
}

void umm_rowop_make_exps(struct umm_rowop_quantum from, struct umm_rowop_exps *exps)
{
    for (int i = 0; i < 256; i++)
        exps->e[i] = (float)exact_exp((double)(-from.scale * (float)i));
}

/* A number of either type as 0 to 255, in the order of what they mean. */
static unsigned rank(uint8_t x, struct umm_rowop_quantum quantum)
{
    return quantum.is_u8 ? x : x ^ 0x80U;
}

/* A number of to's units, with its zero point added, and held to its type. */
static uint8_t settle(float units, struct umm_rowop_quantum to)
{
    const int32_t least = least_of(to), most = least + UINT8_MAX;
    const float q = roundf(units) + (float)to.zero_point;
    return (uint8_t)(q <= (float)least ? least : q >= (float)most ? most : (int32_t)q);
}

void umm_rowop_softmax_quantized(const struct umm_rowop_exps *exps, struct umm_rowop_quantum from,
                                 const uint8_t *x, size_t x_stride, size_t n_rows, size_t width,
                                 struct umm_rowop_quantum to, uint8_t *y, size_t y_stride)
{
    for (size_t row = 0; row < n_rows; row++, x += x_stride, y += y_stride) {
        unsigned max = 0;
        float sum = 0;
        for (size_t i = 0; i < width; i++)
            max = max < rank(x[i], from) ? rank(x[i], from) : max;
        for (size_t i = 0; i < width; i++)
            sum += exps->e[max - rank(x[i], from)];
        const float inverse = 1 / (sum * to.scale);
        for (size_t i = 0; i < width; i++)
            y[i] = settle(exps->e[max - rank(x[i], from)] * inverse, to);
    }
}
