/* SPDX-License-Identifier: MIT */
/* rowops.h: every engine against slow, obvious code, bit for bit, up to the last byte of memory. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/rowops.h"

#include "guarded.h"
#include "random.h"

enum { N_MAX = 300, ROOM = 64 * 1024 };

static const size_t lengths[] = {0,  1,  2,  3,  4,  5,  7,   8,   9,   13,  15,  16,  17,
                                 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, N_MAX};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static uint64_t state = RANDOM_SEED;
static struct guarded from, other, to;

static size_t below(size_t n)
{
    return (size_t)(xorshift64(&state) % n);
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Numbers of every kind: NaN, infinite, denormal, of any size, halves, of usual size. */
static float any_float(void)
{
    static const float special[] = {0.0F,     -0.0F,   INFINITY,  -INFINITY,  FLT_MAX,
                                    -FLT_MAX, FLT_MIN, 0x1p-149F, -0x1p-149F, 1.0F,
                                    0.5F,     -0.5F,   88.7228F,  -103.97F,   1e-7F};
    switch (below(8)) {
    case 0: return special[below(sizeof special / sizeof *special)];
    case 1: return float_of((uint32_t)xorshift64(&state)); /* some are NaN */
    case 2: return (float)below(512) * 0.5F - 128;
    case 3: return float_of(0x7FC00000U | (uint32_t)below(1 << 20) | (uint32_t)below(2) << 31);
    default: return ((float)below(1 << 24) / (1 << 23) - 1) * 20;
    }
}

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = any_float();
}

static bool is_here(int cpu)
{
    return cpu == UMM_CPU_PORTABLE || (cpu <= (int)umm_cpu_best() &&
                                       (cpu == UMM_CPU_NEON) == (umm_cpu_best() == UMM_CPU_NEON));
}

#define EACH_ENGINE(cpu)                                                                           \
    for (enum umm_cpu cpu = 0; cpu < UMM_CPU_COUNT; cpu++)                                         \
        if (is_here((int)cpu))

static void assert_same(const float *got, const float *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bits_of(got[i]) != bits_of(wanted[i]))
            fail_msg("number %zu: %a (%08x), not %a (%08x)", i, (double)got[i], bits_of(got[i]),
                     (double)wanted[i], bits_of(wanted[i]));
}

static float tidied(float x)
{
    return x == x ? x : float_of(0x7FC00000);
}

/* ---- exponentials -------------------------------------------------------------------------- */

typedef void function(enum umm_cpu cpu, const float *x, size_t n, float *y);

static long double exact_sigmoid(long double x)
{
    return 1 / (1 + expl(-x));
}

/* How far y is from exact, in units in the last place of the float that exact rounds to. */
static double error_ulp(float y, long double exact)
{
    const float nearest = (float)exact;
    if (isinf(nearest))
        return y == nearest ? 0 : INFINITY;
    const float above = nextafterf(fabsf(nearest), INFINITY);
    const long double unit = isinf(above) ? 0x1p104L : (long double)above - fabsl(nearest);
    return (double)(fabsl((long double)y - exact) / unit);
}

/* The largest error over floats that are `step` apart, of both signs. */
static void check_errors(function *f, long double (*exact)(long double), uint32_t step)
{
    enum { AT_ONCE = 1024 };
    static float x[2 * AT_ONCE], y[2 * AT_ONCE];
    double worst = 0;
    float worst_at = 0;
    for (uint64_t bits = 0; bits < 0x7F800000; bits += (uint64_t)step * AT_ONCE) {
        for (unsigned i = 0; i < AT_ONCE; i++) {
            const uint64_t now = bits + (uint64_t)i * step;
            x[2 * i] = float_of(now < 0x7F800000 ? (uint32_t)now : 0x7F800000);
            x[2 * i + 1] = -x[2 * i];
        }
        f(umm_cpu_best(), x, 2 * AT_ONCE, y);
        for (unsigned i = 0; i < 2 * AT_ONCE; i++) {
            const double error = error_ulp(y[i], exact(x[i]));
            if (error > worst) {
                worst = error;
                worst_at = x[i];
            }
        }
    }
    if (!(worst < 0.51))
        fail_msg("%g units at %a", worst, (double)worst_at);
}

static uint32_t sampling(void)
{
    const char *text = getenv("UMM_TEST_FLOATS"); /* 1: each float there is, some hours */
    return text ? (uint32_t)strtoul(text, NULL, 10) : 8219;
}

static void exponentials_are_rounded_well(void **unused)
{
    (void)unused;
    check_errors(umm_rowop_exp, expl, sampling());
    check_errors(umm_rowop_sigmoid, exact_sigmoid, sampling());
    check_errors(umm_rowop_tanh, tanhl, sampling());
}

/* Portable code is the reference of engines, in place and not. */
static void check_function(function *f)
{
    float x[N_MAX], wanted[N_MAX];
    for (unsigned i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i], len_bytes = n * sizeof *x;
        fill(x, n);
        for (size_t k = 0; k < n; k++)
            f(UMM_CPU_PORTABLE, &x[k], 1, &wanted[k]);
        EACH_ENGINE(cpu)
        {
            float *y = guarded_end(&to, len_bytes);
            f(cpu, guarded_copy(&from, x, len_bytes), n, y);
            assert_same(y, wanted, n);
            guarded_copy(&to, x, len_bytes);
            f(cpu, y, n, y);
            assert_same(y, wanted, n);
        }
    }
}

static void engines_agree_on_exponentials(void **unused)
{
    (void)unused;
    for (int round = 0; round < 20; round++) {
        check_function(umm_rowop_exp);
        check_function(umm_rowop_sigmoid);
        check_function(umm_rowop_tanh);
    }
}

static float one(function *f, float x)
{
    float y;
    f(umm_cpu_best(), &x, 1, &y);
    return y;
}

static void exponentials_have_their_limits(void **unused)
{
    (void)unused;
    const float nan = float_of(0xFFC12345);
    assert_true(one(umm_rowop_exp, 0) == 1 && one(umm_rowop_exp, -INFINITY) == 0);
    assert_true(isinf(one(umm_rowop_exp, 89)) && one(umm_rowop_exp, -104) == 0);
    assert_true(one(umm_rowop_sigmoid, 0) == 0.5F && one(umm_rowop_sigmoid, INFINITY) == 1);
    assert_true(one(umm_rowop_sigmoid, -INFINITY) == 0);
    assert_true(one(umm_rowop_tanh, INFINITY) == 1 && one(umm_rowop_tanh, -INFINITY) == -1);
    assert_int_equal(bits_of(one(umm_rowop_tanh, -0.0F)), 0x80000000);
    assert_int_equal(bits_of(one(umm_rowop_tanh, 0x1p-149F)), 1);
    assert_int_equal(bits_of(one(umm_rowop_exp, nan)), 0x7FC00000);
    assert_int_equal(bits_of(one(umm_rowop_sigmoid, nan)), 0x7FC00000);
    assert_int_equal(bits_of(one(umm_rowop_tanh, nan)), 0x7FC00000);
}

/* ---- softmax -------------------------------------------------------------------------------- */

static void check_softmax_row(const float *x, size_t width, const float *y)
{
    long double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < width; i++)
        max = x[i] > max ? x[i] : max;
    for (size_t i = 0; i < width; i++)
        sum += expl(x[i] - max);
    for (size_t i = 0; i < width; i++) {
        const long double exact = expl(x[i] - max) / sum;
        if (isnan(exact))
            assert_int_equal(bits_of(y[i]), 0x7FC00000);
        else if (!(error_ulp(y[i], exact) < 0.51))
            fail_msg("softmax of %zu: %a, not %La", width, (double)y[i], exact);
    }
}

static void fill_usual(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)below(1 << 20) / (1 << 15) - 16;
}

static void softmax_rows_are_right(void **unused)
{
    (void)unused;
    enum { ROWS = 9, WIDTH_MAX = 700, GAP = 3 };
    static const size_t widths[] = {1, 2, 3, 4, 7, 10, 16, 33, 100, 255, 256, 257, WIDTH_MAX};
    static float x[ROWS * (WIDTH_MAX + GAP)], wanted[ROWS * (WIDTH_MAX + GAP)];
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const size_t width = widths[i], stride = width + GAP;
        const size_t len_bytes = ((ROWS - 1) * stride + width) * sizeof *x;
        fill_usual(x, ROWS * stride);
        x[stride] = INFINITY;
        x[2 * stride] = -INFINITY; /* of width 1, nothing else */
        x[3 * stride + width - 1] = NAN;
        for (size_t row = 0; row < ROWS; row++) {
            umm_rowop_softmax(UMM_CPU_PORTABLE, x + row * stride, 0, 1, width, false,
                              wanted + row * stride, 0);
            check_softmax_row(x + row * stride, width, wanted + row * stride);
        }
        EACH_ENGINE(cpu)
        {
            float *y = guarded_copy(&to, x, len_bytes);
            umm_rowop_softmax(cpu, guarded_copy(&from, x, len_bytes), stride, ROWS, width, false, y,
                              stride);
            for (size_t row = 0; row < ROWS; row++)
                assert_same(y + row * stride, wanted + row * stride, width);
            assert_same(y + width, x + width, GAP); /* between rows nothing is written */
        }
    }
}

static void softmax_zero_leaves_zero(void **unused)
{
    (void)unused;
    const float x[5] = {0, 1, -2, 1e-8F, 3};
    const long double sum = expl(-2) + expl(-5) + 1;
    EACH_ENGINE(cpu)
    {
        float y[5];
        umm_rowop_softmax(cpu, x, 5, 1, 5, true, y, 5);
        assert_true(y[0] == 0);
        assert_true(error_ulp(y[1], expl(-2) / sum) < 0.51);
        assert_true(error_ulp(y[2], expl(-5) / sum) < 0.51);
        assert_true(error_ulp(y[3], (long double)x[3] * expl(-3) / sum) < 0.51);
        assert_true(error_ulp(y[4], 1 / sum) < 0.51);
    }
}

static void logistic_pair_is_of_two_sigmoids(void **unused)
{
    (void)unused;
    float x[N_MAX], y[2 * N_MAX];
    fill(x, N_MAX);
    EACH_ENGINE(cpu)
    {
        umm_rowop_logistic_pair(cpu, x, N_MAX, y);
        for (unsigned i = 0; i < N_MAX; i++) {
            assert_int_equal(bits_of(y[2 * i]), bits_of(one(umm_rowop_sigmoid, -x[i])));
            assert_int_equal(bits_of(y[2 * i + 1]), bits_of(one(umm_rowop_sigmoid, x[i])));
        }
    }
}

/* ---- floats ---------------------------------------------------------------------------------- */

static void limits_and_slopes(void **unused)
{
    (void)unused;
    float x[N_MAX], limited[N_MAX], leaky[N_MAX];
    const float low = -1.5F, high = 6;
    for (unsigned i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i], len_bytes = n * sizeof *x;
        fill(x, n);
        for (size_t k = 0; k < n; k++) {
            limited[k] = x[k] < low ? low : x[k] > high ? high : x[k];
            leaky[k] = x[k] >= 0 ? x[k] : tidied(x[k] * 0.01F);
        }
        EACH_ENGINE(cpu)
        {
            float *y = guarded_end(&to, len_bytes);
            const float *in = guarded_copy(&from, x, len_bytes);
            umm_rowop_limit(cpu, in, n, low, high, y);
            assert_same(y, limited, n);
            umm_rowop_leaky(cpu, in, n, 0.01F, y);
            assert_same(y, leaky, n);
        }
    }
}

static void tidy_makes_one_nan_of_all(void **unused)
{
    (void)unused;
    float x[N_MAX], wanted[N_MAX];
    fill(x, N_MAX);
    for (unsigned i = 0; i < N_MAX; i++)
        wanted[i] = tidied(x[i]);
    EACH_ENGINE(cpu)
    {
        float *y = guarded_copy(&to, x, sizeof x);
        umm_rowop_tidy(cpu, y, N_MAX);
        assert_same(y, wanted, N_MAX);
    }
}

static double operate(enum umm_rowop_binary op, double a, double b)
{
    return op == UMM_ROWOP_ADD   ? a + b
           : op == UMM_ROWOP_SUB ? a - b
           : op == UMM_ROWOP_MUL ? a * b
                                 : a / b;
}

/* One operation of two floats in double, rounded to float, is the operation of floats (Figueroa).
 */
static float operate_f32(enum umm_rowop_binary op, float a, float b)
{
    return tidied((float)operate(op, (double)a, (double)b));
}

enum { ROWS = 5 };

static const float *number_of(const struct umm_rowop_operand *operand, size_t row, size_t i)
{
    return (const float *)operand->data + row * operand->stride + (operand->is_one ? 0 : i);
}

static void check_binary(enum umm_rowop_binary op, size_t width, struct umm_rowop_operand a,
                         struct umm_rowop_operand b)
{
    const size_t stride = width + 2, n = (ROWS - 1) * stride + width;
    EACH_ENGINE(cpu)
    {
        float *y = guarded_end(&to, n * sizeof *y);
        umm_rowop_binary_f32(cpu, op, &a, &b, ROWS, width, y, stride);
        for (size_t row = 0; row < ROWS; row++)
            for (size_t i = 0; i < width; i++) {
                const float wanted =
                    operate_f32(op, *number_of(&a, row, i), *number_of(&b, row, i));
                assert_same(y + row * stride + i, &wanted, 1);
            }
    }
}

static void operands_of_every_shape(void **unused)
{
    (void)unused;
    static float x[ROWS * N_MAX], z[ROWS * N_MAX];
    for (unsigned i = 1; i < LENGTHS; i++) {
        const size_t width = lengths[i], all_bytes = ROWS * width * sizeof *x;
        fill(x, ROWS * width);
        fill(z, ROWS * width);
        const struct umm_rowop_operand values = {guarded_copy(&from, x, all_bytes), width, false};
        for (enum umm_rowop_binary op = UMM_ROWOP_ADD; op <= UMM_ROWOP_DIV; op++) {
            check_binary(
                op, width, values,
                (struct umm_rowop_operand){guarded_copy(&other, z, all_bytes), width, false});
            check_binary(
                op, width,
                (struct umm_rowop_operand){guarded_copy(&other, z, width * sizeof *z), 0, false},
                values);
            check_binary(op, width, values,
                         (struct umm_rowop_operand){guarded_copy(&other, z, sizeof *z), 0, true});
            check_binary(
                op, width,
                (struct umm_rowop_operand){guarded_copy(&other, z, ROWS * sizeof *z), 1, true},
                values);
        }
    }
}

static void doubles_are_operated_on(void **unused)
{
    (void)unused;
    const double x[6] = {1, 2, 3, 4, 0, (double)-NAN}, z[3] = {10, 0.1, 0}, two = 2;
    double y[8] = {0};
    for (enum umm_rowop_binary op = UMM_ROWOP_ADD; op <= UMM_ROWOP_DIV; op++) {
        umm_rowop_binary_f64(op, (struct umm_rowop_operand){x, 3, false},
                             (struct umm_rowop_operand){z, 0, false}, 2, 3, y, 4);
        for (unsigned i = 0; i < 5; i++)
            assert_true(y[i / 3 * 4 + i % 3] == operate(op, x[i], z[i % 3]));
        assert_true(isnan(y[6]) && !signbit(y[6]));
        umm_rowop_binary_f64(op, (struct umm_rowop_operand){&two, 0, true},
                             (struct umm_rowop_operand){x, 3, false}, 1, 3, y, 3);
        for (unsigned i = 0; i < 3; i++)
            assert_true(y[i] == operate(op, 2, x[i]));
    }
}

static void casts(void **unused)
{
    (void)unused;
    const double x[8] = {0.1, -2.9, 0x1p63, -0x1p63, (double)NAN, 1e300, 0x1.fffffffffffffp62,
                         -0.0};
    float f[8];
    double d[8];
    int64_t n[8];
    umm_rowop_f64_to_f32(x, 8, f);
    assert_true(f[0] == 0.1F && f[1] == -2.9F && isinf(f[5]) && signbit(f[7]));
    assert_int_equal(bits_of(f[4]), 0x7FC00000);
    umm_rowop_f32_to_f64(f, 8, d);
    assert_true(d[0] == (double)0.1F && isnan(d[4]));
    umm_rowop_f64_to_i64(x, 8, n);
    const int64_t wanted[8] = {0,         -2,        INT64_MIN,          INT64_MIN,
                               INT64_MIN, INT64_MIN, 0x7FFFFFFFFFFFFC00, 0};
    assert_memory_equal(n, wanted, sizeof n);
    umm_rowop_f32_to_i64(f, 8, n);
    assert_true(n[1] == -2 && n[2] == INT64_MIN && n[3] == INT64_MIN && n[4] == INT64_MIN);
    const int64_t odd = (1 << 24) + 1;
    umm_rowop_i64_to_f32(&odd, 1, f);
    umm_rowop_i64_to_f64(&odd, 1, d);
    assert_true(f[0] == 0x1p24F && d[0] == 0x1.000001p24);
}

/* What NumPy and ONNX Runtime give, to seven digits. */
static void rows_are_normalized(void **unused)
{
    (void)unused;
    const float x[9] = {1, -2, 3, 0, 0, 0, -1, -4, -2};
    float y[9];
    umm_rowop_normalize(UMM_ROWOP_MAX, x, 3, 3, 3, y, 3);
    const float by_max[9] = {1 / 3.0F, -2 / 3.0F, 1, 0, 0, 0, 1, 4, 2};
    assert_same(y, by_max, 9);
    umm_rowop_normalize(UMM_ROWOP_L1, x, 3, 3, 3, y, 3);
    const float by_sum[9] = {1 / 6.0F, -2 / 6.0F, 0.5F, 0, 0, 0, -1 / 7.0F, -4 / 7.0F, -2 / 7.0F};
    assert_same(y, by_sum, 9);
    umm_rowop_normalize(UMM_ROWOP_L2, x, 3, 3, 3, y, 3);
    for (unsigned i = 0; i < 9; i++)
        assert_true(fabs((double)y[i] - (double)x[i] / (i < 3   ? sqrt(14)
                                                        : i < 6 ? 1
                                                                : sqrt(21))) < 1e-7);
}

/* Winitzki's inverse of erf is 0.001 beside the exact one at 0.975; NumPy's floats give this. */
static void probit_is_the_approximation(void **unused)
{
    (void)unused;
    const float x[5] = {0.5F, 0.975F, 0.025F, 0, 2};
    float y[5];
    umm_rowop_probit(x, 5, y);
    assert_true(y[0] == 0);
    assert_true(fabs((double)y[1] - 1.9590485) < 1e-6 && fabsf(y[1] + y[2]) < 1e-5F);
    assert_true(isinf(y[3]) || isnan(y[3]));
    assert_int_equal(bits_of(y[4]), 0x7FC00000);
}

/* ---- int8 --------------------------------------------------------------------------------------
 */

static uint8_t slowly_quantized(float x, struct umm_rowop_quantum q)
{
    const int least = q.is_u8 ? 0 : -128, most = q.is_u8 ? 255 : 127;
    if (isnan(x))
        return (uint8_t)q.zero_point;
    const float by = 1 / q.scale;
    const double y = rint((double)(q.is_by_reciprocal ? x * by : x / q.scale)) + q.zero_point;
    return (uint8_t)(int)(y < least ? least : y > most ? most : y);
}

static struct umm_rowop_quantum any_quantum(void)
{
    static const float scales[] = {0.5F,  1 / 256.0F, 0.1F,           0.0235F,       1e-38F,
                                   1e30F, 3,          0x1.fffffep-1F, 0x1.fffffep-7F};
    const bool is_u8 = below(2);
    const float any = float_of((uint32_t)(40 + below(170)) << 23 | (uint32_t)below(1 << 23));
    return (struct umm_rowop_quantum){.scale = below(2) ? any : scales[below(9)],
                                      .zero_point = (int32_t)below(256) - (is_u8 ? 0 : 128),
                                      .is_u8 = is_u8,
                                      .is_by_reciprocal = below(2)};
}

static void numbers_are_quantized(void **unused)
{
    (void)unused;
    float x[N_MAX], back[N_MAX];
    uint8_t wanted[N_MAX];
    for (unsigned round = 0; round < 200 * LENGTHS; round++) {
        const size_t n = lengths[round % LENGTHS];
        const struct umm_rowop_quantum q = any_quantum();
        fill(x, n);
        for (size_t i = 0; i < n; i++) {
            if (below(2))
                x[i] = nextafterf(((float)below(600) - 300) * 0.5F * q.scale, /* halves */
                                  below(2) ? INFINITY : 0);
            wanted[i] = slowly_quantized(x[i], q);
            back[i] = (float)((q.is_u8 ? wanted[i] : (int8_t)wanted[i]) - q.zero_point) * q.scale;
        }
        EACH_ENGINE(cpu)
        {
            uint8_t *y = guarded_end(&to, n);
            umm_rowop_quantize(cpu, guarded_copy(&from, x, n * sizeof *x), n, q, y);
            assert_memory_equal(y, wanted, n);
            float *z = guarded_end(&from, n * sizeof *z);
            umm_rowop_dequantize(cpu, y, n, q, z);
            assert_same(z, back, n);
        }
    }
}

/* The bits of multiplying and then quantising; the margin after the factors is NaN. */
static void rows_are_scaled_and_quantized(void **unused)
{
    (void)unused;
    enum { MARGIN = 16 };
    static float x[ROWS * N_MAX], scaled[ROWS * N_MAX];
    float factors[N_MAX + MARGIN];
    uint8_t wanted[ROWS * N_MAX];
    for (unsigned round = 0; round < 50 * LENGTHS; round++) {
        const size_t width = lengths[round % LENGTHS], n = ROWS * width;
        const struct umm_rowop_quantum q = any_quantum();
        fill(x, n);
        fill(factors, width);
        for (size_t i = 0; i < MARGIN; i++)
            factors[width + i] = NAN;
        for (size_t i = 0; i < n; i++) {
            if (below(2))
                x[i] = ((float)below(600) - 300) * 0.5F * q.scale / factors[i % width];
            scaled[i] = operate_f32(UMM_ROWOP_MUL, x[i], factors[i % width]);
            wanted[i] = slowly_quantized(scaled[i], q);
        }
        EACH_ENGINE(cpu)
        {
            uint8_t *y = guarded_end(&to, n);
            umm_rowop_scale_quantize(cpu, guarded_copy(&from, x, n * sizeof *x),
                                     guarded_copy(&other, factors, (width + MARGIN) * sizeof *x),
                                     ROWS, width, q, y);
            assert_memory_equal(y, wanted, n);
            umm_rowop_quantize(cpu, guarded_copy(&from, scaled, n * sizeof *x), n, q, y);
            assert_memory_equal(y, wanted, n);
        }
    }
}

static void tables_are_looked_up(void **unused)
{
    (void)unused;
    uint8_t table[256], x[N_MAX], wanted[N_MAX];
    for (unsigned i = 0; i < 256; i++)
        table[i] = (uint8_t)xorshift64(&state);
    for (unsigned i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i];
        for (size_t k = 0; k < n; k++) {
            x[k] = (uint8_t)xorshift64(&state);
            wanted[k] = table[x[k]];
        }
        EACH_ENGINE(cpu)
        {
            uint8_t *y = guarded_end(&to, n);
            umm_rowop_table(cpu, guarded_copy(&other, table, 256), guarded_copy(&from, x, n), n, y);
            assert_memory_equal(y, wanted, n);
            guarded_copy(&to, x, n);
            umm_rowop_table(cpu, table, y, n, y);
            assert_memory_equal(y, wanted, n);
        }
    }
}

static long double exactly(const struct umm_rowop_pointwise *f, long double x)
{
    switch (f->function) {
    case UMM_ROWOP_SIGMOID: return exact_sigmoid(x);
    case UMM_ROWOP_TANH: return tanhl(x);
    case UMM_ROWOP_LIMIT: return fminl(fmaxl(x, f->low), f->high);
    case UMM_ROWOP_LEAKY: break;
    }
    return x >= 0 ? x : x * (long double)f->alpha;
}

static void check_table(const struct umm_rowop_pointwise *f, struct umm_rowop_quantum in,
                        struct umm_rowop_quantum out)
{
    uint8_t table[256];
    umm_rowop_make_table(f, in, out, table);
    for (unsigned i = 0; i < 256; i++) {
        const int q = in.is_u8 ? (int)i : (int8_t)i, least = out.is_u8 ? 0 : -128;
        const float x = (float)(q - in.zero_point) * in.scale;
        const long double y = rintl(exactly(f, x) / out.scale) + out.zero_point;
        const int wanted = y < least ? least : y > least + 255 ? least + 255 : (int)y;
        assert_int_equal(table[i], (uint8_t)wanted);
    }
}

static void tables_are_exact(void **unused)
{
    (void)unused;
    const struct umm_rowop_pointwise functions[] = {
        {.function = UMM_ROWOP_SIGMOID},
        {.function = UMM_ROWOP_TANH},
        {.function = UMM_ROWOP_LIMIT, .low = 0, .high = INFINITY},
        {.function = UMM_ROWOP_LIMIT, .low = 0, .high = 6},
        {.function = UMM_ROWOP_LIMIT, .low = -INFINITY, .high = INFINITY},
        {.function = UMM_ROWOP_LEAKY, .alpha = 0.2F},
    };
    for (unsigned round = 0; round < 600; round++) {
        struct umm_rowop_quantum in = any_quantum(), out = any_quantum();
        in.scale = ((float)below(1000) + 1) / 4096;
        out.scale = round % 3 ? 1 / 256.0F : ((float)below(1000) + 1) / 4096;
        check_table(&functions[round % 6], in, out);
    }
}

/* TensorFlow Lite's floats, one after the other; and exact numbers, but for a few at a half. */
static void quantized_softmax_is_that_of_tflite(void **unused)
{
    (void)unused;
    enum { WIDTH_MAX = 40, GAP = 1 };
    static const struct umm_rowop_quantum out[2] = {{1 / 256.0F, -128, false, false},
                                                    {1 / 256.0F, 0, true, false}};
    unsigned n_others = 0;
    for (unsigned round = 0; round < 500; round++) {
        struct umm_rowop_quantum in = any_quantum();
        const struct umm_rowop_quantum to_q = out[round % 2];
        const size_t width = 1 + below(WIDTH_MAX);
        uint8_t x[3 * (WIDTH_MAX + GAP)], y[3 * (WIDTH_MAX + GAP)];
        in.scale = ((float)below(1000) + 1) / 4096;
        for (unsigned i = 0; i < sizeof x; i++)
            x[i] = (uint8_t)xorshift64(&state);
        struct umm_rowop_exps exps;
        umm_rowop_make_exps(in, &exps);
        umm_rowop_softmax_quantized(&exps, in, x, width + GAP, 3, width, to_q, y, width + GAP);
        for (size_t row = 0; row < 3; row++) {
            const uint8_t *r = x + row * (width + GAP);
            int most = -128;
            for (size_t i = 0; i < width; i++)
                if ((in.is_u8 ? r[i] : (int8_t)r[i]) > most)
                    most = in.is_u8 ? r[i] : (int8_t)r[i];
            float sum = 0;
            long double whole = 0;
            for (size_t i = 0; i < width; i++) {
                const int below_most = most - (in.is_u8 ? r[i] : (int8_t)r[i]);
                sum += (float)expl(-in.scale * (float)below_most);
                whole += expl(-(long double)in.scale * below_most);
            }
            for (size_t i = 0; i < width; i++) {
                const int below_most = most - (in.is_u8 ? r[i] : (int8_t)r[i]);
                const float e = (float)expl(-in.scale * (float)below_most);
                const float p = roundf(e * (1 / (sum / 256)));
                const int wanted = (int)fminf(p, 255) + to_q.zero_point;
                const long double exact = expl(-(long double)in.scale * below_most) / whole;
                assert_int_equal(y[row * (width + GAP) + i], (uint8_t)wanted);
                n_others += (int)fminl(rintl(exact * 256), 255) != (int)fminf(p, 255);
            }
        }
    }
    assert_in_range(n_others, 0, 3);
}

static int open_memory(void **unused)
{
    (void)unused;
    from = guarded_open(ROOM);
    other = guarded_open(ROOM);
    to = guarded_open(ROOM);
    return 0;
}

static int close_memory(void **unused)
{
    (void)unused;
    guarded_close(&from);
    guarded_close(&other);
    guarded_close(&to);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponentials_are_rounded_well),
        cmocka_unit_test(engines_agree_on_exponentials),
        cmocka_unit_test(exponentials_have_their_limits),
        cmocka_unit_test(softmax_rows_are_right),
        cmocka_unit_test(softmax_zero_leaves_zero),
        cmocka_unit_test(logistic_pair_is_of_two_sigmoids),
        cmocka_unit_test(limits_and_slopes),
        cmocka_unit_test(tidy_makes_one_nan_of_all),
        cmocka_unit_test(operands_of_every_shape),
        cmocka_unit_test(doubles_are_operated_on),
        cmocka_unit_test(casts),
        cmocka_unit_test(rows_are_normalized),
        cmocka_unit_test(probit_is_the_approximation),
        cmocka_unit_test(numbers_are_quantized),
        cmocka_unit_test(rows_are_scaled_and_quantized),
        cmocka_unit_test(tables_are_looked_up),
        cmocka_unit_test(tables_are_exact),
        cmocka_unit_test(quantized_softmax_is_that_of_tflite),
    };
    return cmocka_run_group_tests(tests, open_memory, close_memory);
}
