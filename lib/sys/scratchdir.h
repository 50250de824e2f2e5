/* SPDX-License-Identifier: MIT */
/*
 * scratchdir.h - a directory for one run: of a name of its own, private, and removed with
 * all that is in it.
 *
 * In it is a file .umm-scratch, locked with flock(2) while the run lives. So the directory
 * of a run that was killed can be told from others, and be swept.
 */
#ifndef UMM_SYS_SCRATCHDIR_H
#define UMM_SYS_SCRATCHDIR_H

#include "umm.h"

enum { UMM_SCRATCHDIR_PATH_MAX = 4096 };

/* All zero is "none". */
struct umm_scratchdir {
    char path[UMM_SCRATCHDIR_PATH_MAX];
    int parent_fd, fd; /* the directory is removed by these: by name it may be another by then */
    int mark_fd;       /* holds the lock; -1 where there is no locking, and no mark then */
};

/*
 * Make PARENT/PREFIX.XXXXXX, mode 0700; parent must exist. UMM_ERR_SYSTEM, UMM_ERR_ARGUMENT;
 * UMM_ERR_CONFLICT when another directory came in its place.
 */
UMM_MUST_USE enum umm_status umm_scratchdir_make(struct umm_scratchdir *dir, const char *parent,
                                                 const char *prefix, struct umm_error *err);

/*
 * Remove those directories PARENT/PREFIX.XXXXXX that runs of this user made and left:
 * with a mark that nobody locks. Links are not followed; what cannot be removed stays.
 */
void umm_scratchdir_sweep(const char *parent, const char *prefix);

/* Remove it and all below, 64 levels deep; links are not followed. Safe on none. */
void umm_scratchdir_remove(struct umm_scratchdir *dir);

/*
 * How many files and directories are below path, and the name of one of them in `one`
 * (empty for none). UMM_ERR_SYSTEM: it cannot be listed, or not all of it, or there are
 * more than 64 levels.
 */
UMM_MUST_USE enum umm_status umm_scratchdir_count(const char *path, uint64_t *n, char *one,
                                                  size_t one_bytes, struct umm_error *err);

#endif
