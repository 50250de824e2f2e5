/* SPDX-License-Identifier: MIT */
#include "quantize/build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/*
 * A graph being made. floats, ints: where each value of the old graph is in the new one, as floats
 * and as int8, or UMM_GRAPH_NONE as yet.
 */
struct builder {
    const struct umm_graph *old;
    const struct umm_quantize_layers *layers;
    const struct umm_quantize_ranges *ranges;
    const struct umm_quantize_recipe *recipe;
    struct umm_quantize_built *built;
    struct umm_graph *graph;
    int32_t *floats, *ints;
};

static const struct umm_quantize_factors *factors_of(const struct builder *builder, int32_t value)
{
    static const struct umm_quantize_factors none = {.way = UMM_QUANTIZE_AS_IS};
    return builder->built->factors ? &builder->built->factors[value] : &none;
}

static bool is_int8_layer(const struct builder *builder, const struct umm_graph_node *node)
{
    const int32_t at = builder->layers->of_node[node - builder->old->nodes];
    return at >= 0 && !builder->layers->dense[at].is_float;
}

/* ---- ranges ----------------------------------------------------------------------------- */

/* Of a channel, after shift and factor. */
static struct umm_quantize_range channel_range(const struct umm_quantize_seen *seen,
                                               const struct umm_quantize_factors *factors,
                                               uint32_t i)
{
    const float shift = factors->shift ? factors->shift[i] : 0;
    const float inverse = factors->inverse ? factors->inverse[i] : 1;
    return (struct umm_quantize_range){.low = (seen->low[i] - shift) * inverse,
                                       .high = (seen->high[i] - shift) * inverse};
}

static struct umm_quantize_range range_of(const struct builder *builder, int32_t value)
{
    const double outer = 0.0005;
    const struct umm_quantize_seen *seen = &builder->ranges->values[value];
    struct umm_quantize_range range = {.low = INFINITY, .high = -INFINITY};
    if (builder->recipe->method == UMM_QUANTIZE_PERCENTILE)
        return umm_quantize_percentile(seen, outer);
    for (uint32_t i = 0; i < seen->width; i++) {
        const struct umm_quantize_range channel =
            channel_range(seen, factors_of(builder, value), i);
        range.low = fminf(range.low, channel.low);
        range.high = fmaxf(range.high, channel.high);
    }
    return range;
}

/* An answer between 0 and 1 by what makes it has all of int8 for that, as TFLite has it. */
static bool is_probability(const struct builder *builder, int32_t value)
{
    const struct umm_quantize_value *traced = &builder->layers->values[value];
    const int32_t maker = traced->maker;
    return traced->is_output && traced->n_dense == 0 && maker != UMM_GRAPH_NONE &&
           (builder->old->nodes[maker].op == UMM_OP_SOFTMAX ||
            builder->old->nodes[maker].op == UMM_OP_SIGMOID);
}

/* Settle how the value is held in int8. */
static const struct umm_quantize_holding *hold(struct builder *builder, int32_t value)
{
    struct umm_quantize_holding *holding = &builder->built->holdings[value];
    if (holding->is_int8)
        return holding;
    holding->is_int8 = true;
    holding->range = range_of(builder, value);
    holding->scale = umm_quantize_scale_of(holding->range);
    if (is_probability(builder, value))
        holding->scale =
            (struct umm_quantize_scale){.scale = 1.0F / 256, .zero_point = UMM_QUANTIZE_LOW};
    return holding;
}

/* ---- values ------------------------------------------------------------------------------ */

/* Inputs and outputs have their names; what the writer names itself has none. */
static const char *name_of(const struct builder *builder, int32_t value, bool is_end)
{
    return is_end ? builder->old->values[value].name : "";
}

static enum umm_status add_float(struct builder *builder, int32_t value, bool is_named,
                                 int32_t *index, struct umm_error *err)
{
    const struct umm_graph_value made = {.name = name_of(builder, value, is_named),
                                         .type = builder->old->values[value].type,
                                         .width = builder->old->values[value].width};
    return umm_graph_add_value(builder->graph, &made, index, err);
}

static enum umm_status add_int8(struct builder *builder, int32_t value, bool is_named,
                                int32_t *index, struct umm_error *err)
{
    const struct umm_quantize_holding *holding = hold(builder, value);
    const struct umm_graph_value made = {.name = name_of(builder, value, is_named),
                                         .type = UMM_GRAPH_I8,
                                         .width = builder->old->values[value].width,
                                         .scale = holding->scale.scale,
                                         .zero_point = holding->scale.zero_point};
    return umm_graph_add_value(builder->graph, &made, index, err);
}

static enum umm_status add_node(struct builder *builder, enum umm_graph_op op, int32_t input,
                                int32_t output, const struct umm_tensor *constant,
                                struct umm_error *err)
{
    const struct umm_graph_node node = {.op = op,
                                        .n_inputs = 1,
                                        .inputs = &input,
                                        .output = output,
                                        .constant = constant,
                                        .limits = {.low = -INFINITY, .high = INFINITY}};
    return umm_graph_add_node(builder->graph, &node, err);
}

/* Whether an output of the graph is this value, in that form. */
static bool is_end(const struct builder *builder, int32_t value, bool is_int8)
{
    return builder->layers->values[value].is_output && builder->recipe->is_io_int8 == is_int8;
}

/* The value as floats: where it is, or dequantised. */
static enum umm_status get_float(struct builder *builder, int32_t value, int32_t *index,
                                 struct umm_error *err)
{
    int32_t *made = &builder->floats[value];
    enum umm_status status = UMM_OK;
    if (*made == UMM_GRAPH_NONE) {
        status = add_float(builder, value, is_end(builder, value, false), made, err);
        if (!status)
            status = add_node(builder, UMM_OP_DEQUANTIZE, builder->ints[value], *made, NULL, err);
    }
    *index = *made;
    return status;
}

/* A node that subtracts a row of numbers, or multiplies by it. */
static enum umm_status apply_row(struct builder *builder, enum umm_graph_op op, int32_t value,
                                 const float *numbers, int32_t *index, struct umm_error *err)
{
    const uint32_t width = builder->old->values[value].width;
    struct umm_tensor *row;
    int32_t applied = UMM_GRAPH_NONE;
    enum umm_status status =
        umm_graph_tensor(builder->graph, UMM_GRAPH_F32, 1, width, 0, &row, err);
    if (!status)
        memcpy(row->data, numbers, width * sizeof *numbers);
    if (!status)
        status = add_float(builder, value, false, &applied, err);
    if (!status)
        status = add_node(builder, op, *index, applied, row, err);
    *index = applied;
    return status;
}

/* The value as int8, equalised: where it is, or quantised. */
static enum umm_status get_int8(struct builder *builder, int32_t value, int32_t *index,
                                struct umm_error *err)
{
    const struct umm_quantize_factors *factors = factors_of(builder, value);
    int32_t *made = &builder->ints[value];
    *index = *made;
    if (*made != UMM_GRAPH_NONE)
        return UMM_OK;
    enum umm_status status = get_float(builder, value, index, err);
    if (!status && factors->shift)
        status = apply_row(builder, UMM_OP_SUB, value, factors->shift, index, err);
    if (!status && factors->way == UMM_QUANTIZE_SCALED)
        status = apply_row(builder, UMM_OP_MUL, value, factors->inverse, index, err);
    if (!status)
        status = add_int8(builder, value, is_end(builder, value, true), made, err);
    if (!status)
        status = add_node(builder, UMM_OP_QUANTIZE, *index, *made, NULL, err);
    *index = *made;
    return status;
}

/* ---- weights -------------------------------------------------------------------------------- */

/* Weights and biases of a layer in floats, after equalisation of what goes in and comes out. */
struct weights {
    uint32_t n_in, n_out;
    float *numbers, *bias; /* bias NULL: none */
};

static void free_weights(struct weights *weights)
{
    free(weights->numbers);
    free(weights->bias);
}

/* Row `from` by the factors of x, and all of it by that of its output. */
static void equalize_row(const float *from, const struct weights *weights, const float *inverse,
                         double of_output, float *to)
{
    for (uint32_t i = 0; i < weights->n_in; i++)
        to[i] = (float)((double)from[i] * of_output / (inverse ? (double)inverse[i] : 1));
}

/* The bias of output o, and what its weights make of the shift. */
static float equalize_bias(const float *bias, const float *from, uint32_t n_in, const float *shift,
                           double of_output)
{
    double sum = bias ? (double)*bias : 0;
    for (uint32_t i = 0; shift && i < n_in; i++)
        sum += (double)from[i] * (double)shift[i];
    return (float)(sum * of_output);
}

/*
 * A float layer reads the value as it is where only int8 ones read it scaled.
 */
static enum umm_status equalize_weights(const struct builder *builder,
                                        const struct umm_graph_node *node, bool is_int8,
                                        struct weights *weights, struct umm_error *err)
{
    const struct umm_quantize_factors *in = factors_of(builder, node->inputs[0]);
    const struct umm_quantize_factors *out = factors_of(builder, node->output);
    const bool is_in = is_int8 || in->way == UMM_QUANTIZE_FOLDED;
    const float *inverse = is_in ? in->inverse : NULL, *shift = is_in ? in->shift : NULL;
    const float *from = node->weights->data, *bias = node->bias ? node->bias->data : NULL;
    *weights = (struct weights){.n_in = node->weights->n_columns, .n_out = node->weights->n_rows};
    weights->numbers = calloc((size_t)weights->n_out * weights->n_in, sizeof *weights->numbers);
    weights->bias = bias || shift ? calloc(weights->n_out, sizeof *weights->bias) : NULL;
    if (!weights->numbers || ((bias || shift) && !weights->bias))
        return umm_error_set_memory(err, (size_t)weights->n_out * weights->n_in * sizeof *from,
                                    "weights");
    for (uint32_t o = 0; o < weights->n_out; o++, from += weights->n_in) {
        const double of_output = out->way == UMM_QUANTIZE_FOLDED ? (double)out->inverse[o] : 1;
        equalize_row(from, weights, inverse, of_output,
                     weights->numbers + (size_t)o * weights->n_in);
        if (weights->bias)
            weights->bias[o] =
                equalize_bias(bias ? bias + o : NULL, from, weights->n_in, shift, of_output);
    }
    return UMM_OK;
}

/* Scales of each output, or one: the largest of what any would have. */
static void choose_scales(const struct weights *weights, bool is_per_channel, float input_scale,
                          float *scales)
{
    float most = 0;
    for (uint32_t o = 0; o < weights->n_out; o++) {
        const float weight_max =
            umm_quantize_magnitude(weights->numbers + (size_t)o * weights->n_in, weights->n_in);
        const float bias_max = weights->bias ? fabsf(weights->bias[o]) : 0;
        const float scale = umm_quantize_weight_scale(weight_max, bias_max, input_scale);
        if (is_per_channel)
            scales[o] = scale;
        else if (weight_max > 0 || bias_max > 0)
            most = fmaxf(most, scale);
    }
    if (!is_per_channel)
        scales[0] = most > 0 ? most : 1;
}

static void fill_integers(const struct weights *weights, float input_scale,
                          struct umm_tensor *numbers, struct umm_tensor *bias)
{
    int8_t *to = numbers->data;
    int32_t *to_bias = bias ? bias->data : NULL;
    for (uint32_t o = 0; o < weights->n_out; o++) {
        const uint32_t at = numbers->n_scales > 1 ? o : 0;
        const float scale = numbers->scales[at], bias_scale = input_scale * scale;
        const float *from = weights->numbers + (size_t)o * weights->n_in;
        for (uint32_t i = 0; i < weights->n_in; i++)
            *to++ = umm_quantize_weight(from[i], scale);
        if (!bias)
            continue;
        bias->scales[at] = bias_scale;
        to_bias[o] = umm_quantize_bias(weights->bias[o], bias_scale);
    }
}

static enum umm_status add_integers(struct builder *builder, const struct weights *weights,
                                    float input_scale, struct umm_graph_node *node,
                                    struct umm_error *err)
{
    const uint32_t n_scales = builder->recipe->is_per_channel ? weights->n_out : 1;
    struct umm_tensor *numbers, *bias = NULL;
    enum umm_status status = umm_graph_tensor(builder->graph, UMM_GRAPH_I8, weights->n_out,
                                              weights->n_in, n_scales, &numbers, err);
    if (!status && weights->bias)
        status = umm_graph_tensor(builder->graph, UMM_GRAPH_I32, 1, weights->n_out, n_scales, &bias,
                                  err);
    if (status)
        return status;
    choose_scales(weights, n_scales > 1 || weights->n_out == 1, input_scale, numbers->scales);
    fill_integers(weights, input_scale, numbers, bias);
    node->weights = numbers;
    node->bias = bias;
    return UMM_OK;
}

static enum umm_status add_floats(struct builder *builder, const struct weights *weights,
                                  struct umm_graph_node *node, struct umm_error *err)
{
    struct umm_tensor *numbers, *bias = NULL;
    enum umm_status status = umm_graph_tensor(builder->graph, UMM_GRAPH_F32, weights->n_out,
                                              weights->n_in, 0, &numbers, err);
    if (!status && weights->bias)
        status = umm_graph_tensor(builder->graph, UMM_GRAPH_F32, 1, weights->n_out, 0, &bias, err);
    if (status)
        return status;
    memcpy(numbers->data, weights->numbers,
           (size_t)weights->n_out * weights->n_in * sizeof *weights->numbers);
    if (bias)
        memcpy(bias->data, weights->bias, weights->n_out * sizeof *weights->bias);
    node->weights = numbers;
    node->bias = bias;
    return UMM_OK;
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

/* Whether an int8 layer gives int8: what reads it wants that, or the format has nothing else. */
static bool gives_int8(const struct builder *builder, int32_t value)
{
    const struct umm_quantize_value *traced = &builder->layers->values[value];
    uint32_t n_int8 = 0;
    for (uint32_t i = 0; i < builder->old->n_nodes; i++) {
        const struct umm_graph_node *node = &builder->old->nodes[i];
        n_int8 += node->inputs[0] == value && is_int8_layer(builder, node);
    }
    return builder->recipe->is_output_int8 || (traced->is_output && builder->recipe->is_io_int8) ||
           (n_int8 && n_int8 == traced->n_readers && !traced->is_output);
}

static enum umm_status add_output(struct builder *builder, const struct umm_graph_node *node,
                                  bool is_int8, int32_t *index, struct umm_error *err)
{
    const int32_t value = node->output;
    int32_t *made = is_int8 ? &builder->ints[value] : &builder->floats[value];
    const bool is_named = is_end(builder, value, is_int8);
    enum umm_status status = is_int8 ? add_int8(builder, value, is_named, made, err)
                                     : add_float(builder, value, is_named, made, err);
    *index = *made;
    return status;
}

static enum umm_status build_int8(struct builder *builder, const struct umm_graph_node *node,
                                  struct umm_error *err)
{
    struct umm_graph_node made = *node;
    struct weights weights = {0};
    int32_t input;
    enum umm_status status = get_int8(builder, node->inputs[0], &input, err);
    if (!status)
        status = equalize_weights(builder, node, true, &weights, err);
    if (!status)
        status = add_integers(builder, &weights, builder->graph->values[input].scale, &made, err);
    if (!status)
        status = add_output(builder, node, gives_int8(builder, node->output), &made.output, err);
    made.inputs = &input;
    if (!status)
        status = umm_graph_add_node(builder->graph, &made, err);
    free_weights(&weights);
    return status;
}

static enum umm_status build_float(struct builder *builder, const struct umm_graph_node *node,
                                   struct umm_error *err)
{
    struct umm_graph_node made = *node;
    struct weights weights = {0};
    int32_t input;
    enum umm_status status = get_float(builder, node->inputs[0], &input, err);
    if (!status)
        status = equalize_weights(builder, node, false, &weights, err);
    if (!status)
        status = add_floats(builder, &weights, &made, err);
    if (!status)
        status = add_output(builder, node, false, &made.output, err);
    made.inputs = &input;
    if (!status)
        status = umm_graph_add_node(builder->graph, &made, err);
    free_weights(&weights);
    return status;
}

/* What is no dense layer: as it was. */
static enum umm_status build_other(struct builder *builder, const struct umm_graph_node *node,
                                   struct umm_error *err)
{
    struct umm_graph_node made = *node;
    enum umm_status status = UMM_OK;
    made.inputs = calloc(node->n_inputs, sizeof *made.inputs);
    if (!made.inputs)
        return umm_error_set_memory(err, node->n_inputs * sizeof *made.inputs, "a node");
    for (uint32_t i = 0; !status && i < node->n_inputs; i++)
        status = get_float(builder, node->inputs[i], &made.inputs[i], err);
    if (!status)
        status = umm_graph_copy_tensor(builder->graph, node->constant, &made.constant, err);
    if (!status)
        status = add_output(builder, node, false, &made.output, err);
    if (!status)
        status = umm_graph_add_node(builder->graph, &made, err);
    free(made.inputs);
    return status;
}

/* ---- the graph ----------------------------------------------------------------------------------
 */

static enum umm_status build_inputs(struct builder *builder, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < builder->old->n_inputs; i++) {
        const int32_t value = builder->old->inputs[i];
        if (builder->recipe->is_io_int8 && builder->old->values[value].type != UMM_GRAPH_F32)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "its inputs are %s: there is no int8 for these",
                                 umm_graph_type_name(builder->old->values[value].type));
        int32_t *made =
            builder->recipe->is_io_int8 ? &builder->ints[value] : &builder->floats[value];
        status = builder->recipe->is_io_int8 ? add_int8(builder, value, true, made, err)
                                             : add_float(builder, value, true, made, err);
        if (!status)
            status = umm_graph_add_input(builder->graph, *made, err);
    }
    return status;
}

static enum umm_status build_outputs(struct builder *builder, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < builder->old->n_outputs; i++) {
        const int32_t value = builder->old->outputs[i];
        int32_t made;
        status = builder->recipe->is_io_int8 ? get_int8(builder, value, &made, err)
                                             : get_float(builder, value, &made, err);
        if (!status)
            status = umm_graph_add_output(builder->graph, made, err);
    }
    return status;
}

static enum umm_status build_all(struct builder *builder, struct umm_error *err)
{
    enum umm_status status = build_inputs(builder, err);
    for (uint32_t i = 0; !status && i < builder->old->n_nodes; i++) {
        const struct umm_graph_node *node = &builder->old->nodes[i];
        if (is_int8_layer(builder, node))
            status = build_int8(builder, node, err);
        else if (node->op == UMM_OP_DENSE)
            status = build_float(builder, node, err);
        else
            status = build_other(builder, node, err);
    }
    return status ? status : build_outputs(builder, err);
}

static enum umm_status prepare(struct builder *builder, struct umm_error *err)
{
    const uint32_t n = builder->old->n_values;
    struct umm_quantize_built *built = builder->built;
    built->n_values = n;
    built->holdings = calloc(n, sizeof *built->holdings);
    builder->floats = malloc(n * sizeof *builder->floats);
    builder->ints = malloc(n * sizeof *builder->ints);
    if (!built->holdings || !builder->floats || !builder->ints)
        return umm_error_set_memory(err, n * sizeof *built->holdings, "values");
    for (uint32_t i = 0; i < n; i++)
        builder->floats[i] = builder->ints[i] = UMM_GRAPH_NONE;
    enum umm_status status = umm_graph_new(&built->graph, err);
    builder->graph = built->graph;
    if (!status && builder->recipe->method == UMM_QUANTIZE_EQUALIZE)
        status = umm_quantize_factors_new(builder->old, builder->layers, builder->ranges,
                                          builder->recipe->is_io_int8, &built->factors, err);
    return status;
}

enum umm_status umm_quantize_build(const struct umm_graph *graph,
                                   const struct umm_quantize_layers *layers,
                                   const struct umm_quantize_ranges *ranges,
                                   const struct umm_quantize_recipe *recipe,
                                   struct umm_quantize_built *built, struct umm_error *err)
{
    *built = (struct umm_quantize_built){0};
    struct builder builder = {
        .old = graph, .layers = layers, .ranges = ranges, .recipe = recipe, .built = built};
    enum umm_status status = prepare(&builder, err);
    if (!status)
        status = build_all(&builder, err);
    free(builder.floats);
    free(builder.ints);
    return status;
}

void umm_quantize_built_free(struct umm_quantize_built *built)
{
    umm_graph_free(built->graph);
    umm_quantize_factors_free(built->factors, built->n_values);
    free(built->holdings);
    *built = (struct umm_quantize_built){0};
}
