/* SPDX-License-Identifier: MIT */
/* Graphs to be written as TensorFlow Lite files. Numbers are the same in every run. */
#ifndef UMM_TEST_TFLITE_MODELS_H
#define UMM_TEST_TFLITE_MODELS_H

#include "graph/graph.h"
#include "random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* A model that is built: last is the value that the next layer reads. */
struct builder {
    struct umm_graph *graph;
    uint64_t random;
    int32_t last;
};

enum layer_kind {
    LAYER_F32,
    LAYER_I8,
    LAYER_I8_PER_CHANNEL,
    LAYER_DYNAMIC,
    LAYER_DYNAMIC_ASYMMETRIC
};

static inline void must(enum umm_status status)
{
    if (status != UMM_OK)
        abort();
}

static inline struct builder builder_new(uint64_t seed)
{
    struct builder builder = {.random = RANDOM_SEED + seed * 0x9e3779b97f4a7c15U};
    must(umm_graph_new(&builder.graph, NULL));
    return builder;
}

/* From -1 to 1. */
static inline float random_float(struct builder *builder)
{
    return (float)(int32_t)(uint32_t)(xorshift64(&builder->random) >> 32) * 0x1p-31F;
}

static inline int32_t add_value(struct builder *builder, const char *name, enum umm_graph_type type,
                                uint32_t width, float scale, int32_t zero_point)
{
    const struct umm_graph_value value = {name, type, width, scale, zero_point};
    int32_t index;
    must(umm_graph_add_value(builder->graph, &value, &index, NULL));
    return index;
}

static inline void add_input(struct builder *builder, const char *name, enum umm_graph_type type,
                             uint32_t width)
{
    builder->last = add_value(builder, name, type, width, 0.03F, 5);
    must(umm_graph_add_input(builder->graph, builder->last, NULL));
}

/* A node of one input to a new value. */
static inline void add_node(struct builder *builder, struct umm_graph_node node, const char *name,
                            enum umm_graph_type type, uint32_t width, float scale,
                            int32_t zero_point)
{
    node.inputs = node.inputs ? node.inputs : &builder->last;
    node.n_inputs = node.n_inputs ? node.n_inputs : 1;
    node.output = add_value(builder, name, type, width, scale, zero_point);
    must(umm_graph_add_node(builder->graph, &node, NULL));
    builder->last = node.output;
}

static inline struct umm_tensor *float_tensor(struct builder *builder, uint32_t n_rows,
                                              uint32_t n_columns)
{
    struct umm_tensor *tensor;
    must(umm_graph_tensor(builder->graph, UMM_GRAPH_F32, n_rows, n_columns, 0, &tensor, NULL));
    for (size_t i = 0; i < (size_t)n_rows * n_columns; i++)
        ((float *)tensor->data)[i] = random_float(builder);
    return tensor;
}

static inline struct umm_tensor *int8_weights(struct builder *builder, uint32_t n_rows,
                                              uint32_t n_columns, uint32_t n_scales)
{
    struct umm_tensor *tensor;
    must(
        umm_graph_tensor(builder->graph, UMM_GRAPH_I8, n_rows, n_columns, n_scales, &tensor, NULL));
    for (size_t i = 0; i < (size_t)n_rows * n_columns; i++)
        ((int8_t *)tensor->data)[i] = (int8_t)(random_float(builder) * 127.4F);
    for (uint32_t i = 0; i < n_scales; i++)
        tensor->scales[i] = 0.002F + 0.001F * fabsf(random_float(builder));
    return tensor;
}

static inline struct umm_tensor *int32_biases(struct builder *builder, float x_scale,
                                              const struct umm_tensor *weights)
{
    struct umm_tensor *tensor;
    must(umm_graph_tensor(builder->graph, UMM_GRAPH_I32, 1, weights->n_rows, weights->n_scales,
                          &tensor, NULL));
    for (uint32_t i = 0; i < weights->n_rows; i++)
        ((int32_t *)tensor->data)[i] = (int32_t)(random_float(builder) * 3000);
    for (uint32_t i = 0; i < weights->n_scales; i++)
        tensor->scales[i] = x_scale * weights->scales[i];
    return tensor;
}

static inline void add_dense(struct builder *builder, enum layer_kind kind, uint32_t n_out,
                             float low, float high, const char *name)
{
    const struct umm_graph_value x = builder->graph->values[builder->last];
    struct umm_graph_node node = {.op = UMM_OP_DENSE, .limits = {low, high}};
    bool is_int8 = kind == LAYER_I8 || kind == LAYER_I8_PER_CHANNEL;
    if (kind == LAYER_F32)
        node.weights = float_tensor(builder, n_out, x.width);
    else
        node.weights =
            int8_weights(builder, n_out, x.width, kind == LAYER_I8_PER_CHANNEL ? n_out : 1);
    node.bias =
        is_int8 ? int32_biases(builder, x.scale, node.weights) : float_tensor(builder, 1, n_out);
    node.is_dynamic = kind == LAYER_DYNAMIC || kind == LAYER_DYNAMIC_ASYMMETRIC;
    node.is_asymmetric = kind == LAYER_DYNAMIC_ASYMMETRIC;
    float scale = 0.0005F * sqrtf((float)x.width) * (1.5F + random_float(builder));
    int32_t zero_point = low < 0 ? 3 : -128;
    add_node(builder, node, name, is_int8 ? UMM_GRAPH_I8 : UMM_GRAPH_F32, n_out, scale * 10,
             zero_point);
}

/* widths[0] inputs, then layers: RELU after all but the last. has_float_ends: of int8 ones. */
static inline struct umm_graph *perceptron(enum layer_kind kind, const uint32_t *widths,
                                           size_t n_widths, bool has_float_ends, uint64_t seed)
{
    struct builder builder = builder_new(seed);
    bool is_int8 = kind == LAYER_I8 || kind == LAYER_I8_PER_CHANNEL;
    bool is_float_in = !is_int8 || has_float_ends;
    add_input(&builder, "x", is_float_in ? UMM_GRAPH_F32 : UMM_GRAPH_I8, widths[0]);
    if (is_int8 && has_float_ends)
        add_node(&builder, (struct umm_graph_node){.op = UMM_OP_QUANTIZE, .is_by_reciprocal = true},
                 "q", UMM_GRAPH_I8, widths[0], 0.03F, 5);
    for (size_t i = 1; i < n_widths; i++)
        add_dense(&builder, kind, widths[i], i + 1 < n_widths ? 0 : -INFINITY, INFINITY,
                  i + 1 < n_widths ? "hidden" : "y");
    if (is_int8 && has_float_ends)
        add_node(&builder, (struct umm_graph_node){.op = UMM_OP_DEQUANTIZE}, "float_y",
                 UMM_GRAPH_F32, widths[n_widths - 1], 0, 0);
    must(umm_graph_add_output(builder.graph, builder.last, NULL));
    return builder.graph;
}

static inline void add_unary(struct builder *builder, enum umm_graph_op op)
{
    struct umm_graph_node node = {.op = op, .alpha = 0.2F, .limits = {0, 6}};
    const struct umm_graph_value x = builder->graph->values[builder->last];
    add_node(builder, node, "", x.type, x.width, x.scale, x.zero_point);
}

/* Every float operator that is written, one after the other. The second output is an input. */
static inline struct umm_graph *all_floats(bool has_two_outputs, uint64_t seed)
{
    struct builder builder = builder_new(seed);
    add_input(&builder, "a", UMM_GRAPH_F32, 5);
    int32_t a = builder.last;
    add_input(&builder, "b", UMM_GRAPH_F32, 5);
    int32_t both[] = {a, builder.last};
    for (enum umm_graph_op op = UMM_OP_ADD; op <= UMM_OP_DIV; op++) {
        add_node(&builder, (struct umm_graph_node){.op = op, .inputs = both, .n_inputs = 2}, "",
                 UMM_GRAPH_F32, 5, 0, 0);
        add_node(&builder,
                 (struct umm_graph_node){.op = op, .constant = float_tensor(&builder, 1, 5)}, "",
                 UMM_GRAPH_F32, 5, 0, 0);
        add_node(&builder,
                 (struct umm_graph_node){
                     .op = op, .is_constant_first = true, .constant = float_tensor(&builder, 1, 1)},
                 "", UMM_GRAPH_F32, 5, 0, 0);
        both[0] = builder.last;
    }
    for (enum umm_graph_op op = UMM_OP_RELU; op <= UMM_OP_SOFTMAX; op++)
        add_unary(&builder, op);
    int32_t many[] = {builder.last, a, builder.last};
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_CONCAT, .inputs = many, .n_inputs = 3},
             "", UMM_GRAPH_F32, 15, 0, 0);
    add_dense(&builder, LAYER_F32, 4, 0, 6, "six");
    add_dense(&builder, LAYER_F32, 4, -1, 1, "one");
    add_dense(&builder, LAYER_DYNAMIC, 4, -INFINITY, INFINITY, "hybrid");
    must(umm_graph_add_output(builder.graph, builder.last, NULL));
    if (has_two_outputs)
        must(umm_graph_add_output(builder.graph, a, NULL));
    return builder.graph;
}

/* Every int8 operator. ratio: of the scales before and after activations that keep none. */
static inline struct umm_graph *all_int8(enum layer_kind last, float ratio, uint64_t seed)
{
    struct builder builder = builder_new(seed);
    add_input(&builder, "x", UMM_GRAPH_F32, 6);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_QUANTIZE, .is_by_reciprocal = true}, "",
             UMM_GRAPH_U8, 6, 0.05F, 140);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_QUANTIZE}, "", UMM_GRAPH_I8, 6, 0.05F,
             12);
    add_dense(&builder, LAYER_I8, 7, 0, 6, "six");
    add_dense(&builder, last, 7, -INFINITY, INFINITY, "plain");
    float scale = builder.graph->values[builder.last].scale / ratio;
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_CLIP, .limits = {-1, 1}}, "",
             UMM_GRAPH_I8, 7, scale, -3);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_RELU}, "", UMM_GRAPH_I8, 7,
             scale / ratio, -128);
    add_unary(&builder, UMM_OP_CLIP);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_TANH}, "", UMM_GRAPH_I8, 7, 1.0F / 128,
             0);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_SIGMOID}, "", UMM_GRAPH_I8, 7,
             1.0F / 256, -128);
    int32_t twice[] = {builder.last, builder.last};
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_CONCAT, .inputs = twice, .n_inputs = 2},
             "", UMM_GRAPH_I8, 14, 1.0F / 256, -128);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_SOFTMAX}, "", UMM_GRAPH_I8, 14,
             1.0F / 256, -128);
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_DEQUANTIZE}, "y", UMM_GRAPH_F32, 14, 0,
             0);
    must(umm_graph_add_output(builder.graph, builder.last, NULL));
    return builder.graph;
}

#endif
