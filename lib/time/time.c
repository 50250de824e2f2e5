/* SPDX-License-Identifier: MIT */
#include "time/time.h"

#include <string.h>

#include "time/time_civil.h"
#include "time/time_epoch.h"
#include "time/time_local.h"
#include "time/time_pattern.h"
#include "time/time_places.h"
#include "time/time_scan.h"

const char *umm_time_result_text(enum umm_time_result result)
{
    switch (result) {
    case UMM_TIME_NO_SUCH_DATE: return "is no date or time of day that exists";
    case UMM_TIME_WIDTH: return "has fewer digits than its form needs";
    case UMM_TIME_HOUR_24: return "is the end of a day, which is not read as the next day's 00:00";
    case UMM_TIME_NO_EPOCH: return "is no epoch of 1980 to 2100";
    case UMM_TIME_CUT: return "may have lost its last digits";
    case UMM_TIME_OLD_DAY: return "is a spreadsheet's day before 1900-03-01";
    case UMM_TIME_NO_CLOCK: return "does not say what it counts since midnight";
    case UMM_TIME_NOT_OF_DAY: return "is no time of one day";
    case UMM_TIME_WEEKDAY: return "has another day of the week than its date";
    case UMM_TIME_NO_NAME: return "has a name that the time zone does not have";
    case UMM_TIME_NAME_THEN: return "has a name that the time zone does not have at that time";
    case UMM_TIME_AMBIGUOUS: return "is ambiguous";
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

/* ---- Calendar texts ---------------------------------------------------- */

/* The number of least to 2 digits that stands in a place. */
static bool scan_short(struct umm_time_cursor *cursor, enum umm_time_place place, int least,
                       int32_t *value)
{
    const char *at = cursor->at;
    if (umm_time_scan_digits(cursor, least, 2, value) == 0)
        return false;
    umm_time_mark(cursor, place, at);
    return true;
}

static bool scan_two(struct umm_time_cursor *cursor, enum umm_time_place place, int32_t *value)
{
    return scan_short(cursor, place, 2, value);
}

static bool scan_fraction(struct umm_time_cursor *cursor, int32_t *nsec)
{
    const char *at = cursor->at;
    if (!umm_time_scan_fraction(cursor, nsec))
        return false;
    umm_time_mark(cursor, UMM_TIME_PLACE_FRACTION, at);
    return true;
}

/*
 * Year, month and day with separator between them, where the last two may have one digit;
 * '\0' stands for none.
 */
static bool scan_date(struct umm_time_cursor *cursor, char separator, struct umm_time_civil *c)
{
    const char *at = cursor->at;
    int32_t year;

    if (umm_time_scan_digits(cursor, 4, 4, &year) == 0)
        return false;
    umm_time_mark(cursor, UMM_TIME_PLACE_YEAR, at);
    c->year = year;
    if (separator == '\0')
        return scan_two(cursor, UMM_TIME_PLACE_MONTH, &c->month) &&
               scan_two(cursor, UMM_TIME_PLACE_DAY, &c->day);
    return umm_time_scan_byte(cursor, separator) &&
           scan_short(cursor, UMM_TIME_PLACE_MONTH, 1, &c->month) &&
           umm_time_scan_byte(cursor, separator) &&
           scan_short(cursor, UMM_TIME_PLACE_DAY, 1, &c->day);
}

/* HH, or [H]H:MM[:SS[(.|,)f{1,9}]] */
static bool scan_clock(struct umm_time_cursor *cursor, struct umm_time_civil *c)
{
    const char *at = cursor->at;
    if (!scan_short(cursor, UMM_TIME_PLACE_HOUR, 1, &c->hour))
        return false;
    if (!umm_time_scan_byte(cursor, ':'))
        return cursor->at - at == 2;
    if (!scan_two(cursor, UMM_TIME_PLACE_MINUTE, &c->minute))
        return false;
    if (!umm_time_scan_byte(cursor, ':'))
        return true;
    if (!scan_two(cursor, UMM_TIME_PLACE_SECOND, &c->second))
        return false;
    if (!umm_time_scan_byte(cursor, '.') && !umm_time_scan_byte(cursor, ','))
        return true;
    return scan_fraction(cursor, &c->nsec);
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

/* A fraction of the second after one of these, if there is one. */
static bool scan_optional_fraction(struct umm_time_cursor *cursor, const char *points,
                                   int32_t *nsec)
{
    if (cursor->at == cursor->end || !strchr(points, *cursor->at))
        return true;
    cursor->at++;
    return scan_fraction(cursor, nsec);
}

/* YYYYMMDDHHMMSS[.f], YYYYMMDDHHMMSSfff, after the date. */
static bool scan_digits_of_day(struct umm_time_cursor *cursor, struct umm_time_civil *c)
{
    if (!scan_two(cursor, UMM_TIME_PLACE_HOUR, &c->hour) ||
        !scan_two(cursor, UMM_TIME_PLACE_MINUTE, &c->minute) ||
        !scan_two(cursor, UMM_TIME_PLACE_SECOND, &c->second))
        return false;
    if (cursor->end - cursor->at == 3 && umm_time_is_digit(*cursor->at))
        return scan_fraction(cursor, &c->nsec);
    return scan_optional_fraction(cursor, ".", &c->nsec);
}

/*
 * HHMM or HHMMSS, after a separator. Without its leading zeros each could be the other, so
 * that a column has one of both.
 */
static enum umm_time_result scan_undivided_clock(struct umm_time_cursor *cursor, int wanted_digits,
                                                 struct umm_time_civil *c)
{
    int n_digits = (int)(cursor->end - cursor->at);

    for (const char *p = cursor->at; p < cursor->end; p++)
        if (!umm_time_is_digit(*p))
            return UMM_TIME_MALFORMED;
    if (n_digits > 6)
        return UMM_TIME_MALFORMED;
    if ((n_digits != 4 && n_digits != 6) || (wanted_digits && n_digits != wanted_digits))
        return UMM_TIME_WIDTH;
    bool is_read = scan_two(cursor, UMM_TIME_PLACE_HOUR, &c->hour) &&
                   scan_two(cursor, UMM_TIME_PLACE_MINUTE, &c->minute) &&
                   (n_digits == 4 || scan_two(cursor, UMM_TIME_PLACE_SECOND, &c->second));
    return is_read ? UMM_TIME_OK : UMM_TIME_MALFORMED;
}

/* [H]H:MM[:SS[(.|,)f{1,9}]] follows, and not digits alone. */
static bool is_clock(const struct umm_time_cursor *cursor)
{
    ptrdiff_t left = cursor->end - cursor->at;
    return (left > 1 && cursor->at[1] == ':') || (left > 2 && cursor->at[2] == ':');
}

static enum umm_time_result scan_compact(struct umm_time_cursor cursor, int clock_digits,
                                         struct umm_time_civil *c)
{
    bool is_read;

    if (!scan_date(&cursor, '\0', c))
        return UMM_TIME_MALFORMED;
    if (cursor.at == cursor.end)
        return UMM_TIME_OK;
    bool has_space = umm_time_scan_byte(&cursor, ' ');
    if (!has_space && !umm_time_scan_byte(&cursor, 'T'))
        is_read = scan_digits_of_day(&cursor, c);
    else if (!has_space || !is_clock(&cursor))
        return cursor.at == cursor.end ? UMM_TIME_MALFORMED
                                       : scan_undivided_clock(&cursor, clock_digits, c);
    else
        is_read = scan_clock(&cursor, c);
    return is_read && cursor.at == cursor.end ? UMM_TIME_OK : UMM_TIME_MALFORMED;
}

/* YYYY-MM or YYYY/MM. */
static bool scan_month(struct umm_time_cursor cursor, struct umm_time_civil *c)
{
    const char *at = cursor.at;
    int32_t year;

    c->day = 1;
    if (umm_time_scan_digits(&cursor, 4, 4, &year) == 0)
        return false;
    c->year = year;
    umm_time_mark(&cursor, UMM_TIME_PLACE_YEAR, at);
    return (umm_time_scan_byte(&cursor, '-') || umm_time_scan_byte(&cursor, '/')) &&
           scan_two(&cursor, UMM_TIME_PLACE_MONTH, &c->month) && cursor.at == cursor.end;
}

/* [H]H:MM[:SS[(.|,)f{1,9}]] of the spec's date. */
static bool scan_clock_alone(struct umm_time_cursor cursor, const struct umm_time_spec *spec,
                             struct umm_time_civil *c)
{
    int month, day;

    if (!spec->has_date || !is_clock(&cursor))
        return false;
    umm_time_civil_from_days(spec->date, &c->year, &month, &day);
    c->month = month;
    c->day = day;
    return scan_clock(&cursor, c) && cursor.at == cursor.end;
}

enum umm_time_result umm_time_parse(const struct umm_time_spec *spec, const char *text,
                                    size_t len_bytes, struct umm_time *out)
{
    enum umm_time_unit ignored;
    return umm_time_parse_places(spec, text, len_bytes, NULL, out, &ignored);
}

enum umm_time_result umm_time_parse_unit(const struct umm_time_spec *spec, const char *text,
                                         size_t len_bytes, struct umm_time *out,
                                         enum umm_time_unit *unit)
{
    return umm_time_parse_places(spec, text, len_bytes, NULL, out, unit);
}

enum umm_time_result umm_time_parse_places(const struct umm_time_spec *spec, const char *text,
                                           size_t len_bytes, struct umm_time_places *places,
                                           struct umm_time *out, enum umm_time_unit *unit)
{
    struct umm_time_cursor cursor = {.at = text, .end = text + len_bytes, .places = places};
    struct umm_time_civil civil = {0};
    enum umm_time_result result = UMM_TIME_MALFORMED;
    bool is_read = false;

    switch (spec->form) {
    case UMM_TIME_FORM_EPOCH: return umm_time_parse_epoch(spec, text, len_bytes, out, unit);
    case UMM_TIME_FORM_ISO: is_read = scan_separated(cursor, '-', &civil); break;
    case UMM_TIME_FORM_YEAR_FIRST:
        is_read = len_bytes > 4 && (text[4] == '/' || text[4] == '.') &&
                  scan_separated(cursor, text[4], &civil);
        break;
    case UMM_TIME_FORM_COMPACT:
        result = scan_compact(cursor, spec->clock_digits, &civil);
        is_read = result == UMM_TIME_OK;
        break;
    case UMM_TIME_FORM_MONTH: is_read = scan_month(cursor, &civil); break;
    case UMM_TIME_FORM_CLOCK: is_read = scan_clock_alone(cursor, spec, &civil); break;
    case UMM_TIME_FORM_PATTERN:
        result = umm_time_pattern_parse(spec, spec->patterns[0], cursor, out);
        if ((result == UMM_TIME_MALFORMED || result == UMM_TIME_WIDTH) && spec->patterns[1])
            result = umm_time_pattern_parse(spec, spec->patterns[1], cursor, out);
        return result;
    case UMM_TIME_FORM_NONE: break;
    }
    return is_read ? umm_time_from_civil_at(spec, &civil, places, out) : result;
}

/* ---- Detection --------------------------------------------------------- */

/* Whether the text begins with eight digits that are a date of the years 1900 to 2100. */
static bool begins_with_date(const char *text, size_t len_bytes)
{
    struct umm_time_cursor cursor = {.at = text, .end = text + len_bytes};
    struct umm_time_civil c = {0};

    return scan_date(&cursor, '\0', &c) && c.year >= 1900 && c.year <= 2100 && c.month >= 1 &&
           c.month <= 12 && c.day >= 1 && c.day <= 31;
}

/* Whether digits alone are a date, which no epoch of 1980 to 2100 has the length of. */
static bool is_compact(const struct umm_time_number *num, const char *text, size_t len_bytes)
{
    const struct umm_time_spec compact = {.form = UMM_TIME_FORM_COMPACT};
    struct umm_time ignored;
    if (num->has_sign || num->has_exponent || !begins_with_date(text, len_bytes))
        return false;
    if (num->n_digits != 14 && (num->has_point || (num->n_digits != 8 && num->n_digits != 17)))
        return false;
    /* A fraction may have more digits than are read. */
    return umm_time_parse(&compact, text, len_bytes, &ignored) != UMM_TIME_MALFORMED;
}

/* The digits of HHMM or HHMMSS after "YYYYMMDD " or "YYYYMMDDT", 0 for anything else. */
static int clock_digits_of(const char *text, size_t len_bytes)
{
    enum { DATE = 9 };
    if (len_bytes != DATE + 4 && len_bytes != DATE + 6)
        return 0;
    for (size_t i = DATE; i < len_bytes; i++)
        if (!umm_time_is_digit(text[i]))
            return 0;
    return (int)len_bytes - DATE;
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

static enum umm_time_result detect_clock(const char *text, size_t len_bytes,
                                         struct umm_time_spec *spec)
{
    struct umm_time_spec trial = {
        .form = UMM_TIME_FORM_CLOCK, .has_date = true, .date = spec->date};
    struct umm_time_number num;
    struct umm_time ignored;

    if (umm_time_scan_number(text, len_bytes, &num))
        return UMM_TIME_NO_CLOCK;
    if (umm_time_parse(&trial, text, len_bytes, &ignored) == UMM_TIME_MALFORMED)
        return UMM_TIME_MALFORMED;
    spec->form = UMM_TIME_FORM_CLOCK;
    return UMM_TIME_OK;
}

enum umm_time_result umm_time_detect(const char *text, size_t len_bytes, struct umm_time_spec *spec)
{
    static const enum umm_time_form forms[] = {UMM_TIME_FORM_ISO, UMM_TIME_FORM_YEAR_FIRST,
                                               UMM_TIME_FORM_COMPACT, UMM_TIME_FORM_MONTH};
    struct umm_time_number num;

    if (spec->has_date)
        return detect_clock(text, len_bytes, spec);
    if (umm_time_scan_number(text, len_bytes, &num)) {
        enum umm_time_unit unit;
        bool is_date = is_compact(&num, text, len_bytes);
        if (!is_date && !umm_time_number_unit(&num, &unit))
            return UMM_TIME_NO_EPOCH;
        if (!is_date && num.is_cut)
            return UMM_TIME_CUT;
        spec->form = is_date ? UMM_TIME_FORM_COMPACT : UMM_TIME_FORM_EPOCH;
        return UMM_TIME_OK;
    }
    if (looks_like_day_month(text, len_bytes))
        return UMM_TIME_DAY_MONTH;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct umm_time_spec trial = {.form = forms[i]};
        struct umm_time ignored;
        if (umm_time_parse(&trial, text, len_bytes, &ignored) != UMM_TIME_MALFORMED) {
            spec->form = forms[i];
            if (spec->form == UMM_TIME_FORM_COMPACT)
                spec->clock_digits = clock_digits_of(text, len_bytes);
            return UMM_TIME_OK;
        }
    }
    return UMM_TIME_MALFORMED;
}
