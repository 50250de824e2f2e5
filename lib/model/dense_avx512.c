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

/* Put the lanes that outputs have, of which there are n_rest from the first on. */
TARGET
UMM_DENSE_INLINE void put_lanes(__m512 y, uint32_t n_rest, char *to)
{
    if (n_rest >= 16)
        _mm512_storeu_ps(to, y);
    else
        _mm512_mask_storeu_ps(to, (__mmask16)((1U << n_rest) - 1), y);
}

/* The limit is the first operand: the second is taken if one of both is NaN, or both are 0. */
TARGET
UMM_DENSE_INLINE __m512 limit(const struct umm_dense *dense, __m512 y)
{
    y = _mm512_max_ps(_mm512_loadu_ps(dense->bounds.f32_low), y);
    return _mm512_min_ps(_mm512_loadu_ps(dense->bounds.f32_high), y);
}

TARGET
UMM_DENSE_INLINE __m512 end_f32(const struct umm_dense *dense, __m512 y)
{
    const __m512 nan = _mm512_castsi512_ps(_mm512_set1_epi32(UMM_DENSE_NAN));
    y = limit(dense, y);
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q), nan);
}

TARGET
UMM_DENSE_INLINE void finish_f32(const struct umm_dense *dense, const int n, struct f32_sums sums,
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
 * 64 rounded numbers to bytes. Packing works in each quarter of a register by itself and leaves
 *
 *     | v0[0..3] v1[0..3] v2[0..3] v3[0..3] | v0[4..7] v1[4..7] ... | ... | ... v3[12..15] |
 *
 * of which one permutation of fours makes the order of the outputs. Saturation to 16 bits, before
 * and after the zero point is added, is outside the limits.
 */
TARGET
UMM_DENSE_INLINE __m512i limit_bytes(const struct umm_dense *dense, const int n, struct int_sums v)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i low = _mm512_packs_epi32(v.v0, n > 1 ? v.v1 : v.v0), high = low;
    if (n > 2)
        high = _mm512_packs_epi32(v.v2, n > 3 ? v.v3 : v.v2);
    if (dense->bounds.is_plain)
        return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
    const __m512i zero = _mm512_loadu_si512(dense->bounds.zero_point);
    low = _mm512_adds_epi16(low, zero);
    high = n > 2 ? _mm512_adds_epi16(high, zero) : low;
    __m512i y = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
    y = _mm512_max_epi8(y, _mm512_loadu_si512(dense->bounds.low));
    y = _mm512_min_epi8(y, _mm512_loadu_si512(dense->bounds.high));
    return _mm512_xor_si512(y, _mm512_loadu_si512(dense->bounds.flip));
}

TARGET
UMM_DENSE_INLINE __m512i to_bytes(const struct umm_dense *dense, const int n, struct int_sums s,
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
UMM_DENSE_INLINE void put_bytes(__m512i bytes, uint32_t n_rest, char *to)
{
    if (n_rest >= 64)
        _mm512_storeu_si512(to, bytes);
    else
        _mm512_mask_storeu_epi8(to, (UINT64_C(1) << n_rest) - 1, bytes);
}

TARGET
UMM_DENSE_INLINE __m512 end_int(const struct umm_dense *dense, __m512i sum, uint32_t o)
{
    if (dense->end == UMM_DENSE_TO_I32)
        return _mm512_castsi512_ps(sum);
    return limit(dense, scale(sum, dense->multipliers + o));
}

TARGET
UMM_DENSE_INLINE void finish_int(const struct umm_dense *dense, const int n, struct int_sums sums,
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

/*
 * Few outputs: 64 inputs of a row by 64 weights at a time, in each lane four of them. The lanes of
 * 16 rows are then added up crosswise, so that a vector has one sum of each row.
 */
enum { FEW_ROWS = 16, FEW_DEPTH = 64 };

TARGET
UMM_DENSE_INLINE __m512i row_products(const struct umm_dense *dense, const uint8_t *x,
                                      const int8_t *w)
{
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < dense->n_steps; i++)
        sum = add_products(sum, _mm512_loadu_si512(x + FEW_DEPTH * i),
                           _mm512_loadu_si512(w + FEW_DEPTH * i));
    return sum;
}

/* Lane by lane of 32, 64, 128 and 256 bits: what stands for a goes low, what stands for b high. */
TARGET
UMM_DENSE_INLINE __m512i join_32(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

TARGET
UMM_DENSE_INLINE __m512i join_64(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

TARGET
UMM_DENSE_INLINE __m512i join_four(const struct umm_dense *dense, const uint8_t *x, size_t x_stride,
                                   const int8_t *w)
{
    __m512i a = row_products(dense, x, w), b = row_products(dense, x + x_stride, w);
    __m512i c = row_products(dense, x + 2 * x_stride, w);
    __m512i d = row_products(dense, x + 3 * x_stride, w);
    return join_64(join_32(a, b), join_32(c, d));
}

/* The sums of 16 rows, in their order. */
TARGET
UMM_DENSE_INLINE __m512i sixteen_sums(const struct umm_dense *dense, const uint8_t *x,
                                      size_t x_stride, const int8_t *w)
{
    __m512i a = join_four(dense, x, x_stride, w),
            b = join_four(dense, x + 4 * x_stride, x_stride, w);
    __m512i c = join_four(dense, x + 8 * x_stride, x_stride, w);
    __m512i d = join_four(dense, x + 12 * x_stride, x_stride, w);
    __m512i ab =
        _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
    __m512i cd =
        _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x88), _mm512_shuffle_i32x4(c, d, 0xDD));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xDD));
}

/* One output of n_rows rows, of which the sums have no bias yet. */
TARGET
static void finish_few(const struct umm_dense *dense, __m512i sums, uint32_t o, size_t n_rows,
                       char *y, size_t y_step)
{
    int32_t values[FEW_ROWS];
    int8_t bytes[4 * FEW_ROWS];
    sums = _mm512_add_epi32(sums, _mm512_set1_epi32(((const int32_t *)dense->bias)[o]));
    __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(dense->multipliers[o]));
    if (dense->end == UMM_DENSE_TO_I8) {
        struct int_sums rounded = {.v0 = _mm512_cvtps_epi32(scaled)};
        _mm512_storeu_si512(bytes, limit_bytes(dense, 1, rounded));
        for (size_t row = 0; row < n_rows; row++)
            y[row * y_step + o] = (char)bytes[row];
        return;
    }
    y += o * sizeof(float);
    __m512 result =
        dense->end == UMM_DENSE_TO_I32 ? _mm512_castsi512_ps(sums) : limit(dense, scaled);
    if (y_step == sizeof(float)) {
        put_lanes(result, (uint32_t)n_rows, y);
        return;
    }
    _mm512_storeu_ps(values, result);
    for (size_t row = 0; row < n_rows; row++)
        __builtin_memcpy(y + row * y_step, &values[row], sizeof values[row]);
}

TARGET
static void few_run(const struct umm_dense *dense, const void *rows, size_t x_stride, size_t n_rows,
                    void *results, size_t y_step)
{
    const uint8_t *x = (const uint8_t *)rows;
    const int8_t *w = (const int8_t *)dense->weights;
    char *y = (char *)results;
    for (uint32_t o = 0; o < dense->n_out; o++, w += (size_t)dense->n_steps * FEW_DEPTH) {
        for (size_t row = 0; n_rows >= FEW_ROWS && row < n_rows; row += FEW_ROWS) {
            row = row + FEW_ROWS > n_rows ? n_rows - FEW_ROWS : row;
            __m512i sums = sixteen_sums(dense, x + row * x_stride, x_stride, w);
            finish_few(dense, sums, o, FEW_ROWS, y + row * y_step, y_step);
        }
        for (size_t row = 0; n_rows < FEW_ROWS && row < n_rows; row++) {
            int32_t sum = _mm512_reduce_add_epi32(row_products(dense, x + row * x_stride, w));
            finish_few(dense, _mm512_set1_epi32(sum), o, 1, y + row * y_step, y_step);
        }
    }
}

const struct umm_dense_engine umm_dense_few_avx512 = {.form = UMM_DENSE_U8_I8,
                                                      .lanes = 1,
                                                      .vectors = 1,
                                                      .depth = FEW_DEPTH,
                                                      .prepare = prepare,
                                                      .run = few_run};

const struct umm_dense_engine umm_dense_f32_avx512 = {
    .form = UMM_DENSE_F32, .lanes = 16, .vectors = 4, .depth = 1, .run = f32_run};

const struct umm_dense_engine umm_dense_int_avx512 = {.form = UMM_DENSE_U8_I8,
                                                      .lanes = 16,
                                                      .vectors = 4,
                                                      .depth = 4,
                                                      .prepare = prepare,
                                                      .run = int_run};
#else
const struct umm_dense_engine umm_dense_f32_avx512 = {0}, umm_dense_int_avx512 = {0},
                              umm_dense_few_avx512 = {0};
#endif
