/* SPDX-License-Identifier: MIT */
/*
 * durable.c - a library to preload: what a program does to files, for `durable`, which asks what
 * of it a power cut may take away.
 *
 * UMM_DURABLE_LOG is the file for the records. Each is a line of six numbers after a letter, and
 * bytes: "KIND DEVICE INODE A B C LENGTH\n" and LENGTH bytes.
 *
 *   c  a new file of mode C, with the name of the bytes in directory B of device A
 *   m  a new directory, likewise; o: a new file without a name
 *   w  the bytes were written at A; p: by way of a mapping
 *   z  the size is A, and what was beyond is gone
 *   a  the size is A, and the mode is B
 *   r  an entry of the directory moved to directory B of device A: OLD NUL NEW
 *   u  an entry of the directory is gone
 *   s  the content is synced; S: the mode also; Y: all of the file system is
 *   i  standard input, a pipe, was read
 *
 * What is written by way of a shared mapping is seen by comparing it with a copy: it is recorded
 * before whatever else happens next, a page at a time.
 *
 * UMM_DURABLE_FAIL=N makes the N-th write to a regular file fail with EIO, N+ each that makes a
 * file longer from there on, with ENOSPC.
 *
 * No sync of a file or directory is done: here they only take time. What is random is the same each
 * time.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PAGE = 4096, N_MAPS_MAX = 64, LOG_FD_MIN = 200 };

static int log_fd = -1;
static long fail_at, n_writes;
static bool is_full;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct map {
    char *bytes, *copy;
    size_t len;
    unsigned long long offset;
    struct stat file;
} maps[N_MAPS_MAX];

/* A function pointer may not be cast to void *, but its bytes may be copied. */
static void find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        _exit(97);
    memcpy(function, &found, sizeof found);
}

#define NEXT(name, type, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real)                                                                                     \
    find(name, &real)

static ssize_t real_write(int fd, const void *bytes, size_t n)
{
    NEXT("write", ssize_t, int, const void *, size_t);
    return real(fd, bytes, n);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("UMM_DURABLE_LOG"), *fail = getenv("UMM_DURABLE_FAIL");
    int (*open_it)(const char *, int, ...);
    find("open64", &open_it);
    int fd = path ? open_it(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        log_fd = fcntl(fd, F_DUPFD_CLOEXEC,
                       LOG_FD_MIN); /* the program has the numbers that it would have */
        close(fd);
    }
    if (fail) {
        fail_at = atol(fail);
        is_full = strchr(fail, '+');
    }
}

/* ---- records -------------------------------------------------------------------------- */

static void put(const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t n_now = real_write(log_fd, at, n);
        if (n_now <= 0)
            _exit(98);
        at += n_now;
        n -= (size_t)n_now;
    }
}

static void record_one(char kind, const struct stat *file, unsigned long long a,
                       unsigned long long b, unsigned long long c, const void *bytes, size_t n)
{
    char line[160];
    int len =
        snprintf(line, sizeof line, "%c %llu %llu %llu %llu %llu %zu\n", kind,
                 (unsigned long long)file->st_dev, (unsigned long long)file->st_ino, a, b, c, n);
    put(line, (size_t)len);
    put(bytes, n);
}

/* What the program wrote in its mappings since the last time. */
static void record_map(struct map *map)
{
    for (size_t at = 0; at < map->len; at += PAGE) {
        size_t n = map->len - at < PAGE ? map->len - at : PAGE;
        if (memcmp(map->bytes + at, map->copy + at, n) == 0)
            continue;
        memcpy(map->copy + at, map->bytes + at, n);
        record_one('p', &map->file, map->offset + at, 0, 0, map->copy + at, n);
    }
}

static void record_maps(void)
{
    for (size_t i = 0; i < N_MAPS_MAX; i++)
        if (maps[i].bytes)
            record_map(&maps[i]);
}

static void record(char kind, const struct stat *file, unsigned long long a, unsigned long long b,
                   unsigned long long c, const void *bytes, size_t n)
{
    int code = errno;
    if (log_fd >= 0) {
        pthread_mutex_lock(&lock);
        record_maps();
        record_one(kind, file, a, b, c, bytes, n);
        pthread_mutex_unlock(&lock);
    }
    errno = code;
}

__attribute__((destructor)) static void end(void)
{
    if (log_fd >= 0)
        record_maps();
}

static bool is_regular(int fd, struct stat *file)
{
    int code = errno;
    bool is = fstat(fd, file) == 0 && S_ISREG(file->st_mode);
    errno = code;
    return is;
}

static void record_size(int fd)
{
    struct stat file;
    if (is_regular(fd, &file))
        record('a', &file, (unsigned long long)file.st_size, file.st_mode & 07777, 0, "", 0);
}

/* ---- names ----------------------------------------------------------------------------- */

/* The directory that a path's last part is in, and that part. */
static bool find_parent(int dir_fd, const char *path, struct stat *dir, const char **base)
{
    char parent[4096];
    size_t len = strlen(path);
    if (len >= sizeof parent)
        return false;
    const char *slash = strrchr(path, '/');
    *base = slash ? slash + 1 : path;
    if (!slash)
        return fstatat(dir_fd, ".", dir, 0) == 0;
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    memcpy(parent, path, n);
    parent[n] = '\0';
    return fstatat(dir_fd, parent, dir, 0) == 0;
}

static void record_new(char kind, int dir_fd, const char *path, const struct stat *file)
{
    struct stat dir;
    const char *base;
    if (find_parent(dir_fd, path, &dir, &base))
        record(kind, file, dir.st_dev, dir.st_ino, file->st_mode & 07777, base, strlen(base));
}

static int opened(int fd, int dir_fd, const char *path, int flags, bool was_there)
{
    struct stat file;
    if (fd < 0 || !is_regular(fd, &file))
        return fd;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        record('o', &file, 0, 0, file.st_mode & 07777, "", 0);
    else if ((flags & O_CREAT) && !was_there)
        record_new('c', dir_fd, path, &file);
    else if (flags & O_TRUNC)
        record('z', &file, 0, 0, 0, "", 0);
    return fd;
}

static bool is_there(int dir_fd, const char *path)
{
    struct stat file;
    int code = errno;
    bool is = fstatat(dir_fd, path, &file, 0) == 0;
    errno = code;
    return is;
}

static unsigned mode_of(int flags, va_list list)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, unsigned) : 0;
}

int openat64(int dir_fd, const char *path, int flags, ...)
{
    NEXT("openat64", int, int, const char *, int, ...);
    va_list list;
    va_start(list, flags);
    unsigned mode = mode_of(flags, list);
    va_end(list);
    bool was_there = !(flags & O_CREAT) || is_there(dir_fd, path);
    return opened(real(dir_fd, path, flags, mode), dir_fd, path, flags, was_there);
}

int open64(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    unsigned mode = mode_of(flags, list);
    va_end(list);
    return openat64(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));
int openat(int dir_fd, const char *path, int flags, ...) __attribute__((alias("openat64")));

int mkdirat(int dir_fd, const char *path, mode_t mode)
{
    NEXT("mkdirat", int, int, const char *, mode_t);
    struct stat file;
    int rc = real(dir_fd, path, mode);
    if (rc == 0 && fstatat(dir_fd, path, &file, 0) == 0)
        record_new('m', dir_fd, path, &file);
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    NEXT("renameat", int, int, const char *, int, const char *);
    struct stat old, new;
    const char *old_base, *new_base;
    char names[4096];
    bool is_known = find_parent(from_fd, from, &old, &old_base) &&
                    find_parent(to_fd, to, &new, &new_base) &&
                    strlen(old_base) + strlen(new_base) + 2 < sizeof names;
    int rc = real(from_fd, from, to_fd, to);
    if (rc == 0 && is_known) {
        int len = snprintf(names, sizeof names, "%s%c%s", old_base, 0, new_base);
        record('r', &old, new.st_dev, new.st_ino, 0, names, (size_t)len);
    }
    return rc;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int dir_fd, const char *path, int flags)
{
    NEXT("unlinkat", int, int, const char *, int);
    struct stat dir;
    const char *base;
    bool is_known = find_parent(dir_fd, path, &dir, &base);
    int rc = real(dir_fd, path, flags);
    if (rc == 0 && is_known)
        record('u', &dir, 0, 0, 0, base, strlen(base));
    return rc;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- content --------------------------------------------------------------------------- */

/* Whether a write that would end at `end` is one to fail. */
static bool fails(int fd, unsigned long long end)
{
    struct stat file;
    if (!is_regular(fd, &file) || ++n_writes < fail_at || !fail_at)
        return false;
    bool is = is_full ? end > (unsigned long long)file.st_size : n_writes == fail_at;
    if (is)
        errno = is_full ? ENOSPC : EIO;
    return is;
}

static void written(int fd, const void *bytes, ssize_t n, off64_t at)
{
    struct stat file;
    if (n > 0 && is_regular(fd, &file))
        record('w', &file, (unsigned long long)at, 0, 0, bytes, (size_t)n);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    off64_t at = lseek64(fd, 0, SEEK_CUR);
    if (fails(fd, (unsigned long long)at + n))
        return -1;
    ssize_t done = real_write(fd, bytes, n);
    written(fd, bytes, done, at);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    NEXT("pwrite64", ssize_t, int, const void *, size_t, off64_t);
    if (fails(fd, (unsigned long long)at + n))
        return -1;
    ssize_t done = real(fd, bytes, n, at);
    written(fd, bytes, done, at);
    return done;
}

/* The kernel moves them: they are read from where they are now. */
static void moved(int fd, off64_t at, ssize_t n)
{
    char path[64], bytes[65536];
    struct stat file;
    if (n <= 0 || !is_regular(fd, &file))
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int copy = openat64(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    while (n > 0) {
        ssize_t n_now =
            pread64(copy, bytes, (size_t)n < sizeof bytes ? (size_t)n : sizeof bytes, at);
        if (n_now <= 0)
            _exit(98);
        written(fd, bytes, n_now, at);
        at += n_now;
        n -= n_now;
    }
    close(copy);
}

ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
    NEXT("splice", ssize_t, int, off64_t *, int, off64_t *, size_t, unsigned);
    off64_t at = out_at ? *out_at : lseek64(out, 0, SEEK_CUR);
    ssize_t done = real(in, in_at, out, out_at, n, flags);
    moved(out, at, done);
    return done;
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
    NEXT("copy_file_range", ssize_t, int, off64_t *, int, off64_t *, size_t, unsigned);
    off64_t at = out_at ? *out_at : lseek64(out, 0, SEEK_CUR);
    ssize_t done = real(in, in_at, out, out_at, n, flags);
    moved(out, at, done);
    return done;
}

int ftruncate64(int fd, off64_t size)
{
    NEXT("ftruncate64", int, int, off64_t);
    struct stat file;
    int rc = real(fd, size);
    if (rc == 0 && is_regular(fd, &file))
        record('z', &file, (unsigned long long)size, 0, 0, "", 0);
    return rc;
}

int fallocate64(int fd, int mode, off64_t at, off64_t n)
{
    NEXT("fallocate64", int, int, int, off64_t, off64_t);
    if (fail_at && is_full && n_writes >= fail_at) {
        errno = ENOSPC;
        return -1;
    }
    int rc = real(fd, mode, at, n);
    if (rc == 0)
        record_size(fd);
    return rc;
}

int fchmod(int fd, mode_t mode)
{
    NEXT("fchmod", int, int, mode_t);
    int rc = real(fd, mode);
    if (rc == 0)
        record_size(fd);
    return rc;
}

/* An access control list has the mode in it. */
int fsetxattr(int fd, const char *name, const void *value, size_t n, int flags)
{
    NEXT("fsetxattr", int, int, const char *, const void *, size_t, int);
    int rc = real(fd, name, value, n, flags);
    if (rc == 0)
        record_size(fd);
    return rc;
}

ssize_t read(int fd, void *bytes, size_t n)
{
    NEXT("read", ssize_t, int, void *, size_t);
    struct stat file;
    if (fd == 0 && fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode))
        record('i', &file, 0, 0, 0, "", 0);
    return real(fd, bytes, n);
}

ssize_t __read_chk(int fd, void *bytes, size_t n, size_t cap)
{
    (void)cap;
    return read(fd, bytes, n);
}

/* ---- mappings -------------------------------------------------------------------------- */

void *mmap64(void *where, size_t len, int protection, int flags, int fd, off64_t at)
{
    NEXT("mmap64", void *, void *, size_t, int, int, int, off64_t);
    void *bytes = real(where, len, protection, flags, fd, at);
    if (bytes == MAP_FAILED || (flags & MAP_TYPE) != MAP_SHARED || !(protection & PROT_WRITE) ||
        fd < 0 || log_fd < 0)
        return bytes;
    for (size_t i = 0; i < N_MAPS_MAX; i++)
        if (!maps[i].bytes && is_regular(fd, &maps[i].file)) {
            maps[i].copy = malloc(len);
            if (!maps[i].copy)
                _exit(98);
            memcpy(maps[i].copy, bytes, len);
            maps[i].bytes = bytes;
            maps[i].len = len;
            maps[i].offset = (unsigned long long)at;
            break;
        }
    return bytes;
}

int munmap(void *bytes, size_t len)
{
    NEXT("munmap", int, void *, size_t);
    for (size_t i = 0; i < N_MAPS_MAX; i++)
        if (maps[i].bytes && maps[i].bytes == bytes) {
            record_map(&maps[i]);
            free(maps[i].copy);
            maps[i] = (struct map){NULL, NULL, 0, 0, {0}};
        }
    return real(bytes, len);
}

/* ---- syncs ----------------------------------------------------------------------------- */

static int synced(int fd, char kind, int (*real)(int))
{
    struct stat file;
    if (fstat(fd, &file) < 0 || !(S_ISREG(file.st_mode) || S_ISDIR(file.st_mode)))
        return real(fd);
    record(kind, &file, 0, 0, 0, "", 0);
    return 0;
}

int fsync(int fd)
{
    NEXT("fsync", int, int);
    return synced(fd, 'S', real);
}

int fdatasync(int fd)
{
    NEXT("fdatasync", int, int);
    return synced(fd, 's', real);
}

int syncfs(int fd)
{
    NEXT("syncfs", int, int);
    return synced(fd, 'Y', real);
}

int msync(void *bytes, size_t len, int flags)
{
    NEXT("msync", int, void *, size_t, int);
    for (size_t i = 0; flags == MS_SYNC && i < N_MAPS_MAX; i++)
        if (maps[i].bytes && maps[i].bytes == bytes) {
            record('s', &maps[i].file, maps[i].offset, len, 0, "", 0);
            return 0;
        }
    return log_fd < 0 && flags == MS_SYNC ? 0 : real(bytes, len, flags);
}

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
    static unsigned long long state;
    (void)flags;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] =
            (unsigned char)((state = state * 6364136223846793005U + 1442695040888963407U) >> 56);
    return (ssize_t)n;
}
