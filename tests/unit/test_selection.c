/* SPDX-License-Identifier: MIT */
/*
 * Order by time, which is checked while rows are read, and rows of archives in any order. The rest
 * is tests/umm-mmap-slice.bats.
 */
#include "array/selection.h"

#include "archive/archive_writer.h"
#include "random.h"
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

/* ---- scattered rows of an archive --------------------------------------------------- */

enum { ALL_ROWS = 100, FRAME_ROWS = 7, RANGES_MAX = 12, MANY_RANGES = 600000 };

static const char archive_path[] = "b.npy.zst";
static int64_t all[ALL_ROWS][N_COLUMNS];

/* Times that grow, and numbers; the last rows are in the journal. */
static void write_archive(void)
{
    const struct umm_archive_writer_options options = {.frame_rows = FRAME_ROWS};
    struct umm_npy npy = {.n_dims = 2, .shape = {0, N_COLUMNS}};
    struct umm_archive_writer writer;
    for (int i = 0; i < ALL_ROWS; i++)
        for (int k = 0; k < N_COLUMNS; k++)
            all[i][k] = k ? i * 1000 + k : 1600000000000 + i / 2 * 60000;
    assert_int_equal(umm_npy_type_parse("<i8", &npy.type), UMM_OK);
    assert_int_equal(umm_archive_writer_open(&writer, archive_path, &npy, &options, NULL, NULL),
                     UMM_OK);
    assert_int_equal(umm_archive_writer_push(&writer, (const char *)all, ALL_ROWS, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&writer, false, NULL), UMM_OK);
    umm_archive_writer_close(&writer);
}

/* All chosen rows of the archive, n_bytes of them at out. */
static enum umm_status choose(const struct umm_range *ranges, size_t n_ranges, const char *columns,
                              bool is_order_checked, const struct umm_run *run, char *out,
                              size_t *n_bytes, struct umm_error *err)
{
    const struct umm_selection_options options = {.ranges = ranges,
                                                  .n_ranges = n_ranges,
                                                  .n_window = ALL_ROWS,
                                                  .is_order_checked = is_order_checked,
                                                  .columns = columns,
                                                  .run = run};
    struct umm_arrayfile file;
    struct umm_selection selection;
    const char *rows;
    size_t n = 1;
    *n_bytes = 0;
    assert_int_equal(umm_arrayfile_open(&file, archive_path, NULL), UMM_OK);
    enum umm_status status = umm_selection_open(&selection, &file, &options, err);
    while (!status && n > 0) {
        status = umm_selection_read(&selection, &rows, &n, err);
        if (!status && n > 0)
            memcpy(out + *n_bytes, rows, n * selection.row_bytes);
        *n_bytes += n * selection.row_bytes;
    }
    umm_selection_close(&selection);
    umm_arrayfile_close(&file);
    return status;
}

/* The same from `all`, row by row. */
static size_t expect(const struct umm_range *ranges, size_t n_ranges, const char *columns,
                     char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < n_ranges; i++) {
        struct umm_rows rows;
        assert_int_equal(umm_range_resolve(&ranges[i], ALL_ROWS, false, &rows, NULL), UMM_OK);
        for (uint64_t k = 0; k < rows.n; k++)
            for (int c = 0; c < N_COLUMNS; c++) {
                if (columns && !strchr(columns, '0' + c))
                    continue;
                memcpy(out + n, &all[rows.first + (uint64_t)rows.step * k][c], sizeof all[0][0]);
                n += sizeof all[0][0];
            }
    }
    return n;
}

static void random_ranges(struct umm_range *ranges, size_t n, uint64_t *seed)
{
    static const char *const steps[] = {"", ":2", ":-1", ":-3", ":9", ":-20"};
    for (size_t i = 0; i < n; i++) {
        char text[64];
        const int len = snprintf(text, sizeof text, "%d:%d%s", (int)(xorshift64(seed) % ALL_ROWS),
                                 (int)(xorshift64(seed) % ALL_ROWS), steps[xorshift64(seed) % 6]);
        assert_int_equal(umm_range_parse(text, (size_t)len, &ranges[i], NULL), UMM_OK);
    }
}

static void test_scattered_rows_come_as_chosen(void **state)
{
    static char got[RANGES_MAX * sizeof all], want[RANGES_MAX * sizeof all];
    uint64_t seed = RANDOM_SEED;
    (void)state;
    write_archive();
    for (int i = 0; i < 600; i++) {
        struct umm_range ranges[RANGES_MAX];
        const size_t n = 1 + xorshift64(&seed) % RANGES_MAX;
        const char *columns = lists[i % N_LISTS];
        size_t n_bytes;
        random_ranges(ranges, n, &seed);
        assert_int_equal(choose(ranges, n, columns, i % 2, NULL, got, &n_bytes, NULL), UMM_OK);
        assert_int_equal(n_bytes, expect(ranges, n, columns, want));
        assert_memory_equal(got, want, n_bytes);
    }
}

/* What this process has read from files so far; 0 where nobody counts. */
static uint64_t bytes_read(void)
{
    unsigned long long n = 0;
    FILE *f = fopen("/proc/self/io", "r");
    if (!f || fscanf(f, "rchar: %llu", &n) != 1)
        n = 0;
    if (f)
        fclose(f);
    return n;
}

/* More ranges than one block has places for. */
static void test_many_ranges_unpack_each_frame_once_a_block(void **state)
{
    struct umm_range *ranges = calloc(MANY_RANGES, sizeof *ranges);
    char *got = malloc(MANY_RANGES * sizeof all[0]);
    uint64_t seed = RANDOM_SEED;
    size_t n_bytes;
    (void)state;
    assert_non_null(ranges);
    assert_non_null(got);
    for (size_t i = 0; i < MANY_RANGES; i++) {
        const int64_t row = (int64_t)(xorshift64(&seed) % ALL_ROWS);
        ranges[i] = (struct umm_range){
            .has_start = true, .has_stop = true, .start = row, .stop = row + 1, .step = 1};
    }
    const uint64_t before = bytes_read();
    assert_int_equal(choose(ranges, MANY_RANGES, NULL, true, NULL, got, &n_bytes, NULL), UMM_OK);
    assert_true(bytes_read() - before < 64 * 1024); /* the file has 2 KB */
    assert_int_equal(n_bytes, MANY_RANGES * sizeof all[0]);
    for (size_t i = 0; i < MANY_RANGES; i++)
        assert_memory_equal(got + i * sizeof all[0], all[ranges[i].start], sizeof all[0]);
    free(ranges);
    free(got);
}

/* Of two damaged frames the one that is asked for first is named, wherever it is. */
static void test_faults_are_those_of_the_order_asked(void **state)
{
    static const char *const texts[] = {"50:52", "3:5", "70:72", "36:38", "5"};
    enum { N = sizeof texts / sizeof *texts };
    struct umm_range ranges[N];
    struct umm_archive archive;
    struct umm_error err = {0}, alone = {0};
    struct umm_run run = {0};
    char got[N * 2 * sizeof all[0]];
    size_t n_bytes;
    (void)state;
    for (size_t i = 0; i < N; i++)
        assert_int_equal(umm_range_parse(texts[i], strlen(texts[i]), &ranges[i], NULL), UMM_OK);
    assert_int_equal(choose(ranges, N, NULL, false, NULL, got, &n_bytes, NULL), UMM_OK);
    umm_run_cancel(&run);
    assert_int_equal(choose(ranges, N, NULL, false, &run, got, &n_bytes, NULL), UMM_ERR_CANCELLED);

    assert_int_equal(umm_archive_open(&archive, archive_path, NULL), UMM_OK);
    FILE *f = fopen(archive_path, "r+b");
    assert_non_null(f);
    const size_t damaged[] = {36 / FRAME_ROWS, 70 / FRAME_ROWS};
    for (size_t i = 0; i < 2; i++) {
        const uint64_t at = archive.offsets[damaged[i]] + archive.entries[damaged[i]].packed_bytes;
        assert_int_equal(fseek(f, (long)at - 12, SEEK_SET), 0);
        assert_int_equal(fputs("!!!!", f) < 0, 0);
    }
    assert_int_equal(fclose(f), 0);
    umm_archive_close(&archive);
    assert_int_equal(choose(ranges, N, NULL, false, NULL, got, &n_bytes, &err), UMM_ERR_DATA);
    assert_int_equal(choose(&ranges[2], 1, NULL, false, NULL, got, &n_bytes, &alone), UMM_ERR_DATA);
    assert_string_equal(err.message, alone.message);
    assert_non_null(strstr(err.message, "frame 10, "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_in_order_pass),
        cmocka_unit_test(test_every_fall_is_found),
        cmocka_unit_test(test_scattered_rows_come_as_chosen),
        cmocka_unit_test(test_many_ranges_unpack_each_frame_once_a_block),
        cmocka_unit_test(test_faults_are_those_of_the_order_asked),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
