# SPDX-License-Identifier: MIT
"""world.py - the dataset that `run` works on, and what any part of it must look like.

Rows of a symbol are those of umm-synth, so that rows 0 to n are known for every n. What
may be in a file is told by the rows themselves: the first one's time says which they are.
"""
import multiprocessing
import os
import pathlib
import re
import shutil
import struct
import subprocess

from service import Service, Wrong, waiting

SYMBOLS = ("AAA", "BBB", "CCC")
ROW = 48
FEATURES = "ema:20,atr:14,rsi:14,macd,sma:50"
POOL_SIZE = 4_000_000
STORE_DIM = 8
N_IDS = 400
N_OUTPUTS = 12  # names that many runs write to


def npy_body(data):
    """(header's dict as text, bytes behind the header) of a whole .npy."""
    if data[:6] != b"\x93NUMPY":
        raise Wrong(f"no array, but {data[:40]!r}")
    begin = 10 + struct.unpack_from("<H", data, 8)[0]
    return data[10:begin].decode(), data[begin:]


def npy_rows(data):
    """The rows that a plain array's header counts; bytes behind them are not rows yet."""
    head, body = npy_body(data)
    n = int(re.search(r"'shape': \((\d+)", head)[1])
    if len(body) < n * ROW:
        raise Wrong(f"{n} rows in the header, {len(body)} bytes")
    return body[:n * ROW]


def vector(version):
    """A vector of the store: whoever sees other values sees half of two."""
    return [float(version + i) for i in range(STORE_DIM)]


class Floor:
    """How many rows of each symbol are stored for certain, known to all drivers."""

    def __init__(self):
        self.rows = multiprocessing.get_context("fork").Array("q", len(SYMBOLS))

    def __getitem__(self, symbol):
        return self.rows[SYMBOLS.index(symbol)]

    def raise_to(self, symbol, n):
        with self.rows.get_lock():
            self.rows[SYMBOLS.index(symbol)] = max(self[symbol], n)


class World:
    def __init__(self, n_rows):
        self.n_rows = n_rows
        self.want, self.lines, self.text, self.features, self.feature_row, self.csv = {}, {}, {}, {}, {}, {}
        # Rows that are stored for certain: a run that reported them done has ended.
        self.floor, self.archived = Floor(), Floor()
        self.pooled = {}
        self.service = self.redis = None
        self.stores = ["store"]

    def make(self):
        for name in ("want", "root", "arch", "feat", "featroot", "states", "parts", "out", "pools", "m5", "runs"):
            os.mkdir(name)
        for s in SYMBOLS:
            self.tool("umm-synth", f"--symbol={s}", f"--rows={self.n_rows}", "-o", f"want/{s}.csv")
            self.tool("umm-convert", "-o", f"want/{s}.npy", f"want/{s}.csv")
            self.tool("umm-features", "-f", FEATURES, "-o", f"want/{s}.features.npy", f"want/{s}.npy")
            self.want[s] = npy_body(pathlib.Path(f"want/{s}.npy").read_bytes())[1]
            self.lines[s] = pathlib.Path(f"want/{s}.csv").read_bytes().splitlines(keepends=True)
            self.text[s] = self.lines[s].pop(0)
            self.features[s] = npy_body(pathlib.Path(f"want/{s}.features.npy").read_bytes())[1]
            self.feature_row[s] = len(self.features[s]) // self.n_rows
            for timeframe in ("1m", "5m"):
                pathlib.Path(f"parts/{s}-{timeframe}.csv").write_bytes(self.rows(s, 0, 700))
            self.tool("umm-convert", "--append", "--out-root=root", f"parts/{s}-1m.csv", f"parts/{s}-5m.csv")
            self.tool("umm-archive", "append", f"arch/{s}.npy.zst", f"parts/{s}-1m.csv")
            self.floor.raise_to(s, 700)
            self.archived.raise_to(s, 700)
        for version in range(1, 4):
            n = 2000 * version
            self.tool("umm-convert", "-o", f"out/version{version}.npy", stdin=self.rows("AAA", version, n))
            self.pooled[version] = pathlib.Path(f"out/version{version}.npy").read_bytes()
        self.tool("umm-pool", "create", "p", f"--size={POOL_SIZE}")
        if shutil.which("redis-server"):
            self.start_redis()
        for store in self.stores:
            self.tool("umm-store", "create", store, "--max-positions=200", f"--dim={STORE_DIM}")
        self.service = Service(self.tool)

    def start_redis(self):
        """A server for another store, by a short name: a socket's path has 107 bytes at most."""
        self.redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "",
                                       "--logfile", "redis.log"])
        waiting.wait_until(lambda: os.path.exists("redis.sock"), "the server", self.redis)
        self.stores.append("unix:redis.sock?timeout=100s")

    def end(self):
        if self.service:
            self.service.end()
        if self.redis:
            self.redis.kill()
            self.redis.wait()

    def tool(self, *command, stdin=b"", code=0, errors=b""):
        """Run it alone; what it prints."""
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False)
        if done.returncode != code or done.stderr != errors:
            raise Wrong(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr[:300]!r}")
        return done.stdout

    def rows(self, symbol, first, end):
        """CSV of rows first to end."""
        return self.text[symbol] + b"".join(self.lines[symbol][first:end])

    # ---- what must hold of what was read ----------------------------------------

    def find(self, symbol, data, row_bytes, all_rows, fmt="<d"):
        """Which rows data are: (first, how many)."""
        if len(data) % row_bytes:
            raise Wrong(f"{symbol}: {len(data)} bytes are no rows of {row_bytes}")
        if not data:
            return 0, 0
        begin, step = (struct.unpack_from(fmt, all_rows, at)[0] for at in (0, row_bytes))
        first = int((struct.unpack_from(fmt, data)[0] - begin) // (step - begin))
        if data != all_rows[first * row_bytes:first * row_bytes + len(data)]:
            raise Wrong(f"{symbol}: other rows, from row {first} on, {len(data) // row_bytes} of them")
        return first, len(data) // row_bytes

    def check_rows(self, symbol, data, first=None, least=0):
        """data are rows of symbol, from first on, with row least - 1 among them."""
        at, n = self.find(symbol, data, ROW, self.want[symbol])
        if first is not None and n and at != first:
            raise Wrong(f"{symbol}: begins with row {at}, not {first}")
        if at + n < least:
            raise Wrong(f"{symbol}: ends with row {at + n}, though {least} were stored before")
        return at + n

    def check_features(self, symbol, data, first=None, least=0):
        at, n = self.find(symbol, data, self.feature_row[symbol], self.features[symbol], "<q")
        if first is not None and n and at != first:
            raise Wrong(f"{symbol}: features begin with row {at}, not {first}")
        if at + n < least:
            raise Wrong(f"{symbol}: features end with row {at + n}, not {least}")
        return at + n

    def check_vectors(self, text):
        """Lines id,v0,...: whole vectors."""
        for line in text.splitlines():
            values = [float(v) for v in line.split(b",")[1:]]
            if values != vector(values[0]):
                raise Wrong(f"half a vector: {line!r}")

    def check_version(self, data):
        """An array that was put into the pool."""
        if data not in self.pooled.values():
            raise Wrong(f"no version that was put: {len(data)} bytes")
