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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_number_and_a_unit),
        cmocka_unit_test(test_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
