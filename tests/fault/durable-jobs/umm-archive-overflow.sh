# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Rows for the journal that fill a frame with those before them, which the journal protects while
# that changes.
# shellcheck source=tests/fault/durable-jobs/umm-archive-always.sh
. "${BASH_SOURCE[0]%/*}/umm-archive-always.sh"
arguments=(--threads=1 append --sync=always --flush-rows=1500 --keep-journal a.npy.zst)
setup() {
    bars 0 63000 | umm-archive append a.npy.zst
    bars 63000 5 | umm-archive append --keep-journal a.npy.zst
    bars 63005 2700 >in.csv
    bars 0 65705 | umm-convert -o want.npy
}
