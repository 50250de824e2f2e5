/* SPDX-License-Identifier: MIT */
/*
 * Rows handed to a caller are those of the array that the same options write, in its
 * order, whatever the engine, and a caller's refusal ends the conversion.
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

#include "base/error.h"
#include "base/tuning.h"
#include "convert/convert.h"
#include "synth/synth.h"

enum { N_ROWS = 30000, PATH_SIZE = 128 };

static char directory[] = "/tmp/umm-sink-XXXXXX";
static char csv[PATH_SIZE], npy[PATH_SIZE];

struct collected {
    char *rows;
    size_t len, row_bytes, n_begun;
    size_t rows_left; /* refuse after so many */
};

static enum umm_status begin(void *user, const struct umm_schema *schema, struct umm_error *err)
{
    struct collected *c = user;
    (void)err;
    c->n_begun++;
    c->row_bytes = schema->row_bytes;
    return UMM_OK;
}

static enum umm_status take(void *user, const char *rows, size_t n, struct umm_error *err)
{
    struct collected *c = user;
    assert_true(n > 0);
    if (n > c->rows_left)
        return umm_error_set(err, UMM_ERR_CONFLICT, "no more");
    c->rows_left -= n;
    memcpy(c->rows + c->len, rows, n * c->row_bytes);
    c->len += n * c->row_bytes;
    return UMM_OK;
}

static void write_csv(enum umm_synth_layout layout, bool is_messy)
{
    struct umm_synth_options options = {.n_rows = N_ROWS,
                                        .seed = 7,
                                        .layout = layout,
                                        .start_sec = 1577836800,
                                        .is_messy = is_messy};
    int fd = open(csv, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(umm_synth_write(&options, fd, csv, NULL, NULL), UMM_OK);
    close(fd);
}

static void assert_same_rows(struct umm_convert_options *options, enum umm_engine engine)
{
    struct collected c = {.rows = malloc(N_ROWS * 64), .rows_left = N_ROWS};
    const struct umm_sink sink = {.begin = begin, .take = take, .user = &c};
    const struct umm_tuning tuning = {engine, 10000};
    struct umm_run run = {.tuning = &tuning};
    struct umm_convert_result result;
    options->output = npy;
    options->sink = NULL;
    assert_int_equal(umm_convert(options, &run, &result, NULL), UMM_OK);
    uint64_t n_rows = result.n_rows, n_rejected = result.n_rejected;
    umm_convert_result_free(&result);
    options->output = NULL;
    options->sink = &sink;
    assert_int_equal(umm_convert(options, &run, &result, NULL), UMM_OK);
    assert_int_equal(c.n_begun, 1);
    assert_int_equal(result.n_rows, n_rows);
    assert_int_equal(result.n_rejected, n_rejected);
    assert_int_equal(c.len, n_rows * c.row_bytes);
    umm_convert_result_free(&result);
    FILE *file = fopen(npy, "rb");
    char *bytes = malloc(c.len);
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)c.len, SEEK_END), 0);
    assert_int_equal(fread(bytes, 1, c.len, file), c.len);
    assert_memory_equal(bytes, c.rows, c.len);
    fclose(file);
    free(bytes);
    free(c.rows);
}

static void rows_are_those_of_the_array(void **unused)
{
    static const enum umm_engine engines[] = {UMM_ENGINE_REFERENCE, UMM_ENGINE_PORTABLE,
                                              UMM_ENGINE_BEST};
    const char *inputs[] = {csv};
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        struct umm_convert_options options = {.inputs = inputs, .n_inputs = 1};
        options.reading.schema.time_unit = UMM_TIME_MS;
        write_csv(UMM_SYNTH_PLAIN, false);
        assert_same_rows(&options, engines[i]);
        options.dedup = UMM_DEDUP_LAST;
        assert_same_rows(&options, engines[i]);
        write_csv(UMM_SYNTH_PLAIN, true);
        options.bad_rows = UMM_BAD_ROWS_SKIP;
        assert_same_rows(&options, engines[i]);
    }
}

static void newest_first_rows_come_oldest_first(void **unused)
{
    const char *inputs[] = {csv};
    struct umm_convert_options options = {.inputs = inputs, .n_inputs = 1};
    (void)unused;
    options.reading.schema.time_unit = UMM_TIME_MS;
    write_csv(UMM_SYNTH_CRYPTODATADOWNLOAD, false);
    assert_same_rows(&options, UMM_ENGINE_BEST);
}

static void a_refusal_ends_the_conversion(void **unused)
{
    const char *inputs[] = {csv};
    struct collected c = {.rows = malloc(N_ROWS * 64), .rows_left = 1000};
    const struct umm_sink sink = {.begin = begin, .take = take, .user = &c};
    struct umm_convert_options options = {.inputs = inputs, .n_inputs = 1, .sink = &sink};
    struct umm_convert_result result;
    struct umm_error err;
    (void)unused;
    options.reading.schema.time_unit = UMM_TIME_MS;
    write_csv(UMM_SYNTH_PLAIN, false);
    assert_int_equal(umm_convert(&options, NULL, &result, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "no more");
    free(c.rows);
}

/* ---- rows of a pipe, as they come -------------------------------------------------- */

enum { N_LIVE = 500 };

struct live {
    int to_writer; /* a byte for each row that arrived */
    size_t n;
};

static enum umm_status begin_live(void *user, const struct umm_schema *schema,
                                  struct umm_error *err)
{
    (void)user;
    (void)schema;
    (void)err;
    return UMM_OK;
}

static enum umm_status take_live(void *user, const char *rows, size_t n, struct umm_error *err)
{
    struct live *live = user;
    (void)rows;
    (void)err;
    live->n += n;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(write(live->to_writer, "x", 1), 1);
    return UMM_OK;
}

/* Writes a row only when the one before it has arrived. */
static void write_live(int out, int acknowledged)
{
    char line[PATH_SIZE], byte;
    dprintf(out, "timestamp,open,high,low,close,note,volume\n");
    for (int i = 0; i < N_LIVE; i++) {
        const char *note = i % 7 == 3 ? "\"a\n\"" : i % 11 == 5 ? "\"q\"\"\"" : "n";
        int len = snprintf(line, sizeof line, "%d000,1,2,0.5,1.5,%s,%d\r\n", 1600000000 + 60 * i,
                           note, i);
        int half = i % 3 ? len : len / 2; /* some come in two pieces */
        if (write(out, line, (size_t)half) < 0 || usleep(half < len ? 100 : 0) ||
            write(out, line + half, (size_t)(len - half)) < 0 || read(acknowledged, &byte, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static void rows_of_a_pipe_are_not_kept_waiting(void **unused)
{
    (void)unused;
    for (unsigned threads = 1; threads <= 2; threads++) {
        int text[2], back[2], wait_status;
        char path[PATH_SIZE];
        assert_int_equal(pipe(text) + pipe(back), 0);
        pid_t writer = fork();
        if (writer == 0) {
            close(back[1]); /* so that a reader that fails is seen */
            write_live(text[1], back[0]);
        }
        close(text[1]);
        snprintf(path, sizeof path, "/dev/fd/%d", text[0]);
        struct live live = {.to_writer = back[1]};
        const struct umm_sink sink = {.begin = begin_live, .take = take_live, .user = &live};
        const char *inputs[] = {path};
        struct umm_convert_options options = {.inputs = inputs, .n_inputs = 1, .sink = &sink};
        struct umm_run run = {.n_threads = threads};
        struct umm_convert_result result;
        options.reading.schema.time_unit = UMM_TIME_MS;
        options.reading.is_prompt = true;
        alarm(300); /* what a lost row would otherwise wait for */
        assert_int_equal(umm_convert(&options, &run, &result, NULL), UMM_OK);
        alarm(0);
        assert_int_equal(live.n, N_LIVE);
        umm_convert_result_free(&result);
        close(text[0]);
        close(back[0]);
        close(back[1]);
        assert_int_equal(waitpid(writer, &wait_status, 0), writer);
        assert_int_equal(wait_status, 0);
    }
}

static int make_directory(void **unused)
{
    (void)unused;
    if (!mkdtemp(directory))
        return -1;
    snprintf(csv, sizeof csv, "%s/in.csv", directory);
    snprintf(npy, sizeof npy, "%s/out.npy", directory);
    return 0;
}

static int remove_directory(void **unused)
{
    (void)unused;
    unlink(csv);
    unlink(npy);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_of_the_array),
        cmocka_unit_test(newest_first_rows_come_oldest_first),
        cmocka_unit_test(a_refusal_ends_the_conversion),
        cmocka_unit_test(rows_of_a_pipe_are_not_kept_waiting),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
