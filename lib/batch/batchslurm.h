/* SPDX-License-Identifier: MIT */
/*
 * batchslurm.h - a run of batches as an array of jobs of Slurm.
 *
 * Items that are not done are cut into parts, one for each task: items that follow each other, so
 * that the outputs of the tasks, one after the other, are in the order of the items. A part has its
 * list and its journal in a directory beside the run's journal, on a file system that the nodes
 * share:
 *
 *     JOURNAL.d/plan        TASK FIRST N: whose items these are, a line for each stretch
 *     JOURNAL.d/job         the number of the array
 *     JOURNAL.d/script      what a task runs
 *     JOURNAL.d/TASK.list   items, each with a zero byte after it
 *     JOURNAL.d/TASK.journal, TASK.out, TASK.err
 *
 * A task that is begun again, as when its node failed, goes on from its journal. What the parts'
 * journals have goes into the run's when the array has ended; after that the directory is removed.
 * Whatever stops this process, the next run does the rest.
 */
#ifndef UMM_BATCH_BATCHSLURM_H
#define UMM_BATCH_BATCHSLURM_H

#include "batch/batchjob.h"
#include "umm.h"

/*
 * job         as for a run here, with a journal
 * words       the program of a task, by its path, and its options
 * task_word   is put before JOURNAL.d/TASK, of which a task is told last of all
 * options     more options of sbatch; NULL ends them
 * n_tasks     no more than that; 0: one for each size.base items
 */
struct umm_batchslurm_options {
    const struct umm_batchjob_options *job;
    char *const *words;
    const char *task_word;
    char *const *options;
    uint64_t n_tasks;
    bool is_followed;
};

/* job is 0 if no array was submitted, as nothing was left to do. */
struct umm_batchslurm_result {
    uint64_t job, n_tasks, n_left;
};

/*
 * Take in what an array before did, and submit one for what is left. With is_followed an array that
 * still runs is waited for first, then this one, and what it did is taken in: *result has items
 * and failures, as umm_batchjob_run has them, and slurm->n_left how many are neither done nor
 * failed. Without it an array that still runs is UMM_ERR_BUSY. UMM_ERR_CANCELLED while it waits:
 * the array goes on. Other failures as umm_batchjob_run and slurm.h have them. Free *result in any
 * case.
 */
UMM_MUST_USE enum umm_status umm_batchslurm_run(const struct umm_batchslurm_options *options,
                                                struct umm_run *run,
                                                struct umm_batchjob_result *result,
                                                struct umm_batchslurm_result *slurm,
                                                struct umm_error *err);

/*
 * Before a run here: take in what an array did, if there was one. UMM_ERR_BUSY: it still runs.
 */
UMM_MUST_USE enum umm_status umm_batchslurm_collect(const struct umm_batchjob_options *job,
                                                    struct umm_run *run, struct umm_error *err);

/* The files of the task at place, JOURNAL.d/TASK; malloc'ed. False: no memory. */
bool umm_batchslurm_task_files(const char *place, char **list, char **journal);

#endif
