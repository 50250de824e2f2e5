/* SPDX-License-Identifier: MIT */
/*
 * batchslurm_work.h - what the parts of batchslurm.h share: the array (batchslurm.c), the files of
 * its tasks (batchslurm_parts.c).
 */
#ifndef UMM_BATCH_BATCHSLURM_WORK_H
#define UMM_BATCH_BATCHSLURM_WORK_H

#include "batch/batchslurm.h"

/* Items of a task that follow each other. */
struct umm_batch_stretch {
    uint64_t task, first, n;
};

struct umm_batchslurm {
    const struct umm_batchjob_options *job;
    struct umm_run *run;
    char *directory; /* absolute */
    struct umm_batchjournal journal;
    struct umm_batchjournal_past past; /* what the journal has by now */
    struct umm_batch_stretch *stretches;
    size_t n_stretches;
    uint64_t n_tasks;
};

/* directory/NAME, or directory/TASK and NAME; malloc'ed. */
UMM_MUST_USE enum umm_status umm_batchslurm_path(const struct umm_batchslurm *slurm,
                                                 const char *name, char **path,
                                                 struct umm_error *err);
UMM_MUST_USE enum umm_status umm_batchslurm_task_path(const struct umm_batchslurm *slurm,
                                                      uint64_t task, const char *ending,
                                                      char **path, struct umm_error *err);

/* Give items that are not settled to n_tasks tasks, and write their files; the plan comes last. */
UMM_MUST_USE enum umm_status umm_batchslurm_write(struct umm_batchslurm *slurm, uint64_t n_tasks,
                                                  struct umm_error *err);

/*
 * Take what the tasks did into the run's journal, hand on what they printed, remove the directory.
 * UMM_ERR_BUSY: a task runs.
 */
UMM_MUST_USE enum umm_status umm_batchslurm_merge(struct umm_batchslurm *slurm,
                                                  struct umm_error *err);

#endif
