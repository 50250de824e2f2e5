/* SPDX-License-Identifier: MIT */
/*
 * timeframe.h - the distance between bars as people write it: "15m", "1h", "1mo".
 *
 * A positive number and a unit: s, m (minutes), h, d, w or mo (calendar months). Case
 * does not matter, with one exception: "1M" is a month to some and a minute to others,
 * and is refused. So are more than 100 years.
 */
#ifndef UMM_TIME_TIMEFRAME_H
#define UMM_TIME_TIMEFRAME_H

#include "umm.h"

enum { UMM_TIMEFRAME_NAME_MAX = 16 }; /* with the terminator */

/*
 * One of n_seconds and n_months is 0. name is the normal form, lower-case and without
 * leading zeros: two texts that differ in these only are the same timeframe. The unit
 * stays as it was given: 60m and 1h are different names of one span.
 */
struct umm_timeframe {
    int64_t n_seconds;
    int64_t n_months;
    char name[UMM_TIMEFRAME_NAME_MAX];
};

/* Read exactly len_bytes bytes. UMM_ERR_ARGUMENT, *out untouched, for anything else. */
UMM_MUST_USE enum umm_status umm_timeframe_parse(const char *text, size_t len_bytes,
                                                 struct umm_timeframe *out, struct umm_error *err);

/*
 * The same as vendors write it in names of files, in any case: a number and a word (1min, 5mins,
 * 4hour, 1day, 2weeks, 1mon), a word for one (minute, hourly, daily, d, weekly, w, monthly), or
 * MetaTrader's M1, H4, D1, W1, MN, MN1, where M is always minutes. "1M" is refused here also.
 * False, *out untouched, for anything else.
 */
UMM_MUST_USE bool umm_timeframe_parse_word(const char *text, size_t len_bytes,
                                           struct umm_timeframe *out);

/*
 * A number of minutes without leading zeros, in the largest unit that divides it: "60" is 1h,
 * "1440" is 1d, "90" is 90m; "43200" is 1mo, as MetaTrader has it. False, *out untouched, for
 * anything else.
 */
UMM_MUST_USE bool umm_timeframe_parse_minutes(const char *text, size_t len_bytes,
                                              struct umm_timeframe *out);

#endif
