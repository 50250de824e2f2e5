# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Newest first: more rows than one buffer, reversed where they are.
tool=umm-convert
arguments=(--threads=1 --order asc -o out.npy in.csv)
outputs=(out.npy)
setup() {
    bars 0 700 >old.csv
    umm-convert -o out.npy old.csv
    bars 0 12000 >up.csv
    { head -n 1 up.csv; tail -n +2 up.csv | tac; } >in.csv
}
check_complete() {
    same_as new || return
    umm-convert -o - up.csv | cmp -s - out.npy
}
