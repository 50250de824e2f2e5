#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-convert --out-root: folders of files as vendors deliver them.

load helper

TRY="Try 'umm-convert --help'."
HEADER=timestamp,open,high,low,close,volume

# bars FILE FIRST N [OPEN] [HEADER]: N minutes from minute FIRST of 2024 on; row k opens at OPEN + k.
bars() {
    local file=$1 first=$2 n=$3 open=${4:-100} header=${5-$HEADER} i t
    {
        [[ -z $header ]] || echo "$header"
        for ((i = first; i < first + n; i++)); do
            t=$((1704067200000 + i * 60000))
            echo "$t,$((open + i)),$((open + i + 2)),$((open + i - 1)),$((open + i + 1)),$i"
        done
    } >"$file"
}

# Upside down, the header excepted.
newest_first() {
    { head -n 1 "$1" && tail -n +2 "$1" | tac; } >"$1.tac" && mv "$1.tac" "$1"
}

tree() {
    (cd "$1" && find . -type f -printf '%P\n' | sort | tr '\n' ' ')
}

# same_tree A B: both have the same files with the same bytes.
same_tree() {
    diff -r "$1" "$2"
}

# is_series FILE FIRST N: its rows are those of bars.
is_series() {
    $PY -c '
import sys, numpy as np
a, first, n = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
k = np.arange(first, first + n, dtype="f8")
want = np.stack([1704067200000 + k * 60000, 100 + k, 102 + k, 99 + k, 101 + k, k], axis=1)
assert a.shape == want.shape and (a == want).all(), (a.shape, a[:3])' "$@"
}

@test "a year of three symbols, in any order and number of threads, is three arrays" {
    $PY -c '
import calendar, datetime, os, random, numpy as np
random.seed(1)
os.mkdir("dl")
os.mkdir("want")
header = ("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
          "taker_buy_quote_volume,ignore")
for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
    rows = []
    for month in range(12):
        year, m = 2024 + (month + 6) // 12, (month + 6) % 12 + 1
        begin = int(datetime.datetime(year, m, 1, tzinfo=datetime.timezone.utc).timestamp())
        unit = 1000 if year == 2024 else 1000000  # as Binance has it
        with open("dl/%s-4h-%d-%02d.csv" % (symbol, year, m), "w") as f:
            if random.random() < 0.5:
                f.write(header + "\n")
            for k in range(6 * calendar.monthrange(year, m)[1]):
                t, price = begin + 14400 * k, random.randint(100, 99999)
                cells = [price / 100, (price + 7) / 100, (price - 9) / 100, (price + 1) / 100,
                         random.randint(0, 10**6) / 1000]
                rows.append([t * 1000.0] + cells)
                f.write("%d,%s,%d,%s,%d,0,0,0\n" % (t * unit, ",".join(map(str, cells)),
                                                    (t + 14400) * unit - 1, 0, k))
    np.save("want/%s.npy" % symbol, np.array(rows))'
    zstd -q --rm dl/ETHUSDT-4h-2024-0*.csv
    for seed in 1 2 3; do
        shuf -e dl/* --random-source=<(yes $seed) >shuffled
        mapfile -t files <shuffled
        ok umm-convert --layout binance --threads "$seed" --out-root "root$seed" "${files[@]}"
        [ -z "$output" ]
        [ "$(tree "root$seed")" = "BTCUSDT/4h.npy ETHUSDT/4h.npy SOLUSDT/4h.npy " ]
        same_tree root1 "root$seed"
    done
    $PY -c '
import numpy as np
for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
    a, b = np.load("root1/%s/4h.npy" % symbol), np.load("want/%s.npy" % symbol)
    assert a.shape == b.shape and (a == b).all(), symbol'
    no_leftovers
}

@test "Binance's rows without a header are known by names and rows together" {
    mkdir dl
    row() {
        echo "$((1704067200000 + $1 * 60000)),10,12,9,11,$1,$((1704067259999 + $1 * 60000)),1,2,3,4,0"
    }
    row 0 >dl/BTCUSDT-1m-2024-01.csv
    { echo 'open_time,open,high,low,close,volume'; row 1 | cut -d, -f1-6; } >dl/BTCUSDT-1m-2024-02.csv
    row 2 >dl/BTCUSDT-1m-2024-03.csv
    ok umm-convert --out-root root dl/*
    ok umm-mmap-slice --format csv root/BTCUSDT/1m.npy
    [ "$output" = 'timestamp,open,high,low,close,volume
1704067200000,10,12,9,11,0
1704067260000,10,12,9,11,1
1704067320000,10,12,9,11,2' ] || fail "$output"
    # One of the two does not do.
    mkdir other
    row 0 >other/BTCUSDT_1m.csv
    refuses 1 "umm-convert: other/BTCUSDT_1m.csv:1:1: no field for 'timestamp': no header names the 12 fields; use --layout=binance" \
        umm-convert --out-root root2 other/*
    row 0 | cut -d, -f1-11 >dl/ETHUSDT-1m-2024-01.csv
    capture umm-convert --out-root root2 dl/ETHUSDT*
    [[ $status == 1 && $stderr == *'no header names the 11 fields'* ]] || fail "$stderr"
    row 0 >dl/BTCUSDT-1m-2024-01.csv
    capture umm-convert -o x.npy dl/BTCUSDT-1m-2024-01.csv
    [[ $status == 1 && $stderr == *'use --layout=binance'* ]] || fail "$stderr"
}

@test "the order is that of the first rows, not of names" {
    bars b-1m-a.csv 0 3
    bars b-1m-c.csv 6 2
    bars a-1m.csv 0 1
    mkdir later
    bars later/b-1m-b.csv 3 3
    capture umm-convert -v --out-root root b-1m-c.csv later/b-1m-b.csv a-1m.csv b-1m-a.csv
    [ "$status" -eq 0 ]
    is_series root/b/1m.npy 0 8
    [ "$stderr" = "root/a/1m.npy: 1 file, 1 row, 2024-01-01T00:00:00Z to 2024-01-01T00:00:00Z, 0 gaps
root/b/1m.npy: 3 files, 8 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:07:00Z, 0 gaps" ]
    bars z-1m-1.csv 9 2
    bars z-1m-2.csv 0 4
    bars z-1m-3.csv 4 1
    ok umm-convert --out-root root z-1m-1.csv z-1m-2.csv z-1m-3.csv
    $PY -c '
import numpy as np
assert (np.load("root/z/1m.npy")[:, 5] == [0, 1, 2, 3, 4, 9, 10]).all()'
}

@test "what was delivered before is the same, or names both files" {
    bars X-1m-1.csv 0 5
    bars X-1m-2.csv 3 4
    bars Y-1m-1.csv 0 5
    bars Y-1m-2.csv 4 3
    capture umm-convert -v --out-root root Y-1m-2.csv X-1m-2.csv X-1m-1.csv Y-1m-1.csv
    [ "$status" -eq 0 ]
    [ "$stderr" = "root/X/1m.npy: 2 files, 9 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:06:00Z, 0 gaps; 7 written, 2 the same, 0 revised, 7 in the array
root/Y/1m.npy: 2 files, 8 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:06:00Z, 0 gaps; 7 written, 1 the same, 0 revised, 7 in the array" ]
    is_series root/X/1m.npy 0 7
    is_series root/Y/1m.npy 0 7
    sed -i 's/,103,/,107,/' X-1m-2.csv
    refuses 1 "umm-convert: X-1m-2.csv:2: the row of 2024-01-01T00:03:00Z differs from that of X-1m-1.csv in open; see --on-revision" \
        umm-convert --out-root other Y-1m-2.csv X-1m-2.csv X-1m-1.csv Y-1m-1.csv
    [ "$(tree other)" = "Y/1m.npy " ]
    is_series other/Y/1m.npy 0 7
    no_leftovers other
}

@test "files whose rows lie between each other's are refused" {
    bars all.csv 0 6
    { head -n 1 all.csv && sed -n '2p;4p;6p' all.csv; } >X-1m-even.csv
    { head -n 1 all.csv && sed -n '3p;5p;7p' all.csv; } >X-1m-odd.csv
    refuses 1 "umm-convert: X-1m-odd.csv:2: the row of 2024-01-01T00:01:00Z is not newer than X-1m-even.csv and not in it; see --on-revision" \
        umm-convert --out-root root X-1m-odd.csv X-1m-even.csv
    [ -z "$(tree root)" ]
    bars X-1m-late.csv 9 2
    refuses 1 "umm-convert: X-1m-odd.csv:2: the row of 2024-01-01T00:01:00Z is not newer than X-1m-even.csv and not in it; see --on-revision" \
        umm-convert --out-root root X-1m-late.csv X-1m-odd.csv X-1m-even.csv
}

@test "--on-revision says what becomes of rows that differ" {
    bars X-1m-1.csv 0 4
    bars X-1m-2.csv 3 3 1000
    ok umm-convert --on-revision keep --out-root kept X-1m-1.csv X-1m-2.csv
    ok umm-convert --on-revision replace-last --out-root replaced X-1m-2.csv X-1m-1.csv
    $PY -c '
import numpy as np
assert (np.load("kept/X/1m.npy")[:, 1] == [100, 101, 102, 103, 1004, 1005]).all()
assert (np.load("replaced/X/1m.npy")[:, 1] == [100, 101, 102, 1003, 1004, 1005]).all()'
    bars X-1m-3.csv 2 2 500
    refuses 1 "umm-convert: X-1m-3.csv:2: the row of 2024-01-01T00:02:00Z differs from that of X-1m-1.csv in open; see --on-revision" \
        umm-convert --on-revision replace-last --out-root root X-1m-1.csv X-1m-3.csv
    # The last row of an array is replaced, and then that of a file, and what is replaced again.
    bars X-1m-1.csv 0 4
    ok umm-convert --out-root root X-1m-1.csv
    bars X-1m-4.csv 3 1 2000
    bars X-1m-5.csv 3 1 3000
    bars X-1m-6.csv 3 3 3000
    bars X-1m-7.csv 5 1 4000
    ok umm-convert --append --on-revision replace-last --out-root root X-1m-7.csv X-1m-6.csv \
        X-1m-5.csv X-1m-4.csv
    $PY -c '
import numpy as np
a = np.load("root/X/1m.npy")
assert (a[:, 1] == [100, 101, 102, 3003, 3004, 4005]).all(), a'
    # Files that were replaced come again every night: what remains of all of them is the same.
    cp root/X/1m.npy before.npy
    capture umm-convert -v --append --on-revision replace-last --out-root root X-1m-[14567].csv
    [ "$status" -eq 0 ]
    [[ $stderr == *"; 0 appended, 7 the same, 3 revised, 6 in the array, unchanged" ]]
    cmp before.npy root/X/1m.npy
    # What replaced the array's last row is what the next file is compared with.
    bars Y-1m-1.csv 0 4
    ok umm-convert --out-root root Y-1m-1.csv
    bars Y-1m-2.csv 3 2 1000
    bars Y-1m-3.csv 3 3 1000
    ok umm-convert --append --on-revision replace-last --out-root root Y-1m-2.csv Y-1m-3.csv
    $PY -c '
import numpy as np
assert (np.load("root/Y/1m.npy")[:, 1] == [100, 101, 102, 1003, 1004, 1005]).all()'
    # Only the last row of a file is replaced, and not one before it.
    bars X-1m-1.csv 0 4
    bars X-1m-8.csv 2 3 500
    refuses 1 "umm-convert: X-1m-8.csv:2: the row of 2024-01-01T00:02:00Z differs from that of X-1m-1.csv in open; see --on-revision" \
        umm-convert --on-revision replace-last --out-root other X-1m-1.csv X-1m-8.csv
    { head -n 1 X-1m-1.csv && sed -n '2p;5p' X-1m-1.csv; } >X-1m-9.csv
    bars X-1m-10.csv 1 1
    refuses 1 "umm-convert: X-1m-10.csv:2: the row of 2024-01-01T00:01:00Z is not newer than X-1m-9.csv and not in it; see --on-revision" \
        umm-convert --on-revision replace-last --out-root other X-1m-9.csv X-1m-10.csv
    no_leftovers root
}

@test "newest-first files are turned round one by one" {
    local i
    for i in 0 1 2 3 4; do
        bars "X-1m-$((9 - i)).csv" $((i * 700)) 700
        bars "Y-1m-$((9 - i)).csv" $((i * 700)) $((700 + 5 * (i < 4)))
        newest_first "Y-1m-$((9 - i)).csv"
    done
    newest_first X-1m-8.csv
    newest_first X-1m-5.csv
    capture umm-convert -v --order asc --out-root root X-1m-?.csv Y-1m-?.csv
    [ "$status" -eq 0 ]
    [ "$stderr" = "root/X/1m.npy: 5 files, 3500 rows, 2024-01-01T00:00:00Z to 2024-01-03T10:19:00Z, 0 gaps
root/Y/1m.npy: 5 files, 3520 rows, 2024-01-01T00:00:00Z to 2024-01-03T10:19:00Z, 0 gaps; 3500 written, 20 the same, 0 revised, 3500 in the array" ]
    is_series root/X/1m.npy 0 3500
    is_series root/Y/1m.npy 0 3500
    bars Y-1m-1.csv 3000 900
    newest_first Y-1m-1.csv
    bars Y-1m-2.csv 3900 10
    ok umm-convert --append --order asc --out-root root Y-1m-2.csv Y-1m-1.csv
    is_series root/Y/1m.npy 0 3910
    sed -i 's/,3100$/,1/' Y-1m-1.csv
    refuses 1 "umm-convert: Y-1m-1.csv: the row of 2024-01-03T03:40:00Z differs from the array's row 3100 in volume; see --on-revision" \
        umm-convert --append --order asc --out-root root Y-1m-2.csv Y-1m-1.csv
    refuses 1 "umm-convert: Y-1m-1.csv: the row of 2024-01-03T03:40:00Z differs from that of Y-1m-5.csv in volume; see --on-revision" \
        umm-convert --order asc --out-root other Y-1m-?.csv
    no_leftovers root
}

@test "files of two layouts, one of which is newest first, go together" {
    umm-synth --timeframe=1h --rows=24 -o BTCUSD-1h-1.csv
    umm-synth --layout=cryptodatadownload --symbol=BTCUSD --timeframe=1h --rows=48 --start=2020-01-02 \
        -o Binance_BTCUSD_1h.csv
    umm-synth --timeframe=1h --rows=24 --start=2020-01-04 -o BTCUSD-1h-2.csv
    ok umm-convert --out-root root Binance_BTCUSD_1h.csv BTCUSD-1h-2.csv BTCUSD-1h-1.csv
    umm-convert -o middle.npy Binance_BTCUSD_1h.csv
    $PY -c '
import numpy as np
a, b = np.load("root/BTCUSD/1h.npy"), np.load("middle.npy")
assert len(a) == 96 and (np.diff(a[:, 0]) == 3600000).all() and (a[24:72] == b).all()'
}

@test "files in no order are sorted one by one" {
    local i
    for i in 0 1 2; do
        bars "X-1m-$((9 - i)).csv" $((i * 50)) $((50 + 10 * (i < 2)))
        { head -n 1 "X-1m-$((9 - i)).csv" && tail -n +2 "X-1m-$((9 - i)).csv" | shuf --random-source=/dev/zero; } >x
        mv x "X-1m-$((9 - i)).csv"
    done
    ok umm-convert --order sort --out-root root X-1m-8.csv X-1m-7.csv X-1m-9.csv
    is_series root/X/1m.npy 0 150
    ok umm-convert --append --order sort --out-root root X-1m-8.csv X-1m-9.csv
    is_series root/X/1m.npy 0 150
    sed -i 's/,55$/,1/' X-1m-8.csv
    refuses 1 "umm-convert: X-1m-8.csv: the row of 2024-01-01T00:55:00Z differs from that of X-1m-9.csv in volume; see --on-revision" \
        umm-convert --order sort --out-root other X-1m-8.csv X-1m-7.csv X-1m-9.csv
    no_leftovers
}

@test "deliveries are appended, night after night" {
    bars X-1m-1.csv 0 5
    bars Y-1m-1.csv 0 5
    ok umm-convert --append --out-root root X-1m-1.csv Y-1m-1.csv
    bars X-1m-2.csv 5 5
    bars X-1m-3.csv 10 5
    bars Y-1m-2.csv 2 9
    capture umm-convert -v --append --out-root root X-1m-3.csv Y-1m-2.csv X-1m-2.csv X-1m-1.csv
    [ "$status" -eq 0 ]
    [ "$stderr" = "root/X/1m.npy: 3 files, 15 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:14:00Z, 0 gaps; 10 appended, 5 the same, 0 revised, 15 in the array
root/Y/1m.npy: 1 file, 9 rows, 2024-01-01T00:02:00Z to 2024-01-01T00:10:00Z, 0 gaps; 6 appended, 3 the same, 0 revised, 11 in the array" ]
    is_series root/X/1m.npy 0 15
    is_series root/Y/1m.npy 0 11
    cp -a root before
    capture umm-convert -v --append --out-root root X-1m-?.csv Y-1m-2.csv
    [ "$status" -eq 0 ]
    [ "$stderr" = "root/X/1m.npy: 3 files, 15 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:14:00Z, 0 gaps; 0 appended, 15 the same, 0 revised, 15 in the array, unchanged
root/Y/1m.npy: 1 file, 9 rows, 2024-01-01T00:02:00Z to 2024-01-01T00:10:00Z, 0 gaps; 0 appended, 9 the same, 0 revised, 11 in the array, unchanged" ]
    same_tree before root
    # The end of the files alone, where they can be searched.
    bars X-1m-4.csv 12 9
    bars X-1m-5.csv 19 9
    ok umm-convert --append --tail --out-root root X-1m-5.csv X-1m-4.csv
    is_series root/X/1m.npy 0 28
    no_leftovers root
}

@test "a bad file fails its dataset alone" {
    bars X-1m-1.csv 0 5
    bars Y-1m-1.csv 0 5
    bars Z-1m-1.csv 0 5
    ok umm-convert --append --out-root root X-1m-1.csv Y-1m-1.csv Z-1m-1.csv
    cp -a root before
    bars X-1m-2.csv 5 5
    bars Y-1m-2.csv 5 5
    bars Y-1m-3.csv 10 5
    bars Z-1m-2.csv 5 5
    sed -i '4s/.*/1704067200000,1,1,1,x,1/' Y-1m-3.csv
    : >Z-1m-3.csv
    refuses 1 'umm-convert: Y-1m-3.csv:4:21: close is not a number: "x"
umm-convert: Z-1m-3.csv: empty input' \
        umm-convert --append --out-root root Z-1m-3.csv Z-1m-2.csv Y-1m-3.csv Y-1m-2.csv X-1m-2.csv
    is_series root/X/1m.npy 0 10
    cmp root/Y/1m.npy before/Y/1m.npy
    cmp root/Z/1m.npy before/Z/1m.npy
    run --separate-stderr umm-convert --append --bad-rows skip --out-root root Y-1m-3.csv Y-1m-2.csv
    [ "$status" -eq 3 ]
    [ -z "$stderr" ]
    refuses 1 "umm-convert: none-1m-1.csv: cannot open: No such file or directory" \
        umm-convert --out-root root none-1m-1.csv X-1m-2.csv
    no_leftovers root
}

@test "--dry-run prints which files go where, and writes nothing" {
    bars BTCUSDT-1m-2024-02.csv 100 5
    bars BTCUSDT-1m-2024-01.csv 0 5
    bars XBTUSD_60.csv 60 1
    bars "EURUSD_Candlestick_1_M_BID_01.01.2024-31.01.2024.csv" 3 2
    : >EURUSD_Candlestick_1_M_BID_01.02.2024-29.02.2024.csv
    echo "$HEADER" >EURUSD_Candlestick_1_M_BID_01.03.2024-31.03.2024.csv
    ok umm-convert --dry-run --out-root root XBTUSD_60.csv BTCUSDT-1m-2024-02.csv \
        BTCUSDT-1m-2024-01.csv EURUSD_Candlestick_1_M_BID_01.03.2024-31.03.2024.csv \
        EURUSD_Candlestick_1_M_BID_01.01.2024-31.01.2024.csv
    [ "$output" = "root/BTCUSDT/1m.npy: 2 files
  2024-01-01T00:00:00Z BTCUSDT-1m-2024-01.csv
  2024-01-01T01:40:00Z BTCUSDT-1m-2024-02.csv
root/EURUSD/1m.npy: 2 files
  2024-01-01T00:03:00Z EURUSD_Candlestick_1_M_BID_01.01.2024-31.01.2024.csv
  no row               EURUSD_Candlestick_1_M_BID_01.03.2024-31.03.2024.csv
root/XBTUSD/1h.npy: 1 file
  2024-01-01T01:00:00Z XBTUSD_60.csv" ]
    ok umm-convert --dry-run --json --out-root root BTCUSDT-1m-2024-02.csv BTCUSDT-1m-2024-01.csv
    $PY -c '
import json, sys
value = json.loads(sys.argv[1])
assert value["output"] == "root/BTCUSDT/1m.npy"
assert value["inputs"] == [
    {"path": "BTCUSDT-1m-2024-01.csv", "first_time": "2024-01-01T00:00:00Z"},
    {"path": "BTCUSDT-1m-2024-02.csv", "first_time": "2024-01-01T01:40:00Z"}], value' "$output"
    ok umm-convert --dry-run --out-root root --symbols Q --timeframes 1m BTCUSDT-1m-2024-02.csv \
        BTCUSDT-1m-2024-01.csv
    [ "${lines[0]}" = "root/Q/1m.npy: 2 files" ]
    [ "${lines[1]}" = "  2024-01-01T00:00:00Z BTCUSDT-1m-2024-01.csv" ]
    refuses 1 "umm-convert: EURUSD_Candlestick_1_M_BID_01.02.2024-29.02.2024.csv: empty input" \
        umm-convert --dry-run --out-root root EURUSD*
    [ ! -e root ]
}

@test "a dataset that is named takes its files in order" {
    bars c.csv 5 5
    bars b.csv 0 6
    bars a.csv 10 5
    ok umm-convert --out-root root --symbols X --timeframes 1m a.csv b.csv c.csv
    is_series root/X/1m.npy 0 15
    # Pipes cannot be looked at before: they come in the order given.
    ok umm-convert --out-root root --symbols Y --timeframes 1m <(cat b.csv) <(cat c.csv) a.csv
    is_series root/Y/1m.npy 0 15
    ok umm-convert --out-root root --symbols Z --timeframes 1m - c.csv <b.csv
    is_series root/Z/1m.npy 0 10
}

@test "one of symbol and timeframe is of all files, the other is in their names" {
    mkdir d_us_txt
    bars d_us_txt/aapl.us.txt 0 3
    bars d_us_txt/msft.us.txt 0 4
    ok umm-convert --out-root root --timeframes 1d d_us_txt/*
    bars XBTUSD_60.csv 0 3
    bars XBTUSD_240.csv 0 3
    ok umm-convert --out-root root --symbols BTC/USD XBTUSD_60.csv XBTUSD_240.csv
    [ "$(tree root)" = "BTC%2FUSD/1h.npy BTC%2FUSD/4h.npy aapl.us/1d.npy msft.us/1d.npy " ]
    refuses 2 "umm-convert: XBTUSD_60.csv: its name tells the timeframe 1h, not 1m
$TRY" umm-convert --out-root root --timeframes 1m XBTUSD_60.csv
}

@test "names that tell nothing, or two things, are refused before anything is done" {
    bars X-1m.csv 0 3
    bars a.csv 0 3
    bars X-1m-5m.csv 0 3
    bars X-2024-1m.csv 0 3
    refuses 2 "umm-convert: d/a.csv: its name tells no symbol and timeframe; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root root X-1m.csv d/a.csv
    refuses 2 "umm-convert: X-1m-5m.csv: its name could be of \"X\" 1m or of \"X-1m\" 5m; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root root X-1m.csv X-1m-5m.csv
    refuses 2 "umm-convert: X-2024-1m.csv: its name could be of \"X-2024\" 1m or of \"X\" 1m; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root root X-1m.csv X-2024-1m.csv
    bars E_Candlestick_1_M_BID.csv 0 3
    bars E_Candlestick_1_M_ASK.csv 3 3
    refuses 2 "umm-convert: E_Candlestick_1_M_BID.csv: its name tells BID, and that of E_Candlestick_1_M_ASK.csv ASK: not one dataset
$TRY" umm-convert --out-root root E_Candlestick_1_M_BID.csv E_Candlestick_1_M_ASK.csv
    [ ! -e root ]
}

@test "--name-pattern reads other names" {
    bars k.spot.X.60.csv 0 3
    bars k.perp.Y.60.csv 0 3
    bars k.spot.X.60.part2.csv 3 3
    bars BTCUSDT-1m-2024-01.csv 0 3
    ok umm-convert --name-pattern 'k.{kind}.{symbol}.{minutes}' --out-root root k.spot.X.60.csv \
        k.perp.Y.60.csv BTCUSDT-1m-2024-01.csv
    [ "$(tree root)" = "BTCUSDT/1m.npy X/1h.npy Y/1h.npy " ]
    ok umm-convert --name-pattern 'k.*.{symbol}.{minutes}.*.csv' --out-root root k.spot.X.60.part2.csv
    bars k.perp.X.60.csv 3 3
    refuses 2 "umm-convert: k.spot.X.60.csv: its name tells spot, and that of k.perp.X.60.csv perp: not one dataset
$TRY" umm-convert --name-pattern 'k.{kind}.{symbol}.{minutes}' --out-root root k.spot.X.60.csv k.perp.X.60.csv
    refuses 2 "umm-convert: a pattern of names is ambiguous without text before: \"*\"
$TRY" umm-convert --name-pattern '{symbol}*' --out-root root k.spot.X.60.csv
    refuses 2 "umm-convert: a pattern of names without {timeframe} or {minutes}; name that of all files with --timeframes
$TRY" umm-convert --name-pattern '{symbol}' --out-root root k.spot.X.60.csv
    refuses 2 "umm-convert: a pattern of names without {symbol}; name that of all files with --symbols
$TRY" umm-convert --name-pattern '{minutes}' --out-root root k.spot.X.60.csv
    refuses 2 "umm-convert: --symbols, --timeframes and --name-pattern need --out-root
$TRY" umm-convert --name-pattern '{symbol}_{minutes}' -o x.npy k.spot.X.60.csv
    refuses 2 "umm-convert: --name-pattern reads names, which --symbols and --timeframes replace
$TRY" umm-convert --name-pattern '{symbol}' --symbols X --timeframes 1m --out-root root k.spot.X.60.csv
}

@test "a root that is missing is made, but not what it is in" {
    bars X-1m.csv 0 3
    ok umm-convert --out-root new/ X-1m.csv
    ok umm-convert --append --out-root new2 X-1m.csv
    ok umm-convert --sync --out-root new3 --symbols X --timeframes 1m X-1m.csv
    is_series new/X/1m.npy 0 3
    cmp new/X/1m.npy new2/X/1m.npy
    cmp new/X/1m.npy new3/X/1m.npy
    refuses 1 "umm-convert: none/new: cannot create a directory: No such file or directory" \
        umm-convert --out-root none/new X-1m.csv
    [ ! -e none ]
    refuses 1 "umm-convert: X-1m.csv/X: cannot create a directory: Not a directory" \
        umm-convert --out-root X-1m.csv X-1m.csv
}

@test "many files of one dataset need few descriptors" {
    local i
    for ((i = 0; i < 300; i++)); do
        bars "X-1m-$((999 - i)).csv" "$i" 1
    done
    [ -n "${UMM_SAN-}" ] || ulimit -n 24
    ok umm-convert --threads 2 --out-root root X-1m-*.csv
    is_series root/X/1m.npy 0 300
}

@test "shards share the datasets" {
    local name
    for name in A B C D E; do
        bars "$name-1m-1.csv" 0 3
        bars "$name-1m-2.csv" 3 3
    done
    ok umm-convert --shard 1/3 --out-root root ./*-1m-*.csv
    [ "$(tree root)" = "B/1m.npy E/1m.npy " ]
    ok umm-convert --shard 0/3 --out-root root ./*-1m-*.csv
    ok umm-convert --shard 2/3 --out-root root ./*-1m-*.csv
    ok umm-convert --shard 5/6 --out-root root ./*-1m-*.csv
    [ "$(tree root)" = "A/1m.npy B/1m.npy C/1m.npy D/1m.npy E/1m.npy " ]
    is_series root/E/1m.npy 0 6
}

@test "--json and --metrics tell of each dataset" {
    bars X-1m-1.csv 0 3
    bars X-1m-2.csv 3 3
    bars Y-1m-1.csv 0 3
    bars bad-1m-1.csv 0 1
    sed -i 2s/100/x/ bad-1m-1.csv
    capture umm-convert --json --metrics m.prom --out-root root ./*-1m-*.csv
    [ "$status" -eq 1 ]
    [ "$stderr" = 'umm-convert: ./bad-1m-1.csv:2:15: open is not a number: "x"' ]
    printf '%s' "$output" | $PY -c '
import json, sys
text, decoder, at, got = sys.stdin.read(), json.JSONDecoder(), 0, []
while at < len(text):
    value, at = decoder.raw_decode(text, at)
    at += len(text[at:]) - len(text[at:].lstrip())
    got.append((value["output"], value["rows"], [i["path"] for i in value["inputs"]]))
assert got == [("root/X/1m.npy", 6, ["./X-1m-1.csv", "./X-1m-2.csv"]),
               ("root/Y/1m.npy", 3, ["./Y-1m-1.csv"])], got'
    grep -q '^umm_rows{.*/X/1m.npy"} 6$' m.prom
}

@test "files of other columns or without times are refused" {
    bars X-1m-1.csv 0 3
    bars X-1m-2.csv 3 3 100 "$HEADER,extra"
    sed -i '2,$s/$/,1/' X-1m-2.csv
    ok umm-convert --out-root root X-1m-1.csv X-1m-2.csv
    is_series root/X/1m.npy 0 6
    bars Y-1m-1.csv 0 3
    bars Y-1m-2.csv 3 3 100 "${HEADER/volume/size}"
    refuses 1 "umm-convert: Y-1m-1.csv: there is no time column to put the files in order by" \
        umm-convert --columns open,close --out-root root Y-1m-1.csv Y-1m-2.csv
}

@test "members of archives are grouped by their own names" {
    bars BTCUSDT-1m-2024-01.csv 0 5
    bars BTCUSDT-1m-2024-02.csv 5 5
    bars ETHUSDT-1m-2024-01.csv 0 4
    bars ETHUSDT-1m-2024-02.csv 4 4
    bars BTCUSDT-1m-2024-03.csv 10 5
    bars ETHUSDT-1m-2024-03.csv 8 4
    zip -q all.zip ETHUSDT-1m-2024-02.csv BTCUSDT-1m-2024-01.csv ETHUSDT-1m-2024-01.csv
    mkdir deep
    mv BTCUSDT-1m-2024-02.csv deep
    tar czf more.tar.gz deep/BTCUSDT-1m-2024-02.csv
    zip -q BTCUSDT-1m-2024-03.zip BTCUSDT-1m-2024-03.csv
    gzip ETHUSDT-1m-2024-03.csv
    rm BTCUSDT*.csv ETHUSDT*.csv
    ok umm-convert --dry-run --out-root root BTCUSDT-1m-2024-03.zip more.tar.gz \
        ETHUSDT-1m-2024-03.csv.gz all.zip
    [ "$output" = "root/BTCUSDT/1m.npy: 3 files
  2024-01-01T00:00:00Z all.zip(BTCUSDT-1m-2024-01.csv)
  2024-01-01T00:05:00Z more.tar.gz(deep/BTCUSDT-1m-2024-02.csv)
  2024-01-01T00:10:00Z BTCUSDT-1m-2024-03.zip(BTCUSDT-1m-2024-03.csv)
root/ETHUSDT/1m.npy: 3 files
  2024-01-01T00:00:00Z all.zip(ETHUSDT-1m-2024-01.csv)
  2024-01-01T00:04:00Z all.zip(ETHUSDT-1m-2024-02.csv)
  2024-01-01T00:08:00Z ETHUSDT-1m-2024-03.csv.gz" ]
    for threads in 1 2; do
        ok umm-convert --threads $threads --out-root root$threads more.tar.gz BTCUSDT-1m-2024-03.zip \
            all.zip ETHUSDT-1m-2024-03.csv.gz
        is_series root$threads/BTCUSDT/1m.npy 0 15
        is_series root$threads/ETHUSDT/1m.npy 0 12
    done
    ok umm-convert --append --out-root root1 all.zip
    ok umm-convert --out-root root --symbols Q --timeframes 1m more.tar.gz BTCUSDT-1m-2024-03.zip \
        --members '*BTC*' all.zip
    is_series root/Q/1m.npy 0 15
    no_leftovers
}

@test "the name of an archive counts where those of its members tell nothing" {
    bars 2024-01.csv 0 5
    bars 2024-02.csv 5 5
    zip -q BTCUSDT-1m.zip 2024-02.csv 2024-01.csv
    zip -q other.zip 2024-02.csv
    ok umm-convert --out-root root BTCUSDT-1m.zip
    is_series root/BTCUSDT/1m.npy 0 10
    refuses 2 "umm-convert: other.zip(2024-02.csv): its name tells no symbol and timeframe; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root other BTCUSDT-1m.zip other.zip
    # Of an archive's only member both tell, and the same.
    bars ETHUSDT-1m-2024-01.csv 0 5
    zip -q BTCUSDT-1m-2024-01.zip ETHUSDT-1m-2024-01.csv
    zip -q delivery.zip ETHUSDT-1m-2024-01.csv
    ok umm-convert --out-root root delivery.zip
    is_series root/ETHUSDT/1m.npy 0 5
    refuses 2 "umm-convert: BTCUSDT-1m-2024-01.zip(ETHUSDT-1m-2024-01.csv): the member's name tells \"ETHUSDT\" 1m, and the archive's \"BTCUSDT\" 1m; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root other BTCUSDT-1m-2024-01.zip
    # A report, as HistData puts it beside its rows.
    bars DAT_ASCII_EURUSD_M1_2024.csv 0 5
    echo 'Gap of 3600s found between 20240101170000 and 20240101180000.' >DAT_ASCII_EURUSD_M1_2024.txt
    zip -q HISTDATA_COM_ASCII_EURUSD_M12024.zip DAT_ASCII_EURUSD_M1_2024.csv DAT_ASCII_EURUSD_M1_2024.txt
    capture umm-convert -v --out-root root HISTDATA_COM_ASCII_EURUSD_M12024.zip
    [ "$status" -eq 0 ]
    [ "$stderr" = "root/EURUSD/1m.npy: 1 file, 5 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:04:00Z, 0 gaps, 1 report passed over" ]
    is_series root/EURUSD/1m.npy 0 5
}

@test "a bad archive fails its dataset alone" {
    bars BTCUSDT-1m-2024-01.csv 0 5
    bars ETHUSDT-1m-2024-01.csv 0 5
    zip -q BTCUSDT-1m-2024-01.zip BTCUSDT-1m-2024-01.csv
    zip -q -0 all.zip BTCUSDT-1m-2024-01.csv ETHUSDT-1m-2024-01.csv
    head -c 100 BTCUSDT-1m-2024-01.zip >BTCUSDT-1m-2024-02.zip
    capture umm-convert --out-root root BTCUSDT-1m-2024-01.zip BTCUSDT-1m-2024-02.zip ETHUSDT-1m-2024-01.csv
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $stderr == "umm-convert: BTCUSDT-1m-2024-02.zip"* ]]
    [ "$(tree root)" = "ETHUSDT/1m.npy " ]
    cp BTCUSDT-1m-2024-02.zip nameless.zip
    capture umm-convert --out-root other nameless.zip ETHUSDT-1m-2024-01.csv
    [ "$status" -eq 1 ]
    [[ $stderr == "umm-convert: nameless.zip"* ]]
    [ "$(tree other)" = "ETHUSDT/1m.npy " ]
    capture umm-convert --out-root none nameless.zip
    [ "$status" -eq 1 ]
    [ ! -e none ]
    # One digit of a row that is stored as it is: its checksum is wrong, far behind a good row.
    bars BTCUSDT-1m-2024-01.csv 0 500
    rm all.zip
    zip -q -0 all.zip BTCUSDT-1m-2024-01.csv ETHUSDT-1m-2024-01.csv
    sed -i '0,/,588,/s//,589,/' all.zip
    capture umm-convert --out-root bad all.zip
    [ "$status" -eq 1 ]
    [[ $stderr == "umm-convert: all.zip(BTCUSDT-1m-2024-01.csv): "* ]]
    [ "$(tree bad)" = "ETHUSDT/1m.npy " ]
}
