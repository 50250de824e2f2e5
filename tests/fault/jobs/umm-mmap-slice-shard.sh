# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Datasets whose symbols a file lists, of which every second one is the run's.
tool=umm-mmap-slice
arguments=(--root=root --symbols-from=list --timeframes=1m --shard=1/2 --out-dir=out)
outputs=(out/B_1m.npy out/D_1m.npy)
calls=(open openat read pread64 newfstatat)
setup() {
    mkdir out
    for symbol in A B C D; do
        bars 0 20 | umm-convert --out-root=root --symbols="$symbol" --timeframes=1m
        echo "$symbol" >>list
    done
}
is_either() {
    local outputs=("$1")
    [[ ! -e $1 ]] || same_as new
}
# One that fails does not stop the other.
check_old() { is_either out/B_1m.npy && is_either out/D_1m.npy; }
