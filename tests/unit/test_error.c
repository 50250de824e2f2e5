/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/line.h"
#include "base/utf8.h"

#include "random.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next_random(void)
{
    static uint64_t x = RANDOM_SEED;
    return xorshift64(&x);
}

static void assert_escaped(const char *text, size_t len, const char *expected)
{
    char out[UMM_EXCERPT_MAX];
    assert_ptr_equal(umm_escape(out, sizeof out, text, len), out);
    assert_string_equal(out, expected);
}

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain 12,5", "plain 12,5"},
        {"say \"hi\"", "say \\\"hi\\\""},
        {"back\\slash", "back\\\\slash"},
        {"a\tb\nc\rd", "a\\tb\\nc\\rd"},
        {"\x01\x1b[31m\x7f", "\\x01\\x1b[31m\\x7f"},
        /* Letters, symbols and emoji as they are. */
        {"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80",
         "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\xef\xbf\xbf\xf4\x8f\xbf\xbf"},
        /* C1 control characters move cursors, too. */
        {"\xc2\x9b"
         "1m\xc2\x80\xc2\xa0",
         "\\xc2\\x9b1m\\xc2\\x80\xc2\xa0"},
        /* Not UTF-8: stray, over-long, surrogates, too large, cut short. */
        {"\xff\xfe", "\\xff\\xfe"},
        {"caf\xe9", "caf\\xe9"},
        {"\xc0\x80\xc1\xbf", "\\xc0\\x80\\xc1\\xbf"},
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xe2\x82x", "\\xe2\\x82x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_escaped(cases[i].text, strlen(cases[i].text), cases[i].expected);
    assert_escaped("a\0b", 3, "a\\x00b");
    /* The bytes behind the text do not complete it. */
    assert_escaped("\xe2\x82\xac", 2, "\\xe2\\x82");
}

static void test_what_does_not_fit_is_cut(void **state)
{
    char out[8];
    (void)state;
    assert_string_equal(umm_escape(out, 8, "1234567", 7), "1234567");
    assert_string_equal(umm_escape(out, 8, "12345678", 8), "1234...");
    assert_string_equal(umm_escape(out, 8, "12345\n", 6), "12345\\n");
    assert_string_equal(umm_escape(out, 8, "123456\n", 7), "1234...");
    assert_string_equal(umm_escape(out, 8, "123\n567", 7), "123...");
    assert_string_equal(umm_escape(out, 8, "12\xe2\x82\xac\xe2\x82\xac", 8), "12...");
    assert_string_equal(umm_escape(out, 4, "1234", 4), "...");
    assert_string_equal(umm_escape(out, 4, "123", 3), "123");
    assert_string_equal(umm_escape(out, 3, "123", 3), "");
    assert_string_equal(umm_escape(out, 1, "", 0), "");
    out[0] = '#';
    umm_escape(out, 0, "1", 1);
    assert_int_equal(out[0], '#');
}

/* Printable in every case, within its room, and cut exactly when it must be. */
static void test_random_bytes_in_every_room(void **state)
{
    static const char bytes[] =
        "ab\"\\\t\n\x01\x7f\xc2\x9b\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff";
    (void)state;
    for (int n = 0; n < 20000; n++) {
        char text[24], whole[128], out[128];
        size_t len = next_random() % sizeof text, cap = 1 + next_random() % 64;
        for (size_t i = 0; i < len; i++)
            text[i] = bytes[next_random() % sizeof bytes];
        umm_escape(whole, sizeof whole, text, len);
        memset(out, '#', sizeof out);
        umm_escape(out, cap, text, len);
        size_t n_out = strnlen(out, cap);
        assert_true(n_out < cap);
        for (size_t i = cap; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
        for (size_t i = 0; i < n_out;) {
            uint32_t point;
            size_t step = umm_utf8_decode(out + i, n_out - i, &point);
            assert_true(step && point >= 0x20 && (point < 0x7f || point > 0x9f));
            i += step;
        }
        if (strlen(whole) < cap) {
            assert_string_equal(out, whole);
        } else if (cap > 3) {
            assert_string_equal(out + n_out - 3, "...");
            assert_memory_equal(out, whole, n_out - 3);
        }
    }
}

static void test_utf8_both_ways(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110100; point++) {
        char text[4];
        uint32_t back = ~point;
        size_t n = umm_utf8_encode(point, text);
        bool is_character = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        assert_int_equal(n > 0, is_character);
        if (!n)
            continue;
        assert_int_equal(umm_utf8_decode(text, n, &back), n);
        assert_int_equal(back, point);
        assert_int_equal(umm_utf8_decode(text, n - 1, &back), 0);
    }
}

static void test_statuses_have_names(void **state)
{
    (void)state;
    for (int a = 0; a <= UMM_ERR_ABSENT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(umm_status_name((enum umm_status)a),
                                    umm_status_name((enum umm_status)b));
    assert_string_equal(umm_status_name(UMM_OK), "ok");
    assert_string_equal(umm_version(), UMM_VERSION);
}

#if UMM_VERSION_NUMBER < 100 || UMM_VERSION_MAJOR > 99
#error "the version is no number for #if"
#endif

static void test_version_numbers_are_those_of_the_text(void **state)
{
    char text[32];
    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", UMM_VERSION_NUMBER / 10000,
             UMM_VERSION_NUMBER / 100 % 100, UMM_VERSION_NUMBER % 100);
    assert_string_equal(text, UMM_VERSION);
}

static void test_an_error_as_text(void **state)
{
    struct umm_error err;
    char text[UMM_ERROR_TEXT_MAX], wide[UMM_ERROR_PATH_MAX];
    (void)state;
    umm_error_set_errno(&err, ENOENT, "a\nb.npy", "cannot open");
    assert_string_equal(umm_error_text(&err, text, sizeof text),
                        "a\\nb.npy: cannot open: No such file or directory");
    umm_error_set(&err, UMM_ERR_DATA, "not a number: \"x\"");
    assert_string_equal(umm_error_text(&err, text, sizeof text), "not a number: \"x\"");
    umm_error_at(&err, "b.csv", 17, 3, 99);
    assert_string_equal(umm_error_text(&err, text, sizeof text), "b.csv:17:3: not a number: \"x\"");
    umm_error_at(&err, "b.csv", 17, 0, 99);
    assert_string_equal(umm_error_text(&err, text, sizeof text), "b.csv:17: not a number: \"x\"");
    /* Cut where there is no room, to the last byte. */
    for (size_t cap = 1; cap < 32; cap++) {
        memset(text, 'x', sizeof text);
        umm_error_text(&err, text, cap);
        assert_int_equal(strlen(text), cap - 1 < 27 ? cap - 1 : 27);
        assert_int_equal(text[cap], 'x');
    }
    /* The longest there is has room. */
    memset(wide, '\x01', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    umm_error_set_errno(&err, ENOENT, wide, "cannot open");
    err.line = err.column = UINT64_MAX;
    memset(err.message, 'm', sizeof err.message - 1);
    umm_error_text(&err, text, sizeof text);
    assert_non_null(strstr(text, "mm: No such file or directory"));
}

static void test_each_call_fills_all_of_it(void **state)
{
    struct umm_error err;
    (void)state;
    memset(&err, 0xaa, sizeof err);
    assert_int_equal(umm_error_set(&err, UMM_ERR_DATA, "%d of %s", 3, "them"), UMM_ERR_DATA);
    assert_int_equal(err.status, UMM_ERR_DATA);
    assert_string_equal(err.message, "3 of them");
    assert_string_equal(err.path, "");
    assert_int_equal(err.sys_errno, 0);
    assert_int_equal(err.line | err.column | err.byte, 0);

    umm_error_at(&err, "a.csv", 17, 3, 240);
    assert_int_equal(err.status, UMM_ERR_DATA);
    assert_string_equal(err.message, "3 of them");
    assert_string_equal(err.path, "a.csv");
    assert_int_equal(err.line, 17);
    assert_int_equal(err.column, 3);
    assert_int_equal(err.byte, 240);

    assert_int_equal(umm_error_set_errno(&err, ENOSPC, "b.npy", "cannot write"), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_string_equal(err.path, "b.npy");
    assert_string_equal(err.message, "cannot write");
    assert_int_equal(err.line | err.column | err.byte, 0);

    assert_int_equal(umm_error_hint_at(&err, UMM_ERR_SYSTEM, UMM_HINT_TYPE, "f8", NULL),
                     UMM_ERR_SYSTEM);
    assert_int_equal(err.hint, UMM_HINT_TYPE);
    assert_string_equal(err.hint_values[0], "f8");
    assert_string_equal(err.hint_values[1], "");
    assert_string_equal(err.message, "cannot write");
    umm_error_at(&err, "c", 1, 2, 3);
    assert_int_equal(err.hint, UMM_HINT_TYPE);

    assert_int_equal(umm_error_set_path(&err, UMM_ERR_BUSY, "c", "%%%s", "n"), UMM_ERR_BUSY);
    assert_string_equal(err.message, "%n");
    assert_int_equal(err.hint, UMM_HINT_NONE);
    assert_int_equal(umm_error_set_memory(&err, 12, "a row"), UMM_ERR_MEMORY);
    assert_string_equal(err.message, "out of memory: 12 bytes for a row");
    assert_int_equal(umm_error_set_cancelled(&err), UMM_ERR_CANCELLED);
}

static void test_nobody_need_listen(void **state)
{
    (void)state;
    assert_int_equal(umm_error_set(NULL, UMM_ERR_DATA, "x"), UMM_ERR_DATA);
    assert_int_equal(umm_error_set_path(NULL, UMM_ERR_DATA, "p", "x"), UMM_ERR_DATA);
    assert_int_equal(umm_error_set_errno(NULL, EIO, "p", "x"), UMM_ERR_SYSTEM);
    assert_int_equal(umm_error_set_memory(NULL, 1, "x"), UMM_ERR_MEMORY);
    assert_int_equal(umm_error_set_cancelled(NULL), UMM_ERR_CANCELLED);
    assert_int_equal(umm_error_hint(NULL, UMM_ERR_DATA, UMM_HINT_TYPE), UMM_ERR_DATA);
    umm_error_at(NULL, "p", 1, 2, 3);
}

static void test_long_paths_keep_their_end(void **state)
{
    char path[2 * UMM_ERROR_PATH_MAX];
    struct umm_error err;
    (void)state;
    for (size_t len = UMM_ERROR_PATH_MAX - 4; len < sizeof path; len++) {
        for (size_t i = 0; i < len; i++)
            path[i] = (char)('a' + i % 26);
        path[len] = '\0';
        umm_error_set_path(&err, UMM_ERR_DATA, path, "x");
        if (len < UMM_ERROR_PATH_MAX) {
            assert_string_equal(err.path, path);
            continue;
        }
        assert_int_equal(strlen(err.path), UMM_ERROR_PATH_MAX - 1);
        assert_memory_equal(err.path, "...", 3);
        assert_string_equal(err.path + 3, path + len - (UMM_ERROR_PATH_MAX - 4));
    }
    umm_error_set_path(&err, UMM_ERR_DATA, NULL, "x");
    assert_string_equal(err.path, "");
}

static void test_long_messages_are_cut(void **state)
{
    struct umm_error err;
    (void)state;
    umm_error_set(&err, UMM_ERR_DATA, "%0600d", 7);
    assert_int_equal(strlen(err.message), UMM_ERROR_MESSAGE_MAX - 1);
}

static void test_a_line_takes_what_fits(void **state)
{
    char line[] = "0123456789";
    (void)state;
    line[0] = '\0';
    umm_line_add(line, sizeof line - 2, "%s-%d", "ab", 7);
    assert_string_equal(line, "ab-7");
    for (int i = 0; i < 3; i++) {
        umm_line_add(line, sizeof line - 2, "%s", "xyzuvw");
        assert_string_equal(line, "ab-7xyzu");
    }
    assert_memory_equal(line + 9, "9", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_what_does_not_fit_is_cut),
        cmocka_unit_test(test_random_bytes_in_every_room),
        cmocka_unit_test(test_utf8_both_ways),
        cmocka_unit_test(test_statuses_have_names),
        cmocka_unit_test(test_version_numbers_are_those_of_the_text),
        cmocka_unit_test(test_an_error_as_text),
        cmocka_unit_test(test_each_call_fills_all_of_it),
        cmocka_unit_test(test_nobody_need_listen),
        cmocka_unit_test(test_long_paths_keep_their_end),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_a_line_takes_what_fits),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
