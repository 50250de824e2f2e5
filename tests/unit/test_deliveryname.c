/* SPDX-License-Identifier: MIT */
#include "array/deliveryname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Names as vendors, their users and their download pages have them. */
static const struct {
    const char *name, *symbol, *timeframe, *kind, *by;
} real[] = {
    {"BTCUSDT-1m-2024-01.zip", "BTCUSDT", "1m", "", "Binance"},
    {"spot/monthly/BTCUSDT-1m-2024-01-05.csv", "BTCUSDT", "1m", "", "Binance"},
    {"BTCUSDT-1mo-2020-01.zip", "BTCUSDT", "1mo", "", "Binance"},
    {"BTCUSDT-1s-2024-01-05 (1).zip", "BTCUSDT", "1s", "", "Binance"},
    {"BTCUSDT_240628-3d-2024-01.zip", "BTCUSDT_240628", "3d", "", "Binance"},
    {"1000SHIBUSDT-12h-2024-01.csv.zst", "1000SHIBUSDT", "12h", "", "Binance"},
    {"\xe5\xb8\x81\xe5\xae\x89USDT-1m-2025-10.zip", "\xe5\xb8\x81\xe5\xae\x89USDT", "1m", "",
     "Binance"},
    {"BTCUSDT_15_2024-01-01_2024-01-31.csv.gz", "BTCUSDT", "15m", "", "Bybit"},
    {"BTCUSD_1_2020-01-01_2020-01-31.csv.gz", "BTCUSD", "1m", "", "Bybit"},
    {"XBTUSD_60.csv", "XBTUSD", "1h", "", "Kraken"},
    {"XBTUSD_1440.csv", "XBTUSD", "1d", "", "Kraken"},
    {"1INCHEUR_720.csv", "1INCHEUR", "12h", "", "Kraken"},
    {"Binance_BTCUSDT_1h.csv", "BTCUSDT", "1h", "Binance", "CryptoDataDownload"},
    {"Bitstamp_BTCUSD_d.csv", "BTCUSD", "1d", "Bitstamp", "CryptoDataDownload"},
    {"Binance_BTCUSDT_minute.csv", "BTCUSDT", "1m", "Binance", "CryptoDataDownload"},
    {"Bitstamp_BTCUSD_2023_minute.csv", "BTCUSD", "1m", "Bitstamp", "CryptoDataDownload"},
    {"Gemini_BTCUSD_2019_1min.csv", "BTCUSD", "1m", "Gemini", "CryptoDataDownload"},
    {"EURUSD_Candlestick_1_M_BID_01.01.2020-31.12.2020.csv", "EURUSD", "1m", "BID", "Dukascopy"},
    {"EURUSD_Candlestick_1_m_ASK_01.01.2013-31.12.2013_2.txt", "EURUSD", "1m", "ASK", "Dukascopy"},
    {"AAPL.USUSD_Candlestick_15_M_ASK_11.10.2021-05.10.2024.csv", "AAPL.USUSD", "15m", "ASK",
     "Dukascopy"},
    {"XAUUSD_Candlestick_1_Hour_ASK_01.01.2020-22.03.2025.csv", "XAUUSD", "1h", "ASK", "Dukascopy"},
    {"EURAUD_Candlestick_1_h_BID_07.10.2005-20.02.2021.csv", "EURAUD", "1h", "BID", "Dukascopy"},
    {"BRENT.CMDUSD_Candlestick_4_Hour_ASK_01.01.2019-16.03.2024.csv", "BRENT.CMDUSD", "4h", "ASK",
     "Dukascopy"},
    {"VIX.US_Candlestick_1_D_BID.csv", "VIX.US", "1d", "BID", "Dukascopy"},
    {"TSLA.USUSD_Candlestick_1_M_BID_01.01.2025-14.06.2025_NOFLATS.csv", "TSLA.USUSD", "1m", "BID",
     "Dukascopy"},
    {"DAT_ASCII_EURUSD_M1_2023.csv", "EURUSD", "1m", "", "HistData"},
    {"DAT_MT_EURUSD_M1_201607.csv", "EURUSD", "1m", "", "HistData"},
    {"DAT_ASCII_USDJPY_M1_2023_01.csv", "USDJPY", "1m", "", "HistData"},
    {"HISTDATA_COM_ASCII_EURUSD_M1_2020.zip", "EURUSD", "1m", "", "HistData"},
    {"HISTDATA_COM_MT_GBPUSD_M12025.zip", "GBPUSD", "1m", "", "HistData"},
    {"HISTDATA_COM_MT_XAUUSD_M1202603.zip", "XAUUSD", "1m", "", "HistData"},
    {"aapl_us_d.csv", "aapl_us", "1d", "", "Stooq"},
    {"^spx_d.csv", "^spx", "1d", "", "Stooq"},
    {"EURUSD_M1_202001020000_202012312359.csv", "EURUSD", "1m", "", "MetaTrader 5"},
    {"GOLD#_H1_202001020900_202012311800.csv", "GOLD#", "1h", "", "MetaTrader 5"},
    {"XAUUSDm_M15_202001020100_202609162200.csv", "XAUUSDm", "15m", "", "MetaTrader 5"},
    {"EURUSD_MN1_197101010000_202001010000.csv", "EURUSD", "1mo", "", "MetaTrader 5"},
    {"EURUSD_Daily_202001020000_202012310000.csv", "EURUSD", "1d", "", "MetaTrader 5"},
    {"EURUSD60.csv", "EURUSD", "1h", "", "MetaTrader 4"},
    {"EURUSD1.csv", "EURUSD", "1m", "", "MetaTrader 4"},
    {"EURUSDm1440.CSV", "EURUSDm", "1d", "", "MetaTrader 4"},
    {"GOLD#43200.csv", "GOLD#", "1mo", "", "MetaTrader 4"},
    {"BTC-USDT-SWAP-candlesticks-2026-05-18.zip", "BTC-USDT-SWAP", "1m", "", "OKX"},
    {"KITE-USDT-candlesticks-2025-12.csv", "KITE-USDT", "1m", "", "OKX"},
    {"BINANCE_BTCUSDT, 60.csv", "BTCUSDT", "1h", "BINANCE", "TradingView"},
    {"BINANCE_BTCUSDT.P, 30.csv", "BTCUSDT.P", "30m", "BINANCE", "TradingView"},
    {"BATS_AMD, 60_2853d.csv", "AMD", "1h", "BATS", "TradingView"},
    {"BINANCE_BTCUSDT, 60 (1).csv", "BTCUSDT", "1h", "BINANCE", "TradingView"},
    {"NASDAQ_AAPL, 1D.csv", "AAPL", "1d", "NASDAQ", "TradingView"},
    {"AAPL_full_1min_adjsplitdiv.txt", "AAPL", "1m", "adjsplitdiv", "FirstRate Data"},
    {"SPX_full_1min.txt", "SPX", "1m", "", "FirstRate Data"},
    {"ES_full_1min_continuous_UNadjusted.csv", "ES", "1m", "UNadjusted", "FirstRate Data"},
    {"ES_full_1min_continuous_ratio_adjusted.txt", "ES", "1m", "ratio", "FirstRate Data"},
    {"intraday_5min_AAPL.csv", "AAPL", "5m", "", "Alpha Vantage"},
    {"daily_IBM.csv", "IBM", "1d", "", "Alpha Vantage"},
    {"AAPL_1min.txt", "AAPL", "1m", "", "name"},
    {"BTC-USDT_1h.csv", "BTC-USDT", "1h", "", "name"},
    {"BTCUSDT-1m.csv", "BTCUSDT", "1m", "", "name"},
    {"BTCUSDT-1m-d.csv", "BTCUSDT", "1m", "", "name"},
    {"ES_daily.csv", "ES", "1d", "", "name"},
    {"BTCUSDT_1m_all.csv.gz", "BTCUSDT", "1m", "", "name"},
    {"GE-4h.tar.csv", "GE", "4h", "", "name"},
    {"BTC%2FUSDT-1m.csv", "BTC/USDT", "1m", "", "name"},
    {"MyExchange_BTCUSDT_1h.csv", "MyExchange_BTCUSDT", "1h", "", "name"},
};

static struct umm_deliveryname_reader *reader_of(const char *pattern, const char *symbol,
                                                 const char *timeframe)
{
    const struct umm_deliveryname_options options = {pattern, symbol, timeframe};
    struct umm_deliveryname_reader *reader;
    assert_int_equal(umm_deliveryname_reader_new(&options, &reader, NULL), UMM_OK);
    return reader;
}

static void test_names_of_vendors(void **state)
{
    (void)state;
    struct umm_deliveryname_reader *reader = reader_of(NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        struct umm_deliveryname got;
        struct umm_error err = {.message = ""};
        if (umm_deliveryname_read(reader, real[i].name, &got, &err) != UMM_OK)
            fail_msg("%s: %s", real[i].name, err.message);
        assert_string_equal(got.symbol, real[i].symbol);
        assert_string_equal(got.timeframe.name, real[i].timeframe);
        assert_string_equal(got.kind, real[i].kind);
        assert_string_equal(got.by, real[i].by);
    }
    umm_deliveryname_reader_free(reader);
}

static void test_each_example_is_of_its_vendor(void **state)
{
    (void)state;
    const char *vendor, *pattern, *example, *before = "";
    struct umm_deliveryname_reader *reader = reader_of(NULL, NULL, NULL);
    size_t i = 0;
    for (; umm_deliveryname_vendor(i, &vendor, &pattern, &example); i++) {
        struct umm_deliveryname got;
        assert_int_equal(umm_deliveryname_read(reader, example, &got, NULL), UMM_OK);
        assert_string_equal(got.by, vendor);
        assert_true(strcmp(before, vendor) <= 0);
        before = vendor;
    }
    assert_true(i > 20);
    umm_deliveryname_reader_free(reader);
}

static void test_names_that_tell_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"a.csv",
                                        "EURUSD-1M-2024.csv",
                                        "BTCUSDT1m.csv",
                                        "-1m.csv",
                                        "x-1m5.csv",
                                        "BTCUSDT-.csv",
                                        "EURUSD2021.csv",
                                        "EURUSD2015.csv",
                                        "US50015.csv",
                                        "data60.csv",
                                        "aapl.us.txt",
                                        "DAT_ASCII_EURUSD_T_202301.csv",
                                        "BTCUSDT2024-01-05.csv.gz",
                                        ".csv",
                                        "",
                                        "BTCUSDT_7x.csv",
                                        "BTC_USDT-202401.csv.gz"};
    struct umm_deliveryname_reader *reader = reader_of(NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct umm_deliveryname got;
        struct umm_error err = {.message = ""};
        if (umm_deliveryname_read(reader, names[i], &got, &err) != UMM_ERR_ARGUMENT)
            fail_msg("%s is read", names[i]);
        assert_string_equal(err.message, "its name tells no symbol and timeframe");
        assert_string_equal(err.path, names[i]);
    }
    umm_deliveryname_reader_free(reader);
}

static void refuses(const struct umm_deliveryname_reader *reader, const char *name,
                    const char *message)
{
    struct umm_deliveryname got;
    struct umm_error err = {.message = ""};
    assert_int_equal(umm_deliveryname_read(reader, name, &got, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, message);
}

static void test_two_readings_are_refused(void **state)
{
    (void)state;
    struct umm_deliveryname_reader *reader = reader_of(NULL, NULL, NULL);
    refuses(reader, "X-1m-5m.csv", "its name could be of \"X\" 1m or of \"X-1m\" 5m");
    refuses(reader, "BTC-1h_5m.csv", "its name could be of \"BTC\" 1h or of \"BTC-1h\" 5m");
    refuses(reader, "ES-2024-1m.csv", "its name could be of \"ES-2024\" 1m or of \"ES\" 1m");
    refuses(reader, "es.20240105_1m.csv",
            "its name could be of \"es.20240105\" 1m or of \"es\" 1m");
    umm_deliveryname_reader_free(reader);
}

static void test_what_the_caller_says(void **state)
{
    (void)state;
    struct umm_deliveryname got;
    struct umm_deliveryname_reader *reader = reader_of(NULL, NULL, "1d");
    assert_int_equal(umm_deliveryname_read(reader, "d/aapl.us.txt", &got, NULL), UMM_OK);
    assert_string_equal(got.symbol, "aapl.us");
    assert_string_equal(got.timeframe.name, "1d");
    assert_int_equal(umm_deliveryname_read(reader, "XBTUSD_1440.csv", &got, NULL), UMM_OK);
    refuses(reader, "XBTUSD_60.csv", "its name tells the timeframe 1h, not 1d");
    refuses(reader, "BTC_USDT-202401.csv",
            "its name could be of \"BTC_USDT-202401\" 1d or of \"BTC_USDT\" 1d");
    umm_deliveryname_reader_free(reader);

    reader = reader_of(NULL, "BTC/USD", NULL);
    assert_int_equal(umm_deliveryname_read(reader, "XBTUSD_60.csv", &got, NULL), UMM_OK);
    assert_string_equal(got.symbol, "BTC/USD");
    assert_string_equal(got.timeframe.name, "1h");
    umm_deliveryname_reader_free(reader);
}

static void test_the_pattern_of_the_caller_comes_first(void **state)
{
    (void)state;
    struct umm_deliveryname got;
    struct umm_deliveryname_reader *reader =
        reader_of("{kind}_{symbol}_{minutes}_*.csv", NULL, NULL);
    umm_deliveryname_reader_free(reader);
    reader = reader_of("x{symbol}_{minutes}.CSV", NULL, NULL);
    assert_int_equal(umm_deliveryname_read(reader, "d/xBTC_60.csv.zst", &got, NULL), UMM_OK);
    assert_string_equal(got.symbol, "BTC");
    assert_string_equal(got.by, "pattern");
    /* A name that it does not know is read by the others. */
    assert_int_equal(umm_deliveryname_read(reader, "BTCUSDT-1m-2024-01.zip", &got, NULL), UMM_OK);
    assert_string_equal(got.by, "Binance");
    umm_deliveryname_reader_free(reader);
    reader = reader_of("{symbol}_{timeframe}_*", NULL, NULL);
    refuses(reader, "A_1m_5m_x.csv", "its name could be of \"A\" 1m or of \"A_1m\" 5m");
    umm_deliveryname_reader_free(reader);
}

static void test_options_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct umm_deliveryname_options options;
        const char *message;
    } cases[] = {
        {{"{timeframe}", NULL, NULL}, "a pattern of names without {symbol}"},
        {{"{symbol}", NULL, NULL}, "a pattern of names without {timeframe} or {minutes}"},
        {{"{symbol}*", NULL, NULL}, "a pattern of names is ambiguous without text before: \"*\""},
        {{NULL, "", NULL}, "a symbol has 1 to 80 bytes: \"\""},
        {{NULL, NULL, "1M"}, "minutes are m and months are mo: \"1M\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_deliveryname_reader *reader;
        struct umm_error err = {.message = ""};
        assert_int_equal(umm_deliveryname_reader_new(&cases[i].options, &reader, &err),
                         UMM_ERR_ARGUMENT);
        assert_null(reader);
        assert_string_equal(err.message, cases[i].message);
    }
    umm_deliveryname_reader_free(reader_of("{timeframe}", "X", NULL));
    umm_deliveryname_reader_free(reader_of("{symbol}", NULL, "1d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_vendors),
        cmocka_unit_test(test_each_example_is_of_its_vendor),
        cmocka_unit_test(test_names_that_tell_nothing),
        cmocka_unit_test(test_two_readings_are_refused),
        cmocka_unit_test(test_what_the_caller_says),
        cmocka_unit_test(test_the_pattern_of_the_caller_comes_first),
        cmocka_unit_test(test_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
