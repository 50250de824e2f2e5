/* SPDX-License-Identifier: MIT */
#include "array/deliveryname.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/hint.h"
#include "unpack/packing.h"

/* ---- vendors ---------------------------------------------------------------------- */

/* Those whose files CryptoDataDownload has. */
#define EXCHANGES                                                                                  \
    "Abucoins|Binance|BinanceUS|Bitbay|Bitfinex|Bithumb|BitMEX|Bitstamp|Bittrex|BTSE|Bybit|CEX|"   \
    "Cexio|Coinbase|Deribit|Exmo|FTX|FTXUS|Gemini|HitBTC|Huobi|ItBit|Kraken|Kucoin|Liquid|OKCoin|" \
    "OKEx|OKX|Poloniex|Tidex|Upbit"

#define UPPER "A-Z0-9"

/*
 * What is not in the pattern: the bytes of symbols, the texts of {kind}, and a timeframe where the
 * name has none.
 */
static const struct vendor {
    const char *name, *pattern, *example;
    const char *symbol_bytes, *kinds, *timeframe;
} vendors[] = {
    {"Alpha Vantage", "intraday_{timeframe}_{symbol}", "intraday_5min_IBM.csv", UPPER ".", NULL,
     NULL},
    {"Alpha Vantage", "daily_{symbol}", "daily_IBM.csv", UPPER ".", NULL, "1d"},
    {"Alpha Vantage", "weekly_{symbol}", "weekly_IBM.csv", UPPER ".", NULL, "1w"},
    {"Alpha Vantage", "monthly_{symbol}", "monthly_IBM.csv", UPPER ".", NULL, "1mo"},
    {"Binance", "{symbol}-{timeframe}-{date}", "BTCUSDT-1m-2024-01.zip", UPPER "_\x80-\xff", NULL,
     NULL},
    {"Bybit", "{symbol}_{minutes}_{date}_{date}", "BTCUSDT_15_2024-01-01_2024-01-31.csv.gz",
     UPPER "-", NULL, NULL},
    {"CryptoDataDownload", "{kind}_{symbol}_{timeframe}", "Binance_BTCUSDT_1h.csv", UPPER,
     EXCHANGES, NULL},
    {"CryptoDataDownload", "{kind}_{symbol}_{date}_{timeframe}", "Binance_BTCUSDT_2023_minute.csv",
     UPPER, EXCHANGES, NULL},
    {"Dukascopy", "{symbol}_Candlestick_{count_unit}_{kind}", "EURUSD_Candlestick_1_D_BID.csv",
     UPPER "a-z.-", "BID|ASK", NULL},
    {"Dukascopy", "{symbol}_Candlestick_{count_unit}_{kind}_{date}-{date}",
     "EURUSD_Candlestick_1_M_BID_01.01.2020-31.12.2020.csv", UPPER "a-z.-", "BID|ASK", NULL},
    {"Dukascopy", "{symbol}_Candlestick_{count_unit}_{kind}_{date}-{date}_*",
     "EURUSD_Candlestick_1_M_BID_01.01.2020-31.12.2020_NOFLATS.csv", UPPER "a-z.-", "BID|ASK",
     NULL},
    {"FirstRate Data", "{symbol}_full_{timeframe}", "SPX_full_1min.txt", UPPER ".", NULL, NULL},
    {"FirstRate Data", "{symbol}_full_{timeframe}_{kind}", "AAPL_full_1min_adjsplitdiv.txt",
     UPPER ".", NULL, NULL},
    {"FirstRate Data", "{symbol}_full_{timeframe}_continuous_{kind}",
     "ES_full_1min_continuous_UNadjusted.txt", UPPER ".", NULL, NULL},
    {"FirstRate Data", "{symbol}_full_{timeframe}_continuous_{kind}_adjusted",
     "ES_full_1min_continuous_ratio_adjusted.txt", UPPER ".", NULL, NULL},
    {"HistData", "DAT_*_{symbol}_{timeframe}_{date}", "DAT_ASCII_EURUSD_M1_2023.csv", UPPER, NULL,
     NULL},
    {"HistData", "HISTDATA_COM_*_{symbol}_{timeframe}_{date}",
     "HISTDATA_COM_ASCII_EURUSD_M1_2020.zip", UPPER, NULL, NULL},
    {"HistData", "HISTDATA_COM_*_{symbol}_M1{date}", "HISTDATA_COM_ASCII_EURUSD_M1202306.zip",
     UPPER, NULL, "1m"},
    {"Kraken", "{symbol}_{minutes}", "XBTUSD_60.csv", UPPER ".", NULL, NULL},
    {"MetaTrader 4", "{symbol}{minutes}", "EURUSD60.csv", NULL, NULL, NULL},
    {"MetaTrader 5", "{symbol}_{timeframe}_{date}_{date}",
     "EURUSD_M1_202001020000_202012312359.csv", UPPER "a-z.#!+&^-", NULL, NULL},
    {"OKX", "{symbol}-candlesticks-{date}", "BTC-USDT-SWAP-candlesticks-2024-05-18.zip", UPPER "-",
     NULL, "1m"},
    {"Stooq", "{symbol}_d", "aapl_us_d.csv", "a-z0-9_.^-", NULL, "1d"},
    {"Stooq", "{symbol}_w", "aapl_us_w.csv", "a-z0-9_.^-", NULL, "1w"},
    {"TradingView", "{kind}_{symbol}, {minutes}", "BINANCE_BTCUSDT, 60.csv", UPPER "a-z.!", NULL,
     NULL},
    {"TradingView", "{kind}_{symbol}, {minutes}_*", "BINANCE_BTCUSDT, 60_b6ebd.csv", UPPER "a-z.!",
     NULL, NULL},
    {"TradingView", "{kind}_{symbol}, {timeframe}", "NASDAQ_AAPL, 1D.csv", UPPER "a-z.!", NULL,
     NULL},
    {"TradingView", "{kind}_{symbol}, {timeframe}_*", "NASDAQ_AAPL, 1D_0c1d2.csv", UPPER "a-z.!",
     NULL, NULL},
};
enum { N_VENDORS = sizeof vendors / sizeof *vendors };

/* Where no vendor's pattern knows a name. */
static const char *const generals[] = {"{symbol}-{timeframe}-*", "{symbol}_{timeframe}-*",
                                       "{symbol}-{timeframe}_*", "{symbol}_{timeframe}_*",
                                       "{symbol}-{timeframe}.*", "{symbol}_{timeframe}.*",
                                       "{symbol}-{timeframe}",   "{symbol}_{timeframe}"};
enum { N_GENERALS = sizeof generals / sizeof *generals };

const char *umm_deliveryname_layout(const char *by)
{
    return by && strcmp(by, "Binance") == 0 ? "binance" : NULL;
}

bool umm_deliveryname_vendor(size_t index, const char **vendor, const char **pattern,
                             const char **example)
{
    if (index >= N_VENDORS)
        return false;
    *vendor = vendors[index].name;
    *pattern = vendors[index].pattern;
    *example = vendors[index].example;
    return true;
}

/* ---- readers ---------------------------------------------------------------------- */

struct umm_deliveryname_reader {
    bool has_own;
    struct umm_namepattern own, of_vendors[N_VENDORS], general[N_GENERALS];
    struct umm_timeframe fixed[N_VENDORS]; /* of a vendor's names that tell none */
    const char *symbol;
    bool has_timeframe;
    struct umm_timeframe timeframe;
};

/* Cut off what says how a file is written, also of a pattern. */
static size_t without_suffixes(const char *name, size_t len)
{
    static const char *const texts[] = {".csv", ".tsv", ".txt", ".prn", ".asc"};
    for (size_t before = 0; len && len != before;) {
        before = len;
        len = umm_packing_stem(name, len);
        for (size_t i = 0; len == before && i < sizeof texts / sizeof *texts; i++) {
            const size_t n = strlen(texts[i]);
            if (len > n && strncasecmp(name + len - n, texts[i], n) == 0)
                len -= n;
        }
    }
    return len;
}

/* Cut off the " (2)" of a second download. */
static size_t without_copy(const char *name, size_t len)
{
    size_t at = len;
    if (len < 5 || name[len - 1] != ')')
        return len;
    for (at = len - 1; at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9';)
        at--;
    return at > 2 && at < len - 1 && name[at - 1] == '(' && name[at - 2] == ' ' ? at - 2 : len;
}

static enum umm_status set_own(struct umm_deliveryname_reader *reader, const char *pattern,
                               struct umm_error *err)
{
    reader->has_own = true;
    enum umm_status status = umm_namepattern_parse(
        pattern, without_suffixes(pattern, strlen(pattern)), false, &reader->own, err);
    if (status)
        return status;
    if (!reader->own.has_symbol && !reader->symbol)
        return umm_error_hint(
            err, umm_error_set(err, UMM_ERR_ARGUMENT, "a pattern of names without {symbol}"),
            UMM_HINT_SYMBOL);
    if (!reader->own.has_timeframe && !reader->has_timeframe)
        return umm_error_hint(err,
                              umm_error_set(err, UMM_ERR_ARGUMENT,
                                            "a pattern of names without {timeframe} or {minutes}"),
                              UMM_HINT_TIMEFRAME);
    return UMM_OK;
}

static enum umm_status set_vendors(struct umm_deliveryname_reader *reader, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < N_VENDORS; i++) {
        const struct vendor *v = &vendors[i];
        struct umm_namepattern *pattern = &reader->of_vendors[i];
        status = umm_namepattern_parse(v->pattern, strlen(v->pattern), true, pattern, err);
        if (!status && v->timeframe)
            status =
                umm_timeframe_parse(v->timeframe, strlen(v->timeframe), &reader->fixed[i], err);
        pattern->symbol_bytes = v->symbol_bytes;
        pattern->kinds = v->kinds;
    }
    for (size_t i = 0; !status && i < N_GENERALS; i++) {
        status =
            umm_namepattern_parse(generals[i], strlen(generals[i]), true, &reader->general[i], err);
        reader->general[i].is_timeframe_long = true;
    }
    return status;
}

enum umm_status umm_deliveryname_reader_new(const struct umm_deliveryname_options *options,
                                            struct umm_deliveryname_reader **reader,
                                            struct umm_error *err)
{
    char ignored[UMM_DATASET_NAME_MAX];
    struct umm_deliveryname_reader *made = calloc(1, sizeof *made);
    enum umm_status status = UMM_OK;
    *reader = NULL;
    if (!made)
        return umm_error_set_memory(err, sizeof *made, "patterns of names");
    made->symbol = options->symbol;
    made->has_timeframe = options->timeframe != NULL;
    if (options->symbol)
        status = umm_dataset_symbol_name(options->symbol, strlen(options->symbol), ignored, err);
    if (!status && options->timeframe)
        status = umm_timeframe_parse(options->timeframe, strlen(options->timeframe),
                                     &made->timeframe, err);
    if (!status && options->pattern)
        status = set_own(made, options->pattern, err);
    if (!status)
        status = set_vendors(made, err);
    if (status)
        umm_deliveryname_reader_free(made);
    else
        *reader = made;
    return status;
}

void umm_deliveryname_reader_free(struct umm_deliveryname_reader *reader)
{
    free(reader);
}

/* ---- one name --------------------------------------------------------------------- */

/* A name, and what is known of it so far. */
struct reading {
    const struct umm_deliveryname_reader *reader;
    const char *file, *stem;
    size_t len;
    bool has_match, is_unclear;
    struct umm_namepattern_match match, other;
    const char *by;
};

static bool is_same_span(const struct umm_namepattern_span *a, const struct umm_namepattern_span *b)
{
    return a->len_bytes == b->len_bytes && memcmp(a->text, b->text, a->len_bytes) == 0;
}

/* A symbol that is given takes the place of those in names, whatever they are. */
static bool is_same_dataset(const struct reading *r, const struct umm_namepattern_match *a,
                            const struct umm_namepattern_match *b)
{
    return (r->reader->symbol || is_same_span(&a->symbol, &b->symbol)) &&
           strcmp(a->timeframe.name, b->timeframe.name) == 0;
}

/* Another reading, or the same as before. */
static void take(struct reading *r, const struct umm_namepattern_match *match, const char *by)
{
    if (!r->has_match) {
        r->has_match = true;
        r->match = *match;
        r->by = by;
    } else if (!r->is_unclear && !is_same_dataset(r, &r->match, match)) {
        r->is_unclear = true;
        r->other = *match;
    } else if (!r->match.kind.len_bytes) {
        r->match.kind = match->kind;
    }
}

static void try_pattern(struct reading *r, const struct umm_namepattern *pattern,
                        const struct umm_timeframe *fixed, const char *by)
{
    struct umm_namepattern_match match, other;
    const enum umm_namepattern_result result =
        umm_namepattern_match(pattern, r->stem, r->len, &match, &other);
    if (result == UMM_NAMEPATTERN_NONE)
        return;
    if (!match.timeframe.name[0])
        match.timeframe = other.timeframe = fixed ? *fixed : r->reader->timeframe;
    take(r, &match, by);
    if (result == UMM_NAMEPATTERN_AMBIGUOUS)
        take(r, &other, by);
    /* Also where both have the same texts: a third one, which was not looked for, may not. */
    if (result == UMM_NAMEPATTERN_AMBIGUOUS && !r->is_unclear) {
        r->is_unclear = true;
        r->other = other;
    }
}

/* A number of minutes right after the symbol: what the symbol is must be clear. */
static bool is_metatrader4(const struct umm_namepattern_match *match)
{
    enum { LETTERS = 3 };
    const char *symbol = match->symbol.text;
    const size_t len = match->symbol.len_bytes;
    static const char *const spans[] = {"1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo"};
    if (len < LETTERS || (symbol[len - 1] >= '0' && symbol[len - 1] <= '9') ||
        strcspn(symbol, "_-, ") < len)
        return false;
    for (size_t i = 0; i < LETTERS; i++)
        if (symbol[i] < 'A' || symbol[i] > 'Z')
            return false;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (strcmp(spans[i], match->timeframe.name) == 0)
            return true;
    return false;
}

/* All digits at the end of the name are the minutes: another reading cannot be meant. */
static void try_metatrader4(struct reading *r, const struct vendor *vendor)
{
    struct umm_namepattern_match match = {.symbol = {r->stem, r->len}};
    size_t at = r->len;
    while (at > 0 && r->stem[at - 1] >= '0' && r->stem[at - 1] <= '9')
        at--;
    match.symbol.len_bytes = at;
    if (umm_timeframe_parse_minutes(r->stem + at, r->len - at, &match.timeframe) &&
        is_metatrader4(&match))
        take(r, &match, vendor->name);
}

static void try_vendors(struct reading *r)
{
    for (size_t i = 0; i < N_VENDORS; i++) {
        if (strcmp(vendors[i].pattern, "{symbol}{minutes}") == 0)
            try_metatrader4(r, &vendors[i]);
        else
            try_pattern(r, &r->reader->of_vendors[i], &r->reader->fixed[i], vendors[i].name);
    }
}

/* A symbol that a date ends, after - _ or a dot, could be without it. */
static void doubt_date(struct reading *r)
{
    const struct umm_namepattern_span *symbol = &r->match.symbol;
    for (size_t at = 1; at + 1 < symbol->len_bytes && !r->is_unclear; at++) {
        const size_t left = symbol->len_bytes - at - 1;
        if (!strchr("-_.", symbol->text[at]) ||
            umm_namepattern_date(symbol->text + at + 1, left) != left)
            continue;
        r->is_unclear = true;
        r->other = r->match;
        r->other.symbol.len_bytes = at;
    }
}

static void try_general(struct reading *r)
{
    for (size_t i = 0; i < N_GENERALS; i++)
        try_pattern(r, &r->reader->general[i], NULL, "name");
    if (!r->has_match && r->reader->has_timeframe) {
        const struct umm_namepattern_match whole = {.symbol = {r->stem, r->len},
                                                    .timeframe = r->reader->timeframe};
        take(r, &whole, "name");
    }
    if (r->has_match && !r->reader->symbol)
        doubt_date(r);
}

static enum umm_status refuse_unclear(const struct reading *r, struct umm_error *err)
{
    char first[UMM_EXCERPT_MAX], second[UMM_EXCERPT_MAX];
    umm_escape(first, sizeof first, r->match.symbol.text, r->match.symbol.len_bytes);
    umm_escape(second, sizeof second, r->other.symbol.text, r->other.symbol.len_bytes);
    umm_error_set_path(err, UMM_ERR_ARGUMENT, r->file,
                       "its name could be of \"%s\" %s or of \"%s\" %s", first,
                       r->match.timeframe.name, second, r->other.timeframe.name);
    return umm_error_hint(err, UMM_ERR_ARGUMENT, UMM_HINT_DATASET);
}

/* What the name tells and what the caller says of all files, together. */
static enum umm_status settle(const struct reading *r, struct umm_deliveryname *out,
                              struct umm_error *err)
{
    const struct umm_deliveryname_reader *reader = r->reader;
    const struct umm_namepattern_match *match = &r->match;
    enum umm_status status = UMM_OK;
    *out = (struct umm_deliveryname){.timeframe = match->timeframe, .by = r->by};
    snprintf(out->kind, sizeof out->kind, "%.*s", (int)match->kind.len_bytes, match->kind.text);
    if (reader->symbol)
        snprintf(out->symbol, sizeof out->symbol, "%s", reader->symbol);
    else
        status = umm_dataset_symbol_of_name(match->symbol.text, match->symbol.len_bytes,
                                            out->symbol, err);
    if (status || !reader->has_timeframe)
        return status;
    if (match->timeframe.n_seconds != reader->timeframe.n_seconds ||
        match->timeframe.n_months != reader->timeframe.n_months)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, r->file,
                                  "its name tells the timeframe %s, not %s", match->timeframe.name,
                                  reader->timeframe.name);
    out->timeframe = reader->timeframe;
    return UMM_OK;
}

enum umm_status umm_deliveryname_read(const struct umm_deliveryname_reader *reader,
                                      const char *file, struct umm_deliveryname *out,
                                      struct umm_error *err)
{
    const char *slash = strrchr(file, '/');
    struct reading r = {.reader = reader, .file = file, .stem = slash ? slash + 1 : file};
    char ignored[UMM_DATASET_NAME_MAX];
    *out = (struct umm_deliveryname){.by = NULL};
    r.len = without_copy(r.stem, without_suffixes(r.stem, strlen(r.stem)));
    if (reader->has_own)
        try_pattern(&r, &reader->own, NULL, "pattern");
    if (!r.has_match)
        try_vendors(&r);
    if (!r.has_match)
        try_general(&r);
    if (!r.has_match)
        return umm_error_hint(err,
                              umm_error_set_path(err, UMM_ERR_ARGUMENT, file,
                                                 "its name tells no symbol and timeframe"),
                              UMM_HINT_DATASET);
    out->by = r.by;
    if (r.is_unclear)
        return refuse_unclear(&r, err);
    enum umm_status status = settle(&r, out, err);
    if (!status)
        status = umm_dataset_symbol_name(out->symbol, strlen(out->symbol), ignored, err);
    return status;
}
