# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Rows by key, with answers that are kept.
tool=umm-predict
arguments=(--serve --store=S --cache=5 --batch-size=2 m.onnx)
outputs=(stdout)
piped=keys
setup() {
    model >m.onnx
    umm-store create S --dim=2 --max-positions=10
    printf '%s\n' a,1,2 b,3,4 c,5,6 | umm-store put S
    printf '%s\n' a b a c 7,a b c a >keys
}
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
