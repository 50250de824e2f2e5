#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-convert --out-dir: many inputs, an array each.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir out
    for i in 1 2 3 4 5; do
        umm-synth --rows $((100 * i)) --seed "$i" -o "f$i.csv"
    done
}

@test "each input gives the array that -o gives" {
    ok umm-convert --out-dir out f1.csv f2.csv f3.csv
    [ -z "$output" ]
    for i in 1 2 3; do
        ok umm-convert -o "one$i.npy" "f$i.csv"
        cmp "one$i.npy" "out/f$i.npy"
    done
    no_leftovers out
}

@test "suffixes are dropped and directories too" {
    mkdir -p a.csv.d
    zstd -q f1.csv -o a.csv.d/x.csv.zst
    cp f2.csv y.tsv
    cp f3.csv z.txt
    cp f4.csv w.data
    ok umm-convert --out-dir out a.csv.d/x.csv.zst y.tsv z.txt w.data
    [ "$(cd out && echo *)" = "w.data.npy x.npy y.npy z.npy" ]
    rm out/*
    # What a file is its bytes say; what its output is called, its name.
    for name in a.csv.gz b.bz2 c.CSV.XZ d.zip e.tar f.tsv.tar.gz g.tgz h.txz .zip; do
        cp f1.csv "$name"
    done
    ok umm-convert --out-dir out a.csv.gz b.bz2 c.CSV.XZ d.zip e.tar f.tsv.tar.gz g.tgz h.txz .zip
    [ "$(cd out && echo .z* *)" = ".zip.npy a.npy b.npy c.CSV.npy d.npy e.npy f.npy g.npy h.npy" ]
}

@test "one bad file is reported and the others are done" {
    printf 'timestamp,open,high,low,close,volume\n1600000000000,1,1,1,x,1\n' >bad.csv
    refuses 1 'umm-convert: bad.csv:2:21: close is not a number: "x"
umm-convert: missing.csv: cannot open: No such file or directory' \
        umm-convert --out-dir out f1.csv bad.csv f2.csv missing.csv f3.csv
    [ "$(cd out && echo *)" = "f1.npy f2.npy f3.npy" ]
    no_leftovers out
}

@test "rejected rows give exit status 3" {
    printf 'timestamp,open,high,low,close,volume\n1600000000000,1,1,1,x,1\n1600000060000,1,1,1,1,1\n' >bad.csv
    run --separate-stderr umm-convert --bad-rows skip --out-dir out f1.csv bad.csv
    [ "$status" -eq 3 ]
    [ -z "$stderr" ]
}

@test "two inputs with one output are refused before anything is done" {
    mkdir sub
    cp f1.csv sub/f1.csv
    refuses 2 "umm-convert: out/f1.npy: would be the output of two inputs
Try 'umm-convert --help'." umm-convert --out-dir out f2.csv f1.csv sub/f1.csv
    [ -z "$(ls out)" ]
}

@test "names come from a list that NULs end" {
    printf 'f1.csv\0f2.csv\0' >list
    ok umm-convert --out-dir out --files0-from list
    [ "$(cd out && echo *)" = "f1.npy f2.npy" ]
    printf 'f3.csv\0f 4\n.csv' | {
        cp f4.csv $'f 4\n.csv'
        run --separate-stderr umm-convert --out-dir out --files0-from -
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
    }
    [ -f out/f3.npy ]
    [ -f $'out/f 4\n.npy' ]
    : >empty
    refuses 1 "umm-convert: no file names in the list of --files0-from" \
        umm-convert --out-dir out --files0-from empty
    ok umm-convert -o all.npy --files0-from list --order keep
    [ "$($PY -c 'import numpy; print(len(numpy.load("all.npy")))')" = 300 ]
}

@test "shards share the work" {
    for i in 0 1 2; do
        ok umm-convert --out-dir out --shard "$i/3" f1.csv f2.csv f3.csv f4.csv f5.csv
    done
    [ "$(cd out && echo *)" = "f1.npy f2.npy f3.npy f4.npy f5.npy" ]
    rm out/*
    ok umm-convert --out-dir out --shard 1/3 f1.csv f2.csv f3.csv f4.csv f5.csv
    [ "$(cd out && echo *)" = "f2.npy f5.npy" ]
    for bad in 3/3 1 a/b 1/0 -1/2 /2 1/; do
        refuses 2 "umm-convert: --shard takes I/N with I from 0 to N - 1, not \"$bad\"
Try 'umm-convert --help'." umm-convert --out-dir out --shard "$bad" f1.csv
    done
}

@test "--json prints an object for each, in the order of the inputs" {
    ok umm-convert --json --threads 2 --out-dir out f1.csv f2.csv f3.csv f4.csv f5.csv
    printf '%s' "$output" | $PY -c '
import json, sys
text, decoder, at, rows = sys.stdin.read(), json.JSONDecoder(), 0, []
while at < len(text):
    value, at = decoder.raw_decode(text, at)
    at += len(text[at:]) - len(text[at:].lstrip())
    rows.append((value["output"], value["rows"]))
assert rows == [("out/f%d.npy" % i, 100 * i) for i in range(1, 6)], rows'
}

@test "what is for one output is refused" {
    local try="Try 'umm-convert --help'."
    refuses 2 "umm-convert: --out-dir takes the place of -o and --dry-run
$try" umm-convert --out-dir out -o x.npy f1.csv
    refuses 2 "umm-convert: --report and a quarantine are for one output: not with --out-dir
$try" umm-convert --out-dir out --report r.json f1.csv
    refuses 2 "umm-convert: --shard needs --out-dir or --out-root
$try" umm-convert --shard 0/2 -o x.npy f1.csv
    refuses 2 "umm-convert: standard input has no name for an output: use -o
$try" umm-convert --out-dir out -
    refuses 2 "umm-convert: --files0-from takes the place of FILE operands
$try" umm-convert --out-dir out --files0-from x f1.csv
}

@test "appends to many arrays, twice" {
    ok umm-convert --append --out-dir out f1.csv f2.csv
    cp out/f1.npy before.npy
    ok umm-convert --append --out-dir out f1.csv f2.csv
    cmp before.npy out/f1.npy
    no_leftovers out
}

@test "of many files, what killed runs left in the directory is gone after the next" {
    for i in $(seq 40); do
        ln f1.csv "many$i.csv"
    done
    echo half >out/.many7.npy.umm-3
    echo half >out/.gone.npy.umm-0
    ok umm-convert --out-dir out many*.csv
    [ "$(find out -name '*.npy' ! -name '.*' | wc -l)" -eq 40 ]
    no_leftovers out
}
