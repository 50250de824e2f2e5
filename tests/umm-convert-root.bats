#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-convert --out-root: datasets by name.

load helper

TRY="Try 'umm-convert --help'."

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir root
    umm-synth --rows 100 -o a.csv
    umm-synth --rows 200 --seed 2 --start 2021-01-01 -o b.csv
}

tree() {
    find root -type f -printf '%P\n' | sort | tr '\n' ' '
}

@test "a symbol and a timeframe name the output" {
    ok umm-convert --out-root root --symbols BTCUSDT --timeframes 1m a.csv b.csv
    [ -z "$output" ]
    ok umm-convert -o want.npy a.csv b.csv
    cmp want.npy root/BTCUSDT/1m.npy
    ok umm-convert --out-root root/ --symbol BTC/USDT --timeframe 04H a.csv
    ok umm-convert --out-root root --symbol .. --timeframe 1Mo a.csv
    [ "$(tree)" = "%2E./1mo.npy BTC%2FUSDT/4h.npy BTCUSDT/1m.npy " ]
    no_leftovers root
}

@test "rows are appended, reported and locked as with -o" {
    ok umm-convert --out-root root --symbols X --timeframes 1m --append --lock --json a.csv
    [[ $output == *'"output": "root/X/1m.npy"'* ]]
    ok umm-convert --out-root root --symbols X --timeframes 1m --append --lock b.csv
    ok umm-convert -o want.npy a.csv b.csv
    cmp want.npy root/X/1m.npy
    no_leftovers root
}

@test "names of files name the outputs" {
    cp a.csv BTCUSDT-1m-2024-01.csv
    zstd -q b.csv -o ETH-USD_1H.csv.zst
    cp b.csv Binance_XRP_1d.txt
    mkdir sub-1w
    cp a.csv sub-1w/GE-4h.tar.csv
    ok umm-convert --out-root root BTCUSDT-1m-2024-01.csv ETH-USD_1H.csv.zst Binance_XRP_1d.txt \
        sub-1w/GE-4h.tar.csv
    [ "$(tree)" = "BTCUSDT/1m.npy ETH-USD/1h.npy GE/4h.npy XRP/1d.npy " ]
    ok umm-convert -o want.npy b.csv
    cmp want.npy root/ETH-USD/1h.npy
    no_leftovers root
}

@test "a symbol in the name of a file is written as in that of a directory" {
    local symbol name
    for symbol in BTC/USDT 100% .X A%2FB ..; do
        ok umm-convert --out-root root --symbols "$symbol" --timeframes 1m a.csv
        name=$(ls -A root)
        cp a.csv "$name-1m.csv"
        ok umm-convert --out-root root "$name-1m.csv"
        [ "$(tree)" = "$name/1m.npy " ]
        ok umm-mmap-slice --root root --symbols "$symbol" --timeframes 1m --format csv
        rm -r "root/$name"
    done
    for name in 100% A%2fB A%41 A%2; do
        cp a.csv "$name-1m.csv"
        refuses 2 "umm-convert: a % in a name is one of %2F, %25 and %2E: \"$name\"
$TRY" umm-convert --out-root root "$name-1m.csv"
    done
    [ -z "$(ls -A root)" ]
}

@test "names that tell no symbol or timeframe are refused before anything is done" {
    local name
    for name in a.csv EURUSD_M.csv EURUSD-1M-2024.csv BTCUSDT1m.csv -1m.csv x-1m5.csv BTCUSDT-.csv; do
        cp a.csv "./$name" 2>/dev/null || true
        cp a.csv X-1m.csv
        refuses 2 "umm-convert: ./$name: its name tells no symbol and timeframe; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root root X-1m.csv "./$name"
    done
    [ -z "$(ls root)" ]
    refuses 2 "umm-convert: standard input has no name for an output: use -o
$TRY" umm-convert --out-root root -
}

@test "files of one dataset go together by their names, and when it is named" {
    cp a.csv X-1m-2020.csv
    cp b.csv X_1m_2021.csv
    ok umm-convert --out-root root X_1m_2021.csv X-1m-2020.csv
    ok umm-convert --out-root root --symbols Y --timeframes 1m X-1m-2020.csv X_1m_2021.csv
    ok umm-convert -o want.npy a.csv b.csv
    cmp want.npy root/X/1m.npy
    cmp want.npy root/Y/1m.npy
}

@test "options that do not go together are refused" {
    local name
    for name in --symbols=X --timeframes=1m "--name-pattern={symbol}_{minutes}"; do
        refuses 2 "umm-convert: --symbols, --timeframes and --name-pattern need --out-root
$TRY" umm-convert -o x.npy "$name" a.csv
    done
    refuses 2 "umm-convert: a.csv: its name tells no symbol and timeframe; use --name-pattern, or --symbols and --timeframes
$TRY" umm-convert --out-root root --symbols X a.csv
    refuses 2 "umm-convert: --out-root takes the place of -o and --out-dir
$TRY" umm-convert --out-root root -o x.npy a.csv
    refuses 2 "umm-convert: --out-root takes the place of -o and --out-dir
$TRY" umm-convert --out-root root --out-dir . a.csv
    refuses 2 "umm-convert: --out-root takes one symbol and one timeframe
$TRY" umm-convert --out-root root --symbols X,Y --timeframes 1m a.csv
    refuses 2 "umm-convert: minutes are m and months are mo: \"1M\"
$TRY" umm-convert --out-root root --symbols X --timeframes 1M a.csv
    refuses 2 "umm-convert: a symbol has 1 to 80 bytes: \"\"
$TRY" umm-convert --out-root root --symbols "" --timeframes 1m a.csv
    refuses 2 "umm-convert: --out-root takes one symbol and one timeframe
$TRY" umm-convert --out-root root --timeframes 1m,1h a.csv
    [ -z "$(ls root)" ]
}

@test "a dry run makes no directory" {
    ok umm-convert --out-root root --symbols X --timeframes 1m --dry-run a.csv
    [ -z "$(ls root)" ]
}

@test "the root is made, and a file is no directory" {
    ok umm-convert --out-root fresh --symbols X --timeframes 1m a.csv
    cmp fresh/X/1m.npy <(umm-convert -o - a.csv)
    refuses 1 "umm-convert: none/fresh: cannot create a directory: No such file or directory" \
        umm-convert --out-root none/fresh --symbols X --timeframes 1m a.csv
    : >root/X
    refuses 1 "umm-convert: root/X: cannot create a directory: File exists" \
        umm-convert --out-root root --symbols X --timeframes 1m a.csv
    cp a.csv X-1m.csv
    cp a.csv Y-1m.csv
    refuses 1 "umm-convert: root/X: cannot create a directory: File exists" \
        umm-convert --out-root root X-1m.csv Y-1m.csv
    [ "$(tree)" = "X Y/1m.npy " ]
}
