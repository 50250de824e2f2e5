/* SPDX-License-Identifier: MIT */
#include "modelfile/modelfile.h"

#include "base/error.h"
#include "sys/file.h"

#include <stdlib.h>
#include <string.h>

/* A FlatBuffer begins with the offset of its table; its kind is after that. */
static bool is_tflite(const void *data, size_t len_bytes)
{
    enum { KIND_AT = 4, KIND_BYTES = 4 };
    return len_bytes >= KIND_AT + KIND_BYTES &&
           memcmp((const char *)data + KIND_AT, "TFL3", KIND_BYTES) == 0;
}

enum umm_status umm_modelfile_read(const char *path, struct umm_run *run, struct umm_graph **graph,
                                   struct umm_modelfile_info *info, struct umm_error *err)
{
    /* Both formats end there: lengths of protobuf are 31 bits, and offsets of a FlatBuffer. */
    enum { LEN_MAX = INT32_MAX };
    void *data = NULL;
    size_t len_bytes = 0;
    *graph = NULL;
    enum umm_status status = umm_file_read_whole(path, LEN_MAX, &data, &len_bytes, err);
    if (!status && umm_run_is_cancelled(run))
        status = umm_error_set_cancelled(err);
    if (!status && is_tflite(data, len_bytes))
        status = umm_tflite_read(data, len_bytes, path, graph, info, err);
    else if (!status)
        status = umm_onnx_read(data, len_bytes, path, graph, info, err);
    free(data);
    return status;
}
