# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# The nightly run of two datasets, one in a new directory.
# shellcheck source=tests/fault/durable-jobs/umm-convert-new-directory.sh
. "${BASH_SOURCE[0]%/*}/umm-convert-new-directory.sh"
arguments=(--threads=1 --append --out-root root A-1m-2020.csv B_1h.csv)
