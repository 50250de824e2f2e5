/* SPDX-License-Identifier: MIT */
/* Passes change how a graph is computed, not what: graph_interpreter.h runs it before and after. */
#include "graph/passes.h"

#include "graph_interpreter.h"

#include "graph_builder.h"

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void prepare(struct umm_graph *graph, const char *output)
{
    struct umm_error err = {0};
    if (umm_graph_prepare(graph, output, &err))
        fail_msg("%s", err.message);
}

static double first_result(const struct umm_graph *graph, const double *row)
{
    double result[RANDOM_WIDTH];
    assert_true(interpret_row(graph, row, result));
    return result[0];
}

/* A node for each letter: D dense, I dense of integers, and so on; "?" what has none. */
static void assert_nodes(const struct umm_graph *graph, const char *expected)
{
    char names[RANDOM_VALUES] = "";
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        const bool is_integer = graph->values[node->inputs[0]].type == UMM_GRAPH_I8;
        static const char letters[UMM_OP_COUNT] = {
            [UMM_OP_DENSE] = 'D',    [UMM_OP_ADD] = '+',        [UMM_OP_SUB] = '-',
            [UMM_OP_RELU] = 'R',     [UMM_OP_CLIP] = 'C',       [UMM_OP_CAST] = '=',
            [UMM_OP_QUANTIZE] = 'q', [UMM_OP_DEQUANTIZE] = 'd', [UMM_OP_SIGMOID] = 'S',
        };
        const char letter = letters[node->op] ? letters[node->op] : '?';
        names[i] = letter == 'D' && is_integer ? 'I' : letter;
    }
    assert_string_equal(names, expected);
}

/* ---- which output ---------------------------------------------------------------------- */

/* A label, probabilities and scores of one input. */
static struct umm_graph *new_classifier(void)
{
    struct umm_graph *graph = new_graph();
    const int32_t x = add_input(graph, add_floats(graph, 2));
    const int32_t label = add_value(
        graph, (struct umm_graph_value){.name = "label", .type = UMM_GRAPH_I64, .width = 2});
    const int32_t probabilities = add_value(
        graph,
        (struct umm_graph_value){.name = "probabilities", .type = UMM_GRAPH_F32, .width = 2});
    const int32_t scores = add_value(
        graph, (struct umm_graph_value){.name = "scores", .type = UMM_GRAPH_F32, .width = 2});
    add_node(graph, (struct umm_graph_node){.op = UMM_OP_CAST}, x, label);
    add_node(graph, (struct umm_graph_node){.op = UMM_OP_TANH}, x, scores);
    add_node(graph, (struct umm_graph_node){.op = UMM_OP_SIGMOID}, scores, probabilities);
    add_output(graph, label);
    add_output(graph, probabilities);
    add_output(graph, scores);
    return graph;
}

static void the_first_output_of_numbers_is_taken(void **state)
{
    struct umm_graph *graph = new_classifier();
    (void)state;
    prepare(graph, NULL);
    assert_int_equal(graph->n_outputs, 1);
    assert_string_equal(graph->values[graph->outputs[0]].name, "probabilities");
    assert_int_equal(graph->n_nodes, 2);
    assert_int_equal(graph->n_values, 3);
    umm_graph_free(graph);
}

static void an_output_is_taken_by_its_name(void **state)
{
    struct umm_graph *graph = new_classifier();
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(umm_graph_prepare(graph, "score", &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "the model has no output \"score\"; it has \"label\", "
                                     "\"probabilities\", \"scores\"");
    prepare(graph, "scores");
    assert_string_equal(graph->values[graph->outputs[0]].name, "scores");
    assert_int_equal(graph->n_nodes, 1);
    umm_graph_free(graph);
    graph = new_classifier();
    prepare(graph, "label");
    assert_int_equal(graph->values[graph->outputs[0]].type, UMM_GRAPH_I64);
    umm_graph_free(graph);
}

static void a_model_needs_an_output_of_numbers(void **state)
{
    struct umm_graph *graph = new_classifier();
    struct umm_error err = {0};
    (void)state;
    graph->n_outputs = 0;
    assert_int_equal(umm_graph_prepare(graph, NULL, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "the model has no output");
    graph->outputs[1] = graph->outputs[0];
    graph->n_outputs = 2;
    assert_int_equal(umm_graph_prepare(graph, NULL, &err), UMM_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "none of the model's 2 outputs has numbers");
    umm_graph_free(graph);
}

static void inputs_stay_even_unread(void **state)
{
    struct umm_graph *graph = new_graph();
    (void)state;
    add_input(graph, add_floats(graph, 3));
    add_output(graph, add_op(graph, UMM_OP_TANH, add_input(graph, add_floats(graph, 1))));
    add_input(graph, add_floats(graph, 2));
    prepare(graph, NULL);
    assert_int_equal(graph->n_inputs, 3);
    assert_int_equal(umm_graph_input_width(graph), 6);
    const double row[] = {9, 9, 9, 0.5, 9, 9};
    assert_float_equal(first_result(graph, row), tanh(0.5), 1e-7);
    umm_graph_free(graph);
}

/* ---- what changes nothing ------------------------------------------------------------------ */

static void nodes_that_change_nothing_go(void **state)
{
    struct umm_graph *graph = new_graph();
    (void)state;
    const int32_t x = add_input(graph, add_floats(graph, 2));
    int32_t y = add_op(graph, UMM_OP_CAST, add_op(graph, UMM_OP_RELU, x));
    y = add_node(graph, (struct umm_graph_node){.op = UMM_OP_CONCAT}, y, add_floats(graph, 2));
    const struct umm_graph_value end = {.name = "end", .type = UMM_GRAPH_F32, .width = 2};
    y = add_node(graph, (struct umm_graph_node){.op = UMM_OP_SLICE}, y, add_value(graph, end));
    add_output(graph, y);
    prepare(graph, NULL);
    assert_nodes(graph, "R");
    assert_string_equal(graph->values[graph->outputs[0]].name, "end");
    umm_graph_free(graph);
}

/* Its name is the node's, not the input's. */
static void an_output_that_repeats_an_input_keeps_its_node(void **state)
{
    struct umm_graph *graph = new_graph();
    (void)state;
    const struct umm_graph_value end = {.name = "end", .type = UMM_GRAPH_F32, .width = 2};
    add_output(graph, add_node(graph, (struct umm_graph_node){.op = UMM_OP_CAST},
                               add_input(graph, add_floats(graph, 2)), add_value(graph, end)));
    prepare(graph, NULL);
    assert_nodes(graph, "=");
    assert_string_equal(graph->values[graph->outputs[0]].name, "end");
    umm_graph_free(graph);
}

static int32_t quantize(struct umm_graph *graph, int32_t x, float scale, int32_t zero_point)
{
    return add_node(graph, (struct umm_graph_node){.op = UMM_OP_QUANTIZE}, x,
                    add_integers(graph, graph->values[x].width, scale, zero_point));
}

static void numbers_quantized_as_they_were_are_kept(void **state)
{
    struct umm_graph *graph = new_graph();
    (void)state;
    int32_t y = quantize(graph, add_input(graph, add_floats(graph, 2)), 0.1F, 3);
    y = quantize(graph, add_op(graph, UMM_OP_DEQUANTIZE, y), 0.1F, 3);
    y = quantize(graph, y, 0.1F, 3);
    add_output(graph, add_op(graph, UMM_OP_DEQUANTIZE, y));
    prepare(graph, NULL);
    assert_nodes(graph, "qd");
    umm_graph_free(graph);
}

static void numbers_quantized_otherwise_are_not(void **state)
{
    static const struct {
        float scale;
        int32_t zero_point;
    } others[] = {{0.2F, 3}, {0.1F, 4}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct umm_graph *graph = new_graph();
        int32_t y = quantize(graph, add_input(graph, add_floats(graph, 2)), 0.1F, 3);
        y = quantize(graph, add_op(graph, UMM_OP_DEQUANTIZE, y), others[i].scale,
                     others[i].zero_point);
        add_output(graph, y);
        prepare(graph, NULL);
        assert_nodes(graph, "qdq");
        umm_graph_free(graph);
    }
}

/* Twice the same only if nothing overflows: 127 * 1e37 is infinite, and so is 1 / 1e-45. */
static void extreme_scales_are_computed(void **state)
{
    static const float scales[] = {1e37F, 1e-45F};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct umm_graph *graph = new_graph();
        int32_t y = quantize(graph, add_input(graph, add_floats(graph, 2)), scales[i], 0);
        add_output(graph, quantize(graph, add_op(graph, UMM_OP_DEQUANTIZE, y), scales[i], 0));
        prepare(graph, NULL);
        assert_nodes(graph, "qdq");
        umm_graph_free(graph);
    }
}

/* ---- quantised layers --------------------------------------------------------------------- */

/* What a layer of dequantised numbers is made of. */
struct layer {
    float x_scale, w_scales[2], bias_scale, y_scale;
    int32_t x_zero_point, y_zero_point;
    bool has_bias, is_per_channel;
};

static const struct layer usual = {.x_scale = 0.037F,
                                   .w_scales = {0.011F, 0.023F},
                                   .y_scale = 0.051F,
                                   .x_zero_point = -7,
                                   .y_zero_point = 5,
                                   .has_bias = true,
                                   .is_per_channel = true};

static const int8_t layer_weights[] = {13, -77, 101, -128, 55, 2};
static const int32_t layer_bias[] = {-1234, 777};

/* An input, Q, DQ, and a layer of stored weights from 3 to 2 numbers; its output. */
static int32_t add_layer(struct umm_graph *graph, const struct layer *layer)
{
    const uint32_t n_scales = layer->is_per_channel ? 2 : 1;
    struct umm_graph_node node = {.op = UMM_OP_DENSE};
    struct umm_tensor *weights = add_tensor(graph, UMM_GRAPH_I8, 2, 3, n_scales);
    struct umm_tensor *bias = add_tensor(graph, UMM_GRAPH_I32, 1, 2, n_scales);
    memcpy(weights->data, layer_weights, sizeof layer_weights);
    memcpy(bias->data, layer_bias, sizeof layer_bias);
    for (uint32_t i = 0; i < n_scales; i++) {
        weights->scales[i] = layer->w_scales[i];
        bias->scales[i] =
            layer->bias_scale > 0 ? layer->bias_scale : layer->x_scale * layer->w_scales[i];
    }
    node.weights = weights;
    node.bias = layer->has_bias ? bias : NULL;
    const int32_t x = add_input(graph, add_floats(graph, 3));
    const int32_t q = quantize(graph, x, layer->x_scale, layer->x_zero_point);
    return add_node(graph, node, add_op(graph, UMM_OP_DEQUANTIZE, q), add_floats(graph, 2));
}

/* ONNX Runtime's arithmetic, written down once more: the sum of output o for integers q. */
static float sum_of(const struct layer *layer, size_t o, const int32_t q[3])
{
    int32_t sum = layer->has_bias ? layer_bias[o] : 0;
    for (size_t i = 0; i < 3; i++)
        sum += (q[i] - layer->x_zero_point) * layer_weights[3 * o + i];
    return (float)sum;
}

static float scale_of(const struct layer *layer, size_t o)
{
    return layer->x_scale * layer->w_scales[layer->is_per_channel ? o : 0];
}

/* A row whose numbers quantise to q. */
static void draw_row(uint64_t *random, const struct layer *layer, int32_t q[3], double row[3])
{
    for (size_t i = 0; i < 3; i++) {
        q[i] = random_between(random, -128, 127);
        row[i] = (double)((float)(q[i] - layer->x_zero_point) * layer->x_scale);
    }
}

static void layers_of_integers_are_fused(void **state)
{
    struct layer layers[] = {usual, usual, usual};
    uint64_t random = RANDOM_SEED;
    (void)state;
    layers[1].is_per_channel = false;
    layers[2].has_bias = false;
    for (size_t k = 0; k < 3; k++) {
        const struct layer *layer = &layers[k];
        struct umm_graph *graph = new_graph();
        const int32_t y =
            quantize(graph, add_layer(graph, layer), layer->y_scale, layer->y_zero_point);
        add_output(graph, add_op(graph, UMM_OP_DEQUANTIZE, y));
        prepare(graph, NULL);
        assert_nodes(graph, "qId");
        for (int i = 0; i < 2000; i++) {
            int32_t q[3];
            double row[3], result[2];
            draw_row(&random, layer, q, row);
            assert_true(interpret_row(graph, row, result));
            for (size_t o = 0; o < 2; o++) {
                float v = rintf(sum_of(layer, o, q) * (scale_of(layer, o) / layer->y_scale));
                v = fminf(fmaxf(v + (float)layer->y_zero_point, -128), 127);
                assert_true(result[o] ==
                            (double)((v - (float)layer->y_zero_point) * layer->y_scale));
            }
        }
        umm_graph_free(graph);
    }
}

static void a_last_layer_gives_floats(void **state)
{
    struct umm_graph *graph = new_graph();
    uint64_t random = RANDOM_SEED;
    (void)state;
    add_output(graph, add_op(graph, UMM_OP_RELU, add_layer(graph, &usual)));
    prepare(graph, NULL);
    assert_nodes(graph, "qI");
    for (int i = 0; i < 2000; i++) {
        int32_t q[3];
        double row[3], result[2];
        draw_row(&random, &usual, q, row);
        assert_true(interpret_row(graph, row, result));
        for (size_t o = 0; o < 2; o++)
            assert_true(result[o] == (double)fmaxf(0, sum_of(&usual, o, q) * scale_of(&usual, o)));
    }
    umm_graph_free(graph);
}

static void limits_go_into_layers_of_integers(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_graph_node clip = {.op = UMM_OP_CLIP, .limits = {-1, 2}};
    (void)state;
    int32_t y = add_op(graph, UMM_OP_RELU, add_layer(graph, &usual));
    y = add_node(graph, clip, y, add_floats(graph, 2));
    add_output(graph, quantize(graph, y, usual.y_scale, usual.y_zero_point));
    prepare(graph, NULL);
    assert_nodes(graph, "qI");
    assert_true(graph->nodes[1].limits.low == 0 && graph->nodes[1].limits.high == 2);
    const double high[] = {-4, -4, 4};
    assert_float_equal(first_result(graph, high), 2, 0.03);
    umm_graph_free(graph);
}

static void a_bias_of_another_scale_is_no_sum(void **state)
{
    struct umm_graph *graph = new_graph();
    struct layer layer = usual;
    const double row[] = {1, 2, -3};
    (void)state;
    layer.bias_scale = 0.001F;
    add_output(graph, quantize(graph, add_layer(graph, &layer), 0.051F, 5));
    const double before = first_result(graph, row);
    prepare(graph, NULL);
    assert_nodes(graph, "qdDq");
    assert_true(first_result(graph, row) == before);
    assert_int_equal(graph->nodes[2].weights->type, UMM_GRAPH_F32);
    assert_int_equal(graph->nodes[2].bias->type, UMM_GRAPH_F32);
    umm_graph_free(graph);
}

/* Up to what makes another integer of -1234. */
static void a_bias_scale_may_be_rounded(void **state)
{
    static const struct {
        float by;
        const char *nodes;
    } cases[] = {{1 + 1e-7F, "qI"}, {1 + 4e-4F, "qI"}, {1 - 4e-4F, "qI"}, {1 + 4.2e-4F, "qdD"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_graph *graph = new_graph();
        struct layer layer = usual;
        layer.is_per_channel = false;
        layer.bias_scale = layer.x_scale * layer.w_scales[0] * cases[i].by;
        add_output(graph, add_layer(graph, &layer));
        prepare(graph, NULL);
        assert_nodes(graph, cases[i].nodes);
        umm_graph_free(graph);
    }
}

static void stored_weights_of_floats_are_dequantized(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_tensor *weights = add_tensor(graph, UMM_GRAPH_I8, 2, 3, 2);
    struct umm_graph_node node = {.op = UMM_OP_DENSE, .weights = weights};
    const double row[] = {1.5, -2.25, 0.125};
    (void)state;
    memcpy(weights->data, layer_weights, sizeof layer_weights);
    weights->scales[0] = 0.1F;
    weights->scales[1] = 0.7F;
    weights->zero_points[1] = -9;
    add_output(graph,
               add_node(graph, node, add_input(graph, add_floats(graph, 3)), add_floats(graph, 2)));
    const double before = first_result(graph, row);
    prepare(graph, NULL);
    assert_nodes(graph, "D");
    assert_true(first_result(graph, row) == before);
    const float *floats = graph->nodes[0].weights->data;
    assert_true(floats[1] == -77 * 0.1F && floats[4] == (55 + 9) * 0.7F);
    umm_graph_free(graph);
}

static void a_layer_that_others_read_keeps_its_quantize(void **state)
{
    struct umm_graph *graph = new_graph();
    (void)state;
    const int32_t y = add_layer(graph, &usual);
    const int32_t q = quantize(graph, y, usual.y_scale, usual.y_zero_point);
    const int32_t d = add_op(graph, UMM_OP_DEQUANTIZE, q);
    add_output(graph, add_node_of_two(graph, (struct umm_graph_node){.op = UMM_OP_ADD}, y, d,
                                      add_floats(graph, 2)));
    prepare(graph, NULL);
    assert_nodes(graph, "qIqd+");
    umm_graph_free(graph);
}

/* XNNPACK's quantising is another rounding than a layer's. */
static void a_quantize_by_reciprocal_stays(void **state)
{
    struct umm_graph *graph = new_graph();
    const struct umm_graph_node node = {.op = UMM_OP_QUANTIZE, .is_by_reciprocal = true};
    (void)state;
    add_output(graph,
               add_node(graph, node, add_layer(graph, &usual), add_integers(graph, 2, 0.051F, 5)));
    prepare(graph, NULL);
    assert_nodes(graph, "qIq");
    umm_graph_free(graph);
}

/* ---- functions of integers ------------------------------------------------------------------- */

/* Q, DQ, a function, Q, DQ: as exporters of quantised models have it. */
static int32_t add_function(struct umm_graph *graph, struct umm_graph_node node, float x_scale,
                            float y_scale, int32_t y_zero_point)
{
    int32_t y = quantize(graph, add_input(graph, add_floats(graph, 1)), x_scale, 7);
    y = add_node(graph, node, add_op(graph, UMM_OP_DEQUANTIZE, y), add_floats(graph, 1));
    return add_op(graph, UMM_OP_DEQUANTIZE, quantize(graph, y, y_scale, y_zero_point));
}

static void functions_of_integers_are_tables(void **state)
{
    static const struct {
        struct umm_graph_node node;
        float y_scale;
        int32_t y_zero_point;
    } cases[] = {{{.op = UMM_OP_SIGMOID}, 1.0F / 256, -128},
                 {{.op = UMM_OP_TANH}, 1.0F / 127, 0},
                 {{.op = UMM_OP_RELU}, 0.037F, -128},
                 {{.op = UMM_OP_LEAKY_RELU, .alpha = 0.01F}, 0.031F, -90},
                 {{.op = UMM_OP_CLIP, .limits = {0, 6}}, 0.0237F, -128}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct umm_graph *graph = new_graph();
        const float x_scale = 0.0421F;
        double before[256];
        add_output(graph, add_function(graph, cases[k].node, x_scale, cases[k].y_scale,
                                       cases[k].y_zero_point));
        for (int i = 0; i < 256; i++) {
            const double row[] = {(double)((float)(i - 128 - 7) * x_scale)};
            before[i] = first_result(graph, row);
        }
        prepare(graph, NULL);
        assert_int_equal(graph->n_nodes, 3);
        assert_int_equal(graph->values[graph->nodes[1].inputs[0]].type, UMM_GRAPH_I8);
        for (int i = 0; i < 256; i++) {
            const double row[] = {(double)((float)(i - 128 - 7) * x_scale)};
            assert_true(first_result(graph, row) == before[i]);
        }
        umm_graph_free(graph);
    }
}

/* Half of a step, to be rounded in floats: 1 x 0.5 over 1. */
static void functions_near_a_tie_are_computed(void **state)
{
    static const float cases[][2] = {{0.5F, 1}, {0.15F, 0.1F}};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct umm_graph *graph = new_graph();
        const struct umm_graph_node node = {.op = UMM_OP_RELU};
        add_output(graph, add_function(graph, node, cases[k][0], cases[k][1], -128));
        prepare(graph, NULL);
        assert_nodes(graph, "qdRqd");
        umm_graph_free(graph);
    }
}

/* ---- layers of floats ----------------------------------------------------------------------- */

static int32_t add_dense(struct umm_graph *graph, bool has_bias)
{
    static const float weights[] = {1, 2, 3, 4}, bias[] = {10, 20};
    struct umm_tensor *tensor = add_tensor(graph, UMM_GRAPH_F32, 2, 2, 0);
    struct umm_graph_node node = {.op = UMM_OP_DENSE, .weights = tensor};
    memcpy(tensor->data, weights, sizeof weights);
    if (has_bias)
        node.bias = add_row(graph, 2, bias);
    return add_node(graph, node, add_input(graph, add_floats(graph, 2)), add_floats(graph, 2));
}

static const float both[] = {5, 7};

static void constants_after_a_layer_become_its_bias(void **state)
{
    static const struct {
        enum umm_graph_op op;
        bool is_first;
        uint32_t width;
        const char *nodes;
        double first;
    } cases[] = {{UMM_OP_ADD, false, 2, "D", 8}, {UMM_OP_ADD, true, 2, "D", 8},
                 {UMM_OP_ADD, false, 1, "D", 8}, {UMM_OP_SUB, false, 2, "D", -2},
                 {UMM_OP_SUB, true, 2, "D-", 2}, {UMM_OP_MUL, false, 2, "D?", 15}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_graph *graph = new_graph();
        struct umm_graph_node node = {.op = cases[i].op, .is_constant_first = cases[i].is_first};
        const double row[] = {1, 1};
        const int32_t y = add_dense(graph, false);
        node.constant = add_row(graph, cases[i].width, both);
        add_output(graph, add_node(graph, node, y, add_floats(graph, 2)));
        prepare(graph, NULL);
        assert_nodes(graph, cases[i].nodes);
        assert_true(first_result(graph, row) == cases[i].first);
        umm_graph_free(graph);
    }
}

/* y = x w - b of doubles, limited twice: one layer, whose numbers are still doubles. */
static void layers_of_doubles_take_bias_and_limits(void **state)
{
    struct umm_graph *graph = new_graph();
    const struct umm_graph_value doubles = {.type = UMM_GRAPH_F64, .width = 2};
    struct umm_tensor *weights = add_tensor(graph, UMM_GRAPH_F64, 2, 2, 0);
    struct umm_tensor *numbers = add_tensor(graph, UMM_GRAPH_F64, 1, 1, 0);
    const double row[] = {1, 1e-12};
    (void)state;
    ((double *)weights->data)[0] = ((double *)weights->data)[1] = 1;
    ((double *)numbers->data)[0] = 1;
    const struct umm_graph_node layer = {.op = UMM_OP_DENSE, .weights = weights};
    const struct umm_graph_node bias = {.op = UMM_OP_SUB, .constant = numbers};
    const struct umm_graph_node clip = {.op = UMM_OP_CLIP, .limits = {-1, 0.5F}};
    const struct umm_graph_node relu = {.op = UMM_OP_RELU};
    int32_t y = add_input(graph, add_value(graph, doubles));
    y = add_node(graph, layer, y, add_value(graph, doubles));
    y = add_node(graph, bias, y, add_value(graph, doubles));
    y = add_node(graph, clip, y, add_value(graph, doubles));
    add_output(graph, add_node(graph, relu, y, add_value(graph, doubles)));
    prepare(graph, NULL);
    assert_nodes(graph, "D");
    assert_true(graph->nodes[0].limits.low == 0 && graph->nodes[0].limits.high == 0.5F);
    assert_int_equal(graph->nodes[0].bias->type, UMM_GRAPH_F64);
    assert_true(((const double *)graph->nodes[0].bias->data)[1] == -1);
    assert_true(fabs(first_result(graph, row) - 1e-12) < 1e-15);
    umm_graph_free(graph);
}

static void a_second_bias_stays_a_sum(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_graph_node node = {.op = UMM_OP_ADD};
    (void)state;
    const int32_t y = add_dense(graph, true);
    node.constant = add_row(graph, 2, both);
    add_output(graph, add_op(graph, UMM_OP_RELU, add_node(graph, node, y, add_floats(graph, 2))));
    prepare(graph, NULL);
    assert_nodes(graph, "D+R");
    umm_graph_free(graph);
}

/* What is limited already is another number than the sum. */
static void no_bias_goes_before_limits(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_graph_node node = {.op = UMM_OP_ADD};
    (void)state;
    const int32_t y = add_op(graph, UMM_OP_RELU, add_dense(graph, false));
    node.constant = add_row(graph, 2, both);
    add_output(graph, add_node(graph, node, y, add_floats(graph, 2)));
    prepare(graph, NULL);
    assert_nodes(graph, "D+");
    assert_true(graph->nodes[0].limits.low == 0);
    umm_graph_free(graph);
}

/* Limits that leave one number are no layer's: such a CLIP stays. */
static void limits_that_meet_stay(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_graph_node clip = {.op = UMM_OP_CLIP, .limits = {-3, -1}};
    const double row[] = {1, 1};
    (void)state;
    const int32_t y = add_op(graph, UMM_OP_RELU, add_dense(graph, false));
    add_output(graph, add_node(graph, clip, y, add_floats(graph, 2)));
    prepare(graph, NULL);
    assert_nodes(graph, "DC");
    assert_true(first_result(graph, row) == -1);
    umm_graph_free(graph);
}

static void dynamic_layers_take_bias_and_limits(void **state)
{
    struct umm_graph *graph = new_graph();
    struct umm_tensor *weights = add_tensor(graph, UMM_GRAPH_I8, 2, 3, 1);
    struct umm_graph_node node = {.op = UMM_OP_DENSE, .weights = weights, .is_dynamic = true};
    struct umm_graph_node add = {.op = UMM_OP_ADD, .constant = add_row(graph, 2, both)};
    const double row[] = {0.3, 0.1, 0.77};
    (void)state;
    memcpy(weights->data, layer_weights, sizeof layer_weights);
    weights->scales[0] = 0.03F;
    int32_t y = add_node(graph, node, add_input(graph, add_floats(graph, 3)), add_floats(graph, 2));
    y = add_node(graph, add, y, add_floats(graph, 2));
    add_output(graph, add_op(graph, UMM_OP_RELU, y));
    const double before = first_result(graph, row);
    prepare(graph, NULL);
    assert_nodes(graph, "D");
    assert_int_equal(graph->nodes[0].weights->type, UMM_GRAPH_I8);
    assert_true(first_result(graph, row) == before);
    umm_graph_free(graph);
}

/* ---- any graph ---------------------------------------------------------------------------------
 */

static void draw_whole_row(uint64_t *random, double row[RANDOM_WIDTH])
{
    for (int i = 0; i < RANDOM_WIDTH; i++)
        row[i] = random_between(random, -7, 7);
}

/* Where nothing rounds but what rounds in both: the same bits. */
static void passes_change_no_bit(void **state)
{
    enum { N_GRAPHS = 3000, N_ROWS = 4, NODES_MAX = 24 };
    uint64_t random = RANDOM_SEED;
    uint64_t n_before = 0, n_after = 0;
    (void)state;
    for (int k = 0; k < N_GRAPHS; k++) {
        struct umm_graph *graph =
            new_random_graph(&random, random_between(&random, 1, NODES_MAX), true);
        double rows[N_ROWS][RANDOM_WIDTH], before[N_ROWS][RANDOM_WIDTH], after[RANDOM_WIDTH];
        for (int i = 0; i < N_ROWS; i++) {
            draw_whole_row(&random, rows[i]);
            assert_true(interpret_row(graph, rows[i], before[i]));
        }
        n_before += graph->n_nodes;
        prepare(graph, NULL);
        n_after += graph->n_nodes;
        for (int i = 0; i < N_ROWS; i++) {
            assert_true(interpret_row(graph, rows[i], after));
            assert_memory_equal(after, before[i], sizeof after);
        }
        umm_graph_free(graph);
    }
    assert_true(n_after * 2 < n_before);
}

/* With any scales, one rounding is another here and there: by a step, and what that leads to. */
static void fused_layers_stay_close(void **state)
{
    enum { N_GRAPHS = 1000, NODES_MAX = 24 };
    uint64_t random = RANDOM_SEED;
    int n_equal = 0;
    (void)state;
    for (int k = 0; k < N_GRAPHS; k++) {
        struct umm_graph *graph =
            new_random_graph(&random, random_between(&random, 1, NODES_MAX), false);
        double row[RANDOM_WIDTH], before[RANDOM_WIDTH], after[RANDOM_WIDTH];
        draw_whole_row(&random, row);
        assert_true(interpret_row(graph, row, before));
        prepare(graph, NULL);
        assert_true(interpret_row(graph, row, after));
        bool is_equal = true;
        for (int i = 0; i < RANDOM_WIDTH; i++)
            is_equal = is_equal && fabs(after[i] - before[i]) <= 1e-4 * (1 + fabs(before[i]));
        n_equal += is_equal;
        umm_graph_free(graph);
    }
    assert_true(n_equal > N_GRAPHS * 95 / 100);
}

/* A prepared graph is one that a reader could have made: each node is taken as it is. */
static void prepared_graphs_are_sound(void **state)
{
    enum { N_GRAPHS = 500, NODES_MAX = 24 };
    uint64_t random = RANDOM_SEED;
    (void)state;
    for (int k = 0; k < N_GRAPHS; k++) {
        struct umm_graph *graph =
            new_random_graph(&random, random_between(&random, 1, NODES_MAX), k % 2);
        struct umm_graph *copy = new_graph();
        prepare(graph, NULL);
        for (uint32_t v = 0; v < graph->n_values; v++)
            assert_int_equal(add_value(copy, graph->values[v]), v);
        for (uint32_t i = 0; i < graph->n_inputs; i++)
            add_input(copy, graph->inputs[i]);
        /* Their tensors are of the other graph, which is as if many nodes shared few. */
        add_tensor(copy, UMM_GRAPH_F32, 1000, 1000, 0);
        for (uint32_t i = 0; i < graph->n_nodes; i++) {
            const struct umm_graph_node *node = &graph->nodes[i];
            assert_int_equal(umm_graph_add_node(copy, node, NULL), UMM_OK);
            assert_false(node->op == UMM_OP_DENSE &&
                         (node->weights->type == UMM_GRAPH_F32) !=
                             (graph->values[node->inputs[0]].type == UMM_GRAPH_F32));
        }
        add_output(copy, graph->outputs[0]);
        umm_graph_free(copy);
        umm_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_output_of_numbers_is_taken),
        cmocka_unit_test(an_output_is_taken_by_its_name),
        cmocka_unit_test(a_model_needs_an_output_of_numbers),
        cmocka_unit_test(inputs_stay_even_unread),
        cmocka_unit_test(nodes_that_change_nothing_go),
        cmocka_unit_test(an_output_that_repeats_an_input_keeps_its_node),
        cmocka_unit_test(numbers_quantized_as_they_were_are_kept),
        cmocka_unit_test(numbers_quantized_otherwise_are_not),
        cmocka_unit_test(extreme_scales_are_computed),
        cmocka_unit_test(layers_of_integers_are_fused),
        cmocka_unit_test(a_last_layer_gives_floats),
        cmocka_unit_test(limits_go_into_layers_of_integers),
        cmocka_unit_test(a_bias_of_another_scale_is_no_sum),
        cmocka_unit_test(a_bias_scale_may_be_rounded),
        cmocka_unit_test(stored_weights_of_floats_are_dequantized),
        cmocka_unit_test(a_layer_that_others_read_keeps_its_quantize),
        cmocka_unit_test(a_quantize_by_reciprocal_stays),
        cmocka_unit_test(functions_of_integers_are_tables),
        cmocka_unit_test(functions_near_a_tie_are_computed),
        cmocka_unit_test(constants_after_a_layer_become_its_bias),
        cmocka_unit_test(layers_of_doubles_take_bias_and_limits),
        cmocka_unit_test(a_second_bias_stays_a_sum),
        cmocka_unit_test(no_bias_goes_before_limits),
        cmocka_unit_test(limits_that_meet_stay),
        cmocka_unit_test(dynamic_layers_take_bias_and_limits),
        cmocka_unit_test(passes_change_no_bit),
        cmocka_unit_test(fused_layers_stay_close),
        cmocka_unit_test(prepared_graphs_are_sound),
    };
    return cmocka_run_group_tests_name("passes", tests, NULL, NULL);
}
