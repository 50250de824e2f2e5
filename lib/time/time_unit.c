/* SPDX-License-Identifier: MIT */
/* Times as counts of a unit, and as ISO 8601. */
#include "time/time.h"

#include <string.h>

#include "time/time_civil.h"
#include "time/time_epoch.h"

enum { DAY_S = 86400, NS_PER_S = 1000000000 };

static const int64_t units_per_s[] = {1, 1000, 1000000, 1000000000, 10000000};
static const char *const unit_names[] = {"s", "ms", "us", "ns", "ticks", "excel", "excel1904"};

int64_t umm_time_units_per_s(enum umm_time_unit unit)
{
    return units_per_s[unit];
}

const char *umm_time_unit_name(enum umm_time_unit unit)
{
    return unit_names[unit];
}

bool umm_time_unit_parse_in(const char *name, enum umm_time_unit *out)
{
    for (int unit = UMM_TIME_S; unit < UMM_TIME_UNITS; unit++) {
        if (strcmp(name, unit_names[unit]) == 0) {
            *out = (enum umm_time_unit)unit;
            return true;
        }
    }
    return false;
}

bool umm_time_unit_of(uint64_t magnitude, enum umm_time_unit *unit)
{
    for (int i = UMM_TIME_S; i <= UMM_TIME_NS; i++) {
        const uint64_t per_s = (uint64_t)units_per_s[i];
        if (magnitude >= (uint64_t)UMM_TIME_EPOCH_FIRST_S * per_s &&
            magnitude < (uint64_t)UMM_TIME_EPOCH_END_S * per_s) {
            *unit = (enum umm_time_unit)i;
            return true;
        }
    }
    return false;
}

enum umm_time_result umm_time_to_unit(struct umm_time time, enum umm_time_unit unit, int64_t *out)
{
    int64_t per_s = umm_time_units_per_s(unit);
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
    int64_t per_s = umm_time_units_per_s(unit);
    int64_t sec = value / per_s, sub = value % per_s;

    if (sub < 0) {
        sec--;
        sub += per_s;
    }
    return (struct umm_time){.sec = sec, .nsec = (int32_t)(sub * (NS_PER_S / per_s))};
}

bool umm_time_is_in_range(int64_t sec)
{
    return sec >= UMM_TIME_SEC_MIN && sec <= UMM_TIME_SEC_MAX;
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
