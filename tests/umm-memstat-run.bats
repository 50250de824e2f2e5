#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-memstat --run: exit codes, figures against programs whose memory is known,
# allocations against valgrind.

# Code for other shells stands in single quotes.
# shellcheck disable=SC2016

load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    cat >leak.c <<'END'
/*
 * leak PAGES SECONDS BEFORE AFTER: touches new pages, evenly over time; then holds them, for
 * AFTER seconds, or, if that is negative, so many times as long as it took, and a second.
 * Prints how many seconds it took to touch them.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    enum { STEPS = 100 };
    size_t pages = (size_t)atol(argv[1]), step = pages / STEPS;
    char *at = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(at, pages * 4096, MADV_NOHUGEPAGE);
    usleep((useconds_t)(atof(argv[3]) * 1e6));
    double begin = now();
    for (int i = 0; argc == 5 && i < STEPS; i++) {
        for (size_t j = 0; j < step; j++)
            at[(i * step + j) * 4096] = 1;
        usleep((useconds_t)(atof(argv[2]) / STEPS * 1e6));
    }
    double took = now() - begin, after = atof(argv[4]);
    printf("%.6f\n", took);
    fflush(stdout);
    usleep((useconds_t)((after < 0 ? 1 - after * took : after) * 1e6));
    return 0;
}
END
    cat >allocs.c <<'END'
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    void *p;
    for (int i = 1; i <= 1000; i++)
        free(malloc((size_t)i));
    if (posix_memalign(&p, 64, 1000) == 0)
        free(p);
    free(aligned_alloc(4096, 8192));
    free(memalign(32, 77));
    free(valloc(100));
    p = calloc(10, 10);
    p = realloc(p, 100000);
    p = reallocarray(p, 100, 100);
    free(p);
    free(realloc(NULL, 5));
    free(NULL);
    free(strdup("five."));
    char *text;
    if (asprintf(&text, "%d", 5) > 0)
        free(text);
    return 0;
}
END
    cat >threads.c <<'END'
/*
 * 3 processes, of which 2 end by signals; in each 8 threads of 1000 allocations, and at
 * the same time in all, 5000000 by the thread that is a copy of the other processes'.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *work(void *unused)
{
    for (int i = 0; i < 1000; i++)
        free(malloc(48));
    return unused;
}

static void run(void)
{
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 5000000; i++)
        free(malloc(48));
}

int main(void)
{
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            run();
            raise(i ? SIGKILL : SIGTERM);
        }
    run();
    while (wait(NULL) > 0)
        ;
    return 0;
}
END
    gcc -O0 -o leak leak.c
    gcc -O0 -fno-builtin -o allocs allocs.c
    gcc -O0 -fno-builtin -static -o static-allocs allocs.c
    gcc -O0 -fno-builtin -pthread -o threads threads.c
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    PATH=$BATS_FILE_TMPDIR:$PATH
}

# run_code CODE ARGUMENT...: umm-memstat --run ARGUMENT... exits CODE.
run_code() {
    local code=$1
    shift
    capture umm-memstat --run "$@"
    [[ $status -eq $code ]] || {
        show_captured "$@"
        fail "expected exit code $code"
    }
}

# report EXPRESSION: a Python expression of r, the report in r.json.
report() {
    "$PY" -c 'import json, sys; r = json.load(open("r.json")); print(eval(sys.argv[1]))' "$1"
}

@test "exit codes are timeout(1)'s" {
    : >plain
    printf 'exit $(($# + 3))\n' >script
    chmod +x script
    local command expected
    for command in './script a b' true false 'sh -c exit\ 7' 'sh -c kill\ -9\ $$' 'sh -c kill\ -TERM\ $$' \
        none-such ./none-such /tmp ./plain; do
        # shellcheck disable=SC2086 # words
        eval "set -- ${command//\$/\\\$}"
        expected=0
        timeout 10 "$@" 2>/dev/null || expected=$?
        run_code "$expected" -q -- "$@"
    done
    run_code 127 -q none-such
    [[ $stderr == 'umm-memstat: none-such: cannot run: No such file or directory' ]]
    run_code 126 -q ./plain
    [[ $stderr == 'umm-memstat: ./plain: cannot run: Permission denied' ]]
}

@test "a timeout ends the command and all that it started" {
    # So long a sleep nobody else has.
    local long=600.$$
    run_code 124 -q --timeout 0.3 --report r.json -- sh -c 'sleep $0 & setsid sleep $0 & sleep $0' "$long"
    [[ $stderr == 'umm-memstat: FAIL timeout '*' s, at most 0.300 s (ended by SIGTERM)' ]]
    [[ $(report '(r["exit_code"], r["signal"], r["is_left_running"], r["verdicts"][0]["limit"])') == "(143, 15, False, 'timeout')" ]]
    [[ $(ps -eo args) != *"sleep $long"* ]]
    # One that is stopped, one that takes its time, one that waits for a daemon, one that succeeds then.
    run_code 124 -q --timeout 0.3 -- sh -c 'kill -STOP $$'
    run_code 124 -q --timeout 0.3 -- sh -c 'trap "sleep 0.2; exit 3" TERM; sleep 600'
    run_code 124 -q --timeout 0.3 --wait-all -- sh -c '(setsid sleep 600 &)'
    run_code 124 -q --timeout 0.3 -- sh -c 'trap "exit 0" TERM; sleep 600'
    # The other limits are judged as ever; what ends in time is not touched.
    run_code 124 --timeout 0.3 --max-rss 1K -- sleep 600
    [[ $stderr == *'FAIL peak RSS'*'FAIL timeout'* ]]
    run_code 1 -q --timeout 60 --max-rss 1K -- true
    run_code 7 --timeout 60 -- sh -c 'exit 7'
    [[ $stderr == *'PASS timeout '*' s, at most 60.000 s' ]]
}

@test "who ignores the end that a timeout asks for is killed" {
    # Ignored from its first moment on, however late that is.
    capture timeout -s KILL 300 env --ignore-signal=TERM umm-memstat --run -q --timeout 0.2 --report r.json -- \
        sh -c 'sleep 600 & sleep 600'
    [[ $status == 137 && $stderr == *'(ended by SIGKILL)' ]] || fail "$status: $stderr"
    [[ $(report '(r["signal"], r["is_left_running"], r["seconds"] > 5)') == '(9, False, True)' ]]
}

@test "the command's options are its own" {
    [[ $(umm-memstat --run -q echo -q --max-rss 5) == '-q --max-rss 5' ]]
    [[ $(umm-memstat --ru -q -- echo -- -q) == '-- -q' ]]
    run_code 125 --ru --none-such true
    run_code 3 -q sh -c 'exit 3'
}

@test "a script without #!, found by its name" {
    mkdir bin
    printf 'echo "$0 $1"; exit 6\n' >bin/plain-script
    chmod +x bin/plain-script
    PATH=$PWD/none:$PWD/bin:$PATH run_code 6 -q -- plain-script x
    [[ $output == "$PWD/bin/plain-script x" ]]
}

@test "a command that closes its streams, or leaves our group" {
    run_code 4 -q --report r.json -- sh -c 'exec <&- >&- 2>&-; exit 4'
    run_code 0 -q --report r.json -- setsid -w sleep 1
    [[ $(report 'r["seconds"] > 0.95 and r["samples_taken"] > 0') == True ]]
    run_code 5 -q -- sh -c 'exit 5' <&- >&-
    run_code 0 -q --max-rss 1G -- "$PY" -c 'import os, time; os.setpgid(0, 0); time.sleep(0.1)'
}

@test "hundreds of children, one after the other and all at once" {
    ok umm-memstat --run -q --count-allocs --report r.json -- sh -c 'for i in $(seq 300); do /bin/true; done'
    [[ $(report '(r["exit_code"], r["allocations"]["processes"] > 300, r["allocations"]["is_complete"], r["is_left_running"])') == '(0, True, True, False)' ]]
    # All of them end with the pipe that they read, for which there is time after the last has begun.
    ok umm-memstat --run -q --wait-all --report r.json -- sh -c 'mkfifo f; exec 4<>f; for i in $(seq 100); do cat f & done 4>&-; sleep 2'
    [[ $(report '(50 < r["peak_processes"] <= 102, r["is_left_running"])') == '(True, False)' ]] || fail "$(report 'r["peak_processes"]')"
}

@test "a program with other privileges" {
    ((EUID == 0)) || skip 'only root can make one'
    cp "$BATS_FILE_TMPDIR/allocs" setuid-allocs
    chmod u+s setuid-allocs
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" . 2>/dev/null || true
    local nobody=(setpriv '--reuid=65534' '--regid=65534' --clear-groups)
    "${nobody[@]}" test -x ./setuid-allocs || skip 'another user cannot come here'
    capture "${nobody[@]}" "$UMM_BUILD/umm-memstat" --run -q --count-allocs --max-allocs-per-sec 1000000000 -- ./setuid-allocs
    [[ $status == 1 && $stderr == *'FAIL allocations unknown'*'(not counted)' ]] || fail "$status: $stderr"
    # Nor may its pages be counted: its RSS is all there is, and the limit lies below it.
    cp "$(type -P sleep)" setuid-sleep
    chmod u+s setuid-sleep
    capture "${nobody[@]}" "$UMM_BUILD/umm-memstat" --run --max-pss 1K -- ./setuid-sleep 0.3
    [[ $status == 4 && $stderr == *'PSS of 1 process cannot be read: '*' of it is RSS'* ]] || fail "$status: $stderr"
    [[ $stderr == *'INCONCLUSIVE peak PSS '*' of it is RSS of 1 that cannot be looked into)'* ]] || fail "$stderr"
    [[ $stderr == *'umm-memstat: pss: run as root, or as the user of all its processes, would decide it' ]] || fail "$stderr"
    # Its end can be asked for by nobody who may not: that takes no longer than it has to.
    capture "${nobody[@]}" timeout -k 1 20 "$UMM_BUILD/umm-memstat" --run --timeout 0.2 -- ./setuid-sleep 15
    [[ $status == 137 || $status == 124 ]] || fail "$status: $stderr"
}

@test "a kernel that does not sum pages up hides them, and no process" {
    [[ -z ${UMM_SAN-} ]] || skip 'a sanitizer opens files itself'
    cat >none.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#define OPENAT(name) \
    int name(int dir, const char *path, int flags, int mode) \
    { \
        int (*next)(int, const char *, int, int) = dlsym(RTLD_NEXT, #name); \
        return strstr(path, "smaps_rollup") ? (errno = ENOENT, -1) : next(dir, path, flags, mode); \
    }
int openat(int, const char *, int, int);
int openat64(int, const char *, int, int);
OPENAT(openat)
OPENAT(openat64)
END
    "${CC:-cc}" -shared -fPIC -o none.so none.c -ldl
    capture env "LD_PRELOAD=$PWD/none.so" umm-memstat --run --max-pss 1K -- env -u LD_PRELOAD sleep 0.2
    [[ $status == 4 && $stderr == *'PSS of 1 process cannot be read: '*' of it is RSS'* ]] || fail "$status: $stderr"
}

@test "reports that cannot be written" {
    refuses 125 'umm-memstat: none: cannot open the directory: No such file or directory' \
        umm-memstat --run -q --report none/r.json --plot p.svg --metrics m.prom -- true
    # The plot is there; the metrics would tell of a success.
    [[ -s p.svg && ! -e m.prom ]]
    refuses 125 'umm-memstat: /dev/full: cannot write: No space left on device' \
        umm-memstat --run -q --report /dev/full -- true
    refuses 125 "umm-memstat: --report and --plot write to the same place
Try 'umm-memstat --help'." umm-memstat --run --report a --plot ./a -- touch ran
    [[ ! -e ran ]]
    ok umm-memstat --run -q --report - -- true
    [[ $output == '{'*'"tool": "umm-memstat"'* ]]
    no_leftovers
}

@test "our own failures are 125" {
    run_code 125 --none-such -- true
    run_code 125
    run_code 125 --max-growth 5X -- true
    run_code 125 -q --report none/r.json -- true
    run_code 125 --count-allocs --alloc-library none.so -- true
    [[ $stderr == 'umm-memstat: none.so: cannot open: No such file or directory' ]]
    run_code 125 --max-allocs-per-sec 5 -- true
    run_code 125 -p 1 -- true
    run_code 125 --format csv -- true
}

@test "a limit that is not kept is 1, unless the command failed itself" {
    run_code 1 -q --max-rss 1K -- true
    [[ $stderr == 'umm-memstat: FAIL peak RSS '*', at most 1.0 KiB' ]]
    run_code 5 -q --max-rss 1K -- sh -c 'exit 5'
    run_code 0 -q --max-rss 1G --max-seconds 60 --max-growth 1G -- true
    [[ -z $stderr ]]
    run_code 1 -q --max-seconds 0.01 -- sleep 0.05
    # What cannot be told is neither PASS nor FAIL; it comes after a FAIL, and after the command's own.
    run_code 4 -q --max-growth 0 -- true
    [[ $stderr == "umm-memstat: INCONCLUSIVE growth unknown, at most 0 B (too few samples)
umm-memstat: growth: a longer run would decide it, or less --warmup" ]]
    run_code 1 -q --max-growth 0 --max-rss 1K -- true
    run_code 5 -q --max-growth 0 -- sh -c 'exit 5'
    run_code 125 --max-pss 5X -- true
    [[ $stderr == *'--max-pss takes a number of bytes, or one with K, M, G or T, not "5X"'* ]]
    run_code 1 -q --max-pss 1K -- sleep 0.1
    [[ $stderr == 'umm-memstat: FAIL peak PSS '*', at most 1.0 KiB' ]]
    run_code 0 -q --max-pss 1G -- sleep 0.1
}

@test "pages that forked workers share count once" {
    ok umm-memstat --run -q --report r.json -- "$PY" -c '
import os, time
x = bytearray(100_000_000)
time.sleep(0.5)
for i in range(8):
    if os.fork() == 0:
        time.sleep(1.5)
        os._exit(0)
for i in range(8):
    os.wait()'
    report '[r[k] for k in ("peak_rss_bytes", "peak_pss_bytes", "growth")]'
    [[ $(report 'r["peak_rss_bytes"] > 800e6 and 95e6 < r["peak_pss_bytes"] < 200e6') == True ]]
    [[ $(report 'r["growth"].get("bytes_low", 0) < 50e6') == True ]]
    # Figures of one moment: all of it is part of it.
    [[ $(report 'r["peak_pss_growing_bytes"] <= r["peak_pss_bytes"]') == True ]]
}

@test "shared memory that grows counts, and what was given back does not" {
    cat >grow.c <<'END'
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    enum { STEPS = 100, STEP = 1 << 20 };
    int fd = memfd_create("grow", 0);
    if (ftruncate(fd, STEPS * STEP) != 0)
        return 1;
    for (int i = 0; i < STEPS; i++) {
        char *at = argc > 1 ? mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                            : mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, i * STEP);
        memset(at, 1, STEP);
        if (argc > 1)
            madvise(at, STEP, MADV_FREE);
        usleep(20000);
    }
    return argv[argc] != NULL;
}
END
    gcc -O0 -o grow grow.c
    capture umm-memstat --run --max-growth 5M --report r.json -- ./grow
    [[ $status != 0 && $stderr != *'PASS growth'* ]] || fail "$stderr"
    [[ $(report 'max(s["growing_bytes"] or 0 for s in r["samples"]) > 80e6') == True ]]
    capture umm-memstat --run --max-growth 5M --report r.json -- ./grow free
    [[ $stderr != *'FAIL growth'* ]] || fail "$stderr"
    [[ $(report 'max(s["growing_bytes"] or 0 for s in r["samples"]) < 20e6') == True ]]
}

@test "memory that goes up and down: a longer run would decide it" {
    cat >swing.py <<'END'
import time
for i in range(5):
    x = bytearray(20_000_000) if i % 2 == 0 else None
    time.sleep(0.4)
END
    run_code 4 --max-growth 1M --units 1000 -- "$PY" swing.py
    [[ $stderr == *'INCONCLUSIVE growth '*', at most 1.0 MiB ('*'
umm-memstat: growth: a longer run would decide it'* ]]
    # Too busy to look 16 times: then there is nothing to divide.
    [[ $stderr == *' per unit'* || $stderr == *'too few samples'* ]]
}

@test "the command has its own standard streams, environment and signals" {
    [[ $(echo in | VAR=x umm-memstat --run -q -- sh -c 'cat; echo $VAR; echo err >&2' 2>err) == $'in\nx' ]]
    [[ $(<err) == err ]]
    # SIGPIPE is not ignored, no signal is blocked: as without umm-memstat (but for 32 and
    # 33, which the C library keeps to itself).
    local sets='s/^(Sig(Blk|Ign):\t).*(.{7})$/\1\3/p'
    diff <(sed -nE "$sets" /proc/self/status) <(umm-memstat --run -q -- sed -nE "$sets" /proc/self/status)
    (
        trap '' PIPE
        umm-memstat --run -q -- sed -nE "$sets" /proc/self/status >ignored
    )
    grep -q '^SigIgn:.*1000$' ignored
    run_code 141 -q -- bash -c 'yes | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}'
}

@test "who started us had SIGCHLD ignored" {
    local ignoring='$SIG{CHLD} = "IGNORE"; exec @ARGV'
    capture timeout -s KILL 120 perl -e "$ignoring" umm-memstat --run -q --timeout=60 -- sh -c 'exit 7'
    [[ $status == 7 && -z $stderr ]]
    capture timeout -s KILL 120 perl -e "$ignoring" umm-memstat --run -q --timeout=60 --wait-all -- \
        sh -c 'sleep 0.2 & true'
    [[ $status == 0 && -z $stderr ]]
}

@test "signals are passed on" {
    local name code
    for name in TERM INT HUP USR1; do
        rm -f ready
        # A background job of a shell ignores SIGINT: env undoes that.
        env --default-signal=INT umm-memstat --run -q -- \
            bash -c "trap 'exit 9' $name; : >ready; for ((i = 0; i < 5000; i++)); do sleep 0.01; done" 3>&- &
        wait_until $! 'the command' test -e ready
        kill -s "$name" $!
        code=0
        wait $! || code=$?
        [[ $code == 9 ]] || fail "$name: $code"
    done
}

# A machine that gives the program its time in lumps makes no steady growth, but the longer it
# takes, the less they are in proportion.
@test "a killed umm-memstat takes its command along, and nothing else" {
    umm-memstat --run -q -- sh -c 'echo $$ >shell; setsid sh -c "echo \$\$ >daemon; exec sleep 600" >log 3>&- & wait' 3>&- &
    local own=$!
    wait_until "$own" 'the daemon' has_lines daemon 1
    # Stopped, it cannot end by itself.
    kill -STOP "$(<shell)"
    kill -KILL "$own"
    wait_until - "the command's end" is_gone "$(<shell)"
    ! is_gone "$(<daemon)" || fail 'the daemon ended as well'
    kill "$(<daemon)"
}

@test "steady growth is measured to 2 %" {
    local rate seconds
    for seconds in 1 1 3 10 30; do
        ok umm-memstat --run -q --warmup 0 --report r.json -- leak 20000 "$seconds" 0 0
        # The program says how long it took: its rate, over the time that was watched.
        rate=$("$PY" -c 'import sys; print(20000 * 4096 / float(sys.argv[1]))' "$output")
        report "(r['growth'], $rate)"
        [[ $(report 'r["growth"]["bytes_per_second_low"] <= r["growth"]["bytes_per_second"] <= r["growth"]["bytes_per_second_high"]') == True ]]
        [[ $(report "abs(r['growth']['bytes_per_second'] / $rate - 1) < 0.02 and \
            abs(r['growth']['bytes'] / (r['growth']['end_seconds'] - r['growth']['start_seconds']) / $rate - 1) < 0.02") != True ]] || return 0
    done
    fail 'not once'
}

# The quarters that are compared lie in the seconds before and after, also on a busy machine.
@test "a step is measured to 2 %" {
    ok umm-memstat --run -q --warmup 0 --report r.json -- leak 20000 0 1.2 1.2
    report '(r["growth"]["bytes"], 20000 * 4096)'
    [[ $(report 'abs(r["growth"]["bytes"] / (20000 * 4096) - 1) < 0.02') == True ]]
}

@test "a program that does not grow, after its warm-up" {
    ok umm-memstat --run -q --warmup 50% --max-growth 64K --report r.json -- leak 20000 0.05 0 -3
    [[ $(report 'r["peak_anonymous_bytes"] >= 20000 * 4096') == True ]]
}

# judged PAGES: a run that grows by so many, over as long as it takes to see enough of it.
judged() {
    local seconds
    for seconds in 0.5 2 8; do
        capture umm-memstat --run -q --max-growth 8M -- leak "$1" "$seconds" 0 0.1
        [[ $stderr == *INCONCLUSIVE* ]] || break
    done
}

@test "ten runs, one verdict, on a busy machine" {
    local i
    [[ -z ${UMM_SAN-} ]] || skip 'sanitizers take their time'
    timeout 300 "$PY" -c 'while True: pass' 3>&- &
    local busy=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do
        judged 8000
        [[ $status == 1 ]] || break
        judged 1000
        [[ $status == 0 ]] || break
    done
    kill "$busy"
    [[ $i == 10 && $status == 0 ]] || fail "run $i: $status: $stderr"
}

@test "peak, faults and time are those of GNU time" {
    local begin=${EPOCHREALTIME/./} took
    ok umm-memstat --run -q --report r.json -- leak 20000 0.1 0 0.05
    took=$((${EPOCHREALTIME/./} - begin))
    # touched pages, and a few for the program itself
    [[ $(report '20000 * 4096 <= r["peak_rss_bytes"] < 20000 * 4096 * 1.05') == True ]]
    [[ $(report '20000 <= r["minor_faults"] < 20500') == True ]]
    # No longer than it took with all that is around it.
    [[ $(report "0.15 < r['seconds'] < $took / 1e6") == True ]]
    [[ $(report 'r["exit_code"] == 0 and r["peak_processes"] == 1') == True ]]
}

@test "bytes from devices" {
    head -c 4194304 /dev/urandom >data
    sync data
    dd if=data iflag=direct of=/dev/null bs=1M status=none 2>/dev/null || skip 'no direct reads here'
    ok umm-memstat --run -q --report r.json -- sh -c 'dd if=data iflag=direct of=/dev/null bs=1M 2>/dev/null'
    grep -q '^read_bytes: ' /proc/self/io || skip 'the kernel does not count them'
    [[ $(report '4194304 <= r["device_read_bytes"] < 2 * 4194304') == True ]]
}

@test "a daemon is measured with --wait-all, and reported as left without" {
    ok umm-memstat --run -q --wait-all --report r.json -- sh -c '(setsid leak 5000 0.1 0 0.2 &)'
    [[ $(report 'r["peak_rss_bytes"] > 5000 * 4096 and r["seconds"] > 0.25 and not r["is_left_running"]') == True ]]
    ok umm-memstat --run -q --report r.json -- sh -c '(setsid sh -c "echo \$\$ >daemon; exec sleep 600" >log 3>&- &)'
    [[ $(report 'r["is_left_running"]') == True ]]
    wait_until - 'the daemon' has_lines daemon 1
    kill "$(<daemon)"
}

@test "a signal ends the wait for a daemon" {
    local code=0
    env --default-signal=INT umm-memstat --run -q --wait-all --report r.json -- \
        sh -c 'echo $$ >shell; (setsid sh -c "echo \$\$ >daemon; exec sleep 600" 3>&- &)' 3>&- &
    wait_until $! 'the daemon' has_lines daemon 1
    # Not only ended, but asked for its code: now the daemon alone is waited for.
    left_command() {
        [[ ! -e /proc/$(<shell) ]]
    }
    wait_until $! 'the end of the command' left_command
    kill -INT $!
    wait_until - 'the end of the wait' is_gone $!
    wait $! || code=$?
    ! is_gone "$(<daemon)" || fail 'it ended with the daemon'
    kill "$(<daemon)"
    [[ $code == 0 && $(report 'r["is_left_running"]') == True ]]
}

@test "children of the shell that became umm-memstat are not the command's" {
    ok bash -c 'sleep 600 >log 2>&1 3>&- & echo $! >other; exec umm-memstat --run -q --report r.json -- sleep 0.1'
    kill "$(<other)"
    [[ $(report 'r["peak_processes"]') == 1 ]]
}

@test "a child between vfork and exec counts once" {
    ok umm-memstat --run -q --report r.json -- "$PY" -c 'import subprocess
x = bytearray(50 << 20)
for i in range(100): subprocess.run(["true"])'
    [[ $(report 'r["peak_rss_bytes"] < 100 << 20') == True ]]
}

@test "allocations are counted as valgrind counts them" {
    type -P valgrind >/dev/null || skip 'valgrind is not here'
    valgrind allocs 2>&1 | sed -n 's/,//g; s/.*total heap usage: \([0-9]*\) allocs [0-9]* frees \([0-9]*\) bytes.*/\1 \2/p' >expected
    ok umm-memstat --run -q --count-allocs --report r.json -- allocs
    report '"%d %d" % (r["allocations"]["allocs"], r["allocations"]["bytes"])' >counted
    diff expected counted
    # All but what the C library itself keeps.
    [[ $(report 'r["allocations"]["frees"] == r["allocations"]["allocs"]') == True ]]
}

@test "allocations of threads, children and of who is killed" {
    ok umm-memstat --run -q --count-allocs --report r.json -- threads
    # 3 processes x (8 threads x 1000 + 5000000), and what starting a thread allocates.
    [[ $(report '15024000 <= r["allocations"]["allocs"] < 15024200') == True ]] || fail "$(report 'r["allocations"]')"
    [[ $(report 'r["allocations"]["processes"]') == 3 ]]
}

@test "allocations through exec, and per unit of work" {
    ok umm-memstat --run -q --count-allocs --units 10 --report r.json -- sh -c 'exec allocs'
    [[ $(report '1000 < r["allocations"]["allocs"] < 1200') == True ]]
    [[ $(report 'r["allocations"]["allocs_per_unit"] * 10 == r["allocations"]["allocs"]') == True ]]
    run_code 1 -q --count-allocs --max-allocs-per-sec 10 -- allocs
    run_code 0 -q --count-allocs --max-allocs-per-sec 1000000000 -- allocs
}

@test "a static program's allocations cannot be counted, and that is said" {
    run_code 0 --count-allocs -- static-allocs
    [[ $stderr == *'allocations  cannot be counted: the program is static, or runs with other privileges, or an allocator of its own'* ]]
    run_code 1 -q --count-allocs --max-allocs-per-sec 1000000000 -- static-allocs
    [[ $stderr == *'FAIL allocations unknown'*'(not counted)' ]]
}

@test "a limit on allocations fails when a part of them is not counted" {
    printf '#include <unistd.h>\nint main(void)\n{\n    return usleep(900000) || usleep(900000);\n}\n' >wait.c
    gcc -static -o wait wait.c
    run_code 1 -q --count-allocs --max-allocs-per-sec 1000000000 --report r.json -- sh -c './wait; exit'
    [[ $stderr == *'FAIL allocations unknown'*'(not counted in all processes)' ]]
    [[ $(report '(r["allocations"]["is_counted"], r["allocations"]["is_complete"])') == '(True, False)' ]]
    run_code 0 -q --count-allocs --max-allocs-per-sec 1000000000 -- sh -c 'sleep 0.3; exit'
}

@test "a command that cuts the memory of its counts does not end the run" {
    local cut='truncate -s 0 "$UMM_ALLOC_COUNTS"; sleep 0.3' code=0
    local run=(--run -q --count-allocs --max-allocs-per-sec 1000000000 --report r.json -- env -u LD_PRELOAD)
    # Where the size can be held, the cut fails, and nothing is lost.
    capture umm-memstat "${run[@]}" bash -c "$cut"
    [[ $stderr == *truncate*'Operation not permitted'* ]]
    # Elsewhere the counts are lost. Only the processes that count die of that.
    "$PY" "$TOP/tests/ref/without.py" tee ENOSYS true || skip 'no seccomp filter here'
    rm r.json
    "$PY" "$TOP/tests/ref/without.py" memfd_create ENOSYS "$UMM_BUILD/umm-memstat" "${run[@]}" bash -c "$cut" 2>err || code=$?
    ((code == 1))
    [[ $(<err) == 'umm-memstat: FAIL allocations unknown'*'(not counted'*')' ]]
    [[ $(report 'r["allocations"]["is_complete"]') == False ]]
}

@test "a program with an allocator of its own is not counted" {
    cat >own.c <<'END'
#include <stddef.h>

static _Alignas(16) char pool[1 << 20];
static size_t used;

void *malloc(size_t size)
{
    used += (size + 15) & ~(size_t)15;
    return used < sizeof pool ? pool + used : NULL;
}

void free(void *block)
{
    (void)block;
}

int main(void)
{
    free(malloc(5));
    return 0;
}
END
    gcc -fno-builtin -o own own.c
    run_code 1 -q --count-allocs --max-allocs-per-sec 1000000000 -- ./own
    [[ $stderr == *'FAIL allocations unknown'*'(not counted)' ]]
    run_code 1 -q --count-allocs --max-allocs-per-sec 1000000000 -- sh -c './own; exit'
    [[ $stderr == *'FAIL allocations unknown'*'(not counted in all processes)' ]]
}

@test "a program that is not position-independent, and takes the address of malloc" {
    printf '#include <stdlib.h>\nint main(void)\n{\n    void *(*volatile f)(size_t) = malloc;\n    free(f(5));\n    return 0;\n}\n' >fixed.c
    gcc -O0 -fno-builtin -no-pie -fno-pie -o fixed fixed.c
    ok umm-memstat --run -q --count-allocs --report r.json -- ./fixed
    [[ $(report '(r["allocations"]["is_complete"], r["allocations"]["allocs"], r["allocations"]["bytes"])') == '(True, 1, 5)' ]]
}

@test "a program that allocates nothing was counted" {
    printf 'int main(void)\n{\n    return 0;\n}\n' >none.c
    gcc -o none none.c
    ok umm-memstat --run -q --count-allocs --max-allocs-per-sec 0 --report r.json -- ./none
    [[ $(report '(r["allocations"]["is_counted"], r["allocations"]["allocs"])') == '(True, 0)' ]]
}

@test "an installed tool finds its library" {
    mkdir -p 'pre fix/bin' p/bin p/lib/umm
    cp "$UMM_BUILD/umm-memstat" 'pre fix/bin'
    cp "$UMM_BUILD/umm-memstat" p/bin
    cp "$UMM_BUILD/libumm-alloc.so" p/lib/umm
    ok p/bin/umm-memstat --run -q --count-allocs --report r.json -- allocs
    [[ $(report 'r["allocations"]["is_counted"]') == True ]]
    refuses 125 'umm-memstat: libumm-alloc.so is neither beside this program nor in ../lib/umm; say where with --alloc-library' \
        'pre fix/bin/umm-memstat' --run -q --count-allocs -- allocs
    ok 'pre fix/bin/umm-memstat' --run -q --count-allocs --alloc-library "$UMM_BUILD/libumm-alloc.so" -- allocs
    cp "$UMM_BUILD/libumm-alloc.so" 'pre fix/bin'
    refuses 125 "umm-memstat: $PWD/pre fix/bin/libumm-alloc.so: a path with a blank or a colon cannot be preloaded" \
        'pre fix/bin/umm-memstat' --run -q --count-allocs -- allocs
    cp "$UMM_BUILD/libumm-alloc.so" $'pre fix/\e[31m.so'
    refuses 125 "umm-memstat: $PWD/pre fix/\x1b[31m.so: a path with a blank or a colon cannot be preloaded" \
        umm-memstat --run -q --count-allocs --alloc-library $'pre fix/\e[31m.so' -- allocs
}

@test "LD_PRELOAD of the user's stays" {
    export LD_PRELOAD=$UMM_BUILD/libumm-alloc.so
    [[ -z ${UMM_SAN:-} ]] || skip 'sanitizers want to be first'
    [[ $(umm-memstat --run -q --count-allocs -- sh -c 'echo $LD_PRELOAD') == "$UMM_BUILD/libumm-alloc.so:$UMM_BUILD/libumm-alloc.so" ]]
}

@test "counting costs at most 5 ns for a malloc and its free" {
    [[ -z ${UMM_SAN:-} ]] || skip 'sanitizers take their time'
    cat >pairs.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void)
{
    double best = 1e9;
    for (int round = 0; round < 20; round++) {
        double begin = now();
        for (int i = 0; i < 300000; i++)
            free(malloc(32));
        double each = (now() - begin) / 300000;
        best = each < best ? each : best;
    }
    printf("%.2f\n", best);
    return 0;
}
END
    gcc -O1 -fno-builtin -o pairs pairs.c
    # The processors of a busy machine are now fast and now slow: the best of each counts.
    local plain=1e9 counted=1e9
    least() {
        awk -v a="$1" -v b="$2" 'BEGIN { print a < b ? a : b }'
    }
    costs_little() {
        plain=$(least "$plain" "$(./pairs)")
        counted=$(least "$counted" "$(umm-memstat --run -q --count-allocs -- ./pairs)")
        awk -v a="$plain" -v b="$counted" 'BEGIN { exit !(b - a <= 5) }'
    }
    WAIT_SECONDS=20 wait_until - "at most 5 ns" costs_little || fail "$plain $counted"
}

@test "report, plot and metrics" {
    ok umm-memstat --run -q --max-rss 1G --report r.json --plot p.svg --metrics m.prom -- sleep 1
    [[ $(report 'sorted(v["verdict"] for v in r["verdicts"])') == "['PASS']" ]]
    [[ $(report 'len(r["samples"]) >= 3 and all(s["rss_bytes"] >= (s["pss_bytes"] or 0) for s in r["samples"])') == True ]]
    "$PY" -c 'import xml.etree.ElementTree as t; assert "svg" in t.parse("p.svg").getroot().tag'
    grep -q 'PASS peak RSS' p.svg
    grep -q '^umm_run_exit_code{tool="umm-memstat",output="'"$PWD"'/m.prom"} 0$' m.prom
    grep -q '^umm_run_failed_limits{.*} 0$' m.prom
    grep -q '^umm_last_success_timestamp_seconds{tool="umm-memstat",output="'"$PWD"'/m.prom"} 1' m.prom
    run_code 1 -q --max-rss 1K --metrics m.prom -- true
    capture grep umm_last_success m.prom
    [[ $status == 1 ]]
    no_leftovers
    # Words of the command that XML has a meaning for.
    ok umm-memstat --run -q --plot p.svg -- sh -c ': "<&>" '$'\001\377'
    "$PY" -c 'import xml.etree.ElementTree as t; t.parse("p.svg")'
}

@test "the report for people" {
    run_code 0 --max-growth 1G -- sh -c 'exit 0'
    [[ $stderr == *"command      sh -c 'exit 0'"* && $stderr == *'exit         0'* ]]
    [[ $stderr == *'PASS growth '* ]]
    run_code 137 -- sh -c 'kill -9 $$'
    [[ $stderr == *'exit         137 (signal 9)'* ]]
}
