/* SPDX-License-Identifier: MIT */
/*
 * writer.h - the parts of which an ONNX file is written: names, constants, nodes.
 *
 * Memory that runs out makes writer's messages is_failed; nothing else of these fails unless it
 * returns a status.
 */
#ifndef UMM_ONNX_WRITER_H
#define UMM_ONNX_WRITER_H

#include "format/protobuf.h"
#include "graph/graph.h"

enum { UMM_ONNX_MADE_MAX = 48, UMM_ONNX_PREFIX_MAX = 16 };

/*
 * nodes and constants are fields of the GraphProto, in their order. has_scale: for each value,
 * whether its scale and zero point are among the constants. prefix begins all names that are made
 * here, so that no input or output has one of them.
 */
struct umm_onnx_writer {
    const struct umm_graph *graph;
    struct umm_protobuf_out nodes, constants;
    bool *has_scale, *is_end;
    char prefix[UMM_ONNX_PREFIX_MAX];
    bool uses_ml;
    struct umm_error *err;
};

/* A name that was made. */
struct umm_onnx_made {
    char text[UMM_ONNX_MADE_MAX];
};

/* An attribute that is an integer or a float. */
struct umm_onnx_parameter {
    const char *name;
    bool is_float;
    int64_t integer;
    float number;
};

/* A name of that text after the prefix. */
UMM_PRINTF(2, 3)
struct umm_onnx_made umm_onnx_make_name(const struct umm_onnx_writer *to, const char *fmt, ...);

/* The name of a value: an input's or output's own, if it has one; of others t and their number. */
const char *umm_onnx_value_name(const struct umm_onnx_writer *to, int32_t value,
                                struct umm_onnx_made *made);

/* Find inputs and outputs, and the prefix. UMM_ERR_UNSUPPORTED for two of one name. */
UMM_MUST_USE enum umm_status umm_onnx_check_ends(struct umm_onnx_writer *to);

/* A TensorProto.DataType. */
int32_t umm_onnx_type_of(enum umm_graph_type type);

/* A constant of n_dims dimensions; its numbers little-endian at bytes. */
void umm_onnx_put_constant(struct umm_onnx_writer *to, const char *name, int32_t type,
                           const uint64_t *dims, size_t n_dims, const void *bytes,
                           size_t len_bytes);

/* n floats, or zero points of the type (NULL: 0); a single one is a scalar. */
void umm_onnx_put_floats(struct umm_onnx_writer *to, const char *name, const float *numbers,
                         uint32_t n);
UMM_MUST_USE enum umm_status umm_onnx_put_zero_points(struct umm_onnx_writer *to, const char *name,
                                                      enum umm_graph_type type,
                                                      const int32_t *points, uint32_t n);

/* The scale and zero point of a quantised value: tNs and tNz, once. */
UMM_MUST_USE enum umm_status umm_onnx_put_scale(struct umm_onnx_writer *to, int32_t value,
                                                struct umm_onnx_made *scale,
                                                struct umm_onnx_made *point);

/* Numbers of the fields of NodeProto. */
enum {
    UMM_ONNX_NODE_INPUT = 1,
    UMM_ONNX_NODE_OUTPUT = 2,
    UMM_ONNX_NODE_NAME = 3,
    UMM_ONNX_NODE_OP_TYPE = 4,
    UMM_ONNX_NODE_ATTRIBUTE = 5,
    UMM_ONNX_NODE_DOMAIN = 7
};

void umm_onnx_put_attribute(struct umm_protobuf_out *out,
                            const struct umm_onnx_parameter *attribute);

/* A node of up to three inputs; name, attribute and inputs after the first may be NULL. */
void umm_onnx_put_node(struct umm_onnx_writer *to, const char *op, const char *name,
                       const char *output, const struct umm_onnx_parameter *attribute,
                       const char *a, const char *b, const char *c);

#endif
