#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# One array holds one series: whose rows a file has, and in which asset its volume is.

load helper

# rows N SYMBOL... prints N minutes, each with a bar of every SYMBOL.
rows() {
    local n=$1
    shift
    echo symbol,timestamp,open,high,low,close,volume
    awk -v n="$n" -v symbols="$*" 'BEGIN {
        k = split(symbols, s, " ")
        for (i = 0; i < n; i++)
            for (j = 1; j <= k; j++)
                printf "%s,%d,%d,%d,%d,%d,%d\n", s[j], 1577836800 + 60 * i, i + j, i + j + 1, i, i + j, 10 * j
    }'
}

LEAD='not one series; take one with --where COLUMN=VALUE or each with --by COLUMN, or say that it is one with --one-series'

@test "a column that says whose a row is has one value, whatever it is called" {
    local name
    for name in symbol Symbol '<TICKER>' tic Name 'Stock Code' instrument_id InstrumentID contract \
        ts_code ISIN raw_symbol publisher_id expiry 证券代码; do
        printf '%s,timestamp,open,high,low,close,volume\n"AA",1577836800,1,2,1,1,5\nAA ,1577836860,1,2,1,1,5\nAB,1577836920,1,2,1,1,5\n' \
            "$name" >in.csv
        local shown=${name//[<>]/}
        refuses 1 "umm-convert: in.csv:4:1: $shown is \"AB\" after \"AA\": $LEAD" umm-convert -o out.npy in.csv
        [[ ! -e out.npy ]]
        sed -i '$s/AB/AA/' in.csv
        ok umm-convert -o out.npy in.csv
        rm out.npy
    done
    # Numbers in columns that hold texts elsewhere are something else, and so are other names.
    for name in index id exchange trade_id count label; do
        printf '%s,timestamp,open,high,low,close,volume\n1,1577836800,1,2,1,1,5\n2,1577836860,1,2,1,1,5\n' "$name" >in.csv
        ok umm-convert -o out.npy in.csv
    done
    printf 'index,timestamp,open,high,low,close,volume\nDAX,1577836800,1,2,1,1,5\nNYA,1577836860,1,2,1,1,5\n' >in.csv
    refuses 1 "umm-convert: in.csv:3:1: index is \"NYA\" after \"DAX\": $LEAD" umm-convert -o out.npy in.csv
    # Of several the plainest is named.
    printf 'venue,instrument_id,timestamp,open,high,low,close,volume,symbol\nX,7,1577836800,1,2,1,1,5,A\nY,8,1577836860,1,2,1,1,5,B\n' >in.csv
    refuses 1 "umm-convert: in.csv:3:26: symbol is \"B\" after \"A\": $LEAD" umm-convert -o out.npy in.csv
    no_leftovers
}

@test "nothing papers over two series in one" {
    local option
    rows 3 SPY QQQ >in.csv
    for option in --dedup=first --dedup=last --order=keep --order=asc --bad-rows=skip --append --check-ohlc \
        --dry-run --columns=timestamp,close --threads=3; do
        refuses 1 "umm-convert: in.csv:3:1: symbol is \"QQQ\" after \"SPY\": $LEAD" umm-convert "$option" -o out.npy in.csv
    done
    refuses 1 "umm-convert: <stdin>:3:1: symbol is \"QQQ\" after \"SPY\": $LEAD" \
        bash -c 'umm-convert -o out.npy <in.csv'
    refuses 1 "umm-convert: in.csv:3:1: symbol is \"QQQ\" after \"SPY\": $LEAD" umm-convert --out-dir=. in.csv
    # Without a header, by the names that are given.
    tail -n +2 in.csv >headless.csv
    refuses 1 "umm-convert: headless.csv:2:1: ticker is \"QQQ\" after \"SPY\": $LEAD" \
        umm-convert --names=ticker,timestamp,open,high,low,close,volume -o out.npy headless.csv
    # Grouped rows are two series before they are out of order.
    (head -n 1 in.csv && grep SPY in.csv && grep QQQ in.csv) >grouped.csv
    refuses 1 "umm-convert: grouped.csv:5:1: symbol is \"QQQ\" after \"SPY\": $LEAD" umm-convert -o out.npy grouped.csv
    # The other tools that read text.
    refuses 1 "umm-archive: in.csv:3:1: symbol is \"QQQ\" after \"SPY\": ${LEAD/ or each with --by COLUMN}" umm-archive append out.npy.zst in.csv
    refuses 1 "umm-features: in.csv:3:1: symbol is \"QQQ\" after \"SPY\": $LEAD" umm-features -f sma:2 -o out.npy in.csv
    refuses 1 "umm-features: <stdin>:3:1: symbol is \"QQQ\" after \"SPY\": $LEAD" \
        bash -c 'umm-features -f sma:2 --follow <in.csv >lines'
    [[ ! -e out.npy && ! -e out.npy.zst ]]
    ok umm-features -f sma:2 --by symbol in.csv
    [[ $(grep -c QQQ <<<"$output") -eq 3 && $(grep -c SPY <<<"$output") -eq 3 ]]
    no_leftovers
}

@test "several files of one array have one series" {
    rows 3 SPY >a.csv
    rows 9 SPY | sed '2,4d' >b.csv
    rows 12 QQQ | sed '2,10d' >c.csv
    ok umm-convert -o out.npy a.csv b.csv
    refuses 1 "umm-convert: c.csv:2:1: symbol is \"QQQ\" after \"SPY\": $LEAD" umm-convert -o x.npy a.csv b.csv c.csv
    sed 1s/symbol/SYMBOL/ c.csv >d.csv
    refuses 1 "umm-convert: d.csv:2:1: SYMBOL is \"QQQ\" after \"SPY\": $LEAD" umm-convert -o x.npy a.csv d.csv
    # One calls it symbol, another ticker: it is the same column, unless both have both.
    sed 1s/symbol/ticker/ b.csv >t.csv
    ok umm-convert -o x.npy a.csv t.csv
    cmp x.npy out.npy
    sed 1s/symbol/ticker/ c.csv >d.csv
    refuses 1 "umm-convert: d.csv:2:1: ticker is \"QQQ\" after \"SPY\": $LEAD" umm-convert -o x.npy a.csv b.csv d.csv
    sed 's/$/,S/; 1s/S$/ticker/' a.csv >both.csv
    ok umm-convert -o x.npy both.csv b.csv
    ok umm-convert -o x.npy a.csv <(sed 's/$/,S/; 1s/S$/ticker/' b.csv)
    ok umm-convert -o x.npy --one-series a.csv c.csv
    refuses 1 "umm-archive: c.csv:2:1: symbol is \"QQQ\" after \"SPY\": ${LEAD/ or each with --by COLUMN}" \
        umm-archive append x.npy.zst a.csv b.csv c.csv
    [[ ! -e x.npy.zst ]]
    ok umm-archive append x.npy.zst a.csv b.csv
    refuses 1 "umm-archive: c.csv:2:1: symbol is \"QQQ\" after \"SPY\": ${LEAD/ or each with --by COLUMN}" umm-archive append x.npy.zst b.csv c.csv
    zstd -dcq x.npy.zst | cmp - out.npy
    # An array has no symbol: each delivery is looked at alone.
    ok umm-convert --append -o out.npy c.csv
    refuses 1 "umm-convert: c.csv:2:1: symbol is \"QQQ\" after \"SPY\": $LEAD" umm-convert --append -o out.npy a.csv c.csv
}

@test "files and members whose names tell two symbols are not one series" {
    local tells='its name tells the symbol "ETHUSDT", and the name of a file before it "BTCUSDT": not one series'
    local lead="$tells; --out-root DIR writes an array for each (--name-pattern says how names are read), --one-series says that they are one"
    local btc=BTCUSDT-1m-2020-01.csv eth=ETHUSDT-1m-2020-02.csv
    umm-synth --rows=5 -o $btc
    umm-synth --rows=5 --start=2020-02-01 --seed=2 -o $eth
    zip -q two.zip $btc $eth
    tar cf two.tar $btc $eth
    refuses 1 "umm-convert: $eth: $lead" umm-convert -o x.npy $btc $eth
    refuses 1 "umm-convert: two.zip($eth): $lead" umm-convert --order=sort --dedup=first -o x.npy two.zip
    refuses 1 "umm-convert: two.tar($eth): $lead" umm-convert --append -o x.npy two.tar
    refuses 1 "umm-archive: two.zip($eth): $tells; --members takes some of an archive, --one-series says that they are one" \
        umm-archive append x.npy.zst two.zip
    refuses 1 "umm-archive: $eth: $tells; --members takes some of an archive, --one-series says that they are one" \
        umm-archive append x.npy.zst $btc $eth
    [[ ! -e x.npy && ! -e x.npy.zst ]]
    # A member's name that tells nothing leaves it to the archive's.
    cp $btc in.csv
    zip -q BTCUSDT-1m.zip in.csv
    refuses 1 "umm-convert: $eth: $lead" umm-convert -o x.npy BTCUSDT-1m.zip $eth

    # The ways out, and each of them alone.
    ok umm-convert --out-root=root two.zip
    ok umm-convert -o btc.npy $btc
    ok umm-convert -o eth.npy $eth
    cmp root/BTCUSDT/1m.npy btc.npy
    cmp root/ETHUSDT/1m.npy eth.npy
    ok umm-convert --members='ETH*' -o x.npy two.zip
    cmp x.npy eth.npy
    ok umm-convert --one-series -o one.npy two.zip
    cat $btc <(tail -n +2 $eth) >both.csv
    ok umm-convert -o x.npy both.csv
    cmp x.npy one.npy
    ok umm-convert --out-root=root --symbols=X --timeframes=1m two.zip
    cmp root/X/1m.npy one.npy
    # Another month, a word, or no symbol at all.
    cp $btc first-1m.csv
    cp $eth second-1m.csv
    ok umm-convert -o x.npy first-1m.csv second-1m.csv
    cmp x.npy one.npy
    cp $eth BTCUSDT-1m-2020-02.csv
    ok umm-convert -o x.npy $btc BTCUSDT-1m-2020-02.csv
    cmp x.npy one.npy
    ok bash -c "umm-convert -o x.npy $btc - <$eth"
    cmp x.npy one.npy
}

@test "--where takes one of several, and any rows by a column" {
    rows 500 SPY QQQ DIA >in.csv
    rows 500 SPY QQQ DIA | sed '2,$s/^[A-Z]*/"&"/' >quoted.csv
    rows 500 QQQ | awk -F, -v OFS=, 'NR > 1 { $3++; $4++; $6++; $7 = 20 } 1' >one.csv
    ok umm-convert -o one.npy one.csv
    ok umm-convert --where=symbol=QQQ -o out.npy in.csv
    cmp one.npy out.npy
    ok umm-convert --where='1= QQQ' -o out.npy quoted.csv
    cmp one.npy out.npy
    ok bash -c 'umm-convert --where=volume=20 --one-series -o out.npy <in.csv'
    cmp one.npy out.npy
    capture umm-convert -v --where symbol=QQQ --where volume=20 -o out.npy in.csv
    [[ $stderr == *'in.csv: 500 rows;'*', header (by text), 1000 rows passed over by the filter;'* ]] || fail "$stderr"
    ok umm-convert --json --where symbol=QQQ -o out.npy in.csv
    [[ $output == *'"passed_over": 1000'* ]]
    ok umm-features --where symbol=QQQ -f sma:2 -o f.npy in.csv
    ok umm-features -f sma:2 -o g.npy one.csv
    cmp f.npy g.npy
    ok umm-archive append --where symbol=QQQ a.npy.zst in.csv
    zstd -dcq a.npy.zst | cmp - one.npy
    # An array does not say whose its rows are.
    local input
    for input in one.npy a.npy.zst; do
        refuses 1 "umm-features: $input: is no text: rows that have symbol=QQQ cannot be picked out of it" \
            umm-features --where symbol=QQQ -f sma:2 -o h.npy "$input"
    done
    refuses 1 "umm-archive: <stdin>: is no text: rows that have volume=20 cannot be picked out of it" \
        umm-archive append --where volume=20 b.npy.zst - <one.npy
    # Rows that are not taken need not be readable, nor in order.
    (cat in.csv && echo SPY,x,y,z && echo DIA,x,1,2,1,1,30 && echo DIA,0,1,2,1,1,30) >odd.csv
    capture umm-convert --bad-rows=skip --where symbol=QQQ -o out.npy odd.csv
    [[ $status -eq 3 ]]
    cmp one.npy out.npy
    sed -i '/z$/d' odd.csv
    ok umm-convert --where symbol=QQQ -o out.npy odd.csv
    cmp one.npy out.npy
    # The others of the columns still have one value.
    sed 's/$/,X/; 1s/X$/venue/; 30s/X$/Y/' in.csv >venues.csv
    capture umm-convert --where symbol=QQQ -o x.npy venues.csv
    [[ $stderr == *': venue is "'*'": not one series;'* ]] || fail "$stderr"
    ok umm-convert --where symbol=QQQ --one-series=venue -o out.npy venues.csv
    cmp one.npy out.npy
    # Of several files, some have none: a day without a trade.
    rows 9 SPY >other.csv
    ok umm-convert --where symbol=QQQ -o out.npy other.csv in.csv other.csv
    cmp one.npy out.npy
    refuses 1 'umm-convert: no row has "XXX" for symbol' umm-convert --where symbol=XXX -o x.npy in.csv other.csv
    head -n 1 in.csv >empty.csv
    refuses 1 'umm-convert: empty.csv: no rows after the header' umm-convert --where symbol=QQQ -o x.npy in.csv empty.csv
    refuses 1 'umm-convert: <stdin>: no row has "XXX" for symbol' \
        bash -c 'umm-convert --append --where symbol=XXX -o x.npy <in.csv'
    # None at all.
    refuses 1 'umm-convert: in.csv: no row has "XXX" for symbol' umm-convert --where symbol=XXX -o x.npy in.csv
    refuses 1 'umm-convert: in.csv:1:1: no field for '"'sym'"' among "symbol", "timestamp", "open", "high", "low", "close", "volume"; use --columns, --names, --layout or --skip-lines' \
        umm-convert --where sym=QQQ -o x.npy in.csv
    capture umm-convert --where symbol -o x.npy in.csv
    [[ $status -eq 2 && $stderr == 'umm-convert: --where takes COLUMN=VALUE, not "symbol"'* ]]
    [[ ! -e x.npy ]]
}

@test "names that vendors have for an instrument" {
    local name
    for name in SecuritiesCode Symbols SYM_ROOT order_book_id wind_code 證券代號 종목코드 Тикер; do
        printf '%s\n' "date,$name,open,high,low,close,volume" 2024-01-02,1301,1,2,0.5,1.5,3 \
            2024-01-02,1332,5,6,4.5,5.5,3 >names.csv
        refuses 1 "umm-convert: names.csv:3:12: $name is \"1332\" after \"1301\": $LEAD" \
            umm-convert -o x.npy names.csv
        ok umm-convert --where "$name=1332" -o x.npy names.csv
    done
    [ "$(umm-mmap-slice x.npy --columns=close --format=csv)" = $'close\n5.5' ]
    # Each trade of one series has another number.
    sed 1s/Тикер/unique_id/ names.csv >numbers.csv
    ok umm-convert -o x.npy numbers.csv
    # What pandas makes of an index without a name, or stacked; the date there is none.
    for name in '' level_1 'Unnamed: 0'; do
        printf '%s\n' "$name,date,open,high,low,close,volume" SPY,2024-01-02,1,2,0.5,1.5,3 \
            QQQ,2024-01-02,5,6,4.5,5.5,3 >index.csv
        refuses 1 "umm-convert: index.csv:3:1: ${name:-field 1} is \"QQQ\" after \"SPY\": $LEAD" \
            umm-convert -o x.npy index.csv
        ok umm-convert --where=1=SPY -o x.npy index.csv
        sed -i 's/SPY/2024-01-02/; s/QQQ/2024-01-03/' index.csv
        ok umm-convert -o x.npy index.csv
        sed -i 's/^2024-01-0//' index.csv
        ok umm-convert -o x.npy index.csv
        printf '%s\n' "$name,open,high,low,close,volume," 2024-01-02,1,2,0.5,1.5,3, 2024-01-03,5,6,4.5,5.5,3, >index.csv
        ok umm-convert --columns=timestamp=1,open,high,low,close,volume -o x.npy index.csv
    done
    # The time is none, whatever it is called: pandas calls an index of times so.
    for name in index id symbol; do
        printf '%s\n' "$name,open,high,low,close,volume" 2024-01-02,1,2,0.5,1.5,3 2024-01-03,5,6,4.5,5.5,3 >index.csv
        ok umm-convert --columns="timestamp=$name,open,high,low,close,volume" -o x.npy index.csv
    done
    printf '%s\n' id,index,close 2024-01-02,09:30,1 2024-01-03,10:30,2 >index.csv
    ok umm-convert --columns=timestamp=id+index,close -o x.npy index.csv
}

@test "--one-series: what several values stand for after all" {
    rows 4 ESU1 | sed '4,$s/^ESU1/ESZ1/' >in.csv
    rows 4 ESU1 >one.csv
    ok umm-convert -o one.npy one.csv
    ok umm-convert --one-series -o out.npy in.csv
    cmp one.npy out.npy
    ok umm-convert --one-series=symbol -o out.npy in.csv
    cmp one.npy out.npy
    refuses 1 "umm-convert: in.csv:4:1: symbol is \"ESZ1\" after \"ESU1\": $LEAD" umm-convert --one-series=close -o out.npy in.csv
}

@test "rows that are bad have no say in whose rows they are" {
    (rows 1 SPY && echo QQQ,1577836860,x,1,1,1,1 && echo QQQ,1577836860,1 && echo QQQ,1577836860,1,0,1,1,1 && rows 9 SPY | tail -n 7) >in.csv
    capture umm-convert --bad-rows=skip --check-ohlc -o out.npy in.csv
    [[ $status -eq 3 && -z $stderr ]] || fail "$stderr"
    (head -n 1 in.csv && sed -n '3,5p' in.csv && rows 9 SPY | tail -n 7) >first.csv
    capture umm-convert --bad-rows=skip --check-ohlc -o out.npy first.csv
    [[ $status -eq 3 && -z $stderr ]] || fail "$stderr"
}

@test "the first other symbol is found by every engine, on any thread, in blocks of any size" {
    rows 40000 SPY >whole.csv
    ok umm-convert -o whole.npy whole.csv
    local at
    for at in 3 17 12345 40001; do
        sed "${at}s/^SPY/\"SPY\"/; $((at - 1))s/^SPY/ SPY/" whole.csv >in.csv
        ok umm-convert --threads=2 -o out.npy in.csv
        cmp whole.npy out.npy
        sed "${at}s/^SPY/SPY\"\"/; ${at}s/^SPY\"\"/\"SPY\"\"\"/" whole.csv >in.csv
        refuses 1 "umm-convert: in.csv:$at:1: symbol is \"SPY\\\"\" after \"SPY\": $LEAD" umm-convert --threads=2 -o x.npy in.csv
        sed "${at}s/^SPY/SPX/" whole.csv >in.csv
        for threads in 1 2; do
            refuses 1 "umm-convert: in.csv:$at:1: symbol is \"SPX\" after \"SPY\": $LEAD" umm-convert --threads="$threads" -o x.npy in.csv
        done
        refuses 1 "umm-convert: <stdin>:$at:1: symbol is \"SPX\" after \"SPY\": $LEAD" bash -c 'cat in.csv | umm-convert -o x.npy'
    done
    # A symbol that is written as another one's value is.
    sed '2,$s/^SPY/"S""""Y"/; 9000s/""""/""/' whole.csv >in.csv
    refuses 1 "umm-convert: in.csv:9000:1: symbol is \"S\\\"Y\" after \"S\\\"\\\"Y\": $LEAD" umm-convert -o x.npy in.csv
}

@test "--tail looks at the rows that it reads, and finds a filter's" {
    rows 20000 SPY QQQ >in.csv
    rows 20000 SPY QQQ | grep -v QQQ >spy.csv
    rows 19000 SPY QQQ >old.csv
    ok umm-convert --where symbol=SPY -o out.npy old.csv
    cp out.npy before.npy
    ok umm-convert -o want.npy spy.csv
    ok umm-convert --append --tail --where symbol=SPY -o out.npy in.csv
    cmp want.npy out.npy
    # All of one symbol, then all of the other.
    local first
    for first in QQQ SPY; do
        (head -n 1 in.csv && grep $first in.csv && tail -n +2 in.csv | grep -v $first) >grouped.csv
        cp before.npy out.npy
        ok umm-convert --append --tail --where symbol=SPY -o out.npy grouped.csv
        cmp want.npy out.npy
    done
    cp before.npy out.npy
    sed '$s/^SPY/SPX/' spy.csv >last.csv
    refuses 1 "umm-convert: last.csv:20001:1: symbol is \"SPX\" after \"SPY\": $LEAD" umm-convert --append --tail -o out.npy last.csv
    cmp before.npy out.npy
}

@test "cryptodatadownload: the volume in the symbol's base asset, wherever it stands" {
    cdd() {
        printf '%s\n' 'https://www.CryptoDataDownload.com' "unix,date,symbol,open,high,low,close,$2" \
            "1725062400000,2024-08-31 00:00:00,$1,1,2,1,1,$3" >in.csv
    }
    taken() {
        ok umm-convert -o out.npy in.csv
        ok umm-mmap-slice out.npy --columns=volume --format=csv --no-header
        [[ $output == "$1" ]] || fail "$output, not $1"
    }
    untold() {
        capture umm-convert -o x.npy in.csv
        [[ $status -eq 1 && ! -e x.npy && $stderr == "umm-convert: in.csv:2:1: which volume is in the base asset of symbol \"$1\" cannot be told from"*'; name the volume: volume=FIELD in --columns' ]] || fail "$stderr"
    }
    cdd BTC/USD 'Volume USD,Volume BTC' 48067339.5,812.25 && taken 812.25
    cdd BTC/USD 'Volume BTC,Volume USD' 812.25,48067339.5 && taken 812.25
    cdd BTCUSDT 'Volume USDT,Volume BTC,tradecount' 48067339.5,812.25,9 && taken 812.25
    cdd ETHBTC 'Volume BTC,Volume ETH' 11,12 && taken 12
    cdd USDTUSD 'Volume USD,Volume USDT' 11,12 && taken 12
    cdd eth-usd 'volume_usd,volume_eth' 11,12 && taken 12
    cdd BTCUSD 'Volume' 11 && taken 11
    cdd ETH/USD 'Volume USD,Volume BTC' 11,12 && untold ETH/USD
    cdd BTCUSD 'Volume USD' 11 && untold BTCUSD
    cdd BTCUSD 'volume_usd,volume' 11,12 && untold BTCUSD
    cdd '' 'Volume USD,Volume BTC' 11,12 && untold ''
    ok umm-convert --columns 'timestamp=unix,open,high,low,close,volume="Volume USD"' -o out.npy in.csv
    # Of several symbols the filter's.
    cdd BTC/ETH 'Volume BTC,Volume ETH' 11,12
    echo '1725148800000,2024-09-01 00:00:00,ETH/BTC,1,2,1,1,11,12' >>in.csv
    local column
    for column in symbol 3 '"symbol"'; do
        ok umm-convert --where "$column=ETH/BTC" -o out.npy in.csv
        ok umm-mmap-slice out.npy --columns=volume --format=csv --no-header
        [[ $output == 12 ]] || fail "$column: $output"
    done
    # A first row that is not taken says nothing about the others; one that is taken does.
    capture umm-convert --where unix=1725148800000 -o x.npy in.csv
    [[ $status -eq 1 && ! -e x.npy && $stderr == *'of symbol "" cannot be told from'* ]] || fail "$stderr"
    ok umm-convert --where unix=1725062400000 -o out.npy in.csv
    ok umm-mmap-slice out.npy --columns=volume --format=csv --no-header
    [[ $output == 11 ]]
}

@test "a file without names has one symbol, too" {
    local columns=timestamp=2,open=3,high=4,low=5,close=6,volume=7
    printf '%s\n' AAPL,20240102,1,2,0.5,1.5,100 MSFT,20240102,1,2,0.5,1.5,100 >in.csv
    refuses 1 'umm-convert: in.csv:2:1: field 1 is "MSFT" after "AAPL": not one series; take one with --where COLUMN=VALUE or each with --by COLUMN, or say that it is one with --one-series' \
        umm-convert --columns $columns --dedup=first -o x.npy in.csv
    ok umm-convert --columns $columns --where 1=MSFT -o out.npy in.csv
    printf '%s\n' AAPL,20240102,1,2,0.5,1.5,100 AAPL,20240103,1,2,0.5,1.5,100 >in.csv
    ok umm-convert --columns $columns -o out.npy in.csv
    # Numbers, times and flags change from row to row; so does what is read, whatever it holds.
    printf '%s\n' True,31-Jan-24,-,sell,,2024-01-31T00:00 FALSE,1-Feb-24,1.5,Buy,7,2024-02-01T00:00 >in.csv
    ok umm-convert --columns timestamp=2,price=3 --time-format %d-%b-%y --na=- -o out.npy in.csv
    printf '%s\n' 1,1704153600,T 2,1704153660,F >in.csv
    capture umm-convert --columns timestamp=2,price=1 -o x.npy in.csv
    [[ $status -eq 1 && $stderr == *'field 3 is "F" after "T": not one series'* ]]
}
