/* SPDX-License-Identifier: MIT */
/* A series against itself n rows before. State: those n rows. */
#include "feature/feature.h"

#include "base/logarithm.h"
#include "feature/window.h"

static void plan_change(struct umm_feature_item *item)
{
    item->n_words = umm_feature_size(item, 0);
    item->lookback[0] = umm_feature_size(item, 0);
}

/* n rows of x against those before, to out; whether all of x were finite. */
typedef bool change(const struct umm_feature_item *item, const struct umm_bulk *bulk,
                    const double *x, const double *before, size_t n, double *out);

static void run_change(const struct umm_feature_item *item, double *state,
                       const struct umm_feature_rows *rows, change *of)
{
    const size_t n = umm_feature_size(item, 0);
    const double *x = rows->in[0];
    for (size_t at = 0; at < rows->n;) {
        const double *before;
        size_t run = umm_window_before(state, n, rows->count, x, rows->n, n, at, &before);
        if (!of(item, rows->bulk, x + at, before, run, rows->out[0] + at))
            *rows->has_odd = true;
        at += run;
    }
    umm_window_keep(state, n, rows->count, x, rows->n);
}

static bool difference(const struct umm_feature_item *item, const struct umm_bulk *bulk,
                       const double *x, const double *before, size_t n, double *out)
{
    (void)item;
    return bulk->difference(x, before, n, out);
}

static bool relative(const struct umm_feature_item *item, const struct umm_bulk *bulk,
                     const double *x, const double *before, size_t n, double *out)
{
    (void)item;
    return bulk->relative(x, before, n, out);
}

static bool rate(const struct umm_feature_item *item, const struct umm_bulk *bulk, const double *x,
                 const double *before, size_t n, double *out)
{
    if (item->rules->is_roc_part)
        return bulk->relative(x, before, n, out);
    return bulk->percent(x, before, item->rules->by_zero, n, out);
}

static bool log_ratios(const struct umm_feature_item *item, const struct umm_bulk *bulk,
                       const double *x, const double *before, size_t n, double *out)
{
    (void)item;
    (void)bulk;
    double odd = 0;
    for (size_t i = 0; i < n; i++) {
        odd += x[i] - x[i];
        out[i] = umm_log_ratio(x[i], before[i]);
    }
    return odd == 0;
}

#define CHANGE(title, of, description, source, usual, modes)                                       \
    static void run_##title(const struct umm_feature_item *item, double *state,                    \
                            const struct umm_feature_rows *rows)                                   \
    {                                                                                              \
        run_change(item, state, rows, of);                                                         \
    }                                                                                              \
    const struct umm_feature_def umm_feature_##title = {                                           \
        .name = #title,                                                                            \
        .usage = #title ":" #usual "@close",                                                       \
        .about = (description),                                                                    \
        .origin = (source),                                                                        \
        .renewed = (modes),                                                                        \
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

CHANGE(mom, difference, "difference from n rows before", "TA-Lib MOM", 10, 0)

CHANGE(roc, rate, "change since n rows before in percent, 0 if that was 0", "TA-Lib ROC", 10,
       UMM_FEATURE_IN_NAN_MODES)

CHANGE(returns, relative, "change since n rows before as a part of that; none if it was 0",
       "undisputed", 1, UMM_FEATURE_IN_ALL)

CHANGE(logreturns, log_ratios,
       "natural logarithm of the ratio to n rows before, within 2 units in the\nlast place; none "
       "unless that is positive",
       "undisputed", 1, 0)
