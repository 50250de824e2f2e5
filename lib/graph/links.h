/* SPDX-License-Identifier: MIT */
/*
 * links.h - which nodes of a graph make and read each value.
 */
#ifndef UMM_GRAPH_LINKS_H
#define UMM_GRAPH_LINKS_H

#include "graph/graph.h"

/*
 * maker    of each value: the node that gives it, or UMM_GRAPH_NONE
 * reader   of each value: the last node that reads it, or UMM_GRAPH_NONE if it is an output
 * n_reads  of each value: how often nodes read it, and that it is an output
 */
struct umm_graph_links {
    int32_t *maker, *reader;
    uint32_t *n_reads;
};

/* The links of the graph as it is now. Free them, also after a failure. */
UMM_MUST_USE enum umm_status umm_graph_find_links(const struct umm_graph *graph,
                                                  struct umm_graph_links *links,
                                                  struct umm_error *err);
void umm_graph_free_links(struct umm_graph_links *links);

/* The node that alone reads the value, which is no output; or UMM_GRAPH_NONE. */
static inline int32_t umm_graph_only_reader(const struct umm_graph_links *links, int32_t value)
{
    return links->n_reads[value] == 1 ? links->reader[value] : UMM_GRAPH_NONE;
}

/* The quantised value that this one is dequantised from, or UMM_GRAPH_NONE. */
static inline int32_t umm_graph_quantized(const struct umm_graph *graph,
                                          const struct umm_graph_links *links, int32_t value)
{
    const int32_t maker = links->maker[value];
    if (maker == UMM_GRAPH_NONE || graph->nodes[maker].op != UMM_OP_DEQUANTIZE)
        return UMM_GRAPH_NONE;
    return graph->nodes[maker].inputs[0];
}

#endif
