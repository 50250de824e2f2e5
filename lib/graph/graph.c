/* SPDX-License-Identifier: MIT */
#include "graph/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/memory.h"

/* How often nodes may read a tensor, on average, and numbers that are not counted. */
enum { SHARED_MAX = 4, SHARED_FREE = 1 << 16 };

enum { VALUES_MAX = UMM_GRAPH_NODES_MAX + UMM_GRAPH_INPUTS_MAX, FIRST_CAPACITY = 16 };

enum umm_status umm_graph_new(struct umm_graph **graph, struct umm_error *err)
{
    *graph = NULL;
    struct umm_graph *made = calloc(1, sizeof *made);
    struct umm_graph_memory *memory = calloc(1, sizeof *memory);
    if (!made || !memory) {
        free(made);
        free(memory);
        return umm_error_set_memory(err, sizeof *made + sizeof *memory, "a graph");
    }
    made->memory = memory;
    *graph = made;
    return UMM_OK;
}

void umm_graph_free(struct umm_graph *graph)
{
    if (!graph)
        return;
    umm_arena_close(&umm_graph_memory(graph)->arena);
    free(graph->memory);
    free(graph);
}

/* ---- memory ------------------------------------------------------------------- */

static enum umm_status no_memory(uint64_t n, size_t size_bytes, struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_MEMORY,
                         "out of memory: %" PRIu64 " times %zu bytes of a model", n, size_bytes);
}

enum umm_status umm_graph_alloc(struct umm_graph *graph, uint64_t n, size_t size_bytes,
                                void **memory, struct umm_error *err)
{
    *memory = umm_arena_alloc_array(&umm_graph_memory(graph)->arena, n, size_bytes);
    return *memory ? UMM_OK : no_memory(n, size_bytes, err);
}

enum umm_status umm_graph_string(struct umm_graph *graph, const char *text, size_t len_bytes,
                                 const char **copy, struct umm_error *err)
{
    *copy = "";
    if (len_bytes == 0)
        return UMM_OK;
    char *at = NULL;
    if (len_bytes < SIZE_MAX / 2)
        at = umm_arena_alloc(&umm_graph_memory(graph)->arena, len_bytes + 1);
    if (!at)
        return no_memory(len_bytes, 1, err);
    memcpy(at, text, len_bytes);
    *copy = at;
    return UMM_OK;
}

/* Room for one more element after n in list, which may move. */
static enum umm_status room_for_one(struct umm_graph *graph, void **list, size_t n, size_t *cap,
                                    size_t each_bytes, struct umm_error *err)
{
    if (n < *cap)
        return UMM_OK;
    size_t more = *cap ? 2 * *cap : FIRST_CAPACITY;
    void *moved = umm_arena_realloc(&umm_graph_memory(graph)->arena, *list, *cap * each_bytes,
                                    more * each_bytes);
    if (!moved)
        return no_memory(more, each_bytes, err);
    *list = moved;
    *cap = more;
    return UMM_OK;
}

enum umm_status umm_graph_tensor(struct umm_graph *graph, enum umm_graph_type type, uint64_t n_rows,
                                 uint64_t n_columns, uint32_t n_scales, struct umm_tensor **tensor,
                                 struct umm_error *err)
{
    *tensor = NULL;
    if (n_rows == 0 || n_columns == 0 || n_columns > UMM_GRAPH_ELEMENTS_MAX / n_rows)
        return umm_error_set(err, UMM_ERR_DATA,
                             "a constant of %" PRIu64 " x %" PRIu64 " numbers, of 1 to %d", n_rows,
                             n_columns, UMM_GRAPH_ELEMENTS_MAX);
    if (n_scales > 1 && n_scales != n_rows && n_scales != n_columns)
        return umm_error_set(err, UMM_ERR_DATA,
                             "%" PRIu32 " scales for a constant of %" PRIu64 " x %" PRIu64,
                             n_scales, n_rows, n_columns);
    void *made, *data, *scales, *zero_points;
    enum umm_status status =
        umm_graph_alloc(graph, n_rows * n_columns, umm_graph_type_bytes(type), &data, err);
    if (!status)
        status = umm_graph_alloc(graph, 1, sizeof **tensor, &made, err);
    if (!status)
        status = umm_graph_alloc(graph, n_scales, sizeof(float), &scales, err);
    if (!status)
        status = umm_graph_alloc(graph, n_scales, sizeof(int32_t), &zero_points, err);
    if (status)
        return status;
    umm_graph_memory(graph)->n_tensor_numbers += n_rows * n_columns;
    *tensor = made;
    **tensor = (struct umm_tensor){.type = type,
                                   .n_rows = (uint32_t)n_rows,
                                   .n_columns = (uint32_t)n_columns,
                                   .data = data,
                                   .n_scales = n_scales,
                                   .scales = n_scales ? scales : NULL,
                                   .zero_points = n_scales ? zero_points : NULL};
    return UMM_OK;
}

/* ---- values, inputs, outputs ----------------------------------------------------- */

enum umm_status umm_graph_add_value(struct umm_graph *graph, const struct umm_graph_value *value,
                                    int32_t *index, struct umm_error *err)
{
    struct umm_graph_memory *memory = umm_graph_memory(graph);
    *index = UMM_GRAPH_NONE;
    if (graph->n_values == VALUES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a model of more than %d values",
                             VALUES_MAX);
    enum umm_status status = umm_graph_check_value(value, err);
    void *values = graph->values, *is_made = memory->is_made;
    if (!status)
        status =
            room_for_one(graph, &values, graph->n_values, &memory->values_cap, sizeof *value, err);
    graph->values = values;
    if (!status)
        status =
            room_for_one(graph, &is_made, graph->n_values, &memory->made_cap, sizeof(bool), err);
    memory->is_made = is_made;
    const char *name = "";
    if (!status && value->name)
        status = umm_graph_string(graph, value->name, strlen(value->name), &name, err);
    if (status)
        return status;
    graph->values[graph->n_values] = *value;
    graph->values[graph->n_values].name = name;
    *index = (int32_t)graph->n_values++;
    return UMM_OK;
}

static bool is_made(struct umm_graph *graph, int32_t value)
{
    return value >= 0 && (uint32_t)value < graph->n_values &&
           umm_graph_memory(graph)->is_made[value];
}

static uint64_t width_of(const struct umm_graph *graph, const int32_t *list, uint32_t n)
{
    uint64_t width = 0;
    for (uint32_t i = 0; i < n; i++)
        width += graph->values[list[i]].width;
    return width;
}

uint64_t umm_graph_input_width(const struct umm_graph *graph)
{
    return width_of(graph, graph->inputs, graph->n_inputs);
}

uint64_t umm_graph_output_width(const struct umm_graph *graph)
{
    return width_of(graph, graph->outputs, graph->n_outputs);
}

/* Add value, which is there, to the list of inputs or outputs. */
static enum umm_status add_end(struct umm_graph *graph, int32_t value, const char *ends,
                               int32_t **list, uint32_t *n, size_t *cap, struct umm_error *err)
{
    if (*n == UMM_GRAPH_INPUTS_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a model of more than %d %s",
                             UMM_GRAPH_INPUTS_MAX, ends);
    if (width_of(graph, *list, *n) + graph->values[value].width > UMM_GRAPH_WIDTH_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a model of more than %d numbers in its %s",
                             UMM_GRAPH_WIDTH_MAX, ends);
    void *moved = *list;
    enum umm_status status = room_for_one(graph, &moved, *n, cap, sizeof **list, err);
    *list = moved;
    if (!status)
        (*list)[(*n)++] = value;
    return status;
}

enum umm_status umm_graph_add_input(struct umm_graph *graph, int32_t value, struct umm_error *err)
{
    struct umm_graph_memory *memory = umm_graph_memory(graph);
    if (value < 0 || (uint32_t)value >= graph->n_values || is_made(graph, value))
        return umm_error_set(err, UMM_ERR_DATA, "an input of the model that is made already");
    enum umm_status status =
        add_end(graph, value, "inputs", &graph->inputs, &graph->n_inputs, &memory->inputs_cap, err);
    if (!status)
        memory->is_made[value] = true;
    return status;
}

enum umm_status umm_graph_add_output(struct umm_graph *graph, int32_t value, struct umm_error *err)
{
    if (!is_made(graph, value))
        return umm_error_set(err, UMM_ERR_DATA, "an output of the model that nothing makes");
    return add_end(graph, value, "outputs", &graph->outputs, &graph->n_outputs,
                   &umm_graph_memory(graph)->outputs_cap, err);
}

/* ---- nodes ----------------------------------------------------------------------- */

/* Every input was made before, the output was not. */
static enum umm_status check_order(struct umm_graph *graph, const struct umm_graph_node *node,
                                   struct umm_error *err)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (!is_made(graph, node->inputs[i]))
            return umm_graph_wrong(err, node, "input %" PRIu32 " is not made before it", i);
    if (node->output < 0 || (uint32_t)node->output >= graph->n_values ||
        is_made(graph, node->output))
        return umm_graph_wrong(err, node, "its output is made already");
    return UMM_OK;
}

static uint64_t n_numbers(const struct umm_tensor *tensor)
{
    return tensor ? (uint64_t)tensor->n_rows * tensor->n_columns : 0;
}

static uint64_t n_tree_numbers(const struct umm_trees *trees)
{
    uint64_t n = trees->n_weights + (trees->base ? (uint64_t)trees->n_outputs : 0);
    for (uint32_t i = 0; i < trees->n_nodes; i++)
        n += trees->nodes[i].mode != UMM_TREE_LEAF;
    return n;
}

/*
 * Count the constants of node. To run it, each layer packs its own: a small file whose nodes all
 * read one large tensor must not take any amount of memory.
 */
static enum umm_status count_constants(struct umm_graph *graph, const struct umm_graph_node *node,
                                       struct umm_error *err)
{
    struct umm_graph_memory *memory = umm_graph_memory(graph);
    const uint64_t n = n_numbers(node->weights) + n_numbers(node->bias) + n_numbers(node->constant);
    if (memory->n_tensor_uses + n > SHARED_MAX * memory->n_tensor_numbers + SHARED_FREE)
        return umm_graph_refuse(err, node->place, node->name, node->op_name,
                                "too many nodes share its constants");
    memory->n_tensor_uses += n;
    graph->n_parameters += n + (node->trees ? n_tree_numbers(node->trees) : 0);
    return UMM_OK;
}

/* *copy is a copy of node with its list of inputs and its names. */
static enum umm_status copy_node(struct umm_graph *graph, const struct umm_graph_node *node,
                                 struct umm_graph_node *copy, struct umm_error *err)
{
    void *inputs;
    *copy = *node;
    copy->name = copy->op_name = "";
    enum umm_status status =
        umm_graph_alloc(graph, node->n_inputs, sizeof *node->inputs, &inputs, err);
    if (!status && node->name)
        status = umm_graph_string(graph, node->name, strlen(node->name), &copy->name, err);
    if (!status && node->op_name)
        status = umm_graph_string(graph, node->op_name, strlen(node->op_name), &copy->op_name, err);
    if (status)
        return status;
    memcpy(inputs, node->inputs, node->n_inputs * sizeof *node->inputs);
    copy->inputs = inputs;
    return UMM_OK;
}

enum umm_status umm_graph_add_node(struct umm_graph *graph, const struct umm_graph_node *node,
                                   struct umm_error *err)
{
    struct umm_graph_memory *memory = umm_graph_memory(graph);
    if (graph->n_nodes == UMM_GRAPH_NODES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a model of more than %d nodes",
                             UMM_GRAPH_NODES_MAX);
    if (node->n_inputs == 0 || node->n_inputs > UMM_GRAPH_INPUTS_MAX)
        return umm_graph_wrong(err, node, "%" PRIu32 " inputs, of 1 to %d", node->n_inputs,
                               UMM_GRAPH_INPUTS_MAX);
    void *nodes = graph->nodes;
    struct umm_graph_node copy;
    enum umm_status status = check_order(graph, node, err);
    if (!status)
        status = umm_graph_check_node(graph, node, err);
    if (!status)
        status = count_constants(graph, node, err);
    if (!status)
        status = room_for_one(graph, &nodes, graph->n_nodes, &memory->nodes_cap, sizeof *node, err);
    graph->nodes = nodes;
    if (!status)
        status = copy_node(graph, node, &copy, err);
    if (status)
        return status;
    graph->nodes[graph->n_nodes++] = copy;
    memory->is_made[node->output] = true;
    return UMM_OK;
}
