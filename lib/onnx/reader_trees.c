/* SPDX-License-Identifier: MIT */
/*
 * TreeEnsembleClassifier and TreeEnsembleRegressor. The file has a list for each property of nodes,
 * which are known by the number of their tree and their number in it.
 */
#include "onnx/reader.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct key {
    int64_t tree, node;
    uint32_t index;
};

/* What the file has, and what it becomes. weight lists: of leaves, by their keys. */
struct forest {
    uint32_t n_nodes, n_weights;
    int64_t *tree_ids, *node_ids, *features, *if_true, *if_false, *missing;
    struct umm_protobuf_bytes *modes;
    double *thresholds, *weights;
    bool is_rounded; /* a threshold is no float */
    int64_t *weight_trees, *weight_nodes, *weight_outputs;
    struct key *keys; /* sorted */
    struct umm_trees *trees;
    struct umm_tree_node *nodes;
};

/* Names of the lists that a classifier and a regressor call differently. */
struct words {
    const char *ids, *node_ids, *tree_ids, *weights, *weights_tensor;
};

/* ---- lists -------------------------------------------------------------------------- */

/* A list of integers that has n of them; optional ones may be absent: NULL. */
static enum umm_status integers(struct umm_onnx *onnx, const char *name, uint32_t n,
                                bool is_optional, int64_t **list, struct umm_error *err)
{
    uint32_t found = 0;
    enum umm_status status = umm_onnx_integers(onnx, name, list, &found, err);
    if (!status && found != n && !(is_optional && found == 0))
        status =
            umm_onnx_wrong(onnx, err, "%s has %" PRIu32 " numbers, not %" PRIu32, name, found, n);
    return status;
}

/* Numbers of a list of floats, or of a tensor that stands in for it. */
static enum umm_status numbers(struct umm_onnx *onnx, const char *name, const char *tensor_name,
                               double **list, uint32_t *n, struct umm_error *err)
{
    float *floats = NULL;
    struct umm_onnx_constant constant = {0};
    struct umm_protobuf_bytes ignored;
    const struct umm_onnx_attribute *tensor = umm_onnx_attribute(&onnx->node, tensor_name);
    enum umm_status status = umm_onnx_numbers(onnx, name, &floats, n, err);
    if (!status && *n == 0 && tensor) {
        status = umm_onnx_parse_tensor(tensor->tensor, &constant, &ignored, err);
        if (!status)
            status = umm_onnx_raw(onnx, &constant, err);
        if (!status && !umm_onnx_is_float(constant.type))
            status = umm_onnx_wrong(onnx, err, "%s of %s", tensor_name,
                                    umm_onnx_type_name(constant.type));
        *n = (uint32_t)constant.n;
    }
    if (!status)
        status = umm_onnx_alloc(onnx, *n, sizeof **list, list, err);
    for (uint32_t i = 0; !status && i < *n; i++)
        (*list)[i] = floats ? (double)floats[i] : umm_onnx_f64_at(&constant, i);
    return status;
}

static enum umm_status read_lists(struct umm_onnx *onnx, const struct words *words,
                                  struct forest *forest, struct umm_error *err)
{
    uint32_t n = 0;
    enum umm_status status =
        umm_onnx_integers(onnx, "nodes_nodeids", &forest->node_ids, &forest->n_nodes, err);
    n = forest->n_nodes;
    if (!status)
        status = integers(onnx, "nodes_treeids", n, false, &forest->tree_ids, err);
    if (!status)
        status = integers(onnx, "nodes_featureids", n, false, &forest->features, err);
    if (!status)
        status = integers(onnx, "nodes_truenodeids", n, false, &forest->if_true, err);
    if (!status)
        status = integers(onnx, "nodes_falsenodeids", n, false, &forest->if_false, err);
    if (!status)
        status = integers(onnx, "nodes_missing_value_tracks_true", n, true, &forest->missing, err);
    if (!status)
        status = umm_onnx_texts(onnx, "nodes_modes", &forest->modes, &n, err);
    if (!status && n == forest->n_nodes)
        status =
            numbers(onnx, "nodes_values", "nodes_values_as_tensor", &forest->thresholds, &n, err);
    if (!status && (n != forest->n_nodes || n == 0))
        status = umm_onnx_wrong(onnx, err, "%" PRIu32 " modes or values of %" PRIu32 " nodes", n,
                                forest->n_nodes);
    if (!status)
        status = numbers(onnx, words->weights, words->weights_tensor, &forest->weights,
                         &forest->n_weights, err);
    n = forest->n_weights;
    if (!status)
        status = integers(onnx, words->ids, n, false, &forest->weight_outputs, err);
    if (!status)
        status = integers(onnx, words->node_ids, n, false, &forest->weight_nodes, err);
    if (!status)
        status = integers(onnx, words->tree_ids, n, false, &forest->weight_trees, err);
    return status;
}

/* ---- keys --------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

static enum umm_status sort_keys(struct umm_onnx *onnx, struct forest *forest,
                                 struct umm_error *err)
{
    const uint32_t n = forest->n_nodes;
    enum umm_status status = umm_onnx_alloc(onnx, n, sizeof *forest->keys, &forest->keys, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < n; i++)
        forest->keys[i] = (struct key){forest->tree_ids[i], forest->node_ids[i], i};
    qsort(forest->keys, n, sizeof *forest->keys, compare_keys);
    for (uint32_t i = 1; i < n; i++)
        if (compare_keys(&forest->keys[i - 1], &forest->keys[i]) == 0)
            return umm_onnx_wrong(onnx, err, "node %" PRId64 " of tree %" PRId64 " is there twice",
                                  forest->keys[i].node, forest->keys[i].tree);
    return UMM_OK;
}

static enum umm_status find_node(struct umm_onnx *onnx, const struct forest *forest, int64_t tree,
                                 int64_t node, uint32_t *index, struct umm_error *err)
{
    const struct key wanted = {tree, node, 0};
    const struct key *key =
        bsearch(&wanted, forest->keys, forest->n_nodes, sizeof wanted, compare_keys);
    if (!key)
        return umm_onnx_wrong(onnx, err, "there is no node %" PRId64 " of tree %" PRId64, node,
                              tree);
    *index = key->index;
    return UMM_OK;
}

/* ---- nodes -------------------------------------------------------------------------- */

static bool find_mode(struct umm_protobuf_bytes text, enum umm_tree_mode *mode)
{
    static const struct {
        const char *name;
        enum umm_tree_mode mode;
    } known[] = {{"LEAF", UMM_TREE_LEAF},    {"BRANCH_LEQ", UMM_TREE_LE},
                 {"BRANCH_LT", UMM_TREE_LT}, {"BRANCH_GTE", UMM_TREE_GE},
                 {"BRANCH_GT", UMM_TREE_GT}, {"BRANCH_EQ", UMM_TREE_EQ},
                 {"BRANCH_NEQ", UMM_TREE_NE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (umm_protobuf_is_text(text, known[i].name)) {
            *mode = known[i].mode;
            return true;
        }
    return false;
}

/*
 * The float with which floats compare as with the threshold: x <= t and x > t by the largest float
 * that is not above t, x < t and x >= t by the smallest that is not below it.
 */
static bool round_threshold(double threshold, enum umm_tree_mode mode, float *rounded)
{
    *rounded = (float)threshold;
    const bool is_above = (double)*rounded > threshold, is_below = (double)*rounded < threshold;
    if (mode == UMM_TREE_LE || mode == UMM_TREE_GT)
        *rounded = is_above ? nextafterf(*rounded, -INFINITY) : *rounded;
    else if (mode == UMM_TREE_LT || mode == UMM_TREE_GE)
        *rounded = is_below ? nextafterf(*rounded, INFINITY) : *rounded;
    else
        return !is_above && !is_below;
    return true;
}

static enum umm_status make_node(struct umm_onnx *onnx, struct forest *forest, uint32_t i,
                                 struct umm_error *err)
{
    struct umm_tree_node *node = &forest->nodes[i];
    const int64_t tree = forest->tree_ids[i];
    char shown[64];
    if (!find_mode(forest->modes[i], &node->mode))
        return umm_onnx_refuse(onnx, err, "a tree compares by %s",
                               umm_onnx_shown(shown, forest->modes[i]));
    if (node->mode == UMM_TREE_LEAF)
        return UMM_OK;
    if (forest->features[i] < 0 || forest->features[i] >= UMM_GRAPH_WIDTH_MAX)
        return umm_onnx_wrong(onnx, err, "a tree looks at number %" PRId64 " of a row",
                              forest->features[i]);
    if (isnan(forest->thresholds[i]) ||
        !round_threshold(forest->thresholds[i], node->mode, &node->threshold))
        return umm_onnx_refuse(onnx, err, "a tree compares with %.17g", forest->thresholds[i]);
    forest->is_rounded = forest->is_rounded || (double)node->threshold != forest->thresholds[i];
    node->feature = (uint32_t)forest->features[i];
    node->is_missing_true = forest->missing && forest->missing[i] == 1;
    if (forest->trees->n_features <= node->feature)
        forest->trees->n_features = node->feature + 1;
    enum umm_status status = find_node(onnx, forest, tree, forest->if_true[i], &node->if_true, err);
    return status ? status
                  : find_node(onnx, forest, tree, forest->if_false[i], &node->if_false, err);
}

/* A tree's first node is its root; umm_trees_check sees whether all others hang from it. */
static enum umm_status make_roots(struct umm_onnx *onnx, struct forest *forest,
                                  struct umm_error *err)
{
    uint32_t *roots = NULL, n = 0;
    for (uint32_t i = 0; i < forest->n_nodes; i++)
        n += i == 0 || forest->tree_ids[i] != forest->tree_ids[i - 1];
    enum umm_status status = umm_onnx_alloc(onnx, n, sizeof *roots, &roots, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < forest->n_nodes; i++)
        if (i == 0 || forest->tree_ids[i] != forest->tree_ids[i - 1])
            roots[forest->trees->n_trees++] = i;
    void *kept = NULL;
    status = umm_graph_alloc(onnx->graph, n, sizeof *roots, &kept, err);
    for (uint32_t i = 0; !status && i < n; i++)
        ((uint32_t *)kept)[i] = roots[i];
    forest->trees->roots = kept;
    return status;
}

static enum umm_status make_nodes(struct umm_onnx *onnx, struct forest *forest,
                                  struct umm_error *err)
{
    void *trees = NULL, *nodes = NULL;
    enum umm_status status = sort_keys(onnx, forest, err);
    if (!status)
        status = umm_graph_alloc(onnx->graph, 1, sizeof *forest->trees, &trees, err);
    if (!status)
        status = umm_graph_alloc(onnx->graph, forest->n_nodes, sizeof *forest->nodes, &nodes, err);
    if (status)
        return status;
    forest->trees = trees;
    forest->nodes = nodes;
    forest->trees->nodes = nodes;
    forest->trees->n_nodes = forest->n_nodes;
    for (uint32_t i = 0; !status && i < forest->n_nodes; i++)
        status = make_node(onnx, forest, i, err);
    return status ? status : make_roots(onnx, forest, err);
}

/* ---- weights ------------------------------------------------------------------------ */

/* Which leaf weight i is of; one of a branch counts for nothing, and gives the number of nodes. */
static enum umm_status leaf_of(struct umm_onnx *onnx, const struct forest *forest, uint32_t i,
                               uint32_t *leaf, struct umm_error *err)
{
    enum umm_status status =
        find_node(onnx, forest, forest->weight_trees[i], forest->weight_nodes[i], leaf, err);
    if (!status && forest->nodes[*leaf].mode != UMM_TREE_LEAF)
        *leaf = forest->n_nodes;
    return status;
}

/* Weights of a leaf side by side, in the order of the file. */
static enum umm_status make_weights(struct umm_onnx *onnx, struct forest *forest,
                                    uint32_t n_outputs, struct umm_error *err)
{
    void *memory = NULL;
    uint32_t *leaves = NULL, n = 0;
    enum umm_status status = umm_onnx_alloc(onnx, forest->n_weights, sizeof *leaves, &leaves, err);
    for (uint32_t i = 0; !status && i < forest->n_weights; i++) {
        if (forest->weight_outputs[i] < 0 || forest->weight_outputs[i] >= n_outputs)
            return umm_onnx_wrong(onnx, err, "a leaf adds to result %" PRId64 " of %" PRIu32,
                                  forest->weight_outputs[i], n_outputs);
        status = leaf_of(onnx, forest, i, &leaves[i], err);
        if (!status && leaves[i] < forest->n_nodes)
            forest->nodes[leaves[i]].n_weights++;
    }
    for (uint32_t i = 0; !status && i < forest->n_nodes; i++) {
        forest->nodes[i].first_weight = n;
        n += forest->nodes[i].n_weights;
        forest->nodes[i].n_weights = 0;
    }
    if (!status)
        status = umm_graph_alloc(onnx->graph, n, sizeof(struct umm_tree_weight), &memory, err);
    struct umm_tree_weight *weights = memory;
    for (uint32_t i = 0; !status && i < forest->n_weights; i++) {
        if (leaves[i] == forest->n_nodes)
            continue;
        struct umm_tree_node *leaf = &forest->nodes[leaves[i]];
        weights[leaf->first_weight + leaf->n_weights++] = (struct umm_tree_weight){
            (uint32_t)forest->weight_outputs[i], (float)forest->weights[i]};
    }
    forest->trees->weights = weights;
    forest->trees->n_weights = n;
    forest->trees->n_outputs = n_outputs;
    return status;
}

/* The numbers that scores begin with, if there are as many as outputs. */
static enum umm_status set_base(struct umm_onnx *onnx, struct forest *forest, const double *base,
                                uint32_t n, struct umm_error *err)
{
    void *memory = NULL;
    if (n == 0)
        return UMM_OK;
    enum umm_status status = umm_graph_alloc(onnx->graph, n, sizeof(float), &memory, err);
    for (uint32_t i = 0; !status && i < n; i++)
        ((float *)memory)[i] = (float)base[i];
    forest->trees->base = memory;
    return status;
}

/* Doubles are compared as such with floats; with doubles, of which nodes have floats, as floats. */
static enum umm_status add_trees(struct umm_onnx *onnx, struct forest *forest, int32_t *x,
                                 struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_TREES);
    const struct umm_onnx_operand *input = umm_onnx_input(onnx, 0);
    enum umm_status status = forest->is_rounded ? umm_onnx_row(onnx, input, true, x, err)
                                                : umm_onnx_real_row(onnx, input, true, x, err);
    node.trees = forest->trees;
    if (!status && forest->trees->n_features == 0)
        forest->trees->n_features = 1;
    return status ? status : umm_onnx_add_f32(onnx, &node, *x, forest->trees->n_outputs, x, err);
}

static enum umm_status read_forest(struct umm_onnx *onnx, const struct words *words,
                                   struct forest *forest, double **base, uint32_t *n_base,
                                   struct umm_error *err)
{
    enum umm_status status = read_lists(onnx, words, forest, err);
    /* The graph's part: nodes, roots and weights. */
    const uint64_t len_bytes =
        (uint64_t)forest->n_nodes * (sizeof(struct umm_tree_node) + sizeof(uint32_t)) +
        forest->n_weights * sizeof(struct umm_tree_weight);
    if (!status && len_bytes > onnx->room_bytes)
        status = umm_onnx_wrong(onnx, err, "trees that take many times the memory of the file");
    if (!status)
        onnx->room_bytes -= len_bytes;
    if (!status)
        status = numbers(onnx, "base_values", "base_values_as_tensor", base, n_base, err);
    return status ? status : make_nodes(onnx, forest, err);
}

/* ---- regressor ---------------------------------------------------------------------- */

static enum umm_status find_sum(struct umm_onnx *onnx, enum umm_tree_sum *sum,
                                struct umm_error *err)
{
    static const char *const names[] = {[UMM_TREES_SUM] = "SUM",
                                        [UMM_TREES_AVERAGE] = "AVERAGE",
                                        [UMM_TREES_MIN] = "MIN",
                                        [UMM_TREES_MAX] = "MAX"};
    const struct umm_onnx_attribute *attribute =
        umm_onnx_attribute(&onnx->node, "aggregate_function");
    *sum = UMM_TREES_SUM;
    if (!attribute)
        return UMM_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (umm_protobuf_is_text(attribute->text, names[i])) {
            *sum = (enum umm_tree_sum)i;
            return UMM_OK;
        }
    return umm_onnx_refuse(onnx, err, "an unknown aggregate_function");
}

/* Of one result: how many leaves of a tree add to it, and which node was the last of them, + 1. */
struct tally {
    uint32_t n_leaves, last;
};

/* Count the leaves of nodes first to before end that add to each result; the number of leaves. */
static uint32_t count_leaves(const struct forest *forest, uint32_t first, uint32_t end,
                             struct tally *tallies)
{
    uint32_t n = 0;
    for (uint32_t i = first; i < end; i++) {
        const struct umm_tree_node *node = &forest->nodes[i];
        n += node->mode == UMM_TREE_LEAF;
        for (uint32_t k = 0; k < node->n_weights; k++) {
            struct tally *of = &tallies[forest->trees->weights[node->first_weight + k].output];
            of->n_leaves += of->last != i + 1;
            of->last = i + 1;
        }
    }
    return n;
}

/* For each result, whether in every row some tree adds to it: each of the tree's leaves does. */
static enum umm_status find_scored(struct umm_onnx *onnx, const struct forest *forest,
                                   bool **is_scored, struct umm_error *err)
{
    const struct umm_trees *trees = forest->trees;
    struct tally *tallies = NULL;
    enum umm_status status =
        umm_onnx_alloc(onnx, trees->n_outputs, sizeof **is_scored, is_scored, err);
    if (!status)
        status = umm_onnx_alloc(onnx, trees->n_outputs, sizeof *tallies, &tallies, err);
    for (uint32_t t = 0; !status && t < trees->n_trees; t++) {
        const uint32_t first = trees->roots[t];
        const uint32_t end = t + 1 < trees->n_trees ? trees->roots[t + 1] : forest->n_nodes;
        const uint32_t n_leaves = count_leaves(forest, first, end, tallies);
        for (uint32_t i = first; i < end; i++)
            for (uint32_t k = 0; k < forest->nodes[i].n_weights; k++) {
                const uint32_t output = trees->weights[forest->nodes[i].first_weight + k].output;
                (*is_scored)[output] |= tallies[output].n_leaves == n_leaves;
                tallies[output].n_leaves = 0;
            }
    }
    return status;
}

/* ONNX Runtime leaves base_values out of a result that no leaf of the row adds to. */
static enum umm_status check_base(struct umm_onnx *onnx, const struct forest *forest,
                                  const double *base, uint32_t n_base, struct umm_error *err)
{
    bool *is_scored = NULL;
    enum umm_status status = n_base ? find_scored(onnx, forest, &is_scored, err) : UMM_OK;
    for (uint32_t i = 0; !status && i < n_base; i++)
        if (base[i] != 0 && !is_scored[i])
            return umm_onnx_refuse(onnx, err, "base_values for results that some leaves leave out");
    return status;
}

/* With one target a leaf has one number. What another number of them means, programs disagree on.
 */
static enum umm_status check_leaves(struct umm_onnx *onnx, const struct forest *forest,
                                    struct umm_error *err)
{
    const bool is_sum =
        forest->trees->sum == UMM_TREES_SUM || forest->trees->sum == UMM_TREES_AVERAGE;
    for (uint32_t i = 0; i < forest->n_nodes; i++)
        if (forest->nodes[i].mode == UMM_TREE_LEAF && (forest->trees->n_outputs == 1 || !is_sum) &&
            forest->nodes[i].n_weights != forest->trees->n_outputs)
            return umm_onnx_refuse(onnx, err,
                                   "a leaf of %" PRIu32 " numbers for %" PRIu32 " targets",
                                   forest->nodes[i].n_weights, forest->trees->n_outputs);
    return UMM_OK;
}

enum umm_status umm_onnx_op_tree_regressor(struct umm_onnx *onnx, struct umm_error *err)
{
    static const struct words words = {"target_ids", "target_nodeids", "target_treeids",
                                       "target_weights", "target_weights_as_tensor"};
    const int64_t n_targets = umm_onnx_integer(&onnx->node, "n_targets", 1);
    struct forest forest = {0};
    enum umm_onnx_post post = UMM_ONNX_NONE;
    double *base = NULL;
    uint32_t n_base = 0;
    int32_t x;
    if (n_targets < 1 || n_targets > UMM_GRAPH_WIDTH_MAX)
        return umm_onnx_wrong(onnx, err, "%" PRId64 " targets", n_targets);
    enum umm_status status = umm_onnx_post_transform(onnx, &post, err);
    if (!status && n_targets == 1 && post != UMM_ONNX_NONE)
        status = umm_onnx_refuse(onnx, err, "a post_transform of one target");
    if (!status)
        status = read_forest(onnx, &words, &forest, &base, &n_base, err);
    if (!status)
        status = make_weights(onnx, &forest, (uint32_t)n_targets, err);
    if (!status)
        status = find_sum(onnx, &forest.trees->sum, err);
    if (!status && n_base && n_base != n_targets)
        status = umm_onnx_refuse(onnx, err, "%" PRIu32 " base_values for %" PRId64 " targets",
                                 n_base, n_targets);
    if (!status)
        status = check_leaves(onnx, &forest, err);
    if (!status)
        status = check_base(onnx, &forest, base, n_base, err);
    if (!status)
        status = set_base(onnx, &forest, base, n_base, err);
    if (!status)
        status = add_trees(onnx, &forest, &x, err);
    if (!status)
        status = umm_onnx_transform(onnx, post, x, &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, UMM_ONNX_FLOAT);
    return status;
}

/* ---- classifier --------------------------------------------------------------------- */

/* Whether any leaf adds to the class; whether none takes away from any. */
static bool has_class(const struct umm_trees *trees, uint32_t output)
{
    for (uint32_t i = 0; i < trees->n_weights; i++)
        if (trees->weights[i].output == output)
            return true;
    return false;
}

static bool is_positive(const struct umm_trees *trees)
{
    for (uint32_t i = 0; i < trees->n_weights; i++)
        if (trees->weights[i].weight < 0)
            return false;
    return true;
}

/* One score for two classes, as ONNX Runtime has it. */
static enum umm_status single_score(struct umm_onnx *onnx, struct forest *forest,
                                    enum umm_onnx_post post, const double *base, uint32_t n_base,
                                    int32_t *x, struct umm_error *err)
{
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_LOGISTIC_PAIR);
    if (post != UMM_ONNX_LOGISTIC && !is_positive(forest->trees))
        return umm_onnx_refuse(onnx, err, "one score for two classes without LOGISTIC");
    forest->trees->n_outputs = 1;
    enum umm_status status = set_base(onnx, forest, base, n_base, err);
    if (!status)
        status = add_trees(onnx, forest, x, err);
    if (!status && post == UMM_ONNX_LOGISTIC)
        status = umm_onnx_add_f32(onnx, &node, *x, 2, x, err);
    else if (!status)
        status = umm_onnx_complement(onnx, *x, x, err);
    return status;
}

/*
 * Scores of two classes, in the cases in which no row's meaning depends on which leaves it reaches:
 * the others are refused.
 */
static enum umm_status two_classes(struct umm_onnx *onnx, struct forest *forest,
                                   enum umm_onnx_post post, const double *base, uint32_t n_base,
                                   int32_t *x, struct umm_error *err)
{
    const double both[2] = {n_base ? base[0] : 0, 0};
    bool *is_scored = NULL;
    if (n_base > 1)
        return umm_onnx_refuse(onnx, err, "two base_values for two classes");
    if (!has_class(forest->trees, 1))
        return single_score(onnx, forest, post, base, n_base, x, err);
    enum umm_status status = find_scored(onnx, forest, &is_scored, err);
    if (!status && !is_scored[1])
        return umm_onnx_refuse(onnx, err, "some leaves have no number for the second class");
    if (!status)
        status = check_base(onnx, forest, base, n_base, err);
    if (!status)
        status = set_base(onnx, forest, both, n_base ? 2 : 0, err);
    if (!status)
        status = add_trees(onnx, forest, x, err);
    return status ? status : umm_onnx_transform(onnx, post, *x, x, err);
}

static enum umm_status classes(struct umm_onnx *onnx, struct forest *forest, uint32_t n_labels,
                               enum umm_onnx_post post, const double *base, uint32_t n_base,
                               int32_t *x, struct umm_error *err)
{
    if (n_labels == 2)
        return two_classes(onnx, forest, post, base, n_base, x, err);
    if (n_base && n_base != n_labels)
        return umm_onnx_refuse(onnx, err, "%" PRIu32 " base_values for %" PRIu32 " classes", n_base,
                               n_labels);
    enum umm_status status = check_base(onnx, forest, base, n_base, err);
    if (!status)
        status = set_base(onnx, forest, base, n_base, err);
    if (!status)
        status = add_trees(onnx, forest, x, err);
    return status ? status : umm_onnx_transform(onnx, post, *x, x, err);
}

enum umm_status umm_onnx_op_tree_classifier(struct umm_onnx *onnx, struct umm_error *err)
{
    static const struct words words = {"class_ids", "class_nodeids", "class_treeids",
                                       "class_weights", "class_weights_as_tensor"};
    struct forest forest = {0};
    enum umm_onnx_post post = UMM_ONNX_NONE;
    double *base = NULL;
    uint32_t n_base = 0, n_labels = 0;
    int32_t x;
    enum umm_status status = umm_onnx_post_transform(onnx, &post, err);
    if (!status)
        status = umm_onnx_n_labels(onnx, &n_labels, err);
    if (!status && (n_labels < 2 || n_labels > UMM_GRAPH_WIDTH_MAX))
        status = umm_onnx_refuse(onnx, err, "%" PRIu32 " classes", n_labels);
    if (!status)
        status = read_forest(onnx, &words, &forest, &base, &n_base, err);
    if (!status)
        status = make_weights(onnx, &forest, n_labels, err);
    if (!status)
        status = classes(onnx, &forest, n_labels, post, base, n_base, &x, err);
    if (status)
        return status;
    if (onnx->node.n_outputs)
        onnx->node.outputs[0].kind = UMM_ONNX_LABEL;
    umm_onnx_output_row(onnx, 1, x, UMM_ONNX_FLOAT);
    return UMM_OK;
}
