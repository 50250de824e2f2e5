/* SPDX-License-Identifier: MIT */
/*
 * The oracle is the C library's strtod and strtof in the C locale, which glibc
 * rounds correctly. Every text is parsed from memory that ends (or begins) at an
 * inaccessible page, so that reading one byte outside crashes.
 */
#include "text/num.h"

#include "../strtod.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- texts against guard pages ---- */

enum { ROOM_BYTES = 1 << 21, TEXT_MAX = 4096 };

static char *room; /* ROOM_BYTES, an inaccessible page on either side */
static size_t page_bytes;
static size_t n_compared;

static int map_room(void **state)
{
    char *base;

    (void)state;
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    base = mmap(NULL, ROOM_BYTES + 2 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return -1;
    room = base + page_bytes;
    return mprotect(room, ROOM_BYTES, PROT_READ | PROT_WRITE);
}

static int unmap_room(void **state)
{
    (void)state;
    return munmap(room - page_bytes, ROOM_BYTES + 2 * page_bytes);
}

/* A copy of text whose last byte is the last one that may be read. */
static const char *place_at_end(const char *text, size_t len_bytes)
{
    assert_true(len_bytes <= ROOM_BYTES);
    return memcpy(room + ROOM_BYTES - len_bytes, text, len_bytes);
}

/* ---- comparing with the C library ---- */

/* Times 10^power, a text is what it is with a larger exponent. */
static void check_scaled(const char *text, const char *guarded, size_t len_bytes, int power)
{
    size_t mantissa = strcspn(text, "eE");
    long exponent = text[mantissa] ? strtol(text + mantissa + 1, NULL, 10) : 0;
    char *moved = malloc(mantissa + 32);
    double wanted64, f64 = NAN;
    float wanted32, f32 = NAN;
    enum umm_num_result result;

    assert_non_null(moved);
    sprintf(moved, "%.*se%ld", (int)mantissa, text, exponent + power);
    wanted64 = strtod(moved, NULL);
    wanted32 = strtof(moved, NULL);
    result = umm_num_scaled_f64(guarded, len_bytes, '.', power, &f64);
    if (result != (isinf(wanted64) ? UMM_NUM_OVERFLOW : UMM_NUM_OK) ||
        (result == UMM_NUM_OK && bits_f64(f64) != bits_f64(wanted64)))
        fail_msg("binary64 differs for %s times 10^%d", text, power);
    result = umm_num_scaled_f32(guarded, len_bytes, '.', power, &f32);
    if (result != (isinf(wanted32) ? UMM_NUM_OVERFLOW : UMM_NUM_OK) ||
        (result == UMM_NUM_OK && bits_f32(f32) != bits_f32(wanted32)))
        fail_msg("binary32 differs for %s times 10^%d", text, power);
    free(moved);
}

/* text, terminated for strtod, parses to the same bits in both types. */
static void check_text(const char *text)
{
    size_t len_bytes = strlen(text);
    const char *guarded = place_at_end(text, len_bytes);

    if (!is_f64_as_strtod(text, guarded, len_bytes))
        fail_msg("binary64 differs for %s", text);
    if (!is_f32_as_strtof(text, guarded, len_bytes))
        fail_msg("binary32 differs for %s", text);
    if (n_compared % 4 == 0 && len_bytes - strcspn(text, "eE") < 7)
        check_scaled(text, guarded, len_bytes, (int)(n_compared / 4 % 61) - 30);
    n_compared++;
}

/* ---- decimals that are made, changed and written in many ways ---- */

/* splitmix64, started anew with the same seed by each test */
static uint64_t random_state;

static uint64_t random_u64(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static int random_between(int low, int high)
{
    return low + (int)(random_u64() % (uint64_t)(high - low + 1));
}

/* 0.DIGITS * 10^exponent */
struct decimal {
    char digits[TEXT_MAX];
    int n_digits;
    int exponent;
};

/* The digits of v, which "%.1100Le" writes exactly, without the zeros behind. */
static void set_exact(struct decimal *d, long double v)
{
    char text[1200];
    char *e;

    snprintf(text, sizeof text, "%.1100Le", v);
    e = strchr(text, 'e');
    d->exponent = (int)strtol(e + 1, NULL, 10) + 1;
    d->digits[0] = text[0];
    d->n_digits = (int)(e - text) - 1;
    memcpy(d->digits + 1, text + 2, (size_t)d->n_digits - 1);
    while (d->n_digits > 1 && d->digits[d->n_digits - 1] == '0')
        d->n_digits--;
}

static void set_random(struct decimal *d, int n_digits, int exponent)
{
    d->n_digits = n_digits;
    d->exponent = exponent;
    for (int i = 0; i < n_digits; i++)
        d->digits[i] = (char)('0' + random_between(0, 9));
    d->digits[0] = (char)('0' + random_between(1, 9));
}

static void append_digits(struct decimal *d, char digit, int n)
{
    memset(d->digits + d->n_digits, digit, (size_t)n);
    d->n_digits += n;
}

/* A little more: a 1, n zeros behind the last digit. */
static void increase(struct decimal *d, int n)
{
    append_digits(d, '0', n);
    append_digits(d, '1', 1);
}

/* A little less: one off the last digit, which is not 0, and n + 1 nines behind. */
static void decrease(struct decimal *d, int n)
{
    d->digits[d->n_digits - 1]--;
    append_digits(d, '9', n + 1);
}

/* Check d with the point after n_before digits, zeros around it, a sign and an exponent. */
static void check_decimal_with(const struct decimal *d, int n_before, int n_leading, int n_trailing)
{
    static const char *const signs[] = {"", "-", "+"};
    static char text[2 * TEXT_MAX];

    snprintf(text, sizeof text, "%s%0*d%.*s.%.*s%0*de%d", signs[random_between(0, 2)], n_leading, 0,
             n_before, d->digits, d->n_digits - n_before, d->digits + n_before, n_trailing, 0,
             d->exponent - n_before);
    check_text(text);
}

/* Check d written in a random way. */
static void check_decimal(const struct decimal *d)
{
    int n_leading = random_between(0, 7) ? 1 : random_between(1, 400);
    int n_trailing = random_between(0, 7) ? 1 : random_between(1, 400);

    check_decimal_with(d, random_between(0, d->n_digits), n_leading, n_trailing);
}

/* Check d, a point where rounding changes direction, and points close to it on both sides. */
static void check_around(const struct decimal *d)
{
    struct decimal changed = *d;

    check_decimal(d);
    increase(&changed, random_between(0, 900));
    check_decimal(&changed);
    changed = *d;
    decrease(&changed, random_between(0, 900));
    check_decimal(&changed);
}

/* The point halfway between the positive binary64 of these bits and the next. */
static long double halfway_f64(uint64_t bits)
{
    int biased = (int)(bits >> 52);
    uint64_t m = (bits & 0xfffffffffffff) | (biased ? (uint64_t)1 << 52 : 0);

    return ldexpl((long double)(m * 2 + 1), (biased ? biased : 1) - 1076);
}

static double halfway_f32(uint32_t bits)
{
    int biased = (int)(bits >> 23);
    uint32_t m = (bits & 0x7fffff) | (biased ? (uint32_t)1 << 23 : 0);

    return ldexp(m * 2 + 1, (biased ? biased : 1) - 151);
}

/* ---- binary64 and binary32 against the C library ---- */

static void test_halfway_f64_any_exponent(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 1;
    for (int i = 0; i < 4000; i++) {
        set_exact(&d, halfway_f64(random_u64() % 0x7ff0000000000000));
        check_around(&d);
    }
}

static void test_halfway_f64_ordinary_size(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 2;
    for (int i = 0; i < 8000; i++) {
        uint64_t biased = (uint64_t)random_between(1023 - 40, 1023 + 70);

        set_exact(&d, halfway_f64(biased << 52 | random_u64() >> 12));
        check_around(&d);
    }
}

static void test_halfway_f64_subnormal(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 3;
    for (int i = 0; i < 2000; i++) {
        set_exact(&d, halfway_f64(random_u64() >> random_between(12, 63)));
        check_around(&d);
    }
}

/* Also the double rounding traps: near enough to be the halfway point once in binary64. */
static void test_halfway_f32(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 4;
    for (int i = 0; i < 10000; i++) {
        set_exact(&d, halfway_f32((uint32_t)(random_u64() % 0x7f800000)));
        check_around(&d);
    }
    for (int i = 0; i < 2000; i++) {
        set_exact(&d, halfway_f32((uint32_t)(random_u64() >> random_between(41, 63))));
        check_around(&d);
    }
}

static void test_halfway_f32_written_as_prices(void **state)
{
    char text[64];

    (void)state;
    random_state = 5;
    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "%.8f",
                 halfway_f32((uint32_t)random_between(140, 160) << 23 | (random_u64() & 0x7fffff)));
        check_text(text);
    }
}

static void test_exact_values(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 6;
    for (int i = 0; i < 4000; i++) {
        uint64_t bits = random_u64() % 0x7ff0000000000000;
        double v;

        memcpy(&v, &bits, sizeof v);
        set_exact(&d, (long double)v);
        check_decimal(&d);
    }
}

static void test_printed_with_up_to_19_digits(void **state)
{
    char text[64];

    (void)state;
    random_state = 7;
    for (int i = 0; i < 30000; i++) {
        uint64_t bits = random_u64() % 0x7ff0000000000000;
        double v;

        memcpy(&v, &bits, sizeof v);
        snprintf(text, sizeof text, "%.*e", random_between(14, 18), v);
        check_text(text);
    }
}

static void test_random_prices(void **state)
{
    static const int limits[] = {9, 99, 999, 9999, 99999, 999999, 9999999, 99999999};
    char text[64];

    (void)state;
    random_state = 8;
    for (int i = 0; i < 30000; i++) {
        int n_decimals = i % 8 + 1;

        snprintf(text, sizeof text, "%d.%0*d", random_between(0, limits[random_between(0, 6)]),
                 n_decimals, random_between(0, limits[n_decimals - 1]));
        check_text(text);
    }
}

static void test_random_digits_any_exponent(void **state)
{
    static const int n_digits[] = {1, 2, 5, 9, 15, 16, 17, 18, 19, 20, 21, 30};
    const int n_lengths = (int)(sizeof n_digits / sizeof n_digits[0]);
    struct decimal d;

    (void)state;
    random_state = 9;
    for (int i = 0; i < 60000; i++) {
        set_random(&d, n_digits[i % n_lengths], random_between(-400, 400));
        check_decimal(&d);
    }
}

static void test_random_digits_ordinary_size(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 10;
    for (int i = 0; i < 30000; i++) {
        set_random(&d, random_between(1, 40), random_between(-20, 25));
        check_decimal(&d);
    }
}

static void test_random_long_digits(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 11;
    for (int i = 0; i < 2000; i++) {
        set_random(&d, i % 2 ? 400 : 1000, random_between(-400, 400));
        check_decimal(&d);
    }
}

/* The texts written here have their last digit changed upwards and downwards too. */
static void test_limits_of_both_types(void **state)
{
    static const uint64_t f64_bits[] = {0,
                                        1,
                                        2,
                                        0x000ffffffffffffe,
                                        0x000fffffffffffff,
                                        0x0010000000000000,
                                        0x7feffffffffffffe,
                                        0x7fefffffffffffff};
    static const uint32_t f32_bits[] = {0,        1,        2,          0x7ffffe,
                                        0x7fffff, 0x800000, 0x7f7ffffe, 0x7f7fffff};
    struct decimal d;

    (void)state;
    random_state = 12;
    for (int i = 0; i < 8 * 40; i++) {
        set_exact(&d, halfway_f64(f64_bits[i % 8]));
        check_around(&d);
        set_exact(&d, (long double)halfway_f32(f32_bits[i % 8]));
        check_around(&d);
    }
}

static void test_near_overflow_and_underflow(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 13;
    for (int i = 0; i < 4000; i++) {
        static const char *const leading[] = {"17976931348623158", "49406564584124654",
                                              "34028235677973366", "14012984643248171"};
        static const int exponents[] = {309, -323, 39, -44};
        int which = i % 4, n_kept = random_between(1, 17);

        set_random(&d, 30, exponents[which] + (random_between(0, 9) == 0));
        memcpy(d.digits, leading[which], (size_t)n_kept);
        check_decimal(&d);
    }
}

/* Each length decides at another place: the words, the 19 digits, the 800 digits. */
static void test_one_digit_far_away_breaks_a_tie(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 14;
    for (int n = 0; n < 1500; n++) {
        set_exact(&d, halfway_f64(0x4340000000000000)); /* 2^53 + 1 */
        increase(&d, n);
        check_decimal_with(&d, 16, 1, 1);
        check_decimal_with(&d, 0, n % 300 + 1, 1);
    }
}

static void test_widest_tie_has_768_digits(void **state)
{
    struct decimal d;

    (void)state;
    random_state = 15;
    set_exact(&d, halfway_f64(0x001fffffffffffff)); /* 2^-1021 - 2^-1075 */
    assert_int_equal(d.n_digits, 768);
    for (int n = 0; n < 100; n++) {
        struct decimal changed = d;

        increase(&changed, n);
        check_decimal_with(&changed, n, 1, 1);
        changed = d;
        decrease(&changed, n);
        check_decimal_with(&changed, n, 1, 1);
    }
}

/* first, then n times filler, then last */
static void check_long(const char *first, char filler, size_t n, const char *last)
{
    char *text = malloc(strlen(first) + n + strlen(last) + 1);

    assert_non_null(text);
    strcpy(text, first);
    memset(text + strlen(first), filler, n);
    strcpy(text + strlen(first) + n, last);
    check_text(text);
    free(text);
}

static void test_hundred_thousand_digits(void **state)
{
    (void)state;
    check_long("0.", '0', 100000, "1");
    check_long("0.", '0', 100000, "1e100001");
    check_long("0.", '0', 1999999, "1e2000000");
    check_long("0.", '0', 100000, "17976931348623157e100309");
    check_long("1", '0', 100000, "");
    check_long("1", '0', 100000, "e-100000");
    check_long("1", '0', 100000, "e-100324");
    check_long("9007199254740993.", '0', 100000, "");
    check_long("9007199254740993.", '0', 100000, "1");
    check_long("9007199254740992.", '9', 100000, "");
    check_long("16777217.", '0', 100000, "1");
    check_long("16777216.", '9', 100000, "8");
    check_long("", '0', 100000, "16777217");
    check_long("", '7', 100000, "e-99990");
    check_long("-.", '3', 100000, "e-310");
}

static void test_extreme_exponents(void **state)
{
    static const char *const texts[] = {"1e999999999999",
                                        "1e-999999999999",
                                        "-1e-999999999999",
                                        "0e999999999999",
                                        "-0.0e9999999999",
                                        "1e99999999999999",
                                        "1e308",
                                        "1e309",
                                        "1e-323",
                                        "1e-324",
                                        "1e-400",
                                        "0.00001e99999999999999999999999",
                                        "1000e-99999999999999999999999999",
                                        "1e0000000000000000000000000000000000000000000001",
                                        "9223372036854775808e-9223372036854775808",
                                        "1e18446744073709551617",
                                        "1e-18446744073709551617",
                                        "1e4294967297",
                                        "1e-4294967295"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_text(texts[i]);
    check_long("0.", '0', 400, "1e400");
    check_long("1", '0', 400, "e-400");
    check_long("1e", '9', 1000, "");
    check_long("-1e-", '9', 1000, "");
    check_long("0.", '0', 1000, "1e1000");
}

static void test_every_power_of_ten(void **state)
{
    char text[32];

    (void)state;
    for (int q = -400; q <= 400; q++) {
        for (int w = 1; w < 100; w += 7) {
            snprintf(text, sizeof text, "%de%d", w, q);
            check_text(text);
        }
        snprintf(text, sizeof text, "9999999999999999999e%d", q);
        check_text(text);
        snprintf(text, sizeof text, "18446744073709551615e%d", q);
        check_text(text);
    }
}

static void test_fast_path_boundaries(void **state)
{
    static const uint64_t w[] = {9007199254740991, 9007199254740992, 9007199254740993,
                                 9007199254740995, 16777215,         16777216,
                                 16777217,         16777219};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
        for (int q = -30; q <= 30; q++) {
            snprintf(text, sizeof text, "%llue%d", (unsigned long long)w[i], q);
            check_text(text);
        }
    }
}

static void test_number_of_compared_texts(void **state)
{
    (void)state;
    print_message("compared with strtod and strtof: %zu texts\n", n_compared);
    assert_true(n_compared >= 200000);
}

/* ---- the grammar ---- */

/* What all three parsers say about the bytes at text, at either guard page. */
static void check_malformed(const char *text, size_t len_bytes, char point)
{
    const char *const copies[] = {memmove(room, text, len_bytes), place_at_end(text, len_bytes)};

    for (int i = 0; i < 2; i++) {
        double f64 = 42;
        float f32 = 42;
        int64_t i64 = 42;

        if (umm_num_parse_f64(copies[i], len_bytes, point, &f64) != UMM_NUM_MALFORMED ||
            umm_num_parse_f32(copies[i], len_bytes, point, &f32) != UMM_NUM_MALFORMED ||
            umm_num_parse_i64(copies[i], len_bytes, point, &i64) != UMM_NUM_MALFORMED)
            fail_msg("accepted \"%.*s\"", (int)len_bytes, text);
        assert_true(f64 == 42 && f32 == 42 && i64 == 42);
    }
}

static void test_malformed(void **state)
{
    static const char *const texts[] = {
        "",         "+",          "-",         ".",        "-.",       "+.",       "1e",
        "1e+",      "1e-",        "1E",        "e5",       ".e5",      "-e5",      "1..2",
        "1.2.3",    "1 ",         " 1",        "1 2",      "0x10",     "0x1p3",    "inf",
        "-inf",     "nan",        "infinity",  "1_000",    "1,5",      "1,000.5",  "--1",
        "+-1",      "-+1",        "++1",       "1-",       "1e5e5",    "1e5.0",    "1e 5",
        "1e--5",    "1f",         "1.5f",      "1d",       "\t1",      "1\n",      "1\r",
        "12a",      "a12",        "12345678a", "1234567a", "123456:8", "12345/78", "1234567\xb1",
        "\xb0\xb1", "1.2345678x", "1e5x",      "$1",       "1%"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_malformed(texts[i], strlen(texts[i]), '.');
    check_malformed("1.5", 3, ',');
    check_malformed("1,5,", 4, ',');
    check_malformed("1.000,5", 7, ',');
}

static void test_malformed_embedded_nul(void **state)
{
    (void)state;
    check_malformed("\0", 1, '.');
    check_malformed("1\0", 2, '.');
    check_malformed("1\0002", 3, '.');
    check_malformed("12345678\0", 9, '.');
    check_malformed("1.5e1\0", 6, '.');
}

static void test_malformed_long(void **state)
{
    char text[1000];

    (void)state;
    memset(text, '7', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 37) {
        text[i] = 'x';
        check_malformed(text, sizeof text, '.');
        text[i] = '7';
    }
}

/* Each byte value at each place of a text: digits, sign, point and e pass where they may. */
static void test_every_byte_everywhere(void **state)
{
    (void)state;
    for (int place = 0; place < 12; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = "123456789012";
            const char *allowed = place == 0    ? "+-.0123456789"
                                  : place == 11 ? ".0123456789"
                                                : ".eE0123456789";
            double v;

            text[place] = (char)byte;
            assert_int_equal(umm_num_parse_f64(place_at_end(text, 12), 12, '.', &v) !=
                                 UMM_NUM_MALFORMED,
                             byte != 0 && strchr(allowed, byte) != NULL);
        }
    }
}

/* Long and short, at the beginning and the end of the mapping. */
static void test_never_reads_outside(void **state)
{
    static const char *const texts[] = {"1",
                                        "-1",
                                        "+1",
                                        ".5",
                                        "5.",
                                        "1e5",
                                        "12345678",
                                        "1234567.8",
                                        "16541.77000000",
                                        "1e-5",
                                        "9007199254740993",
                                        "12345678901234567890.12345678901234567890e10"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len_bytes = strlen(texts[i]);

        assert_true(is_f64_as_strtod(texts[i], memcpy(room, texts[i], len_bytes), len_bytes));
        assert_true(is_f64_as_strtod(texts[i], place_at_end(texts[i], len_bytes), len_bytes));
        assert_true(is_f32_as_strtof(texts[i], memcpy(room, texts[i], len_bytes), len_bytes));
        assert_true(is_f32_as_strtof(texts[i], place_at_end(texts[i], len_bytes), len_bytes));
    }
}

static void test_length_ends_the_text(void **state)
{
    double f64;
    int64_t i64;

    (void)state;
    assert_int_equal(umm_num_parse_f64("12345678901", 3, '.', &f64), UMM_NUM_OK);
    assert_true(f64 == 123);
    assert_int_equal(umm_num_parse_i64("12345678901", 9, '.', &i64), UMM_NUM_OK);
    assert_int_equal(i64, 123456789);
}

static void test_decimal_comma(void **state)
{
    double f64;
    float f32;
    int64_t i64;

    (void)state;
    assert_int_equal(umm_num_parse_f64("-1,5e1", 6, ',', &f64), UMM_NUM_OK);
    assert_true(f64 == -15);
    assert_int_equal(umm_num_parse_f32(",5", 2, ',', &f32), UMM_NUM_OK);
    assert_true(f32 == 0.5F);
    assert_int_equal(umm_num_parse_i64("12,", 3, ',', &i64), UMM_NUM_OK);
    assert_int_equal(i64, 12);
    assert_int_equal(umm_num_parse_f64("12345678901234567890,5", 22, ',', &f64), UMM_NUM_OK);
    assert_true(f64 == 12345678901234567890.5);
}

static void test_zeros_keep_their_sign(void **state)
{
    static const char *const texts[] = {
        "0",     "-0",      "+0",      "-0.0",
        "-.0e5", "0e99999", "-1e-400", "-00000000000000000000000000.0000000000000000e400"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_text(texts[i]);
}

/* ---- integers ---- */

static void check_i64(const char *text, int64_t expected)
{
    size_t len_bytes = strlen(text);
    int64_t actual = 0;

    if (umm_num_parse_i64(place_at_end(text, len_bytes), len_bytes, '.', &actual) != UMM_NUM_OK ||
        actual != expected)
        fail_msg("%s is not %lld", text, (long long)expected);
}

static void check_not_i64(const char *text, enum umm_num_result expected)
{
    size_t len_bytes = strlen(text);
    int64_t actual = 42;

    if (umm_num_parse_i64(place_at_end(text, len_bytes), len_bytes, '.', &actual) != expected ||
        actual != 42)
        fail_msg("%s does not give result %d", text, (int)expected);
}

static void test_i64_exact_decimals(void **state)
{
    (void)state;
    check_i64("0", 0);
    check_i64("-0", 0);
    check_i64("12", 12);
    check_i64("+12", 12);
    check_i64("-3.0", -3);
    check_i64("1e3", 1000);
    check_i64("1.50e1", 15);
    check_i64("15000e-3", 15);
    check_i64("0.0e99999", 0);
    check_i64("0e-99999999999999999999", 0);
    check_i64("1500.", 1500);
    check_i64(".5e1", 5);
    check_i64("010", 10);
    check_i64("0.000000000000000000000000000000000012e36", 12);
    check_i64("12.0000000000000000000000000000000000000000", 12);
    check_i64("1200000000000000000000000000000000000000e-38", 12);
    check_i64("0000000000000000000000000000000000000000012", 12);
    check_i64("1672531200000", 1672531200000);
    check_i64("1.6725312e12", 1672531200000);
}

static void test_i64_limits(void **state)
{
    (void)state;
    check_i64("9223372036854775807", INT64_MAX);
    check_i64("-9223372036854775808", INT64_MIN);
    check_i64("9223372036854775807.000", INT64_MAX);
    check_i64("-9.223372036854775808e18", INT64_MIN);
    check_i64("-92233720368547758080000000e-7", INT64_MIN);
    check_not_i64("9223372036854775808", UMM_NUM_OVERFLOW);
    check_not_i64("-9223372036854775809", UMM_NUM_OVERFLOW);
    check_not_i64("18446744073709551616", UMM_NUM_OVERFLOW);
    check_not_i64("18446744073709551617.0", UMM_NUM_OVERFLOW);
    check_not_i64("1e19", UMM_NUM_OVERFLOW);
    check_not_i64("10e18", UMM_NUM_OVERFLOW);
    check_not_i64("2e19", UMM_NUM_OVERFLOW);
    check_not_i64("1e99999999999999999999", UMM_NUM_OVERFLOW);
    check_not_i64("-123456789012345678901234567890", UMM_NUM_OVERFLOW);
    check_not_i64("100000000000000000000000000000", UMM_NUM_OVERFLOW);
}

static void test_i64_fractions_are_inexact(void **state)
{
    (void)state;
    check_not_i64("0.5", UMM_NUM_INEXACT);
    check_not_i64("-12.34", UMM_NUM_INEXACT);
    check_not_i64("1e-1", UMM_NUM_INEXACT);
    check_not_i64("1e-99999999999999999999", UMM_NUM_INEXACT);
    check_not_i64("15e-1", UMM_NUM_INEXACT);
    check_not_i64("9223372036854775807.5", UMM_NUM_INEXACT);
    check_not_i64("3.0000000000000000000000000000000000001", UMM_NUM_INEXACT);
    check_not_i64("0.00000000000000000000000000000000000000000000001", UMM_NUM_INEXACT);
}

static void test_i64_a_fraction_is_said_before_an_overflow(void **state)
{
    (void)state;
    check_not_i64("123456789012345678901234567890.5", UMM_NUM_INEXACT);
    check_not_i64("123456789012345678905e-1", UMM_NUM_INEXACT);
    check_not_i64("123456789012345678905e0", UMM_NUM_OVERFLOW);
}

static void test_i64_random_round_trip(void **state)
{
    char text[64];

    (void)state;
    random_state = 20;
    for (int i = 0; i < 20000; i++) {
        int64_t v = (int64_t)random_u64() >> random_between(0, 62);

        snprintf(text, sizeof text, "%lld%s", (long long)v, i % 2 ? "" : ".00000000");
        check_i64(text, v);
    }
}

static void test_i64_with_a_moved_point(void **state)
{
    char text[96];
    int64_t got = 0;

    (void)state;
    random_state = 21;
    for (int i = 0; i < 20000; i++) {
        int64_t v = (int64_t)random_u64() >> random_between(0, 62);
        int power = random_between(0, 30), n = snprintf(text, sizeof text, "%lld", (long long)v);

        memset(text + n, '0', (size_t)power);
        assert_int_equal(umm_num_scaled_i64(text, (size_t)(n + power), '.', -power, &got),
                         UMM_NUM_OK);
        assert_int_equal(got, v);
        text[n + power - (power > 0)] = '5';
        if (power > 0)
            assert_int_equal(umm_num_scaled_i64(text, (size_t)(n + power), '.', -power, &got),
                             UMM_NUM_INEXACT);
    }
    assert_int_equal(umm_num_scaled_i64("395.86", 6, '.', 6, &got), UMM_NUM_OK);
    assert_int_equal(got, 395860000);
    assert_int_equal(umm_num_scaled_i64("9223372036854775808", 19, '.', 0, &got), UMM_NUM_OVERFLOW);
    assert_int_equal(umm_num_scaled_i64("1", 1, '.', 19, &got), UMM_NUM_OVERFLOW);
    assert_int_equal(umm_num_scaled_i64("1e9", 3, '.', -9, &got), UMM_NUM_OK);
    assert_int_equal(got, 1);
    assert_int_equal(umm_num_scaled_i64("x", 1, '.', -9, &got), UMM_NUM_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_halfway_f64_any_exponent),
        cmocka_unit_test(test_halfway_f64_ordinary_size),
        cmocka_unit_test(test_halfway_f64_subnormal),
        cmocka_unit_test(test_halfway_f32),
        cmocka_unit_test(test_halfway_f32_written_as_prices),
        cmocka_unit_test(test_exact_values),
        cmocka_unit_test(test_printed_with_up_to_19_digits),
        cmocka_unit_test(test_random_prices),
        cmocka_unit_test(test_random_digits_any_exponent),
        cmocka_unit_test(test_random_digits_ordinary_size),
        cmocka_unit_test(test_random_long_digits),
        cmocka_unit_test(test_limits_of_both_types),
        cmocka_unit_test(test_near_overflow_and_underflow),
        cmocka_unit_test(test_one_digit_far_away_breaks_a_tie),
        cmocka_unit_test(test_widest_tie_has_768_digits),
        cmocka_unit_test(test_hundred_thousand_digits),
        cmocka_unit_test(test_extreme_exponents),
        cmocka_unit_test(test_every_power_of_ten),
        cmocka_unit_test(test_fast_path_boundaries),
        cmocka_unit_test(test_number_of_compared_texts),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_malformed_embedded_nul),
        cmocka_unit_test(test_malformed_long),
        cmocka_unit_test(test_every_byte_everywhere),
        cmocka_unit_test(test_never_reads_outside),
        cmocka_unit_test(test_length_ends_the_text),
        cmocka_unit_test(test_decimal_comma),
        cmocka_unit_test(test_zeros_keep_their_sign),
        cmocka_unit_test(test_i64_exact_decimals),
        cmocka_unit_test(test_i64_limits),
        cmocka_unit_test(test_i64_fractions_are_inexact),
        cmocka_unit_test(test_i64_a_fraction_is_said_before_an_overflow),
        cmocka_unit_test(test_i64_random_round_trip),
        cmocka_unit_test(test_i64_with_a_moved_point),
    };

    return cmocka_run_group_tests_name("num", tests, map_room, unmap_room);
}
