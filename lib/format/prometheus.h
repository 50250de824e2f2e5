/* SPDX-License-Identifier: MIT */
/*
 * prometheus.h - the Prometheus text format, for the node exporter's textfile
 * collector: HELP and TYPE once per metric, base units, no time stamps.
 *
 * Every series has the labels tool and output, of a tool with commands also command, so
 * that no two files in one directory have the same series. A page may be about several
 * outputs; the series of one metric are printed together, by their labels, metrics in the order
 * of their table (format/metrics.h). What is added twice, as of a file that was named twice, is
 * printed once.
 *
 * Source: "Exposition formats", text-based format 0.0.4. A failure to allocate is
 * remembered and reported by umm_prometheus_take.
 */
#ifndef UMM_FORMAT_PROMETHEUS_H
#define UMM_FORMAT_PROMETHEUS_H

#include "format/metrics.h"
#include "umm.h"

struct umm_prometheus_series {
    enum umm_metric metric;
    char *labels; /* without braces */
    double value;
    size_t number; /* in the order of adding */
};

/* A page being made. Zero-initialise all but file. */
struct umm_prometheus {
    const char *file; /* where the page goes; "-": standard output */
    struct umm_prometheus_series *series;
    size_t n_series;
    char *labels; /* of the series that follow, without braces */
    bool is_failed;
};

/*
 * The series that follow are about this output. command is NULL for a tool without. The
 * label output is the whole path of it, as `1m.npy` may be in many directories. A run
 * that writes none (NULL), or standard output ("-"), has the whole path of the page itself.
 */
void umm_prometheus_begin(struct umm_prometheus *page, const char *tool, const char *command,
                          const char *output);

/* A value that is not finite is written as the format has it (NaN, +Inf, -Inf). */
void umm_prometheus_add(struct umm_prometheus *page, enum umm_metric metric, double value);

/* With labels of its own beside the page's: names and values in turn, ended by NULL. */
void umm_prometheus_add_labelled(struct umm_prometheus *page, enum umm_metric metric,
                                 const char *const *labels, double value);

/*
 * umm_last_success_timestamp_seconds, now: only of a run that made this output without an
 * error, and whose verdict, if it has one, is a success.
 */
void umm_prometheus_success(struct umm_prometheus *page);

/*
 * What a run wrote into one directory: the number of outputs, how many it failed with, and
 * a success if none. The label output is the path of the page, as several runs may write into
 * one directory; the other path is in directory.
 */
void umm_prometheus_outputs(struct umm_prometheus *page, const char *tool, const char *directory,
                            uint64_t n, uint64_t n_failed);

/* Forget what was added. */
void umm_prometheus_free(struct umm_prometheus *page);

/* The finished text, malloc'ed; the page is empty afterwards. */
UMM_MUST_USE enum umm_status umm_prometheus_take(struct umm_prometheus *page, char **text,
                                                 size_t *len_bytes, struct umm_error *err);

#endif
