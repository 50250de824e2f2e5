/* SPDX-License-Identifier: MIT */
/*
 * model_runs.h - a graph that a fuzzer has made is planned and run: no crash, and the same bits by
 * the best engine and by plain C, in blocks of two lengths, from floats and from doubles.
 */
#ifndef UMM_TEST_FUZZ_MODEL_RUNS_H
#define UMM_TEST_FUZZ_MODEL_RUNS_H

#include "model/describe.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_ROWS = 21, RUN_NUMBERS_MAX = 1 << 12, RUN_PARAMETERS_MAX = 1 << 16 };

/* Numbers as models meet them, and as they do not. */
static inline float run_number(size_t i)
{
    static const float rare[] = {0, -0.0F, NAN, INFINITY, -INFINITY, 3.0e38F, 1.0e-42F, 0.5F};
    const unsigned hash = (unsigned)(i * 2654435761U) >> 8;
    return hash % 61 == 0 ? rare[hash / 61 % 8] : (float)(hash % 4001) / 500 - 4;
}

static inline void run_plan(const struct umm_model *model, bool is_portable, uint32_t batch_rows,
                            const float *rows, float *results)
{
    struct umm_model_plan_options options = {.is_portable = is_portable, .batch_rows = batch_rows};
    struct umm_model_plan *plan;
    struct umm_model_info info;
    double *doubles;
    umm_model_info(model, &info);
    if (umm_model_plan(model, &options, &plan, NULL))
        abort();
    if (batch_rows == 0) {
        umm_model_run(plan, rows, RUN_ROWS, results);
    } else if ((doubles = calloc(RUN_ROWS * info.n_inputs, sizeof *doubles))) {
        for (size_t i = 0; i < RUN_ROWS * info.n_inputs; i++)
            doubles[i] = (double)rows[i];
        umm_model_run_f64(plan, doubles, RUN_ROWS, results);
        free(doubles);
    }
    umm_model_plan_close(plan);
}

static inline void compare_runs(const struct umm_model *model, const struct umm_model_info *info)
{
    const size_t n_in = RUN_ROWS * info->n_inputs, n_out = RUN_ROWS * info->n_outputs;
    float *rows = calloc(n_in, sizeof *rows), *first = calloc(n_out, sizeof *first);
    float *second = calloc(n_out, sizeof *second);
    if (rows && first && second) {
        for (size_t i = 0; i < n_in; i++)
            rows[i] = run_number(i);
        run_plan(model, false, 0, rows, first);
        run_plan(model, true, 0, rows, second);
        if (memcmp(first, second, n_out * sizeof *first) != 0)
            abort();
        run_plan(model, false, 4, rows, second);
        if (memcmp(first, second, n_out * sizeof *first) != 0)
            abort();
    }
    free(rows);
    free(first);
    free(second);
}

/* The graph is taken. */
static inline void check_runs(struct umm_graph *graph)
{
    struct umm_model *model;
    struct umm_model_plan *plan = NULL;
    struct umm_model_info info;
    struct umm_textbuf text = {0};
    struct umm_error err = {0};
    const bool is_small = graph->n_parameters <= RUN_PARAMETERS_MAX && graph->n_nodes <= 256;
    if (umm_model_new(graph, NULL, NULL, &model, &err))
        return;
    umm_model_info(model, &info);
    umm_model_describe_text(model, &text);
    umm_textbuf_free(&text);
    if (is_small && info.n_inputs <= RUN_NUMBERS_MAX && info.n_outputs <= RUN_NUMBERS_MAX) {
        const enum umm_status status = umm_model_plan(model, NULL, &plan, &err);
        umm_model_plan_close(plan);
        if (status == UMM_OK)
            compare_runs(model, &info);
    }
    umm_model_close(model);
}

#endif
