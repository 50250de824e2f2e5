/* SPDX-License-Identifier: MIT */
/*
 * tflite.h - what a TensorFlow Lite file is made of, and what parts of its reader share.
 *
 * Source: schema.fbs of LiteRT, whose names these are; its version 3c. A field's number is its
 * place in its table, a union takes two.
 */
#ifndef UMM_MODELFILE_TFLITE_H
#define UMM_MODELFILE_TFLITE_H

#include "graph/graph.h"
#include "modelfile/flatbuffer.h"
#include "modelfile/modelfile.h"

#define UMM_TFLITE_IDENTIFIER "TFL3"
enum { UMM_TFLITE_VERSION = 3 };

enum umm_tflite_model_field {
    UMM_TFL_MODEL_VERSION = 0,
    UMM_TFL_MODEL_OPERATOR_CODES = 1,
    UMM_TFL_MODEL_SUBGRAPHS = 2,
    UMM_TFL_MODEL_DESCRIPTION = 3,
    UMM_TFL_MODEL_BUFFERS = 4,
    UMM_TFL_MODEL_SIGNATURE_DEFS = 7
};

enum umm_tflite_code_field {
    UMM_TFL_CODE_DEPRECATED = 0,
    UMM_TFL_CODE_CUSTOM = 1,
    UMM_TFL_CODE_VERSION = 2,
    UMM_TFL_CODE_BUILTIN = 3
};

enum umm_tflite_subgraph_field {
    UMM_TFL_SUBGRAPH_TENSORS = 0,
    UMM_TFL_SUBGRAPH_INPUTS = 1,
    UMM_TFL_SUBGRAPH_OUTPUTS = 2,
    UMM_TFL_SUBGRAPH_OPERATORS = 3
};

enum umm_tflite_tensor_field {
    UMM_TFL_TENSOR_SHAPE = 0,
    UMM_TFL_TENSOR_TYPE = 1,
    UMM_TFL_TENSOR_BUFFER = 2,
    UMM_TFL_TENSOR_NAME = 3,
    UMM_TFL_TENSOR_QUANTIZATION = 4,
    UMM_TFL_TENSOR_IS_VARIABLE = 5,
    UMM_TFL_TENSOR_SPARSITY = 6,
    UMM_TFL_TENSOR_SHAPE_SIGNATURE = 7,
    UMM_TFL_TENSOR_EXTERNAL_BUFFER = 10
};

enum umm_tflite_quantization_field {
    UMM_TFL_QUANTIZATION_SCALE = 2,
    UMM_TFL_QUANTIZATION_ZERO_POINT = 3,
    UMM_TFL_QUANTIZATION_DETAILS_TYPE = 4,
    UMM_TFL_QUANTIZATION_DIMENSION = 6
};

enum umm_tflite_operator_field {
    UMM_TFL_OPERATOR_CODE = 0,
    UMM_TFL_OPERATOR_INPUTS = 1,
    UMM_TFL_OPERATOR_OUTPUTS = 2,
    UMM_TFL_OPERATOR_OPTIONS_TYPE = 3,
    UMM_TFL_OPERATOR_OPTIONS = 4
};

enum umm_tflite_buffer_field {
    UMM_TFL_BUFFER_DATA = 0,
    UMM_TFL_BUFFER_OFFSET = 1,
    UMM_TFL_BUFFER_SIZE = 2
};

enum umm_tflite_signature_field {
    UMM_TFL_SIGNATURE_INPUTS = 0,
    UMM_TFL_SIGNATURE_OUTPUTS = 1,
    UMM_TFL_SIGNATURE_SUBGRAPH = 4,
    UMM_TFL_MAP_NAME = 0,
    UMM_TFL_MAP_TENSOR = 1
};

enum umm_tflite_options_field {
    UMM_TFL_DENSE_ACTIVATION = 0,
    UMM_TFL_DENSE_WEIGHTS_FORMAT = 1,
    UMM_TFL_DENSE_ASYMMETRIC = 3,
    UMM_TFL_DENSE_BIAS_TYPE = 4,
    UMM_TFL_PAIR_ACTIVATION = 0, /* ADD, SUB, MUL, DIV */
    UMM_TFL_SOFTMAX_BETA = 0,
    UMM_TFL_CONCAT_AXIS = 0,
    UMM_TFL_CONCAT_ACTIVATION = 1,
    UMM_TFL_RESHAPE_SHAPE = 0,
    UMM_TFL_LEAKY_ALPHA = 0
};

enum umm_tflite_type {
    UMM_TFL_FLOAT32 = 0,
    UMM_TFL_FLOAT16 = 1,
    UMM_TFL_INT32 = 2,
    UMM_TFL_UINT8 = 3,
    UMM_TFL_INT8 = 9
};

enum umm_tflite_activation {
    UMM_TFL_ACTIVATION_NONE = 0,
    UMM_TFL_ACTIVATION_RELU = 1,
    UMM_TFL_ACTIVATION_RELU_N1_TO_1 = 2,
    UMM_TFL_ACTIVATION_RELU6 = 3
};

/* BuiltinOperator, where the reader or the writer knows it. */
enum umm_tflite_code {
    UMM_TFL_ADD = 0,
    UMM_TFL_CONCATENATION = 2,
    UMM_TFL_DEQUANTIZE = 6,
    UMM_TFL_FULLY_CONNECTED = 9,
    UMM_TFL_LOGISTIC = 14,
    UMM_TFL_MUL = 18,
    UMM_TFL_RELU = 19,
    UMM_TFL_RELU_N1_TO_1 = 20,
    UMM_TFL_RELU6 = 21,
    UMM_TFL_RESHAPE = 22,
    UMM_TFL_SOFTMAX = 25,
    UMM_TFL_TANH = 28,
    UMM_TFL_CUSTOM = 32,
    UMM_TFL_SUB = 41,
    UMM_TFL_DIV = 42,
    UMM_TFL_LEAKY_RELU = 98,
    UMM_TFL_QUANTIZE = 114,
    UMM_TFL_PLACEHOLDER = 127 /* in the old field of codes: the new field has it */
};

/* BuiltinOptions: which table an operator's options are. */
enum umm_tflite_options {
    UMM_TFL_OPTIONS_NONE = 0,
    UMM_TFL_OPTIONS_DENSE = 8,
    UMM_TFL_OPTIONS_SOFTMAX = 9,
    UMM_TFL_OPTIONS_CONCATENATION = 10,
    UMM_TFL_OPTIONS_ADD = 11,
    UMM_TFL_OPTIONS_RESHAPE = 17,
    UMM_TFL_OPTIONS_MUL = 21,
    UMM_TFL_OPTIONS_SUB = 28,
    UMM_TFL_OPTIONS_DIV = 29,
    UMM_TFL_OPTIONS_DEQUANTIZE = 38,
    UMM_TFL_OPTIONS_LEAKY_RELU = 75,
    UMM_TFL_OPTIONS_QUANTIZE = 89
};

/* "FULLY_CONNECTED"; NULL for a code that has no name here. */
const char *umm_tflite_code_name(uint32_t code);
const char *umm_tflite_type_name(unsigned type);

/* ---- what is read ------------------------------------------------------- */

enum { UMM_TFLITE_DIMS_MAX = 8, UMM_TFLITE_NAME_MAX = 1024 };

/*
 * What is known of a tensor by its number: the graph's value that it is, the tensor that it is the
 * floats of if it is a constant, and where its name in a signature is, 0 for none.
 */
struct umm_tflite_known {
    int32_t value, floats_of;
    uint32_t name_at;
};

/*
 * A file that is read. budget_bytes is how much more of constants, names and lists may come out
 * of it: tensors may share the file's bytes, and so make much of little.
 */
struct umm_tflite {
    struct umm_flat flat;
    struct umm_graph *graph;
    struct umm_flat_vector codes, buffers, tensors, operators, inputs, outputs;
    struct umm_tflite_known *known; /* of n tensors */
    uint64_t budget_bytes;
    uint32_t n_batch; /* rows that the file's shapes are of */
};

/*
 * A tensor as the file describes it. Of one that is no constant, dims[0] is the rows and the rest
 * the shape of one, whose product is width (a lone dimension is that of a row, unless the file
 * says that it is the rows).
 */
struct umm_tflite_tensor {
    uint32_t index;
    unsigned type;
    uint32_t n_dims, dims[UMM_TFLITE_DIMS_MAX];
    uint64_t n_elements;
    uint32_t n_batch, width, row_dims_from; /* the row's shape: dims from there */
    struct umm_flat_vector name, data, scales, zero_points;
    uint32_t quantized_dimension;
};

/* The damage of the bytes as an error, if there is any. */
enum umm_status umm_tflite_check(const struct umm_tflite *file, struct umm_error *err);

/* Take n bytes of the budget. */
enum umm_status umm_tflite_spend(struct umm_tflite *file, uint64_t n, struct umm_error *err);

/* Tensor number index, from an operator's list; UMM_ERR_DATA if there is none. */
enum umm_status umm_tflite_tensor(struct umm_tflite *file, int64_t index,
                                  struct umm_tflite_tensor *tensor, struct umm_error *err);

/* Whether the tensor has numbers in the file, as they are or as floats of others. */
bool umm_tflite_is_constant(const struct umm_tflite *file, const struct umm_tflite_tensor *tensor);

/*
 * Its numbers as a matrix of n_rows and n_columns, which must be how many it has: FLOAT32 (or
 * what DEQUANTIZE makes floats of), INT8 with its scales, or INT32 with room for n_scales scales.
 */
enum umm_status umm_tflite_constant(struct umm_tflite *file, const struct umm_tflite_tensor *tensor,
                                    uint32_t n_rows, uint32_t n_columns, uint32_t n_scales,
                                    struct umm_tensor **constant, struct umm_error *err);

/* A copy of the tensor's name, cut, or of what a signature calls it. */
enum umm_status umm_tflite_name(struct umm_tflite *file, const struct umm_tflite_tensor *tensor,
                                const char **name, struct umm_error *err);

/* Add a value of what the tensor says, of that width, and know it. */
enum umm_status umm_tflite_add_value(struct umm_tflite *file,
                                     const struct umm_tflite_tensor *tensor, int32_t *added,
                                     struct umm_error *err);

/* Whether both have rows of one shape, ones before it left out. */
bool umm_tflite_same_row(const struct umm_tflite_tensor *a, const struct umm_tflite_tensor *b);

/*
 * Refuse the first operator that is of no kind that is read: before anything is, as types and
 * shapes that only such operators have are no better reason.
 */
enum umm_status umm_tflite_check_operators(struct umm_tflite *file, struct umm_error *err);

/* Read operator number place into nodes of the graph. */
enum umm_status umm_tflite_read_operator(struct umm_tflite *file, uint32_t place,
                                         struct umm_error *err);

#endif
