/* SPDX-License-Identifier: MIT */
/*
 * mutex.h - a lock among the threads of a process, for modules where locking is a
 * choice: one that is not wanted costs a test. Not recursive, never fails.
 */
#ifndef UMM_THREAD_MUTEX_H
#define UMM_THREAD_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

struct umm_mutex {
    bool is_wanted;
    pthread_mutex_t mutex;
};

void umm_mutex_init(struct umm_mutex *mutex, bool is_wanted);
void umm_mutex_free(struct umm_mutex *mutex);
void umm_mutex_lock(struct umm_mutex *mutex);
void umm_mutex_unlock(struct umm_mutex *mutex);

#endif
