# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A pool that was not there.
tool=umm-pool
arguments=(create p --size=1M)
outputs=("umm.$(id -u).p/.umm-pool")
