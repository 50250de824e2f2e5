/* SPDX-License-Identifier: MIT */
/*
 * pool_report.h - what a pool holds, whether it is sound, and which processes map it: for people,
 * as JSON and as metrics.
 */
#ifndef UMM_POOL_POOL_REPORT_H
#define UMM_POOL_POOL_REPORT_H

#include "format/prometheus.h"
#include "pool/pool.h"
#include "probe/sharing.h"
#include "umm.h"

enum { UMM_POOL_ARRAY_MAX = 256, UMM_POOL_LINE_MAX = 4096 };

/* One entry. fault.status is UMM_OK unless something is wrong with it. */
struct umm_pool_item {
    struct umm_pool_entry entry;
    char array[UMM_POOL_ARRAY_MAX]; /* "<f8 (1440, 6)", "[timestamp <M8[ms], ...] (9,)" */
    struct umm_error fault;
    struct umm_sharing sharing; /* if asked for */
};

/* A pool at one moment. Private memory; free it with umm_pool_inspection_free. */
struct umm_pool_inspection {
    const struct umm_pool *pool;
    struct umm_pool_scan scan;
    struct umm_pool_item *items;
    size_t n_items;
    bool has_sharing;
    size_t n_hidden; /* processes that could not be looked into */
    size_t n_faults; /* entries with one, foreign files, a budget that is exceeded */
};

/* Look at every entry, and with has_sharing at every process. pool must outlive *out. */
UMM_MUST_USE enum umm_status umm_pool_inspect(const struct umm_pool *pool, bool has_sharing,
                                              const struct umm_run *run,
                                              struct umm_pool_inspection *out,
                                              struct umm_error *err);
void umm_pool_inspection_free(struct umm_pool_inspection *inspection);

/* Line number index, for people, without newline; false when there are no more. */
bool umm_pool_report_line(const struct umm_pool_inspection *inspection, size_t index,
                          char line[UMM_POOL_LINE_MAX]);

/* One JSON object, indented; malloc'ed. */
UMM_MUST_USE enum umm_status umm_pool_report_json(const struct umm_pool_inspection *inspection,
                                                  char **text, size_t *len_bytes,
                                                  struct umm_error *err);

/*
 * Add the figures. With is_verdict the run judges the pool: it is a success only if there is
 * no fault.
 */
void umm_pool_report_metrics(const struct umm_pool_inspection *all, bool is_verdict,
                             struct umm_prometheus *page);

#endif
