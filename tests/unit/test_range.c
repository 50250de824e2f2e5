/* SPDX-License-Identifier: MIT */
#include "text/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct umm_range parse(const char *text)
{
    struct umm_range range;
    struct umm_error err = {0};
    if (umm_range_parse(text, strlen(text), &range, &err) != UMM_OK)
        fail_msg("%s: %s", text, err.message);
    return range;
}

static void check_rows(const char *text, uint64_t n_rows, uint64_t first, int64_t step, uint64_t n)
{
    struct umm_range range = parse(text);
    struct umm_rows rows;
    assert_int_equal(umm_range_resolve(&range, n_rows, false, &rows, NULL), UMM_OK);
    assert_int_equal(rows.n, n);
    assert_int_equal(rows.first, first);
    assert_int_equal(rows.step, step);
}

static void check_refused(const char *text, uint64_t n_rows, bool is_strict, const char *message)
{
    struct umm_range range = parse(text);
    struct umm_rows rows = {7, 7, 7};
    struct umm_error err = {0};
    assert_int_equal(umm_range_resolve(&range, n_rows, is_strict, &rows, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
    assert_int_equal(rows.n, 7);
}

static void test_what_python_gives(void **state)
{
    (void)state;
    check_rows(":", 10, 0, 1, 10);
    check_rows("::", 10, 0, 1, 10);
    check_rows("1:2:", 10, 1, 1, 1);
    check_rows("2:5", 10, 2, 1, 3);
    check_rows("+2:+5:+1", 10, 2, 1, 3);
    check_rows("-3:", 10, 7, 1, 3);
    check_rows(":-3", 10, 0, 1, 7);
    check_rows("::3", 10, 0, 3, 4);
    check_rows("::-1", 10, 9, -1, 10);
    check_rows("::-3", 10, 9, -3, 4);
    check_rows("8:2:-2", 10, 8, -2, 3);
    check_rows("5:2", 10, 0, 0, 0);
    check_rows("2:5:-1", 10, 0, 0, 0);
    check_rows(":100", 10, 0, 1, 10);
    check_rows("-100:3", 10, 0, 1, 3);
    check_rows("100:", 10, 0, 0, 0);
    check_rows("100::-1", 10, 9, -1, 10);
    check_rows("3::100", 10, 3, 1, 1);
    check_rows("007", 10, 7, 1, 1);
    check_rows("-1", 10, 9, 1, 1);
    check_rows(":", 0, 0, 0, 0);
    check_rows("::-1", 0, 0, 0, 0);
}

static void test_the_ends_of_64_bits(void **state)
{
    (void)state;
    check_rows("-9223372036854775808:9223372036854775807", 10, 0, 1, 10);
    check_rows("::-9223372036854775808", INT64_MAX, INT64_MAX - 1, 1, 1);
    check_rows("::9223372036854775807", INT64_MAX, 0, 1, 1);
    check_rows("::9223372036854775806", INT64_MAX, 0, INT64_MAX - 1, 2);
    check_rows("9223372036854775807:-9223372036854775808:-1", INT64_MAX, INT64_MAX - 1, -1,
               INT64_MAX);
}

/* Every small slice, against what it means: i = start; i before stop; i += step. */
static void test_every_small_slice(void **state)
{
    (void)state;
    for (int n = 0; n < 6; n++)
        for (int start = -8; start <= 8; start++)
            for (int stop = -8; stop <= 8; stop++)
                for (int step = -7; step <= 7; step++) {
                    struct umm_range range = {false, true, true, start, stop, step};
                    struct umm_rows rows;
                    uint64_t count = 0;
                    int low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
                    int from = start < 0 ? start + n : start, to = stop < 0 ? stop + n : stop;
                    from = from < low ? low : from > high ? high : from;
                    to = to < low ? low : to > high ? high : to;
                    if (step == 0)
                        continue;
                    assert_int_equal(umm_range_resolve(&range, (uint64_t)n, false, &rows, NULL), 0);
                    for (int i = from; step > 0 ? i < to : i > to; i += step, count++)
                        assert_int_equal(rows.first + count * (uint64_t)rows.step, i);
                    assert_int_equal(rows.n, count);
                }
}

static void test_strict(void **state)
{
    struct umm_rows rows;
    static const char *const fine[] = {"0:10", "-10:", "10:", "10:10", "-1", "9::-1", "9:-11:-1"};
    (void)state;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        struct umm_range range = parse(fine[i]);
        assert_int_equal(umm_range_resolve(&range, 10, true, &rows, NULL), UMM_OK);
    }
    check_refused("0:11", 10, true, "row 11 is out of bounds: there are 10 rows");
    check_refused("-11:", 10, true, "row -11 is out of bounds: there are 10 rows");
    check_refused("10::-1", 10, true, "row 10 is out of bounds: there are 10 rows");
    check_refused("10", 10, false, "row 10 is out of bounds: there are 10 rows");
    check_refused("-11", 10, false, "row -11 is out of bounds: there are 10 rows");
    check_refused("0", 0, false, "row 0 is out of bounds: there are 0 rows");
}

static void test_not_a_range(void **state)
{
    static const char *const texts[] = {"",
                                        "-",
                                        "+",
                                        "a",
                                        "1:a",
                                        "1:2:0",
                                        "1:2:3:4",
                                        "1 :2",
                                        "1.5:",
                                        "--1:",
                                        "0x1:",
                                        ":::",
                                        "9223372036854775808:",
                                        "::-9223372036854775809",
                                        "1:2\n"};
    struct umm_range range = {.start = 7};
    struct umm_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(umm_range_parse(texts[i], strlen(texts[i]), &range, &err),
                         UMM_ERR_ARGUMENT);
    }
    assert_int_equal(range.start, 7);
    assert_int_equal(umm_range_parse("1:\n", 3, &range, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "not a range START:STOP[:STEP] of rows: \"1:\\n\"");
}

static void test_list(void **state)
{
    static const char text[] = "\n 1:2\t-3: \r\n::2\n";
    struct umm_range *ranges;
    struct umm_error err = {0};
    size_t n;
    (void)state;
    assert_int_equal(umm_range_parse_list(text, strlen(text), &ranges, &n, &err), UMM_OK);
    assert_int_equal(n, 3);
    assert_int_equal(ranges[0].stop, 2);
    assert_int_equal(ranges[1].start, -3);
    assert_int_equal(ranges[2].step, 2);
    free(ranges);
    assert_int_equal(umm_range_parse_list(" \n", 2, &ranges, &n, &err), UMM_OK);
    assert_int_equal(n, 0);
    free(ranges);
    assert_int_equal(umm_range_parse_list("1:2\n  3-4\n", 10, &ranges, &n, &err), UMM_ERR_DATA);
    assert_null(ranges);
    assert_int_equal(err.status, UMM_ERR_DATA);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    assert_int_equal(err.byte, 6);
    assert_string_equal(err.message, "not a range START:STOP[:STEP] of rows: \"3-4\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_python_gives), cmocka_unit_test(test_the_ends_of_64_bits),
        cmocka_unit_test(test_every_small_slice), cmocka_unit_test(test_strict),
        cmocka_unit_test(test_not_a_range),       cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
