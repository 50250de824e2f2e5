# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The first run: the array is there before its state is.
tool=umm-features
arguments=(-f "ema:5,sma:3,atr:4" --append --state=s -o out.npy in.npy)
outputs=(out.npy s)
durable=yes
setup() { bars 0 300 | umm-convert -o in.npy; }
check_complete() { cmp -s out.npy "$REF/new/out.npy" && { cmp -s s "$REF/new/s" || [[ ! -e s ]]; }; }
