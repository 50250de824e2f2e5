# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Lines of a pipe, answered in many batches, and what is told of them in the end.
tool=umm-predict
arguments=(--serve --batch-size=7 --report=r.json m.onnx)
outputs=(stdout r.json)
piped=lines
# How often it waits depends on how fast the pipe is.
varies=yes
setup() {
    model >m.onnx
    bars 0 300 | awk -F, 'NR > 1 { print NR "," $5 "," $6 }' >lines
}
# Times are others in each report.
check_complete() { cmp -s stdout "$REF/new/stdout" && grep -q '"rows": 300' r.json; }
# Answers that are out stay so.
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
