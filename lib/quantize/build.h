/* SPDX-License-Identifier: MIT */
/*
 * build.h - the int8 graph of a float graph, by a recipe and the ranges that were seen.
 *
 *     x f32 [- shift] [* inverse] -> QUANTIZE -> DENSE i8 -> ... -> DENSE i8 to f32 -> as before
 *
 * Between two int8 layers values are int8. What is neither a dense layer nor between two of them
 * stays float: scalers before, activations other than RELU, SOFTMAX and SIGMOID at the end.
 */
#ifndef UMM_QUANTIZE_BUILD_H
#define UMM_QUANTIZE_BUILD_H

#include "modelfile/modelfile.h"
#include "quantize/equalize.h"
#include "quantize/layers.h"
#include "quantize/observe.h"
#include "quantize/quantize.h"

/*
 * method: not AUTO. is_output_int8: a layer gives int8 also where floats are wanted, which are
 * dequantised then: TensorFlow Lite has no other integer layer.
 */
struct umm_quantize_recipe {
    enum umm_quantize_method method;
    bool is_per_channel, is_io_int8, is_output_int8;
};

/*
 * How a value of the float graph is held: whether as int8, its range after equalisation, and where
 * it is in the made graph.
 */
struct umm_quantize_holding {
    bool is_int8;
    struct umm_quantize_range range;
    struct umm_quantize_scale scale;
};

/* What was made. All zero is none. */
struct umm_quantize_built {
    struct umm_graph *graph;
    struct umm_quantize_factors *factors;  /* of each value; NULL: none */
    struct umm_quantize_holding *holdings; /* of each value of the float graph */
    uint32_t n_values;
};

/*
 * Build it. layers say which stay float. Names of inputs and outputs are kept. Free it after any
 * call.
 */
UMM_MUST_USE enum umm_status umm_quantize_build(const struct umm_graph *graph,
                                                const struct umm_quantize_layers *layers,
                                                const struct umm_quantize_ranges *ranges,
                                                const struct umm_quantize_recipe *recipe,
                                                struct umm_quantize_built *built,
                                                struct umm_error *err);
void umm_quantize_built_free(struct umm_quantize_built *built);

#endif
