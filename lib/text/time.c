/* SPDX-License-Identifier: MIT */
#include "text/time.h"

#include <string.h>

#include "text/time_pattern.h"

enum { DAY_S = 86400, NS_PER_S = 1000000000 };

static const int64_t units_per_s[] = {1, 1000, 1000000, 1000000000};
static const char *const unit_names[] = {"s", "ms", "us", "ns"};

const char *umm_time_unit_name(enum umm_time_unit unit)
{
    return unit_names[unit];
}

bool umm_time_unit_parse(const char *name, enum umm_time_unit *out)
{
    for (int unit = UMM_TIME_S; unit <= UMM_TIME_NS; unit++) {
        if (strcmp(name, unit_names[unit]) == 0) {
            *out = (enum umm_time_unit)unit;
            return true;
        }
    }
    return false;
}

const char *umm_time_result_text(enum umm_time_result result)
{
    switch (result) {
    case UMM_TIME_OK: return "no error";
    case UMM_TIME_MALFORMED: return "not a time of the expected form";
    case UMM_TIME_NO_SUCH_DATE: return "no such date or time of day";
    case UMM_TIME_OTHER_UNIT: return "epoch number of another unit's magnitude";
    case UMM_TIME_LOCAL_GAP: return "local time that the time zone skipped";
    case UMM_TIME_LOCAL_FOLD: return "local time that the time zone had twice";
    case UMM_TIME_RANGE: return "time out of range";
    case UMM_TIME_INEXACT: return "time finer than the unit can hold";
    case UMM_TIME_DAY_MONTH: return "ambiguous order of day and month";
    }
    return "unknown result";
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

static bool is_in_range(int64_t sec)
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
    if (!is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = civil->nsec};
    return UMM_TIME_OK;
}

/* ---- Epoch numbers ----------------------------------------------------- */

/* A number as written: [+-] int_digits [. frac_digits]. */
struct number {
    bool is_negative;
    bool has_sign;
    bool is_huge; /* magnitude does not hold it */
    uint64_t magnitude;
    const char *int_digits;
    ptrdiff_t n_int_digits;
    const char *frac_digits;
    ptrdiff_t n_frac_digits;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool scan_number(const char *text, size_t len_bytes, struct number *num)
{
    const char *p = text, *end = text + len_bytes;

    *num = (struct number){0};
    if (p < end && (*p == '+' || *p == '-')) {
        num->has_sign = true;
        num->is_negative = *p++ == '-';
    }
    num->int_digits = p;
    uint64_t magnitude = 0;
    for (; p < end && is_digit(*p); p++) {
        /* 19 digits always fit, and are beyond every range of this module. */
        if (magnitude >= UINT64_C(1000000000000000000))
            num->is_huge = true;
        else
            magnitude = magnitude * 10 + (uint64_t)(*p - '0');
    }
    num->magnitude = magnitude;
    num->n_int_digits = p - num->int_digits;
    if (p < end && *p == '.') {
        num->frac_digits = ++p;
        while (p < end && is_digit(*p))
            p++;
        num->n_frac_digits = p - num->frac_digits;
        if (num->n_frac_digits == 0)
            return false;
    }
    return p == end && num->n_int_digits > 0;
}

static enum umm_time_unit unit_by_magnitude(const struct number *num)
{
    if (num->is_huge || num->magnitude >= UINT64_C(100000000000000000))
        return UMM_TIME_NS;
    if (num->magnitude >= UINT64_C(100000000000000))
        return UMM_TIME_US;
    return num->magnitude >= UINT64_C(100000000000) ? UMM_TIME_MS : UMM_TIME_S;
}

/* The fraction of one unit in nanoseconds; false if it has finer digits than 0. */
static bool fraction_ns(const struct number *num, int64_t ns_per_unit, int64_t *ns)
{
    int64_t place = ns_per_unit, sum = 0;

    for (ptrdiff_t i = 0; i < num->n_frac_digits; i++) {
        int digit = num->frac_digits[i] - '0';
        place /= 10;
        if (place == 0 && digit != 0)
            return false;
        sum += digit * place;
    }
    *ns = sum;
    return true;
}

static enum umm_time_result parse_epoch(const struct umm_time_spec *spec, const char *text,
                                        size_t len_bytes, struct umm_time *out)
{
    struct number num;
    if (!scan_number(text, len_bytes, &num))
        return UMM_TIME_MALFORMED;
    if (!spec->is_unit_forced && unit_by_magnitude(&num) != spec->epoch_unit)
        return UMM_TIME_OTHER_UNIT;

    uint64_t per_s = (uint64_t)units_per_s[spec->epoch_unit];
    int64_t ns_per_unit = NS_PER_S / (int64_t)per_s;
    uint64_t whole = num.magnitude / per_s;
    if (num.is_huge || whole > (uint64_t)UMM_TIME_SEC_MAX)
        return UMM_TIME_RANGE;
    int64_t sec = (int64_t)whole, frac_ns = 0;
    if (!fraction_ns(&num, ns_per_unit, &frac_ns))
        return UMM_TIME_INEXACT;

    int64_t nsec = (int64_t)(num.magnitude - whole * per_s) * ns_per_unit + frac_ns;
    if (num.is_negative) {
        sec = -sec - (nsec > 0);
        nsec = nsec > 0 ? NS_PER_S - nsec : 0;
    }
    if (!is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = (int32_t)nsec};
    return UMM_TIME_OK;
}

/* ---- Calendar texts ---------------------------------------------------- */

static bool scan_two(struct umm_time_cursor *cursor, int32_t *value)
{
    return umm_time_scan_digits(cursor, 2, 2, value) != 0;
}

static bool scan_byte(struct umm_time_cursor *cursor, char byte)
{
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
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
    return scan_byte(cursor, separator) && scan_two(cursor, &c->month) &&
           scan_byte(cursor, separator) && scan_two(cursor, &c->day);
}

/* HH[:MM[:SS[(.|,)f{1,9}]]] */
static bool scan_clock(struct umm_time_cursor *cursor, struct umm_time_civil *c)
{
    if (!scan_two(cursor, &c->hour))
        return false;
    if (!scan_byte(cursor, ':'))
        return true;
    if (!scan_two(cursor, &c->minute))
        return false;
    if (!scan_byte(cursor, ':'))
        return true;
    if (!scan_two(cursor, &c->second))
        return false;
    if (!scan_byte(cursor, '.') && !scan_byte(cursor, ','))
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
        (*cursor.at == 'T' || (*cursor.at == ' ' && left > 1 && is_digit(cursor.at[1])))) {
        cursor.at++;
        if (!scan_clock(&cursor, c))
            return false;
    }
    if (cursor.at < cursor.end) {
        scan_byte(&cursor, ' ');
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
    bool has_space = scan_byte(&cursor, ' ');
    bool has_separator = has_space || scan_byte(&cursor, 'T');
    if (!scan_two(&cursor, &c->hour))
        return false;
    bool has_colons = has_space && scan_byte(&cursor, ':');
    if (!scan_two(&cursor, &c->minute))
        return false;
    if (cursor.at == cursor.end)
        return has_separator; /* twelve digits in a row are a number */
    if (has_colons && !scan_byte(&cursor, ':'))
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
    case UMM_TIME_FORM_EPOCH: return parse_epoch(spec, text, len_bytes, out);
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
static bool looks_like_date(const struct number *num)
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
    if (umm_time_scan_digits(&cursor, 1, 2, &ignored) == 0 || !scan_byte(&cursor, separator))
        return false;
    int n_digits = umm_time_scan_digits(&cursor, 2, 5, &ignored);
    return n_digits == 2 || n_digits == 4;
}

enum umm_time_result umm_time_detect(const char *text, size_t len_bytes, struct umm_time_spec *spec)
{
    static const enum umm_time_form forms[] = {UMM_TIME_FORM_ISO, UMM_TIME_FORM_YEAR_FIRST,
                                               UMM_TIME_FORM_COMPACT};
    struct number num;

    if (scan_number(text, len_bytes, &num)) {
        if (looks_like_date(&num)) {
            if (num.frac_digits || num.n_int_digits == 12)
                return UMM_TIME_MALFORMED;
            spec->form = UMM_TIME_FORM_COMPACT;
            return UMM_TIME_OK;
        }
        spec->form = UMM_TIME_FORM_EPOCH;
        spec->epoch_unit = unit_by_magnitude(&num);
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

/* ---- Units and ISO text ------------------------------------------------ */

enum umm_time_result umm_time_to_unit(struct umm_time time, enum umm_time_unit unit, int64_t *out)
{
    int64_t per_s = units_per_s[unit];
    int64_t ns_per_unit = NS_PER_S / per_s;
    int64_t sec = time.sec, sub = time.nsec / ns_per_unit, value;

    if (time.nsec % ns_per_unit != 0)
        return UMM_TIME_INEXACT;
    /* Same sign for both parts, or the lowest values overflow on the way. */
    if (sec < 0 && sub > 0) {
        sec++;
        sub -= per_s;
    }
    if (__builtin_mul_overflow(sec, per_s, &value) || __builtin_add_overflow(value, sub, &value))
        return UMM_TIME_RANGE;
    *out = value;
    return UMM_TIME_OK;
}

struct umm_time umm_time_from_unit(int64_t value, enum umm_time_unit unit)
{
    int64_t per_s = units_per_s[unit];
    int64_t sec = value / per_s, sub = value % per_s;

    if (sub < 0) {
        sec--;
        sub += per_s;
    }
    return (struct umm_time){.sec = sec, .nsec = (int32_t)(sub * (NS_PER_S / per_s))};
}

/* Write value (>= 0) with at least min_digits digits; returns the end. */
static char *put_number(char *p, int64_t value, int min_digits)
{
    char digits[20];
    int n = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (int i = n; i < min_digits; i++)
        *p++ = '0';
    while (n > 0)
        *p++ = digits[--n];
    return p;
}

static char *put_fraction(char *p, int32_t nsec)
{
    if (nsec == 0)
        return p;
    *p++ = '.';
    if (nsec % 1000000 == 0)
        return put_number(p, nsec / 1000000, 3);
    return nsec % 1000 == 0 ? put_number(p, nsec / 1000, 6) : put_number(p, nsec, 9);
}

/*
 * The longest text is that of the lowest second,
 * "-292277022657-01-27T08:29:52.000000001Z": 39 bytes and the NUL.
 */
size_t umm_time_format_iso(struct umm_time time, char out[UMM_TIME_ISO_MAX])
{
    int64_t days = time.sec / DAY_S, second = time.sec % DAY_S, year;
    int month, day;
    char *p = out;

    if (second < 0) {
        days--;
        second += DAY_S;
    }
    umm_time_civil_from_days(days, &year, &month, &day);
    if (year < 0)
        *p++ = '-';
    else if (year > 9999)
        *p++ = '+';
    p = put_number(p, year < 0 ? -year : year, 4);
    *p++ = '-';
    p = put_number(p, month, 2);
    *p++ = '-';
    p = put_number(p, day, 2);
    *p++ = 'T';
    p = put_number(p, second / 3600, 2);
    *p++ = ':';
    p = put_number(p, second / 60 % 60, 2);
    *p++ = ':';
    p = put_number(p, second % 60, 2);
    p = put_fraction(p, time.nsec);
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}
