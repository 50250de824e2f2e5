/* SPDX-License-Identifier: MIT */
#include "array/timerange.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_ROWS = 100, N_COLUMNS = 3, ROW_BYTES = N_COLUMNS * 8 };

static const char path[] = "a.npy";

/* An array of times, type "<M8[s]" and so on or "<f8", in N_COLUMNS equal columns. */
static void open_times(struct umm_arrayfile *file, const char *type, const void *rows, uint64_t n)
{
    struct umm_npy npy = {.n_dims = 2, .shape = {n, N_COLUMNS}};
    char *text;
    size_t len;
    assert_int_equal(umm_npy_type_parse(type, &npy.type), UMM_OK);
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &text, &len, NULL), UMM_OK);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fwrite(rows, ROW_BYTES, n, f), n);
    assert_int_equal(fclose(f), 0);
    free(text);
    assert_int_equal(umm_arrayfile_open(file, path, NULL), UMM_OK);
}

/* ---- parsing and rows ---- */

static void test_ends_are_iso(void **state)
{
    struct umm_time time;
    struct umm_error err;
    (void)state;
    assert_int_equal(umm_time_from_iso("2022-01-01", &time, NULL), UMM_OK);
    assert_int_equal(time.sec, 1640995200);
    assert_int_equal(umm_time_from_iso("2022-01-01T01:00:00.5+01:00", &time, NULL), UMM_OK);
    assert_int_equal(time.sec, 1640995200);
    assert_int_equal(time.nsec, 500000000);
    assert_int_equal(umm_time_from_iso("2022-02-30", &time, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "is no date or time of day that exists: \"2022-02-30\"");
    assert_int_equal(umm_time_from_iso("01/02/2022", &time, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_time_from_iso("", &time, NULL), UMM_ERR_ARGUMENT);
}

static void test_ranges_are_half_open(void **state)
{
    int64_t rows[N_ROWS][N_COLUMNS];
    struct umm_arrayfile file;
    uint64_t first, end;
    (void)state;
    for (int64_t i = 0; i < N_ROWS; i++)
        rows[i][0] = rows[i][1] = rows[i][2] = 10 * i;
    open_times(&file, "<M8[s]", rows, N_ROWS);
    for (int64_t from = -11; from < 10 * N_ROWS + 10; from += 7)
        for (int64_t to = from; to < 10 * N_ROWS + 20; to += 13) {
            const struct umm_timerange range = {true, true, {from, 0}, {to, 0}};
            uint64_t want_first = 0, want_end = 0;
            for (int64_t i = 0; i < N_ROWS; i++) {
                want_first += 10 * i < from;
                want_end += 10 * i < to;
            }
            assert_int_equal(umm_timerange_rows(&range, &file, &first, &end, NULL), UMM_OK);
            assert_int_equal(first, want_first);
            assert_int_equal(end, want_end);
        }
    const struct umm_timerange from = {.has_from = true, .from = {25, 0}};
    assert_int_equal(umm_timerange_rows(&from, &file, &first, &end, NULL), UMM_OK);
    assert_int_equal(first, 3);
    assert_int_equal(end, N_ROWS);
    const struct umm_timerange to = {.has_to = true, .to = {25, 1}};
    assert_int_equal(umm_timerange_rows(&to, &file, &first, &end, NULL), UMM_OK);
    assert_int_equal(first, 0);
    assert_int_equal(end, 3);
    umm_arrayfile_close(&file);
}

static void test_no_ends_mean_all_rows_and_no_time_is_needed(void **state)
{
    static const double rows[2][N_COLUMNS] = {{5}, {4}};
    const struct umm_timerange all = {0}, some = {.has_to = true};
    struct umm_arrayfile file;
    uint64_t first, end;
    (void)state;
    open_times(&file, "<m8[s]", rows, 2);
    assert_int_equal(umm_timerange_rows(&all, &file, &first, &end, NULL), UMM_OK);
    assert_true(first == 0 && end == 2);
    assert_int_equal(umm_timerange_rows(&some, &file, &first, &end, NULL), UMM_ERR_DATA);
    umm_arrayfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_are_iso),
        cmocka_unit_test(test_ranges_are_half_open),
        cmocka_unit_test(test_no_ends_mean_all_rows_and_no_time_is_needed),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
