/* SPDX-License-Identifier: MIT */
/*
 * short.c - a library to preload: system calls do less than they were asked to, as they
 * may on pipes, network file systems, full disks and where signals arrive. For `short`.
 *
 * UMM_SHORT says how:
 *   one     a transfer of up to a page moves one byte, a longer one all but a page
 *   part    every transfer moves about two thirds
 *   signal  every second call of a kind that a signal may interrupt fails with EINTR,
 *           close as Linux does it: the descriptor is closed all the same
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static enum { PLAIN, ONE, PART, SIGNAL } how;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("UMM_SHORT");
    how = !text                       ? PLAIN
          : strcmp(text, "one") == 0  ? ONE
          : strcmp(text, "part") == 0 ? PART
                                      : SIGNAL;
}

/* How many of n bytes a transfer moves. Megabytes of single bytes would take too long. */
static size_t cut(size_t n)
{
    enum { PAGE = 4096 };
    if (n > 1 && how == ONE)
        return n <= PAGE ? 1 : n - PAGE;
    return n > 1 && how == PART ? n - n / 3 : n;
}

static bool is_interrupted(atomic_uint *n_calls)
{
    if (how != SIGNAL || atomic_fetch_add(n_calls, 1) % 2)
        return false;
    errno = EINTR;
    return true;
}

/* A function pointer may not be cast to void *, but its bytes may be copied. */
static void next(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        _exit(97);
    memcpy(function, &found, sizeof found);
}

/* Fails one call of two where signals come, else finds the C library's own function. */
#define NEXT(name, type, failure, ...)                                                             \
    static type (*real)(__VA_ARGS__);                                                              \
    static atomic_uint n_calls;                                                                    \
    if (is_interrupted(&n_calls))                                                                  \
        return failure;                                                                            \
    if (!real)                                                                                     \
    next(name, &real)

/* ---- transfers; the names with _chk are those of fortified programs ------------- */

ssize_t read(int fd, void *bytes, size_t n)
{
    NEXT("read", ssize_t, -1, int, void *, size_t);
    return real(fd, bytes, cut(n));
}

ssize_t __read_chk(int fd, void *bytes, size_t n, size_t cap)
{
    (void)cap;
    return read(fd, bytes, n);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT("write", ssize_t, -1, int, const void *, size_t);
    return real(fd, bytes, cut(n));
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t offset)
{
    NEXT("pread64", ssize_t, -1, int, void *, size_t, off64_t);
    return real(fd, bytes, cut(n), offset);
}

ssize_t __pread64_chk(int fd, void *bytes, size_t n, off64_t offset, size_t cap)
{
    (void)cap;
    return pread64(fd, bytes, n, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
{
    NEXT("pwrite64", ssize_t, -1, int, const void *, size_t, off64_t);
    return real(fd, bytes, cut(n), offset);
}

ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
    NEXT("splice", ssize_t, -1, int, off64_t *, int, off64_t *, size_t, unsigned);
    return real(in, in_at, out, out_at, cut(n), flags);
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
    NEXT("copy_file_range", ssize_t, -1, int, off64_t *, int, off64_t *, size_t, unsigned);
    return real(in, in_at, out, out_at, cut(n), flags);
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t n)
{
    NEXT("sendfile64", ssize_t, -1, int, int, off64_t *, size_t);
    return real(out, in, at, cut(n));
}

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
    NEXT("getrandom", ssize_t, -1, void *, size_t, unsigned);
    return real(bytes, cut(n), flags);
}

/* ---- what a signal may interrupt besides ---------------------------------------- */

int openat64(int dir, const char *path, int flags, ...)
{
    NEXT("openat64", int, -1, int, const char *, int, ...);
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return real(dir, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return openat64(AT_FDCWD, path, flags, mode);
}

/* Without O_CREAT, as fortified programs call it. */
int __open64_2(const char *path, int flags)
{
    return open64(path, flags);
}

int close(int fd)
{
    static int (*real)(int);
    static atomic_uint n_calls;
    if (!real)
        next("close", &real);
    int rc = real(fd);
    return rc == 0 && is_interrupted(&n_calls) ? -1 : rc;
}

int fsync(int fd)
{
    NEXT("fsync", int, -1, int);
    return real(fd);
}

int fdatasync(int fd)
{
    NEXT("fdatasync", int, -1, int);
    return real(fd);
}

int syncfs(int fd)
{
    NEXT("syncfs", int, -1, int);
    return real(fd);
}

int msync(void *bytes, size_t n, int flags)
{
    NEXT("msync", int, -1, void *, size_t, int);
    return real(bytes, n, flags);
}

int ftruncate64(int fd, off64_t len)
{
    NEXT("ftruncate64", int, -1, int, off64_t);
    return real(fd, len);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    NEXT("fallocate64", int, -1, int, int, off64_t, off64_t);
    return real(fd, mode, offset, len);
}

int flock(int fd, int operation)
{
    NEXT("flock", int, -1, int, int);
    return real(fd, operation);
}

int poll(struct pollfd *items, nfds_t n, int timeout_ms)
{
    NEXT("poll", int, -1, struct pollfd *, nfds_t, int);
    return real(items, n, timeout_ms);
}

int ppoll(struct pollfd *items, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    NEXT("ppoll", int, -1, struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    return real(items, n, timeout, mask);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    NEXT("waitpid", pid_t, -1, pid_t, int *, int);
    return real(pid, status, options);
}

int nanosleep(const struct timespec *span, struct timespec *left)
{
    if (left)
        *left = *span;
    NEXT("nanosleep", int, -1, const struct timespec *, struct timespec *);
    return real(span, left);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    NEXT("clock_nanosleep", int, EINTR, clockid_t, int, const struct timespec *, struct timespec *);
    return real(clock, flags, until, left);
}
