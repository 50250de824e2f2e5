/* SPDX-License-Identifier: MIT */
#include "quantize/layers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"

/* ---- what can be quantised -------------------------------------------------------- */

static bool is_quantized(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

static enum umm_status check_nodes(const struct umm_graph *graph, struct umm_error *err)
{
    uint32_t n_dense = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        if (node->op == UMM_OP_TREES)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "trees compare numbers with thresholds: int8 would make them "
                                 "neither smaller nor faster");
        if (node->op == UMM_OP_DENSE && node->weights->type == UMM_GRAPH_F64)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "its layers are of doubles: only those of floats are quantised");
        if (node->op == UMM_OP_DENSE && node->weights->type != UMM_GRAPH_F32)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED, "its weights are %s already",
                                 umm_graph_type_name(node->weights->type));
        n_dense += node->op == UMM_OP_DENSE;
    }
    for (uint32_t i = 0; i < graph->n_values; i++)
        if (is_quantized(graph->values[i].type))
            return umm_error_set(err, UMM_ERR_UNSUPPORTED, "it is quantised already");
    if (n_dense == 0)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "it has no dense layer to quantise");
    return UMM_OK;
}

/* ---- what makes and reads what -------------------------------------------------------- */

static void trace_forward(const struct umm_graph *graph, struct umm_quantize_value *values)
{
    for (uint32_t i = 0; i < graph->n_values; i++)
        values[i] = (struct umm_quantize_value){.maker = UMM_GRAPH_NONE, .is_front = true};
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        values[graph->inputs[i]].is_input = true;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        values[graph->outputs[i]].is_output = true;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        struct umm_quantize_value *made = &values[node->output];
        made->maker = (int32_t)i;
        made->is_front = node->op != UMM_OP_DENSE;
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            struct umm_quantize_value *read = &values[node->inputs[k]];
            read->n_readers++;
            read->n_dense += node->op == UMM_OP_DENSE;
            made->is_front &= read->is_front;
        }
    }
}

static void trace_back(const struct umm_graph *graph, struct umm_quantize_value *values)
{
    for (uint32_t i = graph->n_nodes; i-- > 0;) {
        const struct umm_graph_node *node = &graph->nodes[i];
        const bool is_before = node->op == UMM_OP_DENSE || values[node->output].is_before_dense;
        for (uint32_t k = 0; k < node->n_inputs; k++)
            values[node->inputs[k]].is_before_dense |= is_before;
    }
}

/* Its own name, or what the file calls it and which of these it is: "Gemm 1". */
static void name_layer(const struct umm_graph_node *node, uint32_t number,
                       struct umm_quantize_dense *dense)
{
    if (node->name[0])
        snprintf(dense->name, sizeof dense->name, "%s", node->name);
    else
        snprintf(dense->name, sizeof dense->name, "dense %" PRIu32, number);
}

static void list_layers(const struct umm_graph *graph, struct umm_quantize_layers *layers)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        layers->of_node[i] = -1;
        if (node->op != UMM_OP_DENSE)
            continue;
        layers->of_node[i] = (int32_t)layers->n_dense;
        struct umm_quantize_dense *dense = &layers->dense[layers->n_dense++];
        *dense = (struct umm_quantize_dense){
            .node = i,
            .is_first = layers->values[node->inputs[0]].is_front,
            .is_last = !layers->values[node->output].is_before_dense,
            .is_float = node->weights->n_columns > UMM_QUANTIZE_INPUTS_MAX};
        name_layer(node, layers->n_dense, dense);
    }
}

/* ---- which stay float ------------------------------------------------------------------- */

static bool is_named(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* Keep those that the word of len bytes is about. */
static enum umm_status keep(struct umm_quantize_layers *layers, const char *word, size_t len,
                            struct umm_error *err)
{
    const bool is_first = is_named("first", word, len), is_last = is_named("last", word, len);
    char shown[UMM_EXCERPT_MAX], list[UMM_ERROR_MESSAGE_MAX / 2] = "";
    bool is_found = false;
    for (uint32_t i = 0; i < layers->n_dense; i++) {
        struct umm_quantize_dense *dense = &layers->dense[i];
        const bool is_it = (is_first && dense->is_first) || (is_last && dense->is_last) ||
                           is_named(dense->name, word, len);
        dense->is_float |= is_it;
        is_found |= is_it;
        umm_line_add(list, sizeof list, "%s%s", i ? ", " : "",
                     umm_escape(shown, sizeof shown, dense->name, strlen(dense->name)));
    }
    if (is_found)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "no layer is named %s; there are %s",
                         umm_escape(shown, sizeof shown, word, len), list);
}

static enum umm_status keep_listed(struct umm_quantize_layers *layers, const char *list,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t len; !status && list && *list; list += len + (list[len] == ',')) {
        len = strcspn(list, ",");
        status = keep(layers, list, len, err);
    }
    for (uint32_t i = 0; !status && i < layers->n_dense; i++)
        if (!layers->dense[i].is_float)
            return UMM_OK;
    return status ? status
                  : umm_error_set(err, UMM_ERR_ARGUMENT,
                                  "all layers would stay float: nothing is left to quantise");
}

enum umm_status umm_quantize_layers_open(struct umm_quantize_layers *layers,
                                         const struct umm_graph *graph, const char *keep_float,
                                         struct umm_error *err)
{
    *layers = (struct umm_quantize_layers){0};
    enum umm_status status = check_nodes(graph, err);
    if (status)
        return status;
    layers->dense = calloc(graph->n_nodes, sizeof *layers->dense);
    layers->values = calloc(graph->n_values, sizeof *layers->values);
    layers->of_node = calloc(graph->n_nodes, sizeof *layers->of_node);
    if (!layers->dense || !layers->values || !layers->of_node)
        return umm_error_set_memory(err, graph->n_nodes * sizeof *layers->dense, "layers");
    trace_forward(graph, layers->values);
    trace_back(graph, layers->values);
    list_layers(graph, layers);
    return keep_listed(layers, keep_float, err);
}

void umm_quantize_layers_close(struct umm_quantize_layers *layers)
{
    free(layers->dense);
    free(layers->values);
    free(layers->of_node);
    *layers = (struct umm_quantize_layers){0};
}
