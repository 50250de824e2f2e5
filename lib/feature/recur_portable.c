/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "feature/recur_engines.h"

#define ENGINE umm_recur_portable
#define WIDTH  1
#define PLAIN  static
#define STEP   static inline __attribute__((always_inline))

typedef double vec;

STEP vec vec_all(double x)
{
    return x;
}

STEP vec vec_max(vec a, vec b)
{
    return a > b ? a : b;
}

STEP vec vec_abs(vec a)
{
    return fabs(a);
}

/*
 * Numbers that are not negative are ordered as their bits are, and negative ones come
 * before them as integers too. As numbers, compilers make a branch of it, which prices
 * that go up and down take at random.
 */
STEP vec vec_above(vec a, vec b, vec x)
{
    int64_t a_bits, b_bits, x_bits;
    memcpy(&a_bits, &a, sizeof a);
    memcpy(&b_bits, &b, sizeof b);
    memcpy(&x_bits, &x, sizeof x);
    x_bits &= -(int64_t)(a_bits > b_bits);
    memcpy(&x, &x_bits, sizeof x);
    return x;
}

STEP vec vec_zero(vec a, vec x, vec y)
{
    return a == 0 ? x : y;
}

STEP vec vec_load(const double *p)
{
    return *p;
}

STEP void vec_store(double *p, vec v)
{
    *p = v;
}

STEP vec vec_tidy(vec v)
{
    return v == v ? v : (double)NAN;
}

STEP bool vec_finite(vec v)
{
    return v - v == 0;
}

STEP void vec_transpose(vec *v)
{
    (void)v;
}

#include "feature/recur_lanes.inc"

STEP void rows_of(enum umm_recur_kind kind, const struct umm_recur *recur, double *state,
                  const double *const *in, size_t first, size_t n, double *const *out)
{
    const unsigned n_words = recur_n_words(kind);
    const unsigned n_in = recur_n_inputs(kind), n_out = recur_n_outputs(kind);
    double s[UMM_RECUR_WORDS], x[UMM_RECUR_INPUTS], y[UMM_RECUR_OUTPUTS];
    UNROLL
    for (unsigned w = 0; w < n_words; w++)
        s[w] = state[w];
    for (size_t row = first; row < first + n; row++) {
        UNROLL
        for (unsigned c = 0; c < n_in; c++)
            x[c] = in[c][row];
        step(kind, s, x, y, recur->k, recur->flat);
        UNROLL
        for (unsigned c = 0; c < n_out; c++)
            out[c][row] = vec_tidy(y[c]);
    }
    UNROLL
    for (unsigned w = 0; w < n_words; w++)
        state[w] = s[w];
}

void umm_recur_rows(const struct umm_recur *recur, double *state, const double *const *in,
                    size_t first, size_t n, double *const *out)
{
    switch (recur->kind) {
    case UMM_RECUR_EMA: rows_of(UMM_RECUR_EMA, recur, state, in, first, n, out); break;
    case UMM_RECUR_ATR: rows_of(UMM_RECUR_ATR, recur, state, in, first, n, out); break;
    case UMM_RECUR_NATR: rows_of(UMM_RECUR_NATR, recur, state, in, first, n, out); break;
    case UMM_RECUR_RSI: rows_of(UMM_RECUR_RSI, recur, state, in, first, n, out); break;
    case UMM_RECUR_MACD: rows_of(UMM_RECUR_MACD, recur, state, in, first, n, out); break;
    case UMM_RECUR_ADX: rows_of(UMM_RECUR_ADX, recur, state, in, first, n, out); break;
    }
}
