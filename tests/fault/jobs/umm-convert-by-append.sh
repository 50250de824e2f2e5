# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The nightly run of symbols, the last of which is new. Each is published by itself.
# shellcheck source=tests/fault/jobs/umm-convert-by.sh
. "${BASH_SOURCE[0]%-append*}.sh"
symbols=(A B)
arguments=(--threads=1 --append --by=symbol --out-root root --timeframes=1m in.csv)
outputs=("${symbols[@]/%//1m.npy}")
outputs=("${outputs[@]/#/root/}")
durable=yes
commit='^(rename|pwrite64\(.*, 0\) =)'
mixed() {
    bars "$1" "$2" | awk -v list="${symbols[*]}" 'NR == 1 { n = split(list, symbol); print "symbol," $0; next }
        { for (i = 1; i <= n; i++) print symbol[i] "," $0 }'
}
setup() {
    mixed 0 30 >in.csv
    umm-convert --append --by=symbol --out-root root --timeframes=1m in.csv
    rm -r "root/${symbols[-1]}"
    mixed 20 30 >in.csv
}

# Of what was there the old rows are there; of what was not, all or nothing.
check_old() {
    local file
    for file in "${outputs[@]}"; do
        if [[ -e $REF/old/$file ]]; then
            begins_like old "$file" >/dev/null || is_either "$file"
        else
            is_either "$file"
        fi || return
    done
}
