/* SPDX-License-Identifier: MIT */
/*
 * The oracle is the C library's localtime_r with TZ set to the same zone or to
 * the same POSIX text. Tests that need tzdata are skipped where it is missing.
 */
#include "time/tz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "time/time.h"
#include "time/time_civil.h"

#include "random.h"

enum { HOUR = 3600, DAY = 86400 };

static const char *const zones[] = {
    "America/New_York",    "Europe/London",     "Europe/Dublin", "Asia/Kolkata", "Pacific/Apia",
    "America/Sao_Paulo",   "Africa/Casablanca", "Asia/Tehran",   "Asia/Tokyo",   "Antarctica/Troll",
    "Australia/Lord_Howe", "America/Nuuk",      "Etc/UTC"};

/* ---- helpers ---- */

static uint64_t random_state = RANDOM_SEED;

/* xorshift64: the same instants in every run. */
static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

static int64_t random_between(int64_t low, int64_t high)
{
    return low + (int64_t)(next_random() % (uint64_t)(high - low));
}

static int64_t at(int year, int month, int day, int hour, int minute)
{
    return umm_time_days_from_civil(year, month, day) * DAY + hour * HOUR + minute * 60;
}

static void use_libc_zone(const char *tz)
{
    assert_int_equal(setenv("TZ", tz, 1), 0);
    tzset();
}

static int32_t libc_offset(int64_t utc)
{
    struct tm tm;
    time_t t = (time_t)utc;

    assert_non_null(localtime_r(&t, &tm));
    return (int32_t)tm.tm_gmtoff;
}

static struct umm_tz *open_zone(const char *name)
{
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;

    if (umm_tz_open(name, NULL, &tz, &err) != UMM_OK)
        fail_msg("%s: %s", name, err.message);
    return tz;
}

static void need_tzdata(void)
{
    if (access("/usr/share/zoneinfo/Europe/London", R_OK) != 0) {
        print_message("SKIP: tzdata is not installed\n");
        skip();
    }
}

static void assert_local(const struct umm_tz *tz, int64_t local, enum umm_tz_fold fold,
                         enum umm_tz_result result, int64_t utc)
{
    int64_t got = INT64_MIN;

    assert_int_equal(umm_tz_local_to_utc(tz, local, fold, &got), result);
    assert_int_equal(got, result == UMM_TZ_OK ? utc : INT64_MIN);
}

/* All three fold choices for one local time that has two readings. */
static void assert_two_readings(const struct umm_tz *tz, int64_t local, enum umm_tz_result result,
                                int64_t earlier, int64_t later)
{
    assert_local(tz, local, UMM_TZ_FOLD_ERROR, result, 0);
    assert_local(tz, local, UMM_TZ_FOLD_EARLIER, UMM_TZ_OK, earlier);
    assert_local(tz, local, UMM_TZ_FOLD_LATER, UMM_TZ_OK, later);
}

static void assert_one_reading(const struct umm_tz *tz, int64_t local, int64_t utc)
{
    assert_local(tz, local, UMM_TZ_FOLD_ERROR, UMM_TZ_OK, utc);
    assert_local(tz, local, UMM_TZ_FOLD_EARLIER, UMM_TZ_OK, utc);
    assert_local(tz, local, UMM_TZ_FOLD_LATER, UMM_TZ_OK, utc);
}

/*
 * What local means by the C library: every offset in force around it is tried,
 * and those count whose instant has that offset.
 */
static void compare_local(const struct umm_tz *tz, int64_t local)
{
    int32_t before = libc_offset(local - 30 * HOUR), after = libc_offset(local + 30 * HOUR);
    int64_t first = INT64_MAX, last = INT64_MIN;

    for (int64_t around = local - 30 * HOUR; around <= local + 30 * HOUR; around += 6 * HOUR) {
        int64_t utc = local - libc_offset(around);
        if (utc + libc_offset(utc) == local) {
            first = utc < first ? utc : first;
            last = utc > last ? utc : last;
        }
    }
    if (first > last)
        assert_two_readings(tz, local, UMM_TZ_NONEXISTENT, local - after, local - before);
    else if (first < last)
        assert_two_readings(tz, local, UMM_TZ_AMBIGUOUS, first, last);
    else
        assert_one_reading(tz, local, first);
}

/* The instant in (low, high] from which the C library's offset is that of high. */
static int64_t find_change(int64_t low, int64_t high)
{
    int32_t offset = libc_offset(low);

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (libc_offset(middle) == offset)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void compare_around_change(const struct umm_tz *tz, int64_t change)
{
    static const int64_t steps[] = {-DAY - 1, -2 * HOUR, -HOUR, -1800, -1, 0,
                                    1,        1799,      1800,  HOUR,  DAY};
    int32_t offsets[] = {libc_offset(change - 1), libc_offset(change)};

    assert_int_equal(umm_tz_utc_offset(tz, change - 1), offsets[0]);
    assert_int_equal(umm_tz_utc_offset(tz, change), offsets[1]);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++)
            compare_local(tz, change + offsets[i] + steps[k]);
    }
}

/* Compare with the C library's zone (set before) over a span of years. */
static size_t compare_years(const struct umm_tz *tz, int first_year, int last_year, int n_random)
{
    int64_t low = at(first_year, 1, 1, 0, 0), high = at(last_year, 1, 1, 0, 0);
    size_t n_changes = 0;

    for (int i = 0; i < n_random; i++) {
        int64_t utc = random_between(low, high);
        assert_int_equal(umm_tz_utc_offset(tz, utc), libc_offset(utc));
        compare_local(tz, utc);
    }
    for (int64_t t = low; t < high; t += 20 * DAY) {
        if (libc_offset(t) != libc_offset(t + 20 * DAY)) {
            compare_around_change(tz, find_change(t, t + 20 * DAY));
            n_changes++;
        }
    }
    return n_changes;
}

/* ---- a TZif file made by hand ---- */

struct maker {
    unsigned char bytes[4096];
    size_t len;
};

static void put(struct maker *m, const void *bytes, size_t len)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void put_be(struct maker *m, int64_t value, size_t width)
{
    for (size_t i = width; i > 0; i--)
        m->bytes[m->len++] = (unsigned char)((uint64_t)value >> (8 * (i - 1)));
}

static void put_header(struct maker *m, char version, int n_leap, int n_times, int n_types)
{
    put(m, "TZif", 4);
    put(m, &version, 1);
    memset(m->bytes + m->len, 0, 15);
    m->len += 15;
    put_be(m, 0, 4);
    put_be(m, 0, 4);
    put_be(m, n_leap, 4);
    put_be(m, n_times, 4);
    put_be(m, n_types, 4);
    put_be(m, 4, 4);
}

/* Types are 0: UTC, 1: an hour ahead; times switch to 1, 0, 1 ... */
static void put_block(struct maker *m, size_t width, const int64_t *times, int n_times)
{
    for (int i = 0; i < n_times; i++)
        put_be(m, times[i], width);
    for (int i = 0; i < n_times; i++)
        put_be(m, (i + 1) % 2, 1);
    put(m, "\0\0\0\0\0\0", 6);
    put(m, "\0\0\x0e\x10\1\0", 6);
    put(m, "XXX\0", 4);
}

static void make_v2(struct maker *m, const int64_t *times, int n_times, const char *footer)
{
    m->len = 0;
    put_header(m, '2', 0, 0, 2);
    put_block(m, 4, NULL, 0);
    put_header(m, '2', 0, n_times, 2);
    put_block(m, 8, times, n_times);
    put(m, "\n", 1);
    put(m, footer, strlen(footer));
    put(m, "\n", 1);
}

static struct umm_tz *parse_rule(const char *footer)
{
    struct maker m;
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;

    make_v2(&m, NULL, 0, footer);
    if (umm_tz_parse("test", m.bytes, m.len, &tz, &err) != UMM_OK)
        fail_msg("%s: %s", footer, err.message);
    return tz;
}

static void assert_bad(const struct maker *m, enum umm_status status, const char *message)
{
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;

    assert_int_equal(umm_tz_parse("test", m->bytes, m->len, &tz, &err), status);
    assert_null(tz);
    assert_int_equal(err.status, status);
    if (message)
        assert_string_equal(err.message, message);
}

/* ---- names ---- */

static void null_and_utc_are_utc(void **state)
{
    (void)state;
    struct umm_tz *utc = open_zone("UTC"), *z = open_zone("Z");

    assert_string_equal(umm_tz_name(NULL), "UTC");
    assert_string_equal(umm_tz_name(utc), "UTC");
    assert_string_equal(umm_tz_name(z), "Z");
    assert_int_equal(umm_tz_utc_offset(NULL, 5), 0);
    assert_int_equal(umm_tz_utc_offset(z, 5), 0);
    assert_one_reading(NULL, 1234567890, 1234567890);
    assert_one_reading(utc, -1234567890, -1234567890);
    umm_tz_close(utc);
    umm_tz_close(z);
    umm_tz_close(NULL);
}

static void fixed_offsets_are_east_of_utc(void **state)
{
    static const struct {
        const char *name;
        int32_t offset_s;
    } cases[] = {{"+5", 5 * HOUR},     {"-5", -5 * HOUR},
                 {"+05", 5 * HOUR},    {"-0500", -5 * HOUR},
                 {"+02:00", 2 * HOUR}, {"+05:45", 5 * HOUR + 2700},
                 {"-00:30", -1800},    {"+23:59", DAY - 60},
                 {"-2359", 60 - DAY},  {"+0", 0}};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct umm_tz *tz = open_zone(cases[i].name);
        assert_int_equal(umm_tz_utc_offset(tz, 0), cases[i].offset_s);
        assert_one_reading(tz, 86400, 86400 - cases[i].offset_s);
        umm_tz_close(tz);
    }
}

static void names_that_are_no_zone_are_refused(void **state)
{
    static const char *const names[] = {"",
                                        "+",
                                        "-",
                                        "+24:00",
                                        "+05:60",
                                        "+5:00",
                                        "+500",
                                        "+05:",
                                        "+05:0",
                                        "05:00",
                                        "+05:00 ",
                                        "+1x",
                                        "/etc/localtime",
                                        "../zoneinfo/UTC",
                                        "Europe/../UTC",
                                        "Europe/Lon don",
                                        "Europe/Nowhere",
                                        "Europe",
                                        "America/",
                                        "Europe/London/x",
                                        "zone.tab",
                                        "Europe/London\n"};
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct umm_error err = {0};
        struct umm_tz *tz = NULL;
        assert_int_equal(umm_tz_open(names[i], NULL, &tz, &err), UMM_ERR_ARGUMENT);
        assert_null(tz);
        assert_memory_equal(err.message, "unknown time zone: \"", 20);
        assert_int_equal(umm_tz_open(names[i], NULL, &tz, NULL), UMM_ERR_ARGUMENT);
    }
}

static void a_missing_zone_says_where_it_was_looked_for(void **state)
{
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;
    (void)state;

    assert_int_equal(umm_tz_open("Europe/Nowhere", "/nonexistent", &tz, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "unknown time zone: \"Europe/Nowhere\" (not in /nonexistent)");
    assert_string_equal(err.path, "");
}

static void a_very_long_name_is_refused(void **state)
{
    char name[4096];
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;
    (void)state;

    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(umm_tz_open(name, NULL, &tz, &err), UMM_ERR_ARGUMENT);
    assert_true(strlen(err.message) < 100);
}

static void a_zone_is_looked_for_in_the_directory_given(void **state)
{
    char dir[] = "/tmp/umm-test-tz-XXXXXX", path[64];
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;
    struct maker m;
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/Here", dir);
    make_v2(&m, NULL, 0, "ABC-3");
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(m.bytes, 1, m.len, f), m.len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(umm_tz_open("Here", dir, &tz, &err), UMM_OK);
    assert_int_equal(umm_tz_utc_offset(tz, 0), 3 * HOUR);
    assert_string_equal(umm_tz_name(tz), "Here");
    umm_tz_close(tz);

    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(umm_tz_open("Here", dir, &tz, &err), UMM_ERR_DATA);
    assert_string_equal(err.path, path);
    unlink(path);
    rmdir(dir);
}

/* ---- zones of the machine ---- */

static void zones_agree_with_the_c_library(void **state)
{
    size_t n_changes = 0;
    (void)state;

    need_tzdata();
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct umm_tz *tz = open_zone(zones[i]);
        use_libc_zone(zones[i]);
        n_changes += compare_years(tz, 1900, 2100, 1000);
        umm_tz_close(tz);
    }
    assert_true(n_changes > 2000);
}

static void years_beyond_the_table_agree_with_the_c_library(void **state)
{
    static const char *const names[] = {"America/New_York", "Europe/Dublin", "Australia/Lord_Howe",
                                        "America/Nuuk"};
    (void)state;

    need_tzdata();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct umm_tz *tz = open_zone(names[i]);
        use_libc_zone(names[i]);
        assert_true(compare_years(tz, 2430, 2450, 20) >= 38);
        assert_true(compare_years(tz, 2835, 2845, 20) >= 18);
        assert_true(compare_years(tz, 9990, 9999, 20) >= 16);
        umm_tz_close(tz);
    }
}

static void new_york_gap_and_fold(void **state)
{
    (void)state;
    need_tzdata();
    struct umm_tz *tz = open_zone("America/New_York");

    assert_two_readings(tz, at(2024, 3, 10, 2, 30), UMM_TZ_NONEXISTENT, at(2024, 3, 10, 6, 30),
                        at(2024, 3, 10, 7, 30));
    assert_two_readings(tz, at(2024, 3, 10, 2, 0), UMM_TZ_NONEXISTENT, at(2024, 3, 10, 6, 0),
                        at(2024, 3, 10, 7, 0));
    assert_one_reading(tz, at(2024, 3, 10, 1, 59), at(2024, 3, 10, 6, 59));
    assert_one_reading(tz, at(2024, 3, 10, 3, 0), at(2024, 3, 10, 7, 0));
    assert_two_readings(tz, at(2024, 11, 3, 1, 30), UMM_TZ_AMBIGUOUS, at(2024, 11, 3, 5, 30),
                        at(2024, 11, 3, 6, 30));
    assert_one_reading(tz, at(2024, 11, 3, 0, 59), at(2024, 11, 3, 4, 59));
    assert_one_reading(tz, at(2024, 11, 3, 2, 0), at(2024, 11, 3, 7, 0));
    umm_tz_close(tz);
}

static void lord_howe_moves_by_half_an_hour(void **state)
{
    (void)state;
    need_tzdata();
    struct umm_tz *tz = open_zone("Australia/Lord_Howe");

    assert_two_readings(tz, at(2024, 4, 7, 1, 45), UMM_TZ_AMBIGUOUS, at(2024, 4, 6, 14, 45),
                        at(2024, 4, 6, 15, 15));
    assert_two_readings(tz, at(2024, 10, 6, 2, 15), UMM_TZ_NONEXISTENT, at(2024, 10, 5, 15, 15),
                        at(2024, 10, 5, 15, 45));
    assert_one_reading(tz, at(2024, 10, 6, 2, 30), at(2024, 10, 5, 15, 30));
    umm_tz_close(tz);
}

static void apia_skipped_a_day(void **state)
{
    (void)state;
    need_tzdata();
    struct umm_tz *tz = open_zone("Pacific/Apia");

    assert_one_reading(tz, at(2011, 12, 29, 23, 59), at(2011, 12, 30, 9, 59));
    assert_two_readings(tz, at(2011, 12, 30, 12, 0), UMM_TZ_NONEXISTENT, at(2011, 12, 29, 22, 0),
                        at(2011, 12, 30, 22, 0));
    assert_one_reading(tz, at(2011, 12, 31, 0, 0), at(2011, 12, 30, 10, 0));
    umm_tz_close(tz);
}

static void dublin_has_the_same_hours_as_london(void **state)
{
    (void)state;
    need_tzdata();
    struct umm_tz *tz = open_zone("Europe/Dublin");

    assert_two_readings(tz, at(2024, 10, 27, 1, 30), UMM_TZ_AMBIGUOUS, at(2024, 10, 27, 0, 30),
                        at(2024, 10, 27, 1, 30));
    assert_two_readings(tz, at(2050, 3, 27, 1, 30), UMM_TZ_NONEXISTENT, at(2050, 3, 27, 0, 30),
                        at(2050, 3, 27, 1, 30));
    umm_tz_close(tz);
}

static void zones_with_leap_seconds_are_refused(void **state)
{
    struct umm_error err = {0};
    struct umm_tz *tz = NULL;
    (void)state;

    if (access("/usr/share/zoneinfo/right/Europe/London", R_OK) != 0)
        skip();
    assert_int_equal(umm_tz_open("right/Europe/London", NULL, &tz, &err), UMM_ERR_UNSUPPORTED);
}

/* ---- rules ---- */

static void rules_agree_with_the_c_library(void **state)
{
    static const char *const rules[] = {"EST5EDT,M3.2.0,M11.1.0",
                                        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                        "IST-1GMT0,M10.5.0,M3.5.0/1",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                        "AAA3BBB,J60/0,J300/4:30:15",
                                        "AAA3BBB,59/0,299",
                                        "AAA-12BBB,M9.5.6/24,M4.1.0/3",
                                        "<+0330>-3:30<+0430>,J79/24,J263/24",
                                        "IST-2IDT,M3.4.4/26,M10.5.0",

                                        "XXX3",
                                        "<-03>3:00:01"};
    (void)state;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct umm_tz *tz = parse_rule(rules[i]);
        use_libc_zone(rules[i]);
        size_t n_changes = compare_years(tz, 1975, 2025, 200);
        assert_true(n_changes == 0 ? !strchr(rules[i], ',') : n_changes >= 98);
        umm_tz_close(tz);
    }
}

static void a_rule_alone_holds_in_every_year(void **state)
{
    (void)state;
    struct umm_tz *tz = parse_rule("EST5EDT,M3.2.0,M11.1.0");

    for (int year = 1; year <= 9999; year += 399) {
        assert_int_equal(umm_tz_utc_offset(tz, at(year, 2, 1, 0, 0)), -5 * HOUR);
        assert_int_equal(umm_tz_utc_offset(tz, at(year, 7, 1, 0, 0)), -4 * HOUR);
        assert_one_reading(tz, at(year, 12, 31, 23, 59), at(year + 1, 1, 1, 4, 59));
    }
    umm_tz_close(tz);
}

/* The C library does not look at the rules of the years next to an instant's own. */
static void hours_can_move_a_change_into_another_year(void **state)
{
    (void)state;
    struct umm_tz *tz = parse_rule("AAA0BBB,J1/-100,J180/167");

    for (int year = 1600; year < 2500; year += 99) {
        assert_int_equal(umm_tz_utc_offset(tz, at(year, 12, 27, 20, 0) - 1), 0);
        assert_int_equal(umm_tz_utc_offset(tz, at(year, 12, 27, 20, 0)), HOUR);
        assert_int_equal(umm_tz_utc_offset(tz, at(year, 7, 5, 22, 0) - 1), HOUR);
        assert_int_equal(umm_tz_utc_offset(tz, at(year, 7, 5, 22, 0)), 0);
    }
    umm_tz_close(tz);
    tz = parse_rule("AAA0BBB,J364/167,J365/167");
    assert_int_equal(umm_tz_utc_offset(tz, at(2021, 1, 5, 23, 0) - 1), 0);
    assert_int_equal(umm_tz_utc_offset(tz, at(2021, 1, 5, 23, 0)), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, at(2021, 1, 6, 22, 0) - 1), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, at(2021, 1, 6, 22, 0)), 0);
    umm_tz_close(tz);
}

static void summer_time_all_year_has_no_changes(void **state)
{
    (void)state;
    struct umm_tz *tz = parse_rule("XXX3EDT4,0/0,J365/23");

    for (int year = 1990; year < 2000; year++) {
        for (int hour = 0; hour < 24; hour++) {
            assert_one_reading(tz, at(year, 12, 31, hour, 30),
                               at(year, 12, 31, hour, 30) + 4 * HOUR);
            assert_one_reading(tz, at(year, 1, 1, hour, 30), at(year, 1, 1, hour, 30) + 4 * HOUR);
        }
    }
    umm_tz_close(tz);
}

static void a_rule_holds_from_the_last_time_of_the_table(void **state)
{
    /* The last two times change nothing that the clock shows. */
    const int64_t times[] = {at(1980, 1, 1, 0, 0), at(1981, 1, 1, 0, 0), at(2000, 1, 1, 0, 0)};
    struct maker m;
    struct umm_tz *tz = NULL;
    (void)state;

    make_v2(&m, times, 3, "AAA-1BBB,M4.1.0,M10.1.0");
    m.bytes[m.len - 1 - strlen("\nAAA-1BBB,M4.1.0,M10.1.0") - 16 - 3 + 1] = 1; /* 2nd: type 1 too */
    assert_int_equal(umm_tz_parse("test", m.bytes, m.len, &tz, NULL), UMM_OK);
    assert_int_equal(umm_tz_utc_offset(tz, at(1979, 7, 1, 0, 0)), 0);
    assert_int_equal(umm_tz_utc_offset(tz, at(1985, 7, 1, 0, 0)), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, at(1999, 7, 1, 0, 0)), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, at(2000, 7, 1, 0, 0)), 2 * HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, at(2000, 12, 1, 0, 0)), HOUR);
    umm_tz_close(tz);
}

static void a_change_moved_into_the_first_year_counts(void **state)
{
    const int64_t times[] = {at(2021, 1, 1, 0, 0)};
    struct maker m;
    struct umm_tz *tz = NULL;
    (void)state;

    /* The rule of 2020 ends its summer time on 2021-01-06. */
    make_v2(&m, times, 1, "AAA0BBB,J364/167,J365/167");
    assert_int_equal(umm_tz_parse("test", m.bytes, m.len, &tz, NULL), UMM_OK);
    assert_int_equal(umm_tz_utc_offset(tz, at(2021, 1, 6, 22, 0) - 1), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, at(2021, 1, 6, 22, 0)), 0);
    umm_tz_close(tz);
}

static void malformed_rules_are_refused(void **state)
{
    static const char *const rules[] = {"X3",
                                        "XXX",
                                        "XXX3 ",
                                        "XXX25",
                                        "XXX3:60",
                                        "XXX3:5",
                                        "XXX3:00:60",
                                        "XXX3:00:5",
                                        "<XX3",
                                        "<X!X>3",
                                        "XXX3YYY",
                                        "XXX3YY,M3.2.0,M11.1.0",
                                        "XXX3YYY25,M3.2.0,M11.1.0",
                                        "XXX3YYY,",
                                        "XXX3YYY,M3.2.0",
                                        "XXX3YYY,M3.2.0,",
                                        "XXX3YYY,M0.2.0,M11.1.0",
                                        "XXX3YYY,M13.2.0,M11.1.0",
                                        "XXX3YYY,M3.6.0,M11.1.0",
                                        "XXX3YYY,M3.0.0,M11.1.0",
                                        "XXX3YYY,M3.2.7,M11.1.0",
                                        "XXX3YYY,M3.2,M11.1.0",
                                        "XXX3YYY,J0,M11.1.0",
                                        "XXX3YYY,J366,M11.1.0",
                                        "XXX3YYY,366,M11.1.0",
                                        "XXX3YYY,M3.2.0/168,M11.1.0",
                                        "XXX3YYY,M3.2.0/-168,M11.1.0",
                                        "XXX3YYY,M3.2.0/,M11.1.0",
                                        "XXX3YYY,M3.2.0,M11.1.0x"};
    struct maker m;
    (void)state;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        make_v2(&m, NULL, 0, rules[i]);
        assert_bad(&m, UMM_ERR_DATA,
                   "not a valid time zone file: its last line is not a POSIX TZ text");
    }
}

/* ---- files ---- */

static void version_1_files_are_read(void **state)
{
    const int64_t times[] = {-1000000, 1000000};
    struct maker m = {.len = 0};
    struct umm_tz *tz = NULL;
    (void)state;

    put_header(&m, '\0', 0, 2, 2);
    put_block(&m, 4, times, 2);
    assert_int_equal(umm_tz_parse("test", m.bytes, m.len, &tz, NULL), UMM_OK);
    assert_int_equal(umm_tz_utc_offset(tz, -1000001), 0);
    assert_int_equal(umm_tz_utc_offset(tz, -1000000), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, 999999), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, INT64_MAX), 0);
    assert_int_equal(umm_tz_utc_offset(tz, INT64_MIN), 0);
    umm_tz_close(tz);
}

static void files_cut_short_anywhere_are_refused(void **state)
{
    const int64_t times[] = {-5000000000, 5000000000};
    struct maker m;
    (void)state;

    make_v2(&m, times, 2, "EST5EDT,M3.2.0,M11.1.0");
    for (size_t len = m.len; len-- > 0;) {
        /* A copy that ends where the heap block does: the sanitizer sees a byte more. */
        struct umm_tz *tz = NULL;
        unsigned char *copy = malloc(len + !len);
        assert_non_null(copy);
        memcpy(copy, m.bytes, len);
        assert_int_equal(umm_tz_parse("test", copy, len, &tz, NULL), UMM_ERR_DATA);
        assert_null(tz);
        free(copy);
    }
}

static void files_with_wrong_content_are_refused(void **state)
{
    const int64_t equal_times[] = {7, 7}, times[] = {7, 8};
    const int64_t too_early[] = {-UMM_TZ_SEC_MAX - 1, 8};
    struct maker m;
    (void)state;

    make_v2(&m, equal_times, 2, "XXX3");
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: its times are not in order");
    make_v2(&m, too_early, 2, "XXX3");
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: its times are not in order");
    make_v2(&m, times, 2, "XXX3");
    m.bytes[0] = 't';
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: it does not begin with TZif");
    make_v2(&m, times, 2, "XXX3");
    m.bytes[m.len - 6 - 16 - 1] = 2;
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: a local time type is missing");
    make_v2(&m, times, 2, "XXX3");
    m.bytes[m.len - 6 - 16] = 0x7f;
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: an offset from UTC is out of range");
    m.len = 0;
    put_header(&m, '\0', 0, 0, 0);
    put(&m, "XXX\0", 4);
    assert_bad(&m, UMM_ERR_DATA,
               "not a valid time zone file: its number of local time types is wrong");
}

static void without_a_rule_the_last_offset_stays(void **state)
{
    const int64_t times[] = {0, 1000, 2000};
    struct umm_tz *tz = NULL;
    struct maker m;
    (void)state;

    make_v2(&m, times, 3, "");
    assert_int_equal(umm_tz_parse("test", m.bytes, m.len, &tz, NULL), UMM_OK);
    assert_int_equal(umm_tz_utc_offset(tz, 1000), 0);
    assert_int_equal(umm_tz_utc_offset(tz, 2000), HOUR);
    assert_int_equal(umm_tz_utc_offset(tz, INT64_C(1) << 50), HOUR);
    umm_tz_close(tz);
}

static void leap_seconds_in_a_file_are_refused(void **state)
{
    struct maker m = {.len = 0};
    (void)state;

    put_header(&m, '\0', 1, 0, 2);
    put_block(&m, 4, NULL, 0);
    put_be(&m, 0, 8);
    assert_bad(&m, UMM_ERR_UNSUPPORTED, NULL);
}

static void counts_that_overflow_are_refused(void **state)
{
    struct maker m = {.len = 0};
    (void)state;

    put_header(&m, '2', -1, -1, -1);
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: it ends within its first block");
    m.len = 0;
    put_header(&m, '\0', 0, -1, 1);
    assert_bad(&m, UMM_ERR_DATA, "not a valid time zone file: it ends within its data");
}

static void other_changes_may_lie_between_two_readings(void **state)
{
    /* Back an hour at 0, forward at 600, back at 700: 1000 is seen before and after. */
    const int64_t times[] = {-10000, 0, 600, 700};
    struct maker m;
    struct umm_tz *tz = NULL;
    (void)state;

    make_v2(&m, times, 4, "XXX0");
    assert_int_equal(umm_tz_parse("test", m.bytes, m.len, &tz, NULL), UMM_OK);
    assert_two_readings(tz, 1000, UMM_TZ_AMBIGUOUS, -2600, 1000);
    assert_two_readings(tz, 500, UMM_TZ_AMBIGUOUS, -3100, 500);
    assert_two_readings(tz, 4250, UMM_TZ_AMBIGUOUS, 650, 4250);
    assert_one_reading(tz, 4300, 4300);
    umm_tz_close(tz);
}

/* Every name that the zone has, at a local time that the C library shows with one of them. */
static void check_names(const struct umm_tz *tz, int64_t utc)
{
    static const char *const names[] = {"EST", "EDT", "EWT", "GMT", "BST",
                                        "IST", "JST", "LMT", "-03"};
    struct tm tm;
    time_t t = (time_t)utc;
    int64_t got = 0;

    assert_non_null(localtime_r(&t, &tm));
    const int64_t local = utc + tm.tm_gmtoff;
    assert_int_equal(
        umm_tz_named_to_utc(tz, local, tm.tm_zone, strlen(tm.tm_zone), UMM_TZ_FOLD_LATER, &got),
        UMM_TZ_OK);
    assert_true(got >= utc);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct tm other;
        got = INT64_MIN;
        enum umm_tz_result result =
            umm_tz_named_to_utc(tz, local, names[i], strlen(names[i]), UMM_TZ_FOLD_EARLIER, &got);
        if (result != UMM_TZ_OK) {
            assert_int_equal(got, INT64_MIN);
            assert_string_not_equal(names[i], tm.tm_zone);
            continue;
        }
        t = (time_t)got;
        assert_non_null(localtime_r(&t, &other));
        assert_string_equal(other.tm_zone, names[i]);
        assert_int_equal(got + other.tm_gmtoff, local);
    }
}

/* A stretch has one offset, and its ends are where it has no more of its own. */
static void check_stretch(const struct umm_tz *tz, int64_t local)
{
    struct umm_tz_stretch stretch;
    int64_t utc;

    if (!umm_tz_find_stretch(tz, local, &stretch))
        return;
    assert_true(stretch.from_sec <= local && local < stretch.until_sec);
    assert_one_reading(tz, local, local - stretch.offset_s);
    for (int i = 0; i < 2; i++) {
        int64_t end = i ? stretch.until_sec - 1 : stretch.from_sec;
        if (end < at(1800, 1, 1, 0, 0) || end > at(2300, 1, 1, 0, 0))
            continue;
        assert_int_equal(umm_tz_local_to_utc(tz, end, UMM_TZ_FOLD_ERROR, &utc), UMM_TZ_OK);
        assert_int_equal(utc, end - stretch.offset_s);
    }
}

static void names_and_stretches_are_those_of_the_c_library(void **state)
{
    (void)state;

    need_tzdata();
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        struct umm_tz *tz = open_zone(zones[i]);
        size_t n_found = 0;
        use_libc_zone(zones[i]);
        for (int k = 0; k < 3000; k++) {
            struct umm_tz_stretch stretch;
            int64_t utc = random_between(at(1900, 1, 1, 0, 0), at(2200, 1, 1, 0, 0));
            check_names(tz, utc);
            check_stretch(tz, utc);
            n_found += umm_tz_find_stretch(tz, utc, &stretch);
        }
        assert_true(n_found > 2900);
        umm_tz_close(tz);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_and_utc_are_utc),
        cmocka_unit_test(fixed_offsets_are_east_of_utc),
        cmocka_unit_test(names_that_are_no_zone_are_refused),
        cmocka_unit_test(a_missing_zone_says_where_it_was_looked_for),
        cmocka_unit_test(a_very_long_name_is_refused),
        cmocka_unit_test(a_zone_is_looked_for_in_the_directory_given),
        cmocka_unit_test(zones_agree_with_the_c_library),
        cmocka_unit_test(years_beyond_the_table_agree_with_the_c_library),
        cmocka_unit_test(new_york_gap_and_fold),
        cmocka_unit_test(lord_howe_moves_by_half_an_hour),
        cmocka_unit_test(apia_skipped_a_day),
        cmocka_unit_test(dublin_has_the_same_hours_as_london),
        cmocka_unit_test(zones_with_leap_seconds_are_refused),
        cmocka_unit_test(rules_agree_with_the_c_library),
        cmocka_unit_test(a_rule_alone_holds_in_every_year),
        cmocka_unit_test(hours_can_move_a_change_into_another_year),
        cmocka_unit_test(summer_time_all_year_has_no_changes),
        cmocka_unit_test(a_rule_holds_from_the_last_time_of_the_table),
        cmocka_unit_test(a_change_moved_into_the_first_year_counts),
        cmocka_unit_test(malformed_rules_are_refused),
        cmocka_unit_test(version_1_files_are_read),
        cmocka_unit_test(files_cut_short_anywhere_are_refused),
        cmocka_unit_test(files_with_wrong_content_are_refused),
        cmocka_unit_test(without_a_rule_the_last_offset_stays),
        cmocka_unit_test(leap_seconds_in_a_file_are_refused),
        cmocka_unit_test(counts_that_overflow_are_refused),
        cmocka_unit_test(other_changes_may_lie_between_two_readings),
        cmocka_unit_test(names_and_stretches_are_those_of_the_c_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
