/* SPDX-License-Identifier: MIT */
#include "model/forest_layout.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define STEP   TARGET static inline __attribute__((always_inline))

/* Two vectors: one waits for its gathers while the other's are done. */
enum { WIDTH = 8, VECTORS = 2, LANES = VECTORS * WIDTH };

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
STEP void step(const struct umm_forest *forest, struct lanes *lanes, const float *x, bool is_any)
{
    const __m256i features = _mm256_and_si256(_mm256_srli_epi32(lanes->words, UMM_FOREST_FLAG_BITS),
                                              _mm256_set1_epi32((int)forest->feature_mask));
    const __m256 numbers =
        _mm256_i32gather_ps(x, _mm256_add_epi32(lanes->offsets, features), sizeof *x);
    const __m256i steps =
        _mm256_srl_epi32(lanes->words, _mm_cvtsi32_si128((int)forest->steps_shift));
    const __m256i one = _mm256_and_si256(lanes->words, _mm256_set1_epi32(UMM_FOREST_BRANCH));
    lanes->at = _mm256_add_epi32(_mm256_add_epi32(lanes->at, steps),
                                 _mm256_and_si256(second(lanes, numbers, is_any), one));
}

STEP void descend_with(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                       const float *x, const uint32_t *offsets, bool is_any, uint32_t *payloads)
{
    struct lanes a = {.at = load(starts), .offsets = load(offsets)};
    struct lanes b = {.at = load(starts + WIDTH), .offsets = load(offsets + WIDTH)};
    for (uint32_t i = 0;; i++) {
        load_nodes(forest, &a);
        load_nodes(forest, &b);
        if (i >= sure_steps && are_leaves(&a) && are_leaves(&b))
            break;
        step(forest, &a, x, is_any);
        step(forest, &b, x, is_any);
    }
    memcpy(payloads, &a.thresholds, sizeof a.thresholds);
    memcpy(payloads + WIDTH, &b.thresholds, sizeof b.thresholds);
}

TARGET static void descend(const struct umm_forest *forest, const uint32_t *starts,
                           uint32_t sure_steps, const float *x, const uint32_t *offsets,
                           bool is_any, uint32_t *payloads)
{
    if (is_any)
        descend_with(forest, starts, sure_steps, x, offsets, true, payloads);
    else
        descend_with(forest, starts, sure_steps, x, offsets, false, payloads);
}

const struct umm_forest_engine umm_forest_avx2 = {.lanes = LANES, .descend = descend};
#else
const struct umm_forest_engine umm_forest_avx2 = {0};
#endif
