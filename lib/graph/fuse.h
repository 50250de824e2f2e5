/* SPDX-License-Identifier: MIT */
/*
 * fuse.h - dense layers in the forms that are run, with what comes right after them.
 */
#ifndef UMM_GRAPH_FUSE_H
#define UMM_GRAPH_FUSE_H

#include "graph/graph.h"

/*
 * Bring each DENSE with stored integers into one that is run, and let it do what the only node
 * that reads it does, as graph/passes.h says. Nodes that are done by others are marked in is_gone,
 * which has room for all nodes; dequantised tensors are new ones of the graph.
 */
UMM_MUST_USE enum umm_status umm_graph_fuse(struct umm_graph *graph, bool *is_gone,
                                            struct umm_error *err);

#endif
