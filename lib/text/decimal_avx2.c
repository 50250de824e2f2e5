/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
#include "text/decimal_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define DECIMAL_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

/* ---- one field ------------------------------------------------------------------- */

#define DECIMAL_NAME(type) one_by_one_##type
#define DECIMAL_SCOPE      static
#define decimal_splat(c)   _mm_set1_epi8(c)
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
    __m128i after = _mm_loadu_si128((const __m128i *)(const void *)(tail_masks + r.n_decimals));
    __m128i moved = _mm_blendv_epi8(_mm_slli_si128(digits, 1), digits, after);
    digits = points ? moved : digits;
    __m128i twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
    __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064));
    __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
    uint64_t halves = (uint64_t)_mm_cvtsi128_si64(eights);
    r.value = (halves & UINT32_MAX) * 100000000 + (halves >> 32);
    r.is_odd =
        !is_digits || (points & (points - 1)) || (points & 0x8000) || r.value > UINT64_C(1) << 53;
    return r;
}

#include "text/decimal_fields.inc"

/* ---- eight fields ---------------------------------------------------------------- */

/*
 * Eight fields in four registers, fields k and k + 4 in the halves of number k, each
 * right-aligned. What is not digits, with a minus before or not and at most one point of
 * which more digits follow, sends the eight through the loop above.
 */
struct eight {
    __m256i low, high;      /* values 0 to 3, 4 to 7 */
    unsigned n_decimals[8]; /* 16: no point */
    __m256i lens;
    __m256i minus; /* not zero if any field begins with one */
    bool is_odd;
};

DECIMAL_TARGET
static inline __m256i load_two(const void *low, const void *high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                   _mm_loadu_si128((const __m128i *)high), 1);
}

/* Fields k and k + 4 to four-digit numbers; the bits of *bad are not zero if it cannot be. */
DECIMAL_TARGET UMM_INLINE __m256i parse_two(const struct umm_decimal_column *c, size_t i, int k,
                                            __m256i lens, struct eight *e, __m256i *bad)
{
    /* Byte 4 k of each half of lens, in all bytes: the lengths of both fields. */
    const __m256i spread = _mm256_set1_epi8((char)(4 * k));
    const __m256i from_end = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1));
    const __m256i before = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
    __m256i raw =
        load_two(c->text + c->ends[i + (size_t)k] - 16, c->text + c->ends[i + (size_t)k + 4] - 16);
    __m256i len = _mm256_shuffle_epi8(lens, spread);
    __m256i minus = _mm256_and_si256(_mm256_cmpeq_epi8(from_end, len),
                                     _mm256_cmpeq_epi8(raw, _mm256_set1_epi8('-')));
    __m256i outside = _mm256_or_si256(_mm256_cmpgt_epi8(from_end, len), minus);
    e->minus = _mm256_or_si256(e->minus, minus);
    __m256i is_point = _mm256_cmpeq_epi8(raw, _mm256_set1_epi8(c->point));
    uint32_t points = (uint32_t)_mm256_movemask_epi8(_mm256_andnot_si256(outside, is_point));
    unsigned low = (unsigned)__builtin_clz(points << 16 | 0x8000);
    unsigned high = (unsigned)__builtin_clz((points & 0xFFFF0000) | 0x8000);
    e->n_decimals[k] = low;
    e->n_decimals[k + 4] = high;
    e->is_odd |= (points & 0x80008000) != 0;
    __m256i digits = _mm256_andnot_si256(outside, _mm256_sub_epi8(raw, _mm256_set1_epi8('0')));
    /* What is at or before the point moves up by one byte; all ones is minus one. */
    __m256i after = load_two(tail_masks + low, tail_masks + high);
    digits = _mm256_shuffle_epi8(digits, _mm256_sub_epi8(before, after));
    *bad = _mm256_or_si256(*bad, _mm256_subs_epu8(digits, _mm256_set1_epi8(9)));
    __m256i twos = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
    return _mm256_madd_epi16(twos, _mm256_set1_epi32(0x00010064));
}

/* Four numbers in each half to two of sixteen digits. */
DECIMAL_TARGET
static inline __m256i join_fours(__m256i first, __m256i second)
{
    __m256i eights =
        _mm256_madd_epi16(_mm256_packus_epi32(first, second), _mm256_set1_epi32(0x00012710));
    return _mm256_add_epi64(_mm256_mul_epu32(eights, _mm256_set1_epi64x(100000000)),
                            _mm256_srli_epi64(eights, 32));
}

DECIMAL_TARGET UMM_INLINE struct eight parse_eight(const struct umm_decimal_column *c, size_t i,
                                                   unsigned late)
{
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    struct eight e = {.minus = _mm256_setzero_si256()};
    __m256i bad = _mm256_setzero_si256();
    __m256i begin = _mm256_loadu_si256((const __m256i *)(const void *)(c->begins + i));
    __m256i end = _mm256_loadu_si256((const __m256i *)(const void *)(c->ends + i));
    begin = _mm256_add_epi32(begin, _mm256_set1_epi32((int)c->begin_add));
    /* All ones is minus one. */
    begin = _mm256_sub_epi32(
        begin, _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)late), bit), bit));
    __m256i lens = e.lens = _mm256_sub_epi32(end, begin);
    __m256i less = _mm256_add_epi32(lens, _mm256_set1_epi32(-1));
    e.is_odd = !_mm256_testz_si256(less, _mm256_set1_epi32(~15));
    __m256i a = join_fours(parse_two(c, i, 0, lens, &e, &bad), parse_two(c, i, 1, lens, &e, &bad));
    __m256i b = join_fours(parse_two(c, i, 2, lens, &e, &bad), parse_two(c, i, 3, lens, &e, &bad));
    e.low = _mm256_permute2x128_si256(a, b, 0x20);
    e.high = _mm256_permute2x128_si256(a, b, 0x31);
    const __m256i most = _mm256_set1_epi64x(INT64_C(1) << 53);
    bad = _mm256_or_si256(
        bad, _mm256_or_si256(_mm256_cmpgt_epi64(e.low, most), _mm256_cmpgt_epi64(e.high, most)));
    e.is_odd |= !_mm256_testz_si256(bad, bad);
    return e;
}

/* At most 2^53, so exactly: the halves of 32 bits as the low bits of 2^84 and 2^52. */
DECIMAL_TARGET
static inline __m256d to_doubles(__m256i values)
{
    const __m256d both = _mm256_set1_pd(0x1p84 + 0x1p52);
    __m256i high =
        _mm256_or_si256(_mm256_srli_epi64(values, 32), _mm256_castpd_si256(_mm256_set1_pd(0x1p84)));
    __m256i low = _mm256_blend_epi32(_mm256_castpd_si256(_mm256_set1_pd(0x1p52)), values, 0x55);
    return _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), both), _mm256_castsi256_pd(low));
}

DECIMAL_TARGET
static inline bool has_minus(const struct eight *e)
{
    return !_mm256_testz_si256(e->minus, e->minus);
}

/* Negate the values with a minus. False if one is nothing but a minus. */
DECIMAL_TARGET
static bool negate(const struct umm_decimal_column *c, size_t i, __m256i lens, __m256d values[2])
{
    uint32_t len[8];
    double signs[8];
    bool is_alone = false;
    _mm256_storeu_si256((__m256i *)(void *)len, lens);
    for (size_t k = 0; k < 8; k++) {
        bool is_minus = len[k] && c->text[(size_t)c->ends[i + k] - len[k]] == '-';
        signs[k] = is_minus ? -1 : 1;
        is_alone |= is_minus && len[k] == 1;
    }
    values[0] = _mm256_mul_pd(values[0], _mm256_loadu_pd(signs));
    values[1] = _mm256_mul_pd(values[1], _mm256_loadu_pd(signs + 4));
    return !is_alone;
}

DECIMAL_TARGET
static inline void store_four(const struct umm_decimal_column *c, size_t i, __m256i values)
{
    char *out = c->out + i * c->out_stride;
    if (c->out_stride == 8) {
        _mm256_storeu_si256((__m256i *)(void *)out, values);
        return;
    }
    int64_t each[4];
    _mm256_storeu_si256((__m256i *)(void *)each, values);
    for (size_t k = 0; k < 4; k++)
        memcpy(out + k * c->out_stride, &each[k], sizeof each[k]);
}

DECIMAL_TARGET
static inline __m256d divide(__m256i values, const unsigned *n_decimals)
{
    static const double powers[17] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                      1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e0};
    __m256d by = _mm256_setr_pd(powers[n_decimals[0]], powers[n_decimals[1]], powers[n_decimals[2]],
                                powers[n_decimals[3]]);
    return _mm256_div_pd(to_doubles(values), by);
}

DECIMAL_TARGET
size_t umm_decimal_f64_avx2(const struct umm_decimal_column *c, uint32_t *odd)
{
    size_t n_odd = 0, i = 0;
    struct late late = late_from(c);
    for (; i + 8 <= c->n; i += 8) {
        struct eight e = parse_eight(c, i, late_eight(&late));
        __m256d values[2] = {divide(e.low, e.n_decimals), divide(e.high, e.n_decimals + 4)};
        bool is_odd = e.is_odd;
        if (__builtin_expect(!is_odd && has_minus(&e), 0))
            is_odd = !negate(c, i, e.lens, values);
        if (__builtin_expect(is_odd, 0)) {
            n_odd += one_by_one_f64(c, i, i + 8, odd + n_odd);
            continue;
        }
        store_four(c, i, _mm256_castpd_si256(values[0]));
        store_four(c, i + 4, _mm256_castpd_si256(values[1]));
    }
    _mm256_zeroupper(); /* gcc 12 does not */
    return n_odd + one_by_one_f64(c, i, c->n, odd + n_odd);
}

DECIMAL_TARGET
size_t umm_decimal_i64_avx2(const struct umm_decimal_column *c, uint32_t *odd)
{
    size_t n_odd = 0, i = 0;
    struct late late = late_from(c);
    for (; i + 8 <= c->n; i += 8) {
        struct eight e = parse_eight(c, i, late_eight(&late));
        unsigned no_point = 16;
        for (int k = 0; k < 8; k++)
            no_point &= e.n_decimals[k];
        if (__builtin_expect(e.is_odd || !no_point || has_minus(&e), 0)) {
            n_odd += one_by_one_i64(c, i, i + 8, odd + n_odd);
            continue;
        }
        store_four(c, i, e.low);
        store_four(c, i + 4, e.high);
    }
    _mm256_zeroupper(); /* gcc 12 does not */
    return n_odd + one_by_one_i64(c, i, c->n, odd + n_odd);
}
#endif
