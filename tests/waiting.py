# SPDX-License-Identifier: MIT
"""waiting.py - waits of tests: for states, within bounds. See tests/helper.bash."""
import fcntl
import os
import socket
import struct
import termios
import time

WAIT_SECONDS = float(os.environ.get("WAIT_SECONDS", "120"))


def wait_until(is_so, what, process=None):
    """Until is_so() is true. Fails with what was waited for after WAIT_SECONDS, or at once if process has ended."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        code = process.poll() if process else None  # before the look: what it did last is seen
        if is_so():
            return
        assert code is None, f"process ended with {code}; waited for: {what}"
        assert time.monotonic() < end, f"waited {WAIT_SECONDS:g} s for: {what}"
        time.sleep(0.005)


def state_of(path):
    """The letter that is the state of a process or thread, "" of none."""
    try:
        with open(f"{path}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(") ")[2][:1]
    except OSError:
        return ""


def is_asleep(process):
    """All its threads wait: for input, for room, for a lock, for a time."""
    try:
        tasks = os.listdir(f"/proc/{process.pid}/task")
    except OSError:
        return False
    return bool(tasks) and all(state_of(f"/proc/{process.pid}/task/{task}") == "S" for task in tasks)


def catches(process, number):
    """It has a handler for that signal."""
    try:
        with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
            return int(status.read().split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1 == 1
    except OSError:
        return False


def has_open(process, path):
    path = os.path.realpath(path)
    try:
        return any(os.readlink(f"/proc/{process.pid}/fd/{fd}") == path for fd in os.listdir(f"/proc/{process.pid}/fd"))
    except OSError:
        return False


def bytes_in(pipe):
    """How many bytes a pipe holds; either end will do, a descriptor or a file."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


def is_drained(pipe, process):
    """The process has read all that was written to the pipe, and waits."""
    return bytes_in(pipe) == 0 and is_asleep(process)


def connect(path, process=None):
    """A connection to the Unix socket at path, as soon as somebody listens there."""
    client = socket.socket(socket.AF_UNIX)
    wait_until(lambda: client.connect_ex(path) == 0, f"a listener at {path}", process)
    return client
