/* SPDX-License-Identifier: MIT */
#include "quantize/equalize.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"

/* ---- factors of one value -------------------------------------------------------------- */

/* The largest that both sides of a channel become. */
static double level_of(const float *activation_max, const float *weight_max, uint32_t n)
{
    double most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = fmax(most, sqrt((double)activation_max[i] * (double)weight_max[i]));
    return most > 0 ? most : 1;
}

static float normal(double factor)
{
    return (float)fmin(fmax(factor, (double)FLT_MIN), (double)FLT_MAX);
}

void umm_quantize_equalize(const float *activation_max, const float *weight_max, uint32_t n,
                           float *inverse)
{
    const double level = level_of(activation_max, weight_max, n);
    for (uint32_t i = 0; i < n; i++) {
        const double a = (double)activation_max[i], w = (double)weight_max[i];
        if (a > 0 && w > 0)
            inverse[i] = normal(sqrt(w / a));
        else if (a > 0)
            inverse[i] = normal(level / a);
        else if (w > 0)
            inverse[i] = normal(w / level);
        else
            inverse[i] = 1;
    }
}

/* ---- which values ------------------------------------------------------------------------ */

static bool is_int8(const struct umm_quantize_layers *layers, uint32_t node)
{
    return layers->of_node[node] >= 0 && !layers->dense[layers->of_node[node]].is_float;
}

/* Whether dividing what the layer gives is the same as dividing its rows. */
static bool is_proportional(const struct umm_graph_node *node)
{
    return (node->limits.low == 0 || node->limits.low == -INFINITY) &&
           node->limits.high == INFINITY;
}

static enum umm_quantize_way way_of(const struct umm_graph *graph,
                                    const struct umm_quantize_layers *layers, uint32_t value,
                                    bool is_read_int8, bool is_input_fixed)
{
    const struct umm_quantize_value *traced = &layers->values[value];
    if (!is_read_int8)
        return UMM_QUANTIZE_AS_IS;
    if (traced->is_front)
        return traced->is_input && is_input_fixed ? UMM_QUANTIZE_AS_IS : UMM_QUANTIZE_SCALED;
    const struct umm_graph_node *maker = &graph->nodes[traced->maker];
    if (maker->op == UMM_OP_DENSE && is_proportional(maker) && !traced->is_output &&
        traced->n_readers == traced->n_dense)
        return UMM_QUANTIZE_FOLDED;
    return UMM_QUANTIZE_AS_IS;
}

/* The largest weight of each column, over the layers that read the value; int8 ones alone if asked.
 */
static void find_weight_max(const struct umm_graph *graph, const struct umm_quantize_layers *layers,
                            uint32_t value, bool is_int8_only, float *weight_max)
{
    for (uint32_t i = 0; i < layers->n_dense; i++) {
        const struct umm_graph_node *node = &graph->nodes[layers->dense[i].node];
        const float *weights = node->weights->data;
        if (node->inputs[0] != (int32_t)value || (is_int8_only && layers->dense[i].is_float))
            continue;
        for (uint32_t o = 0; o < node->weights->n_rows; o++, weights += node->weights->n_columns)
            for (uint32_t k = 0; k < node->weights->n_columns; k++)
                weight_max[k] = fmaxf(weight_max[k], fabsf(weights[k]));
    }
}

/* The middle of a range on one side of 0, else 0. */
static float shift_of(float low, float high)
{
    return low > 0 || high < 0 ? (float)(((double)low + (double)high) / 2) : 0;
}

/* Where some channel is shifted: all of them, in *shift. */
static bool make_shift(const struct umm_quantize_seen *seen, float **shift)
{
    bool is_any = false;
    for (uint32_t i = 0; i < seen->width; i++)
        is_any |= shift_of(seen->low[i], seen->high[i]) != 0;
    if (!is_any)
        return true;
    *shift = calloc(seen->width, sizeof **shift);
    for (uint32_t i = 0; *shift && i < seen->width; i++)
        (*shift)[i] = shift_of(seen->low[i], seen->high[i]);
    return *shift != NULL;
}

static float magnitude_of(const struct umm_quantize_seen *seen, const float *shift, uint32_t i)
{
    const float by = shift ? shift[i] : 0;
    return fmaxf(fabsf(seen->low[i] - by), fabsf(seen->high[i] - by));
}

static enum umm_status equalize_value(const struct umm_graph *graph,
                                      const struct umm_quantize_layers *layers,
                                      const struct umm_quantize_seen *seen, uint32_t value,
                                      struct umm_quantize_factors *factors, struct umm_error *err)
{
    const uint32_t n = seen->width;
    float *activation_max = calloc(n, sizeof *activation_max);
    float *weight_max = calloc(n, sizeof *weight_max);
    factors->inverse = calloc(n, sizeof *factors->inverse);
    enum umm_status status = UMM_OK;
    if (activation_max && weight_max && factors->inverse &&
        (factors->way != UMM_QUANTIZE_SCALED || make_shift(seen, &factors->shift))) {
        for (uint32_t i = 0; i < n; i++)
            activation_max[i] = magnitude_of(seen, factors->shift, i);
        find_weight_max(graph, layers, value, factors->way == UMM_QUANTIZE_SCALED, weight_max);
        umm_quantize_equalize(activation_max, weight_max, n, factors->inverse);
    } else {
        status = umm_error_set_memory(err, n * sizeof *factors->inverse, "factors");
    }
    free(activation_max);
    free(weight_max);
    return status;
}

enum umm_status umm_quantize_factors_new(const struct umm_graph *graph,
                                         const struct umm_quantize_layers *layers,
                                         const struct umm_quantize_ranges *ranges,
                                         bool is_input_fixed, struct umm_quantize_factors **factors,
                                         struct umm_error *err)
{
    struct umm_quantize_factors *made = calloc(graph->n_values, sizeof *made);
    bool *is_read_int8 = calloc(graph->n_values, sizeof *is_read_int8);
    enum umm_status status = UMM_OK;
    if (!made || !is_read_int8)
        status = umm_error_set_memory(err, graph->n_values * sizeof *made, "factors");
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++)
        if (is_int8(layers, i))
            is_read_int8[graph->nodes[i].inputs[0]] = true;
    for (uint32_t i = 0; !status && i < graph->n_values; i++) {
        made[i].way = way_of(graph, layers, i, is_read_int8[i], is_input_fixed);
        if (made[i].way != UMM_QUANTIZE_AS_IS)
            status = equalize_value(graph, layers, &ranges->values[i], i, &made[i], err);
    }
    free(is_read_int8);
    if (status) {
        umm_quantize_factors_free(made, graph->n_values);
        made = NULL;
    }
    *factors = made;
    return status;
}

void umm_quantize_factors_free(struct umm_quantize_factors *factors, uint32_t n_values)
{
    for (uint32_t i = 0; factors && i < n_values; i++) {
        free(factors[i].inverse);
        free(factors[i].shift);
    }
    free(factors);
}
