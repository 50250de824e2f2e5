/* SPDX-License-Identifier: MIT */
/*
 * featurereport.h - what a job on features did, as JSON, as Prometheus metrics and as a
 * line for people; and the features that there are.
 */
#ifndef UMM_FEATUREJOB_FEATUREREPORT_H
#define UMM_FEATUREJOB_FEATUREREPORT_H

#include "featurejob/featurejob.h"
#include "format/prometheus.h"
#include "umm.h"

/* One JSON object with a final newline, malloc'ed; on one line if is_compact. */
UMM_MUST_USE enum umm_status umm_featurereport_json(const struct umm_featurejob_options *options,
                                                    const struct umm_featurejob_result *result,
                                                    bool is_compact, char **text, size_t *len_bytes,
                                                    struct umm_error *err);

/* Add the figures of a job that succeeded. */
void umm_featurereport_metrics(const struct umm_featurejob_options *options,
                               const struct umm_featurejob_result *result,
                               struct umm_prometheus *page);

enum { UMM_FEATUREREPORT_LINE_MAX = 4096 };

/* The figures for people, without newline. */
void umm_featurereport_line(const struct umm_featurejob_options *options,
                            const struct umm_featurejob_result *result,
                            char line[UMM_FEATUREREPORT_LINE_MAX]);

/*
 * Feature i of all there are, on lines of its own; false past the last. Parameters, outputs
 * and rows before the first value are those of its plan with defaults.
 */
bool umm_featurereport_feature(size_t i, char lines[UMM_FEATUREREPORT_LINE_MAX]);

/* All of them as JSON; malloc'ed. */
UMM_MUST_USE enum umm_status umm_featurereport_list_json(char **text, size_t *len_bytes,
                                                         struct umm_error *err);

#endif
