/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a TensorFlow Lite file, from front to back:
 *
 *     model | description | codes | subgraph: tensors, operators | buffers with the numbers
 */
#include "base/error.h"
#include "modelfile/tflite_out.h"

#include <stdlib.h>

enum { WAY = 4, DATA_ALIGN_BYTES = 16 };

/* An operator's code and version: the file lists each pair once. */
struct code {
    enum umm_tflite_code code;
    int32_t version;
};

struct emitter {
    struct umm_flat_builder builder;
    const struct umm_tflite_out *out;
    struct code *codes;
    uint32_t n_codes;
    uint32_t *code_of; /* for each operator */
};

static enum umm_status list_codes(struct emitter *to, struct umm_error *err)
{
    const struct umm_tflite_out *out = to->out;
    size_t n = out->n_ops ? out->n_ops : 1;
    to->codes = calloc(n, sizeof *to->codes);
    to->code_of = calloc(n, sizeof *to->code_of);
    if (!to->codes || !to->code_of)
        return umm_error_set_memory(err, n * sizeof *to->codes, "the operators of a model");
    for (uint32_t i = 0; i < out->n_ops; i++) {
        uint32_t j = 0;
        while (j < to->n_codes && (to->codes[j].code != out->ops[i].code ||
                                   to->codes[j].version != out->ops[i].version))
            j++;
        to->code_of[i] = j;
        if (j < to->n_codes)
            continue;
        to->codes[to->n_codes++] = (struct code){out->ops[i].code, out->ops[i].version};
    }
    return UMM_OK;
}

static void emit_codes(struct emitter *to, size_t slot)
{
    size_t ways = umm_flat_put_ways(&to->builder, slot, to->n_codes);
    for (uint32_t i = 0; i < to->n_codes; i++) {
        uint32_t code = (uint32_t)to->codes[i].code;
        uint32_t old = code < UMM_TFL_PLACEHOLDER ? code : UMM_TFL_PLACEHOLDER;
        struct umm_flat_field fields[] = {
            {UMM_TFL_CODE_DEPRECATED, 1, old, 0},
            {UMM_TFL_CODE_VERSION, 4, (uint32_t)to->codes[i].version, 0},
            {UMM_TFL_CODE_BUILTIN, 4, code, 0},
        };
        umm_flat_put_table(&to->builder, ways + i * WAY, fields, sizeof fields / sizeof *fields);
    }
}

/* ---- tensors ---------------------------------------------------------------- */

static void emit_quantization(struct emitter *to, size_t slot,
                              const struct umm_tflite_out_tensor *tensor)
{
    struct umm_flat_builder *builder = &to->builder;
    struct umm_flat_field fields[] = {
        {UMM_TFL_QUANTIZATION_SCALE, WAY, 0, 0},
        {UMM_TFL_QUANTIZATION_ZERO_POINT, WAY, 0, 0},
        {UMM_TFL_QUANTIZATION_DIMENSION, 4, 0, 0},
    };
    umm_flat_put_table(builder, slot, fields, sizeof fields / sizeof *fields);
    umm_flat_put_vector(builder, fields[0].slot, tensor->scales, tensor->n_scales, sizeof(float),
                        sizeof(float));
    bool is_one = tensor->n_scales == 1;
    umm_flat_put_vector(builder, fields[1].slot, is_one ? &tensor->zero_point : NULL,
                        tensor->n_scales, sizeof(int64_t), sizeof(int64_t));
}

static void emit_tensor(struct emitter *to, size_t slot, const struct umm_tflite_out_tensor *tensor,
                        uint32_t buffer)
{
    enum { SHAPE, TYPE, BUFFER, N_ALWAYS, N_MOST = N_ALWAYS + 3 };
    struct umm_flat_builder *builder = &to->builder;
    struct umm_flat_field fields[N_MOST] = {
        [SHAPE] = {UMM_TFL_TENSOR_SHAPE, WAY, 0, 0},
        [TYPE] = {UMM_TFL_TENSOR_TYPE, 1, (uint32_t)tensor->type, 0},
        [BUFFER] = {UMM_TFL_TENSOR_BUFFER, 4, buffer, 0},
    };
    size_t n = N_ALWAYS, name = 0, quantization = 0, signature = 0;
    if (tensor->name && tensor->name[0])
        fields[name = n++] = (struct umm_flat_field){UMM_TFL_TENSOR_NAME, WAY, 0, 0};
    if (tensor->n_scales)
        fields[quantization = n++] =
            (struct umm_flat_field){UMM_TFL_TENSOR_QUANTIZATION, WAY, 0, 0};
    if (tensor->is_value)
        fields[signature = n++] =
            (struct umm_flat_field){UMM_TFL_TENSOR_SHAPE_SIGNATURE, WAY, 0, 0};
    umm_flat_put_table(builder, slot, fields, n);
    umm_flat_put_vector(builder, fields[SHAPE].slot, tensor->dims, tensor->n_dims, 4, 4);
    if (name)
        umm_flat_put_text(builder, fields[name].slot, tensor->name);
    if (quantization)
        emit_quantization(to, fields[quantization].slot, tensor);
    int32_t open[] = {-1, tensor->dims[1]};
    if (signature)
        umm_flat_put_vector(builder, fields[signature].slot, open, 2, 4, 4);
}

/* Buffer 0 is that of all that has no numbers in the file; constants have those after it. */
static void emit_tensors(struct emitter *to, size_t slot)
{
    size_t ways = umm_flat_put_ways(&to->builder, slot, to->out->n_tensors);
    uint32_t n_buffers = 1;
    for (uint32_t i = 0; i < to->out->n_tensors; i++) {
        const struct umm_tflite_out_tensor *tensor = &to->out->tensors[i];
        emit_tensor(to, ways + (size_t)i * WAY, tensor, tensor->is_value ? 0 : n_buffers);
        n_buffers += !tensor->is_value;
    }
}

static void emit_buffers(struct emitter *to, size_t slot)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < to->out->n_tensors; i++)
        n += !to->out->tensors[i].is_value;
    size_t ways = umm_flat_put_ways(&to->builder, slot, n);
    umm_flat_put_table(&to->builder, ways, NULL, 0);
    for (uint32_t i = 0; i < to->out->n_tensors; i++) {
        const struct umm_tflite_out_tensor *tensor = &to->out->tensors[i];
        struct umm_flat_field field = {UMM_TFL_BUFFER_DATA, WAY, 0, 0};
        if (tensor->is_value)
            continue;
        umm_flat_put_table(&to->builder, ways += WAY, &field, 1);
        umm_flat_put_bytes(&to->builder, field.slot, tensor->data, tensor->n_data,
                           tensor->each_bytes, DATA_ALIGN_BYTES);
    }
}

/* ---- operators -------------------------------------------------------------- */

static void emit_options(struct emitter *to, size_t slot, const struct umm_tflite_out_op *op)
{
    struct umm_flat_field fields[2] = {{0, 1, (uint32_t)op->activation, 0}};
    size_t n = 1;
    switch (op->options) {
    case UMM_TFL_OPTIONS_DENSE:
        fields[n++] = (struct umm_flat_field){UMM_TFL_DENSE_ASYMMETRIC, 1, op->is_asymmetric, 0};
        break;
    case UMM_TFL_OPTIONS_SOFTMAX:
    case UMM_TFL_OPTIONS_LEAKY_RELU:
        fields[0].len_bytes = sizeof(float);
        fields[0].value = umm_flat_float_bits(op->number);
        break;
    case UMM_TFL_OPTIONS_CONCATENATION:
        fields[0] = (struct umm_flat_field){UMM_TFL_CONCAT_AXIS, 4, (uint32_t)op->axis, 0};
        break;
    case UMM_TFL_OPTIONS_ADD:
    case UMM_TFL_OPTIONS_MUL:
    case UMM_TFL_OPTIONS_SUB:
    case UMM_TFL_OPTIONS_DIV: break;
    case UMM_TFL_OPTIONS_NONE:
    case UMM_TFL_OPTIONS_RESHAPE:
    case UMM_TFL_OPTIONS_DEQUANTIZE:
    case UMM_TFL_OPTIONS_QUANTIZE: n = 0; break;
    }
    umm_flat_put_table(&to->builder, slot, fields, n);
}

static void emit_operator(struct emitter *to, size_t slot, uint32_t number)
{
    enum { CODE, INPUTS, OUTPUTS, N_ALWAYS, TYPE = N_ALWAYS, OPTIONS, N_MOST };
    const struct umm_tflite_out_op *op = &to->out->ops[number];
    struct umm_flat_field fields[N_MOST] = {
        [CODE] = {UMM_TFL_OPERATOR_CODE, 4, to->code_of[number], 0},
        [INPUTS] = {UMM_TFL_OPERATOR_INPUTS, WAY, 0, 0},
        [OUTPUTS] = {UMM_TFL_OPERATOR_OUTPUTS, WAY, 0, 0},
        [TYPE] = {UMM_TFL_OPERATOR_OPTIONS_TYPE, 1, (uint32_t)op->options, 0},
        [OPTIONS] = {UMM_TFL_OPERATOR_OPTIONS, WAY, 0, 0},
    };
    bool has_options = op->options != UMM_TFL_OPTIONS_NONE;
    umm_flat_put_table(&to->builder, slot, fields, has_options ? N_MOST : N_ALWAYS);
    umm_flat_put_vector(&to->builder, fields[INPUTS].slot, op->inputs, op->n_inputs, 4, 4);
    umm_flat_put_vector(&to->builder, fields[OUTPUTS].slot, &op->output, 1, 4, 4);
    if (has_options)
        emit_options(to, fields[OPTIONS].slot, op);
}

/* ---- the model -------------------------------------------------------------- */

static void emit_subgraph(struct emitter *to, size_t slot)
{
    enum { TENSORS, INPUTS, OUTPUTS, OPERATORS, N };
    const struct umm_tflite_out *out = to->out;
    struct umm_flat_field fields[N] = {
        [TENSORS] = {UMM_TFL_SUBGRAPH_TENSORS, WAY, 0, 0},
        [INPUTS] = {UMM_TFL_SUBGRAPH_INPUTS, WAY, 0, 0},
        [OUTPUTS] = {UMM_TFL_SUBGRAPH_OUTPUTS, WAY, 0, 0},
        [OPERATORS] = {UMM_TFL_SUBGRAPH_OPERATORS, WAY, 0, 0},
    };
    size_t graphs = umm_flat_put_ways(&to->builder, slot, 1);
    umm_flat_put_table(&to->builder, graphs, fields, N);
    emit_tensors(to, fields[TENSORS].slot);
    umm_flat_put_vector(&to->builder, fields[INPUTS].slot, out->inputs, out->n_inputs, 4, 4);
    umm_flat_put_vector(&to->builder, fields[OUTPUTS].slot, out->outputs, out->n_outputs, 4, 4);
    size_t ways = umm_flat_put_ways(&to->builder, fields[OPERATORS].slot, out->n_ops);
    for (uint32_t i = 0; i < out->n_ops; i++)
        emit_operator(to, ways + (size_t)i * WAY, i);
}

static void emit_model(struct emitter *to)
{
    enum { VERSION, CODES, SUBGRAPHS, DESCRIPTION, BUFFERS, N };
    struct umm_flat_field fields[N] = {
        [VERSION] = {UMM_TFL_MODEL_VERSION, 4, UMM_TFLITE_VERSION, 0},
        [CODES] = {UMM_TFL_MODEL_OPERATOR_CODES, WAY, 0, 0},
        [SUBGRAPHS] = {UMM_TFL_MODEL_SUBGRAPHS, WAY, 0, 0},
        [DESCRIPTION] = {UMM_TFL_MODEL_DESCRIPTION, WAY, 0, 0},
        [BUFFERS] = {UMM_TFL_MODEL_BUFFERS, WAY, 0, 0},
    };
    umm_flat_begin(&to->builder, UMM_TFLITE_IDENTIFIER);
    umm_flat_put_table(&to->builder, UMM_FLAT_ROOT_SLOT, fields, N);
    umm_flat_put_text(&to->builder, fields[DESCRIPTION].slot, "umm " UMM_VERSION);
    emit_codes(to, fields[CODES].slot);
    emit_subgraph(to, fields[SUBGRAPHS].slot);
    emit_buffers(to, fields[BUFFERS].slot);
}

enum umm_status umm_tflite_emit(const struct umm_tflite_out *out, void **data, size_t *len_bytes,
                                struct umm_error *err)
{
    struct emitter to = {.out = out};
    *data = NULL;
    *len_bytes = 0;
    enum umm_status status = list_codes(&to, err);
    if (!status) {
        emit_model(&to);
        status = umm_flat_finish(&to.builder, data, len_bytes, err);
    }
    free(to.codes);
    free(to.code_of);
    return status;
}
