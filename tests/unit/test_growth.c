/* SPDX-License-Identifier: MIT */
#include "probe/growth.h"
#include "probe/verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = 3000 };

#define MIB 1048576.0

static struct umm_growth_point points[N];
static struct umm_growth growth;

/* A repeatable number in [-1, 1). */
static double noise(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)state / 9223372036854775808.0;
}

static void fit(size_t n, double from_seconds)
{
    assert_int_equal(umm_growth_fit(points, n, from_seconds, &growth, NULL), UMM_OK);
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.17g is not within %g of %.17g", a, tolerance, b);
}

static void test_line(void **state)
{
    (void)state;
    for (size_t n = UMM_GROWTH_POINTS_MIN; n < N; n = n * 3 / 2) {
        for (size_t i = 0; i < n; i++)
            points[i] = (struct umm_growth_point){.seconds = 0.5 * (double)i,
                                                  .bytes = 7 * MIB + 3 * MIB * 0.5 * (double)i};
        fit(n, 0);
        assert_true(growth.is_known);
        assert_int_equal(growth.n_points, n);
        assert_near(growth.slope, 3 * MIB, 1);
        assert_near(growth.slope_low, 3 * MIB, 1);
        assert_near(growth.slope_high, 3 * MIB, 1);
        assert_near(growth.bytes, 3 * MIB * 0.5 * (double)(n - 1), 100);
        assert_near(growth.start_bytes, 7 * MIB, 100);
    }
}

static void test_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < 400; i++)
        points[i] =
            (struct umm_growth_point){.seconds = (double)i, .bytes = i < 200 ? 10 * MIB : 14 * MIB};
    fit(400, 0);
    assert_true(growth.bytes == 4 * MIB);
}

/* Samples get ten times rarer after the step: the last quarter of the time is flat still. */
static void test_uneven_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 240; i++)
        points[i] = i < 200 ? (struct umm_growth_point){.seconds = (double)i, .bytes = 10 * MIB}
                            : (struct umm_growth_point){.seconds = 200 + 10 * (double)(i - 200),
                                                        .bytes = i < 210 ? 12 * MIB : 14 * MIB};
    fit(240, 0);
    assert_true(growth.bytes == 4 * MIB);
    /* Three samples in the last quarter are too few to tell. */
    points[237].seconds = points[238].seconds = points[239].seconds = 1e6;
    fit(240, 0);
    assert_false(growth.is_known);
}

/* A fifth of all samples is nonsense, and nothing moves. */
static void test_odd_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 400; i++)
        points[i] = (struct umm_growth_point){
            .seconds = (double)i, .bytes = i % 5 == 3 ? 1000 * MIB : 10 * MIB + 100.0 * (double)i};
    fit(400, 0);
    assert_near(growth.slope, 100, 1);
    assert_near(growth.bytes, 39900, 400);
}

static void test_noise(void **state)
{
    int n_covered = 0;
    (void)state;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 200; i++)
            points[i] = (struct umm_growth_point){
                .seconds = (double)i, .bytes = 10 * MIB + 1000.0 * (double)i + MIB * noise()};
        fit(200, 0);
        n_covered += growth.slope_low <= 1000 && growth.slope_high >= 1000;
        assert_true(growth.slope_low <= growth.slope && growth.slope <= growth.slope_high);
    }
    /* 95 % of 200, give or take three standard deviations. */
    assert_in_range(n_covered, 180, 199);
}

static void test_warmup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        points[i] = (struct umm_growth_point){.seconds = (double)i,
                                              .bytes = i < 50 ? MIB * (double)i : 50 * MIB};
    fit(100, 50);
    assert_int_equal(growth.n_points, 50);
    assert_true(growth.bytes == 0 && growth.slope == 0);
    fit(100, 84.5);
    assert_false(growth.is_known);
    assert_int_equal(growth.n_points, 15);
    fit(100, 84);
    assert_true(growth.is_known);
    fit(100, 1000);
    assert_int_equal(growth.n_points, 0);
}

/* Samples at one and the same time have no slope between them. */
static void test_same_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        points[i] = (struct umm_growth_point){.seconds = 1, .bytes = (double)i};
    fit(20, 0);
    assert_true(isfinite(growth.bytes) && growth.slope == 0);
}

/* ---- verdicts ---- */

static struct umm_verdict verdicts[UMM_VERDICT_COUNT];

static size_t judge(const struct umm_trial *trial, double growth_max, double rss, double allocs,
                    double seconds)
{
    struct umm_verdict_limits limits = {{growth_max, rss, allocs, seconds, -1}};
    return umm_verdict_judge(trial, &limits, verdicts);
}

static void test_verdicts(void **state)
{
    struct umm_trial trial = {
        .duration_ns = 2000000000, .peak_rss_bytes = 10 << 20, .alloc_state = UMM_TRIAL_COUNTED};
    (void)state;
    trial.growth = (struct umm_growth){.is_known = true, .bytes = 5 * MIB};
    trial.allocs.n_allocs = 1000;
    assert_int_equal(judge(&trial, -1, -1, -1, -1), 0);
    assert_int_equal(judge(&trial, 5 * MIB, 10 * MIB, 500, 2), 4);
    for (int i = 0; i < 4; i++)
        assert_true(verdicts[i].is_kept && verdicts[i].is_known);
    assert_string_equal(verdicts[0].text, "PASS growth +5.0 MiB, at most 5.0 MiB");
    assert_string_equal(verdicts[2].text,
                        "PASS allocations 500 per second, at most 500 per second");
    assert_int_equal(judge(&trial, 5 * MIB - 1, 10 * MIB - 1, 499, 1.999), 4);
    for (int i = 0; i < 4; i++)
        assert_false(verdicts[i].is_kept);
    assert_string_equal(verdicts[3].text, "FAIL duration 2.000 s, at most 1.999 s");
}

static void test_unknown_verdicts(void **state)
{
    struct umm_trial trial = {.peak_rss_bytes = 10 << 20, .alloc_state = UMM_TRIAL_NOT_COUNTED};
    (void)state;
    assert_int_equal(judge(&trial, 10 * MIB, -1, 1e9, -1), 2);
    assert_true(verdicts[0].is_kept && !verdicts[0].is_known);
    assert_false(verdicts[1].is_kept);
    assert_int_equal(judge(&trial, 10 * MIB - 1, -1, -1, -1), 1);
    assert_false(verdicts[0].is_kept);
}

/* A command that ended by itself a moment later kept its timeout. */
static void test_timeout(void **state)
{
    struct umm_trial trial = {.duration_ns = 2000000000};
    struct umm_verdict_limits limits = {{-1, -1, -1, -1, 1.9}};
    (void)state;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_string_equal(verdicts[0].text, "PASS timeout 2.000 s, at most 1.900 s");
    trial.end = UMM_TRIAL_ASKED_TO_END;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_string_equal(verdicts[0].text,
                        "FAIL timeout 2.000 s, at most 1.900 s (ended by SIGTERM)");
    trial.end = UMM_TRIAL_KILLED;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_true(strstr(verdicts[0].text, "(ended by SIGKILL)") && !verdicts[0].is_kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_step),
                                       cmocka_unit_test(test_uneven_samples),
                                       cmocka_unit_test(test_odd_samples),
                                       cmocka_unit_test(test_noise),
                                       cmocka_unit_test(test_warmup),
                                       cmocka_unit_test(test_same_times),
                                       cmocka_unit_test(test_verdicts),
                                       cmocka_unit_test(test_unknown_verdicts),
                                       cmocka_unit_test(test_timeout)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
