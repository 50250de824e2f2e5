# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Events that are to survive a power cut before their looks go out.
tool=umm-watch
arguments=(--clock=input --sync --state=s in.csv)
outputs=(s)
durable=yes
loose=(stdout)
setup() {
    printf '%s\n' event,time,id,symbol,side,entry open,5,q,A,1,2 open,7,p,A,1,2 >in.csv
}
# held: how many are open in the state, if there is one, read without a change to it.
held() {
    [[ -e s ]] || { echo none && return; }
    cp s copy && umm-watch --clock=input --state=copy --report=r.json - <<<event,time >/dev/null &&
        grep -o '"open": [0-9]*' r.json
    rm -f copy r.json
}
check_complete() { [[ $(held) == '"open": 2' ]]; }
check_old() { [[ $(held) == @(none|'"open": 0') ]]; }
