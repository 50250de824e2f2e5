#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-features: what it writes, compared with NumPy and with TA-Lib's own output.

load helper

py() {
    ok "$PY" -c "import numpy as np
$1" || fail "$output"
}

bars() {
    umm-synth --rows="${1:-200}" >a.csv
    umm-convert -o a.npy a.csv
}

@test "an array with names, which NumPy computes as well" {
    bars
    ok umm-features -f sma:5,ema:4,mom:3,max:6,trange -o out.npy a.npy
    [[ -z $output ]]
    py "
a, b = np.load('a.npy'), np.load('out.npy', mmap_mode='r')
assert b.dtype.names == ('timestamp', 'sma_5', 'ema_4', 'mom_3', 'max_6', 'trange'), b.dtype
assert b.dtype['timestamp'] == 'M8[ms]' and len(b) == 200
assert (b['timestamp'].astype('i8') == a[:, 0]).all()
close, high, low = a[:, 4], a[:, 2], a[:, 3]
sma = np.convolve(close, np.ones(5) / 5, 'valid')
assert np.isnan(b['sma_5'][:4]).all() and np.allclose(b['sma_5'][4:], sma, rtol=1e-13)
ema = close[:4].mean()
for t in range(4, 200):
    assert abs(b['ema_4'][t - 1] / ema - 1) < 1e-13
    ema += (close[t] - ema) * 2 / 5
assert (b['mom_3'][3:] == close[3:] - close[:-3]).all() and np.isnan(b['mom_3'][:3]).all()
assert all(b['max_6'][t] == high[t - 5:t + 1].max() for t in range(5, 200))
tr = np.maximum(high, np.r_[0, close[:-1]]) - np.minimum(low, np.r_[1e9, close[:-1]])
assert np.allclose(b['trange'][1:], tr[1:], rtol=0, atol=1e-9) and np.isnan(b['trange'][0])
nan = b['trange'][:1].view('u8')[0]
assert nan == 0x7ff8000000000000, hex(nan)"
    no_leftovers
}

@test "a plain matrix, CSV, raw rows and an array in a pipe hold the same" {
    bars
    ok umm-features -f ema:4,atr -o out.npy a.npy
    ok umm-features -f ema:4,atr --plain -o plain.npy a.npy
    ok umm-features -f ema:4,atr -o out.csv a.npy
    ok umm-features -f ema:4,atr --format=raw -o out.raw a.npy
    ok bash -c 'umm-features -f ema:4,atr --format=npy a.npy >pipe.npy'
    ok bash -c 'umm-features -f ema:4,atr --format=npy a.npy | cat >piped.npy'
    cmp out.npy pipe.npy
    cmp out.npy piped.npy
    cmp <(tail -c $((200 * 24)) out.npy) out.raw
    py "
a, p = np.load('out.npy'), np.load('plain.npy')
assert p.dtype == '<f8' and p.shape == (200, 3)
assert (p[:, 0] == a['timestamp'].astype('i8')).all()
assert (p[:, 1:].copy().view('u8') == np.stack([a['ema_4'], a['atr_14']], 1).view('u8')).all()
c = np.genfromtxt('out.csv', delimiter=',', names=True)
assert c.dtype.names == a.dtype.names
assert all(np.array_equal(c[n], a[n].astype('f8'), equal_nan=True) for n in c.dtype.names)"
    ok bash -c 'umm-features -f ema:4,atr a.npy | cmp - out.csv'
}

# through_socket FILE CMD...: CMD with a socket as its standard input, which FILE comes through.
through_socket() {
    "$PY" -c '
import socket, subprocess, sys, threading
data, ends = open(sys.argv[1], "rb").read(), socket.socketpair()
def feed():
    for part in data[:1], data[1:100], data[100:]:
        ends[0].sendall(part)
    ends[0].shutdown(socket.SHUT_WR)
child = subprocess.Popen(sys.argv[2:], stdin=ends[1])
ends[1].close()
threading.Thread(target=feed, daemon=True).start()
sys.exit(child.wait())' "$@"
}

@test "a socket as standard input" {
    bars 5000
    zstd -q a.csv
    ok umm-features -f ema:4,atr -o out.npy a.npy
    for input in a.npy a.csv a.csv.zst; do
        ok through_socket "$input" umm-features -f ema:4,atr -o socket.npy
        cmp out.npy socket.npy
    done
    : >empty
    refuses 1 'umm-features: <stdin>: empty input' through_socket empty umm-features -f ema:4
    # A wait for its first byte can be ended.
    ok "$PY" -c '
import signal, socket, subprocess, waiting
ends = socket.socketpair()
child = subprocess.Popen(["umm-features", "-f", "ema:4", "-o", "none.npy"], stdin=ends[1])
waiting.wait_until(lambda: waiting.is_asleep(child), "a wait for input", child)
child.terminate()
assert child.wait(120) == -signal.SIGTERM, child.returncode'
    [[ ! -e none.npy ]]
    no_leftovers
}

@test "text, compressed text, pipes and records of any unit give the same bits" {
    bars
    zstd -q a.csv
    umm-convert --struct -o struct.npy a.csv
    umm-convert --struct --time-unit=ns -o ns.npy a.csv
    ok umm-features -f rsi,vwap,obv -o want.npy a.npy
    for input in a.csv a.csv.zst struct.npy; do
        ok umm-features -f rsi,vwap,obv -o out.npy $input
        cmp out.npy want.npy
    done
    ok bash -c 'cat a.npy | umm-features -f rsi,vwap,obv -o out.npy'
    cmp out.npy want.npy
    ok bash -c 'cat a.csv | umm-features -f rsi,vwap,obv -o out.npy -'
    cmp out.npy want.npy
    ok umm-features -f rsi,vwap,obv -o out.npy ns.npy
    py "
a, b = np.load('want.npy'), np.load('out.npy')
assert b.dtype['timestamp'] == 'M8[ns]' and (a['timestamp'] == b['timestamp']).all()
assert all((a[n].view('u8') == b[n].view('u8')).all() for n in a.dtype.names[1:])"
    ok umm-features -f rsi,vwap,obv --plain -o out.npy ns.npy
    ok umm-features -f rsi,vwap,obv --plain -o want.npy a.npy
    cmp out.npy want.npy
}

@test "rows before the first values: none, NaN or empty cells" {
    bars
    ok umm-features -f sma:3,rsi:14 --warmup=drop -o drop.npy a.npy
    ok umm-features -f sma:3,rsi:14 -o nan.npy a.npy
    py "
a, b = np.load('nan.npy'), np.load('drop.npy')
assert len(b) == 186 and (a[14:] == b).all()"
    ok umm-features -f sma:3 --warmup=empty a.npy
    [[ ${lines[1]} == 1577836800000, && ${lines[3]} == 1577836920000,2* ]]
    ok umm-features -f sma:3 a.npy
    [[ ${lines[1]} == 1577836800000,NaN ]]
    ok umm-features -f sma:500 --warmup=drop -o none.npy a.npy
    py "assert len(np.load('none.npy')) == 0"
    ok umm-features -f sma:500 -o all.npy a.npy
    py "assert np.isnan(np.load('all.npy')['sma_500']).all()"
}

@test "definitions can be chosen" {
    bars
    ok umm-features -f rsi,ema:5,obv a.npy
    local talib=$output
    for compat in tradingview tulip pandas metastock; do
        ok umm-features --compat=$compat -f rsi,ema:5,obv a.npy
        [[ $output != "$talib" ]]
    done
    ok umm-features --ema-seed=first -f ema:5 a.npy
    [[ ${lines[5]} != $(umm-features -f ema:5 a.npy | sed -n 6p) ]]
    ok umm-features --deviation=sample -f stddev:2 a.npy
    py "
a = np.load('a.npy')
b = float('${lines[2]#*,}')
assert abs(b / a[:2, 4].std(ddof=1) - 1) < 1e-12"
    ok umm-features --true-range=defined -f trange a.npy
    [[ ${lines[1]} != *NaN ]]
    ok umm-features --obv-start=undefined -f obv a.npy
    [[ ${lines[1]} == *,0 ]]
    printf '%s\n' timestamp,open,high,low,close,volume 157783680000{0..4},5,5,5,5,1 >flat.csv
    ok umm-features --rsi-flat=50 -f rsi:2 flat.csv
    [[ ${lines[5]} == 1577836800004,50 ]]
    ok umm-features --rma-seed=first -f rma:3 a.npy
    ok umm-features --time-zone=Asia/Tokyo -f vwap a.npy
}

@test "NaN under reset and hold" {
    bars 20
    sed '8s/,[^,]*,/,,/' a.csv >nan.csv
    ok umm-features --nan=hold -f sma:2@open,sma:2@close nan.csv
    [[ ${lines[7]#*,} == "${lines[6]#*,}"* || ${lines[7]} != *NaN* ]]
    ok umm-features --nan=reset -f sma:2@open nan.csv
    [[ ${lines[7]} == *NaN && ${lines[8]} == *NaN && ${lines[9]} != *NaN ]]
}

@test "bars that are not over, and those held back" {
    bars 60
    capture umm-features -f sma:3 --timeframe=1m --closed-only=2020-01-01T00:30:00Z -v -o out.npy a.npy
    [[ $status -eq 0 && $stderr == 'a.npy: 30 new rows, 30 held back; out.npy: 30 rows; '* ]]
    ok umm-features -f sma:3 --timeframe=1m --closed-only=2020-01-01T00:29:59Z a.npy
    [[ ${#lines[@]} -eq 30 ]]
    ok umm-features -f sma:3 --timeframe=1m --closed-only a.npy
    [[ ${#lines[@]} -eq 61 ]]
    ok umm-features -f sma:3 --holdback=7 a.npy
    [[ ${#lines[@]} -eq 54 ]]
    ok umm-features -f sma:3 --holdback=100 a.npy
    [[ ${#lines[@]} -eq 1 ]]
    umm-synth --timeframe=1mo --rows=15 --start=2020-01-31 | umm-convert -o month.npy
    ok umm-features -f sma:3 --timeframe=1mo --gap=error --closed-only=2020-12-31 month.npy
    [[ ${#lines[@]} -eq 12 ]]
}

@test "gaps are let be, told or refused" {
    bars 60
    sed 30,31d a.csv >gap.csv
    ok umm-features -f sma:3 --gap=error --timeframe=1m a.csv
    ok umm-features -f sma:3 --gap=allow gap.csv
    capture umm-features -f sma:3 --gap=warn --timeframe=1m -o out.csv gap.csv
    [[ $status -eq 0 && $stderr == 'umm-features: gap.csv: 1 gap, the first before row 28' ]]
    capture umm-features -f sma:3 --gap=warn --timeframe=1m - <gap.csv
    [[ $status -eq 0 && $stderr == 'umm-features: <stdin>: 1 gap, the first before row 28' ]]
    rm out.csv
    refuses 1 'umm-features: gap.csv: row 28: a gap, from 2020-01-01T00:27:00Z to 2020-01-01T00:30:00Z' \
        umm-features -f sma:3 --gap=error --timeframe=1m -o out.csv gap.csv
    [[ ! -e out.csv ]]
    no_leftovers
}

@test "the features there are" {
    bars
    ok umm-features --list
    for name in sma ema wma rma trange atr natr rsi macd bbands stddev zscore max min stoch adx cci willr roc mom \
        returns logreturns obv mfi ad vwap; do
        grep -qE "^$name(:|@|$)" <<<"$output" || fail "$name is not listed"
        grep -qE "^\.It Cm $name(:|@|$)" "$TOP/man/umm-features.1" || fail "$name is not in the page"
    done
    grep -q '^    macd_12_26_9 from row 33, macd_signal' <<<"$output"
    grep -qx '    n from 2 to 100000, k from 0 to 1000' <<<"$output"
    grep -qx '    anchor day or all' <<<"$output"
    ok umm-features --list --json
    "$PY" -c "
import json, sys
features = json.load(sys.stdin)['features']
assert len(features) == 26 and all(f['definition'] and f['about'] and f['outputs'] for f in features)
by_name = {f['name']: f.get('parameters') for f in features}
assert by_name['vwap'] == [{'name': 'anchor', 'words': 'day|all'}] and by_name['trange'] is None
assert by_name['bbands'][1] == {'name': 'k', 'min': 0, 'max': 1000, 'default': 2}, by_name['bbands']
import subprocess
for name, parameters in by_name.items(): # the ranges are those that the tool takes
    for i, p in enumerate(parameters or []):
        if 'words' in p: continue
        spec = [q.get('default') for q in parameters]
        for value, is_good in (p['min'], True), (p['max'], True), (p['min'] - 1, False), (p['max'] + 1, False):
            spec[i] = value
            text = ':'.join([name] + ['%g' % v for v in spec])
            run = subprocess.run(['umm-features', '-f', text, 'a.npy'], capture_output=True, text=True)
            # Of macd's averages the slow one is the longer one as well.
            assert (run.returncode == 0) == is_good or name == 'macd', (text, run.stderr)" <<<"$output"
}

@test "reports" {
    bars
    ok umm-features -f ema:20,macd --json --report=r.json --metrics=m.prom -o out.npy a.npy
    "$PY" -c "
import json, sys
r = json.load(sys.stdin)
assert r['rows_new'] == 200 and r['rows_output'] == 200 and r['changed'] and r['rows_before'] == 0
assert r['first_time'] == '2020-01-01T00:00:00Z' and r['last_time'] == '2020-01-01T03:19:00Z'
assert [c['name'] for c in r['columns']][:2] == ['ema_20', 'macd_12_26_9']
assert r['features'].startswith('ema:20@close,macd:12:26:9@close compat=talib nan=error')" <<<"$output"
    cmp r.json <(printf '%s\n' "$output")
    grep -qx 'umm_rows{tool="umm-features",output="'"$PWD"'/out.npy"} 200' m.prom
    capture umm-features -f ema:20 -v -o out.npy a.npy
    [[ $status -eq 0 && $stderr == 'a.npy: 200 new rows; out.npy: 200 rows; '*' rows/s' ]]
}

@test "many datasets at once, each with its state" {
    mkdir -p root/A root/B out
    for s in A B; do
        umm-synth --symbol=$s --rows=300 | umm-convert -o root/$s/1m.npy
        umm-synth --symbol=$s --timeframe=1h --rows=200 | umm-convert -o root/$s/1h.npy
        ok umm-features -f ema:20,rsi -o want-$s.npy root/$s/1m.npy
        umm-synth --symbol=$s --rows=100 | umm-convert -o root/$s/1m.npy
    done
    local many=(umm-features -f "ema:20,rsi" --root=root "--symbols=A,B" "--timeframes=1m,1h" --out-root=out)
    ok "${many[@]}" --append
    for s in A B; do
        umm-synth --symbol=$s --rows=300 | umm-convert -o root/$s/1m.npy
    done
    ok "${many[@]}" --append --threads=2 --json
    [[ ${#lines[@]} -eq 4 && ${lines[0]} == *'"rows_before":100,"rows_new":200,'* ]]
    [[ ${lines[1]} == *'"rows_before":200,"rows_new":0,'* ]]
    cmp out/A/1m.npy want-A.npy
    cmp out/B/1m.npy want-B.npy
    [[ -f out/A/1m.state && -f out/B/1h.state ]]
    local threads
    for threads in 1 2 3 8; do
        mkdir out-$threads
        ok umm-features -f ema:20,rsi --root=root --symbols=A,B --timeframes=1m,1h --out-root=out-$threads \
            --append --threads=$threads
        diff -r out out-$threads
    done
    ok "${many[@]}" --state-root=out --verify
    [[ ${#lines[@]} -eq 4 && ${lines[3]} == 'root/B/1h.npy: PASS, 200 rows are what the input gives; '* ]]
    mkdir empty
    capture umm-features -f ema:20,rsi --root=root --symbols=A --timeframes=1m --out-root=empty --verify
    [[ $status -eq 1 && -z $(ls -A empty) ]]
    UMM_ROOT=root capture umm-features -f sma:3 --symbols=A,C --timeframes=1m --missing=skip --out-root=out
    [[ $status -eq 3 && $stderr == *'no symbol "C"' ]]
    refuses 1 'umm-features: root: no symbol "C"' \
        umm-features -f sma:3 --root=root --symbols=A,C --timeframes=1m --out-root=out
    refuses 2 $'umm-features: root: the results would take the place of their inputs\nTry \'umm-features --help\'.' \
        umm-features -f sma:3 --root=root --symbols=A --timeframes=1m --out-root=root
    cp root/A/1m.npy good
    umm-synth --seed=9 --rows=300 | umm-convert -o root/A/1m.npy
    capture "${many[@]}" --append
    [[ $status -eq 1 && $stderr == 'umm-features: root/A/1m.npy: '*'--rebuild starts over' ]]
    no_leftovers .
}

@test "results take the place of no dataset, whatever links lead there" {
    local try="Try 'umm-features --help'." i
    mkdir -p root/A root/B far other
    for i in A B; do
        umm-synth --symbol=$i --rows=50 | umm-convert -o root/$i/1m.npy
    done
    cp -a root before
    many() { umm-features -f ema:5 --root=root --timeframes=1m "$@"; }
    # One to a symbol's directory, that of the job or of one that is not asked for.
    mkdir out
    for i in A B; do
        ln -sfn ../root/$i out/A
        refuses 2 "umm-features: out/A: the results would take the place of their inputs
$try" many --symbols=A --out-root=out
        refuses 2 "umm-features: out/A: the results would take the place of their inputs
$try" many --symbols=A --out-root=out --append
    done
    # Both lead elsewhere, where no name tells it.
    mv root/B far/B
    ln -s ../far/B root/B
    ln -sfn ../far/B out/A
    refuses 2 "umm-features: out: an input in it would be an output
$try" many --symbols=A,B --out-root=out
    rm root/B
    mv far/B root/B
    rm out/A
    mkdir out/A out/B
    ln root/B/1m.npy out/A/1m.npy
    refuses 2 "umm-features: out: an input in it would be an output
$try" many --symbols=A,B --out-root=out
    rm out/A/1m.npy
    mkdir -p states/A
    ln root/A/1m.npy states/A/1m.state
    refuses 2 "umm-features: states: an input in it would be an output
$try" many --symbols=A --out-root=out --state-root=states --append --rebuild
    # Two results in one place, of which one would go.
    rmdir out/A
    ln -s B out/A
    refuses 2 "umm-features: out: two outputs in it have one place, by a link
$try" many --symbols=A,B --out-root=out
    # What cannot be examined may be any of them.
    ln -s loop loop
    refuses 1 'umm-features: loop: cannot examine: Too many levels of symbolic links' \
        many --symbols=A --out-root=loop
    diff -r root before
    [[ -z $(ls out/B) ]]
    # Links to a place of their own are as good as a directory.
    ln -sfn ../other out/A
    ok many --symbols=A,B --out-root=out --append
    ok many --symbols=A,B --out-root=out --append
    [[ -f other/1m.npy && -f other/1m.state && -f out/B/1m.npy ]]
    diff -r root before
}
