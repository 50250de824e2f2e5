/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
#include "text/notation_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

/*
 * A number in 16 bytes, right-aligned, and masks of them with a bit for each byte:
 *
 *     bytes     . . . . 1 2 , 3 4 5 , 6 7 8 . 9
 *     marks                 x       x              at 4, 8, 12 before the point
 *     digits            x x   x x x   x x x   x    moved together, to two words of eight
 *
 * Byte len of tail_masks begins the mask of the last len bytes.
 */
static const uint8_t tail_masks[32] = {
    [16] = 0xFF, [17] = 0xFF, [18] = 0xFF, [19] = 0xFF, [20] = 0xFF, [21] = 0xFF,
    [22] = 0xFF, [23] = 0xFF, [24] = 0xFF, [25] = 0xFF, [26] = 0xFF, [27] = 0xFF,
    [28] = 0xFF, [29] = 0xFF, [30] = 0xFF, [31] = 0xFF};

TARGET static inline unsigned mask_of(__m128i bytes)
{
    return (unsigned)_mm_movemask_epi8(bytes);
}

/*
 * Whether marks are where they are in groups of three, or in those of India, of a number
 * whose bytes are `valid`, and its point or end at `point`.
 */
static inline bool is_grouped(unsigned marks, unsigned valid, unsigned point)
{
    /* As if the point were at bit 32. */
    const uint64_t west = 0x11111111, india = 0x12492492;
    const unsigned first = valid & -valid;
    const unsigned by_three = (unsigned)(west >> (32 - point)) & valid;
    const unsigned by_two = (unsigned)(india >> (32 - point)) & valid;
    return (marks == by_three || marks == by_two) && !(marks & first);
}

/*
 * The same where marks are the bytes of marks of two or three: each is counted as one by leaving
 * its other bytes out of all masks.
 */
TARGET static inline bool is_widely_grouped(const struct how *how, const char *end, __m128i raw,
                                            unsigned marks, unsigned valid, unsigned points)
{
    const unsigned first = (unsigned)__builtin_ctz(marks);
    const char *mark = end - 16 + first;
    const size_t size = umm_group_mark_size(how->mark, mark, 16 - first);
    if (size < 2)
        return false;
    unsigned leads = mask_of(_mm_cmpeq_epi8(raw, _mm_set1_epi8(mark[0]))) &
                     mask_of(_mm_cmpeq_epi8(raw, _mm_set1_epi8(mark[1]))) >> 1 & valid;
    if (size == 3)
        leads &= mask_of(_mm_cmpeq_epi8(raw, _mm_set1_epi8(mark[2]))) >> 2;
    const unsigned others = leads << 1 | (size == 3 ? leads << 2 : 0);
    if ((leads | others) != marks)
        return false;
    const unsigned kept = valid & ~others, n = (unsigned)__builtin_popcount(kept);
    const unsigned moved = 16 - n, moved_points = _pext_u32(points, kept) << moved;
    return is_grouped(_pext_u32(leads, kept) << moved, 0xFFFFU << moved & 0xFFFF,
                      points ? (unsigned)__builtin_ctz(moved_points) : 16);
}

/* Eight digits, one to a byte, the first in the lowest. */
static inline uint64_t join_eight(uint64_t digits)
{
    const uint64_t pairs = 0x000000FF000000FF;
    digits = digits * 10 + (digits >> 8);
    return ((digits & pairs) * (100 + (UINT64_C(1000000) << 32)) +
            ((digits >> 16) & pairs) * (1 + (UINT64_C(10000) << 32))) >>
           32;
}

/* The bytes of word that keep has ones for, moved up to its end; zeros before them. */
TARGET static inline uint64_t compress(uint64_t word, uint64_t keep, unsigned n)
{
    return n ? _pext_u64(word, keep) << (64 - 8 * n) : 0;
}

/* The number that the digits at the ones of `keep` are. */
TARGET static inline uint64_t join(__m128i digits, __m128i keep, unsigned mask)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    const unsigned n_low = (unsigned)__builtin_popcount(mask & 0xFF);
    const unsigned n_high = (unsigned)__builtin_popcount(mask >> 8);
    const uint64_t low =
        compress((uint64_t)_mm_cvtsi128_si64(digits), (uint64_t)_mm_cvtsi128_si64(keep), n_low);
    const uint64_t high = compress((uint64_t)_mm_extract_epi64(digits, 1),
                                   (uint64_t)_mm_extract_epi64(keep, 1), n_high);
    return join_eight(low) * powers[n_high] + join_eight(high);
}

/* Whatever is not plain or well grouped, or is longer, is left to the portable one. */
TARGET UMM_INLINE struct plain digits_in_16(const struct how *how, const char *end, size_t len)
{
    /* A digit is never left over as a mark. */
    static const char marks_of[UMM_GROUP_MARKS] = {'0', ',', '.', '\'', ' '};
    struct plain r = {.is_odd = true};
    if (__builtin_expect(len - 1 >= 16, 0))
        return umm_notation_digits(how, end, len);
    const __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
    const __m128i tail = _mm_loadu_si128((const __m128i *)(const void *)(tail_masks + len));
    const __m128i values = _mm_sub_epi8(raw, _mm_set1_epi8('0'));
    const __m128i nine = _mm_set1_epi8(9);
    const __m128i keep = _mm_and_si128(_mm_cmpeq_epi8(_mm_max_epu8(values, nine), nine), tail);
    const unsigned valid = 0xFFFFU << (16 - len) & 0xFFFF, digits = mask_of(keep);
    const unsigned points = mask_of(_mm_cmpeq_epi8(raw, _mm_set1_epi8(how->point))) & valid;
    const unsigned marks = valid & ~digits & ~points;
    const unsigned point = points ? (unsigned)__builtin_ctz(points) : 16;
    if (marks) {
        const __m128i mark = _mm_set1_epi8(marks_of[how->mark]);
        const bool is_narrow = !(marks & ~mask_of(_mm_cmpeq_epi8(raw, mark)));
        const bool is_good = is_narrow ? is_grouped(marks, valid, point)
                                       : is_widely_grouped(how, end, raw, marks, valid, points);
        if (!is_good || end[-(ptrdiff_t)len] == '0')
            return umm_notation_digits(how, end, len);
    }
    r.value = join(values, keep, digits);
    r.has_point = points != 0;
    r.n_decimals = 15 - (points ? point : 15);
    r.is_odd = (points & (points - 1)) || (points & 0x8000) || !(valid & -valid & digits) ||
               r.value > UINT64_C(1) << 53;
    return r;
}

#define NOTATION_NAME(type) umm_notation_##type##_avx2
#define NOTATION_SCOPE
#define NOTATION_TARGET TARGET
#define NOTATION_DIGITS digits_in_16
#include "text/notation_fields.inc"
#endif
