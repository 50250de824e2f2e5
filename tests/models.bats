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
    oracle sklearn 31
}

@test "models of XGBoost predict what they predict themselves" {
    oracle xgboost 5
}

# Of ONNX Runtime 1.30 itself: each of 12 million numbers of 130 such models was equal.
@test "quantised models give the bits of ONNX Runtime's arithmetic" {
    "$PY" -c 'import onnx' 2>/dev/null || skip 'python3-onnx is needed'
    ok "$PY" "$TOP/tests/ref/qdq_oracle.py" 25 1 || fail "$output"
    [[ $output == '25 models, '*' numbers, 0 different' ]] || fail "$output"
}
