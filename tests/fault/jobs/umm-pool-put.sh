# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Over an old entry, from a file.
tool=umm-pool
arguments=(put p A new.npy)
outputs=("umm.$(id -u).p/A.npy")
setup() {
    bars 0 700 >old.csv
    bars 0 7000 >new.csv
    umm-convert -o old.npy old.csv
    umm-convert -o new.npy new.csv
    umm-pool create p --size=1M
    umm-pool put p A old.npy
}
