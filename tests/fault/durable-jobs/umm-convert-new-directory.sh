# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A dataset whose directory is new: that also must be there after a power cut.
tool=umm-convert
arguments=(--threads=1 --sync --out-root root A-1m-2020.csv B_1h.csv)
outputs=(root/A/1m.npy root/B/1h.npy)
durable=yes
setup() {
    mkdir -p root/B
    bars 0 900 >A-1m-2020.csv
    bars 5 900 >B_1h.csv
}
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either root/A/1m.npy && is_either root/B/1h.npy; }
