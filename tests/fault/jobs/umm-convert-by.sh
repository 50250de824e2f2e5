# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Two symbols of one text: each array is the old one or the new one, on its own.
tool=umm-convert
arguments=(--threads=1 --by=symbol --out-root root --timeframes=1m in.csv)
outputs=(root/A/1m.npy root/B/1m.npy)
mixed() {
    bars "$1" "$2" | awk 'NR == 1 { print "symbol," $0; next } { print "A," $0; print "B," $0 }'
}
setup() {
    mixed 0 30 >in.csv
    umm-convert --by=symbol --out-root root --timeframes=1m in.csv
    rm -r root/B
    mixed 0 900 >in.csv
}

# Whether every output is the old one or the new one, in any mixture.
is_either() {
    local outputs=("$1")
    same_as old >/dev/null || same_as new
}
check_old() { is_either root/A/1m.npy && is_either root/B/1m.npy; }
