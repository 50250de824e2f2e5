/* SPDX-License-Identifier: MIT */
/*
 * model_run.c - rows through a model, by umm/model.h alone: model_run MODEL ROWS RESULTS BATCH.
 * ROWS and RESULTS are floats, row by row. scripts/check-model-peers builds it.
 */
#include "umm/model.h"

#include <stdio.h>
#include <stdlib.h>

static void must(enum umm_status status, const struct umm_error *err)
{
    char text[UMM_ERROR_TEXT_MAX];
    if (status == UMM_OK)
        return;
    fprintf(stderr, "model_run: %s\n", umm_error_text(err, text, sizeof text));
    exit(1);
}

int main(int argc, char **argv)
{
    struct umm_model *model;
    struct umm_model_plan *plan;
    struct umm_model_info info;
    struct umm_error err = {0};
    if (argc != 5)
        return 2;
    struct umm_model_plan_options options = {.batch_rows = (uint32_t)atoi(argv[4])};
    must(umm_model_open(argv[1], NULL, NULL, &model, &err), &err);
    must(umm_model_plan(model, &options, &plan, &err), &err);
    umm_model_info(model, &info);
    FILE *in = fopen(argv[2], "rb"), *out = fopen(argv[3], "wb");
    size_t n_block = 1000;
    float *rows = calloc(n_block * info.n_inputs, sizeof *rows);
    float *results = calloc(n_block * info.n_outputs, sizeof *results);
    if (!in || !out || !rows || !results)
        return 1;
    size_t n;
    while ((n = fread(rows, info.n_inputs * sizeof *rows, n_block, in)) > 0) {
        umm_model_run(plan, rows, n, results);
        if (fwrite(results, info.n_outputs * sizeof *results, n, out) != n)
            return 1;
    }
    free(rows);
    free(results);
    umm_model_plan_close(plan);
    umm_model_close(model);
    fclose(in);
    return fclose(out) != 0;
}
