# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Times searched for, columns picked, a report and metrics, durable.
tool=umm-mmap-slice
arguments=(bars.npy --from 2020-01-01T01:00 ::-7 --columns 'close,timestamp' --sync -o out.npy --report r.json)
outputs=(out.npy)
loose=(r.json)
durable=yes
setup() {
    bars 0 9000 >in.csv
    umm-convert --fortran -o bars.npy in.csv
    umm-convert -o out.npy in.csv
}
