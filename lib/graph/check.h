/* SPDX-License-Identifier: MIT */
/*
 * check.h - whether values and nodes are what graph/graph.h says of them.
 */
#ifndef UMM_GRAPH_CHECK_H
#define UMM_GRAPH_CHECK_H

#include "graph/graph.h"

/* UMM_ERR_DATA for a width, a scale or a zero point that cannot be. */
UMM_MUST_USE enum umm_status umm_graph_check_value(const struct umm_graph_value *value,
                                                   struct umm_error *err);

/* UMM_ERR_DATA where types, widths and constants do not go together; the node's values are there.
 */
UMM_MUST_USE enum umm_status umm_graph_check_node(const struct umm_graph *graph,
                                                  const struct umm_graph_node *node,
                                                  struct umm_error *err);

#endif
