/* SPDX-License-Identifier: MIT */
/*
 * forest.h - an ensemble of decision trees (graph/trees.h), laid out to be run: nodes breadth
 * first, both children side by side. One row goes down tree by tree, many rows 16 at a time. Sums
 * go over the trees in their order, so that a row has the same bits in any block.
 */
#ifndef UMM_MODEL_FOREST_H
#define UMM_MODEL_FOREST_H

#include "base/cpu.h"
#include "graph/trees.h"

struct umm_forest;

UMM_MUST_USE enum umm_status umm_forest_new(const struct umm_trees *trees, enum umm_cpu cpu,
                                            struct umm_forest **forest, struct umm_error *err);
void umm_forest_free(struct umm_forest *forest);

/* y of n_outputs numbers for each row of n_features. */
void umm_forest_run(const struct umm_forest *forest, const float *x, size_t x_stride, size_t n_rows,
                    float *y, size_t y_stride);

#endif
