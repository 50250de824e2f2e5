/* SPDX-License-Identifier: MIT */
#include "model/forest_layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { FEATURES_MAX = 1 << 27 }; /* so that a shift by steps_shift is one of less than 32 bits */

/* A branch of which x <= threshold, or with EQUAL x == threshold, leads to `first`. */
struct branch {
    float threshold;
    uint32_t flags;
    uint32_t first, second;
};

/* NaN compares as false with all but NE. */
static struct branch normal(const struct umm_tree_node *node)
{
    struct branch to_true = {node->threshold, UMM_FOREST_BRANCH, node->if_true, node->if_false};
    struct branch to_false = {node->threshold, UMM_FOREST_BRANCH, node->if_false, node->if_true};
    to_true.flags |= node->is_missing_true ? UMM_FOREST_MISSING : 0;
    to_false.flags |= node->is_missing_true ? 0 : UMM_FOREST_MISSING;
    /* Nothing is below -INFINITY, or NaN. */
    const float below = node->threshold > -INFINITY ? nextafterf(node->threshold, -INFINITY) : NAN;
    switch (node->mode) {
    case UMM_TREE_LT:
        to_true.threshold = below;
        to_true.flags |= UMM_FOREST_BELOW;
        return to_true;
    case UMM_TREE_GE:
        to_false.threshold = below;
        to_false.flags |= UMM_FOREST_BELOW;
        return to_false;
    case UMM_TREE_GT: return to_false;
    case UMM_TREE_EQ: to_true.flags |= UMM_FOREST_EQUAL; return to_true;
    case UMM_TREE_NE: to_false.flags = UMM_FOREST_BRANCH | UMM_FOREST_EQUAL; return to_false;
    case UMM_TREE_LE:
    case UMM_TREE_LEAF: break;
    }
    return to_true;
}

static bool is_leaf(const struct umm_tree_node *node)
{
    return node->mode == UMM_TREE_LEAF;
}

/* Which node of the trees stands where: order; and what the layout must have room for. */
struct plan {
    const struct umm_trees *trees;
    uint32_t *order; /* n_nodes */
    uint32_t n, n_leaves, max_steps;
};

/* The nodes of a tree breadth first; depth is that of the node at `at`. */
static void order_tree(struct plan *plan, uint32_t root, uint32_t *sure_steps)
{
    uint32_t at = plan->n, depth = 0, level_end = at + 1;
    bool is_first_leaf = true;
    plan->order[plan->n++] = root;
    for (; at < plan->n; at++) {
        if (at == level_end) {
            depth++;
            level_end = plan->n;
        }
        const struct umm_tree_node *node = &plan->trees->nodes[plan->order[at]];
        if (is_leaf(node)) {
            if (is_first_leaf)
                *sure_steps = depth;
            is_first_leaf = false;
            plan->n_leaves++;
            continue;
        }
        const struct branch branch = normal(node);
        const uint32_t steps = plan->n - at;
        plan->max_steps = plan->max_steps < steps ? steps : plan->max_steps;
        plan->order[plan->n++] = branch.first;
        plan->order[plan->n++] = branch.second;
    }
}

/* Order all trees, and pad their roots. */
static void order_trees(struct plan *plan, struct umm_forest *forest)
{
    for (uint32_t i = 0; i < forest->n_trees; i++) {
        forest->roots[i] = plan->n;
        order_tree(plan, plan->trees->roots[i], &forest->sure_steps[i]);
    }
    for (uint32_t i = 0; i < UMM_FOREST_LANES_MAX; i++)
        forest->roots[forest->n_trees + i] = forest->roots[forest->n_trees - 1];
}

static uint32_t tree_end(const struct umm_forest *forest, uint32_t tree)
{
    return tree + 1 < forest->n_trees ? forest->roots[tree + 1] : forest->n_nodes;
}

/* Whether every leaf of the tree adds one number, or nothing, to the same output. */
static bool is_of_one_output(const struct plan *plan, const struct umm_forest *forest,
                             uint32_t tree, uint32_t *output)
{
    bool is_found = false;
    *output = 0;
    for (uint32_t i = forest->roots[tree]; i < tree_end(forest, tree); i++) {
        const struct umm_tree_node *node = &plan->trees->nodes[plan->order[i]];
        if (!is_leaf(node) || node->n_weights == 0)
            continue;
        const uint32_t its = plan->trees->weights[node->first_weight].output;
        if (node->n_weights > 1 || (is_found && its != *output))
            return false;
        is_found = true;
        *output = its;
    }
    return true;
}

static bool is_plain(const struct plan *plan, const struct umm_forest *forest)
{
    if (forest->sum != UMM_TREES_SUM && forest->sum != UMM_TREES_AVERAGE)
        return false;
    for (uint32_t i = 0; i < forest->n_trees; i++)
        if (!is_of_one_output(plan, forest, i, &forest->outputs[i]))
            return false;
    return true;
}

static unsigned bits_of(uint32_t n)
{
    unsigned bits = 0;
    for (; n; n >>= 1)
        bits++;
    return bits;
}

static void put_node(struct umm_forest *forest, uint32_t at, float threshold, uint32_t word,
                     uint32_t steps)
{
    if (forest->wide)
        forest->wide[at] = (struct umm_forest_wide){threshold, word, steps};
    else
        forest->nodes[at] =
            (struct umm_forest_node){threshold, steps ? word | steps << forest->steps_shift : word};
}

static float tidied(float x)
{
    return x == x ? x : NAN;
}

/* -0 added to a sum leaves it as it is. */
static void put_leaf(struct umm_forest *forest, uint32_t at, const struct umm_tree_node *leaf,
                     uint32_t n_leaves)
{
    float payload = leaf->n_weights ? forest->weights[leaf->first_weight].weight : -0.0F;
    if (!forest->is_plain) {
        forest->leaves[n_leaves] = (struct umm_forest_leaf){leaf->first_weight, leaf->n_weights};
        memcpy(&payload, &n_leaves, sizeof payload);
    }
    put_node(forest, at, payload, 0, 0);
}

static void put_nodes(struct umm_forest *forest, const struct plan *plan)
{
    uint32_t n_leaves = 0;
    for (uint32_t i = 0; i < plan->trees->n_weights; i++) {
        forest->weights[i] = plan->trees->weights[i];
        forest->weights[i].weight = tidied(forest->weights[i].weight);
    }
    for (uint32_t tree = 0; tree < forest->n_trees; tree++) {
        uint32_t next = forest->roots[tree] + 1;
        for (uint32_t at = next - 1; at < tree_end(forest, tree); at++) {
            const struct umm_tree_node *node = &plan->trees->nodes[plan->order[at]];
            if (is_leaf(node)) {
                put_leaf(forest, at, node, n_leaves++);
                continue;
            }
            const struct branch branch = normal(node);
            forest->has_missing |= (branch.flags & UMM_FOREST_MISSING) != 0;
            forest->has_equal |= (branch.flags & UMM_FOREST_EQUAL) != 0;
            put_node(forest, at, branch.threshold,
                     branch.flags | node->feature << UMM_FOREST_FLAG_BITS, next - at);
            next += 2;
        }
    }
}

/* An array of n numbers of that size, at least one, zeroed. */
static void *array(size_t n, size_t size_bytes)
{
    return calloc(n ? n : 1, size_bytes);
}

/* Which engine and which nodes: features and steps in a word of 32 bits, if they fit. */
static void choose_nodes(struct umm_forest *forest, const struct plan *plan, enum umm_cpu cpu)
{
    const unsigned feature_bits = bits_of(forest->n_features ? forest->n_features - 1 : 0);
    const unsigned step_bits = bits_of(plan->max_steps);
    const bool is_wide = UMM_FOREST_FLAG_BITS + feature_bits + step_bits > 32;
    forest->engine = &umm_forest_portable;
    if (is_wide) {
        forest->wide = array(forest->n_nodes, sizeof *forest->wide);
        forest->feature_mask = UINT32_MAX >> UMM_FOREST_FLAG_BITS;
        return;
    }
    forest->nodes = array(forest->n_nodes, sizeof *forest->nodes);
    forest->steps_shift = UMM_FOREST_FLAG_BITS + feature_bits;
    forest->feature_mask = (1U << feature_bits) - 1;
    if (forest->n_nodes > INT32_MAX) /* the vectors' indices have signs */
        return;
    if (cpu == UMM_CPU_AVX512)
        forest->engine = &umm_forest_avx512;
    else if (cpu == UMM_CPU_AVX2)
        forest->engine = &umm_forest_avx2;
}

static bool lay_out(struct umm_forest *forest, struct plan *plan, enum umm_cpu cpu)
{
    const struct umm_trees *trees = plan->trees;
    forest->roots = array((size_t)trees->n_trees + UMM_FOREST_LANES_MAX, sizeof *forest->roots);
    forest->sure_steps = array(trees->n_trees, sizeof *forest->sure_steps);
    forest->outputs = array(trees->n_trees, sizeof *forest->outputs);
    forest->weights = array(trees->n_weights, sizeof *forest->weights);
    forest->base = array(trees->n_outputs, sizeof *forest->base);
    if (!forest->roots || !forest->sure_steps || !forest->outputs || !forest->weights ||
        !forest->base)
        return false;
    if (trees->base)
        memcpy(forest->base, trees->base, trees->n_outputs * sizeof *forest->base);
    order_trees(plan, forest);
    forest->is_plain = is_plain(plan, forest);
    if (!forest->is_plain && !(forest->leaves = array(plan->n_leaves, sizeof *forest->leaves)))
        return false;
    choose_nodes(forest, plan, cpu);
    if (!forest->nodes && !forest->wide)
        return false;
    put_nodes(forest, plan);
    return umm_forest_make_tops(forest);
}

enum umm_status umm_forest_new(const struct umm_trees *trees, enum umm_cpu cpu,
                               struct umm_forest **forest, struct umm_error *err)
{
    *forest = NULL;
    if (trees->n_features > FEATURES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "trees of more than 2^27 features");
    struct plan plan = {.trees = trees, .order = array(trees->n_nodes, sizeof *plan.order)};
    struct umm_forest *made = calloc(1, sizeof *made);
    bool is_made = plan.order && made;
    if (is_made) {
        made->n_trees = trees->n_trees;
        made->n_nodes = trees->n_nodes;
        made->n_features = trees->n_features;
        made->n_outputs = trees->n_outputs;
        made->sum = trees->sum;
        is_made = lay_out(made, &plan, cpu);
    }
    free(plan.order);
    if (!is_made) {
        umm_forest_free(made);
        return umm_error_set_memory(err, trees->n_nodes * sizeof(struct umm_forest_node),
                                    "decision trees");
    }
    *forest = made;
    return UMM_OK;
}

void umm_forest_free(struct umm_forest *forest)
{
    if (!forest)
        return;
    free(forest->nodes);
    free(forest->wide);
    free(forest->roots);
    free(forest->sure_steps);
    free(forest->outputs);
    free(forest->leaves);
    free(forest->weights);
    free(forest->base);
    free(forest->tops);
    free(forest);
}
