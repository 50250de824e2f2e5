/* SPDX-License-Identifier: MIT */
/* ONNX files: what is written reads back, and files that are damaged, hostile or not supported. */
#include "format/protobuf.h"
#include "graph/passes.h"
#include "onnx/onnx.h"

#include "graph_builder.h"
#include "graph_interpreter.h"
#include "scratch.h"

#include <stdlib.h>
#include <unistd.h>

/* Numbers of fields. */
enum {
    IR = 1,
    GRAPH = 7,
    OPSET = 8,
    NODE = 1,
    INITIALIZER = 5,
    INPUT = 11,
    OUTPUT = 12,
};

/* ---- files by hand --------------------------------------------------------------------- */

/* An input or output of rows of width numbers. */
static void put_end(struct umm_protobuf_out *out, uint32_t number, const char *name, int type,
                    uint32_t width)
{
    const size_t info = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, 1, name);
    const size_t tensor = umm_protobuf_begin(out);
    umm_protobuf_put_varint(out, 1, (uint64_t)type);
    const size_t shape = umm_protobuf_begin(out);
    for (int i = 0; i < 2; i++) {
        const size_t dim = umm_protobuf_begin(out);
        if (i == 0)
            umm_protobuf_put_text(out, 2, "N");
        else
            umm_protobuf_put_varint(out, 1, width);
        umm_protobuf_end(out, 1, dim);
    }
    umm_protobuf_end(out, 2, shape);
    umm_protobuf_end(out, 1, tensor);
    umm_protobuf_end(out, 2, tensor);
    umm_protobuf_end(out, number, info);
}

static void put_node(struct umm_protobuf_out *out, const char *op, const char *name, const char *x,
                     const char *second, const char *y)
{
    const size_t node = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, 1, x);
    if (second)
        umm_protobuf_put_text(out, 1, second);
    umm_protobuf_put_text(out, 2, y);
    umm_protobuf_put_text(out, 3, name);
    umm_protobuf_put_text(out, 4, op);
    umm_protobuf_end(out, NODE, node);
}

/* y = x op w, or y = op(x), of rows of 2 numbers; w is what `weights` says. */
static void make_model(struct umm_protobuf_out *out, const char *op,
                       const struct umm_protobuf_out *weights)
{
    *out = (struct umm_protobuf_out){0};
    umm_protobuf_put_varint(out, IR, 7);
    const size_t graph = umm_protobuf_begin(out);
    put_node(out, op, "node_1", "x", weights ? "w" : NULL, "y");
    if (weights)
        umm_protobuf_put_bytes(out, INITIALIZER, weights->bytes, weights->len);
    put_end(out, INPUT, "x", 1, 2);
    put_end(out, OUTPUT, "y", 1, 2);
    umm_protobuf_end(out, GRAPH, graph);
    const size_t opset = umm_protobuf_begin(out);
    umm_protobuf_put_varint(out, 2, 13);
    umm_protobuf_end(out, OPSET, opset);
    assert_false(out->is_failed);
}

static enum umm_status read_back(const void *data, size_t len, const char *path,
                                 struct umm_graph **graph, struct umm_error *err)
{
    struct umm_modelfile_info info;
    *err = (struct umm_error){0};
    return umm_onnx_read(data, len, path, graph, &info, err);
}

static void expect(const struct umm_protobuf_out *file, const char *path, enum umm_status status,
                   const char *part)
{
    struct umm_graph *graph = NULL;
    struct umm_error err;
    const enum umm_status got = read_back(file->bytes, file->len, path, &graph, &err);
    if (got != status || !strstr(err.message, part))
        fail_msg("status %d, not %d: \"%s\" has no \"%s\"", got, status, err.message, part);
    umm_graph_free(graph);
}

/* ---- written, and read ------------------------------------------------------------------- */

/* x of 3 to y of 2: dense of 4 with a limit, dense; in int8 with a scale for each output or not. */
static struct umm_graph *make_graph(bool is_int8, bool is_per_channel)
{
    struct umm_graph *graph = new_graph();
    int32_t value = add_input(
        graph,
        add_value(graph, (struct umm_graph_value){.name = "x", .type = UMM_GRAPH_F32, .width = 3}));
    if (is_int8)
        value = add_node_of_two(graph, (struct umm_graph_node){.op = UMM_OP_QUANTIZE}, value,
                                UMM_GRAPH_NONE, add_integers(graph, 3, 0.5F, 3));
    for (uint32_t layer = 0, n_in = 3; layer < 2; layer++, n_in = 4) {
        const uint32_t n_out = layer ? 2 : 4, n_scales = is_per_channel ? n_out : 1;
        struct umm_graph_node node = {.op = UMM_OP_DENSE,
                                      .limits = {layer ? -INFINITY : 0, INFINITY}};
        struct umm_tensor *weights = add_tensor(graph, is_int8 ? UMM_GRAPH_I8 : UMM_GRAPH_F32,
                                                n_out, n_in, is_int8 ? n_scales : 0);
        struct umm_tensor *bias = add_tensor(graph, is_int8 ? UMM_GRAPH_I32 : UMM_GRAPH_F32, 1,
                                             n_out, is_int8 ? n_scales : 0);
        for (uint32_t i = 0; i < n_in * n_out; i++) {
            if (is_int8)
                ((int8_t *)weights->data)[i] = (int8_t)(7 * i - 30);
            else
                ((float *)weights->data)[i] = 0.25F * (float)i - 1;
        }
        for (uint32_t i = 0; is_int8 && i < n_scales; i++) {
            weights->scales[i] = 0.25F * (float)(i + 1);
            bias->scales[i] = 0.5F * weights->scales[i];
        }
        node.weights = weights;
        node.bias = bias;
        const int32_t y = layer     ? add_value(graph, (struct umm_graph_value){.name = "y",
                                                                                .type = UMM_GRAPH_F32,
                                                                                .width = 2})
                          : is_int8 ? add_integers(graph, 4, 0.5F, -128)
                                    : add_floats(graph, 4);
        value = add_node_of_two(graph, node, value, UMM_GRAPH_NONE, y);
    }
    add_output(graph, value);
    return graph;
}

static void check_round_trip(bool is_int8, bool is_per_channel)
{
    struct umm_graph *graph = make_graph(is_int8, is_per_channel), *back = NULL;
    void *first = NULL, *second = NULL;
    size_t len = 0, second_len = 0;
    struct umm_error err = {0};
    assert_int_equal(umm_onnx_write(graph, &first, &len, &err), UMM_OK);
    assert_int_equal(umm_onnx_write(graph, &second, &second_len, &err), UMM_OK);
    assert_int_equal(len, second_len);
    assert_memory_equal(first, second, len);
    assert_int_equal(read_back(first, len, NULL, &back, &err), UMM_OK);
    assert_int_equal(umm_graph_prepare(back, NULL, &err), UMM_OK);
    assert_int_equal(back->n_nodes, graph->n_nodes);
    for (uint32_t i = 0; i < back->n_nodes; i++) {
        const struct umm_graph_node *is = &back->nodes[i], *was = &graph->nodes[i];
        assert_int_equal(is->op, was->op);
        if (is->op != UMM_OP_DENSE)
            continue;
        const size_t n = (size_t)was->weights->n_rows * was->weights->n_columns;
        assert_int_equal(is->weights->type, was->weights->type);
        assert_memory_equal(is->weights->data, was->weights->data,
                            n * umm_graph_type_bytes(was->weights->type));
        assert_true(is->limits.low == was->limits.low);
        assert_int_equal(back->values[is->output].type, graph->values[was->output].type);
    }
    assert_string_equal(back->values[back->outputs[0]].name, "y");
    umm_graph_free(back);
    umm_graph_free(graph);
    free(first);
    free(second);
}

static void test_round_trip(void **state)
{
    (void)state;
    check_round_trip(false, false);
    check_round_trip(true, false);
    check_round_trip(true, true);
}

/* Of doubles: (x - c) w + b, limited; and c - x, limited, whose bounds are doubles also. */
static struct umm_graph *make_graph_of_doubles(void)
{
    struct umm_graph *graph = new_graph();
    struct umm_graph_value value = {.name = "x", .type = UMM_GRAPH_F64, .width = 3};
    struct umm_tensor *tensors[] = {add_tensor(graph, UMM_GRAPH_F64, 1, 3, 0),
                                    add_tensor(graph, UMM_GRAPH_F64, 3, 3, 0),
                                    add_tensor(graph, UMM_GRAPH_F64, 1, 3, 0)};
    for (size_t k = 0; k < 3; k++)
        for (uint32_t i = 0; i < tensors[k]->n_rows * 3; i++)
            ((double *)tensors[k]->data)[i] = (double)i / 3 - (double)k / 7;
    const struct umm_graph_node subtract = {.op = UMM_OP_SUB, .constant = tensors[0]};
    const struct umm_graph_node clip = {.op = UMM_OP_CLIP, .limits = {-0.1F, 0.7F}};
    const struct umm_graph_node layer = {
        .op = UMM_OP_DENSE, .weights = tensors[1], .bias = tensors[2], .limits = {-0.3F, 1.7F}};
    int32_t y = add_input(graph, add_value(graph, value));
    value.name = "";
    y = add_node(graph, subtract, y, add_value(graph, value));
    y = add_node(graph, clip, y, add_value(graph, value));
    value.name = "y";
    add_output(graph, add_node(graph, layer, y, add_value(graph, value)));
    return graph;
}

static void test_doubles(void **state)
{
    struct umm_graph *graph = make_graph_of_doubles(), *back = NULL;
    void *data = NULL;
    size_t len = 0;
    struct umm_error err = {0};
    uint64_t random = RANDOM_SEED;
    (void)state;
    assert_int_equal(umm_onnx_write(graph, &data, &len, &err), UMM_OK);
    if (read_back(data, len, NULL, &back, &err) || umm_graph_prepare(back, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(back->n_nodes, graph->n_nodes);
    for (int n = 0; n < 100; n++) {
        double row[3], result[3], expected[3];
        for (int i = 0; i < 3; i++)
            row[i] = random_between(&random, -900, 900) / 700.0;
        assert_true(interpret_row(graph, row, expected) && interpret_row(back, row, result));
        assert_memory_equal(result, expected, sizeof result);
    }
    umm_graph_free(back);
    umm_graph_free(graph);
    free(data);
}

/* ---- damaged and hostile -------------------------------------------------------------------- */

static void test_cut(void **state)
{
    (void)state;
    struct umm_graph *graph = make_graph(true, true), *back = NULL;
    void *data = NULL;
    size_t len = 0;
    struct umm_error err = {0};
    assert_int_equal(umm_onnx_write(graph, &data, &len, &err), UMM_OK);
    for (size_t cut = 0; cut < len / 2; cut++) {
        char *copy = malloc(cut + 1); /* so that a sanitizer sees what is read too far */
        memcpy(copy, data, cut);
        assert_int_equal(read_back(copy, cut, NULL, &back, &err), UMM_ERR_DATA);
        free(copy);
    }
    umm_graph_free(graph);
    free(data);
}

/* Each message with one field that is the next: a library that unpacks them runs out of stack. */
static void test_nesting(void **state)
{
    (void)state;
    enum { DEPTH = 20000, G = 6, ATTRIBUTE = 5 };
    struct umm_protobuf_out out = {0}, file = {0};
    for (int i = 0; i < DEPTH; i++)
        umm_protobuf_end(&out, i % 2 ? ATTRIBUTE : i % 3 ? G : NODE, 0);
    umm_protobuf_put_varint(&file, IR, 7);
    umm_protobuf_put_bytes(&file, GRAPH, out.bytes, out.len);
    struct umm_graph *graph = NULL;
    struct umm_error err;
    assert_int_not_equal(read_back(file.bytes, file.len, NULL, &graph, &err), UMM_OK);
    free(out.bytes);
    free(file.bytes);
}

/* A tensor w of that type and shape, with the fields that are in `fields`. */
static void make_weights(struct umm_protobuf_out *out, int type, uint64_t n,
                         const struct umm_protobuf_out *fields)
{
    *out = (struct umm_protobuf_out){0};
    umm_protobuf_put_varint(out, 1, n);
    umm_protobuf_put_varint(out, 2, (uint64_t)type);
    umm_protobuf_put_text(out, 8, "w");
    umm_protobuf_put_fields(out, fields->bytes, fields->len);
}

static void check_weights(int type, uint64_t n, struct umm_protobuf_out *fields, const char *path,
                          enum umm_status status, const char *part)
{
    struct umm_protobuf_out weights, file;
    make_weights(&weights, type, n, fields);
    make_model(&file, "Add", &weights);
    expect(&file, path, status, part);
    free(weights.bytes);
    free(file.bytes);
    free(fields->bytes);
    *fields = (struct umm_protobuf_out){0};
}

static void test_encodings(void **state)
{
    (void)state;
    static const float two[] = {1.5F, -2};
    struct umm_protobuf_out fields = {0};
    umm_protobuf_put_bytes(&fields, 9, two, sizeof two);
    check_weights(1, 2, &fields, NULL, UMM_OK, "");
    umm_protobuf_put_bytes(&fields, 4, two, sizeof two); /* packed */
    check_weights(1, 2, &fields, NULL, UMM_OK, "");
    umm_protobuf_put_float(&fields, 4, 1.5F);
    umm_protobuf_put_float(&fields, 4, -2);
    check_weights(1, 2, &fields, NULL, UMM_OK, "");
    umm_protobuf_put_varint(&fields, 5, 0x3C00); /* float16 */
    umm_protobuf_put_varint(&fields, 5, 0xC000);
    check_weights(10, 2, &fields, NULL, UMM_OK, "");
    umm_protobuf_put_varint(&fields, 5, 0x13C00);
    umm_protobuf_put_varint(&fields, 5, 0);
    check_weights(10, 2, &fields, NULL, UMM_ERR_DATA, "float16 that holds other numbers");
    umm_protobuf_put_bytes(&fields, 9, two, 7);
    check_weights(1, 2, &fields, NULL, UMM_ERR_DATA, "that holds 1");
    check_weights(1, 2, &fields, NULL, UMM_ERR_DATA, "that holds 0");
    check_weights(1, UINT64_MAX, &fields, NULL, UMM_ERR_DATA, "more than");
    umm_protobuf_put_bytes(&fields, 9, two, sizeof two);
    check_weights(7, 1, &fields, NULL, UMM_ERR_UNSUPPORTED, "it computes with int64");
}

/* ---- weights in another file --------------------------------------------------------------------
 */

static void put_entry(struct umm_protobuf_out *out, const char *key, const char *value)
{
    const size_t entry = umm_protobuf_begin(out);
    umm_protobuf_put_text(out, 1, key);
    umm_protobuf_put_text(out, 2, value);
    umm_protobuf_end(out, 13, entry);
}

static void check_external(const char *location, const char *offset, const char *length,
                           enum umm_status status, const char *part)
{
    struct umm_protobuf_out fields = {0};
    put_entry(&fields, "location", location);
    put_entry(&fields, "offset", offset);
    put_entry(&fields, "length", length);
    umm_protobuf_put_varint(&fields, 14, 1);
    check_weights(1, 2, &fields, "models/m.onnx", status, part);
}

static void write_file(const char *path, size_t len)
{
    static const float numbers[4] = {1, 2, 3, 4};
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(numbers, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_external(void **state)
{
    (void)state;
    assert_int_equal(mkdir("models", 0755), 0);
    assert_int_equal(mkdir("models/sub", 0755), 0);
    write_file("models/m.onnx", 1);
    write_file("models/w.bin", 16);
    write_file("models/sub/w.bin", 16);
    write_file("outside.bin", 16);
    assert_int_equal(symlink("../outside.bin", "models/link.bin"), 0);
    assert_int_equal(symlink("..", "models/up"), 0);
    check_external("w.bin", "8", "8", UMM_OK, "");
    check_external("sub/w.bin", "0", "8", UMM_OK, "");
    check_external("w.bin", "9", "8", UMM_ERR_DATA, "has 16 bytes");
    check_external("w.bin", "18446744073709551615", "8", UMM_ERR_DATA, "has 16 bytes");
    check_external("w.bin", "99999999999999999999", "8", UMM_ERR_DATA, "is no number");
    check_external("w.bin", "0", "4", UMM_ERR_DATA, "which should be 8");
    check_external("../outside.bin", "0", "8", UMM_ERR_DATA, "leads out of the directory");
    check_external("sub/../../outside.bin", "0", "8", UMM_ERR_DATA, "leads out");
    check_external("/etc/hostname", "0", "8", UMM_ERR_DATA, "leads out");
    check_external("link.bin", "0", "8", UMM_ERR_CONFLICT, "is a link");
    check_external("up/outside.bin", "0", "8", UMM_ERR_CONFLICT, "is a link");
    check_external("sub", "0", "8", UMM_ERR_CONFLICT, "is not a regular file");
    check_external("absent.bin", "0", "8", UMM_ERR_SYSTEM, "");
    check_external("", "0", "8", UMM_ERR_DATA, "no name");
}

/* ---- refused
 * ------------------------------------------------------------------------------------- */

static void check_op(const char *op, enum umm_status status, const char *part)
{
    struct umm_protobuf_out file;
    make_model(&file, op, NULL);
    expect(&file, NULL, status, part);
    free(file.bytes);
}

static void test_refused(void **state)
{
    (void)state;
    check_op("Relu", UMM_OK, "");
    check_op("LSTM", UMM_ERR_UNSUPPORTED, "node 0, LSTM \"node_1\": not supported");
    check_op("Transpose", UMM_ERR_UNSUPPORTED, "of what is no constant matrix");
    check_op("Gemm", UMM_ERR_UNSUPPORTED, "its weights are not constant");
    check_op("ArgMax", UMM_ERR_UNSUPPORTED, "ArgMax");
}

/* Operators of a later opset may mean something else. */
static void test_later_opset(void **state)
{
    struct umm_protobuf_out file;
    (void)state;
    for (uint64_t version = 25; version <= 26; version++) {
        make_model(&file, "Relu", NULL);
        const size_t opset = umm_protobuf_begin(&file);
        umm_protobuf_put_varint(&file, 2, version);
        umm_protobuf_end(&file, OPSET, opset);
        if (version == 25)
            expect(&file, "x.onnx", UMM_OK, "");
        else
            expect(&file, "x.onnx", UMM_ERR_UNSUPPORTED, "opset 26: operators are known up to 25");
        free(file.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test_setup_teardown(test_external, enter_scratch, leave_scratch),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_later_opset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
