/* SPDX-License-Identifier: MIT */
/*
 * nowait.h - reads and writes that never wait, whatever is at a descriptor: for loops that wait
 * for many at once (poll.h).
 *
 * A descriptor that blocks stays as it is, as other processes may share it: a socket is asked by
 * the call, a pipe or a terminal is asked before each step. SIGPIPE is the caller's for all but
 * sockets: ignored, a reader that left is EPIPE.
 */
#ifndef UMM_NET_NOWAIT_H
#define UMM_NET_NOWAIT_H

#include "umm.h"

enum umm_nowait_kind {
    UMM_NOWAIT_SOCKET, /* of a stream */
    UMM_NOWAIT_PIPE,   /* or a terminal, or another device that may have to be waited for */
    UMM_NOWAIT_FILE    /* nobody ever has to wait for it */
};

struct umm_nowait {
    int fd; /* borrowed; -1: none */
    enum umm_nowait_kind kind;
    bool is_blocking;
};

/* What is at fd. UMM_ERR_SYSTEM if that is no open file. */
UMM_MUST_USE enum umm_status umm_nowait_open(struct umm_nowait *end, int fd, const char *path,
                                             struct umm_error *err);

/*
 * Read at most cap_bytes: 0 with *n_read, which is 0 at the end; or an errno, EAGAIN if nothing
 * is there now. Of a pipe that blocks, poll.h must have said that something is.
 */
int umm_nowait_read(const struct umm_nowait *end, void *buf, size_t cap_bytes, size_t *n_read);

/*
 * Write what there is room for now: 0 with *n_written, at least 1 and less than len_bytes if there
 * is no room for more; or an errno, EAGAIN if there is none at all. len_bytes is not 0.
 */
int umm_nowait_write(const struct umm_nowait *end, const void *bytes, size_t len_bytes,
                     size_t *n_written);

#endif
