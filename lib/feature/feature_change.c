/* SPDX-License-Identifier: MIT */
/* A series against itself n rows before. State: those n rows. */
#include "feature/feature.h"
#include "feature/logarithm.h"
#include "feature/window.h"

static bool plan_change(struct umm_feature_item *item, struct umm_error *err)
{
    (void)err;
    item->n_words = umm_feature_size(item, 0);
    item->lookback[0] = umm_feature_size(item, 0);
    return true;
}

typedef bool change(const double *x, const double *before, size_t n, double *out);

static void run_change(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows, change *of)
{
    const size_t n = umm_feature_size(item, 0);
    const double *x = rows->in[0];
    for (size_t at = 0; at < rows->n;) {
        const double *before;
        size_t run = umm_window_before(state, n, rows->count, x, rows->n, n, at, &before);
        if (!of(x + at, before, run, rows->out[0] + at))
            *rows->has_odd = true;
        at += run;
    }
    umm_window_keep(state, n, rows->count, x, rows->n);
}

#define RUN_CHANGE(name, of)                                                                       \
    static void run_##name(const struct umm_feature_item *item, double *state,                     \
                           const struct umm_feature_rows *rows)                                    \
    {                                                                                              \
        run_change(item, state, rows, of);                                                         \
    }

static bool log_ratios(const double *x, const double *before, size_t n, double *out)
{
    double odd = 0;
    for (size_t i = 0; i < n; i++) {
        odd += x[i] - x[i];
        out[i] = umm_log_ratio(x[i], before[i]);
    }
    return odd == 0;
}

#define CHANGE(title, description, source, usual)                                                  \
    const struct umm_feature_def umm_feature_##title = {                                           \
        .name = #title,                                                                            \
        .usage = #title ":" #usual "@close",                                                       \
        .about = (description),                                                                    \
        .origin = (source),                                                                        \
        .params = {{"n", 1, 100000, usual, false, NULL}},                                          \
        .inputs = {UMM_SERIES_CHOSEN},                                                             \
        .n_inputs = 1,                                                                             \
        .standard = UMM_SERIES_CLOSE,                                                              \
        .outputs = {#title},                                                                       \
        .is_long = true,                                                                           \
        .is_tidy = true,                                                                           \
        .plan = plan_change,                                                                       \
        .run = run_##title,                                                                        \
    };

RUN_CHANGE(mom, rows->bulk->difference)
CHANGE(mom, "difference from n rows before", "TA-Lib MOM", 10)

RUN_CHANGE(roc, rows->bulk->percent)
CHANGE(roc, "change since n rows before in percent, 0 if that was 0", "TA-Lib ROC", 10)

RUN_CHANGE(returns, rows->bulk->relative)
CHANGE(returns, "change since n rows before as a part of that; none if it was 0", "undisputed", 1)

RUN_CHANGE(logreturns, log_ratios)
CHANGE(logreturns,
       "natural logarithm of the ratio to n rows before, within 2 units in the\nlast place",
       "undisputed", 1)
