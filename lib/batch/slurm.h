/* SPDX-License-Identifier: MIT */
/*
 * slurm.h - arrays of jobs of Slurm, by its commands sbatch, squeue and scontrol.
 *
 * In all functions UMM_ERR_SYSTEM: the command cannot be run, or fails, and then the first line of
 * its message is in the error; UMM_ERR_DATA: what it printed is not what Slurm prints;
 * UMM_ERR_CANCELLED. In a process without other children; from one thread.
 */
#ifndef UMM_BATCH_SLURM_H
#define UMM_BATCH_SLURM_H

#include "umm.h"

/* Where the commands run; scratch_dir is for what they print. */
struct umm_slurm {
    char *const *envp;
    const char *scratch_dir; /* NULL: /tmp */
    struct umm_run *run;
};

/* How many tasks an array of jobs may have: MaxArraySize of the cluster. */
UMM_MUST_USE enum umm_status umm_slurm_most_tasks(const struct umm_slurm *slurm, uint64_t *n_tasks,
                                                  struct umm_error *err);

/*
 * What is submitted: script, as tasks 0 to n_tasks - 1, which begin again when their node fails.
 * options, NULL-terminated, are more of sbatch's. Outputs and messages of task N are added to the
 * files directory/N.out and directory/N.err. UMM_ERR_ARGUMENT: the directory's name has a
 * backslash, which Slurm takes for something else.
 */
struct umm_slurm_array {
    const char *directory, *script;
    uint64_t n_tasks;
    char *const *options;
};
UMM_MUST_USE enum umm_status umm_slurm_submit(const struct umm_slurm *slurm,
                                              const struct umm_slurm_array *array, uint64_t *job,
                                              struct umm_error *err);

/* Whether any task of the job waits, runs, or is about to. */
UMM_MUST_USE enum umm_status umm_slurm_is_active(const struct umm_slurm *slurm, uint64_t job,
                                                 bool *is_active, struct umm_error *err);

#endif
