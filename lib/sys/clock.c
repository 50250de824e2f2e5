/* SPDX-License-Identifier: MIT */
#include "sys/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* fails for bad arguments only */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t umm_clock_monotonic_ns(void)
{
    return (uint64_t)read_ns(CLOCK_MONOTONIC);
}

uint64_t umm_clock_boot_ticks(void)
{
    const uint64_t tick_ns = 10000000; /* USER_HZ is 100 on all machines but Alpha and Itanium */
    return (uint64_t)read_ns(CLOCK_BOOTTIME) / tick_ns;
}

uint64_t umm_clock_thread_ns(void)
{
    return (uint64_t)read_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t umm_clock_run_ns(const struct umm_run *run)
{
    return run && run->clock_ns ? run->clock_ns(run->clock_user) : umm_clock_monotonic_ns();
}

int64_t umm_clock_realtime_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}

void umm_clock_sleep_until(uint64_t at_ns, const struct umm_run *run)
{
    const uint64_t second = 1000000000;
    struct timespec at = {.tv_sec = (time_t)(at_ns / second), .tv_nsec = (long)(at_ns % second)};
    while (!umm_run_is_cancelled(run) &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}
