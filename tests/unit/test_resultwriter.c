/* SPDX-License-Identifier: MIT */
/* An array that grows while another program, which takes no lock, writes it, too. */
#include "rowjob/resultwriter.h"
#include "sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEADER = 128, ROW = 16, N_OLD = 4, N_NEW = 3, N_OTHERS = 14 };

static char scratch[64], path[96];
static struct umm_npy npy;

static int make_rows(void **state)
{
    (void)state;
    strcpy(scratch, "/tmp/umm-test-resultwriter-XXXXXX");
    if (!mkdtemp(scratch))
        return -1;
    snprintf(path, sizeof path, "%s/out.npy", scratch);
    npy = (struct umm_npy){
        .n_dims = 2, .shape = {0, 2}, .type = {.kind = 'f', .size_bytes = sizeof(double)}};
    return 0;
}

static int free_rows(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(scratch);
}

/* n rows from row first on, whose output is value. */
static void put(struct umm_resultwriter *writer, size_t first, size_t n, double value)
{
    double rows[N_OTHERS][2];
    for (size_t i = 0; i < n; i++) {
        rows[i][0] = (double)(first + i);
        rows[i][1] = value;
    }
    assert_int_equal(umm_resultwriter_put(writer, (const char *)rows, n, NULL), UMM_OK);
}

/* An array of N_OLD rows, and one who writes more behind them with room for two in his buffer. */
static void begin(struct umm_resultwriter *writer, struct umm_resultwriter_options *options)
{
    bool is_changed;
    *options = (struct umm_resultwriter_options){.path = path, .npy = &npy};
    unlink(path);
    assert_int_equal(umm_resultwriter_open(writer, options, NULL, NULL), UMM_OK);
    put(writer, 0, N_OLD, 1);
    assert_int_equal(umm_resultwriter_commit(writer, &is_changed, NULL), UMM_OK);
    umm_resultwriter_close(writer);
    options->way = UMM_RESULT_GROW;
    assert_int_equal(umm_resultwriter_open(writer, options, NULL, NULL), UMM_OK);
    assert_int_equal(umm_resultwriter_keep(writer, N_OLD, NULL), UMM_OK);
    writer->grow.rows.cap_rows = 2;
}

/* The other program puts rows behind the old ones, then counts them. */
static void count_others(int fd)
{
    struct umm_npy others = npy;
    char *header;
    size_t len;
    for (size_t i = N_OLD; i < N_OTHERS; i++) {
        const double row[2] = {(double)i, 1000};
        assert_int_equal(umm_file_pwrite_all(fd, path, row, ROW, HEADER + i * ROW, NULL), UMM_OK);
    }
    others.shape[0] = N_OTHERS;
    assert_int_equal(umm_npy_format(&others, UMM_NPY_ALIGN, &header, &len, NULL), UMM_OK);
    assert_int_equal(len, HEADER);
    assert_int_equal(umm_file_pwrite_all(fd, path, header, len, 0, NULL), UMM_OK);
    free(header);
}

/* The array has n rows, those behind the old ones with that value, and nothing behind it. */
static void check_array(uint64_t n, double value)
{
    struct umm_array *array;
    struct umm_array_info info;
    struct umm_file_info file;
    assert_int_equal(umm_file_stat(path, &file, NULL), UMM_OK);
    assert_int_equal(file.size_bytes, HEADER + n * ROW);
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    umm_array_describe(array, &info);
    assert_int_equal(info.n_rows, n);
    for (uint64_t i = 0; i < n; i++) {
        const double *row = (const double *)info.data + 2 * i;
        assert_true(row[0] == (double)i && row[1] == (i < N_OLD ? 1 : value));
    }
    umm_array_close(array);
}

static void test_rows_not_committed_are_cut_off(void **state)
{
    (void)state;
    struct umm_resultwriter writer;
    struct umm_resultwriter_options options;
    bool is_changed;
    begin(&writer, &options);
    put(&writer, N_OLD, N_NEW - 1, 2);
    put(&writer, N_OLD + N_NEW - 1, 1, 2);
    umm_resultwriter_close(&writer);
    check_array(N_OLD, 0);
    begin(&writer, &options);
    put(&writer, N_OLD, N_NEW, 2);
    assert_int_equal(umm_resultwriter_commit(&writer, &is_changed, NULL), UMM_OK);
    umm_resultwriter_close(&writer);
    check_array(N_OLD + N_NEW, 2);
}

/* Two of the three rows are in the file when the others come, and the third never is. */
static void test_rows_that_another_counts_stay(void **state)
{
    (void)state;
    struct umm_resultwriter writer;
    struct umm_resultwriter_options options;
    struct umm_error err = {0};
    bool is_changed;
    for (int must_commit = 0; must_commit < 2; must_commit++) {
        begin(&writer, &options);
        put(&writer, N_OLD, N_NEW - 1, 2);
        put(&writer, N_OLD + N_NEW - 1, 1, 2);
        count_others(writer.grow.fd);
        if (must_commit) {
            assert_int_equal(umm_resultwriter_commit(&writer, &is_changed, &err), UMM_ERR_CONFLICT);
            assert_string_equal(err.message, "was changed by another program while it was written");
        }
        umm_resultwriter_close(&writer);
        check_array(N_OTHERS, 1000);
    }
}

static void test_who_writes_nothing_cuts_nothing(void **state)
{
    (void)state;
    struct umm_resultwriter writer;
    struct umm_resultwriter_options options;
    bool is_changed = true;
    begin(&writer, &options);
    count_others(writer.grow.fd);
    assert_int_equal(umm_resultwriter_commit(&writer, &is_changed, NULL), UMM_OK);
    assert_false(is_changed);
    umm_resultwriter_close(&writer);
    check_array(N_OTHERS, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_not_committed_are_cut_off),
        cmocka_unit_test(test_rows_that_another_counts_stay),
        cmocka_unit_test(test_who_writes_nothing_cuts_nothing),
    };
    return cmocka_run_group_tests_name("resultwriter", tests, make_rows, free_rows);
}
