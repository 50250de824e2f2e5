/* SPDX-License-Identifier: MIT */
#include "format/prometheus.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BUILD(labels)                                                                              \
    "# HELP umm_build_info The version of the tool.\n"                                             \
    "# TYPE umm_build_info gauge\n"                                                                \
    "umm_build_info{" labels ",version=\"" UMM_VERSION "\"} 1\n"

static char *take(struct umm_prometheus *page)
{
    char *text = NULL;
    size_t len = 99;
    assert_int_equal(umm_prometheus_take(page, &text, &len, NULL), UMM_OK);
    assert_int_equal(len, strlen(text));
    assert_true(!page->series && !page->n_series && !page->labels);
    return text;
}

/* As the naming rules have it; and what two tools write can never differ, as it is one table. */
static void test_the_table(void **state)
{
    static const char *const units[] = {"_bytes", "_seconds", "_ratio"};
    (void)state;
    for (int i = UMM_METRIC_NONE + 1; i < UMM_METRIC_COUNT; i++) {
        const char *name = umm_metric_name((enum umm_metric)i);
        const char *help = umm_metric_help((enum umm_metric)i);
        assert_non_null(name);
        assert_true(strncmp(name, "umm_", 4) == 0 &&
                    strspn(name, "umabcdefghijklnopqrstvwxyz_0123456789") == strlen(name));
        assert_true(isupper((unsigned char)help[0]) && help[strlen(help) - 1] == '.');
        assert_true(strcspn(help, "\\\n") == strlen(help));
        for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
            const char *at = strstr(name, units[k]);
            if (at && strlen(at) != strlen(units[k]))
                fail_msg("%s: the unit is at the end of a name", name);
        }
        for (int k = i + 1; k < UMM_METRIC_COUNT; k++)
            if (strcmp(name, umm_metric_name((enum umm_metric)k)) == 0)
                fail_msg("%s: is there twice", name);
    }
}

static void test_a_page(void **state)
{
    struct umm_prometheus page = {0};
    (void)state;
    umm_prometheus_begin(&page, "umm-x", NULL, "/data/a.npy");
    umm_prometheus_add(&page, UMM_METRIC_DURATION, 0.25);
    umm_prometheus_add(&page, UMM_METRIC_ROWS, 744);
    char *text = take(&page);
    assert_string_equal(text,
                        "# HELP umm_rows Rows in the output.\n"
                        "# TYPE umm_rows gauge\n"
                        "umm_rows{tool=\"umm-x\",output=\"/data/a.npy\"} 744\n"
                        "# HELP umm_duration_seconds How long this run took.\n"
                        "# TYPE umm_duration_seconds gauge\n"
                        "umm_duration_seconds{tool=\"umm-x\",output=\"/data/a.npy\"} 0.25\n" BUILD(
                            "tool=\"umm-x\",output=\"/data/a.npy\""));
    free(text);
}

/* The series of a metric stand together, whatever the order in which they came. */
static void test_several_outputs(void **state)
{
    struct umm_prometheus page = {0};
    (void)state;
    for (int i = 0; i < 2; i++) {
        umm_prometheus_begin(&page, "umm-x", "append", i ? "/b/1m.npy" : "/a/1m.npy");
        umm_prometheus_add(&page, UMM_METRIC_ROWS, i + 1);
        umm_prometheus_add(&page, UMM_METRIC_ROWS_WRITTEN, i + 3);
    }
    char *text = take(&page);
    assert_non_null(strstr(
        text, "# TYPE umm_rows gauge\n"
              "umm_rows{tool=\"umm-x\",command=\"append\",output=\"/a/1m.npy\"} 1\n"
              "umm_rows{tool=\"umm-x\",command=\"append\",output=\"/b/1m.npy\"} 2\n"
              "# HELP umm_rows_written Rows that this run wrote.\n# TYPE umm_rows_written gauge\n"
              "umm_rows_written{tool=\"umm-x\",command=\"append\",output=\"/a/1m.npy\"} 3\n"
              "umm_rows_written{tool=\"umm-x\",command=\"append\",output=\"/b/1m.npy\"} 4\n"));
    free(text);
}

static void test_a_success(void **state)
{
    struct umm_prometheus page = {.file = "/m.prom"};
    (void)state;
    umm_prometheus_outputs(&page, "umm-x", "/data", 5, 1);
    char *text = take(&page);
    assert_non_null(strstr(
        text, "umm_failed_outputs{tool=\"umm-x\",output=\"/m.prom\",directory=\"/data\"} 1\n"));
    assert_null(strstr(text, "last_success"));
    free(text);
    umm_prometheus_outputs(&page, "umm-x", "/data", 5, 0);
    text = take(&page);
    assert_non_null(
        strstr(text, "umm_outputs{tool=\"umm-x\",output=\"/m.prom\",directory=\"/data\"} 5\n"));
    const char *at = strstr(text, "umm_last_success_timestamp_seconds{tool=\"umm-x\","
                                  "output=\"/m.prom\"} ");
    assert_non_null(at);
    assert_true(strtod(strchr(at, ' '), NULL) > 1.6e9);
    free(text);
}

/* Whether the page of an output (NULL: none), written to file, has that label. */
static void expect_label(const char *file, const char *output, const char *label)
{
    struct umm_prometheus page = {.file = file};
    char expected[1024];
    umm_prometheus_begin(&page, "t", NULL, output);
    snprintf(expected, sizeof expected, "umm_build_info{tool=\"t\",output=\"%s\",", label);
    char *text = take(&page);
    if (!strstr(text, expected))
        fail_msg("%s has not: %s", text, expected);
    free(text);
}

/* "1m.npy" in two directories are two outputs. */
static void test_an_output_has_its_whole_path(void **state)
{
    char cwd[512], label[640];
    (void)state;
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(label, sizeof label, "%s/1m.npy", cwd);
    expect_label("m", "1m.npy", label);
    expect_label("m", "./1m.npy", label);
    expect_label("1m.npy", NULL, label);
    expect_label("1m.npy", "-", label);
    expect_label("m", "/1m.npy", "/1m.npy");
    expect_label("m", "//x", "/x");
    expect_label("m", ".", cwd);
    expect_label("m", "/usr/bin/..", "/usr");
    expect_label("m", "none/such/1m.npy", "none/such/1m.npy");
    expect_label("m", "pool:bars/BTC", "pool:bars/BTC");
    expect_label("-", NULL, "-");
}

static void test_labels_are_escaped(void **state)
{
    static const struct {
        const char *output, *label;
    } cases[] = {{"/a\"b", "/a\\\"b"},
                 {"/a\\b", "/a\\\\b"},
                 {"/a\nb", "/a\\nb"},
                 {"/a b{c}=,", "/a b{c}=,"},
                 {"/a\t\x1b[2J\x7f", "/a\\\\x09\\\\x1b[2J\\\\x7f"},
                 {"/\xc2\x9b[2J\xc2\xa0", "/\\\\xc2\\\\x9b[2J\xc2\xa0"},
                 {"/caf\xc3\xa9 \xe2\x82\xac", "/caf\xc3\xa9 \xe2\x82\xac"},
                 /* One byte that is not UTF-8 would have the whole file dropped. */
                 {"/caf\xe9.npy", "/caf\xef\xbf\xbd.npy"},
                 {"/\xff\xff\"", "/\xef\xbf\xbd\xef\xbf\xbd\\\""},
                 {"/\xe2\x82", "/\xef\xbf\xbd\xef\xbf\xbd"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_label("m", cases[i].output, cases[i].label);
}

static void test_values_keep_every_bit(void **state)
{
    static const double values[] = {0,      -0.0, 0.1,  1.0 / 3, 1e300,
                                    5e-324, 1e15, -2.5, 1 << 30, 123456789.123456789};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct umm_prometheus page = {0};
        umm_prometheus_begin(&page, "t", NULL, "/o");
        umm_prometheus_add(&page, UMM_METRIC_ROWS, values[i]);
        char *text = take(&page);
        double back = strtod(strstr(text, "} ") + 2, NULL);
        assert_memory_equal(&back, &values[i], sizeof back);
        free(text);
    }
}

static void test_values_that_are_no_numbers(void **state)
{
    static const char *const labels[][3] = {
        {"part", "a\"b", NULL}, {"part", "b", NULL}, {"part", "c", NULL}};
    static const double values[] = {(double)NAN, (double)INFINITY, (double)-INFINITY};
    struct umm_prometheus page = {0};
    (void)state;
    umm_prometheus_begin(&page, "umm-x", NULL, "/o");
    for (int i = 0; i < 3; i++)
        umm_prometheus_add_labelled(&page, UMM_METRIC_M5_FIGURE, labels[i], values[i]);
    char *text = take(&page);
    assert_non_null(strstr(text, "umm_m5_figure{tool=\"umm-x\",output=\"/o\",part=\"a\\\"b\"} NaN\n"
                                 "umm_m5_figure{tool=\"umm-x\",output=\"/o\",part=\"b\"} +Inf\n"
                                 "umm_m5_figure{tool=\"umm-x\",output=\"/o\",part=\"c\"} -Inf\n"));
    free(text);
}

/* A series that is there twice has the collector drop it. */
static void test_what_is_added_twice(void **state)
{
    struct umm_prometheus page = {0};
    (void)state;
    umm_prometheus_begin(&page, "t", NULL, "/o");
    umm_prometheus_add(&page, UMM_METRIC_ROWS, 1);
    umm_prometheus_begin(&page, "t", NULL, "/p");
    umm_prometheus_add(&page, UMM_METRIC_ROWS, 2);
    umm_prometheus_begin(&page, "t", NULL, "/o");
    umm_prometheus_add(&page, UMM_METRIC_ROWS, 3);
    char *text = take(&page);
    assert_non_null(strstr(text, "# TYPE umm_rows gauge\n"
                                 "umm_rows{tool=\"t\",output=\"/o\"} 1\n"
                                 "umm_rows{tool=\"t\",output=\"/p\"} 2\n# HELP"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_a_page),
        cmocka_unit_test(test_several_outputs),
        cmocka_unit_test(test_a_success),
        cmocka_unit_test(test_an_output_has_its_whole_path),
        cmocka_unit_test(test_labels_are_escaped),
        cmocka_unit_test(test_values_keep_every_bit),
        cmocka_unit_test(test_values_that_are_no_numbers),
        cmocka_unit_test(test_what_is_added_twice),
    };

    return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
