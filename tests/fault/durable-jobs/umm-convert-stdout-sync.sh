# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Standard output is a file.
tool=umm-convert
arguments=(--threads=1 --sync -o - in.csv)
outputs=(stdout)
durable=yes
setup() { bars 0 900 >in.csv; }
check_old() { :; }
