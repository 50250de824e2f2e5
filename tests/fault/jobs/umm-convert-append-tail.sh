# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The first new row by search, behind what a killed append left.
tool=umm-convert
arguments=(--threads=1 --append --tail -o out.npy in.csv)
outputs=(out.npy)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 7000 >old.csv
    umm-convert -o out.npy old.csv
    head -c 99999 /dev/zero >>out.npy
    bars 0 7400 >in.csv
}
check_old() { cmp -s -n "$((128 + 7000 * 48))" out.npy "$REF/old/out.npy"; }
