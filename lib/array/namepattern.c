/* SPDX-License-Identifier: MIT */
#include "array/namepattern.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"

/* ---- bytes ------------------------------------------------------------------------ */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether c is one of the bytes in set, "A-Z0-9.": a range has a - in its middle. */
static bool is_in(const char *set, char c)
{
    const unsigned char byte = (unsigned char)c;
    for (const unsigned char *s = (const unsigned char *)set; *s; s++) {
        const bool is_range = s[1] == '-' && s[2];
        if (is_range ? byte >= s[0] && byte <= s[2] : byte == *s)
            return true;
        s += is_range ? 2 : 0;
    }
    return false;
}

/* ---- dates ------------------------------------------------------------------------ */

static unsigned number_of(const char *digits, size_t n)
{
    unsigned value = 0;
    for (size_t i = 0; i < n; i++)
        value = 10 * value + (unsigned)(digits[i] - '0');
    return value;
}

static bool is_year(const char *text)
{
    const unsigned year = number_of(text, 4);
    return year >= 1900 && year < 2100;
}

static bool is_month(const char *text)
{
    const unsigned month = number_of(text, 2);
    return month >= 1 && month <= 12;
}

static bool is_day(const char *text)
{
    const unsigned day = number_of(text, 2);
    return day >= 1 && day <= 31;
}

/* Whether text has the form, in which d is a digit and s one of the separators, always the same. */
static bool has_form(const char *text, size_t len_bytes, const char *form)
{
    const char *separator = strchr(form, 's');
    if (len_bytes < strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !is_digit(text[i])
                           : !strchr("-._", text[i]) || text[i] != text[separator - form])
            return false;
    return true;
}

/* Whether a date of the form is at text. Where year, month and day are, "ddddsddsdd" tells. */
static bool has_date(const char *text, size_t len_bytes, const char *form)
{
    const size_t len = strlen(form);
    const bool has_separator = strchr(form, 's') != NULL;
    const size_t gap = has_separator;
    if (!has_form(text, len_bytes, form))
        return false;
    if (form[2] == 's')
        return is_day(text) && is_month(text + 3) && is_year(text + 6);
    if (!is_year(text) || (len > 4 && !is_month(text + 4 + gap)))
        return false;
    return len <= 6 + gap || is_day(text + 6 + 2 * gap);
}

size_t umm_namepattern_date(const char *text, size_t len_bytes)
{
    static const char *const forms[] = {"dddddddddddddd", "dddddddddddd", "ddddsddsdd",
                                        "ddsddsdddd",     "dddddddd",     "ddddsdd",
                                        "dddddd",         "dddd"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const size_t len = strlen(forms[i]);
        /* Digits that go on are no date. */
        if (has_date(text, len_bytes, forms[i]) && (len == len_bytes || !is_digit(text[len])))
            return len;
    }
    return 0;
}

/* ---- patterns --------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum umm_namepattern_part part;
} words[] = {{"{symbol}", UMM_NAMEPATTERN_SYMBOL},
             {"{timeframe}", UMM_NAMEPATTERN_TIMEFRAME},
             {"{minutes}", UMM_NAMEPATTERN_MINUTES},
             {"{date}", UMM_NAMEPATTERN_DATE},
             {"{kind}", UMM_NAMEPATTERN_KIND},
             {"*", UMM_NAMEPATTERN_ANYTHING},
             {"{count_unit}", UMM_NAMEPATTERN_COUNT_UNIT}};

static enum umm_status refuse(const char *why, const char *text, size_t len_bytes,
                              struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"", why,
                         umm_escape(shown, sizeof shown, text, len_bytes));
}

/* The length of the part at text: a word's, or of the text up to the next one. 0: no such word. */
static size_t next_part(const char *text, size_t len_bytes, bool is_vendor,
                        enum umm_namepattern_part *part)
{
    size_t len = 0;
    *part = UMM_NAMEPATTERN_TEXT;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i].word);
        if (n > len_bytes || memcmp(text, words[i].word, n) != 0)
            continue;
        *part = words[i].part;
        return is_vendor || *part != UMM_NAMEPATTERN_COUNT_UNIT ? n : 0;
    }
    while (len < len_bytes && text[len] != '{' && text[len] != '}' && text[len] != '*')
        len++;
    return len;
}

/* What may stand in a pattern once: whether it did already, in which case it does from now on. */
static bool is_second(struct umm_namepattern *pattern, enum umm_namepattern_part part)
{
    bool *has = NULL;
    switch (part) {
    case UMM_NAMEPATTERN_SYMBOL: has = &pattern->has_symbol; break;
    case UMM_NAMEPATTERN_TIMEFRAME:
    case UMM_NAMEPATTERN_MINUTES:
    case UMM_NAMEPATTERN_COUNT_UNIT: has = &pattern->has_timeframe; break;
    case UMM_NAMEPATTERN_KIND: has = &pattern->has_kind; break;
    case UMM_NAMEPATTERN_TEXT:
    case UMM_NAMEPATTERN_ANYTHING:
    case UMM_NAMEPATTERN_DATE: break;
    }
    if (!has)
        return false;
    const bool is_there = *has;
    *has = true;
    return is_there;
}

/* Whether nothing tells where the one part ends and the next one begins. */
static bool is_unclear(enum umm_namepattern_part a, enum umm_namepattern_part b)
{
    const bool is_any = a == UMM_NAMEPATTERN_ANYTHING || b == UMM_NAMEPATTERN_ANYTHING;
    const bool is_text = a == UMM_NAMEPATTERN_TEXT || b == UMM_NAMEPATTERN_TEXT;
    const bool is_symbol = a == UMM_NAMEPATTERN_SYMBOL || b == UMM_NAMEPATTERN_SYMBOL;
    return !is_text && (is_symbol || (is_any && a != b));
}

enum umm_status umm_namepattern_parse(const char *text, size_t len_bytes, bool is_vendor,
                                      struct umm_namepattern *pattern, struct umm_error *err)
{
    enum umm_namepattern_part part, before = UMM_NAMEPATTERN_TEXT;
    *pattern = (struct umm_namepattern){.n_parts = 0};
    if (len_bytes == 0 || len_bytes > UMM_NAMEPATTERN_NAME_MAX)
        return refuse("a pattern of names has 1 to 255 bytes", text, len_bytes, err);
    for (size_t at = 0, len; at < len_bytes; at += len) {
        len = next_part(text + at, len_bytes - at, is_vendor, &part);
        if (len == 0)
            return refuse("a pattern of names has {symbol}, {timeframe}, {minutes}, {date}, {kind} "
                          "and *, but not this",
                          text + at, len_bytes - at, err);
        if (memchr(text + at, '/', len))
            return refuse("a pattern is for names without directories", text, len_bytes, err);
        if (is_second(pattern, part))
            return refuse("a pattern of names has a second word for the same thing", text + at, len,
                          err);
        if (!is_vendor && at && is_unclear(before, part))
            return refuse("a pattern of names is ambiguous without text before", text + at,
                          len_bytes - at, err);
        if (pattern->n_parts == UMM_NAMEPATTERN_PARTS_MAX)
            return refuse("a pattern of names has too many parts", text, len_bytes, err);
        pattern->parts[pattern->n_parts].part = part;
        pattern->parts[pattern->n_parts].text = text + at;
        pattern->parts[pattern->n_parts++].len_bytes = len;
        before = part;
    }
    return UMM_OK;
}

/* ---- matching --------------------------------------------------------------------- */

/* What was captured on the way to a place: where it begins and ends in the name. */
struct captures {
    unsigned char symbol, symbol_end, kind, kind_end, timeframe, timeframe_end;
};

struct matching {
    const struct umm_namepattern *pattern;
    const char *name;
    size_t len;
    /* [p][i]: parts from p on describe the name from byte i on. */
    bool leads[UMM_NAMEPATTERN_PARTS_MAX + 1][UMM_NAMEPATTERN_NAME_MAX + 1];
    bool was_at[UMM_NAMEPATTERN_PARTS_MAX + 1][UMM_NAMEPATTERN_NAME_MAX + 1];
    struct captures with[UMM_NAMEPATTERN_PARTS_MAX + 1][UMM_NAMEPATTERN_NAME_MAX + 1];
    struct captures found[2];
    size_t n_found;
};

/* "15_M" or "1_Hour", where M is minutes whatever its case. */
static bool parse_count_unit(const char *text, size_t len, struct umm_timeframe *out)
{
    char joined[UMM_TIMEFRAME_NAME_MAX];
    const char *gap = memchr(text, '_', len);
    const size_t n = gap ? (size_t)(gap - text) : 0;
    if (!gap || n == 0 || len > sizeof joined)
        return false;
    memcpy(joined, text, n);
    memcpy(joined + n, gap + 1, len - n - 1);
    if (len == n + 2 && joined[n] == 'M')
        joined[n] = 'm';
    return is_digit(text[0]) && umm_timeframe_parse_word(joined, len - 1, out);
}

static bool parse_timeframe(enum umm_namepattern_part part, const char *text, size_t len,
                            struct umm_timeframe *out)
{
    if (part == UMM_NAMEPATTERN_MINUTES)
        return umm_timeframe_parse_minutes(text, len, out);
    if (part == UMM_NAMEPATTERN_COUNT_UNIT)
        return parse_count_unit(text, len, out);
    return umm_timeframe_parse(text, len, out, NULL) == UMM_OK ||
           umm_timeframe_parse_word(text, len, out);
}

static bool is_kind(const char *kinds, const char *text, size_t len)
{
    for (const char *at = kinds; at;) {
        const size_t n = strcspn(at, "|");
        if (n == len && strncasecmp(at, text, n) == 0)
            return true;
        at = at[n] ? at + n + 1 : NULL;
    }
    return !kinds;
}

static bool all_in(const char *set, const char *text, size_t len)
{
    for (size_t i = 0; set && i < len; i++)
        if (!is_in(set, text[i]))
            return false;
    return true;
}

static bool all_alnum(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(text[i]))
            return false;
    return true;
}

/* Whether part p of the pattern describes len bytes of the name from byte `at` on. */
static bool describes(const struct matching *m, size_t p, size_t at, size_t len)
{
    const struct umm_namepattern *pattern = m->pattern;
    const enum umm_namepattern_part part = pattern->parts[p].part;
    const char *text = m->name + at;
    struct umm_timeframe ignored;
    switch (part) {
    case UMM_NAMEPATTERN_TEXT:
        return len == pattern->parts[p].len_bytes && memcmp(text, pattern->parts[p].text, len) == 0;
    case UMM_NAMEPATTERN_ANYTHING: return true;
    case UMM_NAMEPATTERN_SYMBOL: return all_in(pattern->symbol_bytes, text, len);
    case UMM_NAMEPATTERN_KIND: return all_alnum(text, len) && is_kind(pattern->kinds, text, len);
    case UMM_NAMEPATTERN_DATE: return umm_namepattern_date(text, len) == len;
    case UMM_NAMEPATTERN_TIMEFRAME:
    case UMM_NAMEPATTERN_MINUTES:
    case UMM_NAMEPATTERN_COUNT_UNIT: return parse_timeframe(part, text, len, &ignored);
    }
    return false;
}

/* How many bytes part p of the pattern may have. */
static void limit(const struct matching *m, size_t p, size_t *min, size_t *max)
{
    enum { TIMEFRAME_MAX = 12, DATE_MIN = 4, DATE_MAX = 14 };
    *min = 1;
    *max = m->len;
    switch (m->pattern->parts[p].part) {
    case UMM_NAMEPATTERN_TEXT: *min = *max = m->pattern->parts[p].len_bytes; break;
    case UMM_NAMEPATTERN_ANYTHING: *min = 0; break;
    case UMM_NAMEPATTERN_TIMEFRAME:
        *min += m->pattern->is_timeframe_long;
        *max = TIMEFRAME_MAX;
        break;
    case UMM_NAMEPATTERN_MINUTES:
    case UMM_NAMEPATTERN_COUNT_UNIT: *max = TIMEFRAME_MAX; break;
    case UMM_NAMEPATTERN_DATE:
        *min = DATE_MIN;
        *max = DATE_MAX;
        break;
    case UMM_NAMEPATTERN_SYMBOL:
    case UMM_NAMEPATTERN_KIND: break;
    }
}

/* Whether part p and those after it describe the name from byte `at` on. */
static bool find_way(const struct matching *m, size_t p, size_t at)
{
    size_t min, max;
    limit(m, p, &min, &max);
    for (size_t len = min; len <= max && at + len <= m->len; len++)
        if (m->leads[p + 1][at + len] && describes(m, p, at, len))
            return true;
    return false;
}

/* From the end: from where parts lead to it. False if none does from the beginning. */
static bool find_ways(struct matching *m)
{
    const size_t n_parts = m->pattern->n_parts;
    bool has_way = true;
    memset(m->leads[n_parts], 0, m->len + 1);
    m->leads[n_parts][m->len] = true;
    for (size_t p = n_parts; has_way && p-- > 0;) {
        has_way = false;
        for (size_t at = 0; at <= m->len; at++)
            has_way |= m->leads[p][at] = find_way(m, p, at);
    }
    for (size_t p = 0; has_way && p < n_parts; p++)
        memset(m->was_at[p], 0, m->len + 1);
    return has_way && m->leads[0][0];
}

static void capture(const struct matching *m, size_t p, size_t at, size_t len,
                    struct captures *captures)
{
    const unsigned char from = (unsigned char)at, to = (unsigned char)(at + len);
    switch (m->pattern->parts[p].part) {
    case UMM_NAMEPATTERN_SYMBOL:
        captures->symbol = from;
        captures->symbol_end = to;
        break;
    case UMM_NAMEPATTERN_KIND:
        captures->kind = from;
        captures->kind_end = to;
        break;
    case UMM_NAMEPATTERN_TIMEFRAME:
    case UMM_NAMEPATTERN_MINUTES:
    case UMM_NAMEPATTERN_COUNT_UNIT:
        captures->timeframe = from;
        captures->timeframe_end = to;
        break;
    case UMM_NAMEPATTERN_TEXT:
    case UMM_NAMEPATTERN_ANYTHING:
    case UMM_NAMEPATTERN_DATE: break;
    }
}

static void keep(struct matching *m, const struct captures *captures)
{
    if (m->n_found == 0 || memcmp(&m->found[0], captures, sizeof *captures) != 0)
        m->found[m->n_found++] = *captures;
}

/*
 * Follow all ways from part p and byte `at` on, each of which leads to the end, until two readings
 * are found. A place that was reached before with the same captures gives what it gave then. One
 * reached with others gives another reading: so no place is left more than twice.
 */
static void follow(struct matching *m, size_t p, size_t at, const struct captures *captures)
{
    if (p == m->pattern->n_parts) {
        keep(m, captures);
        return;
    }
    if (m->was_at[p][at] && memcmp(&m->with[p][at], captures, sizeof *captures) == 0)
        return;
    size_t min, max;
    limit(m, p, &min, &max);
    m->was_at[p][at] = true;
    m->with[p][at] = *captures;
    for (size_t len = min; m->n_found < 2 && len <= max && at + len <= m->len; len++) {
        struct captures next = *captures;
        if (!m->leads[p + 1][at + len] || !describes(m, p, at, len))
            continue;
        capture(m, p, at, len, &next);
        follow(m, p + 1, at + len, &next);
    }
}

static void tell(const struct matching *m, const struct captures *captures,
                 struct umm_namepattern_match *match)
{
    const struct umm_namepattern *pattern = m->pattern;
    *match = (struct umm_namepattern_match){
        .symbol = {m->name + captures->symbol, (size_t)captures->symbol_end - captures->symbol},
        .kind = {m->name + captures->kind, (size_t)captures->kind_end - captures->kind}};
    for (size_t p = 0; p < pattern->n_parts; p++) {
        const enum umm_namepattern_part part = pattern->parts[p].part;
        if (part == UMM_NAMEPATTERN_TIMEFRAME || part == UMM_NAMEPATTERN_MINUTES ||
            part == UMM_NAMEPATTERN_COUNT_UNIT)
            (void)!parse_timeframe(part, m->name + captures->timeframe,
                                   (size_t)captures->timeframe_end - captures->timeframe,
                                   &match->timeframe);
    }
}

enum umm_namepattern_result umm_namepattern_match(const struct umm_namepattern *pattern,
                                                  const char *name, size_t len_bytes,
                                                  struct umm_namepattern_match *match,
                                                  struct umm_namepattern_match *other)
{
    const struct captures none = {.symbol = 0};
    struct matching m; /* its tables are long, and cleared as far as they are used */
    m.pattern = pattern;
    m.name = name;
    m.len = len_bytes;
    m.n_found = 0;
    if (len_bytes > UMM_NAMEPATTERN_NAME_MAX || !find_ways(&m))
        return UMM_NAMEPATTERN_NONE;
    follow(&m, 0, 0, &none);
    tell(&m, &m.found[0], match);
    if (m.n_found < 2)
        return UMM_NAMEPATTERN_ONE;
    tell(&m, &m.found[1], other);
    return UMM_NAMEPATTERN_AMBIGUOUS;
}
