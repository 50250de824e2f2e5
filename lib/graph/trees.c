/* SPDX-License-Identifier: MIT */
#include "graph/trees.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"

/* Nodes that ways from the roots have led to, in the order in which they are looked at. */
struct walk {
    const struct umm_trees *trees;
    uint32_t *queue; /* n_nodes */
    uint32_t n_found;
    bool *is_found; /* n_nodes */
    uint64_t n_leaf_weights;
};

static enum umm_status find(struct walk *walk, uint32_t node, struct umm_error *err)
{
    if (node >= walk->trees->n_nodes)
        return umm_error_set(err, UMM_ERR_DATA,
                             "a tree leads to node %" PRIu32 ", and there are %" PRIu32, node,
                             walk->trees->n_nodes);
    if (walk->is_found[node])
        return umm_error_set(err, UMM_ERR_DATA, "two ways lead to node %" PRIu32 " of the trees",
                             node);
    walk->is_found[node] = true;
    walk->queue[walk->n_found++] = node;
    return UMM_OK;
}

static enum umm_status check_leaf(struct walk *walk, uint32_t at, struct umm_error *err)
{
    const struct umm_tree_node *leaf = &walk->trees->nodes[at];
    if (leaf->first_weight > walk->trees->n_weights ||
        leaf->n_weights > walk->trees->n_weights - leaf->first_weight)
        return umm_error_set(err, UMM_ERR_DATA,
                             "leaf %" PRIu32 " of the trees has weights that are not there", at);
    walk->n_leaf_weights += leaf->n_weights;
    return UMM_OK;
}

static enum umm_status check_branch(struct walk *walk, uint32_t at, struct umm_error *err)
{
    const struct umm_tree_node *node = &walk->trees->nodes[at];
    if (node->feature >= walk->trees->n_features)
        return umm_error_set(err, UMM_ERR_DATA,
                             "node %" PRIu32 " of the trees looks at feature %" PRIu32
                             ", and there are %" PRIu32,
                             at, node->feature, walk->trees->n_features);
    if (isnan(node->threshold))
        return umm_error_set(err, UMM_ERR_DATA,
                             "node %" PRIu32 " of the trees has NaN as its threshold", at);
    enum umm_status status = find(walk, node->if_true, err);
    return status ? status : find(walk, node->if_false, err);
}

static enum umm_status check_node(struct walk *walk, uint32_t at, struct umm_error *err)
{
    switch (walk->trees->nodes[at].mode) {
    case UMM_TREE_LEAF: return check_leaf(walk, at, err);
    case UMM_TREE_LE:
    case UMM_TREE_LT:
    case UMM_TREE_GE:
    case UMM_TREE_GT:
    case UMM_TREE_EQ:
    case UMM_TREE_NE: return check_branch(walk, at, err);
    }
    return umm_error_set(err, UMM_ERR_DATA,
                         "node %" PRIu32 " of the trees compares in no known way", at);
}

static enum umm_status check_nodes(struct walk *walk, struct umm_error *err)
{
    const struct umm_trees *trees = walk->trees;
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; !status && i < trees->n_trees; i++)
        status = find(walk, trees->roots[i], err);
    for (uint32_t i = 0; !status && i < walk->n_found; i++)
        status = check_node(walk, walk->queue[i], err);
    if (status)
        return status;
    if (walk->n_found != trees->n_nodes)
        return umm_error_set(err, UMM_ERR_DATA,
                             "no way leads to %" PRIu32 " of the trees' %" PRIu32 " nodes",
                             trees->n_nodes - walk->n_found, trees->n_nodes);
    if (walk->n_leaf_weights > trees->n_weights)
        return umm_error_set(err, UMM_ERR_DATA, "leaves of the trees share weights");
    return UMM_OK;
}

static enum umm_status check_weights(const struct umm_trees *trees, struct umm_error *err)
{
    for (uint32_t i = 0; i < trees->n_weights; i++)
        if (trees->weights[i].output >= trees->n_outputs)
            return umm_error_set(err, UMM_ERR_DATA,
                                 "weight %" PRIu32 " of the trees is for output %" PRIu32
                                 ", and there are %" PRIu32,
                                 i, trees->weights[i].output, trees->n_outputs);
    return UMM_OK;
}

enum umm_status umm_trees_check(const struct umm_trees *trees, struct umm_error *err)
{
    if (trees->n_trees == 0 || trees->n_outputs == 0)
        return umm_error_set(err, UMM_ERR_DATA, "an ensemble without %s",
                             trees->n_trees == 0 ? "trees" : "outputs");
    if (trees->n_trees > trees->n_nodes)
        return umm_error_set(err, UMM_ERR_DATA, "%" PRIu32 " trees of %" PRIu32 " nodes",
                             trees->n_trees, trees->n_nodes);
    if (trees->sum > UMM_TREES_MAX)
        return umm_error_set(err, UMM_ERR_DATA, "trees are summed up in no known way");
    enum umm_status status = check_weights(trees, err);
    if (status)
        return status;
    struct walk walk = {.trees = trees,
                        .queue = malloc(trees->n_nodes * sizeof *walk.queue),
                        .is_found = calloc(trees->n_nodes, sizeof *walk.is_found)};
    if (walk.queue && walk.is_found)
        status = check_nodes(&walk, err);
    else
        status = umm_error_set_memory(err, trees->n_nodes * (sizeof(uint32_t) + sizeof(bool)),
                                      "looking through trees");
    free(walk.queue);
    free(walk.is_found);
    return status;
}
