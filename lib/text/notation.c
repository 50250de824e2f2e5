/* SPDX-License-Identifier: MIT */
#include "text/notation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/notation_bare.h"
#include "text/words.h"

/* ---- names ------------------------------------------------------------------ */

static const char *const mark_names[UMM_GROUP_MARKS] = {"", ",", ".", "apostrophe", "space"};

const char *umm_group_mark_name(enum umm_group_mark mark)
{
    return mark_names[mark];
}

bool umm_group_mark_find(const char *name, enum umm_group_mark *mark)
{
    const size_t len = strlen(name);
    for (int m = UMM_GROUP_NONE + 1; m < UMM_GROUP_MARKS; m++) {
        *mark = (enum umm_group_mark)m;
        if (strcmp(name, mark_names[m]) == 0 ||
            (len && umm_group_mark_size(*mark, name, len) == len))
            return true;
    }
    return false;
}

static const struct {
    unsigned way;
    const char *name;
} way_names[] = {{UMM_WAY_CURRENCY, "currency"}, {UMM_WAY_PERCENT, "percent"},
                 {UMM_WAY_RATIO, "ratio"},       {UMM_WAY_SUFFIX, "suffix"},
                 {UMM_WAY_BOOLEAN, "boolean"},   {UMM_WAY_PARENTHESES, "parentheses"}};
enum { WAYS = sizeof way_names / sizeof *way_names };

bool umm_ways_parse(const char *list, unsigned *ways)
{
    *ways = 0;
    for (;;) {
        const size_t len = strcspn(list, ",");
        size_t i = 0;
        while (i < WAYS &&
               (strlen(way_names[i].name) != len || memcmp(way_names[i].name, list, len) != 0))
            i++;
        if (i == WAYS)
            return false;
        *ways |= way_names[i].way;
        if (!list[len])
            return true;
        list += len + 1;
    }
}

const char *umm_ways_list(unsigned ways, char out[UMM_WAYS_LIST_MAX])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < WAYS; i++)
        if (ways & way_names[i].way)
            n += (size_t)snprintf(out + n, UMM_WAYS_LIST_MAX - n, "%s%s", n ? "," : "",
                                  way_names[i].name);
    return out;
}

/* ---- what is around digits -------------------------------------------------- */

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void cut_front(struct umm_bare *b, size_t n)
{
    b->text += n;
    b->len -= n;
}

/* The size of the blank at text: a space, U+00A0 or U+202F. */
static size_t blank_size(const char *text, size_t len)
{
    if (len >= 1 && *text == ' ')
        return 1;
    if (len >= 2 && memcmp(text, "\xc2\xa0", 2) == 0)
        return 2;
    return len >= 3 && memcmp(text, "\xe2\x80\xaf", 3) == 0 ? 3 : 0;
}

static void cut_blanks_before(struct umm_bare *b)
{
    for (size_t n; (n = blank_size(b->text, b->len)) != 0;)
        cut_front(b, n);
}

static void cut_blanks_after(struct umm_bare *b)
{
    for (size_t n = 1; n <= 3 && n <= b->len && !is_digit(b->text[b->len - 1]); n++) {
        if (blank_size(b->text + b->len - n, n) == n) {
            b->len -= n;
            n = 0;
        }
    }
}

/* A sign of Unicode: U+20A0 to U+20CF, cent signs aside; pound, yen; their wide forms. */
static size_t sign_size(const char *text, size_t len)
{
    const unsigned char *c = (const unsigned char *)text;
    if (len >= 2 && c[0] == 0xC2)
        return c[1] == 0xA3 || c[1] == 0xA5 ? 2 : 0;
    if (len < 3)
        return 0;
    if (c[0] == 0xE2 && ((c[1] == 0x82 && c[2] >= 0xA0) || (c[1] == 0x83 && c[2] <= 0x8F)))
        return c[2] == 0xA5 && c[1] == 0x82 ? 0 : 3; /* U+20A5 is a thousandth */
    if (c[0] == 0xEF && c[1] == 0xBC && c[2] == 0x84)
        return 3;
    return c[0] == 0xEF && c[1] == 0xBF && (c[2] == 0xA1 || c[2] == 0xA5 || c[2] == 0xA6) ? 3 : 0;
}

/* Codes of ISO 4217 that prices of stocks, futures and coins come in, and two of coins. */
static const char codes[] =
    "USDT USDC USD EUR GBP JPY CNY CNH INR CHF AUD CAD NZD HKD SGD KRW TWD THB IDR MYR PHP VND BRL "
    "MXN ZAR SEK NOK DKK PLN CZK HUF RON TRY RUB UAH ILS AED SAR CLP COP ARS";

/* The size of the one of words, which blanks separate, that text begins with; 0: none. */
static size_t word_size(const char *words, const char *text, size_t len)
{
    for (size_t n; *words; words += n + (words[n] == ' ')) {
        n = strcspn(words, " ");
        if (n <= len && memcmp(text, words, n) == 0)
            return n;
    }
    return 0;
}

/*
 * The size of the currency that text begins with: $, one of several dollars, a sign or a code;
 * 0 if it is none. No dollar is called by the letter of a suffix: 5M$ are five million.
 */
static size_t currency_size(const char *text, size_t len)
{
    if (len && *text == '$')
        return 1;
    if (!len || !is_capital(*text))
        return sign_size(text, len);
    const size_t n = word_size("US$ AU$ CA$ HK$ NZ$ NT$ MX$ A$ C$ S$ R$", text, len);
    return n ? n : word_size(codes, text, len);
}

static bool cut_currency_before(struct umm_bare *b)
{
    const size_t n = currency_size(b->text, b->len);
    if (n == 0)
        return false;
    cut_front(b, n);
    cut_blanks_before(b);
    b->used |= UMM_WAY_CURRENCY;
    return true;
}

static bool cut_currency_after(struct umm_bare *b)
{
    for (size_t n = 4; n > 0; n--) {
        if (n < b->len && currency_size(b->text + b->len - n, n) == n) {
            b->len -= n;
            cut_blanks_after(b);
            b->used |= UMM_WAY_CURRENCY;
            return true;
        }
    }
    return false;
}

/* The size of the suffix that text ends in, and the power of ten that it is. */
static size_t suffix_size(const char *text, size_t len, int *power)
{
    const char last = len ? text[len - 1] : '\0';
    const bool is_long = len > 1 && (last == 'n' || last == 'N');
    if (len > 3 && memcmp(text + len - 3, "\xe4\xb8\x87", 3) == 0) {
        *power = 4; /* U+4E07 */
        return 3;
    }
    if (len > 3 && memcmp(text + len - 3, "\xe4\xba\xbf", 3) == 0) {
        *power = 8; /* U+4EBF */
        return 3;
    }
    switch (is_long ? text[len - 2] : last) {
    case 'K':
    case 'k': *power = 3; return is_long ? 0 : 1;
    case 'M':
    case 'm': *power = 6; break;
    case 'B':
    case 'b': *power = 9; break;
    case 'T':
    case 't': *power = 12; break;
    default: return 0;
    }
    return 1 + (size_t)is_long;
}

static void cut_suffix(struct umm_bare *b)
{
    int power;
    const size_t n = suffix_size(b->text, b->len, &power);
    if (n == 0)
        return;
    b->len -= n;
    b->power += power;
    b->used |= UMM_WAY_SUFFIX;
    cut_blanks_after(b);
}

static bool cut_percent(unsigned ways, struct umm_bare *b)
{
    if (!(ways & (UMM_WAY_PERCENT | UMM_WAY_RATIO)) || b->len < 2 || b->text[b->len - 1] != '%')
        return false;
    b->len--;
    b->power -= ways & UMM_WAY_RATIO ? 2 : 0;
    b->used |= ways & (UMM_WAY_PERCENT | UMM_WAY_RATIO);
    cut_blanks_after(b);
    return true;
}

static bool cut_parentheses(unsigned ways, struct umm_bare *b)
{
    if (!(ways & UMM_WAY_PARENTHESES) || b->len < 3 || *b->text != '(' ||
        b->text[b->len - 1] != ')')
        return false;
    b->text++;
    b->len -= 2;
    b->is_negative = true;
    b->used |= UMM_WAY_PARENTHESES;
    cut_blanks_before(b);
    cut_blanks_after(b);
    return true;
}

static bool cut_sign(struct umm_bare *b)
{
    if (b->len < 2 || (*b->text != '-' && *b->text != '+'))
        return false;
    b->is_negative = *b->text == '-';
    cut_front(b, 1);
    return true;
}

bool umm_notation_strip(unsigned ways, struct umm_bare *bare)
{
    const bool is_money = ways & UMM_WAY_CURRENCY;
    bool is_signed = cut_parentheses(ways, bare) || cut_sign(bare);
    bool has_currency = is_money && cut_currency_before(bare);
    if (has_currency && !is_signed)
        (void)!(cut_parentheses(ways, bare) || cut_sign(bare));
    if (!cut_percent(ways, bare)) {
        if (is_money && !has_currency)
            (void)!cut_currency_after(bare);
        if (ways & UMM_WAY_SUFFIX)
            cut_suffix(bare);
    } else if (has_currency) {
        return false;
    }
    return bare->len && *bare->text != '-' && *bare->text != '+';
}

/* ---- one number ------------------------------------------------------------- */

/* The length of what is before the decimal point or the exponent. */
static size_t whole_size(const struct umm_bare *b, char point)
{
    size_t n = 0;
    while (n < b->len && b->text[n] != point && b->text[n] != 'e' && b->text[n] != 'E')
        n++;
    return n;
}

static bool append(struct umm_written *w, const char *text, size_t len)
{
    if (len > sizeof w->buffer - w->len_bytes)
        return false;
    memcpy(w->buffer + w->len_bytes, text, len);
    w->len_bytes += len;
    return true;
}

/* Append the first whole bytes of the digits, without the marks between groups. */
static bool append_groups(struct umm_written *w, const struct umm_bare *b, size_t whole,
                          enum umm_group_mark mark)
{
    struct umm_groups groups = {.n = 0};
    const char *at = b->text, *end = b->text + whole, *before = NULL;
    size_t n = 0, size;
    for (; at < end; at += size) {
        size = umm_group_mark_size(mark, at, (size_t)(end - at));
        if (size) {
            /* All marks of a number are the same. */
            if (before && (*before != *at || memcmp(before, at, size) != 0))
                return false;
            before = at;
            umm_groups_add(&groups, n);
            n = 0;
        } else {
            size = 1;
            n++;
            if (!is_digit(*at) || !append(w, at, 1))
                return false;
        }
    }
    if (groups.n == 0)
        return true;
    w->used.mark = mark;
    return *b->text != '0' && umm_groups_end(&groups, n);
}

static bool is_boolean(const char *text, size_t len)
{
    static const char *const words[] = {"true", "false", NULL};
    return umm_is_word_of(words, text, len);
}

static bool has_exponent(const char *text, size_t len)
{
    return memchr(text, 'e', len) || memchr(text, 'E', len);
}

/* The bare digits, of which the first whole bytes may be in groups, where there is need. */
static bool write_out(enum umm_group_mark mark, const struct umm_bare *bare, size_t whole,
                      struct umm_written *written)
{
    const char *text = written->text;
    const size_t len = written->len_bytes;
    written->text = written->buffer;
    written->len_bytes = 0;
    if ((bare->is_negative && !append(written, "-", 1)) ||
        !append_groups(written, bare, whole, mark) ||
        !append(written, bare->text + whole, bare->len - whole))
        return false;
    if (written->used.mark == UMM_GROUP_NONE && written->used.ways == 0) {
        written->text = text;
        written->len_bytes = len;
    }
    return true;
}

bool umm_notation_read(const struct umm_notation *notation, char point, const char *text,
                       size_t len_bytes, struct umm_written *written)
{
    struct umm_bare bare = {.text = text, .len = len_bytes};
    written->text = text;
    written->len_bytes = len_bytes;
    written->power = 0;
    written->used = (struct umm_notation){.ways = 0};
    if (len_bytes == 0)
        return false;
    if (notation->ways & UMM_WAY_BOOLEAN && is_boolean(text, len_bytes)) {
        written->text = *text == 't' || *text == 'T' ? "1" : "0";
        written->len_bytes = 1;
        written->used.ways = UMM_WAY_BOOLEAN;
        return true;
    }
    if (!umm_notation_is_bare(text, len_bytes) && !umm_notation_strip(notation->ways, &bare))
        return false;
    const size_t whole = whole_size(&bare, point);
    const bool is_moved = bare.used & (UMM_WAY_SUFFIX | UMM_WAY_PERCENT | UMM_WAY_RATIO);
    if (is_moved && has_exponent(bare.text + whole, bare.len - whole))
        return false;
    written->power = bare.power;
    written->used.ways = bare.used;
    return write_out(notation->mark, &bare, whole, written);
}
