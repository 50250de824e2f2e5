/* SPDX-License-Identifier: MIT */
/* Processes and threads of a test. Include it before <cmocka.h>. */
#ifndef UMM_TEST_TASKS_H
#define UMM_TEST_TASKS_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
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

/*
 * Return when the first thread of that process waits for something: for a lock, for bytes, for
 * a time; or after a minute, for the test to fail by what was to be waited for.
 */
static inline void wait_until_asleep(pid_t pid)
{
    const time_t end = time(NULL) + 60;
    char path[48], line[512], *name_end;
    /* By way of its threads, where an emulator does not make up what stands there. */
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
    while (time(NULL) <= end) {
        FILE *f = fopen(path, "r");
        if (!f)
            return; /* it has ended */
        bool is_read = fgets(line, sizeof line, f);
        (void)fclose(f);
        if (is_read && (name_end = strrchr(line, ')')) && name_end[1] == ' ' && name_end[2] == 'S')
            return;
        usleep(1000);
    }
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
