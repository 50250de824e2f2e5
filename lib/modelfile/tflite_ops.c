/* SPDX-License-Identifier: MIT */
/* Which operator of a TensorFlow Lite file is read how. */
#include "base/error.h"
#include "modelfile/tflite_op.h"

#include <stdio.h>
#include <string.h>

static const struct umm_tflop_kind kinds[] = {
    {.code = UMM_TFL_FULLY_CONNECTED,
     .options = UMM_TFL_OPTIONS_DENSE,
     .n_least = 2,
     .n_most = 3,
     .op = UMM_OP_DENSE,
     .read = umm_tflop_read_dense},
    {.code = UMM_TFL_RELU,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_RELU,
     .read = umm_tflop_read_activation},
    {.code = UMM_TFL_RELU6,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_CLIP,
     .read = umm_tflop_read_activation,
     .low = 0,
     .high = 6},
    {.code = UMM_TFL_RELU_N1_TO_1,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_CLIP,
     .read = umm_tflop_read_activation,
     .low = -1,
     .high = 1},
    {.code = UMM_TFL_LEAKY_RELU,
     .options = UMM_TFL_OPTIONS_LEAKY_RELU,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_LEAKY_RELU,
     .read = umm_tflop_read_activation},
    {.code = UMM_TFL_LOGISTIC,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_SIGMOID,
     .read = umm_tflop_read_activation,
     .scale = 1.0F / 256,
     .zero_point = INT8_MIN},
    {.code = UMM_TFL_TANH,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_TANH,
     .read = umm_tflop_read_activation,
     .scale = 1.0F / 128},
    {.code = UMM_TFL_SOFTMAX,
     .options = UMM_TFL_OPTIONS_SOFTMAX,
     .n_least = 1,
     .n_most = 1,
     .op = UMM_OP_SOFTMAX,
     .read = umm_tflop_read_softmax,
     .scale = 1.0F / 256,
     .zero_point = INT8_MIN},
    {.code = UMM_TFL_QUANTIZE, .n_least = 1, .n_most = 1, .read = umm_tflop_read_quantize},
    {.code = UMM_TFL_DEQUANTIZE, .n_least = 1, .n_most = 1, .read = umm_tflop_read_dequantize},
    {.code = UMM_TFL_ADD,
     .options = UMM_TFL_OPTIONS_ADD,
     .n_least = 2,
     .n_most = 2,
     .op = UMM_OP_ADD,
     .read = umm_tflop_read_pair},
    {.code = UMM_TFL_SUB,
     .options = UMM_TFL_OPTIONS_SUB,
     .n_least = 2,
     .n_most = 2,
     .op = UMM_OP_SUB,
     .read = umm_tflop_read_pair},
    {.code = UMM_TFL_MUL,
     .options = UMM_TFL_OPTIONS_MUL,
     .n_least = 2,
     .n_most = 2,
     .op = UMM_OP_MUL,
     .read = umm_tflop_read_pair},
    {.code = UMM_TFL_DIV,
     .options = UMM_TFL_OPTIONS_DIV,
     .n_least = 2,
     .n_most = 2,
     .op = UMM_OP_DIV,
     .read = umm_tflop_read_pair},
    {.code = UMM_TFL_RESHAPE,
     .options = UMM_TFL_OPTIONS_RESHAPE,
     .n_least = 1,
     .n_most = 2,
     .read = umm_tflop_read_reshape},
    {.code = UMM_TFL_CONCATENATION,
     .options = UMM_TFL_OPTIONS_CONCATENATION,
     .n_least = 1,
     .n_most = UMM_GRAPH_INPUTS_MAX,
     .op = UMM_OP_CONCAT,
     .read = umm_tflop_read_concatenation},
};

/* The code of an operator: files from before 128 was reached have it in the old field. */
static uint32_t code_of(struct umm_flat *flat, struct umm_flat_table code)
{
    uint32_t old = (uint32_t)umm_flat_bits(flat, code, UMM_TFL_CODE_DEPRECATED, 1, 0);
    uint32_t new = (uint32_t)umm_flat_bits(flat, code, UMM_TFL_CODE_BUILTIN, sizeof(uint32_t), 0);
    return old > new ? old : new;
}

static const struct umm_tflop_kind *find_kind(uint32_t code)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((uint32_t)kinds[i].code == code)
            return &kinds[i];
    return NULL;
}

/* The name of its first output is the operator's. */
static enum umm_status read_output(struct umm_tflop *of, struct umm_flat_vector outputs,
                                   struct umm_error *err)
{
    const struct umm_flat *flat = &of->file->flat;
    enum umm_status status =
        umm_tflite_tensor(of->file, umm_flat_i32_at(flat, outputs, 0), &of->y, err);
    uint32_t len = of->y.name.n < UMM_TFLITE_NAME_MAX ? of->y.name.n : UMM_TFLITE_NAME_MAX;
    if (len)
        memcpy(of->name, flat->bytes + of->y.name.at, len);
    return status;
}

/* Refuse an operator that is not in the table, by its name, or by what it calls itself. */
static enum umm_status refuse_code(struct umm_tflop *of, struct umm_flat_table table,
                                   struct umm_flat_vector outputs, struct umm_error *err)
{
    struct umm_flat *flat = &of->file->flat;
    struct umm_flat_vector custom = umm_flat_vector(flat, table, UMM_TFL_CODE_CUSTOM, 1);
    char text[UMM_EXCERPT_MAX];
    uint32_t code = code_of(flat, table);
    const char *name = umm_tflite_code_name(code);
    if (outputs.n) /* whatever else is wrong with it, it is not read */
        (void)read_output(of, outputs, NULL);
    if (code == UMM_TFL_CUSTOM && custom.n)
        snprintf(text, sizeof text, "CUSTOM %.*s", custom.n < 40 ? (int)custom.n : 40,
                 (const char *)flat->bytes + custom.at);
    else
        snprintf(text, sizeof text, "operator %u", code);
    return umm_graph_refuse(err, of->place, of->name, name && code != UMM_TFL_CUSTOM ? name : text,
                            NULL);
}

/* Operator number place: its table, and its kind, which must be one that is read. */
static enum umm_status find_operator(struct umm_tflop *of, uint32_t place,
                                     struct umm_flat_table *table, struct umm_flat_vector *outputs,
                                     struct umm_error *err)
{
    struct umm_flat *flat = &of->file->flat;
    struct umm_flat_table code = {0};
    of->place = place;
    *table = umm_flat_table_at(flat, of->file->operators, place);
    *outputs = umm_flat_vector(flat, *table, UMM_TFL_OPERATOR_OUTPUTS, sizeof(int32_t));
    uint64_t number = umm_flat_bits(flat, *table, UMM_TFL_OPERATOR_CODE, sizeof(uint32_t), 0);
    if (number < of->file->codes.n)
        code = umm_flat_table_at(flat, of->file->codes, (uint32_t)number);
    enum umm_status status = umm_tflite_check(of->file, err);
    if (!status && !code.at)
        status = umm_error_set(err, UMM_ERR_DATA, "node %u has no operator code", place);
    if (status)
        return status;
    of->kind = find_kind(code_of(flat, code));
    if (!of->kind)
        return refuse_code(of, code, *outputs, err);
    if (outputs->n != 1)
        return umm_error_set(err, UMM_ERR_DATA, "node %u, %s: it has %u outputs", place,
                             umm_tflite_code_name(of->kind->code), outputs->n);
    return UMM_OK;
}

enum umm_status umm_tflite_check_operators(struct umm_tflite *file, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < file->operators.n; i++) {
        struct umm_tflop of = {.file = file};
        struct umm_flat_table table;
        struct umm_flat_vector outputs;
        status = find_operator(&of, i, &table, &outputs, err);
    }
    return status;
}

enum umm_status umm_tflite_read_operator(struct umm_tflite *file, uint32_t place,
                                         struct umm_error *err)
{
    struct umm_flat *flat = &file->flat;
    struct umm_tflop of = {.file = file};
    struct umm_flat_table table;
    struct umm_flat_vector outputs;
    enum umm_status status = find_operator(&of, place, &table, &outputs, err);
    if (!status)
        status = read_output(&of, outputs, err);
    if (status)
        return status;
    of.inputs = umm_flat_vector(flat, table, UMM_TFL_OPERATOR_INPUTS, sizeof(int32_t));
    if (umm_flat_bits(flat, table, UMM_TFL_OPERATOR_OPTIONS_TYPE, 1, 0) == of.kind->options)
        of.options = umm_flat_table(flat, table, UMM_TFL_OPERATOR_OPTIONS);
    status = umm_tflite_check(file, err);
    if (!status && (of.inputs.n < of.kind->n_least || of.inputs.n > of.kind->n_most))
        status = umm_error_set(err, UMM_ERR_DATA, "node %u, %s: it has %u inputs", place,
                               umm_tflite_code_name(of.kind->code), of.inputs.n);
    if (!status)
        status = umm_tflop_input(&of, 0, &of.x, err);
    if (!status)
        status = of.kind->read(&of, err);
    return status ? status : umm_tflite_check(file, err);
}
