/* SPDX-License-Identifier: MIT */
#include "net/reach.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char CANNOT_CONNECT[] = "cannot connect";

/* A wait looks that often whether the run is cancelled, as a signal may come just before it. */
enum { TICK_MS = 100, NS_PER_MS = 1000000 };

/* ---- connecting ------------------------------------------------------------------ */

/* Wait until fd can be written to: 0, or an errno. */
static int wait_for_room(int fd, uint64_t until_ns, const struct umm_run *run)
{
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    for (;;) {
        const uint64_t now_ns = umm_clock_monotonic_ns();
        if (umm_run_is_cancelled(run))
            return ECANCELED;
        if (now_ns >= until_ns)
            return ETIMEDOUT;
        const uint64_t left_ms = (until_ns - now_ns) / NS_PER_MS + 1;
        const int n = poll(&item, 1, left_ms < TICK_MS ? (int)left_ms : TICK_MS);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return errno;
    }
}

static int finish_connect(int fd, uint64_t until_ns, const struct umm_run *run)
{
    int failed = 0;
    socklen_t len = sizeof failed;
    const int sys_errno = wait_for_room(fd, until_ns, run);
    if (sys_errno)
        return sys_errno;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0 ? errno : failed;
}

/* From here on each call waits for one tick at most. */
static int set_ticks(int fd)
{
    const struct timeval tick = {.tv_usec = TICK_MS * 1000};
    if (fcntl(fd, F_SETFL, 0) < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick) ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tick, sizeof tick))
        return errno;
    return 0;
}

/* A socket's full queue is EAGAIN, and does not tell when it has room: it is tried again. */
static int try_connect(int fd, const struct sockaddr *address, socklen_t len, uint64_t until_ns,
                       const struct umm_run *run)
{
    const uint64_t pause_ns = 10 * NS_PER_MS;
    while (connect(fd, address, len) < 0) {
        if (errno == EINPROGRESS || errno == EINTR)
            return finish_connect(fd, until_ns, run);
        if (errno != EAGAIN || address->sa_family != AF_UNIX)
            return errno;
        if (umm_run_is_cancelled(run))
            return ECANCELED;
        if (umm_clock_monotonic_ns() >= until_ns)
            return ETIMEDOUT;
        umm_clock_sleep_until(umm_clock_monotonic_ns() + pause_ns, run);
    }
    return 0;
}

static int connect_to(int family, const struct sockaddr *address, socklen_t len, uint64_t until_ns,
                      const struct umm_run *run, int *fd)
{
    const int one = 1;
    *fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return errno;
    int sys_errno = try_connect(*fd, address, len, until_ns, run);
    if (!sys_errno)
        sys_errno = set_ticks(*fd);
    if (!sys_errno && family != AF_UNIX) {
        (void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    }
    if (sys_errno)
        umm_file_close(fd);
    return sys_errno;
}

static enum umm_status refuse(int sys_errno, const char *shown, struct umm_error *err)
{
    return sys_errno == ECANCELED ? umm_error_set_cancelled(err)
                                  : umm_error_set_errno(err, sys_errno, shown, CANNOT_CONNECT);
}

static enum umm_status find_host(const char *host, const char *port, const char *shown,
                                 struct addrinfo **list, struct umm_error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    const int code = getaddrinfo(host, port, &hints, list);
    const int sys_errno = errno;
    if (code == 0)
        return UMM_OK;
    if (code == EAI_MEMORY)
        return umm_error_set_memory(err, 0, "the address of a host");
    if (code == EAI_SYSTEM)
        return umm_error_set_errno(err, sys_errno, shown, "cannot find the host");
    return umm_error_set_path(err, UMM_ERR_SYSTEM, shown, "cannot find the host: %s",
                              gai_strerror(code));
}

enum umm_status umm_reach_tcp(const char *host, const char *port, const char *shown,
                              uint64_t until_ns, const struct umm_run *run, int *fd,
                              struct umm_error *err)
{
    struct addrinfo *list = NULL;
    int sys_errno = ECONNREFUSED;
    *fd = -1;
    enum umm_status status = find_host(host, port, shown, &list, err);
    if (status)
        return status;
    for (const struct addrinfo *at = list; at && *fd < 0 && sys_errno != ECANCELED;
         at = at->ai_next)
        sys_errno = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, until_ns, run, fd);
    freeaddrinfo(list);
    return sys_errno ? refuse(sys_errno, shown, err) : UMM_OK;
}

enum umm_status umm_reach_path(const char *path, const char *shown, uint64_t until_ns,
                               const struct umm_run *run, int *fd, struct umm_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t len = strlen(path);
    *fd = -1;
    if (len >= sizeof address.sun_path)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, shown,
                                  "a socket's path has at most %zu bytes, not %zu",
                                  sizeof address.sun_path - 1, len);
    memcpy(address.sun_path, path, len);
    const int sys_errno =
        connect_to(AF_UNIX, (const void *)&address, sizeof address, until_ns, run, fd);
    return sys_errno ? refuse(sys_errno, shown, err) : UMM_OK;
}

/* ---- bytes ------------------------------------------------------------------------ */

/* After a call that failed: 0 to try again, or the errno that ends the wait. */
static int judge(int sys_errno, uint64_t until_ns, const struct umm_run *run)
{
    if (sys_errno != EINTR && sys_errno != EAGAIN)
        return sys_errno;
    if (umm_run_is_cancelled(run))
        return ECANCELED;
    return umm_clock_monotonic_ns() >= until_ns ? ETIMEDOUT : 0;
}

int umm_reach_send(int fd, const void *bytes, size_t len_bytes, uint64_t until_ns,
                   const struct umm_run *run)
{
    const char *at = bytes;
    int sys_errno = 0;
    while (!sys_errno && len_bytes) {
        const ssize_t n = send(fd, at, len_bytes, MSG_NOSIGNAL);
        if (n > 0) {
            at += n;
            len_bytes -= (size_t)n;
        }
        if (len_bytes)
            sys_errno = judge(n < 0 ? errno : EAGAIN, until_ns, run);
    }
    return sys_errno;
}

int umm_reach_receive(int fd, void *buf, size_t cap_bytes, uint64_t until_ns,
                      const struct umm_run *run, size_t *n_received)
{
    int sys_errno = 0;
    ssize_t n = -1;
    while (!sys_errno && (n = recv(fd, buf, cap_bytes, 0)) < 0)
        sys_errno = judge(errno, until_ns, run);
    *n_received = n < 0 ? 0 : (size_t)n;
    return sys_errno;
}
