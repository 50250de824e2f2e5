/* SPDX-License-Identifier: MIT */
#include "sys/file.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* How long a wait may go without looking at the cancel flag. */
enum { POLL_MS = 100 };

uint64_t umm_file_n_allowed(void)
{
    const uint64_t usual = 1024;
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : usual;
}

static enum umm_file_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return UMM_FILE_REGULAR;
    if (S_ISDIR(mode))
        return UMM_FILE_DIRECTORY;
    if (S_ISLNK(mode))
        return UMM_FILE_LINK;
    if (S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode))
        return UMM_FILE_STREAM;
    return UMM_FILE_OTHER;
}

static void fill_info(struct umm_file_info *info, const struct stat *st)
{
    info->kind = kind_of(st->st_mode);
    info->size_bytes = info->kind == UMM_FILE_REGULAR ? (uint64_t)st->st_size : 0;
    info->device = st->st_dev;
    info->inode = st->st_ino;
    info->mode = st->st_mode & 07777;
    info->owner = st->st_uid;
    info->group = st->st_gid;
    info->n_names = st->st_nlink;
    if (__builtin_mul_overflow(st->st_mtim.tv_sec, INT64_C(1000000000), &info->modified_ns) ||
        __builtin_add_overflow(info->modified_ns, st->st_mtim.tv_nsec, &info->modified_ns))
        info->modified_ns = 0;
}

enum umm_status umm_file_stat_fd(int fd, const char *path, struct umm_file_info *info,
                                 struct umm_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    fill_info(info, &st);
    return UMM_OK;
}

enum umm_status umm_file_stat(const char *path, struct umm_file_info *info, struct umm_error *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    fill_info(info, &st);
    return UMM_OK;
}

enum umm_status umm_file_look_at(int dir_fd, const char *name, const char *path,
                                 struct umm_file_info *info, struct umm_error *err)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    fill_info(info, &st);
    return UMM_OK;
}

enum umm_status umm_file_look(const char *path, struct umm_file_info *info, struct umm_error *err)
{
    return umm_file_look_at(AT_FDCWD, path, path, info, err);
}

enum umm_status umm_file_find(const char *path, bool *is_there, struct umm_file_info *info,
                              struct umm_error *err)
{
    struct stat st;
    *is_there = stat(path, &st) == 0;
    if (*is_there)
        fill_info(info, &st);
    else if (errno != ENOENT)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    return UMM_OK;
}

int umm_file_openat(int dir_fd, const char *path, int flags)
{
    int fd;
    do
        fd = openat(dir_fd, path, flags, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int umm_file_enter(int dir_fd, const char *path)
{
    const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    return umm_file_openat(dir_fd < 0 ? AT_FDCWD : dir_fd, path, flags);
}

/* Each try has O_NONBLOCK: by then the name may be that of a FIFO, whose open waits for ever. */
int umm_file_open_leased(int dir_fd, const char *path, int flags, const struct umm_run *run)
{
    enum { TRIES = 100, BETWEEN_NS = 10000000 };
    int sys_errno = 0;
    for (int i = 0; i < TRIES; i++) {
        int fd = openat(dir_fd, path, flags | O_NONBLOCK);
        if (fd >= 0 || (errno != EINTR && errno != EWOULDBLOCK))
            return fd;
        sys_errno = errno;
        if (umm_run_is_cancelled(run)) {
            sys_errno = ECANCELED;
            break;
        }
        if (sys_errno == EWOULDBLOCK)
            (void)nanosleep(&(struct timespec){.tv_nsec = BETWEEN_NS}, NULL);
    }
    errno = sys_errno;
    return -1;
}

enum umm_status umm_file_open_error(struct umm_error *err, int sys_errno, const char *path,
                                    const char *what)
{
    if (sys_errno == ECANCELED)
        return umm_error_set_cancelled(err);
    if (sys_errno == EWOULDBLOCK)
        return umm_error_set_path(err, UMM_ERR_BUSY, path,
                                  "%s: another process holds a lease on it", what);
    return umm_error_set_errno(err, sys_errno, path, what);
}

/* Refuse a directory; leave only streams non-blocking. */
static enum umm_status settle_kind(int fd, const char *path, enum umm_file_kind kind,
                                   struct umm_error *err)
{
    if (kind == UMM_FILE_DIRECTORY)
        return umm_error_set_errno(err, EISDIR, path, "cannot read");
    if (kind == UMM_FILE_STREAM)
        return UMM_OK;
    /* Of the flags it was opened with, this is the only one that can be set. */
    if (fcntl(fd, F_SETFL, 0) < 0)
        return umm_error_set_errno(err, errno, path, "cannot open");
    return UMM_OK;
}

enum umm_status umm_file_open_read(const char *path, int *fd, struct umm_file_info *info,
                                   struct umm_error *err)
{
    struct umm_file_info found;
    *fd = umm_file_open_leased(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY, NULL);
    if (*fd < 0)
        return umm_file_open_error(err, errno, path, "cannot open");
    enum umm_status status = umm_file_stat_fd(*fd, path, &found, err);
    if (!status)
        status = settle_kind(*fd, path, found.kind, err);
    if (status)
        umm_file_close(fd);
    else if (info)
        *info = found;
    return status;
}

/*
 * Wait until fd can be read or written. The bound is there because a signal may
 * set the cancel flag just before poll starts, and then nothing ends the poll.
 */
static enum umm_status wait_ready(int fd, short events, const char *path, const struct umm_run *run,
                                  struct umm_error *err)
{
    for (;;) {
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        struct pollfd item = {.fd = fd, .events = events};
        int n = poll(&item, 1, run ? POLL_MS : -1);
        if (n > 0)
            return UMM_OK;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return umm_error_set_errno(err, errno, path, "cannot wait for it");
        enum umm_status status = run && run->idle ? run->idle(run->idle_user, err) : UMM_OK;
        if (status)
            return status;
    }
}

enum umm_status umm_file_wait(int fd, const char *path, bool is_for_room, const struct umm_run *run,
                              struct umm_error *err)
{
    return wait_ready(fd, is_for_room ? POLLIN | POLLOUT : POLLIN, path, run, err);
}

enum umm_status umm_file_seek(int fd, const char *path, uint64_t offset, struct umm_error *err)
{
    if (offset > INT64_MAX)
        return umm_error_set_errno(err, EOVERFLOW, path, "cannot seek");
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
        return umm_error_set_errno(err, errno, path, "cannot seek");
    return UMM_OK;
}

enum umm_status umm_file_read(int fd, const char *path, struct umm_run *run, void *buf,
                              size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    assert(cap_bytes > 0);
    *n_read = 0;
    for (;;) {
        enum umm_status status = wait_ready(fd, POLLIN, path, run, err);
        if (status)
            return status;
        ssize_t n = read(fd, buf, cap_bytes);
        if (n >= 0) {
            *n_read = (size_t)n;
            return UMM_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            return umm_error_set_errno(err, errno, path, "cannot read");
    }
}

enum umm_status umm_file_read_regular(int fd, const char *path, void *buf, size_t cap_bytes,
                                      size_t *n_read, struct umm_error *err)
{
    ssize_t n;
    assert(cap_bytes > 0);
    do
        n = read(fd, buf, cap_bytes);
    while (n < 0 && errno == EINTR);
    *n_read = n < 0 ? 0 : (size_t)n;
    return n < 0 ? umm_error_set_errno(err, errno, path, "cannot read") : UMM_OK;
}

static enum umm_status peek_socket(int fd, const char *path, struct umm_run *run,
                                   unsigned char *byte, struct umm_error *err)
{
    for (;;) {
        enum umm_status status = wait_ready(fd, POLLIN, path, run, err);
        if (status)
            return status;
        if (recv(fd, byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
            return UMM_OK;
        if (errno != EINTR && errno != EAGAIN)
            return umm_error_set_errno(err, errno, path, "cannot read");
    }
}

/* A copy of the first byte that a pipe holds, through a pipe of our own. */
static enum umm_status peek_pipe(int fd, int copy[2], const char *path, struct umm_run *run,
                                 unsigned char *byte, struct umm_error *err)
{
    for (;;) {
        enum umm_status status = wait_ready(fd, POLLIN, path, run, err);
        if (status)
            return status;
        ssize_t n = tee(fd, copy[1], 1, SPLICE_F_NONBLOCK);
        if (n > 0 && read(copy[0], byte, 1) == 1)
            return UMM_OK;
        /* At its end; or no pipe, or no tee, and then there is no way to look. */
        if (n == 0 || (n < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM)))
            return UMM_OK;
        if (errno != EINTR && errno != EAGAIN)
            return umm_error_set_errno(err, errno, path, "cannot read");
    }
}

enum umm_status umm_file_peek(int fd, const char *path, struct umm_run *run, unsigned char *byte,
                              struct umm_error *err)
{
    int copy[2];
    *byte = 0;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at >= 0) {
        ssize_t n;
        do
            n = pread(fd, byte, 1, at);
        while (n < 0 && errno == EINTR);
        return n < 0 ? umm_error_set_errno(err, errno, path, "cannot read") : UMM_OK;
    }
    if (errno != ESPIPE)
        return umm_error_set_errno(err, errno, path, "cannot seek");
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
        return peek_socket(fd, path, run, byte, err);
    if (pipe2(copy, O_CLOEXEC) < 0)
        return umm_error_set_errno(err, errno, path, "cannot make a pipe");
    enum umm_status status = peek_pipe(fd, copy, path, run, byte, err);
    umm_file_close(&copy[0]);
    umm_file_close(&copy[1]);
    return status;
}

/* Whether len_bytes at offset lie within what off_t can say. */
static bool is_range_valid(uint64_t offset, uint64_t len_bytes)
{
    uint64_t end;
    return !__builtin_add_overflow(offset, len_bytes, &end) && end <= INT64_MAX;
}

/* Up to len_bytes at offset, a range that is valid; *done is less only at the end of the file. */
static enum umm_status pread_up_to(int fd, const char *path, void *buf, size_t len_bytes,
                                   uint64_t offset, size_t *done, struct umm_error *err)
{
    *done = 0;
    while (*done < len_bytes) {
        ssize_t n = pread(fd, (char *)buf + *done, len_bytes - *done, (off_t)(offset + *done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return umm_error_set_errno(err, errno, path, "cannot read");
        if (n == 0)
            break;
        *done += (size_t)n;
    }
    return UMM_OK;
}

enum umm_status umm_file_pread_all(int fd, const char *path, void *buf, size_t len_bytes,
                                   uint64_t offset, struct umm_error *err)
{
    size_t done;
    if (!is_range_valid(offset, len_bytes))
        return umm_error_set_errno(err, EOVERFLOW, path, "cannot read");
    enum umm_status status = pread_up_to(fd, path, buf, len_bytes, offset, &done, err);
    if (status || done == len_bytes)
        return status;
    return umm_error_set_path(err, UMM_ERR_DATA, path, "file ends %zu bytes early",
                              len_bytes - done);
}

enum umm_status umm_file_read_begin(int fd, const char *path, void *buf, size_t cap_bytes,
                                    size_t *len_bytes, struct umm_error *err)
{
    return pread_up_to(fd, path, buf, cap_bytes, 0, len_bytes, err);
}

/* A write that takes nothing and reports nothing must not become an endless loop. */
static enum umm_status write_failed(ssize_t n, int sys_errno, const char *path,
                                    struct umm_error *err)
{
    return umm_error_set_errno(err, n == 0 ? EIO : sys_errno, path, "cannot write");
}

enum umm_status umm_file_write_all(int fd, const char *path, const void *buf, size_t len_bytes,
                                   struct umm_error *err)
{
    const char *at = buf;
    while (len_bytes > 0) {
        ssize_t n = write(fd, at, len_bytes);
        if (n > 0) {
            at += n;
            len_bytes -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            enum umm_status status = wait_ready(fd, POLLOUT, path, NULL, err);
            if (status)
                return status;
        } else if (n == 0 || errno != EINTR) {
            return write_failed(n, errno, path, err);
        }
    }
    return UMM_OK;
}

/*
 * The most that a write to fd may ask for once poll said there is room: on a
 * blocking pipe that means room for PIPE_BUF, and more would wait in write.
 */
static size_t write_step(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) ? SIZE_MAX : PIPE_BUF;
}

enum umm_status umm_file_write_some(int fd, const char *path, const struct umm_run *run,
                                    const void *buf, size_t len_bytes, size_t *n_written,
                                    struct umm_error *err)
{
    *n_written = 0;
    for (;;) {
        enum umm_status status = wait_ready(fd, POLLOUT, path, run, err);
        if (status)
            return status;
        ssize_t n = write(fd, buf, len_bytes);
        if (n > 0) {
            *n_written = (size_t)n;
            return UMM_OK;
        }
        if (n == 0 || (errno != EINTR && errno != EAGAIN))
            return write_failed(n, errno, path, err);
    }
}

enum umm_status umm_file_write_stream(int fd, const char *path, struct umm_run *run,
                                      const void *buf, size_t len_bytes, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat_fd(fd, path, &info, err);
    if (status)
        return status;
    if (info.kind == UMM_FILE_REGULAR)
        return umm_file_write_all(fd, path, buf, len_bytes, err);
    const char *at = buf;
    size_t step = write_step(fd);
    while (len_bytes > 0) {
        size_t n;
        status =
            umm_file_write_some(fd, path, run, at, len_bytes < step ? len_bytes : step, &n, err);
        if (status)
            return status;
        at += n;
        len_bytes -= n;
    }
    return UMM_OK;
}

enum umm_status umm_file_pwrite_all(int fd, const char *path, const void *buf, size_t len_bytes,
                                    uint64_t offset, struct umm_error *err)
{
    if (!is_range_valid(offset, len_bytes))
        return umm_error_set_errno(err, EFBIG, path, "cannot write");
    size_t done = 0;
    while (done < len_bytes) {
        ssize_t n = pwrite(fd, (const char *)buf + done, len_bytes - done, (off_t)(offset + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return write_failed(n, errno, path, err);
    }
    return UMM_OK;
}

enum umm_status umm_file_sync(int fd, const char *path, struct umm_error *err)
{
    int rc;
    do
        rc = fsync(fd);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? umm_error_set_errno(err, errno, path, "cannot sync") : UMM_OK;
}

enum umm_status umm_file_sync_data(int fd, const char *path, struct umm_error *err)
{
    int rc;
    do
        rc = fdatasync(fd);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? umm_error_set_errno(err, errno, path, "cannot sync") : UMM_OK;
}

enum umm_status umm_file_truncate(int fd, const char *path, uint64_t len_bytes,
                                  struct umm_error *err)
{
    if (!is_range_valid(0, len_bytes))
        return umm_error_set_errno(err, EFBIG, path, "cannot set the size");
    int rc;
    do
        rc = ftruncate(fd, (off_t)len_bytes);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? umm_error_set_errno(err, errno, path, "cannot set the size") : UMM_OK;
}

void umm_file_cut_back(int fd, const char *path, uint64_t len_bytes)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size <= len_bytes)
        return;
    if (umm_file_truncate(fd, path, len_bytes, NULL) != UMM_OK) {
        /* It stays, and the next writer goes over it. */
    }
}

enum umm_status umm_file_allocate(int fd, const char *path, uint64_t offset, uint64_t len_bytes,
                                  struct umm_error *err)
{
    if (!is_range_valid(offset, len_bytes))
        return umm_error_set_errno(err, EFBIG, path, "cannot reserve space");
    if (len_bytes == 0)
        return UMM_OK;
    /* Not posix_fallocate: its fallback writes to every block of the file. */
    int rc;
    do
        rc = fallocate(fd, 0, (off_t)offset, (off_t)len_bytes);
    while (rc < 0 && errno == EINTR);
    if (rc < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        return umm_error_set_errno(err, errno, path, "cannot reserve space");
    return UMM_OK;
}

/* For file systems without O_TMPFILE: a name, for a moment. */
static int open_and_unlink(const char *dir)
{
    char *name = NULL;
    if (asprintf(&name, "%s/.umm-XXXXXX", dir) < 0) {
        errno = ENOMEM;
        return -1;
    }
    int fd = mkostemp(name, O_CLOEXEC);
    int sys_errno = errno;
    if (fd >= 0)
        (void)unlink(name);
    free(name);
    errno = sys_errno;
    return fd;
}

enum umm_status umm_file_scratch(const char *dir, int *fd, struct umm_error *err)
{
    do {
        *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
        /* What kernels and file systems that lack it say; the rest is final. */
        if (*fd < 0 &&
            (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL))
            *fd = open_and_unlink(dir);
    } while (*fd < 0 && errno == EINTR);
    if (*fd < 0)
        return umm_error_set_errno(err, errno, dir, "cannot create a temporary file");
    return UMM_OK;
}

void umm_file_discard(const char *path)
{
    (void)unlink(path);
}

void umm_file_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

enum umm_status umm_file_close_checked(int *fd, const char *path, struct umm_error *err)
{
    int rc = *fd >= 0 ? close(*fd) : 0;
    *fd = -1;
    /* On Linux an interrupted close has closed; closing again could hit another file. */
    if (rc < 0 && errno != EINTR)
        return umm_error_set_errno(err, errno, path, "cannot close");
    return UMM_OK;
}

enum umm_status umm_file_make_directory(const char *path, struct umm_error *err)
{
    struct stat st;
    if (mkdir(path, 0777) == 0)
        return UMM_OK;
    int sys_errno = errno;
    if (sys_errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return UMM_OK;
    return umm_error_set_errno(err, sys_errno, path, "cannot create a directory");
}

uint64_t umm_file_device(uint64_t major, uint64_t minor)
{
    return makedev((unsigned)major, (unsigned)minor);
}
