#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-watch: which looks come, when, and how they go out. Replays are exact; what happens by the
# clock of the machine is asked for by state.

load helper

HEADER=event,time,id,symbol,side,entry,take_profit,stop_loss,price

# events LINE...: a file events.csv with them.
events() {
    printf '%s\n' $HEADER "$@" >events.csv
}

# looks LINE...: the replay of events.csv must give exactly these.
looks() {
    ok umm-watch --clock=input events.csv
    [[ $output == "$(printf '%s\n' "$@")" ]] || fail "$output"
}

# day N: N events of a made-up day, by a seed, as events.csv.
day() {
    "$PY" - "$1" >events.csv <<'END'
import random, sys
r, t = random.Random(7), 1704067200000
print("event,time,id,symbol,side,entry,take_profit,stop_loss,price")
for i in range(int(sys.argv[1])):
    t += r.choice((0, 0, 1, 40, 100, 900))
    symbol, kind = f"S{r.randrange(5)}", r.random()
    if kind < 0.2:
        side = r.choice((1, -1))
        print(f"open,{t},p{r.randrange(60)},{symbol},{side},100,{100 + side * r.randrange(1, 9)},{100 - side * r.randrange(1, 9)},")
    elif kind < 0.9:
        print(f"price,{t},,{symbol},,,,,{100 + r.gauss(0, 3):.2f}")
    else:
        print(f"close,{t},p{r.randrange(60)},,,,,,")
END
}

# What a test that failed has left running.
teardown() {
    local left
    for left in $(jobs -p); do
        kill -9 "$left" 2>/dev/null || true
    done
}

@test "a price that jumps to the stop leads to a look at its time" {
    events open,1000,p,A,long,1.5,2,1, price,2500,,A,,,,,1.0 close,2600,p,,,,,,
    looks 1000,p,A,0,5000,0 2500,p,A,1,100,0
    # A short one, at its take profit.
    events open,1000,p,A,short,1.5,1,2, price,2500,,A,,,,,0.5
    looks 1000,p,A,0,5000,0 2500,p,A,1,100,0
}

@test "looks before a time come before its events, those at it after all of them" {
    events open,0,p,A,1,1.5,2,1, price,5000,,A,,,,,1.05 open,5000,q,A,1,1.5,2,1, price,5000,,A,,,,,1.25 \
        price,5600,,A,,,,,1.25
    looks 0,p,A,0,5000,0 5000,p,A,0.5,2000,0 5000,q,A,0.5,2000,0
    events open,0,p,A,1,1.5,2,1, price,1,,A,,,,,1.05 price,350,,A,,,,,1.5
    looks 0,p,A,0,5000,0 100,p,A,0.8999999999999999,100,0 200,p,A,0.8999999999999999,100,0 \
        300,p,A,0.8999999999999999,100,0
}

@test "entry at a barrier, a barrier on the wrong side, none, and no price so far" {
    events open,1,at,A,1,2,2,1, open,1,wrong,A,1,2,3,2.5, open,1,none,A,1,2,,, open,1,one,A,-1,2,1,, \
        open,1,far,A,1,2,4,1,
    looks 1,at,A,1,100,0 1,wrong,A,1,100,0 1,none,A,0,5000,0 1,one,A,0,5000,0 1,far,A,0,5000,0
    # Prices beyond a barrier; a price that was there before the position.
    events price,1,,A,,,,,9 open,2,far,A,1,2,4,1, price,3,,A,,,,,-9
    looks 2,far,A,1,100,0 3,far,A,1,100,0
}

@test "opened again, closed, closed again, and closed without having been there" {
    events open,1,p,A,1,2,4,1, open,2,p,B,1,2,4,1, close,3,p,,,,,, close,3,p,,,,,, close,3,q,,,,,, \
        open,3600003,r,A,1,2,4,1,
    ok umm-watch --clock=input --report=r.json events.csv
    [[ $output == $'1,p,A,0,5000,0\n2,p,B,0,5000,0\n3600003,p,B,0,3600000,0\n3600003,r,A,0,5000,0' ]] || fail "$output"
    "$PY" -c 'import json
r = json.load(open("r.json"))
assert (r["events"], r["opens"], r["replaced"], r["closes"], r["unknown_closes"]) == (6, 3, 1, 1, 2), r
assert (r["looks"], r["closed_looks"], r["open"], r["closed"]) == (4, 1, 1, 1), r'
    ok umm-watch --clock=input --closed=forget events.csv
    [[ $output == $'1,p,A,0,5000,0\n2,p,B,0,5000,0\n3600003,r,A,0,5000,0' ]] || fail "$output"
    ok umm-watch --clock=input --closed=1800s --fields=time_ms,id events.csv
    [[ $output == $'1,p\n2,p\n1800003,p\n3600003,p\n3600003,r' ]] || fail "$output"
}

@test "levels of one's own; fields in any order; names; ids in quotes" {
    events 'open,1,"a,""b",A,1,2,4,1,' price,1,,A,,,,,1.25 price,1500,,A,,,,,1.25
    ok umm-watch --clock=input --levels=0.7:400ms,0:1s --fields=risk,id --header events.csv
    [[ $output == $'risk,id\n0.75,"a,""b"\n0.75,"a,""b"\n0.75,"a,""b"\n0.75,"a,""b"' ]] || fail "$output"
    ok umm-watch --clock=input --levels=0:1s --fields=late_us,interval_ms,symbol,time_ms events.csv
    [[ $output == $'0,1000,A,1\n0,1000,A,1001' ]] || fail "$output"
}

@test "columns in any order, JSON lines and ISO times say the same" {
    printf '%s\n' price,stop_loss,event,side,id,time,symbol,entry,take_profit \
        ',1,open,long,"p,1",1704067200000,Aé,1.5,2' '1,,price,,,2024-01-01T00:00:01.5Z,Aé,,' >other.csv
    printf '%s\r\n\n' $HEADER 'open,2024-01-01,"p,1",Aé,1,1.5,2,1,' 'price,1704067201500,, Aé ,,,,,1' >first.csv
    # shellcheck disable=SC1003 # no quote is escaped
    printf '%s\n' '{"event": "open", "time": "2024-01-01T00:00:00Z", "id": "p,1", "symbol": "A\u00e9", "side": 1,' >object.json
    tr -d '\n' <object.json >events.json
    printf '%s\n' ' "entry": "1.5", "take_profit": 2e0, "stop_loss": 1, "price": null}' \
        '{"time":1704067201500,"price":1.0,"symbol":"Aé","event":"price","id":null,"entry":""}' >>events.json
    for file in first.csv other.csv events.json; do
        ok umm-watch --clock=input $file
        [[ $output == $'1704067200000,"p,1",Aé,0,5000,0\n1704067201500,"p,1",Aé,1,100,0' ]] || fail "$file: $output"
    done
    printf '%s\n' event,time,id,more 'close,1,p,what' >more.csv
    ok umm-watch --clock=input --unknown-columns=ignore more.csv
    printf '%s\n' '{"event":"close","time":1,"id":7,"more":"\ud83d\ude00","other":true}' >more.json
    ok umm-watch --clock=input --unknown-columns=ignore more.json
}

@test "a replay has the same bytes whatever pieces its input comes in" {
    day 3000
    ok umm-watch --clock=input events.csv
    cp "$BATS_FILE_TMPDIR/capture.out" whole
    has_lines whole 1000
    for size in 1 7 8191 65536; do
        "$PY" - $size <<'END' || fail "$size"
import subprocess, sys
with open("events.csv", "rb") as file, open("pieces", "wb") as out:
    child = subprocess.Popen(["umm-watch", "--clock=input"], stdin=subprocess.PIPE, stdout=out)
    text = file.read() if int(sys.argv[1]) > 1 else file.read()[:20000]
    text = text[:text.rindex(b"\n") + 1]
    for at in range(0, len(text), int(sys.argv[1])):
        child.stdin.write(text[at:at + int(sys.argv[1])])
        child.stdin.flush()
    child.stdin.close()
    assert child.wait() == 0
END
        cmp -n "$(stat -c %s pieces)" pieces whole
    done
    cmp pieces whole
}

@test "batches for a command: their size, their order, one at a time" {
    day 400
    ok umm-watch --clock=input --fields=time_ms,id events.csv
    cp "$BATS_FILE_TMPDIR/capture.out" whole
    # One after the other, so that what they say is in order; with a delay, full but for the last.
    # shellcheck disable=SC2016 # the command's
    ok umm-watch --clock=input --fields=time_ms,id --batch-size=50 --max-delay=1h events.csv -- \
        sh -c 'cat; echo end'
    grep -v end "$BATS_FILE_TMPDIR/capture.out" | cmp - whole
    awk '/end/ { if (n != 50) short++; n = 0; next } { n++ } END { exit short > 1 }' "$BATS_FILE_TMPDIR/capture.out"
    # Without one, no batch waits for a later time.
    # shellcheck disable=SC2016 # the command's
    ok umm-watch --clock=input --fields=time_ms events.csv -- sh -c 'sort -u | wc -l'
    [[ $(sort -u <<<"$output") == 1 ]] || fail "$output"
    # What does not read its input is none the worse for it; the environment is ours.
    ok umm-watch --clock=input --batch-size=1000 --max-delay=1d events.csv -- sh -c 'echo $$ >>pids'
}

@test "a command that fails, that cannot be run, and that is not there" {
    events open,1,p,A,1,2,4,1, open,9,q,A,1,2,4,1,
    refuses 1 $'umm-watch: false: ended with exit code 1\numm-watch: false: ended with exit code 1' \
        umm-watch --clock=input events.csv -- false
    # shellcheck disable=SC2016 # the command's
    refuses 1 'umm-watch: sh: ended by signal 9' \
        umm-watch --clock=input --max-delay=1s --report=r.json events.csv -- sh -c 'kill -9 $$'
    "$PY" -c 'import json
r = json.load(open("r.json"))
assert (r["commands"], r["failed_commands"]) == (1, 1), r'
    refuses 127 'umm-watch: ./none: cannot run: No such file or directory' umm-watch --clock=input events.csv -- ./none
    refuses 126 'umm-watch: /: cannot run: Permission denied' umm-watch events.csv -- /
}

@test "by the clock of the machine: what is due at the end comes, and no more" {
    printf '%s\n' event,id,symbol,side,entry,take_profit,stop_loss,price open,p,A,1,2,4,1, open,q,B,1,2,4,1, \
        price,,B,,,,,1 close,p,,,,,, >live.csv
    local begin=${EPOCHREALTIME/./} end
    ok umm-watch live.csv
    end=${EPOCHREALTIME/./}
    [[ $output =~ ^([0-9]+),q,B,1,100,[0-9]+$ ]] || fail "$output"
    ((BASH_REMATCH[1] >= begin / 1000 && BASH_REMATCH[1] <= end / 1000)) || fail "$output"
    ok bash -c 'umm-watch --fields=id,risk <live.csv | cat'
    [[ $output == q,1 ]] || fail "$output"
    ok umm-watch --fields=id live.csv -- cat
    [[ $output == q ]] || fail "$output"
    # The times of events say nothing here, whatever they are.
    printf '%s\n' event,time,id,symbol,side,entry open,later,p,A,1,2 >timed.csv
    ok umm-watch --fields=id timed.csv
    [[ $output == p ]] || fail "$output"
}

@test "a watch that is kept goes on with looks until a signal comes, and ends by it" {
    mkfifo in
    umm-watch --keep --fields=id,interval_ms --report=r.json in >out &
    pid=$!
    exec 7>in
    printf '%s\n' event,id,symbol,side,entry,take_profit,stop_loss,price open,p,A,1,2,4,1, >&7
    wait_until $pid 'a look' has_lines out 1
    printf '%s\n' price,,A,,,,,1 >&7
    exec 7>&-
    wait_until $pid 'more looks' has_lines out 4
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    [[ $status == 143 ]] || fail "$status"
    [[ $(sort out | uniq) == $'p,100\np,5000' ]] || fail "$(<out)"
    "$PY" -c 'import json
r = json.load(open("r.json"))
assert r["looks"] >= 4 and r["events"] == 2 and r["open"] == 1, r'
}

@test "a file that grows is followed, and one that is cut short is an error" {
    printf '%s\n' event,id,symbol,side,entry open,p,A,1,2 >grows.csv
    umm-watch --follow --fields=id grows.csv >out 2>err &
    pid=$!
    wait_until $pid 'a look' has_lines out 1
    printf 'open,q,A' >>grows.csv
    printf ',1,2\nopen,r,A,1,2\n' >>grows.csv
    wait_until $pid 'the looks that were added' has_lines out 3
    [[ $(<out) == $'p\nq\nr' ]] || fail "$(<out)"
    : >grows.csv
    status=0
    wait $pid || status=$?
    [[ $status == 1 && $(<err) == 'umm-watch: grows.csv: the file was cut short while it was followed' ]] || fail "$(<err)"
    # Nor is one waited for that has gone, to which nothing is added any more.
    for how in removed replaced; do
        printf '%s\n' event,id,symbol,side,entry open,p,A,1,2 >gone.csv
        umm-watch --follow --fields=id gone.csv >out 2>err &
        pid=$!
        wait_until $pid 'a look' has_lines out 1
        if [[ $how == removed ]]; then rm gone.csv; else cp gone.csv new.csv && mv new.csv gone.csv; fi
        status=0
        wait $pid || status=$?
        [[ $status == 1 && $(<err) == "umm-watch: gone.csv: the file was $how while it was followed" ]] || fail "$(<err)"
    done
    mkfifo pipe
    refuses 1 'umm-watch: pipe: is not a regular file: only one can be followed' umm-watch --follow pipe
}

@test "what a file brings within a turn is not late by an age" {
    # Each piece that is read at once has one open; the clock goes on while it is read.
    "$PY" -c 'with open("big.csv", "w") as f:
    f.write("event,id,symbol,side,entry\n")
    for i in range(200):
        f.write(f"open,{i},A,1,2\n" + (" " * 8000 + "\n") * 33)'
    umm-watch --follow --fields=late_us big.csv >out 2>err &
    pid=$!
    wait_until $pid 'all looks' has_lines out 200
    kill -TERM $pid
    wait $pid || true
    [[ ! -s err && $(sort -n out | tail -n 1) -lt 60000000 ]] || fail "$(sort -n out | tail -n 1)"
    rm big.csv
}

@test "a reader that stops holds up looks, not events, and no memory grows" {
    "$PY" - <<'END' || fail 'see above'
import json, os, subprocess, waiting
reader, writer = os.pipe()
child = subprocess.Popen(["umm-watch", "--listen=unix:s", "--levels=0.5:2ms,0:5s", "--fields=id,risk"], stdout=writer)
os.close(writer)
file = waiting.connect("s", child).makefile("rwb")
def ask(text):
    file.write(text.encode() + b"\n")
    file.flush()
    return file.readline().decode().strip()
def stats():
    return json.loads(ask("!stats"))
file.write(b"event,id,symbol,side,entry,take_profit,stop_loss,price\nprice,,A,,,,,10\n")
for i in range(3000):  # their risk is 0.75
    file.write(f"open,p{i},A,1,11.2,50,9.6,\n".encode())
assert ask("!sync") == "!sync 3001"
def is_held_up():
    then = now = stats()
    while now["polled_looks"] < then["polled_looks"] + 300:  # of 3000 positions: 0.1 s of its time
        now = stats()
    return now["overloads"] > 0 and now["looks"] == then["looks"]
waiting.wait_until(is_held_up, "the reader to be waited for", child)
# Nobody reads: no more looks are done, however long; events go on to be taken.
before = stats()["looks"]
assert ask("open,urgent,B,1,9,20,9,\n!sync") == "!sync 3002"
assert stats()["looks"] == before and stats()["open"] == 3001
rss = int(open(f"/proc/{child.pid}/statm").read().split()[1])
assert ask("open,other,B,1,9,20,1,\n!sync") == "!sync 3003"
# With room again the one at its barrier comes first, after what was given out before.
held = b""
while b"urgent" not in held:
    held += os.read(reader, 65536)
lines = held.decode().split("\n")
first = next(i for i, line in enumerate(lines) if line.startswith("urgent"))
assert first == before, (first, before)
waiting.wait_until(lambda: os.read(reader, 1 << 20) and stats()["skipped_looks"] > 3000, "skipped looks", child)
assert int(open(f"/proc/{child.pid}/statm").read().split()[1]) < rss + 256
child.terminate()
while os.read(reader, 1 << 20):
    pass
assert child.wait() == -15
assert not os.path.exists("s")
END
}

@test "connections: each its own header, its own answers; bad lines are nobody else's" {
    "$PY" - <<'END' || fail 'see above'
import os, subprocess, waiting
with open("out", "wb") as out:
    child = subprocess.Popen(["umm-watch", "--listen=unix:s", "--socket-mode=660", "--fields=id"], stdout=out)
def connect():
    return waiting.connect("s", child).makefile("rwb")
clients = [connect() for _ in range(20)]
assert os.stat("s").st_mode & 0o777 == 0o660
for i, client in enumerate(clients):
    if i % 2:
        client.write(b"symbol,event,id,entry,side\n" + b"".join(f"A,open,c{i}-{k},{k + 1},1\n".encode() for k in range(50)))
    else:
        client.write(b"".join(f'{{"event":"open","symbol":"A","id":"c{i}-{k}","entry":{k + 1},"side":"long"}}\n'.encode() for k in range(50)))
    client.write(b"!sync\n")
    client.flush()
for client in clients:
    assert client.readline() == b"!sync 50\n"
bad, good = clients[1], clients[3]
bad.write(b"A,open,x,none,1\nA,open\nA,open,,1,1\nA,open,x,1,buy\nA,sell,x,1,1\n!what\n,price,,,\n,open,x,1,1\n\"A,open,x,1,1\n" + b"y" * 20000 + b"\n!sync\n")
bad.flush()
good.write(b"A,open,good,1,1\n!sync\n")
good.flush()
wanted = ['!entry 53 entry is not a number: "none"', '!line 54 2 fields; the header has 5', '!id 55 id is missing',
          '!side 56 side is not long, short, 1 or -1: "buy"', '!event 57 event is not open, price or close: "sell"',
          '!command not one that is known: "!what"', '!symbol 59 symbol is missing',
          '!symbol 60 symbol is missing',
          '!line 61 not a record: a quote has no end: "\\"A,open,x,1,1"', '!line 62 the line is too long']
found = sorted(bad.readline().decode().rstrip("\n") for _ in range(len(wanted) + 1))
assert found == sorted(wanted + ["!sync 50"]), found
assert good.readline() == b"!sync 51\n"
lost = connect()
lost.write(b"event,stoploss\nopen,1\n")
lost.flush()
assert lost.read() == b'!header 1 the header has a column that no event has: "stoploss"; did you mean stop_loss?\n'
half = connect()
half.write(b"event,id,symbol,side,entry\nopen,half,A,1,12")
half.close()
waiting.wait_until(lambda: os.path.getsize("out") and open("out").read().count("\n") >= 1001, "the looks", child)
child.terminate()
assert child.wait() == -15
assert set(open("out").read().split()) == {f"c{i}-{k}" for i in range(20) for k in range(50)} | {"good"}
END
}

@test "answers do not pile up for a connection that does not read them" {
    "$PY" - <<'END' || fail 'see above'
import os, signal, socket, subprocess, waiting
child = subprocess.Popen(["umm-watch", "--listen=unix:s"], stdout=subprocess.DEVNULL)
client = waiting.connect("s", child)
def kib():
    return int(open(f"/proc/{child.pid}/status").read().split("VmRSS:")[1].split()[0])
client.sendall(b"event,id,symbol,side,entry\r\n!sync\r\n")
file = client.makefile("rb")
assert file.readline() == b"!sync 0\n"
before = kib()
child.send_signal(signal.SIGSTOP)
client.sendall(b"!stats\n" * 9000 + b"open,p,A,1,2\n!sync\n")
child.send_signal(signal.SIGCONT)
waiting.wait_until(lambda: waiting.is_asleep(child) and kib() > before, "answers to wait", child)
# A sanitizer keeps what was freed.
assert "UMM_SAN" in os.environ or kib() - before < 3000, (before, kib())
client.shutdown(socket.SHUT_WR)
lines = file.read().splitlines()
assert len(lines) == 9001 and lines.count(b"!sync 1") == 1, lines[-1]
child.terminate()
assert child.wait() == -15
END
}

@test "each !sync has its answer, also of several that come together" {
    "$PY" - <<'END' || fail 'see above'
import socket, subprocess, waiting
child = subprocess.Popen(["umm-watch", "--listen=unix:s"], stdout=subprocess.DEVNULL)
asks = waiting.connect("s", child)
asks.sendall(b"!sync\nevent,symbol,price\nprice,A,1\n!sync\n!sync\n")
asks.shutdown(socket.SHUT_WR)
answers = asks.makefile("rb").read()
child.terminate()
assert child.wait() == -15
assert answers == b"!sync 1\n" * 3, answers
END
}

@test "an id that begins as a command does is in quotes, and no command to umm-predict" {
    events 'open,1,"!stats",A,1,2,3,1,' 'open,1,"!a,""b",A,1,2,3,1,'
    ok umm-watch --clock=input --fields=id events.csv
    [[ $output == $'"!stats"\n"!a,""b"' ]] || fail "$output"
}

@test "metrics, and the figures in a line" {
    events open,1000,p,A,long,1.5,2,1, price,2500,,A,,,,,1.0 close,2600,p,,,,,,
    ok umm-watch --clock=input --metrics=m.prom events.csv
    grep -q '^umm_watch_looks{tool="umm-watch",output=.*} 2$' m.prom
    grep -q '^umm_watch_level_looks{.*above="0.8".*} 1$' m.prom
    capture umm-watch --clock=input -v events.csv
    [[ $stderr =~ ^'umm-watch: 3 events, 2 looks, '.*'; 0 open, 1 closed; '[0-9.]+' s'$ ]] || fail "$stderr"
    # At a barrier there are more looks than one a second.
    events open,0,p,A,1,1.5,2,1, price,0,,A,,,,,2 price,10000,,A,,,,,2
    capture umm-watch --clock=input -v events.csv
    [[ $stderr == *', 101 looks, 910.0 % more than one a second; '* ]] || fail "$stderr"
}
