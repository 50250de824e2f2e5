/* SPDX-License-Identifier: MIT */
/*
 * grow.c - the smallest tool that keeps what a journal has while a file grows by it: OUT is a page
 * with the number of bytes after it that count, OUT.journal has the bytes to come. -DBUG=n breaks
 * one promise, to see that tests/fault/durable notices; the list is there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef BUG
#define BUG 0
#endif

enum { PAGE = 4096, JOURNAL_MAX = 1 << 16 };
enum { COUNTS_EARLY = 1, NO_LAST_SYNC, DROPS_EARLY };

static int fail(const char *what)
{
    fprintf(stderr, "grow: %s\n", what);
    return 1;
}

static int count(int out, long n)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%ld\n", n);
    return pwrite(out, text, (size_t)len, 0) == len ? 0 : -1;
}

int main(int argc, char **argv)
{
    static char bytes[JOURNAL_MAX], head[PAGE];
    if (argc != 3)
        return 2;
    int out = open(argv[1], O_RDWR), journal = open(argv[2], O_RDONLY);
    if (out < 0)
        return fail("no file");
    if (journal < 0)
        return 0;
    ssize_t n = read(journal, bytes, sizeof bytes);
    if (n < 0 || pread(out, head, sizeof head, 0) != (ssize_t)sizeof head)
        return fail("cannot read");
    long n_old = strtol(head, NULL, 10);
    /* The journal's first bytes may be counted already: it stayed when a run was killed. */
    long first = strtol(bytes, NULL, 10);
    if (first == n_old) {
        if (pwrite(out, bytes, (size_t)n, PAGE + n_old) != n)
            return fail("cannot write");
        if (BUG != COUNTS_EARLY && fdatasync(out))
            return fail("cannot sync");
        if (count(out, n_old + n))
            return fail("cannot write");
    }
    if (BUG == DROPS_EARLY)
        unlink(argv[2]);
    if (BUG != NO_LAST_SYNC && fdatasync(out))
        return fail("cannot sync");
    unlink(argv[2]);
    return 0;
}
