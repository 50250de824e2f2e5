/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "modelfile/tflite_fixed.h"
#include "modelfile/tflite_out.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A graph that becomes lists; tensor_of: for each value, its tensor. */
struct writer {
    const struct umm_graph *graph;
    struct umm_tflite_out out;
    int32_t *tensor_of;
    struct umm_error *err;
};

/* The versions of operators, as TensorFlow Lite's op_version.cc has them. */
enum {
    VERSION_FIRST = 1,
    VERSION_INT8 = 2, /* of activations except RELU_N1_TO_1, CONCATENATION, DEQUANTIZE */
    VERSION_DENSE_HYBRID = 3,
    VERSION_DENSE_INT8 = 4,
    VERSION_DENSE_ASYMMETRIC = 9,
    /*
     * Readers of int8 weights with a scale for each output have it. Converters leave it at 4,
     * and TensorFlow Lite 2.9 then takes the first scale for all: 12 it refuses.
     */
    VERSION_DENSE_PER_CHANNEL = 12
};

enum { DENSE_INPUTS = 3, TENSORS_OF_NODE = 2 };

static enum umm_status refuse(struct writer *to, const struct umm_graph_node *node, const char *why)
{
    char name[UMM_EXCERPT_MAX];
    umm_escape(name, sizeof name, node->name, strlen(node->name));
    return umm_error_set(to->err, UMM_ERR_UNSUPPORTED,
                         "node %" PRIu32 " (%s%s%s): a TensorFlow Lite file cannot have it: %s",
                         node->place, umm_graph_op_name(node->op), name[0] ? " " : "", name, why);
}

static const struct umm_graph_value *input_of(const struct writer *to,
                                              const struct umm_graph_node *node)
{
    return &to->graph->values[node->inputs[0]];
}

static const struct umm_graph_value *output_of(const struct writer *to,
                                               const struct umm_graph_node *node)
{
    return &to->graph->values[node->output];
}

static enum umm_status take(struct writer *to, size_t n, size_t each_bytes, void **memory)
{
    *memory = umm_arena_alloc_array(&to->out.arena, n, each_bytes);
    return *memory ? UMM_OK : umm_error_set_memory(to->err, n * each_bytes, "a model file");
}

/* ---- tensors ---------------------------------------------------------------- */

static enum umm_status type_of(struct writer *to, enum umm_graph_type type,
                               enum umm_tflite_type *out)
{
    switch (type) {
    case UMM_GRAPH_F32: *out = UMM_TFL_FLOAT32; return UMM_OK;
    case UMM_GRAPH_I8: *out = UMM_TFL_INT8; return UMM_OK;
    case UMM_GRAPH_U8: *out = UMM_TFL_UINT8; return UMM_OK;
    case UMM_GRAPH_I32: *out = UMM_TFL_INT32; return UMM_OK;
    case UMM_GRAPH_F64:
    case UMM_GRAPH_I64:
    case UMM_GRAPH_BOOL: break;
    }
    return umm_error_set(to->err, UMM_ERR_UNSUPPORTED,
                         "numbers of %s are not written into TensorFlow Lite files",
                         umm_graph_type_name(type));
}

/* The tensor of a value: its number in *index. */
static enum umm_status use_value(struct writer *to, int32_t value, int32_t *index)
{
    const struct umm_graph_value *from = &to->graph->values[value];
    *index = to->tensor_of[value];
    if (*index >= 0)
        return UMM_OK;
    struct umm_tflite_out_tensor tensor = {
        .name = from->name, .is_value = true, .n_dims = 2, .dims = {1, (int32_t)from->width}};
    enum umm_status status = type_of(to, from->type, &tensor.type);
    if (from->type == UMM_GRAPH_I8 || from->type == UMM_GRAPH_U8) {
        tensor.n_scales = 1;
        tensor.scales = &from->scale;
        tensor.zero_point = from->zero_point;
    }
    *index = to->tensor_of[value] = (int32_t)to->out.n_tensors;
    to->out.tensors[to->out.n_tensors++] = tensor;
    return status;
}

/* A constant: a matrix, or a vector if it has one row and is no weights. */
static enum umm_status use_constant(struct writer *to, const struct umm_tensor *from,
                                    bool is_matrix, int32_t *index)
{
    struct umm_tflite_out_tensor tensor = {.n_dims = is_matrix ? 2 : 1,
                                           .data = from->data,
                                           .n_data = (uint64_t)from->n_rows * from->n_columns,
                                           .each_bytes = umm_graph_type_bytes(from->type),
                                           .n_scales = from->n_scales,
                                           .scales = from->scales};
    enum umm_status status = type_of(to, from->type, &tensor.type);
    tensor.dims[0] = (int32_t)(is_matrix ? from->n_rows : tensor.n_data);
    tensor.dims[1] = (int32_t)from->n_columns;
    *index = (int32_t)to->out.n_tensors;
    to->out.tensors[to->out.n_tensors++] = tensor;
    return status;
}

/* The biases of an int8 layer, at the product of scales; zeros if it has none. */
static enum umm_status use_bias(struct writer *to, const struct umm_graph_node *node,
                                int32_t *index)
{
    const struct umm_tensor *weights = node->weights, *bias = node->bias;
    const struct umm_graph_value *x = input_of(to, node);
    const struct umm_tensor zeros = {.type =
                                         x->type == UMM_GRAPH_I8 ? UMM_GRAPH_I32 : UMM_GRAPH_F32,
                                     .n_rows = 1,
                                     .n_columns = weights->n_rows};
    enum umm_status status = use_constant(to, bias ? bias : &zeros, false, index);
    struct umm_tflite_out_tensor *tensor = &to->out.tensors[*index];
    if (status || x->type != UMM_GRAPH_I8)
        return status;
    void *scales;
    status = take(to, weights->n_scales, sizeof(float), &scales);
    for (uint32_t i = 0; !status && i < weights->n_scales; i++) {
        float scale = ((float *)scales)[i] = x->scale * weights->scales[i];
        if (!isfinite(scale) || !(scale > 0))
            status = refuse(to, node, "the product of its scales is no float");
    }
    tensor->scales = scales;
    tensor->n_scales = weights->n_scales;
    return status;
}

/* ---- dense layers ------------------------------------------------------------ */

/* Whether a limit is the activation's, or neither of both is ever reached. */
static bool is_alike(float limit, float wanted, float reached, int side)
{
    float sign = (float)side;
    return limit == wanted || (limit * sign >= reached * sign && wanted * sign >= reached * sign);
}

/* The activation that limits are; of int8, those beyond what a number can be are none. */
static enum umm_status find_activation(struct writer *to, const struct umm_graph_node *node,
                                       enum umm_tflite_activation *activation)
{
    static const struct {
        enum umm_tflite_activation activation;
        float low, high;
    } kinds[] = {{UMM_TFL_ACTIVATION_NONE, -INFINITY, INFINITY},
                 {UMM_TFL_ACTIVATION_RELU, 0, INFINITY},
                 {UMM_TFL_ACTIVATION_RELU6, 0, 6},
                 {UMM_TFL_ACTIVATION_RELU_N1_TO_1, -1, 1}};
    enum { N = sizeof kinds / sizeof *kinds };
    const struct umm_graph_value *y = output_of(to, node);
    float least = -INFINITY, most = INFINITY;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < N; i++) {
            *activation = kinds[i].activation;
            if (is_alike(node->limits.low, kinds[i].low, least, -1) &&
                is_alike(node->limits.high, kinds[i].high, most, 1))
                return UMM_OK;
        }
        if (y->type == UMM_GRAPH_I8) {
            least = (float)(INT8_MIN - y->zero_point) * y->scale;
            most = (float)(INT8_MAX - y->zero_point) * y->scale;
        }
    }
    return refuse(to, node, "its limits are those of no fused activation");
}

static bool has_zero_points(const struct umm_tensor *tensor)
{
    for (uint32_t i = 0; tensor->zero_points && i < tensor->n_scales; i++)
        if (tensor->zero_points[i])
            return true;
    return false;
}

/* Which kind of layer it is, by its version. */
static enum umm_status find_dense_version(struct writer *to, const struct umm_graph_node *node,
                                          int32_t *version)
{
    enum umm_graph_type x = input_of(to, node)->type, y = output_of(to, node)->type;
    enum umm_graph_type weights = node->weights->type;
    bool is_per_channel = node->weights->n_scales > 1;
    if (weights == UMM_GRAPH_I8 && has_zero_points(node->weights))
        return refuse(to, node, "its weights have zero points");
    if (x == UMM_GRAPH_I8 && y == UMM_GRAPH_I8 && weights == UMM_GRAPH_I8)
        *version = is_per_channel ? VERSION_DENSE_PER_CHANNEL : VERSION_DENSE_INT8;
    else if (x == UMM_GRAPH_F32 && y == UMM_GRAPH_F32 && weights == UMM_GRAPH_F32)
        *version = VERSION_FIRST;
    else if (x == UMM_GRAPH_F32 && node->is_dynamic && !node->is_row_u8)
        *version = is_per_channel        ? VERSION_DENSE_PER_CHANNEL
                   : node->is_asymmetric ? VERSION_DENSE_ASYMMETRIC
                                         : VERSION_DENSE_HYBRID;
    else
        return refuse(to, node, "its layers are of float32, of int8, or of int8 weights alone");
    if (node->bias && (node->bias->type == UMM_GRAPH_I32) != (x == UMM_GRAPH_I8))
        return refuse(to, node, "its biases are of another type than its sums");
    return UMM_OK;
}

static enum umm_status write_dense(struct writer *to, const struct umm_graph_node *node,
                                   struct umm_tflite_out_op *op)
{
    op->code = UMM_TFL_FULLY_CONNECTED;
    op->options = UMM_TFL_OPTIONS_DENSE;
    op->is_asymmetric = node->is_dynamic && node->is_asymmetric;
    op->n_inputs = DENSE_INPUTS;
    enum umm_status status = find_dense_version(to, node, &op->version);
    if (!status)
        status = find_activation(to, node, &op->activation);
    if (!status)
        status = use_constant(to, node->weights, true, &op->inputs[1]);
    return status ? status : use_bias(to, node, &op->inputs[2]);
}

/* ---- what is between them ------------------------------------------------------ */

/* What an activation is called, and at what scale its int8 results must be (0: any). */
struct kind {
    enum umm_graph_op op;
    enum umm_tflite_code code;
    enum umm_tflite_options options;
    float scale;
    int32_t zero_point;
};

static const struct kind activations[] = {
    {UMM_OP_RELU, UMM_TFL_RELU, UMM_TFL_OPTIONS_NONE, 0, 0},
    {UMM_OP_CLIP, UMM_TFL_RELU6, UMM_TFL_OPTIONS_NONE, 0, 0},
    {UMM_OP_LEAKY_RELU, UMM_TFL_LEAKY_RELU, UMM_TFL_OPTIONS_LEAKY_RELU, 0, 0},
    {UMM_OP_SIGMOID, UMM_TFL_LOGISTIC, UMM_TFL_OPTIONS_NONE, 1.0F / 256, INT8_MIN},
    {UMM_OP_TANH, UMM_TFL_TANH, UMM_TFL_OPTIONS_NONE, 1.0F / 128, 0},
    {UMM_OP_SOFTMAX, UMM_TFL_SOFTMAX, UMM_TFL_OPTIONS_SOFTMAX, 1.0F / 256, INT8_MIN},
};

static const struct kind pairs[] = {
    {UMM_OP_ADD, UMM_TFL_ADD, UMM_TFL_OPTIONS_ADD, 0, 0},
    {UMM_OP_SUB, UMM_TFL_SUB, UMM_TFL_OPTIONS_SUB, 0, 0},
    {UMM_OP_MUL, UMM_TFL_MUL, UMM_TFL_OPTIONS_MUL, 0, 0},
    {UMM_OP_DIV, UMM_TFL_DIV, UMM_TFL_OPTIONS_DIV, 0, 0},
};

static const struct kind *find_kind(const struct kind *kinds, size_t n, enum umm_graph_op op)
{
    for (size_t i = 0; i < n; i++)
        if (kinds[i].op == op)
            return &kinds[i];
    return NULL;
}

/* Whether TensorFlow Lite's int8 function is the exact one at these scales. */
static bool is_exact_int8(const struct kind *kind, const struct umm_graph_value *x,
                          const struct umm_graph_value *y, float alpha)
{
    double ratio = (double)x->scale / (double)y->scale;
    if (x->type != UMM_GRAPH_I8 || y->type != UMM_GRAPH_I8)
        return false;
    if (kind->scale > 0)
        return y->scale == kind->scale && y->zero_point == kind->zero_point;
    if (kind->op == UMM_OP_LEAKY_RELU)
        return umm_tflite_is_exact(ratio, 0, UINT8_MAX) &&
               umm_tflite_is_exact(ratio * (double)alpha, -UINT8_MAX, 0);
    return umm_tflite_is_exact(ratio, -UINT8_MAX, UINT8_MAX);
}

static enum umm_status write_activation(struct writer *to, const struct umm_graph_node *node,
                                        struct umm_tflite_out_op *op)
{
    const struct umm_graph_value *x = input_of(to, node), *y = output_of(to, node);
    const struct kind *kind =
        find_kind(activations, sizeof activations / sizeof *activations, node->op);
    op->code = kind->code;
    op->options = kind->options;
    op->number = node->op == UMM_OP_LEAKY_RELU ? node->alpha : 1;
    if (node->op == UMM_OP_CLIP) {
        enum umm_tflite_activation limits;
        enum umm_status status = find_activation(to, node, &limits);
        if (status)
            return status;
        op->code = limits == UMM_TFL_ACTIVATION_RELU6  ? UMM_TFL_RELU6
                   : limits == UMM_TFL_ACTIVATION_RELU ? UMM_TFL_RELU
                                                       : UMM_TFL_RELU_N1_TO_1;
        if (limits == UMM_TFL_ACTIVATION_NONE)
            return refuse(to, node, "it limits nothing");
    }
    if (x->type == UMM_GRAPH_F32 && y->type == UMM_GRAPH_F32)
        return UMM_OK;
    op->version = op->code == UMM_TFL_RELU_N1_TO_1 ? VERSION_FIRST : VERSION_INT8;
    return is_exact_int8(kind, x, y, node->alpha)
               ? UMM_OK
               : refuse(to, node, "at these scales it would round in a way of its own");
}

static enum umm_status write_pair(struct writer *to, const struct umm_graph_node *node,
                                  struct umm_tflite_out_op *op)
{
    const struct kind *kind = find_kind(pairs, sizeof pairs / sizeof *pairs, node->op);
    op->code = kind->code;
    op->options = kind->options;
    if (output_of(to, node)->type != UMM_GRAPH_F32)
        return refuse(to, node, "its arithmetic is of float32");
    if (!node->constant)
        return UMM_OK;
    int32_t value = op->inputs[0];
    op->n_inputs = 2;
    op->inputs[node->is_constant_first ? 1 : 0] = value;
    return use_constant(to, node->constant, false, &op->inputs[node->is_constant_first ? 0 : 1]);
}

static enum umm_status write_conversion(struct writer *to, const struct umm_graph_node *node,
                                        struct umm_tflite_out_op *op)
{
    const struct umm_graph_value *x = input_of(to, node), *y = output_of(to, node);
    if (node->op == UMM_OP_DEQUANTIZE) {
        op->code = UMM_TFL_DEQUANTIZE;
        op->options = UMM_TFL_OPTIONS_DEQUANTIZE;
        op->version = x->type == UMM_GRAPH_I8 ? VERSION_INT8 : VERSION_FIRST;
        return UMM_OK;
    }
    op->code = UMM_TFL_QUANTIZE;
    op->options = UMM_TFL_OPTIONS_QUANTIZE;
    double ratio = (double)x->scale / (double)y->scale;
    if (x->type != UMM_GRAPH_F32 && !umm_tflite_is_exact(ratio, -UINT8_MAX, UINT8_MAX))
        return refuse(to, node, "at these scales it would round in a way of its own");
    return UMM_OK;
}

static enum umm_status write_concat(struct writer *to, const struct umm_graph_node *node,
                                    struct umm_tflite_out_op *op)
{
    op->code = UMM_TFL_CONCATENATION;
    op->options = UMM_TFL_OPTIONS_CONCATENATION;
    op->axis = 1;
    op->version = output_of(to, node)->type == UMM_GRAPH_I8 ? VERSION_INT8 : VERSION_FIRST;
    return UMM_OK;
}

/* ---- the graph ------------------------------------------------------------------ */

static enum umm_status write_op(struct writer *to, const struct umm_graph_node *node,
                                struct umm_tflite_out_op *op)
{
    switch (node->op) {
    case UMM_OP_DENSE: return write_dense(to, node, op);
    case UMM_OP_ADD:
    case UMM_OP_SUB:
    case UMM_OP_MUL:
    case UMM_OP_DIV: return write_pair(to, node, op);
    case UMM_OP_RELU:
    case UMM_OP_LEAKY_RELU:
    case UMM_OP_CLIP:
    case UMM_OP_SIGMOID:
    case UMM_OP_TANH:
    case UMM_OP_SOFTMAX: return write_activation(to, node, op);
    case UMM_OP_CONCAT: return write_concat(to, node, op);
    case UMM_OP_QUANTIZE:
    case UMM_OP_DEQUANTIZE: return write_conversion(to, node, op);
    case UMM_OP_SOFTMAX_ZERO:
    case UMM_OP_PROBIT:
    case UMM_OP_LOGISTIC_PAIR:
    case UMM_OP_SLICE:
    case UMM_OP_CAST:
    case UMM_OP_NORMALIZE:
    case UMM_OP_TREES:
    case UMM_OP_COUNT: break;
    }
    return refuse(to, node, "there is no operator for it");
}

static enum umm_status write_node(struct writer *to, const struct umm_graph_node *node)
{
    struct umm_tflite_out_op op = {.version = VERSION_FIRST, .n_inputs = node->n_inputs};
    void *inputs;
    enum umm_status status =
        take(to, node->n_inputs + (size_t)DENSE_INPUTS, sizeof(int32_t), &inputs);
    op.inputs = inputs;
    for (uint32_t i = 0; !status && i < node->n_inputs; i++)
        status = use_value(to, node->inputs[i], &op.inputs[i]);
    if (!status)
        status = write_op(to, node, &op);
    if (!status)
        status = use_value(to, node->output, &op.output);
    if (!status)
        to->out.ops[to->out.n_ops++] = op;
    return status;
}

/* The values of a list as tensors. */
static enum umm_status write_ends(struct writer *to, const int32_t *values, uint32_t n,
                                  int32_t **list, uint32_t *n_list)
{
    void *memory;
    enum umm_status status = take(to, n, sizeof(int32_t), &memory);
    *list = memory;
    for (uint32_t i = 0; !status && i < n; i++)
        status = use_value(to, values[i], &(*list)[i]);
    *n_list = n;
    return status;
}

static enum umm_status prepare(struct writer *to)
{
    const struct umm_graph *graph = to->graph;
    void *tensors, *ops, *numbers;
    size_t n_tensors = graph->n_values + (size_t)TENSORS_OF_NODE * graph->n_nodes;
    enum umm_status status = take(to, n_tensors, sizeof *to->out.tensors, &tensors);
    if (!status)
        status = take(to, graph->n_nodes, sizeof *to->out.ops, &ops);
    if (!status)
        status = take(to, graph->n_values, sizeof *to->tensor_of, &numbers);
    if (status)
        return status;
    to->out.tensors = tensors;
    to->out.ops = ops;
    to->tensor_of = numbers;
    for (uint32_t i = 0; i < graph->n_values; i++)
        to->tensor_of[i] = UMM_GRAPH_NONE;
    return UMM_OK;
}

enum umm_status umm_tflite_write(const struct umm_graph *graph, void **data, size_t *len_bytes,
                                 struct umm_error *err)
{
    struct writer to = {.graph = graph, .err = err};
    *data = NULL;
    *len_bytes = 0;
    umm_arena_open(&to.out.arena, NULL);
    enum umm_status status = prepare(&to);
    if (!status)
        status = write_ends(&to, graph->inputs, graph->n_inputs, &to.out.inputs, &to.out.n_inputs);
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        status = write_node(&to, &graph->nodes[i]);
    if (!status)
        status =
            write_ends(&to, graph->outputs, graph->n_outputs, &to.out.outputs, &to.out.n_outputs);
    if (!status)
        status = umm_tflite_emit(&to.out, data, len_bytes, err);
    umm_arena_close(&to.out.arena);
    return status;
}
