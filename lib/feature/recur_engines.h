/* SPDX-License-Identifier: MIT */
/* recur_engines.h - the engines of recur.h; private to recur*.c. */
#ifndef UMM_FEATURE_RECUR_ENGINES_H
#define UMM_FEATURE_RECUR_ENGINES_H

#include "base/inline.h"
#include "feature/recur.h"

/* Lanes side by side, on every engine; parts of a lane's rows that are checked by themselves. */
enum { LANES = UMM_RECUR_MANY, PIECES = 4, ROWS_STEP = 8 };

/* Where piece i of a part of len rows begins. len is a multiple of ROWS_STEP. */
static inline size_t piece_begin(size_t len, size_t i)
{
    return len / ROWS_STEP * i / PIECES * ROWS_STEP;
}

/* How many of the state's words are the row before, and how many there are. */
static inline unsigned recur_n_previous(enum umm_recur_kind kind)
{
    switch (kind) {
    case UMM_RECUR_ATR:
    case UMM_RECUR_NATR:
    case UMM_RECUR_RSI: return 1;
    case UMM_RECUR_ADX: return 3;
    case UMM_RECUR_EMA:
    case UMM_RECUR_MACD: break;
    }
    return 0;
}

static inline unsigned recur_n_words(enum umm_recur_kind kind)
{
    switch (kind) {
    case UMM_RECUR_ATR:
    case UMM_RECUR_NATR: return 2;
    case UMM_RECUR_RSI:
    case UMM_RECUR_MACD: return 3;
    case UMM_RECUR_ADX: return 7;
    case UMM_RECUR_EMA: break;
    }
    return 1;
}

static inline unsigned recur_n_inputs(enum umm_recur_kind kind)
{
    return kind == UMM_RECUR_EMA || kind == UMM_RECUR_RSI || kind == UMM_RECUR_MACD ? 1 : 3;
}

static inline unsigned recur_n_outputs(enum umm_recur_kind kind)
{
    return kind == UMM_RECUR_MACD || kind == UMM_RECUR_ADX ? 3 : 1;
}

struct recur_engine {
    /*
     * For each kind, rows begin to end - 1 of all lanes, both multiples of ROWS_STEP: lane l's of
     * column c are in[c][l][row], its results go to out[c][l][row] unless out is NULL, and its
     * state is state[word][l]. Whether all inputs were finite.
     */
    bool (*advance[UMM_RECUR_KINDS])(const struct umm_recur *recur, double (*state)[LANES],
                                     const double *(*in)[LANES], size_t begin, size_t end,
                                     double *(*out)[LANES]);
    bool (*is_finite)(const double *x, size_t n);
    void (*tidy)(double *x, size_t n);
};

/* NULL functions on machines that lack it. */
extern const struct recur_engine umm_recur_portable, umm_recur_avx2, umm_recur_avx512;

/* One row after the other: the definition. Whether all inputs were finite. */
bool umm_recur_rows(const struct umm_recur *recur, double *state, const double *const *in,
                    size_t first, size_t n, double *const *out);

#endif
