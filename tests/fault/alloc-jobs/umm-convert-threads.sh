# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Four threads, some of which do not start.
tool=umm-convert
arguments=(--threads=4 -o out.npy in.csv)
outputs=(out.npy)
setup() {
    bars 0 700 >old.csv
    umm-convert -o out.npy old.csv
    bars 0 30000 >in.csv
}
