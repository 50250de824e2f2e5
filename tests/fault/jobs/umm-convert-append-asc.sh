# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Newest-first rows for an array: into a scratch file, reversed, compared, appended.
tool=umm-convert
arguments=(--threads=1 --append --order asc -o out.npy in.csv)
outputs=(out.npy)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 700 >old.csv
    umm-convert -o out.npy old.csv
    bars 500 1000 >up.csv
    { head -n 1 up.csv; tail -n +2 up.csv | tac; } >in.csv
}
check_old() { begins_like old out.npy; }
