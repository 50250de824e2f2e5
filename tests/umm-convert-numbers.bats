#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Numbers as people and spreadsheets write them, decimal points that are moved, and columns of
# one value.
# shellcheck disable=SC2016

load helper

export PYTHONPATH=$BATS_TEST_DIRNAME/ref

NAMES=timestamp,open,high,low,close,volume

py() {
    ok "$PY" -c "from convert_oracle import *
$(cat)"
}

# The rows of the array $1, as umm-mmap-slice prints them, must be those after it.
rows_are() {
    local array=$1
    shift
    diff <(umm-mmap-slice "$array" --format=csv --time-format=iso | tail -n +2) <(printf '%s\n' "$@")
}

# ---- as vendors write them ------------------------------------------------------------

@test "dollars before prices, newest first" {
    printf '%s\n' 'Day,Close/Last,Volume,Open,High,Low' '12/13/2024,$191.38,18883220,$192.71,$194.34,$191.26' \
        '12/12/2024,$193.63,25197760,$196.30,$196.7053,$193.28' >n.csv
    local options=('--columns=timestamp=day,open,high,low,close=close/last,volume' --time-format=%m/%d/%Y --order=asc)
    refuses 1 'umm-convert: n.csv:2:29: open is not a number: "$192.71"; use --numbers=currency' \
        umm-convert "${options[@]}" -o x.npy n.csv
    [ ! -e x.npy ]
    ok umm-convert --numbers=currency "${options[@]}" -o x.npy n.csv
    rows_are x.npy 2024-12-12T00:00:00Z,196.3,196.7053,193.28,193.63,25197760 \
        2024-12-13T00:00:00Z,192.71,194.34,191.26,191.38,18883220
}

@test "groups of digits, millions and percent" {
    printf '%s\n' '"Day","Price","Open","High","Low","Vol.","Change %"' \
        '"06/14/2026","51,994.63","50,818.84","52,201.58","51,765.01","395.86M","2.31%"' \
        '"06/11/2026","50,818.84","51,256.65","51,215.58","50,686.22","308.96K","-0.85%"' >i.csv
    local options=(--time-format=%m/%d/%Y --order=asc)
    local bars=--columns=timestamp=day,open,high,low,close=price,volume=vol.
    refuses 1 'umm-convert: i.csv:2:26: open is not a number: "50,818.84"; use --thousands=,' \
        umm-convert "${options[@]}" "$bars" -o x.npy i.csv
    refuses 1 'umm-convert: i.csv:2:62: volume is not a number: "395.86M"; use --numbers=suffix' \
        umm-convert --thousands=, "${options[@]}" "$bars" -o x.npy i.csv
    ok umm-convert --thousands=, --numbers=suffix "${options[@]}" "$bars" -o x.npy i.csv
    rows_are x.npy 2026-06-11T00:00:00Z,51256.65,51215.58,50686.22,50818.84,308960 \
        2026-06-14T00:00:00Z,50818.84,52201.58,51765.01,51994.63,395860000
    local change='--columns=timestamp=day,change=change %'
    refuses 1 'umm-convert: i.csv:2:72: change is not a number: "2.31%"; use --numbers=percent to drop the sign, or --numbers=ratio to divide by 100' \
        umm-convert "${options[@]}" "$change" -o x.npy i.csv
    ok umm-convert --numbers=percent "${options[@]}" "$change" -o x.npy i.csv
    rows_are x.npy 2026-06-11T00:00:00Z,-0.85 2026-06-14T00:00:00Z,2.31
    ok umm-convert --numbers=ratio "${options[@]}" "$change" -o x.npy i.csv
    rows_are x.npy 2026-06-11T00:00:00Z,-0.0085 2026-06-14T00:00:00Z,0.0231
}

@test "groups of digits after a byte order mark" {
    printf '\xef\xbb\xbf%s\n' 'Date,Open,High,Low,Close,Volume' >m.csv
    echo '04/28/2024,"5,087.00","5,110.83","5,083.40","5,099.96","2,300,120,000"' >>m.csv
    ok umm-convert --thousands=, --time-format=%m/%d/%Y -o x.npy m.csv
    rows_are x.npy 2024-04-28T00:00:00Z,5087,5110.83,5083.4,5099.96,2300120000
    # One type for all: what it cannot hold is refused.
    refuses 1 'umm-convert: m.csv:2:23: high is not an integer: "5,110.83"; use --dtype f8' \
        umm-convert --thousands=, --time-format=%m/%d/%Y --dtype=i8 -o y.npy m.csv
    refuses 1 'umm-convert: m.csv:2:56: volume does not fit i4: "2,300,120,000"; give it the type i8 or f8 in --columns' \
        umm-convert --thousands=, --time-format=%m/%d/%Y --columns=timestamp,volume:i4 -o y.npy m.csv
}

@test "bars without a volume" {
    printf '%s\n' DATE,OPEN,HIGH,LOW,CLOSE 01/02/1990,17.24,17.25,17.23,17.24 01/03/1990,18.19,18.19,18.19,18.19 >v.csv
    refuses 1 'umm-convert: v.csv:1:1: no field for '"'volume'"' among "DATE", "OPEN", "HIGH", "LOW", "CLOSE"; name it as volume=FIELD in --columns, or volume==nan if there is none' \
        umm-convert --time-format=%m/%d/%Y -o x.npy v.csv
    ok umm-convert --time-format=%m/%d/%Y --columns=timestamp,open,high,low,close,volume==nan -o x.npy v.csv
    rows_are x.npy 1990-01-02T00:00:00Z,17.24,17.25,17.23,17.24,NaN 1990-01-03T00:00:00Z,18.19,18.19,18.19,18.19,NaN
    ok umm-convert --time-format=%m/%d/%Y --columns='timestamp,open,high,low,close,volume=volume|vol|=0' -o y.npy v.csv
    rows_are y.npy 1990-01-02T00:00:00Z,17.24,17.25,17.23,17.24,0 1990-01-03T00:00:00Z,18.19,18.19,18.19,18.19,0
    ok "$PY" -c 'import numpy as np
x, y = np.load("x.npy"), np.load("y.npy")
assert x.shape == y.shape == (2, 6) and x.dtype == y.dtype == "<f8"
assert x[:, 5].tobytes() == np.full(2, 0x7FF8000000000000, "<u8").tobytes() and not y[:, 5].any()'
    ok umm-features x.npy -f sma:2 -o f.npy
}

@test "true and false" {
    printf '%s\n' agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker \
        26129,0.01633102,4.70443515,27781,27781,1498793709153,true 26130,0.01633102,1.0,27782,27782,1498793709200,false >a.csv
    local columns=--columns=timestamp=transact_time,price,quantity,is_buyer_maker
    refuses 1 'umm-convert: a.csv:2:55: is_buyer_maker is not a number: "true"; use --numbers=boolean' \
        umm-convert "$columns" -o x.npy a.csv
    ok umm-convert --numbers=boolean "$columns:i4" -o x.npy a.csv
    rows_are x.npy 2017-06-30T03:35:09.153Z,0.01633102,4.70443515,1 2017-06-30T03:35:09.200Z,0.01633102,1,0
}

@test "prices times a billion" {
    printf '%s\n' ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol \
        1654864200000000000,33,2,7370,265760000000,265760000000,261010000000,261060000000,3006,MSFT \
        1654864260000000000,33,2,7370,261120000000,262070000000,261000000000,261640000000,1616,MSFT >d.csv
    ok umm-convert --columns='timestamp=ts_event,open*1e-9,high*1e-9,low*1e-9,close*1e-9,volume' -o x.npy d.csv
    rows_are x.npy 2022-06-10T12:30:00Z,265.76,265.76,261.01,261.06,3006 2022-06-10T12:31:00Z,261.12,262.07,261,261.64,1616
    ok "$PY" -c 'import numpy as np
x = np.load("x.npy")
assert x.shape == (2, 6) and x[0, 1] == 265.76 and x[1, 2] == 262.07'
    ok umm-convert --dry-run --columns='timestamp=ts_event,open*1e-9' d.csv
    [[ $output == *'timestamp=1 "ts_event", open=5 "open"*1e-9;'* ]] || fail "$output"
    refuses 1 'umm-convert: d.csv:2:31: open is not an integer: "265760000000"; give it the type f8 in --columns' \
        umm-convert --columns='timestamp=ts_event,open*1e-9:i8' -o y.npy d.csv
}

@test "integers that the type cannot hold stay refused, however they are written" {
    printf '%s\n' 'ts_event;trade_id' '1583020803145123457;9,007,199,254,740,993' >n.csv
    local columns=--columns=timestamp=ts_event,trade_id
    refuses 1 'umm-convert: n.csv:2:21: trade_id is an integer that f8 cannot hold exactly: "9,007,199,254,740,993"; use the type :i8, or :M8 for a time' \
        umm-convert --thousands=, --time-unit=ns "$columns" -o x.npy n.csv
    ok umm-convert --thousands=, --time-unit=ns "$columns:i8" -o x.npy n.csv
    rows_are x.npy 2020-03-01T00:00:03.145123457Z,9007199254740993
    # 2^53 - 1 is held, a thousand times as much is not.
    printf '%s\n' 'timestamp;trade_id;price' '1583020803;9007199254740991;9007199254740991' >n.csv
    refuses 1 'umm-convert: n.csv:2:12: trade_id is an integer that f8 cannot hold exactly: "9007199254740991"; use the type :i8, or :M8 for a time' \
        umm-convert '--columns=timestamp,trade_id*1e3' -o x.npy n.csv
    ok umm-convert '--columns=timestamp,trade_id*1e3:i8,price*1e3' -o x.npy n.csv
    rows_are x.npy 2020-03-01T00:00:03Z,9007199254740991000,9007199254740991000
}

# ---- what is read and what is not ------------------------------------------------------

@test "random cells in random notations, against regular expressions and exact fractions" {
    ok "$PY" "$BATS_TEST_DIRNAME/ref/notation_oracle.py" 400 "$RANDOM"
}

@test "groups that are not whole are refused, and never read as other numbers" {
    py <<'PY'
def bad(cell, says, *args):
    refused(f'timestamp;close\n0;{cell}\n', f'in.csv:2:3: x is not a number: "{cell}"{says}', "--columns", "x=close", "--delimiter", ";", *args)
GROUPS = "; groups have three digits, or two before the last three"
for cell in ("1,5", "12,34", "12,34,5", "1234,567", "1,,234", ",123", "1,234,", "0,123", "1.5,000", "1,2345", "123,45,678"):
    bad(cell, GROUPS, "--thousands", ",")
for cell in ("1.5", "0.123", "12.34.5"):
    bad(cell, GROUPS, "--thousands", ".", "--decimal", ",")
bad("1'23", GROUPS, "--thousands", "apostrophe")
bad("1 5", GROUPS, "--thousands", "space")
bad("1'234", "; use --thousands=apostrophe", "--thousands", ",")
bad("$1,234", "; use --numbers=currency", "--thousands", ",")
bad("1,234K", "; use --numbers=currency,suffix", "--thousands", ",", "--numbers", "currency")
bad("1,234", "; use --thousands=, if it is grouped, or --decimal=, for a decimal comma")
bad("1.234.567,5", "; use --thousands=. and --decimal=,")
bad("1.234,5 €", "; use --numbers=currency, --thousands=. and --decimal=,")
bad("5,5%", "; use --numbers=percent and --decimal=,")
bad("(1,234.5)", "; use --numbers=parentheses and --thousands=,")
PY
}

@test "options that contradict each other are wrong usage" {
    printf '%s\n' $NAMES 1577836800,1,2,0.5,1.5,100 >in.csv
    refuses 2 "umm-convert: . cannot be the decimal point and stand between groups of digits
Try 'umm-convert --help'." umm-convert --thousands=. -o x.npy in.csv
    refuses 2 "umm-convert: , cannot be the decimal point and stand between groups of digits
Try 'umm-convert --help'." umm-convert --thousands=, --decimal=, -o x.npy in.csv
    refuses 2 "umm-convert: percent and ratio exclude each other
Try 'umm-convert --help'." umm-convert --numbers=percent,ratio -o x.npy in.csv
    refuses 2 "umm-convert: --thousands takes , . apostrophe or space, not \"_\"
Try 'umm-convert --help'." umm-convert --thousands=_ -o x.npy in.csv
    refuses 2 "umm-convert: --numbers takes currency, percent, ratio, suffix, parentheses or boolean, not \"K\"
Try 'umm-convert --help'." umm-convert --numbers=K -o x.npy in.csv
    refuses 2 "umm-convert: 'timestamp' is a time: it is not multiplied
Try 'umm-convert --help'." umm-convert --columns='timestamp*1e3,open' -o x.npy in.csv
    refuses 2 "umm-convert: 'time' is a time: it is in a field of each row
Try 'umm-convert --help'." umm-convert --columns='timestamp,time==0' -o x.npy in.csv
    refuses 2 "umm-convert: not a column: \"open*2\"
Try 'umm-convert --help'." umm-convert --columns='timestamp,open*2' -o x.npy in.csv
    refuses 2 "umm-convert: not a column: \"==nan\"
Try 'umm-convert --help'." umm-convert --columns='timestamp,==nan' -o x.npy in.csv
    refuses 2 "umm-convert: volume cannot be nan in i4
Try 'umm-convert --help'." umm-convert --columns='timestamp,volume==nan:i4' -o x.npy in.csv
    refuses 2 "umm-convert: n cannot be 9007199254740993 in f8
Try 'umm-convert --help'." umm-convert --columns='timestamp,n==9007199254740993' -o x.npy in.csv
    [ ! -e x.npy ]
}

@test "values of all rows: in every type, beside --check-ohlc and in an append" {
    printf '%s\n' $NAMES 1577836800,1,2,0.5,1.5,100 1577836860,1,2,0.5,1.5,100 >in.csv
    py <<'PY'
a = good(None, "--columns", "timestamp,a==-0.1,b==0.1:f4,c==9223372036854775807:i8,d==-5:i4,e=none|close,f=none|=1e3:i4")
assert a.dtype.names == ("timestamp", "a", "b", "c", "d", "e", "f") and a.tolist() == [
    (a["timestamp"][i].tolist(), -0.1, float(np.float32(0.1)), 2**63 - 1, -5, 1.5, 1000) for i in range(2)]
assert a["timestamp"].astype("i8").tolist() == [1577836800000, 1577836860000]
PY
    refuses 1 'umm-convert: in.csv:2:1: volume is negative' \
        umm-convert --check-ohlc --columns=timestamp,open,high,low,close,volume==-1 -o x.npy in.csv
    head -n 2 in.csv >one.csv
    ok umm-convert --columns=timestamp,open,high,low,close,volume==nan -o g.npy one.csv
    ok umm-convert --append --columns=timestamp,open,high,low,close,volume==nan -o g.npy in.csv
    ok umm-convert --columns=timestamp,open,high,low,close,volume==nan -o w.npy in.csv
    ok cmp g.npy w.npy
}

@test "what was decided about numbers is reported" {
    printf '%s\n' "${NAMES//,/;}" '1577836800;1;2;0.5;1.5;1,000' >in.csv
    ok umm-convert --dry-run --thousands=, --numbers=suffix,currency in.csv
    [[ $output == *'; numbers: groups after , and currency,suffix (by option); time: '* ]] || fail "$output"
    ok bash -c 'umm-convert --json --thousands=, -o x.npy in.csv | "$PY" -c "
import json, sys
i = json.load(sys.stdin)[\"inputs\"][0]
assert (i[\"numbers\"], i[\"numbers_by\"]) == (\"groups after ,\", \"option\"), i"'
    printf '%s\n' $NAMES 1577836800,1,2,0.5,1.5,1000 >in.csv
    ok bash -c 'umm-convert --json -o x.npy in.csv | "$PY" -c "
import json, sys
assert not json.load(sys.stdin)[\"inputs\"][0].get(\"numbers\")"'
}

@test "a first row in a notation is no header" {
    printf '%s\n' '2020-01-01;$1;$2;$0.5;$1.5;1,000' '2020-01-02;$1;$2;$0.5;$1.5;1,000' >in.csv
    ok umm-convert --names=$NAMES --delimiter=';' --thousands=, --numbers=currency -o x.npy in.csv
    rows_are x.npy 2020-01-01T00:00:00Z,1,2,0.5,1.5,1000 2020-01-02T00:00:00Z,1,2,0.5,1.5,1000
}

@test "archives and features read the same notations" {
    printf '%s\n' "${NAMES//,/;}" '2020-01-01;$1;$2;$0.5;$1.5;1.5K' '2020-01-02;$1;$2;$0.5;$1.5;1,000' >in.csv
    ok umm-convert --thousands=, --numbers=currency,suffix -o x.npy in.csv
    ok umm-archive append --thousands=, --numbers=currency,suffix a.npy.zst in.csv
    ok umm-archive extract a.npy.zst -o y.npy
    ok "$PY" -c 'import numpy as np
x, y = np.load("x.npy"), np.load("y.npy")
assert np.array_equal(x, np.array(y.tolist(), dtype="f8") if not y.dtype.names else y), (x, y)'
    ok umm-features in.csv --thousands=, --numbers=currency,suffix -f sma:2 -o f.npy
    ok umm-features x.npy -f sma:2 -o g.npy
    ok cmp f.npy g.npy
    refuses 1 'umm-features: in.csv:2:12: open is not a number: "$1"; use --numbers=currency' \
        umm-features in.csv -f sma:2 -o h.npy
}
