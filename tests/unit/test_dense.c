/* SPDX-License-Identifier: MIT */
/*
 * The engines of dense.h against layers computed number by number: the same bits, nothing read
 * beyond 64 bytes after the rows, nothing written but the outputs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "model/dense.h"

#include "random.h"

enum { WIDTH_MAX = 300, ROWS_MAX = 140, PAGE = 65536, ROOM = 64 * PAGE, READ_AFTER = 64 };

static uint64_t state = RANDOM_SEED;

static uint32_t below(uint32_t n)
{
    return (uint32_t)(xorshift64(&state) % n);
}

/* A float of any size that layers have, now and then an integer or a zero. */
static float random_float(void)
{
    float f = (float)((double)(int64_t)xorshift64(&state) * 0x1p-63);
    switch (below(8)) {
    case 0: return 0;
    case 1: return (float)below(9) - 4;
    case 2: return f * 1e-20f;
    case 3: return f * 1e6f;
    default: return f;
    }
}

static int8_t random_i8(void)
{
    static const int8_t ends[] = {-128, -127, 127, 0};
    return below(4) ? (int8_t)(below(256) - 128) : ends[below(4)];
}

/* Memory that ends where a page begins that cannot be touched. */
static char *end_of_x, *end_of_y, *end_of_scratch;

static char *fenced_room(void)
{
    char *map =
        (char *)mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + ROOM, PAGE, PROT_NONE), 0);
    return map + ROOM;
}

static int set_up(void **unused)
{
    (void)unused;
    end_of_x = fenced_room();
    end_of_y = fenced_room();
    end_of_scratch = fenced_room();
    return 0;
}

static float weights_f32[WIDTH_MAX * WIDTH_MAX], bias_f32[WIDTH_MAX], multipliers[WIDTH_MAX];
static int8_t weights_i8[WIDTH_MAX * WIDTH_MAX];
static int32_t w_zero_points[WIDTH_MAX], bias_i32[WIDTH_MAX];

static void random_limits(struct umm_dense_spec *spec)
{
    spec->low = below(2) ? 0.0f : -INFINITY;
    spec->high = below(3) ? INFINITY : 6.0f;
}

static struct umm_dense_spec float_spec(uint32_t n_in, uint32_t n_out)
{
    struct umm_dense_spec spec = {.n_in = n_in, .n_out = n_out, .weights_f32 = weights_f32};
    for (uint32_t i = 0; i < n_in * n_out; i++)
        weights_f32[i] = random_float();
    for (uint32_t o = 0; o < n_out; o++)
        bias_f32[o] = random_float();
    spec.bias_f32 = below(4) ? bias_f32 : NULL;
    random_limits(&spec);
    return spec;
}

static void random_weights(struct umm_dense_spec *spec)
{
    for (uint32_t i = 0; i < spec->n_in * spec->n_out; i++)
        weights_i8[i] = random_i8();
    bool is_binary = below(3) == 0; /* multipliers that make ties */
    for (uint32_t o = 0; o < spec->n_out; o++) {
        w_zero_points[o] = random_i8();
        bias_i32[o] = (int32_t)below(2000000) - 1000000;
        bias_f32[o] = random_float();
        multipliers[o] = is_binary ? ldexpf(1, -(int)below(14)) : (float)below(1000) * 1e-6f;
    }
    spec->weights_i8 = weights_i8;
    spec->w_zero_points = below(4) ? NULL : w_zero_points;
    spec->multipliers = multipliers;
    random_limits(spec);
}

static int32_t random_byte(bool is_u8)
{
    return random_i8() + (is_u8 ? 128 : 0);
}

static struct umm_dense_spec integer_spec(uint32_t n_in, uint32_t n_out)
{
    struct umm_dense_spec spec = {.n_in = n_in, .n_out = n_out};
    random_weights(&spec);
    spec.bias_i32 = below(4) ? bias_i32 : NULL;
    spec.is_x_u8 = below(2);
    spec.is_y_u8 = below(2);
    spec.is_y_f32 = below(3) == 0;
    spec.x_zero_point = random_byte(spec.is_x_u8);
    spec.y_zero_point = random_byte(spec.is_y_u8);
    spec.y_low = below(2) ? spec.y_zero_point : spec.is_y_u8 ? 0 : -128;
    spec.y_high = spec.is_y_u8 ? 255 : 127;
    return spec;
}

static struct umm_dense_spec dynamic_spec(uint32_t n_in, uint32_t n_out)
{
    struct umm_dense_spec spec = {.n_in = n_in, .n_out = n_out, .is_dynamic = true};
    random_weights(&spec);
    spec.bias_f32 = below(4) ? bias_f32 : NULL;
    spec.is_x_u8 = below(3) == 0;
    spec.is_asymmetric = below(2);
    return spec;
}

/* ---- the layers, number by number ---- */

static void put_float(const struct umm_dense_spec *spec, float value, char *y)
{
    const uint32_t nan = 0x7fc00000;
    value = value < spec->low ? spec->low : value;
    value = value > spec->high ? spec->high : value;
    memcpy(y, &value, sizeof value);
    if (isnan(value))
        memcpy(y, &nan, sizeof nan);
}

static void expect_float(const struct umm_dense_spec *spec, const float *x, char *y)
{
    for (uint32_t o = 0; o < spec->n_out; o++) {
        float sum = spec->bias_f32 ? spec->bias_f32[o] : 0;
        for (uint32_t i = 0; i < spec->n_in; i++)
            sum = fmaf(spec->weights_f32[o * spec->n_in + i], x[i], sum);
        put_float(spec, sum, y + o * sizeof sum);
    }
}

/* x without its zero point. */
static int64_t sum_of(const struct umm_dense_spec *spec, const int32_t *x, uint32_t o)
{
    int64_t sum = spec->bias_i32 ? spec->bias_i32[o] : 0;
    for (uint32_t i = 0; i < spec->n_in; i++) {
        int32_t zero = spec->w_zero_points ? spec->w_zero_points[o] : 0;
        sum += (int64_t)x[i] * (spec->weights_i8[o * spec->n_in + i] - zero);
    }
    return sum;
}

static void expect_integer(const struct umm_dense_spec *spec, const void *row, char *y)
{
    int32_t x[WIDTH_MAX];
    for (uint32_t i = 0; i < spec->n_in; i++)
        x[i] = (spec->is_x_u8 ? ((const uint8_t *)row)[i] : ((const int8_t *)row)[i]) -
               spec->x_zero_point;
    for (uint32_t o = 0; o < spec->n_out; o++) {
        float scaled = (float)sum_of(spec, x, o) * spec->multipliers[o];
        if (spec->is_y_f32) {
            put_float(spec, scaled, y + o * sizeof scaled);
            continue;
        }
        double rounded = nearbyint((double)scaled) + spec->y_zero_point;
        rounded = fmin(fmax(rounded, spec->y_low), spec->y_high);
        y[o] = (char)(int)rounded;
    }
}

/* Integers without their zero point; their scale. As ONNX Runtime has it. */
static float quantise_u8(const float *x, uint32_t n, int32_t *q)
{
    float low = 0, high = 0;
    for (uint32_t i = 0; i < n; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    float scale = high == low ? 1 : (high - low) / 255;
    int32_t zero = (int32_t)nearbyintf(fmaxf(0, fminf(255, 0 - low / scale)));
    for (uint32_t i = 0; i < n; i++)
        q[i] = (int32_t)fmin(fmax(nearbyintf(x[i] / scale) + (float)zero, 0), 255) - zero;
    return scale;
}

/* As TensorFlow Lite has it. */
static float quantise_i8(const float *x, uint32_t n, int32_t *q)
{
    float most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(x[i]));
    for (uint32_t i = 0; i < n; i++)
        q[i] = most == 0 ? 0 : (int32_t)fminf(fmaxf(roundf(x[i] * (127 / most)), -127), 127);
    return most == 0 ? 1 : most / 127;
}

static float quantise_asymmetric(const float *x, uint32_t n, int32_t *q)
{
    double low = 0, high = 0;
    for (uint32_t i = 0; i < n; i++) {
        low = fmin(low, (double)x[i]);
        high = fmax(high, (double)x[i]);
    }
    double scale = (high - low) / 255;
    double from_low = -128 - low / scale, from_high = 127 - high / scale;
    double zero = 128 + fabs(low / scale) < 127 + fabs(high / scale) ? from_low : from_high;
    int32_t zero_point = low == high ? 0 : (int32_t)round(fmin(fmax(zero, -128), 127));
    float inverse = 1 / (float)scale;
    for (uint32_t i = 0; i < n; i++) {
        float y = roundf((float)zero_point + x[i] * inverse);
        q[i] = low == high ? 0 : (int32_t)fminf(fmaxf(y, -128), 127) - zero_point;
    }
    return low == high ? 1 : (float)scale;
}

static void expect_dynamic(const struct umm_dense_spec *spec, const float *x, char *y)
{
    int32_t q[WIDTH_MAX];
    bool is_finite = true;
    for (uint32_t i = 0; i < spec->n_in; i++)
        is_finite = is_finite && isfinite(x[i]);
    float scale = NAN;
    if (is_finite)
        scale = spec->is_x_u8         ? quantise_u8(x, spec->n_in, q)
                : spec->is_asymmetric ? quantise_asymmetric(x, spec->n_in, q)
                                      : quantise_i8(x, spec->n_in, q);
    for (uint32_t o = 0; o < spec->n_out; o++) {
        float sum = is_finite ? (float)sum_of(spec, q, o) : 0;
        float value = sum * (scale * spec->multipliers[o]);
        put_float(spec, value + (spec->bias_f32 ? spec->bias_f32[o] : 0), y + o * sizeof value);
    }
}

/* ---- rows through every engine ---- */

static bool is_float_in(const struct umm_dense_spec *spec)
{
    return spec->weights_f32 || spec->is_dynamic;
}

static size_t y_bytes(const struct umm_dense_spec *spec)
{
    return is_float_in(spec) || spec->is_y_f32 ? sizeof(float) : 1;
}

static void expect_row(const struct umm_dense_spec *spec, const char *x, char *y)
{
    if (spec->weights_f32)
        expect_float(spec, (const float *)(const void *)x, y);
    else if (spec->is_dynamic)
        expect_dynamic(spec, (const float *)(const void *)x, y);
    else
        expect_integer(spec, x, y);
}

/* n_rows of them, with a stride in numbers. */
struct rows {
    size_t n_rows, x_stride, y_stride;
    char *x;
};

static void run_engine(const struct umm_dense_spec *spec, enum umm_cpu cpu, const struct rows *rows)
{
    struct umm_dense *dense;
    struct umm_error err;
    assert_int_equal(umm_dense_new(spec, cpu, &dense, &err), UMM_OK);
    size_t scratch_bytes = umm_dense_scratch_bytes(dense);
    assert_int_equal(scratch_bytes % 64, 0);
    char *scratch = end_of_scratch - scratch_bytes;
    memset(scratch, (int)below(256), scratch_bytes);
    size_t step = rows->y_stride * y_bytes(spec), width = spec->n_out * y_bytes(spec);
    char *y = end_of_y - ((rows->n_rows - 1) * step + width);
    memset(y, 0x5A, (size_t)(end_of_y - y));
    umm_dense_run(dense, rows->x, rows->x_stride, rows->n_rows, y, rows->y_stride, scratch);
    umm_dense_free(dense);

    char expected[WIDTH_MAX * sizeof(float)];
    size_t x_step = rows->x_stride * (is_float_in(spec) ? sizeof(float) : 1);
    for (size_t row = 0; row < rows->n_rows; row++) {
        expect_row(spec, rows->x + row * x_step, expected);
        assert_memory_equal(y + row * step, expected, width);
        for (size_t i = width; i < step && row + 1 < rows->n_rows; i++)
            assert_int_equal(y[row * step + i], 0x5A);
    }
}

static void run_engines(const struct umm_dense_spec *spec, const struct rows *rows)
{
    enum umm_cpu best = umm_cpu_best();
    run_engine(spec, UMM_CPU_PORTABLE, rows);
    for (enum umm_cpu cpu = UMM_CPU_NEON; cpu <= best; cpu++)
        if (cpu != UMM_CPU_NEON || best == UMM_CPU_NEON)
            run_engine(spec, cpu, rows);
}

/* Room for the rows of x, filled with anything, also between and after them. */
static struct rows make_rows(const struct umm_dense_spec *spec, size_t n_rows)
{
    size_t size = is_float_in(spec) ? sizeof(float) : 1;
    struct rows rows = {.n_rows = n_rows,
                        .x_stride = spec->n_in + (below(2) ? below(9) : 0),
                        .y_stride = spec->n_out + (below(2) ? below(9) : 0)};
    size_t len = ((n_rows - 1) * rows.x_stride + spec->n_in) * size + READ_AFTER;
    rows.x = end_of_x - len;
    for (size_t i = 0; i < len; i++)
        rows.x[i] = (char)below(256);
    for (size_t row = 0; is_float_in(spec) && row < n_rows; row++)
        for (size_t i = 0; i < spec->n_in; i++)
            ((float *)(void *)rows.x)[row * rows.x_stride + i] = random_float();
    for (size_t i = 0; !is_float_in(spec) && i < len; i++)
        rows.x[i] = (char)random_i8();
    return rows;
}

static void run_shapes(struct umm_dense_spec (*make)(uint32_t, uint32_t), int n_shapes)
{
    static const uint32_t widths[] = {1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65};
    enum { N_WIDTHS = sizeof widths / sizeof widths[0] };
    for (int i = 0; i < n_shapes; i++) {
        uint32_t n_in = i % 2 ? widths[below(N_WIDTHS)] : 1 + below(WIDTH_MAX);
        uint32_t n_out = i % 3 ? widths[below(N_WIDTHS)] : 1 + below(WIDTH_MAX);
        struct umm_dense_spec spec = make(n_in, n_out);
        bool is_small = n_in * n_out < 2000 && below(4) == 0;
        struct rows rows = make_rows(&spec, 1 + below(is_small ? ROWS_MAX : 12));
        run_engines(&spec, &rows);
    }
}

static void floats_are_chains_in_every_engine(void **unused)
{
    (void)unused;
    run_shapes(float_spec, 150);
}

static void integers_are_exact_in_every_engine(void **unused)
{
    (void)unused;
    run_shapes(integer_spec, 300);
}

static void dynamic_rows_are_their_own_in_every_engine(void **unused)
{
    (void)unused;
    run_shapes(dynamic_spec, 200);
}

/* NaN of any sign and payload, infinities, zeros of both signs and what is nearly one. */
static void put_odd_floats(const struct umm_dense_spec *spec, const struct rows *rows)
{
    static const uint32_t odd[] = {0x7fc00000, 0xffc00000, 0x7fc12345, 0xff812345, 0x7f800000,
                                   0xff800000, 0x80000000, 0x00000001, 0x7f7fffff, 0x80000000};
    enum { N_ODD = sizeof odd / sizeof odd[0] };
    for (size_t row = 0; row < rows->n_rows; row++)
        for (size_t i = 0; i < 1 + spec->n_in / 40; i++)
            memcpy(rows->x + (row * rows->x_stride + below(spec->n_in)) * sizeof(float),
                   &odd[below(N_ODD)], sizeof odd[0]);
}

static void what_is_no_number_has_the_same_bits(void **unused)
{
    (void)unused;
    for (int i = 0; i < 80; i++) {
        struct umm_dense_spec spec =
            (i % 2 ? float_spec : dynamic_spec)(1 + below(70), 1 + below(70));
        struct rows rows = make_rows(&spec, 1 + below(10));
        put_odd_floats(&spec, &rows);
        run_engines(&spec, &rows);
    }
}

static void limits_leave_nan_and_minus_zero(void **unused)
{
    (void)unused;
    const float weight = 1;
    struct umm_dense_spec spec = {
        .n_in = 1, .n_out = 1, .weights_f32 = &weight, .low = 0, .high = 6};
    const float minus_zero = -0.0f; /* a sum that begins with -0 can be -0 */
    spec.bias_f32 = &minus_zero;
    const float x[5 + READ_AFTER] = {NAN, -0.0f, -1, 7, 3};
    const float expected[5] = {NAN, -0.0f, 0, 6, 3};
    struct umm_dense *dense;
    float y[5];
    assert_int_equal(umm_dense_new(&spec, umm_cpu_best(), &dense, NULL), UMM_OK);
    umm_dense_run(dense, x, 1, 5, y, 1, NULL);
    umm_dense_free(dense);
    assert_true(isnan(y[0]) && signbit(y[1]));
    assert_memory_equal(y + 1, expected + 1, 4 * sizeof(float));
}

/* Rows of zeros, and rows so small that the inverse of their scale is infinite, are zeros. */
static void dynamic_rows_of_nothing_are_the_bias(void **unused)
{
    (void)unused;
    for (int i = 0; i < 12; i++) {
        struct umm_dense_spec spec = dynamic_spec(1 + below(20), 1 + below(20));
        struct rows rows = make_rows(&spec, 5);
        float small = i % 2 ? 0x1p-149f : 0;
        for (size_t row = 0; row < rows.n_rows; row++)
            for (size_t k = 0; k < spec.n_in; k++)
                memcpy(rows.x + (row * rows.x_stride + k) * sizeof small, &small, sizeof small);
        struct umm_dense *dense;
        float y[5 * 20], expected[20];
        assert_int_equal(umm_dense_new(&spec, umm_cpu_best(), &dense, NULL), UMM_OK);
        umm_dense_run(dense, rows.x, rows.x_stride, 5, y, spec.n_out,
                      end_of_scratch - umm_dense_scratch_bytes(dense));
        umm_dense_free(dense);
        for (uint32_t o = 0; o < spec.n_out; o++)
            put_float(&spec, spec.bias_f32 ? spec.bias_f32[o] : 0, (char *)&expected[o]);
        for (size_t row = 0; row < 5; row++)
            assert_memory_equal(y + row * spec.n_out, expected, spec.n_out * sizeof(float));
    }
}

static void results_beyond_32_bits_saturate(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        struct umm_dense_spec spec = integer_spec(1 + below(70), 1 + below(70));
        for (uint32_t o = 0; o < spec.n_out; o++)
            multipliers[o] = (float)(1 + below(1000)) * (i % 2 ? 1e3f : 1e30f);
        struct rows rows = make_rows(&spec, 1 + below(9));
        run_engines(&spec, &rows);
    }
}

/* ---- what is refused ---- */

static void refused(const struct umm_dense_spec *spec, enum umm_status status, const char *message)
{
    struct umm_dense *dense;
    struct umm_error err = {0};
    assert_int_equal(umm_dense_new(spec, umm_cpu_best(), &dense, &err), status);
    assert_null(dense);
    assert_string_equal(err.message, message);
}

static void sums_that_32_bits_cannot_hold_are_refused(void **unused)
{
    (void)unused;
    const char *message = "output 1: its weights and its bias can add up to more than 32 bits hold";
    const int8_t weights[2] = {1, 2};
    const float ones[2] = {1, 1};
    int32_t bias[2] = {0, INT32_MAX - 2 * 255};
    struct umm_dense_spec spec = {.n_in = 1,
                                  .n_out = 2,
                                  .weights_i8 = weights,
                                  .bias_i32 = bias,
                                  .is_x_u8 = true,
                                  .is_y_f32 = true,
                                  .multipliers = ones,
                                  .low = -INFINITY,
                                  .high = INFINITY};
    const uint8_t x[1 + READ_AFTER] = {255};
    float y[2];
    struct umm_dense *dense;
    assert_int_equal(umm_dense_new(&spec, umm_cpu_best(), &dense, NULL), UMM_OK);
    char *scratch = end_of_scratch - umm_dense_scratch_bytes(dense);
    umm_dense_run(dense, x, 1, 1, y, 2, scratch);
    umm_dense_free(dense);
    assert_true(y[0] == 255.0f && y[1] == (float)INT32_MAX);
    bias[1]++;
    refused(&spec, UMM_ERR_UNSUPPORTED, message);
    bias[1] = INT32_MIN;
    spec.x_zero_point = 1;
    refused(&spec, UMM_ERR_UNSUPPORTED, message);

    /* Also without a bias: 2^31 / (255 * 255) inputs of the greatest products. */
    enum { MANY = 33026 };
    int8_t *many = (int8_t *)malloc(2 * MANY);
    assert_non_null(many);
    memset(many, 127, 2 * MANY);
    const int32_t zero_points[2] = {0, -128};
    spec = (struct umm_dense_spec){.n_in = MANY - 1,
                                   .n_out = 2,
                                   .weights_i8 = many,
                                   .w_zero_points = zero_points,
                                   .is_x_u8 = true,
                                   .multipliers = ones,
                                   .y_high = 127};
    assert_int_equal(umm_dense_new(&spec, umm_cpu_best(), &dense, NULL), UMM_OK);
    umm_dense_free(dense);
    spec.n_in = MANY;
    refused(&spec, UMM_ERR_UNSUPPORTED, message);
    free(many);
}

static void numbers_out_of_their_range_are_refused(void **unused)
{
    (void)unused;
    struct umm_dense_spec spec = integer_spec(3, 2);
    spec.is_x_u8 = false;
    spec.w_zero_points = NULL;
    spec.x_zero_point = 128;
    refused(&spec, UMM_ERR_DATA, "a zero point of 128 is none of its type");
    spec.x_zero_point = 0;
    spec.is_y_f32 = false;
    spec.is_y_u8 = true;
    spec.y_low = -1;
    spec.y_zero_point = 3;
    spec.y_high = 255;
    refused(&spec, UMM_ERR_DATA, "zero point 3 and limits -1 and 255 are none of their type");
    spec.y_low = 0;
    multipliers[1] = -1;
    refused(&spec, UMM_ERR_DATA, "output 1: a scale is negative or not finite");
    multipliers[1] = NAN;
    refused(&spec, UMM_ERR_DATA, "output 1: a scale is negative or not finite");
    multipliers[1] = 1;
    spec.w_zero_points = w_zero_points;
    w_zero_points[0] = 0;
    w_zero_points[1] = -129;
    refused(&spec, UMM_ERR_DATA, "output 1: a zero point of -129 is none of its type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_chains_in_every_engine),
        cmocka_unit_test(integers_are_exact_in_every_engine),
        cmocka_unit_test(dynamic_rows_are_their_own_in_every_engine),
        cmocka_unit_test(what_is_no_number_has_the_same_bits),
        cmocka_unit_test(limits_leave_nan_and_minus_zero),
        cmocka_unit_test(dynamic_rows_of_nothing_are_the_bias),
        cmocka_unit_test(results_beyond_32_bits_saturate),
        cmocka_unit_test(sums_that_32_bits_cannot_hold_are_refused),
        cmocka_unit_test(numbers_out_of_their_range_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
