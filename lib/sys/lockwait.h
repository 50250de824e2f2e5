/* SPDX-License-Identifier: MIT */
/*
 * lockwait.h - taking a flock(2) that another process may hold: how long to wait, and for whom.
 */
#ifndef UMM_SYS_LOCKWAIT_H
#define UMM_SYS_LOCKWAIT_H

#include "umm.h"

/*
 * One flock(2), for this process alone and without waiting, begun again when a signal interrupts
 * it: 0, or -1 with errno, EWOULDBLOCK where another has the lock.
 */
int umm_lockwait_flock(int fd);

/*
 * One try to take a lock. UMM_OK with *holder_fd -1: it is taken; else that is a descriptor of
 * the file that another process has locked, open until the next try. Other failures end the wait.
 */
typedef enum umm_status umm_lockwait_try(void *user, const char *path, int *holder_fd,
                                         struct umm_error *err);

/* The try for a file that is open at *(const int *)fd. */
enum umm_status umm_lockwait_try_fd(void *fd, const char *path, int *holder_fd,
                                    struct umm_error *err);

/*
 * Try until the lock is taken, with pauses that grow up to a tenth of a second. UMM_ERR_CANCELLED;
 * UMM_ERR_BUSY when the wait has lasted as long as run allows, or at once unless is_waiting: path
 * is locked by another process, whose number, name and user are told as far as /proc tells them.
 * Other failures as the attempt has them.
 */
UMM_MUST_USE enum umm_status umm_lockwait_take(umm_lockwait_try *attempt, void *user,
                                               const char *path, bool is_waiting,
                                               const struct umm_run *run, struct umm_error *err);

/* How long run allows to wait for a lock; UINT64_MAX is without end. */
uint64_t umm_lockwait_limit_ns(const struct umm_run *run);

#endif
