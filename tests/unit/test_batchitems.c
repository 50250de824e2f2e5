/* SPDX-License-Identifier: MIT */
#include "batch/batchitems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Read the text as a file; *items is to be freed. */
static enum umm_status read_text(const char *text, size_t len, bool is_null,
                                 struct umm_batchitems *items, struct umm_error *err)
{
    char path[] = "/tmp/umm-batchitems-XXXXXX";
    const char *const files[] = {path};
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len && close(fd) == 0);
    const enum umm_status status = umm_batchitems_read(files, 1, is_null, NULL, items, err);
    assert_int_equal(unlink(path), 0);
    return status;
}

static void check(const char *text, size_t len, bool is_null, const char *const *wanted, size_t n)
{
    struct umm_batchitems items;
    assert_int_equal(read_text(text, len, is_null, &items, NULL), UMM_OK);
    assert_int_equal(items.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(umm_batchitems_get(&items, i), wanted[i]);
        assert_int_equal(umm_batchitems_number(&items, i), i + 1);
    }
    umm_batchitems_free(&items);
    umm_batchitems_free(&items);
}

static void lines_and_texts_that_zero_bytes_end(void **state)
{
    (void)state;
    check("", 0, false, NULL, 0);
    check("\n", 1, false, (const char *const[]){""}, 1);
    check("a", 1, false, (const char *const[]){"a"}, 1);
    check("a\n", 2, false, (const char *const[]){"a"}, 1);
    check("a\n\nb\r", 5, false, (const char *const[]){"a", "", "b\r"}, 3);
    check("a\nb\0\0c", 6, true, (const char *const[]){"a\nb", "", "c"}, 3);
}

static void a_line_with_a_zero_byte(void **state)
{
    (void)state;
    struct umm_batchitems items;
    struct umm_error err;
    assert_int_equal(read_text("ab\nc\0d\n", 7, false, &items, &err), UMM_ERR_DATA);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    assert_int_equal(err.byte, 4);
    assert_int_equal(items.n, 0);
}

static void shards_share_all_items(void **state)
{
    (void)state;
    unsigned seen = 0;
    uint64_t hash = 0;
    for (uint64_t index = 0; index < 4; index++) {
        const struct umm_shard shard = {.index = index, .count = 4};
        struct umm_batchitems items;
        assert_int_equal(read_text("0\n1\n2\n3\n4\n5\n", 12, false, &items, NULL), UMM_OK);
        assert_true(index == 0 || hash == items.hash);
        hash = items.hash;
        umm_batchitems_keep(&items, &shard);
        assert_int_equal(items.n_all, 6);
        for (uint64_t i = 0; i < items.n; i++) {
            const uint64_t number = umm_batchitems_number(&items, i);
            assert_int_equal(atoi(umm_batchitems_get(&items, i)), number - 1);
            seen |= 1U << number;
        }
        umm_batchitems_free(&items);
    }
    assert_int_equal(seen, 0x7e);
}

static void the_hash_tells_lists_apart(void **state)
{
    (void)state;
    struct umm_batchitems a, b, c;
    assert_int_equal(read_text("a\nb", 3, false, &a, NULL), UMM_OK);
    assert_int_equal(read_text("a\0b\0", 4, true, &b, NULL), UMM_OK);
    assert_int_equal(read_text("ab\n", 3, false, &c, NULL), UMM_OK);
    assert_true(a.hash == b.hash && a.hash != c.hash);
    umm_batchitems_free(&a);
    umm_batchitems_free(&b);
    umm_batchitems_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_texts_that_zero_bytes_end),
        cmocka_unit_test(a_line_with_a_zero_byte),
        cmocka_unit_test(shards_share_all_items),
        cmocka_unit_test(the_hash_tells_lists_apart),
    };
    return cmocka_run_group_tests_name("batchitems", tests, NULL, NULL);
}
