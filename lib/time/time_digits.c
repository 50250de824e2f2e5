/* SPDX-License-Identifier: MIT */
#include "time/time_digits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "time/time_civil.h"
#include "time/time_epoch.h"

/*
 * A form of digits: letters as in its name, each for a digit. Y year, y of two digits, j day
 * of the year, f fraction of the second; n_lost zeros may be missing before the first digit.
 */
struct form {
    const char *letters;
    const char *name;
    const char *format, *format_lost; /* with all digits, without leading zeros */
    int n_lost;
    const char *format_point; /* with all digits and a fraction of the second */
};

static const struct form forms[] = {
    {"YYYYMMDD", "YYYYMMDD", "%Y%m%d", NULL, 0, NULL},
    {"YYYYMMDDHH", "YYYYMMDDHH", "%Y%m%d%H", NULL, 0, NULL},
    {"yyMMDDHHmm", "YYMMDDhhmm", "%y%m%d%H%M", "%-y%m%d%H%M", 1, NULL},
    {"YYYYMMDDHHmm", "YYYYMMDDhhmm", "%Y%m%d%H%M", NULL, 0, NULL},
    {"yyMMDDHHmmss", "YYMMDDhhmmss", "%y%m%d%H%M%S", "%-y%m%d%H%M%S", 1, "%y%m%d%H%M%S%.f"},
    {"YYYYjjjHHmmss", "YYYYDDDhhmmss", "%Y%j%H%M%S", NULL, 0, "%Y%j%H%M%S%.f"},
    {"yyMMDDHHmmssfff", "YYMMDDhhmmss and milliseconds", "%y%m%d%H%M%S%f", NULL, 0, NULL},
    {"yyMMDDHHmmssffffff", "YYMMDDhhmmss and microseconds", "%y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssf", "YYYYMMDDhhmmss and a fraction", "%Y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssff", "YYYYMMDDhhmmss and a fraction", "%Y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssfff", "YYYYMMDDhhmmss and milliseconds", "%Y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssffff", "YYYYMMDDhhmmss and a fraction", "%Y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssfffff", "YYYYMMDDhhmmss and a fraction", "%Y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssffffff", "YYYYMMDDhhmmss and microseconds", "%Y%m%d%H%M%S%f", NULL, 0, NULL},
    {"YYYYMMDDHHmmssfffffffff", "YYYYMMDDhhmmss and nanoseconds", "%Y%m%d%H%M%S%f", NULL, 0, NULL}};

enum { DIGITS_MAX = 23, DAY_S = 86400 };

/* The digits of a number's whole part, without leading zeros; 0 if they are too many. */
static size_t digits_of(const char *text, const struct umm_time_number *num,
                        char digits[DIGITS_MAX])
{
    const char *p = text + num->has_sign, *end = p + num->n_digits;
    size_t n = 0;
    if (num->has_exponent)
        return num->is_huge ? 0 : (size_t)snprintf(digits, DIGITS_MAX, "%" PRIu64, num->magnitude);
    while (p < end && *p == '0')
        p++;
    if (end - p > DIGITS_MAX)
        return 0;
    for (; p < end; p++)
        digits[n++] = *p;
    return n;
}

/* What the digits are by the form, as far as that is possible: see time_digits.h. */
static bool read_form(const struct form *form, const char *digits, size_t n_digits,
                      struct umm_time_civil *c)
{
    const size_t width = strlen(form->letters);
    int32_t year = 0, year_day = 0, n_fraction = 0;
    bool is_short = false;
    if (n_digits > width || n_digits + (size_t)form->n_lost < width)
        return false;
    *c = (struct umm_time_civil){.month = 1, .day = 1};
    for (size_t i = 0; i < width; i++) {
        const size_t lost = width - n_digits;
        const int32_t digit = i < lost ? 0 : digits[i - lost] - '0';
        switch (form->letters[i]) {
        case 'y':
        case 'Y':
            is_short = form->letters[i] == 'y';
            year = year * 10 + digit;
            break;
        case 'M': c->month = form->letters[i - 1] == 'M' ? c->month * 10 + digit : digit; break;
        case 'D': c->day = form->letters[i - 1] == 'D' ? c->day * 10 + digit : digit; break;
        case 'j': year_day = year_day * 10 + digit; break;
        case 'H': c->hour = c->hour * 10 + digit; break;
        case 'm': c->minute = c->minute * 10 + digit; break;
        case 's': c->second = c->second * 10 + digit; break;
        default: c->nsec = c->nsec * 10 + digit; n_fraction++;
        }
    }
    for (; n_fraction < 9; n_fraction++)
        c->nsec *= 10;
    c->year = !is_short ? year : year + (year >= 69 ? 1900 : 2000);
    if (strchr(form->letters, 'j')) {
        if (year_day < 1 || year_day > 366)
            return false;
        int month, day;
        umm_time_civil_from_days(umm_time_days_from_civil(c->year, 1, 1) + year_day - 1, &c->year,
                                 &month, &day);
        c->month = month;
        c->day = day;
    }
    return c->year >= 1900 && c->year <= 2100 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= 31 && c->hour <= 25 && c->minute <= 59 && c->second <= 60;
}

/* The pattern that reads the number as it is written; NULL if none does. */
static const char *format_of(const struct form *form, const struct umm_time_number *num)
{
    const size_t width = strlen(form->letters);
    if (num->has_exponent || num->has_sign || num->n_digits > width)
        return NULL;
    if (num->n_digits < width)
        return num->has_point ? NULL : form->format_lost;
    return num->has_point ? form->format_point : form->format;
}

static void set_local(const struct umm_time_civil *civil, struct umm_time_meaning *meaning)
{
    const struct umm_time_spec utc = {.form = UMM_TIME_FORM_NONE};
    meaning->is_local = true;
    meaning->has_time = umm_time_from_civil(&utc, civil, &meaning->time) == UMM_TIME_OK;
}

static bool is_ticks(const struct umm_time_number *num)
{
    const uint64_t per_s = (uint64_t)umm_time_units_per_s(UMM_TIME_TICKS);
    const uint64_t since = (uint64_t)-UMM_TIME_SEC_MIN;
    return !num->is_huge && num->magnitude / per_s >= since + (uint64_t)UMM_TIME_EPOCH_FIRST_S &&
           num->magnitude / per_s < since + (uint64_t)UMM_TIME_EPOCH_END_S;
}

/* Days since 1899-12-30, as spreadsheets count them, of the years 1980 to 2100. */
static bool is_sheet_day(const struct umm_time_number *num, struct umm_time *day)
{
    const int64_t since = umm_time_days_from_civil(1899, 12, 30);
    if (num->is_huge || num->n_digits != 5)
        return false;
    day->sec = ((int64_t)num->magnitude + since) * DAY_S;
    day->nsec = 0;
    return day->sec >= UMM_TIME_EPOCH_FIRST_S && day->sec < UMM_TIME_EPOCH_END_S;
}

static bool meaning_of_ticks(const char *text, size_t len_bytes, struct umm_time_meaning *meaning)
{
    const struct umm_time_spec spec = {
        .form = UMM_TIME_FORM_EPOCH, .epoch_unit = UMM_TIME_TICKS, .is_unit_forced = true};
    struct umm_time time;
    if (umm_time_parse(&spec, text, len_bytes, &time) != UMM_TIME_OK)
        return false;
    *meaning = (struct umm_time_meaning){
        .name = ".NET ticks", .unit = "ticks", .has_time = true, .time = time};
    return true;
}

bool umm_time_digits_meaning(const char *text, size_t len_bytes, struct umm_time_meaning *meaning)
{
    struct umm_time_number num;
    struct umm_time_civil civil;
    struct umm_time day;
    char digits[DIGITS_MAX];
    if (!umm_time_scan_number(text, len_bytes, &num) || num.is_negative || num.is_cut)
        return false;
    if (is_sheet_day(&num, &day)) {
        *meaning = (struct umm_time_meaning){.name = "a spreadsheet's day",
                                             .unit = "excel",
                                             .has_time = true,
                                             .is_day = true,
                                             .time = day};
        return true;
    }
    const bool has_fraction = num.fraction || num.is_finer;
    if (!has_fraction && is_ticks(&num) && meaning_of_ticks(text, len_bytes, meaning))
        return true;
    const size_t n = digits_of(text, &num, digits);
    for (size_t i = 0; n && i < sizeof forms / sizeof *forms; i++) {
        const size_t width = strlen(forms[i].letters);
        if ((has_fraction && forms[i].letters[width - 1] != 's') ||
            !read_form(&forms[i], digits, n, &civil))
            continue;
        if (has_fraction)
            civil.nsec = (int32_t)num.fraction;
        *meaning = (struct umm_time_meaning){.name = forms[i].name};
        meaning->format = format_of(&forms[i], &num);
        meaning->is_day = width == 8;
        set_local(&civil, meaning);
        return true;
    }
    return false;
}

bool umm_time_epoch_meaning(const char *text, size_t len_bytes, struct umm_time_meaning *meaning)
{
    static const char *const names[] = {"an epoch in seconds", "an epoch in milliseconds",
                                        "an epoch in microseconds", "an epoch in nanoseconds"};
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_EPOCH};
    enum umm_time_unit unit;
    struct umm_time time;
    if (umm_time_parse_unit(&spec, text, len_bytes, &time, &unit) != UMM_TIME_OK)
        return false;
    *meaning = (struct umm_time_meaning){
        .name = names[unit], .unit = umm_time_unit_name(unit), .has_time = true, .time = time};
    return true;
}

bool umm_time_is_ambiguous(const char *text, size_t len_bytes)
{
    struct umm_time_meaning ignored;
    return umm_time_epoch_meaning(text, len_bytes, &ignored) &&
           umm_time_digits_meaning(text, len_bytes, &ignored);
}
