#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Growing an array: --append, --tail, --on-revision, locks, syncs, kills.

load helper

# A sanitizer build's leak check does not work under strace.
no_leak_check=ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

# What the Python programs below share: `from grow import *`.
setup_file() {
    cat >"$BATS_FILE_TMPDIR/grow.py" <<'PY'
import mmap, os, pathlib, random, re, signal, subprocess, sys, time
import numpy as np
from waiting import has_open, is_asleep, wait_until

NAMES = ("timestamp", "open", "high", "low", "close", "volume")
HEAD = ",".join(NAMES) + "\n"
START = 1577836800000
MINUTE = 60000
OUT = pathlib.Path("out.npy")


def bars(first, n, step=MINUTE):
    """Rows of the six columns as tuples, first and n in steps after START."""
    return [(START + i * step, 7000 + i % 97, 7009 + i % 97, 6991 + i % 97, 7001 + i % 97, i % 13 + 0.5)
            for i in range(first, first + n)]


def text(rows, head=HEAD):
    return head + "".join(",".join(map(str, row)) + "\n" for row in rows)


def write(rows, path="in.csv", **how):
    pathlib.Path(path).write_text(text(rows, **how))
    return path


def plain(rows):
    return np.array(rows, dtype="<f8").reshape(-1, 6)


def struct(rows, unit="ms"):
    per_ms = {"s": 1e-3, "ms": 1, "us": 1000, "ns": 1000000}[unit]
    out = np.zeros(len(rows), dtype=[("timestamp", f"<M8[{unit}]")] + [(n, "<f8") for n in NAMES[1:]])
    for i, row in enumerate(rows):
        out[i] = (np.datetime64(int(row[0] * per_ms), unit), *row[1:])
    return out


def run(*args, **how):
    return subprocess.run(["umm-convert", *map(str, args)], capture_output=True, text=True, timeout=60, **how)


def ok(*args, code=0, **how):
    done = run(*args, **how)
    assert done.returncode == code and done.stderr == "" and done.stdout == "", (args, done)
    no_leftovers()


def told(*args):
    """What a run with -v says."""
    done = run("-v", *args)
    assert done.returncode == 0, (args, done)
    no_leftovers()
    return done.stderr


def refuses(code, message, *args, **how):
    """The run fails with this line, and OUT is as before to the byte and the nanosecond."""
    before = state()
    done = run(*args, **how)
    assert (done.returncode, done.stderr) == (code, f"umm-convert: {message}\n"), (args, done)
    assert state()[:2] == before[:2], "the output is not as it was"
    no_leftovers()


def grow(*args, source="in.csv"):
    ok("--append", *args, "-o", OUT, source)


def no_leftovers():
    left = [n for n in os.listdir() if re.match(r"\..*\.umm-|\..*\.lock$", n)]
    assert not left, left


def state(path=OUT):
    if not path.exists():
        return None, None, None
    stat = path.stat()
    return path.read_bytes(), stat.st_ino, stat.st_mtime_ns


def load(path=OUT, **how):
    return np.load(path, allow_pickle=False, **how)


def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), (a, b)


def fresh():
    OUT.unlink(missing_ok=True)
PY
}

# Python with the module above; the program comes on standard input.
py() {
    ok env PYTHONPATH="$BATS_FILE_TMPDIR:$PYTHONPATH" "$PY" -
}

@test "the first append makes the array, the next one adds what is newer, a third changes nothing" {
    py <<'PY'
from grow import *
kinds = [([], plain, 3, 7)]
kinds += [(["--struct", "--time-unit", u], lambda rows, u=u: struct(rows, u), 3, 7) for u in ("s", "ms", "us", "ns")]
kinds += [(["--plain", "--dtype", "i8", "--columns", "timestamp,open", "--time-unit", u], None, 3, 7)
          for u in ("s", "ms", "us", "ns")]
kinds += [(["--columns", "timestamp,close:f4,volume:i4"], None, 3, 7), (["--align", "4096"], plain, 95, 110)]
for options, expect, n_old, n_new in kinds:
    fresh()
    whole = [row[:5] + (int(row[5]),) for row in bars(0, n_new)]
    write(whole, "whole.csv")
    ok(*options, "-o", "whole.npy", "whole.csv")
    write(whole[:n_old])
    grow(*options)
    write(whole[n_old - 2:])
    grow(*options)
    got = load()
    same(got, load("whole.npy"))
    if expect:
        same(got, expect(whole))
    same(load(mmap_mode="r"), got)
    assert OUT.read_bytes() == pathlib.Path("whole.npy").read_bytes(), options
    before = state()
    grow(*options)
    said = told("--append", *options, "-o", OUT, "in.csv")
    assert re.search(rf"^out.npy: .*, 0 appended, {n_new - n_old + 2} the same, 0 revised, unchanged; ", said, re.M), said
    assert state() == before, options
PY
}

@test "many appends of overlapping pieces make the array that one conversion makes" {
    py <<'PY'
from grow import *
rng = random.Random(5)
for trial in range(12):
    fresh()
    n = rng.choice([1, 2, 9, 10, 11, 99, 101, 6000, 12345])
    rows = bars(0, n)
    options = rng.choice([[], ["--struct"], ["--columns", "open,timestamp"]])
    at = 0
    while at < n:
        end = min(n, at + rng.randint(1, n // 3 + 1))
        begin = rng.randint(0, at) if at else 0
        write(rows[begin:end])
        grow(*options, *rng.choice([[], ["--tail"], ["--order", "asc"]][:2 + (end - begin > 1)]))
        at = end
    ok(*options, "-o", "whole.npy", write(rows))
    assert OUT.read_bytes() == pathlib.Path("whole.npy").read_bytes(), (n, options)
PY
}

@test "arrays that NumPy wrote grow: any version, order of keys, padding" {
    py <<'PY'
from grow import *
from io import BytesIO

def by_hand(dict_text, data, size, version=1):
    head = b"\x93NUMPY" + bytes([version, 0])
    length = size - len(head) - (2 if version == 1 else 4)
    assert len(dict_text) < length, size
    return head + length.to_bytes(2 if version == 1 else 4, "little") + dict_text.ljust(length - 1).encode() + b"\n" + data

old, new = bars(0, 9), bars(9, 4)
data = plain(old).tobytes()
saved = BytesIO(); np.save(saved, plain(old))
named = BytesIO(); np.save(named, struct(old))
second = BytesIO(); np.lib.format.write_array(second, plain(old), version=(2, 0))
usual = "{'descr': '<f8', 'fortran_order': False, 'shape': (9, 6), }"
files = [(saved.getvalue(), []), (named.getvalue(), ["--struct"]), (second.getvalue(), []),
         (by_hand(usual, data, 80), []), (by_hand(usual, data, 160, 3), []),
         (by_hand("{'shape':(9,6),\t'descr' : \"<f8\", 'fortran_order':False}", data, 96), []),
         (by_hand(usual, data, 10 + len(usual) + 2), [])]
write(new)
for file, options in files:
    OUT.write_bytes(file)
    grow(*options)
    same(load(), struct(old + new) if options else plain(old + new))
    offset = len(file) - len(data)
    assert OUT.read_bytes()[offset:] == (struct if options else plain)(old + new).tobytes(), "the data moved"
# No room for a second digit: refused, and nothing written.
OUT.write_bytes(by_hand(usual, data, 10 + len(usual) + 1))
refuses(1, "out.npy: its header has no room for 13 rows: load it and save it again with NumPy",
        "--append", "-o", OUT, "in.csv")
write(old[:-1] + [old[-1][:5] + (99,)] + new)
refuses(1, "out.npy: its header has no room for 13 rows: load it and save it again with NumPy",
        "--append", "--on-revision", "replace-last", "-o", OUT, "in.csv")
# An array without rows.
for old_array in (np.zeros((0, 6)), np.zeros(0, dtype=struct(old).dtype)):
    np.save(OUT, old_array)
    write(old)
    grow(*["--struct"] if old_array.dtype.names else [])
    same(load(), struct(old) if old_array.dtype.names else plain(old))
PY
}

@test "foreign arrays are refused and left alone" {
    py <<'PY'
from grow import *
rows = bars(0, 5)
write(rows)
a, s = plain(rows), struct(rows)
other = "the array has other columns: "
ours = "; the input gives <f8 (N, 6)"
for array, message in [
    (a.astype("<f4"), other + "<f4 (N, 6)" + ours), (a.astype(">f8"), other + ">f8 (N, 6)" + ours),
    (a[:, :5], other + "<f8 (N, 5)" + ours), (a[:, 0], other + "<f8 (N,)" + ours), (a[0, 0], other),
    (a.reshape(5, 2, 3), other + "<f8 (N, 2, 3)" + ours), (a.astype("<i8"), other + "<i8 (N, 6)" + ours),
    (np.asfortranarray(a), "a Fortran-order array cannot be appended to"),
    (s, other + "[timestamp <M8[ms], open <f8, high <f8, low <f8, close <f8, volume <f8]" + ours),
    (a[::-1], "the array's last rows are not in order of time"),
]:
    np.save(OUT, array)
    done = run("--append", "-o", OUT, "in.csv")
    assert done.returncode == 1 and done.stderr.startswith("umm-convert: out.npy: " + message), (message, done)
    refuses(1, done.stderr[13:-1], "--append", "-o", OUT, "in.csv")
for array, options in [(struct(rows, "s"), []), (s[["timestamp", "open"]].astype([("timestamp", "<M8[ms]"), ("open", "<f8")]), []),
                       (s.astype([(n, s.dtype[n]) for n in NAMES[:5]] + [("vol", "<f8")]), [])]:
    np.save(OUT, array)
    done = run("--append", "--struct", "-o", OUT, "in.csv")
    assert done.returncode == 1 and done.stderr.startswith("umm-convert: out.npy: " + other), done
titled = np.zeros(3, dtype=[((n.title(), n), s.dtype[n]) for n in NAMES])
np.save(OUT, titled)
refuses(1, "out.npy: an array whose fields have titles cannot be appended to", "--append", "--struct", "-o", OUT, "in.csv")
for bytes_, message in [(b"", "not an NPY file: it is empty"), (b"timestamp,open\n", "not an NPY file: it does not begin with \\x93NUMPY")]:
    OUT.write_bytes(bytes_)
    refuses(1, "out.npy: " + message, "--append", "-o", OUT, "in.csv")
np.save(OUT, a)
whole = OUT.read_bytes()
OUT.write_bytes(whole[:-7])
refuses(1, "out.npy: array data is short by 7 bytes", "--append", "-o", OUT, "in.csv")
OUT.write_bytes(whole + whole)
refuses(1, "out.npy: holds more than one array, and cannot be appended to", "--append", "-o", OUT, "in.csv")
PY
}

@test "--on-revision: rows that are not as in the array" {
    py <<'PY'
from grow import *
old, new = bars(10, 10), bars(20, 3)
at = "2020-01-01T00:%02d:00Z"

def begin():
    fresh()
    write(old, "old.csv")
    ok("-o", OUT, "old.csv")

def changed(row, column, value):
    return row[:column] + (value,) + row[column + 1:]

begin()
# A row in the middle: an error, except for keep.
middle = old[4:6] + [changed(old[6], 4, 1.25)] + old[7:] + new
write(middle)
message = f"in.csv:4: the row of {at % 16} differs from the array's row 6 in close; see --on-revision"
refuses(1, message, "--append", "-o", OUT, "in.csv")
refuses(1, message, "--append", "--on-revision", "error", "-o", OUT, "in.csv")
refuses(1, message, "--append", "--on-revision", "replace-last", "-o", OUT, "in.csv")
said = told("--append", "--on-revision", "keep", "-o", OUT, "in.csv")
assert ", 3 appended, 5 the same, 1 revised;" in said, said
same(load(), plain(old + new))
# The last row: replaced, with new rows, alone, and again.
begin()
last = changed(old[9], 5, 77.5)
write(old[5:9] + [last] + new)
message = f"in.csv:6: the row of {at % 19} differs from the array's row 9 in volume; see --on-revision"
refuses(1, message, "--append", "-o", OUT, "in.csv")
said = told("--append", "--on-revision", "replace-last", "-o", OUT, "in.csv")
assert ", 3 appended, 4 the same, 1 revised;" in said, said
same(load(), plain(old[:9] + [last] + new))
inode, before = state()[1:]
grow("--on-revision", "replace-last")
assert state()[1:] == (inode, before)
write([changed(new[-1], 1, 5.5)])
said = told("--append", "--on-revision", "replace-last", "-o", OUT, "in.csv")
assert ", 0 appended, 0 the same, 1 revised;" in said and "unchanged" not in said, said
same(load(), plain(old[:9] + [last] + new[:-1] + [changed(new[-1], 1, 5.5)]))
assert state()[1] == inode, "an append works in place"
# The same through the scratch file: what is wrong has no line there.
begin()
write((old[5:9] + [last] + new)[::-1])
refuses(1, f"out.npy: the row of {at % 19} differs from the array's row 9 in volume; see --on-revision",
        "--append", "--order", "asc", "-o", OUT, "in.csv")
grow("--order", "asc", "--on-revision", "replace-last")
same(load(), plain(old[:9] + [last] + new))
# One row only.
fresh(); write(old[:1], "old.csv"); ok("-o", OUT, "old.csv")
write([changed(old[0], 1, 1)] + old[1:3])
grow("--on-revision", "replace-last")
same(load(), plain([changed(old[0], 1, 1)] + old[1:3]))
# Rows of a time that the array does not have, before it and within it.
begin()
for rows, minute in [(bars(9, 4), 9), ([(START + 12 * MINUTE + 30000, *old[0][1:])], 12)]:
    write(rows)
    time_ = (at % minute).replace(":00Z", ":30Z") if minute == 12 else at % minute
    for how in ("error", "replace-last"):
        refuses(1, f"in.csv:2: the row of {time_} is not newer than the array and not in it; see --on-revision",
                "--append", "--on-revision", how, "-o", OUT, "in.csv")
    before = state()
    grow("--on-revision", "keep")
    assert state()[:2] == before[:2]  # its time is not before that of the input
# In a struct array the names are its own.
fresh(); write(old, "old.csv"); ok("--columns", "timestamp,prix=close:f4", "-o", OUT, "old.csv")
write([changed(old[3], 4, 3.5)])
refuses(1, f"in.csv:2: the row of {at % 13} differs from the array's row 3 in prix; see --on-revision",
        "--append", "--columns", "timestamp,prix=close:f4", "-o", OUT, "in.csv")
PY
}

@test "NaN is the same as any NaN, and -0 as 0" {
    py <<'PY'
from grow import *
rows = [row[:5] + ("NaN" if i % 2 else "0",) for i, row in enumerate(bars(0, 8))]
write(rows)
grow()
assert np.isnan(load()[1::2, 5]).all()
before = state()
grow()
assert state() == before
for options, base, dtype in [([], plain, "<u8"), (["--struct", "--dtype", "f4"], None, "<u4")]:
    if options:
        fresh()
        grow(*options)
    a = load()
    volume = a["volume"] if options else a[:, 5]
    bits = volume.view(dtype)
    for nan, zero in [(0x7ff8000000000000, 1 << 63), (0xfff8000000000000, 0), (0x7ff0000000000001, 1 << 63)]:
        if options:
            nan, zero = nan >> 32 & 0x80000000 | (0x7fc00000 if nan >> 51 & 1 else 0x7f800001), zero >> 32
        bits[1::2], bits[::2] = nan, zero
        np.save(OUT, a)
        before = state()
        grow(*options)
        assert state() == before, hex(nan)
write(rows[:3] + [rows[3][:5] + (1,)])
done = run("--append", "-o", OUT, "--struct", "--dtype", "f4", "in.csv")
assert done.returncode == 1 and "differs from the array's row 3 in volume" in done.stderr, done
PY
}

@test "several rows of one time, in the array and in the input" {
    py <<'PY'
from grow import *
a, b, c, d = bars(0, 4)
b2, b3, d2 = b[:5] + (100,), b[:5] + (200,), d[:5] + (300,)
rows = [a, b, b2, c, d, d2]
for options in ([], ["--order", "asc"]):
    fresh()
    write(rows); grow(*options)
    before = state()
    for again in (rows, rows[1:], rows[2:], [b2, c, d2], [d2], [a, d]):
        write(again if not options else again[::-1] if len({r[0] for r in again}) == len(again) else again)
        grow(*options)
        assert state()[:2] == before[:2], again
write([b3, c])
refuses(1, "in.csv:2: the row of 2020-01-01T00:01:00Z differs from the array's row 1 in volume; see --on-revision",
        "--append", "-o", OUT, "in.csv")
write([d, d2, d])
refuses(1, "in.csv:4: the row of 2020-01-01T00:03:00Z is not newer than the array and not in it; see --on-revision",
        "--append", "-o", OUT, "in.csv")
# --dedup is about the input, across its files and before the comparison.
for how, wanted in (("first", [a, b, c, d]), ("last", [a, b2, c, d2])):
    fresh()
    write(rows[:2], "1.csv"); write(rows[2:5], "2.csv"); write(rows[5:], "3.csv")
    ok("--append", "--dedup", how, "-o", OUT, "1.csv", "2.csv", "3.csv")
    same(load(), plain(wanted))
    before = state()
    ok("--append", "--dedup", how, "-o", OUT, "1.csv", "2.csv", "3.csv")
    assert state()[:2] == before[:2]
    # Piece by piece the array's row came first: a later one of its time is a revision.
    fresh()
    ok("--append", "--dedup", how, "-o", OUT, "1.csv")
    refuses(1, "2.csv:2: the row of 2020-01-01T00:01:00Z differs from the array's row 1 in volume; see --on-revision",
            "--append", "--dedup", how, "-o", OUT, "2.csv")
fresh()
write([a, b, b2])
refuses(1, "in.csv:4:1: a second row of 2020-01-01T00:01:00Z; use --dedup first or last",
        "--append", "--dedup", "error", "-o", OUT, "in.csv")
PY
}

@test "several files append as one; what is wrong names its file" {
    py <<'PY'
from grow import *
rows = bars(0, 30)
for name, part in (("a", rows[:10]), ("b", rows[10:20]), ("c", rows[20:])):
    write(part, name + ".csv")
ok("--append", "-o", OUT, "a.csv", "b.csv")
same(load(), plain(rows[:20]))
for options in ([], ["--tail"]):
    ok("--append", *options, "-o", OUT, "a.csv", "b.csv", "c.csv")
    same(load(), plain(rows))
write(rows[19:], "late.csv")
before = state()
refuses(1, "late.csv:2:1: 2020-01-01T00:19:00Z after 2020-01-01T00:29:00Z: out of order; use --order asc for newest-first rows, --order sort for any",
        "--append", "-o", OUT, "c.csv", "late.csv")
write(rows[20:] + [(START + 40 * MINUTE, "x", 1, 1, 1, 1)], "bad.csv")
refuses(1, 'bad.csv:12:15: open is not a number: "x"', "--append", "-o", OUT, "a.csv", "b.csv", "bad.csv")
pathlib.Path("other.csv").write_text("timestamp,open\n1,2\n")
done = run("--append", "-o", OUT, "c.csv", "other.csv")
assert done.stderr.startswith("umm-convert: other.csv:1:1: "), done
refuses(1, done.stderr[13:-1], "--append", "-o", OUT, "c.csv", "other.csv")
refuses(1, "gone.csv: cannot open: No such file or directory", "--append", "-o", OUT, "c.csv", "gone.csv")
PY
}

@test "newest-first input is turned round before it is appended" {
    py <<'PY'
from grow import *
rows = bars(0, 17000)
write(rows[:100][::-1]); grow("--order", "asc")
write(rows[50:][::-1]); grow("--order", "asc")
same(load(), plain(rows))
before = state()
grow("--order", "asc")
assert state() == before
refuses(1, "in.csv:3:1: 2020-01-06T23:58:00Z after 2020-01-06T23:59:00Z: out of order; use --order asc for newest-first rows, --order sort for any",
        "--append", "-o", OUT, write(bars(0, 8640)[::-1]))
assert state() == before
# A layout that says so needs no option.
fresh()
lines = subprocess.run(["umm-synth", "--layout", "cryptodatadownload", "--rows", "50"],
                       capture_output=True, check=True).stdout.splitlines(keepends=True)
for n in (20, 50):
    pathlib.Path("cdd.csv").write_bytes(b"".join(lines[:2] + lines[-n:]))
    ok("--append", "-o", OUT, "cdd.csv")
ok("-o", "whole.npy", "cdd.csv")
assert OUT.read_bytes() == pathlib.Path("whole.npy").read_bytes() and len(load()) == 50
PY
}

# ---- --tail -----------------------------------------------------------------

@test "--tail appends what a full append does, at any size and cut" {
    py <<'PY'
from grow import *
rng = random.Random(11)

def shape(kind, rows):
    """The rows as text of some kind: (text, options)."""
    if kind == "plain":
        return text(rows), []
    if kind == "crlf and a mark":
        return "\ufeff" + text(rows).replace("\n", "\r\n"), []
    if kind == "cr":
        return text(rows).replace("\n", "\r"), []
    if kind == "no header, no last line end":
        return text(rows, head="")[:-1], ["--names", ",".join(NAMES)]
    if kind == "comments and blank lines":
        return HEAD + "".join(("# a note\n\n" if rng.random() < 0.3 else "") + ",".join(map(str, r)) + "\n" for r in rows) + "# end\n", ["--comment", "#"]
    notes = ('"said ""no"""', '"two\nlines, ""and""\n\nmore"', "", '"\n"', "plain")
    return HEAD[:-1] + ",note\n" + "".join(",".join(map(str, r)) + f",{rng.choice(notes)}\n" for r in rows), ["--columns", ",".join(NAMES)]

kinds = ("plain", "crlf and a mark", "cr", "no header, no last line end", "comments and blank lines", "quoted lines")
for trial in range(48):
    kind = kinds[trial % len(kinds)]
    n = rng.choice([1, 2, 50, 2000, rng.randint(1, 9000)])
    step = rng.choice([1, MINUTE])
    rows = [r for r in bars(0, n, step) for _ in range(1 + (rng.random() < 0.01))]
    cut = rng.choice([1, max(1, len(rows) - rng.randint(0, 5)), len(rows), rng.randint(1, len(rows))])
    while cut < len(rows) and rows[cut][0] == rows[cut - 1][0]:
        cut += 1
    ready, options = shape(kind, rows)
    with open("in.csv", "w", newline="") as file:
        file.write(ready)
    np.save("old.npy", plain(rows[:cut]))
    for name, how in (("full.npy", []), ("tail.npy", ["--tail"])):
        pathlib.Path(name).write_bytes(pathlib.Path("old.npy").read_bytes())
        ok("--append", *how, *options, "-o", name, "in.csv")
    same(load("tail.npy"), plain(rows))
    assert pathlib.Path("tail.npy").read_bytes() == pathlib.Path("full.npy").read_bytes(), (kind, n, cut)
    before = state(pathlib.Path("tail.npy"))
    ok("--append", "--tail", *options, "-o", "tail.npy", "in.csv")
    assert state(pathlib.Path("tail.npy")) == before
    # The newest row earlier than all of the file, or later.
    for shift, wanted in ((-10 ** 9, len(rows) + 1), (10 ** 12, 1)):
        np.save("tail.npy", plain([(START + shift, 1, 1, 1, 1, 1)]))
        ok("--append", "--tail", *options, "-o", "tail.npy", "in.csv")
        assert len(load("tail.npy")) == wanted, (kind, n)
PY
}

@test "--tail compares nothing but the array's last row" {
    py <<'PY'
from grow import *
write(bars(0, 5000)); grow()
rows = [row[:1] + (1,) + row[2:] for row in bars(0, 5003)]
rows[3] = ("nonsense", "x")
rows[4999] = bars(0, 5000)[4999]
write(rows)
grow("--tail")
same(load(), plain(bars(0, 5000) + rows[5000:]))
# A bar that was still forming, or cut short, when it was stored.
rows.append((START + 5003 * 60000, 1, 1, 1, 1, 0.5))
write(rows); grow("--tail")
rows[5003] = rows[5003][:5] + (0.565,)
rows.append((START + 5004 * 60000, 1, 1, 1, 1, 2))
write(rows)
before = OUT.read_bytes()
refuses(1, "in.csv: the row of 2020-01-04T11:23:00Z differs from the array's row 5003 in volume; see --on-revision", "--append", "--tail", "-o", OUT, "in.csv")
assert OUT.read_bytes() == before
grow("--tail", "--on-revision", "replace-last")
same(load(), plain(bars(0, 5000) + rows[5000:]))
usage = "\nTry 'umm-convert --help'."
refuses(2, "--tail and --on-revision need --append" + usage, "--tail", "-o", OUT, "in.csv")
refuses(2, "--tail needs oldest-first rows: not with --order asc" + usage, "--append", "--tail", "--order", "asc", "-o", OUT, "in.csv")
refuses(2, "--append needs rows in order: not with --order keep" + usage, "--append", "--order", "keep", "-o", OUT, "in.csv")
refuses(2, "--append cannot grow a --fortran array" + usage, "--append", "--fortran", "-o", OUT, "in.csv")
refuses(2, "--rows is for fresh outputs: not with --append" + usage, "--append", "--rows", "3", "-o", OUT, "in.csv")
refuses(2, "--append needs a file: not standard output" + usage, "--append", "-o", "-", "in.csv")
PY
}

@test "--tail: messages, skipped and quarantined rows have the right line" {
    py <<'PY'
from grow import *
rng = random.Random(3)
for n in (10, 5000, 9000):
    for note in ("", ',"two\nlines"'):
        options = ["--append", "--tail", "--columns", ",".join(NAMES), "-o", OUT]
        head = HEAD[:-1] + (",note\n" if note else "\n")
        lines = [",".join(map(str, row)) + note + "\n" for row in bars(0, n)]
        per_row = 1 + note.count("\n")
        np.save(OUT, plain(bars(0, n - 5)))
        bad = n - 3
        lines[bad] = lines[bad].replace(",", ",oh", 1)
        line = 2 + per_row * bad
        pathlib.Path("in.csv").write_text(head + "".join(lines))
        reason = f'in.csv:{line}:15: open is not a number: "oh{7000 + bad % 97}"'
        refuses(1, reason, *options, "in.csv")
        lines[n - 1] = lines[n - 1].replace(",", ",hm", 1)
        pathlib.Path("in.csv").write_text(head + "".join(lines))
        ok("--bad-rows", "quarantine:bad.csv", *options, "in.csv", code=3)
        kept = pathlib.Path("bad.csv").read_text()
        second = reason.replace(f":{line}:", f":{2 + per_row * (n - 1)}:").replace(f"oh{7000 + bad % 97}", f"hm{7000 + (n - 1) % 97}")
        assert kept == head + f"# {reason}\n" + lines[bad] + f"# {second}\n" + lines[n - 1], kept
        same(load(), plain(bars(0, bad) + bars(bad + 1, n - bad - 2)))
        ok("--bad-rows", "skip", *options, "in.csv", code=3)
        np.save(OUT, plain(bars(0, n - 5)))
        refuses(1, second + "; with it, more rows are rejected than the 1 allowed",
                "--bad-rows", "skip", "--max-bad", "1", *options, "in.csv")
        lines[bad] = lines[n - 4]
        pathlib.Path("in.csv").write_text(head + "".join(lines))
        stamp = np.datetime64(START + (n - 4) * MINUTE, "ms").astype("M8[s]")
        refuses(1, f"in.csv:{line}:1: a second row of {stamp}Z; use --dedup first or last", "--dedup", "error", *options, "in.csv")
        pathlib.Path("in.csv").write_text(head + "".join(lines[:-1]) + "1600000000000,\0\n")
        refuses(1, f"in.csv:{2 + per_row * (n - 1)}:15: NUL byte: this is not text", *options, "in.csv")
PY
}

@test "an append without bad rows leaves the quarantine of the run before" {
    py <<'PY'
from grow import *
for tail in ([], ["--tail"]):
    append = ["--append", *tail, "--bad-rows", "quarantine:bad.csv", "-o", OUT]
    OUT.unlink(missing_ok=True)
    pathlib.Path("bad.csv").write_text("of another array")
    write(bars(0, 10))
    ok(*append, "in.csv")
    assert pathlib.Path("bad.csv").read_text() == "of another array"
    row = text(bars(10, 1), "").replace(",", ",x", 1)
    pathlib.Path("in.csv").write_text(text(bars(0, 10)) + row)
    ok(*append, "in.csv", code=3)
    kept = pathlib.Path("bad.csv").read_text()
    assert kept == HEAD + '# in.csv:12:15: open is not a number: "x7010"\n' + row, kept
    before = os.stat("bad.csv")
    for rows in (bars(0, 12), bars(0, 12), bars(12, 0), bars(12, 5)):
        write([row for row in rows if row[0] != START + 10 * MINUTE])
        ok(*append, "in.csv")
        after = os.stat("bad.csv")
        assert pathlib.Path("bad.csv").read_text() == kept
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    same(load(), plain(bars(0, 10) + bars(11, 6)))
    # What is not an append says that no row was bad.
    ok("--bad-rows", "quarantine:bad.csv", "-o", OUT, "in.csv")
    assert pathlib.Path("bad.csv").read_text() == ""
PY
}

@test "--tail reads all of a pipe and of compressed input" {
    py <<'PY'
from grow import *
rows = bars(0, 9000)
data = text(rows)
for old in (1, 8000, 9000):
    np.save(OUT, plain(rows[:old]))
    ok("--append", "--tail", "-o", OUT, input=data)
    same(load(), plain(rows))
    np.save(OUT, plain(rows[:old]))
    pathlib.Path("in.csv.zst").write_bytes(subprocess.run(["zstd", "-qc"], input=data.encode(), capture_output=True, check=True).stdout)
    ok("--append", "--tail", "-o", OUT, "in.csv.zst")
    same(load(), plain(rows))
    np.save(OUT, plain(rows[:old]))
    pathlib.Path("in.csv").write_text(data)
    with open("in.csv") as file:
        ok("--append", "--tail", "-o", OUT, stdin=file)
    same(load(), plain(rows))
PY
}

@test "--tail reads less than 3 MB of a file of 100 MB" {
    umm-synth --rows 1740000 -o big.csv
    (($(stat -c %s big.csv) > 100000000))
    { head -n 1 big.csv; tail -n 13 big.csv | head -n 1; } >first.csv
    umm-convert -o out.npy first.csv
    ok strace -qq -y -E "$no_leak_check" -e trace=read,pread64,readv,mmap -o log umm-convert --append --tail -o out.npy big.csv
    if grep -q 'mmap.*big.csv' log; then fail 'mapped the input'; fi
    sum=$(awk '/^(read|pread64|readv)\(/ { n += $NF } END { print n }' log)
    ((sum > 64 && sum < 3000000)) || fail "read $sum bytes"
    ok umm-convert --tail --append --report report.json -o out.npy big.csv
    py <<'PY'
from grow import *
import json
report = json.load(open("report.json"))
assert (report["rows"], report["rows_written"], report["changed"]) == (13, 0, False), report
assert report["inputs"][0]["bytes"] == report["bytes_in"] < 100000, report
PY
}

# ---- what is behind the array, and what is not -------------------------------

@test "what a killed append left behind the array gives way" {
    py <<'PY'
from grow import *
rows = bars(0, 40)
for n_torn in (1, 47, 48, 5 * 48 + 3, 500 * 48):
    for n_new in (0, 1, 10):
        for fill in (b"\0", b"\xff"):
            np.save(OUT, plain(rows[:10]))
            with open(OUT, "ab") as file:
                file.write(fill * n_torn)
            same(load(), plain(rows[:10]))
            write(rows[:10 + n_new])
            grow()
            same(load(), plain(rows[:10 + n_new]))
            # A killed run may have taken one row out of the count, which somebody has mapped.
            left = 0 if n_new else min(n_torn, 48)
            assert OUT.stat().st_size == 128 + 48 * (10 + n_new) + left
PY
}

@test "an append that fails leaves the bytes and the times of the old array" {
    py <<'PY'
from grow import *
import resource
rows = bars(0, 20000)
np.save(OUT, plain(rows[:100]))
os.utime(OUT, ns=(10 ** 18, 10 ** 18))
before = state()
write(rows[90:] + [(START, "x", 1, 1, 1, 1)])
refuses(1, 'in.csv:19912:15: open is not a number: "x"', "--append", "-o", OUT, "in.csv")
refuses(1, 'in.csv:19912:15: open is not a number: "x"', "--append", "--order", "asc", "-o", OUT, "in.csv")
write(rows[90:])
# A file that may not grow: nothing fits, some pieces fit, all but a byte fits.
for limit in (len(before[0]), len(before[0]) + 1, 300000, 600001, 128 + 48 * 20000 - 1):
    limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    refuses(1, "out.npy: cannot write: File too large", "--append", "-o", OUT, "in.csv", preexec_fn=limited)
    assert OUT.read_bytes() == before[0] and OUT.stat().st_ino == before[1]
grow()
same(load(), plain(rows))
# The first time: no array at all.
fresh()
refuses(1, "out.npy: cannot write: File too large", "--append", "-o", OUT, "in.csv",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000)))
assert not OUT.exists()
PY
}

@test "a signal ends an append and leaves the old array" {
    py <<'PY'
from grow import *
rows = bars(0, 60000)
np.save(OUT, plain(rows[:10]))
before = OUT.read_bytes()
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    job = subprocess.Popen(["umm-convert", "--append", "-o", OUT], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    job.stdin.write(text(rows).encode())
    job.stdin.flush()
    wait_until(lambda: OUT.stat().st_size > len(before), "rows that are written", job)
    job.send_signal(number)
    assert job.wait(120) == -number and job.stderr.read() == b""
    assert OUT.read_bytes() == before
    no_leftovers()
PY
}

# ---- readers and other writers -------------------------------------------------

@test "a reader that maps the array while it grows sees complete rows only" {
    py <<'PY'
from grow import *
rows = bars(0, 4000)
np.save(OUT, plain(rows[:1]))
expected = plain(rows)
N_WAITED = 25
shared = mmap.mmap(-1, 8)
def n_seen():
    return int.from_bytes(shared[:], "little")
reader = os.fork()
if reader == 0:
    code, end = 1, time.monotonic() + 500
    try:
        last = 0
        while last < len(rows):
            assert time.monotonic() < end, last
            a = np.load(OUT, mmap_mode="r")
            assert a.shape[1] == 6 and last <= len(a), (last, a.shape)
            last = len(a)
            assert np.array_equal(a, expected[:last]), last
            shared[:] = last.to_bytes(8, "little")
        code = 0
    finally:
        os._exit(code)
# The first are seen one by one; then, for two seconds, nobody waits for the reader.
end, n = time.monotonic() + 2, 1
while n < 3900 and (time.monotonic() < end or n <= 9 * N_WAITED):
    write(rows[max(0, n - 3):n + 9])
    grow()
    n += 9
    if n <= 9 * N_WAITED:
        wait_until(lambda: n_seen() >= n, f"{n} rows that the reader sees")
write(rows)
grow()
assert os.waitpid(reader, 0)[1] == 0
PY
}

@test "two appends at once wait for each other; none of the rows is lost" {
    py <<'PY'
from grow import *
rows = bars(0, 3000)
np.save(OUT, plain(rows[:1]))
jobs = []
for i in range(24):
    name = write(rows[:125 * (i + 1)], f"{i}.csv")
    jobs.append(subprocess.Popen(["umm-convert", "--append", "-o", OUT, name], stderr=subprocess.PIPE))
for job in jobs:
    assert job.stderr.read() == b"" and job.wait() == 0
same(load(), plain(rows))
no_leftovers()
PY
}

@test "--lock=fail ends at once while another run holds the lock; a kill frees it" {
    py <<'PY'
from grow import *
rows = bars(0, 100)
write(rows)
lock = pathlib.Path(".out.npy.lock")
for how in (["--append"], ["--lock"]):
    fresh()
    holder = subprocess.Popen(["umm-convert", *how, "-o", OUT], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    # It has the lock when it waits for its input.
    wait_until(lambda: has_open(holder, lock) and is_asleep(holder), "a lock that is held", holder)
    for options in (["--lock=fail"], ["--append", "--lock=fail"]):
        done = run(*options, "-o", OUT, "in.csv")
        assert (done.returncode, done.stderr) == (
            1, f"umm-convert: out.npy: is locked by another process: umm-convert, pid {holder.pid}\n"), done
    waiter = subprocess.Popen(["umm-convert", *how, "-o", OUT, "in.csv"], stderr=subprocess.PIPE)
    wait_until(lambda: has_open(waiter, lock) and is_asleep(waiter), "the lock to be waited for", waiter)
    assert not OUT.exists(), "it did not wait"
    holder.kill()
    assert holder.wait() == -9
    assert waiter.wait(120) == 0 and waiter.stderr.read() == b""
    same(load(), plain(rows))
    no_leftovers()
# A lock file without a holder means nothing.
lock.touch()
fresh()
grow("--lock=fail")
same(load(), plain(rows))
PY
}

# ---- durability ---------------------------------------------------------------

# trace ARGUMENT...: a run's calls that open, write, sync and rename, one per line.
trace() {
    ok strace -qq -y -E "$no_leak_check" -o log \
        -e trace=pwrite64,write,fsync,fdatasync,renameat,renameat2,rename,ftruncate umm-convert "$@"
    sed -E 's/[0-9]+<([^>]*)>/<\1>/g' log >calls
}

@test "--sync puts the file, then its name on disk; without it nothing is synced" {
    printf 'timestamp,open,high,low,close,volume\n1577836800000,1,2,0,1,5\n' >in.csv
    trace -o out.npy in.csv
    if grep sync calls; then fail 'synced'; fi
    rm out.npy
    for options in --sync --append; do
        rm -f out.npy
        trace $options -o out.npy in.csv
        "$PY" - <<'PY'
import re
calls = open("calls").read().splitlines()
kinds = [re.match(r"\w+", c)[0] for c in calls]
sync = [i for i, c in enumerate(calls) if re.match(r"f(data)?sync\(<.*/\.out\.npy\.umm-", c)]
name = [i for i, k in enumerate(kinds) if k.startswith("rename")]
place = [i for i, c in enumerate(calls) if c.startswith("fsync(<") and "npy" not in c]
writes = [i for i, k in enumerate(kinds) if k in ("write", "pwrite64")]
assert len(sync) == len(name) == len(place) == 1, calls
assert max(writes) < sync[0] < name[0] < place[0], calls
PY
    done
}

@test "an append syncs the rows before the header counts them" {
    py <<'PY'
from grow import *
np.save("old.npy", plain(bars(0, 50)))
np.save(OUT, plain(bars(0, 50)))
write(bars(40, 9000), "in.csv")
last = bars(49, 1)[0]
write([last[:5] + (99,)] + bars(50, 3), "last.csv")
PY
    trace --append -o out.npy in.csv
    sed -E 's/"[^"]*"\.*/DATA/; s/ = .*//' calls >order
    [[ $(tail -n 3 order) == "fdatasync(<$PWD/out.npy>)
pwrite64(<$PWD/out.npy>, DATA, 128, 0)
fdatasync(<$PWD/out.npy>)" ]] || fail "$(cat order)"
    [[ $(grep -c fdatasync order) -eq 2 && $(grep -c '128, 0)' order) -eq 1 ]]
    cp old.npy out.npy
    trace --append --on-revision replace-last -o out.npy last.csv
    sed -E 's/"[^"]*"\.*/DATA/; s/ = .*//; s/<[^>]*>/F/' calls >order
    [[ $(cat order) == 'pwrite64(F, DATA, 144, 2528)
fdatasync(F)
pwrite64(F, DATA, 128, 0)
fdatasync(F)
pwrite64(F, DATA, 48, 2480)
fdatasync(F)
pwrite64(F, DATA, 128, 0)
fdatasync(F)' ]] || fail "$(cat order)"
    # Nothing new: nothing is written, nothing is synced.
    trace --append --on-revision replace-last -o out.npy last.csv
    [[ ! -s calls ]] || fail "$(cat calls)"
}

@test "--if-changed leaves an array with the same bytes alone" {
    py <<'PY'
from grow import *
write(bars(0, 50))
ok("-o", OUT, "in.csv")
os.utime(OUT, ns=(10 ** 18, 10 ** 18))
before = state()
for options in ([], ["--sync"], ["--append"], ["--lock"]):
    ok("--if-changed", *options, "-o", OUT, "in.csv")
    assert state() == before, options
assert ", unchanged; " in told("--if-changed", "-o", OUT, "in.csv")
ok("-o", OUT, "in.csv")
assert state()[1:] != before[1:]
before = state()
write(bars(0, 51))
ok("--if-changed", "-o", OUT, "in.csv")
assert state()[1] != before[1] and len(load()) == 51
PY
}

@test "a make rule ends: an array is not older than its input, whatever that had" {
    # shellcheck disable=SC2016 # for make
    printf 'out.npy: in.csv\n\tumm-convert --append $(OPTION) -o $@ $<\n' >Makefile
    umm-synth --rows=50 -o in.csv
    ok make -s
    make -q
    touch -d '2001-01-01' out.npy
    ! make -q || return
    ok make -s
    make -q
    touch -d '2001-01-01' out.npy
    head -n 1 in.csv >none.csv && mv none.csv in.csv
    ok make -s
    make -q
    touch -d '2001-01-01' out.npy
    ok make -s OPTION=--if-changed
    [[ $(stat -c %y out.npy) == 2001-01-01* ]]
    # One that is not older keeps its time.
    touch -d '2000-12-31' in.csv
    ok umm-convert --append -o out.npy in.csv
    [[ $(stat -c %y out.npy) == 2001-01-01* ]]
    ok bash -c 'tail -n +1 in.csv | umm-convert --append -o out.npy'
    [[ $(stat -c %y out.npy) != 2001-01-01* ]]
}

# ---- kill -9 --------------------------------------------------------------------

@test "kill -9 at any moment of a fresh run leaves the complete old or new array" {
    py <<'PY'
from grow import *
rng = random.Random(17)
subprocess.run(["umm-synth", "--rows", "60000", "-o", "in.csv"], check=True)
write(bars(0, 10), "old.csv")
ok("-o", "new.npy", "in.csv"); ok("-o", "old.npy", "old.csv")
new, old = pathlib.Path("new.npy").read_bytes(), pathlib.Path("old.npy").read_bytes()
start = time.monotonic(); ok("-o", OUT, "in.csv"); took = time.monotonic() - start
seen = {}
for trial in range(110):
    options = rng.choice([[], ["--sync"], ["--lock"]])
    OUT.write_bytes(old)
    job = subprocess.Popen(["umm-convert", *options, "-o", OUT, "in.csv"], stderr=subprocess.DEVNULL)
    time.sleep(rng.random() * (0.005 if trial % 2 else took * 1.1))
    job.kill()
    job.wait()
    got = OUT.read_bytes()
    assert got in (old, new), (trial, len(got))
    assert load().shape == (10 if got == old else 60000, 6)
    seen[len(got)] = seen.get(len(got), 0) + 1
assert seen.get(len(old), 0) > 10, seen
ok("--lock", "-o", OUT, "in.csv")
assert OUT.read_bytes() == new
PY
}

@test "an array that others write while rows are appended to it is an error" {
    umm-synth --rows=30000 >in.csv
    head -n 20001 in.csv | umm-convert -o out.npy
    mkfifo pipe
    umm-convert --append -o out.npy pipe 2>err 3>&- &
    local pid=$! code=0
    wait_until $pid 'the pipe to be opened' has_open $pid pipe
    exec 4>pipe
    head -n 25001 in.csv >&4
    wait_until $pid 'the array to be opened' has_open $pid out.npy
    : >out.npy
    tail -n +25002 in.csv >&4
    exec 4>&-
    wait $pid || code=$?
    [[ $code -eq 1 && $(<err) == 'umm-convert: out.npy: was changed by another program while it was written' ]] || fail "$code: $(<err)"
    no_leftovers
}

@test "rows that NumPy counts while an append goes wrong are not cut off" {
    local bad pid code
    umm-synth --rows=30000 >in.csv
    head -n 101 in.csv >old.csv
    mkfifo pipe
    for bad in '' 'no row'; do
        ok umm-convert -o out.npy old.csv
        code=0
        umm-convert --append -o out.npy pipe 2>err 3>&- &
        pid=$!
        wait_until $pid 'the pipe to be opened' has_open $pid pipe
        exec 4>pipe
        head -n 25001 in.csv >&4
        wait_until $pid 'rows that are written' has_bytes out.npy 4929
        "$PY" - 4>&- <<'EOF'
import numpy as np
with open("out.npy", "r+b") as file:
    file.seek(128 + 100 * 48)
    file.write(np.full((28000, 6), 7.0).tobytes())
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (28100, 6)})
EOF
        tail -n +25002 in.csv >&4
        echo "$bad" >&4
        exec 4>&-
        wait $pid || code=$?
        [[ $code -eq 1 && $(wc -l <err) -eq 1 ]] || fail "$code: $(<err)"
        [[ $bad || $(<err) == 'umm-convert: out.npy: was changed by another program while it was written' ]] || fail "$(<err)"
        "$PY" -c 'import numpy as np
array = np.load("out.npy")
assert array.shape == (28100, 6) and (array[-100:] == 7).all()' || fail "with a row '$bad'"
        no_leftovers
    done
}

@test "an array that is replaced while rows are appended to it is an error" {
    umm-synth --rows=30000 >in.csv
    head -n 20001 in.csv >old.csv
    ok umm-convert -o out.npy old.csv
    mkfifo pipe
    umm-convert --append -o out.npy pipe 2>err 3>&- &
    local pid=$! code=0
    wait_until $pid 'the pipe to be opened' has_open $pid pipe
    exec 4>pipe
    head -n 25001 in.csv >&4
    ok umm-convert -o other.npy old.csv
    wait_until $pid 'the array to be opened' has_open $pid out.npy
    mv other.npy out.npy
    tail -n +25002 in.csv >&4
    exec 4>&-
    wait $pid || code=$?
    [[ $code -eq 1 && $(<err) == 'umm-convert: out.npy: was replaced while it was written' ]] || fail "$code: $(<err)"
    ok umm-convert --append -o out.npy in.csv
    ok umm-convert -o want.npy in.csv
    cmp out.npy want.npy
    no_leftovers
}

# A reader has the file mapped as far as a header counted it.
@test "what a killed run took out of the count is not cut off by a run without it" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    umm-synth --rows=169 >all.csv
    ok umm-convert -o out.npy all.csv
    sed '$s/[^,]*$/12345/' all.csv >revised.csv
    head -n -1 all.csv >short.csv
    cp out.npy whole.npy
    capture strace -qq -E "$no_leak_check" -o log -e trace=fdatasync -e inject=fdatasync:signal=KILL:when=2 \
        umm-convert --append --on-revision=replace-last -o out.npy revised.csv
    [[ $status -ne 0 && $("$PY" -c 'import numpy; print(len(numpy.load("out.npy")))') -eq 168 ]]
    ok umm-convert --append -o out.npy short.csv
    cmp <(tail -c 48 whole.npy) <(tail -c 48 out.npy)
    ok umm-convert --append -o out.npy all.csv
    cmp whole.npy out.npy
    no_leftovers
}

@test "kill -9 at any moment of an append leaves an array with the old or the new rows" {
    py <<'PY'
from grow import *
rng = random.Random(19)
subprocess.run(["umm-synth", "--rows", "60000", "-o", "in.csv"], check=True)
ok("-o", "new.npy", "in.csv")
new = load("new.npy")
np.save("old.npy", new[:500])
old = pathlib.Path("old.npy").read_bytes()
OUT.write_bytes(old)
start = time.monotonic(); grow(); took = time.monotonic() - start
revised = new.copy()
revised[499, 5] = 12345
np.save("revised.npy", revised[:500])
revised_old = pathlib.Path("revised.npy").read_bytes()
seen = {}
for trial in range(120):
    options = rng.choice([[], ["--tail"], ["--order", "asc"], ["--on-revision", "replace-last"]])
    OUT.write_bytes(revised_old if "replace-last" in options else old)
    job = subprocess.Popen(["umm-convert", "--append", *options, "-o", OUT, "in.csv"], stderr=subprocess.DEVNULL)
    time.sleep(rng.random() * (0.005 if trial % 2 else took * 1.1))
    job.kill()
    job.wait()
    got = load(mmap_mode="r")
    n = len(got)
    assert n in (500, 60000) or (n == 499 and "replace-last" in options), (trial, n)
    first = revised if n == 500 and "replace-last" in options else new
    assert np.array_equal(got, first[:n]), (trial, n)
    seen[n] = seen.get(n, 0) + 1
    if trial % 4 == 0:
        grow(*options)
        assert np.array_equal(load(), new) and OUT.stat().st_size == 128 + 48 * 60000, (trial, options)
assert seen.get(500, 0) > 20, seen
OUT.write_bytes(old)
grow()
PY
}
