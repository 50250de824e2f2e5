/* SPDX-License-Identifier: MIT */
/*
 * preload_report.h - what a preload found and did, for people, JSON and Prometheus.
 */
#ifndef UMM_PRELOAD_PRELOAD_REPORT_H
#define UMM_PRELOAD_PRELOAD_REPORT_H

#include "format/prometheus.h"
#include "preload/preload.h"
#include "umm.h"

enum { UMM_PRELOAD_LINE_MAX = 1024 };

/*
 * Line `index` of a table: a heading, a line per file that did not fail, and with more than
 * one file a line of sums. False after the last one. A percentage of 100.0 means all.
 */
bool umm_preload_report_line(enum umm_preload_action action,
                             const struct umm_preload_result *result, size_t index,
                             char line[UMM_PRELOAD_LINE_MAX]);

/* The same and more as a JSON object, malloc'ed; sizes in bytes, what is unknown is null. */
UMM_MUST_USE enum umm_status umm_preload_report_json(enum umm_preload_action action,
                                                     const struct umm_preload_result *result,
                                                     char **text, size_t *len_bytes,
                                                     struct umm_error *err);

/* Add the sums; of a success, if the run is one, also when it was. */
void umm_preload_report_metrics(const struct umm_preload_result *result, bool is_success,
                                struct umm_prometheus *page);

#endif
