/* SPDX-License-Identifier: MIT */
/*
 * store_report.h - what a feature store holds, for people, as JSON and for Prometheus.
 */
#ifndef UMM_STORE_STORE_REPORT_H
#define UMM_STORE_STORE_REPORT_H

#include "format/prometheus.h"
#include "store/store_verify.h"
#include "umm.h"
#include "umm/store.h"

/* malloc'ed text of *len_bytes; path is how the store was named. */
UMM_MUST_USE enum umm_status umm_store_report_json(const struct umm_store_info *info,
                                                   const char *path, char **text, size_t *len_bytes,
                                                   struct umm_error *err);
void umm_store_report_metrics(const struct umm_store_info *info, const char *path,
                              struct umm_prometheus *page);

/* A verdict: one line of text number index, without newline, false after the last; and JSON. */
bool umm_store_report_verdict_line(const struct umm_store_verdict *verdict, size_t index,
                                   char line[UMM_ERROR_MESSAGE_MAX + 8]);
UMM_MUST_USE enum umm_status umm_store_report_verdict_json(const struct umm_store_verdict *verdict,
                                                           const char *path, char **text,
                                                           size_t *len_bytes,
                                                           struct umm_error *err);

/* One entry of a list as a line of JSON; and as "id,active,timestamp\n" in a buffer. */
UMM_MUST_USE enum umm_status umm_store_report_entry_json(const struct umm_store_entry *entry,
                                                         char **text, size_t *len_bytes,
                                                         struct umm_error *err);
enum { UMM_STORE_ENTRY_LINE_MAX = 2 * UMM_STORE_ID_MAX + 64 };
size_t umm_store_report_entry(const struct umm_store_entry *entry,
                              char out[UMM_STORE_ENTRY_LINE_MAX]);

#endif
