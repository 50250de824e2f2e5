/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/dense_engines.h"

/* A row's numbers are (q - zero_point) * scale; is_finite: all are numbers, else it has no range.
 */
struct row_scale {
    float scale;
    int32_t zero_point;
    bool is_finite;
};

struct range {
    float low, high;
    bool is_finite;
};

/* The range of a row, with 0 in it. */
static struct range range_of(const float *x, size_t n)
{
    struct range r = {.is_finite = true};
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        r.low = x[i] < r.low ? x[i] : r.low;
        r.high = x[i] > r.high ? x[i] : r.high;
        sum += x[i] * 0; /* 0, unless x is not finite */
    }
    r.is_finite = sum == 0;
    return r;
}

/* Half to even, of what is less than 2^22: above 1.5 * 2^23 floats are integers. */
static float round_even(float x)
{
    const float integers = 12582912.0f;
    return (x + integers) - integers;
}

/* Halves away from zero. */
static int32_t round_away(float x)
{
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

/* A row without a range, or one of zeros; so is one that is so small that its scale is none. */
static struct row_scale zeros(void *q, size_t n, bool is_finite)
{
    memset(q, 0, n);
    return (struct row_scale){1.0f, 0, is_finite};
}

/* ONNX Runtime's DynamicQuantizeLinear. The limits are integers: before rounding they do as well.
 */
static struct row_scale quantise_u8(const float *x, size_t n, uint8_t *q)
{
    struct range range = range_of(x, n);
    float scale = (range.high - range.low) / 255.0f;
    if (scale == 0 || !range.is_finite)
        return zeros(q, n, range.is_finite);
    float zero = round_even(umm_dense_limit(0.0f - range.low / scale, 0.0f, 255.0f));
    for (size_t i = 0; i < n; i++) {
        float y = umm_dense_limit(x[i] / scale, -zero, 255.0f - zero);
        q[i] = (uint8_t)(int32_t)(round_even(y) + zero);
    }
    return (struct row_scale){scale, (int32_t)zero, true};
}

static void quantise_i8(const float *x, size_t n, float inverse, float zero, float low, int8_t *q)
{
    for (size_t i = 0; i < n; i++)
        q[i] = (int8_t)round_away(umm_dense_limit(zero + x[i] * inverse, low, 127.0f));
}

/* TensorFlow Lite's PortableSymmetricQuantizeFloats. */
static struct row_scale quantise_symmetric(const float *x, size_t n, int8_t *q)
{
    struct range range = range_of(x, n);
    float most = -range.low > range.high ? -range.low : range.high, inverse = 127.0f / most;
    if (isinf(inverse) || !range.is_finite)
        return zeros(q, n, range.is_finite);
    quantise_i8(x, n, inverse, 0, -127.0f, q);
    return (struct row_scale){most / 127.0f, 0, true};
}

/* TensorFlow Lite's PortableAsymmetricQuantizeFloats: zero from the end that it is nearer to. */
static struct row_scale quantise_asymmetric(const float *x, size_t n, int8_t *q)
{
    struct range range = range_of(x, n);
    double low = (double)range.low, high = (double)range.high, scale = (high - low) / 255.0;
    float inverse = 1.0f / (float)scale;
    if (isinf(inverse) || !range.is_finite)
        return zeros(q, n, range.is_finite);
    bool is_from_low = 128.0 - low / scale < 127.0 + high / scale;
    double zero = is_from_low ? -128.0 - low / scale : 127.0 - high / scale;
    zero = zero < -128.0 ? -128.0 : zero > 127.0 ? 127.0 : round(zero);
    quantise_i8(x, n, inverse, (float)zero, -128.0f, q);
    return (struct row_scale){(float)scale, (int32_t)zero, true};
}

static struct row_scale quantise(const struct umm_dense *dense, const float *x, void *q)
{
    if (dense->is_x_u8)
        return quantise_u8(x, dense->n_in, (uint8_t *)q);
    if (dense->is_asymmetric)
        return quantise_asymmetric(x, dense->n_in, (int8_t *)q);
    return quantise_symmetric(x, dense->n_in, (int8_t *)q);
}

/* From sums to numbers, in place. The sums are of q without its zero point. */
static void scale_back(const struct umm_dense *dense, struct row_scale as, float *y)
{
    const uint32_t nan = UMM_DENSE_NAN;
    for (uint32_t o = 0; o < dense->n_out; o++) {
        uint32_t sum;
        memcpy(&sum, &y[o], sizeof sum);
        sum -= (uint32_t)as.zero_point * dense->w_sums[o];
        float scaled = (float)(int32_t)sum * (as.scale * dense->multipliers[o]);
        scaled = umm_dense_limit(scaled + dense->bias_f32[o], dense->bounds.f32_low[0],
                                 dense->bounds.f32_high[0]);
        memcpy(&y[o], as.is_finite && scaled == scaled ? (const void *)&scaled : &nan, sizeof nan);
    }
}

static size_t q_stride(const struct umm_dense *dense)
{
    return ((size_t)dense->n_in + 63) / 64 * 64;
}

size_t umm_dense_dynamic_bytes(const struct umm_dense *dense)
{
    return dense->rows_at_once * q_stride(dense) + 64;
}

void umm_dense_dynamic_run(const struct umm_dense *dense, const float *x, size_t x_stride,
                           size_t n_rows, float *y, size_t y_stride, void *scratch)
{
    struct row_scale as[UMM_DENSE_ROWS_MAX];
    char *q = (char *)scratch, *rest = q + umm_dense_dynamic_bytes(dense);
    size_t n;
    for (; n_rows; n_rows -= n, x += n * x_stride, y += n * y_stride) {
        n = n_rows < dense->rows_at_once ? n_rows : dense->rows_at_once;
        for (size_t row = 0; row < n; row++)
            as[row] = quantise(dense, x + row * x_stride, q + row * q_stride(dense));
        umm_dense_rows_run(dense, q, q_stride(dense), n, y, y_stride * sizeof(float), rest);
        for (size_t row = 0; row < n; row++)
            scale_back(dense, as[row], y + row * y_stride);
    }
}
