/* SPDX-License-Identifier: MIT */
/*
 * check.h - running what is to be judged: the workload of workload.h, twice, or a command
 * of the user's, once, in processes of their own, measured from outside.
 *
 *     scratch/data      the workload's files
 *     scratch/tmp       TMPDIR of the process: empty again, at the end, if all is well
 *     /dev/shm          its own where the kernel allows it: see sys/isolate.h
 *
 * Without a pool the workload runs first, as fast as it goes and unsynced: what it
 * allocates does not depend on that. The second run then gets what is left of the time.
 * From a process with one thread and no other children. A workload does not outlive a check that
 * is killed; scratch directories of such checks go with the next one.
 */
#ifndef UMM_M5_CHECK_H
#define UMM_M5_CHECK_H

#include "m5/record.h"

/* One run of the workload: the directory of its files, and the file that its figures go to. */
struct umm_check_workload {
    const char *directory, *figures;
    uint64_t n_signals, seed;
    uint64_t duration_ns; /* 0: as fast as it goes */
    const char *canary;   /* NULL: none */
    bool is_unpooled, is_unsynced;
};

/* The words of a command, and one more of them, up to UMM_CHECK_WORDS_MAX. */
struct umm_check_words;
enum { UMM_CHECK_WORDS_MAX = 12 };
UMM_PRINTF(2, 3) void umm_check_add_word(struct umm_check_words *words, const char *fmt, ...);

/*
 * workload         adds the words of a command that does a run of the workload
 * alloc_library    path of libumm-alloc.so
 * parent           an existing directory for the scratch directory
 * envp             environment of the process; TMPDIR, M5_SIGNALS and M5_SECONDS are set
 * command          of the user's, ended by NULL; NULL for the workload
 * duration_ns      0: as fast as it goes
 * duration_max_ns  what takes much longer, twice and more, is ended: UMM_ERR_SYSTEM
 * is_shm_private   /dev/shm was isolated: all in it is of this run
 */
struct umm_check_options {
    void (*workload)(void *user, const struct umm_check_workload *run,
                     struct umm_check_words *words);
    void *user;
    const char *alloc_library;
    const char *parent;
    char *const *envp;
    char *const *command;
    uint64_t n_signals, seed;
    uint64_t duration_ns, duration_max_ns;
    uint64_t allocs_max_thousandths;
    const char *canary; /* of the workload; NULL: none */
    bool is_unsynced;   /* the workload syncs nothing */
    bool is_shm_private;
};

/* UMM_ERR_SYSTEM, also when the command cannot be run; UMM_ERR_MEMORY; UMM_ERR_CANCELLED. */
UMM_MUST_USE enum umm_status umm_check_run(const struct umm_check_options *options,
                                           struct umm_run *run, struct umm_record *record,
                                           struct umm_error *err);

#endif
