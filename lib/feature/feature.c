/* SPDX-License-Identifier: MIT */
#include "feature/feature.h"

#include <string.h>

#define ROW(name) &umm_feature_##name,
static const struct umm_feature_def *const table[] = {UMM_FEATURES(ROW)};
#undef ROW

static const char *const series_names[UMM_SERIES_COUNT] = {
    "time", "open", "high", "low", "close", "volume", "hl2", "hlc3", "ohlc4"};

enum { N_FEATURES = sizeof table / sizeof *table, NAME_MAX_BYTES = 16 };

const struct umm_feature_def *umm_feature_at(size_t i)
{
    return i < N_FEATURES ? table[i] : NULL;
}

static bool is_text(const char *name, size_t len, const char *text)
{
    return strlen(text) == len && memcmp(name, text, len) == 0;
}

/* Insertions, deletions and replacements from a to b, both short. */
static size_t distance(const char *a, size_t a_len, const char *b)
{
    size_t b_len = strlen(b), row[NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; i < a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t cost = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (diagonal + 1 < cost)
                cost = diagonal + 1;
            row[j + 1] = row[j] + 1 < cost ? row[j] + 1 : cost;
        }
    }
    return row[b_len];
}

const struct umm_feature_def *umm_feature_find(const char *name, size_t len,
                                               const struct umm_feature_def **nearest)
{
    size_t best = SIZE_MAX;
    *nearest = NULL;
    for (size_t i = 0; i < N_FEATURES; i++) {
        if (is_text(name, len, table[i]->name))
            return table[i];
        size_t far = len > NAME_MAX_BYTES ? SIZE_MAX : distance(name, len, table[i]->name);
        if (far < best) {
            best = far;
            *nearest = table[i];
        }
    }
    return NULL;
}

const char *umm_feature_series_name(enum umm_feature_series series)
{
    return series_names[series];
}

enum umm_feature_series umm_feature_series_find(const char *name, size_t len)
{
    unsigned i = UMM_SERIES_OPEN;
    while (i < UMM_SERIES_COUNT && !is_text(name, len, series_names[i]))
        i++;
    return (enum umm_feature_series)i;
}

size_t umm_feature_n_params(const struct umm_feature_def *def)
{
    size_t n = 0;
    while (n < UMM_FEATURE_PARAMS && def->params[n].name)
        n++;
    return n;
}

size_t umm_feature_n_outputs(const struct umm_feature_def *def)
{
    size_t n = 0;
    while (n < UMM_FEATURE_OUTPUTS && def->outputs[n])
        n++;
    return n;
}
