/* SPDX-License-Identifier: MIT */
#include "model/dense_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

struct f32_sums {
    __m512 v0, v1, v2, v3;
};

struct int_sums {
    __m512i v0, v1, v2, v3;
};

/* Bits for the outputs that there are, of the 64 from o on. */
static inline uint64_t outputs_from(const struct umm_dense *dense, uint32_t o)
{
    uint32_t n = dense->n_out - o;
    return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* The limit is the first operand: the second is taken if one of both is NaN, or both are 0. */
TARGET
UMM_DENSE_INLINE __m512 limit(const struct umm_dense *dense, __m512 y)
{
    y = _mm512_max_ps(_mm512_set1_ps(dense->low), y);
    return _mm512_min_ps(_mm512_set1_ps(dense->high), y);
}

TARGET
UMM_DENSE_INLINE void put_f32(const struct umm_dense *dense, __m512 y, uint64_t mask, char *to)
{
    const __m512 nan = _mm512_castsi512_ps(_mm512_set1_epi32(UMM_DENSE_NAN));
    y = limit(dense, y);
    y = _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q), nan);
    _mm512_mask_storeu_ps(to, (__mmask16)mask, y);
}

TARGET
UMM_DENSE_INLINE void finish_f32(const struct umm_dense *dense, const int n, struct f32_sums sums,
                                 uint32_t o, char *y)
{
    uint64_t mask = outputs_from(dense, o);
    y += o * sizeof(float);
    put_f32(dense, sums.v0, mask, y);
    if (n > 1)
        put_f32(dense, sums.v1, mask >> 16, y + 64);
    if (n > 2)
        put_f32(dense, sums.v2, mask >> 32, y + 128);
    if (n > 3)
        put_f32(dense, sums.v3, mask >> 48, y + 192);
}

TARGET
UMM_DENSE_INLINE __m512 scale(__m512i sum, const float *multipliers)
{
    return _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(multipliers));
}

TARGET
UMM_DENSE_INLINE __m512i scale_round(__m512i sum, const float *multipliers)
{
    return _mm512_cvtps_epi32(scale(sum, multipliers));
}

/*
 * 64 sums to bytes. Packing works in each quarter of a register by itself and leaves
 *
 *     | v0[0..3] v1[0..3] v2[0..3] v3[0..3] | v0[4..7] v1[4..7] ... | ... | ... v3[12..15] |
 *
 * of which one permutation of fours makes the order of the outputs. Saturation to 16 bits, before
 * and after the zero point is added, is outside the limits.
 */
TARGET
UMM_DENSE_INLINE __m512i to_bytes(const struct umm_dense *dense, const int n, struct int_sums sums,
                                  const float *multipliers)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i zero = _mm512_set1_epi16((int16_t)dense->y_zero_point);
    __m512i v0 = scale_round(sums.v0, multipliers);
    __m512i v1 = n > 1 ? scale_round(sums.v1, multipliers + 16) : v0;
    __m512i v2 = n > 2 ? scale_round(sums.v2, multipliers + 32) : v0;
    __m512i v3 = n > 3 ? scale_round(sums.v3, multipliers + 48) : v2;
    __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(v0, v1), zero), high = low;
    if (n > 2)
        high = _mm512_adds_epi16(_mm512_packs_epi32(v2, v3), zero);
    __m512i y = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
    y = _mm512_max_epi8(y, _mm512_set1_epi8((char)dense->y_low));
    y = _mm512_min_epi8(y, _mm512_set1_epi8((char)dense->y_high));
    return _mm512_xor_si512(y, _mm512_set1_epi8((char)dense->y_flip));
}

TARGET
UMM_DENSE_INLINE void put_scaled(const struct umm_dense *dense, __m512i sum, uint32_t o,
                                 uint64_t mask, char *y)
{
    __m512 scaled = limit(dense, scale(sum, dense->multipliers + o));
    _mm512_mask_storeu_ps(y + o * sizeof(float), (__mmask16)mask, scaled);
}

TARGET
UMM_DENSE_INLINE void put_sum(__m512i sum, uint32_t o, uint64_t mask, char *y)
{
    _mm512_mask_storeu_epi32(y + o * sizeof(int32_t), (__mmask16)mask, sum);
}

TARGET
UMM_DENSE_INLINE void finish_int(const struct umm_dense *dense, const int n, struct int_sums sums,
                                 uint32_t o, char *y)
{
    uint64_t mask = outputs_from(dense, o);
    if (dense->end == UMM_DENSE_TO_I8) {
        __m512i bytes = to_bytes(dense, n, sums, dense->multipliers + o);
        if (n == 4 && mask == UINT64_MAX)
            _mm512_storeu_si512(y + o, bytes);
        else
            _mm512_mask_storeu_epi8(y + o, mask, bytes);
    } else if (dense->end == UMM_DENSE_TO_F32) {
        put_scaled(dense, sums.v0, o, mask, y);
        if (n > 1)
            put_scaled(dense, sums.v1, o + 16, mask >> 16, y);
        if (n > 2)
            put_scaled(dense, sums.v2, o + 32, mask >> 32, y);
        if (n > 3)
            put_scaled(dense, sums.v3, o + 48, mask >> 48, y);
    } else {
        put_sum(sums.v0, o, mask, y);
        if (n > 1)
            put_sum(sums.v1, o + 16, mask >> 16, y);
        if (n > 2)
            put_sum(sums.v2, o + 32, mask >> 32, y);
        if (n > 3)
            put_sum(sums.v3, o + 48, mask >> 48, y);
    }
}

/* I8 to U8 by adding 128. */
TARGET
static void prepare(const void *x, size_t n, bool is_x_u8, void *prepared)
{
    const __m512i flip = _mm512_set1_epi8(is_x_u8 ? 0 : (char)0x80);
    for (size_t i = 0; i < n; i += 64) {
        __m512i bytes = _mm512_loadu_si512((const char *)x + i);
        _mm512_storeu_si512((char *)prepared + i, _mm512_xor_si512(bytes, flip));
    }
}

/* In assembly: given the intrinsic, gcc 12 moves each sum to memory and back. */
TARGET
UMM_DENSE_INLINE __m512i add_products(__m512i sum, __m512i x, __m512i w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}

TARGET
UMM_DENSE_INLINE __m512i spread_four(const uint8_t *x)
{
    int32_t four;
    __builtin_memcpy(&four, x, sizeof four);
    return _mm512_set1_epi32(four);
}

#define BLOCK(name)                  f32_##name
#define LANES                        16
#define VECTORS                      4
#define DEPTH                        1
#define VEC                          __m512
#define INPUT                        float
#define WEIGHT                       float
#define SPREAD(x)                    _mm512_set1_ps(*(x))
#define LOAD(w)                      _mm512_loadu_ps(w)
#define ADD(sum, x, w)               _mm512_fmadd_ps(x, w, sum)
#define START(dense, o)              _mm512_loadu_ps((const float *)(dense)->bias + (o))
#define FINISH(dense, n, sums, o, y) finish_f32(dense, n, sums, o, y)
#include "model/dense_block.inc"

#define BLOCK(name)                  int_##name
#define LANES                        16
#define VECTORS                      4
#define DEPTH                        4
#define VEC                          __m512i
#define INPUT                        uint8_t
#define WEIGHT                       int8_t
#define SPREAD(x)                    spread_four(x)
#define LOAD(w)                      _mm512_loadu_si512(w)
#define ADD(sum, x, w)               add_products(sum, x, w)
#define JOIN(a, b)                   _mm512_add_epi32(a, b)
#define START(dense, o)              _mm512_loadu_si512((const int32_t *)(dense)->bias + (o))
#define FINISH(dense, n, sums, o, y) finish_int(dense, n, sums, o, y)
#include "model/dense_block.inc"

const struct umm_dense_engine umm_dense_f32_avx512 = {
    .form = UMM_DENSE_F32, .lanes = 16, .vectors = 4, .depth = 1, .run = f32_run};

const struct umm_dense_engine umm_dense_int_avx512 = {.form = UMM_DENSE_U8_I8,
                                                      .lanes = 16,
                                                      .vectors = 4,
                                                      .depth = 4,
                                                      .prepare = prepare,
                                                      .run = int_run};
#else
const struct umm_dense_engine umm_dense_f32_avx512 = {0}, umm_dense_int_avx512 = {0};
#endif
