# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# pool.bash - for the tests of umm-pool: pools in memory, in a directory of the test's
# own ($POOLS), which is gone afterwards.
#
#   pool NAME        the directory of that pool
#   array FILE N [V] an .npy file of N rows of 6 values V (default 1)

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    POOLS=$(mktemp -d /dev/shm/umm-test-XXXXXX 2>/dev/null || mktemp -d "$PWD/pools-XXXXXX")
    export POOLS UMM_POOL_DIR=$POOLS
}

teardown() {
    rm -rf "$POOLS"
}

pool() {
    echo "$POOLS/umm.$(id -u).$1"
}

array() {
    "$PY" -c 'import numpy, sys
numpy.save(sys.argv[1], numpy.full((int(sys.argv[2]), 6), float(sys.argv[3])))' "$1" "$2" "${3:-1}"
}
