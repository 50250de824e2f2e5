/* SPDX-License-Identifier: MIT */
#include "graph/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

/* ---- values ---------------------------------------------------------------------- */

static bool is_quantized(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

static bool is_float(enum umm_graph_type type)
{
    return type == UMM_GRAPH_F32 || type == UMM_GRAPH_F64;
}

static bool is_zero_point(enum umm_graph_type type, int32_t zero_point)
{
    return type == UMM_GRAPH_U8 ? zero_point >= 0 && zero_point <= UINT8_MAX
                                : zero_point >= INT8_MIN && zero_point <= INT8_MAX;
}

static bool is_scale(float scale)
{
    return isfinite(scale) && scale > 0;
}

enum umm_status umm_graph_check_value(const struct umm_graph_value *value, struct umm_error *err)
{
    char name[UMM_EXCERPT_MAX];
    umm_escape(name, sizeof name, value->name ? value->name : "",
               value->name ? strlen(value->name) : 0);
    if (value->type > UMM_GRAPH_BOOL)
        return umm_error_set(err, UMM_ERR_DATA, "value \"%s\" has no type", name);
    if (value->width == 0 || value->width > UMM_GRAPH_WIDTH_MAX)
        return umm_error_set(err, UMM_ERR_DATA,
                             "value \"%s\" has rows of %" PRIu32 " numbers, of 1 to %d", name,
                             value->width, UMM_GRAPH_WIDTH_MAX);
    if (!is_quantized(value->type))
        return UMM_OK;
    if (!is_scale(value->scale))
        return umm_error_set(err, UMM_ERR_DATA, "value \"%s\" is %s of scale %g", name,
                             umm_graph_type_name(value->type), (double)value->scale);
    if (!is_zero_point(value->type, value->zero_point))
        return umm_error_set(err, UMM_ERR_DATA, "value \"%s\" is %s with zero point %" PRId32, name,
                             umm_graph_type_name(value->type), value->zero_point);
    return UMM_OK;
}

/* ---- nodes ------------------------------------------------------------------------ */

/* A node, its first input and its output. */
struct subject {
    const struct umm_graph *graph;
    const struct umm_graph_node *node;
    const struct umm_graph_value *x, *y;
};

static enum umm_status wrong_type(const struct subject *of, struct umm_error *err)
{
    return umm_graph_wrong(err, of->node, "%s from %s to %s", umm_graph_op_name(of->node->op),
                           umm_graph_type_name(of->x->type), umm_graph_type_name(of->y->type));
}

static enum umm_status wrong_width(const struct subject *of, struct umm_error *err)
{
    return umm_graph_wrong(err, of->node, "%s from %" PRIu32 " to %" PRIu32 " numbers",
                           umm_graph_op_name(of->node->op), of->x->width, of->y->width);
}

static enum umm_status check_tensor(const struct subject *of, const struct umm_tensor *tensor,
                                    const char *what, struct umm_error *err)
{
    if (tensor->type > UMM_GRAPH_BOOL || !tensor->data ||
        is_float(tensor->type) != (tensor->n_scales == 0))
        return umm_graph_wrong(err, of->node, "the %s have no type, no numbers or no scales", what);
    for (uint32_t i = 0; i < tensor->n_scales; i++) {
        if (!is_scale(tensor->scales[i]))
            return umm_graph_wrong(err, of->node, "the %s have a scale of %g", what,
                                   (double)tensor->scales[i]);
        if (is_quantized(tensor->type) && tensor->zero_points &&
            !is_zero_point(tensor->type, tensor->zero_points[i]))
            return umm_graph_wrong(err, of->node, "the %s have a zero point of %" PRId32, what,
                                   tensor->zero_points[i]);
        if (tensor->type == UMM_GRAPH_I32 && tensor->zero_points && tensor->zero_points[i])
            return umm_graph_wrong(err, of->node, "the %s have a zero point", what);
    }
    return UMM_OK;
}

static enum umm_status check_weights(const struct subject *of, struct umm_error *err)
{
    const struct umm_tensor *weights = of->node->weights;
    if (!weights)
        return umm_graph_wrong(err, of->node, "there are no weights");
    enum umm_status status = check_tensor(of, weights, "weights", err);
    if (status)
        return status;
    if (weights->n_columns != of->x->width || weights->n_rows != of->y->width)
        return umm_graph_wrong(err, of->node,
                               "weights for %" PRIu32 " inputs and %" PRIu32
                               " outputs, where there are %" PRIu32 " and %" PRIu32,
                               weights->n_columns, weights->n_rows, of->x->width, of->y->width);
    if (weights->n_scales > 1 && weights->n_scales != weights->n_rows)
        return umm_graph_wrong(err, of->node, "%" PRIu32 " scales for %" PRIu32 " outputs",
                               weights->n_scales, weights->n_rows);
    return UMM_OK;
}

static enum umm_status check_bias(const struct subject *of, struct umm_error *err)
{
    const struct umm_tensor *bias = of->node->bias;
    if (!bias)
        return UMM_OK;
    enum umm_status status = check_tensor(of, bias, "biases", err);
    if (status)
        return status;
    if (bias->n_rows != 1 || bias->n_columns != of->y->width ||
        (bias->n_scales > 1 && bias->n_scales != bias->n_columns))
        return umm_graph_wrong(err, of->node,
                               "%" PRIu32 " x %" PRIu32 " biases, %" PRIu32 " scales for %" PRIu32
                               " outputs",
                               bias->n_rows, bias->n_columns, bias->n_scales, of->y->width);
    return UMM_OK;
}

/* Whether the types of x, weights, bias and y are those of one kind of dense layer. */
static bool are_dense_types(const struct subject *of)
{
    const struct umm_tensor *bias = of->node->bias;
    const enum umm_graph_type weights = of->node->weights->type;
    const bool is_bias_f32 = !bias || bias->type == UMM_GRAPH_F32;
    const bool is_bias_i32 = !bias || bias->type == UMM_GRAPH_I32;
    if (is_quantized(of->x->type))
        return weights == UMM_GRAPH_I8 && is_bias_i32 && !of->node->is_dynamic &&
               (is_quantized(of->y->type) || of->y->type == UMM_GRAPH_F32);
    if (of->x->type == UMM_GRAPH_F64)
        return weights == UMM_GRAPH_F64 && (!bias || bias->type == UMM_GRAPH_F64) &&
               of->y->type == UMM_GRAPH_F64 && !of->node->is_dynamic;
    if (of->x->type != UMM_GRAPH_F32 || of->y->type != UMM_GRAPH_F32)
        return false;
    if (of->node->is_dynamic)
        return weights == UMM_GRAPH_I8 && is_bias_f32;
    return (weights == UMM_GRAPH_F32 || weights == UMM_GRAPH_I8) && (is_bias_f32 || is_bias_i32);
}

static enum umm_status check_limits(const struct subject *of, struct umm_error *err)
{
    const struct umm_graph_limits *limits = &of->node->limits;
    const bool is_clip = of->node->op == UMM_OP_CLIP;
    if (limits->low < limits->high || (is_clip && limits->low == limits->high))
        return UMM_OK;
    return umm_graph_wrong(err, of->node, "limits from %g to %g", (double)limits->low,
                           (double)limits->high);
}

static enum umm_status check_dense(const struct subject *of, struct umm_error *err)
{
    enum umm_status status = check_weights(of, err);
    if (!status)
        status = check_bias(of, err);
    if (!status)
        status = check_limits(of, err);
    if (!status && !are_dense_types(of))
        status = umm_graph_wrong(
            err, of->node, "a %sdense layer from %s to %s, of %s and %s",
            of->node->is_dynamic ? "dynamic " : "", umm_graph_type_name(of->x->type),
            umm_graph_type_name(of->y->type), umm_graph_type_name(of->node->weights->type),
            of->node->bias ? umm_graph_type_name(of->node->bias->type) : "no biases");
    return status;
}

/* The width of the second operand: a value or a constant, of the types that x has. */
static enum umm_status find_operand(const struct subject *of, uint32_t *width,
                                    struct umm_error *err)
{
    const struct umm_graph_node *node = of->node;
    if (node->n_inputs != (node->constant ? 1 : 2))
        return umm_graph_wrong(err, node, "%" PRIu32 " inputs with %s constant", node->n_inputs,
                               node->constant ? "a" : "no");
    enum umm_graph_type type;
    if (node->constant) {
        enum umm_status status = check_tensor(of, node->constant, "constants", err);
        if (!status && (node->constant->n_rows != 1 || node->constant->n_scales > 1))
            status =
                umm_graph_wrong(err, node, "a constant of %" PRIu32 " rows, %" PRIu32 " scales",
                                node->constant->n_rows, node->constant->n_scales);
        if (status)
            return status;
        type = node->constant->type;
        *width = node->constant->n_columns;
    } else {
        type = of->graph->values[node->inputs[1]].type;
        *width = of->graph->values[node->inputs[1]].width;
    }
    return type == of->x->type
               ? UMM_OK
               : umm_graph_wrong(err, node, "%s of %s and %s", umm_graph_op_name(node->op),
                                 umm_graph_type_name(of->x->type), umm_graph_type_name(type));
}

static enum umm_status check_binary(const struct subject *of, struct umm_error *err)
{
    uint32_t width = 0;
    if (of->x->type != of->y->type || !(is_quantized(of->x->type) || is_float(of->x->type)))
        return wrong_type(of, err);
    enum umm_status status = find_operand(of, &width, err);
    if (status)
        return status;
    const uint32_t wide = of->x->width > width ? of->x->width : width;
    if ((of->x->width != wide && of->x->width != 1) || (width != wide && width != 1) ||
        of->y->width != wide)
        return umm_graph_wrong(err, of->node,
                               "%s of %" PRIu32 " and %" PRIu32 " numbers to %" PRIu32,
                               umm_graph_op_name(of->node->op), of->x->width, width, of->y->width);
    return UMM_OK;
}

/* Functions of one row of one width, in floats or quantised; limits also in doubles. */
static enum umm_status check_unary(const struct subject *of, struct umm_error *err)
{
    const bool is_limit = of->node->op == UMM_OP_RELU || of->node->op == UMM_OP_CLIP;
    if (of->x->type != of->y->type || !(is_quantized(of->x->type) || of->x->type == UMM_GRAPH_F32 ||
                                        (is_limit && of->x->type == UMM_GRAPH_F64)))
        return wrong_type(of, err);
    if (of->x->width != of->y->width)
        return wrong_width(of, err);
    if (of->node->op == UMM_OP_CLIP)
        return check_limits(of, err);
    if (of->node->op == UMM_OP_LEAKY_RELU && !isfinite(of->node->alpha))
        return umm_graph_wrong(err, of->node, "alpha is %g", (double)of->node->alpha);
    return UMM_OK;
}

/* Functions of floats only. */
static enum umm_status check_floats(const struct subject *of, struct umm_error *err)
{
    const bool is_pair = of->node->op == UMM_OP_LOGISTIC_PAIR;
    if (of->x->type != UMM_GRAPH_F32 || of->y->type != UMM_GRAPH_F32)
        return wrong_type(of, err);
    if (is_pair ? of->x->width != 1 || of->y->width != 2 : of->x->width != of->y->width)
        return wrong_width(of, err);
    if (of->node->op == UMM_OP_NORMALIZE && of->node->norm > UMM_NORM_L2)
        return umm_graph_wrong(err, of->node, "there is no such norm");
    return UMM_OK;
}

/* Whether numbers of a and b mean the same. */
static bool are_alike(const struct umm_graph_value *a, const struct umm_graph_value *b)
{
    return a->type == b->type &&
           (!is_quantized(a->type) || (a->scale == b->scale && a->zero_point == b->zero_point));
}

static enum umm_status check_concat(const struct subject *of, struct umm_error *err)
{
    uint64_t width = 0;
    for (uint32_t i = 0; i < of->node->n_inputs; i++) {
        const struct umm_graph_value *x = &of->graph->values[of->node->inputs[i]];
        if (!are_alike(x, of->y))
            return umm_graph_wrong(err, of->node, "input %" PRIu32 " is not of the output's type",
                                   i);
        width += x->width;
    }
    if (width != of->y->width)
        return umm_graph_wrong(err, of->node,
                               "inputs of %" PRIu64 " numbers, an output of %" PRIu32, width,
                               of->y->width);
    return UMM_OK;
}

static enum umm_status check_slice(const struct subject *of, struct umm_error *err)
{
    if (!are_alike(of->x, of->y))
        return wrong_type(of, err);
    if (of->node->first > of->x->width || of->y->width > of->x->width - of->node->first)
        return umm_graph_wrong(err, of->node, "columns %" PRIu32 " to %" PRIu64 " of %" PRIu32,
                               of->node->first, (uint64_t)of->node->first + of->y->width,
                               of->x->width);
    return UMM_OK;
}

static enum umm_status check_conversion(const struct subject *of, struct umm_error *err)
{
    const bool is_x_float = of->x->type == UMM_GRAPH_F32, is_x_q = is_quantized(of->x->type);
    const bool is_y_float = of->y->type == UMM_GRAPH_F32, is_y_q = is_quantized(of->y->type);
    bool is_right;
    if (of->node->op == UMM_OP_CAST)
        is_right = !is_x_q && !is_y_q;
    else if (of->node->op == UMM_OP_QUANTIZE)
        is_right = (is_x_float || is_x_q) && is_y_q;
    else
        is_right = is_x_q && is_y_float;
    if (!is_right)
        return wrong_type(of, err);
    return of->x->width == of->y->width ? UMM_OK : wrong_width(of, err);
}

static enum umm_status check_trees(const struct subject *of, struct umm_error *err)
{
    const struct umm_trees *trees = of->node->trees;
    if (!trees)
        return umm_graph_wrong(err, of->node, "there are no trees");
    if (!is_float(of->x->type) || of->y->type != UMM_GRAPH_F32)
        return wrong_type(of, err);
    if (trees->n_features > of->x->width || trees->n_outputs != of->y->width)
        return umm_graph_wrong(err, of->node,
                               "trees of %" PRIu32 " features and %" PRIu32
                               " outputs, where there are %" PRIu32 " and %" PRIu32,
                               trees->n_features, trees->n_outputs, of->x->width, of->y->width);
    struct umm_error inner = {0};
    const enum umm_status status = umm_trees_check(trees, &inner);
    if (status == UMM_ERR_DATA)
        return umm_graph_wrong(err, of->node, "%s", inner.message);
    return status ? umm_error_set(err, status, "%s", inner.message) : UMM_OK;
}

typedef enum umm_status check_function(const struct subject *of, struct umm_error *err);

static const struct {
    check_function *check;
    bool is_of_many; /* inputs; check_binary counts its own */
} rules[UMM_OP_COUNT] = {
    [UMM_OP_DENSE] = {check_dense, false},
    [UMM_OP_ADD] = {check_binary, true},
    [UMM_OP_SUB] = {check_binary, true},
    [UMM_OP_MUL] = {check_binary, true},
    [UMM_OP_DIV] = {check_binary, true},
    [UMM_OP_RELU] = {check_unary, false},
    [UMM_OP_LEAKY_RELU] = {check_unary, false},
    [UMM_OP_CLIP] = {check_unary, false},
    [UMM_OP_SIGMOID] = {check_unary, false},
    [UMM_OP_TANH] = {check_unary, false},
    [UMM_OP_SOFTMAX] = {check_unary, false},
    [UMM_OP_SOFTMAX_ZERO] = {check_floats, false},
    [UMM_OP_PROBIT] = {check_floats, false},
    [UMM_OP_LOGISTIC_PAIR] = {check_floats, false},
    [UMM_OP_CONCAT] = {check_concat, true},
    [UMM_OP_SLICE] = {check_slice, false},
    [UMM_OP_CAST] = {check_conversion, false},
    [UMM_OP_QUANTIZE] = {check_conversion, false},
    [UMM_OP_DEQUANTIZE] = {check_conversion, false},
    [UMM_OP_NORMALIZE] = {check_floats, false},
    [UMM_OP_TREES] = {check_trees, false},
};

enum umm_status umm_graph_check_node(const struct umm_graph *graph,
                                     const struct umm_graph_node *node, struct umm_error *err)
{
    if (node->op >= UMM_OP_COUNT)
        return umm_graph_wrong(err, node, "it does nothing known");
    if (node->n_inputs != 1 && !rules[node->op].is_of_many)
        return umm_graph_wrong(err, node, "%" PRIu32 " inputs", node->n_inputs);
    const struct subject of = {.graph = graph,
                               .node = node,
                               .x = &graph->values[node->inputs[0]],
                               .y = &graph->values[node->output]};
    return rules[node->op].check(&of, err);
}
