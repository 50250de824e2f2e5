/* SPDX-License-Identifier: MIT */
/* Arithmetic of rows, and what changes their shape. */
#include "base/error.h"
#include "modelfile/tflite_op.h"

#include <float.h>

/* ---- arithmetic ----------------------------------------------------------- */

/* The activation of numbers that are not in y yet, from value to y. */
static enum umm_status add_limits(struct umm_tflop *of, const struct umm_graph_limits *limits,
                                  int32_t value, struct umm_error *err)
{
    bool is_relu = limits->high > FLT_MAX;
    struct umm_graph_node node = {.op = is_relu ? UMM_OP_RELU : UMM_OP_CLIP,
                                  .n_inputs = 1,
                                  .inputs = &value,
                                  .limits = *limits};
    enum umm_status status = umm_tflite_add_value(of->file, &of->y, &node.output, err);
    return status ? status : umm_tflop_add(of, &node, err);
}

/* A constant operand: a scalar, or the shape of the value's row. */
static enum umm_status read_operand(struct umm_tflop *of, const struct umm_tflite_tensor *tensor,
                                    const struct umm_tflite_tensor *value,
                                    struct umm_graph_node *node, struct umm_error *err)
{
    struct umm_tflite_tensor all = *tensor;
    struct umm_tensor *constant = NULL;
    all.row_dims_from = 0; /* the rows of a constant must be one */
    if (tensor->n_elements != 1 && !umm_tflite_same_row(&all, value))
        return umm_tflop_refuse(of, "its constant has another shape than a row", err);
    enum umm_status status =
        umm_tflite_constant(of->file, tensor, 1, (uint32_t)tensor->n_elements, 0, &constant, err);
    node->constant = constant;
    return status;
}

/* Set up the operands of node: two values, or one and a constant. */
static enum umm_status read_operands(struct umm_tflop *of, struct umm_graph_node *node,
                                     struct umm_error *err)
{
    struct umm_tflite_tensor second;
    enum umm_status status = umm_tflop_input(of, 1, &second, err);
    if (status)
        return status;
    if (of->x.type != UMM_TFL_FLOAT32 || second.type != UMM_TFL_FLOAT32 ||
        of->y.type != UMM_TFL_FLOAT32)
        return umm_tflop_refuse(of,
                                "arithmetic of float32 is read: of other types, TensorFlow Lite's "
                                "kernels do not agree on how they round",
                                err);
    node->is_constant_first = umm_tflite_is_constant(of->file, &of->x);
    bool is_constant_second = umm_tflite_is_constant(of->file, &second);
    const struct umm_tflite_tensor *value = node->is_constant_first ? &second : &of->x;
    const struct umm_tflite_tensor *other = node->is_constant_first ? &of->x : &second;
    bool has_constant = node->is_constant_first || is_constant_second;
    node->n_inputs = has_constant ? 1 : 2;
    status = umm_tflop_value(of, value, &node->inputs[0], err);
    if (!status && has_constant)
        status = read_operand(of, other, value, node, err);
    else if (!status)
        status = umm_tflop_value(of, other, &node->inputs[1], err);
    if (status)
        return status;
    const struct umm_tflite_tensor *wide = value->width == 1 && !has_constant ? other : value;
    if (!has_constant && value->width != 1 && other->width != 1 &&
        !umm_tflite_same_row(value, other))
        return umm_tflop_refuse(of, "its rows have two shapes", err);
    return umm_tflite_same_row(wide, &of->y)
               ? UMM_OK
               : umm_tflop_refuse(of, "its result has another shape", err);
}

enum umm_status umm_tflop_read_pair(struct umm_tflop *of, struct umm_error *err)
{
    int32_t inputs[2];
    struct umm_graph_limits limits;
    struct umm_graph_node node = {.op = of->kind->op, .inputs = inputs};
    enum umm_status status = umm_tflop_limits(of, UMM_TFL_PAIR_ACTIVATION, &limits, err);
    if (!status)
        status = read_operands(of, &node, err);
    if (status)
        return status;
    bool is_limited = limits.low > -FLT_MAX;
    struct umm_graph_value between = {.name = "", .type = UMM_GRAPH_F32, .width = of->y.width};
    if (is_limited)
        status = umm_graph_add_value(of->file->graph, &between, &node.output, err);
    else
        status = umm_tflite_add_value(of->file, &of->y, &node.output, err);
    if (!status)
        status = umm_tflop_add(of, &node, err);
    return status || !is_limited ? status : add_limits(of, &limits, node.output, err);
}

/* ---- shapes --------------------------------------------------------------- */

/* The shape that is asked for: dimensions of y, one of which may be open. */
static enum umm_status check_target(struct umm_tflop *of, const int32_t *dims, uint32_t n,
                                    struct umm_error *err)
{
    bool is_same = n == of->y.n_dims;
    uint32_t n_open = 0;
    for (uint32_t i = 0; is_same && i < n; i++) {
        n_open += dims[i] == -1;
        is_same = dims[i] == -1 || (dims[i] > 0 && (uint32_t)dims[i] == of->y.dims[i]);
    }
    return is_same && n_open <= 1
               ? UMM_OK
               : umm_tflop_refuse(of, "its result has another shape than it asks for", err);
}

static enum umm_status read_target(struct umm_tflop *of, struct umm_error *err)
{
    int32_t dims[UMM_TFLITE_DIMS_MAX];
    struct umm_flat *flat = &of->file->flat;
    struct umm_flat_vector list =
        umm_flat_vector(flat, of->options, UMM_TFL_RESHAPE_SHAPE, sizeof(int32_t));
    if (of->inputs.n > 1) {
        struct umm_tflite_tensor tensor;
        enum umm_status status = umm_tflop_input(of, 1, &tensor, err);
        if (status)
            return status;
        if (tensor.type != UMM_TFL_INT32 || !tensor.data.n)
            return umm_tflop_refuse(of, "its shape is computed", err);
        list = (struct umm_flat_vector){tensor.data.at, tensor.data.n / (uint32_t)sizeof(int32_t)};
    }
    if (list.n > UMM_TFLITE_DIMS_MAX)
        return umm_tflop_refuse(of, "its shape has too many dimensions", err);
    for (uint32_t i = 0; i < list.n; i++)
        dims[i] = umm_flat_i32_at(flat, list, i);
    return check_target(of, dims, list.n, err);
}

/* Rows stay rows, so nothing is computed: y is x. */
enum umm_status umm_tflop_read_reshape(struct umm_tflop *of, struct umm_error *err)
{
    int32_t x;
    struct umm_tflite_known *known = &of->file->known[of->y.index];
    enum umm_status status = umm_tflop_value(of, &of->x, &x, err);
    if (!status)
        status = read_target(of, err);
    if (status)
        return status;
    if (of->y.width != of->x.width || of->y.n_batch != of->x.n_batch || of->y.type != of->x.type)
        return umm_tflop_refuse(of, "rows do not stay rows", err);
    if (known->value >= 0 || of->y.data.n || known->floats_of >= 0)
        return umm_error_set(err, UMM_ERR_DATA,
                             "node %u, RESHAPE: its result is computed more "
                             "than once",
                             of->place);
    known->value = x;
    return UMM_OK;
}

/* Whether rows of x stand end to end in y: nothing but ones is between the rows and axis. */
static bool is_end_to_end(const struct umm_tflite_tensor *x, const struct umm_tflite_tensor *y,
                          uint32_t axis)
{
    if (x->n_dims != y->n_dims || x->row_dims_from != y->row_dims_from || axis < x->row_dims_from)
        return false;
    for (uint32_t i = x->row_dims_from; i < x->n_dims; i++)
        if (i < axis ? x->dims[i] != 1 || y->dims[i] != 1 : i > axis && x->dims[i] != y->dims[i])
            return false;
    return true;
}

enum umm_status umm_tflop_read_concatenation(struct umm_tflop *of, struct umm_error *err)
{
    void *inputs = NULL;
    struct umm_graph_limits limits;
    struct umm_graph_node node = {.op = UMM_OP_CONCAT, .n_inputs = of->inputs.n};
    int32_t axis = umm_flat_i32(&of->file->flat, of->options, UMM_TFL_CONCAT_AXIS, 0);
    if (axis < 0)
        axis += (int32_t)of->y.n_dims;
    enum umm_status status = umm_tflop_limits(of, UMM_TFL_CONCAT_ACTIVATION, &limits, err);
    if (!status && limits.low > -FLT_MAX)
        status = umm_tflop_refuse(of, "it has an activation", err);
    if (!status)
        status = umm_tflite_spend(of->file, of->inputs.n * sizeof(int32_t), err);
    if (!status)
        status = umm_graph_alloc(of->file->graph, of->inputs.n, sizeof(int32_t), &inputs, err);
    node.inputs = inputs;
    for (uint32_t i = 0; !status && i < of->inputs.n; i++) {
        struct umm_tflite_tensor x;
        status = umm_tflop_input(of, i, &x, err);
        if (!status && (axis < 0 || !is_end_to_end(&x, &of->y, (uint32_t)axis)))
            status = umm_tflop_refuse(of, "it does not put rows end to end", err);
        if (!status)
            status = umm_tflop_value(of, &x, &node.inputs[i], err);
    }
    if (!status)
        status = umm_tflite_add_value(of->file, &of->y, &node.output, err);
    return status ? status : umm_tflop_add(of, &node, err);
}
