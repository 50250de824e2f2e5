# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Items on standard input, lines as they come, and the reports of the run.
tool=umm-batch
arguments=(--sizes=0:0:1 --base=2 --stdin --order=come --quarantine=q list -- sh -c 'LD_PRELOAD= cat')
outputs=(q stdout)
failure=125
varies=yes
setup() {
    seq 5 >list
}
check_old() { [[ ! -e q ]] && cmp -s -n "$(stat -c %s stdout 2>/dev/null || echo 0)" stdout list; }
