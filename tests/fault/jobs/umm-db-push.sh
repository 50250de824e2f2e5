# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Rows into a table that has some. A killed push leaves SQLite's journal beside the file: what is
# looked at is a copy of both, which SQLite itself brings in order. It takes an interrupted sync for
# one that failed, and passes over one of the directory that failed: syncs are not among the calls.
tool=umm-db
arguments=(push sqlite:a.db bars in.npy)
outputs=(a.db)
hasty=yes
calls=(openat read pread64 write pwrite64 ftruncate unlink fstat newfstatat fcntl close mmap brk lseek)
commit='^unlink(at)?\(.*a\.db-journal'
setup() {
    bars 0 100 | umm-convert -o in.npy
    umm-db push sqlite:a.db bars in.npy
    bars 0 200 | umm-convert -o in.npy
}
rows_of() {
    local copy
    copy=$(mktemp -d)
    cp "$1"/a.db* "$copy" && sqlite3 "$copy/a.db" 'PRAGMA integrity_check; SELECT count(*), sum(close), max(timestamp) FROM bars'
    rm -r "$copy"
}
check_complete() { [[ $(rows_of .) == "$(rows_of "$REF/new")" ]]; }
check_old() { [[ $(rows_of .) == "$(rows_of "$REF/old")" ]]; }
