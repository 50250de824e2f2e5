/* SPDX-License-Identifier: MIT */
/*
 * trees.h - an ensemble of decision trees as data, as ai.onnx.ml's TreeEnsemble operators have it.
 */
#ifndef UMM_GRAPH_TREES_H
#define UMM_GRAPH_TREES_H

#include "umm.h"

/* x[feature] MODE threshold leads to the true branch; a leaf has a range of weights. */
enum umm_tree_mode {
    UMM_TREE_LEAF,
    UMM_TREE_LE, /* BRANCH_LEQ, the usual one */
    UMM_TREE_LT,
    UMM_TREE_GE,
    UMM_TREE_GT,
    UMM_TREE_EQ,
    UMM_TREE_NE
};

/* One node. NaN goes to the true branch if is_missing_true, else as the comparison says. */
struct umm_tree_node {
    enum umm_tree_mode mode;
    bool is_missing_true;
    uint32_t feature;
    float threshold;
    uint32_t if_true, if_false;       /* indices of nodes */
    uint32_t first_weight, n_weights; /* LEAF */
};

/* A leaf adds weight to that output. */
struct umm_tree_weight {
    uint32_t output;
    float weight;
};

enum umm_tree_sum { UMM_TREES_SUM, UMM_TREES_AVERAGE, UMM_TREES_MIN, UMM_TREES_MAX };

/*
 * roots are indices of nodes, one for each of n_trees trees, which share no nodes. base has
 * n_outputs numbers or is NULL. A post-transform (softmax, logistic) is a node of the graph after
 * it.
 */
struct umm_trees {
    uint32_t n_trees, n_nodes, n_weights, n_features, n_outputs;
    const uint32_t *roots;
    const struct umm_tree_node *nodes;
    const struct umm_tree_weight *weights;
    const float *base;
    enum umm_tree_sum sum;
};

/*
 * UMM_ERR_DATA unless every index is in range, a way from one root, and only one, leads to every
 * node, so that there is no circle, leaves share no weights, and thresholds are not NaN.
 */
UMM_MUST_USE enum umm_status umm_trees_check(const struct umm_trees *trees, struct umm_error *err);

#endif
