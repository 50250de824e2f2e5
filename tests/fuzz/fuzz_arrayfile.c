/* SPDX-License-Identifier: MIT */
/*
 * fuzz_arrayfile.c - bytes as an .npy file, read by rows and columns with pread and
 * through a mapping: no crash, and both give the same rows, columns, times and errors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array/arrayfile.h"
#include "umm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_MAX = 40, ROWS_MAX = 1000, BYTES_MAX = 1 << 16 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void *take(uint64_t len_bytes)
{
    void *bytes = malloc(len_bytes ? (size_t)len_bytes : 1);
    require(bytes != NULL, "out of memory");
    return bytes;
}

static void check_column(const struct umm_arrayfile *file, const struct umm_array *array,
                         uint64_t index, const char *rows, uint64_t n)
{
    struct umm_arraycolumn column;
    struct umm_array_column mapped;
    struct umm_view view;
    umm_arrayfile_column(file, index, &column);
    uint64_t size = column.type.size_bytes;
    require(column.offset_bytes + size <= file->row_bytes, "a column beyond its row");
    require(umm_array_column_at(array, index, &mapped, NULL) == UMM_OK, "no such mapped column");
    require(umm_array_view(array, 0, n, &view, NULL) == UMM_OK, "no such view");
    char *values = take(n * size);
    double *numbers = take(n * sizeof *numbers);
    require(umm_arrayfile_read_column(file, &column, 0, n, values, NULL) == UMM_OK, "unreadable");
    for (uint64_t i = 0; i < n; i++) {
        const char *want = rows + i * file->row_bytes + column.offset_bytes;
        require(memcmp(values + i * size, want, size) == 0, "another value by column");
        require(memcmp(umm_view_at(&view, &mapped, i), want, size) == 0, "another mapped value");
    }
    (void)umm_arraycolumn_read_f64(&column, values, size, (size_t)n, numbers);
    free(values);
    free(numbers);
}

static void check_rows(const struct umm_arrayfile *file, const struct umm_array *array)
{
    uint64_t n = file->n_rows, n_columns = umm_arrayfile_column_count(file);
    if (n > ROWS_MAX)
        n = ROWS_MAX;
    if (file->row_bytes && n > BYTES_MAX / file->row_bytes)
        n = BYTES_MAX / file->row_bytes;
    char *rows = take(n * file->row_bytes);
    require(umm_arrayfile_read(file, 0, n, rows, NULL) == UMM_OK, "unreadable");
    for (uint64_t i = 0; i < n_columns && i < COLUMNS_MAX; i++)
        check_column(file, array, i, rows, n);
    free(rows);
}

/* n_rows may be without bounds where rows have no bytes; times have 8. */
static void check_times(const struct umm_arrayfile *file, const struct umm_array *array)
{
    struct umm_time time = {0, 0};
    struct umm_view view;
    struct umm_error a = {.status = UMM_OK}, b = a;
    uint64_t row = 0;
    if (file->n_rows)
        (void)umm_arrayfile_time_at(file, file->n_rows / 2, &time, NULL);
    enum umm_status by_file = umm_arrayfile_find_time(file, &time, &row, &a);
    enum umm_status mapped = umm_array_view_time(array, &time, NULL, &view, &b);
    require(by_file == mapped, "another status");
    require(strcmp(a.message, b.message) == 0, "another message");
    require(by_file || view.first_row == row, "another row");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct umm_arrayfile file;
    struct umm_array *array;
    int fd = memfd_create("array", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum umm_status status = umm_arrayfile_open(&file, path, NULL);
    require(umm_array_open(path, &array, NULL) == status, "another status of the open");
    if (status == UMM_OK) {
        check_rows(&file, array);
        check_times(&file, array);
    }
    umm_array_close(array);
    umm_arrayfile_close(&file);
    close(fd);
    return 0;
}
