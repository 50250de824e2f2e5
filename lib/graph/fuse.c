/* SPDX-License-Identifier: MIT */
#include "graph/fuse.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

/*
 * maker    of each value: the node that gives it, or UMM_GRAPH_NONE
 * reader   of each value: the last node that reads it, or UMM_GRAPH_NONE
 * n_reads  of each value: how often nodes read it, and that it is an output
 */
struct links {
    struct umm_graph *graph;
    int32_t *maker, *reader;
    uint32_t *n_reads;
    bool *is_gone;
};

static void find_links(struct links *links)
{
    const struct umm_graph *graph = links->graph;
    for (uint32_t v = 0; v < graph->n_values; v++)
        links->maker[v] = links->reader[v] = UMM_GRAPH_NONE;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        links->maker[graph->nodes[i].output] = (int32_t)i;
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++) {
            links->reader[graph->nodes[i].inputs[k]] = (int32_t)i;
            links->n_reads[graph->nodes[i].inputs[k]]++;
        }
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        links->reader[graph->outputs[i]] = UMM_GRAPH_NONE;
        links->n_reads[graph->outputs[i]]++;
    }
}

/* ---- stored integers ------------------------------------------------------------- */

static int32_t number_at(const struct umm_tensor *tensor, size_t i)
{
    return tensor->type == UMM_GRAPH_I32 ? ((const int32_t *)tensor->data)[i]
                                         : ((const int8_t *)tensor->data)[i];
}

/* *made is tensor in floats, (q - zero point) * scale; scales are of the rows, or of the columns.
 */
static enum umm_status dequantize(struct umm_graph *graph, const struct umm_tensor *tensor,
                                  const struct umm_tensor **made, struct umm_error *err)
{
    struct umm_tensor *floats;
    enum umm_status status =
        umm_graph_tensor(graph, UMM_GRAPH_F32, tensor->n_rows, tensor->n_columns, 0, &floats, err);
    if (status)
        return status;
    const bool is_by_row = tensor->n_scales > 1 && tensor->n_rows == tensor->n_scales;
    float *at = floats->data;
    for (size_t row = 0; row < tensor->n_rows; row++) {
        for (size_t column = 0; column < tensor->n_columns; column++) {
            const size_t i = row * tensor->n_columns + column;
            const size_t channel = tensor->n_scales == 1 ? 0 : is_by_row ? row : column;
            const int32_t zero_point = tensor->zero_points ? tensor->zero_points[channel] : 0;
            at[i] = (float)(number_at(tensor, i) - zero_point) * tensor->scales[channel];
        }
    }
    *made = floats;
    return UMM_OK;
}

/*
 * Whether the bias may be added to integer sums: it is the same integers at the scale of these, the
 * product of the others. ONNX Runtime takes them for that whatever their scale.
 */
static bool is_bias_of_sums(const struct umm_graph_node *node, float x_scale)
{
    const struct umm_tensor *weights = node->weights, *bias = node->bias;
    if (!bias)
        return true;
    if (bias->type != UMM_GRAPH_I32)
        return false;
    for (uint32_t o = 0; o < weights->n_rows; o++) {
        const double q = number_at(bias, o);
        const double scale = (double)bias->scales[bias->n_scales == 1 ? 0 : o];
        const double product =
            (double)x_scale * (double)weights->scales[weights->n_scales == 1 ? 0 : o];
        if (fabs(q * (scale / product) - q) > 0.5)
            return false;
    }
    return true;
}

/* The quantised value that x, the input of node, is dequantised from, or UMM_GRAPH_NONE. */
static int32_t find_quantized(const struct links *links, const struct umm_graph_node *node)
{
    const int32_t maker = links->maker[node->inputs[0]];
    if (maker < 0 || links->graph->nodes[maker].op != UMM_OP_DEQUANTIZE)
        return UMM_GRAPH_NONE;
    return links->graph->nodes[maker].inputs[0];
}

/* Make node, which reads floats, one of integers or of floats alone. */
static enum umm_status settle(struct links *links, struct umm_graph_node *node,
                              struct umm_error *err)
{
    struct umm_graph *graph = links->graph;
    enum umm_status status = UMM_OK;
    const int32_t quantized = find_quantized(links, node);
    if (node->weights->type == UMM_GRAPH_I8 && quantized != UMM_GRAPH_NONE &&
        is_bias_of_sums(node, graph->values[quantized].scale)) {
        node->inputs[0] = quantized;
        return UMM_OK;
    }
    if (node->weights->type != UMM_GRAPH_F32)
        status = dequantize(graph, node->weights, &node->weights, err);
    if (!status && node->bias && node->bias->type != UMM_GRAPH_F32)
        status = dequantize(graph, node->bias, &node->bias, err);
    return status;
}

/* ---- what comes after a layer --------------------------------------------------------- */

static bool is_unlimited(const struct umm_graph_limits *limits)
{
    return limits->low == -INFINITY && limits->high == INFINITY;
}

/* Numbers within old, then within more; a layer needs limits that are apart. */
static bool narrow(struct umm_graph_limits *limits, float low, float high)
{
    const struct umm_graph_limits both = {
        .low = fminf(fmaxf(limits->low, low), high),
        .high = fminf(fmaxf(limits->high, low), high),
    };
    if (!(both.low < both.high))
        return false;
    *limits = both;
    return true;
}

/* constant, or its negative, for each of n outputs. */
static enum umm_status make_bias(struct umm_graph *graph, const struct umm_tensor *constant,
                                 bool is_negative, uint32_t n, const struct umm_tensor **bias,
                                 struct umm_error *err)
{
    struct umm_tensor *made;
    enum umm_status status = umm_graph_tensor(graph, UMM_GRAPH_F32, 1, n, 0, &made, err);
    if (status)
        return status;
    const float *from = constant->data;
    float *to = made->data;
    for (uint32_t i = 0; i < n; i++) {
        const float number = from[constant->n_columns == 1 ? 0 : i];
        to[i] = is_negative ? -number : number;
    }
    *bias = made;
    return UMM_OK;
}

/* Whether next adds a constant to the sums of node, which have none yet. */
static bool is_bias(const struct umm_graph *graph, const struct umm_graph_node *node,
                    const struct umm_graph_node *next)
{
    return !node->bias && is_unlimited(&node->limits) && next->constant &&
           !(next->op == UMM_OP_SUB && next->is_constant_first) &&
           graph->values[node->inputs[0]].type == UMM_GRAPH_F32 &&
           graph->values[node->output].width == graph->values[next->output].width;
}

/* Let node do what next does to its numbers. *is_done is false where it cannot. */
static enum umm_status take_over(struct umm_graph *graph, struct umm_graph_node *node,
                                 const struct umm_graph_node *next, bool *is_done,
                                 struct umm_error *err)
{
    *is_done = false;
    if (graph->values[node->output].type != UMM_GRAPH_F32)
        return UMM_OK;
    if (next->op == UMM_OP_RELU) {
        *is_done = narrow(&node->limits, 0, INFINITY);
    } else if (next->op == UMM_OP_CLIP) {
        *is_done = narrow(&node->limits, next->limits.low, next->limits.high);
    } else if (next->op == UMM_OP_QUANTIZE) {
        *is_done = graph->values[node->inputs[0]].type != UMM_GRAPH_F32 && !next->is_by_reciprocal;
    } else if ((next->op == UMM_OP_ADD || next->op == UMM_OP_SUB) && is_bias(graph, node, next)) {
        *is_done = true;
        return make_bias(graph, next->constant, next->op == UMM_OP_SUB,
                         graph->values[node->output].width, &node->bias, err);
    }
    return UMM_OK;
}

static enum umm_status fuse_node(struct links *links, struct umm_graph_node *node,
                                 struct umm_error *err)
{
    struct umm_graph *graph = links->graph;
    enum umm_status status = UMM_OK;
    bool is_done = true;
    if (graph->values[node->inputs[0]].type == UMM_GRAPH_F32 && !node->is_dynamic)
        status = settle(links, node, err);
    while (!status && is_done && links->n_reads[node->output] == 1 &&
           links->reader[node->output] != UMM_GRAPH_NONE) {
        const int32_t next = links->reader[node->output];
        status = take_over(graph, node, &graph->nodes[next], &is_done, err);
        if (status || !is_done)
            break;
        links->is_gone[next] = true;
        node->output = graph->nodes[next].output;
    }
    return status;
}

enum umm_status umm_graph_fuse(struct umm_graph *graph, bool *is_gone, struct umm_error *err)
{
    struct links links = {.graph = graph,
                          .maker = calloc(graph->n_values, sizeof *links.maker),
                          .reader = calloc(graph->n_values, sizeof *links.reader),
                          .n_reads = calloc(graph->n_values, sizeof *links.n_reads),
                          .is_gone = is_gone};
    enum umm_status status = UMM_OK;
    if (links.maker && links.reader && links.n_reads)
        find_links(&links);
    else
        status = umm_error_set_memory(err, graph->n_values * 3 * sizeof *links.maker,
                                      "the values of a model");
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        if (graph->nodes[i].op == UMM_OP_DENSE)
            status = fuse_node(&links, &graph->nodes[i], err);
    free(links.maker);
    free(links.reader);
    free(links.n_reads);
    return status;
}
