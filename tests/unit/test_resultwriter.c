/* SPDX-License-Identifier: MIT */
/* An array that grows while another program, which takes no lock, writes it, too. */
#include "featurejob/resultwriter.h"
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
static struct umm_features *features;
static struct umm_resultrows rows;

static int make_rows(void **state)
{
    (void)state;
    const struct umm_npy_type ms = {.kind = 'M', .size_bytes = 8, .unit = "ms"};
    strcpy(scratch, "/tmp/umm-test-resultwriter-XXXXXX");
    if (!mkdtemp(scratch))
        return -1;
    snprintf(path, sizeof path, "%s/out.npy", scratch);
    if (umm_features_open("ema:5", NULL, &features, NULL) != UMM_OK)
        return -1;
    return umm_resultrows_init(&rows, features, &ms, true, NULL) == UMM_OK ? 0 : -1;
}

static int free_rows(void **state)
{
    (void)state;
    umm_resultrows_free(&rows);
    umm_features_close(features);
    unlink(path);
    return rmdir(scratch);
}

/* n rows from row first on, whose output is value. */
static void put(struct umm_resultwriter *writer, size_t first, size_t n, double value)
{
    int64_t times[N_OTHERS];
    double outputs[N_OTHERS], *const columns[] = {outputs};
    for (size_t i = 0; i < n; i++) {
        times[i] = (int64_t)(first + i);
        outputs[i] = value;
    }
    assert_int_equal(umm_resultwriter_put(writer, times, columns, 0, n, NULL), UMM_OK);
}

/* An array of N_OLD rows, and one who writes more behind them with room for two in his buffer. */
static void begin(struct umm_resultwriter *writer, struct umm_resultwriter_options *options)
{
    bool is_changed;
    *options = (struct umm_resultwriter_options){.path = path, .rows = &rows, .features = features};
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
    struct umm_npy npy = rows.npy; /* shares the fields */
    char *header;
    size_t len;
    for (size_t i = N_OLD; i < N_OTHERS; i++) {
        const double row[2] = {(double)i, 1000};
        assert_int_equal(umm_file_pwrite_all(fd, path, row, ROW, HEADER + i * ROW, NULL), UMM_OK);
    }
    npy.shape[0] = N_OTHERS;
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &header, &len, NULL), UMM_OK);
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
