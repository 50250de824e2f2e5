# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The newest features of two symbols into a store, each with a state: vectors are seen before the
# states know of their rows, and a run that follows completes what one lacks.
tool=umm-features
arguments=(-f "ema:5,sma:3" --by=symbol --state-root=st -o store:s in.csv)
outputs=(s st/A.state st/B.state)
durable=yes
commit='^msync'
mixed() {
    bars 0 "$1" | awk 'NR == 1 { print "symbol," $0; next } { print "A," $0; print "B," $0 }' >in.csv
}
setup() {
    mkdir st
    umm-store create --max-positions=20 --dim=2 s
    mixed 30
    umm-features -f "ema:5,sma:3" --by=symbol --state-root=st -o store:s in.csv
    mixed 40
}
# A writer removes what is not whole, as readers refuse it.
mend() { umm-store put s </dev/null; }
contents() { umm-store export "$1" -; }

# states_are WHICH: those that count, of a change under way what it is to be.
states_are() {
    local file
    for file in A.state B.state; do
        if [[ -e st/.symbols.changes/$file ]]; then
            cmp -s "st/.symbols.changes/$file" "$REF/$1/st/$file"
        else
            cmp -s "st/$file" "$REF/$1/st/$file"
        fi || return
    done
}
check_complete() { [[ $(contents s) == "$(contents "$REF/new/s")" ]] && { states_are new || states_are old; }; }
# Before the states are saved a power cut may take any vector: the next run puts it again.
check_old() {
    local line
    while IFS= read -r line; do
        contents "$REF/old/s" | grep -qxF "$line" || contents "$REF/new/s" | grep -qxF "$line" || return
    done < <(contents s)
    states_are old
}
