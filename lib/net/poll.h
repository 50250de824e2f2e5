/* SPDX-License-Identifier: MIT */
/*
 * poll.h - wait for many files at once, for a time and for SIGHUP: epoll(7).
 *
 * A wait also ends ten times a second, as a signal may come just before it begins, and another
 * thread may cancel a run without a signal. One object belongs to one thread at a time.
 */
#ifndef UMM_NET_POLL_H
#define UMM_NET_POLL_H

#include "umm.h"

/*
 * What is waited for, and what came. IN, OUT: a read, a write would not wait, or would fail. END:
 * the other side has sent its last. EDGE: told once for each time it comes about, else as long as
 * it lasts. ONCE: told once, and then nothing until umm_poll_change.
 */
enum {
    UMM_POLL_IN = 1 << 0,
    UMM_POLL_OUT = 1 << 1,
    UMM_POLL_END = 1 << 2,
    UMM_POLL_EDGE = 1 << 3,
    UMM_POLL_ONCE = 1 << 4
};

enum { UMM_POLL_EVENTS_MAX = 512 };

struct umm_poll_event {
    uint64_t tag; /* the caller's */
    unsigned what;
};

/* Private. */
struct umm_poll {
    int fd, timer_fd, hangup_fd;
    uint64_t armed_ns; /* when the timer fires; 0: it is not set */
    unsigned char mask[128];
};

/* What ended a wait: files, and whether a tenth of a second is over, and whether SIGHUP came. */
struct umm_poll_wake {
    size_t n_events;
    bool is_tick, is_hangup;
    struct umm_poll_event events[UMM_POLL_EVENTS_MAX];
};

/* *poll is safe to close in any case. UMM_ERR_SYSTEM. */
UMM_MUST_USE enum umm_status umm_poll_open(struct umm_poll *poll, struct umm_error *err);

/* Twice is safe. */
void umm_poll_close(struct umm_poll *poll);

/*
 * From now on SIGHUP ends a wait and does nothing else; until _release, or _close. The calling
 * thread has it blocked meanwhile, as have threads and processes that it starts.
 */
UMM_MUST_USE enum umm_status umm_poll_catch_hangup(struct umm_poll *poll, struct umm_error *err);
void umm_poll_release_hangup(struct umm_poll *poll);

/*
 * Wait for fd from now on, or for something else of it. UMM_ERR_UNSUPPORTED: it is a file that is
 * always ready, as regular files are. Other failures: UMM_ERR_SYSTEM. tag is less than 2^63.
 */
UMM_MUST_USE enum umm_status umm_poll_add(struct umm_poll *poll, int fd, unsigned what,
                                          uint64_t tag, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_poll_change(struct umm_poll *poll, int fd, unsigned what,
                                             uint64_t tag, struct umm_error *err);
void umm_poll_remove(struct umm_poll *poll, int fd);

/*
 * Wait until something comes, a signal does, or umm_clock_monotonic_ns is until_ns: UINT64_MAX is
 * never, 0 does not wait.
 */
UMM_MUST_USE enum umm_status umm_poll_wait(struct umm_poll *poll, uint64_t until_ns,
                                           struct umm_poll_wake *wake, struct umm_error *err);

#endif
