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
 * Then:
 *   - DEQUANTIZE, DENSE, QUANTIZE of quantised constants become one integer DENSE, whose limits
 *     are those of a RELU or CLIP between them, as ONNX Runtime fuses them to the same bits;
 *   - a MUL, ADD, SUB by constants (batch normalisation, scalers) is folded into a DENSE only where
 *     the result keeps its bits: that is, never into float weights that were not exact; otherwise
 *     it stays a node;
 *   - RELU and CLIP after a float DENSE become its limits; an ADD of a constant after a DENSE
 *     without a bias becomes its bias;
 *   - casts to the same type and nodes that nobody reads go.
 * What the model gives is not changed by a bit against running every node by itself.
 * UMM_ERR_ARGUMENT for a name that no output has; the message lists those there are.
 */
UMM_MUST_USE enum umm_status umm_graph_prepare(struct umm_graph *graph, const char *output,
                                               struct umm_error *err);

#endif
