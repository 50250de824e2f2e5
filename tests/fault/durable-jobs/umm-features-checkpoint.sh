# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# The state comes after the lines that it has: a line is in the output, or comes
# from the state that the next run begins with.
tool=umm-features
arguments=(-f "ema:5,sma:3" --follow --checkpoint=100000 --state=s -o - in.csv)
outputs=(stdout s)
durable=yes
rows=2500
setup() {
    bars 0 "$rows" >in.csv
    umm-features -f "ema:5,sma:3" in.csv >all.csv
}
# The next run's output has no line that this one's has.
check_complete() {
    cmp -s s "$REF/new/s" && {
        cmp -s stdout all.csv ||
            { [[ $(head -n 1 stdout) == timestamp,* ]] && cmp -s <(tail -n +2 stdout) <(tail -n "$(($(wc -l <stdout) - 1))" all.csv); }
    }
}
check_old() {
    local copy n_left
    copy=$(mktemp -d) && cp in.csv "$copy" || return
    [[ ! -e s ]] || cp s "$copy"
    n_left=$(cd "$copy" && umm-features -f "ema:5,sma:3" --follow --state=s -o - in.csv | tail -n +2 | wc -l)
    rm -r "$copy"
    cmp -s -n "$(head -n "$((1 + rows - n_left))" all.csv | wc -c)" stdout all.csv || ((n_left == rows))
}
