/* SPDX-License-Identifier: MIT */
/*
 * equalize.h - factors that make the channels of what a layer reads alike: int8 has one scale for
 * all of them, and raw features may be 1e-3 and 1e5.
 *
 *     x[i] / s[i]  and  weights[o][i] * s[i]     give the same sums
 *
 * What divides depends on what makes x:
 *
 *   UMM_QUANTIZE_FOLDED   a dense layer, which nothing but dense layers reads: its rows are divided
 *                         (its RELU, or none, goes with that: max(0, x) / s = max(0, x / s))
 *   UMM_QUANTIZE_SCALED   what comes before every dense layer: a MUL by 1 / s before it is
 * quantised UMM_QUANTIZE_AS_IS    anything else
 */
#ifndef UMM_QUANTIZE_EQUALIZE_H
#define UMM_QUANTIZE_EQUALIZE_H

#include "quantize/layers.h"
#include "quantize/observe.h"

enum umm_quantize_way { UMM_QUANTIZE_AS_IS, UMM_QUANTIZE_FOLDED, UMM_QUANTIZE_SCALED };

/*
 * Of a value: inverse[i] = 1 / s[i]; NULL as it is. shift: what is subtracted before, where the
 * numbers of a channel lie on one side of 0 (a price of 60,000, give or take 2,000): the middle of
 * its range, else 0; NULL: nothing is. The biases get what the weights make of it.
 */
struct umm_quantize_factors {
    enum umm_quantize_way way;
    float *inverse, *shift;
};

/*
 * Write to inverse[i], for n channels, what makes activation_max[i] * inverse[i] and
 * weight_max[i] / inverse[i] alike: (weight_max[i] / activation_max[i])^0.5. A channel that is 0 on
 * one side is brought to the largest of the others on the other side, so that it takes no range
 * from them. All are positive, normal floats.
 */
void umm_quantize_equalize(const float *activation_max, const float *weight_max, uint32_t n,
                           float *inverse);

/*
 * The factors of every value of the graph, an array of n_values that _free takes. is_input_fixed:
 * inputs of the graph are int8 as they come, and are not scaled.
 */
UMM_MUST_USE enum umm_status
umm_quantize_factors_new(const struct umm_graph *graph, const struct umm_quantize_layers *layers,
                         const struct umm_quantize_ranges *ranges, bool is_input_fixed,
                         struct umm_quantize_factors **factors, struct umm_error *err);
void umm_quantize_factors_free(struct umm_quantize_factors *factors, uint32_t n_values);

#endif
