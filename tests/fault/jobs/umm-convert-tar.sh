# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Members of an archive on standard input, which is spooled, onto an array that is there.
tool=umm-convert
arguments=(--threads=1 --append -o out.npy -)
outputs=(out.npy)
# libarchive, and libraries that it brings along, exit when memory runs out.
fragile=yes
calls=(read pread64 write open openat)
piped=in.tar.gz
commit='^pwrite64\(.*, 0\) ='
setup() {
    bars 0 100 >a.csv
    umm-convert -o out.npy a.csv
    bars 100 100 >b.csv
    bars 200 100 >c.csv
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - c.csv b.csv a.csv | gzip -n >in.tar.gz
}
check_old() { begins_like old out.npy; }
