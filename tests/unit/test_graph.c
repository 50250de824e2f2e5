/* SPDX-License-Identifier: MIT */
/* A graph takes only what goes together, and says what does not. */
#include "graph/graph.h"

#include "graph_interpreter.h"

#include "graph_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_the_graphs(void **state)
{
    struct umm_graph *graph = new_graph();
    const char *copy = NULL;
    void *memory = NULL;
    (void)state;
    umm_graph_free(NULL);
    assert_int_equal(umm_graph_string(graph, "layer\0x", 7, &copy, NULL), UMM_OK);
    assert_memory_equal(copy, "layer\0x", 8);
    assert_int_equal(umm_graph_string(graph, "", 0, &copy, NULL), UMM_OK);
    assert_string_equal(copy, "");
    assert_int_equal(umm_graph_alloc(graph, 100000, 8, &memory, NULL), UMM_OK);
    for (size_t i = 0; i < 800000; i++)
        assert_int_equal(((char *)memory)[i], 0);
    struct umm_error err = {0};
    assert_int_equal(umm_graph_alloc(graph, UINT64_MAX / 4, 8, &memory, &err), UMM_ERR_MEMORY);
    assert_string_equal(err.message, "out of memory: 4611686018427387903 times 8 bytes of a model");
    assert_int_equal(umm_graph_string(graph, "x", SIZE_MAX, &copy, NULL), UMM_ERR_MEMORY);
    umm_graph_free(graph);
}

static void tensors_have_a_shape(void **state)
{
    static const struct {
        uint64_t n_rows, n_columns;
        uint32_t n_scales;
        const char *message;
    } cases[] = {
        {0, 3, 0, "a constant of 0 x 3 numbers, of 1 to 268435456"},
        {3, 0, 0, "a constant of 3 x 0 numbers, of 1 to 268435456"},
        {1 << 14, (1 << 14) + 1, 0, "a constant of 16384 x 16385 numbers, of 1 to 268435456"},
        {UINT64_MAX, UINT64_MAX, 0,
         "a constant of 18446744073709551615 x 18446744073709551615 numbers, of 1 to 268435456"},
        {2, 3, 4, "4 scales for a constant of 2 x 3"},
    };
    struct umm_graph *graph = new_graph();
    struct umm_tensor *tensor = add_tensor(graph, UMM_GRAPH_I8, 3, 5, 3);
    (void)state;
    assert_int_equal(tensor->n_rows * tensor->n_columns + tensor->n_scales, 18);
    assert_int_equal(tensor->zero_points[2], 0);
    assert_null(add_tensor(graph, UMM_GRAPH_F32, 3, 5, 0)->scales);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_error err = {0};
        assert_int_equal(umm_graph_tensor(graph, UMM_GRAPH_I8, cases[i].n_rows, cases[i].n_columns,
                                          cases[i].n_scales, &tensor, &err),
                         UMM_ERR_DATA);
        assert_string_equal(err.message, cases[i].message);
        assert_null(tensor);
    }
    umm_graph_free(graph);
}

static void names_are_those_of_the_table(void **state)
{
    (void)state;
    for (int op = 0; op < UMM_OP_COUNT; op++)
        assert_string_not_equal(umm_graph_op_name((enum umm_graph_op)op), "");
    assert_string_equal(umm_graph_op_name(UMM_OP_DENSE), "dense");
    assert_string_equal(umm_graph_op_name(UMM_OP_TREES), "trees");
    assert_string_equal(umm_graph_op_name(UMM_OP_COUNT), "no op");
    static const char *const types[] = {"f32", "f64", "int8", "uint8", "int32", "int64", "bool"};
    static const size_t bytes[] = {4, 8, 1, 1, 4, 8, 1};
    for (int type = 0; type <= UMM_GRAPH_BOOL; type++) {
        assert_string_equal(umm_graph_type_name((enum umm_graph_type)type), types[type]);
        assert_int_equal(umm_graph_type_bytes((enum umm_graph_type)type), bytes[type]);
    }
    assert_string_equal(umm_graph_type_name((enum umm_graph_type)99), "no type");
}

static void operators_are_refused_by_name_and_place(void **state)
{
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(umm_graph_refuse(&err, 3, "lstm_1", "LSTM", NULL), UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message,
                        "node 3, LSTM \"lstm_1\": not supported; dense layers, arithmetic, "
                        "activations, scalers, linear models and trees are");
    (void)umm_graph_refuse(&err, 0, NULL, "Gemm", "transA is 1");
    assert_string_equal(err.message,
                        "node 0, Gemm: not supported: transA is 1; dense layers, arithmetic, "
                        "activations, scalers, linear models and trees are");
    char name[1000];
    memset(name, '\n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const struct umm_graph_node node = {.name = name, .op_name = name, .place = 7};
    assert_int_equal(umm_graph_wrong(&err, &node, "it has %d heads", 2), UMM_ERR_DATA);
    assert_null(strchr(err.message, '\n'));
    assert_non_null(strstr(err.message, "...\": it has 2 heads"));
}

/* ---- values, inputs, outputs ---------------------------------------------------------------- */

static void values_are_checked(void **state)
{
    static const struct {
        struct umm_graph_value value;
        const char *message;
    } cases[] = {
        {{.name = "x", .width = 0}, "value \"x\" has rows of 0 numbers, of 1 to 1048576"},
        {{.name = "x", .width = UMM_GRAPH_WIDTH_MAX + 1},
         "value \"x\" has rows of 1048577 numbers, of 1 to 1048576"},
        {{.name = "x", .type = UMM_GRAPH_I8, .width = 1}, "value \"x\" is int8 of scale 0"},
        {{.name = "x", .type = UMM_GRAPH_U8, .width = 1, .scale = -1},
         "value \"x\" is uint8 of scale -1"},
        {{.name = "x", .type = UMM_GRAPH_I8, .width = 1, .scale = INFINITY},
         "value \"x\" is int8 of scale inf"},
        {{.name = "x", .type = UMM_GRAPH_I8, .width = 1, .scale = 1, .zero_point = 128},
         "value \"x\" is int8 with zero point 128"},
        {{.name = "x", .type = UMM_GRAPH_U8, .width = 1, .scale = 1, .zero_point = -1},
         "value \"x\" is uint8 with zero point -1"},
        {{.name = "\t", .type = (enum umm_graph_type)7, .width = 1}, "value \"\\t\" has no type"},
    };
    struct umm_graph *graph = new_graph();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_error err = {0};
        int32_t index = 0;
        assert_int_equal(umm_graph_add_value(graph, &cases[i].value, &index, &err), UMM_ERR_DATA);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(index, UMM_GRAPH_NONE);
    }
    char name[] = "close";
    const struct umm_graph_value value = {.name = name, .type = UMM_GRAPH_F64, .width = 2};
    const int32_t index = add_value(graph, value);
    name[0] = 'X';
    assert_string_equal(graph->values[index].name, "close");
    for (int i = 1; i < 5000; i++)
        assert_int_equal(add_floats(graph, 1), i);
    assert_string_equal(graph->values[index].name, "close");
    assert_string_equal(graph->values[4999].name, "");
    umm_graph_free(graph);
}

static void inputs_and_outputs_are_values(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_error err = {0};
    (void)state;
    const int32_t x = add_floats(graph, 3), other = add_floats(graph, 2);
    assert_int_equal(umm_graph_add_output(graph, x, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "an output of the model that nothing makes");
    add_input(graph, x);
    assert_int_equal(umm_graph_add_input(graph, x, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "an input of the model that is made already");
    assert_int_equal(umm_graph_add_input(graph, -1, NULL), UMM_ERR_DATA);
    assert_int_equal(umm_graph_add_input(graph, 2, NULL), UMM_ERR_DATA);
    assert_int_equal(umm_graph_add_output(graph, -1, NULL), UMM_ERR_DATA);
    assert_int_equal(umm_graph_add_output(graph, 2, NULL), UMM_ERR_DATA);
    add_input(graph, other);
    add_output(graph, x);
    add_output(graph, other);
    add_output(graph, add_op(graph, UMM_OP_TANH, x));
    assert_int_equal(umm_graph_input_width(graph), 5);
    assert_int_equal(umm_graph_output_width(graph), 8);
    umm_graph_free(graph);
}

static void rows_are_bounded(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_error err = {0};
    (void)state;
    add_input(graph, add_floats(graph, UMM_GRAPH_WIDTH_MAX));
    assert_int_equal(umm_graph_add_input(graph, add_floats(graph, 1), &err), UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "a model of more than 1048576 numbers in its inputs");
    umm_graph_free(graph);
    graph = new_graph();
    for (int i = 0; i < UMM_GRAPH_INPUTS_MAX; i++)
        add_input(graph, add_floats(graph, 1));
    assert_int_equal(umm_graph_add_input(graph, add_floats(graph, 1), &err), UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "a model of more than 4096 inputs");
    umm_graph_free(graph);
}

static void graphs_are_bounded(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_error err = {0};
    int32_t x = add_input(graph, add_floats(graph, 1));
    (void)state;
    for (int i = 0; i < UMM_GRAPH_NODES_MAX; i++)
        x = add_op(graph, UMM_OP_RELU, x);
    const int32_t y = add_floats(graph, 1);
    const struct umm_graph_node node = {
        .op = UMM_OP_RELU, .n_inputs = 1, .inputs = &x, .output = y};
    assert_int_equal(umm_graph_add_node(graph, &node, &err), UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "a model of more than 65536 nodes");
    const struct umm_graph_value value = {.width = 1};
    enum umm_status status = UMM_OK;
    int32_t index = 0;
    for (int i = 0; !status && i <= UMM_GRAPH_INPUTS_MAX; i++)
        status = umm_graph_add_value(graph, &value, &index, &err);
    assert_int_equal(status, UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "a model of more than 69632 values");
    umm_graph_free(graph);
}

/* A file of few bytes must not become a model of many: each layer packs its own weights. */
static void few_numbers_are_not_many_layers(void **state)
{
    struct umm_graph *graph = new_graph();
    const struct umm_tensor *weights = add_tensor(graph, UMM_GRAPH_F32, 256, 256, 0);
    int32_t x = add_input(graph, add_floats(graph, 256));
    struct umm_graph_node node = {.op = UMM_OP_DENSE,
                                  .op_name = "Gemm",
                                  .n_inputs = 1,
                                  .weights = weights,
                                  .limits = {-INFINITY, INFINITY}};
    struct umm_error err = {0};
    enum umm_status status = UMM_OK;
    (void)state;
    while (!status) {
        const int32_t y = add_floats(graph, 256);
        node.inputs = &x;
        node.output = y;
        status = umm_graph_add_node(graph, &node, &err);
        x = y;
    }
    assert_int_equal(status, UMM_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "node 0, Gemm: not supported: too many nodes share"));
    assert_int_equal(graph->n_nodes, 5);
    assert_int_equal(graph->n_parameters, 5 * 65536);
    umm_graph_free(graph);
}

/* ---- nodes
 * --------------------------------------------------------------------------------------- */

/* A graph with values of each kind, and tensors, for nodes to be tried on. */
struct trial {
    struct umm_graph *graph;
    int32_t f3, f3b, f2, f1, d3, i3, u3, i2, n3, b3; /* inputs, by type and width */
    int32_t f3y, f2y, f1y, d3y, i3y, i2y, n3y;       /* not made yet */
    struct umm_tensor *w, *w8, *b, *b32, *row3, *row2, *row1, *row3d, *row3i;
    struct umm_graph_node node;
    int32_t inputs[2];
};

static int32_t add_typed(struct umm_graph *graph, enum umm_graph_type type, uint32_t width)
{
    return add_value(graph, (struct umm_graph_value){.type = type, .width = width, .scale = 0.5F});
}

static void open_trial(struct trial *trial)
{
    struct umm_graph *graph = trial->graph = new_graph();
    trial->f3 = add_input(graph, add_typed(graph, UMM_GRAPH_F32, 3));
    trial->f3b = add_input(graph, add_typed(graph, UMM_GRAPH_F32, 3));
    trial->f2 = add_input(graph, add_typed(graph, UMM_GRAPH_F32, 2));
    trial->f1 = add_input(graph, add_typed(graph, UMM_GRAPH_F32, 1));
    trial->d3 = add_input(graph, add_typed(graph, UMM_GRAPH_F64, 3));
    trial->i3 = add_input(graph, add_typed(graph, UMM_GRAPH_I8, 3));
    trial->u3 = add_input(graph, add_typed(graph, UMM_GRAPH_U8, 3));
    trial->i2 = add_input(graph, add_typed(graph, UMM_GRAPH_I8, 2));
    trial->n3 = add_input(graph, add_typed(graph, UMM_GRAPH_I64, 3));
    trial->b3 = add_input(graph, add_typed(graph, UMM_GRAPH_BOOL, 3));
    trial->f3y = add_typed(graph, UMM_GRAPH_F32, 3);
    trial->f2y = add_typed(graph, UMM_GRAPH_F32, 2);
    trial->f1y = add_typed(graph, UMM_GRAPH_F32, 1);
    trial->d3y = add_typed(graph, UMM_GRAPH_F64, 3);
    trial->i3y = add_typed(graph, UMM_GRAPH_I8, 3);
    trial->i2y = add_typed(graph, UMM_GRAPH_I8, 2);
    trial->n3y = add_typed(graph, UMM_GRAPH_I64, 3);
    trial->w = add_tensor(graph, UMM_GRAPH_F32, 2, 3, 0);
    trial->w8 = add_tensor(graph, UMM_GRAPH_I8, 2, 3, 2);
    trial->b = add_tensor(graph, UMM_GRAPH_F32, 1, 2, 0);
    trial->b32 = add_tensor(graph, UMM_GRAPH_I32, 1, 2, 1);
    trial->row3 = add_tensor(graph, UMM_GRAPH_F32, 1, 3, 0);
    trial->row2 = add_tensor(graph, UMM_GRAPH_F32, 1, 2, 0);
    trial->row1 = add_tensor(graph, UMM_GRAPH_F32, 1, 1, 0);
    trial->row3d = add_tensor(graph, UMM_GRAPH_F64, 1, 3, 0);
    trial->row3i = add_tensor(graph, UMM_GRAPH_I8, 1, 3, 1);
}

/* Set the node to be tried: op from x to y. */
static struct umm_graph_node *trial_of(struct trial *trial, enum umm_graph_op op, int32_t x,
                                       int32_t y)
{
    trial->inputs[0] = x;
    trial->node = (struct umm_graph_node){
        .op = op, .place = 4, .n_inputs = 1, .inputs = trial->inputs, .output = y};
    if (op == UMM_OP_DENSE)
        trial->node.limits = (struct umm_graph_limits){-INFINITY, INFINITY};
    return &trial->node;
}

static void trial_of_two(struct trial *trial, enum umm_graph_op op, int32_t x, int32_t second,
                         int32_t y)
{
    trial_of(trial, op, x, y);
    trial->inputs[1] = second;
    trial->node.n_inputs = 2;
}

static void refused(const struct trial *trial, const char *message)
{
    struct umm_error err = {0};
    char expected[UMM_ERROR_MESSAGE_MAX];
    snprintf(expected, sizeof expected, "node 4: %s", message);
    assert_int_equal(umm_graph_add_node(trial->graph, &trial->node, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, expected);
    assert_int_equal(trial->graph->n_nodes, 0);
}

/* Taken, and taken away again. */
static void taken(struct trial *trial)
{
    struct umm_error err = {0};
    if (umm_graph_add_node(trial->graph, &trial->node, &err))
        fail_msg("%s", err.message);
    assert_int_equal(trial->graph->n_nodes, 1);
    umm_graph_free(trial->graph);
    open_trial(trial);
}

static void dense_layers_are_of_one_kind(void **state)
{
    struct trial t;
    struct umm_graph_node *node = &t.node;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    node->bias = t.b;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w8;
    node->bias = t.b32;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w8;
    node->is_dynamic = true;
    node->bias = t.b;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.u3, t.i2y)->weights = t.w8;
    node->bias = t.b32;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.i3, t.f2y)->weights = t.w8;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.i3, t.f2y)->weights = t.w;
    refused(&t, "a dense layer from int8 to f32, of f32 and no biases");
    trial_of(&t, UMM_OP_DENSE, t.i3, t.f2y)->weights = t.w8;
    node->bias = t.b;
    refused(&t, "a dense layer from int8 to f32, of int8 and f32");
    trial_of(&t, UMM_OP_DENSE, t.d3, t.f2y)->weights = t.w;
    refused(&t, "a dense layer from f64 to f32, of f32 and no biases");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.i2y)->weights = t.w8;
    refused(&t, "a dense layer from f32 to int8, of int8 and no biases");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    node->is_dynamic = true;
    refused(&t, "a dynamic dense layer from f32 to f32, of f32 and no biases");
    umm_graph_free(t.graph);
}

static void dense_layers_of_doubles_have_no_others(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_DENSE, t.d3, t.d3y)->weights = add_tensor(t.graph, UMM_GRAPH_F64, 3, 3, 0);
    t.node.bias = t.row3d;
    taken(&t);
    trial_of(&t, UMM_OP_DENSE, t.d3, t.d3y)->weights = add_tensor(t.graph, UMM_GRAPH_F64, 3, 3, 0);
    t.node.bias = t.row3;
    refused(&t, "a dense layer from f64 to f64, of f64 and f32");
    t.node.bias = t.row3d;
    t.node.is_dynamic = true;
    refused(&t, "a dynamic dense layer from f64 to f64, of f64 and f64");
    t.node.is_dynamic = false;
    t.node.output = t.f3y;
    refused(&t, "a dense layer from f64 to f32, of f64 and f64");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f3y)->weights = add_tensor(t.graph, UMM_GRAPH_F64, 3, 3, 0);
    refused(&t, "a dense layer from f32 to f32, of f64 and no biases");
    trial_of(&t, UMM_OP_DENSE, t.d3, t.d3y)->weights = add_tensor(t.graph, UMM_GRAPH_F32, 3, 3, 0);
    refused(&t, "a dense layer from f64 to f64, of f32 and no biases");
    umm_graph_free(t.graph);
}

static void dense_layers_are_of_one_shape(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y);
    refused(&t, "there are no weights");
    trial_of(&t, UMM_OP_DENSE, t.f2, t.f2y)->weights = t.w;
    refused(&t, "weights for 3 inputs and 2 outputs, where there are 2 and 2");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f3y)->weights = t.w;
    refused(&t, "weights for 3 inputs and 2 outputs, where there are 3 and 3");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    t.node.bias = t.row3;
    refused(&t, "1 x 3 biases, 0 scales for 2 outputs");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = add_tensor(t.graph, UMM_GRAPH_I8, 2, 3, 3);
    refused(&t, "3 scales for 2 outputs");
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    t.node.limits = (struct umm_graph_limits){0, 0};
    refused(&t, "limits from 0 to 0");
    t.node.limits = (struct umm_graph_limits){0, NAN};
    refused(&t, "limits from 0 to nan");
    trial_of_two(&t, UMM_OP_DENSE, t.f3, t.f3b, t.f2y);
    t.node.weights = t.w;
    refused(&t, "2 inputs");
    umm_graph_free(t.graph);
}

static void scales_mean_something(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w8;
    t.w8->scales[1] = 0;
    refused(&t, "the weights have a scale of 0");
    t.w8->scales[1] = NAN;
    refused(&t, "the weights have a scale of nan");
    t.w8->scales[1] = 1;
    t.w8->zero_points[1] = 200;
    refused(&t, "the weights have a zero point of 200");
    t.w8->zero_points[1] = -128;
    t.node.bias = t.b32;
    t.b32->zero_points[0] = 1;
    refused(&t, "the biases have a zero point");
    t.b32->zero_points[0] = 0;
    t.w8->n_scales = 0;
    refused(&t, "the weights have no type, no numbers or no scales");
    t.node.weights = t.w;
    t.w->type = (enum umm_graph_type)9;
    refused(&t, "the weights have no type, no numbers or no scales");
    umm_graph_free(t.graph);
}

static void arithmetic_is_of_two(void **state)
{
    struct trial t;
    struct umm_graph_node *node = &t.node;
    (void)state;
    open_trial(&t);
    trial_of_two(&t, UMM_OP_ADD, t.f3, t.f3b, t.f3y);
    taken(&t);
    trial_of_two(&t, UMM_OP_MUL, t.f1, t.f3, t.f3y);
    taken(&t);
    trial_of_two(&t, UMM_OP_SUB, t.i3, t.i3, t.i3y);
    taken(&t);
    trial_of(&t, UMM_OP_DIV, t.f1, t.f3y)->constant = t.row3;
    taken(&t);
    trial_of(&t, UMM_OP_DIV, t.f3, t.f3y)->constant = t.row1;
    node->is_constant_first = true;
    taken(&t);
    trial_of(&t, UMM_OP_SUB, t.d3, t.d3y)->constant = t.row3d;
    taken(&t);
    trial_of(&t, UMM_OP_ADD, t.i3, t.i3y)->constant = t.row3i;
    taken(&t);
    trial_of_two(&t, UMM_OP_ADD, t.f3, t.f2, t.f3y);
    refused(&t, "add of 3 and 2 numbers to 3");
    trial_of_two(&t, UMM_OP_ADD, t.f1, t.f1, t.f3y);
    refused(&t, "add of 1 and 1 numbers to 3");
    trial_of_two(&t, UMM_OP_ADD, t.f3, t.d3, t.f3y);
    refused(&t, "add of f32 and f64");
    trial_of_two(&t, UMM_OP_ADD, t.i3, t.u3, t.i3y);
    refused(&t, "add of int8 and uint8");
    trial_of_two(&t, UMM_OP_ADD, t.f3, t.f3, t.i3y);
    refused(&t, "add from f32 to int8");
    trial_of_two(&t, UMM_OP_ADD, t.n3, t.n3, t.n3y);
    refused(&t, "add from int64 to int64");
    trial_of(&t, UMM_OP_ADD, t.f3, t.f3y);
    refused(&t, "1 inputs with no constant");
    trial_of_two(&t, UMM_OP_ADD, t.f3, t.f3, t.f3y);
    node->constant = t.row3;
    refused(&t, "2 inputs with a constant");
    trial_of(&t, UMM_OP_MUL, t.f3, t.f3y)->constant = t.w;
    refused(&t, "a constant of 2 rows, 0 scales");
    trial_of(&t, UMM_OP_MUL, t.f3, t.f3y)->constant = t.row2;
    refused(&t, "mul of 3 and 2 numbers to 3");
    umm_graph_free(t.graph);
}

static void functions_keep_their_type_and_width(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_SIGMOID, t.i3, t.i3y);
    taken(&t);
    trial_of(&t, UMM_OP_LEAKY_RELU, t.f3, t.f3y)->alpha = 0.1F;
    taken(&t);
    trial_of(&t, UMM_OP_CLIP, t.f3, t.f3y)->limits = (struct umm_graph_limits){2, 2};
    taken(&t);
    trial_of(&t, UMM_OP_RELU, t.d3, t.d3y);
    taken(&t);
    trial_of(&t, UMM_OP_LOGISTIC_PAIR, t.f1, t.f2y);
    taken(&t);
    trial_of(&t, UMM_OP_TANH, t.f3, t.f2y);
    refused(&t, "tanh from 3 to 2 numbers");
    trial_of(&t, UMM_OP_SOFTMAX, t.i3, t.f3y);
    refused(&t, "softmax from int8 to f32");
    trial_of(&t, UMM_OP_TANH, t.d3, t.d3y);
    refused(&t, "tanh from f64 to f64");
    trial_of(&t, UMM_OP_RELU, t.d3, t.f3y);
    refused(&t, "relu from f64 to f32");
    trial_of(&t, UMM_OP_LEAKY_RELU, t.f3, t.f3y)->alpha = INFINITY;
    refused(&t, "alpha is inf");
    trial_of(&t, UMM_OP_CLIP, t.f3, t.f3y)->limits = (struct umm_graph_limits){2, 1};
    refused(&t, "limits from 2 to 1");
    trial_of(&t, UMM_OP_PROBIT, t.i3, t.i3y);
    refused(&t, "probit from int8 to int8");
    trial_of(&t, UMM_OP_LOGISTIC_PAIR, t.f2, t.f2y);
    refused(&t, "logistic pair from 2 to 2 numbers");
    trial_of(&t, UMM_OP_NORMALIZE, t.f3, t.f3y)->norm = (enum umm_graph_norm)3;
    refused(&t, "there is no such norm");
    umm_graph_free(t.graph);
}

static void conversions_are_between_types(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_CAST, t.b3, t.f3y);
    taken(&t);
    trial_of(&t, UMM_OP_CAST, t.f3, t.n3y);
    taken(&t);
    trial_of(&t, UMM_OP_QUANTIZE, t.f3, t.i3y);
    taken(&t);
    trial_of(&t, UMM_OP_QUANTIZE, t.u3, t.i3y);
    taken(&t);
    trial_of(&t, UMM_OP_DEQUANTIZE, t.u3, t.f3y);
    taken(&t);
    trial_of(&t, UMM_OP_CAST, t.i3, t.f3y);
    refused(&t, "cast from int8 to f32");
    trial_of(&t, UMM_OP_CAST, t.n3, t.f2y);
    refused(&t, "cast from 3 to 2 numbers");
    trial_of(&t, UMM_OP_QUANTIZE, t.d3, t.i3y);
    refused(&t, "quantize from f64 to int8");
    trial_of(&t, UMM_OP_DEQUANTIZE, t.f3, t.f3y);
    refused(&t, "dequantize from f32 to f32");
    umm_graph_free(t.graph);
}

static void columns_are_joined_and_cut(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of_two(&t, UMM_OP_CONCAT, t.f2, t.f1, t.f3y);
    taken(&t);
    trial_of(&t, UMM_OP_SLICE, t.f3, t.f1y)->first = 2;
    taken(&t);
    trial_of(&t, UMM_OP_SLICE, t.i3, t.i2y);
    taken(&t);
    trial_of_two(&t, UMM_OP_CONCAT, t.f2, t.f3, t.f3y);
    refused(&t, "inputs of 5 numbers, an output of 3");
    trial_of_two(&t, UMM_OP_CONCAT, t.f2, t.d3, t.f3y);
    refused(&t, "input 1 is not of the output's type");
    trial_of_two(&t, UMM_OP_CONCAT, t.i2, t.i2, t.i3y);
    t.graph->values[t.i2].zero_point = 1;
    refused(&t, "input 0 is not of the output's type");
    trial_of(&t, UMM_OP_SLICE, t.f3, t.f2y)->first = 2;
    refused(&t, "columns 2 to 4 of 3");
    trial_of(&t, UMM_OP_SLICE, t.f3, t.f2y)->first = UINT32_MAX;
    refused(&t, "columns 4294967295 to 4294967297 of 3");
    trial_of(&t, UMM_OP_SLICE, t.f3, t.i2y);
    refused(&t, "slice from f32 to int8");
    umm_graph_free(t.graph);
}

static void trees_fit_their_rows(void **state)
{
    const uint32_t roots[] = {0};
    const struct umm_tree_node leaf = {.n_weights = 1};
    const struct umm_tree_weight weight = {.output = 1, .weight = 3};
    struct umm_trees trees = {.n_trees = 1,
                              .n_nodes = 1,
                              .n_weights = 1,
                              .n_features = 3,
                              .n_outputs = 2,
                              .roots = roots,
                              .nodes = &leaf,
                              .weights = &weight};
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_TREES, t.d3, t.f2y)->trees = &trees;
    taken(&t);
    trial_of(&t, UMM_OP_TREES, t.d3, t.f2y);
    refused(&t, "there are no trees");
    trial_of(&t, UMM_OP_TREES, t.n3, t.f2y)->trees = &trees;
    refused(&t, "trees from int64 to f32");
    trial_of(&t, UMM_OP_TREES, t.f2, t.f2y)->trees = &trees;
    refused(&t, "trees of 3 features and 2 outputs, where there are 2 and 2");
    trial_of(&t, UMM_OP_TREES, t.f3, t.f2y)->trees = &trees;
    trees.n_nodes = 0;
    refused(&t, "1 trees of 0 nodes");
    umm_graph_free(t.graph);
}

static void nodes_come_after_what_they_read(void **state)
{
    struct trial t;
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_TANH, t.f3y, t.f3y);
    refused(&t, "input 0 is not made before it");
    trial_of(&t, UMM_OP_TANH, 1000, t.f3y);
    refused(&t, "input 0 is not made before it");
    trial_of(&t, UMM_OP_TANH, INT32_MIN, t.f3y);
    refused(&t, "input 0 is not made before it");
    trial_of(&t, UMM_OP_TANH, t.f3, t.f3b);
    refused(&t, "its output is made already");
    trial_of(&t, UMM_OP_TANH, t.f3, 1000);
    refused(&t, "its output is made already");
    trial_of(&t, UMM_OP_TANH, t.f3, t.f3y)->n_inputs = 0;
    refused(&t, "0 inputs, of 1 to 4096");
    trial_of(&t, UMM_OP_COUNT, t.f3, t.f3y);
    refused(&t, "it does nothing known");
    umm_graph_free(t.graph);
}

static void nodes_are_copied(void **state)
{
    struct trial t;
    char name[] = "first";
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    t.node.bias = t.b;
    t.node.name = name;
    assert_int_equal(umm_graph_add_node(t.graph, &t.node, NULL), UMM_OK);
    name[0] = 'X';
    t.inputs[0] = 77;
    assert_string_equal(t.graph->nodes[0].name, "first");
    assert_string_equal(t.graph->nodes[0].op_name, "");
    assert_int_equal(t.graph->nodes[0].inputs[0], t.f3);
    assert_int_equal(t.graph->n_parameters, 8);
    umm_graph_free(t.graph);
}

/* A copy has tensors of its own: it lives when the first is gone. */
static void graphs_are_copied(void **state)
{
    struct trial t;
    struct umm_graph *copy = NULL;
    const float weights[] = {1, 2, 3, 4, 5, 6};
    (void)state;
    open_trial(&t);
    trial_of(&t, UMM_OP_DENSE, t.f3, t.f2y)->weights = t.w;
    t.node.bias = t.b;
    memcpy(t.w->data, weights, sizeof weights);
    assert_int_equal(umm_graph_add_node(t.graph, &t.node, NULL), UMM_OK);
    assert_int_equal(umm_graph_add_output(t.graph, t.f2y, NULL), UMM_OK);
    const uint32_t n_values = t.graph->n_values, n_inputs = t.graph->n_inputs;
    assert_int_equal(umm_graph_copy(t.graph, &copy, NULL), UMM_OK);
    umm_graph_free(t.graph);
    assert_int_equal(copy->n_values, n_values);
    assert_int_equal(copy->n_inputs, n_inputs);
    assert_int_equal(copy->n_nodes, 1);
    assert_int_equal(copy->outputs[0], copy->nodes[0].output);
    assert_memory_equal(copy->nodes[0].weights->data, weights, sizeof weights);
    assert_non_null(copy->nodes[0].bias);
    assert_null(copy->nodes[0].constant);
    umm_graph_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_the_graphs),
        cmocka_unit_test(tensors_have_a_shape),
        cmocka_unit_test(names_are_those_of_the_table),
        cmocka_unit_test(operators_are_refused_by_name_and_place),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(inputs_and_outputs_are_values),
        cmocka_unit_test(rows_are_bounded),
        cmocka_unit_test(graphs_are_bounded),
        cmocka_unit_test(few_numbers_are_not_many_layers),
        cmocka_unit_test(dense_layers_are_of_one_kind),
        cmocka_unit_test(dense_layers_are_of_one_shape),
        cmocka_unit_test(scales_mean_something),
        cmocka_unit_test(arithmetic_is_of_two),
        cmocka_unit_test(dense_layers_of_doubles_have_no_others),
        cmocka_unit_test(functions_keep_their_type_and_width),
        cmocka_unit_test(conversions_are_between_types),
        cmocka_unit_test(columns_are_joined_and_cut),
        cmocka_unit_test(trees_fit_their_rows),
        cmocka_unit_test(nodes_come_after_what_they_read),
        cmocka_unit_test(nodes_are_copied),
        cmocka_unit_test(graphs_are_copied),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
