/* SPDX-License-Identifier: MIT */
/*
 * modelfile.h - models in files: ONNX and TensorFlow Lite, read into a graph and written from one.
 * Which it is, the first bytes say (a FlatBuffer's "TFL3" at byte 4; else ONNX).
 */
#ifndef UMM_MODELFILE_MODELFILE_H
#define UMM_MODELFILE_MODELFILE_H

#include "graph/graph.h"
#include "graph/modelfile_info.h"
#include "onnx/onnx.h"

/*
 * Read the file into a graph, as it is: umm_graph_prepare brings it into the form that is run.
 * UMM_ERR_DATA for what is damaged or neither format, UMM_ERR_UNSUPPORTED for an op, a type or a
 * shape that is not of models of rows, by its name and place. Memory is at most a few times the
 * file's size, whatever is in it.
 */
UMM_MUST_USE enum umm_status umm_modelfile_read(const char *path, struct umm_run *run,
                                                struct umm_graph **graph,
                                                struct umm_modelfile_info *info,
                                                struct umm_error *err);

/* The same of the len_bytes bytes at data; path is for messages. ONNX: onnx/onnx.h. */
UMM_MUST_USE enum umm_status umm_tflite_read(const void *data, size_t len_bytes, const char *path,
                                             struct umm_graph **graph,
                                             struct umm_modelfile_info *info,
                                             struct umm_error *err);

/*
 * The file of a graph of DENSE (float or integer), QUANTIZE, DEQUANTIZE, activations and
 * elementwise nodes, in memory: *data is the caller's to free. The same graph gives the same bytes.
 *
 * int8 layers are FULLY_CONNECTED with fused activations. UMM_ERR_UNSUPPORTED for what the format
 * cannot say.
 */
UMM_MUST_USE enum umm_status umm_tflite_write(const struct umm_graph *graph, void **data,
                                              size_t *len_bytes, struct umm_error *err);

#endif
