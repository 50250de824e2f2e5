/* SPDX-License-Identifier: MIT */
/*
 * Random graphs of all ops and types, whose results are known: exactly, or where a function is in
 * between (exp, a quotient of sums), within a tolerance. Include it after <cmocka.h>.
 */
#ifndef UMM_TEST_RANDOM_GRAPH_H
#define UMM_TEST_RANDOM_GRAPH_H

#include "graph/graph.h"
#include "random.h"

#include <math.h>
#include <string.h>

enum { RANDOM_WIDTH_MAX = 70, RANDOM_VALUES_MAX = 64 };

/*
 * is_exact, of each value: every bit of it is known. Others are read by no node. takes_nan: no op
 * has a NaN of its own kind.
 */
struct random_graph {
    struct umm_graph *graph;
    uint64_t state;
    bool is_exact[RANDOM_VALUES_MAX];
    int32_t values[RANDOM_VALUES_MAX]; /* that were made */
    uint32_t n_values;
    bool takes_nan;
};

static inline uint32_t random_below(struct random_graph *of, uint32_t n)
{
    return (uint32_t)(xorshift64(&of->state) >> 11) % n;
}

static inline float random_float(struct random_graph *of, float least, float most)
{
    return least + (most - least) * (float)random_below(of, 1 << 20) / (1 << 20);
}

/* A value of that type and width. Many are of the same few widths, so that they go together. */
static inline int32_t random_value(struct random_graph *of, enum umm_graph_type type,
                                   uint32_t width)
{
    struct umm_graph_value value = {.name = "", .type = type, .width = width};
    int32_t index = UMM_GRAPH_NONE;
    char name[16];
    snprintf(name, sizeof name, "v%u", of->graph->n_values);
    value.name = name;
    const float scales[] = {1.0F / 32, 0.1F, random_float(of, 0.01F, 0.2F)};
    value.scale = scales[random_below(of, 3)];
    value.zero_point = type == UMM_GRAPH_I8   ? (int32_t)random_below(of, 256) - 128
                       : type == UMM_GRAPH_U8 ? (int32_t)random_below(of, 256)
                                              : 0;
    assert_int_equal(umm_graph_add_value(of->graph, &value, &index, NULL), UMM_OK);
    return index;
}

static inline uint32_t random_width(struct random_graph *of)
{
    static const uint32_t usual[] = {1, 2, 16, 17, 64};
    return random_below(of, 3) ? usual[random_below(of, 5)]
                               : 1 + random_below(of, RANDOM_WIDTH_MAX);
}

static inline struct umm_tensor *random_tensor(struct random_graph *of, enum umm_graph_type type,
                                               uint32_t n_rows, uint32_t n_columns,
                                               uint32_t n_scales)
{
    struct umm_tensor *tensor = NULL;
    assert_int_equal(umm_graph_tensor(of->graph, type, n_rows, n_columns, n_scales, &tensor, NULL),
                     UMM_OK);
    for (size_t i = 0; i < (size_t)n_rows * n_columns; i++) {
        if (type == UMM_GRAPH_F32)
            ((float *)tensor->data)[i] = random_float(of, -1, 1);
        else if (type == UMM_GRAPH_F64)
            ((double *)tensor->data)[i] = (double)random_float(of, -1, 1) / 3;
        else if (type == UMM_GRAPH_I32)
            ((int32_t *)tensor->data)[i] = (int32_t)random_below(of, 2000) - 1000;
        else
            ((uint8_t *)tensor->data)[i] = (uint8_t)random_below(of, 256);
    }
    for (uint32_t i = 0; i < n_scales; i++) {
        tensor->scales[i] = random_float(of, 0.002F, 0.02F);
        tensor->zero_points[i] = type == UMM_GRAPH_I32  ? 0
                                 : type == UMM_GRAPH_U8 ? (int32_t)random_below(of, 256)
                                                        : (int32_t)random_below(of, 20) - 10;
    }
    return tensor;
}

/* ---- trees ---------------------------------------------------------------------------- */

enum { TREE_DEPTH = 4, TREE_NODES = (1 << (TREE_DEPTH + 1)) - 1 };

/* A full tree, nodes numbered as in a heap, from first on. */
static inline void random_tree(struct random_graph *of, struct umm_tree_node *nodes, uint32_t first,
                               uint32_t width, uint32_t *n_weights)
{
    const bool is_usual = random_below(of, 4) != 0;
    for (uint32_t i = 0; i < TREE_NODES; i++) {
        struct umm_tree_node *node = &nodes[first + i];
        if (i >= TREE_NODES / 2) {
            *node = (struct umm_tree_node){
                .mode = UMM_TREE_LEAF, .first_weight = *n_weights, .n_weights = 1};
            *n_weights += 1;
            continue;
        }
        node->mode = is_usual ? UMM_TREE_LE : (enum umm_tree_mode)(1 + random_below(of, 6));
        node->is_missing_true = random_below(of, 2) != 0;
        node->feature = random_below(of, width);
        node->threshold = random_float(of, -1, 1);
        node->if_true = first + 2 * i + 1;
        node->if_false = first + 2 * i + 2;
    }
}

static inline void *graph_memory(struct random_graph *of, size_t n, size_t size_bytes)
{
    void *memory = NULL;
    assert_int_equal(umm_graph_alloc(of->graph, n, size_bytes, &memory, NULL), UMM_OK);
    return memory;
}

static inline struct umm_trees *random_trees(struct random_graph *of, uint32_t width)
{
    const uint32_t n_trees = 1 + random_below(of, 40);
    struct umm_trees *trees = graph_memory(of, 1, sizeof *trees);
    struct umm_tree_node *nodes = graph_memory(of, n_trees * TREE_NODES, sizeof *nodes);
    struct umm_tree_weight *weights = graph_memory(of, n_trees * TREE_NODES, sizeof *weights);
    uint32_t *roots = graph_memory(of, n_trees, sizeof *roots), n_weights = 0;
    trees->n_outputs = random_below(of, 2) ? 1 : 1 + random_below(of, 4);
    for (uint32_t i = 0; i < n_trees; i++) {
        roots[i] = i * TREE_NODES;
        random_tree(of, nodes, roots[i], width, &n_weights);
    }
    for (uint32_t i = 0; i < n_weights; i++)
        weights[i] =
            (struct umm_tree_weight){random_below(of, trees->n_outputs), random_float(of, -1, 1)};
    trees->n_trees = n_trees;
    trees->n_nodes = n_trees * TREE_NODES;
    trees->n_weights = n_weights;
    trees->n_features = width;
    trees->roots = roots;
    trees->nodes = nodes;
    trees->weights = weights;
    trees->sum = (enum umm_tree_sum)random_below(of, 4);
    return trees;
}

/* ---- nodes ------------------------------------------------------------------------------ */

static inline bool is_small_type(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

/* An exact value that was made, of that type and width, or width 1; 0: any. */
static inline int32_t made_value(struct random_graph *of, enum umm_graph_type type, uint32_t width)
{
    for (unsigned i = 0; i < 40; i++) {
        const int32_t value = of->values[random_below(of, of->n_values)];
        const struct umm_graph_value *found = &of->graph->values[value];
        if (of->is_exact[value] && found->type == type &&
            (width == 0 || found->width == width || found->width == 1))
            return value;
    }
    return UMM_GRAPH_NONE;
}

static inline void random_dense(struct random_graph *of, struct umm_graph_node *node,
                                const struct umm_graph_value x)
{
    static const enum umm_graph_type types[] = {UMM_GRAPH_I8, UMM_GRAPH_U8, UMM_GRAPH_F32};
    const uint32_t width = random_width(of);
    const bool is_integer = is_small_type(x.type), has_bias = random_below(of, 4) != 0;
    node->is_dynamic = x.type == UMM_GRAPH_F32 && random_below(of, 3) == 0;
    const bool is_float = !is_integer && !node->is_dynamic;
    const uint32_t n_scales = is_float ? 0 : random_below(of, 2) ? 1 : width;
    const enum umm_graph_type sums = is_integer ? UMM_GRAPH_I32 : x.type;
    struct umm_tensor *weights =
        random_tensor(of, is_float ? x.type : UMM_GRAPH_I8, width, x.width, n_scales);
    if (n_scales && random_below(of, 2))
        weights->zero_points = NULL;
    node->weights = weights;
    if (has_bias)
        node->bias = random_tensor(of, sums, 1, width, is_integer);
    node->is_row_u8 = node->is_dynamic && random_below(of, 2);
    node->output = random_value(of, is_integer ? types[random_below(of, 3)] : x.type, width);
    node->limits.low = random_below(of, 2) ? 0 : -INFINITY;
    node->limits.high = random_below(of, 3) ? INFINITY : 1.5F;
}

static inline void random_binary(struct random_graph *of, struct umm_graph_node *node,
                                 const struct umm_graph_value x)
{
    const int32_t second = random_below(of, 2) ? made_value(of, x.type, x.width) : UMM_GRAPH_NONE;
    node->op = UMM_OP_ADD + random_below(of, 4);
    uint32_t width = x.width;
    if (second == UMM_GRAPH_NONE) {
        node->constant =
            random_tensor(of, x.type, 1, random_below(of, 2) ? 1 : x.width, is_small_type(x.type));
        node->is_constant_first = random_below(of, 2) != 0;
    } else {
        node->inputs[1] = second;
        node->n_inputs = 2;
        if (width == 1)
            width = of->graph->values[second].width;
    }
    node->output = random_value(of, x.type, width);
}

static inline void random_concat(struct random_graph *of, struct umm_graph_node *node,
                                 const struct umm_graph_value x)
{
    uint32_t width = x.width;
    for (; node->n_inputs < 3; node->n_inputs++) {
        const int32_t more = is_small_type(x.type) ? node->inputs[0] : made_value(of, x.type, 0);
        if (more == UMM_GRAPH_NONE)
            break;
        node->inputs[node->n_inputs] = more;
        width += of->graph->values[more].width;
    }
    const struct umm_graph_value value = {"", x.type, width, x.scale, x.zero_point};
    assert_int_equal(umm_graph_add_value(of->graph, &value, &node->output, NULL), UMM_OK);
}

static inline void random_slice(struct random_graph *of, struct umm_graph_node *node,
                                const struct umm_graph_value x)
{
    node->first = random_below(of, x.width);
    const struct umm_graph_value value = {"", x.type, 1 + random_below(of, x.width - node->first),
                                          x.scale, x.zero_point};
    assert_int_equal(umm_graph_add_value(of->graph, &value, &node->output, NULL), UMM_OK);
}

/* A node that reads value; false for one that cannot be, and nothing was added. */
static inline bool random_node(struct random_graph *of, int32_t value)
{
    static const enum umm_graph_type casts[] = {UMM_GRAPH_F32, UMM_GRAPH_F64, UMM_GRAPH_I64,
                                                UMM_GRAPH_I32, UMM_GRAPH_BOOL};
    const struct umm_graph_value x = of->graph->values[value];
    int32_t inputs[3] = {value};
    struct umm_graph_node node = {.op = random_below(of, UMM_OP_COUNT),
                                  .name = "",
                                  .op_name = "Random",
                                  .place = of->graph->n_nodes,
                                  .n_inputs = 1,
                                  .inputs = inputs,
                                  .output = UMM_GRAPH_NONE,
                                  .limits = {-INFINITY, INFINITY}};
    const bool is_f32 = x.type == UMM_GRAPH_F32, is_small = is_small_type(x.type);
    const bool is_real = is_f32 || is_small || x.type == UMM_GRAPH_F64;
    const bool is_limit = node.op == UMM_OP_RELU || node.op == UMM_OP_CLIP;
    bool is_exact = true;
    switch (node.op) {
    case UMM_OP_DENSE:
        if (!is_real)
            return false;
        random_dense(of, &node, x);
        break;
    case UMM_OP_ADD:
    case UMM_OP_SUB:
    case UMM_OP_MUL:
    case UMM_OP_DIV:
        if (!is_real)
            return false;
        random_binary(of, &node, x);
        break;
    case UMM_OP_SIGMOID:
    case UMM_OP_TANH:
    case UMM_OP_SOFTMAX:
    case UMM_OP_RELU:
    case UMM_OP_LEAKY_RELU:
    case UMM_OP_CLIP:
        if (!is_f32 && !is_small && !(is_real && is_limit))
            return false;
        /* Of floats, the first three are rounded by another function in the interpreter. */
        is_exact = is_small || is_limit || node.op == UMM_OP_LEAKY_RELU;
        node.limits.low = random_float(of, -1, 0);
        node.limits.high = random_float(of, 0, 1);
        node.alpha = random_float(of, 0, 1);
        node.output = random_value(of, x.type, x.width);
        break;
    case UMM_OP_SOFTMAX_ZERO:
    case UMM_OP_NORMALIZE:
        if (!is_f32)
            return false;
        node.norm = (enum umm_graph_norm)random_below(of, 3);
        of->takes_nan = is_exact = false;
        node.output = random_value(of, x.type, x.width);
        break;
    case UMM_OP_LOGISTIC_PAIR:
        if (!is_f32 || x.width != 1)
            return false;
        is_exact = false;
        node.output = random_value(of, x.type, 2);
        break;
    case UMM_OP_CONCAT: random_concat(of, &node, x); break;
    case UMM_OP_SLICE: random_slice(of, &node, x); break;
    case UMM_OP_CAST:
        if (is_small)
            return false;
        node.output = random_value(of, casts[random_below(of, 5)], x.width);
        of->takes_nan = false;
        break;
    case UMM_OP_QUANTIZE:
        if (!is_f32 && !is_small)
            return false;
        node.is_by_reciprocal = is_f32 && random_below(of, 2);
        node.output = random_value(of, random_below(of, 2) ? UMM_GRAPH_I8 : UMM_GRAPH_U8, x.width);
        break;
    case UMM_OP_DEQUANTIZE:
        if (!is_small)
            return false;
        node.output = random_value(of, UMM_GRAPH_F32, x.width);
        break;
    case UMM_OP_TREES:
        if (!is_f32 && x.type != UMM_GRAPH_F64)
            return false;
        node.trees = random_trees(of, x.width);
        node.output = random_value(of, UMM_GRAPH_F32, node.trees->n_outputs);
        break;
    case UMM_OP_PROBIT: /* of probabilities alone */
    case UMM_OP_COUNT: return false;
    }
    struct umm_error err = {0};
    if (umm_graph_add_node(of->graph, &node, &err))
        fail_msg("%s", err.message);
    for (uint32_t i = 0; i < node.n_inputs; i++)
        is_exact = is_exact && of->is_exact[node.inputs[i]];
    of->is_exact[node.output] = is_exact;
    of->values[of->n_values++] = node.output;
    return true;
}

/* A graph of the seed. Inputs of several types, some nodes, one to three outputs. */
static inline void make_random_graph(struct random_graph *of, uint64_t seed)
{
    static const enum umm_graph_type types[] = {UMM_GRAPH_F32, UMM_GRAPH_F32, UMM_GRAPH_F32,
                                                UMM_GRAPH_F64, UMM_GRAPH_I8,  UMM_GRAPH_U8,
                                                UMM_GRAPH_I64, UMM_GRAPH_I32, UMM_GRAPH_BOOL};
    *of = (struct random_graph){.state = RANDOM_SEED * (2 * seed + 1), .takes_nan = true};
    assert_int_equal(umm_graph_new(&of->graph, NULL), UMM_OK);
    for (unsigned i = 0; i < 8; i++)
        xorshift64(&of->state);
    const uint32_t n_inputs = random_below(of, 2) ? 1 : 1 + random_below(of, 4);
    for (uint32_t i = 0; i < n_inputs; i++) {
        const enum umm_graph_type type = types[random_below(of, 9)];
        const int32_t value = random_value(of, type, random_width(of));
        of->takes_nan = of->takes_nan && type != UMM_GRAPH_I64 && type != UMM_GRAPH_I32 &&
                        type != UMM_GRAPH_BOOL;
        of->is_exact[value] = true;
        of->values[of->n_values++] = value;
        assert_int_equal(umm_graph_add_input(of->graph, value, NULL), UMM_OK);
    }
    const uint32_t n_nodes = random_below(of, 12);
    while (of->graph->n_nodes < n_nodes && of->n_values < RANDOM_VALUES_MAX - 1) {
        const uint32_t recent = of->n_values < 3 ? of->n_values : 3;
        const int32_t value =
            of->values[random_below(of, 2) ? of->n_values - 1 - random_below(of, recent)
                                           : random_below(of, of->n_values)];
        if (of->is_exact[value] && of->graph->values[value].width <= 4 * RANDOM_WIDTH_MAX)
            (void)random_node(of, value);
        else if (random_below(of, 50) == 0)
            break;
    }
    const uint32_t n_outputs = random_below(of, 2) ? 1 : 1 + random_below(of, 3);
    for (uint32_t i = 0; i < n_outputs; i++) {
        const bool is_last = i == 0 && random_below(of, 4);
        const int32_t value =
            of->values[is_last ? of->n_values - 1 : random_below(of, of->n_values)];
        assert_int_equal(umm_graph_add_output(of->graph, value, NULL), UMM_OK);
    }
}

#endif
