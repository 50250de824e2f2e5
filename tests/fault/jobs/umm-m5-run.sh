# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The whole chain: arrays, store and archive stay as they are where it failed, for the
# next run to go on; the figures come when all is done. They say how many files are left
# where one could not be removed.
tool=umm-m5
arguments=(run --signals=300 --dir=data --figures=figures)
outputs=(figures)
setup() {
    mkdir data
    echo 'the old output' >figures
}
check_complete() { grep -qx 'signals: 300' figures && grep -qx 'archive_p50_ns: [0-9]*' figures; }
