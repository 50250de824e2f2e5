/* SPDX-License-Identifier: MIT */
/*
 * fileset.h - files of one directory that change together: all of them, or none.
 *
 *     DIR/A DIR/B             the files as they are
 *     DIR/.NAME.umm-next/A    what some of them will be, written and synced first
 *     DIR/.NAME.changes/A     the same directory, renamed: from here on its files count, and
 *                             each in turn is moved to DIR
 *
 * A run that is killed before the rename leaves the old files, one that is killed after it the
 * new ones: the next open removes the first directory or finishes the second. One at a time per
 * NAME: the caller holds a lock. Programs that read single files in between see old and new ones.
 *
 * A new file has the rights of the one that it replaces, as rights.h says. A symbolic link to a
 * file in DIR stays, and its target is replaced.
 */
#ifndef UMM_SYS_FILESET_H
#define UMM_SYS_FILESET_H

#include "umm.h"

/* Private; all zero is "none". */
struct umm_fileset {
    const char *path; /* the caller's */
    char *next, *done;
    int dir_fd;
    void *stream;     /* the DIR of next, so that memory that ran out cannot hinder its removal */
    bool is_one_sync; /* one sync of the file system at the end, in place of one for each file */
};

/*
 * Begin, with dir and name, which live until the close; finish or remove what a killed run
 * left. n_expected files will come. UMM_ERR_SYSTEM, UMM_ERR_MEMORY; UMM_ERR_CONFLICT when
 * another user left it.
 */
UMM_MUST_USE enum umm_status umm_fileset_open(struct umm_fileset *set, const char *dir,
                                              const char *name, size_t n_expected,
                                              struct umm_error *err);

/*
 * What the file path, which is in the directory, will be. UMM_ERR_CONFLICT for a path that leads
 * to no regular file, UMM_ERR_ARGUMENT for a link out of its directory. Not twice for one.
 */
UMM_MUST_USE enum umm_status umm_fileset_put(struct umm_fileset *set, const char *path,
                                             const void *bytes, size_t len_bytes,
                                             struct umm_error *err);

/*
 * All of them take their places, durably. After a failure they may already count: the next open
 * finishes. *set is "none" afterwards in every case.
 */
UMM_MUST_USE enum umm_status umm_fileset_commit(struct umm_fileset *set, struct umm_error *err);

/* Give it up: the files are as they were. Safe on "none". */
void umm_fileset_abort(struct umm_fileset *set);

#endif
