/* SPDX-License-Identifier: MIT */
/* window.h and logarithm.h against long doubles, window by window. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/logarithm.h"
#include "feature/window.h"

#include "random.h"

enum { ROWS = 1500, WINDOW_MAX = 400 };

static uint64_t state = RANDOM_SEED;

static uint64_t next_random(void)
{
    return xorshift64(&state);
}

static double uniform(void)
{
    return (double)(next_random() >> 11) * 0x1p-53;
}

/* A walk at level, and one wild tick. */
static void walk(double *x, double level, double step, double tick)
{
    double now = level;
    for (size_t i = 0; i < ROWS; i++)
        x[i] = now += (uniform() - 0.5) * step;
    if (tick > 0)
        x[ROWS / 3] = tick;
}

typedef void window(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row,
                    const double *x, size_t m, double *out);

static void parts(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row,
                  const double *x, size_t m, double *distance, double *squares)
{
    const struct umm_bulk_end end = {.kind = UMM_BULK_PARTS};
    umm_window_deviation(bulk, words, n, row, x, m, &end, (double *[]){distance, squares, NULL});
}

static void sum(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row, const double *x,
                size_t m, double *out)
{
    /* By one, or not at all: both are the sum. */
    umm_window_sum(bulk, words, n, row, x, m, n % 2 ? 1 : 0, out);
}

static void weighted(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row,
                     const double *x, size_t m, double *out)
{
    umm_window_weighted(bulk, words, n, row, x, m, 1, out);
}

static void deviation(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row,
                      const double *x, size_t m, double *out)
{
    double distance[ROWS];
    parts(bulk, words, n, row, x, m, distance, out);
}

static void distance(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row,
                     const double *x, size_t m, double *out)
{
    double squares[ROWS];
    parts(bulk, words, n, row, x, m, out, squares);
}

static void lag(const struct umm_bulk *bulk, double *words, size_t n, uint64_t row, const double *x,
                size_t m, double *out)
{
    (void)bulk;
    for (size_t at = 0; at < m;) {
        const double *older;
        size_t run = umm_window_before(words, n, row, x, m, n, at, &older);
        memcpy(out + at, older, run * sizeof *out);
        at += run;
    }
    umm_window_keep(words, n, row, x, m);
}

/* All rows at once, or in random pieces. */
static void run(enum umm_cpu cpu, window *take, size_t n, const double *x, double *out,
                size_t piece_max)
{
    double *words = calloc(umm_window_deviation_words(n), sizeof *words);
    assert_non_null(words);
    for (size_t row = 0; row < ROWS;) {
        size_t m = piece_max ? 1 + (size_t)(next_random() % piece_max) : ROWS;
        m = m < ROWS - row ? m : ROWS - row;
        take(umm_bulk_of(cpu), words, n, row, x + row, m, out + row);
        row += m;
    }
    free(words);
}

static long double sum_at(const double *x, size_t n, size_t row)
{
    long double sum = 0;
    for (size_t i = row + 1 - n; i <= row; i++)
        sum += (long double)x[i];
    return sum;
}

static long double weighted_at(const double *x, size_t n, size_t row)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (long double)(i + 1) * (long double)x[row + 1 - n + i];
    return sum;
}

static long double squares_at(const double *x, size_t n, size_t row)
{
    long double mean = sum_at(x, n, row) / (long double)n, sum = 0;
    for (size_t i = row + 1 - n; i <= row; i++)
        sum += ((long double)x[i] - mean) * ((long double)x[i] - mean);
    return sum;
}

/* Of the distances from the newest, which lose no digits to the level. */
static long double distance_at(const double *x, size_t n, size_t row)
{
    long double sum = 0;
    for (size_t i = row + 1 - n; i <= row; i++)
        sum += (long double)x[row] - (long double)x[i];
    return sum / (long double)n;
}

static long double max_at(const double *x, size_t n, size_t row)
{
    double max = x[row];
    for (size_t i = row + 1 - n; i <= row; i++)
        max = x[i] > max ? x[i] : max;
    return (long double)max;
}

static long double min_at(const double *x, size_t n, size_t row)
{
    double min = x[row];
    for (size_t i = row + 1 - n; i <= row; i++)
        min = x[i] < min ? x[i] : min;
    return (long double)min;
}

struct kind {
    window *take;
    long double (*at)(const double *x, size_t n, size_t row);
    double units; /* error allowed, of 2^-53, for each doubling of the window */
};

static const struct kind kinds[] = {
    {sum, sum_at, 1},
    {weighted, weighted_at, 2},
    {umm_window_max, max_at, 0},
    {umm_window_min, min_at, 0},
    {deviation, squares_at, 12},
};

static const size_t windows[] = {1, 2, 3, 7, 8, 20, 50, 200, WINDOW_MAX};

static void check(const struct kind *kind, size_t n, const double *x)
{
    double out[ROWS], pieces[ROWS];
    run(UMM_CPU_PORTABLE, kind->take, n, x, out, 0);
    for (size_t row = n - 1; row < ROWS; row++) {
        long double want = kind->at(x, n, row), off = fabsl((long double)out[row] - want);
        assert_true(off <=
                    (long double)kind->units * log2l((long double)n + 1) * 0x1p-53L * fabsl(want));
    }
    for (size_t piece = 1; piece < 1000; piece = piece * 3 + 1) {
        run(umm_cpu_best(), kind->take, n, x, pieces, piece);
        for (size_t row = n - 1; row < ROWS; row++)
            assert_memory_equal(&out[row], &pieces[row], sizeof *out);
    }
}

static void test_windows_are_right_however_cut(void **unused)
{
    (void)unused;
    double x[ROWS];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
            walk(x, 100, 1, 0);
            check(&kinds[k], windows[i], x);
            walk(x, 6e4, 1e-3, 1e9);
            check(&kinds[k], windows[i], x);
        }
}

/* Where running sums and Welford's update lose all digits. */
static void test_deviation_keeps_its_digits(void **unused)
{
    (void)unused;
    const double ticks[] = {0, 1e9, 1e12};
    double x[ROWS], out[ROWS];
    for (size_t t = 0; t < 3; t++)
        for (size_t n = 2; n <= WINDOW_MAX; n = n * 2 + 1) {
            walk(x, 6e4, 1e-6, ticks[t]);
            run(umm_cpu_best(), deviation, n, x, out, 0);
            for (size_t row = n - 1; row < ROWS; row++) {
                long double want = sqrtl(squares_at(x, n, row));
                assert_true(fabsl((long double)sqrt(out[row]) - want) <= 1e-13L * want);
            }
            run(umm_cpu_best(), distance, n, x, out, 7);
            for (size_t row = n - 1; row < ROWS; row++) {
                long double spread = sqrtl(squares_at(x, n, row) / (long double)n);
                assert_true(fabsl((long double)out[row] - distance_at(x, n, row)) <=
                            1e-13L * spread);
            }
        }
}

static void test_flat_has_no_deviation(void **unused)
{
    (void)unused;
    double x[ROWS], out[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        x[i] = 0.1;
    run(umm_cpu_best(), deviation, 20, x, out, 3);
    for (size_t i = 19; i < ROWS; i++)
        assert_true(out[i] == 0);
}

static void test_lag(void **unused)
{
    (void)unused;
    double x[ROWS], out[ROWS];
    walk(x, 100, 1, 0);
    for (size_t n = 1; n < 100; n = n * 3 + 1)
        for (size_t piece = 0; piece < 300; piece = piece * 5 + 1) {
            run(UMM_CPU_PORTABLE, lag, n, x, out, piece);
            for (size_t i = 0; i < ROWS; i++)
                assert_true(out[i] == (i < n ? 0 : x[i - n]));
        }
}

static void check_log(double x, double y)
{
    long double want = logl((long double)x / (long double)y);
    /* Close together, the rounded quotient has lost the digits that count. */
    if (fabsl((long double)x / (long double)y - 1) < 0.1L)
        want = log1pl(((long double)x - (long double)y) / (long double)y);
    double got = umm_log_ratio(x, y), unit = fabs(nextafter((double)want, INFINITY) - (double)want);
    assert_true(fabsl((long double)got - want) <= 2 * (long double)unit);
}

static void test_logarithm(void **unused)
{
    (void)unused;
    assert_true(umm_log_ratio(7, 7) == 0);
    assert_true(isnan(umm_log_ratio(0, 1)) && isnan(umm_log_ratio(1, 0)));
    assert_true(isnan(umm_log_ratio(-1, 1)));
    assert_true(umm_log_ratio(-3, -2) == umm_log_ratio(3, 2));
    check_log(1.7e308, 5e-324);
    check_log(5e-324, 1.7e308);
    check_log(2, 1);
    check_log(1, 2);
    check_log(nextafter(1, 2), 1);
    check_log(1, nextafter(1, 2));
    for (int i = 0; i < 200000; i++) {
        double y = ldexp(0.5 + uniform(), (int)(next_random() % 2000) - 1000);
        check_log(y * (1 + (uniform() - 0.5) * ldexp(1, -(int)(next_random() % 50))), y);
        check_log(ldexp(0.5 + uniform(), (int)(next_random() % 40) - 20), 0.5 + uniform());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_are_right_however_cut),
        cmocka_unit_test(test_deviation_keeps_its_digits),
        cmocka_unit_test(test_flat_has_no_deviation),
        cmocka_unit_test(test_lag),
        cmocka_unit_test(test_logarithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
