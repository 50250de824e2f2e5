/* SPDX-License-Identifier: MIT */
#include "text/decimal_engines.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#define DECIMAL_NAME(type) one_by_one_##type
#define DECIMAL_TARGET
#define DECIMAL_SCOPE    static
#define decimal_splat(c) vdupq_n_u8((uint8_t)(c))
typedef uint8x16_t decimal_point;

/*
 * One field in 16 bytes, right-aligned; see decimal_avx512.c for the steps.
 *
 * 16 bytes of zeros, then of ones: from byte len on, the mask of the last len bytes.
 */
static const uint8_t tail_masks[32] = {
    [16] = 0xFF, [17] = 0xFF, [18] = 0xFF, [19] = 0xFF, [20] = 0xFF, [21] = 0xFF,
    [22] = 0xFF, [23] = 0xFF, [24] = 0xFF, [25] = 0xFF, [26] = 0xFF, [27] = 0xFF,
    [28] = 0xFF, [29] = 0xFF, [30] = 0xFF, [31] = 0xFF};

/* Sixteen digits to two numbers of eight. */
static inline uint64_t join_digits(uint8x16_t digits)
{
    const uint8x16_t tens = {10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1};
    const uint16x8_t hundreds = {100, 1, 100, 1, 100, 1, 100, 1};
    const uint32x4_t myriads = {10000, 1, 10000, 1};
    uint16x8_t twos = vpaddlq_u8(vmulq_u8(digits, tens));
    uint32x4_t fours = vpaddlq_u16(vmulq_u16(twos, hundreds));
    uint64x2_t eights = vpaddlq_u32(vmulq_u32(fours, myriads));
    return vgetq_lane_u64(eights, 0) * 100000000 + vgetq_lane_u64(eights, 1);
}

static inline struct plain parse_plain(const char *end, size_t len, decimal_point point)
{
    struct plain r = {.is_odd = true};
    if (__builtin_expect(len - 1 >= 16, 0))
        return r;
    uint8x16_t raw = vld1q_u8((const uint8_t *)end - 16);
    uint8x16_t valid = vld1q_u8(tail_masks + len);
    uint8x16_t is_point = vandq_u8(vceqq_u8(raw, point), valid);
    uint8x16_t digits = vandq_u8(vsubq_u8(raw, vdupq_n_u8('0')), valid);
    digits = vbicq_u8(digits, is_point);
    bool is_digits = vmaxvq_u8(digits) <= 9;
    /* Four bits to a byte. */
    uint64_t points =
        vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(is_point), 4)), 0);
    r.has_point = points != 0;
    r.n_decimals = points ? 15 - (unsigned)__builtin_ctzll(points) / 4 : 0;
    /* What is at or before the point moves up by one byte. */
    uint8x16_t after = vld1q_u8(tail_masks + r.n_decimals);
    uint8x16_t moved = vbslq_u8(after, digits, vextq_u8(vdupq_n_u8(0), digits, 15));
    r.value = join_digits(points ? moved : digits);
    uint64_t first_point = points & -points;
    r.is_odd = !is_digits || points != first_point * 0xF || (r.has_point && r.n_decimals == 0) ||
               r.value > UINT64_C(1) << 53;
    return r;
}

#include "text/decimal_fields.inc"

size_t umm_decimal_f64_neon(const struct umm_decimal_column *column, uint32_t *odd)
{
    return one_by_one_f64(column, 0, column->n, odd);
}

size_t umm_decimal_i64_neon(const struct umm_decimal_column *column, uint32_t *odd)
{
    return one_by_one_i64(column, 0, column->n, odd);
}
#endif
