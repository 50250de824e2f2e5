/* SPDX-License-Identifier: MIT */
/*
 * health.h - is there enough memory in this system, or this container, to work in?
 *
 *   available   never less than 5 % of the total
 *   pressure    of the last 10 seconds, never more than 10 % in which all tasks waited
 *   swap        grows by less than 64 MiB
 */
#ifndef UMM_M5_HEALTH_H
#define UMM_M5_HEALTH_H

#include "m5/acceptance.h"
#include "probe/memory.h"

/* The extremes of what was seen. Zero-initialise it. */
struct umm_health {
    uint64_t n_looks;
    double available_least; /* share of the total, 0 to 1 */
    bool is_pressure_known;
    double full_most; /* per cent */
    uint64_t swap_first_bytes, swap_last_bytes;
};

void umm_health_add(struct umm_health *health, const struct umm_memory *memory);
void umm_health_judge(const struct umm_health *health, struct umm_acceptance *acceptance);

/*
 * Look once a second for duration_ns, and judge. UMM_ERR_CANCELLED; as umm_memory_read:
 * what cannot be looked at is not healthy.
 */
UMM_MUST_USE enum umm_status umm_health_watch(uint64_t duration_ns, struct umm_run *run,
                                              struct umm_acceptance *acceptance,
                                              struct umm_error *err);

#endif
