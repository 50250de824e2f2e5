/* SPDX-License-Identifier: MIT */
/*
 * The oracle for the calendar is the C library's timegm. Every text is parsed
 * from memory that ends at an inaccessible page, so that reading one byte past
 * it crashes.
 */
#include "time/time.h"
#include "time/time_civil.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- texts against a guard page ---- */

static char *room_end;

static int map_room(void **state)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    char *base =
        mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;

    if (base == MAP_FAILED)
        return -1;
    room_end = base + page_bytes;
    return mprotect(room_end, page_bytes, PROT_NONE);
}

static const char *at_guard(const char *text)
{
    size_t len = strlen(text);

    memcpy(room_end - len, text, len);
    return room_end - len;
}

static enum umm_time_result parse(const struct umm_time_spec *spec, const char *text,
                                  struct umm_time *out)
{
    return umm_time_parse(spec, at_guard(text), strlen(text), out);
}

static enum umm_time_result detect(const char *text, struct umm_time_spec *spec)
{
    return umm_time_detect(at_guard(text), strlen(text), spec);
}

static void assert_parses(const struct umm_time_spec *spec, const char *text, int64_t sec,
                          int32_t nsec)
{
    struct umm_time got = {0};
    enum umm_time_result result = parse(spec, text, &got);

    if (result != UMM_TIME_OK)
        fail_msg("\"%s\": %s", text, umm_time_result_text(result));
    if (got.sec != sec || got.nsec != nsec)
        fail_msg("\"%s\": got %lld %d, want %lld %d", text, (long long)got.sec, got.nsec,
                 (long long)sec, nsec);
}

/* The same with the instant written as ISO. */
static void assert_parses_as(const struct umm_time_spec *spec, const char *text, const char *iso)
{
    struct umm_time got = {0};
    char buf[UMM_TIME_ISO_MAX];
    enum umm_time_result result = parse(spec, text, &got);

    if (result != UMM_TIME_OK)
        fail_msg("\"%s\": %s", text, umm_time_result_text(result));
    assert_int_equal(umm_time_format_iso(got, buf), strlen(iso));
    if (strcmp(buf, iso) != 0)
        fail_msg("\"%s\": got %s, want %s", text, buf, iso);
}

static void assert_refuses(const struct umm_time_spec *spec, const char *text,
                           enum umm_time_result result)
{
    struct umm_time got = {-77, -77};
    enum umm_time_result is = parse(spec, text, &got);

    if (is != result)
        fail_msg("\"%s\": got \"%s\", want \"%s\"", text, umm_time_result_text(is),
                 umm_time_result_text(result));
    assert_int_equal(got.sec, -77);
    assert_int_equal(got.nsec, -77);
}

static const struct umm_time_spec iso = {.form = UMM_TIME_FORM_ISO};
static const struct umm_time_spec year_first = {.form = UMM_TIME_FORM_YEAR_FIRST};
static const struct umm_time_spec compact = {.form = UMM_TIME_FORM_COMPACT};

static const struct umm_time_spec by_magnitude = {.form = UMM_TIME_FORM_EPOCH};

static struct umm_time_spec forced(enum umm_time_unit unit)
{
    return (struct umm_time_spec){
        .form = UMM_TIME_FORM_EPOCH, .epoch_unit = unit, .is_unit_forced = true};
}

static struct umm_time_spec pattern(const char *text)
{
    const char *bad = NULL;

    if (!umm_time_pattern_check(text, &bad, NULL))
        fail_msg("pattern \"%s\" is bad at \"%s\"", text, bad);
    return (struct umm_time_spec){.form = UMM_TIME_FORM_PATTERN, .patterns = {text}};
}

static uint64_t random_state = RANDOM_SEED;

static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

/* ---- calendar ---- */

static void days_and_dates_agree_with_timegm(void **state)
{
    const int64_t low = UMM_TIME_SEC_MIN / 86400, high = UMM_TIME_SEC_MAX / 86400;
    (void)state;

    for (int64_t days = low; days <= high; days += 1 + (int64_t)(next_random() % 60)) {
        int64_t year;
        int month, day;
        umm_time_civil_from_days(days, &year, &month, &day);
        struct tm tm = {.tm_year = (int)year - 1900, .tm_mon = month - 1, .tm_mday = day};
        assert_int_equal(timegm(&tm), days * 86400);
        assert_int_equal(tm.tm_mday, day);
        assert_int_equal(umm_time_days_from_civil(year, month, day), days);
    }
}

static void every_day_of_an_era_follows_the_one_before(void **state)
{
    int64_t days = umm_time_days_from_civil(1900, 1, 1);
    (void)state;

    for (int64_t year = 1900; year <= 2300; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= umm_time_days_in_month(year, month); day++)
                assert_int_equal(umm_time_days_from_civil(year, month, day), days++);
        }
    }
}

static void leap_years_are_gregorian(void **state)
{
    (void)state;
    assert_true(umm_time_is_leap_year(2024));
    assert_true(umm_time_is_leap_year(2000));
    assert_true(umm_time_is_leap_year(1600));
    assert_false(umm_time_is_leap_year(1900));
    assert_false(umm_time_is_leap_year(2100));
    assert_false(umm_time_is_leap_year(2023));
    assert_parses(&iso, "2000-02-29", 951782400, 0);
    assert_refuses(&iso, "1900-02-29", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&iso, "2100-02-29", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&iso, "2023-02-29", UMM_TIME_NO_SUCH_DATE);
}

/* ---- epoch numbers ---- */

static void epoch_numbers_of_every_unit(void **state)
{
    const struct umm_time_spec s = forced(UMM_TIME_S), ms = forced(UMM_TIME_MS),
                               us = forced(UMM_TIME_US), ns = forced(UMM_TIME_NS);
    (void)state;

    assert_parses(&s, "1546300800", 1546300800, 0);
    assert_parses(&s, "+1546300800", 1546300800, 0);
    assert_parses(&s, "0001546300800", 1546300800, 0);
    assert_parses(&s, "0", 0, 0);
    assert_parses(&s, "-0", 0, 0);
    assert_parses(&ms, "1546300800123", 1546300800, 123000000);
    assert_parses(&us, "1546300800123456", 1546300800, 123456000);
    assert_parses(&ns, "1546300800123456789", 1546300800, 123456789);
    assert_parses(&ns, "9223372036854775807", 9223372036, 854775807);
    assert_parses(&ns, "9999999999999999999", 9999999999, 999999999);
}

static void epoch_fractions_are_exact(void **state)
{
    const struct umm_time_spec s = forced(UMM_TIME_S), ms = forced(UMM_TIME_MS),
                               us = forced(UMM_TIME_US), ns = forced(UMM_TIME_NS);
    (void)state;

    assert_parses(&s, "1546300800.123", 1546300800, 123000000);
    assert_parses(&s, "1546300800.123456789", 1546300800, 123456789);
    assert_parses(&s, "1546300800.123456789000", 1546300800, 123456789);
    assert_parses(&s, "0.000000001", 0, 1);
    assert_parses(&ms, "1546300800000.0", 1546300800, 0);
    assert_parses(&ms, "1546300800001.000001", 1546300800, 1000001);
    assert_parses(&us, "1546300800000001.001", 1546300800, 1001);
    assert_parses(&ns, "1546300800000000001.000", 1546300800, 1);
    assert_refuses(&s, "1546300800.1234567891", UMM_TIME_INEXACT);
    assert_refuses(&s, "1546300800.0000000000001", UMM_TIME_INEXACT);
    assert_refuses(&ms, "1546300800000.0000001", UMM_TIME_INEXACT);
    assert_refuses(&ns, "1546300800000000001.5", UMM_TIME_INEXACT);
}

static void negative_epochs_round_down(void **state)
{
    const struct umm_time_spec s = forced(UMM_TIME_S), ms = forced(UMM_TIME_MS),
                               ns = forced(UMM_TIME_NS);
    (void)state;

    assert_parses(&s, "-0.5", -1, 500000000);
    assert_parses(&s, "-1", -1, 0);
    assert_parses(&s, "-1.0", -1, 0);
    assert_parses(&s, "-1.000000001", -2, 999999999);
    assert_parses(&s, "-62135596800", -62135596800, 0);
    assert_parses(&ms, "-1", -1, 999000000);
    assert_parses(&ms, "-1000.25", -2, 999750000);
    assert_parses(&ns, "-1", -1, 999999999);
}

static void the_unit_goes_by_magnitude(void **state)
{
    static const struct {
        const char *text;
        int64_t sec;
        int32_t nsec;
        int unit; /* -1: none */
    } cases[] = {{"315532799", 0, 0, -1},
                 {"315532799.999", 0, 0, -1},
                 {"315532800", 315532800, 0, UMM_TIME_S},
                 {"4102444799.5", 4102444799, 500000000, UMM_TIME_S},
                 {"4102444800", 0, 0, -1},
                 {"315532799999", 0, 0, -1},
                 {"315532800000", 315532800, 0, UMM_TIME_MS},
                 {"4102444799999", 4102444799, 999000000, UMM_TIME_MS},
                 {"4102444800000", 0, 0, -1},
                 {"315532799999999", 0, 0, -1},
                 {"315532800000000", 315532800, 0, UMM_TIME_US},
                 {"4102444799999999.0", 4102444799, 999999000, UMM_TIME_US},
                 {"4102444800000000", 0, 0, -1},
                 {"315532799999999999", 0, 0, -1},
                 {"315532800000000000", 315532800, 0, UMM_TIME_NS},
                 {"4102444799999999999", 4102444799, 999999999, UMM_TIME_NS},
                 {"4102444800000000000", 0, 0, -1},
                 {"+1546300800", 1546300800, 0, UMM_TIME_S},
                 {"-1546300800", 0, 0, -1},
                 {"0", 0, 0, -1},
                 {"9223372036854775807", 0, 0, -1},
                 {"123456789012345678901234567890", 0, 0, -1}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct umm_time_spec spec = {0};
        struct umm_time got = {0};
        enum umm_time_unit unit = UMM_TIME_TICKS;
        if (cases[i].unit < 0) {
            assert_int_equal(detect(cases[i].text, &spec), UMM_TIME_NO_EPOCH);
            assert_refuses(&by_magnitude, cases[i].text, UMM_TIME_NO_EPOCH);
            continue;
        }
        assert_int_equal(detect(cases[i].text, &spec), UMM_TIME_OK);
        assert_int_equal(spec.form, UMM_TIME_FORM_EPOCH);
        assert_int_equal(
            umm_time_parse_unit(&spec, cases[i].text, strlen(cases[i].text), &got, &unit),
            UMM_TIME_OK);
        assert_int_equal(unit, cases[i].unit);
        assert_int_equal(got.sec, cases[i].sec);
        assert_int_equal(got.nsec, cases[i].nsec);
    }
}

/* 1.7e9 may be what is left of a longer number; with a unit given it is taken as it is. */
static void exponents_are_exact(void **state)
{
    const struct umm_time_spec s = forced(UMM_TIME_S), ms = forced(UMM_TIME_MS);
    (void)state;

    assert_parses(&s, "1.7e+09", 1700000000, 0);
    assert_parses(&s, "1.704153600000000000e+09", 1704153600, 0);
    assert_parses(&by_magnitude, "1.704153600000000000e+09", 1704153600, 0);
    assert_parses(&by_magnitude, "1.7041536005e9", 1704153600, 500000000);
    assert_parses(&by_magnitude, "17041536005E-1", 1704153600, 500000000);
    assert_parses(&by_magnitude, "1704153600e0", 1704153600, 0);
    assert_parses(&s, "1e-9", 0, 1);
    assert_parses(&ms, "15e-1", 0, 1500000);
    assert_parses(&s, "0e99999", 0, 0);
    assert_refuses(&by_magnitude, "1.7e+09", UMM_TIME_CUT);
    assert_refuses(&by_magnitude, "1.70415E+12", UMM_TIME_CUT);
    assert_refuses(&by_magnitude, "1.7e+11", UMM_TIME_NO_EPOCH);
    assert_refuses(&s, "1e-10", UMM_TIME_INEXACT);
    assert_refuses(&s, "-1.5e-9000", UMM_TIME_INEXACT);
    assert_refuses(&s, "1e99999", UMM_TIME_RANGE);
    assert_refuses(&s, "1e20", UMM_TIME_RANGE);
}

static void ticks_count_from_the_year_1(void **state)
{
    const struct umm_time_spec ticks = forced(UMM_TIME_TICKS);
    (void)state;

    assert_parses(&ticks, "0", UMM_TIME_SEC_MIN, 0);
    assert_parses(&ticks, "1", UMM_TIME_SEC_MIN, 100);
    assert_parses(&ticks, "621355968000000000", 0, 0);
    assert_parses(&ticks, "621355967999999999", -1, 999999900);
    assert_parses_as(&ticks, "637450650000000000", "2021-01-01T02:30:00Z");
    assert_parses(&ticks, "3155378975999999999", UMM_TIME_SEC_MAX, 999999900);
    assert_refuses(&ticks, "3155378976000000000", UMM_TIME_RANGE);
    assert_refuses(&ticks, "-1", UMM_TIME_RANGE);
    assert_refuses(&ticks, "1.001", UMM_TIME_INEXACT);
}

static void a_forced_unit_takes_any_magnitude(void **state)
{
    const struct umm_time_spec s = forced(UMM_TIME_S), ms = forced(UMM_TIME_MS),
                               us = forced(UMM_TIME_US), ns = forced(UMM_TIME_NS);
    (void)state;

    assert_parses(&s, "253402300799", 253402300799, 0);
    assert_parses(&s, "253402300799.999999999", 253402300799, 999999999);
    assert_parses(&ms, "5", 0, 5000000);
    assert_parses(&us, "5", 0, 5000);
    assert_parses(&ns, "5", 0, 5);
    assert_parses(&ns, "00000000000000000000000000000005", 0, 5);
}

static void epochs_outside_years_1_to_9999_are_out_of_range(void **state)
{
    const struct umm_time_spec s = forced(UMM_TIME_S), ms = forced(UMM_TIME_MS),
                               ns = forced(UMM_TIME_NS);
    (void)state;

    assert_refuses(&s, "253402300800", UMM_TIME_RANGE);
    assert_refuses(&s, "-62135596801", UMM_TIME_RANGE);
    assert_refuses(&s, "-62135596800.1", UMM_TIME_RANGE);
    assert_refuses(&s, "9223372036854775807", UMM_TIME_RANGE);
    assert_refuses(&s, "18446744073709551616", UMM_TIME_RANGE);
    assert_refuses(&ms, "253402300800000", UMM_TIME_RANGE);
    assert_refuses(&ns, "10000000000000000000", UMM_TIME_RANGE);
    assert_refuses(&ns, "-99999999999999999999999", UMM_TIME_RANGE);
}

static void malformed_epochs_are_refused(void **state)
{
    static const char *const texts[] = {"",    "+",    "-",    ".",    "+.",      ".5",  "-.5",
                                        "5.",  "1e",   "1E+",  "1.e3", "0x10",    "1_0", "1,5",
                                        " 1",  "1 ",   "--1",  "+-1",  "1.2.3",   "1-",  "nan",
                                        "inf", "1.-5", "1.+5", "1a",   "\xd9\xa1"};
    const struct umm_time_spec s = forced(UMM_TIME_S);
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refuses(&s, texts[i], UMM_TIME_MALFORMED);
}

/* ---- ISO and year first ---- */

static void iso_texts(void **state)
{
    static const char *const cases[][2] = {
        {"2024-01-01", "2024-01-01T00:00:00Z"},
        {"2024-01-01T09", "2024-01-01T09:00:00Z"},
        {"2024-01-01 09:30", "2024-01-01T09:30:00Z"},
        {"2024-01-01 09:30:59", "2024-01-01T09:30:59Z"},
        {"2024-01-01T09:30:59.1", "2024-01-01T09:30:59.100Z"},
        {"2024-01-01T09:30:59,12", "2024-01-01T09:30:59.120Z"},
        {"2024-01-01T09:30:59.1234", "2024-01-01T09:30:59.123400Z"},
        {"2024-01-01T09:30:59.123456789", "2024-01-01T09:30:59.123456789Z"},
        {"2024-01-01T09:30:59.0000000Z", "2024-01-01T09:30:59Z"},
        {"2024-01-01T09:30Z", "2024-01-01T09:30:00Z"},
        {"2024-01-01T09:30 Z", "2024-01-01T09:30:00Z"},
        {"2024-1-5 9:30", "2024-01-05T09:30:00Z"},
        {"2024-1-05", "2024-01-05T00:00:00Z"},
        {"2024-12-5T9:30:05.5+01", "2024-12-05T08:30:05.500Z"},
        {"2024-01-01T09:30:00+02", "2024-01-01T07:30:00Z"},
        {"2024-01-01T09:30:00+0530", "2024-01-01T04:00:00Z"},
        {"2024-01-01T09:30:00 -05:00", "2024-01-01T14:30:00Z"},
        {"2024-01-01 23:30:00.5-05:00", "2024-01-02T04:30:00.500Z"},
        {"2024-01-01T00-01", "2024-01-01T01:00:00Z"},
        {"2024-01-01Z", "2024-01-01T00:00:00Z"},
        {"2024-01-01 +01:00", "2023-12-31T23:00:00Z"},
        {"2024-01-01-05:00", "2024-01-01T05:00:00Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_parses_as(&iso, cases[i][0], cases[i][1]);
}

static void malformed_iso_texts_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "2",
                                        "2024",
                                        "2024-01",
                                        "2024-01-",
                                        "2024-1",
                                        "2024-001-01",
                                        "2024-01-001",
                                        "24-01-01",
                                        "02024-01-01",
                                        "2024-01-01T",
                                        "2024-01-01 ",
                                        " 2024-01-01",
                                        "2024-01-01T9",
                                        "2024-01-01T09:",
                                        "2024-01-01T09:3",
                                        "2024-01-01T09:30:",
                                        "2024-01-01T09:30:5",
                                        "2024-01-01T09:30:59.",
                                        "2024-01-01T09:30:59.1234567890",
                                        "2024-01-01T09:30:59;5",
                                        "2024-01-01T09.5",
                                        "2024-01-01T0930",
                                        "2024-01-01  09:30",
                                        "2024-01-01t09:30",
                                        "2024-01-01T09:30z",
                                        "2024-01-01T09:30  Z",
                                        "2024-01-01T09:30Z ",
                                        "2024-01-01T09:30ZZ",
                                        "2024-01-01T09:30+",
                                        "2024-01-01T09:30+5",
                                        "2024-01-01T09:30+05:",
                                        "2024-01-01T09:30+05:3",
                                        "2024-01-01T09:30+053",
                                        "2024-01-01T09:30+05300",
                                        "2024-01-01T09:30+24:00",
                                        "2024-01-01T09:30+05:60",
                                        "2024-01-01T09:30 UTC",
                                        "2024/01/01",
                                        "2024-01/01",
                                        "2024.01.01",
                                        "20240101",
                                        "2024-W01-1",
                                        "-2024-01-01",
                                        "+2024-01-01",
                                        "2024-01-0\xb1",
                                        "2024-01-01x"};
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refuses(&iso, texts[i], UMM_TIME_MALFORMED);
}

static void dates_and_times_that_do_not_exist_are_refused(void **state)
{
    static const char *const texts[] = {
        "2023-02-30",       "2023-04-31",       "2023-13-01",           "2023-00-10",
        "2023-01-00",       "2023-01-32",       "0000-00-00",           "2023-01-01T24:01",
        "2023-01-01T25:00", "2023-01-01T00:60", "2016-12-31T23:59:60Z", "2023-01-01T00:00:99"};
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refuses(&iso, texts[i], UMM_TIME_NO_SUCH_DATE);
}

static void years_outside_1_to_9999_are_out_of_range(void **state)
{
    (void)state;
    assert_refuses(&iso, "0000-01-01", UMM_TIME_RANGE);
    assert_refuses(&iso, "0001-01-01T00:30+01:00", UMM_TIME_RANGE);
    assert_refuses(&iso, "9999-12-31T23:30-01:00", UMM_TIME_RANGE);
    assert_parses(&iso, "0001-01-01T01:00+01:00", UMM_TIME_SEC_MIN, 0);
}

static void year_first_texts(void **state)
{
    (void)state;
    assert_parses_as(&year_first, "2024.01.02", "2024-01-02T00:00:00Z");
    assert_parses_as(&year_first, "2024/01/02", "2024-01-02T00:00:00Z");
    assert_parses_as(&year_first, "2025.06.23 09:30", "2025-06-23T09:30:00Z");
    assert_parses_as(&year_first, "2024/01/02T09:30:15.25+01:00", "2024-01-02T08:30:15.250Z");
    assert_refuses(&year_first, "2024-01-02", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2024/01.02", UMM_TIME_MALFORMED);
    assert_parses_as(&year_first, "2021/1/5 9:30", "2021-01-05T09:30:00Z");
    assert_parses_as(&year_first, "2021.10.5", "2021-10-05T00:00:00Z");
    assert_refuses(&year_first, "2024/1-2", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2024/001/2", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2021/1/5 9", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2021/1/5 9:3", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2024", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2024/", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "20240102", UMM_TIME_MALFORMED);
    assert_refuses(&year_first, "2024/02/30", UMM_TIME_NO_SUCH_DATE);
}

/* ---- compact ---- */

static void compact_texts(void **state)
{
    static const char *const cases[][2] = {{"20240102", "2024-01-02T00:00:00Z"},
                                           {"20240102 0930", "2024-01-02T09:30:00Z"},
                                           {"20240102 093015", "2024-01-02T09:30:15Z"},
                                           {"20240102T0930", "2024-01-02T09:30:00Z"},
                                           {"20240102T093015", "2024-01-02T09:30:15Z"},
                                           {"20240102093015", "2024-01-02T09:30:15Z"},
                                           {"20240102 09:30", "2024-01-02T09:30:00Z"},
                                           {"20240102 09:30:15", "2024-01-02T09:30:15Z"},
                                           {"20240102 09:30:15.5", "2024-01-02T09:30:15.500Z"},
                                           {"20240102 9:30", "2024-01-02T09:30:00Z"},
                                           {"20240102093015.25", "2024-01-02T09:30:15.250Z"},
                                           {"20240102093015007", "2024-01-02T09:30:15.007Z"},
                                           {"19840907 000000", "1984-09-07T00:00:00Z"}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_parses_as(&compact, cases[i][0], cases[i][1]);
}

static void malformed_compact_texts_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "2024010",
                                        "202401021",
                                        "2024010209",
                                        "202401020930",
                                        "2024010209301",
                                        "202401020930150",
                                        "20240102 ",
                                        "20240102T",
                                        "20240102 0930:15",
                                        "20240102 09:3015",
                                        "20240102 09:",
                                        "20240102 09:30:",
                                        "20240102T09:30",
                                        "20240102  0930",
                                        "20240102 093015Z",
                                        "20240102.0",
                                        "+20240102",
                                        "2024-0102"};
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refuses(&compact, texts[i], UMM_TIME_MALFORMED);
    assert_refuses(&compact, "20230230", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&compact, "20230201 246060", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&compact, "20230201 240000", UMM_TIME_HOUR_24);
    assert_refuses(&compact, "20230229 240000", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&compact, "20240102 9", UMM_TIME_WIDTH);
    assert_refuses(&compact, "20240102 09", UMM_TIME_WIDTH);
    assert_refuses(&compact, "20240102T093", UMM_TIME_WIDTH);
    assert_refuses(&compact, "20240102 09301", UMM_TIME_WIDTH);
    /* 10:00, or 00:10:00 without its zeros: a column has one of both. */
    struct umm_time_spec column = {.form = UMM_TIME_FORM_NONE};
    assert_int_equal(detect("20240102 093000", &column), UMM_TIME_OK);
    assert_refuses(&column, "20240102 1000", UMM_TIME_WIDTH);
    assert_int_equal(detect("20240102 1000", &column), UMM_TIME_OK);
    assert_refuses(&column, "20240102 093000", UMM_TIME_WIDTH);
}

/* ---- detection ---- */

static void forms_are_detected(void **state)
{
    static const struct {
        const char *text;
        enum umm_time_form form;
    } cases[] = {{"19000101", UMM_TIME_FORM_COMPACT},
                 {"21001231", UMM_TIME_FORM_COMPACT},
                 {"20230230", UMM_TIME_FORM_COMPACT}, /* and then there is no such date */
                 {"20240101093000", UMM_TIME_FORM_COMPACT},
                 {"20240101093000.5", UMM_TIME_FORM_COMPACT},
                 {"20240101093000123", UMM_TIME_FORM_COMPACT},
                 {"20240101 093000", UMM_TIME_FORM_COMPACT},
                 {"20240101 09:30", UMM_TIME_FORM_COMPACT},
                 {"1546300800.5", UMM_TIME_FORM_EPOCH},
                 {"2024-01-01", UMM_TIME_FORM_ISO},
                 {"2024-01-01 00:00:00-05:00", UMM_TIME_FORM_ISO},
                 {"2023-02-30", UMM_TIME_FORM_ISO},
                 {"2024/01/01 00:00", UMM_TIME_FORM_YEAR_FIRST},
                 {"2024.01.01", UMM_TIME_FORM_YEAR_FIRST}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct umm_time_spec spec = {0};
        if (detect(cases[i].text, &spec) != UMM_TIME_OK || spec.form != cases[i].form)
            fail_msg("\"%s\": got form %d", cases[i].text, spec.form);
    }
}

static void detection_sets_only_the_form(void **state)
{
    struct umm_time_spec spec = {.is_unit_forced = true, .fold = UMM_TZ_FOLD_LATER};
    (void)state;

    assert_int_equal(detect("1546300800000", &spec), UMM_TIME_OK);
    assert_int_equal(spec.form, UMM_TIME_FORM_EPOCH);
    assert_int_equal(spec.epoch_unit, UMM_TIME_S);
    assert_true(spec.is_unit_forced);
    assert_int_equal(spec.fold, UMM_TZ_FOLD_LATER);
}

static void orders_of_day_and_month_are_never_guessed(void **state)
{
    static const char *const texts[] = {
        "01/02/2024", "1/2/2024",         "12/28/2012 19:00",
        "28/12/2012", "31.12.2024",       "11.10.2021 00:00:00.000 GMT+0800",
        "01-02-2024", "01-02-24",         "1/2/24 9:30 AM",
        "24-01-02",   "31/12/2024T00:00", "99/99/9999"};
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct umm_time_spec spec = {0};
        if (detect(texts[i], &spec) != UMM_TIME_DAY_MONTH)
            fail_msg("\"%s\" was not refused", texts[i]);
        assert_int_equal(spec.form, UMM_TIME_FORM_NONE);
    }
}

static void what_has_no_form_is_malformed(void **state)
{
    static const char *const texts[] = {"",       "abc",     "01-Apr-10", "2019-10-17 09-AM",
                                        "1/2",    "1/2/345", "1/2.2024",  "1 2 2024",
                                        "2024-1", "12:30",   "1.2.3",     "1/2/20245",
                                        "-",      "2024-001"};
    static const char *const numbers[] = {"18991231",         "21010101",     "20241301",
                                          "20240132",         "20240100",     "+20240101",
                                          "-20240101",        "020240101",    "15463008001230",
                                          "202401022430",     "202401020930", "189901020930",
                                          "-202401020930",    "20240101.0",   "197601010000.0",
                                          "170306093000",     "44197",        "0",
                                          "18991231093000123"};
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct umm_time_spec spec = {0};
        if (detect(texts[i], &spec) != UMM_TIME_MALFORMED)
            fail_msg("\"%s\" was detected as %d", texts[i], spec.form);
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct umm_time_spec spec = {0};
        if (detect(numbers[i], &spec) != UMM_TIME_NO_EPOCH)
            fail_msg("\"%s\" was detected as %d", numbers[i], spec.form);
    }
}

/* ---- patterns ---- */

static void patterns_of_real_files(void **state)
{
    static const char *const cases[][3] = {
        {"%Y-%m-%d %I-%p", "2019-10-17 09-AM", "2019-10-17T09:00:00Z"},
        {"%Y-%m-%d %I-%p", "2019-10-17 12-AM", "2019-10-17T00:00:00Z"},
        {"%Y-%m-%d %I-%p", "2019-10-17 12-PM", "2019-10-17T12:00:00Z"},
        {"%Y-%m-%d %I-%p", "2019-10-17 11-pm", "2019-10-17T23:00:00Z"},
        {"%d.%m.%Y %H:%M:%S.%f GMT%z", "11.10.2021 00:00:00.000 GMT+0800", "2021-10-10T16:00:00Z"},
        {"%d-%b-%y", "01-Apr-10", "2010-04-01T00:00:00Z"},
        {"%m/%d/%Y %H:%M", "12/28/2012 19:00", "2012-12-28T19:00:00Z"},
        {"%m/%d/%Y %H:%M", "1/2/2012 9:05", "2012-01-02T09:05:00Z"},
        {"%Y%m%d %H%M%S%f", "20120201 000000660", "2012-02-01T00:00:00.660Z"},
        {"%Y%m%d%H%M%S", "20120201123456", "2012-02-01T12:34:56Z"},
        {"%F %T", "2024-05-06 07:08:09", "2024-05-06T07:08:09Z"},
        {"%F  %T", "2024-05-06 \t  07:08:09", "2024-05-06T07:08:09Z"},
        {"%B %d, %Y", "sePTEMBER 5, 2024", "2024-09-05T00:00:00Z"},
        {"%b %d, %Y", "May 5, 2024", "2024-05-05T00:00:00Z"},
        {"%B %d, %Y", "Dec 5, 2024", "2024-12-05T00:00:00Z"},
        {"%Y-%j", "2024-366", "2024-12-31T00:00:00Z"},
        {"%Y-%j", "2023-60", "2023-03-01T00:00:00Z"},
        {"%Y-%j", "2024-060", "2024-02-29T00:00:00Z"},
        {"%FT%T%z", "2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"},
        {"%FT%T%z", "2024-05-06T07:08:09-05:30", "2024-05-06T12:38:09Z"},
        {"%FT%T%z", "2024-05-06T07:08:09+02", "2024-05-06T05:08:09Z"},
        {"%F %T UTC", "2018-01-01 00:00:00 UTC", "2018-01-01T00:00:00Z"},
        {"100%% %F", "100% 2024-05-06", "2024-05-06T00:00:00Z"},
        {"%y%m%d", "690101", "1969-01-01T00:00:00Z"},
        {"%y%m%d", "681231", "2068-12-31T00:00:00Z"},
        {"@%s", "@1546300800", "2019-01-01T00:00:00Z"},
        {"%s.%f", "-0.5", "1969-12-31T23:59:59.500Z"},
        {"%s", "-62135596800", "0001-01-01T00:00:00Z"},
        {"%Y%m%d %-H%M%S", "20240102 93000", "2024-01-02T09:30:00Z"},
        {"%Y%m%d %-H%M%S", "20240102 093000", "2024-01-02T09:30:00Z"},
        {"%Y%m%d %-H%M%S", "20240102 930", "2024-01-02T00:09:30Z"},
        {"%Y%m%d %-H%M%S", "20240102 5", "2024-01-02T00:00:05Z"},
        {"%Y%m%d %-H%M%S", "20240102 0", "2024-01-02T00:00:00Z"},
        {"%Y%m%d %-H%M", "20240102 930", "2024-01-02T09:30:00Z"},
        {"%Y%m%d %-H%M", "20240102 1000", "2024-01-02T10:00:00Z"},
        {"%-y%m%d%H%M", "501010930", "2005-01-01T09:30:00Z"},
        {"%-y%m%d", "101", "2000-01-01T00:00:00Z"},
        {"%-m%d%Y", "1022024", "2024-01-02T00:00:00Z"},
        {"%-m/%-d/%Y", "1/2/2024", "2024-01-02T00:00:00Z"},
        {"%F %-I%M %p", "2024-01-02 930 PM", "2024-01-02T21:30:00Z"},
        {"%F %T%.f", "2024-01-02 09:30:00", "2024-01-02T09:30:00Z"},
        {"%F %T%.f", "2024-01-02 09:30:00.5", "2024-01-02T09:30:00.500Z"},
        {"%F %T%.f%z", "2024-01-02 09:30:00.5+01", "2024-01-02T08:30:00.500Z"},
        {"%a %F", "Tue 2024-01-02", "2024-01-02T00:00:00Z"},
        {"%A, %d %B %Y", "tuesday, 2 January 2024", "2024-01-02T00:00:00Z"},
        {"%a %b %d %T %Y", "Tues Sept 3 09:30:00 2024", "2024-09-03T09:30:00Z"},
        {"%A %Y-%j", "Sunday 2024-007", "2024-01-07T00:00:00Z"},
        {"%Y-%m", "2021-05", "2021-05-01T00:00:00Z"},
        {"%b %Y", "May 2021", "2021-05-01T00:00:00Z"},
        {"%Y/%m/%d %* %H:%M:%S", "2019/7/31 \xe6\x98\x9f\xe6\x9c\x9f\xe4\xb8\x89 21:05:00",
         "2019-07-31T21:05:00Z"},
        {"%B %d%*, %Y", "May 3rd, 2021", "2021-05-03T00:00:00Z"},
        {"%* %F %* %T", "at 2021-05-03 (about) 09:30:00", "2021-05-03T09:30:00Z"},
        {"%F %H%M%S%3f", "2021-05-03 093000123", "2021-05-03T09:30:00.123Z"},
        {"%F %-H%M%S%3f", "2021-05-03 93000123", "2021-05-03T09:30:00.123Z"},
        {"%F %-H%M%S%3f", "2021-05-03 5", "2021-05-03T00:00:00.005Z"},
        {"%F %T.%6f", "2021-05-03 09:30:00.123456", "2021-05-03T09:30:00.123456Z"},
        {"%F %T %Z", "2021-05-03 09:30:00 UTC", "2021-05-03T09:30:00Z"},
        {"%F %T %Z", "2021-05-03 09:30:00 GMT", "2021-05-03T09:30:00Z"}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct umm_time_spec spec = pattern(cases[i][0]);
        assert_parses_as(&spec, cases[i][1], cases[i][2]);
    }
}

static void texts_that_do_not_match_a_pattern_are_refused(void **state)
{
    static const struct {
        const char *pattern, *text;
        enum umm_time_result result;
    } cases[] = {{"%F %T", "", UMM_TIME_MALFORMED},
                 {"%F %T", "2024-05-06", UMM_TIME_MALFORMED},
                 {"%F %T", "2024-05-0607:08:09", UMM_TIME_MALFORMED},
                 {"%F %T", "2024-05-06 07:08:09 ", UMM_TIME_MALFORMED},
                 {"%F %T", " 2024-05-06 07:08:09", UMM_TIME_MALFORMED},
                 {"%F", "2024/05/06", UMM_TIME_MALFORMED},
                 {"%F", "24-05-06", UMM_TIME_MALFORMED},
                 {"%F", "2024-005-06", UMM_TIME_MALFORMED},
                 {"%d-%b-%y", "01-Apx-10", UMM_TIME_MALFORMED},
                 {"%d-%b-%y", "01-Ap", UMM_TIME_MALFORMED},
                 {"%d-%b-%y", "01-Aprix-10", UMM_TIME_MALFORMED},
                 {"%d-%b-%y", "01-Apr-1", UMM_TIME_MALFORMED},
                 {"%d-%b-%y", "01-Apr-2010", UMM_TIME_MALFORMED},
                 {"%F %I-%p", "2019-10-17 09-XM", UMM_TIME_MALFORMED},
                 {"%F %I-%p", "2019-10-17 09-A", UMM_TIME_MALFORMED},
                 {"%F %I-%p", "2019-10-17 00-AM", UMM_TIME_NO_SUCH_DATE},
                 {"%F %I-%p", "2019-10-17 13-PM", UMM_TIME_NO_SUCH_DATE},
                 {"%F %T.%f", "2024-05-06 07:08:09.", UMM_TIME_MALFORMED},
                 {"%F %T.%f", "2024-05-06 07:08:09.1234567890", UMM_TIME_MALFORMED},
                 {"%F %T%z", "2024-05-06 07:08:09", UMM_TIME_MALFORMED},
                 {"%F %T%z", "2024-05-06 07:08:09+5", UMM_TIME_MALFORMED},
                 {"%F %T", "2024-05-06 24:00:00", UMM_TIME_HOUR_24},
                 {"%F %T", "2024-05-06 24:00:01", UMM_TIME_NO_SUCH_DATE},
                 {"%Y%m%d %H%M%S", "20240102 93000", UMM_TIME_WIDTH},
                 {"%Y%m%d %H%M", "20240102 930", UMM_TIME_WIDTH},
                 {"%Y%m%d %H%M", "20240102 10000", UMM_TIME_MALFORMED},
                 {"%Y%m%d", "2024111", UMM_TIME_WIDTH},
                 {"%Y%m%d", "202411", UMM_TIME_WIDTH},
                 {"%d%m%Y", "1112024", UMM_TIME_WIDTH},
                 {"%y%m%d", "50101", UMM_TIME_WIDTH},
                 {"%Y%j", "202460", UMM_TIME_WIDTH},
                 {"%F%H", "2024-05-6123", UMM_TIME_NO_SUCH_DATE},
                 {"%F%T", "2024-05-617:08:09", UMM_TIME_WIDTH},
                 {"%F %H%M%S%f", "2024-05-06 930007", UMM_TIME_MALFORMED},
                 {"%Y%m%d", "soon", UMM_TIME_MALFORMED},
                 {"%F %-H%M%S", "2024-05-06 1093000", UMM_TIME_MALFORMED},
                 {"%F %-H%M%S", "2024-05-06 ", UMM_TIME_MALFORMED},
                 {"%F %-H%M", "2024-05-06 960", UMM_TIME_NO_SUCH_DATE},
                 {"%-m/%d/%Y", "001/2/2024", UMM_TIME_MALFORMED},
                 {"%F %T%.f", "2024-01-02 09:30:00.", UMM_TIME_MALFORMED},
                 {"%F %T", "2024-05-06 23:59:60", UMM_TIME_NO_SUCH_DATE},
                 {"%F", "2023-02-29", UMM_TIME_NO_SUCH_DATE},
                 {"%F", "0000-01-01", UMM_TIME_RANGE},
                 {"%Y %j", "2023 366", UMM_TIME_NO_SUCH_DATE},
                 {"%Y %j", "2023 000", UMM_TIME_NO_SUCH_DATE},
                 {"%a %F", "Mon 2024-01-02", UMM_TIME_WEEKDAY},
                 {"%a %F", "Tux 2024-01-02", UMM_TIME_MALFORMED},
                 {"%a %F", "Tue 2024-02-30", UMM_TIME_NO_SUCH_DATE},
                 {"%F %* %T", "2024-01-02  09:30:00", UMM_TIME_MALFORMED},
                 {"%F %* %T", "2024-01-02 x1 09:30:00", UMM_TIME_MALFORMED},
                 {"%F %T %*", "2024-01-02 09:30:00 -0500", UMM_TIME_MALFORMED},
                 {"%b %Y", "May 3 2021", UMM_TIME_MALFORMED},
                 {"%Y-%m", "2021-13", UMM_TIME_NO_SUCH_DATE},
                 {"%F %H%M%S%3f", "2021-05-03 09300012", UMM_TIME_WIDTH},
                 {"%F %T.%3f", "2021-05-03 09:30:00.1234", UMM_TIME_MALFORMED},
                 {"%F %T %Z", "2021-05-03 09:30:00 EST", UMM_TIME_NO_NAME},
                 {"%F %T %Z", "2021-05-03 09:30:00 utc", UMM_TIME_NO_NAME},
                 {"%F %T %Z", "2021-05-03 09:30:00 +", UMM_TIME_MALFORMED},
                 {"%F %T %Z", "2021-05-03 09:30:00 ", UMM_TIME_MALFORMED},
                 {"%s", "", UMM_TIME_MALFORMED},
                 {"%s", "-", UMM_TIME_MALFORMED},
                 {"%s", "1.5", UMM_TIME_MALFORMED},
                 {"%s", "253402300800", UMM_TIME_RANGE},
                 {"%s.%f", "-62135596800.5", UMM_TIME_RANGE},
                 {"%s", "99999999999999999999999999", UMM_TIME_RANGE}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct umm_time_spec spec = pattern(cases[i].pattern);
        assert_refuses(&spec, cases[i].text, cases[i].result);
    }
}

static void the_second_pattern_is_for_texts_of_another_shape(void **state)
{
    struct umm_time_spec spec = pattern("%F %I-%p");
    (void)state;

    spec.patterns[1] = "%F %H:%M:%S";
    assert_parses_as(&spec, "2019-10-17 09-AM", "2019-10-17T09:00:00Z");
    assert_parses_as(&spec, "2019-10-17 19:00:00", "2019-10-17T19:00:00Z");
    assert_refuses(&spec, "2019-10-17 19", UMM_TIME_MALFORMED);
    /* A date that does not exist by the first is not tried by the second. */
    spec = pattern("%d/%m/%Y");
    spec.patterns[1] = "%m/%d/%Y";
    assert_refuses(&spec, "12/28/2012", UMM_TIME_NO_SUCH_DATE);
}

static void bad_patterns_are_refused_where_they_are_bad(void **state)
{
    static const struct {
        const char *pattern;
        int bad;
    } cases[] = {{"", 0},
                 {"%Y", 2},
                 {"%m-%d", 5},
                 {"%H:%M", 5},
                 {"%Y %d", 5},
                 {"abc", 3},
                 {"%%", 2},
                 {"%F %", 3},
                 {"%F %q", 3},
                 {"%F %E", 3},
                 {"%F %Y", 3},
                 {"%Y-%m-%d %m", 9},
                 {"%b %m %d %Y", 3},
                 {"%F %H %I %p", 6},
                 {"%F %I", 3},
                 {"%F %p", 3},
                 {"%F %H %p", 6},
                 {"%F %M", 3},
                 {"%F %H %S", 6},
                 {"%F %f", 3},
                 {"%F %j", 3},
                 {"%s %Y", 0},
                 {"%F %s", 3},
                 {"%s %z", 0},
                 {"%Y %y %m %d", 3},
                 {"%F %T %H", 6},
                 {"%F %H%-M", 5},
                 {"%-Y%m%d", 0},
                 {"%F %-H%M%S%f", 3},
                 {"%F %-H%T", 3},
                 {"%F %-p", 3},
                 {"%F %-", 3},
                 {"%F %T%.g", 5},
                 {"%F %T%.", 5},
                 {"%F %T %Z %z", 9},
                 {"%a %A %F", 3},
                 {"%a %Y-%m", 0},
                 {"%Y-%m %H", 6},
                 {"%F %T%0f", 5},
                 {"%F %-H%M%S%.f%f", 13},
                 {"%F %-3f", 3},
                 {"%s %a", 0}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *bad = NULL, *why = NULL;
        if (umm_time_pattern_check(cases[i].pattern, &bad, &why))
            fail_msg("pattern \"%s\" was accepted", cases[i].pattern);
        assert_non_null(why);
        if (bad != cases[i].pattern + cases[i].bad)
            fail_msg("pattern \"%s\" is bad at \"%s\"", cases[i].pattern, bad);
        assert_false(umm_time_pattern_check(cases[i].pattern, NULL, NULL));
    }
}

static void good_patterns_leave_bad_alone(void **state)
{
    const char *bad = "as it was";
    (void)state;

    assert_true(umm_time_pattern_check("%F %% %% %T.%f %z", &bad, NULL));
    assert_string_equal(bad, "as it was");
    assert_true(umm_time_pattern_check("%s", NULL, NULL));
}

/* ---- zones ---- */

static void texts_without_a_zone_are_local_to_the_spec(void **state)
{
    struct umm_time_spec spec = iso, numbers = by_magnitude;
    struct umm_tz *tz = NULL;
    (void)state;

    assert_int_equal(umm_tz_open("+05:30", NULL, &tz, NULL), UMM_OK);
    spec.tz = numbers.tz = tz;
    assert_parses_as(&spec, "2024-01-01", "2023-12-31T18:30:00Z");
    assert_parses_as(&spec, "2024-01-01T00:00Z", "2024-01-01T00:00:00Z");
    assert_parses_as(&spec, "2024-01-01T00:00-01", "2024-01-01T01:00:00Z");
    assert_refuses(&spec, "0001-01-01", UMM_TIME_RANGE);
    assert_parses(&numbers, "1546300800", 1546300800, 0);
    spec = pattern("%d.%m.%Y");
    spec.tz = tz;
    assert_parses_as(&spec, "1.1.2024", "2023-12-31T18:30:00Z");
    umm_tz_close(tz);
}

static void gaps_and_folds_are_told_apart(void **state)
{
    struct umm_time_spec spec = iso;
    struct umm_tz *tz = NULL;
    (void)state;

    if (umm_tz_open("America/New_York", NULL, &tz, NULL) != UMM_OK)
        skip();
    spec.tz = tz;
    assert_refuses(&spec, "2024-03-10 02:30", UMM_TIME_LOCAL_GAP);
    assert_refuses(&spec, "2024-11-03 01:30", UMM_TIME_LOCAL_FOLD);
    assert_parses_as(&spec, "2024-11-03 01:30-05:00", "2024-11-03T06:30:00Z");
    spec.fold = UMM_TZ_FOLD_EARLIER;
    assert_parses_as(&spec, "2024-11-03 01:30:00.5", "2024-11-03T05:30:00.500Z");
    spec.fold = UMM_TZ_FOLD_LATER;
    assert_parses_as(&spec, "2024-11-03 01:30", "2024-11-03T06:30:00Z");
    umm_tz_close(tz);
}

static void names_of_zones_are_those_of_the_spec(void **state)
{
    struct umm_time_spec spec = pattern("%F %T %Z");
    struct umm_tz *tz = NULL;
    (void)state;

    if (umm_tz_open("America/New_York", NULL, &tz, NULL) != UMM_OK)
        skip();
    spec.tz = tz;
    assert_parses_as(&spec, "2021-07-05 09:30:00 EDT", "2021-07-05T13:30:00Z");
    assert_parses_as(&spec, "2021-12-06 09:30:00 EST", "2021-12-06T14:30:00Z");
    assert_parses_as(&spec, "2024-11-03 01:30:00 EDT", "2024-11-03T05:30:00Z");
    assert_parses_as(&spec, "2024-11-03 01:30:00 EST", "2024-11-03T06:30:00Z");
    assert_parses_as(&spec, "2800-07-05 09:30:00 EDT", "2800-07-05T13:30:00Z");
    assert_parses_as(&spec, "1943-07-05 09:30:00 EWT", "1943-07-05T13:30:00Z");
    assert_refuses(&spec, "2021-07-05 09:30:00 EST", UMM_TIME_NAME_THEN);
    assert_refuses(&spec, "2024-03-10 02:30:00 EST", UMM_TIME_NAME_THEN);
    assert_refuses(&spec, "2024-03-10 02:30:00 EDT", UMM_TIME_NAME_THEN);
    assert_refuses(&spec, "2021-07-05 09:30:00 UTC", UMM_TIME_NO_NAME);
    assert_refuses(&spec, "2021-07-05 09:30:00 ED", UMM_TIME_NO_NAME);
    umm_tz_close(tz);
    assert_int_equal(umm_tz_open("-05:00", NULL, &tz, NULL), UMM_OK);
    spec.tz = tz;
    assert_refuses(&spec, "2021-07-05 09:30:00 EST", UMM_TIME_NO_NAME);
    umm_tz_close(tz);
}

/* ---- spreadsheets, ends of days, times of one day ---- */

static void days_of_spreadsheets(void **state)
{
    const struct umm_time_spec excel = forced(UMM_TIME_EXCEL), mac = forced(UMM_TIME_EXCEL_1904);
    (void)state;

    assert_parses_as(&excel, "44197", "2021-01-01T00:00:00Z");
    assert_parses_as(&excel, "61", "1900-03-01T00:00:00Z");
    assert_parses_as(&excel, "2958465", "9999-12-31T00:00:00Z");
    assert_parses_as(&excel, "44197.5", "2021-01-01T12:00:00Z");
    /* As a spreadsheet writes 09:30, 00:01 and the last millisecond. */
    assert_parses_as(&excel, "44197.395833333336", "2021-01-01T09:30:00Z");
    assert_parses_as(&excel, "44197.395833", "2021-01-01T09:29:59.971Z");
    assert_parses_as(&excel, "44197.000694444447", "2021-01-01T00:01:00Z");
    assert_parses_as(&excel, "44197.999999988423", "2021-01-01T23:59:59.999Z");
    assert_parses_as(&excel, "44197.99999999999999999999", "2021-01-02T00:00:00Z");
    assert_parses_as(&excel, "4.4197395833333336e4", "2021-01-01T09:30:00Z");
    assert_parses_as(&excel, "44197.0000000057", "2021-01-01T00:00:00Z");
    assert_parses_as(&excel, "44197.0000000058", "2021-01-01T00:00:00.001Z");
    /* 13.5 and 40.5 ms are ties, which go to the even one; what is above is not. */
    assert_parses_as(&excel, "44197.00000015625", "2021-01-01T00:00:00.014Z");
    assert_parses_as(&excel, "44197.00000046875", "2021-01-01T00:00:00.040Z");
    assert_parses_as(&excel, "44197.00000046875000000000000001", "2021-01-01T00:00:00.041Z");
    assert_parses_as(&excel, "44197.0078125", "2021-01-01T00:11:15Z");
    assert_refuses(&excel, "60", UMM_TIME_OLD_DAY);
    assert_refuses(&excel, "60.9999999999", UMM_TIME_OLD_DAY);
    assert_refuses(&excel, "0.5", UMM_TIME_OLD_DAY);
    assert_refuses(&excel, "-44197", UMM_TIME_OLD_DAY);
    assert_refuses(&excel, "2958466", UMM_TIME_RANGE);
    assert_refuses(&excel, "99999999999999999999", UMM_TIME_RANGE);
    assert_refuses(&excel, "2021-01-01", UMM_TIME_MALFORMED);
    assert_parses_as(&mac, "0", "1904-01-01T00:00:00Z");
    assert_parses_as(&mac, "42735.25", "2021-01-01T06:00:00Z");
    assert_refuses(&mac, "-1", UMM_TIME_RANGE);
}

static void the_end_of_a_day_is_the_next_days_begin_where_asked_for(void **state)
{
    struct umm_time_spec spec = iso;
    (void)state;

    assert_refuses(&spec, "2024-01-02 24:00", UMM_TIME_HOUR_24);
    spec.has_hour_24 = true;
    assert_parses_as(&spec, "2024-01-02 24:00", "2024-01-03T00:00:00Z");
    assert_parses_as(&spec, "2024-12-31 24:00:00.000", "2025-01-01T00:00:00Z");
    assert_parses_as(&spec, "2024-02-28T24:00:00+01:00", "2024-02-28T23:00:00Z");
    assert_refuses(&spec, "2024-01-02 24:00:01", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&spec, "2024-01-02 24:00:00.001", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&spec, "2023-02-29 24:00", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&spec, "9999-12-31 24:00", UMM_TIME_RANGE);
    spec = pattern("%Y%m%d %H%M");
    spec.has_hour_24 = true;
    assert_parses_as(&spec, "20240102 2400", "2024-01-03T00:00:00Z");
}

static struct umm_time_spec of_day(struct umm_time_spec spec)
{
    spec.has_date = true;
    spec.date = umm_time_days_from_civil(2021, 1, 5);
    return spec;
}

static void times_of_one_day(void **state)
{
    struct umm_time_spec clock = of_day((struct umm_time_spec){.form = UMM_TIME_FORM_CLOCK}),
                         spec = of_day((struct umm_time_spec){.form = UMM_TIME_FORM_NONE});
    struct umm_tz *tz = NULL;
    (void)state;

    assert_parses_as(&clock, "9:30", "2021-01-05T09:30:00Z");
    assert_parses_as(&clock, "09:30:01.5", "2021-01-05T09:30:01.500Z");
    assert_refuses(&clock, "24:00", UMM_TIME_HOUR_24);
    assert_refuses(&clock, "09", UMM_TIME_MALFORMED);
    assert_refuses(&clock, "0930", UMM_TIME_MALFORMED);
    assert_refuses(&clock, "2021-01-05 09:30", UMM_TIME_MALFORMED);
    assert_refuses(&(struct umm_time_spec){.form = UMM_TIME_FORM_CLOCK}, "09:30",
                   UMM_TIME_MALFORMED);
    assert_int_equal(detect("9:30", &spec), UMM_TIME_OK);
    assert_int_equal(spec.form, UMM_TIME_FORM_CLOCK);
    spec.form = UMM_TIME_FORM_NONE;
    assert_int_equal(detect("34200", &spec), UMM_TIME_NO_CLOCK);
    assert_int_equal(detect("2021-01-05", &spec), UMM_TIME_MALFORMED);
    assert_int_equal(spec.form, UMM_TIME_FORM_NONE);

    spec = of_day(forced(UMM_TIME_MS));
    assert_parses_as(&spec, "0", "2021-01-05T00:00:00Z");
    assert_parses_as(&spec, "34200123", "2021-01-05T09:30:00.123Z");
    assert_parses_as(&spec, "34200123.5", "2021-01-05T09:30:00.123500Z");
    assert_refuses(&spec, "86400000", UMM_TIME_HOUR_24);
    assert_refuses(&spec, "86400001", UMM_TIME_NOT_OF_DAY);
    assert_refuses(&spec, "-1", UMM_TIME_NOT_OF_DAY);
    assert_refuses(&spec, "1609838400000", UMM_TIME_NOT_OF_DAY);
    assert_refuses(&spec, "99999999999999999999999", UMM_TIME_NOT_OF_DAY);
    assert_refuses(&spec, "0.0000001", UMM_TIME_INEXACT);
    spec.has_hour_24 = true;
    assert_parses_as(&spec, "86400000", "2021-01-06T00:00:00Z");
    spec = of_day(forced(UMM_TIME_EXCEL));
    assert_parses_as(&spec, "0.395833333333333", "2021-01-05T09:30:00Z");
    assert_refuses(&spec, "44197.5", UMM_TIME_NOT_OF_DAY);
    assert_refuses(&spec, "1.5", UMM_TIME_NOT_OF_DAY);
    assert_refuses(&spec, "1", UMM_TIME_HOUR_24);
    spec = of_day(by_magnitude);
    assert_refuses(&spec, "34200123", UMM_TIME_NO_CLOCK);

    assert_true(umm_time_pattern_check_clock("%-H%M%S%3f", NULL, NULL));
    assert_true(umm_time_pattern_check_clock("%I:%M %p", NULL, NULL));
    assert_false(umm_time_pattern_check_clock("%F %H", NULL, NULL));
    assert_false(umm_time_pattern_check_clock("%Z", NULL, NULL));
    assert_false(umm_time_pattern_check_clock("%s", NULL, NULL));
    spec =
        of_day((struct umm_time_spec){.form = UMM_TIME_FORM_PATTERN, .patterns = {"%-H%M%S%3f"}});
    assert_parses_as(&spec, "93000123", "2021-01-05T09:30:00.123Z");
    assert_parses_as(&spec, "5", "2021-01-05T00:00:00.005Z");
    if (umm_tz_open("America/New_York", NULL, &tz, NULL) != UMM_OK)
        skip();
    clock.tz = tz;
    assert_parses_as(&clock, "9:30", "2021-01-05T14:30:00Z");
    umm_tz_close(tz);
}

static void months_alone(void **state)
{
    struct umm_time_spec spec = {.form = UMM_TIME_FORM_NONE};
    (void)state;

    assert_int_equal(detect("2021-05", &spec), UMM_TIME_OK);
    assert_int_equal(spec.form, UMM_TIME_FORM_MONTH);
    assert_parses_as(&spec, "2021-05", "2021-05-01T00:00:00Z");
    assert_parses_as(&spec, "2021/12", "2021-12-01T00:00:00Z");
    assert_refuses(&spec, "2021-13", UMM_TIME_NO_SUCH_DATE);
    assert_refuses(&spec, "2021-05-01", UMM_TIME_MALFORMED);
    assert_refuses(&iso, "2021-05", UMM_TIME_MALFORMED);
}

/* ---- units ---- */

static void unit_names(void **state)
{
    static const char *const bad[] = {"", "S", "sec", "m", "MS", "nss"};
    enum umm_time_unit unit = UMM_TIME_US;
    (void)state;

    for (int i = UMM_TIME_S; i < UMM_TIME_UNITS; i++) {
        assert_true(umm_time_unit_parse_in(umm_time_unit_name((enum umm_time_unit)i), &unit));
        assert_int_equal(unit, i);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(umm_time_unit_parse_in(bad[i], &unit));
    assert_int_equal(unit, UMM_TIME_EXCEL_1904);
}

static void every_int64_goes_through_every_unit(void **state)
{
    static const int64_t edges[] = {
        0,          1,           -1,        999,       1000,          -999,
        -1000,      -1001,       INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1,
        1000000000, -1000000001, 86400};
    (void)state;

    for (size_t i = 0; i < 2000; i++) {
        int64_t value = i < COUNT(edges) ? edges[i] : (int64_t)(next_random() >> (i % 40));
        for (int unit = UMM_TIME_S; unit <= UMM_TIME_NS; unit++) {
            int64_t back = 0;
            struct umm_time t = umm_time_from_unit(value, (enum umm_time_unit)unit);
            assert_in_range(t.nsec, 0, 999999999);
            assert_int_equal(umm_time_to_unit(t, (enum umm_time_unit)unit, &back), UMM_TIME_OK);
            assert_int_equal(back, value);
        }
    }
}

static void assert_no_unit(int64_t sec, int32_t nsec, enum umm_time_unit unit,
                           enum umm_time_result result)
{
    int64_t out = 77;

    assert_int_equal(umm_time_to_unit((struct umm_time){sec, nsec}, unit, &out), result);
    assert_int_equal(out, 77);
}

static void what_a_unit_cannot_hold_is_refused(void **state)
{
    int64_t out = 0;
    (void)state;

    assert_no_unit(9223372036, 854775808, UMM_TIME_NS, UMM_TIME_RANGE);
    assert_no_unit(9223372037, 0, UMM_TIME_NS, UMM_TIME_RANGE);
    assert_no_unit(-9223372037, 145224191, UMM_TIME_NS, UMM_TIME_RANGE);
    assert_no_unit(INT64_MIN, 0, UMM_TIME_MS, UMM_TIME_RANGE);
    assert_no_unit(0, 1, UMM_TIME_US, UMM_TIME_INEXACT);
    assert_no_unit(0, 1000, UMM_TIME_MS, UMM_TIME_INEXACT);
    assert_no_unit(-1, 999999999, UMM_TIME_S, UMM_TIME_INEXACT);
    assert_no_unit(INT64_MAX, 1, UMM_TIME_MS, UMM_TIME_INEXACT);
    assert_int_equal(umm_time_to_unit((struct umm_time){-9223372037, 145224192}, UMM_TIME_NS, &out),
                     UMM_TIME_OK);
    assert_int_equal(out, INT64_MIN);
    assert_int_equal(umm_time_to_unit((struct umm_time){-1, 500000000}, UMM_TIME_MS, &out),
                     UMM_TIME_OK);
    assert_int_equal(out, -500);
}

/* ---- writing ---- */

static void assert_iso(int64_t sec, int32_t nsec, const char *want)
{
    char buf[UMM_TIME_ISO_MAX];

    assert_int_equal(umm_time_format_iso((struct umm_time){sec, nsec}, buf), strlen(want));
    assert_string_equal(buf, want);
}

static void iso_has_the_digits_it_needs(void **state)
{
    (void)state;
    assert_iso(1704067200, 0, "2024-01-01T00:00:00Z");
    assert_iso(1704067200, 1000000, "2024-01-01T00:00:00.001Z");
    assert_iso(1704067200, 1000, "2024-01-01T00:00:00.000001Z");
    assert_iso(1704067200, 1, "2024-01-01T00:00:00.000000001Z");
    assert_iso(-1, 500000000, "1969-12-31T23:59:59.500Z");
}

static void iso_years_outside_0_to_9999_have_a_sign(void **state)
{
    (void)state;
    assert_iso(UMM_TIME_SEC_MAX, 0, "9999-12-31T23:59:59Z");
    assert_iso(UMM_TIME_SEC_MAX + 1, 0, "+10000-01-01T00:00:00Z");
    assert_iso(UMM_TIME_SEC_MIN - 1, 0, "0000-12-31T23:59:59Z");
    assert_iso(-62167219201, 0, "-0001-12-31T23:59:59Z");
    assert_iso(INT64_MAX, 999999999, "+292277026596-12-04T15:30:07.999999999Z");
    assert_iso(INT64_MIN, 1, "-292277022657-01-27T08:29:52.000000001Z");
}

static void random_instants_return_through_iso(void **state)
{
    const uint64_t span = (uint64_t)(UMM_TIME_SEC_MAX - UMM_TIME_SEC_MIN);
    (void)state;

    for (int i = 0; i < 20000; i++) {
        struct umm_time t = {.sec = UMM_TIME_SEC_MIN + (int64_t)(next_random() % span),
                             .nsec = i % 2 ? (int32_t)(next_random() % 1000000000) : 0};
        char buf[UMM_TIME_ISO_MAX], want[32];
        struct tm tm;
        time_t sec = (time_t)t.sec;
        assert_non_null(gmtime_r(&sec, &tm));
        snprintf(want, sizeof want, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)tm.tm_year + 1900,
                 (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday, (unsigned)tm.tm_hour,
                 (unsigned)tm.tm_min, (unsigned)tm.tm_sec);
        umm_time_format_iso(t, buf);
        assert_memory_equal(buf, want, strlen(want));
        assert_parses(&iso, buf, t.sec, t.nsec);
    }
}

static void every_result_but_two_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int i = UMM_TIME_OK; i <= UMM_TIME_DAY_MONTH; i++) {
        const char *text = umm_time_result_text((enum umm_time_result)i);
        assert_int_equal(strcmp(text, "is not a time") == 0,
                         i == UMM_TIME_OK || i == UMM_TIME_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_dates_agree_with_timegm),
        cmocka_unit_test(every_day_of_an_era_follows_the_one_before),
        cmocka_unit_test(leap_years_are_gregorian),
        cmocka_unit_test(epoch_numbers_of_every_unit),
        cmocka_unit_test(epoch_fractions_are_exact),
        cmocka_unit_test(negative_epochs_round_down),
        cmocka_unit_test(the_unit_goes_by_magnitude),
        cmocka_unit_test(exponents_are_exact),
        cmocka_unit_test(ticks_count_from_the_year_1),
        cmocka_unit_test(a_forced_unit_takes_any_magnitude),
        cmocka_unit_test(epochs_outside_years_1_to_9999_are_out_of_range),
        cmocka_unit_test(malformed_epochs_are_refused),
        cmocka_unit_test(iso_texts),
        cmocka_unit_test(malformed_iso_texts_are_refused),
        cmocka_unit_test(dates_and_times_that_do_not_exist_are_refused),
        cmocka_unit_test(years_outside_1_to_9999_are_out_of_range),
        cmocka_unit_test(year_first_texts),
        cmocka_unit_test(compact_texts),
        cmocka_unit_test(malformed_compact_texts_are_refused),
        cmocka_unit_test(forms_are_detected),
        cmocka_unit_test(detection_sets_only_the_form),
        cmocka_unit_test(orders_of_day_and_month_are_never_guessed),
        cmocka_unit_test(what_has_no_form_is_malformed),
        cmocka_unit_test(patterns_of_real_files),
        cmocka_unit_test(texts_that_do_not_match_a_pattern_are_refused),
        cmocka_unit_test(the_second_pattern_is_for_texts_of_another_shape),
        cmocka_unit_test(bad_patterns_are_refused_where_they_are_bad),
        cmocka_unit_test(good_patterns_leave_bad_alone),
        cmocka_unit_test(texts_without_a_zone_are_local_to_the_spec),
        cmocka_unit_test(gaps_and_folds_are_told_apart),
        cmocka_unit_test(names_of_zones_are_those_of_the_spec),
        cmocka_unit_test(days_of_spreadsheets),
        cmocka_unit_test(the_end_of_a_day_is_the_next_days_begin_where_asked_for),
        cmocka_unit_test(times_of_one_day),
        cmocka_unit_test(months_alone),
        cmocka_unit_test(unit_names),
        cmocka_unit_test(every_int64_goes_through_every_unit),
        cmocka_unit_test(what_a_unit_cannot_hold_is_refused),
        cmocka_unit_test(iso_has_the_digits_it_needs),
        cmocka_unit_test(iso_years_outside_0_to_9999_have_a_sign),
        cmocka_unit_test(random_instants_return_through_iso),
        cmocka_unit_test(every_result_but_two_has_a_text_of_its_own),
    };

    return cmocka_run_group_tests(tests, map_room, NULL);
}
