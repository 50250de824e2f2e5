/* SPDX-License-Identifier: MIT */
/* Prices weighed with volume. */
#include <math.h>

#include "feature/feature.h"
#include "feature/window.h"

/* ---- obv: state is the sum and the last close --------------------------- */

static void plan_obv(struct umm_feature_item *item)
{
    item->n_words = 2;
    item->lookback[0] = item->rules->is_obv_late ? 1 : 0;
}

static void run_obv(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const double *close = rows->in[0], *volume = rows->in[1];
    double sum = state[0], before = state[1];
    for (size_t i = 0; i < rows->n; i++) {
        double sign = (double)((close[i] > before) - (close[i] < before));
        if (i == 0 && rows->count == 0)
            sign = item->rules->is_obv_volume ? 1 : 0;
        sum += sign * volume[i];
        before = close[i];
        rows->out[0][i] = sum;
    }
    state[0] = sum;
    state[1] = before;
}

const struct umm_feature_def umm_feature_obv = {
    .name = "obv",
    .usage = "obv",
    .about = "on balance volume: the sum of volume, negative where the close fell",
    .origin = "Granville; TA-Lib OBV",
    .renewed = UMM_FEATURE_IN(TRADINGVIEW),
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_VOLUME},
    .n_inputs = 2,
    .outputs = {"obv"},
    .plan = plan_obv,
    .run = run_obv,
};

/* ---- ad: state is the sum ------------------------------------------------ */

static void plan_ad(struct umm_feature_item *item)
{
    item->n_words = 1;
}

static void run_ad(const struct umm_feature_item *item, double *state,
                   const struct umm_feature_rows *rows)
{
    (void)item;
    if (!rows->bulk->flow(rows->in[0], rows->in[1], rows->in[2], rows->in[3], rows->n, state,
                          rows->out[0]))
        *rows->has_odd = true;
}

const struct umm_feature_def umm_feature_ad = {
    .name = "ad",
    .usage = "ad",
    .about = "accumulation and distribution: the sum of volume times where the close lies\n"
             "between low, -1, and high, 1",
    .origin = "Chaikin; TA-Lib AD",
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW, UMM_SERIES_VOLUME},
    .n_inputs = 4,
    .outputs = {"ad"},
    .is_long = true,
    .is_tidy = true,
    .plan = plan_ad,
    .run = run_ad,
};

/* ---- mfi: state is the last price and the sums of both flows ------------- */

static void plan_mfi(struct umm_feature_item *item)
{
    const size_t n = umm_feature_size(item, 0);
    item->n_words = 1 + 2 * umm_window_words(n);
    item->lookback[0] = item->rules->is_mfi_early ? n - 1 : n;
}

static void run_mfi(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const size_t n = umm_feature_size(item, 0);
    const double *price = rows->in[0], *volume = rows->in[1], tie = item->rules->tie;
    double gain[UMM_FEATURE_BLOCK], loss[UMM_FEATURE_BLOCK], losses[UMM_FEATURE_BLOCK];
    double before = rows->count ? state[0] : price[0], *out = rows->out[0];
    for (size_t i = 0; i < rows->n; i++) {
        double flow = price[i] * volume[i];
        gain[i] = price[i] - before > tie ? flow : 0;
        loss[i] = before - price[i] > tie ? flow : 0;
        before = price[i];
    }
    if (item->rules->is_mfi_early && rows->count == 0 && rows->n > 0)
        gain[0] = loss[0] = price[0] * volume[0];
    state[0] = before;
    umm_window_sum(rows->bulk, state + 1, n, rows->count, gain, rows->n, 0, out);
    umm_window_sum(rows->bulk, state + 1 + umm_window_words(n), n, rows->count, loss, rows->n, 0,
                   losses);
    for (size_t i = 0; i < rows->n; i++) {
        double all = out[i] + losses[i];
        out[i] = all == 0 ? item->rules->mfi_flat : 100 * (out[i] / all);
    }
}

const struct umm_feature_def umm_feature_mfi = {
    .name = "mfi",
    .usage = "mfi:14",
    .about = "money flow index: flow on rising typical prices in percent of that on rising\n"
             "and falling ones; 0 without any",
    .origin = "Quong and Soudack; TA-Lib MFI",
    .renewed = UMM_FEATURE_IN_NAN_MODES,
    .params = {{"n", 1, 100000, 14, false, NULL}},
    .inputs = {UMM_SERIES_HLC3, UMM_SERIES_VOLUME},
    .n_inputs = 2,
    .outputs = {"mfi"},
    .plan = plan_mfi,
    .run = run_mfi,
};

/* ---- vwap: state is sum of price times volume, sum of volume, day -------- */

enum { WEIGHED, VOLUME, DAY, VWAP_WORDS };

static void plan_vwap(struct umm_feature_item *item)
{
    const bool is_daily = umm_feature_size(item, 0) == 0;
    item->n_words = VWAP_WORDS;
    if (!is_daily)
        item->n_inputs = 2;
}

/* The day, counted from 1970, that clocks in the zone show. */
static double day_of(const struct umm_tz *tz, double time_ms)
{
    const double ms_per_s = 1000, s_per_day = 86400;
    double sec = floor(time_ms / ms_per_s);
    if (tz && fabs(sec) < (double)UMM_TZ_SEC_MAX)
        sec += umm_tz_utc_offset(tz, (int64_t)sec);
    return floor(sec / s_per_day);
}

static void run_vwap(const struct umm_feature_item *item, double *state,
                     const struct umm_feature_rows *rows)
{
    const double *price = rows->in[0], *volume = rows->in[1];
    double weighed = state[WEIGHED], all = state[VOLUME], today = state[DAY];
    for (size_t i = 0; i < rows->n; i++) {
        double day = item->n_inputs == 3 ? day_of(item->tz, rows->in[2][i]) : 0;
        if (day != today)
            weighed = all = 0;
        today = day;
        weighed += price[i] * volume[i];
        all += volume[i];
        rows->out[0][i] = all == 0 ? (double)NAN : weighed / all;
    }
    state[WEIGHED] = weighed;
    state[VOLUME] = all;
    state[DAY] = today;
}

const struct umm_feature_def umm_feature_vwap = {
    .name = "vwap",
    .usage = "vwap:day@hlc3",
    .about = "mean price weighed with volume since the day began, or of all rows; none before\n"
             "there was volume",
    .origin = "undisputed except for the anchor",
    .params = {{"anchor", 0, 1, 0, false, "day|all"}},
    .inputs = {UMM_SERIES_CHOSEN, UMM_SERIES_VOLUME, UMM_SERIES_TIME},
    .n_inputs = 3,
    .standard = UMM_SERIES_HLC3,
    .outputs = {"vwap"},
    .plan = plan_vwap,
    .run = run_vwap,
};
