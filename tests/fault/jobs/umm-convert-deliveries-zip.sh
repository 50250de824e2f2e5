# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Members of two datasets in one archive, which is listed, looked at and read; and a report in it.
tool=umm-convert
arguments=(--threads=1 --out-root root all.zip)
outputs=(root/A/1m.npy root/B/1h.npy)
fragile=yes
setup() {
    mkdir root
    bars 0 300 >A-1m-2.csv
    bars 290 300 >A-1m-1.csv
    bars 5 300 >B_1h.csv
    echo report >B_1h.txt
    zip -q all.zip A-1m-1.csv A-1m-2.csv B_1h.csv B_1h.txt
}
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either root/A/1m.npy && is_either root/B/1h.npy; }
