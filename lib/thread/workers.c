/* SPDX-License-Identifier: MIT */
#include "thread/workers.h"

#include <sched.h>
#include <signal.h>

/* ---- threads ------------------------------------------------------------------- */

unsigned umm_workers_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    /* Fails on machines with more processors than a cpu_set_t holds. */
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > UMM_WORKERS_MAX ? UMM_WORKERS_MAX : (unsigned)n;
}

unsigned umm_workers_wanted(const struct umm_run *run)
{
    unsigned n = run && run->n_threads ? run->n_threads : umm_workers_count();
    return n > UMM_WORKERS_MAX ? UMM_WORKERS_MAX : n;
}

struct worker {
    void (*work)(void *user, unsigned index);
    void *user;
    unsigned index;
};

static void *start(void *argument)
{
    const struct worker *worker = argument;
    worker->work(worker->user, worker->index);
    return NULL;
}

void umm_workers_run(unsigned n, void (*work)(void *user, unsigned index), void *user)
{
    pthread_t threads[UMM_WORKERS_MAX];
    struct worker workers[UMM_WORKERS_MAX];
    unsigned n_started = 0;
    sigset_t all, before;
    if (n <= 1) {
        work(user, 0);
        return;
    }
    /* New threads inherit the mask: handlers run in the caller's thread only. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 1; i < n && i < UMM_WORKERS_MAX; i++) {
        workers[i] = (struct worker){work, user, i};
        if (pthread_create(&threads[n_started], NULL, start, &workers[i]) != 0)
            break;
        n_started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    work(user, 0);
    for (unsigned i = 0; i < n_started; i++)
        pthread_join(threads[i], NULL);
}

/* ---- turns --------------------------------------------------------------------- */

/*
 * Whoever is waited for is done in a few dozen microseconds, and to be woken up takes
 * longer than that: look that long before sleeping. Between two looks a processor has
 * some 20 to 100 cycles of rest.
 */
enum { LOOKS = 2000 };

static void rest(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

void umm_turns_init(struct umm_turns *turns)
{
    /* With default attributes none of these fails on Linux. */
    pthread_mutex_init(&turns->input, NULL);
    pthread_mutex_init(&turns->mutex, NULL);
    pthread_cond_init(&turns->passed, NULL);
    turns->next_ticket = turns->now = 0;
}

void umm_turns_free(struct umm_turns *turns)
{
    pthread_mutex_destroy(&turns->input);
    pthread_mutex_destroy(&turns->mutex);
    pthread_cond_destroy(&turns->passed);
}

void umm_turns_lock(struct umm_turns *turns)
{
    for (int i = 0; i < LOOKS; i++) {
        if (pthread_mutex_trylock(&turns->input) == 0)
            return;
        rest();
    }
    pthread_mutex_lock(&turns->input);
}

void umm_turns_unlock(struct umm_turns *turns)
{
    pthread_mutex_unlock(&turns->input);
}

uint64_t umm_turns_ticket(struct umm_turns *turns)
{
    return turns->next_ticket++;
}

void umm_turns_wait(struct umm_turns *turns, uint64_t ticket)
{
    for (int i = 0; i < LOOKS; i++) {
        if (__atomic_load_n(&turns->now, __ATOMIC_ACQUIRE) == ticket)
            return;
        rest();
    }
    pthread_mutex_lock(&turns->mutex);
    while (__atomic_load_n(&turns->now, __ATOMIC_ACQUIRE) != ticket)
        pthread_cond_wait(&turns->passed, &turns->mutex);
    pthread_mutex_unlock(&turns->mutex);
}

void umm_turns_pass(struct umm_turns *turns)
{
    pthread_mutex_lock(&turns->mutex);
    __atomic_fetch_add(&turns->now, 1, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&turns->passed);
    pthread_mutex_unlock(&turns->mutex);
}
