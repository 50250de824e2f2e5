/* SPDX-License-Identifier: MIT */
#include "sys/uptodate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/clock.h"

enum { NS_PER_S = 1000000000 };

static int64_t modified_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

void umm_uptodate_look(struct umm_uptodate *inputs, const char *input)
{
    struct stat st;
    int failed = strcmp(input, "-") == 0 ? fstat(0, &st) : stat(input, &st);
    if (failed)
        return;
    int64_t ns = S_ISREG(st.st_mode) ? modified_ns(&st) : umm_clock_realtime_ns();
    if (ns > inputs->newest_ns)
        inputs->newest_ns = ns;
}

void umm_uptodate_settle(const struct umm_uptodate *inputs, const char *output)
{
    struct stat st;
    if (stat(output, &st) == 0 && S_ISREG(st.st_mode) && modified_ns(&st) < inputs->newest_ns)
        umm_uptodate_touch(output);
}

/*
 * The time that the kernel gives a file, as for one that somebody else owns, may be some
 * milliseconds ago: before that of an input that was just written.
 */
void umm_uptodate_touch(const char *output)
{
    int64_t now = umm_clock_realtime_ns();
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = now / NS_PER_S, .tv_nsec = now % NS_PER_S}};
    if (utimensat(AT_FDCWD, output, times, 0) < 0)
        (void)!utimensat(AT_FDCWD, output, NULL, 0);
}
