/* SPDX-License-Identifier: MIT */
#include "umm.h"
#include "umm/mem.h"

#include "tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void sums_up_the_recent_ones(void **state)
{
    (void)state;
    struct umm_opstats *stats;
    struct umm_opstats_summary s;
    assert_int_equal(umm_opstats_open(2, false, &stats, NULL), UMM_OK);
    umm_opstats_all(stats, &s);
    assert_int_equal(s.n_recent + s.n_total + s.max_ns + s.p99_ns, 0);
    /* The last 500 are 1000 down to 501, the last 100 are 600 down to 501. */
    for (uint64_t i = 0; i < 1000; i++)
        umm_opstats_record(stats, 0, i < 500 ? i : 1500 - i);
    umm_opstats_kind(stats, 0, &s);
    assert_int_equal(s.n_total, 1000);
    assert_int_equal(s.n_recent, 100);
    assert_int_equal(s.min_ns, 501);
    assert_int_equal(s.max_ns, 600);
    assert_int_equal(s.p50_ns, 550);
    assert_int_equal(s.p90_ns, 590);
    assert_int_equal(s.p99_ns, 599);
    assert_int_equal(s.mean_ns, 550);
    umm_opstats_all(stats, &s);
    assert_int_equal(s.n_recent, 500);
    assert_int_equal(s.min_ns, 501);
    assert_int_equal(s.max_ns, 1000);
    assert_int_equal(s.p90_ns, 950);
    umm_opstats_record(stats, 1, 7);
    umm_opstats_record(stats, 2, 9); /* not there */
    umm_opstats_kind(stats, 1, &s);
    assert_int_equal(s.n_recent, 1);
    assert_int_equal(s.p50_ns, 7);
    assert_int_equal(s.p99_ns, 7);
    umm_opstats_all(stats, &s);
    assert_int_equal(s.n_total, 1001);
    umm_opstats_kind(stats, 2, &s);
    assert_int_equal(s.n_total, 0);
    umm_opstats_close(stats);
}

/* The definition, word by word: the smallest that at least percent of all do not exceed. */
static uint64_t nearest_rank(const uint64_t *values, uint64_t n, uint64_t percent)
{
    uint64_t smallest = UINT64_MAX;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t n_within = 0;
        for (uint64_t k = 0; k < n; k++)
            n_within += values[k] <= values[i];
        if (100 * n_within >= percent * n && values[i] < smallest)
            smallest = values[i];
    }
    return smallest;
}

/* Of any number, also of few, in any order, with and without equal ones. */
static void percentiles_are_by_nearest_rank(void **state)
{
    (void)state;
    enum { MANY = 130 };
    uint64_t values[MANY];
    for (uint64_t step = 1; step <= 3; step++) {
        struct umm_opstats *stats;
        struct umm_opstats_summary s;
        assert_int_equal(umm_opstats_open(1, false, &stats, NULL), UMM_OK);
        for (uint64_t n = 1; n <= MANY; n++) {
            values[n - 1] = n * 89 % 131 / step + 1000;
            umm_opstats_record(stats, 0, values[n - 1]);
            umm_opstats_all(stats, &s);
            assert_int_equal(s.p50_ns, nearest_rank(values, n, 50));
            assert_int_equal(s.p90_ns, nearest_rank(values, n, 90));
            assert_int_equal(s.p99_ns, nearest_rank(values, n, 99));
            assert_int_equal(s.min_ns, nearest_rank(values, n, 0));
            assert_int_equal(s.max_ns, nearest_rank(values, n, 100));
        }
        umm_opstats_kind(stats, 0, &s);
        assert_int_equal(s.p90_ns, nearest_rank(values + MANY - 100, 100, 90));
        umm_opstats_close(stats);
    }
}

static void sums_do_not_overflow(void **state)
{
    (void)state;
    struct umm_opstats *stats;
    struct umm_opstats_summary s;
    assert_int_equal(umm_opstats_open(64, true, &stats, NULL), UMM_OK);
    for (int i = 0; i < 500; i++)
        umm_opstats_record(stats, 63, UINT64_MAX);
    umm_opstats_all(stats, &s);
    assert_true(s.mean_ns == UINT64_MAX);
    umm_opstats_close(stats);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct umm_opstats *stats;
    struct umm_error err;
    assert_int_equal(umm_opstats_open(0, false, &stats, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_opstats_open(65, false, &stats, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "there may be 1 to 64 kinds of operations");
    umm_opstats_close(stats);
}

static void *record_some(void *user)
{
    struct umm_opstats *stats = user;
    for (unsigned i = 0; i < 5000; i++) {
        struct umm_opstats_summary s;
        umm_opstats_record(stats, i % 3, 1000 + i % 3);
        umm_opstats_kind(stats, i % 3, &s);
        if (i % 100 == 0 && (s.n_recent == 0 || s.min_ns != 1000 + i % 3 || s.max_ns != s.min_ns))
            return user;
    }
    return NULL;
}

static void a_locked_one_serves_threads(void **state)
{
    (void)state;
    struct umm_opstats *stats;
    struct umm_opstats_summary s;
    assert_int_equal(umm_opstats_open(3, true, &stats, NULL), UMM_OK);
    run_in_four_threads(record_some, stats);
    umm_opstats_all(stats, &s);
    assert_int_equal(s.n_total, 4 * 5000);
    umm_opstats_close(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_up_the_recent_ones),
        cmocka_unit_test(percentiles_are_by_nearest_rank),
        cmocka_unit_test(sums_do_not_overflow),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(a_locked_one_serves_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
