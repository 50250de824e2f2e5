#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-watch --state: what a restart goes on from, after an end of any kind.

load helper

HEADER=event,time,id,symbol,side,entry,take_profit,stop_loss,price

# run_on STATE FILE...: a replay of these with that state, silent on standard error.
run_on() {
    local state=$1
    shift
    cat "$@" | ok umm-watch --clock=input --state="$state"
}

@test "a day in pieces gives the looks of the whole day" {
    "$PY" - <<'END'
import random
r, t, files = random.Random(3), 1000, [open(f"{i}.csv", "w") for i in range(4)]
whole = open("whole.csv", "w")
head = "event,time,id,symbol,side,entry,take_profit,stop_loss,price\n"
for f in [*files, whole]:
    f.write(head)
for i in range(2000):
    t += r.choice((1, 40, 300))
    kind, symbol = r.random(), f'"S,{r.randrange(4)}"'
    if kind < 0.2:
        side = r.choice((1, -1))
        line = f"open,{t},p{r.randrange(80)},{symbol},{side},100,{100 + side * 4},{100 - side * 4 if r.random() < 0.8 else ''},"
    elif kind < 0.9:
        line = f"price,{t},,{symbol},,,,,{100 + r.gauss(0, 2):.3f}"
    else:
        line = f"close,{t},p{r.randrange(80)},,,,,,"
    files[i // 500].write(line + "\n")
    whole.write(line + "\n")
END
    ok umm-watch --clock=input whole.csv
    cp "$BATS_FILE_TMPDIR/capture.out" whole
    for i in 0 1 2 3; do
        ok umm-watch --clock=input --state=s --closed=1h $i.csv
        cat "$BATS_FILE_TMPDIR/capture.out" >>pieces
    done
    cmp whole pieces
    # The last piece again: all before its end is known; nothing is lost or new but that moment.
    ok umm-watch --clock=input --state=s --report=r.json 3.csv
    "$PY" -c 'import json
r = json.load(open("r.json"))
assert r["events_before_state"] == 499 and r["events"] == 1, r'
    [[ $(wc -l <"$BATS_FILE_TMPDIR/capture.out") -le 1 ]]
    # A state has no second form: the same list is the same bytes.
    cp s before
    ok umm-watch --clock=input --state=s <<<$HEADER
    cmp s before
    no_leftovers
}

@test "looks before a bad event, and before an output that fails, are not lost" {
    printf '%s\n' $HEADER open,1000,p,A,long,1.5,2,1, price,5500,,A,,,,,1.6 bad,6000,,,,,,, >bad.csv
    printf '%s\n' $HEADER open,1000,p,A,long,1.5,2,1, price,5500,,A,,,,,1.6 >good.csv
    capture umm-watch --clock=input --state=s bad.csv
    [[ $status == 1 && $output == 1000,p,A,0,5000,0 ]] || fail "$status $output"
    capture umm-watch --clock=input --fields=id bad.csv -- cat
    [[ $status == 1 && $output == p ]] || fail "$status $output"
    # Nothing of it was written, so it comes again, at the time of what was taken.
    umm-watch --clock=input --state=t good.csv >/dev/full 2>err && fail 'wrote to a full device'
    ok umm-watch --clock=input --state=t <<<$HEADER
    [[ $output == 5500,p,A,0.20000000000000018,2000,0 ]] || fail "$output"
}

@test "killed at any moment, a watch loses no event that it has confirmed" {
    "$PY" - <<'END' || fail 'see above'
import json, os, random, signal, subprocess, waiting
r, known = random.Random(), set()
def ask(file, text):
    file.write(text.encode() + b"\n")
    file.flush()
    return file.readline().decode()
for round in range(6):
    child = subprocess.Popen(["umm-watch", "--listen=unix:s", "--state=state", "--checkpoint=20ms", "--levels=0:20ms"],
                             stdout=subprocess.DEVNULL)
    file = waiting.connect("s", child).makefile("rwb")
    stats = json.loads(ask(file, "!stats"))
    # Those that were confirmed, and perhaps some that were sent after them.
    assert stats["open"] >= len(known), (round, stats["open"], len(known))
    file.write(b"event,id,symbol,side,entry\n")
    sent = set()
    for batch in range(1 + r.randrange(12)):
        new = {f"p{round}-{batch}-{i}" for i in range(40)}
        file.write("".join(f"open,{id},A,1,2\n" for id in new).encode())
        assert ask(file, "!sync").startswith("!sync ")
        known |= new
    file.write("".join(f"open,late{round}-{i},A,1,2\n" for i in range(r.randrange(2000))).encode())
    try:
        file.flush()
    except OSError:
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
# Each of them is looked at, not only counted.
child = subprocess.Popen(["umm-watch", "--state=state", "--fields=id", "--keep"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
found = set()
while not known <= found:
    found.add(child.stdout.readline().decode().strip())
child.terminate()
child.stdout.read()
assert child.wait() == -signal.SIGTERM
END
}

@test "overdue looks come at once after a restart, by risk" {
    printf '%s\n' event,id,symbol,side,entry,take_profit,stop_loss,price open,calm,A,1,2,4,1, open,risky,B,1,2,4,1, \
        price,,B,,,,,1.2 open,reached,C,1,2,2,1, >live.csv
    ok umm-watch --state=s --levels=0:1ms --fields=id live.csv
    ok umm-watch --state=s --levels=0:1ms --fields=id,late_us --report=r.json <<<event,id
    [[ $(cut -d, -f1 <<<"$output") == $'reached\nrisky\ncalm' ]] || fail "$output"
    "$PY" -c 'import json
r = json.load(open("r.json"))
assert r["restored"] == 3 and r["open"] == 3, r'
}

@test "a write that was cut off is passed over, other damage is an error" {
    printf '%s\n' $HEADER open,1,p,A,1,2,4,1, >one.csv
    printf '%s\n' $HEADER open,5,q,A,1,2,4,1, >two.csv
    ok umm-watch --clock=input --state=s one.csv
    cp s first
    # A watch that is killed leaves what it wrote since its snapshot.
    mkfifo in
    umm-watch --clock=input --state=s in >/dev/null &
    pid=$!
    exec 7>in
    cat two.csv >&7
    wait_until $pid 'the event in the state' test "$(stat -c %s first)" -lt "$(stat -c %s s)"
    wait_until $pid 'the event in the state' bash -c "! cmp -s first s"
    kill -9 $pid
    wait $pid || true
    exec 7>&-
    cp s journal
    size=$(stat -c %s s) snapshot=$(stat -c %s first)
    [[ $size -gt $snapshot ]]
    for n in $(seq "$snapshot" 7 $((size - 1))); do
        head -c "$n" journal >s
        rm -f .s.lock
        ok umm-watch --clock=input --state=s --report=r.json <<<$HEADER
        "$PY" -c "import json
r = json.load(open('r.json'))
assert r['open'] == 1 and r['state_cut_bytes'] == $n - $snapshot, r"
    done
    # Room that a power cut left without its data; and a whole one.
    { cat first && head -c 100 /dev/zero; } >s
    ok umm-watch --clock=input --state=s <<<$HEADER
    cp journal s
    ok umm-watch --clock=input --state=s --report=r.json <<<$HEADER
    "$PY" -c "import json; assert json.load(open('r.json'))['open'] == 2"
    # A byte that changed, anywhere in the snapshot or its length.
    for at in 24 28 32 40 60 $((snapshot - 1)); do
        "$PY" -c "
b = bytearray(open('journal', 'rb').read())
b[$at] ^= 64
open('s', 'wb').write(b)"
        cp s damaged
        capture umm-watch --clock=input --state=s <<<$HEADER
        [[ $status == 1 && $stderr =~ ^'umm-watch: s: the state is damaged: '.*' in the block at byte '[0-9]+$ ]] || fail "$at: $status $stderr"
        cmp s damaged
    done
    head -c 30 first >s
    refuses 1 'umm-watch: s: the state is damaged: no end of the snapshot in the block at byte 24' \
        umm-watch --clock=input --state=s one.csv
}

@test "what is no state, or none for this watch, is refused and left alone" {
    printf '%s\n' $HEADER open,1,p,A,1,2,4,1, open,1,q,B,1,2,4,1, >in.csv
    ok umm-watch --clock=input --state=s in.csv
    cp s kept
    refuses 1 "umm-watch: s: the state's times are those of events, not of a clock" umm-watch --state=s in.csv
    refuses 1 'umm-watch: s: the state has more than may be watched: there are 1 open positions already' \
        umm-watch --clock=input --state=s --max-positions=1 in.csv
    cmp s kept
    ok umm-watch --state=live --fields=id in.csv
    refuses 1 "umm-watch: live: the state's times are those of a clock, not of events" \
        umm-watch --clock=input --state=live in.csv
    echo text >other
    refuses 1 'umm-watch: other: not a state of watched positions' umm-watch --clock=input --state=other in.csv
    [[ $(<other) == text ]]
    mkdir dir
    refuses 1 'umm-watch: dir: cannot write: Is a directory' umm-watch --clock=input --state=dir in.csv
    printf 'UMMWATCH\x01\x00\x01\x00\x04\x03\x02\x01\0\0\0\0\0\0\0\0' >newer
    refuses 1 'umm-watch: newer: the state is of version 1.1; this program knows 1.0' \
        umm-watch --clock=input --state=newer in.csv
    refuses 2 $'umm-watch: in.csv: is an input and an output at once\nTry \'umm-watch --help\'.' \
        umm-watch --clock=input --state=in.csv in.csv
}

@test "two watches never have one state" {
    mkfifo in
    umm-watch --clock=input --state=s in >out &
    pid=$!
    exec 7>in
    wait_until $pid 'the state' test -e s
    capture umm-watch --clock=input --state=s --lock=fail <<<$HEADER
    [[ $status == 1 && $stderr == 'umm-watch: s: '*'locked by '*"$pid"* ]] || fail "$status $stderr"
    capture umm-watch --clock=input --state=s --lock-timeout=1ms <<<$HEADER
    [[ $status == 1 ]] || fail "$status $stderr"
    exec 7>&-
    wait $pid
    ok umm-watch --clock=input --state=s --lock=fail <<<$HEADER
    no_leftovers
}

@test "a bad event, and a signal, leave the events before them in the state" {
    printf '%s\n' $HEADER open,1,p,A,1,2,4,1, open,2,q >bad.csv
    refuses 1 'umm-watch: bad.csv:3:1: 3 fields; the header has 9' umm-watch --clock=input --state=s bad.csv
    ok umm-watch --clock=input --state=s --sync --report=r.json <<<$HEADER
    "$PY" -c "import json; assert json.load(open('r.json'))['open'] == 1"
    mkfifo in
    umm-watch --keep --state=live in >out &
    pid=$!
    printf '%s\n' event,id,symbol,side,entry open,p,A,1,2 >in
    wait_until $pid 'a look' has_lines out 1
    kill -TERM $pid
    wait $pid || [[ $? == 143 ]]
    ok umm-watch --state=live --report=r.json <<<event,id
    "$PY" -c "import json; r = json.load(open('r.json')); assert r['restored'] == 1 and r['state_cut_bytes'] == 0, r"
}
