/* SPDX-License-Identifier: MIT */
/* Add, Sub, Mul and Div, with the broadcasting of ONNX as far as rows have it. */
#include "onnx/reader.h"

#include <inttypes.h>
#include <string.h>

/* ---- a value and a constant --------------------------------------------------------- */

/*
 * Shapes are compared from their ends: rows are the first dimension of the value, which no constant
 * may have. *is_wider: the value has one number, and the constant more.
 */
static enum umm_status check_shapes(struct umm_onnx *onnx, const struct umm_onnx_operand *x,
                                    const struct umm_onnx_constant *c, bool *is_wider,
                                    struct umm_error *err)
{
    *is_wider = false;
    if (c->n_dims > x->n_dims || c->n == 0)
        return umm_onnx_refuse(onnx, err, "a constant of %" PRIu32 " dimensions", c->n_dims);
    for (uint32_t i = 1; i <= c->n_dims; i++) {
        const uint64_t size = c->dims[c->n_dims - i];
        if (i == x->n_dims && size != 1)
            return umm_onnx_refuse(onnx, err, "a constant of %" PRIu64 " rows", size);
        if (i == x->n_dims || size == 1 || size == x->dims[x->n_dims - i])
            continue;
        if (x->n_dims != 2 || x->dims[1] != 1 || size > UMM_GRAPH_INPUTS_MAX)
            return umm_onnx_refuse(onnx, err, "%" PRIu64 " numbers for rows of %" PRIu32, size,
                                   x->dims[x->n_dims - i]);
        *is_wider = true;
    }
    return UMM_OK;
}

/* Which number of the constant goes with number `at` of a row of x. */
static uint64_t index_of(const struct umm_onnx_operand *x, const struct umm_onnx_constant *c,
                         uint64_t at)
{
    uint64_t index = 0, step = 1;
    for (uint32_t i = 1; i <= c->n_dims && i < x->n_dims; i++) {
        const uint64_t size = c->dims[c->n_dims - i], whole = x->dims[x->n_dims - i];
        if (size > 1)
            index += at % whole * step;
        step *= size;
        at /= whole;
    }
    return index;
}

/* The numbers of c in the type of the value that they go with, F32 or F64. */
static enum umm_status numbers_for(struct umm_onnx *onnx, const struct umm_onnx_operand *x,
                                   struct umm_onnx_constant *c, int32_t value,
                                   struct umm_tensor **tensor, struct umm_error *err)
{
    const enum umm_graph_type type = onnx->graph->values[value].type;
    const uint64_t n = c->n == 1 ? 1 : umm_onnx_width(onnx, value);
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status && !umm_onnx_is_float(c->type))
        status = umm_onnx_refuse(onnx, err, "it computes with %s", umm_onnx_type_name(c->type));
    if (!status)
        status = umm_onnx_tensor(onnx, type, 1, n, 0, tensor, err);
    for (uint64_t i = 0; !status && i < n; i++) {
        const uint64_t at = c->n == n ? i : index_of(x, c, i);
        if (type == UMM_GRAPH_F64)
            ((double *)(*tensor)->data)[i] = umm_onnx_f64_at(c, at);
        else
            ((float *)(*tensor)->data)[i] = umm_onnx_f32_at(c, at);
    }
    return status;
}

/* A row of one number as a row of n of them. */
static enum umm_status repeat(struct umm_onnx *onnx, uint32_t n, int32_t *value,
                              struct umm_error *err)
{
    int32_t *inputs = NULL;
    const struct umm_graph_value like = {.type = onnx->graph->values[*value].type, .width = n};
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CONCAT);
    enum umm_status status = umm_onnx_alloc(onnx, n, sizeof *inputs, &inputs, err);
    for (uint32_t i = 0; !status && i < n; i++)
        inputs[i] = *value;
    return status ? status : umm_onnx_add(onnx, &node, inputs, n, &like, value, err);
}

static enum umm_status with_constant(struct umm_onnx *onnx, enum umm_graph_op op,
                                     const struct umm_onnx_operand *x, struct umm_onnx_constant *c,
                                     bool is_first, struct umm_error *err)
{
    struct umm_onnx_operand like = *x;
    struct umm_tensor *tensor = NULL;
    bool is_wider = false;
    int32_t value;
    enum umm_status status = umm_onnx_reals(onnx, x, false, &value, err);
    if (!status)
        status = check_shapes(onnx, x, c, &is_wider, err);
    if (!status && is_wider) {
        like.dims[1] = (uint32_t)c->n;
        status = repeat(onnx, like.dims[1], &value, err);
    }
    if (!status)
        status = numbers_for(onnx, &like, c, value, &tensor, err);
    if (status)
        return status;
    const struct umm_graph_value made = {.type = onnx->graph->values[value].type,
                                         .width = umm_onnx_width(onnx, value)};
    struct umm_graph_node node = umm_onnx_begin(onnx, op);
    node.constant = tensor;
    node.is_constant_first = is_first && (op == UMM_OP_SUB || op == UMM_OP_DIV);
    status = umm_onnx_add(onnx, &node, &value, 1, &made, &value, err);
    if (!status)
        umm_onnx_output(onnx, 0, value, &like);
    return status;
}

/* ---- two values --------------------------------------------------------------------- */

static bool is_same_shape(const struct umm_onnx_operand *a, const struct umm_onnx_operand *b)
{
    return a->n_dims == b->n_dims &&
           memcmp(a->dims + 1, b->dims + 1, (a->n_dims - 1) * sizeof *a->dims) == 0;
}

/* Doubles that were computed in floats, as doubles where the other one is of these. */
static enum umm_status make_alike(struct umm_onnx *onnx, int32_t inputs[2], struct umm_error *err)
{
    const struct umm_graph_value *values = onnx->graph->values;
    const enum umm_graph_type first = values[inputs[0]].type, second = values[inputs[1]].type;
    if (first == second)
        return UMM_OK;
    int32_t *narrow = first == UMM_GRAPH_F32 ? &inputs[0] : &inputs[1];
    return umm_onnx_to_f64(onnx, *narrow, narrow, err);
}

static enum umm_status of_values(struct umm_onnx *onnx, enum umm_graph_op op,
                                 const struct umm_onnx_operand *a, const struct umm_onnx_operand *b,
                                 struct umm_error *err)
{
    int32_t inputs[2], value;
    struct umm_graph_node node = umm_onnx_begin(onnx, op);
    enum umm_status status = umm_onnx_reals(onnx, a, false, &inputs[0], err);
    if (!status)
        status = umm_onnx_reals(onnx, b, false, &inputs[1], err);
    if (!status)
        status = make_alike(onnx, inputs, err);
    if (status)
        return status;
    const uint32_t width_a = umm_onnx_width(onnx, inputs[0]);
    const uint32_t width_b = umm_onnx_width(onnx, inputs[1]);
    const bool is_broadcast = a->n_dims == b->n_dims && (width_a == 1 || width_b == 1);
    if (!is_same_shape(a, b) && !is_broadcast)
        return umm_onnx_refuse(onnx, err,
                               "of rows of %" PRIu32 " numbers in %" PRIu32
                               " dimensions and %" PRIu32 " in %" PRIu32,
                               width_a, a->n_dims, width_b, b->n_dims);
    const struct umm_graph_value like = {.type = onnx->graph->values[inputs[0]].type,
                                         .width = width_a > width_b ? width_a : width_b};
    status = umm_onnx_add(onnx, &node, inputs, 2, &like, &value, err);
    if (!status)
        umm_onnx_output(onnx, 0, value, width_a > width_b ? a : b);
    return status;
}

/* ---- two constants ------------------------------------------------------------------ */

static double compute(enum umm_graph_op op, double a, double b)
{
    return op == UMM_OP_ADD ? a + b : op == UMM_OP_SUB ? a - b : op == UMM_OP_MUL ? a * b : a / b;
}

/* Of floats: the exact result rounded once is that of doubles rounded, for these four. */
static enum umm_status of_constants(struct umm_onnx *onnx, enum umm_graph_op op,
                                    struct umm_onnx_constant *a, struct umm_onnx_constant *b,
                                    struct umm_error *err)
{
    struct umm_onnx_constant *result = NULL;
    uint8_t *raw = NULL;
    const struct umm_onnx_constant *shape = a->n > b->n || b->n == 1 ? a : b;
    if (a->type != b->type || (a->type != UMM_ONNX_FLOAT && a->type != UMM_ONNX_DOUBLE))
        return umm_onnx_refuse(onnx, err, "of constants of %s and %s", umm_onnx_type_name(a->type),
                               umm_onnx_type_name(b->type));
    if (a->n != b->n ? a->n != 1 && b->n != 1 : memcmp(a->dims, b->dims, sizeof a->dims) != 0)
        return umm_onnx_refuse(onnx, err, "of constants of two shapes");
    enum umm_status status = umm_onnx_raw(onnx, a, err);
    if (!status)
        status = umm_onnx_raw(onnx, b, err);
    if (!status)
        status = umm_onnx_new_constant(onnx, a->type, shape, &result, &raw, err);
    if (status)
        return status;
    for (uint64_t i = 0; i < result->n; i++) {
        const double number = compute(op, umm_onnx_f64_at(a, a->n == 1 ? 0 : i),
                                      umm_onnx_f64_at(b, b->n == 1 ? 0 : i));
        const float rounded = (float)number;
        if (a->type == UMM_ONNX_FLOAT)
            memcpy(raw + i * sizeof rounded, &rounded, sizeof rounded);
        else
            memcpy(raw + i * sizeof number, &number, sizeof number);
    }
    umm_onnx_output_constant(onnx, 0, result);
    return UMM_OK;
}

/* Before version 7 of the operators, shapes were matched otherwise where an axis was given. */
static enum umm_status binary(struct umm_onnx *onnx, enum umm_graph_op op, struct umm_error *err)
{
    const struct umm_onnx_operand *a = umm_onnx_input(onnx, 0), *b = umm_onnx_input(onnx, 1);
    if (umm_onnx_attribute(&onnx->node, "axis"))
        return umm_onnx_refuse(onnx, err, "its attribute axis, of operators before version 7");
    if (a->kind == UMM_ONNX_CONSTANT && b->kind == UMM_ONNX_CONSTANT)
        return of_constants(onnx, op, a->constant, b->constant, err);
    if (b->kind == UMM_ONNX_CONSTANT)
        return with_constant(onnx, op, a, b->constant, false, err);
    if (a->kind == UMM_ONNX_CONSTANT)
        return with_constant(onnx, op, b, a->constant, true, err);
    return of_values(onnx, op, a, b, err);
}

enum umm_status umm_onnx_op_add(struct umm_onnx *onnx, struct umm_error *err)
{
    return binary(onnx, UMM_OP_ADD, err);
}

enum umm_status umm_onnx_op_sub(struct umm_onnx *onnx, struct umm_error *err)
{
    return binary(onnx, UMM_OP_SUB, err);
}

enum umm_status umm_onnx_op_mul(struct umm_onnx *onnx, struct umm_error *err)
{
    bool is_done = false;
    enum umm_status status = umm_onnx_row_mul(onnx, &is_done, err);
    return status || is_done ? status : binary(onnx, UMM_OP_MUL, err);
}

enum umm_status umm_onnx_op_div(struct umm_onnx *onnx, struct umm_error *err)
{
    return binary(onnx, UMM_OP_DIV, err);
}
