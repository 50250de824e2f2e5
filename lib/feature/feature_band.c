/* SPDX-License-Identifier: MIT */
/* Deviations from the mean of a window. */
#include "feature/feature.h"
#include "feature/window.h"

/* What a sum of squares over item's window is divided by. */
static double divisor_of(const struct umm_feature_item *item)
{
    return item->params[0] - (item->rules->is_sample ? 1 : 0);
}

static void plan_deviation(struct umm_feature_item *item)
{
    item->n_words = umm_window_deviation_words(umm_feature_size(item, 0));
    item->lookback[0] = umm_feature_size(item, 0) - 1;
}

static void run_as(enum umm_bulk_end_kind kind, double factor, const struct umm_feature_item *item,
                   double *state, const struct umm_feature_rows *rows)
{
    const struct umm_bulk_end end = {kind, divisor_of(item), factor};
    umm_window_deviation(rows->bulk, state, umm_feature_size(item, 0), rows->count, rows->in[0],
                         rows->n, &end, rows->out);
}

static void run_stddev(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows)
{
    run_as(UMM_BULK_ROOT, 0, item, state, rows);
}

const struct umm_feature_def umm_feature_stddev = {
    .name = "stddev",
    .usage = "stddev:20@close",
    .about = "standard deviation of the last n",
    .origin = "undisputed except for the divisor, n or n - 1",
    .params = {{"n", 2, 100000, 20, false, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"stddev"},
    .is_tidy = true,
    .plan = plan_deviation,
    .run = run_stddev,
};

static void run_zscore(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows)
{
    run_as(UMM_BULK_SCORE, item->rules->by_zero, item, state, rows);
}

const struct umm_feature_def umm_feature_zscore = {
    .name = "zscore",
    .usage = "zscore:20@close",
    .about = "distance from the mean of the last n in standard deviations, 0 if they are equal",
    .origin = "undisputed except for the divisor, n or n - 1",
    .renewed = UMM_FEATURE_IN_NAN_MODES,
    .params = {{"n", 2, 100000, 20, false, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"zscore"},
    .is_tidy = true,
    .plan = plan_deviation,
    .run = run_zscore,
};

static void plan_bbands(struct umm_feature_item *item)
{
    plan_deviation(item);
    item->lookback[1] = item->lookback[2] = item->lookback[0];
}

static void run_bbands(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows)
{
    run_as(UMM_BULK_BANDS, item->params[1], item, state, rows);
}

const struct umm_feature_def umm_feature_bbands = {
    .name = "bbands",
    .usage = "bbands:20:2@close",
    .about = "Bollinger bands: the mean of the last n and k standard deviations about it",
    .origin = "Bollinger; TA-Lib BBANDS",
    .params = {{"n", 2, 100000, 20, false, NULL}, {"k", 0, 1000, 2, true, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"bb_upper", "bb_middle", "bb_lower"},
    .is_tidy = true,
    .plan = plan_bbands,
    .run = run_bbands,
};
