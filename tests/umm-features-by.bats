#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-features --by: rows of many symbols, mixed, give each the results it has alone.

load helper

# mix FIRST LAST: bars FIRST to LAST of all symbols, one after the other
mix() {
    "$PY" - "$@" <<'EOF'
import csv, sys
first, last = int(sys.argv[1]), int(sys.argv[2])
out = csv.writer(sys.stdout, lineterminator='\n')
files = {s: list(csv.reader(open(f'{i}.csv'))) for i, s in enumerate(['BTC', 'ETH', 'A/B', 'x,y'])}
out.writerow(['symbol'] + files['BTC'][0])
for n in range(first, last + 1):
    for symbol, rows in files.items():
        out.writerow([symbol] + rows[n])
EOF
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    for i in {0..3}; do
        umm-synth --symbol="S$i" --rows=50 >"$i.csv"
    done
    mix 1 50 >mixed.csv
}

# alone FILE: what each symbol has in FILE is what it has alone
alone() {
    ok "$PY" - "$1" <<'EOF'
import csv, subprocess, sys
rows = list(csv.reader(open(sys.argv[1])))
assert rows[0][:2] == ['symbol', 'timestamp'], rows[0]
for i, symbol in enumerate(['BTC', 'ETH', 'A/B', 'x,y']):
    alone = subprocess.run(['umm-features', '-f', 'ema:5,rsi:3,macd:3:6:2', f'{i}.csv'], capture_output=True, text=True)
    want = [line.split(',') for line in alone.stdout.splitlines()[1:]]
    got = [r[1:] for r in rows if r[0] == symbol]
    assert got == want, (symbol, len(got), len(want))
EOF
}

@test "each symbol has the results it has alone" {
    ok bash -c 'umm-features -f ema:5,rsi:3,macd:3:6:2 --by=symbol -o out.csv mixed.csv'
    alone out.csv
    ok bash -c 'cat mixed.csv | umm-features -f ema:5,rsi:3,macd:3:6:2 --by=symbol --follow >out.csv'
    alone out.csv
    capture umm-features -f ema --by=symbol --json -o out.csv mixed.csv
    [[ $output == *'"rows_new": 200'* && $output == *'"symbols": 4'* ]]
    no_leftovers
}

@test "mixed rows that do not come are nothing new" {
    mkdir states
    local tool=(umm-features -f "ema:5,rsi:3" --by=symbol --state-root=states)
    ok "${tool[@]}" -o out.csv mixed.csv
    cp -r states kept
    ok "${tool[@]}" -o out.csv <(head -n 1 mixed.csv)
    [[ $(<out.csv) == symbol,timestamp,ema_5,rsi_3 ]]
    diff -r kept states
}

@test "states of symbols go on, also after a signal" {
    mkdir states
    local features="umm-features -f ema:5,rsi:3,macd:3:6:2 --by=symbol --state-root=states"
    mix 1 20 >a.csv
    mix 21 50 >b.csv
    ok bash -c "$features <a.csv >out.csv"
    [[ -f states/BTC.state && -f states/A%2FB.state && $(find states -type f | wc -l) -eq 4 ]]
    ok bash -c "$features --checkpoint=7 <b.csv | tail -n +2 >>out.csv"
    alone out.csv
    rm states/*
    mkfifo in
    $features in >out.csv 3>&- &
    local pid=$! code=0
    wait_until $pid 'the pipe to be opened' has_open $pid in
    exec 4>in
    cat a.csv >&4
    wait_until $pid 'a line for every row' has_lines out.csv 81
    kill -TERM $pid
    wait $pid || code=$?
    exec 4>&-
    [[ $code -eq 143 ]]
    ok bash -c "$features <b.csv | tail -n +2 >>out.csv"
    alone out.csv
    ok umm-features -f ema:5,rsi:3,macd:3:6:2 --verify --state=states/ETH.state 1.csv
    no_leftovers
}

@test "states change all together: killed at any step, the next run has every line or every state" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    local call n was_complete complete=0 none=0 half=$BATS_FILE_TMPDIR/half
    local features=(umm-features -f sma:2 --by=symbol --follow --state-root=states -o out.csv mixed.csv)
    # killed CALL N: false if there was no such call. A sanitizer's leak check does not work under strace.
    killed() {
        capture strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log -e trace="$1" \
            -e inject="$1:signal=KILL:when=$2" "${features[@]}" 2>/dev/null
        [[ $status -ne 0 ]]
    }
    mkdir states
    ok "${features[@]}"
    mv out.csv want.csv
    mv states want
    for call in openat renameat rename mkdir fsync fchmod unlinkat rmdir; do
        for ((n = 1; ; n++)); do
            rm -rf states out.csv
            mkdir states
            killed "$call" "$n" || break
            was_complete=false
            [[ ! -e out.csv ]] || { cmp out.csv want.csv && was_complete=true; }
            [[ ! -d states/.symbols.changes || -d $half ]] || cp -a states "$half"
            ok "${features[@]}"
            if cmp -s out.csv want.csv; then
                ((++complete))
            else
                [[ $was_complete == true && $(wc -l <out.csv) -eq 1 ]] || fail "killed at $call $n"
                ((++none))
            fi
            diff -r states want
            no_leftovers
        done
    done
    ((complete > 20 && none > 5)) || fail "$complete, $none"
    # The next run is killed, too, while it finishes what that one began.
    for call in renameat fsync rmdir; do
        for n in {1..4}; do
            rm -rf states
            cp -a "$half" states
            killed "$call" "$n" || continue
            ok "${features[@]}"
            diff -r states want
            no_leftovers
        done
    done
}

@test "states that cannot be written leave the output as it is" {
    local name
    mkdir states
    mkfifo rows
    ok umm-features -f sma:2 --by=symbol --state-root=states -o out.csv mixed.csv
    cp out.csv before.csv
    cp -a states before
    ln -sf ../elsewhere/ETH.state states/ETH.state
    refuses 2 "umm-features: states/ETH.state: is a symbolic link out of its directory; name its target (or - for standard output)
Try 'umm-features --help'." \
        umm-features --rebuild -f sma:3 --by=symbol --state-root=states -o out.csv mixed.csv
    cmp out.csv before.csv
    cmp states/BTC.state before/BTC.state
    rm states/ETH.state
    # What another user made is told before a row is waited for.
    for name in .symbols.changes .symbols.umm-next; do
        mkdir states/$name
        chown 12345 states/$name 2>/dev/null || skip 'no owner can be given'
        refuses 1 "umm-features: states/$name: belongs to another user (uid 12345)" \
            timeout 120 umm-features -f sma:3 --by=symbol --state-root=states -o out.csv rows
        rmdir states/$name
    done
    cmp out.csv before.csv
}

@test "states or an output that a signal's run cannot save are an error" {
    # ends CODE TEXT FILE OPTION...: a signal, when all lines are in FILE, and the states cannot
    # change: what is not ours is in the way
    ends() {
        local want=$1 text=$2 file=$3 code=0
        shift 3
        mkdir states
        umm-features -f ema:5 --by=symbol "$@" in >shown 2>err 3>&- &
        local pid=$!
        wait_until $pid 'the pipe to be opened' has_open $pid in
        exec 4>in
        cat mixed.csv >&4
        wait_until $pid 'a line for every row' has_lines "$file" 201
        mkdir -p states/.symbols.umm-next/mine
        kill -TERM $pid
        wait $pid || code=$?
        exec 4>&-
        [[ $code -eq $want && $(<err) == "$text" ]] || fail "$code $(<err)"
        rm -r states
    }
    local text='umm-features: states/.symbols.umm-next: cannot remove: Directory not empty'
    mkfifo in
    ends 143 '' shown --
    ends 1 "$text" shown --state-root=states
    ends 1 "$text" .out.csv.umm-0 --state-root=states -o out.csv
    [[ ! -e out.csv ]]
    no_leftovers
}

@test "a state does not take the place of the output" {
    mkdir states
    local name features=(umm-features -f sma:2 --by=symbol --state-root=states)
    for name in states/ETH.state states/./A%2FB.state; do
        refuses 1 "umm-features: states/${name##*/}: is the output and a state at once" \
            "${features[@]}" --format=csv -o "$name" mixed.csv
    done
    ln -s lines.csv states/ETH.state
    refuses 1 'umm-features: states/ETH.state: is the output and a state at once' \
        "${features[@]}" -o states/lines.csv mixed.csv
    rm states/ETH.state
    [[ -z $(ls -A states) ]]
    # Lines behind a state would go with the next one.
    ok "${features[@]}" -o states/lines.csv mixed.csv
    cp -a states before
    capture bash -c '"$@" >>states/ETH.state' - "${features[@]}" mixed.csv
    [[ $status -eq 1 && $stderr == 'umm-features: states/ETH.state: is the output and a state at once' ]]
    # Nor does a report take that of a state.
    refuses 1 'umm-features: states/ETH.state: is no text, but data: a report does not take its place' \
        "${features[@]}" --report=states/ETH.state -o out.csv mixed.csv
    diff -r states before
    no_leftovers
}

@test "a lock that is asked for is that of the output, too" {
    mkdir states
    exec 9>.out.csv.lock
    flock 9
    local features=(umm-features -f sma:2 --by=symbol mixed.csv) states
    for states in '' --state-root=states; do
        refuses 1 'umm-features: out.csv: is locked by another process' \
            "${features[@]}" $states --lock=fail -o out.csv
    done
    "${features[@]}" --lock -o out.csv 9>&- 3>&- &
    local pid=$! code=0
    wait_until $pid 'the lock to be waited for' waits_with $pid .out.csv.lock
    kill -TERM $pid
    wait $pid || code=$?
    [[ $code -eq 143 && ! -e out.csv && -z $(ls -A states) ]]
    ok "${features[@]}" -o out.csv
    ok bash -c '"$@" >out.csv' - "${features[@]}" --lock=fail
    exec 9>&-
    ok "${features[@]}" --lock=fail -o out.csv
    ok "${features[@]}" --lock --state-root=states -o out.csv
    # This one has the lock of the states.
    ok timeout 120 "${features[@]}" --lock --state-root=states --format=csv -o states/symbols
    no_leftovers
}

@test "lines that a signal lost in a full pipe come again" {
    mkdir states
    cat >stall.py <<'EOF'
import fcntl, os, signal, subprocess
from waiting import bytes_in, is_asleep, wait_until
command = ["umm-features", "-f", "mom:1", "--by=symbol", "--state-root=states", "--follow", "-"]
want = {tuple(line.split(",")[:2]) for line in open("long.csv").read().splitlines()[1:]}
def lines(text):
    return {tuple(line.split(",")[:2]) for line in text.splitlines()[1:] if line.count(",") == 2}
# Too small for all lines, before the first of them comes.
reader, writer = os.pipe()
fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
with open("long.csv") as rows:
    run = subprocess.Popen(command, stdin=rows, stdout=writer)
os.close(writer)
some = os.read(reader, 1000)
# Its input is a file: what it waits for with lines in the pipe is room.
wait_until(lambda: bytes_in(reader) > 0 and is_asleep(run), "a full pipe", run)
run.send_signal(signal.SIGTERM)
assert run.wait(120) == -signal.SIGTERM, run.returncode
with open(reader, "rb") as rest:
    got = lines((some + rest.read()).decode())
assert got < want, len(got)
with open("long.csv") as rows:
    got |= lines(subprocess.run(command, stdin=rows, stdout=subprocess.PIPE, check=True, text=True).stdout)
assert got == want, len(want - got)
EOF
    (head -n 1 mixed.csv && for i in 0 1 2; do
        umm-synth --symbol="S$i" --rows=3000 | tail -n +2 | sed "s/^/S$i,/"
    done) >long.csv
    ok "$PY" stall.py
    no_leftovers
}

@test "a signal ends a run whose lines nobody reads, and its states know of none of them" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    [[ -z ${UMM_EMULATED-} ]] || skip "system calls are the emulator's"
    cat >unread.py <<'EOF'
import os, signal, subprocess
# The signal comes while lines wait, at the state of a symbol; strace ends as its program does.
# A sanitizer's leak check does not work under it.
command = ["strace", "-qq", "-E", f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0",
           "-o", "log", "-P", "states/S50.state", "-e", "trace=%file",
           "-e", "inject=%file:signal=TERM:when=1",
           "umm-features", "-f", "ema:2", "--by=symbol", "--state-root=states", "in.csv"]
def what_goes_out(is_full):
    ends = os.pipe()
    os.set_blocking(ends[1], False)
    while is_full:
        try:
            os.write(ends[1], b"." * 4096)
        except BlockingIOError:
            break
    os.set_blocking(ends[1], True)
    child = subprocess.Popen(command, stdout=ends[1], start_new_session=True)
    os.close(ends[1])
    try:
        code = child.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        raise
    assert code == -signal.SIGTERM, code
    with open(ends[0]) as reader:
        return reader.read().strip(".").splitlines()
assert what_goes_out(True) == [] and os.listdir("states") == []
symbols = [line.split(",")[0] for line in what_goes_out(False)]
assert symbols[0] == "symbol" and len(symbols) > 40, symbols
assert {symbol + ".state" for symbol in symbols[1:]} == set(os.listdir("states"))
EOF
    mkdir states
    (echo symbol,timestamp,open,high,low,close,volume && for i in {1..300}; do
        echo "S$i,1600000000000,1,2,1,2,3"
    done) >in.csv
    ok "$PY" unread.py
}

@test "what goes wrong is said with its symbol" {
    mkdir named
    (head -n 2 mixed.csv && sed -n '3s/^[^,]*/two\x01words/p' mixed.csv) >control.csv
    refuses 1 'umm-features: control.csv:3:1: a symbol has no control characters: "two\x01words"' \
        umm-features -f ema --by=symbol --state-root=named -o out.csv control.csv
    (cat mixed.csv && sed -n 3p mixed.csv) >back.csv
    refuses 1 'umm-features: back.csv: ETH: row 50: the time 2020-01-01T00:00:00Z is before 2020-01-01T00:49:00Z of the row before' \
        umm-features -f ema --by=symbol -o out.csv back.csv
    sed '7s/^ETH//' mixed.csv >none.csv
    refuses 1 'umm-features: none.csv:7:1: a row without a symbol' \
        umm-features -f ema --by=symbol -o out.csv none.csv
    capture umm-features -f ema --by=ticker -o out.csv mixed.csv
    [[ $status -eq 1 && $stderr == "umm-features: mixed.csv: no field for 'ticker' among \"symbol\", "* ]] || fail "$stderr"
    refuses 2 $'umm-features: --by writes CSV; its states are those of --state-root\nTry \'umm-features --help\'.' \
        umm-features -f ema --by=symbol -o out.npy mixed.csv
    refuses 1 'umm-features: states: cannot open the directory: No such file or directory' \
        umm-features -f ema --by=symbol --state-root=states -o out.csv mixed.csv
    [[ ! -e out.csv ]]
    no_leftovers
}
