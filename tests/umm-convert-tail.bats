#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-convert: searches, hints and appends that must not trust what they see.

load helper

@test "--tail is not misled by rows inside quoted fields" {
    for seed in 1 2 3 4; do
        $PY - "$seed" <<'PY'
import random, sys
rng = random.Random(int(sys.argv[1]))
start, rows = 1577836800000, []
for i in range(9000):
    inside = "%d,%d,666,1,2,3" % (start + i * 60000 + 1, i)
    note = rng.choice(["\n" + inside + ",\n", "a\n,\"\"q\"\"", "", "x" * rng.randrange(40), "\n\n"])
    rows.append('%d,%d,%d,0,%d,5,"%s"\n' % (start + i * 60000, i, i + 1, i, note))
head = "timestamp,open,high,low,close,volume,note\n"
open("old.csv", "w").write(head + "".join(rows[: rng.randrange(1000, 8000)]))
open("all.csv", "w").write(head + "".join(rows))
PY
        rm -f x.npy
        ok umm-convert -o x.npy old.csv
        ok umm-convert --append --tail --bad-rows=quarantine:q -o x.npy all.csv
        ok umm-convert -o y.npy all.csv
        $PY -c 'import numpy as n; a, b = n.load("x.npy"), n.load("y.npy"); assert a.tobytes() == b.tobytes()'
    done
}

@test "an append of which no row can be used fails, and keeps the array" {
    ok umm-synth --rows 100 -o s.csv
    head -n 61 s.csv >old.csv
    ok umm-convert -o s.npy old.csv
    cp s.npy before.npy
    (head -n 1 s.csv && tail -n 40 s.csv | sed 's/$/x/') >bad.csv
    rejects() { capture "$@" && [[ $status -eq 3 && -z $stderr ]] || fail "$status, $stderr"; }
    local option
    for option in --bad-rows=skip --bad-rows=quarantine:q; do
        capture umm-convert --append "$option" --metrics=m -o s.npy bad.csv
        [[ $status -eq 1 && $stderr == *'; and no other row can be used (40 rejected)' && ! -e q && ! -e m ]] ||
            fail "$option: $status, $stderr"
        cmp before.npy s.npy
        # The array's last row is one that can be used.
        (cat old.csv && tail -n 40 bad.csv) >more.csv
        rejects umm-convert --append "$option" --tail -o s.npy more.csv
        rejects umm-convert --append "$option" -o s.npy more.csv
        cmp before.npy s.npy
    done
    no_leftovers
}

@test "--tail refuses a late row as a full append does" {
    ok umm-synth --rows 1000 -o s.csv
    ok umm-convert -o s.npy s.csv
    cp s.npy before.npy
    (cat s.csv && echo 1577896800000,1,1,1,1,1 && sed -n 900p s.csv) >late.csv
    refuses 1 "umm-convert: late.csv:1003:1: 2020-01-01T14:58:00Z after 2020-01-01T16:40:00Z: out of order" \
        umm-convert --append --tail -o s.npy late.csv
    cmp before.npy s.npy
}

@test "digits in groups are not taken for decimal commas" {
    printf 'Date,Open,High,Low,Close,Volume\n2023-12-31,5,6,4,5,"%s"\n' 1,500 >a.csv
    refuses 1 'umm-convert: a.csv:2:20: volume is not a number: "1,500"; use --thousands=, if it is grouped, or --decimal=, for a decimal comma' \
        umm-convert -o x.npy a.csv
    sed -i 's/1,500/1,500.25/' a.csv
    refuses 1 'umm-convert: a.csv:2:20: volume is not a number: "1,500.25"; use --thousands=,' \
        umm-convert -o x.npy a.csv
    sed -i 's/1,500.25/1,5/' a.csv
    refuses 1 'umm-convert: a.csv:2:20: volume is not a number: "1,5" (--decimal , reads decimal commas)' \
        umm-convert -o x.npy a.csv
}

@test "numbers of few digits are not taken for epochs" {
    local what
    for cell in 31012024 240131 202401 2024 45292 093000; do
        printf 'date,open,high,low,close,volume\n%s,1,2,0,1,5\n' "$cell" >d.csv
        what="; use --time-format, --time-unit-in for an epoch of other years, or --date for times of one day"
        [ $cell != 45292 ] ||
            what=" could be a spreadsheet's day (2024-01-01); use --time-unit-in=excel"
        refuses 1 "umm-convert: d.csv:2:1: timestamp is no epoch of 1980 to 2100: \"$cell\"$what" \
            umm-convert -o d.npy d.csv
        ok umm-convert --time-unit-in s -o d.npy d.csv
    done
    printf 'date,open,high,low,close,volume\n31012024,1,2,0,1,5\n' >d.csv
    ok umm-convert --time-format %d%m%Y -o d.npy d.csv
    [ "$($PY -c 'import numpy; print(int(numpy.load("d.npy")[0, 0]))')" = 1706659200000 ]
}

@test "an append of nothing but a header does nothing" {
    ok umm-synth --rows 10 -o s.csv
    ok umm-convert -o s.npy s.csv
    cp s.npy before.npy
    head -1 s.csv >h.csv
    ok umm-convert --append -o s.npy h.csv
    cmp before.npy s.npy
    ok umm-convert --append --tail -o s.npy h.csv
    cmp before.npy s.npy
}

@test "an input of many conversions is never an output of one" {
    mkdir d
    ok umm-synth --rows 10 -o d/a.csv
    cp d/a.csv d/a.npy
    refuses 2 "umm-convert: d: an input in it would be an output
Try 'umm-convert --help'." umm-convert --out-dir d d/a.csv d/a.npy
    cmp d/a.csv d/a.npy
}

@test "times at the edges are judged alike by all engines" {
    local head=timestamp,open,high,low,close,volume
    printf '%s\n%s,1,1,1,1,1\n%s,1,1,1,1,1\n' $head 1 253402300800 >far.csv
    refuses 1 'umm-convert: far.csv:3:1: timestamp is out of range: "253402300800"' \
        umm-convert --time-unit-in s -o x.npy far.csv
    printf '%s\n%s,1,1,1,1,1\n%s,1,1,1,1,1\n' $head 1577836800000 1577836860000. >dot.csv
    run --separate-stderr umm-convert -o x.npy dot.csv
    [ "$status" -eq 1 ]
    printf '%s\n%s,1,1,1,1,1\n%s,1,1,1,1,1\n' $head 1970-01-02 2300-01-01 >even.csv
    run --separate-stderr umm-convert --time-unit us --plain -o x.npy even.csv
    [ "$status" -eq 1 ]
    printf '%s\n%s,1,1,1,1,1\n,1,1,1,1,1\n' $head 1577836800000 >empty.csv
    refuses 1 'umm-convert: empty.csv:3:1: timestamp is missing: ""' umm-convert -o x.npy empty.csv
}
