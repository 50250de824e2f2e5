/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/inline.h"
#include "model/forest_layout.h"

#define STEP UMM_INLINE

/* Enough that loads of one lane overlap with those of others. */
enum { LANES = 8 };

STEP uint32_t payload_of(float threshold)
{
    uint32_t bits;
    memcpy(&bits, &threshold, sizeof bits);
    return bits;
}

/* Both kinds of nodes as the wide kind. */
STEP struct umm_forest_wide node_at(const struct umm_forest *forest, uint32_t at, bool is_wide)
{
    if (is_wide)
        return forest->wide[at];
    const struct umm_forest_node node = forest->nodes[at];
    return (struct umm_forest_wide){node.threshold, node.word, node.word >> forest->steps_shift};
}

STEP uint32_t feature_of(const struct umm_forest *forest, uint32_t word)
{
    return word >> UMM_FOREST_FLAG_BITS & forest->feature_mask;
}

/* 1 where a branch leads to its second child; 0 of a leaf. No jumps: they would be guesses. */
STEP uint32_t is_second(struct umm_forest_wide node, float x, bool is_any)
{
    const uint32_t is_le = x <= node.threshold;
    if (!is_any)
        return (is_le ^ 1) & node.word;
    const uint32_t is_nan = x != x, is_equal = x == node.threshold;
    const uint32_t is_first = (is_le & (is_equal | ~(node.word / UMM_FOREST_EQUAL))) |
                              (is_nan & node.word / UMM_FOREST_MISSING);
    return ~is_first & node.word & UMM_FOREST_BRANCH;
}

STEP void step(const struct umm_forest *forest, uint32_t at[LANES], const float *x,
               const uint32_t *offsets, bool is_any, bool is_wide)
{
    _Pragma("GCC unroll 8") for (unsigned i = 0; i < LANES; i++)
    {
        const struct umm_forest_wide node = node_at(forest, at[i], is_wide);
        const float number = x[offsets[i] + feature_of(forest, node.word)];
        at[i] += node.steps + (is_second(node, number, is_any) & UMM_FOREST_BRANCH);
    }
}

STEP void descend_with(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                       const float *x, const uint32_t *offsets, bool is_any, bool is_wide,
                       uint32_t *payloads)
{
    uint32_t at[LANES], flags;
    memcpy(at, starts, sizeof at);
    for (uint32_t i = 0; i < sure_steps; i++)
        step(forest, at, x, offsets, is_any, is_wide);
    for (;;) {
        flags = 0;
        _Pragma("GCC unroll 8") for (unsigned i = 0; i < LANES; i++)
        {
            const struct umm_forest_wide node = node_at(forest, at[i], is_wide);
            flags |= node.word;
            payloads[i] = payload_of(node.threshold);
        }
        if (!(flags & UMM_FOREST_BRANCH))
            return;
        step(forest, at, x, offsets, is_any, is_wide);
    }
}

static void descend(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                    const float *x, const uint32_t *offsets, bool is_any, uint32_t *payloads)
{
    if (forest->wide)
        descend_with(forest, starts, sure_steps, x, offsets, true, true, payloads);
    else if (is_any)
        descend_with(forest, starts, sure_steps, x, offsets, true, false, payloads);
    else
        descend_with(forest, starts, sure_steps, x, offsets, false, false, payloads);
}

const struct umm_forest_engine umm_forest_portable = {.lanes = LANES, .descend = descend};

/* Whether x goes to the first child: thresholds are the floats that the model has. */
static bool is_first_f64(struct umm_forest_wide node, double x)
{
    if (x != x)
        return node.word & UMM_FOREST_MISSING;
    if (node.word & UMM_FOREST_EQUAL)
        return x == (double)node.threshold;
    if (node.word & UMM_FOREST_BELOW)
        return x < (double)nextafterf(node.threshold, INFINITY);
    return x <= (double)node.threshold;
}

uint32_t umm_forest_descend_f64(const struct umm_forest *forest, uint32_t tree, const double *x)
{
    uint32_t at = forest->roots[tree];
    for (;;) {
        const struct umm_forest_wide node = node_at(forest, at, forest->wide);
        if (!(node.word & UMM_FOREST_BRANCH))
            return payload_of(node.threshold);
        at += node.steps + !is_first_f64(node, x[feature_of(forest, node.word)]);
    }
}
