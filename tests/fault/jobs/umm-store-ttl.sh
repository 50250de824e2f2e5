# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A store whose entries expire is there whole, with how long they live, or not at all.
tool=umm-store
arguments=(create --max-positions=20 --dim=3 --ttl=30m s)
outputs=(s)
durable=yes
check_complete() { [[ $(umm-store stat --json s) == *'"ttl_ns":1800000000000}' && $(<s/ttl.umm) == 'ttl_ns 1800000000000' ]]; }
check_old() { [[ ! -e s ]]; }
