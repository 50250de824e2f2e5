/* SPDX-License-Identifier: MIT */
#include "time/tz_posix.h"

#include <string.h>

#include "time/time_civil.h"
#include "time/time_scan.h"

enum { DAY_S = 86400 };

static bool is_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* An abbreviation of three or more letters, or of anything sensible within <>. */
static bool scan_abbreviation(struct umm_time_cursor *cursor, char name[UMM_TZ_NAME_BYTES])
{
    bool is_quoted = umm_time_scan_byte(cursor, '<');
    const char *start = cursor->at;

    while (cursor->at < cursor->end) {
        char c = *cursor->at;
        if (!is_alpha(c) && !(is_quoted && (umm_time_is_digit(c) || c == '+' || c == '-')))
            break;
        cursor->at++;
    }
    size_t len = (size_t)(cursor->at - start);
    if (len < UMM_TZ_NAME_BYTES)
        memcpy(name, start, len);
    return len >= 3 && (!is_quoted || umm_time_scan_byte(cursor, '>'));
}

/* [+-]h[:mm[:ss]] with hours up to max_hours, in seconds. */
static bool scan_hours(struct umm_time_cursor *cursor, int32_t max_hours, int32_t *sec)
{
    int32_t hours, minutes = 0, seconds = 0;
    bool is_negative = umm_time_scan_byte(cursor, '-');

    if (!is_negative)
        umm_time_scan_byte(cursor, '+');
    if (umm_time_scan_digits(cursor, 1, 3, &hours) == 0 || hours > max_hours)
        return false;
    if (umm_time_scan_byte(cursor, ':')) {
        if (umm_time_scan_digits(cursor, 2, 2, &minutes) == 0 || minutes > 59)
            return false;
        if (umm_time_scan_byte(cursor, ':') &&
            (umm_time_scan_digits(cursor, 2, 2, &seconds) == 0 || seconds > 59))
            return false;
    }
    *sec = (hours * 3600 + minutes * 60 + seconds) * (is_negative ? -1 : 1);
    return true;
}

static bool scan_between(struct umm_time_cursor *cursor, int32_t low, int32_t high, int32_t *value)
{
    return umm_time_scan_digits(cursor, 1, 3, value) != 0 && *value >= low && *value <= high;
}

/* Mm.w.d, Jn or n, each with an optional /time that is 02:00 by default. */
static bool scan_yearly(struct umm_time_cursor *cursor, struct umm_tz_yearly *y)
{
    bool is_read;

    if (umm_time_scan_byte(cursor, 'M')) {
        y->kind = UMM_TZ_MONTH_WEEK_DAY;
        is_read = scan_between(cursor, 1, 12, &y->month) && umm_time_scan_byte(cursor, '.') &&
                  scan_between(cursor, 1, 5, &y->week) && umm_time_scan_byte(cursor, '.') &&
                  scan_between(cursor, 0, 6, &y->day);
    } else if (umm_time_scan_byte(cursor, 'J')) {
        y->kind = UMM_TZ_JULIAN_NO_LEAP_DAY;
        is_read = scan_between(cursor, 1, 365, &y->day);
    } else {
        y->kind = UMM_TZ_ZERO_BASED_DAY;
        is_read = scan_between(cursor, 0, 365, &y->day);
    }
    y->time_s = 2 * 3600;
    return is_read && (!umm_time_scan_byte(cursor, '/') || scan_hours(cursor, 167, &y->time_s));
}

/* std offset [dst [offset] , begin , end]; offsets are west of UTC. */
bool umm_tz_posix_parse(const char *text, size_t len_bytes, struct umm_tz_posix *tz)
{
    struct umm_time_cursor cursor = {.at = text, .end = text + len_bytes};
    int32_t west;

    *tz = (struct umm_tz_posix){0};
    if (!scan_abbreviation(&cursor, tz->std_name) || !scan_hours(&cursor, 24, &west))
        return false;
    tz->std_offset_s = -west;
    if (cursor.at == cursor.end)
        return true;
    tz->has_dst = true;
    if (!scan_abbreviation(&cursor, tz->dst_name))
        return false;
    west -= 3600;
    if (cursor.at < cursor.end && *cursor.at != ',' && !scan_hours(&cursor, 24, &west))
        return false;
    tz->dst_offset_s = -west;
    return umm_time_scan_byte(&cursor, ',') && scan_yearly(&cursor, &tz->dst_begin) &&
           umm_time_scan_byte(&cursor, ',') && scan_yearly(&cursor, &tz->dst_end) &&
           cursor.at == cursor.end;
}

/* The yearly time in that year, in local seconds since 1970. */
static int64_t yearly_in(const struct umm_tz_yearly *y, int64_t year)
{
    int64_t day = umm_time_days_from_civil(year, 1, 1) + y->day;

    if (y->kind == UMM_TZ_JULIAN_NO_LEAP_DAY) {
        day -= !(y->day >= 60 && umm_time_is_leap_year(year));
    } else if (y->kind == UMM_TZ_MONTH_WEEK_DAY) {
        int64_t first = umm_time_days_from_civil(year, y->month, 1);
        int first_weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970 began on a Thursday */
        int month_day = (y->day - first_weekday + 7) % 7 + 7 * (y->week - 1);
        if (month_day >= umm_time_days_in_month(year, y->month))
            month_day -= 7;
        day = first + month_day;
    }
    return day * DAY_S + y->time_s;
}

/*
 * Hours up to 167 move a change out of its year by a week, so they are sorted; sorting is
 * stable so that summer time that ends as the next year's begins goes on.
 */
void umm_tz_posix_changes(const struct umm_tz_posix *rule, int64_t first_year, int n_years,
                          struct umm_tz_change *out)
{
    for (int i = 0; i < 2 * n_years; i++) {
        int64_t year = first_year + i / 2;
        struct umm_tz_change c = {.at = yearly_in(&rule->dst_begin, year) - rule->std_offset_s,
                                  .offset_s = rule->dst_offset_s,
                                  .name = 1};
        if (i % 2 == 1)
            c = (struct umm_tz_change){.at = yearly_in(&rule->dst_end, year) - rule->dst_offset_s,
                                       .offset_s = rule->std_offset_s};
        int place = i;
        for (; place > 0 && out[place - 1].at > c.at; place--)
            out[place] = out[place - 1];
        out[place] = c;
    }
}
