# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# What a killed append left behind the rows that count.
tool=umm-archive
arguments=(--threads=1 repair a.npy.zst)
outputs=(a.npy.zst)
durable=yes
varies=yes # memory that malloc maps, after it gave back some whose size depends on its address
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    umm-archive extract a.npy.zst >want.npy
    head -c 3000 want.npy >>a.npy.zst
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old && zstd -dcq a.npy.zst | cmp - "$REF/old/want.npy" && umm-archive verify a.npy.zst; }
check_old() { holds old; }
