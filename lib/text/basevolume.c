/* SPDX-License-Identifier: MIT */
#include "text/basevolume.h"

#include <string.h>

#include "base/error.h"

/* The asset that name has after prefix; len 0: it does not begin so. */
static const char *asset_of(const char *name, const char *prefix, size_t *len)
{
    size_t n_prefix = strlen(prefix), n = strlen(name);
    *len = 0;
    if (!umm_name_begins(name, n, prefix, n_prefix))
        return name;
    umm_name_trim(&name, &n);
    *len = n - n_prefix;
    return name + n_prefix;
}

/* Currencies that others are quoted in, as the last part of a symbol. */
static const char *const money[] = {"USD", "USDT", "USDC", "BUSD", "TUSD", "FDUSD", "DAI",
                                    "EUR", "GBP",  "JPY",  "KRW",  "TRY",  "AUD",   "CAD",
                                    "CHF", "BRL",  "RUB",  "INR",  NULL};
static const char *const coins[] = {"BTC", "XBT", "ETH", "BNB", NULL};

static bool is_any(const char *text, size_t len, const char *const *list)
{
    for (; *list; list++)
        if (umm_name_equal(text, len, *list, strlen(*list)))
            return true;
    return false;
}

/* Whether some volume is in that asset. */
static bool has_asset(const struct umm_names *names, const char *prefix, const char *text,
                      size_t len)
{
    for (size_t i = 0; i < names->n; i++) {
        size_t n;
        const char *asset = asset_of(names->text[i], prefix, &n);
        if (n && umm_name_equal(asset, n, text, len))
            return true;
    }
    return false;
}

/*
 * How surely a symbol's base asset is this one: 3 where the rest of the symbol is the asset
 * of another volume, or a separator says so; 2 where it is a currency; 1 where the symbol
 * only begins so.
 */
static int likeness(const struct umm_names *names, const char *prefix, const char *asset, size_t n,
                    const char *symbol, size_t len)
{
    size_t base = 0;
    while (base < len && !strchr("/-_: ", symbol[base]))
        base++;
    if (base < len)
        return umm_name_equal(asset, n, symbol, base) ? 3 : 0;
    if (n > len || !umm_name_equal(asset, n, symbol, n))
        return 0;
    const char *rest = symbol + n;
    len -= n;
    if (has_asset(names, prefix, rest, len))
        return 3;
    return is_any(rest, len, money) || is_any(rest, len, coins) ? 2 : 1;
}

/* Whether a symbol is a pair, by a separator or a currency at its end. */
static bool is_pair(const char *symbol, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr("/-_: ", symbol[i]) || is_any(symbol + i, len - i, money) ||
            is_any(symbol + i, len - i, coins))
            return true;
    return false;
}

/*
 * The one volume that is in an asset, beside one that says nothing, as the layout's own header
 * has them: where the symbol is no pair, it takes nothing from that.
 */
static int only_named(const struct umm_names *names, const char *prefix, const char *symbol,
                      size_t len)
{
    int index = UMM_FIELD_NONE;
    bool has_plain = false;
    for (size_t i = 0; i < names->n; i++) {
        size_t n;
        const char *asset = asset_of(names->text[i], prefix, &n);
        has_plain |= umm_role_of(names->text[i], strlen(names->text[i])) == UMM_ROLE_VOLUME;
        if (!n)
            continue;
        if (index != UMM_FIELD_NONE || is_any(asset, n, money))
            return UMM_FIELD_NONE;
        index = (int)i;
    }
    return has_plain && len && !is_pair(symbol, len) ? index : UMM_FIELD_NONE;
}

enum umm_status umm_basevolume_find(const struct umm_names *names, const char *prefix,
                                    const char *symbol, size_t len_bytes, int *index,
                                    struct umm_error *err)
{
    int best = 0, n_best = 0;
    bool has_any = false;
    *index = UMM_FIELD_NONE;
    for (size_t i = 0; i < names->n; i++) {
        size_t n;
        const char *asset = asset_of(names->text[i], prefix, &n);
        has_any |= n > 0;
        int like = n ? likeness(names, prefix, asset, n, symbol, len_bytes) : 0;
        if (like > best) {
            best = like;
            n_best = 0;
            *index = (int)i;
        }
        n_best += like && like == best;
    }
    if (!has_any || n_best == 1)
        return UMM_OK;
    *index = n_best ? UMM_FIELD_NONE : only_named(names, prefix, symbol, len_bytes);
    if (*index != UMM_FIELD_NONE)
        return UMM_OK;
    char list[320], shown[UMM_EXCERPT_MAX];
    umm_error_set(err, UMM_ERR_DATA,
                  "which volume is in the base asset of symbol \"%s\" cannot be told from %s",
                  umm_escape(shown, sizeof shown, symbol, len_bytes),
                  umm_columns_list(names, list, sizeof list));
    return umm_error_hint_at(err, UMM_ERR_DATA, UMM_HINT_NAME_COLUMN, "volume", NULL);
}
