/* SPDX-License-Identifier: MIT */
#include "text/decimal_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET                                                                                     \
    __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,"               \
                          "avx512vbmi,avx512vbmi2,avx512bitalg")))

/*
 * Eight fields in two registers, one field to 16 bytes, right-aligned:
 *
 *     even   | field 0 | field 2 | field 4 | field 6 |
 *     odd    | field 1 | field 3 | field 5 | field 7 |
 *
 * so that the pack of both brings the values into order. Masks of 64 bits then have
 * 16 bits to a field; two of them are handled as eight 16-bit numbers in `order`
 * 0 2 4 6 1 3 5 7.
 */
struct eight {
    __m512i value;      /* unsigned, the point left out */
    __m128i n_decimals; /* digits behind the point, 16 bits each, in natural order */
    __mmask8 is_odd, is_negative, has_point;
    __m256i len;
};

struct half {
    __m512i digits; /* 0 to 9, zero where there is none */
    uint64_t is_digit, is_point, is_minus, is_bad;
};

TARGET
static inline __m512i load_four(const char *text, const uint32_t *ends)
{
    __m512i four = _mm512_castsi128_si512(
        _mm_loadu_si128((const __m128i *)(const void *)(text + (size_t)ends[0] - 16)));
    four = _mm512_inserti32x4(
        four, _mm_loadu_si128((const __m128i *)(const void *)(text + (size_t)ends[2] - 16)), 1);
    four = _mm512_inserti32x4(
        four, _mm_loadu_si128((const __m128i *)(const void *)(text + (size_t)ends[4] - 16)), 2);
    return _mm512_inserti32x4(
        four, _mm_loadu_si128((const __m128i *)(const void *)(text + (size_t)ends[6] - 16)), 3);
}

/* skip: the number of bytes before each field in its 16, in all of its bytes. */
TARGET
static inline struct half classify(__m512i four, __m512i skip, char point)
{
    const __m512i place =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    struct half h;
    uint64_t valid = _mm512_cmpge_epu8_mask(place, skip);
    uint64_t first = _mm512_mask_cmpeq_epu8_mask(valid, place, skip);
    h.is_minus = _mm512_mask_cmpeq_epu8_mask(first, four, _mm512_set1_epi8('-'));
    uint64_t is_plus = _mm512_mask_cmpeq_epu8_mask(first, four, _mm512_set1_epi8('+'));
    h.is_point = _mm512_mask_cmpeq_epu8_mask(valid, four, _mm512_set1_epi8(point));
    __m512i value = _mm512_sub_epi8(four, _mm512_set1_epi8('0'));
    uint64_t small = _mm512_cmplt_epu8_mask(value, _mm512_set1_epi8(10));
    h.is_digit = valid & small;
    h.is_bad = valid & ~(h.is_digit | h.is_point | h.is_minus | is_plus);
    h.digits = _mm512_maskz_mov_epi8(h.is_digit, value);
    return h;
}

/* Close the gap of the point: what is at or before it moves up by one byte. */
TARGET
static inline __m512i close_gap(__m512i digits, uint64_t up_to_point)
{
    return _mm512_mask_blend_epi8(up_to_point, digits, _mm512_bslli_epi128(digits, 1));
}

/* Sixteen digits to four numbers of four digits. */
TARGET
static inline __m512i join_digits(__m512i digits)
{
    __m512i twos = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A));
    return _mm512_madd_epi16(twos, _mm512_set1_epi32(0x00010064));
}

/* 16 bits a field, order 0 2 4 6 1 3 5 7. */
TARGET
static inline __m128i by_field(uint64_t even, uint64_t odd)
{
    return _mm_set_epi64x((int64_t)odd, (int64_t)even);
}

/* From that order to the natural one. */
TARGET
static inline __m128i in_order(__m128i fields)
{
    return _mm_unpacklo_epi16(fields, _mm_unpackhi_epi64(fields, fields));
}

/* Inlined by force: a struct of vectors returned through memory costs a quarter more time. */
TARGET __attribute__((always_inline)) static inline struct eight
parse_eight(const struct umm_decimal_column *c, size_t i, __mmask8 is_late)
{
    struct eight e;
    const uint32_t *ends = c->ends + i;
    __m256i begin = _mm256_loadu_si256((const __m256i *)(const void *)(c->begins + i));
    __m256i end = _mm256_loadu_si256((const __m256i *)(const void *)(c->ends + i));
    begin = _mm256_add_epi32(begin, _mm256_set1_epi32((int)c->begin_add));
    begin = _mm256_mask_add_epi32(begin, is_late, begin, _mm256_set1_epi32(1));
    e.len = _mm256_sub_epi32(end, begin);
    __mmask8 is_long = _mm256_cmpgt_epu32_mask(e.len, _mm256_set1_epi32(16));
    __m256i skip =
        _mm256_sub_epi32(_mm256_set1_epi32(16), _mm256_min_epu32(e.len, _mm256_set1_epi32(16)));
    __m512i skips = _mm512_castsi128_si512(_mm256_cvtepi32_epi8(skip));
    const __m512i lanes =
        _mm512_setr_epi64(0, 0, 0x0202020202020202, 0x0202020202020202, 0x0404040404040404,
                          0x0404040404040404, 0x0606060606060606, 0x0606060606060606);
    struct half even =
        classify(load_four(c->text, ends), _mm512_permutexvar_epi8(lanes, skips), c->point);
    struct half odd = classify(
        load_four(c->text, ends + 1),
        _mm512_permutexvar_epi8(_mm512_add_epi8(lanes, _mm512_set1_epi8(1)), skips), c->point);
    __m128i points = by_field(even.is_point, odd.is_point);
    __m128i below = _mm_add_epi16(points, _mm_set1_epi16(-1));
    __mmask8 has_point = _mm_test_epi16_mask(points, points);
    __m128i up_to = _mm_maskz_mov_epi16(has_point, _mm_or_si128(points, below));
    __mmask8 several = _mm_mask_test_epi16_mask(has_point, points, below);
    __m128i digits = by_field(even.is_digit, odd.is_digit);
    __mmask8 none = _mm_testn_epi16_mask(digits, digits);
    __m512i fours = _mm512_packus_epi32(
        join_digits(close_gap(even.digits, (uint64_t)_mm_cvtsi128_si64(up_to))),
        join_digits(close_gap(odd.digits, (uint64_t)_mm_extract_epi64(up_to, 1))));
    /* Eight digits each: the high half in the low 32 bits, the low half above. */
    __m512i eights = _mm512_madd_epi16(fours, _mm512_set1_epi32(0x00012710));
    e.value = _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)),
                               _mm512_srli_epi64(eights, 32));
    e.n_decimals =
        in_order(_mm_maskz_sub_epi16(has_point, _mm_set1_epi16(16), _mm_popcnt_epi16(up_to)));
    e.is_odd = is_long | _mm512_cmpgt_epu64_mask(e.value, _mm512_set1_epi64(INT64_C(1) << 53));
    e.has_point = 0;
    e.is_negative = 0;
    if (__builtin_expect((even.is_bad | odd.is_bad) != 0 || several || none, 0)) {
        __m128i bad = in_order(by_field(even.is_bad, odd.is_bad));
        e.is_odd |= _mm_test_epi16_mask(bad, bad);
        e.is_odd |= _mm_movepi16_mask(in_order(_mm_movm_epi16(several | none)));
    }
    if (__builtin_expect((even.is_minus | odd.is_minus) != 0, 0)) {
        __m128i minus = in_order(by_field(even.is_minus, odd.is_minus));
        e.is_negative = _mm_test_epi16_mask(minus, minus);
    }
    if (has_point)
        e.has_point = _mm_movepi16_mask(in_order(_mm_movm_epi16(has_point)));
    return e;
}

/* Note the fields of one group that are not plain; empty ones may be NaN. */
TARGET
static size_t note_odd(const struct umm_decimal_column *c, size_t i, const struct eight *e,
                       bool is_empty_nan, uint32_t *odd)
{
    size_t n_odd = 0;
    __mmask8 empty = _mm256_testn_epi32_mask(e->len, e->len);
    for (unsigned bits = e->is_odd; bits; bits &= bits - 1) {
        unsigned k = (unsigned)__builtin_ctz(bits);
        if (is_empty_nan && (empty >> k & 1))
            memcpy(c->out + (i + k) * c->out_stride, &umm_decimal_nan, sizeof umm_decimal_nan);
        else
            odd[n_odd++] = (uint32_t)(i + k);
    }
    return n_odd;
}

TARGET
static inline void store_eight(const struct umm_decimal_column *c, size_t i, __m512i values)
{
    char *out = c->out + i * c->out_stride;
    if (c->out_stride == 8) {
        _mm512_storeu_si512(out, values);
        return;
    }
    uint64_t each[8];
    _mm512_storeu_si512(each, values);
    for (size_t k = 0; k < 8; k++)
        memcpy(out + k * c->out_stride, &each[k], sizeof each[k]);
}

TARGET
size_t umm_decimal_f64_avx512(const struct umm_decimal_column *c, uint32_t *odd)
{
    const __m512d low = _mm512_setr_pd(1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7);
    const __m512d high = _mm512_setr_pd(1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15);
    size_t n_odd = 0, i = 0;
    struct late late = late_from(c);
    for (; i + 8 <= c->n; i += 8) {
        struct eight e = parse_eight(c, i, (__mmask8)late_eight(&late));
        __m512i decimals = _mm512_cvtepu16_epi64(e.n_decimals);
        __m512d power = _mm512_permutex2var_pd(low, decimals, high);
        __m512d value = _mm512_div_pd(_mm512_cvtepu64_pd(e.value), power);
        value = _mm512_mask_xor_pd(value, e.is_negative, value, _mm512_set1_pd(-0.0));
        store_eight(c, i, _mm512_castpd_si512(value));
        if (__builtin_expect(e.is_odd, 0))
            n_odd += note_odd(c, i, &e, c->is_empty_nan, odd + n_odd);
    }
    return n_odd + umm_decimal_f64_portable(c, i, c->n, odd + n_odd);
}

TARGET
size_t umm_decimal_i64_avx512(const struct umm_decimal_column *c, uint32_t *odd)
{
    size_t n_odd = 0, i = 0;
    struct late late = late_from(c);
    for (; i + 8 <= c->n; i += 8) {
        struct eight e = parse_eight(c, i, (__mmask8)late_eight(&late));
        e.is_odd |= e.has_point;
        e.value = _mm512_mask_sub_epi64(e.value, e.is_negative, _mm512_setzero_si512(), e.value);
        store_eight(c, i, e.value);
        if (__builtin_expect(e.is_odd, 0))
            n_odd += note_odd(c, i, &e, false, odd + n_odd);
    }
    return n_odd + umm_decimal_i64_portable(c, i, c->n, odd + n_odd);
}
#endif
