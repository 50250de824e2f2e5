#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Standard output and standard error that do not block (cmd/cli_stdio.h), as a parent may have
# set them: nothing that a tool prints is lost, the flag stays, and nobody waits for ever.

load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    umm-store create --max-positions=4096 --dim=2 s
    seq -f 'identifier-%05g,1,2' 2000 | umm-store put s
    cat >nonblocking.py <<'END'
import fcntl, os, signal, subprocess, time
from waiting import is_asleep, wait_until

F_SETPIPE_SZ = 1031
STORE = os.environ['BATS_FILE_TMPDIR'] + '/s'
LIST = ['umm-store', 'list', STORE]
FAILS = ['umm-convert', '-o', 'x.npy', 'none.csv']
SAYS = b'umm-convert: none.csv: cannot open: No such file or directory\n'

def is_nonblocking(fd):
    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK)

def small_pipe(n_bytes=0):
    """A pipe that does not block its writers and holds 4096 bytes, n_bytes of them taken."""
    ends = os.pipe()
    fcntl.fcntl(ends[1], F_SETPIPE_SZ, 4096)
    os.set_blocking(ends[1], False)
    os.write(ends[1], b'.' * n_bytes)
    return ends

def read_slowly(fd, step=1500, pause=0.002):
    """In small steps, so that the pipe is full for most of them."""
    parts = [b'']
    while len(parts) == 1 or parts[-1]:
        time.sleep(pause)
        parts.append(os.read(fd, step))
    return b''.join(parts)

def ends_with(command, code, reads=True):
    """What comes through such a pipe as standard output, and through standard error."""
    ends = small_pipe()
    child = subprocess.Popen(command, stdout=ends[1], stderr=subprocess.PIPE)
    assert is_nonblocking(ends[1])
    os.close(ends[1])
    if not reads:
        os.read(ends[0], 100)
        os.close(ends[0])
    got = read_slowly(ends[0]) if reads else b''
    assert child.wait(60) == code, child.returncode
    return got, child.stderr.read()
END
}

python() {
    PYTHONPATH=$BATS_FILE_TMPDIR:$PYTHONPATH ok timeout 300 "$PY" -c "from nonblocking import *
$1"
}

# lost_once N COMMAND...: each line is a write(2) of its own, at least N of them; the first
# fails, and that those after it succeed does not hide it.
lost_once() {
    local n=$1
    shift
    : >out
    capture env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0:verify_asan_link_order=0" \
        strace -qq -o log -P "$PWD/out" -e trace=write -e inject=write:error=ENOSPC:when=1 \
        bash -c 'exec stdbuf -oL "$@" >out' - "$@"
    [[ $status -eq 1 && $stderr =~ ^"$1: standard output: cannot write"(": No space left on device")?$ ]] ||
        fail "$*: exit code $status, $stderr"
    [[ $(grep -c INJECTED log) -eq 1 && $(wc -l <log) -ge $n ]] || fail "$*: $(cat log)"
}

@test "standard output: all of it comes, however slowly it is read" {
    python '
for command in LIST, ["umm-convert", "--help"]:
    want = subprocess.run(command, capture_output=True, check=True).stdout
    assert len(want) > 4096, len(want)
    assert ends_with(command, 0) == (want, b"")'
}

@test "standard output: failures have their reason" {
    python '
full = os.open("/dev/full", os.O_WRONLY | os.O_NONBLOCK)
run = subprocess.run(LIST, stdout=full, stderr=subprocess.PIPE)
assert run.returncode == 1, run
assert run.stderr == b"umm-store: standard output: cannot write: No space left on device\n", run
# Who reads no more ends the tool, as everywhere.
for command in LIST, ["umm-convert", "--help"]:
    assert ends_with(command, -signal.SIGPIPE, reads=False) == (b"", b"")'
}

@test "standard output: what one failed write lost is not hidden by later ones" {
    [[ -z ${UMM_EMULATED-} ]] || skip 'strace sees the emulator'
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    export UMM_POOL_DIR=$PWD
    ok umm-synth --rows=300 -o bars.csv
    ok umm-convert -o bars.npy bars.csv
    ok umm-archive append a.npy.zst bars.npy
    ok umm-db push sqlite:a.db bars bars.npy
    ok umm-store create --dim=2 s
    ok umm-store put s <<<$'a,1,2\nb,1,2\nc,1,2\nd,1,2'
    ok umm-store mark-inactive s a b
    ok umm-pool create p --size=1M
    ok umm-pool put p k bars.npy
    ok umm-pool put p l bars.npy
    ok umm-memstat snapshot A -p $$
    printf '%s\n' event,time,id,symbol,side,entry open,1,p,A,1,2 >events.csv
    "$PY" "$TOP/tests/ref/predict_models.py" m.onnx vector
    "$PY" -c "import numpy as np; np.save('even.npy', np.random.default_rng(1).uniform(-9, 9, (2000, 3)))"
    local tool command
    for tool in "$UMM_BUILD"/umm-*; do
        [[ ! -x $tool || -d $tool ]] || for command in --help --version; do
            lost_once 1 "${tool##*/}" $command
        done
    done
    # A line for each thing; what comes as one text, and what ends at the first failure, is 1.
    while read -r command; do
        # shellcheck disable=SC2086 # words
        lost_once $command
    done <<'END'
5 umm-store list s
4 umm-store list --json s
2 umm-store get s a b
1 umm-store export s -
3 umm-store stat s
2 umm-store verify s
1 umm-archive list a.npy.zst
2 umm-archive stat a.npy.zst
2 umm-archive verify a.npy.zst
1 umm-archive verify --json a.npy.zst
1 umm-archive extract a.npy.zst
3 umm-pool list p
3 umm-pool stat p
3 umm-pool verify p
1 umm-pool get p k
1 umm-pool get p k --format=npy
3 umm-preload bars.npy a.npy.zst
2 umm-preload --status bars.npy
1 umm-memstat
1 umm-memstat --watch=0.01 --count=3
1 umm-memstat compare A A
1 umm-mmap-slice --format=csv bars.npy
1 umm-mmap-slice --describe bars.npy
1 umm-convert -o - bars.csv
2 umm-convert --dry-run bars.csv
1 umm-convert --json -o x.npy bars.csv
1 umm-features -f ema:2 --format=csv bars.npy
1 umm-features -f ema:2 --follow --format=csv bars.csv
9 umm-features --list
1 umm-predict --columns=open,high,low m.onnx bars.npy
1 umm-predict --columns=open,high,low --follow m.onnx bars.csv
1 umm-predict --columns=1,2,3 --verify m.onnx bars.npy
1 umm-predict --describe m.onnx
1 umm-watch --clock=input events.csv
1 umm-db pull sqlite:a.db bars
1 umm-db stat sqlite:a.db bars
1 umm-db verify --json sqlite:a.db bars bars.npy
1 umm-quantize --data=even.npy -o q.onnx m.onnx
1 umm-quantize --json --data=even.npy -o q.onnx m.onnx
1 umm-synth
2 umm-m5 complete
1 umm-m5 run --signals=100 --no-sync --dir=.
END
    # An entry that nobody saw stays.
    lost_once 1 umm-store evict s 2
    ok umm-store list s
    [[ ${#lines[@]} -eq 5 ]] || fail "$output"
}

@test "standard output that nobody reads: a signal ends the wait" {
    python '
for number in signal.SIGTERM, signal.SIGINT:
    for command in LIST, ["umm-convert", "--help"]:
        ends = small_pipe(4096)
        child = subprocess.Popen(command, stdout=ends[1], stderr=subprocess.PIPE,
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        wait_until(lambda: is_asleep(child), "a wait for room", child)
        child.send_signal(number)
        assert child.wait(60) == -number, child.returncode
        assert child.stderr.read() == b""
        assert os.read(ends[0], 5000) == b"." * 4096'
}

@test "standard error: a message waits for room" {
    python '
ends = small_pipe(4096)
child = subprocess.Popen(FAILS, stderr=ends[1])
wait_until(lambda: is_asleep(child), "a wait for room", child)
assert is_nonblocking(ends[1])
os.close(ends[1])
got = read_slowly(ends[0])
assert got == b"." * 4096 + SAYS, got[4096:]
assert child.wait(60) == 1
# More lines than the pipe holds.
ends = small_pipe()
os.mkdir("out")
command = ["umm-convert", "--out-dir=out"] + [f"none-{i}.csv" for i in range(200)]
want = subprocess.run(command, capture_output=True).stderr
child = subprocess.Popen(command, stderr=ends[1])
os.close(ends[1])
got = read_slowly(ends[0])
assert len(want) > 8192 and sorted(got.split(b"\n")) == sorted(want.split(b"\n")), got
assert child.wait(60) == 1'
}

@test "standard error that nobody reads: no message holds a tool for ever" {
    python '
ends = small_pipe(4096)
begin = time.monotonic()
child = subprocess.Popen(FAILS, stderr=ends[1])
assert child.wait(60) == 1
assert 4 < time.monotonic() - begin'
}
