/* SPDX-License-Identifier: MIT */
/*
 * workload_probe.h - what a workload sees of itself: live bytes, allocations, descriptors,
 * and files left over.
 */
#ifndef UMM_M5_WORKLOAD_PROBE_H
#define UMM_M5_WORKLOAD_PROBE_H

#include "m5/workload.h"
#include "probe/alloc_counts.h"

struct umm_workload_probe {
    int fd; /* of the memory of allocation counts, -1: none */
    const char *path;
    struct umm_alloc_memory *memory;  /* a copy, refreshed by every look */
    struct umm_alloc_counts at_first; /* with what the looks themselves allocated added */
    bool is_first_done;
};

/* counts_path: as in umm_workload_options, NULL for none. */
UMM_MUST_USE enum umm_status umm_workload_probe_open(struct umm_workload_probe *probe,
                                                     const char *counts_path,
                                                     struct umm_error *err);
void umm_workload_probe_close(struct umm_workload_probe *probe);

/*
 * Look once, and bring figures up to date. A figure that cannot be had once is unknown
 * from then on.
 */
UMM_MUST_USE enum umm_status umm_workload_probe_look(struct umm_workload_probe *probe,
                                                     struct umm_workload_figures *figures,
                                                     struct umm_error *err);

/* Temporaries, locks and journals below dir. */
UMM_MUST_USE enum umm_status umm_workload_probe_left(const char *dir, uint64_t *n,
                                                     struct umm_error *err);

/* For canaries: open dir and forget it; leave a temporary file in dir. */
void umm_workload_probe_leak_descriptor(const char *dir);
UMM_MUST_USE enum umm_status umm_workload_probe_leave(const char *dir, struct umm_error *err);

#endif
