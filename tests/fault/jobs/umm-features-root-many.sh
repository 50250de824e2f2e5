# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# More datasets than are synced one by one, each with a state: the file systems are synced for all
# of them, after the outputs' bytes, their names, and the states'. The first is new, the second grows.
tool=umm-features
symbols=(S{10..26})
list=$(IFS=,; echo "${symbols[*]}")
arguments=(-f "ema:5,sma:3" --threads=1 --append --root=in --symbols="$list" --timeframes=1m --out-root=out --state-root=st)
outputs=()
for symbol in "${symbols[@]}"; do
    outputs+=("out/$symbol/1m.npy" "st/$symbol/1m.state")
done
durable=yes
commit='^(rename|pwrite64\(.*, 0\) =)'
calls=(syncfs mkdir flock renameat)
setup() {
    local symbol
    for symbol in "${symbols[@]}"; do
        mkdir -p "in/$symbol"
        bars 0 30 | umm-convert -o "in/$symbol/1m.npy"
    done
    umm-features "${arguments[@]}"
    rm -r out/S10 st/S10
    for symbol in S10 S11; do
        bars 20 30 | umm-convert --append -o "in/$symbol/1m.npy"
    done
}

# Each output is the old one or the new one, or has new rows after the old; so is each state.
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() {
    local file
    for file in "${outputs[@]}"; do
        is_either "$file" || { [[ $file == *.npy && -e $REF/old/$file ]] && begins_like old "$file" >/dev/null; } || return
    done
}
# After a kill the next run completes: a state is there only if its output is.
check_complete() {
    local symbol
    for symbol in "${symbols[@]}"; do
        cmp -s "out/$symbol/1m.npy" "$REF/new/out/$symbol/1m.npy" || return
    done
    same_as new
}
