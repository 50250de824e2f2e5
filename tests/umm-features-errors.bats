#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-features: what it refuses, in which words, and that nothing is left behind.

load helper

bars() {
    umm-synth --rows=60 >a.csv
    umm-convert -o a.npy a.csv
}

# usage TEXT ARGUMENT...: a usage error
usage() {
    refuses 2 "umm-features: $1"$'\n'"Try 'umm-features --help'." umm-features "${@:2}"
}

# says TEXT ARGUMENT...: a failure that leaves out.npy alone
says() {
    echo old >out.npy
    refuses 1 "umm-features: $1" umm-features -o out.npy "${@:2}"
    [[ $(<out.npy) == old ]] || fail 'out.npy was changed'
    no_leftovers
}

@test "features that are none" {
    bars
    usage 'no features: give -f LIST' a.npy
    usage 'unknown feature "emaa"; the nearest is ema' -f emaa:3 a.npy
    usage 'ema: n must be a whole number from 2 to 100000: "0"' -f ema:0 a.npy
    usage 'ema: n must be a whole number from 2 to 100000: "2.5"' -f ema:2.5 a.npy
    usage 'atr: has no choice of series' -f atr:14@high a.npy
    usage 'ema_20 is asked for twice' -f ema:20,rsi,ema a.npy
}

@test "an output that is the input" {
    bars
    cp a.csv csv.before
    cp a.npy npy.before
    ln a.npy hard.npy
    local option text='is an input and an output at once'
    usage '--output and the input are the same place' -f ema -o a.npy a.npy
    usage "hard.npy: $text" -f ema -o hard.npy a.npy
    # Through standard input and output, where the name is not known.
    reads() { umm-features "$@" <a.csv; }
    appends() { umm-features "${@:2}" >>"$1"; }
    refuses 2 "umm-features: a.csv: $text"$'\n'"Try 'umm-features --help'." reads -f ema -o a.csv
    text="umm-features: standard output: $text"$'\n'"Try 'umm-features --help'."
    refuses 2 "$text" appends a.csv -f ema:2 a.csv
    # shellcheck disable=SC2094 # that is what is refused
    for option in --gap=allow --follow; do
        refuses 2 "$text" appends a.csv -f ema:2 "$option" - <a.csv
    done
    refuses 2 "$text" appends a.npy -f ema:2 --format=raw hard.npy
    refuses 2 "$text" appends a.npy -f ema:2 -o out.npy --json a.npy
    cmp a.csv csv.before
    cmp a.npy npy.before
    [[ ! -e out.npy ]]
    # To compare a file with itself harms nothing.
    capture umm-features -f ema --verify -o a.npy a.npy
    [[ $stderr != *'at once'* ]]
}

@test "options that do not go together" {
    bars
    usage '--append needs -o and --state' -f ema --append -o out.npy a.npy
    usage 'only an .npy file can be appended to' -f ema --append --state=s a.npy
    usage 'only an .npy file can be appended to' -f ema --append --state=s -o out.csv a.npy
    usage "an .npy array with --state needs --append: else it would only have what is new" \
        -f ema --state=s -o out.npy a.npy
    usage '--output: the name ends neither in .npy nor in .csv; see --format' -f ema -o out a.npy
    usage '--gap and --closed-only need --timeframe' -f ema --gap=warn a.npy
    usage '--checkpoint needs --follow and --state, or --by and --state-root' -f ema --checkpoint=5 a.npy
    usage 'only CSV has empty cells' -f ema --warmup=empty -o out.npy a.npy
    usage 'one INPUT at a time' -f ema a.npy a.csv
    usage '--output and --report are the same place' -f ema -o out.npy --report=out.npy a.npy
    usage '--compat takes talib, tradingview, tulip, pandas or metastock, not "x"' --compat=x -f ema a.npy
    usage '--timeframe takes a number and s, m, h, d, w or mo, not "1M"' --timeframe=1M -f ema a.npy
    usage 'to verify needs an output or a state' --verify -f ema a.npy
    usage 'to verify and to rebuild exclude each other' --verify --rebuild --state=s -f ema a.npy
    (head -n 1 a.csv && tail -n +2 a.csv | tac) >newest.csv
    capture umm-features -f ema newest.csv
    [[ $status -eq 1 && $stderr == *'; umm-convert can put rows in order: umm-convert ... -o - | umm-features ...' ]] ||
        fail "$stderr"
    usage 'no checkpoints with a file as output: it is there at the end, and they before' \
        --follow -f ema --state=s --checkpoint=5 -o out.csv - <a.csv
    usage 'an .npy array cannot be followed: its header tells how long it is' --follow -f ema -o out.npy a.npy
    usage 'datasets need --out-root DIR' -f ema --symbols=A --timeframes=1m
    usage '--rebuild is for a state, and there is none: give --state' -f ema --rebuild -o out.npy a.npy
    usage '--revise-last is for a state, and there is none: give --state' -f ema --by=symbol --revise-last a.csv
    usage '--rebuild is for a state, and there is none: give --state' \
        -f ema --rebuild --symbols=A --timeframes=1m --out-root=o
    usage '--list takes no INPUT' --list a.csv
    usage '--out-root and --state-root need --symbols and --timeframes' -f ema --out-root=o a.npy
    [[ ! -e out.npy && ! -e s ]]
    no_leftovers
}

@test "rows that are no bars" {
    bars
    says 'missing.npy: cannot open: No such file or directory' -f ema missing.npy
    umm-convert --columns=timestamp,open,close --struct -o two.npy a.csv
    says 'two.npy: no column "high"; there are timestamp, open, close' -f atr two.npy
    sed '20s/,[^,]*,/,,/' a.csv >nan.csv
    umm-convert -o nan.npy nan.csv
    says 'nan.npy: row 18: open is not a finite number' -f ema@open nan.npy
    ok umm-features -f ema nan.npy
    sed '20s/,[^,]*,/,x,/' a.csv >bad.csv
    says 'bad.csv:20:15: open is not a number: "x"' -f ema bad.csv
    (cat a.csv && tail -n 1 a.csv) | umm-convert -o dup.npy
    says 'dup.npy: row 60: the time 2020-01-01T00:59:00Z is that of the row before' -f ema dup.npy
    (cat a.csv && sed -n 5p a.csv) | umm-convert --order=keep -o back.npy
    says 'back.npy: row 60: the time 2020-01-01T00:03:00Z is before 2020-01-01T00:59:00Z of the row before' \
        -f ema back.npy
    "$PY" -c "
import numpy as np
a = np.zeros(3, [('timestamp', 'M8[ms]'), ('close', 'S4')])
a['timestamp'] = [1, 2, 3]
np.save('text.npy', a)
a = np.zeros(3, [('timestamp', 'M8[ms]'), ('close', 'f8')])
a['timestamp'] = ['2020', 'NaT', '2021']
np.save('nat.npy', a)
np.save('notime.npy', np.zeros(3, [('close', 'f8')]))"
    says 'text.npy: the column close holds no numbers, but |S4' -f ema text.npy
    capture umm-features -f ema nat.npy
    [[ $status -eq 1 && $stderr == 'umm-features: nat.npy: row 1: timestamp'* ]] || fail "$stderr"
    capture umm-features -f ema notime.npy
    [[ $status -eq 1 && $stderr == 'umm-features: notime.npy: '* ]] || fail "$stderr"
    head -c 500 a.npy >cut.npy
    says 'cut.npy: array data is short by 2508 bytes' -f ema cut.npy
}

@test "states that cannot be gone on with" {
    bars
    umm-features -f ema --append --state=good -o kept.npy a.npy
    local list=(-f ema --append --state=s)
    try() {
        local text=$1
        shift
        cp kept.npy out.npy
        cp s before
        refuses 1 "umm-features: $text" umm-features -o out.npy "$@" a.npy
        cmp kept.npy out.npy
        cmp s before
        no_leftovers
    }
    cp good s
    try 's: the state is of other features or rules: "ema:20@close", not "ema:21@close"; --rebuild starts over' \
        -f ema:21 --append --state=s
    try 's: the state is of other features or rules: "compat=talib", not "rsi:14@close"; --rebuild starts over' \
        -f ema:20,rsi --append --state=s
    try 's: the state is of other features or rules: "nan=error", not "nan=hold"; --rebuild starts over' \
        "${list[@]}" --nan=hold
    try 's: the state is of other features or rules: "warmup=keep", not "warmup=drop"; --rebuild starts over' \
        "${list[@]}" --warmup=drop
    head -c 500 good >s
    try "s: the state is cut short: $(($(stat -c %s good) - 500)) bytes are missing; --rebuild starts over" "${list[@]}"
    head -c 5 good >s
    try 's: not a state file; --rebuild starts over' "${list[@]}"
    cp good s
    printf 'x' | dd of=s bs=1 seek=300 conv=notrunc status=none
    try 's: the state is damaged: its checksum differs; --rebuild starts over' "${list[@]}"
    cp good s
    printf '\1\2\3\4' | dd of=s bs=1 seek=12 conv=notrunc status=none
    try 's: the state was written in another order of bytes; --rebuild starts over' "${list[@]}"
    cp good s
    printf '\2' | dd of=s bs=1 seek=8 conv=notrunc status=none
    try 's: the state has version 2.0, this program reads up to 1.0; --rebuild starts over' "${list[@]}"
    cp good s
    printf 'x' | dd of=s bs=1 seek=300 conv=notrunc status=none
    ok umm-features --rebuild "${list[@]}" -o out.npy a.npy
    cmp good s
    refuses 1 'umm-preload: s: is no text, but data: a report does not take its place' umm-preload --metrics=s a.npy
    cmp good s
    cp a.npy s
    try 's: not a state file' "${list[@]}"
    try 's: not a state file: a state does not take its place' --rebuild "${list[@]}"
    # Of any size: it is not read to see that.
    [[ -z ${UMM_SAN-} ]] || return 0
    rm s
    truncate -s 1G s
    refuses 1 'umm-features: s: not a state file' prlimit --as=$((256 << 20)) umm-features -o out.npy "${list[@]}" a.npy
    head -c 24 good >s
    truncate -s 1G s
    refuses 1 'umm-features: s: the state is damaged: its checksum differs; --rebuild starts over' \
        prlimit --as=$((256 << 20)) umm-features -o out.npy "${list[@]}" a.npy
}

@test "a state of an older definition is refused where that has changed" {
    bars
    # The number of the definitions is at 24, the checksum of all at the end.
    cat >older.py <<'END'
import ctypes
import struct
xxh = ctypes.CDLL("libxxhash.so.0").XXH64
xxh.restype = ctypes.c_uint64
xxh.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
data = bytearray(open("s", "rb").read())
assert data[24] in (1, 2)
data[24:28] = struct.pack("<I", 1)
data[-8:] = struct.pack("<Q", xxh(bytes(data[:-8]), len(data) - 8, 0))
open("s", "wb").write(data)
END
    local compat list
    for compat in talib tradingview; do
        list=(umm-features -f "ema:5,rsi" --compat="$compat" --append --state=s -o out.npy)
        rm -f s out.npy
        head -n 60 a.csv >b.csv
        ok "${list[@]}" b.csv
        "$PY" older.py
        cp out.npy kept.npy
        [[ $compat == tradingview ]] || ok "${list[@]}" a.csv
    done
    refuses 1 "umm-features: s: the state was made by arithmetic number 1, and this is number 2: the rows that \
follow would not fit those before; --rebuild starts over" "${list[@]}" a.csv
    cmp kept.npy out.npy
    ok "${list[@]}" --rebuild a.csv
    ok "${list[@]}" a.csv
}

@test "a state's directory that cannot be written to" {
    bars
    refuses 1 'umm-features: none: cannot open the directory: No such file or directory' \
        umm-features -f ema --state=none/s a.npy
    refuses 1 'umm-features: /proc/s: cannot open its lock file: No such file or directory' \
        umm-features -f ema --state=/proc/s a.npy
    mkdir dir
    capture umm-features -f ema --state=dir a.npy
    [[ $status -eq 1 && -z $output && $stderr == 'umm-features: dir: cannot write: Is a directory' ]] || fail "$stderr"
}

@test "a state's directory that is read-only" {
    bars
    mkdir ro
    unshare -m sh -c 'mount --bind ro ro && mount -o remount,ro,bind ro' 2>/dev/null ||
        skip 'no right to mount a directory read-only here'
    refuses 1 'umm-features: ro/s: cannot open its lock file: Read-only file system' \
        unshare -m sh -c 'mount --bind ro ro && mount -o remount,ro,bind ro && exec "$@"' - \
        umm-features -f ema --append --state=ro/s -o out.npy a.npy
    [[ ! -e out.npy ]]
    no_leftovers
}

@test "an input that is another now" {
    bars
    umm-features -f ema --append --state=good -o kept.npy a.npy
    local list=(-f ema --append --state=s)
    refuses_input() {
        cp kept.npy out.npy
        cp good s
        refuses 1 "umm-features: $1: $2" umm-features -o out.npy "${list[@]}" "$1"
        cmp kept.npy out.npy
        cmp s good
        no_leftovers
    }
    local is_other='is not what it was when the state took it; --rebuild starts over'
    sed 61d a.csv | umm-convert -o b.npy
    refuses_input b.npy 'has 59 rows, fewer than the 60 that the state has taken; --rebuild starts over'
    sed 's/\.\(.\)/.1\1/' a.csv >b.csv
    umm-convert -o b.npy b.csv
    refuses_input b.npy "row 0 $is_other"
    sed '50s/\./.1/' a.csv | umm-convert -o b.npy
    refuses_input b.npy "row 48, of 2020-01-01T00:48:00Z, $is_other"
    sed '61s/\./.1/' a.csv | umm-convert -o b.npy
    refuses_input b.npy 'the last row that the state has taken, of 2020-01-01T00:59:00Z, is another now; see --revise-last'
    sed '10s/\./.1/' a.csv >b.csv
    refuses_input b.csv 'the rows before row 59 are not what they were when the state took them; --rebuild starts over'
    sed 61d a.csv >b.csv
    refuses_input b.csv 'ends at row 59, before the 60 rows that the state has taken; --rebuild starts over'
    sed 2,10d a.csv >b.csv
    capture umm-features -o out.npy "${list[@]}" b.csv
    [[ $status -eq 1 && $stderr == *'begins at 2020-01-01T00:09:00Z, which is neither the state'?'s first row nor after its last, of 2020-01-01T00:59:00Z; --rebuild starts over' ]] ||
        fail "$stderr"
    umm-convert --struct -o b.npy a.csv
    refuses_input b.npy 'its rows are [timestamp <M8[ms], open <f8, high <f8, low <f8, close <f8, volume <f8]; those that the state has taken were <f8 x 6; --rebuild starts over'
    "$PY" -c 'import numpy as np
np.save("b.npy", np.ones(60, dtype=[("timestamp", "<M8[ms]"), ("close", "<f8"), ("x\n\x1b", "<f8")]))'
    refuses_input b.npy 'its rows are [timestamp <M8[ms], close <f8, x\n\x1b <f8]; those that the state has taken were <f8 x 6; --rebuild starts over'
}

@test "an output that is another now" {
    bars
    umm-features -f ema --append --state=s -o kept.npy a.npy
    local list=(-f ema --append --state=s -o out.npy a.npy)
    rm -f out.npy
    refuses 1 'umm-features: out.npy: cannot open for writing: No such file or directory' umm-features "${list[@]}"
    umm-features -f ema -o out.npy --holdback=10 a.npy
    refuses 1 'umm-features: out.npy: has 50 rows, fewer than the 60 that the state has written; --rebuild starts over' \
        umm-features "${list[@]}"
    cp kept.npy out.npy
    printf 'x' | dd of=out.npy bs=1 seek=$(($(stat -c %s out.npy) - 50)) conv=notrunc status=none
    refuses 1 'umm-features: out.npy: its rows are not those that the state has written; --rebuild starts over' \
        umm-features "${list[@]}"
    umm-features -f rsi -o out.npy a.npy
    refuses 1 'umm-features: out.npy: the array has other columns than the results' umm-features "${list[@]}"
    umm-features -f ema --state=delta a.npy >/dev/null
    cp kept.npy out.npy
    refuses 1 'umm-features: delta: the state was saved by runs that did not append; --rebuild starts over' \
        umm-features -f ema --append --state=delta -o out.npy a.npy
    cmp kept.npy out.npy
    no_leftovers
}
