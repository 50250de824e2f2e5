/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tflite.c - bytes as a TensorFlow Lite file: no crash, no leak, no more memory than a few
 * times the bytes; a model that is accepted, and can be written, is read from that the same; and it
 * is run.
 */
#include "graph/passes.h"
#include "model_runs.h"
#include "modelfile/modelfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_message(enum umm_status status, const struct umm_error *err)
{
    require(err->status == status && err->message[0] != '\0', "no message");
    require(strchr(err->message, '\n') == NULL, "message of several lines");
}

/* Write the graph, read that, write it again: the bytes are the same. */
static void check_return_trip(const struct umm_graph *graph)
{
    void *data, *again;
    size_t len, len_again;
    struct umm_graph *back;
    struct umm_modelfile_info info;
    struct umm_error err = {0};
    enum umm_status status = umm_tflite_write(graph, &data, &len, &err);
    if (status) {
        require(status == UMM_ERR_UNSUPPORTED || status == UMM_ERR_MEMORY, "another refusal");
        check_message(status, &err);
        return;
    }
    require(umm_tflite_read(data, len, "back", &back, &info, &err) == UMM_OK, "not read back");
    require(back->n_nodes == graph->n_nodes, "another graph");
    require(umm_tflite_write(back, &again, &len_again, &err) == UMM_OK, "not written again");
    require(len == len_again && memcmp(data, again, len) == 0, "other bytes");
    free(data);
    free(again);
    umm_graph_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct umm_graph *graph;
    struct umm_modelfile_info info;
    struct umm_error err = {0};
    enum umm_status status = umm_tflite_read(data, size, "fuzz", &graph, &info, &err);
    if (status) {
        require(graph == NULL, "a graph and an error");
        check_message(status, &err);
        return 0;
    }
    check_return_trip(graph);
    status = umm_graph_prepare(graph, NULL, &err);
    if (!status) {
        check_runs(graph);
        return 0;
    }
    check_message(status, &err);
    umm_graph_free(graph);
    return 0;
}
