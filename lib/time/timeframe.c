/* SPDX-License-Identifier: MIT */
#include "time/timeframe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

static const struct unit {
    const char *name;
    int64_t n_seconds, n_months;
} units[] = {{"s", 1, 0},     {"m", 60, 0},     {"h", 3600, 0},
             {"d", 86400, 0}, {"w", 604800, 0}, {"mo", 0, 1}};

/* The unit of that name in any case, or NULL. Only ASCII letters have a case here. */
static const struct unit *find_unit(const char *text, size_t len_bytes)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const char *name = units[i].name;
        size_t k = 0;
        while (k < len_bytes && name[k] && (text[k] == name[k] || text[k] == name[k] - 'a' + 'A'))
            k++;
        if (k == len_bytes && !name[k])
            return &units[i];
    }
    return NULL;
}

static enum umm_status refuse(const char *text, size_t len_bytes, const char *why,
                              struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"", why,
                         umm_escape(shown, sizeof shown, text, len_bytes));
}

enum umm_status umm_timeframe_parse(const char *text, size_t len_bytes, struct umm_timeframe *out,
                                    struct umm_error *err)
{
    const int64_t months_max = 1200, seconds_max = 36525 * (int64_t)86400;
    const char *const form = "not a timeframe, a number and s, m, h, d, w or mo";
    int64_t n = 0;
    size_t at = 0;
    for (; at < len_bytes && text[at] >= '0' && text[at] <= '9'; at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text[at] - '0', &n))
            return refuse(text, len_bytes, "a timeframe of more than 100 years", err);
    const struct unit *unit = find_unit(text + at, len_bytes - at);
    if (!unit || n < 1)
        return refuse(text, len_bytes, form, err);
    if (text[at] == 'M' && len_bytes - at == 1)
        return refuse(text, len_bytes, "minutes are m and months are mo", err);
    if (n > (unit->n_months ? months_max : seconds_max / unit->n_seconds))
        return refuse(text, len_bytes, "a timeframe of more than 100 years", err);
    *out = (struct umm_timeframe){n * unit->n_seconds, n * unit->n_months, ""};
    snprintf(out->name, sizeof out->name, "%" PRId64 "%s", n, unit->name);
    return UMM_OK;
}

/* ---- as vendors write it ---------------------------------------------------------- */

/* What stands for a unit after a number, and for one of it alone. */
static const struct {
    const char *word;
    char unit[3];
    bool is_counted, is_alone;
} words[] = {
    {"s", "s", true, false},       {"sec", "s", true, false},     {"secs", "s", true, false},
    {"second", "s", true, false},  {"seconds", "s", true, false}, {"m", "m", true, false},
    {"min", "m", true, false},     {"mins", "m", true, false},    {"minute", "m", true, true},
    {"minutes", "m", true, false}, {"h", "h", true, false},       {"hr", "h", true, false},
    {"hrs", "h", true, false},     {"hour", "h", true, true},     {"hours", "h", true, false},
    {"hourly", "h", false, true},  {"d", "d", true, true},        {"day", "d", true, true},
    {"days", "d", true, false},    {"daily", "d", false, true},   {"w", "w", true, true},
    {"wk", "w", true, false},      {"week", "w", true, true},     {"weeks", "w", true, false},
    {"weekly", "w", false, true},  {"mo", "mo", true, false},     {"mon", "mo", true, false},
    {"month", "mo", true, true},   {"months", "mo", true, false}, {"monthly", "mo", false, true},
};

/* MetaTrader's units, which stand before the number; MN also without one. */
static const struct {
    const char *word;
    char unit[3];
} letters[] = {{"mn", "mo"}, {"m", "m"}, {"h", "h"}, {"d", "d"}, {"w", "w"}};

static size_t count_digits(const char *text, size_t len_bytes)
{
    size_t n = 0;
    while (n < len_bytes && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* Whether the text is the word, in any case of ASCII letters. */
static bool is_word(const char *text, size_t len_bytes, const char *word)
{
    return strlen(word) == len_bytes && strncasecmp(text, word, len_bytes) == 0;
}

/* The timeframe of digits (none: 1) and a unit, if it is one. */
static bool compose(const char *digits, size_t n_digits, const char *unit,
                    struct umm_timeframe *out)
{
    char text[UMM_TIMEFRAME_NAME_MAX];
    if (n_digits > 8)
        return false;
    int n = n_digits ? snprintf(text, sizeof text, "%.*s%s", (int)n_digits, digits, unit)
                     : snprintf(text, sizeof text, "1%s", unit);
    return umm_timeframe_parse(text, (size_t)n, out, NULL) == UMM_OK;
}

bool umm_timeframe_parse_word(const char *text, size_t len_bytes, struct umm_timeframe *out)
{
    const size_t n = count_digits(text, len_bytes);
    const char *rest = text + n;
    const size_t len = len_bytes - n;
    if (n && len == 1 && *rest == 'M')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((n ? words[i].is_counted : words[i].is_alone) && is_word(rest, len, words[i].word))
            return compose(text, n, words[i].unit, out);
    for (size_t i = 0; n == 0 && i < sizeof letters / sizeof *letters; i++) {
        const size_t at = strlen(letters[i].word);
        if (len_bytes < at || !is_word(text, at, letters[i].word))
            continue;
        const size_t n_digits = count_digits(text + at, len_bytes - at);
        const bool is_month = i == 0 && len_bytes == at;
        if (at + n_digits == len_bytes && (n_digits || is_month))
            return compose(text + at, n_digits, letters[i].unit, out);
    }
    return false;
}

bool umm_timeframe_parse_minutes(const char *text, size_t len_bytes, struct umm_timeframe *out)
{
    static const struct {
        const char *unit;
        unsigned long n_minutes;
    } spans[] = {{"w", 10080}, {"d", 1440}, {"h", 60}, {"m", 1}};
    static const unsigned long month_minutes = 43200;
    unsigned long n = 0;
    char digits[UMM_TIMEFRAME_NAME_MAX];
    size_t i = 0;
    if (len_bytes == 0 || len_bytes > 8 || count_digits(text, len_bytes) != len_bytes ||
        *text == '0')
        return false;
    for (size_t k = 0; k < len_bytes; k++)
        n = 10 * n + (unsigned long)(text[k] - '0');
    if (n == month_minutes)
        return compose("1", 1, "mo", out);
    while (n % spans[i].n_minutes)
        i++;
    int len = snprintf(digits, sizeof digits, "%lu", n / spans[i].n_minutes);
    return compose(digits, (size_t)len, spans[i].unit, out);
}
