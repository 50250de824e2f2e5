/* SPDX-License-Identifier: MIT */
/*
 * layers.h - a model's dense layers and trees, packed once for an engine: all plans of a model
 * share them.
 */
#ifndef UMM_MODEL_LAYERS_H
#define UMM_MODEL_LAYERS_H

#include "base/cpu.h"
#include "graph/graph.h"
#include "model/dense.h"
#include "model/dense_f64.h"
#include "model/forest.h"

/*
 * By the number of the node: NULL where it is another op.
 *
 * values: those of the graph, as they stand in slots. I8 that only layers read and that layers or
 * QUANTIZE write are U8 there, with 128 more: processors multiply unsigned bytes by signed ones.
 */
struct umm_layers {
    uint32_t n_nodes;
    struct umm_dense **dense;
    struct umm_dense_f64 **dense_f64;
    struct umm_forest **forests;
    struct umm_graph_value *values;
};

/* Pack what the graph has. UMM_ERR_UNSUPPORTED for a layer in a form that only files have. */
UMM_MUST_USE enum umm_status umm_layers_new(const struct umm_graph *graph, enum umm_cpu cpu,
                                            struct umm_layers **layers, struct umm_error *err);
void umm_layers_free(struct umm_layers *layers);

#endif
