/* SPDX-License-Identifier: MIT */
/* Numbers of constants: where they are in the file, or in another one, and what they are. */
#include "onnx/reader.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/half.h"

#include <inttypes.h>
#include <string.h>

enum umm_status umm_onnx_new_constant(struct umm_onnx *onnx, int32_t type,
                                      const struct umm_onnx_constant *shape,
                                      struct umm_onnx_constant **constant, uint8_t **raw,
                                      struct umm_error *err)
{
    enum umm_status status = umm_onnx_alloc(onnx, 1, sizeof **constant, constant, err);
    if (!status)
        status = umm_onnx_alloc(onnx, shape->n, umm_onnx_type_bytes(type), raw, err);
    if (status)
        return status;
    (*constant)->type = type;
    (*constant)->n_dims = shape->n_dims;
    memcpy((*constant)->dims, shape->dims, sizeof shape->dims);
    (*constant)->n = shape->n;
    (*constant)->raw = *raw;
    return UMM_OK;
}

/* ---- in the model's file ------------------------------------------------------------ */

/* The field that has the numbers of a type if RAW_DATA has not, and how they are written there. */
static uint32_t field_of(int32_t type, enum umm_protobuf_wire *wire)
{
    enum { FLOAT_DATA = 4, INT32_DATA = 5, INT64_DATA = 7, DOUBLE_DATA = 10, UINT64_DATA = 11 };
    *wire = UMM_PROTOBUF_VARINT;
    switch (type) {
    case UMM_ONNX_FLOAT: *wire = UMM_PROTOBUF_FIXED32; return FLOAT_DATA;
    case UMM_ONNX_DOUBLE: *wire = UMM_PROTOBUF_FIXED64; return DOUBLE_DATA;
    case UMM_ONNX_INT64: return INT64_DATA;
    case UMM_ONNX_UINT32:
    case UMM_ONNX_UINT64: return UINT64_DATA;
    default: return INT32_DATA;
    }
}

/* Whether the 64 bits of a varint are a number of that type. */
static bool is_in_range(int32_t type, uint64_t value)
{
    const int64_t number = (int64_t)value;
    switch (type) {
    case UMM_ONNX_INT8: return number >= INT8_MIN && number <= INT8_MAX;
    case UMM_ONNX_INT16: return number >= INT16_MIN && number <= INT16_MAX;
    case UMM_ONNX_INT32: return number >= INT32_MIN && number <= INT32_MAX;
    case UMM_ONNX_BOOL: return value <= 1;
    case UMM_ONNX_UINT8: return value <= UINT8_MAX;
    case UMM_ONNX_UINT16:
    case UMM_ONNX_FLOAT16:
    case UMM_ONNX_BFLOAT16: return value <= UINT16_MAX;
    case UMM_ONNX_UINT32: return value <= UINT32_MAX;
    default: return true;
    }
}

static enum umm_status wrong_count(const struct umm_onnx_constant *constant, uint64_t n,
                                   struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_DATA,
                         "a constant of %" PRIu64 " numbers (%s) that holds %" PRIu64, constant->n,
                         umm_onnx_type_name(constant->type), n);
}

/* RAW_DATA, or one packed field of numbers that have the same bytes there. */
static bool find_in_place(const struct umm_onnx_constant *constant,
                          struct umm_protobuf_bytes *found)
{
    enum { RAW_DATA = 9 };
    enum umm_protobuf_wire wire;
    const uint32_t number = field_of(constant->type, &wire);
    bool is_raw = false, is_packed = false;
    unsigned n_fields = 0;
    struct umm_protobuf in = umm_protobuf_open(constant->message);
    struct umm_protobuf_field field;
    while (umm_protobuf_next(&in, &field)) {
        if (field.number == RAW_DATA && field.bytes.len) {
            is_raw = true;
            *found = field.bytes;
        } else if (field.number == number && !is_raw) {
            is_packed = field.wire == UMM_PROTOBUF_BYTES && wire != UMM_PROTOBUF_VARINT;
            *found = field.bytes;
            n_fields++;
        }
    }
    return is_raw || (is_packed && n_fields == 1);
}

static enum umm_status decode(struct umm_onnx *onnx, struct umm_onnx_constant *constant,
                              struct umm_error *err)
{
    enum umm_protobuf_wire wire;
    const uint32_t number = field_of(constant->type, &wire);
    const size_t each_bytes = umm_onnx_type_bytes(constant->type);
    uint64_t value, n = 0;
    uint8_t *raw = NULL;
    struct umm_protobuf_numbers numbers = umm_protobuf_numbers(constant->message, number, wire);
    while (umm_protobuf_number(&numbers, &value))
        if (n++ < constant->n && !is_in_range(constant->type, value))
            return umm_error_set(err, UMM_ERR_DATA, "a constant of %s that holds other numbers",
                                 umm_onnx_type_name(constant->type));
    if (n != constant->n || numbers.message.is_damaged)
        return wrong_count(constant, n, err);
    enum umm_status status = umm_onnx_alloc(onnx, n, each_bytes, &raw, err);
    if (status)
        return status;
    constant->raw = raw;
    numbers = umm_protobuf_numbers(constant->message, number, wire);
    while (umm_protobuf_number(&numbers, &value))
        raw = umm_bytes_put(raw, value, each_bytes);
    return UMM_OK;
}

/* ---- of a DequantizeLinear ---------------------------------------------------------- */

/* Which scale element i has. */
static uint64_t channel_of(const struct umm_onnx_constant *constant, uint64_t i)
{
    if (constant->scale->n == 1)
        return 0;
    for (uint32_t d = constant->n_dims; --d > constant->axis;)
        i /= constant->dims[d];
    return i % constant->dims[constant->axis];
}

/* As ONNX says: in floats, (q - zero_point) * scale. The difference is exact. */
static enum umm_status dequantize(struct umm_onnx *onnx, struct umm_onnx_constant *constant,
                                  struct umm_error *err)
{
    uint8_t *raw = NULL;
    enum umm_status status = umm_onnx_raw(onnx, constant->of, err);
    if (!status)
        status = umm_onnx_alloc(onnx, constant->n, sizeof(float), &raw, err);
    if (status)
        return status;
    constant->raw = raw;
    for (uint64_t i = 0; i < constant->n; i++) {
        const uint64_t channel = channel_of(constant, i);
        int64_t q = umm_onnx_i64_at(constant->of, i);
        if (constant->zero_point)
            q -= umm_onnx_i64_at(constant->zero_point, channel);
        const float number = (float)q * umm_onnx_f32_at(constant->scale, channel);
        memcpy(raw + i * sizeof number, &number, sizeof number);
    }
    return UMM_OK;
}

enum umm_status umm_onnx_raw(struct umm_onnx *onnx, struct umm_onnx_constant *constant,
                             struct umm_error *err)
{
    const size_t each_bytes = umm_onnx_type_bytes(constant->type);
    struct umm_protobuf_bytes bytes = {0};
    bool is_external = false;
    if (constant->raw)
        return UMM_OK;
    if (constant->of)
        return dequantize(onnx, constant, err);
    if (each_bytes == 0)
        return umm_onnx_refuse(onnx, err, "a constant of %s", umm_onnx_type_name(constant->type));
    enum umm_status status = umm_onnx_external(onnx, constant, &is_external, err);
    if (status || is_external)
        return status;
    if (!find_in_place(constant, &bytes))
        return decode(onnx, constant, err);
    if (bytes.len % each_bytes || bytes.len / each_bytes != constant->n)
        return wrong_count(constant, bytes.len / each_bytes, err);
    constant->raw = bytes.at;
    return UMM_OK;
}

/* ---- elements ----------------------------------------------------------------------- */

bool umm_onnx_is_float(int32_t type)
{
    return type == UMM_ONNX_FLOAT || type == UMM_ONNX_DOUBLE || type == UMM_ONNX_FLOAT16 ||
           type == UMM_ONNX_BFLOAT16;
}

int64_t umm_onnx_i64_at(const struct umm_onnx_constant *constant, uint64_t i)
{
    const size_t each_bytes = umm_onnx_type_bytes(constant->type);
    const uint64_t bits = umm_bytes_get(constant->raw + i * each_bytes, each_bytes);
    switch (constant->type) {
    case UMM_ONNX_INT8: return (int8_t)bits;
    case UMM_ONNX_INT16: return (int16_t)bits;
    case UMM_ONNX_INT32: return (int32_t)bits;
    default: return (int64_t)bits;
    }
}

double umm_onnx_f64_at(const struct umm_onnx_constant *constant, uint64_t i)
{
    double number;
    if (constant->type == UMM_ONNX_UINT64)
        return (double)(uint64_t)umm_onnx_i64_at(constant, i);
    if (constant->type != UMM_ONNX_DOUBLE)
        return umm_onnx_is_float(constant->type) ? (double)umm_onnx_f32_at(constant, i)
                                                 : (double)umm_onnx_i64_at(constant, i);
    memcpy(&number, constant->raw + i * sizeof number, sizeof number);
    return number;
}

float umm_onnx_f32_at(const struct umm_onnx_constant *constant, uint64_t i)
{
    float number;
    uint32_t bits;
    switch (constant->type) {
    case UMM_ONNX_FLOAT16: return umm_half_float((uint16_t)umm_bytes_get(constant->raw + 2 * i, 2));
    case UMM_ONNX_BFLOAT16: bits = (uint32_t)umm_bytes_get(constant->raw + 2 * i, 2) << 16; break;
    case UMM_ONNX_FLOAT: bits = (uint32_t)umm_bytes_get(constant->raw + 4 * i, 4); break;
    case UMM_ONNX_DOUBLE: return (float)umm_onnx_f64_at(constant, i);
    case UMM_ONNX_UINT64: return (float)(uint64_t)umm_onnx_i64_at(constant, i);
    default: return (float)umm_onnx_i64_at(constant, i);
    }
    memcpy(&number, &bits, sizeof number);
    return number;
}

enum umm_status umm_onnx_scalar(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                const char *what, float *value, struct umm_error *err)
{
    if (operand->kind != UMM_ONNX_CONSTANT || operand->constant->n != 1)
        return umm_onnx_refuse(onnx, err, "%s is not one constant number", what);
    enum umm_status status = umm_onnx_raw(onnx, operand->constant, err);
    if (!status)
        *value = umm_onnx_f32_at(operand->constant, 0);
    return status;
}
