/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "feature/recur_engines.h"

#define ENGINE umm_recur_avx512
#if defined(__x86_64__)
#include <immintrin.h>

#define WIDTH  8
#define TARGET __attribute__((target("avx2,bmi,bmi2,avx512f,avx512dq,avx512vl")))
#define PLAIN  TARGET static
#define STEP   TARGET static inline __attribute__((always_inline))

typedef __m512d vec;

STEP vec vec_all(double x)
{
    return _mm512_set1_pd(x);
}

STEP vec vec_max(vec a, vec b)
{
    return _mm512_max_pd(a, b);
}

STEP vec vec_abs(vec a)
{
    return _mm512_abs_pd(a);
}

STEP vec vec_above(vec a, vec b, vec x)
{
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(a, b, _CMP_GT_OQ), x);
}

STEP vec vec_zero(vec a, vec x, vec y)
{
    return _mm512_mask_mov_pd(y, _mm512_cmp_pd_mask(a, vec_all(0), _CMP_EQ_OQ), x);
}

STEP vec vec_load(const double *p)
{
    return _mm512_loadu_pd(p);
}

STEP void vec_store(double *p, vec v)
{
    _mm512_storeu_pd(p, v);
}

STEP vec vec_tidy(vec v)
{
    return _mm512_mask_mov_pd(v, _mm512_cmp_pd_mask(v, v, _CMP_UNORD_Q), vec_all((double)NAN));
}

STEP bool vec_finite(vec v)
{
    return _mm512_cmp_pd_mask(v - v, vec_all(0), _CMP_EQ_OQ) == 0xFF;
}

/* 8 x 8: pairs within 128 bits, then 128-bit quarters, twice. */
STEP void vec_transpose(vec *v)
{
    vec a[8], b[8];
    _Pragma("GCC unroll 8") for (unsigned i = 0; i < 8; i += 2)
    {
        a[i] = _mm512_unpacklo_pd(v[i], v[i + 1]);
        a[i + 1] = _mm512_unpackhi_pd(v[i], v[i + 1]);
    }
    _Pragma("GCC unroll 8") for (unsigned i = 0; i < 2; i++)
    {
        b[i] = _mm512_shuffle_f64x2(a[i], a[i + 2], 0x88);
        b[i + 2] = _mm512_shuffle_f64x2(a[i], a[i + 2], 0xDD);
        b[i + 4] = _mm512_shuffle_f64x2(a[i + 4], a[i + 6], 0x88);
        b[i + 6] = _mm512_shuffle_f64x2(a[i + 4], a[i + 6], 0xDD);
    }
    _Pragma("GCC unroll 8") for (unsigned i = 0; i < 4; i++)
    {
        v[i] = _mm512_shuffle_f64x2(b[i], b[i + 4], 0x88);
        v[i + 4] = _mm512_shuffle_f64x2(b[i], b[i + 4], 0xDD);
    }
}

#include "feature/recur_lanes.inc"
#else
const struct recur_engine ENGINE = {NULL, NULL, NULL};
#endif
