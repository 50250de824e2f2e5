# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A fresh file, over an old one.
tool=umm-synth
arguments=(--rows 2000 -o out.csv)
outputs=(out.csv)
setup() {
    echo 'the old output' >out.csv
}
