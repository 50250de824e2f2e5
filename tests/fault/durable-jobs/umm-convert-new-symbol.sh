# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# The same for one dataset by its name, and a nightly append.
tool=umm-convert
arguments=(--threads=1 --append --out-root root --symbols A --timeframe 1m in.csv)
outputs=(root/A/1m.npy)
durable=yes
setup() {
    mkdir root
    bars 0 900 >in.csv
}
