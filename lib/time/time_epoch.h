/* SPDX-License-Identifier: MIT */
/*
 * time_epoch.h - the part of text/time that reads epoch numbers, exactly. For text/time*
 * only.
 */
#ifndef UMM_TIME_TIME_EPOCH_H
#define UMM_TIME_TIME_EPOCH_H

#include "time/time.h"

/* The value of a number as written: [+-]digits[.digits][e[+-]digits]. */
struct umm_time_number {
    bool is_negative;
    bool has_sign, has_point, has_exponent;
    bool is_huge;       /* magnitude does not hold the whole part */
    bool is_cut;        /* the exponent asks for more digits of the whole part than there are */
    bool is_finer;      /* the fraction has other digits than 0 below a billionth */
    bool is_finest;     /* and below a billionth of that */
    uint64_t magnitude; /* the whole part */
    uint32_t fraction;  /* in billionths */
    uint32_t fine;      /* the rest, in billionths of those */
    size_t n_digits;    /* before the point, as written */
};

/* false if the len_bytes of text are no such number. */
UMM_MUST_USE bool umm_time_scan_number(const char *text, size_t len_bytes,
                                       struct umm_time_number *num);

/* The unit in which the number is an epoch of 1980 to 2100; false if in none. */
UMM_MUST_USE bool umm_time_number_unit(const struct umm_time_number *num, enum umm_time_unit *unit);

/* What umm_time_parse_unit does for the form EPOCH. */
UMM_MUST_USE enum umm_time_result umm_time_parse_epoch(const struct umm_time_spec *spec,
                                                       const char *text, size_t len_bytes,
                                                       struct umm_time *out,
                                                       enum umm_time_unit *unit);

/* 1, 1000, 1000000, 1000000000, 10000000; days have none. */
int64_t umm_time_units_per_s(enum umm_time_unit unit);

/* Whether a text may mean the second: UMM_TIME_SEC_MIN to UMM_TIME_SEC_MAX. */
bool umm_time_is_in_range(int64_t sec);

#endif
