/* SPDX-License-Identifier: MIT */
/*
 * memory.h - what a graph has for itself: its memory, and what it knows of its values.
 */
#ifndef UMM_GRAPH_MEMORY_H
#define UMM_GRAPH_MEMORY_H

#include "graph/graph.h"
#include "umm/mem.h"

/*
 * is_made           for each value, whether it is an input or what a node gives
 * n_tensor_numbers  in all tensors; n_tensor_uses: in tensors of nodes, each time anew
 * *_cap             how many the lists have room for
 */
struct umm_graph_memory {
    struct umm_arena arena;
    bool *is_made;
    uint64_t n_tensor_numbers, n_tensor_uses;
    size_t values_cap, made_cap, nodes_cap, inputs_cap, outputs_cap;
};

static inline struct umm_graph_memory *umm_graph_memory(const struct umm_graph *graph)
{
    return (struct umm_graph_memory *)graph->memory;
}

#endif
