# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Compressed text, by a library that is loaded for it.
tool=umm-convert
arguments=(--threads=1 -o out.npy in.csv.gz)
outputs=(out.npy)
calls=(read pread64 open openat mmap fstat newfstatat)
setup() {
    bars 0 100 >old.csv
    umm-convert -o out.npy old.csv
    bars 0 4000 | gzip -n >in.csv.gz
}
