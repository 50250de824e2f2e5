/* SPDX-License-Identifier: MIT */
#include "feature/recur_engines.h"
#include "feature/vec_one.inc"

#include "feature/recur_step.inc"

STEP bool rows_of(enum umm_recur_kind kind, const struct umm_recur *recur, double *state,
                  const double *const *in, size_t first, size_t n, double *const *out)
{
    const unsigned n_words = recur_n_words(kind);
    const unsigned n_in = recur_n_inputs(kind), n_out = recur_n_outputs(kind);
    double odd = 0, s[UMM_RECUR_WORDS], x[UMM_RECUR_INPUTS], y[UMM_RECUR_OUTPUTS];
    UMM_UNROLL
    for (unsigned w = 0; w < n_words; w++)
        s[w] = state[w];
    for (size_t row = first; row < first + n; row++) {
        UMM_UNROLL
        for (unsigned c = 0; c < n_in; c++) {
            x[c] = in[c][row];
            odd += x[c] - x[c];
        }
        step(kind, s, x, y, recur->k, recur->flat);
        UMM_UNROLL
        for (unsigned c = 0; c < n_out; c++)
            out[c][row] = vec_tidy(y[c]);
    }
    UMM_UNROLL
    for (unsigned w = 0; w < n_words; w++)
        state[w] = s[w];
    return odd == 0;
}

bool umm_recur_rows(const struct umm_recur *recur, double *state, const double *const *in,
                    size_t first, size_t n, double *const *out)
{
    switch (recur->kind) {
    case UMM_RECUR_EMA: return rows_of(UMM_RECUR_EMA, recur, state, in, first, n, out);
    case UMM_RECUR_ATR: return rows_of(UMM_RECUR_ATR, recur, state, in, first, n, out);
    case UMM_RECUR_NATR: return rows_of(UMM_RECUR_NATR, recur, state, in, first, n, out);
    case UMM_RECUR_RSI: return rows_of(UMM_RECUR_RSI, recur, state, in, first, n, out);
    case UMM_RECUR_MACD: return rows_of(UMM_RECUR_MACD, recur, state, in, first, n, out);
    case UMM_RECUR_ADX: return rows_of(UMM_RECUR_ADX, recur, state, in, first, n, out);
    }
    return true;
}
