# SPDX-License-Identifier: MIT
"""predict_clients.py - many clients of umm-predict --listen at once, few of which behave.

    predict_clients.py make DIR                            a model and rows for it
    predict_clients.py run DIR SOCKET PID LIMIT N [SEED]   N clients; LIMIT at once are taken

DIR also has what the model answers when it is run alone: answers.csv and answers.raw. Clients
send rows in pieces cut anywhere, numbers that are none, half lines, lines without an end, random
bytes and raw rows; they do not read, or go away. Whatever the others do, each client gets one
answer for each of its lines, in their order, and for each good row exactly the bits in DIR. At
the end the service has as many descriptors and as much memory as it had.
"""
import os
import random
import re
import select
import socket
import struct
import sys
import types

import numpy as np

import model_make
import waiting

LAYERS, N_ROWS, AT_ONCE = [5, 8, 2], 2000, 250
N_IN, N_OUT = LAYERS[0], LAYERS[-1]
LONGEST = 1024 + 64 * N_IN  # of a line
FLOOD_BYTES = 4 << 20  # more than any buffers on the way hold
WARM = 1000  # clients before memory is looked at
GROWTH_KB_MAX = 0.5  # for each client: a buffer that is left behind has one or more
NAN_ANSWER = struct.pack("<I", 1) + struct.pack("<I", 0x7fc00000) * N_OUT


def make(directory):
    model_make.mlp(model_make.random_layers(LAYERS, seed=5)).write(f"{directory}/model.onnx")
    rows = np.random.default_rng(7).normal(size=(N_ROWS, N_IN)).astype("f4")
    np.save(f"{directory}/rows.npy", rows)
    with open(f"{directory}/rows.csv", "w", encoding="ascii") as file:
        file.write(",".join(f"x{i}" for i in range(N_IN)) + "\n")
        file.writelines(",".join(str(x) for x in row) + "\n" for row in rows)


class Known:
    """Rows, and what the model alone answers."""

    def __init__(self, directory):
        def lines(name):
            with open(f"{directory}/{name}", "rb") as file:
                return file.read().splitlines()[1:]
        self.rows, self.answers = lines("rows.csv"), lines("answers.csv")
        self.raw_rows = [row.tobytes() for row in np.load(f"{directory}/rows.npy")]
        with open(f"{directory}/answers.raw", "rb") as file:
            self.raw_answers = [b"\0" * 4 + file.read(4 * N_OUT) for _ in range(N_ROWS)]
        assert len(self.rows) == len(self.answers) == len(self.raw_rows) == N_ROWS, "not all rows are answered"


# ---- what clients send: [(bytes, how many must have come before)], what must come -----------

def refused(key, word):
    return re.compile(re.escape(key) + b",!" + word + b"( [^\n]*)?")


class Scripts:
    def __init__(self, known, rng):
        self.known, self.rng = known, rng
        self.makers = [(30, self.good), (25, self.mixed), (8, self.half), (6, self.endless), (8, self.noise),
                       (10, self.raw), (3, self.raw_refused), (3, self.commands), (2, self.nothing), (5, self.good)]

    def make(self):
        maker = self.rng.choices([m for _, m in self.makers], [w for w, _ in self.makers])[0]
        return (maker.__name__, *maker())

    def row(self):
        """A good line and its answer."""
        i, n = self.rng.randrange(N_ROWS), self.rng.randrange(1000000)
        sent = key = b"%d" % n
        if n % 7 == 0:
            sent = key = b'"a,%d ""x"""' % n
        elif n % 7 == 1:
            sent = b'"%d"' % n  # that needs no quotes, and comes without
        end = b"\r\n" if n % 5 == 0 else b"\n"
        return sent + b"," + self.known.rows[i] + end, key + b"," + self.known.answers[i] + b"\n"

    def bad(self):
        """A line that has no answer, and what is said of it."""
        key, row = b"bad%d" % self.rng.randrange(1000), self.known.rows[self.rng.randrange(N_ROWS)].split(b",")
        at = self.rng.randrange(N_IN)
        kind = self.rng.randrange(9)
        if kind < 3:
            row[at] = (b"nan", b"-inf", b"NaN")[kind]
            return key + b"," + b",".join(row) + b"\n", refused(key, b"nonfinite")
        if kind == 3:
            return key + b"," + b",".join(row[:at]) + b"\n", refused(key, b"(fields|number)" if at == 0 else b"fields")
        if kind == 4:
            return key + b"," + b",".join(row + row[at:]) + b"\n", refused(key, b"fields")
        if kind == 5:
            row[at] = self.rng.choice((b"1.5.2", b"0x10", b"one", b"1e", b" ", b"--1"))
            return key + b"," + b",".join(row) + b"\n", refused(key, b"number")
        if kind == 6:
            return b"," + b",".join(row) + b"\n", refused(b"", b"id")
        if kind == 7:
            return b"k" * 248 + b"," + b",".join(row) + b"\n", refused(b"", b"id")
        return self.rng.choice((b"!nonsense\n", b"!\n", b"!f4\n", b"!versions\n")), re.compile(b",!(command|fields)( [^\n]*)?")

    def good(self):
        lines, answers = zip(*(self.row() for _ in range(self.rng.randrange(1, 20))))
        return [(b"".join(lines), 0)], list(answers)

    def mixed(self):
        lines, answers = zip(*(self.rng.choice((self.row, self.bad))() for _ in range(self.rng.randrange(1, 15))))
        return [(b"".join(lines), 0)], list(answers)

    def half(self):
        ((lines, _),), answers = self.mixed()
        line, _ = self.row()
        # Cut before its last digit: what is left of it would be a row, of another number.
        cut = line[:self.rng.randrange(1, len(line.rstrip()))]
        return [(lines + cut, 0)], answers + [re.compile(b"[^\n]*,!half( [^\n]*)?")]

    def endless(self):
        ((lines, _),), answers = self.good()
        long = b"k" + self.rng.choice((b"1", b",", b",1", b'"')) * (LONGEST + self.rng.randrange(1, 8 * LONGEST))
        line, answer = self.row()
        return [(lines + long + b"\n" + line, 0)], answers + [re.compile(b"[^\n]*,!long( [^\n]*)?"), answer]

    def noise(self):
        n = self.rng.randrange(1, 1500)
        noise = self.rng.randbytes(n).replace(b"!", b"?")
        if self.rng.random() < 0.5:
            noise = noise.translate(bytes(b"\n,01.e-\"\r9"[i % 10] for i in range(256)))
        line, answer = self.row()
        return [(noise + b"\n" + line, 0)], [re.compile(b"[^\n]*,[^\n]*")] * (noise.count(b"\n") + 1) + [answer]

    def raw(self):
        ((lines, _),), answers = self.good()
        first = b"".join(answers) + b"!f4 %d %d\n" % (N_IN, N_OUT)
        rows = [self.rng.randrange(N_ROWS) for _ in range(self.rng.randrange(1, 60))]
        sent, wanted = [self.known.raw_rows[i] for i in rows], [self.known.raw_answers[i] for i in rows]
        for i in range(0, len(rows), 7):
            sent[i] = sent[i][:4] + struct.pack("<f", float("nan")) + sent[i][8:]
            wanted[i] = NAN_ANSWER
        part = self.known.raw_rows[0][:self.rng.randrange(4 * N_IN)]
        return [(lines + b"!f4 %d\n" % N_IN, 0), (b"".join(sent) + part, len(first))], first + b"".join(wanted)

    def raw_refused(self):
        line, answer = self.row()
        return [(b"!f4 %d\n" % (N_IN + 1) + line, 0)], [refused(b"", b"fields"), answer]

    def commands(self):
        (line, answer), (line2, answer2) = self.row(), self.row()
        return ([(line + b"!version\n!stats\n" + line2, 0)],
                [answer, b"!version 1 %d %d\n" % (N_IN, N_OUT), re.compile(br"!stats \{[^\n]*\}"), answer2])

    def nothing(self):
        return [(b"", 0)], b""

    def flood(self):
        """Far more answers than a client may leave unread."""
        line, answer = self.row()
        n = FLOOD_BYTES // len(line)
        return "flood", [(line * n, 0)], answer * n


# ---- clients ------------------------------------------------------------------------------------

class Client:
    """leaves: after so many bytes; is_slow: reads nothing until all is sent, or no more can be."""

    def __init__(self, path, script, leaves=None, is_slow=False, rng=None):
        self.name, self.steps, self.wanted = script
        self.steps = list(self.steps)
        self.leaves, self.is_slow, self.rng = leaves, is_slow, rng
        self.got, self.n_sent, self.at, self.was_blocked = bytearray(), 0, 0, False
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.setblocking(False)

    def is_sending(self):
        return bool(self.steps) and len(self.got) >= self.steps[0][1]

    def events(self):
        reads = not (self.is_slow and self.is_sending() and not self.was_blocked)
        return (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if self.is_sending() else 0)

    def send(self):
        """A piece. False: it has gone away."""
        data = self.steps[0][0]
        left = len(data) - self.at
        size = left if left < 2 or self.name == "flood" else self.rng.randrange(1, left + 1)
        try:
            n = self.socket.send(memoryview(data)[self.at:self.at + size]) if size else 0
        except BlockingIOError:
            self.was_blocked = True
            return True
        self.was_blocked |= n < size
        self.at += n
        self.n_sent += n
        if self.leaves is not None and self.n_sent >= self.leaves:
            return False
        if self.at == len(data):
            self.steps.pop(0)
            self.at = 0
            if not self.steps:
                self.socket.shutdown(socket.SHUT_WR)
        return True

    def receive(self):
        """False: that was all."""
        data = self.socket.recv(self.rng.randrange(1, 200) if self.is_slow and len(self.got) < 2000 else 1 << 18)
        self.got += data
        return bool(data)

    def check(self):
        """All that came is what must come."""
        got, wanted = bytes(self.got), self.wanted
        if isinstance(wanted, bytes):
            assert got == wanted, f"{self.name}: {first_difference(got, wanted)}"
            return
        *lines, rest = got.split(b"\n")
        for i, (line, want) in enumerate(zip(lines, wanted)):
            is_right = line == want[:-1] if isinstance(want, bytes) else want.fullmatch(line)
            assert is_right, f"{self.name}: answer {i} is {line[:200]!r}, not {getattr(want, 'pattern', want)[:200]!r}"
        assert len(lines) == len(wanted) and not rest, f"{self.name}: {len(lines)} answers to {len(wanted)} lines, and {rest!r}"


def first_difference(got, wanted):
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    return f"{len(got)} bytes, not {len(wanted)}; from byte {at} on {got[at:at + 60]!r}, not {wanted[at:at + 60]!r}"


class Crowd:
    """Clients under way, until all have had their answers or are gone."""

    def __init__(self, path):
        self.path, self.poll, self.live, self.n_checked = path, select.epoll(), {}, 0

    def add(self, client):
        self.live[client.socket.fileno()] = client
        client.registered = client.events()
        self.poll.register(client.socket, client.registered)

    def drop(self, client):
        del self.live[client.socket.fileno()]
        client.socket.close()

    def turn(self):
        events = self.poll.poll(waiting.WAIT_SECONDS)
        assert events, f"{len(self.live)} clients wait for answers, such as {next(iter(self.live.values())).name}"
        for fd, happened in events:
            client = self.live[fd]
            try:
                is_there = client.send() if happened & select.EPOLLOUT else True
                if is_there and happened & (select.EPOLLIN | select.EPOLLHUP):
                    is_there = client.receive()
                    if not is_there:
                        client.check()
                        self.n_checked += 1
            except ConnectionError as error:
                raise AssertionError(f"{client.name}: {error}, after {len(client.got)} bytes") from error
            if not is_there:
                self.drop(client)
            elif client.events() != client.registered:
                client.registered = client.events()
                self.poll.modify(fd, client.registered)

    def end(self):
        while self.live:
            self.turn()


# ---- the service's side ---------------------------------------------------------------------------

def n_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(status.read().split("VmRSS:")[1].split()[0])


def send_many(scripts, crowd, rng, n):
    for _ in range(n):
        script = scripts.make()
        total = sum(len(data) for data, _ in script[1])
        leaves = rng.randrange(total) if total and rng.random() < 0.1 else None
        crowd.add(Client(crowd.path, script, leaves, rng.random() < 0.1, rng))
        while len(crowd.live) >= AT_ONCE:
            crowd.turn()


def refuse_too_many(scripts, crowd, rng, limit):
    """LIMIT clients are taken; those after them are told, and those before them still answered."""
    idle = [Client(crowd.path, ("idle", *scripts.good()), rng=rng) for _ in range(limit)]
    for _ in range(20):
        extra = Client(crowd.path, ("too many", [(b"", 0)], [re.compile(b",!overload( [^\n]*)?")]), rng=rng)
        extra.socket.settimeout(waiting.WAIT_SECONDS)
        while extra.receive():
            pass
        extra.check()
        extra.socket.close()
    for client in idle:
        crowd.add(client)
    crowd.end()


def hold(client, process):
    """Send until the service takes no more: it waits, and there is no room."""
    while client.send():
        assert client.steps, "questions are taken from a client that reads no answers"
        if client.was_blocked:
            waiting.wait_until(lambda: has_room(client) or waiting.is_asleep(process), "the service takes more, or waits")
            if not has_room(client):
                return


def has_room(client):
    return bool(select.select([], [client.socket], [], 0)[1])


def run(directory, path, pid, limit, n, seed="1"):
    pid, limit, n, rng = int(pid), int(limit), int(n), random.Random(int(seed))
    scripts, crowd, process = Scripts(Known(directory), rng), Crowd(path), types.SimpleNamespace(pid=pid)
    crowd.add(Client(path, scripts.make(), rng=rng))
    crowd.end()
    waiting.wait_until(lambda: waiting.is_asleep(process), "the service to wait for clients")
    before = n_descriptors(pid)
    refuse_too_many(scripts, crowd, rng, limit)
    kept_kb = []
    for n_now in WARM, n - WARM:
        flood = Client(path, scripts.flood(), is_slow=True, rng=rng)
        hold(flood, process)
        send_many(scripts, crowd, rng, n_now)
        crowd.add(flood)
        crowd.end()
        waiting.wait_until(lambda: n_descriptors(pid) == before, f"{before} descriptors, as at the start")
        kept_kb.append(memory_kb(pid))
    grown_kb = kept_kb[1] - kept_kb[0]
    is_bounded = grown_kb <= GROWTH_KB_MAX * (n - WARM)
    assert os.environ.get("UMM_SAN") or is_bounded, f"memory has grown by {grown_kb} KiB in {n - WARM} clients"
    print(f"{crowd.n_checked} clients had all answers; {before} descriptors; memory {kept_kb[0]} KiB, grown by {grown_kb}")


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](*sys.argv[2:])
