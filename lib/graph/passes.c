/* SPDX-License-Identifier: MIT */
#include "graph/passes.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "graph/fuse.h"
#include "graph/sweep.h"
#include "graph/tables.h"

/* ---- the output ------------------------------------------------------------------- */

static enum umm_status no_such_output(const struct umm_graph *graph, const char *output,
                                      struct umm_error *err)
{
    enum { NAMES_ROOM = 320 };
    char names[NAMES_ROOM] = "", name[UMM_EXCERPT_MAX];
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        const char *text = graph->values[graph->outputs[i]].name;
        umm_line_add(names, sizeof names, "%s\"%s\"", i ? ", " : "",
                     umm_escape(name, sizeof name, text, strlen(text)));
    }
    return umm_error_set(err, UMM_ERR_ARGUMENT, "the model has no output \"%s\"; it has %s",
                         umm_escape(name, sizeof name, output, strlen(output)), names);
}

static bool is_of_numbers(enum umm_graph_type type)
{
    return type == UMM_GRAPH_F32 || type == UMM_GRAPH_F64 || type == UMM_GRAPH_I8 ||
           type == UMM_GRAPH_U8;
}

static enum umm_status choose_output(struct umm_graph *graph, const char *output,
                                     struct umm_error *err)
{
    uint32_t at = 0;
    if (graph->n_outputs == 0)
        return umm_error_set(err, UMM_ERR_DATA, "the model has no output");
    if (output) {
        while (at < graph->n_outputs && strcmp(graph->values[graph->outputs[at]].name, output) != 0)
            at++;
        if (at == graph->n_outputs)
            return no_such_output(graph, output, err);
    } else if (graph->n_outputs > 1) {
        while (at < graph->n_outputs && !is_of_numbers(graph->values[graph->outputs[at]].type))
            at++;
        if (at == graph->n_outputs)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "none of the model's %" PRIu32 " outputs has numbers",
                                 graph->n_outputs);
    }
    graph->outputs[0] = graph->outputs[at];
    graph->n_outputs = 1;
    return UMM_OK;
}

/* ---- nodes that change nothing -------------------------------------------------------- */

static bool are_alike(const struct umm_graph_value *a, const struct umm_graph_value *b)
{
    return a->type == b->type && a->scale == b->scale && a->zero_point == b->zero_point;
}

/*
 * For each value, what it is the same as: itself, or one that is made earlier; and the node that
 * makes it, or UMM_GRAPH_NONE.
 */
struct sameness {
    struct umm_graph *graph;
    int32_t *same_as, *maker;
};

/*
 * The value that node only repeats, or UMM_GRAPH_NONE. Numbers that are dequantised and quantised
 * again are what they were: (q - zero_point) * scale, at most 255 times scale, is rounded three
 * times at most, by 2^-24 of it, unless it or 1 / scale overflows.
 */
static int32_t repeated(const struct sameness *of, const struct umm_graph_node *node)
{
    const struct umm_graph *graph = of->graph;
    const int32_t x = node->inputs[0];
    const struct umm_graph_value *to = &graph->values[node->output];
    const struct umm_graph_value *from = &graph->values[x];
    const int32_t maker = of->maker[x];
    if (node->op == UMM_OP_CAST && from->type == to->type)
        return x;
    if ((node->op == UMM_OP_CONCAT && node->n_inputs == 1) ||
        (node->op == UMM_OP_SLICE && from->width == to->width))
        return x;
    if (node->op != UMM_OP_QUANTIZE)
        return UMM_GRAPH_NONE;
    if (are_alike(from, to))
        return x;
    if (maker == UMM_GRAPH_NONE || graph->nodes[maker].op != UMM_OP_DEQUANTIZE)
        return UMM_GRAPH_NONE;
    const int32_t before = graph->nodes[maker].inputs[0];
    const float scale = graph->values[before].scale;
    return scale >= FLT_MIN && scale <= FLT_MAX / UINT8_MAX && are_alike(&graph->values[before], to)
               ? before
               : UMM_GRAPH_NONE;
}

/* An output of the model that only repeats an input keeps its node, and so its name. */
static bool is_output_of_input(const struct sameness *of, int32_t value, int32_t source)
{
    return value == of->graph->outputs[0] && of->maker[source] == UMM_GRAPH_NONE;
}

static void find_repeated(struct sameness *of, bool *is_gone)
{
    struct umm_graph *graph = of->graph;
    for (uint32_t v = 0; v < graph->n_values; v++) {
        of->same_as[v] = (int32_t)v;
        of->maker[v] = UMM_GRAPH_NONE;
    }
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        struct umm_graph_node *node = &graph->nodes[i];
        for (uint32_t k = 0; k < node->n_inputs; k++)
            node->inputs[k] = of->same_as[node->inputs[k]];
        const int32_t source = repeated(of, node);
        of->maker[node->output] = (int32_t)i;
        if (source == UMM_GRAPH_NONE || is_output_of_input(of, node->output, source))
            continue;
        of->same_as[node->output] = source;
        is_gone[i] = true;
    }
    const int32_t output = graph->outputs[0], source = of->same_as[output];
    if (source != output)
        graph->values[source].name = graph->values[output].name;
    graph->outputs[0] = source;
}

static enum umm_status drop_repeated(struct umm_graph *graph, bool *is_gone, struct umm_error *err)
{
    struct sameness of = {.graph = graph,
                          .same_as = calloc(graph->n_values, sizeof *of.same_as),
                          .maker = calloc(graph->n_values, sizeof *of.maker)};
    enum umm_status status = UMM_OK;
    if (of.same_as && of.maker)
        find_repeated(&of, is_gone);
    else
        status = umm_error_set_memory(err, graph->n_values * 2 * sizeof *of.maker,
                                      "the values of a model");
    free(of.same_as);
    free(of.maker);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------ */

typedef enum umm_status pass_function(struct umm_graph *graph, bool *is_gone,
                                      struct umm_error *err);

enum umm_status umm_graph_prepare(struct umm_graph *graph, const char *output,
                                  struct umm_error *err)
{
    static pass_function *const passes[] = {drop_repeated, umm_graph_fuse, umm_graph_tables};
    enum umm_status status = choose_output(graph, output, err);
    if (!status)
        status = umm_graph_sweep(graph, NULL, err);
    for (size_t i = 0; !status && i < sizeof passes / sizeof *passes; i++) {
        bool *is_gone = calloc(graph->n_nodes + 1, sizeof *is_gone);
        status = is_gone ? passes[i](graph, is_gone, err)
                         : umm_error_set_memory(err, graph->n_nodes, "the nodes of a model");
        if (!status)
            status = umm_graph_sweep(graph, is_gone, err);
        free(is_gone);
    }
    return status;
}
