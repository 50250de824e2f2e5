/* SPDX-License-Identifier: MIT */
/*
 * sweep.h - remove what nothing needs from a graph.
 */
#ifndef UMM_GRAPH_SWEEP_H
#define UMM_GRAPH_SWEEP_H

#include "graph/graph.h"

/*
 * Keep the inputs, the outputs, and nodes and values that lead to an output; their order stays, the
 * numbers of values change. is_gone says of each node whether it is removed in any case; NULL:
 * none.
 */
UMM_MUST_USE enum umm_status umm_graph_sweep(struct umm_graph *graph, const bool *is_gone,
                                             struct umm_error *err);

#endif
