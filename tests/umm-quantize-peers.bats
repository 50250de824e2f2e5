#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-quantize: other programs load what it writes, and answer with the same bits. They are those of
# scripts/model-peers; what is not installed is skipped.

load helper

# models NAME:OPTION...: models made with these options, NAME_OPTION.$ending, and their rows.
models() {
    local each name option
    ok "$PY" "$TOP/tests/ref/train_mlp.py"
    ok "$PY" -c "import numpy as np
import model_make as mm
rows = {name: np.load(name + '.npy')[:2000] for name in ('std', 'raw', 'far')}
rows['scaler'] = rows['far']
layers = mm.random_layers([18, 40, 24, 3], 7)
for end in ('Sigmoid', 'Softmax', 'Tanh'):
    mm.mlp(layers, end=end).write(end.lower() + '.onnx')
    rows[end.lower()] = rows['std']
for name, some in rows.items():
    np.save(name + '.npy', some)
    some.tofile(name + '.rows')"
    for each in {std,raw,far,scaler,sigmoid,softmax,tanh}:--method=equalize far:--keep-float=first \
        std:--keep-float=layer1 "$@"; do
        name=${each%%:*} option=${each#*:}
        # shellcheck disable=SC2154 # the test's
        umm-quantize "$name.onnx" --data="$name.npy" -o "${name}_${option#--}.$ending" "$option" \
            >/dev/null 2>err || fail "$each: $(<err)"
    done
}

# compare PEER...: its answers and umm-predict's for each model; "PEER MODEL ROWS RESULTS".
compare() {
    local file name
    for file in *_*."$ending"; do
        name=${file%%_*}
        ok umm-predict --format=raw --plain -o "$file.ours" "$file" "$name.npy"
        "$@" "$file" "$name.rows" "$file.theirs" >/dev/null 2>err || fail "$file: $(<err)"
    done
    # Float activations at the end differ in the last bits. Sums of floats also do in another
    # order, so that some numbers after them become the next integer.
    ok "$PY" -c "import sys
import numpy as np
for file in sys.argv[1:]:
    ours, theirs = np.fromfile(file + '.ours', 'f4'), np.fromfile(file + '.theirs', 'f4')
    assert ours.shape == theirs.shape and ours.size >= 4000, (file, ours.shape, theirs.shape)
    far = np.abs(ours - theirs)
    within = 3e-7 if file[2:].startswith(('sigmoid', 'softmax', 'tanh')) else 0
    wrong = 0.01 if 'keep-float' in file else 0
    assert (far > within).mean() <= wrong and far.max() < 0.2, (file, (far > 0).sum(), far.max())" \
        ./*_*."$ending"
}

@test "TensorFlow Lite with XNNPACK" {
    local peer deps lib ending=tflite
    peer=$("$TOP/scripts/model-peers" tflite 2>&1) || skip "$peer"
    deps=$peer/node_modules/tfjs-tflite-node/cc_deps lib=$deps/linux_amd64
    [[ $(uname -m) == x86_64 ]] || skip 'x86-64 only'
    ok gcc -O2 -std=c11 -D_GNU_SOURCE -I "$deps/include" "$TOP/tests/ref/tflite_run.c" \
        "$lib/libtensorflowlite_c.so" -Wl,-rpath,"$lib" -Wl,--allow-shlib-undefined -lm -o tflite_run
    # shellcheck disable=SC2317 # compare calls it
    run_it() { ./tflite_run "$1" "$2" "$3" xnnpack 64; }
    models
    compare run_it
}

@test "ONNX Runtime" {
    local peer lib ending=onnx
    peer=$("$TOP/scripts/model-peers" onnxruntime 2>&1) || skip "$peer"
    lib=$(find "$peer/node_modules/onnxruntime-node/bin" -path '*linux/x64/libonnxruntime.so.1')
    [[ $(uname -m) == x86_64 ]] || skip 'x86-64 only'
    ok gcc -O2 -std=c11 -D_GNU_SOURCE "$TOP/tests/ref/ort_run.c" -ldl -o ort_run
    # shellcheck disable=SC2317 # compare calls it
    run_it() { ./ort_run "$lib" "$1" y 2000 64 <"$2" >"$3"; }
    models std:--per-tensor std:--method=minmax raw:--method=percentile
    compare run_it
}
