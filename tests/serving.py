# SPDX-License-Identifier: MIT
"""serving.py - services under test, and their clients. Waits are for states, as in waiting.py."""
import json
import os
import signal
import socket
import subprocess

from waiting import WAIT_SECONDS, wait_until


class Service:
    """umm-predict --listen=unix:PATH, or --serve with listen False; stderr is kept in a file."""

    def __init__(self, *arguments, path="s.sock", listen=True, **more):
        self.path = path
        self.errors = open(f"{path}.err", "w+b")
        how = f"--listen=unix:{path}" if listen else "--serve"
        pipes = {} if listen else {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(["umm-predict", how, *arguments], stderr=self.errors, **pipes, **more)
        if listen:
            wait_until(self.is_up, "the socket", self.process)

    def is_up(self):
        try:
            Client(self.path).close()
            return True
        except OSError:
            return False

    def told(self):
        self.errors.flush()
        with open(self.errors.name, encoding="utf-8") as file:
            return file.read()

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, code=0, told=""):
        """Drain it by a signal; it must exit with that code, and have said that on standard error."""
        self.send(number)
        self.ends(code, told)

    def ends(self, code=0, told=""):
        assert self.process.wait(WAIT_SECONDS) == code, (self.process.returncode, self.told())
        assert self.told() == told, self.told()

    def stats(self):
        with Client(self.path) as client:
            return client.stats()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            assert kind, "the service was not ended"
        self.errors.close()


class Client:
    def __init__(self, path="s.sock"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_SECONDS)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def line(self):
        line = self.file.readline()
        assert line.endswith(b"\n"), line
        return line[:-1].decode()

    def ask(self, text):
        self.send(text + "\n")
        return self.line()

    def stats(self):
        answer = self.ask("!stats")
        assert answer.startswith("!stats {"), answer
        return json.loads(answer[7:])

    def read(self, n):
        data = self.file.read(n)
        assert len(data) == n, data
        return data

    def finish(self):
        """No more is asked: all that is left to read."""
        self.socket.shutdown(socket.SHUT_WR)
        return self.file.read()

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def replace(path, data):
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.rename(f"{path}.new", path)
