/* SPDX-License-Identifier: MIT */
/*
 * live_looks COUNT_S - read the looks of umm-watch from standard input until its end, and count
 * those that come in the COUNT_S seconds after SIGUSR1:
 *
 *     LOOKS_PER_S P50_US P99_US MAX_US
 *
 * of the last field of each line, how late it was. Printed when the time is over.
 */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Lateness by the microsecond; longer ones count as the longest. */
enum { LATE_MAX_US = 10000000, READ_BYTES = 1 << 20, LINE_MAX_BYTES = 1024 };

static uint32_t late[LATE_MAX_US + 1];
static uint64_t n_looks;
static char input[LINE_MAX_BYTES + READ_BYTES];
static volatile double begin_s = INFINITY;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void begin(int number)
{
    (void)number;
    begin_s = now_s();
}

static void count_line(const char *begin, const char *end)
{
    uint64_t us = 0, unit = 1;
    const char *at = end;
    for (; at > begin && at[-1] >= '0' && at[-1] <= '9'; at--, unit *= 10)
        us += unit * (uint64_t)(at[-1] - '0');
    if (at == end || at == begin || at[-1] != ',')
        return; /* the line of names */
    late[us < LATE_MAX_US ? us : LATE_MAX_US]++;
    n_looks++;
}

static unsigned quantile_us(double share)
{
    uint64_t seen = 0;
    for (unsigned us = 0; us < LATE_MAX_US; us++) {
        seen += late[us];
        if ((double)seen >= share * (double)n_looks)
            return us;
    }
    return LATE_MAX_US;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    const double count_s = strtod(argv[1], NULL);
    signal(SIGUSR1, begin);
    size_t kept = 0;
    int is_printed = 0;
    ssize_t n;
    while ((n = read(STDIN_FILENO, input + kept, READ_BYTES)) > 0) {
        const double now = now_s();
        char *line = input, *end = input + kept + n, *newline;
        for (; (newline = (char *)memchr(line, '\n', (size_t)(end - line))); line = newline + 1) {
            if (now >= begin_s && now < begin_s + count_s)
                count_line(line, newline);
        }
        kept = (size_t)(end - line);
        if (kept > LINE_MAX_BYTES)
            return 1;
        memmove(input, line, kept);
        if (now >= begin_s + count_s && !is_printed) {
            is_printed = 1;
            printf("%.1f %u %u %u\n", (double)n_looks / count_s, quantile_us(0.5),
                   quantile_us(0.99), quantile_us(1));
            fflush(stdout);
        }
    }
    return is_printed ? 0 : 1;
}
