/* SPDX-License-Identifier: MIT */
#include "umm.h"
#include "umm/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Against a plain list of all rows ever pushed. */
static void window_is_the_end_of_the_stream(void **state)
{
    (void)state;
    enum { N = 100, COLUMNS = 3 };
    double all[N][COLUMNS];
    for (size_t cap = 1; cap <= 40; cap += cap < 8 ? 1 : 13) {
        struct umm_ring *ring;
        size_t n;
        assert_int_equal(umm_ring_open(cap, sizeof all[0], &ring, NULL), UMM_OK);
        assert_false(umm_ring_replace_last(ring, all[0]));
        (void)umm_ring_window(ring, &n);
        assert_int_equal(n, 0);
        for (size_t i = 0; i < N; i++) {
            for (size_t c = 0; c < COLUMNS; c++)
                all[i][c] = (double)(i * 10 + c);
            umm_ring_push(ring, all[i]);
            if (i % 3 == 0) {
                all[i][1] = -1;
                assert_true(umm_ring_replace_last(ring, all[i]));
            }
            const void *window = umm_ring_window(ring, &n);
            assert_int_equal(n, i + 1 < cap ? i + 1 : cap);
            assert_memory_equal(window, all[i + 1 - n], n * sizeof all[0]);
            assert_memory_equal(umm_ring_last(ring, 1), all[i], sizeof all[0]);
            assert_null(umm_ring_last(ring, n + 1));
            assert_int_equal(umm_ring_n_pushed(ring), i + 1);
        }
        umm_ring_clear(ring);
        (void)umm_ring_window(ring, &n);
        assert_int_equal(n, 0);
        umm_ring_push(ring, all[7]);
        assert_memory_equal(umm_ring_window(ring, &n), all[7], sizeof all[0]);
        assert_int_equal(n, 1);
        umm_ring_close(ring);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct umm_ring *ring;
    struct umm_error err;
    assert_int_equal(umm_ring_open(0, 8, &ring, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "a window of 0 rows of 8 bytes cannot be");
    assert_int_equal(umm_ring_open(8, 0, &ring, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_ring_open(SIZE_MAX / 8, 8, &ring, &err), UMM_ERR_ARGUMENT);
    assert_null(ring);
    umm_ring_close(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_is_the_end_of_the_stream),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
