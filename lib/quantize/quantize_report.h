/* SPDX-License-Identifier: MIT */
/*
 * quantize_report.h - what was quantised and how well, for people, as JSON and as metrics.
 */
#ifndef UMM_QUANTIZE_QUANTIZE_REPORT_H
#define UMM_QUANTIZE_QUANTIZE_REPORT_H

#include "format/prometheus.h"
#include "quantize/quantize.h"
#include "text/textbuf.h"

/* Lines for people. */
UMM_MUST_USE enum umm_status umm_quantize_report_text(const struct umm_quantize_options *options,
                                                      const struct umm_quantize_result *result,
                                                      char **text, size_t *len_bytes,
                                                      struct umm_error *err);

/* One JSON object with a final newline. Both texts are malloc'ed. */
UMM_MUST_USE enum umm_status umm_quantize_report_json(const struct umm_quantize_options *options,
                                                      const struct umm_quantize_result *result,
                                                      char **text, size_t *len_bytes,
                                                      struct umm_error *err);

/* Add the figures; a success unless the verdict is a failure. */
void umm_quantize_report_metrics(const struct umm_quantize_options *options,
                                 const struct umm_quantize_result *result,
                                 struct umm_prometheus *page);

enum { UMM_QUANTIZE_LINE_MAX = 1024 };

/* The figures in a line, without newline. */
void umm_quantize_report_line(const struct umm_quantize_options *options,
                              const struct umm_quantize_result *result,
                              char line[UMM_QUANTIZE_LINE_MAX]);

#endif
