# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Through a scratch file that has no name, column by column, over an old file.
tool=umm-convert
arguments=(--threads=1 --fortran -o out.npy in.csv)
outputs=(out.npy)
setup() {
    bars 0 700 >old.csv
    umm-convert --fortran -o out.npy old.csv
    bars 0 1500 >in.csv
}
