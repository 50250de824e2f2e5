/* SPDX-License-Identifier: MIT */
/* time_places.h - where the numbers of a text stand that was read as a time. For time*.c only. */
#ifndef UMM_TIME_TIME_PLACES_H
#define UMM_TIME_TIME_PLACES_H

#include "time/time.h"

/* The numbers of a text that change from one to the next. */
enum umm_time_place {
    UMM_TIME_PLACE_YEAR,
    UMM_TIME_PLACE_MONTH,
    UMM_TIME_PLACE_DAY,
    UMM_TIME_PLACE_HOUR,
    UMM_TIME_PLACE_MINUTE,
    UMM_TIME_PLACE_SECOND,
    UMM_TIME_PLACE_FRACTION,
    UMM_TIME_PLACES
};

/* Where they were read, and what else a text of the same form has to be read by. */
struct umm_time_places {
    const char *at[UMM_TIME_PLACES];
    int n_digits[UMM_TIME_PLACES]; /* -1: not the number as it is */
    bool is_short_year;            /* of two digits, with a century by rule */
    bool is_date_whole; /* the date has more parts than its numbers: a weekday, a day of the year */
    bool has_hour_12, is_pm;
    bool has_local; /* the rest is there */
    int64_t local_sec;
    bool is_in_zone, has_zone_name; /* by the spec's zone, which the text names */
};

/* What umm_time_parse_unit does; places, if not NULL, gets what was read of the text, and where. */
UMM_MUST_USE enum umm_time_result umm_time_parse_places(const struct umm_time_spec *spec,
                                                        const char *text, size_t len_bytes,
                                                        struct umm_time_places *places,
                                                        struct umm_time *out,
                                                        enum umm_time_unit *unit);

#endif
