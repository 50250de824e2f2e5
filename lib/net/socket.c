/* SPDX-License-Identifier: MIT */
#include "net/socket.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char CANNOT_LISTEN[] = "cannot listen", CANNOT_CONNECT[] = "cannot connect";

enum { NS_PER_MS = 1000000 };

/* ---- places -------------------------------------------------------------- */

/* Where a socket is: the open directory, its name there, and its address. */
struct place {
    int dir_fd;
    char name[UMM_OUTFILE_NAME_MAX + 1];
    struct sockaddr_un address;
};

static enum umm_status set_address(struct sockaddr_un *address, const char *path,
                                   struct umm_error *err)
{
    const size_t len = strlen(path);
    if (len >= sizeof address->sun_path)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, path,
                                  "is %zu bytes long, and a socket's path has at most %zu; use a "
                                  "shorter one",
                                  len, sizeof address->sun_path - 1);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, len);
    return UMM_OK;
}

static enum umm_status find_place(struct place *place, const char *path, const char *what,
                                  struct umm_error *err)
{
    char dir[sizeof place->address.sun_path + 1] = ".";
    place->dir_fd = -1;
    enum umm_status status = set_address(&place->address, path, err);
    if (status)
        return status;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!*name)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, path, "%s", "is no path of a socket");
    if (slash)
        snprintf(dir, sizeof dir, "%.*s", (int)(slash - path) + 1, path);
    strcpy(place->name, name);
    place->dir_fd = umm_file_openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return place->dir_fd < 0 ? umm_error_set_errno(err, errno, path, what) : UMM_OK;
}

static const struct sockaddr *address_of(const struct place *place)
{
    return (const void *)&place->address;
}

static int open_socket(int type)
{
    return socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
}

/* ---- listening ----------------------------------------------------------- */

/* Whether somebody listens at the place. */
static enum umm_status try_place(const struct place *place, const char *path, struct umm_error *err)
{
    int fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK);
    if (fd < 0)
        return umm_error_set_errno(err, errno, path, CANNOT_LISTEN);
    int sys_errno = connect(fd, address_of(place), sizeof place->address) == 0 ? 0 : errno;
    umm_file_close(&fd);
    if (!sys_errno || sys_errno == EAGAIN || sys_errno == EINPROGRESS)
        return umm_error_set_path(err, UMM_ERR_BUSY, path, "another process listens there");
    if (sys_errno == ECONNREFUSED || sys_errno == ENOENT)
        return UMM_OK;
    if (sys_errno == EPROTOTYPE || sys_errno == EACCES || sys_errno == EPERM)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  sys_errno == EPROTOTYPE
                                      ? "is a socket of another kind; use another path"
                                      : "is a socket of another user; use another path");
    return umm_error_set_errno(err, sys_errno, path, CANNOT_LISTEN);
}

/* What is at the place already: a socket of a service that has died is removed. */
static enum umm_status clear_place(const struct place *place, const char *path,
                                   struct umm_error *err)
{
    struct stat st;
    struct umm_file_info info;
    if (fstatat(place->dir_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? UMM_OK : umm_error_set_errno(err, errno, path, CANNOT_LISTEN);
    enum umm_status status = umm_file_look_at(place->dir_fd, place->name, path, &info, err);
    if (!status)
        status = umm_trust_check(place->dir_fd, &info, path, "", err);
    if (!status && !S_ISSOCK(st.st_mode))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "is there already, and is no socket; use another path");
    if (!status)
        status = try_place(place, path, err);
    if (!status && unlinkat(place->dir_fd, place->name, 0) < 0 && errno != ENOENT)
        status = umm_error_set_errno(err, errno, path, "cannot remove what a service left");
    return status;
}

/*
 * Linux takes the mode of a new name from the socket, less the umask. Whatever it is, nobody can
 * connect before listen.
 */
static enum umm_status bind_place(struct umm_socket *sock, const struct place *place,
                                  const char *path, unsigned mode, struct umm_error *err)
{
    const mode_t mask = S_IRWXU | S_IRWXG | S_IRWXO, bits = mode & mask;
    struct stat st;
    (void)fchmod(sock->fd, bits);
    if (bind(sock->fd, address_of(place), sizeof place->address) < 0)
        return errno == EADDRINUSE
                   ? umm_error_set_path(err, UMM_ERR_CONFLICT, path, "has just been taken")
                   : umm_error_set_errno(err, errno, path, CANNOT_LISTEN);
    if (fstatat(place->dir_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return umm_error_set_errno(err, errno, path, CANNOT_LISTEN);
    if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "has just been replaced");
    sock->device = st.st_dev;
    sock->inode = st.st_ino;
    if ((st.st_mode & mask) != bits &&
        fchmodat(place->dir_fd, place->name, bits, AT_SYMLINK_NOFOLLOW) < 0)
        return umm_error_set_errno(err, errno, path, "cannot set its mode");
    return UMM_OK;
}

static enum umm_status open_listening(struct umm_socket *sock, const struct place *place,
                                      const char *path, unsigned mode, struct umm_error *err)
{
    sock->fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK);
    if (sock->fd < 0)
        return umm_error_set_errno(err, errno, path, CANNOT_LISTEN);
    enum umm_status status = bind_place(sock, place, path, mode, err);
    if (!status && listen(sock->fd, SOMAXCONN) < 0)
        status = umm_error_set_errno(err, errno, path, CANNOT_LISTEN);
    return status;
}

enum umm_status umm_socket_listen(struct umm_socket *sock, const char *path, unsigned mode,
                                  struct umm_error *err)
{
    struct place place;
    *sock = (struct umm_socket){.fd = -1};
    enum umm_status status = find_place(&place, path, CANNOT_LISTEN, err);
    if (!status)
        status =
            umm_lock_take_at(&sock->lock, place.dir_fd, place.name, path, UMM_LOCK_FAIL, NULL, err);
    if (!status)
        status = clear_place(&place, path, err);
    if (!status) {
        memcpy(sock->name, place.name, sizeof sock->name);
        status = open_listening(sock, &place, path, mode, err);
    }
    umm_file_close(&place.dir_fd);
    if (status)
        umm_socket_close(sock);
    return status;
}

void umm_socket_close(struct umm_socket *sock)
{
    struct stat st;
    if (sock->lock.is_held && sock->inode &&
        fstatat(sock->lock.dir_fd, sock->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == sock->device && st.st_ino == sock->inode)
        (void)unlinkat(sock->lock.dir_fd, sock->name, 0);
    umm_file_close(&sock->fd);
    umm_lock_release(&sock->lock);
    sock->inode = 0;
}

static bool get_option(int fd, int option, int *value)
{
    socklen_t len = sizeof *value;
    return getsockopt(fd, SOL_SOCKET, option, value, &len) == 0;
}

enum umm_status umm_socket_adopt(int fd, struct umm_error *err)
{
    int domain, type, is_listening;
    if (!get_option(fd, SO_DOMAIN, &domain) || !get_option(fd, SO_TYPE, &type) ||
        !get_option(fd, SO_ACCEPTCONN, &is_listening))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "descriptor %d is no socket", fd);
    if (type != SOCK_STREAM || !is_listening ||
        (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "descriptor %d is no stream socket that listens", fd);
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return umm_error_set_errno(err, errno, "a socket", "cannot take over");
    return UMM_OK;
}

/* ---- connections --------------------------------------------------------- */

int umm_socket_accept(int listen_fd, int *fd)
{
    do
        *fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (*fd < 0 && errno == EINTR);
    return *fd < 0 ? errno : 0;
}

static enum umm_status connect_place(int fd, const struct place *place, const char *path,
                                     const struct umm_run *run, struct umm_error *err)
{
    enum { BETWEEN_NS = 10 * NS_PER_MS };
    for (;;) {
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        if (connect(fd, address_of(place), sizeof place->address) == 0)
            return UMM_OK;
        if (errno != EAGAIN && errno != EINTR)
            return umm_error_set_errno(err, errno, path, CANNOT_CONNECT);
        if (errno == EAGAIN)
            umm_clock_sleep_until(umm_clock_monotonic_ns() + BETWEEN_NS, run);
    }
}

enum umm_status umm_socket_connect(const char *path, const struct umm_run *run, int *fd,
                                   struct umm_error *err)
{
    struct place place;
    struct umm_file_info info;
    *fd = -1;
    enum umm_status status = find_place(&place, path, CANNOT_CONNECT, err);
    if (!status)
        status = umm_file_look_at(place.dir_fd, place.name, path, &info, err);
    if (!status)
        status = umm_trust_check(place.dir_fd, &info, path, "", err);
    if (!status && (*fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK)) < 0)
        status = umm_error_set_errno(err, errno, path, CANNOT_CONNECT);
    if (!status)
        status = connect_place(*fd, &place, path, run, err);
    if (!status && fcntl(*fd, F_SETFL, 0) < 0)
        status = umm_error_set_errno(err, errno, path, CANNOT_CONNECT);
    umm_file_close(&place.dir_fd);
    if (status)
        umm_file_close(fd);
    return status;
}

void umm_socket_end_writes(int fd)
{
    (void)shutdown(fd, SHUT_WR);
}

void umm_socket_close_gently(int *fd)
{
    enum { READS_MAX = 16 }; /* one that goes on sending is not waited for */
    char unread[4096];
    umm_socket_end_writes(*fd);
    for (int i = 0; i < READS_MAX && recv(*fd, unread, sizeof unread, MSG_DONTWAIT) > 0; i++)
        ;
    umm_file_close(fd);
}

/* ---- the service manager ------------------------------------------------- */

enum umm_status umm_socket_notify(const char *path, const char *text, struct umm_error *err)
{
    const struct timeval limit = {.tv_sec = 3};
    struct sockaddr_un address;
    if (path[0] != '/' && path[0] != '@')
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, path,
                                  "is no path of a socket to tell that the service is ready");
    enum umm_status status = set_address(&address, path, err);
    if (status)
        return status;
    const size_t len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = open_socket(SOCK_DGRAM);
    if (fd < 0)
        return umm_error_set_errno(err, errno, path, "cannot tell");
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ssize_t n;
    do
        n = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const void *)&address, (socklen_t)len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        status = umm_error_set_errno(err, errno, path, "cannot tell");
    umm_file_close(&fd);
    return status;
}

enum umm_status umm_socket_allow_descriptors(uint64_t n_wanted, uint64_t *n_allowed,
                                             struct umm_error *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return umm_error_set_errno(err, errno, "descriptors", "cannot ask for the limit of");
    if (limit.rlim_cur < n_wanted && limit.rlim_cur < limit.rlim_max) {
        struct rlimit more = {.rlim_cur = n_wanted < limit.rlim_max ? n_wanted : limit.rlim_max,
                              .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    *n_allowed = limit.rlim_cur;
    return UMM_OK;
}
