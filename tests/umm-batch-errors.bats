#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what is quoted is for the command's shell
#
# umm-batch: what it refuses, and with which exit code.

load helper

@test "exit codes of a command that is missing or cannot be run" {
    refuses 127 'umm-batch: missing: cannot run: No such file or directory' umm-batch -- missing <<<x
    refuses 127 'umm-batch: ./missing: cannot run: No such file or directory' umm-batch -- ./missing <<<x
    echo 'echo hello' >script
    refuses 126 'umm-batch: ./script: cannot run: Permission denied' umm-batch -- ./script <<<x
    refuses 126 'umm-batch: ..: cannot run: Permission denied' umm-batch -- .. <<<x
    # A script without "#!" is the shell's.
    chmod +x script
    ok umm-batch -- ./script <<<x
    [[ $output == hello ]]
    # What a shell says about its own command is no reason to stop.
    capture umm-batch --base=1 --sizes=0:0:1 -- sh -c 'echo $1; exit 127' sh < <(seq 2)
    [[ $status -eq 1 && $output == $'1\n2' ]]
}

@test "wrong usage" {
    local try=$'\n'"Try 'umm-batch --help'."
    refuses 2 "umm-batch: no COMMAND: give -- COMMAND [ARG...]$try" umm-batch x
    refuses 2 "umm-batch: no COMMAND after --$try" umm-batch --
    refuses 2 "umm-batch: standard input can be read once only$try" umm-batch - - -- true
    refuses 2 "umm-batch: --retry-failed is for a journal, and there is none: give --journal$try" \
        umm-batch --retry-failed -- true
    refuses 2 "umm-batch: --lock is for a journal, and there is none: give --journal$try" \
        umm-batch --lock=fail -- true
    refuses 2 "umm-batch: --journal and --quarantine write to the same place$try" \
        umm-batch --journal=j --quarantine=./j -- true
    : >list
    refuses 2 "umm-batch: list: is an input and an output at once$try" umm-batch --journal=list list -- true
    refuses 2 "umm-batch: --base takes a number from 1 to 1099511627776, not \"0\"$try" umm-batch --base=0 -- true
    for sizes in '' 50 50:40 50:40:x 101:1:1 '50:40:2,'; do
        refuses 2 "umm-batch: --sizes takes MEMORY:CPU:FACTOR,...: two percentages and a factor, not \"$sizes\"$try" \
            umm-batch --sizes="$sizes" -- true
    done
    for halt in '' now soon,fail=0 now,fail=0% now,fail=101% soon,done=3 now,fail=; do
        refuses 2 "umm-batch: --halt takes never, or soon or now and ,fail=N or ,fail=N%, not \"$halt\"$try" \
            umm-batch --halt="$halt" -- true
    done
}

@test "lists" {
    refuses 125 'umm-batch: missing: cannot open: No such file or directory' umm-batch missing -- true
    printf 'a\nb\0c\n' >list
    refuses 125 'umm-batch: list:2:2: a line has a zero byte; --null if zero bytes end the items' \
        umm-batch list -- echo
    { seq 3 && head -c 200000 /dev/zero | tr '\0' x; } >list
    refuses 125 'umm-batch: item 4 is longer than an argument may be: 200000 bytes; --stdin gives the command its items on standard input' \
        umm-batch list -- echo
    ok umm-batch --stdin list -- wc -c
    [[ $output == 200006 || $output == 200007 ]]
    "$PY" -c "print('x' * 131071)" >list
    ok umm-batch list -- sh -c 'echo ${#1}' sh
    [[ $output == 131071 ]]
}

@test "a journal of another list, command or part, and what is no journal" {
    seq 9 >list
    ok umm-batch --journal=j list -- true
    cp j before
    refuses 125 'umm-batch: j: the journal is of another list of items' umm-batch --journal=j -- true < <(seq 8)
    refuses 125 'umm-batch: j: the journal is of another list of items' umm-batch --journal=j -- true < <(seq 2 10)
    refuses 125 'umm-batch: j: the journal is of another command' umm-batch --journal=j list -- true x
    refuses 125 'umm-batch: j: the journal is of another command' umm-batch --journal=j --stdin list -- true
    refuses 125 'umm-batch: j: the journal is of another part of the list' \
        umm-batch --shard=0/2 --journal=j list -- true
    cmp j before
    seq 100 >other
    refuses 125 'umm-batch: other: is there already, and is no journal of items' \
        umm-batch --journal=other list -- true
    : >empty
    refuses 125 'umm-batch: empty: is there already, and is no journal of items' \
        umm-batch --journal=empty list -- true
    mkfifo fifo
    refuses 2 "umm-batch: fifo: is not a regular file and cannot be locked
Try 'umm-batch --help'." umm-batch --journal=fifo list -- true
}

@test "a journal that is damaged, and one whose end is missing" {
    seq 9 >list
    ok umm-batch --sizes=0:0:1 --base=3 --journal=j list -- true
    # What was synced and is not there any more was lost in another way than by a power cut.
    cp j once
    ok umm-batch --journal=j list -- true
    sed '5s/done/dome/' j >damaged
    refuses 125 'umm-batch: damaged:5:1: the journal is damaged here' umm-batch --journal=damaged list -- true
    sed -e '5s/done/dome/' -e /^synced/d once >lost
    ok umm-batch --journal=lost --report=r list -- true
    grep -q '"done_before": 0,' r
    sed 4d j >damaged # a start, without which its end is none
    capture umm-batch --journal=damaged list -- true
    [[ $status -eq 125 && $stderr == 'umm-batch: damaged:'*': the journal is damaged here' ]]
    # Cut anywhere: it goes on, and all is done.
    local n
    n=$(stat -c %s j)
    head=$(head -n 2 j | wc -c)
    for ((cut = head; cut <= n; cut += 7)); do
        head -c "$cut" j >part
        ok umm-batch --journal=part -v list -- true 2>/dev/null || true
        [[ $status -eq 0 && $stderr == *'9 of 9 items done'* ]] || fail "$cut: $stderr"
    done
}

@test "another run has the journal" {
    umm-batch --journal=j -- sh -c ': >up; while ! test -e go; do sleep 0.01; done' <<<x &
    pid=$!
    wait_until $pid 'the batch' test -e up
    capture umm-batch --lock=fail --journal=j -- sh -c ': >up; while ! test -e go; do sleep 0.01; done' <<<x
    [[ $status -eq 125 && $stderr == *'j: is locked by '* ]] || fail "$stderr"
    : >go
    wait $pid
}

@test "a full disk under the journal, and under what it reports" {
    seq 40 >list
    # The file may have 512 bytes: that is, for the journal, a full disk.
    capture bash -c 'ulimit -f 1; umm-batch --sizes=0:0:1 --base=1 --journal=j list -- sh -c "echo \$1 >>ran; true" sh'
    [[ $status -eq 125 && $stderr == 'umm-batch: j: cannot write: File too large' ]] || fail "$status $stderr"
    ok umm-batch --sizes=0:0:1 --base=1 --journal=j list -- sh -c 'echo $1 >>ran; true' sh
    capture umm-batch list -- sh -c 'echo $1 >>ran; true' sh
    [[ $(sort -un ran | wc -l) -eq 40 ]]
    refuses 125 'umm-batch: standard output: cannot write: No space left on device' \
        bash -c 'umm-batch list -- echo >/dev/full'
    capture bash -c 'umm-batch --report=/dev/full list -- true'
    [[ $status -eq 125 ]]
}
