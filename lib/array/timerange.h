/* SPDX-License-Identifier: MIT */
/*
 * timerange.h - from here to there in time: which rows of an array that is. Also
 * umm_time_from_iso of umm.h, as users write an end of a range.
 */
#ifndef UMM_ARRAY_TIMERANGE_H
#define UMM_ARRAY_TIMERANGE_H

#include "array/arrayfile.h"
#include "format/arraycolumn.h"
#include "time/time.h"
#include "umm.h"

/* Times t with from <= t < to; an end that is not there does not bind. */
struct umm_timerange {
    bool has_from, has_to;
    struct umm_time from, to;
};

/*
 * The rows of file in range: from *first on, before *end. All of them, and no read, for
 * a range without ends. Failures as umm_arrayfile_find_time.
 */
UMM_MUST_USE enum umm_status umm_timerange_rows(const struct umm_timerange *range,
                                                const struct umm_arrayfile *file, uint64_t *first,
                                                uint64_t *end, struct umm_error *err);

enum { UMM_TIMERANGE_NAME_MAX = 96 };

/*
 * The range as part of a name, "2022-01-01_2024-01-01": dates where an end is midnight
 * UTC, else times without colons, "2022-01-01T093000Z"; "start" and "end" for an end
 * that is not there. Empty for a range without ends. Returns out.
 */
const char *umm_timerange_name(const struct umm_timerange *range, char out[UMM_TIMERANGE_NAME_MAX]);

#endif
