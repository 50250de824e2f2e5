# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Standard output cannot be undone: after a failure, part of it is there.
tool=umm-convert
arguments=(--threads=1 -o - in.csv)
outputs=(stdout)
setup() { bars 0 1500 >in.csv; }
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
