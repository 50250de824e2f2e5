#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-m5: the workload does what it says, and a fault fails its own line.

load helper

teardown() {
    [[ -z ${PLACE-} ]] || rm -rf "$PLACE"
}

# Their malloc is another, and wants to be loaded first.
no_sanitizer() {
    [[ -z ${UMM_SAN-} ]] || skip 'sanitizers count and keep memory in their own way'
}

# The keys of the lines of report.json with that verdict.
lines_with() {
    "$PY" -c 'import json, sys
print(*[l["line"] for l in json.load(open("report.json"))["lines"] if l["verdict"] == sys.argv[1]])' "$1"
}

# check CODE ARGUMENT...: a check whose verdicts are in report.json, within its own directory.
# Unsynced, as the disk is not what is tested.
check() {
    local code=$1
    shift
    mkdir -p scratch
    capture umm-m5 check --no-sync --dir=scratch --report=report.json "$@"
    ended "$code" "$@"
}

# The same with as many signals as it takes until no line wants more of them.
check_decided() {
    local code=$1 signals
    shift
    mkdir -p scratch
    for signals in 100000 400000 1600000; do
        capture umm-m5 check --no-sync --dir=scratch --report=report.json --signals=$signals "$@"
        [[ -n $(lines_with INCONCLUSIVE) ]] || break
    done
    ended "$code" "$@"
}

# The last check ended with that code, said nothing and left nothing.
ended() {
    local code=$1
    shift
    [[ $status -eq $code && -z $stderr ]] || {
        show_captured umm-m5 check "$@"
        return 1
    }
    [[ -z $(ls -A scratch) ]] || fail "left behind: $(ls -A scratch)"
}

@test "run: every signal is in the arrays, in the archive and in the store" {
    mkdir data
    ok umm-m5 run --signals=9000 --dir=data
    [[ $output == *'"signals": 9000,'*'"left_files": 0,'*'"rows_appended": 9000,'* ]]
    zstd -qdc data/signals.npy.zst >all.npy
    ok umm-store export data/store vectors.csv
    "$PY" - <<'EOF'
import csv
import numpy as np
every = np.load("all.npy")
assert len(every) == 9000
seen = 0
for i in range(40):
    name = b"S%02d" % i
    bars = np.load(f"data/{name.decode()}.npy", mmap_mode="r")
    mine = every[every["symbol"] == name]
    assert len(bars) == len(mine)
    assert (bars[:, 0] == mine["timestamp"].astype("i8")).all() and (np.diff(bars[:, 0]) == 60000).all()
    for k, column in enumerate(["open", "high", "low", "close", "volume"]):
        assert (bars[:, k + 1] == mine[column]).all()
    assert (bars[:, 2] >= bars[:, 3]).all()
    seen += len(bars)
assert seen == 9000
# The last of the features, sma:10 first, of the bars that the array has.
stored = {row[0]: row for row in csv.reader(open("vectors.csv"))}
close = np.load("data/S07.npy")[-10:, 4]
assert any(abs(float(x) - close.mean()) < close.mean() * 1e-6 for x in stored["S07"][1:] if x not in ("", "true", "false") and x[0].isdigit() and ":" not in x)
EOF
}

@test "run: prices lead to looks, and each of those to an answer of the model" {
    mkdir data
    ok umm-m5 run --signals=3000 --dir=data
    echo "$output" >figures.json
    "$PY" -c 'import json
f = json.load(open("figures.json"))
assert f["looks"] == f["answers"] and 3000 < f["looks"] < 16 * 3000, f
assert 0 < f["watch_p50_ns"] < f["signal_p50_ns"] and 0 < f["predict_p50_ns"] < f["signal_p50_ns"], f'
    # The model is one that answers for what the store has.
    umm-store export data/store vectors.csv
    ok umm-predict --describe data/model.onnx
    [[ $output == *features* ]]
}

@test "run: the same seed gives the same bytes, with and without pool and sync" {
    mkdir a b c
    ok umm-m5 run --signals=3000 --dir=a
    ok umm-m5 run --signals=3000 --dir=b --no-pool --no-sync
    ok umm-m5 run --signals=3000 --dir=c --seed=2
    ok diff -r -x store a b
    capture diff -rq -x store a c
    [[ $status -eq 1 ]]
}

@test "run: malloc is tuned" {
    no_sanitizer
    mkdir a
    ok umm-m5 run --signals=1000 --dir=a --arenas=1 --trim=128K
}

@test "run: goes on where the files are that another run left" {
    mkdir a
    ok umm-m5 run --signals=1000 --dir=a
    zstd -qdc a/signals.npy.zst >first.npy
    ok umm-m5 run --signals=1000 --dir=a
    [[ $output == *'"rows_appended": 1000,'*'"rows_archived": 1000,'* ]]
    zstd -qdc a/signals.npy.zst >both.npy
    "$PY" -c 'import glob, numpy as np
assert sum(len(np.load(f)) for f in glob.glob("a/S*.npy")) == 2000
first, both = np.load("first.npy"), np.load("both.npy")
assert len(both) == 2000 and (both[:1000] == first).all() and (both["symbol"] != b"").all()'
}

# The error comes with the next commit, long before the 1000 seconds are over.
@test "run: an array that is replaced is an error at once, not rows that nobody finds" {
    local code=0
    mkdir data
    timeout 500 umm-m5 run --no-sync --signals=10000000 --seconds=1000 --dir=data --figures=figures 2>err 3>&- &
    wait_until $! 'an array' has_bytes data/S00.npy 1
    cp data/S00.npy other
    mv other data/S00.npy
    wait $! || code=$?
    [[ $code -eq 1 && $(<err) == 'umm-m5: data/S00.npy: was replaced while it was written' ]] || fail "$code: $(<err)"
    [[ ! -e figures ]]
}

@test "run: refuses" {
    refuses 2 "umm-m5: run needs --dir
Try 'umm-m5 --help'." umm-m5 run
    refuses 1 "umm-m5: absent: cannot open the directory: No such file or directory" umm-m5 run --dir=absent
    refuses 2 "umm-m5: --signals takes a number from 100 to 1000000000000, not \"99\"
Try 'umm-m5 --help'." umm-m5 run --signals=99 --dir=.
    refuses 2 "umm-m5: --canary takes none, leak, pool, key, fd, temporary or answer, not \"cat\"
Try 'umm-m5 --help'." umm-m5 check --canary=cat
    refuses 2 "umm-m5: --seconds takes a number from 0.001 to 100000000, not \"0\"
Try 'umm-m5 --help'." umm-m5 run --seconds=0 --dir=.
    [[ -z $(ls -A .) ]]
}

@test "run: figures do not go where its own files are" {
    mkdir -p a/sub b
    ln -s ../a b/link
    ln -s a/S00.npy to-array
    local figures
    for figures in a/S00.npy a/figures a/sub/figures b/link/x b/../a/x "$PWD/a/x" to-array; do
        refuses 2 "umm-m5: --figures lies in --dir, where this run's own files go
Try 'umm-m5 --help'." umm-m5 run --signals=100 --dir=a --figures="$figures"
    done
    [[ $(ls -A a) == sub && -L to-array ]]
    for figures in figures a.figures b/figures; do
        ok umm-m5 run --signals=100 --dir=a --figures="$figures" --no-sync
        grep -q '^signals: 100$' "$figures"
    done
    (cd a && ok umm-m5 run --signals=100 --dir=. --figures=../b/figures --no-sync)
}

@test "check: all lines pass, and say so in every form" {
    no_sanitizer
    check_decided 0 --metrics=m.prom --page=r.html
    [[ ${lines[-1]} == 'PASS: 14 passed, 0 failed, 0 skipped' ]]
    [[ -z $(lines_with FAIL) && -z $(lines_with SKIP) ]]
    grep -q '^umm_m5_passed{tool="umm-m5",command="check",output="'"$PWD"'/m.prom",line="growth_bytes"} 1$' m.prom
    grep -q '^umm_last_success_timestamp_seconds' m.prom
    grep -q '<polyline class="run"' r.html
    capture grep -E 'https?:|<script|<link|src=' r.html
    [[ $status -eq 1 ]]
}

@test "check: a short run says what it could not see" {
    no_sanitizer
    check 0 --signals=200
    [[ $(lines_with SKIP) == 'growth_bytes saved_bytes_ratio' && -z $(lines_with FAIL) ]]
    [[ $output == *'(200 signals: a leak of 64 B each would not show)'* ]]
}

@test "check: each fault fails its own line and no other" {
    no_sanitizer
    local -A line=([leak]=live_bytes_per_signal [pool]=allocations_per_signal
        [key]=cache_hit_ratio [fd]=descriptors [temporary]=left_files [answer]=answers)
    local fault
    for fault in "${!line[@]}"; do
        check 1 --signals=20000 --canary="$fault"
        [[ $(lines_with FAIL) == "${line[$fault]}" ]] || fail "$fault: $(lines_with FAIL)"
    done
}

@test "check: in a run that is long enough, a leak shows in resident memory, too" {
    no_sanitizer
    check_decided 1 --canary=leak
    [[ $(lines_with FAIL) == 'live_bytes_per_signal growth_bytes' ]]
}

@test "check: ends at its time, with its number of signals" {
    no_sanitizer
    local begin=${EPOCHREALTIME/./}
    capture umm-m5 check --signals=1234 --seconds=2.5 --no-sync --report=report.json
    local took=$((${EPOCHREALTIME/./} - begin)) failed
    failed=$(lines_with FAIL)
    # A machine that is too busy for that is told so, and of nothing else.
    ((took > 2400000 && took < 30000000)) || fail "$took us"
    [[ -z $failed || ($failed == duration_seconds && $took -gt 3400000) ]] || fail "$took us: $failed"
    [[ $output == *'PASS  signals           1234 '* ]]
}

@test "check: on a busy machine, again and again the same verdict" {
    no_sanitizer
    local i busy=()
    for i in 1 2; do
        timeout 300 sh -c 'while :; do :; done' 3>&- &
        busy+=($!)
    done
    local -i n_passed=0
    for i in 1 2 3 4 5; do
        check 0 --signals=$((i == 5 ? 80000 : 20000)) && n_passed+=1
    done
    kill "${busy[@]}"
    wait
    ((n_passed == 5)) || fail "$n_passed of 5 passed"
}

# Its memory grows until then, and is judged from the signals on that it says are steady.
@test "check: a run that waits before its first signal has not grown" {
    no_sanitizer
    mkdir scratch
    umm-m5 check --no-sync --signals=160000 --dir=scratch >out 2>err 3>&- &
    local pid=$! run code=0
    # The first run is the one without a pool.
    wait_until $pid 'the second run' begun "$pid"
    run=$(pgrep -P "$pid")
    kill -STOP "$run"
    # Near half of its time: samples come as often as a share of the time so far, and the
    # signals must take long enough for a line through them.
    sleep 1
    kill -CONT "$run"
    wait $pid || code=$?
    [[ $code -eq 0 && ! -s err ]] || fail "$code: $(<out) $(<err)"
}

# begun PID: the workload of that check has a process and its first files
begun() {
    pgrep -P "$1" && [[ -n $(ls scratch/umm-m5.*/data) ]]
}

@test "check: a baseline beside the run" {
    no_sanitizer
    check 0 --signals=1000 --save-baseline=base --baseline=base
    [[ ${lines[0]} != *baseline* ]]
    check 0 --signals=2000 --baseline=base --page=r.html
    [[ ${lines[0]} == *baseline && ${lines[2]} == *' 2000 '*' 1000' ]]
    grep -q '<polyline class="base"' r.html
    echo 'no such thing' >base
    refuses 1 'umm-m5: base: is no baseline of umm-m5' umm-m5 check --signals=1000 --baseline=base
}

@test "check: a baseline is a file: a FIFO is not waited for" {
    mkfifo fifo
    refuses 1 'umm-m5: fifo: is not a regular file' timeout -k 1 20 umm-m5 check --signals=1000 --baseline=fifo
    refuses 1 'umm-m5: /dev/zero: is not a regular file' timeout -k 1 20 umm-m5 check --signals=1000 --baseline=/dev/zero
    refuses 1 'umm-m5: .: cannot read: Is a directory' umm-m5 check --signals=1000 --baseline=.
}

@test "check: quiet, and a report on standard output" {
    no_sanitizer
    ok umm-m5 check --signals=1000 -q
    [[ -z $output ]]
    refuses 1 'umm-m5: FAIL left files: 1, limit none' umm-m5 check --signals=1000 -q --canary=temporary
    ok umm-m5 check --signals=1000 --json
    "$PY" -c 'import json, sys; assert json.loads(sys.argv[1])["verdict"] == "PASS"' "$output"
}

# shellcheck disable=SC2016 # for the command
@test "check: a command, and what it leaves behind" {
    check 0 --signals=500 -- sh -c '[ "$M5_SIGNALS $M5_SECONDS" = "500 0.000" ] && [ -d "$TMPDIR" ]'
    check 1 --signals=500 -- sh -c 'exit 7'
    [[ $(lines_with FAIL) == exit_code ]]
    check 1 --signals=500 -- sh -c 'echo >"$TMPDIR/a"'
    [[ $(lines_with FAIL) == left_in_tmp ]]
    check 1 --signals=500 --max-seconds=1 -- sleep 1.2
    [[ $(lines_with FAIL) == duration_seconds ]]
    # One that hangs is ended: twice the limit, and 10 s, are enough for the slowest.
    refuses 1 'umm-m5: sleep: had not ended after 12 s, and was ended' \
        umm-m5 check --signals=500 --max-seconds=1 -- sleep 100
    refuses 2 "umm-m5: --report and --metrics write to the same place
Try 'umm-m5 --help'." umm-m5 check --report=a --metrics=a
    refuses 2 "umm-m5: --json and --page write to the same place
Try 'umm-m5 --help'." umm-m5 check --json --page=-
    refuses 2 "umm-m5: option '--json' takes no argument
Try 'umm-m5 --help'." umm-m5 check --json=report.json
    refuses 1 'umm-m5: absent-command: cannot run: No such file or directory' \
        umm-m5 check -- absent-command
}

# shellcheck disable=SC2016 # for the command
@test "check: the name of a command that was ended is escaped" {
    printf '#!/bin/sh\nkill -KILL $$\n' >$'a\e[31m\nb'
    chmod 755 $'a\e[31m\nb'
    refuses 1 'umm-m5: ./a\x1b[31m\nb: was ended by signal 9' umm-m5 check --signals=500 -- $'./a\e[31m\nb'
}

@test "check: a command and /dev/shm, of its own or shared" {
    [[ -d /dev/shm && -w /dev/shm ]] || skip 'there is no /dev/shm'
    local name
    name=$(mktemp -u /dev/shm/umm-m5-test.XXXXXX)
    check 1 --signals=500 -- sh -c "echo >$name"
    [[ $(lines_with FAIL) == left_in_shm ]]
    # In one of its own, or, where that is not allowed, for us to remove.
    "$PY" -c 'import json, sys
sys.exit(json.load(open("report.json"))["run"]["is_shm_private"] != (not sys.argv[1]))' "$(ls "$name" 2>/dev/null)"
    rm -f "$name"
}

@test "check: a command that leaks, and one that allocates too often" {
    cat >leak.py <<'EOF'
import os, time
kept = []
for i in range(int(os.environ["M5_SIGNALS"])):
    kept.append(bytes(64))
    if i % 1000 == 0:
        time.sleep(0.02)
EOF
    check 1 --signals=100000 -- "$PY" leak.py
    [[ $(lines_with FAIL) == growth_bytes ]]
    sed -i 's/kept.append(.*)/kept = bytes(64)/' leak.py
    check 0 --signals=100000 -- "$PY" leak.py
    sed -i 's/bytes(64)/bytes(1000)/' leak.py
    check 1 --signals=100000 --max-allocs=0.5 -- "$PY" leak.py
    [[ $(lines_with FAIL) == allocations_per_signal ]]
}

@test "check: memory that goes up and down is neither fit nor unfit" {
    no_sanitizer
    cat >swing.py <<'END'
import time
for i in range(5):
    x = bytearray(20_000_000) if i % 2 == 0 else None
    time.sleep(0.4)
END
    check 4 --signals=100000 -- "$PY" swing.py
    [[ ${lines[-1]} == 'INCONCLUSIVE: '*' passed, 0 failed, 1 skipped, 1 inconclusive' ]]
    [[ $(lines_with INCONCLUSIVE) == growth_bytes && $output == *': more signals would decide it)'* ]]
    capture umm-m5 check -q --signals=100000 --metrics=m.prom -- "$PY" swing.py
    [[ $status == 4 && $stderr == 'umm-m5: INCONCLUSIVE growth: '*': more signals would decide it)' ]] || fail "$stderr"
    grep -q '^umm_m5_passed{.*line="growth_bytes"} NaN$' m.prom
    capture grep -c umm_last_success m.prom
    [[ $output == 0 ]]
}

@test "check: what cannot be looked at is no pass" {
    no_sanitizer
    unshare -m true 2>/dev/null || skip 'mount namespaces are not allowed here'
    capture unshare -m sh -c 'mount -t tmpfs none /proc && umm-m5 check --signals=200'
    [[ $status -eq 1 && $stderr == 'umm-m5: cannot read /proc/self/exe: a check needs /proc' ]]
    refuses 1 'umm-m5: absent.so: cannot open: No such file or directory' \
        umm-m5 check --alloc-library=absent.so
}

@test "check: ended by a signal it leaves nothing behind" {
    no_sanitizer
    mkdir scratch
    umm-m5 check --signals=100000 --seconds=600 --dir=scratch >out 2>err 3>&- &
    local pid=$!
    wait_until "$pid" 'the run' begun "$pid"
    kill -TERM "$pid"
    capture wait "$pid"
    [[ $status -eq 143 && -z $(ls -A scratch) ]] || fail "exit $status; $(ls -A scratch)"
}

@test "check: killed, it leaves no process, and its scratch directory to the next check" {
    no_sanitizer
    mkdir scratch
    umm-m5 check --signals=100000 --seconds=600 --dir=scratch >out 2>err 3>&- &
    local pid=$! run one
    wait_until "$pid" 'the run' begun "$pid"
    run=$(pgrep -P "$pid")
    ok umm-m5 check -q --no-sync --signals=200 --dir=scratch # leaves alone what is in use
    one=$(ls scratch)
    [[ $one == umm-m5.?????? ]] || fail "swept: $one"
    kill -KILL "$pid"
    capture wait "$pid"
    wait_until - 'the end of the run' is_gone "$run"
    [[ $(ls scratch) == "$one" ]]
    check 0 --signals=200
}

# deep LENGTH: make a directory whose absolute path has so many bytes; it is in $path.
deep() {
    local -i more=$(($1 - ${#PWD}))
    path=$PWD
    while ((more > 202)); do
        path+=/$(printf '%0200d' 0)
        more=$(($1 - ${#path}))
    done
    path+=/$(printf "%0$((more - 1))d" 0)
    mkdir -p "$path"
    ((${#path} == $1))
}

@test "check and run: long paths, and too long ones" {
    no_sanitizer
    local -i length
    local path
    for length in 1000 1015 1200 3960; do
        deep "$length"
        ok umm-m5 check -q --no-sync --signals=200 --dir="$path"
        [[ -z $(ls -A "$path") ]]
    done
    ok umm-m5 run --no-sync --signals=100 --canary=temporary --dir="$path"
    deep 4001
    capture umm-m5 run --signals=100 --dir="$path"
    [[ $status -eq 2 && $stderr == 'umm-m5: ...'*$'0: the path is too long\nTry '* ]]
    capture umm-m5 check --signals=200 --dir="$path"
    [[ $status -eq 2 && $stderr == 'umm-m5: ...'*$'0: the path is too long for a scratch directory in it\nTry '* ]]
    [[ -z $(ls -A "$path") ]]
}

@test "check: from where the path is long" {
    no_sanitizer
    local path
    deep 1300
    cp "$UMM_BUILD/umm-m5" "$UMM_BUILD/libumm-alloc.so" "$path"
    mkdir scratch
    ok "$path/umm-m5" check -q --no-sync --signals=200 --dir=scratch
}

@test "complete and health" {
    no_sanitizer
    ok umm-m5 complete
    [[ $output != *FAIL* && $output == *'PASS  allocations are counted'*'SKIP  there is a baseline'* ]]
    ok umm-m5 health --seconds=1
    [[ ${lines[-1]} == PASS:* && ${#lines[@]} -eq 5 ]]
}

# Where another user can be, too; and not in /dev/shm, which would stay shared then.
@test "check and complete: no privilege is needed" {
    no_sanitizer
    ((EUID == 0)) || skip 'only root can act for another user; the other tests are without privileges'
    PLACE=$(mktemp -d /tmp/umm-m5-test.XXXXXX)
    chmod 777 "$PLACE"
    cd "$PLACE" || return
    local nobody=(setpriv '--reuid=65534' '--regid=65534' --clear-groups)
    "${nobody[@]}" sh -c 'ls . && umm-m5 --version' >/dev/null 2>&1 ||
        skip 'another user cannot run the tools where they are built'
    ok "${nobody[@]}" umm-m5 check -q --no-sync --signals=200 --dir=.
    ok "${nobody[@]}" umm-m5 complete --dir=.
    [[ $output != *FAIL* && $output == *'PASS  allocations are counted'* ]]
    [[ -z $(ls -A .) ]]
}
