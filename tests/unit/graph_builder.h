/* SPDX-License-Identifier: MIT */
/* Graphs made in a line or two each. Include it before <cmocka.h>. */
#ifndef UMM_TEST_GRAPH_BUILDER_H
#define UMM_TEST_GRAPH_BUILDER_H

#include "graph/graph.h"

#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline struct umm_graph *new_graph(void)
{
    struct umm_graph *graph = NULL;
    assert_int_equal(umm_graph_new(&graph, NULL), UMM_OK);
    return graph;
}

static inline int32_t add_value(struct umm_graph *graph, struct umm_graph_value value)
{
    int32_t index = 0;
    struct umm_error err = {0};
    if (umm_graph_add_value(graph, &value, &index, &err))
        fail_msg("%s", err.message);
    return index;
}

static inline int32_t add_floats(struct umm_graph *graph, uint32_t width)
{
    return add_value(graph, (struct umm_graph_value){.type = UMM_GRAPH_F32, .width = width});
}

static inline int32_t add_integers(struct umm_graph *graph, uint32_t width, float scale,
                                   int32_t zero_point)
{
    return add_value(
        graph, (struct umm_graph_value){
                   .type = UMM_GRAPH_I8, .width = width, .scale = scale, .zero_point = zero_point});
}

static inline int32_t add_input(struct umm_graph *graph, int32_t value)
{
    assert_int_equal(umm_graph_add_input(graph, value, NULL), UMM_OK);
    return value;
}

static inline void add_output(struct umm_graph *graph, int32_t value)
{
    assert_int_equal(umm_graph_add_output(graph, value, NULL), UMM_OK);
}

static inline struct umm_tensor *add_tensor(struct umm_graph *graph, enum umm_graph_type type,
                                            uint32_t n_rows, uint32_t n_columns, uint32_t n_scales)
{
    struct umm_tensor *tensor = NULL;
    assert_int_equal(umm_graph_tensor(graph, type, n_rows, n_columns, n_scales, &tensor, NULL),
                     UMM_OK);
    for (uint32_t i = 0; i < n_scales; i++)
        tensor->scales[i] = 1;
    return tensor;
}

/* A row of floats. */
static inline struct umm_tensor *add_row(struct umm_graph *graph, uint32_t n, const float *numbers)
{
    struct umm_tensor *tensor = add_tensor(graph, UMM_GRAPH_F32, 1, n, 0);
    memcpy(tensor->data, numbers, n * sizeof *numbers);
    return tensor;
}

/* A node that reads x, and second unless it is UMM_GRAPH_NONE; the value y, which it makes. */
static inline int32_t add_node_of_two(struct umm_graph *graph, struct umm_graph_node node,
                                      int32_t x, int32_t second, int32_t y)
{
    struct umm_error err = {0};
    int32_t inputs[2] = {x, second};
    node.place = graph->n_nodes;
    node.n_inputs = second == UMM_GRAPH_NONE ? 1 : 2;
    node.inputs = inputs;
    node.output = y;
    if (node.op == UMM_OP_DENSE && node.limits.low == 0 && node.limits.high == 0)
        node.limits = (struct umm_graph_limits){-INFINITY, INFINITY};
    if (umm_graph_add_node(graph, &node, &err))
        fail_msg("%s", err.message);
    return y;
}

static inline int32_t add_node(struct umm_graph *graph, struct umm_graph_node node, int32_t x,
                               int32_t y)
{
    return add_node_of_two(graph, node, x, UMM_GRAPH_NONE, y);
}

/* A node without anything but its op, from x to floats of x's width. */
static inline int32_t add_op(struct umm_graph *graph, enum umm_graph_op op, int32_t x)
{
    return add_node(graph, (struct umm_graph_node){.op = op}, x,
                    add_floats(graph, graph->values[x].width));
}

static inline int32_t random_between(uint64_t *state, int32_t low, int32_t high)
{
    return low + (int32_t)(xorshift64(state) % (uint64_t)(high - low + 1));
}

/* A tensor of small whole numbers; the scales are scale, the zero points 0. */
static inline struct umm_tensor *add_random_tensor(struct umm_graph *graph, uint64_t *state,
                                                   enum umm_graph_type type, uint32_t n_rows,
                                                   uint32_t n_columns, uint32_t n_scales,
                                                   float scale)
{
    struct umm_tensor *tensor = add_tensor(graph, type, n_rows, n_columns, n_scales);
    for (size_t i = 0; i < (size_t)n_rows * n_columns; i++) {
        const int32_t number = random_between(state, -3, 3);
        if (type == UMM_GRAPH_F32)
            ((float *)tensor->data)[i] = (float)number;
        else if (type == UMM_GRAPH_I32)
            ((int32_t *)tensor->data)[i] = number * 16;
        else
            ((int8_t *)tensor->data)[i] = (int8_t)(number * 16);
    }
    for (uint32_t i = 0; i < n_scales; i++)
        tensor->scales[i] = scale;
    return tensor;
}

/* ---- random graphs ----------------------------------------------------------------------- */

enum { RANDOM_WIDTH = 4, RANDOM_VALUES = 64 };

/*
 * Floats of a graph in the making, all of RANDOM_WIDTH numbers. n_bits: how many a number of it
 * takes, 99 if it is rounded.
 */
struct random_graph {
    struct umm_graph *graph;
    uint64_t *state;
    bool is_exact;
    int32_t values[RANDOM_VALUES];
    int n_bits[RANDOM_VALUES];
    int n_values;
};

static inline void keep_random(struct random_graph *made, int32_t value, int n_bits)
{
    made->values[made->n_values] = value;
    made->n_bits[made->n_values++] = n_bits;
}

/* A power of two, or any number. */
static inline float random_scale(struct random_graph *made)
{
    const float power = ldexpf(1, random_between(made->state, -4, -1));
    return made->is_exact ? power : power * (1 + (float)random_between(made->state, 0, 99) / 100);
}

/* Quantise a value and dequantise it again, as exporters of quantised models do. */
static inline int32_t add_random_rounding(struct random_graph *made, int32_t x)
{
    struct umm_graph *graph = made->graph;
    const int32_t q = add_integers(graph, RANDOM_WIDTH, random_scale(made),
                                   random_between(made->state, -128, 127));
    add_node(graph, (struct umm_graph_node){.op = UMM_OP_QUANTIZE}, x, q);
    return add_op(graph, UMM_OP_DEQUANTIZE, q);
}

/*
 * A layer of stored int8 weights, its bias of the scale that sums have if x is dequantised. An
 * exact one has no more than 20 bits.
 */
static inline void add_random_stored(struct random_graph *made, int from)
{
    struct umm_graph *graph = made->graph;
    const int32_t x = add_random_rounding(made, made->values[from]);
    const float x_scale = graph->values[graph->nodes[graph->n_nodes - 1].inputs[0]].scale;
    const float scale = random_scale(made);
    const uint32_t n_scales = xorshift64(made->state) % 2 ? 1 : RANDOM_WIDTH;
    struct umm_graph_node node = {.op = UMM_OP_DENSE};
    node.weights = add_random_tensor(graph, made->state, UMM_GRAPH_I8, RANDOM_WIDTH, RANDOM_WIDTH,
                                     n_scales, scale);
    if (xorshift64(made->state) % 4)
        node.bias = add_random_tensor(graph, made->state, UMM_GRAPH_I32, 1, RANDOM_WIDTH, n_scales,
                                      x_scale * scale);
    keep_random(made, add_node(graph, node, x, add_floats(graph, RANDOM_WIDTH)), 20);
}

static inline void add_random_dense(struct random_graph *made, int from)
{
    struct umm_graph *graph = made->graph;
    struct umm_graph_node node = {.op = UMM_OP_DENSE};
    node.weights =
        add_random_tensor(graph, made->state, UMM_GRAPH_F32, RANDOM_WIDTH, RANDOM_WIDTH, 0, 1);
    const int n_bits = made->n_bits[from] + 5;
    if (n_bits > 21 || xorshift64(made->state) % 2)
        node.bias = add_random_tensor(graph, made->state, UMM_GRAPH_F32, 1, RANDOM_WIDTH, 0, 1);
    keep_random(made, add_node(graph, node, made->values[from], add_floats(graph, RANDOM_WIDTH)),
                n_bits > 21 ? 99 : n_bits);
}

static inline void add_random_binary(struct random_graph *made, int from)
{
    struct umm_graph *graph = made->graph;
    const int other = random_between(made->state, 0, made->n_values - 1);
    struct umm_graph_node node = {.op = xorshift64(made->state) % 2 ? UMM_OP_ADD : UMM_OP_SUB};
    const bool is_constant = xorshift64(made->state) % 4;
    if (is_constant) {
        const uint32_t width = xorshift64(made->state) % 2 ? 1 : RANDOM_WIDTH;
        node.constant = add_random_tensor(graph, made->state, UMM_GRAPH_F32, 1, width, 0, 1);
        node.is_constant_first = xorshift64(made->state) % 2;
    }
    const int more = made->n_bits[from] > made->n_bits[other] ? from : other;
    const int n_bits = made->n_bits[is_constant ? from : more] + 1;
    keep_random(made,
                add_node_of_two(graph, node, made->values[from],
                                is_constant ? UMM_GRAPH_NONE : made->values[other],
                                add_floats(graph, RANDOM_WIDTH)),
                n_bits > 21 ? 99 : n_bits);
}

static inline void add_random_node(struct random_graph *made)
{
    static const enum umm_graph_op functions[] = {UMM_OP_SIGMOID, UMM_OP_TANH, UMM_OP_SOFTMAX};
    struct umm_graph *graph = made->graph;
    /* The newest value more often than others, so that chains come about. */
    const int from = xorshift64(made->state) % 4
                         ? made->n_values - 1
                         : random_between(made->state, 0, made->n_values - 1);
    const int32_t x = made->values[from];
    const float low = (float)random_between(made->state, -8, 2);
    struct umm_graph_node clip = {.op = UMM_OP_CLIP, .limits = {low, low + 8}};
    switch (xorshift64(made->state) % 9) {
    case 0: add_random_dense(made, from); break;
    case 1:
    case 2: add_random_stored(made, from); break;
    case 3: add_random_binary(made, from); break;
    case 4: keep_random(made, add_op(graph, UMM_OP_RELU, x), made->n_bits[from]); break;
    case 5:
        keep_random(made, add_node(graph, clip, x, add_floats(graph, RANDOM_WIDTH)),
                    made->n_bits[from]);
        break;
    case 6: keep_random(made, add_random_rounding(made, x), 12); break;
    case 7: keep_random(made, add_op(graph, UMM_OP_CAST, x), made->n_bits[from]); break;
    default: keep_random(made, add_op(graph, functions[xorshift64(made->state) % 3], x), 99);
    }
}

/*
 * A graph of one input and one output of RANDOM_WIDTH numbers, as a reader could make it. is_exact:
 * scales are powers of two and sums small enough that no order of adding rounds, so that passes may
 * not change a bit for rows of small whole numbers.
 */
static inline struct umm_graph *new_random_graph(uint64_t *state, int n_nodes, bool is_exact)
{
    struct random_graph made = {.graph = new_graph(), .state = state, .is_exact = is_exact};
    keep_random(&made, add_input(made.graph, add_floats(made.graph, RANDOM_WIDTH)), 4);
    for (int i = 0; i < n_nodes && i < RANDOM_VALUES - 1; i++)
        add_random_node(&made);
    add_output(made.graph, made.values[made.n_values - 1]);
    return made.graph;
}

#endif
