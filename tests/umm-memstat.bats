#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-memstat beside free, ps and /proc, read at the same moment.

# started is for one test and its teardown, which share a process.
# shellcheck disable=SC2030,SC2031

load helper

teardown() {
    local pid
    for pid in ${started[@]+"${started[@]}"}; do
        kill "$pid" 2>/dev/null || true
    done
    [[ -z ${group:-} ]] || wait_until - "an end of the group $group" end_group
}

# A group can be removed when its last process is gone for good.
end_group() {
    xargs -r kill <"$group/cgroup.procs" || true
    rmdir "$group"/*/ "$group" || true
    [[ ! -d $group ]]
}

# field NAME: of the JSON line in $output.
field() {
    "$PY" -c 'import json, sys; v = json.loads(sys.argv[1])[sys.argv[2]]; print("unknown" if v is None else v)' \
        "$output" "$1"
}

# near A B PERCENT
near() {
    awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN { d = a - b; exit !((d < 0 ? -d : d) <= p / 100 * (b < 0 ? -b : b) + 4096) }' ||
        fail "$1 is not within $3 % of $2"
}

# A Python program in the background that has run the given lines; its number in $pid.
program() {
    local ready=ready.${#started[@]}
    "$PY" -c "$1"'
import sys, time
open(sys.argv[1], "w").close()
time.sleep(600)' "$ready" 3>&- &
    pid=$!
    started+=("$pid")
    wait_until "$pid" 'a program' test -e "$ready"
}

@test "the system is what free(1) says" {
    ok umm-memstat --format json
    [[ $(field limit) == host ]] || skip "this is a control group with a limit"
    # Others allocate meanwhile: two looks must fall together.
    agree() {
        local total available
        read -r total available < <(free -b | awk '/^Mem:/ { print $2, $7 }')
        ok umm-memstat --format json
        [[ $(field total_bytes) == "$total" ]] && near "$(field available_bytes)" "$available" 1 &&
            near "$(field used_bytes)" $((total - available)) 3
    }
    wait_until - 'the same figures as those of free' agree
}

@test "total is the least of the memory and the limits of the control groups" {
    local limits=() path dir host expected
    path=$(awk -F: '$2 == "memory" { print $3 }' /proc/self/cgroup)
    if [[ -n $path ]]; then
        dir=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2 }' /proc/mounts)
        mapfile -t limits < <(cat "$dir$path/memory.limit_in_bytes" "$dir/memory.limit_in_bytes")
    else
        path=$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)
        dir=$(awk '$3 == "cgroup2" { print $2 }' /proc/mounts | head -n 1)
        [[ -r $dir$path/memory.max ]] || skip 'the memory group cannot be read'
        mapfile -t limits < <(cat "$dir$path/memory.max")
    fi
    host=$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)
    expected=$(printf '%s\n' "$host" "${limits[@]}" | grep -v max | sort -n | head -n 1)
    ok umm-memstat --format json
    [[ $(field total_bytes) == "$expected" ]]
}

# make_group: a memory group for this test alone, in $group, below UMM_TEST_CGROUP or the top
# of the hierarchy; what its limit is called in $limit.
make_group() {
    local top=${UMM_TEST_CGROUP:-}
    [[ -n $top ]] || top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
    [[ -n $top ]] || top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    [[ -n $top ]] || skip 'no memory controller is mounted here'
    mkdir "$top/umm-test-$$" 2>/dev/null || skip "this user may not make a group in $top"
    group=$top/umm-test-$$ limit=memory.max
    [[ -e $group/$limit ]] || limit=memory.limit_in_bytes
    [[ -w $group/$limit ]] || skip "groups in $top have no limits on memory"
}

# in_group DIR COMMAND...: the command in that group.
in_group() {
    # shellcheck disable=SC2016 # for the inner shell
    bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"
}

@test "a limit of a control group made for it" {
    make_group
    local mib=$((1 << 20)) current=memory.current inactive=inactive_file
    [[ $limit == memory.max ]] || current=memory.usage_in_bytes inactive=total_inactive_file
    echo $((256 * mib)) >"$group/$limit"
    in_group "$group" "$PY" -c 'import time
x = bytearray(50 << 20)
open("file", "wb").write(bytes(20 << 20))
open("ready", "w").close()
time.sleep(600)' 3>&- &
    started+=($!)
    wait_until $! 'a program' test -e ready
    ok in_group "$group" umm-memstat --format json
    [[ $(field total_bytes) == $((256 * mib)) && $(field limit) == cgroup* ]]
    # What the kernel says of the same moment, file cache that was not used lately left out.
    # A sanitizer's tool is a part of it that is gone a moment later.
    local used off=5
    [[ -z ${UMM_SAN-} ]] || off=15
    used=$(($(<"$group/$current") - $(awk -v k=$inactive '$1 == k { print $2 }' "$group/memory.stat")))
    ((used >= 50 * mib)) || fail "$used"
    near "$(field used_bytes)" "$used" "$off"
    near "$(field working_set_bytes)" "$used" "$off"
    [[ $(field available_bytes) == $((256 * mib - $(field used_bytes))) ]]
    (($(field cached_bytes) >= 20 * mib && $(field host_total_bytes) > 256 * mib))
    # Outside of the group all is as it was.
    ok umm-memstat --format json
    [[ $(field total_bytes) != $((256 * mib)) ]]
}

@test "what the kernel kills as memory runs out is named" {
    [[ -z ${UMM_SAN-} ]] || skip 'sanitizers take more than there is'
    make_group
    grep -qs '^oom_kill ' "$group"/memory.{events,oom_control} || skip 'this kernel does not count it'
    echo $((64 << 20)) >"$group/$limit"
    [[ ! -w $group/memory.swap.max ]] || echo 0 >"$group/memory.swap.max"
    [[ ! -w $group/memory.swappiness ]] || echo 0 >"$group/memory.swappiness"
    local hungry=("$PY" -c 'x = bytearray(200_000_000)')
    capture in_group "$group" umm-memstat --run --report r.json -- "${hungry[@]}"
    [[ $status == 137 && $stderr == *'
exit         137 (signal 9)
killed       the command, by the kernel, as memory ran out: the limit is 64.0 MiB
'* ]] || fail "$status: $stderr"
    "$PY" -c 'import json
r = json.load(open("r.json"))
assert r["oom_kills"] >= 1 and r["memory_limit_bytes"] == 64 << 20, r["oom_kills"]'
    capture in_group "$group" umm-memstat --run -q -- "${hungry[@]}"
    [[ $stderr == 'umm-memstat: killed by the kernel, as memory ran out in its control group' ]] || fail "$stderr"
    # One of its processes, while the command goes on; and one that another killed.
    capture in_group "$group" umm-memstat --run -- sh -c '"$@"; exit 3' sh "${hungry[@]}"
    [[ $status == 3 && $stderr == *'
killed       in this control group, by the kernel, as memory ran out: the limit is 64.0 MiB
'* ]] || fail "$status: $stderr"
    capture in_group "$group" umm-memstat --run --report r.json -- sh -c 'kill -9 $$'
    [[ $status == 137 && $stderr != *killed* ]] || fail "$status: $stderr"
    [[ $(<r.json) == *'"oom_kills": 0,'* ]]
}

@test "of limits at several levels the least counts" {
    make_group
    local mib=$((1 << 20)) inner=$group/inner outer_mib inner_mib expected
    [[ $limit != memory.max ]] || echo +memory >"$group/cgroup.subtree_control"
    mkdir "$inner"
    for expected in 256:512:256 256:64:64 32:64:32; do
        IFS=: read -r outer_mib inner_mib expected <<<"$expected"
        echo $((outer_mib * mib)) >"$group/$limit"
        echo $((inner_mib * mib)) >"$inner/$limit"
        ok in_group "$inner" umm-memstat --format json
        [[ $(field total_bytes) == $((expected * mib)) ]] || fail "$outer_mib, $inner_mib: $(field total_bytes)"
    done
}

@test "a process is what ps and smaps_rollup say" {
    program 'x = bytearray(100 << 20)'
    ok umm-memstat -p "$pid" --format json
    rollup() { awk -v k="$1:" '$1 == k { s += $2 } END { printf "%.0f", s * 1024 }' "/proc/$pid/smaps_rollup"; }
    [[ $(field rss_bytes) == "$(rollup Rss)" ]]
    [[ $(field anonymous_bytes) == "$(rollup Anonymous)" ]]
    # Others map the same libraries, and come and go: a few MiB of a hundred.
    near "$(field pss_bytes)" "$(rollup Pss)" 5
    near "$(field uss_bytes)" $(($(rollup Private_Clean) + $(rollup Private_Dirty))) 5
    near "$(field rss_bytes)" $(($(ps -o rss= -p "$pid") * 1024)) 2
    (($(field anonymous_bytes) > 100 << 20))
    [[ $(field threads) == "$(ps -o nlwp= -p "$pid" | tr -d ' ')" ]]
    [[ $(field fds) == "$(find "/proc/$pid/fd" -type l | wc -l)" ]]
    [[ $(field name) == "$(ps -o comm= -p "$pid")" ]]
    [[ $(field ppid) == "$(ps -o ppid= -p "$pid" | tr -d ' ')" ]]
}

@test "processes by name, and with their descendants" {
    # A name that nobody else has, of at most 15 characters.
    local name=umm-z-$$
    cp "$(type -P sleep)" "./$name"
    "./$name" 600 3>&- &
    started+=($!)
    bash -c '"./$0" 601 & echo $! >inner; wait' "$name" 3>&- &
    started+=($!)
    wait_until $! 'the number of a child' has_bytes inner 2
    started+=("$(<inner)")
    is_called() {
        [[ $(<"/proc/$1/comm") == "$name" ]]
    }
    wait_until "${started[0]}" "a program $name" is_called "${started[0]}"
    wait_until "${started[2]}" "a program $name" is_called "${started[2]}"
    ok umm-memstat --name "$name" --format csv
    ((${#lines[@]} == 3))
    ok umm-memstat -p "${started[1]}" --tree --format csv
    ((${#lines[@]} == 3))
    grep -q "^$(<inner),${started[1]},$name," <<<"$output"
}

# Any program may call itself so: PR_SET_NAME takes 15 bytes of whatever kind.
@test "a process's name is shown, never obeyed" {
    local go
    mkfifo go
    exec {go}<>go
    program '
import pathlib, threading
pathlib.Path("/proc/self/comm").write_bytes(b"a,\"\n\x1b[2J\\\xc2\x9b\t")
def grow():
    global kept
    open("go").readline()
    kept = b"x" * (1 << 20)
    open("grown", "w").close()
threading.Thread(target=grow, daemon=True).start()'
    local escaped='\n\x1b[2J\\\xc2\x9b\t'
    ok umm-memstat -p "$pid" --format=csv
    [[ ${#lines[@]} -eq 2 && ${lines[1]} == "$pid,$$,\"a,\"\"$escaped\","* ]] || fail "$output"
    ok umm-memstat -p "$pid"
    [[ ${#lines[@]} -eq 2 && ${lines[1]} == *"a,\\\"$escaped"* ]] || fail "$output"
    local form
    for form in csv text json prometheus; do
        ok umm-memstat -p "$pid" --format="$form"
        ! LC_ALL=C grep -q $'[\x01-\x1f\x7f]\|\xc2\x9b' <<<"$output" || fail "$form: $output"
    done
    ok umm-memstat -p "$pid" snapshot before
    echo >&"$go"
    wait_until "$pid" 'more memory' test -e grown
    exec {go}>&-
    ok umm-memstat -p "$pid" snapshot after
    ok umm-memstat compare --format=csv before after
    [[ ${lines[1]} == *,"\"a,\"\"$escaped\","* ]] || fail "$output"
}

@test "another user's process is unknown, never 0" {
    ((EUID == 0)) || skip 'only root can become another user'
    program 'pass'
    ok setpriv --reuid=65534 --regid=65534 --clear-groups "$UMM_BUILD/umm-memstat" -p "$pid" --format json
    [[ $(field pss_bytes) == unknown && $(field uss_bytes) == unknown && $(field fds) == unknown ]]
    (($(field rss_bytes) > 0))
    ok setpriv --reuid=65534 --regid=65534 --clear-groups "$UMM_BUILD/umm-memstat" -p "$pid" --format csv
    [[ ${lines[1]} == *,,,* ]]
    # Nor is it known whether it maps a file.
    ok setpriv --reuid=65534 --regid=65534 --clear-groups "$UMM_BUILD/umm-memstat" -f /etc/passwd --format json
    (($(field hidden_processes) > 0))
    [[ $(field resident_bytes) == unknown ]]
    refuses 1 "umm-memstat: /proc/$pid/smaps: cannot read: Permission denied" \
        setpriv --reuid=65534 --regid=65534 --clear-groups "$UMM_BUILD/umm-memstat" -p "$pid" snapshot "$BATS_TEST_TMPDIR/s"
}

@test "processes that are not there" {
    refuses 1 'umm-memstat: no process 4194305' umm-memstat -p 4194305
    refuses 1 'umm-memstat: no process named "no\tsuch"' umm-memstat --name $'no\tsuch'
    capture umm-memstat -p "4194305,$$" --format csv
    [[ $status == 1 && ${#lines[@]} == 2 ]]
}

@test "processes that end while they are read" {
    local i
    for ((i = 0; i < 40; i++)); do
        bash -c 'for i in 1 2 3; do (:) & done; wait' 3>&- &
        capture umm-memstat -p $$ --tree --format json
        [[ $status == 0 && -z $stderr ]] || fail "$stderr"
    done
    wait
}

@test "a zombie has no memory and counts as ended" {
    "$PY" -c 'import os, time
pid = os.fork() or os._exit(0)
open("pid", "w").write(str(pid))
os.rename("pid", "zombie")
time.sleep(600)' 3>&- &
    started+=($!)
    wait_until $! 'a child' test -e zombie
    wait_until $! 'its end' is_gone "$(<zombie)"
    refuses 1 "umm-memstat: no process $(<zombie)" umm-memstat -p "$(<zombie)" --format csv
    ((${#lines[@]} == 1))
}

@test "two processes, one copy" {
    head -c 8388608 /dev/urandom >data
    local code='import mmap
f = open("data", "rb")
m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
sum(m[::4096])'
    program "$code"
    program "$code"
    ok umm-memstat -f data --json
    output=${lines[0]}
    [[ $(field size_bytes) == 8388608 && $(field resident_bytes) == 8388608 ]]
    [[ $(field processes) == 2 && $(field rss_bytes) == 16777216 && $(field pss_bytes) == 8388608 ]]
    [[ $(field one_copy_share) == 1.0 ]]
    output=${lines[2]}
    [[ $(field pid) == "$pid" && $(field own_copy_bytes) == 0 ]]
    ok umm-memstat -f data
    [[ ${lines[-1]} == 'data: 2 processes, one copy: 100.0 %'* ]]
}

@test "a process with copies of its own" {
    head -c 4194304 /dev/urandom >data
    program 'import mmap
f = open("data", "rb")
m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
sum(m[::4096])
for i in range(0, 1 << 20, 4096): m[i] = 1'
    ok umm-memstat -f data --format csv
    [[ ${lines[0]} == size_bytes,resident_bytes,resident_share,processes,hidden_processes,rss_bytes,pss_bytes,one_copy_share,file ]]
    [[ ${lines[1]} == 4194304,*,1,1,*,4194304,*,0.75,data ]]
}

@test "a pool's entries" {
    export UMM_POOL_DIR=$PWD
    umm-synth --rows 1000 | umm-convert - -o a.npy
    umm-pool create --size 1M p
    umm-pool put p one a.npy
    umm-pool put p two a.npy
    ok umm-memstat --pool p --format csv
    ((${#lines[@]} == 3))
    [[ ${lines[1]} == "$(stat -c %s a.npy)",*/one.npy && ${lines[2]} == *,0,*/two.npy ]]
    refuses 1 "umm-memstat: $PWD/umm.$UID.none: cannot open: No such file or directory" umm-memstat --pool none
}

@test "files that are none" {
    refuses 1 'umm-memstat: none: cannot open: No such file or directory' umm-memstat -f none
    refuses 1 'umm-memstat: .: cannot read: Is a directory' umm-memstat -f .
    refuses 1 'umm-memstat: /dev/null: is not a regular file' umm-memstat -f /dev/null
    : >empty
    ok umm-memstat -f empty --format csv
    [[ ${lines[1]} == 0,0,,0,*,empty ]]
}

@test "watching: CSV with one heading, JSON lines, and an end" {
    ok umm-memstat --watch 0.01 --count 3
    ((${#lines[@]} == 4))
    [[ ${lines[0]} == time,limit,* && ${lines[3]} == 20??-*Z,* ]]
    ok umm-memstat --watch 0.01 --count 2 --format json -p $$
    ((${#lines[@]} == 2))
    program 'pass'
    umm-memstat --watch 0.02 -p "$pid" >log 2>err 3>&- &
    started+=($!)
    wait_until $! 'two looks' has_lines log 3
    kill "$pid"
    wait_until - 'the end of the watch' is_gone $!
    wait $!
    [[ ! -s err ]]
}

@test "watching on a terminal draws over the lines before" {
    type -P script >/dev/null || skip 'script(1) is not here'
    ok script -qec 'umm-memstat --watch 0.01 --count 3' /dev/null
    [[ $output == *used*▁*limit* ]]
    [[ $(grep -c $'\033\[3A\033\[J' <<<"$output") == 2 ]]
}

@test "watching on a terminal with fewer lines than there are" {
    type -P script >/dev/null || skip 'script(1) is not here'
    local pids=$$ i
    for i in 1 2 3 4 5 6 7; do
        sleep 600 3>&- &
        pids+=,$!
        started+=($!)
    done
    ok script -qec "stty rows 6 cols 60; umm-memstat -p $pids --watch 0.01 --count 2" /dev/null
    [[ $(grep -c $'\033\[5A\033\[J' <<<"$output") == 1 ]]
    [[ ${lines[4]} == ...* && ${lines[3]} != ...* && ${#lines[@]} == 10 ]]
    ok script -qec "stty rows 11 cols 60; umm-memstat -p $pids --watch 0.01 --count 2" /dev/null
    [[ $output != *...* && ${#lines[@]} == 20 ]]
}

@test "a watch that was stopped goes on with the next moment" {
    umm-memstat --watch 0.05 >log 3>&- &
    local watch=$! n
    started+=("$watch")
    wait_until "$watch" 'two looks' has_lines log 3
    kill -STOP "$watch"
    n=$(wc -l <log)
    sleep 0.6 # twelve looks that it misses
    kill -CONT "$watch"
    wait_until "$watch" 'twelve more looks' has_lines log $((n + 12))
    # From the last before it on they take as long as their number, and the pause, says.
    "$PY" -c 'import sys, datetime as d
t = [d.datetime.fromisoformat(l.split(",")[0].rstrip("Z")) for l in open("log").readlines()[1:]]
n = int(sys.argv[1]) - 1
assert (t[n + 11] - t[n - 1]).total_seconds() > 1.0, t' "$n"
}

@test "an interrupt ends a watch by the signal" {
    umm-memstat --watch 0.05 >log 3>&- &
    local watch=$! code=0
    wait_until "$watch" 'a line' has_lines log 1
    kill -TERM "$watch"
    wait "$watch" || code=$?
    [[ $code == 143 ]]
}

@test "a reader that leaves, and a full device" {
    local codes
    umm-memstat --watch 0.01 --format json | head -n 1 >/dev/null && codes=("${PIPESTATUS[@]}") || codes=("${PIPESTATUS[@]}")
    [[ ${codes[0]} == 141 ]]
    # shellcheck disable=SC2016 # for the inner shell
    refuses 1 'umm-memstat: standard output: cannot write: No space left on device' \
        bash -c 'umm-memstat >/dev/full'
}

@test "metrics: every series has its labels, every family one head" {
    ok umm-memstat --metrics system.prom
    ok umm-memstat -p $$ --metrics processes.prom
    grep -q '^umm_memstat_total_bytes{tool="umm-memstat",output="'"$PWD"'/system.prom",limit=' system.prom
    grep -q "^umm_memstat_process_rss_bytes{tool=\"umm-memstat\",output=\"$PWD/processes.prom\",pid=\"$$\",name=\"bash\"} [1-9]" \
        processes.prom
    grep -q '^umm_last_success_timestamp_seconds{' system.prom
    [[ -z $(grep -h '^# TYPE' system.prom | sort | uniq -d) ]]
    ! grep -hv -e '^#' -e '{tool="umm-memstat",output="' system.prom processes.prom || false
    no_leftovers
    ok umm-memstat --format prometheus
    [[ $output == '# HELP umm_memstat_total_bytes '* ]]
}

@test "snapshots: what grew comes first" {
    local go
    mkfifo go
    exec {go}<>go
    "$PY" -c 'import mmap, time
keep = bytearray(4 << 20)
open("ready", "w").close()
open("go").readline()
grown = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
grown.write(b"x" * (8 << 20))
open("grown", "w").close()
time.sleep(600)' 3>&- &
    started+=($!)
    wait_until $! 'a program' test -e ready
    ok umm-memstat -p "${started[0]}" snapshot before
    echo >&"$go"
    wait_until $! 'more memory' test -e grown
    ok umm-memstat -p "${started[0]}" snapshot after
    ok umm-memstat compare before after --json
    [[ ${lines[0]} == '{"'* ]]
    ok umm-memstat compare before after --format csv
    [[ ${lines[0]} == rss_change_bytes,pss_change_bytes,anonymous_change_bytes,rss_bytes,process,mapping ]]
    [[ ${lines[1]} == *,*'python3'*',[anonymous]' ]]
    near "${lines[1]%%,*}" $((8 << 20)) 2
    ok umm-memstat compare before before
    [[ ${lines[1]} == 'all: 0 B' ]]
    no_leftovers
}

@test "a snapshot of a process without a name" {
    "$PY" -c 'import ctypes, time
ctypes.CDLL(None).prctl(15, b"", 0, 0, 0)
open("nameless", "w").close()
time.sleep(600)' 3>&- &
    started+=($!)
    wait_until $! 'a program' test -e nameless
    ok umm-memstat -p $! snapshot one
    grep -q $'\t\t\[stack\]$' one
    ok umm-memstat compare one one
}

@test "snapshots that are none" {
    echo hello >bad
    refuses 1 'umm-memstat: bad: is no snapshot of memory' umm-memstat compare bad bad
    # Nor is it read to its end for that: a sparse file takes no room on a disk, but in memory.
    if [[ -z ${UMM_SAN-} ]]; then
        truncate -s 200M bad
        refuses 1 'umm-memstat: bad: is no snapshot of memory' \
            bash -c 'ulimit -v 100000; exec umm-memstat compare bad bad'
    fi
    # Nobody ever writes into it, and the other one has no end.
    mkfifo fifo
    refuses 1 'umm-memstat: fifo: is not a regular file' timeout -k 1 "$WAIT_SECONDS" umm-memstat compare fifo bad
    refuses 1 'umm-memstat: /dev/zero: is not a regular file' umm-memstat compare /dev/zero bad
    printf 'umm-memstat snapshot 1\n1 2 3 4 5 6\ta\tb\n1 2 3 4 x\n' >bad
    refuses 1 'umm-memstat: bad:3:1: not a line of a snapshot: "1 2 3 4 x"' umm-memstat compare bad bad
}

@test "usage" {
    refuses 2 "umm-memstat: more than 256 processes for --pid
Try 'umm-memstat --help'." umm-memstat -p "$(seq -s, 1 257)"
    local try="Try 'umm-memstat --help'."
    refuses 2 "umm-memstat: --tree needs --pid or --name"$'\n'"$try" umm-memstat --tree
    capture umm-memstat --count 3
    [[ $status == 2 && $stderr == *'--count needs --watch'* ]]
    capture umm-memstat -p 1,x
    [[ $status == 2 && $stderr == *'--pid takes numbers of processes'* ]]
    capture umm-memstat --watch 0
    [[ $status == 2 && $stderr == *'--watch takes seconds, 0.001 or more'* ]]
    capture umm-memstat --max-rss 5M
    [[ $status == 2 && $stderr == *'go with --run only'* ]]
    capture umm-memstat frobnicate
    [[ $status == 2 && $stderr == *'unknown command "frobnicate"'* ]]
    capture umm-memstat snapshot x
    [[ $status == 2 && $stderr == *'snapshot needs --pid or --name'* ]]
    capture umm-memstat -p 1 -f x --format csv
    [[ $status == 2 && $stderr == *'CSV has processes or files, not both'* ]]
}

# In time of a processor, and beside a program that does nothing: on a busy machine all takes
# long. scripts/bench-memstat has the time from start to end.
@test "it starts and prints within 5 ms" {
    [[ -z ${UMM_SAN:-} ]] || skip 'sanitizers take their time'
    "$PY" - <<'END'
import resource, subprocess
def used():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime
def run(command):
    begin = used()
    subprocess.run([command], stdout=subprocess.DEVNULL, check=True)
    return used() - begin
best, nothing = 1.0, 1.0
for _ in range(50):
    best, nothing = min(best, run("umm-memstat")), min(nothing, run("true"))
assert best - nothing < 0.005, (best, nothing)
END
}
