# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# The index is gone: a writer makes it anew.
# shellcheck source=tests/fault/jobs/umm-store-import.sh
. "${BASH_SOURCE[0]%/*/*}/jobs/umm-store-import.sh"
setup() {
    umm-store create --max-positions=20 --dim=2 s
    umm-store put s <<<'a,1,2'
    rm s/index.umm
    printf 'id,active,timestamp,v0,v1\nb,1,2024-01-01,3,4\n' >in.csv
}
