/* SPDX-License-Identifier: MIT */
/* adx and cci. */
#include <math.h>
#include <string.h>

#include "feature/feature.h"
#include "feature/recur.h"
#include "feature/seed.h"
#include "feature/window.h"

/*
 * ---- adx: state is that of UMM_RECUR_ADX, and if adx waits for a bar that moved, how many
 * values its average has had.
 */

enum { CLOSE, HIGH, LOW, PLUS, MINUS, RANGE, ADX, ADX_WORDS, TAKEN = ADX_WORDS };

/* Rows: the averages of movement have a value from di on, adx from adx on, unless it waits. */
struct adx {
    struct umm_seed movement, index;
    uint64_t di, adx, steady_from;
    bool is_waiting;
};

static struct adx adx_of(const struct umm_feature_item *item)
{
    const struct umm_feature_rules *rules = item->rules;
    const size_t n = umm_feature_size(item, 0);
    const struct umm_seed seed = {n, rules->is_rma_first, 1 / item->params[0]};
    struct adx a = {.movement = seed, .index = seed};
    a.di = rules->is_adx_early ? n - 1 : n;
    a.adx = a.di + n - 1;
    a.steady_from = a.di + umm_seed_rows(&seed) + 1;
    a.is_waiting = rules->is_adx_ranged || rules->is_adx_moved;
    return a;
}

static void plan_adx(struct umm_feature_item *item)
{
    const struct adx a = adx_of(item);
    item->n_words = ADX_WORDS + (a.is_waiting ? 1 : 0);
    item->lookback[0] = a.adx;
    item->lookback[1] = item->lookback[2] = a.di;
}

/*
 * Row 1 and on, as long as the movements' averages are seeded. is_dm_short: by the sum of
 * n - 1 values over n, as TA-Lib and Tulip have it.
 */
static void take_movement(const struct umm_feature_item *item, const struct adx *a, double *state,
                          uint64_t row, const double *value)
{
    const uint64_t n = a->movement.n;
    if (!item->rules->is_dm_short || a->movement.is_first) {
        for (unsigned i = 0; i < 3; i++)
            umm_seed_take(&a->movement, &state[PLUS + i], row - 1, value[i]);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        double *average = &state[PLUS + i];
        if (row >= n)
            *average = (value[i] - *average) * a->movement.k + *average;
        else
            *average += value[i];
        if (row == n - 1)
            *average /= (double)n;
    }
}

/* Take the row's directional index into adx, which has a value or none after it. */
static double take_index(const struct umm_feature_item *item, const struct adx *a, double *state,
                         uint64_t row, double plus, double minus)
{
    const double both = plus + minus, index = both == 0 ? 0 : 100 * (fabs(plus - minus) / both);
    if (!a->is_waiting) {
        if (row >= a->di)
            umm_seed_take(&a->index, &state[ADX], row - a->di, index);
        return state[ADX];
    }
    const double n = item->params[0], taken = state[TAKEN];
    if (row >= a->di && (item->rules->is_adx_moved ? both : state[RANGE]) != 0) {
        umm_seed_take(&a->index, &state[ADX], (uint64_t)(taken >= 0 && taken < n ? taken : n),
                      index);
        state[TAKEN] = taken + 1;
    }
    return state[TAKEN] < n ? (double)NAN : state[ADX];
}

static void take_row(const struct umm_feature_item *item, const struct adx *a, double *state,
                     uint64_t row, const double *bar, double *out)
{
    double up = bar[HIGH] - state[HIGH], down = state[LOW] - bar[LOW];
    double range = bar[HIGH] - bar[LOW], above = fabs(bar[HIGH] - state[CLOSE]),
           below = fabs(bar[LOW] - state[CLOSE]);
    range = range > above ? range : above;
    range = range > below ? range : below;
    const double tie = item->rules->tie;
    const double value[3] = {up > (down > 0 ? down : 0) + tie ? up : 0,
                             down > (up > 0 ? up : 0) + tie ? down : 0, range};
    if (row > 0)
        take_movement(item, a, state, row, value);
    memcpy(state, bar, 3 * sizeof *state);
    const bool is_flat = state[RANGE] == 0;
    double plus = is_flat ? 0 : 100 * (state[PLUS] / state[RANGE]);
    double minus = is_flat ? 0 : 100 * (state[MINUS] / state[RANGE]);
    out[0] = take_index(item, a, state, row, plus, minus);
    out[1] = is_flat ? item->rules->by_zero : plus;
    out[2] = is_flat ? item->rules->by_zero : minus;
}

/* Whether the row and those after it are the recurrence's. */
static bool is_steady(const struct umm_feature_item *item, const struct adx *a, const double *state,
                      uint64_t row)
{
    return row >= a->steady_from && !(a->is_waiting && state[TAKEN] < item->params[0]);
}

static void run_adx(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const struct adx a = adx_of(item);
    const struct umm_feature_rules *rules = item->rules;
    const struct umm_recur recur = {
        .kind = UMM_RECUR_ADX, .k = {a.movement.k, rules->tie, 1}, .flat = rules->by_zero};
    size_t i = 0;
    for (; i < rows->n && !is_steady(item, &a, state, rows->count + i); i++) {
        const double bar[3] = {rows->in[0][i], rows->in[1][i], rows->in[2][i]};
        double out[3];
        if (bar[0] - bar[0] + (bar[1] - bar[1]) + (bar[2] - bar[2]) != 0)
            *rows->has_odd = true;
        take_row(item, &a, state, rows->count + i, bar, out);
        for (unsigned o = 0; o < 3; o++)
            rows->out[o][i] = out[o];
    }
    for (unsigned o = 0; o < 3; o++)
        umm_recur_tidy(rows->cpu, rows->out[o], i);
    const double *const in[] = {rows->in[0] + i, rows->in[1] + i, rows->in[2] + i};
    double *const out[] = {rows->out[0] + i, rows->out[1] + i, rows->out[2] + i};
    umm_feature_recur(rows, &recur, state, in, rows->n - i, out);
}

const struct umm_feature_def umm_feature_adx = {
    .name = "adx",
    .usage = "adx:14",
    .about = "average directional movement index, +di and -di; without movement it stays",
    .origin = "Wilder (1978); TA-Lib ADX, PLUS_DI, MINUS_DI",
    .renewed = UMM_FEATURE_IN_NAN_MODES,
    .params = {{"n", 2, 100000, 14, false, NULL}},
    .inputs = {UMM_SERIES_CLOSE, UMM_SERIES_HIGH, UMM_SERIES_LOW},
    .n_inputs = 3,
    .outputs = {"adx", "plus_di", "minus_di"},
    .is_long = true,
    .is_recur = true,
    .plan = plan_adx,
    .run = run_adx,
};

/* ---- cci: state is a window's sums, and the last n - 1 values ----------- */

static void plan_cci(struct umm_feature_item *item)
{
    const size_t n = umm_feature_size(item, 0);
    item->n_words = umm_window_words(n) + n - 1;
    item->lookback[0] = item->rules->is_cci_late ? 2 * (n - 1) : n - 1;
}

static void run_cci(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const size_t n = umm_feature_size(item, 0), past = n - 1;
    double *history = state + umm_window_words(n), *out = rows->out[0];
    double x[2 * UMM_FEATURE_BLOCK], mean[UMM_FEATURE_BLOCK];
    memcpy(x, history, past * sizeof *x);
    memcpy(x + past, rows->in[0], rows->n * sizeof *x);
    umm_window_sum(rows->bulk, state, n, rows->count, rows->in[0], rows->n, (double)n, mean);
    rows->bulk->channel(x, mean, n, item->rules->by_zero, rows->n, out);
    memcpy(history, x + rows->n, past * sizeof *x);
}

const struct umm_feature_def umm_feature_cci = {
    .name = "cci",
    .usage = "cci:20",
    .about = "commodity channel index of the typical price; 0 where that does not move",
    .origin = "Lambert; TA-Lib CCI",
    .renewed = UMM_FEATURE_IN_NAN_MODES,
    .params = {{"n", 2, UMM_FEATURE_BLOCK, 20, false, NULL}},
    .inputs = {UMM_SERIES_HLC3},
    .n_inputs = 1,
    .outputs = {"cci"},
    .is_tidy = true,
    .plan = plan_cci,
    .run = run_cci,
};
