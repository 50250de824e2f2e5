/* SPDX-License-Identifier: MIT */
#include "quantize/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/passes.h"
#include "model/model.h"

static enum umm_status write_bytes(const struct umm_quantize_subject *subject,
                                   struct umm_quantize_trial *trial, struct umm_error *err)
{
    enum umm_status status =
        subject->format == UMM_MODELFILE_TFLITE
            ? umm_tflite_write(trial->built.graph, &trial->bytes, &trial->len_bytes, err)
            : umm_onnx_write(trial->built.graph, &trial->bytes, &trial->len_bytes, err);
    if (status && err && !err->path[0])
        umm_error_at(err, subject->output, 0, 0, 0);
    trial->result.size_bytes = trial->len_bytes;
    return status;
}

/* The model that the bytes are, as any reader of the file has it. */
static enum umm_status open_bytes(const struct umm_quantize_subject *subject,
                                  const struct umm_quantize_trial *trial, struct umm_run *run,
                                  struct umm_model **model, struct umm_error *err)
{
    struct umm_graph *graph = NULL;
    struct umm_modelfile_info info;
    enum umm_status status =
        subject->format == UMM_MODELFILE_TFLITE
            ? umm_tflite_read(trial->bytes, trial->len_bytes, subject->output, &graph, &info, err)
            : umm_onnx_read(trial->bytes, trial->len_bytes, subject->output, &graph, &info, err);
    if (!status)
        status = umm_graph_prepare(graph, NULL, err);
    if (status) {
        umm_graph_free(graph);
        return status;
    }
    return umm_model_new(graph, &info, run, model, err);
}

static enum umm_status answer(const struct umm_quantize_subject *subject, struct umm_run *run,
                              struct umm_quantize_trial *trial, struct umm_error *err)
{
    const uint64_t n_numbers = subject->rows->n_rows * umm_graph_output_width(subject->graph);
    struct umm_model *model = NULL;
    struct umm_model_plan *plan = NULL;
    trial->answers = calloc((size_t)n_numbers, sizeof *trial->answers);
    if (!trial->answers)
        return umm_error_set_memory(err, (size_t)n_numbers * sizeof *trial->answers, "answers");
    enum umm_status status = open_bytes(subject, trial, run, &model, err);
    if (!status)
        status = umm_model_plan(model, NULL, &plan, err);
    if (!status)
        umm_model_run(plan, subject->rows->rows, subject->rows->n_rows, trial->answers);
    umm_model_plan_close(plan);
    umm_model_close(model);
    return status;
}

/* Layers that stay float for this trial only. */
static enum umm_status build(const struct umm_quantize_subject *subject,
                             struct umm_quantize_trial *trial, struct umm_error *err)
{
    struct umm_quantize_layers layers = *subject->layers;
    struct umm_quantize_recipe recipe = subject->recipe;
    recipe.method = trial->result.method;
    layers.dense = calloc(layers.n_dense, sizeof *layers.dense);
    if (!layers.dense)
        return umm_error_set_memory(err, layers.n_dense * sizeof *layers.dense, "layers");
    memcpy(layers.dense, subject->layers->dense, layers.n_dense * sizeof *layers.dense);
    for (uint32_t i = 0; i < layers.n_dense; i++)
        layers.dense[i].is_float |= trial->result.is_first_float && layers.dense[i].is_first;
    enum umm_status status =
        umm_quantize_build(subject->graph, &layers, subject->ranges, &recipe, &trial->built, err);
    free(layers.dense);
    return status;
}

enum umm_status umm_quantize_trial_run(const struct umm_quantize_subject *subject,
                                       enum umm_quantize_method method, bool is_first_float,
                                       struct umm_run *run, struct umm_quantize_trial *trial,
                                       struct umm_error *err)
{
    *trial =
        (struct umm_quantize_trial){.result = {.method = method, .is_first_float = is_first_float}};
    enum umm_status status = umm_run_is_cancelled(run) ? umm_error_set_cancelled(err) : UMM_OK;
    if (!status)
        status = build(subject, trial, err);
    if (!status)
        status = write_bytes(subject, trial, err);
    if (!status)
        status = answer(subject, run, trial, err);
    if (status)
        return status;
    const struct umm_quantize_answers answers = umm_quantize_answers_of(subject, trial);
    trial->result.agreement = umm_quantize_compare(&answers, subject->decision);
    return UMM_OK;
}

void umm_quantize_trial_free(struct umm_quantize_trial *trial)
{
    umm_quantize_built_free(&trial->built);
    free(trial->bytes);
    free(trial->answers);
    *trial = (struct umm_quantize_trial){0};
}

struct umm_quantize_answers umm_quantize_answers_of(const struct umm_quantize_subject *subject,
                                                    const struct umm_quantize_trial *trial)
{
    return (struct umm_quantize_answers){.n_rows = subject->rows->n_rows,
                                         .n_outputs =
                                             (uint32_t)umm_graph_output_width(subject->graph),
                                         .floats = subject->floats,
                                         .quantized = trial->answers,
                                         .numbers = subject->rows->numbers};
}
