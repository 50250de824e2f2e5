# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The data of an entry: after a failure, part of it was written.
tool=umm-pool
arguments=(get p A --format=npy)
outputs=(stdout)
setup() {
    bars 0 700 >a.csv
    umm-convert -o a.npy a.csv
    umm-pool create p --size=1M
    umm-pool put p A a.npy
}
check_old() {
    cmp -s a.npy "umm.$(id -u).p/A.npy" && cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"
}
