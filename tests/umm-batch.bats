#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what is quoted is for the command's shell
#
# umm-batch: which items a command gets, what comes out, what becomes of those that fail, and the
# journal. Sizes are fixed with --sizes=0:0:1 where they matter; the decisions are in
# tests/unit/test_batchsize.c.

load helper

# batch ARGUMENT...: umm-batch with batches of the base.
batch() {
    umm-batch --sizes=0:0:1 "$@"
}

# For a script whose arguments are items: it notes them in ./ran.
note='for i; do printf "%s\n" "$i" >>ran; done'

@test "items are arguments, in batches of the base, in their order" {
    seq 7 >list
    ok batch --base=3 list -- echo
    [[ $output == $'1 2 3\n4 5 6\n7' ]]
    ok batch --base=3 -- echo a 'b c' <list
    [[ $output == $'a b c 1 2 3\na b c 4 5 6\na b c 7' ]]
    ok batch list - -- echo <<<8
    [[ $output == '1 2 3 4 5 6 7 8' ]]
    ok batch --shard=1/3 list -- echo
    [[ $output == '2 5' ]]
}

@test "empty lines are items, and a last line need not end" {
    printf 'a\n\nb' >list
    ok batch list -- printf '[%s]'
    [[ $output == '[a][][b]' ]]
}

@test "no items: nothing is run, not even a command that is missing" {
    ok batch /dev/null -- /missing
    [[ -z $output ]]
    ok batch --journal=j /dev/null -- /missing
    ok batch --journal=j /dev/null -- /missing
}

@test "names with newlines and all bytes, by NUL" {
    "$PY" -c "
import os, sys
names = [b'a\nb', b'', b' ', b'-0', bytes(range(1, 256)), b'\xff\xfe']
open('list', 'wb').write(b'\0'.join(names) + b'\0')
open('want', 'wb').write(b''.join(b'[' + n + b']' for n in names))"
    batch -0 --base=2 list -- printf '[%s]' >got
    cmp got want
    ok batch -0 --stdin --base=4 list -- cat
    batch -0 --stdin --base=4 list -- cat >got
    cmp got list
}

@test "items on standard input, as a file of the batch" {
    seq 5 >list
    ok batch --stdin --base=2 list -- sh -c 'wc -l; test -f /dev/stdin'
    [[ $output == $'2\n2\n1' ]]
    # Without it there is nothing to read.
    ok batch list -- sh -c 'cat; echo $#' sh
    [[ $output == 5 ]]
}

@test "a million items, none left out, and not by what an argument list may have" {
    seq 1000000 >list
    batch --base=1000000 --journal=j list -- printf '%s\n' >got
    cmp got list
    [[ $(grep -c ^done j) -gt 1 ]]
    batch --stdin --base=1000000 list -- cat >got
    cmp got list
}

@test "output keeps the order of the items whatever ends first, and their bytes" {
    seq 6 >list
    # Each waits until the one after it has printed.
    ok batch -j6 --base=1 list -- sh -c 'echo "out $1"; : >"done.$1"
        test "$1" = 6 || while ! test -e "done.$(($1 + 1))"; do sleep 0.01; done' sh
    [[ $output == "$(printf 'out %s\n' 1 2 3 4 5 6)" ]]
    batch -j3 --base=1 list -- printf '\0%s' >got
    printf '\0%s' 1 2 3 4 5 6 | cmp - got
}

@test "as it comes: lines are whole, and those of the first to print are first" {
    seq 2 >list
    ok batch -j2 --order=come --base=1 list -- sh -c 'if test $1 = 1
        then while ! test -e two; do sleep 0.01; done; echo one
        else printf t; printf "wo\nhal"; printf f; : >two; fi' sh
    [[ $output == *$'two\n'* && $output == *half* && $output == *one* && ${#lines[@]} -eq 3 ]]
    # Long lines of many at once.
    seq 40 >list
    batch -j8 --order=come --base=1 list -- sh -c 'for i in 1 2 3 4 5; do head -c 9000 /dev/zero | tr "\0" $1; echo; done' sh >got
    "$PY" - <<'END'
lines = open('got').read().split('\n')
assert len(lines) == 201 and lines[-1] == '', len(lines)
assert all(len(line) == 9000 and len(set(line)) == 1 for line in lines[:-1])
END
}

@test "output beyond memory waits in a scratch file" {
    mkdir scratch
    seq 3 >list
    TMPDIR=$PWD/scratch batch -j3 --base=1 --report=r list -- sh -c 'seq "${1}0000000" "${1}3500000"
        : >"done.$1"; test "$1" = 3 || while ! test -e "done.$(($1 + 1))"; do sleep 0.01; done' sh >got
    cmp got <(seq 10000000 13500000; seq 20000000 23500000; seq 30000000 33500000)
    "$PY" -c 'import json; assert json.load(open("r"))["spilled_bytes"] > 0'
    [[ -z $(ls scratch) ]]
}

@test "messages of commands come whole" {
    seq 4 >list
    batch -j4 --base=1 list -- sh -c 'printf "a$1" >&2; sleep 0.02; echo b >&2; printf end >&2' sh 2>err
    [[ $(sort err | uniq -c | tr -s ' ' | cut -d' ' -f2- | tr '\n' ';') == '1 a1b;1 a2b;1 a3b;1 a4b;4 end;' ]]
}

@test "an item that fails is found, retried, put aside with its last message" {
    seq 10 >list
    capture batch --base=10 --retries=2 --quarantine=q --report=r -v list -- \
        sh -c "$note"'; for i; do test $i != 7 || { echo "bad $i" >&2; exit 3; }; done; echo "$@"' sh
    [[ $status -eq 1 && $stderr == *'9 of 10 items done, 1 failed'* ]]
    [[ $(tr '\n' ' ' <<<"$output") == '1 2 3 4 5 6 8 9 10 ' ]]
    [[ $(<q) == $'7\t3\texit code 3: bad 7\t7' ]]
    # 10, 5 and 5, 2 and 3 of the second, 1 and 2 of these, and 7 alone three times.
    [[ $(grep -cx 7 ran) -eq 6 && $(grep -cx 1 ran) -eq 2 ]] || fail "$(sort ran | uniq -c)"
    "$PY" -c 'import json
r = json.load(open("r"))
assert (r["items"], r["done"], r["failed"], r["retries"]) == (10, 9, 1, 2), r'
    # All others were given once more at most for each cut; what is put aside is a list again.
    [[ $(cut -f4- q) == 7 ]]
}

@test "an item that fails at first and is retried is done" {
    ok batch --retries=1 -- sh -c 'test -e there || { : >there; exit 1; }; echo yes' sh <<<x
    [[ $output == yes ]]
}

@test "a batch that is killed is cut in halves, and later ones are no larger" {
    seq 40 >list
    ok batch --base=16 --report=r list -- sh -c 'test $# -le 4 || kill -9 $$; echo $#' sh
    "$PY" - "$output" <<'END'
import json, sys
sizes = [int(n) for n in sys.argv[1].split()]
r = json.load(open('r'))
assert sum(sizes) == 40 and max(sizes) <= 4, sizes
assert r['killed_batches'] == 3 and r['done'] == 40, r
END
    # What a shell hands on is no other than that.
    capture batch --base=4 list -- sh -c 'test $# -le 2 || exit 137' sh
    [[ $status -eq 0 ]]
}

@test "halt" {
    seq 20 >list
    for halt in soon,fail=2 now,fail=2; do
        rm -f ran
        capture batch --base=1 --halt=$halt list -- sh -c "$note; exit 1" sh
        [[ $status -eq 1 && $(wc -l <ran) -eq 2 ]]
    done
    # 3 must have failed, and half of those tried.
    rm -f ran
    capture batch --base=1 --halt=soon,fail=50% list -- sh -c "$note"'; test $1 -lt 5' sh
    [[ $status -eq 1 && $(wc -l <ran) -eq 8 ]] || fail "$(wc -l <ran)"
    # now: the other is ended, and is not counted as failed.
    capture batch -j2 --base=1 --halt=now,fail=1 --report=r list -- \
        sh -c 'if test $1 = 1; then : >one; sleep 1000; fi; while ! test -e one; do sleep 0.01; done; exit 1' sh
    [[ $status -eq 1 ]]
    "$PY" -c 'import json
r = json.load(open("r"))
assert (r["done"], r["failed"], r["is_halted"]) == (0, 1, True), r'
}

@test "a journal: what is done is not run again, what failed only if asked" {
    seq 6 >list
    command=(sh -c "$note"'; test ! -e bad || test $1 != 3' sh)
    : >bad
    capture batch --base=1 --journal=j list -- "${command[@]}"
    [[ $status -eq 1 && $(sort ran | uniq -c | wc -l) -eq 6 ]]
    capture batch --base=2 --journal=j --quarantine=q list -- "${command[@]}"
    [[ $status -eq 1 && $(wc -l <ran) -eq 6 && $(<q) == $'3\t1\texit code 1\t3' ]]
    rm bad
    ok batch --journal=j --retry-failed list -- "${command[@]}"
    [[ $(sort ran | uniq -c | tr -s ' ' | tr '\n' ';') == ' 1 1; 1 2; 2 3; 1 4; 1 5; 1 6;' ]]
    ok batch --journal=j list -- "${command[@]}"
    [[ $(wc -l <ran) -eq 7 ]]
    no_leftovers
}

@test "100 kills at random moments, then resume: none left out, what is done never again" {
    "$PY" - <<'END'
import collections, os, random, subprocess
r, n = random.Random(5), 600
open('items', 'w').write(''.join(f'i\t{k}\n' for k in range(n)))
command = ['umm-batch', '--sizes=0:0:1', '--base=3', '-j3', '--journal=j', 'items', '--', 'sh', '-c',
           'printf "%s\\n" "$@" >>ran; exec sleep 0.02', 'sh']

def ran():
    return open('ran').read().split('\n')[:-1] if os.path.exists('ran') else []

def done():
    items = set()
    for line in open('j') if os.path.exists('j') else ():
        words = line.split()
        if words[0] == 'done' and len(words) == 6:
            items |= set(range(int(words[1]), int(words[1]) + int(words[2])))
    return items

kills, code, before = 0, None, {}
while code != 0:
    process = subprocess.Popen(command)
    try:
        code = process.wait(r.uniform(0.004, 0.05) if kills < 100 else 60)
        assert code == 0, code
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        kills += 1
    now = collections.Counter(ran())
    for item, times in before.items():
        assert now[f'i\t{item}'] == times, f'{item} was done and ran again'
    before = {item: now[f'i\t{item}'] for item in done()}
assert kills >= 60, kills
assert sorted(set(ran())) == sorted(f'i\t{k}' for k in range(n))
END
    no_leftovers
}

@test "what a killed run left is ended before the batch runs again" {
    # One in the batch's group, one in a session of its own.
    script='sleep 1000 & echo $! >>pids; setsid sleep 1000 & echo $! >>pids; : >up; wait'
    umm-batch --journal=j -- sh -c "test ! -e again || exit 0; $script" sh <<<x &
    pid=$!
    wait_until $pid 'the batch' test -e up
    kill -9 $pid
    wait $pid || true
    for left in $(<pids); do
        ! is_gone "$left" || fail "$left is gone already"
    done
    : >again
    ok umm-batch --journal=j --report=r -- sh -c "test ! -e again || exit 0; $script" sh <<<x
    for left in $(<pids); do
        is_gone "$left" || fail "$left runs"
    done
    grep -q '"orphans_ended": [23]' r || fail "$(<r)"
}

@test "what a command leaves in its group is ended with it" {
    ok batch --report=r -- sh -c 'sleep 1000 & echo $!' <<<x
    is_gone "$output"
    grep -q '"batches_with_leftovers": 1' r
}

@test "a signal: once, and what runs may end; twice, and it is ended" {
    seq 4 >list
    local command=(sh -c 'echo $1; : >up; while ! test -e go; do sleep 0.01; done' sh)
    umm-batch --base=1 --sizes=0:0:1 --journal=j list -- "${command[@]}" >got &
    pid=$!
    wait_until $pid 'the batch' test -e up
    kill -TERM $pid
    : >go
    status=0
    wait $pid || status=$?
    [[ $status -eq 143 && $(<got) == 1 && $(tail -n 1 j) == end* ]]
    rm up go
    umm-batch --base=1 --sizes=0:0:1 --journal=j list -- "${command[@]}" >got &
    pid=$!
    wait_until $pid 'the batch' test -e up
    child=$(pgrep -P $pid)
    kill -TERM $pid
    sleep 0.3 # what comes sooner is the same signal
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    [[ $status -eq 143 ]] && is_gone "$child"
    : >go
    ok batch --base=1 --journal=j list -- "${command[@]}"
    [[ $output == $'2\n3\n4' ]]
}

@test "a reader that leaves ends it quietly" {
    status=0
    { yes | head -n 100000 | batch --base=100 -j2 -- echo || echo "$?" >code; } | head -n 1 >first
    [[ $(<code) -eq 141 && -s first ]]
}

@test "signals as they were: a command has the default of SIGPIPE, and what was ignored" {
    local mine
    mine=$(grep SigIgn /proc/self/status | cut -f2)
    ok batch -- sh -c 'grep SigIgn /proc/self/status | cut -f2' <<<x
    [[ $output == "$mine" ]]
    ok bash -c 'trap "" INT PIPE; umm-batch -- sh -c "grep SigIgn /proc/self/status | cut -f2" <<<x'
    [[ $output == "$(printf '%016x' $((0x$mine | 0x1002)))" ]]
}

@test "progress counts items" {
    seq 3 >list
    capture batch --base=1 --progress list -- sleep 0.11
    [[ $status -eq 0 && $stderr == *' items/s ETA '* ]]
}

@test "a report has the time and the memory of batches" {
    seq 3 >list
    ok batch --base=1 --report=r --metrics=m.prom list -- "$PY" -c 'x = b"x" * 50_000_000'
    "$PY" - <<'END'
import json
r = json.load(open('r'))
assert r['batches'] == 3 and r['peak_rss_bytes'] > 50_000_000, r
assert r['sizes'][0]['batches'] == 3 and r['sizes'][0]['peak_rss_bytes'] == r['peak_rss_bytes'], r
assert 'umm_batch_done_items{' in open('m.prom').read()
END
}

@test "--max-rss: no batch takes more, where a fixed size would" {
    [[ -z ${UMM_SAN-} ]] || skip 'memory is a sanitizer'\''s'
    seq 200 >list
    # 1 MB for each item.
    job=("$PY" -c 'import sys; x = bytearray(1_000_000 * (len(sys.argv) - 1))')
    ok umm-batch --base=200 --max-rss=60M --report=r list -- "${job[@]}"
    "$PY" - <<'END'
import json
r = json.load(open('r'))
assert r['done'] == 200 and r['peak_rss_bytes'] < 60 << 20, r
assert r['largest_batch'] >= 16 and 0.8e6 < r['rss_item_bytes'] < 1.2e6, r
END
    ok batch --base=200 --report=r list -- "${job[@]}"
    "$PY" -c 'import json; assert json.load(open("r"))["peak_rss_bytes"] > 60 << 20'
}
