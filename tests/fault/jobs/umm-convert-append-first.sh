# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The first night: an append makes the array, on disk before it is reported done.
tool=umm-convert
arguments=(--threads=1 --append --bad-rows quarantine:bad.csv -o out.npy in.csv)
outputs=(out.npy bad.csv)
success=3
durable=yes
setup() { bars 0 1500 | awk -F, -v OFS=, 'NR % 400 == 7 { $3 = "n.a.?" } 1' >in.csv; }
check_old() {
    [[ ! -e out.npy ]] || return
    [[ ! -e bad.csv ]] || cmp -s bad.csv "$REF/new/bad.csv"
}
