/* SPDX-License-Identifier: MIT */
/* FULLY_CONNECTED in its kinds. */
#include "base/error.h"
#include "modelfile/tflite_op.h"

#include <math.h>

static enum umm_status check_dense(struct umm_tflop *of, const struct umm_tflite_tensor *weights,
                                   struct umm_error *err)
{
    struct umm_flat *flat = &of->file->flat;
    if (!umm_tflite_is_constant(of->file, weights))
        return umm_tflop_refuse(of, "its weights are computed", err);
    if (weights->n_dims != 2)
        return umm_tflop_refuse(of, "its weights are no matrix", err);
    if (weights->dims[1] != of->x.width)
        return umm_tflop_refuse(of, "its weights are not of a whole row", err);
    if (of->y.width != weights->dims[0])
        return umm_error_set(err, UMM_ERR_DATA,
                             "node %u, FULLY_CONNECTED: it gives %u numbers, its result has %u",
                             of->place, weights->dims[0], of->y.width);
    if (umm_flat_bits(flat, of->options, UMM_TFL_DENSE_WEIGHTS_FORMAT, 1, 0))
        return umm_tflop_refuse(of, "its weights are shuffled", err);
    uint64_t sum = umm_flat_bits(flat, of->options, UMM_TFL_DENSE_BIAS_TYPE, 1, 0);
    if (sum != UMM_TFL_FLOAT32 && sum != UMM_TFL_INT32)
        return umm_tflop_refuse(of, "its sums are of another type than float32 and int32", err);
    if (umm_tflop_is_quantized(&of->x) &&
        (of->x.type != UMM_TFL_INT8 || of->y.type != UMM_TFL_INT8))
        return umm_tflop_refuse(of, "of quantised layers, those of int8 are read", err);
    if (!umm_tflop_is_quantized(&of->x) && of->y.type != of->x.type)
        return umm_tflop_refuse(of, "it reads and gives numbers of two types", err);
    return UMM_OK;
}

/* An int8 layer's biases are at the product of the scales of x and weights, as TFLite checks. */
static enum umm_status scale_bias(const struct umm_tflop *of, const struct umm_tensor *weights,
                                  const struct umm_tflite_tensor *declared, struct umm_tensor *bias,
                                  struct umm_error *err)
{
    const struct umm_flat *flat = &of->file->flat;
    const struct umm_graph_value *x = &of->file->graph->values[of->file->known[of->x.index].value];
    double y_scale = of->y.scales.n ? (double)umm_flat_f32_at(flat, of->y.scales, 0) : 0;
    for (uint32_t i = 0; i < bias->n_scales; i++) {
        bias->scales[i] = x->scale * weights->scales[i];
        double given = (double)bias->scales[i];
        if (declared->scales.n)
            given = (double)umm_flat_f32_at(flat, declared->scales,
                                            declared->scales.n == bias->n_scales ? i : 0);
        if (!(fabs(given - (double)bias->scales[i]) <= 0.02 * y_scale))
            return umm_error_set(
                err, UMM_ERR_DATA,
                "node %u, FULLY_CONNECTED: its biases have another scale (%g) than "
                "what they are added to (%g)",
                of->place, given, (double)bias->scales[i]);
    }
    return UMM_OK;
}

static enum umm_status read_bias(struct umm_tflop *of, const struct umm_tensor *weights,
                                 struct umm_graph_node *node, struct umm_error *err)
{
    struct umm_tflite_tensor tensor;
    struct umm_tensor *bias = NULL;
    if (of->inputs.n < 3 || umm_flat_i32_at(&of->file->flat, of->inputs, 2) < 0)
        return UMM_OK;
    enum umm_status status = umm_tflop_input(of, 2, &tensor, err);
    if (status)
        return status;
    if (!umm_tflite_is_constant(of->file, &tensor))
        return umm_tflop_refuse(of, "its biases are computed", err);
    if (tensor.type == UMM_TFL_INT8 && umm_tflop_is_quantized(&of->x))
        return umm_tflop_refuse(of, "its biases are int8", err);
    status = umm_tflite_constant(of->file, &tensor, 1, of->y.width, weights->n_scales, &bias, err);
    if (status)
        return status;
    node->bias = bias;
    if (umm_tflop_is_quantized(&of->x) != (bias->type == UMM_GRAPH_I32))
        return umm_tflop_refuse(of, "its biases are of another type than its sums", err);
    return umm_tflop_is_quantized(&of->x) ? scale_bias(of, weights, &tensor, bias, err) : UMM_OK;
}

enum umm_status umm_tflop_read_dense(struct umm_tflop *of, struct umm_error *err)
{
    struct umm_tflite_tensor tensor;
    struct umm_tensor *weights = NULL;
    int32_t x;
    struct umm_graph_node node = {.op = UMM_OP_DENSE, .n_inputs = 1, .inputs = &x};
    enum umm_status status = umm_tflop_input(of, 1, &tensor, err);
    if (!status)
        status = umm_tflop_value(of, &of->x, &x, err);
    if (!status)
        status = check_dense(of, &tensor, err);
    if (!status)
        status = umm_tflop_limits(of, UMM_TFL_DENSE_ACTIVATION, &node.limits, err);
    if (!status)
        status = umm_tflite_constant(of->file, &tensor, tensor.dims[0], tensor.dims[1], 0, &weights,
                                     err);
    if (status)
        return status;
    node.weights = weights;
    bool is_i8 = weights->type == UMM_GRAPH_I8;
    if (umm_tflop_is_quantized(&of->x) ? !is_i8 : !is_i8 && weights->type != UMM_GRAPH_F32)
        return umm_tflop_refuse(of, "its weights are of another type than what it reads", err);
    node.is_dynamic = is_i8 && !umm_tflop_is_quantized(&of->x);
    node.is_asymmetric = node.is_dynamic && umm_flat_bits(&of->file->flat, of->options,
                                                          UMM_TFL_DENSE_ASYMMETRIC, 1, 0) != 0;
    status = read_bias(of, weights, &node, err);
    if (!status)
        status = umm_tflite_add_value(of->file, &of->y, &node.output, err);
    return status ? status : umm_tflop_add(of, &node, err);
}
