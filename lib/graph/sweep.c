/* SPDX-License-Identifier: MIT */
#include "graph/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/memory.h"

/* Mark what outputs need, from the last node to the first; nodes come after those they read. */
static void mark(const struct umm_graph *graph, const bool *is_gone, bool *is_needed)
{
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        is_needed[graph->outputs[i]] = true;
    for (uint32_t i = graph->n_nodes; i-- > 0;) {
        const struct umm_graph_node *node = &graph->nodes[i];
        if ((is_gone && is_gone[i]) || !is_needed[node->output])
            continue;
        for (uint32_t k = 0; k < node->n_inputs; k++)
            is_needed[node->inputs[k]] = true;
    }
}

static void keep_nodes(struct umm_graph *graph, const bool *is_gone, const bool *is_needed)
{
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (!(is_gone && is_gone[i]) && is_needed[graph->nodes[i].output])
            graph->nodes[n_kept++] = graph->nodes[i];
    graph->n_nodes = n_kept;
}

/* Values that are needed move up; numbers[v] is what value v is called from now on. */
static void keep_values(struct umm_graph *graph, const bool *is_needed, int32_t *numbers)
{
    uint32_t n_kept = 0;
    for (uint32_t v = 0; v < graph->n_values; v++) {
        if (!is_needed[v])
            continue;
        numbers[v] = (int32_t)n_kept;
        graph->values[n_kept++] = graph->values[v];
    }
    graph->n_values = n_kept;
}

static void renumber(int32_t *list, uint32_t n, const int32_t *numbers)
{
    for (uint32_t i = 0; i < n; i++)
        list[i] = numbers[list[i]];
}

/* Values that no node makes any more may be made again. */
static void mark_made(struct umm_graph *graph)
{
    bool *is_made = umm_graph_memory(graph)->is_made;
    memset(is_made, 0, umm_graph_memory(graph)->made_cap * sizeof *is_made);
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        is_made[graph->inputs[i]] = true;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        is_made[graph->nodes[i].output] = true;
}

enum umm_status umm_graph_sweep(struct umm_graph *graph, const bool *is_gone, struct umm_error *err)
{
    bool *is_needed = calloc(graph->n_values, sizeof *is_needed);
    int32_t *numbers = calloc(graph->n_values, sizeof *numbers);
    enum umm_status status = UMM_OK;
    if (is_needed && numbers) {
        mark(graph, is_gone, is_needed);
        keep_nodes(graph, is_gone, is_needed);
        for (uint32_t i = 0; i < graph->n_inputs; i++)
            is_needed[graph->inputs[i]] = true;
        keep_values(graph, is_needed, numbers);
        renumber(graph->inputs, graph->n_inputs, numbers);
        renumber(graph->outputs, graph->n_outputs, numbers);
        for (uint32_t i = 0; i < graph->n_nodes; i++) {
            renumber(graph->nodes[i].inputs, graph->nodes[i].n_inputs, numbers);
            renumber(&graph->nodes[i].output, 1, numbers);
        }
        mark_made(graph);
    } else {
        status =
            umm_error_set_memory(err, graph->n_values * sizeof *numbers, "the values of a model");
    }
    free(is_needed);
    free(numbers);
    return status;
}
