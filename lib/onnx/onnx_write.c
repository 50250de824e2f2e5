/* SPDX-License-Identifier: MIT */
/*
 * A graph to an ONNX file. Quantised values are written in the form that ONNX Runtime fuses:
 *
 *     x -> QuantizeLinear -> DequantizeLinear -> Gemm -> Relu -> QuantizeLinear -> y
 *     int8 weights, with zero points -> DequantizeLinear ---^
 *     int32 biases ------------------> DequantizeLinear ----^
 *
 * with a DequantizeLinear of its own for each reader. Without the zero points of weights, or with
 * biases in float, it computes the layer in float.
 */
#include "onnx/onnx.h"

#include "base/bytes.h"
#include "base/error.h"
#include "onnx/writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13, OPSET_ML = 1 };

static enum umm_status refuse(const struct umm_onnx_writer *to, const struct umm_graph_node *node,
                              const char *why)
{
    return umm_error_set(to->err, UMM_ERR_UNSUPPORTED,
                         "node %" PRIu32 " (%s): an ONNX file of umm's cannot have it: %s",
                         node->place, umm_graph_op_name(node->op), why);
}

/* ---- values that are read and made -------------------------------------------------- */

static bool is_quantized(const struct umm_onnx_writer *to, int32_t value)
{
    const enum umm_graph_type type = to->graph->values[value].type;
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

static uint32_t index_of(const struct umm_onnx_writer *to, const struct umm_graph_node *node)
{
    return (uint32_t)(node - to->graph->nodes);
}

/* The name of input i as floats: dequantised for this node alone, if it is quantised. */
static enum umm_status read_floats(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                                   uint32_t i, struct umm_onnx_made *made, const char **name)
{
    struct umm_onnx_made own, scale, point;
    const int32_t value = node->inputs[i];
    *name = umm_onnx_value_name(to, value, made);
    if (!is_quantized(to, value))
        return UMM_OK;
    enum umm_status status = umm_onnx_put_scale(to, value, &scale, &point);
    if (status)
        return status;
    const char *quantized = umm_onnx_value_name(to, value, &own);
    *made = umm_onnx_make_name(to, "n%" PRIu32 "d%" PRIu32, index_of(to, node), i);
    umm_onnx_put_node(to, "DequantizeLinear", NULL, made->text, NULL, quantized, scale.text,
                      point.text);
    *name = made->text;
    return UMM_OK;
}

/* The name that the node's result in floats has to have: then write_floats makes the value of it.
 */
static const char *floats_name(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                               struct umm_onnx_made *made)
{
    if (!is_quantized(to, node->output))
        return umm_onnx_value_name(to, node->output, made);
    *made = umm_onnx_make_name(to, "n%" PRIu32 "r", index_of(to, node));
    return made->text;
}

static enum umm_status write_floats(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                                    const char *floats)
{
    struct umm_onnx_made made, scale, point;
    if (!is_quantized(to, node->output))
        return UMM_OK;
    enum umm_status status = umm_onnx_put_scale(to, node->output, &scale, &point);
    if (!status)
        umm_onnx_put_node(to, "QuantizeLinear", NULL, umm_onnx_value_name(to, node->output, &made),
                          NULL, floats, scale.text, point.text);
    return status;
}

/* ---- layers ------------------------------------------------------------------------- */

/* Weights or biases: the constant nK, or, of integers, what DequantizeLinear makes of it. */
static enum umm_status put_tensor(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                                  const struct umm_tensor *tensor, char letter, bool is_vector,
                                  struct umm_onnx_made *name)
{
    static const struct umm_onnx_parameter axis = {.name = "axis", .integer = 0};
    const uint32_t k = index_of(to, node);
    const uint64_t n = (uint64_t)tensor->n_rows * tensor->n_columns;
    const uint64_t dims[2] = {is_vector ? n : tensor->n_rows, tensor->n_columns};
    const bool has_points = tensor->type != UMM_GRAPH_I32;
    *name = umm_onnx_make_name(to, "n%" PRIu32 "%c", k, letter);
    umm_onnx_put_constant(to, name->text, umm_onnx_type_of(tensor->type), dims, is_vector ? 1 : 2,
                          tensor->data, n * umm_graph_type_bytes(tensor->type));
    if (tensor->n_scales == 0)
        return UMM_OK;
    const struct umm_onnx_made quantized = *name;
    const struct umm_onnx_made scale = umm_onnx_make_name(to, "n%" PRIu32 "%cs", k, letter);
    const struct umm_onnx_made point = umm_onnx_make_name(to, "n%" PRIu32 "%cz", k, letter);
    *name = umm_onnx_make_name(to, "n%" PRIu32 "%cf", k, letter);
    umm_onnx_put_floats(to, scale.text, tensor->scales, tensor->n_scales);
    enum umm_status status = has_points
                                 ? umm_onnx_put_zero_points(to, point.text, tensor->type,
                                                            tensor->zero_points, tensor->n_scales)
                                 : UMM_OK;
    umm_onnx_put_node(to, "DequantizeLinear", NULL, name->text, tensor->n_scales > 1 ? &axis : NULL,
                      quantized.text, scale.text, has_points ? point.text : NULL);
    return status;
}

/* One number, in the type of the node's result. */
static void put_bound(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                      const char *name, float bound)
{
    const double wide = (double)bound;
    if (to->graph->values[node->output].type == UMM_GRAPH_F64)
        umm_onnx_put_constant(to, name, umm_onnx_type_of(UMM_GRAPH_F64), NULL, 0, &wide,
                              sizeof wide);
    else
        umm_onnx_put_floats(to, name, &bound, 1);
}

/* Limits of a layer or a clip: from `floats` to `result`. */
static void put_limits(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                       const char *name, const char *floats, const char *result)
{
    const struct umm_onnx_made low = umm_onnx_make_name(to, "n%" PRIu32 "l", index_of(to, node));
    const struct umm_onnx_made high = umm_onnx_make_name(to, "n%" PRIu32 "h", index_of(to, node));
    const bool has_low = node->limits.low > -INFINITY, has_high = node->limits.high < INFINITY;
    if (node->limits.low == 0 && !has_high) {
        umm_onnx_put_node(to, "Relu", name, result, NULL, floats, NULL, NULL);
        return;
    }
    if (has_low)
        put_bound(to, node, low.text, node->limits.low);
    if (has_high)
        put_bound(to, node, high.text, node->limits.high);
    umm_onnx_put_node(to, "Clip", name, result, NULL, floats, has_low ? low.text : "",
                      has_high ? high.text : NULL);
}

static enum umm_status write_dense(struct umm_onnx_writer *to, const struct umm_graph_node *node)
{
    static const struct umm_onnx_parameter transposed = {.name = "transB", .integer = 1};
    struct umm_onnx_made x_made, y_made, weights, bias = {""};
    const char *x = NULL, *y = floats_name(to, node, &y_made);
    const bool is_limited = node->limits.low > -INFINITY || node->limits.high < INFINITY;
    const struct umm_onnx_made sums = umm_onnx_make_name(to, "n%" PRIu32 "g", index_of(to, node));
    if (node->is_dynamic)
        return refuse(to, node, "each row is quantised by its own range");
    enum umm_status status = read_floats(to, node, 0, &x_made, &x);
    if (!status)
        status = put_tensor(to, node, node->weights, 'w', false, &weights);
    if (!status && node->bias)
        status = put_tensor(to, node, node->bias, 'b', true, &bias);
    if (status)
        return status;
    umm_onnx_put_node(to, "Gemm", node->name, is_limited ? sums.text : y, &transposed, x,
                      weights.text, node->bias ? bias.text : NULL);
    if (is_limited)
        put_limits(to, node, NULL, sums.text, y);
    return write_floats(to, node, y);
}

/* ---- the other ops ------------------------------------------------------------------ */

/* An op of one or two operands, in floats, one of which may be a constant. */
static enum umm_status write_binary(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                                    const char *op)
{
    struct umm_onnx_made a_made, b_made, y_made;
    const char *a = NULL, *b = NULL, *y = floats_name(to, node, &y_made);
    enum umm_status status = read_floats(to, node, 0, &a_made, &a);
    if (!status && node->constant) {
        status = put_tensor(to, node, node->constant, 'c', true, &b_made);
        b = b_made.text;
    } else if (!status) {
        status = read_floats(to, node, 1, &b_made, &b);
    }
    if (status)
        return status;
    const bool is_swapped = node->constant && node->is_constant_first;
    umm_onnx_put_node(to, op, node->name, y, NULL, is_swapped ? b : a, is_swapped ? a : b, NULL);
    return write_floats(to, node, y);
}

static enum umm_status write_unary(struct umm_onnx_writer *to, const struct umm_graph_node *node,
                                   const char *op, const struct umm_onnx_parameter *attribute)
{
    struct umm_onnx_made x_made, y_made;
    const char *x = NULL, *y = floats_name(to, node, &y_made);
    enum umm_status status = read_floats(to, node, 0, &x_made, &x);
    if (status)
        return status;
    if (node->op == UMM_OP_CLIP)
        put_limits(to, node, node->name, x, y);
    else
        umm_onnx_put_node(to, op, node->name, y, attribute, x, NULL, NULL);
    return write_floats(to, node, y);
}

/* Requantised through floats, as ONNX has no other way. */
static enum umm_status write_conversion(struct umm_onnx_writer *to,
                                        const struct umm_graph_node *node)
{
    struct umm_onnx_made x_made, y_made, scale, point;
    const char *x = NULL, *y = umm_onnx_value_name(to, node->output, &y_made);
    const bool is_dequantize = node->op == UMM_OP_DEQUANTIZE;
    const int32_t value = is_dequantize ? node->inputs[0] : node->output;
    enum umm_status status = UMM_OK;
    if (is_dequantize)
        x = umm_onnx_value_name(to, node->inputs[0], &x_made);
    else
        status = read_floats(to, node, 0, &x_made, &x);
    if (!status)
        status = umm_onnx_put_scale(to, value, &scale, &point);
    if (!status)
        umm_onnx_put_node(to, is_dequantize ? "DequantizeLinear" : "QuantizeLinear", node->name, y,
                          NULL, x, scale.text, point.text);
    return status;
}

static enum umm_status write_cast(struct umm_onnx_writer *to, const struct umm_graph_node *node)
{
    struct umm_onnx_made x_made, y_made;
    const struct umm_onnx_parameter type = {
        .name = "to", .integer = umm_onnx_type_of(to->graph->values[node->output].type)};
    umm_onnx_put_node(to, "Cast", node->name, umm_onnx_value_name(to, node->output, &y_made), &type,
                      umm_onnx_value_name(to, node->inputs[0], &x_made), NULL, NULL);
    return UMM_OK;
}

static void put_integer(struct umm_onnx_writer *to, const char *name, int64_t value)
{
    const uint64_t dims[1] = {1};
    uint8_t bytes[8];
    umm_bytes_put(bytes, (uint64_t)value, sizeof bytes);
    umm_onnx_put_constant(to, name, umm_onnx_type_of(UMM_GRAPH_I64), dims, 1, bytes, sizeof bytes);
}

/* Slice has more inputs than put_node takes. */
static enum umm_status write_slice(struct umm_onnx_writer *to, const struct umm_graph_node *node)
{
    enum { NODE = 1 };
    struct umm_onnx_made x, y;
    const uint32_t k = index_of(to, node);
    const struct umm_onnx_made first = umm_onnx_make_name(to, "n%" PRIu32 "i", k);
    const struct umm_onnx_made end = umm_onnx_make_name(to, "n%" PRIu32 "e", k);
    const struct umm_onnx_made axis = umm_onnx_make_name(to, "n%" PRIu32 "a", k);
    put_integer(to, first.text, node->first);
    put_integer(to, end.text, (int64_t)node->first + to->graph->values[node->output].width);
    put_integer(to, axis.text, 1);
    struct umm_protobuf_out *out = &to->nodes;
    const size_t begin = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, umm_onnx_value_name(to, node->inputs[0], &x));
    umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, first.text);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, end.text);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, axis.text);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OUTPUT, umm_onnx_value_name(to, node->output, &y));
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OP_TYPE, "Slice");
    umm_protobuf_end(out, NODE, begin);
    return UMM_OK;
}

static enum umm_status write_concat(struct umm_onnx_writer *to, const struct umm_graph_node *node)
{
    enum { NODE = 1 };
    static const struct umm_onnx_parameter axis = {.name = "axis", .integer = 1};
    struct umm_onnx_made made;
    struct umm_protobuf_out *out = &to->nodes;
    const size_t begin = umm_protobuf_begin(out);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT,
                              umm_onnx_value_name(to, node->inputs[i], &made));
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OUTPUT, umm_onnx_value_name(to, node->output, &made));
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OP_TYPE, "Concat");
    umm_onnx_put_attribute(out, &axis);
    umm_protobuf_end(out, NODE, begin);
    return UMM_OK;
}

static enum umm_status write_normalize(struct umm_onnx_writer *to,
                                       const struct umm_graph_node *node)
{
    enum { NODE = 1, NAME = 1, S = 4, TYPE = 20, TYPE_STRING = 3 };
    static const char *const norms[] = {
        [UMM_NORM_MAX] = "MAX", [UMM_NORM_L1] = "L1", [UMM_NORM_L2] = "L2"};
    struct umm_onnx_made x, y;
    struct umm_protobuf_out *out = &to->nodes;
    const size_t begin = umm_protobuf_begin(out);
    to->uses_ml = true;
    umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, umm_onnx_value_name(to, node->inputs[0], &x));
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OUTPUT, umm_onnx_value_name(to, node->output, &y));
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OP_TYPE, "Normalizer");
    const size_t attribute = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, NAME, "norm");
    umm_protobuf_put_text(out, S, norms[node->norm]);
    umm_protobuf_put_varint(out, TYPE, TYPE_STRING);
    umm_protobuf_end(out, UMM_ONNX_NODE_ATTRIBUTE, attribute);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_DOMAIN, "ai.onnx.ml");
    umm_protobuf_end(out, NODE, begin);
    return UMM_OK;
}

static enum umm_status write_node(struct umm_onnx_writer *to, const struct umm_graph_node *node)
{
    static const struct umm_onnx_parameter last = {.name = "axis", .integer = 1};
    const struct umm_onnx_parameter alpha = {
        .name = "alpha", .is_float = true, .number = node->alpha};
    switch (node->op) {
    case UMM_OP_DENSE: return write_dense(to, node);
    case UMM_OP_ADD: return write_binary(to, node, "Add");
    case UMM_OP_SUB: return write_binary(to, node, "Sub");
    case UMM_OP_MUL: return write_binary(to, node, "Mul");
    case UMM_OP_DIV: return write_binary(to, node, "Div");
    case UMM_OP_RELU: return write_unary(to, node, "Relu", NULL);
    case UMM_OP_LEAKY_RELU: return write_unary(to, node, "LeakyRelu", &alpha);
    case UMM_OP_CLIP: return write_unary(to, node, "Clip", NULL);
    case UMM_OP_SIGMOID: return write_unary(to, node, "Sigmoid", NULL);
    case UMM_OP_TANH: return write_unary(to, node, "Tanh", NULL);
    case UMM_OP_SOFTMAX: return write_unary(to, node, "Softmax", &last);
    case UMM_OP_CONCAT: return write_concat(to, node);
    case UMM_OP_SLICE: return write_slice(to, node);
    case UMM_OP_CAST: return write_cast(to, node);
    case UMM_OP_QUANTIZE:
    case UMM_OP_DEQUANTIZE: return write_conversion(to, node);
    case UMM_OP_NORMALIZE: return write_normalize(to, node);
    case UMM_OP_SOFTMAX_ZERO:
    case UMM_OP_PROBIT:
    case UMM_OP_LOGISTIC_PAIR:
    case UMM_OP_TREES:
    case UMM_OP_COUNT: break;
    }
    return refuse(to, node, "only layers, arithmetic and activations are written");
}

/* ---- the model ---------------------------------------------------------------------- */

/* A ValueInfoProto: rows of the value, of which there are N. */
static void put_end(struct umm_onnx_writer *to, struct umm_protobuf_out *out, uint32_t number,
                    int32_t value)
{
    enum { NAME = 1, TYPE = 2, TENSOR = 1, ELEM_TYPE = 1, SHAPE = 2, DIM = 1, SIZE = 1, PARAM = 2 };
    struct umm_onnx_made made;
    const struct umm_graph_value *is = &to->graph->values[value];
    const size_t info = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, NAME, umm_onnx_value_name(to, value, &made));
    const size_t type = umm_protobuf_begin(out), tensor = type;
    umm_protobuf_put_varint(out, ELEM_TYPE, (uint64_t)umm_onnx_type_of(is->type));
    const size_t shape = umm_protobuf_begin(out);
    size_t dim = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, PARAM, "N");
    umm_protobuf_end(out, DIM, dim);
    dim = umm_protobuf_begin(out);
    umm_protobuf_put_varint(out, SIZE, is->width);
    umm_protobuf_end(out, DIM, dim);
    umm_protobuf_end(out, SHAPE, shape);
    umm_protobuf_end(out, TENSOR, tensor);
    umm_protobuf_end(out, TYPE, type);
    umm_protobuf_end(out, number, info);
}

static void append(struct umm_protobuf_out *out, const struct umm_protobuf_out *part)
{
    umm_protobuf_put_fields(out, part->bytes, part->len);
    out->is_failed = out->is_failed || part->is_failed;
}

static void put_opset(struct umm_protobuf_out *out, const char *domain, uint64_t version)
{
    enum { OPSET_IMPORT = 8, DOMAIN = 1, VERSION = 2 };
    const size_t begin = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, DOMAIN, domain);
    umm_protobuf_put_varint(out, VERSION, version);
    umm_protobuf_end(out, OPSET_IMPORT, begin);
}

static void put_model(struct umm_onnx_writer *to, struct umm_protobuf_out *out)
{
    enum { IR = 1, PRODUCER_NAME = 2, GRAPH = 7, NAME = 2, INPUT = 11, OUTPUT = 12 };
    umm_protobuf_put_varint(out, IR, IR_VERSION);
    umm_protobuf_put_text(out, PRODUCER_NAME, "umm");
    const size_t graph = umm_protobuf_begin(out);
    append(out, &to->nodes);
    umm_protobuf_put_text(out, NAME, "umm");
    append(out, &to->constants);
    for (uint32_t i = 0; i < to->graph->n_inputs; i++)
        put_end(to, out, INPUT, to->graph->inputs[i]);
    for (uint32_t i = 0; i < to->graph->n_outputs; i++)
        put_end(to, out, OUTPUT, to->graph->outputs[i]);
    umm_protobuf_end(out, GRAPH, graph);
    put_opset(out, "", OPSET);
    if (to->uses_ml)
        put_opset(out, "ai.onnx.ml", OPSET_ML);
}

enum umm_status umm_onnx_write(const struct umm_graph *graph, void **data, size_t *len_bytes,
                               struct umm_error *err)
{
    struct umm_protobuf_out out = {0};
    struct umm_onnx_writer to = {.graph = graph,
                                 .has_scale = calloc((size_t)graph->n_values + 1, sizeof(bool)),
                                 .is_end = calloc((size_t)graph->n_values + 1, sizeof(bool)),
                                 .err = err};
    enum umm_status status = UMM_OK;
    *data = NULL;
    *len_bytes = 0;
    if (!to.has_scale || !to.is_end)
        status = umm_error_set_memory(err, graph->n_values, "a model file");
    if (!status)
        status = umm_onnx_check_ends(&to);
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        status = write_node(&to, &graph->nodes[i]);
    if (!status)
        put_model(&to, &out);
    if (!status && out.is_failed)
        status = umm_error_set_memory(err, out.cap, "a model file");
    if (status)
        free(out.bytes);
    else {
        *data = out.bytes;
        *len_bytes = out.len;
    }
    free(to.nodes.bytes);
    free(to.constants.bytes);
    free(to.has_scale);
    free(to.is_end);
    return status;
}
