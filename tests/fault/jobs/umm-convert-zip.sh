# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Members of a zip archive, in another order than by name.
tool=umm-convert
arguments=(--threads=1 -o out.npy in.zip)
outputs=(out.npy)
# libarchive, and libraries that it brings along, exit when memory runs out.
fragile=yes
calls=(read pread64 open openat)
setup() {
    bars 0 3000 >a.csv
    bars 3000 3000 >b.csv
    TZ=UTC touch -d 2024-01-01 a.csv b.csv
    zip -qX in.zip b.csv a.csv
}
