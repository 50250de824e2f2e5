/* SPDX-License-Identifier: MIT */
#include "model/dense_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "model/dense_ends_avx512.inc"

TARGET
UMM_INLINE void finish_f32(const struct umm_dense *dense, const int n, struct f32_sums sums,
                           uint32_t o, char *y)
{
    uint32_t n_rest = dense->n_out - o;
    y += o * sizeof(float);
    put_lanes(end_f32(dense, sums.v0), n_rest, y);
    if (n > 1)
        put_lanes(end_f32(dense, sums.v1), n_rest - 16, y + 64);
    if (n > 2)
        put_lanes(end_f32(dense, sums.v2), n_rest - 32, y + 128);
    if (n > 3)
        put_lanes(end_f32(dense, sums.v3), n_rest - 48, y + 192);
}

TARGET
UMM_INLINE __m512 scale(__m512i sum, const float *multipliers)
{
    return _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(multipliers));
}

TARGET
UMM_INLINE __m512i scale_round(__m512i sum, const float *multipliers)
{
    return _mm512_cvtps_epi32(scale(sum, multipliers));
}

TARGET
UMM_INLINE __m512i to_bytes(const struct umm_dense *dense, const int n, struct int_sums s,
                            const float *multipliers)
{
    s.v0 = scale_round(s.v0, multipliers);
    if (n > 1)
        s.v1 = scale_round(s.v1, multipliers + 16);
    if (n > 2)
        s.v2 = scale_round(s.v2, multipliers + 32);
    if (n > 3)
        s.v3 = scale_round(s.v3, multipliers + 48);
    return limit_bytes(dense, n, s);
}

TARGET
UMM_INLINE void put_bytes(__m512i bytes, uint32_t n_rest, char *to)
{
    if (n_rest >= 64)
        _mm512_storeu_si512(to, bytes);
    else
        _mm512_mask_storeu_epi8(to, (UINT64_C(1) << n_rest) - 1, bytes);
}

TARGET
UMM_INLINE __m512 end_int(const struct umm_dense *dense, __m512i sum, uint32_t o)
{
    if (dense->end == UMM_DENSE_TO_I32)
        return _mm512_castsi512_ps(sum);
    return limit(dense, scale(sum, dense->multipliers + o));
}

TARGET
UMM_INLINE void finish_int(const struct umm_dense *dense, const int n, struct int_sums sums,
                           uint32_t o, char *y)
{
    uint32_t n_rest = dense->n_out - o;
    if (dense->end == UMM_DENSE_TO_I8) {
        put_bytes(to_bytes(dense, n, sums, dense->multipliers + o), n_rest, y + o);
        return;
    }
    y += o * sizeof(float);
    put_lanes(end_int(dense, sums.v0, o), n_rest, y);
    if (n > 1)
        put_lanes(end_int(dense, sums.v1, o + 16), n_rest - 16, y + 64);
    if (n > 2)
        put_lanes(end_int(dense, sums.v2, o + 32), n_rest - 32, y + 128);
    if (n > 3)
        put_lanes(end_int(dense, sums.v3, o + 48), n_rest - 48, y + 192);
}

TARGET
UMM_INLINE __m512i spread_four(const uint8_t *x)
{
    int32_t four;
    __builtin_memcpy(&four, x, sizeof four);
    return _mm512_set1_epi32(four);
}

#define BLOCK(name)                  f32_##name
#define LANES                        16
#define VECTORS                      4
#define ROWS                         6
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
#define ROWS                         6
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
