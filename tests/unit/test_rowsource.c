/* SPDX-License-Identifier: MIT */
/*
 * The same rows from text, an array, an archive and a pipe of either, in pieces of any
 * size; from any row on where that can be; and what a pipe that ends early says.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive_writer.h"
#include "base/error.h"
#include "convert/rowsource.h"
#include "synth/synth.h"

enum { N_ROWS = 9000, ROW_BYTES = 48, HEADER_BYTES = 128, PATH_SIZE = 128 };

static char directory[] = "/tmp/umm-rowsource-XXXXXX";
static char csv[PATH_SIZE], npy[PATH_SIZE], archive[PATH_SIZE];
static char rows[N_ROWS * ROW_BYTES];

struct collected {
    char rows[N_ROWS * ROW_BYTES];
    uint64_t n_rows, n_begun, n_told;
};

static struct collected got;

static enum umm_status begin(void *user, const struct umm_npy *type, struct umm_error *err)
{
    struct collected *c = user;
    (void)err;
    c->n_begun++;
    c->n_told = type->shape[0];
    assert_int_equal(umm_npy_row_bytes(type), ROW_BYTES);
    return UMM_OK;
}

static enum umm_status take(void *user, const char *new_rows, uint64_t n, struct umm_error *err)
{
    struct collected *c = user;
    (void)err;
    assert_true(n > 0 && c->n_rows + n <= N_ROWS);
    memcpy(c->rows + c->n_rows * ROW_BYTES, new_rows, n * ROW_BYTES);
    c->n_rows += n;
    return UMM_OK;
}

static enum umm_status collect(const char *path, uint64_t first, struct umm_error *err)
{
    const struct umm_rowsource_sink sink = {.begin = begin, .take = take, .user = &got};
    struct umm_rowsource_options options = {.first_row = first};
    struct umm_rowsource_result result;
    options.text.reading.schema.time_unit = UMM_TIME_MS;
    got.n_rows = got.n_begun = 0;
    enum umm_status status = umm_rowsource_run(path, &options, &sink, NULL, &result, err);
    if (!status)
        assert_int_equal(result.n_rows, got.n_rows);
    return status;
}

static void assert_rows_from(uint64_t first)
{
    assert_int_equal(got.n_begun, 1);
    assert_int_equal(got.n_rows, N_ROWS - first);
    assert_memory_equal(got.rows, rows + first * ROW_BYTES, (N_ROWS - first) * ROW_BYTES);
}

static void files_give_their_rows(void **unused)
{
    const char *paths[] = {csv, npy, archive};
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(collect(paths[i], 0, NULL), UMM_OK);
        assert_rows_from(0);
        assert_int_equal(got.n_told, i ? N_ROWS : 0);
    }
}

static void rows_begin_where_they_should(void **unused)
{
    const char *paths[] = {npy, archive};
    static const uint64_t firsts[] = {1, 4095, 4096, 8191, N_ROWS - 1, N_ROWS};
    struct umm_error err;
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(collect(paths[i], firsts[k], NULL), UMM_OK);
            assert_rows_from(firsts[k]);
        }
        assert_int_equal(collect(paths[i], N_ROWS + 1, &err), UMM_ERR_ARGUMENT);
        assert_string_equal(err.message, "has 9000 rows: row 9001 is after its end");
    }
    assert_int_equal(collect(csv, 1, &err), UMM_ERR_ARGUMENT);
}

/* A process that writes the first len bytes of the file, step at a time; its pipe. */
static int pour(const char *path, size_t len, size_t step, pid_t *writer)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *writer = fork();
    if (*writer == 0) {
        static char bytes[2 * N_ROWS * ROW_BYTES];
        int fd = open(path, O_RDONLY);
        ssize_t n = read(fd, bytes, sizeof bytes);
        close(ends[0]);
        for (size_t at = 0; at < len && at < (size_t)n; at += step) {
            size_t left = (len < (size_t)n ? len : (size_t)n) - at;
            if (write(ends[1], bytes + at, left < step ? left : step) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static enum umm_status collect_pipe(const char *path, size_t len, size_t step,
                                    struct umm_error *err)
{
    pid_t writer;
    char name[PATH_SIZE];
    int fd = pour(path, len, step, &writer), wait_status;
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    enum umm_status status = collect(name, 0, err);
    close(fd);
    assert_int_equal(waitpid(writer, &wait_status, 0), writer);
    return status;
}

static void pipes_give_the_same(void **unused)
{
    static const size_t steps[] = {7, 48, 1000, 65536, SIZE_MAX / 2};
    (void)unused;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(collect_pipe(npy, SIZE_MAX, steps[i], NULL), UMM_OK);
        assert_rows_from(0);
        assert_int_equal(collect_pipe(csv, SIZE_MAX, steps[i], NULL), UMM_OK);
        assert_rows_from(0);
    }
}

static void a_cut_array_says_so(void **unused)
{
    struct umm_error err;
    (void)unused;
    assert_int_equal(collect_pipe(npy, HEADER_BYTES + 100, 4096, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "the array ends 431900 bytes early");
    assert_int_equal(got.n_rows, 2);
    assert_int_equal(collect_pipe(npy, 50, 4096, &err), UMM_ERR_DATA);
    assert_int_equal(got.n_begun, 0);
    assert_int_equal(collect_pipe(npy, 0, 4096, &err), UMM_ERR_DATA);
}

static int make_files(void **unused)
{
    (void)unused;
    if (!mkdtemp(directory))
        return -1;
    snprintf(csv, sizeof csv, "%s/in.csv", directory);
    snprintf(npy, sizeof npy, "%s/in.npy", directory);
    snprintf(archive, sizeof archive, "%s/in.npy.zst", directory);
    struct umm_synth_options options = {.n_rows = N_ROWS, .start_sec = 1577836800};
    int fd = open(csv, O_WRONLY | O_CREAT, 0600);
    if (umm_synth_write(&options, fd, csv, NULL, NULL) != UMM_OK)
        return -1;
    close(fd);
    const char *inputs[] = {csv};
    struct umm_convert_options convert = {.inputs = inputs, .n_inputs = 1, .output = npy};
    struct umm_convert_result result;
    convert.reading.schema.time_unit = UMM_TIME_MS;
    if (umm_convert(&convert, NULL, &result, NULL) != UMM_OK)
        return -1;
    umm_convert_result_free(&result);
    FILE *file = fopen(npy, "rb");
    if (fseek(file, HEADER_BYTES, SEEK_SET) || fread(rows, ROW_BYTES, N_ROWS, file) != N_ROWS)
        return -1;
    fclose(file);
    struct umm_npy type = {.n_dims = 2, .shape = {0, 6}, .type = {'f', false, 8, ""}};
    static const struct umm_archive_writer_options small = {.frame_rows = 4096};
    struct umm_archive_writer writer;
    if (umm_archive_writer_open(&writer, archive, &type, &small, NULL, NULL) ||
        umm_archive_writer_push(&writer, rows, N_ROWS - 10, NULL) ||
        umm_archive_writer_commit(&writer, true, NULL) ||
        umm_archive_writer_push(&writer, rows + (N_ROWS - 10) * ROW_BYTES, 10, NULL) ||
        umm_archive_writer_store(&writer, NULL))
        return -1;
    umm_archive_writer_close(&writer);
    return 0;
}

static int remove_files(void **unused)
{
    char journal[PATH_SIZE + 16];
    (void)unused;
    snprintf(journal, sizeof journal, "%s.journal", archive);
    unlink(journal);
    unlink(csv);
    unlink(npy);
    unlink(archive);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_give_their_rows),
        cmocka_unit_test(rows_begin_where_they_should),
        cmocka_unit_test(pipes_give_the_same),
        cmocka_unit_test(a_cut_array_says_so),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
