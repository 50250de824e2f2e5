# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A bit that is wrong in the head alone: no later sync is of the table.
tool=umm-archive
arguments=(--threads=1 repair a.npy.zst)
outputs=(a.npy.zst)
durable=yes
varies=yes # as umm-archive-mend
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    python3 -c '
data = bytearray(open("a.npy.zst", "rb").read())
n = int.from_bytes(data[-9:-5], "little")
data[141] ^= 1
open("a.npy.zst", "wb").write(data)'
}
