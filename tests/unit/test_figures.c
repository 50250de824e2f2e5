/* SPDX-License-Identifier: MIT */
#include "format/figures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct result {
    uint64_t n_rows, n_unknown;
    uint32_t n_narrow;
    int exit_code;
    double seconds, unknown_seconds;
    bool is_changed;
    const char *path, *nothing;
};

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct result, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("rows", n_rows, UMM_METRIC_ROWS),
    FIGURE("unknown", n_unknown, UMM_METRIC_ROWS_WRITTEN),
    FIGURE("narrow", n_narrow, UMM_METRIC_NONE),
    FIGURE("exit_code", exit_code, UMM_METRIC_RUN_EXIT_CODE),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    FIGURE("unknown_seconds", unknown_seconds, UMM_METRIC_RUN_GROWTH),
    FIGURE("changed", is_changed, UMM_METRIC_M5_PASSED),
    FIGURE("path", path, UMM_METRIC_NONE),
    FIGURE("nothing", nothing, UMM_METRIC_NONE),
    FIGURE(NULL, n_narrow, UMM_METRIC_OUTPUTS),
    UMM_FIGURES_END};

static const struct result result = {.n_rows = 9007199254740993,
                                     .n_unknown = UINT64_MAX,
                                     .n_narrow = UINT32_MAX,
                                     .exit_code = -3,
                                     .seconds = 0.5,
                                     .unknown_seconds = (double)NAN,
                                     .is_changed = true,
                                     .path = "a.npy"};

static void test_json_has_each_key_and_null_for_what_is_unknown(void **state)
{
    char *text = NULL;
    size_t len;
    struct umm_json *json = umm_figures_begin("umm-x");
    (void)state;
    umm_figures_put(json, figures, &result);
    assert_int_equal(umm_json_finish(json, true, &text, &len, NULL), UMM_OK);
    assert_string_equal(text, "{\"tool\":\"umm-x\",\"version\":\"" UMM_VERSION "\","
                              "\"rows\":9007199254740993,\"unknown\":null,"
                              "\"narrow\":4294967295,\"exit_code\":-3,\"seconds\":0.5,"
                              "\"unknown_seconds\":null,\"changed\":true,"
                              "\"path\":\"a.npy\",\"nothing\":null}\n");
    free(text);
}

static bool has(const char *page, const char *metric)
{
    char line[96];
    snprintf(line, sizeof line, "\n%s{", metric);
    return strstr(page, line) != NULL;
}

static void test_metrics_leave_out_what_is_unknown(void **state)
{
    struct umm_prometheus page = {.file = "x.prom"};
    char *text = NULL;
    size_t len;
    (void)state;
    umm_prometheus_begin(&page, "umm-x", NULL, "a.npy");
    umm_figures_add(&page, figures, &result);
    assert_int_equal(umm_prometheus_take(&page, &text, &len, NULL), UMM_OK);
    assert_true(has(text, "umm_rows"));
    assert_false(has(text, "umm_rows_written"));
    assert_true(has(text, "umm_run_exit_code"));
    assert_true(has(text, "umm_duration_seconds"));
    assert_false(has(text, "umm_run_growth_bytes"));
    assert_true(has(text, "umm_m5_passed"));
    assert_non_null(strstr(text, "} 4294967295\n"));
    assert_non_null(strstr(text, "} -3\n"));
    free(text);
}

static void test_counts_return_from_lines(void **state)
{
    static const struct umm_figure counts[] = {FIGURE("rows", n_rows, UMM_METRIC_NONE),
                                               FIGURE("unknown", n_unknown, UMM_METRIC_NONE),
                                               UMM_FIGURES_END};
    struct umm_textbuf out = {0};
    struct result back = {.n_rows = 7, .n_unknown = 7};
    char *text;
    size_t len;
    (void)state;
    umm_figures_print(&out, counts, &result);
    assert_int_equal(umm_textbuf_take(&out, &text, &len, NULL), UMM_OK);
    assert_string_equal(text, "rows: 9007199254740993\nunknown: -\n");
    umm_figures_parse(text, counts, &back);
    assert_int_equal(back.n_rows, result.n_rows);
    assert_int_equal(back.n_unknown, UINT64_MAX);
    umm_figures_parse("unknown: 3\n", counts, &back);
    assert_int_equal(back.n_rows, UINT64_MAX);
    assert_int_equal(back.n_unknown, 3);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_has_each_key_and_null_for_what_is_unknown),
        cmocka_unit_test(test_metrics_leave_out_what_is_unknown),
        cmocka_unit_test(test_counts_return_from_lines),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
