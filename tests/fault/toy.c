/* SPDX-License-Identifier: MIT */
/*
 * toy.c - the smallest tool that keeps every promise the fault harness checks: it
 * copies IN to OUT, durably, through a temporary file. -DBUG=n breaks one promise,
 * to see that the harness notices; the lists are in tests/fault/run, alloc and durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef BUG
#define BUG 0
#endif

enum {
    IGNORES_WRITE = 1,
    LEAVES_TEMP,
    IN_PLACE,
    IGNORES_SYNC,
    SAYS_NOTHING,
    NO_RETRY,
    NO_MEMORY,
    OPEN,
    IGNORES_CLOSE,
    IGNORES_LOCK,
    NO_SYNC,
    NO_DIRECTORY_SYNC,
    LATE_SYNC
};

static const char temp_name[] = ".out.umm-0";

static int fail(const char *what)
{
    int code = errno;
    if (BUG != LEAVES_TEMP)
        unlink(temp_name);
    if (BUG != SAYS_NOTHING)
        fprintf(stderr, "toy: %s: %s\n", what, strerror(code));
    return 1;
}

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static int sync_again(int fd)
{
    int rc;
    do
        rc = fsync(fd);
    while (rc < 0 && errno == EINTR);
    return rc;
}

static int lock_again(int fd)
{
    int rc;
    do
        rc = flock(fd, LOCK_EX);
    while (rc < 0 && errno == EINTR);
    return rc;
}

static int write_all(int fd, const char *bytes, size_t len_bytes)
{
    while (len_bytes > 0) {
        ssize_t n = write(fd, bytes, len_bytes);
        if (n < 0 && errno == EINTR && BUG != NO_RETRY)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len_bytes -= (size_t)n;
    }
    return 0;
}

static int copy(int in, int out, char *bytes, size_t cap_bytes)
{
    for (;;) {
        ssize_t n = read(in, bytes, cap_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        if (write_all(out, bytes, (size_t)n) && BUG != IGNORES_WRITE)
            return -1;
    }
}

static int copy_in_pieces(int in, int out)
{
    enum { PIECE = 4096 };
    char *bytes = malloc(PIECE);
    if (!bytes && BUG != NO_MEMORY)
        return -1;
    bytes[0] = 0; /* where the planted mistake crashes */
    int rc = copy(in, out, bytes, PIECE), code = errno;
    free(bytes);
    errno = code;
    return rc;
}

static int sync_file(int fd)
{
    return sync_again(fd) && BUG != IGNORES_SYNC ? fail("cannot sync") : 0;
}

static int sync_directory(void)
{
    int fd = open_again(".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fail("cannot open the directory");
    int rc = sync_file(fd);
    close(fd);
    return rc;
}

int main(int argc, char **argv)
{
    close(open("/dev/null", O_RDWR));
    if (argc != 3)
        return 2;
    const char *target = BUG == IN_PLACE ? argv[2] : temp_name;
    int in = open_again(argv[1], O_RDONLY, 0);
    if (in < 0)
        return fail("cannot open the input");
    if (lock_again(in) && BUG != IGNORES_LOCK)
        return fail("cannot lock the input");
    int out = open_again(target, O_WRONLY | O_CREAT | O_TRUNC, BUG == OPEN ? 0644 : 0600);
    if (out < 0)
        return fail("cannot create the output");
    if (copy_in_pieces(in, out))
        return fail("cannot copy");
    if (fchmod(out, 0644))
        return fail("cannot set the mode");
    int late = BUG == LATE_SYNC ? dup(out) : -1;
    /* What a sync has answered for, a close cannot refuse. */
    if (BUG != IGNORES_CLOSE && BUG != NO_SYNC && BUG != LATE_SYNC && sync_file(out))
        return 1;
    if (close(out) && BUG != IGNORES_CLOSE)
        return fail("cannot close");
    if (BUG != IN_PLACE && rename(target, argv[2]))
        return fail("cannot rename");
    if (BUG != NO_DIRECTORY_SYNC && sync_directory())
        return 1;
    return late < 0 ? 0 : sync_file(late);
}
