# SPDX-License-Identifier: MIT
"""service.py - umm-predict as a service for all runs, its model replaced while they ask.

Of each row it is known what either model answers when it is run alone: an answer is one of
these, bit for bit, and after the last replacement that of the new one.
"""
import os
import pathlib
import signal
import struct
import subprocess
import sys

import numpy as np

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import model_make  # noqa: E402
import waiting  # noqa: E402

MODELS, LAYERS, N_ROWS = ("a", "b"), [6, 16, 2], 500
N_IN, N_OUT = LAYERS[0], LAYERS[-1]
SOCKET, MODEL = "serve/socket", "serve/model.onnx"
# Without what a start of Python takes otherwise.
ASK = ["/usr/bin/python3", "-I", "-S", str(TESTS / "load" / "ask.py"), SOCKET]


class Wrong(Exception):
    """Something does not hold."""


class Service:
    def __init__(self, tool):
        """tool: runs a tool alone, and gives what it prints."""
        os.mkdir("serve")
        rows = np.random.default_rng(3).normal(size=(N_ROWS, N_IN)).astype("f4")
        self.rows = [",".join(str(x) for x in row).encode() for row in rows]
        self.raw_rows = [row.tobytes() for row in rows]
        text = b",".join(b"x%d" % i for i in range(N_IN)) + b"\n" + b"\n".join(self.rows) + b"\n"
        self.answers, self.raw_answers = {}, {}
        for seed, name in enumerate(MODELS):
            model_make.mlp(model_make.random_layers(LAYERS, seed=seed)).write(f"serve/{name}.onnx")
            self.answers[name] = tool("umm-predict", "--plain", f"serve/{name}.onnx", stdin=text).splitlines()[1:]
            raw = tool("umm-predict", "--plain", "--format=raw", f"serve/{name}.onnx", stdin=text)
            self.raw_answers[name] = [b"\0" * 4 + raw[at:at + 4 * N_OUT] for at in range(0, len(raw), 4 * N_OUT)]
        os.link("serve/a.onnx", MODEL)
        with open("serve/errors", "wb") as errors:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "umm-predict", f"--listen=unix:{SOCKET}", MODEL],
                                            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        waiting.wait_until(lambda: os.path.exists(SOCKET), "the service's socket", self.process)
        subprocess.run(ASK, input=b"", check=True)
        waiting.wait_until(lambda: waiting.is_asleep(self.process), "the service to wait for clients", self.process)
        self.n_descriptors = self.count_descriptors()

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def replacement(self, name):
        """A command that gives the service that model."""
        return ["sh", "-c", f"cp serve/{name}.onnx serve/new.$$ && mv serve/new.$$ {MODEL} && kill -HUP {self.process.pid}"]

    # ---- what is asked, and what must come ------------------------------------------------

    def lines(self, rows):
        return b"".join(b"row%d,%s\n" % (i, self.rows[i]) for i in rows)

    def check_lines(self, rows, out, names=MODELS):
        lines = out.splitlines()
        if len(lines) != len(rows) or not out.endswith(b"\n"):
            raise Wrong(f"{len(lines)} answers to {len(rows)} rows")
        for i, line in zip(rows, lines):
            if line not in [b"row%d,%s" % (i, self.answers[name][i]) for name in names]:
                raise Wrong(f"row {i} is answered by {line!r}")

    def raw(self, rows):
        return b"".join(self.raw_rows[i] for i in rows)

    def check_raw(self, rows, out):
        head, size = b"!f4 %d %d\n" % (N_IN, N_OUT), 4 + 4 * N_OUT
        body = out[len(head):]
        if not out.startswith(head) or len(body) != size * len(rows):
            raise Wrong(f"{len(body) / size:g} raw answers to {len(rows)} rows, after {out[:len(head)]!r}")
        for i, at in zip(rows, range(0, len(body), size)):
            if body[at:at + size] not in [self.raw_answers[name][i] for name in MODELS]:
                raise Wrong(f"raw row {i} is answered by {struct.unpack_from(f'<I{N_OUT}f', body, at)}")

    # ---- the end ---------------------------------------------------------------------------

    def look(self):
        """All clients are gone, the last model answers all rows, and a signal ends it."""
        waiting.wait_until(lambda: self.count_descriptors() == self.n_descriptors, "descriptors as at the start", self.process)
        rows = range(N_ROWS)
        for name in MODELS:
            subprocess.run(self.replacement(name), check=True)
            waiting.wait_until(lambda name=name: self.answers_by(name), f"model {name} to answer", self.process)
            out = subprocess.run(ASK, input=self.lines(rows), stdout=subprocess.PIPE, check=True).stdout
            self.check_lines(rows, out, (name,))
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(waiting.WAIT_SECONDS)
        errors = pathlib.Path("serve/errors").read_text(errors="replace")
        if code or errors or os.path.exists(SOCKET):
            raise Wrong(f"the service ends with {code}, its socket {'there' if os.path.exists(SOCKET) else 'gone'}: {errors[:300]!r}")
        return 2 * N_ROWS

    def answers_by(self, name):
        out = subprocess.run(ASK, input=self.lines([0]), stdout=subprocess.PIPE, check=True).stdout
        return out == b"row0," + self.answers[name][0] + b"\n"

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
