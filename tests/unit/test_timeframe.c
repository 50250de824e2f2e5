/* SPDX-License-Identifier: MIT */
#include "time/timeframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_a_number_and_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t n_seconds, n_months;
        const char *name;
    } good[] = {{"1s", 1, 0, "1s"},
                {"15m", 900, 0, "15m"},
                {"4h", 14400, 0, "4h"},
                {"1d", 86400, 0, "1d"},
                {"1w", 604800, 0, "1w"},
                {"1mo", 0, 1, "1mo"},
                {"12mo", 0, 12, "12mo"},
                {"007m", 420, 0, "7m"},
                {"1200mo", 0, 1200, "1200mo"},
                {"4H", 14400, 0, "4h"},
                {"1D", 86400, 0, "1d"},
                {"1Mo", 0, 1, "1mo"},
                {"1mO", 0, 1, "1mo"},
                {"1MO", 0, 1, "1mo"},
                {"60m", 3600, 0, "60m"},
                {"3155760000s", 3155760000, 0, "3155760000s"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct umm_timeframe got;
        /* What follows the text must not be read as part of it. */
        char text[32];
        size_t len = strlen(good[i].text);
        memcpy(text, good[i].text, len + 1);
        strcpy(text + len, "o1m");
        assert_int_equal(umm_timeframe_parse(text, len, &got, NULL), UMM_OK);
        assert_int_equal(got.n_seconds, good[i].n_seconds);
        assert_int_equal(got.n_months, good[i].n_months);
        assert_string_equal(got.name, good[i].name);
    }
}

static void test_anything_else_is_refused(void **state)
{
    (void)state;
    static const char form[] = "not a timeframe, a number and s, m, h, d, w or mo: \"%s\"";
    static const char years[] = "a timeframe of more than 100 years: \"%s\"";
    static const struct {
        const char *text, *message;
    } bad[] = {{"", form},
               {"m", form},
               {"1", form},
               {"0s", form},
               {"1mon", form},
               {"-1m", form},
               {"1 m", form},
               {"1min", form},
               {"\n1m", form},
               {"1201mo", years},
               {"36526d", years},
               {"3155760001s", years},
               {"9223372036854775808s", years},
               {"1M", "minutes are m and months are mo: \"%s\""},
               {"15M", "minutes are m and months are mo: \"%s\""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct umm_timeframe got = {5, 6, "x"};
        struct umm_error err;
        size_t len = strcspn(bad[i].message, "%");
        const char *text = bad[i].text;
        assert_int_equal(umm_timeframe_parse(text, strlen(text), &got, &err), UMM_ERR_ARGUMENT);
        assert_memory_equal(err.message, bad[i].message, len);
        assert_true(*text == '\n' || strncmp(err.message + len, text, strlen(text)) == 0);
        assert_true(got.n_seconds == 5 && got.n_months == 6 && got.name[0] == 'x');
    }
}

static void test_words_of_vendors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name; /* NULL: none */
    } cases[] = {{"1min", "1m"},      {"5MINS", "5m"},    {"30sec", "30s"}, {"4Hour", "4h"},
                 {"1day", "1d"},      {"2weeks", "2w"},   {"1mon", "1mo"},  {"3months", "3mo"},
                 {"minute", "1m"},    {"hourly", "1h"},   {"daily", "1d"},  {"d", "1d"},
                 {"w", "1w"},         {"monthly", "1mo"}, {"M1", "1m"},     {"m30", "30m"},
                 {"H4", "4h"},        {"D1", "1d"},       {"W1", "1w"},     {"MN", "1mo"},
                 {"MN1", "1mo"},      {"MN12", "12mo"},   {"1m", "1m"},     {"15M", NULL},
                 {"M", NULL},         {"m", NULL},        {"mins", NULL},   {"5daily", NULL},
                 {"", NULL},          {"1", NULL},        {"H", NULL},      {"H4x", NULL},
                 {"0min", NULL},      {"M0", NULL},       {"1 min", NULL},  {"123456789min", NULL},
                 {"M123456789", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_timeframe got = {5, 6, "x"};
        const char *text = cases[i].text;
        const bool is_good = umm_timeframe_parse_word(text, strlen(text), &got);
        assert_int_equal(is_good, cases[i].name != NULL);
        assert_string_equal(got.name, is_good ? cases[i].name : "x");
    }
}

static void test_numbers_of_minutes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {{"1", "1m"},           {"15", "15m"},     {"60", "1h"},     {"90", "90m"},
                 {"240", "4h"},         {"720", "12h"},    {"1440", "1d"},   {"10080", "1w"},
                 {"20160", "2w"},       {"21600", "15d"},  {"43200", "1mo"}, {"0", NULL},
                 {"060", NULL},         {"", NULL},        {"1m", NULL},     {"-1", NULL},
                 {"99999999999", NULL}, {"99999999", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_timeframe got = {5, 6, "x"};
        const char *text = cases[i].text;
        const bool is_good = umm_timeframe_parse_minutes(text, strlen(text), &got);
        assert_int_equal(is_good, cases[i].name != NULL);
        assert_string_equal(got.name, is_good ? cases[i].name : "x");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_number_and_a_unit),
        cmocka_unit_test(test_anything_else_is_refused),
        cmocka_unit_test(test_words_of_vendors),
        cmocka_unit_test(test_numbers_of_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
