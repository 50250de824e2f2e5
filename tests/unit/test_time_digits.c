/* SPDX-License-Identifier: MIT */
#include "time/time_digits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *time_of(const struct umm_time_meaning *meaning)
{
    static char iso[UMM_TIME_ISO_MAX];
    if (!meaning->has_time)
        return "none";
    umm_time_format_iso(meaning->time, iso);
    return iso;
}

static void assert_text(const char *got, const char *want)
{
    assert_string_equal(got ? got : "none", want ? want : "none");
}

static void numbers_have_the_meanings_of_common_forms(void **state)
{
    static const struct {
        const char *text, *name, *format, *unit, *time;
    } cases[] = {
        {"2024123122", "YYYYMMDDHH", "%Y%m%d%H", NULL, "2024-12-31T22:00:00Z"},
        {"2024123124", "YYYYMMDDHH", "%Y%m%d%H", NULL, "none"},
        {"2024123125.00", "YYYYMMDDHH", NULL, NULL, "none"},
        {"2024023022", "YYYYMMDDHH", "%Y%m%d%H", NULL, "none"},
        {"2.024123122000000000e+09", "YYYYMMDDHH", NULL, NULL, "2024-12-31T22:00:00Z"},
        {"2024123122e0", "YYYYMMDDHH", NULL, NULL, "2024-12-31T22:00:00Z"},
        {"+2024123122", "YYYYMMDDHH", NULL, NULL, "2024-12-31T22:00:00Z"},
        {"02024123122", "YYYYMMDDHH", NULL, NULL, "2024-12-31T22:00:00Z"},
        {"2401020930", "YYMMDDhhmm", "%y%m%d%H%M", NULL, "2024-01-02T09:30:00Z"},
        {"0501020930", "YYMMDDhhmm", "%y%m%d%H%M", NULL, "2005-01-02T09:30:00Z"},
        {"501020930", "YYMMDDhhmm", "%-y%m%d%H%M", NULL, "2005-01-02T09:30:00Z"},
        {"202401020930", "YYYYMMDDhhmm", "%Y%m%d%H%M", NULL, "2024-01-02T09:30:00Z"},
        {"170306093000", "YYMMDDhhmmss", "%y%m%d%H%M%S", NULL, "2017-03-06T09:30:00Z"},
        {"50306093000", "YYMMDDhhmmss", "%-y%m%d%H%M%S", NULL, "2005-03-06T09:30:00Z"},
        {"991231235959", "YYMMDDhhmmss", "%y%m%d%H%M%S", NULL, "1999-12-31T23:59:59Z"},
        {"991231235959.5", "YYMMDDhhmmss", "%y%m%d%H%M%S%.f", NULL, "1999-12-31T23:59:59.500Z"},
        {"2024002093000.250", "YYYYDDDhhmmss", "%Y%j%H%M%S%.f", NULL, "2024-01-02T09:30:00.250Z"},
        {"2034366123000", "YYYYDDDhhmmss", "%Y%j%H%M%S", NULL, "2035-01-01T12:30:00Z"},
        {"991231235959250", "YYMMDDhhmmss and milliseconds", "%y%m%d%H%M%S%f", NULL,
         "1999-12-31T23:59:59.250Z"},
        {"2024010209300050", "YYYYMMDDhhmmss and a fraction", "%Y%m%d%H%M%S%f", NULL,
         "2024-01-02T09:30:00.500Z"},
        {"20240102093000123456", "YYYYMMDDhhmmss and microseconds", "%Y%m%d%H%M%S%f", NULL,
         "2024-01-02T09:30:00.123456Z"},
        {"637450650000000000", ".NET ticks", NULL, "ticks", "2021-01-01T02:30:00Z"},
        {"44197", "a spreadsheet's day", NULL, "excel", "2021-01-01T00:00:00Z"},
        {"44197.395833", "a spreadsheet's day", NULL, "excel", "2021-01-01T00:00:00Z"}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct umm_time_meaning meaning = {.name = NULL};
        if (!umm_time_digits_meaning(cases[i].text, strlen(cases[i].text), &meaning))
            fail_msg("\"%s\" has no meaning", cases[i].text);
        assert_string_equal(meaning.name, cases[i].name);
        assert_text(meaning.format, cases[i].format);
        assert_text(meaning.unit, cases[i].unit);
        assert_string_equal(time_of(&meaning), cases[i].time);
    }
}

static void other_numbers_have_none(void **state)
{
    static const char *const texts[] = {"",
                                        "soon",
                                        "1577836800",
                                        "2024123126",
                                        "2024133122",
                                        "2024003122",
                                        "1899123122",
                                        "2113010100",
                                        "2024123122.5",
                                        "-44197",
                                        "2.0241231e9",
                                        "1577836800000",
                                        "29220",
                                        "73051000",
                                        "20240102093060000000000000",
                                        "999999999",
                                        "1735689600000000000"};
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct umm_time_meaning meaning;
        if (umm_time_digits_meaning(texts[i], strlen(texts[i]), &meaning))
            fail_msg("\"%s\" could be %s", texts[i], meaning.name);
    }
}

static bool is_ambiguous(int64_t number)
{
    char text[32];
    return umm_time_is_ambiguous(text,
                                 (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

/* Of the epochs of 2010 to 2029: one in two hundred in seconds, none in a finer unit. */
static void epochs_are_seldom_ambiguous(void **state)
{
    const int64_t first = 1262304000, end = 1893456000, step = 6101;
    int64_t n_seconds = 0;
    (void)state;

    for (int64_t sec = first; sec < end; sec += step) {
        n_seconds += is_ambiguous(sec);
        if (is_ambiguous(sec * 1000) || is_ambiguous(sec * 1000000) ||
            is_ambiguous(sec * 1000000000))
            fail_msg("%lld is ambiguous in a finer unit", (long long)sec);
    }
    assert_in_range((uint64_t)n_seconds, (uint64_t)((end - first) / step / 220),
                    (uint64_t)((end - first) / step / 160));
    assert_true(is_ambiguous(2024123122));
    assert_true(is_ambiguous(637450650000000000));
    assert_false(is_ambiguous(170306093000)); /* a date and nothing else */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_have_the_meanings_of_common_forms),
                                       cmocka_unit_test(other_numbers_have_none),
                                       cmocka_unit_test(epochs_are_seldom_ambiguous)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
