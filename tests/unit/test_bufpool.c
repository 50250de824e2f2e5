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

static void lends_each_buffer_once(void **state)
{
    (void)state;
    enum { N = 50 };
    struct umm_bufpool *pool;
    struct umm_bufpool_stats stats;
    char *at[N];
    assert_int_equal(umm_bufpool_open(N, 100, false, &pool, NULL), UMM_OK);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            at[i] = umm_bufpool_take(pool);
            assert_non_null(at[i]);
            assert_int_equal((uintptr_t)at[i] % 64, 0);
            memset(at[i], i, 100);
        }
        assert_null(umm_bufpool_take(pool));
        for (int i = 0; i < N; i++) {
            for (int k = 0; k < 100; k++)
                assert_int_equal(at[i][k], i);
            assert_true(umm_bufpool_give(pool, at[i]));
            assert_false(umm_bufpool_give(pool, at[i]));
        }
    }
    assert_ptr_equal(umm_bufpool_take(pool), at[N - 1]); /* last returned, first lent */
    umm_bufpool_stats(pool, &stats);
    assert_int_equal(stats.n_buffers, N);
    assert_int_equal(stats.n_lent, 1);
    assert_int_equal(stats.n_lent_peak, N);
    assert_int_equal(stats.n_takes, 3 * N + 1);
    assert_int_equal(stats.n_refused, 3);
    umm_bufpool_close(pool);
}

static void what_is_not_its_own_is_refused(void **state)
{
    (void)state;
    struct umm_bufpool *pool;
    struct umm_error err;
    char foreign[64];
    assert_int_equal(umm_bufpool_open(2, 64, false, &pool, NULL), UMM_OK);
    char *at = umm_bufpool_take(pool);
    assert_true(umm_bufpool_give(pool, NULL));
    assert_false(umm_bufpool_give(pool, foreign));
    assert_false(umm_bufpool_give(pool, at + 1));
    assert_false(umm_bufpool_give(pool, at - 64));
    assert_false(umm_bufpool_give(pool, at + 128));
    assert_true(umm_bufpool_give(pool, at));
    umm_bufpool_close(pool);
    umm_bufpool_close(NULL);
    assert_int_equal(umm_bufpool_open(0, 64, false, &pool, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_bufpool_open(SIZE_MAX / 64, 64, false, &pool, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "a pool of 288230376151711743 buffers of 64 bytes cannot be");
    assert_null(pool);
}

static void *use_it(void *user)
{
    struct umm_bufpool *pool = user;
    for (int i = 0; i < 30000; i++) {
        int *at = umm_bufpool_take(pool);
        if (!at)
            continue;
        *(volatile int *)at = i;
        if (*(volatile int *)at != i || !umm_bufpool_give(pool, at))
            return user;
    }
    return NULL;
}

static void a_locked_one_serves_threads(void **state)
{
    (void)state;
    struct umm_bufpool *pool;
    struct umm_bufpool_stats stats;
    assert_int_equal(umm_bufpool_open(3, 8, true, &pool, NULL), UMM_OK);
    run_in_four_threads(use_it, pool);
    umm_bufpool_stats(pool, &stats);
    assert_int_equal(stats.n_lent, 0);
    assert_int_equal(stats.n_takes + stats.n_refused, 4 * 30000);
    umm_bufpool_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lends_each_buffer_once),
        cmocka_unit_test(what_is_not_its_own_is_refused),
        cmocka_unit_test(a_locked_one_serves_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
