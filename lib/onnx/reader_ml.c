/* SPDX-License-Identifier: MIT */
/* Operators of ai.onnx.ml that are neither linear nor trees, and what follows scores. */
#include "onnx/reader.h"

#include <inttypes.h>

/* ---- scores ------------------------------------------------------------------------- */

enum umm_status umm_onnx_post_transform(struct umm_onnx *onnx, enum umm_onnx_post *post,
                                        struct umm_error *err)
{
    static const struct {
        const char *name;
        enum umm_onnx_post post;
    } known[] = {{"NONE", UMM_ONNX_NONE},
                 {"LOGISTIC", UMM_ONNX_LOGISTIC},
                 {"SOFTMAX", UMM_ONNX_SOFTMAX},
                 {"SOFTMAX_ZERO", UMM_ONNX_SOFTMAX_ZERO}};
    const struct umm_onnx_attribute *attribute = umm_onnx_attribute(&onnx->node, "post_transform");
    *post = UMM_ONNX_NONE;
    if (!attribute)
        return UMM_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (umm_protobuf_is_text(attribute->text, known[i].name)) {
            *post = known[i].post;
            return UMM_OK;
        }
    /* Of PROBIT, the formula that is in use has three digits. */
    return umm_onnx_refuse(onnx, err, "its post_transform");
}

enum umm_status umm_onnx_transform(struct umm_onnx *onnx, enum umm_onnx_post post, int32_t scores,
                                   int32_t *value, struct umm_error *err)
{
    *value = scores;
    switch (post) {
    case UMM_ONNX_NONE: break;
    case UMM_ONNX_LOGISTIC: return umm_onnx_apply(onnx, UMM_OP_SIGMOID, scores, value, err);
    case UMM_ONNX_SOFTMAX: return umm_onnx_apply(onnx, UMM_OP_SOFTMAX, scores, value, err);
    case UMM_ONNX_SOFTMAX_ZERO:
        return umm_onnx_apply(onnx, UMM_OP_SOFTMAX_ZERO, scores, value, err);
    }
    return UMM_OK;
}

enum umm_status umm_onnx_complement(struct umm_onnx *onnx, int32_t score, int32_t *value,
                                    struct umm_error *err)
{
    const float one = 1;
    int32_t inputs[2] = {0, score};
    const struct umm_graph_value like = {.type = UMM_GRAPH_F32, .width = 2};
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CONCAT);
    enum umm_status status =
        umm_onnx_with_numbers(onnx, UMM_OP_SUB, score, &one, 1, true, &inputs[0], err);
    return status ? status : umm_onnx_add(onnx, &node, inputs, 2, &like, value, err);
}

enum umm_status umm_onnx_n_labels(struct umm_onnx *onnx, uint32_t *n, struct umm_error *err)
{
    struct umm_protobuf_bytes *texts = NULL;
    int64_t *integers = NULL;
    enum umm_status status = umm_onnx_texts(onnx, "classlabels_strings", &texts, n, err);
    if (!status && *n == 0)
        status = umm_onnx_integers(onnx, "classlabels_ints", &integers, n, err);
    if (!status && *n == 0)
        status = umm_onnx_integers(onnx, "classlabels_int64s", &integers, n, err);
    return status;
}

/* ---- operators ---------------------------------------------------------------------- */

/* (x - offset) * scale, each for the row or for its numbers; of doubles in doubles, then floats. */
enum umm_status umm_onnx_op_scaler(struct umm_onnx *onnx, struct umm_error *err)
{
    static const struct {
        const char *name;
        enum umm_graph_op op;
    } steps[] = {{"offset", UMM_OP_SUB}, {"scale", UMM_OP_MUL}};
    int32_t x;
    enum umm_status status = umm_onnx_real_row(onnx, umm_onnx_input(onnx, 0), true, &x, err);
    for (size_t i = 0; !status && i < sizeof steps / sizeof *steps; i++) {
        float *numbers = NULL;
        uint32_t n = 0;
        status = umm_onnx_numbers(onnx, steps[i].name, &numbers, &n, err);
        if (!status && n != 1 && n != umm_onnx_width(onnx, x))
            status = umm_onnx_wrong(onnx, err, "%s of %" PRIu32 " numbers for %" PRIu32,
                                    steps[i].name, n, umm_onnx_width(onnx, x));
        if (!status)
            status = umm_onnx_with_numbers(onnx, steps[i].op, x, numbers, n, false, &x, err);
    }
    if (!status && umm_onnx_is_f64(onnx, x))
        status = umm_onnx_apply(onnx, UMM_OP_CAST, x, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, UMM_ONNX_FLOAT);
    return status;
}

enum umm_status umm_onnx_op_normalizer(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_attribute *norm = umm_onnx_attribute(&onnx->node, "norm");
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_NORMALIZE);
    int32_t x;
    node.norm = UMM_NORM_MAX;
    if (norm && umm_protobuf_is_text(norm->text, "L1"))
        node.norm = UMM_NORM_L1;
    else if (norm && umm_protobuf_is_text(norm->text, "L2"))
        node.norm = UMM_NORM_L2;
    else if (norm && !umm_protobuf_is_text(norm->text, "MAX"))
        return umm_onnx_refuse(onnx, err, "an unknown norm");
    enum umm_status status = umm_onnx_row(onnx, umm_onnx_input(onnx, 0), true, &x, err);
    if (!status)
        status = umm_onnx_add_f32(onnx, &node, x, umm_onnx_width(onnx, x), &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, UMM_ONNX_FLOAT);
    return status;
}

/* A map of labels to probabilities is the probabilities, in their order. */
enum umm_status umm_onnx_op_zipmap(struct umm_onnx *onnx, struct umm_error *err)
{
    int32_t x;
    enum umm_status status = umm_onnx_row(onnx, umm_onnx_input(onnx, 0), false, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, UMM_ONNX_FLOAT);
    return status;
}
