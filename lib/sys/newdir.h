/* SPDX-License-Identifier: MIT */
/*
 * newdir.h - a directory with files that appears complete, or not at all.
 *
 *     begin                  make files in fd       commit
 *     PARENT/.NAME.umm-new   ...                    -> PARENT/NAME
 *
 * One at a time per name: the caller holds a lock. What a killed run left is removed by
 * the next begin. Files only, no directories below, each committed by umm_outfile_commit with
 * is_synced, which also syncs the directory.
 *
 * Other users who may rename what is in PARENT can put another directory of ours in its place: all
 * work is done by the descriptor, and what a killed run left there is not removed.
 */
#ifndef UMM_SYS_NEWDIR_H
#define UMM_SYS_NEWDIR_H

#include "umm.h"

/* All zero is "none". */
struct umm_newdir {
    const char *path; /* the caller's */
    char *temp;       /* where it is being made, for messages; malloc'ed */
    const char *temp_name, *name;
    int parent_fd, fd; /* fd: where the files are made */
    void *stream;      /* its DIR, so that memory that ran out cannot hinder its removal */
};

/*
 * Begin the directory path, which must not exist: UMM_ERR_CONFLICT, now or at the commit.
 * path must live until then. UMM_ERR_SYSTEM, UMM_ERR_MEMORY; UMM_ERR_CONFLICT when what a killed
 * run may have left cannot be told from other directories, or another one came in its place.
 */
UMM_MUST_USE enum umm_status umm_newdir_begin(struct umm_newdir *dir, const char *path,
                                              struct umm_error *err);

/* Put it in place, durably: the directory it is in is synced. */
UMM_MUST_USE enum umm_status umm_newdir_commit(struct umm_newdir *dir, struct umm_error *err);

/* Remove it and the files in it. Safe on none. */
void umm_newdir_abort(struct umm_newdir *dir);

#endif
