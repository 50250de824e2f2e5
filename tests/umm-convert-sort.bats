#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-convert --order=sort: rows in any order become an array in order of time. --skip-footer.

load helper

# Bars in no order: N of them, of the times i * 60 s with i from 0 to N - 1, or to M - 1 where M is
# given, some of which then occur several times. The volume is the row's number in the file.
bars() {
    awk -v n="$1" -v m="${2:-$1}" -v seed="${3:-1}" 'BEGIN {
        srand(seed)
        print "timestamp,open,high,low,close,volume"
        for (i = 0; i < n; i++)
            t[i] = n == m ? i : int(rand() * m)
        for (i = n - 1; n == m && i > 0; i--) { j = int(rand() * (i + 1)); x = t[i]; t[i] = t[j]; t[j] = x }
        for (i = 0; i < n; i++)
            printf "%d,%d,%d,%d,%d,%d\n", 1577836800 + 60 * t[i], t[i] + 1, t[i] + 2, t[i], t[i] + 1, i
    }'
}

# What a stable sort in NumPy makes of an array in the order of the file.
sorted() {
    umm-convert --order=keep "${@:2}" -o kept.npy
    $PY -c '
import sys
import numpy as np
a = np.load("kept.npy")
a = a[np.argsort(a[:, 0] if a.dtype.names is None else a[a.dtype.names[0]], kind="stable")]
t = a[:, 0]
same = t[1:] == t[:-1]
if sys.argv[2] == "first": a = a[np.r_[True, ~same]]
if sys.argv[2] == "last": a = a[np.r_[~same, True]]
np.save(sys.argv[1], a)' want.npy "$1"
}

# The rows of two arrays are the same, whatever their headers.
same_rows() {
    $PY -c '
import sys
import numpy as np
a, b = (np.load(f) for f in sys.argv[1:])
sys.exit(a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes())' "$1" "$2" ||
        fail "$1 and $2 have other rows"
}

@test "rows in any order are sorted by time, those of one time as they came" {
    local dedup how options
    bars 3000 700 >in.csv
    for dedup in none first last; do
        sorted $dedup in.csv
        options=()
        [[ $dedup == none ]] || options=("--dedup=$dedup")
        ok umm-convert --order=sort "${options[@]}" -o out.npy in.csv
        same_rows want.npy out.npy
        no_leftovers
        cp out.npy first.npy
        for how in --threads=1 --threads=3 --memory=1M; do
            ok umm-convert --order=sort "${options[@]}" "$how" -o out.npy in.csv
            cmp first.npy out.npy
        done
        ok bash -c 'cat in.csv | umm-convert --order=sort "$@" -o -  >piped.npy' - "${options[@]}"
        cmp first.npy piped.npy
    done
    refuses 1 "umm-convert: in.csv: a second row of 2020-01-01T00:00:00Z; use --dedup first or last" \
        umm-convert --order=sort --dedup=error -o out.npy in.csv
    cmp first.npy out.npy
}

@test "more rows than the memory for them are sorted by runs and a merge" {
    bars 60000 9000 >in.csv
    sorted none in.csv
    local threads
    for threads in 1 2 4; do
        ok umm-convert --order=sort --memory=1M --threads=$threads -o out.npy in.csv
        same_rows want.npy out.npy
    done
    ok umm-convert --order=sort -o whole.npy in.csv
    cmp whole.npy out.npy
    ok umm-convert --order=sort --fortran -o fortran.npy in.csv
    same_rows want.npy <($PY -c 'import numpy, sys; numpy.save(sys.stdout.buffer, numpy.ascontiguousarray(numpy.load("fortran.npy")))') ||
        $PY -c 'import numpy as np; assert (np.load("fortran.npy") == np.load("want.npy")).all()'
    no_leftovers
}

@test "rows in order go straight to the array, and only then is it said that they were sorted" {
    bars 2000 >any.csv
    { head -n 1 any.csv && tail -n +2 any.csv | sort -n; } >in.csv
    ok umm-convert -o want.npy in.csv
    capture umm-convert --order=sort -v -o out.npy in.csv
    [[ $status -eq 0 && $stderr != *sorted* ]]
    cmp want.npy out.npy
    # One late row is enough.
    { head -n 1001 in.csv && tail -n +1003 in.csv && sed -n 1002p in.csv; } >late.csv
    capture umm-convert --order=sort -v -o out.npy late.csv
    [[ $status -eq 0 && $stderr == *', sorted;'* ]]
    cmp want.npy out.npy
    # Newest first is only another order.
    { head -n 1 in.csv && tail -n +2 in.csv | tac; } >newest.csv
    ok umm-convert --order=sort -o out.npy newest.csv
    cmp want.npy out.npy
}

@test "several files are sorted as one, and a dry run counts the same" {
    bars 900 400 1 >a.csv
    bars 700 400 2 >b.csv
    { cat a.csv && tail -n +2 b.csv; } >both.csv
    ok umm-convert --order=sort --dedup=last -o want.npy both.csv
    ok umm-convert --order=sort --dedup=last -o out.npy a.csv b.csv
    cmp want.npy out.npy
    ok umm-convert --order=sort --dedup=last --dry-run a.csv b.csv
    [[ $output == *"nothing written: <f8 ($($PY -c 'import numpy; print(len(numpy.load("want.npy")))'), 6)"* ]]
}

@test "new rows of an append are sorted first, and then compared" {
    bars 500 >all.csv
    { head -n 1 all.csv && tail -n +2 all.csv | sort -n; } >ordered.csv
    ok umm-convert -o want.npy ordered.csv
    { head -n 301 ordered.csv; } >first.csv
    ok umm-convert --append --order=sort -o out.npy first.csv
    cp out.npy old.npy
    # Old rows and new ones, in no order.
    ok umm-convert --append --order=sort -o out.npy all.csv
    cmp want.npy out.npy
    ok umm-convert --append --order=sort -o out.npy all.csv
    cmp want.npy out.npy
    # A row that differs.
    sed 's/^\(1577836920,.*\),[0-9]*$/\1,99999/' all.csv >changed.csv
    cp old.npy out.npy
    refuses 1 'umm-convert: changed.csv: the row of 2020-01-01T00:02:00Z differs from the array'"'"'s row 2 in volume; see --on-revision' \
        umm-convert --append --order=sort -o out.npy changed.csv
    cmp old.npy out.npy
    ok umm-convert --append --order=sort --on-revision=keep -o out.npy changed.csv
    cmp want.npy out.npy
}

@test "order=sort needs times, and does not go with what reads only the end of a file" {
    bars 10 >in.csv
    refuses 2 "umm-convert: there is no time column; --append, --dedup and --order asc or sort need one
Try 'umm-convert --help'." \
        umm-convert --order=sort --columns=open,close -o out.npy in.csv
    refuses 2 "umm-convert: --tail needs oldest-first rows: not with --order sort
Try 'umm-convert --help'." umm-convert --order=sort --append --tail -o out.npy in.csv
    refuses 2 "umm-convert: --memory takes a size from 1M to 1T, not \"1K\"
Try 'umm-convert --help'." umm-convert --order=sort --memory=1K -o out.npy in.csv
    printf '%s\n' timestamp,open,high,low,close,volume 2024-01-31,1,2,0.5,1.5,3 2024-01-30,1,2,0.5,1.5,2 \
        2024-02-01,1,2,0.5,1.5,4 >unsorted.csv
    refuses 1 'umm-convert: unsorted.csv:3:1: 2024-01-30T00:00:00Z after 2024-01-31T00:00:00Z: out of order; use --order asc for newest-first rows, --order sort for any' \
        umm-convert -o out.npy unsorted.csv
    refuses 1 'umm-convert: unsorted.csv:4:1: 2024-02-01T00:00:00Z after 2024-01-30T00:00:00Z: neither oldest first nor newest first; use --order sort' \
        umm-convert --order=asc -o out.npy unsorted.csv
    [[ ! -e out.npy ]]
}

# ---- the last lines --------------------------------------------------------------------

footer() {
    printf '%s\n' Time,Open,High,Low,Last,Change,%Chg,Volume \
        '2023-04-14 13:00,1,2,0.5,1.5,0.1,"+0.5%",100' \
        '2023-04-14 12:00,1,2,0.5,1.4,0.1,"+0.5%",90'
    printf '"Downloaded from Barchart.com as of 04-14-2023 02:22pm CDT"'
}
COLUMNS_OF=timestamp=Time,open=Open,high=High,low=Low,close=Last,volume=Volume

@test "the last lines of a file are passed over, from a file, a pipe and compressed" {
    footer >in.csv
    head -n 3 in.csv >want.csv
    local options=("--columns=$COLUMNS_OF" --order=asc)
    ok umm-convert "${options[@]}" -o want.npy want.csv
    refuses 1 'umm-convert: in.csv:4:60: 1 field, expected 8; --skip-footer N passes over the last lines, --bad-rows skip over all that is no row' \
        umm-convert "${options[@]}" -o out.npy in.csv
    ok umm-convert "${options[@]}" --skip-footer=1 -o out.npy in.csv
    cmp want.npy out.npy
    ok bash -c 'cat in.csv | umm-convert "$@" --skip-footer=1 -o out.npy' - "${options[@]}"
    cmp want.npy out.npy
    zstd -q in.csv
    ok umm-convert "${options[@]}" --skip-footer=1 -o out.npy in.csv.zst
    cmp want.npy out.npy
    # With its end, with CR LF, and with more lines.
    { footer && printf '\n\nTotal,2\n'; } | sed 's/$/\r/' >crlf.csv
    ok umm-convert "${options[@]}" --skip-footer=3 -o out.npy crlf.csv
    cmp want.npy out.npy
    capture umm-convert -v "${options[@]}" --skip-footer=3 -o out.npy crlf.csv
    [[ $status -eq 0 && $stderr == *', 3 lines passed over at its end;'* ]]
    ok umm-convert --json "${options[@]}" --skip-footer=1 -o out.npy in.csv
    [[ $output == *'"footer_lines": 1'* ]]
}

@test "each of several files loses its last lines" {
    footer >a.csv
    footer | sed 's/04-14 /04-13 /' >b.csv
    head -n 3 a.csv >a-want.csv
    head -n 3 b.csv >b-want.csv
    ok umm-convert --columns=$COLUMNS_OF --order=asc -o want.npy a-want.csv b-want.csv
    ok umm-convert --columns=$COLUMNS_OF --order=asc --skip-footer=1 -o out.npy a.csv b.csv
    cmp want.npy out.npy
}

@test "a footer goes with appends, also by a search, and with blocks and threads" {
    bars 30000 >any.csv
    { head -n 1 any.csv && tail -n +2 any.csv | sort -n; } >in.csv
    { cat in.csv && echo 'end of data' && echo 'of today'; } >foot.csv
    ok umm-convert -o want.npy in.csv
    local threads
    for threads in 1 3; do
        ok umm-convert --skip-footer=2 --threads=$threads -o out.npy foot.csv
        cmp want.npy out.npy
    done
    { head -n 20001 in.csv && echo 'end of data' && echo 'of today'; } >old.csv
    rm out.npy
    ok umm-convert --append --skip-footer=2 -o out.npy old.csv
    cp out.npy old.npy
    ok umm-convert --append --skip-footer=2 -o out.npy foot.csv
    cmp want.npy out.npy
    cp old.npy out.npy
    ok umm-convert --append --tail --skip-footer=2 -o out.npy foot.csv
    cmp want.npy out.npy
    ok umm-convert --append --tail --skip-footer=2 -o out.npy foot.csv
    cmp want.npy out.npy
}

@test "a file of no more lines than that has no rows" {
    bars 2 >in.csv
    refuses 1 'umm-convert: in.csv: no lines but those passed over at its end' \
        umm-convert --skip-footer=3 -o out.npy in.csv
    refuses 1 'umm-convert: in.csv: no rows between the header and the lines passed over at its end' \
        umm-convert --skip-footer=2 -o out.npy in.csv
    [[ ! -e out.npy ]]
}
