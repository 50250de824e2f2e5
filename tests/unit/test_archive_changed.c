/* SPDX-License-Identifier: MIT */
/*
 * Another program replaces or overwrites an archive while it is opened. Every test runs in a
 * scratch directory of its own as working directory.
 */
#include "archive/archive.h"
#include "archive/archive_writer.h"

#include "scratch.h"

#include <fcntl.h>
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

enum { N = 90, WIDE_BYTES = 80000, HEAD_MAX = 4096 };

/* An archive of n rows of so many bytes, in frames or in the journal. */
static void make(const char *path, uint32_t row_bytes, size_t n, char first, bool is_flush)
{
    struct umm_npy npy = {.n_dims = 1, .shape = {0}, .type = {'S', false, row_bytes, ""}};
    struct umm_archive_writer w;
    struct umm_error err = {.status = UMM_OK};
    char *rows = calloc(n, row_bytes);
    assert_non_null(rows);
    memset(rows, first, row_bytes);
    if (umm_archive_writer_open(&w, path, &npy, NULL, NULL, &err) ||
        umm_archive_writer_push(&w, rows, n, &err) ||
        (is_flush ? umm_archive_writer_commit(&w, true, &err) : umm_archive_writer_store(&w, &err)))
        fail_msg("%s: %s", path, err.message);
    umm_archive_writer_close(&w);
    free(rows);
}

static void copy_to(const char *from, const char *to)
{
    if (link(from, "t") == 0)
        (void)!rename("t", to);
}

/* ---- between two reads ------------------------------------------------------------------- */

static void (*change)(int turn); /* NULL: nothing is changed */
static int reads_until_change;

/*
 * The library's reads come here: another program has its turn before one of them. By the name
 * of its symbol: a fortified pread is an inline function, which clang keeps.
 */
ssize_t hooked_pread(int fd, void *out, size_t len, off_t at) __asm__("pread64");

ssize_t hooked_pread(int fd, void *out, size_t len, off_t at)
{
    if (change && reads_until_change-- == 0)
        change(1);
    return syscall(SYS_pread64, fd, out, len, at);
}

/* Open it for the tail, with the change before each of its reads in turn. */
static void open_beside(void (*change_to)(int turn))
{
    enum { READS_MAX = 1000 };
    int n = 0, n_opened = 0;
    for (; n < READS_MAX; n++) {
        struct umm_archive archive;
        struct umm_error err;
        change_to(0);
        change = change_to;
        reads_until_change = n;
        enum umm_status status = umm_archive_open_tail(&archive, "a", &err);
        change = NULL;
        if (status)
            assert_true(status == UMM_ERR_DATA || status == UMM_ERR_CONFLICT);
        n_opened += !status;
        umm_archive_close(&archive);
        if (reads_until_change >= 0)
            break;
    }
    assert_true(n > 5 && n < READS_MAX && n_opened > 0);
}

/* ---- what is changed --------------------------------------------------------------------- */

/* Narrow rows with a journal that is not theirs, or wide rows without one. */
static void replace(int turn)
{
    if (turn % 2) {
        copy_to("wide", "a");
        (void)unlink("a.journal");
    } else {
        copy_to("narrow", "a");
        copy_to("bad.journal", "a.journal");
    }
}

static void a_look_at_wider_rows_takes_more_room(void **state)
{
    (void)state;
    change = NULL;
    make("narrow", 8, N, 'n', true);
    make("wide", WIDE_BYTES, N, 'w', true);
    make("bad", 8, 20, 'x', true);
    make("bad", 8, 5, 'y', false);
    assert_true(exists("bad.journal"));
    open_beside(replace);
}

static char heads[2][HEAD_MAX];
static size_t head_len[2];

static void overwrite(int turn)
{
    int fd = open("a", O_WRONLY);
    (void)!pwrite(fd, heads[turn % 2], head_len[turn % 2], 0);
    (void)close(fd);
}

static void the_journal_is_of_the_header_that_counts(void **state)
{
    static const char *const names[] = {"a", "wide"};
    (void)state;
    make("a", 8, N, 'n', false);
    make("wide", WIDE_BYTES, 1, 'w', false);
    for (int i = 0; i < 2; i++) {
        int fd = open(names[i], O_RDONLY);
        ssize_t n = pread(fd, heads[i], sizeof heads[i], 0);
        assert_true(fd >= 0 && n > 0);
        head_len[i] = (size_t)n;
        (void)close(fd);
    }
    assert_int_equal(head_len[0], head_len[1]);
    open_beside(overwrite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_look_at_wider_rows_takes_more_room, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(the_journal_is_of_the_header_that_counts, enter_scratch,
                                        leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
