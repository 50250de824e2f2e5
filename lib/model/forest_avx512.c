/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
#include "model/forest_layout.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl")))
#define STEP   TARGET UMM_INLINE

/* Two vectors: one waits for its gathers while the other's are done. */
enum { WIDTH = 16, VECTORS = 2, LANES = VECTORS * WIDTH };

/* is_turned: a feature's numbers are LANES apart. */
struct rows {
    const float *x;
    bool is_any, is_turned;
};

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
STEP void step(const struct umm_forest *forest, struct lanes *lanes, struct rows rows,
               __mmask16 are_branches)
{
    __m512i features = _mm512_and_epi32(_mm512_srli_epi32(lanes->words, UMM_FOREST_FLAG_BITS),
                                        _mm512_set1_epi32((int)forest->feature_mask));
    if (rows.is_turned)
        features = _mm512_mullo_epi32(features, _mm512_set1_epi32(LANES));
    const __m512 numbers =
        _mm512_i32gather_ps(_mm512_add_epi32(lanes->offsets, features), rows.x, sizeof *rows.x);
    const __m512i steps =
        _mm512_srl_epi32(lanes->words, _mm_cvtsi32_si128((int)forest->steps_shift));
    const __m512i at = _mm512_add_epi32(lanes->at, steps);
    lanes->at = _mm512_mask_add_epi32(at, second(lanes, numbers, rows.is_any) & are_branches, at,
                                      _mm512_set1_epi32(1));
}

STEP void descend_with(const struct umm_forest *forest, const uint32_t *starts, uint32_t sure_steps,
                       struct rows rows, const uint32_t *offsets, uint32_t *payloads)
{
    struct lanes a = {.at = _mm512_loadu_si512(starts), .offsets = _mm512_loadu_si512(offsets)};
    struct lanes b = {.at = _mm512_loadu_si512(starts + WIDTH),
                      .offsets = _mm512_loadu_si512(offsets + WIDTH)};
    for (uint32_t i = 0; i < sure_steps; i++) {
        load_nodes(forest, &a);
        load_nodes(forest, &b);
        step(forest, &a, rows, 0xFFFF);
        step(forest, &b, rows, 0xFFFF);
    }
    for (;;) {
        load_nodes(forest, &a);
        load_nodes(forest, &b);
        if (!(branches(&a) | branches(&b)))
            break;
        step(forest, &a, rows, branches(&a));
        step(forest, &b, rows, branches(&b));
    }
    _mm512_storeu_ps(payloads, a.thresholds);
    _mm512_storeu_ps(payloads + WIDTH, b.thresholds);
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
    const __m512i a = _mm512_loadu_si512(offsets), b = _mm512_loadu_si512(offsets + WIDTH);
    for (uint32_t i = 0; i < forest->n_features; i++) {
        _mm512_store_ps(columns + i * LANES, _mm512_i32gather_ps(a, x + i, sizeof *x));
        _mm512_store_ps(columns + i * LANES + WIDTH, _mm512_i32gather_ps(b, x + i, sizeof *x));
    }
}

/* Lanes that go to the second child of h, if they come to it. */
STEP __mmask16 second_of(const struct umm_forest_top *top, unsigned h, const float *columns)
{
    return _mm512_cmp_ps_mask(_mm512_load_ps(columns + top->columns[h]),
                              _mm512_set1_ps(top->thresholds[h]), _CMP_NLE_UQ);
}

STEP __mmask16 choose(__mmask16 mask, __mmask16 a, __mmask16 b)
{
    return (__mmask16)((mask & a) | (~mask & b));
}

/*
 * Three levels: to compare with all their seven nodes is less work than to look up which one each
 * lane needs.
 */
STEP __m512i descend_three(const struct umm_forest_top *top, const float *columns)
{
    const __mmask16 r1 = second_of(top, 1, columns);
    const __mmask16 r2 = choose(r1, second_of(top, 3, columns), second_of(top, 2, columns));
    const __mmask16 low = choose(r2, second_of(top, 5, columns), second_of(top, 4, columns));
    const __mmask16 high = choose(r2, second_of(top, 7, columns), second_of(top, 6, columns));
    __m512i h = _mm512_mask_blend_epi32(r1, _mm512_set1_epi32(8), _mm512_set1_epi32(12));
    h = _mm512_mask_or_epi32(h, r2, h, _mm512_set1_epi32(2));
    return _mm512_mask_or_epi32(h, choose(r1, high, low), h, _mm512_set1_epi32(1));
}

/* Of 64 numbers those from `first` on, n of them, that the last bits of h say. */
STEP __m512i look_up(const void *numbers, unsigned first, unsigned n, __m512i h)
{
    const __m512i *of = (const __m512i *)numbers + first / WIDTH;
    if (n <= WIDTH)
        return _mm512_permutexvar_epi32(h, of[0]);
    const __m512i low = _mm512_permutex2var_epi32(of[0], h, of[1]);
    if (n == 2 * WIDTH)
        return low;
    return _mm512_mask_blend_epi32(_mm512_test_epi32_mask(h, _mm512_set1_epi32(2 * WIDTH)), low,
                                   _mm512_permutex2var_epi32(of[2], h, of[3]));
}

/* One level: its nodes are the n elements from n on, or all those of one vector. */
STEP __m512i descend_one(const struct umm_forest_top *top, unsigned n, __m512i h,
                         const float *columns, __m512i lane)
{
    const unsigned first = n < WIDTH ? 0 : n;
    const __m512i at = _mm512_add_epi32(look_up(top->columns, first, n, h), lane);
    const __m512 x = _mm512_i32gather_ps(at, columns, sizeof *columns);
    const __m512 thresholds = _mm512_castsi512_ps(look_up(top->thresholds, first, n, h));
    h = _mm512_add_epi32(h, h);
    return _mm512_mask_or_epi32(h, _mm512_cmp_ps_mask(x, thresholds, _CMP_NLE_UQ), h,
                                _mm512_set1_epi32(1));
}

STEP void exits(const struct umm_forest_top *top, __m512i a, __m512i b, uint32_t *payloads)
{
    const unsigned n = 1U << top->depth;
    if (n <= WIDTH) {
        const __m512i mask = _mm512_set1_epi32((int)n - 1);
        a = look_up(top->exits, 0, WIDTH, _mm512_and_epi32(a, mask));
        b = look_up(top->exits, 0, WIDTH, _mm512_and_epi32(b, mask));
    } else if (n == 2 * WIDTH) {
        a = look_up(top->exits, 0, 2 * WIDTH, a);
        b = look_up(top->exits, 0, 2 * WIDTH, b);
    } else {
        a = look_up(top->exits, 0, 4 * WIDTH, a);
        b = look_up(top->exits, 0, 4 * WIDTH, b);
    }
    _mm512_storeu_si512(payloads, a);
    _mm512_storeu_si512(payloads + WIDTH, b);
}

TARGET static void descend_top(const struct umm_forest *forest, uint32_t tree, const float *columns,
                               uint32_t *payloads)
{
    const struct umm_forest_top *top = &forest->tops[tree];
    const __m512i lane_a = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i lane_b = _mm512_add_epi32(lane_a, _mm512_set1_epi32(WIDTH));
    __m512i a = descend_three(top, columns), b = descend_three(top, columns + WIDTH);
    if (top->depth > 3) {
        a = descend_one(top, 8, a, columns, lane_a);
        b = descend_one(top, 8, b, columns, lane_b);
    }
    if (top->depth > 4) {
        a = descend_one(top, 16, a, columns, lane_a);
        b = descend_one(top, 16, b, columns, lane_b);
    }
    if (top->depth > 5) {
        a = descend_one(top, 32, a, columns, lane_a);
        b = descend_one(top, 32, b, columns, lane_b);
    }
    exits(top, a, b, payloads);
    if (top->is_whole)
        return;
    uint32_t offsets[LANES];
    _mm512_storeu_si512(offsets, lane_a);
    _mm512_storeu_si512(offsets + WIDTH, lane_b);
    descend_with(forest, payloads, 0, (struct rows){columns, false, true}, offsets, payloads);
}

const struct umm_forest_engine umm_forest_avx512 = {.lanes = LANES,
                                                    .descend = descend,
                                                    .top_depth = UMM_FOREST_TOP_DEPTH_MAX,
                                                    .turn = turn,
                                                    .descend_top = descend_top};
#else
const struct umm_forest_engine umm_forest_avx512 = {0};
#endif
