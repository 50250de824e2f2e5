/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a look around between the steps of long work: whether run asks to stop, and how
 * far the work is, told ten times a second at most.
 *
 * *next_ns belongs to the work and begins as 0. One thread at a time may call.
 */
#ifndef UMM_SYS_PROGRESS_H
#define UMM_SYS_PROGRESS_H

#include "umm.h"

/* Tell run's progress, if it has one and it is time. run may be NULL. */
void umm_progress_tell(const struct umm_run *run, uint64_t *next_ns, uint64_t done_bytes,
                       uint64_t total_bytes);

/* As umm_progress_tell; UMM_ERR_CANCELLED if run was asked to stop. */
UMM_MUST_USE enum umm_status umm_progress_step(const struct umm_run *run, uint64_t *next_ns,
                                               uint64_t done_bytes, uint64_t total_bytes,
                                               struct umm_error *err);

#endif
