#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# scripts/demo with the tools under test: it says what it does, and notices when a
# tool does something else.

load helper

@test "the demo does what it says and leaves nothing" {
    mkdir tmp
    TMPDIR=$PWD/tmp ok "$TOP/scripts/demo"
    [[ $output == *'float64 (2979, 6) missing: 30'* && $output == *'That was umm.'* ]]
    [[ -z $(ls -A tmp) ]]
}

# fake SCRIPT: the tools under test, but umm-convert is SCRIPT, which may run $real.
fake() {
    mkdir -p fake
    ln -sf "$UMM_BUILD"/umm-* fake/
    rm fake/umm-convert
    printf '#!/bin/bash\nreal=%q\n%s\n' "$UMM_BUILD/umm-convert" "$1" >fake/umm-convert
    chmod +x fake/umm-convert
    UMM_BUILD=$PWD/fake capture "$TOP/scripts/demo"
}

@test "the demo fails with a tool that accepts everything" {
    fake 'exit 0'
    [[ $status -eq 1 && $stderr == 'demo: exit code 0, expected 1' ]]
}

# shellcheck disable=SC2016 # for the script
@test "the demo fails with a tool that drops bad rows silently" {
    fake '"$real" "$@"; code=$?; exit $((code == 3 ? 0 : code))'
    [[ $status -eq 1 && $stderr == 'demo: exit code 0, expected 3' ]]
}

# shellcheck disable=SC2016
@test "the demo fails with a tool that takes revised history" {
    fake '[[ $* != *--append* ]] || set -- --on-revision=keep "$@"; exec "$real" "$@"'
    [[ $status -eq 1 && $stderr == 'demo: exit code 0, expected 1' ]]
}

@test "the demo takes no arguments" {
    refuses 2 'Usage: scripts/demo' "$TOP/scripts/demo" --fast
}
