#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-convert --by: the rows of many instruments in one text, an array for each.

load helper

TRY="Try 'umm-convert --help'."

# many N SYMBOL... prints N minutes from number FIRST on, each with a bar of every SYMBOL.
many() {
    local n=$1
    shift
    echo symbol,timestamp,open,high,low,close,volume
    awk -v n="$n" -v first="${FIRST:-0}" -v symbols="$*" 'BEGIN {
        k = split(symbols, s, " ")
        for (i = first; i < first + n; i++)
            for (j = 1; j <= k; j++)
                printf "%s,%d,%d,%d,%d,%d,%d\n", s[j], 1577836800 + 60 * i, i + j, i + j + 1, i, i + j, 10 * j
    }'
}

# each ROOT OPTION... FILE: ROOT/SYMBOL/1m.npy is what a run with --where makes of FILE.
each() {
    local root=$1 symbol
    shift
    for symbol in $SYMBOLS; do
        umm-convert "${@:1:$#-1}" --where="symbol=$symbol" -o want.npy "${@: -1}"
        cmp want.npy "$root/$symbol/1m.npy" || fail "$root/$symbol/1m.npy is another array"
    done
    [[ $(find "$root" -name '1m.npy' | wc -l) -eq $(wc -w <<<"$SYMBOLS") ]]
    no_leftovers "$root"
}

SYMBOLS='QQQ SPY A LONGER.THAN.8 ZZ'

@test "every value of a column gets an array of its own, as by itself" {
    # shellcheck disable=SC2086 # words
    many 700 $SYMBOLS >in.csv
    local options
    for options in '' --struct '--columns=timestamp:i8,open:f4' --fortran --order=sort --order=keep --time-unit=us; do
        rm -rf root
        # shellcheck disable=SC2086
        ok umm-convert $options --by=symbol --out-root=root --timeframes=1m in.csv
        # shellcheck disable=SC2086
        each root $options in.csv
    done
    # Whatever the threads, the memory and the source.
    cp -r root want
    for options in --threads=1 --threads=3 --memory=1M; do
        rm -r root
        ok umm-convert --time-unit=us $options --by=symbol --out-root=root --timeframes=1m in.csv
        diff -r root want
        rm -r root
        ok bash -c 'cat in.csv | umm-convert --time-unit=us '$options' --by=symbol --out-root=root --timeframes=1m'
        diff -r root want
    done
}

@test "rows in groups, by turns and at random are split alike, also through a file" {
    # shellcheck disable=SC2086
    many 8000 $SYMBOLS >in.csv
    { head -n 1 in.csv && tail -n +2 in.csv | sort -s -t, -k1,1; } >grouped.csv
    ok umm-convert --by=symbol --out-root=root --timeframes=1m in.csv
    each root in.csv
    local file options
    for file in in grouped; do
        for options in '--memory=1M --threads=1' '--memory=1M --threads=3' '--memory=1M --order=sort'; do
            # shellcheck disable=SC2086
            ok umm-convert $options --by=symbol --out-root=other --timeframes=1m $file.csv
            diff -r root other
            rm -r other
        done
    done
    # In no order: each is sorted by itself.
    { head -n 1 in.csv && tail -n +2 in.csv | shuf --random-source=in.csv; } >any.csv
    for options in '' --memory=1M '--memory=1M --threads=1'; do
        # shellcheck disable=SC2086
        ok umm-convert $options --order=sort --by=symbol --out-root=other --timeframes=1m any.csv
        diff -r root other
        rm -r other
    done
    # What NumPy and Python make of it.
    $PY - <<'END'
import csv
import numpy as np
rows = {}
with open("any.csv") as f:
    for row in csv.DictReader(f):
        rows.setdefault(row.pop("symbol"), []).append([float(v) for v in row.values()])
for symbol, values in rows.items():
    want = np.array(values)
    want[:, 0] *= 1000
    want = want[np.argsort(want[:, 0], kind="stable")]
    assert (np.load(f"root/{symbol}/1m.npy") == want).all(), symbol
END
}

@test "thousands of symbols need few descriptors" {
    # shellcheck disable=SC2046
    many 3 $(seq -f 'S%.0f' 3000) >in.csv
    ok bash -c 'ulimit -n 512; exec umm-convert --by=symbol --out-root=root --timeframes=1d in.csv'
    [[ $(find root -name 1d.npy | wc -l) -eq 3000 ]]
    local symbol
    for symbol in S1 S64 S65 S3000; do
        ok umm-convert --where=symbol=$symbol -o want.npy in.csv
        cmp want.npy root/$symbol/1d.npy
    done
    # Again, with the next rows: all are there and grow, synced together.
    # shellcheck disable=SC2046
    FIRST=2 many 2 $(seq -f 'S%.0f' 3000) >next.csv
    ok bash -c 'ulimit -n 512; exec umm-convert --append --by=symbol --out-root=root --timeframes=1d next.csv'
    ok umm-convert --where=symbol=S777 -o want.npy in.csv
    ok umm-convert --append --where=symbol=S777 -o want.npy next.csv
    cmp want.npy root/S777/1d.npy
    no_leftovers root
}

@test "days are appended one after the other, of symbols old and new" {
    FIRST=0 many 100 SPY QQQ >day-1.csv
    FIRST=90 many 100 SPY NEW >day-2.csv
    local day symbol
    for day in 1 2 2; do
        ok umm-convert --append --by=symbol --out-root=root --timeframes=1m day-$day.csv
    done
    { cat day-1.csv && tail -n +202 day-2.csv; } >all.csv
    for symbol in SPY QQQ NEW; do
        rm -f want.npy
        for day in 1 2; do
            # A day without the symbol has nothing new of it.
            umm-convert --append --where=symbol=$symbol -o want.npy day-$day.csv 2>/dev/null || true
        done
        cmp want.npy root/$symbol/1m.npy
    done
    capture umm-convert -v --append --by=symbol --out-root=root --timeframes=1m day-2.csv
    [[ $status -eq 0 && ${stderr%%$'\n'*} == "root/NEW/1m.npy: 100 rows, 2020-01-01T01:30:00Z to 2020-01-01T03:09:00Z, 0 gaps, 0 duplicates, 0 appended, 100 the same, 0 revised, unchanged" ]] || fail "$stderr"
    no_leftovers root
}

@test "a row that differs fails its dataset alone" {
    many 50 SPY QQQ A >day.csv
    ok umm-convert --append --by=symbol --out-root=root --timeframes=1m day.csv
    cp -r root old
    FIRST=0 many 60 SPY QQQ A | sed '/^QQQ,1577836920,/s/,20$/,21/' >next.csv
    refuses 1 "umm-convert: root/QQQ/1m.npy: the row of 2020-01-01T00:02:00Z differs from the array's row 2 in volume; see --on-revision" \
        umm-convert --append --by=symbol --out-root=root --timeframes=1m next.csv
    cmp old/QQQ/1m.npy root/QQQ/1m.npy
    ok umm-convert --where=symbol=SPY -o want.npy next.csv
    cmp want.npy root/SPY/1m.npy
    ok umm-convert --append --on-revision=keep --by=symbol --out-root=root --timeframes=1m next.csv
    [[ $($PY -c 'import numpy; a = numpy.load("root/QQQ/1m.npy"); print(len(a), a[2, 5])') == '60 20.0' ]]
    # The last row may be replaced, also where many are synced together.
    # shellcheck disable=SC2046
    many 2 $(seq -f 'S%.0f' 70) >many.csv
    ok umm-convert --append --by=symbol --out-root=many --timeframes=1m many.csv
    sed '/,1577836860,/s/,[0-9]*$/,7/' many.csv >last.csv
    ok umm-convert --append --on-revision=replace-last --by=symbol --out-root=many --timeframes=1m last.csv
    ok umm-convert --where=symbol=S70 -o want.npy last.csv
    cmp want.npy many/S70/1m.npy
}

@test "an error in the text leaves everything as it was" {
    many 50 SPY QQQ >day.csv
    ok umm-convert --by=symbol --out-root=root --timeframes=1m day.csv
    cp -r root old
    { FIRST=50 many 50 SPY QQQ && echo 'SPY,1577842800,1,x,1,1,1'; } >bad.csv
    refuses 1 'umm-convert: bad.csv:102:18: high is not a number: "x"' \
        umm-convert --by=symbol --out-root=root --timeframes=1m bad.csv
    diff -r old root
    capture umm-convert --bad-rows=quarantine:bad.txt --by=symbol --out-root=root --timeframes=1m bad.csv
    [[ $status -eq 3 && -z $stderr ]]
    [[ $(<bad.txt) == "symbol,timestamp,open,high,low,close,volume
# bad.csv:102:18: high is not a number: \"x\"
SPY,1577842800,1,x,1,1,1" ]]
    # Order is that of a symbol.
    { many 3 SPY QQQ && echo 'QQQ,1577836800,1,1,1,1,1'; } >back.csv
    refuses 1 'umm-convert: back.csv:8:5: 2020-01-01T00:00:00Z after 2020-01-01T00:02:00Z: out of order; use --order asc for newest-first rows, --order sort for any' \
        umm-convert --by=symbol --out-root=new --timeframes=1m back.csv
    { many 3 SPY QQQ && echo 'SPY,1577836920,1,1,1,1,1'; } >twice.csv
    refuses 1 'umm-convert: twice.csv:8:5: a second row of 2020-01-01T00:02:00Z; use --dedup first or last' \
        umm-convert --dedup=error --by=symbol --out-root=new --timeframes=1m twice.csv
    [[ -z $(ls -A new) ]]
    local which
    for which in first last; do
        ok umm-convert --dedup=$which --by=symbol --out-root=new --timeframes=1m twice.csv
        SYMBOLS='SPY QQQ' each new --dedup=$which twice.csv
        ok umm-convert --order=sort --dedup=$which --by=symbol --out-root=new --timeframes=1m twice.csv
        SYMBOLS='SPY QQQ' each new --dedup=$which twice.csv
    done
    # Newest first.
    { head -n 1 day.csv && tail -n +2 day.csv | tac; } >newest.csv
    ok umm-convert --order=asc --by=symbol --out-root=new --timeframes=1m newest.csv
    SYMBOLS='SPY QQQ' each new day.csv
}

@test "a value that is no symbol makes its row bad" {
    many 3 SPY >in.csv
    printf '%s\n' ',1577837100,1,1,1,1,1' '"  ",1577837100,1,1,1,1,1' >>in.csv
    refuses 1 'umm-convert: in.csv:5:1: a symbol has 1 to 80 bytes: ""' \
        umm-convert --by=symbol --out-root=root --timeframes=1m in.csv
    local long
    long=$(printf 'x%.0s' {1..81})
    many 3 SPY >long.csv
    echo "$long,1577837100,1,1,1,1,1" >>long.csv
    capture umm-convert --by=symbol --out-root=root --timeframes=1m long.csv
    [[ $status -eq 1 && $stderr == 'umm-convert: long.csv:5:1: a symbol has 1 to 80 bytes: "xxx'* ]]
    [[ -z $(ls -A root) ]]
    # In a text that is read in blocks also: none is lost.
    { many 9000 SPY QQQ && tail -n 2 in.csv && FIRST=9000 many 9000 SPY QQQ | tail -n +2; } >long.csv
    local threads
    for threads in 1 2; do
        capture umm-convert --threads=$threads --json --bad-rows=skip --by=symbol --out-root=root --timeframes=1m long.csv
        [[ $status -eq 3 && $output == *'"rows_rejected": 2,'*'"epochs": {
        "s": 36000'* ]] || fail "$output"
    done
    many 18000 SPY QQQ >long.csv
    SYMBOLS='SPY QQQ' each root long.csv
}

@test "blanks and quotes around a value do not count, its case does" {
    printf '%s\n' symbol,timestamp,open,high,low,close,volume 'SPY,1577836800,1,1,1,1,1' '"SPY",1577836860,2,2,2,2,2' \
        ' SPY ,1577836920,3,3,3,3,3' 'spy,1577836800,4,4,4,4,4' '"a""b",1577836800,5,5,5,5,5' 'a/b,1577836800,6,6,6,6,6' \
        '.x,1577836800,7,7,7,7,7' >in.csv
    ok umm-convert --by=symbol --out-root=root --timeframes=1m in.csv
    [[ $(find root -name 1m.npy -printf '%P\n' | LC_ALL=C sort | tr '\n' ' ') == '%2Ex/1m.npy SPY/1m.npy a"b/1m.npy a%2Fb/1m.npy spy/1m.npy ' ]]
    [[ $($PY -c 'import numpy; print(numpy.load("root/SPY/1m.npy")[:, 1])') == '[1. 2. 3.]' ]]
}

@test "what else says whose a row is has one value for each" {
    local rows=symbol,timestamp,open,high,low,close,volume,instrument_id
    printf '%s\n' $rows SPY,1577836800,1,1,1,1,1,7 QQQ,1577836800,1,1,1,1,1,8 SPY,1577836860,1,1,1,1,1,7 \
        QQQ,1577836860,1,1,1,1,1,8 >in.csv
    ok umm-convert --by=symbol --out-root=root --timeframes=1m in.csv
    echo SPY,1577836920,1,1,1,1,1,9 >>in.csv
    refuses 1 'umm-convert: in.csv:6:26: instrument_id is "9" after "7": not one series; take one with --where COLUMN=VALUE or each with --by COLUMN, or say that it is one with --one-series' \
        umm-convert --by=symbol --out-root=root --timeframes=1m in.csv
    ok umm-convert --one-series --by=symbol --out-root=root --timeframes=1m in.csv
    # A file after it goes on where it stopped, whatever the place of the column.
    printf '%s\n' instrument_id,$rows 8,SPY,1577836920,1,1,1,1,1,7 | sed 's/,instrument_id$//; s/,7$//' >next.csv
    sed -i '$d' in.csv
    refuses 1 'umm-convert: next.csv:2:1: instrument_id is "8" after "7": not one series; take one with --where COLUMN=VALUE or each with --by COLUMN, or say that it is one with --one-series' \
        umm-convert --by=symbol --out-root=root --timeframes=1m in.csv next.csv
}

@test "a filter goes with it" {
    many 20 SPY QQQ A | awk -F, 'NR == 1 { print $0 ",venue"; next } { print $0 (NR % 2 ? ",X" : ",Y") }' >in.csv
    ok umm-convert --where=venue=X --by=symbol --out-root=root --timeframes=1m in.csv
    local symbol
    for symbol in SPY QQQ A; do
        ok umm-convert --where=venue=X --where=symbol=$symbol -o want.npy in.csv
        cmp want.npy root/$symbol/1m.npy
    done
    ok umm-convert --where=symbol=SPY --one-series --by=symbol --out-root=one --timeframes=1m in.csv
    [[ $(ls one) == SPY ]]
}

@test "the timeframe is told by an option, or by the names of the files" {
    many 3 SPY >us-1m-2024.csv
    many 3 SPY >us.csv
    FIRST=3 many 3 SPY >us_1d.csv
    ok umm-convert --by=symbol --out-root=root us-1m-2024.csv
    [[ -e root/SPY/1m.npy ]]
    refuses 2 "umm-convert: us.csv: its name tells no timeframe; name that of all files with --timeframes
$TRY" \
        umm-convert --by=symbol --out-root=root us.csv
    refuses 2 "umm-convert: us_1d.csv: its name tells 1d, and the name of the file before 1m; name that of all files with --timeframes
$TRY" \
        umm-convert --by=symbol --out-root=root us-1m-2024.csv us_1d.csv
    refuses 2 "umm-convert: <stdin>: its name tells no timeframe; name that of all files with --timeframes
$TRY" \
        umm-convert --by=symbol --out-root=root - <us.csv
    ok umm-convert --by=symbol --out-root=root --timeframes=4H us-1m-2024.csv us_1d.csv
    [[ -e root/SPY/4h.npy ]]
}

@test "the root is made, in every tool" {
    many 30 SPY QQQ >in.csv
    ok umm-convert --by=symbol --out-root=a --timeframes=1m in.csv
    ok umm-convert --where=symbol=SPY --out-root=b/ --symbols=SPY --timeframes=1m in.csv
    cmp a/SPY/1m.npy b/SPY/1m.npy
    ok umm-convert --sync --by=symbol --out-root=c --timeframes=1m in.csv
    diff -r a c
    ok umm-features -f ema:3 --root=a --symbols=SPY --timeframes=1m --out-root=d
    [[ -e d/SPY/1m.npy ]]
}

@test "a dry run tells the datasets and writes nothing" {
    many 3 SPY QQQ >in.csv
    ok umm-convert --dry-run --by=symbol --out-root=root --timeframes=1m in.csv
    [[ $output == 'root/QQQ/1m.npy: 3 rows, 2020-01-01T00:00:00Z to 2020-01-01T00:02:00Z, 0 gaps, 0 duplicates
root/SPY/1m.npy: 3 rows, 2020-01-01T00:00:00Z to 2020-01-01T00:02:00Z, 0 gaps, 0 duplicates
in.csv: 6 rows; '* ]] || fail "$output"
    [[ ! -e root ]]
}

@test "places that are one, or an input, are refused before anything is written" {
    many 3 SPY QQQ >in.csv
    mkdir -p root/SPY other
    ln -s SPY root/QQQ
    refuses 2 "umm-convert: root: two outputs in it have one place, by a link
$TRY" \
        umm-convert --by=symbol --out-root=root --timeframes=1m in.csv
    rm root/QQQ
    mkdir root/QQQ
    cp in.csv root/QQQ/1m.npy
    refuses 2 "umm-convert: root: an input in it would be an output
$TRY" \
        umm-convert --by=symbol --out-root=root --timeframes=1m root/QQQ/1m.npy
    cmp in.csv root/QQQ/1m.npy
    rm root/QQQ/1m.npy
    refuses 2 "umm-convert: root/QQQ/1m.npy: would take the place of an array
$TRY" \
        umm-convert --bad-rows=quarantine:root/QQQ/1m.npy --by=symbol --out-root=root --timeframes=1m in.csv
    [[ -z $(find root -type f) ]]
}

@test "options that do not go together are refused" {
    many 3 SPY QQQ >in.csv
    refuses 2 "umm-convert: --by needs --out-root, and no --symbols
$TRY" umm-convert --by=symbol -o out.npy in.csv
    refuses 2 "umm-convert: --by needs --out-root, and no --symbols
$TRY" umm-convert --by=symbol --out-root=root --symbols=SPY --timeframes=1m in.csv
    refuses 2 "umm-convert: --out-root takes the place of -o and --out-dir
$TRY" umm-convert --by=symbol --out-root=root --timeframes=1m -o out.npy in.csv
    refuses 2 "umm-convert: --tail is for one array: not with --by
$TRY" umm-convert --by=symbol --append --tail --out-root=root --timeframes=1m in.csv
    refuses 2 "umm-convert: --rows is for one array: not with --by
$TRY" umm-convert --by=symbol --rows=3 --out-root=root --timeframes=1m in.csv
    refuses 2 "umm-convert: --report is for one output: not with --by
$TRY" umm-convert --by=symbol --report=r.json --out-root=root --timeframes=1m in.csv
    refuses 1 'umm-convert: in.csv:1:1: no field for '"'ticker'"' among "symbol", "timestamp", "open", "high", "low", "close", "volume"; use --columns, --names, --layout or --skip-lines' \
        umm-convert --by=ticker --out-root=root --timeframes=1m in.csv
    refuses 1 'umm-convert: in.csv:3:1: symbol is "QQQ" after "SPY": not one series; take one with --where COLUMN=VALUE or each with --by COLUMN, or say that it is one with --one-series' \
        umm-convert -o out.npy in.csv
}

@test "reports have an object and series for each dataset" {
    many 3 SPY QQQ >in.csv
    ok umm-convert --json --metrics=m.prom --by=symbol --out-root=root --timeframes=1m in.csv
    printf '%s' "$output" >out.json
    $PY - <<'END'
import json
text, found, at = open("out.json").read(), [], 0
while text[at:].strip():
    one, n = json.JSONDecoder().raw_decode(text[at:].lstrip())
    at = len(text) - len(text[at:].lstrip()[n:])
    found.append(one)
assert [o["output"] for o in found] == ["root/QQQ/1m.npy", "root/SPY/1m.npy", "root"], found
assert [o["rows"] for o in found] == [3, 3, 6]
assert found[2]["inputs"][0]["rows"] == 6
END
    grep -q '^umm_rows{.*output="[^"]*root/SPY/1m.npy".*} 3$' m.prom
}
