/* SPDX-License-Identifier: MIT */
/* The arithmetic of umm-quantize: scales, factors, the choice of rows, and how answers compare. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quantize/equalize.h"
#include "quantize/judge.h"
#include "quantize/sample.h"
#include "quantize/scale.h"
#include "random.h"

/* ---- scales -------------------------------------------------------------------------- */

static double real(int32_t q, struct umm_quantize_scale scale)
{
    return (double)(q - scale.zero_point) * (double)scale.scale;
}

static int32_t quantized(double number, struct umm_quantize_scale scale)
{
    const double q = rint(number / (double)scale.scale) + scale.zero_point;
    return (int32_t)fmin(fmax(q, -128), 127);
}

/* Every number of a range is held within half a step, and the ends hardly move. */
static void test_a_range_is_held_within_half_a_step(void **state)
{
    static const struct umm_quantize_range ranges[] = {
        {-1, 1},        {0, 6},       {-3, 0},   {2, 5},       {-7, -2},       {-1e-30F, 3.5},
        {-1e5F, 1e-3F}, {0, FLT_MAX}, {-5, 250}, {0.1F, 0.1F}, {-0.37F, 1.9F}, {-1e-6F, 1e-6F}};
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct umm_quantize_scale scale = umm_quantize_scale_of(ranges[i]);
        const struct umm_quantize_range limits = umm_quantize_limits_of(scale);
        const double half = 0.50001 * (double)scale.scale;
        assert_true(scale.scale > 0 && isfinite(scale.scale));
        assert_in_range(scale.zero_point + 128, 0, 255);
        assert_true(real(scale.zero_point, scale) == 0);
        assert_true((double)limits.low - half <= fmin((double)ranges[i].low, 0));
        assert_true((double)limits.high + half >= fmax((double)ranges[i].high, 0));
        for (int k = 0; k <= 100; k++) {
            const double low = (double)ranges[i].low, high = (double)ranges[i].high;
            const double number = low + (high - low) * k / 100;
            assert_true(fabs(real(quantized(number, scale), scale) - number) <= half);
        }
    }
}

static void test_a_range_without_numbers_has_a_scale(void **state)
{
    static const struct umm_quantize_range ranges[] = {{0, 0}, {INFINITY, -INFINITY}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct umm_quantize_scale scale = umm_quantize_scale_of(ranges[i]);
        assert_true(scale.scale == 1 && scale.zero_point == 0);
    }
}

/* The reference implementations: rint((0 - low) / scale) - 128, with a float scale. */
static void test_scales_are_those_of_others(void **state)
{
    struct umm_quantize_scale scale = umm_quantize_scale_of((struct umm_quantize_range){-1, 3});
    (void)state;
    assert_true(scale.scale == (float)(4.0 / 255));
    assert_int_equal(scale.zero_point, -64);
    scale = umm_quantize_scale_of((struct umm_quantize_range){0.5F, 6});
    assert_true(scale.scale == (float)(6.0 / 255));
    assert_int_equal(scale.zero_point, -128);
}

static void test_weights_are_symmetric(void **state)
{
    const float weights[] = {-2, 0.5F, 1.99F, 0};
    const float scale = umm_quantize_weight_scale(umm_quantize_magnitude(weights, 4), 0, 0.01F);
    (void)state;
    assert_true(scale == (float)(2.0 / 127));
    assert_int_equal(umm_quantize_weight(-2, scale), -127);
    assert_int_equal(umm_quantize_weight(2, scale), 127);
    assert_int_equal(umm_quantize_weight(-5, scale), -127);
    assert_int_equal(umm_quantize_weight(0, scale), 0);
    assert_int_equal(umm_quantize_weight(0.5F, 1), 0);
    assert_int_equal(umm_quantize_weight(1.5F, 1), 2);
    assert_true(umm_quantize_weight_scale(0, 0, 0.01F) == 1);
}

/* A bias that is large beside the weights makes their steps longer; it is not cut. */
static void test_a_bias_fits_32_bits(void **state)
{
    const float input_scale = 1e-3F, bias = 1e9F;
    const float scale = umm_quantize_weight_scale(1e-6F, bias, input_scale);
    (void)state;
    const int32_t q = umm_quantize_bias(bias, input_scale * scale);
    assert_true(q > 1 << 29 && q <= (1 << 30) + 128);
    assert_true(fabs((double)q * (double)(input_scale * scale) - (double)bias) < 2);
    assert_int_equal(umm_quantize_bias(3e9F, 1), INT32_MAX);
    assert_int_equal(umm_quantize_bias(-3e9F, 1), INT32_MIN);
}

/* ---- factors ---------------------------------------------------------------------------- */

static void test_factors_make_both_sides_alike(void **state)
{
    const float activations[] = {1e5F, 1e-3F, 4, 0, 7, 0}, weights[] = {1e-4F, 9, 1, 2, 0, 0};
    float inverse[6];
    (void)state;
    umm_quantize_equalize(activations, weights, 6, inverse);
    for (int i = 0; i < 3; i++) {
        const double a = (double)activations[i] * (double)inverse[i];
        const double w = (double)weights[i] / (double)inverse[i];
        assert_true(fabs(a - w) < 1e-6 * a);
    }
    /* What is 0 on one side is the largest of the others, sqrt(1e5 * 1e-4), on the other. */
    const double level = sqrt(10);
    assert_true(fabs((double)weights[3] / (double)inverse[3] - level) < 1e-5);
    assert_true(fabs((double)activations[4] * (double)inverse[4] - level) < 1e-5);
    assert_true(inverse[5] == 1);
}

/* A layer of 4 by 3 numbers, its sums before and after. */
static void test_sums_stay_what_they_were(void **state)
{
    enum { N = 4 };
    uint64_t seed = 7;
    (void)state;
    for (int turn = 0; turn < 1000; turn++) {
        float activations[N], weights[N], inverse[N];
        double before = 0, after = 0, size = 0;
        for (int i = 0; i < N; i++) {
            activations[i] = ldexpf((float)(xorshift64(&seed) % 2000) - 1000,
                                    (int)(xorshift64(&seed) % 40) - 20);
            weights[i] = ldexpf((float)(xorshift64(&seed) % 2000) - 1000,
                                (int)(xorshift64(&seed) % 40) - 20);
        }
        float activation_max[N], weight_max[N];
        for (int i = 0; i < N; i++) {
            activation_max[i] = fabsf(activations[i]);
            weight_max[i] = fabsf(weights[i]);
        }
        umm_quantize_equalize(activation_max, weight_max, N, inverse);
        for (int i = 0; i < N; i++) {
            const float a = activations[i] * inverse[i];
            const float w = (float)((double)weights[i] / (double)inverse[i]);
            before += (double)activations[i] * (double)weights[i];
            after += (double)a * (double)w;
            size += fabs((double)activations[i] * (double)weights[i]);
        }
        assert_true(fabs(before - after) <= 1e-6 * size);
    }
}

/* ---- percentiles ---------------------------------------------------------------------------- */

static void test_bins_are_in_the_order_of_numbers(void **state)
{
    static const float numbers[] = {-FLT_MAX, -1e5F,   -1,   -0.5F, -FLT_MIN, -0.0F,
                                    0.0F,     FLT_MIN, 0.5F, 1,     1e5F,     FLT_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const uint32_t bin = umm_quantize_bin(numbers[i]);
        const struct umm_quantize_range range = umm_quantize_bin_range(bin);
        assert_true(i == 0 || bin > umm_quantize_bin(numbers[i - 1]));
        assert_true(range.low <= numbers[i] && numbers[i] <= range.high);
    }
}

/* 100,000 numbers from -1 to 1 and a few far out: the percentile leaves these out. */
static void test_a_percentile_leaves_outliers_out(void **state)
{
    enum { N = 100000, N_FAR = 20 };
    static uint32_t bins[UMM_QUANTIZE_BINS];
    float low = -1000, high = 2000;
    const struct umm_quantize_seen seen = {.width = 1, .low = &low, .high = &high, .bins = bins};
    (void)state;
    for (int i = 0; i < N; i++)
        bins[umm_quantize_bin((float)i / N * 2 - 1)]++;
    for (int i = 0; i < N_FAR; i++)
        bins[umm_quantize_bin(i % 2 ? 2000 : -1000)]++;
    const struct umm_quantize_range range = umm_quantize_percentile(&seen, 0.0005);
    assert_true(range.low >= -1.01F && range.low <= -0.98F);
    assert_true(range.high <= 1.01F && range.high >= 0.98F);
    const struct umm_quantize_range all = umm_quantize_percentile(&seen, 0);
    assert_true(all.low == -1000 && all.high == 2000);
}

/* ---- the choice of rows ------------------------------------------------------------------------
 */

static void take_sample(uint64_t n, uint64_t most, struct umm_quantize_rows *calibration,
                        struct umm_quantize_rows *held_out)
{
    struct umm_quantize_sample sample;
    umm_quantize_sample_begin(&sample, 2, most);
    for (uint64_t i = 0; i < n; i++) {
        const float row[] = {(float)i, -(float)i};
        assert_int_equal(umm_quantize_sample_add(&sample, row, i, NULL), UMM_OK);
    }
    assert_int_equal(sample.n_seen, n);
    assert_int_equal(umm_quantize_sample_split(&sample, calibration, held_out, NULL), UMM_OK);
    umm_quantize_sample_free(&sample);
}

static void test_rows_are_chosen_alike_each_time(void **state)
{
    static const uint64_t counts[] = {8, 100, 1000, 1001, 5000, 100000};
    struct umm_quantize_rows a, b, held_a, held_b;
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        take_sample(counts[i], 1000, &a, &held_a);
        take_sample(counts[i], 1000, &b, &held_b);
        const uint64_t n = a.n_rows + held_a.n_rows;
        assert_true(n <= 1000 && (n == counts[i] || n >= 400));
        assert_true(held_a.n_rows >= 1 && a.n_rows >= held_a.n_rows);
        assert_int_equal(a.n_rows, b.n_rows);
        assert_memory_equal(a.numbers, b.numbers, a.n_rows * sizeof *a.numbers);
        for (uint64_t k = 0; k < held_a.n_rows; k++) {
            assert_true(held_a.rows[2 * k] == (float)held_a.numbers[k]);
            assert_true(held_a.rows[2 * k + 1] == -(float)held_a.numbers[k]);
            assert_true(k == 0 || held_a.numbers[k] > held_a.numbers[k - 1]);
        }
        umm_quantize_rows_free(&a);
        umm_quantize_rows_free(&b);
        umm_quantize_rows_free(&held_a);
        umm_quantize_rows_free(&held_b);
    }
}

/* Of rows that come in turns of two, three and seven, each turn has its share of both parts. */
static void test_no_period_meets_the_choice(void **state)
{
    struct umm_quantize_rows parts[2];
    (void)state;
    take_sample(200000, 10000, &parts[0], &parts[1]);
    for (int p = 0; p < 2; p++) {
        for (uint64_t period = 2; period <= 7; period++) {
            uint64_t n[7] = {0};
            for (uint64_t i = 0; i < parts[p].n_rows; i++)
                n[parts[p].numbers[i] % period]++;
            for (uint64_t i = 0; i < period; i++)
                assert_in_range(n[i], parts[p].n_rows / period * 8 / 10,
                                parts[p].n_rows / period * 12 / 10);
        }
        umm_quantize_rows_free(&parts[p]);
    }
}

/* ---- how answers compare
 * -------------------------------------------------------------------------- */

static void test_answers_are_compared_by_both_measures(void **state)
{
    const float floats[] = {1, 2, 4, 3, -1, 0}, quantized_ones[] = {1, 2.5F, 4, 4.5F, -1, 0};
    const uint64_t numbers[] = {10, 20, 30};
    const struct umm_quantize_answers answers = {.n_rows = 3,
                                                 .n_outputs = 2,
                                                 .floats = floats,
                                                 .quantized = quantized_ones,
                                                 .numbers = numbers};
    const struct umm_quantize_decision argmax = {.kind = UMM_QUANTIZE_ARGMAX};
    struct umm_quantize_worst worst[UMM_QUANTIZE_WORST];
    (void)state;
    const struct umm_quantize_agreement agreement = umm_quantize_compare(&answers, argmax);
    assert_int_equal(agreement.n_same, 2);
    assert_false(agreement.is_one_decision);
    const struct umm_quantize_decision low = {.kind = UMM_QUANTIZE_THRESHOLD, .threshold = -2};
    assert_true(umm_quantize_compare(&answers, low).is_one_decision);
    assert_true(fabs(agreement.relative_rms - sqrt(2.5 / 31)) < 1e-12);
    /* Means 4/3 and 5/3: squares 12.667 and 4.667 about them. */
    assert_true(fabs(agreement.spread_rms - sqrt(2.5 / (38.0 / 3 + 14.0 / 3))) < 1e-12);
    assert_true(agreement.largest == 1.5);
    assert_int_equal(umm_quantize_find_worst(&answers, argmax, worst), 3);
    assert_int_equal(worst[0].row, 20);
    assert_int_equal(worst[0].output, 1);
    assert_true(worst[0].answer == 4.5F && worst[0].float_answer == 3);
    assert_false(worst[0].is_same_decision);
    assert_int_equal(worst[1].row, 10);
    assert_int_equal(worst[2].row, 30);
}

/* Int8 answers are often equal: the first of the largest counts in both. */
static void test_of_equal_numbers_the_first_is_the_largest(void **state)
{
    const struct umm_quantize_decision argmax = {.kind = UMM_QUANTIZE_ARGMAX};
    (void)state;
    assert_true(umm_quantize_is_same((float[]){2, 2, 1}, (float[]){3, 2, 3}, 3, argmax));
    assert_false(umm_quantize_is_same((float[]){2, 2, 1}, (float[]){1, 2, 2}, 3, argmax));
}

static void test_a_threshold_is_for_every_number(void **state)
{
    const struct umm_quantize_decision half = {.kind = UMM_QUANTIZE_THRESHOLD, .threshold = 0.5};
    (void)state;
    assert_true(umm_quantize_is_same((float[]){0.6F, 0.1F}, (float[]){0.9F, 0.5F}, 2, half));
    assert_false(umm_quantize_is_same((float[]){0.6F, 0.1F}, (float[]){0.9F, 0.51F}, 2, half));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_range_is_held_within_half_a_step),
        cmocka_unit_test(test_a_range_without_numbers_has_a_scale),
        cmocka_unit_test(test_scales_are_those_of_others),
        cmocka_unit_test(test_weights_are_symmetric),
        cmocka_unit_test(test_a_bias_fits_32_bits),
        cmocka_unit_test(test_factors_make_both_sides_alike),
        cmocka_unit_test(test_sums_stay_what_they_were),
        cmocka_unit_test(test_bins_are_in_the_order_of_numbers),
        cmocka_unit_test(test_a_percentile_leaves_outliers_out),
        cmocka_unit_test(test_rows_are_chosen_alike_each_time),
        cmocka_unit_test(test_no_period_meets_the_choice),
        cmocka_unit_test(test_answers_are_compared_by_both_measures),
        cmocka_unit_test(test_of_equal_numbers_the_first_is_the_largest),
        cmocka_unit_test(test_a_threshold_is_for_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
