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
 * A report that is taken piece by piece, in time and memory that do not grow with what was taken
 * before. _begin looks at all files once; result is borrowed until the last piece. A report is
 * taken as lines or as JSON, not as both.
 */
struct umm_preload_report {
    enum umm_preload_action action;
    const struct umm_preload_result *result;
    size_t n_counted, n_planned[UMM_PRELOAD_PLAN_MEMORY + 1]; /* files in the sums */
    size_t n_taken;                                           /* of the files; private */
    bool is_begun, is_ended, has_lines;
};

void umm_preload_report_begin(struct umm_preload_report *report, enum umm_preload_action action,
                              const struct umm_preload_result *result);

/*
 * The next line of a table: a heading, a line per file that did not fail, and with more than
 * one file a line of sums. False after the last one. A percentage of 100.0 means all.
 */
bool umm_preload_report_line(struct umm_preload_report *report, char line[UMM_PRELOAD_LINE_MAX]);

/*
 * The same and more as a JSON object, of which this is the next part, malloc'ed; *text is NULL
 * after the last one. Sizes are in bytes, what is unknown is null.
 */
UMM_MUST_USE enum umm_status umm_preload_report_json(struct umm_preload_report *report, char **text,
                                                     size_t *len_bytes, struct umm_error *err);

/* Add the sums; of a success, if the run is one, also when it was. */
void umm_preload_report_metrics(const struct umm_preload_result *result, bool is_success,
                                struct umm_prometheus *page);

#endif
