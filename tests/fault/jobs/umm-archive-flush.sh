# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The rows of the journal into a frame: reading the archive gives the same at any moment.
tool=umm-archive
arguments=(--threads=1 flush a.npy.zst)
outputs=(a.npy.zst)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    bars 700 3 | umm-archive append --keep-journal a.npy.zst
    bars 0 703 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old && zstd -dcq a.npy.zst | cmp - "$REF/old/want.npy"; }
check_old() { holds old; }
