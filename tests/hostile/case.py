# SPDX-License-Identifier: MIT
"""case.py - one case: what stands in a file's place, a run beside it, and what must hold."""
import contextlib
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from table import PART, words_of

SECONDS_MAX = 60
MEMORY_MAX = 320 << 20  # a list of ranges may have 256 MiB
LOOKED_AT = 1 << 20  # bytes of a file
LONG = "/".join(["x" * 200] * 30)  # longer than PATH_MAX
ODD = "o\n\x1b[31m\x07\x7f"
failures = []
n_cases = 0


def tree(directory="."):
    """What is in it, by name: kinds, contents and targets of links. Times are left alone, and what a
    pool knows of itself, which any put may forget."""
    found = {}
    for where, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if name not in ("made", "m5")]
        for name in directories + [name for name in names if name != ".umm-ledger"]:
            path = os.path.join(where, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif os.path.isfile(path) and os.access(path, os.R_OK):
                with open(path, "rb") as file:
                    found[path] = os.path.getsize(path), file.read(LOOKED_AT)
            else:
                found[path] = "another"
    return found


def read_writes(fd):
    """What was written into the pipe fd, a write at a time (up to PIPE_BUF)."""
    writes = []
    while data := os.read(fd, 1 << 16):
        writes.append(data)
    os.close(fd)
    return writes


def run(words, **who):
    """(code or -signal, stdout, stderr, peak of memory)"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    reader, writer = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
    with (ThreadPoolExecutor(1) as pool,
          subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writer, **who) as process):
        os.close(writer)
        said = pool.submit(read_writes, reader)
        try:
            out, _ = process.communicate(b"", timeout=SECONDS_MAX)
            end = b""
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            end = b"[hangs]"
        writes = said.result()
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if any(not text.endswith(b"\n") for text in writes if len(text) < select.PIPE_BUF):
        end += b"[in pieces]"
    return process.returncode, out, b"".join(writes) + end, after << 10 if after > before else 0


def judge(what, words, result, may_do=False, must_do=False):
    """Say what is wrong with a result. may_do: it need not fail; must_do: it must not."""
    global n_cases
    n_cases += 1
    code, out, err, memory = result
    wrong = []
    lines = err.decode(errors="replace").splitlines()
    if b"[hangs]" in err:
        wrong.append("does not end")
    elif b"[in pieces]" in err:
        wrong.append("a line was written in pieces")
    elif code == 0:
        if not (may_do or must_do) or (err and words[0] != "umm-quantize"):  # which warns
            wrong.append("exit code 0")
    elif code == 3 and "quarantine" in what and not err:
        pass
    elif must_do or code not in (1, 2, 125) or len(lines) != (2 if err.endswith(b"--help'.\n") else 1):
        wrong.append(f"exit code {code}, {len(lines)} lines")
    if re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", err):
        wrong.append("control characters")
    if memory > MEMORY_MAX and "ASAN_OPTIONS" not in os.environ:
        wrong.append(f"{memory >> 20} MiB of memory")
    if wrong:
        print(what, wrong, file=sys.stderr, flush=True)
        failures.append(f"{what}: {' '.join(words)[:200]!r}: {', '.join(wrong)}: {err[:300]!r}")
    return code


@contextlib.contextmanager
def replaced(path, put):
    """put(path) stands in place of path, which comes back."""
    kept = f"{path}.kept"
    is_there = os.path.lexists(path)
    if is_there:
        os.rename(path, kept)
    try:
        put(path)
        yield
    finally:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        if is_there:
            os.rename(kept, path)


# ---- what may stand in a file's place --------------------------------------------------


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)


def put_bytes(data):
    return lambda path: pathlib.Path(path).write_bytes(data)


def put_link(target):
    return lambda path: os.symlink(target, path)


def npy(shape, descr="'<f8'", data=b""):
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': ({shape}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


THINGS = {
    "a directory": os.mkdir, "a link to nothing": put_link("nowhere"), "a link to itself": lambda path: os.symlink(path, path),
    "a socket": put_socket, "/dev/zero": put_link("/dev/zero"), "an empty file": put_bytes(b""),
    "zeros": put_bytes(bytes(100_000)), "noise": put_bytes(bytes(range(256)) * 99),
    "2^63 rows": put_bytes(npy(f"{2**63}, 6")), "2^60 rows": put_bytes(npy(f"{2**60}, 6")), "2^58 rows": put_bytes(npy(f"{2**58}, 6")),
    "2^64 columns": put_bytes(npy(f"1, {2**64}")), "2^40 rows that are missing": put_bytes(npy(f"{2**40}, 6", data=bytes(480))),
    "a sparse file of 2^42 bytes": lambda path: (put_bytes(b"")(path), os.truncate(path, 1 << 42)),
    "a file without rights": lambda path: (put_bytes(b"x")(path), os.chmod(path, 0)),
}
GARBAGE = [thing for thing in THINGS if thing in ("zeros", "noise") or thing[0] == "2"]


def attempt(what, command, value=None, through=(), may_change=(), **may):
    """Run it, through another command or not: what it fails at stays as it was. Reports are written
    after the output."""
    words = words_of(command) if value is None else PART.sub(value, command).split(" ")
    before = tree()
    code = judge(what, words, run([*through, *words]), **may)
    now = tree()
    changed = [path for path in now.keys() | before.keys() if now.get(path) != before.get(path) and path not in may_change]
    if code not in (0, 3) and changed and "{to_json}" not in command and "{to_prom}" not in command:
        failures.append(f"{what}: {' '.join(words)!r}: changed {changed}")
    return code


def is_left(path):
    name = os.path.basename(path)
    return name.startswith(".") and (".umm-" in name or name.endswith(".lock")) and name != ".umm-pool"


def fresh():
    """The files as they were made, after a command that did its work."""
    for name in os.listdir("."):
        if name != "made":
            shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
    made = [os.path.join("made", name) for name in os.listdir("made")]
    subprocess.run(["cp", "-R", "--no-dereference", "--preserve=mode", "--", *made, "."], check=True)


def try_thing(name, command, path, thing, put, **may):
    with replaced(path, put):
        code = attempt(f"{name}, {path} is {thing}", command, **may)
    if code == 0:
        fresh()
