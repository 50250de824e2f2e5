/* SPDX-License-Identifier: MIT */
#include "text/time_epoch.h"

#include "text/time_pattern.h"

enum { NS_PER_S = 1000000000 };

bool umm_time_scan_number(const char *text, size_t len_bytes, struct umm_time_number *num)
{
    const char *p = text, *end = text + len_bytes;

    *num = (struct umm_time_number){0};
    if (p < end && (*p == '+' || *p == '-')) {
        num->has_sign = true;
        num->is_negative = *p++ == '-';
    }
    num->int_digits = p;
    uint64_t magnitude = 0;
    for (; p < end && umm_time_is_digit(*p); p++) {
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
        while (p < end && umm_time_is_digit(*p))
            p++;
        num->n_frac_digits = p - num->frac_digits;
        if (num->n_frac_digits == 0)
            return false;
    }
    return p == end && num->n_int_digits > 0;
}

enum umm_time_unit umm_time_unit_by_magnitude(const struct umm_time_number *num)
{
    if (num->is_huge || num->magnitude >= UINT64_C(100000000000000000))
        return UMM_TIME_NS;
    if (num->magnitude >= UINT64_C(100000000000000))
        return UMM_TIME_US;
    return num->magnitude >= UINT64_C(100000000000) ? UMM_TIME_MS : UMM_TIME_S;
}

/* The fraction of one unit in nanoseconds; false if it has finer digits than 0. */
static bool fraction_ns(const struct umm_time_number *num, int64_t ns_per_unit, int64_t *ns)
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

enum umm_time_result umm_time_parse_epoch(const struct umm_time_spec *spec, const char *text,
                                          size_t len_bytes, struct umm_time *out)
{
    struct umm_time_number num;
    if (!umm_time_scan_number(text, len_bytes, &num))
        return UMM_TIME_MALFORMED;
    if (!spec->is_unit_forced && umm_time_unit_by_magnitude(&num) != spec->epoch_unit)
        return UMM_TIME_OTHER_UNIT;

    uint64_t per_s = (uint64_t)umm_time_units_per_s(spec->epoch_unit);
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
    if (!umm_time_is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = (int32_t)nsec};
    return UMM_TIME_OK;
}
