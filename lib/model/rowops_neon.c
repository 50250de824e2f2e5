/* SPDX-License-Identifier: MIT */
#include "model/rowops_engines.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define VECTOR_BYTES 16
#define TARGET
#define TABLE  look_up
#define ENGINE umm_rowops_neon

/* Four tables of 64 bytes; a lookup beyond one's end leaves what there was. */
static inline uint8x16_t look_up_16(const uint8x16x4_t t[4], uint8x16_t x)
{
    const uint8x16_t y = vqtbl4q_u8(t[0], x);
    const uint8x16_t z = vqtbx4q_u8(y, t[1], vsubq_u8(x, vdupq_n_u8(64)));
    const uint8x16_t w = vqtbx4q_u8(z, t[2], vsubq_u8(x, vdupq_n_u8(128)));
    return vqtbx4q_u8(w, t[3], vsubq_u8(x, vdupq_n_u8(192)));
}

static void look_up(const uint8_t table[256], const uint8_t *x, size_t n, uint8_t *y)
{
    const uint8x16x4_t t[4] = {vld1q_u8_x4(table), vld1q_u8_x4(table + 64),
                               vld1q_u8_x4(table + 128), vld1q_u8_x4(table + 192)};
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        vst1q_u8(y + i, look_up_16(t, vld1q_u8(x + i)));
    for (; i < n; i++)
        y[i] = table[x[i]];
}

#include "model/rowops.inc"
#else
const struct umm_rowops umm_rowops_neon = {0};
#endif
