#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a text is taken for: which record is its header, integers that must not be rounded, a last
# line that may be cut, files that are no text, and advice that leads on.

load helper

NAMES=--names=timestamp,open,high,low,close,volume

@test "what reads as data by anything that is given is no header" {
    local n
    n() {
        capture umm-convert --json "$@" -o out.npy in.csv
        n=$(grep -o '"rows": [0-9]*' <<<"$output" | head -n 1)
        headers=$(grep -o '"header_records": [0-9]*' <<<"$output")
        [[ -z $stderr ]] || fail "$stderr"
    }
    # A time by its format, beside missing values.
    printf '31-Dec-10,-,-,-,-,-\n30-Dec-10,1,2,0.5,1.5,100\n29-Dec-10,1,2,0.5,1.5,100\n' >in.csv
    n "$NAMES" --time-format=%d-%b-%y --order=asc
    [[ $status -eq 0 && $n == '"rows": 3' && $headers == '"header_records": 0' ]]
    n --columns=timestamp=1,open=2 --time-format=%d-%b-%y --order=asc
    [[ $status -eq 0 && $n == '"rows": 3' ]]
    # Missing values alone.
    printf '2010-12-29,x,x,x,x,x\n2010-12-30,1,2,0.5,1.5,100\n' >in.csv
    n "$NAMES" --na=x
    [[ $status -eq 0 && $n == '"rows": 2' ]]
    printf 'Wed 29-Dec-10,none,none,none,none,none\nThu 30-Dec-10,1,2,0.5,1.5,100\n' >in.csv
    n "$NAMES" --na=none --bad-rows=skip --time-format='Thu %d-%b-%y'
    [[ $status -eq 3 && $n == '"rows": 1' && $headers == '"header_records": 0' ]]
    # A first row that is bad, and reads as nothing.
    # shellcheck disable=SC2016 # dollars as vendors write them
    local first='EURUSD 2024.01.02,$1,$2,$0.5,$1.5,100K'
    printf '%s\n2024.01.03,1,2,0.5,1.5,100\n' "$first" >in.csv
    n "$NAMES" --bad-rows=quarantine:bad.csv
    [[ $status -eq 3 && $n == '"rows": 1' && $(<bad.csv) == *"$first" ]]
    capture umm-convert "$NAMES" -o out.npy in.csv
    [[ $status -eq 1 && $stderr == 'umm-convert: in.csv:1:1: timestamp is not a time: "EURUSD 2024.01.02"'* ]]
    # A header is one still, and counted where its names are not used.
    printf 'Data,Abertura,Maxima,Minima,Fecho,Vol 1\n2024.01.03,1,2,0.5,1.5,100\n' >in.csv
    n "$NAMES"
    [[ $status -eq 0 && $n == '"rows": 1' && $headers == '"header_records": 1' ]]
    capture umm-convert -v "$NAMES" -o out.npy in.csv
    [[ $stderr == *', header (by text), 1 record passed over as the header: "Data,Abertura,Maxima,Minima,Fecho,Vol 1"; timestamp=1'* ]]
    printf '"1. open",2. high,timestamp\n1,2,2024-01-03\n' >in.csv
    n --columns='timestamp,o="1. open"'
    [[ $status -eq 0 && $n == '"rows": 1' ]]
}

@test "integers that a type cannot hold are refused, prices and volumes rounded" {
    said() {
        printf 'timestamp,%s\n1577836800,%s\n' "$1" "$2" >in.csv
        capture umm-convert --columns "timestamp,$1${3:+:$3}" -o out.npy in.csv
    }
    refused() {
        said "$@"
        [[ $status -eq 1 && $stderr == "umm-convert: in.csv:2:12: $1 is an integer that ${3:-f8} cannot hold exactly: \"$2\"$want" ]] || fail "$stderr"
    }
    taken() {
        said "$@"
        [[ $status -eq 0 && -z $stderr ]] || fail "$stderr"
    }
    local want='; use the type :i8, or :M8 for a time'
    refused trade_id 9007199254740993
    refused ts_recv 1583020803307160123
    refused count -9223372036854775807
    refused id +009007199254740993
    refused n 16777217 f4
    refused last_trade_id 16777219 f4
    refused open_time_2 9007199254740993
    want='; no type can: leave the column out'
    refused id 9223372036854775808
    refused id 123456789012345678901234567890
    refused id 18446744073709551615 f4
    taken id 9223372036854775807 i8
    taken id 9007199254740994
    taken id 9007199254740993.0
    taken id 9.007199254740993e15
    taken n 16777216 f4
    taken n 16777217. f4
    taken price 9007199254740993
    taken volume 9223372036854775807
    taken quoteVolume 9007199254740993
    taken 'taker_buy_base_asset_volume' 123456789012345678901234567890
    taken qty 16777217 f4
    printf 'timestamp,trade_id\n1577836800,9007199254740993\n' >in.csv
    ok umm-convert --columns timestamp,volume=trade_id -o out.npy in.csv
    # In blocks, by all engines and threads, as one by one.
    awk 'BEGIN { print "timestamp,id,size"; for (i = 0; i < 60000; i++) printf "%d,%d,%d\n", 1577836800 + i, i == 51234 ? 33554433 : 33554432 - 2 * i, 16777217 }' >in.csv
    for threads in 1 2; do
        refuses 1 'umm-convert: in.csv:51236:12: id is an integer that f4 cannot hold exactly: "33554433"; use the type :i8, or :M8 for a time' \
            umm-convert --threads=$threads --columns timestamp,id:f4,size:f4 -o out.npy in.csv
    done
    sed -i '51236s/33554433,/33554432,/' in.csv
    ok umm-convert --columns timestamp,id:f4,size:f4 -o out.npy in.csv
}

@test "--whole-lines leaves a cut line for the next run" {
    local head='timestamp,open,high,low,close,volume' how
    printf '%s\n1704153600,1,2,0.5,1.5,100\n1704153660,1,2,0.5,1.5,12' "$head" >cut.csv
    printf '%s00\n1704153720,1,2,0.5,1.5,7\n' "$(<cut.csv)" >full.csv
    head -n 2 cut.csv >first.csv
    ok umm-convert -o first.npy first.csv
    ok umm-convert -o full.npy full.csv
    ok umm-convert --whole-lines -o out.npy cut.csv
    cmp first.npy out.npy
    ok bash -c 'umm-convert --whole-lines -o out.npy <cut.csv'
    cmp first.npy out.npy
    ok bash -c 'zstd -cq cut.csv | umm-convert --whole-lines -o out.npy'
    cmp first.npy out.npy
    for how in '' --tail; do
        rm out.npy
        ok umm-convert --append --whole-lines $how -o out.npy cut.csv
        cmp first.npy out.npy
        ok umm-convert --append --whole-lines $how -o out.npy cut.csv
        cmp first.npy out.npy
        ok umm-convert --append --whole-lines $how -o out.npy full.csv
        cmp full.npy out.npy
    done
    capture umm-convert -v --whole-lines -o out.npy cut.csv
    [[ $stderr == *', 1 line without its end held back (25 bytes);'* ]] || fail "$stderr"
    ok umm-convert --json --whole-lines -o out.npy cut.csv
    [[ $output == *'"held_back_bytes": 25'* ]]
    ok umm-convert --json --whole-lines -o out.npy full.csv
    [[ $output == *'"held_back_bytes": 0'* ]]
    # A line that ends in CR, or a quote that a line end hides, is as it is.
    printf '%s\r1704153600,1,2,0.5,1.5,100\r17' "$head" >in.csv
    ok umm-convert --whole-lines -o out.npy in.csv
    cmp first.npy out.npy
    # Whatever is held back: nothing is left then.
    printf 'timestamp,open' >in.csv
    refuses 1 'umm-convert: in.csv: no whole line' umm-convert --whole-lines -o x.npy in.csv
    printf '%s\n17' "$head" >in.csv
    refuses 1 'umm-convert: in.csv: no whole line after the header' umm-convert --whole-lines -o x.npy in.csv
    ok umm-convert --append --whole-lines -o out.npy in.csv
    cmp first.npy out.npy
    # The other tools.
    ok umm-archive append --whole-lines a.npy.zst cut.csv
    zstd -dcq a.npy.zst | cmp - first.npy
    ok bash -c 'umm-features --whole-lines -f sma:1 --follow <cut.csv'
    [[ ${#lines[@]} -eq 2 ]]
    # Large files, in blocks.
    umm-synth --rows=60000 >big.csv
    head -c -5 big.csv >cut.csv
    head -n 60000 big.csv >first.csv
    ok umm-convert --threads=2 --whole-lines -o out.npy cut.csv
    ok umm-convert -o first.npy first.csv
    cmp first.npy out.npy
}

@test "a workbook is no archive of text" {
    /usr/bin/python3 - <<'PY'
import zipfile
for name, first in (("a.xlsx", "[Content_Types].xml"), ("b.xlsx", "xl/workbook.xml"), ("c.zip", "bars.csv")):
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr(first, "timestamp")
PY
    printf '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' >d.xls
    for name in a.xlsx b.xlsx d.xls; do
        refuses 1 "umm-convert: $name: a spreadsheet's workbook; save its sheet as CSV" umm-convert -o x.npy $name
    done
    refuses 1 'umm-convert: c.zip(bars.csv): no rows after the header' umm-convert --columns=timestamp -o x.npy c.zip
}

@test "an unnamed time that is named is not asked for again" {
    printf ',open,high,low,close,volume\n44197,1,2,0.5,1.5,100\n' >in.csv
    refuses 1 'umm-convert: in.csv:2:1: the first field has no name, and "44197" could be a row number; name the timestamp, timestamp=FIELD in --columns, or use --time-unit-in=excel' \
        umm-convert -o x.npy in.csv
    sed -i s/44197/1/ in.csv
    refuses 1 'umm-convert: in.csv:2:1: the first field has no name, and "1" could be a row number; name the timestamp: timestamp=FIELD in --columns' \
        umm-convert -o x.npy in.csv
    sed -i '2s/^1/44197/' in.csv
    capture umm-convert --columns=timestamp=1,open,high,low,close,volume -o x.npy in.csv
    [[ $status -eq 1 && $stderr != *'--columns timestamp=FIELD'* ]] || fail "$stderr"
    printf 'timestamp,open\n2024-01-01,1\n"Downloaded as of today",\n' | sed 's/,$//' >in.csv
    refuses 1 'umm-convert: in.csv:3:25: 1 field, expected 2; --skip-footer N passes over the last lines, --bad-rows skip over all that is no row' \
        umm-convert --columns timestamp,open -o x.npy in.csv
}

@test "long texts beside times that could be epochs or dates" {
    local long
    long=$(printf 'x%.0s' {1..255})
    printf 'time,note\n20200101,%s\n20200102,b\n' "$long" >a.csv
    ok umm-convert --columns=time,note:S255 -o a.npy a.csv
    ok "$PY" -c "
import numpy
a = numpy.load('a.npy')
assert a['note'].tolist() == [b'$long', b'b'] and str(a['time'][0]) == '2020-01-01T00:00:00.000', a"
}
