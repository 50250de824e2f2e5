# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A replay from a pipe to standard output, and its figures.
tool=umm-watch
arguments=(--clock=input --report=r.json)
outputs=(stdout)
piped=in.csv
setup() {
    printf '%s\n' event,time,id,symbol,side,entry,price open,1,p,A,1,2, price,9000,,A,,,3 >in.csv
}
# Standard output cannot be undone: after a failure, part of it is there.
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
