/* SPDX-License-Identifier: MIT */
/*
 * tflite_make.c - models of random numbers, written by modelfile/ into DIR: tflite_make DIR SEED.
 * scripts/check-model-peers builds it, and has others run what it wrote.
 */
#include "modelfile/modelfile.h"

#include <stdio.h>
#include <string.h>

#include "../unit/tflite_models.h"

enum { N_POINTWISE = 20 };

static void save(const char *dir, const char *name, struct umm_graph *graph)
{
    char path[4096];
    void *data;
    size_t len;
    struct umm_error err = {0};
    snprintf(path, sizeof path, "%s/%s.tflite", dir, name);
    if (umm_tflite_write(graph, &data, &len, &err) != UMM_OK) {
        fprintf(stderr, "tflite_make: %s: %s\n", name, err.message);
        exit(1);
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0) {
        fprintf(stderr, "tflite_make: %s: cannot write\n", path);
        exit(1);
    }
    free(data);
    umm_graph_free(graph);
}

/* One int8 function of one number at scales that the writer takes. */
static struct umm_graph *pointwise(enum umm_graph_op op, float low, float high, uint64_t seed)
{
    for (;; seed += 1000) {
        struct builder builder = builder_new(seed);
        struct umm_graph_node node = {.op = op, .limits = {low, high}};
        void *data;
        size_t len;
        add_input(&builder, "x", UMM_GRAPH_I8, 1);
        node.alpha = fabsf(random_float(&builder));
        float scale = 0.03F * expf(2 * random_float(&builder));
        int32_t zero_point = (int32_t)(random_float(&builder) * 100);
        add_node(&builder, node, "y", UMM_GRAPH_I8, 1, scale, zero_point);
        must(umm_graph_add_output(builder.graph, builder.last, NULL));
        if (umm_tflite_write(builder.graph, &data, &len, NULL) == UMM_OK) {
            free(data);
            return builder.graph;
        }
        umm_graph_free(builder.graph);
    }
}

/* Int8 softmax, which TensorFlow Lite sums in floats: a few in a million are close to a half. */
static struct umm_graph *softmax(uint32_t width, float scale)
{
    struct builder builder = builder_new(0);
    builder.last = add_value(&builder, "x", UMM_GRAPH_I8, width, scale, 5);
    must(umm_graph_add_input(builder.graph, builder.last, NULL));
    add_node(&builder, (struct umm_graph_node){.op = UMM_OP_SOFTMAX}, "y", UMM_GRAPH_I8, width,
             1.0F / 256, -128);
    must(umm_graph_add_output(builder.graph, builder.last, NULL));
    return builder.graph;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"float", "int8", "channel", "dynamic", "asymmetric"};
    static const uint32_t widths[][4] = {
        {32, 64, 64, 1}, {32, 256, 256, 8}, {7, 19, 33, 5}, {1, 16, 16, 1}};
    if (argc != 3)
        return 2;
    uint64_t seed = strtoull(argv[2], NULL, 10);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (enum layer_kind kind = LAYER_F32; kind <= LAYER_DYNAMIC_ASYMMETRIC; kind++)
            for (int ends = 0; ends < 2; ends++) {
                char name[64];
                bool is_int8 = kind == LAYER_I8 || kind == LAYER_I8_PER_CHANNEL;
                snprintf(name, sizeof name, "%s-%u-%u%s", kinds[kind], widths[i][0], widths[i][1],
                         is_int8 && ends ? "-float" : "");
                if (is_int8 || !ends)
                    save(argv[1], name, perceptron(kind, widths[i], 4, ends, seed));
            }
    save(argv[1], "operators-float", all_floats(false, seed));
    save(argv[1], "operators-int8", all_int8(LAYER_I8, 1.3371F, seed));
    save(argv[1], "operators-channel", all_int8(LAYER_I8_PER_CHANNEL, 1.0937F, seed));
    save(argv[1], "softmax-3", softmax(3, 0.02F));
    save(argv[1], "softmax-10", softmax(10, 0.0731F));
    save(argv[1], "softmax-40", softmax(40, 0.031F));
    for (uint64_t i = 0; i < N_POINTWISE; i++) {
        static const struct {
            const char *name;
            enum umm_graph_op op;
            float low, high;
        } functions[] = {{"relu", UMM_OP_RELU, 0, 0},
                         {"relu6", UMM_OP_CLIP, 0, 6},
                         {"relu1", UMM_OP_CLIP, -1, 1},
                         {"leaky", UMM_OP_LEAKY_RELU, 0, 0},
                         {"requantize", UMM_OP_QUANTIZE, 0, 0}};
        char name[64];
        size_t f = i % (sizeof functions / sizeof *functions);
        snprintf(name, sizeof name, "pointwise-%s-%d", functions[f].name, (int)i);
        save(argv[1], name,
             pointwise(functions[f].op, functions[f].low, functions[f].high, seed * 100 + i));
    }
    return 0;
}
