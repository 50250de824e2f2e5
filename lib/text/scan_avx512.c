/* SPDX-License-Identifier: MIT */
#include "text/scan_masks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SCAN_NAME umm_scan_avx512
#define SCAN_TARGET                                                                                \
    __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,avx512f,avx512bw,avx512dq,avx512vl,"        \
                          "avx512vbmi,avx512vbmi2,avx512bitalg")))

SCAN_TARGET
static inline struct scan_masks scan_masks(const char *text, char delimiter)
{
    __m512i word = _mm512_loadu_si512(text);
    return (struct scan_masks){.delimiter =
                                   _mm512_cmpeq_epi8_mask(word, _mm512_set1_epi8(delimiter)),
                               .lf = _mm512_cmpeq_epi8_mask(word, _mm512_set1_epi8('\n')),
                               .cr = _mm512_cmpeq_epi8_mask(word, _mm512_set1_epi8('\r')),
                               .quote = _mm512_cmpeq_epi8_mask(word, _mm512_set1_epi8('"')),
                               .nul = _mm512_testn_epi8_mask(word, word)};
}

SCAN_TARGET
static inline unsigned scan_count(uint64_t bits)
{
    return (unsigned)__builtin_popcountll(bits);
}

/* A carry-less product with all ones adds up every lower bit, without carries. */
SCAN_TARGET
static inline uint64_t scan_prefix_xor(uint64_t bits)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8((char)0xFF), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* The numbers of the set bits, squeezed together by one instruction, 16 to a store. */
SCAN_TARGET
static inline uint32_t *scan_emit(uint32_t *out, uint64_t bits, uint32_t base)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    unsigned n = scan_count(bits);
    __m512i packed = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(numbers));
    __m512i first = _mm512_set1_epi32((int)base);
    _mm512_storeu_si512(
        out, _mm512_add_epi32(first, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    for (unsigned done = 16; __builtin_expect(done < n, 0); done += 16) {
        packed = _mm512_shuffle_i64x2(packed, packed, 0x39); /* the next 16 bytes down */
        _mm512_storeu_si512(
            out + done,
            _mm512_add_epi32(first, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    }
    return out + n;
}

#include "text/scan_body.inc"
#endif
