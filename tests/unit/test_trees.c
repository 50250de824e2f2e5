/* SPDX-License-Identifier: MIT */
/* What holds for trees is checked without recursion, whatever the indices are. */
#include "graph/trees.h"

#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_NODES = 8 };

/* Two trees: 0 with 1 and 2, of which 2 has 3 and 4; and 5 with 6 and 7. */
struct forest {
    struct umm_trees trees;
    uint32_t roots[2];
    struct umm_tree_node nodes[N_NODES];
    struct umm_tree_weight weights[6];
};

static void plant(struct forest *forest)
{
    const struct forest sound = {
        .roots = {0, 5},
        .nodes =
            {{.mode = UMM_TREE_LE, .feature = 1, .threshold = 0.5F, .if_true = 1, .if_false = 2},
             {.first_weight = 0, .n_weights = 1},
             {.mode = UMM_TREE_GT, .feature = 0, .threshold = 3, .if_true = 4, .if_false = 3},
             {.first_weight = 1, .n_weights = 2},
             {.first_weight = 3, .n_weights = 1},
             {.mode = UMM_TREE_EQ,
              .feature = 2,
              .threshold = -INFINITY,
              .if_true = 6,
              .if_false = 7},
             {.first_weight = 4, .n_weights = 2},
             {.n_weights = 0}},
        .weights = {{0, 1}, {0, 2}, {1, 3}, {1, 4}, {0, 5}, {1, 6}},
    };
    *forest = sound;
    forest->trees = (struct umm_trees){.n_trees = 2,
                                       .n_nodes = N_NODES,
                                       .n_weights = 6,
                                       .n_features = 3,
                                       .n_outputs = 2,
                                       .roots = forest->roots,
                                       .nodes = forest->nodes,
                                       .weights = forest->weights};
}

static void assert_refused(const struct forest *forest, const char *message)
{
    struct umm_error err = {0};
    assert_int_equal(umm_trees_check(&forest->trees, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
}

static void sound_trees_are_taken(void **state)
{
    struct forest forest;
    (void)state;
    plant(&forest);
    assert_int_equal(umm_trees_check(&forest.trees, NULL), UMM_OK);
}

static void indices_must_be_there(void **state)
{
    struct forest forest;
    (void)state;
    plant(&forest);
    forest.roots[1] = N_NODES;
    assert_refused(&forest, "a tree leads to node 8, and there are 8");
    plant(&forest);
    forest.nodes[2].if_false = UINT32_MAX;
    assert_refused(&forest, "a tree leads to node 4294967295, and there are 8");
    plant(&forest);
    forest.nodes[2].feature = 3;
    assert_refused(&forest, "node 2 of the trees looks at feature 3, and there are 3");
    plant(&forest);
    forest.nodes[6].n_weights = 3;
    assert_refused(&forest, "leaf 6 of the trees has weights that are not there");
    plant(&forest);
    forest.nodes[6].first_weight = UINT32_MAX;
    assert_refused(&forest, "leaf 6 of the trees has weights that are not there");
    plant(&forest);
    forest.weights[5].output = 2;
    assert_refused(&forest, "weight 5 of the trees is for output 2, and there are 2");
}

static void one_way_leads_to_a_node(void **state)
{
    struct forest forest;
    (void)state;
    plant(&forest);
    forest.nodes[2].if_true = 0;
    assert_refused(&forest, "two ways lead to node 0 of the trees");
    plant(&forest);
    forest.nodes[0].if_false = 1;
    assert_refused(&forest, "two ways lead to node 1 of the trees");
    plant(&forest);
    forest.roots[1] = 2;
    assert_refused(&forest, "two ways lead to node 2 of the trees");
    plant(&forest);
    forest.trees.n_trees = 1;
    assert_refused(&forest, "no way leads to 3 of the trees' 8 nodes");
    /* A circle that no root leads to: 6 and 7, each of which has one parent. */
    plant(&forest);
    forest.nodes[5] = forest.nodes[7];
    forest.nodes[6] = (struct umm_tree_node){.mode = UMM_TREE_LT, .if_true = 7, .if_false = 6};
    assert_refused(&forest, "no way leads to 2 of the trees' 8 nodes");
}

static void numbers_must_mean_something(void **state)
{
    struct forest forest;
    (void)state;
    plant(&forest);
    forest.nodes[0].threshold = NAN;
    assert_refused(&forest, "node 0 of the trees has NaN as its threshold");
    plant(&forest);
    forest.nodes[7] = forest.nodes[6];
    assert_refused(&forest, "leaves of the trees share weights");
    plant(&forest);
    forest.nodes[5].mode = (enum umm_tree_mode)77;
    assert_refused(&forest, "node 5 of the trees compares in no known way");
    plant(&forest);
    forest.trees.sum = (enum umm_tree_sum)4;
    assert_refused(&forest, "trees are summed up in no known way");
    plant(&forest);
    forest.trees.n_trees = 0;
    assert_refused(&forest, "an ensemble without trees");
    plant(&forest);
    forest.trees.n_outputs = 0;
    assert_refused(&forest, "an ensemble without outputs");
    plant(&forest);
    forest.trees.n_trees = UINT32_MAX;
    assert_refused(&forest, "4294967295 trees of 8 nodes");
}

/* A call for each level would need more than any stack. */
static void depth_takes_no_stack(void **state)
{
    enum { DEPTH = 300000 };
    struct umm_tree_node *nodes = calloc(2 * DEPTH + 1, sizeof *nodes);
    const uint32_t root = 0;
    (void)state;
    assert_non_null(nodes);
    for (uint32_t i = 0; i < DEPTH; i++)
        nodes[2 * i] = (struct umm_tree_node){
            .mode = UMM_TREE_LE, .if_true = 2 * i + 1, .if_false = 2 * i + 2};
    struct umm_trees trees = {.n_trees = 1,
                              .n_nodes = 2 * DEPTH + 1,
                              .n_features = 1,
                              .n_outputs = 1,
                              .roots = &root,
                              .nodes = nodes};
    assert_int_equal(umm_trees_check(&trees, NULL), UMM_OK);
    nodes[2 * DEPTH] =
        (struct umm_tree_node){.mode = UMM_TREE_LE, .if_true = 0, .if_false = 2 * DEPTH};
    assert_int_equal(umm_trees_check(&trees, NULL), UMM_ERR_DATA);
    free(nodes);
}

/* How often ways from node lead to each; stops when one leads round. */
static bool is_tree(const struct umm_trees *trees, uint32_t node, unsigned *n_ways)
{
    if (node >= trees->n_nodes || n_ways[node]++)
        return false;
    return trees->nodes[node].mode == UMM_TREE_LEAF ||
           (is_tree(trees, trees->nodes[node].if_true, n_ways) &&
            is_tree(trees, trees->nodes[node].if_false, n_ways));
}

static void random_indices_are_judged_right(void **state)
{
    enum { N_TRIES = 200000, SMALL = 5 };
    uint64_t random = RANDOM_SEED;
    unsigned n_sound = 0;
    (void)state;
    for (int i = 0; i < N_TRIES; i++) {
        struct forest forest;
        unsigned n_ways[N_NODES] = {0};
        plant(&forest);
        forest.trees.n_nodes = SMALL;
        forest.trees.n_trees = 1 + (uint32_t)(xorshift64(&random) % 2);
        for (int k = 0; k < 2; k++)
            forest.roots[k] = (uint32_t)(xorshift64(&random) % SMALL);
        for (int k = 0; k < SMALL; k++)
            forest.nodes[k] = (struct umm_tree_node){
                .mode = xorshift64(&random) % 2 ? UMM_TREE_LE : UMM_TREE_LEAF,
                .if_true =
                    (uint32_t)(xorshift64(&random) % (xorshift64(&random) % 8 ? SMALL : N_NODES)),
                .if_false = (uint32_t)(xorshift64(&random) % SMALL)};
        bool is_sound = true;
        for (uint32_t k = 0; is_sound && k < forest.trees.n_trees; k++)
            is_sound = is_tree(&forest.trees, forest.roots[k], n_ways);
        for (int k = 0; k < SMALL; k++)
            is_sound = is_sound && n_ways[k] == 1;
        assert_int_equal(umm_trees_check(&forest.trees, NULL), is_sound ? UMM_OK : UMM_ERR_DATA);
        n_sound += is_sound;
    }
    assert_true(n_sound > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_trees_are_taken),
        cmocka_unit_test(indices_must_be_there),
        cmocka_unit_test(one_way_leads_to_a_node),
        cmocka_unit_test(numbers_must_mean_something),
        cmocka_unit_test(depth_takes_no_stack),
        cmocka_unit_test(random_indices_are_judged_right),
    };
    return cmocka_run_group_tests_name("trees", tests, NULL, NULL);
}
