#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-predict: what it answers, compared with NumPy. Weights and inputs are whole numbers, so that
# answers are exact; models are written byte by byte (tests/ref/model_make.py).

load helper

py() {
    ok "$PY" -c "import sys
sys.path.insert(0, '$TOP/tests/ref')
import numpy as np, predict_models as m
$1" || fail "$output"
}

# make_model NAME [KIND]: NAME.onnx.
make_model() {
    "$PY" "$TOP/tests/ref/predict_models.py" "$1.onnx" "${2:-$1}"
}

# rows N: N rows of three columns a, b, c, as rows.npy (f4), doubles.npy, records.npy and rows.csv.
rows() {
    "$PY" -c "import numpy as np
a = np.random.default_rng(5).integers(-9, 10, ($1, 3)).astype('f4')
np.save('rows.npy', a)
np.save('doubles.npy', a.astype('f8'))
r = np.zeros(len(a), [('timestamp', '<M8[ms]'), ('a', '<f8'), ('b', '<i4'), ('c', '<f4')])
r['timestamp'] = 1577836800000 + 60000 * np.arange(len(a))
r['a'], r['b'], r['c'] = a.T
np.save('records.npy', r)
np.savetxt('rows.csv', a, '%g', ',', header='a,b,c', comments='')"
}

@test "rows of every kind have the answers that NumPy has" {
    make_model vector
    rows 5000
    ok umm-predict -o out.npy vector.onnx rows.npy
    [[ -z $output ]]
    py "
y = np.load('out.npy', mmap_mode='r')
assert y.dtype == '<f4' and y.shape == (5000, 2)
assert (y == m.answer(m.VECTOR, np.load('rows.npy'))).all()"
    for input in doubles.npy rows.csv; do
        ok umm-predict -o other.npy vector.onnx $input
        cmp out.npy other.npy
    done
    ok umm-predict --format=raw -o out.raw vector.onnx rows.npy
    cmp out.raw <(tail -c +129 out.npy)
    ok bash -c 'umm-predict --format=npy vector.onnx <rows.npy | cat >piped.npy'
    cmp out.npy piped.npy
    # Records have their times with them, unless only answers are wanted.
    ok umm-predict -o named.npy vector.onnx records.npy
    ok umm-predict --plain -o other.npy vector.onnx records.npy
    cmp out.npy other.npy
    py "
y, r = np.load('named.npy'), np.load('records.npy')
assert y.dtype == [('timestamp', '<M8[ms]'), ('y[0]', '<f4'), ('y[1]', '<f4')], y.dtype
assert (y['timestamp'] == r['timestamp']).all() and (y['y[1]'] == np.load('out.npy')[:, 1]).all()"
    # An archive; and Fortran order.
    ok umm-archive append records.uar records.npy
    ok umm-predict --plain -o other.npy vector.onnx records.uar
    cmp out.npy other.npy
    "$PY" -c "import numpy as np; np.save('f.npy', np.asfortranarray(np.load('rows.npy')))"
    ok umm-predict -o other.npy vector.onnx f.npy
    cmp out.npy other.npy
    no_leftovers
}

@test "threads, batches and blocks of text change no bit" {
    make_model wide
    "$PY" -c "import numpy as np
np.save('x.npy', np.random.default_rng(1).normal(size=(20000, 32)).astype('f4'))"
    ok umm-predict --threads=1 -o out.npy wide.onnx x.npy
    for how in --threads=2 --threads=7 --batch-size=1 --batch-size=33; do
        ok umm-predict $how -o other.npy wide.onnx x.npy
        cmp out.npy other.npy
    done
    ok umm-predict --verify wide.onnx x.npy
    [[ $output =~ ^'x.npy: PASS, 20000 rows are what plain C gives; '[0-9.]+' s'$ ]] || fail "$output"
    ok umm-predict --verify -o out.npy wide.onnx x.npy
    py "
y, x = np.load('out.npy'), np.load('x.npy')
w = m.WIDE
assert np.allclose(y, m.answer(w, x), rtol=1e-5, atol=1e-2)
y[12345] = np.nextafter(y[12345], 0)
np.save('out.npy', y)"
    refuses 1 'umm-predict: out.npy: row 12345: column 0 is not what the input gives' \
        umm-predict --verify -o out.npy wide.onnx x.npy
    "$PY" -c "import numpy as np; np.save('out.npy', np.load('out.npy')[:19999])"
    refuses 1 'umm-predict: out.npy: row 12345: column 0 is not what the input gives' \
        umm-predict --verify -o out.npy wide.onnx x.npy
}

@test "a model of int8 has the bits of plain C, as ONNX and as TensorFlow Lite" {
    make_model wide
    "$PY" -c "import numpy as np
np.save('x.npy', np.random.default_rng(1).normal(size=(5000, 32)).astype('f4'))"
    for file in q.onnx q.tflite; do
        umm-quantize --data=x.npy -o $file wide.onnx >quantize.txt
        ok umm-predict --describe $file
        [[ $output == *'layers: 3, 3 of int8'* ]] || fail "$output"
        ok umm-predict --verify $file x.npy
        [[ $output == 'x.npy: PASS, 5000 rows are '* ]] || fail "$output"
        ok umm-predict -o out.npy $file x.npy
        py "
y, want = np.load('out.npy')[:, 0], m.answer(m.WIDE, np.load('x.npy'))[:, 0]
assert np.sqrt(((y - want)**2).mean()) < 0.1 * want.std()"
        for how in --threads=3 --batch-size=7; do
            ok umm-predict $how -o other.npy $file x.npy
            cmp out.npy other.npy
        done
    done
}

@test "columns are found by their names, by numbers, or in their order" {
    make_model named
    ok umm-predict named.onnx - < <(printf '%s\n' gamma,note,alpha,time,beta 3,x,1,1577836800,2)
    [[ $output == $'timestamp,y\n1577836800000,-5' ]] || fail "$output"
    # A model without names takes columns in order, but no time, and no id.
    make_model vector
    text=$'date,sym,a,b,c\n2020-01-01,"A,B",1,2,3\n2020-01-02,,4,5,6\n'
    ok umm-predict --id=sym vector.onnx - <<<"$text"
    [[ $output == $'timestamp,sym,y[0],y[1]\n1577836800000,"A,B",27,5\n1577923200000,,90,38' ]] || fail "$output"
    ok umm-predict --columns=a,b,c --plain vector.onnx - <<<"$text"
    [[ $output == $'y[0],y[1]\n27,5\n90,38' ]] || fail "$output"
    ok umm-predict --columns=2,3,4 --plain vector.onnx - <<<"$text"
    [[ $output == $'y[0],y[1]\n27,5\n90,38' ]] || fail "$output"
    refuses 1 'umm-predict: <stdin>:1:1: 4 fields are left for the inputs, and the model takes 3; say which with --columns' \
        umm-predict vector.onnx - <<<"$text"
    refuses 1 'umm-predict: <stdin>:1:1: 2 fields are listed, and the model takes 3; say which with --columns' \
        umm-predict --columns=a,b vector.onnx - <<<"$text"
    refuses 1 'umm-predict: <stdin>:1:1: d is none of the fields "date", "sym", "a", "b", "c"; say which with --columns' \
        umm-predict --columns=a,b,d vector.onnx - <<<"$text"
    refuses 1 'umm-predict: <stdin>:1:1: date holds times: it is no input; say which with --columns' \
        umm-predict --columns=a,b,date vector.onnx - <<<"$text"
    refuses 1 'umm-predict: <stdin>:1:1: the id x is none of the fields "date", "sym", "a", "b", "c"; say which with --columns' \
        umm-predict --id=x vector.onnx - <<<"$text"
    refuses 1 'umm-predict: <stdin>:2:12: sym is not a number: "A,B"; text cannot be stored: leave the column out of --columns' \
        umm-predict --columns=a,sym,c vector.onnx - <<<"$text"
    refuses 1 "umm-predict: <stdin>:1:1: the model's input gamma is none of the fields \"alpha\", \"beta\", \"delta\"; say which with --columns" \
        umm-predict named.onnx - <<<$'alpha,beta,delta\n1,2,3'
    ok umm-predict --columns=alpha,beta,delta named.onnx - <<<$'delta,alpha,beta\n3,1,2'
    [[ $output == $'y\n-5' ]] || fail "$output"
    # What --columns says goes before the names, as it does in arrays.
    ok umm-predict --columns=gamma,beta,alpha named.onnx - <<<$'alpha,beta,gamma\n3,2,1'
    [[ $output == $'y\n-5' ]] || fail "$output"
}

@test "a name that several fields have says nothing, but their numbers do" {
    make_model named
    make_model vector
    local text=$'alpha,beta, alpha,gamma\n7,2,1,3'
    local among='of several of the fields "alpha", "beta", "alpha", "gamma"; say which with --columns'
    refuses 1 "umm-predict: <stdin>:1:1: the model's input alpha is the name $among" \
        umm-predict named.onnx - <<<"$text"
    refuses 1 "umm-predict: <stdin>:1:1: alpha is the name $among" \
        umm-predict --columns=alpha,beta,gamma named.onnx - <<<"$text"
    refuses 1 "umm-predict: <stdin>:1:1: the id alpha is the name $among" \
        umm-predict --id=alpha vector.onnx - <<<"$text"
    ok umm-predict --columns=2,beta,gamma named.onnx - <<<"$text"
    [[ $output == $'y\n-5' ]] || fail "$output"
    ok umm-predict --id=0 --columns=2,1,3 named.onnx - <<<"$text"
    [[ $output == $'column_0,y\n7,-5' ]] || fail "$output"
    ok umm-predict vector.onnx - <<<$'a,a,a\n1,2,3'
    [[ $output == $'y[0],y[1]\n27,5' ]] || fail "$output"
}

@test "columns of arrays, and an id of every type" {
    make_model named
    make_model vector
    py "
r = np.zeros(3, [('gamma', '>f8'), ('x', 'f4'), ('beta', 'i2'), ('id', 'U3'), ('alpha', '?'), ('n', '<u8'), ('s', 'S2')])
r['gamma'], r['beta'], r['alpha'] = [3, 1, 2], [2, 5, -7], [1, 0, 1]
r['id'], r['n'], r['s'] = ['a', 'é,x', ''], [2**64 - 1, 0, 7], ['ab', 'c', '\"']
np.save('r.npy', r)
np.save('two.npy', np.zeros((4, 2), 'f4'))
np.save('cube.npy', np.zeros((2, 3, 3), 'f4'))"
    want=$(py "
r = np.load('r.npy')
y = m.answer(m.NAMED, np.stack([r['alpha'], r['beta'], r['gamma']], 1))[:, 0]
print(*('%g' % v for v in y), sep='\n')" && echo "$output")
    ok umm-predict named.onnx r.npy
    [[ $output == y$'\n'$want ]] || fail "$output"
    ok umm-predict --id=id named.onnx r.npy
    [[ $(cut -d , -f 1 <<<"$output" | paste -s) == $'id\ta\t"é' && $output == *'"é,x",'* ]] || [[ $output == *$'\n"é,x",'* ]] || fail "$output"
    ok umm-predict --id=n named.onnx r.npy
    [[ $(cut -d , -f 1 <<<"$output" | paste -s) == $'n\t18446744073709551615\t0\t7' ]] || fail "$output"
    ok umm-predict --id=s --format=npy -o out.npy named.onnx r.npy
    py "
y = np.load('out.npy')
assert y.dtype == [('s', 'S2'), ('y', '<f4')] and y['s'].tolist() == [b'ab', b'c', b'\"']"
    # Times are no inputs, whatever their type; an id of a matrix is none either.
    py "
r = np.zeros(2, [('timestamp', 'f8'), ('a', 'f4'), ('b', 'f4'), ('c', 'f4')])
r['timestamp'], r['a'], r['b'], r['c'] = [1577836800000, 1577836860000], [1, 4], [2, 5], [3, 6]
np.save('t.npy', r)
np.save('four.npy', np.array([[9, 1, 2, 3], [8, 4, 5, 6]], 'i8'))"
    ok umm-predict vector.onnx t.npy
    [[ $output == $'timestamp,y[0],y[1]\n1577836800000,27,5\n1577836860000,90,38' ]] || fail "$output"
    ok umm-predict --id=0 vector.onnx four.npy
    [[ $output == $'id,y[0],y[1]\n9,27,5\n8,90,38' ]] || fail "$output"
    refuses 1 'umm-predict: two.npy: a row has 2 columns of numbers, and the model takes 3; say which with --columns' \
        umm-predict vector.onnx two.npy
    ok umm-predict --columns=0,1,0 vector.onnx two.npy
    refuses 1 'umm-predict: cube.npy: rows of a model are records, or of one or two dimensions' \
        umm-predict vector.onnx cube.npy
}

@test "features go straight to a model" {
    make_model mixed
    umm-synth --rows=50 >bars.csv
    ok umm-features -f sma:3,ema:5 --warmup=drop -o features.npy bars.csv
    ok umm-predict -o out.npy mixed.onnx features.npy
    ok bash -c 'umm-features -f sma:3,ema:5 --warmup=drop bars.csv | umm-predict -o piped.npy mixed.onnx'
    cmp out.npy piped.npy
    ok bash -c 'umm-features -f sma:3,ema:5 --warmup=drop --follow - <bars.csv | umm-predict --follow mixed.onnx >piped.csv'
    ok umm-predict -o out.csv mixed.onnx features.npy
    cmp out.csv piped.csv
    py "
f, y = np.load('features.npy'), np.load('out.npy')
assert (y['timestamp'] == f['timestamp']).all() and len(y) == 46 and y.dtype.names == ('timestamp', 'y')
want = m.answer(m.MIXED, np.stack([f['ema_5'], f['sma_3']], 1).astype('f4'))[:, 0]
assert np.allclose(y['y'], want, rtol=1e-6)"
    # Rows before a feature's first value have none.
    refuses 1 'umm-predict: <stdin>:2:15: ema_5 is not a number: "NaN"; see --nan' \
        bash -c 'umm-features -f ema:5,sma:3 bars.csv 2>&1 | umm-predict mixed.onnx'
}

@test "numbers that are not finite are an error, answered with NaN, or asked" {
    make_model vector
    py "
x = np.array([[1, 2, 3], [4, np.nan, 6], [np.inf, 0, 0], [1, 2, 3]], 'f4')
np.save('x.npy', x)
np.save('large.npy', np.array([[1, 1e39, 2]]))"
    refuses 1 'umm-predict: x.npy: row 1: column 1 is nan; see --nan' umm-predict vector.onnx x.npy
    refuses 1 'umm-predict: large.npy: row 0: column 1 is infinite; see --nan' \
        umm-predict vector.onnx large.npy
    ok umm-predict --nan=nan vector.onnx x.npy
    [[ $output == $'y[0],y[1]\n27,5\nNaN,NaN\nNaN,NaN\n27,5' ]] || fail "$output"
    ok umm-predict --nan=pass -v vector.onnx x.npy || [[ $stderr == *', 2 with a number that is not finite;'* ]]
    [[ $output == $'y[0],y[1]\n27,5\n'*$'\n27,5' ]] || fail "$output"
    ok umm-predict --nan=nan -o out.npy vector.onnx x.npy
    py "assert (np.load('out.npy').view('u4')[1:3] == 0x7fc00000).all()"
    ok umm-predict --nan=nan -o out.csv vector.onnx - <<<$'a,b,c\n1,2,3\n4,,6'
    [[ $(<out.csv) == $'y[0],y[1]\n27,5\nNaN,NaN' ]] || fail "$(<out.csv)"
    refuses 1 'umm-predict: <stdin>:3:3: b is not a number: ""' umm-predict vector.onnx - <<<$'a,b,c\n1,2,3\n4,,6'
}

@test "doubles are doubles for a model that takes them" {
    make_model doubles
    py "
x = np.array([[2**24 + 1.25, 2**24 - 3], [2**24 + 1, 1e300]])
np.save('x.npy', x[:, :])
np.save('y.npy', x[:1])"
    ok umm-predict doubles.onnx y.npy
    [[ $output == $'y[0],y[1]\n1.25,-3' ]] || fail "$output"
    ok umm-predict doubles.onnx - <<<$'a,b\n16777217.25,16777213'
    [[ $output == $'y[0],y[1]\n1.25,-3' ]] || fail "$output"
    ok umm-predict --verify doubles.onnx x.npy
    make_model moved
    ok umm-predict --plain moved.onnx y.npy
    [[ $output == $'y[0],y[1],y[2],y[3]\n-3,1.25,-3,-6' ]] || fail "$output"
    make_model split
    ok umm-predict --plain split.onnx - <<<$'x\n16777215.5\n16777216\n16777216.5\n16777217'
    [[ $output == $'y\n1\n1\n2\n2' ]] || fail "$output"
}

@test "a leaf of many numbers is read in no time" {
    [ -z "$UMM_SAN$UMM_EMULATED" ] || skip "sanitizers and emulators take their time"
    make_model throng
    ok timeout 15 umm-predict --describe throng.onnx
    [[ $output == *' 250000 f32'* ]] || fail "$output"
}

@test "one output of several" {
    make_model two
    ok umm-predict two.onnx - <<<$'a,b,c\n1,2,3'
    [[ $output == $'y[0],y[1]\n'* ]] || fail "$output"
    ok umm-predict --model-output=z two.onnx - <<<$'a,b,c\n1,2,3'
    [[ $output == $'z[0],z[1]\n'* ]] || fail "$output"
    capture umm-predict --model-output=q two.onnx - <<<$'a,b,c\n1,2,3'
    [[ $status -eq 1 && $stderr == 'umm-predict: two.onnx: '*'"q"'* ]] || [[ $stderr == *q* ]] || fail "$stderr"
}

@test "what a model is, for people and as JSON" {
    make_model named
    ok umm-predict --describe named.onnx
    [[ $output == 'format: ONNX, opset 13, by model_make'* && $output == *alpha* ]] || fail "$output"
    ok umm-predict --describe --json named.onnx
    "$PY" -c "import json, sys
d = json.load(sys.stdin)
assert d['tool'] == 'umm-predict' and d['model'] == 'named.onnx', d" <<<"$output"
    refuses 2 "umm-predict: --describe takes no INPUT
Try 'umm-predict --help'." umm-predict --describe named.onnx x.npy
}

@test "rows are answered as they come" {
    make_model vector
    mkfifo in
    umm-predict --follow --id=n vector.onnx in >out.csv 3>&- &
    local pid=$!
    exec 4>in
    printf '%s\n' n,a,b,c x,1,2,3 >&4
    wait_until $pid 'the first answer' has_lines out.csv 2
    printf 'y,4,5,6\n' >&4
    wait_until $pid 'the second answer' has_lines out.csv 3
    exec 4>&-
    wait $pid
    [[ $(<out.csv) == $'n,y[0],y[1]\nx,27,5\ny,90,38' ]] || fail "$(<out.csv)"
}

@test "figures, and an output that is kept if it is the same" {
    make_model vector
    rows 100
    ok umm-predict --json --report=r.json --metrics=m.prom -o out.npy vector.onnx records.npy
    [[ $output == "$(<r.json)" ]]
    "$PY" -c "import json
d = json.load(open('r.json'))
assert d['rows_new'] == d['rows_output'] == 100 and d['changed'] is True and d['model'] == 'vector.onnx'
assert d['first_time'] == '2020-01-01T00:00:00Z' and d['last_time'] == '2020-01-01T01:39:00Z'"
    grep -q '^umm_rows_taken{tool="umm-predict",output=".*/out.npy"} 100$' m.prom || fail "$(<m.prom)"
    cp --preserve=all out.npy kept.npy
    touch -d @1600000000 out.npy
    ok umm-predict --if-changed -o out.npy vector.onnx records.npy
    [[ $(stat -c %Y out.npy) -eq 1600000000 ]]
    capture umm-predict -v -o out.npy vector.onnx rows.npy
    [[ $status -eq 0 && $stderr =~ ^'rows.npy: 100 new rows; out.npy: 100 rows; '[0-9.]+' s, '[0-9]+' rows/s'$ ]] ||
        fail "$stderr"
    mkdir pools
    UMM_POOL_DIR=$PWD/pools umm-pool create p --size=1M
    UMM_POOL_DIR=$PWD/pools ok umm-predict -o pool:p/y vector.onnx rows.npy
    UMM_POOL_DIR=$PWD/pools ok umm-pool get p y
    cmp out.npy "$output"
}

@test "an input of integers takes no others" {
    make_model whole
    ok umm-predict whole.onnx - <<<$'n,x\n16777216,0.5\n-3,2.5'
    [[ $output == $'y[0],y[1]\n16777216,0.5\n-3,2.5' ]] || fail "$output"
    refuses 1 'umm-predict: <stdin>: row 1: number 1 is 0.5, where the input "n" takes integers' \
        umm-predict whole.onnx - <<<$'n,x\n1,0.5\n0.5,2'
}

@test "memory is bounded, however many answers a model makes of a number" {
    [[ -z ${UMM_SAN-} && -z ${UMM_EMULATED-} ]] || skip 'the memory is not that of the tool alone'
    make_model wide_answers
    make_model held
    "$PY" -c "import numpy as np; np.save('x.npy', np.arange(300, dtype='f4').reshape(-1, 1))"
    local threads
    for threads in 1 2; do
        ok bash -c "ulimit -v 500000 && exec umm-predict --threads=$threads -o out.npy wide_answers.onnx x.npy"
        py "
y = np.load('out.npy')
assert y.shape == (300, 1 << 16) and (y == np.arange(300)[:, None]).all()"
    done
    ok bash -c "ulimit -v 500000 && exec umm-predict --state=s --plain --format=raw -o out.raw wide_answers.onnx x.npy"
    capture bash -c 'ulimit -v 500000 && exec umm-predict -o out.npy held.onnx x.npy'
    [[ $status -eq 1 && $stderr == 'umm-predict: held.onnx: what is computed of one row takes 262'??????' bytes: more than 134217728' ]] ||
        fail "$stderr"
}

@test "an output whose name has a control character is called output" {
    make_model odd_name
    rows 3
    ok umm-predict odd_name.onnx rows.csv
    [[ ${lines[0]} == 'output[0],output[1],output[2],output[3],output[4]' ]] || fail "$output"
    ok umm-predict -o out.npy odd_name.onnx records.npy
    py "assert np.load('out.npy').dtype.names[1] == 'output[0]'"
}

@test "what cannot be is one line" {
    make_model vector
    make_model loop
    rows 3
    local try="Try 'umm-predict --help'."
    refuses 2 "umm-predict: no MODEL
$try" umm-predict
    refuses 2 "umm-predict: one MODEL and one INPUT at a time
$try" umm-predict a b c
    refuses 2 "umm-predict: a model is read from a file, not from standard input
$try" umm-predict - rows.npy
    refuses 2 "umm-predict: --append needs -o and --state
$try" umm-predict --append vector.onnx rows.npy
    refuses 2 "umm-predict: --output: the name ends neither in .npy nor in .csv; see --format
$try" umm-predict -o out vector.onnx rows.npy
    capture umm-predict -o vector.onnx --format=raw vector.onnx rows.npy
    [[ $status -eq 2 ]] || fail "$status $stderr"
    capture umm-predict loop.onnx rows.npy
    [[ $status -eq 1 && $stderr == 'umm-predict: loop.onnx: '*Loop* && $stderr != *$'\n'* ]] || fail "$stderr"
    refuses 1 'umm-predict: none.onnx: cannot open: No such file or directory' umm-predict none.onnx rows.npy
    refuses 1 'umm-predict: none.npy: cannot open: No such file or directory' umm-predict vector.onnx none.npy
    refuses 2 "umm-predict: only an .npy file can be verified
$try" umm-predict --verify -o out.csv vector.onnx rows.npy
    refuses 2 "umm-predict: an .npy array cannot be followed: its header tells how long it is
$try" umm-predict --follow -o out.npy vector.onnx rows.npy
    no_leftovers
}
