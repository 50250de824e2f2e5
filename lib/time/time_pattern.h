/* SPDX-License-Identifier: MIT */
/*
 * time_pattern.h - the part of time that reads texts by a user's pattern. For time*.c only;
 * the pattern language is described at umm_time_pattern_check in time.h.
 */
#ifndef UMM_TIME_TIME_PATTERN_H
#define UMM_TIME_TIME_PATTERN_H

#include "time/time.h"
#include "time/time_scan.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What umm_time_parse_places does for one pattern of the form PATTERN with the text from the
 * cursor on.
 */
UMM_MUST_USE enum umm_time_result umm_time_pattern_parse(const struct umm_time_spec *spec,
                                                         const char *pattern,
                                                         struct umm_time_cursor cursor,
                                                         struct umm_time *out);

#ifdef __cplusplus
}
#endif

#endif
