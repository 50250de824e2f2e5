# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# What the file counts, and then the journal, is always the same; at the end the file has all.
tool=grow
arguments=(out out.journal)
outputs=(out)
durable=yes
numbers() { seq -f %07g "$1" 8 "$2"; } # each line is its own place
setup() {
    { printf '8192\n' && head -c 4091 /dev/zero && numbers 0 8184; } >out
    numbers 8192 20000 >out.journal
}
counted() { tail -c +4097 out | head -c "$(head -n 1 out)"; }
check_complete() { [[ $(counted) == "$(numbers 0 20000)" ]]; }
check_old() { [[ $(counted) == "$(numbers 0 8184)" ]] && numbers 8192 20000 | cmp -s - out.journal; }
