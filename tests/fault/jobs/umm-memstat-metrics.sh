# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Metrics of the system over old ones. The figures are never the same twice; what the
# kernel does not give (pressure, groups) is left out.
tool=umm-memstat
arguments=(--metrics system.prom --format csv)
outputs=(system.prom)
setup() {
    echo 'the old output' >system.prom
}
check_complete() {
    [[ $(head -n 1 system.prom) == '# HELP umm_memstat_total_bytes '* ]] || { echo 'no beginning' && return 1; }
    [[ $(tail -n 1 system.prom) == 'umm_build_info{'*'} 1' ]] || { echo 'no end' && return 1; }
}
