/* SPDX-License-Identifier: MIT */
/*
 * trial_report.h - a trial and its verdicts, for people, as JSON, as metrics and as a
 * plot. All texts are malloc'ed, the caller's to free.
 */
#ifndef UMM_PROBE_TRIAL_REPORT_H
#define UMM_PROBE_TRIAL_REPORT_H

#include "format/prometheus.h"
#include "probe/trial.h"
#include "probe/verdict.h"

/*
 * command: what was run, in one line. units: of work that the command did, 0 for none
 * given: allocations are also told for each.
 */
struct umm_trial_report {
    const char *command;
    const struct umm_trial *trial;
    const struct umm_verdict *verdicts;
    size_t n_verdicts;
    double units;
    double warmup_seconds;
};

/* Lines of a name and figures, then one line for each verdict. */
UMM_MUST_USE enum umm_status umm_trial_report_text(const struct umm_trial_report *report,
                                                   char **text, size_t *len_bytes,
                                                   struct umm_error *err);

/* One object; samples is an array of objects, verdicts another. */
UMM_MUST_USE enum umm_status umm_trial_report_json(const struct umm_trial_report *report,
                                                   char **text, size_t *len_bytes,
                                                   struct umm_error *err);

UMM_MUST_USE enum umm_status umm_trial_report_svg(const struct umm_trial_report *report,
                                                  char **text, size_t *len_bytes,
                                                  struct umm_error *err);

/* Add the figures; a success, with its time, if the command had one and kept its limits. */
void umm_trial_report_metrics(const struct umm_trial_report *report, struct umm_prometheus *page);

#endif
