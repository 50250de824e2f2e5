/* SPDX-License-Identifier: MIT */
#include "modelfile/tflite_op.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

enum umm_status umm_tflop_refuse(const struct umm_tflop *of, const char *why, struct umm_error *err)
{
    return umm_graph_refuse(err, of->place, of->name, umm_tflite_code_name(of->kind->code), why);
}

bool umm_tflop_is_quantized(const struct umm_tflite_tensor *tensor)
{
    return tensor->type == UMM_TFL_INT8 || tensor->type == UMM_TFL_UINT8;
}

/* Input number i. */
enum umm_status umm_tflop_input(struct umm_tflop *of, uint32_t i, struct umm_tflite_tensor *tensor,
                                struct umm_error *err)
{
    return umm_tflite_tensor(of->file, umm_flat_i32_at(&of->file->flat, of->inputs, i), tensor,
                             err);
}

/* The value that a tensor is; it must have been computed. */
enum umm_status umm_tflop_value(const struct umm_tflop *of, const struct umm_tflite_tensor *tensor,
                                int32_t *value, struct umm_error *err)
{
    *value = of->file->known[tensor->index].value;
    if (*value >= 0)
        return UMM_OK;
    if (umm_tflite_is_constant(of->file, tensor))
        return umm_tflop_refuse(of, "what it reads is a constant", err);
    return umm_error_set(err, UMM_ERR_DATA, "node %u, %s: tensor %u is read before it is computed",
                         of->place, umm_tflite_code_name(of->kind->code), tensor->index);
}

/* Add the node, with the operator's name and place. */
enum umm_status umm_tflop_add(struct umm_tflop *of, struct umm_graph_node *node,
                              struct umm_error *err)
{
    node->op_name = umm_tflite_code_name(of->kind->code);
    node->name = of->name;
    node->place = of->place;
    enum umm_status status = umm_tflite_spend(of->file, sizeof *node + strlen(of->name), err);
    return status ? status : umm_graph_add_node(of->file->graph, node, err);
}

/* A node of one input, x, to y. */
enum umm_status umm_tflop_add_unary(struct umm_tflop *of, const struct umm_graph_node *like,
                                    struct umm_error *err)
{
    int32_t x;
    struct umm_graph_node node = *like;
    node.n_inputs = 1;
    node.inputs = &x;
    enum umm_status status = umm_tflop_value(of, &of->x, &x, err);
    if (!status && (of->x.width != of->y.width || !umm_tflite_same_row(&of->x, &of->y)))
        status = umm_tflop_refuse(of, "its result has another shape than what it reads", err);
    if (!status)
        status = umm_tflite_add_value(of->file, &of->y, &node.output, err);
    return status ? status : umm_tflop_add(of, &node, err);
}

/* The limits that an activation is. */
enum umm_status umm_tflop_limits(const struct umm_tflop *of, unsigned field,
                                 struct umm_graph_limits *limits, struct umm_error *err)
{
    *limits = (struct umm_graph_limits){-INFINITY, INFINITY};
    switch (umm_flat_bits(&of->file->flat, of->options, field, 1, 0)) {
    case UMM_TFL_ACTIVATION_NONE: return UMM_OK;
    case UMM_TFL_ACTIVATION_RELU: limits->low = 0; return UMM_OK;
    case UMM_TFL_ACTIVATION_RELU6: *limits = (struct umm_graph_limits){0, 6}; return UMM_OK;
    case UMM_TFL_ACTIVATION_RELU_N1_TO_1: *limits = (struct umm_graph_limits){-1, 1}; return UMM_OK;
    default:
        return umm_tflop_refuse(of, "its activation is none of RELU, RELU6 and RELU_N1_TO_1", err);
    }
}
