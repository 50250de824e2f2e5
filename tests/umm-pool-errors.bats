#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a pool refuses, and that it is left as it was.

load helper
load pool

try() {
    printf "%s\nTry 'umm-pool --help'." "$1"
}

@test "commands and operands" {
    refuses 2 "$(try 'umm-pool: no command')" umm-pool
    refuses 2 "$(try 'umm-pool: unknown command "frob"')" umm-pool frob
    refuses 2 "$(try 'umm-pool: put takes NAME KEY FILE, or NAME and --from')" umm-pool put p A
    refuses 2 "$(try 'umm-pool: put takes NAME [KEY FILE]')" umm-pool put p A a.npy more
    refuses 2 "$(try 'umm-pool: rm takes NAME KEY...')" umm-pool rm p
    refuses 2 "$(try 'umm-pool: create needs --size')" umm-pool create p
    refuses 2 "$(try 'umm-pool: --size does not go with list')" umm-pool list p --size=1M
    refuses 2 "$(try 'umm-pool: --verbose does not go with get')" umm-pool -v get p A
    refuses 2 "$(try 'umm-pool: --format takes path or npy, not "raw"')" umm-pool get p A --format=raw
    for size in 0 x 1X 1KB -1 16777216T 8388608T 99999999999999999999; do
        refuses 2 "$(try "umm-pool: --size takes a number of bytes, or one with K, M, G or T, not \"$size\"")" \
            umm-pool create p --size="$size"
    done
    [[ -z $(ls -A "$POOLS") ]]
}

@test "names" {
    array a.npy 10
    ok umm-pool create p --size=1M
    local long key
    long=$(printf 'x%.0s' {1..201})
    refuses 2 "$(try 'umm-pool: the name of a pool "" is empty (1 to 64 bytes)')" umm-pool create '' --size=1M
    refuses 2 "$(try 'umm-pool: the name of a pool "a/b" has a slash in it (1 to 64 bytes)')" umm-pool list a/b
    refuses 2 "$(try 'umm-pool: the name of a pool ".." begins with a dot (1 to 64 bytes)')" umm-pool unlink ..
    refuses 2 "$(try "umm-pool: the name of a pool \"${long:0:60}...\" is too long (1 to 64 bytes)")" \
        umm-pool create "${long:0:65}" --size=1M
    for key in ../p .hidden . ..; do
        refuses 2 "$(try "umm-pool: the key \"$key\" begins with a dot (1 to 200 bytes)")" umm-pool put p "$key" a.npy
        refuses 2 "$(try "umm-pool: the key \"$key\" begins with a dot (1 to 200 bytes)")" umm-pool rm p "$key"
        refuses 2 "$(try "umm-pool: the key \"$key\" begins with a dot (1 to 200 bytes)")" umm-pool get p "$key"
    done
    refuses 2 "$(try 'umm-pool: the key "a/../../b" has a slash in it (1 to 200 bytes)')" umm-pool put p a/../../b a.npy
    refuses 2 "$(try 'umm-pool: the key "a\nb" has a control character in it (1 to 200 bytes)')" \
        umm-pool put p $'a\nb' a.npy
    refuses 2 "$(try "umm-pool: the key \"${long:0:60}...\" is too long (1 to 200 bytes)")" umm-pool put p "$long" a.npy
    # The longest there is, and its temporary file.
    ok umm-pool put p "${long:0:200}" a.npy
    ok umm-pool verify p
}

@test "input that is no whole .npy file leaves the old entry" {
    array a.npy 1000
    ok umm-pool create p --size=1M
    ok umm-pool put p A a.npy
    head -c 20000 a.npy >cut.npy
    refuses 1 'umm-pool: cut.npy: array data is short by 28128 bytes' umm-pool put p A cut.npy
    refuses 1 'umm-pool: <stdin>: array data is short by 28128 bytes' umm-pool put p A - <cut.npy
    refuses 1 'umm-pool: <stdin>: not an NPY file: it is empty' umm-pool put p A - </dev/null
    echo text >text
    refuses 1 'umm-pool: text: not an NPY file: it does not begin with \x93NUMPY' umm-pool put p A text
    refuses 1 'umm-pool: <stdin>: not an NPY file: it does not begin with \x93NUMPY' umm-pool put p A - <text
    printf '\x93NUMPY\x02\x00\xff\xff\xff\xff' >bomb
    refuses 1 'umm-pool: <stdin>: the NPY header claims 4294967307 bytes, the limit is 67108864' \
        umm-pool put p A - <bomb
    refuses 1 'umm-pool: missing: cannot open: No such file or directory' umm-pool put p A missing
    refuses 1 'umm-pool: .: cannot read: Is a directory' umm-pool put p A .
    "$PY" -c 'import numpy; numpy.save("o", numpy.array([{}]), allow_pickle=True)'
    capture umm-pool put p A o.npy
    [[ $status -eq 1 && $stderr == *object* ]] || fail "$stderr"
    cmp a.npy "$(pool p)/A.npy"
    no_leftovers "$POOLS"
    # An array of 2^60 elements that is not there.
    "$PY" -c 'import numpy as np
with open("huge", "wb") as out:
    np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": (1 << 50,)})'
    refuses 1 "umm-pool: $(pool p)/A.npy: is 9007199254741120 bytes, but of the pool's budget of 1048576 only 1048576 are free" \
        umm-pool put p A - <huge
}

@test "the budget counts entries and writers, not what is replaced" {
    array a.npy 1000
    ok umm-pool create p --size=100000
    ok umm-pool put p A a.npy
    ok umm-pool put p B a.npy
    refuses 1 "umm-pool: $(pool p)/C.npy: is 48128 bytes, but of the pool's budget of 100000 only 3744 are free" \
        umm-pool put p C a.npy
    ok umm-pool put p B a.npy
    ok umm-pool rm p A
    # A writer that waits for its input has set its bytes aside.
    mkfifo pipe
    umm-pool put p slow - <pipe 3>&- &
    exec 7>pipe
    head -c 1000 a.npy >&7
    is_being_written() {
        [[ $(umm-pool list p) == *'1 being written (48128 bytes)'* ]]
    }
    wait_until $! 'bytes that are set aside' is_being_written
    refuses 1 "umm-pool: $(pool p)/C.npy: is 48128 bytes, but of the pool's budget of 100000 only 3744 are free" \
        umm-pool put p C a.npy
    refuses 1 "umm-pool: $(pool p): an entry is being written; nothing removed" umm-pool unlink p
    tail -c +1001 a.npy >&7
    exec 7>&-
    wait $!
    ok umm-pool verify p
    [[ $output == *'slow: 48128 bytes'* ]]
}

@test "a killed or interrupted writer leaves nothing that stays" {
    array a.npy 1000
    ok umm-pool create p --size=100000
    ok umm-pool put p A a.npy
    mkfifo pipe
    for signal in KILL TERM INT; do
        # Not in the background, where INT would be ignored.
        "$PY" -c 'import signal, subprocess, sys, waiting
signal.signal(signal.SIGINT, signal.SIG_DFL)
p = subprocess.Popen(["umm-pool", "put", "p", "A", "-"], stdin=subprocess.PIPE)
p.stdin.write(open("a.npy", "rb").read(1000))
p.stdin.flush()
def is_being_written():
    return "being written" in subprocess.run(["umm-pool", "list", "p"], stdout=subprocess.PIPE, text=True).stdout
waiting.wait_until(is_being_written, "a writer", p)
n = getattr(signal, "SIG" + sys.argv[1])
p.send_signal(n)
sys.exit(p.wait() != -n)' "$signal"
        cmp a.npy "$(pool p)/A.npy"
        [[ $signal == KILL ]] || no_leftovers "$POOLS"
        ok umm-pool put p B a.npy
        no_leftovers "$POOLS"
        ok umm-pool rm p B
    done
}

@test "who changes or looks waits for the pool's lock" {
    array a.npy 1000
    umm-synth --rows=100 -o a.csv
    ok umm-pool create p --size=1M
    ok umm-pool put p A a.npy
    exec 8<"$(pool p)"
    flock 8
    local pids=() pid
    umm-pool put p B a.npy 8<&- 3>&- &
    pids+=($!)
    umm-pool rm p A 8<&- 3>&- &
    pids+=($!)
    umm-convert -o pool:p/C a.csv 8<&- 3>&- &
    pids+=($!)
    umm-pool list p 8<&- >listed 3>&- &
    pids+=($!)
    for pid in "${pids[@]}"; do
        wait_until "$pid" 'the lock to be waited for' waits_with "$pid" "$(pool p)"
    done
    [[ -e $(pool p)/A.npy && ! -e $(pool p)/B.npy && ! -e $(pool p)/C.npy && ! -s listed ]]
    # Readers do not.
    ok umm-pool get p A
    exec 8<&-
    wait "${pids[@]}"
    [[ ! -e $(pool p)/A.npy && -e $(pool p)/B.npy && -e $(pool p)/C.npy && -s listed ]]
}

@test "get and rm of what is not there or not sound" {
    array a.npy 10
    ok umm-pool create p --size=1M
    refuses 1 "umm-pool: $(pool p)/A.npy: cannot open: No such file or directory" umm-pool get p A
    ok umm-pool put p A a.npy
    # The others go all the same.
    refuses 1 "umm-pool: $(pool p)/B.npy: cannot remove: No such file or directory" umm-pool rm p B A
    [[ ! -e $(pool p)/A.npy ]]
    head -c 300 a.npy >"$(pool p)/cut.npy"
    refuses 1 "umm-pool: $(pool p)/cut.npy: array data is short by 308 bytes" umm-pool get p cut
    ln -s "$PWD/a.npy" "$(pool p)/link.npy"
    refuses 1 "umm-pool: $(pool p)/link.npy: is not a regular file" umm-pool get p link
    refuses 1 "umm-pool: $(pool p)/link.npy: is not a regular file" umm-pool put p link a.npy
    mkfifo "$(pool p)/fifo.npy"
    refuses 1 "umm-pool: $(pool p)/fifo.npy: is not a regular file" umm-pool get p fifo
}

@test "verify finds faults" {
    array a.npy 10
    ok umm-pool create p --size=2000
    ok umm-pool put p A a.npy
    verdict() {
        capture umm-pool verify p
        [[ $status -eq 1 && -z $stderr && $output == *"$1"*FAIL ]] || fail "$output"
        capture umm-pool verify p --json
        [[ $status -eq 1 && $output == *'"faults": 1'* ]] || fail "$output"
        ok umm-pool stat p
    }
    chmod u+w "$(pool p)/A.npy"
    verdict 'A: 608 bytes, <f8 (10, 6); FAIL: can be written to (mode 0644)'
    echo >>"$(pool p)/A.npy"
    verdict 'A: 609 bytes; FAIL: 1 bytes follow the array'
    truncate -s 300 "$(pool p)/A.npy"
    verdict 'A: 300 bytes; FAIL: array data is short by 308 bytes'
    ok umm-pool rm p A
    echo >"$(pool p)/notes.txt"
    verdict 'FAIL: 1 file that no pool has, such as "notes.txt"'
    refuses 1 "umm-pool: $(pool p): holds \"notes.txt\", which no pool has; nothing removed" umm-pool unlink p
    rm "$(pool p)/notes.txt"
    for i in 1 2 3 4; do
        install -m 444 a.npy "$(pool p)/$i.npy"
    done
    verdict 'FAIL: more than the budget is used'
    for i in 1 2 3 4; do
        ok umm-pool rm p "$i"
    done
    ok umm-pool verify p
}

@test "a directory that is no pool is left alone" {
    mkdir -m 700 "$(pool x)"
    refuses 1 "umm-pool: $(pool x): is not a pool: it has no file .umm-pool" umm-pool list x
    touch "$(pool x)/precious.npy"
    refuses 1 "umm-pool: $(pool x): is not a pool: it has no file .umm-pool" umm-pool unlink x
    for text in '' 'umm-pool 2' $'umm-pool 1\nbudget_bytes 010\n' $'umm-pool 1\nbudget_bytes 18446744073709551616\n' \
        $'umm-pool 1\nbudget_bytes 10' $'umm-pool 1\nbudget_bytes 10\n\n' $'umm-pool 1\nbudget_bytes \n'; do
        printf '%s' "$text" >"$(pool x)/.umm-pool"
        refuses 1 "umm-pool: $(pool x): is not a pool of this version: its file .umm-pool says something else" \
            umm-pool list x
        refuses 1 "umm-pool: $(pool x): is not a pool of this version: its file .umm-pool says something else" \
            umm-pool unlink x
    done
    [[ -e $(pool x)/precious.npy ]]
    # Killed between its last two steps, unlink is finished by the next.
    rm "$(pool x)"/* "$(pool x)/.umm-pool"
    ok umm-pool unlink x
    [[ ! -e $(pool x) ]]
}

@test "links, files and open directories in a pool's place" {
    mkdir -m 700 elsewhere
    ln -s "$PWD/elsewhere" "$(pool x)"
    for command in 'create x --size=1M' 'list x' 'unlink x'; do
        # shellcheck disable=SC2086 # words
        refuses 1 "umm-pool: $(pool x): is not a directory (links are not followed)" umm-pool $command
    done
    [[ -z $(ls -A elsewhere) ]]
    rm "$(pool x)"
    touch "$(pool x)"
    refuses 1 "umm-pool: $(pool x): is not a directory (links are not followed)" umm-pool create x --size=1M
    rm "$(pool x)"
    mkdir -m 750 "$(pool x)"
    refuses 1 "umm-pool: $(pool x): is open to other users (mode 0750, wanted 0700)" umm-pool create x --size=1M
    [[ -z $(ls -A "$(pool x)") ]]
}

@test "links, FIFOs and devices in the place of a pool's files" {
    array a.npy 10
    ok umm-pool create p --size=1M
    ok umm-pool put p A a.npy
    cp a.npy outside.npy
    chmod 600 outside.npy
    local made
    for made in "ln -s $PWD/outside.npy" 'ln -s /dev/zero' 'ln -s nowhere' mkfifo mkdir; do
        # shellcheck disable=SC2086 # words
        $made "$(pool p)/L.npy"
        for command in 'get p L' 'get p L --format=npy' 'put p L a.npy'; do
            # shellcheck disable=SC2086
            refuses 1 "umm-pool: $(pool p)/L.npy: is not a regular file" timeout 60 umm-pool $command
        done
        capture timeout 60 umm-pool verify p
        [[ $status -eq 1 && -z $stderr && $output == *'FAIL: 1 file that no pool has, such as "L.npy"'* ]]
        refuses 1 "umm-pool: $(pool p): holds \"L.npy\", which no pool has; nothing removed" umm-pool unlink p
        rm -d "$(pool p)/L.npy"
        mv "$(pool p)/.umm-pool" kept
        # shellcheck disable=SC2086
        $made "$(pool p)/.umm-pool"
        for command in 'list p' 'put p A a.npy' 'create p --size=1M' 'unlink p'; do
            # shellcheck disable=SC2086
            refuses 1 "umm-pool: $(pool p): is not a pool: its .umm-pool is not a regular file" \
                timeout 60 umm-pool $command
        done
        rm -d "$(pool p)/.umm-pool"
        mv kept "$(pool p)/.umm-pool"
    done
    cmp outside.npy a.npy
    [[ $(stat -c %a outside.npy) == 600 ]]
    ok umm-pool verify p
    # What is put is a file's bytes, not its name: a link to it is read.
    ln -s a.npy link.npy
    ok umm-pool put p B link.npy
    [[ ! -L $(pool p)/B.npy ]]
    refuses 1 'umm-pool: /dev/zero: not an NPY file: it does not begin with \x93NUMPY' umm-pool put p C /dev/zero
    refuses 1 'umm-pool: .: cannot read: Is a directory' umm-pool put p C .
    no_leftovers "$POOLS"
}

@test "another user's pool, and processes that cannot be looked into" {
    [[ $(id -u) -eq 0 ]] || skip 'only root can act for two users'
    chmod 755 "$BATS_TEST_TMPDIR" 2>/dev/null
    setpriv --reuid=12345 --clear-groups umm-pool --version >/dev/null 2>&1 ||
        skip 'another user cannot run the tools where they are built'
    chmod 1777 "$POOLS"
    as_other() { (cd / && setpriv --reuid=12345 --clear-groups "$@"); }
    ok umm-pool create mine --size=1M
    array a.npy 10
    ok umm-pool put mine A a.npy
    # A name that is somebody's, in a directory of somebody else's.
    install -d -m 700 -o 12345 "$POOLS/umm.0.x"
    refuses 1 "umm-pool: $POOLS/umm.0.x: belongs to another user (uid 12345)" umm-pool create x --size=1M
    refuses 1 "umm-pool: $POOLS/umm.0.x: belongs to another user (uid 12345)" umm-pool unlink x
    install -d -m 755 "$POOLS/umm.12345.y"
    refuses 1 "umm-pool: $POOLS/umm.12345.y: belongs to another user (uid 0)" as_other umm-pool create y --size=1M
    capture as_other cat "$(pool mine)/A.npy"
    [[ $status -eq 1 && $stderr == *'Permission denied'* ]]
    # Its own: and what it cannot see is said.
    ok as_other umm-pool create mine --size=1M
    as_other umm-pool put mine A - <a.npy
    ok as_other umm-pool stat mine
    [[ $output == *'; no process that can be seen maps it'*' could not be looked into: '* ]] || fail "$output"
    # Killed between chmod and rename: read-only for its own user, too.
    install -m 444 -o 12345 a.npy "$POOLS/umm.12345.mine/.B.npy.umm-0"
    ok as_other umm-pool list mine
    [[ $output == *', 1 of killed writers removed'* ]] || fail "$output"
}

@test "a full tmpfs is an error at once" {
    [[ $(id -u) -eq 0 ]] || skip 'only root can mount'
    mkdir full
    unshare -m mount -t tmpfs -o size=1m none full 2>/dev/null || skip 'tmpfs cannot be mounted here'
    array a.npy 30000
    umm-synth --rows=30000 -o a.csv
    # shellcheck disable=SC2016 # for the inner shell
    ok unshare -m bash -c 'set -e
        mount -t tmpfs -o size=1m none full
        umm-pool create p --size=1G --dir=full
        ! umm-pool put p A a.npy --dir=full 2>err1
        ! umm-pool put p A - --dir=full <a.npy 2>err2
        ! UMM_POOL_DIR=full umm-convert -o pool:p/A a.csv 2>err3
        ! UMM_POOL_DIR=full umm-mmap-slice a.npy : -o pool:p/A 2>err4
        ! umm-mmap-slice a.npy : -o full/b.npy 2>err5
        ! umm-mmap-slice a.npy : : : : --format=csv -o full/b.csv 2>err6
        [[ $(ls full) == umm.0.p ]]
        ls -A full/umm.0.p >left'
    [[ $(<err1) == "umm-pool: full/umm.0.p/A.npy: cannot reserve space: No space left on device" ]] || fail "$(<err1)"
    [[ $(<err2) == "$(<err1)" && $(<err3) == 'umm-convert: pool:p/A: cannot write: No space left on device' ]] || fail "$(<err3)"
    [[ $(<err4) == 'umm-mmap-slice: pool:p/A: cannot reserve space: No space left on device' ]] || fail "$(<err4)"
    [[ $(<err5) == 'umm-mmap-slice: full/b.npy: cannot reserve space: No space left on device' ]] || fail "$(<err5)"
    [[ $(<err6) == 'umm-mmap-slice: full/b.csv: cannot write: No space left on device' ]] || fail "$(<err6)"
    [[ $(grep -v '^\.umm-ledger$' left) == .umm-pool ]] || fail "$(<left)"
}

@test "standard output that is full or closed" {
    [[ -w /dev/full ]] || skip 'no /dev/full'
    array a.npy 1000
    ok umm-pool create p --size=1M
    ok umm-pool put p A a.npy
    for command in 'get p A' 'get p A --format=npy' 'list p' 'stat p --json'; do
        # shellcheck disable=SC2086 # words
        refuses 1 'umm-pool: standard output: cannot write: No space left on device' \
            bash -c 'umm-pool "$@" >/dev/full' - $command
    done
}
