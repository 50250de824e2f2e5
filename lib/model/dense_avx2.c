/* SPDX-License-Identifier: MIT */
#include "model/dense_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma")))

#define LOAD_INTS(p)  _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define LOAD_BYTES(p) _mm_loadu_si128((const __m128i *)(const void *)(p))

struct f32_sums {
    __m256 v0, v1;
};

struct int_sums {
    __m256i v0, v1;
};

/* Eight lanes of all ones, then eight of zeros: from lane 8 - n on, the mask of n. */
static const int32_t masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

TARGET
UMM_INLINE void put_lanes(__m256 y, uint32_t n, char *to)
{
    if (n >= 8) {
        _mm256_storeu_ps((float *)(void *)to, y);
    } else {
        __m256i mask = _mm256_loadu_si256((const __m256i *)(const void *)(masks + 8 - n));
        _mm256_maskstore_ps((float *)(void *)to, mask, y);
    }
}

/* The limit is the first operand: the second is taken if one of both is NaN, or both are 0. */
TARGET
UMM_INLINE __m256 limit(const struct umm_dense *dense, __m256 y)
{
    y = _mm256_max_ps(_mm256_loadu_ps(dense->bounds.f32_low), y);
    return _mm256_min_ps(_mm256_loadu_ps(dense->bounds.f32_high), y);
}

TARGET
UMM_INLINE __m256 end_f32(const struct umm_dense *dense, __m256 y)
{
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(UMM_DENSE_NAN));
    y = limit(dense, y);
    return _mm256_blendv_ps(y, nan, _mm256_cmp_ps(y, y, _CMP_UNORD_Q));
}

TARGET
UMM_INLINE void finish_f32(const struct umm_dense *dense, const int n, struct f32_sums sums,
                           uint32_t o, char *y)
{
    uint32_t n_rest = dense->n_out - o;
    y += o * sizeof(float);
    put_lanes(end_f32(dense, sums.v0), n_rest, y);
    if (n > 1)
        put_lanes(end_f32(dense, sums.v1), n_rest - 8, y + 32);
}

TARGET
UMM_INLINE __m256 scale(__m256i sum, const float *multipliers)
{
    return _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(multipliers));
}

/* 16 sums to bytes. Saturation to 16 bits, with the zero point, is outside the limits. */
TARGET
UMM_INLINE __m128i to_bytes(const struct umm_dense *dense, const int n, struct int_sums sums,
                            const float *multipliers)
{
    const __m256i zero = LOAD_INTS(dense->bounds.zero_point);
    __m256i v0 = _mm256_cvtps_epi32(scale(sums.v0, multipliers));
    __m256i v1 = n > 1 ? _mm256_cvtps_epi32(scale(sums.v1, multipliers + 8)) : v0;
    __m256i twos = _mm256_permute4x64_epi64(_mm256_packs_epi32(v0, v1), 0xD8);
    twos = _mm256_adds_epi16(twos, zero);
    __m128i y = _mm_packs_epi16(_mm256_castsi256_si128(twos), _mm256_extracti128_si256(twos, 1));
    y = _mm_max_epi8(y, LOAD_BYTES(dense->bounds.low));
    y = _mm_min_epi8(y, LOAD_BYTES(dense->bounds.high));
    return _mm_xor_si128(y, LOAD_BYTES(dense->bounds.flip));
}

TARGET
UMM_INLINE void put_bytes(__m128i bytes, uint32_t n, char *to)
{
    char all[16];
    if (n >= sizeof all) {
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
    } else {
        _mm_storeu_si128((__m128i *)(void *)all, bytes);
        memcpy(to, all, n);
    }
}

TARGET
UMM_INLINE void finish_int(const struct umm_dense *dense, const int n, struct int_sums sums,
                           uint32_t o, char *y)
{
    uint32_t n_rest = dense->n_out - o;
    const float *multipliers = dense->multipliers + o;
    if (dense->end == UMM_DENSE_TO_I8) {
        put_bytes(to_bytes(dense, n, sums, multipliers), n_rest, y + o);
        return;
    }
    y += o * sizeof(float);
    bool is_f32 = dense->end == UMM_DENSE_TO_F32;
    put_lanes(is_f32 ? limit(dense, scale(sums.v0, multipliers)) : _mm256_castsi256_ps(sums.v0),
              n_rest, y);
    if (n > 1)
        put_lanes(is_f32 ? limit(dense, scale(sums.v1, multipliers + 8))
                         : _mm256_castsi256_ps(sums.v1),
                  n_rest - 8, y + 32);
}

/* A pair of one input gets a 0, so that no number that was never set has a part in the sums. */
TARGET
static void prepare(const void *x, size_t n, bool is_x_u8, void *prepared)
{
    const char *from = (const char *)x;
    __m256i *to = (__m256i *)prepared;
    for (size_t i = 0; i < n; i += 16, to++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        _mm256_storeu_si256(to,
                            is_x_u8 ? _mm256_cvtepu8_epi16(bytes) : _mm256_cvtepi8_epi16(bytes));
    }
    if (n % 2)
        ((int16_t *)prepared)[n] = 0;
}

/*
 * Products of 16 bits, two and two added: exact. (vpmaddubsw, of 8 bits, saturates: 2 * 255 * 127
 * is beyond 16 bits.)
 */
TARGET
UMM_INLINE __m256i add_products(__m256i sum, __m256i x, __m256i w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}

TARGET
UMM_INLINE __m256i spread_two(const int16_t *x)
{
    int32_t two;
    memcpy(&two, x, sizeof two);
    return _mm256_set1_epi32(two);
}

#define BLOCK(name)                  f32_##name
#define LANES                        8
#define VECTORS                      2
#define ROWS                         6
#define DEPTH                        1
#define VEC                          __m256
#define INPUT                        float
#define WEIGHT                       float
#define SPREAD(x)                    _mm256_set1_ps(*(x))
#define LOAD(w)                      _mm256_loadu_ps(w)
#define ADD(sum, x, w)               _mm256_fmadd_ps(x, w, sum)
#define START(dense, o)              _mm256_loadu_ps((const float *)(dense)->bias + (o))
#define FINISH(dense, n, sums, o, y) finish_f32(dense, n, sums, o, y)
#include "model/dense_block.inc"

#define BLOCK(name)                  int_##name
#define LANES                        8
#define VECTORS                      2
#define ROWS                         4
#define DEPTH                        2
#define VEC                          __m256i
#define INPUT                        int16_t
#define WEIGHT                       int16_t
#define SPREAD(x)                    spread_two(x)
#define LOAD(w)                      LOAD_INTS(w)
#define ADD(sum, x, w)               add_products(sum, x, w)
#define JOIN(a, b)                   _mm256_add_epi32(a, b)
#define START(dense, o)              LOAD_INTS((const int32_t *)(dense)->bias + (o))
#define FINISH(dense, n, sums, o, y) finish_int(dense, n, sums, o, y)
#include "model/dense_block.inc"

const struct umm_dense_engine umm_dense_f32_avx2 = {
    .form = UMM_DENSE_F32, .lanes = 8, .vectors = 2, .depth = 1, .run = f32_run};

const struct umm_dense_engine umm_dense_int_avx2 = {.form = UMM_DENSE_I16,
                                                    .lanes = 8,
                                                    .vectors = 2,
                                                    .depth = 2,
                                                    .prepare = prepare,
                                                    .run = int_run};
#else
const struct umm_dense_engine umm_dense_f32_avx2 = {0}, umm_dense_int_avx2 = {0};
#endif
