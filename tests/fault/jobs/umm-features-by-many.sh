# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# More symbols than are synced one by one: the file system is synced for all their states.
tool=umm-features
arguments=(-f sma:3 --by=symbol --state-root=st -o out.csv in.csv)
outputs=(out.csv)
durable=yes
calls=(syncfs renameat mkdir rmdir fsync)
commit='^rename.*"out.csv"'
n_symbols=66
mixed() {
    bars 0 "$1" | awk -v n="$n_symbols" 'NR == 1 { print "symbol," $0; next }
        { for (i = 0; i < n; i++) print "S" i "," $0 }' >in.csv
}
setup() {
    mkdir st
    mixed 4
    umm-features -f sma:3 --by=symbol --state-root=st -o out.csv in.csv
    mixed 5
}

# states_are WHICH: those that count, of a change under way what it is to be.
states_are() {
    local i file
    for ((i = 0; i < n_symbols; i++)); do
        file=S$i.state
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
