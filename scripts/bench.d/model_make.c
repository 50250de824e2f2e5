/* SPDX-License-Identifier: MIT */
/*
 * model_make WIDTHS PATH - an MLP of those widths (32-64-64-1) with random weights, ReLU between
 * its layers: PATH.onnx and PATH.tflite; and PATH.npy, 2,000 rows for it to be quantised by.
 */
#include <math.h>
#include <string.h>

#include "model_timing.h"
#include "modelfile/modelfile.h"

enum { LAYERS_MAX = 8, ROWS = 2000 };

static struct umm_error err;

static void must(enum umm_status status)
{
    char text[UMM_ERROR_TEXT_MAX];
    if (status == UMM_OK)
        return;
    fprintf(stderr, "model_make: %s\n", umm_error_text(&err, text, sizeof text));
    exit(1);
}

static int32_t add_value(struct umm_graph *graph, const char *name, uint32_t width)
{
    const struct umm_graph_value value = {.name = name, .type = UMM_GRAPH_F32, .width = width};
    int32_t index;
    must(umm_graph_add_value(graph, &value, &index, &err));
    return index;
}

/* Weights of a standard deviation that keeps that of what goes through. */
static struct umm_tensor *random_tensor(struct umm_graph *graph, uint32_t n_rows,
                                        uint32_t n_columns, float size)
{
    static uint64_t state = 3;
    struct umm_tensor *tensor;
    must(umm_graph_tensor(graph, UMM_GRAPH_F32, n_rows, n_columns, 0, &tensor, &err));
    for (uint32_t i = 0; i < n_rows * n_columns; i++)
        ((float *)tensor->data)[i] = bench_number(&state) * size;
    return tensor;
}

static void add_layer(struct umm_graph *graph, int32_t x, int32_t y, int is_last)
{
    const uint32_t n_in = graph->values[x].width, n_out = graph->values[y].width;
    struct umm_graph_node node = {.op = UMM_OP_DENSE,
                                  .name = "",
                                  .op_name = "Gemm",
                                  .n_inputs = 1,
                                  .inputs = &x,
                                  .output = y,
                                  .limits = {is_last ? -INFINITY : 0, INFINITY}};
    node.weights = random_tensor(graph, n_out, n_in, sqrtf(2.0f / (float)n_in));
    node.bias = random_tensor(graph, 1, n_out, 0.1f);
    must(umm_graph_add_node(graph, &node, &err));
}

static struct umm_graph *make_graph(char *widths)
{
    struct umm_graph *graph;
    int32_t x = UMM_GRAPH_NONE;
    char name[16];
    must(umm_graph_new(&graph, &err));
    for (int i = 0; *widths && i <= LAYERS_MAX; i++, widths += *widths == '-') {
        const uint32_t width = (uint32_t)strtoul(widths, &widths, 10);
        snprintf(name, sizeof name, i == 0 ? "x" : *widths ? "hidden_%d" : "y", i);
        const int32_t y = add_value(graph, name, width);
        if (i == 0)
            must(umm_graph_add_input(graph, y, &err));
        else
            add_layer(graph, x, y, !*widths);
        x = y;
    }
    must(umm_graph_add_output(graph, x, &err));
    return graph;
}

static void put(const char *path, const char *end, const void *data, size_t len_bytes)
{
    char name[4096];
    snprintf(name, sizeof name, "%s%s", path, end);
    FILE *file = fopen(name, "wb");
    if (!file || fwrite(data, 1, len_bytes, file) != len_bytes || fclose(file) != 0) {
        perror(name);
        exit(1);
    }
}

static void put_rows(const char *path, size_t width)
{
    char head[128];
    int len = snprintf(head, sizeof head,
                       "\x93NUMPY%c%c%c%c{'descr': '<f4', 'fortran_order': False, "
                       "'shape': (%d, %zu), }",
                       1, 0, 118, 0, ROWS, width);
    memset(head + len, ' ', sizeof head - (size_t)len);
    head[sizeof head - 1] = '\n';
    const size_t rows_bytes = ROWS * width * sizeof(float);
    char *all = (char *)malloc(sizeof head + rows_bytes);
    float *rows = bench_rows(ROWS, width);
    if (!all)
        exit(1);
    memcpy(all, head, sizeof head);
    memcpy(all + sizeof head, rows, rows_bytes);
    put(path, ".npy", all, sizeof head + rows_bytes);
    free(rows);
    free(all);
}

int main(int argc, char **argv)
{
    void *data;
    size_t len_bytes;
    if (argc != 3)
        return 2;
    struct umm_graph *graph = make_graph(argv[1]);
    must(umm_onnx_write(graph, &data, &len_bytes, &err));
    put(argv[2], ".onnx", data, len_bytes);
    free(data);
    must(umm_tflite_write(graph, &data, &len_bytes, &err));
    put(argv[2], ".tflite", data, len_bytes);
    free(data);
    put_rows(argv[2], umm_graph_input_width(graph));
    umm_graph_free(graph);
    return 0;
}
