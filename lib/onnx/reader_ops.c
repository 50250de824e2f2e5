/* SPDX-License-Identifier: MIT */
/* The table of operators, and those that are one node of the graph. */
#include "onnx/reader.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- functions of each number ------------------------------------------------------- */

/*
 * The node that op is, of floats in any shape; parameters are set by the caller. Limits leave
 * doubles as doubles.
 */
static enum umm_status unary(struct umm_onnx *onnx, struct umm_graph_node *node,
                             struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    const bool is_limit = node->op == UMM_OP_RELU || node->op == UMM_OP_CLIP;
    int32_t value;
    enum umm_status status = is_limit ? umm_onnx_reals(onnx, x, false, &value, err)
                                      : umm_onnx_floats(onnx, x, false, &value, err);
    if (status)
        return status;
    const struct umm_graph_value like = {.type = onnx->graph->values[value].type,
                                         .width = umm_onnx_width(onnx, value)};
    status = umm_onnx_add(onnx, node, &value, 1, &like, &value, err);
    if (!status)
        umm_onnx_output(onnx, 0, value, x);
    return status;
}

static enum umm_status op_relu(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_RELU);
    return unary(onnx, &node, err);
}

static enum umm_status op_sigmoid(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_SIGMOID);
    return unary(onnx, &node, err);
}

static enum umm_status op_tanh(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_TANH);
    return unary(onnx, &node, err);
}

static enum umm_status op_leaky_relu(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_LEAKY_RELU);
    node.alpha = umm_onnx_number(&onnx->node, "alpha", 0.01F);
    return unary(onnx, &node, err);
}

static enum umm_status op_neg(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    const float minus = -1;
    int32_t value;
    enum umm_status status = umm_onnx_floats(onnx, x, false, &value, err);
    if (!status)
        status = umm_onnx_with_numbers(onnx, UMM_OP_MUL, value, &minus, 1, false, &value, err);
    if (!status)
        umm_onnx_output(onnx, 0, value, x);
    return status;
}

/* A bound: since version 11 of the operators an input, before an attribute. */
static enum umm_status bound(struct umm_onnx *onnx, uint32_t i, const char *name, float *value,
                             struct umm_error *err)
{
    *value = umm_onnx_number(&onnx->node, name, *value);
    return umm_onnx_input(onnx, i)->kind == UMM_ONNX_ABSENT
               ? UMM_OK
               : umm_onnx_scalar(onnx, umm_onnx_input(onnx, i), name, value, err);
}

static enum umm_status op_clip(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CLIP);
    node.limits = (struct umm_graph_limits){-FLT_MAX, FLT_MAX};
    enum umm_status status = bound(onnx, 1, "min", &node.limits.low, err);
    if (!status)
        status = bound(onnx, 2, "max", &node.limits.high, err);
    if (!status && !(node.limits.low <= node.limits.high))
        status = umm_onnx_refuse(onnx, err, "limits from %g to %g", (double)node.limits.low,
                                 (double)node.limits.high);
    return status ? status : unary(onnx, &node, err);
}

/* ---- functions of a row ------------------------------------------------------------- */

/* Before version 13 of the operators, all dimensions from the axis on were one. */
static enum umm_status op_softmax(struct umm_onnx *onnx, struct umm_error *err)
{
    enum { LAST_AXIS = 13 };
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_SOFTMAX);
    int64_t axis = umm_onnx_integer(&onnx->node, "axis", onnx->opset >= LAST_AXIS ? -1 : 1);
    axis += axis < 0 ? x->n_dims : 0;
    const bool is_row = axis == 1 && (x->n_dims == 2 || onnx->opset < LAST_AXIS);
    if (x->kind == UMM_ONNX_VALUE && !is_row)
        return umm_onnx_refuse(onnx, err, "over axis %" PRId64 " of %" PRIu32, axis, x->n_dims);
    return unary(onnx, &node, err);
}

/* a * x + b of each number, as ONNX Runtime computes it from the four lists. */
static enum umm_status op_batch_norm(struct umm_onnx *onnx, struct umm_error *err)
{
    enum { SCALE = 1, BIAS, MEAN, VARIANCE, TRAINS_BEFORE = 7 };
    const float epsilon = umm_onnx_number(&onnx->node, "epsilon", 1e-5F);
    const struct umm_onnx_constant *lists[VARIANCE + 1];
    float *a = NULL, *b = NULL;
    int32_t x;
    if (umm_onnx_integer(&onnx->node, "training_mode", 0) ||
        (onnx->opset < TRAINS_BEFORE && !umm_onnx_integer(&onnx->node, "is_test", 0)) ||
        !umm_onnx_integer(&onnx->node, "spatial", 1))
        return umm_onnx_refuse(onnx, err, "its training_mode or spatial");
    enum umm_status status = umm_onnx_row(onnx, umm_onnx_input(onnx, 0), false, &x, err);
    const uint32_t n = status ? 0 : umm_onnx_width(onnx, x);
    for (uint32_t i = SCALE; !status && i <= VARIANCE; i++) {
        const struct umm_onnx_operand *list = umm_onnx_input(onnx, i);
        if (list->kind != UMM_ONNX_CONSTANT || list->constant->n != n ||
            !umm_onnx_is_float(list->constant->type))
            return umm_onnx_refuse(onnx, err, "its parameters are not %" PRIu32 " constant floats",
                                   n);
        lists[i] = list->constant;
        status = umm_onnx_raw(onnx, list->constant, err);
    }
    if (!status)
        status = umm_onnx_alloc(onnx, n, sizeof *a, &a, err);
    if (!status)
        status = umm_onnx_alloc(onnx, n, sizeof *b, &b, err);
    for (uint32_t i = 0; !status && i < n; i++) {
        a[i] =
            umm_onnx_f32_at(lists[SCALE], i) / sqrtf(umm_onnx_f32_at(lists[VARIANCE], i) + epsilon);
        b[i] = umm_onnx_f32_at(lists[BIAS], i) - umm_onnx_f32_at(lists[MEAN], i) * a[i];
    }
    if (!status)
        status = umm_onnx_with_numbers(onnx, UMM_OP_MUL, x, a, n, false, &x, err);
    if (!status)
        status = umm_onnx_with_numbers(onnx, UMM_OP_ADD, x, b, n, false, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, umm_onnx_input(onnx, 0)->type);
    return status;
}

/* ---- nothing but another name ------------------------------------------------------- */

static enum umm_status op_identity(struct umm_onnx *onnx, struct umm_error *err)
{
    (void)err;
    if (onnx->node.n_outputs) {
        const struct umm_protobuf_bytes name = onnx->node.outputs[0].name;
        onnx->node.outputs[0] = *umm_onnx_input(onnx, 0);
        onnx->node.outputs[0].name = name;
    }
    return UMM_OK;
}

/* Dropout does something in training only, which a model of version 7 and later has to ask for. */
static enum umm_status op_dropout(struct umm_onnx *onnx, struct umm_error *err)
{
    enum { TRAINS_BEFORE = 7 };
    const struct umm_onnx_operand *training = umm_onnx_input(onnx, 2);
    float is_training = 0;
    enum umm_status status =
        training->kind == UMM_ONNX_ABSENT
            ? UMM_OK
            : umm_onnx_scalar(onnx, training, "training_mode", &is_training, err);
    if (status)
        return status;
    if (is_training != 0 ||
        (onnx->opset < TRAINS_BEFORE && !umm_onnx_integer(&onnx->node, "is_test", 0)))
        return umm_onnx_refuse(onnx, err, "it is in training");
    return op_identity(onnx, err);
}

/* A constant of n numbers of an attribute; n_dims is 0 for one number alone. */
static enum umm_status constant_of(struct umm_onnx *onnx, int32_t type, uint32_t n_dims, uint32_t n,
                                   const void *numbers, struct umm_error *err)
{
    const struct umm_onnx_constant shape = {.n_dims = n_dims, .dims = {n}, .n = n};
    struct umm_onnx_constant *made = NULL;
    uint8_t *raw = NULL;
    enum umm_status status = umm_onnx_new_constant(onnx, type, &shape, &made, &raw, err);
    if (status)
        return status;
    memcpy(raw, numbers, n * umm_onnx_type_bytes(type));
    umm_onnx_output_constant(onnx, 0, made);
    return UMM_OK;
}

static enum umm_status constant_tensor(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                       struct umm_error *err)
{
    struct umm_onnx_constant *made = NULL;
    struct umm_protobuf_bytes name;
    enum umm_status status = umm_onnx_alloc(onnx, 1, sizeof *made, &made, err);
    if (!status)
        status = umm_onnx_parse_tensor(message, made, &name, err);
    if (!status)
        umm_onnx_output_constant(onnx, 0, made);
    return status;
}

static enum umm_status op_constant(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_attribute *value = umm_onnx_attribute(&onnx->node, "value");
    const struct umm_onnx_attribute *number = umm_onnx_attribute(&onnx->node, "value_float");
    const struct umm_onnx_attribute *integer = umm_onnx_attribute(&onnx->node, "value_int");
    int64_t *integers = NULL;
    float *numbers = NULL;
    uint32_t n = 0;
    if (value)
        return constant_tensor(onnx, value->tensor, err);
    if (number)
        return constant_of(onnx, UMM_ONNX_FLOAT, 0, 1, &number->number, err);
    if (integer)
        return constant_of(onnx, UMM_ONNX_INT64, 0, 1, &integer->integer, err);
    enum umm_status status = umm_onnx_numbers(onnx, "value_floats", &numbers, &n, err);
    if (!status && numbers)
        return constant_of(onnx, UMM_ONNX_FLOAT, 1, n, numbers, err);
    if (!status)
        status = umm_onnx_integers(onnx, "value_ints", &integers, &n, err);
    if (!status && integers)
        return constant_of(onnx, UMM_ONNX_INT64, 1, n, integers, err);
    return status ? status : umm_onnx_refuse(onnx, err, "it has no numbers");
}

/* ---- the table ---------------------------------------------------------------------- */

enum domain { OWN, ML, MICROSOFT };

static const struct {
    const char *name;
    enum domain domain;
    umm_onnx_operator *build;
} table[] = {
    {"Add", OWN, umm_onnx_op_add},
    {"BatchNormalization", OWN, op_batch_norm},
    {"Cast", OWN, umm_onnx_op_cast},
    {"CastLike", OWN, umm_onnx_op_cast_like},
    {"Clip", OWN, op_clip},
    {"Concat", OWN, umm_onnx_op_concat},
    {"Constant", OWN, op_constant},
    {"DequantizeLinear", OWN, umm_onnx_op_dequantize},
    {"Div", OWN, umm_onnx_op_div},
    {"Dropout", OWN, op_dropout},
    {"DynamicQuantizeLinear", OWN, umm_onnx_op_row_quantize},
    {"Flatten", OWN, umm_onnx_op_flatten},
    {"Gather", OWN, umm_onnx_op_gather},
    {"Gemm", OWN, umm_onnx_op_gemm},
    {"Identity", OWN, op_identity},
    {"LeakyRelu", OWN, op_leaky_relu},
    {"MatMul", OWN, umm_onnx_op_matmul},
    {"MatMulInteger", OWN, umm_onnx_op_matmul_integer},
    {"Mul", OWN, umm_onnx_op_mul},
    {"Neg", OWN, op_neg},
    {"QLinearMatMul", OWN, umm_onnx_op_qlinear_matmul},
    {"QuantizeLinear", OWN, umm_onnx_op_quantize},
    {"Relu", OWN, op_relu},
    {"Reshape", OWN, umm_onnx_op_reshape},
    {"Sigmoid", OWN, op_sigmoid},
    {"Slice", OWN, umm_onnx_op_slice},
    {"Softmax", OWN, op_softmax},
    {"Squeeze", OWN, umm_onnx_op_squeeze},
    {"Sub", OWN, umm_onnx_op_sub},
    {"Tanh", OWN, op_tanh},
    {"Transpose", OWN, umm_onnx_op_transpose},
    {"Unsqueeze", OWN, umm_onnx_op_unsqueeze},
    {"ArrayFeatureExtractor", ML, umm_onnx_op_feature_extractor},
    {"FeatureVectorizer", ML, umm_onnx_op_feature_vectorizer},
    {"LinearClassifier", ML, umm_onnx_op_linear_classifier},
    {"LinearRegressor", ML, umm_onnx_op_linear_regressor},
    {"Normalizer", ML, umm_onnx_op_normalizer},
    {"Scaler", ML, umm_onnx_op_scaler},
    {"TreeEnsembleClassifier", ML, umm_onnx_op_tree_classifier},
    {"TreeEnsembleRegressor", ML, umm_onnx_op_tree_regressor},
    {"ZipMap", ML, umm_onnx_op_zipmap},
    {"DynamicQuantizeMatMul", MICROSOFT, umm_onnx_op_row_matmul},
    {"QGemm", MICROSOFT, umm_onnx_op_qgemm},
};

static bool is_domain(struct umm_protobuf_bytes domain, enum domain wanted)
{
    switch (wanted) {
    case OWN: return domain.len == 0 || umm_protobuf_is_text(domain, "ai.onnx");
    case ML: return umm_protobuf_is_text(domain, "ai.onnx.ml");
    case MICROSOFT: return umm_protobuf_is_text(domain, "com.microsoft");
    }
    return false;
}

umm_onnx_operator *umm_onnx_find_operator(struct umm_onnx *onnx)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (umm_protobuf_is_text(onnx->node.op_type, table[i].name) &&
            is_domain(onnx->node.domain, table[i].domain)) {
            onnx->node.op_name = table[i].name;
            return table[i].build;
        }
    return NULL;
}
