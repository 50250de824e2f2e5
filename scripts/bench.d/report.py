# SPDX-License-Identifier: MIT
"""What bench makes of its figures: summaries, targets, tables for people."""
import os
import statistics
import subprocess
import sys

# How much of a ratio each engine has to reach; "" is a binary that cannot be told.
SHARES = {"avx512": 1, "avx2": 1 / 2, "portable": 1 / 3, "": 1}


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}" if text else "\r\033[K")


def spread(values):
    """Median and best of times, and how far apart they lie, as a share of the median."""
    median = statistics.median(values)
    return {"runs": len(values), "median": median, "min": min(values),
            "spread": (max(values) - min(values)) / median, "seconds": values}


def summary(entry, n_bytes):
    found = {"name": entry["name"], "threads": entry["threads"], "failed": entry["failed"]}
    if not entry["failed"]:
        found.update(spread(entry["seconds"]), peak_rss_bytes=entry["rss"])
        found["mb_per_second"] = n_bytes / found["median"] / 1e6
        found["best_mb_per_second"] = n_bytes / found["min"] / 1e6
    return found


def first_line(path, key):
    with open(path, encoding="utf-8", errors="replace") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "unknown")


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0].strip()
    except OSError:
        return ""


def machine(where, cc):
    kernel = os.uname()
    return {"cpu": first_line("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "cores_usable": len(os.sched_getaffinity(0)), "kernel": f"{kernel.release} {kernel.machine}",
            "memory_bytes": int(first_line("/proc/meminfo", "MemTotal").split()[0]) * 1024,
            "file_system": output("findmnt", "-no", "FSTYPE", "-T", where) or "unknown",
            "compiler": output(*cc, "--version"), "load_1m": os.getloadavg()[0]}


def print_machine(found):
    m = found["machine"]
    print(f"{m['cpu']}, {m['cores_usable']} of {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, "
          f"Linux {m['kernel']}, {m['file_system']}, {m['compiler']}, load {m['load_1m']:.2f}")
    print(", ".join(f"{name} {version}" for name, version in found["versions"].items()))
    print(*(f"note: {note}" for note in found["notes"]), sep="\n", flush=True)


def print_input(name, data):
    progress("")
    print(f"\n{name}: {data['rows']} rows, {data['bytes'] / 1e6:.0f} MB of text")
    print(f"  {'':38} threads  MB/s median     best  spread  peak MB  runs")
    good = [r for r in data["results"] if not r["failed"]]
    for r in sorted(good, key=lambda r: -r["mb_per_second"]):
        print(f"  {r['name']:38} {r['threads'] or 'auto':>7} {r['mb_per_second']:12.0f} {r['best_mb_per_second']:8.0f}"
              f" {r['spread']:6.0%} {r['peak_rss_bytes'] / 1e6:8.1f} {r['runs']:5}")
    for r in data["results"]:
        if r["failed"]:
            print(f"  {r['name']:38} {r['threads'] or 'auto':>7}  cannot: {r['failed']}")
    sys.stdout.flush()


def alone(found, name):
    """What each entry of an input took, with one thread."""
    return {r["name"]: r for r in found["inputs"].get(name, {"results": []})["results"]
            if r["threads"] == 1 and not r["failed"]}


def targets(found, engine):
    """Every aim with what was measured; it is met when median and best both meet it."""
    made = []

    def at_least(what, wanted, ours, theirs):
        """Both are summaries: how many times longer theirs took."""
        if ours and theirs:
            median, best = theirs["median"] / ours["median"], theirs["min"] / ours["min"]
            made.append({"what": what, "wanted": f">= {wanted:.3g}x", "median": f"{median:.2f}x",
                         "best": f"{best:.2f}x", "is_met": min(median, best) >= wanted})

    def below(what, wanted, median, best, unit):
        made.append({"what": what, "wanted": f"< {wanted:g} {unit}", "median": f"{median:.2f} {unit}",
                     "best": f"{best:.2f} {unit}", "is_met": max(median, best) < wanted})

    for name in ("plain", "quoted", "klines12"):
        results = {(r["name"], r["threads"]): r for r in found["inputs"].get(name, {"results": []})["results"]
                   if not r["failed"]}
        for kind, share in SHARES.items():
            umm = f"umm {kind}".strip()
            for n in (1, 2):
                ours, text = results.get((umm, n)), f"{name}, {umm}, {n} thread{'s' * (n > 1)}: "
                wanted = {"duckdb": 10, "polars": 5 if name == "quoted" or n == 2 else 6,
                          "pandas + np.save": 10}
                for (peer, threads), theirs in sorted(results.items()):
                    base = peer.split(", ")[0]
                    if base in wanted and threads == n:
                        at_least(text + peer, wanted[base] * share, ours, theirs)
                    elif base == "pandas round_trip" and n == 1 and kind == (engine or ""):
                        at_least(text + peer, 30, ours, theirs)
                if n == 1 and kind == (engine or ""):
                    at_least(text + "wc -l", 1 / 4, ours, results.get(("wc -l", 1)))
            at_least(f"{name}, {umm}: 2 threads over 1", 1.4, results.get((umm, 2)), results.get((umm, 1)))
    def rate(name, which):
        """Bytes a second of text that umm reads on one thread, by "median" or "min" of the times."""
        data = found["inputs"].get(name, {"bytes": 0, "results": []})
        times = [r[which] for r in data["results"]
                 if (r["name"], r["threads"]) == (f"umm {engine or ''}".strip(), 1) and not r["failed"]]
        return data["bytes"] / times[0] if times else 0

    for name in ("iso", "pattern", "zone"):
        if rate(name, "min") and rate("plain", "min"):
            shares = [rate(name, which) / rate("plain", which) for which in ("median", "min")]
            made.append({"what": f"times as text ({name}), of the speed of epochs, 1 thread", "wanted": ">= 0.8x",
                         "median": f"{shares[0]:.2f}x", "best": f"{shares[1]:.2f}x", "is_met": min(shares) >= 0.8})
    for name in ("grouped", "suffix", "scaled"):
        for kind in SHARES:
            ours, plain = (alone(found, each).get(f"umm {kind}".strip()) for each in (name, "plain"))
            if ours and plain:
                shares = [ours[which] / plain[which] for which in ("mb_per_second", "best_mb_per_second")]
                made.append({"what": f"{name} numbers, umm {kind}, of the speed of plain ones, 1 thread",
                             "wanted": ">= 0.4x", "median": f"{shares[0]:.2f}x", "best": f"{shares[1]:.2f}x",
                             "is_met": min(shares) >= 0.4})
    peaks = [r["peak_rss_bytes"] / 1e6 for data in found["inputs"].values() for r in data["results"]
             if r["name"].startswith("umm") and not r["failed"]]
    if peaks:
        below("peak memory of every umm run", 16, max(peaks), max(peaks), "MB")
    for name, times in found["startup"].items():
        if name != "true":
            below(f"start-up: {name}", 2, times["median"] * 1e3, times["min"] * 1e3, "ms")
    packed = found["packed"]["seconds"]
    at_least(".gz: zcat | umm-convert", 1 / 0.6, packed["gz"], packed["zcat | umm"])
    at_least("1000 zips: libarchive alone", 1 / 1.5, packed["1000 zips"], packed["1000 zips, libarchive alone"])
    small, seconds = found["small_files"], found["small_files"]["seconds"]
    if seconds["umm"] == "not supported":
        return made
    for peer in seconds:
        if peer != "umm":
            at_least(f"1000 small files: {peer}, 1000 processes", 20, seconds["umm"], seconds[peer])
    plain = [r for r in found["inputs"].get("plain", {"results": []})["results"]
             if r["name"] == f"umm {engine or ''}".strip() and r["threads"] == 1 and not r["failed"]]
    if plain:
        content = small["bytes"] / plain[0]["mb_per_second"] / 1e6
        below("1000 small files: each above its content", 100,
              *((seconds["umm"][k] - content) / small["files"] * 1e6 for k in ("median", "min")), "us")
    return made


def print_rest(found):
    print("\nstart-up, 200 runs: " + "; ".join(
        f"{name} {t['median'] * 1e3:.2f} ms (best {t['min'] * 1e3:.2f})" for name, t in found["startup"].items()))
    print("1000 files of 1000 rows (umm: one process; the others: 10 processes, times 100): " + "; ".join(
        f"{name} {t if isinstance(t, str) else format(t['median'], '.3f') + ' s'}"
        for name, t in found["small_files"]["seconds"].items()))
    if "replace_seconds" in found["small_files"]:
        bare = found["small_files"]["replace_seconds"]
        print(f"1000 files of that size, written and renamed by a bare loop: {bare['median'] * 1e3:.1f} us each "
              f"(best {bare['min'] * 1e3:.1f})")
    print(f"compressed, {found['packed']['bytes'] / 1e6:.0f} MB of text: " + "; ".join(
        f"{name} {t['median']:.3f} s" for name, t in found["packed"]["seconds"].items()))
    print(f"\n{'target':68} {'wanted':>9} {'median':>9} {'best':>9}")
    for t in found["targets"]:
        print(f"{t['what']:68} {t['wanted']:>9} {t['median']:>9} {t['best']:>9}  "
              + ("PASS" if t["is_met"] else "MISS"))
