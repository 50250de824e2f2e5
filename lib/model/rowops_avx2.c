/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
#include "model/rowops_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VECTOR_BYTES    32
#define TARGET          __attribute__((target("avx2,fma,bmi,bmi2")))
#define TABLE           look_up
#define ENGINE          umm_rowops_avx2
#define NARROW(v)       (bytes) narrow((__m256i)(v))
#define WIDEN_U8(v)     (ivec) _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)(v)))
#define WIDEN_I8(v)     (ivec) _mm256_cvtepi8_epi32(_mm_cvtsi64_si128((long long)(v)))
#define FUSED(a, b, c)  (fvec) _mm256_fmadd_ps(a, b, c)
#define LARGER(a, b)    (fvec) _mm256_max_ps(a, b)
#define SMALLER(a, b)   (fvec) _mm256_min_ps(a, b)
#define LARGER_D(a, b)  (dvec) _mm256_max_pd(a, b)
#define SMALLER_D(a, b) (dvec) _mm256_min_pd(a, b)

/* The last byte of each of eight integers, as one of 64 bits. */
TARGET UMM_INLINE long long narrow(__m256i v)
{
    const __m256i of_four = _mm256_set1_epi32(0x0C080400);
    const __m256i bytes = _mm256_shuffle_epi8(v, of_four);
    return _mm_cvtsi128_si64(
        _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}

/* Eight bytes at a time: a shuffle for each of 16 rows of the table is slower. */
TARGET static void look_up(const uint8_t table[256], const uint8_t *x, size_t n, uint8_t *y)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t in, out = 0;
        __builtin_memcpy(&in, x + i, sizeof in);
        _Pragma("GCC unroll 8") for (unsigned k = 0; k < 8; k++) out |=
            (uint64_t)table[in >> 8 * k & 0xFF] << 8 * k;
        __builtin_memcpy(y + i, &out, sizeof out);
    }
    for (; i < n; i++)
        y[i] = table[x[i]];
}

#include "model/rowops.inc"
#else
const struct umm_rowops umm_rowops_avx2 = {0};
#endif
