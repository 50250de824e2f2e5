#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-watch beside tests/ref/watch_reference.py, the same definition in plain Python: random days
# of events, replayed look for look.

load helper

REFERENCE=$BATS_TEST_DIRNAME/ref/watch_reference.py

# same OPTION... -- ARGUMENT...: the tool with its options gives the looks of the reference with its.
same() {
    local -a options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    "$PY" "$REFERENCE" looks events.csv "$@" >expected
    local rc=0
    umm-watch --clock=input "${options[@]}" events.csv >got 2>err || rc=$?
    # A full list refuses to open more, which the reference passes over.
    ((rc == 0)) || { ((rc == 3)) && ! grep -vE 'open positions already|more bad events' err; } || fail "$rc: $(<err)"
    cmp expected got || fail "$*: $(diff expected got | head -5)"
    [[ -s got ]]
}

@test "days of events give the looks of the reference" {
    for seed in 1 2 3 4; do
        "$PY" "$REFERENCE" events $seed 700 4 >events.csv
        same --
    done
}

@test "other levels, closed ones that come soon or make room" {
    "$PY" "$REFERENCE" events 5 1000 3 >events.csv
    same --levels=0.9:7ms,0.3:1s,0:9s --closed=2s -- 0.9:7,0.3:1000,-1:9000 2000
    "$PY" "$REFERENCE" events 6 1000 3 >events.csv
    same --max-positions=12 --bad-events=skip -- 0.8:100,0.5:500,0.2:2000,-1:5000 3600000 12
    "$PY" "$REFERENCE" events 7 700 40 >events.csv
    same --levels=0:60s --closed=1s -- -1:60000 1000
}
