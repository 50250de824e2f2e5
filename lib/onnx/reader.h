/* SPDX-License-Identifier: MIT */
/*
 * reader.h - what the parts of the ONNX reader share: a file being read, its names, and the helpers
 * with which each operator becomes nodes of a graph.
 *
 *     onnx_read.c        the model: inputs, constants, nodes in their order, outputs
 *     reader_base.c      texts, types, memory, refusals
 *     reader_parse.c     messages of the file to the structs below
 *     reader_names.c     names to operands
 *     reader_constant.c  numbers of constants
 *     reader_external.c  those in other files
 *     reader_emit.c      nodes and values of the graph
 *     reader_ops.c       the table of operators, and the simple ones
 *     reader_arith.c, reader_dense.c, reader_quant.c, reader_shape.c, reader_ml.c, reader_trees.c
 *                        the others
 *
 * An operator that is not supported is no error where it is met: what it computes may be a label,
 * or used by nothing. Its outputs are REFUSED, and so is what is computed of them, with the message
 * that the caller gets if an output of the model needs them.
 */
#ifndef UMM_ONNX_READER_H
#define UMM_ONNX_READER_H

#include "format/protobuf.h"
#include "graph/graph.h"
#include "onnx/onnx.h"
#include "sys/fileids.h"
#include "umm/mem.h"

enum {
    UMM_ONNX_DIMS_MAX = 8,
    UMM_ONNX_ATTRIBUTES_MAX = 64,
    UMM_ONNX_NAME_MAX = 1024,
    UMM_ONNX_REFUSALS_MAX = 64,
    UMM_ONNX_WHY_MAX = 160,
    UMM_ONNX_FILES_MAX = 256, /* of weights */
    UMM_ONNX_ROOM_TIMES = 8,  /* what constants may take, in sizes of the files they are in */
};

/* TensorProto.DataType. */
enum umm_onnx_type {
    UMM_ONNX_FLOAT = 1,
    UMM_ONNX_UINT8 = 2,
    UMM_ONNX_INT8 = 3,
    UMM_ONNX_UINT16 = 4,
    UMM_ONNX_INT16 = 5,
    UMM_ONNX_INT32 = 6,
    UMM_ONNX_INT64 = 7,
    UMM_ONNX_STRING = 8,
    UMM_ONNX_BOOL = 9,
    UMM_ONNX_FLOAT16 = 10,
    UMM_ONNX_DOUBLE = 11,
    UMM_ONNX_UINT32 = 12,
    UMM_ONNX_UINT64 = 13,
    UMM_ONNX_BFLOAT16 = 16
};

/*
 * A constant: n elements of type, row by row, little-endian at raw, which has any alignment; raw is
 * NULL until umm_onnx_raw looks for them in message. Where `of` is set it is the result of a
 * DequantizeLinear: FLOAT, (of - zero_point) * scale, whose scales are of the axis.
 */
struct umm_onnx_constant {
    int32_t type;
    uint32_t n_dims;
    uint64_t dims[UMM_ONNX_DIMS_MAX];
    uint64_t n;
    const uint8_t *raw;
    struct umm_protobuf_bytes message;
    struct umm_onnx_constant *of, *scale, *zero_point;
    uint32_t axis;
};

enum umm_onnx_kind {
    UMM_ONNX_ABSENT, /* an optional input that is not given */
    UMM_ONNX_VALUE,
    UMM_ONNX_CONSTANT,
    UMM_ONNX_LABEL,   /* of a classifier: no number */
    UMM_ONNX_REFUSED, /* by refusals[refusal] */
    UMM_ONNX_PENDING, /* a quantised input of the model, whose scale its readers know */
    /* Of a value of floats whose rows are quantised by their own range, on the way to a layer: */
    UMM_ONNX_ROW_BYTES,    /* the rows, quantised */
    UMM_ONNX_ROW_SCALE,    /* their scales */
    UMM_ONNX_ROW_ZERO,     /* their zero points */
    UMM_ONNX_ROW_SUMS,     /* of products with weights less zero_point, in integers */
    UMM_ONNX_ROW_SUMS_F32, /* likewise, as floats */
    UMM_ONNX_ROW_PRODUCT   /* scales times those of weights, which are `constant` */
};

/*
 * What a name stands for. Of a VALUE: its index in the graph, the type that the file gives it (a
 * DOUBLE may be computed in floats here), and the shape of one row: dims[1] to dims[n_dims - 1].
 * dims[0] is the number of rows, which is not told.
 */
struct umm_onnx_operand {
    struct umm_protobuf_bytes name;
    enum umm_onnx_kind kind;
    int32_t value;
    int32_t type;
    uint32_t n_dims;
    uint32_t dims[UMM_ONNX_DIMS_MAX];
    uint32_t input; /* PENDING: which of the model's */
    uint32_t refusal;
    struct umm_onnx_constant *constant, *zero_point;
};

/* One attribute; message is all of it, with its lists. */
struct umm_onnx_attribute {
    struct umm_protobuf_bytes name, message, text, tensor;
    uint64_t type;
    float number;
    int64_t integer;
};

/* inputs and outputs are operands: outputs those that a successful operator fills. */
struct umm_onnx_node {
    uint32_t place;
    struct umm_protobuf_bytes name, op_type, domain;
    uint32_t n_inputs, n_outputs, n_attributes;
    struct umm_onnx_operand *inputs, *outputs; /* UMM_GRAPH_INPUTS_MAX */
    struct umm_onnx_attribute attributes[UMM_ONNX_ATTRIBUTES_MAX];
    const char *op_name; /* as messages and the graph have it */
    char name_text[UMM_ONNX_NAME_MAX], op_text[UMM_ONNX_NAME_MAX];
};

/* A list of names and the table that finds them, by hash. */
struct umm_onnx_names {
    struct umm_onnx_operand *list;
    uint32_t n, cap;
    uint32_t *table; /* index + 1, or 0 */
    uint32_t table_cap;
    uint64_t seed;
};

/* Of several refusals that a result comes from, the one that tells most is kept. */
enum umm_onnx_weight {
    UMM_ONNX_OF_CONSTANTS, /* of what is computed of constants alone */
    UMM_ONNX_OF_USE,       /* of how a known operator is used */
    UMM_ONNX_OF_OPERATOR   /* of an operator that is not known */
};

struct umm_onnx_refusal {
    const char *message;
    enum umm_onnx_weight weight;
};

/*
 * A file being read. memory: what lives as long as the reading, of a bounded size; room_bytes: what
 * constants of the graph may still take. batch: the number of rows that inputs declare, or 0.
 */
struct umm_onnx {
    const char *path;
    struct umm_protobuf_bytes file;
    struct umm_graph *graph;
    struct umm_modelfile_info *info;
    struct umm_arena memory;
    uint64_t room_bytes;
    int64_t opset, opset_ml;
    uint64_t batch;
    struct umm_onnx_names names;
    struct umm_onnx_node node;
    struct umm_onnx_refusal refusals[UMM_ONNX_REFUSALS_MAX];
    uint32_t n_refusals;
    struct umm_fileid files[UMM_ONNX_FILES_MAX];
    uint32_t n_files;
    bool is_settled[UMM_GRAPH_INPUTS_MAX]; /* of the model's inputs: what was PENDING is known */
};

/* ---- reader_base.c ------------------------------------------------------------------ */

/* "int64"; "no type" for none. The bytes of an element; 0 for those that are not read. */
const char *umm_onnx_type_name(int32_t type);
size_t umm_onnx_type_bytes(int32_t type);

/* A text for a message, escaped and cut; and one with a zero at its end, cut. */
const char *umm_onnx_shown(char out[64], struct umm_protobuf_bytes text);
const char *umm_onnx_text(char *out, size_t cap_bytes, struct umm_protobuf_bytes text);

/* Memory of the reading, zeroed; UMM_ERR_DATA where more is asked for than a sound file needs. */
UMM_MUST_USE enum umm_status umm_onnx_alloc(struct umm_onnx *onnx, uint64_t n, size_t each_bytes,
                                            void *memory, struct umm_error *err);

/* Refuse onnx->node: UMM_ERR_UNSUPPORTED with its place and name. */
UMM_PRINTF(3, 4)
enum umm_status umm_onnx_refuse(struct umm_onnx *onnx, struct umm_error *err, const char *fmt, ...);

/* UMM_ERR_DATA about onnx->node, likewise. */
UMM_PRINTF(3, 4)
enum umm_status umm_onnx_wrong(struct umm_onnx *onnx, struct umm_error *err, const char *fmt, ...);

/* A node of that op, of onnx->node, without limits. */
struct umm_graph_node umm_onnx_begin(struct umm_onnx *onnx, enum umm_graph_op op);

/* ---- reader_parse.c ----------------------------------------------------------------- */

/* The parts of a model that are read; UMM_ERR_DATA where it is damaged, or no model. */
struct umm_onnx_model {
    struct umm_protobuf_bytes graph;
    struct umm_protobuf_bytes producer;
    int64_t ir_version;
};
UMM_MUST_USE enum umm_status
umm_onnx_parse_model(struct umm_onnx *onnx, struct umm_onnx_model *model, struct umm_error *err);

/* A declared input or output. has_shape: it has one, of n_dims; a dim is 0 where it is not told. */
struct umm_onnx_declared {
    struct umm_protobuf_bytes name;
    bool is_tensor, has_shape;
    int32_t type;
    uint32_t n_dims;
    uint64_t dims[UMM_ONNX_DIMS_MAX];
};
UMM_MUST_USE enum umm_status umm_onnx_parse_declared(struct umm_protobuf_bytes message,
                                                     struct umm_onnx_declared *declared,
                                                     struct umm_error *err);

/* onnx->node, from its message: all except the operands, whose names it has. */
UMM_MUST_USE enum umm_status umm_onnx_parse_node(struct umm_onnx *onnx,
                                                 struct umm_protobuf_bytes message, uint32_t place,
                                                 struct umm_error *err);

/* A TensorProto: type, shape and message. *name is its name. */
UMM_MUST_USE enum umm_status umm_onnx_parse_tensor(struct umm_protobuf_bytes message,
                                                   struct umm_onnx_constant *constant,
                                                   struct umm_protobuf_bytes *name,
                                                   struct umm_error *err);

/* The node's attribute of that name, or NULL. */
const struct umm_onnx_attribute *umm_onnx_attribute(const struct umm_onnx_node *node,
                                                    const char *name);
int64_t umm_onnx_integer(const struct umm_onnx_node *node, const char *name, int64_t otherwise);
float umm_onnx_number(const struct umm_onnx_node *node, const char *name, float otherwise);

/*
 * The lists of an attribute, NULL and 0 without it, in memory of the reading; *n of them. _texts
 * are in place.
 */
UMM_MUST_USE enum umm_status umm_onnx_integers(struct umm_onnx *onnx, const char *name,
                                               int64_t **list, uint32_t *n, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_onnx_numbers(struct umm_onnx *onnx, const char *name, float **list,
                                              uint32_t *n, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_onnx_texts(struct umm_onnx *onnx, const char *name,
                                            struct umm_protobuf_bytes **list, uint32_t *n,
                                            struct umm_error *err);

/* ---- reader_names.c ----------------------------------------------------------------- */

/* The operand of that name, or NULL. It moves when a name is added. */
struct umm_onnx_operand *umm_onnx_find(const struct umm_onnx_names *names,
                                       struct umm_protobuf_bytes name);

/* Add a copy of *operand by its name; UMM_ERR_DATA for a name that there is. */
UMM_MUST_USE enum umm_status
umm_onnx_name(struct umm_onnx *onnx, const struct umm_onnx_operand *operand, struct umm_error *err);
void umm_onnx_names_free(struct umm_onnx_names *names);

/* ---- reader_constant.c -------------------------------------------------------------- */

/* A new constant of that type and shape, with room for its elements in *raw. */
UMM_MUST_USE enum umm_status umm_onnx_new_constant(struct umm_onnx *onnx, int32_t type,
                                                   const struct umm_onnx_constant *shape,
                                                   struct umm_onnx_constant **constant,
                                                   uint8_t **raw, struct umm_error *err);

/* Look for the elements of a constant, so that raw is set. */
UMM_MUST_USE enum umm_status umm_onnx_raw(struct umm_onnx *onnx, struct umm_onnx_constant *constant,
                                          struct umm_error *err);

/*
 * reader_external.c: read the elements where they are in another file; *is_external: whether they
 * are. UMM_ERR_DATA and UMM_ERR_CONFLICT for one that is outside of the model's directory, or a
 * link.
 */
UMM_MUST_USE enum umm_status umm_onnx_external(struct umm_onnx *onnx,
                                               struct umm_onnx_constant *constant,
                                               bool *is_external, struct umm_error *err);

/* Element i, whose raw is set, of any type of numbers; integers of the 64-bit types are exact. */
double umm_onnx_f64_at(const struct umm_onnx_constant *constant, uint64_t i);
float umm_onnx_f32_at(const struct umm_onnx_constant *constant, uint64_t i);
int64_t umm_onnx_i64_at(const struct umm_onnx_constant *constant, uint64_t i);

/* Whether it is FLOAT, DOUBLE, FLOAT16 or BFLOAT16. */
bool umm_onnx_is_float(int32_t type);

/* The only element of a constant, as a float. UMM_ERR_UNSUPPORTED for any other operand. */
UMM_MUST_USE enum umm_status umm_onnx_scalar(struct umm_onnx *onnx,
                                             const struct umm_onnx_operand *operand,
                                             const char *what, float *value, struct umm_error *err);

/* ---- reader_emit.c ------------------------------------------------------------------ */

/* Add node, which reads `inputs`; *value is its result, a new value like `like`, without a name. */
UMM_MUST_USE enum umm_status umm_onnx_add(struct umm_onnx *onnx, struct umm_graph_node *node,
                                          const int32_t *inputs, uint32_t n_inputs,
                                          const struct umm_graph_value *like, int32_t *value,
                                          struct umm_error *err);

/* The same of one input, for F32 of the width. */
UMM_MUST_USE enum umm_status umm_onnx_add_f32(struct umm_onnx *onnx, struct umm_graph_node *node,
                                              int32_t input, uint32_t width, int32_t *value,
                                              struct umm_error *err);

/* The same op without parameters. */
UMM_MUST_USE enum umm_status umm_onnx_apply(struct umm_onnx *onnx, enum umm_graph_op op, int32_t x,
                                            int32_t *value, struct umm_error *err);

/* Whether the value is of doubles. */
bool umm_onnx_is_f64(const struct umm_onnx *onnx, int32_t value);

/* Floats or integers as doubles. */
UMM_MUST_USE enum umm_status umm_onnx_to_f64(struct umm_onnx *onnx, int32_t x, int32_t *value,
                                             struct umm_error *err);

/*
 * x, of floats or doubles, op constant, where the constant has one number, or as many as x:
 * constant op x if is_first. _tensor: it is of x's type.
 */
UMM_MUST_USE enum umm_status umm_onnx_with_numbers(struct umm_onnx *onnx, enum umm_graph_op op,
                                                   int32_t x, const float *numbers, uint32_t n,
                                                   bool is_first, int32_t *value,
                                                   struct umm_error *err);

UMM_MUST_USE enum umm_status umm_onnx_with_tensor(struct umm_onnx *onnx, enum umm_graph_op op,
                                                  int32_t x, const struct umm_tensor *constant,
                                                  bool is_first, int32_t *value,
                                                  struct umm_error *err);

/* A tensor of the graph, as umm_graph_tensor. */
UMM_MUST_USE enum umm_status umm_onnx_tensor(struct umm_onnx *onnx, enum umm_graph_type type,
                                             uint64_t n_rows, uint64_t n_columns, uint32_t n_scales,
                                             struct umm_tensor **tensor, struct umm_error *err);

/*
 * The value of floats that the operand is; one of integers is cast where any_number is true.
 * UMM_ERR_UNSUPPORTED for all others. _reals: doubles stay doubles, as what is large in them loses
 * its last digits in floats. _row, _real_row: also a matrix, [rows, width].
 */
UMM_MUST_USE enum umm_status umm_onnx_floats(struct umm_onnx *onnx,
                                             const struct umm_onnx_operand *operand,
                                             bool any_number, int32_t *value,
                                             struct umm_error *err);
UMM_MUST_USE enum umm_status umm_onnx_reals(struct umm_onnx *onnx,
                                            const struct umm_onnx_operand *operand, bool any_number,
                                            int32_t *value, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_onnx_real_row(struct umm_onnx *onnx,
                                               const struct umm_onnx_operand *operand,
                                               bool any_number, int32_t *value,
                                               struct umm_error *err);
UMM_MUST_USE enum umm_status umm_onnx_row(struct umm_onnx *onnx,
                                          const struct umm_onnx_operand *operand, bool any_number,
                                          int32_t *value, struct umm_error *err);

/* The value of doubles that the operand is; floats are cast. */
UMM_MUST_USE enum umm_status umm_onnx_doubles(struct umm_onnx *onnx,
                                              const struct umm_onnx_operand *operand,
                                              int32_t *value, struct umm_error *err);

uint32_t umm_onnx_width(const struct umm_onnx *onnx, int32_t value);

/* Input number i of onnx->node, ABSENT if it has not so many; and what the refusal calls it. */
const struct umm_onnx_operand *umm_onnx_input(const struct umm_onnx *onnx, uint32_t i);

/* Output number i, if the node has it, is a value of that shape, a matrix, a constant. */
void umm_onnx_output(struct umm_onnx *onnx, uint32_t i, int32_t value,
                     const struct umm_onnx_operand *like);
void umm_onnx_output_row(struct umm_onnx *onnx, uint32_t i, int32_t value, int32_t type);
void umm_onnx_output_constant(struct umm_onnx *onnx, uint32_t i,
                              struct umm_onnx_constant *constant);

/* ---- operators ---------------------------------------------------------------------- */

/* Build what onnx->node says, and say what its outputs are. */
typedef enum umm_status umm_onnx_operator(struct umm_onnx *onnx, struct umm_error *err);

/* reader_ops.c: the node's operator, or NULL. */
umm_onnx_operator *umm_onnx_find_operator(struct umm_onnx *onnx);

umm_onnx_operator umm_onnx_op_add, umm_onnx_op_sub, umm_onnx_op_mul, umm_onnx_op_div;
umm_onnx_operator umm_onnx_op_gemm, umm_onnx_op_matmul, umm_onnx_op_linear_regressor;
umm_onnx_operator umm_onnx_op_linear_classifier;
umm_onnx_operator umm_onnx_op_quantize, umm_onnx_op_dequantize, umm_onnx_op_qlinear_matmul;
umm_onnx_operator umm_onnx_op_qgemm, umm_onnx_op_row_quantize, umm_onnx_op_matmul_integer;
umm_onnx_operator umm_onnx_op_row_matmul;
umm_onnx_operator umm_onnx_op_reshape, umm_onnx_op_flatten, umm_onnx_op_squeeze;
umm_onnx_operator umm_onnx_op_unsqueeze, umm_onnx_op_transpose, umm_onnx_op_concat;
umm_onnx_operator umm_onnx_op_slice, umm_onnx_op_gather, umm_onnx_op_feature_extractor,
    umm_onnx_op_cast;
umm_onnx_operator umm_onnx_op_cast_like, umm_onnx_op_feature_vectorizer;
umm_onnx_operator umm_onnx_op_scaler, umm_onnx_op_normalizer, umm_onnx_op_zipmap;
umm_onnx_operator umm_onnx_op_tree_classifier, umm_onnx_op_tree_regressor;

/* reader_quant.c: a Mul or a Cast on the way to a dynamic layer; *is_done: it was one. */
UMM_MUST_USE enum umm_status umm_onnx_row_mul(struct umm_onnx *onnx, bool *is_done,
                                              struct umm_error *err);
bool umm_onnx_row_cast(struct umm_onnx *onnx, int32_t to);

/* ---- reader_dense.c ----------------------------------------------------------------- */

/* Weights of a layer: a constant of n_in x n_out numbers, or the other way round. */
struct umm_onnx_weights {
    struct umm_onnx_constant *constant;
    bool is_out_first;
    uint64_t n_in, n_out;
};
UMM_MUST_USE enum umm_status umm_onnx_weights(struct umm_onnx *onnx,
                                              const struct umm_onnx_operand *operand,
                                              bool is_out_first, struct umm_onnx_weights *weights,
                                              struct umm_error *err);

/*
 * As an I8 tensor, n_out x n_in: `weights` has INT8 or UINT8, scale 1 or n_out numbers, zero_point
 * too, or is NULL.
 */
UMM_MUST_USE enum umm_status umm_onnx_weights_i8(struct umm_onnx *onnx,
                                                 const struct umm_onnx_weights *weights,
                                                 struct umm_onnx_constant *scale,
                                                 struct umm_onnx_constant *zero_point,
                                                 struct umm_tensor **tensor, struct umm_error *err);

/* ---- reader_ml.c -------------------------------------------------------------------- */

enum umm_onnx_post { UMM_ONNX_NONE, UMM_ONNX_LOGISTIC, UMM_ONNX_SOFTMAX, UMM_ONNX_SOFTMAX_ZERO };

/* The attribute post_transform, and what it makes of scores. */
UMM_MUST_USE enum umm_status
umm_onnx_post_transform(struct umm_onnx *onnx, enum umm_onnx_post *post, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_onnx_transform(struct umm_onnx *onnx, enum umm_onnx_post post,
                                                int32_t scores, int32_t *value,
                                                struct umm_error *err);

/* (1 - score, score), of one score for two classes. */
UMM_MUST_USE enum umm_status umm_onnx_complement(struct umm_onnx *onnx, int32_t score,
                                                 int32_t *value, struct umm_error *err);

/* How many class labels the node has; 0 for none. */
UMM_MUST_USE enum umm_status umm_onnx_n_labels(struct umm_onnx *onnx, uint32_t *n,
                                               struct umm_error *err);

#endif
