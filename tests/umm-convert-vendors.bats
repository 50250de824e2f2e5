#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Files as vendors deliver them: layouts, what is said where one has to be asked for, and the kinds of
# files that public reports tell of.
# shellcheck disable=SC2016 # dollars as vendors write them

load helper

# in.csv, with the options after the first argument, gives these rows.
gives() {
    local want=$1
    shift
    ok umm-convert "$@" -o out.npy in.csv
    ok umm-mmap-slice out.npy --format=csv --time-format=iso --no-header
    [[ $output == "$want" ]] || fail "$output"
    rm out.npy
}

# in.csv is refused, with these words after the tool's name.
says() {
    local text=$1
    shift
    refuses 1 "umm-convert: $text" umm-convert "$@" -o x.npy in.csv
    [[ ! -e x.npy ]]
    no_leftovers
}

# The lines are in.csv.
file() {
    printf '%s\n' "$@" >in.csv
}

LEAD='not one series; take one with --where COLUMN=VALUE or each with --by COLUMN, or say that it is one with --one-series'
BARS=timestamp,open,high,low,close,volume

# ---- layouts -----------------------------------------------------------------------

@test "--list-layouts prints each layout with a row of it, in order" {
    ok umm-convert --list-layouts
    local list=$output
    LC_ALL=C sort -c <<<"$list"
    grep -q '^kraken  *1381095240,122.0,122.0,122.0,122.0,0.1,1$' <<<"$list"
    local name names=' '
    while read -r name _; do names+="$name "; done <<<"$list"
    for name in alpaca alphavantage bybit coinbase databento databento-fixed finam firstrate \
        investing kibot kraken nasdaq ninjatrader okx polygon sierra tradestation tradingview yfinance \
        backtrader binance cryptodatadownload dukascopy histdata metatrader stooq yahoo; do
        [[ $names == *" $name "* ]] || fail "no $name"
        grep -q "^\.It Cm $name\$" "$TOP/man/umm-convert.1" || fail "$name is not in the manual"
    done
    ok umm-convert --list-layouts --json
    "$PY" -c 'import json, sys
items = json.load(sys.stdin)["layouts"]
assert [item["name"] for item in items] == sys.argv[1].split()
of = {item["name"]: item for item in items}
assert of["sierra"]["needs_zone"] and not of["yahoo"]["needs_zone"]
assert of["yahoo"]["recognised"] and not of["tradestation"]["recognised"]
assert not of["kibot"]["recognised"] and of["kibot"]["zone"] == "America/New_York"' "$names" <<<"$output"
    # Nothing else is done, whatever stands beside it.
    ok umm-convert --list-layouts -o out.npy nothing.csv
    [[ $output == "$list" && ! -e out.npy ]]
}

@test "a row of each layout has the right values" {
    file 'symbol,timestamp,open,high,low,close,volume,trade_count,vwap' \
        'AAPL,2024-12-11 09:30:00+00:00,247.77,248.00,247.50,247.80,1000.0,50.0,247.77'
    gives 2024-12-11T09:30:00Z,247.77,248,247.5,247.8,1000
    # alphavantage, newest first.
    file timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient \
        2020-01-17,167.4200,167.4675,165.4300,167.1000,167.1000,32775039,0.0000,1.0000 \
        2020-01-16,164.3500,166.2400,164.0300,166.1700,166.1700,23865360,0.0000,1.0000
    gives '2020-01-16T00:00:00Z,164.35,166.24,164.03,166.17,23865360
2020-01-17T00:00:00Z,167.42,167.4675,165.43,167.1,32775039'
    file "$BARS" '2024-01-03 16:00:00,1,3,0.5,2,7' '2024-01-03 15:59:00,1,2,0.5,1,6'
    gives '2024-01-03T20:59:00Z,1,2,0.5,1,6
2024-01-03T21:00:00Z,1,3,0.5,2,7' --layout=alphavantage
    file '2020.04.01 00:00,6418.5,6425,6411,6416.5,75.311' '2020.04.01 00:01,6416.5,6420,6416,6419,9'
    gives '2020-03-31T21:00:00Z,6418.5,6425,6411,6416.5,75.311
2020-03-31T21:01:00Z,6416.5,6420,6416,6419,9' --layout=bybit
    # coinbase: low and high before open, newest first.
    file 1588464000,8731.01,9203.52,8984.69,8909.95,17147.6 1588377600,8762.01,9025.0,8829.42,8985.58,10539.2
    gives '2020-05-02T00:00:00Z,8829.42,9025,8762.01,8985.58,10539.2
2020-05-03T00:00:00Z,8984.69,9203.52,8731.01,8909.95,17147.6' --layout=coinbase
    sed -i 1i\\time,low,high,open,close,volume in.csv
    gives '2020-05-02T00:00:00Z,8829.42,9025,8762.01,8985.58,10539.2
2020-05-03T00:00:00Z,8984.69,9203.52,8731.01,8909.95,17147.6' --layout=coinbase
    file '<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>' \
        'SPFB.RTS;5;20131108;100000;144950.0000000;145000.0000000;144540.0000000;144670.0000000;27993'
    gives 2013-11-08T06:00:00Z,144950,145000,144540,144670,27993 --tz=Europe/Moscow
    # firstrate, in winter and in summer; days of futures with the open interest.
    file '2000-01-03 09:00:00,148.25,149.00,147.80,148.90,12345678' '2000-07-03 09:00:00,1,2,0.5,1.5,7'
    gives '2000-01-03T14:00:00Z,148.25,149,147.8,148.9,12345678
2000-07-03T13:00:00Z,1,2,0.5,1.5,7' --layout=firstrate
    file '2008-01-02 00:00:00,2104.5,2121,2060,2071.25,349000,123456'
    gives 2008-01-02T05:00:00Z,2104.5,2121,2060,2071.25,349000 --layout=firstrate
    file 08/31/2011,09:30,12.52,12.68,12.5,12.66,1004620 08/31/2011,09:35,12.65,12.65,12.58,12.63,696432
    gives '2011-08-31T13:30:00Z,12.52,12.68,12.5,12.66,1004620
2011-08-31T13:35:00Z,12.65,12.65,12.58,12.63,696432' --layout=kibot
    file 08/30/2011,12.52,12.68,12.5,12.66,1004620 08/31/2011,12.65,12.65,12.58,12.63,696432
    gives '2011-08-30T00:00:00Z,12.52,12.68,12.5,12.66,1004620
2011-08-31T00:00:00Z,12.65,12.65,12.58,12.63,696432' --layout=kibot
    file 1381095240,122.0,122.0,122.0,122.0,0.1,1
    gives 2013-10-06T21:34:00Z,122,122,122,122,0.1 --layout=kraken
    file '20061023 004400;1377.25;1378;1377;1377.50;86'
    gives 2006-10-23T00:44:00Z,1377.25,1378,1377,1377.5,86 --layout=ninjatrader
    file '20061023;1377.25;1378;1377;1377.50;86'
    gives 2006-10-23T00:00:00Z,1377.25,1378,1377,1377.5,86 --layout=ninjatrader
    file ticker,volume,open,close,high,low,window_start,transactions \
        AAPL,4930,200.29,200.5,200.63,200.28,1744792500000000000,129
    gives 2025-04-16T08:35:00Z,200.29,200.63,200.28,200.5,4930
    file 'Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume' \
        '2008/5/4, 22:00:00, 1413.50, 1414.00, 1412.75, 1413.75, 7, 0, 0, 0' \
        '2008/5/4, 22:00:00.25, 1413.75, 1414.00, 1413.75, 1413.75, 1, 0, 0, 0'
    gives '2008-05-05T02:00:00Z,1413.5,1414,1412.75,1413.75,7
2008-05-05T02:00:00.250Z,1413.75,1414,1413.75,1413.75,1' --tz=America/New_York
    file '"Date","Time","Open","High","Low","Close","Vol","OI"' \
        12/31/2007,16:00,1997.50,2001.25,1983.25,1989.50,671363,1720070 01/02/2008,0930,1,2,0.5,1.5,3,4
    gives '2007-12-31T22:00:00Z,1997.5,2001.25,1983.25,1989.5,671363
2008-01-02T15:30:00Z,1,2,0.5,1.5,3' --layout=tradestation --tz=America/Chicago
    file 'time,open,high,low,close,Volume,Volume MA' 1704205800,187.15,188.44,183.89,185.64,82488700, \
        1704292200,184.22,185.88,183.43,184.25,58414500,70000000
    gives '2024-01-02T14:30:00Z,187.15,188.44,183.89,185.64,82488700
2024-01-03T14:30:00Z,184.22,185.88,183.43,184.25,58414500'
    file time,open,high,low,close 1704205800,1,2,0.5,1.5
    gives 2024-01-02T14:30:00Z,1,2,0.5,1.5,NaN --layout=tradingview
    file 'time,open,high,low,close,Volume,Volume MA' 1704205800,187.15,188.44,183.89,185.64,82488700, \
        1704292200,184.22,185.88,183.43,184.25,58414500,70000000
    sed -i 's/^1704205800/2024-01-02T09:30:00-05:00/; s/^1704292200/2024-01-03T09:30:00-05:00/' in.csv
    gives '2024-01-02T14:30:00Z,187.15,188.44,183.89,185.64,82488700
2024-01-03T14:30:00Z,184.22,185.88,183.43,184.25,58414500'
}

@test "yfinance: a header of three records, and one ticker" {
    file Price,Close,High,Low,Open,Volume Ticker,MSFT,MSFT,MSFT,MSFT,MSFT Date,,,,, \
        2023-02-17,254.52,256.53,252.49,255.84,30000100 2023-02-21,250,251,249,250.5,28397400
    local rows='2023-02-17T00:00:00Z,255.84,256.53,252.49,254.52,30000100
2023-02-21T00:00:00Z,250.5,251,249,250,28397400'
    gives "$rows"
    gives "$rows" --layout=yfinance
    ok umm-convert --json -o msft.npy in.csv
    [[ $output == *'"layout": "yfinance"'* && $output == *'"header_records": 3'* && $output == *'"rows": 2'* ]] || fail "$output"
    # The header goes whole into a quarantine, which reads again.
    cp in.csv good.csv
    sed '4s/256.53/x/' good.csv >in.csv
    capture umm-convert --bad-rows=quarantine:bad.csv -o out.npy in.csv
    [[ $status -eq 3 ]]
    sed 's/,x,/,256.53,/' bad.csv >in.csv
    gives 2023-02-17T00:00:00Z,255.84,256.53,252.49,254.52,30000100 --comment='#'
    # With adjusted closes beside the closes, and times of day.
    file 'Price,Adj Close,Close,High,Low,Open,Volume' Ticker,A,A,A,A,A,A Datetime,,,,,, \
        '2024-11-04 14:30:00+00:00,1,2,3,0.5,1.5,7'
    gives 2024-11-04T14:30:00Z,1.5,3,0.5,2,7
    # Appends and the next file of it.
    (head -n 3 good.csv && echo 2023-02-22,251,252,250,250.5,1) >next.csv
    ok umm-convert --append -o msft.npy good.csv next.csv
    ok umm-mmap-slice msft.npy --format=csv --no-header --columns=close
    [[ $output == $'254.52\n250\n251' ]]
    ok umm-convert --append --tail -o msft.npy next.csv
    # Another ticker, in this file or the next, is another series.
    file Price,Close,High,Low,Open,Volume Ticker,MSFT,MSFT,QQQ,MSFT,MSFT Date,,,,, 2023-02-17,1,1,1,1,1
    says 'in.csv:2:18: Ticker is "QQQ" after "MSFT": not one series'
    sed 's/MSFT/QQQ/g' next.csv >in.csv
    refuses 1 "umm-convert: in.csv: Ticker is \"QQQ\" after \"MSFT\": $LEAD" umm-convert -o x.npy good.csv in.csv
    printf 'symbol,%s\nQQQ,2023-02-22,1,1,1,1,1\n' $BARS >in.csv
    refuses 1 "umm-convert: in.csv:2:1: symbol is \"QQQ\" after \"MSFT\": $LEAD" umm-convert -o x.npy good.csv in.csv
    sed -i s/QQQ/MSFT/ in.csv
    ok umm-convert -o x.npy good.csv in.csv
    rm x.npy
    # A header that only begins so is not one.
    file Price,Close,High,Low,Open,Volume 2023-02-17,1,1,1,1,1
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *"no field for 'timestamp' among \"Price\", \"Close\""* ]] || fail "$stderr"
    says 'in.csv:2:1: the header of layout yfinance does not go on with Ticker' --layout=yfinance
    file Price,Close,High,Low,Open,Volume Ticker,A,A,A,A,A 2023-02-17,1,1,1,1,1
    says 'in.csv:3:1: the header of layout yfinance does not go on with Date'
    file Price,Close,High,Low,Open,Volume Ticker,A,A,A,A,A
    says 'in.csv:3:1: the header of layout yfinance does not go on with Date'
    file Price,Close,High,Low,Open,Volume Ticker,A,A,A,A,A Date,,,,,
    says 'in.csv: no rows after the header'
}

@test "okx: the volume in the base asset of pairs and of contracts" {
    local header=instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm
    local name
    file $header ETH-USDT-SWAP,3839.44,3843.58,3836.71,3838.16,23503.2,2350.32,9024127.3,1761148800000,1
    gives 2025-10-22T16:00:00Z,3839.44,3843.58,3836.71,3838.16,2350.32
    for name in BTC-USD-SWAP BTC-USDT-240329; do
        file $header $name,1,2,0.5,1.5,300,3,4,1704067200000,1
        gives 2024-01-01T00:00:00Z,1,2,0.5,1.5,3
    done
    file $header BTC-USDT,1,2,0.5,1.5,2,3,3,1704067200000,1
    gives 2024-01-01T00:00:00Z,1,2,0.5,1.5,2
    file $header BTCUSDT,1,2,0.5,1.5,2,3,3,1704067200000,1
    says 'in.csv:1:1: which volume is in the base asset of "BTCUSDT" cannot be told: it is no pair and no contract; name the volume: volume=FIELD in --columns'
    gives 2024-01-01T00:00:00Z,1,2,0.5,1.5,2 --columns=timestamp=open_time,open,high,low,close,volume=vol
    file $header BTC-USDT,1,2,0.5,1.5,2,3,3,1704067200000,1 ETH-USDT-SWAP,1,2,0.5,1.5,300,3,4,1704067260000,1
    says "in.csv:3:1: instrument_name is \"ETH-USDT-SWAP\" after \"BTC-USDT\": $LEAD"
    gives 2024-01-01T00:01:00Z,1,2,0.5,1.5,3 --where=instrument_name=ETH-USDT-SWAP
    # Of rows of several symbols the first does not tell it for all, nor where they are told apart.
    local many='in.csv:1:1: which volume is in the base asset can be another for each symbol; name the volume: volume=FIELD in --columns'
    refuses 1 "umm-convert: $many" umm-convert --by=instrument_name --out-root=. --timeframes=1m in.csv
    refuses 1 "umm-features: $many" umm-features --by=instrument_name -f sma:1 in.csv
    ok umm-convert --by=instrument_name --out-root=. --timeframes=1m \
        --columns=timestamp=open_time,open,high,low,close,volume=vol_ccy in.csv
    ok umm-mmap-slice ETH-USDT-SWAP/1m.npy --format=csv --columns=volume --no-header
    [[ $output == 3 ]]
    file 'date,symbol,open,high,low,close,volume_btc,volume' 2024-01-01,ETH,1,2,1,1,11,12
    capture umm-convert --by=symbol --out-root=. --timeframes=1d in.csv
    [[ $status -eq 1 && $stderr == *'can be another for each symbol'* ]] || fail "$stderr"
}

@test "a zone that the files of a layout leave open has to be given" {
    file 'Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume' \
        '2024/1/2, 18:00:00, 1, 2, 0.5, 1.5, 7, 0, 0, 0'
    says 'in.csv:2:1: in which zone times are is not in files of layout sierra; use --tz'
    refuses 1 'umm-features: in.csv:2:1: in which zone times are is not in files of layout sierra; use --tz' \
        umm-features -f sma:1 in.csv
    gives 2024-01-02T18:00:00Z,1,2,0.5,1.5,7 --tz=UTC
    gives 1,2,0.5,1.5,7 --columns=open,high,low,close=last,volume
    file '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>' X,60,20240102,1000,1,2,0.5,1.5,7
    says 'in.csv:2:1: in which zone times are is not in files of layout finam; use --tz'
    gives 2024-01-02T07:00:00Z,1,2,0.5,1.5,7 --tz=+03:00
    # A date alone is that date, unless the caller gives a zone.
    file 08/31/2011,1,2,0.5,1.5,7
    gives 2011-08-31T00:00:00Z,1,2,0.5,1.5,7 --layout=kibot
    gives 2011-08-31T04:00:00Z,1,2,0.5,1.5,7 --layout=kibot --tz=America/New_York
}

@test "a layout that has to be asked for is named where its file cannot be read" {
    file '"Date","Time","Open","High","Low","Close","Vol","OI"' 12/31/2007,16:00,1,2,0.5,1.5,7,3
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'timestamp has day and month in an order that nothing tells: "12/31/2007 16:00"; use --layout=tradestation' ]] || fail "$stderr"
    says 'in.csv:2:1: in which zone times are is not in files of layout tradestation; use --tz' --layout=tradestation
    gives 2007-12-31T16:00:00Z,1,2,0.5,1.5,7 --layout=tradestation --tz=UTC
    # With what it takes from the caller, it reads without.
    gives 2007-12-31T16:00:00Z,1,2,0.5,1.5,7 --time-format='%m/%d/%Y %H:%M'
    # Another header, if only by a name, is nobody's.
    sed -i 1s/OI/X/ in.csv
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr != *--layout=* ]] || fail "$stderr"
}

# ---- the kinds of files that public reports tell of -----------------------------------------

@test "quote volume first: the volume is that in the base asset" {
    file https://www.CryptoDataDownload.com 'unix,date,symbol,open,high,low,close,Volume USD,Volume BTC' \
        '1725062400000,2024-08-31 00:00:00,BTC/USD,5,7,4,6,48067339.58,812.56' \
        '1724976000000,2024-08-30 00:00:00,BTC/USD,4,6,3,5,112697030.87,1900.45'
    gives '2024-08-30T00:00:00Z,4,6,3,5,1900.45
2024-08-31T00:00:00Z,5,7,4,6,812.56'
    sed -i 's/Volume BTC/Volume ETH/' in.csv
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == 'umm-convert: in.csv:2:1: which volume is in the base asset of symbol "BTC/USD" cannot be told from'* ]] || fail "$stderr"
}

@test "several instruments in one file are no series, in any order" {
    file 'symbol,timestamp,open,high,low,close,volume,trade_count,vwap' \
        'SPY,2021-02-01 05:00:00+00:00,373,377,370,376,75,1,374' 'QQQ,2021-02-01 05:00:00+00:00,316,322,315,321,33,1,319'
    says "in.csv:3:1: symbol is \"QQQ\" after \"SPY\": $LEAD"
    gives 2021-02-01T05:00:00Z,316,322,315,321,33 --where=symbol=QQQ
    # Contracts and their spread; what is dropped as a duplicate is never another instrument's.
    file ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol \
        2021-09-07T00:00:00.000000000Z,33,1,1030,4539.25,4539.25,4538,4538.25,576,ESU1 \
        2021-09-07T00:00:00.000000000Z,33,1,8858,4529.5,4529.5,4528.25,4528.5,20,ESZ1 \
        2021-09-07T00:01:00.000000000Z,33,1,4711,-9.75,-9.75,-9.8,-9.8,5,ESU1-ESZ1
    for option in --dry-run --dedup=first --order=keep; do
        says "in.csv:3:74: symbol is \"ESZ1\" after \"ESU1\": $LEAD" $option
    done
    gives 2021-09-07T00:01:00Z,-9.75,-9.75,-9.8,-9.8,5 --where=symbol=ESU1-ESZ1
    # Many tickers, one after the other.
    file ticker,volume,open,close,high,low,window_start,transactions AAPL,4930,2,3,4,1,1744792500000000000,129 \
        AAPL,5000,3,2,4,1,1744792560000000000,100 MSFT,1815,39,38,40,37,1744792500000000000,57
    says "in.csv:4:1: ticker is \"MSFT\" after \"AAPL\": $LEAD"
    gives 2025-04-16T08:35:00Z,39,40,37,38,1815 --where=ticker=MSFT
    # All at once, an array for each, and the next day after it.
    ok umm-convert --append --by=ticker --out-root=. --timeframes=1m in.csv
    sed 's/,17447/,17448/' in.csv >next.csv
    ok umm-convert --append --by=ticker --out-root=. --timeframes=1m next.csv
    ok umm-mmap-slice AAPL/1m.npy --format=csv --columns=close --no-header
    [[ $output == $'3\n2\n3\n2' ]] || fail "$output"
    ok umm-mmap-slice MSFT/1m.npy --format=csv --columns=close --no-header
    [[ $output == $'38\n38' ]] || fail "$output"
}

@test "dates and times of day in digits are no epochs" {
    file time,code,open,high,low,close,volume,amount,adjustflag 20200102093500000,sh.6,12,13,11,12.5,74,93,3 \
        20200102094000000,sh.6,12.5,13,11,12,24,30,3
    gives '2020-01-02T09:35:00Z,12,13,11,12.5,74
2020-01-02T09:40:00Z,12.5,13,11,12,24'
    ok umm-convert --tz=Asia/Shanghai -o out.npy in.csv
    ok umm-mmap-slice out.npy --columns=timestamp --time-format=iso --format=csv --no-header
    [[ ${lines[0]} == 2020-01-02T01:35:00Z ]]
    file date,time,code,open,high,low,close,volume 2020-01-02,20200102093500000,sh.6,12,13,11,12.5,74
    says 'in.csv:2:1: timestamp is not a time: "2020-01-02 20200102093500000"; the date comes twice; name the timestamp: timestamp=FIELD in --columns'
    gives 2020-01-02T09:35:00Z,12,13,11,12.5,74 --columns=timestamp=time,open,high,low,close,volume
    file $BARS 2024123122,1,2,0.5,1.5,100 2024123123,1,2,0.5,1.5,100
    says 'in.csv:2:1: timestamp is ambiguous: "2024123122" could be an epoch in seconds (2034-02-21T08:25:22Z) or YYYYMMDDHH (2024-12-31T22:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H'
    gives '2024-12-31T22:00:00Z,1,2,0.5,1.5,100
2024-12-31T23:00:00Z,1,2,0.5,1.5,100' --time-format=%Y%m%d%H
    file $BARS 170306093000,1,2,0.5,1.5,100
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'could be YYMMDDhhmmss (2017-03-06T09:30:00); use --time-format=%y%m%d%H%M%S, or --time-unit-in for an epoch' ]] || fail "$stderr"
    gives 2017-03-06T09:30:00Z,1,2,0.5,1.5,100 --time-format=%y%m%d%H%M%S
    file $BARS 637450650000000000,1,2,0.5,1.5,100
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'use --time-unit-in=ns or --time-unit-in=ticks' ]] || fail "$stderr"
    gives 2021-01-01T02:30:00Z,1,2,0.5,1.5,100 --time-unit-in=ticks
}

@test "milliseconds and microseconds in one stream are each its own" {
    file 1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0
    says "in.csv:1:1: no field for 'timestamp': no header names the 12 fields; use --layout=binance"
    file 1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0 1735689600000000,1,2,0.5,1.5,100,1735693199999999,1,1,1,1,0
    gives '2024-12-31T00:00:00Z,1,2,0.5,1.5,100
2025-01-01T00:00:00Z,1,2,0.5,1.5,100' --layout=binance
    capture umm-convert -v --layout=binance -o out.npy in.csv
    [[ $stderr == *'time: epoch in ms (1) or us (1) (by magnitude)'* ]] || fail "$stderr"
    file 1.704153600000000000e+09,1.0e+00,2e0,5e-1,1.5e0,1e2
    gives 2024-01-02T00:00:00Z,1,2,0.5,1.5,100 --names=$BARS
}

@test "a first row that no header could be is a row" {
    file 31-Dec-10,-,-,-,-,- 30-Dec-10,1,2,0.5,1.5,100 29-Dec-10,1,2,0.5,1.5,100
    gives '2010-12-29T00:00:00Z,1,2,0.5,1.5,100
2010-12-30T00:00:00Z,1,2,0.5,1.5,100
2010-12-31T00:00:00Z,NaN,NaN,NaN,NaN,NaN' --names=$BARS --time-format=%d-%b-%y --order=asc
    file 'EURUSD 2024.01.02,$1,$2,$0.5,$1.5,100K' 2024.01.03,1,2,0.5,1.5,100
    capture umm-convert --names=$BARS --bad-rows=quarantine:bad.csv -o out.npy in.csv
    [[ $status -eq 3 && $(tail -n 1 bad.csv) == 'EURUSD 2024.01.02,$1,$2,$0.5,$1.5,100K' ]] || fail "$stderr"
}

@test "times of day without leading zeros" {
    file date,time,open,high,low,close,volume 20171214,10000,1,2,0.5,1.5,100 20171214,20000,1,2,0.5,1.5,100
    says 'in.csv:2:1: timestamp has fewer digits than its form needs: "20171214 10000"; a dash, as in %-H%M%S, reads digits without their leading zeros' \
        '--time-format=%Y%m%d %H%M%S'
    gives '2017-12-14T01:00:00Z,1,2,0.5,1.5,100
2017-12-14T02:00:00Z,1,2,0.5,1.5,100' '--time-format=%Y%m%d %-H%M%S'
    file date,time,open,high,low,close,volume 20230102,930,1,2,0.5,1.5,100 20230102,1000,1,2,0.5,1.5,100
    gives '2023-01-02T09:30:00Z,1,2,0.5,1.5,100
2023-01-02T10:00:00Z,1,2,0.5,1.5,100' '--time-format=%Y%m%d %-H%M'
}

@test "ids and times beside the time keep all their digits" {
    file ts_event,ts_recv,trade_id,price,size 1583020803145123457,1583020803307160123,9223372036854775807,8531.5,2
    says 'in.csv:2:21: ts_recv is an integer that f8 cannot hold exactly: "1583020803307160123"; use the type :i8, or :M8 for a time' \
        --time-unit=ns --columns=timestamp=ts_event,ts_recv,trade_id
    ok umm-convert --time-unit=ns --columns=timestamp=ts_event,ts_recv:M8,trade_id:i8,price -o out.npy in.csv
    "$PY" -c 'import numpy as np
assert [int(x) for x in np.load("out.npy").view("<i8").reshape(-1)[:3]] == [
    1583020803145123457, 1583020803307160123, 9223372036854775807]'
}

@test "a download that was cut in its last number waits for the next run" {
    printf '%s\n1704153600,1,2,0.5,1.5,100\n1704153660,1,2,0.5,1.5,12' $BARS >in.csv
    gives 2024-01-02T00:00:00Z,1,2,0.5,1.5,100 --whole-lines
}

@test "a fraction of the second on some rows" {
    file datetime,last,volume '20190101 15:03:01,100,1' '20190101 15:03:01.500,100.5,2'
    gives '2019-01-01T15:03:01Z,100,1
2019-01-01T15:03:01.500Z,100.5,2' --columns=timestamp=datetime,last,volume
}

@test "names of a zone, and the hour that occurs twice" {
    file $BARS '2021-07-05 09:30:00 EDT,1,2,0.5,1.5,100' '2021-12-06 09:30:00 EST,1,2,0.5,1.5,100'
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'%Z'*'--tz'* ]] || fail "$stderr"
    gives '2021-07-05T13:30:00Z,1,2,0.5,1.5,100
2021-12-06T14:30:00Z,1,2,0.5,1.5,100' '--time-format=%Y-%m-%d %H:%M:%S %Z' --tz=America/New_York
    file $BARS '2023-11-05 00:30:00,1,2,0.5,1.5,100' '2023-11-05 01:00:00,1,2,0.5,1.5,101' \
        '2023-11-05 01:30:00,1,2,0.5,1.5,102' '2023-11-05 01:00:00,1,2,0.5,1.5,103' '2023-11-05 01:30:00,1,2,0.5,1.5,104'
    says 'in.csv:5:1: 2023-11-05T01:00:00Z after 2023-11-05T01:30:00Z: out of order; use --tz and --tz-fold infer if clocks were set back there, else --order sort'
    capture umm-convert --tz=America/New_York -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'--tz-fold infer'* ]] || fail "$stderr"
    gives '2023-11-05T04:30:00Z,1,2,0.5,1.5,100
2023-11-05T05:00:00Z,1,2,0.5,1.5,101
2023-11-05T05:30:00Z,1,2,0.5,1.5,102
2023-11-05T06:00:00Z,1,2,0.5,1.5,103
2023-11-05T06:30:00Z,1,2,0.5,1.5,104' --tz=America/New_York --tz-fold=infer
}

@test "24:00 is the next day's 00:00, where that is asked for" {
    file date,time,open,high,low,close,volume 2024-01-02,23:59:00,1,2,0.5,1.5,100 2024-01-02,24:00:00,1,2,0.5,1.5,100
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'--hour-24 reads it so' ]] || fail "$stderr"
    gives '2024-01-02T23:59:00Z,1,2,0.5,1.5,100
2024-01-03T00:00:00Z,1,2,0.5,1.5,100' --hour-24
}

@test "days of a spreadsheet, in a column with a name and without" {
    file $BARS 44197,1,2,0.5,1.5,100 44198,1,2,0.5,1.5,100
    local rows='2021-01-01T00:00:00Z,1,2,0.5,1.5,100
2021-01-02T00:00:00Z,1,2,0.5,1.5,100'
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'--time-unit-in=excel'* ]] || fail "$stderr"
    gives "$rows" --time-unit-in=excel
    sed -i 1s/timestamp// in.csv
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'--time-unit-in=excel'* ]] || fail "$stderr"
    gives "$rows" --time-unit-in=excel
}

@test "milliseconds since midnight, of a day that is given" {
    file 0,1,2,3,4,5 60000,1,2,3,4,5
    capture umm-convert --names=$BARS -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'--time-unit-in'* ]] || fail "$stderr"
    gives '2024-01-02T00:00:00Z,1,2,3,4,5
2024-01-02T00:01:00Z,1,2,3,4,5' --names=$BARS --date=2024-01-02 --time-unit-in=ms
}

@test "a word after the date is passed over" {
    file '<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>' '2019/7/31 星期三,21:05:00,2112,2117,2107,2109,61348' \
        '2019/8/1 星期四,09:05:00,2115,2115,2096,2102,159140'
    gives '2019-07-31T13:05:00Z,2112,2117,2107,2109,61348
2019-08-01T01:05:00Z,2115,2115,2096,2102,159140' '--time-format=%Y/%m/%d %* %H:%M:%S' --tz=Asia/Shanghai
}

@test "currency signs, groups, suffixes and percent signs, where they are asked for" {
    # As nasdaq.com writes them; newest first.
    file Date,Close/Last,Volume,Open,High,Low '12/13/2024,$191.38,18883220,$192.71,$194.34,$191.26' \
        '12/12/2024,$193.63,25197760,$196.30,$196.7053,$193.28'
    says 'in.csv:1:1: no field for '"'close'"' among "Date", "Close/Last", "Volume", "Open", "High", "Low"; use --layout=nasdaq'
    local rows='2024-12-12T00:00:00Z,196.3,196.7053,193.28,193.63,25197760
2024-12-13T00:00:00Z,192.71,194.34,191.26,191.38,18883220'
    gives "$rows" --layout=nasdaq
    gives "$rows" --columns=timestamp=date,open,high,low,close=close/last,volume --time-format=%m/%d/%Y \
        --numbers=currency --order=asc
    # Futures and currencies have no signs, and no volume where there is none.
    file Date,Close/Last,Volume,Open,High,Low 11/08/2024,5.7376,N/A,5.7376,5.7905,5.691
    gives 2024-11-08T00:00:00Z,5.7376,5.7905,5.691,5.7376,NaN --layout=nasdaq
    file Date,Close/Last,Open,High,Low 11/08/2024,5995.54,5976.76,6012.45,5976.76
    says 'in.csv:1:1: no field for '"'close'"' among "Date", "Close/Last", "Open", "High", "Low"; use --layout=nasdaq'
    gives 2024-11-08T00:00:00Z,5976.76,6012.45,5976.76,5995.54,NaN --layout=nasdaq
    # As investing.com writes them.
    file '"Date","Price","Open","High","Low","Vol.","Change %"' \
        '"06/14/2026","51,994.63","50,818.84","52,201.58","51,765.01","395.86M","2.31%"' \
        '"06/11/2026","50,818.84","51,256.65","51,215.58","50,686.22","308.96K","-0.85%"'
    says 'in.csv:1:1: no field for '"'close'"' among "Date", "Price", "Open", "High", "Low", "Vol.", "Change %"; use --layout=investing'
    rows='2026-06-11T00:00:00Z,51256.65,51215.58,50686.22,50818.84,308960
2026-06-14T00:00:00Z,50818.84,52201.58,51765.01,51994.63,395860000'
    gives "$rows" --layout=investing
    gives "$rows" --columns=timestamp=date,open,high,low,close=price,volume=vol. --time-format=%m/%d/%Y \
        --numbers=suffix --thousands=, --order=asc
    file '"Date","Price","Open","High","Low","Vol.","Change %"' '"Sep 21, 2020","1,050.00","1","2","0.5","","0.1%"'
    gives 2020-09-21T00:00:00Z,1,2,0.5,1050,NaN --layout=investing
    # Groups alone, after a byte order mark.
    printf '\xef\xbb\xbf%s\n' 'Date,Open,High,Low,Close,Volume' >in.csv
    echo '04/28/2024,"5,087.00","5,110.83","5,083.40","5,099.96","2,300,120,000"' >>in.csv
    gives 2024-04-28T00:00:00Z,5087,5110.83,5083.4,5099.96,2300120000 --time-format=%m/%d/%Y --thousands=,
}

@test "prices times 1e9: the decimal point is moved" {
    local header=ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol
    file $header 1654864200000000000,33,2,7370,265760000000,265760000001,261010000000,261060000000,3006,MSFT \
        1654864260000000000,33,2,7370,261120000000,262070000000,261000000000,261640000000,1616,MSFT
    local rows='2022-06-10T12:30:00Z,265.76,265.760000001,261.01,261.06,3006
2022-06-10T12:31:00Z,261.12,262.07,261,261.64,1616'
    says 'in.csv:2:31: prices without a decimal point could be scaled: "265760000000"; use --layout=databento-fixed or --layout=databento'
    gives "$rows" --layout=databento-fixed
    gives "$rows" '--columns=timestamp=ts_event,open=open*1e-9,high=high*1e-9,low=low*1e-9,close=close*1e-9,volume'
    # What is far too large for a price is not taken for one even where the other is asked for.
    says 'in.csv:2:31: prices without a decimal point could be scaled: "265760000000"; use --layout=databento-fixed' --layout=databento
    file $header 2021-09-07T00:00:00.000000000Z,33,1,1030,4539.25,4539.25,4538,4538,576,ESU1
    gives 2021-09-07T00:00:00Z,4539.25,4539.25,4538,4538,576
    file $header 2021-09-07T00:00:00.000000000Z,33,1,1030,4539,4539,4538,4538,576,ESU1
    says 'in.csv:2:42: prices without a decimal point could be scaled: "4539"; use --layout=databento-fixed or --layout=databento'
    gives 2021-09-07T00:00:00Z,4539,4539,4538,4538,576 --layout=databento
    file ${header%,symbol} 2021-09-07T00:00:00.000000000Z,33,1,1030,4539.25,4539.25,4538,4538,576
    gives 2021-09-07T00:00:00Z,4539.25,4539.25,4538,4538,576
}

@test "flags as 1 and 0, and a volume that there is none of" {
    file agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker \
        26129,0.01633102,4.70443515,27781,27781,1498793709153,true 26130,0.01633102,1.0,27782,27782,1498793709200,false
    gives '2017-06-30T03:35:09.153Z,0.01633102,1
2017-06-30T03:35:09.200Z,0.01633102,0' --time-unit=us --columns=t=transact_time:M8,price,is_buyer_maker --numbers=boolean
    file DATE,OPEN,HIGH,LOW,CLOSE 01/02/1990,17.24,17.25,17.23,17.24
    capture umm-convert --time-format=%m/%d/%Y -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'volume==nan if there is none' ]] || fail "$stderr"
    gives 1990-01-02T00:00:00Z,17.24,17.25,17.23,17.24,NaN --time-format=%m/%d/%Y \
        --columns=timestamp=date,open,high,low,close,volume==nan
}

@test "rows in no order are sorted, where that is asked for" {
    file $BARS 2024-01-31,1,2,0.5,1.5,3 2024-01-30,1,2,0.5,1.5,2 2024-02-01,1,2,0.5,1.5,4
    capture umm-convert -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'--order sort'* ]] || fail "$stderr"
    gives '2024-01-30T00:00:00Z,1,2,0.5,1.5,2
2024-01-31T00:00:00Z,1,2,0.5,1.5,3
2024-02-01T00:00:00Z,1,2,0.5,1.5,4' --order=sort
}

@test "a last line that is no row is passed over" {
    file Time,Open,High,Low,Last,Change,%Chg,Volume '2023-04-14 13:00,1,2,0.5,1.5,0.1,"+0.5%",100' \
        '2023-04-14 12:00,1,2,0.5,1.4,0.1,"+0.5%",90' '"Downloaded from Barchart.com as of 04-14-2023 02:22pm CDT"'
    local options=('--columns=timestamp=time,open,high,low,close=last,volume' --order=asc)
    says 'in.csv:4:60: 1 field, expected 8; --skip-footer N passes over the last lines, --bad-rows skip over all that is no row' "${options[@]}"
    gives '2023-04-14T12:00:00Z,1,2,0.5,1.4,90
2023-04-14T13:00:00Z,1,2,0.5,1.5,100' --skip-footer=1 "${options[@]}"
}
