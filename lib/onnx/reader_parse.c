/* SPDX-License-Identifier: MIT */
/* Messages of an ONNX file. Numbers of fields are those of onnx.proto, as their names say. */
#include "onnx/reader.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

static enum umm_status damaged(struct umm_error *err, const char *what)
{
    return umm_error_set(err, UMM_ERR_DATA, "damaged: the message of %s is cut or overwritten",
                         what);
}

/* What operators mean is checked up to these versions: a later one may change it. */
enum { OPSET_LAST = 25, OPSET_ML_LAST = 5 };

static enum umm_status check_opset(int64_t version, int64_t last, const char *domain,
                                   struct umm_error *err)
{
    if (version <= last)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                         "it is of opset %" PRId64 "%s: operators are known up to %" PRId64,
                         version, domain, last);
}

/* ---- the model ---------------------------------------------------------------------- */

static enum umm_status parse_opset(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                   struct umm_error *err)
{
    enum { DOMAIN = 1, VERSION = 2 };
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    struct umm_protobuf_bytes domain = {0};
    int64_t version = 0;
    while (umm_protobuf_next(&in, &field)) {
        if (field.number == DOMAIN)
            domain = field.bytes;
        else if (field.number == VERSION)
            version = (int64_t)field.value;
    }
    if (domain.len == 0 || umm_protobuf_is_text(domain, "ai.onnx"))
        onnx->opset = version;
    else if (umm_protobuf_is_text(domain, "ai.onnx.ml"))
        onnx->opset_ml = version;
    if (in.is_damaged)
        return damaged(err, "a set of operators");
    enum umm_status status = check_opset(onnx->opset, OPSET_LAST, "", err);
    return status ? status : check_opset(onnx->opset_ml, OPSET_ML_LAST, " of ai.onnx.ml", err);
}

enum umm_status umm_onnx_parse_model(struct umm_onnx *onnx, struct umm_onnx_model *model,
                                     struct umm_error *err)
{
    enum { IR_VERSION = 1, PRODUCER_NAME = 2, GRAPH = 7, OPSET_IMPORT = 8 };
    enum umm_status status = UMM_OK;
    unsigned n_graphs = 0;
    struct umm_protobuf in = umm_protobuf_open(onnx->file);
    struct umm_protobuf_field field;
    *model = (struct umm_onnx_model){0};
    while (!status && umm_protobuf_next(&in, &field)) {
        if (field.number == IR_VERSION && field.wire == UMM_PROTOBUF_VARINT)
            model->ir_version = (int64_t)field.value;
        else if (field.number == PRODUCER_NAME)
            model->producer = field.bytes;
        else if (field.number == OPSET_IMPORT)
            status = parse_opset(onnx, field.bytes, err);
        if (field.number != GRAPH)
            continue;
        model->graph = field.bytes;
        n_graphs++;
    }
    if (status)
        return status;
    if (in.is_damaged || n_graphs != 1 || model->ir_version <= 0)
        return umm_error_set(err, UMM_ERR_DATA, "is no ONNX or TensorFlow Lite model, or damaged");
    return UMM_OK;
}

/* ---- inputs and outputs ------------------------------------------------------------- */

/* A dimension's size; 0 where it has a name, or nothing. */
static enum umm_status parse_dim(struct umm_protobuf_bytes message, uint64_t *size,
                                 struct umm_error *err)
{
    enum { DIM_VALUE = 1 };
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    *size = 0;
    while (umm_protobuf_next(&in, &field))
        if (field.number == DIM_VALUE && field.wire == UMM_PROTOBUF_VARINT)
            *size = (int64_t)field.value > 0 ? field.value : 0;
    return in.is_damaged ? damaged(err, "a dimension") : UMM_OK;
}

static enum umm_status parse_shape(struct umm_protobuf_bytes message,
                                   struct umm_onnx_declared *declared, struct umm_error *err)
{
    enum { DIM = 1 };
    enum umm_status status = UMM_OK;
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    declared->has_shape = true;
    declared->n_dims = 0;
    while (!status && umm_protobuf_next(&in, &field)) {
        if (field.number != DIM)
            continue;
        if (declared->n_dims == UMM_ONNX_DIMS_MAX)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED, "more than %d dimensions",
                                 UMM_ONNX_DIMS_MAX);
        status = parse_dim(field.bytes, &declared->dims[declared->n_dims++], err);
    }
    return !status && in.is_damaged ? damaged(err, "a shape") : status;
}

static enum umm_status parse_type(struct umm_protobuf_bytes message,
                                  struct umm_onnx_declared *declared, struct umm_error *err)
{
    enum { TENSOR_TYPE = 1, ELEM_TYPE = 1, SHAPE = 2 };
    enum umm_status status = UMM_OK;
    struct umm_protobuf_bytes tensor = {0};
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    while (umm_protobuf_next(&in, &field)) {
        if (field.number != TENSOR_TYPE)
            continue;
        tensor = field.bytes;
        declared->is_tensor = true;
    }
    if (in.is_damaged)
        return damaged(err, "a type");
    in = umm_protobuf_open(tensor);
    while (!status && umm_protobuf_next(&in, &field)) {
        if (field.number == ELEM_TYPE)
            declared->type = field.value <= INT32_MAX ? (int32_t)field.value : 0;
        else if (field.number == SHAPE)
            status = parse_shape(field.bytes, declared, err);
    }
    return !status && in.is_damaged ? damaged(err, "a type") : status;
}

enum umm_status umm_onnx_parse_declared(struct umm_protobuf_bytes message,
                                        struct umm_onnx_declared *declared, struct umm_error *err)
{
    enum { NAME = 1, TYPE = 2 };
    enum umm_status status = UMM_OK;
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    *declared = (struct umm_onnx_declared){0};
    while (!status && umm_protobuf_next(&in, &field)) {
        if (field.number == NAME)
            declared->name = field.bytes;
        else if (field.number == TYPE)
            status = parse_type(field.bytes, declared, err);
    }
    return !status && in.is_damaged ? damaged(err, "an input or output") : status;
}

/* ---- constants ---------------------------------------------------------------------- */

static enum umm_status parse_dims(struct umm_onnx_constant *constant, struct umm_error *err)
{
    enum { DIMS = 1 };
    uint64_t dim;
    struct umm_protobuf_numbers dims =
        umm_protobuf_numbers(constant->message, DIMS, UMM_PROTOBUF_VARINT);
    constant->n = 1;
    while (umm_protobuf_number(&dims, &dim)) {
        if (constant->n_dims == UMM_ONNX_DIMS_MAX)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a constant of more than %d dimensions",
                                 UMM_ONNX_DIMS_MAX);
        if (dim > UMM_GRAPH_ELEMENTS_MAX || (dim && constant->n > UMM_GRAPH_ELEMENTS_MAX / dim))
            return umm_error_set(err, UMM_ERR_DATA, "a constant of more than %d numbers",
                                 UMM_GRAPH_ELEMENTS_MAX);
        constant->dims[constant->n_dims++] = dim;
        constant->n *= dim;
    }
    return dims.message.is_damaged ? damaged(err, "a constant") : UMM_OK;
}

enum umm_status umm_onnx_parse_tensor(struct umm_protobuf_bytes message,
                                      struct umm_onnx_constant *constant,
                                      struct umm_protobuf_bytes *name, struct umm_error *err)
{
    enum { DATA_TYPE = 2, SEGMENT = 3, NAME = 8 };
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    *constant = (struct umm_onnx_constant){.message = message};
    *name = (struct umm_protobuf_bytes){0};
    while (umm_protobuf_next(&in, &field)) {
        if (field.number == DATA_TYPE)
            constant->type = field.value <= INT32_MAX ? (int32_t)field.value : 0;
        else if (field.number == NAME)
            *name = field.bytes;
        else if (field.number == SEGMENT)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a constant in segments");
    }
    return in.is_damaged ? damaged(err, "a constant") : parse_dims(constant, err);
}

/* ---- nodes -------------------------------------------------------------------------- */

static enum umm_status parse_attribute(struct umm_protobuf_bytes message,
                                       struct umm_onnx_attribute *attribute, struct umm_error *err)
{
    enum { NAME = 1, F = 2, I = 3, S = 4, T = 5, TYPE = 20 };
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    *attribute = (struct umm_onnx_attribute){.message = message};
    while (umm_protobuf_next(&in, &field)) {
        const uint32_t bits = (uint32_t)field.value;
        if (field.number == NAME)
            attribute->name = field.bytes;
        else if (field.number == F && field.wire == UMM_PROTOBUF_FIXED32)
            memcpy(&attribute->number, &bits, sizeof bits);
        else if (field.number == I)
            attribute->integer = (int64_t)field.value;
        else if (field.number == S)
            attribute->text = field.bytes;
        else if (field.number == T)
            attribute->tensor = field.bytes;
        else if (field.number == TYPE)
            attribute->type = field.value;
    }
    return in.is_damaged ? damaged(err, "an attribute") : UMM_OK;
}

static enum umm_status add_attribute(struct umm_onnx_node *node, struct umm_protobuf_bytes message,
                                     struct umm_error *err)
{
    if (node->n_attributes == UMM_ONNX_ATTRIBUTES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "node %" PRIu32 " has more than %d attributes", node->place,
                             UMM_ONNX_ATTRIBUTES_MAX);
    struct umm_onnx_attribute *made = &node->attributes[node->n_attributes];
    enum umm_status status = parse_attribute(message, made, err);
    for (uint32_t i = 0; !status && i < node->n_attributes; i++) {
        const struct umm_protobuf_bytes other = node->attributes[i].name;
        if (other.len == made->name.len &&
            (!other.len || memcmp(other.at, made->name.at, other.len) == 0))
            status = umm_error_set(err, UMM_ERR_DATA, "node %" PRIu32 " has an attribute twice",
                                   node->place);
    }
    if (!status)
        node->n_attributes++;
    return status;
}

static enum umm_status add_name(struct umm_onnx_operand *list, uint32_t *n, uint32_t place,
                                struct umm_protobuf_bytes name, struct umm_error *err)
{
    if (*n == UMM_GRAPH_INPUTS_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "node %" PRIu32 " has more than %d inputs or outputs", place,
                             UMM_GRAPH_INPUTS_MAX);
    list[(*n)++] = (struct umm_onnx_operand){.name = name};
    return UMM_OK;
}

/* The operator's name with its domain, unless that is one of ONNX's own. */
static void name_operator(struct umm_onnx_node *node)
{
    char domain[UMM_ONNX_NAME_MAX / 2], op[UMM_ONNX_NAME_MAX / 2];
    umm_onnx_text(op, sizeof op, node->op_type);
    umm_onnx_text(domain, sizeof domain, node->domain);
    const bool is_own = strcmp(domain, "") == 0 || strncmp(domain, "ai.onnx", 7) == 0;
    const size_t len = is_own ? 0 : strlen(domain);
    memcpy(node->op_text, domain, len);
    node->op_text[len] = '.';
    memcpy(node->op_text + len + !is_own, op, strlen(op) + 1);
    node->op_name = node->op_text;
    umm_onnx_text(node->name_text, sizeof node->name_text, node->name);
}

enum umm_status umm_onnx_parse_node(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                    uint32_t place, struct umm_error *err)
{
    enum { INPUT = 1, OUTPUT = 2, NAME = 3, OP_TYPE = 4, ATTRIBUTE = 5, DOMAIN = 7 };
    enum umm_status status = UMM_OK;
    struct umm_onnx_node *node = &onnx->node;
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    node->place = place;
    node->name = node->op_type = node->domain = (struct umm_protobuf_bytes){0};
    node->n_inputs = node->n_outputs = node->n_attributes = 0;
    while (!status && umm_protobuf_next(&in, &field)) {
        if (field.number == INPUT)
            status = add_name(node->inputs, &node->n_inputs, place, field.bytes, err);
        else if (field.number == OUTPUT)
            status = add_name(node->outputs, &node->n_outputs, place, field.bytes, err);
        else if (field.number == NAME)
            node->name = field.bytes;
        else if (field.number == OP_TYPE)
            node->op_type = field.bytes;
        else if (field.number == DOMAIN)
            node->domain = field.bytes;
        else if (field.number == ATTRIBUTE)
            status = add_attribute(node, field.bytes, err);
    }
    name_operator(node);
    return !status && in.is_damaged ? damaged(err, "a node") : status;
}

/* ---- attributes --------------------------------------------------------------------- */

const struct umm_onnx_attribute *umm_onnx_attribute(const struct umm_onnx_node *node,
                                                    const char *name)
{
    for (uint32_t i = 0; i < node->n_attributes; i++)
        if (umm_protobuf_is_text(node->attributes[i].name, name))
            return &node->attributes[i];
    return NULL;
}

int64_t umm_onnx_integer(const struct umm_onnx_node *node, const char *name, int64_t otherwise)
{
    const struct umm_onnx_attribute *attribute = umm_onnx_attribute(node, name);
    return attribute ? attribute->integer : otherwise;
}

float umm_onnx_number(const struct umm_onnx_node *node, const char *name, float otherwise)
{
    const struct umm_onnx_attribute *attribute = umm_onnx_attribute(node, name);
    return attribute ? attribute->number : otherwise;
}

/* *n numbers of a repeated field, each in as many of the low bytes as each_bytes, in *list. */
static enum umm_status read_list(struct umm_onnx *onnx, const char *name, uint32_t number,
                                 enum umm_protobuf_wire wire, size_t each_bytes, void *list,
                                 uint32_t *n, struct umm_error *err)
{
    const struct umm_onnx_attribute *attribute = umm_onnx_attribute(&onnx->node, name);
    uint64_t value, count = 0;
    uint8_t *at = NULL;
    *n = 0;
    memcpy(list, &at, sizeof at);
    if (!attribute)
        return UMM_OK;
    struct umm_protobuf_numbers numbers = umm_protobuf_numbers(attribute->message, number, wire);
    while (umm_protobuf_number(&numbers, &value))
        count++;
    if (numbers.message.is_damaged || count > UINT32_MAX)
        return damaged(err, "a list of numbers");
    if (count == 0)
        return UMM_OK;
    enum umm_status status = umm_onnx_alloc(onnx, count, each_bytes, list, err);
    if (status)
        return status;
    memcpy(&at, list, sizeof at);
    numbers = umm_protobuf_numbers(attribute->message, number, wire);
    for (uint64_t i = 0; i < count && umm_protobuf_number(&numbers, &value); i++) {
        const uint32_t low = (uint32_t)value;
        memcpy(at + i * each_bytes, each_bytes == sizeof low ? (const void *)&low : &value,
               each_bytes);
    }
    *n = (uint32_t)count;
    return UMM_OK;
}

enum umm_status umm_onnx_integers(struct umm_onnx *onnx, const char *name, int64_t **list,
                                  uint32_t *n, struct umm_error *err)
{
    enum { INTS = 8 };
    return read_list(onnx, name, INTS, UMM_PROTOBUF_VARINT, sizeof **list, (void *)list, n, err);
}

enum umm_status umm_onnx_numbers(struct umm_onnx *onnx, const char *name, float **list, uint32_t *n,
                                 struct umm_error *err)
{
    enum { FLOATS = 7 };
    return read_list(onnx, name, FLOATS, UMM_PROTOBUF_FIXED32, sizeof **list, (void *)list, n, err);
}

enum umm_status umm_onnx_texts(struct umm_onnx *onnx, const char *name,
                               struct umm_protobuf_bytes **list, uint32_t *n, struct umm_error *err)
{
    enum { STRINGS = 9 };
    const struct umm_onnx_attribute *attribute = umm_onnx_attribute(&onnx->node, name);
    struct umm_protobuf_field field;
    uint32_t count = 0;
    *list = NULL;
    *n = 0;
    if (!attribute)
        return UMM_OK;
    struct umm_protobuf in = umm_protobuf_open(attribute->message);
    while (umm_protobuf_next(&in, &field))
        count += field.number == STRINGS;
    enum umm_status status = count ? umm_onnx_alloc(onnx, count, sizeof **list, list, err) : UMM_OK;
    in = umm_protobuf_open(attribute->message);
    while (!status && umm_protobuf_next(&in, &field))
        if (field.number == STRINGS)
            (*list)[(*n)++] = field.bytes;
    return status;
}
