/* SPDX-License-Identifier: MIT */
#include "onnx/writer.h"

#include "base/error.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TensorProto.DataType. */
enum { FLOAT = 1, UINT8 = 2, INT8 = 3, INT32 = 6, INT64 = 7, BOOL = 9, DOUBLE = 11 };

/* ---- names -------------------------------------------------------------------------- */

struct umm_onnx_made umm_onnx_make_name(const struct umm_onnx_writer *to, const char *fmt, ...)
{
    struct umm_onnx_made name;
    va_list arguments;
    va_start(arguments, fmt);
    const size_t len = strlen(to->prefix);
    memcpy(name.text, to->prefix, len);
    (void)vsnprintf(name.text + len, sizeof name.text - len, fmt, arguments);
    va_end(arguments);
    return name;
}

/* Of an input or output its own, if it has one; of others t and their number. */
const char *umm_onnx_value_name(const struct umm_onnx_writer *to, int32_t value,
                                struct umm_onnx_made *made)
{
    const char *own = to->graph->values[value].name;
    *made = umm_onnx_make_name(to, "t%" PRId32, value);
    return to->is_end[value] && *own ? own : made->text;
}

/* Whether text is what make_name could make with that prefix. */
static bool is_like_made(const char *text, const char *prefix)
{
    const size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 && (text[len] == 't' || text[len] == 'n') &&
           isdigit((unsigned char)text[len + 1]);
}

static enum umm_status choose_prefix(struct umm_onnx_writer *to)
{
    const struct umm_graph *graph = to->graph;
    size_t len = 0;
    for (uint32_t i = 0; i < graph->n_values; i++) {
        if (!to->is_end[i] || !is_like_made(graph->values[i].name, to->prefix))
            continue;
        if (len + 1 == UMM_ONNX_PREFIX_MAX)
            return umm_error_set(to->err, UMM_ERR_UNSUPPORTED,
                                 "names of inputs and outputs leave none for an ONNX file");
        to->prefix[len++] = '_';
        i = UINT32_MAX; /* look at all again */
    }
    return UMM_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Inputs and outputs are known by their names, each of one. */
enum umm_status umm_onnx_check_ends(struct umm_onnx_writer *to)
{
    const struct umm_graph *graph = to->graph;
    const char **names = calloc((size_t)graph->n_values + 1, sizeof *names);
    char shown[UMM_EXCERPT_MAX];
    enum umm_status status = UMM_OK;
    size_t n = 0;
    if (!names)
        return umm_error_set_memory(to->err, graph->n_values * sizeof *names, "a model file");
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        to->is_end[graph->inputs[i]] = true;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        to->is_end[graph->outputs[i]] = true;
    for (uint32_t i = 0; i < graph->n_values; i++)
        if (to->is_end[i] && *graph->values[i].name)
            names[n++] = graph->values[i].name;
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; !status && i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = umm_error_set(to->err, UMM_ERR_UNSUPPORTED,
                                   "two inputs or outputs have the name \"%s\"",
                                   umm_escape(shown, sizeof shown, names[i], strlen(names[i])));
    free(names);
    return status ? status : choose_prefix(to);
}

/* ---- constants ---------------------------------------------------------------------- */

int32_t umm_onnx_type_of(enum umm_graph_type type)
{
    switch (type) {
    case UMM_GRAPH_F32: return FLOAT;
    case UMM_GRAPH_F64: return DOUBLE;
    case UMM_GRAPH_I8: return INT8;
    case UMM_GRAPH_U8: return UINT8;
    case UMM_GRAPH_I32: return INT32;
    case UMM_GRAPH_I64: return INT64;
    case UMM_GRAPH_BOOL: return BOOL;
    }
    return 0;
}

/* A TensorProto with as many dimensions as n_dims; its numbers little-endian at bytes. */
void umm_onnx_put_constant(struct umm_onnx_writer *to, const char *name, int32_t type,
                           const uint64_t *dims, size_t n_dims, const void *bytes, size_t len_bytes)
{
    enum { INITIALIZER = 5, DIMS = 1, DATA_TYPE = 2, NAME = 8, RAW_DATA = 9 };
    struct umm_protobuf_out *out = &to->constants;
    const size_t begin = umm_protobuf_begin(out);
    for (size_t i = 0; i < n_dims; i++)
        umm_protobuf_put_varint(out, DIMS, dims[i]);
    umm_protobuf_put_varint(out, DATA_TYPE, (uint64_t)type);
    umm_protobuf_put_text(out, NAME, name);
    umm_protobuf_put_bytes(out, RAW_DATA, bytes, len_bytes);
    umm_protobuf_end(out, INITIALIZER, begin);
}

/* n floats, or zero points of the type; a single one is a scalar. */
void umm_onnx_put_floats(struct umm_onnx_writer *to, const char *name, const float *numbers,
                         uint32_t n)
{
    const uint64_t dims[1] = {n};
    umm_onnx_put_constant(to, name, FLOAT, dims, n > 1, numbers, n * sizeof *numbers);
}

enum umm_status umm_onnx_put_zero_points(struct umm_onnx_writer *to, const char *name,
                                         enum umm_graph_type type, const int32_t *points,
                                         uint32_t n)
{
    const uint64_t dims[1] = {n};
    uint8_t *bytes = calloc(n, 1);
    if (!bytes)
        return umm_error_set_memory(to->err, n, "a model file");
    for (uint32_t i = 0; points && i < n; i++)
        bytes[i] = (uint8_t)points[i];
    umm_onnx_put_constant(to, name, umm_onnx_type_of(type), dims, n > 1, bytes, n);
    free(bytes);
    return UMM_OK;
}

/* The scale and zero point of a quantised value: tNs and tNz, once. */
enum umm_status umm_onnx_put_scale(struct umm_onnx_writer *to, int32_t value,
                                   struct umm_onnx_made *scale, struct umm_onnx_made *point)
{
    const struct umm_graph_value *is = &to->graph->values[value];
    *scale = umm_onnx_make_name(to, "t%" PRId32 "s", value);
    *point = umm_onnx_make_name(to, "t%" PRId32 "z", value);
    if (to->has_scale[value])
        return UMM_OK;
    to->has_scale[value] = true;
    umm_onnx_put_floats(to, scale->text, &is->scale, 1);
    return umm_onnx_put_zero_points(to, point->text, is->type, &is->zero_point, 1);
}

/* ---- nodes -------------------------------------------------------------------------- */

void umm_onnx_put_attribute(struct umm_protobuf_out *out,
                            const struct umm_onnx_parameter *attribute)
{
    enum { NAME = 1, F = 2, I = 3, TYPE = 20, TYPE_FLOAT = 1, TYPE_INT = 2 };
    const size_t begin = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, NAME, attribute->name);
    if (attribute->is_float)
        umm_protobuf_put_float(out, F, attribute->number);
    else
        umm_protobuf_put_varint(out, I, (uint64_t)attribute->integer);
    umm_protobuf_put_varint(out, TYPE, attribute->is_float ? TYPE_FLOAT : TYPE_INT);
    umm_protobuf_end(out, UMM_ONNX_NODE_ATTRIBUTE, begin);
}

/* A NodeProto; name, attribute and inputs after the first may be NULL. */
void umm_onnx_put_node(struct umm_onnx_writer *to, const char *op, const char *name,
                       const char *output, const struct umm_onnx_parameter *attribute,
                       const char *a, const char *b, const char *c)
{
    enum { NODE = 1 };
    struct umm_protobuf_out *out = &to->nodes;
    const size_t begin = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, a);
    if (b)
        umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, b);
    if (c)
        umm_protobuf_put_text(out, UMM_ONNX_NODE_INPUT, c);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OUTPUT, output);
    if (name && *name)
        umm_protobuf_put_text(out, UMM_ONNX_NODE_NAME, name);
    umm_protobuf_put_text(out, UMM_ONNX_NODE_OP_TYPE, op);
    if (attribute)
        umm_onnx_put_attribute(out, attribute);
    umm_protobuf_end(out, NODE, begin);
}
