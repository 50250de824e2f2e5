/* SPDX-License-Identifier: MIT */
/*
 * tz_posix.h - the rule that a zone goes on by, as POSIX TZ text:
 * "EST5EDT,M3.2.0,M11.1.0". A part of tz.c.
 *
 * Source: POSIX.1-2017, section 8.3, with RFC 9636's hours from -167 to 167.
 */
#ifndef UMM_TIME_TZ_POSIX_H
#define UMM_TIME_TZ_POSIX_H

#include "umm.h"

/*
 * An instant, in seconds since 1970 UTC, and the offset east of UTC from then on; name is
 * the number of its abbreviation.
 */
struct umm_tz_change {
    int64_t at;
    int32_t offset_s;
    int32_t name;
};

/* "EST"; longer ones are as none, which is empty. */
enum { UMM_TZ_NAME_BYTES = 16 };

enum umm_tz_yearly_kind { UMM_TZ_JULIAN_NO_LEAP_DAY, UMM_TZ_ZERO_BASED_DAY, UMM_TZ_MONTH_WEEK_DAY };

/* A day of the year, and the local time of that day in seconds from its start. */
struct umm_tz_yearly {
    enum umm_tz_yearly_kind kind;
    int32_t month, week, day;
    int32_t time_s;
};

struct umm_tz_posix {
    char std_name[UMM_TZ_NAME_BYTES];
    char dst_name[UMM_TZ_NAME_BYTES];
    int32_t std_offset_s;
    bool has_dst;
    int32_t dst_offset_s;
    struct umm_tz_yearly dst_begin;
    struct umm_tz_yearly dst_end;
};

/* Read the len_bytes of text; false if they are no such text, or name no dates. */
UMM_MUST_USE bool umm_tz_posix_parse(const char *text, size_t len_bytes, struct umm_tz_posix *rule);

/*
 * The changes of a rule with summer time in n_years years, 2 * n_years of them, by time.
 * Near a year's end some may lie in the year beside. Their name is 1 in summer, else 0.
 */
void umm_tz_posix_changes(const struct umm_tz_posix *rule, int64_t first_year, int n_years,
                          struct umm_tz_change *out);

#endif
