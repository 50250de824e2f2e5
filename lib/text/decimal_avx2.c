/* SPDX-License-Identifier: MIT */
#include "text/decimal_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define DECIMAL_NAME(type) umm_decimal_##type##_avx2
#define decimal_splat(c)   _mm_set1_epi8(c)
#define DECIMAL_TARGET     __attribute__((target("avx2,bmi,bmi2,popcnt")))

typedef __m128i decimal_point;

/*
 * One field in 16 bytes, right-aligned; see decimal_avx512.c for the steps.
 *
 * 16 bytes of zeros, then of ones: from byte len on, the mask of the last len bytes.
 */
static const uint8_t tail_masks[32] = {
    [16] = 0xFF, [17] = 0xFF, [18] = 0xFF, [19] = 0xFF, [20] = 0xFF, [21] = 0xFF,
    [22] = 0xFF, [23] = 0xFF, [24] = 0xFF, [25] = 0xFF, [26] = 0xFF, [27] = 0xFF,
    [28] = 0xFF, [29] = 0xFF, [30] = 0xFF, [31] = 0xFF};

DECIMAL_TARGET
static inline struct plain parse_plain(const char *end, size_t len, decimal_point point)
{
    struct plain r = {.is_odd = true};
    if (__builtin_expect(len - 1 >= 16, 0))
        return r;
    __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
    __m128i valid = _mm_loadu_si128((const __m128i *)(const void *)(tail_masks + len));
    __m128i is_point = _mm_and_si128(_mm_cmpeq_epi8(raw, point), valid);
    __m128i digits = _mm_and_si128(_mm_sub_epi8(raw, _mm_set1_epi8('0')), valid);
    digits = _mm_andnot_si128(is_point, digits);
    const __m128i nine = _mm_set1_epi8(9);
    bool is_digits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine)) == 0xFFFF;
    unsigned points = (unsigned)_mm_movemask_epi8(is_point);
    r.has_point = points != 0;
    r.n_decimals = points ? 15 - (unsigned)__builtin_ctz(points) : 0;
    /* What is at or before the point moves up by one byte. */
    __m128i behind = _mm_loadu_si128((const __m128i *)(const void *)(tail_masks + r.n_decimals));
    __m128i moved = _mm_blendv_epi8(_mm_slli_si128(digits, 1), digits, behind);
    digits = points ? moved : digits;
    __m128i twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
    __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064));
    __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
    uint64_t halves = (uint64_t)_mm_cvtsi128_si64(eights);
    r.value = (halves & UINT32_MAX) * 100000000 + (halves >> 32);
    r.is_odd = !is_digits || (points & (points - 1)) || len == (points != 0) ||
               r.value > UINT64_C(1) << 53;
    return r;
}

#include "text/decimal_fields.inc"
#endif
