#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

# Numbers of umm-predict for the files that converters make of trained models.
oracle() {
    "$PY" -c "import onnx, $1" 2>/dev/null || skip "python3-onnx and python3-$1 are needed"
    ok "$PY" "$TOP/tests/ref/model_oracle.py" "$1" || fail "$output"
    [[ ${lines[-1]} == "$2 models, 0 bad" ]] || fail "$output"
}

@test "models of scikit-learn predict what they predict themselves" {
    oracle sklearn 33
}

@test "models of XGBoost predict what they predict themselves" {
    oracle xgboost 5
}

# In numbers that tests/ref/qdq_oracle.py computes, and in those of ONNX Runtime where it is here.
@test "quantised models give the bits of ONNX Runtime's arithmetic" {
    "$PY" -c 'import onnx' 2>/dev/null || skip 'python3-onnx is needed'
    ok "$PY" "$TOP/tests/ref/qdq_oracle.py" 25 1 || fail "$output"
    [[ $output == '25 models, '*' numbers, 0 different' ]] || fail "$output"
}

@test "quantised models give the bits of ONNX Runtime" {
    local peer lib
    "$PY" -c 'import onnx' 2>/dev/null || skip 'python3-onnx is needed'
    peer=$("$TOP/scripts/model-peers" onnxruntime 2>&1) || skip "$peer"
    lib=$(find "$peer/node_modules/onnxruntime-node/bin" -path '*linux/x64/libonnxruntime.so.1')
    [[ $(uname -m) == x86_64 && -e $lib ]] || skip 'x86-64 only'
    ok gcc -O2 -std=c11 -D_GNU_SOURCE "$TOP/tests/ref/ort_run.c" -ldl -o ort_run
    ok "$PY" "$TOP/tests/ref/qdq_oracle.py" 10 2 ./ort_run "$lib" || fail "$output"
    [[ $output == '10 models, '*' numbers, 0 different' ]] || fail "$output"
}
