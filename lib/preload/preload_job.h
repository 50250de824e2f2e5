/* SPDX-License-Identifier: MIT */
/*
 * preload_job.h - the parts of a preload; private to preload*.c.
 *
 *     preload_files.c   which files, which bytes of them, what of these is in memory
 *     preload_load.c    bringing them in, on several threads
 *     preload_lock.c    keeping them in
 *     preload.c         the plan, and one after the other
 */
#ifndef UMM_PRELOAD_PRELOAD_JOB_H
#define UMM_PRELOAD_PRELOAD_JOB_H

#include "preload/preload.h"

/*
 * The files that the options name, looked at, in result. Those that fail are marked, and
 * told; only memory and a cancelled run end it.
 */
UMM_MUST_USE enum umm_status umm_preload_list_files(const struct umm_preload_options *options,
                                                    const struct umm_run *run,
                                                    struct umm_preload_result *result,
                                                    struct umm_error *err);

/* Whether file is in the list on its own account: it did not fail, and is not repeated. */
bool umm_preload_counts(const struct umm_preload_file *file);

/* Open file again: it must still be the one that was looked at, and as long. */
UMM_MUST_USE enum umm_status umm_preload_open(const struct umm_preload_file *file, int *fd,
                                              struct umm_error *err);

/* What of file, open at fd, is in memory; *hole_bytes (may be NULL) how much is holes. */
UMM_MUST_USE enum umm_status umm_preload_measure(const struct umm_preload_file *file, int fd,
                                                 struct umm_residency *residency,
                                                 uint64_t *hole_bytes, struct umm_error *err);

/* Mark file as failed and tell, once. */
void umm_preload_fail(const struct umm_preload_options *options, struct umm_preload_file *file,
                      const struct umm_error *err);

/* Whether file is to be loaded, and something of it is missing. */
bool umm_preload_is_wanted(const struct umm_preload_file *file);

/* Load what is wanted. UMM_ERR_CANCELLED. */
UMM_MUST_USE enum umm_status umm_preload_load(const struct umm_preload_options *options,
                                              struct umm_run *run,
                                              struct umm_preload_result *result,
                                              struct umm_error *err);

#endif
