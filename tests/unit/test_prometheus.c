/* SPDX-License-Identifier: MIT */
#include "format/prometheus.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *take(struct umm_prometheus *page)
{
    static const struct umm_prometheus empty;
    char *text = NULL;
    size_t len = 99;
    struct umm_error err = {0};
    assert_int_equal(umm_prometheus_take(page, &text, &len, &err), UMM_OK);
    assert_int_equal(len, text ? strlen(text) : 0);
    assert_memory_equal(page, &empty, sizeof empty);
    return text;
}

static void test_a_page(void **state)
{
    struct umm_prometheus page = {0};
    (void)state;
    umm_prometheus_begin(&page, "umm-x", "/data/a.npy");
    umm_prometheus_gauge(&page, "umm_rows", "Rows.", 744);
    umm_prometheus_gauge(&page, "umm_duration_seconds", "How long.", 0.25);
    umm_prometheus_success(&page, 1700000000.5);
    char *text = take(&page);
    assert_string_equal(
        text,
        "# HELP umm_rows Rows.\n"
        "# TYPE umm_rows gauge\n"
        "umm_rows{tool=\"umm-x\",output=\"/data/a.npy\"} 744\n"
        "# HELP umm_duration_seconds How long.\n"
        "# TYPE umm_duration_seconds gauge\n"
        "umm_duration_seconds{tool=\"umm-x\",output=\"/data/a.npy\"} 0.25\n"
        "# HELP umm_last_success_timestamp_seconds When the tool last finished without an "
        "error.\n"
        "# TYPE umm_last_success_timestamp_seconds gauge\n"
        "umm_last_success_timestamp_seconds{tool=\"umm-x\",output=\"/data/a.npy\"} "
        "1700000000.5\n"
        "# HELP umm_build_info The version of the tool.\n"
        "# TYPE umm_build_info gauge\n"
        "umm_build_info{tool=\"umm-x\",output=\"/data/a.npy\",version=\"" UMM_VERSION "\"} 1\n");
    free(text);
}

static void test_an_empty_page_is_nothing(void **state)
{
    struct umm_prometheus page = {0};
    (void)state;
    umm_prometheus_begin(&page, "umm-x", "");
    char *text = take(&page);
    assert_true(!text || !*text);
    free(text);
}

static void test_labels_are_escaped(void **state)
{
    static const struct {
        const char *output, *label;
    } cases[] = {{"a\"b", "a\\\"b"},
                 {"a\\b", "a\\\\b"},
                 {"a\nb", "a\\nb"},
                 {"a b{c}=,", "a b{c}=,"},
                 {"a\t\x1b[2J\x7f", "a\\\\x09\\\\x1b[2J\\\\x7f"},
                 {"\xc2\x9b[2J\xc2\xa0", "\\\\xc2\\\\x9b[2J\xc2\xa0"},
                 {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
                 /* One byte that is not UTF-8 would have the whole file dropped. */
                 {"caf\xe9.npy", "caf\xef\xbf\xbd.npy"},
                 {"\xff\xff\"", "\xef\xbf\xbd\xef\xbf\xbd\\\""},
                 {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_prometheus page = {0};
        char expected[256];
        umm_prometheus_begin(&page, "t", cases[i].output);
        umm_prometheus_gauge(&page, "n", "h", 1);
        snprintf(expected, sizeof expected,
                 "# HELP n h\n# TYPE n gauge\nn{tool=\"t\",output=\"%s\"} 1\n", cases[i].label);
        char *text = take(&page);
        assert_string_equal(text, expected);
        free(text);
    }
}

static void test_values_keep_every_bit(void **state)
{
    static const double values[] = {0,      -0.0, 0.1,  1.0 / 3, 1e300,
                                    5e-324, 1e15, -2.5, 1 << 30, 123456789.123456789};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct umm_prometheus page = {0};
        umm_prometheus_begin(&page, "t", "o");
        umm_prometheus_gauge(&page, "n", "h", values[i]);
        char *text = take(&page);
        double back = strtod(strstr(text, "} ") + 2, NULL);
        assert_memory_equal(&back, &values[i], sizeof back);
        free(text);
    }
}

/* The page grows at whatever length it is full. */
static void test_pages_of_every_length(void **state)
{
    static char name[9000];
    (void)state;
    for (size_t n = 1; n < sizeof name; n += 37) {
        struct umm_prometheus page = {0};
        memset(name, 'o', n);
        name[n] = '\0';
        umm_prometheus_begin(&page, "t", name);
        for (int i = 0; i < 3; i++)
            umm_prometheus_gauge(&page, "n", "h", i);
        char *text = take(&page);
        const char *tail = "\"} 2\n";
        assert_int_equal(
            strlen(text),
            3 * (strlen("# HELP n h\n# TYPE n gauge\nn{tool=\"t\",output=\"\"} 0\n") + n));
        assert_string_equal(text + strlen(text) - strlen(tail), tail);
        free(text);
    }
}

static void test_values_that_are_no_numbers(void **state)
{
    static const char *const labels[] = {"part", "a\"b", NULL};
    struct umm_prometheus page = {0};
    (void)state;
    umm_prometheus_begin(&page, "umm-x", "o");
    umm_prometheus_family(&page, "umm_v", "Some.");
    umm_prometheus_series(&page, "umm_v", labels, (double)NAN);
    umm_prometheus_series(&page, "umm_v", labels + 2, (double)INFINITY);
    umm_prometheus_series(&page, "umm_v", labels + 2, (double)-INFINITY);
    char *text = take(&page);
    assert_string_equal(text, "# HELP umm_v Some.\n"
                              "# TYPE umm_v gauge\n"
                              "umm_v{tool=\"umm-x\",output=\"o\",part=\"a\\\"b\"} NaN\n"
                              "umm_v{tool=\"umm-x\",output=\"o\"} +Inf\n"
                              "umm_v{tool=\"umm-x\",output=\"o\"} -Inf\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page),
        cmocka_unit_test(test_an_empty_page_is_nothing),
        cmocka_unit_test(test_labels_are_escaped),
        cmocka_unit_test(test_values_keep_every_bit),
        cmocka_unit_test(test_pages_of_every_length),
        cmocka_unit_test(test_values_that_are_no_numbers),
    };

    return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
