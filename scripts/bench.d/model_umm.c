/* SPDX-License-Identifier: MIT */
/*
 * model_umm MODEL BATCH MILLISECONDS - rows through umm/model.h: "NANOSECONDS SUM", by
 * model_timing.h. BATCH 0: open, plan, run one row, close, again and again: nanoseconds of each.
 */
#include <string.h>

#include "model_timing.h"
#include "umm/model.h"

struct job {
    const char *path;
    struct umm_model *model;
    struct umm_model_plan *plan;
    struct umm_model_info info;
    size_t batch;
    float *rows, *results;
};

static void must(enum umm_status status, const struct umm_error *err)
{
    char text[UMM_ERROR_TEXT_MAX];
    if (status == UMM_OK)
        return;
    fprintf(stderr, "model_umm: %s\n", umm_error_text(err, text, sizeof text));
    exit(1);
}

static void open_plan(struct job *job)
{
    struct umm_error err = {0};
    must(umm_model_open(job->path, NULL, NULL, &job->model, &err), &err);
    must(umm_model_plan(job->model, NULL, &job->plan, &err), &err);
}

static void close_plan(struct job *job)
{
    umm_model_plan_close(job->plan);
    umm_model_close(job->model);
}

static void run_rows(void *context)
{
    struct job *job = (struct job *)context;
    umm_model_run(job->plan, job->rows, job->batch, job->results);
}

static void open_and_run(void *context)
{
    struct job *job = (struct job *)context;
    open_plan(job);
    umm_model_run(job->plan, job->rows, 1, job->results);
    close_plan(job);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    struct job job = {.path = argv[1], .batch = strtoul(argv[2], NULL, 10)};
    open_plan(&job);
    umm_model_info(job.model, &job.info);
    job.rows = bench_rows(BENCH_ROWS, job.info.n_inputs);
    job.results = (float *)calloc(BENCH_ROWS * job.info.n_outputs, sizeof(float));
    if (!job.results)
        return 1;
    if (job.batch) {
        bench_time(run_rows, &job, job.batch, strtod(argv[3], NULL), job.results,
                   job.batch * job.info.n_outputs);
        close_plan(&job);
    } else {
        close_plan(&job);
        bench_time(open_and_run, &job, 1, strtod(argv[3], NULL), job.results, job.info.n_outputs);
    }
    return 0;
}
