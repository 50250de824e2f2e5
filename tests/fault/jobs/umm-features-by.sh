# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Mixed symbols to a file, each with a state: the states change all together, and only when
# the file is in place, which a run after that replaces by one that has nothing new.
tool=umm-features
symbols=(A B) n_old=30 n_new=40
arguments=(-f "ema:5,sma:3" --by=symbol --state-root=st -o out.csv in.csv)
outputs=(out.csv st/A.state st/B.state)
durable=yes
commit='^rename.*"out.csv"'
mixed() {
    bars 0 "$1" | awk -v list="${symbols[*]}" 'NR == 1 { n = split(list, symbol); print "symbol," $0; next }
        { for (i = 1; i <= n; i++) print symbol[i] "," $0 }' >in.csv
}
setup() {
    mkdir st
    mixed "$n_old"
    umm-features -f "ema:5,sma:3" --by=symbol --state-root=st -o out.csv in.csv
    mixed "$n_new"
}

# states_are WHICH: those that count, of a change under way what it is to be.
states_are() {
    local file
    for file in "${symbols[@]/%/.state}"; do
        if [[ -e st/.symbols.changes/$file ]]; then
            cmp -s "st/.symbols.changes/$file" "$REF/$1/st/$file"
        else
            cmp -s "st/$file" "$REF/$1/st/$file"
        fi || return
    done
}
check_complete() {
    if [[ $(wc -l <out.csv) -eq 1 ]]; then
        cmp -s out.csv <(head -n 1 "$REF/new/out.csv") && states_are new
    else
        cmp -s out.csv "$REF/new/out.csv" && { states_are new || states_are old; }
    fi
}
check_old() { cmp -s out.csv "$REF/old/out.csv" && states_are old && [[ ! -e st/.symbols.changes ]]; }
