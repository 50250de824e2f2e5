/* SPDX-License-Identifier: MIT */
/* Extremes of a window, and where the close lies between them. */
#include <math.h>

#include "feature/feature.h"
#include "feature/window.h"

static void plan_extreme(struct umm_feature_item *item)
{
    item->n_words = umm_window_words(umm_feature_size(item, 0));
    item->lookback[0] = umm_feature_size(item, 0) - 1;
}

static void run_max(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    umm_window_max(rows->bulk, state, umm_feature_size(item, 0), rows->count, rows->in[0], rows->n,
                   rows->out[0]);
}

static void run_min(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    umm_window_min(rows->bulk, state, umm_feature_size(item, 0), rows->count, rows->in[0], rows->n,
                   rows->out[0]);
}

const struct umm_feature_def umm_feature_max = {
    .name = "max",
    .usage = "max:20@high",
    .about = "greatest of the last n; of highs, the upper Donchian channel",
    .origin = "undisputed",
    .params = {{"n", 1, 100000, 20, false, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_HIGH,
    .outputs = {"max"},
    .plan = plan_extreme,
    .run = run_max,
};

const struct umm_feature_def umm_feature_min = {
    .name = "min",
    .usage = "min:20@low",
    .about = "least of the last n; of lows, the lower Donchian channel",
    .origin = "undisputed",
    .params = {{"n", 1, 100000, 20, false, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_LOW,
    .outputs = {"min"},
    .plan = plan_extreme,
    .run = run_min,
};

/* Of close, high and low in rows: the extremes of the last n. */
static void extremes(double *state, size_t n, const struct umm_feature_rows *rows, double *max,
                     double *min)
{
    umm_window_max(rows->bulk, state, n, rows->count, rows->in[1], rows->n, max);
    umm_window_min(rows->bulk, state + umm_window_words(n), n, rows->count, rows->in[2], rows->n,
                   min);
}

static void plan_willr(struct umm_feature_item *item)
{
    item->n_words = 2 * umm_window_words(umm_feature_size(item, 0));
    item->lookback[0] = umm_feature_size(item, 0) - 1;
}

static void run_willr(const struct umm_feature_item *item, double *state,
                      const struct umm_feature_rows *rows)
{
    double min[UMM_FEATURE_BLOCK], *out = rows->out[0];
    extremes(state, umm_feature_size(item, 0), rows, out, min);
    rows->bulk->place(out, rows->in[0], out, min, -100, item->rules->no_range, rows->n, out);
}

const struct umm_feature_def umm_feature_willr = {
    .name = "willr",
    .usage = "willr:14",
    .about = "Williams %R: -100 at the low of the last n to 0 at their high; 0 without a range",
    .origin = "Williams; TA-Lib WILLR",
    .renewed = UMM_FEATURE_IN(TRADINGVIEW) | UMM_FEATURE_IN(PANDAS),
    .params = {{"n", 1, 100000, 14, false, NULL}},
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW},
    .n_inputs = 3,
    .outputs = {"willr"},
    .is_tidy = true,
    .plan = plan_willr,
    .run = run_willr,
};

/*
 * State: maxima, minima, sums of the fast line, sums of the slow one; and if stoch is sparse, how
 * many values the fast line has had.
 */
static void plan_stoch(struct umm_feature_item *item)
{
    const size_t n = umm_feature_size(item, 0), k = umm_feature_size(item, 1),
                 d = umm_feature_size(item, 2);
    item->n_words = 2 * umm_window_words(n) + umm_window_words(k) + umm_window_words(d) +
                    (item->rules->is_stoch_sparse ? 1 : 0);
    item->lookback[1] = n + k + d - 3;
    item->lookback[0] = item->rules->is_together ? item->lookback[1] : n + k - 2;
}

/* A count of values in the words of a state, which may be any. */
static uint64_t count_of(double word)
{
    const double most = 9007199254740992.0; /* 2^53 */
    return word >= 0 && word < most ? (uint64_t)word : 0;
}

/*
 * The averages of a fast line that has no value in some rows: of its last k values, and of the
 * last d of those. Without a value of it in a row there is none of them.
 */
static void average_sparse(const struct umm_feature_item *item, double *state,
                           const struct umm_feature_rows *rows, const double *fast)
{
    const size_t n = umm_feature_size(item, 0), k = umm_feature_size(item, 1),
                 d = umm_feature_size(item, 2);
    double *n_before = state + umm_window_words(k) + umm_window_words(d);
    double x[UMM_FEATURE_BLOCK], slow[UMM_FEATURE_BLOCK], signal[UMM_FEATURE_BLOCK];
    uint64_t count = count_of(*n_before);
    size_t m = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->count + i + 1 >= n && fast[i] == fast[i])
            x[m++] = fast[i];
    umm_window_sum(rows->bulk, state, k, count, x, m, (double)k, slow);
    umm_window_sum(rows->bulk, state + umm_window_words(k), d, count, slow, m, (double)d, signal);
    m = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const bool is_there = rows->count + i + 1 >= n && fast[i] == fast[i];
        count += is_there ? 1 : 0;
        rows->out[0][i] = is_there && count >= k ? slow[m] : (double)NAN;
        rows->out[1][i] = is_there && count + 1 >= k + d ? signal[m] : (double)NAN;
        m += is_there ? 1 : 0;
    }
    *n_before = (double)count;
}

static void run_stoch(const struct umm_feature_item *item, double *state,
                      const struct umm_feature_rows *rows)
{
    const size_t n = umm_feature_size(item, 0), k = umm_feature_size(item, 1),
                 d = umm_feature_size(item, 2);
    double *slow_state = state + 2 * umm_window_words(n);
    double *signal_state = slow_state + umm_window_words(k);
    double fast[UMM_FEATURE_BLOCK], *slow = rows->out[0], *signal = rows->out[1];
    extremes(state, n, rows, slow, signal);
    rows->bulk->place(rows->in[0], signal, slow, signal, 100, item->rules->no_range, rows->n, fast);
    if (item->rules->is_stoch_sparse) {
        average_sparse(item, slow_state, rows, fast);
        return;
    }
    umm_window_sum(rows->bulk, slow_state, k, rows->count, fast, rows->n, (double)k, slow);
    umm_window_sum(rows->bulk, signal_state, d, rows->count, slow, rows->n, (double)d, signal);
}

const struct umm_feature_def umm_feature_stoch = {
    .name = "stoch",
    .usage = "stoch:14:3:3",
    .about = "slow stochastic: where the close lies in the range of the last n, in percent,\n"
             "averaged over k, and that averaged over d; 0 without a range",
    .origin = "Lane; TA-Lib STOCH",
    .renewed = UMM_FEATURE_IN(TRADINGVIEW) | UMM_FEATURE_IN(PANDAS),
    .params = {{"n", 1, 100000, 14, false, NULL},
               {"k", 1, 100000, 3, false, NULL},
               {"d", 1, 100000, 3, false, NULL}},
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW},
    .n_inputs = 3,
    .outputs = {"stoch_k", "stoch_d"},
    .is_tidy = true,
    .plan = plan_stoch,
    .run = run_stoch,
};
