/* SPDX-License-Identifier: MIT */
/*
 * measure RESULT N REMOVE CMD [ARG...] - run CMD N times, one line for each in RESULT:
 *
 *   wall seconds, peak resident KiB, exit code (128 + signal when killed)
 *
 * REMOVE is unlinked before each run; "-" for nothing. A separate small program,
 * because the peak that wait4 reports for a child begins with the memory of the
 * process that started it: a Python driver's would hide that of a small tool.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "Usage: measure RESULT N REMOVE CMD [ARG...]\n");
        return 2;
    }
    /* The command must not inherit it, hence "e". */
    FILE *result = fopen(argv[1], "we");
    if (!result) {
        perror(argv[1]);
        return 1;
    }
    long n = strtol(argv[2], NULL, 10);
    for (long i = 0; i < n; i++) {
        struct rusage usage;
        pid_t pid;
        int status;
        if (strcmp(argv[3], "-") != 0)
            unlink(argv[3]);
        double start = now_s();
        int code = posix_spawnp(&pid, argv[4], NULL, NULL, argv + 4, environ);
        if (code) {
            fprintf(stderr, "%s: %s\n", argv[4], strerror(code));
            return 1;
        }
        if (wait4(pid, &status, 0, &usage) != pid) {
            perror("wait4");
            return 1;
        }
        fprintf(result, "%.9f %ld %d\n", now_s() - start, usage.ru_maxrss,
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return fclose(result) == 0 ? 0 : 1;
}
