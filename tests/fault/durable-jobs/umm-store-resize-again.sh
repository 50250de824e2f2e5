# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A killed resize has made room for vectors, and counted it by a header that it had not synced.
tool=umm-store
arguments=(resize s 500)
outputs=(s)
durable=yes
unsynced=(s/vectors.npy=before.npy)
setup() {
    umm-store create --max-positions=20 --dim=2 s
    umm-store put s <<<'a,1,2'
    cp -r s grown
    umm-store resize grown 500
    cp grown/vectors.npy before.npy
    dd if=s/vectors.npy of=before.npy bs=128 count=1 conv=notrunc status=none
    mv grown/vectors.npy s
    rm -r grown
}
holds() {
    [[ $(umm-store get s a) == a,1,2 ]] && umm-store stat --json s | grep -q "\"max_positions\":$1,"
}
check_complete() { holds 500; }
check_old() { holds 20; }
