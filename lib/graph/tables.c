/* SPDX-License-Identifier: MIT */
#include "graph/tables.h"

#include <math.h>

#include "graph/links.h"

static bool is_of_one_number(enum umm_graph_op op)
{
    return op == UMM_OP_RELU || op == UMM_OP_LEAKY_RELU || op == UMM_OP_CLIP ||
           op == UMM_OP_SIGMOID || op == UMM_OP_TANH;
}

static double result_of(const struct umm_graph_node *node, double x)
{
    const double low = (double)node->limits.low, high = (double)node->limits.high;
    if (node->op == UMM_OP_RELU)
        return x < 0 ? 0 : x;
    if (node->op == UMM_OP_LEAKY_RELU)
        return x < 0 ? x * (double)node->alpha : x;
    if (node->op == UMM_OP_CLIP)
        return x < low ? low : x > high ? high : x;
    return node->op == UMM_OP_TANH ? tanh(x) : 1 / (1 + exp(-x));
}

static double clamp(double q, enum umm_graph_type type)
{
    const double low = type == UMM_GRAPH_U8 ? 0 : INT8_MIN;
    return fmin(fmax(q, low), low + UINT8_MAX);
}

/* As a QUANTIZE has it, which divides floats; and as a table has it, of the exact result. */
static double quantize_float(float x, const struct umm_graph_value *y)
{
    return clamp(rint((double)(x / y->scale)) + y->zero_point, y->type);
}

static double quantize_exact(double x, const struct umm_graph_value *y)
{
    return clamp(rint(x / (double)y->scale) + y->zero_point, y->type);
}

/*
 * Whether every number of x becomes what the nodes one by one make of it. A function of floats is
 * within one step of the nearest float, so that all three are tried: what this machine's own exp
 * gives in its last bits then decides nothing.
 */
static bool is_table(const struct umm_graph_node *node, const struct umm_graph_value *x,
                     const struct umm_graph_value *y)
{
    const int32_t least = x->type == UMM_GRAPH_U8 ? 0 : INT8_MIN;
    for (int32_t q = least; q <= least + UINT8_MAX; q++) {
        const double result = result_of(node, (double)((float)(q - x->zero_point) * x->scale));
        const float nearest = (float)result;
        const double exact = quantize_exact(result, y);
        if (!isfinite(nearest) || quantize_float(nearest, y) != exact ||
            quantize_float(nextafterf(nearest, -INFINITY), y) != exact ||
            quantize_float(nextafterf(nearest, INFINITY), y) != exact)
            return false;
    }
    return true;
}

static void make_table(struct umm_graph *graph, const struct umm_graph_links *links, bool *is_gone,
                       struct umm_graph_node *node)
{
    const int32_t x = umm_graph_quantized(graph, links, node->inputs[0]);
    const int32_t next = umm_graph_only_reader(links, node->output);
    if (x == UMM_GRAPH_NONE || next == UMM_GRAPH_NONE)
        return;
    const struct umm_graph_node *quantize = &graph->nodes[next];
    const struct umm_graph_value *y = &graph->values[quantize->output];
    if (quantize->op != UMM_OP_QUANTIZE || quantize->is_by_reciprocal ||
        graph->values[x].type != y->type || !is_table(node, &graph->values[x], y))
        return;
    node->inputs[0] = x;
    node->output = quantize->output;
    is_gone[next] = true;
}

enum umm_status umm_graph_tables(struct umm_graph *graph, bool *is_gone, struct umm_error *err)
{
    struct umm_graph_links links;
    enum umm_status status = umm_graph_find_links(graph, &links, err);
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        if (is_of_one_number(graph->nodes[i].op) &&
            graph->values[graph->nodes[i].inputs[0]].type == UMM_GRAPH_F32)
            make_table(graph, &links, is_gone, &graph->nodes[i]);
    umm_graph_free_links(&links);
    return status;
}
