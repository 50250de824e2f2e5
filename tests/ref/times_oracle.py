#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules for digits as times, written down a second time as obviously as possible.

    times_oracle.py random N SEED   N random columns through umm-convert, and compared
    times_oracle.py minutes N       as many columns as N minutes allow; says how many

Times are exact fractions of seconds here, dates go through datetime, patterns through re.
It is a module as well. It works in the current directory and writes in.csv and out.npy there.
"""
import datetime
import decimal
import fractions
import random
import re
import sys
import time

from convert_oracle import UNITS, load, put, run

Fraction = fractions.Fraction
EPOCH = datetime.datetime(1970, 1, 1)
NUMBER = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
TICKS_AT_1970 = 621355968000000000

# Letters stand for digits: Y y (year of four and of two), M, D, j (day of the year), H, m, s, f.
FORMS = ["YYYYMMDD", "YYYYMMDDHH", "yyMMDDHHmm", "YYYYMMDDHHmm", "yyMMDDHHmmss", "YYYYjjjHHmmss",
         "yyMMDDHHmmssfff", "yyMMDDHHmmssffffff"] + ["YYYYMMDDHHmmss" + "f" * n for n in (1, 2, 3, 4, 5, 6, 9)]


def number(text):
    """Value, and whether it lacks digits that its exponent asks for; None for no number."""
    found = NUMBER.fullmatch(text)
    if not found:
        return None
    sign, whole, part, power = found.groups()
    power = max(-9999, min(9999, int(power or 0)))
    value = Fraction(int(whole + (part or ""))) * Fraction(10) ** (power - len(part or ""))
    return -value if sign == "-" else value, len(whole) + power > len(whole + (part or ""))


def epoch(text):
    """Seconds since 1970 of an epoch of 1980 up to 2100 by its magnitude, or None."""
    value = number(text)
    if value is None or value[1]:
        return None
    units = [unit for unit, per in UNITS.items() if 315532800 <= value[0] / per < 4102444800]
    assert len(units) < 2
    return value[0] / UNITS[units[0]] if units else None


def fields(form, digits):
    """The numbers that the letters of a form take from the digits."""
    out = {}
    for letter, digit in zip(form, digits):
        out[letter] = out.get(letter, "") + digit
    return {letter: int(text) for letter, text in out.items()}


def reads_as(form, digits):
    """Whether digits without leading zeros could be of that form; dates need not exist."""
    lost = 1 if form in ("yyMMDDHHmm", "yyMMDDHHmmss") else 0
    if not len(form) - lost <= len(digits) <= len(form):
        return False
    f = fields(form, digits.zfill(len(form)))
    return (1900 <= f.get("Y", 2000) <= 2100 and 1 <= f.get("M", 1) <= 12 and 1 <= f.get("D", 1) <= 31
            and 1 <= f.get("j", 1) <= 366 and f.get("H", 0) <= 25 and f.get("m", 0) <= 59 and f.get("s", 0) <= 60)


def could_be_more(text):
    """Whether an epoch could be a date and time of day, or ticks, as well."""
    value = number(text)[0]
    if value.denominator != 1:  # a fraction of the second
        return any(reads_as(form, str(int(value))) for form in FORMS if form.endswith("ss"))
    since = (value - TICKS_AT_1970) / 10**7
    return 315532800 <= since < 4102444800 or any(reads_as(form, str(value)) for form in FORMS)


def date(text):
    """Seconds of YYYYMMDD, YYYYMMDDHHMMSS[.f] and YYYYMMDDHHMMSSfff of 1900 to 2100.

    None for another shape, False for a date or time of day that does not exist.
    """
    found = re.fullmatch(r"([0-9]{8})(?:([0-9]{6})(?:\.([0-9]{1,9})|([0-9]{3}))?)?", text)
    if not found:
        return None
    day, clock, part, milli = found.groups()
    year, month, day = int(day[:4]), int(day[4:6]), int(day[6:])
    if not (1900 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    part = part or milli or "0"
    clock = clock or "000000"
    return instant(year, month, day, int(clock[:2]), int(clock[2:4]), int(clock[4:]), Fraction(int(part), 10 ** len(part)))


def instant(year, month, day, hour, minute, second, part):
    try:
        at = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return False
    return Fraction((at - EPOCH) // datetime.timedelta(seconds=1)) + part


def decide(texts):
    """What a column must come to: ("times", seconds), or what is wrong, where, and the times before."""
    first = None
    for line, text in enumerate(texts, 2):
        seconds = epoch(text)
        if seconds is None or (seconds * 10**9).denominator != 1:  # not read, or not exactly: it tells nothing
            if first is None and date(text) is not None:
                break  # another form than digits that could be both
        elif not could_be_more(text):
            first = None
            break
        elif first is None:
            first = line
    else:
        if first is not None:
            return "ambiguous", first, []
    return read_by(epoch if date(texts[0]) is None else date, texts)


def read_by(reader, texts):
    out = []
    for line, text in enumerate(texts, 2):
        value = reader(text)
        if value is None or value is False:
            return "refused", line, out
        out.append(value)
    return "times", out


# ---- with options --------------------------------------------------------------------

WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "j": 3}


def by_pattern(pattern):
    """A reader of texts by a --time-format of numbers: runs of them, and what is between."""
    runs = re.findall(r"(?:%-?[YymdHMSj])+|[^%]", pattern)

    def read(text):
        found = {}
        for i, run_ in enumerate(runs):
            if not run_.startswith("%"):
                if not text.startswith(run_):
                    return None
                text = text[1:]
                continue
            letters = re.findall(r"%-?(.)", run_)
            width = sum(WIDTHS[letter] for letter in letters)
            digits = re.match(r"[0-9]*", text)[0]
            text = text[len(digits):]
            if "-" in run_ and 1 <= len(digits) <= width:
                digits = digits.zfill(width)
            if len(letters) == 1 and letters[0] not in "Yy" and 1 <= len(digits) <= width:
                digits = digits.zfill(width)
            if len(digits) != width:
                return None
            for letter in letters:
                found[letter] = int(digits[:WIDTHS[letter]])
                digits = digits[WIDTHS[letter]:]
        if text:
            return None
        if "y" in found:
            found["Y"] = found["y"] + (1900 if found["y"] >= 69 else 2000)
        month, day = found.get("m", 1), found.get("d", 1)
        if not 1 <= found["Y"] <= 9999:
            return None
        if "j" in found:
            if not 1 <= found["j"] <= datetime.date(found["Y"], 12, 31).timetuple().tm_yday:
                return False
            at = datetime.date(found["Y"], 1, 1) + datetime.timedelta(found["j"] - 1)
            month, day = at.month, at.day
        return instant(found["Y"], month, day, found.get("H", 0), found.get("M", 0), found.get("S", 0), 0)

    return read


def by_unit(unit):
    def read(text):
        value = number(text)
        if value is None:
            return None
        seconds = (value[0] - TICKS_AT_1970) / 10**7 if unit == "ticks" else value[0] / UNITS[unit]
        return seconds if -62135596800 <= seconds < 253402300800 else None

    return read


# ---- random columns --------------------------------------------------------------------


def shaped(rng, form):
    """Digits of a form, mostly of a time that exists."""
    at = datetime.datetime(rng.choice([1985, 2005, 2017, 2024, 2034, 2070]), 1, 1) + datetime.timedelta(
        seconds=rng.randrange(365 * 86400))
    out = {"Y": f"{at.year:04d}", "y": f"{at.year % 100:02d}", "M": f"{at.month:02d}", "D": f"{at.day:02d}",
           "j": at.strftime("%j"), "H": f"{rng.choice([at.hour] * 9 + [24]):02d}", "m": f"{at.minute:02d}",
           "s": f"{at.second:02d}", "f": f"{rng.randrange(10**9):09d}"}
    text, at = "", {}
    for letter in form:
        n = at.get(letter, 0)
        text += out[letter][n]
        at[letter] = n + 1
    return text.lstrip("0") if rng.random() < 0.1 else text


# Ways to write digits: mostly as they are, as C's %e does, with a fraction.
WRITERS = [str] * 4 + [lambda text: f"{decimal.Decimal(text):.22e}", lambda text: text + ".25"]


def epochs(rng, n):
    """An ordinary series."""
    per = rng.choice(list(UNITS.values()))
    at = rng.choice([315532800, 1501010000, 1577836800, 1704067200, 4102444700, rng.randrange(315532800, 4102444800)])
    step = rng.choice([1, 60, 100, 3600, 86400])
    return [str((at + i * step) * per + (rng.randrange(per) if rng.random() < 0.3 else 0)) for i in range(n)]


def any_text(rng):
    kind = rng.random()
    if kind < 0.3:
        return str(rng.randrange(10 ** rng.randint(1, 20)))
    if kind < 0.5:
        edge = rng.choice([315532800, 4102444800]) * rng.choice(list(UNITS.values()))
        return str(edge + rng.randint(-2, 2))
    if kind < 0.6:
        return rng.choice(["-", "+", "0", "00"]) + rng.choice(epochs(rng, 1))
    if kind < 0.7:
        return rng.choice(epochs(rng, 1)) + rng.choice([".0", ".5", ".125", ".000", ".000000000"])
    if kind < 0.8:
        value = int(rng.choice(epochs(rng, 1)))
        return rng.choice([f"{value:.18e}", f"{value:e}", f"{value:.3E}", f"{value}e0", f"{value}0e-1"])
    if kind < 0.9:
        return str(TICKS_AT_1970 + int(epochs(rng, 1)[0][:9]) * 10**7)
    return shaped(rng, rng.choice(FORMS))


def column(rng):
    n = rng.choice([1, 1, 2, 3, 5, 40])
    kind = rng.random()
    if kind < 0.3:
        texts = epochs(rng, n)
    elif kind < 0.65:
        form, write = rng.choice(FORMS), rng.choice(WRITERS)
        texts = [write(shaped(rng, form)) for _ in range(n)]
    else:
        texts = [any_text(rng)] * n
    if rng.random() < 0.4:
        for _ in range(rng.choice([1, 1, 2, n])):
            texts[rng.randrange(n)] = any_text(rng) if rng.random() < 0.5 else epochs(rng, 1)[0]
    return texts


PATTERNS = ["%Y%m%d", "%Y%m%d%H", "%y%m%d%H%M", "%-y%m%d%H%M", "%Y%m%d%H%M", "%y%m%d%H%M%S", "%-y%m%d%H%M%S",
            "%Y%j%H%M%S", "%Y%m%d %H%M%S", "%Y%m%d %-H%M%S", "%Y%m%d %-H%M", "%-m%d%Y", "%-d%m%Y %H:%M", "%Y-%m-%d %-H%M"]


def pattern_text(rng, pattern):
    at = datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=rng.choice([0, 5, 570, 34200, rng.randrange(10**8)]))
    text = ""
    for part in re.findall(r"(?:%-?[YymdHMSj])+|[^%]", pattern):
        digits = at.strftime(part.replace("-", "")) if part.startswith("%") else part
        if rng.random() < 0.3 and part.startswith("%"):
            digits = digits.lstrip("0") or rng.choice(["0", "00"])
        text += digits
    return text[:-1] if rng.random() < 0.05 else text


def case(rng):
    """Options, texts and what must come of them."""
    kind = rng.random()
    if kind < 0.6:
        texts = column(rng)
        return [], texts, decide(texts)
    if kind < 0.8:
        pattern = rng.choice(PATTERNS)
        texts = [pattern_text(rng, pattern) for _ in range(rng.choice([1, 3]))]
        return ["--time-format", pattern], texts, read_by(by_pattern(pattern), texts)
    unit = rng.choice([*UNITS, "ticks"])
    texts = column(rng)
    return ["--time-unit-in", unit], texts, read_by(by_unit(unit), texts)


def outcome(wanted):
    """What the tool can do about it: times beyond the array's nanoseconds are refused."""
    for line, seconds in enumerate(wanted[-1], 2):
        count = seconds * 10**9
        if count.denominator != 1 or not -(2**63) <= count < 2**63:
            return "refused", line
    return wanted[:2] if wanted[0] != "times" else ("times", [int(seconds * 10**9) for seconds in wanted[1]])


def check(rng, what):
    args, texts, wanted = case(rng)
    wanted = outcome(wanted)
    quote = rng.choice(['"', "", ""])
    text = "timestamp,close\n" + "".join(f"{quote}{text}{quote},1\n" for text in texts)
    put(text)
    source = ["in.csv"] if rng.random() < 0.8 else ["-"]
    code, out, err = run(*args, "--columns", "timestamp,close", "--time-unit", "ns", "--order", "keep", "-o", "out.npy",
                         *source, text=text.encode() if source == ["-"] else None)
    got = None
    if code == 0:
        got = "times", load()["timestamp"].view("<i8").tolist()
    elif code == 1 and err.count(b"\n") == 1:
        place = re.match(rb"umm-convert: [^:]*:([0-9]+):1: timestamp (is ambiguous)?", err)
        got = place and ("ambiguous" if place[2] else "refused", int(place[1]))
    assert got == wanted and out == b"", f"{what}: {args}\n{text}\ngot    {got} {err}\nwanted {wanted}"


def main():
    if sys.argv[1] == "random":
        for i in range(int(sys.argv[2])):
            check(random.Random(f"{sys.argv[3]}/{i}"), f"column {i} of seed {sys.argv[3]}")
    elif sys.argv[1] == "minutes":
        end, i, seed = time.monotonic() + 60 * float(sys.argv[2]), 0, random.randrange(10**9)
        while time.monotonic() < end:
            check(random.Random(f"{seed}/{i}"), f"column {i} of seed {seed}")
            i += 1
        print(f"{i} columns of seed {seed}")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
