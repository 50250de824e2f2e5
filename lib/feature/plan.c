/* SPDX-License-Identifier: MIT */
#include "feature/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/print.h"

static const char *const compat_names[] = {"talib", "tradingview", "tulip", "pandas", "metastock"};
static const char *const nan_names[] = {"error", "reset", "hold"};
static const char *const seed_names[] = {"compat", "mean", "first"};
static const char *const deviation_names[] = {"compat", "population", "sample"};
static const char *const start_names[] = {"compat", "undefined", "defined"};
static const char *const flat_names[] = {"compat", "0", "50", "100", "nan"};

/* A piece of a spec. */
struct piece {
    const char *text;
    size_t len;
};

static enum umm_status refuse(struct umm_error *err, const struct piece *piece, const char *what)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"", what,
                         umm_escape(shown, sizeof shown, piece->text, piece->len));
}

/* ---- rules -------------------------------------------------------------- */

static struct umm_feature_rules rules_of_compat(enum umm_features_compat compat)
{
    const double none = (double)NAN;
    struct umm_feature_rules r = {.is_together = true, .is_dm_short = true};
    switch (compat) {
    case UMM_FEATURES_METASTOCK: r.is_ema_first = r.is_rsi_early = r.is_obv_volume = true; break;
    case UMM_FEATURES_TALIB: r.is_macd_shared = r.is_obv_volume = true; break;
    case UMM_FEATURES_TULIP:
        r.is_ema_first = r.is_ema_early = r.is_macd_classic = true;
        r.is_range_defined = r.is_trange_defined = true;
        r.is_adx_early = r.is_adx_moved = r.is_cci_late = r.is_roc_part = true;
        r.rsi_flat = r.mfi_flat = r.by_zero = none;
        break;
    case UMM_FEATURES_TRADINGVIEW:
        r.is_range_defined = r.is_adx_ranged = r.is_stoch_sparse = true;
        r.is_obv_late = r.is_mfi_early = true;
        r.is_together = r.is_dm_short = false;
        r.tie = 1e-10;
        r.rsi_flat = r.mfi_flat = 100;
        r.no_range = r.by_zero = none;
        break;
    case UMM_FEATURES_PANDAS:
        r.is_ema_first = r.is_rma_first = r.is_adx_moved = r.is_sample = true;
        r.is_range_defined = r.is_trange_defined = true;
        r.is_together = r.is_dm_short = false;
        r.rsi_flat = r.mfi_flat = r.no_range = r.by_zero = none;
        break;
    }
    return r;
}

static struct umm_feature_rules rules_of(const struct umm_features_rules *rules)
{
    static const double flat[] = {0, 0, 50, 100, (double)NAN};
    struct umm_feature_rules r = rules_of_compat(rules->compat);
    if (rules->ema_seed)
        r.is_ema_first = rules->ema_seed == UMM_FEATURES_SEED_FIRST;
    if (!r.is_ema_first)
        r.is_ema_early = false;
    if (rules->rma_seed)
        r.is_rma_first = rules->rma_seed == UMM_FEATURES_SEED_FIRST;
    if (rules->deviation)
        r.is_sample = rules->deviation == UMM_FEATURES_DEVIATION_SAMPLE;
    if (rules->true_range)
        r.is_range_defined = r.is_trange_defined = rules->true_range == UMM_FEATURES_START_DEFINED;
    if (rules->obv) {
        r.is_obv_volume = rules->obv == UMM_FEATURES_START_DEFINED;
        r.is_obv_late = false;
    }
    if (rules->rsi_flat)
        r.rsi_flat = flat[rules->rsi_flat];
    return r;
}

static bool are_rules_valid(const struct umm_features_rules *rules)
{
    return (unsigned)rules->compat <= UMM_FEATURES_METASTOCK &&
           (unsigned)rules->nan <= UMM_FEATURES_NAN_HOLD &&
           (unsigned)rules->ema_seed <= UMM_FEATURES_SEED_FIRST &&
           (unsigned)rules->rma_seed <= UMM_FEATURES_SEED_FIRST &&
           (unsigned)rules->deviation <= UMM_FEATURES_DEVIATION_SAMPLE &&
           (unsigned)rules->true_range <= UMM_FEATURES_START_DEFINED &&
           (unsigned)rules->obv <= UMM_FEATURES_START_DEFINED &&
           (unsigned)rules->rsi_flat <= UMM_FEATURES_FLAT_NAN;
}

/* ---- features ------------------------------------------------------------ */

/* The columns that series is made of, as bits. */
static unsigned columns_of(enum umm_feature_series series)
{
    static const unsigned columns[UMM_SERIES_COUNT] = {
        [UMM_SERIES_TIME] = UMM_FEATURES_TIME,
        [UMM_SERIES_OPEN] = UMM_FEATURES_OPEN,
        [UMM_SERIES_HIGH] = UMM_FEATURES_HIGH,
        [UMM_SERIES_LOW] = UMM_FEATURES_LOW,
        [UMM_SERIES_CLOSE] = UMM_FEATURES_CLOSE,
        [UMM_SERIES_VOLUME] = UMM_FEATURES_VOLUME,
        [UMM_SERIES_HL2] = UMM_FEATURES_HIGH | UMM_FEATURES_LOW,
        [UMM_SERIES_HLC3] = UMM_FEATURES_HIGH | UMM_FEATURES_LOW | UMM_FEATURES_CLOSE,
        [UMM_SERIES_OHLC4] =
            UMM_FEATURES_OPEN | UMM_FEATURES_HIGH | UMM_FEATURES_LOW | UMM_FEATURES_CLOSE,
    };
    return columns[series];
}

/* Cut the text before the first byte of `ends` off *rest; it may be all. */
static struct piece cut(struct piece *rest, const char *ends)
{
    struct piece piece = {rest->text, 0};
    while (piece.len < rest->len && !strchr(ends, piece.text[piece.len]))
        piece.len++;
    rest->text += piece.len;
    rest->len -= piece.len;
    return piece;
}

/* Cut the byte c off *rest, if it is the next. */
static bool cut_byte(struct piece *rest, char c)
{
    if (rest->len == 0 || *rest->text != c)
        return false;
    rest->text++;
    rest->len--;
    return true;
}

/* The place of word in a list such as "day|all", or -1. */
static int word_at(const char *words, const struct piece *word)
{
    struct piece rest = {words, strlen(words)};
    for (int i = 0;; i++) {
        struct piece one = cut(&rest, "|");
        if (one.len == word->len && memcmp(one.text, word->text, one.len) == 0)
            return i;
        if (!cut_byte(&rest, '|'))
            return -1;
    }
}

enum { PARAM_DECIMALS = 6 };
static const double param_scale = 1e6;

static char *print_param(char *out, double value)
{
    char *end = umm_print_fixed(out, (int64_t)nearbyint(value * param_scale), PARAM_DECIMALS);
    while (end[-1] == '0')
        end--;
    return end[-1] == '.' ? end - 1 : end;
}

static enum umm_status parse_param(const struct umm_feature_def *def,
                                   const struct umm_feature_param *param, const struct piece *text,
                                   double *out, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX], low[UMM_PRINT_FIXED_MAX + 1], high[sizeof low];
    umm_escape(shown, sizeof shown, text->text, text->len);
    if (param->words) {
        int at = word_at(param->words, text);
        *out = at;
        return at >= 0 ? UMM_OK
                       : umm_error_set(err, UMM_ERR_ARGUMENT, "%s: %s must be one of %s: \"%s\"",
                                       def->name, param->name, param->words, shown);
    }
    /* Plain digits: no sign, no exponent. */
    bool is_plain = text->len > 0 && text->len <= 16;
    for (size_t i = 0; is_plain && i < text->len; i++)
        is_plain = strchr(param->is_real ? "0123456789." : "0123456789", text->text[i]) != NULL;
    if (is_plain && umm_num_parse_f64(text->text, text->len, '.', out) == UMM_NUM_OK &&
        *out >= param->min && *out <= param->max &&
        nearbyint(*out * param_scale) / param_scale == *out)
        return UMM_OK;
    *print_param(low, param->min) = '\0';
    *print_param(high, param->max) = '\0';
    return umm_error_set(
        err, UMM_ERR_ARGUMENT, "%s: %s must be a %s from %s to %s: \"%s\"", def->name, param->name,
        param->is_real ? "number of at most 6 decimals" : "whole number", low, high, shown);
}

static enum umm_status parse_series(struct umm_feature_item *item, const struct piece *name,
                                    struct umm_error *err)
{
    bool is_choice = false;
    for (unsigned i = 0; i < item->def->n_inputs; i++)
        is_choice = is_choice || item->def->inputs[i] == UMM_SERIES_CHOSEN;
    if (!is_choice)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: has no choice of series", item->def->name);
    item->chosen = umm_feature_series_find(name->text, name->len);
    if (item->chosen != UMM_SERIES_COUNT)
        return UMM_OK;
    return refuse(err, name,
                  "series is not one of open, high, low, close, volume, hl2, hlc3, ohlc4");
}

/* text is one feature of a spec. */
static enum umm_status parse_item(struct umm_feature_item *item, struct piece text,
                                  struct umm_error *err)
{
    const struct umm_feature_def *nearest;
    struct piece rest = text, name = cut(&rest, ":@");
    char shown[UMM_EXCERPT_MAX];
    item->def = umm_feature_find(name.text, name.len, &nearest);
    if (!item->def && nearest && name.len > 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "unknown feature \"%s\"; the nearest is %s",
                             umm_escape(shown, sizeof shown, name.text, name.len), nearest->name);
    if (!item->def)
        return refuse(err, &name, "unknown feature");
    const size_t n_params = umm_feature_n_params(item->def);
    for (size_t i = 0; i < n_params; i++)
        item->params[i] = item->def->params[i].standard;
    for (size_t i = 0; cut_byte(&rest, ':'); i++) {
        struct piece param = cut(&rest, ":@");
        if (i >= n_params)
            return refuse(err, &text, "too many parameters");
        enum umm_status status =
            parse_param(item->def, &item->def->params[i], &param, &item->params[i], err);
        if (status)
            return status;
    }
    item->chosen = item->def->standard;
    if (cut_byte(&rest, '@'))
        return parse_series(item, &rest, err);
    return UMM_OK;
}

/* ---- names --------------------------------------------------------------- */

static char *put(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return out + len;
}

/* Longest: a stem, three parameters of 13 bytes, a series. Well below the name's room. */
static void name_output(char *out, const struct umm_feature_item *item, unsigned output)
{
    out = put(out, item->def->outputs[output]);
    for (size_t i = 0; i < umm_feature_n_params(item->def); i++) {
        const struct umm_feature_param *param = &item->def->params[i];
        if (!param->words)
            out = print_param(put(out, "_"), item->params[i]);
        else if (item->params[i] > 0)
            out = put(put(out, "_"), strchr(param->words, '|') + 1);
    }
    if (item->chosen != item->def->standard)
        out = put(put(out, "_"), umm_feature_series_name(item->chosen));
    *out = '\0';
}

/* The item as a spec with nothing left out; at most UMM_FEATURES_NAME_MAX bytes. */
static char *put_item(char *out, const struct umm_feature_item *item)
{
    out = put(out, item->def->name);
    for (size_t i = 0; i < umm_feature_n_params(item->def); i++) {
        const char *words = item->def->params[i].words;
        if (words) {
            struct piece rest = {words, strlen(words)}, word = cut(&rest, "|");
            if (item->params[i] > 0)
                word = rest, cut_byte(&word, '|');
            *out++ = ':';
            memcpy(out, word.text, word.len);
            out += word.len;
        } else {
            out = print_param(put(out, ":"), item->params[i]);
        }
    }
    for (unsigned i = 0; i < item->def->n_inputs; i++)
        if (item->def->inputs[i] == UMM_SERIES_CHOSEN)
            out = put(put(out, "@"), umm_feature_series_name(item->chosen));
    return out;
}

static char *put_switch(char *out, const char *name, const char *value)
{
    return put(put(put(put(out, " "), name), "="), value);
}

enum { RULES_TEXT_MAX = 256 };

static enum umm_status make_text(struct umm_features *f, const struct umm_features_rules *rules,
                                 struct umm_error *err)
{
    size_t room =
        f->n_items * (UMM_FEATURES_NAME_MAX + 1) + RULES_TEXT_MAX + strlen(umm_tz_name(f->tz));
    char *out = f->text = malloc(room);
    if (!out)
        return umm_error_set_memory(err, room, "a plan");
    for (size_t i = 0; i < f->n_items; i++) {
        if (i > 0)
            *out++ = ',';
        out = put_item(out, &f->items[i].item);
    }
    out = put_switch(out, "compat", compat_names[rules->compat]);
    out = put_switch(out, "nan", nan_names[rules->nan]);
    out = put_switch(out, "ema-seed", seed_names[rules->ema_seed]);
    out = put_switch(out, "rma-seed", seed_names[rules->rma_seed]);
    out = put_switch(out, "deviation", deviation_names[rules->deviation]);
    out = put_switch(out, "true-range", start_names[rules->true_range]);
    out = put_switch(out, "obv-start", start_names[rules->obv]);
    out = put_switch(out, "rsi-flat", flat_names[rules->rsi_flat]);
    out = put_switch(out, "time-zone", umm_tz_name(f->tz));
    *out = '\0';
    return UMM_OK;
}

/* ---- plans --------------------------------------------------------------- */

static enum umm_status add_output(struct umm_features *f, const struct umm_feature_item *item,
                                  unsigned output, struct umm_error *err)
{
    struct umm_plan_output *out = &f->outputs[f->n_outputs];
    name_output(out->name, item, output);
    out->lookback = item->lookback[output];
    if (out->lookback > f->max_lookback)
        f->max_lookback = out->lookback;
    for (size_t i = 0; i < f->n_outputs; i++)
        if (strcmp(f->outputs[i].name, out->name) == 0)
            return umm_error_set(err, UMM_ERR_ARGUMENT, "%s is asked for twice", out->name);
    f->n_outputs++;
    return UMM_OK;
}

static enum umm_status add_item(struct umm_features *f, struct piece text,
                                enum umm_features_compat compat, struct umm_error *err)
{
    struct umm_plan_item *p = &f->items[f->n_items];
    struct umm_feature_item *item = &p->item;
    enum umm_status status = parse_item(item, text, err);
    if (status)
        return status;
    item->rules = &f->rules;
    item->tz = f->tz;
    item->n_inputs = item->def->n_inputs;
    const char *wrong = item->def->check ? item->def->check(item) : NULL;
    if (wrong)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "%s", wrong);
    item->def->plan(item);
    f->n_items++;
    if (item->def->renewed & 1U << compat)
        f->numerics = UMM_FEATURES_NUMERICS;
    p->first_word = f->n_words;
    p->first_output = f->n_outputs;
    p->n_outputs = umm_feature_n_outputs(item->def);
    for (unsigned i = 0; i < item->n_inputs; i++)
        p->columns |= columns_of(umm_plan_input(item, i));
    f->columns |= p->columns;
    if (item->def->is_long && item->chosen < UMM_SERIES_COLUMNS)
        f->seen_columns |= p->columns;
    f->n_words += 1 + p->n_outputs + item->n_words;
    for (unsigned i = 0; i < p->n_outputs && !status; i++)
        status = add_output(f, item, i, err);
    return status;
}

static enum umm_status fill(struct umm_features *f, const char *spec,
                            const struct umm_features_rules *rules, struct umm_error *err)
{
    struct piece rest = {spec, strlen(spec)};
    size_t n = 1;
    for (size_t i = 0; i < rest.len; i++)
        n += spec[i] == ',';
    f->items = calloc(n, sizeof *f->items);
    f->outputs = calloc(n, UMM_FEATURE_OUTPUTS * sizeof *f->outputs);
    if (!f->items || !f->outputs)
        return umm_error_set_memory(err, n * sizeof *f->items, "a plan");
    if (rules->time_zone) {
        enum umm_status status = umm_tz_open(rules->time_zone, NULL, &f->tz, err);
        if (status)
            return status;
    }
    do {
        enum umm_status status = add_item(f, cut(&rest, ","), rules->compat, err);
        if (status)
            return status;
    } while (cut_byte(&rest, ','));
    return make_text(f, rules, err);
}

enum umm_status umm_features_open(const char *spec, const struct umm_features_rules *rules,
                                  struct umm_features **out, struct umm_error *err)
{
    const struct umm_features_rules standard = {0};
    *out = NULL;
    rules = rules ? rules : &standard;
    if (!are_rules_valid(rules))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a rule for features has no such value");
    struct umm_features *f = calloc(1, sizeof *f);
    if (!f)
        return umm_error_set_memory(err, sizeof *f, "a plan");
    f->rules = rules_of(rules);
    f->nan = rules->nan;
    f->numerics = UMM_FEATURES_NUMERICS_FIRST;
    enum umm_status status = fill(f, spec, rules, err);
    if (status) {
        umm_features_close(f);
        return status;
    }
    *out = f;
    return UMM_OK;
}

void umm_features_close(struct umm_features *features)
{
    if (!features)
        return;
    umm_tz_close(features->tz);
    free(features->items);
    free(features->outputs);
    free(features->text);
    free(features);
}

unsigned umm_features_columns(const struct umm_features *features)
{
    return features->columns;
}

size_t umm_features_n_outputs(const struct umm_features *features)
{
    return features->n_outputs;
}

const char *umm_features_name(const struct umm_features *features, size_t i)
{
    return features->outputs[i].name;
}

uint64_t umm_features_lookback(const struct umm_features *features, size_t i)
{
    return features->outputs[i].lookback;
}

const char *umm_features_describe(size_t i, const char **usage, const char **about,
                                  const char **origin)
{
    const struct umm_feature_def *def = umm_feature_at(i);
    if (!def)
        return NULL;
    *usage = def->usage;
    *about = def->about;
    *origin = def->origin;
    return def->name;
}

const char *umm_features_text(const struct umm_features *features)
{
    return features->text;
}
