# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Two threads, of which one may not start, an id, and a verdict of both engines.
tool=umm-predict
arguments=(--threads=2 --id=n --verify m.onnx in.csv)
outputs=()
setup() {
    model >m.onnx
    bars 0 6000 | sed '1s/timestamp/n/' >in.csv
}
