/* SPDX-License-Identifier: MIT */
/*
 * judge.h - how far answers are from those of the float model, and how many decisions they keep.
 */
#ifndef UMM_QUANTIZE_JUDGE_H
#define UMM_QUANTIZE_JUDGE_H

#include "graph/graph.h"
#include "quantize/quantize.h"

/* Answers of n_rows rows, n_outputs each; numbers: which row of the data each is. */
struct umm_quantize_answers {
    uint64_t n_rows;
    uint32_t n_outputs;
    const float *floats, *quantized;
    const uint64_t *numbers;
};

/* What DEFAULT is for a graph; anything else stays. */
struct umm_quantize_decision umm_quantize_settle(const struct umm_graph *graph,
                                                 struct umm_quantize_decision decision);

/* Whether both answers decide alike. Of the largest that are equal, the first counts. */
bool umm_quantize_is_same(const float *a, const float *b, uint32_t n,
                          struct umm_quantize_decision decision);

/* A quotient of 0 and 0 is 0: nothing differs. */
struct umm_quantize_agreement umm_quantize_compare(const struct umm_quantize_answers *answers,
                                                   struct umm_quantize_decision decision);

/* The rows with the largest differences, the largest first; how many there are. */
size_t umm_quantize_find_worst(const struct umm_quantize_answers *answers,
                               struct umm_quantize_decision decision,
                               struct umm_quantize_worst worst[UMM_QUANTIZE_WORST]);

#endif
