/* SPDX-License-Identifier: MIT */
#include "model/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- numbers of a quantised layer ---------------------------------------------- */

static bool is_quantised(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

static float scale_of(const struct umm_tensor *weights, uint32_t output)
{
    return weights->scales[weights->n_scales == 1 ? 0 : output];
}

/* What a limit is in y's steps: all of its type where nothing limits it. */
static int32_t limit_of(float limit, const struct umm_graph_value *y)
{
    const int32_t low = y->type == UMM_GRAPH_I8 ? INT8_MIN : 0;
    const int32_t high = y->type == UMM_GRAPH_I8 ? INT8_MAX : UINT8_MAX;
    const float q = rintf(limit / y->scale) + (float)y->zero_point;
    return q <= (float)low ? low : q >= (float)high ? high : (int32_t)q;
}

/* Room for what the spec points to, of one layer. */
struct lists {
    float *multipliers;
    int32_t *zero_points;
};

/* In float, as ONNX Runtime and XNNPACK have it: (x.scale * w.scale) / y.scale; y_scale 0: none. */
static enum umm_status list_numbers(const struct umm_graph_node *node, float x_scale, float y_scale,
                                    struct lists *lists, struct umm_error *err)
{
    const struct umm_tensor *weights = node->weights;
    const uint32_t n = weights->n_rows;
    lists->multipliers = calloc(n, sizeof *lists->multipliers);
    lists->zero_points = weights->zero_points ? calloc(n, sizeof *lists->zero_points) : NULL;
    if (!lists->multipliers || (weights->zero_points && !lists->zero_points))
        return umm_error_set_memory(err, n * sizeof *lists->multipliers, "a layer");
    for (uint32_t o = 0; o < n; o++) {
        const float scale = x_scale * scale_of(weights, o);
        lists->multipliers[o] = y_scale > 0 ? scale / y_scale : scale;
        if (lists->zero_points)
            lists->zero_points[o] = weights->zero_points[weights->n_scales == 1 ? 0 : o];
    }
    return UMM_OK;
}

/* ---- bytes with and without a sign --------------------------------------------- */

static bool makes_bytes(const struct umm_graph *graph, const struct umm_graph_node *node)
{
    return node->op == UMM_OP_DENSE ||
           (node->op == UMM_OP_QUANTIZE && graph->values[node->inputs[0]].type == UMM_GRAPH_F32);
}

/* Make I8 values U8, except those that another op, or whoever takes the outputs, sees. */
static void drop_signs(const struct umm_graph *graph, struct umm_graph_value *values)
{
    for (uint32_t i = 0; i < graph->n_values; i++)
        if (values[i].type == UMM_GRAPH_I8)
            values[i].type = UMM_GRAPH_U8;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        values[graph->outputs[i]].type = graph->values[graph->outputs[i]].type;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        if (!makes_bytes(graph, node))
            values[node->output].type = graph->values[node->output].type;
        for (uint32_t k = 0; k < node->n_inputs && node->op != UMM_OP_DENSE; k++)
            values[node->inputs[k]].type = graph->values[node->inputs[k]].type;
    }
    for (uint32_t i = 0; i < graph->n_values; i++)
        if (values[i].type != graph->values[i].type)
            values[i].zero_point += 128;
}

static enum umm_status hold_values(const struct umm_graph *graph, struct umm_layers *layers,
                                   struct umm_error *err)
{
    const size_t n = graph->n_values;
    layers->values = malloc((n + 1) * sizeof *layers->values);
    if (!layers->values)
        return umm_error_set_memory(err, n * sizeof *layers->values, "a model's values");
    memcpy(layers->values, graph->values, n * sizeof *layers->values);
    drop_signs(graph, layers->values);
    return UMM_OK;
}

/* ---- layers -------------------------------------------------------------------- */

static enum umm_status refuse(const struct umm_graph_node *node, struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "node %u is a layer of types that are not run",
                         node->place);
}

/* Which of the forms of a dense layer the node has; the numbers of a quantised one come later. */
static enum umm_status specify(const struct umm_graph_value *values,
                               const struct umm_graph_node *node, struct umm_dense_spec *spec,
                               struct umm_error *err)
{
    const struct umm_graph_value *x = &values[node->inputs[0]], *y = &values[node->output];
    const struct umm_tensor *weights = node->weights, *bias = node->bias;
    *spec = (struct umm_dense_spec){.n_in = weights->n_columns, .n_out = weights->n_rows};
    spec->low = node->limits.low;
    spec->high = node->limits.high;
    if (weights->type == UMM_GRAPH_F32 && x->type == UMM_GRAPH_F32 &&
        (!bias || bias->type == UMM_GRAPH_F32)) {
        spec->weights_f32 = weights->data;
        spec->bias_f32 = bias ? bias->data : NULL;
        return UMM_OK;
    }
    if (weights->type != UMM_GRAPH_I8)
        return refuse(node, err);
    spec->weights_i8 = weights->data;
    if (node->is_dynamic) {
        spec->is_dynamic = true;
        spec->is_x_u8 = node->is_row_u8;
        spec->is_asymmetric = node->is_asymmetric;
        spec->bias_f32 = bias ? bias->data : NULL;
        return bias && bias->type != UMM_GRAPH_F32 ? refuse(node, err) : UMM_OK;
    }
    if (!is_quantised(x->type) || (!is_quantised(y->type) && y->type != UMM_GRAPH_F32) ||
        (bias && bias->type != UMM_GRAPH_I32))
        return refuse(node, err);
    spec->bias_i32 = bias ? bias->data : NULL;
    spec->is_x_u8 = x->type == UMM_GRAPH_U8;
    spec->x_zero_point = x->zero_point;
    spec->is_y_f32 = y->type == UMM_GRAPH_F32;
    if (spec->is_y_f32)
        return UMM_OK;
    spec->is_y_u8 = y->type == UMM_GRAPH_U8;
    spec->y_zero_point = y->zero_point;
    spec->y_low = limit_of(node->limits.low, y);
    spec->y_high = limit_of(node->limits.high, y);
    return UMM_OK;
}

static enum umm_status pack(const struct umm_graph_value *values, const struct umm_graph_node *node,
                            enum umm_cpu cpu, struct umm_dense **dense, struct umm_error *err)
{
    const struct umm_graph_value *x = &values[node->inputs[0]], *y = &values[node->output];
    struct umm_dense_spec spec;
    struct lists lists = {NULL, NULL};
    enum umm_status status = specify(values, node, &spec, err);
    if (!status && spec.weights_i8)
        status = list_numbers(node, node->is_dynamic ? 1 : x->scale,
                              y->type == UMM_GRAPH_F32 ? 0 : y->scale, &lists, err);
    spec.multipliers = lists.multipliers;
    spec.w_zero_points = lists.zero_points;
    if (!status)
        status = umm_dense_new(&spec, cpu, dense, err);
    free(lists.multipliers);
    free(lists.zero_points);
    return status;
}

static enum umm_status hold_doubles(const struct umm_graph_node *node, struct umm_dense_f64 **dense,
                                    struct umm_error *err)
{
    const struct umm_tensor *weights = node->weights;
    return umm_dense_f64_new(weights->n_columns, weights->n_rows, weights->data,
                             node->bias ? node->bias->data : NULL, node->limits.low,
                             node->limits.high, dense, err);
}

enum umm_status umm_layers_new(const struct umm_graph *graph, enum umm_cpu cpu,
                               struct umm_layers **layers, struct umm_error *err)
{
    const uint32_t n = graph->n_nodes;
    struct umm_layers *made = calloc(1, sizeof *made);
    enum umm_status status = UMM_OK;
    *layers = NULL;
    if (made) {
        made->n_nodes = n;
        made->dense = calloc(n + 1, sizeof *made->dense);
        made->dense_f64 = calloc(n + 1, sizeof *made->dense_f64);
        made->forests = calloc(n + 1, sizeof *made->forests);
    }
    if (!made || !made->dense || !made->dense_f64 || !made->forests)
        status = umm_error_set_memory(err, n * sizeof(void *), "a model's layers");
    if (!status)
        status = hold_values(graph, made, err);
    for (uint32_t i = 0; !status && i < n; i++) {
        const struct umm_graph_node *node = &graph->nodes[i];
        if (node->op == UMM_OP_DENSE && node->weights->type == UMM_GRAPH_F64)
            status = hold_doubles(node, &made->dense_f64[i], err);
        else if (node->op == UMM_OP_DENSE)
            status = pack(made->values, node, cpu, &made->dense[i], err);
        else if (node->op == UMM_OP_TREES)
            status = umm_forest_new(node->trees, cpu, &made->forests[i], err);
    }
    if (status)
        umm_layers_free(made);
    else
        *layers = made;
    return status;
}

void umm_layers_free(struct umm_layers *layers)
{
    if (!layers)
        return;
    const bool has_lists = layers->dense && layers->dense_f64 && layers->forests;
    for (uint32_t i = 0; has_lists && i < layers->n_nodes; i++) {
        umm_dense_free(layers->dense[i]);
        umm_dense_f64_free(layers->dense_f64[i]);
        umm_forest_free(layers->forests[i]);
    }
    free(layers->dense);
    free(layers->dense_f64);
    free(layers->forests);
    free(layers->values);
    free(layers);
}
