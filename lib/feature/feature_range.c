/* SPDX-License-Identifier: MIT */
/* The true range and its averages. */
#include <math.h>

#include "feature/feature.h"
#include "feature/recur.h"
#include "feature/seed.h"

static double true_range(double high, double low, double before)
{
    double a = high - low, b = fabs(high - before), c = fabs(low - before);
    a = a > b ? a : b;
    return a > c ? a : c;
}

/* Rows before the first whose range is averaged. */
static uint64_t rows_without(const struct umm_feature_item *item)
{
    return item->rules->is_range_defined ? 0 : 1;
}

static void plan_trange(struct umm_feature_item *item)
{
    item->n_words = 1;
    item->lookback[0] = item->rules->is_trange_defined ? 0 : 1;
}

static void run_trange(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows)
{
    const double *close = rows->in[0], *high = rows->in[1], *low = rows->in[2];
    double *out = rows->out[0];
    (void)item;
    if (rows->n == 0)
        return;
    out[0] = rows->count ? true_range(high[0], low[0], *state) : high[0] - low[0];
    umm_recur_tidy(rows->cpu, out, 1); /* a close from a state may be any NaN */
    *state = close[rows->n - 1];
    const double odd = *state - *state + (high[0] - high[0]) + (low[0] - low[0]);
    if (!rows->bulk->range(high + 1, low + 1, close, rows->n - 1, out + 1) || odd != 0)
        *rows->has_odd = true;
}

const struct umm_feature_def umm_feature_trange = {
    .name = "trange",
    .usage = "trange",
    .about = "true range: the greatest of high - low and both's distances from the last close",
    .origin = "Wilder (1978)",
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW},
    .n_inputs = 3,
    .outputs = {"trange"},
    .renewed = UMM_FEATURE_IN(TRADINGVIEW),
    .is_long = true,
    .is_tidy = true,
    .plan = plan_trange,
    .run = run_trange,
};

/* State: close, average. */
static void plan_atr(struct umm_feature_item *item)
{
    item->n_words = 2;
    item->lookback[0] = umm_feature_size(item, 0) - 1 + rows_without(item);
}

static void run_ranges(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows, enum umm_recur_kind kind)
{
    const struct umm_seed seed = {.n = umm_feature_size(item, 0),
                                  .is_first = item->rules->is_rma_first,
                                  .k = 1 / item->params[0]};
    const struct umm_recur recur = {
        .kind = kind, .k = {seed.k, 1, 1}, .flat = item->rules->by_zero};
    const uint64_t without = rows_without(item);
    const double *close = rows->in[0], *high = rows->in[1], *low = rows->in[2];
    double *out = rows->out[0];
    size_t i = 0;
    for (; i < rows->n && rows->count + i <= without + umm_seed_rows(&seed); i++) {
        uint64_t row = rows->count + i;
        double range = row ? true_range(high[i], low[i], state[0]) : high[i] - low[i];
        if (row >= without)
            umm_seed_take(&seed, &state[1], row - without, range);
        out[i] = state[1];
        if (kind == UMM_RECUR_NATR)
            out[i] = close[i] == 0 ? recur.flat : out[i] / close[i] * 100;
        state[0] = close[i];
    }
    const double *const in[] = {close + i, high + i, low + i};
    out += i;
    umm_feature_recur(rows, &recur, state, in, rows->n - i, &out);
}

static void run_atr(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    run_ranges(item, state, rows, UMM_RECUR_ATR);
}

static void run_natr(const struct umm_feature_item *item, double *state,
                     const struct umm_feature_rows *rows)
{
    run_ranges(item, state, rows, UMM_RECUR_NATR);
}

const struct umm_feature_def umm_feature_atr = {
    .name = "atr",
    .usage = "atr:14",
    .about = "Wilder's average of the true range",
    .origin = "Wilder (1978); TA-Lib ATR",
    .params = {{"n", 2, 100000, 14, false, NULL}},
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW},
    .n_inputs = 3,
    .outputs = {"atr"},
    .is_long = true,
    .is_recur = true,
    .plan = plan_atr,
    .run = run_atr,
};

const struct umm_feature_def umm_feature_natr = {
    .name = "natr",
    .usage = "natr:14",
    .about = "atr in percent of the close, 0 for a close of 0",
    .origin = "TA-Lib NATR",
    .renewed = UMM_FEATURE_IN_NAN_MODES,
    .params = {{"n", 2, 100000, 14, false, NULL}},
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW},
    .n_inputs = 3,
    .outputs = {"natr"},
    .is_long = true,
    .is_recur = true,
    .plan = plan_atr,
    .run = run_natr,
};
