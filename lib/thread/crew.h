/* SPDX-License-Identifier: MIT */
/*
 * crew.h - threads that are started once and then wait for jobs: handing one out allocates nothing
 * and cannot fail.
 */
#ifndef UMM_THREAD_CREW_H
#define UMM_THREAD_CREW_H

#include "umm.h"

struct umm_crew;

/*
 * Start n - 1 threads, at most UMM_WORKERS_MAX - 1; the caller of umm_crew_run is the first of the
 * crew. Threads that cannot be started are done without. Signals are left to the caller's thread.
 */
UMM_MUST_USE enum umm_status umm_crew_open(unsigned n, struct umm_crew **crew,
                                           struct umm_error *err);

/* Stop the threads. NULL is allowed. */
void umm_crew_close(struct umm_crew *crew);

/* How many they are, with the caller: at least 1. */
unsigned umm_crew_size(const struct umm_crew *crew);

/*
 * Call work(user, i) in each, 0 in the caller's thread, and return when all have returned. One
 * thread at a time may call.
 */
void umm_crew_run(struct umm_crew *crew, void (*work)(void *user, unsigned index), void *user);

#endif
