# SPDX-License-Identifier: MIT
"""Runs of one command, measured by measure.c."""
import json
import os
import signal
import subprocess

TIMEOUT_S = 300


def settle(path):
    """Into the page cache anew: a cache gone to pieces must not decide."""
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def measure(program, command, n=1, remove="-", env=None, worker_input=None):
    """n runs as [(seconds, peak RSS in bytes)], and a worker's answer (else None).

    program is the compiled measure.c; remove is unlinked before each run. A worker
    speaks the protocol of peer.py; its input is settled when it is ready.
    """
    result, answer = program + ".result", None
    with open(result + ".err", "w+", encoding="utf-8", errors="replace") as errors, subprocess.Popen(
            [program, result, str(n), remove, *command], stdin=subprocess.PIPE, stderr=errors,
            stdout=subprocess.PIPE if worker_input else subprocess.DEVNULL, text=True,
            env={**os.environ, **(env or {})}, start_new_session=True) as process:
        signal.signal(signal.SIGALRM, lambda *_: kill(process))
        signal.alarm(TIMEOUT_S)
        try:
            if worker_input and process.stdout.readline().strip() == "ready":
                settle(worker_input)
                answer = process.communicate("go\n")[0]
            else:
                process.communicate()
        except BaseException:
            kill(process)
            raise
        finally:
            signal.alarm(0)
        errors.seek(0)
        message = (errors.read().strip() or "no message").split("\n")[0]
    if process.returncode:
        raise RuntimeError(f"stopped after {TIMEOUT_S} s" if process.returncode < 0 else message)
    with open(result, encoding="utf-8") as lines:
        runs = [line.split() for line in lines]
    bad = [code for _, _, code in runs if code not in ("0", "3")]
    if bad:
        raise RuntimeError(f"exit code {bad[0]}: {message}")
    return [(float(s), int(kib) * 1024) for s, kib, _ in runs], json.loads(answer) if answer else None
