#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# job.bash JOB setup|command|complete|old|mend - what tests/fault/run asks of a job.
#
# A job (tests/fault/jobs/TOOL-NAME.sh) describes one run of a tool in the current
# directory, which always has the same content at its start:
#
#   tool       the program; its error line must begin with this name
#   arguments  array; without progress, and with one thread
#   setup()    makes inputs, and the old output if the job has one
#   outputs    array of the files it writes; "stdout" is its standard output
#   success    its exit code when all is well (0)
#   failure    its exit code when a call failed (1)
#   durable    yes: a failed fsync or fdatasync must be reported, and what is reported done
#              survives a power cut, which tests/fault/durable looks at (no)
#   loose      array of files that a power cut may take all the same; stdout may be one (none)
#   unsynced   array of files that their writer did not sync, FILE, or FILE=BEFORE where only what
#              differs from the file BEFORE was not (none)
#   piped      a file that comes as a pipe on standard input (none). Of it no more is read by
#              a durable job before all that was written is on the disk
#   mend()     what is done after a power cut before the outputs are looked at (nothing)
#   varies     yes: it starts a program, or makes some calls as often as there is time or
#              as there are processes; a call that it did not make is then no finding (no)
#   fragile    yes: a library that it loads may end the process when memory runs out. What holds
#              after a kill must hold then (no)
#   hasty      yes: a library that it loads takes a sync that a signal interrupts for one that
#              failed (no)
#   calls      array: only these kinds of system calls, as the others are another job's; all
#              with UMM_FAULT_ALL (all)
#   commit     what the call that publishes the output looks like in strace's log, as
#              a regular expression; an error reported after it may leave the new
#              output (rename)
#   check_complete(), check_old()
#              whether the outputs are the complete new ones, the untouched old ones;
#              the default compares with a clean run's, and with setup's, bytes and mode
#
# A run is killed or fails anywhere, so a check must not change anything. $REF/new
# and $REF/old are directories as a clean run and as setup left them.
set -u
job=$1 action=$2

tool='' arguments=() outputs=() calls=() success=0 failure=1 durable=no varies=no fragile=no hasty=no piped='' loose=() unsynced=() commit='^rename'

# Whether every output is as in $REF/$1: the same bytes and mode, or absent in both.
same_as() {
    local file
    for file in "${outputs[@]}"; do
        if [[ ! -e $REF/$1/$file && ! -e $file ]]; then
            continue
        elif ! cmp -s "$file" "$REF/$1/$file"; then
            echo "$file is not the $1 one"
            return 1
        elif [[ $(stat -c %a "$file") != "$(stat -c %a "$REF/$1/$file")" ]]; then
            echo "$file has mode $(stat -c %a "$file")"
            return 1
        fi
    done
}

# begins_like WHICH FILE: FILE is at least as long as $REF/WHICH/FILE and begins so.
begins_like() {
    cmp -s -n "$(stat -c %s "$REF/$1/$2")" "$2" "$REF/$1/$2" && return
    echo "$2 does not begin like the $1 one"
    return 1
}

# bars FIRST N: a header and N one-minute bars, FIRST minutes after the start of 2020.
bars() {
    awk -v first="$1" -v n="$2" 'BEGIN {
        print "timestamp,open,high,low,close,volume"
        for (i = first; i < first + n; i++) {
            price = 7000 + i % 97
            printf "%.0f,%d.25,%d.75,%d.5,%d.125,%d.5\n", 1577836800000 + i * 60000, price, price + 9, price - 9,
                price + 1, i % 13 + 1
        }
    }'
}

# model: an ONNX model that answers close + 2 volume.
model() {
    base64 -d <<'EOF'
CAcSCm1vZGVsX21ha2VCBAoAEA06twEKKwoFY2xvc2UKBnZvbHVtZRIBeBoAIgZDb25jYXQqCwoE
YXhpcxgBoAECOgAKIgoBeAoBdxIBeRoAIgRHZW1tKg0KBnRyYW5zQhgBoAECOgASBHJvd3MqEwgB
CAIQAUIBd0oIAACAPwAAAEBaGAoFY2xvc2USDwoNCAESCQoDEgFuCgIIAVoZCgZ2b2x1bWUSDwoN
CAESCQoDEgFuCgIIAWIUCgF5Eg8KDQgBEgkKAxIBbgoCCAE=
EOF
}

# redis: a server for all runs of the job, at the link sock; it ends when their directories go.
redis() {
    local server
    server=$(mktemp -d /tmp/umm-fault.XXXXXX)
    redis-server --daemonize yes --port 0 --unixsocket "$server/sock" --dir "$server" --save '' \
        --pidfile "$server/pid" --logfile "$server/log" >/dev/null || return
    (
        while [[ -d $TMPDIR ]]; do sleep 0.5; done
        # It writes nothing into its directory after that.
        kill -KILL "$(<"$server/pid")"
        rm -rf "$server"
    ) </dev/null >/dev/null 2>&1 &
    ln -s "$server/sock" sock
    until redis-cli -s sock PING 2>/dev/null | grep -q PONG; do sleep 0.02; done
}

check_complete() { same_as new; }
check_old() { same_as old; }
mend() { :; }
setup() { :; }

# shellcheck source=/dev/null
. "$job"

case $action in
setup) setup ;;
mend) mend ;;
command)
    printf '%s\0' "$tool" "$success" "$failure" "$durable" "$varies" "$fragile" "$hasty" "$piped" "${loose[*]}" "${unsynced[*]}" "$commit" "${calls[*]}" "${outputs[*]}" "${arguments[@]}"
    ;;
complete) check_complete ;;
old) check_old ;;
esac
