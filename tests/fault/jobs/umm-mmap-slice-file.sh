# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A range that is copied, over an old file, which is reserved first.
tool=umm-mmap-slice
arguments=(bars.npy 100: -o out.npy)
outputs=(out.npy)
setup() {
    bars 0 30000 >in.csv
    umm-convert -o bars.npy in.csv
    echo 'the old output' >out.npy
}
