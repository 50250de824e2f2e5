/* SPDX-License-Identifier: MIT */
#include "graph/links.h"

#include <stdlib.h>

#include "base/error.h"

static void fill(const struct umm_graph *graph, struct umm_graph_links *links)
{
    for (uint32_t v = 0; v < graph->n_values; v++)
        links->maker[v] = links->reader[v] = UMM_GRAPH_NONE;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        links->maker[node->output] = (int32_t)i;
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            links->reader[node->inputs[k]] = (int32_t)i;
            links->n_reads[node->inputs[k]]++;
        }
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        links->reader[graph->outputs[i]] = UMM_GRAPH_NONE;
        links->n_reads[graph->outputs[i]]++;
    }
}

enum umm_status umm_graph_find_links(const struct umm_graph *graph, struct umm_graph_links *links,
                                     struct umm_error *err)
{
    const size_t n = graph->n_values;
    *links = (struct umm_graph_links){.maker = calloc(n, sizeof *links->maker),
                                      .reader = calloc(n, sizeof *links->reader),
                                      .n_reads = calloc(n, sizeof *links->n_reads)};
    if (!links->maker || !links->reader || !links->n_reads)
        return umm_error_set_memory(err, n * 3 * sizeof *links->maker, "the values of a model");
    fill(graph, links);
    return UMM_OK;
}

void umm_graph_free_links(struct umm_graph_links *links)
{
    free(links->maker);
    free(links->reader);
    free(links->n_reads);
}
