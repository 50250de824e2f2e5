# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# An array that is as it should be stays, but who wrote it may not have synced it.
tool=umm-convert
arguments=(--threads=1 --sync --if-changed -o out.npy in.csv)
outputs=(out.npy)
durable=yes
unsynced=(out.npy)
setup() {
    bars 0 900 >in.csv
    umm-convert -o out.npy in.csv
}
# What a power cut left before that.
check_old() { :; }
