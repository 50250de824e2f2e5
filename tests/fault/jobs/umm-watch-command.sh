# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Looks in batches for a command, whose output is all there is.
tool=umm-watch
arguments=(--clock=input --batch-size=2 in.csv -- sh -c 'LD_PRELOAD= cat >>got')
outputs=()
varies=yes
setup() {
    printf '%s\n' event,time,id,symbol,side,entry open,1,p,A,1,2 open,1,q,A,1,2 open,1,r,A,1,2 >in.csv
}
