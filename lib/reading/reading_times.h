/* SPDX-License-Identifier: MIT */
/*
 * reading_times.h - whether digits in a column of times are epochs, by all that the file
 * shows, before the first row is read.
 */
#ifndef UMM_READING_READING_TIMES_H
#define UMM_READING_READING_TIMES_H

#include "reading/reading.h"
#include "umm.h"

/* Rows of a stream that are looked at; of a regular file it is all of them. */
enum { UMM_READING_LOOK_ROWS = 64 * 1024 };

/*
 * Look at the rows to come of a reading that stands on its first one, as far as it takes.
 * Where the time of the first row could be nothing but an epoch, or no epoch at all, that
 * is no further, and nothing is consumed in any case: what was read of a stream is kept.
 *
 * A column of digits that all could be an epoch as well as a date and time of day
 * (text/time_digits.h) is refused with UMM_ERR_DATA, both meanings and the place of the
 * first, unless an option or a layout says what they are, or after does: the last time of
 * the rows that these follow, NULL for none. It does if the first of such digits is, as an
 * epoch, ten times nearer to it than as a date.
 */
UMM_MUST_USE enum umm_status umm_reading_decide_times(struct umm_reading *reading,
                                                      const struct umm_time *after,
                                                      struct umm_error *err);

#endif
