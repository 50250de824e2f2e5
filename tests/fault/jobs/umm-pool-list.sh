# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A look, which must leave all as it is.
tool=umm-pool
arguments=(list p --json)
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
