/* SPDX-License-Identifier: MIT */
#include "model/describe.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "model/model_parts.h"

/* ---- figures ------------------------------------------------------------------- */

static const char *format_name(enum umm_modelfile_format format)
{
    return format == UMM_MODELFILE_TFLITE ? "TensorFlow Lite" : "ONNX";
}

/* Numbers that a node reads of a row, of all its inputs. */
static uint64_t width_read(const struct umm_graph *graph, const struct umm_graph_node *node)
{
    uint64_t width = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++)
        width += graph->values[node->inputs[i]].width;
    return width;
}

static uint64_t add_tensor(const struct umm_tensor *tensor, uint64_t *len_bytes)
{
    const uint64_t n = tensor ? (uint64_t)tensor->n_rows * tensor->n_columns : 0;
    *len_bytes += tensor ? n * umm_graph_type_bytes(tensor->type) : 0;
    return n;
}

/* Numbers in a node's constants, and bytes that these take as they are held. */
static uint64_t parameters_of(const struct umm_graph_node *node, uint64_t *len_bytes)
{
    *len_bytes = 0;
    uint64_t n = add_tensor(node->weights, len_bytes) + add_tensor(node->bias, len_bytes) +
                 add_tensor(node->constant, len_bytes);
    if (node->trees) {
        n += (uint64_t)node->trees->n_nodes + node->trees->n_weights;
        *len_bytes += node->trees->n_nodes * sizeof *node->trees->nodes +
                      node->trees->n_weights * sizeof *node->trees->weights;
    }
    return n;
}

/* What a node computes in: int8 where the products or the numbers are. */
static const char *arithmetic_of(const struct umm_graph *graph, const struct umm_graph_node *node)
{
    const enum umm_graph_type x = graph->values[node->inputs[0]].type;
    const enum umm_graph_type y = graph->values[node->output].type;
    if (node->op == UMM_OP_DENSE)
        return node->is_dynamic ? "int8 dynamic" : umm_graph_type_name(node->weights->type);
    return umm_graph_type_name(node->op == UMM_OP_DEQUANTIZE ? x : y);
}

/* ---- text ---------------------------------------------------------------------- */

static const char *escaped(char out[UMM_EXCERPT_MAX], const char *text)
{
    return umm_escape(out, UMM_EXCERPT_MAX, text, strlen(text));
}

static void add_type(const struct umm_graph_value *value, struct umm_textbuf *out)
{
    umm_textbuf_add(out, "%s", umm_graph_type_name(value->type));
    if (value->type == UMM_GRAPH_I8 || value->type == UMM_GRAPH_U8)
        umm_textbuf_add(out, " (scale %.9g, zero point %" PRId32 ")", (double)value->scale,
                        value->zero_point);
}

static void add_inputs(const struct umm_model *model, struct umm_textbuf *out)
{
    char name[UMM_EXCERPT_MAX];
    umm_textbuf_add(out, "inputs: %" PRIu64 " number%s\n", model->info.n_inputs,
                    umm_line_plural(model->info.n_inputs));
    for (uint32_t i = 0; i < model->graph->n_inputs; i++) {
        const struct umm_graph_value *value = model->input_parts[i].value;
        umm_textbuf_add(out, "  %-28s %6" PRIu32 "  ", escaped(name, value->name), value->width);
        add_type(value, out);
        umm_textbuf_add(out, "\n");
    }
}

static void add_outputs(const struct umm_model *model, struct umm_textbuf *out)
{
    char name[UMM_EXCERPT_MAX];
    umm_textbuf_add(out, "outputs: %" PRIu64 " number%s\n", model->info.n_outputs,
                    umm_line_plural(model->info.n_outputs));
    for (size_t i = 0; i < model->n_outputs; i++) {
        const struct umm_model_output *output = &model->outputs[i];
        umm_textbuf_add(out, "  %-28s %6" PRIu32 "  %s%s\n", escaped(name, output->name),
                        output->width, umm_graph_type_name(output->type),
                        output->is_computed ? "" : ", not computed");
    }
}

/* What bounds the numbers of a layer. */
static void add_limits(const struct umm_graph_node *node, struct umm_textbuf *out)
{
    const struct umm_graph_limits *limits = &node->limits;
    if (node->op != UMM_OP_DENSE && node->op != UMM_OP_CLIP)
        return;
    if (limits->low == 0 && isinf(limits->high))
        umm_textbuf_add(out, ", relu");
    else if (!isinf(limits->low) || !isinf(limits->high))
        umm_textbuf_add(out, ", from %.9g to %.9g", (double)limits->low, (double)limits->high);
}

static void add_node(const struct umm_graph *graph, uint32_t i, struct umm_textbuf *out)
{
    const struct umm_graph_node *node = &graph->nodes[i];
    char name[UMM_EXCERPT_MAX];
    uint64_t len_bytes;
    const uint64_t n_parameters = parameters_of(node, &len_bytes);
    umm_textbuf_add(out, "  %-14s %6" PRIu64 " -> %-6" PRIu32 " %s", umm_graph_op_name(node->op),
                    width_read(graph, node), graph->values[node->output].width,
                    arithmetic_of(graph, node));
    add_limits(node, out);
    if (node->trees)
        umm_textbuf_add(out, ", %" PRIu32 " tree%s", node->trees->n_trees,
                        umm_line_plural(node->trees->n_trees));
    if (n_parameters)
        umm_textbuf_add(out, ", %" PRIu64 " parameter%s", n_parameters,
                        umm_line_plural(n_parameters));
    if (node->name[0])
        umm_textbuf_add(out, "  %s", escaped(name, node->name));
    umm_textbuf_add(out, "\n");
}

void umm_model_describe_text(const struct umm_model *model, struct umm_textbuf *out)
{
    const struct umm_modelfile_info *file = &model->file;
    char producer[UMM_EXCERPT_MAX];
    umm_textbuf_add(out, "format: %s", format_name(file->format));
    if (file->opset)
        umm_textbuf_add(out, ", opset %" PRId64, file->opset);
    if (file->producer[0])
        umm_textbuf_add(out, ", by %s", escaped(producer, file->producer));
    umm_textbuf_add(out, "\nsize: %" PRIu64 " bytes, %" PRIu64 " parameter%s\n", file->size_bytes,
                    model->info.n_parameters, umm_line_plural(model->info.n_parameters));
    umm_textbuf_add(out, "layers: %" PRIu64 ", %" PRIu64 " of int8; trees: %" PRIu64 "\n",
                    model->info.n_layers, model->info.n_int8, model->info.n_trees);
    add_inputs(model, out);
    add_outputs(model, out);
    umm_textbuf_add(out, "operators: %" PRIu32 "\n", model->graph->n_nodes);
    for (uint32_t i = 0; i < model->graph->n_nodes; i++)
        add_node(model->graph, i, out);
}

/* ---- JSON ---------------------------------------------------------------------- */

static void put_input(const struct umm_graph_value *value, struct umm_json *object)
{
    umm_json_put_text(object, "name", value->name);
    umm_json_put_count(object, "width", value->width);
    umm_json_put_text(object, "type", umm_graph_type_name(value->type));
    if (value->type != UMM_GRAPH_I8 && value->type != UMM_GRAPH_U8)
        return;
    umm_json_put_real(object, "scale", (double)value->scale);
    umm_json_put_integer(object, "zero_point", value->zero_point);
}

static void put_output(const struct umm_model_output *output, struct umm_json *object)
{
    umm_json_put_text(object, "name", output->name);
    umm_json_put_count(object, "width", output->width);
    umm_json_put_text(object, "type", umm_graph_type_name(output->type));
    umm_json_put_bool(object, "is_computed", output->is_computed);
}

static void put_node(const struct umm_graph *graph, const struct umm_graph_node *node,
                     struct umm_json *object)
{
    uint64_t len_bytes;
    const uint64_t n_parameters = parameters_of(node, &len_bytes);
    umm_json_put_text(object, "op", umm_graph_op_name(node->op));
    umm_json_put_text(object, "name", node->name);
    umm_json_put_text(object, "file_op", node->op_name);
    umm_json_put_count(object, "n_in", width_read(graph, node));
    umm_json_put_count(object, "n_out", graph->values[node->output].width);
    umm_json_put_text(object, "arithmetic", arithmetic_of(graph, node));
    umm_json_put_count(object, "parameters", n_parameters);
    umm_json_put_count(object, "bytes", len_bytes);
    if (node->trees)
        umm_json_put_count(object, "trees", node->trees->n_trees);
}

void umm_model_describe_json(const struct umm_model *model, struct umm_json *object)
{
    const struct umm_modelfile_info *file = &model->file;
    umm_json_put_text(object, "format", file->format == UMM_MODELFILE_TFLITE ? "tflite" : "onnx");
    umm_json_put_text(object, "producer", file->producer[0] ? file->producer : NULL);
    umm_json_put_count(object, "opset", file->opset > 0 ? (uint64_t)file->opset : UINT64_MAX);
    umm_json_put_count(object, "bytes", file->size_bytes);
    umm_json_put_count(object, "parameters", model->info.n_parameters);
    umm_json_put_count(object, "n_inputs", model->info.n_inputs);
    umm_json_put_count(object, "n_outputs", model->info.n_outputs);
    umm_json_put_count(object, "layers", model->info.n_layers);
    umm_json_put_count(object, "int8_layers", model->info.n_int8);
    umm_json_put_count(object, "trees", model->info.n_trees);
    umm_json_put_array(object, "inputs");
    for (uint32_t i = 0; i < model->graph->n_inputs; i++)
        put_input(model->input_parts[i].value, umm_json_add_object(object, "inputs"));
    umm_json_put_array(object, "outputs");
    for (size_t i = 0; i < model->n_outputs; i++)
        put_output(&model->outputs[i], umm_json_add_object(object, "outputs"));
    umm_json_put_array(object, "operators");
    for (uint32_t i = 0; i < model->graph->n_nodes; i++)
        put_node(model->graph, &model->graph->nodes[i], umm_json_add_object(object, "operators"));
}
