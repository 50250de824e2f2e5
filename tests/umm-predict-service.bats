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
    ok "$PY" -c "import json, os, random, signal, socket, struct, subprocess, sys, threading
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
