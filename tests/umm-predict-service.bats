#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-predict as a service: lines and raw rows on pipes and sockets, answered in batches. What an
# answer is, umm-predict itself says of the same rows in a file (umm-predict.bats compares that
# with NumPy).

load helper
load two_users

# serving CODE: Python with what services and their clients need.
serving() {
    ok "$PY" -c "import json, os, random, resource, signal, socket, struct, subprocess, sys, threading
import numpy as np
from serving import Client, Service, replace
from waiting import is_asleep, wait_until
$1" || fail "$output"
    [[ -z $output ]] || fail "$output"
}

# make_model NAME [KIND]: NAME.onnx.
make_model() {
    "$PY" "$TOP/tests/ref/predict_models.py" "$1.onnx" "${2:-$1}"
}

# serves INPUT OUTPUT [CODE [OPTIONS]]: what --serve gives for the text INPUT.
serves() {
    capture umm-predict --serve "${@:4}" m.onnx < <(printf '%b' "$1")
    [[ $status -eq ${3:-0} && -z $stderr ]] || fail "$status $stderr"
    printf '%b' "$2" | cmp - "$BATS_FILE_TMPDIR/capture.out" || fail "$output"
}

@test "lines have the answers that the same rows of a file have, in any batch" {
    make_model m wide
    "$PY" -c "import random
random.seed(3)
with open('rows.csv', 'w') as csv, open('lines', 'w') as lines:
    print('id', *(f'c{i}' for i in range(32)), sep=',', file=csv)
    for n in range(1500):
        kinds = [random.gauss(0, 3), random.randint(-99, 99), random.random() * 10.0**random.randint(-40, 30)]
        row = [random.choice([repr(x), f'{x:.17g}', f'{x:.30f}', f'{x:+.3e}']) for x in random.choices(kinds, k=32)]
        # Where the nearest double is halfway between two floats.
        row[n % 32] = random.choice(['1.000000059604644775390625001', '1.0000000596046448', '-0', '.5', '3.', '1e-50'])
        for file in csv, lines:
            print(f'r{n}', *row, sep=',', file=file)"
    ok umm-predict --id=id -o answers.csv m.onnx rows.csv
    tail -n +2 answers.csv >expected
    for how in --batch-size=1 --batch-size=32 --batch-size=7 --queue=5 --max-delay=1h; do
        ok umm-predict --serve $how m.onnx <lines
        cmp expected "$BATS_FILE_TMPDIR/capture.out"
    done
    # Cut anywhere, and from one connection.
    serving "
with Service('m.onnx') as service, Client() as client:
    data = open('lines', 'rb').read()
    def send():
        at = 0
        while at < len(data):
            n = random.choice([1, 2, 3, 7, 13, 100, 5000, 70000])
            client.send(data[at:at + n])
            at += n
        client.socket.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=send)
    thread.start()
    assert client.file.read() == open('expected', 'rb').read()
    thread.join()
    service.end()"
}

@test "models of doubles and of integers, and rows that are not finite" {
    make_model m doubles
    printf '%s\n' n,a,b 1,16777217,0.1 2,1e400,1 >rows.csv
    serves '1,16777217,0.1\n2,16777216.5,-1e30\n' '1,1,-16777216\n2,0.5,-1e+30\n'
    make_model m whole
    serves 'a,3,0.5\nb,3.5,1\nc,4611686018427387904,1\nd,nan,1\n' \
        'a,3,0.5\nb,!integer number 1 is no integer of its range\nc,4611686000000000000,1\nd,!nonfinite number 1 is not finite\n' 3
    make_model m vector
    serves 'a,1,2,-inf\nb,1e39,1,1\nc,-1E400,1,1\nd,1,2,3\n' \
        'a,!nonfinite number 3 is not finite\nb,!nonfinite number 1 is not finite\nc,!nonfinite number 1 is not finite\nd,27,5\n' 3
    serves 'a,1,2,NaN\nd,1,2,3\nb,inf,1,1\n' 'a,NaN,NaN\nd,27,5\nb,NaN,NaN\n' 0 --nan=nan
    printf '%s\n' a,b,c nan,1,1 >nan.csv
    local pass
    pass=$(umm-predict --nan=pass m.onnx nan.csv | tail -n 1)
    serves 'a,nan,1,1\n' "a,$pass\\n" 0 --nan=pass
}

@test "every word of the protocol, on lines" {
    make_model m vector
    local id='no id of 1 to 247 bytes, without control characters, quoted as CSV'
    local a247 a248
    a247=$(printf 'a%.0s' {1..247}) a248=$(printf 'a%.0s' {1..248})
    serves 'a,1,2,3\n' 'a,27,5\n'
    serves 'a,1,2,3\r\n' 'a,27,5\n'
    serves '"a",1,2,3\n"a,b",1,2,3\n"a""b",1,2,3\n \303\244,1,2,3\n' 'a,27,5\n"a,b",27,5\n"a""b",27,5\n \303\244,27,5\n'
    serves '"!stats",1,2,3\n"!,",1,2,3\na!,1,2,3\n' '"!stats",27,5\n"!,",27,5\na!,27,5\n'
    serves "$a247,1,2,3\\n" "$a247,27,5\\n"
    serves "$a248,1,2,3\\n" ",!id $id\\n" 3
    serves '\n\r\n,1,2,3\n"",1,2,3\n"a,1,2,3\n"a"b,1,2,3\na"b,1,2,3\na\tb,1,2,3\na\0b,1,2,3\na\177,1,2,3\n' \
        "$(printf ",!id $id\\\\n%.0s" {1..10})" 3
    serves 'a\na,1,2\na,1,2,3,4\na,1,2,3,\na,x,2\n' \
        'a,!fields 0 numbers; the model takes 3\na,!fields 2 numbers; the model takes 3\na,!fields 4 numbers; the model takes 3\na,!fields 4 numbers; the model takes 3\na,!fields 2 numbers; the model takes 3\n' 3
    serves 'a,1,,3\na, 1,2,3\na,1,2,0x3\na,1,2,"3"\na,1,2,3e\na,infinity,2,3\na,1,2,3\0\n' \
        'a,!number field 2 is no number\na,!number field 1 is no number\na,!number field 3 is no number\na,!number field 3 is no number\na,!number field 3 is no number\na,!number field 1 is no number\na,!number field 3 is no number\n' 3
    serves '!version\n!stat\n!\n!f4 2\n!f4 x\n!version \n' \
        '!version 1 3 2\n,!command there are !version, !stats and !f4 N\n,!command there are !version, !stats and !f4 N\n,!fields 2 numbers; the model takes 3\n,!fields 18446744073709551615 numbers; the model takes 3\n,!command there are !version, !stats and !f4 N\n' 3
    # What the input ends within may have been cut anywhere.
    serves 'a,1,2,3' 'a,!half the input ended within the line\n' 3
    serves 'a' ',!half the input ended within the line\n' 3
    serves '!version' ',!half the input ended within the line\n' 3
    serves '' ''
}

@test "a line too long is skipped to its end, wherever it is cut" {
    make_model m vector
    # 1024 + 64 * 3 bytes are a line.
    serving "
most = 1024 + 64 * 3
want = b'a,!long the line is longer than 1216 bytes\n'
def serve(data):
    return subprocess.run(['umm-predict', '--serve', 'm.onnx'], input=data, capture_output=True).stdout
def line(n):
    return b'a,1,2,' + b'0' * (n - 7) + b'3'
assert serve(line(most) + b'\n') == b'a,27,5\n'
assert serve(line(most) + b'\r\n') == b'a,27,5\n'
assert serve(line(most + 1) + b'\nb,1,2,3\n') == want + b'b,27,5\n'
assert serve(line(most + 1) + b'\r\nb,1,2,3\n') == want + b'b,27,5\n'
assert serve(line(1000000) + b'\nb,1,2,3\n' + line(1000000)) == want + b'b,27,5\n' + want
assert serve(b'x' * 5000 + b'\n') == b',!long the line is longer than 1216 bytes\n'
with Service('m.onnx') as service, Client() as client:
    client.send(line(3000))
    assert client.line() == want.decode()[:-1] # before its end
    for n in range(200): # a line without an end takes no memory
        client.send(b'0' * 50000)
    client.send(b'\nb,1,2,3\n')
    assert client.line() == 'b,27,5'
    service.end()"
}

@test "raw rows have a status, and the floats of their answers" {
    make_model m vector
    serving "
rows = np.random.default_rng(2).normal(size=(3000, 3)).astype('<f4')
rows[7, 1], rows[99, 0] = np.nan, np.inf
np.save('rows.npy', np.delete(rows, [7, 99], 0))
subprocess.run(['umm-predict', '-o', 'y.npy', 'm.onnx', 'rows.npy'], check=True)
want = np.zeros(3000, [('status', '<u4'), ('y', '<f4', 2)])
want['y'] = np.nan
want['status'][[7, 99]] = 1
want['y'][np.delete(np.arange(3000), [7, 99])] = np.load('y.npy')
def answers(data, *options):
    with Service(*options, 'm.onnx') as service, Client() as client:
        assert client.ask('a,1,2,3') == 'a,27,5'
        assert client.ask('!f4 4') == ',!fields 4 numbers; the model takes 3'
        assert client.ask('!f4 3') == '!f4 3 2'
        thread = threading.Thread(target=lambda: (client.send(data), client.socket.shutdown(socket.SHUT_WR)))
        thread.start()
        got = client.file.read()
        thread.join()
        service.end()
        return got
assert answers(rows.tobytes()) == want.tobytes()
assert answers(rows.tobytes() + b'abc', '--batch-size=1') == want.tobytes() # part of a row has no answer
want['status'] = 0
assert answers(rows.tobytes(), '--nan=nan', '--queue=3') == want.tobytes()
# What the model says of NaN has one pattern of bits.
np.save('rows.npy', rows)
subprocess.run(['umm-predict', '--nan=pass', '-o', 'y.npy', 'm.onnx', 'rows.npy'], check=True)
want['y'] = np.load('y.npy')
assert answers(rows.tobytes(), '--nan=pass') == want.tobytes()"
    # Integers that none can be, and what the queue has no room for.
    make_model m whole
    serving "
with Service('m.onnx') as service, Client() as client:
    assert client.ask('!f4 2') == '!f4 2 2'
    client.send(struct.pack('<4f', 3, 0.5, 3.5, 1))
    assert client.read(12) == struct.pack('<I2f', 0, 3, 0.5)
    assert client.read(12) == struct.pack('<I', 2) + np.full(2, np.nan, '<f4').tobytes()
    service.end()
with Service('--queue=2', '--overload=reject', 'm.onnx') as service, Client() as client:
    assert client.ask('!f4 2') == '!f4 2 2'
    client.send(struct.pack('<6f', 1, 1, 2, 2, 3, 3)) # in one read
    assert [client.read(12)[0] for _ in range(3)] == [0, 0, 3]
    service.end()"
}

@test "no lone row waits, and a batch waits no longer than it may" {
    make_model m vector
    # The client sends no more, so nobody could add to the batch.
    serving "
with Service('--max-delay=1h', 'm.onnx') as service:
    with Client() as client:
        client.send('a,1,2,3\n')
        assert client.finish() == b'a,27,5\n'
    # Another client could: the row waits, and what waits for no row does not.
    with Client() as client, Client() as other:
        client.send('a,1,2,3\n,bad\n!stats\n')
        wait_until(lambda: other.stats()['depth'] == 1, 'the row', service.process)
        assert other.ask('b,1') == 'b,!fields 1 number; the model takes 3'
        # Until the batch is full, of rows of both.
        for n in range(31):
            other.send(f'{n},1,2,3\n')
        assert [other.line() for n in range(31)] == [f'{n},27,5' for n in range(31)]
        assert client.line() == 'a,27,5' and client.line().startswith(',!id ')
        assert json.loads(client.line()[7:])['rows'] == 2 # what came before it
        stats = other.stats()
        assert stats['batch_rows'] == {'p50': 1, 'p99': 32, 'p99.9': 32, 'max': 32}, stats
        assert stats['depth_peak'] == 32 and stats['rows'] == 33 and stats['batches'] == 2, stats
        client.send('a,1,2,3\n')
        wait_until(lambda: other.stats()['depth'] == 1, 'the row', service.process)
        # The drain answers it.
        service.send(signal.SIGTERM)
        assert client.file.read() == b'a,27,5\n'
    service.ends()
with Service('--max-delay=1ms', 'm.onnx') as service, Client() as client:
    assert client.ask('a,1,2,3') == 'a,27,5'
    assert service.stats()['wait_seconds']['max'] >= 0.001
    service.end()"
}

@test "a queue that is full rejects, or blocks" {
    make_model m vector
    local ten
    ten=$(printf '%s,1,2,3\\n' {0..9})
    serves "$ten" "$(printf '%s,27,5\\n' {0..9})" 0 --queue=4
    serves "$ten!stat\\n" "$(printf '%s,27,5\\n' {0..3})$(printf '%s,!overload the queue is full\\n' {4..9}),!command there are !version, !stats and !f4 N\\n" \
        3 --queue=4 --overload=reject
    # Many more than are kept: those wait where they are.
    "$PY" -c "for n in range(30000): print(f'{n},1,2,3')" >lines
    ok umm-predict --serve --queue=3 m.onnx <lines
    cmp <(sed 's/1,2,3$/27,5/' lines) "$BATS_FILE_TMPDIR/capture.out"
    capture umm-predict --serve --queue=3 --overload=reject m.onnx < <(cat lines)
    [[ $status -eq 3 ]]
    cmp <(cut -d, -f1 lines) <(cut -d, -f1 "$BATS_FILE_TMPDIR/capture.out")
    cut -d, -f2- "$BATS_FILE_TMPDIR/capture.out" | sort -u | cmp - <(printf '%s\n' '!overload the queue is full' 27,5)
}

@test "clients that come and go, and send anything, change no other answer" {
    make_model m vector
    serving "
sys.path.append(os.environ['TOP'] + '/tests/ref')
import predict_models
rng = random.Random(4)
rows = [[rng.randint(-99, 99) for _ in range(3)] for _ in range(400)]
answers = predict_models.answer(predict_models.VECTOR, np.array(rows, 'f4'))
failures = []
def good(n):
    with Client() as client:
        for i in range(n, len(rows), 8):
            a = client.ask(f'{i},' + ','.join(map(str, rows[i])))
            want = f'{i},' + ','.join('%g' % y for y in answers[i])
            if a != want:
                failures.append((a, want))
def bad(seed):
    rng = random.Random(seed)
    for _ in range(12):
        with Client() as client:
            try:
                kind = rng.randrange(5)
                if kind == 0:
                    client.send(rng.randbytes(rng.randrange(3000)))
                elif kind == 1: # goes away before its answers come
                    client.send('a,1,2,3\n' * 500)
                elif kind == 2:
                    client.send('a,1,2')
                elif kind == 3:
                    client.send('!f4 3\n' + 'x' * rng.randrange(99))
                else:
                    client.send('a,nan,1,1\n' * 20)
                    client.finish()
            except (BrokenPipeError, ConnectionResetError):
                pass
with Service('m.onnx') as service:
    threads = [threading.Thread(target=good, args=[n]) for n in range(8)]
    threads += [threading.Thread(target=bad, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    stats = service.stats()
    wait_until(lambda: service.stats()['clients'] == 1, 'clients to go', service.process)
    service.end()"
}

@test "a client that does not read is not read from, and one too many is told" {
    make_model m vector
    serving "
with Service('--max-clients=3', 'm.onnx') as service, Client() as slow:
    slow.socket.setblocking(False)
    sent = 0
    def is_full():
        global sent
        try:
            sent += slow.socket.send(b'abcdefgh,1,2,3\n' * 1000)
            return False
        except BlockingIOError:
            return is_asleep(service.process)
    wait_until(is_full, 'room to run out', service.process)
    assert sent < 8 << 20, sent
    with Client() as other:
        assert other.ask('a,1,2,3') == 'a,27,5'
        with Client() as third, Client() as fourth:
            assert third.ask('a,1,2,3') == 'a,27,5'
            assert fourth.file.read() == b',!overload too many clients\n'
    slow.socket.settimeout(60)
    slow.socket.shutdown(socket.SHUT_WR)
    lines = slow.file.read().splitlines()
    assert len(lines) >= sent // 15 and set(lines[:sent // 15]) == {b'abcdefgh,27,5'}
    assert service.stats()['clients_refused'] == 1
    service.end()
# The answers to short lines are long: they do not pile up for one that does not read them.
def kib():
    return int(open(f'/proc/{service.process.pid}/status').read().split('VmRSS:')[1].split()[0])
with Service('m.onnx') as service, Client() as slow:
    service.stats()
    before = kib()
    service.send(signal.SIGSTOP)
    slow.socket.sendall(b'!stats\n' * 9000)
    service.send(signal.SIGCONT)
    wait_until(lambda: is_asleep(service.process) and kib() > before, 'answers to wait', service.process)
    # A sanitizer keeps what was freed.
    assert 'UMM_SAN' in os.environ or kib() - before < 3000, (before, kib())
    slow.socket.shutdown(socket.SHUT_WR)
    lines = slow.file.read().splitlines()
    assert len(lines) == 9000 and all(line.startswith(b'!stats {') for line in lines)
    service.end()
# No descriptors for the usual number of clients: fewer, unless a number was asked for.
few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
with Service('m.onnx', preexec_fn=few) as service, Client() as client:
    assert client.ask('a,1,2,3') == 'a,27,5'
    service.end()
late = subprocess.run(['umm-predict', '--listen=unix:t.sock', '--max-clients=1024', 'm.onnx'], capture_output=True, text=True, preexec_fn=few)
assert late.returncode == 2 and '1024 connections need 1152 descriptors, and the limit is 256' in late.stderr, late"
}

@test "clients that flood the service fill no memory, and keep no other waiting" {
    make_model m vector
    serving "
def memory_kb(service):
    with open(f'/proc/{service.process.pid}/status') as file:
        return int(file.read().split('VmHWM:')[1].split()[0])
with Service('m.onnx') as service:
    before = memory_kb(service)
    floods = [Client() for _ in range(16)]
    for flood in floods: # nobody reads the answers, which are a hundred times as long
        flood.socket.setblocking(False)
        try:
            while True:
                flood.socket.send(b'!stats\\n' * 10000)
        except BlockingIOError:
            pass
    with Client() as other:
        assert other.ask('a,1,2,3') == 'a,27,5'
    grown = memory_kb(service) - before
    assert os.environ.get('UMM_SAN') or grown < 20 * 1024, grown
    for flood in floods:
        flood.close()
    service.end()
with Service('--queue=64', '--batch-size=8', 'm.onnx') as service, Client() as other:
    floods = [Client() for _ in range(3)]
    def call(what, *arguments):
        try:
            while what(*arguments) != b'':
                pass
        except OSError:
            pass
    threads = [threading.Thread(target=call, args=arguments) for flood in floods
               for arguments in ((flood.socket.sendall, b'x,1,2,3\\n' * 20000), (flood.socket.recv, 1 << 20))]
    for thread in threads:
        thread.start()
    wait_until(lambda: other.stats()['rows'] > 1000, 'the floods to come', service.process)
    first = other.stats()['rows']
    for i in range(20):
        assert other.ask('a,1,2,3') == 'a,27,5'
    n = other.stats()['rows'] - first
    for flood in floods:
        flood.socket.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    for flood in floods:
        flood.close()
    assert n < 21 * 20 * 64, n # 20 turns for a question
    service.end()"
}

@test "SIGHUP takes a new model, and loses no row" {
    make_model m vector
    make_model other
    make_model named
    serving "
model, other = open('m.onnx', 'rb').read(), open('other.onnx', 'rb').read()
row = '1,2,3'
open('rows.csv', 'w').write('a,b,c\n1,2,3\n')
answer = {m: subprocess.run(['umm-predict', m, 'rows.csv'], stdout=subprocess.PIPE, text=True).stdout.split()[1]
          for m in ('m.onnx', 'other.onnx')}
assert len(set(answer.values())) == 2
with Service('m.onnx') as service, Client() as client:
    stop, n_sent = threading.Event(), 0
    def send():
        global n_sent
        while not stop.is_set():
            client.send(''.join(f'{n_sent + i},{row}\n' for i in range(50)))
            n_sent += 50
        client.socket.shutdown(socket.SHUT_WR)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(client.file))
    sender = threading.Thread(target=send)
    reader.start()
    sender.start()
    for n in range(6):
        replace('m.onnx', model if n % 2 else other)
        service.send(signal.SIGHUP)
        wait_until(lambda: service.stats()['model_loads'] == n + 2, 'the model', service.process)
    stop.set()
    sender.join()
    reader.join()
    assert len(lines) == n_sent
    seen = [line.decode().strip().partition(',') for line in lines]
    assert [int(name) for name, _, _ in seen] == list(range(n_sent))
    assert {y for _, _, y in seen} == set(answer.values())
    changes = sum(a[2] != b[2] for a, b in zip(seen, seen[1:]))
    assert changes <= 6, changes
    # What cannot take its place: damaged, of another shape, gone.
    for n, data in enumerate([model[:50], open('named.onnx', 'rb').read(), None]):
        replace('m.onnx', data) if data else os.unlink('m.onnx')
        service.send(signal.SIGHUP)
        wait_until(lambda: service.stats()['model_loads_failed'] == n + 1, 'the refusal', service.process)
        with Client() as late:
            assert late.ask(f'a,{row}') == 'a,' + answer['m.onnx']
    told = service.told().splitlines()
    assert len(told) == 3 and all(t.endswith('; the model before it goes on') for t in told), told
    assert told[0].startswith('umm-predict: m.onnx: ')
    assert told[1] == ('umm-predict: m.onnx: takes 3 and gives 1 numbers, and the model that is served 3 and 2; '
                       'the model before it goes on'), told
    assert told[2] == 'umm-predict: m.onnx: cannot open: No such file or directory; the model before it goes on'
    service.end(told=service.told())
    # A row that waits was judged by the model it is answered by.
replace('m.onnx', model)
with Service('--max-delay=1h', 'm.onnx') as service, Client() as client:
    client.send(f'a,{row}\n')
    wait_until(lambda: service.stats()['depth'] == 1, 'the row', service.process)
    replace('m.onnx', other)
    service.send(signal.SIGHUP)
    assert client.line() == 'a,' + answer['m.onnx']
    service.end()"
}

@test "a signal drains, and a second one ends at once" {
    make_model m vector
    serving "
for number in signal.SIGTERM, signal.SIGINT:
    with Service('--report=r.json', '--metrics=m.prom', '-v', 'm.onnx') as service, Client() as client:
        assert client.ask('a,1,2,3') == 'a,27,5'
        service.send(number)
        assert client.file.read() == b''
        assert service.process.wait(60) == 0
        assert not os.path.exists('s.sock')
        report = json.load(open('r.json'))
        assert report['rows'] == 1 and report['model'] == 'm.onnx'
        assert '1 rows in 1 batches' in service.told()
        page = open('m.prom').read()
        assert f'umm_service_rows{{tool=\"umm-predict\",output=\"{os.getcwd()}/s.sock\"}} 1\n' in page
        assert 'umm_last_success_timestamp_seconds' in page
# Answers that nobody reads are waited for; not after another signal, later than one of timeout(1).
with Service('m.onnx') as service, Client() as client:
    client.socket.setblocking(False)
    def is_full():
        try:
            client.socket.send(b'abcdefgh,1,2,3\n' * 1000)
            return False
        except BlockingIOError:
            return is_asleep(service.process)
    wait_until(is_full, 'room to run out', service.process)
    service.send(signal.SIGTERM)
    def is_ended():
        service.send(signal.SIGTERM)
        return service.process.poll() is not None
    wait_until(is_ended, 'the end')
    assert service.process.returncode == -signal.SIGTERM
os.unlink('s.sock')
# On pipes the input has more: it ends by the signal, what was taken is answered.
with Service('m.onnx', listen=False) as service:
    service.process.stdin.write(b'a,1,2,3\n')
    service.process.stdin.flush()
    assert service.process.stdout.readline() == b'a,27,5\n'
    service.end(code=-signal.SIGTERM)"
}

@test "two services on one path, and what a killed one left" {
    make_model m vector
    serving "
with Service('m.onnx') as service, Client() as client:
    second = subprocess.run(['umm-predict', '--listen=unix:s.sock', 'm.onnx'], capture_output=True, text=True)
    assert second.returncode == 1 and second.stderr.startswith('umm-predict: s.sock: '), second
    assert second.stderr.count('\n') == 1 and not second.stdout
    assert client.ask('a,1,2,3') == 'a,27,5'
    service.process.kill()
    assert client.file.read() == b''
    service.process.wait()
assert os.path.exists('s.sock')
with Service('m.onnx') as service, Client() as client:
    assert client.ask('a,1,2,3') == 'a,27,5'
    service.end()"
    no_leftovers
    touch s.sock
    capture umm-predict --listen=unix:s.sock m.onnx
    [[ $status -eq 1 && $stderr == 'umm-predict: s.sock: '* && -f s.sock ]] || fail "$stderr"
}

@test "nobody else connects unless the mode lets them" {
    two_users
    make_model m vector
    cp m.onnx "$VICTIM_DIR"
    cat >try.py <<'END'
import sys
from serving import Client
try:
    with Client(sys.argv[1]) as client:
        print(client.ask("a,1,2,3"))
except OSError as error:
    print(type(error).__name__)
END
    local mode pid options=()
    for mode in 0600 0666; do # the first is the default
        umask 000
        "${VICTIM[@]}" umm-predict --listen=unix:$mode.sock "${options[@]}" "$VICTIM_DIR/m.onnx" 3>&- &
        pid=$!
        umask 022
        wait_until $pid 'the socket' test -S $mode.sock
        [[ $(stat -c %a $mode.sock) == "${mode#0}" ]]
        ok as_victim "$PY" try.py $mode.sock
        [[ $output == a,27,5 ]] || fail "$output"
        ok as_attacker "$PY" try.py $mode.sock
        [[ $mode == 0600 && $output == PermissionError || $mode == 0666 && $output == a,27,5 ]] || fail "$mode: $output"
        kill $pid
        wait $pid
        options=(--socket-mode=0666)
    done
}

@test "a socket from systemd, and what systemd is told" {
    make_model m vector
    serving "
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind('notify')
notify.settimeout(60)
passed = socket.socket(socket.AF_UNIX)
passed.bind('passed')
passed.listen()
def start(*arguments, n=1, pid=None, **more):
    # What runs as the tool has the process number of the shell before it.
    code = f'exec 3<&{passed.fileno()}; LISTEN_FDS={n} LISTEN_PID={pid or chr(36) * 2} exec umm-predict ' + ' '.join(arguments)
    return subprocess.Popen(['bash', '-c', code], pass_fds=[passed.fileno()], stderr=subprocess.PIPE, text=True, **more)
process = start('--listen=systemd', 'm.onnx', env={**os.environ, 'NOTIFY_SOCKET': os.path.abspath('notify')})
assert notify.recv(100) == b'READY=1\n'
with Client('passed') as client:
    assert client.ask('a,1,2,3') == 'a,27,5'
    process.terminate()
    assert notify.recv(100) == b'STOPPING=1\n'
    assert client.file.read() == b''
assert process.wait() == 0 and process.stderr.read() == ''
assert os.path.exists('passed') # it is systemd's
for arguments, told in (({'n': 2}, '2 sockets were passed, and one is served'),
                        ({'pid': 1}, 'no socket was passed by systemd'), ({'n': 'x'}, 'no socket was passed by systemd')):
    process = start('--listen=systemd', 'm.onnx', **arguments)
    assert process.wait() == 1 and process.stderr.read() == f'umm-predict: {told}\n'
# One that cannot be told costs a line, no answer.
with Service('m.onnx', env={**os.environ, 'NOTIFY_SOCKET': os.path.abspath('none')}) as service, Client() as client:
    assert client.ask('a,1,2,3') == 'a,27,5'
    service.send(signal.SIGTERM)
    assert service.process.wait() == 0 and service.told().count('\n') == 2"
}

@test "rows by key are those that the store has when they are answered" {
    make_model m vector
    serving "
def store(*arguments, text=None):
    subprocess.run(['umm-store', *arguments], input=text, text=True, check=True, stdout=subprocess.DEVNULL)
def put(*lines):
    store('put', 'S', text=''.join(f'{line}\n' for line in lines))
store('create', 'S', '--dim=3', '--max-positions=10')
put('BTC,1,2,3', '\"x,y\",3,2,1', 'N,nan,0,0')
open('rows.csv', 'w').write('1,2,3\n3,2,1\n5,5,5\n')
y = subprocess.run(['umm-predict', '--header=no', 'm.onnx', 'rows.csv'], stdout=subprocess.PIPE, text=True).stdout.split()[1:]
with Service('--store=S', 'm.onnx') as service, Client() as client:
    ask = client.ask
    def hits():
        return service.stats()['cache_hits']
    assert ask('BTC') == f'BTC,{y[0]}' and ask('42,BTC') == f'42,{y[0]}' and hits() == 1
    assert ask('\"x,y\"') == f'\"x,y\",{y[1]}' and ask('1,\"x,y\"') == f'1,{y[1]}' and hits() == 2
    assert ask('ETH') == 'ETH,!absent the store has no such entry'
    assert ask('N') == 'N,!nonfinite number 1 is not finite'
    assert ask('a,b,c') == 'a,!fields 3 fields; there is an id, and perhaps a key'
    assert ask('a,').startswith('a,!id ') and ask('!f4 3') == ',!command there are !version and !stats'
    # An entry that is written is never answered from before, were it with what it had.
    put('BTC,5,5,5')
    assert ask('BTC') == f'BTC,{y[2]}' and hits() == 2 and ask('BTC') == f'BTC,{y[2]}' and hits() == 3
    put('BTC,5,5,5')
    assert ask('BTC') == f'BTC,{y[2]}' and hits() == 3
    # Nor one that has its time again.
    store('export', 'S', 'S.csv')
    entries = open('S.csv').read()
    assert ',5,5,5' in entries
    open('S.csv', 'w').write(entries.replace(',5,5,5', ',1,2,3'))
    store('import', 'S', 'S.csv')
    assert ask('BTC') == f'BTC,{y[0]}' and hits() == 3
    # Nor when the files are others: the store became larger, and the writer put it in between.
    store('resize', 'S', '20')
    put('NEW,1,2,3', 'BTC,3,2,1')
    assert ask('NEW') == f'NEW,{y[0]}' and ask('BTC') == f'BTC,{y[1]}'
    # A batch has one answer for each, though it asks for one key twice.
    client.send('BTC\nETH\n1,BTC\n')
    assert [client.line() for _ in range(3)] == [f'BTC,{y[1]}', 'ETH,!absent the store has no such entry', f'1,{y[1]}']
    # Nor has one that is damaged an answer, though there was one; each is told of its own.
    with open('S/vectors.npy', 'r+b') as file:
        vectors = bytearray(file.read())
        for row in ((3, 2, 1), (1, 2, 3)):
            at = vectors.index(struct.pack('<3f', *row))
            vectors[at + 1] ^= 1
        file.seek(0)
        file.write(vectors)
    client.send('BTC\nNEW\n')
    assert [client.line() for _ in range(2)] == [f'{key},!store S: \"{key}\" is damaged: its check differs' for key in ('BTC', 'NEW')]
    service.end()
put('BTC,3,2,1')
with Service('--store=S', '--cache=0', 'm.onnx') as service, Client() as client:
    assert client.ask('BTC') == client.ask('BTC') and client.stats()['cache_hits'] + client.stats()['cache_misses'] == 0
    service.end()
# With --max-stale the store's word counts for that time: what it has meanwhile is not seen, nor that it has gone.
with Service('--store=S', '--max-stale=1h', 'm.onnx') as service, Client() as client:
    assert client.ask('BTC') == f'BTC,{y[1]}'
    put('BTC,5,5,5')
    assert client.ask('BTC') == f'BTC,{y[1]}' and service.stats()['cache_hits'] == 1
    os.rename('S', 'away')
    wait_until(lambda: client.ask('ETH').startswith('ETH,!store S/'), 'the end of the store', service.process)
    client.send('ETH\nBTC\nNEW\n')
    assert [client.line().partition(' ')[0] for _ in range(3)] == ['ETH,!store', f'BTC,{y[1]}', 'NEW,!store']
    os.rename('away', 'S')
    # A model that is loaded knows of none.
    service.send(signal.SIGHUP)
    wait_until(lambda: client.ask('BTC') == f'BTC,{y[2]}', 'another question', service.process)
    service.end()
with Service('--store=S', '--max-stale=20ms', 'm.onnx') as service, Client() as client:
    assert client.ask('BTC') == f'BTC,{y[2]}'
    put('BTC,3,2,1')
    wait_until(lambda: client.ask('BTC') == f'BTC,{y[1]}', 'another question', service.process)
    service.end()
# Another store at its place: the one before gives no more answers, nor does none.
with Service('--store=S', 'm.onnx') as service, Client() as client:
    assert client.ask('BTC') == f'BTC,{y[1]}'
    os.rename('S', 'old')
    wait_until(lambda: client.ask('BTC').startswith('BTC,!store S/'), 'the end of the store', service.process)
    store('create', 'S', '--dim=3')
    put('BTC,5,5,5')
    wait_until(lambda: client.ask('BTC') == f'BTC,{y[2]}', 'the new store', service.process)
    assert client.ask('NEW') == 'NEW,!absent the store has no such entry'
    service.end()
put('NEW,1,2,3')
# Another model: no answer of the one before.
with Service('--store=S', 'm.onnx') as service, Client() as client:
    assert client.ask('NEW') == f'NEW,{y[0]}'
    subprocess.run([sys.executable, os.environ['TOP'] + '/tests/ref/predict_models.py', 'm.onnx', 'other'], check=True)
    service.send(signal.SIGHUP)
    wait_until(lambda: service.stats()['model_loads'] == 2, 'the model', service.process)
    other = client.ask('NEW')
    assert other != f'NEW,{y[0]}'
    service.end()
store('create', 'T', '--dim=4')
late = subprocess.run(['umm-predict', '--serve', '--store=T', 'm.onnx'], capture_output=True, text=True, input='a\n')
assert late.returncode == 1 and late.stderr == 'umm-predict: T: its vectors have 4 numbers, and the model takes 3\n', late"
}

@test "what does not go together is a usage error that says so" {
    make_model m vector
    local try="Try 'umm-predict --help'."
    usage() {
        refuses 2 "umm-predict: $1
$try" umm-predict "${@:2}" </dev/null
    }
    usage '--serve and --listen exclude each other' --serve --listen=unix:s m.onnx
    usage '--serve takes no INPUT: rows come from clients' --serve m.onnx rows.csv
    usage '--listen takes no INPUT: rows come from clients' --listen=unix:s m.onnx -
    local option
    for option in -ox.csv --state=s --columns=a --id=a --follow --append --verify --describe --json --progress --layout=auto \
        --tz=UTC --sync --lock --plain; do
        capture umm-predict --serve $option m.onnx </dev/null
        [[ $status -eq 2 && $stderr == "umm-predict: --"*" does not go with --serve
$try" ]] || fail "$option: $stderr"
    done
    usage '--store needs --serve or --listen' --store=S m.onnx
    usage '--queue needs --serve or --listen' --queue=3 m.onnx
    usage '--max-delay needs --serve or --listen' --max-delay=0 m.onnx
    usage '--overload needs --serve or --listen' --overload=block m.onnx
    usage '--max-clients needs --listen' --serve --max-clients=3 m.onnx
    usage '--socket-mode needs --listen=unix:PATH' --listen=systemd --socket-mode=0600 m.onnx
    usage '--cache needs --store' --serve --cache=3 m.onnx
    usage '--cache-ttl needs --store' --serve --cache-ttl=3s m.onnx
    usage '--max-stale needs --store, and answers that are kept' --serve --max-stale=3s m.onnx
    usage '--max-stale needs --store, and answers that are kept' --serve --store=S --cache=0 --max-stale=3s m.onnx
    usage '--listen takes unix:PATH or systemd, not "s.sock"' --listen=s.sock m.onnx
    usage '--socket-mode takes an octal mode such as 0660, not "0888"' --listen=unix:s --socket-mode=0888 m.onnx
    usage '--socket-mode takes an octal mode such as 0660, not "1777"' --listen=unix:s --socket-mode=1777 m.onnx
    usage '--max-delay takes 0, or a time such as 100ms, not "3"' --serve --max-delay=3 m.onnx
    capture umm-predict --serve --metrics=- m.onnx </dev/null
    [[ $status -eq 2 ]] || fail "$stderr"
    refuses 1 'umm-predict: none.onnx: cannot open: No such file or directory' umm-predict --listen=unix:s none.onnx
    [[ ! -e s ]]
    no_leftovers
}
