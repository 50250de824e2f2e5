/* SPDX-License-Identifier: MIT */
/*
 * dbreport.h - what a push, a pull or a comparison did, and what a table has: for people, as JSON
 * and as metrics. Texts are malloc'ed; lines have no newline. A place is told without its password.
 */
#ifndef UMM_DB_DBREPORT_H
#define UMM_DB_DBREPORT_H

#include "db/dbjob.h"
#include "format/prometheus.h"
#include "umm.h"

enum { UMM_DBREPORT_LINE_MAX = 1536 };

/* is_pull: rows came out of the table. */
void umm_dbreport_line(const struct umm_dbjob_options *options,
                       const struct umm_dbjob_result *result, bool is_pull,
                       char line[UMM_DBREPORT_LINE_MAX]);
/* verdict is NULL except for a comparison. is_line: in one line. */
UMM_MUST_USE enum umm_status umm_dbreport_json(const struct umm_dbjob_options *options,
                                               const struct umm_dbjob_result *result,
                                               const struct umm_dbjob_verdict *verdict,
                                               bool is_line, char **text, size_t *len_bytes,
                                               struct umm_error *err);
/* is_good: the run was a success, also by its verdict. */
void umm_dbreport_metrics(const char *command, const struct umm_dbjob_result *result, bool is_good,
                          struct umm_prometheus *page);

bool umm_dbreport_is_pass(const struct umm_dbjob_verdict *verdict);
void umm_dbreport_verdict(const struct umm_dbjob_options *options,
                          const struct umm_dbjob_result *result,
                          const struct umm_dbjob_verdict *verdict,
                          char line[UMM_DBREPORT_LINE_MAX]);

/* A series of a table: for people, or a JSON object in one line. */
UMM_MUST_USE enum umm_status umm_dbreport_entry(const struct umm_dbjob_options *options,
                                                const struct umm_dbjob_entry *entry, bool is_json,
                                                char **text, struct umm_error *err);

#endif
