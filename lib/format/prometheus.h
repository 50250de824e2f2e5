/* SPDX-License-Identifier: MIT */
/*
 * prometheus.h - the Prometheus text format, for the node exporter's textfile
 * collector: HELP and TYPE once per family, base units, no time stamps.
 *
 * Source: "Exposition formats", text-based format 0.0.4. A failure to allocate is
 * remembered and reported by umm_prometheus_take.
 */
#ifndef UMM_FORMAT_PROMETHEUS_H
#define UMM_FORMAT_PROMETHEUS_H

#include "umm.h"

/* A text being written. Zero-initialise it, then begin. */
struct umm_prometheus {
    char *text;
    size_t len_bytes, cap_bytes;
    char *labels; /* the ones that every series carries, without braces */
    bool is_failed;
};

/* Every series gets the labels tool and output. */
void umm_prometheus_begin(struct umm_prometheus *page, const char *tool, const char *output);

/* One family with one series: a gauge, that is a figure of one run. */
void umm_prometheus_gauge(struct umm_prometheus *page, const char *name, const char *help,
                          double value);

/*
 * One family with any number of series, gauges too: first its head, then each series with
 * labels of its own beside the page's: names and values in turn, ended by NULL. A value
 * that is not finite is written as the format has it (NaN, +Inf, -Inf).
 */
void umm_prometheus_family(struct umm_prometheus *page, const char *name, const char *help);
void umm_prometheus_series(struct umm_prometheus *page, const char *name, const char *const *labels,
                           double value);

/* umm_build_info and umm_last_success_timestamp_seconds (seconds since 1970). */
void umm_prometheus_success(struct umm_prometheus *page, double now_seconds);

/* The finished text, malloc'ed; the page is empty afterwards. */
UMM_MUST_USE enum umm_status umm_prometheus_take(struct umm_prometheus *page, char **text,
                                                 size_t *len_bytes, struct umm_error *err);

#endif
