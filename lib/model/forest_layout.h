/* SPDX-License-Identifier: MIT */
/*
 * forest_layout.h - how an ensemble lies in memory, for the files of forest.h alone.
 *
 * The nodes of a tree stand breadth first; the children of a branch side by side, the one for true
 * first:
 *
 *     root | 1 | 2 | 3 4 | 5 6 | ...        3, 4 are children of 1; 5, 6 of 2
 *
 * so that one number leads to both. Every comparison is brought into x <= threshold: LT with the
 * float below, GT and GE with children exchanged. EQ has a flag.
 *
 *     word of a branch   | steps to the children | feature | flags (4 bits) |
 *     word of a leaf     0; its threshold is its payload
 *
 * Where a word has no room for that, nodes are wide: their steps have a word of their own.
 *
 * A payload is what the leaf adds to the tree's output, if the ensemble is plain, or which of
 * `leaves` it is.
 */
#ifndef UMM_MODEL_FOREST_LAYOUT_H
#define UMM_MODEL_FOREST_LAYOUT_H

#include "model/forest.h"

enum {
    UMM_FOREST_BRANCH = 1,
    UMM_FOREST_MISSING = 2, /* NaN goes to the first child, else to the second */
    UMM_FOREST_EQUAL = 4,   /* x == threshold */
    UMM_FOREST_BELOW = 8,   /* the threshold is the float below the one of x < threshold */
    UMM_FOREST_FLAG_BITS = 4,
    UMM_FOREST_LANES_MAX = 32,
};

struct umm_forest_node {
    float threshold;
    uint32_t word;
};

struct umm_forest_wide {
    float threshold;
    uint32_t word; /* feature and flags */
    uint32_t steps;
};

struct umm_forest_leaf {
    uint32_t first_weight, n_weights;
};

/*
 * The upper levels of a tree, filled up to a complete one of that depth: level k has the elements
 * 2^k to 2^(k+1) - 1, and 2h, 2h + 1 are the children of h. A leaf above has branches below it
 * that lead to it alone. exits: of the last level, from 0; payloads if is_whole, else nodes.
 */
enum { UMM_FOREST_TOP_DEPTH_MIN = 3, UMM_FOREST_TOP_DEPTH_MAX = 6, UMM_FOREST_TOP = 64 };

struct umm_forest_top {
    float thresholds[UMM_FOREST_TOP] __attribute__((aligned(64)));
    uint32_t columns[UMM_FOREST_TOP]; /* feature * UMM_FOREST_LANES_MAX */
    uint32_t exits[UMM_FOREST_TOP];
    uint32_t depth;
    bool is_whole;
};

struct umm_forest {
    const struct umm_forest_engine *engine;
    struct umm_forest_node *nodes; /* or NULL, and wide */
    struct umm_forest_wide *wide;
    unsigned steps_shift;  /* of a word: what is above are steps */
    uint32_t feature_mask; /* of a word without its flags */
    uint32_t n_trees, n_nodes, n_features, n_outputs;
    uint32_t *roots;      /* n_trees, and the last again UMM_FOREST_LANES_MAX times */
    uint32_t *sure_steps; /* of a tree: the depth of its first leaf */
    uint32_t *outputs;    /* of a tree, if the ensemble is plain */
    bool is_plain;        /* sums; each leaf adds its payload to the output of its tree */
    bool has_missing;     /* a node sends NaN to its first child */
    bool has_equal;
    struct umm_forest_leaf *leaves; /* unless plain */
    struct umm_tree_weight *weights;
    float *base; /* n_outputs */
    enum umm_tree_sum sum;
    struct umm_forest_top *tops; /* n_trees; or NULL */
};

/*
 * descend: go down from `lanes` nodes at once; payloads of the leaves come out. Lane i begins at
 * node starts[i] and reads x from offsets[i] on. No leaf is nearer to a start than sure_steps.
 * is_any: x may have NaN that has_missing is about, or nodes are EQ.
 *
 * turn, descend_top, or both NULL: the same of one tree, of rows that were turned into columns (of
 * UMM_FOREST_FEATURES_TURNED features at most; feature, row); never of is_any.
 */
struct umm_forest_engine {
    unsigned lanes;
    void (*descend)(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                    const float *x, const uint32_t *offsets, bool is_any, uint32_t *payloads);
    uint32_t top_depth; /* levels that descend_top looks at, at most */
    void (*turn)(const struct umm_forest *forest, const float *x, const uint32_t *offsets,
                 float *columns);
    void (*descend_top)(const struct umm_forest *forest, uint32_t tree, const float *columns,
                        uint32_t *payloads);
};

enum { UMM_FOREST_FEATURES_TURNED = 256 };

extern const struct umm_forest_engine umm_forest_portable, umm_forest_avx2, umm_forest_avx512;

/* Make tops for all trees, if the engine has a use for them; false without memory. */
bool umm_forest_make_tops(struct umm_forest *forest);

/* The payload that one row of doubles comes to in the tree. */
uint32_t umm_forest_descend_f64(const struct umm_forest *forest, uint32_t tree, const double *x);

#endif
