/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "text/layout.h"

#define SIX "open,high,low,close,volume"

static const struct umm_layout layouts[] = {
    {.name = "backtrader",
     .names = "date,time,open,high,low,close,volume,openinterest",
     .columns = "timestamp=date+time," SIX,
     .delimiter = ',',
     .header = UMM_HEADER_YES,
     .sample = "2006-01-02,09:01:00,3602.00,3603.00,3597.00,3599.00,5699,0",
     .volume = "Volume, in the unit of the feed",
     .close = "Close"},
    {.name = "binance",
     .signatures = {"open_time,open,high,low,close,volume,close_time,quote_volume,count,"
                    "taker_buy_volume,taker_buy_quote_volume,ignore",
                    "open_time,open,high,low,close,volume,close_time,quote_asset_volume,"
                    "number_of_trades,taker_buy_base_asset_volume,taker_buy_quote_asset_volume,"
                    "ignore"},
     .names = "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
              "taker_buy_volume,taker_buy_quote_volume,ignore",
     .columns = "timestamp=open_time," SIX,
     .delimiter = ',',
     .has_epochs = true,
     .sample = "1672531200000,16541.77000000,16545.70000000,16508.39000000,16529.67000000,"
               "4364.83570000,1672534799999,72146293.58672290,149854,2179.94772000,"
               "36032352.87035720,0",
     .volume = "volume, in the base asset (not quote_volume)",
     .close = "close"},
    {.name = "cryptodatadownload",
     .signatures = {"date,symbol,open,high,low,close,volume_btc,volume", NULL},
     .columns = "timestamp=unix|date," SIX,
     .base_volume = "volume_",
     .banner = "CryptoDataDownload.com",
     .time_formats = {"%Y-%m-%d %I-%p", NULL},
     .has_epochs = true,
     .delimiter = ',',
     .header = UMM_HEADER_YES,
     .is_newest_first = true,
     .sample = "2019-10-17 09-AM,BTCUSD,8051,8056.83,8021.23,8035.88,61.25,492394.56",
     .volume = "the volume column in the symbol's base asset (BTC of BTC/USD), wherever it is",
     .close = "close"},
    {.name = "dukascopy",
     .signatures = {"Gmt time,Open,High,Low,Close,Volume", "Local time,Open,High,Low,Close,Volume"},
     .names = "timestamp," SIX,
     .columns = "timestamp," SIX,
     .time_formats = {"%d.%m.%Y %H:%M:%S.%f GMT%z", "%d.%m.%Y %H:%M:%S.%f"},
     .delimiter = ',',
     .header = UMM_HEADER_YES,
     .sample = "11.10.2021 00:00:00.000 GMT+0800,1.15700,1.15726,1.15690,1.15712,1523.4",
     .volume = "Volume, in the feed's millions of units",
     .close = "Close (bid or ask, as downloaded)"},
    {.name = "histdata",
     .names = "timestamp," SIX,
     .columns = "timestamp," SIX,
     .tz = "-05:00",
     .delimiter = ';',
     .header = UMM_HEADER_NO,
     .sample = "20110103 090100;1.33470;1.33480;1.33450;1.33460;0",
     .volume = "the sixth field (HistData publishes zeros)",
     .close = "the fifth field (bid)"},
    {.name = "metatrader",
     .signatures = {"<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>",
                    "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>"},
     .columns = "timestamp=date+time|date,open,high,low,close,volume=tickvol",
     .delimiter = '\t',
     .header = UMM_HEADER_YES,
     .sample = "2025.06.23\t00:05:00\t1.15190\t1.15220\t1.15180\t1.15200\t118\t0\t4",
     .volume = "<TICKVOL>, the number of ticks (<VOL> is zero for most instruments)",
     .close = "<CLOSE>"},
    {.name = "stooq",
     .signatures = {"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
                    NULL},
     .columns = "timestamp=date+time,open,high,low,close,volume=vol",
     .delimiter = ',',
     .header = UMM_HEADER_YES,
     .sample = "AAPL.US,D,19840907,000000,0.0996,0.1008,0.0984,0.0996,99242175,0",
     .volume = "<VOL>, in shares as adjusted by Stooq",
     .close = "<CLOSE>"},
    {.name = "yahoo",
     .signatures = {"Date,Open,High,Low,Close,Adj Close,Volume", NULL},
     .columns = "timestamp=date," SIX,
     .delimiter = ',',
     .header = UMM_HEADER_YES,
     .sample = "1999-01-22,1.750000,1.953125,1.552083,1.640625,1.518424,67867200",
     .volume = "Volume, in shares",
     .close = "Close, not Adj Close"},
};

const struct umm_layout *umm_layout_at(size_t index)
{
    return index < sizeof layouts / sizeof *layouts ? &layouts[index] : NULL;
}

const struct umm_layout *umm_layout_find(const char *name)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (strcmp(layouts[i].name, name) == 0)
            return &layouts[i];
    return NULL;
}
