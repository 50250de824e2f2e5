/* SPDX-License-Identifier: MIT */
/* Functions of one number or one row, and what is between floats and int8. */
#include "base/error.h"
#include "modelfile/tflite_fixed.h"
#include "modelfile/tflite_op.h"

#include <math.h>

/* The one scale of a quantised tensor, NaN if it has none; for ratios only, the value checks it. */
static double scale_of(const struct umm_tflop *of, const struct umm_tflite_tensor *tensor)
{
    return tensor->scales.n == 1 ? (double)umm_flat_f32_at(&of->file->flat, tensor->scales, 0)
                                 : (double)NAN;
}

static int64_t zero_point_of(const struct umm_tflop *of, const struct umm_tflite_tensor *tensor)
{
    return tensor->zero_points.n ? umm_flat_i64_at(&of->file->flat, tensor->zero_points, 0) : 0;
}

/*
 * Int8 functions are tables of exact results. Those of LOGISTIC, TANH and SOFTMAX are
 * TensorFlow Lite's own, at the scale that it demands; the others it computes in integers.
 */
static enum umm_status check_int8(const struct umm_tflop *of, float alpha, struct umm_error *err)
{
    if (of->x.type != UMM_TFL_INT8)
        return umm_tflop_refuse(of, "of quantised activations, those of int8 are read", err);
    double ratio = scale_of(of, &of->x) / scale_of(of, &of->y);
    bool is_exact;
    if (of->kind->scale > 0)
        is_exact = scale_of(of, &of->y) == (double)of->kind->scale &&
                   zero_point_of(of, &of->y) == of->kind->zero_point;
    else if (of->kind->op == UMM_OP_LEAKY_RELU)
        is_exact = umm_tflite_is_exact(ratio, 0, UINT8_MAX) &&
                   umm_tflite_is_exact(ratio * (double)alpha, -UINT8_MAX, 0);
    else
        is_exact = umm_tflite_is_exact(ratio, -UINT8_MAX, UINT8_MAX);
    return is_exact ? UMM_OK
                    : umm_tflop_refuse(
                          of, "its scales make TensorFlow Lite round in a way of its own", err);
}

enum umm_status umm_tflop_read_activation(struct umm_tflop *of, struct umm_error *err)
{
    struct umm_graph_node node = {.op = of->kind->op,
                                  .limits = {.low = of->kind->low, .high = of->kind->high}};
    if (node.op == UMM_OP_LEAKY_RELU)
        node.alpha = umm_flat_f32(&of->file->flat, of->options, UMM_TFL_LEAKY_ALPHA, 0);
    if (umm_tflop_is_quantized(&of->x) || umm_tflop_is_quantized(&of->y)) {
        enum umm_status status = check_int8(of, node.alpha, err);
        if (status)
            return status;
    }
    return umm_tflop_add_unary(of, &node, err);
}

enum umm_status umm_tflop_read_softmax(struct umm_tflop *of, struct umm_error *err)
{
    if (umm_flat_f32(&of->file->flat, of->options, UMM_TFL_SOFTMAX_BETA, 0) != 1.0F)
        return umm_tflop_refuse(of, "its beta is not 1", err);
    if (of->x.n_dims == 0 || of->x.dims[of->x.n_dims - 1] != of->x.width)
        return umm_tflop_refuse(of, "it is not of a whole row", err);
    return umm_tflop_read_activation(of, err);
}

enum umm_status umm_tflop_read_quantize(struct umm_tflop *of, struct umm_error *err)
{
    struct umm_graph_node node = {.op = UMM_OP_QUANTIZE,
                                  .is_by_reciprocal = of->x.type == UMM_TFL_FLOAT32};
    if (umm_tflop_is_quantized(&of->x) &&
        !umm_tflite_is_exact(scale_of(of, &of->x) / scale_of(of, &of->y), -UINT8_MAX, UINT8_MAX))
        return umm_tflop_refuse(of, "its scales make TensorFlow Lite round in a way of its own",
                                err);
    return umm_tflop_add_unary(of, &node, err);
}

/* Floats of constants are made when they are used. */
enum umm_status umm_tflop_read_dequantize(struct umm_tflop *of, struct umm_error *err)
{
    struct umm_graph_node node = {.op = UMM_OP_DEQUANTIZE};
    struct umm_tflite_known *known = &of->file->known[of->y.index];
    if (!of->x.data.n)
        return umm_tflop_add_unary(of, &node, err);
    if (known->value >= 0 || known->floats_of >= 0 || of->y.data.n)
        return umm_error_set(err, UMM_ERR_DATA,
                             "node %u, DEQUANTIZE: its result is computed more than once",
                             of->place);
    known->floats_of = (int32_t)of->x.index;
    return UMM_OK;
}
