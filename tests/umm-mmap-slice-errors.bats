#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-mmap-slice: what it refuses, and that nothing is left behind.

load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    umm-synth --rows=50 --start=2022-01-01 | umm-convert -o bars.npy
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR/bars.npy" .
    echo old >out.npy
}

teardown() {
    [ "$(cat out.npy)" = old ]
    no_leftovers
}

# python CODE: with NumPy as np.
python() {
    "$PY" -c "import numpy as np
$1"
}

# usage TEXT ARGS...: wrong usage with that message.
usage() {
    local text=$1
    shift
    refuses 2 "umm-mmap-slice: $text
Try 'umm-mmap-slice --help'." umm-mmap-slice "$@"
}

# failure TEXT ARGS...
failure() {
    local text=$1
    shift
    refuses 1 "umm-mmap-slice: $text" umm-mmap-slice "$@" -o out.npy
}

@test "wrong usage" {
    usage 'no FILE, and no dataset by name'
    usage 'not a range START:STOP[:STEP] of rows: "1:x"' bars.npy 1:x
    usage 'not a range START:STOP[:STEP] of rows: "::0"' bars.npy ::0
    usage 'not a range START:STOP[:STEP] of rows: "9223372036854775808"' bars.npy 9223372036854775808
    usage "unknown option '-5'" bars.npy -5x
    usage '--format takes npy, raw, csv or json, not "xml"' bars.npy --format xml
    usage '--time-format takes epoch or iso, not "unix"' bars.npy --time-format unix
    usage '--align takes a power of two from 16 to 4096, not "48"' bars.npy --align 48
    usage '--align is for --format npy' bars.npy --align 64 --format raw
    usage '--to is before --from' bars.npy --from 2022-01-02 --to 2022-01-01
    usage '--from takes a date or time, ISO 8601, not "yesterday"' bars.npy --from yesterday
    usage '--out-dir takes the place of -o' bars.npy --out-dir . -o x.npy
    usage '--report and --describe are for one output: not with --out-dir' bars.npy --out-dir . --report r
    usage '--describe prints a description, and no rows' bars.npy --describe --format csv
    usage '--report and --metrics write to the same place' bars.npy --report x --metrics ./x
    usage 'FILE is read by place: standard input cannot be' - 0:3
    usage '--output and --report write to the same place' bars.npy --report -
    usage './bars.npy: is an input and an output at once' bars.npy --metrics ./bars.npy -o x
    usage '--no-header is for --format csv' bars.npy --no-header --format json
    usage '--time-format is for --format csv or json' bars.npy --time-format iso -o x.npy
}

@test "an array does not go to a terminal" {
    type script >/dev/null || skip "no script(1)"
    run script -qec "umm-mmap-slice bars.npy 0" /dev/null
    [ "$status" = 2 ]
    [[ $output == *"an array is not for a terminal: give -o FILE or --format csv"* ]]
    run script -qec "umm-mmap-slice bars.npy 0 --format csv" /dev/null
    [ "$status" = 0 ]
}

@test "rows that are not there" {
    failure 'bars.npy: row 50 is out of bounds: there are 50 rows' bars.npy 50
    failure 'bars.npy: row -51 is out of bounds: there are 50 rows' bars.npy -51
    failure 'bars.npy: row 51 is out of bounds: there are 50 rows' bars.npy 0:51 --strict
    failure 'bars.npy: row 4 is out of bounds: there are 4 rows' bars.npy 4 --from 2022-01-01T00:46
    ok umm-mmap-slice bars.npy 40:1000 --format raw -o clamped.raw
    [ "$(stat -c %s clamped.raw)" = 480 ]
}

@test "ranges in a file are refused with their place" {
    printf '1:2\n3:4  5;6\n' >list
    failure 'list:2:6: not a range START:STOP[:STEP] of rows: "5;6"' bars.npy --ranges-from list
    failure 'standard input: no ranges in it' bars.npy --ranges-from - </dev/null
    failure 'nowhere: cannot open: No such file or directory' bars.npy --ranges-from nowhere
}

@test "columns that are not there" {
    failure 'bars.npy: no column "Clsoe", perhaps "close"; there are timestamp, open, high, low, close, volume' bars.npy --columns open,Clsoe
    failure 'bars.npy: no column "vwap"; there are timestamp, open, high, low, close, volume' bars.npy --columns vwap
    failure 'bars.npy: no column 6: there are 6, from 0 on' bars.npy --columns 1,6
    failure 'bars.npy: no column ""; there are timestamp, open, high, low, close, volume' bars.npy --columns close,
    python 'np.save("r.npy", np.zeros(3, [("7", "f8"), ("b", "i4")])); np.save("p.npy", np.zeros((3, 2)))
np.save("one.npy", np.zeros(3)); np.save("cube.npy", np.zeros((3, 2, 2)))'
    ok umm-mmap-slice r.npy --columns 7 --format csv --no-header 0
    [ "$output" = 0 ]
    failure 'r.npy: column "b" is chosen twice' r.npy --columns b,7,b
    failure 'p.npy: no column "close": the array has no names' p.npy --columns close
    failure 'one.npy: columns can be chosen of two dimensions or of records only' one.npy --columns 0
    failure 'cube.npy: columns can be chosen of two dimensions or of records only' cube.npy --columns 0
}

@test "times that are not in order, or none" {
    python 'a = np.load("bars.npy"); a[[30, 31]] = a[[31, 30]]; np.save("u.npy", a)
a = np.load("bars.npy")[::-1]; np.save("d.npy", a)
a = np.load("bars.npy"); a[33, 0] = np.nan; np.save("n.npy", a); np.save("p.npy", np.zeros(5))
np.save("r.npy", np.zeros(5, [("a", "f8")]))'
    failure 'u.npy: not sorted by time: row 31 is before row 30' u.npy --from 2022-01-01
    failure 'u.npy: not sorted by time: row 31 is before row 30' u.npy --from 2022-01-01 --columns close
    failure 'u.npy: not sorted by time: row 31 is before row 30' u.npy --from 2022-01-01 ::-1 --format csv
    failure 'u.npy: not sorted by time: row 31 is before row 30' u.npy --to 2022-01-02
    failure 'd.npy: not sorted by time: row 49 is before row 0' d.npy --from 2022-01-01
    failure 'n.npy: row 33: timestamp is not a time' n.npy --from 2022-01-01
    failure 'p.npy: no time: it is one column of numbers' p.npy --to 2022-01-01
    failure 'r.npy: no time: no field "timestamp", and not exactly one of type M8' r.npy --to 2022-01-01
    # Without times, order is nobody's business.
    ok umm-mmap-slice u.npy --format raw -o x.raw
    # What is not read is not judged.
    ok umm-mmap-slice u.npy --from 2022-01-01 :30 --format raw -o x.raw
}

@test "a sample that jumps over the disorder still sees that it left the window" {
    python 'a = np.load("bars.npy"); a[20, 0] += 1e7; np.save("u.npy", a)'
    failure 'u.npy: not sorted by time: row 49 is before row 20' u.npy --from 2022-01-01 ::20
    failure 'u.npy: not sorted by time: row 40 is before row 20' u.npy --from 2022-01-01 40::-20
    python 'a = np.load("bars.npy"); a[20, 0] -= 1e7; np.save("u.npy", a)'
    failure 'u.npy: not sorted by time: row 20 is before row 0' u.npy --from 2021-01-01 ::20
    failure 'u.npy: not sorted by time: row 20 is before row 0' u.npy --from 2021-01-01 20:30
    failure 'u.npy: not sorted by time: row 20 is before row 0' u.npy --from 2021-01-01 20::-20
    python 'a = np.load("bars.npy").astype("u8"); a[20, 0] = 2**63; np.save("u.npy", a)'
    failure 'u.npy: row 20: timestamp is no count of milliseconds' u.npy --from 2021-01-01
}

@test "files that are no array" {
    : >empty.npy
    echo hello >text.npy
    head -c 200 bars.npy >short.npy
    head -c 40 bars.npy >cut.npy
    printf '\x93NUMPY\x02\x00\xff\xff\xff\xffx' >long.npy
    python 'np.save("o.npy", np.array([{}])); np.save("zero.npy", np.array(1.5))
h = b"{\x27descr\x27: \x27<f8\x27, \x27fortran_order\x27: False, \x27shape\x27: (4611686018427387904, 6), }\n"
open("bomb.npy", "wb").write(b"\x93NUMPY\1\0" + len(h).to_bytes(2, "little") + h)'
    failure 'missing.npy: cannot open: No such file or directory' missing.npy
    failure '.: cannot read: Is a directory' .
    failure 'empty.npy: not an NPY file: it is empty' empty.npy
    failure 'text.npy: not an NPY file: it does not begin with \x93NUMPY' text.npy
    failure 'short.npy: array data is short by 2328 bytes' short.npy
    failure 'cut.npy: the NPY header claims 128 bytes, but there are only 40' cut.npy
    failure 'long.npy: the NPY header claims 4294967307 bytes, but there are only 13' long.npy
    failure 'zero.npy: is a single element: it has no rows' zero.npy
    capture umm-mmap-slice o.npy -o out.npy
    [[ $status == 1 && $stderr == "umm-mmap-slice: o.npy: "*object* ]]
    capture umm-mmap-slice bomb.npy -o out.npy
    [[ $status == 1 && $stderr == "umm-mmap-slice: bomb.npy: "* && ${#stderr} -lt 200 ]]
}

@test "names that NumPy takes and an array of ours does not" {
    python 'np.save("n.npy", np.zeros(2, [("a\nb", "f8"), ("c", "i4")]))'
    failure 'n.npy: the name of field 1 has a control character' n.npy
    ok umm-mmap-slice n.npy --columns c -o c.npy
    ok umm-mmap-slice n.npy --format raw -o n.raw
    ok umm-mmap-slice n.npy 0 --format csv
    [ "$output" = $'"a\nb",c\n0,0' ]
}

@test "what is no file, and names that are hard to print" {
    mkfifo fifo
    for file in /dev/zero /dev/null /dev/full fifo; do
        refuses 1 "umm-mmap-slice: $file: not a regular file" timeout 60 umm-mmap-slice "$file"
    done
    ln -s loop loop
    refuses 1 'umm-mmap-slice: loop: cannot open: Too many levels of symbolic links' umm-mmap-slice loop
    name=$'x\n\e[31m"\xff.npy'
    refuses 1 'umm-mmap-slice: x\n\x1b[31m\"\xff.npy: cannot open: No such file or directory' umm-mmap-slice "$name"
    cp bars.npy "$name"
    refuses 1 'umm-mmap-slice: x\n\x1b[31m\"\xff.npy: row 99 is out of bounds: there are 50 rows' \
        umm-mmap-slice "$name" 99 --format csv
    ok umm-mmap-slice --describe "$name"
    "$PY" -c 'import json, sys
assert json.load(sys.stdin)["path"] == "x\n\x1b[31m\"\ufffd.npy"' <<<"$output"
    ok umm-mmap-slice "$name" 0 -o "out$name" --report r.json --metrics m.prom
    "$PY" -c 'import json; json.load(open("r.json"))'
    refuses 1 'umm-mmap-slice: /dev/zero: larger than 268435456 bytes' umm-mmap-slice bars.npy --ranges-from /dev/zero
    # Names that lead elsewhere.
    mkdir d
    ln -s ../bars.npy d/bars.npy
    usage 'd/bars.npy: is an input and an output at once' bars.npy 0 -o d/bars.npy
    ln -s ../out.npy d/link.npy
    usage 'd/link.npy: is a symbolic link out of its directory; name its target (or - for standard output)' \
        bars.npy 0 -o d/link.npy
    cmp bars.npy "$BATS_FILE_TMPDIR/bars.npy"
}

@test "rows without a byte are copied as none, however many there are, and have no text" {
    python 'def save(name, descr, shape):
    text = ("{\x27descr\x27: " + descr + ", \x27fortran_order\x27: False, \x27shape\x27: " + shape + ", }\n").encode()
    open(name, "wb").write(b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text)
save("s.npy", "\"|S0\"", "(1000000000000000000,)")
save("r.npy", "[(\"a\", \"|S0\")]", "(1000000000000000000,)")
save("n.npy", "\"<f8\"", "(1000000000000000000, 0)")'
    for name in s r; do
        for format in csv json; do
            failure "$name.npy: rows without bytes have no text" "$name.npy" --format "$format"
        done
    done
    for name in s r n; do
        for range in : ::-1 '::2 ::3'; do
            # shellcheck disable=SC2086
            ok umm-mmap-slice --format raw "$name.npy" $range
            [ -z "$output" ]
            # shellcheck disable=SC2086
            ok umm-mmap-slice -o "$name-out.npy" "$name.npy" $range
        done
    done
    ok "$PY" -c 'import numpy as np
assert np.load("n-out.npy", mmap_mode=None).shape[1] == 0'
}

@test "types that have no text" {
    python 'np.save("c.npy", np.zeros((2, 2), "c8")); np.save("v.npy", np.zeros(2, [("a", "f8"), ("v", "V3")]))
np.save("g.npy", np.zeros(2, "f16")); np.save("cube.npy", np.zeros((2, 2, 2))); np.save("s.npy", np.array([b"\xff"]))'
    failure 'c.npy: column 0 is <c8, which has no text here' c.npy --format csv
    failure 'v.npy: column 1 v is |V3, which has no text here' v.npy --format csv
    failure 'g.npy: column 0 is <f16, which has no text here' g.npy --format json
    failure 'cube.npy: text needs columns, 1 to 65536 of them' cube.npy --format csv
    failure 's.npy: row 0: a text is not UTF-8' s.npy --format json
    # A header alone, which says that there are 2^40 rows.
    python 'head = "{%r: %r, %r: False, %r: (1099511627776,), }" % ("descr", "|S0", "fortran_order", "shape")
open("n.npy", "wb").write(b"\x93NUMPY\x01\x00\x4c\x00" + head.ljust(75).encode() + b"\n")'
    (ulimit -f 1000 && failure 'n.npy: rows without bytes have no text' n.npy --format csv)
    (ulimit -f 1000 && failure 'n.npy: rows without bytes have no text' n.npy --format json)
    ok umm-mmap-slice v.npy --format csv --columns a --no-header
    [ "$output" = $'0\n0' ]
    ok bash -c 'umm-mmap-slice s.npy --format csv | od -An -tx1'
    [ "$output" = ' 22 ff 22 0a' ]
    python 'a = np.array([[1.6e12, 1.0], [np.inf, 2], [1e15, 3]]); np.save("t.npy", a)'
    failure 't.npy: row 2: column 0 is no count of milliseconds' t.npy --format csv --time-format iso
}

@test "what is no single view has no description" {
    usage_free() { refuses 1 "umm-mmap-slice: $1" umm-mmap-slice --describe "${@:2}"; }
    usage_free 'bars.npy: several ranges: that is no single view' bars.npy 1:2 3:4
    usage_free 'bars.npy: columns that are not evenly spaced: that is no single view' bars.npy --columns 0,1,3
}

@test "outputs that cannot be written" {
    usage 'bars.npy: is an input and an output at once' ./bars.npy -o bars.npy
    ln bars.npy hard.npy
    usage 'hard.npy: is an input and an output at once' bars.npy -o hard.npy
    usage 'bars.npy: is an input and an output at once' --describe bars.npy -o bars.npy
    # Through standard output, where the name is not known.
    appends() { umm-mmap-slice "$@" >>bars.npy; }
    local format
    for format in npy raw csv json; do
        refuses 2 "umm-mmap-slice: standard output: is an input and an output at once
Try 'umm-mmap-slice --help'." appends bars.npy : --format "$format"
    done
    refuses 2 "umm-mmap-slice: standard output: is an input and an output at once
Try 'umm-mmap-slice --help'." appends --describe hard.npy
    refuses 2 "umm-mmap-slice: standard output: is an input and an output at once
Try 'umm-mmap-slice --help'." appends bars.npy -o x.npy --metrics -
    cmp bars.npy "$BATS_FILE_TMPDIR/bars.npy"
    [[ ! -e x.npy ]]
    refuses 1 'umm-mmap-slice: nowhere: cannot open the directory: No such file or directory' \
        umm-mmap-slice bars.npy -o nowhere/x.npy
    for format in npy raw csv json; do
        refuses 1 'umm-mmap-slice: /dev/full: cannot write: No space left on device' \
            umm-mmap-slice bars.npy --format "$format" -o /dev/full
    done
    refuses 1 'umm-mmap-slice: standard output: cannot write: No space left on device' \
        bash -c 'umm-mmap-slice bars.npy >/dev/full'
    cmp bars.npy "$BATS_FILE_TMPDIR/bars.npy"
}

@test "a file that shrinks while it is read is an error, not a signal" {
    python 'np.save("big.npy", np.zeros((400000, 6)))'
    # Rows wait in a FIFO until its reader has cut the file.
    for args in '' '--columns 1' '::3' '--format csv' '--from 1970-01-01'; do
        cp big.npy cut.npy
        rm -f fifo && mkfifo fifo
        # shellcheck disable=SC2086
        umm-mmap-slice cut.npy $args -o fifo 2>err 3>&- &
        pid=$!
        exec 7< <(timeout 300 cat fifo)
        head -c 10 <&7 >/dev/null
        truncate -s 1000 cut.npy
        cat <&7 >/dev/null
        exec 7<&-
        status=0
        wait "$pid" || status=$?
        [ "$status" = 1 ]
        grep -qE '^umm-mmap-slice: cut.npy: file ends [0-9]+ bytes early$' err
    done
}

@test "an interrupt leaves nothing" {
    python 'h = np.lib.format.header_data_from_array_1_0(np.empty((0, 6))); h["shape"] = (10**8, 6)
f = open("big.npy", "wb"); np.lib.format.write_array_header_1_0(f, h); f.truncate(128 + 48 * 10**8)'
    mkfifo fifo
    umm-mmap-slice big.npy -o - >fifo 3>&- &
    pid=$!
    exec 7<fifo
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    exec 7<&-
    [ "$status" = 143 ]
    umm-mmap-slice big.npy ::-1 --format csv -o out2.csv 3>&- &
    pid=$!
    wait_until "$pid" 'an output' test -e .out2.csv.umm-0
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" = 143 ]
    [ ! -e out2.csv ]
    no_leftovers
}
