/* SPDX-License-Identifier: MIT */
/*
 * commits.h - many jobs, several at once, each of which writes files of its own.
 *
 * Where nothing is to be durable, or the jobs are few, each is done from end to end. Otherwise
 * they are done in groups, because a sync of a whole file system costs little more than that of
 * one file:
 *
 *     begin   begin   begin ...    of all in the group: new files, without their names
 *     sync
 *     step 0  step 0  step 0 ...   they get their names
 *     sync
 *     step 1 ...                   what says that they have them, and so on
 *     sync
 *     done, done, done ...         in the order of the jobs
 *
 * What a step relies on is thus on the device before any job begins it, as if each had synced by
 * itself. A group ends after half a second, so that long jobs are not kept waiting.
 *
 * Two runs that hold the locks of several files each could wait for each other. Therefore a job
 * of a group does not wait for a lock (may_wait): one that would have to is done by itself, after
 * the group has released its own.
 */
#ifndef UMM_ARRAY_COMMITS_H
#define UMM_ARRAY_COMMITS_H

#include "umm.h"

enum { UMM_COMMITS_ROOTS = 2 };

/* The file systems that are synced. Private. */
struct umm_commits_systems;

/* A job under way. */
struct umm_commits_job {
    size_t number;      /* from 0 */
    unsigned worker;    /* the thread that begins it, below UMM_WORKERS_MAX */
    bool is_together;   /* in a group, which is synced: it syncs nothing by itself */
    bool may_wait;      /* for a lock; if not, UMM_ERR_BUSY from begin means: later */
    struct umm_run run; /* with its share of the threads */
    void *room;         /* room_bytes, all zero at the begin */
    const struct umm_commits_systems *systems;
};

/*
 * n           jobs
 * n_steps     of each, after its begin
 * n_files     that each has open at the same time, at most
 * room_bytes  that each needs
 * roots       directories whose file systems are synced; NULL: none. They are there
 * is_synced   what is written is to be durable
 * begin       the job, all but its steps. Any thread; as all except done
 * step        number `step` of a job that did well so far
 * done        what became of it. One thread at a time, in the order of the jobs; not called for
 *             jobs that were cancelled
 * release     lets go of the job's locks
 * end         lets go of all that the job has. After done, and before another begin
 */
struct umm_commits {
    size_t n, n_steps, n_files, room_bytes;
    const char *roots[UMM_COMMITS_ROOTS];
    bool is_synced;
    enum umm_status (*begin)(void *user, struct umm_commits_job *job, struct umm_error *err);
    enum umm_status (*step)(void *user, struct umm_commits_job *job, size_t step,
                            struct umm_error *err);
    void (*done)(void *user, struct umm_commits_job *job, enum umm_status status,
                 const struct umm_error *err);
    void (*release)(void *user, struct umm_commits_job *job);
    void (*end)(void *user, struct umm_commits_job *job);
    void *user;
};

/*
 * Do them all; a failure of one is told to done, and the others go on. UMM_ERR_CANCELLED;
 * UMM_ERR_SYSTEM when a file system cannot be synced: jobs of the group are not told then.
 */
UMM_MUST_USE enum umm_status umm_commits_run(const struct umm_commits *commits, struct umm_run *run,
                                             struct umm_error *err);

/*
 * In begin: make the directory of path, the last but one of its parts, as
 * umm_dataset_make_directory does. *is_new: it was not there, and so has nothing that a killed run
 * left. Where it is on none of the file systems that are synced, the job is not together any more.
 */
UMM_MUST_USE enum umm_status umm_commits_make_directory(struct umm_commits_job *job,
                                                        const char *path, bool is_synced,
                                                        bool *is_new, struct umm_error *err);

#endif
