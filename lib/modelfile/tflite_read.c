/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/hash.h"
#include "modelfile/tflite.h"

#include <stdlib.h>
#include <string.h>

/* How many times the file's size may come out of it as constants, names and lists. */
enum { BUDGET_SHARE = 8, BUDGET_LEAST_BYTES = 1 << 20 };

static enum umm_status start(struct umm_tflite *file, const void *data, size_t len_bytes,
                             struct umm_flat_table *model, struct umm_error *err)
{
    file->flat = umm_flat_open(data, len_bytes);
    file->budget_bytes = (uint64_t)len_bytes * BUDGET_SHARE + BUDGET_LEAST_BYTES;
    *model = umm_flat_root(&file->flat, UMM_TFLITE_IDENTIFIER);
    uint64_t version =
        umm_flat_bits(&file->flat, *model, UMM_TFL_MODEL_VERSION, sizeof(uint32_t), 0);
    enum umm_status status = umm_tflite_check(file, err);
    if (!status && version != UMM_TFLITE_VERSION)
        status = umm_error_set(err, UMM_ERR_UNSUPPORTED,
                               "a TensorFlow Lite file of version %u; version %d is read",
                               (unsigned)version, UMM_TFLITE_VERSION);
    return status;
}

/* The lists of the model and of its first subgraph, which is the main one. */
static enum umm_status find_lists(struct umm_tflite *file, struct umm_flat_table model,
                                  struct umm_error *err)
{
    struct umm_flat *flat = &file->flat;
    struct umm_flat_vector graphs = umm_flat_vector(flat, model, UMM_TFL_MODEL_SUBGRAPHS, 4);
    struct umm_flat_table graph = {0};
    if (graphs.n)
        graph = umm_flat_table_at(flat, graphs, 0);
    file->codes = umm_flat_vector(flat, model, UMM_TFL_MODEL_OPERATOR_CODES, 4);
    file->buffers = umm_flat_vector(flat, model, UMM_TFL_MODEL_BUFFERS, 4);
    file->tensors = umm_flat_vector(flat, graph, UMM_TFL_SUBGRAPH_TENSORS, 4);
    file->inputs = umm_flat_vector(flat, graph, UMM_TFL_SUBGRAPH_INPUTS, 4);
    file->outputs = umm_flat_vector(flat, graph, UMM_TFL_SUBGRAPH_OUTPUTS, 4);
    file->operators = umm_flat_vector(flat, graph, UMM_TFL_SUBGRAPH_OPERATORS, 4);
    enum umm_status status = umm_tflite_check(file, err);
    if (!status && !graph.at)
        status = umm_error_set(err, UMM_ERR_DATA, "a TensorFlow Lite file without a graph");
    if (!status && (!file->inputs.n || !file->outputs.n))
        status = umm_error_set(err, UMM_ERR_DATA, "a model without %s",
                               file->inputs.n ? "outputs" : "inputs");
    return status;
}

static enum umm_status make_known(struct umm_tflite *file, struct umm_error *err)
{
    size_t n = file->tensors.n ? file->tensors.n : 1;
    file->known = calloc(n, sizeof *file->known);
    if (!file->known)
        return umm_error_set_memory(err, n * sizeof *file->known, "the tensors of a model");
    for (size_t i = 0; i < n; i++)
        file->known[i].value = file->known[i].floats_of = UMM_GRAPH_NONE;
    return UMM_OK;
}

/* Note what a signature calls inputs or outputs. */
static void note_names(struct umm_tflite *file, struct umm_flat_table signature, unsigned field)
{
    struct umm_flat *flat = &file->flat;
    struct umm_flat_vector maps = umm_flat_vector(flat, signature, field, 4);
    for (uint32_t i = 0; i < maps.n; i++) {
        struct umm_flat_table map = umm_flat_table_at(flat, maps, i);
        uint64_t tensor = umm_flat_bits(flat, map, UMM_TFL_MAP_TENSOR, sizeof(uint32_t), 0);
        struct umm_flat_vector name = umm_flat_vector(flat, map, UMM_TFL_MAP_NAME, 1);
        if (tensor < file->tensors.n && name.n)
            file->known[tensor].name_at = name.at;
    }
}

/* The names of the first signature of the main graph. */
static void read_signature(struct umm_tflite *file, struct umm_flat_table model)
{
    struct umm_flat *flat = &file->flat;
    struct umm_flat_vector all = umm_flat_vector(flat, model, UMM_TFL_MODEL_SIGNATURE_DEFS, 4);
    for (uint32_t i = 0; i < all.n; i++) {
        struct umm_flat_table signature = umm_flat_table_at(flat, all, i);
        if (umm_flat_bits(flat, signature, UMM_TFL_SIGNATURE_SUBGRAPH, sizeof(uint32_t), 0) != 0)
            continue;
        note_names(file, signature, UMM_TFL_SIGNATURE_INPUTS);
        note_names(file, signature, UMM_TFL_SIGNATURE_OUTPUTS);
        return;
    }
}

static enum umm_status read_inputs(struct umm_tflite *file, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < file->inputs.n; i++) {
        struct umm_tflite_tensor tensor;
        int32_t value;
        status =
            umm_tflite_tensor(file, umm_flat_i32_at(&file->flat, file->inputs, i), &tensor, err);
        if (!status && i == 0)
            file->n_batch = tensor.n_batch;
        if (!status)
            status = umm_tflite_add_value(file, &tensor, &value, err);
        if (!status)
            status = umm_graph_add_input(file->graph, value, err);
    }
    return status;
}

/* What RESHAPE made of a value has no name of its own in the graph: the value gets it. */
static enum umm_status name_output(struct umm_tflite *file, const struct umm_tflite_tensor *tensor,
                                   int32_t value, struct umm_error *err)
{
    for (uint32_t i = 0; i < file->graph->n_inputs; i++)
        if (file->graph->inputs[i] == value)
            return UMM_OK;
    return umm_tflite_name(file, tensor, &file->graph->values[value].name, err);
}

static enum umm_status read_outputs(struct umm_tflite *file, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < file->outputs.n; i++) {
        struct umm_tflite_tensor tensor;
        status =
            umm_tflite_tensor(file, umm_flat_i32_at(&file->flat, file->outputs, i), &tensor, err);
        if (status)
            return status;
        int32_t value = file->known[tensor.index].value;
        if (value < 0)
            return umm_error_set(err, UMM_ERR_DATA, "output %u of the model is not computed", i);
        status = name_output(file, &tensor, value, err);
        if (!status)
            status = umm_graph_add_output(file->graph, value, err);
    }
    return status;
}

static void describe(struct umm_tflite *file, struct umm_flat_table model,
                     struct umm_modelfile_info *info)
{
    struct umm_flat_vector text = umm_flat_vector(&file->flat, model, UMM_TFL_MODEL_DESCRIPTION, 1);
    *info =
        (struct umm_modelfile_info){.format = UMM_MODELFILE_TFLITE,
                                    .size_bytes = file->flat.len_bytes,
                                    .version = UMM_TFLITE_VERSION,
                                    .hash = umm_hash64(file->flat.bytes, file->flat.len_bytes, 0)};
    size_t len = text.n < sizeof info->producer - 1 ? text.n : sizeof info->producer - 1;
    memcpy(info->producer, file->flat.bytes + text.at, len);
}

static enum umm_status read_model(struct umm_tflite *file, const void *data, size_t len_bytes,
                                  struct umm_modelfile_info *info, struct umm_error *err)
{
    struct umm_flat_table model;
    enum umm_status status = start(file, data, len_bytes, &model, err);
    if (!status)
        status = find_lists(file, model, err);
    if (!status)
        status = make_known(file, err);
    if (status)
        return status;
    read_signature(file, model);
    describe(file, model, info);
    status = umm_tflite_check(file, err);
    if (!status)
        status = umm_tflite_check_operators(file, err);
    if (!status)
        status = read_inputs(file, err);
    for (uint32_t i = 0; !status && i < file->operators.n; i++)
        status = umm_tflite_read_operator(file, i, err);
    return status ? status : read_outputs(file, err);
}

enum umm_status umm_tflite_read(const void *data, size_t len_bytes, const char *path,
                                struct umm_graph **graph, struct umm_modelfile_info *info,
                                struct umm_error *err)
{
    struct umm_tflite file = {.known = NULL};
    enum umm_status status = umm_graph_new(&file.graph, err);
    *graph = NULL;
    if (!status)
        status = read_model(&file, data, len_bytes, info, err);
    free(file.known);
    if (!status) {
        *graph = file.graph;
        return UMM_OK;
    }
    umm_graph_free(file.graph);
    umm_error_at(err, path, 0, 0, 0);
    return status;
}
