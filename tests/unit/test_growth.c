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
    umm_growth_fit(points, n, from_seconds, &growth);
    assert_true(growth.low_bytes <= growth.bytes && growth.bytes <= growth.high_bytes);
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.17g is not within %g of %.17g", a, tolerance, b);
}

static void test_line(void **state)
{
    (void)state;
    for (size_t n = UMM_GROWTH_POINTS_MIN; n < N; n = n * 3 / 2)
        for (int rate = -3; rate <= 3; rate += 2) {
            double bytes = rate * MIB * 0.5 * (double)(n - 1);
            for (size_t i = 0; i < n; i++)
                points[i] =
                    (struct umm_growth_point){.seconds = 0.5 * (double)i,
                                              .bytes = 70000 * MIB + rate * MIB * 0.5 * (double)i};
            fit(n, 0);
            assert_true(growth.is_known);
            assert_int_equal(growth.n_points, n);
            assert_near(growth.bytes, bytes, 100);
            assert_near(growth.start_bytes, 70000 * MIB, 100);
            /* What grows without falling is known; what falls has not grown. */
            assert_near(growth.low_bytes, rate > 0 ? bytes : 2 * bytes,
                        -bytes / 8 + fabs(bytes) / 8 + 100);
            assert_near(growth.high_bytes, rate > 0 ? bytes : 0,
                        -bytes / 8 + fabs(bytes) / 8 + 100);
        }
}

static void test_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < 400; i++)
        points[i] =
            (struct umm_growth_point){.seconds = (double)i, .bytes = i < 200 ? 10 * MIB : 14 * MIB};
    fit(400, 0);
    assert_true(growth.bytes == 4 * MIB && growth.low_bytes == 4 * MIB);
    assert_true(growth.high_bytes == 4 * MIB && growth.swing_bytes == 0);
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
    assert_near(growth.bytes, 39900, 400);
    assert_near(growth.swing_bytes, 0, 400);
    /* One part, wherever it lies, is out of line, up or down. */
    for (size_t odd = 0; odd < 16; odd++)
        for (int up = -1; up <= 1; up += 2) {
            for (size_t i = 0; i < 400; i++)
                points[i] = (struct umm_growth_point){
                    .seconds = (double)i,
                    .bytes = 10 * MIB + (i / 25 == odd ? 5 * up * MIB : 0) + 100.0 * (double)i};
            fit(400, 0);
            assert_near(growth.bytes, 39900, 10000);
            assert_near(growth.swing_bytes, 0, 10000);
        }
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
        n_covered += growth.low_bytes <= 199000 && growth.high_bytes >= 199000;
    }
    /* The bounds are no confidence interval, but hold nearly always. */
    if (n_covered < 180)
        fail_msg("%d", n_covered);
}

static void test_warmup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        points[i] = (struct umm_growth_point){.seconds = (double)i,
                                              .bytes = i < 50 ? MIB * (double)i : 50 * MIB};
    fit(100, 50);
    assert_int_equal(growth.n_points, 50);
    assert_true(growth.bytes == 0 && growth.high_bytes == 0);
    fit(100, 84.5);
    assert_false(growth.is_known);
    assert_int_equal(growth.n_points, 15);
    fit(100, 84);
    assert_true(growth.is_known);
    fit(100, 1000);
    assert_int_equal(growth.n_points, 0);
}

/* ---- memory that goes up and down ---- */

/*
 * A run of 3 s that is looked at every 10 to 20 ms, with 20 % warm-up: swing bytes are there for
 * the second half of every period, and leak bytes a second stay.
 */
static enum umm_verdict_word saw(double period, double phase, double swing, double leak,
                                 double limit)
{
    const double run = 3;
    size_t n = 0;
    for (double t = 0; t < run; t += 0.015 + 0.005 * noise()) {
        double at = fmod(t + phase * period, period);
        points[n++] = (struct umm_growth_point){
            .seconds = t, .bytes = 10 * MIB + leak * t + (at >= period / 2 ? swing : 0)};
    }
    fit(n, 0.2 * run);
    assert_true(growth.is_known);
    return umm_verdict_between(growth.low_bytes, growth.high_bytes, limit);
}

/*
 * 20 MiB come and go: up to 4/5 of the run for one period that is never taken for growth. A leak
 * beside it never passes. What fits twice into a part of the run is decided.
 */
static void test_swings(void **state)
{
    int n_decided = 0, n = 0;
    (void)state;
    for (double period = 0.02; period < 2.4; period *= 1.09)
        for (double phase = 0; phase < 1; phase += 0.1) {
            enum umm_verdict_word clean = saw(period, phase, 20 * MIB, 0, MIB);
            if (clean == UMM_VERDICT_FAIL)
                fail_msg("period %g, phase %g: %g bytes, at least %g", period, phase, growth.bytes,
                         growth.low_bytes);
            enum umm_verdict_word leaking = saw(period, phase, 20 * MIB, 2 * MIB, MIB);
            if (leaking == UMM_VERDICT_PASS)
                fail_msg("period %g, phase %g: %g bytes, at most %g", period, phase, growth.bytes,
                         growth.high_bytes);
            if (period > 0.15 / 2)
                continue;
            n++;
            n_decided += clean == UMM_VERDICT_PASS && leaking == UMM_VERDICT_FAIL;
        }
    if (n_decided < n * 9 / 10)
        fail_msg("%d of %d", n_decided, n);
}

/* Two levels, the higher one before: it may be up and down. A leak after such a start is one. */
static void test_what_was_there_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < 300; i++)
        points[i] = (struct umm_growth_point){.seconds = (double)i,
                                              .bytes = i < 40 || i >= 180 ? 30 * MIB : 10 * MIB};
    fit(300, 60);
    assert_true(growth.bytes == 20 * MIB && growth.high_bytes == 20 * MIB);
    assert_true(growth.low_bytes <= 0);
    for (size_t i = 40; i < 300; i++)
        points[i].bytes = 10 * MIB + 0.05 * MIB * (double)i;
    fit(300, 60);
    assert_near(growth.low_bytes, 0.05 * 239 * MIB, 0.1 * MIB);
    /* Without it, the step is one. */
    for (size_t i = 0; i < 300; i++)
        points[i].bytes = i < 180 ? 10 * MIB : 30 * MIB;
    fit(300, 60);
    assert_true(growth.low_bytes == 20 * MIB);
    /* One at the very end may be half of an up and down. */
    for (size_t i = 0; i < 300; i++)
        points[i].bytes = i < 270 ? 10 * MIB : 30 * MIB;
    fit(300, 60);
    assert_true(growth.low_bytes <= 0 && growth.high_bytes >= 20 * MIB);
}

/* Too few for a line: the last less the first, and what lies between them is open. */
static void test_few_samples(void **state)
{
    static const double bytes[] = {99, 7, 3, 9, 5, 8};
    (void)state;
    for (size_t i = 0; i < 6; i++)
        points[i] = (struct umm_growth_point){.seconds = (double)i, .bytes = bytes[i]};
    fit(6, 1);
    assert_false(growth.is_known);
    assert_int_equal(growth.n_points, 5);
    assert_true(growth.bytes == 1 && growth.low_bytes == 0 && growth.high_bytes == 6);
    fit(5, 1);
    assert_true(growth.bytes == -2 && growth.low_bytes == -2 && growth.high_bytes == 6);
    fit(6, 5);
    assert_true(growth.n_points == 1 && growth.bytes == 0 && growth.high_bytes == 0);
    fit(6, 6);
    assert_int_equal(growth.n_points, 0);
}

/* Samples at one and the same time have no slope between them. */
static void test_same_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        points[i] = (struct umm_growth_point){.seconds = 1, .bytes = (double)i};
    fit(20, 0);
    assert_true(growth.is_known && growth.bytes == 0 && growth.swing_bytes == 0);
}

/* ---- verdicts ---- */

static struct umm_verdict verdicts[UMM_VERDICT_COUNT];

static size_t judge(const struct umm_trial *trial, double growth_max, double rss, double allocs,
                    double seconds)
{
    struct umm_verdict_limits limits = {.at_most = {[UMM_VERDICT_GROWTH] = growth_max,
                                                    [UMM_VERDICT_RSS] = rss,
                                                    [UMM_VERDICT_PSS] = -1,
                                                    [UMM_VERDICT_ALLOCS] = allocs,
                                                    [UMM_VERDICT_SECONDS] = seconds,
                                                    [UMM_VERDICT_TIMEOUT] = -1}};
    return umm_verdict_judge(trial, &limits, verdicts);
}

static void test_verdicts(void **state)
{
    struct umm_trial trial = {
        .duration_ns = 2000000000, .peak_rss_bytes = 10 << 20, .alloc_state = UMM_TRIAL_COUNTED};
    (void)state;
    trial.growth = (struct umm_growth){
        .is_known = true, .low_bytes = 5 * MIB, .bytes = 5 * MIB, .high_bytes = 5 * MIB};
    trial.allocs.n_allocs = 1000;
    assert_int_equal(judge(&trial, -1, -1, -1, -1), 0);
    assert_int_equal(judge(&trial, 5 * MIB, 10 * MIB, 500, 2), 4);
    for (int i = 0; i < 4; i++)
        assert_true(verdicts[i].word == UMM_VERDICT_PASS && verdicts[i].is_known);
    assert_string_equal(verdicts[0].text, "PASS growth +5.0 MiB, at most 5.0 MiB");
    assert_string_equal(verdicts[2].text,
                        "PASS allocations 500 per second, at most 500 per second");
    assert_int_equal(judge(&trial, 5 * MIB - 1, 10 * MIB - 1, 499, 1.999), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(verdicts[i].word, UMM_VERDICT_FAIL);
    assert_string_equal(verdicts[3].text, "FAIL duration 2.000 s, at most 1.999 s");
}

static void test_unknown_verdicts(void **state)
{
    struct umm_trial trial = {.peak_rss_bytes = 10 << 20, .alloc_state = UMM_TRIAL_NOT_COUNTED};
    (void)state;
    assert_int_equal(judge(&trial, 10 * MIB, -1, 1e9, -1), 2);
    assert_true(verdicts[0].word == UMM_VERDICT_PASS && !verdicts[0].is_known);
    assert_int_equal(verdicts[1].word, UMM_VERDICT_FAIL);
    assert_int_equal(umm_verdict_of_all(verdicts, 2), UMM_VERDICT_FAIL);
    assert_int_equal(judge(&trial, 10 * MIB - 1, -1, -1, -1), 1);
    assert_int_equal(verdicts[0].word, UMM_VERDICT_INCONCLUSIVE);
    assert_int_equal(verdicts[0].doubt, UMM_VERDICT_FEW_SAMPLES);
    assert_int_equal(umm_verdict_of_all(verdicts, 1), UMM_VERDICT_INCONCLUSIVE);
    assert_int_equal(umm_verdict_of_all(verdicts, 0), UMM_VERDICT_PASS);
}

/* A limit between the bounds is neither kept nor broken; FAIL counts for more. */
static void test_bounds(void **state)
{
    static const struct {
        double low, high;
        enum umm_verdict_word word;
    } cases[] = {{1, 4, UMM_VERDICT_PASS},
                 {1, 5, UMM_VERDICT_PASS},
                 {1, 6, UMM_VERDICT_INCONCLUSIVE},
                 {5, 6, UMM_VERDICT_INCONCLUSIVE},
                 {6, 7, UMM_VERDICT_FAIL}};
    struct umm_trial trial = {.peak_rss_bytes = 100 << 20, .duration_ns = 1};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial.growth = (struct umm_growth){.is_known = true,
                                           .low_bytes = cases[i].low * MIB,
                                           .bytes = cases[i].low * MIB,
                                           .high_bytes = cases[i].high * MIB};
        assert_int_equal(judge(&trial, 5 * MIB, -1, -1, -1), 1);
        assert_int_equal(verdicts[0].word, cases[i].word);
        assert_int_equal(verdicts[0].doubt, cases[i].word == UMM_VERDICT_INCONCLUSIVE
                                                ? UMM_VERDICT_SWINGS
                                                : UMM_VERDICT_NO_DOUBT);
    }
    trial.growth.low_bytes = trial.growth.bytes = 4 * MIB;
    assert_int_equal(judge(&trial, 5 * MIB, 1, -1, -1), 2);
    assert_string_equal(verdicts[0].text, "INCONCLUSIVE growth +4.0 MiB, at most 5.0 MiB (between "
                                          "+4.0 MiB and +7.0 MiB)");
    assert_int_equal(umm_verdict_of_all(verdicts, 1), UMM_VERDICT_INCONCLUSIVE);
    assert_int_equal(umm_verdict_of_all(verdicts, 2), UMM_VERDICT_FAIL);
}

/* 60 MiB are seen, and 30 MiB more are what processes have that may not be looked into. */
static void test_pss(void **state)
{
    struct umm_verdict_limits limits = {{-1, -1, 90 * MIB, -1, -1, -1}};
    struct umm_trial trial = {.peak_rss_bytes = 900 << 20, .peak_processes = 9};
    (void)state;
    trial.peak = (struct umm_trial_peak){.is_known = true,
                                         .pss_bytes = 90 << 20,
                                         .hidden_bytes = 30 << 20,
                                         .n_processes = 9,
                                         .n_hidden = 2};
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_int_equal(verdicts[0].word, UMM_VERDICT_PASS);
    limits.at_most[UMM_VERDICT_PSS] = 89 * MIB;
    limits.at_most[UMM_VERDICT_RSS] = 89 * MIB;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 2);
    assert_string_equal(verdicts[0].text, "FAIL peak RSS 900.0 MiB, at most 89.0 MiB (shared pages "
                                          "count in each of 9 processes; peak PSS 90.0 MiB)");
    assert_string_equal(verdicts[1].text,
                        "INCONCLUSIVE peak PSS 90.0 MiB, at most 89.0 MiB (30.0 MiB of it is RSS "
                        "of 2 that cannot be looked into)");
    assert_int_equal(verdicts[1].doubt, UMM_VERDICT_HIDDEN);
    limits.at_most[UMM_VERDICT_PSS] = 59 * MIB;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 2);
    assert_int_equal(verdicts[1].word, UMM_VERDICT_FAIL);
    /* Never sampled: within RSS it is for sure. */
    trial = (struct umm_trial){.peak_rss_bytes = 59 << 20};
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 2);
    assert_int_equal(verdicts[1].word, UMM_VERDICT_PASS);
    trial.peak_rss_bytes++;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 2);
    assert_int_equal(verdicts[1].word, UMM_VERDICT_INCONCLUSIVE);
}

/* A command that ended by itself a moment later kept its timeout. */
static void test_timeout(void **state)
{
    struct umm_trial trial = {.duration_ns = 2000000000};
    struct umm_verdict_limits limits = {{-1, -1, -1, -1, -1, 1.9}};
    (void)state;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_string_equal(verdicts[0].text, "PASS timeout 2.000 s, at most 1.900 s");
    trial.end = UMM_TRIAL_ASKED_TO_END;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_string_equal(verdicts[0].text,
                        "FAIL timeout 2.000 s, at most 1.900 s (ended by SIGTERM)");
    trial.end = UMM_TRIAL_KILLED;
    assert_int_equal(umm_verdict_judge(&trial, &limits, verdicts), 1);
    assert_true(strstr(verdicts[0].text, "(ended by SIGKILL)"));
    assert_int_equal(verdicts[0].word, UMM_VERDICT_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_step),
                                       cmocka_unit_test(test_uneven_samples),
                                       cmocka_unit_test(test_odd_samples),
                                       cmocka_unit_test(test_noise),
                                       cmocka_unit_test(test_warmup),
                                       cmocka_unit_test(test_few_samples),
                                       cmocka_unit_test(test_swings),
                                       cmocka_unit_test(test_what_was_there_before),
                                       cmocka_unit_test(test_same_times),
                                       cmocka_unit_test(test_verdicts),
                                       cmocka_unit_test(test_unknown_verdicts),
                                       cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_pss),
                                       cmocka_unit_test(test_timeout)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
