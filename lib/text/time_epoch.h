/* SPDX-License-Identifier: MIT */
/*
 * time_epoch.h - the part of text/time that reads epoch numbers, exactly. For text/time
 * only.
 */
#ifndef UMM_TEXT_TIME_EPOCH_H
#define UMM_TEXT_TIME_EPOCH_H

#include "text/time.h"

/* A number as written: [+-] int_digits [. frac_digits]. */
struct umm_time_number {
    bool is_negative;
    bool has_sign;
    bool is_huge; /* magnitude does not hold it */
    uint64_t magnitude;
    const char *int_digits;
    ptrdiff_t n_int_digits;
    const char *frac_digits;
    ptrdiff_t n_frac_digits;
};

/* false if the len_bytes of text are no such number. */
UMM_MUST_USE bool umm_time_scan_number(const char *text, size_t len_bytes,
                                       struct umm_time_number *num);

/* The unit that umm_time_parse expects of a number of that magnitude. */
enum umm_time_unit umm_time_unit_by_magnitude(const struct umm_time_number *num);

/* What umm_time_parse does for the form EPOCH. */
UMM_MUST_USE enum umm_time_result umm_time_parse_epoch(const struct umm_time_spec *spec,
                                                       const char *text, size_t len_bytes,
                                                       struct umm_time *out);

/* 1, 1000, 1000000 or 1000000000. */
int64_t umm_time_units_per_s(enum umm_time_unit unit);

/* Whether a text may mean the second: UMM_TIME_SEC_MIN to UMM_TIME_SEC_MAX. */
bool umm_time_is_in_range(int64_t sec);

#endif
