/* SPDX-License-Identifier: MIT */
/*
 * batchreport.h - what a run of batches was, as JSON, as metrics, as a line, and the items that
 * were put aside.
 */
#ifndef UMM_BATCH_BATCHREPORT_H
#define UMM_BATCH_BATCHREPORT_H

#include "batch/batchjob.h"
#include "format/prometheus.h"
#include "umm.h"

enum { UMM_BATCH_REPORT_LINE_MAX = 512 };

/* An object; the text is the caller's to free. */
UMM_MUST_USE enum umm_status umm_batch_report_json(const struct umm_batchjob_options *options,
                                                   const struct umm_batchjob_result *result,
                                                   char **text, size_t *len_bytes,
                                                   struct umm_error *err);

void umm_batch_report_metrics(const struct umm_batchjob_options *options,
                              const struct umm_batchjob_result *result,
                              struct umm_prometheus *page);

void umm_batch_report_line(const struct umm_batchjob_result *result,
                           char line[UMM_BATCH_REPORT_LINE_MAX]);

/*
 * The items that were put aside, in the order of the list, each with its number and why, with tabs
 * between: NUMBER TRIES REASON ITEM. The item is as it was, with the list's end after it, so that
 * what comes after the third tab is a list again.
 */
UMM_MUST_USE enum umm_status umm_batch_report_failures(const struct umm_batchjob_options *options,
                                                       const struct umm_batchjob_result *result,
                                                       char **text, size_t *len_bytes,
                                                       struct umm_error *err);

#endif
