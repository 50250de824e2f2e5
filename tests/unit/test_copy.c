/* SPDX-License-Identifier: MIT */
#include "sys/copy.h"

#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_BYTES = 3000000, BUFFER_BYTES = 8192 };

static unsigned char content[FILE_BYTES];

/* What splice answers before it works, call by call: 0, it works, or an errno. */
static struct {
    const int *errors;
    size_t n_errors, n_calls;
} spliced;

ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
    size_t i = spliced.n_calls++;
    if (i < spliced.n_errors && spliced.errors[i]) {
        errno = spliced.errors[i];
        return -1;
    }
    return syscall(SYS_splice, in, in_at, out, out_at, n, flags);
}

/* A file without a name that holds content. */
static int make_file(size_t len_bytes)
{
    char path[] = "/tmp/test_copy.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, content, len_bytes), len_bytes);
    return fd;
}

static int setup(void **state)
{
    uint32_t x = 1;
    (void)state;
    for (size_t i = 0; i < FILE_BYTES; i++) {
        x = x * 1664525 + 1013904223;
        content[i] = (unsigned char)(x >> 24);
    }
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

struct reader {
    int fd;
    size_t limit, n;
    unsigned char *bytes;
};

/* Read up to limit bytes, then close: in pieces that fit nothing. */
static void *read_pipe(void *user)
{
    struct reader *reader = user;
    ssize_t n = 1;
    while (n > 0 && reader->n < reader->limit) {
        size_t left = reader->limit - reader->n;
        n = read(reader->fd, reader->bytes + reader->n, left < 7777 ? left : 7777);
        reader->n += n > 0 ? (size_t)n : 0;
    }
    close(reader->fd);
    return NULL;
}

/* Copy [offset, offset + len_bytes) of in to a pipe whose reader stops after limit. */
static enum umm_status copy_to_pipe(int in, uint64_t offset, uint64_t len_bytes, size_t limit,
                                    struct reader *reader, struct umm_error *err)
{
    char buffer[BUFFER_BYTES];
    int ends[2];
    pthread_t thread;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *reader = (struct reader){.fd = ends[0], .limit = limit, .bytes = malloc(FILE_BYTES)};
    struct umm_copy copy = {.in_fd = in,
                            .out_fd = ends[1],
                            .in_path = "in",
                            .out_path = "out",
                            .is_stream = true,
                            .buffer = buffer,
                            .cap_bytes = sizeof buffer};
    assert_int_equal(pthread_create(&thread, NULL, read_pipe, reader), 0);
    enum umm_status status = umm_copy_range(&copy, offset, len_bytes, err);
    close(ends[1]);
    pthread_join(thread, NULL);
    return status;
}

static void test_to_a_pipe(void **state)
{
    static const uint64_t lengths[] = {0, 1, 4096, 65535, 65536, 1048577, FILE_BYTES - 129};
    const int in = make_file(FILE_BYTES);
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct reader reader;
        assert_int_equal(copy_to_pipe(in, 129, lengths[i], FILE_BYTES, &reader, NULL), UMM_OK);
        assert_int_equal(reader.n, lengths[i]);
        assert_memory_equal(reader.bytes, content + 129, lengths[i]);
        free(reader.bytes);
    }
    close(in);
}

/* A signal, or a full pipe, is no reason to stop; nor is a splice that ends in the middle. */
static void test_splice_fails(void **state)
{
    static const int signals[] = {EINTR, 0, EINTR, EINTR, EAGAIN, 0, EINTR};
    static const int missing[] = {0, EINTR, EINVAL};
    static const int broken[] = {0, EINTR, EIO};
    const int in = make_file(FILE_BYTES);
    struct umm_error err = {0};
    struct reader reader;
    (void)state;
    for (int i = 0; i < 2; i++) {
        spliced.errors = i ? missing : signals;
        spliced.n_errors = i ? 3 : 7;
        spliced.n_calls = 0;
        assert_int_equal(copy_to_pipe(in, 0, FILE_BYTES, FILE_BYTES, &reader, NULL), UMM_OK);
        assert_int_equal(reader.n, FILE_BYTES);
        assert_memory_equal(reader.bytes, content, FILE_BYTES);
        assert_true(spliced.n_calls >= spliced.n_errors);
        free(reader.bytes);
    }
    spliced.errors = broken;
    spliced.n_calls = 0;
    assert_int_equal(copy_to_pipe(in, 0, FILE_BYTES, FILE_BYTES, &reader, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EIO);
    assert_string_equal(err.path, "out");
    free(reader.bytes);
    spliced.n_errors = 0;
    close(in);
}

static void test_to_a_file(void **state)
{
    char buffer[BUFFER_BYTES];
    const int in = make_file(FILE_BYTES), out = make_file(10);
    unsigned char *back = malloc(FILE_BYTES);
    struct umm_copy copy = {.in_fd = in,
                            .out_fd = out,
                            .in_path = "in",
                            .out_path = "out",
                            .buffer = buffer,
                            .cap_bytes = sizeof buffer};
    (void)state;
    assert_int_equal(umm_copy_range(&copy, 5, 1000000, NULL), UMM_OK);
    assert_int_equal(umm_copy_range(&copy, 2000000, 3, NULL), UMM_OK);
    assert_int_equal(pread(out, back, FILE_BYTES, 0), 1000013);
    assert_memory_equal(back, content, 10);
    assert_memory_equal(back + 10, content + 5, 1000000);
    assert_memory_equal(back + 1000010, content + 2000000, 3);
    free(back);
    close(in);
    close(out);
}

/* The start of what is there was written; that the end is missing is said. */
static void test_a_file_that_ends_early(void **state)
{
    const int in = make_file(200000);
    (void)state;
    for (uint64_t len = 200001; len <= 400000; len += 199999) {
        struct umm_error err = {0};
        struct reader reader;
        char expected[64];
        assert_int_equal(copy_to_pipe(in, 0, len, FILE_BYTES, &reader, &err), UMM_ERR_DATA);
        snprintf(expected, sizeof expected, "file ends %d bytes early", (int)(len - 200000));
        assert_string_equal(err.message, expected);
        assert_string_equal(err.path, "in");
        assert_memory_equal(reader.bytes, content, reader.n);
        free(reader.bytes);
    }
    close(in);
}

static void test_a_reader_that_leaves(void **state)
{
    const int in = make_file(FILE_BYTES);
    struct umm_error err = {0};
    struct reader reader;
    (void)state;
    assert_int_equal(copy_to_pipe(in, 0, FILE_BYTES, 100, &reader, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EPIPE);
    assert_string_equal(err.path, "out");
    assert_memory_equal(reader.bytes, content, 100);
    free(reader.bytes);
    close(in);
}

static void *cancel_soon(void *user)
{
    wait_until_asleep(getpid());
    umm_run_cancel(user);
    return NULL;
}

/* A reader that does not read cannot hold the copy. */
static void test_cancel(void **state)
{
    char buffer[BUFFER_BYTES];
    const int in = make_file(FILE_BYTES);
    struct umm_run run = {0};
    int ends[2];
    pthread_t thread;
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct umm_copy copy = {.in_fd = in,
                            .out_fd = ends[1],
                            .in_path = "in",
                            .out_path = "out",
                            .is_stream = true,
                            .buffer = buffer,
                            .cap_bytes = sizeof buffer,
                            .run = &run};
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &run), 0);
    assert_int_equal(umm_copy_range(&copy, 0, FILE_BYTES, NULL), UMM_ERR_CANCELLED);
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
    close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_a_pipe),
        cmocka_unit_test(test_splice_fails),
        cmocka_unit_test(test_to_a_file),
        cmocka_unit_test(test_a_file_that_ends_early),
        cmocka_unit_test(test_a_reader_that_leaves),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
