/* SPDX-License-Identifier: MIT */
/*
 * onnx.h - ONNX files of models of rows, read into a graph and written from one.
 */
#ifndef UMM_ONNX_ONNX_H
#define UMM_ONNX_ONNX_H

#include "graph/graph.h"
#include "graph/modelfile_info.h"

/*
 * Read the len_bytes bytes at data into a graph, as it is: umm_graph_prepare brings it into the
 * form that is run. path is for messages, and where other files with weights are; NULL for none.
 *
 * UMM_ERR_DATA for what is damaged, UMM_ERR_UNSUPPORTED for an operator, a type or a shape that is
 * not of models of rows, by its name and place, if an output needs it. Labels of classifiers are no
 * outputs. Doubles are computed in float from the first layer on. Memory is at most a few times the
 * file's size, whatever is in it.
 */
UMM_MUST_USE enum umm_status umm_onnx_read(const void *data, size_t len_bytes, const char *path,
                                           struct umm_graph **graph,
                                           struct umm_modelfile_info *info, struct umm_error *err);

/*
 * The file of a graph of DENSE (float or integer), QUANTIZE, DEQUANTIZE, activations and
 * elementwise nodes, in memory: *data is the caller's to free. The same graph gives the same bytes.
 * Opset 13, IR 7; integer layers as QuantizeLinear, DequantizeLinear, Gemm, Relu in the form that
 * ONNX Runtime fuses. UMM_ERR_UNSUPPORTED for what is not written.
 */
UMM_MUST_USE enum umm_status umm_onnx_write(const struct umm_graph *graph, void **data,
                                            size_t *len_bytes, struct umm_error *err);

#endif
