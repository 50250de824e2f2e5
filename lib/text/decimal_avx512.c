/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
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
    __m512i value;   /* unsigned, the point left out */
    __m128i n_up_to; /* bytes of the 16 up to the point, 16 bits each; 0: no point */
    __mmask8 is_odd, is_negative, has_point;
    __m256i len;
};

struct half {
    __m512i digits;     /* the gap of the point closed; zero where there is nothing */
    uint64_t is_number; /* neither before the field nor a sign */
    uint64_t is_sign, is_minus, is_plus; /* what is below the point in code: signs mostly */
    uint64_t points, up_to_point;
    uint64_t is_bad; /* some bit of a field with something else in it */
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

/*
 * The bits of each field up to its point, which must be its only one and not its last
 * byte; all in one subtraction, as bit 15 of a field takes its borrow.
 */
static inline uint64_t up_to_points(uint64_t points, uint64_t *is_bad)
{
    const uint64_t lows = 0x0001000100010001, tops = lows << 15;
    uint64_t less = (points | tops) - lows, has_point = less & tops;
    *is_bad = points & (less | tops);
    return (less & (has_point - (has_point >> 15))) | points;
}

/* Bytes 16 to 1 of a field, from its end, and for each of them the one before. */
TARGET static inline __m512i bytes_to_end(void)
{
    return _mm512_broadcast_i32x4(
        _mm_setr_epi8(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1));
}

TARGET static inline __m512i bytes_before(void)
{
    return _mm512_broadcast_i32x4(
        _mm_setr_epi8(-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
}

/* len: the length of each field, in all of its bytes. */
TARGET UMM_INLINE struct half classify(__m512i four, __m512i len, char point)
{
    const __m512i to_end = bytes_to_end(), before = bytes_before();
    struct half h;
    uint64_t valid = _mm512_cmple_epu8_mask(to_end, len);
    uint64_t first = _mm512_mask_cmpeq_epu8_mask(valid, to_end, len);
    h.is_sign = _mm512_mask_cmplt_epu8_mask(first, four, _mm512_set1_epi8('.'));
    h.is_minus = _mm512_mask_cmpeq_epu8_mask(h.is_sign, four, _mm512_set1_epi8('-'));
    h.is_plus = _mm512_mask_cmpeq_epu8_mask(h.is_sign, four, _mm512_set1_epi8('+'));
    h.is_number = valid & ~h.is_sign;
    h.points = _mm512_mask_cmpeq_epu8_mask(h.is_number, four, _mm512_set1_epi8(point));
    h.up_to_point = up_to_points(h.points, &h.is_bad);
    __m512i digits = _mm512_maskz_sub_epi8(h.is_number, four, _mm512_set1_epi8('0'));
    /* What is at or before the point moves up by one byte. */
    h.digits = _mm512_mask_shuffle_epi8(digits, h.up_to_point, digits, before);
    h.is_bad |= _mm512_cmpgt_epu8_mask(h.digits, _mm512_set1_epi8(9));
    return h;
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

/* Which of the eight have any bit set. */
TARGET
static inline __mmask8 fields_with(uint64_t even, uint64_t odd)
{
    __m128i bits = in_order(by_field(even, odd));
    return _mm_test_epi16_mask(bits, bits);
}

/*
 * Take the marks between groups of digits out of eight fields whose lengths, in all of their
 * bytes, are in even_len and odd_len; count[k] is how many there were in field k. Returns which
 * fields have marks where groups do not end. Groups of three end at 4, 8, 12 bytes before the
 * point, those of India at 4, 7, 10, 13; the first byte is a digit other than 0.
 */
TARGET static inline __mmask8 close_groups(__m512i *even, __m512i *odd, __m512i even_len,
                                           __m512i odd_len, char mark, char point, __m256i *count)
{
    const __m512i marks = _mm512_set1_epi8(mark), points = _mm512_set1_epi8(point);
    const __m512i one = _mm512_set1_epi8('1'), eight = _mm512_set1_epi8(8);
    const __m128i zero = _mm_setzero_si128();
    const uint64_t even_valid = _mm512_cmple_epu8_mask(bytes_to_end(), even_len);
    const uint64_t odd_valid = _mm512_cmple_epu8_mask(bytes_to_end(), odd_len);
    const uint64_t even_marks = _mm512_mask_cmpeq_epu8_mask(even_valid, *even, marks);
    const uint64_t odd_marks = _mm512_mask_cmpeq_epu8_mask(odd_valid, *odd, marks);
    *count = _mm256_setzero_si256();
    if ((even_marks | odd_marks) == 0)
        return 0;
    const __m128i valid = by_field(even_valid, odd_valid);
    __m128i left = by_field(even_marks, odd_marks);
    const __m128i point_at = by_field(_mm512_mask_cmpeq_epu8_mask(even_valid, *even, points),
                                      _mm512_mask_cmpeq_epu8_mask(odd_valid, *odd, points));
    const __m128i lead =
        by_field(_mm512_mask_cmple_epu8_mask(even_valid, _mm512_sub_epi8(*even, one), eight),
                 _mm512_mask_cmple_epu8_mask(odd_valid, _mm512_sub_epi8(*odd, one), eight));
    /* The bytes before the point, 16 where there is none. */
    const __m128i before = _mm_popcnt_epi16(
        _mm_sub_epi16(_mm_and_si128(point_at, _mm_sub_epi16(zero, point_at)), _mm_set1_epi16(1)));
    const __m128i down = _mm_sub_epi16(_mm_set1_epi16(16), before);
    const __m128i west = _mm_and_si128(_mm_srlv_epi16(_mm_set1_epi16(0x1111), down), valid);
    const __m128i india = _mm_and_si128(_mm_srlv_epi16(_mm_set1_epi16(0x1249), down), valid);
    const __m128i first = _mm_and_si128(valid, _mm_sub_epi16(zero, valid));
    const __mmask8 is_good =
        (_mm_cmpeq_epi16_mask(left, west) | _mm_cmpeq_epi16_mask(left, india)) &
        _mm_test_epi16_mask(lead, first);
    const __m128i bad = in_order(_mm_maskz_mov_epi16((__mmask8)~is_good, left));
    *count = _mm256_cvtepu16_epi32(in_order(_mm_popcnt_epi16(left)));
    /* The first mark of each field goes, and what is before it moves up, until none is left. */
    for (__mmask8 some; (some = _mm_test_epi16_mask(left, left)) != 0;) {
        const __m128i less = _mm_sub_epi16(left, _mm_set1_epi16(1));
        const __m128i up_to = _mm_maskz_mov_epi16(some, _mm_xor_si128(left, less));
        *even = _mm512_mask_shuffle_epi8(*even, (uint64_t)_mm_cvtsi128_si64(up_to), *even,
                                         bytes_before());
        *odd = _mm512_mask_shuffle_epi8(*odd, (uint64_t)_mm_extract_epi64(up_to, 1), *odd,
                                        bytes_before());
        left = _mm_and_si128(left, less);
    }
    return _mm_test_epi16_mask(bad, bad);
}

/* Inlined by force: a struct of vectors returned through memory costs a quarter more time. */
TARGET UMM_INLINE struct eight parse_eight(const struct umm_decimal_column *c, size_t i,
                                           __mmask8 is_late, bool is_marked)
{
    struct eight e;
    const uint32_t *ends = c->ends + i;
    __m256i begin = _mm256_loadu_si256((const __m256i *)(const void *)(c->begins + i));
    __m256i end = _mm256_loadu_si256((const __m256i *)(const void *)(c->ends + i));
    begin = _mm256_add_epi32(begin, _mm256_set1_epi32((int)c->begin_add));
    begin = _mm256_mask_add_epi32(begin, is_late, begin, _mm256_set1_epi32(1));
    e.len = _mm256_sub_epi32(end, begin);
    __mmask8 is_no_length = _mm256_cmpgt_epu32_mask(_mm256_add_epi32(e.len, _mm256_set1_epi32(-1)),
                                                    _mm256_set1_epi32(15));
    __m512i lens = _mm512_castsi128_si512(_mm256_cvtepi32_epi8(e.len));
    const __m512i lanes =
        _mm512_setr_epi64(0, 0, 0x0202020202020202, 0x0202020202020202, 0x0404040404040404,
                          0x0404040404040404, 0x0606060606060606, 0x0606060606060606);
    const __m512i next_lanes = _mm512_add_epi8(lanes, _mm512_set1_epi8(1));
    __m512i even_text = load_four(c->text, ends), odd_text = load_four(c->text, ends + 1);
    __mmask8 is_ungrouped = 0;
    if (is_marked) {
        __m256i n_marks;
        is_ungrouped =
            close_groups(&even_text, &odd_text, _mm512_permutexvar_epi8(lanes, lens),
                         _mm512_permutexvar_epi8(next_lanes, lens), c->mark, c->point, &n_marks);
        lens = _mm512_castsi128_si512(_mm256_cvtepi32_epi8(_mm256_sub_epi32(e.len, n_marks)));
    }
    struct half even = classify(even_text, _mm512_permutexvar_epi8(lanes, lens), c->point);
    struct half odd = classify(odd_text, _mm512_permutexvar_epi8(next_lanes, lens), c->point);
    __m512i fours = _mm512_packus_epi32(join_digits(even.digits), join_digits(odd.digits));
    /* Eight digits each: the high half in the low 32 bits, the low half above. */
    __m512i eights = _mm512_madd_epi16(fours, _mm512_set1_epi32(0x00012710));
    e.value = _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)),
                               _mm512_srli_epi64(eights, 32));
    e.n_up_to = in_order(_mm_popcnt_epi16(by_field(even.up_to_point, odd.up_to_point)));
    e.is_odd = is_no_length | is_ungrouped |
               _mm512_cmpgt_epu64_mask(e.value, _mm512_set1_epi64(INT64_C(1) << 53));
    e.has_point = 0;
    e.is_negative = 0;
    if (__builtin_expect((even.is_bad | odd.is_bad) != 0, 0))
        e.is_odd |= fields_with(even.is_bad, odd.is_bad);
    if (__builtin_expect((even.is_sign | odd.is_sign) != 0, 0)) {
        e.is_negative = fields_with(even.is_minus, odd.is_minus);
        e.is_odd |= (__mmask8)~fields_with(even.is_number, odd.is_number) |
                    fields_with(even.is_sign & ~(even.is_minus | even.is_plus),
                                odd.is_sign & ~(odd.is_minus | odd.is_plus));
    }
    if (even.points | odd.points)
        e.has_point = fields_with(even.points, odd.points);
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

/* Inlined by force, so that columns without marks are not slower. */
TARGET UMM_INLINE size_t convert_f64(const struct umm_decimal_column *column, uint32_t *odd,
                                     bool is_marked)
{
    const struct umm_decimal_column copy = *column, *c = &copy; /* not changed by what is stored */
    /* By the number of bytes up to the point, of 16. */
    const __m512d low = _mm512_setr_pd(1e0, 1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9);
    const __m512d high = _mm512_setr_pd(1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1);
    size_t n_odd = 0, i = 0;
    struct late late = late_from(c);
    for (; i + 8 <= c->n; i += 8) {
        struct eight e = parse_eight(c, i, (__mmask8)late_eight(&late), is_marked);
        __m512d power = _mm512_permutex2var_pd(low, _mm512_cvtepu16_epi64(e.n_up_to), high);
        __m512d value = _mm512_div_pd(_mm512_cvtepu64_pd(e.value), power);
        value = _mm512_mask_xor_pd(value, e.is_negative, value, _mm512_set1_pd(-0.0));
        store_eight(c, i, _mm512_castpd_si512(value));
        if (__builtin_expect(e.is_odd, 0))
            n_odd += note_odd(c, i, &e, c->is_empty_nan, odd + n_odd);
    }
    return n_odd + umm_decimal_f64_portable(c, i, c->n, odd + n_odd);
}

TARGET
size_t umm_decimal_f64_avx512(const struct umm_decimal_column *column, uint32_t *odd)
{
    return column->mark ? convert_f64(column, odd, true) : convert_f64(column, odd, false);
}

TARGET
size_t umm_decimal_i64_avx512(const struct umm_decimal_column *column, uint32_t *odd)
{
    const struct umm_decimal_column copy = *column, *c = &copy; /* not changed by what is stored */
    size_t n_odd = 0, i = 0;
    struct late late = late_from(c);
    for (; i + 8 <= c->n; i += 8) {
        struct eight e = parse_eight(c, i, (__mmask8)late_eight(&late), false);
        e.is_odd |= e.has_point;
        e.value = _mm512_mask_sub_epi64(e.value, e.is_negative, _mm512_setzero_si512(), e.value);
        store_eight(c, i, e.value);
        if (__builtin_expect(e.is_odd, 0))
            n_odd += note_odd(c, i, &e, false, odd + n_odd);
    }
    return n_odd + umm_decimal_i64_portable(c, i, c->n, odd + n_odd);
}
#endif
