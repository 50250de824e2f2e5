# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A journal after a power cut: it can be gone on from, and after a run's end it has all as done.
tool=umm-batch
arguments=(--sizes=0:0:1 --base=2 --journal=j list -- true)
outputs=(j)
failure=125
varies=yes
durable=yes
setup() {
    seq 5 >list
}
check_complete() {
    [[ $(awk '/^done/ && NF == 6 { n += $3 } END { print n }' j) -eq 5 ]]
}
# Absent, or one to go on from.
check_old() {
    local rc=0
    [[ -e j ]] || return 0
    cp j copy && umm-batch --journal=copy list -- true || rc=$?
    rm -f copy
    return $rc
}
