/* SPDX-License-Identifier: MIT */
/*
 * time_digits.h - what a number in a column of times could mean besides an epoch: a date and
 * time of day whose digits have nothing between them, .NET ticks, a spreadsheet's day.
 *
 * Of the epochs of 2010 to 2029 in seconds one in two hundred also reads as YYMMDDhhmm, of
 * those in milliseconds none reads as anything: a column's values together tell.
 */
#ifndef UMM_TIME_TIME_DIGITS_H
#define UMM_TIME_TIME_DIGITS_H

#include "time/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One meaning. The texts are static. */
struct umm_time_meaning {
    const char *name;   /* "YYYYMMDDHH", ".NET ticks", "an epoch in seconds" */
    const char *format; /* the pattern that reads it, or NULL */
    const char *unit;   /* "s" to "ns", "ticks", "excel": the unit that reads it, or NULL */
    bool has_time;      /* false where there is no such date or time of day */
    bool is_day;        /* a date alone */
    bool is_local;      /* time is that of a zone which is not known here */
    struct umm_time time;
};

/*
 * What the number in text could be besides an epoch; false, and *meaning untouched, if it is
 * no number or could be nothing else. Dates are judged with mercy: month 1 to 12, day 1 to
 * 31, hour 0 to 25 (the last of a day is 24 in some files, or 25 when clocks change), minute
 * 0 to 59, second 0 to 60, so that a date which does not exist is still none of an epoch.
 * Zeros before the first other digit do not count, since numbers lose them; a fraction is one
 * of a second; and an exponent changes no number: programs write 2024010122 as 2.024010122e+09.
 */
UMM_MUST_USE bool umm_time_digits_meaning(const char *text, size_t len_bytes,
                                          struct umm_time_meaning *meaning);

/* What it means as an epoch of 1980 to 2100; false, and *meaning untouched, if it is none. */
UMM_MUST_USE bool umm_time_epoch_meaning(const char *text, size_t len_bytes,
                                         struct umm_time_meaning *meaning);

/* Whether the number has both meanings. */
UMM_MUST_USE bool umm_time_is_ambiguous(const char *text, size_t len_bytes);

#ifdef __cplusplus
}
#endif

#endif
