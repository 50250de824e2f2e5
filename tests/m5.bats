#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm.mk: the checks as make targets, in a project of a user's.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    unset MAKEFLAGS MFLAGS MAKELEVEL FAST QUIET DEMO_MODE DEMO_SIGNALS
    printf 'include umm.mk\nall:\n\t@echo built\n' >Makefile
    m5=(make -s -I "$TOP" "M5_OPTIONS=--no-sync")
}

no_sanitizer() {
    [[ -z ${UMM_SAN-} ]] || skip 'sanitizers count and keep memory in their own way'
}

# What the last run's report says about KEY of the run.
run_of() {
    "$PY" -c 'import json, sys; print(json.load(open("build/m5/report.json"))["run"][sys.argv[1]])' "$1"
}

@test "including umm.mk changes nothing about a plain make" {
    ok "${m5[@]}"
    [[ $output == built ]]
    ok "${m5[@]}" m5-help
    [[ $output == *'make m5-stress      duration=3600 seconds, signals=1000000'* ]]
}

@test "m5-quick, and its reports" {
    no_sanitizer
    ok "${m5[@]}" m5-quick FAST=1
    [[ ${lines[-1]} == PASS:* && $(run_of signals_wanted) == 20000 && $(run_of signals) == 20000 ]]
    [[ $(ls build/m5) == $'report.html\nreport.json\nreport.prom' ]]
    ok "${m5[@]}" m5-quick FAST=1 QUIET=1
    [[ -z $output ]]
    ok make -n -I "$TOP" m5-quick
    [[ $output == *--signals=100000*--max-seconds=60* ]]
}

@test "m5-demo: DEMO_MODE, DEMO_SIGNALS; its times" {
    no_sanitizer
    ok "${m5[@]}" m5-quick DEMO_MODE=1
    [[ $(run_of signals) == 200 ]]
    DEMO_MODE=1 DEMO_SIGNALS=321 QUIET=1 ok "${m5[@]}" m5-quick
    [[ -z $output && $(run_of signals) == 321 ]]
    ok make -n -I "$TOP" m5-demo
    [[ $output == *--signals=120000*--seconds=150* ]]
    ok make -n -I "$TOP" m5-demo FAST=1
    [[ $output == *--signals=90000*--seconds=30* ]]
    ok make -n -I "$TOP" m5-baseline
    [[ $output == *--seconds=1800*--save-baseline=build/m5/baseline* ]]
    ok make -n -I "$TOP" mem-health
    [[ $output == *--seconds=15* ]]
}

@test "m5-stress ends at its time with its signals" {
    no_sanitizer
    capture "${m5[@]}" m5-stress duration=3 signals=2345
    # On a machine that is too busy for that the target fails, by this line.
    [[ $(run_of signals) == 2345 && $(run_of duration_ms) -ge 3000 && $(run_of duration_ms) -lt 30000 ]]
    [[ $status -eq 0 && -z $stderr ]] || (($(run_of duration_ms) > 4000))
}

@test "a fault ends make with an error" {
    no_sanitizer
    capture "${m5[@]}" m5-quick FAST=1 QUIET=1 'M5_OPTIONS=--no-sync --canary=key'
    [[ $status -eq 2 && $stderr == 'umm-m5: FAIL cache hits: 0.00 %, limit at least 80 %'* ]]
}

@test "a Python program" {
    cat >feed.py <<'EOF'
import os, time
signals = int(os.environ["M5_SIGNALS"])
pause = max(float(os.environ["M5_SECONDS"]), 1) / signals
recent = [0.0] * 50
for i in range(signals):
    recent[i % 50] = i * 0.25
    mean = sum(recent) / 50
    if i % 100 == 0:
        time.sleep(100 * pause)
EOF
    printf 'M5_COMMAND = %s feed.py\nM5_OPTIONS = --max-allocs=1\ninclude umm.mk\n' "$PY" >Makefile
    # M5_OPTIONS are the makefile's.
    ok make -s -I "$TOP" m5-quick FAST=1
    [[ $output == *'PASS  exit code'*'PASS  allocations'*'PASS  left in TMPDIR'* ]]
    ok make -s -I "$TOP" m5-stress duration=2 signals=80000
    [[ $output == *'PASS  growth'* ]]
}

@test "m5-completion and mem-snapshot" {
    no_sanitizer
    ok "${m5[@]}" m5-completion
    [[ $output == *'PASS  memory is sampled'* ]]
    ok "${m5[@]}" mem-snapshot pid=$$
    [[ $output == *available* && -s build/m5/system.json && -s build/m5/$$.snapshot ]]
}
