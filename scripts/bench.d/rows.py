# SPDX-License-Identifier: MIT
"""Rows of many symbols, and rows in no order, beside the same rows plain and in order."""
import os
import random

import report
from runner import measure, settle

SYMBOLS = 1000
# Less than a third of what the shuffled rows take, as memory for sorting them.
SORT_SHARE = 8


def make(bench):
    """The files: bars of 1,000 symbols by turns, bars in order, and the same shuffled."""
    files = {name: os.path.join(bench.dir, f"rows-{name}.csv") for name in ("by", "ordered", "shuffled")}
    bench.synth(files["ordered"], bench.options.rows)
    with open(files["ordered"], "rb") as file:
        header, lines = file.readline(), file.readlines()
    with open(files["by"], "wb") as file:
        file.write(b"symbol," + header)
        file.writelines(b"S%d,%s" % (i % SYMBOLS, line) for i, line in enumerate(lines))
    random.Random(1).shuffle(lines)
    with open(files["shuffled"], "wb") as file:
        file.write(header)
        file.writelines(lines)
    for path in files.values():
        with open(path, "rb") as file:
            os.fsync(file.fileno())     # a dirty page cannot be dropped from the cache
    return files


def bench(bench_):
    """Seconds of each command on one thread and on two, in turn."""
    files, found = make(bench_), []
    memory = max(1 << 20, bench_.options.rows * 48 // SORT_SHARE)
    commands = {
        "1,000 symbols, as one series": ("by", ["--one-series", "-o", bench_.out]),
        "1,000 symbols, --by=symbol": ("by", ["--by=symbol", "--timeframes=1m", "--out-root=ROOT"]),
        "in order": ("ordered", ["-o", bench_.out]),
        "in order, --order=sort": ("ordered", ["--order=sort", "-o", bench_.out]),
        f"shuffled, --order=sort --memory={memory}": (
            "shuffled", ["--order=sort", f"--memory={memory}", "-o", bench_.out])}
    for threads in bench_.threads:
        times = {name: [] for name in commands}
        for number in range(bench_.options.rounds):
            # Never where files have just been removed: the file system looks among those first.
            root = os.path.join(bench_.dir, f"rows-root-{threads}-{number}")
            for name, (file, options) in commands.items():
                options = [option.replace("ROOT", root) for option in options]
                report.progress(f"rows, {name}")
                settle(files[file])
                times[name] += [s for s, _ in measure(
                    bench_.measure_c, [bench_.umm, f"--threads={threads}", *options, files[file]],
                    remove=bench_.out)[0]]
        found += [{"name": name, "threads": threads, **report.spread(t)} for name, t in times.items()]
    return found


def print_rows(found):
    report.progress("")
    print("\nrows of many symbols, and in no order")
    for r in found:
        print(f"  {r['name']:52} {r['threads']:>2} {r['median']:8.3f} s (best {r['min']:.3f})")


def targets(found):
    """Splitting at a third of plain speed or better; sorting in at most four times the time."""
    made, of = [], {(r["name"].split(" --memory")[0], r["threads"]): r for r in found}

    def at_least(what, wanted, ours, theirs):
        ratios = [theirs[k] / ours[k] for k in ("median", "min")]
        made.append({"what": what, "wanted": f">= {wanted:.3g}x", "median": f"{ratios[0]:.2f}x",
                     "best": f"{ratios[1]:.2f}x", "is_met": min(ratios) >= wanted})

    for threads in sorted({r["threads"] for r in found}):
        tail = f", {threads} thread{'s' * (threads > 1)}"
        at_least("1,000 symbols: --by over one series" + tail, 1 / 3,
                 of["1,000 symbols, --by=symbol", threads], of["1,000 symbols, as one series", threads])
        at_least("--order=sort over its memory: over rows in order" + tail, 1 / 4,
                 of["shuffled, --order=sort", threads], of["in order", threads])
        at_least("--order=sort of rows in order: over none" + tail, 0.9,
                 of["in order, --order=sort", threads], of["in order", threads])
    return made
