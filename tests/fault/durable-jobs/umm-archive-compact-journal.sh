# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Rows of the journal go into a frame of the old file before the new one takes its place.
tool=umm-archive
arguments=(--level=9 compact a.npy.zst)
outputs=(a.npy.zst)
durable=yes
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    bars 700 3 | umm-archive append --keep-journal a.npy.zst
    bars 0 703 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/old/want.npy"; }
check_complete() { holds; }
check_old() { holds; }
