/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/plan.h"

/* Rows to run: next is the first that no thread has taken yet. */
struct job {
    struct umm_model_plan *plan;
    const char *rows;
    float *results;
    uint64_t n_rows, block_rows;
    bool is_f64;
    uint64_t next;
};

/*
 * Work for which it pays to wake threads: some 50 microseconds of products. Waking one takes 5 to
 * 10, and each result is the same with or without.
 */
static const uint64_t work_for_threads = (uint64_t)1 << 22;

static void take_steps(const struct umm_plan_steps *steps, const struct umm_frame *frame, size_t n)
{
    const struct umm_step *end = steps->steps + steps->n_steps;
    for (const struct umm_step *step = steps->steps; step < end; step++)
        step->run(step, frame, n);
}

/* The rows from first on. A layer may read a margin after them, which the caller's last have not.
 */
static void run_block(const struct job *job, const struct umm_frame *frame, uint64_t first,
                      size_t n)
{
    const struct umm_model_plan *plan = job->plan;
    const uint64_t number_bytes = job->is_f64 ? sizeof(double) : sizeof(float);
    const uint64_t row_bytes = plan->model->info.n_inputs * number_bytes;
    const char *rows = job->rows + first * row_bytes;
    const uint32_t direct = plan->direct_rows[job->is_f64], other = plan->direct_rows[!job->is_f64];
    frame->in[UMM_SLOT_ROWS] = rows;
    frame->out[UMM_SLOT_RESULTS] = job->results + first * plan->model->info.n_outputs;
    if (plan->direct_results != UMM_SLOT_NONE)
        frame->out[plan->direct_results] = frame->out[UMM_SLOT_RESULTS];
    if (other != UMM_SLOT_NONE)
        frame->in[other] = frame->out[other];
    if (direct != UMM_SLOT_NONE) {
        frame->in[direct] = rows;
        if (plan->has_margin && (job->n_rows - first - n) * row_bytes < UMM_PLAN_MARGIN)
            frame->in[direct] = memcpy(frame->out[direct], rows, n * row_bytes);
    }
    take_steps(&plan->loads[job->is_f64], frame, n);
    take_steps(&plan->steps, frame, n);
}

static void work(void *user, unsigned index)
{
    struct job *job = user;
    for (;;) {
        const uint64_t first = __atomic_fetch_add(&job->next, job->block_rows, __ATOMIC_RELAXED);
        if (first >= job->n_rows)
            return;
        const uint64_t left = job->n_rows - first;
        run_block(job, &job->plan->frames[index], first,
                  (size_t)(left < job->block_rows ? left : job->block_rows));
    }
}

static bool is_for_threads(const struct umm_model_plan *plan, uint64_t n_rows)
{
    return plan->crew && n_rows > 1 && n_rows > work_for_threads / (plan->row_work + 1);
}

static void run(struct umm_model_plan *plan, const void *rows, bool is_f64, uint64_t n_rows,
                float *results)
{
    struct job job = {.plan = plan,
                      .rows = rows,
                      .results = results,
                      .n_rows = n_rows,
                      .block_rows = plan->block_rows,
                      .is_f64 = is_f64};
    if (is_for_threads(plan, n_rows)) {
        const uint64_t share = (n_rows - 1) / umm_crew_size(plan->crew) + 1;
        job.block_rows = share < job.block_rows ? share : job.block_rows;
        umm_crew_run(plan->crew, work, &job);
        return;
    }
    for (uint64_t first = 0; first < n_rows; first += job.block_rows) {
        const uint64_t left = n_rows - first;
        run_block(&job, &plan->frames[0], first,
                  (size_t)(left < job.block_rows ? left : job.block_rows));
    }
}

void umm_model_run(struct umm_model_plan *plan, const float *rows, uint64_t n_rows, float *results)
{
    run(plan, rows, false, n_rows, results);
}

void umm_model_run_f64(struct umm_model_plan *plan, const double *rows, uint64_t n_rows,
                       float *results)
{
    run(plan, rows, true, n_rows, results);
}
