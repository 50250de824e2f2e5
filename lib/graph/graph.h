/* SPDX-License-Identifier: MIT */
/*
 * graph.h - a model of rows as data: what is computed from each row, in which order, with which
 * constants. Readers of model files (modelfile/) build one, passes (graph/passes.h) bring it into
 * the form that is run, model/ runs it, quantize/ makes another of it, writers put it into a file.
 *
 * Every value that is computed is a row vector of `width` numbers; the number of rows is not part
 * of a graph. Constants are tensors. A graph has no loops; nodes are in an order in which each
 * comes after those that it reads.
 *
 *     inputs (values)  ->  nodes, in order  ->  outputs (values)
 *
 * A row of the model is its inputs end to end, in their order; so are the numbers of a result.
 *
 * All memory of a graph is the graph's: nodes, names, tensors and trees live as long as it does
 * and are freed with it alone.
 */
#ifndef UMM_GRAPH_GRAPH_H
#define UMM_GRAPH_GRAPH_H

#include "graph/trees.h"
#include "umm.h"

/* I64, BOOL: inputs that are declared so, and what is cast; rows give them as numbers. */
enum umm_graph_type {
    UMM_GRAPH_F32,
    UMM_GRAPH_F64,
    UMM_GRAPH_I8, /* quantised: (q - zero_point) * scale */
    UMM_GRAPH_U8, /* likewise */
    UMM_GRAPH_I32,
    UMM_GRAPH_I64,
    UMM_GRAPH_BOOL
};

enum {
    UMM_GRAPH_NONE = -1,              /* no value */
    UMM_GRAPH_INPUTS_MAX = 4096,      /* of a node, or of a graph */
    UMM_GRAPH_NODES_MAX = 65536,      /* of a graph */
    UMM_GRAPH_WIDTH_MAX = 1 << 20,    /* of a value */
    UMM_GRAPH_ELEMENTS_MAX = 1 << 28, /* of a tensor */
};

/*
 * A constant matrix, row by row; a vector has n_rows 1, a scalar also n_columns 1. Quantised ones
 * (I8, U8; I32 for a bias) have n_scales scales: 1 for the tensor, or n_rows (a bias: n_columns)
 * for each output channel. zero_points has as many, or is NULL: all zero. Not quantised: n_scales
 * 0.
 */
struct umm_tensor {
    enum umm_graph_type type;
    uint32_t n_rows, n_columns;
    void *data;
    uint32_t n_scales;
    float *scales;
    int32_t *zero_points;
};

/*
 * What is computed. x is the first input, all vectors have one width unless said otherwise.
 *
 *   DENSE       y[o] = activation(sum over i of weights[o][i] x[i] + bias[o]); weights is
 *               n_out x n_in, bias (1 x n_out) may be NULL.
 *               F64: x, y, weights and bias.
 *               F32: x and y; weights F32, or I8 that are dequantised first, bias F32, or I32
 *               likewise. Where x is dequantised too, umm_graph_prepare makes it the next.
 *               integer: x I8 or U8, weights I8 (symmetric, unless zero_points), bias I32 at
 *               scale x.scale * weights.scale; y I8 or U8 or, without rounding, F32.
 *               dynamic (is_dynamic): x and y F32, weights I8, bias F32: each row is quantised by
 *               its own range.
 *   ADD SUB MUL DIV  two inputs; or one, and `constant` (1 x width, or a scalar) as the second
 *               operand, as the first if is_constant_first. A value of width 1 goes with any.
 *               Both operands and y are of one type: F32, F64, I8 or U8.
 *   RELU, LEAKY_RELU (alpha), CLIP (low, high), SIGMOID, TANH, SOFTMAX (over the row)
 *               x and y are of one type: F32, I8 or U8; of RELU and CLIP also F64
 *   SOFTMAX_ZERO, PROBIT   post-transforms of ai.onnx.ml; LOGISTIC_PAIR: width 1 to (1 - p, p)
 *   CONCAT      inputs end to end
 *   SLICE       columns first .. first + y.width
 *   CAST        to the type of y: towards zero and to the range of integers, NaN to 0; to true
 *               what is not 0
 *   QUANTIZE    F32 to I8 or U8, rounding half to even; from I8 or U8: requantise
 *   DEQUANTIZE  to F32
 *   NORMALIZE   by the row's largest number, its sum of magnitudes, or the root of its sum of
 *               squares; where that is 0, the row stays as it is
 *   TREES       `trees`; x F32 or F64, y of trees->n_outputs
 */
enum umm_graph_op {
    UMM_OP_DENSE,
    UMM_OP_ADD,
    UMM_OP_SUB,
    UMM_OP_MUL,
    UMM_OP_DIV,
    UMM_OP_RELU,
    UMM_OP_LEAKY_RELU,
    UMM_OP_CLIP,
    UMM_OP_SIGMOID,
    UMM_OP_TANH,
    UMM_OP_SOFTMAX,
    UMM_OP_SOFTMAX_ZERO,
    UMM_OP_PROBIT,
    UMM_OP_LOGISTIC_PAIR,
    UMM_OP_CONCAT,
    UMM_OP_SLICE,
    UMM_OP_CAST,
    UMM_OP_QUANTIZE,
    UMM_OP_DEQUANTIZE,
    UMM_OP_NORMALIZE,
    UMM_OP_TREES,
    UMM_OP_COUNT
};

enum umm_graph_norm { UMM_NORM_MAX, UMM_NORM_L1, UMM_NORM_L2 };

/* Of a dense layer: max(low, min(high, y)), where low and high are infinite if nothing limits y. */
struct umm_graph_limits {
    float low, high;
};

/* name: as the file has it, "" where it has none; of I8 and U8: what the numbers mean. */
struct umm_graph_value {
    const char *name;
    enum umm_graph_type type;
    uint32_t width;
    float scale;
    int32_t zero_point;
};

struct umm_graph_node {
    enum umm_graph_op op;
    const char *name;    /* of the node in its file, or "" */
    const char *op_name; /* as the file calls what it does: "Gemm", "FULLY_CONNECTED" */
    uint32_t place;      /* which node of the file it is, from 0 */
    uint32_t n_inputs;
    int32_t *inputs; /* values */
    int32_t output;  /* value */
    const struct umm_tensor *weights, *bias;
    struct umm_graph_limits limits; /* DENSE, CLIP */
    const struct umm_tensor *constant;
    bool is_constant_first;
    float alpha;
    uint32_t first; /* SLICE */
    enum umm_graph_norm norm;
    const struct umm_trees *trees;
    bool is_dynamic;       /* DENSE of F32 by I8: quantise rows, instead of dequantising weights */
    bool is_asymmetric;    /* DENSE, dynamic: rows are quantised with a zero point of their own */
    bool is_row_u8;        /* DENSE, dynamic: to U8 as ONNX has it, else to I8 as TFLite has it */
    bool is_by_reciprocal; /* QUANTIZE of F32: x * (1 / scale), as XNNPACK has it, not x / scale */
};

struct umm_graph {
    struct umm_graph_value *values;
    uint32_t n_values;
    struct umm_graph_node *nodes;
    uint32_t n_nodes;
    int32_t *inputs, *outputs; /* values; an output may be an input */
    uint32_t n_inputs, n_outputs;
    uint64_t n_parameters; /* numbers in constants and trees, as nodes were added */
    void *memory;          /* private */
};

/* An empty graph; free takes NULL. */
UMM_MUST_USE enum umm_status umm_graph_new(struct umm_graph **graph, struct umm_error *err);
void umm_graph_free(struct umm_graph *graph);

/* Memory that lives as long as the graph, zeroed; a copy of len_bytes bytes as a string. */
UMM_MUST_USE enum umm_status umm_graph_alloc(struct umm_graph *graph, uint64_t n, size_t size_bytes,
                                             void **memory, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_graph_string(struct umm_graph *graph, const char *text,
                                              size_t len_bytes, const char **copy,
                                              struct umm_error *err);

/* A tensor of that type and shape with zeros, with room for n_scales scales (and zero points). */
UMM_MUST_USE enum umm_status umm_graph_tensor(struct umm_graph *graph, enum umm_graph_type type,
                                              uint64_t n_rows, uint64_t n_columns,
                                              uint32_t n_scales, struct umm_tensor **tensor,
                                              struct umm_error *err);

/* Add a value; its index. name is copied. UMM_ERR_DATA for a width or a scale that cannot be. */
UMM_MUST_USE enum umm_status umm_graph_add_value(struct umm_graph *graph,
                                                 const struct umm_graph_value *value,
                                                 int32_t *index, struct umm_error *err);

/*
 * Add a copy of *node (with its list of inputs; tensors and trees are not copied). UMM_ERR_DATA,
 * with the node's place, where types, widths or constants do not go together as the table above
 * says, or an input comes later. The limits of a DENSE without any are -INFINITY and INFINITY.
 */
UMM_MUST_USE enum umm_status umm_graph_add_node(struct umm_graph *graph,
                                                const struct umm_graph_node *node,
                                                struct umm_error *err);

/*
 * Inputs come before the nodes that read them, outputs after those that make them. All inputs
 * together, and all outputs, are at most UMM_GRAPH_WIDTH_MAX wide.
 */
UMM_MUST_USE enum umm_status umm_graph_add_input(struct umm_graph *graph, int32_t value,
                                                 struct umm_error *err);
UMM_MUST_USE enum umm_status umm_graph_add_output(struct umm_graph *graph, int32_t value,
                                                  struct umm_error *err);

/*
 * A copy of another graph's tensor (NULL of NULL), as large graphs may not share tensors; a copy of
 * a whole graph, whose trees are shared and must live as long.
 */
UMM_MUST_USE enum umm_status umm_graph_copy_tensor(struct umm_graph *graph,
                                                   const struct umm_tensor *tensor,
                                                   const struct umm_tensor **copy,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_graph_copy(const struct umm_graph *graph, struct umm_graph **copy,
                                            struct umm_error *err);

/* Bytes of one number of that type; "f32", "int8", ... */
size_t umm_graph_type_bytes(enum umm_graph_type type);
const char *umm_graph_type_name(enum umm_graph_type type);

/* "dense", "relu", ... */
const char *umm_graph_op_name(enum umm_graph_op op);

/*
 * Refuse an op of a file: UMM_ERR_UNSUPPORTED, "node 3, LSTM "lstm_1": not supported: WHY; dense
 * layers, ... are". place is counted from 0; why may be NULL, or say what about it.
 */
enum umm_status umm_graph_refuse(struct umm_error *err, uint32_t place, const char *name,
                                 const char *op_name, const char *why);

/* UMM_ERR_DATA: "node 3, Gemm "dense_1": " and the formatted text; of node, place and names. */
UMM_PRINTF(3, 4)
enum umm_status umm_graph_wrong(struct umm_error *err, const struct umm_graph_node *node,
                                const char *fmt, ...);

/* Numbers in a row of all inputs, of all outputs. */
uint64_t umm_graph_input_width(const struct umm_graph *graph);
uint64_t umm_graph_output_width(const struct umm_graph *graph);

#endif
