/* SPDX-License-Identifier: MIT */
/* watchreport.h - what a watch did, as JSON, as Prometheus metrics and as a line. */
#ifndef UMM_WATCH_WATCHREPORT_H
#define UMM_WATCH_WATCHREPORT_H

#include "format/prometheus.h"
#include "umm.h"
#include "watch/watchjob.h"

/* One JSON object with a final newline, malloc'ed; on one line if is_compact. */
UMM_MUST_USE enum umm_status umm_watch_report_json(const struct umm_watch_options *options,
                                                   const struct umm_watch_result *result,
                                                   bool is_compact, char **text, size_t *len_bytes,
                                                   struct umm_error *err);

/* Add the figures of a job that succeeded. */
void umm_watch_report_metrics(const struct umm_watch_options *options,
                              const struct umm_watch_result *result, struct umm_prometheus *page);

enum { UMM_WATCH_LINE_MAX = 1024 };

/* The figures for people, without newline. */
void umm_watch_report_line(const struct umm_watch_options *options,
                           const struct umm_watch_result *result, char line[UMM_WATCH_LINE_MAX]);

#endif
