/* SPDX-License-Identifier: MIT */
/* Processes and threads of a test. Include it before <cmocka.h>. */
#ifndef UMM_TEST_TASKS_H
#define UMM_TEST_TASKS_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

/* fork, with a child that does not outlive a failed test. */
static inline pid_t fork_mortal(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/* work(user) in four threads at once; each gives NULL. */
static inline void run_in_four_threads(void *(*work)(void *user), void *user)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, user), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
}

#endif
