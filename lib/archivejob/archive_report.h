/* SPDX-License-Identifier: MIT */
/*
 * archive_report.h - what an archive holds and what an append did: for people, as JSON
 * and as metrics. Texts are malloc'ed; lines have no newline.
 */
#ifndef UMM_ARCHIVEJOB_ARCHIVE_REPORT_H
#define UMM_ARCHIVEJOB_ARCHIVE_REPORT_H

#include "archive/archive_check.h"
#include "archivejob/archive_append.h"
#include "format/prometheus.h"
#include "umm.h"

enum { UMM_ARCHIVE_LINE_MAX = 1024 };

void umm_archive_report_append_line(const char *path,
                                    const struct umm_archive_append_result *result,
                                    char line[UMM_ARCHIVE_LINE_MAX]);
UMM_MUST_USE enum umm_status
umm_archive_report_append_json(const char *path, const struct umm_archive_append_result *result,
                               char **text, size_t *len_bytes, struct umm_error *err);
void umm_archive_report_append_metrics(const char *path,
                                       const struct umm_archive_append_result *result,
                                       struct umm_prometheus *page);

/* Line number index; false when there are no more. */
bool umm_archive_report_line(const char *path, const struct umm_archive_stat *stat, size_t index,
                             char line[UMM_ARCHIVE_LINE_MAX]);
UMM_MUST_USE enum umm_status umm_archive_report_json(const char *path,
                                                     const struct umm_archive_stat *stat,
                                                     char **text, size_t *len_bytes,
                                                     struct umm_error *err);
void umm_archive_report_metrics(const char *command, const char *path,
                                const struct umm_archive_stat *stat, struct umm_prometheus *page);

/* A frame: for people, or a JSON object in one line. */
void umm_archive_report_frame(const struct umm_archive_frame *frame, bool is_json,
                              char line[UMM_ARCHIVE_LINE_MAX]);

#endif
