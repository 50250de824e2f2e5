/* SPDX-License-Identifier: MIT */
/* A report of many files takes time and memory by their number: a piece looks at none of the files
 * whose pieces were taken before, as their memory cannot be read any more. */
#include "preload/preload_report.h"

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

enum { N_FILES = 1000, FAILED = 3, NAME_MAX_BYTES = 16 };

static char names[N_FILES][NAME_MAX_BYTES];

static size_t map_bytes(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (N_FILES * sizeof(struct umm_preload_file) + page - 1) / page * page;
}

/* Each file has 5 bytes; one failed. */
static void make_result(struct umm_preload_result *result)
{
    *result = (struct umm_preload_result){.n_files = N_FILES, .n_failed = 1, .budget_bytes = 9000};
    result->files =
        mmap(NULL, map_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(result->files != MAP_FAILED);
    for (size_t i = 0; i < N_FILES; i++) {
        snprintf(names[i], sizeof names[i], "file %zu", i);
        result->files[i] = (struct umm_preload_file){.path = names[i],
                                                     .n_bytes = 5,
                                                     .is_failed = i == FAILED,
                                                     .plan = UMM_PRELOAD_PLAN_PRELOAD};
    }
}

/* Whole pages of files before the n-th can be read no more. */
static void hide(const struct umm_preload_result *result, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t len = n * sizeof *result->files / page * page;
    if (len > 0)
        assert_int_equal(mprotect(result->files, len, PROT_NONE), 0);
}

static void free_result(struct umm_preload_result *result)
{
    assert_int_equal(munmap(result->files, map_bytes()), 0);
}

static void test_lines_look_at_no_file_before(void **state)
{
    struct umm_preload_result result;
    struct umm_preload_report report;
    char line[UMM_PRELOAD_LINE_MAX];
    (void)state;
    make_result(&result);
    umm_preload_report_begin(&report, UMM_PRELOAD_STATUS, &result);
    assert_true(umm_preload_report_line(&report, line));
    assert_non_null(strstr(line, "  file"));
    for (size_t i = 0; i < N_FILES; i++) {
        if (i == FAILED)
            continue;
        hide(&result, i);
        assert_true(umm_preload_report_line(&report, line));
        assert_string_equal(line + strlen(line) - strlen(names[i]), names[i]);
    }
    hide(&result, N_FILES);
    assert_true(umm_preload_report_line(&report, line));
    assert_non_null(strstr(line, "  999 files: 999 preload, 0 mmap, 0 memory"));
    assert_false(umm_preload_report_line(&report, line));
    free_result(&result);
}

static void test_json_looks_at_no_file_before(void **state)
{
    struct umm_preload_result result;
    struct umm_preload_report report;
    char *text, expected[64];
    size_t len;
    (void)state;
    make_result(&result);
    umm_preload_report_begin(&report, UMM_PRELOAD_STATUS, &result);
    for (size_t n = 0; n < N_FILES + 2; n++) {
        if (n > 0)
            hide(&result, n - 1);
        assert_int_equal(umm_preload_report_json(&report, &text, &len, NULL), UMM_OK);
        assert_non_null(text);
        assert_int_equal(strlen(text), len);
        snprintf(expected, sizeof expected, "\"path\": \"file %zu\"", n - 1);
        if (n > 0 && n <= N_FILES)
            assert_non_null(strstr(text, expected));
        free(text);
    }
    assert_int_equal(umm_preload_report_json(&report, &text, &len, NULL), UMM_OK);
    assert_null(text);
    free_result(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_look_at_no_file_before),
        cmocka_unit_test(test_json_looks_at_no_file_before),
    };
    return cmocka_run_group_tests_name("preload_report", tests, NULL, NULL);
}
