/* SPDX-License-Identifier: MIT */
/* The order in which many jobs are begun, put in place and told. */
#include "array/commits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

enum { MANY = 700, FEW = 5, N_STEPS = 2, BUSY = 3, BAD = 4, LATE = 90 };

/* What happened, as a count of events at which each job did something; 0: never. */
struct log {
    uint64_t now;
    uint64_t begun[MANY], steps[MANY][N_STEPS], released[MANY];
    unsigned n_begun[MANY], n_ended[MANY];
    bool is_together[MANY];
    size_t n_done;
    enum umm_status status[MANY];
};

struct room {
    int is_used;
};

static uint64_t tick(struct log *log)
{
    return __atomic_add_fetch(&log->now, 1, __ATOMIC_SEQ_CST);
}

static enum umm_status begin(void *user, struct umm_commits_job *job, struct umm_error *err)
{
    struct log *log = user;
    struct room *room = job->room;
    bool is_new;
    const size_t i = job->number;
    assert_int_equal(room->is_used, 0);
    room->is_used = 1;
    log->n_begun[i]++;
    log->begun[i] = tick(log);
    log->is_together[i] = job->is_together;
    if (i == BUSY && !job->may_wait)
        return umm_error_set(err, UMM_ERR_BUSY, "locked");
    if (i == LATE) {
        /* Of another file system than the root's: by itself from here on. */
        assert_int_equal(umm_commits_make_directory(job, "/proc/1m.npy", false, &is_new, NULL),
                         UMM_OK);
        assert_false(is_new);
        log->is_together[i] = job->is_together;
    }
    return i == BAD ? umm_error_set(err, UMM_ERR_DATA, "bad") : UMM_OK;
}

static enum umm_status step(void *user, struct umm_commits_job *job, size_t number,
                            struct umm_error *err)
{
    struct log *log = user;
    (void)err;
    assert_int_equal(log->steps[job->number][number], 0);
    log->steps[job->number][number] = tick(log);
    return UMM_OK;
}

static void done(void *user, struct umm_commits_job *job, enum umm_status status,
                 const struct umm_error *err)
{
    struct log *log = user;
    assert_int_equal(job->number, log->n_done);
    assert_int_equal(err->status, status);
    log->status[log->n_done++] = status;
}

static void release(void *user, struct umm_commits_job *job)
{
    struct log *log = user;
    log->released[job->number] = tick(log);
}

static void end(void *user, struct umm_commits_job *job)
{
    struct log *log = user;
    log->n_ended[job->number]++;
}

static enum umm_status run_jobs(struct log *log, size_t n, bool is_synced, struct umm_run *run)
{
    const struct umm_commits commits = {.n = n,
                                        .n_steps = N_STEPS,
                                        .n_files = 8,
                                        .room_bytes = sizeof(struct room),
                                        .roots = {".", "."},
                                        .is_synced = is_synced,
                                        .begin = begin,
                                        .step = step,
                                        .done = done,
                                        .release = release,
                                        .end = end,
                                        .user = log};
    struct umm_error err;
    memset(log, 0, sizeof *log);
    return umm_commits_run(&commits, run, &err);
}

static void check_all(const struct log *log, size_t n)
{
    assert_int_equal(log->n_done, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(log->status[i], i == BAD ? UMM_ERR_DATA : UMM_OK);
        assert_int_equal(log->n_ended[i], log->n_begun[i]);
        if (i == BAD)
            assert_int_equal(log->steps[i][0] + log->steps[i][1], 0);
        else
            assert_true(log->begun[i] < log->steps[i][0] && log->steps[i][0] < log->steps[i][1]);
    }
}

/* Job 0's group: those that began before its first step. */
static void groups_go_step_by_step(void **state)
{
    static struct log log;
    (void)state;
    for (unsigned n_threads = 1; n_threads <= 3; n_threads += 2) {
        struct umm_run run = {.n_threads = n_threads};
        size_t n_group = 0;
        assert_int_equal(run_jobs(&log, MANY, true, &run), UMM_OK);
        check_all(&log, MANY);
        while (n_group < MANY && (n_group == BUSY || log.begun[n_group] < log.steps[0][1]))
            n_group++;
        assert_true(n_group > BAD);
        for (size_t i = 0; i < n_group; i++) {
            if (i == BUSY || i == BAD)
                continue;
            assert_int_equal(log.is_together[i], i != LATE);
            for (size_t k = 0; k < n_group; k++) {
                if (k == BUSY || k == BAD)
                    continue;
                assert_true(log.begun[i] < log.steps[k][0]);
                assert_true(log.steps[i][0] < log.steps[k][1]);
            }
        }
    }
}

/* No lock is waited for while others are held. */
static void a_busy_job_waits_when_nothing_is_held(void **state)
{
    static struct log log;
    struct umm_run run = {.n_threads = 2};
    (void)state;
    assert_int_equal(run_jobs(&log, MANY, true, &run), UMM_OK);
    assert_int_equal(log.n_begun[BUSY], 2);
    assert_false(log.is_together[BUSY]);
    for (size_t i = 0; i < MANY; i++)
        if (log.begun[i] < log.begun[BUSY])
            assert_true(log.released[i] && log.released[i] < log.begun[BUSY]);
}

static void few_jobs_and_unsynced_ones_are_done_singly(void **state)
{
    static struct log log;
    struct umm_run run = {.n_threads = 2};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const size_t n = i ? MANY : FEW;
        assert_int_equal(run_jobs(&log, n, i == 0, &run), UMM_OK);
        check_all(&log, n);
        for (size_t k = 0; k < n; k++)
            assert_true(!log.is_together[k] && log.n_begun[k] == 1);
    }
    assert_int_equal(run_jobs(&log, 0, true, &run), UMM_OK);
    assert_int_equal(log.n_done, 0);
}

static void a_cancelled_run_tells_nothing_more(void **state)
{
    static struct log log;
    struct umm_run run = {.n_threads = 2, .cancelled = 1};
    (void)state;
    for (int is_synced = 0; is_synced < 2; is_synced++) {
        assert_int_equal(run_jobs(&log, MANY, is_synced, &run), UMM_ERR_CANCELLED);
        assert_int_equal(log.n_done, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_go_step_by_step),
        cmocka_unit_test(a_busy_job_waits_when_nothing_is_held),
        cmocka_unit_test(few_jobs_and_unsynced_ones_are_done_singly),
        cmocka_unit_test(a_cancelled_run_tells_nothing_more),
    };
    return cmocka_run_group_tests_name("commits", tests, NULL, NULL);
}
