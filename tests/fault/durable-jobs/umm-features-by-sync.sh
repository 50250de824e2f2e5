# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Mixed symbols to a file without states, with --sync.
tool=umm-features
arguments=(-f "ema:5,sma:3" --by=symbol --sync -o out.csv in.csv)
outputs=(out.csv)
durable=yes
setup() { bars 0 40 | awk 'NR == 1 { print "symbol," $0; next } { print "A," $0; print "B," $0 }' >in.csv; }
