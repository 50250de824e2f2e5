# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The last frame gives way to one with more rows; the header commits.
tool=umm-archive
arguments=(--threads=1 append a.npy.zst in.csv)
outputs=(a.npy.zst)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 700 >old.csv
    umm-archive append a.npy.zst old.csv
    umm-convert -o old.npy old.csv
    bars 500 900 >in.csv
    bars 0 1400 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old; }
check_old() { umm-archive extract a.npy.zst | cmp - "$REF/old/old.npy"; }
