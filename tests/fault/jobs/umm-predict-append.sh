# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The nightly run: answers after those of the state. The array is published by its header,
# the state comes after it; between the two the next run finds its rows there already.
tool=umm-predict
arguments=(--threads=1 --append --state=s -o out.npy m.onnx in.npy)
outputs=(out.npy s)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    model >m.onnx
    bars 0 300 | umm-convert --struct -o in.npy
    umm-predict --append --state=s -o out.npy m.onnx in.npy
    bars 0 400 | umm-convert --struct -o in.npy
}
check_complete() { cmp -s out.npy "$REF/new/out.npy" && { cmp -s s "$REF/new/s" || cmp -s s "$REF/old/s"; }; }
check_old() { begins_like old out.npy && cmp -s s "$REF/old/s"; }
