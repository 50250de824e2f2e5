# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# More symbols than are synced one by one: the file system is synced for all their states.
# shellcheck source=tests/fault/jobs/umm-features-by.sh
. "${BASH_SOURCE[0]%-many.sh}.sh"
symbols=(S{0..65}) n_old=4 n_new=5
outputs=(out.csv)
calls=(syncfs renameat mkdir rmdir fsync)
