/* SPDX-License-Identifier: MIT */
/*
 * delivery_report.h - which files go into which dataset, and what came of it: as lines for people,
 * and the former as JSON.
 */
#ifndef UMM_CONVERT_DELIVERY_REPORT_H
#define UMM_CONVERT_DELIVERY_REPORT_H

#include "convert/convert_report.h"
#include "convert/delivery.h"
#include "umm.h"

/*
 * What a conversion into a dataset did, in one line without newline:
 *
 *     data/BTCUSDT/1m.npy: 12 files, 525600 rows, 2024-01-01T00:00:00Z to ..., 3 gaps; ...
 *
 * Rows, times and gaps are those of the files; after the semicolon is what became of rows that
 * were there, if any were.
 */
void umm_delivery_report_line(const struct umm_delivery_dataset *dataset,
                              const struct umm_convert_result *result,
                              char line[UMM_CONVERT_LINE_MAX]);

/*
 * Line number index of what a dataset is made of: its path, then its files in their order, with
 * the times of their first rows in that unit. False when there are no more.
 */
bool umm_delivery_report_files(const struct umm_delivery_dataset *dataset, enum umm_time_unit unit,
                               size_t index, char line[UMM_CONVERT_LINE_MAX]);

/* The same as a JSON object, malloc'ed. */
UMM_MUST_USE enum umm_status umm_delivery_report_json(const struct umm_delivery_dataset *dataset,
                                                      enum umm_time_unit unit, char **text,
                                                      size_t *len_bytes, struct umm_error *err);

#endif
