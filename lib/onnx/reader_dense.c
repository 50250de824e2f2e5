/* SPDX-License-Identifier: MIT */
/* Gemm, MatMul, and the linear models of ai.onnx.ml. */
#include "onnx/reader.h"

#include <inttypes.h>
#include <string.h>

/* ---- weights ------------------------------------------------------------------------ */

enum umm_status umm_onnx_weights(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                 bool is_out_first, struct umm_onnx_weights *weights,
                                 struct umm_error *err)
{
    struct umm_onnx_constant *c = operand->constant;
    if (operand->kind != UMM_ONNX_CONSTANT)
        return umm_onnx_refuse(onnx, err, "its weights are not constant");
    if (c->n_dims != 2 || c->n == 0)
        return umm_onnx_refuse(onnx, err, "weights of %" PRIu32 " dimensions, or none", c->n_dims);
    *weights = (struct umm_onnx_weights){.constant = c,
                                         .is_out_first = is_out_first,
                                         .n_in = c->dims[is_out_first],
                                         .n_out = c->dims[!is_out_first]};
    return UMM_OK;
}

/* Where the weight of that output and input is among the constant's numbers. */
static uint64_t weight_at(const struct umm_onnx_weights *weights, uint64_t out, uint64_t in)
{
    return weights->is_out_first ? out * weights->n_in + in : in * weights->n_out + out;
}

/* What a layer of these computes in: doubles where its weights are, as ONNX has no mixed ones. */
static enum umm_graph_type type_of(const struct umm_onnx_weights *weights)
{
    return weights->constant->type == UMM_ONNX_DOUBLE ? UMM_GRAPH_F64 : UMM_GRAPH_F32;
}

static enum umm_status weights_real(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                                    struct umm_tensor **tensor, struct umm_error *err)
{
    struct umm_onnx_constant *c = weights->constant;
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status && !umm_onnx_is_float(c->type))
        status = umm_onnx_refuse(onnx, err, "weights of %s", umm_onnx_type_name(c->type));
    if (!status)
        status =
            umm_onnx_tensor(onnx, type_of(weights), weights->n_out, weights->n_in, 0, tensor, err);
    if (status)
        return status;
    uint64_t n = 0;
    for (uint64_t out = 0; out < weights->n_out; out++)
        for (uint64_t in = 0; in < weights->n_in; in++, n++)
            if ((*tensor)->type == UMM_GRAPH_F64)
                ((double *)(*tensor)->data)[n] = umm_onnx_f64_at(c, weight_at(weights, out, in));
            else
                ((float *)(*tensor)->data)[n] = umm_onnx_f32_at(c, weight_at(weights, out, in));
    return UMM_OK;
}

/* Scales, and zero points less `shift`, of a tensor. */
static enum umm_status set_scales(struct umm_onnx *onnx, struct umm_tensor *tensor,
                                  struct umm_onnx_constant *scale,
                                  struct umm_onnx_constant *zero_point, int32_t shift,
                                  struct umm_error *err)
{
    enum umm_status status = umm_onnx_raw(onnx, scale, err);
    if (!status && zero_point)
        status = umm_onnx_raw(onnx, zero_point, err);
    if (!status && !umm_onnx_is_float(scale->type))
        status = umm_onnx_wrong(onnx, err, "a scale of %s", umm_onnx_type_name(scale->type));
    for (uint32_t i = 0; !status && i < tensor->n_scales; i++) {
        tensor->scales[i] = umm_onnx_f32_at(scale, scale->n == 1 ? 0 : i);
        const int64_t point =
            zero_point ? umm_onnx_i64_at(zero_point, zero_point->n == 1 ? 0 : i) : 0;
        tensor->zero_points[i] = (int32_t)(point - shift);
    }
    return status;
}

/* UINT8 less 128 is INT8, with zero points likewise: the differences are the same. */
enum umm_status umm_onnx_weights_i8(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                                    struct umm_onnx_constant *scale,
                                    struct umm_onnx_constant *zero_point,
                                    struct umm_tensor **tensor, struct umm_error *err)
{
    struct umm_onnx_constant *c = weights->constant;
    const uint64_t n_points = zero_point ? zero_point->n : 1;
    const uint64_t n_scales = scale->n > n_points ? scale->n : n_points;
    const int32_t shift = c->type == UMM_ONNX_UINT8 ? 128 : 0;
    if (c->type != UMM_ONNX_INT8 && c->type != UMM_ONNX_UINT8)
        return umm_onnx_refuse(onnx, err, "weights of %s", umm_onnx_type_name(c->type));
    if ((scale->n != 1 && scale->n != weights->n_out) ||
        (n_points != 1 && n_points != weights->n_out) ||
        (zero_point && zero_point->type != c->type))
        return umm_onnx_refuse(onnx, err,
                               "%" PRIu64 " scales and %" PRIu64
                               " zero points for weights of %" PRIu64 " outputs",
                               scale->n, n_points, weights->n_out);
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_tensor(onnx, UMM_GRAPH_I8, weights->n_out, weights->n_in,
                                 (uint32_t)n_scales, tensor, err);
    if (!status)
        status = set_scales(onnx, *tensor, scale, zero_point, shift, err);
    if (status)
        return status;
    int8_t *numbers = (*tensor)->data;
    for (uint64_t out = 0; out < weights->n_out; out++)
        for (uint64_t in = 0; in < weights->n_in; in++)
            *numbers++ = (int8_t)(umm_onnx_i64_at(c, weight_at(weights, out, in)) - shift);
    return UMM_OK;
}

/* Of a DequantizeLinear with scales for the tensor or for outputs, int8; else float or double. */
static enum umm_status weights_of(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                                  struct umm_tensor **tensor, struct umm_error *err)
{
    const struct umm_onnx_constant *c = weights->constant;
    if (!c->of || (c->of->type != UMM_ONNX_INT8 && c->of->type != UMM_ONNX_UINT8) ||
        (c->scale->n != 1 && c->axis != !weights->is_out_first))
        return weights_real(onnx, weights, tensor, err);
    struct umm_onnx_weights quantized = *weights;
    quantized.constant = c->of;
    return umm_onnx_weights_i8(onnx, &quantized, c->scale, c->zero_point, tensor, err);
}

/* ---- biases ------------------------------------------------------------------------- */

/* Whether c is a row of n_out numbers, or one number for all. */
static bool is_bias(const struct umm_onnx_constant *c, uint64_t n_out)
{
    return (c->n == n_out || c->n == 1) && c->n_dims <= 2 &&
           (c->n_dims == 0 || c->dims[c->n_dims - 1] == c->n);
}

static enum umm_status bias_real(struct umm_onnx *onnx, struct umm_onnx_constant *c,
                                 enum umm_graph_type type, uint64_t n_out, float factor,
                                 struct umm_tensor **tensor, struct umm_error *err)
{
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status && !umm_onnx_is_float(c->type))
        status = umm_onnx_refuse(onnx, err, "biases of %s", umm_onnx_type_name(c->type));
    if (!status)
        status = umm_onnx_tensor(onnx, type, 1, n_out, 0, tensor, err);
    if (status)
        return status;
    for (uint64_t i = 0; i < n_out; i++) {
        const uint64_t at = c->n == 1 ? 0 : i;
        if (type == UMM_GRAPH_F64)
            ((double *)(*tensor)->data)[i] = (double)factor * umm_onnx_f64_at(c, at);
        else
            ((float *)(*tensor)->data)[i] = factor * umm_onnx_f32_at(c, at);
    }
    return UMM_OK;
}

/* Of a DequantizeLinear without zero point, int32; else of that type. */
static enum umm_status bias_of(struct umm_onnx *onnx, struct umm_onnx_constant *c,
                               enum umm_graph_type type, uint64_t n_out, struct umm_tensor **tensor,
                               struct umm_error *err)
{
    if (type == UMM_GRAPH_F64 || !c->of || c->of->type != UMM_ONNX_INT32 || c->n != n_out ||
        c->zero_point)
        return bias_real(onnx, c, type, n_out, 1, tensor, err);
    enum umm_status status = umm_onnx_raw(onnx, c->of, err);
    if (!status)
        status = umm_onnx_tensor(onnx, UMM_GRAPH_I32, 1, n_out, (uint32_t)c->scale->n, tensor, err);
    if (!status)
        status = set_scales(onnx, *tensor, c->scale, NULL, 0, err);
    if (status)
        return status;
    int32_t *numbers = (*tensor)->data;
    for (uint64_t i = 0; i < n_out; i++)
        numbers[i] = (int32_t)umm_onnx_i64_at(c->of, i);
    return UMM_OK;
}

/* ---- Gemm and MatMul ---------------------------------------------------------------- */

/* The layer without a bias, or with one. *x becomes its result. */
static enum umm_status dense(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                             const struct umm_tensor *bias, int32_t *x, struct umm_error *err)
{
    struct umm_tensor *tensor = NULL;
    if (weights->n_in != umm_onnx_width(onnx, *x) || weights->n_out > UMM_GRAPH_WIDTH_MAX)
        return umm_onnx_wrong(onnx, err, "weights for rows of %" PRIu64 " numbers, not %" PRIu32,
                              weights->n_in, umm_onnx_width(onnx, *x));
    enum umm_status status = weights_of(onnx, weights, &tensor, err);
    if (status)
        return status;
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_DENSE);
    const struct umm_graph_value like = {.type = type_of(weights),
                                         .width = (uint32_t)weights->n_out};
    node.weights = tensor;
    node.bias = bias;
    return umm_onnx_add(onnx, &node, x, 1, &like, x, err);
}

/* The row that the layer reads, in the type that it computes in. */
static enum umm_status row_for(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                               const struct umm_onnx_operand *operand, int32_t *x,
                               struct umm_error *err)
{
    if (type_of(weights) == UMM_GRAPH_F32 || operand->n_dims != 2)
        return umm_onnx_row(onnx, operand, false, x, err);
    return umm_onnx_doubles(onnx, operand, x, err);
}

/* y + beta * c, where c is a value or a constant that is no bias. */
static enum umm_status add_scaled(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                                  const struct umm_onnx_operand *c, float beta, int32_t *y,
                                  struct umm_error *err)
{
    int32_t inputs[2] = {*y, 0};
    const uint32_t width = umm_onnx_width(onnx, *y);
    const struct umm_graph_value like = {.type = type_of(weights), .width = width};
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_ADD);
    enum umm_status status = row_for(onnx, weights, c, &inputs[1], err);
    if (status)
        return status;
    if (umm_onnx_width(onnx, inputs[1]) != width && umm_onnx_width(onnx, inputs[1]) != 1)
        return umm_onnx_refuse(onnx, err, "biases of %" PRIu32 " numbers for %" PRIu32,
                               umm_onnx_width(onnx, inputs[1]), width);
    if (beta != 1)
        status =
            umm_onnx_with_numbers(onnx, UMM_OP_MUL, inputs[1], &beta, 1, false, &inputs[1], err);
    return status ? status : umm_onnx_add(onnx, &node, inputs, 2, &like, y, err);
}

/* alpha * (x weights) + beta * c, by as many nodes as that needs. */
static enum umm_status gemm(struct umm_onnx *onnx, const struct umm_onnx_weights *weights,
                            const struct umm_onnx_operand *c, float alpha, float beta, int32_t *x,
                            struct umm_error *err)
{
    struct umm_tensor *bias = NULL;
    const enum umm_graph_type type = type_of(weights);
    const bool has_bias = c->kind == UMM_ONNX_CONSTANT;
    enum umm_status status = UMM_OK;
    if (has_bias && !is_bias(c->constant, weights->n_out))
        return umm_onnx_refuse(onnx, err, "biases that are no row of %" PRIu64, weights->n_out);
    if (has_bias)
        status = beta == 1 ? bias_of(onnx, c->constant, type, weights->n_out, &bias, err)
                           : bias_real(onnx, c->constant, type, weights->n_out, beta, &bias, err);
    if (!status)
        status = dense(onnx, weights, alpha == 1 ? bias : NULL, x, err);
    if (!status && alpha != 1)
        status = umm_onnx_with_numbers(onnx, UMM_OP_MUL, *x, &alpha, 1, false, x, err);
    if (!status && alpha != 1 && bias && bias->type != type)
        status = bias_real(onnx, c->constant, type, weights->n_out, beta, &bias, err);
    if (!status && alpha != 1 && bias)
        status = umm_onnx_with_tensor(onnx, UMM_OP_ADD, *x, bias, false, x, err);
    if (!status && !has_bias && c->kind != UMM_ONNX_ABSENT)
        status = add_scaled(onnx, weights, c, beta, x, err);
    return status;
}

enum umm_status umm_onnx_op_gemm(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_node *node = &onnx->node;
    struct umm_onnx_weights weights;
    int32_t x;
    if (umm_onnx_integer(node, "transA", 0))
        return umm_onnx_refuse(onnx, err, "transA mixes rows");
    enum umm_status status = umm_onnx_weights(
        onnx, umm_onnx_input(onnx, 1), umm_onnx_integer(node, "transB", 0) != 0, &weights, err);
    if (!status)
        status = row_for(onnx, &weights, umm_onnx_input(onnx, 0), &x, err);
    if (!status)
        status = gemm(onnx, &weights, umm_onnx_input(onnx, 2), umm_onnx_number(node, "alpha", 1),
                      umm_onnx_number(node, "beta", 1), &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, umm_onnx_input(onnx, 0)->type);
    return status;
}

enum umm_status umm_onnx_op_matmul(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_onnx_weights weights;
    int32_t x;
    enum umm_status status = umm_onnx_weights(onnx, umm_onnx_input(onnx, 1), false, &weights, err);
    if (!status)
        status = row_for(onnx, &weights, umm_onnx_input(onnx, 0), &x, err);
    if (!status)
        status = dense(onnx, &weights, NULL, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, umm_onnx_input(onnx, 0)->type);
    return status;
}

/* ---- linear models ------------------------------------------------------------------ */

/* The scores of a linear model: coefficients for each of n_outputs rows, intercepts or none. */
static enum umm_status linear(struct umm_onnx *onnx, uint32_t n_outputs, const float *intercepts,
                              int32_t *x, struct umm_error *err)
{
    float *coefficients = NULL;
    uint32_t n = 0;
    struct umm_tensor *weights = NULL, *bias = NULL;
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_DENSE);
    enum umm_status status = umm_onnx_row(onnx, umm_onnx_input(onnx, 0), true, x, err);
    if (!status)
        status = umm_onnx_numbers(onnx, "coefficients", &coefficients, &n, err);
    if (status)
        return status;
    const uint32_t width = umm_onnx_width(onnx, *x);
    if (n_outputs == 0 || n / n_outputs != width || n % n_outputs)
        return umm_onnx_wrong(
            onnx, err, "%" PRIu32 " coefficients for %" PRIu32 " numbers and %" PRIu32 " results",
            n, width, n_outputs);
    status = umm_onnx_tensor(onnx, UMM_GRAPH_F32, n_outputs, width, 0, &weights, err);
    if (!status && intercepts)
        status = umm_onnx_tensor(onnx, UMM_GRAPH_F32, 1, n_outputs, 0, &bias, err);
    if (status)
        return status;
    memcpy(weights->data, coefficients, n * sizeof *coefficients);
    if (bias)
        memcpy(bias->data, intercepts, n_outputs * sizeof *intercepts);
    node.weights = weights;
    node.bias = bias;
    return umm_onnx_add_f32(onnx, &node, *x, n_outputs, x, err);
}

enum umm_status umm_onnx_op_linear_regressor(struct umm_onnx *onnx, struct umm_error *err)
{
    const int64_t n_targets = umm_onnx_integer(&onnx->node, "targets", 1);
    enum umm_onnx_post post = UMM_ONNX_NONE;
    float *intercepts = NULL;
    uint32_t n = 0;
    int32_t x;
    enum umm_status status = umm_onnx_post_transform(onnx, &post, err);
    if (!status)
        status = umm_onnx_numbers(onnx, "intercepts", &intercepts, &n, err);
    if (status)
        return status;
    if (n_targets < 1 || n_targets > UMM_GRAPH_WIDTH_MAX || (n && n != n_targets))
        return umm_onnx_wrong(onnx, err, "%" PRIu32 " intercepts for %" PRId64 " targets", n,
                              n_targets);
    if (n_targets == 1 && post != UMM_ONNX_NONE)
        return umm_onnx_refuse(onnx, err, "a post_transform of one target");
    status = linear(onnx, (uint32_t)n_targets, intercepts, &x, err);
    if (!status)
        status = umm_onnx_transform(onnx, post, x, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, UMM_ONNX_FLOAT);
    return status;
}

/* One score for two classes is that of the second. */
enum umm_status umm_onnx_op_linear_classifier(struct umm_onnx *onnx, struct umm_error *err)
{
    enum umm_onnx_post post = UMM_ONNX_NONE;
    float *intercepts = NULL;
    uint32_t n = 0, n_labels = 0;
    int32_t x;
    enum umm_status status = umm_onnx_post_transform(onnx, &post, err);
    if (!status)
        status = umm_onnx_numbers(onnx, "intercepts", &intercepts, &n, err);
    if (!status)
        status = umm_onnx_n_labels(onnx, &n_labels, err);
    if (status)
        return status;
    if (n == 0 || (n != n_labels && !(n == 1 && n_labels == 2)))
        return umm_onnx_refuse(onnx, err, "%" PRIu32 " scores for %" PRIu32 " classes", n,
                               n_labels);
    if (n == 1 && post != UMM_ONNX_NONE && (n_labels != 2 || post != UMM_ONNX_LOGISTIC))
        return umm_onnx_refuse(onnx, err, "its post_transform of one score");
    status = linear(onnx, n, intercepts, &x, err);
    if (!status)
        status = umm_onnx_transform(onnx, post, x, &x, err);
    if (!status && n == 1 && n_labels == 2)
        status = umm_onnx_complement(onnx, x, &x, err);
    if (status)
        return status;
    if (onnx->node.n_outputs)
        onnx->node.outputs[0].kind = UMM_ONNX_LABEL;
    umm_onnx_output_row(onnx, 1, x, UMM_ONNX_FLOAT);
    return UMM_OK;
}
