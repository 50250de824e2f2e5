#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The live chain, of the tools alone: bars to features in a store, positions to looks, looks to a
# model's answers from the store.
#
#     umm-synth -> umm-features -o store:live
#     umm-synth --positions -> umm-watch -> umm-predict --serve --store=live

load helper

FEATURES=(umm-features -f "ema:2,rsi:2" --by=symbol -o store:live)

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    umm-store create --dim=2 live
    # The model of README.md.
    base64 -d >model.onnx <<'END'
CAcSCm1vZGVsX21ha2VCBAoAEA063gEKKgoFZW1hXzIKBXJzaV8yEgF4GgAiBkNvbmNhdCoLCgRh
eGlzGAGgAQI6AAolCgF4CgF3CgFiEgFnGgAiBEdlbW0qDQoGdHJhbnNCGAGgAQI6AAoUCgFnEgJ1
cBoAIgdTaWdtb2lkOgASBHJvd3MqEwgBCAIQAUIBd0oIbxIDOgAAgL4qDQgBEAFCAWJKBAAAgD9a
GAoFZW1hXzISDwoNCAESCQoDEgFuCgIIAVoYCgVyc2lfMhIPCg0IARIJCgMSAW4KAggBYhUKAnVw
Eg8KDQgBEgkKAxIBbgoCCAE=
END
}

@test "bars and positions at a rate: all that is looked at is answered, as the model alone does" {
    local synth=(umm-synth --symbols=3 --rows=120)
    "${synth[@]}" --positions=6 >events.csv
    umm-synth --symbols=3 --rows=30 | "${FEATURES[@]}"
    "${synth[@]}" --rate=150 | "${FEATURES[@]}" &
    local features=$!
    ok bash -o pipefail -c 'umm-synth --symbols=3 --rows=120 --rate=150 --positions=6 |
        umm-watch --fields=id,symbol | umm-predict --serve --store=live model.onnx'
    wait $features
    cp "$BATS_FILE_TMPDIR/capture.out" answers
    # Each position is looked at when it is opened.
    [[ $(cut -d, -f1 answers | sort -u) == "$(grep ^open, events.csv | cut -d, -f3 | sort -u)" ]]
    capture grep '!' answers
    [[ -z $output ]]

    # The day again, over what the store has now.
    umm-watch --clock=input --fields=id,symbol events.csv >looks
    ok umm-predict --serve --store=live model.onnx <looks
    cp "$BATS_FILE_TMPDIR/capture.out" answers
    umm-store get live SYNTH1 SYNTH2 SYNTH3 | umm-predict --serve model.onnx >alone
    join -t, -1 2 -2 1 -o 1.1,2.2 <(sort -s -t, -k2,2 looks) alone | sort >want
    sort answers | cmp want -
    has_lines answers 100
}

@test "each part is killed and begun again: no position and no feature is lost" {
    mkdir states
    umm-synth --symbols=3 --rows=240 >bars.csv
    umm-synth --symbols=3 --rows=240 --positions=7 >events.csv
    # What all of it comes to when nobody is killed.
    umm-features -f ema:2,rsi:2 --by=symbol bars.csv >rows.csv
    umm-watch --clock=input --state=whole --fields=id,symbol events.csv >looks
    cat >chain.py <<'PY'
import csv, random, signal, subprocess, time, waiting
import numpy as np
draw = random.Random(23)

class Part:
    """A process that is sent a file's lines, and those that it may not have taken again when it begins anew."""
    def __init__(self, name, command, lines, out=None):
        self.name, self.command, self.lines, self.out, self.sent, self.taken = name, command, lines, out, 1, 1
    def begin(self, **pipes):
        self.process = subprocess.Popen(self.command, stdin=pipes.get('stdin', subprocess.PIPE), stdout=self.out)
        if self.lines:
            self.send(0, 1)
            self.send(self.taken, self.sent)
    def send(self, first, last):
        self.process.stdin.write(''.join(self.lines[first:last]).encode())
        self.process.stdin.flush()
    def go_on(self, n):
        upto = min(len(self.lines), self.sent + n)
        self.send(self.sent, upto)
        self.sent = upto
    def kill(self):
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL, self.name
    def end(self, codes=(0,)):
        if self.lines:
            self.process.stdin.close()
        assert self.process.wait(timeout=waiting.WAIT_SECONDS) in codes, (self.name, self.process.returncode)

answers = open('answers', 'ab')
features = Part('features', ['umm-features', '-f', 'ema:2,rsi:2', '--by=symbol', '-o', 'store:live', '--state-root=states', '--checkpoint=10'],
                open('bars.csv').read().splitlines(keepends=True))
watch = Part('watch', ['umm-watch', '--clock=input', '--state=watch.state', '--fields=id,symbol'],
             open('events.csv').read().splitlines(keepends=True), subprocess.PIPE)
# Some are asked for before there is a vector: that is told, and is exit code 3.
predict = Part('predict', ['umm-predict', '--serve', '--store=live', 'model.onnx'], None, answers)

def work_of(parts):
    """What they have read and written so far; None while one has more to do."""
    if waiting.bytes_in(parts[0].process.stdin) or not all(waiting.is_asleep(p.process) for p in parts):
        return None
    return [open(f'/proc/{p.process.pid}/io').read() for p in parts]

def settle(*parts):
    """Wait until nothing is on its way: twice the same, and all of them wait for input."""
    def is_still():
        before = work_of(parts)
        time.sleep(0.005)
        return before and before == work_of(parts)
    waiting.wait_until(is_still, 'the lines to be taken', parts[0].process)

def begin_looks():
    watch.begin()
    predict.begin(stdin=watch.process.stdout)
    watch.process.stdout.close()

features.begin()
begin_looks()
for turn in range(12):
    features.go_on(draw.randrange(40))
    watch.go_on(draw.randrange(40))
    # What it has taken is in its state: that is not sent again. The states of features are behind.
    if draw.random() < 0.7:
        settle(watch, predict)
        watch.taken = watch.sent
    if draw.random() < 0.7:
        settle(features)
    victim = (features, watch, predict)[turn % 3]
    victim.kill()
    if victim is features:
        features.begin()
    else:
        # One ends with the other: its pipe has no reader, or no writer.
        if victim is watch:
            predict.end((0, 3))
        else:
            try:
                watch.process.stdin.close()
            except BrokenPipeError:
                pass
            watch.process.wait(timeout=waiting.WAIT_SECONDS)
        begin_looks()
for part in features, watch:
    part.go_on(len(part.lines))
    part.end()
predict.end((0, 3))

# Every answer is that of the model to a row of the position's symbol, rounded as the store has it.
rows = list(csv.reader(open('rows.csv')))[1:]
alone = subprocess.run(['umm-predict', '--serve', '--nan=nan', 'model.onnx'], capture_output=True, text=True,
                       input=''.join(f'{r[0]},' + ','.join(str(np.float32(x)) for x in r[2:]) + '\n' for r in rows)).stdout.splitlines()
may, symbol_of = {}, {}
for r, line in zip(rows, alone, strict=True):
    may.setdefault(r[0], set()).add(line.split(',')[1])
for e in csv.DictReader(open('events.csv')):
    if e['event'] == 'open':
        symbol_of[e['id']] = e['symbol']
n = 0
data = open('answers').read()
for line in data.splitlines():
    name, _, answer = line.partition(',')
    if answer.startswith('!absent') or answer.startswith('!nonfinite') or name not in symbol_of:
        continue
    n += answer in may[symbol_of[name]]
    assert answer in may[symbol_of[name]], line
assert n > 100, n
slots, vectors = np.load('live/slots.npy'), np.load('live/vectors.npy')
have = {s['id'].decode(): (s['timestamp'].astype('M8[ms]').astype(int).item(), v.tobytes()) for s, v in zip(slots, vectors) if s['generation']}
assert have == {r[0]: (int(r[1]), np.array([float(x) for x in r[2:]]).astype('f4').tobytes()) for r in rows}
PY
    ok "$PY" chain.py
    # Positions and prices are those of a watch that was never killed: two hours later each position
    # is looked at, at the same risk. (When looks are due may differ, as looks are not in the state.)
    "$PY" - <<'PY' >later.csv
import csv
print('event,time,id,symbol,side,entry,take_profit,stop_loss,price')
for n, row in enumerate(list(csv.reader(open('bars.csv')))[-3:]):
    print(f'price,{int(row[1]) + 7200000},,{row[0]},,,,,{float(row[5]) * (1 + n * 0.0004):.2f}')
PY
    for state in whole watch.state; do
        ok umm-watch --clock=input --state=$state --fields=id,symbol,risk later.csv
        sort -u "$BATS_FILE_TMPDIR/capture.out" >$state.looks
    done
    cmp whole.looks watch.state.looks
    [[ $(cut -d, -f1 watch.state.looks | sort -u | wc -l) -ge 7 ]]
    ok umm-store verify live
}
