/* SPDX-License-Identifier: MIT */
/*
 * forest.h - an ensemble of decision trees (graph/trees.h), laid out to be run: nodes breadth
 * first, both children side by side. One row goes down several trees at a time, many rows go down
 * each tree together. Sums go over the trees in their order, so that a row has the same bits in
 * any block and on every engine.
 */
#ifndef UMM_MODEL_FOREST_H
#define UMM_MODEL_FOREST_H

#include "base/cpu.h"
#include "graph/trees.h"

struct umm_forest;

/*
 * trees: as umm_trees_check accepts them; nothing of them is kept. cpu: an engine that this machine
 * has.
 */
UMM_MUST_USE enum umm_status umm_forest_new(const struct umm_trees *trees, enum umm_cpu cpu,
                                            struct umm_forest **forest, struct umm_error *err);
void umm_forest_free(struct umm_forest *forest);

/*
 * y of n_outputs numbers for each row of n_features. Rows have strides in numbers. Of one output,
 * or more: the weights of the leaves that a row comes to, added in float from 0, or their least or
 * greatest (0 where there is none), or the sum over n_trees; then base.
 */
void umm_forest_run(const struct umm_forest *forest, const float *x, size_t x_stride, size_t n_rows,
                    float *y, size_t y_stride);

/* The same of doubles, which are compared with the thresholds as they are; sums are in double. */
void umm_forest_run_f64(const struct umm_forest *forest, const double *x, size_t x_stride,
                        size_t n_rows, float *y, size_t y_stride);

#endif
