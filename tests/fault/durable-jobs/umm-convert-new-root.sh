# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A folder of files into a root that is not there: it is also to be there after a power cut.
tool=umm-convert
arguments=(--threads=1 --append --out-root roots/new A-1m-2.csv A-1m-1.csv B_1h.csv)
outputs=(roots/new/A/1m.npy roots/new/B/1h.npy)
durable=yes
setup() {
    mkdir roots
    bars 0 500 >A-1m-1.csv
    bars 450 500 >A-1m-2.csv
    bars 5 900 >B_1h.csv
}
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either roots/new/A/1m.npy && is_either roots/new/B/1h.npy; }
