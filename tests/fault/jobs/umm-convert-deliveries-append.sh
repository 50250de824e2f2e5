# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The nightly run over a folder: the second file replaces the last row of the first, which is in
# no count yet, and the first that of the array.
tool=umm-convert
arguments=(--threads=1 --append --on-revision replace-last --out-root root A-1m-2.csv A-1m-1.csv)
outputs=(root/A/1m.npy)
durable=yes
commit='^pwrite64\(.*, 0\) ='
last() {
    awk -F, -v OFS=, -v t=$((1577836800000 + $1 * 60000)) '$1 == t { $6 = "77.5" } 1'
}
setup() {
    bars 0 300 >A-1m-0.csv
    umm-convert --out-root root A-1m-0.csv
    bars 0 299 >shorter.csv
    umm-convert -o shorter.npy shorter.csv
    bars 250 300 | last 299 >A-1m-1.csv
    bars 540 300 | last 549 >A-1m-2.csv
}
check_old() {
    begins_like old root/A/1m.npy && return
    cmp -s -n "$(stat -c %s "$REF/old/shorter.npy")" root/A/1m.npy "$REF/old/shorter.npy"
}
