/* SPDX-License-Identifier: MIT */
/*
 * lockwait.h - waiting for a flock(2) that another process holds: how long, and for whom.
 */
#ifndef UMM_SYS_LOCKWAIT_H
#define UMM_SYS_LOCKWAIT_H

#include "umm.h"

/* A wait; all zero when it begins. */
struct umm_lockwait {
    uint64_t began_ns;
    long delay_ms;
};

/*
 * Between two tries to lock fd: sleep for a while, longer each time, up to a tenth of a second.
 * UMM_ERR_CANCELLED, or UMM_ERR_BUSY as below when the wait has lasted as long as run allows.
 */
UMM_MUST_USE enum umm_status umm_lockwait_sleep(struct umm_lockwait *wait, int fd, const char *path,
                                                const struct umm_run *run, struct umm_error *err);

/*
 * UMM_ERR_BUSY: path is locked by another process, whose number, name and user are told as far as
 * /proc tells them.
 */
enum umm_status umm_lockwait_refuse(int fd, const char *path, struct umm_error *err);

#endif
