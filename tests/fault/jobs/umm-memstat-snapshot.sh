# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A snapshot over an old one: of the tool itself, the one process that is sure to be there.
tool=umm-memstat
arguments=(--name umm-memstat snapshot kept)
outputs=(kept)
varies=yes # with the number of processes
setup() {
    echo 'the old output' >kept
}
check_complete() {
    [[ $(head -n 1 kept) == 'umm-memstat snapshot 1' ]] || { echo 'no beginning' && return 1; }
    grep -q $'\tumm-memstat\t\[stack\]$' kept || { echo 'no end' && return 1; }
}
