/* SPDX-License-Identifier: MIT */
/*
 * workers.h - threads that share a job whose pieces come in and go out in order.
 *
 *     take a ticket and a piece (one worker at a time)  ->  work on it (all at once)
 *     ->  when it is the ticket's turn: hand it on (one worker at a time, in order)
 */
#ifndef UMM_THREAD_WORKERS_H
#define UMM_THREAD_WORKERS_H

#include <pthread.h>

#include "umm.h"

enum { UMM_WORKERS_MAX = 256 };

/* Processors that the calling thread may run on; at least 1, at most UMM_WORKERS_MAX. */
unsigned umm_workers_count(void);

/* run's n_threads, or umm_workers_count() when it says 0 or run is NULL. */
unsigned umm_workers_wanted(const struct umm_run *run);

/*
 * Call work(user, i) for i = 0 .. n - 1, each in a thread of its own, 0 in the
 * caller's, and return when all have returned. Threads that cannot be started are
 * done without: work must finish the job with any number, 0 alone included. Signals
 * are left to the caller's thread.
 */
void umm_workers_run(unsigned n, void (*work)(void *user, unsigned index), void *user);

/* The order of the pieces. */
struct umm_turns {
    pthread_mutex_t input; /* held while a piece is taken */
    pthread_mutex_t mutex; /* of the two below */
    pthread_cond_t passed;
    uint64_t next_ticket; /* guarded by input */
    uint64_t now;         /* the ticket whose turn it is */
};

void umm_turns_init(struct umm_turns *turns);
void umm_turns_free(struct umm_turns *turns);

/* Taking a piece, and whatever else one thread at a time may do with the input. */
void umm_turns_lock(struct umm_turns *turns);
void umm_turns_unlock(struct umm_turns *turns);

/* While locked: the place in the order of the piece that is being taken. */
uint64_t umm_turns_ticket(struct umm_turns *turns);

/* Wait for ticket's turn; pass it to the next one afterwards, whatever happened. */
void umm_turns_wait(struct umm_turns *turns, uint64_t ticket);
void umm_turns_pass(struct umm_turns *turns);

#endif
