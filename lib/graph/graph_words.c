/* SPDX-License-Identifier: MIT */
#include "graph/graph.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

size_t umm_graph_type_bytes(enum umm_graph_type type)
{
    static const size_t bytes[] = {
        [UMM_GRAPH_F32] = 4, [UMM_GRAPH_F64] = 8, [UMM_GRAPH_I8] = 1,   [UMM_GRAPH_U8] = 1,
        [UMM_GRAPH_I32] = 4, [UMM_GRAPH_I64] = 8, [UMM_GRAPH_BOOL] = 1,
    };
    return bytes[type];
}

const char *umm_graph_type_name(enum umm_graph_type type)
{
    static const char *const names[] = {
        [UMM_GRAPH_F32] = "f32",   [UMM_GRAPH_F64] = "f64",   [UMM_GRAPH_I8] = "int8",
        [UMM_GRAPH_U8] = "uint8",  [UMM_GRAPH_I32] = "int32", [UMM_GRAPH_I64] = "int64",
        [UMM_GRAPH_BOOL] = "bool",
    };
    return type <= UMM_GRAPH_BOOL ? names[type] : "no type";
}

const char *umm_graph_op_name(enum umm_graph_op op)
{
    static const char *const names[UMM_OP_COUNT] = {
        [UMM_OP_DENSE] = "dense",
        [UMM_OP_ADD] = "add",
        [UMM_OP_SUB] = "sub",
        [UMM_OP_MUL] = "mul",
        [UMM_OP_DIV] = "div",
        [UMM_OP_RELU] = "relu",
        [UMM_OP_LEAKY_RELU] = "leaky relu",
        [UMM_OP_CLIP] = "clip",
        [UMM_OP_SIGMOID] = "sigmoid",
        [UMM_OP_TANH] = "tanh",
        [UMM_OP_SOFTMAX] = "softmax",
        [UMM_OP_SOFTMAX_ZERO] = "softmax zero",
        [UMM_OP_PROBIT] = "probit",
        [UMM_OP_LOGISTIC_PAIR] = "logistic pair",
        [UMM_OP_CONCAT] = "concat",
        [UMM_OP_SLICE] = "slice",
        [UMM_OP_CAST] = "cast",
        [UMM_OP_QUANTIZE] = "quantize",
        [UMM_OP_DEQUANTIZE] = "dequantize",
        [UMM_OP_NORMALIZE] = "normalize",
        [UMM_OP_TREES] = "trees",
    };
    return op < UMM_OP_COUNT ? names[op] : "no op";
}

enum { LABEL_MAX = 32 + 2 * UMM_EXCERPT_MAX };

/* "node 3, Gemm "dense_1"", as far as there is a name. */
static const char *label(char out[LABEL_MAX], uint32_t place, const char *name, const char *op_name)
{
    char op[UMM_EXCERPT_MAX], text[UMM_EXCERPT_MAX];
    umm_escape(op, sizeof op, op_name ? op_name : "", op_name ? strlen(op_name) : 0);
    umm_escape(text, sizeof text, name ? name : "", name ? strlen(name) : 0);
    snprintf(out, LABEL_MAX, "node %" PRIu32 "%s%s%s%s%s", place, op[0] ? ", " : "", op,
             text[0] ? " \"" : "", text, text[0] ? "\"" : "");
    return out;
}

enum umm_status umm_graph_refuse(struct umm_error *err, uint32_t place, const char *name,
                                 const char *op_name, const char *why)
{
    char text[LABEL_MAX];
    return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                         "%s: not supported%s%s; dense layers, arithmetic, activations, scalers, "
                         "linear models and trees are",
                         label(text, place, name, op_name), why ? ": " : "", why ? why : "");
}

enum umm_status umm_graph_wrong(struct umm_error *err, const struct umm_graph_node *node,
                                const char *fmt, ...)
{
    char text[LABEL_MAX], what[UMM_ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(what, sizeof what, fmt, arguments);
    va_end(arguments);
    return umm_error_set(err, UMM_ERR_DATA, "%s: %s",
                         label(text, node->place, node->name, node->op_name), what);
}
