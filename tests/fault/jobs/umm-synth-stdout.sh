# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Standard output cannot be undone: after a failure, part of it is there.
tool=umm-synth
arguments=(--rows 2000)
outputs=(stdout)
check_old() { cmp -s -n "$(stat -c %s stdout)" stdout "$REF/new/stdout"; }
