/* SPDX-License-Identifier: MIT */
/*
 * Rows, columns and times of arrays that NumPy wrote (tests/ref/arrayfile_oracle.py),
 * and of files that are not what they seem. Run from the repository root.
 */
#include "array/arrayfile.h"

#include "npy_cases.h"
#include "random.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t next_random(uint64_t below)
{
    static uint64_t x = RANDOM_SEED;
    return below ? xorshift64(&x) % below : 0;
}

/* len_bytes bytes that end where a page without access begins. */
struct guarded {
    char *bytes, *pages;
    size_t n_pages_bytes;
};

static struct guarded guard(size_t len_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct guarded g = {.n_pages_bytes = (len_bytes / page + 2) * page};
    g.pages =
        mmap(NULL, g.n_pages_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.pages != MAP_FAILED);
    assert_int_equal(mprotect(g.pages + g.n_pages_bytes - page, page, PROT_NONE), 0);
    g.bytes = g.pages + g.n_pages_bytes - page - len_bytes;
    return g;
}

static void unguard(struct guarded *g)
{
    assert_int_equal(munmap(g->pages, g->n_pages_bytes), 0);
}

/* ---- against NumPy ---------------------------------------------------------------- */

static void check_rows(const struct umm_arrayfile *file, const char *rows)
{
    for (int i = 0; i < 12; i++) {
        uint64_t first = i == 0 ? 0 : next_random(file->n_rows + 1);
        uint64_t n = i == 0 ? file->n_rows : next_random(file->n_rows - first + 1);
        size_t len = (size_t)(n * file->row_bytes);
        struct guarded got = guard(len);
        assert_int_equal(umm_arrayfile_read(file, first, n, got.bytes, NULL), UMM_OK);
        assert_memory_equal(got.bytes, rows + first * file->row_bytes, len);
        unguard(&got);
    }
}

static void check_column(const struct umm_arrayfile *file, const struct umm_arraycolumn *column,
                         const char *rows)
{
    size_t size = column->type.size_bytes;
    for (int i = 0; i < 4; i++) {
        uint64_t first = i == 0 ? 0 : next_random(file->n_rows + 1);
        uint64_t n = i == 0 ? file->n_rows : next_random(file->n_rows - first + 1);
        struct guarded got = guard((size_t)n * size);
        assert_int_equal(umm_arrayfile_read_column(file, column, first, n, got.bytes, NULL),
                         UMM_OK);
        for (uint64_t k = 0; k < n; k++)
            assert_memory_equal(got.bytes + k * size,
                                rows + (first + k) * file->row_bytes + column->offset_bytes, size);
        unguard(&got);
    }
}

/* The column's numbers, by NumPy, are at *numbers, which moves on behind them. */
static void check_numbers(const struct umm_arrayfile *file, const struct umm_arraycolumn *column,
                          const char *rows, const char **numbers)
{
    size_t len = (size_t)file->n_rows * sizeof(double);
    double *got = malloc(len + 1);
    assert_non_null(got);
    assert_true(umm_arraycolumn_read_f64(column, rows + column->offset_bytes, file->row_bytes,
                                         (size_t)file->n_rows, got));
    for (size_t i = 0; i < file->n_rows; i++) {
        double want;
        memcpy(&want, *numbers + i * sizeof want, sizeof want);
        if (want == want)
            assert_memory_equal(&got[i], &want, sizeof want);
        else
            assert_true(got[i] != got[i]);
    }
    free(got);
    *numbers += len;
}

static void check_times(const struct umm_arrayfile *file, const char *pairs)
{
    for (uint64_t i = 0; i < file->n_rows; i++) {
        int64_t want[2];
        struct umm_time time;
        uint64_t row;
        memcpy(want, pairs + i * sizeof want, sizeof want);
        assert_int_equal(umm_arrayfile_time_at(file, i, &time, NULL), UMM_OK);
        assert_int_equal(time.sec, want[0]);
        assert_int_equal(time.nsec, want[1]);
        if (i % 7 != 0)
            continue;
        assert_int_equal(umm_arrayfile_find_time(file, &time, &row, NULL), UMM_OK);
        assert_int_equal(row, i);
        time.sec += time.nsec == 999999999;
        time.nsec = time.nsec == 999999999 ? 0 : time.nsec + 1;
        assert_int_equal(umm_arrayfile_find_time(file, &time, &row, NULL), UMM_OK);
        assert_int_equal(row, i + 1);
    }
}

/* "NAME:OFFSET:TYPE:NUMERIC" */
static void check_description(const struct umm_arraycolumn *column, const char *text, bool *is_num)
{
    char want[4 * UMM_NPY_NAME_MAX] = "", type[UMM_NPY_TYPE_TEXT_MAX];
    size_t len = 0;
    for (const char *c = column->name; *c; c++)
        len += (size_t)snprintf(want + len, sizeof want - len, "%02x", (unsigned char)*c);
    umm_npy_type_text(&column->type, type);
    *is_num = text[strlen(text) - 1] == '1';
    snprintf(want + len, sizeof want - len, ":%" PRIu64 ":%s:%d", column->offset_bytes, type,
             *is_num);
    assert_string_equal(text, want);
}

static void check_columns(const struct umm_arrayfile *file, const char *name, const char *rows)
{
    size_t len;
    char *all = read_whole(name, ".f64", &len);
    const char *numbers = all;
    uint64_t n = umm_arrayfile_column_count(file), found;
    for (uint64_t i = 0; i < n; i++) {
        struct umm_arraycolumn column;
        bool is_numeric;
        umm_arrayfile_column(file, i, &column);
        const char *text = strtok(NULL, " \n");
        assert_non_null(text);
        check_description(&column, text, &is_numeric);
        check_column(file, &column, rows);
        if (is_numeric)
            check_numbers(file, &column, rows, &numbers);
        else
            assert_false(umm_arraycolumn_read_f64(&column, rows, 0, 0, NULL));
        if (column.name[0]) {
            assert_int_equal(umm_arrayfile_find_column(file, column.name, &found, NULL), UMM_OK);
            assert_int_equal(found, i);
        }
    }
    assert_null(strtok(NULL, " \n"));
    assert_ptr_equal(numbers, all + len);
    free(all);
}

static void check_case(char *line)
{
    const char *name = strtok(line, " "), *n_rows = strtok(NULL, " ");
    const char *row_bytes = strtok(NULL, " "), *time = strtok(NULL, " \n");
    char path[PATH_ROOM];
    size_t len;
    struct umm_arrayfile file;
    uint64_t index;
    assert_non_null(time);
    path_in_dir(path, name, ".npy");
    assert_int_equal(umm_arrayfile_open(&file, path, NULL), UMM_OK);
    assert_int_equal(file.n_rows, strtoull(n_rows, NULL, 10));
    assert_int_equal(file.row_bytes, strtoull(row_bytes, NULL, 10));
    char *rows = read_whole(name, ".rows", &len);
    assert_int_equal(len, file.n_rows * file.row_bytes);
    check_rows(&file, rows);
    check_columns(&file, name, rows);
    free(rows);
    enum umm_status status = umm_arrayfile_time_column(&file, &index, NULL);
    assert_int_equal(status, time[0] == '-' ? UMM_ERR_DATA : UMM_OK);
    if (!status) {
        assert_int_equal(index, strtoull(time, NULL, 10));
        char *pairs = read_whole(name, ".time", &len);
        if (len)
            check_times(&file, pairs);
        free(pairs);
    }
    umm_arrayfile_close(&file);
}

static void test_numpy_reads_the_same(void **state)
{
    (void)state;
    for_each_npy_case(check_case);
}

/* ---- files that are not what they seem -------------------------------------------- */

/* A file of that header and len_bytes of data in dir; returns its path. */
static const char *write_npy(char path[PATH_ROOM], struct umm_npy *npy, const void *data,
                             size_t len_bytes)
{
    char *text;
    size_t len;
    assert_int_equal(umm_npy_format(npy, UMM_NPY_ALIGN, &text, &len, NULL), UMM_OK);
    path_in_dir(path, "own", ".npy");
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fwrite(data, 1, len_bytes, f), len_bytes);
    assert_int_equal(fclose(f), 0);
    free(text);
    umm_npy_free(npy);
    return path;
}

static struct umm_npy plain(const char *type, unsigned n_dims, uint64_t n0, uint64_t n1)
{
    struct umm_npy npy = {.n_dims = n_dims, .shape = {n0, n1}};
    assert_int_equal(umm_npy_type_parse(type, &npy.type), UMM_OK);
    return npy;
}

static void open_times(struct umm_arrayfile *file, char path[PATH_ROOM], const char *type,
                       const void *times, uint64_t n)
{
    struct umm_npy npy = plain(type, 2, n, 1);
    write_npy(path, &npy, times, (size_t)n * 8);
    assert_int_equal(umm_arrayfile_open(file, path, NULL), UMM_OK);
}

static void assert_find_fails(const char *type, const void *times, uint64_t n, struct umm_time at,
                              const char *message)
{
    struct umm_arrayfile file;
    struct umm_error err = {0};
    char path[PATH_ROOM];
    uint64_t row;
    open_times(&file, path, type, times, n);
    assert_int_equal(umm_arrayfile_find_time(&file, &at, &row, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
    assert_string_equal(err.path, path);
    umm_arrayfile_close(&file);
}

static void test_probes_see_disorder(void **state)
{
    (void)state;
    const int64_t turned[] = {9, 2, 3}, middle[] = {1, 2, 9, 4, 5}, low[] = {5, 6, 1, 8, 9};
    const struct umm_time at = {.sec = 3}, late = {.sec = 7};
    assert_find_fails("<M8[s]", turned, 3, at, "not sorted by time: row 2 is before row 0");
    assert_find_fails("<M8[s]", middle, 5, at, "not sorted by time: row 4 is before row 2");
    assert_find_fails("<M8[s]", low, 5, late, "not sorted by time: row 2 is before row 0");
}

static void test_rows_of_one_time_are_found_by_the_first(void **state)
{
    (void)state;
    const int64_t times[] = {1, 3, 3, 3, 3, 3, 3, 4};
    struct umm_arrayfile file;
    char path[PATH_ROOM];
    uint64_t row;
    open_times(&file, path, "<M8[s]", times, 8);
    for (uint64_t i = 0; i < 6; i++) {
        static const uint64_t want[] = {0, 0, 1, 1, 7, 8};
        const struct umm_time at = {.sec = (int64_t)i};
        assert_int_equal(umm_arrayfile_find_time(&file, &at, &row, NULL), UMM_OK);
        assert_int_equal(row, want[i]);
    }
    umm_arrayfile_close(&file);
}

static void test_what_is_no_time_is_refused(void **state)
{
    (void)state;
    const struct umm_time at = {0};
    const int64_t nat = INT64_MIN, many_weeks = INT64_MAX / 2, odd_ps = 1001,
                  big_ms = 100000000000000;
    const double nan = 0.0 / 0.0, inf = 1 / 0.0, seconds = 1e14, before = -1e14;
    assert_find_fails("<M8[s]", &nat, 1, at, "row 0: column 0 is not a time");
    assert_find_fails("<M8[W]", &many_weeks, 1, at, "row 0: column 0 is too far from 1970");
    assert_find_fails("<M8[5Y]", &many_weeks, 1, at, "row 0: column 0 is too far from 1970");
    assert_find_fails("<M8[ps]", &odd_ps, 1, at, "row 0: column 0 is finer than a nanosecond");
    assert_find_fails("<f8", &nan, 1, at, "row 0: column 0 is not a time");
    assert_find_fails("<f8", &inf, 1, at, "row 0: column 0 is not a time");
    assert_find_fails("<f8", &seconds, 1, at, "row 0: column 0 is no count of milliseconds");
    assert_find_fails("<f8", &before, 1, at, "row 0: column 0 is no count of milliseconds");
    assert_find_fails("<i8", &big_ms, 1, at, "row 0: column 0 is no count of milliseconds");
    assert_find_fails("<u8", &nat, 1, at, "row 0: column 0 is no count of milliseconds");
    assert_find_fails("<M8", &odd_ps, 1, at, "column 0 \"\" is <M8, which cannot hold a time");
}

/* A double just below zero is the last nanosecond before 1970, not second 0. */
static void test_doubles_are_rounded_down(void **state)
{
    (void)state;
    enum { N = 8 };
    const double times[N] = {-2208988800000.75, -1500.0, -1000.0, -0.25,
                             -1e-300,           0.0,     0.75,    1577836800000.25};
    static const struct umm_time want[N] = {
        {-2208988801, 999250000}, {-2, 500000000}, {-1, 0},     {-1, 999750000},
        {-1, 999999999},          {0, 0},          {0, 750000}, {1577836800, 250000}};
    struct umm_arrayfile file;
    struct umm_time time;
    char path[PATH_ROOM];
    open_times(&file, path, "<f8", times, N);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(umm_arrayfile_time_at(&file, i, &time, NULL), UMM_OK);
        assert_int_equal(time.sec, want[i].sec);
        assert_int_equal(time.nsec, want[i].nsec);
    }
    umm_arrayfile_close(&file);
}

/* Nothing says that a bare number in a record counts milliseconds: 1.6e9 may be seconds. */
static void test_a_bare_number_in_a_record_must_look_like_milliseconds(void **state)
{
    (void)state;
    const int64_t values[] = {1577836800, 1577836800000, -1577836800, -1577836800000};
    struct umm_npy npy = {.n_dims = 1, .shape = {4}};
    struct umm_npy_type type;
    struct umm_arrayfile file;
    struct umm_error err = {0};
    struct umm_time time;
    char path[PATH_ROOM];
    assert_int_equal(umm_npy_type_parse("<i8", &type), UMM_OK);
    assert_int_equal(umm_npy_add_field(&npy, "timestamp", &type, NULL), UMM_OK);
    write_npy(path, &npy, values, sizeof values);
    assert_int_equal(umm_arrayfile_open(&file, path, NULL), UMM_OK);
    assert_int_equal(umm_arrayfile_time_at(&file, 0, &time, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "row 0: timestamp is no count of milliseconds");
    assert_int_equal(umm_arrayfile_time_at(&file, 1, &time, NULL), UMM_OK);
    assert_int_equal(time.sec, 1577836800);
    assert_int_equal(umm_arrayfile_time_at(&file, 2, &time, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "row 2: timestamp is no count of milliseconds");
    assert_int_equal(umm_arrayfile_time_at(&file, 3, &time, NULL), UMM_OK);
    assert_int_equal(time.sec, -1577836800);
    umm_arrayfile_close(&file);
}

static void test_rows_beyond_the_array_are_refused(void **state)
{
    (void)state;
    const int64_t values[] = {1, 2, 3};
    static const uint64_t ranges[][2] = {{0, 4}, {3, 1}, {4, 0}, {2, UINT64_MAX}, {UINT64_MAX, 2}};
    struct umm_arrayfile file;
    struct umm_arraycolumn column;
    char path[PATH_ROOM], out[64];
    open_times(&file, path, "<i8", values, 3);
    umm_arrayfile_column(&file, 0, &column);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        uint64_t first = ranges[i][0], n = ranges[i][1];
        assert_int_equal(umm_arrayfile_read(&file, first, n, out, NULL), UMM_ERR_ARGUMENT);
        assert_int_equal(umm_arrayfile_read_column(&file, &column, first, n, out, NULL),
                         UMM_ERR_ARGUMENT);
    }
    assert_int_equal(umm_arrayfile_read(&file, 3, 0, out, NULL), UMM_OK);
    umm_arrayfile_close(&file);
}

static void test_a_file_that_shrank_is_an_error(void **state)
{
    (void)state;
    const int64_t values[] = {1, 2, 3};
    struct umm_arrayfile file;
    struct umm_error err = {0};
    char path[PATH_ROOM], out[24];
    open_times(&file, path, "<i8", values, 3);
    assert_int_equal(truncate(path, 128 + 20), 0);
    assert_int_equal(umm_arrayfile_read(&file, 0, 3, out, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "file ends 4 bytes early");
    assert_string_equal(err.path, path);
    assert_int_equal(umm_arrayfile_read(&file, 0, 2, out, NULL), UMM_OK);
    umm_arrayfile_close(&file);
}

static void test_what_cannot_be_opened_is_closed(void **state)
{
    (void)state;
    struct umm_arrayfile file;
    struct umm_error err = {0};
    char path[PATH_ROOM];
    struct umm_npy npy = plain("<f8", 0, 0, 0);
    write_npy(path, &npy, "12345678", 8);
    assert_int_equal(umm_arrayfile_open(&file, path, &err), UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "is a single element: it has no rows");
    assert_int_equal(file.fd, -1);
    umm_arrayfile_close(&file);
    npy = plain("<f8", 1, 3, 0);
    write_npy(path, &npy, "12345678", 8);
    assert_int_equal(umm_arrayfile_open(&file, path, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "array data is short by 16 bytes");
    assert_int_equal(file.fd, -1);
    assert_int_equal(umm_arrayfile_open(&file, dir, &err), UMM_ERR_SYSTEM);
    path_in_dir(path, "missing", ".npy");
    assert_int_equal(umm_arrayfile_open(&file, path, &err), UMM_ERR_SYSTEM);
    assert_int_equal(file.fd, -1);
}

static void assert_not_found(struct umm_npy *npy, const char *name, const char *message)
{
    struct umm_error err = {0};
    uint64_t index;
    assert_int_equal(umm_arraycolumn_find(npy, name, &index, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
}

static void test_missing_columns_are_named(void **state)
{
    (void)state;
    struct umm_npy npy = plain("<f8", 2, 3, 6);
    assert_not_found(
        &npy, "clsoe",
        "no column \"clsoe\", perhaps \"close\"; there are timestamp, open, high, low, "
        "close, volume");
    npy = plain("<f8", 2, 3, 5);
    assert_not_found(&npy, "", "no column \"\": the array has no names");
    struct umm_npy record = {.n_dims = 1, .shape = {3}};
    struct umm_error err = {0};
    uint64_t index;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "column_%d", i);
        assert_int_equal(umm_npy_add_field(&record, name, &npy.type, NULL), UMM_OK);
    }
    assert_int_equal(umm_arraycolumn_find(&record, "x\n", &index, &err), UMM_ERR_DATA);
    assert_memory_equal(err.message, "no column \"x\\n\"; there are column_0, column_1, ", 47);
    assert_string_equal(err.message + strlen(err.message) - 5, ", ...");
    umm_npy_free(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy_reads_the_same),
        cmocka_unit_test(test_probes_see_disorder),
        cmocka_unit_test(test_rows_of_one_time_are_found_by_the_first),
        cmocka_unit_test(test_what_is_no_time_is_refused),
        cmocka_unit_test(test_doubles_are_rounded_down),
        cmocka_unit_test(test_a_bare_number_in_a_record_must_look_like_milliseconds),
        cmocka_unit_test(test_rows_beyond_the_array_are_refused),
        cmocka_unit_test(test_a_file_that_shrank_is_an_error),
        cmocka_unit_test(test_what_cannot_be_opened_is_closed),
        cmocka_unit_test(test_missing_columns_are_named),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
