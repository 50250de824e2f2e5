/* SPDX-License-Identifier: MIT */
/* forest.h: every engine against trees walked as the definition says, bit for bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/forest.h"

#include "guarded.h"
#include "random.h"

enum { ROWS_MAX = 130, FEATURES_MAX = 70, OUTPUTS_MAX = 150, ROOM = 1 << 20 };

static uint64_t state = RANDOM_SEED;
static struct guarded from, to;

static uint32_t below(uint32_t n)
{
    return (uint32_t)(xorshift64(&state) % n);
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static bool is_here(int cpu)
{
    return cpu == UMM_CPU_PORTABLE || (cpu <= (int)umm_cpu_best() &&
                                       (cpu == UMM_CPU_NEON) == (umm_cpu_best() == UMM_CPU_NEON));
}

#define EACH_ENGINE(cpu)                                                                           \
    for (enum umm_cpu cpu = 0; cpu < UMM_CPU_COUNT; cpu++)                                         \
        if (is_here((int)cpu))

/* ---- random ensembles -------------------------------------------------------------------- */

/* What an ensemble is like; chances are in 256ths. */
struct style {
    uint32_t n_trees, n_features, n_outputs;
    uint32_t depth_max;
    uint32_t leaf; /* that a branch is none, early */
    bool is_le_only, has_missing, has_many_weights, has_base, has_own_output;
    enum umm_tree_sum sum;
};

struct ensemble {
    struct umm_trees trees;
    uint32_t *roots;
    struct umm_tree_node *nodes;
    struct umm_tree_weight *weights;
    float base[OUTPUTS_MAX];
    uint32_t cap_nodes, cap_weights;
};

/* Rows have the same few numbers, so that comparisons are often of equal ones. */
static float any_number(void)
{
    static const float special[] = {0.0F, -0.0F, INFINITY, -INFINITY, 0x1p-149F, -0x1p-149F};
    const uint32_t kind = below(16);
    return kind == 0 ? special[below(6)] : kind < 8 ? (float)below(9) - 4 : (float)below(1 << 20);
}

static uint32_t add_node(struct ensemble *e)
{
    if (e->trees.n_nodes == e->cap_nodes) {
        e->cap_nodes = 2 * e->cap_nodes + 64;
        e->nodes = realloc(e->nodes, e->cap_nodes * sizeof *e->nodes);
        assert_non_null(e->nodes);
    }
    return e->trees.n_nodes++;
}

static void add_weight(struct ensemble *e, uint32_t output)
{
    static const float special[] = {0.0F, -0.0F, INFINITY, NAN};
    if (e->trees.n_weights == e->cap_weights) {
        e->cap_weights = 2 * e->cap_weights + 64;
        e->weights = realloc(e->weights, e->cap_weights * sizeof *e->weights);
        assert_non_null(e->weights);
    }
    const float weight = ((float)below(1 << 24) / (1 << 23) - 1) * 0.1F;
    e->weights[e->trees.n_weights++] =
        (struct umm_tree_weight){output, below(256) ? weight : special[below(4)]};
}

static void make_leaf(struct ensemble *e, const struct style *style, uint32_t tree, uint32_t at)
{
    const uint32_t n = style->has_many_weights ? below(4) : below(64) != 0;
    e->nodes[at] = (struct umm_tree_node){
        .mode = UMM_TREE_LEAF, .first_weight = e->trees.n_weights, .n_weights = n};
    for (uint32_t i = 0; i < n; i++)
        add_weight(e, style->has_own_output ? tree % style->n_outputs : below(style->n_outputs));
}

static void make_node(struct ensemble *e, const struct style *style, uint32_t tree, uint32_t at,
                      uint32_t depth)
{
    if (depth == style->depth_max || style->n_features == 0 || below(256) < style->leaf) {
        make_leaf(e, style, tree, at);
        return;
    }
    const uint32_t if_false = add_node(e), if_true = add_node(e);
    e->nodes[at] =
        (struct umm_tree_node){.mode = style->is_le_only ? UMM_TREE_LE : UMM_TREE_LE + below(6),
                               .is_missing_true = style->has_missing && below(2),
                               .feature = below(style->n_features),
                               .threshold = any_number(),
                               .if_true = if_true,
                               .if_false = if_false};
    make_node(e, style, tree, if_true, depth + 1);
    make_node(e, style, tree, if_false, depth + 1);
}

static void make(struct ensemble *e, const struct style *style)
{
    *e = (struct ensemble){.trees = {.n_trees = style->n_trees,
                                     .n_features = style->n_features,
                                     .n_outputs = style->n_outputs,
                                     .sum = style->sum}};
    e->roots = malloc(style->n_trees * sizeof *e->roots);
    assert_non_null(e->roots);
    for (uint32_t i = 0; i < style->n_trees; i++) {
        e->roots[i] = add_node(e);
        make_node(e, style, i, e->roots[i], 0);
    }
    for (uint32_t i = 0; i < style->n_outputs; i++)
        e->base[i] = (float)below(100) / 7;
    e->trees.roots = e->roots;
    e->trees.nodes = e->nodes;
    e->trees.weights = e->weights;
    e->trees.base = style->has_base ? e->base : NULL;
    assert_int_equal(umm_trees_check(&e->trees, NULL), UMM_OK);
}

static void discard(struct ensemble *e)
{
    free(e->roots);
    free(e->nodes);
    free(e->weights);
}

/* ---- what is right ------------------------------------------------------------------------- */

static bool is_true(const struct umm_tree_node *node, double x)
{
    const double t = (double)node->threshold;
    if (isnan(x) && node->is_missing_true)
        return true;
    switch (node->mode) {
    case UMM_TREE_LE: return x <= t;
    case UMM_TREE_LT: return x < t;
    case UMM_TREE_GE: return x >= t;
    case UMM_TREE_GT: return x > t;
    case UMM_TREE_EQ: return x == t;
    case UMM_TREE_NE: return x != t;
    case UMM_TREE_LEAF: break;
    }
    return false;
}

static const struct umm_tree_node *leaf_of(const struct umm_trees *trees, uint32_t tree,
                                           const double *x)
{
    const struct umm_tree_node *node = &trees->nodes[trees->roots[tree]];
    while (node->mode != UMM_TREE_LEAF)
        node = &trees->nodes[is_true(node, x[node->feature]) ? node->if_true : node->if_false];
    return node;
}

/* Sums in float, as rows of floats have them; or in double. */
static void expect(const struct umm_trees *trees, const double *x, bool is_f64, float *y)
{
    double sums[OUTPUTS_MAX] = {0};
    bool has[OUTPUTS_MAX] = {false};
    for (uint32_t tree = 0; tree < trees->n_trees; tree++) {
        const struct umm_tree_node *leaf = leaf_of(trees, tree, x);
        for (uint32_t i = leaf->first_weight; i < leaf->first_weight + leaf->n_weights; i++) {
            const uint32_t o = trees->weights[i].output;
            const double w = (double)trees->weights[i].weight;
            if (trees->sum == UMM_TREES_MIN)
                sums[o] = !has[o] || w < sums[o] ? w : sums[o];
            else if (trees->sum == UMM_TREES_MAX)
                sums[o] = !has[o] || w > sums[o] ? w : sums[o];
            else
                sums[o] = is_f64 ? sums[o] + w : (double)(float)(sums[o] + w);
            has[o] = true;
        }
    }
    for (uint32_t o = 0; o < trees->n_outputs; o++) {
        double sum = sums[o];
        if (trees->sum == UMM_TREES_AVERAGE)
            sum = is_f64 ? sum / trees->n_trees : (double)((float)sum / (float)trees->n_trees);
        sum += trees->base ? (double)trees->base[o] : 0;
        y[o] = isnan(sum) ? NAN : (float)sum;
    }
}

static void assert_row(const float *got, const float *wanted, uint32_t n, enum umm_cpu cpu)
{
    for (uint32_t i = 0; i < n; i++)
        if (bits_of(got[i]) != bits_of(wanted[i]))
            fail_msg("engine %d, output %u: %a, not %a", (int)cpu, i, (double)got[i],
                     (double)wanted[i]);
}

static void widen(const float *x, uint32_t n, double *y)
{
    for (uint32_t i = 0; i < n; i++)
        y[i] = (double)x[i];
}

/* n rows of x by one engine, at the end of memory, between rows something else. */
static void check_rows(const struct ensemble *e, const struct umm_forest *forest, enum umm_cpu cpu,
                       const float *x, size_t x_stride, size_t n, const float *wanted)
{
    const uint32_t n_features = e->trees.n_features, n_outputs = e->trees.n_outputs;
    const size_t y_stride = n_outputs + 1;
    const size_t x_len = n ? (n - 1) * x_stride + n_features : 0;
    const size_t y_len = n ? (n - 1) * y_stride + n_outputs : 0;
    float *y = guarded_end(&to, y_len * sizeof *y);
    memset(y, 0x55, y_len * sizeof *y);
    umm_forest_run(forest, guarded_copy(&from, x, x_len * sizeof *x), x_stride, n, y, y_stride);
    for (size_t i = 0; i < n; i++) {
        assert_row(y + i * y_stride, wanted + i * n_outputs, n_outputs, cpu);
        if (i + 1 < n)
            assert_int_equal(bits_of(y[i * y_stride + n_outputs]), 0x55555555);
    }
}

static void check_ensemble(const struct ensemble *e, bool has_nan)
{
    static const size_t lengths[] = {0, 1, 2, 3, 7, 13, 16, 31, 32, 33, 100, ROWS_MAX};
    static float x[ROWS_MAX * (FEATURES_MAX + 2)], wanted[ROWS_MAX * OUTPUTS_MAX];
    const uint32_t n_features = e->trees.n_features;
    const size_t stride = n_features + below(3);
    for (size_t i = 0; i < ROWS_MAX * stride; i++)
        x[i] = has_nan && !below(20) ? NAN : any_number();
    for (size_t i = 0; i < ROWS_MAX; i++) {
        double row[FEATURES_MAX];
        widen(x + i * stride, n_features, row);
        expect(&e->trees, row, false, wanted + i * e->trees.n_outputs);
    }
    EACH_ENGINE(cpu)
    {
        struct umm_forest *forest;
        assert_int_equal(umm_forest_new(&e->trees, cpu, &forest, NULL), UMM_OK);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            check_rows(e, forest, cpu, x, stride, lengths[i], wanted);
        umm_forest_free(forest);
    }
}

/* Doubles: of floats, and beside them by less than a float can say. */
static void check_doubles(const struct ensemble *e)
{
    const uint32_t n_features = e->trees.n_features, n_outputs = e->trees.n_outputs;
    static double x[ROWS_MAX * FEATURES_MAX];
    static float y[ROWS_MAX * OUTPUTS_MAX], wanted[OUTPUTS_MAX];
    for (size_t i = 0; i < ROWS_MAX * n_features; i++) {
        x[i] = (double)any_number();
        if (below(2))
            x[i] = nextafter(x[i], below(2) ? INFINITY : -INFINITY);
        if (!below(20))
            x[i] = (double)NAN;
    }
    struct umm_forest *forest;
    assert_int_equal(umm_forest_new(&e->trees, umm_cpu_best(), &forest, NULL), UMM_OK);
    umm_forest_run_f64(forest, x, n_features, ROWS_MAX, y, n_outputs);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        expect(&e->trees, x + i * n_features, true, wanted);
        assert_row(y + i * n_outputs, wanted, n_outputs, UMM_CPU_COUNT);
    }
    umm_forest_free(forest);
}

static struct style any_style(void)
{
    struct style style = {.n_trees = 1 + below(below(4) ? 8 : 90),
                          .n_features = 1 + below(FEATURES_MAX),
                          .n_outputs = below(2) ? 1 : 1 + below(below(8) ? 5 : OUTPUTS_MAX),
                          .depth_max = below(9),
                          .leaf = below(2) ? 0 : below(100),
                          .is_le_only = below(2),
                          .has_missing = below(2),
                          .has_many_weights = !below(3),
                          .has_base = below(2),
                          .has_own_output = below(2),
                          .sum = below(2) ? UMM_TREES_SUM : below(4)};
    return style;
}

static void engines_agree_with_the_definition(void **unused)
{
    (void)unused;
    for (int round = 0; round < 250; round++) {
        const struct style style = any_style();
        struct ensemble e;
        make(&e, &style);
        check_ensemble(&e, round % 2);
        check_doubles(&e);
        discard(&e);
    }
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Every tree a leaf; no number of a row is looked at, and there may be none. */
static void leaves_alone(void **unused)
{
    (void)unused;
    const struct style style = {.n_trees = 40, .n_features = 0, .n_outputs = 1};
    struct ensemble e;
    make(&e, &style);
    check_ensemble(&e, false);
    discard(&e);
}

/*
 * A tree in which branch i looks whether feature i % n_features is <= i, goes on if not, and leaf
 * i is worth i.
 */
static void make_chain(struct ensemble *e, uint32_t depth, uint32_t n_features)
{
    *e = (struct ensemble){.trees = {.n_trees = 1,
                                     .n_nodes = 2 * depth + 1,
                                     .n_weights = depth + 1,
                                     .n_features = n_features,
                                     .n_outputs = 1}};
    e->roots = calloc(1, sizeof *e->roots);
    e->nodes = calloc(e->trees.n_nodes, sizeof *e->nodes);
    e->weights = calloc(e->trees.n_weights, sizeof *e->weights);
    assert_true(e->roots && e->nodes && e->weights);
    for (uint32_t i = 0; i <= depth; i++) {
        e->weights[i].weight = (float)i;
        if (i < depth)
            e->nodes[2 * i] = (struct umm_tree_node){.mode = UMM_TREE_LE,
                                                     .feature = i % n_features,
                                                     .threshold = (float)i,
                                                     .if_true = 2 * i + 1,
                                                     .if_false = 2 * i + 2};
        e->nodes[i < depth ? 2 * i + 1 : 2 * i] =
            (struct umm_tree_node){.mode = UMM_TREE_LEAF, .first_weight = i, .n_weights = 1};
    }
    e->trees.roots = e->roots;
    e->trees.nodes = e->nodes;
    e->trees.weights = e->weights;
    assert_int_equal(umm_trees_check(&e->trees, NULL), UMM_OK);
}

static void a_chain_of_any_depth(void **unused)
{
    (void)unused;
    enum { DEPTH = 100000, ROWS = 40 };
    struct ensemble e;
    make_chain(&e, DEPTH, 1);
    EACH_ENGINE(cpu)
    {
        float x[ROWS], y[ROWS];
        struct umm_forest *forest;
        assert_int_equal(umm_forest_new(&e.trees, cpu, &forest, NULL), UMM_OK);
        for (uint32_t i = 0; i < ROWS; i++)
            x[i] = i ? (float)below(DEPTH) + 0.5F : 2 * DEPTH;
        umm_forest_run(forest, x, 1, ROWS, y, 1);
        for (uint32_t i = 0; i < ROWS; i++)
            assert_true(y[i] == (i ? x[i] + 0.5F : DEPTH));
        umm_forest_free(forest);
    }
    discard(&e);
}

/* A million features; so many that a node's word has no room for more than a few steps. */
static void many_features(void **unused)
{
    (void)unused;
    enum { DEPTH = 40, FEATURES = 1 << 20, ROWS = 3 };
    struct ensemble e;
    make_chain(&e, DEPTH, FEATURES);
    float *x = calloc((size_t)ROWS * FEATURES, sizeof *x);
    assert_non_null(x);
    e.nodes[2 * 30].feature = FEATURES - 1;
    for (uint32_t i = 0; i < FEATURES; i++)
        x[i] = x[FEATURES + i] = x[2 * FEATURES + i] = 100;
    x[12] = 0;
    x[2 * FEATURES - 1] = 30;
    EACH_ENGINE(cpu)
    {
        float y[ROWS];
        struct umm_forest *forest;
        assert_int_equal(umm_forest_new(&e.trees, cpu, &forest, NULL), UMM_OK);
        umm_forest_run(forest, x, FEATURES, ROWS, y, 1);
        assert_true(y[0] == 12 && y[1] == 30 && y[2] == DEPTH);
        umm_forest_free(forest);
    }
    free(x);
    discard(&e);
}

/* Nodes with steps beyond what is left of 32 bits: 15 bits of features, a tree 8,192 wide. */
static void wide_nodes(void **unused)
{
    (void)unused;
    struct ensemble e;
    const struct style style = {.n_trees = 2,
                                .n_features = FEATURES_MAX,
                                .n_outputs = 1,
                                .depth_max = 14,
                                .has_missing = true};
    make(&e, &style);
    check_ensemble(&e, true);
    struct umm_forest *forest, *wide;
    assert_int_equal(umm_forest_new(&e.trees, umm_cpu_best(), &forest, NULL), UMM_OK);
    e.trees.n_features = 1 << 15;
    assert_int_equal(umm_forest_new(&e.trees, umm_cpu_best(), &wide, NULL), UMM_OK);
    enum { ROWS = 20 };
    float *x = calloc((size_t)ROWS << 15, sizeof *x);
    assert_non_null(x);
    for (uint32_t i = 0; i < ROWS << 15; i++)
        x[i] = below(20) ? any_number() : NAN;
    float y[ROWS], z[ROWS];
    umm_forest_run(forest, x, 1 << 15, ROWS, y, 1);
    umm_forest_run(wide, x, 1 << 15, ROWS, z, 1);
    assert_memory_equal(y, z, sizeof y);
    umm_forest_free(forest);
    umm_forest_free(wide);
    free(x);
    discard(&e);
}

static void too_many_features_are_refused(void **unused)
{
    (void)unused;
    struct ensemble e;
    struct umm_forest *forest;
    make_chain(&e, 1, 1);
    e.trees.n_features = (1U << 27) + 1;
    assert_int_equal(umm_forest_new(&e.trees, umm_cpu_best(), &forest, NULL), UMM_ERR_UNSUPPORTED);
    assert_null(forest);
    umm_forest_free(NULL);
    discard(&e);
}

static int open_memory(void **unused)
{
    (void)unused;
    from = guarded_open(ROOM);
    to = guarded_open(ROOM);
    return 0;
}

static int close_memory(void **unused)
{
    (void)unused;
    guarded_close(&from);
    guarded_close(&to);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_agree_with_the_definition),
        cmocka_unit_test(leaves_alone),
        cmocka_unit_test(a_chain_of_any_depth),
        cmocka_unit_test(many_features),
        cmocka_unit_test(wide_nodes),
        cmocka_unit_test(too_many_features_are_refused),
    };
    return cmocka_run_group_tests(tests, open_memory, close_memory);
}
