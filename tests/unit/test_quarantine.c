/* SPDX-License-Identifier: MIT */
/* Rejected rows: a file takes few writes for many of them, a stream has each at once. */
#include "convert/quarantine.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

enum { N_ROWS = 5000, LONG_BYTES = 300000 };

static const char path[] = "q";

/* The writes of this process so far, as the kernel counts them; UINT64_MAX if it does not say. */
static uint64_t count_writes(void)
{
    char line[128];
    uint64_t n = UINT64_MAX;
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file))
        (void)sscanf(line, "syscw: %" SCNu64, &n);
    if (file)
        (void)fclose(file);
    return n;
}

static void add(struct umm_quarantine *quarantine, uint64_t line, const char *row, size_t len)
{
    struct umm_error reason = {.path = "in.csv", .line = line, .column = 3, .message = "is bad"};
    assert_int_equal(umm_quarantine_add(quarantine, &reason, row, len, NULL), UMM_OK);
}

static void open_with_header(struct umm_quarantine *quarantine)
{
    static struct umm_run run;
    assert_int_equal(umm_quarantine_open(quarantine, path, &run, NULL), UMM_OK);
    assert_int_equal(umm_quarantine_set_header(quarantine, "a,b", 3, NULL), UMM_OK);
}

static void test_many_rows_take_few_writes(void **state)
{
    struct umm_quarantine quarantine;
    char row[32];
    (void)state;
    uint64_t before = count_writes();
    open_with_header(&quarantine);
    for (unsigned i = 0; i < N_ROWS; i++)
        add(&quarantine, i, row, (size_t)snprintf(row, sizeof row, "%u,x", i));
    assert_int_equal(umm_quarantine_commit(&quarantine, false, NULL), UMM_OK);
    umm_quarantine_close(&quarantine);
    uint64_t after = count_writes();
    if (before == UINT64_MAX)
        skip();
    assert_in_range(after - before, 1, N_ROWS / 100);
}

static void expect(FILE *file, const char *expected)
{
    char line[64];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, expected);
}

/* A row longer than what is kept goes out whole, and in its place. */
static void test_rows_of_any_length_keep_their_order(void **state)
{
    struct umm_quarantine quarantine;
    char *row = malloc(LONG_BYTES);
    (void)state;
    assert_non_null(row);
    memset(row, 'x', LONG_BYTES);
    open_with_header(&quarantine);
    for (unsigned i = 0; i < 30; i++)
        add(&quarantine, i, row, i % 3 ? i : LONG_BYTES);
    assert_int_equal(umm_quarantine_commit(&quarantine, false, NULL), UMM_OK);
    umm_quarantine_close(&quarantine);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    expect(file, "a,b\n");
    for (unsigned i = 0; i < 30; i++) {
        char comment[64];
        snprintf(comment, sizeof comment, "# in.csv:%u:3: is bad\n", i);
        expect(file, comment);
        for (size_t k = i % 3 ? i : LONG_BYTES; k > 0; k--)
            assert_int_equal(getc(file), 'x');
        assert_int_equal(getc(file), '\n');
    }
    assert_int_equal(getc(file), EOF);
    (void)fclose(file);
    free(row);
}

static void test_stream_has_each_row_at_once(void **state)
{
    struct umm_quarantine quarantine;
    char got[128];
    (void)state;
    (void)unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    open_with_header(&quarantine);
    add(&quarantine, 1, "1,x", 3);
    static const char first[] = "a,b\n# in.csv:1:3: is bad\n1,x\n";
    assert_int_equal(read(fd, got, sizeof got), sizeof first - 1);
    assert_memory_equal(got, first, sizeof first - 1);
    add(&quarantine, 2, "2,y", 3);
    static const char second[] = "# in.csv:2:3: is bad\n2,y\n";
    assert_int_equal(read(fd, got, sizeof got), sizeof second - 1);
    assert_memory_equal(got, second, sizeof second - 1);
    umm_quarantine_close(&quarantine);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_rows_take_few_writes),
        cmocka_unit_test(test_rows_of_any_length_keep_their_order),
        cmocka_unit_test(test_stream_has_each_row_at_once),
    };
    return cmocka_run_group_tests_name("quarantine", tests, enter_scratch, leave_scratch);
}
