#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Every tool beside files that are not what they should be: tests/hostile/run says what
# is tried, and what must hold.

load helper

teardown() {
    [[ -z ${mine-} ]] || rm -rf "$mine"
}

# try GROUP: its cases, in a directory of their own.
try() {
    capture "$PY" "$TOP/tests/hostile/run" "$1"
    [[ $status -eq 0 ]] || fail "$output$stderr"
    [[ $output != '# skip'* ]] || skip "${lines[0]#\# skip }"
}

@test "inputs, states and arrays that are no files, without end, cut, of 2^63 rows" { try inputs; }

@test "outputs that cannot be written to, at paths that are too long, to readers that leave" { try outputs; }

@test "what tools keep for themselves: temporary names, locks, journals, stores, pools" { try own; }

@test "names with line ends and a terminal's commands" { try names; }

@test "numbers that fit nowhere" { try sizes; }

@test "files that another program writes while a tool has them open" {
    capture "$PY" "$TOP/tests/hostile/changed" 60
    [[ $status -eq 0 ]] || fail "$output$stderr"
}

@test "no command needs a privilege" {
    [[ $(id -u) -eq 0 ]] || { try privileges && return; }
    # Not below bats' own, which others cannot enter: SQLite looks at a path from its beginning.
    mine=$(mktemp -d /tmp/umm-hostile.XXXXXX)
    chmod 777 "$mine"
    cd "$mine" || return
    # shellcheck disable=SC2016 # for the inner shell
    setpriv --reuid=12345 --clear-groups sh -c 'ls . && umm-synth --version && cat "$TOP/Makefile"' >/dev/null 2>&1 ||
        skip 'another user cannot run the tools where they are built'
    capture setpriv --reuid=12345 --regid=12345 --clear-groups --inh-caps=-all --no-new-privs \
        "$PY" "$TOP/tests/hostile/run" privileges
    [[ $status -eq 0 ]] || fail "$output$stderr"
}

@test "files that are cut short and grow while they are read" { try shrinking; }

@test "a store's files are cut short while they are mapped" { try stores; }

@test "another user's files under the names of ours, in a directory for all" {
    chmod 755 "$BATS_TEST_TMPDIR"
    try strangers
}

@test "files with small damage" { try mutated; }

@test "few descriptors, small files, little memory" { try limits; }

@test "a full tmpfs" {
    [[ $(id -u) -eq 0 ]] || skip 'only root can mount'
    mkdir small
    unshare -m mount -t tmpfs -o size=8m none small 2>/dev/null || skip 'tmpfs cannot be mounted here'
    # shellcheck disable=SC2016 # for the inner shell
    capture unshare -m sh -c 'mount -t tmpfs -o size=8m none small && cd small && exec "$PY" "$TOP/tests/hostile/run" full'
    [[ $status -eq 0 ]] || fail "$output$stderr"
}

# Whoever opens it in the moment before its mode keeps him out has an empty file in the end.
@test "a file that is not complete is never another user's to read" {
    [[ $(id -u) -eq 0 ]] && setpriv --reuid=12345 --clear-groups true && strace -o /dev/null true 2>/dev/null ||
        skip 'there is no other user, or strace cannot trace here'
    [[ -z ${UMM_EMULATED-} ]] || skip "system calls are the emulator's"
    chmod 755 "$BATS_TEST_TMPDIR"
    setpriv --reuid=12345 --clear-groups test -x . || skip 'another user cannot come here'
    local reader stopped tracer
    # Its first call opens what another run may have left, its second makes the file.
    stop_at openat 2 -P .out.csv.umm-0 umm-synth --rows=300 -o out.csv
    mkfifo go
    chmod 644 go
    # shellcheck disable=SC2016 # for the inner shell
    setpriv --reuid=12345 --clear-groups sh -c 'exec 4<go <.out.csv.umm-0 && echo open && read -r _ <&4 && cat' >seen 3>&- &
    reader=$!
    exec {go}<>go
    wait_until "$reader" 'the file to be open' has_lines seen 1
    kill -CONT "$stopped"
    wait "$tracer"
    echo >&"$go"
    wait "$reader"
    exec {go}>&-
    [[ $(wc -l <out.csv) -eq 301 && $(<seen) == open ]] || fail "$(head -c 100 seen)"
    no_leftovers
}

@test "what a killed run left goes, also when it had its new owner already" {
    [[ $(id -u) -eq 0 ]] && strace -o /dev/null true 2>/dev/null || skip 'no owner can be given, or strace cannot trace here'
    ok umm-synth --rows=300 -o out.csv
    chown 12345 out.csv
    capture strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log -e trace=rename,renameat,renameat2 \
        -e inject=rename,renameat,renameat2:signal=KILL:when=1 umm-synth --rows=200 -o out.csv
    [[ $status -ne 0 && $(stat -c %u .out.csv.umm-0) -eq 12345 && $(wc -l <out.csv) -eq 301 ]]
    ok umm-synth --rows=200 -o out.csv
    [[ $(stat -c %u out.csv) -eq 12345 && $(wc -l <out.csv) -eq 201 ]]
    no_leftovers
}

# The handler is there until the process is gone, longer than what main has on its stack.
@test "a signal between the end of main and that of the process" {
    [[ ${UMM_SAN-} != thread ]] || skip 'a thread sanitizer holds signals back'
    cat >late.c <<'END'
#include <signal.h>
__attribute__((destructor)) static void at_end(void) { raise(SIGTERM); }
END
    "${CC:-cc}" -shared -fPIC -o late.so late.c
    late() {
        ok env "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "LD_PRELOAD=$PWD/late.so" "$@"
    }
    late umm-synth --rows=100 -o rows.csv
    late umm-convert -o rows.npy rows.csv
    late umm-mmap-slice rows.npy 10:20 -o slice.npy
    late umm-preload rows.npy
    late umm-features -f ema:20 -o ema.npy rows.npy
    "$PY" "$TOP/tests/ref/predict_models.py" m.onnx vector
    "$PY" -c "import numpy as np; np.save('even.npy', np.random.default_rng(1).uniform(-9, 9, (2000, 3)))"
    late umm-predict --columns=1,2,3 -o answers.npy m.onnx rows.npy
    printf '%s\n' event,time,id,symbol,side,entry open,1,p,A,1,2 >events.csv
    late umm-watch --clock=input --state=watched --report=watched.json events.csv
    late umm-quantize --data=even.npy -o int8.onnx m.onnx
    late umm-archive append rows.npy.zst rows.npy
    late umm-archive list rows.npy.zst
    late umm-pool create --dir=. --size=1M pool
    late umm-pool put --dir=. pool key rows.npy
    late umm-store create store --max-positions=10 --dim=2
    late umm-store put store <<<id1,1,2
    late umm-memstat --watch=0.01 --count=1
}
