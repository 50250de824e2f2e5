/* SPDX-License-Identifier: MIT */
/*
 * reach.h - one connection to a server, by TCP or by a socket's path, in which each wait has an
 * end: a time, or a run that is cancelled.
 *
 * Unlike umm_socket_connect (socket.h), the socket may be another user's, as a server's is.
 */
#ifndef UMM_NET_REACH_H
#define UMM_NET_REACH_H

#include "umm.h"

/*
 * Connect to the first address of host that takes it, or to the socket at path, until
 * umm_clock_monotonic_ns is until_ns; *fd is closed in programs that are exec'ed. shown is the
 * place in errors. To look up a name takes as long as the system's resolver does. UMM_ERR_SYSTEM,
 * with ETIMEDOUT when the time is over; UMM_ERR_ARGUMENT: path is too long for a socket;
 * UMM_ERR_MEMORY; UMM_ERR_CANCELLED. *fd is -1 then.
 */
UMM_MUST_USE enum umm_status umm_reach_tcp(const char *host, const char *port, const char *shown,
                                           uint64_t until_ns, const struct umm_run *run, int *fd,
                                           struct umm_error *err);
UMM_MUST_USE enum umm_status umm_reach_path(const char *path, const char *shown, uint64_t until_ns,
                                            const struct umm_run *run, int *fd,
                                            struct umm_error *err);

/*
 * Send all of len_bytes; receive at least one byte, *n_received is 0 at the end of what comes. 0,
 * or an errno: ETIMEDOUT when until_ns is over, ECANCELED when run is cancelled, EPIPE and
 * ECONNRESET when the other side is gone. SIGPIPE is never raised.
 */
int umm_reach_send(int fd, const void *bytes, size_t len_bytes, uint64_t until_ns,
                   const struct umm_run *run);
int umm_reach_receive(int fd, void *buf, size_t cap_bytes, uint64_t until_ns,
                      const struct umm_run *run, size_t *n_received);

#endif
