# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Datasets whose directories are new, with states beside them.
tool=umm-features
arguments=(-f "ema:5,sma:3" --threads=1 --append --root=in --symbols=A --timeframes=1m --out-root=out --state-root=st)
outputs=(out/A/1m.npy st/A/1m.state)
durable=yes
setup() {
    mkdir -p in/A out st
    bars 0 300 | umm-convert -o in/A/1m.npy
}
check_complete() { cmp -s out/A/1m.npy "$REF/new/out/A/1m.npy" && { cmp -s st/A/1m.state "$REF/new/st/A/1m.state" || [[ ! -e st/A/1m.state ]]; }; }
