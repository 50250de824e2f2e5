/* SPDX-License-Identifier: MIT */
/*
 * tail.h - finding the first new row of a long file without reading what is before.
 */
#ifndef UMM_CONVERT_TAIL_H
#define UMM_CONVERT_TAIL_H

#include "reading/reading.h"
#include "umm.h"

/*
 * Move reading, which stands on its first row, to a record at or before the first
 * one later than `last` (rows in between, not later, may follow), by binary search
 * over the bytes of a regular file whose rows are oldest first. The search reads
 * O(log size) blocks. Where the input cannot seek nothing is done, and all rows
 * come. row is scratch room. Line numbers are unknown (0) after a move.
 *
 * A probe must not begin inside quotes. That is certain where no quote stands in the
 * 64 KiB before it, as no field is longer; elsewhere the search ends, and what is left
 * is read from the last row that was found.
 */
UMM_MUST_USE enum umm_status umm_tail_seek(struct umm_reading *reading, int64_t last,
                                           struct umm_row *row, struct umm_error *err);

#endif
