/* SPDX-License-Identifier: MIT */
/*
 * feature.h - what a feature is to the rest of the library: a row in a table.
 *
 * A feature takes one to four series of a bar (prices, volume, time), some parameters
 * and its own few words of state, and gives one to three outputs per row. Its file says
 * how; everything around it (specs, names, rows that are no numbers, warm-up, saving)
 * is done for all alike by plan.h and stream.h.
 *
 * To add one: write its `struct umm_feature_def umm_feature_x` in a feature_*.c and put
 * its name into UMM_FEATURES below.
 */
#ifndef UMM_FEATURE_FEATURE_H
#define UMM_FEATURE_FEATURE_H

#include "base/cpu.h"
#include "feature/bulk.h"
#include "feature/recur.h"
#include "time/tz.h"
#include "umm.h"

/* Every feature, in the order in which they are listed. */
#define UMM_FEATURES(X)                                                                            \
    X(sma)                                                                                         \
    X(ema)                                                                                         \
    X(wma)                                                                                         \
    X(rma)                                                                                         \
    X(trange)                                                                                      \
    X(atr)                                                                                         \
    X(natr)                                                                                        \
    X(rsi)                                                                                         \
    X(macd)                                                                                        \
    X(bbands)                                                                                      \
    X(stddev)                                                                                      \
    X(zscore)                                                                                      \
    X(max)                                                                                         \
    X(min)                                                                                         \
    X(stoch)                                                                                       \
    X(adx)                                                                                         \
    X(cci)                                                                                         \
    X(willr)                                                                                       \
    X(roc)                                                                                         \
    X(mom)                                                                                         \
    X(returns)                                                                                     \
    X(logreturns)                                                                                  \
    X(obv)                                                                                         \
    X(mfi)                                                                                         \
    X(ad)                                                                                          \
    X(vwap)

enum {
    UMM_FEATURE_PARAMS = 3,  /* at most */
    UMM_FEATURE_INPUTS = 4,  /* at most */
    UMM_FEATURE_OUTPUTS = 3, /* at most */
    UMM_FEATURE_BLOCK = 2048 /* rows that a run takes at once, unless it is_long */
};

/* Series of a bar: six columns as they come, and three means of them. */
enum umm_feature_series {
    UMM_SERIES_TIME,
    UMM_SERIES_OPEN,
    UMM_SERIES_HIGH,
    UMM_SERIES_LOW,
    UMM_SERIES_CLOSE,
    UMM_SERIES_VOLUME,
    UMM_SERIES_COLUMNS, /* how many are columns */
    UMM_SERIES_HL2 = UMM_SERIES_COLUMNS,
    UMM_SERIES_HLC3,
    UMM_SERIES_OHLC4,
    UMM_SERIES_COUNT,
    UMM_SERIES_CHOSEN = UMM_SERIES_COUNT /* what the spec says after '@' */
};

/* The compat mode and the switches over it, as the features ask. */
struct umm_feature_rules {
    bool is_ema_first, is_rma_first; /* seeded by the first value, not by a mean */
    bool is_ema_early;               /* and valid from there, not from the n-th */
    bool is_together;                /* the outputs of one feature begin at the same row */
    bool is_macd_shared;             /* both averages are seeded at the slow one's row */
    bool is_macd_classic;            /* 12 and 26 mean factors of 0.15 and 0.075 */
    bool is_rsi_early;               /* a first value one row before the averages have one */
    bool is_dm_short;                /* averages in adx begin with n - 1 values */
    bool is_adx_early;               /* and have their first value then */
    bool is_adx_ranged;              /* adx waits for the first bar with a range */
    bool is_adx_moved;               /* or that moved */
    bool is_range_defined;           /* the first bar has a true range for atr and natr */
    bool is_trange_defined;          /* and for trange */
    bool is_obv_volume;              /* obv begins at the first volume */
    bool is_obv_late;                /* and has its first value one row later */
    bool is_stoch_sparse;            /* stoch averages the values that there are */
    bool is_mfi_early;               /* the first bar's flow counts as rising and as falling */
    bool is_cci_late;                /* cci has its first value n - 1 rows after it could */
    bool is_roc_part;                /* roc is a part, not percent */
    bool is_sample;                  /* deviations divide by n - 1 */
    double tie;                      /* adx and mfi: a difference up to this is none */
    double rsi_flat, mfi_flat;       /* of prices that did not move */
    double no_range;                 /* stoch and willr where high is low all along */
    double by_zero;                  /* other quotients whose divisor is 0 */
};

/* A compat mode as a bit. A feature's definition has changed since the first in modes where the
 * bit is set in its `renewed`: there a plan's numerics (plan.h) are others. */
#define UMM_FEATURE_IN(mode) (1U << UMM_FEATURES_##mode)
enum {
    UMM_FEATURE_IN_NAN_MODES = /* where a quotient by 0 is no value */
    UMM_FEATURE_IN(TRADINGVIEW) | UMM_FEATURE_IN(TULIP) | UMM_FEATURE_IN(PANDAS),
    UMM_FEATURE_IN_ALL =
        UMM_FEATURE_IN_NAN_MODES | UMM_FEATURE_IN(TALIB) | UMM_FEATURE_IN(METASTOCK)
};

/* A parameter: a whole number, a number, or (words) one of a list such as "day|all". */
struct umm_feature_param {
    const char *name;
    double min, max, standard;
    bool is_real;
    const char *words;
};

/* One feature of a plan. */
struct umm_feature_item {
    const struct umm_feature_def *def;
    double params[UMM_FEATURE_PARAMS];
    enum umm_feature_series chosen;
    const struct umm_feature_rules *rules;
    const struct umm_tz *tz; /* NULL: UTC */
    unsigned n_inputs;       /* of def's inputs, the first ones */
    size_t n_words;          /* of its state */
    uint64_t lookback[UMM_FEATURE_OUTPUTS];
};

/* Rows for a run: count rows were before them, since the start or the last reset. */
struct umm_feature_rows {
    uint64_t count;
    size_t n;
    const double *in[UMM_FEATURE_INPUTS];
    double *out[UMM_FEATURE_OUTPUTS];
    bool *has_odd; /* to be set by what is_long and met a value that is not finite */
    enum umm_cpu cpu;
    const struct umm_bulk *bulk;
    struct umm_recur_later *later; /* not NULL: see umm_feature_recur */
};

/*
 * What is_recur ends its run with: a recurrence goes on over the last n of rows, in and out
 * being those; at once, or put off until other states have come as far.
 */
static inline void umm_feature_recur(const struct umm_feature_rows *rows,
                                     const struct umm_recur *recur, double *state,
                                     const double *const *in, size_t n, double *const *out)
{
    if (rows->later)
        umm_recur_put_off(rows->later, recur, state, in, n, out);
    else if (!umm_recur_run(rows->cpu, recur, state, in, n, out))
        *rows->has_odd = true;
}

/*
 * check  what is wrong with params that do not go together, or NULL; itself NULL where all do.
 * plan   from params and rules, the n_words and lookback of an item; they are 0 before.
 *        It may lower n_inputs.
 * run    takes rows: all finite (or it says so), at most UMM_FEATURE_BLOCK of them unless is_long.
 * The state's words are what the last run left, 0 when count is 0. What it writes to rows that are
 * within the lookback does not matter, nor does which NaN it writes, unless it says that it
 * is_tidy: then it is 0x7ff8000000000000 (what is_long is tidy from its second row after the
 * lookback on).
 */
struct umm_feature_def {
    const char *name, *usage, *about, *origin; /* usage: a spec that leaves nothing out */
    unsigned renewed;                          /* modes (UMM_FEATURE_IN) with new numerics */
    struct umm_feature_param params[UMM_FEATURE_PARAMS];
    enum umm_feature_series inputs[UMM_FEATURE_INPUTS];
    unsigned n_inputs;
    enum umm_feature_series standard; /* of a chosen series */
    const char *outputs[UMM_FEATURE_OUTPUTS];
    bool is_long, is_recur, is_tidy;
    const char *(*check)(const struct umm_feature_item *item);
    void (*plan)(struct umm_feature_item *item);
    void (*run)(const struct umm_feature_item *item, double *state,
                const struct umm_feature_rows *rows);
};

#define UMM_FEATURE_DECLARE(name) extern const struct umm_feature_def umm_feature_##name;
UMM_FEATURES(UMM_FEATURE_DECLARE)
#undef UMM_FEATURE_DECLARE

/* Feature i in the order above; NULL past the last. */
const struct umm_feature_def *umm_feature_at(size_t i);

/* The feature of that name, or NULL and in *nearest the one that is spelled most like it. */
const struct umm_feature_def *umm_feature_find(const char *name, size_t len,
                                               const struct umm_feature_def **nearest);

/* "close", "hlc3", ...; and back: UMM_SERIES_COUNT for no such series. Not the time. */
const char *umm_feature_series_name(enum umm_feature_series series);
enum umm_feature_series umm_feature_series_find(const char *name, size_t len);

/* How many parameters and outputs def has. */
size_t umm_feature_n_params(const struct umm_feature_def *def);
size_t umm_feature_n_outputs(const struct umm_feature_def *def);

/* Params as the sizes that most of them are. */
static inline size_t umm_feature_size(const struct umm_feature_item *item, unsigned param)
{
    return (size_t)item->params[param];
}

#endif
