/* SPDX-License-Identifier: MIT */
/*
 * The oracle for shapes is umm_time_parse: whatever a shape has learnt before, it reads a text
 * as that does, or says nothing. Texts stand before an inaccessible page, with no more than
 * UMM_TIME_SHAPE_PAD bytes between.
 */
#include "time/time_shape.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "time/time_civil.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { TEXT_MAX = 64 };

static uint64_t random_state = RANDOM_SEED;

static unsigned below(unsigned n)
{
    return (unsigned)(xorshift64(&random_state) % n);
}

/* ---- texts before a guard page ---- */

static char *room_end[2];

static int map_rooms(void **state)
{
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *base =
            mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED || mprotect(base + page_bytes, page_bytes, PROT_NONE) != 0)
            return -1;
        room_end[i] = base + page_bytes;
    }
    return 0;
}

/* The text with garbage after it. */
static const char *place(int part, const char *text, size_t len)
{
    char *at = room_end[part] - len - UMM_TIME_SHAPE_PAD;
    memcpy(at, text, len);
    for (int i = 0; i < UMM_TIME_SHAPE_PAD; i++)
        at[len + (size_t)i] = (char)below(256);
    return at;
}

/* ---- a column ---- */

static const char *const zones[] = {NULL,     "America/New_York",    "Europe/Dublin",
                                    "+05:30", "Australia/Lord_Howe", "Asia/Tokyo"};

/* How a column is written: a letter for each part, as write_time has them. */
static const struct column {
    enum umm_time_form form;
    const char *pattern; /* of the form PATTERN */
    const char *written;
    bool is_split; /* at its first blank */
    bool has_date;
} columns[] = {
    {UMM_TIME_FORM_ISO, NULL, "Y-m-d H:M:S", false, false},
    {UMM_TIME_FORM_ISO, NULL, "Y-m-dTH:M:S.fZ", false, false},
    {UMM_TIME_FORM_ISO, NULL, "Y-m-d H:M", true, false},
    {UMM_TIME_FORM_ISO, NULL, "Y-m-dTH:M:S+02:00", false, false},
    {UMM_TIME_FORM_ISO, NULL, "Y-o-e h:M", false, false},
    {UMM_TIME_FORM_ISO, NULL, "Y-m-d", false, false},
    {UMM_TIME_FORM_YEAR_FIRST, NULL, "Y.m.d H:M:S", true, false},
    {UMM_TIME_FORM_YEAR_FIRST, NULL, "Y/o/e h:M:S.f", false, false},
    {UMM_TIME_FORM_COMPACT, NULL, "Ymd HM", false, false},
    {UMM_TIME_FORM_COMPACT, NULL, "YmdHMS", false, false},
    {UMM_TIME_FORM_COMPACT, NULL, "Ymd H:M:S", true, false},
    {UMM_TIME_FORM_MONTH, NULL, "Y-m", false, false},
    {UMM_TIME_FORM_CLOCK, NULL, "h:M:S", false, true},
    {UMM_TIME_FORM_PATTERN, "%d/%m/%Y %H:%M", "d/m/Y H:M", false, false},
    {UMM_TIME_FORM_PATTERN, "%m/%d/%y %I:%M %p", "o/e/y i:M p", false, false},
    {UMM_TIME_FORM_PATTERN, "%d-%b-%Y %T%.f", "d-b-Y H:M:S.f", false, false},
    {UMM_TIME_FORM_PATTERN, "%a %F %T", "a Y-m-d H:M:S", false, false},
    {UMM_TIME_FORM_PATTERN, "%Y-%j %H%M%S", "Y-j HMS", false, false},
    {UMM_TIME_FORM_PATTERN, "%F %* %T", "Y-m-d word H:M:S", false, false},
    {UMM_TIME_FORM_PATTERN, "%F %T %z", "Y-m-d H:M:S z", false, false},
    {UMM_TIME_FORM_PATTERN, "%F %T %Z", "Y-m-d H:M:S Z", false, false},
    {UMM_TIME_FORM_PATTERN, "%-y%m%d %-H%M%S%3f", "n", true, false},
    {UMM_TIME_FORM_PATTERN, "%-H%M%S", "n", false, true},
    {UMM_TIME_FORM_PATTERN, "%-H%M%S%5f", "0n", false, true},
    {UMM_TIME_FORM_PATTERN, "%F %S%.f%-H%M", "Y-m-d ShM", false, false},
    {UMM_TIME_FORM_PATTERN, "%s", "n", false, false},
};

/* A time as written; second and nsec from sec and a few digits. */
static size_t write_time(const struct column *column, int64_t sec, char out[TEXT_MAX])
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const names[] = {"EST", "EDT", "GMT", "IST", "UTC", "JST"};
    static const char *const offsets[] = {"+01:00", "-0500", "Z", "+05"};
    const int64_t day_number = sec / 86400;
    const int of_day = (int)(sec % 86400);
    const int hour = of_day / 3600, minute = of_day / 60 % 60, second = of_day % 60;
    int64_t year;
    int month, day;
    size_t n = 0;
    umm_time_civil_from_days(day_number, &year, &month, &day);
    for (const char *p = column->written; *p; p++) {
        char *at = out + n;
        const size_t room = TEXT_MAX - n;
        int len = 1;
        switch (*p) {
        case 'Y': len = snprintf(at, room, "%04d", (int)year); break;
        case 'y': len = snprintf(at, room, "%02d", (int)(year % 100)); break;
        case 'm': len = snprintf(at, room, "%02d", month); break;
        case 'o': len = snprintf(at, room, "%d", month); break;
        case 'b': len = snprintf(at, room, "%s", months[month - 1]); break;
        case 'd': len = snprintf(at, room, "%02d", day); break;
        case 'e': len = snprintf(at, room, "%d", day); break;
        case 'j':
            len = snprintf(at, room, "%03d",
                           (int)(day_number - umm_time_days_from_civil(year, 1, 1)) + 1);
            break;
        case 'a': len = snprintf(at, room, "%s", days[(day_number + 3) % 7]); break;
        case 'H': len = snprintf(at, room, "%02d", hour); break;
        case 'h': len = snprintf(at, room, "%d", hour); break;
        case 'i': len = snprintf(at, room, "%d", hour % 12 ? hour % 12 : 12); break;
        case 'p': len = snprintf(at, room, "%s", hour < 12 ? "AM" : "PM"); break;
        case 'M': len = snprintf(at, room, "%02d", minute); break;
        case 'S': len = snprintf(at, room, "%02d", second); break;
        case 'f': len = snprintf(at, room, "%.*s", 1 + (int)below(9), "123456789"); break;
        case 'z': len = snprintf(at, room, "%s", offsets[below(COUNT(offsets))]); break;
        case 'Z':
            if (column->pattern)
                len = snprintf(at, room, "%s", names[below(COUNT(names))]);
            else
                *at = 'Z';
            break;
        case 'n': len = snprintf(at, room, "%u", below(240000) * below(9) + below(99)); break;
        default: *at = *p; break;
        }
        n += (size_t)len;
    }
    out[n] = '\0';
    return n;
}

/* Change a byte or two, as damage does. */
static void damage(char *text, size_t len)
{
    static const char bytes[] = "0129:-/. TZ+AaPx\xb1";
    for (unsigned i = 0; i <= below(2); i++)
        text[below((unsigned)len)] = bytes[below(sizeof bytes - 1)];
}

static void check_text(struct umm_time_shape *shape, const struct umm_time_spec *spec,
                       const struct column *column, const char *text, size_t len, size_t *n_read)
{
    const char *blank = column->is_split ? memchr(text, ' ', len) : NULL;
    const size_t split = blank ? (size_t)(blank - text) : len;
    const struct umm_time_parts parts = {
        {place(0, text, split), blank ? place(1, blank + 1, len - split - 1) : ""},
        {split, blank ? len - split - 1 : 0}};
    struct umm_time want = {-7, -7}, got = {-7, -7};
    const enum umm_time_result result = umm_time_parse(spec, text, len, &want);
    /* An empty second part is none, of which the joined text has a blank. */
    if (blank && split + 1 == len)
        return;
    if (umm_time_shape_read(shape, spec, &parts, &got)) {
        if (result != UMM_TIME_OK || got.sec != want.sec || got.nsec != want.nsec)
            fail_msg("\"%s\" as %lld %d, want %s %lld %d", text, (long long)got.sec, got.nsec,
                     umm_time_result_text(result), (long long)want.sec, want.nsec);
        ++*n_read;
        return;
    }
    assert_int_equal(got.sec, -7);
    assert_int_equal(umm_time_shape_learn(shape, spec, text, len, split, &got), result);
    assert_int_equal(got.sec, want.sec);
    assert_int_equal(got.nsec, want.nsec);
}

static void shapes_read_what_the_parser_reads(void **state)
{
    const int64_t from = 86400 * umm_time_days_from_civil(1930, 1, 1);
    const int64_t until = 86400 * umm_time_days_from_civil(2500, 1, 1);
    enum { TIMES = 400 };
    (void)state;
    for (size_t i = 0; i < COUNT(columns) * COUNT(zones); i++) {
        const struct column *column = &columns[i % COUNT(columns)];
        struct umm_tz *tz = NULL;
        const char *zone = zones[i / COUNT(columns)];
        struct umm_time_shape shape = {.is_known = false};
        if (zone && umm_tz_open(zone, NULL, &tz, NULL) != UMM_OK)
            continue;
        const struct umm_time_spec spec = {.form = column->form,
                                           .patterns = {column->pattern, NULL},
                                           .tz = tz,
                                           .fold = (enum umm_tz_fold)below(3),
                                           .has_hour_24 = below(2),
                                           .has_date = column->has_date,
                                           .date = 20000};
        int64_t sec = 0;
        size_t n_read = 0;
        for (int k = 0; k < TIMES; k++) {
            char text[TEXT_MAX];
            if (k % 40 == 0)
                sec = from + (int64_t)(xorshift64(&random_state) % (uint64_t)(until - from));
            sec += below(k % 3 ? 4000 : 90000);
            size_t len = write_time(column, sec < 0 ? -sec : sec, text);
            if (below(8) == 0)
                damage(text, len);
            check_text(&shape, &spec, column, text, len, &n_read);
        }
        /* Most are read by a shape, of those that have one. */
        if (column->form != UMM_TIME_FORM_PATTERN && !strpbrk(column->written, "foehj"))
            assert_in_range(n_read, TIMES / 4, TIMES);
        umm_tz_close(tz);
    }
}

/* Every minute around each change of a year: offsets are taken from one row to the next. */
static void offsets_change_where_the_zone_changes(void **state)
{
    const struct column *column = &columns[0];
    (void)state;
    for (size_t i = 1; i < COUNT(zones); i++) {
        struct umm_tz *tz = NULL;
        struct umm_time_shape shape = {.is_known = false};
        size_t n_read = 0;
        if (umm_tz_open(zones[i], NULL, &tz, NULL) != UMM_OK)
            continue;
        const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO, .tz = tz};
        int64_t sec = 86400 * umm_time_days_from_civil(2023, 1, 1);
        for (int k = 0; k < 366 * 24 * 6; k++) {
            char text[TEXT_MAX];
            sec += 600;
            check_text(&shape, &spec, column, text, write_time(column, sec, text), &n_read);
        }
        assert_true(n_read > 366 * 24 * 6 - 40);
        umm_tz_close(tz);
    }
}

static void dates_are_counted_as_the_calendar_has_them(void **state)
{
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    struct umm_time_shape shape = {.is_known = false};
    size_t n_read = 0, n = 0;
    (void)state;
    for (int year = 1890; year <= 2110; year++)
        for (int month = 0; month <= 13; month++)
            for (int day = 0; day <= 32; day++) {
                char text[TEXT_MAX];
                int len = snprintf(text, sizeof text, "%04d-%02d-%02d 09:30:00", year, month, day);
                check_text(&shape, &spec, &columns[0], text, (size_t)len, &n_read);
                n++;
            }
    assert_in_range(n_read, n * 3 / 4, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_read_what_the_parser_reads),
        cmocka_unit_test(offsets_change_where_the_zone_changes),
        cmocka_unit_test(dates_are_counted_as_the_calendar_has_them),
    };
    return cmocka_run_group_tests(tests, map_rooms, NULL);
}
