/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "feature/recur_engines.h"

#define ENGINE umm_recur_avx2
#if defined(__x86_64__)
#include <immintrin.h>

#define WIDTH  4
#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define PLAIN  TARGET static
#define STEP   TARGET static inline __attribute__((always_inline))

typedef __m256d vec;

STEP vec vec_all(double x)
{
    return _mm256_set1_pd(x);
}

STEP vec vec_max(vec a, vec b)
{
    return _mm256_max_pd(a, b);
}

STEP vec vec_abs(vec a)
{
    return _mm256_andnot_pd(vec_all(-0.0), a);
}

STEP vec vec_above(vec a, vec b, vec x)
{
    return _mm256_and_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ), x);
}

STEP vec vec_zero(vec a, vec x, vec y)
{
    return _mm256_blendv_pd(y, x, _mm256_cmp_pd(a, vec_all(0), _CMP_EQ_OQ));
}

STEP vec vec_load(const double *p)
{
    return _mm256_loadu_pd(p);
}

STEP void vec_store(double *p, vec v)
{
    _mm256_storeu_pd(p, v);
}

STEP vec vec_tidy(vec v)
{
    return _mm256_blendv_pd(v, vec_all((double)NAN), _mm256_cmp_pd(v, v, _CMP_UNORD_Q));
}

STEP bool vec_finite(vec v)
{
    return _mm256_movemask_pd(_mm256_cmp_pd(v - v, vec_all(0), _CMP_EQ_OQ)) == 0xF;
}

/* 4 x 4: pairs within 128 bits, then halves. */
STEP void vec_transpose(vec *v)
{
    vec a = _mm256_unpacklo_pd(v[0], v[1]), b = _mm256_unpackhi_pd(v[0], v[1]);
    vec c = _mm256_unpacklo_pd(v[2], v[3]), d = _mm256_unpackhi_pd(v[2], v[3]);
    v[0] = _mm256_permute2f128_pd(a, c, 0x20);
    v[1] = _mm256_permute2f128_pd(b, d, 0x20);
    v[2] = _mm256_permute2f128_pd(a, c, 0x31);
    v[3] = _mm256_permute2f128_pd(b, d, 0x31);
}

#include "feature/recur_lanes.inc"
#else
const struct recur_engine ENGINE = {NULL, NULL, NULL};
#endif
