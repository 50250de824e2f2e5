/* SPDX-License-Identifier: MIT */
/* recur_engines.h - the engines of recur.h; private to recur*.c. */
#ifndef UMM_FEATURE_RECUR_ENGINES_H
#define UMM_FEATURE_RECUR_ENGINES_H

#include "feature/recur.h"

/* Lanes side by side, on every engine; parts of a lane's rows that are checked by themselves. */
enum { LANES = UMM_RECUR_MANY, PIECES = 4, ROWS_STEP = 8 };

/* Before small loops of known length: states and rows are to stay in registers. */
#define RECUR_UNROLL _Pragma("GCC unroll 16")

/* States of all lanes at the beginnings of the pieces, and at their ends. */
struct recur_lanes {
    double state[PIECES + 1][UMM_RECUR_WORDS][LANES];
    bool is_finite; /* all rows that the lanes took */
};

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

/*
 * An engine: lane l takes rows l * len .. (l + 1) * len - 1, having run over the warm_up
 * rows before (lane 0: having state). len and warm_up are multiples of ROWS_STEP, and
 * warm_up < len.
 */
struct recur_engine {
    void (*lanes)(const struct umm_recur *recur, const double *state, const double *const *in,
                  size_t len, size_t warm_up, double *const *out, struct recur_lanes *lanes);
    /* n rows of LANES series, a multiple of ROWS_STEP */
    void (*many)(const struct umm_recur *recur, const struct umm_recur_series *series, size_t n);
    bool (*is_finite)(const double *x, size_t n);
    void (*tidy)(double *x, size_t n);
};

/* NULL functions on machines that lack it. */
extern const struct recur_engine umm_recur_portable, umm_recur_avx2, umm_recur_avx512;

/* One row after the other: the definition. Whether all inputs were finite. */
bool umm_recur_rows(const struct umm_recur *recur, double *state, const double *const *in,
                    size_t first, size_t n, double *const *out);

#endif
