/* SPDX-License-Identifier: MIT */
/* TensorFlow Lite files that umm never writes: field by field, with one thing that matters. */
#include "modelfile/flatbuffer.h"
#include "modelfile/modelfile.h"
#include "modelfile/tflite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WAY = 4 };

/* A RELU of rows of 3 floats, and what is unusual about the file or its input. */
struct file {
    bool has_signature, has_second_graph, has_new_code;
    bool is_variable, is_sparse;
    uint32_t version, buffer_offset, external_buffer;
    int32_t open_dimension; /* which of the input's is, or -1: none */
};

static const struct file usual = {.version = 3, .open_dimension = -1};

static void put_tensor(struct umm_flat_builder *to, size_t slot, const struct file *file,
                       bool is_input)
{
    enum { SHAPE, TYPE, BUFFER, NAME, VARIABLE, EXTERNAL, SIGNATURE, SPARSITY, N };
    struct umm_flat_field fields[N] = {
        [SHAPE] = {UMM_TFL_TENSOR_SHAPE, WAY, 0, 0},
        [TYPE] = {UMM_TFL_TENSOR_TYPE, 1, UMM_TFL_FLOAT32, 0},
        [BUFFER] = {UMM_TFL_TENSOR_BUFFER, 4, is_input ? 1 : 0, 0},
        [NAME] = {UMM_TFL_TENSOR_NAME, WAY, 0, 0},
        [VARIABLE] = {UMM_TFL_TENSOR_IS_VARIABLE, 1, is_input && file->is_variable, 0},
        [EXTERNAL] = {UMM_TFL_TENSOR_EXTERNAL_BUFFER, 4, is_input ? file->external_buffer : 0, 0},
        [SIGNATURE] = {UMM_TFL_TENSOR_SHAPE_SIGNATURE, WAY, 0, 0},
        [SPARSITY] = {UMM_TFL_TENSOR_SPARSITY, WAY, 0, 0},
    };
    const int32_t shape[] = {1, 3};
    int32_t open[] = {1, 3};
    umm_flat_put_table(to, slot, fields, is_input && file->is_sparse ? N : SPARSITY);
    umm_flat_put_vector(to, fields[SHAPE].slot, shape, 2, 4, 4);
    umm_flat_put_text(to, fields[NAME].slot, is_input ? "in" : "out");
    if (is_input && file->open_dimension >= 0)
        open[file->open_dimension] = -1;
    umm_flat_put_vector(to, fields[SIGNATURE].slot, open, 2, 4, 4);
    if (is_input && file->is_sparse)
        umm_flat_put_table(to, fields[SPARSITY].slot, NULL, 0);
}

static void put_graph(struct umm_flat_builder *to, size_t slot, const struct file *file)
{
    struct umm_flat_field fields[] = {{UMM_TFL_SUBGRAPH_TENSORS, WAY, 0, 0},
                                      {UMM_TFL_SUBGRAPH_INPUTS, WAY, 0, 0},
                                      {UMM_TFL_SUBGRAPH_OUTPUTS, WAY, 0, 0},
                                      {UMM_TFL_SUBGRAPH_OPERATORS, WAY, 0, 0}};
    struct umm_flat_field op[] = {{UMM_TFL_OPERATOR_CODE, 4, 0, 0},
                                  {UMM_TFL_OPERATOR_INPUTS, WAY, 0, 0},
                                  {UMM_TFL_OPERATOR_OUTPUTS, WAY, 0, 0}};
    const int32_t in = 0, out = 1;
    umm_flat_put_table(to, slot, fields, 4);
    size_t tensors = umm_flat_put_ways(to, fields[0].slot, 2);
    put_tensor(to, tensors, file, true);
    put_tensor(to, tensors + WAY, file, false);
    umm_flat_put_vector(to, fields[1].slot, &in, 1, 4, 4);
    umm_flat_put_vector(to, fields[2].slot, &out, 1, 4, 4);
    umm_flat_put_table(to, umm_flat_put_ways(to, fields[3].slot, 1), op, 3);
    umm_flat_put_vector(to, op[1].slot, &in, 1, 4, 4);
    umm_flat_put_vector(to, op[2].slot, &out, 1, 4, 4);
}

static void put_map(struct umm_flat_builder *to, size_t slot, const char *name, uint32_t tensor)
{
    struct umm_flat_field map[] = {{UMM_TFL_MAP_NAME, WAY, 0, 0},
                                   {UMM_TFL_MAP_TENSOR, 4, tensor, 0}};
    umm_flat_put_table(to, umm_flat_put_ways(to, slot, 1), map, 2);
    umm_flat_put_text(to, map[0].slot, name);
}

/* One of the second graph, which is none of ours, then the main graph's. */
static void put_signatures(struct umm_flat_builder *to, size_t slot)
{
    size_t ways = umm_flat_put_ways(to, slot, 2);
    for (uint32_t i = 0; i < 2; i++) {
        struct umm_flat_field fields[] = {{UMM_TFL_SIGNATURE_INPUTS, WAY, 0, 0},
                                          {UMM_TFL_SIGNATURE_OUTPUTS, WAY, 0, 0},
                                          {UMM_TFL_SIGNATURE_SUBGRAPH, 4, 1 - i, 0}};
        umm_flat_put_table(to, ways + (size_t)i * WAY, fields, 3);
        put_map(to, fields[0].slot, i ? "prices" : "wrong", 0);
        put_map(to, fields[1].slot, i ? "scores" : "wrong", 1);
    }
}

/* Buffer 0 is empty; that of the input has no numbers, but may say that they are elsewhere. */
static void put_buffers(struct umm_flat_builder *to, size_t slot, const struct file *file)
{
    size_t ways = umm_flat_put_ways(to, slot, 2);
    struct umm_flat_field halves[] = {{UMM_TFL_BUFFER_OFFSET, 4, file->buffer_offset, 0},
                                      {UMM_TFL_BUFFER_SIZE, 4, 0, 0}};
    umm_flat_put_table(to, ways, NULL, 0);
    umm_flat_put_table(to, ways + WAY, halves, file->buffer_offset ? 2 : 0);
}

static void make(const struct file *file, void **data, size_t *len)
{
    enum { VERSION, CODES, GRAPHS, BUFFERS, SIGNATURES, N };
    struct umm_flat_builder to;
    struct umm_flat_field fields[N] = {
        [VERSION] = {UMM_TFL_MODEL_VERSION, 4, file->version, 0},
        [CODES] = {UMM_TFL_MODEL_OPERATOR_CODES, WAY, 0, 0},
        [GRAPHS] = {UMM_TFL_MODEL_SUBGRAPHS, WAY, 0, 0},
        [BUFFERS] = {UMM_TFL_MODEL_BUFFERS, WAY, 0, 0},
        [SIGNATURES] = {UMM_TFL_MODEL_SIGNATURE_DEFS, WAY, 0, 0},
    };
    struct umm_flat_field code[] = {{UMM_TFL_CODE_DEPRECATED, 1, UMM_TFL_RELU, 0},
                                    {UMM_TFL_CODE_BUILTIN, 4, UMM_TFL_RELU, 0}};
    umm_flat_begin(&to, UMM_TFLITE_IDENTIFIER);
    umm_flat_put_table(&to, UMM_FLAT_ROOT_SLOT, fields, file->has_signature ? N : SIGNATURES);
    umm_flat_put_table(&to, umm_flat_put_ways(&to, fields[CODES].slot, 1), code,
                       file->has_new_code ? 2 : 1);
    size_t n_graphs = file->has_second_graph ? 2 : 1;
    size_t graphs = umm_flat_put_ways(&to, fields[GRAPHS].slot, n_graphs);
    for (size_t i = 0; i < n_graphs; i++)
        put_graph(&to, graphs + i * WAY, file);
    put_buffers(&to, fields[BUFFERS].slot, file);
    if (file->has_signature)
        put_signatures(&to, fields[SIGNATURES].slot);
    assert_int_equal(umm_flat_finish(&to, data, len, NULL), UMM_OK);
}

static enum umm_status read_file(const struct file *file, struct umm_graph **graph,
                                 struct umm_error *err)
{
    void *data;
    size_t len;
    struct umm_modelfile_info info;
    *err = (struct umm_error){0};
    make(file, &data, &len);
    enum umm_status status = umm_tflite_read(data, len, "a.tflite", graph, &info, err);
    free(data);
    return status;
}

static void require_read(const struct file *file, const char *in, const char *out)
{
    struct umm_graph *graph;
    struct umm_error err;
    if (read_file(file, &graph, &err) != UMM_OK)
        fail_msg("%s", err.message);
    assert_int_equal(graph->n_nodes, 1);
    assert_int_equal(graph->nodes[0].op, UMM_OP_RELU);
    assert_string_equal(graph->values[graph->inputs[0]].name, in);
    assert_string_equal(graph->values[graph->outputs[0]].name, out);
    assert_int_equal(umm_graph_input_width(graph), 3);
    umm_graph_free(graph);
}

static void require_refused(const struct file *file, enum umm_status status, const char *message)
{
    struct umm_graph *graph;
    struct umm_error err;
    enum umm_status got = read_file(file, &graph, &err);
    assert_string_equal(err.message, message);
    assert_int_equal(got, status);
    assert_null(graph);
}

static void names_are_those_of_a_signature(void **state)
{
    (void)state;
    struct file file = usual;
    require_read(&file, "in", "out");
    file.has_second_graph = true; /* it is not read */
    require_read(&file, "in", "out");
    file.has_signature = true;
    require_read(&file, "prices", "scores");
    file.has_new_code = true; /* beside the old field */
    require_read(&file, "prices", "scores");
}

static void rows_alone_may_be_open(void **state)
{
    (void)state;
    struct file file = usual;
    file.open_dimension = 0;
    require_read(&file, "in", "out");
    file.open_dimension = 1;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "tensor 0 (in): dimension 1 is not fixed: only the first, of rows, may be "
                    "open");
}

static void weights_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char message[] =
        "tensor 0 (in): its numbers are not in the FlatBuffer itself, but after it or in another "
        "file; models with weights inside are read";
    struct file file = usual;
    file.buffer_offset = 1; /* means nothing */
    require_read(&file, "in", "out");
    file.buffer_offset = 4096;
    require_refused(&file, UMM_ERR_UNSUPPORTED, message);
    file = usual;
    file.external_buffer = 1;
    require_refused(&file, UMM_ERR_UNSUPPORTED, message);
}

static void other_tensors_are_refused(void **state)
{
    (void)state;
    struct file file = usual;
    file.is_variable = true;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "tensor 0 (in): it is a variable: rows of a model that remembers are not "
                    "independent");
    file = usual;
    file.is_sparse = true;
    require_refused(&file, UMM_ERR_UNSUPPORTED, "tensor 0 (in): it is sparse");
}

static void another_version_is_refused(void **state)
{
    (void)state;
    struct file file = usual;
    file.version = 4;
    require_refused(&file, UMM_ERR_UNSUPPORTED,
                    "a TensorFlow Lite file of version 4; version 3 is read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_a_signature),
        cmocka_unit_test(rows_alone_may_be_open),
        cmocka_unit_test(weights_elsewhere_are_refused),
        cmocka_unit_test(other_tensors_are_refused),
        cmocka_unit_test(another_version_is_refused),
    };
    return cmocka_run_group_tests_name("tflite files", tests, NULL, NULL);
}
