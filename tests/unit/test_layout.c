/* SPDX-License-Identifier: MIT */
#include "text/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "reading/reading.h"
#include "text/columns.h"

static enum umm_role role_of(const char *name)
{
    return umm_role_of(name, strlen(name));
}

static void test_roles_of_header_cells(void **state)
{
    static const struct {
        const char *name;
        enum umm_role role;
    } cases[] = {
        {"timestamp", UMM_ROLE_TIMESTAMP},
        {"open_time", UMM_ROLE_TIMESTAMP},
        {"Open Time", UMM_ROLE_TIMESTAMP},
        {"OPEN-TIME", UMM_ROLE_TIMESTAMP},
        {"unix", UMM_ROLE_TIMESTAMP},
        {"Unix Timestamp", UMM_ROLE_TIMESTAMP},
        {"Gmt time", UMM_ROLE_TIMESTAMP},
        {"Datetime", UMM_ROLE_TIMESTAMP},
        {"date", UMM_ROLE_DATE},
        {"<DTYYYYMMDD>", UMM_ROLE_DATE},
        {"Time", UMM_ROLE_TIME},
        {"<OPEN>", UMM_ROLE_OPEN},
        {"o", UMM_ROLE_OPEN},
        {"h", UMM_ROLE_HIGH},
        {"c", UMM_ROLE_CLOSE},
        {"V", UMM_ROLE_VOLUME},
        {" High\t", UMM_ROLE_HIGH},
        {"L", UMM_ROLE_LOW},
        {"close", UMM_ROLE_CLOSE},
        {"Vol", UMM_ROLE_VOLUME},
        {"<TICKVOL>", UMM_ROLE_VOLUME},
        {"tick volume", UMM_ROLE_VOLUME},
        /* What would be another thing under the same name. */
        {"Adj Close", UMM_ROLE_NONE},
        {"close_time", UMM_ROLE_NONE},
        {"quote_volume", UMM_ROLE_NONE},
        {"Volume USD", UMM_ROLE_NONE},
        {"Volume BTC", UMM_ROLE_NONE},
        {"opening", UMM_ROLE_NONE},
        {"pen", UMM_ROLE_NONE},
        {"", UMM_ROLE_NONE},
        {"<>", UMM_ROLE_NONE},
        {"\xc3\xb6pen", UMM_ROLE_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (role_of(cases[i].name) != cases[i].role)
            fail_msg("%s has role %s", cases[i].name, umm_role_name(role_of(cases[i].name)));
    /* Only the bytes given are looked at. */
    assert_int_equal(umm_role_of("opening", 4), UMM_ROLE_OPEN);
}

static void test_names_of_roles_have_those_roles(void **state)
{
    (void)state;
    for (int role = UMM_ROLE_NONE + 1; role < UMM_ROLE_COUNT; role++)
        assert_int_equal(role_of(umm_role_name((enum umm_role)role)), role);
    assert_string_equal(umm_role_name(UMM_ROLE_NONE), "");
}

static bool is_equal(const char *a, const char *b)
{
    bool forth = umm_name_equal(a, strlen(a), b, strlen(b));
    assert_int_equal(forth, umm_name_equal(b, strlen(b), a, strlen(a)));
    return forth;
}

static void test_names_are_compared_without_case_and_brackets(void **state)
{
    (void)state;
    assert_true(is_equal("Open Time", "open_time"));
    assert_true(is_equal("open-time", "OPEN_TIME"));
    assert_true(is_equal("<<open>>", " open\t"));
    assert_true(is_equal("", " <> "));
    assert_true(is_equal("Z\xc3\xbc", "z\xc3\xbc"));
    assert_false(is_equal("Z\xc3\x9c", "z\xc3\xbc")); /* letters of ASCII only */
    assert_false(is_equal("open", "opens"));
    assert_false(is_equal("open  time", "open_time"));
    assert_false(is_equal("a[", "a{"));
    assert_false(is_equal("@", "`"));
}

static bool begins(const char *name, const char *prefix)
{
    return umm_name_begins(name, strlen(name), prefix, strlen(prefix));
}

static void test_beginnings_of_names(void **state)
{
    (void)state;
    assert_true(begins("Volume BTC", "volume_"));
    assert_true(begins("Volume BTC", "VOLUME b"));
    assert_true(begins("<VOL>", "vol"));
    assert_true(begins(" <VOL>", "<vol"));
    assert_true(begins("vol", "vol"));
    assert_true(begins("vol", ""));
    assert_false(begins("Volume", "volume_"));
    assert_false(begins("<VOL>", "vol>"));
    assert_false(begins("", "v"));
}

static int instrument(const char *name)
{
    bool is_text;
    int rank = umm_name_instrument(name, strlen(name), &is_text);
    return is_text ? -rank : rank;
}

static void test_names_of_instruments(void **state)
{
    (void)state;
    assert_int_equal(instrument("symbol"), 1);
    assert_int_equal(instrument("<TICKER>"), 1);
    assert_int_equal(instrument("Stock Code"), 3);
    assert_int_equal(instrument("InstrumentID"), 3);
    assert_int_equal(instrument("raw_symbol"), 3);
    assert_int_equal(instrument("contract"), 2);
    assert_int_equal(instrument("\xe4\xbb\xa3\xe7\xa0\x81"), 2);
    assert_int_equal(instrument("Expiry-Date"), 4);
    assert_int_equal(instrument("publisher_id"), 4);
    assert_int_equal(instrument("exchange"), -5);
    assert_int_equal(instrument("id"), -5);
    static const char *const more[] = {"SecuritiesCode", "Symbols",   "SYM_ROOT", "Mnemonic",
                                       "order_book_id",  "wind_code", "ISU_CD",   "CODNEG",
                                       "Trading Pair",   "series_id", "cp_flag",  "EXPIRE_DATE",
                                       "Contract Month", "證券代號",  "종목코드", "銘柄コード"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        assert_true(instrument(more[i]) > 0);
    assert_int_equal(instrument("act_symbol"), 3);
    assert_int_equal(instrument("symbol.1"), 1);
    assert_int_equal(instrument("asset1"), 0);
    assert_int_equal(instrument("commodity"), 2);
    assert_int_equal(instrument("BB Ticker"), 3);
    assert_int_equal(instrument("unique_id"), -5);
    assert_int_equal(instrument("exchange_code"), -5);
    static const char *const others[] = {"",       "open",    "timestamp", "trade_id",   "order_id",
                                         "key",    "volume",  "count",     "unix",       "sec",
                                         "rtype",  "ts",      "symbolic",  "<>",         "quote",
                                         "number", "ex_date", "sid",       "exchange_id"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(instrument(others[i]), 0);
}

static bool amount(const char *name)
{
    return umm_name_is_amount(name, strlen(name));
}

static void test_names_of_amounts(void **state)
{
    static const char *const amounts[] = {
        "open",      "c",       "Adj Close",        "Volume BTC", "quoteVolume",
        "price",     "bid_px",  "taker_buy_volume", "VWAP",       "Open Interest",
        "last_size", "adjClose"};
    static const char *const others[] = {"",           "trade_id",     "last_trade_id", "ts_recv",
                                         "close_time", "count",        "volume_count",  "openTime",
                                         "x",          "transactions", "priceID"};
    (void)state;
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        assert_true(amount(amounts[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(amount(others[i]));
}

/* ---- presets ---- */

static const struct {
    const char *name;
    double row[6];
    const char *tz;
} expected[] = {
    {"alpaca", {1733909400000, 247.77, 248, 247.5, 247.8, 1000}, NULL},
    {"alphavantage", {1598832000000, 444.61, 500.14, 440.11, 498.32, 115847020}, NULL},
    {"backtrader", {1136192460000, 3602, 3603, 3597, 3599, 5699}, NULL},
    {"binance", {1672531200000, 16541.77, 16545.7, 16508.39, 16529.67, 4364.8357}, NULL},
    {"bybit", {1585688400000, 6418.5, 6425, 6411, 6416.5, 75.311}, NULL},
    {"coinbase", {1588377600000, 8829.42, 9025, 8762.01, 8985.58, 10539.26528999}, NULL},
    {"cryptodatadownload", {1571302800000, 8051, 8056.83, 8021.23, 8035.88, 61.25}, NULL},
    {"databento", {1740992400000, 124.56, 124.75, 124.39, 124.49, 3499}, NULL},
    {"databento-fixed", {1692576000000, 133.55, 135.2, 132.71, 134.36, 11015261}, NULL},
    {"dukascopy", {1633881600000, 1.157, 1.15726, 1.1569, 1.15712, 1523.4}, NULL},
    {"finam", {1383890400000, 144950, 145000, 144540, 144670, 27993}, "Europe/Moscow"},
    {"firstrate", {946908000000, 148.25, 149, 147.8, 148.9, 12345678}, NULL},
    {"histdata", {1294063260000, 1.3347, 1.3348, 1.3345, 1.3346, 0}, NULL},
    {"investing", {1781395200000, 50818.84, 52201.58, 51765.01, 51994.63, 395860000}, NULL},
    {"kibot", {1314797400000, 12.52, 12.68, 12.5, 12.66, 1004620}, NULL},
    {"kraken", {1381095240000, 122, 122, 122, 122, 0.1}, NULL},
    {"metatrader", {1750637100000, 1.1519, 1.1522, 1.1518, 1.152, 118}, NULL},
    {"nasdaq", {1734048000000, 192.71, 194.34, 191.26, 191.38, 18883220}, NULL},
    {"ninjatrader", {1161564240000, 1377.25, 1377.25, 1377.25, 1377.25, 86}, NULL},
    {"okx", {1761148800000, 3839.44, 3843.58, 3836.71, 3838.16, 2350.32}, NULL},
    {"polygon", {1744792500000, 200.29, 200.63, 200.29, 200.5, 4930}, NULL},
    {"sierra", {1209938400000, 1413.5, 1414, 1412.75, 1413.75, 7}, "UTC"},
    {"stooq", {463363200000, 0.0996, 0.1008, 0.0984, 0.0996, 99242175}, NULL},
    {"tradestation", {1199134800000, 1997.5, 2001.25, 1983.25, 1989.5, 671363}, "-05:00"},
    {"tradingview", {1704205800000, 187.15, 188.44, 183.89, 185.64, 82488700}, NULL},
    {"yahoo", {916963200000, 1.75, 1.953125, 1.552083, 1.640625, 67867200}, NULL},
    {"yfinance",
     {1676592000000, 255.84107105146936, 256.53147567397895, 252.49743818375117, 254.5292510986328,
      30000100},
     NULL},
};

static void test_presets_are_found_by_name_in_order(void **state)
{
    enum { N = sizeof expected / sizeof *expected };
    (void)state;
    for (size_t i = 0; i < N; i++) {
        const struct umm_layout *layout = umm_layout_at(i);
        assert_string_equal(layout->name, expected[i].name);
        assert_true(i == 0 || strcmp(expected[i - 1].name, layout->name) < 0);
        assert_ptr_equal(umm_layout_find(layout->name), layout);
        assert_true(layout->sample && layout->volume && layout->close && layout->columns);
    }
    assert_null(umm_layout_at(N));
    assert_null(umm_layout_find("auto"));
    assert_null(umm_layout_find("Binance"));
    assert_null(umm_layout_find(""));
}

/* A further record of a header: the first of names, then text for each other field. */
static size_t put_more(const char *names, const char *header, const char *text, char *out)
{
    size_t len = (size_t)(stpncpy(out, names, strcspn(names, "|")) - out);
    for (; *header; header++)
        if (*header == ',')
            len += (size_t)sprintf(out + len, ",%s", text);
    out[len++] = '\n';
    return len;
}

/* A file as published: its header, if it has one, and the sample row. */
static size_t put_file(const struct umm_layout *layout, const char *header, char *out, size_t cap)
{
    const char delimiter = layout->delimiter ? layout->delimiter : ';';
    size_t len = 0;
    if (layout->banner)
        len += (size_t)snprintf(out, cap, "https://www.%s\n", layout->banner);
    if (header) {
        for (const char *p = header; *p; p++)
            out[len++] = *p == ',' ? delimiter : *p;
        out[len++] = '\n';
    }
    for (size_t i = 0; header && i < UMM_LAYOUT_MORE_HEADER && layout->more_header[i]; i++)
        len += put_more(layout->more_header[i], header, i ? "" : "MSFT", out + len);
    return len + (size_t)snprintf(out + len, cap - len, "%s\n", layout->sample);
}

/* The file's text under a path that can be opened. */
static int keep_file(const char *text, size_t len, char path[32])
{
    int fd = memfd_create("layout", 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

/* The sample row reads as expected, by name and, where the header tells, by itself. */
static void check_sample(const struct umm_layout *layout, const char *header, const char *choice,
                         const double *row, const char *tz)
{
    char text[2048], path[32];
    double values[6] = {0};
    struct umm_row out = {.bytes = (char *)values};
    struct umm_reading_options options = {
        .layout = choice, .tz = tz, .schema = {.time_unit = UMM_TIME_MS}};
    struct umm_reading reading;
    struct umm_placed_record placed;
    struct umm_error err = {0};
    bool has_record = false;
    int fd = keep_file(text, put_file(layout, header, text, sizeof text), path);
    enum umm_status status = umm_reading_open(&reading, path, &options, NULL, &err);
    if (!status)
        status = umm_records_next(&reading.records, &placed, &has_record, &err);
    if (!status && has_record)
        status = umm_reading_row(&reading, &placed, &out, &err);
    if (status || !has_record)
        fail_msg("%s: %s", layout->name, err.message);
    if (reading.layout != layout)
        fail_msg("%s: taken for %s", layout->name, reading.layout ? reading.layout->name : "none");
    assert_int_equal(reading.schema.n_fields, 6);
    assert_false(reading.schema.is_struct);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(reading.schema.fields[i].role, UMM_ROLE_TIMESTAMP + i);
        if (memcmp(&values[i], &row[i], sizeof values[i]) != 0)
            fail_msg("%s, column %d: %.17g, not %.17g", layout->name, i, values[i], row[i]);
    }
    assert_true(out.time == (int64_t)row[0]);
    assert_int_equal(umm_records_next(&reading.records, &placed, &has_record, &err), UMM_OK);
    assert_false(has_record);
    umm_reading_close(&reading);
    close(fd);
}

static void test_samples_read_by_their_own_layout(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct umm_layout *layout = umm_layout_find(expected[i].name);
        const char *header = layout->signatures[0];
        if (!header && layout->header != UMM_HEADER_NO)
            header = layout->names;
        check_sample(layout, header, layout->name, expected[i].row, expected[i].tz);
        if ((layout->signatures[0] || layout->banner) && !layout->is_asked_for)
            check_sample(layout, header, "auto", expected[i].row, expected[i].tz);
        /* Where a header is optional the row is enough. */
        if (layout->header != UMM_HEADER_YES)
            check_sample(layout, NULL, layout->name, expected[i].row, expected[i].tz);
    }
}

/* Whether some header could be that of both. */
static bool share_header(const struct umm_layout *a, const struct umm_layout *b)
{
    for (size_t k = 0; k < UMM_LAYOUT_SIGNATURES && a->signatures[k]; k++)
        for (size_t m = 0; m < UMM_LAYOUT_SIGNATURES && b->signatures[m]; m++)
            if (is_equal(a->signatures[k], b->signatures[m]))
                return true;
    return false;
}

/* A header selects one layout; where it is also another's, the two look at the rows. */
static void test_signatures_are_of_one_layout(void **state)
{
    (void)state;
    for (size_t i = 0; umm_layout_at(i); i++)
        for (size_t j = i + 1; umm_layout_at(j); j++) {
            const struct umm_layout *a = umm_layout_at(i), *b = umm_layout_at(j);
            bool is_pair = a->whole_prices && umm_layout_find(a->whole_prices) == b;
            if (share_header(a, b) != is_pair || (is_pair && !b->is_asked_for))
                fail_msg("%s and %s", a->name, b->name);
        }
}

static void test_columns_of_presets_parse(void **state)
{
    (void)state;
    for (size_t i = 0; umm_layout_at(i); i++) {
        struct umm_column *columns = NULL;
        size_t n = 0;
        assert_int_equal(umm_columns_parse(umm_layout_at(i)->columns, &columns, &n, NULL), UMM_OK);
        assert_int_equal(n, 6);
        free(columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles_of_header_cells),
        cmocka_unit_test(test_names_of_roles_have_those_roles),
        cmocka_unit_test(test_names_are_compared_without_case_and_brackets),
        cmocka_unit_test(test_beginnings_of_names),
        cmocka_unit_test(test_names_of_instruments),
        cmocka_unit_test(test_names_of_amounts),
        cmocka_unit_test(test_presets_are_found_by_name_in_order),
        cmocka_unit_test(test_samples_read_by_their_own_layout),
        cmocka_unit_test(test_signatures_are_of_one_layout),
        cmocka_unit_test(test_columns_of_presets_parse),
    };

    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
