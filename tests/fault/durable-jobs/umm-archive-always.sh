# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# With --sync=always what one read brings is in the journal, synced, before more is read.
tool=umm-archive
arguments=(--threads=1 append --sync=always --keep-journal a.npy.zst)
outputs=(a.npy.zst)
durable=yes
piped=in.csv
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    bars 700 3000 >in.csv
    bars 0 3700 | umm-convert -o want.npy
}
holds() { umm-archive extract a.npy.zst | tail -c +129 | cmp - <(tail -c +129 "$REF/old/want.npy") 2>&1; }
check_complete() { [[ -z $(holds) ]]; }
# The rows of some reads: the next run adds the others.
check_old() { [[ $(holds) == 'cmp: EOF on -'* ]]; }
