# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A fresh array that is to survive a power cut.
tool=umm-predict
arguments=(--threads=1 --sync -o out.npy m.onnx in.npy)
outputs=(out.npy)
durable=yes
setup() {
    model >m.onnx
    bars 0 300 | umm-convert --struct -o in.npy
}
