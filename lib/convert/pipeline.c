/* SPDX-License-Identifier: MIT */
#include "convert/pipeline.h"

#include "base/error.h"
#include "thread/workers.h"

/* A run: what its workers share. status and err are set once, under a turn. */
struct shared {
    const struct umm_pipeline *pipeline;
    struct umm_turns turns;
    int is_over; /* no more blocks: the end, or a failure */
    enum umm_status status;
    struct umm_error err;
    enum umm_status write_status; /* guarded by turns.input */
    struct umm_error write_err;
};

static bool is_over(const struct shared *shared)
{
    return __atomic_load_n(&shared->is_over, __ATOMIC_RELAXED) != 0;
}

static void set_over(struct shared *shared)
{
    __atomic_store_n(&shared->is_over, 1, __ATOMIC_RELAXED);
}

/* Under a turn: the first failure in the order of the text stays. */
static void note(struct shared *shared, enum umm_status status, const struct umm_error *err)
{
    if (!status || shared->status)
        return;
    shared->status = status;
    shared->err = *err;
    set_over(shared);
}

/* One piece of the text from end to end; false when there are no more. */
static bool do_piece(struct shared *shared, struct umm_block *block)
{
    const struct umm_pipeline *p = shared->pipeline;
    struct umm_error err = {.status = UMM_OK};
    enum umm_cut cut = UMM_CUT_END;
    enum umm_status status = UMM_OK;
    umm_turns_lock(&shared->turns);
    uint64_t ticket = umm_turns_ticket(&shared->turns);
    if (!is_over(shared))
        status = p->cut(p->user, block, &cut, &err);
    if (status || cut == UMM_CUT_END)
        set_over(shared);
    bool is_serial = !status && cut == UMM_CUT_SERIAL;
    if (!is_serial)
        umm_turns_unlock(&shared->turns);
    if (!status && cut == UMM_CUT_BLOCK)
        status = umm_block_convert(block, p->plan, &err);
    umm_turns_wait(&shared->turns, ticket);
    /* After a failure the blocks after it are only let through. */
    bool is_wanted = !status && !shared->status;
    if (is_wanted && cut == UMM_CUT_BLOCK)
        status = p->take(p->user, block, &err);
    if (is_wanted && is_serial)
        status = p->serial(p->user, &err);
    note(shared, status, &err);
    bool is_done = shared->status != UMM_OK;
    umm_turns_pass(&shared->turns);
    if (is_serial)
        umm_turns_unlock(&shared->turns);
    if (!is_done && cut == UMM_CUT_BLOCK)
        status = p->write(p->user, block, &err);
    if (!is_done && cut == UMM_CUT_BLOCK && status) {
        umm_turns_lock(&shared->turns);
        if (!shared->write_status) {
            shared->write_status = status;
            shared->write_err = err;
        }
        set_over(shared);
        umm_turns_unlock(&shared->turns);
    }
    return !is_done && cut != UMM_CUT_END;
}

static void work(void *user, unsigned index)
{
    struct shared *shared = user;
    struct umm_block block;
    struct umm_error err;
    enum umm_status status =
        umm_block_init(&block, shared->pipeline->block_bytes, shared->pipeline->is_long, &err);
    /* The others can do without a worker that finds no memory, but not without all. */
    if (status && index == 0) {
        umm_turns_lock(&shared->turns);
        uint64_t ticket = umm_turns_ticket(&shared->turns);
        umm_turns_unlock(&shared->turns);
        umm_turns_wait(&shared->turns, ticket);
        note(shared, status, &err);
        umm_turns_pass(&shared->turns);
    }
    while (!status && do_piece(shared, &block)) {
    }
    umm_block_free(&block);
}

enum umm_status umm_pipeline_run(const struct umm_pipeline *pipeline, unsigned n_threads,
                                 struct umm_error *err)
{
    struct shared shared = {.pipeline = pipeline};
    umm_turns_init(&shared.turns);
    umm_workers_run(n_threads, work, &shared);
    umm_turns_free(&shared.turns);
    enum umm_status status = shared.status ? shared.status : shared.write_status;
    if (status && err)
        *err = shared.status ? shared.err : shared.write_err;
    return status;
}
