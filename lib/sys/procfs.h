/* SPDX-License-Identifier: MIT */
/*
 * procfs.h - reading /proc and /sys: whole small texts, "Key: value" lines, and
 * directories whose entries are numbers.
 *
 * A process is read through a descriptor of its directory: it then stays the same
 * process, whatever becomes of its number, and one that ended says ESRCH. Functions
 * take the directory's descriptor and a name in it, or UMM_PROCFS_CWD and a path.
 * Failed calls are UMM_ERR_SYSTEM with sys_errno. Any thread, on its own objects.
 */
#ifndef UMM_SYS_PROCFS_H
#define UMM_SYS_PROCFS_H

#include "umm.h"

/* In place of a directory's descriptor: the name is a path of its own. */
enum { UMM_PROCFS_CWD = -100 };

/* A text, ended by a zero byte that is not counted; reused from read to read. */
struct umm_procfs_text {
    char *bytes;
    size_t len_bytes, cap_bytes;
};

void umm_procfs_text_free(struct umm_procfs_text *text);

/* Open the directory name; the caller closes *fd with umm_file_close. */
UMM_MUST_USE enum umm_status umm_procfs_open(int dir_fd, const char *name, int *fd,
                                             struct umm_error *err);

/* Read all of name into text, whose content before is lost. */
UMM_MUST_USE enum umm_status umm_procfs_read(int dir_fd, const char *name,
                                             struct umm_procfs_text *text, struct umm_error *err);

/*
 * The entries of directory name that are plain numbers, ascending; a malloc'ed list
 * of *n that the caller frees.
 */
UMM_MUST_USE enum umm_status umm_procfs_list(int dir_fd, const char *name, uint32_t **numbers,
                                             size_t *n, struct umm_error *err);

/* Whether err says that the process, or the thread, has ended. */
bool umm_procfs_is_gone(const struct umm_error *err);

/* Whether err says that this process is not ours to look at. */
bool umm_procfs_is_denied(const struct umm_error *err);

/* ---- texts ---- */

/*
 * The number after key at the start of a line of text, blanks between them skipped;
 * "kB" after it multiplies by 1024. key is complete: "Rss:" or "inactive_file ".
 * False without such a line, or when there is no number that fits.
 */
bool umm_procfs_field(const char *text, const char *key, uint64_t *value);

/* The digits at *text, which moves past them; false when there are none, or too many. */
bool umm_procfs_number(const char **text, uint64_t *value);

/* Where the line after text's first begins: at the final zero when there is none. */
const char *umm_procfs_next_line(const char *text);

#endif
