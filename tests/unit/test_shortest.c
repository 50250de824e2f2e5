/* SPDX-License-Identifier: MIT */
#include "text/shortest.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "umm.h"

#include "random.h"

enum { FILLER = '#' };

static uint64_t random_state;

static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

static double f64_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float f32_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The text of v in out, terminated; nothing beyond the stated room was written. */
static const char *print_f64(double v, char out[64])
{
    memset(out, FILLER, 64);
    char *end = umm_print_f64_shortest(out, v);
    assert_in_range(end - out, 1, UMM_PRINT_SHORTEST_MAX);
    for (const char *p = out + UMM_PRINT_SHORTEST_MAX; p < out + 64; p++)
        assert_int_equal(*p, FILLER);
    *end = '\0';
    return out;
}

/* Significant digits of a printed number: no sign, zeros in front, behind, or point. */
static int count_significant(const char *text)
{
    int n = 0, n_zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        n_zeros = *text == '0' ? n_zeros + 1 : 0;
        n++;
    }
    return n - n_zeros;
}

/* ---- binary64 ---- */

static void check_text(double v, const char *expected)
{
    char out[64];
    assert_string_equal(print_f64(v, out), expected);
}

/*
 * glibc's %.*e is exact: it gives the closest of all decimals of n digits, so the text is
 * the shortest when it is that one and with a digit less it does not read back. (Not so
 * for powers of two, whose interval is not symmetric: the others test those.)
 */
static void check_shortest_f64(double v)
{
    char out[64], closest[64];
    uint64_t bits, back_bits;
    double back = 0;
    print_f64(v, out);
    assert_int_equal(umm_num_parse_f64(out, strlen(out), '.', &back), UMM_NUM_OK);
    memcpy(&bits, &v, sizeof bits);
    memcpy(&back_bits, &back, sizeof back_bits);
    assert_int_equal(back_bits, bits);
    assert_true(strtod(out, NULL) == v);
    const int n = count_significant(out);
    snprintf(closest, sizeof closest, "%.*e", n - 1, v);
    if (strtod(closest, NULL) == v) {
        char exact[64];
        snprintf(exact, sizeof exact, "%.*e", n - 1, back);
        assert_string_equal(closest, exact);
    } else {
        assert_true((bits & 0xfffffffffffff) == 0);
    }
    if (n > 1) {
        snprintf(closest, sizeof closest, "%.*e", n - 2, v);
        assert_true(strtod(closest, NULL) != v);
    }
}

/* The digits are those of Python's repr. */
static void test_known_texts(void **state)
{
    (void)state;
    check_text(0, "0");
    check_text(-0.0, "-0");
    check_text(1, "1");
    check_text(-1.5, "-1.5");
    check_text(0.1, "0.1");
    check_text(0.1 + 0.2, "0.30000000000000004");
    check_text(1.0 / 3, "0.3333333333333333");
    check_text(100, "100");
    check_text(7000.25, "7000.25");
    check_text(29374.01, "29374.01");
    check_text(1577836800000, "1577836800000");
    check_text(0.00000123, "0.00000123");
    check_text(12345678.12345678, "12345678.12345678");
    check_text(99999999999.9999, "99999999999.9999");
    check_text(9007199254740991, "9007199254740991");
    check_text(9007199254740992, "9007199254740992");
    check_text(9007199254740994, "9007199254740994");
    check_text(4611686018427387904, "4611686018427388000");
    check_text(9.5367431640625e-07, "9.5367431640625e-7");
    check_text(5e-324, "5e-324");
    check_text(1e-323, "1e-323");
    check_text(2.2250738585072014e-308, "2.2250738585072014e-308");
    check_text(2.225073858507201e-308, "2.225073858507201e-308");
    check_text(1.7976931348623157e308, "1.7976931348623157e+308");
    check_text(9.109e-31, "9.109e-31");
    check_text(9.5e-8, "9.5e-8");
    check_text(2e-44, "2e-44");
    check_text(8.41e21, "8.41e+21");
    check_text(9.2234e20, "922340000000000000000");
    check_text(2.0919495182368195e19, "20919495182368195000");
    check_text(0x1p-44, "5.684341886080802e-14"); /* not the closest of its length */
    check_text(9.5367431640625e7, "95367431.640625");
}

static void test_notation_changes_where_stated(void **state)
{
    (void)state;
    check_text(1e-6, "0.000001");
    check_text(-1.2345678901234567e-06, "-0.0000012345678901234567");
    check_text(9.999999999999997e-07, "9.999999999999997e-7");
    check_text(1e-7, "1e-7");
    check_text(1e20, "100000000000000000000");
    check_text(999999999999999900000.0, "999999999999999900000");
    check_text(1e21, "1e+21");
    check_text(1.5e21, "1.5e+21");
    check_text(1e22, "1e+22");
    check_text(1e23, "1e+23");
    check_text(9.999999999999997e22, "9.999999999999997e+22");
}

static void test_not_finite(void **state)
{
    (void)state;
    check_text((double)INFINITY, "inf");
    check_text((double)-INFINITY, "-inf");
    check_text((double)NAN, "NaN");
    check_text(f64_of(0xfff8000000000001), "NaN");
}

static void test_random_bits(void **state)
{
    (void)state;
    random_state = 1;
    for (int i = 0; i < 200000; i++) {
        double v = f64_of(next_random());
        if (isfinite(v) && v != 0)
            check_shortest_f64(v);
    }
}

static void test_around_powers_of_two_and_ten(void **state)
{
    (void)state;
    for (uint64_t biased = 0; biased < 2047; biased++) {
        const uint64_t bits = biased << 52;
        for (uint64_t i = 0; i < 4; i++) {
            if (bits + i != 0)
                check_shortest_f64(f64_of(bits + i));
            check_shortest_f64(f64_of(bits + 0xfffffffffffff - i));
        }
    }
    for (int e = -323; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        double v = strtod(text, NULL);
        check_shortest_f64(v);
        check_shortest_f64(nextafter(v, (double)INFINITY));
        check_shortest_f64(nextafter(v, 0) == 0 ? v : nextafter(v, 0));
    }
}

/* The shorter way and its borders: v < 1e7 with 8 decimals, v < 1e11 with 4. */
static void test_few_decimals(void **state)
{
    static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e8, 1e9};
    (void)state;
    random_state = 2;
    for (int i = 0; i < 200000; i++) {
        double n = (double)(next_random() >> (11 + next_random() % 50));
        double v = n / scales[next_random() % 8];
        if (v == 0)
            continue;
        check_shortest_f64(v);
        check_shortest_f64(-v);
        check_shortest_f64(nextafter(v, (double)INFINITY));
    }
    check_shortest_f64(1e7);
    check_shortest_f64(nextafter(1e7, 0));
    check_shortest_f64(1e11);
    check_shortest_f64(nextafter(1e11, 0));
    check_shortest_f64(9999999.99999999);
    check_shortest_f64(99999999999.9999);
}

/* ---- binary32 ---- */

static void check_shortest_f32(float v)
{
    char out[64], closest[64];
    uint32_t bits, back_bits;
    float back = 0;
    *umm_print_f32_shortest(out, v) = '\0';
    assert_int_equal(umm_num_parse_f32(out, strlen(out), '.', &back), UMM_NUM_OK);
    memcpy(&bits, &v, sizeof bits);
    memcpy(&back_bits, &back, sizeof back_bits);
    assert_int_equal(back_bits, bits);
    const int n = count_significant(out);
    snprintf(closest, sizeof closest, "%.*e", n - 1, (double)v);
    if (strtof(closest, NULL) == v) {
        char exact[64];
        snprintf(exact, sizeof exact, "%.*e", n - 1, strtod(out, NULL));
        assert_string_equal(closest, exact);
    } else {
        assert_true((bits & 0x7fffff) == 0);
    }
    if (n > 1) {
        snprintf(closest, sizeof closest, "%.*e", n - 2, (double)v);
        assert_true(strtof(closest, NULL) != v);
    }
}

static void test_f32(void **state)
{
    char out[64];
    (void)state;
    *umm_print_f32_shortest(out, 0.1F) = '\0';
    assert_string_equal(out, "0.1");
    *umm_print_f32_shortest(out, 16777216.0F) = '\0';
    assert_string_equal(out, "16777216");
    *umm_print_f32_shortest(out, -FLT_MAX) = '\0';
    assert_string_equal(out, "-3.4028235e+38");
    *umm_print_f32_shortest(out, f32_of(1)) = '\0';
    assert_string_equal(out, "1e-45");
    *umm_print_f32_shortest(out, -0.0F) = '\0';
    assert_string_equal(out, "-0");
    *umm_print_f32_shortest(out, (float)-INFINITY) = '\0';
    assert_string_equal(out, "-inf");
    random_state = 3;
    for (int i = 0; i < 200000; i++) {
        float v = f32_of((uint32_t)next_random());
        if (isfinite(v) && v != 0)
            check_shortest_f32(v);
    }
    for (uint32_t biased = 0; biased < 255; biased++)
        for (uint32_t i = 0; i < 4; i++) {
            if (biased + i)
                check_shortest_f32(f32_of((biased << 23) + i));
            check_shortest_f32(f32_of((biased << 23) + 0x7fffff - i));
        }
}

/* ---- binary16: every value ---- */

static double f16_value(uint32_t bits)
{
    int biased = (int)(bits >> 10) & 31;
    double mantissa = (double)(bits & 1023);
    return biased ? ldexp(1024 + mantissa, biased - 25) : ldexp(mantissa, -24);
}

/* Whether v rounds to the positive binary16 of these bits. */
static bool is_nearest_f16(double v, uint32_t bits)
{
    double value = f16_value(bits), above = (value + f16_value(bits + 1)) / 2;
    double below = bits ? (value + f16_value(bits - 1)) / 2 : 0;
    bool is_even = (bits & 1) == 0;
    return (v > below || (is_even && v == below)) && (v < above || (is_even && v == above));
}

static void test_every_f16(void **state)
{
    (void)state;
    for (uint32_t bits = 1; bits < 0x7c00; bits++) {
        char out[64], closest[64];
        const double value = f16_value(bits);
        *umm_print_f16_shortest(out, (uint16_t)bits) = '\0';
        assert_true(is_nearest_f16(strtod(out, NULL), bits));
        const int n = count_significant(out);
        snprintf(closest, sizeof closest, "%.*e", n - 1, value);
        assert_true(fabs(strtod(closest, NULL) - value) <= fabs(strtod(out, NULL) - value));
        if (is_nearest_f16(strtod(closest, NULL), bits))
            assert_true(strtod(closest, NULL) == strtod(out, NULL));
        if (n > 1) {
            snprintf(closest, sizeof closest, "%.*e", n - 2, value);
            assert_false(is_nearest_f16(strtod(closest, NULL), bits));
        }
        char negative[64];
        *umm_print_f16_shortest(negative, (uint16_t)(bits | 0x8000)) = '\0';
        assert_int_equal(negative[0], '-');
        assert_string_equal(negative + 1, out);
    }
    char out[64];
    *umm_print_f16_shortest(out, 0xfc00) = '\0';
    assert_string_equal(out, "-inf");
    *umm_print_f16_shortest(out, 0x7e00) = '\0';
    assert_string_equal(out, "NaN");
    *umm_print_f16_shortest(out, 0x8000) = '\0';
    assert_string_equal(out, "-0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_notation_changes_where_stated),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_random_bits),
        cmocka_unit_test(test_around_powers_of_two_and_ten),
        cmocka_unit_test(test_few_decimals),
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_every_f16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
