# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Into a pool, over an old entry.
tool=umm-mmap-slice
arguments=(bars.npy 100: -o pool:p/A)
outputs=("umm.$(id -u).p/A.npy")
setup() {
    bars 0 1500 >in.csv
    umm-convert -o bars.npy in.csv
    umm-pool create p --size=1M
    umm-pool put p A bars.npy
}
