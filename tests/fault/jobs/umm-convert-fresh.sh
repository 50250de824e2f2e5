# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A file that was not there.
tool=umm-convert
arguments=(--threads=1 -o out.npy in.csv)
outputs=(out.npy)
setup() { bars 0 1500 >in.csv; }
