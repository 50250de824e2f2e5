#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The helpers themselves: a test that cannot fail proves nothing.

load helper
load two_users

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

@test "wait_until waits for a state, within a bound, and for no process that is gone" {
    (sleep 0.1 && touch arrived) &
    wait_until $! 'a file' test -e arrived
    wait_until - 'a file that is there' test -e arrived
    # A state that is reached is one, also by a process that has ended.
    wait $!
    wait_until $! 'a file that is there' test -e arrived
    local begun=$SECONDS
    sleep 300 &
    local pid=$!
    ! WAIT_SECONDS=1 wait_until "$pid" 'Godot' false 2>said || false
    [[ $(<said) == 'waited 1 s for: Godot' ]]
    (sleep 0.1 && kill "$pid") &
    ! wait_until "$pid" 'Godot' false 2>said || false
    [[ $(<said) == "process $pid ended; waited for: Godot" ]]
    ((SECONDS - begun < WAIT_SECONDS))
    ok "$PY" -c '
import subprocess, waiting
child = subprocess.Popen(["sleep", "0.1"])
waiting.wait_until(lambda: child.poll() == 0, "its end", child)
for bound, process in (0.1, None), (100, child):
    waiting.WAIT_SECONDS = bound
    try:
        waiting.wait_until(lambda: False, "Godot", process)
    except AssertionError as problem:
        print(problem)
    else:
        raise SystemExit(1)'
    [[ $output == $'waited 0.1 s for: Godot\nprocess ended with 0; waited for: Godot' ]]
}

@test "states to wait for are seen when they are there, and not before" {
    mkfifo fifo
    ! has_lines none 0 && ! has_bytes none 0 || false
    printf '1\n2\n' >two
    has_lines two 2 && has_bytes two 4
    ! has_lines two 3 && ! has_bytes two 5 || false
    sh -c 'while :; do :; done' 3>&- &
    local busy=$! pid
    for _ in {1..20}; do
        ! is_asleep "$busy" || fail 'asleep, and busy'
    done
    cat fifo >got 3>&- &
    pid=$!
    # Nobody has written: cat waits for that, and has not opened it.
    wait_until "$pid" 'cat to wait' is_asleep "$pid"
    ! has_open "$pid" fifo || false
    exec {fd}>fifo
    printf abc >&"$fd"
    wait_until "$pid" 'cat to read' is_drained "$pid" fifo
    [[ $(<got) == abc ]]
    kill -STOP "$pid"
    printf def >&"$fd"
    ! is_drained "$pid" fifo && ! is_gone "$pid" || false
    kill -CONT "$pid"
    wait_until "$pid" 'cat to read' is_drained "$pid" fifo
    exec {fd}>&-
    wait_until - 'the end of cat' is_gone "$pid"
    kill "$busy"
    wait_until - 'the end of a loop' is_gone "$busy"
}

@test "two users share a directory, and have no more than that" {
    two_users
    [[ $PWD == "$SHARED" && $(stat -c %a .) == 1777 && $(as_attacker id -u) == "$ATTACKER_UID" ]]
    [[ $(as_victim id -u) == "$VICTIM_UID" && $ATTACKER_UID != "$VICTIM_UID" ]]
    as_victim touch hers "$VICTIM_DIR/hers"
    ! as_attacker rm -f hers 2>/dev/null || false
    ! as_attacker touch "$VICTIM_DIR/his" 2>/dev/null || false
    as_attacker cat hers "$VICTIM_DIR/hers"
    # No capability comes along, not even to another setpriv.
    ! as_attacker setpriv --reuid=0 --clear-groups true 2>/dev/null || false
    "${ATTACKER[@]}" sleep 300 3>&- &
    [[ $(ps -o comm= -p $!) =~ ^(setpriv|env|sleep)$ ]]
    as_attacker touch "/dev/shm/umm-two-users-$ATTACKER_UID"
    two_users_end
    wait_until - 'the background process to be gone' is_gone $!
    [[ ! -e /dev/shm/umm-two-users-$ATTACKER_UID ]]
}

@test "two users in a directory that is not sticky, below a closed TMPDIR" {
    mkdir -m 700 closed
    BATS_RUN_TMPDIR=/nowhere BATS_TEST_TMPDIR=$PWD/closed two_users 777
    [[ $PWD == /tmp/umm-two-users-*/shared && $(stat -c %a .) == 777 ]]
    as_victim touch hers
    as_attacker rm hers
    two_users_end
    [[ ! -e $SHARED ]]
}
