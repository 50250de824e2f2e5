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
    local pid=$! code=0 i
    exec 4>in
    cat a.csv >&4
    for i in {1..100}; do
        [[ $(wc -l <out.csv) -lt 81 ]] || break
        sleep 0.05
    done
    kill -TERM $pid
    wait $pid || code=$?
    exec 4>&-
    [[ $code -eq 143 && $i -lt 100 ]]
    ok bash -c "$features <b.csv | tail -n +2 >>out.csv"
    alone out.csv
    ok umm-features -f ema:5,rsi:3,macd:3:6:2 --verify --state=states/ETH.state 1.csv
    no_leftovers
}

@test "lines that a signal lost in a full pipe come again" {
    mkdir states
    cat >stall.py <<'EOF'
import fcntl, os, signal, subprocess, time
command = ["umm-features", "-f", "mom:1", "--by=symbol", "--state-root=states", "--follow", "-"]
want = {tuple(line.split(",")[:2]) for line in open("long.csv").read().splitlines()[1:]}
def lines(text):
    return {tuple(line.split(",")[:2]) for line in text.splitlines()[1:] if line.count(",") == 2}
with open("long.csv") as rows:
    run = subprocess.Popen(command, stdin=rows, stdout=subprocess.PIPE)
fcntl.fcntl(run.stdout.fileno(), 1031, 4096)  # F_SETPIPE_SZ
some = os.read(run.stdout.fileno(), 1000)
full = 0
for _ in range(300):
    time.sleep(0.1)
    full = full + 1 if open(f"/proc/{run.pid}/stat").read().split()[2] == "S" else 0
    if full == 3:
        break
assert full == 3
run.send_signal(signal.SIGTERM)
time.sleep(0.3)
got = lines((some + run.stdout.read()).decode())
assert run.wait() == -signal.SIGTERM and got < want, (run.returncode, len(got))
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
