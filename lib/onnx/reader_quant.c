/* SPDX-License-Identifier: MIT */
/* Quantised numbers: QuantizeLinear and its like, integer products, layers of dynamic range. */
#include "onnx/reader.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- scales and zero points --------------------------------------------------------- */

/* How a value is quantised: by the operands scale and zero point, the type of which is its own. */
static enum umm_status parameters(struct umm_onnx *onnx, const struct umm_onnx_operand *scale,
                                  const struct umm_onnx_operand *point, int32_t type,
                                  struct umm_graph_value *like, struct umm_error *err)
{
    like->zero_point = 0;
    enum umm_status status = umm_onnx_scalar(onnx, scale, "a scale", &like->scale, err);
    if (status)
        return status;
    if (!(like->scale > 0) || !isfinite(like->scale))
        return umm_onnx_wrong(onnx, err, "a scale of %g", (double)like->scale);
    if (point->kind != UMM_ONNX_ABSENT) {
        if (point->kind != UMM_ONNX_CONSTANT || point->constant->n != 1)
            return umm_onnx_refuse(onnx, err, "a zero point is not one constant number");
        type = point->constant->type;
        status = umm_onnx_raw(onnx, point->constant, err);
    }
    if (!status && type != UMM_ONNX_INT8 && type != UMM_ONNX_UINT8)
        return umm_onnx_refuse(onnx, err, "it quantises to %s", umm_onnx_type_name(type));
    if (!status && point->kind != UMM_ONNX_ABSENT)
        like->zero_point = (int32_t)umm_onnx_i64_at(point->constant, 0);
    like->type = type == UMM_ONNX_INT8 ? UMM_GRAPH_I8 : UMM_GRAPH_U8;
    return status;
}

static int32_t type_of(const struct umm_graph_value *value)
{
    return value->type == UMM_GRAPH_I8 ? UMM_ONNX_INT8 : UMM_ONNX_UINT8;
}

static void output_quantized(struct umm_onnx *onnx, int32_t value, const struct umm_onnx_operand *x)
{
    struct umm_onnx_operand like = *x;
    like.type = type_of(&onnx->graph->values[value]);
    umm_onnx_output(onnx, 0, value, &like);
}

/* An input of the model is quantised as its first reader says. */
static enum umm_status settle(struct umm_onnx *onnx, const struct umm_onnx_operand *x,
                              const struct umm_graph_value *like, struct umm_error *err)
{
    struct umm_graph_value *input = &onnx->graph->values[x->value];
    if (onnx->is_settled[x->input])
        return UMM_OK;
    if (input->type != like->type)
        return umm_onnx_wrong(onnx, err, "an input of the model is %s, and its zero point %s",
                              umm_graph_type_name(input->type), umm_graph_type_name(like->type));
    input->scale = like->scale;
    input->zero_point = like->zero_point;
    onnx->is_settled[x->input] = true;
    return UMM_OK;
}

/* The value of x, if it is quantised as `like`. */
static enum umm_status quantized(struct umm_onnx *onnx, const struct umm_onnx_operand *x,
                                 const struct umm_graph_value *like, int32_t *value,
                                 struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (x->kind == UMM_ONNX_PENDING)
        status = settle(onnx, x, like, err);
    else if (x->kind != UMM_ONNX_VALUE)
        status = umm_onnx_refuse(onnx, err, "its input is no quantised value");
    if (status)
        return status;
    const struct umm_graph_value *is = &onnx->graph->values[x->value];
    *value = x->value;
    if (is->type != like->type || is->scale != like->scale || is->zero_point != like->zero_point)
        return umm_onnx_refuse(onnx, err, "its input is quantised by another scale");
    return UMM_OK;
}

/* ---- QuantizeLinear, DequantizeLinear ----------------------------------------------- */

/* The axis of a constant's scales, which are one or as many as that axis is long. */
static enum umm_status find_axis(struct umm_onnx *onnx, const struct umm_onnx_constant *c,
                                 const struct umm_onnx_constant *scale,
                                 const struct umm_onnx_constant *point, uint32_t *axis,
                                 struct umm_error *err)
{
    int64_t at = umm_onnx_integer(&onnx->node, "axis", 1);
    at += at < 0 ? c->n_dims : 0;
    *axis = 0;
    if (umm_onnx_integer(&onnx->node, "block_size", 0))
        return umm_onnx_refuse(onnx, err, "scales of blocks");
    if (!umm_onnx_is_float(scale->type) || scale->n == 0 || (point && point->n != scale->n))
        return umm_onnx_wrong(onnx, err, "scales of %s that do not go with its zero points",
                              umm_onnx_type_name(scale->type));
    if (scale->n == 1)
        return UMM_OK;
    if (at < 0 || at >= c->n_dims || scale->n_dims != 1 || scale->n != c->dims[at])
        return umm_onnx_wrong(onnx, err, "%" PRIu64 " scales for axis %" PRId64, scale->n, at);
    *axis = (uint32_t)at;
    return UMM_OK;
}

/* The operands scale and zero point as constants; *point is NULL without one. */
static enum umm_status constants(struct umm_onnx *onnx, struct umm_onnx_constant **scale,
                                 struct umm_onnx_constant **point, struct umm_error *err)
{
    const struct umm_onnx_operand *s = umm_onnx_input(onnx, 1), *z = umm_onnx_input(onnx, 2);
    if (s->kind != UMM_ONNX_CONSTANT ||
        (z->kind != UMM_ONNX_CONSTANT && z->kind != UMM_ONNX_ABSENT))
        return umm_onnx_refuse(onnx, err, "its scale or zero point is not constant");
    *scale = s->constant;
    *point = z->kind == UMM_ONNX_CONSTANT ? z->constant : NULL;
    enum umm_status status = umm_onnx_raw(onnx, *scale, err);
    return !status && *point ? umm_onnx_raw(onnx, *point, err) : status;
}

static enum umm_status dequantize_constant(struct umm_onnx *onnx, struct umm_onnx_constant *c,
                                           struct umm_error *err)
{
    struct umm_onnx_constant *made = NULL, *scale = NULL, *point = NULL;
    uint32_t axis = 0;
    enum umm_status status = constants(onnx, &scale, &point, err);
    if (!status)
        status = find_axis(onnx, c, scale, point, &axis, err);
    if (!status && (umm_onnx_is_float(c->type) || umm_onnx_type_bytes(c->type) == 0 || c->of ||
                    (point && point->type != c->type)))
        status = umm_onnx_refuse(onnx, err, "it dequantises %s", umm_onnx_type_name(c->type));
    if (!status)
        status = umm_onnx_alloc(onnx, 1, sizeof *made, &made, err);
    if (status)
        return status;
    *made = *c;
    made->type = UMM_ONNX_FLOAT;
    made->raw = NULL;
    made->of = c;
    made->scale = scale;
    made->zero_point = point;
    made->axis = axis;
    umm_onnx_output_constant(onnx, 0, made);
    return UMM_OK;
}

enum umm_status umm_onnx_op_dequantize(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_DEQUANTIZE);
    struct umm_graph_value like = {0};
    int32_t value;
    if (x->kind == UMM_ONNX_CONSTANT)
        return dequantize_constant(onnx, x->constant, err);
    enum umm_status status =
        parameters(onnx, umm_onnx_input(onnx, 1), umm_onnx_input(onnx, 2), x->type, &like, err);
    if (!status)
        status = quantized(onnx, x, &like, &value, err);
    if (!status)
        status = umm_onnx_add_f32(onnx, &node, value, umm_onnx_width(onnx, value), &value, err);
    if (status)
        return status;
    struct umm_onnx_operand floats = *x;
    floats.type = UMM_ONNX_FLOAT;
    umm_onnx_output(onnx, 0, value, &floats);
    return UMM_OK;
}

/* As ONNX says: rint(x / scale) + zero point, half to even, limited to the type. */
static int64_t quantize(float x, float scale, int64_t point, int32_t type)
{
    const double low = type == UMM_ONNX_INT8 ? INT8_MIN : 0;
    const double high = type == UMM_ONNX_INT8 ? INT8_MAX : UINT8_MAX;
    const double q = rint((double)(x / scale)) + (double)point;
    return (int64_t)(q > low ? q < high ? q : high : low);
}

static enum umm_status quantize_constant(struct umm_onnx *onnx, struct umm_onnx_constant *c,
                                         struct umm_error *err)
{
    struct umm_onnx_constant *made = NULL, *scale = NULL, *point = NULL;
    uint8_t *raw = NULL;
    uint32_t axis = 0;
    enum umm_status status = constants(onnx, &scale, &point, err);
    if (!status)
        status = find_axis(onnx, c, scale, point, &axis, err);
    const int32_t type = point ? point->type : UMM_ONNX_UINT8;
    if (!status && (c->type != UMM_ONNX_FLOAT || scale->type != UMM_ONNX_FLOAT ||
                    (type != UMM_ONNX_INT8 && type != UMM_ONNX_UINT8)))
        status = umm_onnx_refuse(onnx, err, "it quantises a constant of %s to %s",
                                 umm_onnx_type_name(c->type), umm_onnx_type_name(type));
    if (!status)
        status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_new_constant(onnx, type, c, &made, &raw, err);
    if (status)
        return status;
    uint64_t inner = 1;
    for (uint32_t d = axis + 1; d < c->n_dims; d++)
        inner *= c->dims[d];
    for (uint64_t i = 0; i < c->n; i++) {
        const uint64_t channel = scale->n == 1 ? 0 : i / inner % c->dims[axis];
        raw[i] = (uint8_t)quantize(umm_onnx_f32_at(c, i), umm_onnx_f32_at(scale, channel),
                                   point ? umm_onnx_i64_at(point, channel) : 0, type);
    }
    umm_onnx_output_constant(onnx, 0, made);
    return UMM_OK;
}

enum umm_status umm_onnx_op_quantize(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    const int64_t type = umm_onnx_integer(&onnx->node, "output_dtype", UMM_ONNX_UINT8);
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_QUANTIZE);
    struct umm_graph_value like = {0};
    int32_t value;
    if (x->kind == UMM_ONNX_CONSTANT)
        return quantize_constant(onnx, x->constant, err);
    enum umm_status status = parameters(onnx, umm_onnx_input(onnx, 1), umm_onnx_input(onnx, 2),
                                        type ? (int32_t)type : UMM_ONNX_UINT8, &like, err);
    if (!status)
        status = umm_onnx_floats(onnx, x, false, &value, err);
    if (status)
        return status;
    like.width = umm_onnx_width(onnx, value);
    status = umm_onnx_add(onnx, &node, &value, 1, &like, &value, err);
    if (!status)
        output_quantized(onnx, value, x);
    return status;
}

/* ---- layers of integers ------------------------------------------------------------- */

/* Which inputs a layer of integers has; -1 for none. */
struct places {
    int32_t b, b_scale, b_point, bias, y_scale, y_point;
};

static enum umm_status integer_bias(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                    const struct umm_tensor *weights, float x_scale,
                                    struct umm_tensor **bias, struct umm_error *err)
{
    struct umm_onnx_constant *c = operand->constant;
    if (operand->kind == UMM_ONNX_ABSENT)
        return UMM_OK;
    if (operand->kind != UMM_ONNX_CONSTANT || c->type != UMM_ONNX_INT32 || c->n != weights->n_rows)
        return umm_onnx_refuse(onnx, err, "its biases are not a constant int32 for each output");
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_tensor(onnx, UMM_GRAPH_I32, 1, c->n, weights->n_scales, bias, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < weights->n_scales; i++)
        (*bias)->scales[i] = x_scale * weights->scales[i];
    int32_t *numbers = (*bias)->data;
    for (uint64_t i = 0; i < c->n; i++)
        numbers[i] = (int32_t)umm_onnx_i64_at(c, i);
    return UMM_OK;
}

static enum umm_status integer_weights(struct umm_onnx *onnx, const struct places *places,
                                       bool is_out_first, struct umm_tensor **tensor,
                                       struct umm_error *err)
{
    struct umm_onnx_weights weights;
    const struct umm_onnx_operand *scale = umm_onnx_input(onnx, (uint32_t)places->b_scale);
    const struct umm_onnx_operand *point = umm_onnx_input(onnx, (uint32_t)places->b_point);
    enum umm_status status = umm_onnx_weights(onnx, umm_onnx_input(onnx, (uint32_t)places->b),
                                              is_out_first, &weights, err);
    if (!status && (scale->kind != UMM_ONNX_CONSTANT ||
                    (point->kind != UMM_ONNX_CONSTANT && point->kind != UMM_ONNX_ABSENT)))
        status = umm_onnx_refuse(onnx, err, "its scale or zero point is not constant");
    if (!status)
        status = umm_onnx_weights_i8(onnx, &weights, scale->constant, point->constant, tensor, err);
    return status;
}

static enum umm_status integer_layer(struct umm_onnx *onnx, const struct places *places,
                                     bool is_out_first, struct umm_error *err)
{
    const struct umm_onnx_operand *a = umm_onnx_input(onnx, 0);
    const struct umm_onnx_operand *y_scale = umm_onnx_input(onnx, (uint32_t)places->y_scale);
    struct umm_graph_value x = {0}, y = {.type = UMM_GRAPH_F32};
    struct umm_tensor *weights = NULL, *bias = NULL;
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_DENSE);
    int32_t value;
    enum umm_status status =
        parameters(onnx, umm_onnx_input(onnx, 1), umm_onnx_input(onnx, 2), a->type, &x, err);
    if (!status && a->n_dims != 2)
        status = umm_onnx_refuse(onnx, err, "of %" PRIu32 " dimensions", a->n_dims);
    if (!status)
        status = quantized(onnx, a, &x, &value, err);
    if (!status)
        status = integer_weights(onnx, places, is_out_first, &weights, err);
    if (!status && places->bias >= 0)
        status = integer_bias(onnx, umm_onnx_input(onnx, (uint32_t)places->bias), weights, x.scale,
                              &bias, err);
    if (!status && y_scale->kind != UMM_ONNX_ABSENT)
        status = parameters(onnx, y_scale, umm_onnx_input(onnx, (uint32_t)places->y_point), a->type,
                            &y, err);
    if (status)
        return status;
    y.width = weights->n_rows;
    node.weights = weights;
    node.bias = bias;
    status = umm_onnx_add(onnx, &node, &value, 1, &y, &value, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, value, y.type == UMM_GRAPH_F32 ? UMM_ONNX_FLOAT : type_of(&y));
    return status;
}

enum umm_status umm_onnx_op_qlinear_matmul(struct umm_onnx *onnx, struct umm_error *err)
{
    static const struct places places = {3, 4, 5, -1, 6, 7};
    return integer_layer(onnx, &places, false, err);
}

enum umm_status umm_onnx_op_qgemm(struct umm_onnx *onnx, struct umm_error *err)
{
    static const struct places places = {3, 4, 5, 6, 7, 8};
    if (umm_onnx_integer(&onnx->node, "transA", 0) || umm_onnx_number(&onnx->node, "alpha", 1) != 1)
        return umm_onnx_refuse(onnx, err, "its transA or alpha");
    return integer_layer(onnx, &places, umm_onnx_integer(&onnx->node, "transB", 0) != 0, err);
}

/* ---- layers of dynamic range -------------------------------------------------------- */

/*
 * What a file has as DynamicQuantizeLinear, MatMulInteger, Cast, Mul of the scales and Mul is one
 * layer here. Each row is quantised by its own range: ONNX Runtime takes that of all rows that are
 * given at once, so that it is the same for one row at a time.
 */
static void output_kind(struct umm_onnx *onnx, uint32_t i, enum umm_onnx_kind kind,
                        const struct umm_onnx_operand *like)
{
    if (i >= onnx->node.n_outputs)
        return;
    const struct umm_protobuf_bytes name = onnx->node.outputs[i].name;
    onnx->node.outputs[i] = *like;
    onnx->node.outputs[i].name = name;
    onnx->node.outputs[i].kind = kind;
}

enum umm_status umm_onnx_op_row_quantize(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_onnx_operand x = *umm_onnx_input(onnx, 0);
    enum umm_status status = umm_onnx_row(onnx, &x, false, &x.value, err);
    if (status)
        return status;
    output_kind(onnx, 0, UMM_ONNX_ROW_BYTES, &x);
    output_kind(onnx, 1, UMM_ONNX_ROW_SCALE, &x);
    output_kind(onnx, 2, UMM_ONNX_ROW_ZERO, &x);
    return UMM_OK;
}

enum umm_status umm_onnx_op_matmul_integer(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_onnx_operand x = *umm_onnx_input(onnx, 0);
    const struct umm_onnx_operand *b = umm_onnx_input(onnx, 1), *x_zero = umm_onnx_input(onnx, 2);
    const struct umm_onnx_operand *b_zero = umm_onnx_input(onnx, 3);
    if (x.kind != UMM_ONNX_ROW_BYTES || x_zero->kind != UMM_ONNX_ROW_ZERO ||
        x_zero->value != x.value)
        return umm_onnx_refuse(onnx, err, "its input is not that of a DynamicQuantizeLinear");
    if (b->kind != UMM_ONNX_CONSTANT ||
        (b_zero->kind != UMM_ONNX_CONSTANT && b_zero->kind != UMM_ONNX_ABSENT))
        return umm_onnx_refuse(onnx, err, "its weights are not constant");
    x.constant = b->constant;
    x.zero_point = b_zero->constant;
    output_kind(onnx, 0, UMM_ONNX_ROW_SUMS, &x);
    return UMM_OK;
}

bool umm_onnx_row_cast(struct umm_onnx *onnx, int32_t to)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    if (x->kind != UMM_ONNX_ROW_SUMS || to != UMM_ONNX_FLOAT)
        return false;
    output_kind(onnx, 0, UMM_ONNX_ROW_SUMS_F32, x);
    return true;
}

static enum umm_status row_layer(struct umm_onnx *onnx, const struct umm_onnx_operand *weights_in,
                                 int32_t x, struct umm_onnx_constant *scale,
                                 struct umm_onnx_constant *point, const struct umm_tensor *bias,
                                 struct umm_error *err)
{
    struct umm_onnx_weights weights;
    struct umm_tensor *tensor = NULL;
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_DENSE);
    enum umm_status status = umm_onnx_weights(onnx, weights_in, false, &weights, err);
    if (!status)
        status = umm_onnx_weights_i8(onnx, &weights, scale, point, &tensor, err);
    if (!status && weights.n_out > UMM_GRAPH_WIDTH_MAX)
        status = umm_onnx_wrong(onnx, err, "%" PRIu64 " outputs", weights.n_out);
    if (status)
        return status;
    node.weights = tensor;
    node.bias = bias;
    node.is_dynamic = node.is_asymmetric = node.is_row_u8 = true;
    status = umm_onnx_add_f32(onnx, &node, x, (uint32_t)weights.n_out, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, UMM_ONNX_FLOAT);
    return status;
}

enum umm_status umm_onnx_row_mul(struct umm_onnx *onnx, bool *is_done, struct umm_error *err)
{
    const struct umm_onnx_operand *a = umm_onnx_input(onnx, 0), *b = umm_onnx_input(onnx, 1);
    if (b->kind == UMM_ONNX_ROW_SCALE || b->kind == UMM_ONNX_ROW_SUMS_F32) {
        const struct umm_onnx_operand *other = a;
        a = b;
        b = other;
    }
    *is_done = true;
    if (a->kind == UMM_ONNX_ROW_SCALE && b->kind == UMM_ONNX_CONSTANT) {
        struct umm_onnx_operand product = *a;
        product.constant = b->constant;
        output_kind(onnx, 0, UMM_ONNX_ROW_PRODUCT, &product);
        return UMM_OK;
    }
    if (a->kind == UMM_ONNX_ROW_SUMS_F32 && b->kind == UMM_ONNX_ROW_PRODUCT &&
        a->value == b->value) {
        const struct umm_onnx_operand weights = {.kind = UMM_ONNX_CONSTANT,
                                                 .constant = a->constant};
        return row_layer(onnx, &weights, a->value, b->constant, a->zero_point, NULL, err);
    }
    *is_done = false;
    return UMM_OK;
}

/* DynamicQuantizeMatMul: A, B, scale of B, zero point of B, bias. */
enum umm_status umm_onnx_op_row_matmul(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *scale = umm_onnx_input(onnx, 2),
                                  *point = umm_onnx_input(onnx, 3);
    const struct umm_onnx_operand *bias = umm_onnx_input(onnx, 4);
    struct umm_tensor *tensor = NULL;
    int32_t x;
    enum umm_status status = umm_onnx_row(onnx, umm_onnx_input(onnx, 0), false, &x, err);
    if (!status && (scale->kind != UMM_ONNX_CONSTANT ||
                    (point->kind != UMM_ONNX_CONSTANT && point->kind != UMM_ONNX_ABSENT) ||
                    (bias->kind != UMM_ONNX_CONSTANT && bias->kind != UMM_ONNX_ABSENT)))
        status = umm_onnx_refuse(onnx, err, "what it multiplies by is not constant");
    if (!status && bias->kind == UMM_ONNX_CONSTANT) {
        struct umm_onnx_constant *c = bias->constant;
        status = umm_onnx_raw(onnx, c, err);
        if (!status && c->type != UMM_ONNX_FLOAT)
            status = umm_onnx_refuse(onnx, err, "biases of %s", umm_onnx_type_name(c->type));
        if (!status)
            status = umm_onnx_tensor(onnx, UMM_GRAPH_F32, 1, c->n, 0, &tensor, err);
        for (uint64_t i = 0; !status && i < c->n; i++)
            ((float *)tensor->data)[i] = umm_onnx_f32_at(c, i);
    }
    return status ? status
                  : row_layer(onnx, umm_onnx_input(onnx, 1), x, scale->constant, point->constant,
                              tensor, err);
}
