# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# States on the way, of symbols whose states change all together.
# shellcheck source=tests/fault/durable-jobs/umm-features-checkpoint.sh
. "${BASH_SOURCE[0]%/*}/umm-features-checkpoint.sh"
arguments=(-f "ema:5,sma:3" --by=symbol --checkpoint=900 --state-root=st -o - in.csv)
outputs=(stdout st)
setup() {
    mkdir st
    bars 0 "$rows" | awk 'NR == 1 { print "symbol," $0; next } { print (NR % 3 ? "A," : "B,") $0 }' >in.csv
    umm-features -f "ema:5,sma:3" --by=symbol -o - in.csv >all.csv
}
check_complete() {
    cmp -s st/A.state "$REF/new/st/A.state" && cmp -s st/B.state "$REF/new/st/B.state" && {
        cmp -s stdout all.csv ||
            { [[ $(head -n 1 stdout) == *timestamp,* ]] && cmp -s <(tail -n +2 stdout) <(tail -n "$(($(wc -l <stdout) - 1))" all.csv); }
    }
}
check_old() {
    local copy n_left
    copy=$(mktemp -d) && cp -r in.csv st "$copy" || return
    n_left=$(cd "$copy" && umm-features -f "ema:5,sma:3" --by=symbol --state-root=st -o - in.csv | tail -n +2 | wc -l)
    rm -r "$copy"
    cmp -s -n "$(head -n "$((1 + rows - n_left))" all.csv | wc -c)" stdout all.csv || ((n_left == rows))
}
