/* SPDX-License-Identifier: MIT */
/* Moving averages of one series. */
#include "feature/feature.h"
#include "feature/recur.h"
#include "feature/seed.h"
#include "feature/window.h"

#define PERIOD(least, usual)                                                                       \
    {                                                                                              \
        {                                                                                          \
            "n", least, 100000, usual, false, NULL                                                 \
        }                                                                                          \
    }

/* ---- sma, wma: windows ------------------------------------------------- */

static void plan_sma(struct umm_feature_item *item)
{
    item->n_words = umm_window_words(umm_feature_size(item, 0));
    item->lookback[0] = umm_feature_size(item, 0) - 1;
}

static void run_sma(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const size_t n = umm_feature_size(item, 0);
    umm_window_sum(rows->bulk, state, n, rows->count, rows->in[0], rows->n, (double)n,
                   rows->out[0]);
}

const struct umm_feature_def umm_feature_sma = {
    .name = "sma",
    .usage = "sma:20@close",
    .about = "mean of the last n",
    .origin = "undisputed",
    .params = PERIOD(1, 20),
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"sma"},
    .is_tidy = true,
    .plan = plan_sma,
    .run = run_sma,
};

static void plan_wma(struct umm_feature_item *item)
{
    item->n_words = umm_window_weighted_words(umm_feature_size(item, 0));
    item->lookback[0] = umm_feature_size(item, 0) - 1;
}

static void run_wma(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const size_t n = umm_feature_size(item, 0);
    const double weights = (double)n * (double)(n + 1) / 2;
    umm_window_weighted(rows->bulk, state, n, rows->count, rows->in[0], rows->n, weights,
                        rows->out[0]);
}

const struct umm_feature_def umm_feature_wma = {
    .name = "wma",
    .usage = "wma:20@close",
    .about = "mean of the last n with weights 1 for the oldest to n for the newest",
    .origin = "undisputed",
    .params = PERIOD(1, 20),
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"wma"},
    .is_tidy = true,
    .plan = plan_wma,
    .run = run_wma,
};

/* ---- ema, rma: recurrences --------------------------------------------- */

static void run_average(const struct umm_seed *seed, double *state,
                        const struct umm_feature_rows *rows)
{
    const struct umm_recur recur = {.kind = UMM_RECUR_EMA, .k = {seed->k, 1, 1}};
    size_t i = 0;
    for (; i < rows->n && rows->count + i <= umm_seed_rows(seed); i++) {
        umm_seed_take(seed, state, rows->count + i, rows->in[0][i]);
        rows->out[0][i] = *state;
    }
    const double *in = rows->in[0] + i;
    double *out = rows->out[0] + i;
    umm_feature_recur(rows, &recur, state, &in, rows->n - i, &out);
}

static void plan_ema(struct umm_feature_item *item)
{
    item->n_words = 1;
    item->lookback[0] = item->rules->is_ema_early ? 0 : umm_feature_size(item, 0) - 1;
}

static void run_ema(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const struct umm_seed seed = {.n = umm_feature_size(item, 0),
                                  .is_first = item->rules->is_ema_first,
                                  .k = 2 / (item->params[0] + 1)};
    run_average(&seed, state, rows);
}

const struct umm_feature_def umm_feature_ema = {
    .name = "ema",
    .usage = "ema:20@close",
    .about = "exponential average: a += (x - a) * 2 / (n + 1)",
    .origin = "TA-Lib EMA",
    .renewed = UMM_FEATURE_IN(TRADINGVIEW),
    .params = PERIOD(2, 20),
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"ema"},
    .is_long = true,
    .is_recur = true,
    .plan = plan_ema,
    .run = run_ema,
};

static void plan_rma(struct umm_feature_item *item)
{
    item->n_words = 1;
    item->lookback[0] = umm_feature_size(item, 0) - 1;
}

static void run_rma(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const struct umm_seed seed = {.n = umm_feature_size(item, 0),
                                  .is_first = item->rules->is_rma_first,
                                  .k = 1 / item->params[0]};
    run_average(&seed, state, rows);
}

const struct umm_feature_def umm_feature_rma = {
    .name = "rma",
    .usage = "rma:14@close",
    .about = "Wilder's average: a += (x - a) / n",
    .origin = "Wilder, New Concepts in Technical Trading Systems (1978)",
    .params = PERIOD(2, 14),
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"rma"},
    .is_long = true,
    .is_recur = true,
    .plan = plan_rma,
    .run = run_rma,
};
