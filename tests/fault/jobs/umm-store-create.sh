# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A directory that appears complete, or not at all.
tool=umm-store
arguments=(create --max-positions=20 --dim=3 s)
outputs=(s)
durable=yes
check_complete() { umm-store stat s && [[ $(stat -c %s s/vectors.npy) == 368 ]]; }
check_old() { [[ ! -e s ]]; }
