# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Events after those of a state: they are in it before their looks go out, and its snapshot at the
# end. What a state holds is what counts: it may have them in either form. After a failure it has
# all that was taken, or, if not even that could be written, what it had.
tool=umm-watch
arguments=(--clock=input --state=s in.csv)
outputs=(s)
durable=yes
loose=(stdout)
commit='^pwrite64'
setup() {
    printf '%s\n' event,time,id,symbol,side,entry open,1,p,A,1,2 >first.csv
    umm-watch --clock=input --state=s first.csv >looks
    printf '%s\n' event,time,id,symbol,side,entry open,5,q,A,1,2 close,7,p,,, >in.csv
}
# held: how many are open and closed in the state, read without a change to it.
held() {
    cp s copy && umm-watch --clock=input --state=copy --report=r.json - <<<event,time >/dev/null &&
        tr -d ' \n' <r.json | grep -o '"open":[0-9]*,"closed":[0-9]*'
    rm -f copy r.json
}
check_complete() { [[ $(held) == '"open":1,"closed":1' ]]; }
check_old() { [[ $(held) == '"open":'[12]',"closed":0' ]] || check_complete; }
