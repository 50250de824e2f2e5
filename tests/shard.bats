#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --shard I/N in every tool that takes many datasets or files, and GNU parallel in front of it:
# what N runs write is what one writes, to the byte.

load helper

# Seven symbols of two timeframes: fourteen datasets.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    local s
    mkdir in whole whole/arrays whole/slices
    for s in A B C D E/F G H; do
        echo "$s" >>list
        umm-synth --symbol="$s" --seed="$((++seed))" --rows=300 -o "in/X${s//\//}-1m.csv"
        umm-synth --symbol="$s" --seed="$((++seed))" --rows=50 --timeframe=1h -o "in/X${s//\//}-1h.csv"
        umm-convert --out-root=root --symbols="$s" --timeframes=1m "in/X${s//\//}-1m.csv"
        umm-convert --out-root=root --symbols="$s" --timeframes=1h "in/X${s//\//}-1h.csv"
    done
    export ROOT=$PWD/root LIST=$PWD/list IN=$PWD/in WHOLE=$PWD/whole
    umm-features "${features[@]}" --root=root --symbols-from=list --timeframes=1m,1h --out-root=whole/features
    umm-convert --out-dir=whole/arrays in/*
    umm-mmap-slice --root=root --symbols-from=list --timeframes=1m,1h --out-dir=whole/slices -- -20:
}

features=(-f 'ema:20,rsi:14' --threads=1)

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    datasets=(--root="$ROOT" --symbols-from="$LIST" --timeframes='1m,1h')
}

# Run TOOL with every one of N shards, the last first, one of them twice:
# in_shards N TOOL ARGUMENT...
in_shards() {
    local n=$1 i
    shift
    for ((i = n - 1; i >= 0; i--)); do
        ok "$1" --shard="$i/$n" "${@:2}" || return
    done
    ok "$1" --shard="0/$n" "${@:2}"
}

# There are N files and no more in DIR.
has_files() {
    [ "$(find "$1" -type f | wc -l)" -eq "$2" ]
}

@test "shards of umm-convert" {
    mkdir out
    ok umm-convert --out-dir=out --shard=1/4 "$IN"/*
    has_files out 4
    in_shards 4 umm-convert --out-dir=out "$IN"/*
    diff -r out "$WHOLE/arrays"
    ok umm-convert --out-dir=out --shard=20/21 "$IN"/*
    no_leftovers .
}

@test "shards of umm-features" {
    local n
    ok umm-features "${features[@]}" "${datasets[@]}" --out-root=part --shard=2/4
    has_files part 3
    for n in 1 3 20; do
        in_shards "$n" umm-features "${features[@]}" "${datasets[@]}" --out-root="out$n"
        diff -r "out$n" "$WHOLE/features"
    done
    # Where an array grows, in any shard of any number.
    in_shards 2 umm-features "${features[@]}" "${datasets[@]}" --append --out-root=grown
    in_shards 5 umm-features "${features[@]}" "${datasets[@]}" --append --out-root=grown
    rm grown/*/*.state
    diff -r grown "$WHOLE/features"
    refuses 2 "umm-features: --shard is for datasets by name: give --symbols and --timeframes
Try 'umm-features --help'." umm-features -f ema:20 --shard=0/2 "$IN/XA-1m.csv"
    no_leftovers .
}

@test "shards of umm-mmap-slice" {
    mkdir out
    ok umm-mmap-slice --out-dir=out --shard=9/10 "${datasets[@]}" -- -20:
    has_files out 1
    in_shards 3 umm-mmap-slice "${datasets[@]}" --out-dir=out -- -20:
    diff -r out "$WHOLE/slices"
    refuses 2 "umm-mmap-slice: --shard needs --out-dir
Try 'umm-mmap-slice --help'." umm-mmap-slice "${datasets[@]}" --shard=0/14
    refuses 2 "umm-mmap-slice: --ranges-from and --symbols-from cannot both be standard input
Try 'umm-mmap-slice --help'." umm-mmap-slice --out-dir=out --root="$ROOT" --symbols-from=- \
        --ranges-from=- --timeframes=1m
    no_leftovers .
}

# The files that reports tell of, in order.
told() {
    sed -n 's/^ *"path": "\(.*\)",*$/\1/p' | sort
}

@test "shards of umm-preload" {
    local i
    for i in 0 1 2 3; do
        umm-preload --status --json "${datasets[@]}" --shard="$i/4"
    done | told >shards
    umm-preload --status --json "${datasets[@]}" | told | cmp - shards
    [ "$(wc -l <shards)" -eq 14 ]
    printf '%s\0' "$IN"/* >names
    for i in 0 1 2 3; do
        umm-preload --status --json --files0-from=names --shard="$i/4"
    done | told >shards
    printf '%s\n' "$IN"/* | sort | cmp - shards
    ok umm-preload "${datasets[@]}" --shard=14/15
    ok umm-preload --verify --json "$ROOT" --shard=1/2
    [ "$(told <<<"$output")" = "" ]
    refuses 2 "umm-preload: --files0-from takes the place of files and datasets
Try 'umm-preload --help'." umm-preload --files0-from=names "${datasets[@]}"
}

@test "shards of umm-db push" {
    local i
    ok umm-db push sqlite:shards.db bars "${datasets[@]}" --shard=13/14
    [ "$(sqlite3 shards.db 'select distinct symbol, timeframe from bars')" = 'H|1h' ]
    for i in 2 1 0 2; do
        ok umm-db push sqlite:shards.db bars "${datasets[@]}" --shard="$i/3"
    done
    ok umm-db push sqlite:whole.db bars "${datasets[@]}"
    for i in shards whole; do
        sqlite3 "$i.db" 'select * from bars order by symbol, timeframe, timestamp' >"$i"
    done
    [ "$(wc -l <whole)" -eq 2450 ]
    cmp shards whole
    refuses 2 "umm-db: --shard is for datasets by name: INPUTs are pushed as one
Try 'umm-db --help'." umm-db push sqlite:x.db bars --shard=0/2 "$ROOT/A/1m.npy"
    ok umm-db push sqlite:whole.db bars "${datasets[@]}" --shard=14/15
}

# ---- GNU parallel in front ------------------------------------------------------------------

# Its own files stay here, and it is quiet about its citation.
parallel_quietly() {
    HOME=$PWD parallel --will-cite "$@" 2>parallel.err || return
    [ ! -s parallel.err ]
}

@test "GNU parallel runs shards" {
    seq 0 4 | parallel_quietly -j 3 umm-features "${features[@]}" "${datasets[@]}" --out-root=out --shard={}/5
    diff -r out "$WHOLE/features"
    no_leftovers .
}

@test "GNU parallel goes on with shards that are not in its log" {
    # A directory that cannot be made fails the shard that comes to it, and the run ends there.
    mkdir out
    touch out/C
    HOME=$PWD run -1 parallel --will-cite -j 1 --halt now,fail=1 --joblog log \
        umm-features "${features[@]}" "${datasets[@]}" --out-root=out --shard={}/5 ::: 0 1 2 3 4
    [ "$(awk 'NR > 1 && $7 == 0' log | wc -l)" -lt 5 ]
    rm out/C
    seq 0 4 | parallel_quietly -j 2 --joblog log --resume-failed \
        umm-features "${features[@]}" "${datasets[@]}" --out-root=out --shard={}/5
    diff -r out "$WHOLE/features"
    [ "$(awk 'NR > 1 && $7 == 0 { print $NF }' log | sort -u | wc -l)" -eq 5 ]
    local lines
    lines=$(wc -l <log)
    seq 0 4 | parallel_quietly -j 2 --joblog log --resume \
        umm-features "${features[@]}" "${datasets[@]}" --out-root=out --shard={}/5
    [ "$(wc -l <log)" -eq "$lines" ]
    no_leftovers .
}
