/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>
#include <unistd.h>

#include "sys/clock.h"

static uint64_t started_ns;
static bool is_shown, is_of_items;

static void print_seconds(double seconds)
{
    unsigned long s = seconds > 0 ? (unsigned long)(seconds + 0.5) : 0;
    if (s >= 3600)
        fprintf(stderr, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(stderr, "%lu:%02lu", s / 60, s % 60);
}

static void show(void *user, uint64_t done_bytes, uint64_t total_bytes)
{
    enum { CELLS = 24 };
    (void)user;
    double elapsed = (double)(umm_clock_monotonic_ns() - started_ns) * 1e-9;
    double rate = elapsed > 0 ? (double)done_bytes / elapsed : 0;
    fputs("\r\033[K", stderr);
    if (total_bytes && done_bytes <= total_bytes) {
        double part = (double)done_bytes / (double)total_bytes;
        int filled = (int)(part * CELLS);
        fprintf(stderr, "%3d%% [%.*s%*s] ", (int)(part * 100), filled, "########################",
                CELLS - filled, "");
    } else {
        fprintf(stderr, "%.1f MB ", (double)done_bytes * 1e-6);
    }
    if (is_of_items)
        fprintf(stderr, "%.0f items/s", rate);
    else
        fprintf(stderr, "%.0f MB/s", rate * 1e-6);
    if (total_bytes && done_bytes <= total_bytes && rate > 0) {
        fputs(" ETA ", stderr);
        print_seconds((double)(total_bytes - done_bytes) / rate);
    }
    fflush(stderr);
    is_shown = true;
}

void cli_progress_start(struct umm_run *run, enum cli_when when)
{
    if (when == CLI_NEVER || (when == CLI_AUTO && !isatty(STDERR_FILENO)))
        return;
    started_ns = umm_clock_monotonic_ns();
    run->progress = show;
}

void cli_progress_start_items(struct umm_run *run, enum cli_when when)
{
    is_of_items = true;
    cli_progress_start(run, when);
}

void cli_progress_stop(void)
{
    if (!is_shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    is_shown = false;
}
