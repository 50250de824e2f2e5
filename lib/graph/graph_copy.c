/* SPDX-License-Identifier: MIT */
/* Copies of graphs and tensors. */
#include <string.h>

#include "graph/graph.h"

enum umm_status umm_graph_copy_tensor(struct umm_graph *graph, const struct umm_tensor *tensor,
                                      const struct umm_tensor **copy, struct umm_error *err)
{
    struct umm_tensor *made;
    *copy = NULL;
    if (!tensor)
        return UMM_OK;
    enum umm_status status = umm_graph_tensor(graph, tensor->type, tensor->n_rows,
                                              tensor->n_columns, tensor->n_scales, &made, err);
    if (status)
        return status;
    const size_t n = (size_t)tensor->n_rows * tensor->n_columns;
    memcpy(made->data, tensor->data, n * umm_graph_type_bytes(tensor->type));
    if (tensor->n_scales)
        memcpy(made->scales, tensor->scales, tensor->n_scales * sizeof *tensor->scales);
    if (tensor->n_scales && tensor->zero_points)
        memcpy(made->zero_points, tensor->zero_points,
               tensor->n_scales * sizeof *tensor->zero_points);
    *copy = made;
    return UMM_OK;
}

static enum umm_status add_node(struct umm_graph *copy, const struct umm_graph_node *node,
                                struct umm_error *err)
{
    struct umm_graph_node made = *node;
    enum umm_status status = umm_graph_copy_tensor(copy, node->weights, &made.weights, err);
    if (!status)
        status = umm_graph_copy_tensor(copy, node->bias, &made.bias, err);
    if (!status)
        status = umm_graph_copy_tensor(copy, node->constant, &made.constant, err);
    return status ? status : umm_graph_add_node(copy, &made, err);
}

static enum umm_status fill(const struct umm_graph *graph, struct umm_graph *copy,
                            struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    int32_t index;
    for (uint32_t i = 0; !status && i < graph->n_values; i++)
        status = umm_graph_add_value(copy, &graph->values[i], &index, err);
    for (uint32_t i = 0; !status && i < graph->n_inputs; i++)
        status = umm_graph_add_input(copy, graph->inputs[i], err);
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        status = add_node(copy, &graph->nodes[i], err);
    for (uint32_t i = 0; !status && i < graph->n_outputs; i++)
        status = umm_graph_add_output(copy, graph->outputs[i], err);
    return status;
}

enum umm_status umm_graph_copy(const struct umm_graph *graph, struct umm_graph **copy,
                               struct umm_error *err)
{
    enum umm_status status = umm_graph_new(copy, err);
    if (!status)
        status = fill(graph, *copy, err);
    if (!status)
        return UMM_OK;
    umm_graph_free(*copy);
    *copy = NULL;
    return status;
}
