# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Few rows go behind others in the journal.
tool=umm-archive
arguments=(--threads=1 --keep-journal append a.npy.zst in.csv)
outputs=(a.npy.zst)
durable=yes
commit='^fdatasync'
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    bars 700 1 | umm-archive append --keep-journal a.npy.zst
    bars 0 701 | umm-convert -o old.npy
    bars 701 2 >in.csv
    bars 0 703 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old; }
check_old() { umm-archive extract a.npy.zst | cmp - "$REF/old/old.npy"; }
