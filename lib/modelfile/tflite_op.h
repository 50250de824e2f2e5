/* SPDX-License-Identifier: MIT */
/*
 * tflite_op.h - an operator of a TensorFlow Lite file while it is read, and what its readers share.
 */
#ifndef UMM_MODELFILE_TFLITE_OP_H
#define UMM_MODELFILE_TFLITE_OP_H

#include "modelfile/tflite.h"

struct umm_tflop_kind;

/* y is its only output, x its first input, name the output's. */
struct umm_tflop {
    struct umm_tflite *file;
    uint32_t place;
    const struct umm_tflop_kind *kind;
    struct umm_flat_table options;
    struct umm_flat_vector inputs;
    struct umm_tflite_tensor x, y;
    char name[UMM_TFLITE_NAME_MAX + 1];
};

/*
 * An operator that is read: how many inputs it has, which table has its options, what it is in the
 * graph. low and high: of a RELU; scale and zero_point: what its int8 results must have, if a scale
 * is set.
 */
struct umm_tflop_kind {
    enum umm_tflite_code code;
    enum umm_tflite_options options;
    uint32_t n_least, n_most;
    enum umm_graph_op op;
    enum umm_status (*read)(struct umm_tflop *, struct umm_error *);
    float low, high, scale;
    int32_t zero_point;
};

/* umm_graph_refuse of it. */
enum umm_status umm_tflop_refuse(const struct umm_tflop *of, const char *why,
                                 struct umm_error *err);

bool umm_tflop_is_quantized(const struct umm_tflite_tensor *tensor);

/* Input number i. */
enum umm_status umm_tflop_input(struct umm_tflop *of, uint32_t i, struct umm_tflite_tensor *tensor,
                                struct umm_error *err);

/* The value that a tensor is; it must have been computed. */
enum umm_status umm_tflop_value(const struct umm_tflop *of, const struct umm_tflite_tensor *tensor,
                                int32_t *value, struct umm_error *err);

/* Add the node, with the operator's name and place. */
enum umm_status umm_tflop_add(struct umm_tflop *of, struct umm_graph_node *node,
                              struct umm_error *err);

/* Add a node like that, of one input, x, to y, of one shape. */
enum umm_status umm_tflop_add_unary(struct umm_tflop *of, const struct umm_graph_node *like,
                                    struct umm_error *err);

/* The limits that the activation in that field of the options is. */
enum umm_status umm_tflop_limits(const struct umm_tflop *of, unsigned field,
                                 struct umm_graph_limits *limits, struct umm_error *err);

/* Readers of kinds of operators; ADD, SUB, MUL and DIV are pairs. */
enum umm_status umm_tflop_read_dense(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_activation(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_softmax(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_quantize(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_dequantize(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_pair(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_reshape(struct umm_tflop *of, struct umm_error *err);
enum umm_status umm_tflop_read_concatenation(struct umm_tflop *of, struct umm_error *err);

#endif
