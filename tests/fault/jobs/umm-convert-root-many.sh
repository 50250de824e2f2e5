# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# More datasets than are synced one by one: the file system is synced for all of them. The first is
# new, the second grows, and the others are as they were.
tool=umm-convert
symbols=(S{10..26})
arguments=(--threads=1 --append --out-root root "${symbols[@]/%/_1m.csv}")
outputs=("${symbols[@]/%//1m.npy}")
outputs=("${outputs[@]/#/root/}")
durable=yes
commit='^(rename|pwrite64\(.*, 0\) =)'
calls=(syncfs mkdir flock)
setup() {
    local symbol
    for symbol in "${symbols[@]}"; do
        bars 0 30 >"${symbol}_1m.csv"
    done
    umm-convert --append --out-root root "${symbols[@]/%/_1m.csv}"
    rm -r root/S10
    for symbol in S10 S11; do
        bars 20 30 >"${symbol}_1m.csv"
    done
}

# Each is the old one or the new one, by itself; the old rows stay.
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() {
    local file
    for file in "${outputs[@]}"; do
        is_either "$file" || { [[ -e $REF/old/$file ]] && begins_like old "$file" >/dev/null; } || return
    done
}
