/* SPDX-License-Identifier: MIT */
#include "predict/service_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guarded.h"

enum { WIDTH = 3 };

static struct umm_service_line line;
static double numbers[WIDTH];

/* Read a text of which nothing may be touched beyond its ends. */
static void read_bytes(const char *text, size_t len)
{
    struct guarded guarded = guarded_open(len);
    umm_service_line_read(guarded_copy(&guarded, text, len), len, WIDTH, numbers, &line);
    guarded_close(&guarded);
}

static void read_text(const char *text)
{
    read_bytes(text, strlen(text));
}

static void read_key(const char *text)
{
    const size_t len = strlen(text);
    struct guarded guarded = guarded_open(len);
    umm_service_line_read_key(guarded_copy(&guarded, text, len), len, &line);
    guarded_close(&guarded);
}

static bool has_id(const struct umm_service_id *id, const char *text)
{
    return id->len_bytes == strlen(text) && memcmp(id->text, text, id->len_bytes) == 0;
}

static void is_refused(const char *text, enum umm_service_word word, uint64_t number,
                       const char *id)
{
    read_text(text);
    assert_int_equal(line.kind, UMM_SERVICE_LINE_REFUSED);
    assert_int_equal(line.word, word);
    assert_int_equal(line.number, number);
    assert_true(has_id(&line.id, id));
}

static void a_question_is_an_id_and_numbers(void **state)
{
    (void)state;
    read_text("BTC,1,-2.5e3,.5");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_ROW);
    assert_true(has_id(&line.id, "BTC"));
    assert_true(numbers[0] == 1 && numbers[1] == -2500 && numbers[2] == 0.5);
    read_text("\"a,\"\"b\",NaN,-INF,1e999\r");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_ROW);
    assert_true(has_id(&line.id, "a,\"b"));
    assert_true(isnan(numbers[0]) && numbers[1] == -(double)INFINITY &&
                numbers[2] == (double)INFINITY);
    read_text("x,-1e999,+inf,-0");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_ROW);
    assert_true(numbers[0] == -(double)INFINITY && numbers[1] == (double)INFINITY);
    assert_true(signbit(numbers[2]));
}

/* Fields are read many at a time: each as if it were alone, at any place, in rows of any length. */
static void long_rows_are_read_as_each_number_is(void **state)
{
    (void)state;
    enum { FIELDS_MAX = 150, TEXT_MAX = 32 };
    static const char *const fields[] = {"0",        "-0.0",       "1.5",
                                         "-1.23456", "12345678.9", "0.1234567890123456789",
                                         "+7",       "1e-7",       "123456789012345",
                                         ".5",       "5.",         "9007199254740993",
                                         "-98.7654"};
    enum { N_FIELDS = sizeof fields / sizeof *fields };
    static double many[FIELDS_MAX];
    char text[8 + FIELDS_MAX * TEXT_MAX];
    for (size_t n = 1; n <= FIELDS_MAX; n++) {
        const size_t n_bad = n % 3 ? 0 : 1 + n * 7 / 9 % n;
        size_t len = (size_t)(n % 2 ? snprintf(text, sizeof text, "i")
                                    : snprintf(text, sizeof text, "a longer id"));
        for (size_t i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, ",%s",
                                    i + 1 == n_bad ? "1.2.3" : fields[(n + i * 5) % N_FIELDS]);
        struct guarded guarded = guarded_open(len);
        umm_service_line_read(guarded_copy(&guarded, text, len), len, n, many, &line);
        guarded_close(&guarded);
        assert_int_equal(line.kind, n_bad ? UMM_SERVICE_LINE_REFUSED : UMM_SERVICE_LINE_ROW);
        assert_int_equal(line.number, n_bad);
        for (size_t i = 0; i < (n_bad ? n_bad - 1 : n); i++) {
            const char *field = fields[(n + i * 5) % N_FIELDS];
            double alone;
            assert_int_equal(umm_num_parse_f64(field, strlen(field), '.', &alone), UMM_NUM_OK);
            assert_memory_equal(&many[i], &alone, sizeof alone);
        }
    }
}

static void what_is_wrong_has_a_word_and_a_place(void **state)
{
    (void)state;
    is_refused("", UMM_SERVICE_ID, 0, "");
    is_refused("\r", UMM_SERVICE_ID, 0, "");
    is_refused(",1,2,3", UMM_SERVICE_ID, 0, "");
    is_refused("\"\",1,2,3", UMM_SERVICE_ID, 0, "");
    is_refused("\"a", UMM_SERVICE_ID, 0, "");
    is_refused("\"", UMM_SERVICE_ID, 0, "");
    is_refused("\"a\"\"", UMM_SERVICE_ID, 0, "");
    is_refused("\"a\"b,1,2,3", UMM_SERVICE_ID, 0, "");
    is_refused("a\"b\",1,2,3", UMM_SERVICE_ID, 0, "");
    is_refused("a\x7f,1,2,3", UMM_SERVICE_ID, 0, "");
    is_refused("a", UMM_SERVICE_FIELDS, 0, "a");
    is_refused("a,", UMM_SERVICE_FIELDS, 1, "a");
    is_refused("a,x,y", UMM_SERVICE_FIELDS, 2, "a");
    is_refused("a,1,2,3,", UMM_SERVICE_FIELDS, 4, "a");
    is_refused("a,1,x,y", UMM_SERVICE_NUMBER, 2, "a");
    is_refused("a,1,2,", UMM_SERVICE_NUMBER, 3, "a");
    is_refused("a,1,2,3\r\r", UMM_SERVICE_NUMBER, 3, "a");
    is_refused("a,1,2,0x1", UMM_SERVICE_NUMBER, 3, "a");
    is_refused("a,1,2,na", UMM_SERVICE_NUMBER, 3, "a");
}

static void ids_have_a_longest(void **state)
{
    (void)state;
    char text[2 * UMM_SERVICE_ID_MAX + 16];
    for (size_t n = UMM_SERVICE_ID_MAX - 1; n <= UMM_SERVICE_ID_MAX + 1; n++) {
        const enum umm_service_line_kind kind =
            n <= UMM_SERVICE_ID_MAX ? UMM_SERVICE_LINE_ROW : UMM_SERVICE_LINE_REFUSED;
        memset(text, 'x', n);
        memcpy(text + n, ",1,2,3", 6);
        read_bytes(text, n + 6);
        assert_int_equal(line.kind, kind);
        assert_int_equal(line.id.len_bytes, kind == UMM_SERVICE_LINE_ROW ? n : 0);
        /* As many quotes, each written twice. */
        memset(text, '"', 2 * n + 2);
        memcpy(text + 2 * n + 2, ",1,2,3", 6);
        read_bytes(text, 2 * n + 8);
        assert_int_equal(line.kind, kind);
        assert_int_equal(line.id.len_bytes, kind == UMM_SERVICE_LINE_ROW ? n : 0);
    }
}

static void commands_are_few(void **state)
{
    (void)state;
    read_text("!version");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_VERSION);
    read_text("!stats\r");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_STATS);
    read_text("!f4 32");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_RAW);
    assert_int_equal(line.number, 32);
    static const char *const counts[] = {"!f4 x", "!f4 -1", "!f4 1234567890123456789", "!f4  1"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        read_text(counts[i]);
        assert_int_equal(line.kind, UMM_SERVICE_LINE_RAW);
        assert_true(line.number == UINT64_MAX);
    }
    is_refused("!", UMM_SERVICE_COMMAND, 0, "");
    is_refused("!f4", UMM_SERVICE_COMMAND, 0, "");
    is_refused("!f4 ", UMM_SERVICE_COMMAND, 0, "");
    is_refused("!stats ", UMM_SERVICE_COMMAND, 0, "");
    is_refused("!version,1,2,3", UMM_SERVICE_COMMAND, 0, "");
}

static void keys_are_ids_unless_they_are_said(void **state)
{
    (void)state;
    read_key("BTC");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_ROW);
    assert_true(has_id(&line.id, "BTC") && has_id(&line.key, "BTC"));
    read_key("7,\"x,y\"\r");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_ROW);
    assert_true(has_id(&line.id, "7") && has_id(&line.key, "x,y"));
    read_key("7,");
    assert_int_equal(line.word, UMM_SERVICE_ID);
    assert_true(has_id(&line.id, "7"));
    read_key("7,a,b,c");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_REFUSED);
    assert_int_equal(line.word, UMM_SERVICE_FIELDS);
    assert_int_equal(line.number, 4);
    read_key("!stats");
    assert_int_equal(line.kind, UMM_SERVICE_LINE_STATS);
}

static void the_beginning_of_a_line_tells_an_id_that_has_ended(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id;
    } cases[] = {{"a,1,2", "a"}, {"a,", "a"},     {"a", ""},   {"", ""},    {"\"a,b\",", "a,b"},
                 {"\"a\"", ""},  {"\"a,1,2", ""}, {"!f4", ""}, {"!a,1", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        umm_service_line_refuse(cases[i].text, strlen(cases[i].text), UMM_SERVICE_HALF, &line);
        assert_int_equal(line.kind, UMM_SERVICE_LINE_REFUSED);
        assert_int_equal(line.word, UMM_SERVICE_HALF);
        assert_true(has_id(&line.id, cases[i].id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_an_id_and_numbers),
        cmocka_unit_test(long_rows_are_read_as_each_number_is),
        cmocka_unit_test(what_is_wrong_has_a_word_and_a_place),
        cmocka_unit_test(ids_have_a_longest),
        cmocka_unit_test(commands_are_few),
        cmocka_unit_test(keys_are_ids_unless_they_are_said),
        cmocka_unit_test(the_beginning_of_a_line_tells_an_id_that_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
