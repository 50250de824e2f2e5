# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Text on standard output, which cannot be undone: after a failure, part of it is there.
tool=umm-mmap-slice
arguments=(bars.npy 10:3000 --format csv)
outputs=(stdout)
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
setup() {
    bars 0 4000 >in.csv
    umm-convert -o bars.npy in.csv
}
