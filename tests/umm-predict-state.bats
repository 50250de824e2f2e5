#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-predict with a state: runs that answer only what is new give the bytes of one run, also after
# a kill at any moment, and notice when rows, model or output are others.

load helper

# A model, and bars: all.npy, all.csv of 60 rows, with times; plain.npy without.
setup() {
    cd "$BATS_TEST_TMPDIR" || return
    "$PY" "$TOP/tests/ref/predict_models.py" m.onnx vector
    "$PY" "$TOP/tests/ref/predict_models.py" other.onnx other
    "$PY" -c "import numpy as np
a = np.random.default_rng(5).integers(-9, 10, (60, 3)).astype('f4')
np.save('plain.npy', a)
r = np.zeros(60, [('timestamp', '<M8[ms]'), ('a', '<f8'), ('b', '<f8'), ('c', '<f8')])
r['timestamp'] = 1577836800000 + 60000 * np.arange(60)
r['a'], r['b'], r['c'] = a.T
np.save('all.npy', r)
with open('all.csv', 'w') as out:
    print('timestamp,a,b,c', file=out)
    for t, (_, *x) in zip(r['timestamp'].astype('i8'), r.tolist()):
        print(t, *('%g' % v for v in x), sep=',', file=out)" || return
}

# first N [FILE]: in.npy, the first N rows of FILE.
first() {
    "$PY" -c "import numpy as np; np.save('in.npy', np.load('${2:-all.npy}')[:$1])"
}

predict() {
    umm-predict --append --state=s -o out.npy "$@"
}

@test "every split of a file gives the bytes of one run" {
    for file in all.npy plain.npy; do
        rm -f s out.npy
        ok umm-predict -o want.npy m.onnx $file
        for n in 1 2 33 34 59; do
            first $n $file
            ok predict m.onnx in.npy
        done
        ok predict m.onnx $file
        cmp out.npy want.npy
        ok umm-predict --verify --state=s -o out.npy m.onnx $file
        [[ $output == "$file: PASS, 60 rows are what plain C gives; "* ]] || fail "$output"
        cp out.npy kept.npy
        cp --preserve=all s kept.s
        ok predict m.onnx $file
        cmp out.npy kept.npy
        cmp s kept.s
    done
    no_leftovers
}

@test "text and pipes go on, from their beginning or after the last row" {
    ok umm-predict -o want.npy m.onnx all.npy
    head -n 41 all.csv >in.csv
    ok predict m.onnx in.csv
    ok predict m.onnx all.csv
    cmp out.npy want.npy
    rm s out.npy
    ok bash -c 'head -n 41 all.csv | umm-predict --append --state=s -o out.npy m.onnx'
    ok bash -c '(head -n 1 all.csv && tail -n 20 all.csv) | umm-predict --append --state=s -o out.npy m.onnx'
    cmp out.npy want.npy
    # New rows by themselves, as lines.
    rm s
    ok umm-predict --state=s m.onnx in.csv
    ok umm-predict --state=s m.onnx all.csv
    [[ ${#lines[@]} -eq 21 && ${lines[1]} == 1577839200000,* ]] || fail "$output"
    # Rows without times are those from row 0 on.
    cut -d , -f 2- all.csv >bare.csv
    rm s
    head -n 41 bare.csv >in.csv
    ok umm-predict --state=s m.onnx in.csv
    ok umm-predict --state=s m.onnx bare.csv
    [[ ${#lines[@]} -eq 21 ]] || fail "$output"
    refuses 1 'umm-predict: tail.csv:2: row 0 is not what it was when the state took it; --rebuild starts over' \
        bash -c '(head -n 1 bare.csv && tail -n 20 bare.csv) >tail.csv && umm-predict --state=s m.onnx tail.csv'
}

@test "a killed run is completed by the next" {
    ok umm-predict -o want.npy m.onnx all.npy
    first 40
    ok predict m.onnx in.npy
    cp s s40
    cp out.npy out40.npy
    # The output was published, the state was not.
    cp want.npy out.npy
    ok predict m.onnx all.npy
    cmp out.npy want.npy
    # Rows were written, the header was not.
    cp s40 s
    (cat out40.npy && head -c 300 /dev/urandom) >out.npy
    ok predict m.onnx all.npy
    cmp out.npy want.npy
    # There was no state yet.
    rm s
    cp out40.npy out.npy
    ok predict m.onnx all.npy
    cmp out.npy want.npy
    # Verify says what is the matter.
    cp s40 s
    refuses 1 "umm-predict: out.npy: has 60 rows, the state only 40: a run stopped before it stored its state; \
--append goes on from there" umm-predict --verify --state=s -o out.npy m.onnx all.npy
    no_leftovers
}

@test "stopped at any of its steps, it is completed by the next run" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    ok umm-predict -o want.npy m.onnx all.npy
    first 40
    ok predict m.onnx in.npy
    cp s s40
    cp out.npy out40.npy
    local call n
    for call in pwrite64:1 pwrite64:2 fdatasync:1 fsync:1 rename:1; do
        cp s40 s
        cp out40.npy out.npy
        n=${call#*:}
        strace -f -o /dev/null -e inject="${call%:*}":signal=KILL:when="$n" \
            umm-predict --append --state=s -o out.npy m.onnx all.npy || true
        ok predict m.onnx all.npy
        cmp out.npy want.npy
        ok umm-predict --verify --state=s -o out.npy m.onnx all.npy
    done
}

@test "the last row may be revised" {
    ok umm-predict -o want.npy m.onnx all.npy
    "$PY" -c "import numpy as np
a = np.load('all.npy')[:40]
a['b'][39] += 1
np.save('in.npy', a)"
    ok predict m.onnx in.npy
    refuses 1 "umm-predict: all.npy: the last row that the state has taken, of 2020-01-01T00:39:00Z, is another now; \
see --revise-last" predict m.onnx all.npy
    ok predict --revise-last m.onnx all.npy
    cmp out.npy want.npy
}

@test "another model, other options, other rows, another output" {
    first 40
    ok predict m.onnx in.npy
    cp s kept.s
    cp out.npy kept.npy
    refuses 1 'umm-predict: s: the state is of another model; --rebuild starts over' predict other.onnx all.npy
    refuses 1 'umm-predict: s: the state is of other options for the model; --rebuild starts over' \
        predict --columns=a,c,b m.onnx all.npy
    refuses 1 'umm-predict: s: the state is of other options for the model; --rebuild starts over' \
        predict --nan=pass m.onnx all.npy
    refuses 1 'umm-predict: plain.npy: its rows are <f4 x 3; those that the state has taken were [timestamp <M8[ms], a <f8, b <f8, c <f8]; --rebuild starts over' \
        predict m.onnx plain.npy
    "$PY" -c "import numpy as np
a = np.load('all.npy')
a['a'][0] += 1
np.save('first.npy', a)
a = np.load('all.npy')
a['a'][20] += 1
np.save('ring.npy', a)"
    refuses 1 'umm-predict: first.npy: row 0 is not what it was when the state took it; --rebuild starts over' \
        predict m.onnx first.npy
    refuses 1 'umm-predict: ring.npy: row 20, of 2020-01-01T00:20:00Z, is not what it was when the state took it; --rebuild starts over' \
        predict m.onnx ring.npy
    first 30
    refuses 1 'umm-predict: in.npy: has 30 rows, fewer than the 40 that the state has taken; --rebuild starts over' \
        predict m.onnx in.npy
    cmp out.npy kept.npy
    "$PY" -c "import numpy as np
a = np.load('kept.npy')
a['y[0]'][38] += 1
np.save('out.npy', a)"
    refuses 1 'umm-predict: out.npy: its rows are not those that the state has written; --rebuild starts over' \
        predict m.onnx all.npy
    cmp s kept.s
    # A state of features is none of answers.
    umm-synth --rows=9 >bars.csv
    umm-features -f ema:2 --append --state=f -o f.npy bars.csv
    refuses 1 "umm-predict: f: the state is none of a model's answers; --rebuild starts over" \
        umm-predict --append --state=f -o out.npy m.onnx all.npy
    ok predict --rebuild other.onnx all.npy
    ok umm-predict -o want.npy other.onnx all.npy
    cmp out.npy want.npy
    no_leftovers
}

@test "weights in another file are part of the model, however little they change" {
    "$PY" "$TOP/tests/ref/predict_models.py" outside.onnx outside
    first 40 plain.npy
    ok predict outside.onnx in.npy
    cp out.npy kept.npy
    "$PY" -c "import numpy as np
w = np.fromfile('outside.weights', 'f4')
w[3] = 2
w.tofile('outside.weights')"
    refuses 1 'umm-predict: s: the state is of another model; --rebuild starts over' \
        predict outside.onnx plain.npy
    cmp out.npy kept.npy
    "$PY" "$TOP/tests/ref/predict_models.py" outside.onnx outside
    ok predict outside.onnx plain.npy
    ok umm-predict -o want.npy outside.onnx plain.npy
    cmp out.npy want.npy
}

@test "a pipe that is followed goes on where it ended, also after a signal" {
    umm-predict m.onnx all.csv >want.csv
    mkfifo in
    umm-predict --follow --state=s m.onnx in >out.csv 3>&- &
    local pid=$!
    exec 4>in
    head -n 31 all.csv >&4
    wait_until $pid '30 answers' has_lines out.csv 31
    kill -TERM $pid
    wait $pid && fail 'a signal is no success'
    exec 4>&-
    (head -n 1 all.csv && tail -n +32 all.csv) | umm-predict --follow --state=s m.onnx >more.csv
    cmp want.csv <(cat out.csv <(tail -n +2 more.csv))
    [[ $(wc -l <more.csv) -eq 31 ]]
}

@test "two signals at once, as timeout(1) sends them, are one" {
    mkfifo in
    local i pid
    for i in {1..10}; do
        rm -f s
        umm-predict --follow --state=s m.onnx in >out.csv 3>&- &
        pid=$!
        exec 4>in
        head -n 31 all.csv >&4
        wait_until $pid '30 answers' has_lines out.csv 31
        kill -TERM $pid $pid # it may have ended before the second comes
        wait $pid && fail 'a signal is no success'
        exec 4>&-
        [[ -s s ]] || fail "no state after run $i"
    done
}

@test "one run at a time" {
    mkfifo in
    umm-predict --append --state=s -o out.npy m.onnx in 3>&- &
    local pid=$!
    wait_until $pid 'the input to be opened' has_open $pid in
    exec 4>in
    head -n 31 all.csv >&4
    wait_until $pid 'the first rows to be read' is_drained $pid in
    refuses 1 "umm-predict: s: is locked by another process: umm-predict, pid $pid" predict --lock=fail m.onnx all.npy
    tail -n +32 all.csv >&4
    exec 4>&-
    wait $pid
    ok umm-predict --verify --state=s -o out.npy m.onnx all.npy
    no_leftovers
}
