/* SPDX-License-Identifier: MIT */
/* Tensors of a TensorFlow Lite file: what it says of them, and the numbers of constants. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/half.h"
#include "modelfile/tflite.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum umm_status umm_tflite_check(const struct umm_tflite *file, struct umm_error *err)
{
    if (!file->flat.damage)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_DATA, "damaged TensorFlow Lite file: %s (byte %zu)",
                         file->flat.damage, file->flat.damage_byte);
}

enum umm_status umm_tflite_spend(struct umm_tflite *file, uint64_t n, struct umm_error *err)
{
    if (n > file->budget_bytes)
        return umm_error_set(err, UMM_ERR_DATA,
                             "damaged TensorFlow Lite file: its parts share bytes, and would take "
                             "much more memory than the file has");
    file->budget_bytes -= n;
    return UMM_OK;
}

/* status with "tensor 3 (dense/BiasAdd): " and a message. */
UMM_PRINTF(5, 6)
static enum umm_status complain(const struct umm_tflite *file,
                                const struct umm_tflite_tensor *tensor, struct umm_error *err,
                                enum umm_status status, const char *fmt, ...)
{
    char text[192], name[UMM_EXCERPT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    umm_escape(name, sizeof name, (const char *)file->flat.bytes + tensor->name.at, tensor->name.n);
    return umm_error_set(err, status, "tensor %u (%s): %s", tensor->index, name, text);
}

/* ---- what a file says of a tensor --------------------------------------- */

/* The rows that the shape is of, and the row's part of it. Unknown rows count as one. */
static void split_shape(struct umm_tflite *file, struct umm_flat_table table,
                        struct umm_tflite_tensor *tensor)
{
    struct umm_flat_vector signature =
        umm_flat_vector(&file->flat, table, UMM_TFL_TENSOR_SHAPE_SIGNATURE, sizeof(int32_t));
    bool is_open = signature.n && umm_flat_i32_at(&file->flat, signature, 0) < 0;
    bool has_rows = tensor->n_dims > 1 || (tensor->n_dims == 1 && is_open);
    tensor->row_dims_from = has_rows ? 1 : 0;
    tensor->n_batch = has_rows ? tensor->dims[0] : 1;
}

static enum umm_status read_shape(struct umm_tflite *file, struct umm_flat_table table,
                                  struct umm_tflite_tensor *tensor, struct umm_error *err)
{
    struct umm_flat_vector shape =
        umm_flat_vector(&file->flat, table, UMM_TFL_TENSOR_SHAPE, sizeof(int32_t));
    if (shape.n > UMM_TFLITE_DIMS_MAX)
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "it has %u dimensions, at most %d "
                        "are read",
                        shape.n, UMM_TFLITE_DIMS_MAX);
    tensor->n_dims = shape.n;
    tensor->n_elements = 1;
    for (uint32_t i = 0; i < shape.n; i++) {
        int32_t dim = umm_flat_i32_at(&file->flat, shape, i);
        if (i == 0 && dim <= 0)
            dim = 1;
        if (dim <= 0)
            return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                            "dimension %u is not fixed: only the first, of rows, may be open", i);
        tensor->dims[i] = (uint32_t)dim;
        tensor->n_elements *= (uint32_t)dim;
        if (tensor->n_elements > UMM_GRAPH_ELEMENTS_MAX)
            return complain(file, tensor, err, UMM_ERR_DATA, "it has more than %d numbers",
                            UMM_GRAPH_ELEMENTS_MAX);
    }
    split_shape(file, table, tensor);
    tensor->width = (uint32_t)(tensor->n_elements / tensor->n_batch);
    return UMM_OK;
}

/* Open dimensions after the first would make widths of 1 that are none. */
static enum umm_status check_signature(struct umm_tflite *file, struct umm_flat_table table,
                                       const struct umm_tflite_tensor *tensor,
                                       struct umm_error *err)
{
    struct umm_flat_vector signature =
        umm_flat_vector(&file->flat, table, UMM_TFL_TENSOR_SHAPE_SIGNATURE, sizeof(int32_t));
    if (signature.n && signature.n != tensor->n_dims)
        return complain(file, tensor, err, UMM_ERR_DATA, "its shape and its signature differ");
    for (uint32_t i = 1; i < signature.n; i++)
        if (umm_flat_i32_at(&file->flat, signature, i) != (int32_t)tensor->dims[i])
            return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                            "dimension %u is not fixed: only the first, of rows, may be open", i);
    return UMM_OK;
}

static enum umm_status read_quantization(struct umm_tflite *file, struct umm_flat_table table,
                                         struct umm_tflite_tensor *tensor, struct umm_error *err)
{
    struct umm_flat *flat = &file->flat;
    struct umm_flat_table how = umm_flat_table(flat, table, UMM_TFL_TENSOR_QUANTIZATION);
    if (umm_flat_bits(flat, how, UMM_TFL_QUANTIZATION_DETAILS_TYPE, 1, 0))
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "it is quantised in a way of its own, not by scales");
    tensor->scales = umm_flat_vector(flat, how, UMM_TFL_QUANTIZATION_SCALE, sizeof(float));
    tensor->zero_points =
        umm_flat_vector(flat, how, UMM_TFL_QUANTIZATION_ZERO_POINT, sizeof(int64_t));
    tensor->quantized_dimension =
        (uint32_t)umm_flat_i32(flat, how, UMM_TFL_QUANTIZATION_DIMENSION, 0);
    if (tensor->zero_points.n > 1 && tensor->zero_points.n != tensor->scales.n)
        return complain(file, tensor, err, UMM_ERR_DATA, "it has %u scales, but %u zero points",
                        tensor->scales.n, tensor->zero_points.n);
    return UMM_OK;
}

/* Where the numbers of a constant are. */
static enum umm_status find_data(struct umm_tflite *file, struct umm_flat_table table,
                                 struct umm_tflite_tensor *tensor, struct umm_error *err)
{
    struct umm_flat *flat = &file->flat;
    uint64_t number = umm_flat_bits(flat, table, UMM_TFL_TENSOR_BUFFER, sizeof(uint32_t), 0);
    if (number && number >= file->buffers.n)
        return complain(file, tensor, err, UMM_ERR_DATA, "there is no buffer %u", (unsigned)number);
    struct umm_flat_table buffer = {0};
    if (number)
        buffer = umm_flat_table_at(flat, file->buffers, (uint32_t)number);
    if (umm_flat_bits(flat, table, UMM_TFL_TENSOR_EXTERNAL_BUFFER, sizeof(uint32_t), 0) ||
        umm_flat_bits(flat, buffer, UMM_TFL_BUFFER_OFFSET, sizeof(uint64_t), 0) > 1)
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "its numbers are not in the FlatBuffer itself, but after it or in another "
                        "file; models with weights inside are read");
    tensor->data = umm_flat_vector(flat, buffer, UMM_TFL_BUFFER_DATA, 1);
    return UMM_OK;
}

enum umm_status umm_tflite_tensor(struct umm_tflite *file, int64_t index,
                                  struct umm_tflite_tensor *tensor, struct umm_error *err)
{
    *tensor = (struct umm_tflite_tensor){.index = (uint32_t)index};
    if (index < 0 || index >= (int64_t)file->tensors.n)
        return umm_error_set(err, UMM_ERR_DATA,
                             "damaged TensorFlow Lite file: tensor %lld is used, of %u",
                             (long long)index, file->tensors.n);
    struct umm_flat *flat = &file->flat;
    struct umm_flat_table table = umm_flat_table_at(flat, file->tensors, (uint32_t)index);
    tensor->type = (unsigned)umm_flat_bits(flat, table, UMM_TFL_TENSOR_TYPE, 1, 0);
    tensor->name = umm_flat_vector(flat, table, UMM_TFL_TENSOR_NAME, 1);
    if (umm_flat_table(flat, table, UMM_TFL_TENSOR_SPARSITY).at)
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED, "it is sparse");
    if (umm_flat_bits(flat, table, UMM_TFL_TENSOR_IS_VARIABLE, 1, 0))
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "it is a variable: rows of a model that remembers are not independent");
    enum umm_status status = read_shape(file, table, tensor, err);
    if (!status)
        status = check_signature(file, table, tensor, err);
    if (!status)
        status = read_quantization(file, table, tensor, err);
    if (!status)
        status = find_data(file, table, tensor, err);
    return status ? status : umm_tflite_check(file, err);
}

bool umm_tflite_same_row(const struct umm_tflite_tensor *a, const struct umm_tflite_tensor *b)
{
    uint32_t i = a->row_dims_from, j = b->row_dims_from;
    while (i < a->n_dims && a->dims[i] == 1)
        i++;
    while (j < b->n_dims && b->dims[j] == 1)
        j++;
    return a->n_dims - i == b->n_dims - j &&
           memcmp(a->dims + i, b->dims + j, (a->n_dims - i) * sizeof *a->dims) == 0;
}

/* ---- constants ---------------------------------------------------------- */

bool umm_tflite_is_constant(const struct umm_tflite *file, const struct umm_tflite_tensor *tensor)
{
    return tensor->data.n || file->known[tensor->index].floats_of >= 0;
}

static size_t type_bytes(unsigned type)
{
    switch (type) {
    case UMM_TFL_FLOAT32:
    case UMM_TFL_INT32: return 4;
    case UMM_TFL_FLOAT16: return 2;
    case UMM_TFL_INT8: return 1;
    default: return 0;
    }
}

/* Each scale is one of a number that can be told from others. */
static enum umm_status check_scales(const struct umm_tflite *file,
                                    const struct umm_tflite_tensor *tensor, uint32_t n_rows,
                                    struct umm_error *err)
{
    bool is_by_row = tensor->scales.n == n_rows && tensor->quantized_dimension == 0;
    if (tensor->scales.n != 1 && !is_by_row)
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "it has %u scales: one, or one for each of its %u outputs is read",
                        tensor->scales.n, n_rows);
    for (uint32_t i = 0; i < tensor->scales.n; i++) {
        float scale = umm_flat_f32_at(&file->flat, tensor->scales, i);
        if (!isfinite(scale) || !(scale > 0))
            return complain(file, tensor, err, UMM_ERR_DATA, "scale %u is not above 0", i);
    }
    for (uint32_t i = 0; i < tensor->zero_points.n; i++)
        if (umm_flat_i64_at(&file->flat, tensor->zero_points, i) != 0)
            return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                            "weights with a zero point are not read");
    return UMM_OK;
}

static void fill_floats(const struct umm_tflite *file, const struct umm_tflite_tensor *from,
                        struct umm_tensor *to)
{
    const unsigned char *bytes = file->flat.bytes + from->data.at;
    float *out = to->data;
    for (size_t row = 0, i = 0; row < to->n_rows; row++)
        for (size_t column = 0; column < to->n_columns; column++, i++)
            if (from->type == UMM_TFL_FLOAT16)
                out[i] = umm_half_float((uint16_t)umm_bytes_get(bytes + 2 * i, 2));
            else if (from->type == UMM_TFL_INT8)
                out[i] = (float)(int8_t)bytes[i] *
                         umm_flat_f32_at(&file->flat, from->scales,
                                         from->scales.n > 1 ? (uint32_t)row : 0);
            else
                out[i] = umm_flat_float((uint32_t)umm_bytes_get(bytes + 4 * i, 4));
}

static void fill_integers(const struct umm_tflite *file, const struct umm_tflite_tensor *from,
                          struct umm_tensor *to)
{
    const unsigned char *bytes = file->flat.bytes + from->data.at;
    size_t n = (size_t)to->n_rows * to->n_columns;
    if (to->type == UMM_GRAPH_I8) {
        memcpy(to->data, bytes, n);
        for (uint32_t i = 0; i < to->n_scales; i++)
            to->scales[i] = umm_flat_f32_at(&file->flat, from->scales, i);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ((int32_t *)to->data)[i] = (int32_t)(uint32_t)umm_bytes_get(bytes + 4 * i, 4);
}

/* Of what type the constant is in the graph; is_floats: DEQUANTIZE came after it. */
static enum umm_status constant_type(const struct umm_tflite *file,
                                     const struct umm_tflite_tensor *from, bool is_floats,
                                     enum umm_graph_type *type, struct umm_error *err)
{
    bool is_known = from->type == UMM_TFL_FLOAT32 || from->type == UMM_TFL_INT8 ||
                    (from->type == (is_floats ? UMM_TFL_FLOAT16 : UMM_TFL_INT32));
    if (!is_known)
        return complain(file, from, err, UMM_ERR_UNSUPPORTED, "constants of %s are not read here",
                        umm_tflite_type_name(from->type));
    *type = is_floats || from->type == UMM_TFL_FLOAT32 ? UMM_GRAPH_F32
            : from->type == UMM_TFL_INT8               ? UMM_GRAPH_I8
                                                       : UMM_GRAPH_I32;
    return UMM_OK;
}

static enum umm_status make_constant(struct umm_tflite *file, const struct umm_tflite_tensor *from,
                                     struct umm_tensor *shape, struct umm_tensor **constant,
                                     struct umm_error *err)
{
    uint64_t n = (uint64_t)shape->n_rows * shape->n_columns;
    if (from->n_elements != n || from->data.n != n * type_bytes(from->type))
        return complain(file, from, err, UMM_ERR_DATA,
                        "it has %u bytes, where %llu numbers of %s "
                        "belong",
                        from->data.n, (unsigned long long)n, umm_tflite_type_name(from->type));
    enum umm_status status = UMM_OK;
    if (from->type == UMM_TFL_INT8)
        status = check_scales(file, from, shape->n_rows, err);
    if (!status)
        status = umm_tflite_spend(
            file, n * umm_graph_type_bytes(shape->type) + shape->n_scales * sizeof(float), err);
    if (!status)
        status = umm_graph_tensor(file->graph, shape->type, shape->n_rows, shape->n_columns,
                                  shape->n_scales, constant, err);
    if (status)
        return status;
    if (shape->type == UMM_GRAPH_F32)
        fill_floats(file, from, *constant);
    else
        fill_integers(file, from, *constant);
    return UMM_OK;
}

enum umm_status umm_tflite_constant(struct umm_tflite *file, const struct umm_tflite_tensor *tensor,
                                    uint32_t n_rows, uint32_t n_columns, uint32_t n_scales,
                                    struct umm_tensor **constant, struct umm_error *err)
{
    struct umm_tflite_tensor from = *tensor;
    struct umm_tensor shape = {.n_rows = n_rows, .n_columns = n_columns};
    bool is_floats = !tensor->data.n;
    enum umm_status status = UMM_OK;
    if (is_floats)
        status = umm_tflite_tensor(file, file->known[tensor->index].floats_of, &from, err);
    if (!status)
        status = constant_type(file, &from, is_floats, &shape.type, err);
    if (status)
        return status;
    if (shape.type == UMM_GRAPH_I8)
        shape.n_scales = from.scales.n;
    if (shape.type == UMM_GRAPH_I32)
        shape.n_scales = n_scales;
    return make_constant(file, &from, &shape, constant, err);
}

/* ---- values ------------------------------------------------------------- */

enum umm_status umm_tflite_name(struct umm_tflite *file, const struct umm_tflite_tensor *tensor,
                                const char **name, struct umm_error *err)
{
    const unsigned char *bytes = file->flat.bytes;
    uint32_t at = file->known[tensor->index].name_at;
    struct umm_flat_vector text = tensor->name;
    if (at)
        text = (struct umm_flat_vector){
            .at = at, .n = (uint32_t)umm_bytes_get(bytes + at - sizeof text.n, sizeof text.n)};
    if (text.n > UMM_TFLITE_NAME_MAX)
        text.n = UMM_TFLITE_NAME_MAX;
    enum umm_status status = umm_tflite_spend(file, text.n, err);
    return status ? status
                  : umm_graph_string(file->graph, (const char *)bytes + text.at, text.n, name, err);
}

/* The one scale and zero point of numbers that are computed. */
static enum umm_status value_quantization(const struct umm_tflite *file,
                                          const struct umm_tflite_tensor *tensor,
                                          struct umm_graph_value *value, struct umm_error *err)
{
    int64_t low = value->type == UMM_GRAPH_I8 ? INT8_MIN : 0;
    int64_t high = value->type == UMM_GRAPH_I8 ? INT8_MAX : UINT8_MAX;
    if (tensor->scales.n != 1)
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "it has %u scales, where the values of a row have one", tensor->scales.n);
    value->scale = umm_flat_f32_at(&file->flat, tensor->scales, 0);
    int64_t zero = tensor->zero_points.n ? umm_flat_i64_at(&file->flat, tensor->zero_points, 0) : 0;
    if (!isfinite(value->scale) || !(value->scale > 0) || zero < low || zero > high)
        return complain(file, tensor, err, UMM_ERR_DATA,
                        "scale %g and zero point %lld are none of %s", (double)value->scale,
                        (long long)zero, umm_tflite_type_name(tensor->type));
    value->zero_point = (int32_t)zero;
    return UMM_OK;
}

enum umm_status umm_tflite_add_value(struct umm_tflite *file,
                                     const struct umm_tflite_tensor *tensor, int32_t *added,
                                     struct umm_error *err)
{
    struct umm_graph_value value = {.width = tensor->width, .type = UMM_GRAPH_F32};
    struct umm_tflite_known *known = &file->known[tensor->index];
    if (known->value >= 0 || tensor->data.n || known->floats_of >= 0)
        return complain(file, tensor, err, UMM_ERR_DATA, "it is computed more than once");
    if (tensor->n_batch != file->n_batch)
        return complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                        "it is of %u rows where the model is of %u: rows must stay rows",
                        tensor->n_batch, file->n_batch);
    enum umm_status status = UMM_OK;
    if (tensor->type == UMM_TFL_INT8 || tensor->type == UMM_TFL_UINT8) {
        value.type = tensor->type == UMM_TFL_INT8 ? UMM_GRAPH_I8 : UMM_GRAPH_U8;
        status = value_quantization(file, tensor, &value, err);
    } else if (tensor->type != UMM_TFL_FLOAT32) {
        status = complain(file, tensor, err, UMM_ERR_UNSUPPORTED,
                          "it is of %s; values of float32, int8 and uint8 are computed",
                          umm_tflite_type_name(tensor->type));
    }
    if (!status)
        status = umm_tflite_spend(file, sizeof value, err);
    if (!status)
        status = umm_tflite_name(file, tensor, &value.name, err);
    if (!status)
        status = umm_graph_add_value(file->graph, &value, added, err);
    if (!status)
        known->value = *added;
    return status;
}
