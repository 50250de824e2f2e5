/* SPDX-License-Identifier: MIT */
/* rsi and macd: recurrences over one series. */
#include "feature/feature.h"
#include "feature/recur.h"
#include "feature/seed.h"

/* ---- rsi: state is x, average gain, average loss ------------------------ */

static void plan_rsi(struct umm_feature_item *item)
{
    item->n_words = 3;
    item->lookback[0] = umm_feature_size(item, 0) - (item->rules->is_rsi_early ? 1 : 0);
}

static double rsi_of(double gains, double losses, double flat)
{
    double all = gains + losses;
    return all == 0 ? flat : 100 * (gains / all);
}

static void run_rsi(const struct umm_feature_item *item, double *state,
                    const struct umm_feature_rows *rows)
{
    const struct umm_seed seed = {.n = umm_feature_size(item, 0),
                                  .is_first = item->rules->is_rma_first,
                                  .k = 1 / item->params[0]};
    const struct umm_recur recur = {
        .kind = UMM_RECUR_RSI, .k = {seed.k, 1, 1}, .flat = item->rules->rsi_flat};
    size_t i = 0;
    for (; i < rows->n && rows->count + i <= 1 + umm_seed_rows(&seed); i++) {
        uint64_t row = rows->count + i;
        double x = rows->in[0][i], change = x - state[0];
        if (row > 0) {
            umm_seed_take(&seed, &state[1], row - 1, change > 0 ? change : 0);
            umm_seed_take(&seed, &state[2], row - 1, change > 0 ? 0 : -change);
        }
        state[0] = x;
        rows->out[0][i] = rsi_of(state[1], state[2], recur.flat);
    }
    const double *in = rows->in[0] + i;
    double *out = rows->out[0] + i;
    umm_feature_recur(rows, &recur, state, &in, rows->n - i, &out);
}

const struct umm_feature_def umm_feature_rsi = {
    .name = "rsi",
    .usage = "rsi:14@close",
    .about = "relative strength: average gain in percent of average gain and loss",
    .origin = "Wilder (1978); TA-Lib RSI",
    .params = {{"n", 2, 100000, 14, false, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"rsi"},
    .is_long = true,
    .is_recur = true,
    .plan = plan_rsi,
    .run = run_rsi,
};

/* ---- macd: state is fast, slow, signal --------------------------------- */

static const char *check_macd(const struct umm_feature_item *item)
{
    const bool is_fast = umm_feature_size(item, 0) < umm_feature_size(item, 1);
    return is_fast ? NULL : "macd: fast must be less than slow";
}

static void plan_macd(struct umm_feature_item *item)
{
    const struct umm_feature_rules *rules = item->rules;
    const uint64_t slow = umm_feature_size(item, 1), signal = umm_feature_size(item, 2);
    item->n_words = 3;
    /* Where a signal is seeded by its first value it is there from that on. */
    uint64_t line = rules->is_ema_early && !rules->is_macd_classic ? 0 : slow - 1;
    uint64_t with_signal = rules->is_ema_early ? line : line + signal - 1;
    item->lookback[0] = rules->is_together ? with_signal : line;
    item->lookback[1] = item->lookback[2] = with_signal;
}

/* The averages' seeds, and the rows in which the fast one and the signal begin. */
struct macd {
    struct umm_seed fast, slow, signal;
    uint64_t fast_from, signal_from, steady_from;
};

static struct macd macd_of(const struct umm_feature_item *item)
{
    const struct umm_feature_rules *rules = item->rules;
    const bool is_first = rules->is_ema_first;
    struct macd m = {.fast = {umm_feature_size(item, 0), is_first, 2 / (item->params[0] + 1)},
                     .slow = {umm_feature_size(item, 1), is_first, 2 / (item->params[1] + 1)},
                     .signal = {umm_feature_size(item, 2), is_first, 2 / (item->params[2] + 1)}};
    if (rules->is_macd_classic && m.fast.n == 12 && m.slow.n == 26) {
        m.fast.k = 0.15;
        m.slow.k = 0.075;
    }
    if (rules->is_macd_shared && !is_first)
        m.fast_from = m.slow.n - m.fast.n;
    m.signal_from = rules->is_ema_early && !rules->is_macd_classic ? 0 : m.slow.n - 1;
    m.steady_from = m.signal_from + umm_seed_rows(&m.signal) + 1;
    return m;
}

static void run_macd(const struct umm_feature_item *item, double *state,
                     const struct umm_feature_rows *rows)
{
    const struct macd m = macd_of(item);
    const struct umm_recur recur = {.kind = UMM_RECUR_MACD, .k = {m.fast.k, m.slow.k, m.signal.k}};
    size_t i = 0;
    for (; i < rows->n && rows->count + i < m.steady_from; i++) {
        uint64_t row = rows->count + i;
        double x = rows->in[0][i];
        if (row >= m.fast_from)
            umm_seed_take(&m.fast, &state[0], row - m.fast_from, x);
        umm_seed_take(&m.slow, &state[1], row, x);
        double line = state[0] - state[1];
        if (row >= m.signal_from)
            umm_seed_take(&m.signal, &state[2], row - m.signal_from, line);
        rows->out[0][i] = line;
        rows->out[1][i] = state[2];
        rows->out[2][i] = line - state[2];
    }
    const double *in = rows->in[0] + i;
    double *const out[] = {rows->out[0] + i, rows->out[1] + i, rows->out[2] + i};
    umm_feature_recur(rows, &recur, state, &in, rows->n - i, out);
}

const struct umm_feature_def umm_feature_macd = {
    .name = "macd",
    .usage = "macd:12:26:9@close",
    .about = "fast less slow ema, the ema of that, and their difference",
    .origin = "Appel; TA-Lib MACD",
    .renewed = UMM_FEATURE_IN(TRADINGVIEW),
    .params = {{"fast", 2, 100000, 12, false, NULL},
               {"slow", 3, 100000, 26, false, NULL},
               {"signal", 2, 100000, 9, false, NULL}},
    .inputs = {UMM_SERIES_CHOSEN},
    .n_inputs = 1,
    .standard = UMM_SERIES_CLOSE,
    .outputs = {"macd", "macd_signal", "macd_hist"},
    .is_long = true,
    .is_recur = true,
    .check = check_macd,
    .plan = plan_macd,
    .run = run_macd,
};
