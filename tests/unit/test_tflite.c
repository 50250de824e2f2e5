/* SPDX-License-Identifier: MIT */
/*
 * What is written is read back the same, bit for bit; what cannot be said exactly is refused, by
 * name; no damaged file is read outside its bytes. Whether other readers take the files and
 * compute the same, scripts/check-model-peers asks TensorFlow Lite itself.
 */
#include "modelfile/flatbuffer.h"
#include "modelfile/modelfile.h"
#include "modelfile/tflite.h"
#include "modelfile/tflite_fixed.h"
#include "modelfile/tflite_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tflite_models.h"

/* ---- FlatBuffers -------------------------------------------------------------- */

enum { FIELD_BYTE = 0, FIELD_NUMBER = 2, FIELD_CHILD = 3, FIELD_TEXT = 5, N_FIELDS = 4 };

static void build_small(void **data, size_t *len)
{
    struct umm_flat_builder builder;
    struct umm_flat_field fields[N_FIELDS] = {{FIELD_BYTE, 1, 200, 0},
                                              {FIELD_NUMBER, 4, 0xfffffff0, 0},
                                              {FIELD_CHILD, 4, 0, 0},
                                              {FIELD_TEXT, 4, 0, 0}};
    const int64_t wide[] = {-1, INT64_C(1) << 40};
    umm_flat_begin(&builder, "TEST");
    umm_flat_put_table(&builder, UMM_FLAT_ROOT_SLOT, fields, N_FIELDS);
    size_t ways = umm_flat_put_ways(&builder, fields[2].slot, 2);
    umm_flat_put_text(&builder, fields[3].slot, "text");
    struct umm_flat_field inner = {0, 4, 0, 0};
    umm_flat_put_table(&builder, ways, &inner, 1);
    umm_flat_put_vector(&builder, inner.slot, wide, 2, sizeof *wide, sizeof *wide);
    umm_flat_put_table(&builder, ways + 4, &inner, 1);
    umm_flat_put_vector(&builder, inner.slot, wide, 1, sizeof *wide, sizeof *wide);
    assert_int_equal(umm_flat_finish(&builder, data, len, NULL), UMM_OK);
}

static void built_is_read(void **state)
{
    (void)state;
    void *data;
    size_t len;
    build_small(&data, &len);
    struct umm_flat flat = umm_flat_open(data, len);
    struct umm_flat_table root = umm_flat_root(&flat, "TEST");
    assert_int_equal(umm_flat_bits(&flat, root, FIELD_BYTE, 1, 0), 200);
    assert_int_equal(umm_flat_i32(&flat, root, FIELD_NUMBER, 0), -16);
    assert_int_equal(umm_flat_i32(&flat, root, 1, 77), 77);
    assert_int_equal(umm_flat_i32(&flat, root, 900, 78), 78);
    struct umm_flat_vector text = umm_flat_vector(&flat, root, FIELD_TEXT, 1);
    assert_int_equal(text.n, 4);
    assert_memory_equal((char *)data + text.at, "text", 5);
    struct umm_flat_vector ways = umm_flat_vector(&flat, root, FIELD_CHILD, 4);
    assert_int_equal(ways.n, 2);
    struct umm_flat_table first = umm_flat_table_at(&flat, ways, 0);
    struct umm_flat_table second = umm_flat_table_at(&flat, ways, 1);
    assert_int_equal(first.vtable, second.vtable); /* written once */
    struct umm_flat_vector wide = umm_flat_vector(&flat, first, 0, 8);
    assert_int_equal(wide.n, 2);
    assert_int_equal(wide.at % 8, 0);
    assert_true(umm_flat_i64_at(&flat, wide, 0) == -1);
    assert_true(umm_flat_i64_at(&flat, wide, 1) == INT64_C(1) << 40);
    assert_null(flat.damage);
    free(data);
}

static void another_identifier_is_damage(void **state)
{
    (void)state;
    void *data;
    size_t len;
    build_small(&data, &len);
    struct umm_flat flat = umm_flat_open(data, len);
    assert_int_equal(umm_flat_root(&flat, "TSET").at, 0);
    assert_string_equal(flat.damage, "the file has another identifier");
    free(data);
}

/* ---- written and read ---------------------------------------------------------- */

static struct umm_graph *read_back(const void *data, size_t len)
{
    struct umm_graph *graph;
    struct umm_modelfile_info info;
    struct umm_error err = {0};
    if (umm_tflite_read(data, len, "model", &graph, &info, &err) != UMM_OK)
        fail_msg("%s", err.message);
    assert_int_equal(info.format, UMM_MODELFILE_TFLITE);
    assert_int_equal(info.size_bytes, len);
    assert_string_equal(info.producer, "umm " UMM_VERSION);
    return graph;
}

static void require_same_tensor(const struct umm_tensor *a, const struct umm_tensor *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (!a)
        return;
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->n_columns, b->n_columns);
    assert_int_equal(a->n_scales, b->n_scales);
    assert_memory_equal(a->data, b->data,
                        (size_t)a->n_rows * a->n_columns * umm_graph_type_bytes(a->type));
    if (a->n_scales)
        assert_memory_equal(a->scales, b->scales, a->n_scales * sizeof *a->scales);
}

static void require_same_value(const struct umm_graph_value *a, const struct umm_graph_value *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->width, b->width);
    if (a->type != UMM_GRAPH_F32) {
        assert_memory_equal(&a->scale, &b->scale, sizeof a->scale);
        assert_int_equal(a->zero_point, b->zero_point);
    }
}

static void require_same_node(const struct umm_graph *g, const struct umm_graph *h, uint32_t i)
{
    const struct umm_graph_node *a = &g->nodes[i], *b = &h->nodes[i];
    assert_int_equal(a->op, b->op);
    assert_int_equal(a->n_inputs, b->n_inputs);
    assert_int_equal(b->place, i);
    for (uint32_t j = 0; j < a->n_inputs; j++)
        require_same_value(&g->values[a->inputs[j]], &h->values[b->inputs[j]]);
    require_same_value(&g->values[a->output], &h->values[b->output]);
    require_same_tensor(a->weights, b->weights);
    require_same_tensor(a->bias, b->bias);
    require_same_tensor(a->constant, b->constant);
    assert_int_equal(a->is_constant_first, b->is_constant_first);
    assert_int_equal(a->is_dynamic, b->is_dynamic);
    assert_int_equal(a->is_asymmetric, b->is_asymmetric);
    assert_int_equal(a->is_by_reciprocal, b->is_by_reciprocal);
    if (a->op == UMM_OP_LEAKY_RELU)
        assert_memory_equal(&a->alpha, &b->alpha, sizeof a->alpha);
    if (a->op == UMM_OP_DENSE || a->op == UMM_OP_CLIP)
        assert_memory_equal(&a->limits, &b->limits, sizeof a->limits);
}

/* Write, read, compare; write again, and get the same bytes. Returns how many. */
static size_t go_round(struct umm_graph *graph)
{
    void *data, *again;
    size_t len, len_again;
    struct umm_error err = {0};
    if (umm_tflite_write(graph, &data, &len, &err) != UMM_OK)
        fail_msg("%s", err.message);
    struct umm_graph *back = read_back(data, len);
    assert_int_equal(back->n_nodes, graph->n_nodes);
    assert_int_equal(back->n_inputs, graph->n_inputs);
    assert_int_equal(back->n_outputs, graph->n_outputs);
    assert_true(back->n_parameters == graph->n_parameters);
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        require_same_node(graph, back, i);
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        require_same_value(&graph->values[graph->outputs[i]], &back->values[back->outputs[i]]);
    assert_int_equal(umm_tflite_write(back, &again, &len_again, NULL), UMM_OK);
    assert_int_equal(len, len_again);
    assert_memory_equal(data, again, len);
    free(data);
    free(again);
    umm_graph_free(back);
    umm_graph_free(graph);
    return len;
}

static void all_operators_go_round(void **state)
{
    (void)state;
    static const uint32_t widths[] = {9, 6, 5, 3};
    (void)go_round(all_floats(true, 0));
    (void)go_round(all_int8(LAYER_I8_PER_CHANNEL, 1.3371F, 0));
    for (enum layer_kind kind = LAYER_F32; kind <= LAYER_DYNAMIC_ASYMMETRIC; kind++)
        for (int ends = 0; ends < 2; ends++)
            (void)go_round(perceptron(kind, widths, 4, ends, 0));
}

/* By how much files of int8 are smaller, at least, in percent. */
static void int8_files_are_small(void **state)
{
    (void)state;
    static const struct {
        uint32_t widths[4];
        size_t percent;
    } nets[] = {{{32, 64, 64, 1}, 64}, {{32, 256, 256, 8}, 72}, {{128, 512, 512, 16}, 73}};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (int ends = 0; ends < 2; ends++) {
            size_t whole = go_round(perceptron(LAYER_F32, nets[i].widths, 4, false, 0));
            size_t small = go_round(perceptron(LAYER_I8, nets[i].widths, 4, ends, 0));
            assert_in_range(small, 1, whole * (100 - nets[i].percent) / 100);
        }
}

/* The version in the file of its operator number i. */
static int32_t version_of(const void *data, size_t len, uint32_t i)
{
    struct umm_flat flat = umm_flat_open(data, len);
    struct umm_flat_table model = umm_flat_root(&flat, UMM_TFLITE_IDENTIFIER);
    struct umm_flat_vector codes = umm_flat_vector(&flat, model, UMM_TFL_MODEL_OPERATOR_CODES, 4);
    assert_true(i < codes.n);
    struct umm_flat_table code = umm_flat_table_at(&flat, codes, i);
    return umm_flat_i32(&flat, code, UMM_TFL_CODE_VERSION, 1);
}

/* TensorFlow Lite refuses a version that it does not know: so they must be true. */
static void versions_are_those_of_tensorflow(void **state)
{
    (void)state;
    static const uint32_t widths[] = {4, 3};
    static const int32_t versions[] = {[LAYER_F32] = 1,
                                       [LAYER_I8] = 4,
                                       [LAYER_I8_PER_CHANNEL] = 12,
                                       [LAYER_DYNAMIC] = 3,
                                       [LAYER_DYNAMIC_ASYMMETRIC] = 9};
    for (enum layer_kind kind = LAYER_F32; kind <= LAYER_DYNAMIC_ASYMMETRIC; kind++) {
        struct umm_graph *graph = perceptron(kind, widths, 2, false, 0);
        void *data;
        size_t len;
        assert_int_equal(umm_tflite_write(graph, &data, &len, NULL), UMM_OK);
        assert_int_equal(version_of(data, len, 0), versions[kind]);
        free(data);
        umm_graph_free(graph);
    }
}

/* A layer without biases gets zeros, at the scale that int8 readers demand. */
static void no_bias_is_zeros(void **state)
{
    (void)state;
    for (int is_int8 = 0; is_int8 < 2; is_int8++) {
        struct builder builder = builder_new(0);
        enum umm_graph_type type = is_int8 ? UMM_GRAPH_I8 : UMM_GRAPH_F32;
        add_input(&builder, "x", type, 4);
        struct umm_graph_node node = {.op = UMM_OP_DENSE, .limits = {-INFINITY, INFINITY}};
        node.weights = is_int8 ? int8_weights(&builder, 3, 4, 1) : float_tensor(&builder, 3, 4);
        add_node(&builder, node, "y", type, 3, 0.5F, 0);
        must(umm_graph_add_output(builder.graph, builder.last, NULL));
        void *data;
        size_t len;
        assert_int_equal(umm_tflite_write(builder.graph, &data, &len, NULL), UMM_OK);
        struct umm_graph *back = read_back(data, len);
        const struct umm_tensor *bias = back->nodes[0].bias;
        static const int32_t zeros[3];
        assert_memory_equal(bias->data, zeros, sizeof zeros);
        assert_int_equal(bias->n_scales, is_int8);
        if (is_int8) {
            float scale = 0.03F * node.weights->scales[0];
            assert_memory_equal(bias->scales, &scale, sizeof scale);
        }
        free(data);
        umm_graph_free(back);
        umm_graph_free(builder.graph);
    }
}

/* Limits of int8 that no number reaches are none; others must be those of an activation. */
static void limits_become_activations(void **state)
{
    (void)state;
    static const struct {
        float low, high;
        int32_t zero_point;
        bool is_written;
    } cases[] = {{0, INFINITY, -128, true}, {-1000, 1000, 0, true}, {0, 1000, 0, true},
                 {0, 6, 0, true},           {-2, 2, 0, false},      {-1, 1, 3, true},
                 {0, 5, 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder builder = builder_new(0);
        add_input(&builder, "x", UMM_GRAPH_I8, 4);
        struct umm_graph_node node = {.op = UMM_OP_DENSE, .limits = {cases[i].low, cases[i].high}};
        node.weights = int8_weights(&builder, 3, 4, 1);
        add_node(&builder, node, "y", UMM_GRAPH_I8, 3, 0.5F, cases[i].zero_point);
        must(umm_graph_add_output(builder.graph, builder.last, NULL));
        void *data;
        size_t len;
        struct umm_error err = {0};
        enum umm_status status = umm_tflite_write(builder.graph, &data, &len, &err);
        assert_int_equal(status, cases[i].is_written ? UMM_OK : UMM_ERR_UNSUPPORTED);
        if (status)
            assert_string_equal(err.message,
                                "node 0 (dense): a TensorFlow Lite file cannot have it: its limits "
                                "are those of no fused activation");
        free(data);
        umm_graph_free(builder.graph);
    }
}

/* ---- files that converters make -------------------------------------------------- */

enum { TENSORS_MAX = 8, OPS_MAX = 4 };

/* A file by its lists: emitted as the writer does, with operators that it never writes. */
struct file {
    struct umm_tflite_out_tensor tensors[TENSORS_MAX];
    struct umm_tflite_out_op ops[OPS_MAX];
    int32_t inputs[2], outputs[2], lists[OPS_MAX][3];
    struct umm_tflite_out out;
};

static void file_init(struct file *file)
{
    *file = (struct file){.outputs = {-1, -1}};
    file->out.tensors = file->tensors;
    file->out.ops = file->ops;
    file->out.inputs = file->inputs;
    file->out.outputs = file->outputs;
    file->out.n_outputs = 1;
}

static int32_t file_value(struct file *file, enum umm_tflite_type type, int32_t n_rows,
                          int32_t width)
{
    file->tensors[file->out.n_tensors] = (struct umm_tflite_out_tensor){
        .name = "value", .type = type, .is_value = true, .n_dims = 2, .dims = {n_rows, width}};
    return (int32_t)file->out.n_tensors++;
}

static void file_scale(struct file *file, int32_t tensor, const float *scale, int64_t zero_point)
{
    file->tensors[tensor].scales = scale;
    file->tensors[tensor].n_scales = 1;
    file->tensors[tensor].zero_point = zero_point;
}

static void file_input(struct file *file, int32_t tensor)
{
    file->inputs[file->out.n_inputs++] = tensor;
}

static int32_t file_constant(struct file *file, enum umm_tflite_type type, int32_t n_rows,
                             int32_t n_columns, const void *bytes, size_t len)
{
    file->tensors[file->out.n_tensors] =
        (struct umm_tflite_out_tensor){.type = type,
                                       .n_dims = n_rows ? 2 : 1,
                                       .dims = {n_rows ? n_rows : n_columns, n_columns},
                                       .data = bytes,
                                       .n_data = len,
                                       .each_bytes = 1};
    return (int32_t)file->out.n_tensors++;
}

static struct umm_tflite_out_op *file_op(struct file *file, enum umm_tflite_code code, int32_t a,
                                         int32_t b, int32_t y)
{
    struct umm_tflite_out_op *op = &file->ops[file->out.n_ops];
    int32_t *inputs = file->lists[file->out.n_ops++];
    inputs[0] = a;
    inputs[1] = b;
    *op = (struct umm_tflite_out_op){
        .code = code, .version = 1, .n_inputs = b < 0 ? 1 : 2, .inputs = inputs, .output = y};
    file->outputs[0] = y;
    return op;
}

static enum umm_status file_read(struct file *file, struct umm_graph **graph, struct umm_error *err)
{
    void *data;
    size_t len;
    struct umm_modelfile_info info;
    *err = (struct umm_error){0};
    assert_int_equal(umm_tflite_emit(&file->out, &data, &len, NULL), UMM_OK);
    enum umm_status status = umm_tflite_read(data, len, "a.tflite", graph, &info, err);
    free(data);
    return status;
}

/* float16 weights are floats by DEQUANTIZE; a shape of one more dimension changes nothing. */
static void half_constants_and_reshape(void **state)
{
    (void)state;
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x3555};
    static const float floats[] = {1, -2, 0x1p-24F, 65504, -0.0F, 0x1.554p-2F};
    static const int32_t target[] = {-1, 2};
    struct file file;
    file_init(&file);
    int32_t x = file_value(&file, UMM_TFL_FLOAT32, 1, 3), y = file_value(&file, 0, 1, 2);
    int32_t half = file_constant(&file, UMM_TFL_FLOAT16, 2, 3, halves, sizeof halves);
    int32_t whole = file_value(&file, UMM_TFL_FLOAT32, 2, 3), z = file_value(&file, 0, 1, 2);
    int32_t shape = file_constant(&file, UMM_TFL_INT32, 0, 2, target, sizeof target);
    file_input(&file, x);
    file_op(&file, UMM_TFL_DEQUANTIZE, half, -1, whole);
    file_op(&file, UMM_TFL_FULLY_CONNECTED, x, whole, y);
    file_op(&file, UMM_TFL_RESHAPE, y, shape, z);
    file.tensors[z].name = "reshaped";
    struct umm_graph *graph;
    struct umm_error err;
    if (file_read(&file, &graph, &err) != UMM_OK)
        fail_msg("%s", err.message);
    assert_int_equal(graph->n_nodes, 1);
    assert_int_equal(graph->nodes[0].place, 1);
    assert_int_equal(graph->nodes[0].weights->type, UMM_GRAPH_F32);
    assert_memory_equal(graph->nodes[0].weights->data, floats, sizeof floats);
    assert_string_equal(graph->values[graph->outputs[0]].name, "reshaped");
    umm_graph_free(graph);
}

/* A fused activation of arithmetic is a node of its own. */
static void fused_activation_of_add(void **state)
{
    (void)state;
    for (enum umm_tflite_activation a = UMM_TFL_ACTIVATION_RELU; a <= UMM_TFL_ACTIVATION_RELU6;
         a++) {
        struct file file;
        file_init(&file);
        int32_t x = file_value(&file, UMM_TFL_FLOAT32, 1, 3), y = file_value(&file, 0, 1, 3);
        file_input(&file, x);
        struct umm_tflite_out_op *op = file_op(&file, UMM_TFL_ADD, x, x, y);
        op->options = UMM_TFL_OPTIONS_ADD;
        op->activation = a;
        struct umm_graph *graph;
        struct umm_error err;
        assert_int_equal(file_read(&file, &graph, &err), UMM_OK);
        assert_int_equal(graph->n_nodes, 2);
        assert_int_equal(graph->nodes[1].op,
                         a == UMM_TFL_ACTIVATION_RELU ? UMM_OP_RELU : UMM_OP_CLIP);
        assert_true(graph->nodes[1].limits.low == (a == UMM_TFL_ACTIVATION_RELU_N1_TO_1 ? -1 : 0));
        umm_graph_free(graph);
    }
}

static void require_refused(struct file *file, enum umm_status status, const char *message)
{
    struct umm_graph *graph;
    struct umm_error err;
    enum umm_status got = file_read(file, &graph, &err);
    assert_string_equal(err.message, message);
    assert_int_equal(got, status);
    assert_null(graph);
    assert_string_equal(err.path, "a.tflite");
}

#define WHAT_IS_READ "; dense layers, arithmetic, activations, scalers, linear models and trees are"

static void other_operators_are_refused(void **state)
{
    (void)state;
    struct file file;
    file_init(&file);
    int32_t x = file_value(&file, UMM_TFL_FLOAT32, 1, 3), y = file_value(&file, 0, 1, 3);
    file_input(&file, x);
    struct umm_tflite_out_op *op = file_op(&file, (enum umm_tflite_code)27, x, -1, y);
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, SVDF \"value\": not supported" WHAT_IS_READ);
    op->code = (enum umm_tflite_code)119; /* in the new field of codes too */
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, WHILE \"value\": not supported" WHAT_IS_READ);
    op->code = (enum umm_tflite_code)150; /* in the new field alone */
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, GELU \"value\": not supported" WHAT_IS_READ);
    op->code = (enum umm_tflite_code)4000;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, operator 4000 \"value\": not supported" WHAT_IS_READ);
}

static void what_is_not_of_rows_is_refused(void **state)
{
    (void)state;
    struct file file;
    file_init(&file);
    int32_t x = file_value(&file, UMM_TFL_FLOAT32, 1, 6), y = file_value(&file, 0, 2, 3);
    static const int32_t target[] = {2, 3};
    int32_t shape = file_constant(&file, UMM_TFL_INT32, 0, 2, target, sizeof target);
    file_input(&file, x);
    file_op(&file, UMM_TFL_RESHAPE, x, shape, y);
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, RESHAPE \"value\": not supported: rows do not stay rows" WHAT_IS_READ);
    file.tensors[x].type = (enum umm_tflite_type)7;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "tensor 0 (value): it is of int16; values of float32, int8 and uint8 are "
                    "computed");
}

/* Int8 arithmetic, and int8 activations whose scales TensorFlow Lite rounds in its own way. */
static void inexact_int8_is_refused(void **state)
{
    (void)state;
    static const float scales[] = {0.05F, 0.07F, 0.11F};
    struct file file;
    file_init(&file);
    int32_t x = file_value(&file, UMM_TFL_INT8, 1, 3), y = file_value(&file, UMM_TFL_INT8, 1, 3);
    file_scale(&file, x, &scales[0], 0);
    file_scale(&file, y, &scales[2], 0);
    file_input(&file, x);
    struct umm_tflite_out_op *op = file_op(&file, UMM_TFL_RELU, x, -1, y);
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, RELU \"value\": not supported: its scales make TensorFlow Lite round "
                    "in a way of its own" WHAT_IS_READ);
    op->code = UMM_TFL_LOGISTIC;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, LOGISTIC \"value\": not supported: its scales make TensorFlow Lite "
                    "round in a way of its own" WHAT_IS_READ);
    file_op(&file, UMM_TFL_ADD, x, x, y);
    file.ops[0] = file.ops[1];
    file.out.n_ops = 1;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "node 0, ADD \"value\": not supported: arithmetic of float32 is read: of other "
                    "types, TensorFlow Lite's kernels do not agree on how they round" WHAT_IS_READ);
}

/* Integer products of a ratio that are the exact ones, and such that are not. */
static void fixed_point_is_judged(void **state)
{
    (void)state;
    assert_true(umm_tflite_is_exact(1, -255, 255));
    assert_true(umm_tflite_is_exact(1.3371, -255, 255));
    assert_false(umm_tflite_is_exact(0.5, -255, 255));  /* halves */
    assert_false(umm_tflite_is_exact(0.11, -255, 255)); /* rounded twice */
    assert_false(umm_tflite_is_exact(0, -255, 255));
    assert_false(umm_tflite_is_exact((double)NAN, -255, 255));
    assert_false(umm_tflite_is_exact((double)INFINITY, -255, 255));
}

/* ---- damage ---------------------------------------------------------------------- */

/* Read len bytes that end where their memory ends; a graph or an error, never both. */
static enum umm_status read_exactly(const unsigned char *bytes, size_t len)
{
    unsigned char *copy = malloc(len ? len : 1);
    struct umm_graph *graph;
    struct umm_modelfile_info info;
    struct umm_error err = {0};
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum umm_status status = umm_tflite_read(copy, len, "m", &graph, &info, &err);
    assert_int_equal(status == UMM_OK, graph != NULL);
    assert_true(status == UMM_OK || err.message[0]);
    umm_graph_free(graph);
    free(copy);
    return status;
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    struct umm_graph *graphs[] = {all_floats(true, 0), all_int8(LAYER_I8_PER_CHANNEL, 1.3371F, 0)};
    for (size_t g = 0; g < 2; g++) {
        void *data;
        size_t len;
        assert_int_equal(umm_tflite_write(graphs[g], &data, &len, NULL), UMM_OK);
        unsigned char *bytes = data;
        for (size_t cut = 0; cut < len; cut++)
            assert_int_not_equal(read_exactly(bytes, cut), UMM_OK);
        for (size_t i = 0; i < len; i++) {
            unsigned char old = bytes[i];
            static const unsigned char others[] = {0, 1, 0x7f, 0x80, 0xff};
            for (size_t j = 0; j < sizeof others; j++) {
                bytes[i] = others[j];
                (void)read_exactly(bytes, len);
            }
            bytes[i] = old;
        }
        free(data);
        umm_graph_free(graphs[g]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_is_read),
        cmocka_unit_test(another_identifier_is_damage),
        cmocka_unit_test(all_operators_go_round),
        cmocka_unit_test(int8_files_are_small),
        cmocka_unit_test(versions_are_those_of_tensorflow),
        cmocka_unit_test(no_bias_is_zeros),
        cmocka_unit_test(limits_become_activations),
        cmocka_unit_test(half_constants_and_reshape),
        cmocka_unit_test(fused_activation_of_add),
        cmocka_unit_test(other_operators_are_refused),
        cmocka_unit_test(what_is_not_of_rows_is_refused),
        cmocka_unit_test(inexact_int8_is_refused),
        cmocka_unit_test(fixed_point_is_judged),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests_name("tflite", tests, NULL, NULL);
}
