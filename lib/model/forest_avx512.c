/* SPDX-License-Identifier: MIT */
#include "model/forest_layout.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl")))
#define STEP   TARGET static inline __attribute__((always_inline))

/* Two vectors: one waits for its gathers while the other's are done. */
enum { WIDTH = 16, VECTORS = 2, LANES = VECTORS * WIDTH };

struct lanes {
    __m512i at, offsets, words;
    __m512 thresholds;
};

/* A node is one load of 64 bits; words and thresholds are sorted out of two vectors of them. */
STEP void load_nodes(const struct umm_forest *forest, struct lanes *lanes)
{
    const __m512i even =
        _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    const __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256(lanes->at), forest->nodes, 8);
    const __m512i high =
        _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(lanes->at, 1), forest->nodes, 8);
    lanes->thresholds = _mm512_castsi512_ps(_mm512_permutex2var_epi32(low, even, high));
    lanes->words = _mm512_permutex2var_epi32(low, odd, high);
}

/* Lanes whose branch leads to its second child. */
STEP __mmask16 second(const struct lanes *lanes, __m512 x, bool is_any)
{
    const __mmask16 is_not_le = _mm512_cmp_ps_mask(x, lanes->thresholds, _CMP_NLE_UQ);
    if (!is_any)
        return is_not_le;
    const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    const __mmask16 is_other = _mm512_mask_cmp_ps_mask(
        _mm512_test_epi32_mask(lanes->words, _mm512_set1_epi32(UMM_FOREST_EQUAL)), x,
        lanes->thresholds, _CMP_NEQ_UQ);
    const __mmask16 is_first =
        is_nan & _mm512_test_epi32_mask(lanes->words, _mm512_set1_epi32(UMM_FOREST_MISSING));
    return (__mmask16)((is_not_le | is_other) & ~is_first);
}

STEP __mmask16 branches(const struct lanes *lanes)
{
    return _mm512_test_epi32_mask(lanes->words, _mm512_set1_epi32(UMM_FOREST_BRANCH));
}

/* From nodes that are loaded to their children; leaves stay where they are. */
STEP void step(const struct umm_forest *forest, struct lanes *lanes, const float *x, bool is_any,
               __mmask16 are_branches)
{
    const __m512i features = _mm512_and_epi32(_mm512_srli_epi32(lanes->words, UMM_FOREST_FLAG_BITS),
                                              _mm512_set1_epi32((int)forest->feature_mask));
    const __m512 numbers =
        _mm512_i32gather_ps(_mm512_add_epi32(lanes->offsets, features), x, sizeof *x);
    const __m512i steps =
        _mm512_srl_epi32(lanes->words, _mm_cvtsi32_si128((int)forest->steps_shift));
    const __m512i at = _mm512_add_epi32(lanes->at, steps);
    lanes->at = _mm512_mask_add_epi32(at, second(lanes, numbers, is_any) & are_branches, at,
                                      _mm512_set1_epi32(1));
}

STEP void descend_with(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                       const float *x, const uint32_t *offsets, bool is_any, uint32_t *payloads)
{
    struct lanes a = {.at = _mm512_loadu_si512(starts), .offsets = _mm512_loadu_si512(offsets)};
    struct lanes b = {.at = _mm512_loadu_si512(starts + WIDTH),
                      .offsets = _mm512_loadu_si512(offsets + WIDTH)};
    for (uint32_t i = 0; i < sure_steps; i++) {
        load_nodes(forest, &a);
        load_nodes(forest, &b);
        step(forest, &a, x, is_any, 0xFFFF);
        step(forest, &b, x, is_any, 0xFFFF);
    }
    for (;;) {
        load_nodes(forest, &a);
        load_nodes(forest, &b);
        if (!(branches(&a) | branches(&b)))
            break;
        step(forest, &a, x, is_any, branches(&a));
        step(forest, &b, x, is_any, branches(&b));
    }
    _mm512_storeu_ps(payloads, a.thresholds);
    _mm512_storeu_ps(payloads + WIDTH, b.thresholds);
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

const struct umm_forest_engine umm_forest_avx512 = {LANES, descend};
#else
const struct umm_forest_engine umm_forest_avx512 = {0};
#endif
