#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Times as people write them: what umm-convert reads is what datetime and zoneinfo wrote.

    written_oracle.py formats N SEED   N random columns of random formats, zones and dates
    written_oracle.py folds N SEED     N random columns around hours that occur twice, inferred

It works in the current directory and writes in.csv and out.npy there.
"""
import datetime
import os
import random
import sys
import zoneinfo

from convert_oracle import load, nanoseconds, put, run

UTC = datetime.timezone.utc
ZONES = ["America/New_York", "Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe", "America/Sao_Paulo",
         "Asia/Tokyo", "Africa/Casablanca", "Asia/Kolkata"]


def plain(at, pattern):
    """strftime with %-m and the like, as glibc has them, and years of four digits."""
    return at.strftime(pattern.replace("%Y", f"{at.year:04}").replace("%y", f"{at.year % 100:02}"))


# The tool's format, or None for what it recognises; how it is written; the finest part of it.
FORMATS = [
    (None, "%Y-%m-%d %H:%M:%S", 1), (None, "%Y-%m-%dT%H:%M:%S.%f", 1e-6), (None, "%Y-%m-%d", 86400),
    (None, "%Y/%-m/%-d %-H:%M", 60), (None, "%Y-%-m-%-d %-H:%M:%S", 1), (None, "%Y.%m.%d %H:%M", 60),
    (None, "%Y%m%d %H:%M:%S", 1), (None, "%Y%m%d%H%M%S", 1), (None, "%Y%m%d %H%M", 60), (None, "%Y-%m-%dT%H:%M%z", 60),
    ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M", 60), ("%m/%d/%Y %I:%M:%S %p", "%-m/%-d/%Y %-I:%M:%S %p", 1),
    ("%d-%b-%Y %T%.f", "%d-%b-%Y %H:%M:%S", 1), ("%d-%b-%Y %T%.f", "%d-%b-%Y %H:%M:%S.%f", 1e-6),
    ("%a %B %d %Y %T", "%A %B %-d %Y %H:%M:%S", 1), ("%Y-%j %H%M%S%6f", "%Y-%j %H%M%S%f", 1e-6),
    ("%A %* %F %-H%M", "%a %Bx %Y-%m-%d %-H%M", 60), ("%F %T %z", "%Y-%m-%d %H:%M:%S %z", 1),
    ("%F %T %Z", "%Y-%m-%d %H:%M:%S %Z", 1), ("%b %Y", "%b %Y", 0), ("%Y/%m", "%Y/%-m", 0),
]


def utc_ns(at):
    return nanoseconds(at.astimezone(UTC).replace(tzinfo=None))


def check_formats(rng, what):
    pattern, written, step = rng.choice(FORMATS)
    zone = zoneinfo.ZoneInfo(rng.choice(ZONES))
    fold = rng.choice(["earlier", "later"])
    at = datetime.datetime(1980, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=rng.randrange(120 * 365 * 86400))
    texts, wanted = [], []
    for _ in range(rng.choice([1, 5, 300])):
        at += datetime.timedelta(seconds=rng.choice([60, 60, 60, 7, 3600, 90000, 86400 * 40]))
        local = at.astimezone(zone)
        if step >= 86400:
            local = local.replace(hour=0, minute=0, second=0, microsecond=0)
        elif step == 0:
            local = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        elif step == 60:
            local = local.replace(second=0)
        elif step < 1:
            local = local.replace(microsecond=rng.randrange(1000000))
        texts.append(plain(local, written))
        # The text alone tells the instant, or the choice of a fold does.
        if "%Z" not in written and "%z" not in written:
            local = local.replace(fold=int(fold == "later"))
            if local.astimezone(UTC).astimezone(zone).replace(fold=0, tzinfo=None) != local.replace(fold=0, tzinfo=None):
                texts.pop()
                continue  # skipped by the clock
        wanted.append(utc_ns(local))
    if not texts:
        return
    # -03 has the shape of a name and of an offset; names that both readings have tell nothing.
    put("timestamp,close\n" + "".join(f'"{text}",1\n' for text in texts))
    args = ["--time-format", pattern] if pattern else []
    code, out, err = run(*args, "--tz", zone.key, "--tz-fold", fold, "--columns", "timestamp,close", "--time-unit", "ns",
                         "--order", "keep", "-o", "out.npy", "in.csv")
    assert (code, out, err) == (0, b"", b""), (what, pattern, written, zone.key, err)
    got = load()["timestamp"].view("<i8").tolist()
    for text, a, b in zip(texts, got, wanted):
        assert a == b, f"{what}: {text} by {pattern} in {zone.key}, {fold}: got {a}, wanted {b}"


def find_fold(rng, zone):
    """The instant at which clocks of the zone are set back, in a random year."""
    year = rng.randrange(1985, 2060)
    at = datetime.datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        after = at + datetime.timedelta(hours=1)
        if after.astimezone(zone).utcoffset() < at.astimezone(zone).utcoffset():
            return after
        at = after
    return None


def is_twice(local):
    one, two = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    return one > two


def is_told(locals_):
    """Whether each run of times that occur twice goes back in it."""
    told, run_of = True, []
    for local in [*locals_, None]:
        if local is not None and is_twice(local):
            run_of.append(local.replace(tzinfo=None, fold=0))
        elif run_of:
            told = told and any(b < a for a, b in zip(run_of, run_of[1:]))
            run_of = []
    return told


def write(texts, path):
    return put("timestamp,close\n" + "".join(f"{text},{i}\n" for i, text in texts), path)


def convert(*args):
    return run("--columns", "timestamp,close", "--tz-fold", "infer", *args, "-o", "out.npy")


OPEN = (b"is a local time that the time zone had twice", b"and the order of the rows does not tell which; use ")
WAYS_OUT = (b"; use --tz-fold", b"; use --dedup error if no two rows have the same time")


def is_refusal(err):
    return err.count(b"\n") == 1 and all(text in err for text in OPEN) and any(way in err for way in WAYS_OUT)


def check_folds(rng, what):
    zone = zoneinfo.ZoneInfo(rng.choice(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]))
    change = find_fold(rng, zone)
    if change is None:
        return
    step = rng.choice([5, 10, 15, 30, 30, 60])
    first = change - datetime.timedelta(minutes=step * rng.randrange(1, 200 // step + 2))
    ats = [first + datetime.timedelta(minutes=step * i) for i in range(rng.randrange(1, 400 // step + 2))]
    ats = [at for at in ats if rng.random() < 0.85] or ats[:1]
    locals_ = [at.astimezone(zone) for at in ats]
    texts = list(enumerate(local.strftime("%Y-%m-%d %H:%M") for local in locals_))
    truth = [utc_ns(at) // 10**6 for at in ats]
    newest_first = rng.random() < 0.3
    order = ["--order", "asc"] if newest_first else []
    told = is_told(locals_)
    write(texts[::-1] if newest_first else texts, "in.csv")
    code, out, err = convert("--tz", zone.key, *order, f"--threads={rng.choice([1, 2])}", "in.csv")
    whole = None
    if code == 0:
        whole = load()["timestamp"].view("<i8").tolist()
        assert told and whole == truth, (what, texts, whole, truth)
    else:
        # Newest first: that it is, is not known before the second row.
        assert code == 1 and out == b"" and is_refusal(err) and (not told or newest_first), (what, texts, err)
    if newest_first:
        return
    # The same in two parts, the second of which begins where the array ends.
    k = rng.randrange(len(texts) + 1)
    for path in ("out.npy",):
        if os.path.exists(path):
            os.remove(path)
    if k in (0, len(texts)):
        return
    write(texts[:k], "one.csv")
    write(texts[k:], "two.csv")
    code, _, err = convert("--tz", zone.key, "one.csv")
    if code:
        assert is_refusal(err), (what, err)
        return
    code, _, err = convert("--tz", zone.key, "--append", *rng.choice([[], ["--tail"]]), "two.csv")
    if code:
        assert is_refusal(err), (what, err)
        return
    parts = load()["timestamp"].view("<i8").tolist()
    assert parts == truth, (what, k, texts, parts, truth)
    # And again, as a file that grew.
    if told:
        code, _, err = convert("--tz", zone.key, "--append", *rng.choice([[], ["--tail"]]), "in.csv")
        assert (code, err) == (0, b"") and load()["timestamp"].view("<i8").tolist() == truth, (what, err)


def main():
    check = {"formats": check_formats, "folds": check_folds}[sys.argv[1]]
    for i in range(int(sys.argv[2])):
        check(random.Random(f"{sys.argv[3]}/{i}"), f"column {i} of seed {sys.argv[3]}")


if __name__ == "__main__":
    main()
