/* SPDX-License-Identifier: MIT */
#include "array/appender.h"
#include "sys/file.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[64], path[96];
static const struct umm_npy pairs = {
    .n_dims = 2, .shape = {0, 2}, .type = {.kind = 'f', .size_bytes = 8}};
static const struct umm_appender_options fails_locked = {.lock_wait = UMM_LOCK_FAIL};

static int make_scratch(void **state)
{
    (void)state;
    strcpy(scratch, "/tmp/umm-test-appender-XXXXXX");
    if (!mkdtemp(scratch))
        return -1;
    snprintf(path, sizeof path, "%s/a.npy", scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(scratch);
}

static uint64_t rows_seen(double *last)
{
    struct umm_array *array;
    struct umm_array_info info;
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    umm_array_describe(array, &info);
    /* Headers that are exactly full end where they end. */
    if (info.n_rows)
        memcpy(last, (const char *)info.data + (info.n_rows * 2 - 1) * sizeof *last, sizeof *last);
    umm_array_close(array);
    return info.n_rows;
}

static void push(struct umm_appender *appender, double value)
{
    const double row[2] = {-value, value};
    assert_int_equal(umm_appender_push(appender, row, NULL), UMM_OK);
}

static uint64_t size_of_file(void)
{
    struct umm_file_info info;
    assert_int_equal(umm_file_stat(path, &info, NULL), UMM_OK);
    return info.size_bytes;
}

/* Counts of 1 to 5 digits, and of fewer again. */
static void test_counts(void **state)
{
    (void)state;
    struct umm_appender appender;
    double last = 0;
    unlink(path);
    assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(rows_seen(&last), 0);
    for (int i = 1; i <= 12345; i++) {
        push(&appender, i);
        bool is_looked_at = i < 12 || (i > 95 && i < 105) || i == 1000 || i == 12345;
        if (!is_looked_at)
            continue;
        assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
        assert_int_equal(rows_seen(&last), (uint64_t)i);
        assert_true(last == (double)i);
    }
    umm_appender_close(&appender);
    umm_appender_close(&appender);
    assert_int_equal(size_of_file(), 128 + 12345 * 16);
}

static void test_uncommitted_rows_are_not_there(void **state)
{
    (void)state;
    struct umm_appender appender;
    double last = 0;
    unlink(path);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
        push(&appender, 1);
        assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
        push(&appender, 2);
        assert_int_equal(rows_seen(&last), (uint64_t)round + 1);
        umm_appender_close(&appender);
        assert_int_equal(size_of_file(), 128 + (uint64_t)(round + 1) * 16);
    }
}

/* Another program, which takes no lock, puts rows behind those that are there and counts them. */
static void count_others(int fd, uint64_t from, uint64_t to)
{
    const double row[2] = {0, 1000};
    struct umm_npy npy = pairs;
    char *header;
    size_t len;
    for (uint64_t i = from; i < to; i++)
        assert_int_equal(umm_file_pwrite_all(fd, path, row, sizeof row, 128 + i * 16, NULL),
                         UMM_OK);
    npy.shape[0] = to;
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &header, &len, NULL), UMM_OK);
    assert_int_equal(umm_file_pwrite_all(fd, path, header, len, 0, NULL), UMM_OK);
    free(header);
}

static void test_rows_that_another_counts_stay(void **state)
{
    (void)state;
    struct umm_appender appender;
    struct umm_error err;
    double last = 0;
    for (int must_commit = 0; must_commit < 2; must_commit++) {
        unlink(path);
        assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
        push(&appender, 1);
        assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
        push(&appender, 2);
        count_others(appender.fd, 1, 5);
        if (must_commit) {
            assert_int_equal(umm_appender_commit(&appender, &err), UMM_ERR_CONFLICT);
            assert_string_equal(err.message, "was changed by another program while it was written");
        }
        umm_appender_close(&appender);
        assert_int_equal(size_of_file(), 128 + 5 * 16);
        assert_int_equal(rows_seen(&last), 5);
        assert_true(last == 1000);
    }
}

/* With and without rows to commit: those of the commit before are not found either. */
static void test_rows_go_where_they_are_found(void **state)
{
    (void)state;
    struct umm_appender appender;
    struct umm_error err;
    char moved[sizeof path + 2];
    snprintf(moved, sizeof moved, "%s.2", path);
    for (int is_new = 0; is_new < 2; is_new++) {
        unlink(path);
        assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
        push(&appender, 1);
        assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
        assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
        assert_int_equal(rename(path, moved), 0);
        if (is_new)
            push(&appender, 2);
        assert_int_equal(umm_appender_commit(&appender, &err), UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "was removed while it was written");
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fclose(file);
        if (is_new)
            push(&appender, 3);
        assert_int_equal(umm_appender_commit(&appender, &err), UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "was replaced while it was written");
        assert_string_equal(err.path, path);
        umm_appender_close(&appender);
        assert_int_equal(size_of_file(), 0);
        assert_int_equal(unlink(moved), 0);
    }
}

/* What a killed appender leaves: rows that nobody counted, then cut in the middle. */
static void test_torn_tail_gives_way(void **state)
{
    (void)state;
    struct umm_appender appender;
    double last = 0;
    unlink(path);
    assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
    push(&appender, 1);
    assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
    umm_appender_close(&appender);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    fputs("twenty-one bytes left", file);
    fclose(file);
    assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(size_of_file(), 128 + 16);
    push(&appender, 2);
    assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
    umm_appender_close(&appender);
    assert_int_equal(rows_seen(&last), 2);
}

static void test_refusals(void **state)
{
    (void)state;
    struct umm_appender appender, second;
    struct umm_error err;
    struct umm_npy triples = pairs;
    triples.shape[1] = 3;
    unlink(path);
    assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(umm_appender_open(&second, path, &pairs, &fails_locked, NULL, &err),
                     UMM_ERR_BUSY);
    umm_appender_close(&second);
    umm_appender_close(&appender);
    assert_int_equal(umm_appender_open(&appender, path, &triples, NULL, NULL, &err),
                     UMM_ERR_CONFLICT);
    assert_string_equal(err.message,
                        "the array has other columns: <f8 (N, 2); the input gives <f8 (N, 3)");
    umm_appender_close(&appender);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    fwrite("\x93NUMPY\1", 1, 7, file);
    fclose(file);
    assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, &err),
                     UMM_ERR_CONFLICT);
    umm_appender_close(&appender);
    assert_int_equal(size_of_file(), 128 + 7);
}

/* Nine rows under a header that has room for so many digits more, and no blank besides. */
static void write_full(size_t n_spare)
{
    static const char dict[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (9, 2), }";
    const double row[2] = {-1, 1};
    const size_t len = sizeof dict + n_spare; /* the newline in place of the zero byte */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite("\x93NUMPY\1", 1, 8, file); /* with the zero byte, the minor version */
    fputc((int)len, file);
    fputc(0, file);
    fprintf(file, "%s%*s\n", dict, (int)n_spare, "");
    for (int i = 0; i < 9; i++)
        assert_int_equal(fwrite(row, sizeof row, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static struct umm_appender appender_full;

/* Also where the test failed: its lock would be waited for. */
static int close_full(void **state)
{
    (void)state;
    umm_appender_close(&appender_full);
    return 0;
}

/* Not one blank is left: the count may change, but not grow by a digit. */
static void test_header_that_is_full(void **state)
{
    (void)state;
    struct umm_appender *appender = &appender_full;
    struct umm_error err;
    double last = 0;
    for (uint64_t n_spare = 0, n = 9; n_spare < 3; n_spare++) {
        write_full(n_spare);
        const uint64_t begin = size_of_file() - 9 * sizeof(double[2]);
        assert_int_equal(umm_appender_open(appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
        for (uint64_t i = 9; i < n; i++)
            push(appender, 2);
        assert_int_equal(umm_appender_commit(appender, NULL), UMM_OK);
        assert_int_equal(rows_seen(&last), n);
        push(appender, 3);
        assert_int_equal(umm_appender_commit(appender, &err), UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "its header has no room for more rows");
        assert_string_equal(err.path, path);
        umm_appender_close(appender);
        assert_int_equal(rows_seen(&last), n);
        assert_true(last == (n == 9 ? 1 : 2));
        assert_int_equal(size_of_file(), begin + n * sizeof(double[2]));
        n = 10 * n + 9; /* 9, 99, 999 */
    }
}

/* A name that looks like the count does not take its place. */
static void test_record_with_a_trap(void **state)
{
    (void)state;
    struct umm_appender appender;
    struct umm_npy record = {.n_dims = 1};
    const struct umm_npy_type f8 = {.kind = 'f', .size_bytes = 8};
    double last = 0;
    unlink(path);
    assert_int_equal(umm_npy_add_field(&record, "'shape': (7", &f8, NULL), UMM_OK);
    assert_int_equal(umm_npy_add_field(&record, "b", &f8, NULL), UMM_OK);
    assert_int_equal(umm_appender_open(&appender, path, &record, NULL, NULL, NULL), UMM_OK);
    for (int i = 1; i <= 11; i++) {
        push(&appender, i);
        assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
        assert_int_equal(rows_seen(&last), (uint64_t)i);
    }
    umm_appender_close(&appender);
    umm_npy_free(&record);
}

#ifdef __SANITIZE_ADDRESS__
enum { CAN_SEE_MALLOC = 0 };
#else
enum { CAN_SEE_MALLOC = 1 };
#endif

static void test_rows_cost_no_allocation(void **state)
{
    (void)state;
    struct umm_appender appender;
    if (!CAN_SEE_MALLOC)
        skip();
    unlink(path);
    assert_int_equal(umm_appender_open(&appender, path, &pairs, NULL, NULL, NULL), UMM_OK);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; i++) {
        push(&appender, i);
        if (i % 100 == 0)
            assert_int_equal(umm_appender_commit(&appender, NULL), UMM_OK);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    umm_appender_close(&appender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_uncommitted_rows_are_not_there),
        cmocka_unit_test(test_rows_that_another_counts_stay),
        cmocka_unit_test(test_rows_go_where_they_are_found),
        cmocka_unit_test(test_torn_tail_gives_way),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test_teardown(test_header_that_is_full, close_full),
        cmocka_unit_test(test_record_with_a_trap),
        cmocka_unit_test(test_rows_cost_no_allocation),
    };
    return cmocka_run_group_tests_name("appender", tests, make_scratch, remove_scratch);
}
