/* SPDX-License-Identifier: MIT */
/*
 * lock.h - an advisory lock for an output, so that two runs do not mix.
 *
 * The lock is flock(2) on the side file `.<base>.lock` in the output's directory
 * (the output itself gets replaced, so a lock on it would bind nobody). The
 * kernel drops it when its holder dies, however it dies; the file that a killed
 * holder leaves means nothing and is used again. Links in the output's directory
 * are followed first: both names share the lock. So do names that agree in their
 * first 249 bytes.
 *
 * The holder removes the file while it still holds the lock. Whoever gets the
 * lock of a file that has lost its name meanwhile starts again with the name.
 *
 * Of a foreign file (sys/trust.h) the lock is waited for like any other, and then refused: its
 * owner can remove it at any time. It is not removed, as its name may be another file's by then.
 *
 * The lock excludes other takers in the same process too. It is not handed to
 * programs that are exec'ed, but a forked child shares it. One object belongs to
 * one thread at a time.
 */
#ifndef UMM_SYS_LOCK_H
#define UMM_SYS_LOCK_H

#include "sys/file.h"
#include "sys/outfile.h"

/* A held lock. Private; all zero is "none". */
struct umm_lock {
    bool is_held;
    int fd;
    struct umm_file_info info; /* of the file open at fd */
    int dir_fd;
    char name[UMM_OUTFILE_NAME_MAX + 1];
};

enum umm_lock_wait {
    UMM_LOCK_WAIT, /* until the lock is free, run is cancelled, or its lock_limit_ns is over:
                      UMM_ERR_BUSY. Order is not kept. */
    UMM_LOCK_FAIL  /* UMM_ERR_BUSY at once */
};

/*
 * Take the lock of the output output_path, which need not exist; its directory
 * must, and be writable. Other failures: UMM_ERR_CANCELLED while waiting;
 * UMM_ERR_ARGUMENT for a stream, which has no place for a lock; UMM_ERR_CONFLICT
 * when the lock's name is taken by something other than a regular file, or by a foreign one;
 * those of umm_outfile_locate. *lock is "none" then.
 */
UMM_MUST_USE enum umm_status umm_lock_take(struct umm_lock *lock, const char *output_path,
                                           enum umm_lock_wait wait, struct umm_run *run,
                                           struct umm_error *err);

/*
 * The same for what is no output, and has the name base in the open directory dir_fd (borrowed),
 * whatever is there: a socket. path only names it in messages.
 */
UMM_MUST_USE enum umm_status umm_lock_take_at(struct umm_lock *lock, int dir_fd, const char *base,
                                              const char *path, enum umm_lock_wait wait,
                                              struct umm_run *run, struct umm_error *err);

/* Whether path is the place of that lock's file, whether or not it is there. */
bool umm_lock_is_file(const char *output_path, const char *path);

/* Release it and remove its file. Safe on "none". */
void umm_lock_release(struct umm_lock *lock);

#endif
