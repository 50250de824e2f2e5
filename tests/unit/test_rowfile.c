/* SPDX-License-Identifier: MIT */
/* The buffer is made tiny by lowering cap_rows after the open: it only shrinks. */
#include "array/rowfile.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS_MAX = 70, ROW_BYTES_MAX = 48, BASE_MAX = 13 };

/* What is before base_bytes must never change. */
static const char before[BASE_MAX + 1] = "not our bytes";

static int new_file(void)
{
    int fd = memfd_create("rows", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, before, BASE_MAX, 0), BASE_MAX);
    return fd;
}

/* Byte number `at` of row number `row`: different in all rows and bytes. */
static char byte_of(uint64_t row, size_t at)
{
    return (char)(unsigned char)(row * 37 + at * 11 + row / 7 + 1);
}

static void fill_row(char *out, uint64_t row, size_t row_bytes)
{
    for (size_t i = 0; i < row_bytes; i++)
        out[i] = byte_of(row, i);
}

static void open_rows(struct umm_rowfile *rows, int fd, size_t row_bytes, size_t cap_rows,
                      uint64_t n_rows)
{
    assert_int_equal(umm_rowfile_open(rows, fd, "rows", false, BASE_MAX, row_bytes, 0, NULL, NULL),
                     UMM_OK);
    assert_true(rows->cap_rows >= cap_rows);
    rows->cap_rows = cap_rows;
    for (uint64_t i = 0; i < n_rows; i++) {
        fill_row(umm_rowfile_next(rows), i, row_bytes);
        assert_int_equal(umm_rowfile_push(rows, NULL), UMM_OK);
    }
    assert_int_equal(rows->n_rows, n_rows);
}

static size_t read_all(int fd, char *out, size_t cap)
{
    ssize_t n = pread(fd, out, cap, 0);
    assert_true(n >= 0);
    return (size_t)n;
}

static const size_t caps[] = {1, 2, 3, 4, 5, 7, 8, 16, 33, 100};
static const size_t sizes[] = {1, 5, 48};
#define N_CAPS  (sizeof caps / sizeof *caps)
#define N_SIZES (sizeof sizes / sizeof *sizes)

static void reverse_is_reverse(void **state)
{
    (void)state;
    static char got[BASE_MAX + ROWS_MAX * ROW_BYTES_MAX + 1];
    for (size_t s = 0; s < N_SIZES; s++)
        for (size_t c = 0; c < N_CAPS; c++)
            for (uint64_t n = 0; n <= ROWS_MAX; n++) {
                struct umm_rowfile rows;
                int fd = new_file();
                open_rows(&rows, fd, sizes[s], caps[c], n);
                assert_int_equal(umm_rowfile_reverse(&rows, NULL), UMM_OK);
                umm_rowfile_close(&rows);
                assert_int_equal(read_all(fd, got, sizeof got), BASE_MAX + n * sizes[s]);
                assert_memory_equal(got, before, BASE_MAX);
                for (uint64_t i = 0; i < n; i++) {
                    char row[ROW_BYTES_MAX];
                    fill_row(row, n - 1 - i, sizes[s]);
                    assert_memory_equal(got + BASE_MAX + i * sizes[s], row, sizes[s]);
                }
                close(fd);
            }
}

/* The reference: one item after the other. */
static size_t transpose_slowly(char *out, uint64_t n, size_t n_columns, size_t item_bytes)
{
    size_t used = 0;
    for (size_t c = 0; c < n_columns; c++)
        for (uint64_t i = 0; i < n; i++)
            for (size_t b = 0; b < item_bytes; b++)
                out[used++] = byte_of(i, c * item_bytes + b);
    return used;
}

static void transpose_is_transpose(void **state)
{
    (void)state;
    static char wanted[ROWS_MAX * ROW_BYTES_MAX], got[BASE_MAX + sizeof wanted + 1];
    static const struct {
        size_t n_columns, item_bytes;
    } shapes[] = {{1, 1}, {1, 8}, {6, 8}, {5, 4}, {48, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t c = 0; c < N_CAPS; c++)
            for (uint64_t n = 0; n <= ROWS_MAX; n += 1 + n / 8)
                for (int is_stream = 0; is_stream < 2; is_stream++) {
                    size_t n_columns = shapes[s].n_columns, item = shapes[s].item_bytes;
                    struct umm_rowfile rows;
                    int fd = new_file(), out = new_file();
                    assert_int_equal(lseek(out, BASE_MAX, SEEK_SET), BASE_MAX);
                    open_rows(&rows, fd, n_columns * item, caps[c], n);
                    assert_int_equal(umm_rowfile_transpose(&rows, out, "out", is_stream, BASE_MAX,
                                                           n_columns, item, NULL),
                                     UMM_OK);
                    umm_rowfile_close(&rows);
                    size_t len = transpose_slowly(wanted, n, n_columns, item);
                    assert_int_equal(read_all(out, got, sizeof got), BASE_MAX + len);
                    assert_memory_equal(got, before, BASE_MAX);
                    assert_memory_equal(got + BASE_MAX, wanted, len);
                    close(fd);
                    close(out);
                }
}

static void copy_is_in_order(void **state)
{
    (void)state;
    static char got[ROWS_MAX * ROW_BYTES_MAX + 1];
    for (size_t c = 0; c < N_CAPS; c++)
        for (uint64_t n = 0; n <= ROWS_MAX; n += 1 + n / 8) {
            struct umm_rowfile rows;
            int fd = new_file(), ends[2];
            assert_int_equal(pipe(ends), 0);
            open_rows(&rows, fd, 5, caps[c], n);
            assert_int_equal(umm_rowfile_copy(&rows, ends[1], "pipe", NULL), UMM_OK);
            umm_rowfile_close(&rows);
            close(ends[1]);
            assert_int_equal(read(ends[0], got, sizeof got), (ssize_t)n * 5);
            for (uint64_t i = 0; i < n; i++) {
                char row[5];
                fill_row(row, i, sizeof row);
                assert_memory_equal(got + i * 5, row, sizeof row);
            }
            close(ends[0]);
            close(fd);
        }
}

/* Rows that are there already are counted, read, and written behind. */
static void a_file_goes_on(void **state)
{
    (void)state;
    struct umm_rowfile rows;
    char row[3 * 4], wanted[3];
    int fd = new_file();
    open_rows(&rows, fd, 3, 2, 10);
    assert_int_equal(umm_rowfile_flush(&rows, NULL), UMM_OK);
    umm_rowfile_close(&rows);
    assert_int_equal(umm_rowfile_open(&rows, fd, "rows", false, BASE_MAX, 3, 10, NULL, NULL),
                     UMM_OK);
    for (uint64_t i = 10; i < 13; i++) {
        fill_row(umm_rowfile_next(&rows), i, 3);
        assert_int_equal(umm_rowfile_push(&rows, NULL), UMM_OK);
    }
    assert_int_equal(rows.n_written, 10);
    assert_int_equal(umm_rowfile_flush(&rows, NULL), UMM_OK);
    assert_int_equal(umm_rowfile_flush(&rows, NULL), UMM_OK);
    assert_int_equal(rows.n_written, 13);
    assert_int_equal(umm_rowfile_read(&rows, 9, 4, row, NULL), UMM_OK);
    for (uint64_t i = 0; i < 4; i++) {
        fill_row(wanted, 9 + i, 3);
        assert_memory_equal(row + 3 * i, wanted, 3);
    }
    struct umm_error err = {0};
    assert_int_equal(umm_rowfile_read(&rows, 13, 1, row, &err), UMM_ERR_DATA);
    umm_rowfile_close(&rows);
    close(fd);
}

enum { PIECES = 40, PIECE_ROWS_MAX = 9000 };

/* Set rows aside in pieces of all sizes, with rows kept as usual in between. */
static size_t set_aside(struct umm_rowfile *rows, char **rooms, struct umm_rowfile_piece *pieces)
{
    size_t n_rows = 0;
    for (size_t i = 0; i < PIECES; i++) {
        size_t n = i * i * 7919 % PIECE_ROWS_MAX;
        rooms[i] = malloc(UMM_ROWFILE_EDGE + n * ROW_BYTES_MAX + 1);
        assert_non_null(rooms[i]);
        char *many = rooms[i] + UMM_ROWFILE_EDGE;
        for (size_t r = 0; r < n; r++, n_rows++)
            fill_row(many + r * ROW_BYTES_MAX, n_rows, ROW_BYTES_MAX);
        assert_int_equal(umm_rowfile_reserve(rows, many, n, &pieces[i], NULL), UMM_OK);
        assert_true(pieces[i].len == 0 || (pieces[i].at + pieces[i].len) % UMM_ROWFILE_EDGE == 0);
        if (i % 7 != 3)
            continue;
        fill_row(umm_rowfile_next(rows), n_rows++, ROW_BYTES_MAX);
        assert_int_equal(umm_rowfile_push(rows, NULL), UMM_OK);
    }
    return n_rows;
}

/* Written in any order, the pieces and the flush are all rows, each in its place. */
static void pieces_are_all_rows(void **state)
{
    (void)state;
    struct umm_rowfile rows;
    struct umm_rowfile_piece pieces[PIECES];
    char *rooms[PIECES], row[ROW_BYTES_MAX], wanted[ROW_BYTES_MAX], start[BASE_MAX];
    int fd = new_file();
    open_rows(&rows, fd, ROW_BYTES_MAX, 100, 0);
    size_t n_rows = set_aside(&rows, rooms, pieces);
    assert_int_equal(umm_rowfile_flush(&rows, NULL), UMM_OK);
    for (size_t i = PIECES; i-- > 0;) {
        assert_int_equal(umm_rowfile_write_piece(&rows, &pieces[i], NULL), UMM_OK);
        free(rooms[i]);
    }
    assert_int_equal(rows.n_rows, n_rows);
    assert_int_equal(lseek(fd, 0, SEEK_END), BASE_MAX + n_rows * ROW_BYTES_MAX);
    for (size_t i = 0; i < n_rows; i++) {
        fill_row(wanted, i, ROW_BYTES_MAX);
        assert_int_equal(umm_rowfile_read(&rows, i, 1, row, NULL), UMM_OK);
        assert_memory_equal(row, wanted, ROW_BYTES_MAX);
    }
    assert_int_equal(pread(fd, start, BASE_MAX, 0), BASE_MAX);
    assert_memory_equal(start, before, BASE_MAX);
    umm_rowfile_close(&rows);
    close(fd);
}

/* A row longer than the usual buffer has one of its own. */
static void rows_may_be_long(void **state)
{
    (void)state;
    enum { LONG = 1000003, N = 5 };
    struct umm_rowfile rows;
    char *got = malloc(LONG), *wanted = malloc(LONG);
    assert_non_null(got);
    assert_non_null(wanted);
    int fd = new_file();
    open_rows(&rows, fd, LONG, 1, N);
    assert_int_equal(rows.cap_rows, 1);
    assert_int_equal(umm_rowfile_reverse(&rows, NULL), UMM_OK);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(umm_rowfile_read(&rows, i, 1, got, NULL), UMM_OK);
        fill_row(wanted, N - 1 - i, LONG);
        assert_memory_equal(got, wanted, LONG);
    }
    umm_rowfile_close(&rows);
    close(fd);
    free(got);
    free(wanted);
}

static void long_work_can_be_cancelled(void **state)
{
    (void)state;
    struct umm_rowfile rows;
    struct umm_run run = {0};
    int fd = new_file(), out = new_file(), ends[2];
    assert_int_equal(pipe(ends), 0);
    open_rows(&rows, fd, 8, 2, 50);
    rows.run = &run;
    umm_run_cancel(&run);
    assert_int_equal(umm_rowfile_reverse(&rows, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(umm_rowfile_copy(&rows, ends[1], "pipe", NULL), UMM_ERR_CANCELLED);
    assert_int_equal(umm_rowfile_transpose(&rows, out, "out", false, 0, 1, 8, NULL),
                     UMM_ERR_CANCELLED);
    umm_rowfile_close(&rows);
    close(fd);
    close(out);
    close(ends[0]);
    close(ends[1]);
}

static void a_failed_write_names_the_file(void **state)
{
    (void)state;
    struct umm_rowfile rows;
    struct umm_error err = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(umm_rowfile_open(&rows, fd, "the rows", false, 0, 8, 0, NULL, NULL), UMM_OK);
    rows.cap_rows = 2;
    memset(umm_rowfile_next(&rows), 1, 8);
    assert_int_equal(umm_rowfile_push(&rows, &err), UMM_OK);
    memset(umm_rowfile_next(&rows), 1, 8);
    assert_int_equal(umm_rowfile_push(&rows, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "the rows");
    assert_int_equal(err.sys_errno, EBADF);
    assert_int_equal(rows.n_written, 0);
    umm_rowfile_close(&rows);
    umm_rowfile_close(&rows);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reverse_is_reverse),
        cmocka_unit_test(transpose_is_transpose),
        cmocka_unit_test(copy_is_in_order),
        cmocka_unit_test(a_file_goes_on),
        cmocka_unit_test(pieces_are_all_rows),
        cmocka_unit_test(rows_may_be_long),
        cmocka_unit_test(long_work_can_be_cancelled),
        cmocka_unit_test(a_failed_write_names_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
