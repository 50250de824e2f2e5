/* SPDX-License-Identifier: MIT */
#include "array/grow.h"
#include "sys/file.h"

#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[64], path[96];
static const struct umm_npy pairs = {
    .n_dims = 2, .shape = {0, 2}, .type = {.kind = 'f', .size_bytes = 8}};

static void count_others(int fd, uint64_t from, uint64_t to);

/* Where the next read lets another program count rows first; 0: nowhere. */
static off_t counts_at_read;

/* By the name of its symbol: a fortified pread is an inline function, which clang keeps. */
ssize_t hooked_pread(int fd, void *buf, size_t n, off_t at) __asm__("pread64");

ssize_t hooked_pread(int fd, void *buf, size_t n, off_t at)
{
    if (at && at == counts_at_read) {
        counts_at_read = 0;
        count_others(fd, 1, 5);
    }
    return syscall(SYS_pread64, fd, buf, n, at);
}

static int make_scratch(void **state)
{
    (void)state;
    strcpy(scratch, "/tmp/umm-test-grow-XXXXXX");
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

static void push(struct umm_grow *grow, double value)
{
    const double row[2] = {-value, value};
    assert_int_equal(umm_grow_push(grow, row, 1, NULL), UMM_OK);
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
    struct umm_grow grow;
    double last = 0;
    unlink(path);
    assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                     UMM_OK);
    assert_int_equal(rows_seen(&last), 0);
    for (int i = 1; i <= 12345; i++) {
        push(&grow, i);
        bool is_looked_at = i < 12 || (i > 95 && i < 105) || i == 1000 || i == 12345;
        if (!is_looked_at)
            continue;
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        assert_int_equal(rows_seen(&last), (uint64_t)i);
        assert_true(last == (double)i);
    }
    umm_grow_close(&grow);
    umm_grow_close(&grow);
    assert_int_equal(size_of_file(), 128 + 12345 * 16);
}

static void test_uncommitted_rows_are_not_there(void **state)
{
    (void)state;
    struct umm_grow grow;
    double last = 0;
    unlink(path);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                         UMM_OK);
        push(&grow, 1);
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        push(&grow, 2);
        assert_int_equal(rows_seen(&last), (uint64_t)round + 1);
        umm_grow_close(&grow);
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
    struct umm_grow grow;
    struct umm_error err;
    double last = 0;
    for (int must_commit = 0; must_commit < 2; must_commit++) {
        unlink(path);
        assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                         UMM_OK);
        push(&grow, 1);
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        push(&grow, 2);
        count_others(grow.fd, 1, 5);
        if (must_commit) {
            assert_int_equal(umm_grow_commit(&grow, NULL, &err), UMM_ERR_CONFLICT);
            assert_string_equal(err.message, "was changed by another program while it was written");
        }
        umm_grow_close(&grow);
        assert_int_equal(size_of_file(), 128 + 5 * 16);
        assert_int_equal(rows_seen(&last), 5);
        assert_true(last == 1000);
    }
}

/* Rows that another program is about to count look like what a killed run left. */
static void test_rows_counted_during_the_open_stay(void **state)
{
    (void)state;
    struct umm_grow grow;
    struct umm_error err;
    const double rows[4][2] = {{0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}};
    double last = 0;
    for (int must_push = 0; must_push < 2; must_push++) {
        unlink(path);
        assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                         UMM_OK);
        push(&grow, 1);
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        umm_grow_close(&grow);
        FILE *file = fopen(path, "ab");
        assert_non_null(file);
        assert_int_equal(fwrite(rows, sizeof rows, 1, file), 1);
        fclose(file);
        counts_at_read = 128 + 16;
        assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                         UMM_OK);
        assert_int_equal(counts_at_read, 0);
        if (must_push)
            push(&grow, 2);
        assert_int_equal(umm_grow_commit(&grow, NULL, &err), UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "was changed by another program while it was written");
        umm_grow_close(&grow);
        assert_int_equal(size_of_file(), 128 + 5 * 16);
        assert_int_equal(rows_seen(&last), 5);
        assert_true(last == 1000);
    }
}

/* With and without rows to commit: those of the commit before are not found either. */
static void test_rows_go_where_they_are_found(void **state)
{
    (void)state;
    struct umm_grow grow;
    struct umm_error err;
    char moved[sizeof path + 2];
    snprintf(moved, sizeof moved, "%s.2", path);
    for (int is_new = 0; is_new < 2; is_new++) {
        unlink(path);
        assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                         UMM_OK);
        push(&grow, 1);
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        assert_int_equal(rename(path, moved), 0);
        if (is_new)
            push(&grow, 2);
        assert_int_equal(umm_grow_commit(&grow, NULL, &err), UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "was removed while it was written");
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fclose(file);
        if (is_new)
            push(&grow, 3);
        assert_int_equal(umm_grow_commit(&grow, NULL, &err), UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "was replaced while it was written");
        assert_string_equal(err.path, path);
        umm_grow_close(&grow);
        assert_int_equal(size_of_file(), 0);
        assert_int_equal(unlink(moved), 0);
    }
}

/* What a killed run leaves: rows that nobody counted, then cut in the middle. */
static void test_torn_tail_is_cut_off(void **state)
{
    (void)state;
    struct umm_grow grow;
    double last = 0;
    unlink(path);
    assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                     UMM_OK);
    push(&grow, 1);
    assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
    umm_grow_close(&grow);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    fputs("twenty-one bytes left", file);
    fclose(file);
    assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                     UMM_OK);
    assert_int_equal(size_of_file(), 128 + 16 + 21);
    push(&grow, 2);
    assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
    assert_int_equal(size_of_file(), 128 + 2 * 16);
    umm_grow_close(&grow);
    assert_int_equal(rows_seen(&last), 2);
}

static void test_refusals(void **state)
{
    (void)state;
    struct umm_grow grow, second;
    struct umm_error err;
    struct umm_npy triples = pairs;
    triples.shape[1] = 3;
    unlink(path);
    assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                     UMM_OK);
    assert_int_equal(umm_grow_open_locked(&second, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, &err),
                     UMM_ERR_BUSY);
    umm_grow_close(&second);
    umm_grow_close(&grow);
    assert_int_equal(umm_grow_open_locked(&grow, path, &triples, NULL, UMM_LOCK_FAIL, NULL, &err),
                     UMM_ERR_CONFLICT);
    assert_string_equal(err.message,
                        "the array has other columns: <f8 (N, 2); the input gives <f8 (N, 3)");
    umm_grow_close(&grow);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    fwrite("\x93NUMPY\1", 1, 7, file);
    fclose(file);
    assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, &err),
                     UMM_ERR_CONFLICT);
    umm_grow_close(&grow);
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

static struct umm_grow grow_full;

/* Also where the test failed: its lock would be waited for. */
static int close_full(void **state)
{
    (void)state;
    umm_grow_close(&grow_full);
    return 0;
}

/* Not one blank is left: the count may change, but not grow by a digit. */
static void test_header_that_is_full(void **state)
{
    (void)state;
    struct umm_grow *grow = &grow_full;
    struct umm_error err;
    char message[96];
    double last = 0;
    for (uint64_t n_spare = 0, n = 9; n_spare < 3; n_spare++) {
        write_full(n_spare);
        const uint64_t begin = size_of_file() - 9 * sizeof(double[2]);
        assert_int_equal(umm_grow_open_locked(grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                         UMM_OK);
        for (uint64_t i = 9; i < n; i++)
            push(grow, 2);
        assert_int_equal(umm_grow_commit(grow, NULL, NULL), UMM_OK);
        assert_int_equal(rows_seen(&last), n);
        push(grow, 3);
        assert_int_equal(umm_grow_commit(grow, NULL, &err), UMM_ERR_CONFLICT);
        snprintf(message, sizeof message,
                 "its header has no room for %" PRIu64
                 " rows: load it and save it again with NumPy",
                 n + 1);
        assert_string_equal(err.message, message);
        assert_string_equal(err.path, path);
        umm_grow_close(grow);
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
    struct umm_grow grow;
    struct umm_npy record = {.n_dims = 1};
    const struct umm_npy_type f8 = {.kind = 'f', .size_bytes = 8};
    double last = 0;
    unlink(path);
    assert_int_equal(umm_npy_add_field(&record, "'shape': (7", &f8, NULL), UMM_OK);
    assert_int_equal(umm_npy_add_field(&record, "b", &f8, NULL), UMM_OK);
    assert_int_equal(umm_grow_open_locked(&grow, path, &record, NULL, UMM_LOCK_FAIL, NULL, NULL),
                     UMM_OK);
    for (int i = 1; i <= 11; i++) {
        push(&grow, i);
        assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
        assert_int_equal(rows_seen(&last), (uint64_t)i);
    }
    umm_grow_close(&grow);
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
    struct umm_grow grow;
    if (!CAN_SEE_MALLOC)
        skip();
    unlink(path);
    assert_int_equal(umm_grow_open_locked(&grow, path, &pairs, NULL, UMM_LOCK_FAIL, NULL, NULL),
                     UMM_OK);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; i++) {
        push(&grow, i);
        if (i % 100 == 0)
            assert_int_equal(umm_grow_commit(&grow, NULL, NULL), UMM_OK);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    umm_grow_close(&grow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_uncommitted_rows_are_not_there),
        cmocka_unit_test(test_rows_that_another_counts_stay),
        cmocka_unit_test(test_rows_counted_during_the_open_stay),
        cmocka_unit_test(test_rows_go_where_they_are_found),
        cmocka_unit_test(test_torn_tail_is_cut_off),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test_teardown(test_header_that_is_full, close_full),
        cmocka_unit_test(test_record_with_a_trap),
        cmocka_unit_test(test_rows_cost_no_allocation),
    };
    return cmocka_run_group_tests_name("grow", tests, make_scratch, remove_scratch);
}
