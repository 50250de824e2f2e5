/* SPDX-License-Identifier: MIT */
/* What all parts of the reader use: texts, types, memory, refusals. */
#include "onnx/reader.h"

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- texts -------------------------------------------------------------------------- */

const char *umm_onnx_shown(char out[UMM_EXCERPT_MAX], struct umm_protobuf_bytes text)
{
    return umm_escape(out, UMM_EXCERPT_MAX, text.at ? (const char *)text.at : "", text.len);
}

const char *umm_onnx_text(char *out, size_t cap_bytes, struct umm_protobuf_bytes text)
{
    size_t len = text.len < cap_bytes ? text.len : cap_bytes - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = text.at[i] ? (char)text.at[i] : '?';
    out[len] = '\0';
    return out;
}

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [UMM_ONNX_FLOAT] = {"float32", 4},
    [UMM_ONNX_UINT8] = {"uint8", 1},
    [UMM_ONNX_INT8] = {"int8", 1},
    [UMM_ONNX_UINT16] = {"uint16", 2},
    [UMM_ONNX_INT16] = {"int16", 2},
    [UMM_ONNX_INT32] = {"int32", 4},
    [UMM_ONNX_INT64] = {"int64", 8},
    [UMM_ONNX_STRING] = {"text", 0},
    [UMM_ONNX_BOOL] = {"bool", 1},
    [UMM_ONNX_FLOAT16] = {"float16", 2},
    [UMM_ONNX_DOUBLE] = {"float64", 8},
    [UMM_ONNX_UINT32] = {"uint32", 4},
    [UMM_ONNX_UINT64] = {"uint64", 8},
    [14] = {"complex64", 0},
    [15] = {"complex128", 0},
    [UMM_ONNX_BFLOAT16] = {"bfloat16", 2},
    [17] = {"float8e4m3fn", 0},
    [18] = {"float8e4m3fnuz", 0},
    [19] = {"float8e5m2", 0},
    [20] = {"float8e5m2fnuz", 0},
    [21] = {"uint4", 0},
    [22] = {"int4", 0},
    [23] = {"float4e2m1", 0},
};

static bool is_type(int32_t type)
{
    return type > 0 && (size_t)type < sizeof types / sizeof *types;
}

const char *umm_onnx_type_name(int32_t type)
{
    return is_type(type) ? types[type].name : "no known type";
}

size_t umm_onnx_type_bytes(int32_t type)
{
    return is_type(type) ? types[type].bytes : 0;
}

/* ---- memory ------------------------------------------------------------------------- */

enum umm_status umm_onnx_alloc(struct umm_onnx *onnx, uint64_t n, size_t each_bytes, void *memory,
                               struct umm_error *err)
{
    void *made = NULL;
    uint64_t len_bytes;
    if (__builtin_mul_overflow(n, (uint64_t)each_bytes, &len_bytes) || len_bytes > onnx->room_bytes)
        return umm_error_set(err, UMM_ERR_DATA,
                             "constants that take many times the memory of the file");
    onnx->room_bytes -= len_bytes;
    made = umm_arena_alloc(&onnx->memory, len_bytes);
    if (!made)
        return umm_error_set_memory(err, len_bytes, "the constants of a model");
    memcpy(memory, &made, sizeof made);
    return UMM_OK;
}

struct umm_graph_node umm_onnx_begin(struct umm_onnx *onnx, enum umm_graph_op op)
{
    return (struct umm_graph_node){.op = op,
                                   .name = onnx->node.name_text,
                                   .op_name = onnx->node.op_name,
                                   .place = onnx->node.place,
                                   .limits = {-INFINITY, INFINITY}};
}

/* ---- refusals ----------------------------------------------------------------------- */

enum umm_status umm_onnx_refuse(struct umm_onnx *onnx, struct umm_error *err, const char *fmt, ...)
{
    char why[UMM_ONNX_WHY_MAX];
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(why, sizeof why, fmt, arguments);
    va_end(arguments);
    return umm_graph_refuse(err, onnx->node.place, onnx->node.name_text, onnx->node.op_name, why);
}

enum umm_status umm_onnx_wrong(struct umm_onnx *onnx, struct umm_error *err, const char *fmt, ...)
{
    char what[UMM_ONNX_WHY_MAX];
    const struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CAST);
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(what, sizeof what, fmt, arguments);
    va_end(arguments);
    return umm_graph_wrong(err, &node, "%s", what);
}
