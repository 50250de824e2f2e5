/* SPDX-License-Identifier: MIT */
/*
 * batchjournal_lines.h - how the lines of a journal are written, for its writer and its reader.
 *
 *     umm-batch journal 1
 *     list N HASH command HASH part INDEX COUNT CHECK
 *     run BOOT NAMESPACE SESSION MARK CHECK
 *     start FIRST N PID FROM UNTIL CHECK
 *     done FIRST N TIME_US PEAK_BYTES CHECK
 *     again FIRST N CHECK               it failed, and its items are tried in smaller batches
 *     fail ITEM TRIES REASON... CHECK
 *     retry CHECK                       items that failed are tried once more
 *     synced CHECK                      all before survives a power cut
 *     end CHECK
 *
 * CHECK is of the line before it; its seed is the hash of the second line, whose own seed is 0.
 */
#ifndef UMM_BATCH_BATCHJOURNAL_LINES_H
#define UMM_BATCH_BATCHJOURNAL_LINES_H

#include "batch/batchjournal.h"

/* Room for a line with the longest reason. */
enum { UMM_BATCHJOURNAL_LINE_MAX = 512, UMM_BATCHJOURNAL_CHECK_DIGITS = 8 };

#define umm_batchjournal_magic "umm-batch journal 1\n"

uint32_t umm_batchjournal_check(const char *line, size_t len_bytes, uint64_t seed);

/* The second line, without its check; returns the seed of all that follow. */
uint64_t umm_batchjournal_describe(const struct umm_batchjournal_key *key,
                                   char line[UMM_BATCHJOURNAL_LINE_MAX]);

#endif
