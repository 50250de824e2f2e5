/* SPDX-License-Identifier: MIT */
#include "order/sequence.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the slow reference: all taken times in a list ----------------------------- */

enum { TIMES_MAX = 64 };

struct slow {
    enum umm_order order;
    enum umm_dedup dedup;
    int64_t taken[TIMES_MAX];
    size_t n;
    uint64_t n_duplicates;
};

/* 1 when the first two different times rise, -1 when they fall, 0 when there are none. */
static int direction_of(const int64_t *times, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (times[i] != times[0])
            return times[i] > times[0] ? 1 : -1;
    return 0;
}

static bool is_allowed(const struct slow *s, int64_t time)
{
    bool rises = time > s->taken[s->n - 1];
    int direction = direction_of(s->taken, s->n);
    switch (s->order) {
    case UMM_ORDER_KEEP: return true;
    case UMM_ORDER_CHECK:
    case UMM_ORDER_SORT: return rises;
    case UMM_ORDER_ASC: break;
    }
    return direction == 0 || rises == (direction > 0);
}

static enum umm_sequence_verdict slow_next(struct slow *s, int64_t time)
{
    if (s->n && s->taken[s->n - 1] == time) {
        s->n_duplicates++;
        if (s->dedup == UMM_DEDUP_FIRST)
            return UMM_SEQUENCE_DROP;
        if (s->dedup == UMM_DEDUP_LAST)
            return UMM_SEQUENCE_REPLACE;
        if (s->dedup == UMM_DEDUP_ERROR)
            return UMM_SEQUENCE_DUPLICATE;
    } else if (s->n && !is_allowed(s, time)) {
        return UMM_SEQUENCE_BACKWARD;
    }
    s->taken[s->n++] = time;
    return UMM_SEQUENCE_TAKE;
}

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static uint64_t count_of(const struct slow *s, uint64_t step)
{
    uint64_t n = 0;
    for (size_t i = 1; i < s->n; i++)
        n += distance(s->taken[i - 1], s->taken[i]) == step;
    return n;
}

/* The commonest distance that is not 0, of several the shortest. */
static uint64_t slow_step(const struct slow *s)
{
    uint64_t best = 0, best_count = 0;
    for (size_t i = 1; i < s->n; i++) {
        uint64_t step = distance(s->taken[i - 1], s->taken[i]), n = count_of(s, step);
        if (step && (n > best_count || (n == best_count && step < best))) {
            best = step;
            best_count = n;
        }
    }
    return best;
}

static uint64_t slow_gaps(const struct slow *s)
{
    uint64_t n = 0, step = slow_step(s);
    for (size_t i = 1; i < s->n; i++)
        n += distance(s->taken[i - 1], s->taken[i]) > step;
    return n;
}

static void compare(const struct umm_sequence *fast, const struct slow *s)
{
    uint64_t longest = 0;
    assert_int_equal(fast->n_rows, s->n);
    assert_int_equal(fast->n_duplicates, s->n_duplicates);
    assert_int_equal(fast->direction, direction_of(s->taken, s->n));
    assert_int_equal(umm_sequence_step(fast), slow_step(s));
    assert_int_equal(umm_sequence_gaps(fast), slow_gaps(s));
    if (!s->n)
        return;
    int64_t min = s->taken[0], max = min;
    for (size_t i = 1; i < s->n; i++) {
        min = s->taken[i] < min ? s->taken[i] : min;
        max = s->taken[i] > max ? s->taken[i] : max;
        uint64_t step = distance(s->taken[i - 1], s->taken[i]);
        longest = step > longest ? step : longest;
    }
    assert_true(fast->min == min && fast->max == max && fast->last == s->taken[s->n - 1]);
    assert_true(fast->longest == longest);
}

/* ---- tests --------------------------------------------------------------------- */

/* Marsaglia's xorshift64: the same sequences in every run. */
static void check_one(uint64_t *x)
{
    /* Mostly rising, mostly falling, or anything; at most 15 distances. */
    static const int64_t scales[] = {1, 60000, INT64_MAX / 256};
    int64_t scale = scales[xorshift64(x) % 3], time = 0;
    enum umm_order order = (enum umm_order)(xorshift64(x) % 3);
    enum umm_dedup dedup = (enum umm_dedup)(xorshift64(x) % 4);
    int trend = (int)(xorshift64(x) % 3) - 1;
    struct umm_sequence fast = {.order = order, .dedup = dedup};
    struct slow slow = {.order = order, .dedup = dedup};
    size_t n = xorshift64(x) % TIMES_MAX;
    for (size_t i = 0; i < n; i++) {
        int64_t stride = (int64_t)(xorshift64(x) % 4) * (xorshift64(x) % 5 ? trend : -trend);
        if (trend == 0)
            stride = (int64_t)(xorshift64(x) % 7) - 3;
        if (time + stride > -120 && time + stride < 120)
            time += stride;
        enum umm_sequence_verdict wanted = slow_next(&slow, time * scale);
        assert_int_equal(umm_sequence_next(&fast, time * scale), wanted);
        /* A refusal ends a run; going on from the last taken one is still defined. */
        if (wanted == UMM_SEQUENCE_BACKWARD)
            time = slow.taken[slow.n - 1] / scale;
    }
    compare(&fast, &slow);
}

static void verdicts_are_the_slow_reference_s(void **state)
{
    (void)state;
    uint64_t x = RANDOM_SEED;
    for (int i = 0; i < 60000; i++)
        check_one(&x);
}

/* One input after the other, oldest or newest first, by single rows or by runs of them. */
static void check_inputs(uint64_t *x)
{
    struct umm_sequence fast = {.order = UMM_ORDER_ASC};
    struct slow slow = {.order = UMM_ORDER_CHECK};
    const bool are_runs = xorshift64(x) % 2;
    for (size_t n_inputs = 1 + xorshift64(x) % 5; n_inputs > 0; n_inputs--) {
        int64_t times[12], time = (int64_t)(xorshift64(x) % 40);
        const size_t n = xorshift64(x) % 12;
        const int64_t top = slow.n ? slow.taken[slow.n - 1] : -1;
        const bool is_down = xorshift64(x) % 2;
        for (size_t i = 0; i < n; i++, time += 1 + (int64_t)(xorshift64(x) % 3)) {
            times[is_down ? n - 1 - i : i] = time;
            if (time > top)
                slow.taken[slow.n++] = time;
        }
        umm_sequence_restart(&fast);
        for (size_t i = 0; i < n;) {
            i += are_runs ? umm_sequence_run(&fast, times + i, n - i) : 0;
            if (i < n)
                assert_int_equal(umm_sequence_next(&fast, times[i++]), UMM_SEQUENCE_TAKE);
        }
    }
    umm_sequence_restart(&fast);
    assert_int_equal(fast.n_rows, slow.n);
    assert_int_equal(umm_sequence_step(&fast), slow_step(&slow));
    assert_int_equal(umm_sequence_gaps(&fast), slow_gaps(&slow));
    if (slow.n)
        assert_true(fast.min == slow.taken[0] && fast.max == slow.taken[slow.n - 1]);
}

static void rows_of_earlier_inputs_count_once(void **state)
{
    (void)state;
    uint64_t x = RANDOM_SEED;
    for (int i = 0; i < 20000; i++)
        check_inputs(&x);
}

static void each_input_has_an_order(void **state)
{
    (void)state;
    struct umm_sequence s = {.order = UMM_ORDER_CHECK, .dedup = UMM_DEDUP_ERROR};
    assert_int_equal(umm_sequence_next(&s, 5), UMM_SEQUENCE_TAKE);
    assert_int_equal(umm_sequence_next(&s, 4), UMM_SEQUENCE_BACKWARD);
    umm_sequence_restart(&s);
    assert_int_equal(umm_sequence_next(&s, 4), UMM_SEQUENCE_TAKE);
    assert_int_equal(umm_sequence_next(&s, 4), UMM_SEQUENCE_DUPLICATE);
    assert_int_equal(umm_sequence_next(&s, 3), UMM_SEQUENCE_BACKWARD);
    assert_int_equal(umm_sequence_next(&s, 5), UMM_SEQUENCE_TAKE);
    assert_int_equal(s.n_rows, 1);
    assert_int_equal(s.n_duplicates, 0);
}

static void nothing_is_known_of_nothing(void **state)
{
    (void)state;
    struct umm_sequence s = {0};
    assert_int_equal(umm_sequence_step(&s), 0);
    assert_int_equal(umm_sequence_gaps(&s), 0);
    assert_int_equal(umm_sequence_next(&s, -5), UMM_SEQUENCE_TAKE);
    assert_int_equal(umm_sequence_step(&s), 0);
    assert_int_equal(umm_sequence_gaps(&s), 0);
    assert_true(s.min == -5 && s.max == -5);
}

static void the_ends_of_time_do_not_overflow(void **state)
{
    (void)state;
    struct umm_sequence s = {.order = UMM_ORDER_KEEP};
    assert_int_equal(umm_sequence_next(&s, INT64_MIN), UMM_SEQUENCE_TAKE);
    assert_int_equal(umm_sequence_next(&s, INT64_MAX), UMM_SEQUENCE_TAKE);
    assert_int_equal(umm_sequence_next(&s, INT64_MIN), UMM_SEQUENCE_TAKE);
    assert_true(umm_sequence_step(&s) == UINT64_MAX);
    assert_true(s.longest == UINT64_MAX && s.longest_from == INT64_MIN);
    assert_int_equal(umm_sequence_gaps(&s), 0);
}

static void the_longest_gap_says_where_it_begins(void **state)
{
    (void)state;
    static const int64_t up[] = {0, 1, 2, 12, 13, 23};
    struct umm_sequence s = {0}, down = {.order = UMM_ORDER_ASC};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(umm_sequence_next(&s, up[i]), UMM_SEQUENCE_TAKE);
        assert_int_equal(umm_sequence_next(&down, up[5 - i]), UMM_SEQUENCE_TAKE);
    }
    assert_true(s.longest == 10 && s.longest_from == 2);
    assert_true(down.longest == 10 && down.longest_from == 13);
    assert_int_equal(umm_sequence_gaps(&s), 2);
    assert_int_equal(umm_sequence_gaps(&down), 2);
}

/* More distances than the table has: the commonest early one still stands. */
static void many_distances_are_bounded(void **state)
{
    (void)state;
    struct umm_sequence s = {0};
    int64_t time = 0;
    uint64_t n_longer = 0;
    for (int i = 0; i < 5000; i++) {
        bool is_usual = i % 3 != 0 || i < 100;
        n_longer += !is_usual;
        time += is_usual ? 60 : 61 + i;
        assert_int_equal(umm_sequence_next(&s, time), UMM_SEQUENCE_TAKE);
    }
    assert_int_equal(s.n_distinct, UMM_SEQUENCE_STEPS);
    assert_int_equal(umm_sequence_step(&s), 60);
    assert_int_equal(umm_sequence_gaps(&s), n_longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_the_slow_reference_s),
        cmocka_unit_test(rows_of_earlier_inputs_count_once),
        cmocka_unit_test(each_input_has_an_order),
        cmocka_unit_test(nothing_is_known_of_nothing),
        cmocka_unit_test(the_ends_of_time_do_not_overflow),
        cmocka_unit_test(the_longest_gap_says_where_it_begins),
        cmocka_unit_test(many_distances_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
