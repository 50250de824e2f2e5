# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
tool=umm-predict
arguments=(--threads=1 --format=npy m.onnx in.csv)
outputs=(stdout)
setup() {
    model >m.onnx
    bars 0 300 >in.csv
}
# Standard output cannot be undone: after a failure, part of it is there.
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
