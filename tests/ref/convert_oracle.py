#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What umm-convert should make of a text, by other means, for tests/umm-convert.bats.

Numbers are rounded from exact fractions, times go through datetime and zoneinfo,
rows through the csv module; NumPy reads what the tool wrote.

    convert_oracle.py bars LAYOUT TEXT ARRAY   ARRAY holds the bars of TEXT
    convert_oracle.py random N SEED            N random texts, converted and compared

It is a module as well: tests take the functions below from it. They work in the
current directory and write in.csv and out.npy there.
"""
import csv
import datetime
import fractions
import os
import random
import re
import struct
import subprocess
import sys
import zoneinfo

import numpy as np

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
BAR = ["timestamp", "open", "high", "low", "close", "volume"]
NAN = {"<f8": 0x7FF8000000000000, "<f4": 0x7FC00000}

# ---- running the tool ------------------------------------------------------------


def run(*args, text=None, env=None):
    """Exit code, standard output and standard error (both bytes) of the tool."""
    done = subprocess.run(
        ["umm-convert", *map(str, args)], input=text, capture_output=True, close_fds=False,
        env={**os.environ, **env} if env else None, check=False)
    return done.returncode, done.stdout, done.stderr


def as_bytes(text):
    return text.encode() if isinstance(text, str) else text


def put(text, path="in.csv"):
    with open(path, "wb") as file:
        file.write(as_bytes(text))
    return path


def get(path="out.npy"):
    with open(path, "rb") as file:
        return file.read()


def no_leftovers():
    left = [name for name in os.listdir(".") if name.endswith(".lock") or re.match(r"\..*\.umm-", name)]
    assert not left, left


def load(path="out.npy", align=64):
    """The array in path, after looking at it in every way there is."""
    plain = np.load(path)
    mapped = np.load(path, mmap_mode="r")
    assert mapped.dtype == plain.dtype and mapped.shape == plain.shape
    assert mapped.tobytes("A") == plain.tobytes("A")
    assert mapped.offset % align == 0, mapped.offset
    assert os.path.getsize(path) == mapped.offset + plain.nbytes
    return plain


def good(text, *args, align=64, env=None, inputs=("in.csv",)):
    """The array that the tool makes of text, silently; text None leaves in.csv alone."""
    if text is not None:
        put(text)
    code, out, err = run(*args, "-o", "out.npy", *inputs, env=env)
    assert (code, out, err) == (0, b"", b""), (code, out, err, args, text)
    no_leftovers()
    return load(align=align)


def refused(text, message, *args, code=1, inputs=("in.csv",)):
    """The tool refuses text with exactly that message and leaves the output alone."""
    put(text)
    before = b"what was there"
    put(before, "out.npy")
    hint = "\nTry 'umm-convert --help'." if code == 2 else ""
    got = run(*args, "-o", "out.npy", *inputs)
    wanted = (code, b"", f"umm-convert: {message}{hint}\n".encode())
    assert got == wanted, f"\ngot    {got}\nwanted {wanted}\nargs   {args}\ntext   {text!r}"
    assert get() == before
    os.remove("out.npy")
    no_leftovers()


def same(got, wanted):
    """Two arrays are equal to the bit, in type and in order."""
    wanted = np.asarray(wanted)
    assert got.dtype == wanted.dtype, (got.dtype, wanted.dtype)
    assert got.shape == wanted.shape, (got.shape, wanted.shape)
    assert got.tobytes() == wanted.tobytes(), f"\n{got!r}\n{wanted!r}"


# ---- numbers ----------------------------------------------------------------------

NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")


def exact(text):
    """Sign and exact value of a decimal text."""
    sign, whole, part, power = NUMBER.fullmatch(text).groups()
    part = part or ""
    assert whole + part, text
    if not int(whole + part):
        return sign == "-", fractions.Fraction(0)
    value = fractions.Fraction(int(whole + part)) * fractions.Fraction(10) ** (int(power or 0) - len(part))
    return sign == "-", value


def round_bits(text, dtype):
    """The bits of text in binary floating point: one rounding, to nearest, ties to even."""
    precision, emax, width = {"<f8": (53, 1023, 64), "<f4": (24, 127, 32)}[dtype]
    negative, value = exact(text)
    bits = 0
    if value:
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        exponent -= value < fractions.Fraction(2) ** exponent
        ulp = max(exponent, 1 - emax) - (precision - 1)
        bits = round(value / fractions.Fraction(2) ** ulp)
        if bits >= 2 ** (precision - 1):
            bits += (ulp + emax + precision - 2) << (precision - 1)
    assert bits < (2 * emax + 1) << (precision - 1), text
    return bits | negative << (width - 1)


def number(text, dtype, missing=("", "null", "nan", "na", "n/a", "-")):
    """The bytes of a cell."""
    text = text.strip(" \t")
    size = int(dtype[2])
    if dtype[1] == "f":
        bits = NAN[dtype] if text.lower() in missing else round_bits(text, dtype)
        return bits.to_bytes(size, "little")
    negative, value = exact(text)
    assert value.denominator == 1
    return int(-value if negative else value).to_bytes(size, "little", signed=True)


# ---- times ------------------------------------------------------------------------

EPOCH = datetime.datetime(1970, 1, 1)


def nanoseconds(when, nsec=0, zone=None, fold=0):
    """A datetime (its own zone, else zone, else UTC) as nanoseconds since 1970."""
    if when.tzinfo is None and zone is not None:
        when = when.replace(tzinfo=zone, fold=fold)
    if when.tzinfo is not None:
        when = when.replace(tzinfo=None) - when.utcoffset()
    past = when - EPOCH
    return (past.days * 86400 + past.seconds) * 10**9 + past.microseconds * 1000 + nsec


def iso(text, zone=None, fold=0):
    """ISO 8601, as far as datetime reads it, with up to 9 digits of a second."""
    found = re.fullmatch(r"(.*:[0-9]{2})\.([0-9]{1,9})(.*)", text)
    nsec = 0
    if found:
        text = found[1] + found[3]
        nsec = int(found[2].ljust(9, "0"))
    return nanoseconds(datetime.datetime.fromisoformat(text), nsec, zone, fold)


def strptime(text, pattern, zone=None):
    return nanoseconds(datetime.datetime.strptime(text, pattern), 0, zone)


def in_unit(nsec, unit):
    per = 10**9 // UNITS[unit]
    assert nsec % per == 0
    return nsec // per


# ---- bars of every layout -----------------------------------------------------------

FIXED = datetime.timezone(datetime.timedelta(hours=-5))
GMT = r"(.*) GMT([+-][0-9]{4})"


def dukascopy(text):
    found = re.fullmatch(GMT, text)
    text, zone = (found[1], found[2]) if found else (text, "+0000")
    return strptime(f"{text} {zone}", "%d.%m.%Y %H:%M:%S.%f %z")


def hour(text):
    return strptime(text, "%Y-%m-%d %I-%p")


def two(pattern, first=0):
    return lambda row: strptime(f"{row[first]} {row[first + 1]}", pattern)


# name: delimiter, lines before the rows, time of a row, columns of open to volume
LAYOUTS = {
    "plain": (",", 1, lambda row: int(row[0]) * 10**6, [1, 2, 3, 4, 5]),
    "binance": (",", 1, lambda row: int(row[0]) * 10**6, [1, 2, 3, 4, 5]),
    "binance-us": (",", 0, lambda row: int(row[0]) * 10**3, [1, 2, 3, 4, 5]),
    "yahoo": (",", 1, lambda row: iso(row[0]), [1, 2, 3, 4, 6]),
    "first": (",", 1, lambda row: iso(row[0]), [1, 2, 3, 4, 5]),
    "cryptodatadownload": (",", 2, lambda row: hour(row[0]), [2, 3, 4, 5, 6]),
    "cryptodatadownload-unix": (",", 2, lambda row: int(row[0]) * 10**9, [3, 4, 5, 6, 7]),
    "stooq": (",", 1, two("%Y%m%d %H%M%S", 2), [4, 5, 6, 7, 8]),
    "metatrader": ("\t", 1, two("%Y.%m.%d %H:%M:%S"), [2, 3, 4, 5, 6]),
    "metatrader-daily": ("\t", 1, lambda row: strptime(row[0], "%Y.%m.%d"), [1, 2, 3, 4, 5]),
    "histdata": (";", 0, lambda row: strptime(row[0], "%Y%m%d %H%M%S", FIXED), [1, 2, 3, 4, 5]),
    "dukascopy": (",", 1, lambda row: dukascopy(row[0]), [1, 2, 3, 4, 5]),
    "backtrader": (",", 1, two("%Y-%m-%d %H:%M:%S"), [2, 3, 4, 5, 6]),
    "us": (",", 1, lambda row: strptime(row[0], "%m/%d/%Y %H:%M"), [1, 2, 3, 4, 5]),
    "stockcharts": (",", 1, lambda row: strptime(row[0], "%d-%b-%y"), [1, 2, 3, 4, 5]),
}


def bars(layout, path):
    """The rows of a file as the tool's plain array, by csv, float and datetime."""
    delimiter, n_skipped, time, columns = LAYOUTS[layout]
    nan = struct.unpack("<d", NAN["<f8"].to_bytes(8, "little"))[0]
    out = []
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        for i, row in enumerate(rows):
            if i < n_skipped or not row:
                continue
            cells = [nan if row[c] == "null" else float(row[c]) for c in columns]
            out.append([float(in_unit(time(row), "ms")), *cells])
    return np.array(out, "<f8")


def check_bars(layout, path, array, is_reversed=False):
    wanted = bars(layout, path)
    got = load(array)
    assert len(wanted)
    if got.dtype.names:
        assert got.dtype[0] == "<M8[ms]", got.dtype
        times = got[got.dtype.names[0]].view("<i8").astype("<f8")
        got = np.column_stack([times] + [got[name] for name in got.dtype.names[1:]])
    same(np.ascontiguousarray(got), wanted[::-1].copy() if is_reversed else wanted)


# ---- random texts -------------------------------------------------------------------

SPELLINGS = {"timestamp": ["timestamp", "Timestamp", "TIMESTAMP", "open_time", "Open Time", "<TIMESTAMP>",
                           "unix", "datetime", " date-time "],
             "open": ["open", "OPEN", "<OPEN>", "Open", "o", " open"], "high": ["high", "High", "<HIGH>", "h"],
             "low": ["low", "LOW", "<Low>", "l"], "close": ["close", "Close", "<CLOSE>", "c"],
             "volume": ["volume", "Vol", "<VOL>", "TICKVOL", "Tick Volume", "v"]}
ZONES = [None, "+05:30", "-03:00", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]


class Text:
    """One random file, the options that read it, and the array it stands for."""

    def __init__(self, rng):
        self.rng = rng
        self.args = []
        self.delimiter = rng.choice(",,;\t|")
        self.decimal = "," if rng.random() < 0.2 else "."
        self.end = rng.choice(["\n", "\n", "\r\n", "\r"])
        self.n_rows = rng.choice([1, 2, 3, 17])
        self.choose_output()
        self.choose_times()
        self.lay_out()

    def chance(self, p):
        return self.rng.random() < p

    def choose_output(self):
        self.kind = self.rng.choice(["default", "default", "struct", "plain", "fortran"])
        self.dtype = self.rng.choice(["<f8", "<f8", "<f4", "<i8", "<i4"])
        self.unit = self.rng.choice(list(UNITS)) if self.kind == "struct" else "ms"
        self.selection = BAR
        if self.kind == "struct":
            self.args += ["--struct", "--time-unit", self.unit]
            self.selection = ["timestamp"] + self.rng.sample(BAR[1:], self.rng.randint(1, 5))
            self.args += ["--columns", ",".join(self.selection)]
        elif self.dtype in ("<f4", "<i4"):
            self.selection = BAR[1:]
            self.args += ["--plain", "--columns", ",".join(self.selection)]
        elif self.kind == "plain":
            self.args += ["--plain"]
        if self.kind == "fortran":
            self.args += ["--fortran"]
        if self.dtype != "<f8" or self.chance(0.2):
            self.args += ["--dtype", self.dtype[1:]]
        self.align = self.rng.choice([64, 64, 64, 16, 32, 128, 4096])
        if self.align != 64:
            self.args += ["--align", self.align]

    def choose_times(self):
        """Increasing times, in a form chosen for the file; a multiple of the output's unit."""
        rng = self.rng
        zone = rng.choice(ZONES)
        self.form = rng.choice(["s", "ms", "us", "ns", "iso", "iso", "zulu", "offset", "compact", "slash",
                                "two", "pattern"])
        step = max(1, 10**9 // UNITS[self.unit])
        if self.form in UNITS:
            step = max(step, 10**9 // UNITS[self.form])
        if self.form in ("compact", "two", "pattern", "slash"):
            step = 10**9
        if zone and self.form in ("iso", "compact", "slash", "two", "pattern"):
            self.args += ["--tz", zone]
            self.zone = (datetime.datetime.strptime(zone, "%z").tzinfo if zone[0] in "+-"
                         else zoneinfo.ZoneInfo(zone))
        else:
            self.zone = datetime.timezone.utc
        low = 1_100_000_000 if self.form in UNITS else -1_000_000_000
        at = rng.randint(low, 1_900_000_000) * 10**9 // step * step
        self.times = []
        while len(self.times) < self.n_rows:
            if self.local(at) is not None:
                self.times.append(at)
            at += rng.choice([0, 1, 60, 3600, 86400, 10**7]) * 10**9 + rng.randint(0, 3) * step

    def local(self, nsec):
        """The wall clock then, or None if the zone shows it twice."""
        utc = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(
            seconds=nsec // 10**9)
        local = utc.astimezone(self.zone)
        clock = local.replace(tzinfo=None)
        other = clock.replace(tzinfo=self.zone, fold=1 - local.fold)
        return clock if other.utcoffset() == local.utcoffset() else None

    def time_texts(self, nsec):
        """One cell, or a date's and a time's."""
        if self.form in UNITS:
            text = str(in_unit(nsec, self.form))
            return [text + self.rng.choice(["", "", ".0", ".000"])]
        clock, part = self.local(nsec), nsec % 10**9
        fraction = f".{part:09d}" if part else self.rng.choice(["", ".0", ".000000"])
        text = clock.strftime("%Y-%m-%d %H:%M:%S")
        if self.form in ("iso", "zulu", "offset"):
            text = text.replace(" ", self.rng.choice("T ")) + fraction
        if self.form == "zulu":
            return [text + "Z"]
        if self.form == "offset":
            zone = self.rng.choice(["+05:45", "-0330", "+09", " -12:00"])
            east = datetime.datetime.strptime((zone.strip() + "00")[:6].replace(":", "")[:5], "%z")
            moved = (clock + east.utcoffset()).strftime("%Y-%m-%dT%H:%M:%S")
            return [moved + fraction + zone]
        return {"iso": [text], "compact": [clock.strftime("%Y%m%d %H%M%S")], "slash": [text.replace("-", "/")],
                "two": text.split(), "pattern": [clock.strftime("%d %B %Y, %I:%M:%S %p")]}[self.form]

    def number_text(self):
        rng = self.rng
        if self.dtype[1] == "i":
            digits = str(rng.randint(0, 2 ** (31 if self.dtype == "<i4" else 63) - 1))
            text = rng.choice(["", "", "-", "+", "0", "-00"]) + digits
            return text + rng.choice(["", "", ".", ".0", ".000"]).replace(".", self.decimal)
        kind = rng.random()
        if kind < 0.08:
            return rng.choice(["", "null", "NaN", "nan", "NA", "n/a", "-", "NULL"])
        n = rng.choice([1, 2, 5, 8, 17, 25])
        digits = "".join(rng.choice("0123456789") for _ in range(n))
        at = rng.randint(0, n)
        text = rng.choice(["", "", "", "-", "+"]) + digits[:at] + self.decimal + digits[at:]
        if rng.random() < 0.3:
            text = text.replace(self.decimal, "")
        if rng.random() < 0.3:
            reach = 12 if self.dtype == "<f4" else 280
            text += rng.choice("eE") + rng.choice(["", "+", "-", "-0"]) + str(rng.randint(0, reach))
        return text

    def cell(self, text, is_padded=True):
        """A cell as it could stand in the file."""
        if is_padded and self.chance(0.1):
            text = self.rng.choice(["  ", "", " \t"]) + text + self.rng.choice([" ", "   "])
        needs = any(c in text for c in (self.delimiter, '"', "\r", "\n"))
        if needs or self.chance(self.quoting):
            quoted = '"' + text.replace('"', '""') + '"'
            return self.rng.choice(["", "", " "]) + quoted + self.rng.choice(["", "", " "])
        return text

    def lay_out(self):
        rng = self.rng
        self.quoting = rng.choice([0, 0, 0.1, 1])
        fields = [name for name in BAR if name != "timestamp"]
        fields += ["date", "time"] if self.form == "two" else ["timestamp"]
        fields += rng.sample(["label", "note", 'a "quoted" one', "trades, in all", "über"], rng.randint(0, 3))
        rng.shuffle(fields)
        self.fields = fields
        names = [rng.choice(SPELLINGS.get(name, [name])) for name in fields]
        has_header = rng.random() < 0.8
        is_trailing = rng.random() < 0.15
        lines, wanted = [], []
        if has_header:
            lines.append(names)
        else:
            self.args += ["--header", "no", "--names",
                          ",".join('"' + name.replace('"', '""') + '"' for name in names)]
        for nsec in self.times:
            cells, row = self.row(nsec)
            lines.append(cells)
            wanted.append(row)
        self.rows = wanted
        text = "\ufeff" if self.chance(0.1) else ""
        n_skipped = rng.choice([0, 0, 0, 1, 3])
        if n_skipped:
            self.args += ["--skip-lines", n_skipped]
            text += (f"a banner; with, all | of \t them{self.end}") * n_skipped
        has_comments = self.chance(0.2)
        if has_comments:
            self.args += ["--comment", "#"]
        for i, line in enumerate(lines):
            if self.chance(0.05):
                text += rng.choice(["", "  ", " "]) + self.end
            if has_comments and self.chance(0.3):
                text += '# not a "row, at all' + self.end
            joined = self.delimiter.join(self.cell(cell, i > 0) for cell in line)
            text += joined + (self.delimiter if is_trailing else "") + self.end
        if self.chance(0.3):
            text = text[:-len(self.end)]
        # What the header leaves open has to be said.
        head = self.delimiter.join(names) if has_header else ""
        others = [c for c in ",;\t|" if c != self.delimiter and c in head]
        if not has_header or others or n_skipped and self.chance(0.5) or self.chance(0.3):
            self.args += ["--delimiter", "tab" if self.delimiter == "\t" else self.delimiter]
        if self.decimal == ",":
            self.args += ["--decimal", ","]
        if self.form == "pattern":
            self.args += ["--time-format", "%d %B %Y, %I:%M:%S %p"]
        if self.form in UNITS and self.chance(0.2):
            self.args += ["--time-unit-in", self.form]
        self.bytes = text.encode()

    def row(self, nsec):
        texts = self.time_texts(nsec)
        cells, values = [], {}
        for name in self.fields:
            if name in ("timestamp", "date"):
                cells.append(texts[0])
            elif name == "time":
                cells.append(texts[1])
            elif name in BAR:
                cells.append(self.number_text())
                values[name] = cells[-1].replace(self.decimal, ".")
            else:
                cells.append(self.rng.choice(["BTCUSD", "", "no\nend", 'say "so"', "a,b;c\td|e", "5 #", "ü"]))
        row = b""
        for name in self.selection:
            if name != "timestamp":
                row += number(values[name], self.dtype)
                continue
            count = in_unit(nsec, self.unit)
            plain_float = self.kind != "struct" and self.dtype == "<f8"
            row += struct.pack("<d", count) if plain_float else count.to_bytes(8, "little", signed=True)
        return cells, row

    def expected(self):
        body = b"".join(self.rows)
        if self.kind == "struct":
            types = [(name, f"<M8[{self.unit}]" if name == "timestamp" else self.dtype) for name in self.selection]
            return np.frombuffer(body, types)
        plain = np.frombuffer(body, self.dtype).reshape(self.n_rows, len(self.selection))
        return np.asfortranarray(plain) if self.kind == "fortran" else plain


def check_random(n, seed):
    locales = ["C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8"]
    zones = ["UTC", "Asia/Kolkata", "America/New_York"]
    for i in range(n):
        rng = random.Random(f"{seed}/{i}")
        text = Text(rng)
        path = put(text.bytes)
        if rng.random() < 0.05:
            subprocess.run(["zstd", "-qf", path, "-o", "in.csv.zst"], check=True)
            path = "in.csv.zst"
        try:
            env = {"LC_ALL": rng.choice(locales), "TZ": rng.choice(zones)}
            got = good(None, *text.args, align=text.align, env=env, inputs=[path])
            wanted = text.expected()
            same(got, wanted)
            if text.kind == "fortran" and text.n_rows > 1:
                assert got.flags.f_contiguous and not got.flags.c_contiguous
        except AssertionError as problem:
            raise AssertionError(f"text {i} of seed {seed}: {text.args}\n{text.bytes!r}\n{problem}") from None


def main():
    if sys.argv[1] == "bars":
        check_bars(*sys.argv[2:5], is_reversed=sys.argv[5:] == ["reversed"])
    elif sys.argv[1] == "random":
        check_random(int(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
