# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The archive at another level, put in the place of the old one.
tool=umm-archive
arguments=(--level=9 compact a.npy.zst)
outputs=(a.npy.zst)
durable=yes
commit='^rename'
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    bars 0 700 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old; }
check_old() { holds old; }
