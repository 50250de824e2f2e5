#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Compressed text and archives: Python's gzip, bz2, lzma, zipfile and tarfile make them, zstd(1)
# the rest. What comes of them is what comes of the text; or an error, and nothing.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cat >makers.py <<'PY'
import bz2, gzip, io, lzma, os, subprocess, sys, tarfile, warnings, zipfile

warnings.simplefilter("ignore")        # two members of one name

HEAD = b"timestamp,open,high,low,close,volume\n"

def row(i):
    return b"%d,%d.5,%d.75,%d.25,%d.5,%d\n" % (1577836800000 + 60000 * i, i + 1, i + 1, i + 1, i + 1, i)

def text(first, n):
    return HEAD + b"".join(row(i) for i in range(first, first + n))

def zstd(data):
    return subprocess.run(["zstd", "-qc", "--check"], input=data, stdout=subprocess.PIPE, check=True).stdout

FILTERS = {"gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress,
           "zst": zstd}

def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()

def tarred(members, **more):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **more) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if data is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
            else:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if isinstance(data, bytes) else None)
    return out.getvalue()

def write(path, data):
    with open(path, "wb") as file:
        file.write(data)

def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

def array(path):
    with open(path, "rb") as file:
        return file.read()

def good(*command, **more):
    got = run(*command, **more)
    assert got.returncode == 0 and got.stderr == b"", (command, got)
    return got.stdout

def bad(says, *command, **more):
    """Fails, in one line that begins so."""
    got = run(*command, **more)
    line = got.stderr.decode()
    assert got.returncode == 1 and line.count("\n") == 1 and line.startswith(says), (command, got, says)

def every_kind():
    """Name and bytes of each way in which text(0, 40) comes, in one member or two."""
    whole, first, second = text(0, 40), text(0, 15), text(15, 25)
    two = [("a.csv", first), ("b.csv", second)]
    for suffix, pack in FILTERS.items():
        yield "one.csv." + suffix, pack(whole)
        yield "two.tar." + suffix, pack(tarred(two))
        yield "in." + suffix + ".zip", zipped([("x.csv." + suffix, pack(whole))], zipfile.ZIP_STORED)
    yield "twice.gz", FILTERS["gz"](HEAD) + FILTERS["gz"](whole[len(HEAD):])
    yield "twice.bz2", bz2.compress(HEAD) + bz2.compress(whole[len(HEAD):])
    yield "twice.xz", lzma.compress(HEAD) + lzma.compress(whole[len(HEAD):])
    yield "padded.gz", FILTERS["gz"](whole) + bytes(512)
    yield "one.zip", zipped([("x.csv", whole)])
    yield "stored.zip", zipped([("x.csv", whole)], zipfile.ZIP_STORED)
    yield "two.zip", zipped(two)
    yield "turned.zip", zipped(two[::-1])
    yield "one.tar", tarred([("x.csv", whole)])
    yield "two.tar", tarred(two)
    yield "turned.tar", tarred(two[::-1])
    yield "turned.tar.gz", FILTERS["gz"](tarred(two[::-1]))
    yield "gnu.tar", tarred(two, format=tarfile.GNU_FORMAT)
    yield "ustar.tar", tarred(two, format=tarfile.USTAR_FORMAT)
PY
    # Python programs begin with this.
    export PYTHONPATH=$BATS_TEST_TMPDIR:$PYTHONPATH
}

py() {
    { echo 'from makers import *' && cat; } >test.py
    ok "$PY" test.py
}

@test "text comes out of every kind, as a file, on standard input and through a pipe" {
    py <<'PY'
write("plain.csv", text(0, 40))
good("umm-convert", "-o", "wanted.npy", "plain.csv")
wanted = array("wanted.npy")
os.mkdir("in")
for name, data in every_kind():
    path = "in/no-name"                  # what it is its bytes say
    write(path, data)
    good("umm-convert", "-o", "a.npy", path)
    assert array("a.npy") == wanted, name
    for threads in "1", "3":
        good("umm-convert", "--threads=" + threads, "-o", "a.npy", path)
        assert array("a.npy") == wanted, name
    with open(path, "rb") as file:
        good("umm-convert", "-o", "a.npy", "-", stdin=file)
    assert array("a.npy") == wanted, name
    good("umm-convert", "-o", "a.npy", "-", input=data)
    assert array("a.npy") == wanted, name
    assert good("umm-convert", "--rows=40", "-o", "-", path) == wanted, name
PY
    no_leftovers
}

@test "every mode that takes files takes them packed" {
    py <<'PY'
first, second = text(0, 15), text(15, 25)
write("plain.csv", text(0, 40))
write("x.csv", first)
write("y.csv", second)
good("umm-convert", "-o", "wanted.npy", "plain.csv")
wanted = array("wanted.npy")
os.makedirs("out")
for name, data in every_kind():
    stem = name.split(".")[0]
    write(name, data)
    good("umm-convert", "--out-dir=out", name)
    made, = os.listdir("out")
    assert made in (stem + ".npy", "in." + name.split(".")[1] + ".npy"), (name, made)
    assert array("out/" + made) == wanted
    os.remove("out/" + made)
    # An append of all after a part; the same again changes nothing.
    for tail in [], ["--tail"]:
        good("umm-convert", "-o", "grown.npy", "x.csv")
        for _ in range(2):
            good("umm-convert", "--append", *tail, "-o", "grown.npy", name)
            assert array("grown.npy") == wanted, name
    # Rows into an archive, and through features.
    for stdin in None, data:
        for left in "a.zst", "a.zst.journal":
            if os.path.exists(left):
                os.remove(left)
        good("umm-archive", "append", "a.zst", name if stdin is None else "-", input=stdin)
        assert good("umm-archive", "extract", "a.zst") == wanted, name
    plain = good("umm-features", "-f", "sma:3", "-o", "-", "--format=csv", "plain.csv")
    assert plain == good("umm-features", "-f", "sma:3", "-o", "-", "--format=csv", name), name
    assert plain == good("umm-features", "-f", "sma:3", "-o", "-", "--format=csv", "-", input=data), name
    assert plain == good("umm-features", "--follow", "-f", "sma:3", "-o", "-", "--format=csv", "-",
                         input=data), name
    os.remove(name)
# As datasets, by the file's name; and several files, packed or not, as one.
write("BTCUSDT-1m-2024-01.zip", zipped([("b.csv", second), ("a.csv", first)]))
os.mkdir("root")
good("umm-convert", "--out-root=root", "BTCUSDT-1m-2024-01.zip")
assert array("root/BTCUSDT/1m.npy") == wanted
write("second.gz", FILTERS["gz"](second))
good("umm-convert", "-o", "a.npy", "x.csv", "second.gz")
assert array("a.npy") == wanted
PY
    no_leftovers
}

@test "one byte that is flipped, or cut off: the same rows or none, for every kind and every job" {
    py <<'PY'
import random
random.seed(int(os.environ.get("UMM_TEST_SEED", "1")))
write("plain.csv", text(0, 40))
good("umm-convert", "-o", "wanted.npy", "plain.csv")
write("x.csv", text(0, 5))
good("umm-convert", "-o", "begun.npy", "x.csv")
good("umm-archive", "append", "begun.zst", "x.csv")
wanted, begun, archived = (array(path) for path in ("wanted.npy", "begun.npy", "begun.zst"))
features = ["umm-features", "-f", "sma:3", "--format=csv", "-o", "-"]
rows = good(*features, "plain.csv")
n = {0: 0, 1: 0}

def check(name, data, what):
    # A tar archive has no checksum of what its members hold: see below.
    is_bare = name.endswith(".tar")
    write("d", data)
    got = run("umm-convert", "-o", "a.npy", "d")
    assert got.returncode in (0, 1), (name, what, got)
    n[got.returncode] += 1
    if got.returncode == 0:
        assert got.stderr == b"" and (is_bare or array("a.npy") == wanted), (name, what)
        os.remove("a.npy")
        return
    line = got.stderr.decode()
    assert line.count("\n") == 1 and line.startswith("umm-convert: d"), (name, what, line)
    assert not os.path.exists("a.npy"), (name, what)
    if is_bare:
        return
    write("g.npy", begun)
    assert run("umm-convert", "--append", "-o", "g.npy", "d").returncode == 1
    assert array("g.npy") == begun, (name, what)
    assert run("umm-convert", "--rows=40", "-o", "-", "d").stdout == b"", (name, what)
    for stdin in None, data:
        path = "d" if stdin is None else "-"
        write("g.zst", archived)
        assert run("umm-archive", "append", "g.zst", path, input=stdin).returncode == 1
        assert array("g.zst") == archived, (name, what)
        got = run(*features, path, input=stdin)
        assert got.returncode == 1 and got.stdout == b"", (name, what, got)
    got = run(*features, "--follow", "--state=s", "--checkpoint=3", "-", input=data)
    assert got.returncode == 1 and got.stdout == b"" and not os.path.exists("s"), (name, what, got)

for name, data in every_kind():
    for at in sorted(random.sample(range(len(data)), min(len(data), 6))):
        flipped = bytearray(data)
        flipped[at] ^= 1 << random.randrange(8)
        check(name, bytes(flipped), f"bit of byte {at}")
    for at in sorted(random.sample(range(1, len(data)), 2)) + [len(data) - 1]:
        check(name, data[:at], f"cut to {at}")
        check(name, data[:at] + data[at + 1:], f"without byte {at}")
assert n[1] > n[0], n
PY
    no_leftovers
}

@test "a long text that is damaged at its end: no row of it goes anywhere before" {
    py <<'PY'
write("x.csv", text(0, 5))
good("umm-archive", "append", "begun.zst", "x.csv")
archived = array("begun.zst")
long = text(5, 20000)
features = ["umm-features", "-f", "sma:3", "--format=csv", "-o", "-"]
for name, pack in {**FILTERS, "zip": lambda data: zipped([("a.csv", data)]),
                   "tar.gz": lambda data: FILTERS["gz"](tarred([("a.csv", data)]))}.items():
    data = pack(long)
    # Mixed symbols, whose lines go out as they come.
    mixed = pack(b"\n".join((b"A," if at else b"symbol,") + line
                            for at, line in enumerate(long.splitlines())))[:-1]
    write("mixed", mixed)
    for stdin in None, mixed:
        got = run("umm-features", "--by=symbol", "-f", "sma:3", "mixed" if stdin is None else "-", input=stdin)
        assert got.returncode == 1 and got.stdout == b"", (name, got.stderr)
    flipped = bytearray(data)
    flipped[len(data) * 9 // 10] ^= 4
    for what, damaged in ("flipped", bytes(flipped)), ("cut", data[:-1]):
        write("d", damaged)
        assert run("umm-convert", "--rows=20000", "-o", "-", "d").stdout == b"", (name, what)
        for command in features, [*features, "--follow", "--state=s", "--checkpoint=100"]:
            for stdin in None, damaged:
                got = run(*command, "d" if stdin is None else "-", input=stdin)
                assert got.returncode == 1 and got.stdout == b"", (name, what, got.stderr)
                assert not os.path.exists("s"), (name, what)
        for stdin in None, damaged:
            write("g.zst", archived)
            got = run("umm-archive", "append", "--sync=always", "--flush-rows=100", "g.zst",
                      "d" if stdin is None else "-", input=stdin)
            assert got.returncode == 1 and array("g.zst") == archived, (name, what, got)
            assert not os.path.exists("g.zst.journal"), (name, what)
PY
    no_leftovers
}

@test "members: in order by name, named in messages, what is no text passed over and counted" {
    py <<'PY'
a, b, c = text(0, 5), text(5, 5), text(10, 30)
write("plain.csv", text(0, 40))
good("umm-convert", "-o", "wanted.npy", "plain.csv")
wanted = array("wanted.npy")
png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40
members = [("notes/logo.png", png), ("2024/c.csv", c), ("2024/b.csv", b), ("2024/a.csv", a), ("z", b""),
           ("__MACOSX/2024/._a.csv", b"\0\5\x16\7" + bytes(100))]
for name, data in ("m.zip", zipped(members)), ("m.tar", tarred([("2024", None), *members])):
    write(name, data)
    good("umm-convert", "-o", "a.npy", name)
    assert array("a.npy") == wanted
    said = run("umm-convert", "-v", "-o", "a.npy", name)
    lines = said.stderr.decode().split("\n")
    for line, member, n in zip(lines, "abc", (5, 5, 30)):
        assert line.startswith(f"{name}(2024/{member}.csv): {n} rows; "), lines
    assert ", 3 members passed over that are no text; " in lines[3], lines
    import json
    report = json.loads(good("umm-convert", "--json", "-o", "a.npy", name))
    assert report["members_passed_over"] == 3 and [i["path"] for i in report["inputs"]] == [
        f"{name}(2024/{m}.csv)" for m in "abc"], report
    # A pattern takes the whole name, or what comes after the last slash.
    for pattern in "*.csv", "2024/?.csv", "[ab].csv":
        good("umm-convert", "--members", pattern, "-o", "b.npy", name)
    good("umm-convert", "--members", "a.csv", "-o", "b.npy", name)
    write("a.csv", a)
    good("umm-convert", "-o", "c.npy", "a.csv")
    assert array("b.npy") == array("c.npy")
    bad(f"umm-convert: {name}: a {name[2:]} archive without a member of such a name", "umm-convert", "--members=*.tsv", "-o", "x.npy", name)
    bad(f"umm-convert: {name}: a {name[2:]} archive without any text\n", "umm-convert", "--members=*.png", "-o", "x.npy", name)

# Where a row is wrong.
worse = b.replace(row(6), b"1577837160000,x,1,1,1,1\n")
write("bad.zip", zipped([("a.csv", a), ("Kurse \u20ac\t.csv", worse)]))
bad("umm-convert: bad.zip(Kurse \u20ac\\t.csv):3:15: open is not a number: \"x\"", "umm-convert", "-o", "x.npy", "bad.zip")
write("bad.tar.xz", FILTERS["xz"](tarred([("a.csv", a), ("Kurse \u20ac\t.csv", worse)])))
bad("umm-convert: bad.tar.xz(Kurse \u20ac\\t.csv):3:15: open is not a number: \"x\"", "umm-convert", "-o", "x.npy", "bad.tar.xz")
write("bad.csv.bz2", FILTERS["bz2"](worse))
bad("umm-convert: bad.csv.bz2:3:15: open is not a number: \"x\"", "umm-convert", "-o", "x.npy", "bad.csv.bz2")
bad("umm-convert: <stdin>(Kurse \u20ac\\t.csv):3:15: ", "umm-convert", "-o", "x.npy", "-", input=array("bad.zip"))
# The row that is held back, and named later, is of the member before.
write("base.csv", text(0, 10))
good("umm-convert", "-o", "g.npy", "base.csv")
write("held.zip", zipped([("a.csv", a.replace(row(4), row(4).replace(b"5.5,", b"6.5,", 1))), ("b.csv", b)]))
bad("umm-convert: held.zip(a.csv):6: ", "umm-convert", "--append", "--dedup=last", "-o", "g.npy", "held.zip")
# Rows out of order from one member to the next; other columns.
write("order.zip", zipped([("a.csv", b), ("b.csv", a)]))
bad("umm-convert: order.zip(b.csv):2:1: ", "umm-convert", "-o", "x.npy", "order.zip")
write("other.zip", zipped([("a.csv", a), ("b.csv", b.replace(b",volume", b",amount"))]))
bad("umm-convert: other.zip(b.csv)", "umm-convert", "-o", "x.npy", "other.zip")
write("empty.zip", zipped([("a.csv", a), ("b.csv", b"")]))
bad("umm-convert: empty.zip(b.csv): empty input\n", "umm-convert", "-o", "x.npy", "empty.zip")
# A filter that takes none of the first member's rows.
def of(symbol, data):
    head, *rows = data.decode().splitlines()
    return "\n".join(["symbol," + head] + [symbol + "," + r for r in rows] + [""]).encode()
write("by.zip", zipped([("a.csv", of("A", a)), ("b.csv", of("B", b))]))
for symbol in "A", "B":
    good("umm-convert", "--where=symbol=" + symbol, "-o", "b.npy", "by.zip")
report = json.loads(good("umm-archive", "append", "--json", "--where=symbol=A", "by.zst", "by.zip"))
assert report["rows_written"] == 5 and report["rows_passed_over"] == 5, report
bad('umm-convert: by.zip: no row has "C" for symbol', "umm-convert", "--where=symbol=C", "-o", "x.npy", "by.zip")
assert not os.path.exists("x.npy")
# A stream of one text cannot be made of several.
bad("umm-features: order.zip: 2 members; here one text can be read; say with --members which ones are meant\n",
    "umm-features", "--by=symbol", "-f", "sma:3", "order.zip")
PY
    no_leftovers
}

@test "what is not taken: one line that says what, and what to do" {
    py <<'PY'
import struct
a = text(0, 5)
def refused(name, data, says, *options):
    write(name, data)
    for command in ["umm-convert", *options, "-o", "x.npy"], ["umm-archive", "append", *options, "x.zst"]:
        got = run(*command, name)
        line = got.stderr.decode()
        assert got.returncode == 1 and line == f"{command[0]}: {name}{says}\n", (name, line, says)
        assert not os.path.exists("x.npy") and not os.path.exists("x.zst"), name

def named(name, zipped_as=None):
    return zipped([(name, a)])
for path in "../x.csv", "a/../../x.csv", "/etc/x.csv", "C:/x.csv", "..\\x.csv":
    says = "(" + path.replace("\\", "\\\\") + "): a member's name that leads out of the archive"
    if "\\" not in path:                 # which libarchive takes for a slash in zip archives
        refused("n.zip", named(path), says)
    refused("n.tar", tarred([("a.csv", a), (path, a)]), says)
refused("l.tar", tarred([("a.csv", a), ("b.csv", "a.csv")]), "(b.csv): is a link, not a file; say with --members which ones are meant")
good("umm-convert", "--members=a.csv", "-o", "y.npy", "l.tar")
info = tarfile.TarInfo("null")
info.type = tarfile.CHRTYPE
refused("d.tar", info.tobuf() + tarred([("a.csv", a)]), "(null): is a device, not a file; say with --members which ones are meant")
refused("nested.zip", zipped([("a.csv", a), ("in.zip", zipped([("b.csv", a)]))]), "(in.zip): a zip archive within a zip archive; unpack it first")
refused("nested.tar", tarred([("in.csv", tarred([("b.csv", a)]))]), "(in.csv): a tar archive within a tar archive; unpack it first")
refused("twice.gz", FILTERS["gz"](FILTERS["gz"](a)), ": gzip data within gzip data; unpack it first")
refused("zip.xz", FILTERS["xz"](zipped([("a.csv", a)])), ": a zip archive within xz data; unpack it first")
refused("in.zip", zipped([("a.csv.gz", FILTERS["gz"](FILTERS["xz"](a)))]), "(a.csv.gz): xz data within gzip data; unpack it first")
refused("same.zip", zipped([("a.csv", a), ("a.csv", a)]), ': two members are called "a.csv"')
refused("none.zip", zipped([]), ": a zip archive without members")
refused("dir.tar", tarred([("d", None)]), ": a tar archive without members")
refused("png.zip", zipped([("a.csv", bytes(10))]), "(a.csv): is no text; say with --members which ones are meant")
refused("7z", b"7z\xbc\xaf\x27\x1c" + bytes(100), ": a 7z archive; unpack it first")
refused("rar", b"Rar!\x1a\x07\x01\0" + bytes(100), ": a rar archive; unpack it first")
refused("z", b"\x1f\x9d\x90" + bytes(100), ": data of compress(1); unpack it first")
refused("more.gz", FILTERS["gz"](a) + b"more", ": bytes after the end of the gzip data")
refused("more.bz2", FILTERS["bz2"](a) + b"more", ": bytes after the end of the bzip2 data")
refused("more.xz", FILTERS["xz"](a) + b"more" * 3, ": damaged xz data")
refused("padded.gz", FILTERS["gz"](a) + bytes(4) + b"x", ": bytes after the end of the gzip data")
refused("two.tar", tarred([("a.csv", a)]) + tarred([("b.csv", a)]), ": bytes after the end of the tar archive")
refused("cut.tar", tarred([("a.csv", a), ("b.csv", a)])[:1024], ": tar archive without its end: it may be cut")
for suffix, pack in FILTERS.items():
    cut = "zstd data ends in the middle of a frame" if suffix == "zst" else f"{dict(gz='gzip', bz2='bzip2')[suffix] if suffix != 'xz' else 'xz'} data ends early"
    for n in 6, 20, len(pack(a)) - 1:
        refused("cut", pack(a)[:n], ": " + cut)
    refused("nothing." + suffix, pack(b""), ": empty input")
    refused("utf16." + suffix, pack(a.decode().encode("utf-16")), ": UTF-16 text; pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -")
refused("utf16.zip", zipped([("a.csv", a.decode().encode("utf-16"))]), "(a.csv): UTF-16 text; pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -")
# A member that only looks like something else: its checksum says that it is damaged.
data = bytearray(zipped([("a", a), ("b", a)], zipfile.ZIP_STORED))
data[data.index(a) + 3] = 0
write("d.zip", data)
bad("umm-convert: d.zip(a): damaged zip archive (ZIP bad CRC", "umm-convert", "-o", "x.npy", "d.zip")
# A zip archive that says that it has fewer members than it has, or more.
for n in 1, 3:
    data = bytearray(zipped([("a.csv", a), ("b.csv", text(5, 5))]))
    data[-14:-10] = struct.pack("<HH", n, n)
    write("n.zip", data)
    bad("umm-convert: n.zip", "umm-convert", "-o", "x.npy", "n.zip")
    assert not os.path.exists("x.npy")
# A name before the member that is not the one in the directory: in another order, or of another symbol.
data = bytearray(zipped([("a.csv", a), ("b.csv", text(5, 5))]))
data[30] = ord("c")
refused("name.zip", data, ": damaged zip archive (a member has two names)")
# A dictionary of 512 MiB, as the header of the block says, whose own checksum is right.
import zlib
data = bytearray(FILTERS["xz"](a))
end = 12 + 4 * data[12]
data[data.index(b"\x21\x01", 12, end) + 2] = 34
data[end:end + 4] = struct.pack("<I", zlib.crc32(data[12:end]))
write("wide.xz", data)
got = run("umm-convert", "-o", "x.npy", "wide.xz").stderr.decode()
import re
assert re.fullmatch(r"umm-convert: wide.xz: xz data that needs 51\d MiB, more than 256; pipe it in: xzcat FILE \| ... -\n", got), got
# Encrypted, as its flag says.
data = bytearray(zipped([("a.csv", a)]))
data[6] |= 1
data[data.index(b"PK\1\2") + 8] |= 1
refused("e.zip", data, "(a.csv): is encrypted; pipe it in: unzip -p FILE MEMBER | ... -")
PY
    zip -qP secret real.zip - <makers.py
    refuses 1 'umm-convert: real.zip(-): is encrypted; pipe it in: unzip -p FILE MEMBER | ... -' \
        umm-convert -o x.npy real.zip
}

@test "bombs: a limit on what comes out, and on how much of how little" {
    py <<'PY'
a = text(0, 1000)
for name, data in ("a.gz", FILTERS["gz"](a)), ("a.zip", zipped([("a.csv", a), ("b.csv", text(1000, 1000))])), ("a.tar.gz", FILTERS["gz"](tarred([("a.csv", a)]))):
    write(name, data)
    good("umm-convert", "--max-unpacked=1M", "--max-ratio=1", "-o", "a.npy", name)
    got = run("umm-convert", "--max-unpacked=40000", "-o", "b.npy", name)
    line = got.stderr.decode()
    assert got.returncode == 1 and "unpacks to more than 40000 bytes; if that is meant, use a larger --max-unpacked\n" in line, line
    assert line.startswith("umm-convert: " + name), line
# 80 MB of the same row, of which gzip makes a 300th, zstd a 10000th.
rows = HEAD + row(1) * (80 * 1000 * 1000 // len(row(1)))
for suffix in "gz", "zst":
    write("b." + suffix, FILTERS[suffix](rows))
    bad(f"umm-convert: b.{suffix}: unpacks to more than 200 times its size; if that is meant, use a larger --max-ratio\n",
        "umm-convert", "-o", "b.npy", "b." + suffix)
    assert not os.path.exists("b.npy")
good("umm-convert", "--max-ratio=100000", "--dedup=first", "-o", "b.npy", "b.gz")
PY
}

@test "a thousand members in any order take no more than so many reads" {
    command -v strace >/dev/null || skip 'strace is not here'
    strace -qq -o /dev/null true 2>/dev/null || skip 'no tracing here'
    py <<'PY'
import random
members = [(f"{i:04}.csv", text(10 * i, 10)) for i in range(1000)]
mixed = random.Random(1).sample(members, len(members))
write("plain.csv", text(0, 10000))
good("umm-convert", "-o", "wanted.npy", "plain.csv")
LIMIT, COUNT = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 200, 10
wide = zipped(mixed)
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = LIMIT, COUNT
assert wide[-98:-94] == b"PK\6\6"
wider = wide[:-14] + b"\xff" * 12 + wide[-2:]
wide = wide[:-6] + b"\xff" * 4 + wide[-2:]
for name, data, most in (("a.zip", zipped(members), 6000), ("b.zip", zipped(mixed), 6000), ("c.zip", wide, 6000), ("d.zip", wider, 6000),
                         ("a.tar", tarred(members), 6000), ("b.tar", tarred(mixed), 6000),
                         ("a.tar.gz", FILTERS["gz"](tarred(members)), 200), ("b.tar.gz", FILTERS["gz"](tarred(mixed)), 6000)):
    write(name, data)
    good("strace", "-f", "-qq", "-e", "trace=read,pread64", "-o", "trace", "umm-convert", "--threads=1", "-o", "a.npy", name)
    assert array("a.npy") == array("wanted.npy"), name
    n = len(open("trace").readlines())
    assert n < most, (name, n)
PY
}

@test "a build without the libraries says so, and reads the rest" {
    [[ -z ${UMM_SAN-}${UMM_COV-}${UMM_EMULATED-} ]] || skip 'other flags are needed to link'
    local name source objects=("$UMM_BUILD"/cmd/umm-convert.o "$UMM_BUILD"/cmd/cli*.o)
    for name in "$UMM_BUILD"/cmd/convert_*.o; do
        [[ ! -e $name ]] || objects+=("$name")
    done
    for source in container codec_gzip codec_bzip2 codec_xz; do
        gcc -std=c11 -D_GNU_SOURCE -fPIE -iquote "$TOP/lib" -c "$TOP/lib/unpack/$source.c" -o "$source.o"
        objects+=("$source.o")
    done
    mkdir bin
    gcc -pthread "${objects[@]}" "$UMM_BUILD/libumm.a" -lzstd -lxxhash -ljansson -lcsv -lm -o bin/umm-convert
    py <<'PY'
a = text(0, 5)
write("a.csv", a)
for name, data, library in (("a.gz", FILTERS["gz"](a), "gzip data: umm was built without zlib (Debian's zlib1g-dev)"),
                            ("a.bz2", FILTERS["bz2"](a), "bzip2 data: umm was built without libbz2 (Debian's libbz2-dev)"),
                            ("a.xz", FILTERS["xz"](a), "xz data: umm was built without liblzma (Debian's liblzma-dev)"),
                            ("a.zip", zipped([("a.csv", a)]), "a zip archive: umm was built without libarchive (Debian's libarchive-dev)"),
                            ("a.tar", tarred([("a.csv", a)]), "a tar archive: umm was built without libarchive (Debian's libarchive-dev)")):
    write(name, data)
    bad(f"umm-convert: {name}: {library}; unpack it first\n", "bin/umm-convert", "-o", "x.npy", name)
write("a.zst", FILTERS["zst"](a))
good("bin/umm-convert", "-o", "x.npy", "a.zst")
good("umm-convert", "-o", "y.npy", "a.csv")
assert array("x.npy") == array("y.npy")
PY
}

@test "a member without rows beside others leads to --members" {
    umm-synth --rows=5 -o bars.csv
    echo 'Thank you for your order' >NOTE.txt
    zip -q two.zip bars.csv NOTE.txt
    zip -q one.zip NOTE.txt
    local none="no field for 'timestamp' among \"Thank you for your order\"" way="if it has no rows, else --columns"
    refuses 1 "umm-convert: two.zip(NOTE.txt):1:1: $none; use --members, such as '*.csv', $way, --names or --layout" \
        umm-convert -o x.npy two.zip
    refuses 1 "umm-archive: two.zip(NOTE.txt):1:1: $none; use --members, such as '*.csv', $way or --layout" \
        umm-archive append x.npy.zst two.zip
    refuses 1 "umm-convert: one.zip(NOTE.txt):1:1: $none; use --columns, --names, --layout or --skip-lines" \
        umm-convert -o x.npy one.zip
    umm-convert -o bars.npy bars.csv
    ok umm-convert --members='*.csv' -o x.npy two.zip
    cmp x.npy bars.npy
    # Nor does a note fit a layout that is given.
    cp NOTE.txt a.txt
    umm-synth --layout=histdata --rows=5 -o b.csv
    zip -q note.zip a.txt b.csv
    capture umm-convert --layout=histdata -o x.npy note.zip
    [[ $status -eq 1 && $stderr == "umm-convert: note.zip(a.txt):1:"*"expected 6; use --members, such as '*.csv', $way"* ]] || fail "$stderr"
    ok umm-convert --layout=histdata --members='*.csv' -o x.npy note.zip
}

@test "holes of a sparse member are neither left out nor free" {
    python3 - <<'PY'
from makers import *
page = text(0, 10)
page += b"\n" * (4096 - len(page))
with open("end.csv", "wb") as f:                # text, and zeros to the end
    f.write(page)
    f.truncate(1 << 20)
with open("wide.csv", "wb") as f:               # no text; most of it takes no room
    f.write(b"\1" * 4096)
    f.seek(100 << 20)
    f.write(b"\1" * 4096)
PY
    tar -S -cf end.tar end.csv
    tar -S -czf end.tar.gz end.csv
    tar -S -czf wide.tar.gz wide.csv
    for name in end.tar end.tar.gz; do
        refuses 1 "umm-convert: $name(end.csv): has 4096 of its 1048576 bytes" umm-convert -o x.npy "$name"
    done
    refuses 1 "umm-convert: wide.tar.gz(wide.csv): unpacks to more than 200 times its size; if that is meant, \
use a larger --max-ratio" umm-convert -o x.npy wide.tar.gz
    [ ! -e x.npy ]
}

@test "an archive of one member that is given twice is looked at twice from its start" {
    python3 - <<'PY'
from makers import *
write("BTCUSDT-1m-2020-01.zip", zipped([("BTCUSDT-1m-2020-01.csv", text(0, 3000))]))
PY
    ok umm-convert --out-root=data BTCUSDT-1m-2020-01.zip BTCUSDT-1m-2020-01.zip
    ok umm-convert -o once.npy BTCUSDT-1m-2020-01.zip
    cmp data/BTCUSDT/1m.npy once.npy
}

@test "a zip64 archive has as many members as its own record says" {
    python3 - <<'PY'
from makers import *
import struct

def zip64(n_less):
    data = zipped([("a.csv", text(0, 100)), ("b.csv", text(100, 100)), ("c.csv", text(200, 100))])
    end = data.rindex(b"PK\5\6")
    n, size, at = struct.unpack_from("<HII", data, end + 10)
    directory = data[at:end]
    for _ in range(n_less):
        directory = directory[:directory.rindex(b"PK\1\2")]
    record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, n, n, len(directory), at)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at + len(directory), 1)
    return data[:at] + directory + record + locator + b"PK\5\6" + b"\0" * 4 + b"\xff" * 12 + b"\0" * 2

write("good.zip", zip64(0))
write("less.zip", zip64(1))
write("all.csv", text(0, 300))
PY
    ok umm-convert -o good.npy good.zip
    ok umm-convert -o all.npy all.csv
    cmp good.npy all.npy
    refuses 1 "umm-convert: less.zip: damaged zip archive (2 members where it says 3)" umm-convert -o x.npy less.zip
    [ ! -e x.npy ]
}
