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
#   wait_until PID TEXT CMD...
#                         wait until CMD succeeds, and fail with TEXT if that takes
#                         longer than $WAIT_SECONDS, or at once if the process PID (- for
#                         none) is gone; CMD is shown nothing and shows nothing
#
# What a test waits for is a state, never a time: a busy machine takes any time. States:
#   test -e FILE          (and other commands)
#   has_lines FILE N      FILE is there and has N lines or more
#   has_bytes FILE N      FILE is there and has N bytes or more
#   has_open PID FILE     the process has FILE open
#   is_asleep PID         all its threads wait: for input, for room, for a lock, for a time
#   is_gone PID           the process has ended; its parent may not have asked for its code yet
#   is_drained PID FIFO   the process has read all that was written to FIFO, and waits
#   waits_with PID FILE   the process has FILE, perhaps a lock or a FIFO, open, and waits
#
#   stop_at CALL N [-P FILE] CMD...
#                         begin CMD, and come back when it is stopped behind its Nth system
#                         call CALL (on FILE): "kill -CONT $stopped" lets it go on, "wait
#                         $tracer" has its exit code; for who can trace
#
# Python has wait_until and others like it in tests/waiting.py.
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
# For tests/waiting.py.
PYTHONPATH=$TOP/tests
# A bound on what should take a moment: on a busy machine, with sanitizers, it does not.
WAIT_SECONDS=${WAIT_SECONDS:-120}
export TOP UMM_BUILD PATH PY DATA PYTHONPATH WAIT_SECONDS PYTHONDONTWRITEBYTECODE=1

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

# ---- waiting ----------------------------------------------------------------------

wait_until() {
    local pid=$1 text=$2 begun=$SECONDS was_there
    shift 2
    while :; do
        # Before the look: what it did last is seen.
        was_there=true
        [[ $pid == - ]] || ! is_gone "$pid" || was_there=false
        ! "$@" >/dev/null 2>&1 || return 0
        $was_there || fail "process $pid ended; waited for: $text" || return
        ((SECONDS - begun < WAIT_SECONDS)) || fail "waited $WAIT_SECONDS s for: $text" || return
        sleep 0.02
    done
}

has_lines() {
    [[ -e $1 && $(wc -l <"$1") -ge $2 ]]
}

has_bytes() {
    [[ -e $1 && $(stat -L -c %s "$1") -ge $2 ]]
}

has_open() {
    local file
    file=$(realpath "$2") && [[ -n $(find "/proc/$1/fd" -lname "$file" -print -quit) ]]
}

# The letter after the name in parentheses, which may have blanks and parentheses.
state_of() {
    local line
    line=$(<"$1/stat") && line=${line##*) } && echo "${line%% *}"
}

is_gone() {
    local state
    ! state=$(state_of "/proc/$1" 2>/dev/null) || [[ $state == [ZX] ]]
}

is_asleep() {
    local task state
    [[ -d /proc/$1/task ]] || return
    for task in "/proc/$1/task"/*; do
        state=$(state_of "$task") && [[ $state == S ]] || return
    done
}

is_drained() {
    "$PY" -c 'import os, sys, waiting
sys.exit(waiting.bytes_in(os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)) != 0)' "$2" && waits_with "$1" "$2"
}

waits_with() {
    has_open "$1" "$2" && is_asleep "$1"
}

stop_at() {
    local call=$1 n=$2 log=$BATS_FILE_TMPDIR/stopped.log path=()
    shift 2
    [[ $1 != -P ]] || { path=(-P "$2") && shift 2; }
    rm -f "$log"
    # A sanitizer's leak check does not work under strace.
    strace -q -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o "$log" "${path[@]}" -e trace="$call" \
        -e inject="$call:signal=STOP:when=$n" "$@" 3>&- &
    tracer=$!
    wait_until "$tracer" "call $n of $call" grep -q '^--- stopped by SIGSTOP' "$log" || return
    # shellcheck disable=SC2034 # for the test that called
    stopped=$(pgrep -P "$tracer")
}
