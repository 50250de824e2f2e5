/* SPDX-License-Identifier: MIT */
/*
 * fuzz_onnx.c - bytes as an ONNX file: no crash, no leak, bounded memory; what is read can be
 * prepared and run, and what is written of it reads back with the same inputs and outputs.
 *
 * Lengths of messages inside messages make most changes of bytes damage alone, so the mutator
 * changes one field somewhere, and writes those around it anew.
 */
#include "format/protobuf.h"
#include "graph/passes.h"
#include "model_runs.h"
#include "modelfile/modelfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* ---- the mutator --------------------------------------------------------------------- */

enum { DEPTH_MAX = 6, LEAF_MAX = 4096 };

static uint32_t draw(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525U + 1013904223U;
    return n ? (*state >> 8) % n : 0;
}

static void put_field(struct umm_protobuf_out *out, const struct umm_protobuf_field *field)
{
    float number;
    const uint32_t bits = (uint32_t)field->value;
    memcpy(&number, &bits, sizeof number);
    if (field->wire == UMM_PROTOBUF_BYTES)
        umm_protobuf_put_bytes(out, field->number, field->bytes.at, field->bytes.len);
    else if (field->wire == UMM_PROTOBUF_FIXED32)
        umm_protobuf_put_float(out, field->number, number);
    else
        umm_protobuf_put_varint(out, field->number, field->value);
}

static void put_changed(struct umm_protobuf_out *out, struct umm_protobuf_bytes message,
                        uint32_t *state, unsigned depth);

/* The field with other content: a field inside of it, or its bytes or number. */
static void put_other(struct umm_protobuf_out *out, struct umm_protobuf_field field,
                      uint32_t *state, unsigned depth)
{
    static uint8_t leaf[LEAF_MAX];
    const bool is_message = field.wire == UMM_PROTOBUF_BYTES && field.bytes.len > 1 &&
                            depth < DEPTH_MAX && umm_protobuf_is_sound(field.bytes);
    if (is_message && draw(state, 8)) {
        const size_t begin = umm_protobuf_begin(out);
        put_changed(out, field.bytes, state, depth + 1);
        umm_protobuf_end(out, field.number, begin);
    } else if (field.wire == UMM_PROTOBUF_BYTES && field.bytes.len <= LEAF_MAX / 2) {
        memcpy(leaf, field.bytes.at, field.bytes.len);
        const size_t len = LLVMFuzzerMutate(leaf, field.bytes.len, LEAF_MAX);
        umm_protobuf_put_bytes(out, field.number, leaf, len);
    } else {
        static const uint64_t numbers[] = {0, 1, 2, 3, 7, 11, 255, 1 << 20, 1 << 30, UINT64_MAX};
        field.value = numbers[draw(state, sizeof numbers / sizeof *numbers)];
        put_field(out, &field);
    }
}

/* The message with one of its fields changed, twice, or not at all. */
static void put_changed(struct umm_protobuf_out *out, struct umm_protobuf_bytes message,
                        uint32_t *state, unsigned depth)
{
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    uint32_t n = 0, i = 0;
    while (umm_protobuf_next(&in, &field))
        n++;
    const uint32_t chosen = draw(state, n), what = draw(state, 12);
    in = umm_protobuf_open(message);
    for (; umm_protobuf_next(&in, &field); i++) {
        if (i == chosen && what == 0)
            continue;
        if (i == chosen && what > 1)
            put_other(out, field, state, depth);
        else
            put_field(out, &field);
        if (i == chosen && what == 1)
            put_field(out, &field);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint32_t state = seed;
    struct umm_protobuf_out out = {0};
    const struct umm_protobuf_bytes message = {data, size};
    if (!umm_protobuf_is_sound(message) || draw(&state, 16) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    put_changed(&out, message, &state, 0);
    size = out.len && out.len <= max_size ? out.len : size;
    if (size == out.len)
        memcpy(data, out.bytes, size);
    free(out.bytes);
    return size;
}

/* ---- the target ------------------------------------------------------------------------ */

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_written(const struct umm_graph *graph)
{
    struct umm_graph *back = NULL;
    struct umm_modelfile_info info;
    struct umm_error err = {0};
    void *data = NULL;
    size_t len_bytes = 0;
    const enum umm_status status = umm_onnx_write(graph, &data, &len_bytes, &err);
    require(!status || status == UMM_ERR_UNSUPPORTED, "not written");
    if (status)
        return;
    const bool is_read = !umm_onnx_read(data, len_bytes, NULL, &back, &info, &err);
    if (!is_read)
        fprintf(stderr, "%s\n", err.message);
    require(is_read, "what was written is not read");
    require(umm_graph_input_width(back) == umm_graph_input_width(graph) &&
                umm_graph_output_width(back) == umm_graph_output_width(graph),
            "other inputs or outputs");
    umm_graph_free(back);
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct umm_graph *graph = NULL;
    struct umm_modelfile_info info;
    struct umm_error err = {0};
    /* In memory of its own, so that reading too far is seen. */
    void *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (!umm_onnx_read(copy, size, NULL, &graph, &info, &err)) {
        check_written(graph);
        if (!umm_graph_prepare(graph, NULL, &err)) {
            check_written(graph);
            check_runs(graph);
        } else {
            umm_graph_free(graph);
        }
    } else {
        require(err.status != UMM_OK && err.message[0], "no message");
    }
    free(copy);
    return 0;
}
