# SPDX-License-Identifier: MIT
"""jobs.py - the runs of tools that `run` has under way: each a command, what it gets on
standard input, what it may say when it fails, and what must hold of what it printed.

A check sees what was known for certain when the run began (`least`), since a reader may
be older than the rows that others stored meanwhile, but not older than its own start.
"""
import dataclasses
import datetime
import os
import typing

import service
from world import FEATURES, N_IDS, N_OUTPUTS, ROW, SYMBOLS, Wrong, npy_body, npy_rows, vector

# Of what other runs do at that moment, a tool may say this and exit 1.
LOCKED = r"is locked by another process(: .*)?"
REPLACED = r"was replaced by another file meanwhile"
TAKEN_AWAY = r"was replaced while it was written"  # by a fresh array, which takes no lock
UNFINISHED = r"does not end in its seek table; umm-archive repair mends it"  # its append was killed
STATE_LATE = r"has \d+ rows, the state only \d+: a run stopped before .*"  # an append was killed
NO_ENTRY = r"cannot (open|remove): No such file or directory"
NO_BUDGET = r"of the pool's budget"
STORE_FULL = r"is full: all \d+ positions are active; mark some inactive, or resize it"
NO_ID = r"no such id: \"id\d+\""
SMALLER = r"has (\d+ positions and|more positions, and) cannot shrink to \d+"


@dataclasses.dataclass
class Job:
    command: list
    stdin: bytes = b""
    may_say: tuple = ()
    writes: str = ""  # no more than eight at once write this without a lock
    check: typing.Callable = None  # of standard output, after exit code 0
    stays: bool = False  # until it gets a signal


class Jobs:
    """Makes jobs at random, the same ones for the same seed and the same course of things."""

    def __init__(self, world, rng, number):
        self.world, self.rng, self.number = world, rng, number
        self.makers = [
            (30, self.append), (6, self.append_root), (8, self.mixed_append), (8, self.mixed_fresh),
            (20, self.slice_range), (10, self.slice_time), (6, self.slice_file), (5, self.slice_pool), (3, self.describe),
            (14, self.features_append), (5, self.features_root), (6, self.features_read), (5, self.features_fresh),
            (5, self.features_follow), (3, self.features_verify),
            (8, self.preload), (3, self.preload_stay), (10, self.pool_put), (8, self.pool_get), (3, self.pool_rm),
            (3, self.pool_look), (3, self.pool_convert),
            (14, self.archive_append), (8, self.archive_read), (4, self.archive_tend), (2, self.archive_compact),
            (8, self.store_put), (8, self.store_get), (5, self.store_tend), (3, self.store_look), (1, self.store_resize),
            (10, self.ask_lines), (6, self.ask_raw), (3, self.serve_pipe), (2, self.replace_model),
            (4, self.memstat), (4, self.synth), (1, self.m5),
        ]
        self.weights = [weight for weight, _ in self.makers]
        self.n_m5 = 0

    def make(self):
        return self.rng.choices(self.makers, self.weights)[0][1]()

    def one(self, *of):
        return self.rng.choice(of)

    def symbol(self):
        return self.rng.choice(SYMBOLS)

    def output(self, kind, ending):
        return f"out/{kind}{self.rng.randrange(N_OUTPUTS)}.{ending}"

    def span(self, floor):
        """Rows that leave no gap behind those that are stored: (first, end)."""
        end = min(self.world.n_rows, floor + self.one(0, 1, 10, 150, 900))
        return max(0, min(end - 1, floor - self.one(0, 1, 5, 300, floor))), end

    # ---- arrays that only grow -------------------------------------------------

    def append(self):
        s = self.symbol()
        first, end = self.span(self.world.floor[s])
        lock = self.one("--lock", "--lock=fail", "--lock=wait", "--threads=1", "--threads=2", "--tail")

        def stored(_):
            self.world.floor.raise_to(s, end)
        return Job(["umm-convert", "--append", lock, "-o", f"root/{s}/1m.npy"], self.world.rows(s, first, end),
                   may_say=(LOCKED,) if lock == "--lock=fail" else (), check=stored)

    def append_root(self):
        """Several arrays at once, from files that this and other runs share."""
        return Job(["umm-convert", "--append", "--out-root=root", *(f"parts/{s}-1m.csv" for s in SYMBOLS)])

    def slice_range(self):
        s = self.symbol()
        least = self.world.floor[s]
        first = self.rng.randrange(least)
        end = self.rng.randrange(first, least)
        kind, rows = self.one(("tail", f"{-least // 2}:"), ("all", ":"), ("some", f"{first}:{end}"), ("some", f"{first}:{end}"))

        def check(out):
            body = npy_rows(out)
            if kind == "some":
                assert self.world.check_rows(s, body, first) == end or first == end, "not the rows wanted"
            else:
                self.world.floor.raise_to(s, self.world.check_rows(s, body, least=least))
        return Job(["umm-mmap-slice", f"root/{s}/1m.npy", rows], check=check)

    def slice_time(self):
        s = self.symbol()
        first = self.rng.randrange(self.world.floor[s])
        end = self.rng.randrange(first, self.world.floor[s])
        times = [f"--from={minute(first)}", f"--to={minute(end)}"]

        def check(out):
            assert len(out) == (end - first) * ROW, "another number of rows"
            self.world.check_rows(s, out, first)
        return Job(["umm-mmap-slice", "--root=root", f"--symbols={s}", "--timeframes=1m", "--format=raw", *times], check=check)

    def slice_file(self):
        s, path = self.symbol(), self.output("slice", "npy")

        def check(_):
            with open(path, "rb") as file:
                # By now it may be another run's, of another symbol.
                body = npy_body(file.read())[1]
            any_symbol(self.world.check_rows, body)
        return Job(["umm-mmap-slice", f"root/{s}/1m.npy", "-300:", "-o", path, *self.one([], ["--if-changed"], ["--sync"])],
                   writes=path, check=check)

    def slice_pool(self):
        s, key = self.symbol(), self.one("S1", "S2")
        return Job(["umm-mmap-slice", f"root/{s}/1m.npy", "-500:", "-o", f"pool:p/{key}"], may_say=(NO_BUDGET,), writes=key)

    def describe(self):
        return Job(["umm-mmap-slice", f"root/{self.symbol()}/1m.npy", "--describe", "-10:"])

    # ---- arrays that are replaced, too ------------------------------------------

    def mixed_append(self):
        s = self.symbol()
        return Job(["umm-convert", "--append", self.one("--lock", "--threads=1"), "-o", f"root/{s}/5m.npy"],
                   self.world.rows(s, 0, self.rng.randrange(1, 1500)), may_say=(REPLACED, TAKEN_AWAY))

    def mixed_fresh(self):
        s = self.symbol()
        path = f"root/{s}/5m.npy"

        def check(_):
            with open(path, "rb") as file:
                self.world.check_rows(s, npy_rows(file.read()), 0)
        return Job(["umm-convert", *self.one(["--lock"], ["--lock=fail"], ["--sync"], ["--if-changed"]), "-o", path],
                   self.world.rows(s, 0, self.rng.randrange(1, 1500)), may_say=(LOCKED, REPLACED), writes=path, check=check)

    # ---- features ---------------------------------------------------------------

    def features_append(self):
        s = self.symbol()
        lock = self.one([], [], ["--lock"], ["--lock=fail"], ["--revise-last"], ["--holdback=3"])
        # A run that was killed before its state left rows that one with a holdback does not give yet.
        may_say = {"--lock=fail": (LOCKED,), "--holdback=3": (r"has \d+ rows, the input gives \d+",)}
        return Job(["umm-features", "-f", FEATURES, "--append", f"--state=states/{s}", "-o", f"feat/{s}.npy", *lock,
                    f"root/{s}/1m.npy"], may_say=may_say.get("".join(lock), ()))

    def features_root(self):
        return Job(["umm-features", "-f", FEATURES, "--append", "--root=root", "--symbols=AAA,BBB,CCC", "--timeframes=1m",
                    "--out-root=featroot", self.one("--threads=1", "--threads=3")])

    def features_read(self):
        s, where = self.symbol(), self.one("feat/{}.npy", "featroot/{}/1m.npy")

        def check(out):
            self.world.check_features(s, out, 0)
        return Job(["umm-mmap-slice", where.format(s), ":", "--format=raw"], check=check,
                   may_say=(r"cannot open: No such file or directory", ))

    def features_fresh(self):
        s, path = self.symbol(), self.output("features", "npy")

        def check(_):
            with open(path, "rb") as file:
                body = npy_body(file.read())[1]
            any_symbol(self.world.check_features, body)
        return Job(["umm-features", "-f", FEATURES, "-o", path, f"root/{s}/1m.npy"], writes=path, check=check)

    def features_follow(self):
        s = self.symbol()
        end = self.rng.randrange(1, 3000)

        def check(out):
            self.world.check_features(s, out)
        return Job(["umm-features", "-f", FEATURES, "--follow", "--format=raw", f"--state=states/{s}.follow",
                    f"--checkpoint={self.one(1, 10, 1000)}"], self.world.rows(s, 0, end), check=check,
                   may_say=(r"ends at row \d+, before the \d+ rows that the state has taken", ))

    def features_verify(self):
        s = self.symbol()
        # Without the lock it may see more rows of the output than there were of the input.
        lock, late = self.one(("--lock", ()), ("--threads=1", (r"has \d+ rows, the input gives \d+", )))
        return Job(["umm-features", "-f", FEATURES, "--verify", lock, f"--state=states/{s}", "-o", f"feat/{s}.npy",
                    f"root/{s}/1m.npy"], may_say=(r"there is no state to verify", STATE_LATE, *late))

    # ---- memory --------------------------------------------------------------------

    def preload(self):
        what = self.one(["--root=root", "--symbols=AAA,CCC", "--timeframes=1m,5m"], [f"root/{self.symbol()}/1m.npy"], ["root"],
                        ["--range=-500:", f"root/{self.symbol()}/1m.npy"], ["--status", "root"], ["--evict", "root/AAA/5m.npy"])
        # A file that took another's place may have its number, too, and be shorter.
        return Job(["umm-preload", "--json", *what], may_say=(REPLACED, r"file ends \d+ bytes early"))

    def preload_stay(self):
        return Job(["setpriv", "--pdeathsig", "KILL", "umm-preload", "--lock", f"root/{self.symbol()}/{self.one('1m', '5m')}.npy"],
                   may_say=(r"cannot lock in memory", REPLACED), stays=True)

    def pool_put(self):
        key = self.rng.randrange(8)
        version = self.rng.randrange(1, 4)
        if self.rng.random() < 0.3:
            return Job(["umm-pool", "put", "p", f"K{key}", "-"], self.world.pooled[version], may_say=(NO_BUDGET,))
        return Job(["umm-pool", "put", "p", f"K{key}", f"out/version{version}.npy"], may_say=(NO_BUDGET,))

    def pool_get(self):
        return Job(["umm-pool", "get", "p", f"K{self.rng.randrange(8)}", "--format=npy"], check=self.world.check_version,
                   may_say=(NO_ENTRY,))

    def pool_rm(self):
        return Job(["umm-pool", "rm", "p", f"K{self.rng.randrange(8)}"], may_say=(NO_ENTRY,))

    def pool_look(self):
        return Job(["umm-pool", self.one("list", "stat", "verify"), "p", "--json"])

    def pool_convert(self):
        return Job(["umm-convert", "-o", f"pool:p/{self.one('C1', 'C2')}"], self.world.rows(self.symbol(), 0, 300),
                   may_say=(NO_BUDGET,))

    def memstat(self):
        what = self.one(["--pool=p"], [f"--file=root/{self.symbol()}/1m.npy"], [f"--pid={os.getpid()}", "--tree"])
        return Job(["umm-memstat", "--format=json", *what])

    # ---- archives --------------------------------------------------------------------

    def archive_append(self):
        s = self.symbol()
        path, how = f"arch/{s}.npy.zst", self.one([], [], ["--keep-journal"], ["--sync=always"], ["--lock=fail"])
        may_say = (LOCKED,) if how == ["--lock=fail"] else ()
        if self.rng.random() < 0.3:
            end, rows, stdin = self.world.floor[s], [f"root/{s}/1m.npy"], b""
        else:
            first, end = self.span(self.world.archived[s])
            rows, stdin = [], self.world.rows(s, first, end)

        def stored(_):
            self.world.archived.raise_to(s, end)
        return Job(["umm-archive", "append", *how, path, *rows], stdin, may_say=may_say, check=stored)

    def archive_read(self):
        s = self.symbol()
        least, path = self.world.archived[s], f"arch/{s}.npy.zst"

        def check(out):
            self.world.archived.raise_to(s, self.world.check_rows(s, npy_body(out)[1], 0, least))
        return Job(self.one(["umm-archive", "extract", path], ["umm-mmap-slice", path, ":"]), check=check)

    def archive_tend(self):
        command = self.one("flush", "flush", "verify", "list", "stat", "repair")
        return Job(["umm-archive", command, f"arch/{self.symbol()}.npy.zst"],
                   may_say=(UNFINISHED,) if command == "verify" else ())

    def archive_compact(self):
        return Job(["umm-archive", "compact", f"--level={self.one(1, 3)}", f"arch/{self.symbol()}.npy.zst"])

    # ---- vectors -----------------------------------------------------------------------

    def store(self):
        """One in files, or one on a server, whose clients take no lock."""
        return self.rng.choice(self.world.stores)

    def store_put(self):
        lines = []
        for _ in range(self.one(1, 5, 40)):
            values = ",".join(f"{v:g}" for v in vector(self.rng.randrange(1000)))
            lines.append(f"id{self.rng.randrange(N_IDS)},{values}\n")
        lock = self.one("wait", "wait", "fail")
        return Job(["umm-store", "put", f"--lock={lock}", self.store()], "".join(lines).encode(),
                   may_say=(STORE_FULL, *((LOCKED,) if lock == "fail" else ())))

    def store_get(self):
        ids = [f"id{self.rng.randrange(N_IDS)}" for _ in range(4)]
        return Job(["umm-store", "get", self.store(), *ids], may_say=(NO_ID,), check=self.world.check_vectors)

    def store_tend(self):
        if self.rng.random() < 0.3:
            return Job(["umm-store", "evict", self.store(), "5"])
        ids = [f"id{self.rng.randrange(N_IDS)}" for _ in range(30)]
        return Job(["umm-store", "mark-inactive", self.store(), *ids], may_say=(NO_ID,))

    def store_look(self):
        if self.rng.random() < 0.5:
            return Job(["umm-store", self.one("list", "stat"), self.store()])
        path = self.output("store", self.one("csv", "npy"))
        return Job(["umm-store", "export", self.store(), path], writes=path)

    def store_resize(self):
        return Job(["umm-store", "resize", self.store(), str(self.rng.randrange(200, 260))], may_say=(SMALLER,))

    # ---- answers by a model that is replaced --------------------------------------------

    def some_rows(self):
        return [self.rng.randrange(service.N_ROWS) for _ in range(self.one(1, 3, 40, 400))]

    def ask_lines(self):
        rows, ours = self.some_rows(), self.world.service
        return Job(service.ASK, ours.lines(rows), check=lambda out: ours.check_lines(rows, out))

    def ask_raw(self):
        rows, ours = self.some_rows(), self.world.service
        return Job([*service.ASK, f"!f4 {service.N_IN}"], ours.raw(rows), check=lambda out: ours.check_raw(rows, out))

    def serve_pipe(self):
        rows, ours = self.some_rows(), self.world.service
        return Job(["umm-predict", "--serve", service.MODEL], ours.lines(rows), check=lambda out: ours.check_lines(rows, out))

    def replace_model(self):
        return Job(self.world.service.replacement(self.one(*service.MODELS)))

    # ---- others -------------------------------------------------------------------------

    def synth(self):
        path = self.output("synth", "csv")

        def check(_):
            with open(path, "rb") as file:
                assert file.read() == self.world.rows("AAA", 0, 300), f"{path}: another text"
        return Job(["umm-synth", "--symbol=AAA", "--rows=300", "-o", path], writes=path, check=check)

    def m5(self):
        self.n_m5 += 1
        directory = f"m5/{self.number}.{self.n_m5 % 4}"
        os.makedirs(directory, exist_ok=True)
        return Job(["umm-m5", "run", "--signals=300", f"--dir={directory}"], writes=directory)


def minute(row):
    """The time of a row as umm-synth has it."""
    return (datetime.datetime(2020, 1, 1) + datetime.timedelta(minutes=row)).isoformat()


def any_symbol(check, body):
    """body is what check wants of one of the symbols."""
    for s in SYMBOLS[:-1]:
        try:
            return check(s, body)
        except Wrong:
            pass
    return check(SYMBOLS[-1], body)
