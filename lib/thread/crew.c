/* SPDX-License-Identifier: MIT */
#include "thread/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/error.h"
#include "thread/workers.h"

struct member {
    struct umm_crew *crew;
    unsigned index;
    pthread_t thread;
};

/* n_busy members have not finished job number n_jobs, which is work and user. */
struct umm_crew {
    pthread_mutex_t mutex; /* of all below but members */
    pthread_cond_t begun, ended;
    uint64_t n_jobs;
    unsigned n_busy;
    bool is_closing;
    void (*work)(void *user, unsigned index);
    void *user;
    unsigned n_members;
    struct member members[];
};

static void *serve(void *argument)
{
    const struct member *member = argument;
    struct umm_crew *crew = member->crew;
    uint64_t n_done = 0;
    pthread_mutex_lock(&crew->mutex);
    for (;;) {
        while (crew->n_jobs == n_done && !crew->is_closing)
            pthread_cond_wait(&crew->begun, &crew->mutex);
        if (crew->is_closing)
            break;
        n_done = crew->n_jobs;
        pthread_mutex_unlock(&crew->mutex);
        crew->work(crew->user, member->index);
        pthread_mutex_lock(&crew->mutex);
        if (--crew->n_busy == 0)
            pthread_cond_signal(&crew->ended);
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* New threads inherit the mask: handlers run in the caller's thread only. */
static void start(struct umm_crew *crew, unsigned n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < n; i++) {
        struct member *member = &crew->members[i];
        *member = (struct member){.crew = crew, .index = i + 1};
        if (pthread_create(&member->thread, NULL, serve, member) != 0)
            break;
        crew->n_members++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum umm_status umm_crew_open(unsigned n, struct umm_crew **crew, struct umm_error *err)
{
    const unsigned n_threads = n <= 1 ? 0 : n > UMM_WORKERS_MAX ? UMM_WORKERS_MAX - 1 : n - 1;
    const size_t len_bytes = sizeof **crew + n_threads * sizeof(struct member);
    struct umm_crew *made = calloc(1, len_bytes);
    *crew = made;
    if (!made)
        return umm_error_set_memory(err, len_bytes, "threads");
    /* With default attributes none of these fails on Linux. */
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->begun, NULL);
    pthread_cond_init(&made->ended, NULL);
    start(made, n_threads);
    return UMM_OK;
}

void umm_crew_close(struct umm_crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->mutex);
    crew->is_closing = true;
    pthread_cond_broadcast(&crew->begun);
    pthread_mutex_unlock(&crew->mutex);
    for (unsigned i = 0; i < crew->n_members; i++)
        pthread_join(crew->members[i].thread, NULL);
    pthread_cond_destroy(&crew->ended);
    pthread_cond_destroy(&crew->begun);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

unsigned umm_crew_size(const struct umm_crew *crew)
{
    return crew->n_members + 1;
}

void umm_crew_run(struct umm_crew *crew, void (*work)(void *user, unsigned index), void *user)
{
    pthread_mutex_lock(&crew->mutex);
    crew->work = work;
    crew->user = user;
    crew->n_busy = crew->n_members;
    crew->n_jobs++;
    pthread_cond_broadcast(&crew->begun);
    pthread_mutex_unlock(&crew->mutex);
    work(user, 0);
    pthread_mutex_lock(&crew->mutex);
    while (crew->n_busy)
        pthread_cond_wait(&crew->ended, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
}
