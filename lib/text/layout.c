/* SPDX-License-Identifier: MIT */
#include "text/layout.h"

#include <string.h>

#include "text/words.h"

/* ---- names ----------------------------------------------------------------- */

static const char *const role_names[UMM_ROLE_COUNT] = {"",      "timestamp", "open", "high", "low",
                                                       "close", "volume",    "date", "time"};

static const struct {
    enum umm_role role;
    const char *name;
} aliases[] = {
    {UMM_ROLE_TIMESTAMP, "timestamp"},
    {UMM_ROLE_TIMESTAMP, "open_time"},
    {UMM_ROLE_TIMESTAMP, "opentime"},
    {UMM_ROLE_TIMESTAMP, "datetime"},
    {UMM_ROLE_TIMESTAMP, "date_time"},
    {UMM_ROLE_TIMESTAMP, "gmt_time"},
    {UMM_ROLE_TIMESTAMP, "utc_time"},
    {UMM_ROLE_TIMESTAMP, "local_time"},
    {UMM_ROLE_TIMESTAMP, "unix"},
    {UMM_ROLE_TIMESTAMP, "unix_time"},
    {UMM_ROLE_TIMESTAMP, "unix_timestamp"},
    {UMM_ROLE_TIMESTAMP, "epoch"},
    {UMM_ROLE_TIMESTAMP, "ts"},
    {UMM_ROLE_DATE, "date"},
    {UMM_ROLE_DATE, "dtyyyymmdd"},
    {UMM_ROLE_TIME, "time"},
    {UMM_ROLE_OPEN, "open"},
    {UMM_ROLE_OPEN, "o"},
    {UMM_ROLE_OPEN, "open_price"},
    {UMM_ROLE_HIGH, "high"},
    {UMM_ROLE_HIGH, "h"},
    {UMM_ROLE_HIGH, "high_price"},
    {UMM_ROLE_LOW, "low"},
    {UMM_ROLE_LOW, "l"},
    {UMM_ROLE_LOW, "low_price"},
    {UMM_ROLE_CLOSE, "close"},
    {UMM_ROLE_CLOSE, "c"},
    {UMM_ROLE_CLOSE, "close_price"},
    {UMM_ROLE_VOLUME, "volume"},
    {UMM_ROLE_VOLUME, "vol"},
    {UMM_ROLE_VOLUME, "v"},
    {UMM_ROLE_VOLUME, "tickvol"},
    {UMM_ROLE_VOLUME, "tick_volume"},
    {UMM_ROLE_VOLUME, "base_volume"},
};

const char *umm_role_name(enum umm_role role)
{
    return role_names[role];
}

void umm_name_trim(const char **name, size_t *len)
{
    while (*len && strchr(" \t<", **name)) {
        ++*name;
        --*len;
    }
    while (*len && strchr(" \t>", (*name)[*len - 1]))
        --*len;
}

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c == ' ' || c == '-' ? '_' : c;
}

static bool is_same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return true;
}

bool umm_name_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    umm_name_trim(&a, &a_len);
    umm_name_trim(&b, &b_len);
    return a_len == b_len && is_same(a, b, a_len);
}

bool umm_name_begins(const char *name, size_t len_bytes, const char *prefix, size_t prefix_len)
{
    umm_name_trim(&name, &len_bytes);
    for (; prefix_len && strchr(" \t<", *prefix); prefix_len--)
        prefix++;
    return prefix_len <= len_bytes && is_same(name, prefix, prefix_len);
}

enum umm_role umm_role_of(const char *name, size_t len_bytes)
{
    umm_name_trim(&name, &len_bytes);
    for (size_t i = 0; len_bytes && i < sizeof aliases / sizeof *aliases; i++)
        if (!umm_letter_differs(*aliases[i].name, *name) && strlen(aliases[i].name) == len_bytes &&
            is_same(name, aliases[i].name, len_bytes))
            return aliases[i].role;
    return UMM_ROLE_NONE;
}

bool umm_name_is_time(const char *name)
{
    enum umm_role role = umm_role_of(name, strlen(name));
    return role == UMM_ROLE_TIMESTAMP || role == UMM_ROLE_DATE || role == UMM_ROLE_TIME ||
           umm_name_equal(name, strlen(name), "close_time", strlen("close_time"));
}

/* ---- names of instruments and amounts --------------------------------------- */

/* The letters, digits and bytes of UTF-8 of a name, in lower case; false: they do not fit. */
static bool canonical(char *out, size_t cap_bytes, const char *name, size_t len_bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        char c = fold(name[i]);
        if ((unsigned char)c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            continue;
        if (n + 1 >= cap_bytes)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

static bool is_one_of(const char *text, const char *const *list)
{
    return umm_is_word_of(list, text, strlen(text));
}

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), n = strlen(end);
    return len > n && strcmp(name + len - n, end) == 0;
}

/* "instrument" and "id", "stock" and "code", and so on; anything and "symbol" or "ticker". */
static bool is_compound(const char *name)
{
    static const char *const what[] = {
        "stock",     "security", "sec",        "contract", "instrument", "product",
        "asset",     "coin",     "scrip",      "sc",       "fund",       "bond",
        "index",     "pair",     "market",     "future",   "option",     "futures",
        "trading",   "raw",      "root",       "local",    "company",    "crypto",
        "fininstrm", "share",    "underlying", "ts",       "symbol",     "ticker",
        "base",      "sub",      "equity",     "currency", "securities", NULL};
    static const char *const how[] = {"code",   "id",    "name", "symbol", "ticker",
                                      "number", "token", "key",  NULL};
    for (const char *const *first = what; *first; first++) {
        const size_t len = **first == *name ? strlen(*first) : 0;
        if (len && strncmp(name, *first, len) == 0 && is_one_of(name + len, how))
            return true;
    }
    return ends_in(name, "symbol") || ends_in(name, "ticker");
}

/* As umm_name_instrument, of a canonical name. */
static int rank_of(const char *text, bool *is_text)
{
    static const char *const plain[] = {"symbol",  "ticker",  "tic",     "sym", "tckrsymb",
                                        "symbols", "tickers", "symroot", NULL};
    static const char *const whole[] = {
        "code",         "contract",   "instrument", "pair", "security",  "stock", "asset",
        "coin",         "product",    "scrip",      "fund", "bond",      "isin",  "cusip",
        "figi",         "sedol",      "wkn",        "ric",  "permno",    "gvkey", "conid",
        "secid",        "underlying", "crypto",     "name", "company",   "ccy",   "ccypair",
        "currencypair", "currency",   "commodity",  "lei",  "bloomberg", NULL};
    static const char *const vendors[] = {"tradingpair", "fininstrmnm",   "orderbookid", "seriesid",
                                          "windcode",    "sinfowindcode", "mnemonic",    "codneg",
                                          "isucd",       "isusrtcd",      NULL};
    static const char *const others[] = {
        "代码",       "名称",     "简称",     "合约",     "品种",     "证券代码",
        "股票代码",   "合约代码", "股票名称", "合约名称", "证券简称", "股票简称",
        "證券代號",   "證券名稱", "股票代號", "股票名稱", "商品代號", "コード",
        "銘柄コード", "銘柄名",   "종목코드", "종목명",   "Тикер",    NULL};
    static const char *const terms[] = {
        "series",      "sctysrs",        "expiry",        "expirydate", "expirydt",
        "xprydt",      "expirationdate", "expiration",    "strike",     "strikepr",
        "strikeprice", "strkpric",       "optiontype",    "optiontyp",  "optntp",
        "putcall",     "publisher",      "publisherid",   "venue",      "mic",
        "expiredate",  "contractmonth",  "deliverymonth", "callput",    "cpflag",
        NULL};
    static const char *const texts[] = {
        "index",  "id",     "market", "exchange", "exchangecode", "source",   "uniqueid",
        "level0", "level1", "level2", "unnamed0", "unnamed1",     "unnamed2", NULL};
    *is_text = false;
    if (is_one_of(text, plain))
        return 1;
    if (is_one_of(text, whole) || is_one_of(text, vendors) || is_one_of(text, others))
        return 2;
    if (is_compound(text))
        return 3;
    if (is_one_of(text, terms))
        return 4;
    *is_text = is_one_of(text, texts);
    return *is_text ? 5 : 0;
}

int umm_name_instrument(const char *name, size_t len_bytes, bool *is_text)
{
    enum { NAME_BYTES = 64 };
    char text[NAME_BYTES];
    *is_text = false;
    if (!canonical(text, sizeof text, name, len_bytes))
        return 0;
    int rank = rank_of(text, is_text);
    /* pandas calls a second symbol "symbol.1"; asset1 may well be a price. */
    size_t n = strlen(text);
    while (n && text[n - 1] >= '0' && text[n - 1] <= '9')
        n--;
    text[n] = '\0';
    return rank ? rank : rank_of(text, &(bool){false}) == 1;
}

/* The next word of a name: letters, a capital one after a small one beginning another. */
static size_t next_word(const char **at, const char *end, char *out, size_t cap_bytes)
{
    size_t n = 0;
    const char *p = *at;
    for (; p < end && n + 1 < cap_bytes; p++) {
        bool is_capital = *p >= 'A' && *p <= 'Z';
        char c = fold(*p);
        if (c < 'a' || c > 'z' || (n && is_capital && p[-1] >= 'a' && p[-1] <= 'z')) {
            if (n)
                break;
            if (c < 'a' || c > 'z')
                continue;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    *at = p;
    return n;
}

bool umm_name_is_amount(const char *name, size_t len_bytes)
{
    static const char *const amounts[] = {
        "price", "prices", "px",     "open",     "high",    "low",      "close",    "last",
        "bid",   "ask",    "mid",    "vwap",     "average", "avg",      "settle",   "volume",
        "vol",   "qty",    "size",   "quantity", "amount",  "amt",      "turnover", "notional",
        "value", "change", "return", "interest", "tickvol", "adjclose", NULL};
    static const char *const others[] = {"id",   "ids",    "time",  "ts",  "timestamp", "date",
                                         "unix", "number", "count", "seq", "sequence",  NULL};
    enum { WORD_BYTES = 32 };
    char word[WORD_BYTES];
    enum umm_role role = umm_role_of(name, len_bytes);
    if (role >= UMM_ROLE_OPEN && role <= UMM_ROLE_VOLUME)
        return true;
    bool is_amount = false;
    for (const char *at = name; next_word(&at, name + len_bytes, word, sizeof word);) {
        if (is_one_of(word, others))
            return false;
        is_amount |= is_one_of(word, amounts);
    }
    return is_amount;
}
