# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Files of two datasets, shuffled, one of them newest first, two with rows in common, into a root
# that is not there: each dataset is there or is not, on its own.
tool=umm-convert
arguments=(--threads=1 --order asc --out-root root B_1h.csv A-1m-1.csv A-1m-3.csv A-1m-2.csv)
outputs=(root/A/1m.npy root/B/1h.npy)
setup() {
    bars 0 300 >A-1m-3.csv
    bars 250 300 >up.csv
    { head -n 1 up.csv && tail -n +2 up.csv | tac; } >A-1m-2.csv
    bars 550 300 >A-1m-1.csv
    bars 5 300 >B_1h.csv
}

# Whether every output is the old one (none) or the new one, in any mixture.
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either root/A/1m.npy && is_either root/B/1h.npy; }
