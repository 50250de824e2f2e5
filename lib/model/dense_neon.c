/* SPDX-License-Identifier: MIT */
#include "model/dense_engines.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

struct f32_sums {
    float32x4_t v0, v1, v2, v3;
};

struct int_sums {
    int32x4_t v0, v1, v2, v3;
};

UMM_INLINE uint32_t n_of_vector(const struct umm_dense *dense, uint32_t o)
{
    uint32_t rest = dense->n_out - o;
    return rest < 4 ? rest : 4;
}

UMM_INLINE void put_f32(float32x4_t y, uint32_t n, char *to)
{
    float all[4];
    if (n == 4) {
        vst1q_f32((float *)(void *)to, y);
    } else {
        vst1q_f32(all, y);
        memcpy(to, all, n * sizeof all[0]);
    }
}

/* By comparison: NaN and -0 stay, which vmaxq_f32 would not leave. */
UMM_INLINE float32x4_t limit(const struct umm_dense *dense, float32x4_t y)
{
    float32x4_t low = vld1q_f32(dense->bounds.f32_low), high = vld1q_f32(dense->bounds.f32_high);
    y = vbslq_f32(vcltq_f32(y, low), low, y);
    return vbslq_f32(vcgtq_f32(y, high), high, y);
}

UMM_INLINE float32x4_t end_f32(const struct umm_dense *dense, float32x4_t y)
{
    const float32x4_t nan = vreinterpretq_f32_u32(vdupq_n_u32(UMM_DENSE_NAN));
    y = limit(dense, y);
    return vbslq_f32(vceqq_f32(y, y), y, nan);
}

UMM_INLINE void finish_f32(const struct umm_dense *dense, const int n, struct f32_sums sums,
                           uint32_t o, char *y)
{
    const float32x4_t v[4] = {sums.v0, sums.v1, sums.v2, sums.v3};
    for (int i = 0; i < n; i++, o += 4)
        put_f32(end_f32(dense, v[i]), n_of_vector(dense, o), y + o * sizeof(float));
}

UMM_INLINE float32x4_t scale(int32x4_t sum, const float *multipliers)
{
    return vmulq_f32(vcvtq_f32_s32(sum), vld1q_f32(multipliers));
}

UMM_INLINE int16x4_t to_twos(int32x4_t sum, const float *multipliers)
{
    return vqmovn_s32(vcvtnq_s32_f32(scale(sum, multipliers)));
}

/* 16 sums to bytes. Saturation to 16 bits, with the zero point, is outside the limits. */
UMM_INLINE int8x16_t to_bytes(const struct umm_dense *dense, const int n, struct int_sums sums,
                              const float *multipliers)
{
    const int16x8_t zero = vld1q_s16(dense->bounds.zero_point);
    int16x4_t v0 = to_twos(sums.v0, multipliers);
    int16x4_t v1 = n > 1 ? to_twos(sums.v1, multipliers + 4) : v0;
    int16x4_t v2 = n > 2 ? to_twos(sums.v2, multipliers + 8) : v0;
    int16x4_t v3 = n > 3 ? to_twos(sums.v3, multipliers + 12) : v0;
    int8x8_t low = vqmovn_s16(vqaddq_s16(vcombine_s16(v0, v1), zero));
    int8x8_t high = vqmovn_s16(vqaddq_s16(vcombine_s16(v2, v3), zero));
    int8x16_t y = vcombine_s8(low, high);
    y = vmaxq_s8(y, vld1q_s8(dense->bounds.low));
    y = vminq_s8(y, vld1q_s8(dense->bounds.high));
    return veorq_s8(y, vreinterpretq_s8_u8(vld1q_u8(dense->bounds.flip)));
}

UMM_INLINE void put_bytes(int8x16_t bytes, uint32_t n, char *to)
{
    int8_t all[16];
    if (n >= sizeof all) {
        vst1q_s8((int8_t *)to, bytes);
    } else {
        vst1q_s8(all, bytes);
        memcpy(to, all, n);
    }
}

UMM_INLINE void finish_int(const struct umm_dense *dense, const int n, struct int_sums sums,
                           uint32_t o, char *y)
{
    const float *multipliers = dense->multipliers + o;
    if (dense->end == UMM_DENSE_TO_I8) {
        put_bytes(to_bytes(dense, n, sums, multipliers), dense->n_out - o, y + o);
        return;
    }
    const int32x4_t v[4] = {sums.v0, sums.v1, sums.v2, sums.v3};
    bool is_f32 = dense->end == UMM_DENSE_TO_F32;
    for (int i = 0; i < n; i++, o += 4)
        put_f32(is_f32 ? limit(dense, scale(v[i], multipliers + 4 * i))
                       : vreinterpretq_f32_s32(v[i]),
                n_of_vector(dense, o), y + o * sizeof(float));
}

static void prepare(const void *x, size_t n, bool is_x_u8, void *prepared)
{
    int16_t *to = (int16_t *)prepared;
    for (size_t i = 0; i < n; i += 8) {
        uint8x8_t bytes = vld1_u8((const uint8_t *)x + i);
        int16x8_t unsigned_twos = vreinterpretq_s16_u16(vmovl_u8(bytes));
        vst1q_s16(to + i, is_x_u8 ? unsigned_twos : vmovl_s8(vreinterpret_s8_u8(bytes)));
    }
}

#define TARGET
#define BLOCK(name)                  f32_##name
#define LANES                        4
#define VECTORS                      4
#define ROWS                         6
#define DEPTH                        1
#define VEC                          float32x4_t
#define INPUT                        float
#define WEIGHT                       float
#define SPREAD(x)                    vdupq_n_f32(*(x))
#define LOAD(w)                      vld1q_f32(w)
#define ADD(sum, x, w)               vfmaq_f32(sum, x, w)
#define START(dense, o)              vld1q_f32((const float *)(dense)->bias + (o))
#define FINISH(dense, n, sums, o, y) finish_f32(dense, n, sums, o, y)
#include "model/dense_block.inc"

/* Products of 16 bits are added as 32: exact. */
#define BLOCK(name)                  int_##name
#define LANES                        4
#define VECTORS                      4
#define ROWS                         6
#define DEPTH                        1
#define VEC                          int32x4_t
#define INPUT                        int16_t
#define WEIGHT                       int16_t
#define SPREAD(x)                    vdup_n_s16(*(x))
#define LOAD(w)                      vld1_s16(w)
#define ADD(sum, x, w)               vmlal_s16(sum, x, w)
#define JOIN(a, b)                   vaddq_s32(a, b)
#define START(dense, o)              vld1q_s32((const int32_t *)(dense)->bias + (o))
#define FINISH(dense, n, sums, o, y) finish_int(dense, n, sums, o, y)
#include "model/dense_block.inc"

const struct umm_dense_engine umm_dense_f32_neon = {
    .form = UMM_DENSE_F32, .lanes = 4, .vectors = 4, .depth = 1, .run = f32_run};

const struct umm_dense_engine umm_dense_int_neon = {.form = UMM_DENSE_I16,
                                                    .lanes = 4,
                                                    .vectors = 4,
                                                    .depth = 1,
                                                    .prepare = prepare,
                                                    .run = int_run};
#else
const struct umm_dense_engine umm_dense_f32_neon = {0}, umm_dense_int_neon = {0};
#endif
