/* SPDX-License-Identifier: MIT */
#include "text/time_pattern.h"

#include <string.h>

/* ---- Pieces of a text -------------------------------------------------- */

int umm_time_scan_digits(struct umm_time_cursor *cursor, int min_digits, int max_digits,
                         int32_t *value)
{
    const char *p = cursor->at;
    int32_t sum = 0;
    int n = 0;

    for (; n < max_digits && p < cursor->end && umm_time_is_digit(*p); n++)
        sum = sum * 10 + (*p++ - '0');
    if (n < min_digits)
        return 0;
    cursor->at = p;
    *value = sum;
    return n;
}

bool umm_time_scan_fraction(struct umm_time_cursor *cursor, int32_t *nsec)
{
    int32_t value;
    int n_digits = umm_time_scan_digits(cursor, 1, 9, &value);

    if (n_digits == 0)
        return false;
    for (int i = n_digits; i < 9; i++)
        value *= 10;
    *nsec = value;
    return true;
}

bool umm_time_scan_zone(struct umm_time_cursor *cursor, int32_t *offset_s)
{
    struct umm_time_cursor c = *cursor;
    int32_t hours, minutes = 0;

    if (c.at == c.end)
        return false;
    char first = *c.at++;
    if (first == 'Z') {
        *offset_s = 0;
        *cursor = c;
        return true;
    }
    if ((first != '+' && first != '-') || umm_time_scan_digits(&c, 2, 2, &hours) == 0)
        return false;
    bool has_colon = c.at < c.end && *c.at == ':';
    if (has_colon)
        c.at++;
    if (umm_time_scan_digits(&c, 2, 2, &minutes) == 0 && has_colon)
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *offset_s = (hours * 60 + minutes) * (first == '-' ? -60 : 60);
    *cursor = c;
    return true;
}

/* ---- What a pattern names ---------------------------------------------- */

enum field {
    YEAR = 1 << 0,
    MONTH = 1 << 1,
    DAY = 1 << 2,
    YEAR_DAY = 1 << 3,
    HOUR = 1 << 4,
    HOUR_12 = 1 << 5, /* with HOUR: the hour is one of a half day */
    HALF = 1 << 6,
    MINUTE = 1 << 7,
    SECOND = 1 << 8,
    FRACTION = 1 << 9,
    ZONE = 1 << 10,
    EPOCH = 1 << 11,
    PERCENT = 1 << 12 /* no field */
};

static unsigned fields_of(char conversion)
{
    switch (conversion) {
    case 'Y':
    case 'y': return YEAR;
    case 'm':
    case 'b':
    case 'B': return MONTH;
    case 'd': return DAY;
    case 'j': return YEAR_DAY;
    case 'H': return HOUR;
    case 'I': return HOUR | HOUR_12;
    case 'p': return HALF;
    case 'M': return MINUTE;
    case 'S': return SECOND;
    case 'f': return FRACTION;
    case 'z': return ZONE;
    case 's': return EPOCH;
    case 'F': return YEAR | MONTH | DAY;
    case 'T': return HOUR | MINUTE | SECOND;
    case '%': return PERCENT;
    default: return 0;
    }
}

/* What, of all that the pattern names, a field's presence asks for and forbids. */
static bool is_field_sensible(unsigned fields, unsigned all)
{
    if (fields & EPOCH)
        return (all & ~(unsigned)(EPOCH | FRACTION | PERCENT)) == 0;
    if (fields & YEAR_DAY)
        return (all & (MONTH | DAY)) == 0;
    if (fields & HOUR_12)
        return (all & HALF) != 0;
    if (fields & HALF)
        return (all & HOUR_12) != 0;
    if (fields & MINUTE)
        return (all & HOUR) != 0;
    if (fields & SECOND)
        return (all & MINUTE) != 0;
    if (fields & FRACTION)
        return (all & (SECOND | EPOCH)) != 0;
    return true;
}

static bool has_date(unsigned all)
{
    return (all & EPOCH) ||
           ((all & YEAR) && ((all & YEAR_DAY) || (all & (MONTH | DAY)) == (MONTH | DAY)));
}

/*
 * Walk over the conversions of a pattern and return the union of their fields.
 * The walk stops at the first one that is unknown or repeated, or that does not
 * go with `all`, and *bad points at it; otherwise *bad is NULL.
 */
static unsigned walk(const char *pattern, unsigned all, const char **bad)
{
    unsigned seen = 0;

    *bad = NULL;
    for (const char *p = strchr(pattern, '%'); p; p = strchr(p + 2, '%')) {
        unsigned fields = fields_of(p[1]);
        if (fields == 0 || (fields & seen & ~(unsigned)PERCENT) ||
            (all && !is_field_sensible(fields, all))) {
            *bad = p;
            break;
        }
        seen |= fields;
    }
    return seen;
}

bool umm_time_pattern_check(const char *pattern, const char **bad)
{
    const char *place;
    unsigned all = walk(pattern, 0, &place);

    if (!place)
        walk(pattern, all, &place);
    if (!place && !has_date(all))
        place = pattern + strlen(pattern);
    if (place && bad)
        *bad = place;
    return !place;
}

/* ---- Reading a text by a pattern --------------------------------------- */

struct reading {
    struct umm_time_civil civil;
    int32_t year_day;
    bool has_year_day;
    bool has_hour_12;
    bool is_pm;
    bool has_epoch;
    bool is_epoch_negative;
    bool is_epoch_huge;
    int64_t epoch;
};

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Read word (in lower case) without regard to case. */
static bool scan_word(struct umm_time_cursor *cursor, const char *word)
{
    const char *p = cursor->at;

    for (; *word; word++, p++) {
        if (p == cursor->end || to_lower(*p) != *word)
            return false;
    }
    cursor->at = p;
    return true;
}

/* The first three letters decide; the rest of the name is read if it is there. */
static bool scan_month_name(struct umm_time_cursor *cursor, int32_t *month)
{
    static const char *const names[][2] = {{"jan", "uary"}, {"feb", "ruary"}, {"mar", "ch"},
                                           {"apr", "il"},   {"may", ""},      {"jun", "e"},
                                           {"jul", "y"},    {"aug", "ust"},   {"sep", "tember"},
                                           {"oct", "ober"}, {"nov", "ember"}, {"dec", "ember"}};

    for (int32_t i = 0; i < 12; i++) {
        if (scan_word(cursor, names[i][0])) {
            scan_word(cursor, names[i][1]);
            *month = i + 1;
            return true;
        }
    }
    return false;
}

static bool scan_half(struct umm_time_cursor *cursor, bool *is_pm)
{
    *is_pm = scan_word(cursor, "pm");
    return *is_pm || scan_word(cursor, "am");
}

static bool scan_epoch(struct umm_time_cursor *cursor, struct reading *r)
{
    const char *p = cursor->at;

    if (p < cursor->end && (*p == '+' || *p == '-'))
        r->is_epoch_negative = *p++ == '-';
    const char *digits = p;
    for (; p < cursor->end && umm_time_is_digit(*p); p++) {
        if (r->epoch > INT64_C(99999999999999))
            r->is_epoch_huge = true;
        else
            r->epoch = r->epoch * 10 + (*p - '0');
    }
    r->has_epoch = p > digits;
    cursor->at = p;
    return r->has_epoch;
}

static bool scan_year(struct umm_time_cursor *cursor, int n_digits, int64_t *year)
{
    int32_t value;

    if (umm_time_scan_digits(cursor, n_digits, n_digits, &value) == 0)
        return false;
    *year = n_digits == 4 ? value : value + (value >= 69 ? 1900 : 2000);
    return true;
}

static bool scan_items(struct umm_time_cursor *cursor, const char *pattern, struct reading *r);

static bool scan_conversion(struct umm_time_cursor *cursor, char conversion, struct reading *r)
{
    struct umm_time_civil *c = &r->civil;

    switch (conversion) {
    case 'Y': return scan_year(cursor, 4, &c->year);
    case 'y': return scan_year(cursor, 2, &c->year);
    case 'm': return umm_time_scan_digits(cursor, 1, 2, &c->month) != 0;
    case 'b':
    case 'B': return scan_month_name(cursor, &c->month);
    case 'd': return umm_time_scan_digits(cursor, 1, 2, &c->day) != 0;
    case 'j':
        r->has_year_day = umm_time_scan_digits(cursor, 1, 3, &r->year_day) != 0;
        return r->has_year_day;
    case 'I':
        r->has_hour_12 = umm_time_scan_digits(cursor, 1, 2, &c->hour) != 0;
        return r->has_hour_12;
    case 'H': return umm_time_scan_digits(cursor, 1, 2, &c->hour) != 0;
    case 'p': return scan_half(cursor, &r->is_pm);
    case 'M': return umm_time_scan_digits(cursor, 1, 2, &c->minute) != 0;
    case 'S': return umm_time_scan_digits(cursor, 1, 2, &c->second) != 0;
    case 'f': return umm_time_scan_fraction(cursor, &c->nsec);
    case 'z': c->has_offset = umm_time_scan_zone(cursor, &c->offset_s); return c->has_offset;
    case 's': return scan_epoch(cursor, r);
    case 'F': return scan_items(cursor, "%Y-%m-%d", r);
    case 'T': return scan_items(cursor, "%H:%M:%S", r);
    case '%': return scan_word(cursor, "%");
    default: return false;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool scan_blanks(struct umm_time_cursor *cursor)
{
    const char *start = cursor->at;

    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
    return cursor->at > start;
}

static bool scan_items(struct umm_time_cursor *cursor, const char *pattern, struct reading *r)
{
    for (const char *p = pattern; *p; p++) {
        if (is_blank(*p)) {
            while (is_blank(p[1]))
                p++;
            if (!scan_blanks(cursor))
                return false;
        } else if (*p == '%') {
            if (!scan_conversion(cursor, *++p, r))
                return false;
        } else {
            if (cursor->at == cursor->end || *cursor->at != *p)
                return false;
            cursor->at++;
        }
    }
    return true;
}

static enum umm_time_result from_epoch(const struct reading *r, struct umm_time *out)
{
    int64_t sec = r->epoch;
    int32_t nsec = r->civil.nsec;

    if (r->is_epoch_negative) {
        sec = -sec - (nsec > 0);
        nsec = nsec > 0 ? 1000000000 - nsec : 0;
    }
    if (r->is_epoch_huge || sec < UMM_TIME_SEC_MIN || sec > UMM_TIME_SEC_MAX)
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = nsec};
    return UMM_TIME_OK;
}

/* Turn a day of the year into month and day, if it is one. */
static bool settle_year_day(struct reading *r)
{
    struct umm_time_civil *c = &r->civil;

    if (r->year_day < 1 || r->year_day > 365 + umm_time_is_leap_year(c->year))
        return false;
    int64_t days = umm_time_days_from_civil(c->year, 1, 1) + r->year_day - 1;
    int month, day;
    umm_time_civil_from_days(days, &c->year, &month, &day);
    c->month = month;
    c->day = day;
    return true;
}

/* 12 AM is midnight and 12 PM noon. */
static bool settle_hour(struct reading *r)
{
    struct umm_time_civil *c = &r->civil;

    if (c->hour < 1 || c->hour > 12)
        return false;
    c->hour = c->hour % 12 + (r->is_pm ? 12 : 0);
    return true;
}

enum umm_time_result umm_time_pattern_parse(const struct umm_time_spec *spec, const char *pattern,
                                            const char *text, size_t len_bytes,
                                            struct umm_time *out)
{
    struct umm_time_cursor cursor = {.at = text, .end = text + len_bytes};
    struct reading r = {0};

    if (!scan_items(&cursor, pattern, &r) || cursor.at != cursor.end)
        return UMM_TIME_MALFORMED;
    if (r.has_epoch)
        return from_epoch(&r, out);
    if (r.has_year_day && !settle_year_day(&r))
        return UMM_TIME_NO_SUCH_DATE;
    if (r.has_hour_12 && !settle_hour(&r))
        return UMM_TIME_NO_SUCH_DATE;
    return umm_time_from_civil(spec, &r.civil, out);
}
