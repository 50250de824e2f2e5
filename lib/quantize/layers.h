/* SPDX-License-Identifier: MIT */
/*
 * layers.h - the dense layers of a float graph: where they stand, what reads what they give, and
 * which of them are to stay float.
 */
#ifndef UMM_QUANTIZE_LAYERS_H
#define UMM_QUANTIZE_LAYERS_H

#include "graph/graph.h"
#include "quantize/quantize.h"
#include "umm.h"

/* More inputs could take a sum of products out of 32 bits: such a layer stays float. */
enum { UMM_QUANTIZE_INPUTS_MAX = 1 << 15 };

/* A dense layer. node: its place among the graph's nodes. Its name may be made. */
struct umm_quantize_dense {
    uint32_t node;
    char name[UMM_QUANTIZE_NAME_MAX];
    bool is_first; /* no other dense layer is before it */
    bool is_last;  /* or after it */
    bool is_float; /* it stays so */
};

/*
 * Of each value: what makes it and what reads it. is_front: no dense layer is before it.
 * n_dense, n_readers: dense layers that read it, and all that do; is_output: of the graph.
 */
struct umm_quantize_value {
    int32_t maker; /* a node, or UMM_GRAPH_NONE */
    uint32_t n_dense, n_readers;
    bool is_front, is_before_dense, is_input, is_output;
};

/* All zero is none. */
struct umm_quantize_layers {
    struct umm_quantize_dense *dense;
    uint32_t n_dense;
    struct umm_quantize_value *values; /* of the graph's */
    int32_t *of_node;                  /* which dense layer a node is, or -1 */
};

/*
 * Look at a graph that umm_graph_prepare left. UMM_ERR_UNSUPPORTED for trees, for what is int8
 * already or not of floats, and where there is no dense layer; keep_float as in quantize.h:
 * UMM_ERR_ARGUMENT for a name that no layer has. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_quantize_layers_open(struct umm_quantize_layers *layers,
                                                      const struct umm_graph *graph,
                                                      const char *keep_float,
                                                      struct umm_error *err);
void umm_quantize_layers_close(struct umm_quantize_layers *layers);

#endif
