# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The first run: the array is there before its state is.
tool=umm-predict
arguments=(--threads=1 --append --state=s -o out.npy m.onnx in.npy)
outputs=(out.npy s)
durable=yes
setup() {
    model >m.onnx
    bars 0 300 | umm-convert --struct -o in.npy
}
check_complete() { cmp -s out.npy "$REF/new/out.npy" && { cmp -s s "$REF/new/s" || [[ ! -e s ]]; }; }
