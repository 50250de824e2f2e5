# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Bits that are wrong in the description and the table.
tool=umm-archive
arguments=(--threads=1 repair a.npy.zst)
outputs=(a.npy.zst)
durable=yes
varies=yes # memory that malloc maps, after it gave back some whose size depends on its address
commit='^(pwrite64|ftruncate)'
setup() {
    bars 0 700 | umm-archive append a.npy.zst
    python3 -c '
data = bytearray(open("a.npy.zst", "rb").read())
n = int.from_bytes(data[-9:-5], "little")
data[141] ^= 1                        # the size of the description
data[len(data) - 9 - 12 * n + 16] ^= 1 # its content, in the table
data[len(data) - 9 - 4] ^= 1           # the checksum of the last frame
open("a.npy.zst", "wb").write(data)'
}
# Head and table are mended one after the other; the rows stay.
check_old() {
    local whole=$REF/new/a.npy.zst size at
    size=$(stat -c %s "$whole")
    at=$((size - 9 - 12 * 3 - 8 - 185))
    [[ $(stat -c %s a.npy.zst) == "$size" ]] && cmp -i 185 -n $at a.npy.zst "$whole"
}
