/* SPDX-License-Identifier: MIT */
#include "time/time_pattern.h"

#include <string.h>

#include "time/time_civil.h"
#include "time/time_local.h"
#include "time/time_scan.h"

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
    WEEKDAY = 1 << 12,
    FILLER = 1 << 13 /* no field: a percent sign, a word */
};

enum { DATE = YEAR | MONTH | DAY | YEAR_DAY | WEEKDAY | EPOCH };

/* A conversion as it stands in a pattern: "%H", "%-H", "%3f" or "%.f". */
struct conversion {
    char letter; /* '.' for "%.f"; NUL for one that is not whole */
    bool has_dash;
    int width;        /* the digits that a number has at most; 0 for what has no such number */
    const char *next; /* what follows it in the pattern */
};

/* The digits of a number that has always as many. */
static inline int width_of(char letter)
{
    switch (letter) {
    case 'Y': return 4;
    case 'j': return 3;
    case 'y':
    case 'm':
    case 'd':
    case 'H':
    case 'I':
    case 'M':
    case 'S': return 2;
    default: return 0;
    }
}

/* The conversion at that percent sign. */
static inline struct conversion conversion_at(const char *percent)
{
    struct conversion c = {.next = percent + 1};
    c.has_dash = *c.next == '-';
    c.next += c.has_dash;
    if (*c.next >= '1' && *c.next <= '9' && c.next[1] == 'f')
        c.width = *c.next++ - '0';
    c.letter = *c.next;
    if (c.letter == '.' && c.next[1] != 'f')
        c.letter = '\0';
    c.width += width_of(c.letter);
    c.next += c.letter == '.' ? 2 : *c.next != '\0';
    return c;
}

static inline bool is_number(char letter)
{
    return width_of(letter) || letter == 'f' || letter == 's' || letter == 'F' || letter == 'T';
}

/* Whether a number stands at that place of a pattern. */
static inline bool begins_number(const char *pattern)
{
    return *pattern == '%' && is_number(conversion_at(pattern).letter);
}

/* The digits of all numbers that follow each other from that place on. */
static int width_from(const char *pattern)
{
    int sum = 0;

    while (begins_number(pattern)) {
        struct conversion c = conversion_at(pattern);
        sum += c.width;
        pattern = c.next;
    }
    return sum;
}

static unsigned fields_of(char letter)
{
    switch (letter) {
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
    case '.':
    case 'f': return FRACTION;
    case 'a':
    case 'A': return WEEKDAY;
    case 'z':
    case 'Z': return ZONE;
    case 's': return EPOCH;
    case 'F': return YEAR | MONTH | DAY;
    case 'T': return HOUR | MINUTE | SECOND;
    case '*':
    case '%': return FILLER;
    default: return 0;
    }
}

/* What a field's presence asks for and all that the pattern names has not; NULL if nothing. */
static const char *problem_of_field(unsigned fields, unsigned all)
{
    if ((fields & EPOCH) && (all & ~(unsigned)(EPOCH | FRACTION | FILLER)) != 0)
        return "an epoch has no other parts";
    if ((fields & WEEKDAY) && !(all & (DAY | YEAR_DAY)))
        return "it needs a day";
    if ((fields & HOUR) && (all & (MONTH | DAY)) == MONTH)
        return "it needs a day";
    if ((fields & YEAR_DAY) && (all & (MONTH | DAY)) != 0)
        return "a day of the year has no month";
    if ((fields & HOUR_12) && !(all & HALF))
        return "it needs %p, AM or PM";
    if ((fields & HALF) && !(all & HOUR_12))
        return "it needs %I, an hour of 1 to 12";
    if ((fields & MINUTE) && !(all & HOUR))
        return "it needs an hour";
    if ((fields & SECOND) && !(all & MINUTE))
        return "it needs a minute";
    if ((fields & FRACTION) && !(all & (SECOND | EPOCH)))
        return "it needs a second";
    return NULL;
}

/* A dash is for the first of numbers without anything between, which all have a known width. */
static const char *problem_of_dash(const struct conversion *c, bool is_first)
{
    if (!c->has_dash)
        return NULL;
    if (width_of(c->letter) == 0 || c->letter == 'Y' || c->letter == 'f')
        return "a dash is for numbers that may lack leading zeros";
    if (!is_first)
        return "only the first of numbers without anything between lacks leading zeros";
    for (const char *p = c->next; begins_number(p); p = conversion_at(p).next)
        if (conversion_at(p).width == 0)
            return "the number of all digits must be known";
    return NULL;
}

static bool has_date(unsigned all)
{
    return (all & EPOCH) || ((all & YEAR) && (all & (YEAR_DAY | MONTH)));
}

/*
 * Walk over the conversions of a pattern and return the union of their fields.
 * The walk stops at the first one that is unknown or repeated, or that does not
 * go with `all`, *bad points at it, and *why says what is wrong; otherwise *bad is NULL.
 */
static unsigned walk(const char *pattern, unsigned all, const char **bad, const char **why)
{
    unsigned seen = 0;
    const char *number_end = NULL;

    *bad = NULL;
    for (const char *p = strchr(pattern, '%'); p;) {
        struct conversion c = conversion_at(p);
        unsigned fields = fields_of(c.letter);
        *why = fields ? problem_of_dash(&c, p != number_end) : "there is no such conversion";
        if (!*why && (fields & seen & ~(unsigned)FILLER))
            *why = "what it means was there before";
        if (!*why && all)
            *why = problem_of_field(fields, all);
        if (*why) {
            *bad = p;
            break;
        }
        seen |= fields;
        number_end = begins_number(p) ? c.next : NULL;
        p = strchr(c.next, '%');
    }
    return seen;
}

static bool check(const char *pattern, bool is_clock, const char **bad, const char **why)
{
    const char *place, *reason;
    unsigned all = walk(pattern, 0, &place, &reason);

    if (!place)
        walk(pattern, all, &place, &reason);
    if (!place && (is_clock ? (all & DATE) || !(all & HOUR) : !has_date(all))) {
        place = pattern + strlen(pattern);
        reason = is_clock ? "it is not of a time of day alone" : "there is no date in it";
    }
    if (place && bad)
        *bad = place;
    if (place && why)
        *why = reason;
    return !place;
}

bool umm_time_pattern_check(const char *pattern, const char **bad, const char **why)
{
    return check(pattern, false, bad, why);
}

bool umm_time_pattern_check_clock(const char *pattern, const char **bad, const char **why)
{
    return check(pattern, true, bad, why);
}

/* ---- Reading a text by a pattern --------------------------------------- */

struct reading {
    struct umm_time_civil civil;
    int32_t year_day;
    bool has_day, has_year_day;
    bool has_hour_12;
    bool is_pm;
    bool has_epoch;
    bool is_epoch_negative;
    bool is_epoch_huge;
    int64_t epoch;
    int n_missing;  /* zeros that the numbers from here on lack, because of a dash */
    bool is_narrow; /* there were fewer digits than neighbours need */
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

/* The first three letters decide; as much of the rest of the name is read as is there. */
static bool scan_name(struct umm_time_cursor *cursor, const char *const (*names)[2], int32_t n,
                      int32_t *number)
{
    for (int32_t i = 0; i < n; i++) {
        if (!scan_word(cursor, names[i][0]))
            continue;
        for (const char *rest = names[i][1];
             *rest && cursor->at < cursor->end && to_lower(*cursor->at) == *rest; rest++)
            cursor->at++;
        *number = i + 1;
        return true;
    }
    return false;
}

static bool scan_month_name(struct umm_time_cursor *cursor, int32_t *month)
{
    static const char *const names[][2] = {{"jan", "uary"}, {"feb", "ruary"}, {"mar", "ch"},
                                           {"apr", "il"},   {"may", ""},      {"jun", "e"},
                                           {"jul", "y"},    {"aug", "ust"},   {"sep", "tember"},
                                           {"oct", "ober"}, {"nov", "ember"}, {"dec", "ember"}};
    return scan_name(cursor, names, 12, month);
}

static bool scan_weekday_name(struct umm_time_cursor *cursor, int32_t *weekday)
{
    static const char *const names[][2] = {{"mon", "day"},   {"tue", "sday"}, {"wed", "nesday"},
                                           {"thu", "rsday"}, {"fri", "day"},  {"sat", "urday"},
                                           {"sun", "day"}};
    return scan_name(cursor, names, 7, weekday);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Letters ("EST"), or a sign and digits, which some zones have for a name ("-03"). */
static bool scan_zone_name(struct umm_time_cursor *cursor, struct umm_time_civil *c)
{
    const char *p = cursor->at;
    bool has_sign = p < cursor->end && (*p == '+' || *p == '-');

    for (p += has_sign; p < cursor->end; p++)
        if (has_sign ? !umm_time_is_digit(*p) : !is_letter(*p))
            break;
    c->zone = cursor->at;
    c->zone_bytes = (size_t)(p - cursor->at);
    cursor->at = p;
    return c->zone_bytes > has_sign;
}

/* A word that means nothing here. */
static bool scan_any_word(struct umm_time_cursor *cursor)
{
    const char *at = cursor->at;

    while (cursor->at < cursor->end && !strchr(" \t,", *cursor->at) &&
           !umm_time_is_digit(*cursor->at))
        cursor->at++;
    return cursor->at > at;
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

/* What is around a conversion: whether a number ends before it, or begins after it. */
struct around {
    bool before, after;
};

/* Read width digits, if they are all there. */
static inline bool scan_full(struct umm_time_cursor *cursor, int width, int32_t *value)
{
    const char *p = cursor->at;
    int32_t sum = 0;

    if (cursor->end - p < width)
        return false;
    for (int i = 0; i < width; i++) {
        if (!umm_time_is_digit(p[i]))
            return false;
        sum = sum * 10 + (p[i] - '0');
    }
    *value = sum;
    cursor->at = p + width;
    return true;
}

/* What scan_number does where digits may be missing. */
static bool scan_short_number(struct umm_time_cursor *cursor, int least, int width,
                              struct around around, int32_t *value, struct reading *r)
{
    int n_zeros = r->n_missing < width ? r->n_missing : width;
    bool has_neighbour = around.before || around.after, has_digit;

    r->n_missing -= n_zeros;
    *value = 0;
    if (n_zeros == width)
        return true;
    if (has_neighbour || n_zeros)
        least = width - n_zeros;
    if (umm_time_scan_digits(cursor, least, width - n_zeros, value) != 0)
        return true;
    has_digit = cursor->at < cursor->end && umm_time_is_digit(*cursor->at);
    r->is_narrow |= has_neighbour && (around.before || has_digit);
    return false;
}

/*
 * Read a number of at least least and at most width digits. Zeros that are known to be
 * missing are its first digits.
 */
static inline bool scan_number(struct umm_time_cursor *cursor, int least, int width,
                               struct around around, int32_t *value, struct reading *r)
{
    return (!r->n_missing && scan_full(cursor, width, value)) ||
           scan_short_number(cursor, least, width, around, value, r);
}

/* Count the digits at the cursor that all numbers from here on share. */
static bool begin_dash(const struct umm_time_cursor *cursor, const char *pattern, struct reading *r)
{
    int width = width_from(pattern), n = 0;

    while (n <= width && cursor->at + n < cursor->end && umm_time_is_digit(cursor->at[n]))
        n++;
    r->n_missing = width - n;
    return n > 0 && n <= width;
}

static bool scan_items(struct umm_time_cursor *cursor, const char *pattern, struct around around,
                       struct reading *r);

/* Digits of a fraction of the second: so many, or up to nine. */
static bool scan_parts(struct umm_time_cursor *cursor, int width, struct around around,
                       struct reading *r)
{
    if (width == 0)
        return umm_time_scan_fraction(cursor, &r->civil.nsec);
    if (!scan_number(cursor, width, width, around, &r->civil.nsec, r))
        return false;
    for (int i = width; i < 9; i++)
        r->civil.nsec *= 10;
    return true;
}

static bool scan_conversion(struct umm_time_cursor *cursor, struct conversion conversion,
                            struct around around, struct reading *r)
{
    struct umm_time_civil *c = &r->civil;
    int32_t year = 0;

    switch (conversion.letter) {
    case 'Y':
        if (!scan_number(cursor, 4, 4, around, &year, r))
            return false;
        c->year = year;
        return true;
    case 'y':
        if (!scan_number(cursor, 2, 2, around, &year, r))
            return false;
        c->year = year + (year >= 69 ? 1900 : 2000);
        return true;
    case 'm': return scan_number(cursor, 1, 2, around, &c->month, r);
    case 'b':
    case 'B': return scan_month_name(cursor, &c->month);
    case 'd': r->has_day = true; return scan_number(cursor, 1, 2, around, &c->day, r);
    case 'a':
    case 'A': return scan_weekday_name(cursor, &c->weekday);
    case 'j':
        r->has_year_day = scan_number(cursor, 1, 3, around, &r->year_day, r);
        return r->has_year_day;
    case 'I':
        r->has_hour_12 = scan_number(cursor, 1, 2, around, &c->hour, r);
        return r->has_hour_12;
    case 'H': return scan_number(cursor, 1, 2, around, &c->hour, r);
    case 'p': return scan_half(cursor, &r->is_pm);
    case 'M': return scan_number(cursor, 1, 2, around, &c->minute, r);
    case 'S': return scan_number(cursor, 1, 2, around, &c->second, r);
    case 'f': return scan_parts(cursor, conversion.width, around, r);
    case '.': return !umm_time_scan_byte(cursor, '.') || umm_time_scan_fraction(cursor, &c->nsec);
    case 'z': c->has_offset = umm_time_scan_zone(cursor, &c->offset_s); return c->has_offset;
    case 's': return scan_epoch(cursor, r);
    case 'F': return scan_items(cursor, "%Y-%m-%d", around, r);
    case 'T': return scan_items(cursor, "%H:%M:%S", around, r);
    case 'Z': return scan_zone_name(cursor, c);
    case '*': return scan_any_word(cursor);
    case '%': return scan_word(cursor, "%");
    default: return false;
    }
}

/* Note what the conversion read from at to the cursor, if somebody asks. */
static void mark(const struct umm_time_cursor *cursor, struct conversion conversion, const char *at)
{
    struct umm_time_places *places = cursor->places;

    if (!places)
        return;
    switch (conversion.letter) {
    case 'y':
    case 'Y':
        places->is_short_year |= conversion.letter == 'y';
        umm_time_mark(cursor, UMM_TIME_PLACE_YEAR, at);
        break;
    case 'm': umm_time_mark(cursor, UMM_TIME_PLACE_MONTH, at); break;
    case 'd': umm_time_mark(cursor, UMM_TIME_PLACE_DAY, at); break;
    case 'I':
    case 'H': umm_time_mark(cursor, UMM_TIME_PLACE_HOUR, at); break;
    case 'M': umm_time_mark(cursor, UMM_TIME_PLACE_MINUTE, at); break;
    case 'S': umm_time_mark(cursor, UMM_TIME_PLACE_SECOND, at); break;
    case '.':
    case 'f':
        at += conversion.letter == '.' && cursor->at > at;
        umm_time_mark(cursor, UMM_TIME_PLACE_FRACTION, at);
        /* Its first zeros are missing: the digits are of smaller parts than they seem. */
        if (conversion.width && cursor->at - at != conversion.width)
            places->n_digits[UMM_TIME_PLACE_FRACTION] = -1;
        break;
    case 'a':
    case 'A':
    case 'j': places->is_date_whole = true; break;
    default: break;
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

static bool scan_items(struct umm_time_cursor *cursor, const char *pattern, struct around around,
                       struct reading *r)
{
    bool is_after_number = around.before;

    for (const char *p = pattern; *p;) {
        if (*p == '%') {
            struct conversion c = conversion_at(p);
            struct around near = {is_after_number,
                                  begins_number(c.next) || (*c.next == '\0' && around.after)};
            const char *at = cursor->at;
            if (c.has_dash && !begin_dash(cursor, p, r))
                return false;
            if (!scan_conversion(cursor, c, near, r))
                return false;
            mark(cursor, c, at);
            is_after_number = is_number(c.letter);
            p = c.next;
            continue;
        }
        is_after_number = false;
        if (is_blank(*p)) {
            while (is_blank(*p))
                p++;
            if (!scan_blanks(cursor))
                return false;
        } else if (!umm_time_scan_byte(cursor, *p++)) {
            return false;
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

/* The spec's date, or the first of the month where there is no day. */
static void settle_date(const struct umm_time_spec *spec, struct reading *r)
{
    struct umm_time_civil *c = &r->civil;
    int month, day;

    if (!r->has_day && !r->has_year_day)
        c->day = 1;
    if (!spec->has_date)
        return;
    umm_time_civil_from_days(spec->date, &c->year, &month, &day);
    c->month = month;
    c->day = day;
}

enum umm_time_result umm_time_pattern_parse(const struct umm_time_spec *spec, const char *pattern,
                                            struct umm_time_cursor cursor, struct umm_time *out)
{
    struct umm_time_places *places = cursor.places;
    struct reading r = {0};

    if (places)
        *places = (struct umm_time_places){.has_local = false};
    if (!scan_items(&cursor, pattern, (struct around){false, false}, &r) || cursor.at != cursor.end)
        return r.is_narrow ? UMM_TIME_WIDTH : UMM_TIME_MALFORMED;
    if (r.has_epoch)
        return from_epoch(&r, out);
    if (r.has_year_day && !settle_year_day(&r))
        return UMM_TIME_NO_SUCH_DATE;
    if (r.has_hour_12 && !settle_hour(&r))
        return UMM_TIME_NO_SUCH_DATE;
    if (places) {
        places->has_hour_12 = r.has_hour_12;
        places->is_pm = r.is_pm;
    }
    settle_date(spec, &r);
    return umm_time_from_civil_at(spec, &r.civil, places, out);
}
