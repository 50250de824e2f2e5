/* SPDX-License-Identifier: MIT */
/* Nodes and values of the graph, as the operators of a file need them. */
#include "onnx/reader.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/* ---- nodes -------------------------------------------------------------------------- */

/* inputs may be where the result goes. */
enum umm_status umm_onnx_add(struct umm_onnx *onnx, struct umm_graph_node *node,
                             const int32_t *inputs, uint32_t n_inputs,
                             const struct umm_graph_value *like, int32_t *value,
                             struct umm_error *err)
{
    struct umm_graph_value made = *like;
    made.name = "";
    enum umm_status status = umm_graph_add_value(onnx->graph, &made, &node->output, err);
    if (status)
        return status;
    node->inputs = (int32_t *)(uintptr_t)inputs; /* copied by the graph */
    node->n_inputs = n_inputs;
    status = umm_graph_add_node(onnx->graph, node, err);
    *value = node->output;
    return status;
}

enum umm_status umm_onnx_add_f32(struct umm_onnx *onnx, struct umm_graph_node *node, int32_t input,
                                 uint32_t width, int32_t *value, struct umm_error *err)
{
    const struct umm_graph_value like = {.type = UMM_GRAPH_F32, .width = width};
    return umm_onnx_add(onnx, node, &input, 1, &like, value, err);
}

enum umm_status umm_onnx_apply(struct umm_onnx *onnx, enum umm_graph_op op, int32_t x,
                               int32_t *value, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, op);
    return umm_onnx_add_f32(onnx, &node, x, umm_onnx_width(onnx, x), value, err);
}

enum umm_status umm_onnx_tensor(struct umm_onnx *onnx, enum umm_graph_type type, uint64_t n_rows,
                                uint64_t n_columns, uint32_t n_scales, struct umm_tensor **tensor,
                                struct umm_error *err)
{
    const uint64_t len_bytes =
        n_rows * n_columns * umm_graph_type_bytes(type) + 8 * (uint64_t)n_scales;
    if (n_rows > UMM_GRAPH_ELEMENTS_MAX || n_columns > UMM_GRAPH_ELEMENTS_MAX ||
        len_bytes > onnx->room_bytes)
        return umm_error_set(err, UMM_ERR_DATA,
                             "constants that take many times the memory of the file");
    onnx->room_bytes -= len_bytes;
    return umm_graph_tensor(onnx->graph, type, n_rows, n_columns, n_scales, tensor, err);
}

enum umm_status umm_onnx_with_numbers(struct umm_onnx *onnx, enum umm_graph_op op, int32_t x,
                                      const float *numbers, uint32_t n, bool is_first,
                                      int32_t *value, struct umm_error *err)
{
    struct umm_tensor *constant = NULL;
    const enum umm_graph_type type = onnx->graph->values[x].type;
    enum umm_status status = umm_onnx_tensor(onnx, type, 1, n, 0, &constant, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < n; i++)
        if (type == UMM_GRAPH_F64)
            ((double *)constant->data)[i] = (double)numbers[i];
        else
            ((float *)constant->data)[i] = numbers[i];
    return umm_onnx_with_tensor(onnx, op, x, constant, is_first, value, err);
}

enum umm_status umm_onnx_with_tensor(struct umm_onnx *onnx, enum umm_graph_op op, int32_t x,
                                     const struct umm_tensor *constant, bool is_first,
                                     int32_t *value, struct umm_error *err)
{
    const struct umm_graph_value like = {.type = onnx->graph->values[x].type,
                                         .width = umm_onnx_width(onnx, x)};
    struct umm_graph_node node = umm_onnx_begin(onnx, op);
    node.constant = constant;
    node.is_constant_first = is_first;
    return umm_onnx_add(onnx, &node, &x, 1, &like, value, err);
}

bool umm_onnx_is_f64(const struct umm_onnx *onnx, int32_t value)
{
    return onnx->graph->values[value].type == UMM_GRAPH_F64;
}

enum umm_status umm_onnx_to_f64(struct umm_onnx *onnx, int32_t x, int32_t *value,
                                struct umm_error *err)
{
    const struct umm_graph_value like = {.type = UMM_GRAPH_F64, .width = umm_onnx_width(onnx, x)};
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CAST);
    return umm_onnx_add(onnx, &node, &x, 1, &like, value, err);
}

/* ---- operands ------------------------------------------------------------------------ */

uint32_t umm_onnx_width(const struct umm_onnx *onnx, int32_t value)
{
    return onnx->graph->values[value].width;
}

const struct umm_onnx_operand *umm_onnx_input(const struct umm_onnx *onnx, uint32_t i)
{
    static const struct umm_onnx_operand absent;
    return i < onnx->node.n_inputs ? &onnx->node.inputs[i] : &absent;
}

static enum umm_status refuse_operand(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                      struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    umm_onnx_shown(shown, operand->name);
    switch (operand->kind) {
    case UMM_ONNX_ABSENT: return umm_onnx_refuse(onnx, err, "an input is missing");
    case UMM_ONNX_CONSTANT: return umm_onnx_refuse(onnx, err, "\"%s\" is a constant", shown);
    case UMM_ONNX_LABEL: return umm_onnx_refuse(onnx, err, "\"%s\" is a label", shown);
    case UMM_ONNX_VALUE:
    case UMM_ONNX_REFUSED:
    case UMM_ONNX_PENDING:
    case UMM_ONNX_ROW_BYTES:
    case UMM_ONNX_ROW_SCALE:
    case UMM_ONNX_ROW_ZERO:
    case UMM_ONNX_ROW_SUMS:
    case UMM_ONNX_ROW_SUMS_F32:
    case UMM_ONNX_ROW_PRODUCT: break;
    }
    return umm_onnx_refuse(onnx, err, "\"%s\" is quantised, and not dequantised before", shown);
}

enum umm_status umm_onnx_floats(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                bool any_number, int32_t *value, struct umm_error *err)
{
    if (operand->kind != UMM_ONNX_VALUE)
        return refuse_operand(onnx, operand, err);
    const enum umm_graph_type type = onnx->graph->values[operand->value].type;
    *value = operand->value;
    if (type == UMM_GRAPH_F32)
        return UMM_OK;
    if (type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8)
        return umm_onnx_refuse(onnx, err, "an input is quantised, and not dequantised before");
    if (type != UMM_GRAPH_F64 && !any_number)
        return umm_onnx_refuse(onnx, err, "it computes with %s", umm_onnx_type_name(operand->type));
    return umm_onnx_apply(onnx, UMM_OP_CAST, operand->value, value, err);
}

enum umm_status umm_onnx_reals(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                               bool any_number, int32_t *value, struct umm_error *err)
{
    *value = operand->value;
    return operand->kind == UMM_ONNX_VALUE && umm_onnx_is_f64(onnx, operand->value)
               ? UMM_OK
               : umm_onnx_floats(onnx, operand, any_number, value, err);
}

enum umm_status umm_onnx_doubles(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                 int32_t *value, struct umm_error *err)
{
    enum umm_status status = umm_onnx_reals(onnx, operand, false, value, err);
    return status || umm_onnx_is_f64(onnx, *value) ? status
                                                   : umm_onnx_to_f64(onnx, *value, value, err);
}

static enum umm_status check_row(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                 enum umm_status status, struct umm_error *err)
{
    if (!status && operand->n_dims != 2)
        status = umm_onnx_refuse(onnx, err, "of %" PRIu32 " dimensions, where rows have two",
                                 operand->n_dims);
    return status;
}

enum umm_status umm_onnx_row(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                             bool any_number, int32_t *value, struct umm_error *err)
{
    return check_row(onnx, operand, umm_onnx_floats(onnx, operand, any_number, value, err), err);
}

enum umm_status umm_onnx_real_row(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                  bool any_number, int32_t *value, struct umm_error *err)
{
    return check_row(onnx, operand, umm_onnx_reals(onnx, operand, any_number, value, err), err);
}

/* ---- outputs ------------------------------------------------------------------------ */

void umm_onnx_output(struct umm_onnx *onnx, uint32_t i, int32_t value,
                     const struct umm_onnx_operand *like)
{
    if (i >= onnx->node.n_outputs)
        return;
    struct umm_onnx_operand *output = &onnx->node.outputs[i];
    const struct umm_protobuf_bytes name = output->name;
    *output = *like;
    output->name = name;
    output->kind = UMM_ONNX_VALUE;
    output->value = value;
}

void umm_onnx_output_row(struct umm_onnx *onnx, uint32_t i, int32_t value, int32_t type)
{
    const struct umm_onnx_operand row = {
        .type = type, .n_dims = 2, .dims = {0, umm_onnx_width(onnx, value)}};
    umm_onnx_output(onnx, i, value, &row);
}

void umm_onnx_output_constant(struct umm_onnx *onnx, uint32_t i, struct umm_onnx_constant *constant)
{
    if (i >= onnx->node.n_outputs)
        return;
    onnx->node.outputs[i].kind = UMM_ONNX_CONSTANT;
    onnx->node.outputs[i].constant = constant;
}
