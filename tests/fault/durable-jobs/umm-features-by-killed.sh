# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A run was killed when its states had begun to take their places: the next one goes on.
# shellcheck source=tests/fault/jobs/umm-features-by.sh
. "${BASH_SOURCE[0]%/*/*}/jobs/umm-features-by.sh"
setup() {
    mkdir st
    mixed "$n_old"
    umm-features "${arguments[@]}"
    cp -r st old
    mixed "$n_new"
    umm-features "${arguments[@]}"
    mkdir -m 700 st/.symbols.changes
    mv st/A.state st/.symbols.changes
    mv old/A.state st
    rm -r old
}
check_old() { cmp -s out.csv "$REF/old/out.csv" && states_are new; }
