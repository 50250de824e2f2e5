# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# More symbols than are synced one by one: the file system is synced for all of them.
# shellcheck source=tests/fault/jobs/umm-convert-by-append.sh
. "${BASH_SOURCE[0]%-many.sh}.sh"
symbols=(S{10..26})
outputs=("${symbols[@]/%//1m.npy}")
outputs=("${outputs[@]/#/root/}")
calls=(syncfs mkdir flock)
