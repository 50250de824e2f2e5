# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Straight into a pool, over an old entry.
tool=umm-convert
arguments=(--threads=1 -o pool:p/A in.csv)
outputs=("umm.$(id -u).p/A.npy")
setup() {
    bars 0 700 >old.csv
    bars 0 1500 >in.csv
    umm-pool create p --size=1M
    umm-convert -o pool:p/A old.csv
}
