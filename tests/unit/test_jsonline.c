/* SPDX-License-Identifier: MIT */
#include "text/jsonline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The members as "key=value;", or what is wrong; the line ends where its memory does. */
static void read_line(const char *line, char *out, size_t cap)
{
    const size_t n = strlen(line);
    char *text = malloc(n + (n == 0)), *room = malloc(n + (n == 0));
    struct umm_jsonline json;
    struct umm_jsonline_member member;
    size_t len = 0;
    assert_non_null(text);
    assert_non_null(room);
    memcpy(text, line, n);
    umm_jsonline_begin(&json, text, n, room);
    while (umm_jsonline_next(&json, &member)) {
        assert_true(len + member.key_bytes + member.value_bytes + 3 < cap);
        memcpy(out + len, member.key, member.key_bytes);
        len += member.key_bytes;
        out[len++] = '=';
        memcpy(out + len, member.value, member.value_bytes);
        len += member.value_bytes;
        out[len++] = ';';
    }
    if (json.wrong) {
        len = strlen(json.wrong);
        memcpy(out, json.wrong, len);
    }
    out[len] = '\0';
    free(text);
    free(room);
}

static void expect(const char *line, const char *wanted)
{
    char out[256];
    read_line(line, out, sizeof out);
    assert_string_equal(out, wanted);
}

static void test_members(void **state)
{
    (void)state;
    expect("{}", "");
    expect(" { } ", "");
    expect("{\"a\":1}", "a=1;");
    expect("{\"a\" : -0.5e+3 , \"b\":\"x\",\"c\":null,\"d\":true,\"\":false}",
           "a=-0.5e+3;b=x;c=null;d=true;=false;");
    expect("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a=\"\\/\b\f\n\r\t;");
    expect("{\"\\u0061\":\"1\\u00e92\\u20ac3\\ud83d\\ude004\"}", "a=1\xc3\xa9"
                                                                 "2\xe2\x82\xac"
                                                                 "3\xf0\x9f\x98\x80"
                                                                 "4;");
}

static void test_wrong(void **state)
{
    static const struct {
        const char *line, *wrong;
    } cases[] = {{"", "an object begins with {"},
                 {"[1]", "an object begins with {"},
                 {"{", "a key in quotes is missing"},
                 {"{a:1}", "a key in quotes is missing"},
                 {"{\"a\":1,}", "a key in quotes is missing"},
                 {"{\"a\" 1}", "a colon is missing"},
                 {"{\"a\":1 \"b\":2}", "a comma or } is missing"},
                 {"{\"a\":1", "a comma or } is missing"},
                 {"{\"a\":1} x", "text after the object"},
                 {"{\"a\":01}", "not a text, number, true, false or null"},
                 {"{\"a\":+1}", "not a text, number, true, false or null"},
                 {"{\"a\":1.}", "not a text, number, true, false or null"},
                 {"{\"a\":1e}", "not a text, number, true, false or null"},
                 {"{\"a\":nan}", "not a text, number, true, false or null"},
                 {"{\"a\":{}}", "not a text, number, true, false or null"},
                 {"{\"a\":\"x", "a text has no end"},
                 {"{\"a\":\"x\\", "a text has no end"},
                 {"{\"a\":\"\t\"}", "a control character in a text"},
                 {"{\"a\":\"\\x\"}", "not an escape of JSON"},
                 {"{\"a\":\"\\u12\"}", "not an escape of JSON"},
                 {"{\"a\":\"\\u12g4\"}", "not an escape of JSON"},
                 {"{\"a\":\"\\ud83d\"}", "not an escape of JSON"},
                 {"{\"a\":\"\\ude00\"}", "not an escape of JSON"},
                 {"{\"a\":\"\\ud83d\\u0041\"}", "not an escape of JSON"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].line, cases[i].wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members),
                                       cmocka_unit_test(test_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
