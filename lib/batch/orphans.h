/* SPDX-License-Identifier: MIT */
/*
 * orphans.h - what a killed run left running, and its end. A process is such a run's if it has the
 * run's mark in its environment, or is in the process group of a batch that was in flight, in the
 * run's session, and began after it. Those of another machine, boot or namespace are not seen.
 */
#ifndef UMM_BATCH_ORPHANS_H
#define UMM_BATCH_ORPHANS_H

#include "batch/batchjournal.h"
#include "umm.h"

/* The variable of the mark: its name, "=", 16 digits. */
#define UMM_BATCH_MARK_NAME "UMM_BATCH"
enum { UMM_BATCH_MARK_MAX = sizeof UMM_BATCH_MARK_NAME + 17 };
void umm_orphans_mark(uint64_t mark, char text[UMM_BATCH_MARK_MAX]);

/* This process as a runner, with a new mark. UMM_ERR_SYSTEM: /proc does not tell. */
UMM_MUST_USE enum umm_status umm_orphans_runner(struct umm_batch_runner *runner,
                                                struct umm_error *err);

/*
 * Ask all of them to end, kill those that have not after two seconds, and wait until they are
 * gone. *n is how many there were. UMM_ERR_BUSY: one is still there ten seconds later, or is not
 * ours to end; UMM_ERR_CANCELLED.
 */
UMM_MUST_USE enum umm_status umm_orphans_end(const struct umm_batchjournal_past *past,
                                             const struct umm_batch_runner *self,
                                             const struct umm_run *run, uint64_t *n,
                                             struct umm_error *err);

#endif
