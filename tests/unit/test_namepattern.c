/* SPDX-License-Identifier: MIT */
#include "array/namepattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"

static struct umm_namepattern parse(const char *text)
{
    struct umm_namepattern pattern;
    assert_int_equal(umm_namepattern_parse(text, strlen(text), false, &pattern, NULL), UMM_OK);
    return pattern;
}

/* "SYMBOL TIMEFRAME KIND" of a reading. */
static const char *words_of(const struct umm_namepattern_match *match, char out[300])
{
    snprintf(out, 300, "%.*s %s %.*s", (int)match->symbol.len_bytes, match->symbol.text,
             match->timeframe.name, (int)match->kind.len_bytes, match->kind.text);
    return out;
}

static void test_names_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name, *wanted; /* NULL: no match */
    } cases[] = {
        {"{symbol}_{timeframe}_*", "BTCUSDT_1m_2024-01", "BTCUSDT 1m "},
        {"{symbol}_{timeframe}_*", "BTC_USDT_M5_x_y", "BTC_USDT 5m "},
        {"{symbol}_{timeframe}_*", "BTC_1m", NULL},
        {"{symbol}_{timeframe}_*", "_1m_", NULL},
        {"{symbol}-{date}", "BTC_USDT-202401", "BTC_USDT  "},
        {"{symbol}-{date}", "BTC_USDT-202413", NULL},
        {"{symbol}-{date}", "BTC-2024-01", "BTC  "},
        {"{symbol}.{date}{minutes}", "A.202401", NULL},
        {"{symbol}_{minutes}", "X_60", "X 1h "},
        {"{symbol}_{minutes}", "X_060", NULL},
        {"{symbol}_{minutes}", "X_43200", "X 1mo "},
        {"{symbol}_{minutes}", "X_90", "X 90m "},
        {"{symbol}_{minutes}", "X_1m", NULL},
        {"k.{kind}.{symbol}.{minutes}", "k.spot.BTC.USDT.240", "BTC.USDT 4h spot"},
        {"k.{kind}.{symbol}.{minutes}", "k.a-b.BTCUSDT.240", NULL},
        {"*", "", "  "},
        {"*", "anything", "  "},
        {"a*b*c", "abbc", "  "},
        {"a*b*c", "ac", NULL},
        {"{timeframe}-{symbol}", "daily-SPY", "SPY 1d "},
        {"{timeframe}-{symbol}", "1M-SPY", NULL},
        {"{date}.{symbol} {timeframe}", "31.12.2020.EUR 4hours", "EUR 4h "},
        {"{date}.{symbol} {timeframe}", "31.13.2020.EUR 4hours", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_namepattern_match match, other;
        char words[300];
        struct umm_namepattern pattern = parse(cases[i].pattern);
        const enum umm_namepattern_result result =
            umm_namepattern_match(&pattern, cases[i].name, strlen(cases[i].name), &match, &other);
        assert_int_equal(result, cases[i].wanted ? UMM_NAMEPATTERN_ONE : UMM_NAMEPATTERN_NONE);
        if (cases[i].wanted)
            assert_string_equal(words_of(&match, words), cases[i].wanted);
    }
}

static void test_two_readings_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name, *first, *second;
    } cases[] = {
        {"{symbol}_{timeframe}_*", "A_1m_5m_x", "A 1m ", "A_1m 5m "},
        {"*_{symbol}_*", "a_b_c_d", "b  ", "b_c  "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_namepattern_match match, other;
        char words[300];
        struct umm_namepattern pattern = parse(cases[i].pattern);
        assert_int_equal(
            umm_namepattern_match(&pattern, cases[i].name, strlen(cases[i].name), &match, &other),
            UMM_NAMEPATTERN_AMBIGUOUS);
        assert_string_equal(words_of(&match, words), cases[i].first);
        assert_string_equal(words_of(&other, words), cases[i].second);
    }
}

static void test_patterns_are_refused(void **state)
{
    (void)state;
    static const char words[] = "a pattern of names has {symbol}, {timeframe}, {minutes}, {date}, "
                                "{kind} and *, but not this";
    static const char twice[] = "a pattern of names has a second word for the same thing";
    static const char unclear[] = "a pattern of names is ambiguous without text before";
    static const struct {
        const char *pattern, *why, *where;
    } cases[] = {
        {"", "a pattern of names has 1 to 255 bytes", ""},
        {"{symbol}{timeframe}", unclear, "{timeframe}"},
        {"{symbol}*", unclear, "*"},
        {"*{symbol}", unclear, "{symbol}"},
        {"*{date}", unclear, "{date}"},
        {"{timeframe}*x", unclear, "*x"},
        {"{symbol}_{symbol}", twice, "{symbol}"},
        {"{minutes}_{timeframe}", twice, "{timeframe}"},
        {"{kind}.{kind}", twice, "{kind}"},
        {"{name}", words, "{name}"},
        {"{symbol", words, "{symbol"},
        {"a}", words, "}"},
        {"{count_unit}", words, "{count_unit}"},
        {"a/{symbol}", "a pattern is for names without directories", "a/{symbol}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_namepattern pattern;
        struct umm_error err;
        char wanted[300];
        snprintf(wanted, sizeof wanted, "%s: \"%s\"", cases[i].why, cases[i].where);
        assert_int_equal(umm_namepattern_parse(cases[i].pattern, strlen(cases[i].pattern), false,
                                               &pattern, &err),
                         UMM_ERR_ARGUMENT);
        assert_string_equal(err.message, wanted);
    }
}

static void test_limits_hold(void **state)
{
    (void)state;
    char text[300], name[300];
    struct umm_namepattern pattern;
    struct umm_namepattern_match match, other;
    memset(text, 'x', sizeof text);
    assert_int_equal(umm_namepattern_parse(text, 256, false, &pattern, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_namepattern_parse(text, 255, false, &pattern, NULL), UMM_OK);
    assert_int_equal(umm_namepattern_match(&pattern, text, 255, &match, &other),
                     UMM_NAMEPATTERN_ONE);
    assert_int_equal(umm_namepattern_match(&pattern, text, 254, &match, &other),
                     UMM_NAMEPATTERN_NONE);
    pattern = parse("*");
    assert_int_equal(umm_namepattern_match(&pattern, text, 256, &match, &other),
                     UMM_NAMEPATTERN_NONE);
    for (size_t i = 0; i < 25; i++)
        memcpy(text + 2 * i, "*x", 2);
    assert_int_equal(umm_namepattern_parse(text, 50, false, &pattern, NULL), UMM_ERR_ARGUMENT);
    /* A name that is as slow as any: each * may end anywhere. */
    memset(name, 'x', sizeof name);
    name[254] = 'y';
    assert_int_equal(umm_namepattern_parse(text, 24, false, &pattern, NULL), UMM_OK);
    assert_int_equal(umm_namepattern_match(&pattern, name, 255, &match, &other),
                     UMM_NAMEPATTERN_NONE);
    assert_int_equal(umm_namepattern_match(&pattern, name, 254, &match, &other),
                     UMM_NAMEPATTERN_ONE);
}

/* ---- an obvious matcher: all ways to cut the name --------------------------------- */

struct slow {
    const struct umm_namepattern *pattern;
    const char *name;
    size_t len, from[4], to[4]; /* symbol, kind, timeframe of the way at hand */
    size_t n_readings;
    size_t readings[64][6];
};

static bool slow_describes(const struct slow *s, size_t p, size_t at, size_t len)
{
    struct umm_timeframe ignored;
    const char *text = s->name + at;
    switch (s->pattern->parts[p].part) {
    case UMM_NAMEPATTERN_TEXT:
        return len == s->pattern->parts[p].len_bytes &&
               memcmp(text, s->pattern->parts[p].text, len) == 0;
    case UMM_NAMEPATTERN_ANYTHING: return true;
    case UMM_NAMEPATTERN_SYMBOL: return len > 0;
    case UMM_NAMEPATTERN_TIMEFRAME:
        return len && (umm_timeframe_parse(text, len, &ignored, NULL) == UMM_OK ||
                       umm_timeframe_parse_word(text, len, &ignored));
    case UMM_NAMEPATTERN_MINUTES: return umm_timeframe_parse_minutes(text, len, &ignored);
    case UMM_NAMEPATTERN_DATE: return len && umm_namepattern_date(text, len) == len;
    case UMM_NAMEPATTERN_KIND:
        for (size_t i = 0; i < len; i++)
            if (strchr("_-.", text[i]))
                return false;
        return len > 0;
    case UMM_NAMEPATTERN_COUNT_UNIT: break;
    }
    return false;
}

static void slow_keep(struct slow *s)
{
    const size_t reading[6] = {s->from[0], s->to[0], s->from[1], s->to[1], s->from[2], s->to[2]};
    for (size_t i = 0; i < s->n_readings; i++)
        if (memcmp(s->readings[i], reading, sizeof reading) == 0)
            return;
    if (s->n_readings < 64)
        memcpy(s->readings[s->n_readings++], reading, sizeof reading);
}

static void slow_match(struct slow *s, size_t p, size_t at)
{
    if (p == s->pattern->n_parts) {
        if (at == s->len)
            slow_keep(s);
        return;
    }
    for (size_t len = 0; at + len <= s->len; len++) {
        if (!slow_describes(s, p, at, len))
            continue;
        const enum umm_namepattern_part part = s->pattern->parts[p].part;
        const size_t which = part == UMM_NAMEPATTERN_SYMBOL      ? 0
                             : part == UMM_NAMEPATTERN_KIND      ? 1
                             : part == UMM_NAMEPATTERN_TIMEFRAME ? 2
                             : part == UMM_NAMEPATTERN_MINUTES   ? 2
                                                                 : 3;
        const size_t from = s->from[which], to = s->to[which];
        s->from[which] = which < 3 ? at : 0;
        s->to[which] = which < 3 ? at + len : 0;
        slow_match(s, p + 1, at + len);
        s->from[which] = from;
        s->to[which] = to;
    }
}

static void test_an_obvious_matcher_agrees(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "{symbol}", "{timeframe}", "{minutes}", "{date}", "{kind}", "*", "_", "-", "A", "1", "m"};
    static const char *const bits[] = {"A", "B", "1", "5", "m", "_", "-", "1m", "5m", "2024", "d"};
    size_t n_of[3] = {0};
    uint64_t random = RANDOM_SEED;
    for (size_t i = 0; i < 100000; i++) {
        char text[128] = "", name[64] = "";
        struct umm_namepattern pattern;
        struct umm_namepattern_match match, other;
        for (size_t n = 1 + xorshift64(&random) % 6; n > 0; n--)
            strcat(text, pieces[xorshift64(&random) % (sizeof pieces / sizeof *pieces)]);
        if (umm_namepattern_parse(text, strlen(text), false, &pattern, NULL))
            continue;
        for (size_t n = xorshift64(&random) % 8; n > 0; n--)
            strcat(name, bits[xorshift64(&random) % (sizeof bits / sizeof *bits)]);
        struct slow slow = {.pattern = &pattern, .name = name, .len = strlen(name)};
        slow_match(&slow, 0, 0);
        const enum umm_namepattern_result result =
            umm_namepattern_match(&pattern, name, slow.len, &match, &other);
        n_of[result]++;
        assert_int_equal(result, slow.n_readings > 2 ? 2 : slow.n_readings);
        if (result == UMM_NAMEPATTERN_ONE && pattern.has_symbol)
            assert_true(match.symbol.text == name + slow.readings[0][0] &&
                        match.symbol.len_bytes == slow.readings[0][1] - slow.readings[0][0]);
    }
    assert_true(n_of[0] > 1000 && n_of[1] > 500 && n_of[2] > 50);
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {{"2024", 4},
                 {"2024-01", 7},
                 {"2024-01-05", 10},
                 {"202401", 6},
                 {"20240105", 8},
                 {"202401052359", 12},
                 {"20240105235901", 14},
                 {"31.12.2020", 10},
                 {"05-01-2024", 10},
                 {"2024_01", 7},
                 {"2024.01.05", 10},
                 {"2024-01_05", 7},
                 {"1899", 0},
                 {"2100", 0},
                 {"202413", 0},
                 {"20240132", 0},
                 {"2024010", 0},
                 {"24-01-05", 0},
                 {"32.12.2020", 0},
                 {"2024-13", 4},
                 {"2024x", 4},
                 {"", 0},
                 {"202", 0},
                 {"2024-01-05T00", 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(umm_namepattern_date(cases[i].text, strlen(cases[i].text)), cases[i].len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_read),
        cmocka_unit_test(test_two_readings_are_told),
        cmocka_unit_test(test_patterns_are_refused),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_an_obvious_matcher_agrees),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
