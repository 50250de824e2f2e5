/* SPDX-License-Identifier: MIT */
#include "thread/workers.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N_PIECES = 20000 };

static void count_call(void *user, unsigned index)
{
    unsigned *calls = user;
    calls[index]++;
}

static void each_index_is_called_once(void **state)
{
    static const unsigned counts[] = {0, 1, 2, 7, UMM_WORKERS_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned calls[UMM_WORKERS_MAX] = {0}, n = counts[i] ? counts[i] : 1;
        umm_workers_run(counts[i], count_call, calls);
        for (unsigned k = 0; k < UMM_WORKERS_MAX; k++)
            assert_int_equal(calls[k], k < n);
    }
}

static void as_many_as_asked_for(void **state)
{
    struct umm_run run = {0};
    (void)state;
    assert_in_range(umm_workers_count(), 1, UMM_WORKERS_MAX);
    assert_int_equal(umm_workers_wanted(NULL), umm_workers_count());
    assert_int_equal(umm_workers_wanted(&run), umm_workers_count());
    run.n_threads = 3;
    assert_int_equal(umm_workers_wanted(&run), 3);
    run.n_threads = UMM_WORKERS_MAX + 1;
    assert_int_equal(umm_workers_wanted(&run), UMM_WORKERS_MAX);
}

static void look_at_mask(void *user, unsigned index)
{
    bool *is_blocked = user;
    sigset_t mask;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    is_blocked[index] = sigismember(&mask, SIGTERM);
}

static void signals_are_for_the_caller(void **state)
{
    bool is_blocked[3] = {0};
    (void)state;
    umm_workers_run(3, look_at_mask, is_blocked);
    assert_false(is_blocked[0]);
    assert_true(is_blocked[1] && is_blocked[2]);
    look_at_mask(is_blocked, 0);
    assert_false(is_blocked[0]);
}

/* Pieces that are numbers; what comes out is not guarded but by the turns. */
struct job {
    struct umm_turns turns;
    unsigned n_taken, n_out;
    unsigned out[N_PIECES];
};

static void work(void *user, unsigned index)
{
    struct job *job = user;
    (void)index;
    for (;;) {
        umm_turns_lock(&job->turns);
        unsigned piece = job->n_taken;
        bool is_over = piece == N_PIECES;
        uint64_t ticket = is_over ? 0 : umm_turns_ticket(&job->turns);
        job->n_taken += !is_over;
        umm_turns_unlock(&job->turns);
        if (is_over)
            return;
        /* Some take longer, so that others sleep until it is their turn. */
        for (volatile unsigned spin = 0; spin < (piece % 1000 == 0 ? 200000U : piece % 7);)
            spin = spin + 1;
        umm_turns_wait(&job->turns, ticket);
        job->out[job->n_out++] = piece;
        umm_turns_pass(&job->turns);
    }
}

static void pieces_go_out_as_they_came_in(void **state)
{
    static const unsigned threads[] = {1, 2, 4, 9};
    static struct job job;
    (void)state;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        memset(&job, 0, sizeof job);
        umm_turns_init(&job.turns);
        umm_workers_run(threads[i], work, &job);
        umm_turns_free(&job.turns);
        assert_int_equal(job.n_out, N_PIECES);
        for (unsigned k = 0; k < N_PIECES; k++)
            assert_int_equal(job.out[k], k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_is_called_once),
        cmocka_unit_test(as_many_as_asked_for),
        cmocka_unit_test(signals_are_for_the_caller),
        cmocka_unit_test(pieces_go_out_as_they_came_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
