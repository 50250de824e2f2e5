/* SPDX-License-Identifier: MIT */
/*
 * model_graph.h - a model of a graph that is in memory, for what makes graphs itself.
 */
#ifndef UMM_MODEL_MODEL_GRAPH_H
#define UMM_MODEL_MODEL_GRAPH_H

#include "graph/graph.h"
#include "umm/model.h"

/*
 * The model that runs the graph as it is: what passes do to one (graph/passes.h) is the caller's
 * to do before. It may have several outputs, also values that others are computed from; all are
 * F32 numbers of a result, those of I8 and U8 as what they mean. The graph is borrowed, and must
 * live and not change until the close. Failures as umm_model_open.
 */
UMM_MUST_USE enum umm_status umm_model_of_graph(const struct umm_graph *graph,
                                                struct umm_model **model, struct umm_error *err);

#endif
