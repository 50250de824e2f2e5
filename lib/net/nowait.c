/* SPDX-License-Identifier: MIT */
#include "net/nowait.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum umm_status umm_nowait_open(struct umm_nowait *end, int fd, const char *path,
                                struct umm_error *err)
{
    struct stat st;
    *end = (struct umm_nowait){.fd = -1};
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    *end = (struct umm_nowait){.fd = fd,
                               .kind = S_ISSOCK(st.st_mode)  ? UMM_NOWAIT_SOCKET
                                       : S_ISREG(st.st_mode) ? UMM_NOWAIT_FILE
                                                             : UMM_NOWAIT_PIPE,
                               .is_blocking = !(flags & O_NONBLOCK)};
    return UMM_OK;
}

int umm_nowait_read(const struct umm_nowait *end, void *buf, size_t cap_bytes, size_t *n_read)
{
    ssize_t n;
    do
        n = end->kind == UMM_NOWAIT_SOCKET ? recv(end->fd, buf, cap_bytes, MSG_DONTWAIT)
                                           : read(end->fd, buf, cap_bytes);
    while (n < 0 && errno == EINTR);
    *n_read = n < 0 ? 0 : (size_t)n;
    return n < 0 ? errno : 0;
}

/* Room in a pipe that blocks is room for PIPE_BUF, and more would wait. */
static int write_step(const struct umm_nowait *end, const char *bytes, size_t len_bytes,
                      size_t *n_written)
{
    const bool is_asked = end->kind == UMM_NOWAIT_PIPE && end->is_blocking;
    struct pollfd item = {.fd = end->fd, .events = POLLOUT};
    ssize_t n;
    do {
        if (is_asked && poll(&item, 1, 0) == 0)
            return EAGAIN;
        n = end->kind == UMM_NOWAIT_SOCKET
                ? send(end->fd, bytes, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL)
                : write(end->fd, bytes, is_asked && len_bytes > PIPE_BUF ? PIPE_BUF : len_bytes);
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? errno : EIO; /* a write that takes nothing must not be tried for ever */
    *n_written = (size_t)n;
    return 0;
}

/* Of a socket the first step says all: one that is short has filled it. */
int umm_nowait_write(const struct umm_nowait *end, const void *bytes, size_t len_bytes,
                     size_t *n_written)
{
    const char *at = bytes;
    size_t n = 0;
    *n_written = 0;
    int sys_errno;
    do {
        sys_errno = write_step(end, at + *n_written, len_bytes - *n_written, &n);
        if (!sys_errno)
            *n_written += n;
    } while (!sys_errno && *n_written < len_bytes && end->kind != UMM_NOWAIT_SOCKET);
    return *n_written ? 0 : sys_errno;
}
