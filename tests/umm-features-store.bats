#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-features -o store:PLACE: the newest features of each symbol, as vectors that others map.

load helper

LIST=ema:5,rsi:3,sma:4@volume

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    umm-synth --symbols=3 --rows=180 >mixed.csv
    umm-store create --dim=3 s
    cat >newest.py <<'PY'
# newest.py DIR CSV [N]: the store has the last row of each symbol of the first N rows of CSV, rounded.
import csv, sys
import numpy as np
rows = list(csv.reader(open(sys.argv[2])))[1:]
if len(sys.argv) > 3:
    rows = rows[:int(sys.argv[3])]
want = {r[0]: (int(r[1]), np.array([float(x) for x in r[2:]]).astype(np.float32).tobytes()) for r in rows}
slots, vectors = np.load(sys.argv[1] + '/slots.npy'), np.load(sys.argv[1] + '/vectors.npy')
have = {s['id'].decode(): (s['timestamp'].astype('M8[ms]').astype(int).item(), v.tobytes())
        for s, v in zip(slots, vectors) if s['generation']}
assert have == want, (have, want)
assert slots['active'][slots['generation'] > 0].all()
PY
}

BY=(umm-features -f "$LIST" --by=symbol -o store:s)

is_usage() {
    local text=$1
    shift
    refuses 2 "umm-features: $text"$'\n'"Try 'umm-features --help'." "$@"
}

@test "the newest row of each symbol is its vector, rounded once, with the row's time" {
    umm-features -f "$LIST" --by=symbol mixed.csv >rows.csv
    ok "${BY[@]}" --json mixed.csv
    [[ $output == *'"output": null,'*'"store": "s",'*'"rows_new": 180,'*'"vectors_put": 3,'* ]]
    [[ $output == *'"rows_put_over": 177,'*'"rows_kept_out": 0,'*'"symbols": 3,'* ]]
    ok "$PY" newest.py s rows.csv
    ok umm-store verify s
    no_leftovers
}

@test "one series has the id that it is given" {
    grep -E 'symbol|SYNTH2' mixed.csv | cut -d, -f2- >one.csv
    umm-features -f "$LIST" one.csv | sed 's/^/a b,/' >rows.csv
    ok umm-features -f "$LIST" --follow -o store:s --store-id='a b' one.csv
    ok "$PY" newest.py s rows.csv
    ok bash -c "cat one.csv | umm-features -f $LIST --follow -o store:s --store-id=other"
    ok cmp <(umm-store get s 'a b' | cut -d, -f2-) <(umm-store get s other | cut -d, -f2-)
}

@test "a reader sees a row before the next one comes" {
    local i
    umm-features -f "$LIST" --by=symbol mixed.csv >rows.csv
    mkfifo in
    "${BY[@]}" in 3>&- &
    local pid=$!
    wait_until $pid 'the pipe to be opened' has_open $pid in
    exec 4>in
    head -n 31 mixed.csv >&4
    for i in {30..33}; do
        wait_until $pid "row $i" "$PY" newest.py s rows.csv "$i"
        sed -n "$((i + 2))p" mixed.csv >&4
    done
    exec 4>&-
    wait $pid
    ok "$PY" newest.py s rows.csv 34
}

@test "warm-up rows are NaN, or are dropped" {
    head -n 10 mixed.csv >few.csv
    ok "${BY[@]}" few.csv
    [[ $(umm-store get s SYNTH3) == SYNTH3,NaN,NaN,NaN ]]
    ok "$PY" -c 'import numpy as np
s, v = np.load("s/slots.npy"), np.load("s/vectors.npy")
assert {x for x in v[s["generation"] > 0].view("u4").ravel().tolist()} == {0x7fc00000}'
    rm -r s
    umm-store create --dim=3 s
    ok "${BY[@]}" --warmup=drop few.csv
    [[ $(umm-store list s) == id,active,timestamp ]]
    head -n 16 mixed.csv >few.csv
    ok "${BY[@]}" --warmup=drop few.csv
    umm-features -f "$LIST" --by=symbol --warmup=drop few.csv >rows.csv
    has_lines rows.csv 4
    ok "$PY" newest.py s rows.csv
}

@test "no id goes back in time, and what is there to the bit is not put again" {
    umm-features -f "$LIST" --by=symbol mixed.csv >rows.csv
    ok "${BY[@]}" mixed.csv
    cp -r s before
    ok "${BY[@]}" --json mixed.csv
    [[ $output == *'"changed": false,'*'"vectors_put": 0,'*'"rows_kept_out": 3,'* ]]
    cmp s/slots.npy before/slots.npy
    head -n 100 mixed.csv >early.csv
    ok "${BY[@]}" early.csv
    cmp s/slots.npy before/slots.npy
    # The same time with other numbers: a revised row.
    sed -E '$s/,[0-9.]+$/,999/' mixed.csv >revised.csv
    capture "${BY[@]}" -v revised.csv
    [[ $stderr == 'revised.csv: 180 new rows; s: 1 vectors put, 2 rows that it has, or newer ones; '* ]]
    [[ $(umm-store get s SYNTH3) != $(umm-store get before SYNTH3) ]]
}

@test "what a power cut damaged is put again, whatever its time seems to be" {
    ok "${BY[@]}" mixed.csv
    cp -r s before
    "$PY" - <<'END'
import numpy
slots = numpy.load('s/slots.npy', mmap_mode='r+')
at = slots['id'].tolist().index(b'SYNTH2')
slots['timestamp'][at] += numpy.timedelta64(1, 'D')
END
    capture umm-store get s SYNTH2
    [[ $status -eq 1 && $stderr == *'is damaged'* ]]
    ok "${BY[@]}" mixed.csv
    ok umm-store verify s
    [[ $(umm-store get s SYNTH2) == $(umm-store get before SYNTH2) ]]
}

@test "a state goes on: what a signal ends loses nothing" {
    mkdir states
    mkfifo in
    umm-features -f "$LIST" --by=symbol mixed.csv >rows.csv
    "${BY[@]}" --state-root=states in 3>&- &
    local pid=$! code=0
    wait_until $pid 'the pipe to be opened' has_open $pid in
    exec 4>in
    head -n 91 mixed.csv >&4
    wait_until $pid 'the rows' "$PY" newest.py s rows.csv 90
    kill -TERM $pid
    wait $pid || code=$?
    exec 4>&-
    [[ $code -eq 143 ]]
    ok "${BY[@]}" --state-root=states --json <(sed '2,91d' mixed.csv)
    [[ $output == *'"rows_before": 0,'*'"rows_new": 90,'* ]]
    ok "$PY" newest.py s rows.csv
    ok "${BY[@]}" --state-root=states --json mixed.csv
    [[ $output == *'"rows_new": 0,'*'"vectors_put": 0,'* ]]

    grep -E 'symbol|SYNTH2' mixed.csv | cut -d, -f2- >one.csv
    local one=(umm-features -f "$LIST" --follow -o store:s --store-id=one --state=one.state)
    ok "${one[@]}" <(head -n 21 one.csv)
    [[ $(umm-store get s one) != $(umm-store get s SYNTH2 | sed 's/^SYNTH2/one/') ]]
    ok "${one[@]}" --checkpoint=7 --json one.csv
    [[ $output == *'"rows_before": 20,'*'"rows_new": 40,'* ]]
    [[ $(umm-store get s one) == "$(umm-store get s SYNTH2 | sed 's/^SYNTH2/one/')" ]]
    no_leftovers
}

@test "killed at any step, the next run has all features, and none by half" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    local call n killed=0
    local features=(umm-features -f "$LIST" --by=symbol -o store:s --state-root=states --checkpoint=60 mixed.csv)
    umm-features -f "$LIST" --by=symbol mixed.csv >rows.csv
    mkdir states
    cp -r s empty
    ok "${features[@]}"
    mv states want
    for call in read msync renameat rmdir; do
        for n in 1 2 5 12; do
            rm -rf states s
            mkdir states
            cp -r empty s
            capture strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log -e trace="$call" \
                -e inject="$call:signal=KILL:when=$n" "${features[@]}" 2>/dev/null
            [[ $status -ne 0 ]] || break
            ((++killed))
            # Each that is there is a row of its symbol, whole.
            umm-store export s there.csv
            cat there.csv >>all-there.csv
            ok "${features[@]}"
            ok "$PY" newest.py s rows.csv
            diff -r states want
        done
    done
    ok umm-store verify s
    ((killed >= 10)) || fail "killed $killed times"
    ok "$PY" - <<'PY'
import csv
import numpy as np
def vector(texts):
    return np.array([float(x) for x in texts]).astype('f4').tobytes()
rows = {(r[0], vector(r[2:])) for r in list(csv.reader(open('rows.csv')))[1:]}
there = [r for r in csv.reader(open('all-there.csv')) if r[0] != 'id']
assert len(there) > 10 and all((r[0], vector(r[4:])) in rows for r in there), there
PY

    local one=(umm-features -f "$LIST" --follow -o store:s --store-id=SYNTH2 --state=one.state --checkpoint=5 one.csv)
    grep -E 'symbol|SYNTH2' mixed.csv | cut -d, -f2- >one.csv
    grep -E 'symbol|SYNTH2' rows.csv >one-rows.csv
    for call in msync renameat; do
        for n in 1 2; do
            rm -rf s one.state
            cp -r empty s
            capture strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log -e trace="$call" \
                -e inject="$call:signal=KILL:when=$n" "${one[@]}" 2>/dev/null
            [[ $status -ne 0 ]] || break
            ok "${one[@]}"
            ok "$PY" newest.py s one-rows.csv
        done
    done
}

@test "a run that is killed while rows come loses none of them" {
    mkdir states
    umm-features -f "$LIST" --by=symbol mixed.csv >rows.csv
    ok "$PY" - "$LIST" <<'PY'
import os, random, signal, subprocess, sys, waiting
lines = open('mixed.csv').read().splitlines(keepends=True)
command = ['umm-features', '-f', sys.argv[1], '--by=symbol', '-o', 'store:s', '--state-root=states', '--checkpoint=5']
draw = random.Random(23)
for turn in range(8):
    p = subprocess.Popen(command, stdin=subprocess.PIPE)
    p.stdin.write(''.join(lines[:1 + draw.randrange(len(lines))]).encode())
    p.stdin.flush()
    if turn % 3:
        waiting.wait_until(lambda: waiting.bytes_in(p.stdin) == 0, 'rows to be read', p)
    p.kill()
    assert p.wait() == -signal.SIGKILL
PY
    ok "${BY[@]}" --state-root=states mixed.csv
    ok "$PY" newest.py s rows.csv
    ok umm-store verify s
}

@test "another writer waits, or fails, and readers do neither" {
    mkfifo in
    "${BY[@]}" in 3>&- &
    local pid=$!
    wait_until $pid 'the pipe to be opened' has_open $pid in
    exec 4>in
    cat mixed.csv >&4
    wait_until $pid 'a vector' umm-store get s SYNTH1
    refuses 1 "umm-features: s/slots.npy: is locked by another process: umm-features, pid $pid" "${BY[@]}" --lock=fail mixed.csv
    ok umm-store list s
    has_lines "$BATS_FILE_TMPDIR/capture.out" 4
    exec 4>&-
    wait $pid
    ok "${BY[@]}" --lock=fail mixed.csv
    no_leftovers
}

@test "what does not fit the store is said before the first row is read" {
    refuses 1 'umm-features: none: cannot examine: No such file or directory; umm-store create makes one, and its dim is 3 for them' \
        umm-features -f "$LIST" --by=symbol -o store:none missing.csv
    refuses 1 'umm-features: s: a store of vectors of 3 numbers, and the features have 1; umm-store create makes one, and its dim is 1 for them' \
        umm-features -f ema:5 --by=symbol -o store:s missing.csv
    refuses 1 'umm-features: s: a store of vectors of 3 numbers, and the features have 1; umm-store create makes one, and its dim is 1 for them' \
        umm-features -f ema:5 --follow --store-id=a -o store:s missing.csv
    mkdir empty
    refuses 1 'umm-features: empty: is not a feature store: there is no slots.npy' \
        umm-features -f "$LIST" --by=symbol -o store:empty missing.csv
    is_usage 'the id "a\tb" has a control character' \
        umm-features -f "$LIST" --follow --store-id=$'a\tb' -o store:s missing.csv
    no_leftovers
}

@test "rows that a store cannot hold are refused, and states stay before them" {
    mkdir states
    local long=abcdefghijklmnopqrstuvwxyz0123456789
    sed "5s/SYNTH1/$long/" mixed.csv >long.csv
    refuses 1 "umm-features: long.csv:5:1: the id \"$long\" has 36 bytes, the store has room for 31" "${BY[@]}" --state-root=states long.csv
    sed -E '5s/,[0-9.]+$/,1e300/' mixed.csv >huge.csv
    refuses 1 'umm-features: huge.csv: SYNTH1: sma_1_volume is 1e+300, more than a float32 holds' \
        umm-features -f sma:1@volume,ema:2,ema:3 --by=symbol --state-root=states -o store:s huge.csv
    sed '2,$s/,[0-9]*,/,2500-01-01,/' <(head -n 4 mixed.csv) >late.csv
    refuses 1 'umm-features: late.csv: SYNTH1: a store cannot hold the time 2500-01-01T00:00:00Z' "${BY[@]}" --state-root=states late.csv
    [[ -z $(ls states) && $(umm-store list s) == id,active,timestamp ]]
    umm-store create --dim=3 --max-positions=2 small
    refuses 1 'umm-features: small: the store is full: all 2 positions are active; mark some inactive, or resize it' \
        umm-features -f "$LIST" --by=symbol --state-root=states -o store:small mixed.csv
    [[ -z $(ls states) ]]
}

@test "what a store is not for is a usage error" {
    local option features=(umm-features -f "$LIST" -o store:s)
    for option in --append --verify --format=csv --format=npy --plain --warmup=empty; do
        is_usage '-o store:PLACE has vectors: --append, --verify, --format, --plain and --warmup=empty are for rows' \
            "${features[@]}" --by=symbol "$option" mixed.csv
    done
    for option in '' --symbols=A --out-root=x; do
        is_usage '-o store:PLACE takes rows as they come: give --follow or --by' "${features[@]}" ${option:+"$option"}
    done
    is_usage '-o store:PLACE needs the place of a store' umm-features -f "$LIST" --by=symbol -o store: mixed.csv
    is_usage '-o store:PLACE needs --store-id=ID, or --by' "${features[@]}" --follow mixed.csv
    is_usage '--by names each symbol: --store-id is for --follow without it' "${features[@]}" --by=symbol --store-id=a mixed.csv
    is_usage '--store-id is for -o store:PLACE' umm-features -f "$LIST" --follow --store-id=a -o - mixed.csv
    ok umm-features -f "$LIST" --by=symbol -o ./store:s --format=csv mixed.csv
    [[ -f store:s ]]
}

@test "metrics count what was put" {
    ok "${BY[@]}" --metrics=m.prom mixed.csv
    grep -qxF "umm_rows_written{tool=\"umm-features\",output=\"$PWD/s\"} 3" m.prom
    grep -qxF "umm_rows_taken{tool=\"umm-features\",output=\"$PWD/s\"} 180" m.prom
}
