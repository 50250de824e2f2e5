# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Two outputs. The rejected rows go in place first: a new array never stands beside
# rejected rows that are lost.
tool=umm-convert
arguments=(--threads=1 --bad-rows quarantine:bad.csv -o out.npy in.csv)
outputs=(out.npy bad.csv)
success=3
setup() {
    bars 0 700 >old.csv
    umm-convert -o out.npy old.csv
    bars 0 1500 | awk -F, -v OFS=, 'NR % 400 == 7 { $3 = "n.a.?" } 1' >in.csv
}
check_old() {
    cmp -s out.npy "$REF/old/out.npy" || return
    [[ ! -e bad.csv ]] || cmp -s bad.csv "$REF/new/bad.csv"
}
