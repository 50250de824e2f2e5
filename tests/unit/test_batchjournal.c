/* SPDX-License-Identifier: MIT */
#include "batch/batchjournal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/file.h"

static const struct umm_batchjournal_key key = {
    .n_items = 20, .n_all = 20, .count = 1, .list_hash = 7, .command_hash = 8};
static char path[] = "/tmp/umm-batchjournal-XXXXXX/j";

static int make_directory(void **state)
{
    (void)state;
    path[strlen(path) - 2] = '\0';
    const bool is_made = mkdtemp(path);
    path[strlen(path)] = '/';
    return is_made ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)remove(path);
    path[strlen(path) - 2] = '\0';
    return rmdir(path);
}

/* Write a journal as a run would, and return its bytes, to be freed. */
static char *write_journal(size_t *len)
{
    const struct umm_batch_runner runner = {
        .boot = "00-11", .pid_namespace = 5, .session = 6, .mark = 9};
    struct umm_batchjournal journal;
    struct umm_batchjournal_past past;
    void *bytes = NULL;
    (void)remove(path);
    assert_int_equal(umm_batchjournal_open(&journal, path, &key, UMM_LOCK_FAIL, NULL, &past, NULL),
                     UMM_OK);
    assert_false(past.is_there);
    umm_batchjournal_past_free(&past);
    assert_int_equal(umm_batchjournal_begin(&journal, &runner, false, NULL), UMM_OK);
    umm_batchjournal_start(&journal, &(struct umm_batch_flight){0, 4, 100, 10, 11});
    umm_batchjournal_start(&journal, &(struct umm_batch_flight){4, 4, 101, 12, 13});
    umm_batchjournal_done(&journal, 0, 4, 1000, 4096);
    umm_batchjournal_again(&journal, 4, 4);
    umm_batchjournal_start(&journal, &(struct umm_batch_flight){5, 1, 102, 14, 15});
    umm_batchjournal_fail(&journal, 5, 3, "exit code 1: a b  c");
    umm_batchjournal_start(&journal, &(struct umm_batch_flight){8, 2, 103, 16, 17});
    assert_int_equal(umm_batchjournal_sync(&journal, NULL), UMM_OK);
    umm_batchjournal_close(&journal);
    assert_int_equal(umm_file_read_whole(path, 1 << 20, &bytes, len, NULL), UMM_OK);
    return bytes;
}

static void what_was_noted_is_read(void **state)
{
    (void)state;
    size_t len;
    char *bytes = write_journal(&len);
    struct umm_batchjournal_past past;
    assert_int_equal(umm_batchjournal_parse(bytes, len, "j", &key, &past, NULL), UMM_OK);
    assert_true(past.is_there && past.is_running);
    assert_int_equal(past.len_bytes, len);
    assert_int_equal(past.n_done, 4);
    assert_int_equal(past.n_failed, 1);
    for (uint64_t i = 0; i < key.n_items; i++)
        assert_int_equal(past.states[i], i < 4    ? UMM_BATCH_DONE
                                         : i == 5 ? UMM_BATCH_FAILED
                                                  : UMM_BATCH_PENDING);
    assert_int_equal(past.n_failures, 1);
    assert_int_equal(past.failures[0].n_tries, 3);
    assert_string_equal(past.failures[0].reason, "exit code 1: a b  c");
    assert_int_equal(past.n_flights, 1);
    assert_int_equal(past.flights[0].first, 8);
    assert_int_equal(past.flights[0].pid, 103);
    assert_int_equal(past.flights[0].until_ticks, 17);
    assert_string_equal(past.runner.boot, "00-11");
    assert_int_equal(past.runner.mark, 9);
    umm_batchjournal_past_retry(&past, key.n_items);
    assert_int_equal(past.n_failed + past.n_failures, 0);
    assert_int_equal(past.states[5], UMM_BATCH_PENDING);
    umm_batchjournal_past_free(&past);
    free(bytes);
}

/* Cut anywhere, it has a part of what it had; of a byte changed anywhere it never says more. */
static void what_is_cut_or_changed_never_says_more(void **state)
{
    (void)state;
    size_t len;
    char *bytes = write_journal(&len);
    struct umm_batchjournal_past past;
    for (size_t n = 0; n <= len; n++) {
        const enum umm_status status = umm_batchjournal_parse(bytes, n, "j", &key, &past, NULL);
        if (!status)
            assert_true(past.len_bytes <= n && past.n_done <= 4 && past.n_failed <= 1);
        umm_batchjournal_past_free(&past);
    }
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        const enum umm_status status = umm_batchjournal_parse(bytes, len, "j", &key, &past, NULL);
        /* A bad last line is taken for one that was not finished. */
        assert_true(status == UMM_ERR_DATA || status == UMM_ERR_CONFLICT || past.len_bytes <= i);
        umm_batchjournal_past_free(&past);
        bytes[i] ^= 1;
    }
    free(bytes);
}

static void a_journal_is_of_one_key(void **state)
{
    (void)state;
    size_t len;
    char *bytes = write_journal(&len);
    struct umm_batchjournal_past past;
    for (int i = 0; i < 5; i++) {
        struct umm_batchjournal_key other = key;
        uint64_t *const members[] = {&other.n_all, &other.index, &other.count, &other.list_hash,
                                     &other.command_hash};
        ++*members[i];
        assert_int_equal(umm_batchjournal_parse(bytes, len, "j", &other, &past, NULL),
                         UMM_ERR_CONFLICT);
        umm_batchjournal_past_free(&past);
    }
    free(bytes);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    size_t len;
    free(write_journal(&len));
    struct umm_batchjournal first, second;
    struct umm_batchjournal_past past, none;
    assert_int_equal(umm_batchjournal_open(&first, path, &key, UMM_LOCK_FAIL, NULL, &past, NULL),
                     UMM_OK);
    assert_true(past.is_there);
    assert_int_equal(umm_batchjournal_open(&second, path, &key, UMM_LOCK_FAIL, NULL, &none, NULL),
                     UMM_ERR_BUSY);
    umm_batchjournal_past_free(&none);
    umm_batchjournal_past_free(&past);
    umm_batchjournal_close(&first);
    umm_batchjournal_close(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_is_read),
        cmocka_unit_test(what_is_cut_or_changed_never_says_more),
        cmocka_unit_test(a_journal_is_of_one_key),
        cmocka_unit_test(one_writer_at_a_time),
    };
    return cmocka_run_group_tests_name("batchjournal", tests, make_directory, remove_directory);
}
