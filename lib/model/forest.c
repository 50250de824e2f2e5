/* SPDX-License-Identifier: MIT */
#include "model/forest.h"

#include <math.h>
#include <string.h>

#include "model/forest_layout.h"

enum {
    LANES_MAX = UMM_FOREST_LANES_MAX,
    OUTPUTS_AT_ONCE = 64,
    ROWS_AT_ONCE = 1024,
    NODES_AT_ONCE = 1 << 15,
    ROW_COST = 6,
};

/* ---- sums ------------------------------------------------------------------------------ */

/* What MIN and MAX begin with: a NaN that no weight is. */
static const uint32_t none_bits = 0x7FFFFFFF;

static bool is_none(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits == none_bits;
}

static float start_of(const struct umm_forest *forest)
{
    float none;
    memcpy(&none, &none_bits, sizeof none);
    return forest->sum == UMM_TREES_MIN || forest->sum == UMM_TREES_MAX ? none : 0;
}

static void start(const struct umm_forest *forest, float *y)
{
    const float first = start_of(forest);
    for (uint32_t i = 0; i < forest->n_outputs; i++)
        y[i] = first;
}

static void add_leaf(const struct umm_forest *forest, uint32_t payload, float *y)
{
    const struct umm_forest_leaf leaf = forest->leaves[payload];
    const struct umm_tree_weight *weights = forest->weights + leaf.first_weight;
    for (uint32_t i = 0; i < leaf.n_weights; i++) {
        float *sum = &y[weights[i].output];
        const float weight = weights[i].weight;
        if (forest->sum == UMM_TREES_SUM || forest->sum == UMM_TREES_AVERAGE)
            *sum += weight;
        else if (is_none(*sum) || (forest->sum == UMM_TREES_MIN ? weight < *sum : weight > *sum))
            *sum = weight;
    }
}

static void add_payload(const struct umm_forest *forest, uint32_t tree, uint32_t payload, float *y)
{
    if (!forest->is_plain) {
        add_leaf(forest, payload, y);
        return;
    }
    float value;
    memcpy(&value, &payload, sizeof value);
    y[forest->outputs[tree]] += value;
}

static void finish(const struct umm_forest *forest, float *y)
{
    for (uint32_t i = 0; i < forest->n_outputs; i++) {
        float sum = is_none(y[i]) ? 0 : y[i];
        if (forest->sum == UMM_TREES_AVERAGE)
            sum /= (float)forest->n_trees;
        sum += forest->base[i];
        y[i] = sum == sum ? sum : NAN;
    }
}

/* Trees from first to before end. */
struct trees {
    uint32_t first, end;
};

/* ---- one row, many trees at once --------------------------------------------------------- */

static uint32_t least_of(const uint32_t *x, uint32_t n)
{
    uint32_t least = x[0];
    for (uint32_t i = 1; i < n; i++)
        least = least < x[i] ? least : x[i];
    return least;
}

static void add_row(const struct umm_forest *forest, struct trees trees, const float *x,
                    bool is_any, float *y)
{
    static const uint32_t no_offsets[LANES_MAX];
    const unsigned lanes = forest->engine->lanes;
    uint32_t payloads[LANES_MAX];
    for (uint32_t tree = trees.first, n; tree < trees.end; tree += n) {
        n = trees.end - tree < lanes ? trees.end - tree : lanes;
        forest->engine->descend(forest, forest->roots + tree,
                                least_of(forest->sure_steps + tree, n), x, no_offsets, is_any,
                                payloads);
        for (uint32_t i = 0; i < n; i++)
            add_payload(forest, tree + i, payloads[i], y);
    }
}

/* ---- many rows, tree by tree -------------------------------------------------------------- */

/* As many rows as an engine has lanes, or less: the last is repeated. */
struct block {
    const float *x;
    unsigned n_rows;
    uint32_t offsets[LANES_MAX], starts[LANES_MAX], payloads[LANES_MAX];
    bool is_any, is_turned;
    float columns[UMM_FOREST_FEATURES_TURNED * LANES_MAX] __attribute__((aligned(64)));
};

static void descend(const struct umm_forest *forest, uint32_t tree, struct block *block)
{
    if (block->is_turned) {
        forest->engine->descend_top(forest, tree, block->columns, block->payloads);
        return;
    }
    const uint32_t root = forest->roots[tree];
    for (unsigned i = 0; i < LANES_MAX; i++)
        block->starts[i] = root;
    forest->engine->descend(forest, block->starts, forest->sure_steps[tree], block->x,
                            block->offsets, block->is_any, block->payloads);
}

/* One output: sums stay in one place until all trees have been added. */
static void add_single(const struct umm_forest *forest, struct trees trees, struct block *block,
                       float *y, size_t y_stride)
{
    float sums[LANES_MAX] = {0}, values[LANES_MAX];
    for (unsigned i = 0; i < block->n_rows; i++)
        sums[i] = y[i * y_stride];
    for (uint32_t tree = trees.first; tree < trees.end; tree++) {
        descend(forest, tree, block);
        memcpy(values, block->payloads, sizeof values);
        for (unsigned i = 0; i < LANES_MAX; i++)
            sums[i] += values[i];
    }
    for (unsigned i = 0; i < block->n_rows; i++)
        y[i * y_stride] = sums[i];
}

static void add_multiple(const struct umm_forest *forest, struct trees trees, struct block *block,
                         float *y, size_t y_stride)
{
    for (uint32_t tree = trees.first; tree < trees.end; tree++) {
        descend(forest, tree, block);
        for (unsigned i = 0; i < block->n_rows; i++)
            add_payload(forest, tree, block->payloads[i], y + i * y_stride);
    }
}

static void add_block(const struct umm_forest *forest, struct trees trees, struct block *block,
                      size_t x_stride, float *y, size_t y_stride)
{
    for (unsigned i = 0; i < LANES_MAX; i++)
        block->offsets[i] = (uint32_t)((i < block->n_rows ? i : block->n_rows - 1) * x_stride);
    block->is_turned = forest->tops && !block->is_any;
    if (block->is_turned)
        forest->engine->turn(forest, block->x, block->offsets, block->columns);
    if (forest->is_plain && forest->n_outputs == 1)
        add_single(forest, trees, block, y, y_stride);
    else
        add_multiple(forest, trees, block, y, y_stride);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool has_nan(const float *x, size_t n)
{
    typedef int32_t four __attribute__((vector_size(16)));
    four found = {0}, v;
    uint32_t rest = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        memcpy(&v, x + i, sizeof v);
        found |= (v & INT32_MAX) > 0x7F800000;
    }
    for (; i < n; i++)
        rest |= isnan(x[i]) != 0;
    return rest || found[0] || found[1] || found[2] || found[3];
}

/* Whether NaN and EQ must be thought of. To look for NaN takes longer than that in wide rows. */
static bool is_any(const struct umm_forest *forest, const float *x, size_t x_stride, size_t n_rows)
{
    if (forest->has_equal || (forest->has_missing && forest->n_features > forest->n_nodes))
        return true;
    bool is_found = false;
    for (size_t row = 0; forest->has_missing && row < n_rows && !is_found; row++)
        is_found = has_nan(x + row * x_stride, forest->n_features);
    return is_found;
}

/*
 * Whether rows go down one by one: in as many descents as there are groups of trees, each of which
 * takes as long as one of a block, or as ROW_COST of a block that is turned.
 */
static bool is_by_row(const struct umm_forest *forest, size_t x_stride, const struct block *block)
{
    const unsigned lanes = forest->engine->lanes;
    const uint64_t n_groups = ((uint64_t)forest->n_trees + lanes - 1) / lanes;
    const uint64_t cost = forest->tops && !block->is_any ? ROW_COST : 1;
    return block->n_rows * n_groups * cost < forest->n_trees ||
           x_stride > INT32_MAX / (LANES_MAX + 1);
}

/* Trees from first on whose nodes stay in a near cache while many rows go down them. */
static struct trees some_trees(const struct umm_forest *forest, uint32_t first)
{
    if (forest->n_nodes <= NODES_AT_ONCE)
        return (struct trees){first, forest->n_trees};
    struct trees trees = {first, first + 1};
    while (trees.end < forest->n_trees &&
           forest->roots[trees.end] - forest->roots[first] < NODES_AT_ONCE)
        trees.end++;
    return trees;
}

static void add_rows(const struct umm_forest *forest, struct trees trees, const float *x,
                     size_t x_stride, size_t n_rows, float *y, size_t y_stride)
{
    const unsigned lanes = forest->engine->lanes;
    struct block block; /* large: what is read of it is written before */
    memset(block.payloads, 0, sizeof block.payloads);
    for (size_t row = 0; row < n_rows; row += block.n_rows) {
        block.n_rows = n_rows - row < lanes ? (unsigned)(n_rows - row) : lanes;
        block.x = x + row * x_stride;
        block.is_any = is_any(forest, block.x, x_stride, block.n_rows);
        float *to = y + row * y_stride;
        if (!is_by_row(forest, x_stride, &block)) {
            add_block(forest, trees, &block, x_stride, to, y_stride);
            continue;
        }
        for (unsigned i = 0; i < block.n_rows; i++)
            add_row(forest, trees, block.x + i * x_stride, block.is_any, to + i * y_stride);
    }
}

void umm_forest_run(const struct umm_forest *forest, const float *x, size_t x_stride, size_t n_rows,
                    float *y, size_t y_stride)
{
    for (size_t row = 0, n; row < n_rows; row += n) {
        n = n_rows - row < ROWS_AT_ONCE ? n_rows - row : ROWS_AT_ONCE;
        for (size_t i = 0; i < n; i++)
            start(forest, y + (row + i) * y_stride);
        for (struct trees trees = {0}; trees.end < forest->n_trees;) {
            trees = some_trees(forest, trees.end);
            add_rows(forest, trees, x + row * x_stride, x_stride, n, y + row * y_stride, y_stride);
        }
        for (size_t i = 0; i < n; i++)
            finish(forest, y + (row + i) * y_stride);
    }
}

/* ---- doubles --------------------------------------------------------------------------------- */

/* Outputs from `first` on, as many as sums has room for. */
struct window {
    uint32_t first, n;
    double sums[OUTPUTS_AT_ONCE];
    bool has_sum[OUTPUTS_AT_ONCE];
};

static void add_to_window(const struct umm_forest *forest, const struct umm_tree_weight *weight,
                          struct window *window)
{
    const uint32_t i = weight->output - window->first;
    if (weight->output < window->first || i >= window->n)
        return;
    const double w = (double)weight->weight;
    if (forest->sum == UMM_TREES_SUM || forest->sum == UMM_TREES_AVERAGE)
        window->sums[i] += w;
    else if (!window->has_sum[i] ||
             (forest->sum == UMM_TREES_MIN ? w < window->sums[i] : w > window->sums[i]))
        window->sums[i] = w;
    window->has_sum[i] = true;
}

static void add_to_sums(const struct umm_forest *forest, uint32_t tree, uint32_t payload,
                        struct window *window)
{
    if (forest->is_plain) {
        struct umm_tree_weight weight = {.output = forest->outputs[tree]};
        memcpy(&weight.weight, &payload, sizeof weight.weight);
        add_to_window(forest, &weight, window);
        return;
    }
    const struct umm_forest_leaf leaf = forest->leaves[payload];
    for (uint32_t i = 0; i < leaf.n_weights; i++)
        add_to_window(forest, &forest->weights[leaf.first_weight + i], window);
}

static void run_row_f64(const struct umm_forest *forest, const double *x, uint32_t first, float *y)
{
    const uint32_t rest = forest->n_outputs - first;
    struct window window = {.first = first, .n = rest < OUTPUTS_AT_ONCE ? rest : OUTPUTS_AT_ONCE};
    for (uint32_t tree = 0; tree < forest->n_trees; tree++)
        add_to_sums(forest, tree, umm_forest_descend_f64(forest, tree, x), &window);
    for (uint32_t i = 0; i < window.n; i++) {
        double sum = window.sums[i];
        if (forest->sum == UMM_TREES_AVERAGE)
            sum /= forest->n_trees;
        sum += (double)forest->base[first + i];
        y[first + i] = sum == sum ? (float)sum : NAN;
    }
}

void umm_forest_run_f64(const struct umm_forest *forest, const double *x, size_t x_stride,
                        size_t n_rows, float *y, size_t y_stride)
{
    for (size_t row = 0; row < n_rows; row++)
        for (uint32_t first = 0; first < forest->n_outputs; first += OUTPUTS_AT_ONCE)
            run_row_f64(forest, x + row * x_stride, first, y + row * y_stride);
}
