# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A fresh array without a state, with --sync.
tool=umm-features
arguments=(-f "ema:5,sma:3,atr:4" --sync -o out.npy in.npy)
outputs=(out.npy)
durable=yes
setup() { bars 0 300 | umm-convert -o in.npy; }
