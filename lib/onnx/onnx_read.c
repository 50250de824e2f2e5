/* SPDX-License-Identifier: MIT */
/* An ONNX file to a graph: one pass over the messages of its graph for each kind of them. */
#include "onnx/onnx.h"

#include "base/error.h"
#include "base/hash.h"
#include "onnx/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of fields of GraphProto. */
enum { NODE = 1, INITIALIZER = 5, INPUT = 11, OUTPUT = 12, SPARSE_INITIALIZER = 15 };

typedef enum umm_status read_message(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                     uint32_t place, struct umm_error *err);

/* Call read for each message of that field; place counts them. */
static enum umm_status for_each(struct umm_onnx *onnx, struct umm_protobuf_bytes graph,
                                uint32_t number, read_message *read, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    uint32_t place = 0;
    struct umm_protobuf in = umm_protobuf_open(graph);
    struct umm_protobuf_field field;
    while (!status && umm_protobuf_next(&in, &field))
        if (field.number == number)
            status = read(onnx, field.bytes, place++, err);
    return status;
}

/* ---- constants ---------------------------------------------------------------------- */

static enum umm_status read_constant(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                     uint32_t place, struct umm_error *err)
{
    struct umm_onnx_operand operand = {.kind = UMM_ONNX_CONSTANT};
    (void)place;
    enum umm_status status =
        umm_onnx_alloc(onnx, 1, sizeof *operand.constant, &operand.constant, err);
    if (!status)
        status = umm_onnx_parse_tensor(message, operand.constant, &operand.name, err);
    return status ? status : umm_onnx_name(onnx, &operand, err);
}

static enum umm_status refuse_sparse(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                     uint32_t place, struct umm_error *err)
{
    (void)onnx;
    (void)message;
    (void)place;
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "sparse constants are not supported");
}

/* ---- inputs ------------------------------------------------------------------------- */

static bool graph_type(int32_t type, enum umm_graph_type *found)
{
    switch (type) {
    case UMM_ONNX_FLOAT: *found = UMM_GRAPH_F32; return true;
    case UMM_ONNX_DOUBLE: *found = UMM_GRAPH_F64; return true;
    case UMM_ONNX_INT8: *found = UMM_GRAPH_I8; return true;
    case UMM_ONNX_UINT8: *found = UMM_GRAPH_U8; return true;
    case UMM_ONNX_INT32: *found = UMM_GRAPH_I32; return true;
    case UMM_ONNX_INT64: *found = UMM_GRAPH_I64; return true;
    case UMM_ONNX_BOOL: *found = UMM_GRAPH_BOOL; return true;
    default: return false;
    }
}

/* Rows are the first dimension: [N, k], or [N] of one number each, where N is not told. */
static enum umm_status check_input(const struct umm_onnx_declared *declared, const char *shown,
                                   uint64_t *width, struct umm_error *err)
{
    *width = 1;
    if (!declared->is_tensor || !declared->has_shape)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "input \"%s\" is not declared as a tensor of some shape", shown);
    if (declared->n_dims == 0 || (declared->n_dims == 1 && declared->dims[0]))
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "input \"%s\" has %" PRIu32
                             " dimensions: a model of rows has [rows, numbers of a row]",
                             shown, declared->n_dims);
    for (uint32_t i = 1; i < declared->n_dims; i++) {
        if (declared->dims[i] == 0)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "input \"%s\" does not tell how many numbers a row has", shown);
        if (declared->dims[i] > UMM_GRAPH_WIDTH_MAX ||
            (*width *= declared->dims[i]) > UMM_GRAPH_WIDTH_MAX)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "input \"%s\" has rows of more than %d numbers", shown,
                                 UMM_GRAPH_WIDTH_MAX);
    }
    return UMM_OK;
}

/* All inputs that tell how many rows there are tell the same. */
static enum umm_status set_batch(struct umm_onnx *onnx, uint64_t n_rows, struct umm_error *err)
{
    if (n_rows && onnx->batch && n_rows != onnx->batch)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "inputs of %" PRIu64 " and %" PRIu64 " rows: this is no model of rows",
                             onnx->batch, n_rows);
    onnx->batch = n_rows ? n_rows : onnx->batch;
    return UMM_OK;
}

/* A quantised input has a scale that its first reader tells; until then it is 1. */
static enum umm_status add_input(struct umm_onnx *onnx, const struct umm_onnx_declared *declared,
                                 uint64_t width, struct umm_error *err)
{
    char name[UMM_ONNX_NAME_MAX], shown[UMM_EXCERPT_MAX];
    struct umm_graph_value value = {.width = (uint32_t)width, .scale = 1};
    struct umm_onnx_operand operand = {.name = declared->name,
                                       .type = declared->type,
                                       .n_dims = declared->n_dims,
                                       .input = onnx->graph->n_inputs};
    if (!graph_type(declared->type, &value.type))
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "input \"%s\" is %s",
                             umm_onnx_shown(shown, declared->name),
                             umm_onnx_type_name(declared->type));
    const bool is_quantized = value.type == UMM_GRAPH_I8 || value.type == UMM_GRAPH_U8;
    operand.kind = is_quantized ? UMM_ONNX_PENDING : UMM_ONNX_VALUE;
    for (uint32_t i = 1; i < declared->n_dims; i++)
        operand.dims[i] = (uint32_t)declared->dims[i];
    value.name = umm_onnx_text(name, sizeof name, declared->name);
    enum umm_status status = umm_graph_add_value(onnx->graph, &value, &operand.value, err);
    if (!status)
        status = umm_graph_add_input(onnx->graph, operand.value, err);
    return status ? status : umm_onnx_name(onnx, &operand, err);
}

/* Old files declare their constants as inputs also. */
static enum umm_status read_input(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                  uint32_t place, struct umm_error *err)
{
    struct umm_onnx_declared declared;
    char shown[UMM_EXCERPT_MAX];
    uint64_t width = 0;
    (void)place;
    enum umm_status status = umm_onnx_parse_declared(message, &declared, err);
    if (status)
        return status;
    const struct umm_onnx_operand *known = umm_onnx_find(&onnx->names, declared.name);
    if (known && known->kind == UMM_ONNX_CONSTANT)
        return UMM_OK;
    status = check_input(&declared, umm_onnx_shown(shown, declared.name), &width, err);
    if (!status)
        status = set_batch(onnx, declared.dims[0], err);
    return status ? status : add_input(onnx, &declared, width, err);
}

/* ---- nodes -------------------------------------------------------------------------- */

/* Keep the message of a refusal; of many, later ones share the last. */
static enum umm_status keep_refusal(struct umm_onnx *onnx, const struct umm_error *refusal,
                                    enum umm_onnx_weight weight, uint32_t *index,
                                    struct umm_error *err)
{
    if (onnx->n_refusals < UMM_ONNX_REFUSALS_MAX) {
        char *message = umm_arena_copy_text(&onnx->memory, refusal->message);
        if (!message)
            return umm_error_set_memory(err, sizeof refusal->message, "a message");
        onnx->refusals[onnx->n_refusals++] = (struct umm_onnx_refusal){message, weight};
    }
    *index = onnx->n_refusals - 1;
    return UMM_OK;
}

/* Inputs by their names. An empty name is one that is not given. */
static enum umm_status find_inputs(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_onnx_node *node = &onnx->node;
    char shown[UMM_EXCERPT_MAX];
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i].name.len == 0)
            continue;
        const struct umm_onnx_operand *found = umm_onnx_find(&onnx->names, node->inputs[i].name);
        if (!found)
            return umm_onnx_wrong(onnx, err, "nothing before it makes its input \"%s\"",
                                  umm_onnx_shown(shown, node->inputs[i].name));
        node->inputs[i] = *found;
    }
    return UMM_OK;
}

/* What a node reads: whether there are values, and the refusal that tells most. */
struct reading {
    bool has_value, has_label, is_refused;
    uint32_t refusal;
};

static struct reading look_at_inputs(const struct umm_onnx *onnx)
{
    struct reading reading = {0};
    for (uint32_t i = 0; i < onnx->node.n_inputs; i++) {
        const struct umm_onnx_operand *input = &onnx->node.inputs[i];
        if (input->kind == UMM_ONNX_LABEL) {
            reading.has_label = true;
        } else if (input->kind == UMM_ONNX_REFUSED) {
            const enum umm_onnx_weight is = onnx->refusals[input->refusal].weight;
            if (!reading.is_refused || is > onnx->refusals[reading.refusal].weight)
                reading.refusal = input->refusal;
            reading.is_refused = true;
        } else if (input->kind != UMM_ONNX_CONSTANT && input->kind != UMM_ONNX_ABSENT) {
            reading.has_value = true;
        }
    }
    return reading;
}

static void set_outputs(struct umm_onnx *onnx, enum umm_onnx_kind kind, uint32_t refusal)
{
    for (uint32_t i = 0; i < onnx->node.n_outputs; i++) {
        onnx->node.outputs[i].kind = kind;
        onnx->node.outputs[i].refusal = refusal;
    }
}

/* Refuse the node, so that its outputs are REFUSED. */
static enum umm_status refuse_node(struct umm_onnx *onnx, const struct umm_error *refusal,
                                   enum umm_onnx_weight weight, struct umm_error *err)
{
    uint32_t index = 0;
    enum umm_status status = keep_refusal(onnx, refusal, weight, &index, err);
    set_outputs(onnx, UMM_ONNX_REFUSED, index);
    return status;
}

/* Call the operator. Labels stay labels, and what is refused stays so. */
static enum umm_status build_node(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_error inner = {0};
    const struct reading reading = look_at_inputs(onnx);
    umm_onnx_operator *build = umm_onnx_find_operator(onnx);
    const bool is_of_constants =
        !reading.has_value &&
        (!reading.is_refused || onnx->refusals[reading.refusal].weight == UMM_ONNX_OF_CONSTANTS);
    const enum umm_onnx_weight weight = is_of_constants ? UMM_ONNX_OF_CONSTANTS
                                        : build         ? UMM_ONNX_OF_USE
                                                        : UMM_ONNX_OF_OPERATOR;
    if (reading.is_refused && (build || weight <= onnx->refusals[reading.refusal].weight)) {
        set_outputs(onnx, UMM_ONNX_REFUSED, reading.refusal);
        return UMM_OK;
    }
    if (reading.has_label && !reading.has_value && !reading.is_refused) {
        set_outputs(onnx, UMM_ONNX_LABEL, 0);
        return UMM_OK;
    }
    enum umm_status status = build
                                 ? build(onnx, &inner)
                                 : umm_graph_refuse(&inner, onnx->node.place, onnx->node.name_text,
                                                    onnx->node.op_name, NULL);
    if (status == UMM_ERR_UNSUPPORTED)
        return refuse_node(onnx, &inner, weight, err);
    if (status && err)
        *err = inner;
    return status;
}

/* An output that the operator left alone, such as the mask of a Dropout, is refused. */
static enum umm_status name_outputs(struct umm_onnx *onnx, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < onnx->node.n_outputs; i++) {
        struct umm_onnx_operand *output = &onnx->node.outputs[i];
        if (output->kind == UMM_ONNX_ABSENT && output->name.len) {
            struct umm_error refusal = {0};
            (void)umm_onnx_refuse(onnx, &refusal, "output %" PRIu32 " of it", i);
            status = keep_refusal(onnx, &refusal, UMM_ONNX_OF_USE, &output->refusal, err);
            output->kind = UMM_ONNX_REFUSED;
        }
        if (!status && output->name.len)
            status = umm_onnx_name(onnx, output, err);
    }
    return status;
}

static enum umm_status read_node(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                 uint32_t place, struct umm_error *err)
{
    if (place >= UMM_GRAPH_NODES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "more than %d nodes", UMM_GRAPH_NODES_MAX);
    enum umm_status status = umm_onnx_parse_node(onnx, message, place, err);
    if (!status)
        status = find_inputs(onnx, err);
    if (!status)
        status = build_node(onnx, err);
    return status ? status : name_outputs(onnx, err);
}

/* ---- outputs ------------------------------------------------------------------------ */

/* The value has that name from now on, unless it has one: then a cast to its own type has. */
static enum umm_status name_value(struct umm_onnx *onnx, struct umm_protobuf_bytes name,
                                  int32_t *value, struct umm_error *err)
{
    char text[UMM_ONNX_NAME_MAX];
    const char *copy = "";
    struct umm_graph_value *is = &onnx->graph->values[*value];
    umm_onnx_text(text, sizeof text, name);
    if (strcmp(is->name, text) == 0)
        return UMM_OK;
    enum umm_status status = umm_graph_string(onnx->graph, text, strlen(text), &copy, err);
    if (!status && *is->name) {
        const struct umm_graph_value like = *is;
        const bool is_quantized = like.type == UMM_GRAPH_I8 || like.type == UMM_GRAPH_U8;
        struct umm_graph_node node =
            umm_onnx_begin(onnx, is_quantized ? UMM_OP_QUANTIZE : UMM_OP_CAST);
        const int32_t input = *value;
        node.name = "";
        node.op_name = "Identity";
        status = umm_onnx_add(onnx, &node, &input, 1, &like, value, err);
    }
    if (!status)
        onnx->graph->values[*value].name = copy;
    return status;
}

static bool is_label_type(const struct umm_onnx_declared *declared)
{
    return declared->type == UMM_ONNX_INT64 || declared->type == UMM_ONNX_INT32 ||
           declared->type == UMM_ONNX_STRING || declared->type == UMM_ONNX_BOOL;
}

static enum umm_status read_output(struct umm_onnx *onnx, struct umm_protobuf_bytes message,
                                   uint32_t place, struct umm_error *err)
{
    struct umm_onnx_declared declared;
    char shown[UMM_EXCERPT_MAX];
    (void)place;
    enum umm_status status = umm_onnx_parse_declared(message, &declared, err);
    if (status)
        return status;
    const struct umm_onnx_operand *found = umm_onnx_find(&onnx->names, declared.name);
    umm_onnx_shown(shown, declared.name);
    if (!found)
        return umm_error_set(err, UMM_ERR_DATA, "nothing makes output \"%s\"", shown);
    if (found->kind == UMM_ONNX_LABEL ||
        (found->kind != UMM_ONNX_VALUE && is_label_type(&declared)))
        return UMM_OK;
    if (found->kind == UMM_ONNX_REFUSED)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "%s",
                             onnx->refusals[found->refusal].message);
    if (found->kind != UMM_ONNX_VALUE)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "output \"%s\" is not computed of rows",
                             shown);
    int32_t value = found->value;
    status = name_value(onnx, declared.name, &value, err);
    return status ? status : umm_graph_add_output(onnx->graph, value, err);
}

/* ---- all of it ---------------------------------------------------------------------- */

static enum umm_status check_inputs(const struct umm_onnx *onnx, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    if (onnx->graph->n_inputs == 0)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a model without inputs");
    if (onnx->graph->n_outputs == 0 && onnx->n_refusals)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "%s", onnx->refusals[0].message);
    if (onnx->graph->n_outputs == 0)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "a model whose outputs are labels: it computes no numbers");
    for (uint32_t i = 0; i < onnx->graph->n_inputs; i++) {
        const struct umm_graph_value *input = &onnx->graph->values[onnx->graph->inputs[i]];
        if ((input->type == UMM_GRAPH_I8 || input->type == UMM_GRAPH_U8) && !onnx->is_settled[i])
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "input \"%s\" is quantised, and nothing tells its scale",
                                 umm_escape(shown, sizeof shown, input->name, strlen(input->name)));
    }
    return UMM_OK;
}

static enum umm_status read_graph(struct umm_onnx *onnx, struct umm_protobuf_bytes graph,
                                  struct umm_error *err)
{
    if (!umm_protobuf_is_sound(graph))
        return umm_error_set(err, UMM_ERR_DATA,
                             "damaged: the message of its graph is cut or overwritten");
    enum umm_status status = for_each(onnx, graph, SPARSE_INITIALIZER, refuse_sparse, err);
    if (!status)
        status = for_each(onnx, graph, INITIALIZER, read_constant, err);
    if (!status)
        status = for_each(onnx, graph, INPUT, read_input, err);
    if (!status)
        status = for_each(onnx, graph, NODE, read_node, err);
    if (!status)
        status = for_each(onnx, graph, OUTPUT, read_output, err);
    return status ? status : check_inputs(onnx, err);
}

static enum umm_status read_model(struct umm_onnx *onnx, struct umm_error *err)
{
    struct umm_onnx_model model;
    enum umm_status status = umm_onnx_parse_model(onnx, &model, err);
    if (status)
        return status;
    umm_onnx_text(onnx->info->producer, sizeof onnx->info->producer, model.producer);
    onnx->info->version = model.ir_version;
    onnx->info->opset = onnx->opset;
    return read_graph(onnx, model.graph, err);
}

enum umm_status umm_onnx_read(const void *data, size_t len_bytes, const char *path,
                              struct umm_graph **graph, struct umm_modelfile_info *info,
                              struct umm_error *err)
{
    /* What constants take, decoded: a few times the file; of a small one, some MiB. */
    enum { ROOM_MIN = 1 << 22 };
    struct umm_onnx *onnx = calloc(1, sizeof *onnx);
    struct umm_onnx_operand *operands = calloc(2 * (size_t)UMM_GRAPH_INPUTS_MAX, sizeof *operands);
    struct umm_error inner = {0};
    enum umm_status status = UMM_OK;
    *graph = NULL;
    *info = (struct umm_modelfile_info){.format = UMM_MODELFILE_ONNX,
                                        .size_bytes = len_bytes,
                                        .hash = umm_hash64(data, len_bytes, 0)};
    if (!onnx || !operands) {
        status = umm_error_set_memory(&inner, sizeof *onnx, "a model");
    } else {
        onnx->path = path;
        onnx->file = (struct umm_protobuf_bytes){data, len_bytes};
        onnx->info = info;
        onnx->room_bytes = UMM_ONNX_ROOM_TIMES * (uint64_t)len_bytes + ROOM_MIN;
        onnx->node.inputs = operands;
        onnx->node.outputs = operands + UMM_GRAPH_INPUTS_MAX;
        status = umm_graph_new(&onnx->graph, &inner);
        if (!status)
            status = read_model(onnx, &inner);
        if (status)
            umm_graph_free(onnx->graph);
        else
            *graph = onnx->graph;
        umm_onnx_names_free(&onnx->names);
        umm_arena_close(&onnx->memory);
    }
    free(operands);
    free(onnx);
    if (status && !inner.path[0] && path)
        umm_error_at(&inner, path, 0, 0, 0);
    if (status && err)
        *err = inner;
    return status;
}
