#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What else takes a store's place takes one on a server: features are put there, and answered from
# there. umm-store itself is in umm-store-places.bats and umm-store-server.bats.

load helper
load store_place

setup_file() {
    start_redis
}

teardown_file() {
    stop_redis
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    [[ -n ${REDIS_DIR-} ]] || skip 'no redis-server'
    # Of each test another.
    place="unix:$REDIS_DIR/redis.sock?prefix=$BATS_TEST_NUMBER"
    far="redis://far@127.0.0.1:$REDIS_PORT?prefix=$BATS_TEST_NUMBER"
    (umask 077 && printf '%s\n' "$FAR_PASSWORD" >password)
    export place far
}

# As in umm-predict-service.bats.
serving() {
    ok "$PY" -c "import os, signal, struct, subprocess, sys
from serving import Client, Service
from waiting import wait_until
place, far = os.environ['place'], os.environ['far']
def store(*arguments, text=None):
    subprocess.run(['umm-store', *arguments], input=text, text=True, check=True, stdout=subprocess.DEVNULL)
def put(*lines):
    store('put', place, text=''.join(f'{line}\n' for line in lines))
$1" || fail "$output"
    [[ -z $output ]] || fail "$output"
}

make_model() {
    "$PY" "$TOP/tests/ref/predict_models.py" m.onnx vector
}

@test "the newest row of each symbol is the vector that a store in a directory has" {
    umm-synth --symbols=600 --rows=3000 -o mixed.csv
    ok umm-store create --dim=2 --max-positions=600 "$place"
    ok umm-store create --dim=2 --max-positions=600 s
    local by=(umm-features -f 'ema:3,rsi:5' --by=symbol)
    ok "${by[@]}" -o store:s mixed.csv
    ok "${by[@]}" -o "store:$far" --password-file=password --timeout=1m mixed.csv
    diff <(umm-store export s - | sort) <(umm-store export "$place" - | sort)
    # Nothing that is there goes back in time, or is put again.
    ok "${by[@]}" -o "store:$place" --json mixed.csv
    [[ $output == *'"changed": false,'*'"vectors_put": 0,'* ]]
    # Another machine was ahead: its row stays, whatever this run found when it began.
    ok umm-store put "$place" - <<<SYNTH1,1,2
    ok "${by[@]}" -o "store:$place" mixed.csv
    [[ $(umm-store get "$place" SYNTH1) == SYNTH1,1,2 ]]
}

@test "a row is put when it comes, and --wait-replicas holds where there are none" {
    ok umm-store create --dim=1 "$place"
    mkfifo in
    umm-features -f ema:2 --follow --store-id=BTC -o "store:$place" in &
    local pid=$!
    exec 8>in
    umm-synth --rows=3 >&8
    has_entry() { umm-store get "$place" BTC; }
    wait_until "$pid" 'the first rows' has_entry
    exec 8>&-
    wait "$pid"
    umm-synth --rows=9 -o more.csv
    refuses 1 "umm-features: $place: 0 replicas have what was put, and not 1" \
        umm-features -f ema:2 --follow --store-id=BTC -o "store:$place" --wait-replicas=1 --timeout=500ms more.csv
}

@test "rows by key come from a server, all of a batch by one question" {
    make_model
    serving "
store('create', place, '--dim=3')
put('BTC,1,2,3', '\"x,y\",3,2,1', 'N,nan,0,0')
open('rows.csv', 'w').write('1,2,3\n3,2,1\n5,5,5\n')
y = subprocess.run(['umm-predict', '--header=no', 'm.onnx', 'rows.csv'], stdout=subprocess.PIPE, text=True).stdout.split()[1:]
def asked():
    info = subprocess.run(['redis-cli', '-s', os.environ['REDIS_DIR'] + '/redis.sock', 'INFO', 'commandstats'],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return sum(int(line.partition('calls=')[2].partition(',')[0]) for line in info.split() if line.startswith('cmdstat_mget:'))
with Service('--store=' + far, '--password-file=password', '--max-delay=1h', '--batch-size=5', 'm.onnx') as service, Client() as client:
    before = asked()
    client.send('BTC\n\"x,y\"\nETH\nN\n1,BTC\n')
    got = [client.line() for _ in range(5)]
    assert got == [
        f'BTC,{y[0]}', f'\"x,y\",{y[1]}', 'ETH,!absent the store has no such entry', 'N,!nonfinite number 1 is not finite', f'1,{y[0]}'], got
    assert asked() == before + 1, (before, asked())
    put('BTC,5,5,5')
    client.send('BTC\nBTC\n\"x,y\"\n\"x,y\"\nBTC\n')
    assert [client.line() for _ in range(5)] == [f'BTC,{y[2]}'] * 2 + [f'\"x,y\",{y[1]}'] * 2 + [f'BTC,{y[2]}']
    stats = service.stats()
    assert stats['cache_hits'] == 2, stats
    service.end()
"
}

@test "a server that goes is told to each that asks, and asked again when it is back" {
    make_model
    start_redis once
    place="unix:$REDIS_DIR/once.sock" serving "
store('create', place, '--dim=3')
put('BTC,1,2,3')
def server(*arguments):
    return subprocess.run(['redis-cli', '-s', os.environ['REDIS_DIR'] + '/once.sock', *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
with Service('--store=' + place, '--max-stale=1h', '--timeout=200ms', 'm.onnx') as service, Client() as client:
    answer = client.ask('BTC')
    assert answer.startswith('BTC,') and '!' not in answer
    server('SHUTDOWN', 'NOSAVE')
    assert client.ask('ETH').startswith('ETH,!store ' + place + ': ')
    # The store's word is good for an hour.
    assert client.ask('BTC') == answer
    subprocess.run(['redis-server', '--port', '0', '--save', '', '--unixsocket', os.environ['REDIS_DIR'] + '/once.sock', '--pidfile',
                    os.environ['REDIS_DIR'] + '/once.pid', '--daemonize', 'yes'], check=True, stdout=subprocess.DEVNULL)
    wait_until(lambda: server('PING').stdout == b'PONG\n', 'the server', service.process)
    # It kept nothing: that there is no store is not that there is no such entry.
    wait_until(lambda: client.ask('ETH').startswith('ETH,!store ' + place + ': there is no feature store'), 'the loss', service.process)
    # A store is another one, though it has the same name.
    store('create', place, '--dim=3')
    put('ETH,1,2,3')
    wait_until(lambda: client.ask('ETH') == 'ETH' + answer[3:], 'the entry', service.process)
    service.end()
"
}

@test "what does not fit the features or the model, or is not there, is said at once" {
    make_model
    umm-synth --rows=9 -o bars.csv
    ok umm-store create --dim=4 "$place"
    refuses 1 "umm-predict: $place: its vectors have 4 numbers, and the model takes 3" umm-predict --serve --store="$place" m.onnx </dev/null
    refuses 1 "umm-features: $place: a store of vectors of 4 numbers, and the features have 1; umm-store create makes one, and its dim is 1 for them" \
        umm-features -f ema:2 --follow --store-id=a -o "store:$place" bars.csv
    capture umm-features -f ema:2 --follow --store-id=a -o "store:$place-none" bars.csv
    [[ $status -eq 1 && $stderr == "umm-features: $place-none: there is no feature store with the prefix "*'umm-store create makes one, '* ]] || fail "$stderr"
    capture umm-features -f ema:2 --follow --store-id=a -o "store:unix:$PWD/none.sock" bars.csv
    [[ $status -eq 1 && $stderr == "umm-features: unix:$PWD/none.sock: "* && $(wc -l <<<"$stderr") -eq 1 ]] || fail "$stderr"
    capture umm-predict --serve --store="$far" m.onnx </dev/null
    [[ $status -eq 2 && $stderr != *"$FAR_PASSWORD"* ]] || fail "$status $stderr"
    refuses 2 "umm-features: --timeout, --wait-replicas and --password-file are for -o store:PLACE
Try 'umm-features --help'." umm-features -f ema:2 --timeout=3s bars.csv
    refuses 2 "umm-predict: --timeout needs --store
Try 'umm-predict --help'." umm-predict --serve --timeout=3s m.onnx </dev/null
}

@test "a model is quantised by the vectors of a server as by those of a directory" {
    make_model
    "$PY" -c "
import random
random.seed(1)
for i in range(700):
    print(i, *(random.uniform(-1, 1) for _ in range(3)), sep=',')" >rows.csv
    for s in s "$place"; do
        ok umm-store create --dim=3 "$s"
        ok umm-store put "$s" rows.csv
    done
    ok umm-quantize --data=s -o a.onnx m.onnx
    ok umm-quantize --data="$far" --password-file=password -o b.onnx m.onnx
    cmp a.onnx b.onnx
}
