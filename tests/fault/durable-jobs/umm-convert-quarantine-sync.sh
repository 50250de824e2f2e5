# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Rejected rows, and a fresh array, both on disk.
# shellcheck source=tests/fault/jobs/umm-convert-quarantine.sh
. "${BASH_SOURCE[0]%/*/*}/jobs/umm-convert-quarantine.sh"
arguments=(--sync "${arguments[@]}")
durable=yes
