# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# helper.bash - what every .bats file here begins with: `load helper`.
#
# A test starts in an empty directory of its own ($BATS_TEST_TMPDIR), with the
# tools under test first in PATH. UMM_BUILD says where they were built (absolute,
# or relative to the top of the tree; default "build").
#
#   ok CMD...             CMD must exit 0 and write nothing on standard error
#   refuses CODE TEXT CMD...
#                         CMD must exit CODE, its standard error be exactly TEXT
#                         and a newline
#   no_leftovers DIR      no temporary or lock file of ours is in DIR
#   fail TEXT...          end the test with a message
#
# ok and refuses leave $status, $output (standard output), $stderr and $lines, as
# bats' own `run --separate-stderr` does. Input from a pipe is the caller's:
#   ok umm-x - <file        or        ok bash -c 'zcat f.gz | umm-x -'

bats_require_minimum_version 1.5.0

TOP=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
UMM_BUILD=${UMM_BUILD:-build}
[[ $UMM_BUILD == /* ]] || UMM_BUILD=$TOP/$UMM_BUILD
PATH=$UMM_BUILD:$PATH
# Debian's Python, which has NumPy: not one that happens to come first in PATH.
PY=/usr/bin/python3
DATA=$TOP/tests/data
export TOP UMM_BUILD PATH PY DATA PYTHONDONTWRITEBYTECODE=1

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

fail() {
    printf '%s\n' "$*" >&2
    return 1
}

# Run "$@" and keep its results. Outside the test's directory, which tests list.
capture() {
    local kept=$BATS_FILE_TMPDIR/capture
    status=0
    "$@" >"$kept.out" 2>"$kept.err" || status=$?
    # Without its zero bytes, of which bash warns; and without a process for what is empty.
    output='' stderr=''
    [[ ! -s $kept.out ]] || { output=$(<"$kept.out"); } 2>/dev/null
    [[ ! -s $kept.err ]] || { stderr=$(<"$kept.err"); } 2>/dev/null
    # shellcheck disable=SC2034 # for the test that called
    mapfile -t lines <<<"$output"
}

show_captured() {
    printf 'command: %s\nexit code: %s\nstandard error:\n%s\nstandard output (first lines):\n%s\n' \
        "$*" "$status" "$stderr" "$(head -n 20 <<<"$output")" >&2
}

ok() {
    capture "$@"
    [[ $status -eq 0 && ! -s $BATS_FILE_TMPDIR/capture.err ]] && return 0
    show_captured "$@"
    fail 'expected exit code 0 and an empty standard error'
}

refuses() {
    local code=$1 text=$2
    shift 2
    capture "$@"
    if [[ $status -eq $code ]] && printf '%s\n' "$text" | cmp -s - "$BATS_FILE_TMPDIR/capture.err"; then
        return 0
    fi
    show_captured "$@"
    printf 'expected exit code: %s\nexpected standard error:\n%s\n' "$code" "$text" >&2
    return 1
}

no_leftovers() {
    local found
    found=$(find "${1:-.}" \( -name '.*.umm-*' -o -name '*.lock' \) -print)
    [[ -z $found ]] || fail "left behind: $found"
}
