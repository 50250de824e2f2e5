# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Two symbols, sorted by runs and a merge, on two threads.
tool=umm-convert
arguments=(--threads=2 --order=sort --memory=1M --by=symbol --out-root root --timeframes=1m in.csv)
outputs=(root/A/1m.npy root/B/1m.npy)
setup() {
    bars 0 6000 | awk 'NR == 1 { print "symbol," $0; next }
        { row[NR % 7] = row[NR % 7] "A," $0 "\n" "B," $0 "\n" } END { for (i = 6; i >= 0; i--) printf "%s", row[i] }' >in.csv
}
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either root/A/1m.npy && is_either root/B/1m.npy; }
