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
