/* SPDX-License-Identifier: MIT */
/* The upper levels of trees as complete ones; forest_layout.h says how they lie. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/forest_layout.h"

enum { TREES_MAX = 1 << 16 }; /* a top may take many times what a small tree takes */

static bool is_branch(const struct umm_forest *forest, uint32_t at)
{
    return forest->nodes[at].word & UMM_FOREST_BRANCH;
}

/* Depth of the deepest leaf, as far as it matters. */
static uint32_t depth_of(const struct umm_forest *forest, uint32_t root)
{
    uint32_t level_end = root + 1, last = root, depth = 0;
    for (uint32_t at = root; at <= last && depth < forest->engine->top_depth; at++) {
        if (at == level_end) {
            depth++;
            level_end = last + 1;
        }
        if (is_branch(forest, at))
            last = at + (forest->nodes[at].word >> forest->steps_shift) + 1;
    }
    return depth < UMM_FOREST_TOP_DEPTH_MIN ? UMM_FOREST_TOP_DEPTH_MIN : depth;
}

/* Element h is node at: its children get theirs. What is below a leaf is the leaf. */
static void put_element(const struct umm_forest *forest, struct umm_forest_top *top, uint32_t h,
                        uint32_t at, uint32_t nodes[2 * UMM_FOREST_TOP])
{
    const struct umm_forest_node node = forest->nodes[at];
    const bool is_inner = is_branch(forest, at);
    const uint32_t first = is_inner ? at + (node.word >> forest->steps_shift) : at;
    const uint32_t feature = node.word >> UMM_FOREST_FLAG_BITS & forest->feature_mask;
    top->thresholds[h] = is_inner ? node.threshold : INFINITY;
    top->columns[h] = is_inner ? feature * UMM_FOREST_LANES_MAX : 0;
    nodes[2 * h] = first;
    nodes[2 * h + 1] = is_inner ? first + 1 : at;
}

static void make_top(const struct umm_forest *forest, uint32_t root, struct umm_forest_top *top)
{
    uint32_t nodes[2 * UMM_FOREST_TOP];
    memset(top, 0, sizeof *top);
    top->depth = depth_of(forest, root);
    top->is_whole = true;
    nodes[1] = root;
    const uint32_t n = 1U << top->depth;
    for (uint32_t h = 1; h < n; h++)
        put_element(forest, top, h, nodes[h], nodes);
    for (uint32_t i = 0; i < n; i++)
        top->is_whole &= !is_branch(forest, nodes[n + i]);
    for (uint32_t i = 0; i < n; i++)
        if (top->is_whole)
            memcpy(&top->exits[i], &forest->nodes[nodes[n + i]].threshold, sizeof *top->exits);
        else
            top->exits[i] = nodes[n + i];
}

bool umm_forest_make_tops(struct umm_forest *forest)
{
    if (!forest->engine->descend_top || forest->has_equal || forest->n_trees > TREES_MAX ||
        forest->n_features == 0 || forest->n_features > UMM_FOREST_FEATURES_TURNED)
        return true;
    forest->tops = aligned_alloc(64, forest->n_trees * sizeof *forest->tops);
    if (!forest->tops)
        return false;
    for (uint32_t i = 0; i < forest->n_trees; i++)
        make_top(forest, forest->roots[i], &forest->tops[i]);
    return true;
}
