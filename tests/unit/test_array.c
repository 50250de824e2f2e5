/* SPDX-License-Identifier: MIT */
/*
 * Mapped arrays: every value of arrays that NumPy wrote (tests/ref/arrayfile_oracle.py),
 * views by number and by time, and what a view costs. Run from the repository root.
 */
#include "umm.h"

#include "npy_cases.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- against NumPy ---------------------------------------------------------------- */

/* Every element by the strides: rows has them in C order. */
static void check_strides(const struct umm_array_info *info, const char *rows, uint64_t size)
{
    uint64_t index[UMM_ARRAY_DIMS_MAX] = {0};
    for (uint64_t i = 0; i < info->data_bytes; i += size ? size : 1) {
        const char *at = info->data;
        for (unsigned k = 0; k < info->n_dims; k++)
            at += index[k] * info->strides_bytes[k];
        assert_memory_equal(at, rows + i, size);
        for (unsigned k = info->n_dims; k-- > 0 && ++index[k] == info->shape[k];)
            index[k] = 0;
    }
}

static void check_column(const struct umm_array *array, const struct umm_array_info *info,
                         uint64_t number, uint64_t offset_bytes, const char *rows)
{
    struct umm_array_column column;
    struct umm_view view;
    assert_int_equal(umm_array_column_at(array, number, &column, NULL), UMM_OK);
    for (uint64_t first = 0; first <= info->n_rows; first += info->n_rows / 3 + 1) {
        assert_int_equal(umm_array_view(array, first, info->n_rows, &view, NULL), UMM_OK);
        assert_int_equal(view.n_rows, info->n_rows - first);
        assert_int_equal(view.first_row, first);
        for (uint64_t i = 0; i < view.n_rows; i++)
            assert_memory_equal(umm_view_at(&view, &column, i),
                                rows + (first + i) * info->row_bytes + offset_bytes,
                                column.size_bytes);
    }
}

/* "NAME ROWS ROW_BYTES TIME NAME:OFFSET:TYPE:NUMERIC..." */
static void check_case(char *line)
{
    struct umm_array *array;
    struct umm_array_info info;
    char path[PATH_ROOM], *left;
    size_t len;
    const char *name = strtok_r(line, " ", &left);
    assert_int_equal(umm_array_open(path_in_dir(path, name, ".npy"), &array, NULL), UMM_OK);
    umm_array_describe(array, &info);
    assert_int_equal(info.n_rows, strtoull(strtok_r(NULL, " ", &left), NULL, 10));
    assert_int_equal(info.row_bytes, strtoull(strtok_r(NULL, " ", &left), NULL, 10));
    assert_non_null(strtok_r(NULL, " \n", &left));
    assert_int_equal((uintptr_t)info.data % info.align_bytes, 0);
    assert_true(info.align_bytes >= 64);
    char *rows = read_whole(name, ".rows", &len);
    assert_int_equal(len, info.data_bytes);
    uint64_t n = 0, size = info.row_bytes;
    for (unsigned i = 1; i < info.n_dims; i++)
        size = info.shape[i] ? size / info.shape[i] : 0;
    check_strides(&info, rows, size);
    for (char *text; (text = strtok_r(NULL, " \n", &left)); n++) {
        struct umm_array_column column;
        assert_int_equal(umm_array_column_at(array, n, &column, NULL), UMM_OK);
        check_column(array, &info, n, strtoull(strchr(text, ':') + 1, NULL, 10), rows);
        char *type = strchr(strchr(text, ':') + 1, ':') + 1;
        *strrchr(type, ':') = '\0';
        assert_string_equal(column.type, type);
    }
    assert_int_equal(n, info.n_columns);
    free(rows);
    umm_array_close(array);
}

static void test_numpy_has_the_same_values(void **state)
{
    (void)state;
    for_each_npy_case(check_case);
}

/* ---- views ------------------------------------------------------------------------ */

/* A file of a version 1.0 header of 128 bytes and the data. */
static const char *write_npy(char path[PATH_ROOM], const char *dict, const void *data,
                             size_t len_bytes)
{
    FILE *f = fopen(path_in_dir(path, "own", ".npy"), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f), 10);
    assert_int_equal(fprintf(f, "%-117s\n", dict), 118);
    assert_int_equal(fwrite(data, 1, len_bytes, f), len_bytes);
    assert_int_equal(fclose(f), 0);
    return path;
}

enum { N_BARS = 50 };
static double bars[N_BARS][6];

static struct umm_array *open_bars(char path[PATH_ROOM])
{
    struct umm_array *array;
    for (int i = 0; i < N_BARS; i++) {
        bars[i][0] = 1577836800000 + 60000.0 * i;
        bars[i][4] = 100 + i;
    }
    write_npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (50, 6), }", bars,
              sizeof bars);
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    return array;
}

static void test_views_by_number(void **state)
{
    struct umm_view view = {.n_rows = 77};
    struct umm_array_column close;
    struct umm_error err;
    char path[PATH_ROOM], want[256];
    struct umm_array *array = open_bars(path);
    (void)state;
    assert_int_equal(umm_array_find_column(array, "close", "<f8", &close, NULL), UMM_OK);
    assert_int_equal(umm_array_view(array, 10, 20, &view, NULL), UMM_OK);
    assert_int_equal(view.n_rows, 10);
    assert_int_equal(view.stride_bytes, 48);
    assert_true(umm_view_f64(&view, &close, 9) == 119);
    assert_int_equal(umm_array_view(array, 50, 50, &view, NULL), UMM_OK);
    assert_int_equal(view.n_rows, 0);
    static const uint64_t bad[][2] = {{0, 51}, {20, 19}, {51, 51}, {UINT64_MAX, 1}};
    view.n_rows = 77;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(umm_array_view(array, bad[i][0], bad[i][1], &view, &err),
                         UMM_ERR_ARGUMENT);
        snprintf(want, sizeof want, "rows %" PRIu64 " to %" PRIu64 " are not within its 50",
                 bad[i][0], bad[i][1]);
        assert_string_equal(err.message, want);
        assert_string_equal(err.path, path);
        assert_int_equal(view.n_rows, 77);
    }
    umm_array_close(array);
    umm_array_close(NULL);
}

static void test_views_by_time(void **state)
{
    struct umm_view view;
    struct umm_time from, to;
    char path[PATH_ROOM];
    struct umm_array *array = open_bars(path);
    (void)state;
    assert_int_equal(umm_time_from_iso("2020-01-01T00:10", &from, NULL), UMM_OK);
    assert_int_equal(umm_time_from_iso("2020-01-01T01:20:00+01:00", &to, NULL), UMM_OK);
    assert_int_equal(umm_array_view_time(array, &from, &to, &view, NULL), UMM_OK);
    assert_int_equal(view.first_row, 10);
    assert_int_equal(view.n_rows, 10);
    assert_int_equal(umm_array_view_time(array, &to, &from, &view, NULL), UMM_OK);
    assert_int_equal(view.n_rows, 0);
    assert_int_equal(umm_array_view_time(array, NULL, &from, &view, NULL), UMM_OK);
    assert_true(view.first_row == 0 && view.n_rows == 10);
    assert_int_equal(umm_array_view_time(array, &to, NULL, &view, NULL), UMM_OK);
    assert_true(view.first_row == 20 && view.n_rows == 30);
    assert_int_equal(umm_array_view_time(array, NULL, NULL, &view, NULL), UMM_OK);
    assert_true(view.first_row == 0 && view.n_rows == 50);
    umm_array_close(array);
}

static void test_what_has_no_time_or_column_is_refused(void **state)
{
    static const double values[4] = {4, 3, 2, 1};
    struct umm_array *array;
    struct umm_array_column column;
    struct umm_view view;
    struct umm_error err;
    struct umm_time at = {0};
    char path[PATH_ROOM];
    (void)state;
    write_npy(path, "{'descr': [('a\\n', '<f8')], 'fortran_order': True, 'shape': (4,), }", values,
              sizeof values);
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    assert_int_equal(umm_array_view_time(array, &at, NULL, &view, &err), UMM_ERR_DATA);
    assert_string_equal(err.path, path);
    assert_int_equal(umm_array_find_column(array, "b", NULL, &column, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "no column \"b\"; there are a\\n");
    assert_int_equal(umm_array_find_column(array, "a\n", "<f4", &column, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "column \"a\\n\" is <f8, not <f4");
    assert_int_equal(umm_array_column_at(array, 1, &column, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "no column 1: it has 1");
    umm_array_close(array);
    write_npy(path, "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (4,), }", values,
              sizeof values);
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    assert_int_equal(umm_array_view_time(array, &at, NULL, &view, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "not sorted by time: row 3 is before row 0");
    umm_array_close(array);
}

/* One dimension is one column, in whichever order the header says it is. */
static void test_fortran_order_of_one_dimension_means_nothing(void **state)
{
    static const struct {
        int64_t time;
        double a;
    } rows[] = {{10, 1.5}, {20, 2.5}, {30, 3.5}};
    struct umm_array *array;
    struct umm_array_column a;
    struct umm_array_info info;
    struct umm_view view;
    const struct umm_time from = {.sec = 20};
    char path[PATH_ROOM];
    (void)state;
    write_npy(path,
              "{'descr': [('t', '<M8[s]'), ('a', '<f8')], 'fortran_order': True, 'shape': (3,), }",
              rows, sizeof rows);
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    umm_array_describe(array, &info);
    assert_false(info.is_fortran);
    assert_true(info.is_record);
    assert_string_equal(info.type, "|V16");
    assert_int_equal(info.align_bytes, 128);
    assert_int_equal(umm_array_view_time(array, &from, NULL, &view, NULL), UMM_OK);
    assert_int_equal(umm_array_find_column(array, "a", "<f8", &a, NULL), UMM_OK);
    assert_true(view.n_rows == 2 && umm_view_f64(&view, &a, 1) == 3.5);
    umm_array_close(array);
}

static void test_bad_files_are_refused(void **state)
{
    struct umm_array *array = (struct umm_array *)1;
    struct umm_error err;
    char path[PATH_ROOM];
    (void)state;
    assert_int_equal(umm_array_open(path_in_dir(path, "none", ""), &array, &err), UMM_ERR_SYSTEM);
    assert_null(array);
    write_npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", "short", 5);
    assert_int_equal(umm_array_open(path, &array, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "array data is short by 27 bytes");
    assert_string_equal(err.path, path);
    write_npy(path, "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", "", 0);
    assert_int_equal(umm_array_open(path, &array, &err), UMM_ERR_DATA);
    write_npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", bars, 8);
    assert_int_equal(umm_array_open(path, &array, &err), UMM_ERR_UNSUPPORTED);
    assert_int_equal(umm_array_open(dir, &array, &err), UMM_ERR_SYSTEM);
}

/* A file replaced by rename stays as it was for those who have it. */
static void test_a_replaced_file_stays(void **state)
{
    struct umm_view view;
    struct umm_array_column close;
    char path[PATH_ROOM], other[PATH_ROOM];
    struct umm_array *array = open_bars(path);
    (void)state;
    assert_int_equal(rename(path, path_in_dir(other, "other", ".npy")), 0);
    write_npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", "", 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(umm_array_find_column(array, "close", "<f8", &close, NULL), UMM_OK);
    assert_int_equal(umm_array_view(array, 0, 50, &view, NULL), UMM_OK);
    assert_true(umm_view_f64(&view, &close, 49) == 149);
    umm_array_close(array);
}

/* The status with which a child ends that touches the last row. */
static int touch_last(const struct umm_view *view)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const volatile char *rows = view->data;
        (void)signal(SIGBUS, SIG_DFL); /* a sanitizer would tell of it */
        (void)rows[(view->n_rows - 1) * view->stride_bytes];
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* As umm.h warns: who maps has SIGBUS for what is gone, and who opens a cut file an error. */
static void test_a_cut_file_is_sigbus_in_a_view(void **state)
{
    enum { PAGES = 4, PAGE = 65536 };
    static char zeros[PAGES * PAGE];
    struct umm_array *array, *again;
    struct umm_view view;
    char path[PATH_ROOM];
    (void)state;
    write_npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (32768,), }", zeros,
              sizeof zeros);
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    assert_int_equal(umm_array_view(array, 0, sizeof zeros / 8, &view, NULL), UMM_OK);
    assert_int_equal(touch_last(&view), 0);
    assert_int_equal(truncate(path, PAGE), 0);
    int status = touch_last(&view);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    assert_int_equal(umm_array_open(path, &again, NULL), UMM_ERR_DATA);
    umm_array_close(array);
}

/* ---- a file larger than memory ---------------------------------------------------- */

/* Pages of the file that are in memory, by mincore in windows. */
static uint64_t count_resident(int fd, uint64_t size_bytes)
{
    enum { WINDOW_PAGES = 1 << 16 };
    static unsigned char pages[WINDOW_PAGES];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), window = WINDOW_PAGES * page;
    uint64_t n = 0;
    for (uint64_t at = 0; at < size_bytes; at += window) {
        size_t len = size_bytes - at < window ? (size_t)(size_bytes - at) : window;
        void *bytes = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)at);
        assert_true(bytes != MAP_FAILED);
        assert_int_equal(mincore(bytes, len, pages), 0);
        for (size_t i = 0; i < (len + page - 1) / page; i++)
            n += pages[i] & 1;
        munmap(bytes, len);
    }
    return n;
}

static long count_faults(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt + usage.ru_majflt;
}

/* 1,000,000,000 bars, 48 GB apparent. */
static void test_a_view_of_a_huge_file_touches_its_pages_only(void **state)
{
    const uint64_t n = 1000000000, size = 128 + n * 48;
    enum { PAGES_MAX = 100, N_VIEW = 100 };
    struct umm_array *array;
    struct umm_array_column column;
    struct umm_view view;
    char path[PATH_ROOM];
    (void)state;
    write_npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 6), }", "", 0);
    if (truncate(path, (off_t)size) != 0)
        skip(); /* this file system has no sparse files, or a limit */
    int fd = open(path, O_RDWR);
    const double last[6] = {3600000};
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, last, sizeof last, (off_t)(size - sizeof last)), sizeof last);
    long faults = count_faults();
    assert_int_equal(umm_array_open(path, &array, NULL), UMM_OK);
    umm_array_expect_random(array);
    assert_int_equal(umm_array_find_column(array, "close", "<f8", &column, NULL), UMM_OK);
    const struct umm_time epoch = {0};
    const struct umm_time hour = {.sec = 3600};
    assert_int_equal(umm_array_view_time(array, &epoch, &hour, &view, NULL), UMM_OK);
    assert_int_equal(view.n_rows, n - 1); /* holes: every time but the last is 1970 */
    assert_int_equal(umm_array_view(array, n / 2, n / 2 + N_VIEW, &view, NULL), UMM_OK);
    double sum = 0;
    for (uint64_t i = 0; i < N_VIEW; i++)
        sum += umm_view_f64(&view, &column, i);
    assert_true(sum == 0);
    assert_in_range(count_faults() - faults, 0, PAGES_MAX);
    assert_in_range(count_resident(fd, size), 1, PAGES_MAX);
    umm_array_close(array);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy_has_the_same_values),
        cmocka_unit_test(test_views_by_number),
        cmocka_unit_test(test_views_by_time),
        cmocka_unit_test(test_what_has_no_time_or_column_is_refused),
        cmocka_unit_test(test_fortran_order_of_one_dimension_means_nothing),
        cmocka_unit_test(test_bad_files_are_refused),
        cmocka_unit_test(test_a_replaced_file_stays),
        cmocka_unit_test(test_a_cut_file_is_sigbus_in_a_view),
        cmocka_unit_test(test_a_view_of_a_huge_file_touches_its_pages_only),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
