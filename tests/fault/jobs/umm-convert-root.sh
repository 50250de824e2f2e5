# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Two datasets of a root, by the names of the files; one has a directory already. Each
# is there or is not, on its own.
tool=umm-convert
arguments=(--threads=1 --out-root root A-1m-2020.csv B_1h.csv)
outputs=(root/A/1m.npy root/B/1h.npy)
setup() {
    mkdir -p root/B
    bars 0 900 >A-1m-2020.csv
    bars 5 900 >B_1h.csv
}

# Whether every output is the old one (none) or the new one, in any mixture.
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either root/A/1m.npy && is_either root/B/1h.npy; }
