/* SPDX-License-Identifier: MIT */
/*
 * tables.h - functions between a DEQUANTIZE and a QUANTIZE, as functions of integers.
 */
#ifndef UMM_GRAPH_TABLES_H
#define UMM_GRAPH_TABLES_H

#include "graph/graph.h"

/*
 * Let RELU, LEAKY_RELU, CLIP, SIGMOID and TANH of dequantised numbers read the integers, and do
 * what the only node that reads them does if it is a QUANTIZE, where all 256 numbers keep what they
 * become. Nodes that are done by others are marked in is_gone, which has room for all nodes.
 */
UMM_MUST_USE enum umm_status umm_graph_tables(struct umm_graph *graph, bool *is_gone,
                                              struct umm_error *err);

#endif
