# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A new archive. It exists, without rows, before it has any.
tool=umm-archive
arguments=(--threads=1 append a.npy.zst want.npy)
outputs=(a.npy.zst)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 700 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | cmp - "$REF/$1/want.npy"; }
check_complete() { holds old; }
check_old() { [[ ! -e a.npy.zst ]] || [[ $(umm-archive stat a.npy.zst) == *": 0 rows "* ]]; }
