/* SPDX-License-Identifier: MIT */
#include "graph/fuse.h"

#include <math.h>

#include "graph/links.h"

struct fusion {
    struct umm_graph *graph;
    struct umm_graph_links links;
    bool *is_gone;
};

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

/* Make node, which reads floats, one of integers or of floats alone. */
static enum umm_status settle(struct fusion *fusion, struct umm_graph_node *node,
                              struct umm_error *err)
{
    struct umm_graph *graph = fusion->graph;
    enum umm_status status = UMM_OK;
    const int32_t quantized = umm_graph_quantized(graph, &fusion->links, node->inputs[0]);
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

static bool is_float(enum umm_graph_type type)
{
    return type == UMM_GRAPH_F32 || type == UMM_GRAPH_F64;
}

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
    enum umm_status status = umm_graph_tensor(graph, constant->type, 1, n, 0, &made, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = constant->n_columns == 1 ? 0 : i;
        if (constant->type == UMM_GRAPH_F64) {
            const double number = ((const double *)constant->data)[at];
            ((double *)made->data)[i] = is_negative ? -number : number;
        } else {
            const float number = ((const float *)constant->data)[at];
            ((float *)made->data)[i] = is_negative ? -number : number;
        }
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
           is_float(graph->values[node->inputs[0]].type) &&
           graph->values[node->output].width == graph->values[next->output].width;
}

/* Let node do what next does to its numbers. *is_done is false where it cannot. */
static enum umm_status take_over(struct umm_graph *graph, struct umm_graph_node *node,
                                 const struct umm_graph_node *next, bool *is_done,
                                 struct umm_error *err)
{
    *is_done = false;
    if (!is_float(graph->values[node->output].type))
        return UMM_OK;
    if (next->op == UMM_OP_RELU) {
        *is_done = narrow(&node->limits, 0, INFINITY);
    } else if (next->op == UMM_OP_CLIP) {
        *is_done = narrow(&node->limits, next->limits.low, next->limits.high);
    } else if (next->op == UMM_OP_QUANTIZE) {
        *is_done = !is_float(graph->values[node->inputs[0]].type) && !next->is_by_reciprocal;
    } else if ((next->op == UMM_OP_ADD || next->op == UMM_OP_SUB) && is_bias(graph, node, next)) {
        *is_done = true;
        return make_bias(graph, next->constant, next->op == UMM_OP_SUB,
                         graph->values[node->output].width, &node->bias, err);
    }
    return UMM_OK;
}

static enum umm_status fuse_node(struct fusion *fusion, struct umm_graph_node *node,
                                 struct umm_error *err)
{
    struct umm_graph *graph = fusion->graph;
    enum umm_status status = UMM_OK;
    bool is_done = true;
    if (graph->values[node->inputs[0]].type == UMM_GRAPH_F32 && !node->is_dynamic)
        status = settle(fusion, node, err);
    while (!status && is_done) {
        const int32_t next = umm_graph_only_reader(&fusion->links, node->output);
        if (next == UMM_GRAPH_NONE)
            break;
        status = take_over(graph, node, &graph->nodes[next], &is_done, err);
        if (status || !is_done)
            break;
        fusion->is_gone[next] = true;
        node->output = graph->nodes[next].output;
    }
    return status;
}

enum umm_status umm_graph_fuse(struct umm_graph *graph, bool *is_gone, struct umm_error *err)
{
    struct fusion fusion = {.graph = graph, .is_gone = is_gone};
    enum umm_status status = umm_graph_find_links(graph, &fusion.links, err);
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        if (graph->nodes[i].op == UMM_OP_DENSE)
            status = fuse_node(&fusion, &graph->nodes[i], err);
    umm_graph_free_links(&fusion.links);
    return status;
}
