# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A killed append wrote all but the header, which the next writer writes.
tool=umm-archive
arguments=(--threads=1 repair a.npy.zst)
outputs=(a.npy.zst)
durable=yes
setup() {
    bars 0 70000 | umm-archive append a.npy.zst
    umm-archive extract a.npy.zst >want.npy
    sed -i '0,/(70000,/s//(65536,/' a.npy.zst
}
holds() { umm-archive extract a.npy.zst | tail -c +129 | cmp - <(tail -c +129 "$REF/old/want.npy") 2>&1; }
check_complete() { [[ -z $(holds) ]] && umm-archive verify a.npy.zst; }
check_old() { [[ $(holds) == 'cmp: EOF on -'* ]]; }
