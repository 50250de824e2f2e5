/* SPDX-License-Identifier: MIT */
/*
 * passes.h - bring a graph as a file has it into the form that is run.
 */
#ifndef UMM_GRAPH_PASSES_H
#define UMM_GRAPH_PASSES_H

#include "graph/graph.h"

/*
 * Keep what the output named output needs (NULL: the only one, or the first whose numbers are
 * floats or quantised: a label of a classifier is none), and leave it as the graph's only output.
 * All inputs stay. Then:
 *
 *   - nodes that change nothing go: casts to the same type, whole slices, numbers that are
 *     dequantised and quantised again as they were;
 *   - DENSE of dequantised numbers by stored int8 weights becomes an integer DENSE, and a QUANTIZE
 *     of its numbers alone goes into it, as ONNX Runtime fuses them (QGemm, QLinearMatMul); without
 *     a QUANTIZE its output is F32 (QGemm, MatMulIntegerToFloat). Where the bias is other integers
 *     at the scale of the sums, and where x is not dequantised, weights and bias become floats;
 *   - RELU and CLIP after a DENSE become its limits, also before such a QUANTIZE;
 *   - RELU, LEAKY_RELU, CLIP, SIGMOID and TANH between a DEQUANTIZE and a QUANTIZE become functions
 *     of integers, where that keeps all 256 results;
 *   - an ADD or SUB of a constant after a float or dynamic DENSE without a bias becomes its bias.
 *
 * Each only where nothing else reads what is between. No constant is folded into weights: that
 * would round them anew.
 *
 * What the model gives is not changed by a bit against running every node by itself, except: sums
 * of dequantised numbers are exact until they are scaled once, as (float)sum * (x.scale *
 * weights.scale / y.scale), without y.scale for F32; and the sum of a float DENSE begins with the
 * bias that was added after it.
 *
 * UMM_ERR_ARGUMENT for a name that no output has; the message lists those there are.
 */
UMM_MUST_USE enum umm_status umm_graph_prepare(struct umm_graph *graph, const char *output,
                                               struct umm_error *err);

#endif
