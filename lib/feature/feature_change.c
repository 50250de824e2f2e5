/* SPDX-License-Identifier: MIT */
/* A series against itself n rows before. State: those n rows. */
#include <math.h>

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

/* Of each row: out = expression of x, and of y, which is n rows before. */
#define RUN_CHANGE(name, expression)                                                               \
    static void run_##name(const struct umm_feature_item *item, double *state,                     \
                           const struct umm_feature_rows *rows)                                    \
    {                                                                                              \
        double before[UMM_FEATURE_BLOCK];                                                          \
        umm_window_lag(state, umm_feature_size(item, 0), rows->count, rows->in[0], rows->n,        \
                       before);                                                                    \
        for (size_t i = 0; i < rows->n; i++) {                                                     \
            double x = rows->in[0][i], y = before[i];                                              \
            rows->out[0][i] = (expression);                                                        \
        }                                                                                          \
    }

#define CHANGE(title, description, source, usual)                                                  \
    const struct umm_feature_def umm_feature_##title = {                                           \
        .name = #title,                                                                            \
        .usage = #title ":" #usual "@close",                                                       \
        .about = description,                                                                      \
        .origin = source,                                                                          \
        .params = {{"n", 1, 100000, usual, false, NULL}},                                          \
        .inputs = {UMM_SERIES_CHOSEN},                                                             \
        .n_inputs = 1,                                                                             \
        .standard = UMM_SERIES_CLOSE,                                                              \
        .outputs = {#title},                                                                       \
        .plan = plan_change,                                                                       \
        .run = run_##title,                                                                        \
    };

RUN_CHANGE(mom, x - y)
CHANGE(mom, "difference from n rows before", "TA-Lib MOM", 10)

RUN_CHANGE(roc, y == 0 ? 0 : (x / y - 1) * 100)
CHANGE(roc, "change since n rows before in percent, 0 if that was 0", "TA-Lib ROC", 10)

RUN_CHANGE(returns, y == 0 ? (double)NAN : (x - y) / y)
CHANGE(returns, "change since n rows before as a part of that; none if it was 0", "undisputed", 1)

RUN_CHANGE(logreturns, umm_log_ratio(x, y))
CHANGE(logreturns,
       "natural logarithm of the ratio to n rows before, within 2 units in the\nlast place",
       "undisputed", 1)
