/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the time, in nanoseconds. Nothing here fails; any thread may call.
 */
#ifndef UMM_SYS_CLOCK_H
#define UMM_SYS_CLOCK_H

#include "umm.h"

/* CLOCK_MONOTONIC: never goes back, origin unspecified. For durations. */
uint64_t umm_clock_monotonic_ns(void);

/* The clock of run when it brings one, else umm_clock_monotonic_ns. run may be NULL. */
uint64_t umm_clock_run_ns(const struct umm_run *run);

/*
 * CLOCK_BOOTTIME, since the machine began, in the ticks in which the kernel says when a process
 * began: of 10 ms.
 */
uint64_t umm_clock_boot_ticks(void);

/* CLOCK_THREAD_CPUTIME_ID: what the calling thread has used of a processor. */
uint64_t umm_clock_thread_ns(void);

/* CLOCK_REALTIME: nanoseconds since 1970-01-01T00:00:00 UTC, without leap seconds. */
int64_t umm_clock_realtime_ns(void);

/* Sleep until umm_clock_monotonic_ns is at_ns, or run is cancelled by a signal. */
void umm_clock_sleep_until(uint64_t at_ns, const struct umm_run *run);

#endif
