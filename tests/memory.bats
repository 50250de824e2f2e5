#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The memory modules under valgrind: no leak, no byte used that nobody gave out.
load helper

@test "valgrind finds nothing in the tests of arena, cache, buffer pool, window and statistics" {
    [[ -z ${UMM_SAN-} ]] || skip 'a sanitizer is at work already'
    local program
    for program in arena cache bufpool ring opstats; do
        [[ -x $UMM_BUILD/unit/test_$program ]] || skip 'the unit tests are not built'
        capture valgrind --quiet --leak-check=full --show-leak-kinds=all --error-exitcode=99 \
            "$UMM_BUILD/unit/test_$program"
        [[ $status -eq 0 ]] || fail "$program: $stderr"
    done
}
