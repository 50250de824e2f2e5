# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A table into an array that grows.
tool=umm-db
arguments=(pull --append -o out.npy sqlite:a.db bars)
outputs=(out.npy)
durable=yes
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 100 | umm-convert -o in.npy
    umm-db push sqlite:a.db bars in.npy
    umm-db pull --append -o out.npy sqlite:a.db bars
    bars 0 200 | umm-convert -o in.npy
    umm-db push sqlite:a.db bars in.npy
}
check_old() { begins_like old out.npy; }
