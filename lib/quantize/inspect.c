/* SPDX-License-Identifier: MIT */
#include "quantize/inspect.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"

/* ---- layers as they were made ----------------------------------------------------------- */

/* The dense node of the made graph that is this one of the float graph: both are in one order. */
static const struct umm_graph_node *find_made(const struct umm_graph *graph, uint32_t number)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].op == UMM_OP_DENSE && number-- == 0)
            return &graph->nodes[i];
    return NULL;
}

static uint32_t count_dead(const struct umm_quantize_seen *seen)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < seen->width; i++)
        n += !(seen->low[i] < seen->high[i]);
    return n;
}

static void describe_weights(const struct umm_tensor *weights, struct umm_quantize_layer *layer)
{
    layer->weight_scale_low = INFINITY;
    for (uint32_t i = 0; i < weights->n_scales; i++) {
        layer->weight_scale_low = fminf(layer->weight_scale_low, weights->scales[i]);
        layer->weight_scale_high = fmaxf(layer->weight_scale_high, weights->scales[i]);
    }
}

static struct umm_quantize_layer describe_layer(const struct umm_quantize_subject *subject,
                                                const struct umm_quantize_trial *trial, uint32_t i)
{
    const struct umm_quantize_dense *dense = &subject->layers->dense[i];
    const struct umm_graph_node *old = &subject->graph->nodes[dense->node];
    const struct umm_graph_node *made = find_made(trial->built.graph, i);
    const struct umm_quantize_holding *holding = &trial->built.holdings[old->inputs[0]];
    const struct umm_quantize_seen *seen = &subject->ranges->values[old->inputs[0]];
    struct umm_quantize_layer layer = {.n_in = old->weights->n_columns,
                                       .n_out = old->weights->n_rows,
                                       .is_int8 = made && made->weights->type == UMM_GRAPH_I8,
                                       .low = INFINITY,
                                       .high = -INFINITY,
                                       .n_dead = count_dead(&subject->ranges->values[old->output])};
    memcpy(layer.name, dense->name, sizeof layer.name);
    layer.weight_max = umm_quantize_magnitude(old->weights->data, (size_t)layer.n_in * layer.n_out);
    if (layer.is_int8) {
        layer.is_equalized =
            trial->built.factors && trial->built.factors[old->inputs[0]].way != UMM_QUANTIZE_AS_IS;
        layer.low = holding->range.low;
        layer.high = holding->range.high;
        layer.scale = holding->scale.scale;
        layer.zero_point = holding->scale.zero_point;
        describe_weights(made->weights, &layer);
        const struct umm_graph_value *output = &trial->built.graph->values[made->output];
        if (output->type == UMM_GRAPH_I8)
            layer.multiplier = layer.scale * layer.weight_scale_high / output->scale;
        return layer;
    }
    for (uint32_t k = 0; k < seen->width; k++) {
        layer.low = fminf(layer.low, seen->low[k]);
        layer.high = fmaxf(layer.high, seen->high[k]);
    }
    return layer;
}

/* ---- the held-out rows ---------------------------------------------------------------------- */

/* n_clipped: of each layer, how often each channel of its input was out of range. */
struct inspector {
    const struct umm_quantize_subject *subject;
    const struct umm_quantize_trial *trial;
    struct umm_quantize_result *result;
    uint64_t **n_clipped;
};

static void free_counts(struct inspector *inspector)
{
    for (uint32_t i = 0; inspector->n_clipped && i < inspector->subject->layers->n_dense; i++)
        free(inspector->n_clipped[i]);
    free(inspector->n_clipped);
}

static enum umm_status make_counts(struct inspector *inspector, struct umm_error *err)
{
    const struct umm_quantize_layers *layers = inspector->subject->layers;
    inspector->n_clipped = calloc(layers->n_dense, sizeof *inspector->n_clipped);
    bool is_made = inspector->n_clipped != NULL;
    for (uint32_t i = 0; is_made && i < layers->n_dense; i++) {
        const uint32_t n_in = inspector->result->layers[i].n_in;
        inspector->n_clipped[i] = calloc(n_in, sizeof **inspector->n_clipped);
        is_made = inspector->n_clipped[i] != NULL;
    }
    return is_made ? UMM_OK
                   : umm_error_set_memory(err, layers->n_dense * sizeof *inspector->n_clipped,
                                          "counts");
}

/* Count the numbers of a layer's input that int8 cannot hold: half a step is rounded. */
static void count_clipped(const struct inspector *inspector, uint32_t layer, const float *numbers)
{
    const struct umm_quantize_subject *subject = inspector->subject;
    const int32_t value = subject->graph->nodes[subject->layers->dense[layer].node].inputs[0];
    const struct umm_quantize_scale scale = inspector->trial->built.holdings[value].scale;
    const struct umm_quantize_range limits = umm_quantize_limits_of(scale);
    const struct umm_quantize_factors *factors =
        inspector->trial->built.factors ? &inspector->trial->built.factors[value] : NULL;
    for (uint32_t i = 0; i < inspector->result->layers[layer].n_in; i++) {
        float number = numbers[i];
        if (factors && factors->shift)
            number -= factors->shift[i];
        if (factors && factors->inverse)
            number *= factors->inverse[i];
        inspector->n_clipped[layer][i] +=
            number < limits.low - scale.scale / 2 || number > limits.high + scale.scale / 2;
    }
}

/*
 * Whether an input of the row is further outside what the calibration rows had than a tenth of
 * that: of many inputs one is always a little outside.
 */
static bool is_outside(const struct inspector *inspector, const struct umm_quantize_watch *watch,
                       const float *result)
{
    const float part = 0.1F;
    const struct umm_graph *graph = inspector->subject->graph;
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        const struct umm_quantize_seen *seen =
            &inspector->subject->ranges->values[graph->inputs[i]];
        const float *numbers = result + (seen->width ? watch->offsets[graph->inputs[i]] : 0);
        for (uint32_t k = 0; k < seen->width; k++) {
            const float margin = part * (seen->high[k] - seen->low[k]);
            if (numbers[k] < seen->low[k] - margin || numbers[k] > seen->high[k] + margin)
                return true;
        }
    }
    return false;
}

static enum umm_status take(void *user, const struct umm_quantize_watch *watch,
                            const float *results, uint64_t first, uint64_t n, struct umm_error *err)
{
    struct inspector *inspector = user;
    const struct umm_quantize_subject *subject = inspector->subject;
    for (uint64_t row = 0; row < n; row++, results += watch->n_result) {
        for (uint64_t i = 0; i < watch->n_result; i++)
            if (!isfinite(results[i]))
                return umm_error_set(err, UMM_ERR_DATA,
                                     "row %" PRIu64
                                     " makes the model compute NaN or infinity: there is nothing "
                                     "to compare with",
                                     subject->rows->numbers[first + row]);
        inspector->result->n_outside += is_outside(inspector, watch, results);
        for (uint32_t i = 0; i < subject->layers->n_dense; i++) {
            const struct umm_graph_node *node =
                &subject->graph->nodes[subject->layers->dense[i].node];
            if (inspector->result->layers[i].is_int8)
                count_clipped(inspector, i, results + watch->offsets[node->inputs[0]]);
        }
    }
    return UMM_OK;
}

/* Counts into shares, and channels that are out of range too often. */
static void sum_up(const struct inspector *inspector)
{
    const double often = 0.01, n_rows = (double)inspector->subject->rows->n_rows;
    for (uint32_t i = 0; i < inspector->result->n_layers; i++) {
        struct umm_quantize_layer *layer = &inspector->result->layers[i];
        uint64_t n_all = 0;
        for (uint32_t k = 0; k < layer->n_in; k++) {
            const uint64_t n = inspector->n_clipped[i][k];
            layer->n_saturating += (double)n > often * n_rows;
            n_all += n;
        }
        layer->clipped = (double)n_all / (n_rows * (double)layer->n_in);
    }
}

enum umm_status umm_quantize_inspect(const struct umm_quantize_subject *subject,
                                     const struct umm_quantize_trial *trial,
                                     struct umm_quantize_watch *watch, struct umm_run *run,
                                     struct umm_quantize_result *result, struct umm_error *err)
{
    struct inspector inspector = {.subject = subject, .trial = trial, .result = result};
    const uint32_t n = subject->layers->n_dense;
    result->layers = calloc(n, sizeof *result->layers);
    if (!result->layers)
        return umm_error_set_memory(err, n * sizeof *result->layers, "layers");
    result->n_layers = n;
    for (uint32_t i = 0; i < n; i++) {
        result->layers[i] = describe_layer(subject, trial, i);
        result->n_int8 += result->layers[i].is_int8;
    }
    enum umm_status status = make_counts(&inspector, err);
    if (!status)
        status = umm_quantize_watch_run(watch, subject->rows, run, take, &inspector, err);
    if (!status)
        sum_up(&inspector);
    free_counts(&inspector);
    return status;
}

/* ---- warnings ---------------------------------------------------------------------------------
 */

UMM_PRINTF(2, 3) static void add(struct umm_quantize_result *result, const char *fmt, ...)
{
    va_list args;
    if (result->n_warnings == UMM_QUANTIZE_WARNINGS)
        return;
    va_start(args, fmt);
    vsnprintf(result->warnings[result->n_warnings++], UMM_QUANTIZE_WARNING_MAX, fmt, args);
    va_end(args);
}

/* Channels of all layers: those that are dead, and those that saturate, with a layer's name. */
static void warn_of_channels(struct umm_quantize_result *result)
{
    uint64_t n_dead = 0, n_saturating = 0, n_out = 0, n_in = 0;
    const char *dead = "", *saturating = "";
    char shown[UMM_EXCERPT_MAX];
    for (size_t i = 0; i < result->n_layers; i++) {
        const struct umm_quantize_layer *layer = &result->layers[i];
        if (layer->n_dead && !n_dead)
            dead = layer->name;
        if (layer->n_saturating && !n_saturating)
            saturating = layer->name;
        n_dead += layer->n_dead;
        n_saturating += layer->n_saturating;
        n_out += layer->n_out;
        n_in += layer->n_in;
    }
    if (n_dead)
        add(result,
            "%" PRIu64 " of %" PRIu64 " outputs of layers are one number in all calibration rows, "
            "the first in %s",
            n_dead, n_out, umm_escape(shown, sizeof shown, dead, strlen(dead)));
    if (n_saturating)
        add(result,
            "%" PRIu64 " of %" PRIu64 " inputs of layers are outside their range in over 1 %% of "
            "the held-out rows, the first in %s",
            n_saturating, n_in, umm_escape(shown, sizeof shown, saturating, strlen(saturating)));
}

/* Answers that nobody would want without having been told. */
static void warn_of_agreement(struct umm_quantize_result *result)
{
    const double bad_rms = 0.10, bad_spread = 0.25, bad_share = 0.95;
    const struct umm_quantize_agreement *agreement = &result->tries[result->chosen].agreement;
    const double same = (double)agreement->n_same / (double)agreement->n_rows;
    /* Answers far from 0 can lose all that they tell, and be near those of floats. */
    const bool is_lost = isfinite(agreement->spread_rms) && agreement->spread_rms > bad_spread;
    if (agreement->relative_rms > bad_rms || is_lost || same < bad_share)
        add(result,
            "the answers are far from those of floats: %.1f %% relative RMS, %.1f %% of their "
            "spread, %.2f %% of decisions the same",
            agreement->relative_rms * 100, agreement->spread_rms * 100, same * 100);
    if (agreement->is_one_decision)
        add(result,
            "the float model decides alike in all %" PRIu64
            " held-out rows: that decisions are the same says little",
            agreement->n_rows);
}

/* What TensorFlow Lite does not take, or only some versions of it. */
static void warn_of_tflite(const struct umm_quantize_subject *subject,
                           struct umm_quantize_result *result)
{
    const float most = 256; /* of XNNPACK; the other kernels have a limit that is not as clear */
    char shown[UMM_EXCERPT_MAX];
    if (subject->format != UMM_MODELFILE_TFLITE)
        return;
    if (subject->recipe.is_per_channel)
        add(result, "TensorFlow Lite up to 2.9 has no weights per channel in such layers, and will "
                    "refuse the file");
    for (size_t i = 0; i < result->n_layers; i++)
        if (result->layers[i].multiplier >= most) {
            add(result,
                "TensorFlow Lite will refuse %s, whose sums are multiplied by %.3g: equalise, or "
                "keep it float",
                umm_escape(shown, sizeof shown, result->layers[i].name,
                           strlen(result->layers[i].name)),
                (double)result->layers[i].multiplier);
            return;
        }
}

void umm_quantize_warn(const struct umm_quantize_subject *subject,
                       struct umm_quantize_result *result)
{
    const double often = 0.05;
    if (result->n_calibration < UMM_QUANTIZE_FEW_ROWS)
        add(result, "%" PRIu64 " calibration rows are few: errors fall until there are about %d",
            result->n_calibration, UMM_QUANTIZE_FEW_ROWS);
    if ((double)result->n_outside > often * (double)result->n_held_out)
        add(result,
            "%" PRIu64 " of %" PRIu64
            " held-out rows have an input far outside what the calibration "
            "rows have: more rows are needed, or the data change with time",
            result->n_outside, result->n_held_out);
    warn_of_channels(result);
    warn_of_agreement(result);
    warn_of_tflite(subject, result);
}
