/* SPDX-License-Identifier: MIT */
#include "base/inline.h"
#include "model/rowops_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VECTOR_BYTES 64
#define TARGET                                                                                     \
    __attribute__((target("avx2,fma,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))
#define TABLE           look_up
#define ENGINE          umm_rowops_avx512
#define NARROW(v)       (bytes) _mm512_cvtepi32_epi8((__m512i)(v))
#define WIDEN_U8(v)     (ivec) _mm512_cvtepu8_epi32((__m128i)(v))
#define WIDEN_I8(v)     (ivec) _mm512_cvtepi8_epi32((__m128i)(v))
#define FUSED(a, b, c)  (fvec) _mm512_fmadd_ps(a, b, c)
#define LARGER(a, b)    (fvec) _mm512_max_ps(a, b)
#define SMALLER(a, b)   (fvec) _mm512_min_ps(a, b)
#define LARGER_D(a, b)  (dvec) _mm512_max_pd(a, b)
#define SMALLER_D(a, b) (dvec) _mm512_min_pd(a, b)

/* The table is four vectors; a permutation of two of them looks at seven bits. */
TARGET UMM_INLINE __m512i look_up_64(const __m512i t[4], __m512i x)
{
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), _mm512_permutex2var_epi8(t[0], x, t[1]),
                                  _mm512_permutex2var_epi8(t[2], x, t[3]));
}

TARGET static void look_up(const uint8_t table[256], const uint8_t *x, size_t n, uint8_t *y)
{
    const __m512i t[4] = {_mm512_loadu_si512(table), _mm512_loadu_si512(table + 64),
                          _mm512_loadu_si512(table + 128), _mm512_loadu_si512(table + 192)};
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
        _mm512_storeu_si512(y + i, look_up_64(t, _mm512_loadu_si512(x + i)));
    if (i < n) {
        const __mmask64 rest = _bzhi_u64(UINT64_MAX, (unsigned)(n - i));
        _mm512_mask_storeu_epi8(y + i, rest, look_up_64(t, _mm512_maskz_loadu_epi8(rest, x + i)));
    }
}

#include "model/rowops.inc"
#else
const struct umm_rowops umm_rowops_avx512 = {0};
#endif
