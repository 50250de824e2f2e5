# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Rows of a pipe go into a frame when so many wait: then they are on the disk.
# shellcheck source=tests/fault/durable-jobs/umm-archive-always.sh
. "${BASH_SOURCE[0]%/*}/umm-archive-always.sh"
arguments=(--threads=1 append --flush-rows=1 a.npy.zst)
