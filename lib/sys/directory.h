/* SPDX-License-Identifier: MIT */
/*
 * directory.h - a directory that programs share: opened once, and from then on used
 * only through its descriptor, so that nobody can put another one in its place.
 *
 * In every function `path` only names the directory in errors, unless it is stated
 * that it is opened. Names are those in the directory, without a slash; links are
 * never followed. A failed call is UMM_ERR_SYSTEM with sys_errno. Any thread may call,
 * with one exception: the lock belongs to the descriptor, not to a thread.
 */
#ifndef UMM_SYS_DIRECTORY_H
#define UMM_SYS_DIRECTORY_H

#include "sys/file.h"
#include "umm.h"

/* The user that this process acts for, as umm_directory_open compares it. */
uint32_t umm_directory_user(void);

/*
 * Make the directory path with exactly these permission bits, whatever the umask.
 * *is_new is false when there is one (or something else) of that name already.
 */
UMM_MUST_USE enum umm_status umm_directory_make(const char *path, unsigned mode, bool *is_new,
                                                struct umm_error *err);

/*
 * Open the directory path, which must be this user's own and closed to everybody else
 * (mode 0700 or less): UMM_ERR_CONFLICT when it is not, or is a link or no directory
 * at all. *fd is the caller's to close, -1 on failure.
 */
UMM_MUST_USE enum umm_status umm_directory_open_private(const char *path, int *fd,
                                                        struct umm_error *err);

/* Open the directory path, anybody's, links followed, for its names or a sync; as above. */
UMM_MUST_USE enum umm_status umm_directory_open(const char *path, int *fd, struct umm_error *err);

/*
 * Hold the directory's lock, flock(2) on fd itself, until it is released or fd closed;
 * the kernel drops a dead holder's. Waits: UMM_ERR_CANCELLED, or UMM_ERR_BUSY after run's
 * lock_limit_ns.
 */
UMM_MUST_USE enum umm_status umm_directory_lock(int fd, const char *path, const struct umm_run *run,
                                                struct umm_error *err);
void umm_directory_unlock(int fd);

/*
 * All names in the directory but "." and "..", sorted by their bytes: *n of them in
 * *names, one block that the caller frees with free().
 */
UMM_MUST_USE enum umm_status umm_directory_list(int fd, const char *path, char ***names, size_t *n,
                                                struct umm_error *err);

/* Open the regular file name for reading; UMM_ERR_CONFLICT when it is something else. */
UMM_MUST_USE enum umm_status umm_directory_open_file(int fd, const char *path, const char *name,
                                                     int *file_fd, struct umm_file_info *info,
                                                     struct umm_error *err);

/*
 * For directories that are made and removed by name. Where others may rename what is in the
 * directory parent_fd (it is world-writable, and not sticky), they may put another directory of
 * this user in the place of the one that is meant.
 *
 * _check_new    UMM_ERR_CONFLICT if fd, opened at path after a directory was made there, may be
 *               another one: not this user's, or not empty
 * _check_kept   UMM_ERR_CONFLICT if what is at path cannot be known to be what this program left
 * _replaced     the UMM_ERR_CONFLICT of a path that leads to another directory
 */
UMM_MUST_USE enum umm_status umm_directory_check_new(int parent_fd, int fd, const char *path,
                                                     struct umm_error *err);
UMM_MUST_USE enum umm_status umm_directory_check_kept(int parent_fd, const char *path,
                                                      struct umm_error *err);
UMM_MUST_USE enum umm_status umm_directory_replaced(const char *path, struct umm_error *err);

/* Its names are on the device, or the file system has directories that need no sync. */
UMM_MUST_USE enum umm_status umm_directory_sync(int fd, const char *path, struct umm_error *err);

/* All of the file system that it is in is on the device. */
UMM_MUST_USE enum umm_status umm_directory_sync_system(int fd, const char *path,
                                                       struct umm_error *err);

/* As umm_directory_sync, of the directory at path; errors name shown. */
UMM_MUST_USE enum umm_status umm_directory_sync_path(const char *path, const char *shown,
                                                     struct umm_error *err);

/*
 * A mark that the next change of the directory's names takes away, whoever makes it: its time of
 * change (nanoseconds since 1970), set to one that no clock gives. _next_mark is a mark that the
 * directory does not have, valid until another change; _set_mark gives it that mark. Where they
 * fail, or the file system keeps no such times, _mark is never what was set. A change between
 * _next_mark and _set_mark is not seen.
 */
int64_t umm_directory_mark(int fd);
int64_t umm_directory_next_mark(int fd);
void umm_directory_set_mark(int fd, int64_t mark_ns);

/*
 * Open the regular file name for reading and writing, made with mode 0600 if it is missing. *fd
 * is -1 where there is no such file, or one that also has another name.
 */
void umm_directory_open_note(int dir_fd, const char *name, int *fd);

/* Remove the file name. */
UMM_MUST_USE enum umm_status umm_directory_remove_file(int fd, const char *path, const char *name,
                                                       struct umm_error *err);

/* Whether path still leads to the directory that is open at fd. */
bool umm_directory_is_at(int fd, const char *path);

/* Remove the empty directory path if it is still the one that is open at fd. */
UMM_MUST_USE enum umm_status umm_directory_remove(int fd, const char *path, struct umm_error *err);

#endif
