/* SPDX-License-Identifier: MIT */
/* time_local.h - from what a clock shows to the instant. For time*.c only. */
#ifndef UMM_TIME_TIME_LOCAL_H
#define UMM_TIME_TIME_LOCAL_H

#include "time/time.h"
#include "time/time_places.h"

/*
 * The instant at which clocks in the spec's zone show local_sec (counted as if it were UTC)
 * and nsec. UMM_TIME_RANGE, _LOCAL_GAP and _LOCAL_FOLD as for umm_time_parse.
 */
UMM_MUST_USE enum umm_time_result umm_time_from_local(const struct umm_time_spec *spec,
                                                      int64_t local_sec, int32_t nsec,
                                                      struct umm_time *out);

/*
 * The same of_day_sec (from 0) and nsec after midnight on the clock, on the spec's date; also
 * UMM_TIME_NOT_OF_DAY and _HOUR_24.
 */
UMM_MUST_USE enum umm_time_result umm_time_from_clock(const struct umm_time_spec *spec,
                                                      int64_t of_day_sec, int32_t nsec,
                                                      struct umm_time *out);

/* What umm_time_from_civil does; places, if not NULL, gets the local second and its zone. */
UMM_MUST_USE enum umm_time_result umm_time_from_civil_at(const struct umm_time_spec *spec,
                                                         const struct umm_time_civil *civil,
                                                         struct umm_time_places *places,
                                                         struct umm_time *out);

#endif
