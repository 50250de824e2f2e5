/* SPDX-License-Identifier: MIT */
#include "mem/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct umm_histogram histogram;

static int empty(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* What is read back is the value by nearest rank, or up to 1/31 above it, and never above all. */
static void check(uint64_t *values, uint64_t n)
{
    static const unsigned per_mille[] = {1, 10, 500, 501, 900, 990, 999, 1000};
    qsort(values, n, sizeof *values, compare);
    for (size_t i = 0; i < sizeof per_mille / sizeof *per_mille; i++) {
        const uint64_t exact = values[(n * per_mille[i] + 999) / 1000 - 1];
        const uint64_t got = umm_histogram_at(&histogram, per_mille[i]);
        assert_true(got >= exact && got - exact <= exact / 31);
        assert_true(got <= values[n - 1]);
        if (exact < 64)
            assert_int_equal(got, exact);
    }
    assert_int_equal(umm_histogram_at(&histogram, 1000), values[n - 1]);
    assert_int_equal(histogram.max, values[n - 1]);
}

static void values_of_all_sizes_are_read_back(void **state)
{
    (void)state;
    enum { N = 4000 };
    static uint64_t values[N];
    uint64_t x = 88172645463325252;
    for (uint64_t n = 0; n < N;) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        values[n] = x >> (n % 64);
        umm_histogram_add(&histogram, values[n], 1);
        n++;
        if (n < 5 || n == 100 || n == N) {
            uint64_t copy[N];
            memcpy(copy, values, n * sizeof *copy);
            check(copy, n);
        }
    }
}

static void every_slot_ends_where_the_next_begins(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t high = 32; high < 64; high++) {
            const uint64_t first = bit < 5 ? high : high << (bit - 5);
            memset(&histogram, 0, sizeof histogram);
            umm_histogram_add(&histogram, first - 1, 1);
            umm_histogram_add(&histogram, first, 1);
            assert_int_equal(umm_histogram_at(&histogram, 500), first - 1);
            assert_int_equal(umm_histogram_at(&histogram, 1000), first);
        }
    }
    umm_histogram_add(&histogram, UINT64_MAX, 1);
    assert_int_equal(umm_histogram_at(&histogram, 1000), UINT64_MAX);
}

static void many_of_one_value_count_as_many(void **state)
{
    (void)state;
    assert_int_equal(umm_histogram_at(&histogram, 500), 0);
    umm_histogram_add(&histogram, 7, 0);
    assert_int_equal(umm_histogram_at(&histogram, 1000) + histogram.max, 0);
    umm_histogram_add(&histogram, 3, UINT64_MAX / 2);
    umm_histogram_add(&histogram, 9, UINT64_MAX / 1000);
    assert_int_equal(umm_histogram_at(&histogram, 990), 3);
    assert_int_equal(umm_histogram_at(&histogram, 999), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_of_all_sizes_are_read_back, empty),
        cmocka_unit_test_setup(every_slot_ends_where_the_next_begins, empty),
        cmocka_unit_test_setup(many_of_one_value_count_as_many, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
