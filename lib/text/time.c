/* SPDX-License-Identifier: MIT */
#include "text/time.h"

#include "text/time_epoch.h"
#include "text/time_pattern.h"

enum { DAY_S = 86400 };

const char *umm_time_result_text(enum umm_time_result result)
{
    switch (result) {
    case UMM_TIME_NO_SUCH_DATE: return "is no date or time of day that exists";
    case UMM_TIME_OTHER_UNIT: return "is an epoch of another unit than those before";
    case UMM_TIME_LOCAL_GAP: return "is a local time that the time zone skipped";
    case UMM_TIME_LOCAL_FOLD: return "is a local time that the time zone had twice";
    case UMM_TIME_RANGE: return "is out of range";
    case UMM_TIME_INEXACT: return "is finer than the time unit";
    case UMM_TIME_DAY_MONTH: return "has day and month in an order that nothing tells";
    case UMM_TIME_OK:
    case UMM_TIME_MALFORMED: break;
    }
    return "is not a time";
}

/* ---- Calendar ---------------------------------------------------------- */

/*
 * Hinnant's algorithms: years begin in March, so that the leap day is the last,
 * and are grouped in eras of 400 (146097 days), after which the calendar repeats.
 * 719468 is the number of days from 0000-03-01 to 1970-01-01.
 */
enum { ERA_DAYS = 146097, EPOCH_SHIFT_DAYS = 719468 };

int64_t umm_time_days_from_civil(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT_DAYS;
}

void umm_time_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + EPOCH_SHIFT_DAYS;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int day_of_era = (int)(z - era * ERA_DAYS);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month + (march_month < 10 ? 3 : -9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool umm_time_is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int umm_time_days_in_month(int64_t year, int month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && umm_time_is_leap_year(year));
}

bool umm_time_is_in_range(int64_t sec)
{
    return sec >= UMM_TIME_SEC_MIN && sec <= UMM_TIME_SEC_MAX;
}

static bool is_civil(const struct umm_time_civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= umm_time_days_in_month(c->year, c->month) && c->hour >= 0 && c->hour <= 23 &&
           c->minute >= 0 && c->minute <= 59 && c->second >= 0 && c->second <= 59;
}

enum umm_time_result umm_time_from_civil(const struct umm_time_spec *spec,
                                         const struct umm_time_civil *civil, struct umm_time *out)
{
    if (!is_civil(civil))
        return UMM_TIME_NO_SUCH_DATE;
    if (civil->year < 1 || civil->year > 9999)
        return UMM_TIME_RANGE;

    int64_t local = umm_time_days_from_civil(civil->year, civil->month, civil->day) * DAY_S +
                    civil->hour * 3600 + civil->minute * 60 + civil->second;
    int64_t sec = local;
    if (civil->has_offset) {
        sec = local - civil->offset_s;
    } else if (spec->tz) {
        switch (umm_tz_local_to_utc(spec->tz, local, spec->fold, &sec)) {
        case UMM_TZ_OK: break;
        case UMM_TZ_AMBIGUOUS: return UMM_TIME_LOCAL_FOLD;
        case UMM_TZ_NONEXISTENT: return UMM_TIME_LOCAL_GAP;
        }
    }
    if (!umm_time_is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = civil->nsec};
    return UMM_TIME_OK;
}

/* ---- Calendar texts ---------------------------------------------------- */

static bool scan_two(struct umm_time_cursor *cursor, int32_t *value)
{
    return umm_time_scan_digits(cursor, 2, 2, value) != 0;
}

/* Year, month and day with separator between them; '\0' stands for none. */
static bool scan_date(struct umm_time_cursor *cursor, char separator, struct umm_time_civil *c)
{
    int32_t year;

    if (umm_time_scan_digits(cursor, 4, 4, &year) == 0)
        return false;
    c->year = year;
    if (separator == '\0')
        return scan_two(cursor, &c->month) && scan_two(cursor, &c->day);
    return umm_time_scan_byte(cursor, separator) && scan_two(cursor, &c->month) &&
           umm_time_scan_byte(cursor, separator) && scan_two(cursor, &c->day);
}

/* HH[:MM[:SS[(.|,)f{1,9}]]] */
static bool scan_clock(struct umm_time_cursor *cursor, struct umm_time_civil *c)
{
    if (!scan_two(cursor, &c->hour))
        return false;
    if (!umm_time_scan_byte(cursor, ':'))
        return true;
    if (!scan_two(cursor, &c->minute))
        return false;
    if (!umm_time_scan_byte(cursor, ':'))
        return true;
    if (!scan_two(cursor, &c->second))
        return false;
    if (!umm_time_scan_byte(cursor, '.') && !umm_time_scan_byte(cursor, ','))
        return true;
    return umm_time_scan_fraction(cursor, &c->nsec);
}

/* ISO and YEAR_FIRST: a date, then perhaps a clock, then perhaps a zone. */
static bool scan_separated(struct umm_time_cursor cursor, char separator, struct umm_time_civil *c)
{
    if (!scan_date(&cursor, separator, c))
        return false;
    ptrdiff_t left = cursor.end - cursor.at;
    if (left > 0 &&
        (*cursor.at == 'T' || (*cursor.at == ' ' && left > 1 && umm_time_is_digit(cursor.at[1])))) {
        cursor.at++;
        if (!scan_clock(&cursor, c))
            return false;
    }
    if (cursor.at < cursor.end) {
        umm_time_scan_byte(&cursor, ' ');
        c->has_offset = umm_time_scan_zone(&cursor, &c->offset_s);
        if (!c->has_offset)
            return false;
    }
    return cursor.at == cursor.end;
}

static bool scan_compact(struct umm_time_cursor cursor, struct umm_time_civil *c)
{
    if (!scan_date(&cursor, '\0', c))
        return false;
    if (cursor.at == cursor.end)
        return true;
    bool has_space = umm_time_scan_byte(&cursor, ' ');
    bool has_separator = has_space || umm_time_scan_byte(&cursor, 'T');
    if (!scan_two(&cursor, &c->hour))
        return false;
    bool has_colons = has_space && umm_time_scan_byte(&cursor, ':');
    if (!scan_two(&cursor, &c->minute))
        return false;
    if (cursor.at == cursor.end)
        return has_separator; /* twelve digits in a row are a number */
    if (has_colons && !umm_time_scan_byte(&cursor, ':'))
        return false;
    return scan_two(&cursor, &c->second) && cursor.at == cursor.end;
}

enum umm_time_result umm_time_parse(const struct umm_time_spec *spec, const char *text,
                                    size_t len_bytes, struct umm_time *out)
{
    struct umm_time_cursor cursor = {.at = text, .end = text + len_bytes};
    struct umm_time_civil civil = {0};
    enum umm_time_result result;
    bool is_read = false;

    switch (spec->form) {
    case UMM_TIME_FORM_EPOCH: return umm_time_parse_epoch(spec, text, len_bytes, out);
    case UMM_TIME_FORM_ISO: is_read = scan_separated(cursor, '-', &civil); break;
    case UMM_TIME_FORM_YEAR_FIRST:
        is_read = len_bytes > 4 && (text[4] == '/' || text[4] == '.') &&
                  scan_separated(cursor, text[4], &civil);
        break;
    case UMM_TIME_FORM_COMPACT: is_read = scan_compact(cursor, &civil); break;
    case UMM_TIME_FORM_PATTERN:
        result = umm_time_pattern_parse(spec, spec->patterns[0], text, len_bytes, out);
        if (result == UMM_TIME_MALFORMED && spec->patterns[1])
            result = umm_time_pattern_parse(spec, spec->patterns[1], text, len_bytes, out);
        return result;
    case UMM_TIME_FORM_NONE: break;
    }
    return is_read ? umm_time_from_civil(spec, &civil, out) : UMM_TIME_MALFORMED;
}

/* ---- Detection --------------------------------------------------------- */

/*
 * Whether the number reads as YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS of the
 * years 1900 to 2100, whatever fraction it has.
 */
static bool looks_like_date(const struct umm_time_number *num)
{
    struct umm_time_cursor cursor = {.at = num->int_digits,
                                     .end = num->int_digits + num->n_int_digits};
    struct umm_time_civil c = {0};

    if (num->has_sign ||
        (num->n_int_digits != 8 && num->n_int_digits != 12 && num->n_int_digits != 14))
        return false;
    if (!scan_date(&cursor, '\0', &c) || c.year < 1900 || c.year > 2100 || c.month < 1 ||
        c.month > 12 || c.day < 1 || c.day > 31)
        return false;
    if (num->n_int_digits == 12)
        return scan_two(&cursor, &c.hour) && c.hour < 24 && scan_two(&cursor, &c.minute) &&
               c.minute < 60;
    return true;
}

/* One or two digits, twice, then a year of two or four, with one of "/.-" between. */
static bool looks_like_day_month(const char *text, size_t len_bytes)
{
    struct umm_time_cursor cursor = {.at = text, .end = text + len_bytes};
    int32_t ignored;

    if (umm_time_scan_digits(&cursor, 1, 2, &ignored) == 0 || cursor.at == cursor.end)
        return false;
    char separator = *cursor.at++;
    if (separator != '/' && separator != '.' && separator != '-')
        return false;
    if (umm_time_scan_digits(&cursor, 1, 2, &ignored) == 0 ||
        !umm_time_scan_byte(&cursor, separator))
        return false;
    int n_digits = umm_time_scan_digits(&cursor, 2, 5, &ignored);
    return n_digits == 2 || n_digits == 4;
}

enum umm_time_result umm_time_detect(const char *text, size_t len_bytes, struct umm_time_spec *spec)
{
    static const enum umm_time_form forms[] = {UMM_TIME_FORM_ISO, UMM_TIME_FORM_YEAR_FIRST,
                                               UMM_TIME_FORM_COMPACT};
    struct umm_time_number num;

    if (umm_time_scan_number(text, len_bytes, &num)) {
        if (looks_like_date(&num)) {
            if (num.frac_digits || num.n_int_digits == 12)
                return UMM_TIME_MALFORMED;
            spec->form = UMM_TIME_FORM_COMPACT;
            return UMM_TIME_OK;
        }
        spec->form = UMM_TIME_FORM_EPOCH;
        spec->epoch_unit = umm_time_unit_by_magnitude(&num);
        return UMM_TIME_OK;
    }
    if (looks_like_day_month(text, len_bytes))
        return UMM_TIME_DAY_MONTH;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct umm_time_spec trial = {.form = forms[i]};
        struct umm_time ignored;
        if (umm_time_parse(&trial, text, len_bytes, &ignored) != UMM_TIME_MALFORMED) {
            spec->form = forms[i];
            return UMM_TIME_OK;
        }
    }
    return UMM_TIME_MALFORMED;
}
