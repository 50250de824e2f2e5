/* SPDX-License-Identifier: MIT */
#include "time/time_epoch.h"

#include "time/time_local.h"
#include "time/time_scan.h"

enum { NS_PER_S = 1000000000, EXPONENT_MAX = 9999, DAY_S = 86400 };

/* Multiply the whole part by ten and add a digit, as far as that is possible. */
static void shift_in(struct umm_time_number *num, unsigned digit)
{
    /* 19 digits always fit, and are beyond every range of this module. */
    if (num->magnitude >= UINT64_C(1000000000000000000))
        num->is_huge = true;
    else
        num->magnitude = num->magnitude * 10 + digit;
}

/* "e+09" and the like, up to the end of the text; larger ones are all the same. */
static bool scan_exponent(const char *p, const char *end, ptrdiff_t *exponent)
{
    bool is_negative = false;
    ptrdiff_t sum = 0;

    if (p < end && (*p == '+' || *p == '-'))
        is_negative = *p++ == '-';
    if (p == end)
        return false;
    for (; p < end && umm_time_is_digit(*p); p++)
        sum = sum < EXPONENT_MAX ? sum * 10 + (*p - '0') : sum;
    *exponent = is_negative ? -sum : sum;
    return p == end;
}

/* Where the next digit of a fraction counts: first in billionths, then in billionths of those. */
struct fraction_place {
    uint32_t coarse, fine;
};

static void next_place(struct fraction_place *place)
{
    place->coarse /= 10;
    if (place->coarse == 0)
        place->fine /= 10;
}

/* Give each of the digits its place, the point being after point of them. */
static void place_digits(const char *digits, const char *end, ptrdiff_t point,
                         struct umm_time_number *num)
{
    struct fraction_place place = {NS_PER_S, NS_PER_S};
    ptrdiff_t i = 0;

    /* Zeros between a point far before the digits and the first of them. */
    for (ptrdiff_t zeros = point; zeros < 0 && place.fine; zeros++)
        next_place(&place);
    for (const char *p = digits; p < end; p++) {
        if (*p == '.')
            continue;
        unsigned digit = (unsigned)(*p - '0');
        if (i++ < point) {
            shift_in(num, digit);
            continue;
        }
        next_place(&place);
        num->fraction += place.coarse * digit;
        num->fine += place.coarse == 0 ? place.fine * digit : 0;
        num->is_finer |= place.coarse == 0 && digit != 0;
        num->is_finest |= place.fine == 0 && digit != 0;
    }
    num->is_cut = i < point;
    for (; i < point && num->magnitude && !num->is_huge; i++)
        shift_in(num, 0);
}

bool umm_time_scan_number(const char *text, size_t len_bytes, struct umm_time_number *num)
{
    const char *p = text, *end = text + len_bytes;
    ptrdiff_t exponent = 0;

    *num = (struct umm_time_number){0};
    if (p < end && (*p == '+' || *p == '-')) {
        num->has_sign = true;
        num->is_negative = *p++ == '-';
    }
    const char *digits = p;
    while (p < end && umm_time_is_digit(*p))
        p++;
    num->n_digits = (size_t)(p - digits);
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        while (p < end && umm_time_is_digit(*p))
            p++;
        num->has_point = true;
        if (p == fraction)
            return false;
    }
    const char *digits_end = p;
    if (num->n_digits && p < end && (*p == 'e' || *p == 'E')) {
        num->has_exponent = true;
        if (!scan_exponent(p + 1, end, &exponent))
            return false;
        p = end;
    }
    if (p != end || num->n_digits == 0)
        return false;
    place_digits(digits, digits_end, (ptrdiff_t)num->n_digits + exponent, num);
    return true;
}

bool umm_time_number_unit(const struct umm_time_number *num, enum umm_time_unit *unit)
{
    return !num->is_negative && !num->is_huge && umm_time_unit_of(num->magnitude, unit);
}

/* ---- Spreadsheets' days, and times of one day -------------------------- */

/*
 * The fraction of a day in milliseconds, the nearest; of two, the even one. A billionth of a day
 * is 864 / 10^4 of a millisecond, and what is below it is in billionths of that.
 */
static int64_t nearest_ms(const struct umm_time_number *num)
{
    const uint64_t scale = 864, per_ms = 10000, unit = per_ms * NS_PER_S;
    const uint64_t coarse = num->fraction * scale;
    const uint64_t parts = coarse % per_ms * NS_PER_S + num->fine * scale;
    const uint64_t ms = coarse / per_ms + parts / unit, rest = parts % unit, half = unit / 2;
    return (int64_t)(ms + (rest > half || (rest == half && (num->is_finest || ms % 2 == 1))));
}

/* The fraction of a day as the time of day, of the spec's date. */
static enum umm_time_result parse_part_of_day(const struct umm_time_spec *spec,
                                              const struct umm_time_number *num, int64_t ms,
                                              struct umm_time *out)
{
    if (num->is_huge || num->magnitude > 1 || (num->is_negative && (num->magnitude || ms)))
        return UMM_TIME_NOT_OF_DAY;
    ms += (int64_t)num->magnitude * DAY_S * 1000;
    return umm_time_from_clock(spec, ms / 1000, (int32_t)(ms % 1000) * 1000000, out);
}

static enum umm_time_result parse_days(const struct umm_time_spec *spec,
                                       const struct umm_time_number *num, struct umm_time *out)
{
    enum { AT_1970 = 25569, AT_1970_FROM_1904 = 24107, FIRST = 61, FAR = 10000000 };
    const bool is_1904 = spec->epoch_unit == UMM_TIME_EXCEL_1904;
    const int64_t ms = nearest_ms(num);
    const bool is_negative = num->is_negative && (num->magnitude || ms);
    if (spec->has_date)
        return parse_part_of_day(spec, num, ms, out);
    if (is_negative || (!is_1904 && !num->is_huge && num->magnitude < FIRST))
        return is_1904 ? UMM_TIME_RANGE : UMM_TIME_OLD_DAY;
    if (num->is_huge || num->magnitude > FAR)
        return UMM_TIME_RANGE;
    const int64_t day = (int64_t)num->magnitude - (is_1904 ? AT_1970_FROM_1904 : AT_1970);
    return umm_time_from_local(spec, day * DAY_S + ms / 1000, (int32_t)(ms % 1000) * 1000000, out);
}

/* What the unit counts since midnight. */
static enum umm_time_result parse_count_of_day(const struct umm_time_spec *spec,
                                               const struct umm_time_number *num,
                                               struct umm_time *out)
{
    const uint64_t per_s = (uint64_t)umm_time_units_per_s(spec->epoch_unit);
    const uint64_t ns_per_unit = NS_PER_S / per_s, fraction = num->fraction * ns_per_unit;
    if (num->is_huge || num->magnitude / per_s > DAY_S ||
        (num->is_negative && (num->magnitude || num->fraction || num->is_finer)))
        return UMM_TIME_NOT_OF_DAY;
    if (num->is_finer || fraction % NS_PER_S != 0)
        return UMM_TIME_INEXACT;
    return umm_time_from_clock(
        spec, (int64_t)(num->magnitude / per_s),
        (int32_t)(num->magnitude % per_s * ns_per_unit + fraction / NS_PER_S), out);
}

/* ---- Epochs ------------------------------------------------------------- */

enum umm_time_result umm_time_parse_epoch(const struct umm_time_spec *spec, const char *text,
                                          size_t len_bytes, struct umm_time *out,
                                          enum umm_time_unit *unit)
{
    enum umm_time_unit in = spec->epoch_unit;
    struct umm_time_number num;
    if (!umm_time_scan_number(text, len_bytes, &num))
        return UMM_TIME_MALFORMED;
    if (spec->is_unit_forced && (in > UMM_TIME_TICKS || spec->has_date)) {
        *unit = in;
        return in > UMM_TIME_TICKS ? parse_days(spec, &num, out)
                                   : parse_count_of_day(spec, &num, out);
    }
    if (spec->has_date)
        return UMM_TIME_NO_CLOCK;
    if (!spec->is_unit_forced && !umm_time_number_unit(&num, &in))
        return UMM_TIME_NO_EPOCH;
    if (!spec->is_unit_forced && num.is_cut)
        return UMM_TIME_CUT;

    const int64_t since = in == UMM_TIME_TICKS ? UMM_TIME_SEC_MIN : 0;
    const uint64_t per_s = (uint64_t)umm_time_units_per_s(in);
    const uint64_t ns_per_unit = NS_PER_S / per_s;
    uint64_t whole = num.magnitude / per_s;
    if (num.is_huge || whole > (uint64_t)(UMM_TIME_SEC_MAX - since))
        return UMM_TIME_RANGE;
    const uint64_t fraction = num.fraction * ns_per_unit;
    if (num.is_finer || fraction % NS_PER_S != 0)
        return UMM_TIME_INEXACT;

    int64_t sec = (int64_t)whole;
    int64_t nsec = (int64_t)((num.magnitude - whole * per_s) * ns_per_unit + fraction / NS_PER_S);
    if (num.is_negative) {
        sec = -sec - (nsec > 0);
        nsec = nsec > 0 ? NS_PER_S - nsec : 0;
    }
    sec += since;
    if (!umm_time_is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = (int32_t)nsec};
    *unit = in;
    return UMM_TIME_OK;
}
