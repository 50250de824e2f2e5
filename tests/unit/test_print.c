/* SPDX-License-Identifier: MIT */
#include "text/print.h"

#include "random.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 32, FILLER = '#' };

/* The bytes before end are expected, and nothing after them was touched. */
static void assert_printed(const char *out, const char *end, const char *expected)
{
    assert_int_equal(end - out, strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
    for (; end < out + ROOM; end++)
        assert_int_equal(*end, FILLER);
}

static void check_u64(uint64_t v)
{
    char out[ROOM], expected[ROOM];

    memset(out, FILLER, sizeof out);
    snprintf(expected, sizeof expected, "%" PRIu64, v);
    assert_printed(out, umm_print_u64(out, v), expected);
}

static void check_i64(int64_t v)
{
    char out[ROOM], expected[ROOM];

    memset(out, FILLER, sizeof out);
    snprintf(expected, sizeof expected, "%" PRId64, v);
    assert_printed(out, umm_print_i64(out, v), expected);
}

static void check_fixed(int64_t scaled, unsigned n_decimals, const char *expected)
{
    char out[ROOM];

    memset(out, FILLER, sizeof out);
    assert_printed(out, umm_print_fixed(out, scaled, n_decimals), expected);
}

static void test_u64_around_every_power_of_ten(void **state)
{
    uint64_t power = 1;

    (void)state;
    for (int i = 0; i < 20; i++, power *= 10)
        for (uint64_t v = power - 1; v <= power + 1; v++)
            check_u64(v);
}

static void test_u64_around_every_power_of_two(void **state)
{
    (void)state;
    for (int i = 0; i < 64; i++) {
        check_u64(((uint64_t)1 << i) - 1);
        check_u64((uint64_t)1 << i);
    }
    check_u64(UINT64_MAX);
}

static void test_u64_agrees_with_printf_on_many_lengths(void **state)
{
    uint64_t x = RANDOM_SEED;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        xorshift64(&x);
        check_u64(x >> i % 64);
        check_i64((int64_t)x >> i % 64);
    }
}

static void test_i64_extremes(void **state)
{
    (void)state;
    check_i64(0);
    check_i64(-1);
    check_i64(INT64_MAX);
    check_i64(INT64_MIN);
}

static void test_maximum_lengths_are_as_documented(void **state)
{
    char out[ROOM];

    (void)state;
    assert_int_equal(umm_print_u64(out, UINT64_MAX) - out, UMM_PRINT_U64_MAX);
    assert_int_equal(umm_print_i64(out, INT64_MIN) - out, UMM_PRINT_I64_MAX);
    assert_int_equal(umm_print_fixed(out, INT64_MIN, UMM_PRINT_FIXED_DECIMALS_MAX) - out,
                     UMM_PRINT_FIXED_MAX);
}

static void test_fixed_writes_all_decimals(void **state)
{
    (void)state;
    check_fixed(-1234, 2, "-12.34");
    check_fixed(1234, 0, "1234");
    check_fixed(-1234, 0, "-1234");
    check_fixed(1000, 3, "1.000");
    check_fixed(1654177000000, 8, "16541.77000000");
}

static void test_fixed_pads_small_values_with_zeros(void **state)
{
    (void)state;
    check_fixed(0, 2, "0.00");
    check_fixed(5, 3, "0.005");
    check_fixed(-5, 3, "-0.005");
    check_fixed(1, 18, "0.000000000000000001");
    check_fixed(-10, 1, "-1.0");
}

static void test_fixed_extremes(void **state)
{
    (void)state;
    check_fixed(INT64_MIN, 18, "-9.223372036854775808");
    check_fixed(INT64_MAX, 18, "9.223372036854775807");
    check_fixed(INT64_MIN, 1, "-922337203685477580.8");
    check_fixed(INT64_MIN, 0, "-9223372036854775808");
}

static void test_calls_chain(void **state)
{
    char out[ROOM], *p = out;

    (void)state;
    memset(out, FILLER, sizeof out);
    p = umm_print_i64(p, -7);
    *p++ = ',';
    p = umm_print_fixed(p, 150, 2);
    assert_printed(out, p, "-7,1.50");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u64_around_every_power_of_ten),
        cmocka_unit_test(test_u64_around_every_power_of_two),
        cmocka_unit_test(test_u64_agrees_with_printf_on_many_lengths),
        cmocka_unit_test(test_i64_extremes),
        cmocka_unit_test(test_maximum_lengths_are_as_documented),
        cmocka_unit_test(test_fixed_writes_all_decimals),
        cmocka_unit_test(test_fixed_pads_small_values_with_zeros),
        cmocka_unit_test(test_fixed_extremes),
        cmocka_unit_test(test_calls_chain),
    };

    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
