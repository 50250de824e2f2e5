/* SPDX-License-Identifier: MIT */
/*
 * A state file comes back as it was; cut anywhere, with any bit changed, of another
 * version or order of bytes it is refused, each in its own words. The hash
 * of rows does not depend on how they are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "rowjob/checkpoint.h"

static const char *const parts[UMM_CHECKPOINT_PARTS] = {
    "ema:20@close", "<f8 x 6", "first", "ring ring", "", "the state", "the state before"};

static struct umm_checkpoint sample(void)
{
    struct umm_checkpoint c = {.numerics = 1,
                               .n_rows = 12345,
                               .n_bytes = 592560,
                               .first_time = -1,
                               .last_time = INT64_MAX,
                               .history = {{1, 2, 3, UINT64_MAX}},
                               .history_before = {{5, 6, 7, 8}},
                               .n_out_rows = 12340,
                               .out_tail_hash = 99,
                               .n_out_tail = 32};
    for (unsigned i = 0; i < UMM_CHECKPOINT_PARTS; i++)
        assert_int_equal(umm_checkpoint_set(&c, (enum umm_checkpoint_part_name)i, parts[i],
                                            strlen(parts[i]), NULL),
                         UMM_OK);
    return c;
}

static void assert_is_sample(const struct umm_checkpoint *c)
{
    struct umm_checkpoint wanted = sample();
    for (size_t i = 0; i < UMM_CHECKPOINT_PARTS; i++) {
        assert_int_equal(c->parts[i].len_bytes, strlen(parts[i]));
        assert_string_equal(c->parts[i].bytes, parts[i]);
    }
    assert_int_equal(c->numerics, wanted.numerics);
    assert_int_equal(c->n_rows, wanted.n_rows);
    assert_int_equal(c->n_bytes, wanted.n_bytes);
    assert_true(c->first_time == wanted.first_time && c->last_time == wanted.last_time);
    assert_memory_equal(&c->history, &wanted.history, sizeof c->history);
    assert_memory_equal(&c->history_before, &wanted.history_before, sizeof c->history);
    assert_int_equal(c->n_out_rows, wanted.n_out_rows);
    assert_int_equal(c->out_tail_hash, wanted.out_tail_hash);
    assert_int_equal(c->n_out_tail, wanted.n_out_tail);
    umm_checkpoint_free(&wanted);
}

static char *encoded(size_t *len)
{
    struct umm_checkpoint c = sample();
    char *bytes = NULL;
    assert_int_equal(umm_checkpoint_encode(&c, &bytes, len, NULL), UMM_OK);
    umm_checkpoint_free(&c);
    return bytes;
}

static void refuses(const char *bytes, size_t len, enum umm_status status, const char *message)
{
    struct umm_checkpoint c;
    struct umm_error err = {.status = UMM_OK};
    assert_int_equal(umm_checkpoint_decode(bytes, len, &c, &err), status);
    if (message)
        assert_string_equal(err.message, message);
    assert_null(c.parts[0].bytes);
}

static void comes_back(void **state)
{
    struct umm_checkpoint c = sample(), back;
    char path[] = "/tmp/umm-checkpoint-XXXXXX";
    bool is_there;
    (void)state;
    close(mkstemp(path));
    assert_int_equal(umm_checkpoint_save(&c, path, NULL), UMM_OK);
    assert_int_equal(umm_checkpoint_load(path, &back, &is_there, NULL), UMM_OK);
    assert_true(is_there);
    assert_is_sample(&back);
    umm_checkpoint_free(&back);
    umm_checkpoint_free(&c);
    unlink(path);
    assert_int_equal(umm_checkpoint_load(path, &back, &is_there, NULL), UMM_OK);
    assert_false(is_there);
}

/* Of a FIFO it is told at once: nobody writes into it. */
static void takes_the_place_of_states_only(void **state)
{
    struct umm_checkpoint c = sample(), back;
    struct umm_error err;
    char directory[] = "/tmp/umm-checkpoint-XXXXXX", path[64];
    bool is_there;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/s", directory);
    assert_int_equal(umm_checkpoint_check_replaced(path, NULL), UMM_OK);
    assert_int_equal(umm_checkpoint_save(&c, path, NULL), UMM_OK);
    assert_int_equal(umm_checkpoint_check_replaced(path, NULL), UMM_OK);
    umm_checkpoint_free(&c);
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(umm_checkpoint_check_replaced(path, NULL), UMM_OK);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("timestamp,open", f);
    fclose(f);
    assert_int_equal(umm_checkpoint_check_replaced(path, &err), UMM_ERR_CONFLICT);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(umm_checkpoint_check_replaced(path, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is not a regular file, and so no state");
    assert_int_equal(umm_checkpoint_load(path, &back, &is_there, NULL), UMM_ERR_CONFLICT);
    assert_false(is_there);
    unlink(path);
    assert_int_equal(umm_checkpoint_check_replaced(directory, &err), UMM_ERR_SYSTEM);
    rmdir(directory);
}

static void is_refused_when_damaged(void **state)
{
    size_t len;
    char *bytes = encoded(&len);
    (void)state;
    for (size_t n = 0; n < len; n++)
        refuses(bytes, n, UMM_ERR_DATA, NULL);
    refuses(bytes, 7, UMM_ERR_DATA, "not a state file");
    refuses(bytes, 20, UMM_ERR_DATA, "the state is cut short");
    refuses(bytes, len - 3, UMM_ERR_DATA, "the state is cut short: 3 bytes are missing");
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct umm_checkpoint c;
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_not_equal(umm_checkpoint_decode(bytes, len, &c, NULL), UMM_OK);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    bytes[len / 2] ^= 1;
    refuses(bytes, len, UMM_ERR_DATA, "the state is damaged: its checksum differs");
    free(bytes);
}

/* Change n bytes at `at`, and the checksum with them. */
static void refuses_changed(size_t at, uint64_t value, size_t n, enum umm_status status,
                            const char *message)
{
    size_t len;
    char *bytes = encoded(&len);
    umm_bytes_put(bytes + at, value, n);
    umm_bytes_put(bytes + len - 8, umm_hash64(bytes, len - 8, 0), 8);
    refuses(bytes, len, status, message);
    free(bytes);
}

static void is_refused_of_another_kind(void **state)
{
    (void)state;
    refuses_changed(0, 0, 1, UMM_ERR_DATA, "not a state file");
    refuses_changed(12, 0x04030201, 4, UMM_ERR_UNSUPPORTED,
                    "the state was written in another order of bytes");
    refuses_changed(8, 2, 2, UMM_ERR_UNSUPPORTED,
                    "the state has version 2.0, this program reads up to 1.0");
    refuses_changed(10, 1, 2, UMM_ERR_UNSUPPORTED,
                    "the state has version 1.1, this program reads up to 1.0");
    for (size_t i = 0; i < UMM_CHECKPOINT_PARTS; i++) {
        refuses_changed(168 + 4 * i, UINT32_MAX, 4, UMM_ERR_DATA,
                        "the state is damaged: its parts do not fit");
        refuses_changed(168 + 4 * i, strlen(parts[i]) + 1, 4, UMM_ERR_DATA,
                        "the state is damaged: its parts do not fit");
    }
}

static void hashes_rows_however_cut(void **state)
{
    enum { ROWS = 100 };
    static const size_t sizes[] = {1, 7, 8, 12, 32, 48, 50};
    static char rows[ROWS * 50];
    (void)state;
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (char)(i * 37 % 251);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct umm_rowhash whole = {{0}}, cut = {{0}}, other = {{0}};
        umm_rowhash_add(&whole, rows, ROWS, sizes[s]);
        for (size_t at = 0, n = 1; at < ROWS; at += n, n = n % 7 + 1)
            umm_rowhash_add(&cut, rows + at * sizes[s], at + n < ROWS ? n : ROWS - at, sizes[s]);
        assert_memory_equal(&whole, &cut, sizeof whole);
        for (size_t at = 0; at < ROWS * sizes[s]; at++) {
            rows[at] ^= 0x40;
            other = (struct umm_rowhash){{0}};
            umm_rowhash_add(&other, rows, ROWS, sizes[s]);
            rows[at] ^= 0x40;
            assert_memory_not_equal(&whole, &other, sizeof whole);
        }
    }
}

/* A file of 1 GiB that takes no room on the disk would take it in memory. */
static void looks_before_it_reads(void **state)
{
    static const struct {
        const char *begin;
        size_t len;
        const char *message;
    } files[] = {{"", 0, "not a state file"},
                 {"UMMSTATE\1\0\0\0\4\3\2\1\0\1\0\0\0\0\0", 24,
                  "the state is damaged: its checksum differs"}};
    struct umm_checkpoint c;
    struct umm_error err = {.status = UMM_OK};
    char path[] = "/tmp/umm-checkpoint-XXXXXX";
    bool is_there;
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct rusage before, after;
        int fd = mkstemp(strcpy(path, "/tmp/umm-checkpoint-XXXXXX"));
        assert_true(fd >= 0 && ftruncate(fd, 1 << 30) == 0);
        assert_int_equal(pwrite(fd, files[i].begin, files[i].len, 0), files[i].len);
        assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
        assert_int_equal(umm_checkpoint_load(path, &c, &is_there, &err), UMM_ERR_DATA);
        assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
        assert_string_equal(err.message, files[i].message);
        assert_true(after.ru_maxrss - before.ru_maxrss < 100 * 1024);
        close(fd);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back),
                                       cmocka_unit_test(takes_the_place_of_states_only),
                                       cmocka_unit_test(is_refused_when_damaged),
                                       cmocka_unit_test(is_refused_of_another_kind),
                                       cmocka_unit_test(hashes_rows_however_cut),
                                       cmocka_unit_test(looks_before_it_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
