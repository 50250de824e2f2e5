/* SPDX-License-Identifier: MIT */
/*
 * scratchdir.h - a directory for one run: of a name of its own, private, and removed with
 * all that is in it.
 */
#ifndef UMM_SYS_SCRATCHDIR_H
#define UMM_SYS_SCRATCHDIR_H

#include "umm.h"

enum { UMM_SCRATCHDIR_PATH_MAX = 1024 };

/* All zero is "none". */
struct umm_scratchdir {
    char path[UMM_SCRATCHDIR_PATH_MAX];
};

/* Make PARENT/PREFIX.XXXXXX, mode 0700; parent must exist. UMM_ERR_SYSTEM, UMM_ERR_ARGUMENT. */
UMM_MUST_USE enum umm_status umm_scratchdir_make(struct umm_scratchdir *dir, const char *parent,
                                                 const char *prefix, struct umm_error *err);

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
