# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Rows in no order, more than there is memory for: runs in a file without a name, and a merge.
tool=umm-convert
arguments=(--threads=1 --order=sort --memory=1M -o out.npy in.csv)
outputs=(out.npy)
setup() {
    bars 0 300 | umm-convert -o out.npy
    bars 0 12000 | awk 'NR == 1 { print; next } { row[NR % 7] = row[NR % 7] $0 "\n" }
        END { for (i = 6; i >= 0; i--) printf "%s", row[i] }' >in.csv
}
