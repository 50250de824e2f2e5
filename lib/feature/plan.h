/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what a spec such as "ema:20,ema:200@high,macd" comes to. Public calls are in
 * umm.h; this is what the states (stream.h) need to know of it.
 *
 *     spec    = feature {"," feature}
 *     feature = name {":" parameter} ["@" series]
 *
 * A parameter that is left out is the feature's own standard.
 */
#ifndef UMM_FEATURE_PLAN_H
#define UMM_FEATURE_PLAN_H

#include "feature/feature.h"

/* A feature of a plan, its place in a state's words and among the outputs. */
struct umm_plan_item {
    struct umm_feature_item item;
    size_t first_word, first_output, n_outputs;
    unsigned columns; /* UMM_FEATURES_CLOSE and so on */
};

/*
 * The numerics of a plan change when its features' bits do, and a state goes on with its own only.
 * 1: as at first. 2: of plans with a feature that is renewed in the plan's mode, which are all
 * that have other bits.
 */
enum { UMM_FEATURES_NUMERICS_FIRST = 1, UMM_FEATURES_NUMERICS = 2 };

struct umm_plan_output {
    char name[UMM_FEATURES_NAME_MAX];
    uint64_t lookback;
};

/*
 * In a state's words each item has, from first_word on: the rows it has counted, its last
 * outputs, and what its feature keeps.
 */
struct umm_features {
    struct umm_feature_rules rules;
    enum umm_features_nan nan;
    unsigned numerics;
    unsigned seen_columns; /* which recurrences check as they go */
    struct umm_tz *tz;
    unsigned columns;
    size_t n_items, n_outputs, n_words;
    uint64_t max_lookback;
    struct umm_plan_item *items;
    struct umm_plan_output *outputs;
    char *text;
};

/* The series that input i of item is. */
static inline enum umm_feature_series umm_plan_input(const struct umm_feature_item *item,
                                                     unsigned i)
{
    enum umm_feature_series series = item->def->inputs[i];
    return series == UMM_SERIES_CHOSEN ? item->chosen : series;
}

#endif
