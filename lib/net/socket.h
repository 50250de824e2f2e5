/* SPDX-License-Identifier: MIT */
/*
 * socket.h - stream sockets that have a path: a service listens there, clients connect. Also
 * sockets that a service manager has opened, and what it is told.
 *
 * A service holds the lock of its path (sys/lock.h) from before its socket is there until after it
 * is gone, so two never take one path. What a service leaves that was killed is replaced.
 *
 * All descriptors are closed in programs that are exec'ed.
 */
#ifndef UMM_NET_SOCKET_H
#define UMM_NET_SOCKET_H

#include "sys/lock.h"
#include "umm.h"

/* A socket that listens. Private except fd; fd -1 is "none". */
struct umm_socket {
    int fd; /* non-blocking */
    struct umm_lock lock;
    uint64_t device, inode; /* of its name */
    char name[UMM_OUTFILE_NAME_MAX + 1];
};

/*
 * Listen at path. Only those connect whom mode lets write, of which the permission bits count, not
 * the umask: 0600 is this user (and root). Nobody can connect before the mode is set.
 *
 * UMM_ERR_BUSY: a service of this library holds the lock, or somebody listens there.
 * UMM_ERR_CONFLICT: something other than a socket is there, a symbolic link included, or a socket
 * that is foreign (sys/trust.h), or that this user may not try. UMM_ERR_ARGUMENT: the path is too
 * long for a socket, or ends in a slash. UMM_ERR_SYSTEM. *sock is "none" then.
 */
UMM_MUST_USE enum umm_status umm_socket_listen(struct umm_socket *sock, const char *path,
                                               unsigned mode, struct umm_error *err);

/* Remove the socket's name, if it is still this one's, and close it. Twice is safe. */
void umm_socket_close(struct umm_socket *sock);

/*
 * Check that fd, which another program opened, is a stream socket that listens, of this machine or
 * of the Internet; make it non-blocking, and closed in programs that are exec'ed. UMM_ERR_ARGUMENT.
 */
UMM_MUST_USE enum umm_status umm_socket_adopt(int fd, struct umm_error *err);

/*
 * The next connection that waits at listen_fd, non-blocking: 0, or an errno: EAGAIN if there is
 * none, ECONNABORTED and the like if it has gone.
 */
int umm_socket_accept(int listen_fd, int *fd);

/*
 * Connect to the socket at path; *fd blocks. The other side's full queue is waited for until run
 * is cancelled. UMM_ERR_CONFLICT: the socket is foreign. UMM_ERR_ARGUMENT, UMM_ERR_SYSTEM,
 * UMM_ERR_CANCELLED. *fd is -1 then.
 */
UMM_MUST_USE enum umm_status umm_socket_connect(const char *path, const struct umm_run *run,
                                                int *fd, struct umm_error *err);

/* No more will be sent: the other side reads the end, and may still send. */
void umm_socket_end_writes(int fd);

/*
 * Close a connection so that the other side reads what was sent, and then the end: what it has sent
 * and nobody has read would be a failed connection to it. *fd is -1 afterwards.
 */
void umm_socket_close_gently(int *fd);

/*
 * Tell a service manager: text, lines such as "READY=1", to the datagram socket at path, where a
 * first '@' is that of a name that is no file. It is waited for a few seconds at most.
 * UMM_ERR_UNSUPPORTED: no such path. UMM_ERR_SYSTEM.
 */
UMM_MUST_USE enum umm_status umm_socket_notify(const char *path, const char *text,
                                               struct umm_error *err);

/*
 * Let this process have n_wanted descriptors, if the hard limit allows them; *n_allowed is the
 * limit then. Nothing if it is high enough already.
 */
UMM_MUST_USE enum umm_status umm_socket_allow_descriptors(uint64_t n_wanted, uint64_t *n_allowed,
                                                          struct umm_error *err);

#endif
