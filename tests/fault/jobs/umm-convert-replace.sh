# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Over an old file, compressed input, on disk before it is reported done.
tool=umm-convert
arguments=(--threads=1 --sync -o out.npy in.csv.zst)
outputs=(out.npy)
durable=yes
setup() {
    bars 0 700 >old.csv
    umm-convert -o out.npy old.csv
    bars 0 1500 | zstd -q >in.csv.zst
}
