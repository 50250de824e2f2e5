# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Headers of several records, which say whose the rows are, of several files.
tool=umm-convert
arguments=(--threads=1 --bad-rows=quarantine:bad.csv -o out.npy a.csv b.csv)
outputs=(out.npy bad.csv)
success=3
setup() {
    printf '%s\n' Price,Close,High,Low,Open,Volume Ticker,A,A,A,A,A Date,,,,, 2024-01-02,1,2,3,4,5 >a.csv
    sed '4s/-02,1/-03,x/' a.csv >b.csv
    echo 2024-01-04,1,2,3,4,5 >>b.csv
}
