/* SPDX-License-Identifier: MIT */
/* What is printed is read back by Python's json module. */
#include "format/json.h"

#include "random.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *print(struct umm_json *json, bool is_compact)
{
    char *text = NULL;
    size_t len = 0;
    struct umm_error err = {0};
    if (umm_json_finish(json, is_compact, &text, &len, &err) != UMM_OK)
        fail_msg("%s", err.message);
    assert_int_equal(strlen(text), len);
    assert_int_equal(text[len - 1], '\n');
    return text;
}

static void assert_prints(struct umm_json *json, bool is_compact, const char *expected)
{
    char *text = print(json, is_compact);
    assert_string_equal(text, expected);
    free(text);
}

static void test_documents_are_printed_in_order(void **state)
{
    struct umm_json *json = umm_json_new();
    (void)state;
    umm_json_put_text(json, "z", "last letter");
    struct umm_json *child = umm_json_put_object(json, "a");
    umm_json_put_bool(child, "yes", true);
    umm_json_put_bool(child, "no", false);
    for (int i = 0; i < 2; i++)
        umm_json_put_integer(umm_json_add_object(json, "list"), "i", i);
    umm_json_put_text(json, "none", NULL);
    assert_prints(json, true,
                  "{\"z\":\"last letter\",\"a\":{\"yes\":true,\"no\":false},"
                  "\"list\":[{\"i\":0},{\"i\":1}],\"none\":null}\n");
    assert_prints(umm_json_new(), true, "{}\n");
    json = umm_json_new();
    umm_json_add_integer(json, "shape", 3);
    umm_json_add_integer(json, "shape", -8);
    assert_prints(json, true, "{\"shape\":[3,-8]}\n");
    json = umm_json_new();
    umm_json_put_count(umm_json_put_object(json, "o"), "n", 7);
    assert_prints(json, false, "{\n  \"o\": {\n    \"n\": 7\n  }\n}\n");
}

static void test_numbers_at_their_ends(void **state)
{
    struct umm_json *json = umm_json_new();
    (void)state;
    umm_json_put_integer(json, "a", INT64_MIN);
    umm_json_put_integer(json, "b", INT64_MAX);
    umm_json_put_count(json, "c", UINT64_MAX - 1);
    umm_json_put_count(json, "d", 0);
    umm_json_put_real(json, "e", NAN);
    umm_json_put_real(json, "f", INFINITY);
    umm_json_put_real(json, "g", -INFINITY);
    umm_json_put_real(json, "h", 0.1);
    umm_json_put_real(json, "i", 3600);
    umm_json_put_count(json, "j", UINT64_MAX);
    assert_prints(json, true,
                  "{\"a\":-9223372036854775808,\"b\":9223372036854775807,"
                  "\"c\":9223372036854775807,\"d\":0,\"e\":null,\"f\":null,\"g\":null,"
                  "\"h\":0.1,\"i\":3600.0,\"j\":null}\n");
}

static void test_the_last_of_two_values_stays(void **state)
{
    struct umm_json *json = umm_json_new();
    (void)state;
    umm_json_put_text(json, "k", "one");
    umm_json_put_real(json, "k", 2);
    assert_prints(json, true, "{\"k\":2.0}\n");
}

static void test_without_a_document_nothing_happens(void **state)
{
    struct umm_error err = {0};
    char *text = NULL;
    size_t len;
    (void)state;
    umm_json_put_text(NULL, "k", "v");
    umm_json_put_text(NULL, "k", "\xff");
    umm_json_put_integer(NULL, "k", 1);
    umm_json_put_count(NULL, "k", 1);
    umm_json_put_real(NULL, "k", 1);
    umm_json_put_bool(NULL, "k", true);
    assert_null(umm_json_put_object(NULL, "k"));
    assert_null(umm_json_add_object(NULL, "k"));
    assert_int_equal(umm_json_finish(NULL, true, &text, &len, &err), UMM_ERR_MEMORY);
    assert_null(text);
}

static void test_a_failure_is_remembered(void **state)
{
    struct umm_json *json = umm_json_new(), *child = umm_json_put_object(json, "o");
    char *text = NULL;
    size_t len;
    (void)state;
    umm_json_put_text(child, "not \xff UTF-8", "v");
    umm_json_put_text(json, "fine", "v");
    assert_int_equal(umm_json_finish(json, true, &text, &len, NULL), UMM_ERR_MEMORY);
    json = umm_json_new();
    umm_json_put_bool(json, "list", true);
    assert_null(umm_json_add_object(json, "list"));
    assert_int_equal(umm_json_finish(json, true, &text, &len, NULL), UMM_ERR_MEMORY);
}

/* ---- in parts ---- */

static struct umm_json *put_head(struct umm_json *json)
{
    umm_json_put_text(json, "tool", "a[b]{c}\n");
    return json;
}

static struct umm_json *put_item(struct umm_json *item, int i)
{
    umm_json_put_text(item, "path", i % 2 ? "[\xc2\x9b" : "stray \xff");
    umm_json_put_integer(umm_json_put_object(item, "deep"), "i", i);
    umm_json_add_integer(item, "list", i);
    return item;
}

static struct umm_json *put_tail(struct umm_json *json)
{
    umm_json_put_count(umm_json_put_object(json, "total"), "n", 7);
    umm_json_put_bool(json, "failed", false);
    return json;
}

static void append(char *whole, size_t cap, enum umm_status status, char *text, size_t len)
{
    assert_int_equal(status, UMM_OK);
    assert_int_equal(strlen(text), len);
    assert_true(strlen(whole) + len < cap);
    strcat(whole, text);
    free(text);
}

static void test_parts_are_the_whole(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        char whole[2000] = "", *text = NULL;
        size_t len = 0;
        enum umm_status status = umm_json_finish_head(put_head(umm_json_new()), &text, &len, NULL);
        append(whole, sizeof whole, status, text, len);
        for (int i = 0; i < n; i++) {
            status = umm_json_finish_item(put_item(umm_json_new(), i), "files", i == 0, &text, &len,
                                          NULL);
            append(whole, sizeof whole, status, text, len);
        }
        status = umm_json_finish_tail(put_tail(umm_json_new()), n > 0, &text, &len, NULL);
        append(whole, sizeof whole, status, text, len);
        struct umm_json *json = put_head(umm_json_new());
        for (int i = 0; i < n; i++)
            put_item(umm_json_add_object(json, "files"), i);
        assert_prints(put_tail(json), false, whole);
    }
}

static void test_parts_fail_as_the_whole(void **state)
{
    char *text = NULL;
    size_t len;
    (void)state;
    for (int is_null = 0; is_null < 2; is_null++) {
        struct umm_json *bad[3] = {NULL};
        for (int i = 0; !is_null && i < 3; i++) {
            bad[i] = umm_json_new();
            umm_json_put_text(bad[i], "not \xff UTF-8", "v");
        }
        assert_int_equal(umm_json_finish_head(bad[0], &text, &len, NULL), UMM_ERR_MEMORY);
        assert_int_equal(umm_json_finish_item(bad[1], "k", true, &text, &len, NULL),
                         UMM_ERR_MEMORY);
        assert_int_equal(umm_json_finish_tail(bad[2], true, &text, &len, NULL), UMM_ERR_MEMORY);
        assert_null(text);
    }
}

/* ---- against Python ---- */

static uint64_t next_random(void)
{
    static uint64_t x = RANDOM_SEED;
    return xorshift64(&x);
}

/* Reads documents, one in each line, and the bytes of the value of "s" in hexadecimal. */
static const char oracle[] =
    "/usr/bin/python3 -c '\n"
    "import sys, json\n"
    "for line in sys.stdin.buffer:\n"
    "    doc = json.loads(line)\n"
    "    want = bytes.fromhex(doc[\"hex\"])\n"
    "    got = doc[\"s\"]\n"
    "    out, i = \"\", 0\n"
    "    while i < len(want):\n"
    "        for n in (1, 2, 3, 4):\n"
    "            try:\n"
    "                out += want[i:i + n].decode(\"utf-8\")\n"
    "                break\n"
    "            except UnicodeDecodeError:\n"
    "                pass\n"
    "        else:\n"
    "            out += chr(0xfffd)\n"
    "            n = 1\n"
    "        i += n\n"
    "    assert out == got, (want, got)\n"
    "    real = float.fromhex(doc[\"realhex\"])\n"
    "    assert abs(doc[\"real\"] - real) <= abs(real) * 1e-11, (doc[\"real\"], real)\n"
    "    assert doc[\"int\"] == int(doc[\"inttext\"])\n"
    "'";

static void test_no_control_character_is_printed(void **state)
{
    struct umm_json *object = umm_json_new();
    struct umm_error err = {.status = UMM_OK};
    char *text = NULL;
    size_t len = 0;
    (void)state;
    umm_json_put_text(object, "a", "\x1b[2J\x7f\xc2\x80\xc2\x9f\xc2\xa0\xc3\x80.");
    umm_json_put_text(object, "\xc2\x9b", "\x7f");
    assert_int_equal(umm_json_finish(object, true, &text, &len, &err), UMM_OK);
    assert_string_equal(text, "{\"a\":\"\\u001B[2J\\u007F\\u0080\\u009F\xc2\xa0\xc3\x80.\","
                              "\"\\u009B\":\"\\u007F\"}\n");
    assert_int_equal(len, strlen(text));
    free(text);
}

static void test_odd_texts_and_numbers_return_from_python(void **state)
{
    static const char bytes[] =
        "ab\"\\/"
        "\t\n\r\b\f\x01\x1f\x7f{}[]:,\xc2\x9b\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xed\xa0";
    (void)state;
    if (access("/usr/bin/python3", X_OK) != 0)
        skip();
    FILE *out = popen(oracle, "w");
    assert_non_null(out);
    for (int n = 0; n < 3000; n++) {
        char text[32], number[64];
        char hex[2 * sizeof text + 1] = "";
        size_t len = next_random() % (sizeof text - 1);
        for (size_t i = 0; i < len; i++) {
            text[i] = bytes[next_random() % (sizeof bytes - 1)];
            snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
        }
        text[len] = '\0';
        struct umm_json *json = umm_json_new();
        umm_json_put_text(json, "s", text);
        umm_json_put_text(json, "hex", hex);
        double real = ldexp((double)(int64_t)next_random(), (int)(next_random() % 1900) - 1000);
        snprintf(number, sizeof number, "%a", real);
        umm_json_put_text(json, "realhex", number);
        umm_json_put_real(json, "real", real);
        int64_t integer = (int64_t)next_random() >> next_random() % 64;
        snprintf(number, sizeof number, "%" PRId64, integer);
        umm_json_put_text(json, "inttext", number);
        umm_json_put_integer(json, "int", integer);
        char *document = print(json, true);
        assert_ptr_equal(strchr(document, '\n') + 1, strchr(document, '\0'));
        fputs(document, out);
        free(document);
    }
    assert_int_equal(pclose(out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_are_printed_in_order),
        cmocka_unit_test(test_numbers_at_their_ends),
        cmocka_unit_test(test_the_last_of_two_values_stays),
        cmocka_unit_test(test_without_a_document_nothing_happens),
        cmocka_unit_test(test_a_failure_is_remembered),
        cmocka_unit_test(test_parts_are_the_whole),
        cmocka_unit_test(test_parts_fail_as_the_whole),
        cmocka_unit_test(test_no_control_character_is_printed),
        cmocka_unit_test(test_odd_texts_and_numbers_return_from_python),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
