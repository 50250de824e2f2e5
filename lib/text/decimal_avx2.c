/* SPDX-License-Identifier: MIT */
#include "text/decimal_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

/* One field in 16 bytes, right-aligned; see decimal_avx512.c for the steps. */
struct one {
    uint64_t value;
    unsigned n_decimals;
    bool is_odd, is_negative, has_point;
};

/* 16 bytes of zeros, then of ones: from byte len on, the mask of the last len bytes. */
static const uint8_t tail_masks[32] = {
    [16] = 0xFF, [17] = 0xFF, [18] = 0xFF, [19] = 0xFF, [20] = 0xFF, [21] = 0xFF,
    [22] = 0xFF, [23] = 0xFF, [24] = 0xFF, [25] = 0xFF, [26] = 0xFF, [27] = 0xFF,
    [28] = 0xFF, [29] = 0xFF, [30] = 0xFF, [31] = 0xFF};

TARGET
static inline struct one parse_one(const char *end, size_t len, __m128i point)
{
    struct one r = {.is_odd = true};
    if (__builtin_expect(len - 1 >= 16, 0))
        return r;
    __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
    char sign = end[-(ptrdiff_t)len];
    r.is_negative = sign == '-';
    len -= sign == '-' || sign == '+';
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

TARGET
size_t umm_decimal_f64_avx2(const struct umm_decimal_column *c, uint32_t *odd)
{
    static const double powers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const __m128i point = _mm_set1_epi8(c->point);
    size_t n_odd = 0;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t end = c->ends[i * c->stride];
        size_t len = end - (c->begins[i * c->stride] + c->begin_add);
        struct one r = parse_one(c->text + end, len, point);
        double value = (double)(int64_t)r.value / powers[r.n_decimals];
        value = r.is_negative ? -value : value;
        memcpy(c->out + i * c->out_stride, &value, sizeof value);
        if (__builtin_expect(!r.is_odd, 1))
            continue;
        if (len == 0 && c->is_empty_nan)
            memcpy(c->out + i * c->out_stride, &umm_decimal_nan, sizeof umm_decimal_nan);
        else
            odd[n_odd++] = (uint32_t)i;
    }
    return n_odd;
}

TARGET
size_t umm_decimal_i64_avx2(const struct umm_decimal_column *c, uint32_t *odd)
{
    const __m128i point = _mm_set1_epi8(c->point);
    size_t n_odd = 0;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t end = c->ends[i * c->stride];
        size_t len = end - (c->begins[i * c->stride] + c->begin_add);
        struct one r = parse_one(c->text + end, len, point);
        int64_t value = r.is_negative ? -(int64_t)r.value : (int64_t)r.value;
        memcpy(c->out + i * c->out_stride, &value, sizeof value);
        if (__builtin_expect(r.is_odd || r.has_point, 0))
            odd[n_odd++] = (uint32_t)i;
    }
    return n_odd;
}
#endif
