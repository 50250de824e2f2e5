# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Rows of an hour that occurs twice, which are held until the order of rows tells.
tool=umm-convert
arguments=(--threads=1 --tz=America/New_York --tz-fold=infer -o out.npy in.csv)
outputs=(out.npy)
calls=(openat read)
setup() {
    local clock
    {
        echo timestamp,open,high,low,close,volume
        for clock in 00:30 01:00 01:{10..59} 01:00 01:30 02:00; do
            echo "2023-11-05 $clock,1,2,0.5,1.5,100"
        done
    } >in.csv
}
