#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-batch --slurm on a real Slurm of one node: an array of jobs does what a run here does, to the
# byte, whatever ends in between.

load helper
load slurm

setup_file() {
    start_slurm
    cd "$BATS_FILE_TMPDIR" || return
    local i
    # 200 datasets in 4 forms, which is enough to tell one from another.
    for i in 0 1 2 3; do
        umm-synth --rows=60 --seed="$i" -o "bars$i.csv"
        umm-convert --out-root=root --symbols="S$i" --timeframes=1m "bars$i.csv"
    done
    for ((i = 0; i < 200; i++)); do
        mkdir -p "root/D$i"
        cp "root/S$((i % 4))/1m.npy" "root/D$i/1m.npy"
        echo "D$i"
    done >list
    cat >features <<'END'
#!/bin/sh
# features OUT SYMBOL...: features of the symbols, a line for each; waits while OUT/hold is there.
out=$1
shift
printf '%s\n' "$@" | umm-features -f ema:5,rsi:3 --root="$ROOT" --symbols-from=- --timeframes=1m \
    --out-root="$out" --threads=1 || exit
while [ -e "$out/hold" ]; do sleep 0.05; done
for symbol; do
    [ "$symbol" != "$BAD" ] || exit 1
    echo "$symbol is done"
done
END
    chmod +x features
    mkdir local
    export ROOT=$PWD/root LIST=$PWD/list FEATURES=$PWD/features LOCAL=$PWD/local BAD=''
    umm-batch --base=5 "$LIST" -- "$FEATURES" "$LOCAL" >printed
    export PRINTED=$PWD/printed
}

teardown_file() {
    stop_slurm
}

# What Slurm knows, for a test that fails.
tell_slurm() {
    squeue --states=all --array
    sinfo --Node --long
    tail -n 20 "$SLURM_DIR/slurmctld.log" "$SLURM_DIR/slurmd.log"
}

teardown() {
    rm -f out/hold
    [[ -z ${SLURM_DIR-} ]] || scancel --user=root || true
}

# What N runs or one wrote is what a run here wrote.
is_local() {
    diff -r out "$LOCAL"
    no_leftovers .
    [ ! -e journal.d ]
}

@test "an array of eight tasks, one killed and begun again, and slurmd begun again" {
    local job waiting
    mkdir out
    touch out/hold
    umm-batch --slurm --tasks=8 --wait --base=5 --journal=journal "$LIST" -- "$FEATURES" out >printed 2>messages &
    waiting=$!
    wait_until "$waiting" 'eight tasks to run' has_tasks RUNNING 8
    job=$(<journal.d/job)
    wait_until "$waiting" 'a journal of task 3' has_lines journal.d/3.journal 3
    # As when a node fails: what the task had begun is begun again.
    scontrol requeue "${job}_3"
    begin_again "${job}_3" || fail "$(tell_slurm)"
    restart_slurmd
    rm out/hold
    wait "$waiting" || fail "$(<messages)"
    # What Slurm and the shell say of the task that was ended, and no more.
    ! grep -Ev '^(slurmstepd-.*: error: \*\*\* JOB .* DUE TO JOB REQUEUE.*|Terminated)$' messages || fail "$(<messages)"
    cmp printed "$PRINTED"
    is_local
    # And nothing is left to do, there or here.
    ok umm-batch --slurm --wait --base=5 --journal=journal "$LIST" -- "$FEATURES" out
    [ -z "$output" ]
    ok umm-batch --base=5 --journal=journal "$LIST" -- "$FEATURES" out
    [ -z "$output" ]
}

@test "a run here goes on where an array ended, and an array where a run here did" {
    local job
    mkdir out
    # Here, until item 23 fails: those before it are done.
    BAD=D23 run -1 umm-batch --base=1 --halt=now,fail=1 --journal=journal "$LIST" -- "$FEATURES" out
    printf '%s\n' "$output" >before
    # There, until most tasks are cancelled.
    touch out/hold
    ok umm-batch --slurm --tasks=4 --base=5 --retry-failed --journal=journal "$LIST" -- "$FEATURES" out
    job=$output
    wait_until - 'four tasks to run' has_tasks RUNNING 4
    refuses 125 "umm-batch: journal: job $job of Slurm is at it" \
        umm-batch --base=5 --journal=journal "$LIST" -- "$FEATURES" out
    refuses 125 "umm-batch: journal: job $job of Slurm is at it" \
        umm-batch --slurm --base=5 --journal=journal "$LIST" -- "$FEATURES" out
    scancel "${job}_[1-3]"
    rm out/hold
    wait_until - 'the array to end' has_no_tasks
    # Here again: takes in what the first task did, does the rest.
    umm-batch --base=5 --journal=journal "$LIST" -- "$FEATURES" out >after 2>messages || fail "$(<messages)"
    cat before after | grep 'is done' | sort -u | cmp - <(sort "$PRINTED")
    [ "$(grep -c 'is done' before)" -eq 23 ]
    is_local
}

@test "items that fail are told, and tried again when asked" {
    mkdir out
    # The environment is the run's.
    BAD=D7 run -1 umm-batch --slurm --tasks=3 --wait --base=4 --journal=journal --quarantine=bad \
        "$LIST" -- "$FEATURES" out
    [ "$(cut -f 1,4 bad)" = "8	D7" ]
    [ ! -e journal.d ]
    ok umm-batch --slurm --wait --base=4 --journal=journal --retry-failed "$LIST" -- "$FEATURES" out
    [ "$output" = 'D7 is done' ]
    is_local
}

@test "what does not go together is refused" {
    local try="
Try 'umm-batch --help'."
    refuses 2 "umm-batch: --slurm needs --journal, on a file system that all nodes share$try" \
        umm-batch --slurm list -- true
    refuses 2 "umm-batch: --slurm shares the items by itself: not with --shard$try" \
        umm-batch --slurm --journal=journal --shard=0/2 list -- true
    refuses 2 "umm-batch: --wait and --tasks are for --slurm$try" umm-batch --wait list -- true
    refuses 2 "umm-batch: --quarantine with --slurm needs --wait$try" \
        umm-batch --slurm --journal=journal --quarantine=bad list -- true
    # sbatch's own words.
    capture umm-batch --slurm=--no-such-option --journal=journal "$LIST" -- true
    [ "$status" -eq 125 ]
    [[ $stderr == "umm-batch: sbatch ended with "*": sbatch: unrecognized option '--no-such-option'" ]] || fail "$stderr"
    # Of which nothing is left to do harm.
    ok umm-batch --journal=journal "$LIST" -- true
    [ ! -e journal.d ]
}
