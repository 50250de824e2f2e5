/* SPDX-License-Identifier: MIT */
/*
 * convert_report.h - the result of a conversion as JSON, as Prometheus metrics and
 * as lines for people.
 */
#ifndef UMM_CONVERT_CONVERT_REPORT_H
#define UMM_CONVERT_CONVERT_REPORT_H

#include "convert/convert.h"
#include "format/prometheus.h"

/* One JSON object, indented; malloc'ed. Times are ISO 8601, lengths seconds or bytes. */
UMM_MUST_USE enum umm_status umm_convert_report_json(const struct umm_convert_options *options,
                                                     const struct umm_convert_result *result,
                                                     char **text, size_t *len_bytes,
                                                     struct umm_error *err);

/* Add the figures of a conversion that succeeded. */
void umm_convert_report_metrics(const struct umm_convert_options *options,
                                const struct umm_convert_result *result,
                                struct umm_prometheus *page);

enum { UMM_CONVERT_LINE_MAX = 4096 };

/*
 * One line about a dataset of many: its path, rows, from when to when, and what became of it;
 * without newline.
 */
void umm_convert_report_dataset(const struct umm_convert_options *options, const char *path,
                                const struct umm_convert_result *result,
                                char line[UMM_CONVERT_LINE_MAX]);

/*
 * Line number index of the decisions and figures, for people, without newline; false
 * when there are no more.
 */
bool umm_convert_report_line(const struct umm_convert_options *options,
                             const struct umm_convert_result *result, size_t index,
                             char line[UMM_CONVERT_LINE_MAX]);

#endif
