# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The last frame becomes a full one, and another follows.
tool=umm-archive
arguments=(--threads=1 append a.npy.zst in.npy)
outputs=(a.npy.zst)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 65000 >old.csv
    umm-archive append a.npy.zst old.csv
    umm-convert -o old.npy old.csv
    bars 65000 1000 | umm-convert -o in.npy
    bars 0 66000 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old; }
check_old() { umm-archive extract a.npy.zst | cmp - "$REF/old/old.npy"; }
