# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# An append that replaces the last row: the array goes through a state without it.
tool=umm-convert
arguments=(--threads=1 --append --on-revision replace-last -o out.npy in.csv)
outputs=(out.npy)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 700 >old.csv
    umm-convert -o out.npy old.csv
    bars 0 699 >shorter.csv
    umm-convert -o shorter.npy shorter.csv
    bars 600 1000 | awk -F, -v OFS=, '$1 == 1577836800000 + 699 * 60000 { $6 = "77.5" } 1' >in.csv
}
check_old() {
    begins_like old out.npy && return
    cmp -s -n "$(stat -c %s "$REF/old/shorter.npy")" out.npy "$REF/old/shorter.npy"
}
