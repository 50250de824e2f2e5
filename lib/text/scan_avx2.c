/* SPDX-License-Identifier: MIT */
#include "text/scan_masks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SCAN_NAME   umm_scan_avx2
#define SCAN_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))

SCAN_TARGET
static inline uint64_t equal64(__m256i low, __m256i high, char c)
{
    const __m256i wanted = _mm256_set1_epi8(c);
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return a | (uint64_t)b << 32;
}

SCAN_TARGET
static inline struct scan_masks scan_masks(const char *text, char delimiter)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    return (struct scan_masks){.delimiter = equal64(low, high, delimiter),
                               .lf = equal64(low, high, '\n'),
                               .cr = equal64(low, high, '\r'),
                               .quote = equal64(low, high, '"'),
                               .nul = equal64(low, high, '\0')};
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

/* Eight at a time: most words have no more, and a loop per bit would be mispredicted. */
SCAN_TARGET
static inline uint32_t *scan_emit(uint32_t *out, uint64_t bits, uint32_t base)
{
    unsigned n = scan_count(bits), done = 0;
    do {
        for (unsigned i = 0; i < 8; i++) {
            out[done + i] = base + (uint32_t)_tzcnt_u64(bits);
            bits = _blsr_u64(bits);
        }
        done += 8;
    } while (__builtin_expect(done < n, 0));
    return out + n;
}

#include "text/scan_body.inc"
#endif
