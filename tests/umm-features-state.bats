#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-features: runs that go on behind one another give the bits of one run over all
# rows, however they are cut, revised, killed or fed.

load helper

ALL=ema:5,atr:4,rsi:3,macd:3:6:2,sma:7,wma:4,bbands:5:2,zscore:4,max:6,stoch:4:2:2,adx:3,cci:5,mfi:4,vwap,obv,ad

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    umm-synth --rows=60 >all.csv
    umm-convert -o all.npy all.csv
    step=1
    [[ -z ${UMM_SAN-} ]] || step=3 # sanitizers take their time
}

features() {
    umm-features -f $ALL "$@"
}

# revised N: all.csv with another bar number N
revised() {
    awk -F, -v OFS=, -v line=$(($1 + 1)) 'NR == line { $3 = 29000.5; $5 = 28999.75 } 1' all.csv
}

# first N: all.csv's first N bars, as in.npy
first() {
    head -n $(($1 + 1)) all.csv | umm-convert -o in.npy
}

# opened PID FILE: wait until PID has FILE open
opened() {
    wait_until "$1" "$2 to be opened" has_open "$1" "$2"
}

# written PID FILE N: wait until PID has written N lines to FILE
written() {
    wait_until "$1" "$3 lines in $2" has_lines "$2" "$3"
}

# ended_by_signal FILE COMMAND...: COMMAND follows the pipe `in`, until FILE has 31 lines
ended_by_signal() {
    local file=$1 code=0
    shift
    mkfifo in
    "$@" 3>&- &
    local pid=$!
    opened $pid in
    exec 4>in
    head -n 31 all.csv >&4
    written $pid "$file" 31
    kill -TERM $pid
    wait $pid || code=$?
    exec 4>&-
    [[ $code -eq 143 ]]
}

# nothing_new FILE COMMAND...: from FILE, which is older than they are, it takes no row; out.npy and s
# stay as they are, their times too
nothing_new() {
    touch -d 2020-01-01 out.npy s
    capture "${@:2}" <"$1"
    [[ $status -eq 0 && $stderr == *': 0 new rows after 40; '* ]] || fail "$stderr"
    cmp kept.npy out.npy
    cmp kept s
    [[ $(stat -c %Y out.npy s) == $(date -d 2020-01-01 +%s)$'\n'$(date -d 2020-01-01 +%s) ]] || fail "$*"
}

@test "a delivery without rows is nothing new" {
    head -n 1 all.csv >empty.csv
    "$PY" -c 'import numpy as np; np.save("empty.npy", np.load("all.npy")[:0])'
    touch -d 2019-01-01 empty.csv empty.npy
    first 40
    umm-features -f $ALL --append --state=s -o out.npy in.npy
    cp out.npy kept.npy
    cp s kept
    local file append=(umm-features -v -f "$ALL" --append --state=s -o out.npy)
    for file in empty.csv empty.npy; do
        nothing_new /dev/null "${append[@]}" $file
        nothing_new $file "${append[@]}" -
        nothing_new /dev/null umm-features -v -f $ALL --state=s $file
        [[ ${#lines[@]} -eq 1 && ${lines[0]} == timestamp,* ]]
        nothing_new $file umm-features -v -f $ALL --state=s --follow -
        nothing_new /dev/null umm-features -v -f $ALL --state=s --holdback=2 -o new.csv $file
        [[ $(wc -l <new.csv) -eq 1 ]]
    done
    # What is read from its beginning may also be the whole, which has become less.
    head -n 31 all.csv >less.csv
    refuses 1 'umm-features: less.csv: ends at row 30, before the 40 rows that the state has taken; --rebuild starts over' \
        umm-features -f $ALL --append --state=s -o out.npy less.csv
    # To verify by, and to begin with, it is not enough.
    refuses 1 'umm-features: empty.npy: has 0 rows, fewer than the 40 that the state has taken; --rebuild starts over' \
        umm-features -f $ALL --verify --state=s -o out.npy empty.npy
    refuses 1 'umm-features: empty.csv: no rows after the header' umm-features -f $ALL --verify --state=s -o out.npy empty.csv
    refuses 1 'umm-features: empty.csv: no rows after the header' umm-features -f $ALL --append --state=s --rebuild -o out.npy empty.csv
    refuses 1 'umm-features: empty.csv: no rows after the header' umm-features -f $ALL --append --state=t -o none.npy empty.csv
    refuses 1 'umm-features: out.npy: has 40 rows, the input gives 0; --rebuild starts over' \
        umm-features -f $ALL --append --state=t -o out.npy empty.npy
    [[ ! -e none.npy && ! -e t ]]
    cmp kept.npy out.npy
    cmp kept s
    ok umm-features -f $ALL --append --state=s -o out.npy all.csv
    umm-features -f $ALL -o want.npy all.npy
    cmp want.npy out.npy
    no_leftovers
}

@test "a dataset without rows is nothing new" {
    mkdir -p bars/A bars/B out
    cp all.npy bars/A/1h.npy
    cp all.npy bars/B/1h.npy
    local run=(umm-features -f "$ALL" --append --root=bars "--symbols=A,B" --timeframes=1h --out-root=out)
    ok "${run[@]}"
    cp -r out kept
    "$PY" -c 'import numpy as np; np.save("bars/A/1h.npy", np.load("all.npy")[:0])'
    ok "${run[@]}"
    diff -r kept out
}

@test "every split of a file gives the bytes of one run" {
    local warmup
    for warmup in nan drop; do
        ok features --warmup=$warmup -o want.npy all.npy
        for n in $(seq "$step" "$step" 60); do
            first "$n"
            rm -f out.npy s
            ok features --warmup=$warmup --append --state=s -o out.npy in.npy
            ok features --warmup=$warmup --append --state=s -o out.npy all.npy
            cmp out.npy want.npy
        done
        ok features --warmup=$warmup --verify --state=s -o out.npy all.npy
        [[ $output == 'all.npy: PASS, 60 rows are what the input gives; '* ]]
    done
    no_leftovers
}

@test "a run for every bar, from text, from a pipe, and of new rows only" {
    ok features -o want.npy all.npy
    for n in {1..60}; do
        head -n $((n + 1)) all.csv >in.csv
        ok features --append --state=text.state -o text.npy in.csv
        ok bash -c "umm-convert -o - in.csv | umm-features -f $ALL --append --state=pipe.state -o pipe.npy"
        (head -n 1 all.csv && sed -n "$((n + 1))p" all.csv) >new.csv
        ok features --append --state=new.state -o new.npy new.csv
        (head -n 1 all.csv && sed -n "2,$((n + 1))p" all.csv | tail -n 5) >near.csv
        ok features --append --state=near.state -o near.npy near.csv
    done
    for kind in text pipe new near; do
        cmp $kind.npy want.npy
        ok features --verify --state=$kind.state -o $kind.npy all.npy
    done
    cmp text.state pipe.state
    cmp text.state new.state
}

@test "nothing new changes nothing" {
    ok features --append --state=s -o out.npy all.npy
    touch -d '2001-01-01' out.npy s all.npy
    stat -c '%i %Y' out.npy s >before
    ok features --append --state=s -o out.npy all.npy
    stat -c '%i %Y' out.npy s | cmp - before
    capture features --append --state=s -v -o out.npy all.npy
    [[ $stderr == 'all.npy: 0 new rows after 60; out.npy: 60 rows, unchanged; '* ]]
}

@test "a make rule ends: an output is not older than its input, whatever that had" {
    # shellcheck disable=SC2016 # for make
    printf 'out.npy: all.npy\n\tumm-features -f ema:3 --append --state=s -o $@ $<\n' >Makefile
    ok make -s
    cp out.npy want.npy
    touch -d '2001-01-01' out.npy s
    ! make -q || return
    ok make -s
    make -q
    cmp out.npy want.npy
    [[ $(stat -c %y s) == 2001-01-01* ]]
}

@test "results of new rows by themselves" {
    ok features all.npy
    local whole=$output
    first 40
    ok features --state=s in.npy
    local part=$output
    ok features --state=s all.npy
    [[ "$part"$'\n'"$(tail -n +2 <<<"$output")" == "$whole" ]]
    ok features --state=s all.npy
    [[ ${#lines[@]} -eq 1 ]]
}

@test "the last bar is revised, again and again" {
    local warmup n
    for warmup in nan drop; do
        ok features --warmup=$warmup -o want.npy all.npy
        rm -f out.npy s
        for n in $(seq "$step" "$step" 60); do
            revised "$n" | head -n $((n + 1)) | umm-convert -o in.npy
            ok features --warmup=$warmup --revise-last --append --state=s -o out.npy in.npy
            if ((n % 3 == 0)); then
                first "$n"
                ok features --warmup=$warmup --revise-last --append --state=s -o out.npy in.npy
                features --warmup=$warmup -o now.npy in.npy
                cmp out.npy now.npy
            fi
        done
        ok features --warmup=$warmup --revise-last --append --state=s -o out.npy all.npy
        cmp out.npy want.npy
        ok features --warmup=$warmup --verify --state=s -o out.npy all.npy
    done
}

@test "without a state, only an array of what the input gives is taken up" {
    ok features -o want.npy all.npy
    cp want.npy out.npy
    first 40
    refuses 1 'umm-features: out.npy: has 60 rows, the input gives 40; --rebuild starts over' \
        features --append --state=s -o out.npy in.npy
    cmp out.npy want.npy
    revised 30 >other.csv
    refuses 1 'umm-features: out.npy: row 29: ema_5 is not what the input gives; --rebuild starts over' \
        features --append --state=s -o out.npy other.csv
    cmp out.npy want.npy
    cp all.npy out.npy
    refuses 1 'umm-features: out.npy: the array has other columns than the results' \
        features --append --state=s -o out.npy all.npy
    cmp out.npy all.npy
    [[ ! -e s ]]
    : >new.npy
    ok features --append --state=new -o new.npy all.npy
    cmp new.npy want.npy
    ok features --append --rebuild --state=s -o out.npy all.npy
    cmp out.npy want.npy
    no_leftovers
}

@test "an output with a second array after the first is refused" {
    first 40
    ok features --append --state=s -o out.npy in.npy
    cat all.npy >>out.npy
    cp out.npy want.npy
    refuses 1 'umm-features: out.npy: holds more than one array, and cannot be appended to' \
        features --append --state=s -o out.npy all.npy
    cmp out.npy want.npy
    no_leftovers
}

@test "bars that were held back come later" {
    ok features -o want.npy all.npy
    for n in 5 20 40; do
        first $n
        ok features --holdback=3 --append --state=s -o out.npy in.npy
        ok "$PY" -c "import numpy as np; assert len(np.load('out.npy')) == $n - 3"
    done
    ok features --append --state=s -o out.npy all.npy
    cmp out.npy want.npy
}

@test "a killed run is completed by the next: output without state, rows without count" {
    ok features -o want.npy all.npy
    first 40
    features --append --state=s -o out.npy in.npy
    cp s s40
    cp out.npy out40.npy
    features --append --state=s -o out.npy all.npy
    # The output was published, the state was not.
    cp s40 s
    ok features --append --state=s -o out.npy all.npy
    cmp out.npy want.npy
    # Of that output the last row then changed at its source.
    cp s40 s
    revised 60 | umm-convert -o revised.npy
    features -o want-revised.npy revised.npy
    ok features --append --state=s -o out.npy revised.npy
    cmp out.npy want-revised.npy
    # Rows were written, the header was not.
    cp s40 s
    (cat out40.npy && head -c 777 /dev/urandom) >out.npy
    ok features --append --state=s -o out.npy all.npy
    cmp out.npy want.npy
    # The last row was to be replaced: it is out of the count.
    cp s40 s
    first 39
    features -o out.npy in.npy
    first 40
    ok features --append --state=s -o out.npy in.npy
    cmp out.npy out40.npy
    # It was replaced, and the state does not know.
    revised 40 >revised.csv
    cp s40 s
    head -n 41 revised.csv >in.csv
    features -o out.npy in.csv
    ok features --append --revise-last --state=s -o out.npy in.csv
    features -o want-revised.npy in.csv
    cmp out.npy want-revised.npy
    cp s40 s
    features -o out.npy in.csv
    (head -n 1 all.csv && tail -n 20 all.csv) >new.csv
    ok features --append --state=s -o out.npy new.csv
    cmp out.npy want.npy
    # The first output was there, its state was not; then the last row changed at its source.
    rm s
    first 20
    features -o out.npy in.npy
    ok features --append --state=s -o out.npy all.npy
    cmp out.npy want.npy
    rm s
    features -o out.npy in.npy
    ok features --append --state=s -o out.npy in.csv
    cmp out.npy want-revised.npy
    no_leftovers
}

@test "what could not all be written is cut off again" {
    umm-synth --rows=30000 | umm-convert -o more.npy
    features --append --state=s -o out.npy all.npy
    cp out.npy before.npy
    # shellcheck disable=SC2016 # for the inner shell
    refuses 1 'umm-features: out.npy: cannot write: File too large' \
        bash -c 'ulimit -f 500; umm-features "$@"' bash -f $ALL --append --state=s -o out.npy more.npy
    cmp out.npy before.npy
    ok features --append --state=s -o out.npy more.npy
    no_leftovers
}

@test "an output is not made shorter without a word" {
    ok features -o want.npy all.npy
    first 40
    features --append --state=s -o out.npy in.npy
    cp s s40
    features --append --state=s -o out.npy all.npy
    # Killed before its state was saved; then the input has fewer rows than were published.
    cp s40 s
    first 41
    refuses 1 'umm-features: out.npy: has 60 rows, the input gives 41; --rebuild starts over' \
        features --append --state=s -o out.npy in.npy
    cmp out.npy want.npy
    cmp s s40
    ok features --append --state=s -o out.npy all.npy
}

@test "an output whose header is full takes rows until its count needs another digit" {
    # full N: out.npy with the same rows, and N blanks behind its header's text.
    full() {
        "$PY" - "$1" <<'END'
import re, sys
import numpy as np
rows = np.load("out.npy")
file = open("out.npy", "rb").read()
text = re.match(rb"[^}]*\}", file[10:])[0]
header = text + b" " * int(sys.argv[1]) + b"\n"
open("out.npy", "wb").write(file[:8] + len(header).to_bytes(2, "little") + header + rows.tobytes())
assert np.array_equal(np.load("out.npy"), rows, equal_nan=True)
END
    }
    local n
    for n in 0 1; do
        rm -f s out.npy
        first 8
        ok features --plain --append --state=s -o out.npy in.npy
        full "$n"
        first 9
        ok features --plain --append --state=s -o out.npy in.npy
        cp out.npy before.npy
        cp s before.s
        first 10
        if ((n == 0)); then
            refuses 1 'umm-features: out.npy: its header has no room for 10 rows: load it and save it again with NumPy' \
                features --plain --append --state=s -o out.npy in.npy
            cmp before.npy out.npy
            cmp before.s s
        else
            ok features --plain --append --state=s -o out.npy in.npy
            ok features --plain -o all10.npy in.npy
            "$PY" -c "
import numpy as np
assert np.load('out.npy').tobytes() == np.load('all10.npy').tobytes()"
        fi
        no_leftovers
    done
}

@test "an output that is replaced while it grows is an error, and the state as it was" {
    umm-synth --rows=30000 >all.csv
    umm-convert -o all.npy all.csv
    ok features -o want.npy all.npy
    first 20000
    features --append --state=s -o out.npy in.npy
    cp s kept
    cp out.npy other.npy
    mkfifo pipe
    umm-features -f $ALL --append --state=s -o out.npy pipe 2>err 3>&- &
    local pid=$! code=0
    opened $pid pipe
    exec 4>pipe
    head -n 25001 all.csv >&4
    opened $pid out.npy
    mv other.npy out.npy
    tail -n +25002 all.csv >&4
    exec 4>&-
    wait $pid || code=$?
    [[ $code -eq 1 && $(<err) == 'umm-features: out.npy: was replaced while it was written' ]] || fail "$code: $(<err)"
    cmp s kept
    ok features --append --state=s -o out.npy all.npy
    cmp out.npy want.npy
    no_leftovers
}

@test "a state and an output whose long names begin alike have each their lock" {
    local name
    name=$(printf 'a%.0s' {1..249})
    ok timeout 120 umm-features -f ema --append --state="$name.state" -o "$name.npy" all.npy
    no_leftovers
}

@test "verify finds what is not as it should be" {
    ok features --append --state=s -o out.npy all.npy
    local input='umm-features: all.npy' state='umm-features: s' output_='umm-features: out.npy'
    verify() { umm-features -f $ALL --verify --state=s -o out.npy "$@"; }
    cp out.npy good.npy
    printf 'x' | dd of=out.npy bs=1 seek=$(($(stat -c %s out.npy) - 4000)) conv=notrunc status=none
    capture verify all.npy
    [[ $status -eq 1 && $stderr =~ ^"$output_: row "[0-9]+": "[a-z_0-9]+" is not what the input gives"$ ]] || fail "$stderr"
    cp good.npy out.npy
    sed '20s/\./.1/' all.csv | umm-convert -o in.npy
    capture verify in.npy
    [[ $status -eq 1 && -z $output ]]
    # A state that lies, with its checksum made right.
    "$PY" - <<'EOF'
import subprocess
b = bytearray(open('s', 'rb').read())
text = b'UMMFEAT\n'
at = b.rfind(text, 0, b.rfind(text))
b[at + 60] ^= 1
open('lie', 'wb').write(b)
EOF
    refuses 1 "umm-features: lie: the state is damaged: its checksum differs" \
        umm-features -f $ALL --verify --state=lie -o out.npy all.npy
    refuses 1 'umm-features: none: there is no state to verify' umm-features -f $ALL --verify --state=none all.npy
    first 50
    refuses 1 'umm-features: in.npy: has 50 rows, fewer than the 60 that the state has taken; --rebuild starts over' \
        verify in.npy
    ok umm-features -f $ALL --verify -o out.npy all.npy
    ok umm-features -f $ALL --verify --state=s all.npy
    cmp out.npy good.npy
    [[ -n $input && -n $state ]]
}

@test "rebuild starts over" {
    ok features --append --state=s -o out.npy all.npy
    sed 's/\.\(.\)/.1\1/' all.csv >other.csv
    capture features --append --state=s -o out.npy other.csv
    [[ $status -eq 1 ]]
    ok features --rebuild --append --state=s -o out.npy other.csv
    ok features -o want.npy other.csv
    cmp out.npy want.npy
    ok features --verify --state=s -o out.npy other.csv
}

@test "one run at a time" {
    mkfifo in
    umm-features -f ema --append --state=s -o out.npy in 3>&- &
    local pid=$!
    opened $pid in
    exec 4>in
    head -n 30 all.csv >&4
    wait_until $pid 'the first rows to be read' is_drained $pid in
    refuses 1 "umm-features: s: is locked by another process: umm-features, pid $pid" \
        umm-features -f ema --append --state=s --lock=fail -o out.npy all.npy
    tail -n +31 all.csv >&4
    exec 4>&-
    wait $pid
    ok umm-features -f ema --verify --state=s -o out.npy all.npy
    no_leftovers
}

@test "rows go out as they come" {
    mkfifo in
    umm-features -f ema:3 --follow in >out.csv 3>&- &
    local pid=$!
    opened $pid in
    exec 4>in
    head -n 4 all.csv >&4
    written $pid out.csv 4
    sed -n 5p all.csv >&4
    written $pid out.csv 5
    exec 4>&-
    wait $pid
    [[ $(head -n 2 out.csv) == $'timestamp,ema_3\n1577836800000,NaN' ]]
    umm-features -f ema:3 all.csv | head -n 5 | cmp - out.csv
    ok features all.csv
    local whole=$output
    ok bash -c "umm-features -f $ALL --follow <all.csv"
    [[ $output == "$whole" ]]
    ok bash -c "cat all.npy | umm-features -f $ALL --follow --format=raw >raw"
    features -o want.npy all.npy
    cmp <(tail -c "$(stat -c %s raw)" want.npy) raw
    [[ $(($(stat -c %s raw) % 60)) -eq 0 && -s raw ]]
}

@test "a pipe that is followed goes on where it ended, also after a signal" {
    ok features all.csv
    local whole=$output
    ok bash -c "head -n 21 all.csv | umm-features -f $ALL --follow --state=s"
    local part=$output
    ok bash -c "(head -n 1 all.csv; tail -n +22 all.csv) | umm-features -f $ALL --follow --state=s --checkpoint=7"
    [[ "$part"$'\n'"$(tail -n +2 <<<"$output")" == "$whole" ]]
    ok features --verify --state=s all.csv
    rm s
    ended_by_signal out.csv umm-features -f $ALL --follow --state=s in >./out.csv
    [[ $(wc -l <out.csv) -eq 31 ]]
    head -n 31 all.csv >in.csv
    ok features --verify --state=s in.csv
    no_leftovers
}

@test "a file as output is there as far as the state, when a signal ends a run" {
    ended_by_signal .out.csv.umm-0 umm-features -f $ALL --follow --state=s -o out.csv in
    [[ $(wc -l <out.csv) -eq 31 ]]
    head -n 31 all.csv >in.csv
    ok features --verify --state=s in.csv
    cp out.csv first.csv
    ok umm-features -f $ALL --follow --state=s -o out.csv - <all.csv
    features all.csv >want.csv
    cat first.csv <(tail -n +2 out.csv) | cmp - want.csv
    no_leftovers
}

@test "a state that a signal's run cannot save is an error with its cause" {
    mkfifo in
    umm-features -f ema:3 --follow --state=s in >out.csv 2>err 3>&- &
    local pid=$! code=0
    opened $pid in
    exec 4>in
    head -n 31 all.csv >&4
    written $pid out.csv 31
    mkdir s
    kill -TERM $pid
    wait $pid || code=$?
    exec 4>&-
    [[ $code -eq 1 && $(<err) == 'umm-features: s: cannot write: Is a directory' ]] || fail "$code $(<err)"
    no_leftovers
}

@test "lines survive a power cut before the state that counts them does" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    [[ -z ${UMM_EMULATED-} ]] || skip "system calls are the emulator's"
    # traced CODE SIGNAL OPTION...: what comes through the pipe `in`, behind the lines of out.csv; the
    # signal comes with the first of its lines. A sanitizer's leak check does not work under strace,
    # which sees one thread.
    traced() {
        local want=$1 signal=$2
        shift 2
        code=0
        timeout -s KILL 60 strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log \
            -e trace=write,fsync,?rename,renameat ${signal:+-e inject=write:signal="$signal":when=1} \
            umm-features --threads=1 -f ema:3 "$@" >>out.csv || code=$?
        [[ $code -eq $want ]] || fail "exit code $code"
        awk '/^write\(1,/ { n_lost = 1 } /^fsync\(1\) += 0/ { n_lost = 0 }
            /^rename.*"(s|(\.\/)?\.symbols\.changes)"/ { n_saved++; n_bad += n_lost }
            END { exit !n_saved || n_bad }' log || fail "$(<log)"
    }
    sed '1s/^/symbol,/; 1!s/^/BTC,/' all.csv >mixed.csv
    traced 0 '' --follow --state=s --checkpoint=7 < <(cat all.csv)
    traced 0 '' --by=symbol --state-root=. --checkpoint=7 < <(cat mixed.csv)
    rm s BTC.state
    # Nobody closes it: what ends a run is the signal.
    mkfifo in
    exec 4<>in
    cat all.csv >&4
    traced 143 TERM --follow --state=s in
    cat mixed.csv >&4
    traced 143 TERM --by=symbol --state-root=. in
    exec 4>&-
    # What cannot be synced is as durable as it gets; what can, but fails, is not counted.
    rm s
    ok bash -c "umm-features -f ema:3 --follow --state=s --checkpoint=7 < <(cat all.csv) | cat"
    rm s
    capture strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log -e trace=fsync -e inject=fsync:error=EIO:when=1 \
        umm-features --threads=1 -f ema:3 --follow --state=s --checkpoint=7 - < <(cat all.csv)
    [[ $status -eq 1 && $stderr == 'umm-features: standard output: cannot sync: Input/output error' && ! -e s ]] || fail "$stderr"
    no_leftovers
}

@test "an array whose last row is hidden for a moment is waited for" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    [[ -z ${UMM_EMULATED-} ]] || skip "system calls are the emulator's"
    # counts N: the header of in.npy counts so many rows
    counts() {
        "$PY" -c 'import sys
with open("in.npy", "r+b", buffering=0) as file:
    file.write(open("all.npy", "rb").read(128).replace(b"(60,", b"(%s," % sys.argv[1].encode()))' "$1"
    }
    ok features --append --state=s -o out.npy all.npy
    cp all.npy in.npy
    counts 59
    # Stopped while it waits: the second that it gives the row may be short on a busy machine.
    local code=0 stopped tracer
    stop_at clock_nanosleep 1 umm-features -f $ALL --append --state=s -o out.npy in.npy 2>err
    counts 60
    kill -CONT "$stopped"
    wait "$tracer" || code=$?
    [[ $code -eq 0 && ! -s err ]] || fail "$code: $(<err)"
    ok features --verify --state=s -o out.npy in.npy
    counts 59
    refuses 1 'umm-features: in.npy: has 59 rows, fewer than the 60 that the state has taken; --rebuild starts over' \
        features --append --state=s -o out.npy in.npy
}

@test "verify knows the output of a run that was killed before it stored its state" {
    umm-synth --rows=100 >all.csv
    head -81 all.csv | umm-convert -o in.npy
    ok umm-features -f ema:3 --append --state=s -o out.npy in.npy
    cp s before
    umm-convert --append -o in.npy all.csv
    ok umm-features -f ema:3 --append --state=s -o out.npy in.npy
    cp before s
    refuses 1 'umm-features: out.npy: has 100 rows, the state only 80: a run stopped before it stored its state; --append goes on from there' \
        umm-features -f ema:3 --verify --state=s -o out.npy in.npy
    ok umm-features -f ema:3 --append --state=s -o out.npy in.npy
    ok umm-features -f ema:3 --verify --state=s -o out.npy in.npy
    # An output of more rows than its input gives is another matter.
    umm-convert -o in.npy <(head -81 all.csv)
    refuses 1 'umm-features: in.npy: has 80 rows, fewer than the 100 that the state has taken; --rebuild starts over' \
        umm-features -f ema:3 --verify --state=s -o out.npy in.npy
}

@test "verify waits for a run that appends, if it is to" {
    umm-synth --rows=100 | umm-convert -o in.npy
    ok umm-features -f ema:3 --append --state=s -o out.npy in.npy
    exec 9>.s.lock
    flock 9
    ok umm-features -f ema:3 --verify --state=s -o out.npy in.npy
    refuses 1 'umm-features: s: is locked by another process' \
        umm-features -f ema:3 --verify --lock=fail --state=s -o out.npy in.npy
    exec 9>&-
    ok umm-features -f ema:3 --verify --lock=fail --state=s -o out.npy in.npy
    no_leftovers
}
