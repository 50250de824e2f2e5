/* SPDX-License-Identifier: MIT */
/*
 * acceptance_report.h - verdicts and figures, beside a baseline if there is one: for
 * people, as JSON, as metrics, and as a page for a browser. Texts are malloc'ed, the
 * caller's to free.
 */
#ifndef UMM_M5_ACCEPTANCE_REPORT_H
#define UMM_M5_ACCEPTANCE_REPORT_H

#include "format/prometheus.h"
#include "m5/acceptance.h"

/* title: what was run, in a few words. baseline and its lines are NULL for none. */
struct umm_acceptance_report {
    const char *title;
    const struct umm_record *record;
    const struct umm_acceptance *acceptance;
    const struct umm_record *baseline;
    const struct umm_acceptance *baseline_acceptance;
};

/* A line each: figure, limit, verdict, the baseline's figure, note; then the sum. */
UMM_MUST_USE enum umm_status umm_acceptance_report_text(const struct umm_acceptance_report *report,
                                                        char **text, size_t *len_bytes,
                                                        struct umm_error *err);

/* One object: verdict, lines, figures, samples. */
UMM_MUST_USE enum umm_status umm_acceptance_report_json(const struct umm_acceptance_report *report,
                                                        char **text, size_t *len_bytes,
                                                        struct umm_error *err);

/* One page of HTML, complete in itself: light and dark, narrow and wide. */
UMM_MUST_USE enum umm_status umm_acceptance_report_page(const struct umm_acceptance_report *report,
                                                        char **text, size_t *len_bytes,
                                                        struct umm_error *err);

/* Add the figures; a success, with its time, if the verdict is PASS. */
void umm_acceptance_report_metrics(const struct umm_acceptance_report *report,
                                   struct umm_prometheus *page);

/* The line of that key, or NULL. */
const struct umm_acceptance_line *umm_acceptance_find(const struct umm_acceptance *acceptance,
                                                      const char *key);

#endif
