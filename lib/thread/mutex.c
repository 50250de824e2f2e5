/* SPDX-License-Identifier: MIT */
#include "thread/mutex.h"

#include <assert.h>

/* With default attributes none of these fails but by misuse. */
static void check(int rc)
{
    assert(rc == 0);
    (void)rc;
}

void umm_mutex_init(struct umm_mutex *mutex, bool is_wanted)
{
    mutex->is_wanted = is_wanted;
    if (is_wanted)
        check(pthread_mutex_init(&mutex->mutex, NULL));
}

void umm_mutex_free(struct umm_mutex *mutex)
{
    if (mutex->is_wanted)
        check(pthread_mutex_destroy(&mutex->mutex));
}

void umm_mutex_lock(struct umm_mutex *mutex)
{
    if (mutex->is_wanted)
        check(pthread_mutex_lock(&mutex->mutex));
}

void umm_mutex_unlock(struct umm_mutex *mutex)
{
    if (mutex->is_wanted)
        check(pthread_mutex_unlock(&mutex->mutex));
}
