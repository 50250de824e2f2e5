# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A stream whose first times could be dates: what is looked at is kept, and read again.
tool=umm-convert
arguments=(--threads=1 -o out.npy in.csv.zst)
outputs=(out.npy)
calls=(read open openat mmap)
setup() {
    {
        echo timestamp,open,high,low,close,volume
        seq 1501010000 100 1501012300 | sed 's/$/,1,2,0.5,1.5,100/'
        echo 1501012460,1,2,0.5,1.5,100
    } | zstd -q >in.csv.zst
}
