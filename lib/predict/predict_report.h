/* SPDX-License-Identifier: MIT */
/* predict_report.h - what a job of answers did, as JSON, as Prometheus metrics and as a line. */
#ifndef UMM_PREDICT_PREDICT_REPORT_H
#define UMM_PREDICT_PREDICT_REPORT_H

#include "format/prometheus.h"
#include "predict/predict.h"
#include "umm.h"

/* One JSON object with a final newline, malloc'ed. */
UMM_MUST_USE enum umm_status umm_predict_report_json(const struct umm_predict_options *options,
                                                     const struct umm_predict_result *result,
                                                     char **text, size_t *len_bytes,
                                                     struct umm_error *err);

/* Add the figures of a job that succeeded. */
void umm_predict_report_metrics(const struct umm_predict_options *options,
                                const struct umm_predict_result *result,
                                struct umm_prometheus *page);

enum { UMM_PREDICT_LINE_MAX = 2048 };

/* The figures for people, without newline. */
void umm_predict_report_line(const struct umm_predict_options *options,
                             const struct umm_predict_result *result,
                             char line[UMM_PREDICT_LINE_MAX]);

/* What the model is, for people, or as one JSON object; malloc'ed. */
UMM_MUST_USE enum umm_status umm_predict_describe(const struct umm_model *model, const char *path,
                                                  bool is_json, char **text, size_t *len_bytes,
                                                  struct umm_error *err);

#endif
