/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/model_parts.h"
#include "thread/mutex.h"

/* ---- layers -------------------------------------------------------------------- */

struct umm_model_packs {
    struct umm_mutex mutex;
    struct umm_layers *layers[UMM_CPU_COUNT];
};

enum umm_status umm_model_layers(const struct umm_model *model, enum umm_cpu cpu,
                                 const struct umm_layers **layers, struct umm_error *err)
{
    struct umm_model_packs *packs = model->packs;
    enum umm_status status = UMM_OK;
    umm_mutex_lock(&packs->mutex);
    if (!packs->layers[cpu])
        status = umm_layers_new(model->graph, cpu, &packs->layers[cpu], err);
    *layers = packs->layers[cpu];
    umm_mutex_unlock(&packs->mutex);
    return status;
}

static void free_packs(struct umm_model_packs *packs)
{
    if (!packs)
        return;
    for (unsigned i = 0; i < UMM_CPU_COUNT; i++)
        umm_layers_free(packs->layers[i]);
    umm_mutex_free(&packs->mutex);
    free(packs);
}

/* ---- what there is ------------------------------------------------------------- */

static uint64_t list_parts(const struct umm_graph *graph, const int32_t *values, uint32_t n,
                           struct umm_model_part *parts)
{
    uint64_t first = 0;
    for (uint32_t i = 0; i < n; i++) {
        parts[i] = (struct umm_model_part){&graph->values[values[i]], (uint32_t)first};
        first += parts[i].value->width;
    }
    return first;
}

static bool is_whole(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I32 || type == UMM_GRAPH_I64 || type == UMM_GRAPH_BOOL;
}

static void count_nodes(const struct umm_graph *graph, struct umm_model_info *info)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        if (node->op == UMM_OP_TREES)
            info->n_trees += node->trees->n_trees;
        if (node->op != UMM_OP_DENSE)
            continue;
        info->n_layers++;
        info->n_int8 += node->weights->type == UMM_GRAPH_I8;
    }
}

static void fill_info(struct umm_model *model)
{
    const struct umm_graph *graph = model->graph;
    struct umm_model_info *info = &model->info;
    info->n_inputs = list_parts(graph, graph->inputs, graph->n_inputs, model->input_parts);
    info->n_outputs = list_parts(graph, graph->outputs, graph->n_outputs, model->output_parts);
    info->n_parameters = graph->n_parameters;
    info->size_bytes = model->file.size_bytes;
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        const enum umm_graph_type type = model->input_parts[i].value->type;
        info->is_f64 |= type == UMM_GRAPH_F64 || type == UMM_GRAPH_I64 || type == UMM_GRAPH_I32;
        info->has_integers |= is_whole(type);
    }
    count_nodes(graph, info);
}

/* ---- making -------------------------------------------------------------------- */

enum umm_status umm_model_list_outputs(const struct umm_graph *graph, bool is_computed,
                                       struct umm_model_output **outputs, size_t *n_outputs,
                                       struct umm_error *err)
{
    *n_outputs = graph->n_outputs;
    *outputs = calloc(graph->n_outputs + 1U, sizeof **outputs);
    if (!*outputs)
        return umm_error_set_memory(err, graph->n_outputs * sizeof **outputs, "a model");
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        const struct umm_graph_value *value = &graph->values[graph->outputs[i]];
        (*outputs)[i] =
            (struct umm_model_output){value->name, value->type, value->width, is_computed};
    }
    return UMM_OK;
}

/* All that a model has beside the graph and its outputs. */
static enum umm_status fill(struct umm_model *model, const struct umm_modelfile_info *file,
                            struct umm_error *err)
{
    const struct umm_graph *graph = model->graph;
    if (graph->n_inputs == 0 || graph->n_outputs == 0)
        return umm_error_set(err, UMM_ERR_DATA, "a model without inputs or outputs");
    if (file)
        model->file = *file;
    model->packs = calloc(1, sizeof *model->packs);
    if (model->packs)
        umm_mutex_init(&model->packs->mutex, true);
    model->input_parts = calloc(graph->n_inputs, sizeof *model->input_parts);
    model->output_parts = calloc(graph->n_outputs, sizeof *model->output_parts);
    if (!model->packs || !model->input_parts || !model->output_parts)
        return umm_error_set_memory(err, graph->n_inputs * sizeof *model->input_parts, "a model");
    fill_info(model);
    return UMM_OK;
}

enum umm_status umm_model_make(struct umm_graph *graph, const struct umm_modelfile_info *file,
                               const struct umm_run *run, struct umm_model_output *outputs,
                               size_t n_outputs, struct umm_model **model, struct umm_error *err)
{
    struct umm_model *made = calloc(1, sizeof *made);
    *model = NULL;
    if (!made) {
        free(outputs);
        umm_graph_free(graph);
        return umm_error_set_memory(err, sizeof *made, "a model");
    }
    made->graph = graph;
    made->outputs = outputs;
    made->n_outputs = n_outputs;
    made->cpu = umm_cpu_choose(run);
    const enum umm_status status = fill(made, file, err);
    if (status)
        umm_model_close(made);
    else
        *model = made;
    return status;
}

enum umm_status umm_model_new(struct umm_graph *graph, const struct umm_modelfile_info *file,
                              const struct umm_run *run, struct umm_model **model,
                              struct umm_error *err)
{
    struct umm_model_output *outputs = NULL;
    size_t n_outputs;
    *model = NULL;
    const enum umm_status status = umm_model_list_outputs(graph, true, &outputs, &n_outputs, err);
    if (!status)
        return umm_model_make(graph, file, run, outputs, n_outputs, model, err);
    umm_graph_free(graph);
    return status;
}

void umm_model_close(struct umm_model *model)
{
    if (!model)
        return;
    free_packs(model->packs);
    free(model->output_parts);
    free(model->input_parts);
    free(model->outputs);
    umm_graph_free(model->graph);
    free(model);
}

/* ---- what is asked ------------------------------------------------------------- */

void umm_model_info(const struct umm_model *model, struct umm_model_info *info)
{
    *info = model->info;
}

const struct umm_graph *umm_model_graph(const struct umm_model *model)
{
    return model->graph;
}

const struct umm_modelfile_info *umm_model_file(const struct umm_model *model)
{
    return &model->file;
}

const struct umm_model_output *umm_model_outputs(const struct umm_model *model, size_t *n_outputs)
{
    *n_outputs = model->n_outputs;
    return model->outputs;
}

const char *umm_model_name(const struct umm_model *model, bool is_output, uint64_t i)
{
    const uint32_t n = is_output ? model->graph->n_outputs : model->graph->n_inputs;
    const struct umm_model_part *parts = is_output ? model->output_parts : model->input_parts;
    for (uint32_t k = 0; k < n; k++)
        if (parts[k].first == i)
            return parts[k].value->width == 1 && parts[k].value->name[0] ? parts[k].value->name
                                                                         : NULL;
    return NULL;
}

/* ---- numbers that are to be integers ------------------------------------------- */

static const double two_to_63 = 9223372036854775808.0;

static bool is_taken(enum umm_graph_type type, double number)
{
    switch (type) {
    case UMM_GRAPH_I32: return number >= INT32_MIN && number <= INT32_MAX && number == rint(number);
    case UMM_GRAPH_I64: return number >= -two_to_63 && number < two_to_63 && number == rint(number);
    case UMM_GRAPH_BOOL: return number == 0 || number == 1;
    case UMM_GRAPH_F32:
    case UMM_GRAPH_F64:
    case UMM_GRAPH_I8:
    case UMM_GRAPH_U8: break;
    }
    return true;
}

/* Which row it is the error's line tells: the caller may count them otherwise. */
static enum umm_status refuse(const struct umm_model_part *part, uint64_t row, uint32_t column,
                              double number, struct umm_error *err)
{
    char name[UMM_EXCERPT_MAX];
    const uint64_t place = (uint64_t)part->first + column + 1;
    const char *taken = part->value->type == UMM_GRAPH_BOOL  ? "0 or 1"
                        : part->value->type == UMM_GRAPH_I32 ? "integers of 32 bits"
                                                             : "integers";
    umm_escape(name, sizeof name, part->value->name, strlen(part->value->name));
    const enum umm_status status = umm_error_set(
        err, UMM_ERR_DATA, "number %" PRIu64 " is %.17g, where the input \"%s\" takes %s", place,
        number, name, taken);
    if (err) {
        err->line = row + 1;
        err->column = place;
    }
    return status;
}

/* One input of one row, of floats or of doubles, whichever is not NULL. */
static enum umm_status check_part(const struct umm_model *model, const struct umm_model_part *part,
                                  const float *f32, const double *f64, uint64_t row,
                                  struct umm_error *err)
{
    if (!is_whole(part->value->type))
        return UMM_OK;
    for (uint32_t i = 0; i < part->value->width; i++) {
        const uint64_t at = row * model->info.n_inputs + part->first + i;
        const double number = f32 ? (double)f32[at] : f64[at];
        if (!is_taken(part->value->type, number))
            return refuse(part, row, i, number, err);
    }
    return UMM_OK;
}

static enum umm_status check_rows(const struct umm_model *model, const float *f32,
                                  const double *f64, uint64_t n_rows, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint64_t row = 0; !status && model->info.has_integers && row < n_rows; row++)
        for (uint32_t i = 0; !status && i < model->graph->n_inputs; i++)
            status = check_part(model, &model->input_parts[i], f32, f64, row, err);
    return status;
}

enum umm_status umm_model_check(const struct umm_model *model, const float *rows, uint64_t n_rows,
                                struct umm_error *err)
{
    return check_rows(model, rows, NULL, n_rows, err);
}

enum umm_status umm_model_check_f64(const struct umm_model *model, const double *rows,
                                    uint64_t n_rows, struct umm_error *err)
{
    return check_rows(model, NULL, rows, n_rows, err);
}
