#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The helpers themselves: a test that cannot fail proves nothing.

load helper

@test "ok takes exit 0 with a silent standard error, and nothing else" {
    ok echo one
    [ "$output" = one ]
    ! ok false 2>/dev/null || false
    ! ok sh -c 'echo warning >&2' 2>/dev/null || false
    ! ok sh -c 'echo >&2' 2>/dev/null || false
}

@test "refuses takes the exact exit code and text, and nothing else" {
    refuses 3 'x: no' sh -c 'echo x: no >&2; exit 3'
    [ "$status" -eq 3 ]
    [ "$stderr" = 'x: no' ]
    ! refuses 1 'x: no' sh -c 'echo x: no >&2; exit 3' 2>/dev/null || false
    ! refuses 3 'x:' sh -c 'echo x: no >&2; exit 3' 2>/dev/null || false
    ! refuses 3 'x: no' sh -c 'printf "x: no" >&2; exit 3' 2>/dev/null || false
    ! refuses 3 'x: no' sh -c 'printf "x: no\n\n" >&2; exit 3' 2>/dev/null || false
}

@test "no_leftovers sees temporary and lock files, and only those" {
    touch out.npy .hidden
    no_leftovers .
    mkdir sub
    touch sub/.out.npy.umm-0
    ! no_leftovers . 2>/dev/null || false
    mv sub/.out.npy.umm-0 sub/.out.npy.umm-abcdefgh
    ! no_leftovers . 2>/dev/null || false
    mv sub/.out.npy.umm-abcdefgh out.npy.lock
    ! no_leftovers . 2>/dev/null || false
}

@test "a test begins in an empty directory of its own" {
    [ "$PWD" = "$BATS_TEST_TMPDIR" ]
    [ -z "$(ls -A)" ]
}
