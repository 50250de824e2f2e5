/* SPDX-License-Identifier: MIT */
/* Order by time, which is checked while rows are read. The rest is tests/umm-mmap-slice.bats. */
#include "array/selection.h"

#include "scratch.h"

#include <inttypes.h>
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

enum { N_ROWS = 20, N_COLUMNS = 3, ROW_BYTES = N_COLUMNS * 8 };

static const char path[] = "a.npy";
static const char *const types[] = {"<M8[ms]", ">M8[ms]", "<i8", ">i8", "<u8", "<f8", ">f8"};
enum { N_TYPES = sizeof types / sizeof *types };

/* The bytes of ms as a value of that type; INT64_MIN is what no time is. */
static void put_time(char *out, const char *type, int64_t ms)
{
    double number = ms == INT64_MIN ? (double)NAN : (double)ms;
    char bytes[8];
    memcpy(bytes, type[1] == 'f' ? (const void *)&number : (const void *)&ms, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = bytes[type[0] == '<' ? i : sizeof bytes - 1 - i];
}

/* An array of times in column 0 and of others that fall, in C or in Fortran order. */
static void write_array(const char *type, bool is_fortran, const int64_t times[N_ROWS])
{
    struct umm_npy npy = {.n_dims = 2, .shape = {N_ROWS, N_COLUMNS}, .is_fortran = is_fortran};
    char rows[N_ROWS * ROW_BYTES], *text;
    size_t len;
    for (int i = 0; i < N_ROWS * N_COLUMNS; i++) {
        const int row = is_fortran ? i % N_ROWS : i / N_COLUMNS;
        const int column = is_fortran ? i / N_ROWS : i % N_COLUMNS;
        put_time(rows + 8 * (size_t)i, type, column ? -(int64_t)i : times[row]);
    }
    assert_int_equal(umm_npy_type_parse(type, &npy.type), UMM_OK);
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &text, &len, NULL), UMM_OK);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fwrite(rows, 1, sizeof rows, f), sizeof rows);
    assert_int_equal(fclose(f), 0);
    free(text);
}

static enum umm_status read_all(const char *range_text, const char *columns, struct umm_error *err)
{
    struct umm_range range;
    struct umm_arrayfile file;
    struct umm_selection selection;
    const char *rows;
    size_t n = 1;
    assert_int_equal(umm_range_parse(range_text, strlen(range_text), &range, NULL), UMM_OK);
    assert_int_equal(umm_arrayfile_open(&file, path, NULL), UMM_OK);
    const struct umm_selection_options options = {.ranges = &range,
                                                  .n_ranges = 1,
                                                  .n_window = N_ROWS,
                                                  .is_order_checked = true,
                                                  .columns = columns};
    enum umm_status status = umm_selection_open(&selection, &file, &options, err);
    while (!status && n > 0)
        status = umm_selection_read(&selection, &rows, &n, err);
    umm_selection_close(&selection);
    umm_arrayfile_close(&file);
    return status;
}

/* Ranges that take every row, and column lists with and without the time. */
static const char *const all_rows[] = {":", "::-1", "0:20:1"};
static const char *const lists[] = {NULL, "0,2", "1"};
enum { N_RANGES = 3, N_LISTS = 3 };

static void fill(int64_t times[N_ROWS])
{
    for (int64_t i = 0; i < N_ROWS; i++)
        times[i] = 1600000000000 + i / 2 * 60000; /* each one twice */
}

static void test_rows_in_order_pass(void **state)
{
    static const char *const some[] = {":", "::-1", "::3", "::-3", "5:9", "7", "9:5"};
    int64_t times[N_ROWS];
    (void)state;
    fill(times);
    for (size_t t = 0; t < 2 * N_TYPES; t++) {
        write_array(types[t / 2], t % 2, times);
        for (size_t r = 0; r < sizeof some / sizeof *some; r++)
            for (size_t c = 0; c < N_LISTS; c++)
                assert_int_equal(read_all(some[r], lists[c], NULL), UMM_OK);
    }
}

/* The two ends belong to the search by time, which has looked at them. */
static void check_every_place(const char *type, bool is_fortran, bool is_nat)
{
    int64_t times[N_ROWS];
    for (int at = 1; at < N_ROWS - is_nat; at++) {
        fill(times);
        times[at] = is_nat ? INT64_MIN : times[at] - 60001;
        write_array(type, is_fortran, times);
        for (size_t i = 0; i < (size_t)N_RANGES * N_LISTS; i++) {
            struct umm_error err = {0};
            assert_int_equal(read_all(all_rows[i / N_LISTS], lists[i % N_LISTS], &err),
                             UMM_ERR_DATA);
            assert_string_equal(err.path, path);
            if (!is_nat) {
                assert_memory_equal(err.message, "not sorted by time: row ", 24);
                continue;
            }
            char want[64];
            int len = snprintf(want, sizeof want, "row %d: column 0 is no", at);
            assert_memory_equal(err.message, want, (size_t)len);
        }
    }
}

static void test_every_fall_is_found(void **state)
{
    (void)state;
    for (size_t t = 0; t < 2 * N_TYPES; t++) {
        check_every_place(types[t / 2], t % 2, false);
        check_every_place(types[t / 2], t % 2, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_in_order_pass),
        cmocka_unit_test(test_every_fall_is_found),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
