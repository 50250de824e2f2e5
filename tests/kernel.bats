#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Pipes on kernels that lack splice, which tests/fault/without does not reach: its jobs
# have no pipes.

load helper

# without WHAT ERRNO COMMAND...: skips where there is no seccomp filter.
without() {
    "$PY" "$TOP/tests/ref/without.py" "$@"
}

setup_file() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/ref/without.py" tee ENOSYS true || skip 'no seccomp filter here'
}

@test "rows into a pipe without splice" {
    ok bash -c 'umm-synth --rows=5000 | umm-convert -o a.npy -'
    for error in ENOSYS EINVAL EPERM; do
        without splice "$error" umm-mmap-slice a.npy : 2>err | cat >out.npy
        [[ ! -s err ]]
        cmp a.npy out.npy
    done
}
