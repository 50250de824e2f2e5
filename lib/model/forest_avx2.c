/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
#include "model/forest_layout.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define STEP   TARGET UMM_INLINE

/* Two vectors: one waits for its gathers while the other's are done. */
enum { WIDTH = 8, VECTORS = 2, LANES = VECTORS * WIDTH };

/* is_turned: a feature's numbers are UMM_FOREST_LANES_MAX apart. */
struct rows {
    const float *x;
    bool is_any, is_turned;
};

struct lanes {
    __m256i at, offsets, words;
    __m256 thresholds;
};

STEP __m256i load(const uint32_t *p)
{
    __m256i v;
    memcpy(&v, p, sizeof v);
    return v;
}

STEP void load_nodes(const struct umm_forest *forest, struct lanes *lanes)
{
    const char *nodes = (const char *)forest->nodes;
    lanes->thresholds = _mm256_i32gather_ps((const float *)(const void *)nodes, lanes->at,
                                            sizeof(struct umm_forest_node));
    lanes->words = _mm256_i32gather_epi32(
        (const int *)(const void *)(nodes + offsetof(struct umm_forest_node, word)), lanes->at,
        sizeof(struct umm_forest_node));
}

/* All ones in lanes whose word has the flag. */
STEP __m256i has(const struct lanes *lanes, int flag)
{
    const __m256i flags = _mm256_set1_epi32(flag);
    return _mm256_cmpeq_epi32(_mm256_and_si256(lanes->words, flags), flags);
}

/* All ones in lanes whose branch leads to its second child. */
STEP __m256i second(const struct lanes *lanes, __m256 x, bool is_any)
{
    const __m256i is_not_le = _mm256_castps_si256(_mm256_cmp_ps(x, lanes->thresholds, _CMP_NLE_UQ));
    if (!is_any)
        return is_not_le;
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i is_other = _mm256_castps_si256(_mm256_cmp_ps(x, lanes->thresholds, _CMP_NEQ_UQ));
    return _mm256_andnot_si256(
        _mm256_and_si256(is_nan, has(lanes, UMM_FOREST_MISSING)),
        _mm256_or_si256(is_not_le, _mm256_and_si256(is_other, has(lanes, UMM_FOREST_EQUAL))));
}

STEP bool are_leaves(const struct lanes *lanes)
{
    return _mm256_testz_si256(lanes->words, _mm256_set1_epi32(UMM_FOREST_BRANCH));
}

/* From nodes that are loaded to their children; leaves stay where they are. */
STEP void step(const struct umm_forest *forest, struct lanes *lanes, struct rows rows)
{
    __m256i features = _mm256_and_si256(_mm256_srli_epi32(lanes->words, UMM_FOREST_FLAG_BITS),
                                        _mm256_set1_epi32((int)forest->feature_mask));
    if (rows.is_turned)
        features = _mm256_mullo_epi32(features, _mm256_set1_epi32(UMM_FOREST_LANES_MAX));
    const __m256 numbers =
        _mm256_i32gather_ps(rows.x, _mm256_add_epi32(lanes->offsets, features), sizeof *rows.x);
    const __m256i steps =
        _mm256_srl_epi32(lanes->words, _mm_cvtsi32_si128((int)forest->steps_shift));
    const __m256i one = _mm256_and_si256(lanes->words, _mm256_set1_epi32(UMM_FOREST_BRANCH));
    lanes->at = _mm256_add_epi32(_mm256_add_epi32(lanes->at, steps),
                                 _mm256_and_si256(second(lanes, numbers, rows.is_any), one));
}

STEP void descend_with(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                       struct rows rows, const uint32_t *offsets, uint32_t *payloads)
{
    struct lanes a = {.at = load(starts), .offsets = load(offsets)};
    struct lanes b = {.at = load(starts + WIDTH), .offsets = load(offsets + WIDTH)};
    for (uint32_t i = 0;; i++) {
        load_nodes(forest, &a);
        load_nodes(forest, &b);
        if (i >= sure_steps && are_leaves(&a) && are_leaves(&b))
            break;
        step(forest, &a, rows);
        step(forest, &b, rows);
    }
    memcpy(payloads, &a.thresholds, sizeof a.thresholds);
    memcpy(payloads + WIDTH, &b.thresholds, sizeof b.thresholds);
}

TARGET static void descend(const struct umm_forest *forest, const uint32_t *starts,
                           uint32_t sure_steps, const float *x, const uint32_t *offsets,
                           bool is_any, uint32_t *payloads)
{
    if (is_any)
        descend_with(forest, starts, sure_steps, (struct rows){x, true, false}, offsets, payloads);
    else
        descend_with(forest, starts, sure_steps, (struct rows){x, false, false}, offsets, payloads);
}

/* ---- upper levels ---------------------------------------------------------------------- */

TARGET static void turn(const struct umm_forest *forest, const float *x, const uint32_t *offsets,
                        float *columns)
{
    for (uint32_t i = 0; i < forest->n_features; i++, columns += UMM_FOREST_LANES_MAX)
        for (unsigned k = 0; k < LANES; k++)
            columns[k] = x[offsets[k] + i];
}

/* All ones in lanes that go to the second child of h, if they come to it. */
STEP __m256i second_of(const struct umm_forest_top *top, unsigned h, const float *columns)
{
    return _mm256_castps_si256(_mm256_cmp_ps(_mm256_load_ps(columns + top->columns[h]),
                                             _mm256_set1_ps(top->thresholds[h]), _CMP_NLE_UQ));
}

/* a where the mask is all ones, b where it is 0. */
STEP __m256i choose(__m256i mask, __m256i a, __m256i b)
{
    return _mm256_blendv_epi8(b, a, mask);
}

/* One of 8 or 16 numbers, as the last bits of h say. */
STEP __m256i look_up_8(const void *numbers, __m256i h)
{
    return _mm256_permutevar8x32_epi32(_mm256_load_si256(numbers), h);
}

STEP __m256i look_up_16(const uint32_t *numbers, __m256i h)
{
    const __m256i is_high = _mm256_srai_epi32(_mm256_slli_epi32(h, 28), 31);
    return choose(is_high, look_up_8(numbers + WIDTH, h), look_up_8(numbers, h));
}

/*
 * Three levels: to compare with all their seven nodes is less work than to look up which one each
 * lane needs.
 */
STEP __m256i descend_three(const struct umm_forest_top *top, const float *columns)
{
    const __m256i r1 = second_of(top, 1, columns);
    const __m256i r2 = choose(r1, second_of(top, 3, columns), second_of(top, 2, columns));
    const __m256i low = choose(r2, second_of(top, 5, columns), second_of(top, 4, columns));
    const __m256i high = choose(r2, second_of(top, 7, columns), second_of(top, 6, columns));
    const __m256i r3 = choose(r1, high, low);
    return _mm256_or_si256(_mm256_or_si256(_mm256_and_si256(r1, _mm256_set1_epi32(4)),
                                           _mm256_and_si256(r2, _mm256_set1_epi32(2))),
                           _mm256_and_si256(r3, _mm256_set1_epi32(1)));
}

/* From one of the eight nodes of the fourth level. */
STEP __m256i descend_fourth(const struct umm_forest_top *top, __m256i h, const float *columns,
                            __m256i lane)
{
    const __m256i at = _mm256_add_epi32(look_up_8(top->columns + WIDTH, h), lane);
    const __m256 x = _mm256_i32gather_ps(columns, at, sizeof *columns);
    const __m256 thresholds = _mm256_castsi256_ps(look_up_8(top->thresholds + WIDTH, h));
    const __m256i is_second = _mm256_castps_si256(_mm256_cmp_ps(x, thresholds, _CMP_NLE_UQ));
    return _mm256_sub_epi32(_mm256_add_epi32(h, h), is_second);
}

TARGET static void descend_top(const struct umm_forest *forest, uint32_t tree, const float *columns,
                               uint32_t *payloads)
{
    static const uint32_t lane[LANES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const struct umm_forest_top *top = &forest->tops[tree];
    __m256i a = descend_three(top, columns), b = descend_three(top, columns + WIDTH);
    if (top->depth > 3) {
        a = look_up_16(top->exits, descend_fourth(top, a, columns, load(lane)));
        b = look_up_16(top->exits, descend_fourth(top, b, columns, load(lane + WIDTH)));
    } else {
        a = look_up_8(top->exits, a);
        b = look_up_8(top->exits, b);
    }
    memcpy(payloads, &a, sizeof a);
    memcpy(payloads + WIDTH, &b, sizeof b);
    if (!top->is_whole)
        descend_with(forest, payloads, 0, (struct rows){columns, false, true}, lane, payloads);
}

const struct umm_forest_engine umm_forest_avx2 = {
    .lanes = LANES, .descend = descend, .top_depth = 4, .turn = turn, .descend_top = descend_top};
#else
const struct umm_forest_engine umm_forest_avx2 = {0};
#endif
