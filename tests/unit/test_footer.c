/* SPDX-License-Identifier: MIT */
/* All short texts, in pieces of any length, against lines that are counted from the beginning. */
#include "reading/footer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEN_MAX = 7 };

/* Where each line begins; how many there are. */
static size_t find_lines(const char *text, size_t len, size_t begins[LEN_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        begins[n++] = at;
        while (at < len && text[at] != '\n' && text[at] != '\r')
            at++;
        at += at + 1 < len && text[at] == '\r' && text[at + 1] == '\n' ? 2 : 1;
    }
    return n;
}

static void check(const char *text, size_t len, size_t n_lines, size_t step)
{
    struct umm_footer footer = {.n_lines = n_lines};
    char out[LEN_MAX + 1], *room;
    size_t begins[LEN_MAX], n_out = 0;
    const size_t n = find_lines(text, len, begins);
    for (size_t at = 0; !footer.is_end;) {
        const size_t some = len - at < step ? len - at : step;
        assert_int_equal(umm_footer_room(&footer, some + 1, &room, NULL), UMM_OK);
        memcpy(room, text + at, some);
        umm_footer_add(&footer, some);
        at += some;
        for (size_t got = 1; got; n_out += got)
            got = umm_footer_take(&footer, out + n_out, step);
    }
    const size_t wanted = n_lines >= n ? 0 : begins[n - n_lines];
    assert_int_equal(n_out, wanted);
    assert_memory_equal(out, text, wanted);
    assert_int_equal(footer.n_left_out, n_lines < n ? n_lines : n);
    umm_footer_free(&footer);
}

static void any_text_loses_its_last_lines(void **state)
{
    static const char alphabet[] = "a\n\r";
    char text[LEN_MAX];
    (void)state;
    for (size_t len = 0, n = 1; len <= LEN_MAX; len++, n *= 3)
        for (size_t k = 0; k < n; k++) {
            for (size_t i = 0, rest = k; i < len; i++, rest /= 3)
                text[i] = alphabet[rest % 3];
            for (size_t n_lines = 1; n_lines <= 3; n_lines++)
                for (size_t step = 1; step <= 4; step++)
                    check(text, len, n_lines, step);
        }
}

static void the_text_may_begin_again(void **state)
{
    struct umm_footer footer = {.n_lines = 1};
    char *room, out[8];
    (void)state;
    assert_int_equal(umm_footer_room(&footer, 8, &room, NULL), UMM_OK);
    memcpy(room, "a\nb\nc", 5);
    umm_footer_add(&footer, 5);
    assert_int_equal(umm_footer_take(&footer, out, sizeof out), 4);
    umm_footer_restart(&footer);
    assert_int_equal(umm_footer_take(&footer, out, sizeof out), 0);
    assert_int_equal(umm_footer_room(&footer, 8, &room, NULL), UMM_OK);
    memcpy(room, "x\ny\n", 4);
    umm_footer_add(&footer, 4);
    umm_footer_add(&footer, 0);
    assert_int_equal(umm_footer_take(&footer, out, sizeof out), 2);
    assert_memory_equal(out, "x\n", 2);
    umm_footer_free(&footer);
    assert_int_equal(footer.n_left_out, 1);
}

static void a_footer_without_end_is_refused(void **state)
{
    struct umm_footer footer = {.n_lines = 1};
    struct umm_error err = {.status = UMM_OK};
    enum umm_status status = UMM_OK;
    char *room;
    (void)state;
    for (int i = 0; !status && i < 64; i++) {
        status = umm_footer_room(&footer, 1024 * 1024, &room, &err);
        if (status)
            break;
        memset(room, 'x', 1024 * 1024);
        umm_footer_add(&footer, 1024 * 1024);
    }
    assert_int_equal(status, UMM_ERR_DATA);
    assert_string_equal(err.message, "the lines to pass over at the end are longer than 16 MiB");
    umm_footer_free(&footer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_loses_its_last_lines),
        cmocka_unit_test(the_text_may_begin_again),
        cmocka_unit_test(a_footer_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
