/* SPDX-License-Identifier: MIT */
/*
 * replace DIR N BYTES - write N files of BYTES bytes in DIR, each under a temporary name
 * first: what any program pays for so many outputs that are never seen half.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void check(int is_good, const char *what)
{
    if (is_good)
        return;
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    check(argc == 4, "usage: replace DIR N BYTES");
    const long n = atol(argv[2]), size = atol(argv[3]);
    char *bytes = calloc(1, (size_t)size), temp[32], name[32];
    int dir = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(bytes && dir >= 0, argv[1]);
    for (long i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%04ld.npy", i);
        snprintf(temp, sizeof temp, ".%04ld.npy.tmp", i);
        int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        check(fd >= 0 && write(fd, bytes, (size_t)size) == size && close(fd) == 0, temp);
        check(renameat(dir, temp, dir, name) == 0, name);
    }
    free(bytes);
    return 0;
}
