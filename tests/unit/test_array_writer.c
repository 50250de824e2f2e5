/* SPDX-License-Identifier: MIT */
/* Arrays and archives through the interface in C: written, appended to, viewed; pools. */
#include "umm.h"

#include "archive/archive_writer.h"

#include <errno.h>
#include <fcntl.h>
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

#include "scratch.h"

enum { COLUMNS = 6 };

static const struct umm_array_layout bars = {.type = "<f8", .width = COLUMNS};

static void fill(double rows[][COLUMNS], size_t n, double first)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < COLUMNS; k++)
            rows[i][k] = k == 0 ? (first + (double)i) * 1000 : (first + (double)i) / 7 + (double)k;
}

/* How many rows path has, all as `fill` makes them from row 0 on; -1: it cannot be opened. */
static long count_rows(const char *path)
{
    struct umm_array *array;
    struct umm_array_info info;
    struct umm_view view;
    double wanted[1][COLUMNS];
    if (umm_array_open(path, &array, NULL) != UMM_OK)
        return -1;
    umm_array_describe(array, &info);
    assert_int_equal(info.row_bytes, sizeof wanted[0]);
    assert_int_equal(umm_array_view(array, 0, info.n_rows, &view, NULL), UMM_OK);
    for (uint64_t i = 0; i < info.n_rows; i++) {
        fill(wanted, 1, (double)i);
        assert_memory_equal((const char *)view.data + i * view.stride_bytes, wanted, sizeof wanted);
    }
    umm_array_close(array);
    return (long)info.n_rows;
}

static void a_new_array_appears_at_its_commit(void **state)
{
    struct umm_array_writer *writer;
    struct umm_error err;
    double rows[40][COLUMNS];
    (void)state;
    fill(rows, 40, 0);
    for (size_t round = 1; round < 4; round++) {
        long before = count_rows("a.npy");
        assert_int_equal(umm_array_create("a.npy", &bars, NULL, &writer, &err), UMM_OK);
        assert_int_equal(umm_array_push(writer, rows, 3, &err), UMM_OK);
        assert_int_equal(umm_array_push(writer, rows[3], round * 10 - 3, &err), UMM_OK);
        assert_int_equal(count_rows("a.npy"), before);
        assert_int_equal(umm_array_commit(writer, &err), UMM_OK);
        assert_int_equal(count_rows("a.npy"), round * 10);
        assert_int_equal(umm_array_push(writer, rows, 1, &err), UMM_ERR_ARGUMENT);
        assert_string_equal(err.message, "is complete: a new array has one commit");
        assert_int_equal(umm_array_commit(writer, &err), UMM_ERR_ARGUMENT);
        umm_array_writer_close(writer);
    }
    assert_int_equal(umm_array_create("a.npy", &bars, NULL, &writer, &err), UMM_OK);
    assert_int_equal(umm_array_push(writer, rows, 3, &err), UMM_OK);
    umm_array_writer_close(writer);
    umm_array_writer_close(NULL);
    assert_int_equal(count_rows("a.npy"), 30);
    assert_int_equal(access(".a.npy.umm-0", F_OK), -1);
}

static void rows_are_appended_commit_by_commit(void **state)
{
    struct umm_array_writer *writer, *other;
    struct umm_error err;
    double rows[40][COLUMNS];
    (void)state;
    fill(rows, 40, 0);
    assert_int_equal(umm_array_append("a.npy", NULL, NULL, &writer, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_null(writer);
    assert_int_equal(umm_array_append("a.npy", &bars, NULL, &writer, &err), UMM_OK);
    assert_int_equal(umm_array_append("a.npy", &bars, NULL, &other, &err), UMM_ERR_BUSY);
    assert_null(other);
    assert_int_equal(count_rows("a.npy"), 0);
    assert_int_equal(umm_array_push(writer, rows, 7, &err), UMM_OK);
    assert_int_equal(count_rows("a.npy"), 0);
    assert_int_equal(umm_array_commit(writer, &err), UMM_OK);
    assert_int_equal(count_rows("a.npy"), 7);
    assert_int_equal(umm_array_push(writer, rows[7], 13, &err), UMM_OK);
    assert_int_equal(count_rows("a.npy"), 7);
    assert_int_equal(umm_array_commit(writer, &err), UMM_OK);
    assert_int_equal(umm_array_commit(writer, &err), UMM_OK);
    assert_int_equal(umm_array_push(writer, rows, 1, &err), UMM_OK);
    umm_array_writer_close(writer);
    assert_int_equal(count_rows("a.npy"), 20);
    /* Whatever rows it has. */
    assert_int_equal(umm_array_append("a.npy", NULL, NULL, &writer, &err), UMM_OK);
    assert_int_equal(umm_array_push(writer, rows[20], 20, &err), UMM_OK);
    assert_int_equal(umm_array_commit(writer, &err), UMM_OK);
    umm_array_writer_close(writer);
    assert_int_equal(count_rows("a.npy"), 40);
}

static void records_have_the_fields_they_were_given(void **state)
{
    static const struct umm_array_field fields[] = {
        {"timestamp", "<M8[ms]"}, {"price", "<f4"}, {"symbol", "|S4"}};
    const struct umm_array_layout layout = {.fields = fields, .n_fields = 3};
    const char row[16] = {0};
    struct umm_array_writer *writer;
    struct umm_array *array;
    struct umm_array_column column;
    struct umm_error err;
    (void)state;
    assert_int_equal(umm_array_create("r.npy", &layout, NULL, &writer, &err), UMM_OK);
    assert_int_equal(umm_array_push(writer, row, 1, &err), UMM_OK);
    assert_int_equal(umm_array_commit(writer, &err), UMM_OK);
    umm_array_writer_close(writer);
    assert_int_equal(umm_array_open("r.npy", &array, &err), UMM_OK);
    assert_int_equal(umm_array_find_column(array, "symbol", "|S4", &column, &err), UMM_OK);
    assert_int_equal(column.offset_bytes, 12);
    umm_array_close(array);
    assert_int_equal(umm_array_append("r.npy", &bars, NULL, &writer, &err), UMM_ERR_CONFLICT);
    assert_null(writer);
    assert_int_equal(umm_array_append("r.npy", &layout, NULL, &writer, &err), UMM_OK);
    umm_array_writer_close(writer);
}

static void a_layout_that_makes_no_sense_is_refused(void **state)
{
    static const struct umm_array_field fields[] = {{"a", "<f8"}, {"b", "<f9"}};
    const struct umm_array_layout odd = {.fields = fields, .n_fields = 2}, none = {.width = 2};
    struct umm_array_writer *writer;
    struct umm_error err;
    (void)state;
    assert_int_equal(umm_array_create("a.npy", &odd, NULL, &writer, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "\"<f9\" is no type of NumPy's");
    assert_null(writer);
    assert_int_equal(umm_array_append("a.npy", &none, NULL, &writer, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "the layout of an array has no type");
    assert_null(writer);
    assert_int_equal(access("a.npy", F_OK), -1);
}

/* ---- archives ---------------------------------------------------------------------- */

static void make_archive(const char *path, double rows[][COLUMNS], size_t n)
{
    static const struct umm_archive_writer_options options = {.frame_rows = 64};
    struct umm_npy npy = {.n_dims = 2, .shape = {0, COLUMNS}};
    struct umm_archive_writer writer;
    assert_int_equal(umm_npy_type_parse("<f8", &npy.type), UMM_OK);
    assert_int_equal(umm_archive_writer_open(&writer, path, &npy, &options, NULL, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_push(&writer, (const char *)rows, n - 5, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&writer, true, NULL), UMM_OK);
    /* The last rows are in the journal. */
    assert_int_equal(umm_archive_writer_push(&writer, (const char *)rows[n - 5], 5, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_store(&writer, NULL), UMM_OK);
    umm_archive_writer_close(&writer);
}

static void an_archive_is_viewed_as_an_array(void **state)
{
    enum { N = 1000 };
    static double rows[N][COLUMNS];
    struct umm_array *array;
    struct umm_array_info info;
    struct umm_array_column column;
    struct umm_view view;
    struct umm_error err;
    (void)state;
    fill(rows, N, 0);
    make_archive("a.npy.zst", rows, N);
    assert_int_equal(count_rows("a.npy.zst"), N);
    assert_int_equal(umm_array_open("a.npy.zst", &array, &err), UMM_OK);
    umm_array_describe(array, &info);
    umm_array_expect_random(array);
    assert_null(info.data);
    assert_int_equal(info.n_rows, N);
    assert_int_equal(umm_array_find_column(array, "close", "<f8", &column, &err), UMM_OK);
    for (uint64_t first = 0; first < N; first += 37) {
        uint64_t end = first + 150 < N ? first + 150 : N;
        assert_int_equal(umm_array_view(array, first, end, &view, &err), UMM_OK);
        assert_memory_equal(view.data, rows[first], (size_t)(end - first) * sizeof *rows);
        assert_true(umm_view_f64(&view, &column, 0) == rows[first][4]);
    }
    const struct umm_time from = {.sec = 400}, to = {.sec = 402};
    assert_int_equal(umm_array_view_time(array, &from, &to, &view, &err), UMM_OK);
    assert_int_equal(view.first_row, 400);
    assert_int_equal(view.n_rows, 2);
    assert_memory_equal(view.data, rows[400], sizeof *rows);
    assert_int_equal(umm_array_view(array, 0, N + 1, &view, &err), UMM_ERR_ARGUMENT);
    umm_array_close(array);
}

static void damage_is_found_where_it_is_viewed(void **state)
{
    enum { N = 640 };
    static double rows[N][COLUMNS];
    struct umm_array *array;
    struct umm_view view;
    struct umm_error err;
    (void)state;
    fill(rows, N, 0);
    make_archive("a.npy.zst", rows, N);
    int fd = open("a.npy.zst", O_RDWR);
    char bytes[4];
    const off_t middle = lseek(fd, 0, SEEK_END) / 2;
    assert_int_equal(pread(fd, bytes, sizeof bytes, middle), sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)~bytes[i];
    assert_int_equal(pwrite(fd, bytes, sizeof bytes, middle), sizeof bytes);
    close(fd);
    assert_int_equal(umm_array_open("a.npy.zst", &array, &err), UMM_OK);
    assert_int_equal(umm_array_view(array, 0, 64, &view, &err), UMM_OK);
    assert_int_equal(umm_array_view(array, 0, N, &view, &err), UMM_ERR_DATA);
    assert_string_equal(err.path, "a.npy.zst");
    assert_int_equal(umm_array_view(array, N - 64, N, &view, &err), UMM_OK);
    umm_array_close(array);
}

/* ---- pools ------------------------------------------------------------------------- */

static void rows_are_put_into_a_pool_and_got_from_it(void **state)
{
    struct umm_pool *pool;
    struct umm_array *array, *same;
    struct umm_view view;
    struct umm_error err;
    double rows[10][COLUMNS];
    bool is_new;
    (void)state;
    fill(rows, 10, 0);
    assert_int_equal(umm_pool_open(".", "p", &pool, &err), UMM_ERR_SYSTEM);
    assert_null(pool);
    assert_int_equal(umm_pool_create(".", "p", 1000, NULL, &is_new, &err), UMM_OK);
    assert_int_equal(umm_pool_open(".", "p", &pool, &err), UMM_OK);
    assert_int_equal(umm_pool_get(pool, "a", &array, &err), UMM_ERR_ABSENT);
    assert_string_equal(err.message, "there is no such entry");
    assert_null(array);
    assert_int_equal(umm_pool_put_rows(pool, "a", &bars, rows, 10, NULL, &err), UMM_OK);
    assert_int_equal(umm_pool_get(pool, "a", &array, &err), UMM_OK);
    assert_int_equal(umm_array_view(array, 0, 10, &view, &err), UMM_OK);
    assert_memory_equal(view.data, rows, sizeof rows);
    /* Replaced, and removed, under a reader. */
    assert_int_equal(umm_pool_put_rows(pool, "a", &bars, rows, 2, NULL, &err), UMM_OK);
    assert_int_equal(umm_pool_get(pool, "a", &same, &err), UMM_OK);
    assert_int_equal(umm_array_view(same, 0, 3, &view, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_pool_remove(pool, "a", NULL, &err), UMM_OK);
    assert_int_equal(umm_pool_put_rows(pool, "b", &bars, rows, 100, NULL, &err), UMM_ERR_CONFLICT);
    umm_pool_close(pool);
    assert_int_equal(umm_array_view(array, 0, 10, &view, &err), UMM_OK);
    assert_memory_equal(view.data, rows, sizeof rows);
    umm_array_close(array);
    umm_array_close(same);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_array_appears_at_its_commit),
        TEST(rows_are_appended_commit_by_commit),
        TEST(records_have_the_fields_they_were_given),
        TEST(a_layout_that_makes_no_sense_is_refused),
        TEST(an_archive_is_viewed_as_an_array),
        TEST(damage_is_found_where_it_is_viewed),
        TEST(rows_are_put_into_a_pool_and_got_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
