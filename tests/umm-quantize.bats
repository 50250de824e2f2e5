#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-quantize: what it writes, compared with a quantiser in NumPy, how its answers agree with those
# of floats, and what it refuses.

load helper

py() {
    ok "$PY" -c "import json, os
import numpy as np
import model_make as mm
$1" || fail "$output"
}

# perceptron NAME SIZES [ROWS]: NAME.onnx of random weights, and NAME.npy.
perceptron() {
    py "
sizes = [$2]
mm.mlp(mm.random_layers(sizes, 1)).write('$1.onnx')
np.save('$1.npy', np.random.default_rng(2).normal(0, 1, (${3:-3000}, sizes[0])).astype('f4'))"
}

# report KEY: its value in the JSON report r.json.
report() {
    "$PY" -c "import json, sys
value = json.load(open('r.json'))
for key in sys.argv[1].split('.'):
    value = value[int(key) if key.isdigit() else key]
print(value)" "$1"
}

@test "a model becomes int8, and a quarter as large" {
    local name sizes least
    while read -r name sizes least; do
        perceptron "$name" "$sizes"
        ok umm-quantize "$name.onnx" --data="$name.npy" -o "$name.int8.onnx" --report=r.json
        [[ $output == "$name.onnx -> $name.int8.onnx"* ]]
        [[ $(report model_bytes) == $(stat -c %s "$name.onnx") ]]
        [[ $(report output_bytes) == $(stat -c %s "$name.int8.onnx") ]]
        py "r = json.load(open('r.json'))
assert r['saved'] >= $least, r['saved']
assert r['relative_rms'] < 0.03 and r['same_decision'] > 0.96, r
assert [layer['type'] for layer in r['layers']] == ['int8'] * 3
assert len(r['worst_rows']) == 5 and r['warnings'] == []"
        ok umm-quantize "$name.onnx" --data="$name.npy" -o "$name.tflite" --report=r.json
        py "r = json.load(open('r.json'))
assert r['saved'] >= $least, r['saved']
assert r['relative_rms'] < 0.03 and r['same_decision'] > 0.96, r"
    done <<<'s 32,64,64,1 0.64
m 32,256,256,8 0.72
l 128,512,512,16 0.73'
    no_leftovers .
}

@test "every integer is that of a quantiser in NumPy" {
    local weights
    # Sums are exact, whatever their order: few bits in everything.
    py "
rng = np.random.default_rng(3)
layers = [(rng.integers(-63, 64, (12, 7)) / 64, rng.integers(-40, 41, 12) / 8),
          (rng.integers(-15, 16, (9, 12)) / 8, rng.integers(-40, 41, 9) / 8),
          (rng.integers(-15, 16, (4, 9)) / 8, rng.integers(-40, 41, 4) / 8)]
mm.mlp([(w.astype('f4'), b.astype('f4')) for w, b in layers]).write('a.onnx')
np.save('a.npy', (rng.integers(-31, 40, (2000, 7)) / 8).astype('f4'))"
    for weights in per-channel per-tensor; do
        ok umm-quantize a.onnx --data=a.npy -o b.onnx --method=minmax --$weights --report=r.json
        ok "$PY" "$TOP/tests/ref/quantize_oracle.py" a.onnx a.npy b.onnx r.json $weights
    done
}

@test "raw features of very different scales keep their decisions" {
    ok "$PY" "$TOP/tests/ref/train_mlp.py"
    local name out
    for name in std raw far; do
        for out in "$name.int8.onnx" "$name.tflite"; do
            ok umm-quantize "$name.onnx" --data="$name.npy" -o "$out" --min-agreement=99% --max-error=3%
            [[ $output == *$'\nverdict        PASS\n'* ]]
        done
    done
    ok umm-quantize scaler.onnx --data=far.npy -o scaler.int8.onnx --min-agreement=99% --max-error=3%
    # What ranges alone make of them: one decision in two.
    run --separate-stderr umm-quantize raw.onnx --data=raw.npy -o bad.onnx --method=minmax --report=r.json
    [[ $status == 0 && $stderr == *'the answers are far from those of floats'* ]]
    py "r = json.load(open('r.json'))
assert 0.4 < r['same_decision'] < 0.6 and r['relative_rms'] > 0.9, r"
    run --separate-stderr umm-quantize raw.onnx --data=raw.npy -o bad.tflite --method=minmax
    [[ $status == 0 && $stderr == *'TensorFlow Lite will refuse layer0, whose sums are multiplied by '* ]]
    # All ways, and the best of them.
    ok umm-quantize raw.onnx --data=raw.npy -o auto.onnx --method=auto --report=r.json
    py "r = json.load(open('r.json'))
tried = r['tried']
assert len(tried) == 6 and sum(t['chosen'] for t in tried) == 1
best = [t for t in tried if t['chosen']][0]
assert best['relative_rms'] == r['relative_rms'] <= min(t['relative_rms'] for t in tried
                                                        if not t['first_layer_float'])
assert best['output_bytes'] == os.path.getsize('auto.onnx')"
}

@test "the same rows give the same bytes, from whatever they are in" {
    perceptron s 8,16,3 900
    ok umm-quantize s.onnx --data=s.npy -o a.onnx
    ok umm-quantize s.onnx --data=s.npy -o b.onnx
    cmp a.onnx b.onnx
    py "
a = np.load('s.npy')
np.savetxt('s.csv', a, delimiter=',', fmt='%.9g', header='a,b,c,d,e,f,g,h', comments='')
b = np.zeros(len(a), [('timestamp', 'M8[ms]')] + [(n, 'f8') for n in 'hgfedcba'])
b['timestamp'] = np.arange(len(a))
for i, n in enumerate('abcdefgh'):
    b[n] = a[:, i]
np.save('records.npy', b)
np.save('fortran.npy', np.asfortranarray(a))"
    ok umm-quantize s.onnx --data=s.csv -o b.onnx
    cmp a.onnx b.onnx
    ok bash -c 'umm-quantize s.onnx --data=- -o b.onnx <s.csv'
    cmp a.onnx b.onnx
    ok bash -c 'cat s.npy | umm-quantize s.onnx --data=- -o b.onnx'
    cmp a.onnx b.onnx
    ok umm-quantize s.onnx --data=fortran.npy -o b.onnx
    cmp a.onnx b.onnx
    ok umm-quantize s.onnx --data=records.npy --columns=a,b,c,d,e,f,g,h -o b.onnx
    cmp a.onnx b.onnx
    ok umm-quantize s.onnx --data=records.npy --columns=8,7,6,5,4,3,2,1 -o b.onnx
    cmp a.onnx b.onnx
    ok umm-archive append s.umm.zst s.npy
    ok umm-quantize s.onnx --data=s.umm.zst -o b.onnx
    cmp a.onnx b.onnx
}

@test "a store's vectors are rows" {
    perceptron s 4,8,2 900
    umm-store create store --dim=4 --max-positions=1000
    py "
for i, row in enumerate(np.load('s.npy')):
    print(f'{i:04d},' + ','.join(f'{x:.9g}' for x in row))"
    echo "$output" | umm-store put store
    ok umm-quantize s.onnx --data=store -o a.onnx
    ok umm-quantize s.onnx --data=s.npy -o b.onnx
    cmp a.onnx b.onnx
    perceptron t 5,8,2 10
    refuses 1 'umm-quantize: store: a store of vectors of 4 numbers, and the model takes 5' \
        umm-quantize t.onnx --data=store -o c.onnx
    [[ ! -e c.onnx ]]
}

@test "columns are found by the names of the model's inputs" {
    py "
names = ['rsi_14', 'ema_20', 'volume']
layers = mm.random_layers([3, 8, 2], 4)
mm.mlp(layers, names=names).write('named.onnx')
mm.mlp(layers).write('plain.onnx')
a = np.random.default_rng(5).normal(0, 1, (800, 3)).astype('f4')
np.save('a.npy', a)
r = np.zeros(800, [('timestamp', 'M8[ms]'), ('ema_20', 'f8'), ('close', 'f8'), ('rsi_14', 'f8'), ('volume', 'f4')])
r['timestamp'] = np.arange(800) * 60000
for i, n in enumerate(names):
    r[n] = a[:, i]
np.save('r.npy', r)"
    ok umm-quantize named.onnx --data=r.npy -o a.tflite --report=r.json
    local by_name
    by_name=$(report relative_rms)
    ok umm-quantize named.onnx --data=a.npy -o a.tflite --report=r.json
    [[ $(report relative_rms) == "$by_name" ]]
    refuses 1 'umm-quantize: r.npy: a row has 4 columns of numbers, and the model takes 3; say which with --columns' \
        umm-quantize plain.onnx --data=r.npy -o b.tflite
    ok umm-quantize plain.onnx --data=r.npy --columns=rsi_14,ema_20,volume -o b.tflite --report=r.json
    [[ $(report relative_rms) == "$by_name" ]]
    # Text has fields that are no numbers, and rows of several symbols.
    py "
r = np.load('r.npy')
with open('r.csv', 'w') as f:
    print('timestamp,symbol,ema_20,close,rsi_14,volume', file=f)
    for i, row in enumerate(r):
        print(i, 'A' if i % 2 else 'B', *(repr(float(x)) for x in list(row)[1:]), sep=',', file=f)
np.save('r.npy', r[['timestamp', 'ema_20', 'close', 'volume']])"
    ok umm-quantize named.onnx --data=r.csv -o b.tflite --report=r.json
    [[ $(report relative_rms) == "$by_name" ]]
    ok umm-quantize plain.onnx --data=r.csv --columns=4,ema_20,5 -o b.tflite --report=r.json
    [[ $(report relative_rms) == "$by_name" ]]
    cmp a.tflite <(umm-quantize named.onnx --data=r.csv -o c.tflite >/dev/null && cat c.tflite)
    sed -i '12s/^\(.*\),[^,]*$/\1,N\/A/' r.csv
    refuses 1 "umm-quantize: r.csv:12:$(($(sed -n 12p r.csv | wc -c) - 3)): volume is not a number: \"N/A\"; use --nan skip to leave such rows out" \
        umm-quantize named.onnx --data=r.csv -o d.tflite
    ok umm-quantize named.onnx --data=r.csv -o d.tflite --nan=skip --report=r.json
    [[ $(report rows_skipped) == 1 ]]
    refuses 1 "umm-quantize: r.npy: the model's input rsi_14 is none of the columns; say which with --columns" \
        umm-quantize named.onnx --data=r.npy -o c.tflite
}

@test "a verdict, and nothing written if it is FAIL" {
    perceptron s 16,32,32,1 2000
    echo old >out.onnx
    local before
    run --separate-stderr umm-quantize s.onnx --data=s.npy -o out.onnx --max-error=0.01% --report=r.json \
        --metrics=m.prom
    [[ $status == 1 && -z $stderr && $output == *$'\nverdict        FAIL: nothing is written\n'* ]]
    [[ $(<out.onnx) == old && $(report verdict) == FAIL && $(report written) == False ]]
    grep -q '^umm_quantize_relative_rms_ratio{' m.prom
    run grep umm_last_success m.prom
    [[ $status == 1 ]]
    run --separate-stderr umm-quantize s.onnx --data=s.npy -o new.onnx --min-agreement=1 --json
    [[ $status == 1 && ! -e new.onnx ]]
    run --separate-stderr umm-quantize s.onnx --data=s.npy -o out.onnx --max-error=0.2 --min-agreement=80% \
        --json --metrics=m.prom -v
    [[ $status == 0 && $stderr == 'out.onnx: '*'; PASS; '* ]]
    [[ $output == *'"verdict": "PASS"'* ]]
    before=$(stat -c %s out.onnx)
    grep -q "^umm_output_bytes{.*} $before\$" m.prom
    grep -q '^umm_last_success_timestamp_seconds{' m.prom
    no_leftovers .
}

@test "layers that stay float" {
    perceptron s 16,32,32,2 1000
    local keep types try=$'\nTry \'umm-quantize --help\'.'
    while read -r keep types; do
        ok umm-quantize s.onnx --data=s.npy -o a.onnx --keep-float="$keep" --report=r.json
        py "r = json.load(open('r.json'))
assert [x['type'] for x in r['layers']] == '$types'.split(), r['layers']"
        ok umm-quantize s.onnx --data=s.npy -o a.tflite --keep-float="$keep" --report=r.json
        py "r = json.load(open('r.json'))
assert [x['type'] for x in r['layers']] == '$types'.split(), r['layers']"
    done <<<'first f32 int8 int8
last int8 int8 f32
first,last f32 int8 f32
layer1 int8 f32 int8'
    refuses 2 "umm-quantize: s.onnx: no layer is named conv; there are layer0, layer1, layer2$try" \
        umm-quantize s.onnx --data=s.npy -o b.onnx --keep-float=conv
    refuses 2 "umm-quantize: s.onnx: all layers would stay float: nothing is left to quantise$try" \
        umm-quantize s.onnx --data=s.npy -o b.onnx --keep-float=first,layer1,last
    [[ ! -e b.onnx ]]
}

@test "ends of floats, of int8, and activations after the last layer" {
    local end io out
    for end in '' Sigmoid Softmax Tanh; do
        py "
layers = mm.random_layers([16, 32, 32, 3], 7)
mm.mlp(layers, end='$end').write('s.onnx')
np.save('s.npy', np.random.default_rng(8).normal(0, 1, (2000, 16)).astype('f4'))"
        for io in float int8; do
            for out in a.onnx a.tflite; do
                ok umm-quantize s.onnx --data=s.npy -o "$out" --io=$io --report=r.json
                py "r = json.load(open('r.json'))
assert r['relative_rms'] < 0.04 and r['same_decision'] > 0.93, ('$end', '$io', '$out', r)"
            done
        done
    done
}

@test "what is a decision" {
    py "
layers = mm.random_layers([8, 16, 2], 9)
mm.mlp(layers, end='Softmax').write('two.onnx')
mm.mlp([layers[0], (layers[1][0][:1], layers[1][1][:1])], end='Sigmoid').write('p.onnx')
mm.mlp([layers[0], (layers[1][0][:1], layers[1][1][:1])]).write('one.onnx')
np.save('a.npy', np.random.default_rng(8).normal(0, 1, (1000, 8)).astype('f4'))"
    local model how expected
    while read -r model how expected; do
        ok umm-quantize "$model.onnx" --data=a.npy -o out.onnx --report=r.json "$how"
        [[ $(report decision) == "$expected" ]]
    done <<<'two --sync argmax
p --sync above 0.5
one --sync above 0
one --decision=sign above 0
one --decision=-0.25 above -0.25
two --decision=0.7 above 0.7'
    refuses 2 $'umm-quantize: --decision takes argmax, sign or a number, not "most"\nTry \'umm-quantize --help\'.' \
        umm-quantize one.onnx --data=a.npy -o out.onnx --decision=most
    # Decisions that are the same whatever the answers are.
    local says='says little'
    for how in 'one argmax' 'two sign' 'one 1000'; do
        run --separate-stderr umm-quantize "${how% *}.onnx" --data=a.npy -o out.onnx \
            --decision="${how#* }" --report=r.json
        [[ $status == 0 && $stderr =~ ^"umm-quantize: ${how% *}.onnx: the float model decides alike in all "[0-9]+" held-out rows: that decisions are the same $says"$ ]] ||
            fail "$stderr"
        [[ $(report same_decision) == 1.0 ]]
    done
}

@test "answers far from 0 that lose their spread come with a warning" {
    py "
layers = mm.random_layers([8, 16, 1], 9)
layers[1][1][:] += 1000
mm.mlp(layers).write('price.onnx')
np.save('a.npy', np.random.default_rng(8).normal(0, 1, (1000, 8)).astype('f4'))"
    run --separate-stderr umm-quantize price.onnx --data=a.npy -o out.tflite --decision=sign --report=r.json
    [[ $status == 0 && $stderr == *'the answers are far from those of floats: 0.'?' % relative RMS, '*' % of their spread, '* ]] ||
        fail "$stderr"
    py "r = json.load(open('r.json'))
assert r['relative_rms'] < 0.01 and r['spread_rms'] > 0.25, r"
    # A limit is held against both.
    rm out.tflite
    run --separate-stderr umm-quantize price.onnx --data=a.npy -o out.tflite --decision=sign --max-error=3%
    [[ $status == 1 && ! -e out.tflite ]] || fail "$status: $output"
}

@test "an input of integers takes no others" {
    py "
model = mm.Model([('n', 1, mm.INT64), ('x', 1)], [('y', 1)])
model.node('Cast', ['n'], ['f'], to=mm.FLOAT)
model.node('Concat', ['f', 'x'], ['all'], axis=1)
model.constant('w', np.ones((1, 2), 'f4'))
model.constant('b', np.zeros(1, 'f4'))
model.node('Gemm', ['all', 'w', 'b'], ['y'], name='only', transB=1)
model.write('whole.onnx')
a = np.random.default_rng(8).integers(-9, 9, (1000, 2)).astype('f8')
np.save('a.npy', a)
a[:, 0] += 0.5
np.save('halves.npy', a)"
    ok umm-quantize whole.onnx --data=a.npy -o out.onnx
    run --separate-stderr umm-quantize whole.onnx --data=halves.npy -o out.onnx
    [[ $status == 1 && $stderr =~ ^'umm-quantize: halves.npy: row '[0-9]+': number 1 is '-?[0-9]+'.5, where the input "n" takes integers'$ ]] ||
        fail "$stderr"
}

@test "what a model does to doubles before its layers stays as it is" {
    py "
layers = mm.random_layers([4, 16, 2], 1)
m = mm.Model([('x', 4, mm.DOUBLE)], [('y', 2)])
m.node('Gather', ['x', m.constant('order', np.array([3, 1, 2, 0]))], ['t'], axis=1)
m.node('Sub', ['t', m.constant('mean', np.full((1, 4), 1e6))], ['s'])
m.node('Cast', ['s'], ['f'], to=mm.FLOAT)
for i, (w, b) in enumerate(layers):
    names = [m.constant(f'w{i}', w.astype('f4')), m.constant(f'b{i}', b.astype('f4'))]
    m.node('Gemm', ['rf'[i == 0], *names], ['yg'[i == 0]], transB=1)
    if i == 0:
        m.node('Relu', ['g'], ['r'])
m.write('doubles.onnx')
np.save('rows.npy', 1e6 + np.random.default_rng(2).normal(0, 100, (3000, 4)))"
    ok umm-quantize --data=rows.npy -o int8.onnx doubles.onnx
    ok umm-predict -o float.npy doubles.onnx rows.npy
    ok umm-predict -o int8.npy int8.onnx rows.npy
    py "
a, b = np.load('float.npy'), np.load('int8.npy')
assert np.sqrt(((a - b)**2).sum() / (a**2).sum()) < 0.03
x = np.load('rows.npy')[:, [3, 1, 2, 0]] - 1e6
assert np.allclose(a, mm.answer(mm.random_layers([4, 16, 2], 1), x), atol=1e-2)
rows = 1e6 + np.random.default_rng(2).normal(0, 100, (3000, 4))
rows[:, 2] = 1e9 + np.arange(3000) % 5
np.save('near.npy', rows)"
    refuses 1 'umm-quantize: near.npy: number 2 of a row is from 1000000000 to 1000000004, which float32 hardly tells apart: rows are judged in that' \
        umm-quantize --data=near.npy -o near.onnx doubles.onnx
    [[ ! -e near.onnx ]]
}

@test "warnings: few rows, rows out of range, channels that are dead, weights per channel" {
    py "
layers = mm.random_layers([4, 16, 2], 9)
layers[0][0][3], layers[0][1][3] = 0, -1  # never above 0
mm.mlp(layers).write('s.onnx')
a = np.random.default_rng(8).normal(0, 1, (400, 4)).astype('f4')
np.save('few.npy', a)
np.save('ten.npy', a[:10])
np.save('two.npy', a[:2])"
    run --separate-stderr umm-quantize s.onnx --data=few.npy -o out.onnx
    [[ $status == 0 ]]
    [[ $stderr == 'umm-quantize: s.onnx: '*' calibration rows are few: errors fall until there are about 500
umm-quantize: s.onnx: 1 of 18 outputs of layers are one number in all calibration rows, the first in layer0' ]]
    run --separate-stderr umm-quantize s.onnx --data=ten.npy -o out.tflite --per-channel
    [[ $status == 0 && $stderr == *'held-out rows have an input far outside what the calibration rows have'* ]]
    [[ $stderr == *'TensorFlow Lite up to 2.9 has no weights per channel in such layers'* ]]
    refuses 1 'umm-quantize: two.npy: 2 rows: too few to take ranges from some and to judge on others; some hundreds are needed' \
        umm-quantize s.onnx --data=two.npy -o b.onnx
}

@test "rows with NaN are an error, or left out" {
    perceptron s 4,8,2 1000
    py "
a = np.load('s.npy')
a[7, 2] = np.nan
a[9, 0] = np.inf
np.save('nan.npy', a)
np.save('rest.npy', np.delete(a, [7, 9], axis=0))
np.save('far.npy', a.astype('f8') * 1e300)"
    refuses 1 'umm-quantize: nan.npy: row 7: column 2 is nan; use --nan skip to leave such rows out' \
        umm-quantize s.onnx --data=nan.npy -o a.onnx
    [[ ! -e a.onnx ]]
    ok umm-quantize s.onnx --data=nan.npy -o a.onnx --nan=skip --report=r.json
    [[ $(report rows) == 1000 && $(report rows_skipped) == 2 ]]
    run --separate-stderr umm-quantize s.onnx --data=far.npy -o b.onnx
    [[ $status == 1 && $stderr == 'umm-quantize: far.npy: row 0: column 0 is '*infinite* && ! -e b.onnx ]]
}

@test "memory is bounded, however many answers a model makes of a number" {
    [[ -z ${UMM_SAN-} && -z ${UMM_EMULATED-} ]] || skip 'the memory is not that of the tool alone'
    perceptron wide 1,65536 9000
    capture bash -c 'ulimit -v 700000 && exec umm-quantize wide.onnx --data=wide.npy -o wide.int8.onnx'
    [[ $status -eq 0 && -s wide.int8.onnx ]] || fail "$stderr"
}

@test "models that are not quantised are refused by what they are" {
    perceptron s 4,8,2 1000
    ok umm-quantize s.onnx --data=s.npy -o a.onnx
    ok umm-quantize s.onnx --data=s.npy -o a.tflite
    refuses 1 'umm-quantize: a.onnx: its weights are int8 already' umm-quantize a.onnx --data=s.npy -o b.onnx
    refuses 1 'umm-quantize: a.tflite: its weights are int8 already' umm-quantize a.tflite --data=s.npy -o b.onnx
    py "
model = mm.Model([('x', 4)], [('y', 1)])
model.node('TreeEnsembleRegressor', ['x'], ['y'], domain='ai.onnx.ml', n_targets=1,
           nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[2, 0, 0],
           nodes_modes=['BRANCH_LEQ', 'LEAF', 'LEAF'], nodes_values=[0.5, 0.0, 0.0],
           nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
           target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0], target_weights=[1.0, 2.0])
model.write('tree.onnx')
model = mm.Model([('x', 4)], [('y', 4)])
model.node('Relu', ['x'], ['y'])
model.write('relu.onnx')
model = mm.Model([('x', 4, mm.DOUBLE)], [('y', 2)])
model.node('MatMul', ['x', model.constant('w', np.ones((4, 2)))], ['d'])
model.node('Cast', ['d'], ['y'], to=mm.FLOAT)
model.write('double.onnx')"
    ok umm-predict double.onnx s.npy -o d.npy
    refuses 1 'umm-quantize: double.onnx: its layers are of doubles: only those of floats are quantised' \
        umm-quantize double.onnx --data=s.npy -o b.onnx
    refuses 1 'umm-quantize: tree.onnx: trees compare numbers with thresholds: int8 would make them neither smaller nor faster' \
        umm-quantize tree.onnx --data=s.npy -o b.onnx
    refuses 1 'umm-quantize: relu.onnx: it has no dense layer to quantise' \
        umm-quantize relu.onnx --data=s.npy -o b.onnx
    run --separate-stderr umm-quantize s.npy --data=s.npy -o b.onnx
    [[ $status == 1 && $stderr == 'umm-quantize: s.npy: '* ]]
    [[ ! -e b.onnx ]]
}

@test "wrong usage, and outputs in the way" {
    perceptron s 4,8,2 1000
    local try=$'\nTry \'umm-quantize --help\'.'
    cp s.onnx before.onnx
    refuses 2 "umm-quantize: no MODEL$try" umm-quantize --data=s.npy -o b.onnx
    refuses 2 "umm-quantize: no rows: give --data ROWS$try" umm-quantize s.onnx -o b.onnx
    refuses 2 "umm-quantize: no output: give -o FILE$try" umm-quantize s.onnx --data=s.npy
    refuses 2 "umm-quantize: --output: the name ends neither in .onnx nor in .tflite$try" \
        umm-quantize s.onnx --data=s.npy -o b.npy
    refuses 2 "umm-quantize: --per-channel and --per-tensor do not go together$try" \
        umm-quantize s.onnx --data=s.npy -o b.onnx --per-channel --per-tensor
    refuses 2 "umm-quantize: s.onnx: is an input and an output at once$try" \
        umm-quantize s.onnx --data=s.npy -o s.onnx
    ln -s s.onnx link.onnx
    refuses 2 "umm-quantize: link.onnx: is an input and an output at once$try" \
        umm-quantize s.onnx --data=s.npy -o link.onnx
    refuses 2 "umm-quantize: s.npy: is an input and an output at once$try" \
        umm-quantize s.onnx --data=s.npy -o b.onnx --report=s.npy
    refuses 2 "umm-quantize: --output and --report write to the same place$try" \
        umm-quantize s.onnx --data=s.npy -o b.onnx --report=b.onnx
    refuses 2 "umm-quantize: --max-error takes a share such as 2% or 0.02, not \"2\"$try" \
        umm-quantize s.onnx --data=s.npy -o b.onnx --max-error=2
    refuses 1 'umm-quantize: none.npy: cannot examine: No such file or directory' \
        umm-quantize s.onnx --data=none.npy -o b.onnx
    refuses 1 'umm-quantize: none.onnx: cannot open: No such file or directory' \
        umm-quantize none.onnx --data=s.npy -o b.onnx
    # Neither an archive's place, nor one that a link leads to elsewhere.
    umm-synth --rows=20 | umm-convert -o bars.npy
    umm-archive append bars.onnx bars.npy
    cp bars.onnx kept
    run --separate-stderr umm-quantize s.onnx --data=s.npy -o bars.onnx
    [[ $status == 1 && $stderr == 'umm-quantize: bars.onnx: '* ]]
    cmp bars.onnx kept
    mkdir away
    ln -s away/b.onnx out.onnx
    run --separate-stderr umm-quantize s.onnx --data=s.npy -o out.onnx
    [[ $status == 2 && $stderr == 'umm-quantize: out.onnx: is a symbolic link out of its directory'* && ! -e away/b.onnx ]]
    cmp s.onnx before.onnx
    [[ ! -e b.onnx ]]
    no_leftovers .
}
